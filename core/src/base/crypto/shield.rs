//! Private keys at rest in memory.
//!
//! A key that a server holds for weeks should not lie in its memory in clear:
//! a read of a few hundred bytes (Heartbleed, Spectre, a swapped page, a cut
//! off core file) would give it away. As OpenSSH does since 8.1, the key is
//! encrypted under a key that is derived, for each use, from 16 KiB of random
//! bytes: who reads memory needs all of them without one wrong bit. It is no
//! protection against who can read the whole process.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::{Key, OpenError, derive_key, make_random, open, seal};

const PREKEY: usize = 16 * 1024;
const PURPOSE: &[u8] = b"mailseal shield 1";

/// The process' random bytes.
fn prekey() -> &'static [u8; PREKEY] {
    static PREKEY_BYTES: OnceLock<Box<[u8; PREKEY]>> = OnceLock::new();
    PREKEY_BYTES.get_or_init(|| Box::new(make_random()))
}

fn key() -> Key {
    // HKDF rather than a bare hash: its state is wiped after use.
    derive_key(prekey(), &[], PURPOSE)
}

/// A secret that lies encrypted in memory.
pub(crate) struct Shielded(Vec<u8>);

impl Shielded {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(seal(&key(), PURPOSE, secret))
    }

    /// The secret, for as long as the returned buffer lives.
    pub(crate) fn open(&self) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        open(&key(), PURPOSE, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shielded_secret_comes_back_and_is_not_stored_in_clear() {
        let shielded = Shielded::new(b"the private exponent");
        assert_eq!(
            shielded.open().as_deref().map(Vec::as_slice),
            Ok(&b"the private exponent"[..])
        );
        assert!(!shielded.0.windows(7).any(|w| w == b"private"));
        let mut changed = Shielded::new(b"the private exponent");
        changed.0[14] ^= 1;
        assert_eq!(changed.open().err(), Some(OpenError));
    }
}
