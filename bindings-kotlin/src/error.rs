//! Errors of the crate as exceptions.

use mailseal::{Error, ErrorKind};

/// What an error says. Nothing in it comes from a message.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub(crate) struct ErrorDetails {
    /// A stable code, `room.what`, for logs and programs.
    pub(crate) code: String,
    /// Whether the same call may succeed later without anybody's help.
    pub(crate) retryable: bool,
    /// What went wrong and what to do.
    pub(crate) text: String,
    /// The recipients that it is about, where it is about some of them.
    pub(crate) recipients: Vec<i32>,
    /// The earlier call that stands in the way, where there is one.
    pub(crate) receipt: Option<String>,
}

/// Why a call failed, by what it is about.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub(crate) enum NativeError {
    /// What the caller gave is not what it should be: an address, a message.
    #[error("{}", details.text)]
    Input {
        /// More of it.
        details: ErrorDetails,
    },
    /// The configuration is not usable: policy, transport, keys.
    #[error("{}", details.text)]
    Config {
        /// More of it.
        details: ErrorDetails,
    },
    /// The policy does not allow what was asked.
    #[error("{}", details.text)]
    Policy {
        /// More of it.
        details: ErrorDetails,
    },
    /// The store failed.
    #[error("{}", details.text)]
    Storage {
        /// More of it.
        details: ErrorDetails,
    },
    /// A pickup was refused.
    #[error("{}", details.text)]
    Pickup {
        /// More of it.
        details: ErrorDetails,
    },
    /// The audit log does not verify, or could not be written.
    #[error("{}", details.text)]
    Audit {
        /// More of it.
        details: ErrorDetails,
    },
    /// The call does not fit what happened before: a plan used twice, a client
    /// that was closed.
    #[error("{}", details.text)]
    Conflict {
        /// More of it.
        details: ErrorDetails,
    },
    /// This build or this client cannot do it.
    #[error("{}", details.text)]
    Unsupported {
        /// More of it.
        details: ErrorDetails,
    },
}

pub(crate) type Result<T> = std::result::Result<T, NativeError>;

impl<E: Into<Error>> From<E> for NativeError {
    fn from(error: E) -> Self {
        let error: Error = error.into();
        let details = ErrorDetails {
            code: error.code().to_owned(),
            retryable: error.is_retryable(),
            text: error.to_string(),
            recipients: error
                .recipients()
                .iter()
                .map(|id| crate::convert::id(*id))
                .collect(),
            receipt: error.receipt().map(|id| id.to_string()),
        };
        match error.kind() {
            ErrorKind::Input => Self::Input { details },
            ErrorKind::Config => Self::Config { details },
            ErrorKind::Policy => Self::Policy { details },
            ErrorKind::Storage => Self::Storage { details },
            ErrorKind::Pickup => Self::Pickup { details },
            ErrorKind::Audit => Self::Audit { details },
            ErrorKind::Conflict => Self::Conflict { details },
            // A kind that this version does not know is one that it cannot do.
            _ => Self::Unsupported { details },
        }
    }
}
