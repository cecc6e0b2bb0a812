//! What a connection really was, for decisions, outcomes and the audit log.

use serde::{Deserialize, Serialize};

use crate::base::TlsAssurance;

/// The protocol version of a finished handshake. Older ones are never spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "TLSv1.2")]
    Tls12,
    /// RFC 8446.
    #[serde(rename = "TLSv1.3")]
    Tls13,
}

impl TlsVersion {
    /// `TLSv1.2` or `TLSv1.3`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

/// How the peer's identity was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Identity {
    /// It was not: any certificate was taken.
    Unverified,
    /// A certificate valid in WebPKI for the host's name.
    WebPki,
    /// As [`Identity::WebPki`], and an MTA-STS policy in enforce mode names
    /// the host (RFC 8461).
    MtaSts,
    /// The public key is the one agreed with the partner.
    PartnerPin,
    /// A certificate of the agreed private CA, valid for the host's name.
    PartnerCa,
}

impl Identity {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Unverified,
        Self::WebPki,
        Self::MtaSts,
        Self::PartnerPin,
        Self::PartnerCa,
    ];

    /// The word for it in JSON and other languages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::WebPki => "web_pki",
            Self::MtaSts => "mta_sts",
            Self::PartnerPin => "partner_pin",
            Self::PartnerCa => "partner_ca",
        }
    }
}

impl Identity {
    /// What this way of verifying is worth.
    pub const fn assurance(self) -> TlsAssurance {
        match self {
            Self::Unverified => TlsAssurance::Encrypted,
            Self::WebPki => TlsAssurance::Authenticated,
            Self::MtaSts | Self::PartnerPin | Self::PartnerCa => TlsAssurance::Anchored,
        }
    }
}

/// What was negotiated on one connection. It names no host and no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TlsEvidence {
    /// The protocol version.
    pub version: TlsVersion,
    /// The cipher suite, by its IANA name.
    pub suite: String,
    /// The key-exchange group, by its IANA name, e.g. `X25519MLKEM768`.
    pub group: Option<String>,
    /// SHA-256 of the peer's end-entity certificate, lower-case hexadecimal.
    pub certificate_sha256: String,
    /// How the peer's identity was verified.
    pub identity: Identity,
}

impl TlsEvidence {
    /// The assurance this connection reached.
    pub fn assurance(&self) -> TlsAssurance {
        self.identity.assurance()
    }
}

/// What a TLS handshake with a host showed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSeen {
    /// What was negotiated. Its `identity` is `WebPki` where the certificate
    /// is valid for the host's name, else `Unverified`.
    pub evidence: TlsEvidence,
    /// Why the certificate is not valid in WebPKI, as a stable code
    /// (`expired`, `not_valid_yet`, `wrong_name`, `unknown_issuer`, …).
    pub invalid: Option<&'static str>,
}

impl TlsSeen {
    /// A finished handshake.
    pub fn new(evidence: TlsEvidence, invalid: Option<&'static str>) -> Self {
        Self { evidence, invalid }
    }
}
