//! OpenPGP (RFC 9580) in PGP/MIME (RFC 3156).
//!
//! **In**: a rendered message, the recipients' certificates, the sender's
//! [`PgpKey`]. **Out**: multipart/encrypted, signed inside where the sender has
//! a key. [`PgpSealer`] writes version 1 SEIPD (AES-256-CFB with MDC) for
//! version 4 certificates, which gpg 2.2 and Thunderbird read, and version 2
//! (AES-256-OCB) for version 6 ones, or where the host says so. A certificate
//! that merely advertises version 2 does not count: its holder's client often
//! cannot read it. Nothing is compressed.
//!
//! **Checked**: of certificates the binding signatures, dates, revocations and
//! key flags at the time that is passed in, and the user ids' addresses; a
//! certify-only primary key neither signs nor is encrypted to. Signatures name
//! whom they are meant for (section 5.2.3.36).
//!
//! **Refused**: SHA-1 and MD5 in bindings and signatures, RSA below 2048 bits,
//! DSA and Elgamal, 64-bit ciphers, messages without integrity protection, key
//! files in clear, anything but exactly one literal inside. Nothing of an
//! encrypted message is given out before its end was verified.
//!
//! The cryptography stands behind the joint `backend::PgpBackend`; what stands
//! there today is sequoia-openpgp (LGPL-2.0-or-later: see the README). Two
//! things are not sequoia's: RSA secrets are used in aws-lc alone
//! (RUSTSEC-2023-0071), and version 1 SEIPD is written by aws-lc, three times
//! as fast.
//!
//! ```
//! use mailseal::base::{Secret, Timestamp};
//! use mailseal::seal::{KeyFileError, pgp::PgpKey};
//! let now = Timestamp::from_unix_ms(1_795_000_000_000);
//! let key = PgpKey::make_random(&"clinic@harbor.example".parse()?, now)?;
//! let file = key.to_file(&Secret::from("correct horse"))?;
//! let wrong = PgpKey::read(file.as_bytes(), &Secret::from("battery staple"));
//! assert_eq!(wrong.map(|_| ()), Err(KeyFileError::Passphrase));
//! let read = PgpKey::read(file.as_bytes(), &Secret::from("correct horse"))?;
//! assert_eq!(read.fingerprint(), key.fingerprint());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
