//! Content encryption and key wrapping for CMS: AES-CBC and AES-GCM
//! (SP 800-38A, 38D), AES key wrap (RFC 3394), the X9.63 KDF (SEC 1 section
//! 3.6.1).
//!
//! What is read is wider than what is written: AES-128 and AES-192 and the
//! SHA-1 KDF are for opening only.

use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, StreamingEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap as _};
use aws_lc_rs::{aead, digest};
use zeroize::Zeroizing;

use super::OpenError;

/// The block of AES, and the length of CBC's initialization vector.
pub(crate) const BLOCK: usize = 16;

/// How much is encrypted at a time.
const CHUNK: usize = 32 * 1024;

/// The length of CBC's ciphertext with PKCS#7 padding (RFC 5652 section 6.3).
pub(crate) const fn cbc_length(plaintext: usize) -> usize {
    (plaintext / BLOCK + 1) * BLOCK
}

/// AES-256-CBC with PKCS#7 padding, piece by piece.
pub(crate) struct CbcEncryptor {
    key: StreamingEncryptingKey,
    buffer: Vec<u8>,
}

impl CbcEncryptor {
    /// `iv` must be fresh and random.
    pub(crate) fn new(key: &[u8; 32], iv: [u8; BLOCK]) -> Result<Self, OpenError> {
        let key = UnboundCipherKey::new(&cipher::AES_256, key).map_err(|_| OpenError)?;
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        Ok(Self {
            key: StreamingEncryptingKey::less_safe_cbc_pkcs7(key, context)
                .map_err(|_| OpenError)?,
            buffer: vec![0; CHUNK + BLOCK],
        })
    }

    /// Encrypts a piece and hands on what is ready.
    pub(crate) fn update(
        &mut self,
        plaintext: &[u8],
        mut sink: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        for chunk in plaintext.chunks(CHUNK) {
            let update = self
                .key
                .update(chunk, &mut self.buffer)
                .map_err(|_| std::io::ErrorKind::Other)?;
            sink(update.written())?;
        }
        Ok(())
    }

    /// The last block.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, OpenError> {
        let (_, update) = self.key.finish(&mut self.buffer).map_err(|_| OpenError)?;
        Ok(update.written().to_vec())
    }
}

/// Opens AES-CBC with PKCS#7 padding in place; the key's length says which
/// AES. The content is not authenticated: whoever calls must not tell a wrong
/// padding from any other failure.
pub(crate) fn decrypt_cbc(
    key: &[u8],
    iv: [u8; BLOCK],
    buffer: &mut Zeroizing<Vec<u8>>,
) -> Result<(), OpenError> {
    if buffer.is_empty() || !buffer.len().is_multiple_of(BLOCK) {
        return Err(OpenError);
    }
    let key = UnboundCipherKey::new(aes(key.len())?, key).map_err(|_| OpenError)?;
    let length = PaddedBlockDecryptingKey::cbc_pkcs7(key)
        .and_then(|key| {
            let context = DecryptionContext::Iv128(FixedLength::from(iv));
            key.decrypt(buffer.as_mut_slice(), context)
                .map(|plaintext| plaintext.len())
        })
        .map_err(|_| OpenError)?;
    buffer.truncate(length);
    Ok(())
}

/// Opens AES-128-GCM or AES-256-GCM in place.
pub(crate) fn decrypt_gcm(
    key: &[u8],
    nonce: [u8; 12],
    aad: &[u8],
    tag: &[u8; 16],
    buffer: &mut [u8],
) -> Result<(), OpenError> {
    let algorithm = match key.len() {
        16 => &aead::AES_128_GCM,
        32 => &aead::AES_256_GCM,
        _ => return Err(OpenError),
    };
    let key = aead::UnboundKey::new(algorithm, key).map_err(|_| OpenError)?;
    aead::LessSafeKey::new(key)
        .open_in_place_separate_tag(
            aead::Nonce::assume_unique_for_key(nonce),
            aead::Aad::from(aad),
            tag,
            buffer,
        )
        .map(drop)
        .map_err(|_| OpenError)
}

fn aes(key: usize) -> Result<&'static cipher::Algorithm, OpenError> {
    match key {
        16 => Ok(&cipher::AES_128),
        24 => Ok(&cipher::AES_192),
        32 => Ok(&cipher::AES_256),
        _ => Err(OpenError),
    }
}

/// Wraps a content key with AES-256 (RFC 3394 section 2.2.1).
pub(crate) fn wrap_key(kek: &[u8; 32], key: &[u8; 32]) -> Result<Vec<u8>, OpenError> {
    let mut out = vec![0; key.len() + 8];
    AesKek::new(&key_wrap::AES_256, kek)
        .and_then(|kek| kek.wrap(key, &mut out).map(drop))
        .map_err(|_| OpenError)?;
    Ok(out)
}

/// Unwraps a content key (RFC 3394 section 2.2.2); the key-encryption key's
/// length says which AES.
pub(crate) fn unwrap_key(kek: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    // Content keys have 128 to 256 bits.
    if !matches!(wrapped.len(), 24 | 32 | 40) {
        return Err(OpenError);
    }
    let algorithm = match kek.len() {
        16 => &key_wrap::AES_128,
        24 => return unwrap_key_192(kek, wrapped),
        32 => &key_wrap::AES_256,
        _ => return Err(OpenError),
    };
    let mut out = Zeroizing::new(vec![0; wrapped.len() - 8]);
    AesKek::new(algorithm, kek)
        .and_then(|kek| kek.unwrap(wrapped, &mut out).map(drop))
        .map_err(|_| OpenError)?;
    Ok(out)
}

/// The library's key wrap has no AES-192.
fn unwrap_key_192(kek: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let kek = UnboundCipherKey::new(&cipher::AES_192, kek)
        .and_then(cipher::DecryptingKey::ecb)
        .map_err(|_| OpenError)?;
    let (check, blocks) = wrapped.split_at(8);
    let mut a = u64::from_be_bytes(check.try_into().map_err(|_| OpenError)?);
    let mut out = Zeroizing::new(blocks.to_vec());
    let mut block = Zeroizing::new([0; BLOCK]);
    let count = out.len() / 8;
    for step in (1..=6 * count).rev() {
        let r = (step - 1) % count * 8;
        let t = u64::try_from(step).map_err(|_| OpenError)?;
        block[..8].copy_from_slice(&(a ^ t).to_be_bytes());
        block[8..].copy_from_slice(&out[r..r + 8]);
        kek.decrypt(block.as_mut_slice(), DecryptionContext::None)
            .map_err(|_| OpenError)?;
        a = u64::from_be_bytes(block[..8].try_into().map_err(|_| OpenError)?);
        out[r..r + 8].copy_from_slice(&block[8..]);
    }
    if super::equal(&a.to_be_bytes(), &[0xa6; 8]) {
        Ok(out)
    } else {
        Err(OpenError)
    }
}

/// The hash of an X9.63 key derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KdfDigest {
    /// For opening only.
    Sha1,
    /// For opening only.
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// X9.63 KDF: `Hash(secret ‖ counter ‖ shared_info)` until `length` octets are
/// there.
pub(crate) fn x963_kdf(
    hash: KdfDigest,
    secret: &[u8],
    shared_info: &[u8],
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let algorithm = match hash {
        KdfDigest::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        KdfDigest::Sha224 => &digest::SHA224,
        KdfDigest::Sha256 => &digest::SHA256,
        KdfDigest::Sha384 => &digest::SHA384,
        KdfDigest::Sha512 => &digest::SHA512,
    };
    let mut out = Zeroizing::new(Vec::with_capacity(length + digest::MAX_OUTPUT_LEN));
    for counter in 1u32.. {
        if out.len() >= length {
            break;
        }
        let mut context = digest::Context::new(algorithm);
        context.update(secret);
        context.update(&counter.to_be_bytes());
        context.update(shared_info);
        out.extend_from_slice(context.finish().as_ref());
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};

    use super::*;

    type Done = Result<(), Box<dyn std::error::Error>>;

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .unwrap_or_default()
    }

    #[test]
    fn cbc_streams_what_it_opens() -> Done {
        for length in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, 2 * CHUNK + 5] {
            let plaintext: Vec<u8> = (0..length).map(|i| i.to_le_bytes()[0]).collect();
            for piece in [1usize, 7, 16, 4096, usize::MAX] {
                if piece == 1 && length > 100 {
                    continue;
                }
                let (key, iv) = (super::super::make_random::<32>(), [9; 16]);
                let mut encryptor = CbcEncryptor::new(&key, iv)?;
                let mut out = Vec::new();
                for chunk in plaintext.chunks(piece.min(length.max(1))) {
                    encryptor.update(chunk, |bytes| {
                        out.extend_from_slice(bytes);
                        Ok(())
                    })?;
                }
                out.extend_from_slice(&encryptor.finish()?);
                assert_eq!(out.len(), cbc_length(length));
                let mut buffer = Zeroizing::new(out);
                decrypt_cbc(&key, iv, &mut buffer)?;
                assert!(*buffer == plaintext, "{length} in pieces of {piece}");
            }
        }
        Ok(())
    }

    /// SP 800-38A section F.2.5 (CBC-AES256), first block; the padding is ours.
    #[test]
    fn cbc_vector() -> Done {
        let key: [u8; 32] = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
            .as_slice()
            .try_into()?;
        let iv: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f")
            .as_slice()
            .try_into()?;
        let mut out = Vec::new();
        let mut encryptor = CbcEncryptor::new(&key, iv)?;
        encryptor.update(&hex("6bc1bee22e409f96e93d7e117393172a"), |b| {
            out.extend_from_slice(b);
            Ok(())
        })?;
        out.extend_from_slice(&encryptor.finish()?);
        assert_eq!(out[..16], hex("f58c4c04d6e5f1ba779eabfb5f7bfbd6"));
        Ok(())
    }

    /// RFC 3394 sections 4.1 to 4.6.
    #[test]
    fn key_wrap_vectors() -> Done {
        let data = "00112233445566778899AABBCCDDEEFF0001020304050607";
        for (kek, key, wrapped) in [
            (16, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
            (24, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"),
            (32, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
            (
                24,
                24,
                "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2",
            ),
            (
                32,
                24,
                "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1",
            ),
        ] {
            let kek =
                &hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")[..kek];
            let mut wrapped = hex(wrapped);
            assert_eq!(
                HEXUPPER.encode(&unwrap_key(kek, &wrapped)?),
                data[..key * 2]
            );
            for i in 0..wrapped.len() {
                wrapped[i] ^= 1;
                assert!(unwrap_key(kek, &wrapped).is_err());
                wrapped[i] ^= 1;
            }
        }
        let (kek, key) = ([7; 32], [8; 32]);
        assert_eq!(unwrap_key(&kek, &wrap_key(&kek, &key)?)?.as_slice(), key);
        for length in [0, 8, 16, 25, 48] {
            assert!(unwrap_key(&kek, &vec![0; length]).is_err());
        }
        Ok(())
    }

    /// NIST CAVS, ANSI X9.63-2001 KDF: SHA-256 without shared information,
    /// COUNT 0; SHA-1 with 128 bits of it is tested through stored messages.
    #[test]
    fn kdf_vector() {
        assert_eq!(
            *x963_kdf(
                KdfDigest::Sha256,
                &hex("96c05619d56c328ab95fe84b18264b08725b85e33fd34f08"),
                b"",
                16
            ),
            hex("443024c3dae66b95e6f5670601558f71")
        );
        let long = x963_kdf(KdfDigest::Sha1, b"z", b"info", 50);
        assert_eq!(long.len(), 50);
        assert_eq!(long[..20], x963_kdf(KdfDigest::Sha1, b"z", b"info", 20)[..]);
        assert_ne!(long[..20], long[20..40]);
    }
}
