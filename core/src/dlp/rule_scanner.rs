//! The scanner for the kinds that have a rule or a checksum.
//!
//! One pass over the words of each part. At a word's start the word and what
//! follows it behind single separators is read as one candidate of at most 48
//! characters, and the most specific detector that accepts it wins. What
//! stands around it (labels within 60 characters) raises or lowers the
//! confidence; a label never goes unheard because a digit is wrong.

use std::ops::Range;

use super::check;
use super::view::View;
use super::{Confidence, Finding, FindingKind, Findings, Part, Scanner, Unscannable};
use crate::base::Phi;
use crate::compose::{Message, PartContent};

/// Finds social security numbers, Medicare numbers (MBI), payment cards,
/// IBANs, NPIs, DEA numbers and VINs in subject, text, HTML, file names, other
/// header text and text attachments.
///
/// | kind | high | medium | low |
/// |---|---|---|---|
/// | `ssn` | label and valid | `3-2-4` shape and valid; label and invalid area; "ending 1234" | shape and invalid area; known fakes |
/// | `health_plan_id` | MBI with label or hyphens | MBI bare | CMS's own examples |
/// | `credit_card` | Luhn, issuer, and label or groups | Luhn and issuer; "ending 1234" | test numbers; beside "order", "tracking", … |
/// | `bank_account` | IBAN with its check digits | label, wrong check digits | |
/// | `npi` | label and check digit | | label, wrong check digit |
/// | `dea` | label and check digit | check digit | label, wrong check digit |
/// | `vehicle` | VIN with label and check digit | VIN with label, or check digit | |
///
/// It does not look for names, dates, addresses or health content, so that
/// finding nothing means little: policies treat that as PHI unless told
/// otherwise. Any other media type than `text/plain` and `text/html` is
/// reported as unscannable, `unsupported_type` (other `text/*` is read all the
/// same); text above 8 MiB is `too_large`.
///
/// ```
/// use mailseal::compose::Message;
/// use mailseal::dlp::{FindingKind, Part, RuleScanner, Scanner};
///
/// let message = Message::builder()
///     .from("clinic@harbor.example".parse()?)
///     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
///     .text("SSN: 281-15-9804")
///     .build()?;
/// let findings = RuleScanner::new().scan(&message);
/// assert_eq!(findings.items[0].kind, FindingKind::Ssn);
/// assert_eq!((findings.items[0].part, findings.items[0].span.clone()), (Part::Text, 5..16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct RuleScanner;

/// More in one part than any message has that a person wrote.
const MAX_FINDINGS: usize = 10_000;
/// Bytes of one text.
const MAX_TEXT: usize = 8 * 1024 * 1024;
/// How far around a candidate its labels stand.
const NEAR: usize = 60;

impl RuleScanner {
    /// The scanner; it has no options.
    pub fn new() -> Self {
        Self
    }
}

impl Scanner for RuleScanner {
    fn scan(&self, message: &Message) -> Findings {
        let mut found = Findings::default();
        for scanned in message.parts() {
            let part = scanned.part();
            let media_type = scanned.media_type();
            if !matches!(media_type, "text/plain" | "text/html") {
                found
                    .unscannable
                    .push(Unscannable::new(part, "unsupported_type"));
                if !media_type.starts_with("text/") {
                    continue;
                }
            }
            match scanned.content() {
                PartContent::Text(text) if text.expose().len() > MAX_TEXT => {
                    found.unscannable.push(Unscannable::new(part, "too_large"));
                }
                PartContent::Text(text) => {
                    if let Some(why) = scanned.misread(text.expose()) {
                        found.unscannable.push(Unscannable::new(part, why));
                    }
                    let view = match media_type {
                        "text/html" => View::html(text.expose()),
                        _ => View::plain(text.expose()),
                    };
                    if !Reader::new(&view).read(part, &mut found.items) {
                        found
                            .unscannable
                            .push(Unscannable::new(part, "too_many_findings"));
                    }
                }
                PartContent::Unreadable(why) => found.unscannable.push(Unscannable::new(part, why)),
                PartContent::Binary(_) => {
                    found
                        .unscannable
                        .push(Unscannable::new(part, "unsupported_type"));
                }
            }
        }
        found
    }
}

/// Digits or letters between single separators.
type Group = Range<usize>;

struct Hit {
    kind: FindingKind,
    end: usize,
    confidence: Confidence,
}

struct Reader<'a> {
    view: &'a View<'a>,
    /// Upper case, for shapes; labels are compared without case.
    text: Vec<u8>,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

impl<'a> Reader<'a> {
    fn new(view: &'a View<'a>) -> Self {
        Self {
            view,
            text: view.text.to_ascii_uppercase(),
        }
    }

    /// False where there is too much to report.
    fn read(&self, part: Part, items: &mut Vec<Finding>) -> bool {
        let first = items.len();
        let mut at = 0;
        while at < self.text.len() {
            if !is_word(self.text[at]) {
                at += 1;
                continue;
            }
            let groups = self.groups(at);
            let word_end = groups.first().map_or(at + 1, |g| g.end);
            match self.detect(&groups) {
                Some(hit) => {
                    if items.len() - first == MAX_FINDINGS {
                        return false;
                    }
                    let value: String = self.view.text[at..hit.end]
                        .iter()
                        .map(|&b| char::from(b))
                        .collect();
                    let span = self.view.source(at..hit.end);
                    items.push(Finding::new(
                        hit.kind,
                        part,
                        span,
                        hit.confidence,
                        Phi::new(value),
                    ));
                    at = hit.end;
                }
                None => at = word_end,
            }
        }
        true
    }

    /// The word at `start` and those behind single separators, 48 characters
    /// at most; a longer word is one group to its end.
    fn groups(&self, start: usize) -> Vec<Group> {
        let mut groups = Vec::with_capacity(8);
        let mut at = start;
        loop {
            let length = self.text[at..].iter().take_while(|b| is_word(**b)).count();
            if length == 0 {
                break;
            }
            groups.push(at..at + length);
            at += length;
            let separated = matches!(self.text.get(at), Some(b'-' | b' ' | b'.' | b'\t'));
            if !separated || at - start > 48 {
                break;
            }
            at += 1;
        }
        groups
    }

    fn detect(&self, groups: &[Group]) -> Option<Hit> {
        let first = groups.first()?;
        if first.len() > 40 {
            return None;
        }
        self.iban(groups)
            .or_else(|| self.card(groups))
            .or_else(|| self.vin(first))
            .or_else(|| self.mbi(groups))
            .or_else(|| self.ssn(groups))
            .or_else(|| self.last_four(first))
            .or_else(|| self.npi(first))
            .or_else(|| self.dea(first))
    }

    /// The groups joined, up to where `length` characters are reached exactly.
    fn joined(&self, groups: &[Group], length: usize) -> Option<(Vec<u8>, usize)> {
        let mut out = Vec::with_capacity(length);
        for group in groups {
            out.extend_from_slice(&self.text[group.clone()]);
            if out.len() == length {
                return Some((out, group.end));
            }
            if out.len() > length {
                return None;
            }
        }
        None
    }

    /// The digits of the groups that are nothing else.
    fn digits(&self, groups: &[Group], length: usize) -> Option<(check::Digits, usize)> {
        let (text, end) = self.joined(groups, length)?;
        Some((check::digits(&text)?, end))
    }

    fn iban(&self, groups: &[Group]) -> Option<Hit> {
        let first = &self.text[groups[0].clone()];
        let length = check::iban_length(first.get(..2)?)?;
        if !first.get(2..4)?.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (text, end) = self.joined(groups, length)?;
        if !text.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let confidence = match (check::iban(&text), self.label(groups[0].start, IBAN)) {
            (true, _) => Confidence::High,
            (false, true) => Confidence::Medium,
            (false, false) => return None,
        };
        Some(Hit {
            kind: FindingKind::BankAccount,
            end,
            confidence,
        })
    }

    fn card(&self, groups: &[Group]) -> Option<Hit> {
        let start = groups[0].start;
        let mut digits: Vec<u8> = Vec::new();
        let mut ends: Vec<(usize, usize)> = Vec::new();
        for group in groups {
            let text = &self.text[group.clone()];
            if digits.len() + text.len() > 19 || !text.iter().all(u8::is_ascii_digit) {
                break;
            }
            digits.extend(text.iter().map(|b| b - b'0'));
            ends.push((digits.len(), group.end));
        }
        // The longest that fits: `4539 2423 7144 8309 123` may end either way.
        let (length, end) = ends
            .into_iter()
            .rev()
            .find(|(n, _)| check::card_issuer(&digits[..*n]) && check::luhn(&digits[..*n]))?;
        digits.truncate(length);
        let grouped = groups[0].len() == 4 && end - start > digits.len();
        let labelled = self.near(start, end, CARD);
        let confidence = if check::is_test_card(&digits) {
            Confidence::Low
        } else if grouped || labelled {
            Confidence::High
        } else if self.near(start, end, NOT_A_CARD) {
            Confidence::Low
        } else {
            Confidence::Medium
        };
        Some(Hit {
            kind: FindingKind::CreditCard,
            end,
            confidence,
        })
    }

    fn vin(&self, word: &Group) -> Option<Hit> {
        let text = &self.text[word.clone()];
        let right = check::vin(text)?;
        let mixed = text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic);
        let confidence = match (self.near(word.start, word.end, VIN), right && mixed) {
            (true, true) => Confidence::High,
            (true, false) | (false, true) => Confidence::Medium,
            (false, false) => return None,
        };
        Some(Hit {
            kind: FindingKind::Vehicle,
            end: word.end,
            confidence,
        })
    }

    fn mbi(&self, groups: &[Group]) -> Option<Hit> {
        let whole = groups[0].len() == 11;
        let split = groups.len() >= 3 && groups[..3].iter().map(Range::len).eq([4, 3, 4]);
        if !whole && !split {
            return None;
        }
        let (text, end) = self.joined(groups, 11)?;
        if !check::mbi(&text) {
            return None;
        }
        let hyphens = split && self.text[groups[0].end] == b'-';
        let confidence = if text.starts_with(b"1EG4TE5MK7") {
            Confidence::Low
        } else if hyphens || self.near(groups[0].start, end, MBI) {
            Confidence::High
        } else {
            Confidence::Medium
        };
        Some(Hit {
            kind: FindingKind::HealthPlanId,
            end,
            confidence,
        })
    }

    fn ssn(&self, groups: &[Group]) -> Option<Hit> {
        let start = groups[0].start;
        let whole = groups[0].len() == 9;
        let split = groups.len() >= 3 && groups[..3].iter().map(Range::len).eq([3, 2, 4]);
        if !whole && !split {
            return None;
        }
        let (d, end) = self.digits(groups, 9)?;
        if split {
            let separators = [self.text[groups[0].end], self.text[groups[1].end]];
            if separators[0] != separators[1] {
                return None;
            }
            // A longer number with the same separator is something else.
            let more = self.text.get(end) == Some(&separators[0])
                && separators[0] != b' '
                && self.text.get(end + 1).is_some_and(u8::is_ascii_digit);
            let before = separators[0] != b' '
                && start >= 2
                && self.text[start - 1] == separators[0]
                && self.text[start - 2].is_ascii_digit();
            if more || before {
                return None;
            }
        }
        let (valid, known_fake) = check::ssn(&d);
        let labelled = self.label(start, SSN) || self.behind(end, SSN);
        let confidence = match (labelled, valid) {
            _ if whole && !labelled => return None,
            (true, _) | (false, true) if known_fake => Confidence::Low,
            (true, true) => Confidence::High,
            (true, false) | (false, true) => Confidence::Medium,
            (false, false) => Confidence::Low,
        };
        Some(Hit {
            kind: FindingKind::Ssn,
            end,
            confidence,
        })
    }

    /// "SSN ends 3719", "card on file ending 8309", "account ****4406".
    fn last_four(&self, word: &Group) -> Option<Hit> {
        let text = &self.text[word.clone()];
        if text.len() != 4 || !text.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let before = self.before(word.start, 24);
        let masked =
            before.ends_with(b"**") || before.ends_with(b"XX-") || before.ends_with(b"**-");
        let gap = last_word(before, ENDING).map(|end| before.len() - end);
        // "a plan ending June 1, 2025" ends with a year, not with a number's digits.
        let year = matches!(text, [b'1', b'9', ..] | [b'2', b'0', ..]);
        if !masked && gap.is_none_or(|gap| year && gap > 5) {
            return None;
        }
        let kind = [
            (SSN, FindingKind::Ssn),
            (CARD, FindingKind::CreditCard),
            (ACCOUNT, FindingKind::BankAccount),
        ]
        .into_iter()
        .filter_map(|(cues, kind)| Some((last_word(self.before(word.start, NEAR), cues)?, kind)))
        .max_by_key(|(at, _)| *at)
        .map(|(_, kind)| kind)?;
        Some(Hit {
            kind,
            end: word.end,
            confidence: Confidence::Medium,
        })
    }

    fn npi(&self, word: &Group) -> Option<Hit> {
        let (digits, end) = self.digits(std::slice::from_ref(word), 10)?;
        // One telephone number in ten passes the check: no label, no NPI.
        if !self.label(word.start, NPI) {
            return None;
        }
        let confidence = if check::npi(&digits) {
            Confidence::High
        } else {
            Confidence::Low
        };
        Some(Hit {
            kind: FindingKind::Npi,
            end,
            confidence,
        })
    }

    fn dea(&self, word: &Group) -> Option<Hit> {
        let digits = check::dea_shape(&self.text[word.clone()])?;
        let confidence = match (self.near(word.start, word.end, DEA), check::dea(&digits)) {
            (true, true) => Confidence::High,
            (false, true) => Confidence::Medium,
            (true, false) => Confidence::Low,
            (false, false) => return None,
        };
        Some(Hit {
            kind: FindingKind::Dea,
            end: word.end,
            confidence,
        })
    }

    fn before(&self, start: usize, reach: usize) -> &[u8] {
        &self.text[start.saturating_sub(reach)..start]
    }

    /// A label before the candidate with no other number between.
    fn label(&self, start: usize, cues: &[&str]) -> bool {
        let before = self.before(start, NEAR);
        last_word(before, cues).is_some_and(|end| {
            let between = &before[end..];
            !between
                .split(|b| !b.is_ascii_digit())
                .any(|run| run.len() >= 4)
        })
    }

    /// A label right behind: `281-15-9804 (SSN)`.
    fn behind(&self, end: usize, cues: &[&str]) -> bool {
        let behind = &self.text[end..(end + 12).min(self.text.len())];
        has_word(behind, cues)
    }

    fn near(&self, start: usize, end: usize, cues: &[&str]) -> bool {
        has_word(self.before(start, NEAR), cues) || self.behind(end, cues)
    }
}

const SSN: &[&str] = &[
    "SSN",
    "SS#",
    "SS #",
    "SOCIAL SECURITY",
    "SOCIAL SEC",
    "SOCIAL",
    "SOC SEC",
    "SOC. SEC",
    "SSA NUMBER",
    "REF*SY*",
    "SEGURO SOCIAL",
];
const MBI: &[&str] = &[
    "MEDICARE",
    "MBI",
    "BENEFICIARY",
    "MEMBER",
    "MEMBER ID",
    "INSURED",
    "SUBSCRIBER",
];
const CARD: &[&str] = &[
    "CARD",
    "CREDIT",
    "DEBIT",
    "VISA",
    "MASTERCARD",
    "AMEX",
    "AMERICAN EXPRESS",
    "DISCOVER",
    "CC",
    "CVV",
    "EXP",
    "CHARGED",
];
const NOT_A_CARD: &[&str] = &[
    "ORDER", "INVOICE", "TRACKING", "VERSION", "SERIAL", "SKU", "UPC", "SHIPMENT", "TICKET",
];
const IBAN: &[&str] = &["IBAN"];
const ACCOUNT: &[&str] = &["ACCOUNT", "ACCT", "CHECKING", "SAVINGS", "BANK"];
const VIN: &[&str] = &["VIN", "VEHICLE", "CHASSIS"];
const NPI: &[&str] = &[
    "NPI",
    "NATIONAL PROVIDER IDENTIFIER",
    "NPI NUMBER",
    "PROVIDER ID",
    "*XX*",
];
const DEA: &[&str] = &["DEA"];
const ENDING: &[&str] = &[
    "ENDING",
    "ENDS",
    "LAST FOUR",
    "LAST 4",
    "LAST DIGITS",
    "ENDING IN",
    "LAST4",
];

/// End of the last of `cues` that stands in `text` as a word of its own.
fn last_word(text: &[u8], cues: &[&str]) -> Option<usize> {
    cues.iter()
        .filter_map(|cue| {
            let cue = cue.as_bytes();
            (0..=text.len().checked_sub(cue.len())?)
                .rev()
                .find_map(|at| {
                    let end = at + cue.len();
                    let whole = text[at..end] == *cue
                        && (!is_word(cue[0]) || at == 0 || !is_word(text[at - 1]))
                        && (!is_word(cue[cue.len() - 1])
                            || text.get(end).is_none_or(|b| !is_word(*b)));
                    whole.then_some(end)
                })
        })
        .max()
}

fn has_word(text: &[u8], cues: &[&str]) -> bool {
    last_word(text, cues).is_some()
}
