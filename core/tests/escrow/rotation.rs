//! Other keys for the server shares: rotation, a KMS that fails, a key that is
//! gone too early.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use mailseal::base::{GrantId, Secret};
use mailseal::escrow::{
    Draft, Escrow, KeyProvider, KeyProviderError, LocalWrappingKeys, PreparedGrant, Wrapped,
};
use mailseal::storage::{Store, Table};

use crate::house::*;

impl House {
    fn wrapped_by(&self, provider: impl KeyProvider) -> Escrow {
        self.escrow_over(self.store.clone())
            .key_provider(Arc::new(provider))
    }

    async fn put_by(&self, escrow: &Escrow) -> PreparedGrant {
        let draft = Draft::new(MESSAGE, self.expires(), vec![with_passcode(0)]);
        let mut prepared = escrow.prepare(draft).await.unwrap();
        let batch = prepared.ops.drain(..).collect();
        self.store.commit(batch).await.unwrap();
        prepared.grants.remove(0)
    }

    async fn share_key(&self, id: GrantId) -> Option<String> {
        let json = self.grant_json(id).await;
        json["share_key"].as_str().map(str::to_owned)
    }

    /// Every row but how far a rewrap went.
    async fn records(&self) -> Vec<(Table, mailseal::storage::Row)> {
        let mut rows = self.rows().await;
        rows.retain(|(table, _)| *table != Table::Meta);
        rows
    }
}

fn keys() -> (tempfile::TempDir, LocalWrappingKeys) {
    let dir = tempfile::tempdir().unwrap();
    let keys = LocalWrappingKeys::file(dir.path().join("wrapping.keys")).unwrap();
    (dir, keys)
}

async fn opens(escrow: &Escrow, given: &PreparedGrant) {
    let opened = escrow.open(&given.link, &factor(given), None).await;
    assert_eq!(opened.unwrap().message.expose(), MESSAGE);
}

#[tokio::test]
async fn what_the_installations_key_wrapped_moves_to_the_provider_and_on() {
    let house = House::new();
    let (_dir, keys) = keys();
    let escrow = house.wrapped_by(keys.clone());
    let mut given = Vec::new();
    for _ in 0..5 {
        given.push(house.put_by(&house.escrow).await);
    }
    house.escrow.revoke(given[4].grant).await.unwrap();
    // Old shares open beside new ones.
    given.push(house.put_by(&escrow).await);
    let first = keys.versions()[0].clone();
    assert_eq!(house.share_key(given[0].grant).await, None);
    assert_eq!(house.share_key(given[5].grant).await, Some(first.clone()));
    opens(&escrow, &given[0]).await;
    opens(&escrow, &given[5]).await;

    // In pages, going on where the last call stopped, with another handle.
    let (mut rewrapped, mut seen, mut calls) = (0, 0, 0);
    loop {
        let report = house.wrapped_by(keys.clone()).rewrap(2).await.unwrap();
        assert!(report.seen <= 2);
        rewrapped += report.rewrapped;
        seen += report.seen;
        calls += 1;
        if report.done {
            break;
        }
    }
    assert_eq!((rewrapped, seen), (4, 6));
    assert!(calls >= 3);
    let second = keys.rotate().unwrap();
    let report = escrow.rewrap(100).await.unwrap();
    assert!(report.done);
    let counts = (report.rewrapped, report.current, report.ended);
    assert_eq!(counts, (5, 0, 1));
    assert_eq!(report.version, Some(second.clone()));
    let report = escrow.rewrap(100).await.unwrap();
    assert_eq!((report.rewrapped, report.current), (0, 5));
    keys.drop_version(&first).unwrap();
    for given in given.iter().filter(|g| g.grant != given[4].grant) {
        opens(&escrow, given).await;
        assert_eq!(house.share_key(given.grant).await, Some(second.clone()));
    }
    let report = escrow.rewrap(100).await.unwrap();
    assert_eq!((report.unknown_version, report.damaged), (0, 0));
}

#[tokio::test]
async fn a_key_dropped_too_early_is_named_and_nothing_is_lost() {
    let house = House::new();
    let (dir, keys) = keys();
    let path = dir.path().join("wrapping.keys");
    let escrow = house.wrapped_by(keys.clone());
    let given = house.put_by(&escrow).await;
    let kept = std::fs::read(&path).unwrap();
    let first = keys.versions()[0].clone();
    keys.rotate().unwrap();
    keys.drop_version(&first).unwrap();

    let before = house.records().await;
    let error = escrow.open(&given.link, &factor(&given), None).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "escrow.key.unknown_version");
    assert!(error.to_string().contains(&first));
    let report = escrow.rewrap(10).await.unwrap();
    assert_eq!((report.unknown_version, report.rewrapped), (1, 0));
    assert_eq!(
        house.records().await,
        before,
        "nothing was counted or changed"
    );
    assert_eq!(house.leaves().await, [""; 0]);
    // Without the provider at all.
    let error = house.escrow.open(&given.link, &factor(&given), None).await;
    assert_eq!(code(error), "escrow.key.unknown_version");

    std::fs::write(&path, kept).unwrap();
    let back = house.wrapped_by(LocalWrappingKeys::file(&path).unwrap());
    opens(&back, &given).await;
}

#[tokio::test]
async fn a_wrapped_share_is_bound_to_its_grant() {
    let house = House::new();
    let (_dir, keys) = keys();
    let escrow = house.wrapped_by(keys.clone());
    let (a, b) = (house.put_by(&escrow).await, house.put_by(&escrow).await);
    let from = house.grant_json(a.grant).await;
    house
        .edit_grant(b.grant, |g| g["share"] = from["share"].clone())
        .await;
    let opened = escrow.open(&b.link, &factor(&b), None).await;
    assert_eq!(code(opened), "escrow.damaged");
    for (field, value) in [("factor_floor", "p0"), ("methods", "")] {
        let c = house.put_by(&escrow).await;
        house
            .edit_grant(c.grant, |g| {
                g[field] = match value {
                    "" => serde_json::json!([]),
                    word => word.into(),
                };
            })
            .await;
        let opened = escrow.open(&c.link, &factor(&c), None).await;
        let code = code(opened);
        let expected = ["escrow.damaged", "escrow.factor_required"];
        assert!(expected.contains(&code), "{field}: {code}");
    }
    // An edited grant is not made whole by wrapping it anew.
    keys.rotate().unwrap();
    let report = escrow.rewrap(100).await.unwrap();
    assert_eq!((report.rewrapped, report.damaged), (1, 3));
    opens(&escrow, &a).await;
    let opened = escrow.open(&b.link, &factor(&b), None).await;
    assert_eq!(code(opened), "escrow.damaged");
}

/// A share that was taken back meanwhile is not put back by wrapping it anew.
#[tokio::test]
async fn a_revocation_between_unwrapping_and_wrapping_wins() {
    let house = House::new();
    let (_dir, keys) = keys();
    let given = house.put_by(&house.escrow).await;
    let escrow = house
        .escrow_between(0, house.revoking(given.grant))
        .key_provider(Arc::new(keys));
    let report = escrow.rewrap(10).await.unwrap();
    assert_eq!((report.rewrapped, report.ended, report.done), (0, 1, true));
    assert!(house.grant_json(given.grant).await["share"].is_null());
}

/// A KMS that counts, and fails when it is told to.
#[derive(Debug, Clone)]
struct Kms {
    keys: LocalWrappingKeys,
    down: Arc<AtomicBool>,
    unwrapped: Arc<AtomicUsize>,
}

impl Kms {
    fn check(&self) -> Result<(), KeyProviderError> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(KeyProviderError::Unavailable),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl KeyProvider for Kms {
    async fn current(&self) -> Result<String, KeyProviderError> {
        self.check()?;
        self.keys.current().await
    }
    async fn wrap(&self, aad: &[u8], key: &Secret<[u8; 32]>) -> Result<Wrapped, KeyProviderError> {
        self.check()?;
        self.keys.wrap(aad, key).await
    }
    async fn unwrap(
        &self,
        aad: &[u8],
        wrapped: &Wrapped,
    ) -> Result<Secret<[u8; 32]>, KeyProviderError> {
        self.check()?;
        self.unwrapped.fetch_add(1, Ordering::SeqCst);
        self.keys.unwrap(aad, wrapped).await
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_an_error_that_passes() {
    let house = House::new();
    let (_dir, keys) = keys();
    let kms = Kms {
        keys,
        down: Arc::default(),
        unwrapped: Arc::default(),
    };
    let escrow = house.wrapped_by(kms.clone());
    let given = house.put_by(&escrow).await;
    kms.keys.rotate().unwrap();
    kms.down.store(true, Ordering::SeqCst);
    let before = house.rows().await;
    let error = escrow.open(&given.link, &factor(&given), None).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "escrow.key.unavailable");
    assert!(error.is_retryable());
    assert!(escrow.rewrap(10).await.unwrap_err().is_retryable());
    let draft = Draft::new(MESSAGE, house.expires(), vec![with_passcode(0)]);
    assert!(escrow.prepare(draft).await.unwrap_err().is_retryable());
    assert_eq!(house.rows().await, before);
    // Who lacks the link does not even reach the provider.
    let unwrapped = kms.unwrapped.load(Ordering::SeqCst);
    let other = house.put_by(&house.escrow).await;
    let mixed = given
        .link
        .url()
        .expose()
        .replace(&given.grant.to_string(), &other.grant.to_string());
    let mixed = mailseal::escrow::Link::parse(&mixed).unwrap();
    let opened = escrow.open(&mixed, &factor(&given), None).await;
    assert_eq!(code(opened), "escrow.not_found");
    assert_eq!(kms.unwrapped.load(Ordering::SeqCst), unwrapped);
    kms.down.store(false, Ordering::SeqCst);
    opens(&escrow, &given).await;
    assert_eq!(escrow.rewrap(10).await.unwrap().rewrapped, 2);
}

/// A provider whose answers cannot be stored.
#[derive(Debug)]
struct Odd(Wrapped);

#[async_trait]
impl KeyProvider for Odd {
    async fn current(&self) -> Result<String, KeyProviderError> {
        Ok(self.0.version.clone())
    }
    async fn wrap(&self, _: &[u8], _: &Secret<[u8; 32]>) -> Result<Wrapped, KeyProviderError> {
        Ok(self.0.clone())
    }
    async fn unwrap(&self, _: &[u8], _: &Wrapped) -> Result<Secret<[u8; 32]>, KeyProviderError> {
        Err(KeyProviderError::Denied)
    }
}

#[tokio::test]
async fn answers_that_cannot_be_stored_are_refused() {
    let house = House::new();
    for (version, size) in [("", 60), ("a b", 60), ("a\n", 60), ("v", 0), ("v", 9_000)] {
        let escrow = house.wrapped_by(Odd(Wrapped::new(version, vec![1; size])));
        let draft = Draft::new(MESSAGE, house.expires(), vec![with_passcode(0)]);
        let prepared = escrow.prepare(draft).await;
        assert_eq!(code(prepared), "escrow.key.answer");
    }
    let escrow = house.wrapped_by(Odd(Wrapped::new("v", vec![1; 60])));
    let given = house.put_by(&escrow).await;
    let opened = escrow.open(&given.link, &factor(&given), None).await;
    assert_eq!(code(opened), "escrow.key.denied");
}

/// Pickups, new messages and revocations go on while keys are rotated and
/// shares wrapped anew by two workers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_under_load() {
    let house = Arc::new(House::new());
    let (_dir, keys) = keys();
    let escrow = house.wrapped_by(keys.clone());
    let mut given = Vec::new();
    for _ in 0..20 {
        given.push(house.put_by(&escrow).await);
    }
    let given = Arc::new(given);
    let stop = Arc::new(AtomicBool::new(false));
    let mut pickups = Vec::new();
    for worker in 0..2 {
        let (escrow, given, stop) = (escrow.clone(), given.clone(), stop.clone());
        pickups.push(tokio::spawn(async move {
            let mut count = 0;
            while !stop.load(Ordering::SeqCst) || count < 20 {
                opens(&escrow, &given[(count + worker) % 20]).await;
                count += 1;
                // The memory store never waits, and others want to run.
                tokio::task::yield_now().await;
            }
        }));
    }
    let mut late = Vec::new();
    for _ in 0..5 {
        keys.rotate().unwrap();
        let worker = |limit| {
            let escrow = escrow.clone();
            tokio::spawn(async move {
                while !escrow.rewrap(limit).await.unwrap().done {
                    tokio::task::yield_now().await;
                }
            })
        };
        let workers = [worker(3), worker(7)];
        late.push(house.put_by(&escrow).await);
        for worker in workers {
            worker.await.unwrap();
        }
    }
    stop.store(true, Ordering::SeqCst);
    for pickup in pickups {
        pickup.await.unwrap();
    }
    // The last pass finds nothing to do; then one version is enough.
    while escrow.rewrap(100).await.unwrap().rewrapped > 0 {}
    let versions = keys.versions();
    let used: HashSet<_> = {
        let mut used = HashSet::new();
        for given in given.iter().chain(&late) {
            used.insert(house.share_key(given.grant).await);
        }
        used
    };
    assert_eq!(used, HashSet::from([Some(versions[0].clone())]));
    for version in &versions[1..] {
        keys.drop_version(version).unwrap();
    }
    for given in given.iter().chain(&late) {
        opens(&escrow, given).await;
    }
}
