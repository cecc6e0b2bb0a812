//! The verdict on a message: whether it is PHI, and which protected categories
//! it touches.
//!
//! A linear model over what was counted: each feature has a weight, in
//! hundredths of log-odds, for PHI and for each category. The weights are
//! trained by the program in `training/`; the reasons of a verdict are the
//! features with the largest.

pub(crate) mod features;
pub(crate) mod summary;
#[cfg(feature = "training")]
pub(crate) mod train;

use std::sync::LazyLock;

use self::features::Feature;
use super::lexicon::Bytes;
use super::{Category, Risk, RiskReason};
use crate::base::Sensitivity;

/// PHI, then the categories in the order of [`Category::ALL`].
pub(crate) const OUTPUTS: usize = 7;

/// Where the line is drawn above the one that training draws, in hundredths of
/// log-odds: the training mails are harder than what people send.
const LINE: i32 = 40;

/// Weights of features by hash.
pub(crate) struct Weights {
    /// One bit for the first 17 bits of each hash: most features have no
    /// weights, and end here.
    filter: Vec<u64>,
    /// Open addressing: 1 and the place of a row; 0 is free. At most half is
    /// taken.
    slots: Vec<u16>,
    rows: Vec<(u32, [i16; OUTPUTS])>,
    bias: [i16; OUTPUTS],
}

/// The place of a hash in the filter: which word, which bit.
fn filter_bit(hash: u32) -> (usize, u64) {
    let bit = hash >> 15;
    (bit as usize / 64, 1 << (bit % 64))
}

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| Weights::read(include_bytes!("risk.bin")));
static PRIOR: LazyLock<Weights> = LazyLock::new(|| Weights::read(include_bytes!("prior.bin")));

impl Weights {
    pub(crate) fn get() -> &'static Self {
        &WEIGHTS
    }

    /// Those for what is known before anything is found.
    pub(crate) fn prior() -> &'static Self {
        &PRIOR
    }

    /// How much speaks for PHI, from 0 to 5.
    pub(crate) fn step(&self, features: impl IntoIterator<Item = Feature>) -> u8 {
        let rows = features.into_iter().filter_map(|f| self.find(f.hash));
        let phi = rows.fold(i32::from(self.bias[0]), |sum, row| sum + i32::from(row[0]));
        match phi {
            ..=-300 => 0,
            -299..=-100 => 1,
            -99..=50 => 2,
            51..=200 => 3,
            201..=400 => 4,
            _ => 5,
        }
    }

    pub(crate) fn read(blob: &[u8]) -> Self {
        let mut bytes = Bytes(blob);
        let row = |bytes: &mut Bytes<'_>| std::array::from_fn(|_| i16::from_le_bytes(bytes.take()));
        let bias = row(&mut bytes);
        let count = bytes.u32();
        let rows: Vec<_> = (0..count.min(u32::from(u16::MAX)))
            .map(|_| (bytes.u32(), row(&mut bytes)))
            .collect();
        let mut filter = vec![0; 1 << 11];
        let mut slots = vec![0u16; (rows.len() * 2).max(16).next_power_of_two()];
        let mask = slots.len() - 1;
        for ((hash, _), n) in rows.iter().zip(1u16..) {
            let (word, bit) = filter_bit(*hash);
            filter[word] |= bit;
            let mut at = *hash as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = n;
        }
        Self {
            filter,
            slots,
            rows,
            bias,
        }
    }

    /// Whether a feature may have weights: of most it is known that they have
    /// none.
    #[inline]
    pub(crate) fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = filter_bit(hash);
        self.filter.get(word).is_some_and(|word| word & bit != 0)
    }

    fn find(&self, hash: u32) -> Option<&[i16; OUTPUTS]> {
        if !self.may_have(hash) {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let n = usize::from(self.slots[at]).checked_sub(1)?;
            let (found, row) = self.rows.get(n)?;
            if *found == hash {
                return Some(row);
            }
            at = (at + 1) & mask;
        }
    }

    #[cfg(feature = "training")]
    pub(crate) fn write(
        bias: [i16; OUTPUTS],
        rows: &std::collections::BTreeMap<u32, [i16; OUTPUTS]>,
    ) -> Vec<u8> {
        let mut out: Vec<u8> = bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        out.extend(u32::try_from(rows.len()).unwrap_or(0).to_le_bytes());
        for (hash, row) in rows {
            out.extend(hash.to_le_bytes());
            out.extend(row.iter().flat_map(|w| w.to_le_bytes()));
        }
        out
    }

    #[cfg(any(test, feature = "training"))]
    pub(crate) fn score(&self, features: impl IntoIterator<Item = Feature>) -> [i32; OUTPUTS] {
        let mut out = self.bias.map(i32::from);
        let rows = features.into_iter().filter_map(|f| self.find(f.hash));
        rows.for_each(|row| add(&mut out, row));
        out
    }

    /// The verdict.
    pub(crate) fn judge(&self, features: impl IntoIterator<Item = Feature>) -> Risk {
        let mut scores = self.bias.map(i32::from);
        let mut reasons: Vec<RiskReason> = Vec::with_capacity(48);
        let mut note =
            |(code, weight): (&'static str, i32)| match reasons.iter_mut().find(|r| r.code == code)
            {
                Some(reason) => reason.weight += weight,
                None => reasons.push(RiskReason::new(code, weight)),
            };
        // Features of one code stand side by side.
        let mut run = ("", 0);
        features.into_iter().for_each(|feature| {
            let Some(row) = self.find(feature.hash) else {
                return;
            };
            add(&mut scores, row);
            if !std::ptr::eq(feature.code, run.0) {
                note(run);
                run = (feature.code, 0);
            }
            run.1 += i32::from(row[0]);
        });
        note(run);
        reasons.retain(|r| r.weight != 0);
        reasons.sort_by_key(|r| (std::cmp::Reverse(r.weight.abs()), r.code));
        reasons.truncate(12);
        let mut categories = Vec::new();
        let mut sensitivity = Sensitivity::None;
        let score = scores[0] - LINE;
        if score > 0 {
            sensitivity = Sensitivity::Phi;
            categories = Category::ALL
                .iter()
                .zip(&scores[1..])
                .filter(|(_, score)| **score > 0)
                .map(|(category, _)| *category)
                .collect();
            if !categories.is_empty() {
                sensitivity = Sensitivity::Sensitive;
            }
        }
        Risk::new(sensitivity, categories, score, reasons)
    }
}

/// Adds a row of weights.
fn add(sums: &mut [i32; OUTPUTS], row: &[i16; OUTPUTS]) {
    for (sum, &weight) in sums.iter_mut().zip(row) {
        *sum += i32::from(weight);
    }
}
