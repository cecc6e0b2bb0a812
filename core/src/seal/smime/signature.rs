//! The signatures of certificates and revocation lists.

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _, Sequence};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::base::crypto::public::{digest, verify_digest, verify_message};
use crate::base::{DigestAlgorithm, KeyFault, SignatureScheme};

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const MD5: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.5");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// RSASSA-PSS-params (RFC 4055 section 3.1).
#[derive(Sequence)]
struct PssParams {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt: Option<u32>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u32>,
}

/// The digest that an object identifier names.
pub(crate) fn digest_of(oid: ObjectIdentifier) -> Result<DigestAlgorithm, KeyFault> {
    match oid {
        SHA256 => Ok(DigestAlgorithm::Sha256),
        SHA384 => Ok(DigestAlgorithm::Sha384),
        SHA512 => Ok(DigestAlgorithm::Sha512),
        SHA1 | MD5 => Err(KeyFault::WeakHash),
        _ => Err(KeyFault::UnsupportedAlgorithm),
    }
}

/// The scheme of RSASSA-PSS parameters. Absent ones mean SHA-1.
pub(crate) fn pss_scheme(
    algorithm: &AlgorithmIdentifierOwned,
) -> Result<SignatureScheme, KeyFault> {
    let unsupported = KeyFault::UnsupportedAlgorithm;
    let parameters = algorithm.parameters.as_ref().ok_or(KeyFault::WeakHash)?;
    let parameters = parameters.to_der().map_err(|_| unsupported)?;
    let parameters = PssParams::from_der(&parameters).map_err(|_| unsupported)?;
    let hash = digest_of(parameters.hash.ok_or(KeyFault::WeakHash)?.oid)?;
    let mask = parameters.mask.ok_or(KeyFault::WeakHash)?;
    if mask.oid != MGF1 {
        return Err(unsupported);
    }
    let inner = mask.parameters.ok_or(unsupported)?;
    let inner = inner.to_der().map_err(|_| unsupported)?;
    let inner = AlgorithmIdentifierOwned::from_der(&inner).map_err(|_| unsupported)?;
    let length = match hash {
        DigestAlgorithm::Sha256 => 32,
        DigestAlgorithm::Sha384 => 48,
        DigestAlgorithm::Sha512 => 64,
    };
    if digest_of(inner.oid)? != hash
        || parameters.salt != Some(length)
        || parameters.trailer.is_some_and(|t| t != 1)
    {
        return Err(unsupported);
    }
    Ok(SignatureScheme::RsaPss(hash))
}

/// The scheme that a signatureAlgorithm names (RFC 4055, 5758, 8410).
///
/// # Errors
/// [`KeyFault::WeakHash`] for MD2, MD5 and SHA-1.
pub(crate) fn scheme(algorithm: &AlgorithmIdentifierOwned) -> Result<SignatureScheme, KeyFault> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    Ok(match algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.11" => SignatureScheme::RsaPkcs1(Sha256),
        "1.2.840.113549.1.1.12" => SignatureScheme::RsaPkcs1(Sha384),
        "1.2.840.113549.1.1.13" => SignatureScheme::RsaPkcs1(Sha512),
        "1.2.840.113549.1.1.10" => return pss_scheme(algorithm),
        "1.2.840.10045.4.3.2" => SignatureScheme::Ecdsa(Sha256),
        "1.2.840.10045.4.3.3" => SignatureScheme::Ecdsa(Sha384),
        "1.2.840.10045.4.3.4" => SignatureScheme::Ecdsa(Sha512),
        "1.3.101.112" => SignatureScheme::Ed25519,
        "1.2.840.113549.1.1.2"
        | "1.2.840.113549.1.1.3"
        | "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.10045.4.1"
        | "1.2.840.10040.4.3"
        | "1.3.14.3.2.29"
        | "1.3.14.3.2.15"
        | "1.3.14.3.2.27" => return Err(KeyFault::WeakHash),
        _ => return Err(KeyFault::UnsupportedAlgorithm),
    })
}

/// Verifies a signature over `signed` with the issuer's key.
pub(crate) fn verify(
    spki: &[u8],
    scheme: SignatureScheme,
    signed: &[u8],
    signature: &[u8],
) -> bool {
    match scheme.digest() {
        Some(algorithm) => {
            verify_digest(spki, scheme, &digest(algorithm, &[signed]), signature).is_ok()
        }
        None => verify_message(spki, signed, signature).is_ok(),
    }
}
