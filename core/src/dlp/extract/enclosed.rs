//! Files that stand in the values of records as base64: `Attachment.data` of
//! FHIR, type ED of HL7 v2, `nonXMLBody` of a C-CDA, `ATTACH` of a calendar.
//!
//! Where the format says so, a value is a file, and told where it cannot be
//! read. Any other that is long is one where what it holds is a text or a known
//! kind of file: digests, keys and tokens are neither.

mod narrative;
mod stretches;

use std::borrow::Cow;

use super::walk::Walk;
use crate::dlp::records;

/// Walks each file. The text itself is read by the caller.
pub(super) fn read(walk: &mut Walk<'_>, text: &str) {
    let Some(text) = as_read(text) else { return };
    for stretch in stretches::all(&text) {
        if !walk.entry() {
            return;
        }
        let length = stretch.text.len();
        if length > walk.budget.room() || !walk.budget.spend(length) {
            walk.fail("too_large");
            continue;
        }
        let (bytes, whole) = stretch.decoded();
        if !whole {
            walk.fail("malformed");
        }
        walk.decoded_child(stretch.name, &bytes, stretch.media_type);
    }
}

/// Whether a text holds such a file.
pub(super) fn is_in(text: &str) -> bool {
    as_read(text).is_some_and(|text| !stretches::all(&text).is_empty())
}

/// A record as it is read, its escapes and folds undone; `None` where a text is
/// none that may hold files.
fn as_read(text: &str) -> Option<Cow<'_, str>> {
    records::may_enclose(text).then(|| records::as_read(text))
}
