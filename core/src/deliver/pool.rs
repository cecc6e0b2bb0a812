//! Connections that can be used again, and how many there may be.
//!
//! A connection serves only the requirement it was opened for: host, address,
//! floor and who vouches for the host are one key, compared as a whole. So a
//! connection that was good enough for one message is never found by a message
//! that asks for more.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::base::{Domain, TlsAssurance};
use crate::wire::smtp::{Connection, TlsUse};
use crate::wire::tls::Anchor;

/// What a connection was opened for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) host: Domain,
    pub(super) address: SocketAddr,
    pub(super) floor: TlsAssurance,
    pub(super) anchor: Anchor,
    pub(super) tls: TlsUse,
}

/// A connection and how much it has done.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) connection: Connection,
    pub(super) sent: u32,
}

#[derive(Debug)]
struct Idle {
    pooled: Pooled,
    since: Instant,
}

/// The hosts that may be known at once before those not in use are forgotten.
const MAX_HOSTS: usize = 1024;

#[derive(Debug, Default)]
struct State {
    idle: HashMap<Key, Vec<Idle>>,
    slots: HashMap<Domain, Arc<Semaphore>>,
    /// Hosts whose PIPELINING was seen to be broken.
    unpipelined: HashMap<Domain, ()>,
}

#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<State>);

impl Pool {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A usable connection opened for exactly this.
    pub(super) fn take(&self, key: &Key, idle: Duration) -> Option<Pooled> {
        let mut state = self.state();
        let found = state.idle.get_mut(key)?;
        while let Some(mut candidate) = found.pop() {
            if candidate.since.elapsed() < idle && candidate.pooled.connection.is_usable() {
                return Some(candidate.pooled);
            }
        }
        state.idle.remove(key);
        None
    }

    /// Keeps a connection for `idle`, then takes leave of it.
    pub(super) fn put(self: &Arc<Self>, key: Key, pooled: Pooled, idle: Duration) {
        let since = Instant::now();
        self.state()
            .idle
            .entry(key)
            .or_default()
            .push(Idle { pooled, since });
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(idle).await;
            Self::sweep(&pool, idle).await;
        });
    }

    async fn sweep(pool: &Weak<Self>, idle: Duration) {
        let Some(pool) = pool.upgrade() else { return };
        let mut old = Vec::new();
        pool.state().idle.retain(|_, connections| {
            let (expired, live): (Vec<_>, Vec<_>) = std::mem::take(connections)
                .into_iter()
                .partition(|c| c.since.elapsed() >= idle);
            old.extend(expired);
            *connections = live;
            !connections.is_empty()
        });
        for idle in old {
            idle.pooled.connection.quit().await;
        }
    }

    /// The slots of a host.
    pub(super) fn slots(&self, host: &Domain, limit: usize) -> Arc<Semaphore> {
        let mut state = self.state();
        if state.slots.len() >= MAX_HOSTS {
            state.slots.retain(|_, slots| Arc::strong_count(slots) > 1);
        }
        Arc::clone(
            state
                .slots
                .entry(host.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(limit))),
        )
    }

    /// Remembers that a host loses commands that are said together.
    pub(super) fn distrust_pipelining(&self, host: &Domain) {
        let mut state = self.state();
        if state.unpipelined.len() >= MAX_HOSTS {
            state.unpipelined.clear();
        }
        state.unpipelined.insert(host.clone(), ());
    }

    pub(super) fn trusts_pipelining(&self, host: &Domain) -> bool {
        !self.state().unpipelined.contains_key(host)
    }
}
