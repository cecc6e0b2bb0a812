//! Secret keys: read, made, written.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::crypto::mpi::SecretKeyChecksum;
use openpgp::crypto::{KeyPair, Password, S2K};
use openpgp::packet::key::{
    Encrypted, PrimaryRole, PublicParts, SecretKeyMaterial, SecretParts, SubordinateRole,
    UnspecifiedRole,
};
use openpgp::packet::{Key, Packet, UserID};
use openpgp::serialize::SerializeInto;
use openpgp::types::{AEADAlgorithm, Features, HashAlgorithm, KeyFlags, SymmetricAlgorithm};
use openpgp::{Cert, Fingerprint, Profile};

use crate::base::crypto::private::PrivateKey;
use crate::base::{Address, DigestAlgorithm, KeyFault, Secret, Timestamp};
use crate::seal::{DigestSigner, KeyFileError};

use super::super::backend::SecretKey;
use super::certificate::{self, Use};
use super::signer::{By, KeyDecryptor, KeySigner, digest_of};
use super::{rsa, spki};

/// Argon2 above 2 GiB (RFC 9106's first choice), 10 passes or 16 lanes is not
/// computed for a file.
const ARGON2_MAX: (u8, u8, u8) = (10, 16, 21);

/// A secret key: its certificate and the secret parts that are at hand.
pub(in crate::seal::pgp) struct SequoiaKey {
    cert: Cert,
    secrets: Vec<Held>,
    external: Option<(Fingerprint, Arc<dyn DigestSigner>)>,
}

/// One secret part. `pair` rests encrypted in memory; for RSA it is kept to
/// write the file again, and every operation is `rsa`'s.
struct Held {
    primary: bool,
    pair: KeyPair,
    rsa: Option<PrivateKey>,
}

impl fmt::Debug for SequoiaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SequoiaKey")
            .field("secrets", &self.secrets.len())
            .field("external", &self.external.is_some())
            .finish_non_exhaustive()
    }
}

fn malformed(what: &'static str) -> KeyFileError {
    KeyFileError::Malformed {
        form: "OpenPGP",
        what,
    }
}

impl SequoiaKey {
    /// The version of its primary key: 4 or 6.
    pub(super) fn version(&self) -> u8 {
        self.cert.primary_key().key().version()
    }

    pub(super) fn read(bytes: &[u8], passphrase: &Secret<String>) -> Result<Self, KeyFileError> {
        let cert = certificate::parse_secret(bytes)
            .map_err(|_| malformed("it is not exactly one transferable secret key"))?;
        let clear = cert
            .keys()
            .secret()
            .any(|key| matches!(key.key().secret(), SecretKeyMaterial::Unencrypted(_)));
        if clear {
            return Err(KeyFileError::Clear);
        }
        let password = Password::from(passphrase.expose().as_bytes());
        let mut secrets = Vec::new();
        let mut fault = None;
        for key in cert.keys().secret() {
            let primary = key.primary();
            let SecretKeyMaterial::Encrypted(encrypted) = key.key().secret() else {
                continue;
            };
            if is_stub(encrypted.s2k()) {
                continue;
            }
            if let Err(found) = certificate::strength(key.key()) {
                fault = Some(found);
                continue;
            }
            check_protection(encrypted)?;
            let opened = key
                .key()
                .clone()
                .decrypt_secret(&password)
                .map_err(|_| KeyFileError::Passphrase)?;
            secrets.push(Held::new(opened, primary)?);
        }
        if secrets.is_empty() {
            return Err(match fault {
                Some(fault) => KeyFileError::Key(fault),
                None => malformed("it holds stubs and no secret part"),
            });
        }
        Ok(Self {
            cert: cert.strip_secret_key_material(),
            secrets,
            external: None,
        })
    }

    pub(super) fn external(
        bytes: &[u8],
        signer: Arc<dyn DigestSigner>,
    ) -> Result<Self, KeyFileError> {
        let cert = certificate::parse(bytes).map_err(KeyFileError::Key)?;
        let key = cert
            .keys()
            .map(|key| key.key())
            .find(|key| spki::of(key.mpis()).as_deref() == Some(signer.public_key()))
            .ok_or(KeyFileError::Mismatch)?;
        certificate::strength(key).map_err(KeyFileError::Key)?;
        Ok(Self {
            external: Some((key.fingerprint(), signer)),
            secrets: Vec::new(),
            cert,
        })
    }

    pub(super) fn make(address: &Address, version: u8, now: Timestamp) -> Result<Self, KeyFault> {
        let at = certificate::time(now);
        if u32::from(at) == 0 || u32::from(at) == u32::MAX {
            return Err(KeyFault::NotYetValid);
        }
        let make = || -> openpgp::Result<Cert> {
            let (profile, features) = if version >= 6 {
                (
                    Profile::RFC9580,
                    Features::empty().set_seipdv1().set_seipdv2(),
                )
            } else {
                (Profile::RFC4880, Features::empty().set_seipdv1())
            };
            let (cert, _) = CertBuilder::new()
                .set_profile(profile)?
                .set_features(features)?
                .set_cipher_suite(CipherSuite::Cv25519)
                .set_creation_time(std::time::UNIX_EPOCH + certificate::seconds(now))
                .set_primary_key_flags(KeyFlags::empty().set_certification())
                .add_userid(UserID::from(format!("<{}>", address.as_str())))
                .add_signing_subkey()
                .add_subkey(
                    KeyFlags::empty()
                        .set_transport_encryption()
                        .set_storage_encryption(),
                    None,
                    None,
                )
                .generate()?;
            Ok(cert)
        };
        let cert = make().map_err(|_| KeyFault::UnsupportedAlgorithm)?;
        Self::from_clear(cert).map_err(|_| KeyFault::UnsupportedAlgorithm)
    }

    /// From a certificate whose secret parts are at hand in memory.
    pub(in crate::seal::pgp) fn from_clear(cert: Cert) -> Result<Self, KeyFileError> {
        let mut secrets = Vec::new();
        for key in cert.keys().unencrypted_secret() {
            secrets.push(Held::new(key.key().clone(), key.primary())?);
        }
        Ok(Self {
            cert: cert.strip_secret_key_material(),
            secrets,
            external: None,
        })
    }

    pub(super) fn cert(&self) -> &Cert {
        &self.cert
    }

    /// The signer for a signature at `now`.
    pub(super) fn signer(&self, now: Timestamp) -> Result<KeySigner<'_>, KeyFault> {
        let public = certificate::select(&self.cert, Use::Sign, now, |fingerprint| {
            self.held(fingerprint).is_some() || self.is_external(fingerprint)
        })?;
        let fingerprint = public.fingerprint();
        let by = match (&self.external, self.held(&fingerprint)) {
            (Some((at, signer)), _) if *at == fingerprint => By::External(signer.as_ref()),
            (_, Some(held)) => match &held.rsa {
                Some(key) => By::Rsa(key),
                None => By::Pair(Box::new(held.pair.clone())),
            },
            _ => return Err(KeyFault::NotForSigning),
        };
        Ok(KeySigner::new(public, by))
    }

    /// The secret parts that can decrypt session keys, with their public keys.
    pub(super) fn decryptors(
        &self,
        algorithm: bool,
    ) -> impl Iterator<Item = KeyDecryptor<'_>> + '_ {
        self.secrets
            .iter()
            .filter(|held| held.pair.public().pk_algo().for_encryption())
            .map(move |held| KeyDecryptor {
                public: held.pair.public(),
                pair: held.pair.clone(),
                rsa: held.rsa.as_ref(),
                algorithm,
            })
    }

    fn held(&self, fingerprint: &Fingerprint) -> Option<&Held> {
        self.secrets
            .iter()
            .find(|held| held.pair.public().fingerprint() == *fingerprint)
    }

    fn is_external(&self, fingerprint: &Fingerprint) -> bool {
        matches!(&self.external, Some((at, _)) if at == fingerprint)
    }
}

impl Held {
    fn new(key: Key<SecretParts, UnspecifiedRole>, primary: bool) -> Result<Self, KeyFileError> {
        let weak = KeyFileError::Key(KeyFault::UnsupportedAlgorithm);
        let pair = key.into_keypair().map_err(|_| weak)?;
        let is_rsa = matches!(
            pair.public().mpis(),
            openpgp::crypto::mpi::PublicKey::RSA { .. }
        );
        let rsa = pair
            .secret()
            .map(|secret| rsa::private_key(pair.public().mpis(), secret));
        if is_rsa && rsa.is_none() {
            return Err(weak);
        }
        Ok(Self { primary, pair, rsa })
    }

    fn locked(&self, password: &Password) -> openpgp::Result<Packet> {
        let public = self.pair.public().clone();
        if self.primary {
            let key: Key<PublicParts, PrimaryRole> = public.into();
            let secret = self.lock(&key, password)?;
            Ok(Packet::from(key.add_secret(secret.into()).0))
        } else {
            let key: Key<PublicParts, SubordinateRole> = public.into();
            let secret = self.lock(&key, password)?;
            Ok(Packet::from(key.add_secret(secret.into()).0))
        }
    }

    fn lock<R>(&self, key: &Key<PublicParts, R>, password: &Password) -> openpgp::Result<Encrypted>
    where
        R: openpgp::packet::key::KeyRole,
    {
        if key.version() >= 6 {
            // RFC 9106's second choice, 64 MiB: phones read such files too.
            let s2k = S2K::Argon2 {
                salt: crate::base::crypto::make_random(),
                t: 3,
                p: 4,
                m: 16,
            };
            let (cipher, mode) = (SymmetricAlgorithm::AES256, Some(AEADAlgorithm::OCB));
            self.pair
                .secret()
                .encrypt_with(key, s2k, cipher, mode, password)
        } else {
            let (s2k, cipher) = (S2K::default(), SymmetricAlgorithm::AES256);
            self.pair
                .secret()
                .encrypt_with(key, s2k, cipher, None, password)
        }
    }
}

/// GnuPG's stubs (the secret is kept elsewhere): private S2K 101.
fn is_stub(s2k: &S2K) -> bool {
    matches!(s2k, S2K::Private { .. } | S2K::Unknown { .. })
}

fn check_protection(encrypted: &Encrypted) -> Result<(), KeyFileError> {
    let refuse = |what| Err(KeyFileError::Protection(what));
    match encrypted.s2k() {
        S2K::Argon2 { t, p, m, .. } => {
            let (max_t, max_p, max_m) = ARGON2_MAX;
            if *t == 0 || *p == 0 || *t > max_t || *p > max_p || *m > max_m {
                return refuse("Argon2 with parameters out of bounds");
            }
        }
        S2K::Iterated { hash, .. } => match hash {
            // SHA-1 is what gpg 2.2 writes; collisions do not matter here.
            HashAlgorithm::SHA1
            | HashAlgorithm::SHA224
            | HashAlgorithm::SHA256
            | HashAlgorithm::SHA384
            | HashAlgorithm::SHA512
            | HashAlgorithm::SHA3_256
            | HashAlgorithm::SHA3_512 => {}
            _ => return refuse("a broken hash in its key derivation"),
        },
        _ => return refuse("a key derivation that is not iterated"),
    }
    match encrypted.algo() {
        SymmetricAlgorithm::AES128 | SymmetricAlgorithm::AES192 | SymmetricAlgorithm::AES256 => {}
        _ => return refuse("another cipher than AES"),
    }
    let sha1 = matches!(encrypted.checksum(), Some(SecretKeyChecksum::SHA1));
    if encrypted.aead_algo().is_none() && !sha1 {
        return refuse("no SHA-1 checksum and no AEAD");
    }
    Ok(())
}

impl SecretKey for SequoiaKey {
    fn certificate(&self) -> Result<Vec<u8>, KeyFault> {
        self.cert.to_vec().map_err(|_| KeyFault::Malformed)
    }

    fn fingerprint(&self) -> String {
        self.cert.fingerprint().to_hex().to_lowercase()
    }

    fn signing(&self, now: Timestamp) -> Result<DigestAlgorithm, KeyFault> {
        let signer = self.signer(now)?;
        Ok(digest_of(openpgp::crypto::Signer::public(&signer).mpis()))
    }

    fn to_file(&self, passphrase: &Secret<String>) -> Result<String, KeyFileError> {
        if passphrase.expose().is_empty() {
            return Err(KeyFileError::Protection("an empty passphrase"));
        }
        if self.secrets.is_empty() {
            return Err(KeyFileError::Protection("another module holds the key"));
        }
        let password = Password::from(passphrase.expose().as_bytes());
        let write = || -> openpgp::Result<Vec<u8>> {
            let mut packets = Vec::with_capacity(self.secrets.len());
            for held in &self.secrets {
                packets.push(held.locked(&password)?);
            }
            let (cert, _) = self.cert.clone().insert_packets(packets)?;
            cert.as_tsk().emit_secret_key_stubs(true).armored().to_vec()
        };
        write()
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(malformed("it cannot be written"))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use openpgp::crypto::{Decryptor, Signer};

    const FILE: &[u8] = include_bytes!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/openpgp/rsa2048.sec.asc"
    ));

    /// Without aws-lc's key there is no RSA operation: sequoia's own is never
    /// reached.
    #[test]
    fn rsa_secrets_work_in_aws_lc_alone() {
        let now = Timestamp::from_unix_ms(1_800_000_000_000);
        let mut key = SequoiaKey::read(FILE, &Secret::new("correct horse".into())).unwrap();
        let hash = HashAlgorithm::SHA256;
        let part = key.decryptors(true).next().unwrap();
        let session = [&[9u8][..], &[7; 32], &(7u16 * 32).to_be_bytes()].concat();
        let sealed = part.public.encrypt(&session.clone().into()).unwrap();
        assert!(key.signer(now).unwrap().sign(hash, &[1; 32]).is_ok());
        let opened = |key: &SequoiaKey| {
            let mut parts = key.decryptors(true);
            parts.find_map(|mut p| p.decrypt(&sealed, None).ok().filter(|k| **k == session[..]))
        };
        assert!(opened(&key).is_some());
        for held in &mut key.secrets {
            held.rsa = None;
        }
        assert!(key.signer(now).unwrap().sign(hash, &[1; 32]).is_err());
        assert!(opened(&key).is_none());
        assert!(
            key.decryptors(true)
                .all(|mut p| p.decrypt(&sealed, None).is_err())
        );
    }
}
