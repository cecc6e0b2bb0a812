//! A store that fails when it is told to, for the rule that nothing leaves
//! before its audit intent is on disk; or that lets another in between a look
//! and a commit, for the rule that of two who race one wins.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::base::Timestamp;
use crate::storage::{Batch, Committed, Row, Store, StoreError, Table};

/// Passes everything on to another store, and refuses commits when it is told
/// to. Clones share one switch.
///
/// ```
/// use std::sync::Arc;
/// use mailseal::storage::{Batch, MemoryStore, Store, StoreError};
/// use mailseal::testing::faulty_store::FaultyStore;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), StoreError> {
/// let store = FaultyStore::new(Arc::new(MemoryStore::new()));
/// store.fail_after(1, StoreError::Full);
/// store.commit(Batch::new()).await?;
/// assert_eq!(store.commit(Batch::new()).await, Err(StoreError::Full));
/// store.heal();
/// store.commit(Batch::new()).await?;
/// assert_eq!(store.commits(), 2);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    switch: Arc<Mutex<Switch>>,
}

#[derive(Default)]
struct Switch {
    commits: u64,
    fault: Option<(u64, StoreError)>,
    once: bool,
    between: Option<(u64, BoxFuture<'static, ()>)>,
}

impl FaultyStore {
    /// A store that does not fail yet.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            switch: Arc::default(),
        }
    }

    /// Lets `more` commits through; each one after them fails with `error` and
    /// writes nothing.
    pub fn fail_after(&self, more: u64, error: StoreError) {
        let mut switch = self.switch();
        switch.fault = Some((switch.commits + more, error));
        switch.once = false;
    }

    /// Lets `more` commits through; the one after them fails with `error` and
    /// writes nothing, and those after it go through again.
    pub fn fail_once_after(&self, more: u64, error: StoreError) {
        let mut switch = self.switch();
        switch.fault = Some((switch.commits + more, error));
        switch.once = true;
    }

    /// Lets `more` commits through, and runs `then` right before the one after
    /// them, which goes through unless `then` made it conflict.
    pub fn interfere_after(&self, more: u64, then: impl Future<Output = ()> + Send + 'static) {
        let mut switch = self.switch();
        switch.between = Some((switch.commits + more, Box::pin(then)));
    }

    /// Lets every commit through again.
    pub fn heal(&self) {
        let mut switch = self.switch();
        switch.fault = None;
        switch.between = None;
    }

    /// How many commits were let through.
    pub fn commits(&self) -> u64 {
        self.switch().commits
    }

    fn switch(&self) -> MutexGuard<'_, Switch> {
        self.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self) -> Result<(), StoreError> {
        let mut switch = self.switch();
        match &switch.fault {
            Some((last, error)) if switch.commits >= *last => {
                let error = error.clone();
                if switch.once {
                    switch.fault = None;
                }
                Err(error)
            }
            _ => {
                switch.commits += 1;
                Ok(())
            }
        }
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyStore")
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let then = {
            let mut switch = self.switch();
            let commits = switch.commits;
            let due = switch.between.take_if(|(at, _)| commits >= *at);
            due.map(|(_, then)| then)
        };
        if let Some(then) = then {
            then.await;
        }
        self.pass()?;
        self.inner.commit(batch).await
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.inner.get(table, key).await
    }

    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.range(table, prefix, after, limit).await
    }

    async fn due(
        &self,
        table: Table,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.due(table, now, limit).await
    }

    async fn log_size(&self) -> Result<u64, StoreError> {
        self.inner.log_size().await
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.leaves(from, limit).await
    }

    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        self.inner.tagged(tag).await
    }
}
