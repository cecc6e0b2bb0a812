//! What a hostile reader of the client tried: each test is one way to lose a
//! message, to send it below its floor, or to say of it what is not so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use mailseal::audit::EventKind;
use mailseal::base::{
    Address, Clock, Fact, KeyTrust, Keys, NextHop, Phi, Recipient, Route, Secret, Sensitivity,
    Timestamp, TlsAssurance,
};
use mailseal::compose::Message;
use mailseal::deliver::{
    Attempt, Barrier, BarrierError, Cause, Delivery, Envelope, Hop, Job, Requirement, Smtp, Stage,
    Timeouts, Transport,
};
use mailseal::discover::{Capabilities, Fixed, MxHost};
use mailseal::escrow::{Factor, Link};
use mailseal::outbox::Schedule;
use mailseal::policy::{Policy, Waiver};
use mailseal::seal::{SealError, Sealer};
use mailseal::storage::{Batch, MemoryStore, Op, Row, Store, Table};
use mailseal::testing::clock::TestClock;
use mailseal::testing::dns::TestDns;
use mailseal::testing::pki::{CertKind, TestCa};
use mailseal::testing::smtp::{Act, SmtpPeer, When};
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::{
    Builder, Client, CodeChannel, CodeChannelError, Error, EscrowOptions, PlanError, PlanOptions,
    Resolution, Status, Storage, Unset,
};

type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// A relay that does what the script says, and accepts what the script does
/// not speak of.
struct Scripted {
    script: Mutex<VecDeque<Delivery>>,
    sent: Mutex<Vec<(TlsAssurance, Vec<u8>)>>,
    hook: Mutex<Option<Hook>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

#[derive(Debug, Clone)]
struct Relay(Arc<Scripted>);

impl Relay {
    fn new(script: &[Delivery]) -> Self {
        Self(Arc::new(Scripted {
            script: Mutex::new(script.iter().copied().collect()),
            sent: Mutex::default(),
            hook: Mutex::default(),
        }))
    }

    fn hook(&self, hook: impl Fn(usize) + Send + Sync + 'static) {
        *self.0.hook.lock().unwrap() = Some(Box::new(hook));
    }

    /// What was tried: the floor asked for, and the message.
    fn tried(&self) -> Vec<(TlsAssurance, Vec<u8>)> {
        self.0.sent.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Relay {
    fn next_hop(&self) -> NextHop {
        NextHop::Relay {
            onward: TlsAssurance::Authenticated,
            requiretls: false,
        }
    }

    async fn deliver(&self, job: Job<'_>, barrier: &dyn Barrier) -> Vec<Attempt> {
        let count = {
            let mut sent = self.0.sent.lock().unwrap();
            sent.push((job.requirement.floor, job.message.to_vec()));
            sent.len()
        };
        assert!(count < 50, "it is tried again and again");
        if let Some(hook) = &*self.0.hook.lock().unwrap() {
            hook(count);
        }
        let next = self.0.script.lock().unwrap().pop_front();
        let (delivery, cause) = match next.unwrap_or(Delivery::Accepted) {
            Delivery::Accepted => match barrier.before_final_dot().await {
                Ok(()) => (Delivery::Accepted, Cause::Ok),
                Err(_) => (Delivery::Deferred, Cause::Barrier),
            },
            Delivery::FloorUnmet => (Delivery::FloorUnmet, Cause::TlsCertificate),
            other => (other, Cause::TransientReply),
        };
        vec![Attempt::new(delivery, Stage::MailFrom, cause, "")]
    }
}

type Ready = Builder<Unset, Storage, Keys, Arc<dyn Transport>>;

fn builder(relay: &Relay, store: &MemoryStore, clock: &TestClock) -> Ready {
    Client::builder()
        .storage(Storage::custom(Arc::new(store.clone())))
        .keys(Keys::make_ephemeral())
        .transport(relay.clone())
        .clock(clock.clone())
        .escrow(EscrowOptions::new(
            "https://pickup.harbor.example",
            "Harbor Clinic",
        ))
}

fn message()
-> mailseal::compose::Builder<mailseal::compose::HasSender, mailseal::compose::HasRecipient> {
    Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to(pat())
        .subject("Your visit")
        .text("HbA1c 5.4".to_owned())
}

fn pat() -> Address {
    "pat@mail.example".parse().unwrap()
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}

async fn kinds(client: &Client) -> Vec<EventKind> {
    let entries = client.audit().entries(0..1_000).await.unwrap();
    entries.iter().map(|e| e.record.kind).collect()
}

/// The link of a notice.
fn link(notice: &[u8]) -> Link {
    let message = Message::parse(notice).unwrap();
    let parts = message.parts();
    let text = parts.iter().find_map(|part| match part.content() {
        mailseal::compose::PartContent::Text(text) if text.expose().contains("https://") => {
            Some(text.expose().clone())
        }
        _ => None,
    });
    let text = text.unwrap();
    let word = text.split_whitespace().find(|w| w.starts_with("https://"));
    Link::parse(word.unwrap()).unwrap()
}

/// A notice that needed a better connection than there is: what the recipient
/// gets in the end still opens the message, with the code that the sender has.
#[tokio::test]
async fn an_escrow_that_falls_back_holds_the_message_not_its_own_notice() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[Delivery::FloorUnmet]);
    let policy = Policy::hipaa().ladder([Route::Escrow]);
    let client = builder(&relay, &store, &clock).policy(policy);
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    assert!(plan.recipients()[0].rungs().unwrap().len() > 1);
    let receipt = client.send(plan).await.unwrap();
    let outcome = &receipt.outcomes[0];
    assert_eq!(outcome.status, Status::Delivered);
    assert_eq!(outcome.transport_floor, Some(TlsAssurance::Opportunistic));
    let (_, notice) = relay.tried().pop().unwrap();
    let code = outcome.passcode().unwrap().clone();
    let opened = client
        .escrow()
        .unwrap()
        .open(&link(&notice), &Factor::Passcode(code), None)
        .await
        .unwrap();
    assert!(holds(opened.message.expose(), "HbA1c 5.4"));
    // One message is escrowed once.
    assert_eq!(
        client.escrow().unwrap().list(None, 10).await.unwrap().len(),
        1
    );
    assert_eq!(Some(opened.grant), outcome.grant);
}

/// Where only the notice is left here, it is not sent as if it were the message.
#[tokio::test]
async fn a_notice_never_travels_in_the_messages_place() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[Delivery::FloorUnmet]);
    let policy = Policy::custom("portal first")
        .require(
            Sensitivity::None,
            mailseal::policy::Requirement::NOTHING
                .tls(TlsAssurance::Encrypted)
                .escrow(mailseal::base::FactorLevel::P1, TlsAssurance::Authenticated),
        )
        .ladder([Route::Escrow, Route::Tls]);
    let client = builder(&relay, &store, &clock).policy(policy);
    let client = client.build().await.unwrap();
    let message = message().assert_no_phi("a circular").build().unwrap();
    let receipt = client.send(client.plan(message).await.unwrap()).await;
    let outcome = &receipt.unwrap().outcomes[0];
    assert_eq!(outcome.status, Status::Deferred);
    assert_eq!(outcome.route, Some(Route::Escrow));
}

#[derive(Debug, Clone)]
struct Pgp {
    has_key: Arc<AtomicBool>,
    seals: bool,
}

impl Sealer for Pgp {
    fn route(&self) -> Route {
        Route::Pgp
    }
    fn trust(&self, _: &Address, _: Timestamp) -> Fact<KeyTrust> {
        match self.has_key.load(Ordering::SeqCst) {
            true => Fact::Proven(KeyTrust::Pinned),
            false => Fact::Refuted,
        }
    }
    fn seal(&self, _: &[u8], _: &Address, _: Timestamp) -> Result<Vec<u8>, SealError> {
        match self.seals {
            true => Ok(b"Subject: ...\r\n\r\nsealed\r\n".to_vec()),
            false => Err(SealError::Key),
        }
    }
}

/// A key that went between plan and send: the next rung is taken, whatever it
/// asks of the connection, because the connection was not what failed.
#[tokio::test]
async fn a_seal_that_fails_goes_to_the_next_rung() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[]);
    let pgp = Pgp {
        has_key: Arc::new(AtomicBool::new(true)),
        seals: false,
    };
    let policy = Policy::hipaa().ladder([Route::Pgp, Route::Escrow]);
    let client = builder(&relay, &store, &clock).policy(policy).sealer(pgp);
    let client = client.build().await.unwrap();
    let message = message().declare(Sensitivity::Sensitive).build().unwrap();
    let receipt = client.send(client.plan(message).await.unwrap()).await;
    let outcome = &receipt.unwrap().outcomes[0];
    assert_eq!(
        (outcome.status, outcome.route),
        (Status::Delivered, Some(Route::Escrow))
    );
}

fn waived(clock: &TestClock, from: u64, until: u64) -> PlanOptions {
    let now = clock.now();
    let (given, expires) = (now.plus(minutes(from)), now.plus(minutes(until)));
    PlanOptions::new()
        .patient("MRN-778812")
        .names_patient_only()
        .waiver(Waiver::new(
            pat(),
            Phi::new("MRN-778812".to_owned()),
            given,
            expires,
        ))
}

/// A copy that waits longer than its waiver holds does not leave in clear.
#[tokio::test]
async fn a_deferred_copy_does_not_outlive_its_waiver() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[
        Delivery::FloorUnmet, // Authenticated
        Delivery::FloorUnmet, // Encrypted
        Delivery::Deferred,   // clear
    ]);
    let policy = Policy::hipaa().ladder([Route::Tls]);
    let client = builder(&relay, &store, &clock).policy(policy);
    let client = client.build().await.unwrap();
    let message = message().build().unwrap();
    let plan = client.plan_with(message, waived(&clock, 0, 60)).await;
    let receipt = client.send(plan.unwrap()).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Deferred);
    let tried = relay.tried().len();
    assert_eq!(tried, 3);
    assert!(kinds(&client).await.contains(&EventKind::WaiverUsed));

    clock.advance(minutes(61));
    client.deliver_due().await.unwrap();
    assert_eq!(relay.tried().len(), tried, "the waiver is over");
}

/// What the policy allows without the waiver is tried in its place.
#[tokio::test]
async fn a_copy_whose_waiver_is_over_goes_by_escrow() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[
        Delivery::FloorUnmet,
        Delivery::FloorUnmet,
        Delivery::Deferred,
    ]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let message = message().build().unwrap();
    let plan = client.plan_with(message, waived(&clock, 0, 60)).await;
    let receipt = client.send(plan.unwrap()).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Deferred);
    clock.advance(minutes(61));
    client.deliver_due().await.unwrap();
    let receipt = client.receipt(receipt.id).await.unwrap().unwrap();
    let outcome = &receipt.outcomes[0];
    assert_eq!(
        (outcome.status, outcome.route),
        (Status::Delivered, Some(Route::Escrow))
    );
    let (_, notice) = relay.tried().pop().unwrap();
    assert!(!holds(&notice, "HbA1c") && outcome.passcode().is_some());
}

/// A waiver without a patient is nobody's.
#[tokio::test]
async fn a_waiver_counts_for_a_named_patient_only() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let client = builder(&Relay::new(&[]), &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let expires = clock.now().plus(minutes(60));
    let nobody = Waiver::new(pat(), Phi::new(String::new()), clock.now(), expires);
    let options = PlanOptions::new().names_patient_only().waiver(nobody);
    let plan = client.plan_with(message().build().unwrap(), options).await;
    let rungs = plan.unwrap().recipients()[0].rungs().unwrap();
    let clear = |r: &mailseal::policy::Rung| {
        r.route == Route::Tls && r.transport_floor < TlsAssurance::Authenticated
    };
    assert!(!rungs.iter().any(clear));
}

/// A new plan that is as good at first, and lower further down, is not what
/// the caller saw.
#[tokio::test]
async fn planning_again_does_not_widen_the_fallbacks() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let options = waived(&clock, 10, 100);
    let plan = client.plan_with(message().build().unwrap(), options).await;
    clock.advance(minutes(16));
    let sent = client.send(plan.unwrap()).await;
    assert!(matches!(sent, Err(Error::Plan(PlanError::Changed { .. }))));
    assert!(relay.tried().is_empty());
}

/// `secure()` asks for protection whatever the content, also where no rule
/// knows the marker.
#[tokio::test]
async fn secure_is_heard_without_a_rule() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let client = builder(&Relay::new(&[]), &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let message = message().assert_no_phi("a circular").secure();
    let plan = client.plan(message.build().unwrap()).await.unwrap();
    assert!(plan.sensitivity() >= Sensitivity::Phi);
}

/// A marker is a word of the subject, whatever blank stands beside it.
#[tokio::test]
async fn a_marker_is_seen_beside_any_blank() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let rule = mailseal::policy::Rule::new("asked for")
        .marker("[secure]")
        .end_to_end();
    let relay = Relay::new(&[]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa().rule(rule));
    let client = client.build().await.unwrap();
    for subject in ["[Secure]\tYour visit", "Your visit\u{a0}[secure]"] {
        let message = message().subject(subject).build().unwrap();
        let plan = client.plan(message).await.unwrap();
        let rungs = plan.recipients()[0].rungs().unwrap();
        assert!(rungs.iter().all(|r| r.route == Route::Escrow), "{subject}");
    }
}

/// One row that does not open does not keep the host from settling another.
#[tokio::test]
async fn a_damaged_copy_does_not_bar_the_others() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[Delivery::Unknown]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    let receipt = client.send(plan).await.unwrap();
    let damaged = Op::Put {
        table: Table::Outbox,
        row: Row::new([0; 16], *b"nothing"),
    };
    store.commit(Batch::from_iter([damaged])).await.unwrap();
    let recipient = receipt.outcomes[0].recipient;
    client
        .resolve_unknown(receipt.id, recipient, Resolution::Delivered)
        .await
        .unwrap();
    let receipt = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Delivered);
}

/// The log says what was asserted, waived, dropped and escrowed.
#[tokio::test]
async fn the_log_tells_what_the_caller_did() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let client =
        builder(&Relay::new(&[]), &store, &clock).policy(Policy::hipaa().ladder([Route::Escrow]));
    let client = client.build().await.unwrap();
    let message = message()
        .cc("kim@mail.example".parse::<Address>().unwrap())
        .assert_no_phi("a circular")
        .build()
        .unwrap();
    let mut plan = client.plan(message).await.unwrap();
    let second = plan.recipients()[1].id();
    assert!(plan.drop_recipient(second));
    client.send(plan).await.unwrap();
    let kinds = kinds(&client).await;
    for kind in [
        EventKind::NoPhiAsserted,
        EventKind::Dropped,
        EventKind::EscrowCreated,
    ] {
        assert!(kinds.contains(&kind), "{kind}");
    }
    assert!(!kinds.contains(&EventKind::Refused));
}

/// What is deferred to at once is not tried for ever within one call.
#[tokio::test]
async fn a_copy_is_tried_once_a_call() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[Delivery::Deferred; 60]);
    let moved = clock.clone();
    // Slower than its own backoff.
    relay.hook(move |_| moved.advance(minutes(1)));
    let client = builder(&relay, &store, &clock)
        .policy(Policy::hipaa())
        .schedule(Schedule::default().first(Duration::ZERO));
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    client.send(plan).await.unwrap();
    clock.advance(minutes(1));
    let report = client.deliver_due().await.unwrap();
    assert_eq!((report.outcomes.len(), relay.tried().len()), (1, 2));
}

/// A copy whose message is gone cannot be sent; that is told, and does not hide
/// the copies behind it.
#[tokio::test]
async fn a_lost_body_is_told() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[Delivery::Deferred]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    client.send(plan).await.unwrap();
    for row in store.range(Table::Body, &[], None, 10).await.unwrap() {
        let delete = Op::Delete {
            table: Table::Body,
            key: row.key,
        };
        store.commit(Batch::from_iter([delete])).await.unwrap();
    }
    clock.advance(minutes(30));
    let report = client.deliver_due().await.unwrap();
    assert_eq!((report.failed, report.outcomes.len()), (1, 0));
}

/// A copy that waited long for its turn is claimed anew before it is tried.
#[tokio::test]
async fn a_lease_does_not_run_out_while_a_copy_waits_for_its_turn() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[]);
    let due = Arc::new(Mutex::new(Vec::new()));
    let (seen, watched, moved) = (Arc::clone(&due), store.clone(), clock.clone());
    relay.hook(move |count| {
        let now = moved.now();
        let rows = futures_util::FutureExt::now_or_never(watched.due(Table::Outbox, now, 9));
        seen.lock().unwrap().push(rows.unwrap().unwrap().len());
        if count == 1 {
            moved.advance(minutes(60));
        }
    });
    let client = builder(&relay, &store, &clock)
        .policy(Policy::hipaa())
        .concurrency(1);
    let client = client.build().await.unwrap();
    let message = message().to("kim@mail.example".parse::<Address>().unwrap());
    let plan = client.plan(message.build().unwrap()).await.unwrap();
    let receipt = client.send(plan).await.unwrap();
    assert!(
        receipt
            .outcomes
            .iter()
            .all(|o| o.status == Status::Delivered)
    );
    assert_eq!(*due.lock().unwrap(), [0, 0]);
}

/// Behind a relay nobody asks where the domain takes mail.
#[tokio::test]
async fn a_relay_knows_the_way() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let end = clock.now().plus(minutes(60 * 24));
    let closed = Capabilities::new(
        "mail.example".parse().unwrap(),
        Fact::Refuted,
        Fact::Refuted,
        end,
    );
    let client = builder(&Relay::new(&[]), &store, &clock)
        .policy(Policy::hipaa())
        .discovery(Fixed::new().with(closed));
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Delivered);
}

#[derive(Debug)]
struct Sms {
    store: MemoryStore,
    on_the_way: Arc<Mutex<Option<usize>>>,
}

#[async_trait]
impl CodeChannel for Sms {
    async fn send_code(&self, _: &Phi<String>, _: &Secret<String>) -> Result<(), CodeChannelError> {
        let rows = self.store.range(Table::Outbox, &[], None, 10).await;
        *self.on_the_way.lock().unwrap() = Some(rows.unwrap().len());
        Ok(())
    }
}

/// That the notice was taken is on disk before a provider is asked to send a
/// code: one that hangs does not turn delivered into unknown.
#[tokio::test]
async fn delivery_is_recorded_before_the_code_is_sent() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let on_the_way = Arc::default();
    let sms = Sms {
        store: store.clone(),
        on_the_way: Arc::clone(&on_the_way),
    };
    let client = builder(&Relay::new(&[]), &store, &clock)
        .policy(Policy::hipaa().ladder([Route::Escrow]))
        .code_channel(sms);
    let client = client.build().await.unwrap();
    let message = Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to(Recipient::new(pat()).phone("+1 555 0100"))
        .subject("Your visit")
        .text("HbA1c 5.4".to_owned())
        .build()
        .unwrap();
    let receipt = client.send(client.plan(message).await.unwrap()).await;
    let receipt = receipt.unwrap();
    assert_eq!(*on_the_way.lock().unwrap(), Some(0));
    assert!(receipt.outcomes[0].passcode().is_none());
    let stored = client.receipt(receipt.id).await.unwrap().unwrap();
    assert!(stored.outcomes[0].passcode().is_none());
}

/// A second `send` with the same key gives the first one's receipt, also when
/// the plan is old and would not be made again.
#[tokio::test]
async fn an_idempotency_key_is_known_before_the_plan_is_judged() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let has_key = Arc::new(AtomicBool::new(true));
    let pgp = Pgp {
        has_key: Arc::clone(&has_key),
        seals: true,
    };
    let policy = Policy::hipaa().ladder([Route::Pgp, Route::Tls]);
    let relay = Relay::new(&[]);
    let client = builder(&relay, &store, &clock).policy(policy).sealer(pgp);
    let client = client.build().await.unwrap();
    let message = message().idempotency_key("order 7").build().unwrap();
    let plan = client.plan(message).await.unwrap();
    let first = client.send(plan.clone()).await.unwrap();
    clock.advance(minutes(16));
    has_key.store(false, Ordering::SeqCst);
    let again = client.send(plan).await.unwrap();
    assert_eq!(first.id, again.id);
    assert_eq!(relay.tried().len(), 1);
}

/// Neither the message nor the host's number of a patient stands in Debug text.
#[tokio::test]
async fn debug_texts_hold_no_message() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let client = builder(&Relay::new(&[]), &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    let handed = client.seal(plan, Some(TlsAssurance::Authenticated)).await;
    let text = format!("{:?}", handed.unwrap());
    // "HbA1c" as a list of octets.
    assert!(!text.contains("72, 98, 65, 49, 99"));
    let options = waived(&clock, 0, 60);
    assert!(!format!("{options:?}").contains("778812"));
}

struct Passes;

#[async_trait]
impl Barrier for Passes {
    async fn before_final_dot(&self) -> Result<(), BarrierError> {
        Ok(())
    }
}

/// A host that takes connections and says nothing leaves time for the next one.
#[tokio::test]
async fn a_silent_host_does_not_use_up_the_time_of_the_next() {
    let silent = SmtpPeer::builder("mx1.mail.example")
        .on(When::Connect, vec![Act::Silence])
        .bind("127.83.1.1:0".parse().unwrap())
        .await
        .unwrap();
    let port = silent.address().port();
    let live = SmtpPeer::builder("mx2.mail.example")
        .bind(format!("127.83.1.2:{port}").parse().unwrap())
        .await
        .unwrap();
    let dns = TestDns::start().await.unwrap();
    dns.a("mx1.mail.example", silent.address().ip());
    dns.a("mx2.mail.example", live.address().ip());
    let network = Network::new(Arc::new(dns.resolver()))
        .guard(Guard::allow_internal())
        .ports(port, 443);
    let mut timeouts = Timeouts::default();
    timeouts.total = Duration::from_secs(4);
    let smtp = Smtp::direct(network, "harbor.example".parse().unwrap()).timeouts(timeouts);
    let mx = |host: &str, preference| MxHost::new(host.parse().unwrap(), preference);
    let hosts = vec![mx("mx1.mail.example", 10), mx("mx2.mail.example", 20)];
    let job = Job {
        envelope: &Envelope::new(None, vec![pat()]),
        message: b"Subject: x\r\n\r\ny\r\n",
        hop: &Hop::new("mail.example".parse().unwrap(), hosts, None),
        requirement: &Requirement::at_least(TlsAssurance::Opportunistic),
    };
    let attempts = smtp.deliver(job, &Passes).await;
    assert_eq!(attempts[0].delivery, Delivery::Accepted);
    assert_eq!(silent.connections().len(), 1);
}

/// A host that asks for TLS after TLS failed refuses this connection, not the
/// message (RFC 3207 section 4).
#[tokio::test]
async fn a_host_that_insists_on_tls_has_not_refused_the_message() {
    let ca = TestCa::new();
    let host = SmtpPeer::builder("mx.mail.example")
        .starttls(ca.issue("mx.mail.example", CertKind::Valid))
        .refuse_sni()
        .on(
            When::Command("MAIL"),
            vec![Act::say(
                "530 5.7.0 Must issue a STARTTLS command first\r\n",
            )],
        )
        .bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let dns = TestDns::start().await.unwrap();
    dns.a("mx.mail.example", host.address().ip());
    let network = Network::new(Arc::new(dns.resolver()))
        .guard(Guard::allow_internal())
        .ports(host.address().port(), 443)
        .roots(ca.roots());
    let smtp = Smtp::direct(network, "harbor.example".parse().unwrap());
    let hosts = vec![MxHost::new("mx.mail.example".parse().unwrap(), 10)];
    let job = Job {
        envelope: &Envelope::new(None, vec![pat()]),
        message: b"Subject: x\r\n\r\ny\r\n",
        hop: &Hop::new("mail.example".parse().unwrap(), hosts, None),
        requirement: &Requirement::at_least(TlsAssurance::Opportunistic),
    };
    let attempts = smtp.deliver(job, &Passes).await;
    assert_eq!(attempts[0].delivery, Delivery::Deferred);
    assert_eq!(attempts[0].code, Some(530));
}

#[derive(Debug, Clone)]
struct Watched {
    home: std::thread::ThreadId,
    elsewhere: Arc<AtomicBool>,
}

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        let here = std::thread::current().id();
        if here != self.home {
            self.elsewhere.store(true, Ordering::SeqCst);
        }
        TestClock::default().now()
    }
}

/// Rendering, encrypting and stretching passphrases is work for a processor:
/// it is not done on the thread that answers everybody.
#[tokio::test(flavor = "current_thread")]
async fn sealing_is_not_done_on_the_reactor() {
    let elsewhere = Arc::new(AtomicBool::new(false));
    let clock = Watched {
        home: std::thread::current().id(),
        elsewhere: Arc::clone(&elsewhere),
    };
    let client = Client::builder()
        .storage(Storage::memory())
        .keys(Keys::make_ephemeral())
        .transport(Relay::new(&[]))
        .policy(Policy::hipaa())
        .clock(clock)
        .build()
        .await
        .unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    client.send(plan).await.unwrap();
    assert!(elsewhere.load(Ordering::SeqCst));
}

/// An attempt ends before its lease does, or another process takes the copy
/// over in the middle of it, time after time.
#[test]
fn a_lease_outlives_an_attempt() {
    let (lease, timeouts) = (Schedule::default().lease, Timeouts::default());
    // What is claimed anew only when a tenth of it is over.
    assert!(lease / 10 * 9 > timeouts.total);
    // From the final dot on only these count, under a lease of their own.
    assert!(lease > timeouts.block + timeouts.final_reply);
}

/// A plan is used once, also by who keeps a clone of it and names no key.
#[tokio::test]
async fn a_plan_is_sent_once() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    let first = client.send(plan.clone()).await.unwrap();
    let second = client.send(plan.clone()).await.unwrap();
    assert_eq!((first.id, relay.tried().len()), (second.id, 1));
    let error = client
        .seal(plan, Some(TlsAssurance::Authenticated))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Plan(PlanError::Used { receipt }) if receipt == first.id),
        "{error:?}"
    );
}

/// A notice that the recipient's host refused leaves no grant that somebody
/// could still open.
#[tokio::test]
async fn a_rejected_notice_leaves_no_grant() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[Delivery::Rejected]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa().ladder([Route::Escrow]));
    let client = client.build().await.unwrap();
    let plan = client.plan(message().build().unwrap()).await.unwrap();
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Rejected);
    let grant = receipt.outcomes[0].grant.unwrap();
    let status = client.escrow().unwrap().status(grant).await.unwrap();
    assert_eq!(status.state, mailseal::escrow::GrantState::Revoked);
    assert!(kinds(&client).await.contains(&EventKind::Revoked));
}

/// The words behind an assertion are kept, encrypted, with the receipt.
#[tokio::test]
async fn the_reason_of_an_assertion_is_kept() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let client = builder(&Relay::new(&[]), &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let circular = message()
        .assert_no_phi("a circular to all")
        .build()
        .unwrap();
    let receipt = client
        .send(client.plan(circular).await.unwrap())
        .await
        .unwrap();
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    for receipt in [&receipt, &kept] {
        let reason = receipt.no_phi_reason().unwrap();
        assert_eq!(reason.expose(), "a circular to all");
    }
    for row in store.range(Table::Receipt, &[], None, 10).await.unwrap() {
        assert!(!holds(&row.value, "circular"));
    }
}

/// Copies that would fill the memory are refused before one is rendered.
#[tokio::test]
async fn too_many_octets_are_refused() {
    let (store, clock) = (MemoryStore::new(), TestClock::default());
    let relay = Relay::new(&[]);
    let client = builder(&relay, &store, &clock).policy(Policy::hipaa());
    let client = client.build().await.unwrap();
    let mut large = message().text("x".repeat(2 << 20));
    for n in 0..600 {
        large = large.to(format!("pat{n}@mail.example").parse::<Address>().unwrap());
    }
    let plan = client.plan(large.build().unwrap()).await.unwrap();
    let error = client.send(plan).await.unwrap_err();
    assert!(
        matches!(error, Error::Plan(PlanError::TooLarge { .. })),
        "{error:?}"
    );
    assert!(relay.tried().is_empty());
}
