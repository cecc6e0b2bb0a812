//! What others made, and what was changed on its way.

use std::io::Write;

use openpgp::serialize::stream::{
    Compressor, Encryptor, LiteralWriter, Message, Recipient, Signer as StreamSigner,
};
use openpgp::types::{CompressionAlgorithm, Features};
use sequoia_openpgp as openpgp;

use super::*;
use crate::base::Form;
use crate::seal::open::Verdict;
use crate::seal::pgp::{decrypt, verify_detached};
use crate::seal::{OpenError, SealJob, Sealer};

fn gpg(file: &[u8]) -> PgpKey {
    PgpKey::read(file, &passphrase()).unwrap()
}

fn unnamed(key: &PgpKey, trust: KeyTrust) -> PgpCertificate {
    PgpCertificate {
        bytes: key.certificate().unwrap(),
        trust,
        address: None,
    }
}

#[test]
fn opens_what_gpg_makes() {
    for (secret, message, signature) in [
        (
            vector!("rsa2048.sec.asc"),
            vector!("gpg-rsa2048.asc"),
            vector!("gpg-rsa2048.sig.asc"),
        ),
        (
            vector!("cv25519.sec.asc"),
            vector!("gpg-cv25519.asc"),
            vector!("gpg-cv25519.sig.asc"),
        ),
    ] {
        let key = gpg(secret);
        let known = [unnamed(&key, KeyTrust::Discovered)];
        let opened = decrypt(message, &[&key], &known, NOW).unwrap();
        assert_eq!(&opened.content[..], vector!("body.txt"));
        assert_eq!((opened.form, opened.integrity), (Form::SeipdV1, true));
        let good = Verdict::Valid(KeyTrust::Discovered);
        assert_eq!(
            opened
                .signatures
                .iter()
                .map(|s| s.verdict)
                .collect::<Vec<_>>(),
            [good]
        );
        let reports = verify_detached(vector!("body.txt"), signature, &known, NOW).unwrap();
        assert_eq!(
            reports.iter().map(|s| s.verdict).collect::<Vec<_>>(),
            [good]
        );
        let reports = verify_detached(b"other", signature, &known, NOW).unwrap();
        assert_eq!(reports[0].verdict, Verdict::Invalid("signature.bad"));
    }
}

#[test]
fn the_message_of_rfc_9580_a_8() {
    let cert = Cert::from_bytes(vector!("v6-minimal-secret.key")).unwrap();
    let key = key_of(cert);
    let opened = decrypt(vector!("v6-message-a8.asc"), &[&key], &[], NOW).unwrap();
    assert_eq!(&opened.content[..], b"Hello, world!");
    assert_eq!(opened.form, Form::SeipdV2);
    assert!(opened.signatures.is_empty());
}

#[test]
fn broken_and_foreign_forms_give_the_one_error() {
    let key = gpg(vector!("rsa2048.sec.asc"));
    for message in [
        vector!("gpg-3des.asc"),
        vector!("gpg-nomdc.asc"),
        vector!("gpg-sym.asc"),
        vector!("gpg-signed-only.asc"),
        vector!("gpg-rsa2048.sig.asc"),
        vector!("compression-quine.pgp"),
        vector!("v6-message-a8.asc"),
        b"",
        b"text",
    ] {
        assert_eq!(
            decrypt(message, &[&key], &[], NOW).err(),
            Some(OpenError::Decrypt)
        );
    }
    assert!(verify_detached(b"x", b"no signature", &[], NOW).is_err());
    let known = [unnamed(&key, KeyTrust::Pinned)];
    let weak = verify_detached(
        vector!("body.txt"),
        vector!("gpg-sha1.sig.asc"),
        &known,
        NOW,
    )
    .unwrap();
    assert_eq!(weak[0].verdict, Verdict::Invalid("signature.weak_hash"));
}

/// Every octet changed and every length cut, of both forms.
#[test]
fn what_was_changed_is_not_opened() {
    for (own, to) in [
        (
            PgpKey::make_random(&sender(), days(-1)),
            PgpKey::make_random(&recipient(), days(-1)),
        ),
        (
            PgpKey::make_random_v6(&sender(), days(-1)),
            PgpKey::make_random_v6(&recipient(), days(-1)),
        ),
    ] {
        let (own, to) = (own.unwrap(), to.unwrap());
        let (s, r) = (sender(), recipient());
        let sealer = sealer(Some(&own), &to).copy_to_self(false);
        let sealed = armour(&sealer.seal(&SealJob::new(MESSAGE, &s, &r, NOW)).unwrap());
        let mut binary = Vec::new();
        let mut reader = openpgp::armor::Reader::from_bytes(&sealed, None);
        std::io::Read::read_to_end(&mut reader, &mut binary).unwrap();
        assert!(decrypt(&binary, &[&to], &[], NOW).is_ok());
        for i in 0..binary.len() {
            let cut = decrypt(&binary[..i], &[&to], &[], NOW);
            assert_eq!(cut.err(), Some(OpenError::Decrypt), "cut at {i}");
            let mut changed = binary.clone();
            changed[i] ^= 1 << (i % 8);
            match decrypt(&changed, &[&to], &[], NOW) {
                Err(e) => assert_eq!(e, OpenError::Decrypt),
                // The curve point's unused bit; nothing of the content.
                Ok(opened) => assert!(opened.content.ends_with(b"6.1 %.\r\n"), "changed at {i}"),
            }
        }
        let longer = [&binary[..], b"\xcb\x08b\0\0\0\0\0hi"].concat();
        assert!(decrypt(&longer, &[&to], &[], NOW).is_err());
    }
}

/// An encrypted message with this inside.
fn encrypted(to: &PgpKey, inside: impl Fn(Message<'_>)) -> Vec<u8> {
    let cert = Cert::from_bytes(&to.certificate().unwrap()).unwrap();
    let mut out = Vec::new();
    let key = cert
        .keys()
        .subkeys()
        .find(|k| k.key().pk_algo().for_encryption())
        .unwrap();
    let recipient = Recipient::new(
        Features::empty().set_seipdv1(),
        key.key().key_handle(),
        key.key(),
    );
    let recipient = recipient
        .set_key_handle(openpgp::KeyHandle::from(key.key().keyid()))
        .unwrap();
    inside(
        Encryptor::for_recipients(Message::new(&mut out), [recipient])
            .build()
            .unwrap(),
    );
    out
}

fn literal<'a>(message: Message<'a>, text: &[u8]) -> Option<Message<'a>> {
    let mut literal = LiteralWriter::new(message).build().unwrap();
    literal.write_all(text).unwrap();
    literal.finalize_one().unwrap()
}

fn signing<'a>(cert: &Cert, message: Message<'a>) -> Message<'a> {
    let key = cert
        .keys()
        .subkeys()
        .find(|k| k.key().pk_algo().for_signing())
        .unwrap();
    let secret = key.key().clone().parts_into_secret().unwrap();
    StreamSigner::new(message, secret.into_keypair().unwrap())
        .unwrap()
        .creation_time(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_799_999_999))
        .build()
        .unwrap()
}

#[test]
fn only_one_literal_inside() {
    let to = PgpKey::make_random(&recipient(), days(-1)).unwrap();
    let signer = full(&sender(), CipherSuite::Cv25519, Profile::RFC4880);
    let known = [unnamed(&key_of(signer.clone()), KeyTrust::Pinned)];
    let open = |message: &[u8]| decrypt(message, &[&to], &known, NOW);

    let one = encrypted(&to, |m| literal(m, b"one").unwrap().finalize().unwrap());
    assert_eq!(&open(&one).unwrap().content[..], b"one");
    let signed = encrypted(&to, |m| {
        literal(signing(&signer, m), b"signed")
            .unwrap()
            .finalize()
            .unwrap();
    });
    let opened = open(&signed).unwrap();
    assert_eq!(
        opened.signatures[0].verdict,
        Verdict::Valid(KeyTrust::Pinned)
    );

    let two = encrypted(&to, |m| {
        let m = literal(m, b"one").unwrap();
        literal(m, b"two").unwrap().finalize().unwrap();
    });
    assert!(open(&two).is_err());
    // Signed first, and something unsigned behind it.
    let trailing = encrypted(&to, |m| {
        let m = literal(signing(&signer, m), b"signed").unwrap();
        let m = m.finalize_one().unwrap().unwrap();
        literal(m, b"unsigned").unwrap().finalize().unwrap();
    });
    assert!(open(&trailing).is_err());
    // Something unsigned first.
    let leading = encrypted(&to, |m| {
        let m = literal(m, b"unsigned").unwrap();
        literal(signing(&signer, m), b"signed")
            .unwrap()
            .finalize()
            .unwrap();
    });
    assert!(open(&leading).is_err());
    // A signature around compressed data is not one of the content.
    let around = encrypted(&to, |m| {
        let m = Compressor::new(signing(&signer, m))
            .algo(CompressionAlgorithm::Zip)
            .build()
            .unwrap();
        literal(m, b"x").unwrap().finalize().unwrap();
    });
    assert!(open(&around).is_err());
    let nested = |depth: usize| {
        encrypted(&to, |mut m| {
            for _ in 0..depth {
                m = Compressor::new(m)
                    .algo(CompressionAlgorithm::Zip)
                    .build()
                    .unwrap();
            }
            literal(m, b"deep").unwrap().finalize().unwrap();
        })
    };
    assert!(open(&nested(8)).is_ok());
    assert!(open(&nested(9)).is_err());
}

#[test]
fn a_compression_bomb_is_refused() {
    let to = PgpKey::make_random(&recipient(), days(-1)).unwrap();
    let bomb = |size: usize| {
        encrypted(&to, |m| {
            let m = Compressor::new(m)
                .algo(CompressionAlgorithm::Zip)
                .build()
                .unwrap();
            let mut m = LiteralWriter::new(m).build().unwrap();
            for _ in 0..size {
                m.write_all(&[0; 1 << 20]).unwrap();
            }
            m.finalize().unwrap();
        })
    };
    assert!(decrypt(&bomb(8), &[&to], &[], NOW).is_ok());
    assert_eq!(
        decrypt(&bomb(40), &[&to], &[], NOW).err(),
        Some(OpenError::Decrypt)
    );
}

#[test]
fn signatures_of_keys_that_may_not() {
    let (s, r) = (sender(), recipient());
    let to = PgpKey::make_random(&r, days(-1)).unwrap();
    let cert = full(&s, CipherSuite::Cv25519, Profile::RFC4880);
    let own = key_of(cert.clone());
    let sealed = armour(
        &sealer(Some(&own), &to)
            .seal(&SealJob::new(MESSAGE, &s, &r, NOW))
            .unwrap(),
    );
    let verdict = |certificate: &PgpCertificate, now| {
        let opened = decrypt(&sealed, &[&to], std::slice::from_ref(certificate), now).unwrap();
        opened.signatures[0].verdict
    };
    let good = known(&own, &s, KeyTrust::Verified);
    assert_eq!(verdict(&good, NOW), Verdict::Valid(KeyTrust::Verified));
    // Held for somebody whom it does not name.
    let other = PgpCertificate {
        address: Some(r.clone()),
        ..good.clone()
    };
    assert_eq!(
        verdict(&other, NOW),
        Verdict::Untrusted(KeyFault::OtherAddress)
    );
    let pinned = PgpCertificate {
        trust: KeyTrust::Pinned,
        ..other
    };
    assert_eq!(verdict(&pinned, NOW), Verdict::Valid(KeyTrust::Pinned));
    // The signer's clock is ahead.
    assert_eq!(
        verdict(&good, days(-1)),
        Verdict::Untrusted(KeyFault::NotYetValid)
    );
    // Revoked since.
    let mut primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let revocation = CertRevocationBuilder::new()
        .set_signature_creation_time(at(days(1)).into())
        .unwrap()
        .build(&mut primary, &cert, None)
        .unwrap();
    let revoked = key_of(cert.insert_packets(revocation).unwrap().0);
    let revoked = known(&revoked, &s, KeyTrust::Verified);
    assert_eq!(
        verdict(&revoked, days(2)),
        Verdict::Untrusted(KeyFault::Revoked)
    );
    // Sealed to one and sent on to another: the signature names the first.
    let thief = PgpKey::make_random(&address("thief@mail.example"), days(-1)).unwrap();
    let message = {
        let signed_for_other = full(&s, CipherSuite::Cv25519, Profile::RFC4880);
        let pair = signed_for_other
            .keys()
            .subkeys()
            .find(|k| k.key().pk_algo().for_signing())
            .unwrap();
        let pair = pair
            .key()
            .clone()
            .parts_into_secret()
            .unwrap()
            .into_keypair()
            .unwrap();
        let intended = Cert::from_bytes(&thief.certificate().unwrap()).unwrap();
        let sealed = encrypted(&to, |m| {
            let m = StreamSigner::new(m, pair.clone())
                .unwrap()
                .add_intended_recipient(&intended);
            let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_799_999_999);
            literal(m.creation_time(at).build().unwrap(), b"x")
                .unwrap()
                .finalize()
                .unwrap();
        });
        (
            sealed,
            known(&key_of(signed_for_other), &s, KeyTrust::Pinned),
        )
    };
    let opened = decrypt(&message.0, &[&to], &[message.1], NOW).unwrap();
    assert_eq!(
        opened.signatures[0].verdict,
        Verdict::Invalid("signature.other_recipient")
    );
}
