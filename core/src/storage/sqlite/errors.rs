//! SQLite's result codes as [`StoreError`]s. Its message texts are dropped:
//! they may repeat a path or a value.

use rusqlite::Error;

use crate::storage::StoreError;

// Primary result codes, https://sqlite.org/rescode.html
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
pub(super) const CANTOPEN: i32 = 14;
pub(super) const TOOBIG: i32 = 18;
const NOTADB: i32 = 26;

/// The extended result code, -1 for a fault found by rusqlite itself.
pub(super) fn code(error: &Error) -> i32 {
    match error {
        Error::SqliteFailure(e, _) => e.extended_code,
        Error::SqlInputError { error, .. } => error.extended_code,
        _ => -1,
    }
}

pub(super) fn store_error(error: Error) -> StoreError {
    let code = code(&error);
    match code & 0xff {
        // rusqlite's own: a column does not have the type that the schema says.
        _ if code == -1 => StoreError::Damaged {
            detail: "a value has another type than its column",
        },
        BUSY | LOCKED => StoreError::Busy,
        READONLY => StoreError::ReadOnly,
        CORRUPT => StoreError::Damaged {
            detail: "its pages contradict each other",
        },
        FULL => StoreError::Full,
        NOTADB => StoreError::Damaged {
            detail: "it is not an SQLite database",
        },
        _ => StoreError::Failed { code },
    }
}
