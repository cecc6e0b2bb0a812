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
            EscrowEventKind::MisdirectedClaim => EventKind::MisdirectedClaim,
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

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::base::{Clock, FactorLevel, Keys, RecipientId};
    use crate::escrow::{Draft, Escrow, Factor, GrantDraft};
    use crate::storage::{MemoryStore, Store};
    use crate::testing::clock::TestClock;
    use std::time::Duration;

    #[tokio::test]
    async fn the_last_view_and_a_misdirected_message_stand_in_the_log() {
        let (store, keys) = (Arc::new(MemoryStore::new()), Keys::make_ephemeral());
        let clock = Arc::new(TestClock::default());
        let audit = Audit::new(store.clone(), &keys, clock.clone(), "log.example").unwrap();
        let audit = Arc::new(audit);
        let escrow = Escrow::new(store.clone(), &keys, clock.clone(), "https://p.example");
        let recorder = PickupRecorder::new(Arc::clone(&audit));
        let escrow = escrow.unwrap().recorder(Arc::new(recorder));
        let expires = clock.now().plus(Duration::from_secs(60));
        let grant = GrantDraft::new(RecipientId::new(0), FactorLevel::P0).max_views(1);
        let draft = Draft::new(b"Subject: x\r\n\r\ny", expires, vec![grant]);
        let mut prepared = escrow.prepare(draft).await.unwrap();
        let ops = std::mem::take(&mut prepared.ops);
        store.commit(ops.into_iter().collect()).await.unwrap();
        let given = &prepared.grants[0];
        escrow.open(&given.link, &Factor::None, None).await.unwrap();
        #[allow(unused_mut)]
        let mut expected = vec![EventKind::PickedUp, EventKind::ViewLimit];
        #[cfg(feature = "portal")]
        {
            escrow.claim_misdirected(given.grant).await.unwrap();
            escrow.report_misdirected(given.grant).await.unwrap();
            expected.extend([EventKind::MisdirectedClaim, EventKind::Misdirected]);
        }
        let entries = audit.entries(0..10).await.unwrap();
        let kinds: Vec<_> = entries.iter().map(|e| e.record.kind).collect();
        assert_eq!(kinds, expected);
        assert!(entries.iter().all(|e| e.record.grant == Some(given.grant)));
    }
}
