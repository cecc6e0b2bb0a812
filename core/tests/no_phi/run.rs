//! The run: every route, every end of a copy, every use of the escrow.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use mailseal::base::{Fact, Keys, Phi, RecipientId, Secret, Sensitivity, Timestamp, TlsAssurance};
use mailseal::compose::{Message, PartContent};
use mailseal::deliver::Smtp;
use mailseal::discover::{Capabilities, Fixed, HostCapability, Live, MxHost, TlsSeen};
use mailseal::escrow::{Factor, Link};
use mailseal::policy::{Policy, Rule, Show, Waiver};
use mailseal::storage::SqliteStore;
use mailseal::testing::pki::{CertKind, TestCa};
use mailseal::testing::smtp::{Act, SmtpPeer, When};
use mailseal::testing::{Sandbox, SandboxDomain};
use mailseal::wire::Network;
use mailseal::{
    Client, CodeChannel, CodeChannelError, EscrowOptions, PlanOptions, Receipt, Resolution, Status,
    Storage,
};

use super::evidence::Evidence;
use super::marks::Marks;

/// The host's SMS provider: it works once, and is then out of order.
#[derive(Debug, Default)]
struct Telephone(Mutex<usize>, Arc<Mutex<Vec<String>>>);

#[async_trait]
impl CodeChannel for Telephone {
    async fn send_code(
        &self,
        _: &Phi<String>,
        code: &Secret<String>,
    ) -> Result<(), CodeChannelError> {
        let mut calls = self.0.lock().unwrap();
        *calls += 1;
        if *calls > 1 {
            return Err(CodeChannelError);
        }
        self.1.lock().unwrap().push(code.expose().clone());
        Ok(())
    }
}

pub(crate) struct Scene<'a> {
    folder: &'a Path,
    pub(crate) sandbox: Sandbox,
    network: Network,
    pub(crate) keys: Keys,
    /// Hosts that misbehave, by the name in front of the domain.
    peers: Vec<(&'static str, SmtpPeer)>,
    codes: Arc<Mutex<Vec<String>>>,
}

pub(crate) async fn everything(folder: &Path, marks: &mut Marks, seen: &mut Evidence) {
    let scene = Scene::start(folder, marks).await;
    let client = scene.client(marks).await;
    seen.debug(&client);
    scene.ends(&client, marks, seen).await;
    scene.refusals(&client, marks, seen).await;
    scene.idempotency(&client, marks, seen).await;
    scene.fallback(marks, seen).await;
    scene.relay(marks, seen).await;
    scene.sealed(marks, seen).await;
    scene.pickups(&client, marks, seen).await;
    scene.later(&client, marks, seen).await;
    scene.audit(&client, marks, seen).await;
    for host in ["tls", "none", "phone", "wrong", "grey", "pgp", "smime"] {
        seen.wire(host, scene.sandbox.overheard(&marks.domain(host)));
    }
    for (host, peer) in &scene.peers {
        let heard = peer.connections().into_iter().flat_map(|c| c.heard);
        seen.wire(host, heard.collect());
    }
    seen.files(folder);
    drop(client);
    seen.files(folder);
}

impl<'a> Scene<'a> {
    async fn start(folder: &'a Path, marks: &Marks) -> Self {
        let mut sandbox = Sandbox::new().await.unwrap();
        let domain = |host: &str| SandboxDomain::new(marks.domain(host));
        for domain in [
            domain("tls").tls(),
            domain("none"),
            domain("phone"),
            domain("wrong").certificate(CertKind::WrongName),
            domain("expired").certificate(CertKind::Expired),
            domain("self").certificate(CertKind::SelfSigned),
            domain("strict")
                .mta_sts_enforce()
                .certificate(CertKind::UnknownIssuer),
            domain("grey").tls().greylist(),
            domain("pgp"),
            domain("smime"),
        ] {
            sandbox.domain(domain).await.unwrap();
        }
        let network = sandbox.network().unwrap();
        let reply = |code: &str| {
            Act::say(&format!(
                "{code} <{}> {}\r\n",
                marks.address("x").as_str(),
                marks.reply
            ))
        };
        let mut peers = Vec::new();
        for (number, (host, when, script)) in [
            ("reject", When::Command("RCPT"), vec![reply("550 5.1.1")]),
            ("later", When::Command("RCPT"), vec![reply("450 4.2.0")]),
            ("content", When::FinalDot, vec![reply("554 5.7.1")]),
            ("unknown", When::FinalDot, vec![Act::Close]),
            ("babble", When::Connect, vec![reply("hello")]),
            (
                "badehlo",
                When::Command("EHLO"),
                vec![reply("250-x"), reply("999 ")],
            ),
            (
                "early",
                When::MidData(1),
                vec![reply("552 5.3.4"), Act::Close],
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let ip = Ipv4Addr::new(127, 99, 7, u8::try_from(number + 1).unwrap());
            let name = format!("mx.{}", marks.domain(host));
            let peer = SmtpPeer::builder(&name)
                .on(when, script)
                .bind(SocketAddr::new(ip.into(), network.smtp_port))
                .await
                .unwrap();
            sandbox
                .dns()
                .mx(&marks.domain(host), 10, &name)
                .a(&name, ip.into());
            peers.push((host, peer));
        }
        sandbox.dns().servfail(&marks.domain("nodns"));
        Self {
            folder,
            sandbox,
            network,
            keys: Keys::file(folder.join("mail.key")).unwrap(),
            peers,
            codes: Arc::default(),
        }
    }

    async fn client(&self, marks: &Marks) -> Client {
        let cache = SqliteStore::open(self.folder.join("cache.db")).unwrap();
        let ehlo = "client.sandbox.example".parse().unwrap();
        let live = Live::new(self.network.clone(), ehlo).cache(Arc::new(cache), &self.keys);
        let policy = Policy::hipaa().rule(
            Rule::new(&marks.rule)
                .audience(format!("no {}", marks.audience))
                .refuse(),
        );
        self.sandbox
            .builder(self.storage(), self.keys.clone())
            .unwrap()
            .policy(policy)
            .discovery(live)
            .escrow(EscrowOptions::new(
                "https://pickup.sandbox.example",
                "Sandbox Clinic",
            ))
            .code_channel(Telephone(Mutex::default(), Arc::clone(&self.codes)))
            .build()
            .await
            .unwrap()
    }

    pub(crate) fn storage(&self) -> Storage {
        Storage::sqlite(self.folder.join("mail.db")).unwrap()
    }

    /// Plans, looks at everything on the way, sends.
    pub(crate) async fn send(
        &self,
        client: &Client,
        marks: &mut Marks,
        seen: &mut Evidence,
        message: Message,
    ) -> Receipt {
        seen.debug(&message);
        let plan = client.plan(message).await.unwrap();
        seen.debug(&plan);
        seen.text("explain by index", plan.explain(Show::Index));
        seen.debug(plan.findings());
        for planned in plan.recipients() {
            seen.debug(planned);
            seen.json(planned.decision());
            seen.text("decision", planned.decision().explain("somebody"));
        }
        let receipt = client.send(plan).await.unwrap();
        self.look_at(marks, seen, &receipt);
        receipt
    }

    fn look_at(&self, marks: &mut Marks, seen: &mut Evidence, receipt: &Receipt) {
        for outcome in &receipt.outcomes {
            if let Some(code) = outcome.passcode() {
                marks.watch_code(code.expose());
            }
        }
        for code in self.codes.lock().unwrap().iter() {
            marks.watch_code(code);
        }
        seen.debug(receipt);
        seen.json(receipt);
        seen.files(self.folder);
    }

    /// Each end that a copy can have.
    async fn ends(&self, client: &Client, marks: &mut Marks, seen: &mut Evidence) {
        for (host, status) in [
            ("tls", Status::Delivered),
            ("none", Status::Delivered),
            ("wrong", Status::Delivered),
            ("expired", Status::Delivered),
            ("self", Status::Delivered),
            ("strict", Status::Deferred),
            ("grey", Status::Deferred),
            ("later", Status::Deferred),
            ("babble", Status::Deferred),
            ("badehlo", Status::Deferred),
            ("nodns", Status::Deferred),
            ("reject", Status::Rejected),
            ("content", Status::Rejected),
            ("early", Status::Rejected),
            ("unknown", Status::Unknown),
        ] {
            let message = marks.message(marks.recipient(host));
            let receipt = self.send(client, marks, seen, message).await;
            assert_eq!(receipt.outcomes[0].status, status, "{host}");
            seen.debug(&receipt.outcomes[0]);
            seen.debug(receipt.outcomes[0].diagnostic());
        }
        // The telephone works, then it does not, then there is a passphrase.
        for _ in 0..2 {
            let to = marks.recipient("phone").phone(&marks.phone);
            let message = marks.message(to);
            self.send(client, marks, seen, message).await;
        }
        let to = marks
            .recipient("none")
            .passphrase(marks.passphrase.as_str());
        let message = marks.message(to);
        self.send(client, marks, seen, message).await;
    }

    async fn refusals(&self, client: &Client, marks: &mut Marks, seen: &mut Evidence) {
        let message = Message::builder()
            .from(marks.sender())
            .to(marks.recipient("tls"))
            .cc(marks.recipient("none"))
            .subject(&marks.subject)
            .text(marks.text.clone())
            .audience(format!("no {}", marks.audience))
            .build()
            .unwrap();
        let plan = client.plan(message.clone()).await.unwrap();
        seen.text("explain", plan.explain(Show::Index));
        seen.fails("refused", client.send(plan.clone()).await);
        let mut plan = plan;
        plan.drop_recipient(RecipientId::new(0));
        plan.drop_recipient(RecipientId::new(1));
        seen.fails("empty", client.send(plan).await);
        // A waiver, with the host's id of the patient.
        let now = mailseal::base::Clock::now(self.sandbox.clock());
        let waiver = Waiver::new(
            marks.address("none"),
            marks.patient.clone(),
            now,
            now.plus(Duration::from_secs(3600)),
        );
        let options = PlanOptions::new()
            .patient(marks.patient.as_str())
            .waiver(waiver)
            .names_patient_only();
        seen.debug(&options);
        let message = marks.message(marks.recipient("none"));
        let plan = client.plan_with(message, options).await.unwrap();
        seen.text("explain", plan.explain(Show::Index));
        seen.debug(&plan);
        // Handed to the host's own mailer.
        let message = marks.message(marks.recipient("none"));
        let plan = client.plan(message.clone()).await.unwrap();
        let (_, sealed) = client.seal(plan, None).await.unwrap();
        seen.debug(&sealed);
        let plan = client.plan(message).await.unwrap();
        let (receipt, sealed) = client
            .seal(plan, Some(TlsAssurance::Authenticated))
            .await
            .unwrap();
        seen.debug(&receipt);
        seen.debug(&sealed[0].envelope);
        seen.debug(&sealed);
        // An asserted absence of PHI, with a reason.
        let message = Message::builder()
            .from(marks.sender())
            .to(marks.recipient("tls"))
            .subject("Opening hours")
            .text("We are closed.")
            .declare(Sensitivity::None)
            .assert_no_phi(&marks.reason)
            .build()
            .unwrap();
        self.send(client, marks, seen, message).await;
    }

    async fn idempotency(&self, client: &Client, marks: &mut Marks, seen: &mut Evidence) {
        let message = |text: &str| {
            Message::builder()
                .from(marks.sender())
                .to(marks.recipient("tls"))
                .subject(&marks.subject)
                .text(text.to_owned())
                .idempotency_key(&marks.key)
                .build()
                .unwrap()
        };
        let (first, other) = (message(&marks.text), message(&marks.html));
        let sent = self.send(client, marks, seen, first.clone()).await;
        let again = self.send(client, marks, seen, first).await;
        assert_eq!(sent.id, again.id);
        let plan = client.plan(other).await.unwrap();
        seen.fails("idempotency", client.send(plan).await);
    }

    /// The host had TLS once; the wire shows that it has none now.
    async fn fallback(&self, marks: &mut Marks, seen: &mut Evidence) {
        let domain = marks.domain("none");
        let evidence = serde_json::json!({
            "version": "TLSv1.3", "suite": "TLS13_AES_256_GCM_SHA384", "group": null,
            "certificate_sha256": "00", "identity": "web_pki",
        });
        let tls = TlsSeen::new(serde_json::from_value(evidence).unwrap(), None);
        let host = MxHost::new(format!("mx.{domain}").parse().unwrap(), 10);
        let known = Capabilities::new(
            domain.parse().unwrap(),
            Fact::Proven(vec![HostCapability::new(host, Fact::Proven(tls))]),
            Fact::Refuted,
            Timestamp::from_unix_ms(i64::MAX),
        );
        seen.debug(&known);
        let fixed = Fixed::new().with(known);
        seen.debug(&fixed);
        let client = self
            .sandbox
            .builder(self.storage(), self.keys.clone())
            .unwrap()
            .policy(Policy::hipaa())
            .discovery(fixed)
            .build()
            .await
            .unwrap();
        let message = marks.message(marks.recipient("none"));
        let receipt = self.send(&client, marks, seen, message).await;
        assert_eq!(receipt.outcomes[0].status, Status::Delivered);
        let entries = client.audit().of_receipt(receipt.id).await.unwrap();
        assert!(entries.iter().any(|e| e.record.kind.word() == "fallback"));
    }

    /// By a relay, with the right password and with a wrong one.
    async fn relay(&self, marks: &mut Marks, seen: &mut Evidence) {
        let name = marks.domain("relay");
        let ca = TestCa::new();
        let echo = format!("535 5.7.8 {} {}\r\n", marks.user, marks.reply);
        let peer = SmtpPeer::builder(&name)
            .implicit_tls(ca.issue(&name, CertKind::Valid))
            .auth("PLAIN LOGIN", &marks.user, &marks.password)
            .bind("127.99.8.1:0".parse().unwrap())
            .await
            .unwrap();
        let refusing = SmtpPeer::builder(&name)
            .implicit_tls(ca.issue(&name, CertKind::Valid))
            .auth("PLAIN", &marks.user, &marks.password)
            .on(When::Command("AUTH"), vec![Act::say(&echo)])
            .bind("127.99.8.1:0".parse().unwrap())
            .await
            .unwrap();
        self.sandbox.dns().a(&name, peer.address().ip());
        for (port, status) in [
            (peer.address().port(), Status::Delivered),
            (refusing.address().port(), Status::Deferred),
        ] {
            let smtp = Smtp::relay(&format!("smtps://{}@{name}:{port}", marks.user))
                .unwrap()
                .onward(TlsAssurance::Authenticated)
                .credentials(marks.password.as_str().into())
                .network(self.network.clone().roots(ca.roots()));
            seen.debug(&smtp);
            let client = Client::builder()
                .policy(Policy::hipaa())
                .storage(self.storage())
                .keys(self.keys.clone())
                .transport(smtp)
                .clock(self.sandbox.clock().clone())
                .build()
                .await
                .unwrap();
            let message = marks.message(marks.recipient("behind"));
            let receipt = self.send(&client, marks, seen, message).await;
            assert_eq!(receipt.outcomes[0].status, status);
        }
    }

    /// Every answer that the pickup gives.
    async fn pickups(&self, client: &Client, marks: &mut Marks, seen: &mut Evidence) {
        let escrow = client.escrow().unwrap();
        seen.debug(escrow);
        for message in self.sandbox.messages(&marks.domain("phone")) {
            let link = link_in(&message.content);
            marks.watch_link(&link);
        }
        let notice = self.sandbox.messages(&marks.domain("phone")).remove(0);
        seen.debug(&notice);
        let link = link_in(&notice.content);
        seen.debug(&link);
        seen.fails("no factor", escrow.open(&link, &Factor::None, None).await);
        let wrong = Factor::Passcode("AAAA-AAAA".into());
        seen.fails("wrong code", escrow.open(&link, &wrong, None).await);
        let code = Factor::Passcode(self.codes.lock().unwrap()[0].as_str().into());
        seen.debug(&code);
        let opened = escrow.open(&link, &code, None).await.unwrap();
        assert!(!marks.canary.find(opened.message.expose()).is_empty());
        seen.debug(&opened);
        seen.debug(&escrow.status(opened.grant).await.unwrap());
        seen.debug(&escrow.item(opened.item).await.unwrap());
        seen.debug(&escrow.items(None, 100).await.unwrap());
        escrow.revoke(opened.grant).await.unwrap();
        seen.fails("revoked", escrow.open(&link, &code, None).await);
        escrow.shred(opened.item).await.unwrap();
        seen.fails("shredded", escrow.open(&link, &code, None).await);
        seen.fails("shredded twice", escrow.shred(opened.item).await);
        // The one with a passphrase is the last but one: the waiver sent none.
        for notice in self.sandbox.messages(&marks.domain("none")) {
            let link = link_in(&notice.content);
            marks.watch_link(&link);
            let wrong = Secret::new(format!("not {}", marks.passphrase));
            let right = Secret::new(marks.passphrase.clone());
            seen.fails(
                "wrong",
                escrow.open(&link, &Factor::None, Some(&wrong)).await,
            );
            if let Ok(opened) = escrow.open(&link, &Factor::None, Some(&right)).await {
                seen.debug(&opened);
            }
        }
        seen.files(self.folder);
    }

    /// Time goes on: what is due, what is unknown, what expires.
    async fn later(&self, client: &Client, marks: &mut Marks, seen: &mut Evidence) {
        let unresolved = client.unresolved().await.unwrap();
        seen.debug(&unresolved);
        seen.json(&unresolved);
        let unknown = unresolved
            .iter()
            .find(|u| u.status == Status::Unknown)
            .unwrap();
        let (receipt, recipient) = (unknown.receipt, unknown.recipient);
        client
            .resolve_unknown(receipt, recipient, Resolution::Delivered)
            .await
            .unwrap();
        let again = client
            .resolve_unknown(receipt, recipient, Resolution::Delivered)
            .await;
        seen.fails("not unknown", again);
        self.sandbox.clock().advance(Duration::from_secs(600));
        let report = client.deliver_due().await.unwrap();
        assert!(!report.outcomes.is_empty());
        seen.debug(&report);
        seen.json(&report);
        self.sandbox
            .clock()
            .advance(Duration::from_secs(40 * 24 * 3600));
        let report = client.deliver_due().await.unwrap();
        assert!(
            report
                .outcomes
                .iter()
                .any(|(_, o)| o.status == Status::GivenUp)
        );
        seen.debug(&report);
        seen.json(&report);
        let escrow = client.escrow().unwrap();
        let notice = self.sandbox.messages(&marks.domain("none")).remove(0);
        let link = link_in(&notice.content);
        seen.fails("expired", escrow.open(&link, &Factor::None, None).await);
        let stored = client.receipt(receipt).await.unwrap().unwrap();
        self.look_at(marks, seen, &stored);
    }

    async fn audit(&self, client: &Client, marks: &Marks, seen: &mut Evidence) {
        let audit = client.audit();
        seen.debug(audit);
        let checkpoint = audit.checkpoint().await.unwrap();
        seen.debug(&checkpoint);
        seen.text("checkpoint", checkpoint.to_string());
        for entry in audit.entries(0..checkpoint.size()).await.unwrap() {
            seen.debug(&entry);
            seen.text("entry", format!("{entry}\n{}", entry.cells().join(" ")));
            seen.text("leaf", entry.leaf());
        }
        let about = audit.about(&marks.address("none")).await.unwrap();
        assert!(about.len() > 4, "the address is found by its keyed tag");
        let mut export = Vec::new();
        audit.export(&mut export).await.unwrap();
        seen.text("export", export);
        seen.text("proof", audit.prove(0).await.unwrap().to_string());
        seen.debug(&audit.verify(&checkpoint).await.unwrap());
    }
}

/// The link in a notice, as the recipient would find it.
fn link_in(content: &[u8]) -> Link {
    let notice = Message::parse(content).unwrap();
    let parts = notice.parts();
    let link = parts.iter().find_map(|part| match part.content() {
        PartContent::Text(text) => text
            .expose()
            .split_whitespace()
            .filter(|word| word.starts_with("https://"))
            .find_map(|word| Link::parse(word).ok()),
        _ => None,
    });
    link.unwrap()
}
