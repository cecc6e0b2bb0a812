//! RecipientInfos: the content key for each recipient, and back (RFC 5652
//! section 6.2, RFC 5753, RFC 8551 section 2.3).

use cms::cert::IssuerAndSerialNumber;
use cms::enveloped_data::{
    KeyAgreeRecipientIdentifier, KeyAgreeRecipientInfo, KeyTransRecipientInfo,
    OriginatorIdentifierOrKey, RecipientIdentifier, RecipientInfo,
};
use der::{Decode as _, Encode as _};
use zeroize::Zeroizing;

use super::algorithms::{
    self as alg, AES_256_WRAP, Algorithm, EC_PUBLIC_KEY, RSA_ENCRYPTION, RSAES_OAEP,
};
use super::ber::{self, Element, Elements, INTEGER, Malformed, OCTET_STRING, SEQUENCE, explicit};
use super::certificate::Certificate;
use super::key::SmimeKey;
use crate::base::KeyFault;
use crate::base::crypto::content::{KdfDigest, unwrap_key, wrap_key, x963_kdf};
use crate::base::crypto::private::KeyKind;
use crate::base::crypto::{hmac_sha256, public};
use crate::seal::SealError;

/// More recipients than this are neither written nor read.
pub(super) const MAX_RECIPIENTS: usize = 1_000;

/// No recipient info is as long: issuer names are what varies.
const MAX_INFO: usize = 64 * 1024;

/// How many recipient infos that name one of our keys are tried. A message
/// names each recipient once; one that names the same a thousand times wants
/// our time.
const MAX_TRIED: usize = 16;

const BIT_STRING: u8 = 0x03;

/// For whom a message is encrypted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub(crate) certificate: &'a Certificate,
    /// The content key goes by PKCS#1 v1.5: the host named the recipient.
    pub(crate) pkcs1: bool,
}

/// A recipient info in DER, and whether it is one of version 0.
pub(super) fn write(
    recipient: &Recipient<'_>,
    key: &[u8; 32],
) -> Result<(Vec<u8>, bool), SealError> {
    let unusable = SealError::Key(KeyFault::UnsupportedAlgorithm);
    let certificate = recipient.certificate;
    let id = certificate
        .issuer_and_serial()
        .to_der()
        .map_err(|_| SealError::Key(KeyFault::Malformed))?;
    match certificate.kind().map_err(SealError::Key)? {
        KeyKind::Rsa { .. } => {
            let (algorithm, encrypted) = if recipient.pkcs1 {
                (
                    alg::with_null(&RSA_ENCRYPTION),
                    public::encrypt_pkcs1(certificate.spki(), key),
                )
            } else {
                (
                    alg::oaep_sha256(),
                    public::encrypt_oaep(certificate.spki(), public::OaepDigest::Sha256, key),
                )
            };
            let encrypted = ber::tlv(OCTET_STRING, &[&encrypted.map_err(|_| unusable)?]);
            let version = ber::tlv(INTEGER, &[&[0]]);
            Ok((
                ber::tlv(SEQUENCE, &[&version, &id, &algorithm, &encrypted]),
                true,
            ))
        }
        KeyKind::P256 => agree(recipient, &id, key, &alg::STD_DH_SHA256),
        KeyKind::P384 => agree(recipient, &id, key, &alg::STD_DH_SHA384),
        KeyKind::P521 => agree(recipient, &id, key, &alg::STD_DH_SHA512),
        KeyKind::Ed25519 => Err(unusable),
    }
}

/// Ephemeral-static ECDH (RFC 5753 section 3.1).
fn agree(
    recipient: &Recipient<'_>,
    id: &[u8],
    key: &[u8; 32],
    scheme: &der::asn1::ObjectIdentifier,
) -> Result<(Vec<u8>, bool), SealError> {
    let unusable = || SealError::Key(KeyFault::UnsupportedAlgorithm);
    let (point, secret) =
        public::agree_ephemeral(recipient.certificate.spki()).map_err(|_| unusable())?;
    let wrap = alg::algorithm(&AES_256_WRAP, &[]);
    let hash = alg::agreement(scheme).ok_or_else(unusable)?;
    let kek = derive_kek(hash, &secret, &wrap, None, 32);
    let kek: &[u8; 32] = kek.as_slice().try_into().map_err(|_| unusable())?;
    let wrapped = wrap_key(kek, key).map_err(|_| unusable())?;

    let version = ber::tlv(INTEGER, &[&[3]]);
    let originator = ber::tlv(
        explicit(0),
        &[&ber::tlv(
            explicit(1),
            &[
                &alg::algorithm(&EC_PUBLIC_KEY, &[]),
                &ber::tlv(BIT_STRING, &[&[0], &point]),
            ],
        )],
    );
    let algorithm = alg::algorithm(scheme, &wrap);
    let encrypted = ber::tlv(SEQUENCE, &[id, &ber::tlv(OCTET_STRING, &[&wrapped])]);
    let keys = ber::tlv(SEQUENCE, &[&encrypted]);
    Ok((
        ber::tlv(explicit(1), &[&version, &originator, &algorithm, &keys]),
        false,
    ))
}

/// The key-encryption key by way of ECC-CMS-SharedInfo (RFC 5753 section 7.2).
fn derive_kek(
    hash: KdfDigest,
    secret: &[u8],
    wrap: &[u8],
    ukm: Option<&[u8]>,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let ukm = ukm.map_or_else(Vec::new, |ukm| {
        ber::tlv(explicit(0), &[&ber::tlv(OCTET_STRING, &[ukm])])
    });
    // In bits; the lengths are 16, 24 and 32 octets.
    let bits = u32::try_from(length * 8).unwrap_or(0).to_be_bytes();
    let supplement = ber::tlv(explicit(2), &[&ber::tlv(OCTET_STRING, &[&bits])]);
    let info = ber::tlv(SEQUENCE, &[wrap, &ukm, &supplement]);
    x963_kdf(hash, secret, &info, length)
}

/// A content key that was recovered.
pub(super) struct Recovered {
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) pkcs1: bool,
}

/// One of our keys and how recipient infos name it.
struct Own<'a> {
    key: &'a SmimeKey,
    id: IssuerAndSerialNumber,
}

/// Gives every content key of `length` octets that `keys` find in the
/// recipient infos to `attempt`, until one returns something.
pub(super) fn recover<T>(
    infos: &Element<'_>,
    keys: &[&SmimeKey],
    length: usize,
    mut attempt: impl FnMut(Recovered) -> Option<T>,
) -> Result<T, Malformed> {
    let own: Vec<Own<'_>> = keys
        .iter()
        .take(MAX_RECIPIENTS)
        .map(|&key| Own {
            id: key.certificate().issuer_and_serial(),
            key,
        })
        .collect();
    let mut tried = 0;
    for (index, info) in infos.inside().enumerate() {
        let info = info?;
        if index >= MAX_RECIPIENTS || info.whole.len() > MAX_INFO {
            return Err(Malformed);
        }
        // One that is not understood may be another recipient's.
        let Ok(read) = read_info(&info) else {
            continue;
        };
        let own = own.iter();
        let found: Vec<Recovered> = match &read {
            RecipientInfo::Ktri(info) => own
                .filter(|own| own.is_named(&info.rid))
                .take(MAX_TRIED - tried)
                .inspect(|_| tried += 1)
                .filter_map(|own| own.transported(info, length))
                .collect(),
            RecipientInfo::Kari(info) => own
                .filter_map(|own| Some((own, own.wrapped(info)?)))
                .take(MAX_TRIED - tried)
                .inspect(|_| tried += 1)
                .filter_map(|(own, wrapped)| own.agreed(info, wrapped))
                .collect(),
            _ => continue,
        };
        for recovered in found {
            if recovered.key.len() == length
                && let Some(opened) = attempt(recovered)
            {
                return Ok(opened);
            }
        }
        if tried >= MAX_TRIED {
            return Err(Malformed);
        }
    }
    Err(Malformed)
}

fn read_info(info: &Element<'_>) -> Result<RecipientInfo, Malformed> {
    RecipientInfo::from_der(info.whole).or_else(|_| Ok(RecipientInfo::from_der(&info.to_der()?)?))
}

impl Own<'_> {
    fn has_key_id(&self, id: &[u8]) -> bool {
        self.key.certificate().subject_key_id() == Some(id)
    }

    fn is_named(&self, id: &RecipientIdentifier) -> bool {
        match id {
            RecipientIdentifier::IssuerAndSerialNumber(id) => *id == self.id,
            RecipientIdentifier::SubjectKeyIdentifier(id) => self.has_key_id(id.0.as_bytes()),
        }
    }

    fn transported(&self, info: &KeyTransRecipientInfo, length: usize) -> Option<Recovered> {
        let private = self.key.private()?;
        if !matches!(private.kind(), KeyKind::Rsa { .. }) {
            return None;
        }
        let encrypted = info.enc_key.as_bytes();
        if info.key_enc_alg.oid == RSA_ENCRYPTION {
            // What was not padded well goes on with a key that nobody can
            // guess and fails where a wrong key fails (RFC 3218 section
            // 2.3.2). It is the same one each time: else who sends a message
            // twice could tell it from a key that was in there.
            let secret = private.to_pkcs8().ok()?;
            let instead = Zeroizing::new(hmac_sha256(&secret, encrypted));
            let key = match private.decrypt_pkcs1(encrypted) {
                Ok(key) if key.len() == length => key,
                _ => Zeroizing::new(instead.get(..length)?.to_vec()),
            };
            return Some(Recovered { key, pkcs1: true });
        }
        if info.key_enc_alg.oid != RSAES_OAEP {
            return None;
        }
        let algorithm = info.key_enc_alg.to_der().ok()?;
        let element = Elements(&algorithm).next()?.ok()?;
        let digest = alg::read_oaep(Algorithm::read(&element).ok()?.parameters).ok()?;
        let key = private.decrypt_oaep(digest, encrypted).ok()?;
        Some(Recovered { key, pkcs1: false })
    }

    /// The wrapped key that is ours in a KeyAgreeRecipientInfo.
    fn wrapped<'i>(&self, info: &'i KeyAgreeRecipientInfo) -> Option<&'i [u8]> {
        info.recipient_enc_keys
            .iter()
            .take(MAX_RECIPIENTS)
            .find(|key| match &key.rid {
                KeyAgreeRecipientIdentifier::IssuerAndSerialNumber(id) => *id == self.id,
                KeyAgreeRecipientIdentifier::RKeyId(id) => {
                    self.has_key_id(id.subject_key_identifier.0.as_bytes())
                }
            })
            .map(|key| key.enc_key.as_bytes())
    }

    fn agreed(&self, info: &KeyAgreeRecipientInfo, wrapped: &[u8]) -> Option<Recovered> {
        let private = self.key.private()?;
        if !matches!(
            private.kind(),
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521
        ) {
            return None;
        }
        let OriginatorIdentifierOrKey::OriginatorKey(originator) = &info.originator else {
            return None;
        };
        if originator.algorithm.oid != EC_PUBLIC_KEY {
            return None;
        }
        let hash = alg::agreement(&info.key_enc_alg.oid)?;
        // The parameters are the key wrap's AlgorithmIdentifier, and go into
        // the derivation as they stand.
        let wrap = info.key_enc_alg.parameters.as_ref()?.to_der().ok()?;
        let element = Elements(&wrap).next()?.ok()?;
        let length = alg::wrap_length(&Algorithm::read(&element).ok()?.oid)?;
        let secret = private.agree(originator.public_key.as_bytes()?).ok()?;
        let ukm = info.ukm.as_ref().map(der::asn1::OctetString::as_bytes);
        let kek = derive_kek(hash, &secret, &wrap, ukm, length);
        let key = unwrap_key(&kek, wrapped).ok()?;
        Some(Recovered { key, pkcs1: false })
    }
}
