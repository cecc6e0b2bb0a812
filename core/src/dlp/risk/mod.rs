//! The verdict on a message: whether it is PHI, and which protected categories
//! it touches.
//!
//! A linear model over what was counted: each feature has a weight, in
//! hundredths of log-odds, for PHI and for each category. The weights are
//! trained by the program in `training/`; the reasons of a verdict are the
//! features with the largest.

mod around;
pub(crate) mod codes;
pub(crate) mod features;
mod few;
pub(crate) mod near;
pub(crate) mod notice;
mod places;
pub(crate) mod single;
pub(crate) mod summary;
#[cfg(feature = "training")]
pub(crate) mod train;
pub(crate) mod verdict;

use std::sync::LazyLock;

#[cfg(any(test, feature = "training"))]
use self::features::Feature;
use self::features::{Code, MANY};
use super::lexicon::Bytes;
use super::{Category, Risk, RiskReason};
use crate::base::Sensitivity;

/// PHI, then the categories in the order of [`Category::ALL`].
pub(crate) const OUTPUTS: usize = 7;

/// Where the line is drawn above the one that training draws, in hundredths of
/// log-odds: the training mails are harder than what people send.
pub(crate) const LINE: i32 = 115;
/// The same for a sentence by itself.
pub(crate) const LINE_OF_SENTENCES: i32 = 140;

/// Weights of features by hash, for so many outputs.
pub(crate) struct Weights<const N: usize> {
    filter: Filter,
    /// In the order of their hashes.
    rows: Vec<(u32, [i16; N])>,
    bias: [i16; N],
}

/// Which features may have weights, by one bit for the first 20 bits of each
/// hash: most have none.
pub(crate) struct Filter(Vec<u64>);

impl Filter {
    fn of(hashes: impl Iterator<Item = u32>) -> Self {
        let mut bits = vec![0; 1 << 14];
        for hash in hashes {
            let (word, bit) = Self::place(hash);
            bits[word] |= bit;
        }
        Self(bits)
    }

    /// Which word, which bit.
    fn place(hash: u32) -> (usize, u64) {
        let bit = hash >> 12;
        (bit as usize / 64, 1 << (bit % 64))
    }

    #[inline]
    pub(crate) fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = Self::place(hash);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

static PRIOR: LazyLock<Weights<1>> = LazyLock::new(|| Weights::read(include_bytes!("prior.bin")));

/// How much speaks for PHI, from 0 to 5.
fn step(phi: i32) -> u8 {
    match phi {
        ..=-300 => 0,
        -299..=-100 => 1,
        -99..=50 => 2,
        51..=200 => 3,
        201..=400 => 4,
        _ => 5,
    }
}

impl Weights<1> {
    /// Those for what is known before anything is found.
    pub(crate) fn prior() -> &'static Self {
        &PRIOR
    }

    /// How much speaks for PHI, from 0 to 5.
    #[cfg(feature = "training")]
    pub(crate) fn step(&self, features: impl IntoIterator<Item = Feature>) -> u8 {
        step(self.score(features)[0])
    }
}

impl<const N: usize> Weights<N> {
    pub(crate) fn read(blob: &[u8]) -> Self {
        let mut bytes = Bytes(blob);
        let row = |bytes: &mut Bytes<'_>| std::array::from_fn(|_| i16::from_le_bytes(bytes.take()));
        let bias = row(&mut bytes);
        let count = bytes.u32() as usize;
        // No more than the file has.
        let size = size_of::<u32>() + N * size_of::<i16>();
        let rows: Vec<_> = (0..count.min(blob.len() / size))
            .map(|_| (bytes.u32(), row(&mut bytes)))
            .collect();
        let filter = Filter::of(rows.iter().map(|row| row.0));
        Self { filter, rows, bias }
    }

    /// Which features have weights.
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    #[cfg(any(test, feature = "training"))]
    fn find(&self, hash: u32) -> Option<&[i16; N]> {
        let at = self.rows.binary_search_by_key(&hash, |row| row.0).ok()?;
        Some(&self.rows.get(at)?.1)
    }

    #[cfg(feature = "training")]
    pub(crate) fn write(
        bias: [i16; N],
        rows: &std::collections::BTreeMap<u32, [i16; N]>,
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
    pub(crate) fn score(&self, features: impl IntoIterator<Item = Feature>) -> [i32; N] {
        let mut out = self.bias.map(i32::from);
        for row in features.into_iter().filter_map(|f| self.find(f.hash)) {
            out = std::array::from_fn(|n| out[n] + i32::from(row[n]));
        }
        out
    }
}

/// What the scores say.
fn judged(scores: &[i32; OUTPUTS], reasons: Vec<RiskReason>) -> Risk {
    let mut categories = Vec::new();
    let mut sensitivity = Sensitivity::None;
    let [phi, of_categories @ ..] = scores;
    let score = phi - LINE;
    if score > 0 {
        categories = told(of_categories);
        sensitivity = protected(&categories);
    }
    Risk::new(sensitivity, categories, score, reasons)
}

/// The categories that scores tell of.
fn told(scores: &[i32; OUTPUTS - 1]) -> Vec<Category> {
    let all = Category::ALL.iter().zip(scores);
    all.filter(|(_, score)| **score > 0)
        .map(|(category, _)| *category)
        .collect()
}

/// What PHI is that touches some categories.
pub(crate) fn protected(categories: &[Category]) -> Sensitivity {
    match categories.is_empty() {
        true => Sensitivity::Phi,
        false => Sensitivity::Sensitive,
    }
}

/// The sums of the weights of each code.
#[derive(Clone, Copy)]
struct Reasons([i32; MANY]);

impl Default for Reasons {
    fn default() -> Self {
        Self([0; MANY])
    }
}

impl Reasons {
    /// As many are told.
    const MOST: usize = 12;

    #[inline]
    fn add(&mut self, code: Code, weight: i32) {
        if let Some(sum) = self.0.get_mut(code.place()) {
            *sum = sum.wrapping_add(weight);
        }
    }

    /// Those with the largest weights, the largest first.
    fn weightiest(&self) -> Vec<RiskReason> {
        // By weight, then by code, whose places are in the order of their words.
        // Those of no weight are left out.
        let (mut ranks, mut many) = ([0; MANY], 0);
        for (n, weight) in self.0.iter().enumerate() {
            ranks[many] = u64::from(weight.unsigned_abs()) << 8 | (MANY - n) as u64;
            many += usize::from(*weight != 0);
        }
        let ranks = ranks.get_mut(..many).unwrap_or_default();
        ranks.sort_unstable();
        // More may be told before them.
        let mut reasons = Vec::with_capacity(Self::MOST + 4);
        reasons.extend(ranks.iter().rev().take(Self::MOST).map(|rank| {
            let place = MANY - (rank & 0xff) as usize;
            RiskReason::new(Code::at(place).word(), self.0[place])
        }));
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All rows that a file says it has, up to its last byte.
    #[test]
    fn no_weight_is_left_out() {
        fn read<const N: usize>(blob: &[u8]) -> Weights<N> {
            let weights = Weights::<N>::read(blob);
            assert_eq!(2 * N + 4 + weights.rows.len() * (4 + 2 * N), blob.len());
            assert!(weights.rows.is_sorted_by(|a, b| a.0 < b.0));
            weights
        }
        let whole = read::<OUTPUTS>(include_bytes!("risk.bin"));
        let [prior, sentence] = [
            read::<1>(include_bytes!("prior.bin")),
            read::<1>(include_bytes!("sentence.bin")),
        ];
        // The last has one, too.
        for last in [&prior.rows, &sentence.rows].map(|rows| rows.last().unwrap()) {
            assert_ne!(last.1, [0], "{}", last.0);
        }
        assert_ne!(whole.rows.last().unwrap().1, [0; OUTPUTS]);
    }

    #[test]
    fn reasons_are_summed_by_code_and_the_weightiest_told() {
        let codes: Vec<Code> = (0..MANY).map(Code::at).collect();
        let mut state = 3u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for round in 0..400 {
            let mut reasons = Reasons::default();
            let mut sums = std::collections::BTreeMap::new();
            for _ in 0..round % 60 {
                let code = codes[next(MANY as u32) as usize];
                let weight = i32::try_from(next(9)).unwrap() - 4;
                reasons.add(code, weight);
                *sums.entry(code.word()).or_insert(0) += weight;
            }
            let mut wanted: Vec<(&str, i32)> = sums.into_iter().filter(|s| s.1 != 0).collect();
            wanted.sort_by_key(|(code, weight)| (std::cmp::Reverse(weight.abs()), *code));
            wanted.truncate(12);
            let found: Vec<_> = reasons
                .weightiest()
                .iter()
                .map(|r| (r.code, r.weight))
                .collect();
            assert_eq!(found, wanted, "round {round}");
        }
    }
}
