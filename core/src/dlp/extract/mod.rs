//! Text out of attachments, by content and not by file name, all of it bounded.
//!
//! **In**: the decoded bytes of a part and its media type. **Out**: [`Piece`]s of
//! text, one at a time, and the reasons why some of it could not be read.
//!
//! What a part is, is told by its content ([`sniff`]). Containers are walked
//! one entry at a time, each entry as a part of its own. All that an attacker
//! can multiply (text, inflated bytes, bytes held at once, entries, levels)
//! counts down in one [`Budget`], so a message costs what its bounds say,
//! whatever it holds. What cannot be read leaves a code behind:
//! `encrypted`, `malformed`, `too_large`, `too_deep`, `too_many_entries`,
//! `unsupported_type`, `image_only`, `unknown_charset`, `ratio`.

mod budget;
mod cms;
mod dicom;
mod eml;
mod enclosed;
mod flow;
mod inflate;
mod loose;
mod metafile;
mod odf;
mod ooxml;
mod pdf;
mod picture;
mod rtf;
mod sheet;
mod sniff;
mod tar;
mod text;
mod uu;
mod walk;
mod xml;
mod zip;

#[cfg(test)]
mod hidden_tests;
#[cfg(test)]
mod more_tests;
#[cfg(test)]
mod pdf_font_tests;
#[cfg(test)]
mod pdf_tests;
#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;

pub(super) use budget::Budget;
pub(super) use loose::{base64, percent};
pub(super) use sniff::{TABLE, is_table_name};
use walk::Walk;

use std::ops::Range;

use super::view::View;
use super::{Confidence, FindingKind};

/// How a piece's text is to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// As it stands.
    #[default]
    Plain,
    /// As HTML or XML: tags away, entities decoded, blocks broken.
    Markup,
    /// As a table of fields, since it is called one.
    Table,
}

/// A stretch of a piece's text whose kind the format itself tells.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Hint {
    /// Bytes in the piece's text.
    pub(super) range: Range<usize>,
    /// What the format says it is.
    pub(super) kind: FindingKind,
    /// How surely: less where the format was guessed.
    pub(super) confidence: Confidence,
}

/// Text that was found in a part.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// The text. Where `inside` is `None` it is the part's own text, so that
    /// offsets in it are offsets in the part.
    pub(super) text: String,
    /// Plain or markup.
    pub(super) form: Form,
    /// The entry of a container that it stands in: `word/document.xml`,
    /// `page 3`, `inner.zip/list.csv`.
    pub(super) inside: Option<String>,
    /// What the format tells of stretches of the text, in order.
    pub(super) hints: Vec<Hint>,
    /// Whether the format itself is the record of a patient (an HL7 message
    /// with a PID segment, a C-CDA document, a FHIR Patient, an 837 claim).
    pub(super) patient_record: bool,
    /// Whether it says nothing of what the message is about: whose a signature
    /// is. What is found there is told all the same.
    pub(super) aside: bool,
    /// Whether a reader joins its lines (RFC 3676, `format=flowed; delsp=yes`):
    /// what goes over their ends is told too. Where it is `aside` the rest was
    /// told before.
    pub(super) joins_lines: bool,
}

/// Gives each piece of text of a part to `each`, and returns the codes of what
/// could not be read: none where all of it was.
pub(super) fn extract(
    bytes: &[u8],
    media_type: &str,
    budget: &mut Budget,
    each: &mut dyn FnMut(Piece),
) -> Vec<&'static str> {
    let mut walk = Walk::new(budget, each);
    walk.part(bytes, media_type, "");
    walk.into_reasons()
}

/// The files that stand in a text (uuencode, encoded parts of mail, values of
/// records, pasted base64), as [`extract`] gives them; the text itself is the caller's.
pub(super) fn encoded_in(
    text: &str,
    budget: &mut Budget,
    each: &mut dyn FnMut(Piece),
) -> Vec<&'static str> {
    let mut walk = Walk::new(budget, each);
    files(&mut walk, text);
    walk.into_reasons()
}

/// The files that stand in a page, as [`encoded_in`] gives those of a text.
pub(super) fn encoded_in_page(
    page: &View<'_>,
    budget: &mut Budget,
    each: &mut dyn FnMut(Piece),
) -> Vec<&'static str> {
    let mut walk = Walk::new(budget, each);
    enclosed::read_page(&mut walk, page);
    walk.into_reasons()
}

/// Whether files stand in a page.
pub(super) fn encodes_page(page: &View<'_>) -> bool {
    enclosed::is_in_page(page)
}

/// Where findings in what links carry are said to stand.
pub(super) use enclosed::LINKS;

/// Whether files stand in a text.
pub(super) fn encodes(text: &str) -> bool {
    uu::is_in(text) || loose::is_in(text) || enclosed::is_in(text)
}

/// Walks the files that stand in a text.
fn files(walk: &mut Walk<'_>, text: &str) {
    let mut taken = uu::read(walk, text);
    taken.extend(loose::read(walk, text));
    enclosed::read(walk, text, &taken);
}

/// Why a file that calls itself text is not read whole, though it is decoded.
pub(super) fn doubt(text: &str) -> Option<&'static str> {
    if sniff::is_printed(text.as_bytes()) {
        return Some("unsupported_type");
    }
    text::is_binary(text).then_some("malformed")
}

/// Whether a text is a message that went by mail.
pub(super) fn is_message(text: &str) -> bool {
    eml::is_message(text.as_bytes())
}

/// Whether a text is HTML or XML, by its type or by how it begins and ends.
pub(super) fn is_markup(text: &str, media_type: &str) -> bool {
    text::form(text, media_type) == Form::Markup
}
