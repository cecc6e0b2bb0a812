//! What each format does, or that this build does not have it.

use zeroize::Zeroizing;

use super::Keyring;
use super::report::{Decrypted, SignatureReport, Signer, Verdict};
use crate::base::{Address, Phi, Route, Timestamp};
use crate::seal::OpenError;

/// Signed content, where it is there, and a report on each signature.
pub(super) type Content = (Option<Zeroizing<Vec<u8>>>, Vec<SignatureReport>);

/// A report on a signature that was not read.
pub(super) fn unread(code: &'static str) -> SignatureReport {
    let signer = Signer {
        route: Route::Smime,
        fingerprint: String::new(),
        addresses: Phi::default(),
        certificate: None,
    };
    SignatureReport::new(Verdict::Invalid(code), signer)
}

#[cfg(feature = "pgp")]
mod pgp {
    use super::*;
    use crate::seal::pgp::{self, PgpCertificate, PgpKey};

    /// What is known of who may have signed: the author's certificates. One
    /// that changed since it was pinned is not known.
    fn known(keys: &Keyring, author: Option<&Address>) -> Vec<PgpCertificate> {
        let Some(author) = author else {
            return Vec::new();
        };
        let found = keys
            .certificates
            .iter()
            .filter_map(|source| source.certificate(Route::Pgp, author).ok().flatten());
        found
            .map(|known| PgpCertificate {
                bytes: known.bytes,
                trust: known.trust,
                address: Some(author.clone()),
            })
            .collect()
    }

    pub(in crate::seal::open) fn pgp_decrypt(
        message: &[u8],
        keys: &Keyring,
        author: Option<&Address>,
        now: Timestamp,
    ) -> Result<Decrypted, OpenError> {
        let secret: Vec<&PgpKey> = keys.pgp_keys.iter().collect();
        pgp::decrypt(message, &secret, &known(keys, author), now)
    }

    pub(in crate::seal::open) fn pgp_verify(
        data: &[u8],
        signature: &[u8],
        keys: &Keyring,
        author: Option<&Address>,
        now: Timestamp,
    ) -> Result<Vec<SignatureReport>, OpenError> {
        pgp::verify_detached(data, signature, &known(keys, author), now)
            .or_else(|_| Ok(vec![super::unread("signature.malformed")]))
    }
}
#[cfg(feature = "pgp")]
pub(super) use pgp::{pgp_decrypt, pgp_verify};

#[cfg(not(feature = "pgp"))]
pub(super) fn pgp_decrypt(
    _: &[u8],
    _: &Keyring,
    _: Option<&Address>,
    _: Timestamp,
) -> Result<Decrypted, OpenError> {
    Err(OpenError::Decrypt)
}

#[cfg(not(feature = "pgp"))]
pub(super) fn pgp_verify(
    _: &[u8],
    _: &[u8],
    _: &Keyring,
    _: Option<&Address>,
    _: Timestamp,
) -> Result<Vec<SignatureReport>, OpenError> {
    Ok(vec![unread("signature.unsupported")])
}

/// What a CMS object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CmsKind {
    Enveloped,
    Signed,
}

/// The content type of a ContentInfo (RFC 5652 section 3), read from its first
/// octets: `30 len 06 09 oid`. The media type's `smime-type` is a hint of the
/// sender's, and this is what counts.
pub(super) fn cms_kind(der: &[u8]) -> Result<CmsKind, OpenError> {
    const ID_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01];
    let length = match der.get(1) {
        Some(&l) if l <= 0x80 => 0,
        Some(&l) if l <= 0x84 => usize::from(l & 0x7f),
        _ => return Err(OpenError::Decrypt),
    };
    let rest = der.get(2 + length..).unwrap_or_default();
    let oid = match rest {
        [0x06, len, rest @ ..] if der[0] == 0x30 => rest.get(..usize::from(*len)),
        _ => None,
    };
    match oid.and_then(|oid| oid.strip_prefix(ID_DATA)) {
        Some([7, 2]) => Ok(CmsKind::Signed),
        Some([7, 3] | [9, 16, 1, 23]) => Ok(CmsKind::Enveloped),
        _ => Err(OpenError::Decrypt),
    }
}

#[cfg(feature = "smime")]
mod smime {
    use super::*;
    use crate::base::{KeyFault, KeyTrust};
    use crate::seal::smime::{self, Certificate, Purpose, SmimeKey};

    pub(in crate::seal::open) fn cms_decrypt(
        der: &[u8],
        keys: &Keyring,
    ) -> Result<Decrypted, OpenError> {
        let secret: Vec<&SmimeKey> = keys.smime_keys.iter().collect();
        smime::decrypt(der, &secret)
    }

    /// The content that is inside, and a report on each signature.
    pub(in crate::seal::open) fn cms_verify(
        der: &[u8],
        detached: Option<&[u8]>,
        keys: &Keyring,
        author: Option<&Address>,
        now: Timestamp,
    ) -> Result<Content, OpenError> {
        let Ok(verified) = smime::verify(der, detached) else {
            return Ok((None, vec![super::unread("signature.malformed")]));
        };
        let content = verified.content.map(|c| Zeroizing::new(c.into_owned()));
        // What the host gave goes first: only so many are looked at.
        let between = [keys.intermediates.as_slice(), &verified.certificates].concat();
        let reports = verified.signers.into_iter().map(|signer| {
            let verdict = match (&signer.outcome, &signer.certificate) {
                (Err(code), _) => Verdict::Invalid(code),
                (Ok(()), None) => Verdict::Untrusted(KeyFault::Untrusted),
                (Ok(()), Some(certificate)) => {
                    match trust(certificate, &between, keys, author, now) {
                        Ok(trust) => Verdict::Valid(trust),
                        Err(fault) => Verdict::Untrusted(fault),
                    }
                }
            };
            let who = match &signer.certificate {
                Some(certificate) => Signer {
                    route: Route::Smime,
                    fingerprint: data_encoding::HEXLOWER.encode(&certificate.sha256()),
                    addresses: Phi::new(certificate.addresses()),
                    certificate: Some(certificate.der().to_vec()),
                },
                None => super::unread("").signer,
            };
            let mut report = SignatureReport::new(verdict, who);
            report.made = signer.made;
            report.capabilities = signer.capabilities;
            report
        });
        let reports = reports.collect();
        Ok((content, reports))
    }

    /// How far a signer's certificate is known to be its owner's: pinned for
    /// the author, or under an anchor. Whether it is the author's is asked
    /// elsewhere.
    fn trust(
        certificate: &Certificate,
        between: &[Certificate],
        keys: &Keyring,
        author: Option<&Address>,
        now: Timestamp,
    ) -> Result<KeyTrust, KeyFault> {
        smime::check_leaf(certificate, Purpose::Sign, None, now)?;
        // A list is signed by whoever issued the certificate, which may be the
        // anchor itself.
        let issuers = [keys.anchors.certificates(), between].concat();
        smime::revoked(certificate, &issuers, &keys.lists, now)?;
        let pinned = author.is_some_and(|author| {
            keys.certificates.iter().any(|source| {
                let found = source.certificate(Route::Smime, author);
                let chain = match found {
                    Ok(Some(known)) if known.trust == KeyTrust::Pinned => {
                        Certificate::parse_chain(&known.bytes)
                    }
                    _ => return false,
                };
                chain.is_ok_and(|c| c.first().is_some_and(|c| c.der() == certificate.der()))
            })
        });
        if pinned {
            return Ok(KeyTrust::Pinned);
        }
        smime::validate(
            certificate,
            between,
            &keys.anchors,
            &keys.lists,
            Purpose::Sign,
            None,
            now,
        )?;
        Ok(KeyTrust::Verified)
    }
}
#[cfg(feature = "smime")]
pub(super) use smime::{cms_decrypt, cms_verify};

#[cfg(not(feature = "smime"))]
pub(super) fn cms_decrypt(_: &[u8], _: &Keyring) -> Result<Decrypted, OpenError> {
    Err(OpenError::Decrypt)
}

#[cfg(not(feature = "smime"))]
pub(super) fn cms_verify(
    _: &[u8],
    _: Option<&[u8]>,
    _: &Keyring,
    _: Option<&Address>,
    _: Timestamp,
) -> Result<Content, OpenError> {
    Ok((None, vec![unread("signature.unsupported")]))
}
