//! From a message and a decision to what goes over the wire.
//!
//! The TLS route sends the message as it is; the escrow route sends a notice in
//! its place. For the sealed routes this room holds the joint, [`Sealer`]: who
//! builds a client gives it the sealers that it has. mailseal itself brings
//! none yet: without one, the rungs `pgp` and `smime` are rejected with the
//! reason that they are not built in, and never counted as available.
//!
//! What enters is a rendered RFC 5322 message and the recipient's keys; what
//! leaves is a rendered RFC 5322 message that only they can read. A sealer does
//! no I/O and reads no clock. It refuses rather than weakens: a key that
//! cannot be used is [`SealError::Key`], never a message in clear.
//!
//! ```
//! use mailseal::seal::SealError;
//! assert_eq!(SealError::Key.code(), "seal.key");
//! ```

use std::fmt;

use crate::base::{Address, Fact, KeyTrust, Route, Timestamp};

/// Why a message was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// There is no usable key for the recipient: none, expired, revoked, weak.
    #[error("the recipient has no usable key")]
    Key,
    /// The message cannot be sealed in this form.
    #[error("the message cannot be sealed in this form")]
    Message,
    /// No sealer for the route was given.
    #[error("no sealer for this route was given to the client")]
    Unsupported,
}

impl SealError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key => "seal.key",
            Self::Message => "seal.message",
            Self::Unsupported => "seal.unsupported",
        }
    }
}

/// Seals messages of one route.
pub trait Sealer: fmt::Debug + Send + Sync + 'static {
    /// The route: [`Route::Pgp`] or [`Route::Smime`].
    fn route(&self) -> Route;

    /// How far a usable key of the recipient's is known to be theirs.
    fn trust(&self, recipient: &Address, now: Timestamp) -> Fact<KeyTrust>;

    /// Seals a rendered message for one recipient.
    ///
    /// # Errors
    /// [`SealError`]; then nothing of the message may leave by this route.
    fn seal(
        &self,
        message: &[u8],
        recipient: &Address,
        now: Timestamp,
    ) -> Result<Vec<u8>, SealError>;
}
