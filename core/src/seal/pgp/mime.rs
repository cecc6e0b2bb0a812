//! The MIME frame of PGP/MIME (RFC 3156).

use std::io::{self, Write};

use data_encoding::HEXLOWER;

use crate::base::{DigestAlgorithm, crypto};

/// 128 random bits behind `=_`, which neither quoted-printable nor base64, and
/// so no armour, contains.
pub(super) fn make_boundary() -> String {
    format!("=_{}", HEXLOWER.encode(&crypto::make_random::<16>()))
}

/// Everything of multipart/encrypted before the armour (RFC 3156 section 4).
pub(super) fn encrypted_head(boundary: &str) -> String {
    format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n \
         boundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\n\
         Content-Type: application/pgp-encrypted\r\n\
         Content-Description: PGP/MIME version identification\r\n\r\n\
         Version: 1\r\n\r\n\
         --{boundary}\r\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Description: OpenPGP encrypted message\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n"
    )
}

/// Everything of multipart/signed before the signed part (RFC 3156 section 5).
pub(super) fn signed_head(boundary: &str, digest: DigestAlgorithm) -> String {
    let micalg = match digest {
        DigestAlgorithm::Sha256 => "pgp-sha256",
        DigestAlgorithm::Sha384 => "pgp-sha384",
        DigestAlgorithm::Sha512 => "pgp-sha512",
    };
    format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: multipart/signed; micalg={micalg};\r\n \
         protocol=\"application/pgp-signature\";\r\n \
         boundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\n"
    )
}

/// What stands between the signed part and its signature. The first CRLF
/// belongs to the boundary and is not signed.
pub(super) fn signature_head(boundary: &str) -> String {
    format!(
        "\r\n--{boundary}\r\n\
         Content-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
         Content-Description: OpenPGP digital signature\r\n\
         Content-Disposition: attachment; filename=\"signature.asc\"\r\n\r\n"
    )
}

/// The closing boundary.
pub(super) fn tail(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}

/// Whether a part can be signed as it is: 7-bit and CRLF alone, so that no
/// relay has a reason to touch it (RFC 3156 section 3 and 5).
pub(super) fn is_canonical(pieces: &[&[u8]]) -> bool {
    let mut last = 0u8;
    for &byte in pieces.iter().copied().flatten() {
        if byte == 0 || byte >= 0x80 || (byte == b'\n') != (last == b'\r') {
            return false;
        }
        last = byte;
    }
    last != b'\r'
}

/// Turns LF into CRLF: armour is written with LF.
pub(super) struct Crlf<'a>(pub(super) &'a mut dyn Write);

impl Write for Crlf<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for line in buf.split_inclusive(|&b| b == b'\n') {
            match line.split_last() {
                Some((b'\n', text)) => {
                    self.0.write_all(text)?;
                    self.0.write_all(b"\r\n")?;
                }
                _ => self.0.write_all(line)?,
            }
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
