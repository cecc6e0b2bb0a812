//! The message on its way into `DATA` (RFC 5321 section 4.5.2): what may go,
//! and the dots.
//!
//! [`survey`] refuses what another parser could read as the end of the message
//! (bare CR, bare LF: "SMTP smuggling"), NUL, and lines over 998 octets
//! (RFC 5322 section 2.1.1); it says what the message asks of the host.
//! [`DotStuffer`] doubles the dot at the start of a line, whatever the cut of
//! its input, and adds a final CRLF where the message has none. The final dot
//! itself is the session's.

/// The longest line, without its CRLF.
const MAX_LINE: usize = 998;

/// What a message asks of the host it is handed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Octets, before dot-stuffing, with the final CRLF (RFC 1870 section 5).
    pub(crate) size: usize,
    /// Some octet is above 127: `8BITMIME` (RFC 6152).
    pub(crate) eight_bit: bool,
    /// Some octet of the header section is: `SMTPUTF8` (RFC 6531).
    pub(crate) utf8_header: bool,
}

/// The message cannot be sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentError {
    BareCr,
    BareLf,
    Nul,
    LineTooLong,
}

impl ContentError {
    /// A word for the outcome's diagnostic.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::BareCr => "content: CR without LF",
            Self::BareLf => "content: LF without CR",
            Self::Nul => "content: NUL",
            Self::LineTooLong => "content: a line is longer than 998 octets",
        }
    }
}

/// Reads a message once and says what it asks for.
pub(crate) fn survey(message: &[u8]) -> Result<Survey, ContentError> {
    let mut survey = Survey {
        size: message.len(),
        eight_bit: false,
        utf8_header: false,
    };
    let mut header = true;
    let mut line = 0usize;
    let mut after_cr = false;
    for &byte in message {
        match byte {
            b'\n' if !after_cr => return Err(ContentError::BareLf),
            _ if after_cr && byte != b'\n' => return Err(ContentError::BareCr),
            0 => return Err(ContentError::Nul),
            b'\n' => {
                header &= line != 0;
                line = 0;
            }
            b'\r' => {}
            _ => {
                line += 1;
                if line > MAX_LINE {
                    return Err(ContentError::LineTooLong);
                }
                if byte > 127 {
                    survey.eight_bit = true;
                    survey.utf8_header |= header;
                }
            }
        }
        after_cr = byte == b'\r';
    }
    if after_cr {
        return Err(ContentError::BareCr);
    }
    if line != 0 {
        survey.size += 2;
    }
    Ok(survey)
}

/// Doubles dots at the start of lines.
#[derive(Debug)]
pub(crate) struct DotStuffer {
    line_start: bool,
}

impl DotStuffer {
    /// At the start of a message.
    pub(crate) const fn new() -> Self {
        Self { line_start: true }
    }

    /// Appends the next part of the message to `out`.
    pub(crate) fn push(&mut self, part: &[u8], out: &mut Vec<u8>) {
        for line in part.split_inclusive(|&b| b == b'\n') {
            if self.line_start && line.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(line);
            // LF stands behind CR only: `survey` has seen to that.
            self.line_start = line.last() == Some(&b'\n');
        }
    }

    /// What must follow the last part before the final dot.
    pub(crate) fn finish(&self, out: &mut Vec<u8>) {
        if !self.line_start {
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the host does with what it gets (RFC 5321 section 4.5.2).
    fn receive(wire: &[u8]) -> Vec<u8> {
        let end = wire
            .windows(5)
            .position(|w| w == b"\r\n.\r\n")
            .map(|at| at + 2)
            .or_else(|| wire.starts_with(b".\r\n").then_some(0))
            .unwrap();
        assert_eq!(
            end + 3,
            wire.len(),
            "the dot ends the wire and nothing before it"
        );
        let mut message = Vec::new();
        for line in wire[..end].split_inclusive(|&b| b == b'\n') {
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        message
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            3 => Just(b".".to_vec()),
            3 => Just(b"\r\n".to_vec()),
            1 => Just(b"a".to_vec()),
            1 => Just(b"..".to_vec()),
        ]
    }

    proptest! {
        #[test]
        fn what_is_stuffed_arrives_whole(
            pieces in proptest::collection::vec(piece(), 0..40),
            size in 1usize..9,
        ) {
            let message = pieces.concat();
            let survey = survey(&message).unwrap();
            let mut stuffer = DotStuffer::new();
            let mut wire = Vec::new();
            for part in message.chunks(size) {
                stuffer.push(part, &mut wire);
            }
            stuffer.finish(&mut wire);
            wire.extend_from_slice(b".\r\n");
            let mut expected = message;
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(survey.size, expected.len());
            prop_assert_eq!(receive(&wire), expected);
        }
    }

    #[test]
    fn what_could_end_the_message_early_is_refused() {
        let long = [&[b'a'; 999][..], b"\r\n"].concat();
        for (message, error) in [
            (b"a\n.\n".as_slice(), ContentError::BareLf),
            (b"a\r\n.\n", ContentError::BareLf),
            (b"a\n.\r\n", ContentError::BareLf),
            (b"\n", ContentError::BareLf),
            (b"a\r.\r\n", ContentError::BareCr),
            (b"a\r\r\n", ContentError::BareCr),
            (b"a\r", ContentError::BareCr),
            (b"a\0b\r\n", ContentError::Nul),
            (&long, ContentError::LineTooLong),
        ] {
            assert_eq!(survey(message), Err(error), "{message:?}");
        }
        assert!(survey(&long[1..]).is_ok());
    }

    #[test]
    fn the_survey_says_what_is_asked() {
        let seen = |m: &str| survey(m.as_bytes()).map(|s| (s.eight_bit, s.utf8_header));
        assert_eq!(seen("A: b\r\n\r\nc\r\n"), Ok((false, false)));
        assert_eq!(seen("A: b\r\n\r\nå\r\n"), Ok((true, false)));
        assert_eq!(seen("A: å\r\n\r\nc\r\n"), Ok((true, true)));
    }
}
