//! The tree over the leaves of a store, read a page at a time.

use std::ops::Range;

use super::AuditError;
use super::merkle::{CompactRange, Hash, leaf_hash};
use crate::storage::Store;

/// Leaves are folded by 2^8; the hash of each complete fold stays in memory
/// (32 bytes for 256 entries), so that a proof reads few leaves.
const FOLD_LEVEL: u32 = 8;
const FOLD: u64 = 1 << FOLD_LEVEL;

/// The leaves that have been read, folded.
#[derive(Debug, Default)]
pub(super) struct Tree {
    range: CompactRange,
    folds: Vec<Hash>,
    fold: CompactRange,
}

impl Tree {
    pub(super) fn size(&self) -> u64 {
        self.range.size()
    }

    pub(super) fn root(&self) -> Hash {
        self.range.root()
    }

    /// Reads what has been appended since.
    pub(super) async fn catch_up(&mut self, store: &dyn Store) -> Result<(), AuditError> {
        let found = store.log_size().await?;
        let known = self.size();
        if found < known {
            return Err(AuditError::Shrunk { known, found });
        }
        self.read_to(store, found).await
    }

    /// Reads on until `size` leaves are known.
    pub(super) async fn read_to(&mut self, store: &dyn Store, size: u64) -> Result<(), AuditError> {
        while self.size() < size {
            let range = self.size()..size;
            for leaf in page(store, range).await? {
                self.push(leaf_hash(&leaf));
            }
        }
        Ok(())
    }

    fn push(&mut self, hash: Hash) {
        self.range.push(hash);
        self.fold.push(hash);
        if self.fold.size() == FOLD {
            self.folds.push(self.fold.root());
            self.fold = CompactRange::default();
        }
    }

    /// The hash of the subtree over these leaves, one that a proof asks for:
    /// its start is a multiple of a power of two that is no smaller than it.
    pub(super) async fn subtree(
        &self,
        store: &dyn Store,
        range: Range<u64>,
    ) -> Result<Hash, AuditError> {
        let mut subtree = CompactRange::default();
        let mut next = range.start;
        while next < range.end {
            let fold = usize::try_from(next / FOLD).ok();
            let fold = fold.and_then(|i| self.folds.get(i));
            match fold {
                Some(hash) if next.is_multiple_of(FOLD) && next + FOLD <= range.end => {
                    subtree.push_subtree(FOLD_LEVEL, *hash);
                    next += FOLD;
                }
                _ => {
                    for leaf in page(store, next..range.end).await? {
                        subtree.push(leaf_hash(&leaf));
                        next += 1;
                    }
                }
            }
        }
        Ok(subtree.root())
    }
}

/// The next leaves of this range, up to the end of their fold: at least one.
async fn page(store: &dyn Store, range: Range<u64>) -> Result<Vec<Vec<u8>>, AuditError> {
    let end = range.end.min((range.start / FOLD + 1) * FOLD);
    let wanted = usize::try_from(end - range.start).unwrap_or(usize::MAX);
    let leaves = store.leaves(range.start, wanted).await?;
    if leaves.is_empty() || leaves.len() > wanted {
        return Err(AuditError::Truncated {
            expected: range.end,
            found: range.start,
        });
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::merkle::{
        consistency_ranges, inclusion_ranges, verify_consistency, verify_inclusion,
    };
    use crate::storage::{Batch, MemoryStore, Op};

    #[tokio::test]
    async fn proofs_come_out_right_across_folds() {
        let store = MemoryStore::new();
        let mut tree = Tree::default();
        let mut roots = vec![tree.root()];
        let size = 3 * FOLD + 77;
        for i in 0..size {
            let leaf = i.to_be_bytes().to_vec();
            let op = Op::Append { leaf, tags: vec![] };
            store.commit(Batch::from_iter([op])).await.unwrap();
            if i % 100 == 99 {
                tree.catch_up(&store).await.unwrap();
            }
        }
        tree.catch_up(&store).await.unwrap();
        assert_eq!((tree.size(), tree.folds.len()), (size, 3));
        for n in 1..=size {
            let mut range = CompactRange::default();
            (0..n).for_each(|i| range.push(leaf_hash(&i.to_be_bytes())));
            roots.push(range.root());
        }
        let root = roots[size as usize];
        assert_eq!(tree.root(), root);
        for index in (0..size).step_by(13).chain([255, 256, 511, 512, 767, 768]) {
            let mut proof = Vec::new();
            for range in inclusion_ranges(index, size) {
                proof.push(tree.subtree(&store, range).await.unwrap());
            }
            verify_inclusion(&index.to_be_bytes(), index, size, &proof, &root).unwrap();
        }
        for old in (1..size).step_by(29).chain([255, 256, 257, 512, 768, 769]) {
            let mut proof = Vec::new();
            for range in consistency_ranges(old, size) {
                proof.push(tree.subtree(&store, range).await.unwrap());
            }
            let from = roots[old as usize];
            verify_consistency(old, size, &proof, &from, &root).unwrap();
        }
    }
}
