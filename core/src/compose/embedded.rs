//! A message that came as a file: it is read as content, and not sent on.

use super::mime::Structure;
use super::{ComposeError, Limits, ScanPart};
use crate::base::Phi;

/// A message within another's attachment. Lines of any length and any line
/// end, and fields that a message of one's own may not have, are borne.
pub(crate) struct Embedded {
    raw: Phi<Vec<u8>>,
    structure: Structure,
}

impl Embedded {
    /// Finds the parts. The code says why they cannot be found.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let raw = Phi::new(crlf(bytes));
        let structure =
            Structure::embedded(raw.expose(), &Limits::default()).map_err(|e| match e {
                ComposeError::TooDeep { .. } => "too_deep",
                ComposeError::TooManyParts { .. } => "too_many_entries",
                _ => "malformed",
            })?;
        Ok(Self { raw, structure })
    }

    /// What a scanner reads: all header fields, texts, attachments, names.
    pub(crate) fn parts(&self) -> Vec<ScanPart<'_>> {
        self.structure.parts(self.raw.expose())
    }
}

/// Every line end as CRLF.
fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
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
    out
}
