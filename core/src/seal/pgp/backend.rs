//! The joint between PGP/MIME and an implementation of OpenPGP. No type of an
//! implementation stands in it, so that a second one can stand beside the
//! first.

use std::any::Any;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use crate::base::{Address, DigestAlgorithm, Form, KeyFault, Secret, Timestamp};
use crate::seal::open::{Decrypted, SignatureReport};
use crate::seal::{DigestSigner, KeyFileError, OpenError, SealError};

use super::{PgpCertificate, PgpKey};

/// What a certificate that may be used for encryption says.
#[derive(Clone)]
pub(crate) struct Checked {
    /// Its version: 4 or 6.
    pub(crate) version: u8,
    /// The addresses that its valid user ids name, canonical.
    pub(crate) addresses: Vec<String>,
    /// Those whose user ids are all revoked, canonical.
    pub(crate) revoked: Vec<String>,
}

/// What is to be encrypted, and to whom.
pub(crate) struct Order<'a> {
    /// The MIME entity, in pieces.
    pub(crate) payload: &'a [&'a [u8]],
    /// The certificates to encrypt to, each checked.
    pub(crate) recipients: &'a [Vec<u8>],
    /// Who signs; nobody where there is no identity.
    pub(crate) signer: Option<&'a PgpKey>,
    /// [`Form::SeipdV1`] or [`Form::SeipdV2`].
    pub(crate) form: Form,
    /// Now.
    pub(crate) now: Timestamp,
}

/// An implementation of OpenPGP.
pub(crate) trait PgpBackend: fmt::Debug + Send + Sync + 'static {
    /// Checks a certificate for encryption at `now`.
    fn check(&self, certificate: &[u8], now: Timestamp) -> Result<Checked, KeyFault>;

    /// Writes an armoured message with CRLF.
    fn encrypt(&self, order: &Order<'_>, out: &mut dyn Write) -> Result<(), SealError>;

    /// Makes an armoured detached signature with LF over the pieces.
    fn sign_detached(
        &self,
        signer: &PgpKey,
        data: &[&[u8]],
        now: Timestamp,
    ) -> Result<Vec<u8>, SealError>;

    /// As [`super::decrypt`].
    fn decrypt(
        &self,
        message: &[u8],
        keys: &[&PgpKey],
        certificates: &[PgpCertificate],
        now: Timestamp,
    ) -> Result<Decrypted, OpenError>;

    /// As [`super::verify_detached`].
    fn verify_detached(
        &self,
        data: &[u8],
        signature: &[u8],
        certificates: &[PgpCertificate],
        now: Timestamp,
    ) -> Result<Vec<SignatureReport>, OpenError>;

    /// Reads a secret key file.
    fn read_key(
        &self,
        bytes: &[u8],
        passphrase: &Secret<String>,
    ) -> Result<Arc<dyn SecretKey>, KeyFileError>;

    /// A key that another module holds.
    fn external_key(
        &self,
        certificate: &[u8],
        signer: Arc<dyn DigestSigner>,
    ) -> Result<Arc<dyn SecretKey>, KeyFileError>;

    /// Makes a Curve25519 key of version 4 or 6.
    fn make_key(
        &self,
        address: &Address,
        version: u8,
        now: Timestamp,
    ) -> Result<Arc<dyn SecretKey>, KeyFault>;
}

/// A secret key as the backend holds it.
pub(crate) trait SecretKey: fmt::Debug + Send + Sync + 'static {
    /// The certificate, binary.
    fn certificate(&self) -> Result<Vec<u8>, KeyFault>;

    /// The certificate's fingerprint in lower-case hex.
    fn fingerprint(&self) -> String;

    /// The digest that a signature at `now` would use, where one can be made.
    fn signing(&self, now: Timestamp) -> Result<DigestAlgorithm, KeyFault>;

    /// The key file, armoured and encrypted.
    fn to_file(&self, passphrase: &Secret<String>) -> Result<String, KeyFileError>;

    /// For the backend that made it.
    fn as_any(&self) -> &dyn Any;
}
