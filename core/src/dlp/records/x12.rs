//! X12 of health care: claims (837), payments (835), enrolment (834),
//! eligibility (270, 271), claim status (276, 277), authorisation (278).

use std::ops::Range;

use memchr::{memchr_iter, memchr2};

use super::hints::{self, Hints};
use super::{Record, shape};
use crate::dlp::FindingKind;
use crate::dlp::extract::Form;

const MAX_ELEMENTS: usize = 64;
/// What is no segment, after which an interchange has ended.
const MAX_STRAY: usize = 8;
const SETS: &[&str] = &[
    "837", "835", "834", "820", "270", "271", "275", "276", "277", "278",
];

/// The characters that divide an interchange.
#[derive(Clone, Copy)]
struct Delimiters {
    element: u8,
    component: u8,
    segment: u8,
}

/// What the X12 interchanges in a text tell.
pub(super) fn read(text: &str) -> Option<Record> {
    let bytes = text.as_bytes();
    // What opens an interchange has an S in its name, which most texts have few
    // of in capitals.
    let opens = |at: usize| {
        let is = |from: usize| bytes.get(from..).and_then(opening).is_some();
        is(at) || at > 0 && is(at - 1)
    };
    if !memchr_iter(b'S', bytes).any(opens) {
        return None;
    }
    let mut reader = Reader {
        hints: Hints::new(text),
        delimiters: None,
        who: Who::Nobody,
        subscriber_or_patient: false,
        health: false,
        seen: false,
        stray: 0,
    };
    let mut at = 0;
    while at < bytes.len() {
        at = reader.step(at);
    }
    let patient_record = reader.subscriber_or_patient && reader.health;
    reader.seen.then(|| Record {
        hints: reader.hints.finish(),
        patient_record,
        clinical: true,
        form: Form::Plain,
        ..Record::default()
    })
}

/// Whom the segments behind an NM1 or N1 speak of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Person,
    Staff,
    /// A payer, a clearing house, or nobody yet.
    Nobody,
}

struct Reader<'t> {
    hints: Hints<'t>,
    /// Set within an interchange.
    delimiters: Option<Delimiters>,
    who: Who,
    subscriber_or_patient: bool,
    health: bool,
    seen: bool,
    stray: usize,
}

impl<'t> Reader<'t> {
    fn bytes(&self) -> &'t [u8] {
        self.hints.text().as_bytes()
    }

    fn str(&self, range: Range<usize>) -> &'t str {
        self.hints.text().get(range).unwrap_or_default()
    }

    /// Reads the segment or the line at `at`; says where the next one starts.
    fn step(&mut self, at: usize) -> usize {
        let rest = self.bytes().get(at..).unwrap_or_default();
        let blank = rest
            .iter()
            .take_while(|b| b.is_ascii_whitespace() || matches!(b, b'>' | 0xef | 0xbb | 0xbf))
            .count();
        let (at, rest) = (at + blank, rest.get(blank..).unwrap_or_default());
        // Within an interchange only another one sets new delimiters.
        if (self.delimiters.is_none() || rest.starts_with(b"ISA"))
            && let Some(delimiters) = opening(rest)
        {
            self.delimiters = Some(delimiters);
            (self.who, self.stray) = (Who::Nobody, 0);
        }
        let Some(delimiters) = self.delimiters else {
            return at + memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()) + 1;
        };
        // A line break ends a segment too: it never stands within one.
        let length = rest
            .iter()
            .position(|b| *b == delimiters.segment || matches!(b, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        if self.segment(at..at + length, delimiters) {
            self.stray = 0;
        } else {
            self.stray += 1;
            if self.stray > MAX_STRAY {
                self.delimiters = None;
            }
        }
        at + length + 1
    }

    fn segment(&mut self, range: Range<usize>, delimiters: Delimiters) -> bool {
        let mut elements = split(self.hints.text(), range.clone(), delimiters.element);
        elements.truncate(MAX_ELEMENTS);
        let name = elements.first().map_or("", |first| self.str(first.clone()));
        let right = matches!(name.len(), 2 | 3)
            && elements.len() > 1
            && name
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if !right {
            return false;
        }
        let element = |n: usize| elements.get(n).cloned().unwrap_or(range.end..range.end);
        let text = |n: usize| self.hints.text().get(element(n)).unwrap_or_default().trim();
        let one = Segment {
            name,
            elements: &elements,
            end: range.end,
        };
        match name {
            "ST" => self.seen |= SETS.contains(&text(1)),
            "IEA" => self.delimiters = None,
            _ if !self.seen => {}
            "NM1" => self.entity(&one),
            "N1" => self.organization(&one),
            "HI" => self.diagnoses(&one, delimiters),
            _ => self.item(&one, delimiters),
        }
        true
    }

    /// NM1: who it is, and their number.
    fn entity(&mut self, nm1: &Segment<'_>) {
        use FindingKind as K;
        let source = self.hints.text();
        let text = |n: usize| source.get(nm1.at(n)).unwrap_or_default().trim();
        let is_person = text(2) == "1";
        self.who = match text(1) {
            "IL" | "QC" | "74" | "03" | "70" | "QD" | "HK" | "GD" | "S1" | "E1" | "31" | "45"
            | "72"
                if is_person =>
            {
                Who::Person
            }
            "82" | "85" | "71" | "72" | "73" | "77" | "DN" | "DK" | "DQ" | "P3" | "1P" | "FA"
            | "87" | "QB" | "SJ" | "DD" => Who::Staff,
            _ => Who::Nobody,
        };
        let (qualifier, who) = (text(8), self.who);
        // Family, given and middle name in their elements.
        let last = (3..=5).rev().find(|n| !text(*n).is_empty()).unwrap_or(3);
        let name = nm1.at(3).start..nm1.at(last).end;
        match who {
            Who::Person => {
                self.subscriber_or_patient = true;
                self.hints.sure(name, K::Name);
            }
            Who::Staff if is_person => self.hints.sure(name, K::Provider),
            Who::Staff => self.hints.sure(nm1.at(3), K::Facility),
            Who::Nobody => {}
        }
        let number = match (qualifier, who) {
            ("XX", Who::Staff) => K::Npi,
            ("34", Who::Person) => K::Ssn,
            ("MI" | "MR" | "II" | "ZZ" | "HN" | "C1" | "N", Who::Person) => K::HealthPlanId,
            ("EI" | "EA", Who::Person) => K::OtherId,
            _ => return,
        };
        self.hints.sure(nm1.at(9), number);
    }

    /// N1 of a payment: the payee is the place of care.
    fn organization(&mut self, n1: &Segment<'_>) {
        self.who = Who::Nobody;
        if self.str(n1.at(1)) == "PE" {
            self.hints.sure(n1.at(2), FindingKind::Facility);
            if self.str(n1.at(3)) == "XX" {
                self.hints.sure(n1.at(4), FindingKind::Npi);
            }
        }
    }

    /// HI: qualifier and code of each diagnosis.
    fn diagnoses(&mut self, hi: &Segment<'_>, delimiters: Delimiters) {
        for element in hi.elements.iter().skip(1) {
            let parts = split(self.hints.text(), element.clone(), delimiters.component);
            let (Some(qualifier), Some(code)) = (parts.first(), parts.get(1)) else {
                continue;
            };
            let qualifier = self.str(qualifier.clone());
            let is_icd10 = matches!(
                qualifier,
                "ABK" | "ABF" | "ABJ" | "ABN" | "APR" | "BBR" | "BBQ" | "DR"
            ) || matches!(qualifier, "BK" | "BF" | "BJ" | "BN" | "PR")
                && shape::is_icd10(self.str(code.clone()));
            if is_icd10 && qualifier != "DR" {
                self.health = true;
                self.hints.sure(code.clone(), FindingKind::Icd10);
            }
        }
    }

    fn item(&mut self, item: &Segment<'_>, delimiters: Delimiters) {
        use FindingKind as K;
        let source = self.hints.text();
        let text = |n: usize| source.get(item.at(n)).unwrap_or_default().trim();
        let person = self.who == Who::Person;
        match item.name {
            "N3" if person => {
                let last = if text(2).is_empty() { 1 } else { 2 };
                self.hints
                    .sure(item.at(1).start..item.at(last).end, K::Address);
            }
            "N4" if person => {
                let last = (1..=3).rev().find(|n| !text(*n).is_empty()).unwrap_or(1);
                self.hints
                    .sure(item.at(1).start..item.at(last).end, K::Address);
            }
            "PER" if person => {
                for n in [3, 5, 7] {
                    let kind = match text(n) {
                        "TE" | "HP" | "WP" | "CP" | "NP" => K::Phone,
                        "FX" => K::Fax,
                        "EM" => K::Email,
                        _ => continue,
                    };
                    self.hints.sure(item.at(n + 1), kind);
                }
            }
            "DMG" => self.date(item.at(2)),
            "DTP" => self.date(item.at(3)),
            "DTM" => self.date(item.at(2)),
            "BHT" => self.date(item.at(4)),
            "PAT" => self.date(item.at(6)),
            "REF" => {
                let kind = match text(1) {
                    "SY" => K::Ssn,
                    "EA" => K::Mrn,
                    "1W" | "0F" | "1L" | "IG" | "6P" | "HJ" | "NQ" | "23" | "F6" | "3H" => {
                        K::HealthPlanId
                    }
                    "D9" | "F8" | "EJ" | "1K" | "Y4" => K::Account,
                    "G1" | "9F" | "XZ" | "BB" | "EW" | "LU" | "X9" | "9A" | "9C" => K::OtherId,
                    _ => return,
                };
                self.hints.sure(item.at(2), kind);
            }
            "CLM" => {
                self.health = true;
                self.hints.sure(item.at(1), K::Account);
            }
            "CLP" => {
                self.health = true;
                self.hints.sure(item.at(1), K::Account);
                self.hints.sure(item.at(7), K::Account);
            }
            // Group or policy number.
            "SBR" => self.hints.sure(item.at(3), K::HealthPlanId),
            "SV1" | "SV3" | "SVC" | "SVD" | "SV2" => {
                let at = match item.name {
                    "SV2" => 2,
                    "SVD" => 3,
                    _ => 1,
                };
                let parts = split(self.hints.text(), item.at(at), delimiters.component);
                let qualifier = parts.first().map_or("", |p| self.str(p.clone()));
                if let Some(code) = parts.get(1).cloned() {
                    let kind = if qualifier == "N4" { K::Ndc } else { K::Cpt };
                    if matches!(qualifier, "HC" | "AD" | "N4" | "WK" | "ER" | "HP") {
                        self.health = true;
                        self.hints.sure(code, kind);
                    }
                }
            }
            "LIN" => {
                for n in [2, 4] {
                    if text(n) == "N4" {
                        self.hints.sure(item.at(n + 1), K::Ndc);
                    }
                }
            }
            // Benefits and enrolment of a member.
            "EB" | "EQ" | "INS" | "HD" | "STC" | "HCR" | "UM" => self.health = true,
            _ => {}
        }
    }

    fn date(&mut self, range: Range<usize>) {
        let range = hints::trim(self.hints.text(), range);
        let value = self.str(range.clone());
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        if digits >= 6 && value.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            self.hints.sure(range, FindingKind::Date);
        }
    }
}

struct Segment<'s> {
    name: &'s str,
    elements: &'s [Range<usize>],
    end: usize,
}

impl Segment<'_> {
    /// The element of this number; an empty one at the end where there is none.
    fn at(&self, n: usize) -> Range<usize> {
        self.elements.get(n).cloned().unwrap_or(self.end..self.end)
    }
}

/// The delimiters, where an interchange (ISA) or a transaction set (ST) of
/// health care starts.
fn opening(rest: &[u8]) -> Option<Delimiters> {
    let name = rest.get(..3)?;
    if name == b"ISA" {
        let element = *rest.get(3)?;
        if !is_delimiter(element) {
            return None;
        }
        // ISA has fixed widths; a mailer may have changed them.
        if let (Some(&component), Some(&segment)) = (rest.get(104), rest.get(105))
            && rest.get(103) == Some(&element)
            && !component.is_ascii_alphanumeric()
            && !segment.is_ascii_alphanumeric()
        {
            return Some(Delimiters {
                element,
                component,
                segment,
            });
        }
        return Some(Delimiters {
            element,
            component: b':',
            segment: b'~',
        });
    }
    let &[b'S', b'T', element] = name else {
        return None;
    };
    let set = std::str::from_utf8(rest.get(3..6)?).ok()?;
    (is_delimiter(element) && rest.get(6) == Some(&element) && SETS.contains(&set)).then_some(
        Delimiters {
            element,
            component: b':',
            segment: b'~',
        },
    )
}

fn is_delimiter(byte: u8) -> bool {
    byte.is_ascii_punctuation() && !matches!(byte, b'.' | b'-' | b'\'' | b'"' | b'(' | b')' | b',')
}

fn split(text: &str, range: Range<usize>, delimiter: u8) -> Vec<Range<usize>> {
    let bytes = text.as_bytes().get(range.clone()).unwrap_or_default();
    let mut start = range.start;
    bytes
        .split(|b| *b == delimiter)
        .map(|piece| {
            let piece = start..start + piece.len();
            start = piece.end + 1;
            piece
        })
        .take(MAX_ELEMENTS)
        .collect()
}
