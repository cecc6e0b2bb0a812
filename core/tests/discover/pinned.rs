//! Pinned certificates: what is taken, what is refused.

use std::fs;

use mailseal::base::{Address, KeyTrust};
use mailseal::discover::{CertificateFormat, CertificateKind, KeyStore, KeyStoreError, PinnedKeys};

use super::support::Table;

const ARMORED: &str =
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ\n-----END PGP PUBLIC KEY BLOCK-----\n";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn word(found: Result<Option<mailseal::discover::Certificate>, KeyStoreError>) -> String {
    match found {
        Ok(Some(certificate)) => format!("{:?}", certificate.format()),
        Ok(None) => "none".into(),
        Err(error) => error.code().into(),
    }
}

#[test]
fn files_of_a_folder() {
    let pgp = CertificateKind::OpenPgp;
    let smime = CertificateKind::Smime;
    let secret = ARMORED.replace("PUBLIC", "PRIVATE");
    let pem_key = format!("{PEM}-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    let large = vec![0x98; 1024 * 1024 + 1];
    let mut table = Table::new("Pinned certificates: a file in the folder");
    let cases: &[(&str, &str, &[u8], CertificateKind, &str)] = &[
        (
            "armoured OpenPGP",
            "pat@d.example.asc",
            ARMORED.as_bytes(),
            pgp,
            "OpenPgpArmored",
        ),
        (
            "binary OpenPGP",
            "pat@d.example.pgp",
            &[0x98, 1],
            pgp,
            "OpenPgpBinary",
        ),
        (
            "capitals in name and ending",
            "Pat@D.example.ASC",
            ARMORED.as_bytes(),
            pgp,
            "OpenPgpArmored",
        ),
        ("PEM", "pat@d.example.pem", PEM.as_bytes(), smime, "X509Pem"),
        (
            "PEM named .crt",
            "pat@d.example.crt",
            PEM.as_bytes(),
            smime,
            "X509Pem",
        ),
        (
            "DER",
            "pat@d.example.cer",
            &[0x30, 0x82, 1, 1],
            smime,
            "X509Der",
        ),
        (
            "asked for the other kind",
            "pat@d.example.pem",
            PEM.as_bytes(),
            pgp,
            "none",
        ),
        (
            "another address",
            "sam@d.example.asc",
            ARMORED.as_bytes(),
            pgp,
            "none",
        ),
        (
            "unknown ending",
            "pat@d.example.txt",
            ARMORED.as_bytes(),
            pgp,
            "none",
        ),
        (
            "no address in the name",
            "pat.asc",
            ARMORED.as_bytes(),
            pgp,
            "none",
        ),
        (
            "armoured secret key",
            "pat@d.example.asc",
            secret.as_bytes(),
            pgp,
            "keystore.secret_key",
        ),
        (
            "binary secret key, old packet",
            "pat@d.example.pgp",
            &[0x95, 1],
            pgp,
            "keystore.secret_key",
        ),
        (
            "binary secret key, new packet",
            "pat@d.example.pgp",
            &[0xc5, 1],
            pgp,
            "keystore.secret_key",
        ),
        (
            "PEM with its key",
            "pat@d.example.pem",
            pem_key.as_bytes(),
            smime,
            "keystore.secret_key",
        ),
        ("empty", "pat@d.example.asc", b"", pgp, "keystore.format"),
        (
            "text",
            "pat@d.example.pem",
            b"hello",
            smime,
            "keystore.format",
        ),
        (
            "too large",
            "pat@d.example.pgp",
            &large,
            pgp,
            "keystore.too_large",
        ),
    ];
    for (fault, name, bytes, kind, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
        let keys = PinnedKeys::folder(folder.path()).unwrap();
        let found = keys.find(&address("pat@d.example"), *kind);
        table.row(fault, expected, word(found));
        let troubled = expected.starts_with("keystore.") || *name == "pat.asc";
        assert_eq!(!keys.problems().is_empty(), troubled, "{fault}");
    }
    table.judge();
}

#[tokio::test]
async fn a_changed_file_is_refused_until_it_is_pinned_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pat@d.example.asc");
    let pat = address("pat@d.example");
    let kind = CertificateKind::OpenPgp;
    let other = ARMORED.replace("mDME", "mDMF");
    let mut table = Table::new("Pinned certificates: changes over time");
    let mut step = |what: &str, keys: &PinnedKeys, expected: &str| {
        table.row(what, expected, word(keys.find(&pat, kind)));
    };

    fs::write(&file, ARMORED).unwrap();
    let keys = PinnedKeys::folder(folder.path()).unwrap();
    step("first seen", &keys, "OpenPgpArmored");
    fs::write(&file, &other).unwrap();
    step("changed on disk, not read again", &keys, "OpenPgpArmored");
    keys.reload().unwrap();
    step("changed and read again", &keys, "keystore.changed");
    let restarted = PinnedKeys::folder(folder.path()).unwrap();
    step("changed, after a restart", &restarted, "keystore.changed");
    fs::remove_file(&file).unwrap();
    keys.reload().unwrap();
    step("removed", &keys, "keystore.missing");
    fs::write(folder.path().join("pat@d.example.pgp"), [0x98, 1]).unwrap();
    keys.reload().unwrap();
    step("another under another ending", &keys, "keystore.changed");
    fs::remove_file(folder.path().join("pat@d.example.pgp")).unwrap();
    fs::write(&file, ARMORED).unwrap();
    keys.reload().unwrap();
    step("the old one back", &keys, "OpenPgpArmored");
    fs::write(&file, &other).unwrap();
    let memory = PinnedKeys::new();
    let fingerprint = memory
        .pin(&pat, CertificateFormat::OpenPgpArmored, other.as_bytes())
        .unwrap();
    keys.repin(&pat, kind, fingerprint).unwrap();
    keys.reload().unwrap();
    step("pinned anew", &keys, "OpenPgpArmored");
    let restarted = PinnedKeys::folder(folder.path()).unwrap();
    step("pinned anew, after a restart", &restarted, "OpenPgpArmored");
    fs::write(folder.path().join("pat@d.example.pgp"), [0x98, 1]).unwrap();
    keys.reload().unwrap();
    step("two files for one address", &keys, "keystore.twice");
    table.judge();

    let found = restarted.certificate(&pat, kind).await.unwrap().unwrap();
    assert_eq!(found.bytes(), other.as_bytes());
    assert_eq!(found.trust(), KeyTrust::Pinned);
    assert_eq!(*found.sha256(), fingerprint);
}

#[test]
fn given_certificates_are_pinned_alike() {
    let keys = PinnedKeys::new();
    let pat = address("\"Pat\"@D.example");
    let format = CertificateFormat::OpenPgpBinary;
    let first = keys.pin(&pat, format, &[0x98, 1]).unwrap();
    assert_eq!(keys.pin(&pat, format, &[0x98, 1]), Ok(first));
    assert_eq!(
        keys.pin(&pat, format, &[0x98, 2]),
        Err(KeyStoreError::Changed)
    );
    assert_eq!(
        keys.pin(&pat, CertificateFormat::X509Der, &[0x98, 2]),
        Err(KeyStoreError::Format)
    );
    assert_eq!(
        keys.pin(&pat, CertificateFormat::OpenPgpArmored, &[0x98, 1]),
        Err(KeyStoreError::Format)
    );
    let kind = CertificateKind::OpenPgp;
    assert!(
        keys.find(&address("pat@d.example"), kind)
            .unwrap()
            .is_some()
    );

    // A fingerprint told beforehand lets only its certificate in.
    let sam = address("sam@d.example");
    keys.repin(&sam, kind, first).unwrap();
    assert_eq!(keys.find(&sam, kind), Err(KeyStoreError::Missing));
    assert_eq!(
        keys.pin(&sam, format, &[0x98, 2]),
        Err(KeyStoreError::Changed)
    );
    assert_eq!(keys.pin(&sam, format, &[0x98, 1]), Ok(first));

    keys.forget(&pat, kind).unwrap();
    assert_eq!(keys.find(&pat, kind), Ok(None));
    assert!(!format!("{keys:?} {:?}", keys.find(&sam, kind)).contains("example"));
}

#[test]
fn a_damaged_pin_file_stops_everything() {
    let folder = tempfile::tempdir().unwrap();
    let pins = folder.path().join("mailseal-pins.json");
    for text in [
        "",
        "{}",
        "{\"format\":2,\"pins\":{}}",
        "{\"format\":1,\"pins\":{\"openpgp pat@d.example\":\"00\"}}",
        "{\"format\":1,\"pins\":{\"x\":\"\"}}",
    ] {
        fs::write(&pins, text).unwrap();
        fs::write(folder.path().join("pat@d.example.asc"), ARMORED).unwrap();
        assert!(matches!(
            PinnedKeys::folder(folder.path()),
            Err(KeyStoreError::PinFile)
        ));
        assert_eq!(
            fs::read_to_string(&pins).unwrap(),
            text,
            "it was not changed"
        );
    }
    let gone = PinnedKeys::folder(folder.path().join("gone"));
    assert!(matches!(
        gone,
        Err(KeyStoreError::Io(std::io::ErrorKind::NotFound))
    ));
}
