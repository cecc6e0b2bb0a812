//! From a message and a decision to what goes over the wire, and back.
//!
//! The TLS route sends the message as it is; the escrow route sends a notice in
//! its place. For the sealed routes this room holds the joint, [`Sealer`], and
//! the two that stand behind it: OpenPGP and S/MIME.
//!
//! What enters is a rendered RFC 5322 message and the recipient's keys; what
//! leaves is a rendered RFC 5322 message that only they can read. A sealer does
//! no I/O and reads no clock. It refuses rather than weakens: a key that
//! cannot be used is [`SealError::Key`], never a message in clear.
//!
//! [`open`](mod@open) is the way back. Private keys sign through
//! [`DigestSigner`], which a host implements for its HSM or KMS. Recipients'
//! certificates come from a [`Certificates`] source.
//!
//! ```
//! use std::sync::Arc;
//! use mailseal::base::{Address, Form, FormReason, KeyTrust, Timestamp};
//! use mailseal::discover::{CertificateFormat, PinnedKeys};
//! use mailseal::seal::pgp::{PgpKey, PgpSealer};
//! use mailseal::seal::{SealJob, Sealer};
//!
//! let now = Timestamp::from_unix_ms(1_795_000_000_000);
//! let (clinic, pat): (Address, Address) =
//!     ("clinic@harbor.example".parse()?, "pat@mail.example".parse()?);
//! let known = PinnedKeys::new();
//! let certificate = PgpKey::make_random(&pat, now)?.certificate()?;
//! known.pin(&pat, CertificateFormat::OpenPgpBinary, &certificate)?;
//! let sealer = PgpSealer::new(known).identity(&clinic, PgpKey::make_random(&clinic, now)?);
//!
//! let status = sealer.assess(&clinic, &pat, now);
//! assert_eq!(status.trust.proven(), Some(&KeyTrust::Pinned));
//! assert_eq!(status.form, Some((Form::SeipdV1, FormReason::Default)));
//! let message = b"From: clinic@harbor.example\r\nSubject: Your HbA1c\r\n\r\n9.1 %\r\n";
//! let sealed = sealer.seal(&SealJob::new(message, &clinic, &pat, now))?;
//! assert!(!sealed.windows(5).any(|w| w == b"HbA1c"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(all(feature = "pgp", feature = "smime")),
    allow(dead_code, unused_imports)
)] // what the formats share

use std::fmt;

use crate::base::{Address, Fact, Form, FormReason, KeyFault, KeyTrust, Route, Timestamp};

mod entity;
mod error;
pub mod open;
#[cfg(feature = "pgp")]
pub mod pgp;
pub mod protect;
mod signer;
#[cfg(feature = "smime")]
pub mod smime;
#[cfg(any(feature = "pgp", feature = "smime"))]
mod transfer;

pub use error::{KeyFileError, OpenError, SealError};
pub use signer::{DigestAlgorithm, DigestSigner, SignError, SignatureScheme};

/// What is known of a recipient's key for one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyStatus {
    /// How far a usable key is known to be theirs. `Refuted`: there is none
    /// that may be used.
    pub trust: Fact<KeyTrust>,
    /// Why the certificate that is there must not be used.
    pub fault: Option<KeyFault>,
    /// In which form a message would be sealed, and why.
    pub form: Option<(Form, FormReason)>,
}

impl KeyStatus {
    /// There is no certificate.
    pub const NONE: Self = Self {
        trust: Fact::Refuted,
        fault: None,
        form: None,
    };

    /// There is one that must not be used. Where the source failed, whether
    /// there is a better one is not known.
    pub const fn refused(fault: KeyFault) -> Self {
        Self {
            trust: match fault {
                KeyFault::Source => Fact::Unknown,
                _ => Fact::Refuted,
            },
            fault: Some(fault),
            form: None,
        }
    }

    /// There is one that may be used.
    pub const fn usable(trust: KeyTrust, form: Form, reason: FormReason) -> Self {
        Self {
            trust: Fact::Proven(trust),
            fault: None,
            form: Some((form, reason)),
        }
    }
}

/// A copy to seal.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SealJob<'a> {
    /// The rendered message: RFC 5322 with CRLF.
    pub message: &'a [u8],
    /// Who sends it, and whose key signs it and can read it.
    pub sender: &'a Address,
    /// Whom the copy is for.
    pub recipient: &'a Address,
    /// The others whom the copy names and whose keys it is sealed to as well,
    /// where they have usable ones: under shared disclosure only, never Bcc.
    pub shared_with: &'a [Address],
    /// How far a key must be known to be its owner's. What is known less is
    /// [`KeyFault::Untrusted`] for the recipient, and left out of
    /// `shared_with`.
    pub least_trust: KeyTrust,
    /// Now.
    pub now: Timestamp,
}

impl<'a> SealJob<'a> {
    /// A copy for one recipient alone.
    pub const fn new(
        message: &'a [u8],
        sender: &'a Address,
        recipient: &'a Address,
        now: Timestamp,
    ) -> Self {
        Self {
            message,
            sender,
            recipient,
            shared_with: &[],
            least_trust: KeyTrust::Discovered,
            now,
        }
    }

    /// The same, sealed to these too.
    #[must_use]
    pub const fn shared_with(mut self, others: &'a [Address]) -> Self {
        self.shared_with = others;
        self
    }

    /// The same, to keys that are known at least so far.
    #[must_use]
    pub const fn least_trust(mut self, trust: KeyTrust) -> Self {
        self.least_trust = trust;
        self
    }

    /// Whether a key that is known so far will do.
    #[cfg(any(feature = "pgp", feature = "smime"))]
    fn trusts(&self, trust: KeyTrust) -> bool {
        trust >= self.least_trust
    }
}

impl fmt::Debug for SealJob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealJob")
            .field("size", &self.message.len())
            .field("shared_with", &self.shared_with.len())
            .finish_non_exhaustive()
    }
}

/// Seals messages of one route.
pub trait Sealer: fmt::Debug + Send + Sync + 'static {
    /// The route: [`Route::Pgp`] or [`Route::Smime`].
    fn route(&self) -> Route;

    /// What is known of the recipient's key, for mail from `sender`.
    fn assess(&self, sender: &Address, recipient: &Address, now: Timestamp) -> KeyStatus;

    /// Whether the sealed message shows the subject in its outer header. Where
    /// the subject holds PHI, the policy then asks for a neutral one.
    fn shows_subject(&self) -> bool {
        false
    }

    /// Seals a rendered message.
    ///
    /// # Errors
    /// [`SealError`]; then nothing of the message may leave by this route.
    fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError>;

    /// Takes note of what an opened message says of its author's client, for
    /// messages to come. What is not [authentic](open::Authenticity) says
    /// nothing.
    fn learn(&self, _opened: &open::Opened) {}
}

impl<T: Sealer> Sealer for std::sync::Arc<T> {
    fn route(&self) -> Route {
        (**self).route()
    }

    fn assess(&self, sender: &Address, recipient: &Address, now: Timestamp) -> KeyStatus {
        (**self).assess(sender, recipient, now)
    }

    fn shows_subject(&self) -> bool {
        (**self).shows_subject()
    }

    fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
        (**self).seal(job)
    }

    fn learn(&self, opened: &open::Opened) {
        (**self).learn(opened);
    }
}

/// A certificate as its source holds it.
#[derive(Clone)]
#[non_exhaustive]
pub struct KnownCertificate {
    /// Its bytes: armoured or binary OpenPGP, PEM or DER.
    pub bytes: Vec<u8>,
    /// How far the source knows it to be the address's.
    pub trust: KeyTrust,
}

impl KnownCertificate {
    /// A certificate.
    pub fn new(bytes: impl Into<Vec<u8>>, trust: KeyTrust) -> Self {
        Self {
            bytes: bytes.into(),
            trust,
        }
    }
}

impl fmt::Debug for KnownCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownCertificate")
            .field("len", &self.bytes.len())
            .field("trust", &self.trust)
            .finish()
    }
}

/// Where recipients' certificates come from:
/// [`PinnedKeys`](crate::discover::PinnedKeys), or a source of the host's own.
pub trait Certificates: fmt::Debug + Send + Sync + 'static {
    /// The certificate for an address under a route, if there is one.
    ///
    /// # Errors
    /// [`KeyFault`] where there is one that must not be used:
    /// [`KeyFault::Changed`] above all.
    fn certificate(
        &self,
        route: Route,
        address: &Address,
    ) -> Result<Option<KnownCertificate>, KeyFault>;
}

impl<T: Certificates> Certificates for std::sync::Arc<T> {
    fn certificate(
        &self,
        route: Route,
        address: &Address,
    ) -> Result<Option<KnownCertificate>, KeyFault> {
        (**self).certificate(route, address)
    }
}
