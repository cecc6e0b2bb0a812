use super::super::samples::{CONTENT, NAMES, certificate, key, sample};
use super::*;
use crate::seal::smime::certificate::Certificate;

fn sealed(content: &[&[u8]], certificates: &[Certificate], form: Form) -> Vec<u8> {
    let recipients: Vec<_> = certificates
        .iter()
        .map(|certificate| Recipient {
            certificate,
            pkcs1: form == Form::EnvelopedPkcs1,
        })
        .collect();
    let mut out = Vec::new();
    encrypt(content, &recipients, form, &mut out).unwrap();
    out
}

const FORMS: [Form; 3] = [Form::Enveloped, Form::EnvelopedPkcs1, Form::AuthEnveloped];

#[test]
fn every_form_opens_with_every_kind_of_key_and_with_no_other() {
    let big = vec![b'x'; 100_001];
    for name in NAMES {
        let own = key(name);
        let stranger = key(if name == "rsa-other" {
            "rsa"
        } else {
            "rsa-other"
        });
        for form in FORMS {
            let contents: [&[&[u8]]; 4] = [&[], &[b""], &[b"a", b"", b"bc"], &[&big, b"end"]];
            for content in contents {
                let der = sealed(content, &[certificate(name)], form);
                let opened = decrypt(&der, &[&stranger, &own]).unwrap();
                assert!(*opened.content == content.concat(), "{name} {form}");
                assert_eq!(opened.integrity, form == Form::AuthEnveloped);
                let expected = match form {
                    Form::EnvelopedPkcs1 if !name.starts_with("rsa") => Form::Enveloped,
                    form => form,
                };
                assert_eq!(opened.form, expected);
                assert_eq!(decrypt(&der, &[&stranger]).unwrap_err(), OpenError::Decrypt);
                assert_eq!(decrypt(&der, &[]).unwrap_err(), OpenError::Decrypt);
            }
        }
    }
}

#[test]
fn every_recipient_opens_the_same_message() {
    let all = NAMES.map(certificate);
    for form in FORMS {
        let der = sealed(&[CONTENT], &all, form);
        for name in NAMES {
            assert_eq!(*decrypt(&der, &[&key(name)]).unwrap().content, CONTENT);
        }
    }
}

#[test]
fn what_is_written_is_der() {
    for form in FORMS {
        let der = sealed(&[CONTENT], &NAMES.map(certificate), form);
        let element = Elements(&der).next().unwrap().unwrap();
        assert_eq!(element.to_der().unwrap(), der, "{form}");
        // The `der` types agree, and sort the same way.
        use der::{Decode as _, Encode as _};
        let info = cms::content_info::ContentInfo::from_der(&der).unwrap();
        let again = match form {
            Form::AuthEnveloped => info
                .content
                .decode_as::<cms::authenveloped_data::AuthEnvelopedData>()
                .unwrap()
                .to_der(),
            _ => info
                .content
                .decode_as::<cms::enveloped_data::EnvelopedData>()
                .unwrap()
                .to_der(),
        };
        assert_eq!(again.unwrap(), info.content.to_der().unwrap());
    }
}

#[test]
fn it_is_streamed() {
    // The ciphertext leaves in pieces, before the content has ended.
    struct Sink(usize, usize);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.max(bytes.len());
            self.1 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sink = Sink(0, 0);
    let certificate = certificate("p256");
    let recipients = [Recipient {
        certificate: &certificate,
        pkcs1: false,
    }];
    let content = vec![0u8; 3_000_000];
    encrypt(&[&content], &recipients, Form::Enveloped, &mut sink).unwrap();
    assert!(sink.0 < 100_000 && sink.1 > content.len());

    for (told, fed) in [(10, 9), (10, 11)] {
        for form in [Form::Enveloped, Form::AuthEnveloped] {
            let mut feed = |out: &mut dyn Write| out.write_all(&content[..fed]);
            let done = encrypt_from(told, &mut feed, &recipients, form, &mut Vec::new());
            assert!(done.is_err(), "{told} {fed}");
        }
    }
}

#[test]
fn who_cannot_be_encrypted_to_is_refused() {
    let certificate = certificate("ed25519");
    let recipients = [Recipient {
        certificate: &certificate,
        pkcs1: false,
    }];
    let mut out = Vec::new();
    assert_eq!(
        encrypt(&[CONTENT], &recipients, Form::Enveloped, &mut out),
        Err(SealError::Key(crate::base::KeyFault::UnsupportedAlgorithm))
    );
    assert_eq!(
        encrypt(&[CONTENT], &[], Form::Enveloped, &mut out),
        Err(SealError::NoKey)
    );
    assert!(out.is_empty());
}

#[test]
fn openssl_s_messages_open() {
    let pkcs1 = Form::EnvelopedPkcs1;
    for (name, form, der) in [
        ("rsa", pkcs1, sample!("enc-rsa-pkcs1-aes256.der")),
        ("rsa", Form::Enveloped, sample!("enc-rsa-oaep1-aes128.der")),
        (
            "rsa",
            Form::Enveloped,
            sample!("enc-rsa-oaep256-aes192.der"),
        ),
        ("rsa", Form::Enveloped, sample!("enc-rsa-oaep512-keyid.der")),
        ("rsa", Form::Enveloped, sample!("enc-rsa-stream.der")),
        ("rsa", Form::AuthEnveloped, sample!("enc-rsa-gcm256.der")),
        ("rsa", Form::AuthEnveloped, sample!("enc-rsa-gcm128.der")),
        ("p256", Form::Enveloped, sample!("enc-p256-sha1.der")),
        ("p256", Form::Enveloped, sample!("enc-p256-sha256.der")),
        ("p256", Form::AuthEnveloped, sample!("enc-p256-gcm256.der")),
        (
            "p256",
            Form::Enveloped,
            sample!("enc-p256-cofactor-wrap192.der"),
        ),
        ("p384", Form::Enveloped, sample!("enc-p384-sha384.der")),
        (
            "p521",
            Form::Enveloped,
            sample!("enc-p521-sha512-keyid.der"),
        ),
        ("rsa", pkcs1, sample!("enc-three.der")),
        ("rsa-other", pkcs1, sample!("enc-three.der")),
        ("p256", Form::Enveloped, sample!("enc-three.der")),
    ]
    .into_iter()
    {
        let opened = decrypt(der, &[&key(name)]);
        let opened = opened.unwrap_or_else(|e| panic!("{name} {form}: {e}"));
        assert_eq!(*opened.content, CONTENT);
        assert_eq!(opened.form, form, "{name}");
    }
}

#[test]
fn what_is_broken_or_mixed_is_refused() {
    for der in [
        sample!("enc-rsa-3des.der"),
        sample!("enc-rsa-oaep-mixed.der"),
        sample!("sig-rsa-stream.der"),
        sample!("rsa.der"),
        b"",
        CONTENT,
    ] {
        assert_eq!(
            decrypt(der, &[&key("rsa")]).unwrap_err(),
            OpenError::Decrypt
        );
    }
}

/// Every octet changed, every length cut: one error, no panic; and GCM opens
/// to nothing but the content.
#[test]
fn changed_and_cut_messages_give_one_error() {
    for (name, form) in [
        ("p256", Form::Enveloped),
        ("p256", Form::AuthEnveloped),
        ("rsa", Form::Enveloped),
        ("rsa", Form::EnvelopedPkcs1),
        ("rsa", Form::AuthEnveloped),
    ] {
        let (own, der) = (key(name), sealed(&[CONTENT], &[certificate(name)], form));
        for at in 0..der.len() {
            assert_eq!(
                decrypt(&der[..at], &[&own]).unwrap_err(),
                OpenError::Decrypt
            );
            for bit in [1, 0x80] {
                let mut changed = der.clone();
                changed[at] ^= bit;
                match decrypt(&changed, &[&own]) {
                    // A version number, the form of a time, CBC's content:
                    // nothing that GCM protects.
                    Ok(opened) if form == Form::AuthEnveloped => {
                        assert_eq!(*opened.content, CONTENT, "{name} at {at}");
                    }
                    Ok(opened) => assert!(!opened.integrity),
                    Err(e) => assert_eq!(e, OpenError::Decrypt),
                }
            }
        }
    }
}

/// RFC 3218: a key that was not padded well fails as late as a wrong key.
#[test]
fn pkcs1_goes_on_with_a_key_that_nobody_knows() {
    let certificate = certificate("rsa");
    let own = key("rsa");
    let bad_padding = vec![7; 256];
    let short_key = crate::base::crypto::public::encrypt_pkcs1(certificate.spki(), &[1; 16]);
    let mut all = Vec::new();
    for encrypted in [bad_padding, short_key.unwrap(), Vec::new()] {
        let id = der::Encode::to_der(&certificate.issuer_and_serial()).unwrap();
        let info = ber::tlv(
            SEQUENCE,
            &[
                &ber::tlv(INTEGER, &[&[0]]),
                &id,
                &alg::with_null(&alg::RSA_ENCRYPTION),
                &ber::tlv(OCTET_STRING, &[&encrypted]),
            ],
        );
        let infos = ber::set_of(SET, vec![info.clone(), info]);
        let element = Elements(&infos).next().unwrap().unwrap();
        let mut keys = Vec::new();
        let done = recipients::recover(&element, &[&own], 32, |recovered| {
            keys.push(recovered.key);
            None::<()>
        });
        assert!(done.is_err());
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0].len(), 32);
        // The same each time, and another for each ciphertext.
        assert_eq!(keys[0], keys[1]);
        assert!(!all.contains(&keys[0]));
        all.push(keys.remove(0));
    }
}

#[test]
fn recipient_infos_without_end_are_not_tried() {
    let certificate = certificate("p256");
    let recipient = Recipient {
        certificate: &certificate,
        pkcs1: false,
    };
    let own = key("p256");
    let tries = |count: usize| {
        let (info, _) = recipients::write(&recipient, &[3; 32]).unwrap();
        let infos = ber::tlv(SET, &[&info.repeat(count)]);
        let element = Elements(&infos).next().unwrap().unwrap();
        let mut tries = 0;
        let done = recipients::recover(&element, &[&own], 32, |_| {
            tries += 1;
            None::<()>
        });
        assert!(done.is_err());
        tries
    };
    assert_eq!(tries(2), 2);
    assert_eq!(tries(500), 16);
}

/// AES-CBC in AuthEnvelopedData would pass for authenticated.
#[test]
fn cbc_does_not_pass_for_authenticated() {
    let certificate = certificate("p256");
    let recipient = Recipient {
        certificate: &certificate,
        pkcs1: false,
    };
    let (key_bytes, iv) = ([5; 32], [6; 16]);
    let (info, _) = recipients::write(&recipient, &key_bytes).unwrap();
    let infos = ber::set_of(SET, vec![info]);
    let mut ciphertext = Vec::new();
    let mut encryptor = CbcEncryptor::new(&key_bytes, iv).unwrap();
    encryptor
        .update(CONTENT, |piece| {
            ciphertext.extend_from_slice(piece);
            Ok(())
        })
        .unwrap();
    ciphertext.extend_from_slice(&encryptor.finish().unwrap());
    let algorithm = alg::algorithm(&AES_256_CBC, &ber::tlv(OCTET_STRING, &[&iv]));
    let message = |content_type, tag: &[u8]| {
        let version = ber::tlv(INTEGER, &[&[0]]);
        let before: [&[u8]; 2] = [&version, &infos];
        let head = prefix(
            content_type,
            &before,
            &algorithm,
            ciphertext.len(),
            tag.len(),
        );
        [&head, ciphertext.as_slice(), tag].concat()
    };
    let own = key("p256");
    let plain = message(&ENVELOPED_DATA, &[]);
    assert!(!decrypt(&plain, &[&own]).unwrap().integrity);
    let tag = ber::tlv(OCTET_STRING, &[&[0; TAG]]);
    let disguised = message(&AUTH_ENVELOPED_DATA, &tag);
    assert_eq!(
        decrypt(&disguised, &[&own]).unwrap_err(),
        OpenError::Decrypt
    );
}
