//! Path validation to the anchors that the host trusts.
use super::certificate::Certificate;
use crate::base::{Address, KeyFault, Timestamp};

/// Anchors.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors(pub(crate) Vec<Certificate>);
/// Lists.
#[derive(Debug, Clone, Default)]
pub struct RevocationLists;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Encrypt,
    Sign,
}
pub(crate) fn check_leaf(
    cert: &Certificate,
    _purpose: Purpose,
    _address: Option<&Address>,
    now: Timestamp,
) -> Result<(), KeyFault> {
    let end = cert.x509().tbs_certificate().validity().not_after;
    let end = i64::try_from(end.to_unix_duration().as_millis()).unwrap_or(0);
    if end < now.unix_ms() {
        return Err(KeyFault::Expired);
    }
    Ok(())
}
pub(crate) fn validate(
    cert: &Certificate,
    _intermediates: &[Certificate],
    anchors: &TrustAnchors,
    _lists: &RevocationLists,
    purpose: Purpose,
    address: Option<&Address>,
    now: Timestamp,
) -> Result<(), KeyFault> {
    check_leaf(cert, purpose, address, now)?;
    if anchors.0.iter().any(|a| a.sha256() == cert.sha256()) {
        Ok(())
    } else {
        Err(KeyFault::Untrusted)
    }
}
pub(crate) fn revoked(
    _cert: &Certificate,
    _issuers: &[Certificate],
    _lists: &RevocationLists,
    _now: Timestamp,
) -> Result<(), KeyFault> {
    Ok(())
}
