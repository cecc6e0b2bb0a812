//! Looks at a mail host without giving it mail: greeting, `EHLO`, `STARTTLS`,
//! handshake, `EHLO`, `QUIT`. `MAIL FROM` is never said.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::connection::{Connection, Timeouts};
use super::fault::Fault;
use super::session::{SessionConfig, TlsUse};
use crate::base::{Domain, Fact, TlsAssurance};
use crate::wire::Network;
use crate::wire::smtp::{Cause, Stage};
use crate::wire::tls::TlsSeen;
use crate::wire::tls::{Anchor, TlsPlan};

/// The most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 4;

/// What a mail host showed.
#[derive(Debug, Clone)]
pub(crate) struct HostProbe {
    /// `Proven` after a finished handshake, whatever the certificate;
    /// `Refuted` where the host does not offer TLS or cannot do it; `Unknown`
    /// where it could not be found out.
    pub(crate) tls: Fact<TlsSeen>,
    /// Whether `REQUIRETLS` is offered after TLS.
    pub(crate) requiretls: bool,
    /// Why, where TLS is not proven; `Cause::Ok` where it is.
    pub(crate) cause: Cause,
}

impl HostProbe {
    fn unknown(cause: Cause) -> Self {
        Self {
            tls: Fact::Unknown,
            requiretls: false,
            cause,
        }
    }
}

/// Probes `host` on the network's SMTP port, its addresses in turn until one
/// answers, and takes at most `deadline` for it all.
pub(crate) async fn probe(
    network: &Network,
    host: &Domain,
    ehlo_name: &Domain,
    deadline: Duration,
) -> HostProbe {
    let until = Instant::now() + deadline;
    let addresses = match timeout_at(until, addresses(network, host)).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(fault)) => return HostProbe::unknown(fault.cause),
        Err(_) => return HostProbe::unknown(Cause::Timeout),
    };
    let mut last = HostProbe::unknown(Cause::NoHost);
    for address in addresses {
        last = probe_address(network, host, address, ehlo_name, until).await;
        if !last.tls.is_unknown() {
            break;
        }
    }
    last
}

async fn probe_address(
    network: &Network,
    host: &Domain,
    address: SocketAddr,
    ehlo_name: &Domain,
    until: Instant,
) -> HostProbe {
    let stream = match timeout_at(until, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) => return HostProbe::unknown(Cause::Connect),
        Err(_) => return HostProbe::unknown(Cause::Timeout),
    };
    let config = SessionConfig {
        ehlo: ehlo_name.clone(),
        tls: TlsUse::Required,
        credentials: None,
        pipelining: true,
    };
    let plan = TlsPlan {
        host: host.clone(),
        least: TlsAssurance::Encrypted,
        anchor: Anchor::None,
        roots: network.roots.clone(),
    };
    let (connection, result) =
        Connection::open(Box::new(stream), config, &plan, Timeouts::default(), until).await;
    let requiretls = result.is_ok() && connection.session().extensions().requiretls;
    let seen = connection.seen().cloned();
    let cause = result.as_ref().err().map_or(Cause::Ok, |f| f.cause);
    connection.quit().await;
    let tls = match (seen, cause) {
        // The handshake is the proof; what came after it does not matter.
        (Some(seen), _) => Fact::Proven(seen),
        (None, Cause::NoTls | Cause::TlsHandshake | Cause::TlsCertificate) => Fact::Refuted,
        (None, _) => Fact::Unknown,
    };
    let cause = if tls.is_proven() { Cause::Ok } else { cause };
    HostProbe {
        tls,
        requiretls,
        cause,
    }
}

/// The addresses of a mail host that may be connected to, few, in the
/// resolver's order.
pub(crate) async fn addresses(network: &Network, host: &Domain) -> Result<Vec<SocketAddr>, Fault> {
    let fault = |cause, text: &str| Fault::local(Stage::Resolve, cause, text);
    let answer = network
        .resolver
        .addresses(host)
        .await
        .map_err(|error| fault(Cause::Dns, &error.to_string()))?;
    if answer.records.is_empty() {
        return Err(fault(Cause::Dns, "the host has no address"));
    }
    let permitted = answer
        .records
        .into_iter()
        .filter(|ip| network.guard.permits(*ip));
    let found: Vec<_> = alternate(permitted)
        .into_iter()
        .map(|ip| SocketAddr::new(ip, network.smtp_port))
        .take(MAX_ADDRESSES)
        .collect();
    if found.is_empty() {
        return Err(fault(
            Cause::TargetForbidden,
            "the host's addresses are internal",
        ));
    }
    Ok(found)
}

/// Both address families in turn, IPv4 first: where one has no route, the
/// other is among the few that are tried.
fn alternate(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let (v4, v6): (Vec<_>, Vec<_>) = addresses.partition(IpAddr::is_ipv4);
    let mut out = Vec::with_capacity(v4.len() + v6.len());
    let (mut v4, mut v6) = (v4.into_iter(), v6.into_iter());
    loop {
        match (v4.next(), v6.next()) {
            (None, None) => return out,
            (a, b) => out.extend(a.into_iter().chain(b)),
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::testing::pki::{CertKind, TestCa};
    use crate::testing::smtp::{Act, PeerBuilder, SmtpPeer, When};
    use crate::wire::guard::Guard;
    use crate::wire::resolver::{Answer, Mx, ResolveError, Resolver, Security};
    use crate::wire::tls::Identity;

    #[derive(Debug)]
    struct Loopback;

    #[async_trait]
    impl Resolver for Loopback {
        async fn mx(&self, _: &Domain) -> Result<Answer<Mx>, ResolveError> {
            Err(ResolveError::ServerFailure)
        }
        async fn txt(&self, _: &str) -> Result<Answer<String>, ResolveError> {
            Err(ResolveError::ServerFailure)
        }
        async fn addresses(&self, _: &Domain) -> Result<Answer<IpAddr>, ResolveError> {
            Ok(Answer {
                records: vec!["127.0.0.1".parse().unwrap()],
                nxdomain: false,
                security: Security::Insecure,
                ttl: 60,
            })
        }
    }

    async fn look(ca: &TestCa, peer: PeerBuilder, guard: Guard) -> (HostProbe, SmtpPeer) {
        let peer = peer.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let network = Network::new(Arc::new(Loopback))
            .roots(ca.roots())
            .ports(peer.address().port(), 443)
            .guard(guard);
        let host = "mx.clinic.example".parse().unwrap();
        let name = "harbor.example".parse().unwrap();
        let probe = probe(&network, &host, &name, Duration::from_secs(2)).await;
        assert!(peer.connections().iter().all(|c| !c.mail_from));
        (probe, peer)
    }

    #[tokio::test]
    async fn a_certificate_is_seen_for_what_it_is() {
        let ca = TestCa::new();
        for (kind, identity, invalid) in [
            (CertKind::Valid, Identity::WebPki, None),
            (CertKind::Expired, Identity::Unverified, Some("expired")),
            (
                CertKind::NotYetValid,
                Identity::Unverified,
                Some("not_valid_yet"),
            ),
            (
                CertKind::WrongName,
                Identity::Unverified,
                Some("wrong_name"),
            ),
            (
                CertKind::SelfSigned,
                Identity::Unverified,
                Some("unknown_issuer"),
            ),
        ] {
            let peer = SmtpPeer::builder("mx").starttls(ca.issue("mx.clinic.example", kind));
            let peer = peer.offer("REQUIRETLS");
            let (probe, _peer) = look(&ca, peer, Guard::allow_internal()).await;
            let seen = probe.tls.proven().unwrap();
            assert_eq!((seen.evidence.identity, seen.invalid), (identity, invalid));
            assert!(probe.requiretls);
            assert_eq!(probe.cause, Cause::Ok);
        }
    }

    #[tokio::test]
    async fn no_is_refuted_and_not_knowing_is_unknown() {
        let ca = TestCa::new();
        let tls =
            || SmtpPeer::builder("mx").starttls(ca.issue("mx.clinic.example", CertKind::Valid));
        let answer = |text| tls().on(When::Command("STARTTLS"), vec![Act::say(text)]);
        let greeting = |script| tls().on(When::Connect, script);
        for (peer, tls, cause) in [
            (SmtpPeer::builder("mx"), Fact::Refuted, Cause::NoTls),
            (answer("502 no\r\n"), Fact::Refuted, Cause::NoTls),
            (tls().refuse_sni(), Fact::Refuted, Cause::TlsHandshake),
            (
                answer("454 later\r\n"),
                Fact::Unknown,
                Cause::TransientReply,
            ),
            (
                answer("220 go\r\n250 x\r\n"),
                Fact::Unknown,
                Cause::StartTlsInjection,
            ),
            (
                greeting(vec![Act::Close]),
                Fact::Unknown,
                Cause::Disconnected,
            ),
            (greeting(vec![Act::Silence]), Fact::Unknown, Cause::Timeout),
            (
                greeting(vec![Act::say("554 no\r\n")]),
                Fact::Unknown,
                Cause::PermanentReply,
            ),
        ] {
            let (probe, _peer) = look(&ca, peer, Guard::allow_internal()).await;
            assert_eq!((probe.tls, probe.cause), (tls, cause));
        }
    }

    #[test]
    fn both_address_families_are_among_the_first() {
        let list = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"];
        let mixed = alternate(list.iter().map(|ip| ip.parse().unwrap()));
        let mixed: Vec<_> = mixed.iter().map(ToString::to_string).collect();
        assert_eq!(
            mixed,
            ["192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"]
        );
    }

    #[tokio::test]
    async fn an_internal_address_is_not_connected_to() {
        let ca = TestCa::new();
        let (probe, peer) = look(&ca, SmtpPeer::builder("mx"), Guard::public_only()).await;
        assert_eq!(probe.cause, Cause::TargetForbidden);
        assert!(probe.tls.is_unknown() && peer.connections().is_empty());
    }
}
