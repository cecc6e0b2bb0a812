//! One Postfix with many listeners, the names that lead to them, and a client
//! that knows nothing else; what is sent is told in one line and compared.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use data_encoding::BASE64;
use mailseal::base::{Address, Domain, Keys, Recipient};
use mailseal::compose::Message;
use mailseal::deliver::Smtp;
use mailseal::discover::Live;
use mailseal::policy::Policy;
use mailseal::testing::clock::TestClock;
use mailseal::testing::dns::TestDns;
use mailseal::testing::pki::{CertKind, ServerCert, TestCa};
use mailseal::testing::sts::TestSts;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::tls::Roots;
use mailseal::{Client, Error, EscrowOptions, Outcome, Status, Storage};

use super::postfix::{Builder, Postfix, Session};

/// The mail host of every domain here.
pub(crate) const HOST: &str = "mx.mail.example";
/// The domain without anything published.
pub(crate) const DOMAIN: &str = "mail.example";
/// Stands in every message, and in no notice.
pub(crate) const CANARY: &str = "CANARY-HbA1c-7731";

/// Makes the world of one test: listeners first, then [`Maker::start`].
pub(crate) struct Maker {
    ca: TestCa,
    builder: Builder,
    network: [u8; 3],
    services: BTreeMap<String, IpAddr>,
}

impl Maker {
    /// Listeners get addresses of 127.x.y.0/24 in the order they are named.
    pub(crate) fn new(x: u8, y: u8) -> Self {
        Self {
            ca: TestCa::new(),
            builder: Postfix::mx(HOST)
                .address([127, x, y, 1])
                .set("smtpd_tls_loglevel", "1"),
            network: [127, x, y],
            services: BTreeMap::new(),
        }
    }

    /// Changes the whole instance.
    pub(crate) fn also(mut self, change: impl FnOnce(Builder) -> Builder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// A listener with these parameters.
    pub(crate) fn service(mut self, name: &str, settings: &[(&str, &str)]) -> Self {
        let [a, b, c] = self.network;
        let number = u8::try_from(self.services.len() + 2).unwrap();
        let address = IpAddr::from([a, b, c, number]);
        self.builder = self.builder.service(name, address, settings);
        self.services.insert(name.to_owned(), address);
        self
    }

    /// A listener that offers STARTTLS with this key and chain (PEM).
    pub(crate) fn with_pem(mut self, name: &str, pem: &str, settings: &[(&str, &str)]) -> Self {
        let file = format!("{name}.pem");
        let path = format!("$config_directory/{file}");
        self.builder = self.builder.file(&file, pem);
        let mut all = vec![
            ("smtpd_tls_security_level", "may"),
            ("smtpd_tls_chain_files", path.as_str()),
        ];
        all.extend_from_slice(settings);
        self.service(name, &all)
    }

    /// A listener with a certificate of this kind for [`HOST`].
    pub(crate) fn tls(self, name: &str, kind: CertKind, settings: &[(&str, &str)]) -> Self {
        let pem = pem(&self.ca.issue(HOST, kind));
        self.with_pem(name, &pem, settings)
    }

    /// Starts it all. `mail.example` is at [`HOST`], which leads nowhere until
    /// [`World::point`] says where.
    pub(crate) async fn start(self) -> World {
        let dns = TestDns::start().await.unwrap();
        dns.mx(DOMAIN, 10, HOST);
        World {
            dns,
            sts: TestSts::start().await.unwrap(),
            ca: self.ca,
            clock: TestClock::default(),
            postfix: self.builder.start().unwrap(),
            services: self.services,
            marks: AtomicUsize::new(1),
        }
    }
}

/// Key and chain, as Postfix wants them in one file.
pub(crate) fn pem(cert: &ServerCert) -> String {
    let mut text = armour("PRIVATE KEY", cert.key());
    for der in cert.chain() {
        text.push_str(&armour("CERTIFICATE", der));
    }
    text
}

fn armour(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in BASE64.encode(der).as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).unwrap());
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

pub(crate) struct World {
    pub(crate) dns: TestDns,
    pub(crate) sts: TestSts,
    pub(crate) ca: TestCa,
    pub(crate) clock: TestClock,
    pub(crate) postfix: Postfix,
    services: BTreeMap<String, IpAddr>,
    marks: AtomicUsize,
}

impl World {
    pub(crate) fn address(&self, service: &str) -> SocketAddr {
        SocketAddr::new(self.services[service], self.postfix.address().port())
    }

    /// From now on [`HOST`] is this listener.
    pub(crate) fn point(&self, service: &str) {
        self.dns.clear(HOST);
        self.dns.a(HOST, self.services[service]);
    }

    pub(crate) fn network(&self) -> Network {
        let roots = Roots::from_der([self.ca.der().to_vec(), self.sts.root_der()]).unwrap();
        Network::new(Arc::new(self.dns.resolver()))
            .guard(Guard::allow_internal())
            .ports(self.postfix.address().port(), self.sts.port())
            .roots(roots)
    }

    pub(crate) async fn client(&self, policy: Policy) -> Client {
        let ehlo: Domain = "client.harbor.example".parse().unwrap();
        self.client_with(policy, Smtp::direct(self.network(), ehlo))
            .await
    }

    pub(crate) async fn client_with(&self, policy: Policy, smtp: Smtp) -> Client {
        let ehlo: Domain = "client.harbor.example".parse().unwrap();
        // PHI is presumed: what is tried here is the way there.
        Client::builder()
            .scanner(mailseal::dlp::RuleScanner::new())
            .policy(policy)
            .storage(Storage::memory())
            .keys(Keys::make_ephemeral())
            .transport(smtp)
            .discovery(Live::new(self.network(), ehlo))
            .clock(self.clock.clone())
            .escrow(EscrowOptions::new(
                "https://pickup.harbor.example",
                "Harbor Clinic",
            ))
            .build()
            .await
            .unwrap()
    }

    /// Every connection to a listener so far. A dialogue of the test's own
    /// comes last, so that nothing is still on its way into the log.
    pub(crate) fn sessions(&self, service: &str) -> Vec<Session> {
        let mark = format!(
            "mark-{}.example",
            self.marks.fetch_add(1, Ordering::Relaxed)
        );
        let mut stream = BufReader::new(TcpStream::connect(self.address(service)).unwrap());
        for say in [format!("HELO {mark}\r\n"), "QUIT\r\n".to_owned()] {
            stream.read_line(&mut String::new()).unwrap();
            stream.get_mut().write_all(say.as_bytes()).unwrap();
        }
        let is_mark = |session: &Session| session.saw(&format!("HELO {mark}"));
        self.postfix
            .wait_for("the test's own connection", || {
                let sessions = self.postfix.sessions_of(service);
                sessions.iter().any(is_mark).then(|| {
                    let others = sessions.into_iter().filter(|s| !s.saw("HELO mark-"));
                    others.collect()
                })
            })
            .unwrap()
    }

    /// What came for this address, when it is there.
    pub(crate) fn arrived(&self, address: &str) -> Vec<u8> {
        let to = format!("\nDelivered-To: {address}\n").into_bytes();
        let has = |message: &[u8]| message.windows(to.len()).any(|w| w == to.as_slice());
        self.postfix
            .wait_for("the message", || {
                self.postfix.messages().into_iter().find(|m| has(m))
            })
            .unwrap()
    }
}

/// A message with PHI to one address.
pub(crate) fn message(to: &str) -> Message {
    Message::builder()
        .from("results@harbor.example".parse().unwrap())
        .to(Recipient::new(to.parse::<Address>().unwrap()))
        .subject("A message from Harbor Clinic")
        .text(format!("Dear patient,\n\nsee {CANARY}.\n"))
        .build()
        .unwrap()
}

pub(crate) fn has(message: &[u8], text: &str) -> bool {
    message.windows(text.len()).any(|w| w == text.as_bytes())
}

/// An outcome in one line.
pub(crate) fn tell(outcome: &Outcome) -> String {
    let mut words = vec![outcome.status.word().to_owned()];
    words.extend(outcome.route.map(|route| route.to_string()));
    match &outcome.tls {
        Some(tls) => words.push(format!("{} {:?}", tls.version.word(), tls.identity)),
        None if outcome.status == Status::Delivered => words.push("in clear".to_owned()),
        None => {}
    }
    if outcome.status != Status::Delivered {
        words.extend(outcome.cause.map(|cause| format!("{cause:?}")));
        words.extend(outcome.code.map(|code| code.to_string()));
        words.extend(outcome.enhanced.map(|code| code.to_string()));
    }
    words.join(" ")
}

/// One row of an area's table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) domain: &'static str,
    /// The listener while the plan is made.
    pub(crate) planned: &'static str,
    /// The listener when it is sent.
    pub(crate) sent: &'static str,
    pub(crate) expected: &'static str,
    /// Whether `MAIL FROM` was seen, for the probe's and then for each later
    /// connection.
    pub(crate) mail_from: &'static str,
}

impl Case {
    /// The host stays as it was at planning.
    pub(crate) fn at(
        name: &'static str,
        service: &'static str,
        expected: &'static str,
        mail_from: &'static str,
    ) -> Self {
        Self {
            name,
            policy: Policy::hipaa(),
            domain: DOMAIN,
            planned: service,
            sent: service,
            expected,
            mail_from,
        }
    }

    /// Planned on this listener.
    pub(crate) fn planned(mut self, service: &'static str) -> Self {
        self.planned = service;
        self
    }

    pub(crate) fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    pub(crate) fn domain(mut self, domain: &'static str) -> Self {
        self.domain = domain;
        self
    }
}

/// Rows that were run, printed as a whole and then judged.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
    wrong: Vec<String>,
}

impl Table {
    pub(crate) fn row(&mut self, name: &str, expected: &str, seen: &str, from: [&str; 2]) {
        if seen != expected || from[0] != from[1] {
            self.wrong.push(format!(
                "{name}: expected `{expected}` ({}), seen `{seen}` ({})",
                from[0], from[1]
            ));
        }
        self.rows
            .push([name, expected, seen, from[1]].map(str::to_owned));
    }

    /// Plans and sends one message to `case`'s host.
    pub(crate) async fn run(&mut self, world: &World, case: Case) {
        let to = format!("case{}@{}", self.rows.len(), case.domain);
        world.point(case.planned);
        let client = world.client(case.policy).await;
        let before = world.sessions(case.planned).len();
        let plan = client.plan(message(&to)).await.unwrap();
        let probes = world.sessions(case.planned).split_off(before);
        world.point(case.sent);
        let before = world.sessions(case.sent).len();
        let mut seen = match client.send(plan).await {
            Ok(receipt) => tell(&receipt.outcomes[0]),
            Err(error) => Error::code(&error).to_owned(),
        };
        let after = world.sessions(case.sent).split_off(before);
        let word = |session: &Session| {
            if session.saw("MAIL FROM") {
                "yes"
            } else {
                "no"
            }
        };
        let words = |sessions: &[Session]| match sessions {
            [] => "-".to_owned(),
            some => some.iter().map(word).collect::<Vec<_>>().join(", "),
        };
        let from = format!("probe {}; {}", words(&probes), words(&after));
        if seen.starts_with("delivered") {
            let arrived = world.arrived(&to);
            let what = match (has(&arrived, CANARY), has(&arrived, "https://pickup.")) {
                (true, false) => ", message arrived",
                (false, true) => ", notice arrived",
                _ => ", something else arrived",
            };
            seen.push_str(what);
        }
        self.row(case.name, case.expected, &seen, [case.mail_from, &from]);
    }

    /// Prints the table and fails where a row is not as expected.
    pub(crate) fn judge(self, title: &str) {
        let head = ["peer", "expected", "seen", "MAIL FROM on that connection"];
        let mut lines = vec![head.map(str::to_owned)];
        lines.extend(self.rows);
        let width = |i: usize| lines.iter().map(|l| l[i].chars().count()).max().unwrap();
        let widths = [width(0), width(1), width(2)];
        let mut text = format!("\n{title}\n");
        for [a, b, c, d] in &lines {
            let [x, y, z] = widths;
            text.push_str(&format!("  {a:<x$} | {b:<y$} | {c:<z$} | {d}\n"));
        }
        print!("{text}");
        assert!(self.wrong.is_empty(), "{text}\n{}", self.wrong.join("\n"));
    }
}
