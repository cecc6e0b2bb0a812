//! Tests of the OpenPGP part.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// A stored vector; PROVENANCE.md stands beside it.
macro_rules! vector {
    ($name:literal) => {
        &include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/openpgp/",
            $name
        ))[..]
    };
}

mod faults;
mod keys;
mod open;
mod seal;

use std::sync::Arc;

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::parse::Parse;
use openpgp::types::KeyFlags;
use openpgp::{Cert, Packet, PacketPile, Profile};

use super::sequoia::SequoiaKey;
use super::{PgpCertificate, PgpKey, PgpSealer};
use crate::base::{Address, KeyFault, KeyTrust, Route, Secret, Timestamp};
use crate::seal::{Certificates, KnownCertificate};

/// 2027-01-15T08:00:00Z.
const NOW: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);
const DAY: i64 = 86_400_000;

const MESSAGE: &[u8] = b"From: practice@clinic.example\r\nTo: patient@mail.example\r\n\
    Subject: Findings\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nThe HbA1c is 6.1 %.\r\n";

fn days(n: i64) -> Timestamp {
    Timestamp::from_unix_ms(NOW.unix_ms() + n * DAY)
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn sender() -> Address {
    address("practice@clinic.example")
}

fn recipient() -> Address {
    address("patient@mail.example")
}

fn passphrase() -> Secret<String> {
    Secret::new("correct horse".into())
}

/// What a test's host holds.
#[derive(Debug, Default, Clone)]
struct Store(Vec<(Address, KnownCertificate)>);

impl Store {
    fn with(mut self, address: &Address, bytes: Vec<u8>, trust: KeyTrust) -> Self {
        self.0
            .push((address.clone(), KnownCertificate::new(bytes, trust)));
        self
    }
}

impl Certificates for Store {
    fn certificate(&self, _: Route, a: &Address) -> Result<Option<KnownCertificate>, KeyFault> {
        Ok(self.0.iter().find(|(b, _)| a == b).map(|(_, c)| c.clone()))
    }
}

/// Another builder than the library's own: the primary key certifies.
fn builder(address: &Address, suite: CipherSuite, profile: Profile) -> CertBuilder<'static> {
    CertBuilder::new()
        .set_profile(profile)
        .unwrap()
        .set_cipher_suite(suite)
        .set_creation_time(at(days(-30)))
        .set_primary_key_flags(KeyFlags::empty().set_certification())
        .add_userid(format!("<{}>", address.as_str()))
}

/// Sequoia's notion of the time.
fn at(t: Timestamp) -> openpgp::types::Timestamp {
    u32::try_from(t.unix_ms() / 1000).unwrap().into()
}

fn full(address: &Address, suite: CipherSuite, profile: Profile) -> Cert {
    builder(address, suite, profile)
        .add_signing_subkey()
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0
}

fn key_of(cert: Cert) -> PgpKey {
    PgpKey::of_secret(Arc::new(SequoiaKey::from_clear(cert).unwrap()))
}

fn known(key: &PgpKey, address: &Address, trust: KeyTrust) -> PgpCertificate {
    PgpCertificate {
        bytes: key.certificate().unwrap(),
        trust,
        address: Some(address.clone()),
    }
}

/// The armour in a sealed message.
fn armour(sealed: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(sealed).unwrap();
    let begin = text.find("-----BEGIN PGP MESSAGE-----").unwrap();
    let end = "-----END PGP MESSAGE-----";
    let stop = text.find(end).unwrap() + end.len();
    text.as_bytes()[begin..stop].to_vec()
}

fn packets(armour: &[u8]) -> Vec<Packet> {
    PacketPile::from_bytes(armour)
        .unwrap()
        .into_children()
        .collect()
}

/// A sealer that knows `to`'s certificate, with `from` as the identity.
fn sealer(from: Option<&PgpKey>, to: &PgpKey) -> PgpSealer {
    let store = Store::default().with(&recipient(), to.certificate().unwrap(), KeyTrust::Pinned);
    match from {
        Some(key) => PgpSealer::new(store).identity(&sender(), key.clone()),
        None => PgpSealer::new(store),
    }
}
