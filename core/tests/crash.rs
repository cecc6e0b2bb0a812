//! `kill -9` at random points of a run: nothing is lost, nothing is called
//! delivered that was not, nothing arrives twice, and the audit log verifies.
//!
//! A child process (this test binary, started again) sends messages through a
//! client on SQLite with full durability to a sink that this process keeps.
//! The sink's and the store's steps are counted here, and at a random count the
//! child gets SIGKILL: before, between and after any of them. It is started
//! again on the same database with its clock moved on, so that the leases of
//! the dead one have run out, until everything has an end.
//!
//! `MAILSEAL_KILLS` and `MAILSEAL_MESSAGES` change the numbers (200 and 1,000),
//! `MAILSEAL_SEED` repeats the choice of points.
#![cfg(all(unix, feature = "sqlite"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "crash/child.rs"]
mod child;
#[path = "crash/parent.rs"]
mod parent;
#[path = "crash/sink.rs"]
mod sink;

use std::collections::HashMap;

use mailseal::base::{ReceiptId, RecipientId};
use mailseal::{Resolution, Status};

/// Does nothing unless it is the child process that the other test starts.
#[test]
fn child_process() {
    if let Some(order) = child::Order::from_env() {
        child::run(order);
    }
}

#[test]
fn a_killed_process_loses_nothing_and_doubles_nothing() {
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => default,
    };
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = number("MAILSEAL_SEED", u64::from(clock.unwrap().subsec_nanos()));
    let (kills, messages) = (
        number("MAILSEAL_KILLS", 200),
        number("MAILSEAL_MESSAGES", 1000),
    );
    println!("crash: seed {seed}");
    let folder = tempfile::tempdir().unwrap();
    let run = parent::run(folder.path(), seed, kills, messages);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(check(folder.path(), &run, messages));
}

/// Asks a last client, in this process, what the database says now.
async fn check(folder: &std::path::Path, run: &parent::Run, messages: u64) {
    let client = child::client(folder, run.sink.address(), run.next_offset, 64).await;
    let checkpoint = run.checkpoint.parse().unwrap();
    client.audit().verify(&checkpoint).await.unwrap();

    let before = run.sink.accepted();
    let unresolved = client.unresolved().await.unwrap();
    let unknown: Vec<_> = unresolved
        .iter()
        .filter(|copy| copy.status == Status::Unknown)
        .map(|copy| copy.receipt)
        .collect();
    assert_eq!(unknown.len(), unresolved.len(), "all else has an end");

    let (mut delivered, mut lost, mut false_delivered, mut duplicates) = (0, 0, 0, 0);
    let mut taken_of_unknown = 0;
    let mut receipts: HashMap<ReceiptId, u64> = HashMap::new();
    for index in 0..messages {
        // The key makes it a question: nothing is sent.
        let receipt = client
            .send(client.plan(child::message(index)).await.unwrap())
            .await
            .unwrap();
        receipts.insert(receipt.id, index);
        let taken = before.get(&index).copied().unwrap_or(0);
        duplicates += u64::from(taken > 1);
        match receipt.outcomes[0].status {
            Status::Delivered => {
                delivered += 1;
                false_delivered += u64::from(taken == 0);
            }
            Status::Unknown if unknown.contains(&receipt.id) => {
                taken_of_unknown += u64::from(taken > 0);
            }
            _ => lost += 1,
        }
    }
    // What was said to the caller before a kill counts as well.
    for (receipt, status) in &run.told {
        let index = receipts[receipt];
        if *status == Status::Delivered && !before.contains_key(&index) {
            false_delivered += 1;
        }
    }
    assert_eq!(run.sink.accepted(), before, "asking again sends nothing");
    println!(
        "crash: kills={} messages={messages} delivered={delivered} unknown={} (taken by the sink: \
         {taken_of_unknown}) lost={lost} false_delivered={false_delivered} duplicates={duplicates} \
         audit=ok ({} entries)",
        run.kills,
        unknown.len(),
        client.audit().size().await.unwrap(),
    );
    assert_eq!((lost, false_delivered, duplicates), (0, 0, 0));
    assert!(delivered > 0);

    // A host that finds out what became of the unknown ones ends them all.
    for receipt in unknown {
        let found_out = match before.get(&receipts[&receipt]) {
            Some(_) => Resolution::Delivered,
            None => Resolution::SendAgain,
        };
        client
            .resolve_unknown(receipt, RecipientId::new(0), found_out)
            .await
            .unwrap();
    }
    client.deliver_due().await.unwrap();
    assert!(client.unresolved().await.unwrap().is_empty());
    let after = run.sink.accepted();
    assert!((0..messages).all(|index| after.get(&index) == Some(&1)));
    client.audit().verify(&checkpoint).await.unwrap();
}
