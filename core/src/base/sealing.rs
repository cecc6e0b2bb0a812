//! The words of end-to-end sealing, shared by the rooms that decide and seal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a recipient's certificate must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyFault {
    /// The bytes are no certificate of that kind, or hold more than one.
    Malformed,
    /// Its validity has ended.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// Its owner or issuer revoked it.
    Revoked,
    /// Nothing in it may encrypt (key flags, key usage).
    NotForEncryption,
    /// Nothing in it may sign (key flags, key usage).
    NotForSigning,
    /// Its own signatures rest on a broken hash (SHA-1, MD5).
    WeakHash,
    /// The key is too short (RSA below 2048 bits) or of a broken kind.
    WeakKey,
    /// A key algorithm that this build does not have.
    UnsupportedAlgorithm,
    /// It names other addresses, and not this one.
    OtherAddress,
    /// No path leads from it to an anchor that the host trusts.
    Untrusted,
    /// A constraint of its path forbids it (basic, name or policy
    /// constraints, an unknown critical extension).
    Constraint,
    /// The host asked for revocation lists, and there is no current one.
    NoRevocationList,
    /// It is not the one that was pinned for the address.
    Changed,
    /// The sender has no key to sign with, and this form is not safe unsigned.
    NoSigningKey,
    /// The source of certificates failed or holds something unusable.
    Source,
}

impl KeyFault {
    /// A stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "key.malformed",
            Self::Expired => "key.expired",
            Self::NotYetValid => "key.not_yet_valid",
            Self::Revoked => "key.revoked",
            Self::NotForEncryption => "key.not_for_encryption",
            Self::NotForSigning => "key.not_for_signing",
            Self::WeakHash => "key.weak_hash",
            Self::WeakKey => "key.weak_key",
            Self::UnsupportedAlgorithm => "key.unsupported_algorithm",
            Self::OtherAddress => "key.other_address",
            Self::Untrusted => "key.untrusted",
            Self::Constraint => "key.constraint",
            Self::NoRevocationList => "key.no_revocation_list",
            Self::Changed => "key.changed",
            Self::NoSigningKey => "key.no_signing_key",
            Self::Source => "key.source",
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not one well-formed certificate",
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
            Self::Revoked => "it is revoked",
            Self::NotForEncryption => "it holds no key for encryption",
            Self::NotForSigning => "it holds no key for signing",
            Self::WeakHash => "its own signatures use SHA-1 or MD5",
            Self::WeakKey => "its key is too weak (RSA needs 2048 bits)",
            Self::UnsupportedAlgorithm => "its algorithm is not supported",
            Self::OtherAddress => "it is for another address",
            Self::Untrusted => "no path leads to a trusted anchor",
            Self::Constraint => "a constraint of its path forbids it",
            Self::NoRevocationList => "there is no current revocation list",
            Self::Changed => "it is not the pinned one",
            Self::NoSigningKey => "the sender has no key to sign with",
            Self::Source => "its source cannot be used",
        })
    }
}

impl std::error::Error for KeyFault {}

/// The form of a sealed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Form {
    /// OpenPGP version 1 SEIPD: AES-256-CFB with MDC (RFC 9580 section 5.13.1).
    SeipdV1,
    /// OpenPGP version 2 SEIPD: AES-256-OCB (RFC 9580 section 5.13.2).
    SeipdV2,
    /// CMS EnvelopedData, AES-256-CBC, signed inside; the content key by
    /// RSA-OAEP or ECDH (RFC 5652, 8551).
    Enveloped,
    /// As [`Form::Enveloped`], the content key by RSA PKCS#1 v1.5: disallowed
    /// by SP 800-131A, written only where the host names the recipient.
    EnvelopedPkcs1,
    /// CMS AuthEnvelopedData, AES-256-GCM (RFC 5083, 5084).
    AuthEnveloped,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SeipdV1 => "SEIPDv1, AES-256-CFB with MDC",
            Self::SeipdV2 => "SEIPDv2, AES-256-OCB",
            Self::Enveloped => "EnvelopedData, AES-256-CBC",
            Self::EnvelopedPkcs1 => "EnvelopedData, AES-256-CBC, RSA PKCS#1 v1.5",
            Self::AuthEnveloped => "AuthEnvelopedData, AES-256-GCM",
        })
    }
}

/// Where the choice of a [`Form`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FormReason {
    /// The recipient's certificate says so (features, SMIMECapabilities, key
    /// version).
    Certificate,
    /// Earlier signed mail of the recipient's says so (SMIMECapabilities).
    EarlierMail,
    /// The host application said so for this recipient.
    Host,
    /// Nothing is known: the form that every client reads.
    Default,
}

impl fmt::Display for FormReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "the certificate says so",
            Self::EarlierMail => "earlier signed mail says so",
            Self::Host => "the host says so",
            Self::Default => "what every client reads",
        })
    }
}

/// A digest algorithm for signatures (FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How a digest is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2). The signature is as long as
    /// the modulus.
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS (RFC 8017 section 8.1), MGF1 with the same digest, the salt
    /// as long as the digest.
    RsaPss(DigestAlgorithm),
    /// ECDSA (FIPS 186-5) on the key's curve; the signature as DER
    /// `ECDSA-Sig-Value` (RFC 3279 section 2.2.3).
    Ecdsa(DigestAlgorithm),
    /// Pure Ed25519 (RFC 8032) with the digest as the message: what OpenPGP
    /// asks for (RFC 9580 section 5.2.3.4). 64 octets.
    Ed25519,
}

impl SignatureScheme {
    /// The digest that it signs, where it prescribes one.
    pub const fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::RsaPkcs1(d) | Self::RsaPss(d) | Self::Ecdsa(d) => Some(d),
            Self::Ed25519 => None,
        }
    }
}
