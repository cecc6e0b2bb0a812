//! Release, record and revocation, in every order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mailseal::base::{FactorLevel, GrantId, MessageId, RecipientId, Timestamp};
use mailseal::escrow::{Draft, Escrow, EscrowEventKind, Factor};
use mailseal::storage::{Batch, Committed, MemoryStore, Row, Store, StoreError, Table};

use crate::house::*;

/// Does something else right before a chosen commit, or fails it.
#[derive(Debug)]
struct Between {
    inner: Arc<MemoryStore>,
    at: AtomicUsize,
    then: Then,
}

#[derive(Debug)]
enum Then {
    Revoke(Box<Escrow>, GrantId),
    Fail,
}

#[async_trait]
impl Store for Between {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        if self.at.fetch_sub(1, Ordering::SeqCst) == 0 {
            match &self.then {
                Then::Revoke(escrow, grant) => escrow.revoke(*grant).await.unwrap(),
                Then::Fail => return Err(StoreError::Full),
            }
        }
        self.inner.commit(batch).await
    }
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.inner.get(table, key).await
    }
    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.range(table, prefix, after, limit).await
    }
    async fn due(
        &self,
        table: Table,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.due(table, now, limit).await
    }
    async fn log_size(&self) -> Result<u64, StoreError> {
        self.inner.log_size().await
    }
    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.leaves(from, limit).await
    }
    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        self.inner.tagged(tag).await
    }
}

#[tokio::test]
async fn a_revocation_between_reading_and_release_wins() {
    // Commit 0 counts the try, commit 1 is the release.
    for at in [0, 1] {
        let house = House::new();
        let given = house.put_one(with_passcode(0)).await;
        let between = Between {
            inner: house.store.clone(),
            at: AtomicUsize::new(at),
            then: Then::Revoke(Box::new(house.escrow.clone()), given.grant),
        };
        let escrow = house.escrow_over(Arc::new(between));
        assert_eq!(
            code(escrow.open(&given.link, &factor(&given), None).await),
            "escrow.revoked"
        );
        let leaves = house.leaves().await;
        assert_eq!(leaves.len(), 1);
        assert!(leaves[0].starts_with("Revoked"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_release_is_on_record_after_the_revocation() {
    for _ in 0..40 {
        let house = House::new();
        let given = house.put_one(with_passcode(0)).await;
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (escrow, given) = (house.escrow.clone(), given.clone());
                tokio::spawn(async move {
                    escrow
                        .open(&given.link, &factor(&given), None)
                        .await
                        .is_ok()
                })
            })
            .collect();
        let (escrow, id) = (house.escrow.clone(), given.grant);
        tokio::spawn(async move { escrow.revoke(id).await.unwrap() })
            .await
            .unwrap();
        let mut opened = 0;
        for reader in readers {
            opened += usize::from(reader.await.unwrap());
        }
        let leaves = house.leaves().await;
        let released = leaves.iter().filter(|l| l.starts_with("Released")).count();
        assert!(leaves.last().unwrap().starts_with("Revoked"), "{leaves:?}");
        assert!(opened <= released, "{opened} opened, {released} on record");
        assert!(house.grant_json(given.grant).await["share"].is_null());
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_released() {
    let house = House::new();
    let given = house.put_one(grant(0, FactorLevel::P0)).await;
    let between = Between {
        inner: house.store.clone(),
        at: AtomicUsize::new(0),
        then: Then::Fail,
    };
    let escrow = house.escrow_over(Arc::new(between));
    assert_eq!(
        code(escrow.open(&given.link, &Factor::None, None).await),
        "escrow.store"
    );
    assert_eq!(house.leaves().await, [""; 0]);
}

#[tokio::test]
async fn events_carry_message_and_tag() {
    let house = House::new();
    let (id, tag) = (MessageId::make_random(), [5; 32]);
    let draft = Draft::new(
        MESSAGE,
        house.expires(),
        vec![with_passcode(3).audit_tag(tag)],
    );
    let prepared = house.escrow.prepare(draft.message_id(id)).await.unwrap();
    house
        .store
        .commit(prepared.ops.iter().cloned().collect())
        .await
        .unwrap();
    let given = &prepared.grants[0];
    let _ = house.escrow.open(&given.link, &wrong(), None).await;
    house
        .escrow
        .open(&given.link, &factor(given), None)
        .await
        .unwrap();
    house.escrow.revoke(given.grant).await.unwrap();
    house.escrow.revoke(given.grant).await.unwrap();
    let events = house.events.0.lock().unwrap().clone();
    let kinds: Vec<_> = events.iter().map(|e| e.kind).collect();
    assert_eq!(
        kinds,
        [
            EscrowEventKind::FactorFailed { tries_left: 4 },
            EscrowEventKind::Released {
                first: true,
                level: FactorLevel::P2
            },
            EscrowEventKind::Revoked,
        ]
    );
    for event in &events {
        assert_eq!((event.message, event.audit_tag), (Some(id), Some(tag)));
        assert_eq!(
            (event.item, event.recipient),
            (prepared.item, RecipientId::new(3))
        );
    }
    assert_eq!(house.store.tagged(&tag).await.unwrap(), [0, 1, 2]);
}
