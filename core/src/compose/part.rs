//! A part of a message as a scanner reads it: decoded, one at a time.

use std::borrow::Cow;
use std::fmt;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use memchr::{memchr, memchr2, memchr3};

use super::Side;
use super::mime::{Encoding, Item, Source};
use crate::base::{Part, Phi};

/// What a part holds, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartContent {
    /// Text, its charset decoded, its line ends as LF.
    Text(Phi<String>),
    /// Anything else, its transfer encoding decoded.
    Binary(Phi<Vec<u8>>),
    /// It could not be read; the code says why: `malformed`,
    /// `unknown_charset`, `unsupported_encoding`, `unsupported_type`.
    Unreadable(&'static str),
}

/// One part of a message as a scanner reads it.
#[derive(Clone)]
pub struct ScanPart<'a> {
    raw: &'a [u8],
    item: &'a Item,
}

impl<'a> ScanPart<'a> {
    pub(super) fn new(raw: &'a [u8], item: &'a Item) -> Self {
        Self { raw, item }
    }

    /// Which part it is.
    pub fn part(&self) -> Part {
        self.item.part
    }

    /// Its media type in lower case, without parameters. Headers and file
    /// names are `text/plain`.
    pub fn media_type(&self) -> &str {
        &self.item.media_type
    }

    /// Whose names they are, where it is what address fields say beside
    /// addresses.
    pub(crate) fn side(&self) -> Option<Side> {
        self.item.side
    }

    /// Whether a reader joins its lines without a blank, where they end in one
    /// (RFC 3676, `delsp`).
    pub(crate) fn joins_lines(&self) -> bool {
        self.item.joins_lines
    }

    /// The most bytes that its content may have, of text in UTF-8.
    pub(crate) fn size_at_most(&self) -> usize {
        match &self.item.source {
            Source::Value(PartContent::Text(text)) => text.expose().len(),
            Source::Value(_) | Source::Unreadable(_) => 0,
            // A byte of another charset may become three.
            Source::Raw(range) | Source::Leaf { body: range, .. } => range.len() * 3,
        }
    }

    /// Its content, where that is decoded already.
    pub(crate) fn decoded(&self) -> Option<&'a PartContent> {
        match &self.item.source {
            Source::Value(content) => Some(content),
            _ => None,
        }
    }

    /// Why its text, which [`content`](Self::content) gave, may not be what was
    /// written: `malformed` where some bytes are nothing in its charset, and are more
    /// than a few of another one in UTF-8, `unknown_charset` where it was taken for
    /// Windows-1252 for want of one, and is hardly of that, or where it goes over to
    /// letters of two bytes that its charset does not have (ISO/IEC 2022).
    pub(crate) fn misread(&self, text: &str) -> Option<&'static str> {
        if text.contains("\u{1b}$") {
            return Some("unknown_charset");
        }
        if text.is_ascii() {
            return None;
        }
        let (bytes, says_utf8) = match &self.item.source {
            Source::Raw(range) => (Some(Cow::Borrowed(&self.raw[range.clone()])), false),
            Source::Leaf {
                body,
                encoding,
                charset,
            } => {
                let charset = charset.as_deref();
                let damaged = text.contains(char::REPLACEMENT_CHARACTER);
                if !is_utf8(charset) {
                    return damaged.then_some("malformed");
                }
                let asks = damaged || !says_utf8(charset);
                let bytes = asks.then(|| decoded(&self.raw[body.clone()], *encoding));
                (bytes.flatten(), says_utf8(charset))
            }
            _ => return None,
        };
        let bytes = bytes?;
        let why = match &*bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => text
                .contains(char::REPLACEMENT_CHARACTER)
                .then_some("malformed"),
            // It may say itself that something was lost before.
            bytes if std::str::from_utf8(bytes).is_ok() => None,
            // A few letters of Windows-1252 that somebody pasted in.
            bytes if says_utf8 => {
                let mut rest = Vec::with_capacity(bytes.len());
                for chunk in bytes.utf8_chunks() {
                    rest.extend(chunk.valid().bytes().filter(u8::is_ascii));
                    rest.extend_from_slice(chunk.invalid());
                }
                let rest = Phi::new(rest);
                (!super::may_be_western(rest.expose())).then_some("malformed")
            }
            bytes => (!super::may_be_western(bytes)).then_some("unknown_charset"),
        };
        if let Cow::Owned(bytes) = bytes {
            // Wiped.
            drop(Phi::new(bytes));
        }
        why
    }

    /// Decodes it.
    pub fn content(&self) -> PartContent {
        match &self.item.source {
            Source::Value(content) => content.clone(),
            Source::Raw(range) => text_of(Cow::Borrowed(&self.raw[range.clone()]), None),
            Source::Unreadable(why) => PartContent::Unreadable(why),
            Source::Leaf {
                body,
                encoding,
                charset,
            } => {
                let body = &self.raw[body.clone()];
                let is_text = self.item.media_type.starts_with("text/");
                if is_text
                    && *encoding == Encoding::QuotedPrintable
                    && is_utf8(charset.as_deref())
                    && let Some(bytes) = quoted_printable_text(body)
                {
                    return text_of(Cow::Owned(bytes), charset.as_deref());
                }
                match decoded(body, *encoding) {
                    None => PartContent::Unreadable("malformed"),
                    Some(bytes) if is_text => text_of(bytes, charset.as_deref()),
                    Some(bytes) => PartContent::Binary(Phi::new(bytes.into_owned())),
                }
            }
        }
    }
}

impl fmt::Debug for ScanPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanPart")
            .field("part", &self.item.part)
            .finish_non_exhaustive()
    }
}

/// A body with its transfer encoding undone; `None` where it cannot be.
pub(super) fn decoded(body: &[u8], encoding: Encoding) -> Option<Cow<'_, [u8]>> {
    match encoding {
        Encoding::Identity => Some(Cow::Borrowed(body)),
        // The decoder stops at 0xFF; what follows would go unread.
        Encoding::Base64 if body.is_ascii() => base64_decode(body).map(Cow::Owned),
        Encoding::Base64 => None,
        Encoding::QuotedPrintable => quoted_printable(body).map(Cow::Owned),
    }
}

/// Quoted-printable undone. What no program writes is left to the parser's own
/// decoder, which is slower and gives the same.
fn quoted_printable(body: &[u8]) -> Option<Vec<u8>> {
    usual_quoted_printable(body, LineEnds::OfMail).or_else(|| quoted_printable_decode(body))
}

/// The same of text in UTF-8, with every line end as LF already. `None` where
/// the long way may make something else of it: an encoded CR may be half of a
/// line's end, and with a mark it is UTF-16.
fn quoted_printable_text(body: &[u8]) -> Option<Vec<u8>> {
    usual_quoted_printable(body, LineEnds::Lf)
        .filter(|text| !matches!(**text, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]))
}

/// How line ends that are not encoded are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    /// As in the body.
    OfMail,
    /// As LF, where no encoded one is a CR.
    Lf,
}

/// Quoted-printable undone where `=` starts two hexadecimal digits or ends a
/// line, and every CR belongs to a CRLF.
fn usual_quoted_printable(body: &[u8], ends: LineEnds) -> Option<Vec<u8>> {
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut out = Vec::with_capacity(body.len());
    let mut line_end: &[u8] = b"\n";
    // Blanks before a line's end fall away, but none before this place.
    let mut keep = 0;
    let mut rest = body;
    while let Some(at) = memchr3(b'=', b'\r', b'\n', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        match rest {
            [b'=', b'\r', b'\n', ..] | [b'=', b'\n', ..] => {
                if rest[1] == b'\r' && ends == LineEnds::OfMail {
                    line_end = b"\r\n";
                }
                rest = &rest[if rest[1] == b'\r' { 3 } else { 2 }..];
            }
            [b'=', high, low, ..] => {
                let byte = digit(*high)? << 4 | digit(*low)?;
                if byte == b'\r' && ends == LineEnds::Lf {
                    return None;
                }
                out.push(byte);
                rest = &rest[3..];
            }
            [b'\r', b'\n', ..] | [b'\n', ..] => {
                let crlf = rest[0] == b'\r';
                if crlf && ends == LineEnds::OfMail {
                    line_end = b"\r\n";
                }
                while out.len() > keep && out.last().is_some_and(u8::is_ascii_whitespace) {
                    out.pop();
                }
                match line_end {
                    b"\n" => out.push(b'\n'),
                    ends => out.extend_from_slice(ends),
                }
                rest = &rest[1 + usize::from(crlf)..];
            }
            _ => return None,
        }
        keep = out.len();
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// Text out of bytes, which become it where they are UTF-8 and owned.
pub(super) fn text_of(bytes: Cow<'_, [u8]>, charset: Option<&str>) -> PartContent {
    let text = match (charset, &*bytes) {
        // One reader goes by the mark, another by the charset.
        (_, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) if super::mixes_widths(&bytes) => None,
        (_, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) => {
            charset_decoder(b"utf-16").map(|decode| decode(&bytes))
        }
        (charset, _) if is_utf8(charset) => {
            let text = String::from_utf8(bytes.into_owned());
            Some(text.unwrap_or_else(|e| {
                let bytes = Phi::new(e.into_bytes());
                // Without a charset other bytes are CP1252 to most readers: the
                // blank that does not break, dashes and quotes stand between
                // words.
                let western = charset_decoder(b"windows-1252").filter(|_| !says_utf8(charset));
                match western {
                    Some(decode) => decode(bytes.expose()),
                    None => String::from_utf8_lossy(bytes.expose()).into_owned(),
                }
            }))
        }
        (charset, _) => {
            let decoder = charset.and_then(super::decoder);
            decoder.map(|decode| decode(&bytes))
        }
    };
    match text {
        None => PartContent::Unreadable("unknown_charset"),
        // Most texts are done: one look for both.
        Some(text) if memchr2(0, b'\r', text.as_bytes()).is_none() => {
            PartContent::Text(Phi::new(text))
        }
        Some(text) if memchr(0, text.as_bytes()).is_some() => PartContent::Unreadable("malformed"),
        Some(text) => PartContent::Text(Phi::new(to_lf(text))),
    }
}

/// Whether a text is read as UTF-8. ASCII declared and UTF-8 meant is common;
/// the decoder takes CP1252.
fn is_utf8(charset: Option<&str>) -> bool {
    matches!(
        charset,
        None | Some("us-ascii" | "ascii" | "utf-8" | "utf8")
    )
}

fn says_utf8(charset: Option<&str>) -> bool {
    matches!(charset, Some("utf-8" | "utf8"))
}

/// Every line end as LF, in the text's own place.
fn to_lf(text: String) -> String {
    let Some(first) = memchr(b'\r', text.as_bytes()) else {
        return text;
    };
    let mut bytes = text.into_bytes();
    let length = bytes.len();
    let (mut to, mut from) = (first, first);
    while from < length {
        let rest = bytes.get(from..).unwrap_or_default();
        let line = memchr(b'\r', rest).unwrap_or(rest.len());
        bytes.copy_within(from..from + line, to);
        (to, from) = (to + line, from + line);
        if from < length {
            if let Some(end) = bytes.get_mut(to) {
                *end = b'\n';
            }
            to += 1;
            from += 1 + usize::from(bytes.get(from + 1) == Some(&b'\n'));
        }
    }
    bytes.truncate(to);
    // Only ASCII was taken out: it is UTF-8 still.
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_charset_tells_is_read_as_most_readers_do() {
        let text = |bytes: &[u8], charset: Option<&str>| match text_of(bytes.into(), charset) {
            PartContent::Text(text) => text.expose().clone(),
            PartContent::Unreadable(why) => why.to_owned(),
            PartContent::Binary(_) => "binary".to_owned(),
        };
        let western = b"Maria\xa0Alvarez \x96 HIV";
        for charset in [None, Some("us-ascii"), Some("ascii")] {
            assert_eq!(text(western, charset), "Maria\u{a0}Alvarez \u{2013} HIV");
            assert_eq!(text("Zoë\u{a0}O".as_bytes(), charset), "Zoë\u{a0}O");
        }
        let damaged = text(western, Some("utf-8"));
        assert_eq!(damaged, "Maria\u{fffd}Alvarez \u{fffd} HIV");
        for wide in [
            "utf-16le",
            "utf-32",
            "ucs-2",
            "unicode",
            "iso-10646-ucs-2",
            "csunicode",
        ] {
            assert_eq!(
                text(b"Maria Alvarez", Some(wide)),
                "unknown_charset",
                "{wide}"
            );
        }
    }

    #[test]
    fn line_ends_become_lf_in_the_place_of_the_text() {
        for (given, expected) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\rb\r\r\nc", "a\nb\n\nc"),
            ("é\r\r", "é\n\n"),
            ("\n\r\n", "\n\n"),
            ("", ""),
        ] {
            let text = given.to_owned();
            let at = text.as_ptr();
            let text = to_lf(text);
            assert_eq!(text, expected);
            assert_eq!(text.as_ptr(), at);
        }
    }

    /// Strings of pieces that mean something in quoted-printable, all of up to
    /// five pieces.
    #[test]
    fn usual_quoted_printable_is_what_the_parser_makes_of_it() {
        let pieces = [
            "a", " ", "\t", "=3D", "=e9", "=0A", "=20", "=", "=\r\n", "\n", "\r\n", "\r", "4",
        ];
        let (mut compared, mut left) = (0, 0);
        for n in 0..pieces.len().pow(5) {
            let pick = |k: u32| pieces[n / pieces.len().pow(k) % pieces.len()];
            let text: String = (0..5).map(pick).collect();
            let wanted = quoted_printable_decode(text.as_bytes());
            match usual_quoted_printable(text.as_bytes(), LineEnds::OfMail) {
                Some(found) => {
                    assert_eq!(Some(found), wanted, "{text:?}");
                    compared += 1;
                }
                None => left += 1,
            }
            assert_eq!(quoted_printable(text.as_bytes()), wanted, "{text:?}");
        }
        assert!(compared > 50_000 && left > 50_000);
    }

    /// The same with what makes a difference to line ends and charsets.
    #[test]
    fn text_out_of_quoted_printable_is_that_of_the_long_way() {
        let pieces = [
            "a", " ", "=0D", "=0A", "=C3", "=A9", "=FF=FE", "=00", "=\r\n", "\n", "\r\n", "=20",
        ];
        let (mut compared, mut left) = (0, 0);
        for n in 0..pieces.len().pow(5) {
            let pick = |k: u32| pieces[n / pieces.len().pow(k) % pieces.len()];
            let body: String = (0..5).map(pick).collect();
            let Some(text) = quoted_printable_text(body.as_bytes()) else {
                left += 1;
                continue;
            };
            let bytes = quoted_printable_decode(body.as_bytes()).unwrap();
            let wanted = text_of(Cow::Owned(bytes), None);
            assert_eq!(text_of(Cow::Owned(text), None), wanted, "{body:?}");
            compared += 1;
        }
        assert!(compared > 100_000 && left > 50_000, "{compared} {left}");
    }

    #[test]
    fn every_line_end_is_lf() {
        for text in [
            "",
            "a",
            "\r",
            "a\r\nb\rc\nd\r\r\n\r",
            "\r\n\r\n",
            "é\r\n–\r",
        ] {
            let wanted = text.replace("\r\n", "\n").replace('\r', "\n");
            assert_eq!(to_lf(text.to_owned()), wanted, "{text:?}");
        }
    }
}
