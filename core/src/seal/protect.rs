//! Header protection (RFC 9788).

use crate::seal::SealError;

/// Which headers an encrypted copy shows to who carries it (RFC 9788 section
/// 3.2, Header Confidentiality Policy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum HeaderPolicy {
    /// The subject reads `[...]`; Keywords and Comments are hidden.
    #[default]
    Baseline,
    /// As baseline, display names and the date's zone are hidden too.
    Shy,
    /// All headers stay in clear; they are protected against change only.
    Clear,
}

/// Whether the payload will be encrypted or signed only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Encrypted,
    Signed,
}

/// A message split for sealing.
#[derive(Clone)]
pub(crate) struct Payload<'a> {
    /// The outer header fields, each with CRLF, without MIME fields and
    /// without the blank line: the sealed body's own follow.
    pub(crate) outer: Vec<u8>,
    /// The payload's header block, blank line included.
    pub(crate) head: Vec<u8>,
    /// The payload's body.
    pub(crate) body: &'a [u8],
}

impl Payload<'_> {
    /// The payload as it is signed and encrypted: a MIME entity with CRLF.
    pub(crate) fn pieces(&self) -> [&[u8]; 2] {
        [&self.head, self.body]
    }
}

/// Splits a rendered message and protects its headers.
pub(crate) fn protect<'a>(
    message: &'a [u8],
    policy: HeaderPolicy,
    layer: Layer,
) -> Result<Payload<'a>, SealError> {
    // Replaced while the rest is built.
    let _ = (policy, layer);
    let end = message
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .ok_or(SealError::Message("it has no blank line after its header"))?;
    let (mut outer, mut head) = (Vec::new(), Vec::new());
    let mut mime = false;
    for line in message[..end + 2].split_inclusive(|&b| b == b'\n') {
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            mime = line.len() > 8 && line[..8].eq_ignore_ascii_case(b"content-")
                || line.len() > 12 && line[..12].eq_ignore_ascii_case(b"mime-version");
        }
        head.extend_from_slice(line);
        if !mime {
            outer.extend_from_slice(line);
        }
    }
    head.extend_from_slice(b"\r\n");
    Ok(Payload {
        outer,
        head,
        body: &message[end + 4..],
    })
}
