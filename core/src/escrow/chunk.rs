//! The content's format: C2SP chunked encryption, Cobblestone-256
//! (<https://c2sp.org/chunked-encryption>).
//!
//! ```text
//! salt (24) ‖ commitment (32) ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
//! ```
//!
//! Each chunk is 16 KiB of AES-256-GCM with its tag; the last is always
//! shorter, possibly empty, which is how the end is known. Key, base nonce and
//! commitment come from HKDF-Expand-SHA-512 of the key, the salt and a context
//! that binds the bytes to their place. The commitment is checked before any
//! chunk, so one ciphertext opens under one key only.
//!
//! Every way in which a ciphertext can be wrong gives the same [`ChunkError`].

use zeroize::{Zeroize, Zeroizing};

use crate::base::crypto::{self, Key};

/// Plaintext bytes in every chunk but the last.
pub(crate) const CHUNK: usize = 16 * 1024;
/// Length of a GCM tag.
const TAG: usize = 16;
/// A whole chunk as it is stored.
const SEALED: usize = CHUNK + TAG;
/// Length of the salt.
const SALT: usize = 24;
/// Salt and commitment.
const HEADER: usize = SALT + 32;
/// The format's limit on the number of chunks.
const MAX_CHUNKS: u64 = 1 << 38;
const INFO: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// The ciphertext is truncated, extended, reordered or changed, or it was made
/// with another key or for another place. Which of them is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkError;

/// How many chunks a plaintext of this size takes.
pub(crate) const fn chunk_count(size: usize) -> usize {
    size / CHUNK + 1
}

/// How long the ciphertext of a plaintext of this size is.
pub(crate) const fn sealed_size(size: usize) -> usize {
    HEADER + size + chunk_count(size) * TAG
}

struct Schedule {
    key: [u8; 32],
    nonce: [u8; 12],
    commitment: [u8; 32],
    next: u64,
}

impl Schedule {
    fn new(key: &Key, salt: &[u8; SALT], context: &[u8]) -> Self {
        let mut okm = Zeroizing::new([0u8; 32 + 12 + 32]);
        crypto::expand_bytes(key.expose(), &[INFO, salt, context], okm.as_mut_slice());
        let mut out = Self {
            key: [0; 32],
            nonce: [0; 12],
            commitment: [0; 32],
            next: 0,
        };
        out.key.copy_from_slice(&okm[..32]);
        out.nonce.copy_from_slice(&okm[32..44]);
        out.commitment.copy_from_slice(&okm[44..]);
        out
    }

    /// The base nonce with the next chunk's number, each number once.
    fn take_nonce(&mut self) -> Result<[u8; 12], ChunkError> {
        if self.next >= MAX_CHUNKS {
            return Err(ChunkError);
        }
        let mut nonce = self.nonce;
        for (byte, number) in nonce[4..].iter_mut().zip(self.next.to_be_bytes()) {
            *byte ^= number;
        }
        self.next += 1;
        Ok(nonce)
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.key.zeroize();
        self.nonce.zeroize();
    }
}

/// Encrypts a stream. [`Encryptor::finish`] writes the chunk that marks the
/// end; without it the ciphertext does not open.
pub(crate) struct Encryptor {
    schedule: Schedule,
    buffer: Zeroizing<Vec<u8>>,
}

impl Encryptor {
    /// Starts a ciphertext under a fresh salt and writes its header to `out`.
    pub(crate) fn new(key: &Key, context: &[u8], out: &mut Vec<u8>) -> Self {
        Self::with_salt(key, context, crypto::make_random(), out)
    }

    fn with_salt(key: &Key, context: &[u8], salt: [u8; SALT], out: &mut Vec<u8>) -> Self {
        let schedule = Schedule::new(key, &salt, context);
        out.extend_from_slice(&salt);
        out.extend_from_slice(&schedule.commitment);
        Self {
            schedule,
            buffer: Zeroizing::new(Vec::with_capacity(CHUNK)),
        }
    }

    /// Takes plaintext; whole chunks are sealed and appended to `out`.
    pub(crate) fn push(&mut self, mut plain: &[u8], out: &mut Vec<u8>) -> Result<(), ChunkError> {
        while !plain.is_empty() {
            let (now, rest) = plain.split_at(plain.len().min(CHUNK - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            plain = rest;
            if self.buffer.len() == CHUNK {
                self.seal(out)?;
            }
        }
        Ok(())
    }

    /// Seals the last chunk.
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ChunkError> {
        self.seal(out)
    }

    fn seal(&mut self, out: &mut Vec<u8>) -> Result<(), ChunkError> {
        let nonce = self.schedule.take_nonce()?;
        let tag = crypto::seal_in_place(&self.schedule.key, nonce, b"", &mut self.buffer);
        out.extend_from_slice(&self.buffer);
        out.extend_from_slice(&tag);
        self.buffer.clear();
        Ok(())
    }
}

/// Decrypts a stream. What [`Decryptor::push`] gave is a true beginning; it is
/// the whole only once [`Decryptor::finish`] said so.
pub(crate) struct Decryptor<'a> {
    key: &'a Key,
    context: &'a [u8],
    schedule: Option<Schedule>,
    buffer: Vec<u8>,
}

impl<'a> Decryptor<'a> {
    /// Waits for a ciphertext made with `key` for `context`.
    pub(crate) fn new(key: &'a Key, context: &'a [u8]) -> Self {
        Self {
            key,
            context,
            schedule: None,
            buffer: Vec::with_capacity(SEALED),
        }
    }

    /// Takes ciphertext; whole chunks that are authentic are appended to `out`.
    pub(crate) fn push(
        &mut self,
        mut sealed: &[u8],
        out: &mut Zeroizing<Vec<u8>>,
    ) -> Result<(), ChunkError> {
        loop {
            let want = if self.schedule.is_some() {
                SEALED
            } else {
                HEADER
            };
            let (now, rest) = sealed.split_at(sealed.len().min(want - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            sealed = rest;
            if self.buffer.len() < want {
                return Ok(());
            }
            match &mut self.schedule {
                None => self.schedule = Some(self.read_header()?),
                Some(schedule) => open_chunk(schedule, &self.buffer, out)?,
            }
            self.buffer.clear();
        }
    }

    /// Opens the last chunk and with it the whole.
    pub(crate) fn finish(mut self, out: &mut Zeroizing<Vec<u8>>) -> Result<(), ChunkError> {
        let schedule = self.schedule.as_mut().ok_or(ChunkError)?;
        // `push` leaves less than a whole chunk: what is left is the last one
        // or the ciphertext was cut.
        open_chunk(schedule, &self.buffer, out)
    }

    fn read_header(&self) -> Result<Schedule, ChunkError> {
        let (salt, commitment) = self.buffer.split_first_chunk().ok_or(ChunkError)?;
        let schedule = Schedule::new(self.key, salt, self.context);
        if !crypto::equal(commitment, &schedule.commitment) {
            return Err(ChunkError);
        }
        Ok(schedule)
    }
}

fn open_chunk(
    schedule: &mut Schedule,
    sealed: &[u8],
    out: &mut Zeroizing<Vec<u8>>,
) -> Result<(), ChunkError> {
    if sealed.len() < TAG {
        return Err(ChunkError);
    }
    let nonce = schedule.take_nonce()?;
    let plain =
        crypto::open_with_nonce(&schedule.key, nonce, b"", sealed).map_err(|_| ChunkError)?;
    out.extend_from_slice(&plain);
    Ok(())
}

/// Encrypts a slice.
pub(crate) fn encrypt(key: &Key, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, ChunkError> {
    let mut out = Vec::with_capacity(sealed_size(plain.len()));
    let mut encryptor = Encryptor::new(key, context, &mut out);
    encryptor.push(plain, &mut out)?;
    encryptor.finish(&mut out)?;
    Ok(out)
}

/// Decrypts a slice; nothing is given out unless all of it is authentic.
pub(crate) fn decrypt(
    key: &Key,
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ChunkError> {
    // Never grown, so that no copy of the plaintext is left behind.
    let mut out = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut decryptor = Decryptor::new(key, context);
    decryptor.push(sealed, &mut out)?;
    decryptor.finish(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    use super::*;
    use crate::base::Secret;

    const SIZES: [usize; 7] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 9];

    fn key() -> Key {
        Secret::new([7; 32])
    }

    fn hex(v: &Value) -> Vec<u8> {
        HEXLOWER.decode(v.as_str().unwrap().as_bytes()).unwrap()
    }

    /// Provenance: tests/vectors/chunked-encryption/PROVENANCE.md.
    #[test]
    fn published_vectors() {
        let all: Value = serde_json::from_str(include_str!(
            "../../tests/vectors/chunked-encryption/cobblestone-256.json"
        ))
        .unwrap();
        let (mut valid, mut invalid) = (0, 0);
        for v in all["tests"].as_array().unwrap() {
            let id = v["tcId"].as_u64().unwrap();
            let mut sealed = Vec::new();
            for segment in v["ct"].as_array().unwrap() {
                let times = usize::try_from(segment[1].as_u64().unwrap()).unwrap();
                sealed.extend(hex(&segment[0]).repeat(times));
            }
            assert_eq!(
                crypto::sha256(&sealed).to_vec(),
                hex(&v["ctSha256"]),
                "{id}"
            );
            let context = hex(&v["ctx"]);
            let Ok(bytes) = <[u8; 32]>::try_from(hex(&v["key"])) else {
                // A key of another size cannot even be expressed here.
                assert!(
                    v["flags"]
                        .as_array()
                        .unwrap()
                        .contains(&"InvalidKeySize".into())
                );
                assert_eq!(v["result"], "invalid");
                invalid += 1;
                continue;
            };
            let key = Secret::new(bytes);
            let opened = decrypt(&key, &context, &sealed);
            if v["result"] == "invalid" {
                assert_eq!(opened, Err(ChunkError), "{id}");
                invalid += 1;
                continue;
            }
            let plain = opened.unwrap();
            assert_eq!(plain.len() as u64, v["msgLength"].as_u64().unwrap(), "{id}");
            assert_eq!(
                crypto::sha512_parts(&[&plain]).to_vec(),
                hex(&v["msgSha512"]),
                "{id}"
            );
            let mut again = Vec::new();
            let salt = *sealed.first_chunk().unwrap();
            let mut encryptor = Encryptor::with_salt(&key, &context, salt, &mut again);
            for piece in plain.chunks(1000) {
                encryptor.push(piece, &mut again).unwrap();
            }
            encryptor.finish(&mut again).unwrap();
            assert!(again == sealed, "{id}: encrypting again gives other bytes");
            valid += 1;
        }
        assert_eq!((valid, invalid), (10, 25));
    }

    #[test]
    fn every_size_comes_back_and_no_prefix_opens() {
        for size in SIZES {
            let plain: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            let sealed = encrypt(&key(), b"here", &plain).unwrap();
            assert_eq!(sealed.len(), HEADER + size + chunk_count(size) * TAG);
            assert_eq!(*decrypt(&key(), b"here", &sealed).unwrap(), plain);
            assert_eq!(decrypt(&key(), b"there", &sealed), Err(ChunkError));
            assert_eq!(
                decrypt(&Secret::new([8; 32]), b"here", &sealed),
                Err(ChunkError)
            );
            let cuts = (0..sealed.len().min(100)).chain([
                HEADER + SEALED,
                HEADER + SEALED + TAG,
                sealed.len() - TAG,
                sealed.len() - 1,
            ]);
            for cut in cuts.filter(|&cut| cut < sealed.len()) {
                assert_eq!(
                    decrypt(&key(), b"here", &sealed[..cut]),
                    Err(ChunkError),
                    "{cut}"
                );
            }
            for extra in [1, TAG, SEALED] {
                let mut longer = sealed.clone();
                longer.resize(sealed.len() + extra, 0);
                assert_eq!(decrypt(&key(), b"here", &longer), Err(ChunkError));
            }
        }
    }

    #[test]
    fn flipped_bits_and_moved_chunks_fail() {
        let plain = vec![3u8; 2 * CHUNK + 40];
        let sealed = encrypt(&key(), b"", &plain).unwrap();
        for at in (0..HEADER).chain((HEADER..sealed.len()).step_by(997)) {
            let mut changed = sealed.clone();
            changed[at] ^= 0x80;
            assert_eq!(decrypt(&key(), b"", &changed), Err(ChunkError), "{at}");
        }
        let (a, b) = (HEADER, HEADER + SEALED);
        let mut swapped = sealed.clone();
        swapped[a..b].copy_from_slice(&sealed[b..b + SEALED]);
        swapped[b..b + SEALED].copy_from_slice(&sealed[a..b]);
        assert_eq!(decrypt(&key(), b"", &swapped), Err(ChunkError));
        let mut dropped = sealed.clone();
        dropped.drain(a..b);
        assert_eq!(decrypt(&key(), b"", &dropped), Err(ChunkError));
        // A chunk of another message under the same key.
        let other = encrypt(&key(), b"", &plain).unwrap();
        let mut mixed = sealed.clone();
        mixed[a..b].copy_from_slice(&other[a..b]);
        assert_eq!(decrypt(&key(), b"", &mixed), Err(ChunkError));
        assert_eq!(*decrypt(&key(), b"", &sealed).unwrap(), plain);
    }

    #[test]
    fn how_a_stream_is_cut_makes_no_difference() {
        let plain = vec![9u8; CHUNK + 100];
        let sealed = encrypt(&key(), b"c", &plain).unwrap();
        for step in [1, 55, 56, 57, CHUNK, SEALED, SEALED + 1] {
            let (key, mut out) = (key(), Zeroizing::new(Vec::new()));
            let mut decryptor = Decryptor::new(&key, b"c");
            for piece in sealed.chunks(step) {
                decryptor.push(piece, &mut out).unwrap();
            }
            decryptor.finish(&mut out).unwrap();
            assert_eq!(*out, plain);
        }
    }
}
