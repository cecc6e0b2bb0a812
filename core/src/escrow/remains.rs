//! Test 27: what is left in the database's files after shredding.
#![cfg(all(feature = "portal", feature = "sqlite"))]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt as _;

use super::{
    ArchiveSecret, Draft, Escrow, GrantDraft, LocalWrappingKeys, PasscodePlan, PreparedGrant,
    chunk, keys,
};
use crate::base::crypto::hpke::{HpkePublic, POINT};
use crate::base::crypto::{self, Key};
use crate::base::{Clock, FactorLevel, Keys, Language, Phi, RecipientId, Secret};
use crate::portal::{CodeChannelError, CodeKind, CodeSender, Portal};
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

/// A channel that takes every code.
#[derive(Debug)]
struct Channel;

#[async_trait::async_trait]
impl CodeSender for Channel {
    async fn send(
        &self,
        _: CodeKind,
        _: &Phi<String>,
        _: &Secret<String>,
        _: Language,
    ) -> Result<(), CodeChannelError> {
        Ok(())
    }
}

fn portal(escrow: &Escrow) -> Portal {
    Portal::builder(escrow.clone())
        .organisation("Harbor Clinic")
        .contact("+1 555 0100")
        .code_sender(Channel)
        .build()
        .unwrap()
}

/// Knocks at a grant, then lets a code be sent to the telephone.
async fn visit(escrow: &Escrow, given: &PreparedGrant) {
    let router = portal(escrow).router();
    let post = |path: &str, cookie: &str, body: String| {
        Request::post(format!("/p/{}/{path}", given.grant))
            .header(header::ORIGIN, "https://p.example")
            .header("x-mailseal", "1")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, cookie)
            .body(Body::from(body))
            .unwrap()
    };
    let encode = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
    let info = b"mailseal/1/escrow/auth";
    let a = crypto::derive_key(given.link.share(), given.grant.as_bytes(), info);
    let mac = keys::challenge_mac(a.expose(), given.grant, &[9; 16]);
    let body = serde_json::json!({"nonce": encode(&[9; 16]), "mac": encode(&mac)});
    let knock = post("challenge", "", body.to_string());
    let answer = router.clone().oneshot(knock).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let start = post("factor/sms/start", cookie, "{}".to_owned());
    let answer = router.oneshot(start).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
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
    let grant =
        GrantDraft::new(RecipientId::new(0), FactorLevel::P2).phone(Phi::from("+1 555 0101"));
    let draft = Draft::new(b"Subject: other\r\n\r\n", expires, vec![grant]);
    let mut others = escrow.prepare(draft).await.unwrap();
    let other = others.grants.remove(0);

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
    // Somebody came by at the page, and at another grant's.
    visit(&escrow, given).await;
    let batch = others.ops.drain(..).collect();
    store.commit(batch).await.unwrap();
    visit(&escrow, &other).await;
    for (table, name, count) in [
        (Table::Session, "page's session", 1),
        // The code, the budget of codes and that of sessions.
        (Table::Code, "page's code", 3),
    ] {
        let mine = rows(&store, table).await;
        let mine: Vec<_> = mine.iter().filter(|r| is_of(r, given)).collect();
        assert_eq!(mine.len(), count, "{name}");
        needles.extend(mine.iter().map(|row| (name, row.value.clone())));
    }
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
        let left = rows(&store, table).await;
        let others = matches!(table, Table::Item | Table::Part | Table::Grant);
        assert_eq!(left.len(), usize::from(others), "{}", table.name());
    }
    // The other grant's visitors go on.
    for (table, count) in [(Table::Session, 1), (Table::Code, 4)] {
        let left = rows(&store, table).await;
        assert_eq!(left.len(), count, "{}", table.name());
        assert!(!left.iter().any(|row| is_of(row, given)));
    }

    // And end with their time, though nobody comes any more.
    clock.advance(Duration::from_secs(15 * 60 - 1));
    assert_eq!(escrow.expire_due(clock.now()).await.unwrap().visits, 1);
    assert_eq!(rows(&store, Table::Session).await.len(), 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(escrow.expire_due(clock.now()).await.unwrap().visits, 1);
    assert!(rows(&store, Table::Session).await.is_empty());
    // What bounds the sending of codes is kept for its hour, what bounds
    // sessions for half of one.
    assert_eq!(rows(&store, Table::Code).await.len(), 3);
    clock.advance(Duration::from_secs(45 * 60));
    assert_eq!(escrow.expire_due(clock.now()).await.unwrap().visits, 3);
    assert!(rows(&store, Table::Code).await.is_empty());
}

/// Whether a row of the page's belongs to a grant.
fn is_of(row: &Row, given: &PreparedGrant) -> bool {
    row.key.starts_with(given.grant.as_bytes())
}
