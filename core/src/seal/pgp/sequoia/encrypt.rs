//! Encrypting and signing as streams.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use sequoia_openpgp as openpgp;

use openpgp::armor;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::serialize::stream::{
    Armorer, Encryptor, LiteralWriter, Message, Recipient, Signer as StreamSigner,
};
use openpgp::types::{AEADAlgorithm, DataFormat, Features, SignatureType, SymmetricAlgorithm};
use openpgp::{Cert, KeyHandle};

use crate::base::crypto::stack::overwrite_freed;
use crate::base::{Form, KeyFault, Timestamp};
use crate::seal::{SealError, SignError};

use super::super::PgpKey;
use super::super::backend::Order;
use super::super::mime::Crlf;
use super::certificate::{self, Use};
use super::own;
use super::secret::SequoiaKey;

/// How much is given to sequoia at once, and about as much is held between it
/// and where the message goes.
const CHUNK: usize = 1 << 16;

/// Where sequoia writes. It wants a writer that may go to other threads; what
/// it wrote is taken out after each chunk.
#[derive(Clone, Default)]
struct Spool(Arc<Mutex<Vec<u8>>>);

impl Spool {
    fn drain(&self, out: &mut dyn Write) -> Result<(), SealError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&held)
            .map_err(|e| SealError::Write(e.kind()))?;
        held.clear();
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) const NOT_MADE: SealError = SealError::Message("the OpenPGP message could not be made");

/// The session key as ECDH wraps it: algorithm, key, checksum.
const PADDED: usize = 40;

pub(super) fn encrypt(
    order: &Order<'_>,
    certs: &[Arc<Cert>],
    out: &mut dyn Write,
) -> Result<(), SealError> {
    let result = encrypt_to(order, certs, out);
    // sequoia pads the session key for ECDH in a vector that grows, and the
    // block that was too small is freed as it is.
    overwrite_freed(PADDED);
    result
}

fn encrypt_to(
    order: &Order<'_>,
    certs: &[Arc<Cert>],
    out: &mut dyn Write,
) -> Result<(), SealError> {
    let v2 = order.form == Form::SeipdV2;
    let mut keys = Vec::with_capacity(certs.len());
    for cert in certs {
        let key =
            certificate::select(cert, Use::Encrypt, order.now, |_| true).map_err(SealError::Key)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let signer = match order.signer {
        Some(key) => Some(signing_key(key)?),
        None => None,
    };
    // A version 6 signature begins with a salt, and a version 6 key has PKESK
    // packets of its own: sequoia's stream makes them.
    let only_v4 = keys.iter().all(|key| key.version() == 4);
    if !v2 && only_v4 && signer.is_none_or(|key| key.version() == 4) {
        return super::seipd1::encrypt(order, &keys, certs, signer, out);
    }
    let out = &mut Crlf(out);
    let features = if v2 {
        Features::empty().set_seipdv1().set_seipdv2()
    } else {
        Features::empty().set_seipdv1()
    };
    let recipients: Vec<Recipient<'_>> = keys
        .iter()
        .map(|key| {
            let handle: KeyHandle = if v2 {
                key.fingerprint().into()
            } else {
                key.keyid().into()
            };
            Recipient::new(features.clone(), handle, key)
        })
        .collect();

    let spool = Spool::default();
    let start = || -> openpgp::Result<Message<'_>> {
        let message = Armorer::new(Message::new(spool.clone()))
            .kind(armor::Kind::Message)
            .build()?;
        let mut encryptor = Encryptor::for_recipients(message, recipients)
            .symmetric_algo(SymmetricAlgorithm::AES256);
        if v2 {
            encryptor = encryptor.aead_algo(AEADAlgorithm::OCB);
        }
        encryptor.build()
    };
    let mut message = start().map_err(|_| NOT_MADE)?;
    if let Some(key) = signer {
        message = sign_with(message, key, order.now, certs, false)?;
    }
    let mut message = LiteralWriter::new(message)
        .format(DataFormat::Binary)
        .build()
        .map_err(|_| NOT_MADE)?;
    write_all(&mut message, order.payload, &spool, out)?;
    message.finalize().map_err(|e| refusal(&e))?;
    spool.drain(out)
}

pub(super) fn sign_detached(
    key: &PgpKey,
    data: &[&[u8]],
    now: Timestamp,
) -> Result<Vec<u8>, SealError> {
    let spool = Spool::default();
    let mut out = Vec::new();
    let message = Armorer::new(Message::new(spool.clone()))
        .kind(armor::Kind::Signature)
        .build()
        .map_err(|_| NOT_MADE)?;
    let mut message = sign_with(message, signing_key(key)?, now, &[], true)?;
    write_all(&mut message, data, &spool, &mut out)?;
    message.finalize().map_err(|e| refusal(&e))?;
    spool.drain(&mut out)?;
    Ok(out)
}

/// A signature names whom it was encrypted to, so that nobody can send it on
/// as if it had been made for another (RFC 9580 section 5.2.3.36).
fn sign_with<'a>(
    message: Message<'a>,
    key: &'a SequoiaKey,
    now: Timestamp,
    recipients: &[Arc<Cert>],
    detached: bool,
) -> Result<Message<'a>, SealError> {
    let signer = key
        .signer(now)
        .map_err(|_| SealError::Key(KeyFault::NoSigningKey))?;
    let hash = signer.hash();
    let template = SignatureBuilder::new(SignatureType::Binary);
    let build = || -> openpgp::Result<Message<'a>> {
        let mut signer = StreamSigner::with_template(message, signer, template)?
            .hash_algo(hash)?
            .creation_time(std::time::UNIX_EPOCH + certificate::seconds(now));
        for cert in recipients {
            signer = signer.add_intended_recipient(cert);
        }
        if detached {
            signer = signer.detached();
        }
        signer.build()
    };
    build().map_err(|_| NOT_MADE)
}

fn signing_key(key: &PgpKey) -> Result<&SequoiaKey, SealError> {
    own(key).ok_or(SealError::Sign("the key belongs to another backend"))
}

fn write_all(
    message: &mut Message<'_>,
    pieces: &[&[u8]],
    spool: &Spool,
    out: &mut dyn Write,
) -> Result<(), SealError> {
    for chunk in pieces.iter().flat_map(|piece| piece.chunks(CHUNK)) {
        message.write_all(chunk).map_err(|_| NOT_MADE)?;
        spool.drain(out)?;
    }
    Ok(())
}

/// The last step signs: a module that refused is told apart.
pub(super) fn refusal(error: &openpgp::anyhow::Error) -> SealError {
    if error.downcast_ref::<SignError>().is_some() {
        SealError::Sign("the key refused or gave no such signature")
    } else {
        NOT_MADE
    }
}
