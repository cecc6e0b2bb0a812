//! The weights, and scoring with them.

use std::sync::LazyLock;

use super::features::Rows;
use super::labels::{CODE_LABELS, WORD_LABELS, WORD_LANES};
use crate::dlp::lexicon::Bytes;

/// Weights of features, found by hash. A feature that training did not keep
/// has none.
pub(crate) struct Weights<const N: usize> {
    /// Four tags each: 16 bits of a hash, from the low ones on; 0 is free. What
    /// finds no room where its high bits lead stands further on.
    buckets: Vec<u64>,
    /// A row of zeros, and as many as there are tags.
    rows: Vec<[i8; N]>,
    bias: [i16; N],
    shift: u32,
}

/// Tags of a bucket, which are compared at a time.
const BUCKET: usize = 4;
/// One in each of them.
const ONES: u64 = 0x0001_0001_0001_0001;

/// The top bit of each of four tags that is zero. Those above the first may be
/// wrong.
fn zeros(tags: u64) -> u64 {
    tags.wrapping_sub(ONES) & !tags & (ONES << 15)
}

/// Whether no tag of a bucket is free: they are taken from the low ones on.
fn is_full(tags: u64) -> bool {
    tags >> 48 != 0
}

fn tag(hash: u32) -> u16 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
    let low = hash as u16;
    low.max(1)
}

impl<const N: usize> Weights<N> {
    /// Entries are sorted by hash: bias, count, then a hash and N weights each.
    fn read(bytes: &mut Bytes<'_>) -> Self {
        let bias = std::array::from_fn(|_| i16::from_le_bytes(bytes.take()));
        let count = bytes.u32() as usize;
        // One or two in a bucket, so that few are full.
        let log = (count / 3 * 2).max(4).next_power_of_two().trailing_zeros();
        let mask = (1usize << log) - 1;
        let mut buckets = vec![0; 1 << log];
        let mut rows = vec![[0; N]; (BUCKET << log) + 1];
        for _ in 0..count {
            let hash = bytes.u32();
            let row: [u8; N] = bytes.take();
            let mut at = (hash >> (32 - log)) as usize & mask;
            while is_full(buckets[at]) {
                at = (at + 1) & mask;
            }
            let taken = BUCKET - buckets[at].leading_zeros() as usize / 16;
            buckets[at] |= u64::from(tag(hash)) << (16 * taken);
            rows[BUCKET * at + taken + 1] = row.map(u8::cast_signed);
        }
        Self {
            buckets,
            rows,
            bias,
            shift: 32 - log,
        }
    }

    pub(crate) fn bias(&self) -> &[i16; N] {
        &self.bias
    }

    /// The same with the weights of the labels in another order: first that of
    /// label `order[0]`, and so on.
    fn ordered(mut self, order: [usize; N]) -> Self {
        for row in &mut self.rows {
            *row = order.map(|n| row[n]);
        }
        self.bias = order.map(|n| self.bias[n]);
        self
    }

    /// The score of each label; that of none is 0.
    #[cfg(test)]
    pub(crate) fn score(&self, rows: &Rows) -> [i16; N] {
        let mut out = self.bias;
        self.add(rows, &mut out);
        out
    }

    /// Adds the weights of some rows. Which of them there are is chance, and is
    /// not asked: what is not there is zeros.
    pub(crate) fn add(&self, rows: &Rows, out: &mut [i16; N]) {
        // Sums of its own, eight at a time: so they stay in vector registers.
        let mut all = *out;
        let (sums, more) = all.as_chunks_mut::<8>();
        for &hash in rows.as_slice() {
            let (weights, further) = self.row(hash).as_chunks::<8>();
            for (sums, weights) in sums.iter_mut().zip(weights) {
                *sums = std::array::from_fn(|n| sums[n].wrapping_add(i16::from(weights[n])));
            }
            for (sum, weight) in more.iter_mut().zip(further) {
                *sum = sum.wrapping_add(i16::from(*weight));
            }
        }
        *out = all;
    }

    /// A feature's weights; zeros where it has none.
    #[inline]
    pub(crate) fn row(&self, hash: u32) -> &[i8; N] {
        self.rows.get(self.find(hash)).unwrap_or(&[0; N])
    }

    /// The place of a feature's row; 0 where it has none.
    #[inline]
    fn find(&self, hash: u32) -> usize {
        let home = hash.wrapping_shr(self.shift) as usize;
        let tags = self.buckets.get(home).copied().unwrap_or_default();
        let same = zeros(tags ^ ONES.wrapping_mul(u64::from(tag(hash))));
        if (same == 0) & is_full(tags) {
            return self.find_far(home + 1, tag(hash));
        }
        let at = (BUCKET * home + 1).wrapping_add(same.trailing_zeros() as usize / 16);
        // 0 or all ones: not a choice, which would become a branch.
        at & usize::from(same != 0).wrapping_neg()
    }

    /// The same, from a bucket on. At most half of the table is taken.
    #[cold]
    fn find_far(&self, from: usize, tag: u16) -> usize {
        let mask = self.buckets.len() - 1;
        let mut at = from & mask;
        loop {
            let same = zeros(self.buckets[at] ^ (ONES * u64::from(tag)));
            if same != 0 {
                return BUCKET * at + 1 + same.trailing_zeros() as usize / 16;
            }
            if !is_full(self.buckets[at]) {
                return 0;
            }
            at = (at + 1) & mask;
        }
    }

    /// The bytes that [`read`](Self::read) takes.
    #[cfg(feature = "training")]
    pub(crate) fn write(
        bias: [i16; N],
        rows: &std::collections::BTreeMap<u32, [i8; N]>,
        out: &mut Vec<u8>,
    ) {
        out.extend(bias.iter().flat_map(|b| b.to_le_bytes()));
        out.extend(u32::try_from(rows.len()).unwrap_or(0).to_le_bytes());
        for (hash, row) in rows {
            out.extend(hash.to_le_bytes());
            out.extend(row.iter().map(|w| w.cast_unsigned()));
        }
    }
}

/// The two models.
pub(crate) struct Model {
    /// In the order of [`WORD_LANES`].
    pub(crate) word: Weights<WORD_LABELS>,
    pub(crate) code: Weights<CODE_LABELS>,
}

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(include_bytes!("model.bin")));

impl Model {
    pub(crate) fn get() -> &'static Self {
        &MODEL
    }

    pub(crate) fn read(blob: &[u8]) -> Self {
        let mut bytes = Bytes(blob);
        Self {
            word: Weights::read(&mut bytes).ordered(WORD_LANES),
            code: Weights::read(&mut bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blob of these hashes, the first with the weight 1, and so on.
    fn weights(hashes: &[u32]) -> Weights<4> {
        let mut hashes = hashes.to_vec();
        hashes.sort_unstable();
        let mut blob = vec![0; 8];
        blob.extend(u32::try_from(hashes.len()).unwrap().to_le_bytes());
        for (hash, n) in hashes.iter().zip(1u8..) {
            blob.extend(hash.to_le_bytes());
            blob.extend([n, 0, 0, 0]);
        }
        Weights::read(&mut Bytes(&blob))
    }

    #[test]
    fn rows_are_found_far_from_home_and_behind_the_end() {
        // All of one home, the last bucket of the table.
        let hashes: Vec<u32> = (1..=8).map(|n| 0xf000_0000 + n).collect();
        let weights = weights(&hashes);
        for (hash, n) in hashes.iter().zip(1i8..) {
            let at = weights.find(*hash);
            assert_eq!(weights.rows[at][0], n);
        }
        for other in [0xf000_0009, 0x1000_0009, 0x8000_0001] {
            let at = weights.find(other);
            assert_eq!(weights.rows[at], [0; 4], "{other:x}");
        }
    }

    #[test]
    fn the_first_zero_is_right() {
        let first = |tags| (zeros(tags) & (ONES << 15)).trailing_zeros();
        assert_eq!(first(0x0001_0000_8000_ffff), 47);
        assert_eq!(first(0x0001_0100_8000_ffff), 64);
        assert_eq!(first(0), 15);
    }

    /// Rows of few homes and of few tags, so that others' rows stand in the way.
    #[test]
    fn the_row_is_that_of_the_first_same_tag_before_a_free_one() {
        let hash = |n: u32| (n.wrapping_mul(0x9e37_79b1) & 0x000f_007f) ^ (n << 29);
        let mut hashes: Vec<u32> = (1..60).map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let weights = weights(&hashes);
        let tags: Vec<u16> = (weights.buckets.iter())
            .flat_map(|bucket| [0, 16, 32, 48].map(|shift| (bucket >> shift) as u16))
            .collect();
        let mut found = [0; 3];
        for n in 0..4_000 {
            let hash = hash(n);
            let home = (hash >> weights.shift) as usize * BUCKET;
            let mut at = home;
            let wanted = loop {
                match tags[at % tags.len()] {
                    0 => break 0,
                    same if same == tag(hash) => break at % tags.len() + 1,
                    _ => at += 1,
                }
            };
            // A bucket behind the end is the first again.
            assert_eq!(weights.find(hash), wanted, "{hash:x}");
            found[usize::from(wanted != 0)] += 1;
            found[2] += usize::from(wanted != 0 && at >= home + BUCKET);
        }
        assert!(found.iter().all(|n| *n > 100), "{found:?}");
    }
}
