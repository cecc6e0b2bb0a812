//! HL7 v2 messages: a file, a stream in MLLP frames, or pasted into a mail.
//!
//! The delimiters are those of the message's own MSH segment. Which field
//! holds what stands in [`fields`](super::hl7_fields).

use std::ops::Range;

use memchr::{memchr_iter, memchr2};

use super::escapes;
use super::hints::{self, Hints};
use super::hl7_fields::{Holds, holds};
use super::{Record, shape};
use crate::dlp::extract::Form;
use crate::dlp::view::Written;
use crate::dlp::{Confidence, FindingKind, made_up};

const MAX_FIELDS: usize = 256;
const MAX_REPETITIONS: usize = 64;

/// The characters that divide a message.
#[derive(Clone, Copy)]
struct Delimiters {
    field: u8,
    component: u8,
    repetition: u8,
    sub: u8,
    escape: u8,
}

const USUAL: Delimiters = Delimiters {
    field: b'|',
    component: b'^',
    repetition: b'~',
    sub: b'&',
    escape: b'\\',
};

/// Whether segments of a message may stand in a text.
pub(super) fn may_hold(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr_iter(b'|', bytes).any(|at| is_alone(name_before(bytes, at)))
        || memchr_iter(b'H', bytes).any(|at| opens(bytes, at))
}

/// What the HL7 v2 segments in a text tell.
pub(super) fn read(text: &str) -> Option<Record> {
    if !may_hold(text) {
        return None;
    }
    let bytes = text.as_bytes();
    let mut reader = Reader {
        hints: Hints::new(text),
        delimiters: USUAL,
        message: false,
        patient: Patient::default(),
        record: false,
        written: Vec::new(),
    };
    // The marks of MLLP, which hardly any text has.
    let framed = memchr2(0x0b, 0x1c, bytes).is_some();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = match framed {
            true => rest
                .iter()
                .position(|b| matches!(b, b'\r' | b'\n' | 0x0b | 0x1c)),
            false => memchr2(b'\r', b'\n', rest),
        };
        let length = end.unwrap_or(rest.len());
        reader.segment(at..at + length);
        at += length + 1;
    }
    let patient_record = reader.record || reader.patient.is_record();
    let written = reader.written;
    let hints = reader.hints.finish();
    (reader.message || !hints.is_empty()).then_some(Record {
        hints,
        patient_record,
        clinical: true,
        form: Form::Plain,
        written,
        ..Record::default()
    })
}

/// Whether the name of what opens a message, a file or a batch stands around an
/// H. All three have one, which is rare in capitals.
fn opens(bytes: &[u8], h: usize) -> bool {
    match bytes.get(h + 1) {
        Some(b'S') => matches!(h.checked_sub(1).map(|n| bytes[n]), Some(b'F' | b'B')),
        _ => name_before(bytes, h + 1) == b"MSH",
    }
}

/// The three bytes before a place.
fn name_before(bytes: &[u8], at: usize) -> &[u8] {
    let from = at.checked_sub(3);
    from.and_then(|from| bytes.get(from..at))
        .unwrap_or_default()
}

/// Whether a line may be a segment, by its first bytes: it starts with a name
/// in capitals, or with what may stand before one.
fn may_be_segment(line: &[u8]) -> bool {
    match line {
        [b'>' | b' ' | b'\t' | 0x80.., ..] => true,
        [a, b, c, ..] => {
            let name = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
            name(a) && name(b) && name(c)
        }
        _ => false,
    }
}

/// Whether segments of a name are read where no message was opened.
fn is_alone(name: &[u8]) -> bool {
    matches!(
        name,
        b"PID" | b"OBX" | b"OBR" | b"PV1" | b"NK1" | b"IN1" | b"DG1" | b"GT1"
    )
}

struct Reader<'t> {
    hints: Hints<'t>,
    delimiters: Delimiters,
    /// Whether an MSH segment was seen.
    message: bool,
    /// What was read of the patient whose segments these are, and whether one before was
    /// a record of somebody.
    patient: Patient,
    record: bool,
    written: Vec<Written>,
}

/// What was read of a patient.
#[derive(Default)]
struct Patient {
    /// Whether their segment was seen.
    seen: bool,
    /// Whether a name, a number or an address is there, of whomever.
    told: bool,
    named: bool,
    /// Whether anything that tells who somebody is is not of a test.
    real: bool,
    /// Whether a birth is there that is known, and whether an address is.
    birth: bool,
    address: bool,
}

impl Patient {
    /// Whether it is a record of somebody. A birth and an address beside a name of a test
    /// are nobody's.
    fn is_record(&self) -> bool {
        let known = self.told || self.birth;
        known && self.real || self.told && !self.named && (self.birth || self.address)
    }
}

impl<'t> Reader<'t> {
    fn bytes(&self, range: Range<usize>) -> &'t [u8] {
        self.hints.text().as_bytes().get(range).unwrap_or_default()
    }

    fn str(&self, range: Range<usize>) -> &'t str {
        self.hints.text().get(range).unwrap_or_default()
    }

    /// Reads one line, which is a segment or nothing.
    fn segment(&mut self, line: Range<usize>) {
        if !may_be_segment(self.bytes(line.clone())) {
            return;
        }
        let text = self.str(line.clone());
        let body = text.trim_start_matches(['>', ' ', '\t', '\u{feff}', '\u{a0}']);
        let start = line.end - body.len();
        let Some(&[a, b, c, field]) = self.bytes(start..line.end).first_chunk::<4>() else {
            return;
        };
        let name = [a, b, c];
        if !a.is_ascii_uppercase()
            || !name
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            return;
        }
        // FHS and BHS open files and batches as MSH does a message.
        if matches!(&name, b"MSH" | b"FHS" | b"BHS") {
            let Some(delimiters) = declared(self.bytes(start + 3..line.end)) else {
                return;
            };
            self.delimiters = delimiters;
            self.message = true;
        } else if field != self.delimiters.field {
            return;
        }
        let fields = split(
            self.hints.text(),
            start..line.end,
            self.delimiters.field,
            MAX_FIELDS,
        );
        // A lone line needs to look like a segment by its length.
        if !self.message && (fields.len() < 6 || !is_alone(&name)) {
            return;
        }
        let header = name == *b"MSH";
        // One text may hold a test and what is none.
        if header || name == *b"PID" && self.patient.seen {
            self.record |= self.patient.is_record();
            self.patient = Patient::default();
        }
        self.patient.seen |= name == *b"PID";
        // The field that declares the escapes is none.
        let first = if header { 2 } else { 1 };
        if let Some(content) = fields.get(first) {
            let escape = self.delimiters.escape;
            let content = content.start..line.end;
            escapes::hl7(self.hints.text(), content, escape, &mut self.written);
        }
        for (index, value) in fields.iter().enumerate().skip(1) {
            if value.is_empty() {
                continue;
            }
            // The first field of MSH is the field separator itself.
            let number = if header { index + 1 } else { index };
            let Some(what) = holds(&name, number) else {
                continue;
            };
            let values = split(
                self.hints.text(),
                value.clone(),
                self.delimiters.repetition,
                MAX_REPETITIONS,
            );
            for value in values {
                let before = std::mem::take(&mut self.patient.real);
                self.value(&name, &fields, what, value);
                // Whoever has no name is told by their licence.
                self.patient.told |= name == *b"PID" && self.patient.real;
                self.patient.real |= before;
            }
        }
    }

    fn add(&mut self, range: Range<usize>, kind: FindingKind) {
        let confidence = if self.message {
            Confidence::High
        } else {
            Confidence::Medium
        };
        self.patient.real |=
            hints::tells_who(kind) && hints::is_somebodys(kind, self.str(range.clone()));
        self.hints.add(range, kind, confidence);
    }

    /// Reads one repetition of a field.
    fn value(
        &mut self,
        segment: &[u8; 3],
        fields: &[Range<usize>],
        what: Holds,
        value: Range<usize>,
    ) {
        let parts = split(
            self.hints.text(),
            value.clone(),
            self.delimiters.component,
            32,
        );
        let part = |n: usize| parts.get(n - 1).cloned().unwrap_or(value.end..value.end);
        let source = self.hints.text();
        let text = |n: usize| source.get(part(n)).unwrap_or_default().trim();
        match what {
            Holds::Plain(kind) => {
                if kind == FindingKind::Date {
                    self.patient.birth |= segment == b"PID" && hints::is_somebodys(kind, text(1));
                    self.date(part(1));
                } else if kind != FindingKind::Facility || text(1).contains(char::is_alphabetic) {
                    self.add(part(1), kind);
                }
            }
            Holds::Id(kind) => {
                let kind = id_kind(text(5), text(4)).unwrap_or(kind);
                self.patient.told |=
                    segment == b"PID" && kind == FindingKind::Mrn && !hints::says_nothing(text(1));
                self.add(part(1), kind);
            }
            Holds::Name => {
                let name = self.joined(&parts, 1, 3);
                let named = segment == b"PID" && !hints::says_nothing(self.str(name.clone()));
                self.patient.told |= named;
                self.patient.named |= named;
                self.add(name, FindingKind::Name);
            }
            Holds::Provider => self.provider(&parts),
            Holds::ProviderParts => {
                // Performers of an OBR name their person in the first component.
                let inner = split(self.hints.text(), part(1), self.delimiters.sub, 32);
                self.provider(&inner);
            }
            Holds::Address => {
                let address = self.joined(&parts, 1, 5);
                // A country or a state alone locates nobody.
                if [1, 2, 3, 5]
                    .into_iter()
                    .any(|n| !hints::says_nothing(text(n)))
                {
                    // `1 TEST ST, ANYTOWN 00000`
                    let real = segment == b"PID" && !made_up::noughts(text(5));
                    self.patient.told |= real;
                    self.patient.address |= real;
                    self.add(address, FindingKind::Address);
                }
            }
            Holds::Phone => {
                let fax = text(2) == "FX" || text(3) == "FX";
                if text(4).contains('@') {
                    self.add(part(4), FindingKind::Email);
                } else if text(1).contains('@') {
                    self.add(part(1), FindingKind::Email);
                    return;
                }
                let number = if text(1).is_empty() {
                    self.joined(&parts, 6, 7)
                } else {
                    part(1)
                };
                if self
                    .str(number.clone())
                    .contains(|c: char| c.is_ascii_digit())
                {
                    self.add(
                        number,
                        if fax {
                            FindingKind::Fax
                        } else {
                            FindingKind::Phone
                        },
                    );
                }
            }
            Holds::Place => self.add(part(4), FindingKind::Facility),
            Holds::Code(kind) => self.code(&parts, kind),
            Holds::Allergen => {
                let sort = fields.get(2).map_or("", |range| self.str(range.clone()));
                let drug = ["DA", "MA"].iter().any(|code| sort.starts_with(code));
                self.code(
                    &parts,
                    if drug {
                        FindingKind::Medication
                    } else {
                        FindingKind::Condition
                    },
                );
            }
            Holds::Observed => match fields.get(2).map_or("", |range| self.str(range.clone())) {
                "DT" | "TS" | "DTM" => self.date(part(1)),
                "XPN" | "PN" => self.add(self.joined(&parts, 1, 3), FindingKind::Name),
                "XCN" => self.provider(&parts),
                "CE" | "CWE" | "CNE" => {
                    let system = text(3);
                    if is_icd10(system) || system == "SCT" {
                        self.code(&parts, FindingKind::Condition);
                    }
                }
                _ => {}
            },
        }
    }

    /// From the first component of `from..=to` that says something to the last.
    fn joined(&self, parts: &[Range<usize>], from: usize, to: usize) -> Range<usize> {
        let mut said = parts
            .iter()
            .take(to)
            .skip(from - 1)
            .filter(|part| !self.str((*part).clone()).trim().is_empty());
        let Some(first) = said.next() else {
            return 0..0;
        };
        first.start..said.next_back().unwrap_or(first).end
    }

    /// A date that is more precise than a year.
    fn date(&mut self, range: Range<usize>) {
        let digits = self
            .bytes(range.clone())
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if digits >= 6 || shape::is_full_date(self.str(range.clone())) {
            self.add(range, FindingKind::Date);
        }
    }

    /// A person of the staff: number, family, given, middle name.
    fn provider(&mut self, parts: &[Range<usize>]) {
        let Some(id) = parts.first() else { return };
        let number = self.str(id.clone()).trim();
        if number.len() == 10
            && number.bytes().all(|b| b.is_ascii_digit())
            && number.starts_with(['1', '2'])
        {
            self.add(id.clone(), FindingKind::Npi);
        }
        let name = self.joined(parts, 2, 4);
        if name.is_empty() && shape::is_full_name(number) {
            self.add(id.clone(), FindingKind::Provider);
        } else if !name.is_empty() {
            self.add(name, FindingKind::Provider);
        }
    }

    /// A coded element: code, text and system, twice.
    fn code(&mut self, parts: &[Range<usize>], kind: FindingKind) {
        for three in parts.chunks(3).take(2) {
            let system = three
                .get(2)
                .map_or("", |range| self.str(range.clone()).trim());
            let Some(code) = three.first().cloned() else {
                continue;
            };
            let text = three.get(1).cloned().unwrap_or(code.end..code.end);
            let value = self.str(code.clone()).trim();
            let coded = code_kind(system, value);
            if let Some(coded) = coded {
                self.add(code.clone(), coded);
            }
            let named = if !self.str(text.clone()).trim().is_empty() {
                text
            } else if coded.is_none()
                && three.len() == 1
                && value.len() > 3
                && !value.contains(|c: char| c.is_ascii_digit())
            {
                // Some senders put the words where the code should be.
                code
            } else {
                continue;
            };
            let words = self.str(named.clone());
            match kind {
                FindingKind::Medication => {
                    let named = hints::drug(self.hints.text(), named);
                    self.add(named, kind);
                }
                FindingKind::Lab if hints::is_ordered_test(words) => {
                    self.add(named, FindingKind::Procedure)
                }
                _ => self.add(named, kind),
            }
        }
    }
}

/// The delimiters that an MSH segment declares behind its name.
fn declared(rest: &[u8]) -> Option<Delimiters> {
    let (&field, rest) = rest.split_first()?;
    let end = rest.iter().position(|b| *b == field)?;
    let encoding = rest.get(..end)?;
    let right = field.is_ascii_punctuation()
        && (1..=5).contains(&encoding.len())
        && encoding.iter().all(u8::is_ascii_punctuation);
    // Where one is not declared, none of its kind is used.
    let nth = |n: usize| encoding.get(n).copied().unwrap_or(0);
    right.then(|| Delimiters {
        field,
        component: nth(0),
        repetition: nth(1),
        sub: nth(3),
        escape: nth(2),
    })
}

/// The kind that the type of an identifier (HL7 table 0203) or its authority says.
pub(super) fn id_kind(code: &str, authority: &str) -> Option<FindingKind> {
    Some(match code {
        "MR" | "MRN" | "MRT" | "PI" | "PT" | "RI" | "PE" => FindingKind::Mrn,
        "SS" | "SSN" | "SB" => FindingKind::Ssn,
        "DL" | "PPN" | "LN" | "DP" | "MCT" => FindingKind::License,
        "MB" | "MC" | "MA" | "HC" | "SN" | "WC" | "NIIP" | "PNT" | "MCD" | "MCR" => {
            FindingKind::HealthPlanId
        }
        "AN" | "ANON" | "AM" | "ANC" | "ANT" | "GN" => FindingKind::Account,
        "NPI" => FindingKind::Npi,
        "DEA" => FindingKind::Dea,
        "BC" | "BA" | "CK" => FindingKind::BankAccount,
        "CC" | "CCN" => FindingKind::CreditCard,
        "VN" | "FILL" | "PLAC" | "ACSN" | "RRI" => FindingKind::OtherId,
        _ if authority.contains("SSA") => FindingKind::Ssn,
        _ => return None,
    })
}

fn is_icd10(system: &str) -> bool {
    matches!(
        system,
        "I10" | "I10C" | "I10P" | "ICD10" | "ICD-10" | "ICD10CM" | "ICD-10-CM" | "ICD10-CM" | "10"
    )
}

/// The kind of a code by the name of its system (HL7 table 0396).
fn code_kind(system: &str, code: &str) -> Option<FindingKind> {
    Some(match system {
        "LN" | "LOINC" => FindingKind::Loinc,
        "NDC" => FindingKind::Ndc,
        "C4" | "C5" | "CPT" | "CPT4" | "CPT-4" | "HCPCS" | "HCPT" => FindingKind::Cpt,
        _ if is_icd10(system) => FindingKind::Icd10,
        "" if code.contains('.') && shape::is_icd10(code) => FindingKind::Icd10,
        _ => return None,
    })
}

/// The pieces of `range` between delimiters, at most `most` of them.
fn split(text: &str, range: Range<usize>, delimiter: u8, most: usize) -> Vec<Range<usize>> {
    let bytes = text.as_bytes().get(range.clone()).unwrap_or_default();
    let mut pieces = Vec::new();
    let mut start = range.start;
    for piece in bytes
        .split(|b| *b == delimiter && delimiter != 0)
        .take(most)
    {
        pieces.push(start..start + piece.len());
        start += piece.len() + 1;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_its_start_rules_out_no_segment() {
        // Each ASCII byte and some others at each of the first places.
        let signs = (0..=0x7f)
            .map(char::from)
            .chain(['\u{a0}', '\u{feff}', 'é']);
        let mut ruled_out = 0;
        for sign in signs {
            for at in 0..4 {
                let mut line = "PV1|".to_owned();
                line.replace_range(at..at + 1, sign.encode_utf8(&mut [0; 4]));
                for before in ["", "> ", "\u{feff}", "\t>\u{a0}"] {
                    let text = format!("{before}{line}1|2");
                    let body = text.trim_start_matches(['>', ' ', '\t', '\u{feff}', '\u{a0}']);
                    let name = body.as_bytes().first_chunk::<3>().unwrap();
                    let is_name = name[0].is_ascii_uppercase()
                        && name
                            .iter()
                            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                    assert!(!is_name || may_be_segment(text.as_bytes()), "{text:?}");
                    ruled_out += u32::from(!may_be_segment(text.as_bytes()));
                }
            }
        }
        assert!(ruled_out > 200, "{ruled_out}");
        assert!(!may_be_segment(b"PI") && !may_be_segment(b""));
    }
}
