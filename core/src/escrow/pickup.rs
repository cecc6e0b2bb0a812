//! From link and factor to the message.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::event::{EscrowEvent, EscrowEventKind};
use super::factor::{self, Factor};
use super::grant::{self, GrantRecord, TRIES, Taken, Tries};
use super::item::{self, ItemRecord, Manifest};
use super::record::{from_value, to_value};
use super::{Escrow, EscrowError, Link, chunk, keys};
use crate::base::crypto::Key;
use crate::base::{FactorLevel, GrantId, ItemId, Phi, RecipientId, Secret, Timestamp};
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
pub(super) struct Known {
    pub(super) row: Row,
    pub(super) record: GrantRecord,
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
        self.unwrap_share(&known.record).await?;

        let mut f = None;
        if known.record.passcode.is_some() || known.record.passphrase.is_some() {
            known = self.count_try(known).await?;
            f = stretch(&known.record, passphrase).await?;
            if !factor::is_shown(&self.root, &known.record, link.share(), factor, f.as_ref()) {
                return Err(self.refuse_factor(&known.record).await?);
            }
        }
        let (record, taken) = self.release(known, None).await?;
        let first = taken.first;
        let share = self.unwrap_share(&record).await?;
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
        let (known, is_there) = self.known_or_decoy(link.grant()).await?;
        let auth = &known.record.auth;
        match self.root.check_auth(link.grant(), link.share(), auth) {
            Ok(()) if is_there => Ok(known),
            _ => Err(EscrowError::NotFound),
        }
    }

    /// The grant, or what stands in the place of one that is not there, so
    /// that the same steps follow; and which of them.
    pub(super) async fn known_or_decoy(&self, id: GrantId) -> Result<(Known, bool), EscrowError> {
        let row = self.store.get(grant::TABLE, id.as_bytes()).await?;
        if let Some(row) = row
            && let Ok(record) = GrantRecord::from_row(&row)
        {
            return Ok((Known { row, record }, true));
        }
        let row = self.decoy.as_ref().clone();
        let record = GrantRecord::from_row(&row)?;
        Ok((Known { row, record }, false))
    }

    /// A grant whose holder was known before.
    pub(super) async fn known(&self, id: GrantId) -> Result<Known, EscrowError> {
        let row = self.store.get(grant::TABLE, id.as_bytes()).await?;
        let row = row.ok_or(EscrowError::NotFound)?;
        let record = GrantRecord::from_row(&row)?;
        Ok(Known { row, record })
    }

    /// Changes a grant that is live, by compare-and-swap: what `change` sees is
    /// what is replaced. Its events are recorded in the same transaction.
    pub(super) async fn change_live<T>(
        &self,
        mut known: Known,
        mut change: impl FnMut(
            &mut GrantRecord,
            Timestamp,
        ) -> Result<(T, Vec<EscrowEventKind>), EscrowError>,
    ) -> Result<(Known, T), EscrowError> {
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            known.record.check_live(now)?;
            let mut record = known.record.clone();
            let (done, events) = change(&mut record, now)?;
            let row = record.to_row()?;
            let mut batch = Batch::new();
            batch.push(replace(&known.row, row.clone()));
            for kind in events {
                batch.extend(self.recorder.record(&EscrowEvent::new(kind, now, &record)));
            }
            match self.store.commit(batch).await {
                Ok(_) => return Ok((Known { row, record }, done)),
                Err(StoreError::Conflict { .. }) => known = self.known(record.id).await?,
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    /// Counts a try before it is judged, so that tries at the same time cannot
    /// outrun the budget.
    pub(super) async fn count_try(&self, known: Known) -> Result<Known, EscrowError> {
        let (_, mut all) = self.throttle().await?;
        let wait = |wait| EscrowError::Wait { wait };
        all.tries.take(TRIES_ALL, self.clock.now()).map_err(wait)?;
        let counted = self.change_live(known, |record, now| {
            record.tries.take(TRIES, now).map_err(wait)?;
            Ok(((), Vec::new()))
        });
        Ok(counted.await?.0)
    }

    /// Records a wrong try, and counts it among those of all grants.
    pub(super) async fn refuse_factor(
        &self,
        record: &GrantRecord,
    ) -> Result<EscrowError, EscrowError> {
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
    /// first, then nothing is released, or comes after a release on record; of
    /// two who take the last view one comes first.
    pub(super) async fn release(
        &self,
        known: Known,
        session: Option<(&[u8; 16], FactorLevel)>,
    ) -> Result<(GrantRecord, Taken), EscrowError> {
        let released = self.change_live(known, |record, now| {
            // Another request of the same session came first.
            #[cfg(feature = "portal")]
            if session.is_some_and(|(id, _)| record.is_counted(id, now)) {
                let (first, last) = (false, false);
                return Ok((Taken { first, last }, Vec::new()));
            }
            let taken = record.count_release(session.map(|(id, _)| id), now)?;
            let level = session.map_or(record.factor_floor, |(_, shown)| shown);
            let first = taken.first;
            let mut events = vec![EscrowEventKind::Released { first, level }];
            if taken.last {
                events.push(EscrowEventKind::ViewLimit);
            }
            Ok((taken, events))
        });
        let (known, taken) = released.await?;
        Ok((known.record, taken))
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
        // The letter behind the message is the page's.
        out.truncate(usize::try_from(manifest.message_len()).unwrap_or(usize::MAX));
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
