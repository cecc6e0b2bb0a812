//! Ways to send a message below its floor, or to show it to others.

use super::*;

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
        client
            .escrow()
            .unwrap()
            .items(None, 10)
            .await
            .unwrap()
            .len(),
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
