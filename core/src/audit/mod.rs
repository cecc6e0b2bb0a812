//! The log that nobody can quietly change.
//!
//! **Enters**: [`Event`]s. **Leaves**: an [`Op`] for the batch of the state
//! that the event speaks of, so that both are on disk or neither is; later
//! [`Entry`]s, [`Checkpoint`]s, [`Proof`]s and exports.
//!
//! An entry is canonical JSON (RFC 8785) below 65,535 bytes and a leaf of a
//! Merkle tree by RFC 6962 section 2.1. A checkpoint is the tree's size and
//! root in a signed note (<https://c2sp.org/tlog-checkpoint>, Ed25519), so the
//! tools of transparency logs verify it. Whoever holds a checkpoint outside
//! the database finds every edit, removal, insertion, reordering and
//! truncation of the entries it covers. Entries after the last checkpoint are
//! not covered: make one often, and keep it elsewhere. The database's thief
//! cannot make one: the signing key is derived from the installation's
//! [`Keys`]. Whoever has those keys can write another log; against that a
//! checkpoint in a third party's hands helps, and a [`consistency
//! proof`](Audit::consistency_proof) between two of them.
//!
//! **Refused**: there is no way to put an address, a name, a subject or a
//! reply's text into an entry. The recipient stands as HMAC-SHA-256 under a
//! key that is not in the log, over a salt that is new in each entry, so that
//! two entries about one person cannot be told to be so from an export. The
//! question "what went to this address" ([`Audit::about`]) goes through an
//! index keyed with another key beside the log; the index is not covered by
//! checkpoints, each answer is checked against its entry, and
//! [`Audit::about_without_index`] reads the whole log instead.
//!
//! This is the audit control of 45 CFR 164.312(b) and the ground of the
//! accounting of disclosures of 164.528.
//!
//! ```
//! use std::sync::Arc;
//! use mailseal::audit::{Audit, Checkpoint, Event, EventKind, verify_export};
//! use mailseal::base::{Keys, SystemClock};
//! use mailseal::storage::{Batch, MemoryStore, Store};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(MemoryStore::new());
//! let clock = Arc::new(SystemClock);
//! let keys = Keys::make_ephemeral();
//! let audit = Audit::new(store.clone(), &keys, clock, "harbor.example/mailseal")?;
//!
//! let pat = "pat@mail.example".parse()?;
//! let event = Event::new(EventKind::Intent).address(&pat);
//! store.commit(Batch::from_iter([audit.entry(&event)])).await?;
//! assert_eq!(audit.about(&pat).await?.len(), 1);
//!
//! // To be kept outside the database, with the key that verifies it.
//! let kept = audit.checkpoint().await?.to_string();
//! let vkey = audit.verifier_key().clone();
//!
//! // Later, with the database …
//! audit.verify(&kept.parse()?).await?;
//! // … and without it.
//! let mut export = Vec::new();
//! audit.export(&mut export).await?;
//! verify_export(&export[..], &kept.parse()?, &vkey)?;
//! # Ok(()) }
//! ```

mod checkpoint;
mod entry;
mod error;
mod event;
mod export;
mod jcs;
mod merkle;
mod note;
mod tree;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use tokio::sync::Mutex;

pub use self::checkpoint::{Checkpoint, Proof};
pub use self::entry::Entry;
pub use self::error::AuditError;
pub use self::event::{Event, EventKind, Record};
pub use self::export::{Verified, verify_export};
pub use self::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};
pub use self::note::{Note, VerifierKey};

use self::event::Commitment;
use self::merkle::{consistency_ranges, inclusion_ranges};
use self::tree::Tree;
use crate::base::crypto::{self, Key, SigningKey};
use crate::base::{Address, Clock, ItemId, Keys, MessageId, ReceiptId};
use crate::storage::{Op, Store};

/// [`Audit::entries`] returns so many at most.
const MAX_ENTRIES: u64 = 1000;

/// Writes, reads, signs and verifies one installation's log.
pub struct Audit {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    signing: SigningKey,
    verifier: VerifierKey,
    index_key: Key,
    commitment_key: Key,
    tree: Mutex<Tree>,
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit")
            .field("origin", &self.verifier.name())
            .finish_non_exhaustive()
    }
}

impl Audit {
    /// The log in this store. `origin` names it in checkpoints and stays the
    /// same for its life: a schema-less URL such as `harbor.example/mailseal`.
    ///
    /// # Errors
    /// [`AuditError::Origin`] where the origin has spaces, control characters
    /// or `+`, is empty, or is longer than 200 bytes.
    pub fn new(
        store: Arc<dyn Store>,
        keys: &Keys,
        clock: Arc<dyn Clock>,
        origin: &str,
    ) -> Result<Self, AuditError> {
        if !note::is_name(origin) {
            return Err(AuditError::Origin);
        }
        let signing = SigningKey::from_seed(&keys.derive("mailseal/1/audit-sign"));
        Ok(Self {
            store,
            clock,
            verifier: VerifierKey::new(origin, &signing),
            signing,
            index_key: keys.derive("mailseal/1/audit-index"),
            commitment_key: keys.derive("mailseal/1/audit-commitment"),
            tree: Mutex::default(),
        })
    }

    /// The key that verifies this log's checkpoints. It stays the same as long
    /// as the installation's [`Keys`] and the origin do.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The change that appends `event` to the log, stamped with the present
    /// time: to be put into the batch of the state that it speaks of.
    #[must_use = "nothing is recorded before the change is committed"]
    pub fn entry(&self, event: &Event) -> Op {
        let mut record = event.record.clone();
        record.time = self.clock.now();
        let mut tags = Vec::new();
        let tag = event
            .address
            .as_ref()
            .map(|address| self.address_tag(address));
        if let Some(tag) = tag.or(event.address_tag) {
            let salt: [u8; 16] = crypto::make_random();
            record.to = Some(Commitment {
                salt: HEXLOWER.encode(&salt),
                mac: HEXLOWER.encode(&self.commitment(&salt, &tag)),
            });
            tags.push(tag);
        }
        if let Some(id) = &record.message {
            tags.push(self.tag("message", id.as_bytes()));
        }
        if let Some(id) = &record.receipt {
            tags.push(self.tag("receipt", id.as_bytes()));
        }
        if let Some(id) = &record.item {
            tags.push(self.tag("item", id.as_bytes()));
        }
        let leaf = record.to_leaf();
        Op::Append { leaf, tags }
    }

    /// Signs a text that ends with a newline, under the key of the checkpoints.
    /// Its first line must tell it from a checkpoint and from every other kind
    /// of text that is signed.
    pub(crate) fn sign(&self, text: String) -> Note {
        Note::sign(text, self.verifier.name(), &self.signing)
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn size(&self) -> Result<u64, AuditError> {
        Ok(self.store.log_size().await?)
    }

    /// A signed statement of the log as it is now.
    ///
    /// It is made from what this process has read: entries are hashed once,
    /// when they are first seen. After a restart they are read again, from a
    /// file that somebody may have changed: use [`Audit::checkpoint_after`].
    ///
    /// # Errors
    /// [`AuditError::Shrunk`] where entries have vanished since this process
    /// read them, or [`AuditError::Store`].
    pub async fn checkpoint(&self) -> Result<Checkpoint, AuditError> {
        let mut tree = self.tree.lock().await;
        tree.catch_up(&*self.store).await?;
        let (size, root) = (tree.size(), tree.root());
        Ok(Checkpoint::sign(
            self.verifier.name(),
            size,
            root,
            &self.signing,
        ))
    }

    /// A signed statement of the log as it is now, given out only if it
    /// continues what `previous` saw: the way to make one after a restart.
    /// `previous` was kept outside the database.
    ///
    /// # Errors
    /// As [`Audit::verify`] and [`Audit::checkpoint`].
    pub async fn checkpoint_after(&self, previous: &Checkpoint) -> Result<Checkpoint, AuditError> {
        export::authenticate(previous, &self.verifier)?;
        let checkpoint = self.checkpoint().await?;
        let (old, new) = (previous.size(), checkpoint.size());
        if new < old {
            return Err(AuditError::Truncated {
                expected: old,
                found: new,
            });
        }
        let proof = self.consistency_proof(old, new).await?;
        verify_consistency(old, new, &proof, previous.root(), checkpoint.root())
            .map_err(|_| AuditError::Changed { size: old })?;
        Ok(checkpoint)
    }

    /// Reads the log from its first entry and compares it with a checkpoint
    /// that was kept outside the database.
    ///
    /// # Errors
    /// [`AuditError::Signature`] or [`AuditError::OtherLog`] where it is not
    /// this log's checkpoint, [`AuditError::Truncated`] or
    /// [`AuditError::Changed`] where the log is not what it was,
    /// [`AuditError::Store`] where it cannot be read (a removed leaf leaves a
    /// gap, which the store reports as damage).
    pub async fn verify(&self, checkpoint: &Checkpoint) -> Result<Verified, AuditError> {
        export::authenticate(checkpoint, &self.verifier)?;
        // The tree kept in memory was hashed when the entries were new; this
        // question is about what stands in the store now.
        let mut tree = Tree::default();
        let found = self.store.log_size().await?;
        let size = checkpoint.size();
        if found < size {
            return Err(AuditError::Truncated {
                expected: size,
                found,
            });
        }
        tree.read_to(&*self.store, size).await?;
        export::compare(checkpoint, &tree.root())?;
        Ok(Verified::new(size, found - size))
    }

    /// The hashes that prove that entry `index` is in the log of `size`
    /// entries, for [`verify_inclusion`].
    ///
    /// # Errors
    /// [`AuditError::Range`] where there is no such entry or size, or as
    /// [`Audit::checkpoint`].
    pub async fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, AuditError> {
        if index >= size {
            return Err(AuditError::Range { asked: index, size });
        }
        self.hashes(size, inclusion_ranges(index, size)).await
    }

    /// The hashes that prove that the log of `old` entries is the start of the
    /// log of `new` entries, for [`verify_consistency`].
    ///
    /// # Errors
    /// [`AuditError::Range`] where `old` is larger than `new` or `new` than the
    /// log, or as [`Audit::checkpoint`].
    pub async fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, AuditError> {
        if old > new {
            return Err(AuditError::Range {
                asked: old,
                size: new,
            });
        }
        self.hashes(new, consistency_ranges(old, new)).await
    }

    /// Proof that entry `index` is in the log, with a checkpoint to go with it
    /// (a `.tlog-proof`).
    ///
    /// # Errors
    /// As [`Audit::inclusion_proof`].
    pub async fn prove(&self, index: u64) -> Result<Proof, AuditError> {
        let checkpoint = self.checkpoint().await?;
        let hashes = self.inclusion_proof(index, checkpoint.size()).await?;
        Ok(Proof {
            index,
            hashes,
            checkpoint,
        })
    }

    async fn hashes(&self, size: u64, ranges: Vec<Range<u64>>) -> Result<Vec<Hash>, AuditError> {
        let mut tree = self.tree.lock().await;
        tree.catch_up(&*self.store).await?;
        if size > tree.size() {
            return Err(AuditError::Range {
                asked: size,
                size: tree.size(),
            });
        }
        let mut hashes = Vec::with_capacity(ranges.len());
        for range in ranges {
            hashes.push(tree.subtree(&*self.store, range).await?);
        }
        Ok(hashes)
    }

    /// The entries of this range, at most 1,000; ask again from behind the last.
    ///
    /// # Errors
    /// [`AuditError::Entry`] where one cannot be read, or [`AuditError::Store`].
    pub async fn entries(&self, range: Range<u64>) -> Result<Vec<Entry>, AuditError> {
        let count = range.end.saturating_sub(range.start).min(MAX_ENTRIES);
        let limit = usize::try_from(count).unwrap_or(usize::MAX);
        let leaves = self.store.leaves(range.start, limit).await?;
        (range.start..)
            .zip(leaves)
            .map(|(index, leaf)| Entry::read(index, leaf).ok_or(AuditError::Entry { index }))
            .collect()
    }

    /// What went to, or was refused to, this address: its entries in order.
    ///
    /// # Errors
    /// [`AuditError::Index`] where the index names an entry about another
    /// address, otherwise as [`Audit::entries`].
    pub async fn about(&self, address: &Address) -> Result<Vec<Entry>, AuditError> {
        let tag = self.address_tag(address);
        let entries = self.tagged(&tag).await?;
        for entry in &entries {
            if !self.is_about(entry, &tag) {
                return Err(AuditError::Index { index: entry.index });
            }
        }
        Ok(entries)
    }

    /// As [`Audit::about`], by reading the whole log: finds what somebody took
    /// out of the index.
    ///
    /// # Errors
    /// As [`Audit::entries`].
    pub async fn about_without_index(&self, address: &Address) -> Result<Vec<Entry>, AuditError> {
        let tag = self.address_tag(address);
        let mut found = Vec::new();
        let mut next = 0;
        loop {
            let entries = self.entries(next..next + MAX_ENTRIES).await?;
            if entries.is_empty() {
                return Ok(found);
            }
            next += entries.len() as u64;
            found.extend(entries.into_iter().filter(|e| self.is_about(e, &tag)));
        }
    }

    /// The entries about one message, in order.
    ///
    /// # Errors
    /// As [`Audit::entries`].
    pub async fn of_message(&self, id: MessageId) -> Result<Vec<Entry>, AuditError> {
        let mut entries = self.tagged(&self.tag("message", id.as_bytes())).await?;
        entries.retain(|entry| entry.record.message == Some(id));
        Ok(entries)
    }

    /// The entries about one call of `send`, in order.
    ///
    /// # Errors
    /// As [`Audit::entries`].
    pub async fn of_receipt(&self, id: ReceiptId) -> Result<Vec<Entry>, AuditError> {
        let mut entries = self.tagged(&self.tag("receipt", id.as_bytes())).await?;
        entries.retain(|entry| entry.record.receipt == Some(id));
        Ok(entries)
    }

    /// The entries about one escrowed message, in order.
    ///
    /// # Errors
    /// As [`Audit::entries`].
    pub async fn of_item(&self, id: ItemId) -> Result<Vec<Entry>, AuditError> {
        let mut entries = self.tagged(&self.tag("item", id.as_bytes())).await?;
        entries.retain(|entry| entry.record.item == Some(id));
        Ok(entries)
    }

    async fn tagged(&self, tag: &[u8; 32]) -> Result<Vec<Entry>, AuditError> {
        let mut entries = Vec::new();
        for index in self.store.tagged(tag).await? {
            let leaf = self.store.leaves(index, 1).await?.pop();
            let entry = leaf.and_then(|leaf| Entry::read(index, leaf));
            entries.push(entry.ok_or(AuditError::Entry { index })?);
        }
        Ok(entries)
    }

    /// The keyed tag under which entries about an address are found: for a
    /// room that records events later and does not keep the address.
    pub fn address_tag(&self, address: &Address) -> [u8; 32] {
        self.tag("address", address.canonical().as_bytes())
    }

    fn tag(&self, kind: &str, value: &[u8]) -> [u8; 32] {
        let text = [kind.as_bytes(), &[0], value].concat();
        crypto::hmac_sha256(self.index_key.expose(), &text)
    }

    fn commitment(&self, salt: &[u8], tag: &[u8; 32]) -> [u8; 32] {
        crypto::hmac_sha256(self.commitment_key.expose(), &[salt, tag].concat())
    }

    fn is_about(&self, entry: &Entry, tag: &[u8; 32]) -> bool {
        let Some(to) = &entry.record.to else {
            return false;
        };
        let Ok(salt) = HEXLOWER.decode(to.salt.as_bytes()) else {
            return false;
        };
        let mac = HEXLOWER.encode(&self.commitment(&salt, tag));
        crypto::equal(mac.as_bytes(), to.mac.as_bytes())
    }
}
