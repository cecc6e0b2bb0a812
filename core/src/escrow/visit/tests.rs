//! The pickup page's side of a grant, played through.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::super::chunk;
use super::super::event::{EscrowEvent, Recorder};
use super::super::item::context;
use super::super::keys;
use super::*;
use crate::base::crypto;
use crate::base::{Clock, Keys, Passkey, Phi};
use crate::escrow::{Draft, GrantDraft, PasscodePlan, Prepared, PreparedGrant};
use crate::storage::{MemoryStore, Op, Store, StoreError};
use crate::testing::clock::TestClock;
use crate::testing::faulty_store::FaultyStore;

const NONCE: [u8; 16] = [9; 16];
const ME: [u8; 16] = [1; 16];
const OTHER: [u8; 16] = [2; 16];
const MESSAGE: &[u8] = b"From: clinic@harbor.example\r\nSubject: visit\r\n\r\nSee you.\r\n";
const PHRASE: &str = "a tall ship and a star";

/// Writes each event as a leaf.
#[derive(Debug, Default)]
struct Leaves;

impl Recorder for Leaves {
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
    keys: Keys,
    escrow: Escrow,
}

impl House {
    fn new() -> Self {
        let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::default());
        let keys = Keys::make_ephemeral();
        let escrow = over(&keys, store.clone(), &clock);
        Self {
            store,
            clock,
            keys,
            escrow,
        }
    }

    async fn put(&self, drafts: Vec<GrantDraft>) -> Prepared {
        let expires = self.clock.now().plus(Duration::from_secs(86_400));
        let mut prepared = self
            .escrow
            .prepare(Draft::new(MESSAGE, expires, drafts))
            .await
            .unwrap();
        let ops = std::mem::take(&mut prepared.ops);
        self.store.commit(ops.into_iter().collect()).await.unwrap();
        prepared
    }

    async fn put_one(&self, draft: GrantDraft) -> PreparedGrant {
        self.put(vec![draft]).await.grants.remove(0)
    }

    async fn edit(&self, id: GrantId, edit: impl FnOnce(&mut Value)) {
        let row = self.store.get(Table::Grant, id.as_bytes()).await.unwrap();
        let mut row = row.unwrap();
        let mut json = serde_json::from_slice(&row.value).unwrap();
        edit(&mut json);
        row.value = serde_json::to_vec(&json).unwrap();
        let put = Op::Put {
            table: Table::Grant,
            row,
        };
        self.store
            .commit([put].into_iter().collect())
            .await
            .unwrap();
    }

    async fn leaves(&self) -> Vec<String> {
        let leaves = self.store.leaves(0, 1000).await.unwrap();
        leaves
            .into_iter()
            .map(|l| String::from_utf8(l).unwrap())
            .collect()
    }
}

fn over(keys: &Keys, store: Arc<dyn Store>, clock: &TestClock) -> Escrow {
    let escrow = Escrow::new(store, keys, Arc::new(clock.clone()), "https://p.example");
    escrow.unwrap().recorder(Arc::new(Leaves))
}

fn draft(floor: FactorLevel) -> GrantDraft {
    GrantDraft::new(RecipientId::new(0), floor)
}

fn with_passcode() -> GrantDraft {
    draft(FactorLevel::P2).passcode(PasscodePlan::Make)
}

/// What the page computes of the link.
fn mac(given: &PreparedGrant, nonce: &[u8; 16]) -> [u8; 32] {
    let a = crypto::derive_key(
        given.link.share(),
        given.grant.as_bytes(),
        b"mailseal/1/escrow/auth",
    );
    keys::challenge_mac(a.expose(), given.grant, nonce)
}

fn code<T: std::fmt::Debug>(result: Result<T, EscrowError>) -> &'static str {
    result.unwrap_err().code()
}

#[tokio::test]
async fn who_holds_the_link_is_told_how_a_grant_stands_and_nobody_else_is() {
    let house = House::new();
    let escrow = &house.escrow;
    let (live, revoked, expired, held, shredded) = (
        house.put_one(with_passcode()).await,
        house.put_one(with_passcode()).await,
        house.put_one(with_passcode()).await,
        house.put_one(with_passcode()).await,
        house.put_one(with_passcode()).await,
    );
    escrow.revoke(revoked.grant).await.unwrap();
    house.edit(expired.grant, |g| g["expires"] = 5.into()).await;
    house.edit(held.grant, |g| g["held"] = true.into()).await;
    let item = escrow.visit(shredded.grant).await.unwrap().item;
    escrow.shred(item).await.unwrap();

    let mut told = Vec::new();
    for given in [&live, &revoked, &expired, &held, &shredded] {
        let right = mac(given, &NONCE);
        let knocked = escrow.knock(given.grant, &NONCE, &right).await;
        told.push(knocked.map_or_else(|e| e.code(), |_| "visit"));
        let visited = escrow.visit(given.grant).await;
        assert_eq!(
            visited.map_or_else(|e| e.code(), |_| "visit"),
            *told.last().unwrap()
        );
    }
    assert_eq!(
        told,
        [
            "visit",
            "escrow.revoked",
            "escrow.expired",
            "escrow.held",
            "escrow.not_found"
        ]
    );

    let mut errors = Vec::new();
    for id in [
        live.grant,
        revoked.grant,
        expired.grant,
        held.grant,
        GrantId::make_random(),
    ] {
        let zeros = keys::challenge_mac(&[0; 32], id, &NONCE);
        for bad in [[0; 32], mac(&live, &[8; 16]), zeros] {
            let error = escrow.knock(id, &NONCE, &bad).await.unwrap_err();
            errors.push((error.code(), format!("{error} {error:?}")));
        }
    }
    // The right MAC, at another grant or with another nonce.
    let right = mac(&live, &NONCE);
    let error = escrow.knock(held.grant, &NONCE, &right).await.unwrap_err();
    errors.push((error.code(), format!("{error} {error:?}")));
    let error = escrow
        .knock(live.grant, &[8; 16], &right)
        .await
        .unwrap_err();
    errors.push((error.code(), format!("{error} {error:?}")));
    assert_eq!(errors[0].0, "escrow.not_found");
    assert!(errors.iter().all(|e| *e == errors[0]));
    let tried = house.leaves().await;
    assert!(
        !tried.iter().any(|l| l.starts_with("Factor")),
        "knocking is no try"
    );
}

#[tokio::test]
async fn a_visit_shows_methods_contacts_and_views() {
    let house = House::new();
    let rich = with_passcode()
        .passphrase(Secret::from(PHRASE))
        .email("pat@mail.example".parse().unwrap())
        .phone(Phi::from("+1 555 0100"))
        .language(Language::Spanish)
        .audit_tag([4; 32])
        .max_views(3);
    let given = house.put_one(rich).await;
    let visit = house
        .escrow
        .knock(given.grant, &NONCE, &mac(&given, &NONCE))
        .await
        .unwrap();
    assert_eq!(
        visit.methods,
        [Method::Passcode, Method::Passphrase, Method::SmsCode]
    );
    assert_eq!(
        (visit.language, visit.floor),
        (Language::Spanish, FactorLevel::P2)
    );
    assert_eq!(visit.views_left, Some(3));
    assert_eq!(visit.reference, given.reference);
    assert_eq!(
        visit.contacts.email.as_ref().unwrap().expose(),
        "pat@mail.example"
    );
    assert_eq!(
        visit.contacts.phone.as_ref().unwrap().expose(),
        "+1 555 0100"
    );
    let (salt, iterations) = visit.passphrase.as_ref().unwrap();
    assert_eq!((salt.len(), *iterations), (16, 600_000));
    assert!(!format!("{visit:?}").contains("pat@"));
}

#[tokio::test]
async fn all_methods_share_one_budget() {
    let house = House::new();
    let escrow = &house.escrow;
    let given = house
        .put_one(with_passcode().phone(Phi::from("+1 555 0100")))
        .await;
    let (id, wrong) = (given.grant, Secret::from("0000-0000"));
    for left in [4, 2] {
        let refused = escrow.check_passcode(id, &wrong).await.unwrap_err();
        assert!(matches!(refused, EscrowError::FactorWrong { tries_left } if tries_left == left));
        escrow.take_try(id).await.unwrap();
        let refused = escrow.refuse(id).await.unwrap();
        assert!(
            matches!(refused, EscrowError::FactorWrong { tries_left } if tries_left == left - 1)
        );
    }
    // The fifth is right, and is counted all the same.
    let right = given.passcode.clone().unwrap();
    escrow.check_passcode(id, &right).await.unwrap();
    assert_eq!(code(escrow.check_passcode(id, &right).await), "escrow.wait");
    assert_eq!(code(escrow.take_try(id).await), "escrow.wait");
    assert_eq!(house.leaves().await.len(), 4);
    // A release gives back the try that was right, and none of the wrong ones.
    escrow.release_to(id, &ME, FactorLevel::P2).await.unwrap();
    escrow.check_passcode(id, &right).await.unwrap();
    assert_eq!(code(escrow.check_passcode(id, &right).await), "escrow.wait");
    // No passphrase was agreed, so none is right.
    assert_eq!(
        code(escrow.check_passphrase(id, &[0; 32]).await),
        "escrow.factor_required"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_the_same_time_do_not_outrun_the_budget() {
    let house = House::new();
    let given = house.put_one(with_passcode()).await;
    let guesses: Vec<_> = (0..40)
        .map(|_| {
            let (escrow, id) = (
                over(&house.keys, house.store.clone(), &house.clock),
                given.grant,
            );
            tokio::spawn(async move {
                let wrong = Secret::from("0000-0000");
                code(escrow.check_passcode(id, &wrong).await)
            })
        })
        .collect();
    let mut judged = 0;
    for guess in guesses {
        judged += usize::from(guess.await.unwrap() == "escrow.factor_wrong");
    }
    assert_eq!(judged, 5);
}

/// What the page does with a release.
async fn read(house: &House, given: &PreparedGrant, release: &Release, f: Option<&Key>) -> Vec<u8> {
    let kek = keys::derive_kek(given.grant, &release.share, given.link.share(), f);
    let dek = keys::unwrap_dek(&kek, release.item, &release.dek).unwrap();
    let manifest = chunk::decrypt(&dek, &context("manifest", release.item), &release.manifest);
    let manifest: Value = serde_json::from_slice(&manifest.unwrap()).unwrap();
    let mut sealed = Vec::new();
    for n in 0..release.parts {
        let part = house.escrow.part(given.grant, &ME, n).await.unwrap();
        sealed.extend(part.unwrap());
    }
    let plain = chunk::decrypt(&dek, &context("content", release.item), &sealed).unwrap();
    assert_eq!(manifest["size"], plain.len());
    let letter = &manifest["letter"];
    assert_eq!(manifest["message"], letter["offset"]);
    let at = letter["offset"].as_u64().unwrap() as usize;
    let shown: Value = serde_json::from_slice(&plain[at..]).unwrap();
    assert_eq!(shown["subject"], "visit");
    assert_eq!(shown["text"], "See you.\n");
    plain.to_vec()
}

#[tokio::test]
async fn link_factor_and_release_open_the_content() {
    let house = House::new();
    let given = house
        .put_one(with_passcode().passphrase(Secret::from(PHRASE)))
        .await;
    let id = given.grant;
    let visit = house
        .escrow
        .knock(id, &NONCE, &mac(&given, &NONCE))
        .await
        .unwrap();
    let (salt, iterations) = visit.passphrase.unwrap();
    let f = keys::stretch(PHRASE, &salt, iterations).unwrap();
    let proof = keys::passphrase_proof(id, given.link.share(), &f);
    house
        .escrow
        .check_passphrase(id, proof.expose())
        .await
        .unwrap();
    assert_eq!(
        code(house.escrow.check_passphrase(id, &[0; 32]).await),
        "escrow.factor_wrong"
    );
    assert_eq!(
        code(house.escrow.part(id, &ME, 0).await),
        "escrow.not_released"
    );
    let release = house
        .escrow
        .release_to(id, &ME, FactorLevel::P2)
        .await
        .unwrap();
    assert!(release.first);
    let plain = read(&house, &given, &release, Some(&f)).await;
    assert!(plain.starts_with(MESSAGE) && plain.len() > MESSAGE.len());
    // What another session may not have.
    assert_eq!(
        code(house.escrow.part(id, &OTHER, 0).await),
        "escrow.not_released"
    );
    let behind = house.escrow.part(id, &ME, release.parts).await.unwrap();
    assert!(behind.is_none());
    let shown = format!("{release:?}");
    assert!(!shown.contains(&format!("{:?}", release.share.expose())));
}

#[tokio::test]
async fn a_session_counts_once_and_below_the_floor_nothing_is_released() {
    let house = House::new();
    let escrow = &house.escrow;
    let given = house.put_one(with_passcode().max_views(2)).await;
    let id = given.grant;
    for low in [FactorLevel::P0, FactorLevel::P1] {
        assert_eq!(
            code(escrow.release_to(id, &ME, low).await),
            "escrow.factor_required"
        );
    }
    assert!(house.leaves().await.is_empty());
    for (round, first) in [(0, true), (1, false), (2, false)] {
        let release = escrow.release_to(id, &ME, FactorLevel::P3).await.unwrap();
        assert_eq!(
            (release.first, release.views_left),
            (first, Some(1)),
            "{round}"
        );
    }
    let release = escrow
        .release_to(id, &OTHER, FactorLevel::P2)
        .await
        .unwrap();
    assert_eq!((release.first, release.views_left), (false, Some(0)));
    assert_eq!(
        code(escrow.release_to(id, &[3; 16], FactorLevel::P2).await),
        "escrow.views_used_up"
    );
    // Who was counted goes on.
    escrow.release_to(id, &ME, FactorLevel::P2).await.unwrap();
    assert!(escrow.part(id, &ME, 0).await.unwrap().is_some());
    assert_eq!(escrow.visit(id).await.unwrap().views_left, Some(0));
    assert_eq!(
        house.leaves().await,
        [
            "Released { first: true, level: P3 }",
            "Released { first: false, level: P2 }",
            "ViewLimit",
        ]
    );
    // A session is not remembered for ever.
    house.clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(code(escrow.part(id, &ME, 0).await), "escrow.not_released");
}

#[tokio::test]
async fn many_sessions_do_not_swell_the_record() {
    let house = House::new();
    let given = house.put_one(with_passcode()).await;
    let size = async || {
        let row = house.store.get(Table::Grant, given.grant.as_bytes()).await;
        row.unwrap().unwrap().value.len()
    };
    let mut sizes = Vec::new();
    for n in 0..200u8 {
        let session = [n; 16];
        house
            .escrow
            .release_to(given.grant, &session, FactorLevel::P2)
            .await
            .unwrap();
        assert!(
            house
                .escrow
                .part(given.grant, &session, 0)
                .await
                .unwrap()
                .is_some()
        );
        sizes.push(size().await);
    }
    assert!(sizes[199] < sizes[70] + 64, "{} {}", sizes[70], sizes[199]);
    assert!(sizes[63] > sizes[0] + 1_000);
}

#[tokio::test]
async fn a_revocation_right_before_the_release_wins_and_what_is_not_recorded_is_not_released() {
    let house = House::new();
    let given = house.put_one(with_passcode()).await;
    let store = FaultyStore::new(house.store.clone());
    store.fail_once_after(0, StoreError::Full);
    let full = over(&house.keys, Arc::new(store.clone()), &house.clock);
    assert_eq!(
        code(full.release_to(given.grant, &ME, FactorLevel::P2).await),
        "escrow.store"
    );
    assert!(house.leaves().await.is_empty());
    let (escrow, grant) = (house.escrow.clone(), given.grant);
    store.interfere_after(0, async move { escrow.revoke(grant).await.unwrap() });
    let racing = over(&house.keys, Arc::new(store), &house.clock);
    let released = racing.release_to(given.grant, &ME, FactorLevel::P2).await;
    assert_eq!(code(released), "escrow.revoked");
    assert_eq!(house.leaves().await, ["Revoked"]);
}

#[tokio::test]
async fn nothing_is_left_for_a_session_once_the_grant_is_revoked() {
    let house = House::new();
    let given = house.put_one(with_passcode()).await;
    house
        .escrow
        .release_to(given.grant, &ME, FactorLevel::P2)
        .await
        .unwrap();
    assert!(
        house
            .escrow
            .part(given.grant, &ME, 0)
            .await
            .unwrap()
            .is_some()
    );
    house.escrow.report_misdirected(given.grant).await.unwrap();
    let released = house
        .escrow
        .release_to(given.grant, &ME, FactorLevel::P2)
        .await;
    assert_eq!(code(released), "escrow.revoked");
    assert_eq!(
        code(house.escrow.part(given.grant, &ME, 0).await),
        "escrow.revoked"
    );
    assert_eq!(
        code(house.escrow.visit(given.grant).await),
        "escrow.revoked"
    );
    let row = house.store.get(Table::Grant, given.grant.as_bytes()).await;
    let json: Value = serde_json::from_slice(&row.unwrap().unwrap().value).unwrap();
    for gone in ["share", "dek", "contacts", "passcode"] {
        assert!(json[gone].is_null(), "{gone}");
    }
    // Said twice, it is recorded once.
    house.escrow.report_misdirected(given.grant).await.unwrap();
    let unknown = house
        .escrow
        .report_misdirected(GrantId::make_random())
        .await;
    assert_eq!(code(unknown), "escrow.not_found");
    assert_eq!(house.leaves().await[1..], ["Misdirected"]);
}

#[tokio::test]
async fn who_has_the_link_alone_is_always_on_record_told_once_a_day_and_takes_nothing_away() {
    let house = House::new();
    let given = house.put_one(with_passcode()).await;
    let claim = || house.escrow.claim_misdirected(given.grant);
    assert!(claim().await.unwrap());
    for _ in 0..3 {
        assert!(!claim().await.unwrap());
    }
    house.clock.advance(Duration::from_secs(23 * 3600));
    assert!(!claim().await.unwrap());
    assert_eq!(house.leaves().await, ["MisdirectedClaim"; 5]);
    let released = house.escrow.release_to(given.grant, &ME, FactorLevel::P2);
    released.await.unwrap();

    let long = house.put_one(with_passcode()).await;
    let claim = || house.escrow.claim_misdirected(long.grant);
    let (one, two) = tokio::join!(claim(), claim());
    assert!(one.unwrap() != two.unwrap(), "said at once, told once");
    let leaves = house.leaves().await;
    let claims = leaves.iter().filter(|l| *l == "MisdirectedClaim");
    assert_eq!(claims.count(), 7, "and recorded twice");
    house
        .edit(long.grant, |g| g["expires"] = i64::MAX.into())
        .await;
    house.clock.advance(Duration::from_secs(25 * 3600));
    assert!(claim().await.unwrap());
    house.escrow.revoke(long.grant).await.unwrap();
    assert_eq!(code(claim().await), "escrow.revoked");
}

#[tokio::test]
async fn a_code_of_an_authenticator_app_opens_once() {
    let house = House::new();
    let escrow = &house.escrow;
    let given = house
        .put_one(draft(FactorLevel::P3).totp(Secret::new(vec![7; 20])))
        .await;
    escrow.use_totp_step(given.grant, 100).await.unwrap();
    for used in [100, 99] {
        assert_eq!(
            code(escrow.use_totp_step(given.grant, used).await),
            "escrow.factor_wrong"
        );
    }
    escrow.use_totp_step(given.grant, 101).await.unwrap();
    assert_eq!(house.leaves().await.len(), 2, "each replay is on record");
    let race: Vec<_> = (0..8)
        .map(|_| {
            let (escrow, id) = (escrow.clone(), given.grant);
            tokio::spawn(async move { escrow.use_totp_step(id, 102).await.is_ok() })
        })
        .collect();
    let mut taken = 0;
    for racer in race {
        taken += usize::from(racer.await.unwrap());
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_passkey_whose_counter_goes_back_is_refused() {
    let house = House::new();
    let escrow = &house.escrow;
    let keys = vec![
        Passkey::new(*b"counts", *b"k", 5),
        Passkey::new(*b"never", *b"k", 0),
    ];
    let given = house.put_one(draft(FactorLevel::P4).passkeys(keys)).await;
    let id = given.grant;
    for (count, right) in [
        (5, false),
        (6, true),
        (6, false),
        (5, false),
        (0, false),
        (9, true),
    ] {
        let used = escrow.use_passkey_count(id, b"counts", count).await;
        assert_eq!(used.is_ok(), right, "{count}");
    }
    for (count, right) in [(0, true), (0, true), (1, true), (0, false), (1, false)] {
        let used = escrow.use_passkey_count(id, b"never", count).await;
        assert_eq!(used.is_ok(), right, "{count}");
    }
    assert_eq!(
        code(escrow.use_passkey_count(id, b"other", 1).await),
        "escrow.factor_wrong"
    );
}

#[tokio::test]
async fn an_edited_grant_does_not_give_its_share() {
    let house = House::new();
    type Edit = fn(&mut Value);
    let edits: [Edit; 4] = [
        |g| g["factor_floor"] = "p1".into(),
        |g| g["methods"] = serde_json::json!(["email_code"]),
        |g| g["contacts"] = Value::Null,
        |g| g["v"] = 1.into(),
    ];
    for edit in edits {
        let email = with_passcode().email("pat@mail.example".parse().unwrap());
        let given = house.put_one(email).await;
        house.edit(given.grant, edit).await;
        let released = house
            .escrow
            .release_to(given.grant, &ME, FactorLevel::P4)
            .await;
        assert_eq!(code(released), "escrow.damaged");
    }
    // The contacts of another grant, sealed for that one.
    let (a, b) = (
        house.put_one(with_passcode()).await,
        house.put_one(with_passcode()).await,
    );
    let row = house
        .store
        .get(Table::Grant, a.grant.as_bytes())
        .await
        .unwrap()
        .unwrap();
    let from: Value = serde_json::from_slice(&row.value).unwrap();
    house
        .edit(b.grant, |g| g["contacts"] = from["contacts"].clone())
        .await;
    assert_eq!(code(house.escrow.visit(b.grant).await), "escrow.damaged");
}
