//! Files that stand in a text as base64: `Attachment.data` of FHIR, type ED of
//! HL7 v2, `nonXMLBody` of a C-CDA, `ATTACH` of a calendar, a field of a table or
//! of X12, what somebody pasted into a mail.
//!
//! Where the format says so, a value is a file, and told where it cannot be
//! read. Any other that is long is one where what it holds is a text or a known
//! kind of file: digests, keys and tokens are neither. And what links carry.

mod links;
mod narrative;
mod pasted;
mod stretches;

use std::borrow::Cow;
use std::ops::Range;

pub(in crate::dlp) use self::links::LINKS;
use self::stretches::Stretch;
use super::Form;
use super::text::form;
use super::walk::Walk;
use crate::dlp::records;
use crate::dlp::view::View;

/// Walks each file. The text itself is read by the caller, and what stands in
/// the ranges that are `taken`.
pub(super) fn read(walk: &mut Walk<'_>, text: &str, taken: &[Range<usize>]) {
    let text = &without(text, taken);
    if let Some(record) = as_read(text) {
        links::read(walk, &record);
        let (stretches, whole) = stretches::all(&record);
        if !whole {
            walk.fail("too_many_entries");
        }
        for stretch in stretches {
            if !one(walk, &stretch) {
                return;
            }
        }
        return;
    }
    if form(text, "") == Form::Markup {
        return read_page(walk, &View::html(text));
    }
    guessed(walk, text);
}

/// A text with blanks in some ranges.
fn without<'t>(text: &'t str, taken: &[Range<usize>]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for range in taken {
        let blanks = " ".repeat(range.len());
        text.to_mut().replace_range(range.clone(), &blanks);
    }
    text
}

/// Walks those of a page: as its tags and entities are read, not as they stand.
pub(super) fn read_page(walk: &mut Walk<'_>, page: &View<'_>) {
    guessed(walk, &words(page));
}

/// Walks those that no format declares, and what links carry.
fn guessed(walk: &mut Walk<'_>, text: &str) {
    links::read(walk, text);
    pasted::each(text, 0..text.len(), false, &mut |value| {
        one(walk, &Stretch::guessed(value))
    });
}

/// Walks one; `false` where there are too many.
fn one(walk: &mut Walk<'_>, stretch: &Stretch<'_>) -> bool {
    if !walk.entry() {
        return false;
    }
    let length = stretch.text.len();
    if length > walk.budget.room() || !walk.budget.spend(length) {
        walk.fail("too_large");
        return true;
    }
    let (bytes, whole) = stretch.decoded();
    // A sign too many behind what was guessed is none of it.
    if !whole && stretch.declared {
        walk.fail("malformed");
    }
    walk.encoded_child(stretch.name, &bytes, stretch.media_type);
    true
}

/// Whether a text holds such a file.
pub(super) fn is_in(text: &str) -> bool {
    match as_read(text) {
        Some(record) => links::is_in(&record) || !stretches::all(&record).0.is_empty(),
        None if form(text, "") == Form::Markup => is_in_page(&View::html(text)),
        None => links::is_in(text) || pasted::is_in(text),
    }
}

/// Whether one stands in a page.
pub(super) fn is_in_page(page: &View<'_>) -> bool {
    let words = words(page);
    links::is_in(&words) || pasted::is_in(&words)
}

/// What of a page is read: what is seen, and what stands in its tags.
fn words<'v>(page: &'v View<'_>) -> Cow<'v, str> {
    String::from_utf8_lossy(page.text.get(..page.code).unwrap_or_default())
}

/// A record as it is read, its escapes and folds undone; `None` where a text is
/// none whose format says where files are.
fn as_read(text: &str) -> Option<Cow<'_, str>> {
    records::may_enclose(text).then(|| records::as_read(text))
}
