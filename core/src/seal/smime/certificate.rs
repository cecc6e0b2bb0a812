//! X.509 certificates as S/MIME uses them.
use std::sync::Arc;

use cms::cert::IssuerAndSerialNumber;
use der::{Decode as _, Encode as _};

use crate::base::KeyFault;
use crate::base::crypto::private::KeyKind;
use crate::base::crypto::public;

struct Inner {
    der: Vec<u8>,
    x509: x509_cert::Certificate,
    spki: Vec<u8>,
    ski: Option<Vec<u8>>,
    capabilities: Option<Vec<u8>>,
}
/// A certificate.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}
impl Certificate {
    pub(crate) fn parse_der(der: &[u8]) -> Result<Self, KeyFault> {
        let x509 = x509_cert::Certificate::from_der(der).map_err(|_| KeyFault::Malformed)?;
        let tbs = x509.tbs_certificate();
        let spki = tbs
            .subject_public_key_info()
            .to_der()
            .map_err(|_| KeyFault::Malformed)?;
        let find = |oid: &str| {
            let oid = der::asn1::ObjectIdentifier::new_unwrap(oid);
            tbs.extensions()
                .and_then(|e| e.iter().find(|e| e.extn_id == oid))
                .map(|e| e.extn_value.as_bytes().to_vec())
        };
        let ski = find("2.5.29.14").and_then(|v| v.get(2..).map(<[u8]>::to_vec));
        let capabilities = find("1.2.840.113549.1.9.15");
        Ok(Self(Arc::new(Inner {
            der: der.to_vec(),
            spki,
            ski,
            capabilities,
            x509,
        })))
    }
    pub(crate) fn parse_chain(bytes: &[u8]) -> Result<Vec<Self>, KeyFault> {
        if bytes.first() == Some(&0x30) {
            return Ok(vec![Self::parse_der(bytes)?]);
        }
        x509_cert::Certificate::load_pem_chain(bytes)
            .map_err(|_| KeyFault::Malformed)?
            .iter()
            .map(|c| Self::parse_der(&c.to_der().map_err(|_| KeyFault::Malformed)?))
            .collect()
    }
    /// DER.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }
    pub(crate) fn x509(&self) -> &x509_cert::Certificate {
        &self.0.x509
    }
    pub(crate) fn spki(&self) -> &[u8] {
        &self.0.spki
    }
    pub(crate) fn issuer_and_serial(&self) -> IssuerAndSerialNumber {
        let tbs = self.0.x509.tbs_certificate();
        IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        }
    }
    pub(crate) fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.ski.as_deref()
    }
    pub(crate) fn kind(&self) -> Result<KeyKind, KeyFault> {
        public::kind_of(&self.0.spki).map_err(|_| KeyFault::UnsupportedAlgorithm)
    }
    /// Addresses.
    pub fn addresses(&self) -> Vec<String> {
        Vec::new()
    }
    pub(crate) fn capabilities(&self) -> Option<&[u8]> {
        self.0.capabilities.as_deref()
    }
    /// SHA-256.
    pub fn sha256(&self) -> [u8; 32] {
        crate::base::crypto::sha256(&self.0.der)
    }
}
