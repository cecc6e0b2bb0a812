//! Keys from passphrases, for key files: PBKDF2 and PBES2 (RFC 8018), the MAC
//! of PKCS#12 (RFC 7292 appendix B). The caller bounds the iterations.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, hmac, pbkdf2};
use zeroize::{Zeroize as _, Zeroizing};

use super::make_random;
use super::public::CryptoError;

/// A hash in a key file. SHA-1 is read only: as a MAC's it is not broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileDigest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl FileDigest {
    fn hash(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// PBKDF2 (RFC 8018 section 5.2) to `length` octets, at most 64.
pub(crate) fn stretch_to(
    digest: FileDigest,
    passphrase: &[u8],
    salt: &[u8],
    iterations: NonZeroU32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; length.clamp(1, 64)]);
    pbkdf2::derive(digest.pbkdf2(), iterations, salt, passphrase, &mut out);
    out
}

/// HMAC.
pub(crate) fn hmac(digest: FileDigest, key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(digest.hmac(), key), data)
        .as_ref()
        .to_vec()
}

/// The MAC of a PKCS#12 file: HMAC under a key of the derivation of RFC 7292
/// appendix B.2 with ID 3. `passphrase` is a BMPString with its final zeros.
pub(crate) fn pkcs12_mac(
    digest: FileDigest,
    passphrase: &[u8],
    salt: &[u8],
    iterations: NonZeroU32,
    data: &[u8],
) -> Vec<u8> {
    let hash = digest.hash();
    let block = hash.block_len();
    let mut input = Zeroizing::new(vec![3u8; block]);
    for part in [salt, passphrase] {
        let length = part.len().div_ceil(block) * block;
        input.extend(part.iter().copied().cycle().take(length));
    }
    // The key is as long as the hash: one block of the derivation.
    let mut key = Zeroizing::new(vec![0; hash.output_len()]);
    key.copy_from_slice(digest::digest(hash, &input).as_ref());
    for _ in 1..iterations.get() {
        let next = digest::digest(hash, &key);
        key.copy_from_slice(next.as_ref());
    }
    let mac = hmac(digest, &key, data);
    key.zeroize();
    mac
}

/// AES-CBC with PKCS#7 padding (SP 800-38A section 6.2, RFC 8018 appendix
/// B.2.5), decrypted. The key is 16, 24 or 32 octets long.
pub(crate) fn decrypt_cbc(
    key: &[u8],
    iv: [u8; 16],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let algorithm = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        32 => &AES_256,
        _ => return Err(CryptoError),
    };
    let key = UnboundCipherKey::new(algorithm, key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .map_err(|_| CryptoError)?;
    let mut out = Zeroizing::new(ciphertext.to_vec());
    let length = key
        .decrypt(&mut out, DecryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| CryptoError)?
        .len();
    out.truncate(length);
    Ok(out)
}

/// AES-256-CBC with PKCS#7 padding and a random IV, encrypted.
pub(crate) fn encrypt_cbc(
    key: &[u8],
    plaintext: &[u8],
) -> Result<([u8; 16], Vec<u8>), CryptoError> {
    let iv = make_random::<16>();
    let key = UnboundCipherKey::new(&AES_256, key)
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(|_| CryptoError)?;
    // Room for the padding, so that no copy of the plaintext is left behind.
    let mut out = Vec::with_capacity(plaintext.len() + 16);
    out.extend_from_slice(plaintext);
    key.less_safe_encrypt(&mut out, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| CryptoError)?;
    Ok((iv, out))
}
