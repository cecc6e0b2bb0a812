//! Path validation to the anchors that the host trusts (RFC 5280 section 6).

use std::fmt;
use std::sync::Arc;

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, NameConstraints,
    PolicyConstraints,
};

use super::certificate::{Certificate, MAX_CERTIFICATE};
use super::constraints::{check_critical, check_names};
pub use super::crl::RevocationLists;
use super::names::same;
use super::{pem, signature};
use crate::base::crypto::public::KeyKind;
use crate::base::{Address, KeyFault, Timestamp};

/// The longest path, end entity and anchor included.
const MAX_DEPTH: usize = 8;
/// The most signatures that are verified for one certificate: a set of
/// intermediates made to be searched costs no more.
const MAX_SIGNATURES: usize = 32;
/// The most anchors that are read.
const MAX_ANCHORS: usize = 4096;
/// The most intermediates that are looked at.
const MAX_INTERMEDIATES: usize = 64;

/// The most authorities of one name whose signature on a certificate is looked
/// for, to find its revocation lists.
const MAX_ISSUERS: usize = 16;

/// id-kp-emailProtection (RFC 5280 section 4.2.1.12).
const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
/// anyExtendedKeyUsage.
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// The certificates that the host trusts to issue others. A certificate that
/// is itself among them is trusted as it stands.
///
/// There is no built-in set: who may vouch for a patient's or a clinic's key
/// is for the host to say.
#[derive(Clone, Default)]
pub struct TrustAnchors(Arc<Vec<Certificate>>);

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustAnchors")
            .field("count", &self.0.len())
            .finish()
    }
}

impl TrustAnchors {
    /// Reads a PEM bundle.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] where it holds no certificate or a broken one,
    /// [`KeyFault::WeakKey`] and [`KeyFault::UnsupportedAlgorithm`] for a key
    /// that cannot vouch for anyone.
    pub fn from_pem(bytes: &[u8]) -> Result<Self, KeyFault> {
        let blocks = pem::read(bytes, "CERTIFICATE", MAX_CERTIFICATE, MAX_ANCHORS)
            .map_err(|_| KeyFault::Malformed)?;
        Self::from_certificates(blocks.iter().map(Vec::as_slice))
    }

    /// Reads one certificate in DER.
    ///
    /// # Errors
    /// As [`Self::from_pem`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyFault> {
        Self::from_certificates([der].into_iter())
    }

    fn from_certificates<'a>(ders: impl Iterator<Item = &'a [u8]>) -> Result<Self, KeyFault> {
        let mut out = Vec::new();
        for der in ders {
            let certificate = Certificate::parse_der(der)?;
            certificate.kind()?;
            out.push(certificate);
        }
        Ok(Self(Arc::new(out)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.0
    }
}

/// What a certificate's key is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Encrypt,
    Sign,
}

/// Whether `now` lies within the certificate's validity.
pub(crate) fn check_dates(certificate: &Certificate, now: Timestamp) -> Result<(), KeyFault> {
    let validity = certificate.x509().tbs_certificate().validity();
    let ms = |t: x509_cert::time::Time| {
        i64::try_from(t.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
    };
    if now.unix_ms() < ms(validity.not_before) {
        return Err(KeyFault::NotYetValid);
    }
    // The last second counts whole (RFC 5280 section 4.1.2.5: inclusive).
    if now.unix_ms() >= ms(validity.not_after).saturating_add(1000) {
        return Err(KeyFault::Expired);
    }
    Ok(())
}

pub(super) fn get<'a, T>(certificate: &'a Certificate) -> Result<Option<T>, KeyFault>
where
    T: der::Decode<'a, Error = der::Error> + der::oid::AssociatedOid,
{
    certificate
        .x509()
        .tbs_certificate()
        .get_extension::<T>()
        .map(|found| found.map(|(_, value)| value))
        .map_err(|_| KeyFault::Malformed)
}

fn fits_purpose(purpose: Purpose) -> KeyFault {
    match purpose {
        Purpose::Encrypt => KeyFault::NotForEncryption,
        Purpose::Sign => KeyFault::NotForSigning,
    }
}

/// Extended key usage (RFC 8550 section 4.4.4): absent, mail, or any.
fn check_mail_usage(certificate: &Certificate, purpose: Purpose) -> Result<(), KeyFault> {
    match get::<ExtendedKeyUsage>(certificate)? {
        Some(usage)
            if !usage
                .0
                .iter()
                .any(|id| *id == EMAIL_PROTECTION || *id == ANY_USAGE) =>
        {
            Err(fits_purpose(purpose))
        }
        _ => Ok(()),
    }
}

/// What can be said of an end entity's certificate by itself: its key, its own
/// signature's algorithm, its dates, what it is for, and whose it is.
pub(crate) fn check_leaf(
    certificate: &Certificate,
    purpose: Purpose,
    address: Option<&Address>,
    now: Timestamp,
) -> Result<(), KeyFault> {
    let kind = certificate.kind()?;
    signature::scheme(certificate.x509().signature_algorithm())?;
    check_critical(certificate)?;
    check_dates(certificate, now)?;
    // RFC 8550 section 4.4.2. nonRepudiation signs too.
    let key_usage = get::<KeyUsage>(certificate)?;
    let allowed = |test: fn(&KeyUsage) -> bool| key_usage.as_ref().is_none_or(test);
    let fits = match (purpose, kind) {
        (Purpose::Encrypt, KeyKind::Rsa { .. }) => allowed(KeyUsage::key_encipherment),
        (Purpose::Encrypt, KeyKind::P256 | KeyKind::P384 | KeyKind::P521) => {
            allowed(KeyUsage::key_agreement)
        }
        (Purpose::Encrypt, KeyKind::Ed25519) => false,
        (Purpose::Sign, _) => allowed(|u| u.digital_signature() || u.non_repudiation()),
    };
    if !fits {
        return Err(fits_purpose(purpose));
    }
    check_mail_usage(certificate, purpose)?;
    if let Some(address) = address {
        let wanted = address.canonical();
        let named = certificate
            .mailboxes()
            .iter()
            .any(|m| m.parse::<Address>().is_ok_and(|a| a.canonical() == wanted));
        if !named {
            return Err(KeyFault::OtherAddress);
        }
    }
    Ok(())
}

/// Validates a path from `certificate` over some of `intermediates` to an
/// anchor, and the revocation of each certificate on it.
///
/// # Errors
/// Why there is none: [`KeyFault::Untrusted`], or what is wrong with the best
/// that was found.
pub(crate) fn validate(
    certificate: &Certificate,
    intermediates: &[Certificate],
    anchors: &TrustAnchors,
    lists: &RevocationLists,
    purpose: Purpose,
    address: Option<&Address>,
    now: Timestamp,
) -> Result<(), KeyFault> {
    check_leaf(certificate, purpose, address, now)?;
    if anchors.certificates().contains(certificate) {
        // Trusted as it stands, unless it was revoked since. A list need not be
        // there.
        let issuers = [anchors.certificates(), intermediates].concat();
        return match revoked(certificate, &issuers, lists, now) {
            Err(KeyFault::NoRevocationList) => Ok(()),
            other => other,
        };
    }
    let mut search = Search {
        intermediates: &intermediates[..intermediates.len().min(MAX_INTERMEDIATES)],
        anchors: anchors.certificates(),
        lists,
        purpose,
        now,
        signatures: MAX_SIGNATURES,
        fault: None,
    };
    let mut path = vec![certificate];
    if search.extend(&mut path) {
        return Ok(());
    }
    Err(search.fault.unwrap_or(KeyFault::Untrusted))
}

struct Search<'a> {
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    lists: &'a RevocationLists,
    purpose: Purpose,
    now: Timestamp,
    signatures: usize,
    /// What was wrong with the first path that reached an anchor.
    fault: Option<KeyFault>,
}

impl<'a> Search<'a> {
    /// Goes on from the last certificate of `path` to an anchor.
    fn extend(&mut self, path: &mut Vec<&'a Certificate>) -> bool {
        let Some(&last) = path.last() else {
            return false;
        };
        if path.len() >= MAX_DEPTH {
            return false;
        }
        for (issuer, anchor) in self.candidates(last) {
            // The same certificate, or the same name and key under another
            // signature, twice on one path leads nowhere new.
            if path.iter().any(|c| {
                *c == issuer || (same(c.subject(), issuer.subject()) && c.spki() == issuer.spki())
            }) {
                continue;
            }
            if self.signatures == 0 {
                return false;
            }
            self.signatures -= 1;
            match verify_signed(last, issuer) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(fault) => {
                    if anchor {
                        self.fault.get_or_insert(fault);
                    }
                    continue;
                }
            }
            path.push(issuer);
            let found = if anchor {
                match self.check(path) {
                    Ok(()) => true,
                    Err(fault) => {
                        self.fault.get_or_insert(fault);
                        false
                    }
                }
            } else {
                self.extend(path)
            };
            path.pop();
            if found {
                return true;
            }
        }
        false
    }

    /// Who may have issued it: anchors first, those whose key id fits first.
    /// The key ids only order: RFC 5280 does not ask them to match.
    fn candidates(&self, of: &Certificate) -> Vec<(&'a Certificate, bool)> {
        let wanted = get::<AuthorityKeyIdentifier>(of)
            .ok()
            .flatten()
            .and_then(|id| id.key_identifier);
        let mut out: Vec<(&'a Certificate, bool)> = self
            .anchors
            .iter()
            .map(|c| (c, true))
            .chain(self.intermediates.iter().map(|c| (c, false)))
            .filter(|(c, _)| same(c.subject(), of.issuer()))
            .collect();
        out.sort_by_key(|(c, anchor)| {
            let other = match (&wanted, c.subject_key_id()) {
                (Some(wanted), Some(id)) => wanted.as_bytes() != id,
                _ => false,
            };
            (other, !anchor)
        });
        out
    }

    /// Checks a path whose signatures and keys are right, from the end entity to the
    /// anchor.
    fn check(&self, path: &[&Certificate]) -> Result<(), KeyFault> {
        for (i, issuer) in path.iter().enumerate().skip(1) {
            let below = &path[..i];
            // An anchor is trusted for its key: what signed it does not count.
            if i + 1 < path.len() {
                signature::scheme(issuer.x509().signature_algorithm())?;
            }
            check_dates(issuer, self.now)?;
            check_critical(issuer)?;
            check_issuer(issuer, below, i + 1 == path.len())?;
            check_mail_usage(issuer, self.purpose).map_err(|_| KeyFault::Constraint)?;
            if let Some(constraints) = get::<NameConstraints>(issuer)? {
                for (n, certificate) in below.iter().enumerate() {
                    // RFC 5280 section 6.1.3 (b): the end entity's always.
                    if n == 0 || !certificate.self_issued() {
                        check_names(&constraints, certificate)?;
                    }
                }
            }
        }
        for certificate in path {
            // There is no tree of policies here: who asks for one is refused.
            if get::<PolicyConstraints>(certificate)?
                .is_some_and(|p| p.require_explicit_policy.is_some())
            {
                return Err(KeyFault::Constraint);
            }
        }
        for pair in path.windows(2) {
            self.lists.check(pair[0], &[pair[1]], self.now)?;
        }
        Ok(())
    }
}

/// Whether a certificate may issue those `below` it.
fn check_issuer(
    issuer: &Certificate,
    below: &[&Certificate],
    anchor: bool,
) -> Result<(), KeyFault> {
    match get::<BasicConstraints>(issuer)? {
        Some(basic) if basic.ca => {
            if let Some(most) = basic.path_len_constraint {
                let between = below.iter().skip(1).filter(|c| !c.self_issued()).count();
                if between > usize::from(most) {
                    return Err(KeyFault::Constraint);
                }
            }
        }
        // A root of version 1 has no extensions.
        None if anchor && issuer.x509().tbs_certificate().extensions().is_none() => {}
        _ => return Err(KeyFault::Constraint),
    }
    match get::<KeyUsage>(issuer)? {
        Some(usage) if !usage.key_cert_sign() => Err(KeyFault::Constraint),
        _ => Ok(()),
    }
}

/// Whether `issuer`'s key signed the certificate.
fn verify_signed(certificate: &Certificate, issuer: &Certificate) -> Result<bool, KeyFault> {
    let scheme = signature::scheme(certificate.x509().signature_algorithm())?;
    issuer.kind()?;
    let value = certificate
        .x509()
        .signature()
        .as_bytes()
        .ok_or(KeyFault::Malformed)?;
    Ok(signature::verify(
        issuer.spki(),
        scheme,
        certificate.tbs(),
        value,
    ))
}

/// Looks a certificate up in the lists of those of `issuers` that issued it.
/// What the host knows stands first among them: only so many are looked at,
/// and a message may bring as many as it likes under the issuer's name.
pub(crate) fn revoked(
    certificate: &Certificate,
    issuers: &[Certificate],
    lists: &RevocationLists,
    now: Timestamp,
) -> Result<(), KeyFault> {
    let issuers: Vec<&Certificate> = issuers
        .iter()
        .filter(|c| same(c.subject(), certificate.issuer()))
        .take(MAX_ISSUERS)
        .filter(|c| verify_signed(certificate, c) == Ok(true))
        .collect();
    lists.check(certificate, &issuers, now)
}

#[cfg(test)]
mod tests;
