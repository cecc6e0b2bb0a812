//! Ways to lose a message, to send it twice, or to say of it what is not so.

use super::*;

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
    assert!(elsewhere.swap(false, Ordering::SeqCst));

    let plan = client.plan(message().build().unwrap()).await.unwrap();
    elsewhere.store(false, Ordering::SeqCst);
    let mailer = Some(TlsAssurance::Authenticated);
    client.seal(plan, mailer).await.unwrap();
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
