//! Judging signatures.

use std::sync::Arc;

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::packet::Signature;
use openpgp::parse::Parse;
use openpgp::parse::stream::{
    DetachedVerifierBuilder, MessageLayer, MessageStructure, VerificationError, VerificationHelper,
    VerificationResult,
};
use openpgp::policy::{HashAlgoSecurity, Policy};
use openpgp::serialize::SerializeInto;
use openpgp::types::SignatureType;
use openpgp::{Cert, KeyHandle, types};

use crate::base::{Address, KeyFault, KeyTrust, Phi, Route, Timestamp};
use crate::seal::open::{SignatureReport, Signer, Verdict};
use crate::seal::{OpenError, SignError};

use super::super::PgpCertificate;
use super::SequoiaBackend;
use super::certificate::{self, is_revoked};

/// Signatures of one message.
pub(super) const MAX_SIGNATURES: usize = 32;
/// A detached signature's bytes.
const MAX_SIGNATURE_SIZE: usize = 256 << 10;
/// How far a signer's clock may be ahead of ours.
const CLOCK_SKEW: std::time::Duration = std::time::Duration::from_secs(30 * 60);

const BAD: Verdict = Verdict::Invalid("signature.bad");

/// A certificate that may have signed.
pub(super) struct Known {
    cert: Arc<Cert>,
    trust: KeyTrust,
    address: Option<Address>,
}

/// What can be read of the certificates; what cannot signed nothing.
pub(super) fn known(backend: &SequoiaBackend, certificates: &[PgpCertificate]) -> Vec<Known> {
    certificates
        .iter()
        .filter_map(|certificate| {
            Some(Known {
                cert: backend.parse(&certificate.bytes).ok()?,
                trust: certificate.trust,
                address: certificate.address.clone(),
            })
        })
        .collect()
}

pub(super) fn verify_detached(
    data: &[u8],
    signature: &[u8],
    known: &[Known],
    now: Timestamp,
) -> Result<Vec<SignatureReport>, OpenError> {
    if signature.len() > MAX_SIGNATURE_SIZE {
        return Err(OpenError::Limit {
            what: "octets in a signature",
            limit: MAX_SIGNATURE_SIZE,
        });
    }
    let helper = Helper {
        known,
        now,
        packets: 0,
        reports: Vec::new(),
    };
    let policy = certificate::policy(now);
    let verify = || -> openpgp::Result<Helper<'_>> {
        let mut verifier = DetachedVerifierBuilder::from_bytes(signature)?.with_policy(
            &policy,
            certificate::time(now),
            helper,
        )?;
        verifier.verify_bytes(data)?;
        Ok(verifier.into_helper())
    };
    super::guard(verify)
        .and_then(Result::ok)
        .map(|helper| helper.reports)
        .ok_or(OpenError::Malformed("its OpenPGP signature"))
}

struct Helper<'a> {
    known: &'a [Known],
    now: Timestamp,
    packets: usize,
    reports: Vec<SignatureReport>,
}

impl VerificationHelper for Helper<'_> {
    fn inspect(&mut self, _: &openpgp::parse::PacketParser<'_>) -> openpgp::Result<()> {
        self.packets += 1;
        if self.packets > MAX_SIGNATURES {
            return Err(SignError.into());
        }
        Ok(())
    }

    fn get_certs(&mut self, _ids: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(Vec::new())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        for layer in structure {
            if let MessageLayer::SignatureGroup { results } = layer {
                for result in results {
                    self.reports.push(judge(result, self.known, &[], self.now));
                }
            }
        }
        Ok(())
    }
}

/// Judges one signature. `own` are the certificates that the message was
/// decrypted for, empty where it was not encrypted.
pub(super) fn judge(
    result: VerificationResult<'_>,
    known: &[Known],
    own: &[&Cert],
    now: Timestamp,
) -> SignatureReport {
    use VerificationError as E;
    let sig = match &result {
        Ok(good) => good.sig,
        Err(
            E::MissingKey { sig }
            | E::UnboundKey { sig, .. }
            | E::BadKey { sig, .. }
            | E::BadSignature { sig, .. }
            | E::MalformedSignature { sig, .. },
        ) => sig,
        _ => return SignatureReport::new(BAD, unknown(&[])),
    };
    let issuers = sig.get_issuers();
    // A key id can name several keys; whose the signature is, only its
    // verification says.
    let named: Vec<_> = known
        .iter()
        .flat_map(|known| {
            let keys = known.cert.keys().key_handles(issuers.clone());
            keys.map(move |key| (known, key))
        })
        .filter(|_| !issuers.is_empty())
        .take(MAX_SIGNATURES)
        .collect();
    let found = named
        .iter()
        .find(|(_, key)| sig.verify_document(key.key()).is_ok());
    let mut report = match (found, named.first()) {
        (Some((known, key)), _) => {
            let verdict = judge_right(sig, known, key, own, now);
            SignatureReport::new(verdict, signer(known, now))
        }
        (None, Some((known, _))) => SignatureReport::new(BAD, signer(known, now)),
        (None, None) => {
            SignatureReport::new(Verdict::Untrusted(KeyFault::Untrusted), unknown(&issuers))
        }
    };
    let is_document = matches!(sig.typ(), SignatureType::Binary | SignatureType::Text);
    if !is_document {
        report.verdict = BAD;
    } else if certificate::BROKEN_HASHES.contains(&sig.hash_algo()) {
        report.verdict = Verdict::Invalid("signature.weak_hash");
    }
    report.made = sig
        .signature_creation_time()
        .and_then(|t| types::Timestamp::try_from(t).ok())
        .map(|t| Timestamp::from_unix_ms(i64::from(u32::from(t)) * 1000));
    report
}

/// Judges a signature that verifies by this key.
fn judge_right(
    sig: &Signature,
    known: &Known,
    key: &ErasedKeyAmalgamation<'_, openpgp::packet::key::PublicParts>,
    own: &[&Cert],
    now: Timestamp,
) -> Verdict {
    let policy = certificate::policy(now);
    let at = certificate::time(now);
    // An unknown critical subpacket changes what the signature says.
    if policy
        .signature(sig, HashAlgoSecurity::CollisionResistance)
        .is_err()
    {
        return BAD;
    }
    // Made for others, and sent on to us as if it were for us.
    let mut intended = sig.intended_recipients().peekable();
    if !own.is_empty()
        && intended.peek().is_some()
        && !intended.any(|to| own.iter().any(|cert| cert.fingerprint() == *to))
    {
        return Verdict::Invalid("signature.other_recipient");
    }
    let Some(made) = sig.signature_creation_time() else {
        return BAD;
    };
    if let Err(e) = sig.signature_alive(
        std::time::UNIX_EPOCH + certificate::seconds(now),
        CLOCK_SKEW,
    ) {
        return match certificate::fault_of(&e) {
            KeyFault::Malformed => BAD,
            fault => Verdict::Untrusted(fault),
        };
    }
    let fault = (|| {
        certificate::strength(key.key())?;
        certificate::strength(known.cert.primary_key().key())?;
        if is_revoked(&known.cert.revocation_status(&policy, at))
            || (known.cert.keys().subkeys())
                .filter(|sub| sub.key().fingerprint() == key.key().fingerprint())
                .any(|sub| is_revoked(&sub.revocation_status(&policy, at)))
        {
            return Err(KeyFault::Revoked);
        }
        let then = key.clone().with_policy(&policy, made).map_err(|_| {
            // Bound by nothing that is accepted, or not yet.
            if key
                .clone()
                .with_policy(&certificate::diagnosis(now), made)
                .is_ok()
            {
                KeyFault::WeakHash
            } else if key.key().creation_time() > made {
                KeyFault::NotYetValid
            } else {
                KeyFault::Malformed
            }
        })?;
        then.valid_cert()
            .alive()
            .map_err(|e| certificate::fault_of(&e))?;
        then.alive().map_err(|e| certificate::fault_of(&e))?;
        if is_revoked(&then.valid_cert().revocation_status())
            || is_revoked(&then.revocation_status())
        {
            return Err(KeyFault::Revoked);
        }
        if !then.for_signing() {
            return Err(KeyFault::NotForSigning);
        }
        // What names others than whom its source holds it for proves nothing
        // about them, unless the host vouches.
        if let Some(address) = &known.address {
            let names = certificate::addresses(&known.cert, now).0;
            if known.trust < KeyTrust::Pinned && !names.contains(&address.canonical()) {
                return Err(KeyFault::OtherAddress);
            }
        }
        Ok(())
    })();
    match fault {
        Ok(()) => Verdict::Valid(known.trust),
        Err(fault) => Verdict::Untrusted(fault),
    }
}

fn signer(known: &Known, now: Timestamp) -> Signer {
    let mut addresses = certificate::addresses(&known.cert, now).0;
    if let Some(address) = known
        .address
        .as_ref()
        .filter(|_| known.trust >= KeyTrust::Pinned)
    {
        addresses.push(address.canonical());
    }
    addresses.sort();
    addresses.dedup();
    Signer {
        route: Route::Pgp,
        fingerprint: known.cert.fingerprint().to_hex().to_lowercase(),
        addresses: Phi::new(addresses),
        certificate: known.cert.to_vec().ok(),
    }
}

/// A signer whose certificate is not at hand: the fingerprint where the
/// signature gives one, else the key id.
fn unknown(issuers: &[KeyHandle]) -> Signer {
    let best = issuers
        .iter()
        .find(|h| matches!(h, KeyHandle::Fingerprint(_)))
        .or(issuers.first());
    Signer {
        route: Route::Pgp,
        fingerprint: best.map_or_else(String::new, |h| h.to_hex().to_lowercase()),
        addresses: Phi::new(Vec::new()),
        certificate: None,
    }
}
