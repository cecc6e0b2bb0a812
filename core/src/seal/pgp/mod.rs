//! OpenPGP (RFC 9580) in PGP/MIME (RFC 3156).
//!
//! [`PgpSealer`] encrypts and signs, [`PgpKey`] is the secret key of an
//! identity. The cryptography of OpenPGP stands behind the joint
//! [`backend::PgpBackend`]; [`sequoia`] is what stands there today. RSA
//! secrets are used in aws-lc alone (RUSTSEC-2023-0071).

mod backend;
mod key;
mod mime;
mod sealer;
mod sequoia;

#[cfg(test)]
mod tests;

pub use key::PgpKey;
pub use sealer::PgpSealer;

use crate::base::{Address, KeyTrust, Timestamp};
use crate::seal::OpenError;
use crate::seal::open::{Decrypted, SignatureReport};

use backend::PgpBackend;
use sequoia::SequoiaBackend;

/// A certificate that may have signed what is opened.
#[derive(Clone)]
pub(crate) struct PgpCertificate {
    /// Armoured or binary.
    pub(crate) bytes: Vec<u8>,
    /// How far its source knows whose it is.
    pub(crate) trust: KeyTrust,
    /// For whom the source holds it.
    pub(crate) address: Option<Address>,
}

/// Decrypts and verifies. Nothing is returned before the whole message is read
/// and its integrity proven (MDC, AEAD).
pub(crate) fn decrypt(
    message: &[u8],
    keys: &[&PgpKey],
    certificates: &[PgpCertificate],
    now: Timestamp,
) -> Result<Decrypted, OpenError> {
    SequoiaBackend::default().decrypt(message, keys, certificates, now)
}

/// Verifies the signatures of multipart/signed over `data`, which is the
/// signed part exactly as it came.
pub(crate) fn verify_detached(
    data: &[u8],
    signature: &[u8],
    certificates: &[PgpCertificate],
    now: Timestamp,
) -> Result<Vec<SignatureReport>, OpenError> {
    SequoiaBackend::default().verify_detached(data, signature, certificates, now)
}
