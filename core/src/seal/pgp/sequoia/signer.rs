//! The secret operations as sequoia calls them.

use sequoia_openpgp as openpgp;

use openpgp::crypto::mpi::{Ciphertext, MPI, PublicKey, Signature};
use openpgp::crypto::{self, Decryptor, KeyPair, SessionKey, Signer};
use openpgp::packet::Key;
use openpgp::packet::key::{PublicParts, UnspecifiedRole};
use openpgp::types::{Curve, HashAlgorithm};
use zeroize::Zeroizing;

use crate::base::crypto::make_random;
use crate::base::crypto::private::PrivateKey;
use crate::base::{DigestAlgorithm, SignatureScheme};
use crate::seal::{DigestSigner, SignError};

use super::spki;

type Public = Key<PublicParts, UnspecifiedRole>;

/// The digest that a key signs: the one of its own strength, which is also
/// what key management services ask for.
pub(super) fn digest_of(key: &PublicKey) -> DigestAlgorithm {
    match key {
        PublicKey::ECDSA {
            curve: Curve::NistP384,
            ..
        } => DigestAlgorithm::Sha384,
        PublicKey::RSA { .. }
        | PublicKey::ECDSA {
            curve: Curve::NistP256,
            ..
        } => DigestAlgorithm::Sha256,
        _ => DigestAlgorithm::Sha512,
    }
}

pub(super) fn hash_of(digest: DigestAlgorithm) -> HashAlgorithm {
    match digest {
        DigestAlgorithm::Sha256 => HashAlgorithm::SHA256,
        DigestAlgorithm::Sha384 => HashAlgorithm::SHA384,
        DigestAlgorithm::Sha512 => HashAlgorithm::SHA512,
    }
}

/// Who makes the signature.
pub(super) enum By<'a> {
    /// aws-lc: RSA.
    Rsa(&'a PrivateKey),
    /// sequoia: the curves.
    Pair(Box<KeyPair>),
    /// The host's module.
    External(&'a dyn DigestSigner),
}

/// A signing key for sequoia.
pub(super) struct KeySigner<'a> {
    public: Public,
    hash: [HashAlgorithm; 1],
    digest: DigestAlgorithm,
    by: By<'a>,
}

impl<'a> KeySigner<'a> {
    pub(super) fn new(public: Public, by: By<'a>) -> Self {
        let digest = digest_of(public.mpis());
        Self {
            hash: [hash_of(digest)],
            digest,
            public,
            by,
        }
    }

    pub(super) fn hash(&self) -> HashAlgorithm {
        self.hash[0]
    }

    fn external(&self, signer: &dyn DigestSigner, digest: &[u8]) -> Option<Signature> {
        let scheme = match self.public.mpis() {
            PublicKey::RSA { .. } => SignatureScheme::RsaPkcs1(self.digest),
            PublicKey::ECDSA { .. } => SignatureScheme::Ecdsa(self.digest),
            PublicKey::EdDSA { .. } | PublicKey::Ed25519 { .. } => SignatureScheme::Ed25519,
            _ => return None,
        };
        let made = signer.sign_digest(scheme, digest).ok()?;
        Some(match self.public.mpis() {
            PublicKey::RSA { .. } => Signature::RSA { s: MPI::new(&made) },
            PublicKey::ECDSA { .. } => {
                let (r, s) = spki::ecdsa(&made)?;
                Signature::ECDSA {
                    r: MPI::new(r),
                    s: MPI::new(s),
                }
            }
            PublicKey::EdDSA { .. } if made.len() == 64 => Signature::EdDSA {
                r: MPI::new(&made[..32]),
                s: MPI::new(&made[32..]),
            },
            PublicKey::Ed25519 { .. } => Signature::Ed25519 {
                s: Box::new(made.as_slice().try_into().ok()?),
            },
            _ => return None,
        })
    }
}

impl Signer for KeySigner<'_> {
    fn public(&self) -> &Public {
        &self.public
    }

    fn acceptable_hashes(&self) -> &[HashAlgorithm] {
        &self.hash
    }

    fn sign(&mut self, hash: HashAlgorithm, digest: &[u8]) -> openpgp::Result<Signature> {
        if hash != self.hash[0] {
            return Err(SignError.into());
        }
        match &mut self.by {
            // Never RSA by sequoia.
            By::Pair(_) if matches!(self.public.mpis(), PublicKey::RSA { .. }) => {
                Err(SignError.into())
            }
            By::Pair(pair) => pair.sign(hash, digest),
            By::Rsa(key) => Ok(Signature::RSA {
                s: MPI::new(
                    &key.sign_digest(SignatureScheme::RsaPkcs1(self.digest), digest)
                        .map_err(|_| SignError)?,
                ),
            }),
            By::External(signer) => {
                let signer = *signer;
                self.external(signer, digest)
                    .ok_or_else(|| SignError.into())
            }
        }
    }
}

/// Shorter than a session key with its checksum is nothing that sequoia can
/// take: it would look for the algorithm in it.
const MIN_SESSION_KEY: usize = 16 + 2;

/// A key that decrypts session keys.
pub(super) struct KeyDecryptor<'a> {
    pub(super) public: &'a Public,
    pub(super) pair: KeyPair,
    /// RSA's, which decrypts by PKCS#1 v1.5 in aws-lc.
    pub(super) rsa: Option<&'a PrivateKey>,
    /// Whether the algorithm stands before the session key (version 3 PKESK).
    pub(super) algorithm: bool,
}

impl Decryptor for KeyDecryptor<'_> {
    fn public(&self) -> &Public {
        self.public
    }

    fn decrypt(
        &mut self,
        ciphertext: &Ciphertext,
        plaintext_len: Option<usize>,
    ) -> openpgp::Result<SessionKey> {
        match (self.public.mpis(), self.rsa) {
            (PublicKey::RSA { .. }, Some(key)) => self.decrypt_rsa(key, ciphertext),
            (PublicKey::RSA { .. }, None) => Err(SignError.into()),
            _ => {
                let key = self.pair.decrypt(ciphertext, plaintext_len)?;
                // X25519 and X448 wrap the key without a checksum.
                if key.len() < MIN_SESSION_KEY - 2 {
                    return Err(SignError.into());
                }
                Ok(key)
            }
        }
    }
}

impl KeyDecryptor<'_> {
    /// Where the padding is wrong, a random session key goes on in its place
    /// (RFC 3218 section 2.3.2), which then fails as a wrong key does.
    fn decrypt_rsa(&self, key: &PrivateKey, c: &Ciphertext) -> openpgp::Result<SessionKey> {
        let Ciphertext::RSA { c } = c else {
            return Err(SignError.into());
        };
        let made = self.substitute();
        // An MPI has no leading zeros; PKCS#1 asks for the modulus' length.
        let length = self.public.mpis().bits().unwrap_or(0).div_ceil(8);
        let opened = c
            .value_padded(length)
            .ok()
            .and_then(|c| key.decrypt_pkcs1(&c).ok())
            .filter(|opened| opened.len() >= MIN_SESSION_KEY);
        let key: crypto::mem::Protected = match &opened {
            Some(opened) => opened.as_slice().into(),
            None => made.as_slice().into(),
        };
        Ok(key.into())
    }

    fn substitute(&self) -> Zeroizing<Vec<u8>> {
        let key = Zeroizing::new(make_random::<32>());
        let mut out = Zeroizing::new(Vec::with_capacity(35));
        if self.algorithm {
            out.push(9);
        }
        out.extend_from_slice(key.as_slice());
        let sum = key.iter().fold(0u16, |sum, &b| sum.wrapping_add(b.into()));
        out.extend_from_slice(&sum.to_be_bytes());
        out
    }
}
