//! The secret key of an identity.

use std::sync::Arc;

use crate::base::crypto::stack::cleaned;
use crate::base::{Address, DigestAlgorithm, KeyFault, Secret, Timestamp};
use crate::seal::{DigestSigner, KeyFileError};

use super::backend::{PgpBackend, SecretKey};
use super::sequoia::SequoiaBackend;

/// A secret OpenPGP key with its certificate.
///
/// In memory its secret parts rest encrypted; a file of it is encrypted always.
///
/// ```
/// use mailseal::base::{Address, Secret, Timestamp};
/// use mailseal::seal::pgp::PgpKey;
///
/// let address: Address = "practice@clinic.example".parse()?;
/// let now = Timestamp::from_unix_ms(1_800_000_000_000);
/// let key = PgpKey::make_random(&address, now)?;
/// let passphrase = Secret::new(String::from("correct horse battery staple"));
/// let file = key.to_file(&passphrase)?;
/// let again = PgpKey::read(file.as_bytes(), &passphrase)?;
/// assert_eq!(again.fingerprint(), key.fingerprint());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PgpKey {
    secret: Arc<dyn SecretKey>,
}

impl PgpKey {
    /// Reads a secret key file: a transferable secret key (RFC 9580 section
    /// 10.2), armoured or binary, whose secret parts are encrypted. Parts that
    /// are stubs (the primary key kept elsewhere) or of a kind that is not
    /// used are left out.
    ///
    /// # Errors
    /// [`KeyFileError`]; [`KeyFileError::Clear`] where any secret part is not
    /// encrypted.
    pub fn read(bytes: &[u8], passphrase: &Secret<String>) -> Result<Self, KeyFileError> {
        cleaned(|| SequoiaBackend::default().read_key(bytes, passphrase))
            .map(|secret| Self { secret })
    }

    /// A key whose signing part lives in another module. It signs with the
    /// certificate's key that `signer`'s public key is; it decrypts nothing.
    ///
    /// # Errors
    /// [`KeyFileError::Mismatch`] where the certificate has no such key,
    /// [`KeyFileError::Key`] where the certificate cannot be read.
    pub fn external(
        certificate: &[u8],
        signer: Arc<dyn DigestSigner>,
    ) -> Result<Self, KeyFileError> {
        SequoiaBackend::default()
            .external_key(certificate, signer)
            .map(|secret| Self { secret })
    }

    /// Makes a version 4 key on Curve25519, which every client reads: a
    /// primary key that certifies, one subkey that signs and one that decrypts.
    ///
    /// # Errors
    /// [`KeyFault`] where `now` is no time that OpenPGP can name.
    pub fn make_random(address: &Address, now: Timestamp) -> Result<Self, KeyFault> {
        SequoiaBackend::default()
            .make_key(address, 4, now)
            .map(|secret| Self { secret })
    }

    /// As [`make_random`](Self::make_random), version 6 (RFC 9580): for
    /// correspondents whose clients know RFC 9580.
    ///
    /// # Errors
    /// [`KeyFault`] where `now` is no time that OpenPGP can name.
    pub fn make_random_v6(address: &Address, now: Timestamp) -> Result<Self, KeyFault> {
        SequoiaBackend::default()
            .make_key(address, 6, now)
            .map(|secret| Self { secret })
    }

    /// The public part, binary: what correspondents need.
    ///
    /// # Errors
    /// [`KeyFault`] where it cannot be written; what was read can be.
    pub fn certificate(&self) -> Result<Vec<u8>, KeyFault> {
        self.secret.certificate()
    }

    /// The certificate's fingerprint in lower-case hex.
    pub fn fingerprint(&self) -> String {
        self.secret.fingerprint()
    }

    /// The secret key file: armoured, encrypted under the passphrase with
    /// AES-256 (version 4: iterated S2K; version 6: Argon2 and OCB).
    ///
    /// # Errors
    /// [`KeyFileError::Protection`] for an empty passphrase and for a key that
    /// another module holds.
    pub fn to_file(&self, passphrase: &Secret<String>) -> Result<String, KeyFileError> {
        cleaned(|| self.secret.to_file(passphrase))
    }

    pub(super) fn signing(&self, now: Timestamp) -> Result<DigestAlgorithm, KeyFault> {
        self.secret.signing(now)
    }

    pub(super) fn secret(&self) -> &dyn SecretKey {
        self.secret.as_ref()
    }

    /// A key made by other means, for tests.
    #[cfg(test)]
    pub(super) fn of_secret(secret: Arc<dyn SecretKey>) -> Self {
        Self { secret }
    }
}
