//! Exact data match: the host's own patients, found with certainty, and a guard
//! against mail to the wrong one.
//!
//! **In**: records of patients, once ([`RosterBuilder`]); later a text, or the
//! recipients of a message. **Out**: [`RosterHit`]s, and
//! [`Misaddressed`](super::Misaddressed) recipients.
//!
//! A roster holds no value in clear. Values are brought to one form (case,
//! accents, hyphens, leading zeros, the ways of writing a date) and hashed with
//! HMAC-SHA-256 (RFC 2104), cut to 64 bits, of which about 50 are kept. A
//! filter of SipHash-2-4 under another key answers "no" for most words of a
//! text, so that they cost no HMAC. Even if SipHash fell, the filter lets one
//! question in sixty through and so tells no social security number.
//!
//! **Who steals the file without the key** learns how many patients there are,
//! how many share a value (a common name), and how long the local parts of
//! their addresses are; not whether a guess is right. **Who has file and key**
//! can test guesses, and names, birth dates and social security numbers can be
//! guessed by trying all: the key must lie elsewhere than the file
//! ([`Keys`](crate::base::Keys)), and a roster with its key is PHI.
//!
//! A patient is found by a record, plan or social security number, a telephone
//! number, an address of mail, or full name and birth date
//! ([`High`](super::Confidence::High)); by full name alone, or a street
//! ([`Medium`](super::Confidence::Medium)). A first name or a family name alone
//! finds nobody. Numbers so dense that a random one is likely to be somebody's
//! (record numbers counted from 1) count only behind a label or near the family
//! name. A name may stand in the usual ways: with middle names and initials, the
//! family name first before a comma or in capitals, in columns, behind labels
//! (`First name: …`), in the name of a file. Names in letters that have no Latin
//! form are not found.
//!
//! ```
//! use mailseal::base::{Address, Keys, RecipientId};
//! use mailseal::dlp::{MisaddressedWhy, PatientId, PatientRecord, RosterBuilder};
//!
//! let mut builder = RosterBuilder::new(&Keys::make_ephemeral());
//! let (pat, sam): (Address, Address) = ("pat.l@mail.example".parse()?, "sam@mail.example".parse()?);
//! builder.patient(
//!     &PatientRecord::new(PatientId(7)).name("Pat", "Lindqvist").birth_date("1958-03-14").email(&pat),
//! )?;
//! builder.patient(&PatientRecord::new(PatientId(8)).name("Sam", "Okafor").email(&sam))?;
//! let roster = builder.build();
//!
//! let hits = roster.find("Lindqvist, Pat A. (born March 14, 1958) was seen today.");
//! assert_eq!(hits[0].patients, [PatientId(7)]);
//! let wrong = roster.misaddressed(&[(RecipientId::new(0), &sam)], &hits);
//! assert_eq!(wrong[0].why, MisaddressedWhy::OtherPatient);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod days;
mod file;
mod find;
mod guard;
mod index;
mod keyed;
mod likeness;
mod normal;
mod numbers;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

pub use build::{PatientId, PatientRecord, RosterBuilder};

use super::{Confidence, FindingKind};
use build::dense_row;
use index::{Filter, Table};
use keyed::{Hasher, Tag};

/// Marks the entry of an address that is a proxy's.
const PROXY: u32 = 1 << 31;

/// What of a patient was found, or what an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RosterField {
    /// The record as a whole.
    Record,
    /// The full name.
    Name,
    /// The full name with the birth date near it.
    NameAndBirthDate,
    /// The birth date of the patient whose name stands near it.
    BirthDate,
    /// A medical record number.
    Mrn,
    /// The social security number.
    Ssn,
    /// A health plan's number.
    PlanId,
    /// A telephone number.
    Phone,
    /// An address of mail.
    Email,
    /// The street line of an address.
    Street,
}

impl RosterField {
    /// The word for it in errors and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Name => "name",
            Self::NameAndBirthDate => "name and birth date",
            Self::BirthDate => "birth date",
            Self::Mrn => "mrn",
            Self::Ssn => "ssn",
            Self::PlanId => "plan id",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Street => "street",
        }
    }

    /// The kind of finding that it makes.
    pub const fn kind(self) -> FindingKind {
        match self {
            Self::Record | Self::Name | Self::NameAndBirthDate => FindingKind::Name,
            Self::BirthDate => FindingKind::Date,
            Self::Mrn => FindingKind::Mrn,
            Self::Ssn => FindingKind::Ssn,
            Self::PlanId => FindingKind::HealthPlanId,
            Self::Phone => FindingKind::Phone,
            Self::Email => FindingKind::Email,
            Self::Street => FindingKind::Address,
        }
    }
}

/// Why a roster cannot be built or read. No value of a patient stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// A value of a record cannot be used.
    #[error("the {} {why}", field.word())]
    Value {
        /// Which.
        field: RosterField,
        /// Why.
        why: &'static str,
    },
    /// Too many patients, or too much of them.
    #[error("more than {limit} patients, or too many addresses: make several rosters")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The bytes are something else.
    #[error("not a roster")]
    NotARoster,
    /// Written by a later version.
    #[error("a roster of version {version}, which this build does not know: build it again")]
    Version {
        /// Its version.
        version: u32,
    },
    /// It was made with another key.
    #[error("the roster was made with another key: give the key file that it was built with")]
    OtherKey,
    /// Cut off, or changed.
    #[error("the roster is damaged: build it again")]
    Damaged,
}

impl RosterError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Value { .. } => "roster.value",
            Self::TooMany { .. } => "roster.too_many",
            Self::NotARoster => "roster.not_a_roster",
            Self::Version { .. } => "roster.version",
            Self::OtherKey => "roster.other_key",
            Self::Damaged => "roster.damaged",
        }
    }
}

/// A patient that was found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterHit {
    /// Where, in bytes.
    pub range: Range<usize>,
    /// By what.
    pub field: RosterField,
    /// What the finding is.
    pub kind: FindingKind,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whose it is; several where they share it, eight at most.
    pub patients: Vec<PatientId>,
    /// Whether more than these share it.
    pub more: bool,
    who: Vec<u32>,
}

/// Kinds of numbers of which a random one is likely to be somebody's, one bit
/// for each number of digits.
struct Dense([u32; 3]);

impl Dense {
    fn of(counts: &[[u32; 21]]) -> Self {
        let mut dense = [0u32; 3];
        for (mask, counts) in dense.iter_mut().zip(counts) {
            for (digits, &count) in (0u32..).zip(counts) {
                let all = 9 * 10u64.pow(digits.clamp(1, 19) - 1);
                // More than one in ten thousand.
                if digits < 5 || u64::from(count) * 10_000 > all {
                    *mask |= 1 << digits;
                }
            }
        }
        Self(dense)
    }

    /// Whether a number of this kind needs company to count.
    fn is_dense(&self, tag: Tag, key: &[u8]) -> bool {
        if key.len() < 5 {
            return true;
        }
        let row = dense_row(tag).and_then(|row| self.0.get(row));
        key.iter().all(u8::is_ascii_digit)
            && row.is_some_and(|mask| key.len() < 32 && mask >> key.len() & 1 == 1)
    }
}

/// Patients as keyed hashes.
pub struct Roster {
    hasher: Hasher,
    ids: Vec<u64>,
    /// A hash of a patient's family name, salted with the patient.
    family: Vec<u32>,
    filter: Filter,
    table: Table,
    mark_starts: Vec<u32>,
    marks: Vec<u8>,
    dense: Dense,
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roster({} patients)", self.ids.len())
    }
}

impl Roster {
    /// The id that [`RosterBuilder::id_of`] gave a text.
    pub fn id_of(&self, text: &str) -> PatientId {
        PatientId(self.hasher.exact(Tag::Id, text.as_bytes()))
    }

    /// How many patients it has.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many values it knows.
    pub fn values(&self) -> usize {
        self.table.who.len()
    }

    /// The memory that it takes, in bytes.
    pub fn memory(&self) -> usize {
        let words = self.family.len()
            + self.table.starts.len()
            + self.table.rest.len()
            + self.table.who.len()
            + self.mark_starts.len();
        let longs = self.ids.len() + self.filter.words.len();
        words * 4 + longs * 8 + self.marks.len()
    }

    fn id(&self, who: u32) -> u64 {
        self.ids.get(who as usize).copied().unwrap_or_default()
    }

    fn marks(&self, who: u32) -> &[u8] {
        let at = who as usize;
        let bounds = self.mark_starts.get(at).zip(self.mark_starts.get(at + 1));
        bounds
            .and_then(|(&from, &to)| self.marks.get(from as usize..to as usize))
            .unwrap_or_default()
    }

    /// The entries of a value that the filter lets through.
    fn lookup(&self, tag: Tag, key: &[u8]) -> &[u32] {
        match self.filter.may_hold(self.hasher.filter(tag, key)) {
            true => self.table.get(self.hasher.exact(tag, key)),
            false => &[],
        }
    }
}
