//! Certificates that must not be used, and what is said of them.

use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, UserID};
use openpgp::serialize::SerializeInto;
use openpgp::types::{HashAlgorithm, ReasonForRevocation, SignatureType};
use sequoia_openpgp as openpgp;

use super::*;
use crate::seal::{KeyStatus, SealError, SealJob, Sealer};

const RFC4880: Profile = Profile::RFC4880;
const SUITE: CipherSuite = CipherSuite::Cv25519;

/// What a sealer says of these bytes, and that it does not seal.
fn fault_at(bytes: Vec<u8>, trust: KeyTrust, now: Timestamp) -> Option<KeyFault> {
    let sealer = PgpSealer::new(Store::default().with(&recipient(), bytes, trust));
    let (s, r) = (sender(), recipient());
    let status = sealer.assess(&s, &r, now);
    let sealed = sealer.seal(&SealJob::new(MESSAGE, &s, &r, now));
    match status.fault {
        Some(fault) => {
            assert_eq!(status, KeyStatus::refused(fault));
            assert_eq!(sealed.err(), Some(SealError::Key(fault)));
        }
        None => assert!(sealed.is_ok()),
    }
    status.fault
}

fn fault(bytes: &[u8]) -> Option<KeyFault> {
    fault_at(bytes.to_vec(), KeyTrust::Pinned, NOW)
}

fn public(cert: &Cert) -> Vec<u8> {
    cert.clone().strip_secret_key_material().to_vec().unwrap()
}

#[test]
fn a_good_one_is_used() {
    for profile in [RFC4880, Profile::RFC9580] {
        let cert = full(&recipient(), SUITE, profile);
        assert_eq!(fault(&public(&cert)), None);
        let armoured = cert
            .clone()
            .strip_secret_key_material()
            .armored()
            .to_vec()
            .unwrap();
        assert_eq!(fault(&armoured), None);
    }
}

#[test]
fn more_or_less_than_one_certificate() {
    let (a, b) = (
        full(&recipient(), SUITE, RFC4880),
        full(&sender(), SUITE, RFC4880),
    );
    let armoured = |c: &Cert| {
        c.clone()
            .strip_secret_key_material()
            .armored()
            .to_vec()
            .unwrap()
    };
    for bytes in [
        Vec::new(),
        b"no certificate".to_vec(),
        [public(&a), public(&b)].concat(),
        [armoured(&a), armoured(&b)].concat(),
        a.as_tsk().to_vec().unwrap(),
        a.as_tsk().armored().to_vec().unwrap(),
        [public(&a), vec![0; 20]].concat(),
        public(&a)[..100].to_vec(),
        [public(&a), [0xCD, 0x00].repeat(5_000)].concat(),
        vec![0x99; (1 << 20) + 1],
        vector!("gpg-rsa2048.sig.asc").to_vec(),
        vector!("gpg-rsa2048.asc").to_vec(),
    ] {
        assert_eq!(fault(&bytes), Some(KeyFault::Malformed));
    }
}

#[test]
fn validity() {
    let period = std::time::Duration::from_secs(60 * 86_400);
    let cert = builder(&recipient(), SUITE, RFC4880)
        .set_validity_period(period)
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0;
    let at = |now| fault_at(public(&cert), KeyTrust::Pinned, now);
    assert_eq!(at(NOW), None);
    assert_eq!(at(days(29)), None);
    assert_eq!(at(days(31)), Some(KeyFault::Expired));
    assert_eq!(at(days(-31)), Some(KeyFault::NotYetValid));

    // The subkey alone.
    let flags = KeyFlags::empty().set_transport_encryption();
    let cert = builder(&recipient(), SUITE, RFC4880)
        .add_subkey(flags, period, None)
        .generate()
        .unwrap()
        .0;
    let at = |now| fault_at(public(&cert), KeyTrust::Pinned, now);
    assert_eq!((at(NOW), at(days(31))), (None, Some(KeyFault::Expired)));
}

#[test]
fn revocations() {
    let cert = full(&recipient(), SUITE, RFC4880);
    let mut primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let reason = ReasonForRevocation::KeyCompromised;
    let whole = CertRevocationBuilder::new()
        .set_signature_creation_time(at(days(-1)).into())
        .unwrap()
        .set_reason_for_revocation(reason, b"")
        .unwrap()
        .build(&mut primary, &cert, None)
        .unwrap();
    let revoked = cert.clone().insert_packets(whole).unwrap().0;
    assert_eq!(fault(&public(&revoked)), Some(KeyFault::Revoked));

    let user = cert.userids().next().unwrap().userid().clone();
    let id = UserIDRevocationBuilder::new()
        .set_signature_creation_time(at(days(-1)).into())
        .unwrap()
        .set_reason_for_revocation(ReasonForRevocation::UIDRetired, b"")
        .unwrap()
        .build(&mut primary, &cert, &user, None)
        .unwrap();
    let revoked = cert.clone().insert_packets(id).unwrap().0;
    assert_eq!(fault(&public(&revoked)), Some(KeyFault::Revoked));

    let subkey = cert
        .keys()
        .subkeys()
        .find(|k| k.key().pk_algo().for_encryption())
        .unwrap();
    let part = SubkeyRevocationBuilder::new()
        .set_signature_creation_time(at(days(-1)).into())
        .unwrap()
        .set_reason_for_revocation(reason, b"")
        .unwrap()
        .build(&mut primary, &cert, subkey.key(), None)
        .unwrap();
    let revoked = cert.clone().insert_packets(part).unwrap().0;
    assert_eq!(fault(&public(&revoked)), Some(KeyFault::Revoked));
}

#[test]
fn purposes_and_algorithms() {
    let signs_only = builder(&recipient(), SUITE, RFC4880)
        .add_signing_subkey()
        .generate()
        .unwrap()
        .0;
    assert_eq!(
        fault(&public(&signs_only)),
        Some(KeyFault::NotForEncryption)
    );
    assert_eq!(fault(vector!("rsa1024.pub.asc")), Some(KeyFault::WeakKey));
    assert_eq!(fault(vector!("dsa.pub.asc")), Some(KeyFault::WeakKey));
    assert_eq!(
        fault(vector!("brainpool.pub.asc")),
        Some(KeyFault::UnsupportedAlgorithm)
    );
}

#[test]
fn bindings_by_sha1_at_whatever_time() {
    assert_eq!(fault(vector!("bindsha1.pub.asc")), Some(KeyFault::WeakHash));
    let at = fault_at(
        vector!("bindsha1.pub.asc").to_vec(),
        KeyTrust::Pinned,
        days(4_000),
    );
    assert_eq!(at, Some(KeyFault::WeakHash));

    // The subkey's alone, in 2010, when sequoia's standard took it.
    let then = Timestamp::from_unix_ms(1_262_304_000_000);
    let cert = CertBuilder::new()
        .set_cipher_suite(SUITE)
        .set_creation_time(super::at(then))
        .set_primary_key_flags(KeyFlags::empty().set_certification())
        .add_userid("<patient@mail.example>")
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0;
    let mut primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let subkey = cert.keys().subkeys().next().unwrap().key().clone();
    let weak = subkey
        .bind(
            &mut primary,
            &cert,
            SignatureBuilder::new(SignatureType::SubkeyBinding)
                .set_hash_algo(HashAlgorithm::SHA1)
                .set_signature_creation_time(super::at(then))
                .unwrap()
                .set_key_flags(KeyFlags::empty().set_transport_encryption())
                .unwrap(),
        )
        .unwrap();
    let kept = public(&cert);
    let mut packets: Vec<Packet> = packets(&kept);
    packets.pop();
    packets.push(weak.into());
    let cert = Cert::from_packets(packets.into_iter()).unwrap();
    let later = Timestamp::from_unix_ms(then.unix_ms() + DAY);
    assert_eq!(
        fault_at(public(&cert), KeyTrust::Pinned, later),
        Some(KeyFault::WeakHash)
    );
}

#[test]
fn whose_it_is() {
    let other = public(&full(&sender(), SUITE, RFC4880));
    assert_eq!(
        fault_at(other.clone(), KeyTrust::Verified, NOW),
        Some(KeyFault::OtherAddress)
    );
    assert_eq!(fault_at(other, KeyTrust::Pinned, NOW), None);
    let own = public(&full(&address("Patient@MAIL.example"), SUITE, RFC4880));
    assert_eq!(fault_at(own, KeyTrust::Discovered, NOW), None);
    let nameless = CertBuilder::new()
        .set_profile(Profile::RFC9580)
        .unwrap()
        .set_creation_time(at(days(-1)))
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0;
    let nameless = public(&nameless);
    assert_eq!(
        fault_at(nameless.clone(), KeyTrust::Verified, NOW),
        Some(KeyFault::OtherAddress)
    );
    assert_eq!(fault_at(nameless, KeyTrust::Pinned, NOW), None);
    // A user id that somebody else put on it counts nothing.
    let cert = full(&sender(), SUITE, RFC4880);
    let forged = cert
        .insert_packets(UserID::from("<patient@mail.example>"))
        .unwrap()
        .0;
    let at = fault_at(public(&forged), KeyTrust::Verified, NOW);
    assert_eq!(at, Some(KeyFault::OtherAddress));
}

#[test]
fn a_certify_only_primary_never_signs() {
    let cert = builder(&sender(), SUITE, RFC4880)
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0;
    let own = key_of(cert);
    let to = key_of(full(&recipient(), SUITE, RFC4880));
    let sealer = sealer(Some(&own), &to);
    let refused = KeyFault::NoSigningKey;
    let (s, r) = (sender(), recipient());
    assert_eq!(sealer.assess(&s, &r, NOW), KeyStatus::refused(refused));
    let sealed = sealer.seal(&SealJob::new(MESSAGE, &s, &r, NOW));
    assert_eq!(sealed.err(), Some(SealError::Key(refused)));
    assert_eq!(
        sealer.sign(MESSAGE, &s, NOW).err(),
        Some(SealError::Key(refused))
    );
}

/// Every octet of a certificate changed and every length cut: no panic, and
/// nothing is said to be good for another key.
#[test]
fn changed_certificates_are_judged() {
    let cert = public(&full(&recipient(), SUITE, RFC4880));
    for i in 0..cert.len() {
        let _ = fault(&cert[..i]);
        let mut changed = cert.clone();
        changed[i] ^= 1 << (i % 8);
        let _ = fault(&changed);
    }
}

#[test]
fn an_address_that_its_owner_gave_up() {
    let cert = builder(&recipient(), SUITE, RFC4880)
        .add_userid("<patient@new.example>")
        .add_transport_encryption_subkey()
        .generate()
        .unwrap()
        .0;
    let mut primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let retired = |cert: &Cert, primary: &mut openpgp::crypto::KeyPair, id: &str| {
        let user = UserID::from(id);
        let revocation = UserIDRevocationBuilder::new()
            .set_signature_creation_time(at(days(-1)).into())
            .unwrap()
            .set_reason_for_revocation(ReasonForRevocation::UIDRetired, b"")
            .unwrap()
            .build(primary, cert, &user, None)
            .unwrap();
        public(&cert.clone().insert_packets(revocation).unwrap().0)
    };
    // Also where the host vouched for it.
    let revoked = retired(&cert, &mut primary, "<patient@mail.example>");
    for trust in [KeyTrust::Pinned, KeyTrust::Verified] {
        let fault = fault_at(revoked.clone(), trust, NOW);
        assert_eq!(fault, Some(KeyFault::Revoked));
    }
    let other = retired(&cert, &mut primary, "<patient@new.example>");
    assert_eq!(fault(&other), None);
    // Another user id for the same address stands.
    let named = UserID::from("Pat <patient@mail.example>");
    let binding = named
        .bind(
            &mut primary,
            &cert,
            SignatureBuilder::new(SignatureType::PositiveCertification)
                .set_signature_creation_time(at(days(-1)))
                .unwrap(),
        )
        .unwrap();
    let packets: [Packet; 2] = [named.into(), binding.into()];
    let renamed = cert.insert_packets(packets).unwrap().0;
    let renamed = retired(&renamed, &mut primary, "<patient@mail.example>");
    assert_eq!(fault(&renamed), None);
}

/// Key material that its owner signed and that is no key.
#[test]
fn key_material_that_is_none_is_refused_without_a_panic() {
    use openpgp::crypto::mpi::{MPI, PublicKey};
    use openpgp::packet::key::{Key4, PublicParts, SubordinateRole};
    use openpgp::types::{Curve, KeyFlags, PublicKeyAlgorithm, SymmetricAlgorithm};
    let rsa = |n: &[u8], e: &[u8]| {
        let key = PublicKey::RSA {
            n: MPI::new(n),
            e: MPI::new(e),
        };
        (PublicKeyAlgorithm::RSAEncryptSign, key)
    };
    let ecdh = |curve: Curve, q: &[u8], hash: HashAlgorithm, sym: SymmetricAlgorithm| {
        let key = PublicKey::ECDH {
            curve,
            q: MPI::new(q),
            hash,
            sym,
        };
        (PublicKeyAlgorithm::ECDH, key)
    };
    let (sha, aes) = (HashAlgorithm::SHA256, SymmetricAlgorithm::AES128);
    let even = [&[0x80u8][..], &[0; 255]].concat();
    let odd = [&[0x80u8][..], &[0; 254], &[1]].concat();
    let point = |length: usize, first: u8| [&[first][..], &vec![9; length]].concat();
    let mut all = vec![
        rsa(&even, &[1, 0, 1]),
        rsa(&odd, &[]),
        rsa(&odd, &[1]),
        rsa(&odd, &[2]),
        rsa(&odd, &odd),
        rsa(&[&odd[..], &odd, &odd].concat(), &[1, 0, 1]),
    ];
    for (curve, length) in [
        (Curve::Cv25519, 32),
        (Curve::NistP256, 64),
        (Curve::NistP384, 96),
        (Curve::NistP521, 132),
        (Curve::Ed25519, 32),
    ] {
        for q in [
            vec![],
            vec![0],
            point(length, 0x40),
            point(length, 4),
            point(3, 4),
        ] {
            all.push(ecdh(curve.clone(), &q, sha, aes));
        }
        let zeros = [&[if length == 32 { 0x40 } else { 4 }][..], &vec![0; length]].concat();
        all.push(ecdh(curve.clone(), &zeros, sha, aes));
    }
    let good = point(32, 0x40);
    for hash in [
        HashAlgorithm::SHA1,
        HashAlgorithm::MD5,
        HashAlgorithm::Unknown(99),
    ] {
        all.push(ecdh(Curve::Cv25519, &good, hash, aes));
    }
    #[allow(deprecated)]
    for sym in [
        SymmetricAlgorithm::Unencrypted,
        SymmetricAlgorithm::IDEA,
        SymmetricAlgorithm::TripleDES,
        SymmetricAlgorithm::Unknown(99),
    ] {
        all.push(ecdh(Curve::Cv25519, &good, sha, sym));
    }
    all.push((PublicKeyAlgorithm::X25519, PublicKey::X25519 { u: [0; 32] }));
    let zero = Box::new([0; 56]);
    all.push((PublicKeyAlgorithm::X448, PublicKey::X448 { u: zero }));
    // That one is a key.
    all.remove(8);
    let (cert, _) = builder(&recipient(), SUITE, RFC4880).generate().unwrap();
    let mut primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let mut sealed_to = Vec::new();
    for (index, (algorithm, material)) in all.into_iter().enumerate() {
        let created = at(days(-30));
        let Ok(key) = Key4::<PublicParts, SubordinateRole>::new(
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(u32::from(created).into()),
            algorithm,
            material,
        ) else {
            continue;
        };
        let key: Key<PublicParts, SubordinateRole> = key.into();
        let flags = KeyFlags::empty().set_transport_encryption();
        let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
            .set_signature_creation_time(created)
            .unwrap()
            .set_key_flags(flags)
            .unwrap();
        let binding = key.bind(&mut primary, &cert, binding).unwrap();
        let packets: [Packet; 2] = [key.into(), binding.into()];
        let bad = cert.clone().insert_packets(packets).unwrap().0;
        if fault(&public(&bad)).is_none() {
            sealed_to.push(index);
        }
    }
    assert_eq!(sealed_to, [0usize; 0]);
}

#[test]
fn work_per_certificate_is_bounded() {
    use openpgp::serialize::Marshal;
    let cert = full(&recipient(), SUITE, RFC4880);
    let id = cert.userids().next().unwrap();
    let signature: Packet = id.self_signatures().next().unwrap().clone().into();
    let with = |octets: usize, signatures: usize| {
        let mut raw = public(&cert);
        let id = UserID::from("x".repeat(octets));
        Packet::from(id).serialize(&mut raw).unwrap();
        for _ in 0..signatures {
            signature.serialize(&mut raw).unwrap();
        }
        raw
    };
    assert_eq!(fault(&with(20_000, 500)), None);
    assert_eq!(fault(&with(400_000, 500)), Some(KeyFault::Malformed));
}
