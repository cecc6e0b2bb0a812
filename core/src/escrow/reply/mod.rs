//! Replies of recipients: sealed in the browser, opened here.
//!
//! The organisation's reply key is derived from the installation's [`Keys`];
//! its public half lies inside the encrypted manifest, so that nobody who can
//! write to the database can put another one in its place. The page encrypts a
//! [container] under a key of its own and seals that key by HPKE.
//!
//! A reply on its way in takes one of a grant's few slots, so that neither many
//! uploads nor slow ones fill the disk: at most [`SLOTS`] replies a grant and
//! day, 64 MiB each, an hour to finish. Committing opens it and keeps it until
//! the host has it ([`Escrow::finish_reply`]): a crash in between makes the page
//! send the commit again, and the host sees the same [`Reply::id`] twice rather
//! than never.

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use super::event::{EscrowEvent, EscrowEventKind};
use super::grant::{self, GrantRecord};
use super::item::PART;
use super::record::{VERSION, from_value, hex, to_value};
use super::{Escrow, EscrowError, Swept, chunk};
use crate::base::crypto::hpke::{HpkePublic, HpkeSecret, POINT, TAG};
use crate::base::crypto::{self, Key};
use crate::base::{GrantId, ItemId, Keys, MessageId, Phi, RecipientId, ReplyId, Secret, Timestamp};
use crate::storage::{Batch, Op, Row, StoreError, Table};

mod container;

pub use container::ReplyAttachment;

/// Replies that a grant takes a day, those on their way among them.
const SLOTS: u8 = 10;
/// How long an upload may take.
const UPLOAD: Duration = Duration::from_secs(60 * 60);
/// How long a reply that arrived, or was refused, occupies its slot.
const REST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the host may take before a second commit is let in.
const CLAIM: Duration = Duration::from_secs(60);
/// Length of a reply's DEK, sealed.
const WRAPPED: usize = 32 + TAG;
/// Parts read at a time.
const PARTS: usize = 4;
const PAGE: usize = 100;
const ROUNDS: usize = 32;
const KIND: &str = "reply";

/// What a recipient answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The reply. After a crash the same one may be handed over twice.
    pub id: ReplyId,
    /// The grant through which it came.
    pub grant: GrantId,
    /// The item that it answers.
    pub item: ItemId,
    /// The message, as the host called it.
    pub message: Option<MessageId>,
    /// Whose grant, as a place in the message.
    pub recipient: RecipientId,
    /// When it was sent off.
    pub at: Timestamp,
    /// Its subject, one line.
    pub subject: Phi<String>,
    /// Its text, plain.
    pub text: Phi<String>,
    /// Its files.
    pub attachments: Vec<ReplyAttachment>,
}

/// The reply key as the manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReplyPublic {
    /// The first 16 bytes of a hash of the key.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub(crate) id: [u8; 16],
    /// The uncompressed point of P-256.
    #[serde(serialize_with = "to_base64url", deserialize_with = "from_base64url")]
    pub(crate) key: [u8; POINT],
}

impl ReplyPublic {
    fn new(key: HpkePublic) -> Self {
        let hash = crypto::sha256_parts(&[b"mailseal/1/portal/reply key", key.as_bytes()]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        Self {
            id,
            key: *key.as_bytes(),
        }
    }
}

fn to_hex<S: Serializer>(bytes: &[u8; 16], s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&HEXLOWER.encode(bytes))
}

fn from_hex<'de, D: Deserializer<'de>>(d: D) -> Result<[u8; 16], D::Error> {
    let bytes = hex::deserialize(d)?;
    bytes
        .try_into()
        .map_err(|_| D::Error::custom("not 16 bytes"))
}

fn to_base64url<S: Serializer>(bytes: &[u8; POINT], s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&data_encoding::BASE64URL_NOPAD.encode(bytes))
}

fn from_base64url<'de, D: Deserializer<'de>>(d: D) -> Result<[u8; POINT], D::Error> {
    let text = String::deserialize(d)?;
    let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(D::Error::custom("not a point in base64url"))
}

/// The installation's key for replies.
#[derive(Debug, Clone)]
pub(super) struct ReplyKey {
    secret: HpkeSecret,
    public: ReplyPublic,
}

impl ReplyKey {
    pub(super) fn new(keys: &Keys) -> Self {
        let seed = keys.derive("mailseal/1/portal/reply");
        let secret = HpkeSecret::derive(seed.expose());
        let public = ReplyPublic::new(secret.public());
        Self { secret, public }
    }

    fn info(&self, grant: GrantId) -> Vec<u8> {
        [
            b"mailseal/1/portal/reply",
            &grant.as_bytes()[..],
            &self.public.id,
        ]
        .concat()
    }

    /// The reply's DEK.
    fn unwrap(&self, grant: GrantId, enc: &[u8], wrapped: &[u8]) -> Result<Key, EscrowError> {
        let wrong = || refused("its key was not sealed to this installation for this message");
        let opened = self
            .secret
            .open(&self.info(grant), enc, wrapped)
            .map_err(|_| wrong())?;
        let key = opened.as_slice().try_into().map_err(|_| wrong())?;
        Ok(Secret::new(key))
    }
}

/// What binds a reply's ciphertext to its grant.
fn context(grant: GrantId) -> Vec<u8> {
    [b"mailseal/1/portal/reply\0", &grant.as_bytes()[..]].concat()
}

fn refused(reason: &'static str) -> EscrowError {
    EscrowError::Reply { reason }
}

/// Where a reply stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// Parts are coming in.
    Open,
    /// It was opened at that time and is being handed to the host.
    Claimed(Timestamp),
    /// The host has it; its parts are gone.
    Done,
    /// It did not open, or the host refused it; its parts are gone.
    Refused,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ReplyRecord {
    v: u8,
    id: ReplyId,
    grant: GrantId,
    slot: u8,
    state: State,
    created: Timestamp,
    /// When the row goes.
    until: Timestamp,
    /// Bytes of the container.
    size: u64,
    #[serde(with = "hex")]
    enc: Vec<u8>,
    #[serde(with = "hex")]
    wrapped: Vec<u8>,
}

impl ReplyRecord {
    fn key(grant: GrantId, slot: u8) -> Vec<u8> {
        [&grant.as_bytes()[..], &[slot]].concat()
    }

    fn from_row(row: &Row) -> Result<Self, EscrowError> {
        let record: Self = from_value(&row.value, KIND)?;
        if record.v != VERSION
            || row.key != Self::key(record.grant, record.slot)
            || record.size > container::MAX_REPLY as u64
        {
            return Err(EscrowError::Damaged { record: KIND });
        }
        Ok(record)
    }

    fn to_row(&self) -> Result<Row, EscrowError> {
        Ok(Row {
            key: Self::key(self.grant, self.slot),
            value: to_value(self, KIND)?,
            due: Some(self.until),
        })
    }

    /// Without its key, for as long as it takes its slot.
    fn finish(&mut self, state: State, old: &Row) -> Result<Batch, EscrowError> {
        self.state = state;
        self.until = self.created.plus(REST);
        self.enc = Vec::new();
        self.wrapped = Vec::new();
        Ok(Batch::from_iter([change(old, self.to_row()?)]))
    }

    fn part_key(&self, part: u32) -> Vec<u8> {
        let mut key = Self::key(self.grant, self.slot);
        key.extend_from_slice(&part.to_be_bytes());
        key
    }

    fn plain_size(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    fn parts(&self) -> u32 {
        parts_of(self.plain_size())
    }

    /// How long part `n` is.
    fn part_size(&self, n: u32) -> usize {
        let whole = chunk::sealed_size(self.plain_size());
        let before = usize::try_from(n)
            .unwrap_or(usize::MAX)
            .saturating_mul(PART);
        whole.saturating_sub(before).min(PART)
    }
}

fn parts_of(size: usize) -> u32 {
    u32::try_from(chunk::sealed_size(size).div_ceil(PART)).unwrap_or(u32::MAX)
}

/// A reply that may be uploaded now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "portal"), allow(dead_code))]
pub(crate) struct Begun {
    pub(crate) reply: ReplyId,
    /// How many parts are expected.
    pub(crate) parts: u32,
    /// Bytes of every part but the last.
    pub(crate) part_bytes: usize,
    /// Until when.
    pub(crate) until: Timestamp,
}

#[cfg_attr(not(feature = "portal"), allow(dead_code))]
impl Escrow {
    /// The key that replies are sealed to, for the manifest.
    pub(crate) fn reply_key(&self) -> ReplyPublic {
        self.reply.public.clone()
    }

    /// The most bytes of a reply's container.
    pub(crate) const REPLY_LIMIT: usize = container::MAX_REPLY;

    /// Makes room for a reply of `size` bytes (of its container) through this
    /// grant, whose key was sealed as `enc` and `wrapped`.
    ///
    /// # Errors
    /// As a pickup where the grant is not live; [`EscrowError::Reply`] where it
    /// is too large or its key does not open; [`EscrowError::ReplyQuota`] where
    /// the grant has no slot left.
    pub(crate) async fn begin_reply(
        &self,
        grant: GrantId,
        enc: &[u8],
        wrapped: &[u8],
        size: u64,
    ) -> Result<Begun, EscrowError> {
        self.replying_grant(grant).await?;
        let plain = usize::try_from(size).unwrap_or(usize::MAX);
        if plain > container::MAX_REPLY {
            return Err(refused("it is larger than 64 MiB"));
        }
        if enc.len() != POINT || wrapped.len() != WRAPPED {
            return Err(refused("its sealed key has another length"));
        }
        self.reply.unwrap(grant, enc, wrapped)?;
        let now = self.clock.now();
        let mut record = ReplyRecord {
            v: VERSION,
            id: ReplyId::make_random(),
            grant,
            slot: 0,
            state: State::Open,
            created: now,
            until: now.plus(UPLOAD),
            size,
            enc: enc.to_vec(),
            wrapped: wrapped.to_vec(),
        };
        for slot in 0..SLOTS {
            record.slot = slot;
            let insert = Op::Insert {
                table: Table::Reply,
                row: record.to_row()?,
            };
            match self.store.commit(Batch::from_iter([insert])).await {
                Ok(_) => {
                    return Ok(Begun {
                        reply: record.id,
                        parts: record.parts(),
                        part_bytes: PART,
                        until: record.until,
                    });
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::ReplyQuota)
    }

    /// Stores one part. The same part again takes its place.
    ///
    /// # Errors
    /// [`EscrowError::UnknownId`] where there is no such reply through this
    /// grant, or no more; [`EscrowError::Reply`] where the part does not belong
    /// to it.
    pub(crate) async fn put_reply_part(
        &self,
        grant: GrantId,
        reply: ReplyId,
        part: u32,
        bytes: &[u8],
    ) -> Result<(), EscrowError> {
        self.replying_grant(grant).await?;
        let (row, record) = self.reply_record(grant, reply).await?;
        if record.state != State::Open {
            return Err(refused("it was sent off already"));
        }
        if part >= record.parts() {
            return Err(refused("it has fewer parts"));
        }
        if bytes.len() != record.part_size(part) {
            return Err(refused("a part has another length"));
        }
        let put = Op::Put {
            table: Table::ReplyPart,
            row: Row::new(record.part_key(part), bytes),
        };
        // Nothing is added to what was swept, dropped or sent off meanwhile.
        let batch = Batch::from_iter([unchanged(&row), put]);
        match self.store.commit(batch).await {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict { .. }) => Err(EscrowError::Busy),
            Err(e) => Err(e.into()),
        }
    }

    /// Opens a reply whose parts are all there. `None` where the host has it
    /// already. It stays stored until [`Escrow::finish_reply`] or
    /// [`Escrow::drop_reply`].
    ///
    /// # Errors
    /// As [`Escrow::put_reply_part`]; [`EscrowError::Busy`] while it is being
    /// handed over.
    pub(crate) async fn commit_reply(
        &self,
        grant: GrantId,
        reply: ReplyId,
        parts: u32,
    ) -> Result<Option<Reply>, EscrowError> {
        let through = self.replying_grant(grant).await?;
        let (row, mut record) = self.reply_record(grant, reply).await?;
        let now = self.clock.now();
        match record.state {
            State::Done => return Ok(None),
            State::Refused => return Err(refused("it was refused before")),
            State::Claimed(at) if now.since(at) < CLAIM => return Err(EscrowError::Busy),
            State::Claimed(_) | State::Open => {}
        }
        if parts != record.parts() {
            return Err(refused("it has another number of parts"));
        }
        record.state = State::Claimed(now);
        record.until = now.plus(UPLOAD);
        let claimed = record.to_row()?;
        match self
            .store
            .commit(Batch::from_iter([change(&row, claimed.clone())]))
            .await
        {
            Ok(_) => {}
            Err(StoreError::Conflict { .. }) => return Err(EscrowError::Busy),
            Err(e) => return Err(e.into()),
        }
        let content = match self.read_reply(record.clone()).await {
            Ok(content) => content,
            Err(error) => {
                // It can be completed and committed again.
                let back = Batch::from_iter([change(&claimed, row)]);
                return match self.store.commit(back).await {
                    Ok(_) | Err(StoreError::Conflict { .. }) => Err(error),
                    Err(e) => Err(e.into()),
                };
            }
        };
        Ok(Some(Reply {
            id: record.id,
            grant,
            item: through.item,
            message: through.message,
            recipient: through.recipient,
            at: now,
            subject: content.subject,
            text: content.text,
            attachments: content.attachments,
        }))
    }

    /// The host has the reply: its content goes, and the event is recorded.
    ///
    /// # Errors
    /// [`EscrowError::UnknownId`]; [`EscrowError::Store`].
    pub(crate) async fn finish_reply(
        &self,
        grant: GrantId,
        reply: ReplyId,
    ) -> Result<(), EscrowError> {
        for _ in 0..ROUNDS {
            let (row, mut record) = self.reply_record(grant, reply).await?;
            if record.state == State::Done {
                return Ok(());
            }
            let mut batch = record.finish(State::Done, &row)?;
            delete_parts(&row.key, &mut batch);
            let through = self.store.get(grant::TABLE, grant.as_bytes()).await?;
            if let Some(through) = through {
                let through = GrantRecord::from_row(&through)?;
                let now = self.clock.now();
                let event = EscrowEvent::new(EscrowEventKind::Replied, now, &through);
                batch.extend(self.recorder.record(&event));
            }
            match self.store.commit(batch).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    /// Deletes the content of a reply that did not open or that the host
    /// refused. Its slot stays taken for a day, as that of others. None there is
    /// no error.
    ///
    /// # Errors
    /// [`EscrowError::Store`].
    pub(crate) async fn drop_reply(
        &self,
        grant: GrantId,
        reply: ReplyId,
    ) -> Result<(), EscrowError> {
        for _ in 0..ROUNDS {
            let (row, mut record) = match self.reply_record(grant, reply).await {
                Err(EscrowError::UnknownId) => return Ok(()),
                found => found?,
            };
            if matches!(record.state, State::Done | State::Refused) {
                return Ok(());
            }
            let mut batch = record.finish(State::Refused, &row)?;
            delete_parts(&row.key, &mut batch);
            match self.store.commit(batch).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    async fn replying_grant(&self, grant: GrantId) -> Result<GrantRecord, EscrowError> {
        let row = self.store.get(grant::TABLE, grant.as_bytes()).await?;
        let record = GrantRecord::from_row(&row.ok_or(EscrowError::NotFound)?)?;
        record.check_live(self.clock.now())?;
        Ok(record)
    }

    async fn reply_record(
        &self,
        grant: GrantId,
        reply: ReplyId,
    ) -> Result<(Row, ReplyRecord), EscrowError> {
        let rows = self
            .store
            .range(Table::Reply, grant.as_bytes(), None, SLOTS.into())
            .await?;
        for row in rows {
            let record = ReplyRecord::from_row(&row)?;
            if record.id == reply && record.until > self.clock.now() {
                return Ok((row, record));
            }
        }
        Err(EscrowError::UnknownId)
    }

    /// Away from the reactor: 64 MiB keep a processor busy for a while.
    async fn read_reply(&self, record: ReplyRecord) -> Result<container::Content, EscrowError> {
        let (escrow, runtime) = (self.clone(), tokio::runtime::Handle::current());
        let read = move || runtime.block_on(escrow.decrypt_reply(&record));
        let read = tokio::task::spawn_blocking(read).await;
        // The runtime is being shut down: it can be committed again.
        read.map_err(|_| EscrowError::Busy)?
    }

    async fn decrypt_reply(&self, record: &ReplyRecord) -> Result<container::Content, EscrowError> {
        let dek = self
            .reply
            .unwrap(record.grant, &record.enc, &record.wrapped)?;
        let (context, size) = (context(record.grant), record.plain_size());
        // All of it at once: a growing buffer would leave copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(size));
        let mut decryptor = chunk::Decryptor::new(&dek, &context);
        let changed = |_| refused("it does not decrypt");
        let prefix = ReplyRecord::key(record.grant, record.slot);
        let (mut after, mut next) = (None::<Vec<u8>>, 0);
        loop {
            let rows = self
                .store
                .range(Table::ReplyPart, &prefix, after.as_deref(), PARTS)
                .await?;
            let full = rows.len() == PARTS;
            for row in rows {
                if row.key != record.part_key(next) || row.value.len() != record.part_size(next) {
                    return Err(refused("a part is missing"));
                }
                decryptor.push(&row.value, &mut out).map_err(changed)?;
                next += 1;
                after = Some(row.key);
            }
            if !full {
                break;
            }
        }
        if next != record.parts() {
            return Err(refused("a part is missing"));
        }
        decryptor.finish(&mut out).map_err(changed)?;
        if out.len() != size {
            return Err(refused("it does not decrypt"));
        }
        container::parse(&out)
    }
}

impl Escrow {
    /// Deletes what was not finished in time, and what rested long enough.
    pub(super) async fn expire_replies(
        &self,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), EscrowError> {
        loop {
            let rows = self.store.due(Table::Reply, now, PAGE).await?;
            let mut progress = false;
            for row in rows {
                let over = |r: &ReplyRecord| matches!(r.state, State::Done | State::Refused);
                let open = ReplyRecord::from_row(&row).is_ok_and(|r| !over(&r));
                let deleted = self.delete_reply(row).await?;
                progress |= deleted;
                swept.replies += usize::from(deleted && open);
            }
            // A page without progress is empty or in another worker's hands.
            if !progress {
                return Ok(());
            }
        }
    }

    /// Adds the deletion of all that came in through a grant.
    pub(super) async fn delete_replies(
        &self,
        grant: GrantId,
        batch: &mut Batch,
    ) -> Result<(), EscrowError> {
        let rows = self
            .store
            .range(Table::Reply, grant.as_bytes(), None, SLOTS.into())
            .await?;
        for row in rows {
            delete_parts(&row.key, batch);
            batch.push(Op::Delete {
                table: Table::Reply,
                key: row.key,
            });
        }
        Ok(())
    }

    async fn delete_reply(&self, row: Row) -> Result<bool, EscrowError> {
        let mut batch = Batch::from_iter([unchanged(&row)]);
        delete_parts(&row.key, &mut batch);
        batch.push(Op::Delete {
            table: Table::Reply,
            key: row.key,
        });
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
}

/// Adds the deletion of all parts that a reply in this slot can have: its
/// record need not be readable for it, nor the parts be read.
fn delete_parts(slot: &[u8], batch: &mut Batch) {
    for part in 0..parts_of(container::MAX_REPLY) {
        batch.push(Op::Delete {
            table: Table::ReplyPart,
            key: [slot, &part.to_be_bytes()].concat(),
        });
    }
}

/// For [`crate::testing::parsers`].
#[cfg(feature = "testing")]
pub(crate) fn read_container(plain: &[u8]) -> Result<container::Content, EscrowError> {
    container::parse(&Zeroizing::new(plain.to_vec()))
}

fn change(old: &Row, new: Row) -> Op {
    Op::Replace {
        table: Table::Reply,
        expected: old.value.clone(),
        row: new,
    }
}

/// Lets a batch through only if the row is still as it was read.
fn unchanged(row: &Row) -> Op {
    change(row, row.clone())
}

#[cfg(all(test, feature = "testing"))]
mod tests;
