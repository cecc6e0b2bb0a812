//! What the models see of a unit: numbers of hash-table rows.
//!
//! The same functions serve training and scanning; a change here asks for the
//! models to be trained anew.

use std::sync::LazyLock;

use crate::dlp::lexicon::{Class, Flag, Flags, Lexicon};
use crate::dlp::passage::{Item, Passage, Region};
use crate::dlp::token::{Gap, Shape, join};
use crate::dlp::unit::{Facts, UnitKind};

use super::context::Context;

/// The rows of one unit.
pub(crate) struct Rows {
    rows: [u32; Self::MAX],
    len: usize,
    #[cfg(feature = "training")]
    templates: [u32; Self::MAX],
}

impl Rows {
    pub(crate) const MAX: usize = 96;

    pub(crate) fn new() -> Self {
        Self {
            rows: [0; Self::MAX],
            len: 0,
            #[cfg(feature = "training")]
            templates: [0; Self::MAX],
        }
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.rows[..self.len]
    }

    /// Back to the first `len` rows.
    #[cfg(feature = "training")]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[cfg(feature = "training")]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn add(&mut self, template: u32, value: u32) {
        self.add_all(template, [value]);
    }

    /// The row of a template's value.
    pub(super) fn row(template: u32, value: u32) -> u32 {
        join(template.wrapping_mul(0x9e37_79b1), value)
    }

    /// Puts them in the order of their templates, which training asks for: it
    /// hides some by chance.
    #[cfg(feature = "training")]
    pub(super) fn sort(&mut self) {
        let mut all: Vec<(u32, u32)> = self.templates[..self.len]
            .iter()
            .copied()
            .zip(self.rows)
            .collect();
        all.sort_by_key(|(template, _)| *template);
        for (n, (template, row)) in all.into_iter().enumerate() {
            (self.templates[n], self.rows[n]) = (template, row);
        }
    }

    /// Adds values of templates that follow on one another.
    pub(super) fn add_all<const N: usize>(&mut self, first: u32, values: [u32; N]) {
        #[cfg(feature = "training")]
        if let Some(templates) = self.templates.get_mut(self.len..self.len + N) {
            templates.copy_from_slice(&std::array::from_fn::<u32, N, _>(|n| first + n as u32));
        }
        if let Some(rows) = self.rows.get_mut(self.len..self.len + N) {
            for ((row, template), value) in rows.iter_mut().zip(first..).zip(values) {
                *row = Self::row(template, value);
            }
            self.len += N;
        }
    }
}

const NAME: Flags = Flags::of(&[
    Flag::GivenTop,
    Flag::Given,
    Flag::GivenWorld,
    Flag::SurnameTop,
    Flag::SurnameMid,
    Flag::SurnameRare,
    Flag::SurnameWorld,
    Flag::NameAmbiguous,
]);
const HEALTH: Flags = Flags::of(&[
    Flag::Medication,
    Flag::MedicationUnsure,
    Flag::MedicationNear,
    Flag::Condition,
    Flag::ConditionUnsure,
    Flag::Procedure,
    Flag::ProcedureUnsure,
    Flag::Lab,
    Flag::LabUnsure,
]);
const PARTS: Flags = Flags::of(&[
    Flag::ConditionWord,
    Flag::ProcedureWord,
    Flag::MedicationWord,
    Flag::LabWord,
]);
const PLACE: Flags = Flags::of(&[
    Flag::State,
    Flag::City,
    Flag::Street,
    Flag::StreetSuffix,
    Flag::UnitWord,
    Flag::FacilityPrefix,
    Flag::FacilityField,
    Flag::FacilitySuffix,
]);
const PEOPLE: Flags = Flags::of(&[
    Flag::TitleBefore,
    Flag::TitleAfter,
    Flag::Role,
    Flag::PersonalTitle,
    Flag::Relative,
    Flag::CueName,
    Flag::CueProvider,
    Flag::CueAddress,
    Flag::CueBirth,
]);
const TITLE: Flags = Flags::of(&[Flag::TitleBefore, Flag::TitleAfter]);
const RELATIVE: Flags = Flags::of(&[Flag::Relative, Flag::PersonalTitle]);
const PLAIN: Flags = Flags::of(&[Flag::English, Flag::Function, Flag::Month, Flag::Weekday]);
const CUES: Flags = Flags((((1 << 28) - 1) as u128) << (Flag::CueSsn as u8));

/// The flags of a group as one number.
fn group(flags: Flags, of: Flags) -> u32 {
    let bits = flags.0 & of.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a hash of the bits is wanted"
    )]
    let (low, high) = (
        (bits as u64) as u32 ^ (bits >> 32) as u32,
        (bits >> 64) as u32,
    );
    if bits == 0 { 0 } else { join(low, high) | 1 }
}

/// What the lists say, as bits: each group's flags without those of others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lists {
    pub(super) name: u8,
    pub(super) health: u16,
    pub(super) place: u8,
    pub(super) people: u16,
    pub(super) parts: u8,
    pub(super) plain: u8,
}

/// The bits from a flag on, `MANY` of them.
#[expect(clippy::cast_possible_truncation, reason = "16 bits are wanted")]
const fn bits<const MANY: u32>(flags: Flags, first: Flag) -> u16 {
    (flags.0 >> first as u8) as u16 & ((1 << MANY) - 1)
}

/// The flags whose bits these are.
fn flags_of(bits: u16, first: Flag) -> Flags {
    Flags(u128::from(bits) << first as u8)
}

impl Lists {
    /// Nothing.
    pub(super) const NONE: Self = Self {
        name: 0,
        health: 0,
        place: 0,
        people: 0,
        parts: 0,
        plain: 0,
    };

    fn of(flags: Flags) -> Self {
        let byte = |bits: u16| bits.to_le_bytes()[0];
        Self {
            name: byte(bits::<8>(flags, Flag::GivenTop)),
            health: bits::<9>(flags, Flag::Medication),
            place: byte(bits::<8>(flags, Flag::State)),
            people: bits::<5>(flags, Flag::TitleBefore)
                | bits::<3>(flags, Flag::CueName) << 5
                | bits::<1>(flags, Flag::CueBirth) << 8,
            parts: byte(bits::<4>(flags, Flag::ConditionWord)),
            plain: byte(bits::<2>(flags, Flag::English) | bits::<2>(flags, Flag::Month) << 2),
        }
    }

    // The groups as numbers.

    pub(super) fn named(self) -> u32 {
        group(flags_of(self.name.into(), Flag::GivenTop), NAME)
    }

    pub(super) fn healthy(self) -> u32 {
        group(flags_of(self.health, Flag::Medication), HEALTH)
    }

    pub(super) fn placed(self) -> u32 {
        group(flags_of(self.place.into(), Flag::State), PLACE)
    }

    pub(super) fn peopled(self) -> u32 {
        let titles = flags_of(self.people & 31, Flag::TitleBefore);
        let cues = flags_of(self.people >> 5 & 7, Flag::CueName);
        let birth = flags_of(self.people >> 8, Flag::CueBirth);
        group(titles.and(cues).and(birth), PEOPLE)
    }

    pub(super) fn parted(self) -> u32 {
        group(flags_of(self.parts.into(), Flag::ConditionWord), PARTS)
    }

    pub(super) fn plainly(self) -> u32 {
        let english = flags_of(u16::from(self.plain & 3), Flag::English);
        let month = flags_of(u16::from(self.plain >> 2), Flag::Month);
        group(english.and(month), PLAIN)
    }
}

/// The groups of a set of flags.
#[derive(Clone, Copy)]
pub(super) struct Groups {
    /// That of names as a number.
    pub(super) name: u32,
    pub(super) lists: Lists,
    /// Whether it is a common word of English.
    pub(super) english: bool,
    /// The labels, from the first on.
    cues: u32,
    /// [`NAMED`] and the like.
    people_bits: u32,
}

/// What stands on a line, as bits.
const NAMED: u32 = 1;
const TITLED: u32 = 1 << 1;
const HEALTHY: u32 = 1 << 2;
const RELATED: u32 = 1 << 3;
const FUNCTION: u32 = 1 << 4;

impl Groups {
    fn of(flags: Flags) -> Self {
        Self {
            lists: Lists::of(flags),
            english: flags.has(Flag::English),
            name: group(flags, NAME),
            #[expect(clippy::cast_possible_truncation, reason = "there are 28")]
            cues: ((flags.0 & CUES.0) >> Flag::CueSsn as u8) as u32,
            people_bits: [
                (NAMED, flags.any(NAME)),
                (TITLED, flags.any(TITLE)),
                (HEALTHY, flags.any(HEALTH)),
                (RELATED, flags.any(RELATIVE)),
                (FUNCTION, flags.has(Flag::Function)),
            ]
            .into_iter()
            .fold(0, |all, (bit, has)| if has { all | bit } else { all }),
        }
    }
}

/// Those of each class of the lexicon.
static GROUPS: LazyLock<Vec<Groups>> = LazyLock::new(|| {
    let classes = Lexicon::get().classes().iter();
    classes.map(|flags| Groups::of(*flags)).collect()
});

/// The groups of all classes at hand.
#[derive(Clone, Copy)]
pub(super) struct GroupsOf(&'static [Groups]);

impl GroupsOf {
    pub(super) fn get() -> Self {
        Self(&GROUPS)
    }

    pub(super) fn of(self, class: Class) -> &'static Groups {
        self.0.get(class.index()).unwrap_or(&NO_GROUPS)
    }
}

/// Those of no flag.
static NO_GROUPS: Groups = Groups {
    name: 0,
    lists: Lists::NONE,
    english: false,
    cues: 0,
    people_bits: 0,
};

pub(super) fn groups(class: Class) -> &'static Groups {
    GroupsOf::get().of(class)
}

struct Window<'p, 'a> {
    passage: &'p Passage<'a>,
    at: usize,
}

impl<'p> Window<'p, '_> {
    fn item(&self, offset: isize) -> Option<&'p Item> {
        self.at
            .checked_add_signed(offset)
            .and_then(|n| self.passage.items.get(n))
    }

    /// The words, or what kinds of things, or the edge of the text: of nine units
    /// before it, the nearest first, and of two behind.
    fn hashes(&self) -> ([u32; 9], [u32; 2]) {
        let (mut before, mut behind) = ([1; 9], [1; 2]);
        let items = &self.passage.items;
        let of = |item: &Item, edge: bool| match item.kind {
            _ if edge => 2,
            UnitKind::Word | UnitKind::Sign => item.hash,
            kind => kind as u32 + 16,
        };
        let mut edge = self.gap(0) == Gap::Paragraph;
        let nearest = items.get(..self.at).unwrap_or_default().iter().rev();
        for (hash, item) in before.iter_mut().zip(nearest) {
            *hash = of(item, edge);
            edge |= item.gap == Gap::Paragraph;
        }
        edge = false;
        let next = items.get(self.at + 1..).unwrap_or_default();
        for (hash, item) in behind.iter_mut().zip(next) {
            edge |= item.gap == Gap::Paragraph;
            *hash = of(item, edge);
        }
        (before, behind)
    }

    fn gap(&self, offset: isize) -> Gap {
        self.item(offset).map_or(Gap::Paragraph, |i| i.gap)
    }

    fn flags(&self, offset: isize) -> Flags {
        self.item(offset).map(Item::flags).unwrap_or_default()
    }

    fn word(&self, offset: isize) -> Class {
        self.item(offset).map(|i| i.word).unwrap_or_default()
    }

    fn shape(&self, offset: isize) -> u32 {
        self.item(offset)
            .map_or(31, |i| i.shape as u32 | (i.kind as u32) << 4)
    }

    /// Whether it is the first of its line.
    fn line_start(&self) -> bool {
        self.gap(0) >= Gap::Line
    }
}

pub(super) fn suffix(bytes: &[u8], n: usize) -> u32 {
    let tail = bytes.len().saturating_sub(n);
    crate::dlp::token::hash(&bytes[tail..])
}

pub(super) fn prefix(bytes: &[u8], n: usize) -> u32 {
    crate::dlp::token::hash(&bytes[..n.min(bytes.len())])
}

/// What the code model sees of a unit.
pub(crate) fn code(passage: &Passage<'_>, context: &Context, at: usize, rows: &mut Rows) {
    let w = Window { passage, at };
    let Some(item) = w.item(0) else { return };
    let kind = item.kind as u32;
    let (before, behind) = w.hashes();
    let hash = |offset: isize| match offset {
        0.. => behind.get(offset.unsigned_abs().wrapping_sub(1)),
        _ => before.get(offset.unsigned_abs() - 1),
    };
    let hash = |offset: isize| hash(offset).copied().unwrap_or(1);
    let people = line_people(&w);
    let bytes = passage.bytes(at);
    let cue = u32::from(item.cue);
    let near = u32::from(match item.cue_distance {
        0..=2 => 1u8,
        3..=4 => 2,
        5..=8 => 3,
        _ => 4,
    });
    let strong = item.facts.0
        & (Facts::CARD.0
            | Facts::IBAN.0
            | Facts::VIN.0
            | Facts::MBI.0
            | Facts::NPI.0
            | Facts::DEA.0
            | Facts::ICD.0
            | Facts::HCPCS.0
            | Facts::LOINC.0
            | Facts::NDC_SHAPE.0
            | Facts::SSN_SHAPE.0
            | Facts::ICD_DOTTED.0
            | Facts::CPT_SHAPE.0
            | Facts::OVER_89.0
            | Facts::MASKED.0
            | Facts::UNIQUE.0);
    let length = u32::try_from(bytes.len().min(24)).unwrap_or(24);
    let line_cues = line_cues(&w);
    let right = right_cues(&w);

    let mut facts = item.facts.0;
    rows.add_all(101, [kind, join(kind, facts)]);
    while facts != 0 {
        rows.add(103, join(kind, facts.trailing_zeros() + 1));
        facts &= facts - 1;
    }
    let care = context.care();
    let speech = context.speech();
    let year = u32::from(item.facts.has(Facts::YEAR));
    let region = passage.region as u32;
    let gaps = join(item.gap as u32, join(w.gap(1) as u32, kind));
    let names = [-1, 1].map(|n| groups(w.word(n)).name);
    let around = [-1, 1].map(|n| join(group(w.flags(n), PEOPLE.and(HEALTH)), kind));
    rows.add_all(
        104,
        [
            item.hash,
            join(cue, kind),
            join(cue, join(near, kind)),
            join(cue, join(near, item.hash)),
            join(cue, join(strong, kind)),
            join(hash(-1), kind),
            join(hash(-2), kind),
            join(hash(-3), kind),
            join(hash(1), kind),
            join(hash(2), kind),
            join(hash(-1), join(hash(-2), kind)),
            join(hash(-1), item.hash),
            join(line_cues, kind),
            join(right, kind),
            join(right, join(cue, strong)),
            join(region, kind),
            join(care, kind),
            join(care, join(kind, cue)),
            join(speech, kind),
            join(speech, join(care, join(kind, year))),
        ],
    );
    let prior = u32::from(context.prior);
    rows.add_all(
        140,
        [
            join(prior, kind),
            join(prior, join(kind, join(cue, near))),
            join(prior, join(kind, hash(-1))),
            join(prior, join(kind, item.facts.0)),
            join(prior, join(kind, region)),
            join(prior, join(kind, item.hash)),
        ],
    );
    rows.add_all(
        124,
        [
            join(length, kind),
            join(prefix(bytes, 2), kind),
            join(prefix(bytes, 3), length),
            join(w.shape(-1), join(w.shape(1), kind)),
            gaps,
            join(names[1], join(names[0], kind)),
            around[0],
            around[1],
            join(u32::from(w.line_start()), join(kind, hash(1))),
            join(decade(bytes, item), kind),
            join(people, kind),
            join(people, join(care, kind)),
        ],
    );
    if let Some(n) = (1..=8).find(|n| {
        w.item(-n)
            .is_some_and(|i| i.kind == UnitKind::Word && i.shape != Shape::Sign)
    }) {
        rows.add(136, join(hash(-n), kind));
        rows.add(137, join(hash(-n), join(hash(-n - 1), kind)));
        rows.add(138, join(hash(-n), item.hash));
    }
    for n in 4..=6 {
        rows.add(139, join(hash(-n), kind));
    }
}

/// The units before it on its line, the nearest first.
fn line_before<'p>(w: &Window<'p, '_>) -> impl Iterator<Item = &'p Item> {
    let before = w.passage.items.get(..w.at).unwrap_or_default();
    let mut gap = w.gap(0);
    before.iter().rev().take_while(move |item| {
        let same = gap < Gap::Line;
        gap = item.gap;
        same
    })
}

/// The labels before it on its line, as one number.
fn line_cues(w: &Window<'_, '_>) -> u32 {
    cues(line_before(w).take(12))
}

/// The labels behind it, three units at most.
fn right_cues(w: &Window<'_, '_>) -> u32 {
    let behind = w.passage.items.get(w.at + 1..).unwrap_or_default().iter();
    cues(behind.take(3).take_while(|item| item.gap < Gap::Line))
}

fn cues<'p>(items: impl Iterator<Item = &'p Item>) -> u32 {
    let of = |item: &Item| groups(item.word).cues | groups(item.phrase).cues;
    let bits = items.fold(0, |all, item| all | of(item));
    group(Flags(u128::from(bits) << Flag::CueSsn as u8), CUES)
}

/// Whether names or titles stand on its line before it, and what else of that
/// sort: 4 bits.
fn line_people(w: &Window<'_, '_>) -> u32 {
    line_before(w).take(10).fold(0, |all, item| {
        let mut bits = groups(item.word).people_bits | groups(item.phrase).people_bits;
        if item.shape == Shape::Lower || bits & FUNCTION != 0 {
            bits &= !NAMED;
        }
        all | bits & (NAMED | TITLED | HEALTHY | RELATED)
    })
}

/// The decade of a date's year: births lie further back than visits.
fn decade(bytes: &[u8], item: &Item) -> u32 {
    if !matches!(item.kind, UnitKind::Date | UnitKind::Month) || !item.facts.has(Facts::YEAR) {
        return 99;
    }
    let mut number = 0u32;
    let mut digits = 0;
    let mut found = 0;
    for &b in bytes.iter().chain(b" ") {
        if b.is_ascii_digit() {
            // Of `19580314` the year alone.
            if digits < 4 {
                number = number * 10 + u32::from(b - b'0');
            }
            digits += 1;
        } else {
            if digits >= 4 {
                found = number;
            } else if digits == 2 {
                found = found.max(if number > 40 {
                    1900 + number
                } else {
                    2000 + number
                });
            }
            (number, digits) = (0, 0);
        }
    }
    match found {
        0..=1899 => 0,
        1900..=1999 => found / 10,
        2000..=2014 => 200,
        2015..=2022 => 201,
        _ => 202,
    }
}

/// Whether the word model looks at a unit at all: the words that only hold a
/// sentence together, signs and what has a shape of its own are looked at only
/// inside something that has begun.
#[inline]
pub(crate) fn asks_word(item: &Item, one: u8) -> bool {
    match item.kind {
        UnitKind::Word => {
            one != 0 || !(item.shape == Shape::Lower && item.word.flags().has(Flag::Function))
        }
        UnitKind::Code | UnitKind::Number => true,
        UnitKind::Sign => one != 0,
        UnitKind::Age | UnitKind::Month => one != 0,
        _ => false,
    }
}

/// Whether the code model looks at a unit.
#[inline]
pub(crate) fn asks_code(passage: &Passage<'_>, at: usize) -> bool {
    let Some(item) = passage.items.get(at) else {
        return false;
    };
    match item.kind {
        UnitKind::Word => {
            item.may_be_code() && passage.bytes(at).len() >= 4 && passage.region != Region::Code
        }
        UnitKind::Sign | UnitKind::Time | UnitKind::Money => false,
        UnitKind::Number => {
            passage.bytes(at).len() >= 4
                || item.facts.has(Facts::OVER_89)
                || item.cue != 0 && item.cue_distance <= 3
        }
        UnitKind::Age => item.facts.has(Facts::OVER_89),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_the_lists_stand_for_their_groups() {
        let mut different = std::collections::HashSet::new();
        for &flags in Lexicon::get().classes() {
            let lists = Lists::of(flags);
            assert_eq!(lists.named(), group(flags, NAME));
            assert_eq!(lists.healthy(), group(flags, HEALTH));
            assert_eq!(lists.placed(), group(flags, PLACE));
            assert_eq!(lists.peopled(), group(flags, PEOPLE));
            assert_eq!(lists.parted(), group(flags, PARTS));
            assert_eq!(lists.plainly(), group(flags, PLAIN));
            different.extend([lists.named(), lists.healthy(), lists.peopled()]);
        }
        assert!(different.len() > 100);
    }
}
