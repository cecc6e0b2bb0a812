//! What a grant offers, and what it is bound to.

use std::sync::Arc;

use futures_util::FutureExt;
use mailseal::base::{FactorLevel, GrantId, Keys, Language, Passkey, Phi, Secret, Timestamp};
use mailseal::escrow::{Draft, Escrow, Factor, GrantDraft, Link, Method};
use mailseal::storage::{MemoryStore, Op, Row, Store, Table};
use mailseal::testing::clock::TestClock;
use serde_json::{Value, json};

use crate::house::*;

/// A grant with everything that can be given.
fn rich(floor: FactorLevel) -> GrantDraft {
    let mut draft = with_passcode(0)
        .passphrase(Secret::from("a tall ship and a star"))
        .email("pat@mail.example".parse().unwrap())
        .phone(Phi::from("+1 555 0100"))
        .totp(Secret::new(vec![7; 20]))
        .passkeys(vec![Passkey::new([1; 16], [2; 77], 0)])
        .single_sign_on(Phi::from("subject-canary"))
        .language(Language::Spanish);
    draft.factor_floor = floor;
    draft
}

#[tokio::test]
async fn methods_below_the_floor_are_not_offered() {
    use FactorLevel::{P0, P1, P2, P3, P4};
    let house = House::new();
    for (floor, offered) in [
        (P0, Method::ALL),
        (P1, Method::ALL),
        (P2, &Method::ALL[1..]),
        (P3, &Method::ALL[4..]),
        (P4, &Method::ALL[6..]),
    ] {
        let given = house.put_one(rich(floor)).await;
        let status = house.escrow.status(given.grant).await.unwrap();
        assert_eq!(status.methods, offered, "{floor}");
        assert!(offered.iter().all(|m| m.level() >= floor));
        // A passcode that would be of no use is not made.
        assert_eq!(given.passcode.is_some(), floor <= P2);
    }
}

#[tokio::test]
async fn a_grant_that_nothing_given_opens_is_refused() {
    use FactorLevel::{P1, P2, P3, P4};
    let house = House::new();
    let expires = house.expires();
    let try_one = |draft: GrantDraft| {
        let made = house
            .escrow
            .prepare(Draft::new(MESSAGE, expires, vec![draft]))
            .now_or_never()
            .expect("no key provider is asked");
        made.err().map_or("made", |e| e.code())
    };
    let mail = |floor| grant(0, floor).email("pat@mail.example".parse().unwrap());
    let seed = |floor, length| grant(0, floor).totp(Secret::new(vec![1; length]));
    let keys = |floor, count| grant(0, floor).passkeys(vec![Passkey::new([1], [2], 0); count]);
    assert_eq!(try_one(mail(P1)), "made");
    assert_eq!(try_one(mail(P2)), "escrow.unsupported_factor");
    assert_eq!(try_one(mail(P2).phone(Phi::from("+1 555 0100"))), "made");
    assert_eq!(
        try_one(mail(P3).phone(Phi::from("+1 555 0100"))),
        "escrow.unsupported_factor"
    );
    assert_eq!(try_one(seed(P3, 16)), "made");
    assert_eq!(try_one(seed(P4, 16)), "escrow.unsupported_factor");
    assert_eq!(try_one(grant(0, P3).single_sign_on(Phi::from("s"))), "made");
    assert_eq!(try_one(keys(P3, 1)), "made");
    assert_eq!(try_one(keys(P4, 16)), "made");
    // What cannot be used is refused, not left out.
    assert_eq!(try_one(seed(P3, 15)), "escrow.contact");
    assert_eq!(try_one(seed(P3, 129)), "escrow.contact");
    assert_eq!(try_one(keys(P4, 17)), "escrow.contact");
    let long = Passkey::new(vec![1; 1024], [2], 0);
    assert_eq!(try_one(grant(0, P4).passkeys(vec![long])), "escrow.contact");
    assert_eq!(
        try_one(with_passcode(0).phone(Phi::from(""))),
        "escrow.contact"
    );
    let subject = Phi::new("s".repeat(513));
    assert_eq!(
        try_one(grant(0, P3).single_sign_on(subject)),
        "escrow.contact"
    );
}

#[tokio::test]
async fn what_the_page_alone_can_ask_for_does_not_open_here() {
    let house = House::new();
    let phone = grant(0, FactorLevel::P2).phone(Phi::from("+1 555 0100"));
    let seed = with_passcode(0).totp(Secret::new(vec![7; 20]));
    let mut strong = seed;
    strong.factor_floor = FactorLevel::P3;
    for draft in [phone, strong] {
        let given = house.put_one(draft).await;
        for tried in [Factor::None, wrong()] {
            let opened = house.escrow.open(&given.link, &tried, None).await;
            assert_eq!(code(opened), "escrow.factor_required");
        }
        assert_eq!(house.escrow.status(given.grant).await.unwrap().releases, 0);
    }
}

#[tokio::test]
async fn t20_an_edited_offer_or_contact_does_not_open() {
    let house = House::new();
    let other = house.put_one(rich(FactorLevel::P2)).await;
    let other = house.grant_json(other.grant).await;
    type Edit = fn(&mut Value, &Value);
    let edits: [(&str, Edit); 9] = [
        ("floor", |g, _| g["factor_floor"] = "p1".into()),
        ("floor and methods", |g, _| {
            g["factor_floor"] = "p1".into();
            g["methods"] = json!(["email_code", "passcode"]);
        }),
        ("method added", |g, _| {
            g["methods"]
                .as_array_mut()
                .unwrap()
                .insert(0, "email_code".into());
        }),
        ("method removed", |g, _| {
            g["methods"].as_array_mut().unwrap().pop();
        }),
        ("methods turned", |g, _| {
            g["methods"].as_array_mut().unwrap().reverse();
        }),
        ("another's contacts", |g, other| {
            g["contacts"] = other["contacts"].clone()
        }),
        ("no contacts", |g, _| g["contacts"] = Value::Null),
        ("contacts flipped", |g, _| {
            let sealed = g["contacts"].as_str().unwrap();
            let last = if sealed.ends_with('0') { "1" } else { "0" };
            g["contacts"] = format!("{}{last}", &sealed[..sealed.len() - 1]).into();
        }),
        ("a grant of version 1", |g, _| g["v"] = 1.into()),
    ];
    for (name, edit) in edits {
        let mut draft = rich(FactorLevel::P2);
        draft.passphrase = None;
        let given = house.put_one(draft).await;
        let before = house.leaves().await;
        house.edit_grant(given.grant, |g| edit(g, &other)).await;
        let opened = house.escrow.open(&given.link, &factor(&given), None).await;
        assert_eq!(code(opened), "escrow.damaged", "{name}");
        assert_eq!(house.leaves().await, before, "{name}: nothing was released");
    }
}

#[tokio::test]
async fn contacts_lie_encrypted_and_go_with_the_grant() {
    let house = House::new();
    let given = house.put_one(rich(FactorLevel::P2)).await;
    let needles: [&[u8]; 5] = [
        b"pat@mail",
        b"555 0100",
        b"0707070707",
        b"subject-canary",
        &[7; 16],
    ];
    for (table, row) in house.rows().await {
        for needle in needles {
            assert!(!contains(&row.value, needle), "{}", table.name());
        }
    }
    assert!(house.grant_json(given.grant).await["contacts"].is_string());
    house.escrow.revoke(given.grant).await.unwrap();
    assert!(house.grant_json(given.grant).await["contacts"].is_null());
}

#[tokio::test]
async fn views_are_counted_and_end() {
    let house = House::new();
    let given = house.put_one(with_passcode(0).max_views(2)).await;
    let left = async || house.escrow.status(given.grant).await.unwrap().views_left;
    let open = async || house.escrow.open(&given.link, &factor(&given), None).await;
    assert_eq!(left().await, Some(2));
    open().await.unwrap();
    open().await.unwrap();
    assert_eq!(left().await, Some(0));
    assert_eq!(code(open().await), "escrow.views_used_up");
    let leaves = house.leaves().await;
    let kinds: Vec<_> = leaves.iter().map(|l| &l[..8]).collect();
    assert_eq!(kinds, ["Released", "Released", "ViewLimi"]);
    // Without a limit there is none.
    let given = house.put_one(with_passcode(0)).await;
    assert_eq!(
        house.escrow.status(given.grant).await.unwrap().views_left,
        None
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_take_the_last_view_one_has_it() {
    for _ in 0..20 {
        let house = House::new();
        let given = house.put_one(with_passcode(0).max_views(1)).await;
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                // Each a node of its own over one store.
                let (escrow, given) = (house.escrow_over(house.store.clone()), given.clone());
                tokio::spawn(async move {
                    let opened = escrow.open(&given.link, &factor(&given), None).await;
                    opened.map_or_else(|e| e.code(), |_| "opened")
                })
            })
            .collect();
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await.unwrap());
        }
        ends.sort_unstable();
        assert_eq!(
            ends,
            [
                "escrow.views_used_up",
                "escrow.views_used_up",
                "escrow.views_used_up",
                "opened"
            ]
        );
        assert_eq!(
            house.leaves().await.len(),
            2,
            "one release, one end of views"
        );
    }
}

#[tokio::test]
async fn a_message_that_is_held_back_does_not_open() {
    let house = House::new();
    let given = house.put_one(with_passcode(0)).await;
    house
        .edit_grant(given.grant, |g| g["held"] = true.into())
        .await;
    let opened = house.escrow.open(&given.link, &factor(&given), None).await;
    assert_eq!(code(opened), "escrow.held");
    house
        .edit_grant(given.grant, |g| g["held"] = false.into())
        .await;
    let opened = house.escrow.open(&given.link, &factor(&given), None).await;
    assert!(opened.unwrap().first);
}

/// Rows that an earlier mailseal wrote (`PROVENANCE.md` beside them).
#[tokio::test]
async fn grants_and_items_of_version_1_open_as_before() {
    let text = include_str!("../vectors/escrow-v1/rows.json");
    let rows: Value = serde_json::from_str(text).unwrap();
    let hex = |v: &Value| {
        data_encoding::HEXLOWER
            .decode(v.as_str().unwrap().as_bytes())
            .unwrap()
    };
    let store = Arc::new(MemoryStore::new());
    for row in rows["rows"].as_array().unwrap() {
        let name = row["table"].as_str().unwrap();
        let table = *Table::ALL.iter().find(|t| t.name() == name).unwrap();
        let due: Option<Timestamp> = serde_json::from_value(row["due"].clone()).unwrap();
        let row = Row {
            key: hex(&row["key"]),
            value: hex(&row["value"]),
            due,
        };
        store
            .commit([Op::Insert { table, row }].into_iter().collect())
            .await
            .unwrap();
    }
    let clock = TestClock::default();
    let escrow = Escrow::new(
        store.clone(),
        &Keys::from_bytes([7; 32]),
        Arc::new(clock),
        BASE,
    )
    .unwrap();
    let link = |i: usize| Link::parse(rows["links"][i].as_str().unwrap()).unwrap();
    let passcode = Factor::Passcode(Secret::from(rows["passcode"].as_str().unwrap()));
    let passphrase = Secret::from("a tall ship and a star");
    let methods = async |id: GrantId| escrow.status(id).await.unwrap().methods;
    assert_eq!(methods(link(0).grant()).await, [Method::Passcode]);
    assert_eq!(methods(link(1).grant()).await, [Method::Passphrase]);
    for _ in 0..2 {
        // The first round writes the record anew.
        let first = escrow.open(&link(0), &passcode, None).await.unwrap();
        let second = escrow
            .open(&link(1), &Factor::None, Some(&passphrase))
            .await
            .unwrap();
        for opened in [first, second] {
            let expected = b"Subject: a made-up visit\r\n\r\nSee you on Monday.\r\n";
            assert_eq!(opened.message.expose(), expected);
        }
    }
    assert_eq!(
        code(escrow.open(&link(0), &wrong(), None).await),
        "escrow.factor_wrong"
    );
}
