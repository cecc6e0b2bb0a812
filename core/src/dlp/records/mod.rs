//! Records of the field: what HL7 v2, FHIR, C-CDA, X12, CSV and calendar files
//! say of the stretches of their own text.
//!
//! **In**: a text and its media type. **Out**: a [`Record`] of [`Hint`]s, which
//! are bytes of that text with the kind that the format gives them: the fifth
//! field of a PID segment is a name, a column headed `mrn` holds record
//! numbers. Running text inside a record is left to the detectors.
//!
//! Formats are told by content. Every reader is one pass, bounded in depth and
//! in hints, and takes what it can from a text that is cut off or broken.

mod aligned;
mod calendar;
mod cda;
mod codes;
mod drawn;
mod escapes;
mod fhir;
mod fhir_xml;
mod flowed;
mod folds;
mod glued;
mod headers;
mod hints;
mod hl7;
mod hl7_fields;
mod json;
mod query;
mod shape;
mod table;
mod words;
mod x12;
mod xml;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;
use zeroize::Zeroizing;

use super::extract::{Form, Hint, TABLE};
use super::view::{Written, as_read as read_as};
use escapes::MAX_WRITTEN;

/// What may stand before the start of a text.
const BLANKS: [char; 5] = ['\u{feff}', ' ', '\t', '\r', '\n'];

/// What a format tells of a text.
#[derive(Default)]
pub(super) struct Record {
    /// What it says of stretches of the text, in order.
    pub(super) hints: Vec<Hint>,
    /// Whether it is the record of a patient: it names a person together with
    /// their care.
    pub(super) patient_record: bool,
    /// Whether the format is one that care is recorded in, and nothing else.
    pub(super) clinical: bool,
    /// Whether it is of a table or of JSON in a text that otherwise is as people write.
    pub(super) in_prose: bool,
    /// How the text is to be read besides.
    pub(super) form: Form,
    /// What of it is written otherwise than it is read, in order.
    pub(super) written: Vec<Written>,
    /// What programs wrote for themselves, in order.
    pub(super) own: Vec<Own>,
    /// Why some of it cannot be read.
    pub(super) unread: Option<&'static str>,
}

/// What a program wrote, and that says nothing of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) range: Range<usize>,
    pub(super) what: Made,
}

/// What a program writes for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// An identifier in which chance alone stands.
    Chance,
    /// A name of its own.
    Program,
    /// The heading of a column, of words that say what columns hold.
    Heading,
}

/// What the format of `text` tells, by the content and not by the media type
/// or a file name alone; `None` where it is ordinary text.
pub(super) fn read(text: &str, media_type: &str) -> Option<Record> {
    // A page whose scripts hold JSON is a page; of what it shows `shown` tells.
    let page = begins_markup(text) || media_type.ends_with("xml");
    let others = || {
        x12::read(text)
            .or_else(|| calendar::read(text))
            .or_else(|| tables(text, media_type))
    };
    let record = cda::read(text, media_type)
        .or_else(|| hl7::read(text))
        .or_else(|| match page {
            // A resource is one in a script of a page that is not called so, too.
            true => match fhir::read(text).filter(|json| json.clinical) {
                Some(json) => Some(with(others(), json)),
                None => others(),
            },
            false => among_prose(text, others),
        });
    let record = match fhir_xml::read(text) {
        Some(xml) => Some(with(record, xml)),
        None => record,
    };
    let escapes = match page {
        true => Vec::new(),
        false => escapes::json(text),
    };
    // One way of writing a text; JSON in a record of another format is its text.
    let has_own = |r: &Record| r.form == Form::Markup || !r.written.is_empty();
    if escapes.is_empty() || record.as_ref().is_some_and(has_own) {
        return record.map(bounded);
    }
    let record = record.unwrap_or_default();
    Some(bounded(Record {
        written: escapes,
        ..record
    }))
}

/// Whether a text begins as markup does, with a tag: `<ana@mail.example> wrote:` and
/// `<34>1` of a log are none.
fn begins_markup(text: &str) -> bool {
    let text = text.trim_start_matches(BLANKS);
    let Some(tag) = text.strip_prefix('<') else {
        return false;
    };
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    if tag.starts_with(['!', '?']) {
        return true;
    }
    let is_name = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = tag.chars().take_while(is_name).count();
    let mut behind = tag.chars().skip(name);
    let ends = match behind.next() {
        // Of a name space: `<cda:section>`; but `<https://…>`.
        Some(':') => behind.next() != Some('/'),
        Some(c) => c.is_whitespace() || matches!(c, '>' | '/'),
        None => true,
    };
    ends && tag.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// What the JSON in a text tells, and where that is not all of it, what its links do and
/// the `others` of its formats.
fn among_prose(text: &str, others: impl FnOnce() -> Option<Record>) -> Option<Record> {
    let json = fhir::read(text);
    if json.as_ref().is_some_and(|json| !json.in_prose) {
        return json;
    }
    let inner = [json, query::read(text)].into_iter().flatten();
    inner.fold(others(), |record, inner| Some(with(record, inner)))
}

/// What a text tells that has something of another format somewhere, be it FHIR as XML,
/// JSON or the fields of a link. One element of that makes the text none of it: what is around it is read as
/// it would be without, and what it says itself it says better than names of elements do.
fn with(record: Option<Record>, inner: Record) -> Record {
    let Some(mut record) = record else {
        return inner;
    };
    record.hints.retain(|hint| {
        let before = inner
            .hints
            .partition_point(|own| own.range.start < hint.range.end);
        let last = before.checked_sub(1).and_then(|at| inner.hints.get(at));
        last.is_none_or(|own| own.range.end <= hint.range.start)
    });
    record.hints.extend(inner.hints);
    record
        .hints
        .sort_by_key(|hint| (hint.range.start, hint.range.end));
    if inner.patient_record {
        record.patient_record = true;
        record.clinical |= inner.clinical;
    }
    record
}

/// What the tables in a text tell, those whose cells signs part and those that stand
/// aligned. A line that tells something in one of the first is of no other.
fn tables(text: &str, media_type: &str) -> Option<Record> {
    let signs = drawn::as_signs(text);
    let text = signs.as_ref().map_or(text, |signs| signs.as_str());
    let Some(mut record) = table::read(text, media_type) else {
        return aligned::read(text, &[]);
    };
    if let Some(aligned) = aligned::read(text, &record.hints) {
        record.hints.extend(aligned.hints);
        record
            .hints
            .sort_by_key(|hint| (hint.range.start, hint.range.end));
        record.own.extend(aligned.own);
        record.own.sort_by_key(|own| own.range.start);
    }
    Some(record)
}

/// A page that shows more is read without its tables, its JSON and its links.
const MAX_SHOWN: usize = 16 << 20;

/// What the tables, the JSON and the links of a page tell, as ranges of what it shows: a
/// tab stands between cells, and blanks as they are where it says so (`<pre>`). `sheet`
/// says that the whole is a sheet.
pub(super) fn shown(text: &[u8], sheet: bool) -> Option<Record> {
    let has = |sign: &[u8]| memmem::find(text, sign).is_some();
    let in_columns = has(b"\t") || has(b"  ") || has("\u{a0}".as_bytes());
    if text.len() > MAX_SHOWN || !(in_columns || has(b"{") || has(b"=")) {
        return None;
    }
    let media_type = if sheet { TABLE } else { "text/plain" };
    let read = |text: &str| {
        let tables = || in_columns.then(|| tables(text, media_type)).flatten();
        among_prose(text, tables).map(bounded)
    };
    if let Ok(text) = std::str::from_utf8(text) {
        return read(text);
    }
    // What is no UTF-8 has a letter for each byte.
    let letter = |b: &u8| if b.is_ascii() { char::from(*b) } else { 'x' };
    let text: Zeroizing<String> = Zeroizing::new(text.iter().map(letter).collect());
    read(&text)
}

/// Whether a text is of a format whose values may be files.
pub(super) fn may_enclose(text: &str) -> bool {
    is_xml(text) || hl7::may_hold(text) || calendar::may_hold(text) || escapes::is_json(text)
}

/// XML that is no page.
fn is_xml(text: &str) -> bool {
    let start = text.trim_start_matches(BLANKS);
    if !start.starts_with('<') {
        return false;
    }
    let head: String = start.chars().take(1024).collect();
    let head = head.to_ascii_lowercase();
    !head.contains("<html") && !head.contains("<!doctype html")
}

/// A text of such a format as its readers read it.
pub(super) fn as_read(text: &str) -> Cow<'_, str> {
    if is_xml(text) {
        return Cow::Borrowed(text);
    }
    let record = hl7::read(text).or_else(|| calendar::read(text));
    let written = record.map(|record| record.written);
    let written = written.filter(|w| !w.is_empty());
    let written = written.unwrap_or_else(|| escapes::json(text));
    match written.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(read_as(text, 0..text.len(), &written)),
    }
}

/// Whether the name of a field says that its values are of a person or of care, and of
/// nothing else.
pub(super) fn is_field(name: &str) -> bool {
    headers::classify("", name).is_some_and(|field| !field.weak)
}

/// The values that calendars and cards call base64, in a text as it is read.
pub(super) use calendar::encoded as encoded_lines;

/// Where a blank is missing between a label and its value.
pub(super) use glued::places as glued;

/// Where a reader joins lines of a text whose type says so, and why not all of
/// them are told.
pub(super) fn joints(text: &str) -> (Vec<Written>, Option<&'static str>) {
    let mut joints = flowed::joints(text);
    let too_many = joints.len() > flowed::MOST;
    joints.truncate(flowed::MOST);
    (joints, too_many.then_some("too_large"))
}

/// What is written otherwise in too many places is read up to the last of them.
fn bounded(mut record: Record) -> Record {
    if record.written.len() > MAX_WRITTEN {
        record.written.truncate(MAX_WRITTEN);
        record.unread = Some("too_large");
    }
    record
}
