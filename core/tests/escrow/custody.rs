//! What the host does with what is escrowed: lists, extends, holds, archives,
//! shreds.

use mailseal::base::{Clock, FactorLevel, GrantId, ItemId, Timestamp};
use mailseal::escrow::{
    ArchiveSecret, Draft, Escrow, EscrowEventKind, Factor, GrantState, Prepared,
};
use mailseal::storage::{Store, Table};

use crate::house::*;

impl House {
    async fn put_archived(&self, secret: &ArchiveSecret, message: &[u8]) -> (Escrow, Prepared) {
        let escrow = self.escrow_over(self.store.clone());
        let escrow = escrow.archive_key(secret.key());
        let draft = Draft::new(message, self.expires(), vec![with_passcode(0)]);
        let mut prepared = escrow.prepare(draft).await.unwrap();
        let batch = prepared.ops.drain(..).collect();
        self.store.commit(batch).await.unwrap();
        (escrow, prepared)
    }

    fn kinds(&self) -> Vec<EscrowEventKind> {
        self.events
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|e| e.kind)
            .collect()
    }

    async fn sweep(&self) -> (usize, usize) {
        let swept = self.escrow.expire_due(self.clock.now()).await.unwrap();
        (swept.grants, swept.items)
    }

    async fn has_keys(&self, grant: GrantId) -> bool {
        let json = self.grant_json(grant).await;
        assert_eq!(json["share"].is_null(), json["dek"].is_null());
        !json["share"].is_null()
    }
}

#[tokio::test]
async fn items_and_grants_are_listed() {
    let house = House::new();
    let mut all: Vec<ItemId> = Vec::new();
    for _ in 0..5 {
        all.push(house.put(MESSAGE, vec![with_passcode(0)]).await.item);
    }
    all.sort();
    let mut seen = Vec::new();
    loop {
        let page = house.escrow.items(seen.last().copied(), 2).await.unwrap();
        assert!(page.len() <= 2);
        seen.extend(page.iter().map(|item| item.item));
        if page.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all);
    let prepared = house
        .put(MESSAGE, (0..3).map(with_passcode).collect())
        .await;
    let grants = house.escrow.grants_of(prepared.item).await.unwrap();
    let ids: Vec<GrantId> = grants.iter().map(|g| g.grant).collect();
    let made: Vec<GrantId> = prepared.grants.iter().map(|g| g.grant).collect();
    assert_eq!(ids, made);
    assert!(
        grants
            .iter()
            .all(|g| g.state == GrantState::Live && !g.held)
    );
    let unknown = house.escrow.grants_of(ItemId::make_random()).await;
    assert_eq!(code(unknown), "escrow.unknown_id");
}

#[tokio::test]
async fn an_end_is_put_off_and_what_ended_stays_so() {
    let house = House::new();
    let prepared = house
        .put(MESSAGE, (0..2).map(with_passcode).collect())
        .await;
    let (a, b) = (&prepared.grants[0], &prepared.grants[1]);
    let end = house.expires();
    let later = end.plus(DAY);
    let escrow = &house.escrow;
    assert_eq!(escrow.extend(a.grant, later).await.unwrap(), later);
    // An earlier end changes nothing, and is not recorded.
    assert_eq!(escrow.extend(a.grant, end).await.unwrap(), later);
    assert_eq!(house.kinds(), [EscrowEventKind::Extended]);
    assert_eq!(escrow.item(prepared.item).await.unwrap().expires, later);
    house.clock.advance(14 * DAY);
    assert_eq!(house.sweep().await, (1, 0), "the content is still needed");
    escrow.open(&a.link, &factor(a), None).await.unwrap();
    assert_eq!(code(escrow.extend(b.grant, later).await), "escrow.expired");
    house.clock.advance(DAY);
    // Over, if not swept yet.
    let again = escrow.extend(a.grant, later.plus(DAY)).await;
    assert_eq!(code(again), "escrow.expired");
    assert_eq!(house.sweep().await, (1, 1));
    let taken = house.put_one(with_passcode(0)).await;
    escrow.revoke(taken.grant).await.unwrap();
    let revoked = escrow.extend(taken.grant, later.plus(90 * DAY)).await;
    assert_eq!(code(revoked), "escrow.revoked");
    let unknown = escrow.extend(GrantId::make_random(), later).await;
    assert_eq!(code(unknown), "escrow.unknown_id");
}

/// Test 28: what is on hold outlives shredding, expiry and revocation, and is
/// not picked up meanwhile.
#[tokio::test]
async fn t28_a_hold_keeps_content_and_keys_and_ends_pickups() {
    let house = House::new();
    let prepared = house
        .put(MESSAGE, (0..3).map(with_passcode).collect())
        .await;
    let (item, escrow) = (prepared.item, &house.escrow);
    let [live, expired, revoked] = &prepared.grants[..] else {
        panic!("three grants")
    };
    escrow.hold(item).await.unwrap();
    escrow.hold(item).await.unwrap();
    assert_eq!(house.kinds(), [EscrowEventKind::Held; 3]);
    assert!(escrow.item(item).await.unwrap().held);
    let opened = escrow.open(&live.link, &factor(live), None).await;
    assert_eq!(code(opened), "escrow.held");
    assert_eq!(code(escrow.shred(item).await), "escrow.on_hold");
    escrow.revoke(revoked.grant).await.unwrap();
    let end = house.expires();
    escrow.extend(live.grant, end.plus(DAY)).await.unwrap();
    house.clock.advance(14 * DAY);
    assert_eq!(house.sweep().await, (1, 0));
    house.clock.advance(DAY);
    assert_eq!(house.sweep().await, (1, 0));
    house.clock.advance(365 * DAY);
    assert_eq!(house.sweep().await, (0, 0));
    let status = escrow.item(item).await.unwrap();
    assert!(status.has_content && status.held);
    for grant in &prepared.grants {
        assert!(house.has_keys(grant.grant).await);
        assert!(escrow.status(grant.grant).await.unwrap().held);
    }
    let states = |grants: &[mailseal::escrow::GrantStatus]| -> Vec<GrantState> {
        grants.iter().map(|g| g.state).collect()
    };
    let ended = [
        GrantState::Expired,
        GrantState::Expired,
        GrantState::Revoked,
    ];
    assert_eq!(states(&escrow.grants_of(item).await.unwrap()), ended);
    assert_eq!(code(escrow.shred(item).await), "escrow.on_hold");
    let opened = escrow.open(&expired.link, &factor(expired), None).await;
    assert_eq!(code(opened), "escrow.expired");

    // With the hold the keys go, and the content with the next sweep.
    escrow.release_hold(item).await.unwrap();
    for grant in &prepared.grants {
        assert!(!house.has_keys(grant.grant).await);
    }
    assert_eq!(house.sweep().await, (0, 1));
    assert!(!escrow.item(item).await.unwrap().has_content);
    escrow.shred(item).await.unwrap();
    assert_eq!(code(escrow.hold(item).await), "escrow.unknown_id");
    assert_eq!(code(escrow.release_hold(item).await), "escrow.unknown_id");
}

#[tokio::test]
async fn a_hold_that_is_lifted_in_time_leaves_a_grant_as_it_was() {
    let house = House::new();
    let prepared = house
        .put(
            MESSAGE,
            (0..250).map(|i| grant(i, FactorLevel::P0)).collect(),
        )
        .await;
    house.escrow.hold(prepared.item).await.unwrap();
    house.escrow.release_hold(prepared.item).await.unwrap();
    house.escrow.release_hold(prepared.item).await.unwrap();
    let kinds = house.kinds();
    let count = |kind| kinds.iter().filter(|k| **k == kind).count();
    let held = (
        count(EscrowEventKind::Held),
        count(EscrowEventKind::HoldReleased),
    );
    assert_eq!(held, (250, 250));
    for given in [&prepared.grants[0], &prepared.grants[249]] {
        let opened = house.escrow.open(&given.link, &Factor::None, None).await;
        assert_eq!(opened.unwrap().message.expose(), MESSAGE);
    }
    house.clock.advance(14 * DAY);
    assert_eq!(house.sweep().await, (250, 1));
}

#[tokio::test]
async fn the_archive_opens_offline_and_only_with_its_key() {
    let house = House::new();
    let (secret, other) = (ArchiveSecret::make_random(), ArchiveSecret::make_random());
    let long = vec![b'x'; 5_500_000];
    for message in [MESSAGE, b"", &long] {
        let (escrow, prepared) = house.put_archived(&secret, message).await;
        assert!(escrow.item(prepared.item).await.unwrap().archived);
        // Revoked, extended, held: the archive has it all the same.
        escrow.revoke(prepared.grants[0].grant).await.unwrap();
        let bundle = escrow.archive_export(prepared.item).await.unwrap();
        assert!(!contains(&bundle, b"canary"));
        assert_eq!(house.kinds().last(), Some(&EscrowEventKind::Exported));
        let opened = secret.open(&bundle).unwrap();
        assert!(*opened.message.expose() == message);
        assert_eq!(opened.item, prepared.item);
        assert_eq!(code(other.open(&bundle)), "escrow.archive");
    }
    let (escrow, prepared) = house.put_archived(&secret, MESSAGE).await;
    let bundle = escrow.archive_export(prepared.item).await.unwrap();
    for at in 0..bundle.len() {
        let mut changed = bundle.clone();
        changed[at] ^= 1;
        assert!(secret.open(&changed).is_err(), "{at}");
        let code = code(secret.open(&bundle[..at]));
        assert!(
            ["escrow.archive", "escrow.damaged"].contains(&code),
            "{code}"
        );
    }
    // The expiry takes the wrap with the content.
    house.clock.advance(14 * DAY);
    house.sweep().await;
    let gone = escrow.archive_export(prepared.item).await;
    assert_eq!(code(gone), "escrow.no_archive");
    assert_eq!(
        code(escrow.archive_export(ItemId::make_random()).await),
        "escrow.unknown_id"
    );
}

#[tokio::test]
async fn the_archive_is_off_unless_a_key_is_given() {
    let house = House::new();
    let prepared = house.put(MESSAGE, vec![with_passcode(0)]).await;
    assert!(!house.escrow.item(prepared.item).await.unwrap().archived);
    let export = house.escrow.archive_export(prepared.item).await;
    assert_eq!(code(export), "escrow.no_archive");
    let row = house.store.get(Table::Item, prepared.item.as_bytes()).await;
    assert!(!contains(&row.unwrap().unwrap().value, b"archive"));
}

#[tokio::test]
async fn shredding_states_when_the_last_copy_dies() {
    let house = House::new();
    let prepared = house
        .put(MESSAGE, (0..2).map(with_passcode).collect())
        .await;
    let gone = house.escrow.shred(prepared.item).await.unwrap();
    assert_eq!((gone.item, gone.at), (prepared.item, house.clock.now()));
    let grants: Vec<GrantId> = prepared.grants.iter().map(|g| g.grant).collect();
    assert_eq!(gone.grants, grants);
    assert_eq!(gone.backups_until, None);
    let escrow = house.escrow_over(house.store.clone());
    let escrow = escrow.backup_lifetime(30 * DAY);
    let prepared = house.put(MESSAGE, vec![with_passcode(0)]).await;
    let gone = escrow.shred(prepared.item).await.unwrap();
    let until: Option<Timestamp> = Some(house.clock.now().plus(30 * DAY));
    assert_eq!(gone.backups_until, until);
    assert_eq!(code(escrow.shred(prepared.item).await), "escrow.unknown_id");

    // What is copied while the deletion waits for its turn lives as long.
    let prepared = house.put(MESSAGE, vec![with_passcode(0)]).await;
    let before = house.clock.now();
    let clock = house.clock.clone();
    let slow = house.escrow_between(0, async move { clock.advance(DAY) });
    let escrow = slow.backup_lifetime(30 * DAY);
    let gone = escrow.shred(prepared.item).await.unwrap();
    assert_eq!(gone.at, before.plus(DAY));
    assert_eq!(gone.backups_until, Some(before.plus(31 * DAY)));
}

/// A hold that comes between the look and the commit wins, over shredding as
/// over both steps of expiry.
#[tokio::test]
async fn a_hold_that_comes_in_between_wins() {
    let house = House::new();
    let holding = |item| {
        let escrow = house.escrow.clone();
        async move { escrow.hold(item).await.unwrap() }
    };
    let item = house.put(MESSAGE, vec![with_passcode(0)]).await.item;
    let escrow = house.escrow_between(0, holding(item));
    assert_eq!(code(escrow.shred(item).await), "escrow.on_hold");
    assert!(house.escrow.item(item).await.unwrap().has_content);
    house.escrow.release_hold(item).await.unwrap();
    house.escrow.shred(item).await.unwrap();

    // Commit 0 ends the grant, commit 1 empties the item.
    for (at, has_keys) in [(0, true), (1, false)] {
        let prepared = house.put(MESSAGE, vec![with_passcode(0)]).await;
        house.clock.advance(14 * DAY);
        let escrow = house.escrow_between(at, holding(prepared.item));
        escrow.expire_due(house.clock.now()).await.unwrap();
        let item = house.escrow.item(prepared.item).await.unwrap();
        assert!(item.held && item.has_content, "{at}");
        let grant = prepared.grants[0].grant;
        assert_eq!(house.has_keys(grant).await, has_keys, "{at}");
        let state = house.escrow.status(grant).await.unwrap().state;
        assert_eq!(state, GrantState::Expired);
        house.escrow.release_hold(prepared.item).await.unwrap();
        assert_eq!(house.sweep().await, (0, 1));
    }
}
