//! Replies (RFC 5321 section 4.2): a strict, bounded, incremental parser.
//!
//! Bytes go in as they come from the network, in any cut; whole replies come
//! out. A reply is one or more lines `code [-|SP] text CRLF` with the same
//! three digits on each; the last has a space, or nothing, after the code.
//! What comes out does not depend on how the bytes were cut.
//!
//! Refused as [`ReplyError`]: anything that is not such a line, a code that
//! changes between the lines of one reply, LF without CR and CR without LF
//! (two parsers that disagree about line ends are how answers are smuggled),
//! NUL, lines over [`MAX_LINE`], replies over [`MAX_LINES`] lines or
//! [`MAX_REPLY`] octets. RFC 5321 section 4.5.3.1.5 sets 512 octets a line;
//! hosts in the field send longer ones, so the limit is four times that.
//! Octets above 127 stand in the text of many hosts: they are kept as UTF-8
//! where they are UTF-8, and replaced where not. The text is for people only.
//!
//! Enhanced status codes are those of RFC 3463 and RFC 2034.
//!
//! ```
//! use mailseal::wire::smtp::reply::ReplyParser;
//! let mut parser = ReplyParser::new();
//! parser.push(b"250-mx.example\r\n250 SI");
//! assert!(parser.next_reply()?.is_none());
//! parser.push(b"ZE 1000\r\n");
//! let reply = parser.next_reply()?.expect("it is complete");
//! assert_eq!((reply.code(), reply.lines().len()), (250, 2));
//! parser.push(b"250-a\r\n550 b\r\n");
//! assert!(parser.next_reply().is_err());
//! # Ok::<(), mailseal::wire::smtp::reply::ReplyError>(())
//! ```

use std::fmt;

use crate::wire::smtp::EnhancedCode;

/// The longest line, with its CRLF.
pub const MAX_LINE: usize = 2048;
/// The most lines of one reply.
pub const MAX_LINES: usize = 100;
/// The most octets of one reply.
pub const MAX_REPLY: usize = 64 * 1024;

/// Why bytes are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line is longer than [`MAX_LINE`].
    #[error("SMTP reply: a line is longer than {MAX_LINE} octets")]
    LineTooLong,
    /// More than [`MAX_LINES`] lines.
    #[error("SMTP reply: more than {MAX_LINES} lines")]
    TooManyLines,
    /// More than [`MAX_REPLY`] octets.
    #[error("SMTP reply: more than {MAX_REPLY} octets")]
    TooLong,
    /// CR without LF or LF without CR.
    #[error("SMTP reply: a line does not end in CRLF")]
    LineEnd,
    /// A NUL octet.
    #[error("SMTP reply: NUL in a line")]
    Nul,
    /// Not three digits from 200 to 599, followed by `-`, a space or the end.
    #[error("SMTP reply: no reply code at the start of a line")]
    Code,
    /// The code changes within a reply.
    #[error("SMTP reply: the code changes between the lines of one reply")]
    CodeChanged,
}

/// A whole reply. `Debug` stars its text, which may repeat an address.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// The three digits.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The text of each line, without the code.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// 2, 3, 4 or 5.
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    /// The enhanced status code at the start of the text (RFC 2034), if there
    /// is one.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        self.lines.first().and_then(|line| parse_enhanced(line))
    }

    /// All lines, joined by a newline.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, ***)", self.code)
    }
}

/// `class.subject.detail`, the class 2, 4 or 5, the others up to three digits
/// (RFC 3463 section 2).
fn parse_enhanced(line: &str) -> Option<EnhancedCode> {
    let word = line.split([' ', '\t']).next()?;
    let mut parts = word.split('.');
    let class = match parts.next()? {
        "2" => 2,
        "4" => 4,
        "5" => 5,
        _ => return None,
    };
    let subject = number(parts.next()?)?;
    let detail = number(parts.next()?)?;
    parts
        .next()
        .is_none()
        .then_some(EnhancedCode(class, subject, detail))
}

fn number(digits: &str) -> Option<u16> {
    ((1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// Makes replies of bytes.
#[derive(Default)]
pub struct ReplyParser {
    buffer: Vec<u8>,
    start: usize,
    code: Option<u16>,
    lines: Vec<String>,
    octets: usize,
    failed: Option<ReplyError>,
}

impl ReplyParser {
    /// A parser at the start of a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what came from the network.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether octets wait that belong to no reply handed out.
    pub fn has_input(&self) -> bool {
        self.start < self.buffer.len() || self.code.is_some() || self.failed.is_some()
    }

    /// The next whole reply, `None` where more octets are needed.
    ///
    /// # Errors
    /// [`ReplyError`]; the parser then stays in error, because nothing after
    /// it can be told apart any more.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.advance();
        if let Err(error) = result {
            self.failed = Some(error);
        }
        result
    }

    fn advance(&mut self) -> Result<Option<Reply>, ReplyError> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            let window = rest.get(..MAX_LINE).unwrap_or(rest);
            let Some(lf) = window.iter().position(|&b| b == b'\n') else {
                if rest.len() >= MAX_LINE {
                    return Err(ReplyError::LineTooLong);
                }
                return Ok(None);
            };
            let (code, last, text) = parse_line(&window[..=lf])?;
            if self.code.is_some_and(|first| first != code) {
                return Err(ReplyError::CodeChanged);
            }
            self.start += lf + 1;
            self.octets += lf + 1;
            if self.octets > MAX_REPLY {
                return Err(ReplyError::TooLong);
            }
            if self.lines.len() == MAX_LINES {
                return Err(ReplyError::TooManyLines);
            }
            self.lines.push(text);
            self.code = Some(code);
            if last {
                self.code = None;
                self.octets = 0;
                let lines = std::mem::take(&mut self.lines);
                return Ok(Some(Reply { code, lines }));
            }
        }
    }
}

impl fmt::Debug for ReplyParser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyParser(***)")
    }
}

/// One line with its LF: the code, whether it is the reply's last, the text.
fn parse_line(line: &[u8]) -> Result<(u16, bool, String), ReplyError> {
    let line = line.strip_suffix(b"\r\n").ok_or(ReplyError::LineEnd)?;
    if line.contains(&0) {
        return Err(ReplyError::Nul);
    }
    if line.contains(&b'\r') {
        return Err(ReplyError::LineEnd);
    }
    let (digits, rest) = line.split_at_checked(3).ok_or(ReplyError::Code)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(b'2'..=b'5').contains(&digits[0]) {
        return Err(ReplyError::Code);
    }
    let code = digits
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    let (last, text) = match rest.split_first() {
        None => (true, &rest[..0]),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return Err(ReplyError::Code),
    };
    let text = String::from_utf8_lossy(text)
        .chars()
        .map(|c| {
            if c.is_control() && c != '\t' {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect();
    Ok((code, last, text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(chunks: &[&[u8]]) -> (Vec<Reply>, Option<ReplyError>) {
        let mut parser = ReplyParser::new();
        let mut replies = Vec::new();
        for chunk in chunks {
            parser.push(chunk);
            loop {
                match parser.next_reply() {
                    Ok(Some(reply)) => replies.push(reply),
                    Ok(None) => break,
                    Err(error) => return (replies, Some(error)),
                }
            }
        }
        (replies, None)
    }

    #[test]
    fn what_rfc_5321_allows_is_read() {
        let (replies, error) = all(&[b"220 hi\r\n250\r\n250-a\r\n250-\r\n250 b\r\n"]);
        assert_eq!(error, None);
        let codes: Vec<_> = replies
            .iter()
            .map(|r| (r.code(), r.lines().len()))
            .collect();
        assert_eq!(codes, [(220, 1), (250, 1), (250, 3)]);
    }

    #[test]
    fn the_rest_is_refused_with_the_rule() {
        let long = [b"250 ".as_slice(), &[b'a'; MAX_LINE], b"\r\n"].concat();
        let endless = b"250-a\r\n".repeat(MAX_LINES + 1);
        let big = [b"250-".as_slice(), &[b'a'; 2000], b"\r\n"]
            .concat()
            .repeat(34);
        for (bytes, rule) in [
            (b"250 a\n".as_slice(), ReplyError::LineEnd),
            (b"250 a\rb\r\n", ReplyError::LineEnd),
            (b"250 a\0b\r\n", ReplyError::Nul),
            (b"25\r\n", ReplyError::Code),
            (b"\r\n", ReplyError::Code),
            (b"2500 a\r\n", ReplyError::Code),
            (b"250_a\r\n", ReplyError::Code),
            (b"150 a\r\n", ReplyError::Code),
            (b"650 a\r\n", ReplyError::Code),
            (b"hello\r\n", ReplyError::Code),
            (b"250-a\r\n550 b\r\n", ReplyError::CodeChanged),
            (&long, ReplyError::LineTooLong),
            (&endless, ReplyError::TooManyLines),
            (&big, ReplyError::TooLong),
        ] {
            assert_eq!(all(&[bytes]).1, Some(rule), "{rule:?}");
        }
    }

    #[test]
    fn enhanced_codes_are_rfc_3463s() {
        for (text, code) in [
            ("5.1.1 no such user", Some(EnhancedCode(5, 1, 1))),
            ("4.7.28 slow down", Some(EnhancedCode(4, 7, 28))),
            ("2.0.0", Some(EnhancedCode(2, 0, 0))),
            ("3.0.0 x", None),
            ("5.1 x", None),
            ("5.1.1.1 x", None),
            ("5.1.1234 x", None),
            ("5.+1.1 x", None),
            ("hello", None),
            ("", None),
        ] {
            assert_eq!(parse_enhanced(text), code, "{text}");
        }
    }

    /// Mostly SMTP-like, so that the interesting paths are met.
    fn input() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"250-".to_vec()),
            Just(b"250 ".to_vec()),
            Just(b"550 5.1.1 ".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(vec![0]),
            Just(vec![b'x'; 900]),
            proptest::collection::vec(any::<u8>(), 0..12),
        ];
        proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same(bytes in input(), size in 1usize..40) {
            let whole = all(&[&bytes]);
            let cut: Vec<_> = bytes.chunks(size).collect();
            prop_assert_eq!(whole, all(&cut));
        }
    }
}
