//! X.509 certificates as S/MIME uses them (RFC 5280, RFC 8550).

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use cms::cert::IssuerAndSerialNumber;
use der::Decode as _;
use der::asn1::{Ia5StringRef, ObjectIdentifier, Utf8StringRef};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{SubjectAltName, SubjectKeyIdentifier};
use x509_cert::name::Name;

use crate::base::crypto::public::{KeyKind, kind_of, tlv};
use crate::base::crypto::sha256;
use crate::base::{Address, KeyFault};

/// The largest certificate that is read.
pub(crate) const MAX_CERTIFICATE: usize = 64 * 1024;
/// The longest chain that is read.
pub(crate) const MAX_CHAIN: usize = 16;

/// The most extensions of one certificate: real ones have about ten.
const MAX_EXTENSIONS: usize = 64;

/// id-on-SmtpUTF8Mailbox (RFC 9598 section 3).
pub(crate) const SMTP_UTF8_MAILBOX: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.9");
/// emailAddress (RFC 2985 section 5.2.1).
pub(crate) const EMAIL_ADDRESS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
/// sMIMECapabilities (RFC 8551 section 2.5.2, RFC 4262).
const SMIME_CAPABILITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.15");

/// An X.509 certificate. Cloning shares it; `Debug` is starred, for it names a
/// person.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
    tbs: Range<usize>,
    spki: Range<usize>,
    key_id: Option<Vec<u8>>,
    names: Option<Vec<GeneralName>>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(***)")
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

/// Where the signed part and the public key stand in the encoding. They are
/// used as they were signed: encoding them anew may change them.
fn ranges(der: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let outer = tlv(der).filter(|t| t.rest.is_empty())?;
    let tbs = tlv(outer.value)?;
    let from_end = |part: &[u8], rest: &[u8], end: usize| {
        let stop = end - rest.len();
        stop - part.len()..stop
    };
    let tbs_range = from_end(tbs.whole, tbs.rest, der.len());
    let mut next = tlv(tbs.value)?;
    // version [0] is absent in a version 1 certificate.
    if next.tag == 0xa0 {
        next = tlv(next.rest)?;
    }
    // serialNumber, signature, issuer, validity, subject come first.
    for _ in 0..5 {
        next = tlv(next.rest)?;
    }
    Some((
        tbs_range.clone(),
        from_end(next.whole, next.rest, tbs_range.end),
    ))
}

impl Certificate {
    /// Reads one certificate from DER.
    ///
    /// # Errors
    /// [`KeyFault::Malformed`].
    pub fn from_der(der: &[u8]) -> Result<Self, KeyFault> {
        Self::parse_der(der)
    }

    pub(crate) fn parse_der(der: &[u8]) -> Result<Self, KeyFault> {
        if der.len() > MAX_CERTIFICATE {
            return Err(KeyFault::Malformed);
        }
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| KeyFault::Malformed)?;
        let (tbs, spki) = ranges(der).ok_or(KeyFault::Malformed)?;
        let signed = parsed.tbs_certificate();
        // RFC 5280 section 4.1.1.2: both name the same algorithm.
        if signed.signature() != parsed.signature_algorithm() {
            return Err(KeyFault::Malformed);
        }
        let extensions = signed.extensions().map_or(&[][..], Vec::as_slice);
        if extensions.len() > MAX_EXTENSIONS {
            return Err(KeyFault::Malformed);
        }
        // RFC 5280 section 4.2: no extension twice.
        for (i, e) in extensions.iter().enumerate() {
            if extensions[..i].iter().any(|x| x.extn_id == e.extn_id) {
                return Err(KeyFault::Malformed);
            }
        }
        let names = signed
            .get_extension::<SubjectAltName>()
            .map_err(|_| KeyFault::Malformed)?
            .map(|(_, names)| names.0);
        let key_id = signed
            .get_extension::<SubjectKeyIdentifier>()
            .map_err(|_| KeyFault::Malformed)?
            .map(|(_, id)| id.0.as_bytes().to_vec());
        Ok(Self(Arc::new(Inner {
            der: der.to_vec(),
            tbs,
            spki,
            key_id,
            names,
            parsed,
        })))
    }

    /// Reads a chain: PEM, the end entity's certificate first, or one in DER.
    /// At most 16 certificates of 64 KiB.
    pub(crate) fn parse_chain(bytes: &[u8]) -> Result<Vec<Self>, KeyFault> {
        super::pem::read(bytes, "CERTIFICATE", MAX_CERTIFICATE, MAX_CHAIN)
            .map_err(|_| KeyFault::Malformed)?
            .iter()
            .map(|der| Self::parse_der(der))
            .collect()
    }

    /// Its encoding.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The SHA-256 of its encoding.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.0.der)
    }

    pub(crate) fn x509(&self) -> &x509_cert::Certificate {
        &self.0.parsed
    }

    /// The part that is signed.
    pub(crate) fn tbs(&self) -> &[u8] {
        &self.0.der[self.0.tbs.clone()]
    }

    /// The public key as DER SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.0.der[self.0.spki.clone()]
    }

    pub(crate) fn subject(&self) -> &Name {
        self.0.parsed.tbs_certificate().subject()
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.0.parsed.tbs_certificate().issuer()
    }

    pub(crate) fn issuer_and_serial(&self) -> IssuerAndSerialNumber {
        let signed = self.0.parsed.tbs_certificate();
        IssuerAndSerialNumber {
            issuer: signed.issuer().clone(),
            serial_number: signed.serial_number().clone(),
        }
    }

    pub(crate) fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.key_id.as_deref()
    }

    /// The key's algorithm.
    pub(crate) fn kind(&self) -> Result<KeyKind, KeyFault> {
        match kind_of(self.spki()).map_err(|_| KeyFault::UnsupportedAlgorithm)? {
            KeyKind::Rsa { bits } if bits < 2048 => Err(KeyFault::WeakKey),
            KeyKind::Rsa { bits } if bits > 8192 => Err(KeyFault::UnsupportedAlgorithm),
            kind => Ok(kind),
        }
    }

    /// The subject's alternative names.
    pub(crate) fn names(&self) -> &[GeneralName] {
        self.0.names.as_deref().unwrap_or_default()
    }

    /// The mail addresses that it names, as they stand in it: rfc822Name,
    /// SmtpUTF8Mailbox (RFC 9598), and the subject's emailAddress where there
    /// is neither (RFC 8550 section 3).
    pub(crate) fn mailboxes(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self
            .names()
            .iter()
            .filter_map(|name| match name {
                GeneralName::Rfc822Name(mailbox) => Some(mailbox.as_str()),
                GeneralName::OtherName(other) if other.type_id == SMTP_UTF8_MAILBOX => other
                    .value
                    .decode_as::<Utf8StringRef<'_>>()
                    .ok()
                    .map(|s| s.as_str()),
                _ => None,
            })
            .collect();
        if found.is_empty() {
            found = self.subject_mailboxes();
        }
        found
    }

    /// The subject's emailAddress attributes.
    pub(crate) fn subject_mailboxes(&self) -> Vec<&str> {
        self.subject()
            .iter()
            .filter(|attribute| attribute.oid == EMAIL_ADDRESS)
            .filter_map(|attribute| {
                let value = &attribute.value;
                value
                    .decode_as::<Ia5StringRef<'_>>()
                    .map(|s| s.as_str())
                    .or_else(|_| value.decode_as::<Utf8StringRef<'_>>().map(|s| s.as_str()))
                    .ok()
            })
            .collect()
    }

    /// The mail addresses that it names, in lower case: rfc822Name and
    /// SmtpUTF8Mailbox (RFC 9598) of its alternative names, and the subject's
    /// emailAddress where there is neither (RFC 8550 section 3).
    pub fn addresses(&self) -> Vec<String> {
        let lower = |m: &&str| match m.parse::<Address>() {
            Ok(address) => address.canonical(),
            Err(_) => m.to_ascii_lowercase(),
        };
        self.mailboxes().iter().map(lower).collect()
    }

    /// The value of an extension.
    pub(crate) fn extension(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        self.0
            .parsed
            .tbs_certificate()
            .extensions()?
            .iter()
            .find(|e| e.extn_id == id)
            .map(|e| e.extn_value.as_bytes())
    }

    /// The SMIMECapabilities that it states (RFC 4262), as DER.
    pub(crate) fn capabilities(&self) -> Option<&[u8]> {
        self.extension(SMIME_CAPABILITIES)
    }

    /// Whether subject and issuer are the same name.
    pub(crate) fn self_issued(&self) -> bool {
        super::names::same(self.subject(), self.issuer())
    }
}

#[cfg(test)]
mod tests;
