//! What stands around findings: a name before `has` and a condition is told of, and
//! one before `teaches` is not. Words in small letters are taken as they are, and those
//! with a capital where they are common ones; of a name, a number or another finding
//! counts what it is.

use super::summary::index_of;
use crate::dlp::FindingKind;
use crate::dlp::lexicon::{Flag, NAMES};
use crate::dlp::passage::Passage;
use crate::dlp::sentence::Piece;
use crate::dlp::tagger::Tag;
use crate::dlp::token::{Gap, Shape, hash, join};
use crate::dlp::unit::UnitKind;

/// How many units or findings count on each side of a finding.
const NEAR: usize = 5;
/// So many findings count of a message, and as many of its page: the others say the same.
const MOST: u32 = 512;

/// What stands for a neighbour that is no word that counts as it is.
const CAPITAL: u32 = hash(b"(capital)");
const NUMBER: u32 = hash(b"(number)");
const LINE: u32 = hash(b"(line)");
const UNIT: u32 = hash(b"(unit)");
const FINDING: u32 = hash(b"(finding)");

/// What is told of a finding: what stands beside it, and on which side; what stands near
/// it on either; and which findings come before it.
const BEFORE: u32 = 1;
const BEHIND: u32 = 2;
const NEARBY: u32 = 3;
const IN_ORDER: u32 = 4;

/// Tells the findings of a passage, which are in order, with what each has beside it
/// and near it, and in which order they come. `before` findings of the message were
/// told already.
pub(super) fn each(passage: &Passage<'_>, tags: &[Tag], before: u32, mut found: impl FnMut(u32)) {
    let mut last = [0; 2];
    let room = MOST.saturating_sub(before) as usize;
    for (n, tag) in tags.iter().enumerate().take(room) {
        let this = of_kind(tag.kind);
        for (side, behind) in [(BEFORE, false), (BEHIND, true)] {
            let walk = Walk::new(passage, tags, n, behind);
            let mut beside = walk.ends_line().then_some(LINE);
            for one in walk.take(NEAR) {
                beside.get_or_insert(one);
                found(join(join(this, one), NEARBY));
            }
            found(join(join(this, beside.unwrap_or(LINE)), side));
        }
        let [before, first] = last;
        if before != 0 {
            found(join(join(before, this), IN_ORDER));
            found(join(join(first, join(before, this)), IN_ORDER));
        }
        last = [this, before];
    }
}

/// Goes away from a finding, unit by unit; another finding is one step.
struct Walk<'p, 't> {
    passage: &'p Passage<'t>,
    tags: &'p [Tag],
    behind: bool,
    /// The next unit in this direction; before, the one behind it.
    at: usize,
    /// Behind: the next finding. Before: how many there are.
    tag: usize,
}

impl<'p, 't> Walk<'p, 't> {
    fn new(passage: &'p Passage<'t>, tags: &'p [Tag], n: usize, behind: bool) -> Self {
        let (at, tag) = match (tags.get(n), behind) {
            (Some(of), true) => (of.last, n + 1),
            (Some(of), false) => (of.first, n),
            (None, _) => (0, 0),
        };
        Self {
            passage,
            tags,
            behind,
            at,
            tag,
        }
    }

    /// Whether the finding is the last or the first of its line, which no sentence goes
    /// over.
    fn ends_line(&self) -> bool {
        let item = self.passage.items.get(self.at);
        item.is_none_or(|item| item.gap >= Gap::Line)
            && Piece::Sentence.opens(self.passage, self.at)
    }
}

impl Iterator for Walk<'_, '_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.behind {
            let at = self.at;
            // Those that lie in the one before are no neighbours.
            while self.tags.get(self.tag).is_some_and(|tag| tag.last <= at) {
                self.tag += 1;
            }
            if let Some(tag) = self.tags.get(self.tag).filter(|tag| tag.first <= at) {
                self.at = tag.last;
                return Some(of_kind(tag.kind));
            }
            self.at += 1;
            class_of(self.passage, at)
        } else {
            let mut before = self.tags.get(..self.tag).unwrap_or_default();
            while let [rest @ .., tag] = before
                && tag.first >= self.at
            {
                before = rest;
            }
            self.tag = before.len();
            let at = self.at.checked_sub(1)?;
            if let Some(tag) = before.last().filter(|tag| tag.last > at) {
                self.at = tag.first;
                return Some(of_kind(tag.kind));
            }
            self.at = at;
            class_of(self.passage, at)
        }
    }
}

fn of_kind(kind: FindingKind) -> u32 {
    join(FINDING, index_of(kind) as u32)
}

/// What counts of a unit that is in no finding.
fn class_of(passage: &Passage<'_>, at: usize) -> Option<u32> {
    let item = passage.items.get(at)?;
    Some(match item.kind {
        UnitKind::Sign => item.hash,
        UnitKind::Number => NUMBER,
        UnitKind::Word if item.shape == Shape::Lower => item.hash,
        UnitKind::Word => {
            let flags = item.flags();
            let plain = flags.has(Flag::English) && !flags.any(NAMES);
            match flags.has(Flag::Function) || plain {
                true => item.hash,
                false => CAPITAL,
            }
        }
        kind => join(UNIT, kind as u32),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::dlp::passage::Region;

    const NAME: FindingKind = FindingKind::Name;
    const CONDITION: FindingKind = FindingKind::Condition;

    fn around(text: &str, labels: &[(&str, FindingKind)]) -> BTreeSet<u32> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tags: Vec<Tag> = labels
            .iter()
            .map(|(word, kind)| {
                let mut all = 0..passage.items.len();
                let first = all.find(|n| passage.bytes(*n) == word.as_bytes()).unwrap();
                Tag {
                    first,
                    last: first + 1,
                    kind: *kind,
                    margin: 70,
                }
            })
            .collect();
        let mut all = BTreeSet::new();
        each(&passage, &tags, 0, |one| {
            all.insert(one);
        });
        all
    }

    const BOTH: [(&str, FindingKind); 2] = [("Pat", NAME), ("asthma", CONDITION)];

    #[test]
    fn what_stands_beside_and_near_a_finding_is_told() {
        let all = around("so Pat has bad asthma .", &BOTH);
        let word = |w: &str| hash(w.as_bytes());
        let (name, condition) = (of_kind(NAME), of_kind(CONDITION));
        for (one, what) in [
            (join(join(name, word("has")), BEHIND), "has behind"),
            (join(join(name, word("so")), BEFORE), "so before"),
            (join(join(condition, word("bad")), BEFORE), "bad before"),
            (join(join(condition, word(".")), BEHIND), "point behind"),
            (join(join(name, word("bad")), NEARBY), "bad near"),
            (join(join(name, condition), NEARBY), "asthma near"),
            (join(join(condition, name), NEARBY), "Pat near"),
            (join(join(name, condition), IN_ORDER), "in order"),
        ] {
            assert!(all.contains(&one), "{what}");
        }
        for (one, what) in [
            (join(join(name, word("has")), BEFORE), "has before"),
            (join(join(name, word("bad")), BEHIND), "bad behind"),
            (join(join(condition, name), IN_ORDER), "the other order"),
        ] {
            assert!(!all.contains(&one), "{what}");
        }
    }

    #[test]
    fn what_is_far_or_over_a_line_is_not_beside() {
        let (name, has) = (of_kind(NAME), hash(b"has"));
        let near = join(join(name, has), NEARBY);
        assert!(around("Pat a b c d has", &BOTH[..1]).contains(&near));
        assert!(!around("Pat a b c d e has", &BOTH[..1]).contains(&near));
        let beside = join(join(name, has), BEHIND);
        assert!(around("Pat has", &BOTH[..1]).contains(&beside));
        // A sentence goes over the end of a line, a list does not.
        assert!(around("we saw Pat\nhas it", &BOTH[..1]).contains(&beside));
        let parted = around("- Pat\n- has", &BOTH[..1]);
        assert!(!parted.contains(&beside));
        assert!(parted.contains(&join(join(name, LINE), BEHIND)));
    }

    #[test]
    fn of_names_and_numbers_counts_what_they_are() {
        let told = |text| around(text, &BOTH[..1]);
        assert_eq!(told("Pat Kowalczyk 12"), told("Pat Lindqvist 4477"));
        assert_ne!(told("Pat Kowalczyk 12"), told("Pat Lindqvist Lee"));
        assert_ne!(told("Pat is"), told("Pat has"));
    }

    #[test]
    fn findings_that_lie_in_others_are_no_neighbours() {
        let text = "so Pat has bad asthma today";
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tag = |first, last, kind| Tag {
            first,
            last,
            kind,
            margin: 70,
        };
        let walk = |tags: &[Tag], n, behind| -> Vec<u32> {
            Walk::new(&passage, tags, n, behind).collect()
        };
        let word = |w: &str| hash(w.as_bytes());
        let (name, condition) = (of_kind(NAME), of_kind(CONDITION));
        let within = [tag(1, 5, NAME), tag(2, 3, CONDITION), tag(2, 5, CONDITION)];
        for n in [0, 2] {
            assert_eq!(walk(&within, n, true), [word("today")], "{n}");
        }
        assert_eq!(walk(&within, 0, false), [word("so")]);
        assert_eq!(walk(&within, 1, false), [name, word("so")]);
        let beside = [tag(0, 1, NAME), tag(1, 2, CONDITION), tag(5, 6, NAME)];
        let (has, bad, asthma) = (word("has"), word("bad"), word("asthma"));
        assert_eq!(walk(&beside, 0, true), [condition, has, bad, asthma, name]);
        assert_eq!(walk(&beside, 2, false), [asthma, bad, has, condition, name]);
    }

    #[test]
    fn of_very_many_findings_the_first_count() {
        let text = "Pat ".repeat(MOST as usize * 2);
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tags: Vec<Tag> = (0..passage.items.len())
            .map(|first| Tag {
                first,
                last: first + 1,
                kind: NAME,
                margin: 70,
            })
            .collect();
        let mut many = 0;
        each(&passage, &tags, 0, |_| many += 1);
        each(&passage, &tags, MOST, |_| many += 1);
        let of_one = 2 * (NEAR + 1) + 2;
        let ends = 2 + NEAR * (NEAR + 1) / 2;
        assert_eq!(many, MOST as usize * of_one - ends);
    }
}
