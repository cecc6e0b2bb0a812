//! Messages that no honest client writes: what a signature, a certificate and
//! a header can be made to say.

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use data_encoding::BASE64_MIME;
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
        CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair,
        KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
    };

    use super::super::algorithms::{
        self as alg, ECDSA_WITH_SHA256, ED25519, SHA256, SHA512, SIGNED_DATA,
    };
    use super::super::ber::{self, INTEGER, OCTET_STRING, SEQUENCE, SET, explicit};
    use super::super::enveloped::{Recipient, encrypt};
    use super::super::samples::{NOW, certificate_der};
    use super::super::{Certificate, RevocationLists, SmimeKey, SmimeSealer, TrustAnchors};
    use crate::base::crypto::private::PrivateKey;
    use crate::base::crypto::public;
    use crate::base::{
        Address, DigestAlgorithm, Form, FormReason, KeyFault, KeyTrust, SignatureScheme,
    };
    use crate::discover::{CertificateFormat, PinnedKeys};
    use crate::seal::open::{Authenticity, Keyring, Opened, Unproven, Verdict, open};
    use crate::seal::{OpenError, Sealer as _};

    const CLINIC: &str = "clinic@harbor.example";
    const HEAD: &str = "From: clinic@harbor.example\r\nTo: pat@mail.example\r\n";

    struct Desk {
        ca: CertifiedIssuer<'static, KeyPair>,
        known: Arc<PinnedKeys>,
    }

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    impl Desk {
        fn new() -> Self {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, "desk");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let key = KeyPair::generate().unwrap();
            Self {
                ca: CertifiedIssuer::self_signed(params, key).unwrap(),
                known: Arc::new(PinnedKeys::new()),
            }
        }

        fn certificate(&self, text: &str, pair: &KeyPair, serial: u64) -> Certificate {
            let mut params = CertificateParams::default();
            params.serial_number = Some(SerialNumber::from(serial));
            params.subject_alt_names = vec![SanType::Rfc822Name(text.try_into().unwrap())];
            params.key_usages = vec![
                KeyUsagePurpose::DigitalSignature,
                KeyUsagePurpose::KeyAgreement,
            ];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
            let made = params.signed_by(pair, &self.ca).unwrap();
            Certificate::parse_der(made.der()).unwrap()
        }

        /// A key whose chain holds as many other certificates of the authority.
        fn key(&self, text: &str, others: u64) -> SmimeKey {
            let pair = KeyPair::generate().unwrap();
            let chain = (0..=others).map(|n| self.certificate(text, &pair, 1_000 + n));
            let private = PrivateKey::from_pkcs8(&pair.serialize_der()).unwrap();
            SmimeKey::from_parts(chain.collect(), private).unwrap()
        }

        fn pin(&self, text: &str, key: &SmimeKey) {
            let der = key.certificate().der();
            let format = CertificateFormat::X509Der;
            self.known.pin(&address(text), format, der).unwrap();
        }

        fn anchors(&self) -> TrustAnchors {
            TrustAnchors::from_der(self.ca.der()).unwrap()
        }

        fn keyring(&self) -> Keyring {
            Keyring::new()
                .anchors(self.anchors())
                .certificates(Arc::clone(&self.known))
        }

        fn open(&self, raw: &[u8]) -> Opened {
            open(raw, &self.keyring(), NOW).unwrap()
        }

        fn sealer(&self, text: &str, key: &SmimeKey) -> SmimeSealer {
            SmimeSealer::new(Arc::clone(&self.known)).identity(&address(text), key.clone())
        }
    }

    /// A SignedData around `content`, without attributes.
    fn signed_data(content: &[u8], infos: &[&[u8]], certificates: &[&[u8]]) -> Vec<u8> {
        let octets = ber::tlv(OCTET_STRING, &[content]);
        let data = ber::tlv(
            SEQUENCE,
            &[&ber::oid(&alg::DATA), &ber::tlv(explicit(0), &[&octets])],
        );
        let inner = ber::tlv(
            SEQUENCE,
            &[
                &ber::tlv(INTEGER, &[&[1]]),
                &ber::tlv(SET, &[]),
                &data,
                &ber::tlv(explicit(0), certificates),
                &ber::tlv(SET, infos),
            ],
        );
        ber::tlv(
            SEQUENCE,
            &[&ber::oid(&SIGNED_DATA), &ber::tlv(explicit(0), &[&inner])],
        )
    }

    fn info(
        certificate: &Certificate,
        hash: &der::asn1::ObjectIdentifier,
        algorithm: &der::asn1::ObjectIdentifier,
        signature: &[u8],
    ) -> Vec<u8> {
        let id = der::Encode::to_der(&certificate.issuer_and_serial()).unwrap();
        ber::tlv(
            SEQUENCE,
            &[
                &ber::tlv(INTEGER, &[&[1]]),
                &id,
                &alg::algorithm(hash, &[]),
                &alg::algorithm(algorithm, &[]),
                &ber::tlv(OCTET_STRING, &[signature]),
            ],
        )
    }

    /// A message under `head`, signed by a P-256 key without attributes.
    fn bare(head: &str, content: &[u8], key: &SmimeKey) -> Vec<u8> {
        let digest = public::digest(DigestAlgorithm::Sha256, &[content]);
        let scheme = SignatureScheme::Ecdsa(DigestAlgorithm::Sha256);
        let signature = key.signer().sign_digest(scheme, &digest).unwrap();
        let certificate = key.certificate();
        let info = info(certificate, &SHA256, &ECDSA_WITH_SHA256, &signature);
        opaque(head, &signed_data(content, &[&info], &[certificate.der()]))
    }

    fn opaque(head: &str, der: &[u8]) -> Vec<u8> {
        format!(
        "{head}Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        BASE64_MIME.encode(der)
    )
    .into_bytes()
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn what_is_signed_bare_is_authentic() {
        let desk = Desk::new();
        let raw = bare(
            HEAD,
            b"Content-Type: text/plain\r\n\r\nx",
            &desk.key(CLINIC, 0),
        );
        let authentic = Authenticity::Authentic(KeyTrust::Verified);
        assert_eq!(desk.open(&raw).authenticity(), authentic);
    }

    /// A stolen key, revoked: its thief brings so many certificates that the
    /// authority's own is not looked at.
    #[test]
    fn a_revoked_key_is_found_out_behind_a_heap_of_certificates() {
        let crl = |desk: &Desk, serial: u64| {
            let revoked = RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2026, 1, 1),
                reason_code: None,
                invalidity_date: None,
            };
            let params = CertificateRevocationListParams {
                this_update: date_time_ymd(2026, 1, 1),
                next_update: date_time_ymd(2096, 1, 1),
                crl_number: SerialNumber::from(1u64),
                issuing_distribution_point: None,
                revoked_certs: vec![revoked],
                key_identifier_method: KeyIdMethod::Sha256,
            };
            let der = params.signed_by(&desk.ca).unwrap().der().to_vec();
            RevocationLists::new().with_der(&der).unwrap()
        };
        let message = format!("{HEAD}\r\ntext\r\n");
        for others in [0, 63] {
            let desk = Desk::new();
            let key = desk.key(CLINIC, others);
            let sealer = desk.sealer(CLINIC, &key);
            let raw = sealer
                .sign(message.as_bytes(), &address(CLINIC), NOW)
                .unwrap();
            for pinned in [false, true] {
                if pinned {
                    desk.pin(CLINIC, &key);
                }
                let keys = |serial| desk.keyring().revocation(crl(&desk, serial));
                let good = open(&raw, &keys(1), NOW).unwrap().authenticity();
                assert!(matches!(good, Authenticity::Authentic(_)), "{good:?}");
                assert_eq!(
                    open(&raw, &keys(1_000), NOW).unwrap().authenticity(),
                    Authenticity::Unproven(Unproven::Signer(KeyFault::Revoked)),
                    "{others} {pinned}"
                );
            }
        }
    }

    /// EFAIL by a key under which one signature fits every message: CBC that was
    /// rewritten would count as whole.
    #[test]
    fn a_key_of_small_order_signs_nothing() {
        let good = certificate_der("ed25519");
        let spki = Certificate::parse_der(good).unwrap().spki().to_vec();
        let at = good.windows(spki.len()).position(|w| w == spki).unwrap() + spki.len() - 32;
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut der = good.to_vec();
        der[at..at + 32].copy_from_slice(&identity);
        let certificate = Certificate::parse_der(&der).unwrap();
        // R is the neutral point, S is 0.
        let mut signature = identity.to_vec();
        signature.extend([0; 32]);
        let info = info(&certificate, &SHA512, &ED25519, &signature);
        let content = b"Content-Type: text/html\r\n\r\n<img src=\"http://evil.example/secret\">";
        let signed = opaque("", &signed_data(content, &[&info], &[&der]));

        let desk = Desk::new();
        let pat = desk.key("pat@mail.example", 0);
        let recipient = Recipient {
            certificate: pat.certificate(),
            pkcs1: false,
        };
        let mut sealed = Vec::new();
        encrypt(&[&signed], &[recipient], Form::Enveloped, &mut sealed).unwrap();
        let keys = desk.keyring().smime_key(pat);
        let opened = open(&opaque(HEAD, &sealed), &keys, NOW).unwrap();
        let verdict = opened.signatures()[0].verdict;
        assert_eq!(verdict, Verdict::Invalid("signature_mismatch"));
        assert_eq!(opened.message(), Err(OpenError::Unauthenticated));
    }

    /// Vaudenay, Bleichenbacher: behind CBC every failure looks the same.
    #[test]
    fn what_fails_behind_cbc_is_a_failure_of_decryption() {
        let desk = Desk::new();
        let pat = desk.key("pat@mail.example", 0);
        let clinic = desk.key(CLINIC, 0);
        let keys = desk.keyring().smime_key(pat.clone());
        let result = |content: &[u8], form| {
            let recipient = Recipient {
                certificate: pat.certificate(),
                pkcs1: false,
            };
            let mut sealed = Vec::new();
            encrypt(&[content], &[recipient], form, &mut sealed).unwrap();
            open(&opaque(HEAD, &sealed), &keys, NOW).map(drop)
        };
        let twice = b"Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n";
        let mut deep = b"\r\ntext".to_vec();
        for level in 0..22 {
            deep = [
                format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n")
                    .as_bytes(),
                &deep,
                format!("\r\n--b{level}--\r\n").as_bytes(),
            ]
            .concat();
        }
        let base64 =
            b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n*";
        for content in [b"no header".as_slice(), twice, &deep, base64] {
            assert_eq!(result(content, Form::Enveloped), Err(OpenError::Decrypt));
            // Where nobody can change it, what is wrong is said.
            let said = result(content, Form::AuthEnveloped).unwrap_err();
            assert_ne!(said, OpenError::Decrypt);
            let signed = bare("", content, &clinic);
            assert_eq!(result(&signed, Form::Enveloped), Err(said));
        }
    }

    /// Fields that no signature covers, in which some readers see the header end.
    #[test]
    fn no_field_begins_another_text() {
        let desk = Desk::new();
        let key = desk.key(CLINIC, 0);
        let content = b"Content-Type: text/plain\r\n\r\nTake one a day.\r\n";
        for forged in [
            "X-A: 1\r\n \r\nPay: to account 4711\r\n",
            "X-A: 1\r\n\t \t\r\nPay: to account 4711\r\n",
            "X-A: 1\r\n \0\r\nPay: to account 4711\r\n",
            "X-A: 1\r\rPay: to account 4711\r\n",
            "X-A: 1\r\n \r\r\n Pay: to account 4711\r\n",
        ] {
            let opened = desk.open(&bare(&format!("{forged}{HEAD}"), content, &key));
            assert!(matches!(opened.authenticity(), Authenticity::Authentic(_)));
            let message = text(opened.message().unwrap());
            let (head, body) = message.split_once("\r\n\r\n").unwrap();
            assert_eq!(body, "Take one a day.\r\n");
            assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']));
            assert!(head.split("\r\n").all(|line| !line.trim().is_empty()));
        }
    }

    /// Who signs beside the author says nothing of what the author's client reads.
    #[test]
    fn capabilities_are_learnt_from_the_author_alone() {
        let desk = Desk::new();
        let (clinic, eve) = (desk.key(CLINIC, 0), desk.key("eve@evil.example", 0));
        desk.pin(CLINIC, &clinic);
        let content = format!("{HEAD}Content-Type: text/plain\r\n\r\nx\r\n");
        let eves = desk
            .sealer("eve@evil.example", &eve)
            .sign(content.as_bytes(), &address("eve@evil.example"), NOW)
            .unwrap();
        let opened = desk.open(&bare(HEAD, &eves, &clinic));
        assert!(matches!(opened.authenticity(), Authenticity::Authentic(_)));
        assert!(opened.signatures().iter().any(|s| s.capabilities.is_some()));
        let reader = desk.sealer("pat@mail.example", &desk.key("pat@mail.example", 0));
        let form = || {
            let (pat, clinic) = (address("pat@mail.example"), address(CLINIC));
            reader.assess(&pat, &clinic, NOW).form
        };
        reader.learn(&opened);
        assert_eq!(form(), Some((Form::Enveloped, FormReason::Default)));
        let own = desk.sealer(CLINIC, &clinic);
        let own = own.sign(content.as_bytes(), &address(CLINIC), NOW).unwrap();
        reader.learn(&desk.open(&own));
        assert_eq!(form(), Some((Form::AuthEnveloped, FormReason::EarlierMail)));
    }

    /// The older protection repeats what it likes; the rest is anybody's.
    #[test]
    fn a_field_added_outside_is_not_protected() {
        let desk = Desk::new();
        let key = desk.key(CLINIC, 0);
        let content = b"From: clinic@harbor.example\r\nTo: pat@mail.example\r\n\
        Content-Type: text/plain; protected-headers=\"v1\"\r\n\r\nx\r\n";
        assert!(desk.open(&bare(HEAD, content, &key)).headers().protected);
        let added = format!("{HEAD}Reply-To: eve@evil.example\r\n");
        let opened = desk.open(&bare(&added, content, &key));
        assert!(!opened.headers().protected);
    }

    /// The mark of a legacy display hides text only where it stands for fields that
    /// were hidden.
    #[test]
    fn a_text_is_not_hidden_by_a_mark() {
        let desk = Desk::new();
        let content =
            b"Content-Type: text/plain; hp-legacy-display=1\r\n\r\nI owe 100.\r\n\r\nx\r\n";
        let opened = desk.open(&bare(HEAD, content, &desk.key(CLINIC, 0)));
        assert!(text(opened.message().unwrap()).contains("I owe 100."));
    }

    #[test]
    fn two_authors_are_none() {
        let desk = Desk::new();
        let content =
            b"From: clinic@harbor.example\r\nContent-Type: text/plain; hp=\"clear\"\r\n\r\nx";
        let raw = bare("From: eve@evil.example\r\n", content, &desk.key(CLINIC, 0));
        let opened = desk.open(&raw);
        assert!(opened.headers().from_differs);
        assert!(opened.author().is_none());
        let from = Authenticity::Unproven(Unproven::From);
        assert_eq!(opened.authenticity(), from);
    }

    fn multipart(head: &str, parts: &[&[u8]]) -> Vec<u8> {
        let boundary = format!("b{}", parts.iter().map(|p| p.len()).sum::<usize>());
        let mut out = format!("{head}Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n")
            .into_bytes();
        for part in parts {
            out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            out.extend_from_slice(part);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        out
    }

    /// A part that is signed by itself, without header fields of a message.
    fn signed_part(desk: &Desk, key: &SmimeKey, content: &[u8]) -> Vec<u8> {
        let sealer = desk.sealer(CLINIC, key);
        let signed = sealer.sign(content, &address(CLINIC), NOW).unwrap();
        text(&signed)
            .replace("MIME-Version: 1.0\r\n", "")
            .into_bytes()
    }

    /// One large certificate, a thousand parts: it is held once.
    #[test]
    fn parts_share_what_is_said_of_their_signature() {
        let desk = Desk::new();
        let leaves: Vec<&[u8]> = vec![b"\r\nx"; 1_000];
        let part = signed_part(&desk, &desk.key(CLINIC, 0), &multipart("", &leaves));
        let opened = desk.open(&multipart(HEAD, &[&part]));
        let parts = opened.parts();
        assert_eq!(parts.len(), 1_000);
        assert_eq!(parts[0].own_signatures.len(), 1);
        let shared = |p: &crate::seal::open::OpenedPart| {
            Arc::ptr_eq(&p.own_signatures, &parts[0].own_signatures)
        };
        assert!(parts.iter().all(shared));
    }

    /// Each signed part may ask for hundreds of verifications.
    #[test]
    fn signed_parts_are_bounded() {
        let desk = Desk::new();
        let part = signed_part(&desk, &desk.key(CLINIC, 0), b"\r\ntext\r\n");
        let with = |count| {
            let parts: Vec<&[u8]> = vec![&part; count];
            open(&multipart(HEAD, &parts), &desk.keyring(), NOW).map(|o| o.parts().len())
        };
        assert_eq!(with(16), Ok(16));
        let limit = OpenError::Limit {
            what: "signed parts",
            limit: 16,
        };
        assert_eq!(with(17), Err(limit));
    }

    /// Each extension is compared with each.
    #[test]
    fn extensions_of_a_certificate_are_bounded() {
        let with = |count: u64| {
            let mut params = CertificateParams::default();
            params.custom_extensions = (0..count)
                .map(|n| CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, n], vec![5, 0]))
                .collect();
            let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            Certificate::parse_der(made.der()).map(drop)
        };
        assert_eq!(with(50), Ok(()));
        assert_eq!(with(70), Err(KeyFault::Malformed));
    }
}
