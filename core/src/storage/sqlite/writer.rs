//! The one thread that writes, with group commit.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::errors::{TOOBIG, store_error};
use crate::storage::{Batch, Committed, Op, StoreError, Table};

/// So many batches share one transaction at most.
const GROUP: usize = 256;
/// A group takes no further batch once it holds so many bytes.
const GROUP_BYTES: usize = 8 << 20;
/// So long after a change the write-ahead log is emptied, if nothing else is
/// to be done; if it cannot be, it is tried again in growing intervals.
const IDLE: Duration = Duration::from_millis(500);
const IDLE_MAX: Duration = Duration::from_secs(60);

type Reply = oneshot::Sender<Result<Committed, StoreError>>;

pub(super) struct Request {
    pub(super) batch: Batch,
    pub(super) reply: Reply,
    /// Held until the batch is answered: bounds what waits.
    pub(super) _permit: OwnedSemaphorePermit,
}

pub(super) enum Message {
    Commit(Request),
    Purge(oneshot::Sender<Result<(), StoreError>>),
}

/// Serves until the last sender is gone.
pub(super) fn run(conn: &Connection, inbox: &Receiver<Message>, busy_timeout: Duration) {
    // Whether the write-ahead log may still hold what was deleted.
    let mut residue = false;
    let mut idle = IDLE;
    loop {
        let first = if residue {
            match inbox.recv_timeout(idle) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    // A reader in another process may hold the log; then later.
                    residue = empty_log(conn, Duration::ZERO, busy_timeout).is_err();
                    idle = if residue {
                        IDLE_MAX.min(2 * idle)
                    } else {
                        IDLE
                    };
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        } else {
            match inbox.recv() {
                Ok(message) => message,
                Err(_) => break,
            }
        };
        let mut group = Vec::new();
        let mut purges = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Commit(request) => {
                    bytes += size(&request.batch);
                    residue |= overwrites(&request.batch);
                    group.push(request);
                }
                Message::Purge(reply) => purges.push(reply),
            }
            if group.len() < GROUP && bytes < GROUP_BYTES {
                next = inbox.try_recv().ok();
            }
        }
        commit(conn, group);
        for reply in purges {
            let done = empty_log(conn, busy_timeout, busy_timeout);
            residue &= done.is_err();
            let _ = reply.send(done);
        }
    }
}

fn size(batch: &Batch) -> usize {
    let of = |op: &Op| match op {
        Op::Put { row, .. } | Op::Insert { row, .. } | Op::Replace { row, .. } => {
            row.key.len() + row.value.len()
        }
        Op::Delete { key, .. } => key.len(),
        Op::Append { leaf, tags } => leaf.len() + 40 * tags.len(),
    };
    batch.ops().iter().map(of).sum()
}

/// Whether something that was there may be gone after it.
fn overwrites(batch: &Batch) -> bool {
    let gone = |op: &Op| matches!(op, Op::Delete { .. } | Op::Put { .. } | Op::Replace { .. });
    batch.ops().iter().any(gone)
}

/// Moves the write-ahead log into the database and cuts it to nothing.
fn empty_log(conn: &Connection, wait: Duration, usual: Duration) -> Result<(), StoreError> {
    conn.busy_timeout(wait).map_err(store_error)?;
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, i64>(0)
    });
    conn.busy_timeout(usual).map_err(store_error)?;
    match busy.map_err(store_error)? {
        0 => Ok(()),
        _ => Err(StoreError::Busy),
    }
}

fn commit(conn: &Connection, group: Vec<Request>) {
    if group.is_empty() {
        return;
    }
    let batches: Vec<&Batch> = group.iter().map(|request| &request.batch).collect();
    let outcome = transaction(conn, &batches);
    match outcome {
        Ok(results) => {
            for (request, result) in group.into_iter().zip(results) {
                // A caller that went away does not want to know.
                let _ = request.reply.send(result);
            }
        }
        // One batch may be too large for what is left while the others fit.
        Err(StoreError::Full | StoreError::Failed { code: TOOBIG }) if group.len() > 1 => {
            for request in group {
                let result = transaction(conn, &[&request.batch]).and_then(|results| {
                    results
                        .into_iter()
                        .next()
                        .unwrap_or(Err(StoreError::Closed))
                });
                let _ = request.reply.send(result);
            }
        }
        Err(error) => {
            for request in group {
                let _ = request.reply.send(Err(error.clone()));
            }
        }
    }
}

/// All batches in one transaction, each with a savepoint of its own: a
/// conflict undoes that batch alone.
fn transaction(
    conn: &Connection,
    batches: &[&Batch],
) -> Result<Vec<Result<Committed, StoreError>>, StoreError> {
    // IMMEDIATE takes the write lock now, so that what is read inside (the
    // next leaf's number) stays true, whatever other processes do.
    run_sql(conn, "BEGIN IMMEDIATE")?;
    let done = within(conn, batches).and_then(|results| {
        run_sql(conn, "COMMIT")?;
        Ok(results)
    });
    // SQLite rolls back by itself after some errors (a full disk).
    if done.is_err() && !conn.is_autocommit() {
        let _ = run_sql(conn, "ROLLBACK");
    }
    done
}

fn within(
    conn: &Connection,
    batches: &[&Batch],
) -> Result<Vec<Result<Committed, StoreError>>, StoreError> {
    let mut next: Option<i64> = None;
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        run_sql(conn, "SAVEPOINT batch")?;
        let before = next;
        let result = apply(conn, batch, &mut next);
        match &result {
            Ok(_) => {}
            Err(StoreError::Conflict { .. }) => {
                run_sql(conn, "ROLLBACK TO batch")?;
                next = before;
            }
            Err(_) => {
                result?;
                continue;
            }
        }
        run_sql(conn, "RELEASE batch")?;
        results.push(result);
    }
    Ok(results)
}

fn apply(
    conn: &Connection,
    batch: &Batch,
    next: &mut Option<i64>,
) -> Result<Committed, StoreError> {
    let mut committed = Committed::default();
    for op in batch.ops() {
        match op {
            Op::Put { table, row } => {
                let sql = statements(*table).put;
                execute(conn, sql, params![row.key, row.value, due(row)])?;
            }
            Op::Insert { table, row } => {
                let sql = statements(*table).insert;
                let rows = execute(conn, sql, params![row.key, row.value, due(row)])?;
                expect_one(rows, *table)?;
            }
            Op::Replace {
                table,
                expected,
                row,
            } => {
                let sql = statements(*table).replace;
                let rows = execute(conn, sql, params![row.key, row.value, due(row), expected])?;
                expect_one(rows, *table)?;
            }
            Op::Delete { table, key } => {
                execute(conn, statements(*table).delete, params![key])?;
            }
            Op::Append { leaf, tags } => {
                let number = match *next {
                    Some(number) => number,
                    None => next_number(conn)?,
                };
                execute(
                    conn,
                    "INSERT INTO audit_leaf (seq, leaf) VALUES (?1, ?2)",
                    params![number, leaf],
                )?;
                for tag in tags {
                    execute(
                        conn,
                        "INSERT INTO audit_tag (tag, seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                        params![tag, number],
                    )?;
                }
                *next = Some(number + 1);
                committed.leaves.push(number.unsigned_abs());
            }
        }
    }
    Ok(committed)
}

fn due(row: &crate::storage::Row) -> Option<i64> {
    row.due.map(crate::base::Timestamp::unix_ms)
}

fn expect_one(rows: usize, table: Table) -> Result<(), StoreError> {
    match rows {
        1 => Ok(()),
        _ => Err(StoreError::Conflict { table }),
    }
}

fn next_number(conn: &Connection) -> Result<i64, StoreError> {
    conn.prepare_cached("SELECT coalesce(max(seq), -1) + 1 FROM audit_leaf")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(store_error)
}

fn run_sql(conn: &Connection, sql: &'static str) -> Result<(), StoreError> {
    execute(conn, sql, []).map(|_| ())
}

fn execute(
    conn: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<usize, StoreError> {
    conn.prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map_err(store_error)
}

/// The statements that write one table.
struct Statements {
    put: &'static str,
    insert: &'static str,
    replace: &'static str,
    delete: &'static str,
}

fn statements(table: Table) -> Statements {
    macro_rules! of {
        ($name:literal) => {
            Statements {
                put: concat!(
                    "INSERT INTO ",
                    $name,
                    " (key, value, due) VALUES (?1, ?2, ?3) ",
                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, due = excluded.due"
                ),
                insert: concat!(
                    "INSERT INTO ",
                    $name,
                    " (key, value, due) VALUES (?1, ?2, ?3) ",
                    "ON CONFLICT (key) DO NOTHING"
                ),
                replace: concat!(
                    "UPDATE ",
                    $name,
                    " SET value = ?2, due = ?3 WHERE key = ?1 AND value = ?4"
                ),
                delete: concat!("DELETE FROM ", $name, " WHERE key = ?1"),
            }
        };
    }
    match table {
        Table::Receipt => of!("receipt"),
        Table::Idempotency => of!("idempotency"),
        Table::Outbox => of!("outbox"),
        Table::Body => of!("body"),
        Table::Item => of!("item"),
        Table::Part => of!("part"),
        Table::Grant => of!("grants"),
        Table::Session => of!("session"),
        Table::Code => of!("code"),
        Table::Reply => of!("reply"),
        Table::ReplyPart => of!("reply_part"),
        Table::Meta => of!("meta"),
        Table::Cache => of!("cache"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_name_their_tables() {
        for &table in Table::ALL {
            let Statements {
                put,
                insert,
                replace,
                delete,
            } = statements(table);
            for sql in [put, insert, replace, delete] {
                assert!(sql.contains(&format!(" {} ", table.name())), "{sql}");
            }
        }
    }
}
