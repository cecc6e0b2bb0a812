//! Pickups, revocations and expiries in the audit log, in the transaction of
//! the change itself.

use std::sync::Arc;

use crate::audit::{Audit, Event, EventKind};
use crate::escrow::{EscrowEvent, EscrowEventKind, Recorder};
use crate::storage::Op;

/// Turns the escrow's events into audit entries.
#[derive(Debug)]
pub(super) struct PickupRecorder {
    audit: Arc<Audit>,
}

impl PickupRecorder {
    pub(super) fn new(audit: Arc<Audit>) -> Self {
        Self { audit }
    }
}

impl Recorder for PickupRecorder {
    fn record(&self, event: &EscrowEvent) -> Vec<Op> {
        let kind = match event.kind {
            EscrowEventKind::Released { .. } => EventKind::PickedUp,
            EscrowEventKind::FactorFailed { .. } => EventKind::PickupFailed,
            EscrowEventKind::ViewLimit => EventKind::ViewLimit,
            EscrowEventKind::Misdirected => EventKind::Misdirected,
            EscrowEventKind::Replied => EventKind::Replied,
            EscrowEventKind::Extended => EventKind::Extended,
            EscrowEventKind::Held => EventKind::Held,
            EscrowEventKind::HoldReleased => EventKind::HoldReleased,
            EscrowEventKind::Exported => EventKind::Exported,
            EscrowEventKind::Revoked => EventKind::Revoked,
            EscrowEventKind::Expired => EventKind::Expired,
            EscrowEventKind::Shredded => EventKind::Shredded,
        };
        let mut entry = Event::new(kind)
            .grant(event.grant)
            .item(event.item)
            .recipient(event.recipient)
            .message(event.message);
        if let EscrowEventKind::Released { level, .. } = event.kind {
            entry = entry.factor(level);
        }
        if let Some(tag) = event.audit_tag {
            entry = entry.address_tag(tag);
        }
        vec![self.audit.entry(&entry)]
    }
}
