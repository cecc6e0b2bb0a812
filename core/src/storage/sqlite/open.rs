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
///
/// 2 has four tables more than 1: `session`, `code`, `reply`, `reply_part`.
const FORMAT: i64 = 2;
/// The tables that came with format 2.
const SINCE_2: [Table; 4] = [Table::Session, Table::Code, Table::Reply, Table::ReplyPart];
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
        let state = inspect(&conn).map_err(|e| match e {
            StoreError::Failed { code } if code & 0xff == CANTOPEN => StoreError::ReadOnly,
            other => other,
        })?;
        if conn.is_readonly("main").map_err(store_error)? {
            return Err(StoreError::ReadOnly);
        }
        self.prepare_writer(&conn).map_err(|e| self.opening(e))?;
        match state {
            State::Fresh => change(&conn, create_within)?,
            State::Older => {
                change(&conn, |conn| upgrade_within(conn, &self.path))?;
                check(&conn, &self.path, Table::ALL.len())?;
            }
            State::Current => check(&conn, &self.path, Table::ALL.len())?,
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

/// What is in a file that is ours to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing yet.
    Fresh,
    /// A format that this version can bring to its own.
    Older,
    /// The format of this version.
    Current,
}

/// What is in the file; an error if it is not ours to use.
fn inspect(conn: &Connection) -> Result<State, StoreError> {
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
        (0, 0) if objects == 0 => Ok(State::Fresh),
        (APPLICATION_ID, FORMAT) => Ok(State::Current),
        (APPLICATION_ID, 1..FORMAT) => Ok(State::Older),
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

/// Makes a change of the format whole or not at all.
fn change(
    conn: &Connection,
    within: impl FnOnce(&Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    conn.execute_batch("BEGIN IMMEDIATE").map_err(store_error)?;
    let done = within(conn).and_then(|()| conn.execute_batch("COMMIT").map_err(store_error));
    if done.is_err() && !conn.is_autocommit() {
        // The error to report is the first one.
        let _ = conn.execute_batch("ROLLBACK");
    }
    done
}

fn create_within(conn: &Connection) -> Result<(), StoreError> {
    // Another process may have been quicker.
    if inspect(conn)? != State::Fresh {
        return Ok(());
    }
    let mut sql = tables(Table::ALL);
    sql.push_str(
        "CREATE TABLE audit_leaf (seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL);\n\
         CREATE TABLE audit_tag (tag BLOB NOT NULL, seq INTEGER NOT NULL, \
                                 PRIMARY KEY (tag, seq)) WITHOUT ROWID;\n",
    );
    sql.push_str(&format!("PRAGMA application_id = {APPLICATION_ID};\n"));
    sql.push_str(&format!("PRAGMA user_version = {FORMAT};\n"));
    conn.execute_batch(&sql).map_err(store_error)
}

/// Brings a file of format 1 to format 2. What is in it stays as it is.
fn upgrade_within(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    if inspect(conn)? != State::Older {
        return Ok(());
    }
    // What is damaged is not made newer.
    check(conn, path, Table::ALL.len() - SINCE_2.len())?;
    let mut sql = tables(&SINCE_2);
    sql.push_str(&format!("PRAGMA user_version = {FORMAT};\n"));
    conn.execute_batch(&sql).map_err(store_error)
}

fn tables(tables: &[Table]) -> String {
    let mut sql = String::new();
    for table in tables {
        let name = table.name();
        sql.push_str(&format!(
            "CREATE TABLE {name} (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, due INTEGER);\n\
             CREATE INDEX {name}_due ON {name} (due, key) WHERE due IS NOT NULL;\n"
        ));
    }
    sql
}

/// The cheap part of the question whether the file is whole. Damage that this
/// does not see is met, as an error, when the page is read.
fn check(conn: &Connection, path: &Path, expected: usize) -> Result<(), StoreError> {
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
    // The log's two tables come on top.
    if tables != expected + 2 {
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
