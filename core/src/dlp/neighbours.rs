//! What stands beside a finding, from the nearest on.

use super::FindingKind;
use super::lexicon::{Flag, Flags, NAMES};
use super::passage::Passage;
use super::risk::summary::index_of;
use super::sentence::Piece;
use super::tagger::Tag;
use super::token::{Gap, Shape, hash, join};
use super::unit::UnitKind;

/// What stands for the end of a line.
pub(super) const LINE: u32 = hash(b"(line)");
/// What stands for a neighbour that is no word that counts as it is.
const CAPITAL: u32 = hash(b"(capital)");
const NUMBER: u32 = hash(b"(number)");
const UNIT: u32 = hash(b"(unit)");
const FINDING: u32 = hash(b"(finding)");
/// Signs that stand around a value and say nothing of it: what is beside `name: Ana` is
/// beside `"name": "Ana"` too, and beside `\"name\": \"Ana\"`.
const QUOTES: [u32; 4] = [hash(b"\""), hash(b"'"), hash(b"`"), hash(b"\\")];
/// Between a label and its value the one says what the other does.
const EQUALS: u32 = hash(b"=");
const COLON: u32 = hash(b":");

/// Which way is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Behind,
}

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbour {
    /// A unit that is in no finding.
    Unit(usize),
    /// Another finding: its first unit, and its kind.
    Found(usize, FindingKind),
}

impl Neighbour {
    /// Its first unit.
    pub(super) fn at(self) -> usize {
        match self {
            Self::Unit(at) | Self::Found(at, _) => at,
        }
    }

    /// What counts of it. Words in small letters are taken as they are, and those with a
    /// capital where they are common ones, or one of some others; of a name, a number or
    /// another finding counts what it is.
    pub(super) fn counts(self, passage: &Passage<'_>, others: Flags) -> u32 {
        let at = match self {
            Self::Found(_, kind) => return of_kind(kind),
            Self::Unit(at) => at,
        };
        let Some(item) = passage.items.get(at) else {
            return 0;
        };
        match item.kind {
            UnitKind::Sign if item.hash == EQUALS => COLON,
            UnitKind::Sign => item.hash,
            UnitKind::Number => NUMBER,
            UnitKind::Word if item.shape == Shape::Lower => item.hash,
            UnitKind::Word => {
                let flags = item.flags();
                let plain = flags.has(Flag::English) && !flags.any(NAMES);
                match flags.has(Flag::Function) || plain || flags.any(others) {
                    true => item.hash,
                    false => CAPITAL,
                }
            }
            kind => join(UNIT, kind as u32),
        }
    }
}

/// What counts of a finding.
pub(super) fn of_kind(kind: FindingKind) -> u32 {
    join(FINDING, index_of(kind) as u32)
}

/// Goes away from a finding, unit by unit and over quotes; another finding is one step.
pub(super) struct Neighbours<'p, 't> {
    passage: &'p Passage<'t>,
    tags: &'p [Tag],
    side: Side,
    /// Behind: the next unit. Before: the one behind it.
    at: usize,
    /// Behind: the next finding. Before: how many there are.
    tag: usize,
}

impl<'p, 't> Neighbours<'p, 't> {
    /// Those of finding `n` of some that are in order.
    pub(super) fn new(passage: &'p Passage<'t>, tags: &'p [Tag], n: usize, side: Side) -> Self {
        let (at, tag) = match (tags.get(n), side) {
            (Some(of), Side::Behind) => (of.last, n + 1),
            (Some(of), Side::Before) => (of.first, n),
            (None, _) => (0, 0),
        };
        let mut all = Self {
            passage,
            tags,
            side,
            at,
            tag,
        };
        all.pass_quotes();
        all
    }

    /// Over the quotes that come next, if they are in no finding.
    fn pass_quotes(&mut self) {
        let is_quote = |at: usize| {
            let item = self.passage.items.get(at);
            item.is_some_and(|item| item.kind == UnitKind::Sign && QUOTES.contains(&item.hash))
        };
        let within = |tag: Option<&Tag>, at: usize| {
            tag.is_some_and(|tag| (tag.first..tag.last).contains(&at))
        };
        match self.side {
            Side::Behind => {
                while is_quote(self.at) && !within(self.tags.get(self.tag), self.at) {
                    self.at += 1;
                }
            }
            Side::Before => {
                let before = self.tags.get(..self.tag).unwrap_or_default().last();
                while let Some(at) = self.at.checked_sub(1)
                    && is_quote(at)
                    && !within(before, at)
                {
                    self.at = at;
                }
            }
        }
    }

    /// Whether the finding is the last or the first of its line, which no sentence goes
    /// over. To be asked before the first step.
    pub(super) fn end_line(&self) -> bool {
        let item = self.passage.items.get(self.at);
        item.is_none_or(|item| item.gap >= Gap::Line)
            && Piece::Sentence.opens(self.passage, self.at)
    }
}

impl Iterator for Neighbours<'_, '_> {
    type Item = Neighbour;

    fn next(&mut self) -> Option<Neighbour> {
        let next = self.step();
        self.pass_quotes();
        next
    }
}

impl Neighbours<'_, '_> {
    fn step(&mut self) -> Option<Neighbour> {
        match self.side {
            Side::Behind => {
                let at = self.at;
                // Those that lie in the one before are no neighbours.
                while self.tags.get(self.tag).is_some_and(|tag| tag.last <= at) {
                    self.tag += 1;
                }
                if let Some(tag) = self.tags.get(self.tag).filter(|tag| tag.first <= at) {
                    self.at = tag.last;
                    return Some(Neighbour::Found(at, tag.kind));
                }
                self.at += 1;
                (at < self.passage.items.len()).then_some(Neighbour::Unit(at))
            }
            Side::Before => {
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
                    return Some(Neighbour::Found(tag.first, tag.kind));
                }
                self.at = at;
                Some(Neighbour::Unit(at))
            }
        }
    }
}

/// Tags of a kind for the first units that are some words.
#[cfg(test)]
pub(super) fn tagged(passage: &Passage<'_>, labels: &[(&str, FindingKind)]) -> Vec<Tag> {
    let tag = |(word, kind): &(&str, FindingKind)| {
        let mut all = 0..passage.items.len();
        let first = all.find(|n| passage.bytes(*n) == word.as_bytes());
        let first = first.unwrap_or_else(|| panic!("{word} is no unit of {}", text(passage)));
        Tag {
            first,
            last: first + 1,
            kind: *kind,
            margin: 70,
        }
    };
    labels.iter().map(tag).collect()
}

/// The units of a passage, a bar between them.
#[cfg(test)]
fn text(passage: &Passage<'_>) -> String {
    let unit = |n| String::from_utf8_lossy(passage.bytes(n)).into_owned();
    (0..passage.items.len())
        .map(unit)
        .collect::<Vec<_>>()
        .join("|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    #[test]
    fn quotes_around_a_finding_are_no_neighbours() {
        use Neighbour::{Found, Unit};
        let all = |text: &str| {
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let labels = [
                ("Pat", FindingKind::Name),
                ("asthma", FindingKind::Condition),
            ];
            let tags = tagged(&passage, &labels);
            let told = |n, side| {
                let neighbours = Neighbours::new(&passage, &tags, n, side);
                let end = neighbours.end_line();
                let said = |one: Neighbour| one.counts(&passage, Flags::default());
                (end, neighbours.map(said).collect::<Vec<_>>())
            };
            [0, 1].map(|n| [Side::Before, Side::Behind].map(|side| told(n, side)))
        };
        let plain = all("- name: Pat\n- has: asthma\n");
        for text in [
            "- \"name\": \"Pat\"\n- \"has\": \"asthma\"\n",
            "- \\\"name\\\": \\\"Pat\\\"\n- \\\"has\\\": \\\"asthma\\\"\n",
            "- 'name': 'Pat'\n- `has`: `asthma`\n",
            "- name = Pat\n- has = \"asthma\"\n",
        ] {
            assert_eq!(all(text), plain, "{text}");
        }
        // One that is part of a finding stays with it.
        let passage = Passage::read(b"Pat \"Bo\" Lee sang", 0, 17, Region::Body);
        let tag = |first, last| Tag {
            first,
            last,
            kind: FindingKind::Name,
            margin: 70,
        };
        let tags = [tag(0, 1), tag(1, 5)];
        let next = |n, side| Neighbours::new(&passage, &tags, n, side).next();
        assert_eq!(next(0, Side::Behind), Some(Found(1, FindingKind::Name)));
        assert_eq!(next(1, Side::Before), Some(Found(0, FindingKind::Name)));
        assert_eq!(next(1, Side::Behind), Some(Unit(5)));
    }

    #[test]
    fn findings_that_lie_in_others_are_no_neighbours() {
        use FindingKind::{Condition, Name};
        use Neighbour::{Found, Unit};
        let text = "so Pat has bad asthma today";
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tag = |first, last, kind| Tag {
            first,
            last,
            kind,
            margin: 70,
        };
        let all = |tags: &[Tag], n, side| -> Vec<Neighbour> {
            Neighbours::new(&passage, tags, n, side).collect()
        };
        let within = [tag(1, 5, Name), tag(2, 3, Condition), tag(2, 5, Condition)];
        for n in [0, 2] {
            assert_eq!(all(&within, n, Side::Behind), [Unit(5)], "{n}");
        }
        assert_eq!(all(&within, 0, Side::Before), [Unit(0)]);
        assert_eq!(all(&within, 1, Side::Before), [Found(1, Name), Unit(0)]);
        let beside = [tag(0, 1, Name), tag(1, 2, Condition), tag(5, 6, Name)];
        let behind = [
            Found(1, Condition),
            Unit(2),
            Unit(3),
            Unit(4),
            Found(5, Name),
        ];
        assert_eq!(all(&beside, 0, Side::Behind), behind);
        let before = [
            Unit(4),
            Unit(3),
            Unit(2),
            Found(1, Condition),
            Found(0, Name),
        ];
        assert_eq!(all(&beside, 2, Side::Before), before);
    }
}
