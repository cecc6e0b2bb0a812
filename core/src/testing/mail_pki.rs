//! S/MIME certificates and keys from the sandbox's own authority.
#![allow(clippy::expect_used)] // a fixture that cannot be made is a broken test

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use super::pki::TestCa;
use crate::base::Address;
use crate::base::crypto::private::PrivateKey;
use crate::seal::smime::{Certificate, SmimeKey, TrustAnchors};

/// What kind of key a mail certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MailKey {
    /// ECDSA and ECDH on P-256.
    P256,
    /// ECDSA and ECDH on P-384.
    P384,
    /// RSA with 2048 bits.
    Rsa2048,
}

impl TestCa {
    /// A key with a certificate for `address`, valid from 2020 to 2120.
    pub fn smime_key(&self, address: &Address, kind: MailKey) -> SmimeKey {
        let pair = match kind {
            MailKey::P256 => KeyPair::generate(),
            MailKey::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            MailKey::Rsa2048 => {
                KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
            }
        }
        .expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "mailseal test mailbox");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2120, 1, 1);
        let name = address.as_str().try_into().expect("an ASCII address");
        params.subject_alt_names = vec![SanType::Rfc822Name(name)];
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            match kind {
                MailKey::Rsa2048 => KeyUsagePurpose::KeyEncipherment,
                _ => KeyUsagePurpose::KeyAgreement,
            },
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(&pair, self.issuer())
            .expect("a certificate");
        let certificate = Certificate::parse_der(certificate.der()).expect("what rcgen wrote");
        let key = PrivateKey::from_pkcs8(&pair.serialize_der()).expect("what rcgen made");
        SmimeKey::from_parts(vec![certificate], key).expect("they belong together")
    }

    /// This authority as an anchor for S/MIME.
    pub fn smime_anchors(&self) -> TrustAnchors {
        TrustAnchors::from_der(self.der()).expect("it is a certificate")
    }
}
