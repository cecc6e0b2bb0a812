//! Key files for the child, and what is secret in them.

use std::path::Path;

use der::{Decode as _, Sequence};
use mailseal::base::{Address, Secret};
use mailseal::testing::mail_pki::MailKey;
use mailseal::testing::pki::TestCa;
use sequoia_openpgp as openpgp;

use openpgp::cert::{Cert, CertBuilder, CipherSuite};
use openpgp::crypto::{Password, mpi};
use openpgp::packet::key::SecretKeyMaterial;
use openpgp::serialize::SerializeInto as _;
use openpgp::types::KeyFlags;

pub(crate) const ADDRESS: &str = "clinic@harbor.example";
/// The child gets it through a pipe. Where it stands in the binary nobody can
/// write, so nobody looks.
pub(crate) const PASSPHRASE: &str = "9d1c6cf2a7b04e83-5f6e20d18b3a4c79";

/// A key of the clinic, which writes to itself.
pub(crate) struct Made {
    /// Which form is sealed with it.
    pub(crate) name: &'static str,
    /// The private numbers.
    pub(crate) secrets: Vec<(&'static str, Vec<u8>)>,
    /// For S/MIME the PKCS#8 file in clear.
    pub(crate) pkcs8: Vec<u8>,
    /// For OpenPGP the key in clear.
    pub(crate) pgp: Option<Cert>,
}

/// A value that the child holds, and one that it frees without wiping it.
pub(crate) fn held() -> Vec<u8> {
    (0..64_u8).map(|i| i.wrapping_mul(151) ^ 0x5a).collect()
}

pub(crate) fn freed() -> Vec<u8> {
    (0..64_u8).map(|i| i.wrapping_mul(157) ^ 0xa5).collect()
}

pub(crate) fn make(folder: &Path) -> Vec<Made> {
    let write = |name: &str, octets: &[u8]| std::fs::write(folder.join(name), octets).unwrap();
    write("held", &held());
    write("freed", &freed());
    let ca = TestCa::new();
    let mut all = Vec::new();
    for (name, suite) in [
        ("pgp-cv25519", CipherSuite::Cv25519),
        ("pgp-rsa", CipherSuite::RSA2k),
    ] {
        let cert = pgp(suite);
        write(&format!("{name}.key"), &encrypted(&cert));
        write(&format!("{name}.cert"), &cert.to_vec().unwrap());
        all.push(Made {
            name,
            secrets: pgp_secrets(&cert),
            pkcs8: Vec::new(),
            pgp: Some(cert),
        });
    }
    for (name, kind) in [
        ("smime-rsa", MailKey::Rsa2048),
        ("smime-ec", MailKey::P256),
        ("smime-gcm", MailKey::P384),
    ] {
        let address: Address = ADDRESS.parse().unwrap();
        let key = ca.smime_key(&address, kind);
        let passphrase = Secret::new(PASSPHRASE.to_owned());
        let file = key.to_pkcs8(&passphrase).unwrap();
        write(&format!("{name}.key"), file.as_bytes());
        write(&format!("{name}.cert"), key.certificate().der());
        let pkcs8 = decrypted(&file);
        all.push(Made {
            name,
            secrets: pkcs8_secrets(&pkcs8),
            pkcs8,
            pgp: None,
        });
    }
    all
}

fn pgp(suite: CipherSuite) -> Cert {
    let flags = KeyFlags::empty().set_certification().set_signing();
    CertBuilder::new()
        .add_userid(ADDRESS)
        .set_profile(openpgp::Profile::RFC4880)
        .unwrap()
        .set_cipher_suite(suite)
        .set_creation_time(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000))
        .set_primary_key_flags(flags)
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0
}

/// The secret key file under the passphrase.
fn encrypted(cert: &Cert) -> Vec<u8> {
    let password = Password::from(PASSPHRASE);
    let mut cert = cert.clone();
    let primary = cert.primary_key().key().clone();
    let primary = primary.parts_into_secret().unwrap();
    let primary = primary.encrypt_secret(&password).unwrap();
    let mut packets = vec![openpgp::Packet::from(primary)];
    for subkey in cert.keys().subkeys().secret() {
        let subkey = subkey.key().clone().encrypt_secret(&password).unwrap();
        packets.push(subkey.into());
    }
    cert = cert.insert_packets(packets).unwrap().0;
    cert.as_tsk().armored().to_vec().unwrap()
}

fn pgp_secrets(cert: &Cert) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    for key in cert.keys().secret() {
        let SecretKeyMaterial::Unencrypted(secret) = key.key().secret() else {
            panic!("just made, in clear");
        };
        secret.map(|numbers| match numbers {
            mpi::SecretKeyMaterial::RSA { d, p, q, .. } => {
                all.push(("d", d.value().to_vec()));
                all.push(("p", p.value().to_vec()));
                all.push(("q", q.value().to_vec()));
            }
            mpi::SecretKeyMaterial::EdDSA { scalar } => {
                all.push(("Ed25519 seed", scalar.value_padded(32).to_vec()));
            }
            mpi::SecretKeyMaterial::ECDH { scalar } => {
                all.push(("X25519 scalar", scalar.value_padded(32).to_vec()));
            }
            _ => panic!("another algorithm"),
        });
    }
    assert!(all.len() >= 2);
    all
}

fn decrypted(pem: &str) -> Vec<u8> {
    let (_, document) = der::Document::from_pem(pem).unwrap();
    let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).unwrap();
    info.decrypt(PASSPHRASE).unwrap().as_bytes().to_vec()
}

/// RFC 8017 appendix A.1.2.
#[derive(Sequence)]
struct RsaPrivateKey<'a> {
    version: u8,
    n: der::asn1::UintRef<'a>,
    e: der::asn1::UintRef<'a>,
    d: der::asn1::UintRef<'a>,
    p: der::asn1::UintRef<'a>,
    q: der::asn1::UintRef<'a>,
    dp: der::asn1::UintRef<'a>,
    dq: der::asn1::UintRef<'a>,
    inverse: der::asn1::UintRef<'a>,
}

fn pkcs8_secrets(pkcs8: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let info = pkcs8::PrivateKeyInfoRef::try_from(pkcs8).unwrap();
    let inner = info.private_key.as_bytes();
    if let Ok(rsa) = RsaPrivateKey::from_der(inner) {
        return vec![
            ("d", rsa.d.as_bytes().to_vec()),
            ("p", rsa.p.as_bytes().to_vec()),
            ("q", rsa.q.as_bytes().to_vec()),
            ("dp", rsa.dp.as_bytes().to_vec()),
            ("dq", rsa.dq.as_bytes().to_vec()),
            ("inverse", rsa.inverse.as_bytes().to_vec()),
        ];
    }
    // ECPrivateKey (RFC 5915): version 1, then the scalar.
    let at = inner.windows(4).position(|w| w == [2, 1, 1, 4]).unwrap() + 5;
    let length = usize::from(inner[at - 1]);
    vec![("scalar", inner[at..at + length].to_vec())]
}
