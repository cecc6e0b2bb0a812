//! From link and factor to the message.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::event::{EscrowEvent, EscrowEventKind};
use super::factor::{self, Factor};
use super::grant::{self, GrantRecord, TRIES, Tries};
use super::item::{self, ItemRecord, Manifest};
use super::record::{from_value, to_value};
use super::{Escrow, EscrowError, Link, chunk, keys};
use crate::base::crypto::Key;
use crate::base::{GrantId, ItemId, Phi, RecipientId, Secret, Timestamp};
use crate::storage::{Batch, Op, Row, StoreError, Table};

/// How often a record that others change at the same time is read again.
pub(super) const ROUNDS: usize = 32;
/// Wrong tries over all grants in one window. A person guessing at many grants
/// meets it; the recipients of a busy clinic do not.
const TRIES_ALL: u32 = 1_000;
const THROTTLE: &[u8] = b"escrow/throttle";
/// Parts read at a time.
const PARTS: usize = 4;

/// A message that was picked up.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The message, RFC 5322, as it was escrowed.
    pub message: Phi<Vec<u8>>,
    /// Whether this grant was never used before.
    pub first: bool,
    /// The item.
    pub item: ItemId,
    /// The grant.
    pub grant: GrantId,
    /// Whose grant.
    pub recipient: RecipientId,
    /// The code shown in the notice.
    pub reference: String,
    /// When the message was escrowed.
    pub created: Timestamp,
    /// Until when it can be picked up.
    pub expires: Timestamp,
}

/// A grant whose link share was shown to be right.
struct Known {
    row: Row,
    record: GrantRecord,
}

#[derive(Serialize, Deserialize)]
struct Throttle {
    v: u8,
    tries: Tries,
}

impl Escrow {
    /// Picks a message up. The release is committed, with what the recorder
    /// makes of it, before the server share is used. Nothing is consumed: the
    /// same link and factor open again until expiry, revocation or shredding.
    ///
    /// # Errors
    /// [`EscrowError::NotFound`] unless the link is right; with the right link
    /// [`EscrowError::Revoked`], [`EscrowError::Expired`],
    /// [`EscrowError::FactorRequired`], [`EscrowError::FactorWrong`],
    /// [`EscrowError::Wait`]; [`EscrowError::Damaged`] where stored records
    /// were changed.
    pub async fn open(
        &self,
        link: &Link,
        factor: &Factor,
        passphrase: Option<&Secret<String>>,
    ) -> Result<Opened, EscrowError> {
        let mut known = self.find(link).await?;
        known.record.check_live(self.clock.now())?;
        if factor::is_missing(&known.record, factor, passphrase.is_some()) {
            return Err(EscrowError::FactorRequired {
                level: known.record.factor_floor,
            });
        }
        // An edited record is found out here, before anything is recorded.
        self.unwrap_share(&known.record)?;

        let mut f = None;
        if known.record.passcode.is_some() || known.record.passphrase.is_some() {
            known = self.take_try(link, known).await?;
            f = stretch(&known.record, passphrase).await?;
            if !factor::is_shown(&self.root, &known.record, link.share(), factor, f.as_ref()) {
                return Err(self.refuse_factor(&known.record).await?);
            }
        }
        let (record, first) = self.release(link, known).await?;
        let share = self.unwrap_share(&record)?;
        let kek = keys::derive_kek(record.id, &share, link.share(), f.as_ref());
        let wrapped = record.dek.as_deref().unwrap_or_default();
        let dek = keys::unwrap_dek(&kek, record.item, wrapped)
            .map_err(|_| EscrowError::Damaged { record: "grant" })?;
        match self.read_content(record.item, &dek).await {
            Ok(message) => Ok(Opened {
                message,
                first,
                item: record.item,
                grant: record.id,
                recipient: record.recipient,
                reference: grant::reference(record.id),
                created: record.created,
                expires: record.expires,
            }),
            // It may have been shredded or taken back between release and reading.
            Err(e) => {
                self.find(link).await?.record.check_live(self.clock.now())?;
                Err(e)
            }
        }
    }

    /// The grant of this link, if its share is the right one.
    async fn find(&self, link: &Link) -> Result<Known, EscrowError> {
        let row = self
            .store
            .get(grant::TABLE, link.grant().as_bytes())
            .await?;
        let known = row.and_then(|row| {
            let record = GrantRecord::from_row(&row).ok()?;
            Some(Known { row, record })
        });
        let auth = known.as_ref().map_or(&self.decoy, |k| &k.record.auth);
        let checked = self.root.check_auth(link.grant(), link.share(), auth);
        match (known, checked) {
            (Some(known), Ok(())) => Ok(known),
            _ => Err(EscrowError::NotFound),
        }
    }

    fn unwrap_share(&self, record: &GrantRecord) -> Result<Key, EscrowError> {
        let wrapped = record.share.as_deref().unwrap_or_default();
        self.root
            .unwrap_share(&record.binding(), wrapped)
            .map_err(|_| EscrowError::Damaged { record: "grant" })
    }

    /// Counts a try before it is judged, so that tries at the same time cannot
    /// outrun the budget.
    async fn take_try(&self, link: &Link, mut known: Known) -> Result<Known, EscrowError> {
        let now = self.clock.now();
        let (_, mut all) = self.throttle().await?;
        all.tries
            .take(TRIES_ALL, now)
            .map_err(|wait| EscrowError::Wait { wait })?;
        for _ in 0..ROUNDS {
            known.record.check_live(now)?;
            let mut record = known.record.clone();
            record
                .tries
                .take(TRIES, now)
                .map_err(|wait| EscrowError::Wait { wait })?;
            let row = record.to_row()?;
            let op = replace(&known.row, row.clone());
            match self.store.commit([op].into_iter().collect()).await {
                Ok(_) => return Ok(Known { row, record }),
                Err(StoreError::Conflict { .. }) => known = self.find(link).await?,
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    /// Records a wrong try, and counts it among those of all grants.
    async fn refuse_factor(&self, record: &GrantRecord) -> Result<EscrowError, EscrowError> {
        let tries_left = TRIES.saturating_sub(record.tries.count);
        let now = self.clock.now();
        let kind = EscrowEventKind::FactorFailed { tries_left };
        for _ in 0..ROUNDS {
            let (row, mut all) = self.throttle().await?;
            // Tries that were let in together may overrun it by a few.
            let _ = all.tries.take(u32::MAX, now);
            let new = Row {
                key: THROTTLE.to_vec(),
                value: to_value(&all, "throttle")?,
                due: None,
            };
            let mut batch = Batch::new();
            batch.push(match &row {
                None => Op::Insert {
                    table: Table::Meta,
                    row: new,
                },
                Some(old) => Op::Replace {
                    table: Table::Meta,
                    expected: old.value.clone(),
                    row: new,
                },
            });
            batch.extend(self.recorder.record(&EscrowEvent::new(kind, now, record)));
            match self.store.commit(batch).await {
                Ok(_) => return Ok(EscrowError::FactorWrong { tries_left }),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    async fn throttle(&self) -> Result<(Option<Row>, Throttle), EscrowError> {
        let row = self.store.get(Table::Meta, THROTTLE).await?;
        let throttle = match &row {
            Some(row) => from_value(&row.value, "throttle")?,
            None => Throttle {
                v: super::record::VERSION,
                tries: Tries::default(),
            },
        };
        Ok((row, throttle))
    }

    /// Commits the release. Whoever revokes at the same time either comes
    /// first, then nothing is released, or comes after a release on record.
    async fn release(
        &self,
        link: &Link,
        mut known: Known,
    ) -> Result<(GrantRecord, bool), EscrowError> {
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            known.record.check_live(now)?;
            let mut record = known.record.clone();
            let first = record.releases == 0;
            record.releases = record.releases.saturating_add(1);
            record.first_release = record.first_release.or(Some(now));
            record.last_release = Some(now);
            record.tries = Tries::default();
            let kind = EscrowEventKind::Released {
                first,
                level: record.factor_floor,
            };
            let mut batch = Batch::new();
            batch.push(replace(&known.row, record.to_row()?));
            batch.extend(self.recorder.record(&EscrowEvent::new(kind, now, &record)));
            match self.store.commit(batch).await {
                Ok(_) => return Ok((record, first)),
                Err(StoreError::Conflict { .. }) => known = self.find(link).await?,
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    async fn read_content(&self, id: ItemId, dek: &Key) -> Result<Phi<Vec<u8>>, EscrowError> {
        let damaged = EscrowError::Damaged { record: "part" };
        let row = self.store.get(Table::Item, id.as_bytes()).await?;
        let row = row.ok_or(EscrowError::Damaged { record: "item" })?;
        let record = ItemRecord::from_row(&row)?;
        let manifest = Manifest::open(dek, &record)?;
        let size = usize::try_from(manifest.size).unwrap_or(usize::MAX);
        // All of it at once: a growing buffer would leave copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(size));
        let context = item::context("content", id);
        let mut decryptor = chunk::Decryptor::new(dek, &context);
        let (mut after, mut parts) = (None::<Vec<u8>>, 0u32);
        loop {
            let rows = self
                .store
                .range(Table::Part, id.as_bytes(), after.as_deref(), PARTS)
                .await?;
            let full = rows.len() == PARTS;
            for row in rows {
                if row.key != item::part_key(id, parts) || out.len() > size {
                    return Err(damaged);
                }
                if decryptor.push(&row.value, &mut out).is_err() {
                    return Err(damaged);
                }
                parts += 1;
                after = Some(row.key);
            }
            if !full {
                break;
            }
        }
        let ended = decryptor.finish(&mut out).is_ok();
        if !ended || out.len() != size || chunk::chunk_count(size) as u64 != manifest.chunks {
            return Err(damaged);
        }
        Ok(Phi::new(std::mem::take(&mut *out)))
    }
}

/// F, off the threads that serve others: it takes about 0.2 s.
async fn stretch(
    record: &GrantRecord,
    passphrase: Option<&Secret<String>>,
) -> Result<Option<Key>, EscrowError> {
    let (Some(kept), Some(text)) = (record.passphrase.clone(), passphrase.cloned()) else {
        return Ok(None);
    };
    tokio::task::spawn_blocking(move || factor::stretch(&text, &kept))
        .await
        .map_err(|_| EscrowError::Busy)
}

pub(super) fn replace(old: &Row, new: Row) -> Op {
    Op::Replace {
        table: grant::TABLE,
        expected: old.value.clone(),
        row: new,
    }
}
