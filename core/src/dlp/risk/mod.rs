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

use std::collections::BTreeMap;
use std::sync::LazyLock;

use self::features::Feature;
use super::lexicon::Bytes;
use super::{Category, Risk, RiskReason};
use crate::base::Sensitivity;

/// PHI, then the categories in the order of [`Category::ALL`].
pub(crate) const OUTPUTS: usize = 7;

/// Weights of features by hash.
pub(crate) struct Weights {
    rows: BTreeMap<u32, [i16; OUTPUTS]>,
    bias: [i16; OUTPUTS],
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
    pub(crate) fn step(&self, features: &[Feature]) -> u8 {
        match self.score(features)[0] {
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
        let rows = (0..count).map(|_| (bytes.u32(), row(&mut bytes))).collect();
        Self { rows, bias }
    }

    #[cfg(feature = "training")]
    pub(crate) fn write(bias: [i16; OUTPUTS], rows: &BTreeMap<u32, [i16; OUTPUTS]>) -> Vec<u8> {
        let mut out: Vec<u8> = bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        out.extend(u32::try_from(rows.len()).unwrap_or(0).to_le_bytes());
        for (hash, row) in rows {
            out.extend(hash.to_le_bytes());
            out.extend(row.iter().flat_map(|w| w.to_le_bytes()));
        }
        out
    }

    pub(crate) fn score(&self, features: &[Feature]) -> [i32; OUTPUTS] {
        let mut out = self.bias.map(i32::from);
        for row in features.iter().filter_map(|f| self.rows.get(&f.hash)) {
            for (sum, &w) in out.iter_mut().zip(row) {
                *sum += i32::from(w);
            }
        }
        out
    }

    /// The verdict.
    pub(crate) fn judge(&self, features: &[Feature]) -> Risk {
        let scores = self.score(features);
        let mut reasons: BTreeMap<&'static str, i32> = BTreeMap::new();
        for feature in features {
            if let Some(row) = self.rows.get(&feature.hash) {
                *reasons.entry(feature.code).or_default() += i32::from(row[0]);
            }
        }
        let mut reasons: Vec<RiskReason> = reasons
            .into_iter()
            .filter(|(_, weight)| *weight != 0)
            .map(|(code, weight)| RiskReason::new(code, weight))
            .collect();
        reasons.sort_by_key(|r| (std::cmp::Reverse(r.weight.abs()), r.code));
        reasons.truncate(12);
        let mut categories = Vec::new();
        let mut sensitivity = Sensitivity::None;
        if scores[0] > 0 {
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
        Risk::new(sensitivity, categories, scores[0], reasons)
    }
}
