use std::collections::BTreeMap;

use super::super::enveloped::decrypt;
use super::super::samples::{NAMES, NOW, certificate_der, key};
use super::super::signed::verify;
use super::*;
use crate::base::Fact;
use crate::seal::KnownCertificate;

const MESSAGE: &[u8] = b"From: <clinic@harbor.example>\r\nTo: <p256@clinic.example>\r\n\
    Subject: Your visit\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n\
    The result is ready.\r\n";

#[derive(Debug, Default)]
struct Source(BTreeMap<String, (Vec<u8>, KeyTrust)>);

impl Certificates for Source {
    fn certificate(
        &self,
        route: Route,
        address: &Address,
    ) -> Result<Option<KnownCertificate>, KeyFault> {
        assert_eq!(route, Route::Smime);
        if address.local_part() == "broken" {
            return Err(KeyFault::Changed);
        }
        Ok(self
            .0
            .get(address.as_str())
            .map(|(bytes, trust)| KnownCertificate::new(bytes.clone(), *trust)))
    }
}

fn address(name: &str) -> Address {
    format!("{name}@clinic.example").parse().unwrap()
}

fn sender() -> Address {
    "clinic@harbor.example".parse().unwrap()
}

fn sealer(trust: KeyTrust) -> SmimeSealer {
    let mut source = Source::default();
    for name in NAMES.into_iter().chain(["ed25519"]) {
        let der = certificate_der(name).to_vec();
        source
            .0
            .insert(address(name).as_str().to_owned(), (der, trust));
    }
    SmimeSealer::new(source)
}

fn signing(trust: KeyTrust) -> SmimeSealer {
    sealer(trust).identity(&sender(), key("rsa-other"))
}

/// The CMS of a sealed message, and its header.
fn cms(message: &[u8]) -> (String, Vec<u8>) {
    let text = std::str::from_utf8(message).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    for line in text.split("\r\n") {
        assert!(line.len() <= 78 && !line.contains('\n'), "{line}");
    }
    let body = data_encoding::BASE64_MIME.decode(body.as_bytes()).unwrap();
    (head.to_owned(), body)
}

/// Verifies a multipart/signed or opaque entity; the payload.
fn signed_payload(entity: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(entity).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    if head.contains("smime-type=signed-data") {
        let der = data_encoding::BASE64_MIME.decode(body.as_bytes()).unwrap();
        let verified = verify(&der, None).unwrap();
        assert_eq!(verified.signers[0].outcome, Ok(()));
        return verified.content.unwrap().into_owned();
    }
    assert!(head.contains("multipart/signed; protocol=\"application/pkcs7-signature\""));
    let boundary = head
        .split_once("boundary=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .unwrap()
        .0;
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4);
    assert_eq!((parts[0], parts[3]), ("", "--\r\n"));
    let payload = &parts[1][2..parts[1].len() - 2];
    let (about, signature) = parts[2].split_once("\r\n\r\n").unwrap();
    assert!(about.contains("application/pkcs7-signature"));
    let der = data_encoding::BASE64_MIME
        .decode(signature.as_bytes())
        .unwrap();
    let verified = verify(&der, Some(payload.as_bytes())).unwrap();
    assert_eq!(verified.signers[0].outcome, Ok(()));
    payload.as_bytes().to_vec()
}

#[test]
fn a_sealed_message_opens_and_is_signed() {
    for name in NAMES {
        for opaque in [false, true] {
            let sealer = signing(KeyTrust::Pinned).opaque(opaque);
            let recipient = address(name);
            let from = sender();
            let job = SealJob::new(MESSAGE, &from, &recipient, NOW);
            let out = sealer.seal(&job).unwrap();
            let (head, der) = cms(&out);
            assert!(head.contains("From: <clinic@harbor.example>\r\n"));
            assert!(head.contains("smime-type=enveloped-data"));
            assert_eq!(head.matches("MIME-Version").count(), 1);
            assert_eq!(head.to_ascii_lowercase().matches("content-type").count(), 1);
            for reader in [name, "rsa-other"] {
                let opened = decrypt(&der, &[&key(reader)]).unwrap();
                let payload = signed_payload(&opened.content);
                assert!(payload.ends_with(b"\r\n\r\nThe result is ready.\r\n"));
            }
        }
    }
}

#[test]
fn a_copy_is_for_its_recipients_and_no_one_else() {
    let sealer = signing(KeyTrust::Pinned);
    let (from, to) = (sender(), address("p256"));
    let others = [address("p384"), address("nobody"), to.clone()];
    let opens = |der: &[u8], name: &str| decrypt(der, &[&key(name)]).is_ok();
    let infos = |der: &[u8]| {
        use der::Decode as _;
        let info = cms::content_info::ContentInfo::from_der(der).unwrap();
        let data: cms::enveloped_data::EnvelopedData = info.content.decode_as().unwrap();
        data.recip_infos.0.len()
    };
    let job = SealJob::new(MESSAGE, &from, &to, NOW);
    let (_, der) = cms(&sealer.seal(&job).unwrap());
    assert_eq!(infos(&der), 2);
    assert!(opens(&der, "p256") && opens(&der, "rsa-other") && !opens(&der, "p384"));

    let (_, der) = cms(&sealer.seal(&job.shared_with(&others)).unwrap());
    assert_eq!(infos(&der), 3);
    assert!(opens(&der, "p256") && opens(&der, "p384") && !opens(&der, "p521"));

    let (_, der) = cms(&sealer.copy_to_self(false).seal(&job).unwrap());
    assert_eq!(infos(&der), 1);
    assert!(!opens(&der, "rsa-other"));
}

#[test]
fn the_form_is_chosen_by_host_then_certificate_then_earlier_mail() {
    let to = address("rsa");
    let gcm = capabilities::write(KeyKind::P256);
    let form = |sealer: &SmimeSealer| sealer.assess(&sender(), &to, NOW).form.unwrap();

    let plain = signing(KeyTrust::Pinned);
    assert_eq!(form(&plain), (Form::Enveloped, FormReason::Default));
    plain.learn_capabilities(&to, b"no capabilities");
    assert_eq!(form(&plain), (Form::Enveloped, FormReason::Default));
    plain.learn_capabilities(&to, &gcm);
    assert_eq!(form(&plain), (Form::AuthEnveloped, FormReason::EarlierMail));
    let job_sender = sender();
    let job = SealJob::new(MESSAGE, &job_sender, &to, NOW);
    let (head, der) = cms(&plain.seal(&job).unwrap());
    assert!(head.contains("smime-type=authEnveloped-data"));
    assert!(decrypt(&der, &[&key("rsa")]).unwrap().integrity);
    // One who does not read it is enough.
    let shared = [address("p384")];
    let (_, der) = cms(&plain.seal(&job.shared_with(&shared)).unwrap());
    assert!(!decrypt(&der, &[&key("rsa")]).unwrap().integrity);

    let host = plain.form_for(&to, Form::EnvelopedPkcs1);
    assert_eq!(form(&host), (Form::EnvelopedPkcs1, FormReason::Host));
    let (_, der) = cms(&host.seal(&job).unwrap());
    assert_eq!(
        decrypt(&der, &[&key("rsa")]).unwrap().form,
        Form::EnvelopedPkcs1
    );
    // Not for the others: the sender's own goes by OAEP.
    assert_eq!(
        decrypt(&der, &[&key("rsa-other")]).unwrap().form,
        Form::Enveloped
    );
}

#[test]
fn cbc_does_not_go_unsigned() {
    let (from, to) = (sender(), address("p256"));
    let job = SealJob::new(MESSAGE, &from, &to, NOW);
    let bare = sealer(KeyTrust::Pinned);
    let fault = KeyFault::NoSigningKey;
    assert_eq!(bare.assess(&from, &to, NOW), KeyStatus::refused(fault));
    assert_eq!(bare.seal(&job), Err(SealError::Key(fault)));
    let gcm = bare.form_for(&to, Form::AuthEnveloped);
    assert_eq!(
        gcm.assess(&from, &to, NOW).trust,
        Fact::Proven(KeyTrust::Pinned)
    );
    let (_, der) = cms(&gcm.seal(&job).unwrap());
    assert!(decrypt(&der, &[&key("p256")]).unwrap().integrity);
    // Shared with one who reads CBC only, it would be CBC.
    let shared = [address("p384")];
    assert_eq!(
        gcm.seal(&job.shared_with(&shared)),
        Err(SealError::Key(fault))
    );
    let allowed = sealer(KeyTrust::Pinned).allow_unsigned(true);
    let (_, der) = cms(&allowed.seal(&job).unwrap());
    let opened = decrypt(&der, &[&key("p256")]).unwrap();
    assert!(opened.content.ends_with(b"The result is ready.\r\n"));
}

#[test]
fn trust_comes_from_pin_source_or_path() {
    let (from, to) = (sender(), address("p256"));
    let trust = |sealer: &SmimeSealer| sealer.assess(&from, &to, NOW);
    for known in [KeyTrust::Discovered, KeyTrust::Verified, KeyTrust::Pinned] {
        let status = trust(&signing(known));
        assert_eq!(status.trust, Fact::Proven(known));
        // Anchors that it does not lead to.
        let status = trust(&signing(known).anchors(TrustAnchors::default()));
        if known == KeyTrust::Pinned {
            assert_eq!(status.trust, Fact::Proven(known));
        } else {
            assert_eq!(status, KeyStatus::refused(KeyFault::Untrusted));
        }
    }
}

#[test]
fn what_cannot_be_used_is_refused() {
    let sealer = signing(KeyTrust::Pinned);
    let from = sender();
    let assess = |to: &Address, now| sealer.assess(&from, to, now);
    assert_eq!(assess(&address("nobody"), NOW), KeyStatus::NONE);
    assert_eq!(
        assess(&address("broken"), NOW),
        KeyStatus::refused(KeyFault::Changed)
    );
    assert!(assess(&address("ed25519"), NOW).fault.is_some());
    let late = Timestamp::from_unix_ms(9_000_000_000_000);
    assert_eq!(
        assess(&address("rsa"), late),
        KeyStatus::refused(KeyFault::Expired)
    );
    let nobody = address("nobody");
    let job = SealJob::new(MESSAGE, &from, &nobody, NOW);
    assert_eq!(sealer.seal(&job), Err(SealError::NoKey));
}

#[test]
fn signed_only_mail_verifies() {
    for name in NAMES {
        let sealer = sealer(KeyTrust::Pinned).identity(&sender(), key(name));
        let out = sealer.sign(MESSAGE, &sender(), NOW).unwrap();
        let text = std::str::from_utf8(&out).unwrap();
        assert!(text.contains("Subject: Your visit\r\n"));
        let micalg = match name {
            "p384" => "micalg=sha-384;",
            "p521" => "micalg=sha-512;",
            _ => "micalg=sha-256;",
        };
        assert!(text.contains(micalg), "{text}");
        assert!(signed_payload(&out).ends_with(b"The result is ready.\r\n"));
    }
    // 8 bits do not travel in clear.
    let eight = [MESSAGE, "Zürich\r\n".as_bytes()].concat();
    let signer = sealer(KeyTrust::Pinned).identity(&sender(), key("p256"));
    let out = signer.sign(&eight, &sender(), NOW).unwrap();
    assert!(out.is_ascii());
    assert!(signed_payload(&out).ends_with("Zürich\r\n".as_bytes()));
    assert_eq!(
        sealer(KeyTrust::Pinned).sign(MESSAGE, &sender(), NOW),
        Err(SealError::Key(KeyFault::NoSigningKey))
    );
}

#[test]
fn memory_is_bounded() {
    let mut map = Bounded::new(3);
    for i in 0..10 {
        map.insert(i, i);
        map.insert(0, 0);
    }
    assert_eq!(map.entries.len(), 3);
    assert_eq!(
        (map.find(&0), map.find(&9), map.find(&7)),
        (Some(0), Some(9), None)
    );
}

#[test]
fn debug_shows_no_address() {
    let text = format!(
        "{:?}",
        signing(KeyTrust::Pinned).form_for(&address("rsa"), Form::Enveloped)
    );
    assert!(
        !text.contains("harbor") && !text.contains("clinic"),
        "{text}"
    );
}
