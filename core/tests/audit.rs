//! The audit log as a host, an auditor and a thief of the database see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use mailseal::audit::{
    Audit, AuditError, Checkpoint, Entry, Event, EventKind, Proof, VerifierKey, leaf_hash,
    verify_consistency, verify_export, verify_inclusion,
};
use mailseal::base::{
    Address, Clock, GrantId, ItemId, Keys, MessageId, ReceiptId, RecipientId, Route, Sensitivity,
    Timestamp, TlsAssurance,
};
use mailseal::deliver::{Attempt, Cause, Delivery, EnhancedCode, Stage};
use mailseal::storage::{Batch, Committed, MemoryStore, Op, Row, Store, StoreError, Table};
use mailseal::testing::clock::TestClock;

const ORIGIN: &str = "harbor.example/mailseal";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn keys() -> Keys {
    Keys::from_bytes([7; 32])
}

fn open(store: Arc<dyn Store>) -> Audit {
    Audit::new(store, &keys(), Arc::new(TestClock::default()), ORIGIN).unwrap()
}

async fn record(audit: &Audit, store: &dyn Store, event: Event) -> u64 {
    let batch = Batch::from_iter([audit.entry(&event)]);
    store.commit(batch).await.unwrap().leaves[0]
}

/// A log of `n` entries about `n` recipients.
async fn filled(store: Arc<dyn Store>, n: u64) -> Audit {
    let audit = open(store.clone());
    for i in 0..n {
        let event = Event::new(EventKind::Intent)
            .recipient(RecipientId::new(u32::try_from(i).unwrap()))
            .address(&address(&format!("p{i}@mail.example")));
        record(&audit, &*store, event).await;
    }
    audit
}

/// A store whose leaves somebody has changed.
#[derive(Debug, Clone, Default)]
struct Tampered {
    inner: MemoryStore,
    leaves: Arc<Mutex<Option<Vec<Vec<u8>>>>>,
    tags: Arc<Mutex<Option<Vec<u64>>>>,
}

#[async_trait]
impl Store for Tampered {
    async fn commit(&self, batch: Batch) -> Result<Committed, StoreError> {
        self.inner.commit(batch).await
    }
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.inner.get(table, key).await
    }
    async fn range(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.range(table, prefix, after, limit).await
    }
    async fn due(&self, t: Table, now: Timestamp, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.inner.due(t, now, limit).await
    }
    async fn log_size(&self) -> Result<u64, StoreError> {
        let changed = self.leaves.lock().unwrap().as_ref().map(|l| l.len() as u64);
        match changed {
            Some(size) => Ok(size),
            None => self.inner.log_size().await,
        }
    }
    async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let changed = self.leaves.lock().unwrap().clone();
        match changed {
            Some(leaves) => {
                let from = usize::try_from(from).unwrap();
                Ok(leaves.into_iter().skip(from).take(limit).collect())
            }
            None => self.inner.leaves(from, limit).await,
        }
    }
    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<u64>, StoreError> {
        let changed = self.tags.lock().unwrap().clone();
        match changed {
            Some(numbers) => Ok(numbers),
            None => self.inner.tagged(tag).await,
        }
    }
}

/// Every single change to a log, named.
fn tamperings(leaves: &[Vec<u8>]) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut all = Vec::new();
    for i in 0..leaves.len() {
        let mut edited = leaves.to_vec();
        let middle = edited[i].len() / 2;
        edited[i][middle] ^= 1;
        all.push((format!("edit {i}"), edited));
        let mut removed = leaves.to_vec();
        removed.remove(i);
        all.push((format!("remove {i}"), removed.clone()));
        // Removed, and something put at the end so that the number is right.
        removed.push(leaves[0].clone());
        all.push((format!("remove {i}, append"), removed));
        let mut doubled = leaves.to_vec();
        doubled.insert(i, leaves[i].clone());
        all.push((format!("double {i}"), doubled));
        for j in i + 1..leaves.len() {
            let mut swapped = leaves.to_vec();
            swapped.swap(i, j);
            all.push((format!("swap {i} {j}"), swapped));
        }
        all.push((format!("truncate to {i}"), leaves[..i].to_vec()));
    }
    all
}

#[tokio::test]
async fn t29_every_edit_removal_reorder_and_truncation_is_found() {
    let store = Tampered::default();
    let audit = filled(Arc::new(store.clone()), 11).await;
    let kept = audit.checkpoint().await.unwrap();
    let vkey = audit.verifier_key().clone();
    let sound = store.inner.leaves(0, 100).await.unwrap();
    let mut found = 0;
    for (what, leaves) in tamperings(&sound) {
        let mut export = leaves.join(&b'\n');
        if !leaves.is_empty() {
            export.push(b'\n');
        }
        // A leaf doubled at the very end stands behind what the checkpoint
        // covers: it is an append.
        let expected_size = leaves.len() as u64;
        let append_only = leaves.len() > sound.len() && leaves[..sound.len()] == sound[..];
        *store.leaves.lock().unwrap() = Some(leaves);
        // Nor is a changed log signed again after a restart.
        let restarted = open(Arc::new(store.clone()));
        let next = restarted.checkpoint_after(&kept).await;
        assert_eq!(next.is_ok(), append_only, "{what}: {next:?}");
        // A fresh one, as after a restart, and the one that wrote the log.
        for verdict in [
            open(Arc::new(store.clone())).verify(&kept).await,
            audit.verify(&kept).await,
            verify_export(&export[..], &kept, &vkey),
        ] {
            match verdict {
                Ok(verified) if append_only => assert_eq!(verified.beyond, 1),
                Err(AuditError::Truncated {
                    expected: 11,
                    found,
                }) => {
                    assert_eq!(found, expected_size, "{what}");
                }
                Err(AuditError::Changed { size: 11 }) => assert!(expected_size >= 11, "{what}"),
                other => panic!("{what}: {other:?}"),
            }
        }
        found += 1;
    }
    assert_eq!(found, 11 * 5 + 55);
    *store.leaves.lock().unwrap() = None;
    assert_eq!(audit.verify(&kept).await.unwrap().covered, 11);
}

#[tokio::test]
async fn a_log_that_grew_verifies_against_every_old_checkpoint() {
    let store = Arc::new(MemoryStore::new());
    let audit = open(store.clone());
    let mut kept = vec![audit.checkpoint().await.unwrap()];
    for _ in 0..20 {
        record(&audit, &*store, Event::new(EventKind::Intent)).await;
        let next = audit.checkpoint_after(&kept[kept.len() / 2]).await.unwrap();
        assert_eq!(next, audit.checkpoint().await.unwrap());
        kept.push(next);
    }
    let mut export = Vec::new();
    assert_eq!(audit.export(&mut export).await.unwrap(), 20);
    for (size, checkpoint) in kept.iter().enumerate() {
        let text = checkpoint.to_string();
        let read: Checkpoint = text.parse().unwrap();
        assert_eq!(read, *checkpoint);
        assert_eq!((read.origin(), read.size()), (ORIGIN, size as u64));
        let verified = audit.verify(&read).await.unwrap();
        assert_eq!(
            (verified.covered, verified.beyond),
            (size as u64, 20 - size as u64)
        );
        let offline = verify_export(&export[..], &read, audit.verifier_key()).unwrap();
        assert_eq!(offline, verified);
    }
}

#[tokio::test]
async fn a_checkpoint_is_of_one_key_and_one_log() {
    let store = Arc::new(MemoryStore::new());
    let audit = filled(store.clone(), 3).await;
    let kept = audit.checkpoint().await.unwrap();
    let clock = || Arc::new(TestClock::default());
    // The same keys after a restart verify it, other keys or origins do not.
    open(store.clone()).verify(&kept).await.unwrap();
    let others = [
        Audit::new(store.clone(), &Keys::make_ephemeral(), clock(), ORIGIN).unwrap(),
        Audit::new(store.clone(), &keys(), clock(), "other.example/mailseal").unwrap(),
    ];
    for other in others {
        assert_eq!(other.verify(&kept).await, Err(AuditError::Signature));
        let theirs = other.checkpoint().await.unwrap();
        assert_eq!(audit.verify(&theirs).await, Err(AuditError::Signature));
    }
    // A changed checkpoint is nobody's.
    let text = kept.to_string();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        if let Ok(checkpoint) = changed.parse::<Checkpoint>() {
            assert_eq!(audit.verify(&checkpoint).await, Err(AuditError::Signature));
        }
    }
    let vkey: VerifierKey = audit.verifier_key().to_string().parse().unwrap();
    assert_eq!(vkey, *audit.verifier_key());
    for origin in ["", "two words", "a+b", "line\nbreak", &"x".repeat(201)] {
        let result = Audit::new(store.clone(), &keys(), clock(), origin);
        assert!(matches!(result, Err(AuditError::Origin)), "{origin:?}");
    }
}

#[tokio::test]
async fn proofs_verify_offline_for_every_entry_and_size() {
    let store = Arc::new(MemoryStore::new());
    let audit = filled(store.clone(), 17).await;
    let leaves = store.leaves(0, 100).await.unwrap();
    let mut roots = Vec::new();
    let growing = MemoryStore::new();
    for leaf in &leaves {
        let op = Op::Append {
            leaf: leaf.clone(),
            tags: vec![],
        };
        growing.commit(Batch::from_iter([op])).await.unwrap();
        let checkpoint = open(Arc::new(growing.clone())).checkpoint().await.unwrap();
        roots.push(*checkpoint.root());
    }
    for size in 1..=17u64 {
        let root = &roots[size as usize - 1];
        for index in 0..size {
            let proof = audit.inclusion_proof(index, size).await.unwrap();
            let leaf = &leaves[index as usize];
            verify_inclusion(leaf, index, size, &proof, root).unwrap();
        }
        for old in 1..=size {
            let proof = audit.consistency_proof(old, size).await.unwrap();
            verify_consistency(old, size, &proof, &roots[old as usize - 1], root).unwrap();
        }
    }
    let range = |asked, size| Err(AuditError::Range { asked, size });
    assert_eq!(audit.inclusion_proof(17, 17).await, range(17, 17));
    assert_eq!(audit.inclusion_proof(0, 18).await, range(18, 17));
    assert_eq!(audit.consistency_proof(9, 8).await, range(9, 8));
    assert_eq!(audit.consistency_proof(9, 18).await, range(18, 17));
    assert_eq!(leaf_hash(b""), hash_of_nothing());
}

/// CT's reference vector for an empty leaf.
fn hash_of_nothing() -> [u8; 32] {
    let hex = b"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    data_encoding::HEXLOWER
        .decode(hex)
        .unwrap()
        .try_into()
        .unwrap()
}

#[tokio::test]
async fn a_proof_file_stands_alone() {
    let store = Arc::new(MemoryStore::new());
    let audit = filled(store.clone(), 300).await;
    let vkey = audit.verifier_key().clone();
    let leaf = store.leaves(123, 1).await.unwrap().remove(0);
    let text = audit.prove(123).await.unwrap().to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 123\n"));
    let proof: Proof = text.parse().unwrap();
    assert_eq!(proof.to_string(), text);
    assert_eq!(proof.checkpoint().size(), 300);
    proof.verify(&leaf, &vkey).unwrap();
    let other = store.leaves(124, 1).await.unwrap().remove(0);
    assert_eq!(proof.verify(&other, &vkey), Err(AuditError::Proof));
    let moved: Proof = text.replace("index 123", "index 124").parse().unwrap();
    assert_eq!(moved.verify(&leaf, &vkey), Err(AuditError::Proof));
    let grown: Proof = text.replace("\n300\n", "\n301\n").parse().unwrap();
    assert_eq!(grown.verify(&leaf, &vkey), Err(AuditError::Signature));
}

#[tokio::test]
async fn what_went_to_an_address_is_found_and_nothing_else() {
    let store = Arc::new(MemoryStore::new());
    let clock = TestClock::default();
    let audit = Audit::new(store.clone(), &keys(), Arc::new(clock.clone()), ORIGIN).unwrap();
    let (pat, kim) = (address("pat@mail.example"), address("kim@mail.example"));
    let (message, receipt) = (MessageId::make_random(), ReceiptId::make_random());
    let mut expected = Vec::new();
    for i in 0..6u32 {
        let event = Event::new(EventKind::Intent)
            .message(message)
            .receipt(receipt)
            .recipient(RecipientId::new(i))
            .route(Route::Tls)
            .sensitivity(Sensitivity::Phi)
            .transport_floor(TlsAssurance::Authenticated)
            .reasons(["tls.authenticated"])
            .address(if i % 2 == 0 { &pat } else { &kim });
        let index = record(&audit, &*store, event).await;
        if i % 2 == 0 {
            expected.push((index, clock.now()));
        }
        clock.advance(Duration::from_secs(60));
    }
    record(&audit, &*store, Event::new(EventKind::Shredded)).await;
    let seen = |entries: &[Entry]| -> Vec<_> {
        entries.iter().map(|e| (e.index, e.record.time)).collect()
    };
    // One mailbox, however it is spelt, also after a restart.
    for spelling in ["pat@mail.example", "\"Pat\"@MAIL.example."] {
        let found = open(store.clone()).about(&address(spelling)).await.unwrap();
        assert_eq!(seen(&found), expected);
        let slow = audit.about_without_index(&address(spelling)).await.unwrap();
        assert_eq!(slow, found);
    }
    let nobody = audit.about(&address("nobody@mail.example")).await.unwrap();
    assert_eq!(nobody, []);
    assert_eq!(audit.of_message(message).await.unwrap().len(), 6);
    assert_eq!(audit.of_receipt(receipt).await.unwrap().len(), 6);
    assert_eq!(
        audit.of_message(MessageId::make_random()).await.unwrap(),
        []
    );
    let all = audit.entries(0..u64::MAX).await.unwrap();
    assert_eq!(all.len(), 7);
    let record = &all[0].record;
    assert_eq!(record.kind, EventKind::Intent);
    assert_eq!(record.message, Some(message));
    assert_eq!(record.route, Some(Route::Tls));
    assert_eq!(record.transport_floor, Some(TlsAssurance::Authenticated));
    assert_eq!(record.reasons, ["tls.authenticated"]);
    assert!(
        all[0].to_string().contains("2026-01-05T09:00:00Z  intent"),
        "{}",
        all[0]
    );
    // With other keys nobody is found.
    let thief = Keys::make_ephemeral();
    let thief = Audit::new(store.clone(), &thief, Arc::new(clock), ORIGIN).unwrap();
    assert_eq!(thief.about(&pat).await.unwrap(), []);
    assert_eq!(thief.about_without_index(&pat).await.unwrap(), []);
}

#[tokio::test]
async fn a_changed_index_is_noticed_or_gone_around() {
    let store = Tampered::default();
    let audit = filled(Arc::new(store.clone()), 5).await;
    let who = address("p2@mail.example");
    *store.tags.lock().unwrap() = Some(vec![2, 3]);
    assert_eq!(audit.about(&who).await, Err(AuditError::Index { index: 3 }));
    *store.tags.lock().unwrap() = Some(vec![9]);
    assert_eq!(audit.about(&who).await, Err(AuditError::Entry { index: 9 }));
    *store.tags.lock().unwrap() = Some(vec![]);
    assert_eq!(audit.about(&who).await.unwrap(), []);
    let found = audit.about_without_index(&who).await.unwrap();
    assert_eq!(found.iter().map(|e| e.index).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn no_address_and_no_reply_text_stands_in_an_entry() {
    let store = Arc::new(MemoryStore::new());
    let audit = open(store.clone());
    let pat = address("Canary-Lindqvist@canary-clinic.example");
    let attempt = Attempt::new(
        Delivery::Rejected,
        Stage::RcptTo,
        Cause::PermanentReply,
        "550 5.1.1 <canary-lindqvist@canary-clinic.example>: no such canary",
    )
    .with_codes(Some(550), Some(EnhancedCode(5, 1, 1)));
    for &kind in EventKind::ALL {
        let event = Event::new(kind)
            .message(MessageId::make_random())
            .recipient(RecipientId::new(0))
            .item(ItemId::make_random())
            .grant(GrantId::make_random())
            .policy([3; 32])
            .ciphertext([4; 32])
            .reasons(["recipient.unknown"])
            .result(&attempt)
            .address(&pat);
        assert!(!format!("{event:?}").to_lowercase().contains("canary"));
        record(&audit, &*store, event).await;
    }
    let mut export = Vec::new();
    audit.export(&mut export).await.unwrap();
    let found = audit.about(&pat).await.unwrap();
    assert_eq!(found.len(), EventKind::ALL.len());
    let shown: String = found.iter().map(|e| format!("{e} {e:?}\n")).collect();
    for text in [String::from_utf8(export.clone()).unwrap(), shown] {
        assert!(text.contains("recipient.unknown"));
        assert!(!text.to_lowercase().contains("canary"));
        assert!(!text.contains('@'));
    }
    // What stands for the recipient differs in every entry, so an export does
    // not even tell that all of them are about one person.
    let lines = export
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty());
    let marks: HashSet<String> = lines
        .map(|line| {
            let value: serde_json::Value = serde_json::from_slice(line).unwrap();
            value["to"]["mac"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(marks.len(), EventKind::ALL.len());
}

#[tokio::test]
async fn entry_and_state_are_one() {
    let store = Arc::new(MemoryStore::new());
    let audit = open(store.clone());
    let insert = || Op::Insert {
        table: Table::Receipt,
        row: Row::new(&b"r"[..], &b"v"[..]),
    };
    let both = || Batch::from_iter([audit.entry(&Event::new(EventKind::Intent)), insert()]);
    store.commit(both()).await.unwrap();
    assert!(store.commit(both()).await.is_err());
    assert_eq!(audit.size().await.unwrap(), 1);
}

#[tokio::test]
async fn a_log_that_shrinks_in_use_is_not_signed() {
    let store = Tampered::default();
    let audit = filled(Arc::new(store.clone()), 4).await;
    audit.checkpoint().await.unwrap();
    let fewer = store.inner.leaves(0, 3).await.unwrap();
    *store.leaves.lock().unwrap() = Some(fewer);
    let error = audit.checkpoint().await.unwrap_err();
    assert_eq!(error, AuditError::Shrunk { known: 4, found: 3 });
    assert_eq!(error.code(), "audit.shrunk");
}

#[tokio::test]
async fn exports_that_are_no_exports_are_refused() {
    let store = Arc::new(MemoryStore::new());
    let audit = filled(store, 2).await;
    let kept = audit.checkpoint().await.unwrap();
    let vkey = audit.verifier_key();
    let mut export = Vec::new();
    audit.export(&mut export).await.unwrap();
    // The last newline may be missing; nothing else may.
    verify_export(&export[..export.len() - 1], &kept, vkey).unwrap();
    let verdict = verify_export(&export[..export.len() - 2], &kept, vkey);
    assert_eq!(verdict, Err(AuditError::Changed { size: 2 }));
    let windows = String::from_utf8(export.clone())
        .unwrap()
        .replace('\n', "\r\n");
    let verdict = verify_export(windows.as_bytes(), &kept, vkey);
    assert_eq!(verdict, Err(AuditError::Changed { size: 2 }));
    let endless = std::io::BufReader::new(std::io::repeat(b'x'));
    let verdict = verify_export(endless, &kept, vkey);
    assert_eq!(verdict, Err(AuditError::LineTooLong { line: 1 }));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in "(.|\n|— |c2sp.org/tlog-proof@v1|index 1|[0-9]{1,21}|[A-Za-z0-9+/=]{0,90}){0,30}") {
        let _ = text.parse::<Checkpoint>();
        let _ = text.parse::<Proof>();
        let _ = text.parse::<VerifierKey>();
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use mailseal::storage::SqliteStore;

    use super::*;

    /// Edits the file with the database library, as a person with the file would.
    fn edit(path: &std::path::Path, sql: &str) {
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.busy_timeout(Duration::from_secs(10)).unwrap();
        conn.execute_batch(sql).unwrap();
    }

    #[tokio::test]
    async fn edits_of_the_file_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let store = Arc::new(SqliteStore::open(&path).unwrap());
        let audit = filled(store.clone(), 9).await;
        let kept = audit.checkpoint().await.unwrap();
        edit(&path, "CREATE TABLE keep AS SELECT * FROM audit_leaf");
        for (sql, code) in [
            (
                "UPDATE audit_leaf SET leaf = replace(leaf, 'intent', 'refused') WHERE seq = 4",
                "audit.changed",
            ),
            (
                "UPDATE audit_leaf SET leaf = CAST(replace(leaf, 'intent', 'refused') AS BLOB) WHERE seq = 4",
                "audit.changed",
            ),
            ("DELETE FROM audit_leaf WHERE seq = 8", "audit.truncated"),
            ("DELETE FROM audit_leaf", "audit.truncated"),
            ("DELETE FROM audit_leaf WHERE seq = 4", "storage.damaged"),
            (
                "DELETE FROM audit_leaf WHERE seq = 4; UPDATE audit_leaf SET seq = seq - 1 WHERE seq > 4",
                "audit.truncated",
            ),
            (
                "UPDATE audit_leaf SET leaf = (SELECT leaf FROM keep k WHERE k.seq = 8 - audit_leaf.seq)",
                "audit.changed",
            ),
        ] {
            edit(&path, sql);
            let error = open(store.clone()).verify(&kept).await.unwrap_err();
            // A text where bytes were is a sign already.
            assert!(
                error.code() == code || error.code() == "storage.damaged",
                "{sql}: {error}"
            );
            edit(
                &path,
                "DELETE FROM audit_leaf; INSERT INTO audit_leaf SELECT * FROM keep",
            );
            assert_eq!(audit.verify(&kept).await.unwrap().covered, 9);
        }
    }

    #[tokio::test]
    async fn two_processes_write_one_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let stores: Vec<Arc<SqliteStore>> = (0..2)
            .map(|_| Arc::new(SqliteStore::open(&path).unwrap()))
            .collect();
        let audits: Vec<Audit> = stores.iter().map(|s| open(s.clone())).collect();
        for i in 0..40 {
            let event = Event::new(EventKind::Intent).address(&address("pat@mail.example"));
            let index = record(&audits[i % 2], &*stores[i % 2], event).await;
            assert_eq!(index, i as u64);
            let kept = audits[(i / 3) % 2].checkpoint().await.unwrap();
            assert_eq!(
                audits[i % 2].verify(&kept).await.unwrap().covered,
                i as u64 + 1
            );
        }
        assert_eq!(
            audits[0]
                .about(&address("pat@mail.example"))
                .await
                .unwrap()
                .len(),
            40
        );
    }

    #[tokio::test]
    async fn no_address_stands_in_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path().join("a.db")).unwrap());
        let audit = open(store.clone());
        let pat = address("canary-lindqvist@canary-clinic.example");
        record(&audit, &*store, Event::new(EventKind::Intent).address(&pat)).await;
        let mut read = 0;
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            read += bytes.len();
            for needle in [&b"canary"[..], b"lindqvist", b"clinic"] {
                assert!(!bytes.windows(needle.len()).any(|w| w == needle));
            }
        }
        assert!(read > 4096);
    }
}
