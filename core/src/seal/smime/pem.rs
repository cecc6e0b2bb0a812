//! PEM (RFC 7468), with bounds.

/// It is no PEM of that label, too large, or too much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PemError;

/// Whether the bytes are PEM rather than DER.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    bytes.first() != Some(&0x30) && has(bytes, b"-----BEGIN ")
}

pub(crate) fn has(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

/// The DER of each block with this label, or the bytes themselves where they
/// are DER. Between 1 and `count`, each at most `size`. Text around the blocks
/// and blocks of other labels are passed over.
pub(crate) fn read(
    bytes: &[u8],
    label: &str,
    size: usize,
    count: usize,
) -> Result<Vec<Vec<u8>>, PemError> {
    if bytes.first() == Some(&0x30) {
        return if bytes.len() <= size {
            Ok(vec![bytes.to_vec()])
        } else {
            Err(PemError)
        };
    }
    // Base64 makes four of three, line ends and text come on top.
    if bytes.len() > size.saturating_mul(2).saturating_mul(count) {
        return Err(PemError);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| PemError)?;
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(&begin) {
        rest = &rest[at + begin.len()..];
        let stop = rest.find(&end).ok_or(PemError)?;
        let body: String = rest[..stop].split_ascii_whitespace().collect();
        rest = &rest[stop + end.len()..];
        let der = data_encoding::BASE64
            .decode(body.as_bytes())
            .map_err(|_| PemError)?;
        if der.len() > size || out.len() == count {
            return Err(PemError);
        }
        out.push(der);
    }
    if out.is_empty() {
        return Err(PemError);
    }
    Ok(out)
}

/// Writes one block.
pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let body = data_encoding::BASE64.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        // Base64 is ASCII.
        out.extend(line.iter().map(|&b| char::from(b)));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}
