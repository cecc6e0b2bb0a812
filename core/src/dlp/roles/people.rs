//! All people of a text, each with what is said of them in all places together.

use std::ops::Range;

use super::features::{InSentence, Of, Seen, feature, is_somebody};
use super::same::same;
use crate::dlp::FindingKind;
use crate::dlp::passage::Passage;
use crate::dlp::sentence::Piece;
use crate::dlp::tagger::Tag;
use crate::dlp::tagger::context::Context;
use crate::dlp::token::{hash, join};

/// What holds of all who are called the same, if it holds of one of them.
pub(super) const SAME: u32 = hash(b"(same)");

/// Somebody who is told of in a text.
pub(crate) struct Person {
    /// The tag.
    pub(crate) tag: usize,
    /// The features of this mention, among [`People::told`].
    told: Range<usize>,
    /// The first of the mentions that are of the same person.
    pub(super) same: usize,
    /// Of the first one: how many there are, and what holds of any of them, among
    /// [`People::told`]; of one who is told of once that is what the mention has.
    pub(super) many: usize,
    together: Range<usize>,
}

/// All people of a passage.
pub(crate) struct People {
    told: Vec<u32>,
    pub(crate) all: Vec<Person>,
}

impl People {
    pub(crate) fn new(passage: &Passage<'_>, tags: &[Tag], context: &Context) -> Self {
        let mut people = Self {
            told: Vec::new(),
            all: Vec::new(),
        };
        let seen = Seen::new(passage, tags, context);
        let mut next = tags.iter().position(is_somebody);
        while let Some(first) = next
            && let Some((units, here, _)) = Piece::Sentence.first(passage, &tags[first..])
        {
            let end = first + here.len();
            let before = tags[..first].iter().rev();
            let start = first - before.take_while(|tag| tag.first >= units.start).count();
            let sentence = InSentence::of(units, &tags[start..end]);
            for (n, tag) in (first..).zip(here).filter(|(_, tag)| is_somebody(tag)) {
                let from = people.told.len();
                seen.tell(n, tag, &sentence, people.all.len(), &mut people.told);
                people.all.push(Person {
                    tag: n,
                    told: from..people.told.len(),
                    same: 0,
                    many: 0,
                    together: 0..0,
                });
            }
            next = tags[end..].iter().position(is_somebody).map(|n| end + n);
        }
        people.join(passage, tags);
        people
    }

    /// Finds who is the same, and what holds of them together.
    fn join(&mut self, passage: &Passage<'_>, tags: &[Tag]) {
        let firsts = same(passage, tags, &self.all);
        for (person, first) in self.all.iter_mut().zip(firsts) {
            person.same = first;
        }
        let mut order: Vec<(usize, usize)> = (self.all.iter().zip(0..))
            .map(|(person, n)| (person.same, n))
            .collect();
        order.sort_unstable();
        for same in order.chunk_by(|a, b| a.0 == b.0) {
            let mut votes = Votes::default();
            let from = self.told.len();
            for (_, n) in same {
                let person = &self.all[*n];
                votes.add(&tags[person.tag]);
                if same.len() > 1 {
                    self.told.extend_from_within(person.told.clone());
                }
            }
            let mut together = self.told.split_off(from);
            together.sort_unstable();
            together.dedup();
            votes.tell(&mut together);
            self.told.append(&mut together);
            let first = &mut self.all[same[0].0];
            (first.many, first.together) = (same.len(), from..self.told.len());
        }
    }

    /// The features of a mention: its own, and those of all who are the same.
    #[cfg(any(test, feature = "training"))]
    pub(crate) fn features(&self, person: &Person) -> impl Iterator<Item = u32> {
        let together = self.together(&self.all[person.same]);
        self.own(person).iter().copied().chain(together)
    }

    /// Those of this mention alone.
    pub(super) fn own(&self, person: &Person) -> &[u32] {
        &self.told[person.told.clone()]
    }

    /// Those of all who are the same as the first of them.
    pub(super) fn together(&self, first: &Person) -> impl Iterator<Item = u32> {
        let only = match first.many {
            1 => self.own(first),
            _ => &[],
        };
        let all = only.iter().chain(&self.told[first.together.clone()]);
        all.map(|one| join(*one, SAME))
    }
}

/// What the models said of all mentions of a person.
#[derive(Default, Clone, Copy)]
struct Votes {
    many: u32,
    names: u32,
    /// The sum of the margins, for a patient, against staff.
    sum: i32,
}

impl Votes {
    fn add(&mut self, tag: &Tag) {
        let name = tag.kind == FindingKind::Name;
        let margin = i32::from(tag.leant_margin());
        self.many += 1;
        self.names += u32::from(name);
        self.sum = self.sum.saturating_add(if name { margin } else { -margin });
    }

    fn tell(self, out: &mut Vec<u32>) {
        let sum = (self.sum / 30).clamp(-10, 10);
        let both = u32::from(self.names > 0) | u32::from(self.names < self.many) << 1;
        out.push(feature(Of::Votes, sum.cast_unsigned()));
        out.push(feature(Of::Mentions, self.many.min(4)));
        out.push(feature(Of::Kinds, both | self.many.min(3) << 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    #[test]
    fn all_who_are_the_same_share_what_is_told() {
        let text = "Pat has a cold. Ask Lee. Pat sleeps.";
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let pats = (0..passage.items.len()).filter(|n| passage.bytes(*n) == b"Pat");
        let tags: Vec<Tag> = pats
            .map(|first| Tag {
                first,
                last: first + 1,
                kind: FindingKind::Name,
                margin: 70,
            })
            .collect();
        let people = People::new(&passage, &tags, &Context::default());
        let [one, two] = people.all.as_slice() else {
            panic!("two mentions");
        };
        let (has, sleeps) = (
            feature(Of::Behind, hash(b"has")),
            feature(Of::Behind, hash(b"sleeps")),
        );
        assert!(people.own(one).contains(&has) && !people.own(two).contains(&has));
        for person in [one, two] {
            let all: Vec<u32> = people.features(person).collect();
            assert!([has, sleeps].iter().all(|f| all.contains(&join(*f, SAME))));
        }
    }
}
