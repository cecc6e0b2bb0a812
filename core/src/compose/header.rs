//! The header block: where each field stands, and what it says decoded.

use std::ops::Range;
use std::sync::LazyLock;

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
    let mut words = value.split("=?").skip(1);
    let unknown = words.any(|word| {
        let mut pieces = word.splitn(3, '?');
        let charset = pieces.next().unwrap_or_default();
        let charset = charset.split('*').next().unwrap_or_default();
        let (Some(encoding), Some(_)) = (pieces.next(), pieces.next()) else {
            return false; // no encoded word, shown as it is
        };
        !knows(charset) || !matches!(encoding, "b" | "B" | "q" | "Q")
    });
    unknown || !lost(value) && lost(&decode(value))
}

/// Whether a parameter names a charset (RFC 2231) that is not known.
pub(super) fn hides_parameter(value: &str) -> bool {
    value.split("*=").skip(1).any(|parameter| {
        let parameter = parameter.split(';').next().unwrap_or_default();
        let mut pieces = parameter.splitn(3, '\'');
        let charset = pieces.next().unwrap_or_default();
        let charset = charset.trim_matches([' ', '\t', '"']);
        pieces.nth(1).is_some() && !charset.is_empty() && !knows(charset)
    })
}

fn knows(charset: &str) -> bool {
    let charset = charset.to_ascii_lowercase();
    matches!(charset.as_str(), "utf-8" | "utf8") || super::decoder(&charset).is_some()
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
}
