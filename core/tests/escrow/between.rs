//! What comes between reading and writing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mailseal::base::{GrantId, ItemId, Timestamp};
use mailseal::escrow::Escrow;
use mailseal::storage::{Batch, Committed, MemoryStore, Row, Store, StoreError, Table};

use crate::house::House;

/// Does something else right before a chosen commit, or fails it.
#[derive(Debug)]
pub(crate) struct Between {
    inner: Arc<MemoryStore>,
    at: AtomicUsize,
    then: Then,
}

#[derive(Debug)]
pub(crate) enum Then {
    Revoke(Box<Escrow>, GrantId),
    Hold(Box<Escrow>, ItemId),
    Fail,
}

impl Between {
    /// Before commit `at`, counted from 0.
    pub(crate) fn new(house: &House, at: usize, then: Then) -> Arc<Self> {
        Arc::new(Self {
            inner: house.store.clone(),
            at: AtomicUsize::new(at),
            then,
        })
    }
}

#[async_trait]
impl Store for Between {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        if self.at.fetch_sub(1, Ordering::SeqCst) == 0 {
            match &self.then {
                Then::Revoke(escrow, grant) => escrow.revoke(*grant).await.unwrap(),
                Then::Hold(escrow, item) => escrow.hold(*item).await.unwrap(),
                Then::Fail => return Err(StoreError::Full),
            }
        }
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
