//! The log as JSON lines, and its check without database or keys.

use std::io::{BufRead, Read, Write};

use super::checkpoint::Checkpoint;
use super::event::MAX_LEAF;
use super::merkle::{CompactRange, Hash, leaf_hash};
use super::note::VerifierKey;
use super::{Audit, AuditError};
use crate::base::crypto;

/// So many leaves are in memory at a time.
const PAGE: usize = 256;

/// What a verification covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The entries from the first that are as they were when the checkpoint
    /// was made.
    pub covered: u64,
    /// The entries after them, about which the checkpoint says nothing.
    pub beyond: u64,
}

impl Verified {
    pub(super) fn new(covered: u64, beyond: u64) -> Self {
        Self { covered, beyond }
    }
}

/// Checks that the checkpoint is the log's whose key this is.
pub(super) fn authenticate(checkpoint: &Checkpoint, key: &VerifierKey) -> Result<(), AuditError> {
    checkpoint.verify(key)?;
    if checkpoint.origin() == key.name() {
        Ok(())
    } else {
        Err(AuditError::OtherLog)
    }
}

pub(super) fn compare(checkpoint: &Checkpoint, root: &Hash) -> Result<(), AuditError> {
    if crypto::equal(checkpoint.root(), root) {
        Ok(())
    } else {
        let size = checkpoint.size();
        Err(AuditError::Changed { size })
    }
}

impl Audit {
    /// Writes every entry as one line of JSON, in order, and returns how many.
    /// Entries that are appended meanwhile may or may not be among them.
    /// It holds 256 entries in memory at a time, and writes between the reads,
    /// blocking as long as the writer does.
    ///
    /// # Errors
    /// [`AuditError::Io`] where the writer fails, or [`AuditError::Store`].
    pub async fn export(&self, writer: &mut impl Write) -> Result<u64, AuditError> {
        let io = |e: std::io::Error| AuditError::Io(e.kind());
        let mut next = 0;
        loop {
            let leaves = self.store.leaves(next, PAGE).await?;
            if leaves.is_empty() {
                writer.flush().map_err(io)?;
                return Ok(next);
            }
            for leaf in leaves {
                writer.write_all(&leaf).map_err(io)?;
                writer.write_all(b"\n").map_err(io)?;
                next += 1;
            }
        }
    }
}

/// Compares an export with a checkpoint, without the database and without the
/// installation's keys: `key` is the log's [`VerifierKey`], got from elsewhere
/// than the export.
///
/// # Errors
/// [`AuditError::Signature`] or [`AuditError::OtherLog`] where the checkpoint
/// is not the key's, [`AuditError::Truncated`] or [`AuditError::Changed`] where
/// the export is not the log that the checkpoint saw,
/// [`AuditError::LineTooLong`] or [`AuditError::Io`] where it cannot be read.
pub fn verify_export(
    mut reader: impl BufRead,
    checkpoint: &Checkpoint,
    key: &VerifierKey,
) -> Result<Verified, AuditError> {
    authenticate(checkpoint, key)?;
    let mut range = CompactRange::default();
    let mut beyond = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        // No leaf has a newline in it; a whole line is shorter than MAX_LEAF + 1.
        let read = Read::by_ref(&mut reader)
            .take(MAX_LEAF as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(|e| AuditError::Io(e.kind()))?;
        if read == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if read > MAX_LEAF {
            let line = range.size() + beyond + 1;
            return Err(AuditError::LineTooLong { line });
        }
        if range.size() < checkpoint.size() {
            range.push(leaf_hash(&line));
        } else {
            beyond += 1;
        }
    }
    if range.size() < checkpoint.size() {
        return Err(AuditError::Truncated {
            expected: checkpoint.size(),
            found: range.size(),
        });
    }
    compare(checkpoint, &range.root())?;
    Ok(Verified::new(checkpoint.size(), beyond))
}
