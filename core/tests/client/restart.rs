//! What survives the end of a process, and what two processes do at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use mailseal::audit::EventKind;
use mailseal::base::{Keys, ReceiptId};

use mailseal::policy::Policy;
use mailseal::storage::StoreError;
use mailseal::testing::smtp::{Act, When};
use mailseal::{Error, Resolution, Status, Storage};

use super::scene::{
    CLEAR, HOUR, MINUTE, Scene, Slow, VALID, address, at, draft, id, is_notice, kinds, message,
    only, pick_up, send, until,
};

fn later() -> Vec<Act> {
    vec![Act::say("450 4.2.0 later\r\n")]
}

#[tokio::test]
async fn a_deferred_copy_is_delivered_by_the_next_process() {
    let scene = Scene::new(&[VALID]).await;
    scene.script(VALID, When::Command("RCPT"), later());
    let client = scene.hipaa().await;
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    drop(client);

    scene.heal(VALID);
    let client = scene.hipaa().await;
    let waiting = client.unresolved().await.unwrap();
    assert_eq!(
        (waiting[0].receipt, waiting[0].recipient),
        (receipt.id, id(0))
    );
    assert_eq!(waiting[0].next, only(&receipt).next_try);
    scene.advance(6 * MINUTE);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert!(scene.messages(VALID)[0].tls);
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(only(&kept).status, Status::Delivered);
    assert_eq!(only(&kept).attempts, 2);
    assert!(only(&kept).tls.is_some());
    assert_eq!(kept.message, receipt.message);
    let unknown = ReceiptId::make_random();
    assert!(client.receipt(unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn a_deferred_notice_keeps_its_code_over_a_restart() {
    let scene = Scene::new(&[CLEAR]).await;
    scene.script(CLEAR, When::Command("RCPT"), later());
    let client = scene.hipaa().await;
    let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
    let code = only(&receipt).passcode().unwrap().clone();
    drop(client);

    scene.heal(CLEAR);
    scene.advance(6 * MINUTE);
    let client = scene.hipaa().await;
    let report = client.deliver_due().await.unwrap();
    let outcome = &report.outcomes[0].1;
    assert_eq!(outcome.status, Status::Delivered);
    assert_eq!(outcome.passcode().unwrap().expose(), code.expose());
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(only(&kept).passcode().unwrap().expose(), code.expose());
    pick_up(&client, &scene.messages(CLEAR)[0], &code)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_host_resolves_what_is_unknown_both_ways() {
    let scene = Scene::new(&[VALID]).await;
    scene.script(VALID, When::FinalDot, vec![Act::Close]);
    let client = scene.hipaa().await;
    let first = send(&client, message(&at(VALID))).await.unwrap();
    let second = send(&client, message(&at(VALID))).await.unwrap();
    scene.heal(VALID);
    drop(client);

    let client = scene.hipaa().await;
    assert_eq!(client.unresolved().await.unwrap().len(), 2);
    client
        .resolve_unknown(first.id, id(0), Resolution::Delivered)
        .await
        .unwrap();
    let kept = client.receipt(first.id).await.unwrap().unwrap();
    assert_eq!(only(&kept).status, Status::Delivered);
    assert!(scene.messages(VALID).is_empty());

    client
        .resolve_unknown(second.id, id(0), Resolution::SendAgain)
        .await
        .unwrap();
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].0, second.id);
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert_eq!(scene.messages(VALID).len(), 1);
    assert!(client.unresolved().await.unwrap().is_empty());
    let resolved = kinds(&client).await;
    assert_eq!(
        resolved
            .iter()
            .filter(|k| **k == EventKind::Resolved)
            .count(),
        2
    );
    // Nothing is unknown any more.
    for receipt in [first.id, second.id, ReceiptId::make_random()] {
        let error = client
            .resolve_unknown(receipt, id(0), Resolution::SendAgain)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "plan.not_unknown");
    }
}

/// Runs a client in a runtime of its own, and ends that runtime, with all that
/// runs in it, once `crashed` says so: a crash.
fn crash(scene: &Scene, crashed: impl Fn(&Scene) -> bool) {
    let process = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    process.block_on(async {
        let client = scene.hipaa().await;
        let plan = client.plan(message(&at(VALID))).await.unwrap();
        let sending = tokio::spawn(async move { client.send(plan).await });
        until(async || crashed(scene)).await;
        assert!(!sending.is_finished());
    });
}

#[test]
fn a_crash_before_the_final_dot_sends_again_and_one_behind_it_does_not() {
    let world = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let scene = world.block_on(Scene::new(&[VALID]));

    scene.script(VALID, When::Command("DATA"), vec![Act::Stall]);
    let said_data = |scene: &Scene| {
        let connections = scene.sandbox.host(VALID).unwrap().connections();
        connections
            .iter()
            .any(|c| c.commands.iter().any(|c| c == "DATA"))
    };
    crash(&scene, said_data);
    scene.heal(VALID);
    world.block_on(async {
        let client = scene.hipaa().await;
        assert_eq!(
            client.unresolved().await.unwrap()[0].status,
            Status::Pending
        );
        assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
        scene.advance(16 * MINUTE);
        let report = client.deliver_due().await.unwrap();
        assert_eq!(report.outcomes[0].1.status, Status::Delivered);
        assert_eq!(scene.messages(VALID).len(), 1);
    });

    // It hears the final dot; its answer gets lost with the process.
    scene.script(VALID, When::FinalDot, vec![Act::Stall]);
    let before = scene.store.commits();
    // The intent and the barrier are on disk.
    crash(&scene, |scene| scene.store.commits() == before + 2);
    scene.heal(VALID);
    world.block_on(async {
        let client = scene.hipaa().await;
        scene.advance(16 * MINUTE);
        let report = client.deliver_due().await.unwrap();
        assert_eq!(report.outcomes[0].1.status, Status::Unknown);
        let receipt = report.outcomes[0].0;
        assert_eq!(scene.messages(VALID).len(), 1);
        let waiting = client.unresolved().await.unwrap();
        assert_eq!((waiting.len(), waiting[0].status), (1, Status::Unknown));
        client
            .resolve_unknown(receipt, id(0), Resolution::SendAgain)
            .await
            .unwrap();
        client.deliver_due().await.unwrap();
        assert_eq!(scene.messages(VALID).len(), 2);
    });
}

#[tokio::test]
async fn other_keys_are_refused_and_lose_nothing() {
    let scene = Scene::new(&[VALID]).await;
    scene.script(VALID, When::Command("RCPT"), later());
    let client = scene.hipaa().await;
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    let size = client.audit().size().await.unwrap();
    drop(client);
    scene.heal(VALID);
    scene.advance(HOUR);

    let other = scene
        .sandbox
        .builder(scene.storage(), Keys::make_ephemeral())
        .unwrap();
    let error = other.policy(Policy::hipaa()).build().await.unwrap_err();
    assert_eq!(error.code(), "keys.mismatch");
    assert!(error.to_string().contains("key file"), "{error}");

    let client = scene.hipaa().await;
    assert_eq!(client.audit().size().await.unwrap(), size);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].0, receipt.id);
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_deliver_each_copy_once() {
    let scene = Scene::new(&[VALID]).await;
    scene.script(VALID, When::Command("RCPT"), later());
    let a = scene.hipaa().await;
    let b = scene.hipaa().await;
    let many = draft(&at(VALID), |mut m| {
        for n in 0..40 {
            m = m.to(address(&format!("p{n}@{VALID}")));
        }
        m
    });
    let receipt = send(&a, many).await.unwrap();
    assert!(
        receipt
            .outcomes
            .iter()
            .all(|o| o.status == Status::Deferred)
    );
    scene.heal(VALID);
    scene.advance(HOUR);
    let (a2, b2) = (a.clone(), b.clone());
    let (first, second) = tokio::join!(
        tokio::spawn(async move { a2.deliver_due().await.unwrap() }),
        tokio::spawn(async move { b2.deliver_due().await.unwrap() }),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.failed, second.failed), (0, 0));
    let outcomes: Vec<_> = first.outcomes.iter().chain(&second.outcomes).collect();
    assert!(outcomes.iter().all(|(_, o)| o.status == Status::Delivered));
    assert_eq!(outcomes.len(), 41);
    let messages = scene.messages(VALID);
    let to: BTreeSet<_> = messages.iter().map(|m| m.recipients.clone()).collect();
    assert_eq!((messages.len(), to.len()), (41, 41));
    assert!(a.unresolved().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_receipt_and_one_message() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let keyed = || message(&at(VALID)).with_idempotency_key("visit-17");
    let first = send(&client, keyed()).await.unwrap();
    let again = send(&client, keyed()).await.unwrap();
    assert_eq!(first.id, again.id);
    assert_eq!(only(&again).status, Status::Delivered);
    let client = scene.hipaa().await;
    assert_eq!(send(&client, keyed()).await.unwrap().id, first.id);
    assert_eq!(scene.messages(VALID).len(), 1);
    assert_eq!(
        kinds(&client).await,
        [EventKind::Intent, EventKind::Outcome]
    );

    let other = draft(&at(VALID), |m| m.subject("Another visit"));
    let error = send(&client, other.with_idempotency_key("visit-17"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "plan.idempotency_conflict");
    let elsewhere = message(&address("kim@valid.example")).with_idempotency_key("visit-17");
    let error = send(&client, elsewhere).await.unwrap_err();
    assert_eq!(error.code(), "plan.idempotency_conflict");
    assert_eq!(scene.messages(VALID).len(), 1);
    // Another key is another message.
    send(
        &client,
        message(&at(VALID)).with_idempotency_key("visit-18"),
    )
    .await
    .unwrap();
    assert_eq!(scene.messages(VALID).len(), 2);
}

#[tokio::test]
async fn the_same_idempotency_key_at_once_sends_one_message() {
    let scene = Scene::new(&[VALID]).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let storage = Storage::custom(Arc::new(Slow(scene.store.clone())));
        let builder = scene.sandbox.builder(storage, scene.keys.clone()).unwrap();
        clients.push(builder.policy(Policy::hipaa()).build().await.unwrap());
    }
    let mut plans = Vec::new();
    for n in 0..8 {
        let keyed = message(&at(VALID)).with_idempotency_key("visit-17");
        plans.push(clients[n % 2].plan(keyed).await.unwrap());
    }
    let sends = plans
        .into_iter()
        .enumerate()
        .map(|(n, plan)| clients[n % 2].send(plan));
    let receipts = futures_util::future::join_all(sends).await;
    let ids: BTreeSet<_> = receipts
        .into_iter()
        .map(|receipt| receipt.unwrap().id.to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(scene.messages(VALID).len(), 1);
    assert_eq!(
        kinds(&clients[0]).await,
        [EventKind::Intent, EventKind::Outcome]
    );
}

#[tokio::test]
async fn what_was_sent_under_a_key_is_told_whatever_would_be_decided_today() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.client(Policy::tls_exclusive()).await;
    let keyed = || message(&at(VALID)).with_idempotency_key("visit-17");
    let first = send(&client, keyed()).await.unwrap();
    let stale = client.plan(keyed()).await.unwrap();
    // The host can no longer receive it.
    scene.becomes(&mailseal::testing::SandboxDomain::new(VALID));
    scene.advance(2 * HOUR);
    assert_eq!(client.send(stale).await.unwrap().id, first.id);
    assert_eq!(send(&client, keyed()).await.unwrap().id, first.id);
}

#[tokio::test]
async fn send_goes_on_when_its_caller_goes_away() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene.hipaa().await;
    let keyed = || message(&at(CLEAR)).with_idempotency_key("visit-17");
    let plan = client.plan(keyed()).await.unwrap();
    let mut sending = Box::pin(client.send(plan));
    assert!((&mut sending).now_or_never().is_none());
    drop(sending);
    until(async || {
        let started = client.audit().size().await.unwrap() > 0;
        started && client.unresolved().await.unwrap().is_empty()
    })
    .await;
    assert!(is_notice(&scene.messages(CLEAR)[0]));
    // The receipt is found by the key, and then by its id.
    let receipt = send(&client, keyed()).await.unwrap();
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(only(&kept).status, Status::Delivered);
    assert!(only(&kept).passcode().is_some());
    assert_eq!(scene.messages(CLEAR).len(), 1);
}

#[tokio::test]
async fn a_copy_that_cannot_be_recorded_waits_and_does_not_stop_the_others() {
    let scene = Scene::new(&[VALID]).await;
    scene.script(VALID, When::Command("RCPT"), later());
    let client = scene.hipaa().await;
    for _ in 0..3 {
        send(&client, message(&at(VALID))).await.unwrap();
    }
    scene.heal(VALID);
    scene.advance(HOUR);
    scene.store.fail_once_after(0, StoreError::Busy);
    let report = client.deliver_due().await.unwrap();
    assert_eq!((report.failed, report.outcomes.len()), (1, 2));
    assert_eq!(scene.messages(VALID).len(), 2);
    let report = client.deliver_due().await.unwrap();
    assert_eq!((report.failed, report.outcomes.len()), (0, 1));
    assert_eq!(scene.messages(VALID).len(), 3);
    assert!(matches!(
        client.receipt(ReceiptId::make_random()).await,
        Ok::<_, Error>(None)
    ));
}
