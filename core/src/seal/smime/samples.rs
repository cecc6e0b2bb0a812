//! Keys, certificates and messages of `tests/vectors/cms` for unit tests.

use super::certificate::Certificate;
use super::key::SmimeKey;
use crate::base::Timestamp;
use crate::base::crypto::private::PrivateKey;

/// What all of OpenSSL's messages hold.
pub(super) const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nThe result is ready.\r\n";

/// In 2027, when all certificates are valid.
pub(super) const NOW: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/cms/",
            $name
        ))
        .as_slice()
    };
}
pub(super) use sample;

pub(super) const NAMES: [&str; 5] = ["rsa", "rsa-other", "p256", "p384", "p521"];

pub(super) fn certificate_der(name: &str) -> &'static [u8] {
    match name {
        "rsa" => sample!("rsa.der"),
        "rsa-other" => sample!("rsa-other.der"),
        "p256" => sample!("p256.der"),
        "p384" => sample!("p384.der"),
        "p521" => sample!("p521.der"),
        "ed25519" => sample!("ed25519.der"),
        other => panic!("no certificate {other}"),
    }
}

pub(super) fn certificate(name: &str) -> Certificate {
    Certificate::parse_der(certificate_der(name)).unwrap()
}

pub(super) fn key(name: &str) -> SmimeKey {
    let pkcs8 = match name {
        "rsa" => sample!("rsa.pkcs8"),
        "rsa-other" => sample!("rsa-other.pkcs8"),
        "p256" => sample!("p256.pkcs8"),
        "p384" => sample!("p384.pkcs8"),
        "p521" => sample!("p521.pkcs8"),
        other => panic!("no key {other}"),
    };
    let private = PrivateKey::from_pkcs8(pkcs8).unwrap();
    SmimeKey::from_parts(vec![certificate(name)], private).unwrap()
}
