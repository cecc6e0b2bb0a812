//! What the models see of a unit: numbers of hash-table rows.
//!
//! The same functions serve training and scanning; a change here asks for the
//! models to be trained anew.

use std::sync::LazyLock;

use crate::dlp::lexicon::{Class, Flag, Flags, Lexicon};
use crate::dlp::passage::Item;
use crate::dlp::token::{self, Shape, join};
use crate::dlp::unit::UnitKind;

/// The rows of one unit.
pub(crate) struct Rows {
    rows: [u32; Self::MAX],
    len: usize,
    #[cfg(feature = "training")]
    templates: [u32; Self::MAX],
}

impl Rows {
    /// More than any unit has; a power of 2.
    pub(crate) const MAX: usize = 128;

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

    #[inline]
    pub(super) fn add(&mut self, template: u32, value: u32) {
        let at = self.len % Self::MAX;
        #[cfg(feature = "training")]
        {
            self.templates[at] = template;
        }
        self.rows[at] = Self::row(template, value);
        self.len = at.wrapping_add(1);
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
const fn group(flags: Flags, of: Flags) -> u32 {
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

/// What the lists say, as bits: each group's flags without those of others, one
/// group behind the other. The lowest byte is free, for a shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lists(pub(super) u64);

/// A group's place among the bits.
pub(super) struct Field {
    shift: u32,
    bits: u32,
}

impl Field {
    /// Those of all fields from this to `last`.
    pub(super) const fn to(&self, last: &Self) -> u64 {
        (1 << (last.shift + last.bits)) - (1 << self.shift)
    }

    pub(super) const fn mask(&self) -> u64 {
        self.to(self)
    }
}

/// The bits from a flag on, `many` of them.
const fn bits(flags: Flags, first: Flag, many: u32) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
    let low = (flags.0 >> first as u8) as u64;
    low & ((1 << many) - 1)
}

/// The numbers of a group for all that its bits can be, which stand for flags
/// from several on: of each piece how many, and the first flag.
const fn numbers<const MANY: usize>(of: Flags, pieces: &[(u32, Flag)]) -> [u32; MANY] {
    let mut out = [0; MANY];
    let mut n = 0;
    while n < MANY {
        let (mut flags, mut left, mut piece) = (0, n as u128, 0);
        while piece < pieces.len() {
            let (many, first) = pieces[piece];
            flags |= (left & ((1 << many) - 1)) << first as u8;
            left >>= many;
            piece += 1;
        }
        out[n] = group(Flags(flags), of);
        n += 1;
    }
    out
}

static NAMED_AS: [u32; 256] = numbers(NAME, &[(8, Flag::GivenTop)]);
static HEALTHY_AS: [u32; 512] = numbers(HEALTH, &[(9, Flag::Medication)]);
static PLACED_AS: [u32; 256] = numbers(PLACE, &[(8, Flag::State)]);
static PEOPLED_AS: [u32; 512] = numbers(
    PEOPLE,
    &[
        (5, Flag::TitleBefore),
        (3, Flag::CueName),
        (1, Flag::CueBirth),
    ],
);
static PARTED_AS: [u32; 16] = numbers(PARTS, &[(4, Flag::ConditionWord)]);
static PLAINLY_AS: [u32; 16] = numbers(PLAIN, &[(2, Flag::English), (2, Flag::Month)]);

impl Lists {
    /// Nothing.
    pub(super) const NONE: Self = Self(0);

    pub(super) const SHAPE: Field = Field { shift: 0, bits: 8 };
    pub(super) const PARTS: Field = Field { shift: 8, bits: 4 };
    pub(super) const NAME: Field = Field { shift: 12, bits: 8 };
    pub(super) const HEALTH: Field = Field { shift: 20, bits: 9 };
    pub(super) const PEOPLE: Field = Field { shift: 29, bits: 9 };
    pub(super) const PLACE: Field = Field { shift: 38, bits: 8 };
    pub(super) const PLAIN: Field = Field { shift: 46, bits: 4 };

    const fn of(flags: Flags) -> Self {
        let name = bits(flags, Flag::GivenTop, 8);
        let health = bits(flags, Flag::Medication, 9);
        let place = bits(flags, Flag::State, 8);
        let people = bits(flags, Flag::TitleBefore, 5)
            | bits(flags, Flag::CueName, 3) << 5
            | bits(flags, Flag::CueBirth, 1) << 8;
        let parts = bits(flags, Flag::ConditionWord, 4);
        let plain = bits(flags, Flag::English, 2) | bits(flags, Flag::Month, 2) << 2;
        Self(
            name << Self::NAME.shift
                | health << Self::HEALTH.shift
                | place << Self::PLACE.shift
                | people << Self::PEOPLE.shift
                | parts << Self::PARTS.shift
                | plain << Self::PLAIN.shift,
        )
    }

    /// The bits of some fields alone.
    pub(super) const fn only(self, mask: u64) -> u64 {
        self.0 & mask
    }

    /// A group's number in a table of all.
    fn number<const MANY: usize>(self, field: &Field, all: &[u32; MANY]) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "a field has few bits")]
        let n = (self.only(field.mask()) >> field.shift) as usize;
        all.get(n).copied().unwrap_or_default()
    }

    pub(super) fn shape(self) -> u32 {
        u32::from(self.0.to_le_bytes()[0])
    }

    // The groups as numbers.

    pub(super) fn named(self) -> u32 {
        self.number(&Self::NAME, &NAMED_AS)
    }

    pub(super) fn healthy(self) -> u32 {
        self.number(&Self::HEALTH, &HEALTHY_AS)
    }

    pub(super) fn placed(self) -> u32 {
        self.number(&Self::PLACE, &PLACED_AS)
    }

    pub(super) fn peopled(self) -> u32 {
        self.number(&Self::PEOPLE, &PEOPLED_AS)
    }

    pub(super) fn parted(self) -> u32 {
        self.number(&Self::PARTS, &PARTED_AS)
    }

    pub(super) fn plainly(self) -> u32 {
        self.number(&Self::PLAIN, &PLAINLY_AS)
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
    /// Whether it only holds a sentence together.
    pub(super) function: bool,
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
            function: flags.has(Flag::Function),
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
#[derive(Clone, Copy, Default)]
pub(super) struct GroupsOf(&'static [Groups]);

impl GroupsOf {
    pub(super) fn get() -> Self {
        Self(&GROUPS)
    }

    pub(super) fn of(self, class: Class) -> &'static Groups {
        self.0.get(class.index()).unwrap_or(&NO_GROUPS)
    }

    /// What a unit and its term are on a line: labels, and whether it is a
    /// person and the like, as bits.
    #[inline]
    pub(super) fn line(self, item: &Item) -> (u32, u32) {
        let word = self.of(item.word);
        let (mut labels, mut bits) = (word.cues, word.people_bits);
        if !item.phrase.is_empty() {
            let term = self.of(item.phrase);
            labels |= term.cues;
            bits |= term.people_bits;
        }
        if (item.shape == Shape::Lower) | (bits & FUNCTION != 0) {
            bits &= !NAMED;
        }
        let people = bits & (NAMED | TITLED | HEALTHY | RELATED);
        (labels, people)
    }

    /// What a unit's flags of people and health are, as one number.
    pub(super) fn persons_and_health(self, item: Option<&Item>) -> u32 {
        let flags = item.map(Item::flags).unwrap_or_default();
        group(flags, PEOPLE.union(HEALTH))
    }
}

/// Those of no flag.
static NO_GROUPS: Groups = Groups {
    name: 0,
    lists: Lists::NONE,
    english: false,
    function: false,
    cues: 0,
    people_bits: 0,
};

/// Labels, by their bits, as one number.
pub(super) fn labels_as_number(labels: u32) -> u32 {
    group(Flags(u128::from(labels) << Flag::CueSsn as u8), CUES)
}

pub(super) fn groups(class: Class) -> &'static Groups {
    GroupsOf::get().of(class)
}

/// The hash of a word's last letters, or of all where it has fewer.
#[inline]
pub(super) fn suffix<const N: usize>(bytes: &[u8]) -> u32 {
    match bytes.last_chunk::<N>() {
        Some(end) => token::hash(end),
        None => token::hash(bytes),
    }
}

/// The same of its first ones.
#[inline]
pub(super) fn prefix<const N: usize>(bytes: &[u8]) -> u32 {
    match bytes.first_chunk::<N>() {
        Some(start) => token::hash(start),
        None => token::hash(bytes),
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
