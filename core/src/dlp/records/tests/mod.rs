//! Small invented messages of each format, and the samples where they are.

mod calendar;
mod cda;
mod fhir;
mod headers;
mod hl7;
mod samples;
mod table;
mod x12;

use std::ops::Range;

use super::{Record, read};
use crate::dlp::FindingKind;

/// Each hint's kind and text.
pub(super) fn all(text: &str, record: &Record) -> Vec<(FindingKind, String)> {
    let value = |range: &Range<usize>| text.get(range.clone()).unwrap().to_owned();
    record
        .hints
        .iter()
        .map(|hint| (hint.kind, value(&hint.range)))
        .collect()
}

#[track_caller]
pub(super) fn hints(text: &str, media_type: &str) -> Vec<(FindingKind, String)> {
    all(text, &read(text, media_type).unwrap())
}

#[track_caller]
pub(super) fn has(found: &[(FindingKind, String)], kind: FindingKind, value: &str) {
    assert!(
        found.iter().any(|(k, v)| *k == kind && v == value),
        "no {kind:?} {value} in {found:#?}"
    );
}

#[track_caller]
fn lacks(found: &[(FindingKind, String)], value: &str) {
    assert!(
        !found.iter().any(|(_, v)| v.contains(value)),
        "{value} in {found:#?}"
    );
}
