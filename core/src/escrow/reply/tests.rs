//! Replies as the page sends them, and as an attacker does.

use std::sync::Arc;

use futures_util::future::join_all;

use super::container::{MAX_REPLY, write};
use super::*;
use crate::base::{Clock, FactorLevel};
use crate::escrow::{Draft, GrantDraft, Link, PasscodePlan};
use crate::storage::{MemoryStore, Store};
use crate::testing::clock::TestClock;

#[derive(Debug)]
struct Leaves;

impl crate::escrow::Recorder for Leaves {
    fn record(&self, event: &EscrowEvent) -> Vec<Op> {
        vec![Op::Append {
            leaf: format!("{:?}", event.kind).into_bytes(),
            tags: Vec::new(),
        }]
    }
}

struct House {
    store: Arc<MemoryStore>,
    clock: TestClock,
    escrow: Escrow,
    item: ItemId,
    grants: Vec<GrantId>,
    links: Vec<Link>,
}

impl House {
    async fn new() -> Self {
        Self::with_keys(&Keys::make_ephemeral()).await
    }

    async fn with_keys(keys: &Keys) -> Self {
        let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::default());
        let shared = Arc::new(clock.clone());
        let escrow = Escrow::new(store.clone(), keys, shared, "https://p.example")
            .unwrap()
            .recorder(Arc::new(Leaves));
        let grants = (0..2).map(|i| {
            GrantDraft::new(RecipientId::new(i), FactorLevel::P2).passcode(PasscodePlan::Make)
        });
        let expires = clock.now().plus(Duration::from_secs(14 * 86_400));
        let draft = Draft::new(b"Subject: x\r\n\r\ny", expires, grants.collect());
        let prepared = escrow.prepare(draft).await.unwrap();
        let grants = prepared.grants.iter().map(|g| g.grant).collect();
        let links = prepared.grants.iter().map(|g| g.link.clone()).collect();
        store
            .commit(prepared.ops.into_iter().collect())
            .await
            .unwrap();
        Self {
            store,
            clock,
            escrow,
            item: prepared.item,
            grants,
            links,
        }
    }

    async fn rows(&self, table: Table) -> usize {
        let rows = self.store.range(table, &[], None, 100_000).await;
        rows.unwrap().len()
    }

    async fn send(&self, grant: GrantId, page: &Page) -> Result<Begun, EscrowError> {
        let begun = self.begin(grant, page).await?;
        for (n, part) in (0..).zip(page.parts()) {
            self.escrow
                .put_reply_part(grant, begun.reply, n, part)
                .await?;
        }
        Ok(begun)
    }

    async fn begin(&self, grant: GrantId, page: &Page) -> Result<Begun, EscrowError> {
        let size = page.size as u64;
        self.escrow
            .begin_reply(grant, &page.enc, &page.wrapped, size)
            .await
    }
}

/// What the browser does.
struct Page {
    enc: Vec<u8>,
    wrapped: Vec<u8>,
    sealed: Vec<u8>,
    size: usize,
}

impl Page {
    fn new(key: &ReplyPublic, grant: GrantId, plain: &[u8]) -> Self {
        let info = [
            b"mailseal/1/portal/reply",
            &grant.as_bytes()[..],
            &key.id[..],
        ]
        .concat();
        let dek: Key = Secret::new(crypto::make_random());
        let to = HpkePublic::parse(&key.key).unwrap();
        let joined = to.seal(&info, dek.expose()).unwrap();
        let context = [b"mailseal/1/portal/reply\0", &grant.as_bytes()[..]].concat();
        Self {
            enc: joined[..POINT].to_vec(),
            wrapped: joined[POINT..].to_vec(),
            sealed: chunk::encrypt(&dek, &context, plain).unwrap(),
            size: plain.len(),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.sealed.chunks(PART)
    }
}

fn container(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let json = format!(
        r#"{{"v":1,"subject":"canary-subject","text":"canary-text","attachments":[{{"name":"../canary.pdf","type":"application/pdf","size":{}}}]}}"#,
        bytes.len()
    );
    write(&json, bytes)
}

fn code<T: std::fmt::Debug>(result: Result<T, EscrowError>) -> &'static str {
    let error = result.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
    error.code()
}

#[tokio::test]
async fn a_reply_comes_whole_to_the_host_and_leaves_nothing_behind() {
    let house = House::new().await;
    let grant = house.grants[1];
    let bytes = vec![7u8; 3 * PART + 5];
    let page = Page::new(&house.escrow.reply_key(), grant, &container(&bytes));
    let begun = house.send(grant, &page).await.unwrap();
    assert_eq!((begun.parts, begun.part_bytes), (4, PART));
    // A part that was sent again.
    let first = page.parts().next().unwrap();
    let again = house.escrow.put_reply_part(grant, begun.reply, 0, first);
    again.await.unwrap();
    for (_, row) in house.all_rows().await {
        assert!(!row.value.windows(6).any(|w| w == b"canary"));
    }

    let reply = house.escrow.commit_reply(grant, begun.reply, 4).await;
    let reply = reply.unwrap().unwrap();
    assert_eq!((reply.id, reply.grant), (begun.reply, grant));
    assert_eq!(
        (reply.item, reply.recipient),
        (house.item, RecipientId::new(1))
    );
    assert_eq!(reply.subject.expose(), "canary-subject");
    assert_eq!(reply.text.expose(), "canary-text");
    assert_eq!(reply.attachments[0].name.expose(), "_canary.pdf");
    assert_eq!(*reply.attachments[0].bytes.expose(), bytes);
    assert!(!format!("{reply:?} {begun:?}").contains("canary"));

    // The host has it not yet: nobody else is let in, and after a crash it
    // comes again.
    let early = house.escrow.commit_reply(grant, begun.reply, 4).await;
    assert_eq!(code(early), "escrow.busy");
    house.clock.advance(CLAIM);
    let second = house.escrow.commit_reply(grant, begun.reply, 4).await;
    assert_eq!(second.unwrap().unwrap().id, reply.id);
    house.escrow.finish_reply(grant, begun.reply).await.unwrap();
    house.escrow.finish_reply(grant, begun.reply).await.unwrap();
    assert_eq!(house.rows(Table::ReplyPart).await, 0);
    let leaves = house.store.leaves(0, 10).await.unwrap();
    assert_eq!(leaves, [b"Replied"]);
    let done = house.escrow.commit_reply(grant, begun.reply, 4).await;
    assert_eq!(done.unwrap(), None);
    let late = house
        .escrow
        .put_reply_part(grant, begun.reply, 0, first)
        .await;
    assert_eq!(code(late), "escrow.reply");
    house.clock.advance(REST);
    let swept = house.escrow.expire_due(house.clock.now()).await.unwrap();
    assert_eq!(swept.replies, 0, "it was finished");
    assert_eq!(house.rows(Table::Reply).await, 0);
}

/// What else runs on the thread is not kept waiting while 64 MiB are decrypted.
#[test]
fn a_reply_is_opened_away_from_the_reactor() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let house = House::new().await;
        let grant = house.grants[0];
        let page = Page::new(&house.escrow.reply_key(), grant, &container(b"x"));
        let begun = house.send(grant, &page).await.unwrap();
        // The only thread for such work has other work.
        let (done, busy) = std::sync::mpsc::channel::<()>();
        let other = tokio::task::spawn_blocking(move || busy.recv());
        let mut commit = std::pin::pin!(house.escrow.commit_reply(grant, begun.reply, 1));
        assert!(futures_util::poll!(&mut commit).is_pending());
        drop(done);
        assert!(commit.await.unwrap().is_some());
        assert!(other.await.unwrap().is_err());
    });
}

impl House {
    async fn all_rows(&self) -> Vec<(Table, Row)> {
        let mut all = Vec::new();
        for &table in Table::ALL {
            let rows = self.store.range(table, &[], None, 100_000).await.unwrap();
            all.extend(rows.into_iter().map(|row| (table, row)));
        }
        all
    }
}

#[tokio::test]
async fn a_reply_sealed_to_another_key_or_grant_is_not_taken() {
    let house = House::new().await;
    let (mine, other) = (house.grants[0], house.grants[1]);
    let own = house.escrow.reply_key();
    let plain = container(b"x");
    let attacker = ReplyKey::new(&Keys::make_ephemeral()).public;
    let foreign = Page::new(&attacker, mine, &plain);
    // The attacker's key under the name of ours.
    let renamed = ReplyPublic {
        id: own.id,
        ..attacker.clone()
    };
    let renamed = Page::new(&renamed, mine, &plain);
    let elsewhere = Page::new(&own, other, &plain);
    for page in [foreign, renamed, elsewhere] {
        assert_eq!(code(house.begin(mine, &page).await), "escrow.reply");
    }
    // The key opens, the content was made for another grant.
    let mut mixed = Page::new(&own, mine, &plain);
    mixed.sealed = Page::new(&own, other, &plain).sealed;
    let begun = house.send(mine, &mixed).await.unwrap();
    let opened = house.escrow.commit_reply(mine, begun.reply, 1).await;
    assert_eq!(code(opened), "escrow.reply");
    // Another grant's reply is not there.
    let through = house.escrow.commit_reply(other, begun.reply, 1).await;
    assert_eq!(code(through), "escrow.unknown_id");
    assert_eq!(house.rows(Table::Reply).await, 1);
}

/// Test 21: the key that the page reads lies inside the manifest, which is
/// authentic or does not open.
#[tokio::test]
async fn a_reply_key_changed_in_the_database_changes_nothing() {
    use crate::escrow::item::{ItemRecord, Manifest};
    use crate::escrow::keys;

    let house = House::new().await;
    let row = house.store.get(grant::TABLE, house.grants[0].as_bytes());
    let record = GrantRecord::from_row(&row.await.unwrap().unwrap()).unwrap();
    let share = house.escrow.unwrap_share(&record).await.unwrap();
    let kek = keys::derive_kek(record.id, &share, house.links[0].share(), None);
    let dek = keys::unwrap_dek(&kek, record.item, record.dek.as_ref().unwrap()).unwrap();
    let row = house.store.get(Table::Item, house.item.as_bytes());
    let mut item = ItemRecord::from_row(&row.await.unwrap().unwrap()).unwrap();
    let manifest = Manifest::open(&dek, &item).unwrap();
    assert_eq!(manifest.reply, Some(house.escrow.reply_key()));
    // The key is not even there to be found and changed.
    let key = house.escrow.reply_key().key;
    for (_, row) in house.all_rows().await {
        assert!(!row.value.windows(32).any(|w| w == &key[1..33]));
    }
    let kept = item.manifest.clone();
    for at in 0..kept.len() {
        item.manifest[at] ^= 1;
        assert!(Manifest::open(&dek, &item).is_err(), "{at}");
        item.manifest[at] ^= 1;
    }
    let own: Key = Secret::new(crypto::make_random());
    let mut theirs = manifest;
    theirs.reply = Some(ReplyKey::new(&Keys::make_ephemeral()).public);
    item.manifest = theirs.seal(&own, house.item).unwrap();
    assert!(Manifest::open(&dek, &item).is_err());
}

#[tokio::test]
async fn the_key_is_the_installations_and_stays() {
    let keys = Keys::from_bytes([3; 32]);
    let (a, b) = (ReplyKey::new(&keys).public, ReplyKey::new(&keys).public);
    assert_eq!(a, b);
    assert_ne!(a, ReplyKey::new(&Keys::make_ephemeral()).public);
    let json = serde_json::to_string(&a).unwrap();
    assert_eq!(serde_json::from_str::<ReplyPublic>(&json).unwrap(), a);
    let (id, key) = (HEXLOWER.encode(&a.id), &a.key);
    let key = data_encoding::BASE64URL_NOPAD.encode(key);
    assert_eq!(json, format!(r#"{{"id":"{id}","key":"{key}"}}"#));
    assert!(!format!("{:?}", ReplyKey::new(&keys)).contains(&format!("{:?}", [3u8; 32])));
}

#[tokio::test]
async fn parts_are_exactly_those_that_were_announced() {
    let house = House::new().await;
    let grant = house.grants[0];
    let page = Page::new(&house.escrow.reply_key(), grant, &container(&vec![1; PART]));
    let begun = house.begin(grant, &page).await.unwrap();
    let put = async |n: u32, bytes: &[u8]| {
        let put = house.escrow.put_reply_part(grant, begun.reply, n, bytes);
        put.await
    };
    let parts: Vec<&[u8]> = page.parts().collect();
    for (n, bytes) in [
        (0, &parts[0][1..]),
        (0, &[][..]),
        (1, parts[0]),
        (2, parts[1]),
        (100_000, parts[1]),
        (u32::MAX, parts[1]),
    ] {
        assert_eq!(code(put(n, bytes).await), "escrow.reply", "{n}");
    }
    assert_eq!(house.rows(Table::ReplyPart).await, 0);
    // Not yet whole: it can be completed afterwards.
    put(0, parts[0]).await.unwrap();
    for wrong in [1, 3, 100_000] {
        let opened = house.escrow.commit_reply(grant, begun.reply, wrong).await;
        assert_eq!(code(opened), "escrow.reply");
    }
    let opened = house.escrow.commit_reply(grant, begun.reply, 2).await;
    assert_eq!(code(opened), "escrow.reply");
    put(1, parts[1]).await.unwrap();
    let opened = house.escrow.commit_reply(grant, begun.reply, 2).await;
    assert!(opened.unwrap().is_some());
    house.escrow.drop_reply(grant, begun.reply).await.unwrap();
    house.escrow.drop_reply(grant, begun.reply).await.unwrap();
    // The slot is not free at once; nothing of the content is left.
    assert_eq!(house.rows(Table::Reply).await, 1);
    assert_eq!(house.rows(Table::ReplyPart).await, 0);
    let opened = house.escrow.commit_reply(grant, begun.reply, 2).await;
    assert_eq!(code(opened), "escrow.reply");
}

#[tokio::test]
async fn changed_ciphertext_and_other_bytes_are_refused() {
    let house = House::new().await;
    let grant = house.grants[0];
    let key = house.escrow.reply_key();
    let good = container(&vec![1; 40_000]);
    type Edit = fn(&mut Page);
    let edits: [Edit; 5] = [
        |p| p.sealed[60] ^= 1,
        |p| *p.sealed.last_mut().unwrap() ^= 1,
        |p| p.sealed[30] ^= 1,
        |p| p.sealed.fill(0),
        // So many bytes that they are not the same by chance.
        |p| {
            let (before, behind) = p.sealed.split_at_mut(17_000);
            before[100..116].swap_with_slice(&mut behind[..16]);
        },
    ];
    for edit in edits {
        let mut page = Page::new(&key, grant, &good);
        edit(&mut page);
        let begun = house.send(grant, &page).await.unwrap();
        let opened = house.escrow.commit_reply(grant, begun.reply, 1).await;
        assert_eq!(code(opened), "escrow.reply");
        house.escrow.drop_reply(grant, begun.reply).await.unwrap();
    }
    // Authentic bytes that are no container: an archive, nothing at all.
    for plain in [&b"PK\x03\x04 canary"[..], b""] {
        let page = Page::new(&key, grant, plain);
        let begun = house.send(grant, &page).await.unwrap();
        let opened = house.escrow.commit_reply(grant, begun.reply, 1).await;
        assert_eq!(code(opened), "escrow.reply");
    }
    // Keys of other lengths, an `enc` that is no point, a size beyond bounds.
    let page = Page::new(&key, grant, &good);
    let mut off = page.enc.clone();
    off[64] ^= 1;
    for (enc, wrapped, size) in [
        (&page.enc[..64], &page.wrapped[..], 1),
        (&page.enc[..], &page.wrapped[..47], 1),
        (&off[..], &page.wrapped[..], 1),
        (&[][..], &[][..], 1),
        (&page.enc[..], &page.wrapped[..], MAX_REPLY as u64 + 1),
        (&page.enc[..], &page.wrapped[..], u64::MAX),
    ] {
        let begun = house.escrow.begin_reply(grant, enc, wrapped, size).await;
        assert_eq!(code(begun), "escrow.reply");
    }
}

#[tokio::test]
async fn many_and_slow_replies_do_not_fill_the_disk() {
    let house = House::new().await;
    let (grant, other) = (house.grants[0], house.grants[1]);
    let page = Page::new(&house.escrow.reply_key(), grant, &container(b"x"));
    // At the same time: none slips past the limit.
    let begun = join_all((0..50).map(|_| house.begin(grant, &page))).await;
    let taken: Vec<_> = begun.iter().flatten().collect();
    assert_eq!(taken.len(), usize::from(SLOTS));
    assert_eq!(code(house.begin(grant, &page).await), "escrow.reply_quota");
    let others = Page::new(&house.escrow.reply_key(), other, &container(b"x"));
    house.begin(other, &others).await.unwrap();
    // A slow one loses what it sent.
    let slow = taken[0].reply;
    let part = page.parts().next().unwrap();
    let put = house.escrow.put_reply_part(grant, slow, 0, part).await;
    put.unwrap();
    house.clock.advance(UPLOAD);
    let late = house.escrow.put_reply_part(grant, slow, 0, part).await;
    assert_eq!(code(late), "escrow.unknown_id");
    let swept = house.escrow.expire_due(house.clock.now()).await.unwrap();
    assert_eq!(swept.replies, usize::from(SLOTS) + 1);
    assert_eq!(house.rows(Table::Reply).await, 0);
    assert_eq!(house.rows(Table::ReplyPart).await, 0);
    house.begin(grant, &page).await.unwrap();
}

#[tokio::test]
async fn a_grant_that_ended_takes_no_reply_and_shredding_takes_what_came() {
    let house = House::new().await;
    let (grant, other) = (house.grants[0], house.grants[1]);
    let key = house.escrow.reply_key();
    let page = Page::new(&key, grant, &container(b"x"));
    let begun = house.send(grant, &page).await.unwrap();
    let others = Page::new(&key, other, &container(b"x"));
    house.send(other, &others).await.unwrap();
    house.escrow.revoke(grant).await.unwrap();
    assert_eq!(code(house.begin(grant, &page).await), "escrow.revoked");
    let part = page.parts().next().unwrap();
    let put = house
        .escrow
        .put_reply_part(grant, begun.reply, 0, part)
        .await;
    assert_eq!(code(put), "escrow.revoked");
    let opened = house.escrow.commit_reply(grant, begun.reply, 1).await;
    assert_eq!(code(opened), "escrow.revoked");
    house.escrow.hold(house.item).await.unwrap();
    assert_eq!(code(house.begin(other, &others).await), "escrow.held");
    house.escrow.release_hold(house.item).await.unwrap();
    assert_eq!(house.rows(Table::ReplyPart).await, 2);
    house.escrow.shred(house.item).await.unwrap();
    assert_eq!(house.rows(Table::Reply).await, 0);
    assert_eq!(house.rows(Table::ReplyPart).await, 0);
    let unknown = GrantId::make_random();
    assert_eq!(code(house.begin(unknown, &page).await), "escrow.not_found");
}
