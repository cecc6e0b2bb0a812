//! Version 1 SEIPD (RFC 9580 section 5.13.1) in one pass over the payload for
//! the signature and one for the encryption, by aws-lc.
//!
//! sequoia makes the packets of keys and signatures. Its stream encrypts at a
//! third of what the ciphers give, for it detects SHA-1 collisions where there
//! is nobody to make them: the code covers text that the sender wrote. All
//! lengths are known beforehand, so that no packet is written in parts.

use std::io::Write;

use sequoia_openpgp as openpgp;

use openpgp::crypto::SessionKey;
use openpgp::packet::key::{PublicParts, UnspecifiedRole};
use openpgp::packet::one_pass_sig::OnePassSig3;
use openpgp::packet::pkesk::PKESK3;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, Signature};
use openpgp::serialize::Serialize as _;
use openpgp::types::{SignatureType, SymmetricAlgorithm};
use openpgp::{Cert, Packet};

use std::sync::Arc;

use crate::base::crypto::mdc::{MdcEncryptor, encrypted_length};
use crate::base::{KeyFault, Timestamp};
use crate::seal::SealError;
use crate::seal::transfer::Base64Lines;

use super::super::backend::Order;
use super::certificate;
use super::crc24::Checked;
use super::encrypt::{NOT_MADE, refusal};
use super::secret::SequoiaKey;

/// A literal data packet's fields before its content: binary, no file name, no
/// date (section 5.9).
const LITERAL: [u8; 6] = [b'b', 0, 0, 0, 0, 0];

/// Writes the armoured message with CRLF.
pub(super) fn encrypt(
    order: &Order<'_>,
    keys: &[Key<PublicParts, UnspecifiedRole>],
    certs: &[Arc<Cert>],
    signer: Option<&SequoiaKey>,
    out: &mut dyn Write,
) -> Result<(), SealError> {
    let signed = match signer {
        Some(key) => Some(sign(key, order.payload, certs, order.now)?),
        None => None,
    };
    let failed = |e: std::io::Error| SealError::Write(e.kind());
    out.write_all(b"-----BEGIN PGP MESSAGE-----\r\n\r\n")
        .map_err(failed)?;
    let mut lines = Checked::new(Base64Lines::new(&mut *out));
    let session = SessionKey::new(32).map_err(|_| NOT_MADE)?;
    for key in keys {
        let packet = PKESK3::for_recipient(SymmetricAlgorithm::AES256, &session, key);
        let packet = Packet::from(packet.map_err(|_| NOT_MADE)?);
        lines.write_all(&bytes(&packet)?).map_err(failed)?;
    }

    let length: usize = order.payload.iter().map(|piece| piece.len()).sum();
    let mut before = Vec::new();
    let mut behind = Vec::new();
    if let Some(signature) = signed {
        let mut announced = OnePassSig3::try_from(&signature).map_err(|_| NOT_MADE)?;
        announced.set_last(true);
        before = bytes(&Packet::from(announced))?;
        behind = bytes(&Packet::from(signature))?;
    }
    before.extend_from_slice(&head(11, LITERAL.len() + length)?);
    before.extend_from_slice(&LITERAL);
    let content = before.len() + length + behind.len();
    let mut packet = head(18, 1 + encrypted_length(content))?;
    packet.push(1);
    lines.write_all(&packet).map_err(failed)?;
    let key = <&[u8; 32]>::try_from(&session[..]).map_err(|_| NOT_MADE)?;
    let mut encryptor = MdcEncryptor::start(key, &mut lines).map_err(|_| NOT_MADE)?;
    let middle = order.payload.iter().copied();
    for piece in [&before[..]].into_iter().chain(middle).chain([&behind[..]]) {
        encryptor.update(piece, &mut lines).map_err(failed)?;
    }
    encryptor.finish(&mut lines).map_err(failed)?;
    let (lines, checksum) = lines.finish();
    lines.finish().map_err(failed)?;
    let checksum = data_encoding::BASE64.encode(&checksum);
    write!(out, "={checksum}\r\n-----END PGP MESSAGE-----\r\n").map_err(failed)
}

/// The signature, with whom it is meant for (section 5.2.3.36).
fn sign(
    key: &SequoiaKey,
    payload: &[&[u8]],
    certs: &[Arc<Cert>],
    now: Timestamp,
) -> Result<Signature, SealError> {
    let mut signer = key
        .signer(now)
        .map_err(|_| SealError::Key(KeyFault::NoSigningKey))?;
    let algorithm = signer.hash();
    let mut made = || -> openpgp::Result<Signature> {
        let mut hash = algorithm.context()?.for_signature(4);
        for piece in payload {
            hash.update(piece);
        }
        let time = std::time::UNIX_EPOCH + certificate::seconds(now);
        let meant = certs.iter().map(|cert| cert.fingerprint()).collect();
        SignatureBuilder::new(SignatureType::Binary)
            .set_hash_algo(algorithm)
            .set_signature_creation_time(time)?
            .set_intended_recipients::<Vec<_>>(meant)?
            .sign_hash(&mut signer, hash)
    };
    made().map_err(|e| refusal(&e))
}

fn bytes(packet: &Packet) -> Result<Vec<u8>, SealError> {
    let mut out = Vec::new();
    packet.serialize(&mut out).map_err(|_| NOT_MADE)?;
    Ok(out)
}

/// A packet's header with a length of five octets (section 4.2.1).
fn head(packet: u8, length: usize) -> Result<Vec<u8>, SealError> {
    let length = u32::try_from(length).map_err(|_| SealError::Message("it is too large"))?;
    let mut out = vec![0xc0 | packet, 0xff];
    out.extend_from_slice(&length.to_be_bytes());
    Ok(out)
}
