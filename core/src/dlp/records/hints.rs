//! Collecting hints: trimmed, bounded, in order.

use std::ops::Range;

use crate::dlp::extract::Hint;
use crate::dlp::{Confidence, FindingKind, made_up};

/// More hints than this say nothing new about a part.
const MAX_HINTS: usize = 100_000;
/// A longer value is running text or a picture, not an item.
const MAX_VALUE: usize = 512;

/// The hints found so far in one text.
pub(super) struct Hints<'t> {
    text: &'t str,
    found: Vec<Hint>,
}

impl<'t> Hints<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    /// The text that the hints are of.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// Takes a stretch in, without the blanks and quotes around it. Nothing
    /// happens for what says nothing: `N/A`, `""`, `<name>`.
    pub(super) fn add(&mut self, range: Range<usize>, kind: FindingKind, confidence: Confidence) {
        if self.found.len() >= MAX_HINTS {
            return;
        }
        let range = trim(self.text, range);
        let Some(value) = self.text.get(range.clone()) else {
            return;
        };
        if value.len() > MAX_VALUE || says_nothing(value) {
            return;
        }
        self.found.push(Hint {
            range,
            kind,
            confidence,
        });
    }

    /// Takes a stretch in that the format itself names.
    pub(super) fn sure(&mut self, range: Range<usize>, kind: FindingKind) {
        self.add(range, kind, Confidence::High);
    }

    /// All of them by place, each once.
    pub(super) fn finish(mut self) -> Vec<Hint> {
        self.found
            .sort_by_key(|hint| (hint.range.start, hint.range.end));
        self.found
            .dedup_by(|next, before| next.range == before.range && next.kind == before.kind);
        self.found
    }
}

/// `range` without the blanks and quotes at its ends.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let Some(value) = text.get(range.clone()) else {
        return range.start..range.start;
    };
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\u{feff}');
    let start = range.start + (value.len() - value.trim_start_matches(around).len());
    let end = (range.start + value.trim_end_matches(around).len()).max(start);
    start..end
}

/// Whether a value stands for none: empty, punctuation, a placeholder.
pub(super) fn says_nothing(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "n/a",
        "na",
        "nan",
        "none",
        "null",
        "nil",
        "unknown",
        "unk",
        "tbd",
        "redacted",
        "masked",
        "not available",
        "not applicable",
        "not recorded",
        "desconocido",
        "ninguno",
        "undefined",
        "true",
        "false",
        "yes",
        "no",
    ];
    let value = value.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '<' | '>'));
    !value.contains(|c: char| c.is_alphanumeric())
        || (value.starts_with('<') && value.ends_with('>'))
        || value.bytes().all(|b| matches!(b, b'x' | b'X' | b'-'))
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// The name of a drug without its dose: `Hydrochlorothiazide 25 MG` ends at
/// the blank before the first figure.
pub(super) fn drug(text: &str, range: Range<usize>) -> Range<usize> {
    let range = trim(text, range);
    let value = text.get(range.clone()).unwrap_or_default();
    let mut before = ' ';
    for (at, c) in value.char_indices() {
        if at > 0 && c.is_ascii_digit() && before == ' ' {
            return trim(text, range.start..range.start + at);
        }
        before = c;
    }
    range
}

/// Whether the name of a LOINC or local code is a test that one orders and not
/// an analyte.
pub(super) fn is_ordered_test(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "panel",
        "profile",
        "test",
        "tests",
        "screen",
        "study",
        "imaging",
        "scan",
        "x-ray",
        "xr",
        "ct",
        "mri",
        "mr",
        "us",
        "ultrasound",
        "culture",
        "biopsy",
        "exam",
        "assessment",
        "count",
        "cbc",
    ];
    name.split(|c: char| !c.is_alphanumeric() && c != '-')
        .any(|word| WORDS.iter().any(|w| word.eq_ignore_ascii_case(w)))
}

/// Whether a value of a kind tells who somebody is.
pub(super) fn tells_who(kind: FindingKind) -> bool {
    use FindingKind as K;
    matches!(
        kind,
        K::Name
            | K::Mrn
            | K::Ssn
            | K::HealthPlanId
            | K::Account
            | K::License
            | K::Phone
            | K::Fax
            | K::Email
    )
}

/// Whether a value says something, and not that it is nobody's.
pub(super) fn is_somebodys(kind: FindingKind, value: &str) -> bool {
    let value = value.trim();
    let mail = kind == FindingKind::Email && made_up::is_reserved(value);
    !says_nothing(value) && !made_up::is(kind, value) && !mail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_say_nothing_give_no_hint() {
        for value in [
            "",
            " ",
            "\"\"",
            "N/A",
            "--",
            "<last>",
            "XXX-XX",
            "Unknown",
            "[REDACTED]",
        ] {
            assert!(says_nothing(value), "{value}");
        }
        for value in ["Nahum", "0", "Noel", "XA-1"] {
            assert!(!says_nothing(value), "{value}");
        }
    }

    #[test]
    fn hints_are_trimmed_ordered_and_single() {
        let text = " \"Ana\" 1";
        let mut hints = Hints::new(text);
        hints.sure(7..8, FindingKind::Mrn);
        hints.sure(0..6, FindingKind::Name);
        hints.sure(1..6, FindingKind::Name);
        hints.sure(3..99, FindingKind::Name);
        let found = hints.finish();
        assert_eq!(found.len(), 2);
        assert_eq!(&text[found[0].range.clone()], "Ana");
    }

    #[test]
    fn hints_are_bounded() {
        let text = "a".repeat(MAX_HINTS + 10);
        let mut hints = Hints::new(&text);
        for at in 0..text.len() {
            hints.sure(at..at + 1, FindingKind::Name);
        }
        assert_eq!(hints.finish().len(), MAX_HINTS);
        let mut long = Hints::new(&text);
        long.sure(0..MAX_VALUE + 1, FindingKind::Name);
        assert!(long.finish().is_empty());
    }

    #[test]
    fn a_drug_ends_before_its_dose() {
        let of = |text: &'static str| &text[drug(text, 0..text.len())];
        assert_eq!(of("Hydrochlorothiazide 25 MG"), "Hydrochlorothiazide");
        assert_eq!(of("vitamin B12 1000 mcg"), "vitamin B12");
        assert_eq!(of("24 HR metformin"), "24 HR metformin");
    }
}
