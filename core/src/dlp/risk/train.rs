//! Training of the verdict, for the program in `training/`.

use std::collections::{BTreeMap, HashMap};

use super::features::{CATEGORY_TOLD, Feature};
use super::{OUTPUTS, Weights};
use crate::dlp::training::joined;

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
    /// How often all mails are gone through for PHI, of which more would be learnt
    /// by heart, and for the categories.
    pub(crate) epochs_of_phi: u32,
    pub(crate) epochs_of_categories: u32,
    /// Learnt so many times in different orders; the weights are their mean, so
    /// that a verdict hangs less on the order of the mails.
    pub(crate) times: u32,
    /// The same of what is learnt without one fold, by which the line is drawn. Once
    /// is enough where it serves for that alone: the scores are then spread a little
    /// more than those of a mean.
    pub(crate) times_of_folds: u32,
    /// How much more a missed one costs than a false one.
    pub(crate) miss: f64,
    /// Words count from so many mails on.
    pub(crate) least: u32,
    /// How fast PHI is learnt, and the categories, which fewer mails tell of.
    pub(crate) rate_of_phi: f64,
    pub(crate) rate_of_categories: f64,
    /// Pull towards zero: of words, and of all else.
    pub(crate) words: f64,
    pub(crate) dense: f64,
    /// The recall of PHI that the threshold is set for, in thousandths.
    pub(crate) recall: usize,
    /// Whether the categories are learnt too.
    pub(crate) categories: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs_of_phi: 30,
            epochs_of_categories: 60,
            times: 4,
            times_of_folds: 1,
            miss: 1.3,
            least: 3,
            rate_of_phi: 0.0125,
            rate_of_categories: 0.1,
            words: 0.004,
            dense: 0.002,
            recall: 968,
            categories: true,
        }
    }
}

fn is_word(code: &str) -> bool {
    code.ends_with("words")
}

/// What is known of a feature before anything is learnt.
#[derive(Clone, Copy)]
struct Kind {
    /// Pull towards zero.
    pull: f64,
    /// Whether it speaks of PHI alone: mails of a category are too few to tell
    /// of pairs more than of what they are of.
    only_phi: bool,
}

impl Kind {
    fn of(code: &str, options: &Options) -> Self {
        Self {
            pull: match is_word(code) {
                true => options.words,
                false => options.dense,
            },
            only_phi: matches!(
                code,
                "findings_among_words" | "kinds_together" | "pairs_of_words"
            ),
        }
    }
}

/// e to the x by repeated squaring: the same on every machine, as the
/// library's need not be.
fn exp(x: f64) -> f64 {
    let mut y = 1.0 + x.clamp(-30.0, 30.0) / 4096.0;
    for _ in 0..12 {
        y *= y;
    }
    y
}

/// Weights of all features for each output, in log-odds.
struct Fit {
    rows: Vec<[f64; OUTPUTS]>,
    bias: [f64; OUTPUTS],
}

impl Fit {
    /// The mean of several that learnt in different orders.
    fn new(
        rows: &[Vec<u32>],
        truths: &[[bool; OUTPUTS]],
        kinds: &[Kind],
        options: &Options,
    ) -> Self {
        let pull: Vec<f64> = kinds.iter().map(|kind| kind.pull).collect();
        let phi: Vec<Mail<'_, 1>> = (rows.iter().zip(truths))
            .map(|(rows, &[phi, ..])| Some((rows.as_slice(), [phi])))
            .collect();
        // The categories of a mail that is no PHI mean nothing.
        let told: Vec<Vec<u32>> = (rows.iter().zip(truths))
            .map(|(rows, [phi, ..])| {
                let told = |row: &&u32| !kinds[**row as usize].only_phi;
                match *phi && options.categories {
                    true => rows.iter().filter(told).copied().collect(),
                    false => Vec::new(),
                }
            })
            .collect();
        let categories: Vec<Mail<'_, CATEGORIES>> = (told.iter().zip(truths))
            .map(|(rows, &[phi, ref categories @ ..])| {
                (phi && options.categories).then_some((rows.as_slice(), *categories))
            })
            .collect();
        let mut mean = Self {
            rows: vec![[0.0; OUTPUTS]; kinds.len()],
            bias: [0.0; OUTPUTS],
        };
        let learn = |seed| {
            let pace = (options.epochs_of_phi, options.rate_of_phi);
            let phi = once(&phi, &pull, pace, options.miss, seed);
            let pace = (options.epochs_of_categories, options.rate_of_categories);
            (phi, once(&categories, &pull, pace, options.miss, seed))
        };
        let learnt: Vec<_> = std::thread::scope(|scope| {
            let learn = &learn;
            let seeds = (11..).take(options.times as usize);
            let threads: Vec<_> = seeds.map(|seed| scope.spawn(move || learn(seed))).collect();
            threads.into_iter().map(joined).collect()
        });
        for ((phi, phi_bias), (categories, bias)) in learnt {
            let all = phi.iter().zip(&categories).chain([(&phi_bias, &bias)]);
            for (sum, (phi, categories)) in mean.weights().zip(all) {
                for (sum, w) in sum.iter_mut().zip(phi.now.iter().chain(&categories.now)) {
                    *sum += w;
                }
            }
        }
        for w in mean.weights().flatten() {
            *w /= f64::from(options.times);
        }
        mean
    }

    fn weights(&mut self) -> impl Iterator<Item = &mut [f64; OUTPUTS]> {
        self.rows.iter_mut().chain([&mut self.bias])
    }

    fn score(&self, rows: &[u32]) -> [f64; OUTPUTS] {
        let mut out = self.bias;
        for &row in rows {
            for (sum, w) in out.iter_mut().zip(&self.rows[row as usize]) {
                *sum += w;
            }
        }
        out
    }
}

/// Categories.
const CATEGORIES: usize = OUTPUTS - 1;

/// The features and the truth of a mail; `None` of one that is not learnt from.
type Mail<'m, const N: usize> = Option<(&'m [u32], [bool; N])>;

/// The weights of a feature while they are learnt, and the sums of the squares
/// of their slopes.
#[derive(Clone, Copy)]
struct Weight<const N: usize> {
    now: [f64; N],
    squares: [f64; N],
}

impl<const N: usize> Weight<N> {
    /// Nothing learnt yet.
    const ZERO: Self = Self {
        now: [0.0; N],
        squares: [1e-3; N],
    };

    #[inline]
    fn step(&mut self, slopes: &[f64; N], pull: f64, rate: f64) {
        for ((now, square), slope) in self.now.iter_mut().zip(&mut self.squares).zip(slopes) {
            let slope = slope + pull * *now;
            *square += slope * slope;
            *now -= rate * slope / f64::sqrt(*square);
        }
    }
}

/// Logistic regression by AdaGrad, with a pull towards zero. PHI is learnt apart
/// from the categories: the order of the mails is all that they share.
fn once<const N: usize>(
    mails: &[Mail<'_, N>],
    pull: &[f64],
    (epochs, rate): (u32, f64),
    miss: f64,
    mut seed: u64,
) -> (Vec<Weight<N>>, Weight<N>) {
    let mut weights = vec![Weight::ZERO; pull.len()];
    let mut bias = Weight::ZERO;
    let mut order: Vec<usize> = (0..mails.len()).collect();
    for _ in 0..epochs {
        for i in (1..order.len()).rev() {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let j = usize::try_from((seed >> 33) % (i as u64 + 1)).unwrap_or(0);
            order.swap(i, j);
        }
        for (rows, truth) in order.iter().filter_map(|n| mails[*n]) {
            let mut scores = bias.now;
            for &row in rows {
                for (sum, w) in scores.iter_mut().zip(&weights[row as usize].now) {
                    *sum += w;
                }
            }
            let slopes = std::array::from_fn(|out| {
                let chance = 1.0 / (1.0 + exp(-scores[out]));
                match truth[out] {
                    true => miss * (chance - 1.0),
                    false => chance,
                }
            });
            bias.step(&slopes, 0.0, rate);
            for &row in rows {
                let row = row as usize;
                weights[row].step(&slopes, pull[row], rate);
            }
        }
    }
    (weights, bias)
}

/// Folds of the mails.
pub(crate) const FOLDS: u32 = 4;

/// What is learnt: from all mails, and without those of each fold.
pub(crate) struct Learnt {
    /// Of each number.
    hashes: Vec<u32>,
    /// What speaks of a category, by output.
    told: [Option<u32>; OUTPUTS],
    all: Fit,
    lines: [Line; OUTPUTS],
    without: Vec<(Fit, [Line; OUTPUTS])>,
}

impl Learnt {
    /// What was learnt from all, as bytes, of so many outputs.
    pub(crate) fn all<const N: usize>(&self) -> Vec<u8> {
        self.write::<N>(&self.all, &self.lines)
    }

    /// What was learnt without each fold. Which features count was told by all
    /// mails, and where the line is by the mails of the other folds.
    pub(crate) fn without<const N: usize>(&self) -> Vec<Vec<u8>> {
        let write = |(fit, lines): &_| self.write::<N>(fit, lines);
        self.without.iter().map(write).collect()
    }

    fn write<const N: usize>(&self, fit: &Fit, lines: &[Line; OUTPUTS]) -> Vec<u8> {
        let hundredths = |w: f64| (w * 100.0).round().clamp(-30_000.0, 30_000.0) as i16;
        let bias = std::array::from_fn(|out| hundredths(fit.bias[out] - lines[out].without));
        let row = |n: usize| -> [i16; N] {
            std::array::from_fn(|out| {
                let told = self.told[out].is_some_and(|row| row as usize == n);
                let moved = if told {
                    lines[out].without - lines[out].told
                } else {
                    0.0
                };
                hundredths(fit.rows[n][out] + moved)
            })
        };
        let rows: BTreeMap<u32, [i16; N]> = (self.hashes.iter().enumerate())
            .map(|(n, hash)| (*hash, row(n)))
            .filter(|(_, row)| row.iter().any(|w| *w != 0))
            .collect();
        Weights::write(bias, &rows)
    }
}

/// Learns the weights; each mail is of a fold below [`FOLDS`].
pub(crate) fn train(examples: &[Example], options: &Options, fold: impl Fn(u32) -> u32) -> Learnt {
    let mut counts: HashMap<u32, (u32, u32, Kind)> = HashMap::new();
    for example in examples {
        for feature in &example.features {
            let entry = counts.entry(feature.hash).or_insert((
                0,
                u32::MAX,
                Kind::of(feature.code.word(), options),
            ));
            if entry.1 != example.mail {
                (entry.0, entry.1) = (entry.0 + 1, example.mail);
            }
        }
    }
    // Sorted, so that the order of hashing plays no part; and what most mails have
    // lies side by side, so that the processor has it at hand.
    let mut kept: Vec<(u32, (u32, Kind))> = counts
        .into_iter()
        .map(|(hash, (mails, _, kind))| (hash, (mails, kind)))
        .filter(|(_, (mails, _))| *mails >= options.least)
        .collect();
    kept.sort_by_key(|(hash, (mails, _))| (std::cmp::Reverse(*mails), *hash));
    let index: HashMap<u32, u32> = kept.iter().map(|kept| kept.0).zip(0..).collect();
    let kinds: Vec<Kind> = kept.iter().map(|(_, (_, kind))| *kind).collect();
    let rows: Vec<Vec<u32>> = examples
        .iter()
        .map(|e| {
            e.features
                .iter()
                .filter_map(|f| index.get(&f.hash).copied())
                .collect()
        })
        .collect();
    let truths: Vec<[bool; OUTPUTS]> = examples.iter().map(|e| e.truth).collect();
    let told: [Option<u32>; OUTPUTS] = std::array::from_fn(|out| {
        let n = u32::try_from(out.checked_sub(1)?).ok()?;
        index.get(&CATEGORY_TOLD.feature(n).hash).copied()
    });
    let folds: Vec<u32> = examples.iter().map(|e| fold(e.mail)).collect();
    let without = folded(&folds, &rows, &truths, &kinds, options);
    let scores: Vec<_> = (folds.iter().zip(&rows))
        .map(|(fold, rows)| without[*fold as usize].score(rows))
        .collect();
    let judged: Vec<Judged<'_>> = (scores.iter().zip(&rows).zip(&truths))
        .map(|((score, rows), truth)| (score, rows.as_slice(), truth))
        .collect();
    let without = (0..FOLDS).zip(without).map(|(fold, fit)| {
        let others: Vec<_> = (judged.iter().zip(&folds))
            .filter(|(_, of)| **of != fold)
            .map(|(judged, _)| *judged)
            .collect();
        (fit, lines(&others, &told, options))
    });
    Learnt {
        hashes: kept.iter().map(|(hash, _)| *hash).collect(),
        told,
        all: Fit::new(&rows, &truths, &kinds, options),
        lines: lines(&judged, &told, options),
        without: without.collect(),
    }
}

/// What is learnt from the mails of all folds but one, of each.
fn folded(
    folds: &[u32],
    rows: &[Vec<u32>],
    truths: &[[bool; OUTPUTS]],
    kinds: &[Kind],
    options: &Options,
) -> Vec<Fit> {
    let options = Options {
        times: options.times_of_folds,
        ..options.clone()
    };
    let without = |fold: u32| {
        let (seen, truths): (Vec<_>, Vec<_>) = (rows.iter().zip(truths).zip(folds))
            .filter(|(_, of)| **of != fold)
            .map(|((rows, truth), _)| (rows.clone(), *truth))
            .unzip();
        Fit::new(&seen, &truths, kinds, &options)
    };
    std::thread::scope(|scope| {
        let without = &without;
        let threads: Vec<_> = (0..FOLDS)
            .map(|fold| scope.spawn(move || without(fold)))
            .collect();
        threads.into_iter().map(joined).collect()
    })
}

/// Where the line of an output is drawn: of mails in which something speaks of
/// the category, and of the others.
#[derive(Clone, Copy)]
struct Line {
    told: f64,
    without: f64,
}

/// A mail's scores by what was learnt without it, its features and its truth.
type Judged<'m> = (&'m [f64; OUTPUTS], &'m [u32], &'m [bool; OUTPUTS]);

/// Where to draw the line of each output, by scores of mails that were not
/// learnt from: for PHI the best harmonic mean of precision and recall among
/// those that reach the wanted recall; for a category of which something speaks the
/// best one in which recall counts twice, since a missed one is worse than a false
/// one. Few mails are of a category, so that its scores are low; where nothing
/// speaks of it a low score is no sign of it.
fn lines(
    mails: &[Judged<'_>],
    told: &[Option<u32>; OUTPUTS],
    options: &Options,
) -> [Line; OUTPUTS] {
    std::array::from_fn(|out| {
        let line = |wanted: bool, recall: usize, weight: usize| {
            let points = (mails.iter())
                .filter(|(.., truth)| out == 0 || truth[0])
                .filter(|(_, rows, _)| told[out].is_some_and(|row| rows.contains(&row)) == wanted)
                .map(|(score, _, truth)| (score[out], truth[out]));
            best_line(points.collect(), recall, weight)
        };
        match out {
            0 => {
                let all = line(false, options.recall, 1).clamp(-2.0, 0.5);
                Line {
                    told: all,
                    without: all,
                }
            }
            _ => Line {
                told: line(true, 0, 2).clamp(-5.0, 0.5),
                without: line(false, 0, 1).clamp(-1.0, 0.5),
            },
        }
    })
}

/// The score with the best harmonic mean of precision and recall, which counts so
/// many times, of those that reach a recall, in thousandths.
fn best_line(mut points: Vec<(f64, bool)>, recall: usize, weight: usize) -> f64 {
    points.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = points.iter().filter(|p| p.1).count();
    let (mut right, mut best) = (0usize, (0usize, 0.0));
    for (n, (score, truth)) in points.iter().enumerate() {
        right += usize::from(*truth);
        let mean = 1000 * (1 + weight) * right / (n + 1 + weight * all).max(1);
        if right * 1000 >= all * recall && mean > best.0 {
            best = (mean, *score);
        }
    }
    best.1
}
