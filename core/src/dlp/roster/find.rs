//! Finding patients in a text: one pass over its tokens.

use std::ops::Range;

use super::days::{self, Days};
use super::keyed::Tag;
use super::normal::{self, Key};
use super::{PROXY, PatientId, Roster, RosterField, RosterHit};
use crate::dlp::Confidence;
use crate::dlp::known::MAX_HITS;
use crate::dlp::token::{Gap, Shape, Token};
use crate::dlp::view::View;
use crate::dlp::windows;

/// Patients that a hit names.
const MAX_PATIENTS: usize = 8;
/// How far a birth date may stand from the name, in bytes.
const NEAR: usize = 300;
/// How far a family name or a label may stand from a number, in tokens.
const COMPANY: usize = 12;
const LABEL: usize = 4;
/// Words of a name, initials among them.
const MAX_WORDS: usize = 7;

/// Words of a name that are written small.
const PARTICLES: &[&[u8]] = &[
    b"de", b"la", b"del", b"van", b"von", b"der", b"den", b"dos", b"da", b"di", b"du", b"bin",
    b"al", b"el", b"le", b"ten", b"ter", b"y", b"st",
];

/// Words that say that a number is a patient's.
const LABELS: &[&[u8]] = &[
    b"mrn",
    b"ssn",
    b"chart",
    b"record",
    b"patient",
    b"pt",
    b"member",
    b"account",
    b"acct",
    b"id",
    b"security",
    b"medicare",
    b"medicaid",
    b"policy",
    b"subscriber",
    b"plan",
    b"mr",
];

impl Roster {
    /// The patients that a text names, in the order in which they stand there.
    pub fn find(&self, text: &str) -> Vec<RosterHit> {
        let view = View::plain(text);
        let mut hits = self.find_in(&view.text);
        for hit in &mut hits {
            hit.range = view.source(hit.range.clone());
        }
        hits
    }

    /// The patients that a normalised text names.
    pub(in crate::dlp) fn find_in(&self, text: &[u8]) -> Vec<RosterHit> {
        let mut hits = Vec::new();
        let mut dates: Vec<Date> = Vec::new();
        windows::each(text, |tokens, from, end| {
            dates.retain(|d| d.range.end + NEAR > from && d.range.start < from);
            let mut finder = Finder {
                roster: self,
                text,
                tokens,
                dates: std::mem::take(&mut dates),
                next_date: 0,
                hits: &mut hits,
            };
            finder.run(end);
            dates = finder.dates;
            hits.len() < MAX_HITS
        });
        hits.truncate(MAX_HITS);
        hits.sort_by_key(|h| (h.range.start, h.range.end));
        hits
    }
}

struct Date {
    range: Range<usize>,
    days: Days,
    reported: bool,
}

/// One word of what may be a name.
#[derive(Clone, Copy)]
struct Slot {
    token: usize,
    initial: bool,
}

struct Finder<'f> {
    roster: &'f Roster,
    text: &'f [u8],
    tokens: &'f [Token],
    /// Sorted; those of the window before first.
    dates: Vec<Date>,
    /// The first date that is not too far before the token that is read.
    next_date: usize,
    hits: &'f mut Vec<RosterHit>,
}

impl Finder<'_> {
    /// Reads what starts before `end`.
    fn run(&mut self, end: usize) {
        self.read_dates();
        let mut name_from = 0;
        let mut number_from = 0;
        for at in 0..self.tokens.len() {
            let Some(token) = self.tokens.get(at) else {
                return;
            };
            if token.start as usize >= end || self.hits.len() >= MAX_HITS {
                return;
            }
            if token.shape == Shape::Sign {
                if self.bytes(at) == b"@" {
                    self.mailbox(at);
                }
            } else if token.has_digit() {
                if at >= number_from {
                    number_from = self.number(at).unwrap_or(number_from);
                    self.street(at);
                }
            } else {
                if at >= name_from {
                    name_from = self.name(at).unwrap_or(name_from);
                }
                if at >= number_from && token.shape == Shape::Upper && self.starts_number(at) {
                    number_from = self.number(at).unwrap_or(number_from);
                }
            }
        }
    }

    fn bytes(&self, at: usize) -> &[u8] {
        self.tokens
            .get(at)
            .and_then(|t| self.text.get(t.range()))
            .unwrap_or_default()
    }

    fn gap(&self, at: usize) -> Gap {
        self.tokens.get(at).map_or(Gap::Paragraph, |t| t.gap)
    }

    fn range(&self, first: usize, last: usize) -> Range<usize> {
        let start = self.tokens.get(first).map_or(0, |t| t.start as usize);
        let end = self.tokens.get(last).map_or(start, |t| t.end as usize);
        start..end.max(start)
    }

    fn read_dates(&mut self) {
        let known = self.dates.last().map_or(0, |d| d.range.end);
        let mut at = 0;
        while at < self.tokens.len() {
            match days::date(self.text, self.tokens, at) {
                Some((last, days)) => {
                    let range = self.range(at, last - 1);
                    if range.start >= known {
                        self.dates.push(Date {
                            range,
                            days,
                            reported: false,
                        });
                    }
                    at = last;
                }
                None => at += 1,
            }
        }
    }

    /// The dates near a range: the four nearest on each side at most.
    fn near(&mut self, range: &Range<usize>) -> Range<usize> {
        while self
            .dates
            .get(self.next_date)
            .is_some_and(|d| d.range.end + NEAR < range.start)
        {
            self.next_date += 1;
        }
        // A date has six bytes or more, so that these are few.
        let all = self.dates.get(self.next_date..).unwrap_or_default();
        let before = all.iter().take_while(|d| d.range.start < range.start);
        let middle = self.next_date + before.count();
        let first = middle.saturating_sub(4).max(self.next_date);
        let behind = self.dates.get(middle..).unwrap_or_default();
        let last = behind
            .iter()
            .take(4)
            .take_while(|d| d.range.start <= range.end + NEAR)
            .count();
        first..middle + last
    }

    fn near_any(&mut self, range: &Range<usize>) -> bool {
        !self.near(range).is_empty()
    }

    /// Whether a word stands in the name of any patient.
    fn is_word_of_name(&self, at: usize) -> bool {
        let mut key = Key::new();
        key.name(self.bytes(at));
        let roster = self.roster;
        key.get().is_some_and(|word| {
            roster
                .filter
                .may_hold(roster.hasher.filter(Tag::Word, word))
        })
    }

    fn push(&mut self, range: Range<usize>, field: RosterField, sure: bool, entries: &[u32]) {
        let mut who: Vec<u32> = entries
            .iter()
            .filter(|w| **w & PROXY == 0)
            .take(MAX_PATIENTS + 1)
            .copied()
            .collect();
        if who.is_empty() {
            return;
        }
        let more = who.len() > MAX_PATIENTS;
        who.truncate(MAX_PATIENTS);
        let mut patients: Vec<PatientId> =
            who.iter().map(|w| PatientId(self.roster.id(*w))).collect();
        patients.dedup();
        self.hits.push(RosterHit {
            range,
            field,
            kind: field.kind(),
            confidence: match sure {
                true => Confidence::High,
                false => Confidence::Medium,
            },
            patients,
            more,
            who,
        });
    }

    /// A full name that starts at a word: the token behind it.
    fn name(&mut self, at: usize) -> Option<usize> {
        let first = self.tokens.get(at)?;
        let range = first.range();
        let capital = first.is_capital();
        // Names in lower case are words of the language too often.
        let counts = capital || self.near_any(&range) && self.is_word_of_name(at);
        if range.len() < 2 || !counts {
            return None;
        }
        let mut slots = [Slot {
            token: at,
            initial: false,
        }; MAX_WORDS];
        let (count, part) = self.slots(at, &mut slots);
        let slots = slots.get(..count)?;
        if count < 2 {
            return None;
        }
        match part {
            // `Last, First`, and columns in either order.
            Some(part) => {
                let (before, behind) = slots.split_at_checked(part)?;
                for length in (1..=behind.len().min(3)).rev() {
                    let behind = behind.get(..length)?;
                    let last = behind.last()?.token;
                    let found = self.tried(at, last, &[behind, before])
                        || self.tried(at, last, &[before, behind]);
                    if found {
                        return Some(last + 1);
                    }
                }
                // `Anna Berg, Peter Holm`: the first is whole by itself.
                self.row(at, before)
            }
            None => self.row(at, slots),
        }
    }

    /// A name whose words stand one behind the other, the longest first.
    fn row(&mut self, at: usize, slots: &[Slot]) -> Option<usize> {
        for length in (2..=slots.len()).rev() {
            let words = slots.get(..length)?;
            let last = words.last().filter(|s| !s.initial)?.token;
            if self.tried(at, last, &[words]) {
                return Some(last + 1);
            }
            // A middle name that the roster does not have.
            if let [first, _, third] = words
                && self.tried(at, last, &[&[*first], &[*third]])
            {
                return Some(last + 1);
            }
        }
        None
    }

    /// The words from `at` on that may be one name, and where its two parts
    /// meet if a sign or a column's edge stands between them.
    fn slots(&self, at: usize, slots: &mut [Slot; MAX_WORDS]) -> (usize, Option<usize>) {
        let mut count = 1;
        let mut part = None;
        let mut next = at + 1;
        let capital = self.tokens.get(at).is_some_and(Token::is_capital);
        while count < MAX_WORDS {
            let Some(token) = self.tokens.get(next) else {
                break;
            };
            if token.gap == Gap::Paragraph {
                break;
            }
            let bytes = self.bytes(next);
            let before = slots.get(count - 1).is_some_and(|s| s.initial);
            if token.shape == Shape::Sign {
                match bytes {
                    b"-" if token.gap == Gap::None && self.gap(next + 1) == Gap::None => {}
                    b"." if before || self.bytes(next - 1).len() <= 2 => {}
                    b"," | b";" | b"^" | b"|" if part.is_none() => part = Some(count),
                    // Quoted columns: `"Berg","Anna"`.
                    b"\"" if matches!(self.bytes(next + 1), b"," | b";") || part == Some(count) => {
                    }
                    _ => break,
                }
                next += 1;
                continue;
            }
            if !token.is_word() {
                break;
            }
            if token.gap == Gap::Column && part.is_none() {
                part = Some(count);
            }
            let goes_on = match capital {
                true => token.is_capital() || PARTICLES.contains(&bytes),
                false => bytes.len() == 1 || self.is_word_of_name(next),
            };
            if !goes_on {
                break;
            }
            if let Some(slot) = slots.get_mut(count) {
                *slot = Slot {
                    token: next,
                    initial: token.end - token.start == 1,
                };
            }
            count += 1;
            next += 1;
        }
        // A name does not end with a sign before nothing.
        (count, part.filter(|p| *p < count))
    }

    /// Whether the words are somebody's name; then it is a hit.
    fn tried(&mut self, first: usize, last: usize, parts: &[&[Slot]]) -> bool {
        let mut key = Key::new();
        let mut words = 0;
        for slot in parts.iter().copied().flatten().filter(|s| !s.initial) {
            key.name(self.bytes(slot.token));
            words += 1;
        }
        let Some(bytes) = key.get().filter(|_| words > 1) else {
            return false;
        };
        let filter = self.roster.hasher.filter(Tag::Name, bytes);
        if !self.roster.filter.may_hold(filter) {
            return false;
        }
        let range = self.range(first, last);
        let capital = [first, last]
            .iter()
            .all(|n| self.tokens.get(*n).is_some_and(Token::is_capital));
        let named = self
            .roster
            .table
            .get(self.roster.hasher.exact(Tag::Name, bytes));
        if named.is_empty() {
            return false;
        }
        let near = self.near(&range);
        for at in near {
            let Some(date) = self.dates.get(at) else {
                continue;
            };
            for &day in date.days.as_slice() {
                let mut key = key;
                key.extend(&day.to_le_bytes());
                let who = key
                    .get()
                    .map_or(&[][..], |key| self.roster.lookup(Tag::NameAndBirth, key));
                if who.is_empty() {
                    continue;
                }
                let (born, reported) = (date.range.clone(), date.reported);
                self.push(range, RosterField::NameAndBirthDate, true, who);
                if !reported {
                    self.push(born, RosterField::BirthDate, true, who);
                }
                if let Some(date) = self.dates.get_mut(at) {
                    date.reported = true;
                }
                return true;
            }
        }
        if capital {
            self.push(range, RosterField::Name, false, named);
        }
        capital
    }

    /// Whether letters before a hyphen or a blank begin a number: `HK-00412`.
    fn starts_number(&self, at: usize) -> bool {
        let digits =
            |n: usize, gap| self.gap(n) == gap && self.tokens.get(n).is_some_and(Token::has_digit);
        let hyphen = || self.bytes(at + 1) == b"-" && self.gap(at + 1) == Gap::None;
        self.bytes(at).len() <= 4
            && (digits(at + 1, Gap::Space) || hyphen() && digits(at + 2, Gap::None))
    }

    /// Whether a token hangs on another one by a sign, as in `24-1-0617`.
    fn hangs(&self, sign: usize, next: usize) -> bool {
        matches!(self.bytes(sign), b"-" | b"/" | b"." | b"_")
            && self.gap(sign) == Gap::None
            && self.gap(next) == Gap::None
    }

    /// A number that starts at a token: the token behind it.
    fn number(&mut self, at: usize) -> Option<usize> {
        let word = |n: usize| {
            let token = self.tokens.get(n);
            token.is_some_and(|t| t.shape != Shape::Sign)
        };
        if at >= 2 && self.hangs(at - 1, at) && word(at - 2) {
            return None;
        }
        let mut key = Key::new();
        let mut digits = Key::new();
        let mut found = None;
        let mut next = at;
        let mut signs = 0;
        for groups in 1..=5 {
            let group = self.bytes(next);
            key.number(group);
            digits.extend(group);
            let only_digits = (at..=next).all(|n| {
                self.tokens
                    .get(n)
                    .is_some_and(|t| matches!(t.shape, Shape::Digits | Shape::Sign))
            });
            let ends = !(self.hangs(next + 1, next + 2) && word(next + 2));
            if ends && (4..=24).contains(&key.len()) {
                let digits = digits.get().filter(|_| only_digits);
                if let Some(hit) = self.number_of(at, next, &key, digits, groups, signs) {
                    found = Some((next, hit));
                }
            }
            // On to the next group, over one sign or one blank.
            let behind = next + 1;
            let over = match self.bytes(behind) {
                b"-" | b"." | b"/" | b")" if self.gap(behind) == Gap::None => behind + 1,
                _ => behind,
            };
            let goes_on = self.gap(over) <= Gap::Space
                && self.tokens.get(over).is_some_and(|t| {
                    t.has_digit()
                        || over > behind && t.shape == Shape::Upper && t.range().len() <= 4
                });
            if !goes_on || key.len() > 24 {
                break;
            }
            signs += usize::from(over > behind && self.bytes(behind) == b"-");
            next = over;
        }
        let (last, (field, who)) = found?;
        self.push(self.range(at, last), field, true, &who);
        Some(last + 1)
    }

    /// Whose number it is, if it counts.
    fn number_of(
        &self,
        first: usize,
        last: usize,
        key: &Key,
        digits: Option<&[u8]>,
        groups: usize,
        hyphens: usize,
    ) -> Option<(RosterField, Vec<u32>)> {
        let bytes = key.get()?;
        let roster = self.roster;
        if let Some(digits) = digits.filter(|d| (10..=15).contains(&d.len())) {
            let who = roster.lookup(Tag::Phone, normal::phone(digits));
            if !who.is_empty() {
                return Some((RosterField::Phone, who.to_vec()));
            }
        }
        if !roster
            .filter
            .may_hold(roster.hasher.filter(Tag::Number, bytes))
        {
            return None;
        }
        let nine = digits.is_some_and(|d| d.len() == 9);
        let written = nine && groups == 3 && hyphens == 2;
        for (tag, field) in [
            (Tag::Ssn, RosterField::Ssn),
            (Tag::Mrn, RosterField::Mrn),
            (Tag::Plan, RosterField::PlanId),
        ] {
            if tag == Tag::Ssn && !nine {
                continue;
            }
            let who = roster.table.get(roster.hasher.exact(tag, bytes));
            if who.is_empty() {
                continue;
            }
            let counts = !roster.dense.is_dense(tag, bytes)
                || tag == Tag::Ssn && written
                || self.labelled(first)
                || who
                    .iter()
                    .take(4 * MAX_PATIENTS)
                    .any(|w| self.family_near(first, last, *w));
            if counts {
                return Some((field, who.to_vec()));
            }
        }
        None
    }

    fn labelled(&self, at: usize) -> bool {
        (at.saturating_sub(LABEL)..at).any(|n| {
            let lower = self.bytes(n).to_ascii_lowercase();
            LABELS.contains(&lower.as_slice())
        })
    }

    /// Whether the patient's family name stands near.
    fn family_near(&self, first: usize, last: usize, who: u32) -> bool {
        let Some(&wanted) = self.roster.family.get(who as usize).filter(|f| **f != 0) else {
            return false;
        };
        (first.saturating_sub(COMPANY)..last + 1 + COMPANY)
            .filter(|n| {
                let token = self.tokens.get(*n);
                token.is_some_and(|t| t.is_capital() && t.range().len() > 1)
            })
            .any(|n| {
                let mut key = Key::new();
                key.name(self.bytes(n));
                key.get()
                    .is_some_and(|word| self.roster.hasher.salted(who, word) == wanted)
            })
    }

    /// A street line: sure where the family name stands near.
    fn street(&mut self, at: usize) {
        let mut found = None;
        normal::streets(self.text, self.tokens, at, |key, last, ends| {
            if let Some(bytes) = key.get().filter(|_| ends) {
                let who = self.roster.lookup(Tag::Street, bytes);
                if !who.is_empty() {
                    found = Some((last - 1, who));
                }
            }
            false
        });
        let Some((last, who)) = found else {
            return;
        };
        let named: Vec<u32> = who
            .iter()
            .take(4 * MAX_PATIENTS)
            .copied()
            .filter(|w| self.family_near(at, last, *w))
            .collect();
        let range = self.range(at, last);
        match named.is_empty() {
            true => self.push(range, RosterField::Street, false, who),
            false => self.push(range, RosterField::Street, true, &named),
        }
    }

    /// An address of mail around its `@`.
    fn mailbox(&mut self, at: usize) {
        let sign = self.range(at, at).start;
        let before = self.text.get(sign.saturating_sub(64)..sign);
        let behind = self.text.get(sign + 1..).unwrap_or_default();
        let local = before
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric() || b"._+-'%&=~".contains(b))
            .count();
        let domain = behind
            .iter()
            .take(253)
            .take_while(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
            .count();
        let behind = behind.get(..domain).unwrap_or_default();
        let domain = behind
            .iter()
            .rposition(u8::is_ascii_alphanumeric)
            .map_or(0, |n| n + 1);
        let start = sign - local;
        let text = |range: Range<usize>| {
            let bytes = self.text.get(range).unwrap_or_default();
            std::str::from_utf8(bytes).unwrap_or_default()
        };
        if local == 0 || domain == 0 {
            return;
        }
        let range = start..sign + 1 + domain;
        let mailbox = normal::mailbox(text(start..sign), text(sign + 1..range.end));
        let key = normal::mailbox_key(&mailbox);
        let who = self.roster.lookup(Tag::Mailbox, key.as_bytes());
        self.push(range, RosterField::Email, true, who);
    }
}
