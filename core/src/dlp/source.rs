//! A text on its way through the scanner: its view, what its format says of
//! it, and where it is cut.

use std::ops::Range;

use memchr::memchr_iter;

use super::extract::{Form, Hint, Piece, is_markup};
use super::passage::Region;
use super::view::View;
use super::{FindingKind, Part, records};

/// Bytes that are read at a time.
pub(super) const CHUNK: usize = 64 * 1024;

/// A text that is read.
pub(super) struct Source<'t> {
    pub(super) part: Part,
    pub(super) region: Region,
    /// As it stands in the part.
    pub(super) text: &'t str,
    pub(super) view: View<'t>,
    /// What its format says, as ranges of the view.
    pub(super) hints: Vec<(Range<usize>, FindingKind)>,
    pub(super) patient_record: bool,
    /// Whether it is header fields: they are scanned, and their words say
    /// nothing of what the message is about.
    pub(super) fields: bool,
    /// The entry of a container.
    pub(super) inside: Option<&'t str>,
}

impl<'t> Source<'t> {
    /// A piece of an attachment's text.
    pub(super) fn piece(part: Part, piece: &'t Piece) -> Self {
        let mut source = Self::new(part, "text/plain", &piece.text);
        if piece.form == Form::Markup && !source.view.markup {
            source.view = View::markup(&piece.text, "");
            source.hints.clear();
        }
        if !piece.hints.is_empty() {
            source.hints = hints_of(&source.view, &piece.hints);
        }
        source.patient_record |= piece.patient_record;
        source.inside = piece.inside.as_deref();
        source
    }

    /// What address fields say beside addresses: no format, and no words that
    /// say what the message is about.
    pub(super) fn names(part: Part, text: &'t str) -> Self {
        Self {
            part,
            region: Region::Subject,
            text,
            view: View::plain(text),
            hints: Vec::new(),
            patient_record: false,
            fields: true,
            inside: None,
        }
    }

    pub(super) fn new(part: Part, media_type: &str, text: &'t str) -> Self {
        let record = match media_type {
            "text/html" => None,
            _ => records::read(text, media_type),
        };
        let markup = match &record {
            Some(record) => record.form == Form::Markup,
            // A page is one whatever it is called, where a program opens it.
            None => media_type == "text/html" || is_file(part) && is_markup(text, media_type),
        };
        let view = match markup {
            true if media_type == "text/html" => View::html(text),
            true => View::markup(text, media_type),
            false => View::plain(text),
        };
        let region = match part {
            Part::Subject => Region::Subject,
            Part::Attachment(_) => Region::Attachment,
            Part::AttachmentName(_) => Region::FileName,
            Part::Other(_) => Region::Header,
            _ => Region::Body,
        };
        let patient_record = record.as_ref().is_some_and(|r| r.patient_record);
        Self {
            part,
            region,
            text,
            hints: record.map_or_else(Vec::new, |r| hints_of(&view, &r.hints)),
            view,
            patient_record,
            fields: region == Region::Header && is_fields(text),
            inside: None,
        }
    }

    /// Where the passage that starts at `at` ends, and its region.
    pub(super) fn next(&self, at: usize) -> (usize, Region) {
        let view = &self.view;
        let (limit, region) = match at {
            at if at < view.hidden || view.hidden == view.text.len() => (view.hidden, self.region),
            at if at < view.code => (view.code, Region::Hidden),
            _ => (view.text.len(), Region::Code),
        };
        let end = limit.min(at + CHUNK);
        if end == limit {
            return (end.max(at), region);
        }
        (chunk_end(&view.text, at, end), region)
    }
}

pub(super) fn is_file(part: Part) -> bool {
    matches!(part, Part::Attachment(_))
}

/// Hints as ranges of the view.
pub(super) fn hints_of(view: &View<'_>, hints: &[Hint]) -> Vec<(Range<usize>, FindingKind)> {
    let mut out: Vec<_> = hints
        .iter()
        .map(|h| (view.back(h.range.clone()), h.kind))
        .collect();
    out.sort_by_key(|(range, _)| range.start);
    out
}

/// Whether a range lies in the name of a field of some program's: `X-Mailer:`.
pub(super) fn is_field_name(text: &[u8], range: Range<usize>) -> bool {
    const LONGEST: usize = 76;
    let before = text.get(range.start.saturating_sub(LONGEST)..range.start);
    let before = before.unwrap_or_default().rsplit(|&b| b == b'\n').next();
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let before = before.unwrap_or_default();
    let found = text.get(range.clone()).unwrap_or_default();
    let behind = text.get(range.end..).unwrap_or_default();
    let behind = behind.iter().take(LONGEST).find(|b| !name(b));
    let start = before.iter().chain(found).take(2);
    start.copied().eq(*b"X-") && before.iter().chain(found).all(name) && behind == Some(&b':')
}

/// Characters of a picture too small for anything to be read on it.
const DOT: usize = 256;

/// Whether markup brings a file along, as `data:image/png;base64,…`
/// (RFC 2397): it is read no more than an attached one.
pub(super) fn embeds(text: &str) -> bool {
    let inside = |n: usize| {
        let rest = text.as_bytes().get(n..).unwrap_or_default();
        let end = rest.iter().take(128).position(|&b| b == b',');
        let head = rest.get(..end.unwrap_or(0)).unwrap_or_default();
        let encoded = head.to_ascii_lowercase().ends_with(b";base64");
        let data = rest.get(head.len()..).unwrap_or_default();
        let ends = |b: &u8| matches!(b, b'"' | b'\'' | b')' | b'>');
        encoded && data.iter().take(DOT + 1).position(ends).is_none()
    };
    memchr_iter(b':', text.as_bytes()).any(|n| {
        let scheme = text.as_bytes().get(n.saturating_sub(4)..n);
        scheme.is_some_and(|s| s.eq_ignore_ascii_case(b"data")) && inside(n + 1)
    })
}

/// Whether each line is a header field with a hyphen in its name, or a common
/// one without.
fn is_fields(text: &str) -> bool {
    let field = |line: &str| {
        line.split_once(':').is_some_and(|(name, _)| {
            let name = name.to_ascii_lowercase();
            name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && (name.contains('-')
                    || matches!(
                        name.as_str(),
                        "importance" | "priority" | "sensitivity" | "precedence"
                    ))
        })
    };
    text.lines().filter(|l| !l.trim().is_empty()).all(field)
}

/// Where a passage that may end at `end` ends: behind a line, or a blank.
pub(super) fn chunk_end(text: &[u8], start: usize, end: usize) -> usize {
    if end >= text.len() {
        return text.len();
    }
    let window = text.get(start..end).unwrap_or_default();
    let cut = window
        .iter()
        .rposition(|&b| b == b'\n')
        .filter(|n| *n > window.len() / 2)
        .or_else(|| window.iter().rposition(|&b| b == b' '))
        .map_or(window.len(), |n| n + 1);
    start + cut
}
