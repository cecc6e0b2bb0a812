//! A store that fails, and hosts that do: nothing leaves unrecorded, nothing
//! leaves twice, nothing is called delivered that may not be.

use mailseal::audit::EventKind;
use mailseal::deliver::Cause;
use mailseal::outbox::Schedule;
use mailseal::storage::StoreError;
use mailseal::testing::smtp::{Act, When};
use mailseal::{Error, Status};

use super::scene::{CLEAR, HOUR, MINUTE, Scene, VALID, at, entries, kinds, message, only, send};

#[tokio::test]
async fn without_a_recorded_intent_nobody_hears_mail_from() {
    for domain in [VALID, CLEAR] {
        let scene = Scene::new(&[domain]).await;
        let client = scene.hipaa().await;
        let plan = client.plan(message(&at(domain))).await.unwrap();
        scene.store.fail_after(0, StoreError::Full);
        let error = client.send(plan).await.unwrap_err();
        assert!(matches!(error, Error::Store(StoreError::Full)));
        assert!(!scene.heard_mail(domain));

        scene.store.heal();
        scene.advance(HOUR);
        let client = scene.hipaa().await;
        assert!(client.unresolved().await.unwrap().is_empty());
        assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
        assert_eq!(client.audit().size().await.unwrap(), 0);
        assert!(!scene.heard_mail(domain));
    }
}

#[tokio::test]
async fn without_a_recorded_barrier_there_is_no_final_dot() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    scene.store.fail_once_after(1, StoreError::Full);
    let receipt = client.send(plan).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.status, Status::Deferred);
    assert_eq!(outcome.cause, Some(Cause::Barrier));
    assert!(scene.heard_mail(VALID) && scene.messages(VALID).is_empty());

    // State after a restart: still deferred, then delivered once.
    let client = scene.hipaa().await;
    let waiting = client.unresolved().await.unwrap();
    assert_eq!(waiting[0].status, Status::Deferred);
    assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
    scene.advance(10 * MINUTE);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert_eq!(scene.messages(VALID).len(), 1);
}

#[tokio::test]
async fn a_store_that_stays_broken_from_the_barrier_on_delivers_nothing() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    scene.store.fail_after(1, StoreError::Full);
    let receipt = client.send(plan).await.unwrap();
    // What the store does not hold is not claimed.
    assert_eq!(only(&receipt).status, Status::Pending);
    assert_eq!(only(&receipt).next_try, None);
    assert!(scene.messages(VALID).is_empty());
    scene.store.heal();

    let client = scene.hipaa().await;
    let waiting = client.unresolved().await.unwrap();
    assert_eq!(waiting[0].status, Status::Pending);
    // The lease of who died is respected, then taken over.
    scene.advance(14 * MINUTE);
    assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
    scene.advance(2 * MINUTE);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].0, receipt.id);
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert_eq!(scene.messages(VALID).len(), 1);
    assert!(client.unresolved().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_unrecorded_outcome_is_not_called_delivered_and_not_sent_twice() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    scene.store.fail_after(2, StoreError::Full);
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Unknown);
    assert_eq!(scene.messages(VALID).len(), 1);
    scene.store.heal();

    let client = scene.hipaa().await;
    scene.advance(HOUR);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Unknown);
    assert_eq!(scene.messages(VALID).len(), 1);
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(only(&kept).status, Status::Unknown);
    assert_eq!(
        kinds(&client).await,
        [EventKind::Intent, EventKind::Unknown]
    );
    // It stays so however often one looks.
    scene.advance(HOUR);
    assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
    assert_eq!(scene.messages(VALID).len(), 1);
}

#[tokio::test]
async fn a_fallback_that_cannot_be_recorded_is_not_taken() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    scene.becomes(&mailseal::testing::SandboxDomain::new(VALID));
    scene.store.fail_once_after(1, StoreError::Full);
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert!(!scene.heard_mail(VALID));
    scene.advance(10 * MINUTE);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert!(super::scene::is_notice(&scene.messages(VALID)[0]));
}

#[tokio::test]
async fn silence_behind_the_final_dot_is_unknown() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    scene.script(VALID, When::FinalDot, vec![Act::Close]);
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Unknown);
    assert_eq!(only(&receipt).next_try, None);
    scene.heal(VALID);
    scene.advance(HOUR);
    assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
    assert!(scene.messages(VALID).is_empty());
    let kinds = kinds(&client).await;
    assert_eq!(kinds, [EventKind::Intent, EventKind::Unknown]);
}

#[tokio::test]
async fn a_refusal_for_good_is_rejected_and_over() {
    for when in [When::Command("RCPT"), When::FinalDot] {
        let scene = Scene::new(&[VALID]).await;
        let client = scene.hipaa().await;
        let script = vec![Act::say("550 5.1.1 no such user pat@valid.example\r\n")];
        scene.script(VALID, when, script);
        let receipt = send(&client, message(&at(VALID))).await.unwrap();
        let outcome = only(&receipt);
        assert_eq!(outcome.status, Status::Rejected, "{when:?}");
        assert_eq!(outcome.code, Some(550));
        assert_eq!(outcome.enhanced.unwrap().to_string(), "5.1.1");
        assert!(outcome.diagnostic().expose().contains("no such user"));
        // What may be logged does not repeat what the host said.
        let json = serde_json::to_string(&receipt).unwrap();
        assert!(!json.contains("user") && !json.contains("pat@"), "{json}");
        assert!(client.unresolved().await.unwrap().is_empty());
        let last = entries(&client).await.pop().unwrap();
        assert_eq!(last.record.kind, EventKind::Outcome);
        assert_eq!(last.record.code, Some(550));
        let kept = client.receipt(receipt.id).await.unwrap().unwrap();
        assert!(only(&kept).diagnostic().expose().contains("no such user"));
    }
}

#[tokio::test]
async fn a_passing_refusal_is_tried_again_later_and_later_and_given_up_after_five_days() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    scene.script(
        VALID,
        When::Command("RCPT"),
        vec![Act::say("451 4.7.1 later\r\n")],
    );
    let start = mailseal::base::Clock::now(scene.sandbox.clock());
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    let schedule = Schedule::default();
    let mut outcome = only(&receipt).clone();
    let mut waits = Vec::new();
    loop {
        let now = mailseal::base::Clock::now(scene.sandbox.clock());
        match outcome.status {
            Status::Deferred => assert!(now.since(start) < schedule.give_up_after),
            Status::GivenUp => {
                assert!(now.since(start) >= schedule.give_up_after);
                break;
            }
            other => panic!("{other:?}"),
        }
        let wait = outcome.next_try.unwrap().since(now);
        waits.push(wait);
        // Not a moment sooner.
        scene.advance(wait - std::time::Duration::from_millis(1));
        assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
        scene.advance(std::time::Duration::from_millis(1));
        let report = client.deliver_due().await.unwrap();
        assert_eq!(report.outcomes.len(), 1);
        outcome = report.outcomes[0].1.clone();
        assert_eq!(outcome.attempts as usize, waits.len() + 1);
    }
    assert!(waits[0] >= schedule.first && waits[1] >= waits[0] && waits[3] >= 8 * waits[0]);
    assert!(
        waits
            .iter()
            .all(|w| *w <= schedule.longest + schedule.longest / 10)
    );
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(only(&kept).status, Status::GivenUp);
    assert!(client.unresolved().await.unwrap().is_empty());
    assert_eq!(kinds(&client).await.pop(), Some(EventKind::GaveUp));
    assert!(scene.messages(VALID).is_empty());
}

#[tokio::test]
async fn a_wait_of_nothing_does_not_try_for_ever() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene
        .builder()
        .policy(mailseal::policy::Policy::hipaa())
        .schedule(Schedule::default().first(std::time::Duration::ZERO))
        .build()
        .await
        .unwrap();
    scene.script(
        VALID,
        When::Command("RCPT"),
        vec![Act::say("451 4.7.1 later\r\n")],
    );
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    scene.advance(MINUTE);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes.len(), 1);
}
