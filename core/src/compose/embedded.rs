//! A message that came as a file: it is read as content, and not sent on.

use super::mime::Structure;
use super::{ComposeError, Limits, ScanPart};
use crate::base::Phi;

/// A message within another's attachment. Lines of any length and any line
/// end, and fields that a message of one's own may not have, are borne.
pub(crate) struct Embedded<'a> {
    given: &'a [u8],
    /// The same with CRLF, where it has not.
    converted: Option<Phi<Vec<u8>>>,
    structure: Structure,
}

impl<'a> Embedded<'a> {
    /// Finds the parts. The code says why they cannot be found.
    pub(crate) fn parse(given: &'a [u8]) -> Result<Self, &'static str> {
        let converted = crlf(given);
        let raw = converted.as_ref().map_or(given, |c| c.expose());
        let structure = Structure::embedded(raw, &Limits::default()).map_err(|e| match e {
            ComposeError::TooDeep { .. } => "too_deep",
            ComposeError::TooManyParts { .. } => "too_many_entries",
            _ => "malformed",
        })?;
        Ok(Self {
            given,
            converted,
            structure,
        })
    }

    /// What a scanner reads: all header fields, texts, attachments, names.
    pub(crate) fn parts(&self) -> Vec<ScanPart<'_>> {
        let raw = self.converted.as_ref().map_or(self.given, |c| c.expose());
        self.structure.parts(raw)
    }
}

/// Every line end as CRLF; `None` where they are.
fn crlf(bytes: &[u8]) -> Option<Phi<Vec<u8>>> {
    let (mut before, mut more) = (0, 0);
    for &byte in bytes {
        // An LF without its CR, and a CR without its LF.
        more += usize::from((byte == b'\n') != (before == b'\r'));
        before = byte;
    }
    more += usize::from(before == b'\r');
    if more == 0 {
        return None;
    }
    let mut out = Vec::with_capacity(bytes.len() + more);
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\r' => {
                rest.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            byte => out.push(byte),
        }
    }
    Some(Phi::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_line_ends_are_converted() {
        for (given, expected) in [
            ("a\r\nb\r\n", None),
            ("", None),
            ("a\nb\r\n", Some("a\r\nb\r\n")),
            ("a\rb", Some("a\r\nb")),
            ("a\r", Some("a\r\n")),
        ] {
            let converted = crlf(given.as_bytes());
            let converted = converted.as_ref().map(|c| c.expose().as_slice());
            assert_eq!(converted, expected.map(str::as_bytes), "{given:?}");
        }
    }
}
