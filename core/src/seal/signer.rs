//! Signing by a key that may live elsewhere: "sign this digest".

use std::fmt;

pub use crate::base::{DigestAlgorithm, SignatureScheme};

/// The key made no signature: the module is out of reach, refused, or does not
/// know the scheme. It carries no more, so that no module's text gets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key made no signature")]
pub struct SignError;

/// A private key that signs digests. mailseal's own key files give one; an HSM
/// or a KMS is another, implemented by the host.
///
/// It may block: mailseal calls it away from the reactor.
pub trait DigestSigner: fmt::Debug + Send + Sync + 'static {
    /// The public key as DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    fn public_key(&self) -> &[u8];

    /// Signs a digest.
    ///
    /// # Errors
    /// [`SignError`]; then the message is not sealed.
    fn sign_digest(&self, scheme: SignatureScheme, digest: &[u8]) -> Result<Vec<u8>, SignError>;
}
