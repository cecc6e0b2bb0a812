//! What can be wrong with the log, a checkpoint or a proof.

use crate::storage::StoreError;

/// Why something is not proven. It never holds an entry's content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log's name cannot be used in a signed note.
    #[error(
        "the log's origin must be 1 to 200 characters without spaces, control characters or `+`, such as `harbor.example/mailseal`"
    )]
    Origin,
    /// A checkpoint, proof or key is not in its format.
    #[error("not in the format of {format}: {detail}")]
    Format {
        /// Which format, by its C2SP name.
        format: &'static str,
        /// What is wrong, in fixed words.
        detail: &'static str,
    },
    /// The checkpoint carries no signature of the expected key, or a wrong one.
    #[error(
        "the checkpoint is not signed by this log's key: it was changed, or belongs to another log or installation key"
    )]
    Signature,
    /// The checkpoint is another log's.
    #[error("the checkpoint's origin is not this log's")]
    OtherLog,
    /// The log has fewer entries than the checkpoint saw.
    #[error("the log was cut short: the checkpoint saw {expected} entries, {found} are there")]
    Truncated {
        /// Entries at the time of the checkpoint.
        expected: u64,
        /// Entries now.
        found: u64,
    },
    /// The first `size` entries are not those that the checkpoint saw.
    #[error(
        "the log was changed: among its first {size} entries one was edited, removed, added or moved"
    )]
    Changed {
        /// The checkpoint's size.
        size: u64,
    },
    /// The log became shorter while this process ran.
    #[error("the log became shorter while in use: from {known} to {found} entries")]
    Shrunk {
        /// Entries this process has seen.
        known: u64,
        /// Entries now.
        found: u64,
    },
    /// An entry is not one that this version writes or knows.
    #[error("entry {index} is damaged, or written by a newer mailseal")]
    Entry {
        /// Which.
        index: u64,
    },
    /// The index of addresses names an entry that is about another one.
    #[error(
        "the index was changed: it lists entry {index} under an address which that entry is not about; search without the index"
    )]
    Index {
        /// Which.
        index: u64,
    },
    /// The proof does not prove what it should.
    #[error("the proof does not match: entry, position and root do not belong together")]
    Proof,
    /// An index or a size that the log does not have.
    #[error("entry or size {asked} is out of range: the log has {size} entries")]
    Range {
        /// What was asked for.
        asked: u64,
        /// What there is.
        size: u64,
    },
    /// A line of an export is longer than an entry can be.
    #[error("line {line} of the export is longer than an entry can be")]
    LineTooLong {
        /// Which, counted from 1.
        line: u64,
    },
    /// The export could not be read or written.
    #[error("the export could not be read or written ({0})")]
    Io(std::io::ErrorKind),
}

impl AuditError {
    /// A stable code for logs and bindings.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Origin => "audit.origin",
            Self::Format { .. } => "audit.format",
            Self::Signature => "audit.signature",
            Self::OtherLog => "audit.other_log",
            Self::Truncated { .. } => "audit.truncated",
            Self::Changed { .. } => "audit.changed",
            Self::Shrunk { .. } => "audit.shrunk",
            Self::Entry { .. } => "audit.entry",
            Self::Index { .. } => "audit.index",
            Self::Proof => "audit.proof",
            Self::Range { .. } => "audit.range",
            Self::LineTooLong { .. } => "audit.line_too_long",
            Self::Io(_) => "audit.io",
        }
    }

    /// Whether the same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}
