//! The weights, and scoring with them.

use std::sync::LazyLock;

use super::features::Rows;
use super::labels::{CODE_LABELS, WORD_LABELS};
use crate::dlp::lexicon::Bytes;

/// Weights of features, found by hash. A feature that training did not keep
/// has none.
pub(crate) struct Weights<const N: usize> {
    /// 16 bits of the hash; 0 is free.
    tags: Vec<u16>,
    rows: Vec<[i8; N]>,
    bias: [i16; N],
    shift: u32,
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
        let mut weights = Self {
            tags: vec![0; 1 << log],
            rows: vec![[0; N]; 1 << log],
            bias,
            shift: 32 - log,
        };
        let mask = (1usize << log) - 1;
        for _ in 0..count {
            let hash = bytes.u32();
            let row: [u8; N] = bytes.take();
            let mut at = (hash >> weights.shift) as usize & mask;
            while weights.tags[at] != 0 {
                at = (at + 1) & mask;
            }
            weights.tags[at] = tag(hash);
            weights.rows[at] = row.map(u8::cast_signed);
        }
        weights
    }

    /// The score of each label; that of none is 0.
    pub(crate) fn score(&self, rows: &Rows) -> [i16; N] {
        let mut out = self.bias;
        let mask = self.tags.len() - 1;
        for &hash in rows.as_slice() {
            let tag = tag(hash);
            let mut at = (hash >> self.shift) as usize & mask;
            // At most half of the table is taken.
            loop {
                match self.tags[at] {
                    0 => break,
                    t if t == tag => {
                        for (sum, &weight) in out.iter_mut().zip(&self.rows[at]) {
                            *sum = sum.wrapping_add(i16::from(weight));
                        }
                        break;
                    }
                    _ => at = (at + 1) & mask,
                }
            }
        }
        out
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
