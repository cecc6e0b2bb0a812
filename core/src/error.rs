//! The umbrella error: what any call of the client may return.
//!
//! Each room has an error of its own that says which part, which rule and what
//! to do; this one carries it through, with a stable [`Error::code`], a
//! [`Error::kind`] to branch on, and [`Error::is_retryable`]. None of them
//! holds an address, a subject, matched text, a token or a server's reply.
//!
//! ```
//! use mailseal::{Error, ErrorKind};
//! let error: Error = "not an address".parse::<mailseal::base::Address>().unwrap_err().into();
//! assert_eq!(error.kind(), ErrorKind::Input);
//! assert!(!error.is_retryable());
//! ```

use crate::audit::AuditError;
use crate::base::{AddressError, KeyFault, KeysError, ReceiptId, RecipientId};
use crate::compose::ComposeError;
use crate::deliver::DeliverError;
use crate::discover::{FixedError, KeyStoreError};
use crate::dlp::{HostError, RosterError};
use crate::escrow::EscrowError;
use crate::outbox::OutboxError;
use crate::policy::PolicyError;
use crate::seal::{KeyFileError, OpenError, SealError};
use crate::storage::StoreError;
use crate::wire::tls::RootsError;

/// What an error is about, to branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What the caller gave is not what it should be: an address, a message.
    Input,
    /// The configuration is not usable: policy, transport, keys.
    Config,
    /// The policy does not allow what was asked.
    Policy,
    /// The store failed.
    Storage,
    /// A pickup was refused: wrong link, factor, expired.
    Pickup,
    /// The audit log does not verify, or could not be written.
    Audit,
    /// The call does not fit what happened before: a plan used twice, an
    /// idempotency key given to another message.
    Conflict,
    /// This build or this client cannot do it.
    Unsupported,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Input,
        Self::Config,
        Self::Policy,
        Self::Storage,
        Self::Pickup,
        Self::Audit,
        Self::Conflict,
        Self::Unsupported,
    ];

    /// The word for it in other languages, logs and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Config => "config",
            Self::Policy => "policy",
            Self::Storage => "storage",
            Self::Pickup => "pickup",
            Self::Audit => "audit",
            Self::Conflict => "conflict",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Why a plan was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The policy refuses these recipients, and the caller has not dropped
    /// them. Nothing was sent to anybody.
    #[error("the policy refuses {} recipient(s) ({}); nothing was sent: drop them from the plan by id, or change message or policy", ids.len(), list(ids))]
    Refused {
        /// Which.
        ids: Vec<RecipientId>,
    },
    /// The plan expired, and planning again gave something weaker or other.
    #[error("the plan expired and a new one differs for {} recipient(s) ({}); nothing was sent: plan again and look", ids.len(), list(ids))]
    Changed {
        /// For whom.
        ids: Vec<RecipientId>,
    },
    /// All recipients were dropped.
    #[error("no recipient is left in the plan")]
    Empty,
    /// The idempotency key was used for another message.
    #[error(
        "the idempotency key was used for another message (receipt {receipt}); nothing was sent"
    )]
    IdempotencyConflict {
        /// What it was used for.
        receipt: ReceiptId,
    },
    /// The plan was used before.
    #[error(
        "the plan was used before (receipt {receipt}); nothing was given out again: plan the message anew"
    )]
    Used {
        /// What it was used for.
        receipt: ReceiptId,
    },
    /// The plan was used before, where a language cannot take it away from its
    /// caller: here a plan is moved, and the compiler says so.
    #[error("the plan was used before; nothing was sent again: plan the message anew")]
    AlreadyUsed,
    /// The copies of the message would take too much memory together.
    #[error(
        "the copies take {bytes} octets together, {limit} are allowed; nothing was sent: send to fewer recipients at a time"
    )]
    TooLarge {
        /// How many.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The policy may choose escrow, and the client was built without it.
    #[error("escrow was chosen, and the client was built without it: give the builder an escrow")]
    NoEscrow,
    /// The copy is not in a state in which this can be done.
    #[error("there is no copy in an unknown state under this receipt and recipient")]
    NotUnknown,
}

fn list(ids: &[RecipientId]) -> String {
    let shown: Vec<String> = ids.iter().take(10).map(ToString::to_string).collect();
    let more = if ids.len() > 10 { ", …" } else { "" };
    shown.join(", ") + more
}

impl PlanError {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "plan.refused",
            Self::Changed { .. } => "plan.changed",
            Self::Empty => "plan.empty",
            Self::IdempotencyConflict { .. } => "plan.idempotency_conflict",
            Self::Used { .. } => "plan.used",
            Self::AlreadyUsed => "plan.already_used",
            Self::TooLarge { .. } => "plan.too_large",
            Self::NoEscrow => "plan.no_escrow",
            Self::NotUnknown => "plan.not_unknown",
        }
    }
}

/// What any call of the client may return.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A message.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The policy's text.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The host's own knowledge, for the scanner.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The roster of patients.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// What the host says of domains.
    #[error(transparent)]
    Fixed(#[from] FixedError),
    /// The certificates that the host vouches for.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// The transport's configuration.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// Certificate authorities.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// The client's own configuration.
    #[error("the client cannot be built: {0}")]
    Config(&'static str),
    /// A plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A copy in the outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A certificate.
    #[error("the certificate must not be used: {0}")]
    Key(#[from] KeyFault),
    /// A key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Opening a message.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Escrow and pickup.
    #[error(transparent)]
    Escrow(#[from] EscrowError),
    /// The portal's options.
    #[cfg(feature = "portal")]
    #[error(transparent)]
    Portal(#[from] crate::portal::PortalError),
    /// The task that sends ended early: the runtime is shutting down. What was
    /// recorded goes on with `deliver_due` after a restart.
    #[error("the runtime is shutting down; recorded copies go on after a restart")]
    Shutdown,
    /// The client was closed. Said by bindings: in Rust a client is dropped.
    #[error("the client is closed: make a new one")]
    Closed,
    /// The client was made in another process: its threads and connections did
    /// not come along when this one was forked. Said by bindings.
    #[error(
        "the client was made before this process was forked, and its threads stayed behind: make the client in the process that uses it"
    )]
    Forked,
}

impl Error {
    /// What it is about.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Address(_)
            | Self::Compose(_)
            | Self::Open(_)
            | Self::Plan(PlanError::TooLarge { .. }) => ErrorKind::Input,
            Self::Keys(_)
            | Self::Key(_)
            | Self::KeyFile(_)
            | Self::Policy(_)
            | Self::Host(_)
            | Self::Roster(_)
            | Self::Fixed(_)
            | Self::KeyStore(_)
            | Self::Deliver(_)
            | Self::Roots(_)
            | Self::Config(_) => ErrorKind::Config,
            Self::Plan(PlanError::Refused { .. } | PlanError::Changed { .. }) => ErrorKind::Policy,
            Self::Plan(PlanError::NoEscrow) | Self::Seal(SealError::Unsupported) => {
                ErrorKind::Unsupported
            }
            Self::Plan(_)
            | Self::Store(StoreError::Conflict { .. })
            | Self::Closed
            | Self::Forked => ErrorKind::Conflict,
            Self::Store(_) | Self::Outbox(_) | Self::Shutdown => ErrorKind::Storage,
            Self::Audit(_) => ErrorKind::Audit,
            Self::Seal(_) => ErrorKind::Policy,
            Self::Escrow(_) => ErrorKind::Pickup,
            #[cfg(feature = "portal")]
            Self::Portal(_) => ErrorKind::Config,
        }
    }

    /// A stable code, `room.what`, for logs and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(e) => e.code(),
            Self::Compose(e) => e.code(),
            Self::Keys(e) => e.code(),
            Self::Policy(e) => e.code(),
            Self::Host(e) => e.code(),
            Self::Roster(e) => e.code(),
            Self::Fixed(e) => e.code(),
            Self::KeyStore(e) => e.code(),
            Self::Deliver(e) => e.code(),
            Self::Roots(e) => e.code(),
            Self::Config(_) => "client.config",
            Self::Plan(e) => e.code(),
            Self::Store(e) => e.code(),
            Self::Outbox(e) => e.code(),
            Self::Audit(e) => e.code(),
            Self::Seal(e) => e.code(),
            Self::Key(fault) => fault.code(),
            Self::KeyFile(e) => e.code(),
            Self::Open(e) => e.code(),
            Self::Escrow(e) => e.code(),
            #[cfg(feature = "portal")]
            Self::Portal(e) => e.code(),
            Self::Shutdown => "client.shutdown",
            Self::Closed => "client.closed",
            Self::Forked => "client.forked",
        }
    }

    /// The recipients that it is about, where it is about some of them.
    pub fn recipients(&self) -> &[RecipientId] {
        match self {
            Self::Plan(PlanError::Refused { ids } | PlanError::Changed { ids }) => ids,
            _ => &[],
        }
    }

    /// The earlier call of `send` or `seal` that stands in the way.
    pub fn receipt(&self) -> Option<ReceiptId> {
        match self {
            Self::Plan(
                PlanError::IdempotencyConflict { receipt } | PlanError::Used { receipt },
            ) => Some(*receipt),
            _ => None,
        }
    }

    /// Whether the same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(e) => e.is_retryable(),
            Self::Audit(e) => e.is_retryable(),
            Self::Escrow(e) => e.is_retryable(),
            Self::Shutdown => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_whom_and_which_call_it_is_about() {
        let ids = vec![RecipientId::new(1), RecipientId::new(3)];
        let refused: Error = PlanError::Refused { ids: ids.clone() }.into();
        assert_eq!(refused.recipients(), ids);
        assert_eq!(refused.receipt(), None);
        let receipt = ReceiptId::make_random();
        let used: Error = PlanError::Used { receipt }.into();
        assert_eq!(used.receipt(), Some(receipt));
        assert!(used.recipients().is_empty());
        assert_ne!(used.code(), Error::from(PlanError::AlreadyUsed).code());
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            ErrorKind::ALL.iter().map(|k| k.word()).collect();
        assert_eq!(words.len(), ErrorKind::ALL.len());
    }
}
