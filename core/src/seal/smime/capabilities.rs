//! SMIMECapabilities: what a client reads, in its own order (RFC 8551 section
//! 2.5.2); in certificates as an extension (RFC 4262).

use super::algorithms::{
    self as alg, AES_128_CBC, AES_256_CBC, AES_256_GCM, AES_256_WRAP, Algorithm, RSAES_OAEP,
};
use super::ber::{self, Elements, Malformed, SEQUENCE};
use crate::base::crypto::private::KeyKind;

/// Longer ones are not read.
pub(super) const MAX_LENGTH: usize = 8 * 1024;
const MAX_ENTRIES: usize = 200;

/// What of it matters for sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Capabilities {
    /// AES-256-GCM, and so AuthEnvelopedData.
    pub(crate) gcm: bool,
    /// RSAES-OAEP, with whichever parameters.
    pub(crate) oaep: bool,
}

/// Reads SMIMECapabilities; the order does not matter to us: what is read at
/// all is read.
pub(crate) fn read(der: &[u8]) -> Option<Capabilities> {
    read_entries(der).ok()
}

fn read_entries(der: &[u8]) -> Result<Capabilities, Malformed> {
    if der.len() > MAX_LENGTH {
        return Err(Malformed);
    }
    let mut outer = Elements(der);
    let entries = outer.expect(SEQUENCE)?;
    outer.end()?;
    let mut found = Capabilities::default();
    for (index, entry) in entries.inside().enumerate() {
        if index >= MAX_ENTRIES {
            return Err(Malformed);
        }
        match Algorithm::read(&entry?)?.oid {
            AES_256_GCM => found.gcm = true,
            RSAES_OAEP => found.oaep = true,
            _ => {}
        }
    }
    Ok(found)
}

/// Whether AES-256-GCM is read.
pub(crate) fn prefers_gcm(der: &[u8]) -> bool {
    read(der).is_some_and(|found| found.gcm)
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
        let both = Capabilities {
            gcm: true,
            oaep: true,
        };
        assert_eq!(read(&der), Some(both));
        assert!(prefers_gcm(&write(KeyKind::P256)));
        assert_eq!(read(&write(KeyKind::P256)).map(|c| c.oaep), Some(false));
        for cut in 0..der.len() {
            assert_eq!(read(&der[..cut]), None);
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
        assert_eq!(read(&der), Some(Capabilities::default()));
        assert!(!prefers_gcm(&der));
        let long = ber::tlv(SEQUENCE, &[&aes.repeat(1_000)]);
        assert_eq!(read(&long), None);
    }
}
