//! A small house: store, clock, keys, recorder and escrow.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailseal::base::{Clock, FactorLevel, GrantId, Keys, RecipientId, Secret, Timestamp};
use mailseal::escrow::{
    Draft, Escrow, EscrowError, EscrowEvent, Factor, GrantDraft, PasscodePlan, Prepared,
    PreparedGrant, Recorder,
};
use mailseal::storage::{MemoryStore, Op, Row, Store, Table};
use mailseal::testing::clock::TestClock;
use mailseal::testing::faulty_store::FaultyStore;
use serde_json::Value;

pub(crate) const MESSAGE: &[u8] =
    b"From: clinic@harbor.example\r\nTo: pat@mail.example\r\nSubject: canary-subject\r\n\r\ncanary-body F32.1\r\n";
pub(crate) const BASE: &str = "https://portal.example";
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Writes each event as a leaf, and keeps it for the test.
#[derive(Debug, Default)]
pub(crate) struct Events(pub(crate) Mutex<Vec<EscrowEvent>>);

impl Recorder for Events {
    fn record(&self, event: &EscrowEvent) -> Vec<Op> {
        self.0.lock().unwrap().push(event.clone());
        vec![Op::Append {
            leaf: format!("{:?} {}", event.kind, event.grant).into_bytes(),
            tags: event.audit_tag.into_iter().collect(),
        }]
    }
}

pub(crate) struct House {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: TestClock,
    pub(crate) keys: Keys,
    pub(crate) events: Arc<Events>,
    pub(crate) escrow: Escrow,
}

impl House {
    pub(crate) fn new() -> Self {
        let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::default());
        let (keys, events) = (Keys::make_ephemeral(), Arc::new(Events::default()));
        let escrow = Escrow::new(store.clone(), &keys, Arc::new(clock.clone()), BASE)
            .unwrap()
            .recorder(events.clone());
        Self {
            store,
            clock,
            keys,
            events,
            escrow,
        }
    }

    /// The same house over another view of its store.
    pub(crate) fn escrow_over(&self, store: Arc<dyn Store>) -> Escrow {
        Escrow::new(store, &self.keys, Arc::new(self.clock.clone()), BASE)
            .unwrap()
            .recorder(self.events.clone())
    }

    /// Where `then` comes right before commit `at`, counted from 0.
    pub(crate) fn escrow_between(
        &self,
        at: u64,
        then: impl Future<Output = ()> + Send + 'static,
    ) -> Escrow {
        let store = FaultyStore::new(self.store.clone());
        store.interfere_after(at, then);
        self.escrow_over(Arc::new(store))
    }

    /// A revocation, for [`House::escrow_between`].
    pub(crate) fn revoking(&self, grant: GrantId) -> impl Future<Output = ()> + Send + use<> {
        let escrow = self.escrow.clone();
        async move { escrow.revoke(grant).await.unwrap() }
    }

    pub(crate) fn expires(&self) -> Timestamp {
        self.clock.now().plus(14 * DAY)
    }

    pub(crate) async fn put(&self, message: &[u8], grants: Vec<GrantDraft>) -> Prepared {
        let draft = Draft::new(message, self.expires(), grants);
        let mut prepared = self.escrow.prepare(draft).await.unwrap();
        let ops = std::mem::take(&mut prepared.ops);
        self.store.commit(ops.into_iter().collect()).await.unwrap();
        prepared
    }

    pub(crate) async fn put_one(&self, grant: GrantDraft) -> PreparedGrant {
        self.put(MESSAGE, vec![grant]).await.grants.remove(0)
    }

    pub(crate) async fn rows(&self) -> Vec<(Table, Row)> {
        let mut all = Vec::new();
        for &table in Table::ALL {
            let rows = self.store.range(table, &[], None, 100_000).await.unwrap();
            all.extend(rows.into_iter().map(|row| (table, row)));
        }
        all
    }

    pub(crate) async fn leaves(&self) -> Vec<String> {
        let leaves = self.store.leaves(0, 100_000).await.unwrap();
        leaves
            .into_iter()
            .map(|l| String::from_utf8(l).unwrap())
            .collect()
    }

    pub(crate) async fn grant_json(&self, id: GrantId) -> Value {
        let row = self
            .store
            .get(Table::Grant, id.as_bytes())
            .await
            .unwrap()
            .unwrap();
        serde_json::from_slice(&row.value).unwrap()
    }

    pub(crate) async fn edit_grant(&self, id: GrantId, edit: impl FnOnce(&mut Value)) {
        let mut json = self.grant_json(id).await;
        edit(&mut json);
        let mut row = self
            .store
            .get(Table::Grant, id.as_bytes())
            .await
            .unwrap()
            .unwrap();
        row.value = serde_json::to_vec(&json).unwrap();
        self.write(Table::Grant, row).await;
    }

    pub(crate) async fn write(&self, table: Table, row: Row) {
        let batch = [Op::Put { table, row }].into_iter().collect();
        self.store.commit(batch).await.unwrap();
    }
}

pub(crate) fn grant(index: u32, floor: FactorLevel) -> GrantDraft {
    GrantDraft::new(RecipientId::new(index), floor)
}

pub(crate) fn with_passcode(index: u32) -> GrantDraft {
    grant(index, FactorLevel::P2).passcode(PasscodePlan::Make)
}

pub(crate) fn factor(grant: &PreparedGrant) -> Factor {
    grant
        .passcode
        .clone()
        .map_or(Factor::None, Factor::Passcode)
}

pub(crate) fn wrong() -> Factor {
    Factor::Passcode(Secret::from("0000-0000"))
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}

pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, EscrowError>) -> &'static str {
    result.unwrap_err().code()
}
