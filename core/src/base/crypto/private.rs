//! Private keys: RSA, ECDSA and ECDH, Ed25519.
// Stands in until the whole file lands: RSA from PKCS#1 alone.

use std::fmt;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::rsa::{KeyPair, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
use zeroize::Zeroizing;

use crate::base::{DigestAlgorithm, SignatureScheme};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CryptoError;

pub(crate) struct PrivateKey {
    signing: KeyPair,
    decrypting: Pkcs1PrivateDecryptingKey,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

impl PrivateKey {
    pub(crate) fn from_rsa_pkcs1(der: &[u8]) -> Result<Self, CryptoError> {
        let signing = KeyPair::from_der(der).map_err(|_| CryptoError)?;
        let mut pkcs8 = Zeroizing::new(Vec::with_capacity(der.len() + 64));
        let length = |out: &mut Vec<u8>, n: usize| {
            out.push(0x82);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        };
        pkcs8.push(0x30);
        length(&mut pkcs8, der.len() + 22);
        pkcs8.extend_from_slice(&[2, 1, 0, 0x30, 0x0d]);
        pkcs8.extend_from_slice(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0, 4]);
        length(&mut pkcs8, der.len());
        pkcs8.extend_from_slice(der);
        let decrypting = PrivateDecryptingKey::from_pkcs8(&pkcs8).map_err(|_| CryptoError)?;
        let decrypting = Pkcs1PrivateDecryptingKey::new(decrypting).map_err(|_| CryptoError)?;
        Ok(Self {
            signing,
            decrypting,
        })
    }

    pub(crate) fn sign_digest(
        &self,
        scheme: SignatureScheme,
        value: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let SignatureScheme::RsaPkcs1(algorithm) = scheme else {
            return Err(CryptoError);
        };
        let (padding, hash) = match algorithm {
            DigestAlgorithm::Sha256 => (&RSA_PKCS1_SHA256, &digest::SHA256),
            DigestAlgorithm::Sha384 => (&RSA_PKCS1_SHA384, &digest::SHA384),
            DigestAlgorithm::Sha512 => (&RSA_PKCS1_SHA512, &digest::SHA512),
        };
        let value = Digest::import_less_safe(value, hash).map_err(|_| CryptoError)?;
        let mut out = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign_digest(padding, &value, &mut out)
            .map_err(|_| CryptoError)?;
        Ok(out)
    }

    pub(crate) fn decrypt_pkcs1(&self, c: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut out = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        let length = self
            .decrypting
            .decrypt(c, &mut out)
            .map_err(|_| CryptoError)?
            .len();
        out.truncate(length);
        Ok(out)
    }
}
