//! The header block: where each field stands, and what it says decoded.

use std::ops::Range;
use std::sync::LazyLock;

use data_encoding::{BASE64, HEXUPPER};
use mail_parser::{HeaderName, MessageParser};

use super::{ComposeError, Limits, guard};

/// One field: its bytes with the final CRLF, and its name.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) whole: Range<usize>,
    pub(super) name: Range<usize>,
}

/// A header block and where the body begins.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) fields: Vec<Field>,
    /// End of the last field.
    pub(super) end: usize,
    /// Start of the body: `end + 2`, or `end` where the blank line is missing.
    pub(super) body: usize,
}

impl Head {
    /// Indexes the block at the start of `raw`, whose lines end with CRLF.
    pub(super) fn index(raw: &[u8], limits: &Limits) -> Result<Self, ComposeError> {
        let mut fields: Vec<Field> = Vec::new();
        let (mut at, mut line) = (0, 1);
        loop {
            if at == raw.len() {
                return Ok(Self {
                    fields,
                    end: at,
                    body: at,
                });
            }
            if at > limits.header_bytes {
                return Err(ComposeError::HeadersTooLarge {
                    limit: limits.header_bytes,
                    unit: "bytes",
                });
            }
            // The lines were checked: each LF has its CR.
            let Some(length) = raw[at..].iter().position(|&b| b == b'\n') else {
                return Err(ComposeError::HeaderSyntax { line });
            };
            let next = at + length + 1;
            let text = raw[at..next].strip_suffix(b"\r\n").unwrap_or_default();
            if text.is_empty() {
                return Ok(Self {
                    fields,
                    end: at,
                    body: next,
                });
            }
            if matches!(text[0], b' ' | b'\t') {
                let blank = text.iter().all(|b| matches!(b, b' ' | b'\t'));
                match fields.last_mut() {
                    Some(last) if !blank => last.whole.end = next,
                    _ => return Err(ComposeError::HeaderSyntax { line }),
                }
            } else {
                let colon = text.iter().position(|&b| b == b':').unwrap_or(0);
                if !guard::is_field_name(&text[..colon]) {
                    return Err(ComposeError::HeaderSyntax { line });
                }
                if fields.len() == limits.header_fields {
                    return Err(ComposeError::HeadersTooLarge {
                        limit: limits.header_fields,
                        unit: "fields",
                    });
                }
                fields.push(Field {
                    whole: at..next,
                    name: at..at + colon,
                });
            }
            at = next;
            line += 1;
        }
    }

    /// Raw 8-bit text must be UTF-8 (RFC 6532). Tells whether there is any.
    /// The block begins at `start` of `message`.
    pub(super) fn check_utf8(&self, message: &[u8], start: usize) -> Result<bool, ComposeError> {
        match std::str::from_utf8(&message[start..start + self.end]) {
            Ok(text) => Ok(!text.is_ascii()),
            Err(e) => {
                let before = &message[..start + e.valid_up_to()];
                let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
                Err(ComposeError::Raw8BitHeader { line })
            }
        }
    }

    /// The fields of this name, case-insensitively.
    pub(super) fn named<'a>(
        &'a self,
        raw: &'a [u8],
        name: &'a str,
    ) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |f| f.is(raw, name))
    }

    /// The value of the first field of this name, unfolded.
    pub(super) fn value(&self, raw: &[u8], name: &str) -> Option<String> {
        self.named(raw, name).next().map(|f| f.value(raw))
    }
}

impl Field {
    pub(super) fn is(&self, raw: &[u8], name: &str) -> bool {
        raw[self.name.clone()].eq_ignore_ascii_case(name.as_bytes())
    }

    pub(super) fn name<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        &raw[self.name.clone()]
    }

    /// The value on one line, outer blanks removed, encoded words as they are.
    pub(super) fn value(&self, raw: &[u8]) -> String {
        let bytes = raw[self.name.end + 1..self.whole.end].trim_ascii();
        let mut value = String::from_utf8_lossy(bytes).into_owned();
        if value.contains('\r') {
            value = value.replace("\r\n", "");
        }
        match value.trim() {
            trimmed if trimmed.len() < value.len() => trimmed.to_owned(),
            _ => value,
        }
    }
}

/// Unstructured text with its encoded words (RFC 2047) decoded. Control
/// characters that were hidden in them become blanks.
pub(super) fn decode(value: &str) -> String {
    if !value.contains("=?") {
        return value.to_owned();
    }
    parsed(&joined(value, &stretches(value)))
}

/// The same by the parser, which decodes each word by itself.
fn parsed(value: &str) -> String {
    let line = format!("Subject: {value}\r\n\r\n");
    static PARSER: LazyLock<MessageParser> =
        LazyLock::new(|| MessageParser::new().header_text(HeaderName::Subject));
    PARSER
        .parse_headers(line.as_bytes())
        .and_then(|m| m.subject().map(str::to_owned))
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Whether an encoded word is in a charset or encoding that [`decode`] does
/// not know, or has bytes that are nothing in its charset: it may hide anything.
pub(super) fn hides(value: &str) -> bool {
    if !value.contains("=?") {
        return false;
    }
    let mut words = value.split("=?").skip(1);
    let unknown = words.any(|word| {
        let mut pieces = word.splitn(3, '?');
        let charset = pieces.next().unwrap_or_default();
        let (Some(encoding), Some(_)) = (pieces.next(), pieces.next()) else {
            return false; // no encoded word, shown as it is
        };
        !knows(without_language(charset)) || !matches!(encoding, "b" | "B" | "q" | "Q")
    });
    unknown
        || stretches(value).iter().any(|stretch| match stretch {
            // What the parser makes of words that are not written as they should be.
            Stretch::Between(text) => text.contains("=?") && !lost(text) && lost(&parsed(text)),
            Stretch::Words { charset, bytes, .. } => is_damaged(charset, bytes),
        })
}

/// Whether bytes are nothing in their charset. They may say themselves that
/// something was lost before.
pub(super) fn is_damaged(charset: &str, bytes: &[u8]) -> bool {
    match is_utf8(charset) {
        true => std::str::from_utf8(bytes).is_err(),
        false => super::decode_charset(charset, bytes).is_some_and(|text| lost(&text)),
    }
}

/// A stretch of a value.
enum Stretch<'a> {
    /// Encoded words of one charset in a row, some of whose letters may be cut
    /// between them: what they are together, and whether there are several.
    Words {
        charset: &'a str,
        bytes: Vec<u8>,
        whole: Range<usize>,
        several: bool,
    },
    /// All else.
    Between(&'a str),
}

fn stretches(value: &str) -> Vec<Stretch<'_>> {
    let mut out = Vec::new();
    let (mut done, mut from) = (0, 0);
    while let Some(found) = value.get(from..).and_then(|rest| rest.find("=?")) {
        let start = from + found;
        let rest = value.get(start..).unwrap_or_default();
        let Some((charset, word, length)) = encoded_word(rest) else {
            from = start + 2;
            continue;
        };
        let between = value.get(done..start).unwrap_or_default();
        (done, from) = (start + length, start + length);
        match out.last_mut() {
            Some(Stretch::Words {
                charset: before,
                bytes,
                whole,
                several,
            }) if between.trim_matches([' ', '\t']).is_empty()
                && without_language(charset).eq_ignore_ascii_case(before)
                && !has_states(charset) =>
            {
                bytes.extend_from_slice(&word);
                (whole.end, *several) = (done, true);
            }
            _ => {
                if !between.is_empty() {
                    out.push(Stretch::Between(between));
                }
                out.push(Stretch::Words {
                    charset: without_language(charset),
                    bytes: word,
                    whole: start..done,
                    several: false,
                });
            }
        }
    }
    match value.get(done..) {
        None | Some("") => {}
        Some(rest) => out.push(Stretch::Between(rest)),
    }
    out
}

/// The encoded word that a text begins with, where it is written as it should
/// be: its charset, its bytes, its length.
fn encoded_word(text: &str) -> Option<(&str, Vec<u8>, usize)> {
    let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (word, rest) = rest.split_once('?')?;
    let rest = rest.strip_prefix('=')?;
    let graphic = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    if charset.len() < 2 || !graphic(charset) || !graphic(word) {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => BASE64.decode(word.as_bytes()).ok()?,
        "q" | "Q" => {
            let mut bytes = Vec::with_capacity(word.len());
            let mut pieces = word.split('=');
            let plain = |b: u8| if b == b'_' { b' ' } else { b };
            bytes.extend(pieces.next()?.bytes().map(plain));
            for piece in pieces {
                let (digits, behind) = piece.split_at_checked(2)?;
                let digits = digits.to_ascii_uppercase();
                bytes.extend(HEXUPPER.decode(digits.as_bytes()).ok()?);
                bytes.extend(behind.bytes().map(plain));
            }
            bytes
        }
        _ => return None,
    };
    Some((charset, bytes, text.len() - rest.len()))
}

/// The value with words in a row as one.
fn joined(value: &str, stretches: &[Stretch<'_>]) -> String {
    let mut out = String::with_capacity(value.len());
    for stretch in stretches {
        match stretch {
            Stretch::Between(text) => out.push_str(text),
            Stretch::Words {
                charset,
                bytes,
                whole,
                several,
            } => {
                let asks = *several || has_states(charset);
                match asks
                    .then(|| super::decode_charset(charset, bytes))
                    .flatten()
                {
                    Some(text) => {
                        let text = BASE64.encode(text.as_bytes());
                        out.push_str(&format!("=?utf-8?B?{text}?="));
                    }
                    None => out.push_str(value.get(whole.clone()).unwrap_or_default()),
                }
            }
        }
    }
    out
}

/// Whether what bytes of a charset mean hangs on those before: each word begins
/// anew, and no letter of it is cut.
fn has_states(charset: &str) -> bool {
    let start = charset.as_bytes().get(..8);
    start.is_some_and(|start| start.eq_ignore_ascii_case(b"iso-2022"))
}

/// The charset of an encoded word without the language that may stand behind.
fn without_language(charset: &str) -> &str {
    charset.split('*').next().unwrap_or_default()
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

pub(super) fn knows(charset: &str) -> bool {
    is_utf8(charset) || super::decoder(&charset.to_ascii_lowercase()).is_some()
}

/// Whether a text has the character that stands for what is nothing in its charset.
pub(super) fn lost(text: &str) -> bool {
    text.contains(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_with_their_folds() {
        let raw = b"A: 1\r\nB: 2\r\n 3\r\n\r\nbody";
        let head = Head::index(raw, &Limits::default()).unwrap();
        assert_eq!(head.value(raw, "b").as_deref(), Some("2 3"));
        assert_eq!(&raw[head.body..], b"body");
    }

    #[test]
    fn what_is_no_field_is_refused_with_its_line() {
        for (raw, line) in [
            (&b" a: 1\r\n\r\n"[..], 1),
            (b"A: 1\r\n \r\nB: 2\r\n\r\n", 2),
            (b"A: 1\r\nno colon\r\n\r\n", 2),
            (b"A : 1\r\n\r\n", 1),
            (b": 1\r\n\r\n", 1),
            (b"From pat@x.example Mon\r\n\r\n", 1),
            (b"A: 1", 1),
        ] {
            let error = Head::index(raw, &Limits::default()).map(|_| ());
            assert_eq!(error, Err(ComposeError::HeaderSyntax { line }), "{raw:?}");
        }
    }

    #[test]
    fn encoded_words_are_decoded_and_cannot_hide_a_line() {
        assert_eq!(decode("=?utf-8?Q?caf=C3=A9?="), "café");
        assert_eq!(decode("=?utf-8?Q?a=0D=0ABcc:_x?="), "a  Bcc: x");
        assert_eq!(decode("plain"), "plain");
    }

    #[test]
    fn a_letter_that_is_cut_between_two_words_is_whole() {
        for (value, text) in [
            (
                "=?utf-8?B?w4Q=?= =?UTF-8?Q?rzte=C3?=\t=?utf-8?q?=A4?= x",
                "Ärzteä x",
            ),
            (
                "a =?utf-8?Q?=C3?= =?utf-8?Q?=A4?= =?iso-8859-1?Q?=E4?=",
                "a ää",
            ),
            ("=?gb2312?B?1g==?= =?gb2312*zh?B?0A==?=", "中"),
            // Each begins anew, and may end twice.
            (
                "=?iso-2022-jp?B?GyRCQ2sbKEIbKEI=?= =?iso-2022-jp?B?GyRCQ2sbKEI=?=",
                "昼昼",
            ),
            // It says itself that something was lost.
            ("=?utf-8?B?Q2Fm77+9?=", "Caf\u{fffd}"),
            ("=?utf-8?B?Q2Fm77+9?= =?utf-8?Q?!?=", "Caf\u{fffd}!"),
            ("=?utf-8?Q?a?= b =?utf-8?Q?c?= =?x", "a b c =?x"),
        ] {
            assert_eq!(decode(value), text, "{value}");
            assert!(!hides(value), "{value}");
        }
        for value in [
            "=?utf-8?Q?=C3?= =?utf-8?Q?a?=",
            "=?utf-8?Q?=C3?= b =?utf-8?Q?=A4?=",
            "=?utf-8?Q?=C3?= =?iso-8859-1?Q?=A4?=",
            "=?utf-8?Q?=CF=E0 x?=",
            "=?utf-8?B?w6Q=?= =?utf-7?Q?a?=",
        ] {
            assert!(hides(value), "{value}");
        }
    }
}
