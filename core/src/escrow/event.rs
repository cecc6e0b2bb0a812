//! What the escrow tells its recorder.

use crate::base::{FactorLevel, GrantId, ItemId, MessageId, RecipientId, Timestamp};
use crate::storage::Op;

use super::grant::GrantRecord;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EscrowEventKind {
    /// The content is about to be released to who showed link and factor.
    Released {
        /// Whether for the first time.
        first: bool,
        /// The level that was asked for.
        level: FactorLevel,
    },
    /// Link right, passcode or passphrase wrong.
    FactorFailed {
        /// Tries left before the next must wait.
        tries_left: u32,
    },
    /// The last view that the sender allowed was just taken.
    ViewLimit,
    /// The recipient said that the message is not for them; the grant was
    /// revoked.
    Misdirected,
    /// Who showed the link and no factor said that the message is not for them.
    /// The grant stays.
    MisdirectedClaim,
    /// The recipient's reply was handed to the host.
    Replied,
    /// The grant's expiry was put off.
    Extended,
    /// The grant's item was put on hold: pickups end, the keys stay.
    Held,
    /// The hold was lifted.
    HoldReleased,
    /// The grant's item was exported for the holder of the archive key.
    Exported,
    /// The host took the grant back.
    Revoked,
    /// The grant's time was over and its server share was deleted.
    Expired,
    /// The grant, its item and content were deleted.
    Shredded,
}

/// A change of state of a grant. It names nobody: people stand in it as
/// [`RecipientId`] and as the tag that the host gave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EscrowEvent {
    /// What happened.
    pub kind: EscrowEventKind,
    /// When.
    pub at: Timestamp,
    /// The item.
    pub item: ItemId,
    /// The grant.
    pub grant: GrantId,
    /// Whose grant.
    pub recipient: RecipientId,
    /// The message, as the host called it.
    pub message: Option<MessageId>,
    /// The audit log's keyed tag of the recipient, as the host gave it.
    pub audit_tag: Option<[u8; 32]>,
}

impl EscrowEvent {
    pub(super) fn new(kind: EscrowEventKind, at: Timestamp, record: &GrantRecord) -> Self {
        Self {
            kind,
            at,
            item: record.item,
            grant: record.id,
            recipient: record.recipient,
            message: record.message,
            audit_tag: record.audit_tag(),
        }
    }
}

/// Turns events into audit entries. What it gives is committed in the same
/// batch as the change that the event speaks of; a release is committed before
/// the server share is used.
pub trait Recorder: std::fmt::Debug + Send + Sync + 'static {
    /// The changes that record `event`.
    fn record(&self, event: &EscrowEvent) -> Vec<Op>;
}

/// Records nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn record(&self, _event: &EscrowEvent) -> Vec<Op> {
        Vec::new()
    }
}
