//! HPKE base mode (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
//! AES-256-GCM, one message a context. Browsers have all of it in WebCrypto.
//!
//! Sealing and opening are rustls' (over aws-lc-rs); here are the checks of the
//! encodings, and DeriveKeyPair (section 7.1.3), which rustls lacks.

use std::fmt;

use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::hkdf;
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_P256_HKDF_SHA256_AES_256 as SUITE;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke as _, HpkePrivateKey, HpkePublicKey};
use zeroize::Zeroizing;

use super::{Key, Length, OpenError, make_random};
use crate::base::Secret;

/// Length of an uncompressed point of P-256: a public key, or `enc`.
pub(crate) const POINT: usize = 65;
/// Bytes that AES-256-GCM adds to the plaintext.
pub(crate) const TAG: usize = 16;
/// `"KEM" ‖ I2OSP(kem_id, 2)`: the suite id within the KEM.
const KEM: &[u8] = b"KEM\x00\x10";

/// A public key: a point on P-256, checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct HpkePublic([u8; POINT]);

impl HpkePublic {
    /// Reads an uncompressed point (SEC 1 section 2.3.3). A point off the curve
    /// or in another encoding is refused.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, OpenError> {
        let point: [u8; POINT] = bytes.try_into().map_err(|_| OpenError)?;
        if point[0] != 4 {
            return Err(OpenError);
        }
        ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, &point))
            .map_err(|_| OpenError)?;
        Ok(Self(point))
    }

    /// The uncompressed point.
    pub(crate) fn as_bytes(&self) -> &[u8; POINT] {
        &self.0
    }

    /// Seals to the owner of the private key; the result is `enc ‖ ciphertext`.
    pub(crate) fn seal(&self, info: &[u8], plain: &[u8]) -> Result<Vec<u8>, OpenError> {
        let to = HpkePublicKey(self.0.to_vec());
        let (enc, sealed) = SUITE.seal(info, b"", plain, &to).map_err(|_| OpenError)?;
        Ok([enc.0, sealed].concat())
    }
}

impl fmt::Debug for HpkePublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HpkePublic(..)")
    }
}

/// A private key with its public one.
#[derive(Clone)]
pub(crate) struct HpkeSecret {
    scalar: Key,
    public: HpkePublic,
}

impl HpkeSecret {
    /// DeriveKeyPair (RFC 9180 section 7.1.3): the same key for the same `ikm`,
    /// which has at least 32 random bytes.
    ///
    /// A candidate is refused with probability 2⁻³², 256 of them never are.
    #[allow(clippy::expect_used)]
    pub(crate) fn derive(ikm: &[u8]) -> Self {
        let labelled = Zeroizing::new([b"HPKE-v1", KEM, b"dkp_prk", ikm].concat());
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"").extract(&labelled);
        let mut candidate = Zeroizing::new([0u8; 32]);
        (0..=u8::MAX)
            .find_map(|counter| {
                let info = [b"\x00\x20HPKE-v1", KEM, b"candidate", &[counter]];
                prk.expand(&info, Length(32))
                    .and_then(|okm| okm.fill(candidate.as_mut_slice()))
                    .ok()?;
                Self::from_scalar(Secret::new(*candidate)).ok()
            })
            .expect("256 candidates in a row are not out of range")
    }

    /// A new random key.
    pub(crate) fn make_random() -> Self {
        let seed: Key = Secret::new(make_random());
        Self::derive(seed.expose())
    }

    /// From a scalar, big-endian; zero and what is not below the order of the
    /// group are refused.
    pub(crate) fn from_scalar(scalar: Key) -> Result<Self, OpenError> {
        let key =
            PrivateKey::from_private_key(&ECDH_P256, scalar.expose()).map_err(|_| OpenError)?;
        let point = key.compute_public_key().map_err(|_| OpenError)?;
        let public = HpkePublic::parse(point.as_ref())?;
        Ok(Self { scalar, public })
    }

    /// The scalar, big-endian.
    pub(crate) fn scalar(&self) -> &Key {
        &self.scalar
    }

    /// The public key.
    pub(crate) fn public(&self) -> HpkePublic {
        self.public
    }

    /// Opens what was sealed to [`HpkeSecret::public`] for the same `info`.
    pub(crate) fn open(
        &self,
        info: &[u8],
        enc: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.open_with(info, b"", enc, sealed)
    }

    /// Opens `enc ‖ ciphertext`, as [`HpkePublic::seal`] makes it.
    pub(crate) fn open_joined(
        &self,
        info: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (enc, sealed) = sealed.split_at_checked(POINT).ok_or(OpenError)?;
        self.open(info, enc, sealed)
    }

    fn open_with(
        &self,
        info: &[u8],
        aad: &[u8],
        enc: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let enc = HpkePublic::parse(enc)?;
        let key = HpkePrivateKey::from(self.scalar.expose().to_vec());
        SUITE
            .open(&EncapsulatedSecret(enc.0.to_vec()), info, aad, sealed, &key)
            .map(Zeroizing::new)
            .map_err(|_| OpenError)
    }
}

impl fmt::Debug for HpkeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HpkeSecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    use super::*;

    fn hex(v: &Value) -> Vec<u8> {
        HEXLOWER.decode(v.as_str().unwrap().as_bytes()).unwrap()
    }

    /// Provenance: tests/vectors/hpke/PROVENANCE.md.
    #[test]
    fn published_vectors() {
        let all: Value = serde_json::from_str(include_str!(
            "../../../tests/vectors/hpke/p256-sha256-aes256gcm.json"
        ))
        .unwrap();
        let derived = all["derive"].as_array().unwrap();
        assert_eq!(derived.len(), 80);
        for pair in derived {
            let key = HpkeSecret::derive(&hex(&pair[0]));
            assert_eq!(key.scalar().expose().to_vec(), hex(&pair[1]));
            assert_eq!(key.public().as_bytes().to_vec(), hex(&pair[2]));
        }
        let base = &all["base"];
        let key = HpkeSecret::derive(&hex(&base["ikmR"]));
        assert_eq!(key.scalar().expose().to_vec(), hex(&base["skRm"]));
        let opened = key.open_with(
            &hex(&base["info"]),
            &hex(&base["aad"]),
            &hex(&base["enc"]),
            &hex(&base["ct"]),
        );
        assert_eq!(*opened.unwrap(), hex(&base["pt"]));
        let other_aad = key.open(&hex(&base["info"]), &hex(&base["enc"]), &hex(&base["ct"]));
        assert_eq!(other_aad, Err(OpenError));
    }

    #[test]
    fn what_is_sealed_opens_for_its_key_and_purpose_only() {
        let (key, other) = (HpkeSecret::make_random(), HpkeSecret::make_random());
        let sealed = key.public().seal(b"here", b"secret").unwrap();
        assert_eq!(sealed.len(), POINT + 6 + TAG);
        assert_eq!(**key.open_joined(b"here", &sealed).unwrap(), *b"secret");
        assert_ne!(sealed, key.public().seal(b"here", b"secret").unwrap());
        assert!(key.open_joined(b"there", &sealed).is_err());
        assert!(other.open_joined(b"here", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open_joined(b"here", &changed).is_err(), "{at}");
            assert!(key.open_joined(b"here", &sealed[..at]).is_err(), "{at}");
        }
    }

    #[test]
    fn other_points_and_scalars_are_refused() {
        let good = *HpkeSecret::make_random().public().as_bytes();
        assert!(HpkePublic::parse(&good).is_ok());
        let mut off = good;
        off[64] ^= 1;
        let mut compressed = good[..33].to_vec();
        compressed[0] = 2 | (good[64] & 1);
        let mut hybrid = good;
        hybrid[0] = 6 | (good[64] & 1);
        let bad: [&[u8]; 6] = [&off, &compressed, &hybrid, &[0], &[4; POINT], &good[1..]];
        for bytes in bad {
            assert!(HpkePublic::parse(bytes).is_err());
        }
        // SEC 2 section 2.4.2: the order of the group, and one below it.
        let mut order: [u8; 32] = HEXLOWER
            .decode(b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
            .unwrap()
            .try_into()
            .unwrap();
        for scalar in [[0; 32], order, [0xff; 32]] {
            assert!(HpkeSecret::from_scalar(Secret::new(scalar)).is_err());
        }
        order[31] -= 1;
        assert!(HpkeSecret::from_scalar(Secret::new(order)).is_ok());
    }
}
