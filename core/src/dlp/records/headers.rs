//! What the name of a column, a JSON key or an XML element says of its values:
//! `pt_name`, `DOB`, `memberId`, `fecha de nacimiento`, `claim #`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::hints::{self, Hints};
use super::shape;
use super::words::{WORDS, means};
use crate::dlp::{Confidence, FindingClass, FindingKind};

/// Distinct names that are looked at in one text. Later ones say nothing, so
/// that a text of random names costs no more than its length.
const MAX_NAMES: usize = 20_000;
/// A longer name is a sentence.
const MAX_NAME: usize = 48;
const LONGEST_WORD: usize = 14;
/// A longer value is running text.
const MAX_VALUE: usize = 200;

/// What a name says of the values under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Their kind.
    pub(super) kind: FindingKind,
    /// Whether the name alone is not enough: `name`, `date`, `serial` mean a
    /// person's only beside other fields of a person.
    pub(super) weak: bool,
    /// Whether it tells who somebody is.
    pub(super) person: bool,
    /// Whether it tells of care: a patient's number, a visit, a diagnosis.
    pub(super) health: bool,
}

/// Names that were looked at, each once.
#[derive(Default)]
pub(super) struct Names<'t> {
    seen: HashMap<(&'t str, &'t str), Option<Field>>,
}

impl<'t> Names<'t> {
    /// What a name says, `under` being the name of what it stands in.
    pub(super) fn field(&mut self, under: &'t str, name: &'t str) -> Option<Field> {
        if name.len() > MAX_NAME {
            return None;
        }
        let full = self.seen.len() >= MAX_NAMES;
        match self.seen.entry((under, name)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(_) if full => None,
            Entry::Vacant(free) => *free.insert(classify(under, name)),
        }
    }
}

/// Whether a name has only words that names of columns are made of, and no
/// value.
pub(super) fn is_heading(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if name.len() > MAX_NAME || digits > 2 || name.contains('@') {
        return false;
    }
    let all = meaning(name);
    all != 0 && all & means::UNKNOWN == 0
}

/// What `name` says, where it stands in something named `under` (or in
/// nothing, where that is empty).
pub(super) fn classify(under: &str, name: &str) -> Option<Field> {
    if name.trim().is_empty() || name.len() > MAX_NAME || under.len() > MAX_NAME {
        return None;
    }
    let own = meaning(name);
    let all = own
        | (meaning(under)
            & (means::PATIENT
                | means::PERSON
                | means::MEMBER
                | means::PROVIDER
                | means::FACILITY
                | means::PLAN
                | means::THING));
    let (kind, weak) = kind(all, own)?;
    let patient = all & (means::PATIENT | means::MEMBER) != 0;
    let birth = own & means::BIRTH != 0;
    Some(Field {
        kind,
        weak,
        person: !weak
            && (birth
                || matches!(
                    kind,
                    FindingKind::Name
                        | FindingKind::Mrn
                        | FindingKind::Ssn
                        | FindingKind::HealthPlanId
                        | FindingKind::Phone
                        | FindingKind::Email
                )),
        health: patient
            || own & means::VISIT != 0
            || kind.class() == FindingClass::Health
            || matches!(
                kind,
                FindingKind::Mrn
                    | FindingKind::HealthPlanId
                    | FindingKind::Npi
                    | FindingKind::Provider
            ),
    })
}

/// The kind that meanings together stand for, and whether weakly.
fn kind(all: u64, own: u64) -> Option<(FindingKind, bool)> {
    use FindingKind as K;
    use means::*;
    let any = |bits: u64| own & bits != 0;
    let known = !any(UNKNOWN);
    let number = any(ID | CODE);
    let private = all & (PROVIDER | FACILITY) == 0
        && (all & PLAN == 0 || all & (PATIENT | PERSON | MEMBER) != 0);
    let sure = |kind| Some((kind, false));
    let maybe = |kind| Some((kind, true));

    if all & THING != 0 {
        return None;
    }
    if any(SSN) || (any(SOCIAL) && any(SECURITY | PLAN)) {
        return sure(K::Ssn);
    }
    for (bits, kind) in [
        (NPI, K::Npi),
        (DEA, K::Dea),
        (NDC, K::Ndc),
        (LOINC, K::Loinc),
        (ICD, K::Icd10),
        (CPT, K::Cpt),
        (MRN, K::Mrn),
        (IBAN, K::BankAccount),
    ] {
        if any(bits) && !any(DATE | NAME | TEXT) {
            return sure(kind);
        }
    }
    if any(IP) && known {
        return maybe(K::Ip);
    }
    if any(EMAIL) {
        return private.then_some((K::Email, false));
    }
    if any(FAX) {
        return private.then_some((K::Fax, false));
    }
    if any(PHONE) {
        return private.then_some((K::Phone, false));
    }
    if any(ADDRESS | STREET) && !any(NAME) {
        return (private && known && !number || private && any(ADDRESS))
            .then_some((K::Address, false));
    }
    if any(BIRTH) && (known || any(DATE)) {
        return sure(K::Date);
    }
    if any(DEATH) && known {
        return sure(K::Date);
    }
    if any(AGE) && known {
        return sure(K::AgeOver89);
    }
    if any(DATE) && !any(NAME) {
        let of_care = any(VISIT | DIAGNOSIS | PROCEDURE | LAB | DRUG | PATIENT | CASE);
        return if of_care {
            sure(K::Date)
        } else {
            maybe(K::Date)
        };
    }
    let of_care = all & PATIENT != 0 || any(CHART | MEMBER | CASE);
    if any(RECORD) && (any(MEDICAL) && (number || known) || of_care && any(ID)) {
        return sure(K::Mrn);
    }
    if any(DIAGNOSIS) && any(CODE) {
        return sure(K::Icd10);
    }
    if any(PROCEDURE) && any(CODE) {
        return sure(K::Cpt);
    }
    if any(VEHICLE) && known {
        return sure(K::Vehicle);
    }
    if any(BANK) && any(ACCOUNT) {
        return sure(K::BankAccount);
    }
    if any(CARD) && any(ID) && all & (MEMBER | PLAN) == 0 {
        return sure(K::CreditCard);
    }
    if any(UDI) || (any(DEVICE) && any(SERIAL)) {
        return sure(K::Device);
    }
    if any(SERIAL | DEVICE) && (number || any(SERIAL)) {
        return maybe(K::Device);
    }
    if any(LICENSE) && known && !any(NAME) {
        return private.then_some((K::License, false));
    }
    if any(ACCOUNT | CLAIM) && !any(NAME) && known {
        return if number || any(CLAIM) || all & PATIENT != 0 {
            sure(K::Account)
        } else {
            maybe(K::Account)
        };
    }
    if any(MEMBER_ID) && !any(NAME) || any(MEMBER | PLAN | GROUP) && any(ID) && all & PROVIDER == 0
    {
        return sure(K::HealthPlanId);
    }
    if any(CASE) && any(ID)
        || any(CASE) && known && own & !(CASE | FILLER) == 0 && !any(VISIT | DRUG)
    {
        return if any(PROCEDURE) && !any(ID) {
            maybe(K::Procedure)
        } else {
            sure(K::OtherId)
        };
    }
    if any(ORDER) && any(ID) {
        return maybe(K::OtherId);
    }
    if all & PATIENT != 0 && any(ID) {
        return sure(K::Mrn);
    }
    // Catalogues have record numbers too.
    if any(RECORD) && any(ID) {
        return maybe(K::Mrn);
    }
    if all & PERSON != 0 && any(ID) {
        return maybe(K::OtherId);
    }
    if number {
        return None;
    }
    if any(VISIT) && known && !any(NAME) {
        return sure(K::Date);
    }
    if any(NAME | TEXT) {
        for (bits, kind) in [
            (PROVIDER, K::Provider),
            (DRUG, K::Medication),
            (LAB, K::Lab),
            (PROCEDURE, K::Procedure),
            (DIAGNOSIS, K::Condition),
        ] {
            if all & bits != 0 && !(any(FIRST) && bits != PROVIDER) {
                return sure(kind);
            }
        }
    }
    if any(NAME) {
        if all & (PATIENT | PERSON | MEMBER) != 0 || any(FIRST) {
            return sure(K::Name);
        }
        if all & FACILITY != 0 {
            return sure(K::Facility);
        }
        return (known && all & (PLAN | GROUP) == 0).then_some((K::Name, true));
    }
    if !known || any(TEXT) {
        return None;
    }
    if any(FIRST)
        && all & (PROVIDER | FACILITY) == 0
        && own & !(FIRST | FILLER | PATIENT | PERSON) == 0
    {
        return if all & (PATIENT | PERSON) != 0 {
            sure(K::Name)
        } else {
            maybe(K::Name)
        };
    }
    for (bits, kind) in [
        (DIAGNOSIS, K::Condition),
        (DRUG, K::Medication),
        (PROVIDER, K::Provider),
    ] {
        if any(bits) {
            return sure(kind);
        }
    }
    if any(PROCEDURE) {
        return maybe(K::Procedure);
    }
    if any(LAB) {
        return maybe(K::Lab);
    }
    if any(PATIENT) {
        return sure(K::Name);
    }
    if any(PERSON | MEMBER) {
        return maybe(K::Name);
    }
    if any(FACILITY) {
        return maybe(K::Facility);
    }
    None
}

/// The meanings of the words of a name, together.
fn meaning(name: &str) -> u64 {
    let mut all = 0;
    words(name, |word| all |= word_meaning(word));
    all
}

fn word_meaning(word: &str) -> u64 {
    if let Some(bits) = WORDS.get(word) {
        return bits;
    }
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.is_empty() {
        return 0;
    }
    let whole = match stem.len() == word.len() {
        true => None,
        false => WORDS.get(stem),
    };
    whole.or_else(|| together(stem)).unwrap_or(means::UNKNOWN)
}

/// The meanings of words that are written together: `ptname`, `dateofbirth`.
fn together(word: &str) -> Option<u64> {
    const LONGEST: usize = 28;
    if word.len() > LONGEST || !word.is_ascii() {
        return None;
    }
    // By length of what was read: what it means, where it can be read at all.
    // Where it can be read in two ways, the longer last word counts.
    let mut read: [Option<u64>; LONGEST + 1] = [None; LONGEST + 1];
    read[0] = Some(0);
    for start in 0..word.len() {
        let (Some(before), Some(rest)) = (read[start], word.get(start..)) else {
            continue;
        };
        let lengths = WORDS.lengths(rest);
        for length in 2..=LONGEST_WORD.min(rest.len()) {
            let end = start + length;
            if lengths >> length & 1 != 0
                && read[end].is_none()
                && let Some(bits) = WORDS.get(&rest[..length])
            {
                read[end] = Some(before | bits);
            }
        }
    }
    read[word.len()]
}

/// Calls `each` with the words of a name, in lower case and without accents.
fn words(name: &str, mut each: impl FnMut(&str)) {
    let mut word = String::with_capacity(MAX_NAME);
    // Most names are words of small letters.
    if name.bytes().all(|b| b == b' ' || b.is_ascii_lowercase()) {
        return name.split(' ').filter(|w| !w.is_empty()).for_each(each);
    }
    let mut before = ' ';
    let mut chars = name.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(|n| n.is_lowercase());
        let starts = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || (before.is_uppercase() && next_is_lower));
        if (starts || !c.is_alphanumeric()) && !word.is_empty() {
            each(&word);
            word.clear();
        }
        match c {
            '#' => word.push('#'),
            c if c.is_ascii_alphanumeric() => word.push(c.to_ascii_lowercase()),
            c if c.is_alphanumeric() => word.extend(plain(c).to_lowercase()),
            _ => {}
        }
        before = c;
    }
    if !word.is_empty() {
        each(&word);
    }
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'ä' | 'â' | 'Á' => 'a',
        'é' | 'è' | 'ë' | 'ê' | 'É' => 'e',
        'í' | 'ï' | 'Í' => 'i',
        'ó' | 'ö' | 'ô' | 'Ó' => 'o',
        'ú' | 'ü' | 'Ú' => 'u',
        'ñ' | 'Ñ' => 'n',
        other => other,
    }
}

/// Values with what their names say of them, of one document.
#[derive(Default)]
pub(super) struct Named {
    found: Vec<(Range<usize>, Field)>,
    /// Whether one tells who somebody is, and is not of a test.
    tells_who: bool,
}

impl Named {
    /// Takes a value in, if it can be what its name says.
    pub(super) fn add(&mut self, text: &str, range: Range<usize>, field: Option<Field>) {
        let range = hints::trim(text, range);
        self.add_as(text.get(range.clone()).unwrap_or_default(), range, field);
    }

    /// The same of a value that is written otherwise than it is read.
    pub(super) fn add_as(&mut self, value: &str, range: Range<usize>, field: Option<Field>) {
        if let Some(field) = field
            && value.len() <= MAX_VALUE
            && !hints::says_nothing(value)
            && shape::fits(field.kind, value)
        {
            self.tells_who |= field.person && hints::is_somebodys(field.kind, value);
            self.found.push((range, field));
        }
    }

    /// Gives the hints, weak ones only where a strong one tells of a person.
    /// Says whether it is the record of a patient.
    pub(super) fn give(self, hints: &mut Hints<'_>) -> bool {
        let person = self.found.iter().any(|(_, field)| field.person);
        let health = self.found.iter().any(|(_, field)| field.health);
        for (range, field) in self.found {
            if field.weak && !person {
                continue;
            }
            let confidence = if field.weak {
                Confidence::Medium
            } else {
                Confidence::High
            };
            let range = if field.kind == FindingKind::Medication {
                hints::drug(hints.text(), range)
            } else {
                range
            };
            hints.add(range, field.kind, confidence);
        }
        self.tells_who && health
    }
}
