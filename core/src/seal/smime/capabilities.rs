//! SMIMECapabilities: what a client reads, in its own order (RFC 8551 section
//! 2.5.2); in certificates as an extension (RFC 4262).

use super::algorithms::{
    self as alg, AES_128_CBC, AES_256_CBC, AES_256_GCM, AES_256_WRAP, Algorithm,
};
use super::ber::{self, Elements, Malformed, SEQUENCE};
use crate::base::crypto::private::KeyKind;

/// Longer ones are not read.
pub(super) const MAX_LENGTH: usize = 8 * 1024;
const MAX_ENTRIES: usize = 200;

/// Whether AES-256-GCM, and so AuthEnvelopedData, is read; None where these are
/// no SMIMECapabilities. The order does not matter to us: what is read at all
/// is read. Nor does the key transport: who does not list RSAES-OAEP (few do)
/// gets it all the same, PKCS#1 v1.5 is the host's word alone.
pub(crate) fn prefers_gcm(der: &[u8]) -> Option<bool> {
    read_entries(der).ok()
}

fn read_entries(der: &[u8]) -> Result<bool, Malformed> {
    if der.len() > MAX_LENGTH {
        return Err(Malformed);
    }
    let mut outer = Elements(der);
    let entries = outer.expect(SEQUENCE)?;
    outer.end()?;
    let mut gcm = false;
    for (index, entry) in entries.inside().enumerate() {
        if index >= MAX_ENTRIES {
            return Err(Malformed);
        }
        gcm |= Algorithm::read(&entry?)?.oid == AES_256_GCM;
    }
    Ok(gcm)
}

/// Ours, for mail to a key of this kind.
pub(crate) fn write(kind: KeyKind) -> Vec<u8> {
    let agreement = |scheme| {
        let wrap = alg::algorithm(&AES_256_WRAP, &[]);
        alg::algorithm(scheme, &wrap)
    };
    let transport = match kind {
        KeyKind::Rsa { .. } => alg::oaep_sha256(),
        KeyKind::P256 => agreement(&alg::STD_DH_SHA256),
        KeyKind::P384 => agreement(&alg::STD_DH_SHA384),
        KeyKind::P521 => agreement(&alg::STD_DH_SHA512),
        KeyKind::Ed25519 => Vec::new(),
    };
    let ciphers = [AES_256_GCM, AES_256_CBC, AES_128_CBC].map(|oid| alg::algorithm(&oid, &[]));
    ber::tlv(
        SEQUENCE,
        &[&ciphers[0], &ciphers[1], &ciphers[2], &transport],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let der = write(KeyKind::Rsa { bits: 2048 });
        // RFC 8551 section 2.7.1: AES-256-GCM first.
        assert_eq!(
            der[2..15],
            [0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2e]
        );
        assert_eq!(prefers_gcm(&der), Some(true));
        assert_eq!(prefers_gcm(&write(KeyKind::P256)), Some(true));
        for cut in 0..der.len() {
            assert_eq!(prefers_gcm(&der[..cut]), None);
        }
    }

    #[test]
    fn what_others_write_is_no_gcm() {
        // OpenSSL 3.0's default: AES-256, AES-192, AES-128 in CBC and older.
        let aes = alg::algorithm(&AES_256_CBC, &[]);
        let rc2 = [
            0x30, 0x0e, 6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 2, 2, 2, 0, 0x80,
        ];
        let der = ber::tlv(SEQUENCE, &[&aes, &rc2]);
        assert_eq!(prefers_gcm(&der), Some(false));
        let long = ber::tlv(SEQUENCE, &[&aes.repeat(1_000)]);
        assert_eq!(prefers_gcm(&long), None);
    }
}
