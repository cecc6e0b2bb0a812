//! PKCS#12 files (RFC 7292).
//!
//! Integrity by passphrase only (a MAC, or PBMAC1 of RFC 9579), privacy by
//! PBES2 only. What Windows and NSS write has indefinite lengths: it is made
//! DER first. Everything is bounded before work is done for it.

use std::num::NonZeroU32;

use der::{Decode as _, Encode as _};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{Pbkdf2Params, Pbkdf2Prf};
use zeroize::Zeroizing;

use super::certificate::{Certificate, MAX_CHAIN};
use super::key::{AGAIN, ITERATIONS, MAX_ITERATIONS, decrypt_pbes2, encrypt_pbes2};
use crate::base::crypto::passphrase::{FileDigest, hmac, pkcs12_mac, stretch_to};
use crate::base::crypto::public::{Tlv, tlv};
use crate::base::crypto::{equal, make_random, sha256};
use crate::seal::KeyFileError;

/// The largest file that is read.
const MAX_FILE: usize = 1024 * 1024;
/// The most bags, over all parts.
const MAX_BAGS: usize = 64;
/// The most encrypted parts: each asks for a key derivation of its own.
const MAX_ENCRYPTED: usize = 8;
/// The deepest nesting.
const MAX_DEPTH: usize = 24;

const OID: u8 = 0x06;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// pkcs-12 bag types: the last octet tells them apart.
const BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
/// Of SHA-2: the last octet tells them apart.
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
const PBMAC1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0e];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// Of HMAC with SHA-2 (RFC 8018 appendix B.1.2).
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];

const fn malformed(what: &'static str) -> KeyFileError {
    KeyFileError::Malformed {
        form: "PKCS#12",
        what,
    }
}

const STRUCTURE: KeyFileError = malformed("its structure cannot be followed");

/// What a file holds.
pub(crate) struct Contents {
    /// PKCS#8 PrivateKeyInfo.
    pub(crate) key: Zeroizing<Vec<u8>>,
    /// In the file's order.
    pub(crate) certificates: Vec<Certificate>,
}

fn is(input: &[u8], tag: u8) -> Result<Tlv<'_>, KeyFileError> {
    tlv(input).filter(|t| t.tag == tag).ok_or(STRUCTURE)
}

/// Makes one BER element DER: definite lengths, octet strings in one piece.
/// Returns what follows it.
fn to_der<'a>(input: &'a [u8], depth: usize, out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&tag, after) = input.split_first()?;
    let (&first, mut after) = after.split_first()?;
    if depth > MAX_DEPTH || tag & 0x1f == 0x1f {
        return None;
    }
    let constructed = tag & 0x20 != 0;
    let length = match first {
        0x80 => None,
        short @ 0..=0x7f => Some(usize::from(short)),
        long => {
            let octets = usize::from(long & 0x7f);
            if octets > 4 || after.len() < octets {
                return None;
            }
            let (head, tail) = after.split_at(octets);
            after = tail;
            Some(head.iter().fold(0usize, |l, &b| (l << 8) | usize::from(b)))
        }
    };
    let mut content = Zeroizing::new(Vec::new());
    let rest = match (length, constructed) {
        (None, false) => return None,
        (Some(length), false) => {
            if after.len() < length {
                return None;
            }
            let (value, rest) = after.split_at(length);
            content.extend_from_slice(value);
            rest
        }
        (Some(length), true) => {
            if after.len() < length {
                return None;
            }
            let (mut value, rest) = after.split_at(length);
            while !value.is_empty() {
                value = to_der(value, depth + 1, &mut content)?;
            }
            rest
        }
        (None, true) => {
            let mut value = after;
            loop {
                if let [0, 0, rest @ ..] = value {
                    break rest;
                }
                value = to_der(value, depth + 1, &mut content)?;
            }
        }
    };
    if tag == OCTETS | 0x20 {
        let joined = join(&content)?;
        wrap(OCTETS, &joined, out);
    } else {
        wrap(tag, &content, out);
    }
    Some(rest)
}

/// The octet strings that `pieces` consists of, as one.
fn join(mut pieces: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::new());
    while !pieces.is_empty() {
        let piece = tlv(pieces).filter(|t| t.tag == OCTETS)?;
        out.extend_from_slice(piece.value);
        pieces = piece.rest;
    }
    Some(out)
}

fn wrap(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let length = content.len();
    if length < 0x80 {
        // Below 128.
        out.push(length as u8);
    } else {
        let octets = length.to_be_bytes();
        let skip = octets.iter().take_while(|&&b| b == 0).count();
        out.push(0x80 | (octets.len() - skip) as u8);
        out.extend_from_slice(&octets[skip..]);
    }
    out.extend_from_slice(content);
}

fn normal(input: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let mut out = Zeroizing::new(Vec::with_capacity(input.len()));
    let rest = to_der(input, 0, &mut out).ok_or(STRUCTURE)?;
    // Some writers pad.
    if rest.iter().any(|&b| b != 0) {
        return Err(STRUCTURE);
    }
    Ok(out)
}

/// The type and content of a ContentInfo.
fn content_info(value: &[u8]) -> Result<(&[u8], &[u8]), KeyFileError> {
    let kind = is(value, OID)?;
    let content = is(kind.rest, CONTEXT_0)?;
    Ok((kind.value, content.value))
}

/// A BMPString with its final zeros (RFC 7292 appendix B.1).
fn bmp(passphrase: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(passphrase.len() * 2 + 2));
    for unit in passphrase.encode_utf16() {
        out.extend_from_slice(&unit.to_be_bytes());
    }
    out.extend_from_slice(&[0, 0]);
    out
}

fn count(value: &[u8]) -> Option<NonZeroU32> {
    let digits = match value {
        [0, rest @ ..] => rest,
        whole => whole,
    };
    // Negative, or above 32 bits.
    if digits.len() > 4 || (value.len() == digits.len() && value.first()? & 0x80 != 0) {
        return None;
    }
    NonZeroU32::new(digits.iter().fold(0, |n, &b| (n << 8) | u32::from(b)))
        .filter(|n| n.get() <= MAX_ITERATIONS)
}

/// Checks the MAC over the authenticated safe.
fn check_mac(mac_data: &[u8], safe: &[u8], passphrase: &str) -> Result<(), KeyFileError> {
    const ROUNDS: KeyFileError =
        KeyFileError::Protection("it asks for more than 10,000,000 rounds of key derivation");
    let info = is(mac_data, SEQUENCE)?;
    let algorithm = is(info.value, SEQUENCE)?;
    let mac = is(algorithm.rest, OCTETS)?.value;
    let salt = is(info.rest, OCTETS)?;
    let name = is(algorithm.value, OID)?;
    if name.value == PBMAC1 {
        return if equal(&pbmac1(name.rest, safe, passphrase)?, mac) {
            Ok(())
        } else {
            Err(KeyFileError::Passphrase)
        };
    }
    let iterations = if salt.rest.is_empty() {
        NonZeroU32::MIN
    } else {
        count(is(salt.rest, INTEGER)?.value).ok_or(ROUNDS)?
    };
    let digest = match name.value {
        SHA1 => FileDigest::Sha1,
        [head @ .., 1] if head == SHA2 => FileDigest::Sha256,
        [head @ .., 2] if head == SHA2 => FileDigest::Sha384,
        [head @ .., 3] if head == SHA2 => FileDigest::Sha512,
        _ => return Err(KeyFileError::Protection(AGAIN)),
    };
    let text = bmp(passphrase);
    let right = |text: &[u8]| equal(&pkcs12_mac(digest, text, salt.value, iterations, safe), mac);
    // An empty passphrase is no octets for some writers, two zeros for others.
    if right(&text) || (passphrase.is_empty() && right(&[])) {
        Ok(())
    } else {
        Err(KeyFileError::Passphrase)
    }
}

/// PBMAC1 (RFC 9579): HMAC under a key of PBKDF2.
fn pbmac1(parameters: &[u8], safe: &[u8], passphrase: &str) -> Result<Vec<u8>, KeyFileError> {
    const UNKNOWN: KeyFileError = KeyFileError::Protection("its PBMAC1 is of an unknown kind");
    let parameters = is(parameters, SEQUENCE)?;
    let derivation = is(parameters.value, SEQUENCE)?;
    let scheme = is(derivation.rest, SEQUENCE)?;
    let digest = match is(scheme.value, OID)?.value {
        [head @ .., 9] if head == HMAC => FileDigest::Sha256,
        [head @ .., 10] if head == HMAC => FileDigest::Sha384,
        [head @ .., 11] if head == HMAC => FileDigest::Sha512,
        _ => return Err(UNKNOWN),
    };
    let name = is(derivation.value, OID)?;
    if name.value != PBKDF2 {
        return Err(UNKNOWN);
    }
    let k = Pbkdf2Params::from_der(name.rest).map_err(|_| UNKNOWN)?;
    let prf = match k.prf {
        Pbkdf2Prf::HmacWithSha256 => FileDigest::Sha256,
        Pbkdf2Prf::HmacWithSha384 => FileDigest::Sha384,
        Pbkdf2Prf::HmacWithSha512 => FileDigest::Sha512,
        _ => return Err(UNKNOWN),
    };
    // RFC 9579 section 5: the key length stands there, and is not too short.
    let length = k
        .key_length
        .map(usize::from)
        .filter(|l| (20..=64).contains(l))
        .ok_or(UNKNOWN)?;
    let iterations = NonZeroU32::new(k.iteration_count)
        .filter(|n| n.get() <= MAX_ITERATIONS)
        .ok_or(UNKNOWN)?;
    let key = stretch_to(
        prf,
        passphrase.as_bytes(),
        k.salt.as_bytes(),
        iterations,
        length,
    );
    Ok(hmac(digest, &key, safe))
}

/// Reads a file.
pub(crate) fn read(bytes: &[u8], passphrase: &str) -> Result<Contents, KeyFileError> {
    if bytes.len() > MAX_FILE {
        return Err(malformed("it is larger than 1 MiB"));
    }
    let file = normal(bytes)?;
    let pfx = is(&file, SEQUENCE)?;
    let version = is(pfx.value, INTEGER)?;
    if version.value != [3] {
        return Err(malformed("its version is not 3"));
    }
    let safe = is(version.rest, SEQUENCE)?;
    let (kind, content) = content_info(safe.value)?;
    if kind == SIGNED_DATA {
        return Err(KeyFileError::Protection(
            "it is protected by a signature; export it again with a passphrase",
        ));
    }
    if kind != DATA {
        return Err(STRUCTURE);
    }
    let content = is(content, OCTETS)?.value;
    if safe.rest.is_empty() {
        return Err(KeyFileError::Protection(
            "it has no MAC, so that changes to it would not be seen; export it again with one",
        ));
    }
    check_mac(is(safe.rest, SEQUENCE)?.value, content, passphrase)?;

    let safe = normal(content)?;
    let mut parts = is(&safe, SEQUENCE)?.value;
    let mut found = Found {
        passphrase,
        bags: 0,
        key: None,
        certificates: Vec::new(),
    };
    let mut encrypted = 0;
    while !parts.is_empty() {
        let part = is(parts, SEQUENCE)?;
        parts = part.rest;
        let (kind, content) = content_info(part.value)?;
        match kind {
            DATA => found.contents(is(content, OCTETS)?.value, 0)?,
            ENCRYPTED_DATA => {
                encrypted += 1;
                if encrypted > MAX_ENCRYPTED {
                    return Err(malformed("it holds more than 8 encrypted parts"));
                }
                let clear = decrypt_part(content, passphrase)?;
                found.contents(&clear, 0)?;
            }
            ENVELOPED_DATA => {
                return Err(KeyFileError::Protection(
                    "it is encrypted to a public key; export it again with a passphrase",
                ));
            }
            _ => return Err(STRUCTURE),
        }
    }
    Ok(Contents {
        key: found.key.ok_or(malformed("it holds no private key"))?,
        certificates: found.certificates,
    })
}

/// Decrypts an EncryptedData (RFC 5652 section 8).
fn decrypt_part(content: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let outer = is(content, SEQUENCE)?;
    let version = is(outer.value, INTEGER)?;
    let info = is(version.rest, SEQUENCE)?;
    let kind = is(info.value, OID)?;
    let algorithm = is(kind.rest, SEQUENCE)?;
    let data = tlv(algorithm.rest).ok_or(STRUCTURE)?;
    let joined;
    let ciphertext = match data.tag {
        0x80 => data.value,
        CONTEXT_0 => {
            joined = join(data.value).ok_or(STRUCTURE)?;
            joined.as_slice()
        }
        _ => return Err(STRUCTURE),
    };
    decrypt_pbes2(
        &encryption(algorithm.whole)?,
        passphrase.as_bytes(),
        ciphertext,
    )
}

fn encryption(algorithm: &[u8]) -> Result<EncryptionScheme, KeyFileError> {
    EncryptionScheme::try_from(algorithm).map_err(|_| KeyFileError::Protection(AGAIN))
}

struct Found<'a> {
    passphrase: &'a str,
    bags: usize,
    key: Option<Zeroizing<Vec<u8>>>,
    certificates: Vec<Certificate>,
}

impl Found<'_> {
    /// Goes through SafeContents.
    fn contents(&mut self, bytes: &[u8], depth: usize) -> Result<(), KeyFileError> {
        if depth > 4 {
            return Err(STRUCTURE);
        }
        let contents = normal(bytes)?;
        let mut bags = is(&contents, SEQUENCE)?.value;
        while !bags.is_empty() {
            self.bags += 1;
            if self.bags > MAX_BAGS {
                return Err(malformed("it holds more than 64 entries"));
            }
            let bag = is(bags, SEQUENCE)?;
            bags = bag.rest;
            let (kind, value) = content_info(bag.value)?;
            match kind {
                [head @ .., 1] if head == BAG => return Err(KeyFileError::Clear),
                [head @ .., 2] if head == BAG => self.shrouded(value)?,
                [head @ .., 3] if head == BAG => self.certificate(value)?,
                [head @ .., 6] if head == BAG => self.contents(value, depth + 1)?,
                // Revocation lists, secrets and others are not asked for.
                _ => {}
            }
        }
        Ok(())
    }

    fn shrouded(&mut self, value: &[u8]) -> Result<(), KeyFileError> {
        if self.key.is_some() {
            return Err(malformed("it holds more than one private key"));
        }
        let info = is(value, SEQUENCE)?;
        let algorithm = is(info.value, SEQUENCE)?;
        let data = is(algorithm.rest, OCTETS)?;
        let clear = decrypt_pbes2(
            &encryption(algorithm.whole)?,
            self.passphrase.as_bytes(),
            data.value,
        )?;
        self.key = Some(normal(&clear)?);
        Ok(())
    }

    fn certificate(&mut self, value: &[u8]) -> Result<(), KeyFileError> {
        let bag = is(value, SEQUENCE)?;
        let (kind, content) = content_info(bag.value)?;
        if kind != X509_CERTIFICATE {
            return Ok(());
        }
        if self.certificates.len() >= MAX_CHAIN {
            return Err(malformed("it holds more than 16 certificates"));
        }
        let der = is(content, OCTETS)?.value;
        self.certificates.push(
            Certificate::parse_der(der).map_err(|_| malformed("a certificate in it is broken"))?,
        );
        Ok(())
    }
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    wrap(tag, &parts.concat(), &mut out);
    out
}

/// Writes a file: the certificates and the key (an EncryptedPrivateKeyInfo)
/// each encrypted, under an HMAC-SHA-256. Key and certificate are tied by a
/// localKeyId, as readers expect.
pub(crate) fn write(
    key: &[u8],
    chain: &[Certificate],
    passphrase: &str,
) -> Result<Vec<u8>, KeyFileError> {
    const FAILED: KeyFileError = KeyFileError::Protection("the file cannot be written");
    /// localKeyID (RFC 2985 section 5.5.2).
    const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
    const SET: u8 = 0x31;
    let bag = |kind: u8, value: &[u8], attributes: &[u8]| {
        let oid = element(OID, &[BAG, &[kind]]);
        element(SEQUENCE, &[&oid, &element(CONTEXT_0, &[value]), attributes])
    };
    let first = chain.first().ok_or(FAILED)?;
    let id = element(OCTETS, &[&sha256(first.spki())[..20]]);
    let id = element(
        SEQUENCE,
        &[&element(OID, &[LOCAL_KEY_ID]), &element(SET, &[&id])],
    );
    let id = element(SET, &[&id]);

    let mut certificates = Vec::new();
    for (i, certificate) in chain.iter().enumerate() {
        let value = element(CONTEXT_0, &[&element(OCTETS, &[certificate.der()])]);
        let value = element(SEQUENCE, &[&element(OID, &[X509_CERTIFICATE]), &value]);
        let attributes = if i == 0 { id.as_slice() } else { &[] };
        certificates.extend(bag(3, &value, attributes));
    }
    let certificates = element(SEQUENCE, &[&certificates]);
    let (parameters, ciphertext) = encrypt_pbes2(passphrase.as_bytes(), &certificates)?;
    let algorithm = EncryptionScheme::from(parameters)
        .to_der()
        .map_err(|_| FAILED)?;
    let data = element(OID, &[DATA]);
    let info = element(
        SEQUENCE,
        &[&data, &algorithm, &element(0x80, &[&ciphertext])],
    );
    let encrypted = element(SEQUENCE, &[&element(INTEGER, &[&[0]]), &info]);
    let encrypted = element(
        SEQUENCE,
        &[
            &element(OID, &[ENCRYPTED_DATA]),
            &element(CONTEXT_0, &[&encrypted]),
        ],
    );
    let as_data = |content: &[u8]| {
        let octets = element(OCTETS, &[content]);
        element(SEQUENCE, &[&data, &element(CONTEXT_0, &[&octets])])
    };
    let keys = element(SEQUENCE, &[&bag(2, key, &id)]);
    let safe = element(SEQUENCE, &[&encrypted, &as_data(&keys)]);

    let salt = make_random::<16>();
    let iterations = NonZeroU32::new(ITERATIONS).ok_or(FAILED)?;
    let mac = pkcs12_mac(
        FileDigest::Sha256,
        &bmp(passphrase),
        &salt,
        iterations,
        &safe,
    );
    let digest = element(
        SEQUENCE,
        &[&element(OID, &[SHA2, &[1]]), &element(0x05, &[])],
    );
    let digest = element(SEQUENCE, &[&digest, &element(OCTETS, &[&mac])]);
    // Three octets, the first below 0x80.
    let count = element(INTEGER, &[&ITERATIONS.to_be_bytes()[1..]]);
    let mac_data = element(SEQUENCE, &[&digest, &element(OCTETS, &[&salt]), &count]);
    Ok(element(
        SEQUENCE,
        &[&element(INTEGER, &[&[3]]), &as_data(&safe), &mac_data],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each may ask for ten million rounds.
    #[test]
    fn encrypted_parts_are_bounded() {
        let (parameters, ciphertext) = encrypt_pbes2(b"x", &element(SEQUENCE, &[])).unwrap();
        let algorithm = EncryptionScheme::from(parameters).to_der().unwrap();
        let content = |kind: &[u8], content: &[u8]| {
            let tagged = element(CONTEXT_0, &[content]);
            element(SEQUENCE, &[&element(OID, &[kind]), &tagged])
        };
        let info = [
            element(OID, &[DATA]),
            algorithm,
            element(0x80, &[&ciphertext]),
        ];
        let info = element(SEQUENCE, &[&info.concat()]);
        let part = element(SEQUENCE, &[&element(INTEGER, &[&[0]]), &info]);
        let part = content(ENCRYPTED_DATA, &part);
        let file = |count: usize| {
            let safe = element(SEQUENCE, &[&part.repeat(count)]);
            let mac = pkcs12_mac(
                FileDigest::Sha256,
                &bmp("x"),
                b"salt",
                NonZeroU32::MIN,
                &safe,
            );
            let hash = element(SEQUENCE, &[&element(OID, &[SHA2, &[1]])]);
            let info = element(SEQUENCE, &[&hash, &element(OCTETS, &[&mac])]);
            let mac = element(SEQUENCE, &[&info, &element(OCTETS, &[b"salt"])]);
            let safe = content(DATA, &element(OCTETS, &[&safe]));
            element(SEQUENCE, &[&element(INTEGER, &[&[3]]), &safe, &mac])
        };
        let why = |count| read(&file(count), "x").map(drop).unwrap_err();
        assert_eq!(why(8), malformed("it holds no private key"));
        assert_eq!(why(9), malformed("it holds more than 8 encrypted parts"));
    }
}
