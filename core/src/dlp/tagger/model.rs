//! The weights, and scoring with them.

use std::sync::LazyLock;

use super::features::Rows;
use super::labels::{CODE_LABELS, WORD_LABELS};
use crate::dlp::lexicon::Bytes;

/// Weights of features, found by hash. A feature that training did not keep
/// has none.
pub(crate) struct Weights<const N: usize> {
    /// 16 bits of the hash; 0 is free. The first [`WINDOW`] stand behind the
    /// last again, so that a window never wraps.
    tags: Vec<[u8; 2]>,
    /// A row of zeros, and as many as there are tags.
    rows: Vec<[i8; N]>,
    bias: [i16; N],
    shift: u32,
}

/// Where rows are. First all are found, then their weights are added: they lie
/// far apart, and so are fetched side by side. Which features have weights is
/// chance, and a branch on it would be guessed wrong half of the time: instead
/// what is not there is written over by the next.
#[derive(Clone)]
pub(crate) struct Places {
    places: [u32; Self::MANY + 1],
    len: usize,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            places: [0; Self::MANY + 1],
            len: 0,
        }
    }
}

impl Places {
    /// As many are found before they are added.
    pub(crate) const MANY: usize = 32;

    /// Appends a place; 0 is none.
    #[inline]
    pub(crate) fn push(&mut self, place: u32) {
        if let Some(next) = self.places.get_mut(self.len) {
            *next = place;
            self.len += usize::from(place != 0);
        }
    }
}

/// Tags that are compared at a time.
const WINDOW: usize = 4;
/// One in each of them.
const ONES: u64 = 0x0001_0001_0001_0001;

/// The top bit of each of four tags that is zero. Those above the first may be
/// wrong.
fn zeros(tags: u64) -> u64 {
    tags.wrapping_sub(ONES) & !tags & (ONES << 15)
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
        let log = (count * 2).max(16).next_power_of_two().trailing_zeros();
        let mask = (1usize << log) - 1;
        let mut tags = vec![0u16; 1 << log];
        let mut rows = vec![[0; N]; (1 << log) + 1];
        for _ in 0..count {
            let hash = bytes.u32();
            let row: [u8; N] = bytes.take();
            let mut at = (hash >> (32 - log)) as usize & mask;
            while tags[at] != 0 {
                at = (at + 1) & mask;
            }
            tags[at] = tag(hash);
            rows[at + 1] = row.map(u8::cast_signed);
        }
        tags.extend_from_within(..WINDOW);
        rows.extend_from_within(1..=WINDOW);
        Self {
            tags: tags.into_iter().map(u16::to_le_bytes).collect(),
            rows,
            bias,
            shift: 32 - log,
        }
    }

    pub(crate) fn bias(&self) -> [i16; N] {
        self.bias
    }

    /// The score of each label; that of none is 0.
    pub(crate) fn score(&self, rows: &Rows) -> [i16; N] {
        let mut out = self.bias;
        self.add(rows, &mut out);
        out
    }

    /// Adds the weights of some rows.
    pub(crate) fn add(&self, rows: &Rows, out: &mut [i16; N]) {
        let mut places = Places::default();
        for hashes in rows.as_slice().chunks(Places::MANY) {
            places.len = 0;
            for &hash in hashes {
                places.push(self.place(hash));
            }
            self.add_places(&places, out);
        }
    }

    /// Adds the weights at some places.
    pub(crate) fn add_places(&self, places: &Places, out: &mut [i16; N]) {
        // Sums of its own, eight at a time: so they stay in vector registers.
        let mut all = *out;
        let (sums, more) = all.as_chunks_mut::<8>();
        for &at in places.places.get(..places.len).unwrap_or_default() {
            let Some(row) = self.rows.get(at as usize) else {
                continue;
            };
            let (weights, further) = row.as_chunks::<8>();
            for (sums, weights) in sums.iter_mut().zip(weights) {
                *sums = std::array::from_fn(|n| sums[n].wrapping_add(i16::from(weights[n])));
            }
            for (sum, weight) in more.iter_mut().zip(further) {
                *sum = sum.wrapping_add(i16::from(*weight));
            }
        }
        *out = all;
    }

    /// The place of a feature's row, for [`add_places`](Self::add_places).
    #[inline]
    pub(crate) fn place(&self, hash: u32) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "a row has a 32-bit hash")]
        let at = self.find(hash) as u32;
        at
    }

    /// The place of a feature's row; 0 where it has none.
    #[inline]
    fn find(&self, hash: u32) -> usize {
        let home = (hash >> self.shift) as usize;
        let tag = tag(hash);
        let Some(window) = self.tags.get(home..home + WINDOW) else {
            return 0;
        };
        let mut bytes = [0; 2 * WINDOW];
        bytes.copy_from_slice(window.as_flattened());
        let window = u64::from_le_bytes(bytes);
        let free = zeros(window);
        // Only what stands before the first free one counts.
        let same = zeros(window ^ (ONES * u64::from(tag))) & (free.wrapping_sub(1) & !free);
        if same | free == 0 {
            return self.find_far(home + WINDOW, tag);
        }
        let at = home + 1 + same.trailing_zeros() as usize / 16;
        // 0 or all ones: not a choice, which would become a branch.
        at & usize::from(same != 0).wrapping_neg()
    }

    /// The same, from a place on. At most half of the table is taken.
    #[cold]
    fn find_far(&self, from: usize, tag: u16) -> usize {
        let mask = self.tags.len() - WINDOW - 1;
        let mut at = from & mask;
        loop {
            match u16::from_le_bytes(self.tags[at]) {
                0 => return 0,
                found if found == tag => return at + 1,
                _ => at = (at + 1) & mask,
            }
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
            word: Weights::read(&mut bytes),
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
        // All of one home, the last of the table of sixteen.
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
        assert_eq!(zeros(0x0001_0000_8000_ffff).trailing_zeros(), 47);
        assert_eq!(zeros(0x0001_0100_8000_ffff), 0);
        assert_eq!(zeros(0).trailing_zeros(), 15);
    }
}
