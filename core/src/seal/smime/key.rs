//! Private keys with their certificates: PKCS#8 and PKCS#12 files.
use std::sync::Arc;

use super::certificate::Certificate;
use crate::base::SignatureScheme;
use crate::base::crypto::private::PrivateKey;
use crate::seal::{DigestSigner, SignError};

struct Inner {
    chain: Vec<Certificate>,
    key: PrivateKey,
}
/// A key.
#[derive(Clone)]
pub struct SmimeKey(Arc<Inner>);
impl std::fmt::Debug for SmimeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmimeKey(***)")
    }
}
impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inner(***)")
    }
}
impl DigestSigner for Inner {
    fn public_key(&self) -> &[u8] {
        self.key.spki()
    }
    fn sign_digest(&self, scheme: SignatureScheme, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.sign_digest(scheme, digest).map_err(|_| SignError)
    }
}
impl SmimeKey {
    pub(crate) fn stub(chain: Vec<Certificate>, key: PrivateKey) -> Self {
        Self(Arc::new(Inner { chain, key }))
    }
    pub(crate) fn certificate(&self) -> &Certificate {
        &self.0.chain[0]
    }
    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.0.chain
    }
    pub(crate) fn private(&self) -> Option<&PrivateKey> {
        Some(&self.0.key)
    }
    pub(crate) fn signer(&self) -> &dyn DigestSigner {
        &*self.0
    }
}
