//! Encoded parts of mail that stand in other text, told by the field that names
//! their encoding (RFC 2045 section 6): what a bounce quotes, a message behind a
//! line that is none of its header.

use std::ops::Range;

use data_encoding::HEXUPPER_PERMISSIVE;
use memchr::memchr_iter;

use super::walk::Walk;

const FIELD: &[u8] = b"content-transfer-encoding:";
/// Where its first hyphen stands.
const HYPHEN: usize = 7;
/// Lines from that field to the end of its header.
const HEADER: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Base64,
    QuotedPrintable,
}

/// Walks each part, and tells where they stand. The text itself is read by the
/// caller.
pub(super) fn read(walk: &mut Walk<'_>, text: &str) -> Vec<Range<usize>> {
    let mut taken = Vec::new();
    let mut from = 0;
    while let Some((encoding, body, end)) = next(text, from) {
        from = end;
        taken.push(end - body.len()..end);
        if !walk.entry() {
            break;
        }
        if body.len() > walk.budget.room() || !walk.budget.spend(body.len()) {
            walk.fail("too_large");
            continue;
        }
        let (bytes, whole) = match encoding {
            Encoding::Base64 => base64(body),
            Encoding::QuotedPrintable => (quoted_printable(body), true),
        };
        if !whole {
            walk.fail("malformed");
        }
        walk.encoded_child("encoded", &bytes, "");
    }
    taken
}

/// Whether a text holds such a part.
pub(super) fn is_in(text: &str) -> bool {
    next(text, 0).is_some()
}

/// The next part from `from` on, its encoding and body, and where it ends.
fn next(text: &str, mut from: usize) -> Option<(Encoding, &str, usize)> {
    loop {
        let (encoding, behind) = field(text, from)?;
        from = behind;
        // The body begins behind an empty line.
        let mut at = behind;
        let mut lines = text.get(behind..)?.split_inclusive('\n').take(HEADER);
        let empty = lines.find(|line| {
            at += line.len();
            line.trim_ascii().is_empty()
        });
        if empty.is_none() {
            continue;
        }
        let rest = text.get(at..)?;
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            let ends = match encoding {
                Encoding::Base64 => !is_base64(line.trim_ascii()),
                // Without a mark between them the next may begin.
                Encoding::QuotedPrintable => line.starts_with("--") || is_field(line.as_bytes()),
            };
            if ends {
                break;
            }
            length += line.len();
        }
        let body = rest.get(..length)?;
        from = at + length;
        let says = match encoding {
            Encoding::Base64 => !body.is_empty(),
            Encoding::QuotedPrintable => body.contains('='),
        };
        if says {
            return Some((encoding, body, from));
        }
    }
}

/// The next such field: what it names, and where the next line begins.
fn field(text: &str, from: usize) -> Option<(Encoding, usize)> {
    let bytes = text.as_bytes();
    // Lines are many, hyphens few.
    for hyphen in memchr_iter(b'-', bytes.get(from..)?) {
        let Some(start) = (from + hyphen).checked_sub(HYPHEN).filter(|n| *n >= from) else {
            continue;
        };
        let before = start.checked_sub(1).and_then(|n| bytes.get(n));
        let begins = matches!(before, None | Some(b'\n'));
        if !begins || !is_field(bytes.get(start..).unwrap_or_default()) {
            continue;
        }
        let value = text.get(start + FIELD.len()..)?;
        let value = value.split_inclusive('\n').next().unwrap_or_default();
        let encoding = match value.trim().to_ascii_lowercase().as_str() {
            v if v.starts_with("base64") => Encoding::Base64,
            v if v.starts_with("quoted-printable") => Encoding::QuotedPrintable,
            _ => continue,
        };
        return Some((encoding, start + FIELD.len() + value.len()));
    }
    None
}

/// Whether a line is such a field.
fn is_field(line: &[u8]) -> bool {
    let name = line.get(..FIELD.len());
    name.is_some_and(|name| name.eq_ignore_ascii_case(FIELD))
}

/// Whether a line holds base64 and nothing else.
fn is_base64(line: &str) -> bool {
    let sign = |b: u8| b == b'=' || six(b).is_some();
    line.len() >= 4 && line.bytes().all(sign)
}

/// What a sign of base64 stands for, in either alphabet (RFC 4648).
fn six(sign: u8) -> Option<u32> {
    let value = match sign {
        b'A'..=b'Z' => sign - b'A',
        b'a'..=b'z' => sign - b'a' + 26,
        b'0'..=b'9' => sign - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// The bytes of base64, in lines of any length, and whether all could be read.
/// Readers mind neither missing padding nor one in the middle.
pub(in crate::dlp) fn base64(text: &str) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for sign in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        if sign == b'=' {
            (bits, count) = (0, 0);
            continue;
        }
        let Some(six) = six(sign) else {
            return (out, false);
        };
        bits = bits << 6 | six;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    (out, count < 6)
}

/// The bytes of hexadecimal, and whether all could be read.
pub(super) fn hex(text: &str) -> (Vec<u8>, bool) {
    let signs: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let (mut out, mut whole) = (Vec::with_capacity(signs.len() / 2), true);
    for pair in signs.chunks(2) {
        match HEXUPPER_PERMISSIVE.decode(pair) {
            Ok(byte) => out.extend(byte),
            Err(_) => whole = false,
        }
    }
    (out, whole)
}

/// The bytes of an address with its `%20` (RFC 3986 section 2.1).
pub(in crate::dlp) fn percent(address: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(address.len());
    unescape(address, b'%', &mut out);
    out
}

/// Appends bytes of which some are written as a sign and two figures.
fn unescape(mut rest: &[u8], sign: u8, out: &mut Vec<u8>) {
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        let pair = behind.get(..2).filter(|_| first == sign);
        match pair.and_then(|p| HEXUPPER_PERMISSIVE.decode(p).ok()) {
            Some(byte) => {
                out.extend(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => out.push(first),
        }
    }
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_ascii_end();
        let (line, soft) = match line.strip_suffix('=') {
            Some(line) => (line, true),
            None => (line, false),
        };
        unescape(line.as_bytes(), b'=', &mut out);
        if !soft {
            out.push(b'\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_where_its_encoding_does() {
        let text = "It came back:\n\ncontent-transfer-encoding: BASE64\nX: 1\n\nQ2F0cw==\n\nand\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--x\r\n";
        let (encoding, body, end) = next(text, 0).unwrap();
        assert_eq!((encoding, body), (Encoding::Base64, "Q2F0cw==\n"));
        let (encoding, body, _) = next(text, end).unwrap();
        assert_eq!(encoding, Encoding::QuotedPrintable);
        assert_eq!(quoted_printable(body), b"a=bc\n");
    }

    /// Nothing stands between them, and the first part is all of the text before.
    #[test]
    fn a_part_may_begin_where_another_ends() {
        let text = "Content-Transfer-Encoding: quoted-printable\n\na=3Db\n\
                    Content-Transfer-Encoding: base64\n\nQ2F0cw==\n";
        let (_, body, end) = next(text, 0).unwrap();
        assert_eq!(body, "a=3Db\n");
        let (encoding, body, end) = next(text, end).unwrap();
        assert_eq!((encoding, body), (Encoding::Base64, "Q2F0cw==\n"));
        assert_eq!(next(text, end), None);
    }

    #[test]
    fn base64_is_read_as_readers_read_it() {
        for (text, bytes, whole) in [
            ("Q2F0cw==", &b"Cats"[..], true),
            ("Q2\r\nF0 cw", b"Cats", true),
            ("Q2F0cw==Q2F0", b"CatsCat", true),
            ("-_-_+/+/", &[251, 255, 191, 251, 255, 191], true),
            ("Q2F0c", b"Cat", false),
            ("Q2F0!cw", b"Cat", false),
        ] {
            assert_eq!(base64(text), (bytes.to_vec(), whole), "{text}");
        }
    }

    #[test]
    fn prose_is_no_part() {
        for text in [
            "Content-Transfer-Encoding: base64",
            "Content-Transfer-Encoding: base64\n\nis what it says.\n",
            "the Content-Transfer-Encoding: base64\n\nQ2F0cw==\n",
            "Content-Transfer-Encoding: 7bit\n\nQ2F0cw==\n",
            "Content-Transfer-Encoding: quoted-printable\n\nnothing of it\n",
        ] {
            assert!(!is_in(text), "{text}");
        }
    }
}
