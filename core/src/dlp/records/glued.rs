//! Labels that stand at their values, as what is copied out of a PDF has them:
//! `DOB15/03/1962SSN281-15-9804MRN00482913`.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Places that are told: more than a form has, and few enough to hold.
const MOST: usize = 100_000;

/// Where a blank is missing, in order.
pub(in crate::dlp) fn places(text: &str) -> Vec<usize> {
    static LABELS: LazyLock<[Finder<'static>; 3]> =
        LazyLock::new(|| ["SSN", "MRN", "DOB"].map(Finder::new));
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    for label in LABELS.iter() {
        for at in label.find_iter(bytes) {
            let end = at + label.needle().len();
            let before = at.checked_sub(1).and_then(|n| bytes.get(n));
            let starts = before.is_none_or(|b| !b.is_ascii_alphabetic() && b.is_ascii());
            if out.len() < MOST && starts && is_value(label.needle(), bytes.get(end..)) {
                if before.is_some_and(u8::is_ascii_digit) {
                    out.push(at);
                }
                out.push(end);
            }
        }
    }
    out.sort_unstable();
    out
}

/// Whether a value of the label's starts there.
fn is_value(label: &[u8], rest: Option<&[u8]>) -> bool {
    let rest = rest.unwrap_or_default();
    let digits = rest
        .iter()
        .take(20)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let next = rest.get(digits);
    match label {
        b"SSN" => digits == 9 || digits == 3 && next == Some(&b'-'),
        b"MRN" => digits >= 5,
        _ => digits == 8 || (1..=4).contains(&digits) && matches!(next, Some(b'/' | b'-' | b'.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_missing_at_labels() {
        let spaced = |text: &str| {
            let (mut out, mut at) = (String::new(), 0);
            for place in places(text) {
                out.push_str(&text[at..place]);
                out.push(' ');
                at = place;
            }
            out + &text[at..]
        };
        for (text, wanted) in [
            (
                "DOB15/03/1962SSN281-15-9804MRN00482913",
                "DOB 15/03/1962 SSN 281-15-9804 MRN 00482913",
            ),
            ("(SSN281159804)", "(SSN 281159804)"),
            ("DOB1962-03-15, é", "DOB 1962-03-15, é"),
        ] {
            assert_eq!(spaced(text), wanted);
        }
        for text in [
            "SSN 281-15-9804",
            "XSSN281-15-9804",
            "éSSN281-15-9804",
            "SSN28",
            "MRN12",
            "DOB",
            "DOB19",
            "12DOB",
            "",
        ] {
            assert_eq!(spaced(text), text);
        }
    }
}
