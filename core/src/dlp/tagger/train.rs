//! Training, for the program in `training/`.
//!
//! Averaged perceptrons with a margin, in whole numbers. A label that should
//! have been given and was not costs more than one that should not have been:
//! a miss is a breach, a false alarm an annoyance.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::codes::{asks_code, code};
use super::context::Context;
use super::features::{Rows, asks_word};
use super::labels::{CODE_KINDS, CODE_LABELS, WORD_KINDS, WORD_LABELS};
use super::model::{BUCKET, Weights, home, tag};
use super::scene::{FarOff, Scene, Sights};
use super::word_open;
use crate::dlp::FindingKind;
use crate::dlp::passage::Passage;
use crate::dlp::training::joined;

/// One text with its truth.
pub(crate) struct Example<'a> {
    pub(crate) passage: Passage<'a>,
    pub(crate) context: Context,
    /// Of the mail that it comes from; variants of one share it.
    pub(crate) mail: u32,
    /// Byte ranges and their kinds.
    pub(crate) spans: Vec<(std::ops::Range<usize>, FindingKind)>,
}

/// What training may be tuned by.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) epochs: u32,
    /// Margins: of a missed label, and of a false one.
    pub(crate) miss: i32,
    pub(crate) alarm: i32,
    /// A feature counts from so many different mails on.
    pub(crate) least: u32,
    /// So many features are kept.
    pub(crate) keep_word: usize,
    pub(crate) keep_code: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 8,
            miss: 60,
            alarm: 25,
            least: 2,
            keep_word: 60_000,
            keep_code: 24_000,
        }
    }
}

/// The gold label of each unit: for the word model, and for the code model.
fn gold(example: &Example<'_>) -> (Vec<u8>, Vec<u8>) {
    let units = &example.passage.spans;
    let mut words = vec![0u8; units.len()];
    let mut codes = vec![0u8; units.len()];
    for (span, kind) in &example.spans {
        let mut first = true;
        for (n, unit) in units.iter().enumerate() {
            let (start, end) = (unit.start as usize, unit.end as usize);
            let shared = end.min(span.end).saturating_sub(start.max(span.start));
            // A unit that lies mostly outside is not what was meant.
            if shared == 0 || shared * 2 < end - start {
                continue;
            }
            if let Some(k) = WORD_KINDS.iter().position(|w| w == kind) {
                words[n] = u8::try_from(2 * k + if first { 1 } else { 2 }).unwrap_or(0);
                first = false;
            } else if let Some(k) = CODE_KINDS.iter().position(|c| c == kind) {
                codes[n] = u8::try_from(k + 1).unwrap_or(0);
            }
        }
    }
    (words, codes)
}

/// Features are hashes already, and nobody chooses them: they are spread over
/// all bits, and no more.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32((*byte).into());
        }
    }

    fn write_u32(&mut self, feature: u32) {
        self.0 = (self.0 ^ u64::from(feature)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type ByFeature<T> = HashMap<u32, T, BuildHasherDefault<Spread>>;

/// In how many mails each feature is, and the last of them.
type Counts = ByFeature<(u32, u32)>;

/// The features that count, each with a number.
struct Index {
    numbers: ByFeature<u32>,
    /// In how many mails each is.
    mails: Vec<u32>,
}

/// The number of a feature that does not count.
const NONE: u32 = u32::MAX;

impl Index {
    fn new(counts: Counts, least: u32) -> Self {
        let mut kept: Vec<(u32, u32)> = counts
            .into_iter()
            .map(|(hash, (mails, _))| (hash, mails))
            .filter(|(_, mails)| *mails >= least)
            .collect();
        // Sorted, so that the order of hashing plays no part; and what most mails
        // have lies side by side, so that the processor has it at hand.
        kept.sort_unstable_by_key(|(hash, mails)| (std::cmp::Reverse(*mails), *hash));
        let (hashes, mails): (Vec<u32>, Vec<u32>) = kept.into_iter().unzip();
        Self {
            numbers: hashes.into_iter().zip(0..).collect(),
            mails,
        }
    }

    fn number(&self, feature: u32) -> u32 {
        self.numbers.get(&feature).copied().unwrap_or(NONE)
    }

    /// Puts numbers in the place of features, of all units of all examples.
    fn number_all(&self, examples: &mut [Vec<Vec<u32>>]) {
        for feature in examples.iter_mut().flatten().flatten() {
            *feature = self.number(*feature);
        }
    }
}

/// Weights while they are learnt, with the sums that averaging needs.
struct Learner<const N: usize> {
    /// Small numbers: a step adds or takes away one.
    now: Vec<[i16; N]>,
    sums: Vec<[i64; N]>,
    bias: [i32; N],
    bias_sums: [i64; N],
    step: i64,
}

impl<const N: usize> Learner<N> {
    fn new(index: &Index) -> Self {
        let n = index.mails.len();
        Self {
            now: vec![[0; N]; n],
            sums: vec![[0; N]; n],
            bias: [0; N],
            bias_sums: [0; N],
            step: 0,
        }
    }

    /// The score of each label but none's, for the features of these numbers.
    fn score(&self, numbers: &[u32]) -> [i32; N] {
        let mut out = self.bias;
        for row in numbers.iter().filter_map(|n| self.now.get(*n as usize)) {
            for (sum, w) in out.iter_mut().zip(row) {
                // Some hundred numbers of 16 bits, which 32 hold. Looking for an overflow
                // would keep the processor from fetching one row while it waits for another.
                *sum = sum.wrapping_add(i32::from(*w));
            }
        }
        out
    }

    #[expect(clippy::expect_used, reason = "a program of ours stops, and loudly")]
    fn add(&mut self, numbers: &[u32], label: usize, by: i16) {
        let Some(k) = label.checked_sub(1) else {
            return;
        };
        let at = self.step * i64::from(by);
        self.bias[k] += i32::from(by);
        self.bias_sums[k] += at;
        for row in numbers.iter().filter(|n| **n != NONE) {
            let weight = &mut self.now[*row as usize][k];
            *weight = weight.checked_add(by).expect("a weight of 16 bits");
            self.sums[*row as usize][k] += at;
        }
    }

    /// The mean over all steps of a weight that is so much now.
    fn average(&self, now: i32, sum: i64) -> f64 {
        let steps = self.step.max(1);
        (i64::from(now) * steps - sum) as f64 / steps as f64
    }

    /// The mean weights of several as bytes, of the `keep` features that tell most and
    /// have room in their buckets: by their weight and by the fourth root of the number
    /// of mails that have them.
    fn finish(all: &[Self], index: &Index, keep: usize, out: &mut Vec<u8>) {
        let mean = |of: &dyn Fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let size = |weights: &[f64; N]| weights.iter().fold(0f64, |m, w| m.max(w.abs()));
        let mut rows: Vec<(u32, [f64; N], f64)> = (index.numbers.iter())
            .map(|(&hash, &row)| {
                let row = row as usize;
                let weights: [f64; N] = std::array::from_fn(|k| {
                    mean(&|one| one.average(one.now[row][k].into(), one.sums[row][k]))
                });
                let mails = f64::from(index.mails[row]);
                (hash, weights, size(&weights) * mails.sqrt().sqrt())
            })
            .collect();
        rows.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        let log = (keep / 2).next_power_of_two().trailing_zeros().max(1);
        let mut taken = vec![0; 1 << log];
        let mut tags = BTreeSet::new();
        rows.retain(|(hash, ..)| {
            let taken = &mut taken[home(*hash, log)];
            // Of two that a look cannot tell apart the one that tells more stays.
            let fits = *taken < BUCKET && tags.insert((home(*hash, log), tag(*hash)));
            *taken += usize::from(fits);
            fits
        });
        rows.truncate(keep);
        // One row in a thousand may have weights that are cut off.
        let mut sizes: Vec<f64> = rows.iter().map(|(_, weights, _)| size(weights)).collect();
        sizes.sort_by(|a, b| b.total_cmp(a));
        let top = sizes.get(rows.len() / 1000).map_or(1.0, |top| top.max(1.0));
        let scale = 127.0 / top;
        let small = |w: f64| (w * scale).round().clamp(-127.0, 127.0) as i8;
        let bias = std::array::from_fn(|k| {
            (mean(&|one| one.average(one.bias[k], one.bias_sums[k])) * scale)
                .round()
                .clamp(-30_000.0, 30_000.0) as i16
        });
        let mut rows: Vec<(u32, [i8; N])> = rows
            .into_iter()
            .map(|(hash, weights, _)| (hash, weights.map(small)))
            .filter(|(_, weights)| weights.iter().any(|w| *w != 0))
            .collect();
        // What is asked for most stands close together, and is found sooner.
        let mails = |hash: u32| {
            let number = index.numbers.get(&hash);
            number.map(|n| index.mails[*n as usize])
        };
        rows.sort_by_key(|(hash, _)| (std::cmp::Reverse(mails(*hash)), *hash));
        Weights::<N>::write(bias, log, &rows, out);
    }
}

fn count(counts: &mut Counts, rows: &[u32], mail: u32) {
    for &row in rows {
        let entry = counts.entry(row).or_insert((0, u32::MAX));
        if entry.1 != mail {
            *entry = (entry.0 + 1, mail);
        }
    }
}

/// A small generator for the order of examples (SplitMix64).
struct Shuffle(u64);

impl Shuffle {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            let j = (self.next() % (i as u64 + 1)) as usize;
            order.swap(i, j);
        }
        order
    }
}

/// The label that most violates its margin; the gold one where none does.
fn violator<const N: usize>(
    scores: &[i32; N],
    gold: usize,
    open: impl Fn(usize) -> bool,
    options: &Options,
) -> usize {
    let score = |l: usize| l.checked_sub(1).map_or(0, |k| scores[k]);
    let mut best = (gold, score(gold));
    for label in 0..=N {
        if label == gold || !open(label) {
            continue;
        }
        let cost = match (gold, label) {
            (0, _) => options.alarm,
            _ => options.miss,
        };
        if score(label) + cost > best.1 {
            best = (label, score(label) + cost);
        }
    }
    best.0
}

/// Learns both models and gives their bytes: the mean of what is learnt in so
/// many orders, so that what is found hangs less on the order of the mails.
pub(crate) fn train(
    examples: &[Example<'_>],
    options: &Options,
    orders: u32,
    progress: impl Fn(&str) + Sync,
) -> Vec<u8> {
    let mut rows = Rows::new();
    let golds: Vec<_> = examples.iter().map(gold).collect();
    let mut word_counts = Counts::default();
    let mut code_counts = Counts::default();
    // The features that do not hang on labels are kept between epochs.
    let mut static_word: Vec<Vec<Vec<u32>>> = Vec::new();
    let mut static_code: Vec<Vec<Vec<u32>>> = Vec::new();
    let far = FarOff::default();
    for (example, (words, _)) in examples.iter().zip(&golds) {
        let passage = &example.passage;
        let (mut word_rows, mut code_rows) = (Vec::new(), Vec::new());
        let sights = Sights::new(passage, &example.context, &far);
        for at in 0..passage.items.len() {
            rows.clear();
            let label = |n: usize| at.checked_sub(n).map_or(0, |n| words[n]);
            let labels = (label(1), label(2));
            let scene = Scene::new(passage, &example.context, &sights, at, labels);
            if let Some(scene) = &scene {
                scene.all(&mut rows);
            }
            let fixed = rows.len();
            if asks_word(&passage.items[at], label(1)) {
                if let Some(scene) = &scene {
                    scene.history(&mut rows);
                }
                count(&mut word_counts, rows.as_slice(), example.mail);
            }
            rows.truncate(fixed);
            word_rows.push(rows.as_slice().to_vec());
            rows.clear();
            if asks_code(passage, at) {
                code(passage, &example.context, at, &mut rows);
                count(&mut code_counts, rows.as_slice(), example.mail);
            }
            code_rows.push(rows.as_slice().to_vec());
        }
        static_word.push(word_rows);
        static_code.push(code_rows);
    }
    let word_index = Index::new(word_counts, options.least);
    let code_index = Index::new(code_counts, options.least);
    word_index.number_all(&mut static_word);
    code_index.number_all(&mut static_code);
    let seen = Seen {
        examples,
        golds,
        words: static_word,
        codes: static_code,
    };
    let learnt: Vec<_> = std::thread::scope(|scope| {
        let learners: Vec<_> = (7..)
            .take(orders as usize)
            .map(|seed| {
                let (seen, indices) = (&seen, (&word_index, &code_index));
                let progress = &progress;
                scope.spawn(move || seen.learn(indices, options, seed, progress))
            })
            .collect();
        learners.into_iter().map(joined).collect()
    });
    let (words, codes): (Vec<_>, Vec<_>) = learnt.into_iter().unzip();
    let mut out = Vec::new();
    Learner::finish(&words, &word_index, options.keep_word, &mut out);
    Learner::finish(&codes, &code_index, options.keep_code, &mut out);
    out
}

/// What is learnt from: the mails, their truth, and of each unit the numbers of
/// the features that hang on no label.
struct Seen<'e, 't> {
    examples: &'e [Example<'t>],
    golds: Vec<(Vec<u8>, Vec<u8>)>,
    words: Vec<Vec<Vec<u32>>>,
    codes: Vec<Vec<Vec<u32>>>,
}

impl Seen<'_, '_> {
    /// Learns both models once, in an order of its own.
    fn learn(
        &self,
        (word_index, code_index): (&Index, &Index),
        options: &Options,
        seed: u64,
        progress: &(impl Fn(&str) + Sync),
    ) -> (Learner<WORD_LABELS>, Learner<CODE_LABELS>) {
        let mut word = Learner::new(word_index);
        let mut code = Learner::new(code_index);
        let mut rows = Rows::new();
        // The numbers of a unit's features.
        let mut all = Vec::with_capacity(Rows::MAX);
        let far = FarOff::default();
        let mut shuffle = Shuffle(seed);
        for epoch in 0..options.epochs {
            let mut wrong = 0u32;
            for n in shuffle.order(self.examples.len()) {
                let example = &self.examples[n];
                let passage = &example.passage;
                let (words, codes) = &self.golds[n];
                let sights = Sights::new(passage, &example.context, &far);
                let (mut one, mut two) = (0u8, 0u8);
                for at in 0..passage.items.len() {
                    let mut label = 0u8;
                    if asks_word(&passage.items[at], one) {
                        rows.clear();
                        let context = &example.context;
                        let scene = Scene::new(passage, context, &sights, at, (one, two));
                        if let Some(scene) = scene {
                            scene.history(&mut rows);
                        }
                        all.clone_from(&self.words[n][at]);
                        all.extend(rows.as_slice().iter().map(|row| word_index.number(*row)));
                        // One in eight is hidden, so that none is leant on alone.
                        all.retain(|_| !shuffle.next().is_multiple_of(8));
                        let scores = word.score(&all);
                        // Where the way there was wrong, an inner word starts anew.
                        let mut wanted = words[at];
                        if !word_open(wanted, one) {
                            wanted -= 1;
                        }
                        let open = |l: usize| word_open(u8::try_from(l).unwrap_or(0), one);
                        let bad = violator(&scores, wanted.into(), open, options);
                        label = (0..=WORD_LABELS)
                            .filter(|l| open(*l))
                            .max_by_key(|l| {
                                (
                                    l.checked_sub(1).map_or(0, |k| scores[k]),
                                    std::cmp::Reverse(*l),
                                )
                            })
                            .and_then(|l| u8::try_from(l).ok())
                            .unwrap_or(0);
                        wrong += u32::from(label != wanted);
                        word.step += 1;
                        if bad != usize::from(wanted) {
                            word.add(&all, wanted.into(), 1);
                            word.add(&all, bad, -1);
                        }
                    }
                    if asks_code(passage, at) {
                        all.clone_from(&self.codes[n][at]);
                        all.retain(|_| !shuffle.next().is_multiple_of(8));
                        let scores = code.score(&all);
                        let wanted = usize::from(codes[at]);
                        // A unit inside an address or another term of words is
                        // that term's.
                        if words[at] == 0 {
                            let bad = violator(&scores, wanted, |_| true, options);
                            code.step += 1;
                            if bad != wanted {
                                code.add(&all, wanted, 1);
                                code.add(&all, bad, -1);
                            }
                        }
                    }
                    (two, one) = (one, label);
                }
            }
            progress(&format!("seed {seed}, epoch {epoch}: {wrong} words wrong"));
        }
        (word, code)
    }
}
