//! iCalendar (RFC 5545) and vCard (RFC 6350). Folded lines are read as one;
//! the hint of a folded value covers the fold.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr_iter;
use memchr::memmem::Finder;

use super::escapes::MAX_WRITTEN;
use super::folds::{self, Folds};
use super::hints::Hints;
use super::{Made, Own, Record};
use crate::dlp::{Confidence, FindingKind};

/// Values of programs' own that are told from others.
const MAX_OWN: usize = 100_000;

/// How both begin, as programs write it.
static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("BEGIN:VC"));

/// Whether a calendar or a card may stand in a text.
pub(super) fn may_hold(text: &str) -> bool {
    let start = text.as_bytes().get(..4096).unwrap_or(text.as_bytes());
    let begins = |colon: usize| {
        let around = colon.checked_sub(5).and_then(|at| start.get(at..at + 8));
        around.is_some_and(|w| w.eq_ignore_ascii_case(b"BEGIN:VC"))
    };
    memchr_iter(b':', start).any(begins) || BEGIN.find(text.as_bytes()).is_some()
}

/// The values that are base64, of a text as it is read.
pub(in crate::dlp) fn encoded(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = if may_hold(text) { 0 } else { text.len() };
    while at < text.len() {
        let (line, next) = folds::line(text, at, &mut |_| {});
        if folds::encoding(text, line.clone()) == folds::Encoding::Base64 {
            out.extend(property(text, line).map(|(.., value)| value));
        }
        at = next;
    }
    out
}

/// What the calendars and cards in a text tell.
pub(super) fn read(text: &str) -> Option<Record> {
    if !may_hold(text) {
        return None;
    }
    let mut reader = Reader {
        hints: Hints::new(text),
        inside: Inside::Nothing,
        of_event: Vec::new(),
        attended: false,
        own: Vec::new(),
    };
    let mut folds = Folds::default();
    let mut at = 0;
    while at < text.len() {
        let mut of_line = Vec::new();
        let (line, next) = folds::line(text, at, &mut |fold| {
            if of_line.len() <= MAX_WRITTEN {
                of_line.push(fold);
            }
        });
        folds.line(text, line.clone(), of_line);
        reader.line(line);
        at = next;
    }
    reader.end_event();
    Some(Record {
        hints: reader.hints.finish(),
        written: folds.written,
        own: reader.own,
        unread: folds.unread,
        ..Record::default()
    })
}

#[derive(PartialEq, Eq)]
enum Inside {
    Nothing,
    Event,
    Card,
}

struct Reader<'t> {
    hints: Hints<'t>,
    inside: Inside,
    /// What is somebody's only if the event has somebody.
    of_event: Vec<(Range<usize>, FindingKind)>,
    attended: bool,
    own: Vec<Own>,
}

impl<'t> Reader<'t> {
    fn str(&self, range: Range<usize>) -> &'t str {
        self.hints.text().get(range).unwrap_or_default()
    }

    fn line(&mut self, line: Range<usize>) {
        let Some((name, parameters, value)) = property(self.hints.text(), line) else {
            return;
        };
        let shown = self.str(value.clone()).trim().to_ascii_uppercase();
        if name == "UID"
            && self.inside == Inside::Event
            && let Some(length) = chance(self.str(value.clone()))
        {
            self.own(value.start..value.start + length, Made::Chance);
        }
        match (name.as_str(), shown.as_str()) {
            ("BEGIN", "VEVENT" | "VTODO" | "VJOURNAL") => {
                self.end_event();
                self.inside = Inside::Event;
            }
            ("BEGIN", "VCARD") => self.inside = Inside::Card,
            ("END", "VEVENT" | "VTODO" | "VJOURNAL") => self.end_event(),
            ("END", "VCARD") => self.inside = Inside::Nothing,
            ("PRODID", id) if self.inside == Inside::Nothing && is_product(id) => {
                self.own(value, Made::Program);
            }
            (name, _) => match self.inside {
                Inside::Event => self.event(name, parameters, value),
                Inside::Card => self.card(name, value),
                Inside::Nothing => {}
            },
        }
    }

    fn own(&mut self, range: Range<usize>, what: Made) {
        if self.own.len() < MAX_OWN {
            self.own.push(Own { range, what });
        }
    }

    fn end_event(&mut self) {
        for (range, kind) in std::mem::take(&mut self.of_event) {
            if self.attended {
                self.hints.sure(range, kind);
            }
        }
        self.attended = false;
        self.inside = Inside::Nothing;
    }

    fn event(&mut self, name: &str, parameters: Range<usize>, value: Range<usize>) {
        match name {
            "ATTENDEE" | "ORGANIZER" => {
                let upper = self.str(parameters.clone()).to_ascii_uppercase();
                // Rooms and projectors attend too.
                if upper.contains("CUTYPE=ROOM") || upper.contains("CUTYPE=RESOURCE") {
                    return;
                }
                let attendee = name == "ATTENDEE";
                self.attended |= attendee;
                if let Some(name) = common_name(self.hints.text(), parameters) {
                    let kind = if attendee {
                        FindingKind::Name
                    } else {
                        FindingKind::Provider
                    };
                    let (kind, confidence) = if self.str(name.clone()).contains('@') {
                        (FindingKind::Email, Confidence::Medium)
                    } else if attendee {
                        (kind, Confidence::High)
                    } else {
                        (kind, Confidence::Medium)
                    };
                    if attendee || kind == FindingKind::Provider {
                        self.hints.add(name, kind, confidence);
                    }
                }
                if attendee {
                    self.hints.sure(
                        behind_scheme(self.hints.text(), value, "mailto:"),
                        FindingKind::Email,
                    );
                }
            }
            "DTSTART" | "DTEND" | "DUE" => self.of_event.push((value, FindingKind::Date)),
            "UID" => {
                // Behind the `@` stands the host that made it.
                let shown = self.str(value.clone());
                let length = shown.find('@').unwrap_or(shown.len());
                self.of_event
                    .push((value.start..value.start + length, FindingKind::OtherId));
            }
            _ => {}
        }
    }

    fn card(&mut self, name: &str, value: Range<usize>) {
        use FindingKind as K;
        let text = self.hints.text();
        // `item1.TEL`
        match name.rsplit('.').next().unwrap_or(name) {
            "FN" => self.hints.sure(value, K::Name),
            "N" => {
                let name = components(text, value, 0, 2);
                self.hints.sure(name, K::Name);
            }
            "TEL" => self
                .hints
                .sure(behind_scheme(text, value, "tel:"), K::Phone),
            "EMAIL" => self
                .hints
                .sure(behind_scheme(text, value, "mailto:"), K::Email),
            // Box, extension, street, city, region, code; then the country.
            "ADR" => self.hints.sure(components(text, value, 0, 5), K::Address),
            "BDAY" | "DEATHDATE" | "ANNIVERSARY" => self.hints.sure(value, K::Date),
            _ => {}
        }
    }
}

/// How much of an identifier is what programs make of chance or of bytes of
/// their own: a UUID (RFC 9562), Outlook's in hexadecimal, Google's of 26 letters
/// and figures. Others may hold the number of a record: `enc-2290`.
fn chance(value: &str) -> Option<usize> {
    let (id, host) = value.split_once('@').unwrap_or((value, ""));
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let groups = || id.split('-');
    let is_uuid = groups().map(str::len).eq([8, 4, 4, 4, 12]) && groups().all(hex);
    let is_base32 = id.len() == 26
        && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v'))
        && is_mixed(id);
    // Behind the `@` stands the host that made it, where it is one.
    let length = match is_host(host) {
        true => value.len(),
        false => id.len(),
    };
    (is_uuid || is_base32 || is_outlooks(id)).then_some(length)
}

/// Whether it is the name of a host, and holds no number.
fn is_host(host: &str) -> bool {
    const LONGEST: usize = 40;
    let in_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    (1..=LONGEST).contains(&host.len()) && host.bytes().all(in_name) && longest_runs(host).0 < 5
}

/// Whether it is an identifier that Outlook makes (MS-OXOCAL 2.2.1.27), folded
/// for its length. Another program's, which it may wrap, is not Outlook's.
fn is_outlooks(id: &str) -> bool {
    const START: &str = "040000008200E00074C5B7101A82E008";
    /// `vCal-Uid`
    const WRAPPED: &str = "7643616C2D556964";
    let id: String = id.split_ascii_whitespace().collect();
    let id = id.to_ascii_uppercase();
    id.starts_with(START) && !id.contains(WRAPPED) && id.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether letters and figures stand in no run that is a number or a name, more
/// likely than chance.
fn is_mixed(id: &str) -> bool {
    let (figures, letters) = longest_runs(id);
    figures < 6 && letters < 15
}

/// How long the longest runs of figures and of letters are.
fn longest_runs(id: &str) -> (usize, usize) {
    let runs = |of: fn(&u8) -> bool| {
        let runs = id.as_bytes().split(move |b| !of(b));
        runs.map(<[u8]>::len).max().unwrap_or(0)
    };
    (runs(u8::is_ascii_digit), runs(u8::is_ascii_alphabetic))
}

/// Whether a value, in upper case, names a program as a formal public identifier
/// (ISO 9070): `-//Firm//Program//EN`, on one line.
fn is_product(value: &str) -> bool {
    const LONGEST: usize = 100;
    let parts = value.strip_prefix("-//").or(value.strip_prefix("+//"));
    let language = parts.and_then(|parts| parts.rsplit_once("//"));
    let is_language = |language: &str| {
        (2..=5).contains(&language.len())
            && language
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b == b'-')
    };
    value.len() <= LONGEST
        && !value.contains(['\n', '\r'])
        && language.is_some_and(|(_, language)| is_language(language))
}

/// Name in upper case, parameters and value of a property. Quoted parameters
/// may hold a colon.
fn property(text: &str, line: Range<usize>) -> Option<(String, Range<usize>, Range<usize>)> {
    let shown = text.get(line.clone())?;
    let length = shown.find([':', ';'])?;
    let name = shown.get(..length).filter(|name| name.len() <= 40)?;
    let mut quoted = false;
    let colon = length
        + shown.get(length..)?.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        })?;
    Some((
        name.trim().to_ascii_uppercase(),
        line.start + length..line.start + colon,
        line.start + colon + 1..line.end,
    ))
}

/// The value of the parameter CN.
fn common_name(text: &str, parameters: Range<usize>) -> Option<Range<usize>> {
    let shown = text.get(parameters.clone())?;
    let at = shown.to_ascii_uppercase().find(";CN=")? + 4;
    let rest = shown.get(at..)?;
    let (start, length) = match rest.strip_prefix('"') {
        Some(inside) => (at + 1, inside.find('"').unwrap_or(inside.len())),
        None => (at, rest.find(';').unwrap_or(rest.len())),
    };
    let start = parameters.start + start;
    Some(start..start + length)
}

fn behind_scheme(text: &str, value: Range<usize>, scheme: &str) -> Range<usize> {
    let shown = text.get(value.clone()).unwrap_or_default();
    let has = shown
        .get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if has {
        value.start + scheme.len()..value.end
    } else {
        value
    }
}

/// From the first of the components `from..=to` that says something to the last.
fn components(text: &str, value: Range<usize>, from: usize, to: usize) -> Range<usize> {
    let mut start = value.start;
    let mut said: Option<Range<usize>> = None;
    let shown = text.get(value.clone()).unwrap_or_default();
    for (n, part) in shown.split(';').enumerate().take(to + 1) {
        let range = start..start + part.len();
        start = range.end + 1;
        if n >= from && !part.trim().is_empty() {
            said = Some(said.map_or(range.start, |said| said.start)..range.end);
        }
    }
    said.unwrap_or(value.start..value.start)
}
