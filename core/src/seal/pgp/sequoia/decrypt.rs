//! Decrypting. One error for all causes, and nothing is returned before the
//! end is reached and the integrity proven.

use std::io::Read;

use sequoia_openpgp as openpgp;

use openpgp::crypto::SessionKey;
use openpgp::packet::{PKESK, Packet, SKESK, Tag};
use openpgp::parse::buffered_reader::BufferedReader;
use openpgp::parse::stream::{
    DecryptionHelper, DecryptorBuilder, MessageLayer, MessageStructure, VerificationHelper,
};
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::types::SymmetricAlgorithm;
use openpgp::{Cert, KeyHandle};
use zeroize::Zeroizing;

use crate::base::{Form, Timestamp};
use crate::seal::open::{Decrypted, SignatureReport};
use crate::seal::{OpenError, SignError};

use super::certificate;
use super::secret::SequoiaKey;
use super::verify::{Known, MAX_SIGNATURES, judge};

/// Plain text above this is not opened.
const MAX_PLAIN: usize = 200 << 20;
/// Nor above this and this many times the message: a compression bomb.
const FREE: usize = 16 << 20;
const RATIO: usize = 200;
/// Encrypted session keys that are tried, and in all that are read.
const MAX_SESSION_KEYS: usize = 64;
/// How often keys are tried on session keys that name no recipient.
const MAX_TRIES: usize = 256;
/// Layers of compression, packets in all.
const MAX_DEPTH: usize = 8;
const MAX_PACKETS: usize = 512;
/// A block and two octets before, an MDC packet behind.
const MIN_ENCRYPTED: usize = 16 + 2 + 22;
/// What sequoia reads ahead.
const BUFFER: usize = 1 << 16;

pub(super) fn decrypt(
    message: &[u8],
    keys: &[&SequoiaKey],
    known: &[Known],
    now: Timestamp,
) -> Result<Decrypted, OpenError> {
    let limit = MAX_PLAIN.min(message.len().saturating_mul(RATIO).saturating_add(FREE));
    super::guard(|| open(message, keys, known, now, limit))
        .and_then(Result::ok)
        .ok_or(OpenError::Decrypt)
}

/// Whether the encrypted packet holds more than its random prefix and its MDC:
/// on less, sequoia 2.4.2 panics.
fn is_whole(message: &[u8]) -> openpgp::Result<bool> {
    let mut next = PacketParser::from_bytes(message)?;
    for _ in 0..=MAX_SESSION_KEYS {
        let PacketParserResult::Some(mut parser) = next else {
            return Ok(false);
        };
        if parser.packet.tag() == Tag::SEIP {
            return Ok(parser.data(MIN_ENCRYPTED)?.len() >= MIN_ENCRYPTED);
        }
        next = parser.next()?.1;
    }
    Ok(false)
}

fn open(
    message: &[u8],
    keys: &[&SequoiaKey],
    known: &[Known],
    now: Timestamp,
    limit: usize,
) -> openpgp::Result<Decrypted> {
    if !is_whole(message)? {
        return Err(SignError.into());
    }
    let policy = certificate::policy(now);
    let helper = Helper {
        keys,
        known,
        now,
        packets: 0,
        session_keys: 0,
        signatures: 0,
        form: None,
        literal: false,
        reports: None,
    };
    let mut decryptor = DecryptorBuilder::from_bytes(message)?
        .buffer_size(BUFFER)
        .with_policy(&policy, certificate::time(now), helper)?;
    let content = collect(&mut decryptor, limit)?;
    if !decryptor.message_processed() {
        return Err(SignError.into());
    }
    let helper = decryptor.into_helper();
    match (helper.form, helper.reports) {
        (Some(form), Some(signatures)) => Ok(Decrypted {
            content,
            form,
            integrity: true,
            signatures,
        }),
        _ => Err(SignError.into()),
    }
}

/// Reads to the end. The buffer grows by copying into a new one, so that the
/// old one is overwritten.
fn collect(from: &mut impl Read, limit: usize) -> openpgp::Result<Zeroizing<Vec<u8>>> {
    let mut all = Zeroizing::new(Vec::with_capacity(BUFFER));
    let mut chunk = Zeroizing::new(vec![0u8; BUFFER]);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok(all);
        }
        let length = all.len() + read;
        if length > limit {
            return Err(SignError.into());
        }
        if length > all.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.saturating_mul(2)));
            larger.extend_from_slice(&all);
            all = larger;
        }
        all.extend_from_slice(&chunk[..read]);
    }
}

struct Helper<'a> {
    keys: &'a [&'a SequoiaKey],
    known: &'a [Known],
    now: Timestamp,
    packets: usize,
    session_keys: usize,
    signatures: usize,
    form: Option<Form>,
    literal: bool,
    reports: Option<Vec<SignatureReport>>,
}

impl Helper<'_> {
    /// Whether a packet may stand where it stands. Sequoia checks the grammar
    /// too, but only after it has read a packet to its end.
    fn allows(&mut self, parser: &PacketParser<'_>) -> bool {
        let inside = parser.recursion_depth() > 0;
        match (&parser.packet, parser.packet.tag()) {
            (_, Tag::Marker | Tag::Padding) => true,
            (Packet::PKESK(_) | Packet::SKESK(_), _)
            | (Packet::Unknown(_), Tag::PKESK | Tag::SKESK)
                if !inside && self.form.is_none() =>
            {
                self.session_keys += 1;
                self.session_keys <= MAX_SESSION_KEYS
            }
            (Packet::SEIP(seip), _) if !inside && self.form.is_none() => {
                self.form = match seip.version() {
                    1 => Some(Form::SeipdV1),
                    2 => Some(Form::SeipdV2),
                    _ => None,
                };
                self.form.is_some()
            }
            (Packet::CompressedData(_), _) if inside && !self.literal => {
                parser.recursion_depth() as usize <= MAX_DEPTH
            }
            (Packet::OnePassSig(_), _) if inside && !self.literal => self.one_more_signature(),
            (Packet::Signature(_), _) | (Packet::Unknown(_), Tag::Signature) if inside => {
                self.one_more_signature()
            }
            (Packet::Literal(_), _) if inside && !self.literal => {
                self.literal = true;
                true
            }
            #[allow(deprecated)]
            (Packet::MDC(_), _) => inside,
            _ => false,
        }
    }

    fn one_more_signature(&mut self) -> bool {
        self.signatures += 1;
        self.signatures <= 2 * MAX_SIGNATURES
    }
}

impl VerificationHelper for Helper<'_> {
    fn inspect(&mut self, parser: &PacketParser<'_>) -> openpgp::Result<()> {
        self.packets += 1;
        if self.packets > MAX_PACKETS || !self.allows(parser) {
            return Err(SignError.into());
        }
        Ok(())
    }

    /// None: signatures are judged in [`judge`], which says more.
    fn get_certs(&mut self, _ids: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(Vec::new())
    }

    /// Called at the end, when the grammar and the integrity are proven.
    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        let own: Vec<&Cert> = self.keys.iter().map(|key| key.cert()).collect();
        let mut reports = Vec::new();
        // Encryption, compression, signatures, in this order: a signature
        // around what is encrypted or compressed is not one of the content.
        let mut rank = 0;
        for layer in structure {
            let next = match &layer {
                MessageLayer::Encryption { .. } if rank == 0 => 1,
                MessageLayer::Compression { .. } if rank == 1 || rank == 2 => 2,
                MessageLayer::SignatureGroup { .. } if rank >= 1 => 3,
                _ => return Err(SignError.into()),
            };
            rank = next;
            if let MessageLayer::SignatureGroup { results } = layer {
                for result in results {
                    reports.push(judge(result, self.known, &own, self.now));
                }
            }
        }
        self.reports = Some(reports);
        Ok(())
    }
}

impl DecryptionHelper for Helper<'_> {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _skesks: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> openpgp::Result<Option<Cert>> {
        let mut tries = 0;
        for pkesk in pkesks {
            let recipient = pkesk.recipient();
            let is_v3 = matches!(pkesk, PKESK::V3(_));
            // Version 3 goes with SEIPDv1, version 6 with SEIPDv2 (RFC 9580
            // section 10.3.2.1).
            if is_v3 != (self.form == Some(Form::SeipdV1)) {
                continue;
            }
            for key in self.keys {
                for mut part in key.decryptors(is_v3) {
                    let named = match &recipient {
                        Some(handle) => handle.aliases(part.public.key_handle()),
                        None => true,
                    };
                    if !named || pkesk.pk_algo() != part.public.pk_algo() {
                        continue;
                    }
                    tries += 1;
                    if tries > MAX_TRIES {
                        return Err(SignError.into());
                    }
                    let opened = pkesk
                        .decrypt(&mut part, algorithm)
                        .is_some_and(|(algorithm, session_key)| decrypt(algorithm, &session_key));
                    if opened {
                        return Ok(None);
                    }
                }
            }
        }
        Err(SignError.into())
    }
}
