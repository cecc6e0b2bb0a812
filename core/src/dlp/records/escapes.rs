//! What JSON and HL7 v2 write otherwise than it is read.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};

use crate::dlp::view::Written;

/// Stretches of one text, so that what is known of them does not outgrow it.
pub(super) const MAX_WRITTEN: usize = 4_000_000;

/// What every resource of FHIR has.
static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"resourceType\""));
/// How a character is written by its number.
static NUMBER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\\u"));

/// The escapes of JSON (RFC 8259 section 7), wherever they stand: what programs
/// write of it is often cut, or holds more of it as a string.
pub(super) fn json(text: &str) -> Vec<Written> {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    if memchr(b'\\', bytes).is_none() || !is_json(text) {
        return out;
    }
    let mut next = 0;
    for at in memchr_iter(b'\\', bytes) {
        if at < next || out.len() > MAX_WRITTEN {
            continue;
        }
        let behind = bytes.get(at..).unwrap_or_default();
        let count = behind.iter().take_while(|b| **b == b'\\').count();
        let end = at + count;
        let sign = bytes.get(end).copied().unwrap_or_default();
        // A path, not a line's end that was escaped twice: `C:\\new`.
        let path =
            count.is_multiple_of(2) && bytes.get(end + 1).is_some_and(u8::is_ascii_lowercase);
        let (reads, length) = match sign {
            b'u' => match unit(bytes, end) {
                Some(first) => wide(bytes, end, first),
                None => ('\\', 0),
            },
            b'"' | b'/' | b'\'' => (char::from(sign), 1),
            b'n' | b'r' if !path => ('\n', 1),
            b't' if !path => ('\t', 1),
            b'b' | b'f' if !path => (' ', 1),
            _ => ('\\', 0),
        };
        next = end + length;
        // A lone one that escapes nothing is itself.
        if next > at + 1 {
            out.push(Written::new(at..next, Some(reads)));
        }
    }
    out
}

/// Whether a text begins as JSON does; `[External]` and `{greeting}` do not.
pub(super) fn begins_json(text: &str) -> bool {
    let blank = |c: char| c.is_ascii_whitespace() || c == '\u{feff}';
    let start = text.trim_start_matches(blank);
    let first = |inside: &str| inside.trim_start_matches(blank).bytes().next();
    if let Some(fields) = start.strip_prefix('{') {
        return first(fields) == Some(b'"');
    }
    let values = start.strip_prefix('[').and_then(first);
    matches!(values, Some(b'"' | b'{' | b'[' | b'-' | b'0'..=b'9'))
}

/// Whether JSON stands in a text.
pub(super) fn is_json(text: &str) -> bool {
    if begins_json(text) {
        return true;
    }
    let bytes = text.as_bytes();
    KEY.find(bytes).is_some()
        || memchr(b'"', bytes).is_some()
            && NUMBER
                .find_iter(bytes)
                .any(|at| unit(bytes, at + 1).is_some())
}

/// The four figures behind the `u` at a place.
fn unit(bytes: &[u8], u: usize) -> Option<u32> {
    let figures = bytes.get(u + 1..u + 5)?;
    figures.iter().try_fold(0, |value, &b| {
        Some(value << 4 | char::from(b).to_digit(16)?)
    })
}

/// The character whose first unit stands at a `u`, and its length from there.
fn wide(bytes: &[u8], u: usize, first: u32) -> (char, usize) {
    const UNIT: usize = 5;
    if let 0xd800..0xdc00 = first {
        let behind = bytes.get(u + UNIT..).unwrap_or_default();
        let slashes = behind.iter().take(4).take_while(|b| **b == b'\\').count();
        let second = u + UNIT + slashes;
        if slashes > 0
            && bytes.get(second) == Some(&b'u')
            && let Some(low @ 0xdc00..0xe000) = unit(bytes, second)
        {
            let c = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            return (
                char::from_u32(c).unwrap_or('\u{fffd}'),
                UNIT + slashes + UNIT,
            );
        }
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), UNIT)
}

/// The escapes of a segment of HL7 v2 (section 2.7 of the standard) behind its
/// name: `\F\`, `\X0D0A\`, `\.br\`.
pub(super) fn hl7(text: &str, segment: Range<usize>, escape: u8, out: &mut Vec<Written>) {
    let bytes = text.as_bytes().get(..segment.end).unwrap_or_default();
    let mut at = segment.start;
    let find = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        memchr(escape, rest).map(|n| from + n)
    };
    if escape == 0 {
        return;
    }
    let mut start = find(at);
    while let Some(first) = start {
        let Some(last) = find(first + 1) else { return };
        if out.len() > MAX_WRITTEN {
            return;
        }
        let inside = text.get(first + 1..last).unwrap_or_default();
        let reads = match inside {
            "F" => Some('|'),
            "S" => Some('^'),
            "T" => Some('&'),
            "R" => Some('~'),
            "E" => Some('\\'),
            "P" => Some('#'),
            "H" | "N" => None,
            _ if inside.starts_with(".br") || inside.starts_with(".sp") => Some('\n'),
            _ if inside.starts_with(".sk") => Some(' '),
            _ if is_layout(inside) || is_charset(inside) => None,
            _ => {
                let figures = inside.strip_prefix('X').unwrap_or_default();
                if figures.is_empty() || !hex(figures, first + 2, out) {
                    // None of the escapes: the next one may begin here.
                    start = Some(last);
                } else {
                    out.push(Written::new(last..last + 1, None));
                    at = last + 1;
                    start = find(at);
                }
                continue;
            }
        };
        out.push(Written::new(first..last + 1, reads));
        at = last + 1;
        start = find(at);
    }
}

/// Indents, fills and centres.
fn is_layout(inside: &str) -> bool {
    [".in", ".ti", ".fi", ".nf", ".ce"]
        .iter()
        .any(|word| inside.starts_with(word))
        && inside.len() <= 8
}

/// A change of the charset.
fn is_charset(inside: &str) -> bool {
    let figures = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    match inside.split_at_checked(1) {
        Some(("C", rest)) => rest.len() == 4 && figures(rest),
        Some(("M", rest)) => matches!(rest.len(), 4 | 6) && figures(rest),
        _ => false,
    }
}

/// Bytes in hexadecimal at a place: UTF-8, or Latin. The sign before them
/// stands for nothing. `false` where they are none.
fn hex(figures: &str, at: usize, out: &mut Vec<Written>) -> bool {
    let digits = figures.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let byte = |n: usize| {
        let pair = figures.get(2 * n..2 * n + 2);
        pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    out.push(Written::new(at - 2..at, None));
    let mut n = 0;
    while let Some(first) = byte(n) {
        let (c, length) = character(first, (n + 1..).map_while(byte));
        let start = at + 2 * n;
        out.push(Written::new(start..start + 2 * length, Some(c)));
        n += length;
    }
    true
}

/// The character that begins with a byte, and how many it takes: UTF-8, or one
/// of Latin 1.
pub(super) fn character(first: u8, more: impl Iterator<Item = u8>) -> (char, usize) {
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let bytes: Vec<u8> = std::iter::once(first).chain(more).take(length).collect();
    match std::str::from_utf8(&bytes) {
        Ok(text) => (text.chars().next().unwrap_or('\u{fffd}'), bytes.len()),
        Err(_) => (char::from(first), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::view::as_read;

    fn seen(text: &str, written: &[Written]) -> String {
        as_read(text, 0..text.len(), written).replace('\n', "/")
    }

    #[test]
    fn json_is_read_as_its_readers_read_it() {
        for (text, wanted) in [
            (r#"{"a": "28\u0031\u002D15"}"#, r#"{"a": "281-15"}"#),
            (
                r#"["Jos\u00e9 \ud83d\ude00 \ud83d"]"#,
                "[\"José 😀 \u{fffd}\"]",
            ),
            (r#"{"a": "x\nSSN\t1\/2\\3"}"#, "{\"a\": \"x/SSN\t1/2\\3\"}"),
            (
                r#"{"a": "{\"b\": \"x\\nSSN \\u0031\"}"}"#,
                r#"{"a": "{"b": "x/SSN 1"}"}"#,
            ),
            (r#"{"a": "C:\\new\\tea"}"#, r#"{"a": "C:\new\tea"}"#),
            (r#"{"a": "\d \u00"#, r#"{"a": "\d \u00"#),
        ] {
            assert_eq!(seen(text, &json(text)), wanted, "{text}");
        }
        for text in [
            r"{\rtf1 \u233 \'e9\n}",
            r"[see \\new\n]",
            r"C:\new",
            r#""\user""#,
        ] {
            assert!(json(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn segments_are_read_as_their_readers_read_them() {
        for (text, wanted) in [
            (r"A\F\B\S\C\T\D\R\E\E\F", r"A|B^C&D~E\F"),
            (r"28\X31\-\X3135\\H\-9\N\804", "281-15-9804"),
            (r"a\.br\b\.sp2\c\.in+4\d", "a/b/cd"),
            (r"Jos\XC3A9\ \XE9\", "José é"),
            (r"C:\temp\x\X4\", r"C:\temp\x\X4\"),
            (r"C:\temp\F\", r"C:\temp|"),
            (r"\C2842\a\M2442\b\Z1\", r"ab\Z1\"),
        ] {
            let mut written = Vec::new();
            hl7(text, 0..text.len(), b'\\', &mut written);
            assert_eq!(seen(text, &written), wanted, "{text}");
        }
    }
}
