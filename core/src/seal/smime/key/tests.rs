use super::*;
use crate::base::crypto::public::verify_digest;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/vectors/pkcs12/", $name)).as_slice()
    };
}

fn pass(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn horse() -> Secret<String> {
    pass("correct horse")
}

/// Signs with the key and verifies with the certificate.
fn works(key: &SmimeKey) -> bool {
    use crate::base::DigestAlgorithm::Sha256;
    use crate::base::crypto::public::KeyKind;
    let scheme = match key.certificate().kind() {
        Ok(KeyKind::Rsa { .. }) => SignatureScheme::RsaPss(Sha256),
        Ok(KeyKind::Ed25519) => SignatureScheme::Ed25519,
        _ => SignatureScheme::Ecdsa(Sha256),
    };
    let made = key.signer().sign_digest(scheme, &[7; 32]).unwrap();
    verify_digest(key.certificate().spki(), scheme, &[7; 32], &made).is_ok()
}

#[test]
fn pkcs12_of_openssl_is_read() {
    for (name, bytes, passphrase, chain) in [
        ("rsa", file!("rsa.p12"), "correct horse", 2),
        ("p256", file!("p256.p12"), "correct horse", 2),
        ("p384", file!("p384.p12"), "correct horse", 2),
        ("p521", file!("p521.p12"), "correct horse", 2),
        ("ed25519", file!("ed25519.p12"), "correct horse", 2),
        (
            "aes128_sha1mac",
            file!("aes128_sha1mac.p12"),
            "correct horse",
            2,
        ),
        ("sha512mac", file!("sha512mac.p12"), "correct horse", 2),
        ("clear_certs", file!("clear_certs.p12"), "correct horse", 2),
        ("pbmac1", file!("pbmac1.p12"), "correct horse", 2),
        ("empty", file!("empty.p12"), "", 1),
        ("umlaut", file!("umlaut.p12"), "sésame 🔑", 1),
    ] {
        let key = SmimeKey::from_pkcs12(bytes, &pass(passphrase))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(works(&key), "{name}");
        assert_eq!(key.chain().len(), chain, "{name}");
        assert_eq!(
            SmimeKey::from_pkcs12(bytes, &pass("wrong")).err(),
            Some(KeyFileError::Passphrase),
            "{name}"
        );
    }
}

#[test]
fn pkcs12_that_protects_too_little_is_refused_with_the_reason() {
    let read = |bytes| SmimeKey::from_pkcs12(bytes, &horse()).err();
    for bytes in [file!("no_mac.p12"), file!("des3.p12"), file!("legacy.p12")] {
        assert!(matches!(read(bytes), Some(KeyFileError::Protection(_))));
    }
    assert_eq!(
        read(file!("des3.p12")),
        Some(KeyFileError::Protection(AGAIN))
    );
    assert_eq!(read(file!("clear_key.p12")), Some(KeyFileError::Clear));
    assert_eq!(read(file!("no_certs.p12")), Some(KeyFileError::Mismatch));
    assert!(matches!(
        read(file!("no_key.p12")),
        Some(KeyFileError::Malformed { .. })
    ));
    assert_eq!(
        read(file!("rsa1024.p12")),
        Some(KeyFileError::Key(KeyFault::WeakKey))
    );
    assert!(matches!(
        read(file!("rsa.p8.pem")),
        Some(KeyFileError::Malformed { .. })
    ));
    assert!(matches!(
        read(&[0x30; 2 * 1024 * 1024]),
        Some(KeyFileError::Malformed { .. })
    ));
}

#[test]
fn a_cut_off_or_changed_pkcs12_is_an_error() {
    let whole = file!("p256.p12");
    for length in 0..whole.len() {
        assert!(SmimeKey::from_pkcs12(&whole[..length], &horse()).is_err());
    }
    let mut harmless = 0;
    for at in 0..whole.len() {
        let mut changed = whole.to_vec();
        changed[at] ^= 1 << (at % 8);
        // The MAC covers all but its own frame.
        harmless += usize::from(SmimeKey::from_pkcs12(&changed, &horse()).is_ok());
    }
    assert!(harmless < 16, "{harmless} changes went unseen");
}

/// DER to BER: indefinite lengths, octet strings in pieces.
fn to_ber(mut der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(element) = crate::base::crypto::public::tlv(der) {
        der = element.rest;
        if element.tag & 0x20 != 0 {
            out.extend_from_slice(&[element.tag, 0x80]);
            out.extend(to_ber(element.value));
            out.extend_from_slice(&[0, 0]);
        } else if element.tag == 0x04 && element.value.len() > 100 {
            out.extend_from_slice(&[0x24, 0x80]);
            for piece in element.value.chunks(100) {
                out.extend_from_slice(&[0x04, piece.len() as u8]);
                out.extend_from_slice(piece);
            }
            out.extend_from_slice(&[0, 0]);
        } else {
            out.extend_from_slice(element.whole);
        }
    }
    out
}

#[test]
fn pkcs12_with_indefinite_lengths_is_read() {
    let ber = to_ber(file!("p256.p12"));
    assert_eq!(ber[..2], [0x30, 0x80]);
    let key = SmimeKey::from_pkcs12(&ber, &horse()).unwrap();
    assert!(works(&key));
    for length in 0..ber.len() {
        assert!(SmimeKey::from_pkcs12(&ber[..length], &horse()).is_err());
    }
    // Nested without end.
    let deep = [0x30, 0x80].repeat(100_000);
    assert!(SmimeKey::from_pkcs12(&deep, &horse()).is_err());
}

#[test]
fn pkcs8_of_openssl_is_read() {
    for (name, key, chain) in [
        ("rsa", file!("rsa.p8.pem"), file!("rsa.crt")),
        ("p256", file!("p256.p8.pem"), file!("p256.crt")),
        ("p384", file!("p384.p8.pem"), file!("p384.crt")),
        ("p521", file!("p521.p8.pem"), file!("p521.crt")),
        ("ed25519", file!("ed25519.p8.pem"), file!("ed25519.crt")),
        ("prf_sha1", file!("prf_sha1.p8.pem"), file!("p256.crt")),
        ("prf_sha512", file!("prf_sha512.p8.pem"), file!("p256.crt")),
        ("scrypt", file!("scrypt.p8.pem"), file!("p256.crt")),
    ] {
        let read =
            SmimeKey::from_pkcs8(key, chain, &horse()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(works(&read), "{name}");
        let der = pem::read(key, "ENCRYPTED PRIVATE KEY", MAX_KEY, 1).unwrap();
        assert!(SmimeKey::from_pkcs8(&der[0], chain, &horse()).is_ok());
        assert_eq!(
            SmimeKey::from_pkcs8(key, chain, &pass("wrong")).err(),
            Some(KeyFileError::Passphrase),
            "{name}"
        );
    }
}

#[test]
fn pkcs8_that_is_in_clear_or_old_is_refused() {
    let read = |key| SmimeKey::from_pkcs8(key, file!("p256.crt"), &horse()).err();
    for key in [
        file!("clear.p8.pem"),
        file!("clear.rsa.pem"),
        file!("clear.ec.pem"),
    ] {
        assert_eq!(read(key), Some(KeyFileError::Clear));
    }
    let der = pem::read(file!("clear.p8.pem"), "PRIVATE KEY", MAX_KEY, 1).unwrap();
    assert_eq!(read(&der[0]), Some(KeyFileError::Clear));
    for key in [
        file!("old.ec.pem"),
        file!("des3.p8.pem"),
        file!("pbe1.p8.pem"),
    ] {
        assert!(matches!(
            read(key),
            Some(KeyFileError::Protection(_) | KeyFileError::Malformed { .. })
        ));
    }
    assert_eq!(
        SmimeKey::from_pkcs8(file!("p256.p8.pem"), file!("p384.crt"), &horse()).err(),
        Some(KeyFileError::Mismatch)
    );
    let whole = pem::read(file!("p256.p8.pem"), "ENCRYPTED PRIVATE KEY", MAX_KEY, 1).unwrap();
    for length in 0..whole[0].len() {
        assert!(read(&whole[0][..length]).is_some());
    }
}

#[test]
fn work_that_a_file_asks_for_is_bounded() {
    let refused = |kdf: pbes2::Kdf| {
        let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] };
        let scheme = pbes2::Parameters { kdf, encryption }.into();
        matches!(
            decrypt_pbes2(&scheme, b"x", &[0; 32]),
            Err(KeyFileError::Protection(_))
        )
    };
    let mut slow = pbes2::Pbkdf2Params::hmac_sha256(1000, b"12345678").unwrap();
    assert!(!refused(slow.into()));
    slow.iteration_count = MAX_ITERATIONS + 1;
    assert!(refused(slow.into()));
    for (n, r, p) in [
        (1 << 22, 8, 1),
        (1 << 14, u16::MAX, 1),
        (1 << 14, 8, u16::MAX),
        (1000, 8, 1),
        (0, 8, 1),
        (u64::MAX, 8, 1),
    ] {
        let large = pbes2::ScryptParams {
            salt: b"12345678".as_slice().try_into().unwrap(),
            cost_parameter: n,
            block_size: r,
            parallelization: p,
            key_length: None,
        };
        assert!(refused(large.into()), "{n} {r} {p}");
    }
}

#[test]
fn a_key_is_written_encrypted_and_read_again() {
    let key = SmimeKey::from_pkcs12(file!("p256.p12"), &horse()).unwrap();
    let pem = key.to_pkcs8(&pass("another")).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let again = SmimeKey::from_pkcs8(pem.as_bytes(), file!("p256.crt"), &pass("another")).unwrap();
    assert!(works(&again));
    assert_eq!(key.to_pkcs8(&pass("")).err(), Some(KeyFileError::Clear));
    assert_eq!(format!("{key:?}"), "SmimeKey(***)");

    let file = key.to_pkcs12(&pass("another")).unwrap();
    let again = SmimeKey::from_pkcs12(&file, &pass("another")).unwrap();
    assert!(works(&again));
    assert!(again.chain() == key.chain());
    assert_eq!(
        SmimeKey::from_pkcs12(&file, &horse()).err(),
        Some(KeyFileError::Passphrase)
    );
    assert_eq!(key.to_pkcs12(&pass("")).err(), Some(KeyFileError::Clear));
}

#[test]
fn a_key_elsewhere_signs_and_must_be_the_certificates() {
    let key = SmimeKey::from_pkcs12(file!("p256.p12"), &horse()).unwrap();
    let private = key.private().unwrap().clone();
    let signer = || Arc::new(Local(private.clone()));
    let external = SmimeKey::external(file!("p256.crt"), signer()).unwrap();
    assert!(works(&external));
    assert!(external.private().is_none());
    assert!(external.to_pkcs8(&horse()).is_err());
    assert_eq!(
        SmimeKey::external(file!("p384.crt"), signer()).err(),
        Some(KeyFileError::Mismatch)
    );
}
