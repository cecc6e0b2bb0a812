//! Certificate revocation lists (RFC 5280 sections 5 and 6.3).
//!
//! Whole lists that the issuer of the certificate signed itself are used.
//! Delta lists, indirect lists, lists for some reasons only and lists with
//! critical extensions that are not known are not: they count as absent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use der::Decode as _;
use der::asn1::ObjectIdentifier;
use x509_cert::crl::CertificateList;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{BasicConstraints, CrlDistributionPoints, CrlReason, KeyUsage};
use x509_cert::name::Name;

use super::certificate::Certificate;
use super::names::same;
use super::path::get;
use super::{pem, signature};
use crate::base::crypto::public::{digest, tlv, verify_digest, verify_message};
use crate::base::{KeyFault, SignatureScheme, Timestamp};

/// The largest list that is read.
const MAX_LIST: usize = 16 * 1024 * 1024;
/// The most lists that are held.
const MAX_LISTS: usize = 256;

/// issuingDistributionPoint (RFC 5280 section 5.2.5).
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// deltaCRLIndicator (section 5.2.4).
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
/// reasonCode (section 5.3.1).
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");

/// The revocation lists that the host gives: mailseal fetches none.
#[derive(Clone, Default)]
pub struct RevocationLists {
    lists: Arc<Vec<Arc<List>>>,
    required: bool,
}

impl fmt::Debug for RevocationLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationLists")
            .field("count", &self.lists.len())
            .field("required", &self.required)
            .finish()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Revoked,
    /// certificateHold: it may come back.
    Held,
}

struct List {
    issuer: Name,
    scheme: SignatureScheme,
    /// The signed part's digest; the part itself under Ed25519.
    signed: Vec<u8>,
    signature: Vec<u8>,
    from: Timestamp,
    until: Timestamp,
    scope: Option<IssuingDistributionPoint>,
    serials: BTreeMap<Vec<u8>, Entry>,
}

fn moment(time: x509_cert::time::Time) -> Timestamp {
    Timestamp::from_unix_ms(i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX))
}

impl List {
    /// `None`: well formed, and of a kind that is not used.
    fn parse(der: &[u8]) -> Result<Option<Self>, KeyFault> {
        let malformed = KeyFault::Malformed;
        if der.len() > MAX_LIST {
            return Err(malformed);
        }
        let parsed = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der)
            .map_err(|_| malformed)?;
        let outer = tlv(der).ok_or(malformed)?;
        let signed = tlv(outer.value).ok_or(malformed)?.whole;
        let list = parsed.tbs_cert_list;
        if list.signature != parsed.signature_algorithm {
            return Err(malformed);
        }
        let Ok(scheme) = signature::scheme(&parsed.signature_algorithm) else {
            return Ok(None);
        };
        // Without it a list is never known to be current.
        let Some(until) = list.next_update else {
            return Ok(None);
        };
        let extensions = list.crl_extensions.unwrap_or_default();
        let known = |e: &Extension| e.extn_id == ISSUING_DISTRIBUTION_POINT;
        if extensions
            .iter()
            .any(|e| e.extn_id == DELTA || (e.critical && !known(e)))
        {
            return Ok(None);
        }
        let scope = match extensions.iter().find(|e| known(e)) {
            Some(e) => Some(
                IssuingDistributionPoint::from_der(e.extn_value.as_bytes())
                    .map_err(|_| malformed)?,
            ),
            None => None,
        };
        if scope.as_ref().is_some_and(|s| {
            s.indirect_crl || s.only_some_reasons.is_some() || s.only_contains_attribute_certs
        }) {
            return Ok(None);
        }
        let mut serials = BTreeMap::new();
        for entry in list.revoked_certificates.unwrap_or_default() {
            let mut kind = Some(Entry::Revoked);
            for e in entry.crl_entry_extensions.unwrap_or_default() {
                if e.extn_id == REASON {
                    match CrlReason::from_der(e.extn_value.as_bytes()) {
                        Ok(CrlReason::CertificateHold) => kind = Some(Entry::Held),
                        // Has its place in delta lists only, and takes an
                        // entry back.
                        Ok(CrlReason::RemoveFromCRL) => kind = None,
                        Ok(_) | Err(_) => {}
                    }
                } else if e.critical {
                    return Ok(None);
                }
            }
            if let Some(kind) = kind {
                serials.insert(entry.serial_number.as_bytes().to_vec(), kind);
            }
        }
        Ok(Some(Self {
            issuer: list.issuer,
            scheme,
            // Hashed once: a list may have megabytes.
            signed: match scheme.digest() {
                Some(algorithm) => digest(algorithm, &[signed]),
                None => signed.to_vec(),
            },
            signature: parsed.signature.as_bytes().ok_or(malformed)?.to_vec(),
            from: moment(list.this_update),
            until: moment(until),
            scope,
            serials,
        }))
    }

    fn signed_by(&self, issuer: &Certificate) -> bool {
        let may = match get::<KeyUsage>(issuer) {
            Ok(usage) => usage.is_none_or(|u| u.crl_sign()),
            Err(_) => false,
        };
        if !may || issuer.kind().is_err() || !same(&self.issuer, issuer.subject()) {
            return false;
        }
        match self.scheme.digest() {
            Some(_) => verify_digest(issuer.spki(), self.scheme, &self.signed, &self.signature),
            None => verify_message(issuer.spki(), &self.signed, &self.signature),
        }
        .is_ok()
    }

    /// Whether the list speaks of such a certificate (RFC 5280 section 6.3.3
    /// (b)(2)).
    fn covers(&self, certificate: &Certificate) -> bool {
        let Some(scope) = &self.scope else {
            return true;
        };
        let ca = get::<BasicConstraints>(certificate)
            .ok()
            .flatten()
            .is_some_and(|b| b.ca);
        if (scope.only_contains_user_certs && ca) || (scope.only_contains_ca_certs && !ca) {
            return false;
        }
        let Some(point) = &scope.distribution_point else {
            return true;
        };
        let points = get::<CrlDistributionPoints>(certificate)
            .ok()
            .flatten()
            .map(|p| p.0)
            .unwrap_or_default();
        points
            .iter()
            .filter(|p| p.reasons.is_none() && p.crl_issuer.is_none())
            .filter_map(|p| p.distribution_point.as_ref())
            .any(|p| share(p, point))
    }
}

/// Whether two distribution points have a name in common.
fn share(a: &DistributionPointName, b: &DistributionPointName) -> bool {
    match (a, b) {
        (DistributionPointName::FullName(a), DistributionPointName::FullName(b)) => {
            a.iter().any(|x: &GeneralName| b.contains(x))
        }
        (
            DistributionPointName::NameRelativeToCRLIssuer(a),
            DistributionPointName::NameRelativeToCRLIssuer(b),
        ) => a == b,
        _ => false,
    }
}

impl RevocationLists {
    /// No lists, and none required.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with a list in DER, of at most 16 MiB. A list of a kind that
    /// is not used (delta, indirect, signed with SHA-1) is passed over.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`] for what is no list, or the 257th.
    pub fn with_der(mut self, der: &[u8]) -> Result<Self, KeyFault> {
        if let Some(list) = List::parse(der)? {
            if self.lists.len() >= MAX_LISTS {
                return Err(KeyFault::Malformed);
            }
            Arc::make_mut(&mut self.lists).push(Arc::new(list));
        }
        Ok(self)
    }

    /// The same, with the lists of a PEM file.
    ///
    /// # Errors
    /// As [`Self::with_der`].
    pub fn with_pem(mut self, bytes: &[u8]) -> Result<Self, KeyFault> {
        let blocks =
            pem::read(bytes, "X509 CRL", MAX_LIST, MAX_LISTS).map_err(|_| KeyFault::Malformed)?;
        for der in &blocks {
            self = self.with_der(der)?;
        }
        Ok(self)
    }

    /// Whether a certificate for which there is no current list is refused,
    /// with [`KeyFault::NoRevocationList`].
    #[must_use]
    pub const fn require(mut self, required: bool) -> Self {
        self.required = required;
        self
    }

    /// Looks up a certificate in the lists of its issuer. `issuers` are
    /// certificates whose key signed it.
    pub(crate) fn check(
        &self,
        certificate: &Certificate,
        issuers: &[&Certificate],
        now: Timestamp,
    ) -> Result<(), KeyFault> {
        let serial = certificate.x509().tbs_certificate().serial_number();
        let mut current = false;
        for list in self
            .lists
            .iter()
            .filter(|l| same(&l.issuer, certificate.issuer()) && l.covers(certificate))
        {
            if !issuers.iter().any(|issuer| list.signed_by(issuer)) {
                continue;
            }
            let is_current = list.from <= now && now <= list.until;
            current |= is_current;
            match list.serials.get(serial.as_bytes()) {
                // For good: an old list says so as well as a new one.
                Some(Entry::Revoked) => return Err(KeyFault::Revoked),
                Some(Entry::Held) if is_current => return Err(KeyFault::Revoked),
                Some(Entry::Held) | None => {}
            }
        }
        if self.required && !current {
            return Err(KeyFault::NoRevocationList);
        }
        Ok(())
    }
}
