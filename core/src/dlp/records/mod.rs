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

mod calendar;
mod cda;
mod codes;
mod fhir;
mod headers;
mod hints;
mod hl7;
mod hl7_fields;
mod json;
mod shape;
mod table;
mod words;
mod x12;
mod xml;

#[cfg(test)]
mod tests;

use super::extract::{Form, Hint};

/// What a format tells of a text.
pub(super) struct Record {
    /// What it says of stretches of the text, in order.
    pub(super) hints: Vec<Hint>,
    /// Whether it is the record of a patient: it names a person together with
    /// their care.
    pub(super) patient_record: bool,
    /// How the text is to be read besides.
    pub(super) form: Form,
}

/// What the format of `text` tells, by the content and not by the media type
/// or a file name alone; `None` where it is ordinary text.
pub(super) fn read(text: &str, media_type: &str) -> Option<Record> {
    cda::read(text, media_type)
        .or_else(|| hl7::read(text))
        .or_else(|| fhir::read(text))
        .or_else(|| x12::read(text))
        .or_else(|| calendar::read(text))
        .or_else(|| table::read(text, media_type))
}
