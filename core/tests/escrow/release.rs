//! Release, record and revocation, in every order.

use mailseal::base::{FactorLevel, MessageId, RecipientId};
use mailseal::escrow::{Draft, EscrowEventKind, Factor};
use mailseal::storage::{Store, StoreError};
use mailseal::testing::faulty_store::FaultyStore;

use crate::house::*;

#[tokio::test]
async fn a_revocation_between_reading_and_release_wins() {
    // Commit 0 counts the try, commit 1 is the release.
    for at in [0, 1] {
        let house = House::new();
        let given = house.put_one(with_passcode(0)).await;
        let escrow = house.escrow_between(at, house.revoking(given.grant));
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
    let store = FaultyStore::new(house.store.clone());
    store.fail_once_after(0, StoreError::Full);
    let escrow = house.escrow_over(std::sync::Arc::new(store));
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
