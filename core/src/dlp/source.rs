//! A text on its way through the scanner: its view, what its format says of
//! it, and where it is cut.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::extract::{Form, Hint, Piece, TABLE, base64, is_markup, percent};
use super::passage::Region;
use super::records::{Own, Record};
use super::view::{View, decoded};
use super::{HostKnowledge, Part, records};

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
    pub(super) hints: Vec<Hint>,
    pub(super) patient_record: bool,
    /// Whether it is the record of a patient in a format for nothing else.
    pub(super) clinical: bool,
    /// Whether it is called a page.
    pub(super) page: bool,
    /// Whether it is header fields: they are scanned, and their words say
    /// nothing of what the message is about.
    pub(super) fields: bool,
    /// Whether nothing in it says what the message is about.
    pub(super) aside: bool,
    /// The entry of a container.
    pub(super) inside: Option<&'t str>,
    /// What in it programs wrote for themselves, as ranges of the view.
    pub(super) own: Vec<Own>,
    /// Why some of it cannot be read as its format writes it.
    pub(super) unread: Option<&'static str>,
    /// Whether its hints are of a table or of JSON among what people wrote.
    in_prose: bool,
}

/// What the tables tell that a page shows.
fn shown(view: &View<'_>, text: &str) -> Option<Record> {
    records::shown(
        view.text.get(..view.hidden).unwrap_or_default(),
        is_sheet(text),
    )
}

impl<'t> Source<'t> {
    /// A piece of an attachment's text.
    pub(super) fn piece(part: Part, piece: &'t Piece) -> Self {
        let media_type = match piece.form {
            Form::Table => TABLE,
            _ => "text/plain",
        };
        let mut source = Self::new(part, media_type, &piece.text);
        if piece.form == Form::Markup && !source.view.markup {
            source.view = View::markup(&piece.text, "");
            // What was told is of another view.
            let shown = shown(&source.view, &piece.text).unwrap_or_default();
            (source.hints, source.own) = (shown.hints, shown.own);
            source.in_prose = shown.in_prose;
            source.patient_record |= shown.patient_record;
        }
        if !piece.hints.is_empty() {
            source.hints = hints_of(&source.view, &piece.hints);
            source.in_prose = false;
        }
        source.patient_record |= piece.patient_record;
        source.clinical |= piece.patient_record;
        source.aside = piece.aside;
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
            clinical: false,
            page: false,
            fields: true,
            aside: false,
            inside: None,
            own: Vec::new(),
            unread: None,
            in_prose: false,
        }
    }

    /// A plain text as a reader shows it who joins its lines; `None` where that
    /// reads no differently. Its words are counted as they stand.
    pub(super) fn joined(part: Part, text: &'t str, inside: Option<&'t str>) -> Option<Self> {
        let (joints, unread) = records::joints(text);
        if joints.is_empty() {
            return None;
        }
        let mut source = Self::new(part, "text/plain", text);
        source.view = View::written(text, joints);
        // They are of another view.
        source.hints.clear();
        source.own.clear();
        source.aside = true;
        source.inside = inside;
        source.unread = unread;
        Some(source)
    }

    pub(super) fn new(part: Part, media_type: &str, text: &'t str) -> Self {
        let mut record = match media_type {
            "text/html" => None,
            _ => records::read(text, media_type),
        };
        let written = record
            .as_mut()
            .map_or_else(Vec::new, |r| std::mem::take(&mut r.written));
        let markup = match &record {
            Some(record) => record.form == Form::Markup,
            // A page is one whatever it is called, where a program opens it.
            None => media_type == "text/html" || is_file(part) && is_markup(text, media_type),
        };
        let view = match markup {
            true if media_type == "text/html" => View::html(text),
            true => View::markup(text, media_type),
            false if written.is_empty() => View::spaced(text, &records::glued(text)),
            false => View::written(text, written),
        };
        let region = match part {
            Part::Subject => Region::Subject,
            Part::Attachment(_) => Region::Attachment,
            Part::AttachmentName(_) => Region::FileName,
            Part::Other(_) => Region::Header,
            _ => Region::Body,
        };
        // Where the format tells nothing its tables may.
        let told = record.as_ref().is_some_and(|r| !r.hints.is_empty());
        let shown = match markup && !told {
            true => shown(&view, text),
            false => None,
        };
        let either = |of: fn(&Record) -> bool| [&record, &shown].into_iter().flatten().any(of);
        let patient_record = either(|r| r.patient_record);
        let clinical = either(|r| r.patient_record && r.clinical);
        let in_prose = either(|r| r.in_prose);
        let unread = record.as_ref().and_then(|r| r.unread);
        let own = record.as_mut().map(|r| std::mem::take(&mut r.own));
        let own = own.unwrap_or_default().into_iter().map(|own| Own {
            range: view.back(own.range),
            ..own
        });
        let (own, hints) = match shown {
            Some(shown) => (shown.own, shown.hints),
            None => (
                own.collect(),
                record.map_or_else(Vec::new, |r| hints_of(&view, &r.hints)),
            ),
        };
        Self {
            part,
            region,
            text,
            hints,
            view,
            patient_record,
            clinical,
            page: media_type == "text/html",
            fields: region == Region::Header && is_fields(text),
            aside: false,
            inside: None,
            own,
            unread,
            in_prose,
        }
    }

    /// Whether people wrote it: paragraphs of a format's file are none.
    pub(super) fn is_prose(&self) -> bool {
        self.hints.is_empty() || self.in_prose || !is_file(self.part)
    }

    /// Where the passage that starts at `at` ends, and its region.
    pub(super) fn next(&self, at: usize) -> (usize, Region) {
        let view = &self.view;
        let (limit, region) = match at {
            at if at < view.hidden || view.hidden == view.text.len() => (view.hidden, self.region),
            at if at < view.code => (view.code, Region::Hidden),
            at if at < view.style => (view.style, Region::Code),
            _ => (view.text.len(), Region::Style),
        };
        let end = limit.min(at + CHUNK);
        if end == limit {
            return (end.max(at), region);
        }
        (chunk_end(&view.text, at, end), region)
    }
}

/// Whether XML is a sheet of Excel's of 2003.
fn is_sheet(text: &str) -> bool {
    const HEAD: usize = 1024;
    let head = text
        .as_bytes()
        .get(..text.len().min(HEAD))
        .unwrap_or_default();
    memchr::memmem::find(head, b"urn:schemas-microsoft-com:office:spreadsheet").is_some()
}

pub(super) fn is_file(part: Part) -> bool {
    matches!(part, Part::Attachment(_))
}

/// Hints as ranges of the view.
pub(super) fn hints_of(view: &View<'_>, hints: &[Hint]) -> Vec<Hint> {
    let mut out: Vec<_> = hints
        .iter()
        .map(|h| Hint {
            range: view.back(h.range.clone()),
            ..h.clone()
        })
        .collect();
    out.sort_by_key(|h| h.range.start);
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

/// Characters of a text too short to say anything of anybody.
const WORD: usize = 24;

/// What stands before the comma of an embedded file, at most.
const HEAD: usize = 1024;

/// An address that is looked into is shorter.
const ADDRESS: usize = 8192;

/// So is a file in an address that may be one that the host knows.
const KNOWN: usize = 8 * 1024 * 1024;

/// Whether markup brings a file along, as `data:image/png;base64,…`
/// (RFC 2397, and as browsers read it): it is read no more than an attached
/// one, but for those that the host knows.
pub(super) fn embeds(text: &str, host: Option<&HostKnowledge>) -> bool {
    let text = decoded(text);
    let bytes = text.as_bytes();
    // Browsers pass over line ends and tabs in an address.
    let is_data = |n: usize| {
        let before = bytes.get(n.saturating_sub(16)..n).unwrap_or_default();
        let letters = before
            .iter()
            .rev()
            .filter(|b| !matches!(b, b'\t' | b'\n' | b'\r'));
        letters.take(4).map(u8::to_ascii_lowercase).eq(*b"atad")
    };
    memchr_iter(b':', bytes).any(|n| is_data(n) && is_unread(&bytes[n + 1..], host))
}

/// Whether what stands behind `data:` is a file that is not read.
fn is_unread(rest: &[u8], host: Option<&HostKnowledge>) -> bool {
    const PICTURES: &[&[u8]] = &[
        b"image/png",
        b"image/gif",
        b"image/jpeg",
        b"image/jpg",
        b"image/webp",
        b"image/bmp",
        b"font/",
        b"application/font",
        b"application/x-font",
        b"image/x-icon",
        b"image/vnd.microsoft.icon",
    ];
    let longest = rest.get(..HEAD).unwrap_or(rest);
    let Some(comma) = memchr(b',', longest) else {
        // A type with parameters without end is none that anybody needs.
        let address = longest.iter().take_while(|b| !ends(b) && **b != b' ');
        return rest.len() > HEAD && address.count() == HEAD;
    };
    let head = longest[..comma].trim_ascii().to_ascii_lowercase();
    let data = &rest[comma + 1..];
    let longer =
        |than: usize| data.iter().take(than + 1).position(ends).is_none() && data.len() > than;
    let encoded = head
        .strip_suffix(b"base64")
        .is_some_and(|h| h.trim_ascii_end().ends_with(b";"));
    if encoded {
        let picture = PICTURES.iter().any(|p| head.starts_with(p));
        return longer(if picture { DOT } else { WORD }) && !is_known(data, host);
    }
    // Text with its signs as `%20` is not read as text; lines of a drawing
    // hold none.
    let types: [&[u8]; 4] = [b";", b"image/", b"text/", b"application/"];
    let typed = head.is_empty() || types.iter().any(|t| head.starts_with(t));
    let data = data.get(..ADDRESS).unwrap_or(data);
    // Asked first, since it is quick: many that have none may stand in each
    // other's reach.
    if !typed || memchr(b'%', data).is_none() {
        return false;
    }
    // Without a type it is prose where a blank comes.
    let stops = |b: &u8| ends(b) || head.is_empty() && *b == b' ';
    let length = data.iter().position(stops).unwrap_or(data.len());
    let address = &data[..length];
    let prose = data.get(length) == Some(&b' ');
    if prose || address.len() <= WORD || !address.contains(&b'%') {
        return false;
    }
    if !head.starts_with(b"image/svg") {
        return true;
    }
    if address.len() == ADDRESS {
        return true;
    }
    let drawn = percent(address).to_ascii_lowercase();
    ["text", "foreign", "<image", "data:", "&"]
        .iter()
        .any(|w| drawn.windows(w.len()).any(|d| d == w.as_bytes()))
}

/// Whether a byte ends an address in markup.
fn ends(b: &u8) -> bool {
    matches!(b, b'"' | b'\'' | b')' | b'>' | b'<')
}

/// Whether the base64 of an address is that of a file which the host knows.
fn is_known(data: &[u8], host: Option<&HostKnowledge>) -> bool {
    let Some(host) = host.filter(|host| host.knows_files()) else {
        return false;
    };
    // Elsewhere more of an address may follow.
    let start = data.get(..KNOWN).unwrap_or(data);
    let data = start.iter().position(ends).and_then(|end| data.get(..end));
    let Some(Ok(data)) = data.map(std::str::from_utf8) else {
        return false;
    };
    let (bytes, whole) = base64(data);
    whole && host.knows_file(&bytes)
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

#[cfg(test)]
mod tests {
    use super::embeds;

    #[test]
    fn files_in_addresses_are_files_however_they_are_written() {
        let long = "A".repeat(400);
        let x = "x".repeat(1100);
        for page in [
            format!("<img src='data:image/png;base64,{long}'>"),
            format!("<img src='d&#97;t&#x61;&colon;image/png;base64,{long}'>"),
            format!("<img src='da\nta:image/png; base64 ,{long}'>"),
            format!(
                "<img src='DATA:image/png;name={};base64,{long}'>",
                &x[..300]
            ),
            format!("<img src='data:image/png;name={x};base64,{long}'>"),
            "<img src='data:image/svg+xml;base64,PHN2ZyB4bWxucz0naHR0cDovL3d3dy53My5v'>".to_owned(),
            "<img src='data:image/svg+xml,%3Csvg%3E%3C%74ext%3EMaria%20Alvarez%3C/text%3E'>"
                .to_owned(),
        ] {
            assert!(embeds(&page, None), "{page}");
        }
        for page in [
            format!("<img src='data:image/png;base64,{}'>", &long[..80]),
            format!("<p>Data: 10, 50% of {long}</p>"),
            format!("<p>Data: 10 mg/dL, 50% of {long}</p>"),
            format!("<p>data:{x}</p> <p>a, b</p>")[..40].to_owned(),
            "<i style=\"background:url(data:image/svg+xml,%3Csvg%3E%3Cpath d=%22M0 0L9 9%22/%3E)\">".to_owned(),
        ] {
            assert!(!embeds(&page, None), "{page}");
        }
    }
}
