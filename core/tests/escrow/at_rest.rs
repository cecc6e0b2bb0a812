//! What lies in the store: edited, moved, searched, expired, shredded.

use std::time::Duration;

use mailseal::base::{Clock, FactorLevel, GrantId, Timestamp};
use mailseal::escrow::{EscrowError, Factor, GrantState, Link};
use mailseal::storage::{Row, Store, Table};
use serde_json::Value;

use crate::house::*;

#[tokio::test]
async fn a_grant_edited_in_the_database_does_not_open() {
    let house = House::new();
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 5] = [
        ("floor lowered", |g| g["factor_floor"] = "p0".into()),
        ("passcode taken away", |g| g["passcode"] = Value::Null),
        ("floor and passcode", |g| {
            g["factor_floor"] = "p0".into();
            g["passcode"] = Value::Null;
        }),
        ("other item", |g| {
            g["item"] = GrantId::make_random().to_string().into()
        }),
        ("share cut", |g| g["share"] = "00".into()),
    ];
    for (name, edit) in edits {
        let given = house.put_one(with_passcode(0)).await;
        house.edit_grant(given.grant, edit).await;
        for tried in [Factor::None, factor(&given)] {
            let result = house.escrow.open(&given.link, &tried, None).await;
            let code = code(result);
            assert!(
                ["escrow.damaged", "escrow.factor_required"].contains(&code),
                "{name}: {code}"
            );
        }
    }
    assert_eq!(
        house.leaves().await,
        [""; 0],
        "nothing was released, nothing recorded"
    );

    // The share, or all but the id, of another grant.
    let (a, b) = (
        house.put_one(with_passcode(0)).await,
        house.put_one(with_passcode(0)).await,
    );
    let from = house.grant_json(a.grant).await;
    house
        .edit_grant(b.grant, |g| g["share"] = from["share"].clone())
        .await;
    assert_eq!(
        code(house.escrow.open(&b.link, &factor(&b), None).await),
        "escrow.damaged"
    );
    house
        .edit_grant(b.grant, |g| {
            let id = g["id"].clone();
            *g = from.clone();
            g["id"] = id;
        })
        .await;
    for link in [&a.link, &b.link] {
        let mixed = Link::parse(
            &link
                .url()
                .expose()
                .replace(&a.grant.to_string(), &b.grant.to_string()),
        );
        let result = house.escrow.open(&mixed.unwrap(), &factor(&a), None).await;
        assert_eq!(code(result), "escrow.not_found");
    }
}

#[tokio::test]
async fn changed_parts_give_one_uniform_error_and_no_content() {
    let message = vec![7u8; 2_500_000];
    type Edit = fn(&mut Vec<Row>, &[Row]);
    let edits: [(&str, Edit); 8] = [
        ("flipped", |p, _| p[1].value[5000] ^= 1),
        ("truncated", |p, _| {
            p[2].value.pop();
        }),
        ("last chunk cut", |p, _| p[2].value.truncate(16_400)),
        ("emptied", |p, _| p[2].value.clear()),
        ("extended", |p, _| p[2].value.push(0)),
        ("swapped", |p, _| {
            let (a, b) = p.split_at_mut(1);
            std::mem::swap(&mut a[0].value, &mut b[0].value);
        }),
        ("replayed", |p, _| p[1].value = p[0].value.clone()),
        ("another item's", |p, other| {
            for (mine, theirs) in p.iter_mut().zip(other) {
                mine.value = theirs.value.clone();
            }
        }),
    ];
    for (name, edit) in edits {
        let house = House::new();
        let other = house.put(&message, vec![with_passcode(0)]).await;
        let prepared = house.put(&message, vec![with_passcode(0)]).await;
        let parts = |item: mailseal::base::ItemId| {
            let store = house.store.clone();
            async move {
                store
                    .range(Table::Part, item.as_bytes(), None, 10)
                    .await
                    .unwrap()
            }
        };
        let mut mine = parts(prepared.item).await;
        assert_eq!(mine.len(), 3);
        edit(&mut mine, &parts(other.item).await);
        for row in mine {
            house.write(Table::Part, row).await;
        }
        let given = &prepared.grants[0];
        let error = house
            .escrow
            .open(&given.link, &factor(given), None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, EscrowError::Damaged { record: "part" }),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_empty_last_chunk_is_missed_when_it_is_cut() {
    let house = House::new();
    let prepared = house
        .put(&vec![7; 3 * 16 * 1024], vec![with_passcode(0)])
        .await;
    let given = &prepared.grants[0];
    let item = prepared.item;
    let parts = house
        .store
        .range(Table::Part, item.as_bytes(), None, 2)
        .await;
    let mut row = parts.unwrap().remove(0);
    // Salt, commitment and three whole chunks stay: every byte of the content.
    row.value.truncate(56 + 3 * (16 * 1024 + 16));
    house.write(Table::Part, row).await;
    let opened = house.escrow.open(&given.link, &factor(given), None).await;
    assert_eq!(code(opened), "escrow.damaged");
}

#[tokio::test]
async fn the_store_holds_no_content_no_link_and_no_code() {
    let house = House::new();
    let given = house.put_one(with_passcode(0)).await;
    let _ = house.escrow.open(&given.link, &wrong(), None).await;
    let opened = house
        .escrow
        .open(&given.link, &factor(&given), None)
        .await
        .unwrap();
    let code = given.link.code().expose().clone();
    let passcode = given.passcode.clone().unwrap().expose().clone();
    let plain = code.replace('-', "");
    let needles: Vec<String> = [
        "canary",
        "harbor.example",
        "mail.example",
        "F32.1",
        "Subject",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        code.clone(),
        plain.clone(),
        passcode.clone(),
        passcode.replace('-', ""),
    ])
    .collect();
    let link_debug = format!("{:?} {:?} {given:?} {opened:?}", given.link, house.escrow);
    let events = format!("{:?}", house.events.0.lock().unwrap());
    let texts = [link_debug, events, house.leaves().await.join("\n")];
    for needle in &needles {
        for (table, row) in house.rows().await {
            let found =
                contains(&row.value, needle.as_bytes()) || contains(&row.key, needle.as_bytes());
            assert!(!found, "{needle} in {}", table.name());
        }
        assert!(
            texts.iter().all(|t| !t.contains(needle.as_str())),
            "{needle} in a text"
        );
    }
}

#[tokio::test]
async fn after_shredding_no_key_byte_is_left() {
    let house = House::new();
    let kept = house.put_one(with_passcode(9)).await;
    let prepared = house
        .put(
            &vec![1u8; 3_000_000],
            vec![with_passcode(0), with_passcode(1)],
        )
        .await;
    let mut needles = vec![
        prepared.item.to_string().into_bytes(),
        prepared.item.as_bytes().to_vec(),
    ];
    for given in &prepared.grants {
        let json = house.grant_json(given.grant).await;
        for field in ["auth", "share", "dek", "passcode"] {
            needles.push(json[field].as_str().unwrap().as_bytes().to_vec());
        }
        needles.push(given.grant.as_bytes().to_vec());
    }
    let found = |rows: &[(Table, Row)], needle: &[u8]| {
        rows.iter()
            .any(|(_, row)| contains(&row.value, needle) || contains(&row.key, needle))
    };
    let before = house.rows().await;
    assert!(needles.iter().all(|n| found(&before, n)));
    house.escrow.shred(prepared.item).await.unwrap();
    let after = house.rows().await;
    assert!(!needles.iter().any(|n| found(&after, n)));
    for given in &prepared.grants {
        assert_eq!(
            code(house.escrow.open(&given.link, &factor(given), None).await),
            "escrow.not_found"
        );
        assert_eq!(
            code(house.escrow.status(given.grant).await),
            "escrow.unknown_id"
        );
    }
    assert_eq!(
        code(house.escrow.shred(prepared.item).await),
        "escrow.unknown_id"
    );
    assert_eq!(
        house
            .leaves()
            .await
            .iter()
            .filter(|l| l.starts_with("Shredded"))
            .count(),
        2
    );
    house
        .escrow
        .open(&kept.link, &factor(&kept), None)
        .await
        .unwrap();
}

#[tokio::test]
async fn expiry_deletes_share_and_content() {
    let house = House::new();
    let prepared = house
        .put(
            MESSAGE,
            (0..250).map(|i| grant(i, FactorLevel::P0)).collect(),
        )
        .await;
    let given = &prepared.grants[0];
    assert_eq!(
        house
            .escrow
            .expire_due(house.clock.now())
            .await
            .unwrap()
            .grants,
        0
    );
    house.clock.advance(14 * DAY - Duration::from_millis(1));
    house
        .escrow
        .open(&given.link, &Factor::None, None)
        .await
        .unwrap();
    house.clock.advance(Duration::from_millis(1));
    // Before the sweep already.
    assert_eq!(
        code(house.escrow.open(&given.link, &Factor::None, None).await),
        "escrow.expired"
    );
    assert_eq!(
        house.escrow.status(given.grant).await.unwrap().state,
        GrantState::Expired
    );
    // An unreadable row does not hold the sweep up.
    let damaged = Row {
        key: vec![1; 16],
        value: b"{".to_vec(),
        due: Some(Timestamp::from_unix_ms(0)),
    };
    house.write(Table::Grant, damaged).await;
    let swept = house.escrow.expire_due(house.clock.now()).await.unwrap();
    assert_eq!((swept.grants, swept.items), (250, 1));
    let json = house.grant_json(given.grant).await;
    assert!(json["share"].is_null() && json["dek"].is_null());
    assert!(
        house
            .rows()
            .await
            .iter()
            .all(|(table, _)| *table != Table::Part)
    );
    assert!(!house.escrow.item(prepared.item).await.unwrap().has_content);
    assert_eq!(
        code(house.escrow.open(&given.link, &Factor::None, None).await),
        "escrow.expired"
    );
    let again = house.escrow.expire_due(house.clock.now()).await.unwrap();
    assert_eq!((again.grants, again.items), (0, 0));
    assert_eq!(
        house
            .leaves()
            .await
            .iter()
            .filter(|l| l.starts_with("Expired"))
            .count(),
        250
    );
}

/// The files themselves: database, write-ahead log, shared memory.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn t27_after_shredding_the_database_files_hold_no_key_byte() {
    use std::sync::Arc;

    use mailseal::escrow::{Draft, Escrow};
    use mailseal::storage::SqliteStore;

    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path().join("m.db")).unwrap());
    let house = House::new();
    let clock = Arc::new(house.clock.clone());
    let escrow = Escrow::new(store.clone(), &house.keys, clock, BASE).unwrap();
    let message = vec![b'x'; 200_000];
    let draft = Draft::new(&message, house.expires(), vec![with_passcode(0)]);
    let prepared = escrow.prepare(draft).await.unwrap();
    store
        .commit(prepared.ops.iter().cloned().collect())
        .await
        .unwrap();
    let given = &prepared.grants[0];
    let opened = escrow
        .open(&given.link, &factor(given), None)
        .await
        .unwrap();
    assert!(*opened.message.expose() == message);

    let row = store
        .get(Table::Grant, given.grant.as_bytes())
        .await
        .unwrap()
        .unwrap();
    let json: Value = serde_json::from_slice(&row.value).unwrap();
    let mut needles = vec![prepared.item.as_bytes().to_vec()];
    for field in ["auth", "share", "dek", "passcode"] {
        needles.push(json[field].as_str().unwrap().as_bytes().to_vec());
    }
    let part = store
        .range(Table::Part, prepared.item.as_bytes(), None, 1)
        .await
        .unwrap();
    needles.push(part[0].value[20_000..20_032].to_vec());

    let found = |needle: &[u8]| {
        std::fs::read_dir(dir.path())
            .unwrap()
            .any(|entry| contains(&std::fs::read(entry.unwrap().path()).unwrap(), needle))
    };
    for (i, needle) in needles.iter().enumerate() {
        assert!(found(needle), "needle {i} before");
    }
    escrow.shred(prepared.item).await.unwrap();
    store.purge().await.unwrap();
    for (i, needle) in needles.iter().enumerate() {
        assert!(!found(needle), "needle {i}");
    }
}
