//! Text in whatever encoding it comes.

use std::borrow::Cow;

use super::walk::Walk;
use super::{Form, sniff};
use crate::compose;

/// Gives out a part that is text, whole.
pub(super) fn read(walk: &mut Walk<'_>, bytes: &[u8], media_type: &str) {
    let (text, fault) = decode(bytes);
    if let Some(fault) = fault {
        walk.fail(fault);
    }
    let form = match form(&text, media_type) {
        Form::Plain if media_type == sniff::TABLE => Form::Table,
        form => form,
    };
    // What is too much is told; no more is looked for in it.
    if walk.budget.text > 0 {
        super::files(walk, &text);
    }
    walk.whole(text, form);
}

/// The encoding of more than one byte a character, by mark or by its zeros.
pub(super) fn wide(bytes: &[u8]) -> Option<Wide> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return Some(Wide::Utf32Le),
        [0, 0, 0xfe, 0xff, ..] => return Some(Wide::Utf32Be),
        [0xff, 0xfe, ..] => return Some(Wide::Utf16Le),
        [0xfe, 0xff, ..] => return Some(Wide::Utf16Be),
        _ => {}
    }
    // Without a mark: Latin text has a zero in every other byte.
    let sample = bytes.get(..bytes.len().min(4096) & !1)?;
    if sample.len() < 8 {
        return None;
    }
    let plain = |b: u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    let count = |text: usize, zero: usize| {
        sample
            .chunks_exact(2)
            .filter(|pair| pair.get(zero) == Some(&0) && pair.get(text).copied().is_some_and(plain))
            .count()
    };
    let most = sample.len() / 2 * 7 / 10;
    if count(0, 1) > most {
        return Some(Wide::Utf16Le);
    }
    (count(1, 0) > most).then_some(Wide::Utf16Be)
}

/// An encoding of more than one byte a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wide {
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

/// Decodes text. The second value says what is doubtful about it.
pub(super) fn decode(bytes: &[u8]) -> (String, Option<&'static str>) {
    let (text, fault) = match wide(bytes) {
        Some(wide) => decode_wide(bytes, wide),
        None => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => (text.to_owned(), None),
                Err(_) => narrow(bytes),
            }
        }
    };
    let fault = fault.or(is_damaged(&text).then_some("malformed"));
    (text, fault)
}

/// Whether control characters stand in a text that no text has.
pub(super) fn is_damaged(text: &str) -> bool {
    text.chars()
        .any(|c| matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{19}' | '\u{7f}'))
}

/// Whether control characters stand in a text that make it none. A log may ring a bell
/// and hold what somebody deleted, a manual is overstruck (`N\u{8}N`, `_\u{8}N`): of
/// these it takes many.
pub(super) fn is_binary(text: &str) -> bool {
    const BORNE: usize = 8;
    let bytes = text.as_bytes();
    let mut keys = 0usize;
    for b in bytes {
        match b {
            7 | 8 | 0x7f => keys += 1,
            0..=8 | 0x0e..=0x19 => return true,
            _ => {}
        }
    }
    if keys <= BORNE {
        return false;
    }
    let is_overstruck = |three: &&[u8]| match three {
        [a, 8, b] => a == b || [a, b].contains(&&b'_') || !(a.is_ascii() || b.is_ascii()),
        _ => false,
    };
    let overstruck = bytes.windows(3).filter(is_overstruck).count();
    keys.saturating_sub(overstruck) > BORNE.max(bytes.len() / 100)
}

/// XML in a package, which is UTF-8 or UTF-16.
pub(super) fn xml(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&0) => Cow::Borrowed(text),
        _ => Cow::Owned(decode(bytes).0),
    }
}

fn decode_wide(bytes: &[u8], wide: Wide) -> (String, Option<&'static str>) {
    let mut bad = false;
    let mut text = String::with_capacity(bytes.len() / 2);
    match wide {
        Wide::Utf16Le | Wide::Utf16Be => {
            let units = bytes.chunks_exact(2).map(|pair| match *pair {
                [a, b] if wide == Wide::Utf16Le => u16::from_le_bytes([a, b]),
                [a, b] => u16::from_be_bytes([a, b]),
                _ => 0,
            });
            bad |= !bytes.len().is_multiple_of(2);
            for c in char::decode_utf16(units) {
                bad |= c.is_err();
                text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        Wide::Utf32Le | Wide::Utf32Be => {
            bad |= !bytes.len().is_multiple_of(4);
            for four in bytes.chunks_exact(4) {
                let unit = match *four {
                    [a, b, c, d] if wide == Wide::Utf32Le => u32::from_le_bytes([a, b, c, d]),
                    [a, b, c, d] => u32::from_be_bytes([a, b, c, d]),
                    _ => 0,
                };
                let c = char::from_u32(unit);
                bad |= c.is_none();
                text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
    }
    bad |= matches!(wide, Wide::Utf16Le | Wide::Utf16Be) && compose::mixes_widths(bytes);
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    (text, bad.then_some("malformed"))
}

/// Text of one byte a character that is not UTF-8: in the charset that its
/// own markup names, or in Windows-1252. Where many letters are not Latin the
/// charset may be another, and names in it are not readable.
fn narrow(bytes: &[u8]) -> (String, Option<&'static str>) {
    if let Some(name) = named_charset(bytes) {
        return match name.as_str() {
            // It says so and is not: a character here and there is damaged.
            "utf-8" | "utf8" => lossy(bytes),
            name => match compose::decode_charset(name, bytes) {
                Some(text) => (text, None),
                None => (latin(bytes), Some("unknown_charset")),
            },
        };
    }
    let high = bytes.iter().filter(|b| **b >= 0x80).count();
    let valid: usize = bytes
        .utf8_chunks()
        .map(|c| c.valid().bytes().filter(|b| *b >= 0x80).count())
        .sum();
    if valid * 2 > high {
        return lossy(bytes);
    }
    let doubtful = high > 4 + bytes.len() / 8 || !compose::may_be_western(bytes);
    (latin(bytes), doubtful.then_some("unknown_charset"))
}

fn lossy(bytes: &[u8]) -> (String, Option<&'static str>) {
    (
        String::from_utf8_lossy(bytes).into_owned(),
        Some("malformed"),
    )
}

/// Windows-1252, of which ISO 8859-1 is a part.
pub(super) fn latin(bytes: &[u8]) -> String {
    compose::decode_charset("windows-1252", bytes)
        .unwrap_or_else(|| bytes.iter().map(|&b| char::from(b)).collect())
}

/// The charset in an XML declaration or an HTML `meta`.
fn named_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(1024))?;
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if !head.trim_start().starts_with('<') {
        return None;
    }
    let at = ["encoding=", "charset="]
        .iter()
        .find_map(|key| head.find(key).map(|at| at + key.len()))?;
    let name: String = head
        .get(at..)?
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Markup by declaration, or by its first and last characters.
pub(super) fn form(text: &str, media_type: &str) -> Form {
    if media_type.ends_with("html") || media_type.ends_with("xml") {
        return Form::Markup;
    }
    let text = text.trim();
    let starts = |with: &str| {
        text.get(..with.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(with))
    };
    if starts("<?xml") || starts("<!doctype") || starts("<html") {
        return Form::Markup;
    }
    let tag = text.starts_with('<')
        && text
            .chars()
            .nth(1)
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '!');
    match tag && text.ends_with('>') && (text.contains("</") || text.contains("/>")) {
        true => Form::Markup,
        false => Form::Plain,
    }
}
