//! Tables of weights for PHI and nothing else, whose rows lie close together.

use std::sync::LazyLock;

use super::features::Features;
use super::places::Places;
use super::{Weights, step};

/// Weights for PHI alone.
pub(crate) struct Single {
    rows: Places<1>,
    bias: i16,
}

static PRIOR: LazyLock<Single> = LazyLock::new(|| Single::new(Weights::prior()));

static SENTENCE: LazyLock<Single> = LazyLock::new(|| {
    let weights = Weights::read(include_bytes!("sentence.bin"));
    Single::new(&weights)
});

impl Single {
    pub(crate) fn new(weights: &Weights<1>) -> Self {
        let [bias] = weights.bias;
        Self {
            rows: Places::new(&weights.rows),
            bias,
        }
    }

    /// Those of the verdict before anything is found, for scans that give no other.
    pub(crate) fn prior() -> &'static Self {
        &PRIOR
    }

    /// Those of the verdict on a sentence by itself. They are learnt from sentences: that
    /// most of a message is about something else speaks against the whole, and says
    /// nothing of one.
    pub(crate) fn sentence() -> &'static Self {
        &SENTENCE
    }

    /// How much speaks for PHI, in hundredths of log-odds.
    pub(crate) fn score(&self, features: &Features<'_>) -> i32 {
        let sum: i32 = features.all().map(|f| i32::from(self.row(f.hash)[0])).sum();
        i32::from(self.bias) + sum
    }

    /// The same from 0 to 5, as [`super::verdict::Verdict::step`] says it.
    pub(crate) fn step(&self, features: &Features<'_>) -> u8 {
        step(self.score(features))
    }

    pub(crate) fn bias(&self) -> i32 {
        self.bias.into()
    }

    #[inline]
    pub(crate) fn row(&self, hash: u32) -> [i16; 1] {
        self.rows.row(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::super::features::{Envelope, features};
    use super::super::summary::Summary;
    use super::*;
    use crate::dlp::passage::{Passage, Region};
    use crate::dlp::tagger::context::Context;

    #[test]
    fn scores_are_those_of_the_files() {
        let text = b"Your appointment with the kidney clinic is on Monday, and the labs are ready.";
        let mut summary = Summary::default();
        summary.read(&Passage::read(text, 0, text.len(), Region::Body), None);
        let (context, envelope) = (Context::default(), Envelope::default());
        let told = features(&summary, &context, &envelope);
        let sentence = Weights::<1>::read(include_bytes!("sentence.bin"));
        for (table, weights) in [
            (Single::prior(), Weights::prior()),
            (Single::sentence(), &sentence),
        ] {
            let [score] = weights.score(told.list());
            assert_eq!(table.score(&told), score);
            assert_ne!(score, i32::from(weights.bias[0]));
        }
    }
}
