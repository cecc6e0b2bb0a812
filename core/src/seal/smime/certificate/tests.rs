use super::*;

const CERTS: &str = include_str!("../../../../tests/vectors/x509/certs.pem");

fn cert(name: &str) -> Certificate {
    let pem = CERTS
        .split("# ")
        .find_map(|block| block.strip_prefix(&format!("{name}\n")))
        .unwrap();
    Certificate::parse_chain(pem.as_bytes()).unwrap().remove(0)
}

#[test]
fn addresses_come_from_every_mail_name() {
    for (name, expected) in [
        ("leaf", "pat@harbor.example"),
        ("leaf_subject", "pat@harbor.example"),
        ("leaf_both", "kim@harbor.example"),
        ("leaf_utf8", "påt@harbor.example"),
    ] {
        assert_eq!(cert(name).addresses(), [expected], "{name}");
    }
    assert!(cert("root").addresses().is_empty());
}

#[test]
fn parts_are_cut_out_as_they_stand() -> Result<(), der::Error> {
    use der::Encode as _;
    for name in ["leaf", "leaf_rsa", "leaf_ed", "root_v1", "root_rsa"] {
        let certificate = cert(name);
        let signed = certificate.x509().tbs_certificate();
        assert_eq!(certificate.tbs(), signed.to_der()?, "{name}");
        assert_eq!(
            certificate.spki(),
            signed.subject_public_key_info().to_der()?,
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn keys_are_named_and_weak_ones_refused() {
    assert_eq!(cert("leaf").kind(), Ok(KeyKind::P256));
    assert_eq!(cert("leaf_rsa").kind(), Ok(KeyKind::Rsa { bits: 2048 }));
    assert_eq!(cert("leaf_ed").kind(), Ok(KeyKind::Ed25519));
    assert_eq!(cert("root_p384").kind(), Ok(KeyKind::P384));
    assert_eq!(cert("leaf_1024").kind(), Err(KeyFault::WeakKey));
}

#[test]
fn capabilities_and_key_id_are_the_extensions() {
    assert_eq!(
        cert("leaf_capabilities").capabilities(),
        Some(
            &[
                0x30, 0x0d, 0x30, 0x0b, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2e
            ][..]
        )
    );
    assert_eq!(cert("leaf").capabilities(), None);
    assert_eq!(cert("leaf").subject_key_id().map(<[u8]>::len), Some(20));
    assert_eq!(
        &cert("leaf").issuer_and_serial().issuer,
        cert("inter").subject()
    );
}

#[test]
fn chains_are_bounded_and_garbage_is_refused() {
    let one = CERTS.split("# ").nth(1).unwrap();
    assert_eq!(
        Certificate::parse_chain(one.repeat(16).as_bytes()).map(|c| c.len()),
        Ok(16)
    );
    assert!(Certificate::parse_chain(one.repeat(17).as_bytes()).is_err());
    assert!(Certificate::parse_chain(b"").is_err());
    assert!(Certificate::parse_chain(&[0x30; 70_000]).is_err());
    let der = cert("leaf").der().to_vec();
    for length in 0..der.len() {
        assert!(Certificate::parse_der(&der[..length]).is_err());
    }
    let longer = [der.as_slice(), &[0]].concat();
    assert!(Certificate::parse_der(&longer).is_err());
    assert_eq!(format!("{:?}", cert("leaf")), "Certificate(***)");
}
