//! Lines of iCalendar and vCard that go over several (RFC 5545 section 3.1,
//! RFC 6350 section 3.2, and vCard 2.1 before them), and what stands in them
//! otherwise than it is read.

use std::ops::Range;

use memchr::{memchr_iter, memchr2};

use super::escapes::{MAX_WRITTEN, character};
use crate::dlp::view::Written;

/// The encoding that the parameters of a property name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dlp) enum Encoding {
    Plain,
    QuotedPrintable,
    Base64,
}

/// Where the line at `at` ends, and where the next starts.
fn physical(bytes: &[u8], at: usize) -> (usize, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(length) = memchr2(b'\r', b'\n', rest) else {
        return (bytes.len(), bytes.len() + 1);
    };
    let end = at + length;
    let pair = bytes.get(end..end + 2) == Some(b"\r\n");
    (end, end + 1 + usize::from(pair))
}

/// The line at `at` with those that continue it, and where the next starts.
/// What of it only folds the line is told to `fold`.
pub(super) fn line(
    text: &str,
    at: usize,
    fold: &mut dyn FnMut(Range<usize>),
) -> (Range<usize>, usize) {
    let bytes = text.as_bytes();
    let (mut end, mut next) = physical(bytes, at);
    let mut headed = memchr_iter(b':', &bytes[at..end]).next().is_some();
    let mut encoding = match headed {
        true => encoding(text, at..end),
        false => Encoding::Plain,
    };
    while next < bytes.len() {
        let soft = encoding == Encoding::QuotedPrintable && bytes[at..end].ends_with(b"=");
        let (behind, after) = physical(bytes, next);
        let more = &bytes[next..behind];
        if soft {
            fold(end - 1..next);
        } else if matches!(more.first(), Some(b' ' | b'\t')) {
            fold(end..next + 1);
        } else if encoding == Encoding::Base64 && is_more(more) {
            // Some programs do not indent it.
            fold(end..next);
        } else {
            break;
        }
        (end, next) = (behind, after);
        // The parameters may be folded too.
        if !headed && more.contains(&b':') {
            headed = true;
            encoding = self::encoding(text, at..end);
        }
    }
    (at..end, next)
}

/// Whether a line is no property and not the empty one that ends base64.
fn is_more(line: &[u8]) -> bool {
    !line.is_empty() && !line.contains(&b':')
}

/// The encoding of the value of a line, by what stands before its colon.
pub(in crate::dlp) fn encoding(text: &str, line: Range<usize>) -> Encoding {
    const LONGEST: usize = 1024;
    let line = text.as_bytes().get(line).unwrap_or_default();
    let head = line.get(..LONGEST).unwrap_or(line);
    let colon = memchr_iter(b':', head).next().unwrap_or(head.len());
    let head = String::from_utf8_lossy(&head[..colon]);
    let head: String = head.split_ascii_whitespace().collect();
    let head = head.to_ascii_uppercase();
    let mut parameters = head.split(';').skip(1);
    let named = |parameter: &str| {
        let value = parameter.strip_prefix("ENCODING=").unwrap_or(parameter);
        match value.trim_matches('"') {
            "QUOTED-PRINTABLE" => Some(Encoding::QuotedPrintable),
            "BASE64" => Some(Encoding::Base64),
            "B" if parameter != "B" => Some(Encoding::Base64),
            _ => None,
        }
    };
    parameters.find_map(named).unwrap_or(Encoding::Plain)
}

/// What of a calendar or card is written otherwise than it is read.
#[derive(Default)]
pub(super) struct Folds {
    pub(super) written: Vec<Written>,
    /// Why some of it cannot be read.
    pub(super) unread: Option<&'static str>,
    /// Components that are open.
    open: usize,
    /// Whether the card is of a version that folds lines where blanks stand.
    old: bool,
}

impl Folds {
    /// Takes in a line, whose name and value are these, with its folds.
    pub(super) fn line(&mut self, text: &str, line: Range<usize>, folds: Vec<Range<usize>>) {
        let shown = text.get(line.clone()).unwrap_or_default();
        let upper = shown.get(..16).unwrap_or(shown).trim().to_ascii_uppercase();
        if upper.starts_with("BEGIN:V") {
            self.open += 1;
            self.old = false;
        } else if upper.starts_with("END:V") {
            self.open = self.open.saturating_sub(1);
        }
        self.old |= upper == "VERSION:2.1" || upper == "VERSION:1.0";
        if self.open == 0 || self.written.len() > MAX_WRITTEN {
            return;
        }
        let encoding = encoding(text, line.clone());
        let mut at = line.start;
        for fold in folds {
            self.stretch(text, at..fold.start, encoding);
            at = fold.end;
            let reads = self.old && encoding == Encoding::Plain && !is_number(text, &fold);
            self.written.push(Written::new(fold, reads.then_some(' ')));
        }
        self.stretch(text, at..line.end, encoding);
        if encoding == Encoding::QuotedPrintable && !is_known(shown) {
            self.unread = Some("unknown_charset");
        }
    }

    /// What a stretch of a line escapes.
    fn stretch(&mut self, text: &str, range: Range<usize>, encoding: Encoding) {
        let bytes = text.as_bytes().get(..range.end).unwrap_or_default();
        let mut at = range.start;
        while let Some(length) = bytes.get(at..).and_then(|rest| memchr2(b'\\', b'=', rest)) {
            // One more than is kept tells that there are too many.
            if self.written.len() > MAX_WRITTEN {
                return;
            }
            at += length;
            let next = bytes.get(at + 1).copied().unwrap_or_default();
            if bytes[at] == b'\\' {
                let reads = match next {
                    b'n' | b'N' => Some('\n'),
                    b',' | b';' | b':' | b'\\' | b'"' => Some(char::from(next)),
                    _ => None,
                };
                if reads.is_some() {
                    self.written.push(Written::new(at..at + 2, reads));
                    at += 1;
                }
                at += 1;
                continue;
            }
            let byte = |at: usize| {
                let pair = bytes.get(at..at + 3)?.strip_prefix(b"=")?;
                let high = char::from(pair[0]).to_digit(16)?;
                let low = char::from(pair[1]).to_digit(16)?;
                u8::try_from(high << 4 | low).ok()
            };
            match byte(at) {
                Some(first) if encoding == Encoding::QuotedPrintable => {
                    let more = (1..4).map_while(|n| byte(at + 3 * n));
                    let (c, length) = character(first, more);
                    let end = at + 3 * length;
                    self.written.push(Written::new(at..end, Some(c)));
                    at = end;
                }
                _ => at += 1,
            }
        }
    }
}

/// Whether a fold cuts a number.
fn is_number(text: &str, fold: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let figure = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_digit() || *b == b'-');
    figure(fold.start.checked_sub(1).and_then(|n| bytes.get(n))) && figure(bytes.get(fold.end))
}

/// Whether the charset that a line names is one whose bytes can be told.
fn is_known(line: &str) -> bool {
    let head = line.split(':').next().unwrap_or_default();
    let head = head.to_ascii_uppercase();
    let Some((_, charset)) = head.split_once("CHARSET=") else {
        return true;
    };
    let charset = charset.split(';').next().unwrap_or_default();
    let known = [
        "UTF-8",
        "UTF8",
        "US-ASCII",
        "ISO-8859-1",
        "ISO-8859-15",
        "WINDOWS-1252",
    ];
    known.contains(&charset.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::view::as_read;

    fn read(card: &str) -> (String, Option<&'static str>) {
        let mut folds = Folds::default();
        let mut at = 0;
        while at < card.len() {
            let mut of_line = Vec::new();
            let (range, next) = line(card, at, &mut |fold| of_line.push(fold));
            folds.line(card, range, of_line);
            at = next;
        }
        (as_read(card, 0..card.len(), &folds.written), folds.unread)
    }

    #[test]
    fn lines_are_read_as_one() {
        for (card, wanted) in [
            ("A:28\r\n 1-15\r\n\t-98\n 04\r\nB:x", "A:281-15-9804\r\nB:x"),
            (r"A:a\, b\; c\\n\nd\N", "A:a, b; c\\n\nd\n"),
            (
                "N;ENCODING=QUOTED-PRINTABLE:28=\r\n1=2D15=\r\n=2D98=C3=A9=e9\r\nB:=41",
                "N;ENCODING=QUOTED-PRINTABLE:281-15-98éé\r\nB:=41",
            ),
            (
                "N;ENCOD\n ING=quoted-printable:=41=\nB",
                "N;ENCODING=quoted-printable:AB",
            ),
            (
                "P;ENCODING=BASE64;TYPE=X:AAAA\r\nBBBB\r\n CC==\r\n\r\nB:x",
                "P;ENCODING=BASE64;TYPE=X:AAAABBBBCC==\r\n\r\nB:x",
            ),
            (
                "VERSION:2.1\r\nA:Ana\r\n Ruiz 28\r\n 1",
                "VERSION:2.1\r\nA:Ana Ruiz 281",
            ),
        ] {
            let card = format!("BEGIN:VCARD\n{card}\nEND:VCARD\n");
            let wanted = format!("BEGIN:VCARD\n{wanted}\nEND:VCARD\n");
            assert_eq!(read(&card), (wanted, None), "{card}");
        }
        let prose = "So:\n  indented\\, it is\n";
        assert_eq!(read(prose).0, prose);
    }

    #[test]
    fn a_charset_that_is_not_known_is_told() {
        let card = "BEGIN:VCARD\nN;CHARSET=UTF-7;ENCODING=QUOTED-PRINTABLE:=41\nEND:VCARD\n";
        assert_eq!(read(card).1, Some("unknown_charset"));
        assert_eq!(read(&card.replace("UTF-7", "utf-8")).1, None);
    }

    #[test]
    fn a_line_of_escapes_is_bounded() {
        let card = format!("BEGIN:VCARD\nNOTE:{}\n", "\\,".repeat(MAX_WRITTEN + 9));
        let mut folds = Folds::default();
        folds.line(&card, 0..11, Vec::new());
        folds.line(&card, 12..card.len() - 1, Vec::new());
        assert_eq!(folds.written.len(), MAX_WRITTEN + 1);
    }
}
