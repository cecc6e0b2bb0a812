//! Revocation racing release: never both, in this order. Once a revocation is
//! on record nothing is released, and what is given out is on record before.
//!
//! A few hundred rounds run each time; `MAILSEAL_RACES=10000` sets another
//! number, as `cargo xtask test --only races` does.

use std::sync::Arc;

use mailseal::base::{FactorLevel, GrantId};
use mailseal::escrow::{Draft, Escrow, EscrowEvent, Factor, Recorder};
use mailseal::storage::{MemoryStore, Op, Store};
use mailseal::testing::clock::TestClock;

use crate::house::*;

fn rounds(usual: usize) -> usize {
    let asked = std::env::var("MAILSEAL_RACES").ok();
    asked.map_or(usual, |n| n.parse().expect("MAILSEAL_RACES is a number"))
}

/// Finds a grant's entries again.
#[derive(Debug)]
struct Tagged;

fn tag(grant: GrantId) -> [u8; 32] {
    let mut tag = [0; 32];
    tag[..16].copy_from_slice(grant.as_bytes());
    tag
}

impl Recorder for Tagged {
    fn record(&self, event: &EscrowEvent) -> Vec<Op> {
        let leaf = format!("{:?}", event.kind).into_bytes();
        let tags = vec![tag(event.grant)];
        vec![Op::Append { leaf, tags }]
    }
}

async fn entries(store: &dyn Store, grant: GrantId) -> Vec<String> {
    let mut all = Vec::new();
    for index in store.tagged(&tag(grant)).await.unwrap() {
        let leaf = store.leaves(index, 1).await.unwrap().remove(0);
        all.push(String::from_utf8(leaf).unwrap());
    }
    all
}

/// Two nodes over one store, each with its own way to it.
async fn race(a: Arc<dyn Store>, b: Arc<dyn Store>, rounds: usize) {
    let house = House::new();
    let over = |store: &Arc<dyn Store>| -> Escrow {
        let clock: TestClock = house.clock.clone();
        Escrow::new(store.clone(), &house.keys, Arc::new(clock), BASE)
            .unwrap()
            .recorder(Arc::new(Tagged))
    };
    let (reader, host) = (over(&a), over(&b));
    let mut opened = 0;
    for round in 0..rounds {
        let grants = vec![grant(0, FactorLevel::P0)];
        let draft = Draft::new(MESSAGE, house.expires(), grants);
        let mut prepared = reader.prepare(draft).await.unwrap();
        let batch = prepared.ops.drain(..).collect();
        a.commit(batch).await.unwrap();
        let given = prepared.grants.remove(0);
        let (id, link) = (given.grant, given.link.clone());
        let barrier = Arc::new(tokio::sync::Barrier::new(2));
        let (gate, node) = (barrier.clone(), host.clone());
        let revoke = tokio::spawn(async move {
            gate.wait().await;
            // Now the one, now the other has a head start.
            for _ in 0..round % 4 {
                tokio::task::yield_now().await;
            }
            node.revoke(id).await
        });
        let (gate, node) = (barrier, reader.clone());
        let open = tokio::spawn(async move {
            gate.wait().await;
            for _ in 0..(round / 4) % 4 {
                tokio::task::yield_now().await;
            }
            node.open(&link, &Factor::None, None).await
        });
        let (open, revoke) = (open.await.unwrap(), revoke.await.unwrap());
        revoke.unwrap();
        let entries = entries(&*b, id).await;
        let last = entries.last().unwrap();
        assert_eq!(last, "Revoked", "{entries:?}");
        let released = entries.iter().any(|e| e.starts_with("Released"));
        match open {
            Ok(_) => {
                assert!(released, "given out and not on record");
                opened += 1;
            }
            // Taken back between release and reading, or before.
            Err(e) => assert_eq!(e.code(), "escrow.revoked"),
        }
        for node in [&reader, &host] {
            let again = node.open(&given.link, &Factor::None, None).await;
            assert_eq!(code(again), "escrow.revoked");
        }
    }
    // What came of it; the order of two threads is nobody's to prescribe.
    #[allow(clippy::print_stdout)]
    let () = println!("{rounds} rounds, {opened} opened before they were revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoke_and_release_in_memory() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    race(store.clone(), store, rounds(400)).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoke_and_release_from_two_handles_of_one_database() {
    use mailseal::storage::{Durability, SqliteOptions};
    let dir = tempfile::tempdir().unwrap();
    let open = || -> Arc<dyn Store> {
        // What is raced for is the order, not the power cut.
        let options = SqliteOptions::new().durability(Durability::Relaxed);
        Arc::new(options.open(dir.path().join("m.db")).unwrap())
    };
    race(open(), open(), rounds(150)).await;
}
