//! The bare primitives, all in aws-lc: the cipher alone, and the floor, which
//! is the cipher, the hash of the signature, and the transfer encoding of the
//! result. Lines, signatures and key transport are not in it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Contender, Family, Role};

const KEY: [u8; 32] = [7; 32];
const IV: [u8; 16] = [9; 16];

type Cipher = fn(&[u8]) -> Result<Vec<u8>, String>;

fn failed(_: aws_lc_rs::error::Unspecified) -> String {
    "aws-lc refused".to_owned()
}

fn stream(
    plaintext: &[u8],
    start: fn(
        UnboundCipherKey,
        EncryptionContext,
    ) -> Result<StreamingEncryptingKey, aws_lc_rs::error::Unspecified>,
) -> Result<Vec<u8>, String> {
    let key = UnboundCipherKey::new(&AES_256, &KEY).map_err(failed)?;
    let context = EncryptionContext::Iv128(FixedLength::from(IV));
    let mut key = start(key, context).map_err(failed)?;
    let mut out = vec![0; plaintext.len() + 32];
    let mut length = 0;
    // Cache-sized pieces are faster than one piece.
    for piece in plaintext.chunks(32 * 1024) {
        let update = key.update(piece, &mut out[length..]).map_err(failed)?;
        length += update.written().len();
    }
    let (_, update) = key.finish(&mut out[length..]).map_err(failed)?;
    length += update.written().len();
    out.truncate(length);
    Ok(out)
}

fn cbc(plaintext: &[u8]) -> Result<Vec<u8>, String> {
    stream(plaintext, StreamingEncryptingKey::less_safe_cbc_pkcs7)
}

fn cfb(plaintext: &[u8]) -> Result<Vec<u8>, String> {
    stream(plaintext, StreamingEncryptingKey::less_safe_cfb128)
}

fn gcm(plaintext: &[u8]) -> Result<Vec<u8>, String> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).map_err(failed)?);
    let mut out = Vec::with_capacity(plaintext.len() + 16);
    out.extend_from_slice(plaintext);
    let nonce = Nonce::assume_unique_for_key([3; 12]);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut out)
        .map_err(failed)?;
    Ok(out)
}

pub(crate) fn contenders() -> Vec<Contender> {
    let alone = |name, family, cipher: Cipher| Contender {
        name,
        family,
        role: Role::Cipher,
        work: Box::new(move |message| cipher(message).map(|out| out.len())),
    };
    let floor = |name, family, cipher: Cipher, hashes: &'static [&'static digest::Algorithm]| {
        Contender {
            name,
            family,
            role: Role::Floor,
            work: Box::new(move |message| {
                for hash in hashes {
                    std::hint::black_box(digest::digest(hash, message));
                }
                Ok(STANDARD.encode(cipher(message)?).len())
            }),
        }
    };
    vec![
        alone("AES-256-CFB", Family::Cfb, cfb),
        floor(
            "AES-256-CFB, SHA-1, SHA-512, b64",
            Family::Cfb,
            cfb,
            &[&SHA1_FOR_LEGACY_USE_ONLY, &SHA512],
        ),
        alone("AES-256-CBC", Family::Cbc, cbc),
        floor("AES-256-CBC, SHA-256, base64", Family::Cbc, cbc, &[&SHA256]),
        alone("AES-256-GCM", Family::Gcm, gcm),
        floor("AES-256-GCM, SHA-256, base64", Family::Gcm, gcm, &[&SHA256]),
    ]
}
