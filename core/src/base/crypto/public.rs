//! Public keys: verifying, encrypting, agreeing.
use aws_lc_rs::rsa::{
    self, OaepAlgorithm, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::{agreement, signature};
use zeroize::Zeroizing;

use super::private::KeyKind;
use crate::base::{DigestAlgorithm, SignatureScheme};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("crypto")]
pub(crate) struct CryptoError;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OaepDigest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}
impl OaepDigest {
    pub(super) fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha1 => &rsa::OAEP_SHA1_MGF1SHA1,
            Self::Sha256 => &rsa::OAEP_SHA256_MGF1SHA256,
            Self::Sha384 => &rsa::OAEP_SHA384_MGF1SHA384,
            Self::Sha512 => &rsa::OAEP_SHA512_MGF1SHA512,
        }
    }
}
pub(super) fn ecdh(kind: KeyKind) -> Result<&'static agreement::Algorithm, CryptoError> {
    match kind {
        KeyKind::P256 => Ok(&agreement::ECDH_P256),
        KeyKind::P384 => Ok(&agreement::ECDH_P384),
        KeyKind::P521 => Ok(&agreement::ECDH_P521),
        _ => Err(CryptoError),
    }
}
fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}
pub(crate) fn kind_of(spki: &[u8]) -> Result<KeyKind, CryptoError> {
    let head = &spki[..spki.len().min(40)];
    if find(head, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]) {
        Ok(KeyKind::P256)
    } else if find(head, &[0x2b, 0x81, 4, 0, 0x22]) {
        Ok(KeyKind::P384)
    } else if find(head, &[0x2b, 0x81, 4, 0, 0x23]) {
        Ok(KeyKind::P521)
    } else if find(head, &[0x2b, 0x65, 0x70]) {
        Ok(KeyKind::Ed25519)
    } else if let Ok(k) = PublicEncryptingKey::from_der(spki) {
        Ok(KeyKind::Rsa {
            bits: k.key_size_bits(),
        })
    } else if find(head, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]) {
        Ok(KeyKind::Rsa { bits: 1024 })
    } else {
        Err(CryptoError)
    }
}
fn hash(d: DigestAlgorithm) -> &'static aws_lc_rs::digest::Algorithm {
    match d {
        DigestAlgorithm::Sha256 => &aws_lc_rs::digest::SHA256,
        DigestAlgorithm::Sha384 => &aws_lc_rs::digest::SHA384,
        DigestAlgorithm::Sha512 => &aws_lc_rs::digest::SHA512,
    }
}
pub(super) fn digest_of(
    d: DigestAlgorithm,
    bytes: &[u8],
) -> Result<aws_lc_rs::digest::Digest, CryptoError> {
    aws_lc_rs::digest::Digest::import_less_safe(bytes, hash(d)).map_err(|_| CryptoError)
}
pub(crate) fn verify_digest(
    spki: &[u8],
    scheme: SignatureScheme,
    digest: &[u8],
    sig: &[u8],
) -> Result<(), CryptoError> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    use signature as s;
    let alg: &'static dyn s::VerificationAlgorithm = match (scheme, kind_of(spki)?) {
        (SignatureScheme::Ed25519, KeyKind::Ed25519) => {
            return s::UnparsedPublicKey::new(&s::ED25519, spki)
                .verify(digest, sig)
                .map_err(|_| CryptoError);
        }
        (SignatureScheme::RsaPkcs1(Sha256), KeyKind::Rsa { .. }) => &s::RSA_PKCS1_2048_8192_SHA256,
        (SignatureScheme::RsaPkcs1(Sha384), KeyKind::Rsa { .. }) => &s::RSA_PKCS1_2048_8192_SHA384,
        (SignatureScheme::RsaPkcs1(Sha512), KeyKind::Rsa { .. }) => &s::RSA_PKCS1_2048_8192_SHA512,
        (SignatureScheme::RsaPss(Sha256), KeyKind::Rsa { .. }) => &s::RSA_PSS_2048_8192_SHA256,
        (SignatureScheme::RsaPss(Sha384), KeyKind::Rsa { .. }) => &s::RSA_PSS_2048_8192_SHA384,
        (SignatureScheme::RsaPss(Sha512), KeyKind::Rsa { .. }) => &s::RSA_PSS_2048_8192_SHA512,
        (SignatureScheme::Ecdsa(Sha256), KeyKind::P256) => &s::ECDSA_P256_SHA256_ASN1,
        (SignatureScheme::Ecdsa(Sha384), KeyKind::P384) => &s::ECDSA_P384_SHA384_ASN1,
        (SignatureScheme::Ecdsa(Sha512), KeyKind::P521) => &s::ECDSA_P521_SHA512_ASN1,
        (SignatureScheme::Ecdsa(Sha256), KeyKind::P384) => &s::ECDSA_P384_SHA256_ASN1,
        (SignatureScheme::Ecdsa(Sha256), KeyKind::P521) => &s::ECDSA_P521_SHA256_ASN1,
        _ => return Err(CryptoError),
    };
    let d = digest_of(scheme.digest().ok_or(CryptoError)?, digest)?;
    s::UnparsedPublicKey::new(alg, spki)
        .verify_digest(&d, sig)
        .map_err(|_| CryptoError)
}
pub(crate) fn encrypt_oaep(
    spki: &[u8],
    digest: OaepDigest,
    message: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let k = PublicEncryptingKey::from_der(spki).map_err(|_| CryptoError)?;
    let k = OaepPublicEncryptingKey::new(k).map_err(|_| CryptoError)?;
    let mut out = vec![0; k.ciphertext_size()];
    k.encrypt(digest.algorithm(), message, &mut out, None)
        .map_err(|_| CryptoError)?;
    Ok(out)
}
pub(crate) fn encrypt_pkcs1(spki: &[u8], message: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let k = PublicEncryptingKey::from_der(spki).map_err(|_| CryptoError)?;
    let k = Pkcs1PublicEncryptingKey::new(k).map_err(|_| CryptoError)?;
    let mut out = vec![0; k.ciphertext_size()];
    k.encrypt(message, &mut out).map_err(|_| CryptoError)?;
    Ok(out)
}
pub(crate) fn agree_ephemeral(spki: &[u8]) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), CryptoError> {
    let alg = ecdh(kind_of(spki)?)?;
    let k = agreement::PrivateKey::generate(alg).map_err(|_| CryptoError)?;
    let point = k.compute_public_key().map_err(|_| CryptoError)?;
    let secret = agreement::agree(
        &k,
        agreement::UnparsedPublicKey::new(alg, spki),
        CryptoError,
        |s| Ok(Zeroizing::new(s.to_vec())),
    )?;
    Ok((point.as_ref().to_vec(), secret))
}
pub(crate) fn digest(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut c = aws_lc_rs::digest::Context::new(hash(algorithm));
    for p in parts {
        c.update(p);
    }
    c.finish().as_ref().to_vec()
}
