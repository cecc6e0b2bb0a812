//! What is seen of people in a text: how each is called, what stands around them, what
//! the message is. The same functions serve training and scanning; a change here asks
//! for the models to be trained anew.

use std::ops::Range;

use crate::dlp::lexicon::{Flag, Flags, GIVEN, SURNAME};
use crate::dlp::neighbours::{LINE, Neighbour, Neighbours, Side};
use crate::dlp::passage::Passage;
use crate::dlp::risk::summary::index_of;
use crate::dlp::tagger::Tag;
use crate::dlp::tagger::context::Context;
use crate::dlp::token::{Gap, hash, join};
use crate::dlp::unit::UnitKind;
use crate::dlp::{FindingClass, FindingKind};

/// Neighbours that count by themselves, and those in the same sentence of which one asks
/// whether they are there.
const NEAR: usize = 6;
const SENTENCE: usize = 20;

/// What stands for a neighbour that is not there.
const EDGE: u32 = hash(b"(edge)");

/// Words with a capital that say what somebody is.
const CALLED: Flags = Flags::of(&[
    Flag::TitleBefore,
    Flag::TitleAfter,
    Flag::PersonalTitle,
    Flag::Relative,
    Flag::Role,
    Flag::CueName,
    Flag::CueProvider,
]);

/// What a feature is of.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(super) enum Of {
    Kind = 1,
    Margin,
    Before,
    Behind,
    Beside,
    TwoBefore,
    TwoBehind,
    ThreeBehind,
    NearBefore,
    NearBehind,
    SentenceBefore,
    SentenceBehind,
    Edges,
    NextLine,
    LastLine,
    LastTwo,
    Alone,
    Form,
    FormAndKind,
    Own,
    OwnAndKind,
    Care,
    Internal,
    Prior,
    PriorAndSpeech,
    PriorAndOwn,
    PriorAndCare,
    Region,
    InSentence,
    InSentenceAndKind,
    OpensSentence,
    FindingBefore,
    FindingBehind,
    FindingsBeside,
    HealthBefore,
    HealthBehind,
    ToEnd,
    FromStart,
    Many,
    ManyAndKind,
    Rank,
    Votes,
    Mentions,
    Kinds,
}

/// Whether a tag is of a person, whoever says so.
pub(super) fn is_somebody(tag: &Tag) -> bool {
    matches!(tag.kind, FindingKind::Name | FindingKind::Provider)
}

/// A sentence, and how many findings of what sort stand in it.
pub(super) struct InSentence {
    units: Range<usize>,
    /// Health, people, other identifiers: as one number.
    findings: u32,
}

impl InSentence {
    pub(super) fn of(units: Range<usize>, here: &[Tag]) -> Self {
        let [mut health, mut people, mut others] = [0u32; 3];
        for tag in here {
            match tag.kind.class() {
                _ if is_somebody(tag) => people += 1,
                FindingClass::Health => health += 1,
                FindingClass::Identifier => others += 1,
                _ => {}
            }
        }
        Self {
            units,
            findings: health.min(2) | people.min(3) << 2 | others.min(2) << 4,
        }
    }
}

pub(super) fn feature(of: Of, value: u32) -> u32 {
    join((of as u32).wrapping_mul(0x9e37_79b1), value)
}

/// The logarithm of a number of units, as a small number.
fn steps(units: usize) -> u32 {
    (units + 1).ilog2()
}

/// What is the same for all people of a passage.
pub(super) struct Seen<'p, 't> {
    passage: &'p Passage<'t>,
    tags: &'p [Tag],
    context: &'p Context,
    /// Which tags are of health.
    health: Vec<usize>,
    people: usize,
    names: usize,
}

impl<'p, 't> Seen<'p, 't> {
    pub(super) fn new(passage: &'p Passage<'t>, tags: &'p [Tag], context: &'p Context) -> Self {
        let health = |n: &usize| tags[*n].kind.class() == FindingClass::Health;
        Self {
            passage,
            tags,
            context,
            health: (0..tags.len()).filter(health).collect(),
            people: tags.iter().filter(|tag| is_somebody(tag)).count(),
            names: (tags.iter())
                .filter(|tag| tag.kind == FindingKind::Name)
                .count(),
        }
    }

    fn gap(&self, at: usize) -> Gap {
        self.passage.items.get(at).map_or(Gap::Paragraph, |i| i.gap)
    }

    /// Tells what stands near on one side, and gives the nearest.
    fn side(&self, n: usize, side: Side, sentence: &InSentence, out: &mut Vec<u32>) -> [u32; 3] {
        let (near, in_sentence) = match side {
            Side::Before => (Of::NearBefore, Of::SentenceBefore),
            Side::Behind => (Of::NearBehind, Of::SentenceBehind),
        };
        let mut nearest = [EDGE; 3];
        let neighbours = Neighbours::new(self.passage, self.tags, n, side);
        for (n, neighbour) in neighbours.take(SENTENCE).enumerate() {
            let within = sentence.units.contains(&neighbour.at());
            if n >= NEAR && !within {
                break;
            }
            let counts = neighbour.counts(self.passage, CALLED);
            let long = match neighbour {
                Neighbour::Found(..) => true,
                Neighbour::Unit(at) => self.passage.bytes(at).len() > 2,
            };
            if let Some(slot) = nearest.get_mut(n) {
                *slot = counts;
            }
            if n < NEAR {
                out.push(feature(near, counts));
            }
            if within && long {
                out.push(feature(in_sentence, counts));
            }
        }
        nearest
    }

    /// Tells of one mention: the `rank`th person.
    pub(super) fn tell(
        &self,
        n: usize,
        tag: &Tag,
        sentence: &InSentence,
        rank: usize,
        out: &mut Vec<u32>,
    ) {
        let mut told = |of, value| out.push(feature(of, value));
        let kind = u32::from(tag.kind == FindingKind::Name);
        let margin = i32::from(tag.leant_margin() / 25).clamp(-3, 8);
        told(Of::Kind, kind);
        told(Of::Margin, kind | (margin + 3).cast_unsigned() << 1);
        self.form(tag, kind, out);
        self.message(tag, kind, out);
        self.around(n, tag, sentence, out);
        self.place(n, tag, kind, sentence, rank, out);
    }

    /// How somebody is called.
    fn form(&self, tag: &Tag, kind: u32, out: &mut Vec<u32>) {
        let items = (self.passage.items.get(tag.first..tag.last)).unwrap_or_default();
        let all = items
            .iter()
            .fold(Flags::default(), |all, item| all.union(item.word.flags()));
        let before = tag
            .first
            .checked_sub(1)
            .and_then(|n| self.passage.items.get(n));
        let private = all.has(Flag::PersonalTitle)
            || before.is_some_and(|item| item.word.flags().has(Flag::PersonalTitle));
        let words = items
            .iter()
            .filter(|item| item.kind == UnitKind::Word)
            .count();
        let form = [
            all.has(Flag::TitleBefore) || all.has(Flag::TitleAfter),
            private,
            all.any(GIVEN),
            all.any(SURNAME),
        ];
        let form = form
            .into_iter()
            .fold(words.min(4) as u32, |form, has| form << 1 | u32::from(has));
        out.push(feature(Of::Form, form));
        out.push(feature(Of::FormAndKind, form << 1 | kind));
    }

    /// What the message is, and whether somebody stands in its addresses.
    fn message(&self, tag: &Tag, kind: u32, out: &mut Vec<u32>) {
        let context = self.context;
        let items = (self.passage.items.get(tag.first..tag.last)).unwrap_or_default();
        let own = items
            .iter()
            .fold(0, |own, item| own | context.own(item.hash, item.shape));
        let [sender, recipient, audience] = [
            context.sender_care,
            context.recipient_care,
            context.audience_care,
        ]
        .map(u32::from);
        let (internal, personal) = (u32::from(context.internal), u32::from(context.personal));
        let prior = u32::from(context.prior);
        let speech = (context.speech.clamp(-4, 8) / 2 + 2).cast_unsigned();
        let mut told = |of, value| out.push(feature(of, value));
        told(Of::Own, own);
        told(Of::OwnAndKind, own << 1 | kind);
        told(
            Of::Care,
            (sender | recipient << 3 | audience << 6) << 1 | kind,
        );
        told(Of::Internal, (internal | personal << 1) << 1 | kind);
        told(Of::Prior, prior << 1 | kind);
        told(Of::PriorAndSpeech, prior | speech << 3);
        told(Of::PriorAndOwn, prior | own << 3 | personal << 5);
        told(Of::PriorAndCare, prior | sender << 3 | internal << 6);
        told(Of::Region, self.passage.region as u32);
    }

    /// What stands around somebody.
    fn around(&self, n: usize, tag: &Tag, sentence: &InSentence, out: &mut Vec<u32>) {
        let before = self.side(n, Side::Before, sentence, out);
        let behind = self.side(n, Side::Behind, sentence, out);
        let starts = self.gap(tag.first) >= Gap::Line;
        let ends = self.gap(tag.last) >= Gap::Line;
        let [left, right] = [
            if starts { LINE } else { before[0] },
            if ends { LINE } else { behind[0] },
        ];
        let mut told = |of, value| out.push(feature(of, value));
        told(Of::Before, left);
        told(Of::Behind, right);
        told(Of::Beside, join(left, right));
        told(Of::Edges, u32::from(starts) | u32::from(ends) << 1);
        let paragraph = |at| u32::from(self.gap(at) == Gap::Paragraph);
        match starts {
            true => {
                told(Of::LastLine, join(before[0], paragraph(tag.first)));
                told(Of::LastTwo, join(before[1], before[0]));
            }
            false => told(Of::TwoBefore, join(before[1], left)),
        }
        match ends {
            true => told(Of::NextLine, join(behind[0], paragraph(tag.last))),
            false => {
                told(Of::TwoBehind, join(right, behind[1]));
                told(Of::ThreeBehind, join(join(right, behind[1]), behind[2]));
            }
        }
        if starts && ends {
            told(Of::Alone, behind[0]);
        }
    }

    /// Where in its sentence and in the text somebody stands, beside which findings.
    fn place(
        &self,
        n: usize,
        tag: &Tag,
        kind: u32,
        sentence: &InSentence,
        rank: usize,
        out: &mut Vec<u32>,
    ) {
        let mut told = |of, value| out.push(feature(of, value));
        told(Of::InSentence, sentence.findings);
        told(Of::InSentenceAndKind, sentence.findings << 1 | kind);
        told(
            Of::OpensSentence,
            u32::from(tag.first == sentence.units.start),
        );
        let of = |tag: Option<&Tag>| tag.map_or(0, |tag| index_of(tag.kind) as u32 + 1);
        let before = of(n.checked_sub(1).and_then(|n| self.tags.get(n)));
        let behind = of(self.tags.get(n + 1));
        told(Of::FindingBefore, before);
        told(Of::FindingBehind, behind);
        told(Of::FindingsBeside, join(before, behind));
        let health = self.health.partition_point(|at| *at < n);
        let near = |at: Option<&usize>| at.and_then(|at| self.tags.get(*at));
        let before = near(health.checked_sub(1).and_then(|n| self.health.get(n)));
        let behind = near(self.health.get(health));
        let far = |units: Option<usize>| units.map_or(99, steps);
        told(
            Of::HealthBefore,
            far(before.map(|t| tag.first.saturating_sub(t.last))),
        );
        told(
            Of::HealthBehind,
            far(behind.map(|t| t.first.saturating_sub(tag.last))),
        );
        let to_end = self.passage.items.len().saturating_sub(tag.last);
        let starts = u32::from(self.gap(tag.first) >= Gap::Line);
        told(Of::ToEnd, steps(to_end).min(7) << 1 | starts);
        told(Of::FromStart, steps(tag.first).min(7));
        let few = |many: usize, most: u32| u32::try_from(many).unwrap_or(most).min(most);
        let many = few(self.people, 4) | few(self.names, 3) << 3 | few(self.health.len(), 3) << 5;
        told(Of::Many, many);
        told(Of::ManyAndKind, many << 1 | kind);
        told(Of::Rank, few(rank, 4) | few(self.people, 4) << 3);
    }
}

#[cfg(test)]
mod tests {
    use super::super::people::{People, SAME};
    use super::*;
    use crate::dlp::neighbours::{of_kind, tagged};
    use crate::dlp::passage::Region;

    /// The features of the first of some findings.
    fn told(text: &str, labels: &[(&str, FindingKind)]) -> Vec<u32> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tags = tagged(&passage, labels);
        let people = People::new(&passage, &tags, &Context::default());
        people.features(&people.all[0]).collect()
    }

    const PAT: (&str, FindingKind) = ("Pat", FindingKind::Name);
    const LEE: (&str, FindingKind) = ("Lee", FindingKind::Provider);
    const ASTHMA: (&str, FindingKind) = ("asthma", FindingKind::Condition);

    fn word(word: &str) -> u32 {
        hash(word.as_bytes())
    }

    #[test]
    fn what_stands_beside_and_near_somebody_is_told() {
        let all = told("so Pat has bad asthma again .", &[PAT, ASTHMA]);
        let condition = of_kind(FindingKind::Condition);
        for (one, what) in [
            (feature(Of::Before, word("so")), "so before"),
            (feature(Of::Behind, word("has")), "has behind"),
            (
                feature(Of::TwoBehind, join(word("has"), word("bad"))),
                "has bad behind",
            ),
            (feature(Of::NearBehind, condition), "asthma near"),
            (
                feature(Of::SentenceBehind, word("again")),
                "again in the sentence",
            ),
            (
                feature(
                    Of::FindingBehind,
                    index_of(FindingKind::Condition) as u32 + 1,
                ),
                "asthma next",
            ),
            (
                feature(Of::HealthBehind, steps(2)),
                "asthma behind two words",
            ),
            (
                join(feature(Of::Behind, word("has")), SAME),
                "has behind one of the same",
            ),
        ] {
            assert!(all.contains(&one), "{what}");
        }
        for (one, what) in [
            (feature(Of::Before, word("has")), "has before"),
            (feature(Of::NearBefore, word("bad")), "bad before"),
            (
                feature(
                    Of::FindingBefore,
                    index_of(FindingKind::Condition) as u32 + 1,
                ),
                "asthma before",
            ),
        ] {
            assert!(!all.contains(&one), "{what}");
        }
    }

    #[test]
    fn a_sentence_ends_what_is_told_of_it() {
        let all = told("We wait. Pat sleeps badly since. They teach yoga.", &[PAT]);
        assert!(all.contains(&feature(Of::SentenceBehind, word("since"))));
        assert!(!all.contains(&feature(Of::SentenceBehind, word("teach"))));
        assert!(!all.contains(&feature(Of::SentenceBefore, word("wait"))));
        assert!(all.contains(&feature(Of::NearBefore, word("wait"))));
    }

    #[test]
    fn all_of_a_sentence_counts_what_stands_before_somebody_too() {
        let all = told(
            "Yes. Since her asthma Pat sleeps badly. Sepsis?",
            &[ASTHMA, PAT],
        );
        let health_and_one = 1 | 1 << 2;
        assert!(all.contains(&feature(Of::InSentence, health_and_one)));
    }

    #[test]
    fn of_names_and_numbers_counts_what_they_are() {
        let all = |text| told(text, &[PAT]);
        assert_eq!(all("Pat Kowalczyk 12"), all("Pat Lindqvist 44"));
        assert_ne!(all("Pat is"), all("Pat has"));
        // Titles count as words.
        assert_ne!(all("Dr Pat"), all("Ms Pat"));
        assert_ne!(
            told("Pat and Lee", &[PAT]),
            told("Pat and Lee", &[PAT, LEE])
        );
    }
}
