//! Private keys: RSA, ECDSA and ECDH, Ed25519.
//!
//! A key lies encrypted in memory ([`Shielded`]) and is parsed for each use;
//! the library wipes what it frees. For the NIST curves one key signs or
//! agrees, as its certificate allows.
#![cfg_attr(not(feature = "smime"), allow(dead_code))] // OpenPGP needs RSA only

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
#[cfg(test)]
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use aws_lc_rs::{agreement, digest as hash, signature};
use zeroize::Zeroizing;

use super::super::{DigestAlgorithm, SignatureScheme};
pub(crate) use super::public::{CryptoError, KeyKind, OaepDigest};
use super::public::{Named, agree_with, agreement_of, hash_of, kind_of, named, tlv};
use super::shield::Shielded;

/// Why a private key was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyRejected {
    #[error("it is no private key of that form, or its parts do not fit together")]
    Malformed,
    #[error("RSA needs 2048 bits")]
    Weak,
    #[error("its algorithm is not supported")]
    Unsupported,
}

/// A private key. Cloning shares it.
#[derive(Clone)]
pub(crate) struct PrivateKey(Arc<Inner>);

struct Inner {
    kind: KeyKind,
    spki: Vec<u8>,
    pkcs8: Shielded,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

/// Why the library took no RSA key: it says "TooSmall" and no more.
fn rsa_rejected(pkcs1: Option<&[u8]>) -> KeyRejected {
    let modulus = || {
        let outer = tlv(pkcs1?)?;
        let version = tlv(outer.value)?;
        tlv(version.rest).map(|n| n.value.len())
    };
    match modulus() {
        Some(octets) if octets < 256 => KeyRejected::Weak,
        _ => KeyRejected::Malformed,
    }
}

fn ecdsa(kind: KeyKind) -> Option<(&'static signature::EcdsaSigningAlgorithm, usize)> {
    match kind {
        KeyKind::P256 => Some((&signature::ECDSA_P256_SHA256_ASN1_SIGNING, 32)),
        KeyKind::P384 => Some((&signature::ECDSA_P384_SHA384_ASN1_SIGNING, 48)),
        KeyKind::P521 => Some((&signature::ECDSA_P521_SHA512_ASN1_SIGNING, 64)),
        KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
    }
}

impl PrivateKey {
    fn new(spki: &[u8], pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        let kind = kind_of(spki).map_err(|_| KeyRejected::Unsupported)?;
        Ok(Self(Arc::new(Inner {
            kind,
            spki: spki.to_vec(),
            pkcs8: Shielded::new(pkcs8),
        })))
    }

    /// From a PKCS#8 PrivateKeyInfo (RFC 5208, 5958): RSA of at least 2048
    /// bits, P-256, P-384, P-521, Ed25519.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, KeyRejected> {
        let malformed = KeyRejected::Malformed;
        let outer = tlv(der).filter(|t| t.tag == 0x30).ok_or(malformed)?;
        let version = tlv(outer.value).filter(|t| t.tag == 2).ok_or(malformed)?;
        let algorithm = tlv(version.rest)
            .filter(|t| t.tag == 0x30)
            .ok_or(malformed)?;
        match named(algorithm.value).ok_or(KeyRejected::Unsupported)? {
            Named::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(der)
                    .map_err(|_| rsa_rejected(tlv(algorithm.rest).map(|key| key.value)))?;
                Self::from_rsa(&pair)
            }
            Named::Ec(kind) => {
                let (algorithm, _) = ecdsa(kind).ok_or(KeyRejected::Unsupported)?;
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, der).map_err(|_| malformed)?;
                Self::from_ecdsa(&pair)
            }
            Named::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| malformed)?;
                Self::from_ed25519(&pair)
            }
        }
    }

    #[cfg(any(test, feature = "pgp"))]
    /// From an RSAPrivateKey (RFC 8017 appendix A.1.2) of at least 2048 bits.
    pub(crate) fn from_rsa_pkcs1(der: &[u8]) -> Result<Self, KeyRejected> {
        let pair = RsaKeyPair::from_der(der).map_err(|_| rsa_rejected(Some(der)))?;
        Self::from_rsa(&pair)
    }

    #[cfg(test)]
    /// From a scalar, big-endian, and its public point, uncompressed.
    pub(crate) fn from_ec(
        kind: KeyKind,
        scalar: &[u8],
        public_point: &[u8],
    ) -> Result<Self, KeyRejected> {
        let (algorithm, _) = ecdsa(kind).ok_or(KeyRejected::Unsupported)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, public_point)
            .map_err(|_| KeyRejected::Malformed)?;
        Self::from_ecdsa(&pair)
    }

    fn from_rsa(pair: &RsaKeyPair) -> Result<Self, KeyRejected> {
        let spki: PublicKeyX509Der<'_> = pair
            .public_key()
            .as_der()
            .map_err(|_| KeyRejected::Malformed)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyRejected::Malformed)?;
        Self::new(spki.as_ref(), pkcs8.as_ref())
    }

    fn from_ecdsa(pair: &EcdsaKeyPair) -> Result<Self, KeyRejected> {
        let spki: PublicKeyX509Der<'_> = pair
            .public_key()
            .as_der()
            .map_err(|_| KeyRejected::Malformed)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyRejected::Malformed)?;
        Self::new(spki.as_ref(), pkcs8.as_ref())
    }

    fn from_ed25519(pair: &Ed25519KeyPair) -> Result<Self, KeyRejected> {
        let spki: PublicKeyX509Der<'_> = pair
            .public_key()
            .as_der()
            .map_err(|_| KeyRejected::Malformed)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyRejected::Malformed)?;
        Self::new(spki.as_ref(), pkcs8.as_ref())
    }

    #[cfg(test)]
    /// A new key. RSA: 2048, 3072, 4096 or 8192 bits.
    pub(crate) fn make(kind: KeyKind) -> Result<Self, CryptoError> {
        let made = match kind {
            KeyKind::Rsa { bits } => {
                let size = match bits {
                    2048 => KeySize::Rsa2048,
                    3072 => KeySize::Rsa3072,
                    4096 => KeySize::Rsa4096,
                    8192 => KeySize::Rsa8192,
                    _ => return Err(CryptoError),
                };
                Self::from_rsa(&RsaKeyPair::generate(size).map_err(|_| CryptoError)?)
            }
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => {
                let (algorithm, _) = ecdsa(kind).ok_or(CryptoError)?;
                Self::from_ecdsa(&EcdsaKeyPair::generate(algorithm).map_err(|_| CryptoError)?)
            }
            KeyKind::Ed25519 => {
                Self::from_ed25519(&Ed25519KeyPair::generate().map_err(|_| CryptoError)?)
            }
        };
        made.map_err(|_| CryptoError)
    }

    /// The public key as DER SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// The key as a PKCS#8 PrivateKeyInfo, in clear: for a key file that is
    /// encrypted at once.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.0.pkcs8.open().map_err(|_| CryptoError)
    }

    /// Signs a digest; under [`SignatureScheme::Ed25519`] the digest is the
    /// message.
    pub(crate) fn sign_digest(
        &self,
        scheme: SignatureScheme,
        digest: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        let import = |algorithm, digest: &[u8]| {
            hash::Digest::import_less_safe(digest, algorithm).map_err(|_| CryptoError)
        };
        match (self.kind(), scheme) {
            (KeyKind::Rsa { .. }, SignatureScheme::RsaPkcs1(d) | SignatureScheme::RsaPss(d)) => {
                let pss = matches!(scheme, SignatureScheme::RsaPss(_));
                let encoding: &'static dyn signature::RsaEncoding = match (pss, d) {
                    (false, Sha256) => &signature::RSA_PKCS1_SHA256,
                    (false, Sha384) => &signature::RSA_PKCS1_SHA384,
                    (false, Sha512) => &signature::RSA_PKCS1_SHA512,
                    (true, Sha256) => &signature::RSA_PSS_SHA256,
                    (true, Sha384) => &signature::RSA_PSS_SHA384,
                    (true, Sha512) => &signature::RSA_PSS_SHA512,
                };
                let digest = import(hash_of(d), digest)?;
                let pair = RsaKeyPair::from_pkcs8(&self.to_pkcs8()?).map_err(|_| CryptoError)?;
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign_digest(encoding, &digest, &mut out)
                    .map_err(|_| CryptoError)?;
                Ok(out)
            }
            (kind, SignatureScheme::Ecdsa(d)) => {
                let (algorithm, width) = ecdsa(kind).ok_or(CryptoError)?;
                // The right length for the digest that was named.
                import(hash_of(d), digest)?;
                let fitted = fit(digest, width);
                let carrier = match kind {
                    KeyKind::P256 => &hash::SHA256,
                    KeyKind::P384 => &hash::SHA384,
                    _ => &hash::SHA512,
                };
                let digest = import(carrier, &fitted)?;
                let pair = EcdsaKeyPair::from_pkcs8(algorithm, &self.to_pkcs8()?)
                    .map_err(|_| CryptoError)?;
                let made = pair.sign_digest(&digest).map_err(|_| CryptoError)?;
                Ok(made.as_ref().to_vec())
            }
            (KeyKind::Ed25519, SignatureScheme::Ed25519) => {
                let pair =
                    Ed25519KeyPair::from_pkcs8(&self.to_pkcs8()?).map_err(|_| CryptoError)?;
                let made = pair.try_sign(digest).map_err(|_| CryptoError)?;
                Ok(made.as_ref().to_vec())
            }
            _ => Err(CryptoError),
        }
    }

    fn decrypting(&self) -> Result<PrivateDecryptingKey, CryptoError> {
        match self.kind() {
            KeyKind::Rsa { .. } => {
                PrivateDecryptingKey::from_pkcs8(&self.to_pkcs8()?).map_err(|_| CryptoError)
            }
            _ => Err(CryptoError),
        }
    }

    /// RSAES-OAEP with an empty label, MGF1 with the same digest.
    pub(crate) fn decrypt_oaep(
        &self,
        digest: OaepDigest,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = OaepPrivateDecryptingKey::new(self.decrypting()?).map_err(|_| CryptoError)?;
        let mut out = Zeroizing::new(vec![0; key.min_output_size()]);
        let length = key
            .decrypt(digest.algorithm(), ciphertext, &mut out, None)
            .map_err(|_| CryptoError)?
            .len();
        out.truncate(length);
        Ok(out)
    }

    /// RSAES-PKCS1-v1_5.
    ///
    /// Success or failure is an oracle (RFC 3218): the caller goes on with a
    /// random key on failure, and gives one error for everything.
    pub(crate) fn decrypt_pkcs1(
        &self,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = Pkcs1PrivateDecryptingKey::new(self.decrypting()?).map_err(|_| CryptoError)?;
        let mut out = Zeroizing::new(vec![0; key.min_output_size()]);
        let length = key
            .decrypt(ciphertext, &mut out)
            .map_err(|_| CryptoError)?
            .len();
        out.truncate(length);
        Ok(out)
    }

    /// ECDH (SP 800-56A section 5.7.1.2) with a point of the same curve.
    pub(crate) fn agree(&self, peer_point: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let algorithm = agreement_of(self.kind()).ok_or(CryptoError)?;
        let key = agreement::PrivateKey::from_private_key_der(algorithm, &self.to_pkcs8()?)
            .map_err(|_| CryptoError)?;
        agree_with(&key, algorithm, peer_point)
    }
}

/// A digest at the width that the library signs with on a curve, the same
/// number (FIPS 186-5 section 6.4.1): its leftmost bits, or zeros before it.
/// P-521 takes 64 octets whole.
fn fit(digest: &[u8], width: usize) -> Vec<u8> {
    if digest.len() >= width {
        return digest[..width].to_vec();
    }
    let mut out = vec![0; width - digest.len()];
    out.extend_from_slice(digest);
    out
}

#[cfg(test)]
mod tests {
    use super::super::public::{
        agree_ephemeral, digest, encrypt_oaep, encrypt_pkcs1, verify_digest,
    };
    use super::*;

    const DIGESTS: [DigestAlgorithm; 3] = [
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
    ];

    #[test]
    fn what_is_signed_verifies_under_every_digest() -> Result<(), CryptoError> {
        let rsa = PrivateKey::make(KeyKind::Rsa { bits: 2048 })?;
        for d in DIGESTS {
            let hash = digest(d, &[b"one", b"two"]);
            let mut cases = vec![
                (rsa.clone(), SignatureScheme::RsaPkcs1(d)),
                (rsa.clone(), SignatureScheme::RsaPss(d)),
            ];
            for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521] {
                cases.push((PrivateKey::make(kind)?, SignatureScheme::Ecdsa(d)));
            }
            for (key, scheme) in cases {
                let made = key.sign_digest(scheme, &hash)?;
                verify_digest(key.spki(), scheme, &hash, &made)?;
                let mut other = hash.clone();
                other[0] ^= 1;
                assert!(verify_digest(key.spki(), scheme, &other, &made).is_err());
                assert!(key.sign_digest(scheme, &hash[1..]).is_err());
                assert!(key.sign_digest(SignatureScheme::Ed25519, &hash).is_err());
            }
        }
        let key = PrivateKey::make(KeyKind::Ed25519)?;
        let made = key.sign_digest(SignatureScheme::Ed25519, b"message")?;
        verify_digest(key.spki(), SignatureScheme::Ed25519, b"message", &made)?;
        assert!(verify_digest(key.spki(), SignatureScheme::Ed25519, b"massage", &made).is_err());
        Ok(())
    }

    #[test]
    fn what_is_encrypted_to_a_key_it_opens() -> Result<(), CryptoError> {
        let rsa = PrivateKey::make(KeyKind::Rsa { bits: 2048 })?;
        for d in [
            OaepDigest::Sha1,
            OaepDigest::Sha256,
            OaepDigest::Sha384,
            OaepDigest::Sha512,
        ] {
            let sealed = encrypt_oaep(rsa.spki(), d, b"content key")?;
            assert_eq!(rsa.decrypt_oaep(d, &sealed)?.as_slice(), b"content key");
            assert!(encrypt_oaep(rsa.spki(), d, &[0; 256]).is_err());
        }
        let sealed = encrypt_oaep(rsa.spki(), OaepDigest::Sha256, b"content key")?;
        assert!(rsa.decrypt_oaep(OaepDigest::Sha1, &sealed).is_err());
        let sealed = encrypt_pkcs1(rsa.spki(), b"content key")?;
        assert_eq!(rsa.decrypt_pkcs1(&sealed)?.as_slice(), b"content key");
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521] {
            let key = PrivateKey::make(kind)?;
            let (point, secret) = agree_ephemeral(key.spki())?;
            assert_eq!(key.agree(&point)?, secret);
            let mut off = point.clone();
            if let Some(last) = off.last_mut() {
                *last ^= 1;
            }
            assert!(key.agree(&off).is_err());
            // A point, and no other form that the library takes.
            let other = PrivateKey::make(kind)?;
            assert!(key.agree(other.spki()).is_err());
            assert!(encrypt_oaep(key.spki(), OaepDigest::Sha256, b"x").is_err());
        }
        assert!(agree_ephemeral(rsa.spki()).is_err());
        Ok(())
    }

    #[test]
    fn a_key_survives_its_own_encoding_and_shows_nothing() -> Result<(), CryptoError> {
        for kind in [
            KeyKind::Rsa { bits: 2048 },
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::P521,
            KeyKind::Ed25519,
        ] {
            let key = PrivateKey::make(kind)?;
            let again = PrivateKey::from_pkcs8(&key.to_pkcs8()?).map_err(|_| CryptoError)?;
            assert_eq!(again.spki(), key.spki());
            assert_eq!(again.kind(), kind);
            assert_eq!(format!("{key:?}"), "PrivateKey(***)");
        }
        assert_eq!(
            PrivateKey::from_pkcs8(b"").err(),
            Some(KeyRejected::Malformed)
        );
        Ok(())
    }
}
