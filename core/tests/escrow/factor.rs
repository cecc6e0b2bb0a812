//! Passcodes, passphrases and their budgets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mailseal::base::{FactorLevel, Secret};
use mailseal::escrow::{EscrowError, Factor};

use crate::house::*;

#[tokio::test]
async fn a_link_is_not_enough_where_a_factor_is_asked_for() {
    let house = House::new();
    let given = house.put_one(with_passcode(0)).await;
    assert_eq!(
        code(house.escrow.open(&given.link, &Factor::None, None).await),
        "escrow.factor_required"
    );
    for typed in ["", "x", &"0".repeat(5000), "0000-0000"] {
        let tried = Factor::Passcode(Secret::from(typed));
        assert_eq!(
            code(house.escrow.open(&given.link, &tried, None).await),
            "escrow.factor_wrong"
        );
    }
    assert_eq!(house.escrow.status(given.grant).await.unwrap().releases, 0);
    let passcode = given.passcode.clone().unwrap();
    let sloppy = passcode
        .expose()
        .to_lowercase()
        .replace('-', " ")
        .replace('0', "o");
    house
        .escrow
        .open(&given.link, &Factor::Passcode(Secret::from(sloppy)), None)
        .await
        .unwrap();
}

#[tokio::test]
async fn wrong_codes_have_a_budget_and_nobody_is_locked_out_for_good() {
    let house = House::new();
    let (given, other) = (
        house.put_one(with_passcode(0)).await,
        house.put_one(with_passcode(0)).await,
    );
    for left in (0..5).rev() {
        match house.escrow.open(&given.link, &wrong(), None).await {
            Err(EscrowError::FactorWrong { tries_left }) => assert_eq!(tries_left, left),
            other => panic!("{other:?}"),
        }
    }
    match house.escrow.open(&given.link, &factor(&given), None).await {
        Err(EscrowError::Wait { wait }) => assert_eq!(wait, Duration::from_secs(900)),
        other => panic!("{other:?}"),
    }
    house
        .escrow
        .open(&other.link, &factor(&other), None)
        .await
        .unwrap();
    house.clock.advance(Duration::from_secs(899));
    assert_eq!(
        code(house.escrow.open(&given.link, &factor(&given), None).await),
        "escrow.wait"
    );
    house.clock.advance(Duration::from_secs(1));
    house
        .escrow
        .open(&given.link, &factor(&given), None)
        .await
        .unwrap();
    // Being right gives the budget back.
    match house.escrow.open(&given.link, &wrong(), None).await {
        Err(EscrowError::FactorWrong { tries_left: 4 }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guessing_in_parallel_gains_nothing() {
    let house = House::new();
    let given = house.put_one(with_passcode(0)).await;
    let judged = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..60)
        .map(|_| {
            let (escrow, link, judged) = (house.escrow.clone(), given.link.clone(), judged.clone());
            tokio::spawn(async move {
                match escrow.open(&link, &wrong(), None).await {
                    Err(EscrowError::FactorWrong { .. }) => judged.fetch_add(1, Ordering::SeqCst),
                    Err(EscrowError::Wait { .. } | EscrowError::Busy) => 0,
                    other => panic!("{other:?}"),
                };
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let judged = judged.load(Ordering::SeqCst);
    assert!(judged <= 5, "{judged} guesses were judged");
}

#[tokio::test]
async fn guessing_over_many_grants_is_slowed_down() {
    let house = House::new();
    let prepared = house
        .put(MESSAGE, (0..202).map(with_passcode).collect())
        .await;
    let mut judged = 0;
    for given in &prepared.grants {
        for _ in 0..5 {
            match house.escrow.open(&given.link, &wrong(), None).await {
                Err(EscrowError::FactorWrong { .. }) => judged += 1,
                Err(EscrowError::Wait { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(judged, 1_000);
    house.clock.advance(Duration::from_secs(900));
    let last = prepared.grants.last().unwrap();
    house
        .escrow
        .open(&last.link, &factor(last), None)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_passphrase_is_a_key_share() {
    let house = House::new();
    let phrase = Secret::from("caf\u{e9} by the sea");
    let given = house
        .put_one(grant(0, FactorLevel::P2).passphrase(phrase))
        .await;
    let open = |text: &'static str| {
        let (escrow, link) = (house.escrow.clone(), given.link.clone());
        async move {
            escrow
                .open(&link, &Factor::None, Some(&Secret::from(text)))
                .await
        }
    };
    assert_eq!(
        code(house.escrow.open(&given.link, &Factor::None, None).await),
        "escrow.factor_required"
    );
    assert_eq!(code(open("cafe by the sea").await), "escrow.factor_wrong");
    assert_eq!(house.escrow.status(given.grant).await.unwrap().releases, 0);
    open("cafe\u{301} by the sea").await.unwrap();
    // Fewer rounds written into the record do not make it cheaper.
    house
        .edit_grant(given.grant, |g| g["passphrase"]["iterations"] = 1.into())
        .await;
    assert_eq!(
        code(open("caf\u{e9} by the sea").await),
        "escrow.factor_wrong"
    );
}
