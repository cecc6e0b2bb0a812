//! Both verdicts of a message, that before anything is found and that of all,
//! from one table of weights: of what a message says most is the same for both,
//! and is looked up once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::features::{Features, WORDS};
use super::{Filter, OUTPUTS, Reasons, Weights, judged, step};
use crate::dlp::Risk;

/// The weights of a feature: for PHI before anything is found, and for each
/// output then.
type Row = [i16; OUTPUTS + 1];
type Sums = [i32; OUTPUTS + 1];

/// The weights of both by hash. Each hash has one place, so that no branch asks
/// where it is: hashes with the same first bits share a number, by which they
/// were given places of their own.
pub(crate) struct Verdict {
    seeds: Vec<u32>,
    slots: Vec<(u32, Row)>,
    shift: u32,
    bias: Row,
    filter: Filter,
}

/// The first bits of a hash, which choose its seed.
const BITS: u32 = 13;

static VERDICT: LazyLock<Verdict> = LazyLock::new(|| {
    let whole = Weights::read(include_bytes!("risk.bin"));
    Verdict::new(Weights::prior(), &whole)
});

/// Sums of the words of a message, by the codes that they stand under.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words {
    /// How many of each are in the sums.
    taken: [usize; WORDS],
    sums: [Sums; WORDS],
}

impl Verdict {
    pub(crate) fn get() -> &'static Self {
        &VERDICT
    }

    fn new(prior: &Weights, whole: &Weights) -> Self {
        let both = |prior: i16, whole: &[i16; OUTPUTS]| {
            let [phi, categories @ ..] = *whole;
            let mut row = [0; OUTPUTS + 1];
            (row[0], row[1]) = (prior, phi);
            row[2..].copy_from_slice(&categories);
            row
        };
        let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
        for (hash, row) in &whole.rows {
            rows.insert(*hash, both(0, row));
        }
        for (hash, row) in &prior.rows {
            rows.entry(*hash).or_default()[0] = row[0];
        }
        let rows: Vec<(u32, Row)> = rows.into_iter().collect();
        let log = (rows.len() * 4 / 3)
            .max(16)
            .next_power_of_two()
            .trailing_zeros();
        let mut out = Self {
            seeds: vec![0; 1 << BITS],
            slots: vec![(0, Row::default()); 1 << log],
            shift: 32 - log,
            bias: both(prior.bias[0], &whole.bias),
            filter: Filter::of(rows.iter().map(|row| row.0)),
        };
        // Those that have many hashes choose first.
        let mut buckets: Vec<&[(u32, Row)]> = rows
            .chunk_by(|a, b| a.0 >> (32 - BITS) == b.0 >> (32 - BITS))
            .collect();
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.len()));
        let mut taken = vec![false; out.slots.len()];
        let mut places = Vec::new();
        for bucket in buckets {
            let fits = (0..u32::MAX)
                .map(|n| n.wrapping_mul(0x85eb_ca6b))
                .find(|seed| {
                    places.clear();
                    bucket.iter().all(|(hash, _)| {
                        let place = out.place(*hash, *seed);
                        let free = !taken[place] && !places.contains(&place);
                        places.push(place);
                        free
                    })
                });
            let Some(seed) = fits else { continue };
            for ((hash, row), place) in bucket.iter().zip(&places) {
                taken[*place] = true;
                out.slots[*place] = (*hash, *row);
                out.seeds[(hash >> (32 - BITS)) as usize] = seed;
            }
        }
        out
    }

    /// Which features have weights of either.
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    #[inline]
    fn place(&self, hash: u32, seed: u32) -> usize {
        (hash ^ seed)
            .wrapping_mul(0x9e37_79b1)
            .wrapping_shr(self.shift) as usize
    }

    /// The weights of a feature; zeros where it has none.
    #[inline]
    fn row(&self, hash: u32) -> Row {
        let seed = self.seeds.get((hash >> (32 - BITS)) as usize);
        let place = self.place(hash, seed.copied().unwrap_or_default());
        let Some((kept, row)) = self.slots.get(place) else {
            return Row::default();
        };
        // Whether it has any is chance: no branch asks for it.
        let all = i16::from(*kept == hash).wrapping_neg();
        row.map(|weight| weight & all)
    }

    /// Takes in the words that are not among the sums yet.
    pub(crate) fn read(&self, features: &Features<'_>, words: &mut Words) {
        let sums = words.taken.iter_mut().zip(&mut words.sums);
        for ((code, all), (taken, sums)) in features.words.iter().zip(sums) {
            let mut more = *sums;
            for word in all.get(*taken..).unwrap_or_default() {
                add(&mut more, &self.row(code.feature(*word).hash));
            }
            *sums = more;
            *taken = all.len();
        }
    }

    /// How much speaks for PHI before anything is found, from 0 to 5. `words`
    /// are those of the features.
    pub(crate) fn step(&self, features: &Features<'_>, words: &Words) -> u8 {
        let of_words: i32 = words.sums.iter().map(|sums| sums[0]).sum();
        let counted = features.counted.iter();
        let counted: i32 = counted.map(|f| i32::from(self.row(f.hash)[0])).sum();
        step(i32::from(self.bias[0]) + of_words + counted)
    }

    /// The verdict on all. `words` are those of the features.
    pub(crate) fn judge(&self, features: &Features<'_>, words: &Words) -> Risk {
        let mut scores = self.bias.map(i32::from);
        let mut reasons = Reasons::default();
        for feature in &features.counted {
            let row = self.row(feature.hash);
            add(&mut scores, &row);
            reasons.add(feature.code, i32::from(row[1]));
        }
        for ((code, _), sums) in features.words.iter().zip(&words.sums) {
            scores = std::array::from_fn(|n| scores[n].wrapping_add(sums[n]));
            reasons.add(*code, sums[1]);
        }
        let [_, scores @ ..] = scores;
        judged(&scores, reasons.weightiest())
    }
}

/// Adds a row of weights. There are far too few features for an overflow.
#[inline]
fn add(sums: &mut Sums, row: &Row) {
    *sums = std::array::from_fn(|n| sums[n].wrapping_add(i32::from(row[n])));
}

#[cfg(test)]
mod tests {
    use super::super::features::{Envelope, features};
    use super::super::summary::Summary;
    use super::*;
    use crate::dlp::passage::{Passage, Region};
    use crate::dlp::tagger::context::Context;

    #[test]
    fn every_feature_has_the_weights_of_both() {
        let whole = Weights::read(include_bytes!("risk.bin"));
        let (prior, verdict) = (Weights::prior(), Verdict::get());
        let hashes = prior.rows.iter().chain(&whole.rows).map(|row| row.0);
        let mut known = 0;
        for hash in hashes.chain((0..100_000).map(|n: u32| n.wrapping_mul(0x9e37_79b1))) {
            let row = verdict.row(hash);
            assert_eq!(row[0], prior.find(hash).map_or(0, |row| row[0]), "{hash}");
            assert_eq!(
                row[1..],
                *whole.find(hash).unwrap_or(&[0; OUTPUTS]),
                "{hash}"
            );
            known += u32::from(row != Row::default());
        }
        assert!((20_000..90_000).contains(&known), "{known}");
    }

    /// In two goes, as of a message that has an HTML part.
    #[test]
    fn words_that_were_summed_before_are_summed_once() {
        let text = b"Your appointment with the kidney clinic is confirmed, Pat. Your labs \
            are ready, and the clinic will bill your insurance for the dialysis.";
        let whole = Weights::read(include_bytes!("risk.bin"));
        let (verdict, mut words) = (Verdict::get(), Words::default());
        let context = Context::default();
        let envelope = Envelope {
            recipient_words: vec![1, 2],
            audience_words: vec![3],
            ..Envelope::default()
        };
        let mut summary = Summary::default();
        for end in [text.len() / 2, text.len()] {
            summary.read(&Passage::read(text, 0, end, Region::Body), None);
            let all = || features(&summary, &context, &envelope);
            verdict.read(&all(), &mut words);
            let [phi, ..] = Weights::prior().score(all().list());
            assert_eq!(verdict.step(&all(), &words), step(phi));
            let risk = verdict.judge(&all(), &words);
            let scores = whole.score(all().list());
            assert_eq!(risk, judged(&scores, risk.reasons.clone()));
            let mut sums = BTreeMap::new();
            for feature in all().list() {
                let weight = whole.find(feature.hash).map_or(0, |row| i32::from(row[0]));
                *sums.entry(feature.code.word()).or_insert(0) += weight;
            }
            assert!(risk.reasons.len() > 5);
            for reason in risk.reasons {
                assert_eq!(sums[reason.code], reason.weight, "{}", reason.code);
            }
        }
    }
}
