//! The encryption of OpenPGP's version 1 SEIPD (RFC 9580 section 5.13.1):
//! AES-256 in CFB from a zero IV, and SHA-1 over the clear text as the
//! modification detection code.
//!
//! SHA-1 stands here as the format prescribes it: encrypted, and under no
//! signature. That AES-CFB is malleable is what it is there for.

use std::io;

use aws_lc_rs::cipher::{self, EncryptionContext, StreamingEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;

use super::{OpenError, make_random};

const BLOCK: usize = 16;
/// How much is encrypted at a time.
const CHUNK: usize = 32 * 1024;
/// The random block with its last two octets repeated.
const PREFIX: usize = BLOCK + 2;
/// Packet type 19 with its length, and the digest.
const MDC: usize = 2 + 20;

/// The length of the encrypted data of `content` octets.
pub(crate) const fn encrypted_length(content: usize) -> usize {
    PREFIX + content + MDC
}

/// Encrypts piece by piece.
pub(crate) struct MdcEncryptor {
    key: StreamingEncryptingKey,
    mdc: digest::Context,
    buffer: Vec<u8>,
}

impl MdcEncryptor {
    /// `key` must be fresh: the IV is zero.
    pub(crate) fn start(key: &[u8; 32], sink: &mut dyn io::Write) -> Result<Self, OpenError> {
        let key = UnboundCipherKey::new(&cipher::AES_256, key).map_err(|_| OpenError)?;
        let context = EncryptionContext::Iv128(FixedLength::from([0; BLOCK]));
        let mut this = Self {
            key: StreamingEncryptingKey::less_safe_cfb128(key, context).map_err(|_| OpenError)?,
            mdc: digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            buffer: vec![0; CHUNK + BLOCK],
        };
        let block = make_random::<BLOCK>();
        let prefix = [&block[..], &block[BLOCK - 2..]].concat();
        this.update(&prefix, sink).map_err(|_| OpenError)?;
        Ok(this)
    }

    /// Encrypts a piece.
    pub(crate) fn update(&mut self, clear: &[u8], sink: &mut dyn io::Write) -> io::Result<()> {
        for chunk in clear.chunks(CHUNK) {
            self.mdc.update(chunk);
            self.encrypt(chunk, sink)?;
        }
        Ok(())
    }

    fn encrypt(&mut self, chunk: &[u8], sink: &mut dyn io::Write) -> io::Result<()> {
        let update = self.key.update(chunk, &mut self.buffer);
        let update = update.map_err(|_| io::ErrorKind::Other)?;
        sink.write_all(update.written())
    }

    /// The modification detection code behind all.
    pub(crate) fn finish(mut self, sink: &mut dyn io::Write) -> io::Result<()> {
        const HEAD: [u8; 2] = [0xd3, 20];
        self.mdc.update(&HEAD);
        let digest = self.mdc.clone().finish();
        let code = [&HEAD[..], digest.as_ref()].concat();
        self.encrypt(&code, sink)?;
        let (_, update) = self
            .key
            .finish(&mut self.buffer)
            .map_err(|_| io::ErrorKind::Other)?;
        sink.write_all(update.written())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CFB by hand, over AES-256 in ECB as the library has it for single blocks.
    #[test]
    fn what_is_written_is_cfb_with_its_code() {
        let key = make_random::<32>();
        for length in [0, 1, 15, 16, 17, CHUNK - 18, CHUNK, CHUNK + 1, 100_000] {
            let clear: Vec<u8> = (0..length).map(|i: usize| i.to_le_bytes()[0]).collect();
            let mut sealed = Vec::new();
            let mut encryptor = MdcEncryptor::start(&key, &mut sealed).unwrap();
            for piece in clear.chunks(1_000) {
                encryptor.update(piece, &mut sealed).unwrap();
            }
            encryptor.finish(&mut sealed).unwrap();
            assert_eq!(sealed.len(), encrypted_length(length));

            let unbound = UnboundCipherKey::new(&cipher::AES_256, &key).unwrap();
            let reader = cipher::DecryptingKey::cfb128(unbound).unwrap();
            let iv = cipher::DecryptionContext::Iv128(FixedLength::from([0; BLOCK]));
            let opened = reader.decrypt(&mut sealed, iv).unwrap();
            assert_eq!(opened[14..16], opened[16..18]);
            assert_eq!(opened[PREFIX..PREFIX + length], clear[..]);
            let (hashed, code) = opened.split_at(opened.len() - 20);
            let expected = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, hashed);
            assert_eq!(code, expected.as_ref());
            assert_eq!(hashed[hashed.len() - 2..], [0xd3, 20]);
        }
    }
}
