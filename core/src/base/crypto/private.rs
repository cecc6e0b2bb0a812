//! Private keys: RSA, ECDSA and ECDH, Ed25519.
use std::sync::Arc;

use aws_lc_rs::rsa::{
    KeyPair, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _};
use aws_lc_rs::{agreement, encoding::AsDer, signature};
use zeroize::Zeroizing;

use super::public::{CryptoError, OaepDigest, digest_of};
use crate::base::{DigestAlgorithm, SignatureScheme};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa { bits: usize },
    P256,
    P384,
    P521,
    Ed25519,
}
#[derive(Debug)]
pub(crate) struct KeyRejected;
struct Inner {
    pkcs8: Zeroizing<Vec<u8>>,
    spki: Vec<u8>,
    kind: KeyKind,
}
#[derive(Clone)]
pub(crate) struct PrivateKey(Arc<Inner>);
impl PrivateKey {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, KeyRejected> {
        let done = |spki: Vec<u8>, kind| {
            Ok(Self(Arc::new(Inner {
                pkcs8: der.to_vec().into(),
                spki,
                kind,
            })))
        };
        if let Ok(k) = KeyPair::from_pkcs8(der) {
            let bits = k.public_modulus_len() * 8;
            let spki = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(k.public_key())
                .map_err(|_| KeyRejected)?;
            return done(spki.as_ref().to_vec(), KeyKind::Rsa { bits });
        }
        for (alg, kind) in [
            (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, KeyKind::P256),
            (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, KeyKind::P384),
            (&signature::ECDSA_P521_SHA512_ASN1_SIGNING, KeyKind::P521),
        ] {
            if let Ok(k) = EcdsaKeyPair::from_pkcs8(alg, der) {
                let spki =
                    AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(k.public_key())
                        .map_err(|_| KeyRejected)?;
                return done(spki.as_ref().to_vec(), kind);
            }
        }
        Err(KeyRejected)
    }
    pub(crate) fn spki(&self) -> &[u8] {
        &self.0.spki
    }
    pub(crate) fn kind(&self) -> KeyKind {
        self.0.kind
    }
    pub(crate) fn sign_digest(
        &self,
        scheme: SignatureScheme,
        digest: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let d = scheme.digest().ok_or(CryptoError)?;
        let dg = digest_of(d, digest)?;
        match scheme {
            SignatureScheme::RsaPkcs1(_) | SignatureScheme::RsaPss(_) => {
                let k = KeyPair::from_pkcs8(&self.0.pkcs8).map_err(|_| CryptoError)?;
                let enc: &'static dyn signature::RsaEncoding = match scheme {
                    SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256) => {
                        &signature::RSA_PKCS1_SHA256
                    }
                    SignatureScheme::RsaPss(DigestAlgorithm::Sha256) => &signature::RSA_PSS_SHA256,
                    _ => return Err(CryptoError),
                };
                let mut out = vec![0; k.public_modulus_len()];
                k.sign_digest(enc, &dg, &mut out).map_err(|_| CryptoError)?;
                Ok(out)
            }
            SignatureScheme::Ecdsa(_) => {
                let alg = match self.0.kind {
                    KeyKind::P256 => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
                    KeyKind::P384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
                    KeyKind::P521 => &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
                    _ => return Err(CryptoError),
                };
                let k = EcdsaKeyPair::from_pkcs8(alg, &self.0.pkcs8).map_err(|_| CryptoError)?;
                Ok(k.sign_digest(&dg)
                    .map_err(|_| CryptoError)?
                    .as_ref()
                    .to_vec())
            }
            SignatureScheme::Ed25519 => Err(CryptoError),
        }
    }
    pub(crate) fn decrypt_oaep(
        &self,
        digest: OaepDigest,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let k = PrivateDecryptingKey::from_pkcs8(&self.0.pkcs8).map_err(|_| CryptoError)?;
        let k = OaepPrivateDecryptingKey::new(k).map_err(|_| CryptoError)?;
        let mut out = Zeroizing::new(vec![0; k.min_output_size()]);
        let n = k
            .decrypt(digest.algorithm(), ciphertext, &mut out, None)
            .map_err(|_| CryptoError)?
            .len();
        out.truncate(n);
        Ok(out)
    }
    pub(crate) fn decrypt_pkcs1(
        &self,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let k = PrivateDecryptingKey::from_pkcs8(&self.0.pkcs8).map_err(|_| CryptoError)?;
        let k = Pkcs1PrivateDecryptingKey::new(k).map_err(|_| CryptoError)?;
        let mut out = Zeroizing::new(vec![0; k.min_output_size()]);
        let n = k
            .decrypt(ciphertext, &mut out)
            .map_err(|_| CryptoError)?
            .len();
        out.truncate(n);
        Ok(out)
    }
    pub(crate) fn agree(&self, peer_point: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let alg = super::public::ecdh(self.0.kind)?;
        let k = agreement::PrivateKey::from_private_key_der(alg, &self.0.pkcs8)
            .map_err(|_| CryptoError)?;
        agreement::agree(
            &k,
            agreement::UnparsedPublicKey::new(alg, peer_point),
            CryptoError,
            |s| Ok(Zeroizing::new(s.to_vec())),
        )
    }
}
