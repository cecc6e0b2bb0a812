//! One message, some peers, one outcome, and what must hold whatever it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use mailseal::base::{Domain, PartnerIdentity, Secret, TlsAssurance};
use mailseal::deliver::{
    Attempt, Barrier, BarrierError, Cause, Delivery, Envelope, Hop, Job, Requirement, Smtp,
    Timeouts, Transport,
};
use mailseal::discover::{MxHost, StsMode, StsPolicy};
use mailseal::testing::pki::{CertKind, ServerCert, TestCa};
use mailseal::testing::smtp::{PeerBuilder, SmtpPeer};
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::{Answer, Mx, ResolveError, Resolver, Security};

/// Stands in every message, and never in clear where the floor forbids it.
pub(crate) const CANARY: &str = "CANARY-HbA1c-7731";
pub(crate) const HOST: &str = "mx.clinic.example";
pub(crate) const SECRET: &str = "correct horse battery";

pub(crate) fn ca() -> &'static TestCa {
    static CA: OnceLock<TestCa> = OnceLock::new();
    CA.get_or_init(TestCa::new)
}

pub(crate) fn cert(kind: CertKind) -> ServerCert {
    ca().issue(HOST, kind)
}

/// A well-behaved peer without TLS.
pub(crate) fn clear() -> PeerBuilder {
    SmtpPeer::builder(HOST)
}

/// A well-behaved peer.
pub(crate) fn tls() -> PeerBuilder {
    clear().starttls(cert(CertKind::Valid))
}

pub(crate) fn message() -> Vec<u8> {
    format!("From: a@harbor.example\r\nSubject: visit\r\n\r\n{CANARY}\r\n").into_bytes()
}

/// A message of about so many octets.
pub(crate) fn long_message(octets: usize) -> Vec<u8> {
    let mut long = message();
    while long.len() < octets {
        long.extend_from_slice(&[b'x'; 70]);
        long.extend_from_slice(b"\r\n");
    }
    long
}

#[derive(Debug, Clone)]
pub(crate) struct Relay {
    pub(crate) implicit: bool,
    pub(crate) secret: Option<&'static str>,
    pub(crate) token: bool,
    pub(crate) onward: TlsAssurance,
}

pub(crate) struct Scene {
    pub(crate) peers: Vec<PeerBuilder>,
    pub(crate) host: &'static str,
    pub(crate) floor: TlsAssurance,
    pub(crate) recipients: Vec<&'static str>,
    pub(crate) message: Vec<u8>,
    pub(crate) sts: Option<StsPolicy>,
    pub(crate) partner: Option<PartnerIdentity>,
    pub(crate) relay: Option<Relay>,
    pub(crate) timeouts: Timeouts,
    /// Floors of deliveries by the same transport before the one that counts.
    pub(crate) before: Vec<TlsAssurance>,
    pub(crate) guard: Guard,
    pub(crate) barrier_fails: bool,
    /// How many connections the peers must have seen.
    pub(crate) connections: Option<usize>,
    /// The content the first peer must have taken.
    pub(crate) arrives: Option<Vec<u8>>,
    /// How many deliveries run at once, on at most how many connections.
    pub(crate) at_once: (usize, usize),
    pub(crate) per_connection: u32,
    /// What must live as long as the scene.
    pub(crate) keep: Option<Box<dyn std::any::Any + Send>>,
}

impl Scene {
    /// One message to one recipient over at least `Encrypted`.
    pub(crate) fn of(peer: PeerBuilder) -> Self {
        Self {
            peers: vec![peer],
            host: HOST,
            floor: TlsAssurance::Encrypted,
            recipients: vec!["pat@clinic.example"],
            message: message(),
            sts: None,
            partner: None,
            relay: None,
            timeouts: Timeouts::default(),
            before: vec![],
            guard: Guard::allow_internal(),
            barrier_fails: false,
            connections: None,
            arrives: None,
            at_once: (1, 10),
            per_connection: 100,
            keep: None,
        }
    }

    pub(crate) fn floor(mut self, floor: TlsAssurance) -> Self {
        self.floor = floor;
        self
    }

    pub(crate) fn opportunistic(self) -> Self {
        self.floor(TlsAssurance::Opportunistic)
    }

    pub(crate) fn authenticated(self) -> Self {
        self.floor(TlsAssurance::Authenticated)
    }

    pub(crate) fn and(mut self, peer: PeerBuilder) -> Self {
        self.peers.push(peer);
        self
    }

    pub(crate) fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    pub(crate) fn to(mut self, recipients: &[&'static str]) -> Self {
        self.recipients = recipients.to_vec();
        self
    }

    pub(crate) fn message(mut self, message: impl Into<Vec<u8>>) -> Self {
        self.message = message.into();
        self
    }

    pub(crate) fn arrives(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.arrives = Some(content.into());
        self
    }

    pub(crate) fn sts(mut self, pattern: &str) -> Self {
        self.sts = Some(StsPolicy::new(
            StsMode::Enforce,
            vec![pattern.into()],
            86_400,
        ));
        self
    }

    pub(crate) fn partner(mut self, partner: PartnerIdentity) -> Self {
        self.partner = Some(partner);
        self
    }

    pub(crate) fn relay(mut self, secret: Option<&'static str>) -> Self {
        self.relay = Some(Relay {
            implicit: false,
            secret,
            token: false,
            onward: TlsAssurance::Authenticated,
        });
        self
    }

    pub(crate) fn with_relay(mut self, change: impl FnOnce(&mut Relay)) -> Self {
        change(self.relay.as_mut().unwrap());
        self
    }

    /// With one deadline short, so that the test need not wait.
    pub(crate) fn hurry(mut self, change: impl FnOnce(&mut Timeouts, Duration)) -> Self {
        change(&mut self.timeouts, Duration::from_millis(250));
        self
    }

    /// The same, where the deadline counts for stages that go well too.
    pub(crate) fn hurry_a_little(mut self, change: impl FnOnce(&mut Timeouts, Duration)) -> Self {
        change(&mut self.timeouts, Duration::from_millis(1500));
        self
    }

    pub(crate) fn before(mut self, floor: TlsAssurance) -> Self {
        self.before.push(floor);
        self
    }

    pub(crate) fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    pub(crate) fn barrier_fails(mut self) -> Self {
        self.barrier_fails = true;
        self
    }

    pub(crate) fn at_once(mut self, deliveries: usize, connections: usize) -> Self {
        self.at_once = (deliveries, connections);
        self
    }

    pub(crate) fn per_connection(mut self, messages: u32) -> Self {
        self.per_connection = messages;
        self
    }

    pub(crate) fn keep(mut self, what: impl std::any::Any + Send) -> Self {
        self.keep = Some(Box::new(what));
        self
    }

    pub(crate) fn connections(mut self, count: usize) -> Self {
        self.connections = Some(count);
        self
    }

    pub(crate) async fn run(self) -> Outcome {
        let mut peers = Vec::new();
        let mut port = 0;
        for (i, builder) in self.peers.iter().enumerate() {
            let ip = Ipv4Addr::new(127, 0, 0, 1 + u8::try_from(i).unwrap());
            let peer = builder.clone().bind(SocketAddr::from((ip, port))).await;
            let peer = peer.unwrap();
            port = peer.address().port();
            peers.push(peer);
        }
        let names: Vec<Domain> = (0..peers.len())
            .map(|i| match i {
                0 => self.host.parse().unwrap(),
                _ => format!("mx{i}.clinic.example").parse().unwrap(),
            })
            .collect();
        let addresses = names
            .iter()
            .cloned()
            .zip(peers.iter().map(|p| p.address().ip()))
            .collect();
        let network = Network::new(Arc::new(Names(addresses)))
            .roots(ca().roots())
            .ports(port, 443)
            .guard(self.guard);
        let smtp = match &self.relay {
            None => Smtp::direct(network, "harbor.example".parse().unwrap()),
            Some(relay) => {
                let scheme = if relay.implicit { "smtps" } else { "smtp" };
                let user = relay.secret.map_or("", |_| "clinic@");
                let url = format!("{scheme}://{user}{}:{port}", self.host);
                let smtp = Smtp::relay(&url).unwrap().network(network);
                let smtp = smtp.onward(relay.onward);
                match relay.secret {
                    Some(token) if relay.token => smtp.token(token.into()),
                    Some(password) => smtp.credentials(Secret::from(password)),
                    None => smtp,
                }
            }
        }
        .timeouts(self.timeouts)
        .limits(self.at_once.1, self.per_connection, Duration::from_secs(20));

        let envelope = Envelope::new(
            Some("doctor@harbor.example".parse().unwrap()),
            self.recipients.iter().map(|r| r.parse().unwrap()).collect(),
        );
        let mx = names
            .iter()
            .enumerate()
            .map(|(i, n)| MxHost::new(n.clone(), u16::try_from(i).unwrap()))
            .collect();
        let mut hop = Hop::new("clinic.example".parse().unwrap(), mx, self.sts.clone());
        hop.partner = self.partner.clone();
        let barrier = Counting {
            fails: self.barrier_fails,
            passed: AtomicUsize::new(0),
        };
        let mut attempts = Vec::new();
        for floor in self.before.iter().copied().chain([self.floor]) {
            let requirement = Requirement::at_least(floor);
            let deliveries = (0..self.at_once.0).map(|_| {
                let job = Job {
                    envelope: &envelope,
                    message: &self.message,
                    hop: &hop,
                    requirement: &requirement,
                };
                smtp.deliver(job, &barrier)
            });
            let all = futures_util::future::join_all(deliveries).await;
            attempts = all.into_iter().next().unwrap();
        }
        let outcome = Outcome {
            scene: self,
            attempts,
            peers,
            barriers: barrier.passed.load(Ordering::SeqCst),
        };
        outcome.what_must_always_hold();
        outcome
    }
}

pub(crate) struct Outcome {
    pub(crate) scene: Scene,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) peers: Vec<SmtpPeer>,
    pub(crate) barriers: usize,
}

fn word(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap();
    value.as_str().unwrap().to_owned()
}

impl Outcome {
    /// `delivery cause @stage [code] [word]`, for each recipient.
    pub(crate) fn describe(&self) -> String {
        let mut all: Vec<String> = self.attempts.iter().map(describe).collect();
        all.dedup();
        all.join("; ")
    }

    fn what_must_always_hold(&self) {
        assert_eq!(self.attempts.len(), self.scene.recipients.len());
        let connections: Vec<_> = self.peers.iter().flat_map(SmtpPeer::connections).collect();
        let messages: Vec<_> = self.peers.iter().flat_map(SmtpPeer::messages).collect();

        // Nothing in clear where the floor, the domain or the relay forbids it.
        let clear_is_allowed = self.scene.floor == TlsAssurance::Opportunistic
            && self.scene.sts.is_none()
            && self.scene.relay.is_none();
        if !clear_is_allowed {
            for connection in &connections {
                let heard = String::from_utf8_lossy(&connection.heard);
                for forbidden in ["MAIL", "RCPT", "AUTH", CANARY, "pat@", SECRET] {
                    assert!(!heard.contains(forbidden), "{forbidden} went in clear");
                }
            }
            assert!(messages.iter().all(|m| m.tls));
        }
        // A host below the floor never hears MAIL FROM, over TLS neither.
        let below = |a: &Attempt| {
            matches!(
                a.cause,
                Cause::NoTls | Cause::TlsHandshake | Cause::TlsCertificate | Cause::BelowFloor
            )
        };
        if self.scene.before.is_empty() && self.attempts.iter().any(below) {
            assert!(connections.iter().all(|c| !c.mail_from));
        }
        // What was not delivered did not arrive.
        let not = |a: &Attempt| {
            matches!(
                a.delivery,
                Delivery::Deferred | Delivery::Rejected | Delivery::FloorUnmet
            )
        };
        if self.scene.before.is_empty() && self.attempts.iter().all(not) {
            assert!(messages.is_empty());
        }
        if self
            .attempts
            .iter()
            .any(|a| a.delivery == Delivery::Accepted)
        {
            assert!(!messages.is_empty());
            assert!(self.barriers > 0, "no final dot without the barrier");
        }
        if let Some(count) = self.scene.connections {
            assert_eq!(connections.len(), count, "connections");
        }
        if let Some(content) = &self.scene.arrives {
            assert_eq!(&messages[0].content, content);
        }
        // No outcome's Debug text names anybody.
        let debug = format!("{:?}", self.attempts);
        for forbidden in ["pat", "clinic.example", CANARY, SECRET] {
            assert!(!debug.contains(forbidden), "{forbidden} in Debug");
        }
    }
}

fn describe(attempt: &Attempt) -> String {
    let mut text = format!(
        "{} {} @{}",
        word(attempt.delivery),
        word(attempt.cause),
        word(attempt.stage)
    );
    if attempt.delivery == Delivery::Accepted {
        text = match &attempt.tls {
            Some(tls) => format!(
                "accepted over {} {}",
                tls.version.word(),
                word(tls.identity)
            ),
            None => "accepted in clear".into(),
        };
    } else if let Some(code) = attempt.code {
        text.push_str(&format!(" {code}"));
    } else if matches!(attempt.cause, Cause::TlsHandshake | Cause::TlsCertificate) {
        text.push_str(&format!(" {}", attempt.diagnostic().expose()));
    }
    text
}

#[derive(Debug)]
struct Counting {
    fails: bool,
    passed: AtomicUsize,
}

#[async_trait]
impl Barrier for Counting {
    async fn before_final_dot(&self) -> Result<(), BarrierError> {
        if self.fails {
            return Err(BarrierError);
        }
        self.passed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Knows the addresses of the peers.
#[derive(Debug)]
struct Names(Vec<(Domain, IpAddr)>);

#[async_trait]
impl Resolver for Names {
    async fn mx(&self, _: &Domain) -> Result<Answer<Mx>, ResolveError> {
        Err(ResolveError::ServerFailure)
    }

    async fn txt(&self, _: &str) -> Result<Answer<String>, ResolveError> {
        Err(ResolveError::ServerFailure)
    }

    async fn addresses(&self, host: &Domain) -> Result<Answer<IpAddr>, ResolveError> {
        let known = self.0.iter().filter(|(name, _)| name == host);
        let records: Vec<_> = known.map(|(_, ip)| *ip).collect();
        if records.is_empty() {
            return Err(ResolveError::ServerFailure);
        }
        Ok(Answer {
            records,
            nxdomain: false,
            security: Security::Insecure,
            ttl: 60,
        })
    }
}

/// A row of an area's table.
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) seen: String,
}

pub(crate) async fn row(fault: &'static str, expected: &'static str, scene: Option<Scene>) -> Row {
    let seen = match scene {
        Some(scene) => scene.run().await.describe(),
        None => {
            println!("skipped: {fault}: openssl is not there");
            format!("{expected} (skipped: no openssl)")
        }
    };
    Row {
        fault,
        expected,
        seen,
    }
}

pub(crate) fn print(area: &str, rows: &[Row]) {
    let width = |f: fn(&Row) -> &str| rows.iter().map(|r| f(r).len()).max().unwrap_or(0);
    let (a, b) = (width(|r| r.fault), width(|r| r.expected));
    let mut table = format!("\n{area}\n{:a$} | {:b$} | seen\n", "fault", "expected");
    for row in rows {
        let (f, e, s) = (row.fault, row.expected, &row.seen);
        table.push_str(&format!("{f:a$} | {e:b$} | {s}\n"));
    }
    println!("{table}{area}: {} faults", rows.len());
}

/// Each fault a test of its own, and all of them a table.
macro_rules! faults {
    ($area:literal: $($name:ident, $fault:literal => $expected:literal, $scene:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let row = crate::scene::row($fault, $expected, crate::scene::IntoScene::into_scene($scene)).await;
                assert!(row.seen.starts_with(row.expected), "{}: expected {}, saw {}", row.fault, row.expected, row.seen);
            }
        )*

        #[tokio::test]
        async fn table() {
            let rows = vec![
                $(crate::scene::row($fault, $expected, crate::scene::IntoScene::into_scene($scene)).await,)*
            ];
            crate::scene::print($area, &rows);
            for row in &rows {
                assert!(row.seen.starts_with(row.expected), "{}", row.fault);
            }
        }
    };
}
pub(crate) use faults;

/// Some scenes need a tool that may not be there.
pub(crate) trait IntoScene {
    fn into_scene(self) -> Option<Scene>;
}

impl IntoScene for Scene {
    fn into_scene(self) -> Option<Scene> {
        Some(self)
    }
}

impl IntoScene for Option<Scene> {
    fn into_scene(self) -> Option<Scene> {
        self
    }
}
