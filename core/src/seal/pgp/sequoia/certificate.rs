//! Reading a certificate and judging whether one of its keys may be used
//! (RFC 9580 sections 5.2.3, 10.1, and 13).

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::crypto::mpi::PublicKey;
use openpgp::packet::key::{KeyParts, KeyRole, PublicParts, UnspecifiedRole};
use openpgp::packet::{Key, Packet, Tag};
use openpgp::parse::{PacketParserBuilder, PacketParserResult, Parse};
use openpgp::policy::{AsymmetricAlgorithm, Policy, StandardPolicy};
use openpgp::serialize::MarshalInto;
use openpgp::types::{self, HashAlgorithm, RevocationStatus, SymmetricAlgorithm};
use openpgp::{Cert, Fingerprint};

use crate::base::{Address, KeyFault, Timestamp};

/// A certificate is not read above this size.
pub(super) const MAX_SIZE: usize = 1 << 20;
/// Nor above so many packets, user ids and subkeys: self-signatures are tried
/// against each of them.
const MAX_PACKETS: usize = 4_096;
const MAX_COMPONENTS: usize = 256;
/// Nor where signatures times the largest of what they sign is above this:
/// each may be hashed with each.
const MAX_HASHED: usize = 64 << 20;

/// What a key is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Encrypt,
    Sign,
}

/// OpenPGP's time: whole seconds of 32 bits.
pub(super) fn time(now: Timestamp) -> types::Timestamp {
    let seconds = now.unix_ms().div_euclid(1000).max(0);
    u32::try_from(seconds).unwrap_or(u32::MAX).into()
}

/// The hashes that sign nothing any more.
pub(super) const BROKEN_HASHES: [HashAlgorithm; 3] = [
    HashAlgorithm::MD5,
    HashAlgorithm::SHA1,
    HashAlgorithm::RipeMD,
];

/// What is accepted at `now`: sequoia's standard, and no broken hash nor
/// 64-bit cipher at whatever time. Revocations by broken hashes still count:
/// to ignore one would be the unsafe side.
pub(super) fn policy(now: Timestamp) -> StandardPolicy<'static> {
    let mut policy = StandardPolicy::at(std::time::UNIX_EPOCH + seconds(now));
    for hash in BROKEN_HASHES {
        policy.reject_hash(hash);
    }
    policy.hash_revocation_tolerance(types::Duration::seconds(u32::MAX));
    #[allow(deprecated)]
    let weak = [
        SymmetricAlgorithm::TripleDES,
        SymmetricAlgorithm::IDEA,
        SymmetricAlgorithm::CAST5,
        SymmetricAlgorithm::Blowfish,
    ];
    for cipher in weak {
        policy.reject_symmetric_algo(cipher);
    }
    policy
}

/// The policy that tells what a certificate would say if its hashes and
/// algorithms were good, to name the fault. Nothing is ever used by it.
pub(super) fn diagnosis(now: Timestamp) -> StandardPolicy<'static> {
    let mut policy = policy(now);
    for hash in BROKEN_HASHES {
        policy.accept_hash(hash);
    }
    for algorithm in AsymmetricAlgorithm::variants() {
        policy.accept_asymmetric_algo(algorithm);
    }
    policy.accept_packet_tag_version(Tag::Signature, 3);
    policy
}

pub(super) fn seconds(now: Timestamp) -> std::time::Duration {
    std::time::Duration::from_secs(u32::from(time(now)).into())
}

/// Reads exactly one certificate without secret parts.
pub(super) fn parse(bytes: &[u8]) -> Result<Cert, KeyFault> {
    parse_as(bytes, false)
}

/// Reads exactly one transferable secret key.
pub(super) fn parse_secret(bytes: &[u8]) -> Result<Cert, KeyFault> {
    parse_as(bytes, true)
}

fn parse_as(bytes: &[u8], secret: bool) -> Result<Cert, KeyFault> {
    super::guard(|| parse_packets(bytes, secret)).unwrap_or(Err(KeyFault::Malformed))
}

fn parse_packets(bytes: &[u8], secret: bool) -> Result<Cert, KeyFault> {
    let malformed = KeyFault::Malformed;
    if bytes.len() > MAX_SIZE {
        return Err(malformed);
    }
    // A packet's first bit is set; text is armour, of which only the first
    // block would be read.
    if bytes.first().is_none_or(|first| first & 0x80 == 0) {
        let begin = b"-----BEGIN PGP";
        if bytes.windows(begin.len()).filter(|w| w == begin).count() != 1 {
            return Err(malformed);
        }
    }
    let mut packets = Vec::new();
    let (mut primaries, mut components) = (0, 0);
    let (mut signatures, mut largest) = (0, 0_usize);
    let mut next = PacketParserBuilder::from_bytes(bytes)
        .and_then(|b| {
            b.max_packet_size(MAX_SIZE as u32)
                .buffer_unread_content()
                .build()
        })
        .map_err(|_| malformed)?;
    while let PacketParserResult::Some(parser) = next {
        let (packet, rest) = parser.next().map_err(|_| malformed)?;
        match (packet.tag(), &packet) {
            (Tag::PublicKey, Packet::PublicKey(_)) if !secret => primaries += 1,
            (Tag::SecretKey, Packet::SecretKey(_)) if secret => primaries += 1,
            (Tag::SecretSubkey, Packet::SecretSubkey(_)) if secret => components += 1,
            (Tag::PublicSubkey | Tag::UserID | Tag::UserAttribute, _) => components += 1,
            // Of kinds or versions that are not known, they bind nothing.
            (Tag::Signature | Tag::Trust | Tag::Marker | Tag::Padding, _) => {}
            (tag, Packet::Unknown(_)) if u8::from(tag) >= 40 => {}
            _ => return Err(malformed),
        }
        match packet.tag() {
            Tag::Signature => signatures += 1,
            _ => largest = largest.max(packet.serialized_len()),
        }
        packets.push(packet);
        if packets.len() > MAX_PACKETS
            || components > MAX_COMPONENTS
            || primaries > 1
            || largest.saturating_mul(signatures) > MAX_HASHED
        {
            return Err(malformed);
        }
        next = rest;
    }
    Cert::from_packets(packets.into_iter()).map_err(|_| malformed)
}

/// The newest key of the certificate that may be used so at `now`, among those
/// that `accept` takes.
pub(super) fn select(
    cert: &Cert,
    purpose: Use,
    now: Timestamp,
    accept: impl Fn(&Fingerprint) -> bool,
) -> Result<Key<PublicParts, UnspecifiedRole>, KeyFault> {
    let fault = match select_under(cert, &policy(now), purpose, now, &accept) {
        Ok(key) => return Ok(key),
        Err(fault) => fault,
    };
    // The policy passes over what it does not accept; what it passed over
    // names the fault.
    match fault {
        KeyFault::Malformed | KeyFault::NotForEncryption | KeyFault::NotForSigning => {
            match select_under(cert, &diagnosis(now), purpose, now, &accept) {
                Ok(_) => Err(KeyFault::WeakHash),
                Err(KeyFault::Malformed) => Err(fault),
                Err(named) => Err(named),
            }
        }
        _ => Err(fault),
    }
}

fn select_under(
    cert: &Cert,
    policy: &dyn Policy,
    purpose: Use,
    now: Timestamp,
    accept: &impl Fn(&Fingerprint) -> bool,
) -> Result<Key<PublicParts, UnspecifiedRole>, KeyFault> {
    let at = time(now);
    let primary = cert.primary_key();
    strength(primary.key())?;
    if primary.key().creation_time() > std::time::UNIX_EPOCH + seconds(now) {
        return Err(KeyFault::NotYetValid);
    }
    if is_revoked(&cert.revocation_status(policy, at)) {
        return Err(KeyFault::Revoked);
    }
    let valid = cert.with_policy(policy, at).map_err(|_| {
        // Bound later than now: it begins then.
        if binds_later(cert, now) {
            KeyFault::NotYetValid
        } else {
            KeyFault::Malformed
        }
    })?;
    valid.alive().map_err(|e| fault_of(&e))?;
    let mut ids = valid.userids().peekable();
    if ids.peek().is_some() && ids.all(|id| is_revoked(&id.revocation_status())) {
        return Err(KeyFault::Revoked);
    }

    let mut keys: Vec<_> = valid
        .keys()
        .filter(|key| match purpose {
            Use::Encrypt => key.for_transport_encryption() || key.for_storage_encryption(),
            Use::Sign => key.for_signing(),
        })
        .filter(|key| accept(&key.key().fingerprint()))
        .collect();
    // Transport before storage, then the newest: what gpg takes.
    keys.sort_by_key(|key| {
        (
            key.for_transport_encryption(),
            key.key().creation_time(),
            key.key().fingerprint(),
        )
    });
    let mut fault = None;
    for key in keys.iter().rev() {
        let judged = if is_revoked(&key.revocation_status()) {
            Err(KeyFault::Revoked)
        } else {
            key.alive()
                .map_err(|e| fault_of(&e))
                .and_then(|()| strength(key.key()))
                .and_then(|()| fits(key.key(), purpose))
        };
        match judged {
            Ok(()) => return Ok(key.key().clone()),
            Err(found) => fault = fault.or(Some(found)),
        }
    }
    Err(fault.unwrap_or(match purpose {
        Use::Encrypt => KeyFault::NotForEncryption,
        Use::Sign => KeyFault::NotForSigning,
    }))
}

/// A revocation that cannot be checked (a designated revoker's) counts.
pub(super) fn is_revoked(status: &RevocationStatus<'_>) -> bool {
    !matches!(status, RevocationStatus::NotAsFarAsWeKnow)
}

fn binds_later(cert: &Cert, now: Timestamp) -> bool {
    let at = std::time::UNIX_EPOCH + seconds(now);
    let mut times = cert
        .primary_key()
        .self_signatures()
        .chain(cert.userids().flat_map(|id| id.self_signatures()))
        .filter_map(|s| s.signature_creation_time())
        .peekable();
    times.peek().is_some() && times.all(|t| t > at)
}

pub(super) fn fault_of(error: &openpgp::anyhow::Error) -> KeyFault {
    match error.downcast_ref::<openpgp::Error>() {
        Some(openpgp::Error::Expired(_)) => KeyFault::Expired,
        Some(openpgp::Error::NotYetLive(_)) => KeyFault::NotYetValid,
        _ => KeyFault::Malformed,
    }
}

/// Whether the key is strong enough and of a kind that is implemented.
pub(super) fn strength<P: KeyParts, R: KeyRole>(key: &Key<P, R>) -> Result<(), KeyFault> {
    match key.mpis() {
        PublicKey::RSA { n, .. } if n.bits() < 2048 => return Err(KeyFault::WeakKey),
        // What sequoia's backend encrypts to and verifies by.
        PublicKey::RSA { n, .. } if n.bits() > 4096 => return Err(KeyFault::UnsupportedAlgorithm),
        PublicKey::DSA { .. } | PublicKey::ElGamal { .. } => return Err(KeyFault::WeakKey),
        PublicKey::X25519 { u } if is_low_order(u) => return Err(KeyFault::WeakKey),
        PublicKey::ECDH {
            curve: curve @ types::Curve::Cv25519,
            q,
            ..
        } if q.decode_point(curve).is_ok_and(|(u, _)| is_low_order(u)) => {
            return Err(KeyFault::WeakKey);
        }
        PublicKey::EdDSA { curve, .. }
        | PublicKey::ECDSA { curve, .. }
        | PublicKey::ECDH { curve, .. }
            if !curve.is_supported() =>
        {
            return Err(KeyFault::UnsupportedAlgorithm);
        }
        _ => {}
    }
    if key.pk_algo().is_supported() {
        Ok(())
    } else {
        Err(KeyFault::UnsupportedAlgorithm)
    }
}

/// Whether what is agreed on with this point of Curve25519 is zero, which
/// everybody knows (RFC 7748 section 6.1): 0, 1, the two of order 8, and these
/// and p-1 as other encodings of the field give them.
fn is_low_order(u: &[u8]) -> bool {
    const POINTS: [[u8; 32]; 4] = [
        [0; 32],
        [
            1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0,
        ],
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
            0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
            0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    let [first, middle @ .., last] = u else {
        return true;
    };
    // p-1, p and p+1 differ in their first octet; the highest bit is ignored.
    let near_p =
        matches!(first, 0xec..=0xee) && middle.iter().all(|&b| b == 0xff) && last & 0x7f == 0x7f;
    let listed = POINTS.iter().any(|point| {
        let (end, rest) = (point[31], &point[1..31]);
        point[0] == *first && rest == middle && end == last & 0x7f
    });
    near_p || listed
}

/// Key flags can say what the algorithm cannot do.
fn fits<P: KeyParts, R: KeyRole>(key: &Key<P, R>, purpose: Use) -> Result<(), KeyFault> {
    match purpose {
        Use::Encrypt if !key.pk_algo().for_encryption() => Err(KeyFault::NotForEncryption),
        Use::Sign if !key.pk_algo().for_signing() => Err(KeyFault::NotForSigning),
        _ => Ok(()),
    }
}

/// The canonical addresses that user ids valid at `now` name, and those that
/// revoked ones alone name.
pub(super) fn addresses(cert: &Cert, now: Timestamp) -> (Vec<String>, Vec<String>) {
    let policy = policy(now);
    let Ok(valid) = cert.with_policy(&policy, time(now)) else {
        return (Vec::new(), Vec::new());
    };
    let named = |revoked: bool| {
        let ids = valid
            .userids()
            .filter(|id| is_revoked(&id.revocation_status()) == revoked);
        let mut all: Vec<String> = ids
            .filter_map(|id| id.userid().email().ok().flatten().map(canonical))
            .collect();
        all.sort();
        all.dedup();
        all
    };
    let (current, mut revoked) = (named(false), named(true));
    revoked.retain(|address| !current.contains(address));
    (current, revoked)
}

fn canonical(email: &str) -> String {
    email
        .parse::<Address>()
        .map_or_else(|_| email.to_lowercase(), |address| address.canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_with_which_everybody_agrees_on_zero() {
        let near = |first: u8, last: u8| {
            let mut point = [0xff; 32];
            (point[0], point[31]) = (first, last);
            point
        };
        for point in [
            near(0xec, 0x7f),
            near(0xed, 0x7f),
            near(0xee, 0xff),
            [0; 32],
        ] {
            assert!(is_low_order(&point));
        }
        for point in [
            near(0xeb, 0x7f),
            near(0xef, 0x7f),
            near(0xec, 0x7e),
            [9; 32],
        ] {
            assert!(!is_low_order(&point));
        }
    }
}
