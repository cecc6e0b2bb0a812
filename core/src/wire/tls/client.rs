//! The client's side of a handshake: SP 800-52r2 suites, the hybrid
//! post-quantum group first, and the evidence afterwards.

use std::io;
use std::sync::{Arc, LazyLock};

use data_encoding::HEXLOWER;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, NamedGroup, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::classify;
use super::evidence::{TlsEvidence, TlsVersion};
use super::roots::Roots;
use super::verifier::{Anchor, Verifier};
use crate::base::{Domain, TlsAssurance};
use crate::wire::tls::TlsSeen;

/// The suites of NIST SP 800-52r2 section 3.3.1 that have forward secrecy and
/// authenticated encryption: AES-GCM with ECDHE, and TLS 1.3's AES-GCM.
///
/// Opportunistic connections use the same: every host that speaks TLS 1.2 with
/// forward secrecy has them, and one set means one thing to reason about.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        const GROUPS: &[&dyn SupportedKxGroup] = &[
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP256R1,
            kx_group::SECP384R1,
        ];
        Arc::new(CryptoProvider {
            cipher_suites: vec![
                cipher_suite::TLS13_AES_256_GCM_SHA384,
                cipher_suite::TLS13_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ],
            kx_groups: GROUPS.to_vec(),
            ..aws_lc_rs::default_provider()
        })
    });
    Arc::clone(&PROVIDER)
}

/// What a handshake must satisfy.
#[derive(Debug, Clone)]
pub(crate) struct TlsPlan {
    /// The name to send (SNI) and to check.
    pub(crate) host: Domain,
    /// The least assurance; below `Authenticated` any certificate passes.
    pub(crate) least: TlsAssurance,
    /// What beside WebPKI vouches for the host.
    pub(crate) anchor: Anchor,
    /// The authorities of WebPKI.
    pub(crate) roots: Roots,
}

/// Why there is no TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsFailure {
    /// Version, suite, alert, or not TLS at all: the host cannot do it.
    Handshake(&'static str),
    /// The certificate does not satisfy the plan.
    Certificate(&'static str),
    /// The connection ended in the middle: nothing is known.
    Disconnected,
}

/// Does the handshake. Whoever calls bounds its time.
pub(crate) async fn handshake<S>(
    io: S,
    plan: &TlsPlan,
) -> Result<(TlsStream<S>, TlsSeen), TlsFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let provider = provider();
    let verifier = Arc::new(Verifier::new(
        plan.least,
        plan.anchor.clone(),
        plan.roots.clone(),
        Arc::clone(&provider),
    ));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsFailure::Handshake("configuration"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Verifier>::clone(&verifier))
        .with_no_client_auth();
    // A resumed session skips the verifier: it would carry what one policy
    // accepted over to another. A full handshake costs half a millisecond.
    config.resumption = Resumption::disabled();
    let name = ServerName::try_from(plan.host.as_str().to_owned())
        .map_err(|_| TlsFailure::Certificate("wrong_name"))?;

    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, io)
        .await
        .map_err(|e| failure(&e, &verifier))?;
    let seen =
        evidence(stream.get_ref().1, &verifier).ok_or(TlsFailure::Handshake("no_evidence"))?;
    Ok((stream, seen))
}

fn failure(error: &io::Error, verifier: &Verifier) -> TlsFailure {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(e @ rustls::Error::InvalidCertificate(_)) => TlsFailure::Certificate(
            verifier
                .seen()
                .and_then(|verdict| verdict.invalid)
                .unwrap_or(classify::handshake_word(e)),
        ),
        Some(e) => TlsFailure::Handshake(classify::handshake_word(e)),
        None => TlsFailure::Disconnected,
    }
}

fn evidence(connection: &ClientConnection, verifier: &Verifier) -> Option<TlsSeen> {
    let verdict = verifier.seen()?;
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_2 => TlsVersion::Tls12,
        ProtocolVersion::TLSv1_3 => TlsVersion::Tls13,
        _ => return None,
    };
    let suite = format!("{:?}", connection.negotiated_cipher_suite()?.suite());
    Some(TlsSeen::new(
        TlsEvidence {
            version,
            // rustls tells TLS 1.3's suites apart in its own names; IANA does not.
            suite: suite.replacen("TLS13_", "TLS_", 1),
            group: connection
                .negotiated_key_exchange_group()
                .map(|group| group_name(group.name())),
            certificate_sha256: HEXLOWER.encode(&verdict.sha256),
            identity: verdict.identity,
        },
        verdict.invalid,
    ))
}

/// The group's name in IANA's registry.
fn group_name(group: NamedGroup) -> String {
    match group {
        NamedGroup::X25519 => "x25519".into(),
        other => format!("{other:?}"),
    }
}
