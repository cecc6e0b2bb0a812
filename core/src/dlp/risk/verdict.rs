//! Both verdicts of a message, that before anything is found and that of all,
//! from one table of weights: of what a message says most is the same for both,
//! and is looked up once. A scan that ends without a verdict has the first alone,
//! from a table of its own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::features::{Envelope, Features, WORDS, features};
use super::places::Places;
use super::summary::Summary;
use super::{Filter, OUTPUTS, Reasons, Weights, judged, step, told};
use crate::dlp::tagger::context::Context;
use crate::dlp::{Category, Risk, RiskReason};

/// The weights of a feature: for PHI before anything is found, and for each
/// output then.
type Row = [i16; OUTPUTS + 1];
type Sums = [i32; OUTPUTS + 1];

/// The weights of both.
pub(crate) struct Verdict {
    rows: Places<{ OUTPUTS + 1 }>,
    bias: Row,
    filter: Filter,
    /// What an empty message would be judged by, taken away: that there is no
    /// date and no name weighs something, and is no reason that one would give.
    empty: Reasons,
}

static VERDICT: LazyLock<Verdict> = LazyLock::new(|| {
    let whole = Weights::<OUTPUTS>::read(include_bytes!("risk.bin"));
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

    fn new(prior: &Weights<1>, whole: &Weights<OUTPUTS>) -> Self {
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
        let mut verdict = Self {
            rows: Places::new(&rows),
            bias: both(prior.bias[0], &whole.bias),
            filter: Filter::of(rows.iter().map(|row| row.0)),
            empty: Reasons::default(),
        };
        let (nothing, context) = (Summary::default(), Context::default());
        let envelope = Envelope::default();
        let empty = features(&nothing, &context, &envelope);
        for feature in &empty.counted {
            let [_, weight, ..] = verdict.rows.row(feature.hash);
            verdict.empty.add(feature.code, -i32::from(weight));
        }
        verdict
    }

    /// Which features have weights of either.
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Takes in the words that are not among the sums yet.
    pub(crate) fn read(&self, features: &Features<'_>, words: &mut Words) {
        let sums = words.taken.iter_mut().zip(&mut words.sums);
        for ((code, all), (taken, sums)) in features.words.iter().zip(sums) {
            let mut more = *sums;
            for word in all.get(*taken..).unwrap_or_default() {
                add(&mut more, &self.rows.row(code.feature(*word).hash));
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
        let counted: i32 = counted.map(|f| i32::from(self.rows.row(f.hash)[0])).sum();
        step(i32::from(self.bias[0]) + of_words + counted)
    }

    /// The verdict on all. `words` are those of the features.
    pub(crate) fn judge(&self, features: &Features<'_>, words: &Words) -> Risk {
        let (scores, reasons) = self.scores(features, words);
        judged(&scores, reasons)
    }

    /// The protected categories that all tell of, where it is PHI.
    pub(crate) fn categories(&self, features: &Features<'_>, words: &Words) -> Vec<Category> {
        let ([_, categories @ ..], _) = self.scores(features, words);
        told(&categories)
    }

    fn scores(&self, features: &Features<'_>, words: &Words) -> ([i32; OUTPUTS], Vec<RiskReason>) {
        let mut scores = self.bias.map(i32::from);
        let mut reasons = self.empty;
        for feature in &features.counted {
            let row = self.rows.row(feature.hash);
            add(&mut scores, &row);
            reasons.add(feature.code, i32::from(row[1]));
        }
        for ((code, _), sums) in features.words.iter().zip(&words.sums) {
            scores = std::array::from_fn(|n| scores[n].wrapping_add(sums[n]));
            reasons.add(*code, sums[1]);
        }
        let [_, scores @ ..] = scores;
        (scores, reasons.weightiest())
    }
}

/// Adds a row of weights. There are far too few features for an overflow.
#[inline]
fn add(sums: &mut Sums, row: &Row) {
    *sums = std::array::from_fn(|n| sums[n].wrapping_add(i32::from(row[n])));
}

#[cfg(test)]
mod tests {
    use super::super::single::Single;
    use super::*;
    use crate::dlp::passage::{Passage, Region};
    use crate::dlp::token::hash;

    #[test]
    fn every_feature_has_the_weights_of_both() {
        let whole = Weights::<OUTPUTS>::read(include_bytes!("risk.bin"));
        let (prior, verdict) = (Weights::prior(), Verdict::get());
        let hashes = (prior.rows.iter().map(|row| row.0)).chain(whole.rows.iter().map(|row| row.0));
        let mut known = 0usize;
        for hash in hashes.chain((0..100_000).map(|n: u32| n.wrapping_mul(0x9e37_79b1))) {
            let row = verdict.rows.row(hash);
            assert_eq!(row[0], prior.find(hash).map_or(0, |row| row[0]), "{hash}");
            assert_eq!(Single::prior().row(hash), [row[0]], "{hash}");
            assert_eq!(
                row[1..],
                *whole.find(hash).unwrap_or(&[0; OUTPUTS]),
                "{hash}"
            );
            known += usize::from(row != Row::default());
        }
        // Those of both files, and of the others what chance gives.
        let most = prior.rows.len() + whole.rows.len() + 100;
        assert!((20_000..most).contains(&known), "{known} of {most}");
    }

    #[test]
    fn what_is_not_there_is_no_reason() {
        let (context, envelope) = (Context::default(), Envelope::default());
        let judge = |summary: &Summary| {
            let features = features(summary, &context, &envelope);
            Verdict::get().judge(&features, &Words::default())
        };
        let mut summary = Summary::default();
        assert_eq!(judge(&summary).reasons, []);
        summary.records = 1;
        let codes: Vec<_> = (judge(&summary).reasons.iter())
            .map(|reason| reason.code)
            .collect();
        assert_eq!(codes, ["patient_record"]);
    }

    /// In two goes, as of a message that has an HTML part.
    #[test]
    fn words_that_were_summed_before_are_summed_once() {
        let text = b"Your appointment with the kidney clinic is confirmed, Pat. Your labs \
            are ready, and the clinic will bill your insurance for the dialysis.";
        let whole = Weights::<OUTPUTS>::read(include_bytes!("risk.bin"));
        let (verdict, mut words) = (Verdict::get(), Words::default());
        let context = Context::default();
        let envelope = Envelope {
            recipient_words: ["mail", "nurses", "billing"]
                .map(|w| hash(w.as_bytes()))
                .into(),
            audience_words: vec![hash(b"patients")],
            ..Envelope::default()
        };
        let mut summary = Summary::default();
        for end in [text.len() / 2, text.len()] {
            summary.read(&Passage::read(text, 0, end, Region::Body), None);
            let all = || features(&summary, &context, &envelope);
            verdict.read(&all(), &mut words);
            let [phi, ..] = Weights::prior().score(all().list());
            assert_eq!(verdict.step(&all(), &words), step(phi));
            assert_eq!(Single::prior().step(&all()), step(phi));
            let risk = verdict.judge(&all(), &words);
            let scores = whole.score(all().list());
            assert_eq!(risk, judged(&scores, risk.reasons.clone()));
            let mut sums = BTreeMap::new();
            let nothing = Summary::default();
            let (context, envelope) = (Context::default(), Envelope::default());
            let empty = features(&nothing, &context, &envelope);
            for (features, sign) in [(all().list(), 1), (empty.list(), -1)] {
                for feature in features {
                    let weight = whole.find(feature.hash).map_or(0, |row| i32::from(row[0]));
                    *sums.entry(feature.code.word()).or_insert(0) += sign * weight;
                }
            }
            assert!(risk.reasons.len() > 5, "{:?}", risk.reasons);
            for reason in risk.reasons {
                assert_eq!(sums[reason.code], reason.weight, "{}", reason.code);
            }
        }
    }
}
