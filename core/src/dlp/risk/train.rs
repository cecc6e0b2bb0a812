//! Training of the verdict, for the program in `training/`.

use std::collections::{BTreeMap, HashMap};

use super::features::Feature;
use super::{OUTPUTS, Weights};

/// One mail's features with the truth: PHI, and the categories.
pub(crate) struct Example {
    pub(crate) features: Vec<Feature>,
    pub(crate) truth: [bool; OUTPUTS],
    /// Of the mail that it is a variant of.
    pub(crate) mail: u32,
}

/// What training may be tuned by.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) epochs: u32,
    /// Margins below which a missed and a false one are learnt from.
    pub(crate) miss: i64,
    pub(crate) alarm: i64,
    /// Words count from so many mails on.
    pub(crate) least: u32,
    /// How much more a feature that is no word learns.
    pub(crate) dense: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 30,
            miss: 120,
            alarm: 60,
            least: 4,
            dense: 3,
        }
    }
}

fn is_word(code: &str) -> bool {
    code.ends_with("words")
}

/// Averaged perceptrons with margins, in whole numbers.
pub(crate) fn train(examples: &[Example], options: &Options) -> Vec<u8> {
    let mut counts: HashMap<u32, (u32, u32)> = HashMap::new();
    for example in examples {
        for feature in &example.features {
            let entry = counts.entry(feature.hash).or_insert((0, u32::MAX));
            if entry.1 != example.mail {
                *entry = (entry.0 + 1, example.mail);
            }
        }
    }
    let kept: BTreeMap<u32, usize> = counts
        .iter()
        .filter(|(_, (mails, _))| *mails >= options.least)
        .map(|(hash, _)| *hash)
        .collect::<std::collections::BTreeSet<u32>>()
        .into_iter()
        .zip(0..)
        .collect();
    let index: HashMap<u32, usize> = kept.iter().map(|(h, n)| (*h, *n)).collect();
    let rows: Vec<Vec<(usize, i64)>> = examples
        .iter()
        .map(|e| {
            e.features
                .iter()
                .filter_map(|f| {
                    let by = if is_word(f.code) { 1 } else { options.dense };
                    Some((*index.get(&f.hash)?, by))
                })
                .collect()
        })
        .collect();
    let mut now = vec![[0i64; OUTPUTS]; kept.len()];
    let mut sums = vec![[0i64; OUTPUTS]; kept.len()];
    let mut bias = [0i64; OUTPUTS];
    let mut bias_sums = [0i64; OUTPUTS];
    let mut step = 0i64;
    let mut seed = 11u64;
    let mut order: Vec<usize> = (0..examples.len()).collect();
    for _ in 0..options.epochs {
        for i in (1..order.len()).rev() {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let j = usize::try_from((seed >> 33) % (i as u64 + 1)).unwrap_or(0);
            order.swap(i, j);
        }
        for &n in &order {
            let example = &examples[n];
            step += 1;
            for out in 0..OUTPUTS {
                // The categories of a mail that is no PHI mean nothing.
                if out > 0 && !example.truth[0] {
                    continue;
                }
                let score: i64 = bias[out] + rows[n].iter().map(|(r, _)| now[*r][out]).sum::<i64>();
                let by = match example.truth[out] {
                    true if score < options.miss => 1,
                    false if score > -options.alarm => -1,
                    _ => continue,
                };
                bias[out] += by;
                bias_sums[out] += step * by;
                for &(row, rate) in &rows[n] {
                    now[row][out] += by * rate;
                    sums[row][out] += step * by * rate;
                }
            }
        }
    }
    let step = step.max(1);
    let small = |now: i64, sum: i64| -> i16 {
        let tenths = (now * step - sum) * 10 / step;
        i16::try_from(tenths.clamp(-30_000, 30_000)).unwrap_or(0)
    };
    let rows = kept
        .iter()
        .map(|(hash, n)| {
            (
                *hash,
                std::array::from_fn(|k| small(now[*n][k], sums[*n][k])),
            )
        })
        .filter(|(_, row): &(u32, [i16; OUTPUTS])| row.iter().any(|w| *w != 0))
        .collect();
    Weights::write(std::array::from_fn(|k| small(bias[k], bias_sums[k])), &rows)
}
