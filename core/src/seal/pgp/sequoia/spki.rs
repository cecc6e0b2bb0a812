//! The little DER that OpenPGP keys need: SubjectPublicKeyInfo of a key
//! (RFC 5280, 8017, 5480, 8410) and ECDSA-Sig-Value (RFC 3279).

use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::types::Curve;

/// Tag and length.
pub(super) fn head(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
        return;
    }
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|&&b| b == 0).count();
    out.push(0x80 | (bytes.len() - zeros) as u8);
    out.extend_from_slice(&bytes[zeros..]);
}

/// INTEGER of a number that is not negative, without leading zeros.
pub(super) fn integer(out: &mut Vec<u8>, number: &[u8]) {
    let pad = number.first().is_none_or(|b| b & 0x80 != 0);
    head(out, 2, number.len() + usize::from(pad));
    if pad {
        out.push(0);
    }
    out.extend_from_slice(number);
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    head(&mut out, tag, content.len());
    out.extend_from_slice(content);
    out
}

const RSA: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// The SubjectPublicKeyInfo of a signing key; `None` for kinds without one.
pub(super) fn of(key: &PublicKey) -> Option<Vec<u8>> {
    let (algorithm, bits) = match key {
        PublicKey::RSA { e, n } => {
            let mut numbers = Vec::new();
            integer(&mut numbers, n.value());
            integer(&mut numbers, e.value());
            (RSA.to_vec(), wrap(0x30, &numbers))
        }
        PublicKey::ECDSA { curve, q } => {
            let curve = match curve {
                Curve::NistP256 => P256,
                Curve::NistP384 => P384,
                Curve::NistP521 => P521,
                _ => return None,
            };
            ([EC, curve].concat(), q.value().to_vec())
        }
        PublicKey::EdDSA {
            curve: Curve::Ed25519,
            q,
        } => {
            let point = q.decode_point(&Curve::Ed25519).ok()?.0;
            (ED25519.to_vec(), point.to_vec())
        }
        PublicKey::Ed25519 { a } => (ED25519.to_vec(), a.to_vec()),
        _ => return None,
    };
    let mut content = wrap(0x30, &algorithm);
    head(&mut content, 3, bits.len() + 1);
    content.push(0);
    content.extend_from_slice(&bits);
    Some(wrap(0x30, &content))
}

/// r and s of an ECDSA-Sig-Value.
pub(super) fn ecdsa(signature: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, rest) = take(signature, 0x30)?;
    let (r, after) = take(content, 2)?;
    let (s, end) = take(after, 2)?;
    (rest.is_empty() && end.is_empty()).then_some((r, s))
}

/// The content of the first element and what follows it. Lengths above 255
/// octets do not occur here.
fn take(data: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, data) = data.split_first()?;
    let (&length, data) = data.split_first()?;
    let (length, data) = match length {
        0x81 => {
            let (&length, data) = data.split_first()?;
            (length, data)
        }
        0..=0x7f => (length, data),
        _ => return None,
    };
    (found == tag)
        .then(|| data.split_at_checked(usize::from(length)))
        .flatten()
}
