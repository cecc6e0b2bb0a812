//! From patients to a roster.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::days::{Day, day_of};
use super::index::{Filter, Table};
use super::keyed::{Hasher, Tag};
use super::likeness::Mark;
use super::normal::{self, Key};
use super::numbers;
use super::{Dense, PROXY, Roster, RosterError, RosterField};
use crate::base::{Address, Keys};

/// Patients of one roster. A health system of this size has several.
const MAX_PATIENTS: usize = 1 << 24;
/// Values of one kind of one patient.
const MAX_VALUES: usize = 16;
/// Bytes of one value.
const MAX_VALUE: usize = 256;

/// What the host calls a patient: a number that says nothing about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatientId(pub u64);

type Text = Zeroizing<String>;

/// What is known of one patient, for [`RosterBuilder::patient`]. It is
/// overwritten when dropped, and `Debug` shows nothing of it.
#[derive(Clone)]
pub struct PatientRecord {
    pub(super) id: PatientId,
    names: Vec<(Text, Text)>,
    birth_date: Option<Text>,
    values: Vec<(RosterField, Text)>,
    mailboxes: Vec<(Address, bool)>,
}

impl std::fmt::Debug for PatientRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientRecord(***)")
    }
}

impl PatientRecord {
    /// A patient of whom nothing is known yet.
    pub fn new(id: PatientId) -> Self {
        Self {
            id,
            names: Vec::new(),
            birth_date: None,
            values: Vec::new(),
            mailboxes: Vec::new(),
        }
    }

    /// With another id.
    #[must_use]
    pub fn with_id(mut self, id: PatientId) -> Self {
        self.id = id;
        self
    }

    /// A name. A maiden name or an alias is another one. Middle initials count
    /// for nothing; a middle name may stand behind the given one, and the
    /// patient is found with it and without it. One without a given or a family
    /// name, or in letters without a Latin form, is left out
    /// ([`RosterBuilder::nameless`]).
    #[must_use]
    pub fn name(mut self, given: &str, family: &str) -> Self {
        self.names
            .push((given.to_owned().into(), family.to_owned().into()));
        self
    }

    /// The birth date: `1958-03-14`, `03/14/1958` (month first), `14 March 1958`.
    #[must_use]
    pub fn birth_date(mut self, date: &str) -> Self {
        self.birth_date = Some(date.to_owned().into());
        self
    }

    /// A medical record number: behind its zeros 4 to 24 digits, or letters and
    /// digits, in up to six groups with a sign or a blank between.
    #[must_use]
    pub fn mrn(self, number: &str) -> Self {
        self.value(RosterField::Mrn, number)
    }

    /// The social security number.
    #[must_use]
    pub fn ssn(self, number: &str) -> Self {
        self.value(RosterField::Ssn, number)
    }

    /// A health plan's number.
    #[must_use]
    pub fn plan_id(self, number: &str) -> Self {
        self.value(RosterField::PlanId, number)
    }

    /// A telephone number. An extension counts for nothing.
    #[must_use]
    pub fn phone(self, number: &str) -> Self {
        self.value(RosterField::Phone, number)
    }

    /// The street line of an address: `12 N Main St Apt 4`. One without a
    /// house number and a street is left out.
    #[must_use]
    pub fn street(self, line: &str) -> Self {
        self.value(RosterField::Street, line)
    }

    /// An address of mail that is the patient's own. A family may share one:
    /// then it belongs to each of them.
    #[must_use]
    pub fn email(mut self, address: &Address) -> Self {
        self.mailboxes.push((address.clone(), false));
        self
    }

    /// An address of somebody who may receive the patient's mail: a parent, a
    /// guardian, a proxy.
    #[must_use]
    pub fn proxy(mut self, address: &Address) -> Self {
        self.mailboxes.push((address.clone(), true));
        self
    }

    fn value(mut self, field: RosterField, text: &str) -> Self {
        self.values.push((field, text.to_owned().into()));
        self
    }
}

/// Makes a [`Roster`]. It holds keyed hashes only, from the first record on.
pub struct RosterBuilder {
    hasher: Hasher,
    ids: Vec<u64>,
    family: Vec<u32>,
    exact: Vec<(u64, u32)>,
    filter: Vec<u64>,
    /// Of the filter too: patients share them.
    words: HashSet<u64>,
    mark_starts: Vec<u32>,
    marks: Vec<u8>,
    numbers: Vec<[u32; 21]>,
    nameless: usize,
    unfindable: usize,
}

impl std::fmt::Debug for RosterBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RosterBuilder({} patients)", self.ids.len())
    }
}

impl RosterBuilder {
    /// With the key under which everything is hashed. Keep it elsewhere than
    /// the roster: who has both can test guesses.
    pub fn new(keys: &Keys) -> Self {
        Self {
            hasher: Hasher::new(keys),
            ids: Vec::new(),
            family: Vec::new(),
            exact: Vec::new(),
            filter: Vec::new(),
            words: HashSet::new(),
            mark_starts: vec![0],
            marks: Vec::new(),
            numbers: vec![[0; 21]; 3],
            nameless: 0,
            unfindable: 0,
        }
    }

    /// The id of a patient whom the host calls by a text: its keyed hash.
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

    /// How many patients are found by no name: none was given, or none of two
    /// words that have a Latin form.
    pub fn nameless(&self) -> usize {
        self.nameless
    }

    /// How many patients are found by nothing at all: of what was given there
    /// is nothing to keep.
    pub fn unfindable(&self) -> usize {
        self.unfindable
    }

    /// Adds a patient. Nothing of them is added where something is wrong.
    ///
    /// # Errors
    /// [`RosterError::Value`] where a value cannot be used, with its kind and
    /// without it; [`RosterError::TooMany`].
    pub fn patient(&mut self, record: &PatientRecord) -> Result<(), RosterError> {
        if self.ids.len() >= MAX_PATIENTS {
            return Err(RosterError::TooMany {
                limit: MAX_PATIENTS,
            });
        }
        let keys = Values::of(record)?;
        let who = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let mailboxes: Vec<_> = (record.mailboxes.iter())
            .map(|(address, proxy)| (normal::mailbox_of(address), *proxy))
            .collect();
        let mut marks = Vec::new();
        for (mailbox, _) in &mailboxes {
            Mark::write(&self.hasher, who, mailbox, &mut marks);
        }
        let end = u32::try_from(self.marks.len() + marks.len());
        let end = end.map_err(|_| RosterError::TooMany {
            limit: MAX_PATIENTS,
        })?;
        for (tag, key) in &keys.exact {
            if let Some(count) = dense_row(*tag)
                .and_then(|row| self.numbers.get_mut(row))
                .filter(|_| key.iter().all(u8::is_ascii_digit))
                .and_then(|row| row.get_mut(key.len()))
            {
                *count = count.saturating_add(1);
            }
            self.exact.push((self.hasher.exact(*tag, key), who));
            self.filter.push(self.hasher.filter(*tag, key));
        }
        for word in &keys.words {
            self.words.insert(self.hasher.filter(Tag::Word, word));
        }
        for (mailbox, proxy) in &mailboxes {
            let key = normal::mailbox_key(mailbox);
            let hash = self.hasher.exact(Tag::Mailbox, key.as_bytes());
            self.exact
                .push((hash, if *proxy { who | PROXY } else { who }));
            self.filter
                .push(self.hasher.filter(Tag::Mailbox, key.as_bytes()));
        }
        let named = keys.exact.iter().any(|(tag, _)| *tag == Tag::Name);
        self.nameless += usize::from(!named);
        self.unfindable += usize::from(keys.exact.is_empty() && mailboxes.is_empty());
        self.marks.append(&mut marks);
        self.ids.push(record.id.0);
        self.family.push(match &keys.family {
            Some(word) => self.hasher.salted(who, word),
            None => 0,
        });
        self.mark_starts.push(end);
        Ok(())
    }

    /// The roster of all patients that were added.
    pub fn build(self) -> Roster {
        let mut filter = self.filter;
        filter.extend(self.words);
        filter.sort_unstable();
        filter.dedup();
        Roster {
            hasher: self.hasher,
            ids: self.ids,
            family: self.family,
            filter: Filter::new(&filter),
            table: Table::new(self.exact),
            mark_starts: self.mark_starts,
            marks: self.marks,
            dense: Dense::of(&self.numbers),
        }
    }
}

/// The row of the counts that a kind of number has.
pub(super) const fn dense_row(tag: Tag) -> Option<usize> {
    match tag {
        Tag::Mrn => Some(0),
        Tag::Ssn => Some(1),
        Tag::Plan => Some(2),
        _ => None,
    }
}

/// The keys of one record.
struct Values {
    exact: Vec<(Tag, Zeroizing<Vec<u8>>)>,
    /// Single words of the names, joined ones too.
    words: Vec<Zeroizing<Vec<u8>>>,
    family: Option<Zeroizing<Vec<u8>>>,
}

impl Values {
    fn of(record: &PatientRecord) -> Result<Self, RosterError> {
        let bad = |field, why| RosterError::Value { field, why };
        let mut this = Self {
            exact: Vec::new(),
            words: Vec::new(),
            family: None,
        };
        for count in [
            record.names.len(),
            record.values.len(),
            record.mailboxes.len(),
        ] {
            if count > MAX_VALUES {
                return Err(bad(
                    RosterField::Record,
                    "has more than 16 values of a kind",
                ));
            }
        }
        let day = match &record.birth_date {
            Some(text) => Some(birth_date(text).ok_or_else(|| {
                bad(
                    RosterField::BirthDate,
                    "is no date: expected 1958-03-14, 03/14/1958 or 14 March 1958",
                )
            })?),
            None => None,
        };
        for (given, family) in &record.names {
            if given.len() + family.len() > MAX_VALUE {
                return Err(bad(RosterField::Name, "is longer than 256 bytes"));
            }
            this.written(given, family, day);
            let plain = [given, family].map(|name| Text::new(normal::in_plain_letters(name)));
            let [plain_given, plain_family] = &plain;
            // What is written with dots may stand without them elsewhere.
            if **plain_given != given.to_lowercase() || **plain_family != family.to_lowercase() {
                this.written(plain_given, plain_family, day);
            }
        }
        for (field, text) in &record.values {
            if text.len() > MAX_VALUE {
                return Err(bad(*field, "is longer than 256 bytes"));
            }
            match value(*field, text) {
                Ok(key) => this.exact.push(key),
                // A post box, a farm without a number: there is nothing to find.
                Err(_) if *field == RosterField::Street => {}
                Err(why) => return Err(bad(*field, why)),
            }
        }
        Ok(this)
    }

    /// A name in one spelling, and in the one that it may stand for.
    fn written(&mut self, given: &str, family: &str, day: Option<Day>) {
        let (given, family) = (normal::given_words(given), normal::family_words(family));
        self.name(&given, &family, day);
        let other = family
            .iter()
            .map(|word| normal::without_second_vowels(word));
        let other: Vec<_> = other.collect();
        if other != family {
            self.name(&given, &other, day);
        }
    }

    /// The given name alone, and with a middle name, before the family name.
    fn name(&mut self, given: &[Vec<u8>], family: &[Vec<u8>], day: Option<Day>) {
        let foreign = |words: &[Vec<u8>]| words.iter().flatten().any(|b| *b >= 0x80);
        let (Some(first), false) = (given.first(), family.is_empty()) else {
            return;
        };
        if foreign(given) || foreign(family) {
            return;
        }
        if self.family.is_none() {
            let longest = family.iter().max_by_key(|w| w.len());
            self.family = longest.map(|w| w.clone().into());
        }
        let whole = given.concat();
        let words = given.iter().chain(family).cloned();
        self.words.extend(
            words
                .chain([whole.clone(), family.concat()])
                .map(Into::into),
        );
        for given in [first, &whole] {
            let mut key = Zeroizing::new(given.clone());
            key.extend(family.iter().flatten());
            // Two spellings may have the same letters.
            let same =
                |(tag, known): &(Tag, Zeroizing<Vec<u8>>)| *tag == Tag::Name && **known == *key;
            if self.exact.iter().any(same) {
                continue;
            }
            if let Some(day) = day {
                let mut key = key.clone();
                key.extend(day.to_le_bytes());
                self.exact.push((Tag::NameAndBirth, key));
            }
            self.exact.push((Tag::Name, key));
        }
    }
}

fn birth_date(text: &str) -> Option<Day> {
    let view = crate::dlp::view::View::plain(text.trim());
    let mut tokens = Vec::new();
    crate::dlp::token::tokens(&view.text, 0, view.text.len(), &mut tokens);
    let (last, days) = super::days::date(&view.text, &tokens, 0)?;
    // A birth date has a year of four digits, and month first where it is open.
    let whole = last == tokens.len() && view.text.len() >= 8;
    let day = days.as_slice().first().copied().filter(|_| whole)?;
    day_of(day / 10_000, day / 100 % 100, day % 100)
}

/// The key of a value, or why it has none.
fn value(field: RosterField, text: &str) -> Result<(Tag, Zeroizing<Vec<u8>>), &'static str> {
    let of = |tag, key: &Key, least: usize, why| match key.get() {
        Some(bytes) if bytes.len() >= least => Ok((tag, Zeroizing::new(bytes.to_vec()))),
        _ => Err(why),
    };
    let number = |tag, text: &str| {
        let why = "has fewer than four characters behind its zeros";
        let (tag, key) = of(tag, &normal::number(text), 4, why)?;
        match numbers::is_found(text, &key) {
            true => Ok((tag, key)),
            false => Err(
                "is no number that could be found: expected 4 to 24 letters and digits, as in HK-00482913",
            ),
        }
    };
    match field {
        RosterField::Ssn => {
            let digits = normal::digits(text);
            if digits.len() != 9 {
                return Err("has not nine digits");
            }
            let mut key = Key::new();
            key.number(&digits);
            of(Tag::Ssn, &key, 4, "is all zeros")
        }
        RosterField::PlanId => number(Tag::Plan, text),
        RosterField::Phone => {
            let digits = normal::phone_digits(text).ok_or("has not ten to fifteen digits")?;
            Ok((Tag::Phone, normal::phone(&digits).to_vec().into()))
        }
        RosterField::Street => {
            let view = crate::dlp::view::View::plain(text);
            let mut tokens = Vec::new();
            crate::dlp::token::tokens(&view.text, 0, view.text.len(), &mut tokens);
            let mut longest = Key::new();
            normal::streets(&view.text, &tokens, 0, |key, _, ends| {
                if ends {
                    longest = *key;
                }
                false
            });
            let why = "is no street line: expected a number and a street, as in 12 Main St";
            of(Tag::Street, &longest, 4, why)
        }
        _ => number(Tag::Mrn, text),
    }
}
