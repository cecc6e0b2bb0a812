//! The store in one SQLite file.

mod errors;
mod open;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{Semaphore, oneshot};

use self::errors::store_error;
use self::open::Place;
use self::writer::{Message, Request};
use super::{Batch, Committed, Row, Store, StoreError, Table};
use crate::base::Timestamp;

/// So many batches wait for the writer at most; further callers wait their turn.
const WAITING: usize = 1024;
/// So many reads run at a time.
const READERS: usize = 4;

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Durability {
    /// A power cut: one fsync for each group of batches.
    #[default]
    Full,
    /// The end of the process, not a power cut: the last commits may then be
    /// lost, in order, and the file stays sound. For what can be learnt
    /// again, such as the cache of discovery. Never for mail or audit.
    Relaxed,
}

/// How a file is opened.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("cache.db");
/// use mailseal::storage::{Durability, SqliteOptions};
/// let cache = SqliteOptions::new().durability(Durability::Relaxed).open(path)?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    busy_timeout: Duration,
    durability: Durability,
    max_size: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(10),
            durability: Durability::Full,
            max_size: None,
        }
    }
}

impl SqliteOptions {
    /// Ten seconds of patience, full durability, no limit of size.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long to wait for another process that holds the file.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// What a commit survives.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How large the file may grow, in bytes; beyond it batches fail with
    /// [`StoreError::Full`]. It holds for what this store writes.
    #[must_use]
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Opens the file, or makes it where there is none.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        SqliteStore::start(Place::find(path.as_ref(), self)?)
    }
}

/// A store in one SQLite file, which several processes may have open.
///
/// Beside the file stand `-wal` and `-shm`, which belong to it: a backup copies
/// all three at rest, or uses SQLite's backup tools. The file must lie on a
/// local disk (WAL needs shared memory). Reads run on tokio's blocking threads,
/// so the store is used within a tokio runtime; it is opened anywhere. A store
/// that is dropped closes the file soon after, on its own thread: what moves or
/// copies the file waits until `-wal` is gone, which the last of all processes
/// that close it takes away. Where two close it in one instant it may stay;
/// opening and dropping a store once more takes it away.
pub struct SqliteStore {
    // Fields are dropped in this order: the readers close the file before the
    // writer hears of it, since of two that close it in one instant neither
    // takes the log away.
    readers: Arc<Readers>,
    inbox: Mutex<Sender<Message>>,
    waiting: Arc<Semaphore>,
}

struct Readers {
    place: Place,
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteStore {
    /// Opens the file with the defaults of [`SqliteOptions`], or makes it
    /// (mode 0600) where there is none.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Damaged`], [`StoreError::ReadOnly`],
    /// [`StoreError::Full`], [`StoreError::Io`] or [`StoreError::Busy`]; an
    /// existing file was not changed then.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::new().open(path)
    }

    fn start(place: Place) -> Result<Self, StoreError> {
        let conn = place.writer()?;
        let busy_timeout = place.options.busy_timeout;
        let (sender, inbox) = channel();
        std::thread::Builder::new()
            .name("mailseal-store".into())
            .spawn(move || writer::run(&conn, &inbox, busy_timeout))
            .map_err(|e| StoreError::Io(e.kind()))?;
        Ok(Self {
            inbox: Mutex::new(sender),
            waiting: Arc::new(Semaphore::new(WAITING)),
            readers: Arc::new(Readers {
                place,
                slots: Arc::new(Semaphore::new(READERS)),
                idle: Mutex::new(Vec::new()),
            }),
        })
    }

    /// Empties the write-ahead log, so that what was deleted or overwritten
    /// stands nowhere in the files any more. It happens by itself half a
    /// second after the last change of this store; this waits for it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where another reader holds the log; call it again.
    pub async fn purge(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.post(Message::Purge(reply))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Reads the whole file and checks its structure. It takes about a second
    /// for each gigabyte or two. The audit log's truth is another question:
    /// see the audit room's `verify`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it is damaged.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.read(|conn| open::check_pages(conn, "PRAGMA integrity_check(1)"))
            .await
    }

    fn post(&self, message: Message) -> Result<(), StoreError> {
        self.inbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(message)
            .map_err(|_| StoreError::Closed)
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let slot = Arc::clone(&self.readers.slots)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || {
            let idle = || readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let ready = idle().pop();
            let conn = match ready {
                Some(conn) => conn,
                None => readers.place.reader()?,
            };
            let result = query(&conn);
            idle().push(conn);
            drop(slot);
            result
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}

fn rows(
    conn: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<Row>, StoreError> {
    let mut statement = conn.prepare_cached(sql).map_err(store_error)?;
    statement
        .query_map(values, to_row)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(store_error)
}

fn to_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        key: row.get(0)?,
        value: row.get(1)?,
        due: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_unix_ms),
    })
}

fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The first key behind all that start with `prefix`, if there is one.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        if batch.ops().is_empty() {
            return Ok(Committed::default());
        }
        let permit = Arc::clone(&self.waiting)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.post(Message::Commit(Request {
            batch,
            reply,
            _permit: permit,
        }))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let sql = format!(
            "SELECT key, value, due FROM {} WHERE key = ?1",
            table.name()
        );
        let key = key.to_vec();
        self.read(move |conn| {
            conn.prepare_cached(&sql)
                .and_then(|mut statement| statement.query_row(params![key], to_row).optional())
                .map_err(store_error)
        })
        .await
    }

    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        // The key right behind `after` is `after` and a zero byte.
        let from = match after {
            Some(after) if after >= prefix => [after, &[0]].concat(),
            _ => prefix.to_vec(),
        };
        let (name, limit) = (table.name(), at_most(limit));
        match behind(prefix) {
            Some(end) => {
                let sql = format!(
                    "SELECT key, value, due FROM {name} WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3"
                );
                self.read(move |conn| rows(conn, &sql, params![from, end, limit]))
                    .await
            }
            None => {
                let sql = format!(
                    "SELECT key, value, due FROM {name} WHERE key >= ?1 ORDER BY key LIMIT ?2"
                );
                self.read(move |conn| rows(conn, &sql, params![from, limit]))
                    .await
            }
        }
    }

    async fn due(
        &self,
        table: Table,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = format!(
            "SELECT key, value, due FROM {} WHERE due IS NOT NULL AND due <= ?1 ORDER BY due, key LIMIT ?2",
            table.name()
        );
        self.read(move |conn| rows(conn, &sql, params![now.unix_ms(), at_most(limit)]))
            .await
    }

    async fn log_size(&self) -> Result<u64, StoreError> {
        self.read(|conn| {
            conn.prepare_cached("SELECT coalesce(max(seq), -1) + 1 FROM audit_leaf")
                .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
                .map(|size| u64::try_from(size).unwrap_or(0))
                .map_err(store_error)
        })
        .await
    }

    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let Ok(from) = i64::try_from(from) else {
            return Ok(Vec::new());
        };
        self.read(move |conn| {
            let mut statement = conn
                .prepare_cached(
                    "SELECT seq, leaf FROM audit_leaf WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
                )
                .map_err(store_error)?;
            let mut found = statement
                .query(params![from, at_most(limit)])
                .map_err(store_error)?;
            let mut leaves = Vec::new();
            let mut expected = from;
            while let Some(row) = found.next().map_err(store_error)? {
                if row.get::<_, i64>(0).map_err(store_error)? != expected {
                    return Err(StoreError::Damaged {
                        detail: "a leaf of the audit log is missing",
                    });
                }
                leaves.push(row.get(1).map_err(store_error)?);
                expected = expected.saturating_add(1);
            }
            Ok(leaves)
        })
        .await
    }

    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        let tag = *tag;
        self.read(move |conn| {
            let mut statement = conn
                .prepare_cached("SELECT seq FROM audit_tag WHERE tag = ?1 ORDER BY seq")
                .map_err(store_error)?;
            let numbers = statement
                .query_map(params![tag], |row| row.get::<_, i64>(0))
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(store_error)?;
            Ok(numbers.into_iter().map(i64::unsigned_abs).collect())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_behind_a_prefix() {
        assert_eq!(behind(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(behind(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(behind(b"\xff"), None);
        assert_eq!(behind(b""), None);
    }
}
