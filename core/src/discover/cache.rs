//! What was learnt, kept in memory and, where the host gave a store, on disk.
//!
//! On disk a row's key is a keyed hash of what it is about, and its value is
//! sealed: whoever reads the file learns neither the domains that the host
//! writes to nor what they offer. The store can be thrown away at any time;
//! what is lost is the memory of MTA-STS policies.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedMutexGuard;

use crate::base::crypto::{self, Key};
use crate::base::{Keys, Timestamp};
use crate::storage::{Batch, Op, Row, Store, Table};

/// How far the caller's clock may lie before the time at which a fact was
/// learnt: two calls at once see times that differ a little. Beyond that the
/// clock was set back, and the fact's age is not known.
const SKEW: Duration = Duration::from_secs(300);

/// Something learnt at one time that is worth nothing from another on.
pub(super) trait Dated: Clone {
    fn learnt(&self) -> Timestamp;
    fn expires(&self) -> Timestamp;

    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires() && self.learnt() <= now.plus(SKEW)
    }
}

/// A bounded map from names to facts.
#[derive(Debug)]
pub(super) struct Memory<V> {
    entries: Mutex<HashMap<String, V>>,
    capacity: usize,
}

impl<V: Dated> Memory<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            entries: Mutex::new(HashMap::new()),
            capacity,
        }
    }

    pub(super) fn live(&self, name: &str, now: Timestamp) -> Option<V> {
        lock(&self.entries)
            .get(name)
            .filter(|fact| fact.is_live(now))
            .cloned()
    }

    pub(super) fn put(&self, name: &str, fact: V, now: Timestamp) {
        let mut entries = lock(&self.entries);
        if entries.len() >= self.capacity && !entries.contains_key(name) {
            entries.retain(|_, fact| fact.is_live(now));
            // Still full: the tenth that ends first makes room.
            if entries.len() >= self.capacity {
                let mut ends: Vec<Timestamp> = entries.values().map(Dated::expires).collect();
                ends.sort_unstable();
                let cut = ends.get(ends.len() / 10).copied().unwrap_or(now);
                entries.retain(|_, fact| fact.expires() > cut);
            }
        }
        entries.insert(name.to_owned(), fact);
    }
}

/// What a persistent row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Host,
    Sts,
}

impl Kind {
    const fn tag(self) -> &'static [u8] {
        match self {
            Self::Host => b"host\0",
            Self::Sts => b"sts\0",
        }
    }
}

/// The facts on disk.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    store: Arc<dyn Store>,
    index: Key,
    seal: Key,
    writes: Arc<AtomicU32>,
}

impl Disk {
    pub(super) fn new(store: Arc<dyn Store>, keys: &Keys) -> Self {
        Self {
            store,
            index: keys.derive("mailseal/1/cache/index"),
            seal: keys.derive("mailseal/1/cache/seal"),
            writes: Arc::new(AtomicU32::new(0)),
        }
    }

    /// The fact, where it is there, can be read and still holds. A damaged or
    /// foreign row counts as none: this is a cache.
    pub(super) async fn live<V>(&self, kind: Kind, name: &str, now: Timestamp) -> Option<V>
    where
        V: Dated + DeserializeOwned,
    {
        let key = self.key(kind, name);
        let row = match self.store.get(Table::Cache, &key).await {
            Ok(row) => row?,
            Err(error) => {
                tracing::warn!(%error, "the discovery cache cannot be read");
                return None;
            }
        };
        let json = crypto::open(&self.seal, &key, &row.value).ok()?;
        let fact: V = serde_json::from_slice(&json).ok()?;
        fact.is_live(now).then_some(fact)
    }

    pub(super) async fn put<V>(&self, kind: Kind, name: &str, fact: &V, now: Timestamp)
    where
        V: Dated + Serialize + Sync,
    {
        let Ok(json) = serde_json::to_vec(fact) else {
            return;
        };
        let key = self.key(kind, name);
        let value = crypto::seal(&self.seal, &key, &json);
        let mut batch = Batch::new();
        // Now and then what has ended is cleared away.
        if self
            .writes
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(64)
        {
            let ended = self.store.due(Table::Cache, now, 256).await;
            for row in ended.unwrap_or_default() {
                batch.push(Op::Delete {
                    table: Table::Cache,
                    key: row.key,
                });
            }
        }
        batch.push(Op::Put {
            table: Table::Cache,
            row: Row {
                key: key.to_vec(),
                value,
                due: Some(fact.expires()),
            },
        });
        if let Err(error) = self.store.commit(batch).await {
            tracing::warn!(%error, "the discovery cache cannot be written");
        }
    }

    fn key(&self, kind: Kind, name: &str) -> [u8; 32] {
        let about = [kind.tag(), name.as_bytes()].concat();
        crypto::hmac_sha256(self.index.expose(), &about)
    }
}

/// Lets one caller at a time find out one thing; the others wait and then
/// read what was found.
#[derive(Debug)]
pub(super) struct Flights<K>(Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>);

impl<K: Hash + Eq> Flights<K> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    pub(super) async fn enter(&self, key: K) -> OwnedMutexGuard<()> {
        let flight = {
            let mut flights = lock(&self.0);
            if flights.len() >= 1024 {
                flights.retain(|_, flight| Arc::strong_count(flight) > 1);
            }
            Arc::clone(flights.entry(key).or_default())
        };
        flight.lock_owned().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Until(i64);

    impl Dated for Until {
        fn learnt(&self) -> Timestamp {
            Timestamp::from_unix_ms(1_000_000)
        }
        fn expires(&self) -> Timestamp {
            Timestamp::from_unix_ms(self.0)
        }
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_lasts_longest() {
        let now = Timestamp::from_unix_ms(1_000_000);
        let memory = Memory::new(100);
        for i in 0..1_000 {
            memory.put(&format!("h{i}"), Until(2_000_000 + i), now);
            assert!(lock(&memory.entries).len() <= 100);
        }
        assert!(memory.live("h999", now).is_some());
        assert!(memory.live("h0", now).is_none());
    }

    #[test]
    fn a_fact_from_the_future_or_past_its_end_does_not_hold() {
        let memory = Memory::new(10);
        let learnt = Timestamp::from_unix_ms(1_000_000);
        memory.put("h", Until(2_000_000), learnt);
        for (at, live) in [
            (1_000_000, true),
            (1_999_999, true),
            (2_000_000, false),
            (800_000, true),
            (600_000, false),
        ] {
            let seen = memory.live("h", Timestamp::from_unix_ms(at)).is_some();
            assert_eq!(seen, live, "at {at}");
        }
    }
}
