//! The weights, and scoring with them.

use std::sync::LazyLock;

use super::features::Rows;
use super::labels::{
    CODE_KINDS, CODE_LABELS, CODE_LEAN, WORD_KINDS, WORD_LABELS, WORD_LANES, WORD_LEAN,
};
use crate::dlp::FindingKind;
use crate::dlp::lexicon::Bytes;

/// Weights of features, found by the first bits of a hash, which say the bucket,
/// and by the last 16. A feature that training did not keep has none, but for
/// one of some ten thousand that looks like another.
pub(crate) struct Weights<const N: usize> {
    /// By the high bits of a hash.
    buckets: Vec<Bucket>,
    /// A row of zeros, and then those of the file in its order: the ones that
    /// mails ask for most come first, so that the processor has them at hand.
    rows: Vec<[i8; N]>,
    bias: [i16; N],
    shift: u32,
}

/// The rows of hashes with the same high bits. Training keeps no more than have
/// room, so that one look is enough.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// The [`tag`] of each hash, from the low bits on.
    tags: u64,
    /// The row of each; where there is none, that of zeros.
    rows: [u16; BUCKET],
}

/// Rows of a bucket, whose tags are compared at a time.
pub(super) const BUCKET: usize = 4;
/// One in each of them.
const ONES: u64 = 0x0001_0001_0001_0001;

/// The top bit of each of four tags that is zero. Those above the first may be
/// wrong.
fn zeros(tags: u64) -> u64 {
    tags.wrapping_sub(ONES) & !tags & (ONES << 15)
}

/// The bucket of a hash, where there are `2^log`.
pub(super) const fn home(hash: u32, log: u32) -> usize {
    hash.wrapping_shr(32 - log) as usize
}

/// What a bucket tells hashes apart by: their last 16 bits.
pub(super) const fn tag(hash: u32) -> u16 {
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
    let tag = hash as u16;
    tag
}

impl Bucket {
    /// The row of a hash whose bucket this is.
    #[inline(always)]
    fn row(&self, hash: u32) -> u16 {
        let tag = ONES.wrapping_mul(u64::from(tag(hash)));
        let same = zeros(self.tags ^ tag);
        let row = self.rows[same.trailing_zeros() as usize / 16 % BUCKET];
        // Not a choice, which would become a branch.
        row & u16::from(same != 0).wrapping_neg()
    }

    /// Puts in a row, where there is room.
    fn put(&mut self, hash: u32, row: u16) {
        if let Some(at) = self.rows.iter().position(|row| *row == 0) {
            self.tags |= u64::from(tag(hash)) << (16 * at);
            self.rows[at] = row;
        }
    }
}

impl<const N: usize> Weights<N> {
    /// Bias, the logarithm of the number of buckets, the number of rows, which
    /// is below 2^16, and of each row a hash and N weights.
    fn read(bytes: &mut Bytes<'_>) -> Self {
        let bias = std::array::from_fn(|_| i16::from_le_bytes(bytes.take()));
        let log = bytes.u32().clamp(1, 16);
        let count = bytes.u32().min(u16::MAX.into()) as usize;
        let mut buckets = vec![Bucket::default(); 1 << log];
        let mut rows = Vec::with_capacity(count + 1);
        rows.push([0; N]);
        for row in (1..=u16::MAX).take(count) {
            let hash = bytes.u32();
            let weights: [u8; N] = bytes.take();
            rows.push(weights.map(u8::cast_signed));
            buckets[home(hash, log)].put(hash, row);
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

    /// The same, leaning towards a label.
    fn leaning(mut self, label: Option<usize>, by: i16) -> Self {
        if let Some(bias) = label.and_then(|label| self.bias.get_mut(label)) {
            *bias = bias.saturating_add(by);
        }
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
    #[inline(always)]
    pub(crate) fn row(&self, hash: u32) -> &[i8; N] {
        let bucket = self.buckets.get(hash.wrapping_shr(self.shift) as usize);
        let row = bucket.map_or(0, |bucket| bucket.row(hash));
        self.rows.get(usize::from(row)).unwrap_or(&[0; N])
    }

    /// The bytes that [`read`](Self::read) takes.
    #[cfg(feature = "training")]
    pub(crate) fn write(bias: [i16; N], log: u32, rows: &[(u32, [i8; N])], out: &mut Vec<u8>) {
        out.extend(bias.iter().flat_map(|b| b.to_le_bytes()));
        out.extend(log.to_le_bytes());
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
        let place = |kinds: &[FindingKind], kind| kinds.iter().position(|k| *k == kind);
        let word = place(&WORD_KINDS, WORD_LEAN.0).map(|n| 2 * n);
        let code = place(&CODE_KINDS, CODE_LEAN.0);
        Self {
            word: Weights::read(&mut bytes)
                .leaning(word, WORD_LEAN.1)
                .ordered(WORD_LANES),
            code: Weights::read(&mut bytes).leaning(code, CODE_LEAN.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights of these hashes, the first with the weight 1, and so on.
    fn weights(log: u32, hashes: &[u32]) -> Weights<2> {
        let mut blob = vec![0; 4];
        blob.extend(log.to_le_bytes());
        blob.extend(u32::try_from(hashes.len()).unwrap().to_le_bytes());
        for (hash, n) in hashes.iter().zip(1u8..) {
            blob.extend(hash.to_le_bytes());
            blob.extend([n, 0]);
        }
        Weights::read(&mut Bytes(&blob))
    }

    /// Of few buckets and of few tags, 0 among them.
    #[test]
    fn the_row_is_that_of_the_hash() {
        let hashes: Vec<u32> = (0..4u32)
            .flat_map(|bucket| [0, 1, 0x8000, 0xffff].map(|tag| bucket << 30 | tag))
            .collect();
        for many in 0..=hashes.len() {
            let (kept, others) = hashes.split_at(many);
            let weights = weights(2, kept);
            for (hash, n) in kept.iter().zip(1..) {
                assert_eq!(weights.row(*hash), &[n, 0], "{hash:x} of {many}");
            }
            for hash in others.iter().copied().chain([2, 0x7fff, 0x4000_0100]) {
                assert_eq!(weights.row(hash), &[0; 2], "{hash:x} of {many}");
            }
        }
    }

    #[test]
    fn what_has_no_room_is_left_out() {
        let weights = weights(1, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(weights.row(4), &[4, 0]);
        assert_eq!(weights.row(5), &[0; 2]);
    }

    /// None stands in another's place.
    #[test]
    fn each_row_of_the_file_is_found_by_its_hash() {
        fn check<const N: usize>(bytes: &mut Bytes<'_>) -> usize {
            let mut file = Bytes(bytes.0);
            let weights = Weights::<N>::read(bytes);
            let _bias: [i16; N] = std::array::from_fn(|_| i16::from_le_bytes(file.take()));
            let _log = file.u32();
            let count = file.u32() as usize;
            for _ in 0..count {
                let hash = file.u32();
                let row: [u8; N] = file.take();
                assert_eq!(weights.row(hash), &row.map(u8::cast_signed), "{hash:x}");
            }
            count
        }
        let mut bytes = Bytes(include_bytes!("model.bin"));
        assert_eq!(check::<WORD_LABELS>(&mut bytes), 60_000);
        assert_eq!(check::<CODE_LABELS>(&mut bytes), 24_000);
    }

    /// Towards what starts a person's name and a trait of the body, and nothing
    /// else.
    #[test]
    fn the_models_lean_towards_their_kinds_alone() {
        let mut bytes = Bytes(include_bytes!("model.bin"));
        let word = Weights::<WORD_LABELS>::read(&mut bytes).ordered(WORD_LANES);
        let code = Weights::<CODE_LABELS>::read(&mut bytes);
        let leans = |found: &[i16], trained: &[i16]| -> Vec<(usize, i16)> {
            let both = found.iter().zip(trained).enumerate();
            both.map(|(n, (found, trained))| (n, found - trained))
                .filter(|(_, by)| *by != 0)
                .collect()
        };
        let model = Model::get();
        assert_eq!(leans(model.word.bias(), word.bias()), [(0, 40)]);
        assert_eq!(leans(model.code.bias(), code.bias()), [(14, 60)]);
        assert_eq!(WORD_KINDS[0], FindingKind::Name);
        assert_eq!(CODE_KINDS[14], FindingKind::Biometric);
    }

    #[test]
    fn the_first_zero_is_right() {
        let first = |tags| zeros(tags).trailing_zeros();
        assert_eq!(first(0x0001_0000_8000_ffff), 47);
        assert_eq!(first(0x0001_0100_8000_ffff), 64);
        assert_eq!(first(0), 15);
    }
}
