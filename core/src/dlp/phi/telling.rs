//! What one paragraph or sentence tells by itself.
//!
//! A verdict is of a message as a whole, and the one line about a patient in a
//! newsletter or in minutes is outweighed by all that is about nobody. So where
//! the whole is not PHI, the paragraphs that name somebody beside health content are
//! judged alone, between the same sender and recipients, and so are the sentences that
//! may tell of somebody, by weights of their own and whoever sends them. Where the whole
//! is PHI and of no protected category, a sentence may still be of one.

use std::ops::Range;

use super::Scan;
use crate::base::{Phi, Sensitivity};
use crate::dlp::lexicon::{Flag, Flags};
use crate::dlp::passage::{Passage, Region};
use crate::dlp::risk::features::{Envelope, features};
use crate::dlp::risk::single::Single;
use crate::dlp::risk::summary::Summary;
use crate::dlp::risk::verdict::{Verdict, Words};
use crate::dlp::risk::{LINE, LINE_OF_SENTENCES, protected};
use crate::dlp::sentence::Piece;
use crate::dlp::source::Source;
use crate::dlp::tagger::context::Context;
use crate::dlp::tagger::{Tag, tag};
use crate::dlp::{FindingClass, FindingKind, Part, Risk, rules};

/// Paragraphs of a message that are kept: more than minutes have, and few enough that
/// nobody waits for them. And so many sentences wait at once.
const MOST: usize = 1_024;
/// How far a paragraph alone must speak for PHI: it has less to speak against than
/// the whole. Told from where the weights draw the line, so that it stays where it is
/// when [`LINE`] moves; so does what speaks against a number.
const SURE: i32 = 225 - LINE;
/// What the lists say of words that speak of care.
const CARE: Flags = Flags::of(&[
    Flag::Condition,
    Flag::Medication,
    Flag::Procedure,
    Flag::Lab,
    Flag::MentalHealth,
    Flag::SubstanceUse,
    Flag::StiHiv,
    Flag::Reproductive,
    Flag::Genetic,
    Flag::Abuse,
    Flag::SaysMentalHealth,
    Flag::SaysSubstanceUse,
    Flag::SaysStiHiv,
    Flag::SaysReproductive,
    Flag::SaysGenetic,
    Flag::SaysAbuse,
    Flag::PatientSpeech,
    Flag::CareEvent,
    Flag::FacilityField,
    Flag::CueMrn,
    Flag::CuePlan,
    Flag::CueVisit,
]);

/// Paragraphs and sentences that may tell of somebody by themselves.
#[derive(Default)]
pub(super) struct Telling {
    /// That name one who is not taken for staff: these go first.
    named: Vec<Phi<Vec<u8>>>,
    others: Vec<Phi<Vec<u8>>>,
    /// Sentences that name somebody beside health content, and those that name one who is
    /// not taken for staff beside words of care, without any that was found. They are not judged before there
    /// are many, or nothing else is left: most messages are PHI without them.
    sentences: [Vec<Phi<Vec<u8>>>; 2],
    /// What those are together that have been judged and are PHI: the highest score, and
    /// the categories of all.
    told: Option<Risk>,
    /// Where one stands for which there was no room.
    refused: Option<Part>,
}

impl Telling {
    /// Whether one more has room, maybe that of one that names staff alone.
    fn has_room(&self) -> bool {
        self.named.len() < MOST
    }

    fn keep(&mut self, named: bool, part: Part, text: Vec<u8>) {
        let full = self.named.len() + self.others.len() >= MOST;
        match named {
            true => {
                if full && let Some(other) = self.others.pop() {
                    other.wipe();
                    self.refused.get_or_insert(part);
                }
                self.named.push(Phi::new(text));
            }
            false if full => {
                Phi::new(text).wipe();
                self.refused.get_or_insert(part);
            }
            false => self.others.push(Phi::new(text)),
        }
    }
}

impl Scan<'_> {
    /// Keeps the paragraphs of a passage that name somebody beside health content, and
    /// the sentences that may tell of somebody.
    pub(super) fn note_telling(
        &mut self,
        source: &Source<'_>,
        passage: &Passage<'_>,
        tags: &[Tag],
    ) {
        let in_prose = matches!(source.part, Part::Text | Part::Html | Part::Attachment(_))
            && source.is_prose();
        if !in_prose {
            return;
        }
        self.note_sentences(passage, tags);
        let mut rest = if tells(tags) { tags } else { &[] };
        while self.telling.has_room()
            && let Some((units, here, more)) = Piece::Paragraph.first(passage, rest)
        {
            rest = more;
            if !tells(here) {
                continue;
            }
            let named = names(here);
            let text = text_of(passage, units);
            self.telling.keep(named, source.part, text);
        }
        if !rest.is_empty() {
            self.telling.refused.get_or_insert(source.part);
        }
    }

    /// Keeps the sentences that may tell of somebody: among all the others of its
    /// paragraph one is outweighed too.
    fn note_sentences(&mut self, passage: &Passage<'_>, tags: &[Tag]) {
        let mut rest = if may_tell(tags) { tags } else { &[] };
        while let Some((units, here, more)) = Piece::Sentence.first(passage, rest) {
            rest = more;
            let [beside_health, others] = &mut self.telling.sentences;
            let kept = match tells(here) {
                true => beside_health,
                false if names(here) && speaks_of_care(passage, &units, here) => others,
                false => continue,
            };
            kept.push(text_of(passage, units).into());
            if kept.len() >= MOST {
                self.judge_sentences();
            }
        }
    }

    /// Judges the sentences that wait, which hang on nothing that comes behind them.
    fn judge_sentences(&mut self) {
        let sentences = std::mem::take(&mut self.telling.sentences);
        for text in sentences.into_iter().flatten() {
            self.judge(text, Piece::Sentence);
        }
    }

    /// What the paragraphs and sentences that are PHI by themselves are together; of a
    /// message that is PHI as a whole the sentences alone.
    pub(super) fn telling(&mut self, whole: Sensitivity) -> Option<Risk> {
        if whole == Sensitivity::None {
            let named = std::mem::take(&mut self.telling.named);
            let others = std::mem::take(&mut self.telling.others);
            for text in named.into_iter().chain(others) {
                self.judge(text, Piece::Paragraph);
            }
            if let Some(part) = self.telling.refused.take() {
                self.unscannable(part, "too_large");
            }
        }
        self.judge_sentences();
        std::mem::take(&mut self.telling).told
    }

    /// Judges one alone, and takes in what it is: what any of them touches the
    /// message touches.
    fn judge(&mut self, text: Phi<Vec<u8>>, piece: Piece) {
        let risk = self.alone(text.expose(), piece);
        text.wipe();
        let Some(risk) = risk else {
            return;
        };
        match &mut self.telling.told {
            None => self.telling.told = Some(risk),
            Some(told) => {
                told.score = told.score.max(risk.score);
                told.categories.extend(risk.categories);
                told.categories.sort_unstable();
                told.categories.dedup();
                told.sensitivity = protected(&told.categories);
            }
        }
    }

    /// What a sentence is by itself, or a paragraph that is not most of the message,
    /// where it is PHI.
    fn alone(&mut self, text: &[u8], piece: Piece) -> Option<Risk> {
        let passage = self.read(text, 0, text.len(), Region::Body);
        let mut summary = Summary::default();
        summary.read(&passage, None);
        let is_part = summary.units as usize * 2 <= self.summary.units as usize;
        let judges = piece == Piece::Sentence || is_part;
        let risk = judges.then(|| self.judged(summary, &passage, piece));
        self.done(passage);
        risk.filter(|risk| risk.sensitivity > Sensitivity::None)
    }

    /// The verdict on a passage as on a message of its own.
    fn judged(&mut self, mut summary: Summary, passage: &Passage<'_>, piece: Piece) -> Risk {
        let verdict = Verdict::get();
        let mut context = self.context.clone();
        context.speech = summary.speech();
        let told = features(&summary, &context, &self.envelope);
        let mut words = Words::default();
        verdict.read(&told, &mut words);
        context.prior = verdict.step(&told, &words);
        let memos = self.memos.as_deref_mut();
        let mut tags = tag(passage, &context, self.model, memos, &mut self.codes);
        rules::apply(passage, &mut tags, true);
        summary.add(passage, &tags, &context, None);
        let as_sent = || features(&summary, &context, &self.envelope);
        if piece == Piece::Paragraph {
            let told = as_sent();
            verdict.read(&told, &mut words);
            return sure(verdict.judge(&told, &words));
        }
        // What it says of somebody it says whoever sends it.
        let (nobody, nowhere) = (Context::default(), Envelope::default());
        let said = features(&summary, &nobody, &nowhere);
        let score = Single::sentence().score(&said) - LINE_OF_SENTENCES;
        let (mut sensitivity, mut categories) = (Sensitivity::None, Vec::new());
        if score > 0 {
            let told = as_sent();
            verdict.read(&told, &mut words);
            categories = verdict.categories(&told, &words);
            sensitivity = protected(&categories);
        }
        // What the whole message is judged by says why.
        Risk::new(sensitivity, categories, score, Vec::new())
    }
}

/// Whether somebody is named beside health content: a patient may be taken for one
/// who works there.
fn tells(tags: &[Tag]) -> bool {
    let somebody = |t: &Tag| matches!(t.kind, FindingKind::Name | FindingKind::Provider);
    let health = |t: &Tag| t.kind.class() == FindingClass::Health;
    tags.iter().any(somebody) && tags.iter().any(health)
}

/// Whether somebody is named who is not taken for one who works there.
fn names(tags: &[Tag]) -> bool {
    tags.iter().any(|t| t.kind == FindingKind::Name)
}

/// Whether a sentence may tell of somebody's health by itself: it names one who is not
/// taken for one who works there, or anybody beside health content.
pub(in crate::dlp) fn may_tell(tags: &[Tag]) -> bool {
    names(tags) || tells(tags)
}

/// Whether a sentence has a word of care, or a finding that only care gives out. By the
/// other words of one that has none, a row of any list with a name and a day in it would
/// outweigh what the whole says: tasks, birthdays, loans.
fn speaks_of_care(passage: &Passage<'_>, units: &Range<usize>, tags: &[Tag]) -> bool {
    use FindingKind::{Dea, Facility, HealthPlanId, Npi};
    let given_out = |t: &Tag| matches!(t.kind, Facility | HealthPlanId | Npi | Dea);
    let items = passage.items.get(units.clone()).unwrap_or_default();
    tags.iter().any(given_out) || items.iter().any(|item| item.flags().any(CARE))
}

/// A verdict on a paragraph, which must be surer than one on the whole.
fn sure(mut risk: Risk) -> Risk {
    risk.score -= SURE;
    if risk.score <= 0 {
        risk.sensitivity = Sensitivity::None;
        risk.categories.clear();
    }
    risk
}

/// Some units as they are read.
fn text_of(passage: &Passage<'_>, units: Range<usize>) -> Vec<u8> {
    passage.bytes_of(units).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_that_name_no_staff_go_first() {
        let mut telling = Telling::default();
        let mut told = |named, many| {
            for _ in 0..many {
                telling.keep(named, Part::Text, b"told".to_vec());
            }
            (
                telling.named.len(),
                telling.others.len(),
                telling.has_room(),
            )
        };
        assert_eq!(told(true, 3), (3, 0, true));
        assert_eq!(told(false, 2 * MOST), (3, MOST - 3, true));
        assert_eq!(told(true, 7), (10, MOST - 10, true));
        assert_eq!(told(true, MOST - 10), (MOST, 0, false));
        assert_eq!(telling.refused, Some(Part::Text));
    }
}
