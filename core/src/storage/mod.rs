//! Where records rest: one [`Store`] trait, one transaction a [`Batch`].
//!
//! The rooms define their records and encode them; the store knows tables,
//! keys, values, due times and the append-only audit log, and nothing of what
//! they mean. An audit entry and the state that it speaks of go into one batch:
//! both are on disk when [`Store::commit`] returns, or neither is.
//!
//! **Enters**: [`Batch`]es of [`Op`]s whose values the rooms have already
//! encrypted; the store adds no encryption of its own. **Leaves**: [`Row`]s and
//! leaves, byte for byte. **Refused**, with the batch left wholly undone: a row
//! that changed meanwhile ([`StoreError::Conflict`]), a full disk or quota, a
//! file that is read-only, damaged, another program's or a newer version's.
//!
//! [`SqliteStore`] keeps everything in one file (WAL, `synchronous=FULL`): one
//! thread writes, and puts all batches that wait at the time into one
//! transaction, so that many senders share one fsync; a batch that conflicts
//! is undone alone. Several processes may have the file open. A file of an
//! older format is brought to the present one when it is opened, in one
//! transaction; older versions refuse it from then on. Deleted content
//! is overwritten (`secure_delete`) and the write-ahead log is emptied soon
//! after, so that what was shredded does not live on there; what the disk
//! itself keeps of overwritten blocks is beyond any database (NIST SP 800-88),
//! which is why the rooms store cipher text only.
//! [`MemoryStore`] forgets everything; it is for tests and trials.
//!
//! The log's leaves are numbered from 0 without gaps, in the order of commits.
//! The store guards against faults, not against a person who edits the file:
//! that is found by the audit room's checkpoints.
//!
//! ```
//! use mailseal::storage::{Batch, MemoryStore, Op, Row, Store, StoreError, Table};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), StoreError> {
//! let store = MemoryStore::new();
//! let row = Row::new(b"k".to_vec(), b"v".to_vec());
//! let insert = Op::Insert { table: Table::Meta, row };
//! let append = Op::Append { leaf: b"{}".to_vec(), tags: vec![] };
//! let done = store.commit(Batch::from_iter([insert.clone(), append.clone()])).await?;
//! assert_eq!(done.leaves, [0]);
//! // The second insert conflicts, so its leaf is not appended either.
//! assert!(matches!(
//!     store.commit(Batch::from_iter([append, insert])).await,
//!     Err(StoreError::Conflict { table: Table::Meta })
//! ));
//! assert_eq!(store.log_size().await?, 1);
//! # Ok(()) }
//! ```

use std::fmt;

use async_trait::async_trait;

use crate::base::Timestamp;

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore};

/// A table of records, keyed by opaque bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Table {
    /// Receipts of `send`, by receipt id.
    Receipt,
    /// Idempotency keys (as keyed hash) and the receipt each led to.
    Idempotency,
    /// Copies on their way, encrypted, with the time of the next try.
    Outbox,
    /// The messages of those copies, encrypted, apart from their state.
    Body,
    /// Escrowed items: what is known of each.
    Item,
    /// Escrowed content, sealed, in parts.
    Part,
    /// Grants: who may pick an item up, with the wrapped server share.
    Grant,
    /// Sessions of the pickup page, under their grant and a hash of their id.
    Session,
    /// Codes that the pickup page sent, as keyed hashes.
    Code,
    /// Replies on their way in: what is known of each.
    Reply,
    /// The content of those replies, sealed, in parts.
    ReplyPart,
    /// Small records of a room about itself.
    Meta,
    /// What discovery learnt, by keyed hash of the domain. It lies in a store
    /// of its own, so that it can be thrown away.
    Cache,
}

impl Table {
    /// Every table.
    pub const ALL: &'static [Self] = &[
        Self::Receipt,
        Self::Idempotency,
        Self::Outbox,
        Self::Body,
        Self::Item,
        Self::Part,
        Self::Grant,
        Self::Session,
        Self::Code,
        Self::Reply,
        Self::ReplyPart,
        Self::Meta,
        Self::Cache,
    ];

    /// The table's name in SQL and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Idempotency => "idempotency",
            Self::Outbox => "outbox",
            Self::Body => "body",
            Self::Item => "item",
            Self::Part => "part",
            Self::Grant => "grants",
            Self::Session => "session",
            Self::Code => "code",
            Self::Reply => "reply",
            Self::ReplyPart => "reply_part",
            Self::Meta => "meta",
            Self::Cache => "cache",
        }
    }
}

/// One record as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Its key, unique in the table.
    pub key: Vec<u8>,
    /// Its value, encoded by the room that owns it.
    pub value: Vec<u8>,
    /// When something is to be done about it, if ever.
    pub due: Option<Timestamp>,
}

impl Row {
    /// A row with no due time.
    pub fn new(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
            due: None,
        }
    }

    /// With the time when something is to be done about it.
    #[must_use]
    pub fn due_at(mut self, due: Timestamp) -> Self {
        self.due = Some(due);
        self
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("value_len", &self.value.len())
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

/// One change within a [`Batch`].
#[derive(Clone)]
#[non_exhaustive]
pub enum Op {
    /// Writes a row, over whatever was there.
    Put {
        /// The table.
        table: Table,
        /// The row.
        row: Row,
    },
    /// Writes a row that must not exist yet, else the batch fails with
    /// [`StoreError::Conflict`].
    Insert {
        /// The table.
        table: Table,
        /// The row.
        row: Row,
    },
    /// Writes a row whose present value must be `expected`, else the batch
    /// fails with [`StoreError::Conflict`]: how two workers agree who takes it.
    Replace {
        /// The table.
        table: Table,
        /// The value that must be there now.
        expected: Vec<u8>,
        /// The row.
        row: Row,
    },
    /// Removes a row; none there is no error.
    Delete {
        /// The table.
        table: Table,
        /// The row's key.
        key: Vec<u8>,
    },
    /// Appends a leaf to the audit log; the store gives it the next number.
    Append {
        /// The leaf.
        leaf: Vec<u8>,
        /// Keyed tags under which the leaf can be found again.
        tags: Vec<[u8; 32]>,
    },
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, table) = match self {
            Self::Put { table, .. } => ("Put", table.name()),
            Self::Insert { table, .. } => ("Insert", table.name()),
            Self::Replace { table, .. } => ("Replace", table.name()),
            Self::Delete { table, .. } => ("Delete", table.name()),
            Self::Append { .. } => ("Append", "audit"),
        };
        write!(f, "{what}({table})")
    }
}

/// Changes that are made together or not at all, in the order given.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    ops: Vec<Op>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change.
    pub fn push(&mut self, op: Op) -> &mut Self {
        self.ops.push(op);
        self
    }

    /// The changes.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The changes, taken out.
    pub fn into_ops(self) -> Vec<Op> {
        self.ops
    }
}

impl FromIterator<Op> for Batch {
    fn from_iter<T: IntoIterator<Item = Op>>(iter: T) -> Self {
        Self {
            ops: iter.into_iter().collect(),
        }
    }
}

impl Extend<Op> for Batch {
    fn extend<T: IntoIterator<Item = Op>>(&mut self, iter: T) {
        self.ops.extend(iter);
    }
}

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The numbers of the appended leaves, counted from 0, in the batch's order.
    pub leaves: Vec<u64>,
}

/// Why the store did not do what was asked. It never holds a key or a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A row to insert is there already, or a row to replace has changed.
    /// Nothing of the batch was written.
    #[error("a record in `{}` changed meanwhile; nothing of this batch was written", table.name())]
    Conflict {
        /// Where.
        table: Table,
    },
    /// The disk or the quota is full. Nothing of the batch was written.
    #[error("the disk is full; nothing of this batch was written")]
    Full,
    /// The file, its folder or the file system can be read only.
    #[error("the database is read-only: check the file's and its folder's permissions")]
    ReadOnly,
    /// The file is no database of mailseal's or is damaged. It was not changed.
    #[error(
        "the database is damaged or is not mailseal's ({detail}); it was not changed: restore it from a backup"
    )]
    Damaged {
        /// What was wrong, in fixed words.
        detail: &'static str,
    },
    /// The file was written by a newer mailseal. It was not changed.
    #[error(
        "the database has format {found}, this version reads up to {supported}; it was not changed: use the newer mailseal"
    )]
    Newer {
        /// Its format.
        found: i64,
        /// The newest format known here.
        supported: i64,
    },
    /// The file cannot be reached: its folder does not exist, or may not be
    /// entered.
    #[error("the database file cannot be reached ({0}): check that its folder exists")]
    Io(std::io::ErrorKind),
    /// Another process held the database for too long.
    #[error("the database stayed locked by another process")]
    Busy,
    /// The store was closed or its writer ended.
    #[error("the store is closed")]
    Closed,
    /// Anything else the database reports, as its result code. Whether the
    /// batch is on disk is not known: the disk itself failed.
    #[error("the database failed (code {code})")]
    Failed {
        /// SQLite's extended result code, or the like.
        code: i32,
    },
}

impl StoreError {
    /// A stable code for logs and bindings.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "storage.conflict",
            Self::Full => "storage.full",
            Self::ReadOnly => "storage.read_only",
            Self::Damaged { .. } => "storage.damaged",
            Self::Newer { .. } => "storage.newer",
            Self::Io(_) => "storage.io",
            Self::Busy => "storage.busy",
            Self::Closed => "storage.closed",
            Self::Failed { .. } => "storage.failed",
        }
    }

    /// Whether the same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::Conflict { .. })
    }
}

/// A place where records rest.
///
/// Every implementation passes the same test-suite
/// (`mailseal::testing::store_suite`).
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Makes all changes of `batch` or none. When this returns `Ok`, they
    /// survive a power cut (unless the store says that it is not durable).
    /// If the future is dropped the batch may still be written.
    ///
    /// # Errors
    /// [`StoreError`]. After any but [`StoreError::Failed`] nothing of the
    /// batch was written, and the store can be used as before.
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError>;

    /// The row under `key`.
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError>;

    /// Rows whose key starts with `prefix` and is greater than `after`, in the
    /// order of keys, at most `limit`.
    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// Rows with a due time at or before `now`, the earliest first, at most `limit`.
    async fn due(&self, table: Table, now: Timestamp, limit: usize)
    -> Result<Vec<Row>, StoreError>;

    /// How many leaves the audit log has.
    async fn log_size(&self) -> Result<u64, StoreError>;

    /// Leaves from number `from`, in order, at most `limit`.
    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// The numbers of the leaves that carry `tag`, in order.
    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError>;
}
