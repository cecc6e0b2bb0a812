//! The one wrapper of aws-lc-rs. Everything mailseal encrypts, hashes, derives
//! or signs at rest goes through here; TLS uses the same library through
//! rustls.
//!
//! AES-256-GCM (SP 800-38D) with random 96-bit nonces for records; HKDF
//! (RFC 5869) with SHA-512; PBKDF2 (RFC 8018); HMAC-SHA-256 (RFC 2104); SHA-256; Ed25519
//! (RFC 8032). Randomness comes from the operating system.

#[cfg(feature = "smime")]
pub(crate) mod content;
pub(crate) mod hpke;
#[cfg(feature = "pgp")]
pub(crate) mod mdc;
#[cfg(feature = "smime")]
pub(crate) mod passphrase;
#[cfg(any(feature = "pgp", feature = "smime"))]
pub(crate) mod private;
#[cfg(any(feature = "pgp", feature = "smime"))]
pub(crate) mod public;
#[cfg(any(feature = "pgp", feature = "smime"))]
mod shield;
pub(crate) mod sip;
pub(crate) mod stack;
#[cfg(all(test, feature = "smime"))]
mod wycheproof;

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::{aead, constant_time, digest, hkdf, hmac, pbkdf2, rand, signature};
use zeroize::Zeroizing;

use super::Secret;

/// A 256-bit symmetric key.
pub(crate) type Key = Secret<[u8; 32]>;

/// What was to be opened was made with another key, for another place, or was
/// changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("decryption failed: wrong key, wrong place or changed data")]
pub(crate) struct OpenError;

/// Random bytes from the operating system.
///
/// The system's generator does not fail once the system is up; if it does,
/// there is nothing safe to go on with and the process stops.
#[allow(clippy::expect_used)]
pub(crate) fn make_random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    rand::fill(&mut bytes).expect("the operating system gives no randomness");
    bytes
}

/// SHA-256.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    sha256_parts(&[data])
}

/// SHA-256 of the concatenation of `parts`.
pub(crate) fn sha256_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    to_array(context.finish().as_ref())
}

/// SHA-512 of the concatenation of `parts`.
#[cfg(test)]
pub(crate) fn sha512_parts(parts: &[&[u8]]) -> [u8; 64] {
    let mut context = digest::Context::new(&digest::SHA512);
    for part in parts {
        context.update(part);
    }
    let mut out = [0u8; 64];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// HMAC-SHA-256.
pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    to_array(hmac::sign(&key, data).as_ref())
}

/// HMAC-SHA-256 under a key that is used many times.
pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    /// With this key.
    pub(crate) fn new(key: &Key) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// The code of the concatenation of `parts`.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        to_array(context.sign().as_ref())
    }
}

/// Compares in time that depends on the lengths only.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// HKDF-SHA-512 (RFC 5869) to a 256-bit key.
pub(crate) fn derive_key(ikm: &[u8], salt: &[u8], info: &[u8]) -> Key {
    let mut out = [0u8; 32];
    derive_bytes(ikm, salt, info, &mut out);
    Secret::new(out)
}

/// HKDF-SHA-512 (RFC 5869) to `out`, at most 255 × 64 bytes.
#[allow(clippy::expect_used)]
pub(crate) fn derive_bytes(ikm: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA512, salt).extract(ikm);
    prk.expand(&[info], Length(out.len()))
        .and_then(|okm| okm.fill(out))
        .expect("callers ask for a constant length within HKDF's limit");
}

/// HKDF-Expand alone with SHA-512 (RFC 5869 section 2.3), for formats that
/// prescribe it. `prk` must be uniformly random and at most 64 bytes long.
#[allow(clippy::expect_used)]
pub(crate) fn expand_bytes(prk: &[u8; 32], info: &[&[u8]], out: &mut [u8]) {
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, prk)
        .expand(info, Length(out.len()))
        .and_then(|okm| okm.fill(out))
        .expect("callers ask for a constant length within HKDF's limit");
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2) to a 256-bit key.
pub(crate) fn stretch(passphrase: &[u8], salt: &[u8], iterations: NonZeroU32) -> Key {
    let mut out = [0u8; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        iterations,
        salt,
        passphrase,
        &mut out,
    );
    Secret::new(out)
}

/// Length of nonce and tag that [`seal`] adds.
pub(crate) const SEAL_OVERHEAD: usize = 12 + 16;

/// AES-256-GCM with a random nonce, which is put first:
/// `nonce (12) ‖ ciphertext ‖ tag (16)`. `aad` binds the record to its place.
///
/// With random 96-bit nonces a key serves 2³² records (SP 800-38D section 8.3).
pub(crate) fn seal(key: &Key, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce = make_random::<12>();
    let mut out = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plaintext);
    let tag = seal_in_place(key.expose(), nonce, aad, &mut out[12..]);
    out.extend_from_slice(&tag);
    out
}

/// Opens what [`seal`] made for the same key and `aad`.
pub(crate) fn open(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    if sealed.len() < SEAL_OVERHEAD {
        return Err(OpenError);
    }
    let (nonce, body) = sealed.split_at(12);
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| OpenError)?;
    open_with_nonce(key.expose(), nonce, aad, body)
}

/// AES-256-GCM with a nonce that the format prescribes. Returns the tag.
///
/// The caller must never use one nonce twice under one key.
#[allow(clippy::expect_used)]
pub(crate) fn seal_in_place(
    key: &[u8; 32],
    nonce: [u8; 12],
    aad: &[u8],
    data: &mut [u8],
) -> [u8; 16] {
    let tag = gcm(key)
        .seal_in_place_separate_tag(
            aead::Nonce::assume_unique_for_key(nonce),
            aead::Aad::from(aad),
            data,
        )
        .expect("AES-GCM fails on inputs above 64 GiB only, which the callers bound");
    let mut out = [0u8; 16];
    out.copy_from_slice(tag.as_ref());
    out
}

/// Opens AES-256-GCM `ciphertext ‖ tag` with a nonce that the format prescribes.
pub(crate) fn open_with_nonce(
    key: &[u8; 32],
    nonce: [u8; 12],
    aad: &[u8],
    body: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let mut buffer = Zeroizing::new(body.to_vec());
    let length = gcm(key)
        .open_in_place(
            aead::Nonce::assume_unique_for_key(nonce),
            aead::Aad::from(aad),
            &mut buffer,
        )
        .map_err(|_| OpenError)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

#[allow(clippy::expect_used)]
fn gcm(key: &[u8; 32]) -> aead::LessSafeKey {
    aead::LessSafeKey::new(
        aead::UnboundKey::new(&aead::AES_256_GCM, key).expect("the key has AES-256's length"),
    )
}

/// An Ed25519 signing key (RFC 8032).
pub(crate) struct SigningKey(signature::Ed25519KeyPair);

impl SigningKey {
    /// The key of this 32-byte seed.
    #[allow(clippy::expect_used)]
    pub(crate) fn from_seed(seed: &Key) -> Self {
        Self(
            signature::Ed25519KeyPair::from_seed_unchecked(seed.expose())
                .expect("any 32 bytes are an Ed25519 seed"),
        )
    }

    /// Signs `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0u8; 64];
        out.copy_from_slice(self.0.sign(message).as_ref());
        out
    }

    /// The public key.
    pub(crate) fn public(&self) -> [u8; 32] {
        to_array(self.0.public_key().as_ref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

/// Verifies an Ed25519 signature.
pub(crate) fn verify_ed25519(
    public: &[u8; 32],
    message: &[u8],
    sig: &[u8],
) -> Result<(), OpenError> {
    signature::UnparsedPublicKey::new(&signature::ED25519, public)
        .verify(message, sig)
        .map_err(|_| OpenError)
}

fn to_array(slice: &[u8]) -> [u8; 32] {
    let mut out = [0u8; 32];
    out.copy_from_slice(slice);
    out
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn a_record_opens_only_with_its_key_and_in_its_place() {
        let key = Secret::new(make_random());
        let sealed = seal(&key, b"row 1", b"diagnosis");
        assert_eq!(
            open(&key, b"row 1", &sealed).as_deref().map(Vec::as_slice),
            Ok(&b"diagnosis"[..])
        );
        assert!(open(&key, b"row 2", &sealed).is_err());
        assert!(open(&Secret::new(make_random()), b"row 1", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(open(&key, b"row 1", &changed).is_err());
            assert!(open(&key, b"row 1", &sealed[..i]).is_err());
        }
    }

    /// RFC 8032 section 7.1, test 2; RFC 4231 section 4.3, test case 2.
    #[test]
    fn published_vectors() -> Result<(), Box<dyn std::error::Error>> {
        let seed =
            HEXLOWER.decode(b"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")?;
        let key = SigningKey::from_seed(&Secret::new(seed.as_slice().try_into()?));
        assert_eq!(
            HEXLOWER.encode(&key.public()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        let sig = key.sign(&[0x72]);
        assert!(
            HEXLOWER
                .encode(&sig)
                .starts_with("92a009a9f0d4cab8720e820b5f642540")
        );
        verify_ed25519(&key.public(), &[0x72], &sig)?;
        assert!(verify_ed25519(&key.public(), &[0x73], &sig).is_err());
        assert_eq!(
            HEXLOWER.encode(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        // RFC 7914 section 11, first 32 bytes.
        let one = NonZeroU32::new(1).ok_or("zero")?;
        assert_eq!(
            HEXLOWER.encode(stretch(b"passwd", b"salt", one).expose()),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        );
        Ok(())
    }
}
