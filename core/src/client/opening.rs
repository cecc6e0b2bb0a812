//! What comes back, and where sealers find certificates.

use super::Client;
use super::engine::blocking;
use crate::base::{Address, KeyFault, Route};
use crate::discover::{CertificateKind, KeyStoreError, PinnedKeys};
use crate::error::Error;
use crate::seal::open::{Keyring, Opened, open};
use crate::seal::{Certificates, KnownCertificate};

impl Client {
    /// Opens a message that came back: decrypts, verifies, and says which parts
    /// were signed and encrypted, and by whom. See [`seal::open`](crate::seal::open).
    /// The sealers take note of what its author's client can read.
    ///
    /// # Errors
    /// [`Error::Open`]; all failures of decryption are one error.
    pub async fn open(&self, raw: impl Into<Vec<u8>>, keys: &Keyring) -> Result<Opened, Error> {
        let raw = zeroize::Zeroizing::new(raw.into());
        let (keys, now) = (keys.clone(), self.engine.clock.now());
        let opened = blocking(move || open(&raw, &keys, now)).await??;
        for sealer in &self.engine.sealers {
            sealer.learn(&opened);
        }
        Ok(opened)
    }
}

impl Certificates for PinnedKeys {
    fn certificate(
        &self,
        route: Route,
        address: &Address,
    ) -> Result<Option<KnownCertificate>, KeyFault> {
        let kind = match route {
            Route::Pgp => CertificateKind::OpenPgp,
            Route::Smime => CertificateKind::Smime,
            Route::Tls | Route::Escrow => return Ok(None),
        };
        match self.find(address, kind) {
            Ok(found) => Ok(found.map(|c| KnownCertificate::new(c.bytes(), c.trust()))),
            // A pinned one that is gone is no proof that there is none.
            Err(KeyStoreError::Changed | KeyStoreError::Missing) => Err(KeyFault::Changed),
            Err(KeyStoreError::Format | KeyStoreError::SecretKey) => Err(KeyFault::Malformed),
            Err(_) => Err(KeyFault::Source),
        }
    }
}
