//! What is said of signatures and encryption of an opened message.

use std::fmt;

use crate::base::{Form, KeyFault, KeyTrust, Phi, Route, Timestamp};

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It is right, its key may sign, and the key is known to be the
    /// signer's so far.
    Valid(KeyTrust),
    /// It is right, and who made it is not known well enough.
    Untrusted(KeyFault),
    /// It does not fit what it was made over, or its algorithm is broken: the
    /// code says which.
    Invalid(&'static str),
}

/// Who made a signature, as far as the signature and the certificate say.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signer {
    /// Under OpenPGP or S/MIME.
    pub route: Route,
    /// The certificate's fingerprint in lower-case hex: OpenPGP's own, or the
    /// SHA-256 of the X.509 certificate. The issuer's key id where there is
    /// no certificate at hand; empty where not even that is known.
    pub fingerprint: String,
    /// The addresses that the certificate names, or that the host pinned it
    /// for; in lower case.
    pub addresses: Phi<Vec<String>>,
    /// The certificate, for [`Certificates`](crate::seal::Certificates):
    /// binary OpenPGP or DER.
    pub certificate: Option<Vec<u8>>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureReport {
    /// What it is worth.
    pub verdict: Verdict,
    /// Who made it.
    pub signer: Signer,
    /// When, by the signer's own clock.
    pub made: Option<Timestamp>,
    /// The signer's SMIMECapabilities (RFC 8551 section 2.5.2) as DER, where
    /// the signature covers some.
    pub capabilities: Option<Vec<u8>>,
}

impl SignatureReport {
    /// A report without time and capabilities.
    pub(crate) fn new(verdict: Verdict, signer: Signer) -> Self {
        Self {
            verdict,
            signer,
            made: None,
            capabilities: None,
        }
    }
}

/// One encrypted layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncryptionReport {
    /// Under OpenPGP or S/MIME.
    pub route: Route,
    /// In which form.
    pub form: Form,
    /// Whether something shows that nobody changed it: its own MDC or tag, or
    /// a right signature directly inside.
    pub integrity: bool,
}

/// What an encrypted layer held.
#[derive(Clone)]
pub(crate) struct Decrypted {
    /// The content: a MIME entity.
    pub(crate) content: zeroize::Zeroizing<Vec<u8>>,
    /// In which form it was encrypted.
    pub(crate) form: Form,
    /// Whether the encryption itself shows that nobody changed it (MDC, AEAD).
    /// CBC does not.
    pub(crate) integrity: bool,
    /// Signatures inside the same OpenPGP message; CMS has none here.
    pub(crate) signatures: Vec<SignatureReport>,
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted")
            .field("size", &self.content.len())
            .field("form", &self.form)
            .field("integrity", &self.integrity)
            .field("signatures", &self.signatures)
            .finish()
    }
}
