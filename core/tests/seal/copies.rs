//! Whose keys stand in whose copy: key ids and recipient infos.

use std::collections::BTreeSet;
use std::sync::Arc;

use mailseal::base::{
    Address, Clock as _, Disclosure, KeyFault, KeyTrust, RecipientId, Route, TlsAssurance,
};
use mailseal::compose::Message;
use mailseal::discover::PinnedKeys;
use mailseal::policy::Policy;
use mailseal::seal::pgp::PgpSealer;
use mailseal::seal::smime::SmimeSealer;
use mailseal::seal::{Certificates, KnownCertificate, SealError, SealJob, Sealer};
use mailseal::testing::{Sandbox, SandboxDomain};
use mailseal::{Client, Keys, SealedMessage, Storage};

use super::house::{House, Person, ROUTES, entity};

async fn sealed(
    house: &House,
    route: Route,
    disclosure: Disclosure,
) -> Vec<(Address, SealedMessage)> {
    sealed_without(house, route, disclosure, None).await
}

async fn sealed_without(
    house: &House,
    route: Route,
    disclosure: Disclosure,
    dropped: Option<u32>,
) -> Vec<(Address, SealedMessage)> {
    let mut sandbox = Sandbox::new().await.unwrap();
    for domain in ["mail.example", "other.example", "evil.example"] {
        sandbox.domain(SandboxDomain::new(domain)).await.unwrap();
    }
    assert_eq!(sandbox.clock().now(), house.now);
    let builder = sandbox
        .builder(Storage::memory(), Keys::from_bytes([7; 32]))
        .unwrap()
        .policy(Policy::hipaa());
    let client: Client = match route {
        Route::Pgp => builder.sealer(house.pgp()),
        _ => builder.sealer(house.smime()),
    }
    .build()
    .await
    .unwrap();
    let message = Message::builder()
        .from(house.clinic.address.clone())
        .to(house.pat.address.clone())
        .cc(house.kim.address.clone())
        .bcc(house.eve.address.clone())
        .subject("results")
        .text("HbA1c 9.1".to_owned())
        .disclosure(disclosure)
        .build()
        .unwrap();
    let mut plan = client.plan(message).await.unwrap();
    if let Some(dropped) = dropped {
        assert!(plan.drop_recipient(RecipientId::new(dropped)));
    }
    let (_, sealed) = client.seal(plan, None).await.unwrap();
    assert!(
        sealed
            .iter()
            .all(|s| s.transport_floor >= TlsAssurance::Opportunistic)
    );
    sealed
        .into_iter()
        .map(|s| (s.envelope.recipients[0].clone(), s))
        .collect()
}

/// The recipients that a copy names to whoever carries it.
fn named(house: &House, route: Route, raw: &[u8]) -> BTreeSet<String> {
    let everybody = [&house.clinic, &house.pat, &house.kim, &house.eve];
    let found = |person: &&Person| match route {
        Route::Pgp => {
            // Learnt from a message that is sealed to nobody else.
            let message = house.message();
            let alone = PgpSealer::new(Arc::clone(&house.known));
            let job = SealJob::new(&message, &house.clinic.address, &person.address, house.now);
            let [own] = key_ids(&armoured(&alone.seal(&job).unwrap()))[..] else {
                panic!("one key");
            };
            key_ids(&armoured(raw)).contains(&own)
        }
        // A recipient info holds the certificate's serial number.
        _ => {
            let serial = serial_number(person.smime.certificate().der());
            assert!(serial.len() >= 8);
            let der = body(raw);
            der.windows(serial.len()).any(|w| w == serial)
        }
    };
    let named: Vec<&Person> = everybody.into_iter().filter(found).collect();
    if route == Route::Pgp {
        assert_eq!(
            named.len(),
            key_ids(&armoured(raw)).len(),
            "a key of nobody's"
        );
    }
    named
        .iter()
        .map(|p| p.address.as_str().to_owned())
        .collect()
}

/// The key ids of the PKESK packets (RFC 9580 section 5.1.1) before the
/// encrypted data.
fn key_ids(mut packets: &[u8]) -> Vec<[u8; 8]> {
    let mut ids = Vec::new();
    while let [0xc1, length @ 0..192, rest @ ..] = packets {
        assert_eq!(rest[0], 3, "version");
        ids.push(rest[1..9].try_into().unwrap());
        packets = &rest[usize::from(*length)..];
    }
    ids
}

/// The serial number's octets: Certificate, TBSCertificate, [0] version,
/// serialNumber (RFC 5280 section 4.1).
fn serial_number(der: &[u8]) -> &[u8] {
    let certificate = content(der).0;
    let tbs = content(certificate).0;
    let (_, after_version) = content(tbs);
    content(after_version).0
}

/// The content of the first element, and what follows it.
fn content(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, head) = match der[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        0x81 => (usize::from(der[2]), 3),
        0x82 => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
        _ => panic!("too long for a test"),
    };
    (&der[head..head + length], &der[head + length..])
}

fn base64(text: &str) -> Vec<u8> {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    data_encoding::BASE64.decode(dense.as_bytes()).unwrap()
}

fn body(raw: &[u8]) -> Vec<u8> {
    let part = entity(raw);
    let text = std::str::from_utf8(&part).unwrap();
    base64(text.split_once("\r\n\r\n").unwrap().1)
}

fn armoured(raw: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(raw).unwrap();
    let inner = text.split("-----BEGIN PGP MESSAGE-----").nth(1).unwrap();
    let inner = inner.split("-----END").next().unwrap();
    let inner = inner.split_once("\r\n\r\n").unwrap().1;
    // The checksum line, where there is one.
    let lines: Vec<&str> = inner.lines().filter(|l| !l.starts_with('=')).collect();
    base64(&lines.concat())
}

#[tokio::test]
async fn an_individual_copy_names_its_recipient_and_the_sender_only() {
    let house = House::new();
    for route in ROUTES {
        let copies = sealed(&house, route, Disclosure::Individual).await;
        assert_eq!(copies.len(), 3);
        for (to, copy) in copies {
            let expected = BTreeSet::from([
                to.as_str().to_owned(),
                house.clinic.address.as_str().to_owned(),
            ]);
            assert_eq!(named(&house, route, &copy.bytes), expected, "{route}");
        }
    }
}

#[tokio::test]
async fn a_shared_copy_names_who_shares_it_and_never_a_bcc() {
    let house = House::new();
    for route in ROUTES {
        for (to, copy) in sealed(&house, route, Disclosure::Shared).await {
            let named = named(&house, route, &copy.bytes);
            let people = |list: &[&Address]| -> BTreeSet<String> {
                list.iter().map(|a| a.as_str().to_owned()).collect()
            };
            let expected = if to == house.eve.address {
                people(&[&house.eve.address, &house.clinic.address])
            } else {
                people(&[
                    &house.pat.address,
                    &house.kim.address,
                    &house.clinic.address,
                ])
            };
            assert_eq!(named, expected, "{route}");
        }
    }
}

#[test]
fn the_check_would_see_a_key_that_should_not_be_there() {
    let house = House::new();
    let message = house.message();
    for route in ROUTES {
        let job = mailseal::seal::SealJob::new(
            &message,
            &house.clinic.address,
            &house.pat.address,
            house.now,
        );
        let others = [house.eve.address.clone()];
        let raw = house.sealer(route).seal(&job.shared_with(&others)).unwrap();
        assert!(named(&house, route, &raw).contains("eve@evil.example"));
    }
}

#[tokio::test]
async fn a_shared_copy_is_not_sealed_to_who_was_dropped() {
    let house = House::new();
    let all = sealed_without(&house, Route::Pgp, Disclosure::Shared, Some(1)).await;
    assert_eq!(all.len(), 2);
    let named = named(&house, Route::Pgp, &all[0].1.bytes);
    assert!(!named.contains(house.kim.address.as_str()), "{named:?}");
}

/// What the house knows, known less.
#[derive(Debug)]
struct Heard(Arc<PinnedKeys>);

impl Certificates for Heard {
    fn certificate(
        &self,
        route: Route,
        address: &Address,
    ) -> Result<Option<KnownCertificate>, KeyFault> {
        let trust = match address.as_str().starts_with("pat") {
            true => KeyTrust::Verified,
            false => KeyTrust::Discovered,
        };
        let found = self.0.certificate(route, address)?;
        Ok(found.map(|c| KnownCertificate::new(c.bytes, trust)))
    }
}

#[test]
fn a_key_that_is_known_too_little_stands_in_no_copy() {
    let house = House::new();
    let message = house.message();
    let heard = || Heard(Arc::clone(&house.known));
    for route in ROUTES {
        let sealer: Box<dyn Sealer> = match route {
            Route::Pgp => Box::new(PgpSealer::new(heard())),
            _ => Box::new(
                SmimeSealer::new(heard())
                    .identity(&house.clinic.address, house.clinic.smime.clone()),
            ),
        };
        let others = [house.kim.address.clone()];
        let to_pat = SealJob::new(
            &message,
            &house.clinic.address,
            &house.pat.address,
            house.now,
        )
        .shared_with(&others);
        let raw = sealer.seal(&to_pat).unwrap();
        assert!(named(&house, route, &raw).contains("kim@other.example"));
        let raw = sealer
            .seal(&to_pat.least_trust(KeyTrust::Verified))
            .unwrap();
        let names = named(&house, route, &raw);
        assert!(names.contains("pat@mail.example") && !names.contains("kim@other.example"));
        let pinned_only = sealer.seal(&to_pat.least_trust(KeyTrust::Pinned));
        assert_eq!(pinned_only, Err(SealError::Key(KeyFault::Untrusted)));
    }
}
