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
    /// Whether a task looks after the idle ones.
    swept: bool,
    slots: HashMap<Domain, Arc<Semaphore>>,
    /// Hosts whose PIPELINING was seen to be broken.
    unpipelined: HashMap<Domain, ()>,
}

#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<State>);

/// Looks after the idle connections of a pool.
struct Broom {
    pool: Weak<Pool>,
    done: bool,
}

impl Broom {
    async fn sweep(mut self, mut oldest: Instant, idle: Duration) {
        loop {
            tokio::time::sleep_until(oldest + idle).await;
            let Some(pool) = self.pool.upgrade() else {
                return;
            };
            let (old, next) = pool.expired(idle);
            drop(pool);
            // The next connection that is kept starts another task.
            self.done = next.is_none();
            for idle in old {
                tokio::spawn(idle.pooled.connection.quit());
            }
            match next {
                Some(next) => oldest = next,
                None => return,
            }
        }
    }
}

impl Drop for Broom {
    /// Where its runtime ended early, the next one needs a task of its own.
    fn drop(&mut self) {
        if let (false, Some(pool)) = (self.done, self.pool.upgrade()) {
            pool.state().swept = false;
        }
    }
}

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
        let mut state = self.state();
        let kept = state.idle.entry(key).or_default();
        kept.push(Idle { pooled, since });
        // One task for all connections, not one for each message.
        if !std::mem::replace(&mut state.swept, true) {
            let broom = Broom {
                pool: Arc::downgrade(self),
                done: false,
            };
            tokio::spawn(broom.sweep(since, idle));
        }
    }

    /// Takes out what lay idle too long; when to look again, if anything is left.
    fn expired(&self, idle: Duration) -> (Vec<Idle>, Option<Instant>) {
        let mut state = self.state();
        let mut old = Vec::new();
        state.idle.retain(|_, connections| {
            old.extend(connections.extract_if(.., |c| c.since.elapsed() >= idle));
            !connections.is_empty()
        });
        let oldest = state.idle.values().flatten().map(|c| c.since).min();
        state.swept = oldest.is_some();
        (old, oldest)
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
