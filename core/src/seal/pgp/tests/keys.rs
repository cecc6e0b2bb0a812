//! Secret key files and keys in other modules.

use openpgp::serialize::SerializeInto;
use sequoia_openpgp as openpgp;

use super::*;
use crate::base::SignatureScheme;
use crate::base::crypto::{self, SigningKey};
use crate::seal::open::Verdict;
use crate::seal::pgp::decrypt;
use crate::seal::{DigestSigner, KeyFileError, SealError, SealJob, Sealer, SignError};

fn read(bytes: &[u8]) -> Result<PgpKey, KeyFileError> {
    PgpKey::read(bytes, &passphrase())
}

#[test]
fn reads_what_gpg_writes_and_uses_rsa_in_aws_lc() {
    for file in [
        vector!("rsa2048.sec.asc"),
        vector!("rsa3072.sec.asc"),
        vector!("cv25519.sec.asc"),
        // The primary key is a stub.
        vector!("cv25519.sub.asc"),
    ] {
        let key = read(file).unwrap();
        let (s, r) = (sender(), recipient());
        let sealed = sealer(Some(&key), &key)
            .seal(&SealJob::new(MESSAGE, &s, &r, NOW))
            .unwrap();
        let known = [PgpCertificate {
            address: None,
            ..known(&key, &s, KeyTrust::Verified)
        }];
        let opened = decrypt(&armour(&sealed), &[&key], &known, NOW).unwrap();
        assert_eq!(
            opened.signatures[0].verdict,
            Verdict::Valid(KeyTrust::Verified)
        );
    }
}

#[test]
fn files_are_written_encrypted_and_read_again() {
    for key in [
        PgpKey::make_random(&sender(), NOW).unwrap(),
        PgpKey::make_random_v6(&sender(), NOW).unwrap(),
        read(vector!("rsa2048.sec.asc")).unwrap(),
        read(vector!("cv25519.sub.asc")).unwrap(),
    ] {
        let other = Secret::new(String::from("other horse"));
        let file = key.to_file(&other).unwrap();
        let cert = Cert::from_bytes(&file).unwrap();
        assert_eq!(cert.keys().unencrypted_secret().count(), 0);
        let again = PgpKey::read(file.as_bytes(), &other).unwrap();
        assert_eq!(again.fingerprint(), key.fingerprint());
        assert_eq!(again.certificate(), key.certificate());
        assert_eq!(again.signing(NOW), key.signing(NOW));
        let wrong = PgpKey::read(file.as_bytes(), &passphrase());
        assert_eq!(wrong.err(), Some(KeyFileError::Passphrase));
        let empty = key.to_file(&Secret::new(String::new()));
        assert!(matches!(empty, Err(KeyFileError::Protection(_))));
        assert!(!format!("{key:?}").contains("clinic"));
    }
}

#[test]
fn the_locked_key_of_rfc_9580_a_5() {
    let file = vector!("v6-minimal-secret-locked-for-constrained-envs.key");
    let locked = Secret::new(String::from("correct horse battery staple"));
    let key = PgpKey::read(file, &locked).unwrap();
    assert_eq!(
        key.fingerprint(),
        "cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9"
    );
    assert!(key.signing(NOW).is_ok());
}

#[test]
fn refuses_files() {
    for clear in [vector!("clear.sec.asc"), vector!("v6-minimal-secret.key")] {
        assert_eq!(read(clear).err(), Some(KeyFileError::Clear));
    }
    // One part in clear is enough.
    let cert = full(&sender(), CipherSuite::Cv25519, Profile::RFC4880);
    let primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap();
    let locked = primary.encrypt_secret(&"correct horse".into()).unwrap();
    let mixed = cert.insert_packets(Packet::from(locked)).unwrap().0;
    assert_eq!(
        read(&mixed.as_tsk().to_vec().unwrap()).err(),
        Some(KeyFileError::Clear)
    );
    for none in [
        &b""[..],
        b"x",
        vector!("rsa1024.pub.asc"),
        vector!("gpg-rsa2048.asc"),
    ] {
        assert!(matches!(read(none), Err(KeyFileError::Malformed { .. })));
    }
    let wrong = PgpKey::read(vector!("rsa2048.sec.asc"), &Secret::new("wrong".into()));
    assert_eq!(wrong.err(), Some(KeyFileError::Passphrase));
}

/// A module that holds an Ed25519 key; it can be told to refuse.
#[derive(Debug)]
struct Module {
    spki: Vec<u8>,
    seed: [u8; 32],
    refuses: bool,
}

impl DigestSigner for Module {
    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    fn sign_digest(&self, scheme: SignatureScheme, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        assert_eq!(scheme, SignatureScheme::Ed25519);
        if self.refuses {
            return Err(SignError);
        }
        let key = SigningKey::from_seed(&Secret::new(self.seed));
        Ok(key.sign(digest).to_vec())
    }
}

#[test]
fn a_key_in_another_module_signs() {
    use openpgp::crypto::mpi::SecretKeyMaterial as S;
    for profile in [Profile::RFC4880, Profile::RFC9580] {
        let cert = full(&sender(), CipherSuite::Cv25519, profile);
        let signing = cert
            .keys()
            .subkeys()
            .find(|k| k.key().pk_algo().for_signing())
            .unwrap();
        let pair = signing
            .key()
            .clone()
            .parts_into_secret()
            .unwrap()
            .into_keypair()
            .unwrap();
        let seed: [u8; 32] = pair.secret().map(|s| match s {
            S::EdDSA { scalar } => scalar.value_padded(32).as_ref().try_into().unwrap(),
            S::Ed25519 { x } => x.as_ref().try_into().unwrap(),
            _ => panic!("another algorithm"),
        });
        let public = SigningKey::from_seed(&Secret::new(seed)).public();
        // RFC 8410 section 10.1.
        let mut spki = vec![
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        spki.extend_from_slice(&public);
        let bytes = cert.strip_secret_key_material().to_vec().unwrap();
        let module = |refuses| {
            Arc::new(Module {
                spki: spki.clone(),
                seed,
                refuses,
            })
        };
        let key = PgpKey::external(&bytes, module(false)).unwrap();
        let to = PgpKey::make_random(&recipient(), days(-1)).unwrap();
        let (s, r) = (sender(), recipient());
        let job = SealJob::new(MESSAGE, &s, &r, NOW);
        let sealed = sealer(Some(&key), &to).seal(&job).unwrap();
        let known = [known(&key, &s, KeyTrust::Pinned)];
        let opened = decrypt(&armour(&sealed), &[&to], &known, NOW).unwrap();
        assert_eq!(
            opened.signatures[0].verdict,
            Verdict::Valid(KeyTrust::Pinned)
        );

        let refusing = PgpKey::external(&bytes, module(true)).unwrap();
        let failed = sealer(Some(&refusing), &to).seal(&job);
        assert!(matches!(failed, Err(SealError::Sign(_))));
        assert!(matches!(
            key.to_file(&passphrase()),
            Err(KeyFileError::Protection(_))
        ));
        let mut other = Module {
            spki: spki.clone(),
            seed,
            refuses: false,
        };
        other.spki[20] ^= 1;
        let mismatch = PgpKey::external(&bytes, Arc::new(other));
        assert_eq!(mismatch.err(), Some(KeyFileError::Mismatch));
    }
    assert_ne!(crypto::make_random::<8>(), [0; 8]);
}
