//! The forms in which a message can be sealed: the rows of the tables.

/// How the content is encrypted in CMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    /// AES-256-CBC in EnvelopedData. A peer may choose a shorter key.
    Cbc,
    /// AES-256-GCM in AuthEnvelopedData.
    Gcm,
}

/// How the key gets to the recipient in CMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// RSAES-OAEP with SHA-256 (RFC 4055).
    Oaep,
    /// RSAES-PKCS1-v1_5, which SP 800-131A no longer allows for writing.
    Pkcs1,
    /// ECDH with ephemeral keys (RFC 5753).
    Ecdh(Curve),
}

/// A NIST curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// How CMS is signed; always over SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Rsa,
    Pss,
    Ecdsa,
}

/// Where the signed content stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placing {
    /// Inside SignedData.
    Opaque,
    /// Beside it, in multipart/signed.
    Detached,
}

/// The algorithms of an OpenPGP key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PgpKey {
    /// Ed25519 and Curve25519 in version 4.
    Curve25519,
    /// RSA with 3072 bits in version 4.
    Rsa,
}

/// The encrypting packet of OpenPGP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet {
    /// CFB with a modification detection code (RFC 9580 section 5.13.1).
    Seipd1,
    /// AEAD (RFC 9580 section 5.13.2), to a version 4 key. No peer writes it.
    #[allow(dead_code)]
    Seipd2,
}

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Cms {
        envelope: Option<(Cipher, Transport)>,
        signature: Option<(Scheme, Placing)>,
    },
    Pgp {
        key: PgpKey,
        packet: Option<Packet>,
        signed: bool,
    },
}

const fn cms(cipher: Cipher, transport: Transport, scheme: Scheme, placing: Placing) -> Form {
    Form::Cms {
        envelope: Some((cipher, transport)),
        signature: Some((scheme, placing)),
    }
}

const fn unsigned(cipher: Cipher, transport: Transport) -> Form {
    Form::Cms {
        envelope: Some((cipher, transport)),
        signature: None,
    }
}

const fn signed(scheme: Scheme, placing: Placing) -> Form {
    Form::Cms {
        envelope: None,
        signature: Some((scheme, placing)),
    }
}

const fn pgp(key: PgpKey, packet: Option<Packet>, signed: bool) -> Form {
    Form::Pgp {
        key,
        packet,
        signed,
    }
}

/// Every form of S/MIME that is tried.
pub(crate) const CMS: [Form; 20] = {
    use Cipher::{Cbc, Gcm};
    use Curve::{P256, P384, P521};
    use Placing::{Detached, Opaque};
    use Scheme::{Ecdsa, Pss, Rsa};
    use Transport::{Ecdh, Oaep, Pkcs1};
    [
        cms(Cbc, Oaep, Rsa, Opaque),
        cms(Cbc, Oaep, Rsa, Detached),
        cms(Cbc, Oaep, Pss, Opaque),
        cms(Cbc, Oaep, Ecdsa, Opaque),
        cms(Cbc, Oaep, Ecdsa, Detached),
        unsigned(Cbc, Oaep),
        cms(Cbc, Pkcs1, Rsa, Opaque),
        cms(Cbc, Pkcs1, Rsa, Detached),
        unsigned(Cbc, Pkcs1),
        cms(Cbc, Ecdh(P256), Ecdsa, Opaque),
        cms(Cbc, Ecdh(P256), Ecdsa, Detached),
        cms(Cbc, Ecdh(P384), Ecdsa, Opaque),
        cms(Cbc, Ecdh(P521), Ecdsa, Opaque),
        cms(Gcm, Oaep, Rsa, Opaque),
        cms(Gcm, Ecdh(P256), Ecdsa, Opaque),
        signed(Rsa, Opaque),
        signed(Rsa, Detached),
        signed(Pss, Detached),
        signed(Ecdsa, Opaque),
        signed(Ecdsa, Detached),
    ]
};

/// Every form of OpenPGP that is tried.
pub(crate) const PGP: [Form; 7] = {
    use Packet::{Seipd1, Seipd2};
    use PgpKey::{Curve25519, Rsa};
    [
        pgp(Curve25519, Some(Seipd1), true),
        pgp(Curve25519, Some(Seipd1), false),
        pgp(Curve25519, Some(Seipd2), true),
        pgp(Curve25519, None, true),
        pgp(Rsa, Some(Seipd1), true),
        pgp(Rsa, Some(Seipd1), false),
        pgp(Rsa, None, true),
    ]
};

impl Curve {
    /// As in names and in OpenSSL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }
}

impl Form {
    /// The row's name.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Cms {
                envelope,
                signature,
            } => {
                let envelope = envelope.map(|(cipher, transport)| {
                    let cipher = match cipher {
                        Cipher::Cbc => "CBC",
                        Cipher::Gcm => "GCM",
                    };
                    match transport {
                        Transport::Oaep => format!("{cipher} RSA-OAEP"),
                        Transport::Pkcs1 => format!("{cipher} RSA-PKCS1"),
                        Transport::Ecdh(curve) => format!("{cipher} ECDH {}", curve.name()),
                    }
                });
                let signature = signature.map(|(scheme, placing)| {
                    let scheme = match scheme {
                        Scheme::Rsa => "RSA",
                        Scheme::Pss => "RSA-PSS",
                        Scheme::Ecdsa => "ECDSA",
                    };
                    match placing {
                        Placing::Opaque => format!("SignedData {scheme}"),
                        Placing::Detached => format!("multipart/signed {scheme}"),
                    }
                });
                let parts: Vec<String> = envelope.into_iter().chain(signature).collect();
                format!("CMS {}", parts.join(" + "))
            }
            Self::Pgp {
                key,
                packet,
                signed,
            } => {
                let key = match key {
                    PgpKey::Curve25519 => "Curve25519",
                    PgpKey::Rsa => "RSA",
                };
                let what = match (packet, signed) {
                    (Some(Packet::Seipd1), true) => "SEIPDv1 + signature",
                    (Some(Packet::Seipd1), false) => "SEIPDv1",
                    (Some(Packet::Seipd2), true) => "SEIPDv2 + signature",
                    (Some(Packet::Seipd2), false) => "SEIPDv2",
                    (None, _) => "multipart/signed",
                };
                format!("PGP {what} {key}")
            }
        }
    }

    /// Whether the message can be read with the recipient's key only.
    pub(crate) fn encrypted(&self) -> bool {
        match self {
            Self::Cms { envelope, .. } => envelope.is_some(),
            Self::Pgp { packet, .. } => packet.is_some(),
        }
    }

    /// Whether the message is signed.
    pub(crate) fn signed(&self) -> bool {
        match self {
            Self::Cms { signature, .. } => signature.is_some(),
            Self::Pgp { signed, .. } => *signed,
        }
    }

    /// Whose key signs: the name of a person of [`people`](crate::people).
    pub(crate) fn sender(&self) -> &'static str {
        match self {
            Self::Cms {
                signature: Some((Scheme::Ecdsa, _)),
                ..
            } => "clinic-ec",
            Self::Cms { .. } => "clinic-rsa",
            Self::Pgp { key, .. } => match key {
                PgpKey::Curve25519 => "clinic-pgp",
                PgpKey::Rsa => "clinic-pgp-rsa",
            },
        }
    }

    /// Whose key opens: the name of a person of [`people`](crate::people).
    pub(crate) fn recipient(&self) -> &'static str {
        match self {
            Self::Cms { envelope, .. } => match envelope {
                Some((_, Transport::Ecdh(Curve::P256))) => "patient-p256",
                Some((_, Transport::Ecdh(Curve::P384))) => "patient-p384",
                Some((_, Transport::Ecdh(Curve::P521))) => "patient-p521",
                _ => "patient-rsa",
            },
            Self::Pgp { key, .. } => match key {
                PgpKey::Curve25519 => "patient-pgp",
                PgpKey::Rsa => "patient-pgp-rsa",
            },
        }
    }

    /// The transport, where CMS encrypts.
    pub(crate) fn transport(&self) -> Option<Transport> {
        match self {
            Self::Cms { envelope, .. } => envelope.map(|(_, transport)| transport),
            Self::Pgp { .. } => None,
        }
    }

    /// The cipher, where CMS encrypts.
    pub(crate) fn cipher(&self) -> Option<Cipher> {
        match self {
            Self::Cms { envelope, .. } => envelope.map(|(cipher, _)| cipher),
            Self::Pgp { .. } => None,
        }
    }
}
