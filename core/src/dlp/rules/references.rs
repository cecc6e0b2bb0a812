//! What names a place in a format, and is nobody's number.

use crate::dlp::passage::Passage;
use crate::dlp::tagger::Tag;

/// Segments of HL7 v2 that speak of patients, as interfaces' makers write of
/// their fields: `PID-3`, `OBX-5.1`.
const SEGMENTS: [&[u8]; 20] = [
    b"AL1", b"DG1", b"EVN", b"FT1", b"GT1", b"IN1", b"IN2", b"MRG", b"MSA", b"MSH", b"NK1", b"NTE",
    b"OBR", b"OBX", b"ORC", b"PD1", b"PID", b"PV1", b"PV2", b"RXA",
];

/// Takes away what was found in the names of such fields, where those of two
/// segments are named: `PID-17` alone is the seventeenth participant of a study.
pub(in crate::dlp) fn references(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    let field = |tag: &Tag| {
        let found = passage.bytes_of(tag.first..tag.last);
        is_field(found).then(|| found.get(..3)).flatten()
    };
    let Some(one) = tags.iter().find_map(field) else {
        return;
    };
    let mut units = passage
        .spans
        .iter()
        .filter_map(|span| passage.text.get(span.range()));
    let is_other = |unit: &[u8]| is_field(unit) && !unit[..3].eq_ignore_ascii_case(one);
    if units.any(is_other) {
        tags.retain(|tag| field(tag).is_none());
    }
}

/// A segment and the number of a field, maybe that of a component.
fn is_field(text: &[u8]) -> bool {
    let Some((segment, [b'-' | b'.', number @ ..])) = text.split_at_checked(3) else {
        return false;
    };
    let is_number = |part: &[u8]| {
        (1..=2).contains(&part.len()) && part.iter().all(u8::is_ascii_digit) && part[0] != b'0'
    };
    SEGMENTS.iter().any(|s| s.eq_ignore_ascii_case(segment))
        && number.split(|b| *b == b'.').all(is_number)
        && number.len() <= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_from_numbers() {
        for field in ["PID-3", "pid-3", "OBX-5.1", "PV1-19.4.2", "PID.3"] {
            assert!(is_field(field.as_bytes()), "{field}");
        }
        for other in [
            "PID-4471902",
            "PID3",
            "ABC-3",
            "PID-",
            "PID-3-4",
            "PID-08",
            "PI",
            "PID-3.",
            "",
        ] {
            assert!(!is_field(other.as_bytes()), "{other}");
        }
    }
}
