//! Opening a file: is it ours, is it whole, may we write it. Nothing is
//! changed before all three are known.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::errors::{CANTOPEN, code, store_error};
use super::{Durability, SqliteOptions};
use crate::storage::{StoreError, Table};

/// `MSEA`, in the file's header: this is a mailseal database.
const APPLICATION_ID: i32 = 0x4D53_4541;
/// The format this version writes, and the newest that it reads.
const FORMAT: i64 = 1;
/// Up to this size the whole file is checked on opening; it takes some tens of
/// milliseconds.
const CHECK_WHOLE: u64 = 16 << 20;

/// A file that may be opened, by its absolute path.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) options: SqliteOptions,
}

impl Place {
    /// Finds the file or makes an empty one, readable by its owner only. The
    /// `-wal` and `-shm` files beside it get the same mode from SQLite.
    pub(super) fn find(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        match std::fs::metadata(path) {
            Ok(meta) if !meta.is_file() => {
                return Err(StoreError::Damaged {
                    detail: "it is not a regular file",
                });
            }
            _ => {}
        }
        let mut how = OpenOptions::new();
        how.read(true).write(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            how.mode(0o600);
        }
        let file = how.open(path).map_err(|e| match e.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
            kind => StoreError::Io(kind),
        })?;
        let path = std::fs::canonicalize(path).map_err(|e| StoreError::Io(e.kind()))?;
        if file.metadata().is_ok_and(|meta| meta.len() == 0) {
            sync_folder(&path)?;
        }
        Ok(Self { path, options })
    }

    /// The connection that writes, to a file that is known to be ours.
    pub(super) fn writer(&self) -> Result<Connection, StoreError> {
        let deadline = Instant::now() + self.options.busy_timeout;
        loop {
            match self.try_writer() {
                // Two processes that make or first open one file at the same
                // time can meet a lock for which SQLite does not wait, so as
                // not to dead-lock.
                Err(StoreError::Busy) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                result => return result,
            }
        }
    }

    fn try_writer(&self) -> Result<Connection, StoreError> {
        let conn = self.connect().map_err(|e| self.opening(e))?;
        let fresh = inspect(&conn).map_err(|e| match e {
            StoreError::Failed { code } if code & 0xff == CANTOPEN => StoreError::ReadOnly,
            other => other,
        })?;
        if conn.is_readonly("main").map_err(store_error)? {
            return Err(StoreError::ReadOnly);
        }
        self.prepare_writer(&conn).map_err(|e| self.opening(e))?;
        if fresh {
            create(&conn)?;
        } else {
            check(&conn, &self.path)?;
        }
        Ok(conn)
    }

    /// A connection that reads.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        let conn = self.connect().map_err(store_error)?;
        conn.pragma_update(None, "query_only", true)
            .map_err(store_error)?;
        Ok(conn)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        // No URI: a file may be called `file:x?mode=memory`. No CREATE: a file
        // that vanished is an error, not a new database.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        conn.busy_timeout(self.options.busy_timeout)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.pragma_update(None, "cell_size_check", true)?;
        // Sorting spills into memory, not into a file in /tmp.
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        conn.set_prepared_statement_cache_capacity(96);
        Ok(conn)
    }

    fn prepare_writer(&self, conn: &Connection) -> rusqlite::Result<()> {
        let durable = self.options.durability == Durability::Full;
        conn.pragma_update(None, "secure_delete", true)?;
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        conn.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
        // On macOS fsync alone leaves the data in the drive's cache.
        conn.pragma_update(None, "fullfsync", durable)?;
        conn.pragma_update(None, "checkpoint_fullfsync", durable)?;
        conn.pragma_update(None, "journal_size_limit", 32 << 20)?;
        if let Some(bytes) = self.options.max_size {
            let page: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
            conn.pragma_update_and_check(None, "max_page_count", pages.max(1), |row| {
                row.get::<_, i64>(0)
            })?;
        }
        Ok(())
    }

    /// An error while opening. Where the file itself can be opened and SQLite
    /// cannot, it is the folder that lets nobody make the `-wal` file.
    fn opening(&self, error: rusqlite::Error) -> StoreError {
        if code(&error) & 0xff == CANTOPEN && self.path.is_file() {
            return StoreError::ReadOnly;
        }
        store_error(error)
    }
}

/// The new file's name is to survive a power cut, too.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| StoreError::Io(e.kind()))?;
    }
    Ok(())
}

/// Whether the file is still empty; an error if it is not ours to use.
fn inspect(conn: &Connection) -> Result<bool, StoreError> {
    // One read transaction, so that a file which another process is just
    // making is seen before or after, never in between.
    let (application, format, objects): (i32, i64, i64) = conn
        .query_row(
            "SELECT (SELECT application_id FROM pragma_application_id), \
                    (SELECT user_version FROM pragma_user_version), \
                    (SELECT count(*) FROM sqlite_schema)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(store_error)?;
    match (application, format) {
        (0, 0) if objects == 0 => Ok(true),
        (APPLICATION_ID, 1..=FORMAT) => Ok(false),
        (APPLICATION_ID, found) if found > FORMAT => Err(StoreError::Newer {
            found,
            supported: FORMAT,
        }),
        (APPLICATION_ID, _) => Err(StoreError::Damaged {
            detail: "its format number is none",
        }),
        _ => Err(StoreError::Damaged {
            detail: "it is another program's",
        }),
    }
}

fn create(conn: &Connection) -> Result<(), StoreError> {
    conn.execute_batch("BEGIN IMMEDIATE").map_err(store_error)?;
    let done = create_within(conn);
    if done.is_err() && !conn.is_autocommit() {
        // The error to report is the first one.
        let _ = conn.execute_batch("ROLLBACK");
    }
    done
}

fn create_within(conn: &Connection) -> Result<(), StoreError> {
    // Another process may have been quicker.
    if inspect(conn)? {
        let mut sql = String::new();
        for table in Table::ALL {
            let name = table.name();
            sql.push_str(&format!(
                "CREATE TABLE {name} (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, due INTEGER);\n\
                 CREATE INDEX {name}_due ON {name} (due, key) WHERE due IS NOT NULL;\n"
            ));
        }
        sql.push_str(
            "CREATE TABLE audit_leaf (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL);\n\
             CREATE TABLE audit_tag (tag BLOB NOT NULL, seq INTEGER NOT NULL, \
                                     PRIMARY KEY (tag, seq)) WITHOUT ROWID;\n",
        );
        sql.push_str(&format!(
            "PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {FORMAT};\n"
        ));
        conn.execute_batch(&sql).map_err(store_error)?;
    }
    conn.execute_batch("COMMIT").map_err(store_error)
}

/// The cheap part of the question whether the file is whole. Damage that this
/// does not see is met, as an error, when the page is read.
fn check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let (mut tables, mut foreign) = (0, 0);
    let mut statement = conn
        .prepare("SELECT type, name FROM sqlite_schema")
        .map_err(store_error)?;
    let mut rows = statement.query([]).map_err(store_error)?;
    while let Some(row) = rows.next().map_err(store_error)? {
        let kind: String = row.get(0).map_err(store_error)?;
        let name: String = row.get(1).map_err(store_error)?;
        match kind.as_str() {
            "table" if is_ours(&name) => tables += 1,
            // A trigger or a view could quietly change what is written or read.
            "trigger" | "view" => foreign += 1,
            _ => {}
        }
    }
    if tables != Table::ALL.len() + 2 {
        return Err(StoreError::Damaged {
            detail: "a table is missing",
        });
    }
    if foreign != 0 {
        return Err(StoreError::Damaged {
            detail: "it holds a trigger or a view, which mailseal never makes",
        });
    }
    if std::fs::metadata(path).is_ok_and(|meta| meta.len() <= CHECK_WHOLE) {
        check_pages(conn, "PRAGMA quick_check(1)")?;
    }
    Ok(())
}

/// Runs SQLite's own check, which answers `ok` or with the first fault.
pub(super) fn check_pages(conn: &Connection, pragma: &'static str) -> Result<(), StoreError> {
    let answer: String = conn
        .query_row(pragma, [], |row| row.get(0))
        .map_err(store_error)?;
    if answer == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged {
            detail: "its pages contradict each other",
        })
    }
}

fn is_ours(name: &str) -> bool {
    matches!(name, "audit_leaf" | "audit_tag") || Table::ALL.iter().any(|t| t.name() == name)
}
