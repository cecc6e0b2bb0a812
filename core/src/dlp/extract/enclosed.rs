//! Files that stand in a text as base64: `Attachment.data` of FHIR, type ED of
//! HL7 v2, `nonXMLBody` of a C-CDA, `ATTACH` of a calendar, a field of a table or
//! of X12, what somebody pasted into a mail.
//!
//! Where the format says so, a value is a file, and told where it cannot be
//! read. Any other that is long is one where what it holds is a text or a known
//! kind of file: digests, keys and tokens are neither.

mod narrative;
mod stretches;

use std::borrow::Cow;

use self::stretches::Stretch;
use super::walk::Walk;
use crate::dlp::records;

/// Walks each file. The text itself is read by the caller.
pub(super) fn read(walk: &mut Walk<'_>, text: &str) {
    let record = as_read(text);
    for stretch in in_record_or(text, record.as_deref()) {
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
    !in_record_or(text, as_read(text).as_deref()).is_empty()
}

/// Whether some stands in a text of no format.
pub(super) fn is_pasted(text: &str) -> bool {
    !stretches::guessed_in(text).is_empty()
}

/// A record as it is read, its escapes and folds undone; `None` where a text is
/// none whose format says where files are.
fn as_read(text: &str) -> Option<Cow<'_, str>> {
    records::may_enclose(text).then(|| records::as_read(text))
}

fn in_record_or<'t>(text: &'t str, record: Option<&'t str>) -> Vec<Stretch<'t>> {
    record.map_or_else(|| stretches::guessed_in(text), stretches::all)
}
