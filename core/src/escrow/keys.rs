//! The shares and what is derived from them.
//!
//! | secret | held by |
//! |---|---|
//! | DEK | nobody at rest |
//! | L | the notice; here only A = HKDF(L, "auth"), sealed |
//! | S | the database, wrapped under a key of [`Keys`] |
//! | F | the recipient; PBKDF2 of the passphrase |
//!
//! KEK = HKDF-SHA-512(salt = grant id, ikm = S ‖ L ‖ F with lengths before
//! them, info = version) wraps the DEK. Associated data binds S to the grant,
//! its item, its factor floor, the methods that it offers and the contacts that
//! codes go to, so that a grant edited in the database does not unwrap.

use std::num::NonZeroU32;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::link::SHARE;
use super::method::Method;
use crate::base::crypto::{self, Key, OpenError};
use crate::base::{FactorLevel, GrantId, ItemId, Keys, Secret};

/// Rounds of PBKDF2 for a new passphrase share (OWASP, PBKDF2-HMAC-SHA256).
pub(super) const ITERATIONS: u32 = 600_000;
/// A record that says more was not written here.
const MAX_ITERATIONS: u32 = 10_000_000;

/// The keys of the installation that the escrow uses.
pub(super) struct RootKeys {
    share: Key,
    auth: Key,
    pepper: Key,
    contacts: Key,
}

impl RootKeys {
    pub(super) fn new(keys: &Keys) -> Self {
        Self {
            share: keys.derive("mailseal/1/escrow/share"),
            auth: keys.derive("mailseal/1/escrow/auth"),
            pepper: keys.derive("mailseal/1/escrow/pepper"),
            contacts: keys.derive("mailseal/1/escrow/contacts"),
        }
    }

    /// Seals A, so that even who holds the database cannot show that he knows L.
    pub(super) fn seal_auth(&self, grant: GrantId, l: &[u8; SHARE]) -> Vec<u8> {
        crypto::seal(&self.auth, grant.as_bytes(), derive_auth(grant, l).expose())
    }

    /// Whether L is the one that A was derived from. Takes the same steps
    /// whatever is wrong.
    pub(super) fn check_auth(
        &self,
        grant: GrantId,
        l: &[u8; SHARE],
        sealed: &[u8],
    ) -> Result<(), OpenError> {
        let given = derive_auth(grant, l);
        let (kept, opened) = self.open_auth(grant, sealed);
        if crypto::equal(&kept, given.expose()) && opened {
            Ok(())
        } else {
            Err(OpenError)
        }
    }

    /// Whether `mac` was made for this nonce by who knows A, and so L, which
    /// the server never learns. Takes the same steps whatever is wrong.
    #[cfg(feature = "portal")]
    pub(super) fn check_challenge(
        &self,
        grant: GrantId,
        nonce: &[u8; 16],
        mac: &[u8; 32],
        sealed: &[u8],
    ) -> Result<(), OpenError> {
        let (kept, opened) = self.open_auth(grant, sealed);
        let right = challenge_mac(&kept, grant, nonce);
        if crypto::equal(&right, mac) && opened {
            Ok(())
        } else {
            Err(OpenError)
        }
    }

    /// A, or something in its place, and whether it is A.
    fn open_auth(&self, grant: GrantId, sealed: &[u8]) -> (Zeroizing<Vec<u8>>, bool) {
        let kept = crypto::open(&self.auth, grant.as_bytes(), sealed);
        let opened = kept.is_ok();
        (kept.unwrap_or_else(|_| Zeroizing::new(vec![0; 32])), opened)
    }

    pub(super) fn seal_contacts(&self, grant: GrantId, text: &[u8]) -> Vec<u8> {
        crypto::seal(&self.contacts, grant.as_bytes(), text)
    }

    pub(super) fn open_contacts(
        &self,
        grant: GrantId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        crypto::open(&self.contacts, grant.as_bytes(), sealed)
    }

    pub(super) fn wrap_share(&self, binding: &Binding, s: &Key) -> Vec<u8> {
        crypto::seal(&self.share, &binding.bytes(), s.expose())
    }

    pub(super) fn unwrap_share(&self, binding: &Binding, wrapped: &[u8]) -> Result<Key, OpenError> {
        open_key(&self.share, &binding.bytes(), wrapped)
    }

    /// What the database keeps of a passcode or of a proof of the passphrase:
    /// without the pepper it cannot be guessed offline, and it is worth nothing
    /// for another grant.
    pub(super) fn verifier(&self, grant: GrantId, method: &'static str, proof: &[u8]) -> [u8; 32] {
        let mut data = Zeroizing::new(Vec::with_capacity(proof.len() + 64));
        put(&mut data, method.as_bytes());
        put(&mut data, grant.as_bytes());
        put(&mut data, proof);
        crypto::hmac_sha256(self.pepper.expose(), &data)
    }
}

/// What S's wrap is bound to. The expiry is not: it may be extended.
pub(super) struct Binding {
    pub(super) grant: GrantId,
    pub(super) item: ItemId,
    pub(super) factor_floor: FactorLevel,
    pub(super) passcode: bool,
    pub(super) passphrase: bool,
    /// `None` in a grant of version 1, which knew neither.
    pub(super) offer: Option<Offer>,
}

/// What a grant offers, and to whom codes go.
pub(super) struct Offer {
    pub(super) methods: Vec<Method>,
    /// SHA-256 of the contacts as they were encrypted: not of the ciphertext,
    /// so that they can be encrypted anew under another key.
    pub(super) contacts: [u8; 32],
}

impl Binding {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let version: &[u8] = match self.offer {
            None => b"mailseal/1/escrow/share",
            Some(_) => b"mailseal/2/escrow/share",
        };
        let mut out = version.to_vec();
        out.extend_from_slice(self.grant.as_bytes());
        out.extend_from_slice(self.item.as_bytes());
        out.extend_from_slice(self.factor_floor.word().as_bytes());
        out.extend_from_slice(&[u8::from(self.passcode), u8::from(self.passphrase)]);
        if let Some(offer) = &self.offer {
            out.extend_from_slice(&(offer.methods.len() as u64).to_be_bytes());
            for method in &offer.methods {
                put(&mut out, method.word().as_bytes());
            }
            out.extend_from_slice(&offer.contacts);
        }
        out
    }
}

/// What a visitor answers to show that they know A.
#[cfg(feature = "portal")]
pub(super) fn challenge_mac(a: &[u8], grant: GrantId, nonce: &[u8; 16]) -> [u8; 32] {
    let mut text = b"mailseal/1/portal/challenge".to_vec();
    text.extend_from_slice(grant.as_bytes());
    text.extend_from_slice(nonce);
    crypto::hmac_sha256(a, &text)
}

fn derive_auth(grant: GrantId, l: &[u8; SHARE]) -> Key {
    crypto::derive_key(l, grant.as_bytes(), b"mailseal/1/escrow/auth")
}

/// F. The passphrase is taken in Unicode NFC, so that keyboards agree.
/// `None` where a record asks for fewer rounds than the floor, or absurdly many.
pub(super) fn stretch(passphrase: &str, salt: &[u8], iterations: u32) -> Option<Key> {
    if !(ITERATIONS..=MAX_ITERATIONS).contains(&iterations) {
        return None;
    }
    let normal: Zeroizing<String> = Zeroizing::new(passphrase.nfc().collect());
    Some(crypto::stretch(
        normal.as_bytes(),
        salt,
        NonZeroU32::new(iterations)?,
    ))
}

/// Shows that F is known, without giving F. L goes in too: who has database
/// and pepper but not L learns nothing to try passphrases against.
pub(super) fn passphrase_proof(grant: GrantId, l: &[u8; SHARE], f: &Key) -> Key {
    let mut ikm = Zeroizing::new(Vec::with_capacity(64));
    put(&mut ikm, l);
    put(&mut ikm, f.expose());
    crypto::derive_key(
        &ikm,
        grant.as_bytes(),
        b"mailseal/1/escrow/passphrase proof",
    )
}

/// The key that wraps the DEK for one grant.
pub(super) fn derive_kek(grant: GrantId, s: &Key, l: &[u8; SHARE], f: Option<&Key>) -> Key {
    let mut ikm = Zeroizing::new(Vec::with_capacity(128));
    put(&mut ikm, s.expose());
    put(&mut ikm, l);
    put(&mut ikm, f.map_or(&[][..], |f| f.expose()));
    crypto::derive_key(&ikm, grant.as_bytes(), b"mailseal/1/escrow/kek")
}

pub(super) fn wrap_dek(kek: &Key, item: ItemId, dek: &Key) -> Vec<u8> {
    crypto::seal(kek, item.as_bytes(), dek.expose())
}

pub(super) fn unwrap_dek(kek: &Key, item: ItemId, wrapped: &[u8]) -> Result<Key, OpenError> {
    open_key(kek, item.as_bytes(), wrapped)
}

pub(super) fn open_key(key: &Key, aad: &[u8], sealed: &[u8]) -> Result<Key, OpenError> {
    let opened = crypto::open(key, aad, sealed)?;
    let bytes = opened.as_slice().try_into().map_err(|_| OpenError)?;
    Ok(Secret::new(bytes))
}

/// Appends `part` with its length before it, so that parts cannot run together.
fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_be_bytes());
    out.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding {
            grant: GrantId::from_bytes([1; 16]),
            item: ItemId::from_bytes([2; 16]),
            factor_floor: FactorLevel::P2,
            passcode: true,
            passphrase: false,
            offer: Some(Offer {
                methods: vec![Method::Passcode, Method::SmsCode],
                contacts: [3; 32],
            }),
        }
    }

    #[test]
    fn a_share_unwraps_only_for_the_grant_as_it_was_made() {
        let root = RootKeys::new(&Keys::make_ephemeral());
        let wrapped = root.wrap_share(&binding(), &Secret::new([5; 32]));
        assert_eq!(
            root.unwrap_share(&binding(), &wrapped).unwrap().expose(),
            &[5; 32]
        );
        fn offer(b: &mut Binding) -> &mut Offer {
            b.offer.as_mut().unwrap()
        }
        let edits: [fn(&mut Binding); 11] = [
            |b| b.grant = GrantId::from_bytes([9; 16]),
            |b| b.item = ItemId::from_bytes([9; 16]),
            |b| b.factor_floor = FactorLevel::P0,
            |b| b.factor_floor = FactorLevel::P4,
            |b| b.passcode = false,
            |b| b.passphrase = true,
            |b| b.offer = None,
            |b| offer(b).methods.push(Method::EmailCode),
            |b| offer(b).methods.truncate(1),
            |b| offer(b).methods.swap(0, 1),
            |b| offer(b).contacts = [4; 32],
        ];
        for edit in edits {
            let mut edited = binding();
            edit(&mut edited);
            assert!(root.unwrap_share(&edited, &wrapped).is_err());
        }
        let other = RootKeys::new(&Keys::make_ephemeral());
        assert!(other.unwrap_share(&binding(), &wrapped).is_err());
    }

    #[test]
    fn every_share_changes_the_kek() {
        let grant = GrantId::from_bytes([1; 16]);
        let (s, l, f) = (Secret::new([1; 32]), [2; SHARE], Secret::new([3; 32]));
        let all = [
            derive_kek(grant, &s, &l, Some(&f)),
            derive_kek(grant, &s, &l, None),
            derive_kek(grant, &s, &[4; SHARE], Some(&f)),
            derive_kek(grant, &Secret::new([4; 32]), &l, Some(&f)),
            derive_kek(GrantId::from_bytes([4; 16]), &s, &l, Some(&f)),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|b| a.expose() != b.expose()));
        }
    }

    #[test]
    fn passphrases_agree_across_keyboards_and_rounds_have_a_floor() {
        let composed = stretch("caf\u{e9} by the sea", b"salt", ITERATIONS).unwrap();
        let combining = stretch("cafe\u{301} by the sea", b"salt", ITERATIONS).unwrap();
        assert_eq!(composed.expose(), combining.expose());
        assert!(stretch("x", b"salt", ITERATIONS - 1).is_none());
        assert!(stretch("x", b"salt", u32::MAX).is_none());
    }
}
