//! Public keys: verifying, encrypting, agreeing.
//!
//! A public key is a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of RSA
//! with 2048 to 8192 bits, of the NIST curves P-256, P-384 and P-521 (RFC 5480)
//! or of Ed25519 (RFC 8410). The library checks each point to be on its curve.
#![cfg_attr(not(feature = "smime"), allow(dead_code))] // OpenPGP needs RSA only

use aws_lc_rs::digest as hash;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::{agreement, signature};
use zeroize::Zeroizing;

use super::super::{DigestAlgorithm, SignatureScheme};

/// An operation with a key failed. It carries no more: what differs would tell
/// an attacker who sends variants (RFC 3218).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operation with the key failed")]
pub(crate) struct CryptoError;

/// The algorithm of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa { bits: usize },
    P256,
    P384,
    P521,
    Ed25519,
}

/// The hash of RSAES-OAEP (RFC 8017 section 7.1) and of its MGF1; the label is
/// empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OaepDigest {
    /// The default of RFC 4055, which most old senders leave in place. OAEP
    /// does not rest on collision resistance.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl OaepDigest {
    pub(super) fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &OAEP_SHA256_MGF1SHA256,
            Self::Sha384 => &OAEP_SHA384_MGF1SHA384,
            Self::Sha512 => &OAEP_SHA512_MGF1SHA512,
        }
    }

    const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const OID_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OID: u8 = 0x06;

/// One DER element: its tag, its value, itself whole, and what follows.
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
    pub(crate) whole: &'a [u8],
    pub(crate) rest: &'a [u8],
}

/// Reads one DER element with a definite length and a one-octet tag: what is
/// needed to cut signed parts out of their encoding as they were signed.
pub(crate) fn tlv(input: &[u8]) -> Option<Tlv<'_>> {
    let (&tag, after) = input.split_first()?;
    let (&first, mut after) = after.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let octets = usize::from(first & 0x7f);
        if octets == 0 || octets > 4 || after.len() < octets {
            return None;
        }
        let (head, tail) = after.split_at(octets);
        after = tail;
        let length = head.iter().fold(0usize, |l, &b| (l << 8) | usize::from(b));
        // DER: the shortest form only.
        if length < 0x80 || head[0] == 0 {
            return None;
        }
        length
    };
    if after.len() < length {
        return None;
    }
    let (value, rest) = after.split_at(length);
    Some(Tlv {
        tag,
        value,
        whole: &input[..input.len() - rest.len()],
        rest,
    })
}

fn element(input: &[u8], tag: u8) -> Option<Tlv<'_>> {
    tlv(input).filter(|t| t.tag == tag)
}

/// What an AlgorithmIdentifier's value names.
pub(super) enum Named {
    Rsa,
    Ec(KeyKind),
    Ed25519,
}

/// Reads an AlgorithmIdentifier's value.
pub(super) fn named(algorithm: &[u8]) -> Option<Named> {
    let oid = element(algorithm, OID)?;
    match oid.value {
        OID_RSA => Some(Named::Rsa),
        OID_ED25519 => Some(Named::Ed25519),
        OID_EC => match element(oid.rest, OID)?.value {
            OID_P256 => Some(Named::Ec(KeyKind::P256)),
            OID_P384 => Some(Named::Ec(KeyKind::P384)),
            OID_P521 => Some(Named::Ec(KeyKind::P521)),
            _ => None,
        },
        _ => None,
    }
}

/// The algorithm identifier's value and the key's octets.
fn split(spki: &[u8]) -> Option<(&[u8], &[u8])> {
    let outer = element(spki, SEQUENCE).filter(|t| t.rest.is_empty())?;
    let algorithm = element(outer.value, SEQUENCE)?;
    let key = element(algorithm.rest, BIT_STRING).filter(|t| t.rest.is_empty())?;
    // No unused bits.
    Some((algorithm.value, key.value.strip_prefix(&[0])?))
}

/// The algorithm of a public key; RSA keys of every length.
pub(crate) fn kind_of(spki: &[u8]) -> Result<KeyKind, CryptoError> {
    let (algorithm, key) = split(spki).ok_or(CryptoError)?;
    match named(algorithm).ok_or(CryptoError)? {
        Named::Ec(kind) => Ok(kind),
        Named::Ed25519 => Ok(KeyKind::Ed25519),
        Named::Rsa => rsa_bits(key)
            .map(|bits| KeyKind::Rsa { bits })
            .ok_or(CryptoError),
    }
}

/// The point of a key on a curve, as it is encoded.
pub(crate) fn point_of(spki: &[u8]) -> Option<&[u8]> {
    let (algorithm, point) = split(spki)?;
    matches!(named(algorithm)?, Named::Ec(_)).then_some(point)
}

/// The length of the modulus of an RSAPublicKey.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let modulus = element(element(key, SEQUENCE)?.value, INTEGER)?.value;
    let modulus = match modulus {
        [0, rest @ ..] => rest,
        whole => whole,
    };
    let first = modulus.first().filter(|&&b| b != 0)?;
    Some(modulus.len() * 8 - first.leading_zeros() as usize)
}

/// The digest of the concatenation of `parts`.
pub(crate) fn digest(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hash::Context::new(hash_of(algorithm));
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

pub(super) fn hash_of(algorithm: DigestAlgorithm) -> &'static hash::Algorithm {
    match algorithm {
        DigestAlgorithm::Sha256 => &hash::SHA256,
        DigestAlgorithm::Sha384 => &hash::SHA384,
        DigestAlgorithm::Sha512 => &hash::SHA512,
    }
}

fn verification(
    kind: KeyKind,
    scheme: SignatureScheme,
) -> Option<&'static dyn signature::VerificationAlgorithm> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    use SignatureScheme::{Ecdsa, RsaPkcs1, RsaPss};
    Some(match (kind, scheme) {
        (KeyKind::Rsa { .. }, RsaPkcs1(Sha256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (KeyKind::Rsa { .. }, RsaPkcs1(Sha384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (KeyKind::Rsa { .. }, RsaPkcs1(Sha512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (KeyKind::Rsa { .. }, RsaPss(Sha256)) => &signature::RSA_PSS_2048_8192_SHA256,
        (KeyKind::Rsa { .. }, RsaPss(Sha384)) => &signature::RSA_PSS_2048_8192_SHA384,
        (KeyKind::Rsa { .. }, RsaPss(Sha512)) => &signature::RSA_PSS_2048_8192_SHA512,
        (KeyKind::P256, Ecdsa(Sha256)) => &signature::ECDSA_P256_SHA256_ASN1,
        (KeyKind::P256, Ecdsa(Sha384)) => &signature::ECDSA_P256_SHA384_ASN1,
        (KeyKind::P256, Ecdsa(Sha512)) => &signature::ECDSA_P256_SHA512_ASN1,
        (KeyKind::P384, Ecdsa(Sha256)) => &signature::ECDSA_P384_SHA256_ASN1,
        (KeyKind::P384, Ecdsa(Sha384)) => &signature::ECDSA_P384_SHA384_ASN1,
        (KeyKind::P384, Ecdsa(Sha512)) => &signature::ECDSA_P384_SHA512_ASN1,
        (KeyKind::P521, Ecdsa(Sha256)) => &signature::ECDSA_P521_SHA256_ASN1,
        (KeyKind::P521, Ecdsa(Sha384)) => &signature::ECDSA_P521_SHA384_ASN1,
        (KeyKind::P521, Ecdsa(Sha512)) => &signature::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

/// Verifies a signature over a digest. Under [`SignatureScheme::Ed25519`] the
/// digest is the message.
pub(crate) fn verify_digest(
    spki: &[u8],
    scheme: SignatureScheme,
    digest: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    let kind = kind_of(spki)?;
    let Some(algorithm) = scheme.digest() else {
        return verify_message(spki, digest, signature);
    };
    let digest =
        hash::Digest::import_less_safe(digest, hash_of(algorithm)).map_err(|_| CryptoError)?;
    let verifier = verification(kind, scheme).ok_or(CryptoError)?;
    signature::UnparsedPublicKey::new(verifier, spki)
        .verify_digest(&digest, signature)
        .map_err(|_| CryptoError)
}

/// The y coordinates, little-endian, of Ed25519's points of order 1, 2, 4 and
/// 8, and those at or above the field's prime that mean the same.
const SMALL_ORDER: [[u8; 32]; 7] = {
    let mut one = [0; 32];
    one[0] = 1;
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    let (mut below, mut above) = (prime, prime);
    below[0] = 0xec;
    above[0] = 0xee;
    [
        [0; 32],
        one,
        below,
        prime,
        above,
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ]
};

/// Whether an Ed25519 key is a point under which one signature fits every
/// message, or one in a few. The library takes such keys, as RFC 8032 lets it.
fn has_small_order(point: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(point) else {
        return false;
    };
    // The sign of x.
    y[31] &= 0x7f;
    SMALL_ORDER.contains(&y)
}

/// Verifies pure Ed25519 over a message (RFC 8032; in CMS RFC 8419, in
/// certificates RFC 8410).
pub(crate) fn verify_message(
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), CryptoError> {
    let (_, point) = split(spki).ok_or(CryptoError)?;
    if kind_of(spki)? != KeyKind::Ed25519 || has_small_order(point) {
        return Err(CryptoError);
    }
    signature::UnparsedPublicKey::new(&signature::ED25519, spki)
        .verify(message, signature)
        .map_err(|_| CryptoError)
}

fn encrypting(spki: &[u8]) -> Result<PublicEncryptingKey, CryptoError> {
    match kind_of(spki)? {
        KeyKind::Rsa { .. } => PublicEncryptingKey::from_der(spki).map_err(|_| CryptoError),
        _ => Err(CryptoError),
    }
}

/// RSAES-OAEP.
pub(crate) fn encrypt_oaep(
    spki: &[u8],
    digest: OaepDigest,
    message: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let key = OaepPublicEncryptingKey::new(encrypting(spki)?).map_err(|_| CryptoError)?;
    if message.len() + 2 * digest.len() + 2 > key.key_size_bytes() {
        return Err(CryptoError);
    }
    let mut out = vec![0; key.ciphertext_size()];
    let length = key
        .encrypt(digest.algorithm(), message, &mut out, None)
        .map_err(|_| CryptoError)?
        .len();
    out.truncate(length);
    Ok(out)
}

/// RSAES-PKCS1-v1_5 (RFC 8017 section 7.2): disallowed by SP 800-131A, for
/// recipients whom the host names.
pub(crate) fn encrypt_pkcs1(spki: &[u8], message: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let key = Pkcs1PublicEncryptingKey::new(encrypting(spki)?).map_err(|_| CryptoError)?;
    if message.len() > key.max_plaintext_size() {
        return Err(CryptoError);
    }
    let mut out = vec![0; key.ciphertext_size()];
    let length = key
        .encrypt(message, &mut out)
        .map_err(|_| CryptoError)?
        .len();
    out.truncate(length);
    Ok(out)
}

pub(super) fn agreement_of(kind: KeyKind) -> Option<&'static agreement::Algorithm> {
    match kind {
        KeyKind::P256 => Some(&agreement::ECDH_P256),
        KeyKind::P384 => Some(&agreement::ECDH_P384),
        KeyKind::P521 => Some(&agreement::ECDH_P521),
        KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
    }
}

/// Agrees on a shared secret (SP 800-56A section 5.7.1.2, one pass) with a new
/// ephemeral key. Returns its public point, uncompressed, and the secret.
pub(crate) fn agree_ephemeral(spki: &[u8]) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), CryptoError> {
    let kind = kind_of(spki)?;
    let algorithm = agreement_of(kind).ok_or(CryptoError)?;
    let point = point_of(spki).ok_or(CryptoError)?;
    let ephemeral = agreement::PrivateKey::generate(algorithm).map_err(|_| CryptoError)?;
    let public = ephemeral.compute_public_key().map_err(|_| CryptoError)?;
    let secret = agree_with(&ephemeral, algorithm, point)?;
    Ok((public.as_ref().to_vec(), secret))
}

/// ECDH with a point in X9.62 form (RFC 5480 section 2.2), on the curve.
pub(super) fn agree_with(
    private: &agreement::PrivateKey,
    algorithm: &'static agreement::Algorithm,
    point: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    // The library also takes whole SubjectPublicKeyInfos and hybrid points.
    if !matches!(point.first(), Some(2..=4)) {
        return Err(CryptoError);
    }
    agreement::agree(
        private,
        agreement::UnparsedPublicKey::new(algorithm, point),
        CryptoError,
        |secret| Ok(Zeroizing::new(secret.to_vec())),
    )
}
