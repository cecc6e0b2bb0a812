//! The store that forgets: for tests and trials.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Batch, Committed, Op, Row, Store, StoreError, Table};
use crate::base::Timestamp;

type Rows = BTreeMap<Vec<u8>, (Vec<u8>, Option<Timestamp>)>;

#[derive(Default)]
struct State {
    tables: HashMap<Table, Rows>,
    leaves: Vec<Vec<u8>>,
    tags: HashMap<[u8; 32], Vec<u64>>,
}

/// A store in memory. Clones share one content; it is gone with the last.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is made whole or taken back without a
        // call that can panic, so a poisoned lock guards a sound state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

impl State {
    fn rows(&self, table: Table) -> Option<&Rows> {
        self.tables.get(&table)
    }

    /// Checks the whole batch against the state as it will be at each op, and
    /// only then changes anything.
    fn check(&self, batch: &Batch) -> Result<(), StoreError> {
        // The value each touched key will have; None for a removed row.
        let mut ahead: HashMap<(Table, &[u8]), Option<&[u8]>> = HashMap::new();
        for op in batch.ops() {
            let present = |table: Table, key: &[u8]| -> Option<&[u8]> {
                match ahead.get(&(table, key)) {
                    Some(value) => *value,
                    None => self
                        .rows(table)
                        .and_then(|rows| rows.get(key))
                        .map(|(value, _)| value.as_slice()),
                }
            };
            match op {
                Op::Insert { table, row } if present(*table, &row.key).is_some() => {
                    return Err(StoreError::Conflict { table: *table });
                }
                Op::Replace {
                    table,
                    expected,
                    row,
                } if present(*table, &row.key) != Some(expected.as_slice()) => {
                    return Err(StoreError::Conflict { table: *table });
                }
                _ => {}
            }
            match op {
                Op::Put { table, row }
                | Op::Insert { table, row }
                | Op::Replace { table, row, .. } => {
                    ahead.insert((*table, &row.key), Some(&row.value));
                }
                Op::Delete { table, key } => {
                    ahead.insert((*table, key), None);
                }
                Op::Append { .. } => {}
            }
        }
        Ok(())
    }

    fn apply(&mut self, batch: Batch) -> Committed {
        let mut committed = Committed::default();
        for op in batch.into_ops() {
            match op {
                Op::Put { table, row }
                | Op::Insert { table, row }
                | Op::Replace { table, row, .. } => {
                    let rows = self.tables.entry(table).or_default();
                    rows.insert(row.key, (row.value, row.due));
                }
                Op::Delete { table, key } => {
                    if let Some(rows) = self.tables.get_mut(&table) {
                        rows.remove(&key);
                    }
                }
                Op::Append { leaf, tags } => {
                    let number = self.leaves.len() as u64;
                    self.leaves.push(leaf);
                    for tag in tags {
                        let numbers = self.tags.entry(tag).or_default();
                        if numbers.last() != Some(&number) {
                            numbers.push(number);
                        }
                    }
                    committed.leaves.push(number);
                }
            }
        }
        committed
    }
}

fn to_row(key: &[u8], value: &(Vec<u8>, Option<Timestamp>)) -> Row {
    Row {
        key: key.to_vec(),
        value: value.0.clone(),
        due: value.1,
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        let mut state = self.state();
        state.check(&batch)?;
        Ok(state.apply(batch))
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let state = self.state();
        let value = state.rows(table).and_then(|rows| rows.get(key));
        Ok(value.map(|value| to_row(key, value)))
    }

    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let state = self.state();
        let Some(rows) = state.rows(table) else {
            return Ok(Vec::new());
        };
        Ok(rows
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| after.is_none_or(|after| key.as_slice() > after))
            .take(limit)
            .map(|(key, value)| to_row(key, value))
            .collect())
    }

    async fn due(
        &self,
        table: Table,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let state = self.state();
        let mut due: Vec<Row> = state
            .rows(table)
            .into_iter()
            .flatten()
            .filter(|(_, (_, due))| due.is_some_and(|due| due <= now))
            .map(|(key, value)| to_row(key, value))
            .collect();
        // Stable: rows due at one time stay in the order of their keys.
        due.sort_by_key(|row| row.due);
        due.truncate(limit);
        Ok(due)
    }

    async fn log_size(&self) -> Result<u64, StoreError> {
        Ok(self.state().leaves.len() as u64)
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let state = self.state();
        Ok(state
            .leaves
            .iter()
            .skip(from)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        Ok(self.state().tags.get(tag).cloned().unwrap_or_default())
    }
}
