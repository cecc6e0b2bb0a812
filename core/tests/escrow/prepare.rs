//! What is made of a draft, and which drafts are refused.

use std::sync::Arc;

use mailseal::base::{Clock, FactorLevel, Secret};
use mailseal::escrow::{Draft, Escrow, GrantDraft, PasscodePlan};

use crate::house::*;

#[tokio::test]
async fn drafts_that_cannot_be_honoured_are_refused() {
    let house = House::new();
    let expires = house.expires();
    let try_one = async |grant: GrantDraft| {
        let draft = Draft::new(MESSAGE, expires, vec![grant]);
        code(house.escrow.prepare(draft).await)
    };
    for level in [FactorLevel::P1, FactorLevel::P2] {
        assert_eq!(try_one(grant(0, level)).await, "escrow.no_factor");
    }
    for level in [FactorLevel::P3, FactorLevel::P4] {
        let asked = grant(0, level).passcode(PasscodePlan::Make);
        assert_eq!(try_one(asked).await, "escrow.unsupported_factor");
    }
    for text in ["", "short", &"x".repeat(257), &"x".repeat(100_000)] {
        let asked = grant(0, FactorLevel::P2).passphrase(Secret::from(text));
        assert_eq!(try_one(asked).await, "escrow.passphrase_length");
    }
    let none = house
        .escrow
        .prepare(Draft::new(MESSAGE, expires, Vec::new()));
    assert_eq!(code(none.await), "escrow.grants");
    let late = house.escrow.prepare(Draft::new(
        MESSAGE,
        house.clock.now(),
        vec![with_passcode(0)],
    ));
    assert_eq!(code(late.await), "escrow.expiry_passed");
    let big = vec![0; mailseal::escrow::MAX_MESSAGE + 1];
    let big = house
        .escrow
        .prepare(Draft::new(&big, expires, vec![with_passcode(0)]));
    assert_eq!(code(big.await), "escrow.too_large");
    assert!(
        Escrow::new(
            house.store.clone(),
            &house.keys,
            Arc::new(house.clock.clone()),
            "http://x.example"
        )
        .is_err()
    );
}

#[tokio::test]
async fn passcodes_have_forty_bits() {
    let house = House::new();
    let prepared = house
        .put(MESSAGE, (0..2_000).map(with_passcode).collect())
        .await;
    let mut seen = std::collections::HashSet::new();
    let mut by_place = vec![std::collections::HashSet::new(); 9];
    for given in &prepared.grants {
        let passcode = given.passcode.as_ref().unwrap().expose().clone();
        assert_eq!((passcode.len(), passcode.as_bytes()[4]), (9, b'-'));
        for (place, c) in passcode.chars().enumerate() {
            by_place[place].insert(c);
        }
        assert!(seen.insert(passcode));
    }
    for (place, digits) in by_place.iter().enumerate().filter(|(place, _)| *place != 4) {
        assert_eq!(digits.len(), 32, "place {place} takes all 32 digits");
    }
}
