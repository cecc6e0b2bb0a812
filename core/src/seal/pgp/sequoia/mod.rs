//! [`PgpBackend`] on sequoia-openpgp.

mod certificate;
mod crc24;
mod decrypt;
mod encrypt;
mod rsa;
mod secret;
mod seipd1;
mod signer;
mod spki;
mod verify;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use sequoia_openpgp::Cert;

use crate::base::{Address, KeyFault, Secret, Timestamp, crypto};
use crate::seal::open::{Decrypted, SignatureReport};
use crate::seal::{DigestSigner, KeyFileError, OpenError, SealError};

use super::backend::{Checked, Order, PgpBackend, SecretKey};
use super::{PgpCertificate, PgpKey};

use certificate::Use;
pub(super) use secret::SequoiaKey;

/// How many parsed certificates are kept.
const CACHED: usize = 1_000;

/// OpenPGP by sequoia.
#[derive(Default)]
pub(super) struct SequoiaBackend {
    parsed: Mutex<Parsed>,
}

/// Parsed certificates by the SHA-256 of their bytes; the oldest leaves first.
/// Only the parsing is kept: whether one may be used is judged at each use.
#[derive(Default)]
struct Parsed {
    certificates: HashMap<[u8; 32], Arc<Cert>>,
    order: VecDeque<[u8; 32]>,
}

impl fmt::Debug for SequoiaBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SequoiaBackend").finish_non_exhaustive()
    }
}

impl SequoiaBackend {
    fn parse(&self, bytes: &[u8]) -> Result<Arc<Cert>, KeyFault> {
        if bytes.len() > certificate::MAX_SIZE {
            return Err(KeyFault::Malformed);
        }
        let id = crypto::sha256(bytes);
        let lock = || self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock().certificates.get(&id) {
            return Ok(Arc::clone(found));
        }
        let cert = Arc::new(certificate::parse(bytes)?);
        let mut parsed = lock();
        if parsed.certificates.insert(id, Arc::clone(&cert)).is_none() {
            parsed.order.push_back(id);
        }
        while parsed.order.len() > CACHED {
            if let Some(oldest) = parsed.order.pop_front() {
                parsed.certificates.remove(&oldest);
            }
        }
        Ok(cert)
    }
}

/// Runs what reads bytes of strangers. Sequoia has places that panic on them
/// (one is known: see `decrypt::is_whole`); that must not take the host along.
/// Tests see the panic.
fn guard<T>(read: impl FnOnce() -> T) -> Option<T> {
    if cfg!(test) {
        return Some(read());
    }
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).ok()
}

/// The key as this backend made it; `None` for another backend's.
fn own(key: &PgpKey) -> Option<&SequoiaKey> {
    key.secret().as_any().downcast_ref()
}

impl PgpBackend for SequoiaBackend {
    fn check(&self, bytes: &[u8], now: Timestamp) -> Result<Checked, KeyFault> {
        let cert = self.parse(bytes)?;
        // Sequoia verifies what binds the keys here, not when it parses.
        let check = || {
            let key = certificate::select(&cert, Use::Encrypt, now, |_| true)?;
            // What its owner signed need not be a key: tried out now, since a
            // copy that others share would fail with it.
            key.encrypt(&crypto::make_random::<32>().to_vec().into())
                .map_err(|_| KeyFault::UnsupportedAlgorithm)?;
            let (addresses, revoked) = certificate::addresses(&cert, now);
            Ok(Checked {
                version: cert.primary_key().key().version(),
                addresses,
                revoked,
            })
        };
        guard(check).unwrap_or(Err(KeyFault::Malformed))
    }

    fn encrypt(&self, order: &Order<'_>, out: &mut dyn Write) -> Result<(), SealError> {
        let mut recipients = Vec::with_capacity(order.recipients.len());
        for bytes in order.recipients {
            recipients.push(self.parse(bytes).map_err(SealError::Key)?);
        }
        guard(|| encrypt::encrypt(order, &recipients, out)).unwrap_or(Err(encrypt::NOT_MADE))
    }

    fn sign_detached(
        &self,
        signer: &PgpKey,
        data: &[&[u8]],
        now: Timestamp,
    ) -> Result<Vec<u8>, SealError> {
        encrypt::sign_detached(signer, data, now)
    }

    fn decrypt(
        &self,
        message: &[u8],
        keys: &[&PgpKey],
        certificates: &[PgpCertificate],
        now: Timestamp,
    ) -> Result<Decrypted, OpenError> {
        let keys: Vec<&SequoiaKey> = keys.iter().filter_map(|key| own(key)).collect();
        let known = verify::known(self, certificates);
        decrypt::decrypt(message, &keys, &known, now)
    }

    fn verify_detached(
        &self,
        data: &[u8],
        signature: &[u8],
        certificates: &[PgpCertificate],
        now: Timestamp,
    ) -> Result<Vec<SignatureReport>, OpenError> {
        let known = verify::known(self, certificates);
        verify::verify_detached(data, signature, &known, now)
    }

    fn read_key(
        &self,
        bytes: &[u8],
        passphrase: &Secret<String>,
    ) -> Result<Arc<dyn SecretKey>, KeyFileError> {
        Ok(Arc::new(SequoiaKey::read(bytes, passphrase)?))
    }

    fn external_key(
        &self,
        certificate: &[u8],
        signer: Arc<dyn DigestSigner>,
    ) -> Result<Arc<dyn SecretKey>, KeyFileError> {
        Ok(Arc::new(SequoiaKey::external(certificate, signer)?))
    }

    fn make_key(
        &self,
        address: &Address,
        version: u8,
        now: Timestamp,
    ) -> Result<Arc<dyn SecretKey>, KeyFault> {
        Ok(Arc::new(SequoiaKey::make(address, version, now)?))
    }
}
