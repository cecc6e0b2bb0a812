//! A certificate authority of its own, for peers with good and bad
//! certificates.
//!
//! [`TestCa::issue`] gives a [`ServerCert`] of the wanted [`CertKind`];
//! [`TestCa::roots`] is what a client under test trusts. Dates are absolute
//! (2020 to 2120), so that nothing here expires. What rcgen cannot make (SHA-1,
//! RSA-1024, X.509 version 1, an unknown critical extension) is fixed DER for
//! [`FIXED_HOST`]; see `fixed/PROVENANCE.md`.
//!
//! ```
//! use mailseal::testing::pki::{CertKind, TestCa};
//! let ca = TestCa::new();
//! let cert = ca.issue("mx.clinic.example", CertKind::Expired);
//! assert_eq!(cert.chain().len(), 1);
//! ```
#![allow(clippy::expect_used)] // a fixture that cannot be made is a broken test

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::base::crypto::sha256;
use crate::wire::tls::Roots;

/// The name in the fixed certificates.
pub const FIXED_HOST: &str = "mx.fixed.example";

/// What is right or wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertKind {
    /// Nothing is wrong.
    Valid,
    /// For `*.` and the host's parent domain.
    Wildcard,
    /// Its time is over.
    Expired,
    /// Its time is to come.
    NotYetValid,
    /// For another host.
    WrongName,
    /// For `*.` and the host's grandparent: a wildcard stands for one label.
    WildcardTooHigh,
    /// Issued by itself.
    SelfSigned,
    /// Issued by another authority.
    UnknownIssuer,
    /// Issued by an intermediate that the server does not send.
    MissingIntermediate,
    /// Issued by an intermediate that the server sends.
    Intermediate,
    /// A CA certificate used as the server's own.
    CaLeaf,
    /// The name stands in the subject only (RFC 6125 section 6.4.4).
    CnOnly,
    /// For clients, not servers.
    WrongPurpose,
    /// Signed with SHA-1. For [`FIXED_HOST`].
    Sha1,
    /// RSA with 1024 bits. For [`FIXED_HOST`]; rustls cannot serve it.
    Rsa1024,
    /// X.509 version 1. For [`FIXED_HOST`].
    X509V1,
    /// A critical extension that nobody knows. For [`FIXED_HOST`].
    UnknownCritical,
}

/// A certificate with its chain and key.
#[derive(Clone)]
pub struct ServerCert {
    chain: Vec<Vec<u8>>,
    key: Vec<u8>,
    spki_sha256: [u8; 32],
}

impl fmt::Debug for ServerCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerCert({})", self.chain.len())
    }
}

impl ServerCert {
    /// The certificate and what the server sends after it, DER.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The key, PKCS #8 DER.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// SHA-256 of the SubjectPublicKeyInfo, as a partner's pin. Zero for the
    /// fixed certificates.
    pub fn spki_sha256(&self) -> [u8; 32] {
        self.spki_sha256
    }

    /// A server that shows this certificate, whatever is wrong with it.
    pub(crate) fn server_config(&self, options: ServerOptions) -> Arc<ServerConfig> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let key = provider
            .key_provider
            .load_private_key(key)
            .expect("the key is one that rustls can sign with");
        let chain = self.chain.iter().cloned().map(CertificateDer::from);
        // `new` does not look at the certificate: that is the client's work.
        let key = Arc::new(CertifiedKey::new(chain.collect(), key));
        let versions: &[_] = if options.tls12_only {
            &[&rustls::version::TLS12]
        } else {
            rustls::DEFAULT_VERSIONS
        };
        Arc::new(
            ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(versions)
                .expect("the provider has suites for these versions")
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(Shows {
                    key,
                    refuse_sni: options.refuse_sni,
                })),
        )
    }
}

/// How a TLS server behaves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServerOptions {
    pub(crate) tls12_only: bool,
    pub(crate) refuse_sni: bool,
}

#[derive(Debug)]
struct Shows {
    key: Arc<CertifiedKey>,
    refuse_sni: bool,
}

impl ResolvesServerCert for Shows {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        (!self.refuse_sni).then(|| Arc::clone(&self.key))
    }
}

/// A certificate authority.
pub struct TestCa {
    root: CertifiedIssuer<'static, KeyPair>,
}

impl fmt::Debug for TestCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestCa")
    }
}

impl Default for TestCa {
    fn default() -> Self {
        Self::new()
    }
}

impl TestCa {
    /// A new authority with a new key.
    pub fn new() -> Self {
        Self {
            root: authority("mailseal test CA"),
        }
    }

    /// Its certificate, DER.
    pub fn der(&self) -> &[u8] {
        self.root.der()
    }

    #[cfg(feature = "smime")]
    pub(super) fn issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.root
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> String {
        self.root.pem()
    }

    /// What a client under test trusts: this authority and that of the fixed
    /// certificates.
    pub fn roots(&self) -> Roots {
        Roots::from_der([self.der(), include_bytes!("fixed/ca.der")])
            .expect("both are certificates")
    }

    /// A certificate for `host`. The fixed kinds are for [`FIXED_HOST`]
    /// whatever `host` is.
    pub fn issue(&self, host: &str, kind: CertKind) -> ServerCert {
        let parent = |host: &str| host.split_once('.').map_or("", |(_, p)| p).to_owned();
        let names = match kind {
            CertKind::Wildcard => vec![format!("*.{}", parent(host))],
            CertKind::WildcardTooHigh => vec![format!("*.{}", parent(&parent(host)))],
            CertKind::WrongName => vec!["elsewhere.example".to_owned()],
            CertKind::CnOnly => vec![],
            _ => vec![host.to_owned()],
        };
        let mut params = params(names, host);
        match kind {
            CertKind::Expired => params.not_after = date_time_ymd(2021, 1, 1),
            CertKind::NotYetValid => params.not_before = date_time_ymd(2119, 1, 1),
            CertKind::CaLeaf => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            CertKind::WrongPurpose => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
            _ => {}
        }
        let key = KeyPair::generate().expect("a P-256 key");
        let (leaf, more) = match kind {
            CertKind::Sha1 => return fixed(include_bytes!("fixed/sha1.der")),
            CertKind::X509V1 => return fixed(include_bytes!("fixed/x509v1.der")),
            CertKind::UnknownCritical => {
                return fixed(include_bytes!("fixed/unknown_critical.der"));
            }
            CertKind::Rsa1024 => {
                return ServerCert {
                    chain: vec![include_bytes!("fixed/rsa1024.der").to_vec()],
                    key: include_bytes!("fixed/rsa1024_key.der").to_vec(),
                    spki_sha256: [0; 32],
                };
            }
            CertKind::SelfSigned => (params.self_signed(&key), vec![]),
            CertKind::UnknownIssuer => {
                let other = authority("another test CA");
                (params.signed_by(&key, &other), vec![])
            }
            CertKind::MissingIntermediate | CertKind::Intermediate => {
                let middle = CertifiedIssuer::signed_by(
                    authority_params("mailseal test intermediate"),
                    KeyPair::generate().expect("a P-256 key"),
                    &self.root,
                )
                .expect("an intermediate");
                let more = match kind {
                    CertKind::Intermediate => vec![middle.der().to_vec()],
                    _ => vec![],
                };
                (params.signed_by(&key, &middle), more)
            }
            _ => (params.signed_by(&key, &self.root), vec![]),
        };
        let mut chain = vec![leaf.expect("the parameters are sound").der().to_vec()];
        chain.extend(more);
        ServerCert {
            chain,
            spki_sha256: sha256(&rcgen::PublicKeyData::subject_public_key_info(&key)),
            key: key.serialize_der(),
        }
    }
}

fn fixed(leaf: &[u8]) -> ServerCert {
    ServerCert {
        chain: vec![leaf.to_vec()],
        key: include_bytes!("fixed/p256_key.der").to_vec(),
        spki_sha256: [0; 32],
    }
}

fn params(names: Vec<String>, common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("host names are valid");
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(vec![], name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("a P-256 key");
    CertifiedIssuer::self_signed(authority_params(name), key).expect("a root")
}
