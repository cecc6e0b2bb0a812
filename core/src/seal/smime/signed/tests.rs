use super::super::samples::{CONTENT, NAMES, NOW, certificate, key, sample};
use super::*;
use crate::base::crypto;
use crate::seal::OpenError;

fn written(content: &[&[u8]], signed: &Signed) -> Vec<u8> {
    let mut out = Vec::new();
    signed.write(content, &mut out).unwrap();
    let length = content.iter().map(|c| c.len()).sum();
    assert_eq!(out.len(), signed.length(length));
    out
}

#[test]
fn every_kind_of_key_signs_detached_and_opaque() {
    let pieces: [&[u8]; 3] = [b"Content-Type: text/plain\r\n", b"", b"\r\nHello\r\n"];
    let content = pieces.concat();
    for name in NAMES {
        for pss in [false, true] {
            let key = key(name);
            let signed = sign(&pieces, &key, NOW, true, pss).unwrap();
            let der = written(&pieces, &signed);
            let verified = verify(&der, Some(&content)).unwrap();
            assert!(verified.content.is_none());
            assert_eq!(verified.certificates.len(), 1);
            let signer = &verified.signers[0];
            assert_eq!(signer.outcome, Ok(()), "{name}");
            assert_eq!(signer.made, Some(NOW));
            let capabilities = signer.capabilities.as_deref().unwrap();
            assert_eq!(capabilities::prefers_gcm(capabilities), Some(true));
            assert_eq!(
                signer.certificate.as_ref().unwrap().der(),
                certificate(name).der()
            );
            let other = verify(&der, Some(b"Content-Type: text/plain\r\n\r\nHello!\r\n"));
            assert_eq!(other.unwrap().signers[0].outcome, Err("digest_mismatch"));
            assert!(matches!(verify(&der, None), Err(OpenError::Malformed(_))));

            let signed = sign(&pieces, &key, NOW, false, pss).unwrap();
            let der = written(&pieces, &signed);
            let verified = verify(&der, None).unwrap();
            assert_eq!(verified.content.as_deref(), Some(content.as_slice()));
            assert_eq!(verified.signers[0].outcome, Ok(()));
            assert!(verify(&der, Some(&content)).is_err());
            // DER as the types write it.
            use der::{Decode as _, Encode as _};
            let info = cms::content_info::ContentInfo::from_der(&der).unwrap();
            let typed: cms::signed_data::SignedData = info.content.decode_as().unwrap();
            assert_eq!(typed.to_der().unwrap(), info.content.to_der().unwrap());
        }
    }
}

#[test]
fn openssl_s_signatures_verify() {
    for (count, der) in [
        (1, sample!("sig-rsa-stream.der")),
        (1, sample!("sig-rsa-pss.der")),
        (1, sample!("sig-rsa-noattr.der")),
        (1, sample!("sig-rsa-keyid.der")),
        (1, sample!("sig-p256.der")),
        (1, sample!("sig-p384.der")),
        (1, sample!("sig-p521.der")),
        (2, sample!("sig-two.der")),
    ] {
        let verified = verify(der, None).unwrap();
        assert_eq!(verified.content.as_deref(), Some(CONTENT));
        assert_eq!(verified.signers.len(), count);
        for signer in &verified.signers {
            assert_eq!(signer.outcome, Ok(()));
            assert!(signer.certificate.is_some());
        }
    }
    let verified = verify(sample!("sig-rsa-detached.der"), Some(CONTENT)).unwrap();
    assert_eq!(verified.signers[0].outcome, Ok(()));
    assert!(verified.signers[0].made.is_some());
    assert!(verified.signers[0].capabilities.is_some());
}

#[test]
fn weak_and_unfounded_signatures_say_why() {
    for (code, der) in [
        ("weak_hash", sample!("sig-rsa-sha1.der")),
        ("weak_key", sample!("sig-rsa-short.der")),
        ("no_certificate", sample!("sig-rsa-nocerts.der")),
    ] {
        let verified = verify(der, None).unwrap();
        assert_eq!(verified.signers[0].outcome, Err(code));
    }
    let verified = verify(sample!("certs-only.der"), None).unwrap();
    assert!(verified.signers.is_empty());
    assert_eq!(verified.certificates.len(), 1);
    for der in [sample!("enc-p256-sha256.der"), sample!("rsa.der"), b""] {
        assert!(matches!(verify(der, None), Err(OpenError::Malformed(_))));
    }
}

fn tail(certificate: &Certificate) -> &[u8] {
    let spki = certificate.spki();
    &spki[spki.len() - 64..]
}

/// No changed octet makes another content good.
#[test]
fn changed_and_cut_signatures_are_not_good() {
    for der in [
        written(
            &[CONTENT],
            &sign(&[CONTENT], &key("p256"), NOW, false, false).unwrap(),
        ),
        sample!("sig-rsa-stream.der").to_vec(),
    ] {
        let whole = verify(&der, None).unwrap();
        let signer = whole.signers[0].certificate.as_ref().unwrap();
        for at in 0..der.len() {
            assert!(verify(&der[..at], None).is_err());
            let mut changed = der.clone();
            changed[at] ^= 1;
            let Ok(verified) = verify(&changed, None) else {
                continue;
            };
            for result in &verified.signers {
                if result.outcome == Ok(()) {
                    assert_eq!(verified.content.as_deref(), Some(CONTENT), "at {at}");
                    assert_eq!(result.made, whole.signers[0].made, "at {at}");
                    // The key itself; no signature here is over how it is
                    // described.
                    let other = result.certificate.as_ref().unwrap();
                    assert!(other.spki().ends_with(tail(signer)), "at {at}");
                }
            }
        }
    }
}

/// A SignedData with these attributes (none: an empty list), signed by p256.
fn with_attributes(content: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let key = key("p256");
    let refs: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
    let to_sign = if attributes.is_empty() {
        content.to_vec()
    } else {
        ber::tlv(SET, &refs)
    };
    let digest = public::digest(DigestAlgorithm::Sha256, &[&to_sign]);
    let signature = key
        .signer()
        .sign_digest(SignatureScheme::Ecdsa(DigestAlgorithm::Sha256), &digest)
        .unwrap();
    let tagged = if attributes.is_empty() {
        Vec::new()
    } else {
        ber::tlv(explicit(0), &refs)
    };
    info(
        content,
        "p256",
        &alg::SHA256,
        &tagged,
        &ECDSA_WITH_SHA256,
        &signature,
    )
}

fn info(
    content: &[u8],
    name: &str,
    hash: &ObjectIdentifier,
    attributes: &[u8],
    algorithm: &ObjectIdentifier,
    signature: &[u8],
) -> Vec<u8> {
    let certificate = certificate(name);
    let hash = alg::algorithm(hash, &[]);
    let version = ber::tlv(INTEGER, &[&[1]]);
    let info = ber::tlv(
        SEQUENCE,
        &[
            &version,
            &certificate.issuer_and_serial().to_der().unwrap(),
            &hash,
            attributes,
            &alg::algorithm(algorithm, &[]),
            &ber::tlv(OCTET_STRING, &[signature]),
        ],
    );
    let suffix = [
        ber::tlv(explicit(0), &[certificate.der()]),
        ber::tlv(SET, &[&info]),
    ]
    .concat();
    let before = [version, ber::tlv(SET, &[&hash])].concat();
    let signed = assemble(
        &before,
        suffix,
        Some(content.len()),
        DigestAlgorithm::Sha256,
    );
    written(&[content], &signed)
}

fn attribute(oid: &ObjectIdentifier, values: &[&[u8]]) -> Vec<u8> {
    ber::tlv(SEQUENCE, &[&ber::oid(oid), &ber::tlv(SET, values)])
}

#[test]
fn attributes_are_read_strictly() {
    let outcome = |attributes: &[Vec<u8>]| {
        let der = with_attributes(CONTENT, attributes);
        verify(&der, None).unwrap().signers[0].outcome
    };
    let hash = crypto::sha256(CONTENT);
    let digest = attribute(&MESSAGE_DIGEST, &[&ber::tlv(OCTET_STRING, &[&hash])]);
    let kind = attribute(&CONTENT_TYPE, &[&ber::oid(&DATA)]);
    let refused = Err("attributes");
    assert_eq!(outcome(&[kind.clone(), digest.clone()]), Ok(()));
    // Not sorted, and signed as it was sent.
    assert_eq!(outcome(&[digest.clone(), kind.clone()]), Ok(()));
    assert_eq!(outcome(&[]), Ok(()));

    assert_eq!(outcome(std::slice::from_ref(&kind)), refused);
    assert_eq!(outcome(std::slice::from_ref(&digest)), refused);
    assert_eq!(
        outcome(&[kind.clone(), digest.clone(), digest.clone()]),
        refused
    );
    let enveloped = attribute(&CONTENT_TYPE, &[&ber::oid(&alg::ENVELOPED_DATA)]);
    assert_eq!(outcome(&[enveloped, digest.clone()]), refused);
    let octets = ber::tlv(OCTET_STRING, &[&hash]);
    let two = attribute(&MESSAGE_DIGEST, &[&octets, &octets]);
    assert_eq!(outcome(&[kind.clone(), two]), refused);
    let wrong = attribute(&MESSAGE_DIGEST, &[&ber::tlv(OCTET_STRING, &[&[0; 32]])]);
    assert_eq!(outcome(&[kind.clone(), wrong]), Err("digest_mismatch"));

    let named = |name| {
        let value = signing_certificate(&certificate(name)).unwrap();
        attribute(&SIGNING_CERTIFICATE_V2, &[&value])
    };
    assert_eq!(
        outcome(&[kind.clone(), digest.clone(), named("p256")]),
        Ok(())
    );
    assert_eq!(
        outcome(&[kind.clone(), digest.clone(), named("p384")]),
        Err("signing_certificate")
    );

    // The attributes of a signature as the content of another one, without
    // attributes: the signature fits both.
    let swapped = ber::tlv(SET, &[&kind, &digest]);
    let der = with_attributes(&swapped, &[]);
    assert_eq!(verify(&der, None).unwrap().signers[0].outcome, refused);
}

/// RFC 8419. OpenSSL 3.0 makes no such message.
#[test]
fn ed25519_verifies_and_is_not_written() {
    let pkcs8 = sample!("ed25519.pkcs8");
    let seed: [u8; 32] = pkcs8[pkcs8.len() - 32..].try_into().unwrap();
    let signer = crypto::SigningKey::from_seed(&crate::base::Secret::new(seed));
    let hash = crypto::sha512_parts(&[CONTENT]);
    let attributes = vec![
        attribute(&CONTENT_TYPE, &[&ber::oid(&DATA)]),
        attribute(&MESSAGE_DIGEST, &[&ber::tlv(OCTET_STRING, &[&hash])]),
    ];
    let signature = signer.sign(&ber::set_of(SET, attributes.clone()));
    let tagged = ber::set_of(explicit(0), attributes);
    for (hash, outcome) in [
        (alg::SHA512, Ok(())),
        (alg::SHA256, Err("unsupported_algorithm")),
    ] {
        let der = info(
            CONTENT,
            "ed25519",
            &hash,
            &tagged,
            &alg::ED25519,
            &signature,
        );
        assert_eq!(verify(&der, None).unwrap().signers[0].outcome, outcome);
    }
    assert!(matches!(
        scheme(&certificate("ed25519"), false),
        Err(SealError::Sign(_))
    ));
}

#[test]
fn times_after_2049_are_generalized() {
    let year = |ms| time(Timestamp::from_unix_ms(ms)).unwrap()[0];
    assert_eq!(year(2_524_607_999_000), 0x17);
    assert_eq!(year(2_524_608_000_000), 0x18);
}

#[test]
fn signers_and_certificates_are_bounded() {
    let der = with_attributes(CONTENT, &[]);
    let verified = verify(&der, None).unwrap();
    assert_eq!(verified.signers.len(), 1);
    let infos = ber::tlv(SET, &[&[0x30, 0].repeat(9)]);
    let before = [ber::tlv(INTEGER, &[&[1]]), ber::tlv(SET, &[])].concat();
    let signed = assemble(&before, infos, Some(0), DigestAlgorithm::Sha256);
    assert!(matches!(
        verify(&written(&[], &signed), None),
        Err(OpenError::Limit { limit: 8, .. })
    ));
    let certificates = ber::tlv(explicit(0), &[&[0x30, 0].repeat(65)]);
    let suffix = [certificates, ber::tlv(SET, &[])].concat();
    let signed = assemble(&before, suffix, Some(0), DigestAlgorithm::Sha256);
    assert!(matches!(
        verify(&written(&[], &signed), None),
        Err(OpenError::Limit { limit: 64, .. })
    ));
}
