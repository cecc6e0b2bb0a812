//! Object identifiers and algorithm identifiers of CMS.

use der::asn1::ObjectIdentifier;

use super::ber::{self, Element, INTEGER, Malformed, OCTET_STRING, OID, SEQUENCE, explicit};
use crate::base::DigestAlgorithm;
use crate::base::crypto::content::KdfDigest;
use crate::base::crypto::public::OaepDigest;

macro_rules! oids {
    ($($name:ident = $text:literal;)*) => {
        $(pub(super) const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

// RFC 5652 sections 4, 5.1, 6.1, 11; RFC 5083 section 2; RFC 8551 section 2.5.
oids! {
    DATA = "1.2.840.113549.1.7.1";
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    ENVELOPED_DATA = "1.2.840.113549.1.7.3";
    AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23";
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    SIGNING_TIME = "1.2.840.113549.1.9.5";
    SMIME_CAPABILITIES = "1.2.840.113549.1.9.15";
    SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
}

// RFC 3565, RFC 5084, RFC 3394.
oids! {
    AES_128_CBC = "2.16.840.1.101.3.4.1.2";
    AES_192_CBC = "2.16.840.1.101.3.4.1.22";
    AES_256_CBC = "2.16.840.1.101.3.4.1.42";
    AES_128_GCM = "2.16.840.1.101.3.4.1.6";
    AES_256_GCM = "2.16.840.1.101.3.4.1.46";
    AES_128_WRAP = "2.16.840.1.101.3.4.1.5";
    AES_192_WRAP = "2.16.840.1.101.3.4.1.25";
    AES_256_WRAP = "2.16.840.1.101.3.4.1.45";
}

// RFC 8017 appendix A, RFC 5754, RFC 5758, RFC 8410.
oids! {
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
    RSAES_OAEP = "1.2.840.113549.1.1.7";
    MGF1 = "1.2.840.113549.1.1.8";
    P_SPECIFIED = "1.2.840.113549.1.1.9";
    RSASSA_PSS = "1.2.840.113549.1.1.10";
    SHA256_WITH_RSA = "1.2.840.113549.1.1.11";
    SHA384_WITH_RSA = "1.2.840.113549.1.1.12";
    SHA512_WITH_RSA = "1.2.840.113549.1.1.13";
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3";
    ECDSA_WITH_SHA512 = "1.2.840.10045.4.3.4";
    ED25519 = "1.3.101.112";
    SHA1 = "1.3.14.3.2.26";
    SHA256 = "2.16.840.1.101.3.4.2.1";
    SHA384 = "2.16.840.1.101.3.4.2.2";
    SHA512 = "2.16.840.1.101.3.4.2.3";
}

/// Hashes and signatures on them that are broken: MD2, MD4, MD5, SHA-1.
const WEAK: [ObjectIdentifier; 10] = [
    SHA1,
    ObjectIdentifier::new_unwrap("1.2.840.113549.2.2"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.2.4"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.2.5"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.2"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.3"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
    ObjectIdentifier::new_unwrap("1.2.840.10040.4.3"),
];

/// Key agreement of RFC 5753 section 7.1.4, standard and cofactor Diffie-Hellman:
/// one and the same on the NIST curves, whose cofactor is 1.
const AGREEMENTS: [(ObjectIdentifier, KdfDigest); 10] = [
    (
        ObjectIdentifier::new_unwrap("1.3.133.16.840.63.0.2"),
        KdfDigest::Sha1,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.1.11.0"),
        KdfDigest::Sha224,
    ),
    (STD_DH_SHA256, KdfDigest::Sha256),
    (STD_DH_SHA384, KdfDigest::Sha384),
    (STD_DH_SHA512, KdfDigest::Sha512),
    (
        ObjectIdentifier::new_unwrap("1.3.133.16.840.63.0.3"),
        KdfDigest::Sha1,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.1.14.0"),
        KdfDigest::Sha224,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.1.14.1"),
        KdfDigest::Sha256,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.1.14.2"),
        KdfDigest::Sha384,
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.132.1.14.3"),
        KdfDigest::Sha512,
    ),
];

oids! {
    STD_DH_SHA256 = "1.3.132.1.11.1";
    STD_DH_SHA384 = "1.3.132.1.11.2";
    STD_DH_SHA512 = "1.3.132.1.11.3";
}

pub(super) fn is_weak(oid: &ObjectIdentifier) -> bool {
    WEAK.contains(oid)
}

pub(super) fn agreement(oid: &ObjectIdentifier) -> Option<KdfDigest> {
    AGREEMENTS.iter().find(|(o, _)| o == oid).map(|(_, d)| *d)
}

/// An AES key wrap's key length in octets.
pub(super) fn wrap_length(oid: &ObjectIdentifier) -> Option<usize> {
    match *oid {
        AES_128_WRAP => Some(16),
        AES_192_WRAP => Some(24),
        AES_256_WRAP => Some(32),
        _ => None,
    }
}

pub(super) fn digest_algorithm(oid: &ObjectIdentifier) -> Option<DigestAlgorithm> {
    match *oid {
        SHA256 => Some(DigestAlgorithm::Sha256),
        SHA384 => Some(DigestAlgorithm::Sha384),
        SHA512 => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

pub(super) const fn digest_oid(digest: DigestAlgorithm) -> ObjectIdentifier {
    match digest {
        DigestAlgorithm::Sha256 => SHA256,
        DigestAlgorithm::Sha384 => SHA384,
        DigestAlgorithm::Sha512 => SHA512,
    }
}

const NULL: &[u8] = &[5, 0];

/// An AlgorithmIdentifier as DER.
pub(super) fn algorithm(oid: &ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    ber::tlv(SEQUENCE, &[&ber::oid(oid), parameters])
}

/// One with the parameters NULL, as RFC 4055 asks of hashes and RFC 3370 of
/// RSA keys.
pub(super) fn with_null(oid: &ObjectIdentifier) -> Vec<u8> {
    algorithm(oid, NULL)
}

fn hash_and_mgf(hash: &ObjectIdentifier) -> [Vec<u8>; 2] {
    let hash = with_null(hash);
    let mgf = algorithm(&MGF1, &hash);
    [
        ber::tlv(explicit(0), &[&hash]),
        ber::tlv(explicit(1), &[&mgf]),
    ]
}

/// RSAES-OAEP with SHA-256 and MGF1-SHA-256, no label (RFC 4055 section 4.1).
pub(super) fn oaep_sha256() -> Vec<u8> {
    let [hash, mgf] = hash_and_mgf(&SHA256);
    algorithm(&RSAES_OAEP, &ber::tlv(SEQUENCE, &[&hash, &mgf]))
}

/// RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 octets (RFC 4055
/// section 3.1).
pub(super) fn pss_sha256() -> Vec<u8> {
    let [hash, mgf] = hash_and_mgf(&SHA256);
    let salt = ber::tlv(explicit(2), &[&ber::tlv(INTEGER, &[&[32]])]);
    algorithm(&RSASSA_PSS, &ber::tlv(SEQUENCE, &[&hash, &mgf, &salt]))
}

/// An AlgorithmIdentifier that was read.
pub(super) struct Algorithm<'a> {
    pub(super) oid: ObjectIdentifier,
    pub(super) parameters: Option<Element<'a>>,
}

impl<'a> Algorithm<'a> {
    pub(super) fn read(element: &Element<'a>) -> Result<Self, Malformed> {
        if element.tag != SEQUENCE {
            return Err(Malformed);
        }
        let mut inside = element.inside();
        let oid = read_oid(&inside.expect(OID)?)?;
        let parameters = inside.next().transpose()?;
        inside.end()?;
        Ok(Self { oid, parameters })
    }

    /// The parameters are absent or NULL.
    pub(super) fn bare(&self) -> bool {
        self.parameters.is_none_or(|p| p.whole == NULL)
    }
}

pub(super) fn read_oid(element: &Element<'_>) -> Result<ObjectIdentifier, Malformed> {
    ObjectIdentifier::from_bytes(element.value).map_err(|_| Malformed)
}

/// An integer of one octet.
pub(super) fn small_integer(element: &Element<'_>) -> Option<u8> {
    match element.value {
        [n @ 0..=0x7f] if element.tag == INTEGER => Some(*n),
        _ => None,
    }
}

/// Hash and mask generation hash, which must be the same one. Absent ones are
/// SHA-1.
fn read_hash_and_mgf(inside: &mut ber::Elements<'_>) -> Result<ObjectIdentifier, Malformed> {
    let hash = match inside.optional(explicit(0))? {
        Some(tagged) => {
            let hash = Algorithm::read(&one(&tagged)?)?;
            if !hash.bare() {
                return Err(Malformed);
            }
            hash.oid
        }
        None => SHA1,
    };
    let mgf_hash = match inside.optional(explicit(1))? {
        Some(tagged) => {
            let mgf = Algorithm::read(&one(&tagged)?)?;
            let parameters = mgf.parameters.ok_or(Malformed)?;
            let hash = Algorithm::read(&parameters)?;
            if mgf.oid != MGF1 || !hash.bare() {
                return Err(Malformed);
            }
            hash.oid
        }
        None => SHA1,
    };
    if hash == mgf_hash {
        Ok(hash)
    } else {
        Err(Malformed)
    }
}

/// The one element inside.
fn one<'a>(element: &Element<'a>) -> Result<Element<'a>, Malformed> {
    let mut inside = element.inside();
    let found = inside.next().ok_or(Malformed)??;
    inside.end()?;
    Ok(found)
}

/// The parameters of RSAES-OAEP (RFC 4055 section 4.1): one hash for both
/// uses, no label.
pub(super) fn read_oaep(parameters: Option<Element<'_>>) -> Result<OaepDigest, Malformed> {
    let parameters = parameters.ok_or(Malformed)?;
    if parameters.tag != SEQUENCE {
        return Err(Malformed);
    }
    let mut inside = parameters.inside();
    let hash = read_hash_and_mgf(&mut inside)?;
    if let Some(tagged) = inside.optional(explicit(2))? {
        let source = Algorithm::read(&one(&tagged)?)?;
        let empty = source
            .parameters
            .is_some_and(|label| label.tag == OCTET_STRING && label.value.is_empty());
        if source.oid != P_SPECIFIED || !empty {
            return Err(Malformed);
        }
    }
    inside.end()?;
    match hash {
        SHA1 => Ok(OaepDigest::Sha1),
        SHA256 => Ok(OaepDigest::Sha256),
        SHA384 => Ok(OaepDigest::Sha384),
        SHA512 => Ok(OaepDigest::Sha512),
        _ => Err(Malformed),
    }
}

/// The parameters of RSASSA-PSS (RFC 4055 section 3.1): the hash and the
/// salt's length; one hash for both uses, trailer 1.
pub(super) fn read_pss(
    parameters: Option<Element<'_>>,
) -> Result<(ObjectIdentifier, u8), Malformed> {
    let parameters = parameters.ok_or(Malformed)?;
    if parameters.tag != SEQUENCE {
        return Err(Malformed);
    }
    let mut inside = parameters.inside();
    let hash = read_hash_and_mgf(&mut inside)?;
    let salt = match inside.optional(explicit(2))? {
        // Two octets are allowed: the longest salt of an RSA-4096 key.
        Some(tagged) => match one(&tagged)? {
            element if element.tag == INTEGER => match element.value {
                [n] | [0, n] => *n,
                [_, _] => u8::MAX,
                _ => return Err(Malformed),
            },
            _ => return Err(Malformed),
        },
        None => 20,
    };
    if let Some(tagged) = inside.optional(explicit(3))?
        && small_integer(&one(&tagged)?) != Some(1)
    {
        return Err(Malformed);
    }
    inside.end()?;
    Ok((hash, salt))
}
