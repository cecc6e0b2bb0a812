//! Finding patients in a text: one pass over its tokens.

mod names;

use std::ops::Range;

use super::days::{self, Days};
use super::keyed::Tag;
use super::normal::{self, Key};
use super::numbers::{Numbers, Reading};
use super::{PROXY, PatientId, Roster, RosterField, RosterHit};
use crate::dlp::Confidence;
use crate::dlp::known::MAX_HITS;
use crate::dlp::token::{Gap, Shape, Token};
use crate::dlp::view::View;
use crate::dlp::windows;

/// Patients that a hit names.
const MAX_PATIENTS: usize = 8;
/// Their rows that a hit keeps: one patient may have several.
const MAX_ROWS: usize = 32;
/// How far a birth date may stand from the name, in bytes.
const NEAR: usize = 300;
/// How far a family name or a label may stand from a number, in tokens.
const COMPANY: usize = 12;
const LABEL: usize = 4;
/// Words that say that a number is a patient's.
pub(super) const LABELS: &[&[u8]] = &[
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
                paired: usize::MAX,
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

struct Finder<'f> {
    roster: &'f Roster,
    text: &'f [u8],
    tokens: &'f [Token],
    /// Sorted; those of the window before first.
    dates: Vec<Date>,
    /// The first date that is not too far before the token that is read.
    next_date: usize,
    /// The word behind the second label of the name that was read last.
    paired: usize,
    hits: &'f mut Vec<RosterHit>,
}

impl<'f> Finder<'f> {
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
                let start = token.start as usize;
                match self.text.get(start..) {
                    Some([b'@', ..]) => self.mailbox(start..start + 1),
                    // As it stands in links.
                    Some([b'%', b'4', b'0', ..]) => self.mailbox(start..start + 3),
                    _ => {}
                }
                continue;
            }
            if !token.has_digit() && at >= name_from {
                name_from = self.name(at).unwrap_or(name_from);
            }
            if at >= number_from {
                if self.numbers().starts(at) {
                    number_from = self.number(at).unwrap_or(number_from);
                }
                if token.has_digit() {
                    self.street(at);
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
        let mut patients: Vec<PatientId> = Vec::new();
        let mut who = Vec::new();
        let mut more = false;
        // A patient may have several rows.
        for &row in entries.iter().filter(|w| **w & PROXY == 0) {
            let id = PatientId(self.roster.id(row));
            if !patients.contains(&id) {
                more = patients.len() == MAX_PATIENTS;
                if more {
                    break;
                }
                patients.push(id);
            }
            if who.len() < MAX_ROWS && !who.contains(&row) {
                who.push(row);
            }
        }
        if who.is_empty() {
            return;
        }
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

    /// A number that starts at a token: the token behind it.
    fn number(&mut self, at: usize) -> Option<usize> {
        let mut found = None;
        let numbers = self.numbers();
        numbers.read(at, |one| {
            if let Some(hit) = self.number_of(at, &one) {
                found = Some((one.last, hit));
            }
        });
        let (last, (field, who)) = found?;
        self.push(self.range(at, last), field, true, who);
        Some(last + 1)
    }

    fn numbers(&self) -> Numbers<'f> {
        Numbers {
            text: self.text,
            tokens: self.tokens,
        }
    }

    /// Whose number it is, if it counts.
    fn number_of(&self, first: usize, one: &Reading) -> Option<(RosterField, &'f [u32])> {
        let bytes = one.key.get()?;
        let digits = one.digits.as_ref().and_then(Key::get);
        let roster = self.roster;
        if let Some(digits) = digits.filter(|d| (10..=15).contains(&d.len())) {
            let who = roster.lookup(Tag::Phone, normal::phone(digits));
            if !who.is_empty() {
                return Some((RosterField::Phone, who));
            }
        }
        if !roster
            .filter
            .may_hold(roster.hasher.filter(Tag::Number, bytes))
        {
            return None;
        }
        let nine = digits.is_some_and(|d| d.len() == 9);
        let written = nine && one.groups == 3 && one.hyphens == 2;
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
                    .any(|w| self.family_near(first, one.last, *w));
            if counts {
                return Some((field, who));
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
    fn mailbox(&mut self, sign: Range<usize>) {
        let before = self.text.get(sign.start.saturating_sub(64)..sign.start);
        let behind = self.text.get(sign.end..).unwrap_or_default();
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
        if local == 0 || domain == 0 {
            return;
        }
        let text = |range: Range<usize>| {
            let bytes = self.text.get(range).unwrap_or_default();
            std::str::from_utf8(bytes).unwrap_or_default()
        };
        let end = sign.end + domain;
        let whole = sign.start - local;
        let roster = self.roster;
        for start in whole..sign.start {
            // All of it, or what stands behind a sign: `'pat@…'`, `?user=pat@…`, `?u%3Dpat%40…`.
            let head = self.text.get(whole..start).unwrap_or_default();
            let begins = match head {
                [.., b'%', _, _] | [.., b'\'' | b'=' | b'&' | b'~'] => true,
                signs => !signs.iter().any(u8::is_ascii_alphanumeric),
            };
            if !begins {
                continue;
            }
            let mailbox = normal::mailbox(text(start..sign.start), text(sign.end..end));
            let key = normal::mailbox_key(&mailbox);
            let who = roster.lookup(Tag::Mailbox, key.as_bytes());
            if !who.is_empty() {
                self.push(start..end, RosterField::Email, true, who);
                return;
            }
        }
    }
}
