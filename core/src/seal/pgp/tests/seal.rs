//! Sealing and opening again.

use openpgp::packet::{PKESK, SEIP};
use sequoia_openpgp as openpgp;

use super::*;
use crate::base::{Form, FormReason};
use crate::seal::open::Verdict;
use crate::seal::pgp::{decrypt, verify_detached};
use crate::seal::{KeyStatus, OpenError, SealError, SealJob, Sealer};

fn job() -> (Address, Address) {
    (sender(), recipient())
}

/// Seals from one key to another and opens with both.
fn round_trip(from: &PgpKey, to: &PgpKey, form: Form) {
    let (s, r) = job();
    let sealed = sealer(Some(from), to)
        .seal(&SealJob::new(MESSAGE, &s, &r, NOW))
        .unwrap();
    assert!(!sealed.windows(5).any(|w| w == b"HbA1c"));
    let lone = sealed
        .iter()
        .enumerate()
        .any(|(i, &b)| b == b'\n' && sealed[i - 1] != b'\r');
    assert!(!lone, "a lone LF");
    let message = armour(&sealed);
    let known = [known(from, &s, KeyTrust::Verified)];
    for reader in [from, to] {
        let opened = decrypt(&message, &[reader], &known, NOW).unwrap();
        assert_eq!(opened.form, form);
        assert!(opened.content.ends_with(b"The HbA1c is 6.1 %.\r\n"));
        assert_eq!(opened.signatures.len(), 1);
        assert_eq!(
            opened.signatures[0].verdict,
            Verdict::Valid(KeyTrust::Verified)
        );
        assert_eq!(
            opened.signatures[0].signer.addresses.expose(),
            &[s.canonical()]
        );
        assert_eq!(opened.signatures[0].made, Some(NOW));
    }
    let stranger = PgpKey::make_random(&r, days(-1)).unwrap();
    assert_eq!(
        decrypt(&message, &[&stranger], &known, NOW).err(),
        Some(OpenError::Decrypt)
    );
}

#[test]
fn curve25519_of_version_4_gets_seipd_v1() {
    let from = PgpKey::make_random(&sender(), days(-1)).unwrap();
    let to = PgpKey::make_random(&recipient(), days(-1)).unwrap();
    round_trip(&from, &to, Form::SeipdV1);
}

#[test]
fn version_6_gets_seipd_v2() {
    let from = PgpKey::make_random_v6(&sender(), days(-1)).unwrap();
    let to = PgpKey::make_random_v6(&recipient(), days(-1)).unwrap();
    round_trip(&from, &to, Form::SeipdV2);
}

#[test]
fn nist_curves() {
    for suite in [CipherSuite::P256, CipherSuite::P384, CipherSuite::P521] {
        let from = key_of(full(&sender(), suite, Profile::RFC4880));
        let to = key_of(full(&recipient(), suite, Profile::RFC4880));
        round_trip(&from, &to, Form::SeipdV1);
    }
}

#[test]
fn the_form_follows_the_key_and_the_host_not_the_features() {
    // Sequoia's builder advertises SEIPDv2 in a version 4 certificate.
    let to = key_of(full(&recipient(), CipherSuite::Cv25519, Profile::RFC4880));
    let (s, r) = job();
    let plain = sealer(None, &to);
    assert_eq!(
        plain.assess(&s, &r, NOW),
        KeyStatus::usable(KeyTrust::Pinned, Form::SeipdV1, FormReason::Default)
    );
    let job = SealJob::new(MESSAGE, &s, &r, NOW);
    let found = packets(&armour(&plain.seal(&job).unwrap()));
    assert!(matches!(
        &found[..],
        [Packet::PKESK(PKESK::V3(_)), Packet::SEIP(SEIP::V1(_))]
    ));

    let host = sealer(None, &to).form_for(&r, Form::SeipdV2);
    assert_eq!(
        host.assess(&s, &r, NOW),
        KeyStatus::usable(KeyTrust::Pinned, Form::SeipdV2, FormReason::Host)
    );
    let found = packets(&armour(&host.seal(&job).unwrap()));
    let [Packet::PKESK(PKESK::V6(_)), Packet::SEIP(SEIP::V2(seip))] = &found[..] else {
        panic!("not SEIPDv2: {found:?}");
    };
    assert_eq!(
        seip.symmetric_algo(),
        openpgp::types::SymmetricAlgorithm::AES256
    );
    assert_eq!(seip.aead(), openpgp::types::AEADAlgorithm::OCB);
}

#[test]
fn a_copy_is_for_exactly_those_it_names() {
    let own = PgpKey::make_random(&sender(), days(-1)).unwrap();
    let to = PgpKey::make_random(&recipient(), days(-1)).unwrap();
    let other = PgpKey::make_random_v6(&address("nurse@ward.example"), days(-1)).unwrap();
    let bcc = PgpKey::make_random(&address("bcc@ward.example"), days(-1)).unwrap();
    let store = Store::default()
        .with(&recipient(), to.certificate().unwrap(), KeyTrust::Pinned)
        .with(
            &address("nurse@ward.example"),
            other.certificate().unwrap(),
            KeyTrust::Pinned,
        )
        .with(
            &address("bcc@ward.example"),
            bcc.certificate().unwrap(),
            KeyTrust::Pinned,
        );
    let (s, r) = job();
    let shared = [
        address("nurse@ward.example"),
        address("nobody@ward.example"),
    ];
    let job = SealJob::new(MESSAGE, &s, &r, NOW).shared_with(&shared);
    let ids = |sealer: &PgpSealer, job: &SealJob<'_>| -> Vec<String> {
        let mut all: Vec<_> = packets(&armour(&sealer.seal(job).unwrap()))
            .iter()
            .filter_map(|p| match p {
                Packet::PKESK(p) => Some(p.recipient().unwrap().to_hex()),
                _ => None,
            })
            .collect();
        all.sort();
        all
    };
    let encryption = |key: &PgpKey| {
        let cert = Cert::from_bytes(&key.certificate().unwrap()).unwrap();
        let mut subkeys = cert.keys().subkeys();
        let found = subkeys.find(|k| k.key().pk_algo().for_encryption());
        found.unwrap().key().keyid().to_hex()
    };
    let expected = |keys: &[&PgpKey]| {
        let mut all: Vec<_> = keys.iter().map(|key| encryption(key)).collect();
        all.sort();
        all
    };
    let sealer = PgpSealer::new(store.clone()).identity(&s, own.clone());
    assert_eq!(ids(&sealer, &job), expected(&[&own, &to, &other]));
    let alone = SealJob::new(MESSAGE, &s, &r, NOW);
    assert_eq!(ids(&sealer, &alone), expected(&[&own, &to]));
    let sealer = sealer.copy_to_self(false);
    assert_eq!(ids(&sealer, &alone), expected(&[&to]));
    // One who reads SEIPDv1 only decides for all.
    let found = packets(&armour(&sealer.seal(&job).unwrap()));
    assert!(matches!(found.last(), Some(Packet::SEIP(SEIP::V1(_)))));
    // The version 6 reader opens that too.
    let message = armour(&sealer.seal(&job).unwrap());
    assert!(decrypt(&message, &[&other], &[], NOW).is_ok());
    assert!(decrypt(&message, &[&bcc], &[], NOW).is_err());
}

#[test]
fn without_an_identity_it_is_not_signed() {
    let to = PgpKey::make_random(&recipient(), days(-1)).unwrap();
    let (s, r) = job();
    let sealed = sealer(None, &to)
        .seal(&SealJob::new(MESSAGE, &s, &r, NOW))
        .unwrap();
    let opened = decrypt(&armour(&sealed), &[&to], &[], NOW).unwrap();
    assert!(opened.signatures.is_empty() && opened.integrity);
    let nobody = PgpSealer::new(Store::default());
    let refused = nobody.seal(&SealJob::new(MESSAGE, &s, &r, NOW));
    assert_eq!(refused.err(), Some(SealError::NoKey));
    assert_eq!(nobody.assess(&s, &r, NOW), KeyStatus::NONE);
}

/// What stands between the boundaries, and the signature.
fn signed_parts(signed: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let text = std::str::from_utf8(signed).unwrap();
    let boundary = text
        .split("boundary=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let mark = format!("\r\n--{boundary}\r\n");
    let mut parts = text.split(&mark);
    parts.next().unwrap();
    let data = parts.next().unwrap().as_bytes().to_vec();
    let tail = parts.next().unwrap();
    let begin = tail.find("-----BEGIN").unwrap();
    let end = tail.find(&format!("\r\n--{boundary}--")).unwrap();
    (data, tail.as_bytes()[begin..end].to_vec())
}

#[test]
fn signs_what_stands_between_the_boundaries() {
    for key in [
        PgpKey::make_random(&sender(), days(-1)).unwrap(),
        PgpKey::make_random_v6(&sender(), days(-1)).unwrap(),
        key_of(full(&sender(), CipherSuite::P384, Profile::RFC4880)),
    ] {
        let sealer = PgpSealer::new(Store::default()).identity(&sender(), key.clone());
        let trailing = [MESSAGE, b"-- \r\nDr. Who \t\r\n\r\n"].concat();
        let signed = sealer.sign(&trailing, &sender(), NOW).unwrap();
        let (data, signature) = signed_parts(&signed);
        let known = [known(&key, &sender(), KeyTrust::Pinned)];
        let reports = verify_detached(&data, &signature, &known, NOW).unwrap();
        assert_eq!(reports.len(), 1);
        assert_eq!(reports[0].verdict, Verdict::Valid(KeyTrust::Pinned));
        // A blank at a line's end counts.
        let stripped = String::from_utf8(data).unwrap().replace(" \t\r\n", "\r\n");
        let reports = verify_detached(stripped.as_bytes(), &signature, &known, NOW).unwrap();
        assert_eq!(reports[0].verdict, Verdict::Invalid("signature.bad"));
        assert_eq!(reports[0].signer.fingerprint, key.fingerprint());
        // Nobody knows the signer.
        let reports = verify_detached(b"x", &signature, &[], NOW).unwrap();
        assert_eq!(reports[0].verdict, Verdict::Untrusted(KeyFault::Untrusted));
        assert!(reports[0].signer.certificate.is_none());
        assert!(!reports[0].signer.fingerprint.is_empty());
    }
}

#[test]
fn signs_only_what_no_relay_changes() {
    let key = PgpKey::make_random(&sender(), days(-1)).unwrap();
    let sealer = PgpSealer::new(Store::default()).identity(&sender(), key);
    for bad in [
        &b"\xc3\xa4\r\n"[..],
        b"lone\n",
        b"lone\rcr\r\n",
        b"nul\0\r\n",
    ] {
        let message = [MESSAGE, bad].concat();
        assert!(matches!(
            sealer.sign(&message, &sender(), NOW),
            Err(SealError::Message(_))
        ));
    }
    assert_eq!(
        sealer.sign(MESSAGE, &recipient(), NOW).err(),
        Some(SealError::Key(KeyFault::NoSigningKey))
    );
}

#[test]
fn keys_that_are_known_too_little_are_not_sealed_to() {
    let (from, to) = job();
    let shared = address("team@mail.example");
    let key = |a: &Address| key_of(full(a, CipherSuite::Cv25519, Profile::RFC4880));
    let (own, other) = (key(&to), key(&shared));
    let store = Store::default()
        .with(&to, own.certificate().unwrap(), KeyTrust::Verified)
        .with(&shared, other.certificate().unwrap(), KeyTrust::Discovered);
    let sealer = PgpSealer::new(store);
    let others = [shared];
    let job = SealJob::new(MESSAGE, &from, &to, NOW).shared_with(&others);
    let keys = |job: &SealJob<'_>| {
        let sealed = sealer.seal(job)?;
        let packets = packets(&armour(&sealed));
        Ok(packets
            .iter()
            .filter(|p| matches!(p, Packet::PKESK(_)))
            .count())
    };
    assert_eq!(keys(&job), Ok(2));
    assert_eq!(keys(&job.least_trust(KeyTrust::Verified)), Ok(1));
    assert_eq!(
        keys(&job.least_trust(KeyTrust::Pinned)),
        Err(SealError::Key(KeyFault::Untrusted))
    );
}
