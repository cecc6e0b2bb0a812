//! Verifying SignedData: whether a signature is right. Whether its certificate
//! is to be trusted, the caller asks of [`path`](crate::seal::smime).

use std::borrow::Cow;
use std::fmt;

use cms::cert::IssuerAndSerialNumber;
use der::Decode as _;
use der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};

use super::super::algorithms::{
    self as alg, Algorithm, CONTENT_TYPE, DATA, EC_PUBLIC_KEY, ECDSA_WITH_SHA256,
    ECDSA_WITH_SHA384, ECDSA_WITH_SHA512, ED25519, MESSAGE_DIGEST, RSA_ENCRYPTION, RSASSA_PSS,
    SHA256, SHA256_WITH_RSA, SHA384_WITH_RSA, SHA512_WITH_RSA, SIGNED_DATA, SIGNING_CERTIFICATE_V2,
    SIGNING_TIME, SMIME_CAPABILITIES,
};
use super::super::ber::{
    self, Element, INTEGER, Malformed, OCTET_STRING, OID, SEQUENCE, SET, explicit, implicit,
};
use super::super::capabilities;
use super::super::certificate::Certificate;
use super::super::enveloped::content_info;
use crate::base::crypto::private::KeyKind;
use crate::base::crypto::{equal, public};
use crate::base::{DigestAlgorithm, KeyFault, SignatureScheme, Timestamp};
use crate::seal::OpenError;

const MAX_SIGNERS: usize = 8;
const MAX_CERTIFICATES: usize = 64;
const MAX_CERTIFICATE: usize = 64 * 1024;
const MAX_INFO: usize = 64 * 1024;
const MAX_ATTRIBUTES: usize = 64;

/// What a SignedData says.
pub(crate) struct Verified<'a> {
    /// The content that stands in it; with a detached signature there is none.
    pub(crate) content: Option<Cow<'a, [u8]>>,
    /// The certificates in it that can be read.
    pub(crate) certificates: Vec<Certificate>,
    /// One for each SignerInfo. None at all: it is not signed.
    pub(crate) signers: Vec<SignerResult>,
}

impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("size", &self.content.as_ref().map(|c| c.len()))
            .field("signers", &self.signers)
            .finish_non_exhaustive()
    }
}

/// What one SignerInfo says.
#[derive(Debug)]
pub(crate) struct SignerResult {
    /// Whether the signature is right, or a code that says why not:
    /// `weak_hash`, `weak_key`, `unsupported_algorithm`, `no_certificate`,
    /// `digest_mismatch`, `signature_mismatch`, `attributes`,
    /// `signing_certificate`, `malformed`.
    pub(crate) outcome: Result<(), &'static str>,
    /// The signer's certificate, where it is among those in the message.
    pub(crate) certificate: Option<Certificate>,
    /// The signed SMIMECapabilities in DER. Worth what `outcome` says.
    pub(crate) capabilities: Option<Vec<u8>>,
    /// The signed signing time. Worth what `outcome` says.
    pub(crate) made: Option<Timestamp>,
}

impl SignerResult {
    const fn failed(code: &'static str) -> Self {
        Self {
            outcome: Err(code),
            certificate: None,
            capabilities: None,
            made: None,
        }
    }
}

/// Reads a SignedData in BER and verifies its signatures, over `detached` where
/// the content does not stand inside.
pub(crate) fn verify<'a>(
    der: &'a [u8],
    detached: Option<&[u8]>,
) -> Result<Verified<'a>, OpenError> {
    let malformed = |Malformed| OpenError::Malformed("its signature is no CMS SignedData");
    let read = read(der).map_err(malformed)?;
    let content = match (&read.content, detached) {
        (Some(content), None) => content,
        (None, Some(detached)) => detached,
        (None, None) if read.infos.value.is_empty() => &[][..],
        _ => {
            return Err(OpenError::Malformed(
                "its signature and the signed content do not go together",
            ));
        }
    };

    let mut certificates = Vec::new();
    for (index, element) in read
        .certificates
        .iter()
        .flat_map(Element::inside)
        .enumerate()
    {
        let element = element.map_err(malformed)?;
        if index >= MAX_CERTIFICATES {
            return Err(OpenError::Limit {
                what: "certificates in a signature",
                limit: MAX_CERTIFICATES,
            });
        }
        // Attribute certificates and other kinds are passed over.
        if element.tag == SEQUENCE
            && element.whole.len() <= MAX_CERTIFICATE
            && let Ok(certificate) = Certificate::parse_der(element.whole)
        {
            certificates.push(certificate);
        }
    }

    let mut signers = Vec::new();
    let mut digests = Digests {
        content,
        known: Vec::new(),
    };
    for (index, info) in read.infos.inside().enumerate() {
        let info = info.map_err(malformed)?;
        if index >= MAX_SIGNERS {
            return Err(OpenError::Limit {
                what: "signers",
                limit: MAX_SIGNERS,
            });
        }
        let result = if info.whole.len() > MAX_INFO {
            SignerResult::failed("malformed")
        } else {
            verify_info(&info, &certificates, &mut digests)
                .unwrap_or_else(|Malformed| SignerResult::failed("malformed"))
        };
        signers.push(result);
    }
    Ok(Verified {
        content: read.content,
        certificates,
        signers,
    })
}

struct Read<'a> {
    content: Option<Cow<'a, [u8]>>,
    certificates: Option<Element<'a>>,
    infos: Element<'a>,
}

fn read(der: &[u8]) -> Result<Read<'_>, Malformed> {
    let (content_type, mut outer) = content_info(der)?;
    if content_type != SIGNED_DATA {
        return Err(Malformed);
    }
    let mut fields = outer.expect(SEQUENCE)?.inside();
    outer.end()?;
    fields.expect(INTEGER)?;
    // What counts is each signer's own.
    fields.expect(SET)?;
    let mut encapsulated = fields.expect(SEQUENCE)?.inside();
    let certificates = fields.optional(explicit(0))?;
    fields.optional(explicit(1))?;
    let infos = fields.expect(SET)?;
    fields.end()?;

    if alg::read_oid(&encapsulated.expect(OID)?)? != DATA {
        return Err(Malformed);
    }
    let content = match encapsulated.optional(explicit(0))? {
        Some(tagged) => {
            let mut inside = tagged.inside();
            let octets = inside.string(OCTET_STRING)?;
            inside.end()?;
            Some(if octets.tag == OCTET_STRING {
                Cow::Borrowed(octets.value)
            } else {
                let mut joined = Vec::with_capacity(octets.value.len());
                octets.append_octets(&mut joined)?;
                Cow::Owned(joined)
            })
        }
        None => None,
    };
    encapsulated.end()?;
    Ok(Read {
        content,
        certificates,
        infos,
    })
}

/// The content's digests, each made once however many signers there are.
struct Digests<'a> {
    content: &'a [u8],
    known: Vec<(DigestAlgorithm, Vec<u8>)>,
}

impl Digests<'_> {
    fn of(&mut self, algorithm: DigestAlgorithm) -> Vec<u8> {
        if let Some((_, digest)) = self.known.iter().find(|(a, _)| *a == algorithm) {
            return digest.clone();
        }
        let digest = public::digest(algorithm, &[self.content]);
        self.known.push((algorithm, digest.clone()));
        digest
    }
}

fn verify_info(
    info: &Element<'_>,
    certificates: &[Certificate],
    digests: &mut Digests<'_>,
) -> Result<SignerResult, Malformed> {
    if info.tag != SEQUENCE {
        return Err(Malformed);
    }
    let mut fields = info.inside();
    fields.expect(INTEGER)?;
    let id = fields.next().ok_or(Malformed)??;
    let digest_algorithm = fields.expect(SEQUENCE)?.to_der()?;
    let attributes = fields.optional(explicit(0))?;
    let signature_algorithm = fields.expect(SEQUENCE)?.to_der()?;
    let mut signature = Vec::new();
    fields.string(OCTET_STRING)?.append_octets(&mut signature)?;
    fields.optional(explicit(1))?;
    fields.end()?;

    let certificate = find(&id, certificates)?;
    let mut result = SignerResult::failed("malformed");
    result.certificate = certificate.cloned();
    let attributes = match attributes.map(|a| Attributes::read(&a)).transpose() {
        Ok(attributes) => attributes,
        Err(code) => {
            result.outcome = Err(code);
            return Ok(result);
        }
    };
    if let Some(attributes) = &attributes {
        result.made = attributes.signing_time;
        result.capabilities.clone_from(&attributes.capabilities);
    }
    result.outcome = check(
        &digest_algorithm,
        &signature_algorithm,
        attributes.as_ref(),
        certificate,
        &signature,
        digests,
    );
    Ok(result)
}

fn find<'c>(
    id: &Element<'_>,
    certificates: &'c [Certificate],
) -> Result<Option<&'c Certificate>, Malformed> {
    match id.tag {
        SEQUENCE => {
            let id = IssuerAndSerialNumber::from_der(&id.to_der()?)?;
            Ok(certificates.iter().find(|c| c.issuer_and_serial() == id))
        }
        tag if tag == implicit(0) => Ok(certificates
            .iter()
            .find(|c| c.subject_key_id() == Some(id.value))),
        _ => Err(Malformed),
    }
}

fn check(
    digest_algorithm: &[u8],
    signature_algorithm: &[u8],
    attributes: Option<&Attributes>,
    certificate: Option<&Certificate>,
    signature: &[u8],
    digests: &mut Digests<'_>,
) -> Result<(), &'static str> {
    let bad = |Malformed| "malformed";
    let element = ber::Elements(digest_algorithm)
        .expect(SEQUENCE)
        .map_err(bad)?;
    let hash = Algorithm::read(&element).map_err(bad)?;
    let element = ber::Elements(signature_algorithm)
        .expect(SEQUENCE)
        .map_err(bad)?;
    let algorithm = Algorithm::read(&element).map_err(bad)?;
    if alg::is_weak(&hash.oid) || alg::is_weak(&algorithm.oid) {
        return Err("weak_hash");
    }
    let digest = alg::digest_algorithm(&hash.oid)
        .filter(|_| hash.bare())
        .ok_or("unsupported_algorithm")?;
    let scheme = read_scheme(&algorithm, digest, &hash.oid)?;

    let certificate = certificate.ok_or("no_certificate")?;
    match certificate.kind() {
        Ok(KeyKind::Rsa { bits }) if bits < 2048 => return Err("weak_key"),
        Ok(_) => {}
        Err(KeyFault::WeakKey) => return Err("weak_key"),
        Err(_) => return Err("unsupported_algorithm"),
    }
    let content_digest = digests.of(digest);
    let verify = |message: &[u8]| {
        // Ed25519 signs the message itself (RFC 8419 section 3).
        let signed = match scheme {
            SignatureScheme::Ed25519 => message.to_vec(),
            _ => public::digest(digest, &[message]),
        };
        public::verify_digest(certificate.spki(), scheme, &signed, signature)
            .map_err(|_| "signature_mismatch")
    };
    match attributes {
        Some(attributes) => {
            if !equal(&attributes.digest, &content_digest) {
                return Err("digest_mismatch");
            }
            if let Some(id) = &attributes.signing_certificate {
                check_signing_certificate(id, certificate)?;
            }
            // The signature is over the attributes in DER. Signers that do not
            // sort them sign what they send, and readers go along.
            verify(&attributes.sent).or_else(|code| {
                if attributes.sorted == attributes.sent {
                    Err(code)
                } else {
                    verify(&attributes.sorted)
                }
            })
        }
        None => {
            // A content that could be another message's signed attributes: the
            // signature would fit both. No MIME entity begins like this.
            if digests.content.first() == Some(&SET) {
                return Err("attributes");
            }
            match scheme {
                SignatureScheme::Ed25519 => verify(digests.content),
                _ => public::verify_digest(certificate.spki(), scheme, &content_digest, signature)
                    .map_err(|_| "signature_mismatch"),
            }
        }
    }
}

fn read_scheme(
    algorithm: &Algorithm<'_>,
    digest: DigestAlgorithm,
    hash: &ObjectIdentifier,
) -> Result<SignatureScheme, &'static str> {
    let fits = |expected, scheme| {
        if expected == digest && algorithm.bare() {
            Ok(scheme)
        } else {
            Err("unsupported_algorithm")
        }
    };
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    match algorithm.oid {
        RSA_ENCRYPTION => fits(digest, SignatureScheme::RsaPkcs1(digest)),
        SHA256_WITH_RSA => fits(Sha256, SignatureScheme::RsaPkcs1(digest)),
        SHA384_WITH_RSA => fits(Sha384, SignatureScheme::RsaPkcs1(digest)),
        SHA512_WITH_RSA => fits(Sha512, SignatureScheme::RsaPkcs1(digest)),
        // The parameters may name the curve.
        EC_PUBLIC_KEY => Ok(SignatureScheme::Ecdsa(digest)),
        ECDSA_WITH_SHA256 => fits(Sha256, SignatureScheme::Ecdsa(digest)),
        ECDSA_WITH_SHA384 => fits(Sha384, SignatureScheme::Ecdsa(digest)),
        ECDSA_WITH_SHA512 => fits(Sha512, SignatureScheme::Ecdsa(digest)),
        // RFC 8419 section 3: SHA-512 is the digest that goes with it.
        ED25519 => fits(Sha512, SignatureScheme::Ed25519),
        RSASSA_PSS => match alg::read_pss(algorithm.parameters) {
            Ok((pss, _)) if alg::is_weak(&pss) => Err("weak_hash"),
            Ok((pss, _)) if pss == *hash => Ok(SignatureScheme::RsaPss(digest)),
            _ => Err("unsupported_algorithm"),
        },
        _ => Err("unsupported_algorithm"),
    }
}

/// The signed attributes that are looked at (RFC 5652 section 11).
struct Attributes {
    /// As they were sent, with the tag of SET OF.
    sent: Vec<u8>,
    /// In DER.
    sorted: Vec<u8>,
    digest: Vec<u8>,
    signing_time: Option<Timestamp>,
    capabilities: Option<Vec<u8>>,
    signing_certificate: Option<Vec<u8>>,
}

impl Attributes {
    fn read(element: &Element<'_>) -> Result<Self, &'static str> {
        let bad = |Malformed| "attributes";
        let mut seen: Vec<(ObjectIdentifier, Vec<u8>)> = Vec::new();
        let mut parts = Vec::new();
        for attribute in element.inside() {
            let attribute = attribute.map_err(bad)?;
            if attribute.tag != SEQUENCE || seen.len() >= MAX_ATTRIBUTES {
                return Err("attributes");
            }
            let mut inside = attribute.inside();
            let oid = inside
                .expect(OID)
                .and_then(|oid| alg::read_oid(&oid))
                .map_err(bad)?;
            let values = inside.expect(SET).map_err(bad)?;
            inside.end().map_err(bad)?;
            // Each attribute once: which of two counts, readers would judge
            // differently.
            if seen.iter().any(|(o, _)| *o == oid) {
                return Err("attributes");
            }
            parts.push(attribute.to_der().map_err(bad)?);
            seen.push((oid, values.to_der().map_err(bad)?));
        }
        // The one value of an attribute, in DER.
        let value = |oid: &ObjectIdentifier| -> Result<Option<Vec<u8>>, &'static str> {
            let Some((_, values)) = seen.iter().find(|(o, _)| o == oid) else {
                return Ok(None);
            };
            let mut inside = ber::Elements(values).expect(SET).map_err(bad)?.inside();
            let value = inside.next().ok_or("attributes")?.map_err(bad)?;
            inside.end().map_err(bad)?;
            Ok(Some(value.whole.to_vec()))
        };
        if value(&CONTENT_TYPE)? != Some(ber::oid(&DATA)) {
            return Err("attributes");
        }
        let digest = value(&MESSAGE_DIGEST)?.ok_or("attributes")?;
        let digest = ber::Elements(&digest)
            .expect(OCTET_STRING)
            .map_err(bad)?
            .value
            .to_vec();
        Ok(Self {
            sent: ber::tlv(SET, &[element.value]),
            sorted: ber::set_of(SET, parts),
            digest,
            signing_time: value(&SIGNING_TIME)?.as_deref().and_then(read_time),
            capabilities: value(&SMIME_CAPABILITIES)?
                .filter(|value| value.len() <= capabilities::MAX_LENGTH),
            signing_certificate: value(&SIGNING_CERTIFICATE_V2)?,
        })
    }
}

fn read_time(der: &[u8]) -> Option<Timestamp> {
    let since = UtcTime::from_der(der)
        .map(|time| time.to_unix_duration())
        .or_else(|_| GeneralizedTime::from_der(der).map(|time| time.to_unix_duration()))
        .ok()?;
    i64::try_from(since.as_millis())
        .ok()
        .map(Timestamp::from_unix_ms)
}

/// The signer named its certificate by hash: another one with the same key, or
/// the same issuer and serial number, is not it (RFC 5035 section 5).
fn check_signing_certificate(der: &[u8], certificate: &Certificate) -> Result<(), &'static str> {
    let bad = |Malformed| "signing_certificate";
    let mut outer = ber::Elements(der).expect(SEQUENCE).map_err(bad)?.inside();
    let mut ids = outer.expect(SEQUENCE).map_err(bad)?.inside();
    let mut first = ids.expect(SEQUENCE).map_err(bad)?.inside();
    let oid = match first.optional(SEQUENCE).map_err(bad)? {
        Some(hash) => Algorithm::read(&hash).map_err(bad)?.oid,
        None => SHA256,
    };
    let digest = alg::digest_algorithm(&oid).ok_or("signing_certificate")?;
    let hash = first.expect(OCTET_STRING).map_err(bad)?;
    if equal(hash.value, &public::digest(digest, &[certificate.der()])) {
        Ok(())
    } else {
        Err("signing_certificate")
    }
}
