//! SignedData (RFC 5652 section 5, RFC 8551 section 2.4).
//!
//! Written: RSA PKCS#1 v1.5 or PSS with SHA-256, ECDSA with the hash of the
//! curve, by whatever holds the key ([`DigestSigner`](crate::seal::DigestSigner)).

use std::io::{self, Write};
use std::time::Duration;

use der::Encode as _;
use der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};

use super::algorithms::{
    self as alg, CONTENT_TYPE, DATA, ECDSA_WITH_SHA256, ECDSA_WITH_SHA384, ECDSA_WITH_SHA512,
    MESSAGE_DIGEST, RSA_ENCRYPTION, SIGNED_DATA, SIGNING_CERTIFICATE_V2, SIGNING_TIME,
    SMIME_CAPABILITIES,
};
use super::ber::{self, INTEGER, OCTET_STRING, SEQUENCE, SET, explicit};
use super::capabilities;
use super::certificate::Certificate;
use super::key::SmimeKey;
use crate::base::crypto::private::KeyKind;
use crate::base::crypto::public;
use crate::base::{DigestAlgorithm, KeyFault, SignatureScheme, Timestamp};
use crate::seal::SealError;

mod verify;
pub(crate) use verify::verify;

/// A SignedData: what stands before the content, and after it. A detached one
/// is in `prefix` whole.
pub(crate) struct Signed {
    pub(crate) prefix: Vec<u8>,
    pub(crate) suffix: Vec<u8>,
    detached: bool,
    digest: DigestAlgorithm,
}

impl Signed {
    /// Its length around a content of `content` octets.
    pub(crate) fn length(&self, content: usize) -> usize {
        let content = if self.detached { 0 } else { content };
        self.prefix.len() + content + self.suffix.len()
    }

    /// Writes it around the content that was signed.
    pub(crate) fn write(&self, content: &[&[u8]], out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.prefix)?;
        if !self.detached {
            content.iter().try_for_each(|piece| out.write_all(piece))?;
        }
        out.write_all(&self.suffix)
    }

    /// multipart/signed's parameter (RFC 8551 section 3.5.3.2).
    pub(crate) fn micalg(&self) -> &'static str {
        micalg(self.digest)
    }
}

fn micalg(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha256 => "sha-256",
        DigestAlgorithm::Sha384 => "sha-384",
        DigestAlgorithm::Sha512 => "sha-512",
    }
}

/// Signs `content`, joined. `pss` asks an RSA key for PSS in place of PKCS#1
/// v1.5, which every client reads.
pub(crate) fn sign(
    content: &[&[u8]],
    signer: &SmimeKey,
    now: Timestamp,
    detached: bool,
    pss: bool,
) -> Result<Signed, SealError> {
    let certificate = signer.certificate();
    let (scheme, algorithm) = scheme(certificate, pss)?;
    let digest = scheme
        .digest()
        .ok_or(SealError::Sign("its kind of key does not sign CMS"))?;
    let id = certificate
        .issuer_and_serial()
        .to_der()
        .map_err(|_| SealError::Key(KeyFault::Malformed))?;

    let attributes = attributes(certificate, &public::digest(digest, content), now)?;
    let signed = ber::set_of(SET, attributes.clone());
    let signature = signer
        .signer()
        .sign_digest(scheme, &public::digest(digest, &[&signed]))
        .map_err(|_| SealError::Sign("it refused or is out of reach"))?;

    // RFC 5754 section 2: the hash's parameters are left out.
    let digest_algorithm = alg::algorithm(&alg::digest_oid(digest), &[]);
    let version = ber::tlv(INTEGER, &[&[1]]);
    let info = ber::tlv(
        SEQUENCE,
        &[
            &version,
            &id,
            &digest_algorithm,
            &ber::set_of(explicit(0), attributes),
            &algorithm,
            &ber::tlv(OCTET_STRING, &[&signature]),
        ],
    );
    let certificates = chain(signer).map(|c| c.der().to_vec()).collect();
    let suffix = [
        ber::set_of(explicit(0), certificates),
        ber::tlv(SET, &[&info]),
    ]
    .concat();
    let before = [version, ber::tlv(SET, &[&digest_algorithm])].concat();
    let length = content.iter().map(|c| c.len()).sum();
    Ok(assemble(
        &before,
        suffix,
        (!detached).then_some(length),
        digest,
    ))
}

/// The chain without its root, which a reader has or does not trust.
fn chain(signer: &SmimeKey) -> impl Iterator<Item = &Certificate> {
    signer.chain().iter().enumerate().filter_map(|(i, c)| {
        let tbs = c.x509().tbs_certificate();
        (i == 0 || tbs.issuer() != tbs.subject()).then_some(c)
    })
}

fn scheme(certificate: &Certificate, pss: bool) -> Result<(SignatureScheme, Vec<u8>), SealError> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    let ecdsa =
        |digest, oid: &ObjectIdentifier| (SignatureScheme::Ecdsa(digest), alg::algorithm(oid, &[]));
    Ok(match certificate.kind().map_err(SealError::Key)? {
        KeyKind::Rsa { bits } if bits < 2048 => return Err(SealError::Key(KeyFault::WeakKey)),
        KeyKind::Rsa { .. } if pss => (SignatureScheme::RsaPss(Sha256), alg::pss_sha256()),
        KeyKind::Rsa { .. } => (
            SignatureScheme::RsaPkcs1(Sha256),
            alg::with_null(&RSA_ENCRYPTION),
        ),
        KeyKind::P256 => ecdsa(Sha256, &ECDSA_WITH_SHA256),
        KeyKind::P384 => ecdsa(Sha384, &ECDSA_WITH_SHA384),
        KeyKind::P521 => ecdsa(Sha512, &ECDSA_WITH_SHA512),
        // Too many clients do not read it.
        KeyKind::Ed25519 => return Err(SealError::Sign("Ed25519 is not used under S/MIME")),
    })
}

/// The signed attributes in DER, unordered.
fn attributes(
    certificate: &Certificate,
    digest: &[u8],
    now: Timestamp,
) -> Result<Vec<Vec<u8>>, SealError> {
    let attribute = |oid: &ObjectIdentifier, value: &[u8]| {
        ber::tlv(SEQUENCE, &[&ber::oid(oid), &ber::tlv(SET, &[value])])
    };
    let kind = certificate.kind().map_err(SealError::Key)?;
    Ok(vec![
        attribute(&CONTENT_TYPE, &ber::oid(&DATA)),
        attribute(&MESSAGE_DIGEST, &ber::tlv(OCTET_STRING, &[digest])),
        attribute(&SIGNING_TIME, &time(now)?),
        attribute(&SMIME_CAPABILITIES, &capabilities::write(kind)),
        attribute(&SIGNING_CERTIFICATE_V2, &signing_certificate(certificate)?),
    ])
}

/// UTCTime until 2049, GeneralizedTime after (RFC 5652 section 11.3).
fn time(now: Timestamp) -> Result<Vec<u8>, SealError> {
    let bad = |_| SealError::Message("the time is out of range");
    let seconds = u64::try_from(now.unix_ms().div_euclid(1000)).unwrap_or(0);
    let since = Duration::from_secs(seconds);
    match UtcTime::from_unix_duration(since) {
        Ok(time) => time.to_der().map_err(bad),
        Err(_) => GeneralizedTime::from_unix_duration(since)
            .and_then(|time| time.to_der())
            .map_err(bad),
    }
}

/// SigningCertificateV2 (RFC 5035 section 3): SHA-256, the default, is left
/// out.
fn signing_certificate(certificate: &Certificate) -> Result<Vec<u8>, SealError> {
    let malformed = |_| SealError::Key(KeyFault::Malformed);
    let tbs = certificate.x509().tbs_certificate();
    let issuer = tbs.issuer().to_der().map_err(malformed)?;
    let serial = tbs.serial_number().to_der().map_err(malformed)?;
    let names = ber::tlv(SEQUENCE, &[&ber::tlv(explicit(4), &[&issuer])]);
    let id = ber::tlv(
        SEQUENCE,
        &[
            &ber::tlv(OCTET_STRING, &[&certificate.sha256()]),
            &ber::tlv(SEQUENCE, &[&names, &serial]),
        ],
    );
    Ok(ber::tlv(SEQUENCE, &[&ber::tlv(SEQUENCE, &[&id])]))
}

/// ContentInfo around the content, whose length is given where it goes in.
fn assemble(
    before: &[u8],
    suffix: Vec<u8>,
    content: Option<usize>,
    digest: DigestAlgorithm,
) -> Signed {
    let data = ber::oid(&DATA);
    let mut encapsulated = data.clone();
    let mut inside = data.len();
    if let Some(length) = content {
        let octets = ber::head(OCTET_STRING, length);
        let tagged = ber::head(explicit(0), octets.len() + length);
        inside += tagged.len() + octets.len() + length;
        encapsulated.extend_from_slice(&tagged);
        encapsulated.extend_from_slice(&octets);
    }
    let encapsulated_head = ber::head(SEQUENCE, inside);
    let signed_length = before.len() + encapsulated_head.len() + inside + suffix.len();
    let signed_head = ber::head(SEQUENCE, signed_length);
    let tagged_head = ber::head(explicit(0), signed_head.len() + signed_length);
    let oid = ber::oid(&SIGNED_DATA);
    let outer = oid.len() + tagged_head.len() + signed_head.len() + signed_length;

    let mut prefix = ber::head(SEQUENCE, outer);
    for part in [
        &oid,
        &tagged_head,
        &signed_head,
        before,
        &encapsulated_head,
        &encapsulated,
    ] {
        prefix.extend_from_slice(part);
    }
    let (prefix, suffix) = match content {
        Some(_) => (prefix, suffix),
        None => ([prefix, suffix].concat(), Vec::new()),
    };
    Signed {
        prefix,
        suffix,
        detached: content.is_none(),
        digest,
    }
}

#[cfg(test)]
mod tests;
