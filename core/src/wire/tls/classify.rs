//! Stable words for what is wrong with a certificate.

use webpki::Error;

/// The word for a path-building or name error.
pub(crate) const fn word(error: &Error) -> &'static str {
    match error {
        Error::CertExpired { .. } => "expired",
        Error::CertNotValidYet { .. } => "not_valid_yet",
        Error::CertNotValidForName(_) => "wrong_name",
        Error::UnknownIssuer => "unknown_issuer",
        Error::CaUsedAsEndEntity => "ca_as_leaf",
        Error::EndEntityUsedAsCa => "leaf_as_ca",
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => "wrong_purpose",
        Error::UnsupportedCertVersion => "unsupported_version",
        Error::UnsupportedCriticalExtension => "unknown_critical_extension",
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => "weak_or_unknown_algorithm",
        Error::InvalidSignatureForPublicKey => "bad_signature",
        Error::NameConstraintViolation | Error::PathLenConstraintViolated => "constraint_violated",
        Error::InvalidCertValidity => "invalid_validity",
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => "malformed",
        _ => "invalid",
    }
}

/// The word for rustls's own view, where the handshake itself found the fault.
pub(crate) const fn handshake_word(error: &rustls::Error) -> &'static str {
    use rustls::{CertificateError, Error, PeerIncompatible, PeerMisbehaved};
    match error {
        Error::InvalidCertificate(error) => match error {
            CertificateError::BadEncoding => "malformed",
            CertificateError::BadSignature => "bad_signature",
            CertificateError::UnhandledCriticalExtension => "unknown_critical_extension",
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                "weak_or_unknown_algorithm"
            }
            _ => "invalid",
        },
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            "version_too_old"
        }
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => "suite_not_offered",
        Error::AlertReceived(_) => "alert",
        Error::InvalidMessage(_) => "not_tls",
        _ => "handshake",
    }
}
