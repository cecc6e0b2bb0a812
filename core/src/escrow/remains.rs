//! Test 27: what is left in the database's files after shredding.
#![cfg(all(feature = "portal", feature = "sqlite"))]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{ArchiveSecret, Draft, Escrow, GrantDraft, LocalWrappingKeys, PasscodePlan, chunk};
use crate::base::crypto::hpke::{HpkePublic, POINT};
use crate::base::crypto::{self, Key};
use crate::base::{Clock, FactorLevel, Keys, Phi, RecipientId, Secret};
use crate::storage::{Row, SqliteStore, Store, Table};
use crate::testing::clock::TestClock;

/// The database, its write-ahead log and its shared memory.
fn is_in_files(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

async fn rows(store: &SqliteStore, table: Table) -> Vec<Row> {
    store.range(table, &[], None, 100).await.unwrap()
}

#[tokio::test]
async fn after_shredding_neither_keys_nor_archive_nor_replies_nor_sessions_are_left() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Arc::new(SqliteStore::open(folder.path().join("m.db")).unwrap());
    let clock = Arc::new(TestClock::default());
    let wrapping = LocalWrappingKeys::file(elsewhere.path().join("w")).unwrap();
    let keys = Keys::make_ephemeral();
    let escrow = Escrow::new(store.clone(), &keys, clock.clone(), "https://p.example")
        .unwrap()
        .key_provider(Arc::new(wrapping.clone()))
        .archive_key(ArchiveSecret::make_random().key());
    let grant = GrantDraft::new(RecipientId::new(0), FactorLevel::P2)
        .passcode(PasscodePlan::Make)
        .phone(Phi::from("+1 555 0100"));
    let expires = clock.now().plus(Duration::from_secs(3_600));
    let message = vec![b'x'; 100_000];
    let mut prepared = escrow
        .prepare(Draft::new(&message, expires, vec![grant]))
        .await
        .unwrap();
    let batch = prepared.ops.drain(..).collect();
    store.commit(batch).await.unwrap();
    let given = &prepared.grants[0];

    // It lives: released to a session, answered, wrapped anew, held for a while.
    let session = [0x5e; 16];
    let released = escrow.release_to(given.grant, &session, FactorLevel::P2);
    released.await.unwrap();
    let old = rows(&store, Table::Grant).await.remove(0);
    wrapping.rotate().unwrap();
    assert_eq!(escrow.rewrap(10).await.unwrap().rewrapped, 1);
    escrow.hold(prepared.item).await.unwrap();
    escrow.release_hold(prepared.item).await.unwrap();
    let key = escrow.reply_key();
    let info = [
        b"mailseal/1/portal/reply",
        &given.grant.as_bytes()[..],
        &key.id,
    ]
    .concat();
    let dek: Key = Secret::new(crypto::make_random());
    let to = HpkePublic::parse(&key.key).unwrap();
    let joined = to.seal(&info, dek.expose()).unwrap();
    let (enc, wrapped) = joined.split_at(POINT);
    let context = [b"mailseal/1/portal/reply\0", &given.grant.as_bytes()[..]].concat();
    let sealed = chunk::encrypt(&dek, &context, &[7; 50_000]).unwrap();
    let begun = escrow.begin_reply(given.grant, enc, wrapped, 50_000).await;
    let begun = begun.unwrap();
    let put = escrow.put_reply_part(given.grant, begun.reply, 0, &sealed);
    put.await.unwrap();

    let json = |row: &Row| -> serde_json::Value { serde_json::from_slice(&row.value).unwrap() };
    let text = |value: &serde_json::Value| value.as_str().unwrap().as_bytes().to_vec();
    let now = json(&rows(&store, Table::Grant).await[0]);
    let mut needles = Vec::new();
    for field in ["auth", "share", "dek", "passcode", "contacts"] {
        needles.push((field, text(&now[field])));
    }
    needles.push(("session", text(&now["sessions"][0]["session"])));
    let item = json(&rows(&store, Table::Item).await[0]);
    needles.push(("archive", text(&item["archive"]["sealed"])));
    needles.push(("manifest", text(&item["manifest"])));
    let reply = json(&rows(&store, Table::Reply).await[0]);
    needles.push(("reply enc", text(&reply["enc"])));
    needles.push(("reply key", text(&reply["wrapped"])));
    needles.push(("reply part", sealed[30_000..30_032].to_vec()));
    let part = &rows(&store, Table::Part).await[0];
    needles.push(("part", part.value[20_000..20_032].to_vec()));
    needles.push(("item", prepared.item.as_bytes().to_vec()));
    needles.push(("grant", given.grant.as_bytes().to_vec()));
    for (name, needle) in &needles {
        assert!(is_in_files(folder.path(), needle), "{name} before");
    }
    // The wrap of the version before is another needle.
    needles.push(("old share", text(&json(&old)["share"])));

    escrow.shred(prepared.item).await.unwrap();
    store.purge().await.unwrap();
    for (name, needle) in &needles {
        assert!(!is_in_files(folder.path(), needle), "{name} after");
    }
    for table in [
        Table::Item,
        Table::Part,
        Table::Grant,
        Table::Reply,
        Table::ReplyPart,
    ] {
        assert!(rows(&store, table).await.is_empty(), "{}", table.name());
    }
}
