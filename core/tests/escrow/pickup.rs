//! Links, recipients, sizes, and what a stranger learns.

use mailseal::base::GrantId;
use mailseal::escrow::{Factor, Link};

use crate::house::*;

#[tokio::test]
async fn messages_of_every_size_come_back() {
    let house = House::new();
    let chunk = 16 * 1024;
    let part = 1 << 20;
    for size in [
        0,
        1,
        chunk - 1,
        chunk,
        chunk + 1,
        part - 200,
        part,
        5_000_000,
    ] {
        let message: Vec<u8> = (0..size).map(|i| (i % 253) as u8).collect();
        let prepared = house.put(&message, vec![with_passcode(0)]).await;
        let given = &prepared.grants[0];
        let opened = house
            .escrow
            .open(&given.link, &factor(given), None)
            .await
            .unwrap();
        assert!(*opened.message.expose() == message, "{size}");
        assert!(opened.first);
        assert_eq!(opened.grant, given.grant);
        assert_eq!(opened.reference, given.reference);
    }
}

#[tokio::test]
async fn each_recipient_has_a_link_and_a_code_of_his_own() {
    let house = House::new();
    let prepared = house
        .put(
            MESSAGE,
            vec![with_passcode(0), with_passcode(1), with_passcode(2)],
        )
        .await;
    for given in &prepared.grants {
        for other in &prepared.grants {
            let opened = house.escrow.open(&given.link, &factor(other), None).await;
            match given.grant == other.grant {
                true => assert_eq!(opened.unwrap().recipient, given.recipient),
                false => assert_eq!(code(opened), "escrow.factor_wrong"),
            }
        }
    }
    let again = &prepared.grants[1];
    assert!(
        !house
            .escrow
            .open(&again.link, &factor(again), None)
            .await
            .unwrap()
            .first
    );
    assert_eq!(house.escrow.status(again.grant).await.unwrap().releases, 2);
    let item = house.escrow.item(prepared.item).await.unwrap();
    assert_eq!(
        item.grants,
        prepared.grants.iter().map(|g| g.grant).collect::<Vec<_>>()
    );
    assert_eq!(house.escrow.items(None, 10).await.unwrap(), [item]);
}

#[tokio::test]
async fn without_the_right_secret_all_grants_look_alike() {
    let house = House::new();
    let (live, revoked, expired) = (
        house.put_one(with_passcode(0)).await,
        house.put_one(with_passcode(0)).await,
        house.put_one(with_passcode(0)).await,
    );
    house.escrow.revoke(revoked.grant).await.unwrap();
    house
        .edit_grant(expired.grant, |g| g["expires"] = 5.into())
        .await;
    let unknown = GrantId::make_random();
    let share = GrantId::make_random().to_string();
    let guess = |id: GrantId| Link::parse(&format!("{BASE}/p/{id}#{share}")).unwrap();
    let mut texts = Vec::new();
    for id in [live.grant, revoked.grant, expired.grant, unknown] {
        for tried in [Factor::None, wrong(), factor(&live)] {
            let error = house
                .escrow
                .open(&guess(id), &tried, None)
                .await
                .unwrap_err();
            texts.push((error.code(), error.to_string(), format!("{error:?}")));
        }
    }
    assert!(texts.iter().all(|t| *t == texts[0]));
    assert_eq!(texts[0].0, "escrow.not_found");
    // Guessing without the link costs the holder of the link nothing.
    house
        .escrow
        .open(&live.link, &factor(&live), None)
        .await
        .unwrap();
    // The holder is told.
    assert_eq!(
        code(
            house
                .escrow
                .open(&revoked.link, &factor(&revoked), None)
                .await
        ),
        "escrow.revoked"
    );
    assert_eq!(
        code(
            house
                .escrow
                .open(&expired.link, &factor(&expired), None)
                .await
        ),
        "escrow.expired"
    );
}
