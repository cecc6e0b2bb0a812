//! An authenticator in software: ES256, user verification, a counter.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use mailseal::base::Passkey;
use serde_json::{Value, json};

use crate::support::{ORIGIN, b64};

pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    id: [u8; 24],
    pub(crate) count: AtomicU32,
}

/// How an assertion is made; the default is right.
pub(crate) struct Made<'a> {
    pub(crate) origin: &'a str,
    pub(crate) rp: &'a str,
    pub(crate) flags: u8,
    pub(crate) kind: &'a str,
    pub(crate) challenge: Option<String>,
    pub(crate) break_signature: bool,
    pub(crate) cross_origin: bool,
}

/// User present, user verified.
const UP: u8 = 1;
const UV: u8 = 4;

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            origin: ORIGIN,
            rp: "portal.example",
            flags: UP | UV,
            kind: "webauthn.get",
            challenge: None,
            break_signature: false,
            cross_origin: false,
        }
    }
}

impl Authenticator {
    pub(crate) fn new() -> Self {
        Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: *b"credential-id-of-24-byte",
            count: AtomicU32::new(1),
        }
    }

    fn cose(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let head: &[u8] = &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32];
        [head, &point[1..33], &[0x22, 0x58, 32], &point[33..]].concat()
    }

    pub(crate) fn passkey(&self) -> Passkey {
        Passkey::new(self.id, self.cose(), 1)
    }

    fn client_data(made: &Made<'_>, challenge: &str) -> Vec<u8> {
        let Made {
            kind,
            origin,
            cross_origin,
            ..
        } = made;
        format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":{cross_origin}}}"#
        )
        .into_bytes()
    }

    /// Answers a request with the counter one further.
    pub(crate) fn assert(&self, request: &Value, made: &Made<'_>) -> Value {
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let asked = request["challenge"].as_str().unwrap();
        let challenge = made.challenge.as_deref().unwrap_or(asked);
        let client = Self::client_data(made, challenge);
        let rp = digest(&SHA256, made.rp.as_bytes());
        let data = [rp.as_ref(), &[made.flags], &count.to_be_bytes()].concat();
        let signed = [data.as_slice(), digest(&SHA256, &client).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let mut signature = signature.as_ref().to_vec();
        if made.break_signature {
            *signature.last_mut().unwrap() ^= 1;
        }
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&client),
                "authenticatorData": b64(&data),
                "signature": b64(&signature),
                "userHandle": b64(b"somebody"),
            },
        })
    }

    /// Makes the credential that a request asks for.
    pub(crate) fn register(&self, request: &Value, origin: &str) -> Value {
        let made = Made {
            origin,
            kind: "webauthn.create",
            ..Made::default()
        };
        let challenge = request["challenge"].as_str().unwrap();
        let client = Self::client_data(&made, challenge);
        let rp = digest(&SHA256, request["rp"]["id"].as_str().unwrap().as_bytes());
        // UP, UV, attested credential data; counter 1; AAGUID of zeros.
        let data = [
            rp.as_ref(),
            &[UP | UV | 0x40],
            &1u32.to_be_bytes(),
            &[0; 16],
            &(self.id.len() as u16).to_be_bytes(),
            &self.id,
            &self.cose(),
        ]
        .concat();
        let object = [
            &b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"[..],
            &[u8::try_from(data.len()).unwrap()],
            &data,
        ]
        .concat();
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&client),
                "attestationObject": b64(&object),
                "transports": ["internal", "hybrid", "nonsense"],
            },
        })
    }
}
