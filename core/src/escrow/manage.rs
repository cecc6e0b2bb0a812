//! What the host does with what is escrowed: look, take back, let expire, shred.

use super::event::{EscrowEvent, EscrowEventKind};
use super::grant::{self, GrantRecord, GrantState, GrantStatus};
use super::item::{ItemRecord, part_key};
use super::pickup::{ROUNDS, replace};
use super::{Destruction, Escrow, EscrowError};
use crate::base::{GrantId, ItemId, MessageId, Timestamp};
use crate::storage::{Batch, Op, Row, StoreError, Table};

/// Rows handled at a time.
pub(super) const PAGE: usize = 100;

/// What the host can know of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemStatus {
    /// The item.
    pub item: ItemId,
    /// The message, as the host called it.
    pub message: Option<MessageId>,
    /// When it was escrowed.
    pub created: Timestamp,
    /// When its grants end.
    pub expires: Timestamp,
    /// Whether the content is still there.
    pub has_content: bool,
    /// Its grants, in the order in which they were asked for.
    pub grants: Vec<GrantId>,
    /// Whether it is on hold.
    pub held: bool,
    /// Whether the holder of the archive key can be given it.
    pub archived: bool,
}

/// What [`Escrow::expire_due`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Grants whose server share was deleted.
    pub grants: usize,
    /// Items whose content was deleted.
    pub items: usize,
    /// Replies that were not finished in time.
    pub replies: usize,
    /// Sessions and codes of the pickup page that were over.
    pub visits: usize,
}

impl Escrow {
    /// Takes a grant back: the server share is deleted at once and nothing
    /// opens any more. A grant that ended already stays as it is. Under a hold
    /// the keys go when the hold is released.
    ///
    /// # Errors
    /// [`EscrowError::UnknownId`]; [`EscrowError::Store`].
    pub async fn revoke(&self, grant: GrantId) -> Result<(), EscrowError> {
        let kind = EscrowEventKind::Revoked;
        self.end_grant(grant, GrantState::Revoked, kind, |_| true)
            .await
            .map(drop)
    }

    /// Puts the end of a live grant off, and that of its item's content with
    /// it. An earlier time than the present end changes nothing. Gives the end.
    ///
    /// # Errors
    /// [`EscrowError::Revoked`], [`EscrowError::Expired`] where it ended, which
    /// cannot be undone; [`EscrowError::UnknownId`]; [`EscrowError::Store`].
    pub async fn extend(&self, grant: GrantId, until: Timestamp) -> Result<Timestamp, EscrowError> {
        for _ in 0..ROUNDS {
            let row = self.store.get(grant::TABLE, grant.as_bytes()).await?;
            let row = row.ok_or(EscrowError::UnknownId)?;
            let mut record = GrantRecord::from_row(&row)?;
            match record.check_live(self.clock.now()) {
                Ok(()) | Err(EscrowError::Held) => {}
                Err(e) => return Err(e),
            }
            if until <= record.expires {
                return Ok(record.expires);
            }
            record.expires = until;
            let mut batch = Batch::from_iter([replace(&row, record.to_row()?)]);
            let old = self.store.get(Table::Item, record.item.as_bytes()).await?;
            let old = old.ok_or(EscrowError::Damaged { record: "item" })?;
            let mut item = ItemRecord::from_row(&old)?;
            item.expires = item.expires.max(until);
            // Guards against the item's own expiry, too.
            batch.push(replace_item(&old, item.to_row()?));
            let now = self.clock.now();
            let event = EscrowEvent::new(EscrowEventKind::Extended, now, &record);
            batch.extend(self.recorder.record(&event));
            match self.store.commit(batch).await {
                Ok(_) => return Ok(until),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    /// Puts an item on hold (a legal hold): nobody picks it up meanwhile, it is
    /// not shredded, and expiry and revocation leave its content and its keys.
    /// To be called again where it failed half way; what is on hold stays so.
    ///
    /// # Errors
    /// [`EscrowError::UnknownId`]; [`EscrowError::Damaged`]; [`EscrowError::Store`].
    pub async fn hold(&self, item: ItemId) -> Result<(), EscrowError> {
        // The item first: from here on nothing is shredded or emptied.
        let record = self.change_item(item, |record| record.held = true).await?;
        let kind = EscrowEventKind::Held;
        self.change_grants(&record, kind, |grant| {
            let changed = !grant.held;
            grant.held = true;
            changed
        })
        .await
    }

    /// Lifts a hold. What was revoked meanwhile, or is past its expiry, loses
    /// its keys now, and its content with the next [`Escrow::expire_due`].
    ///
    /// # Errors
    /// As [`Escrow::hold`].
    pub async fn release_hold(&self, item: ItemId) -> Result<(), EscrowError> {
        let record = self.item_record(item).await?;
        let kind = EscrowEventKind::HoldReleased;
        self.change_grants(&record, kind, |grant| {
            let changed = grant.held;
            if changed {
                grant.release_hold();
            }
            changed
        })
        .await?;
        let lifted = self.change_item(item, |record| record.held = false).await;
        lifted.map(drop)
    }

    /// Deletes an item whole: server shares, grants, archive wrap, replies on
    /// their way, sessions and codes of the pickup page, content, records, in
    /// one transaction. What backups of the store still hold is theirs to
    /// overwrite, and the statement says until when.
    /// [`Client::shred`](crate::Client::shred) gives it signed.
    ///
    /// # Errors
    /// [`EscrowError::OnHold`]; [`EscrowError::UnknownId`];
    /// [`EscrowError::Damaged`] where the item's record cannot be read;
    /// [`EscrowError::Store`].
    pub async fn shred(&self, item: ItemId) -> Result<Destruction, EscrowError> {
        for _ in 0..ROUNDS {
            let row = self.store.get(Table::Item, item.as_bytes()).await?;
            let row = row.ok_or(EscrowError::UnknownId)?;
            let record = ItemRecord::from_row(&row)?;
            if record.held {
                return Err(EscrowError::OnHold);
            }
            let now = self.clock.now();
            // A hold that comes meanwhile is not overrun.
            let mut batch = Batch::from_iter([replace_item(&row, row.clone())]);
            for id in &record.grants {
                if let Some(row) = self.store.get(grant::TABLE, id.as_bytes()).await?
                    && let Ok(grant) = GrantRecord::from_row(&row)
                {
                    let event = EscrowEvent::new(EscrowEventKind::Shredded, now, &grant);
                    batch.extend(self.recorder.record(&event));
                }
                batch.push(delete(grant::TABLE, id.as_bytes().to_vec()));
                self.delete_replies(*id, &mut batch).await?;
                self.delete_visits(*id, &mut batch).await?;
            }
            self.delete_parts(&record, &mut batch).await?;
            batch.push(delete(Table::Item, row.key));
            match self.store.commit(batch).await {
                Ok(_) => {
                    // Not the time before: a backup may have been made while
                    // the deletion waited for its turn.
                    let at = self.clock.now();
                    return Ok(Destruction {
                        item,
                        message: record.message,
                        grants: record.grants,
                        at,
                        backups_until: self.backup_lifetime.map(|lifetime| at.plus(lifetime)),
                    });
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    /// Deletes the server shares and the content whose time is over, and what
    /// the pickup page keeps of visits that ended. To be called now and then; grants do not open after their expiry even if it is
    /// not.
    ///
    /// # Errors
    /// [`EscrowError::Store`]. What was done before stays done.
    pub async fn expire_due(&self, now: Timestamp) -> Result<Swept, EscrowError> {
        let mut swept = Swept::default();
        loop {
            let rows = self.store.due(grant::TABLE, now, PAGE).await?;
            let mut progress = false;
            for row in rows {
                progress |= self.expire_grant(row, now, &mut swept).await?;
            }
            // A page without progress is empty or in another worker's hands.
            if !progress {
                break;
            }
        }
        loop {
            let rows = self.store.due(Table::Item, now, PAGE).await?;
            let mut progress = false;
            for row in rows {
                progress |= self.expire_item(row, &mut swept).await?;
            }
            if !progress {
                break;
            }
        }
        self.expire_replies(now, &mut swept).await?;
        swept.visits = self.expire_visits(now, usize::MAX).await?;
        Ok(swept)
    }

    async fn expire_grant(
        &self,
        row: Row,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<bool, EscrowError> {
        let Ok(record) = GrantRecord::from_row(&row) else {
            // Nobody can open it any more, and it must not stay due.
            self.delete(grant::TABLE, row.key).await?;
            return Ok(true);
        };
        let due = |r: &GrantRecord| r.expires <= now;
        let kind = EscrowEventKind::Expired;
        match self
            .end_grant(record.id, GrantState::Expired, kind, due)
            .await
        {
            Ok(true) => {
                swept.grants += 1;
                Ok(true)
            }
            Ok(false) | Err(EscrowError::UnknownId) => Ok(false),
            Err(e) => Err(e),
        }
    }

    async fn expire_item(&self, row: Row, swept: &mut Swept) -> Result<bool, EscrowError> {
        let Ok(mut record) = ItemRecord::from_row(&row) else {
            self.delete(Table::Item, row.key).await?;
            return Ok(true);
        };
        if record.held {
            return Ok(false);
        }
        let mut batch = Batch::new();
        self.delete_parts(&record, &mut batch).await?;
        record.parts = 0;
        record.manifest = Vec::new();
        record.archive = None;
        batch.push(replace_item(&row, record.to_row()?));
        match self.store.commit(batch).await {
            Ok(_) => {
                swept.items += 1;
                Ok(true)
            }
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Where a grant stands.
    ///
    /// # Errors
    /// [`EscrowError::UnknownId`]; [`EscrowError::Damaged`]; [`EscrowError::Store`].
    pub async fn status(&self, grant: GrantId) -> Result<GrantStatus, EscrowError> {
        let row = self.store.get(grant::TABLE, grant.as_bytes()).await?;
        let row = row.ok_or(EscrowError::UnknownId)?;
        Ok(GrantRecord::from_row(&row)?.status(self.clock.now()))
    }

    /// What is known of an item.
    ///
    /// # Errors
    /// [`EscrowError::UnknownId`]; [`EscrowError::Damaged`]; [`EscrowError::Store`].
    pub async fn item(&self, item: ItemId) -> Result<ItemStatus, EscrowError> {
        Ok(item_status(self.item_record(item).await?))
    }

    /// The items after `after` in the order of ids, at most `limit` (and 1,000).
    ///
    /// # Errors
    /// [`EscrowError::Damaged`]; [`EscrowError::Store`].
    pub async fn items(
        &self,
        after: Option<ItemId>,
        limit: usize,
    ) -> Result<Vec<ItemStatus>, EscrowError> {
        let after = after.as_ref().map(|id| &id.as_bytes()[..]);
        let rows = self
            .store
            .range(Table::Item, &[], after, limit.min(1_000))
            .await?;
        rows.iter()
            .map(|row| ItemRecord::from_row(row).map(item_status))
            .collect()
    }

    /// Where the grants of an item stand, in the order in which they were asked
    /// for.
    ///
    /// # Errors
    /// [`EscrowError::UnknownId`]; [`EscrowError::Damaged`]; [`EscrowError::Store`].
    pub async fn grants_of(&self, item: ItemId) -> Result<Vec<GrantStatus>, EscrowError> {
        let record = self.item_record(item).await?;
        let mut all = Vec::with_capacity(record.grants.len());
        for id in &record.grants {
            if let Some(row) = self.store.get(grant::TABLE, id.as_bytes()).await? {
                all.push(GrantRecord::from_row(&row)?.status(self.clock.now()));
            }
        }
        Ok(all)
    }

    pub(super) async fn end_grant(
        &self,
        id: GrantId,
        state: GrantState,
        kind: EscrowEventKind,
        is_due: impl Fn(&GrantRecord) -> bool,
    ) -> Result<bool, EscrowError> {
        for _ in 0..ROUNDS {
            let row = self.store.get(grant::TABLE, id.as_bytes()).await?;
            let row = row.ok_or(EscrowError::UnknownId)?;
            let mut record = GrantRecord::from_row(&row)?;
            if record.state != GrantState::Live || !is_due(&record) {
                return Ok(false);
            }
            record.end(state);
            let event = EscrowEvent::new(kind, self.clock.now(), &record);
            let mut batch = Batch::new();
            batch.push(replace(&row, record.to_row()?));
            batch.extend(self.recorder.record(&event));
            match self.store.commit(batch).await {
                Ok(_) => return Ok(true),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    pub(super) async fn item_record(&self, item: ItemId) -> Result<ItemRecord, EscrowError> {
        let row = self.store.get(Table::Item, item.as_bytes()).await?;
        let row = row.ok_or(EscrowError::UnknownId)?;
        ItemRecord::from_row(&row)
    }

    async fn change_item(
        &self,
        item: ItemId,
        change: impl Fn(&mut ItemRecord),
    ) -> Result<ItemRecord, EscrowError> {
        for _ in 0..ROUNDS {
            let row = self.store.get(Table::Item, item.as_bytes()).await?;
            let row = row.ok_or(EscrowError::UnknownId)?;
            let mut record = ItemRecord::from_row(&row)?;
            change(&mut record);
            let batch = Batch::from_iter([replace_item(&row, record.to_row()?)]);
            match self.store.commit(batch).await {
                Ok(_) => return Ok(record),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }

    /// Changes the grants of an item that `change` says it changed, a page in a
    /// transaction, each with its event.
    async fn change_grants(
        &self,
        item: &ItemRecord,
        kind: EscrowEventKind,
        change: impl Fn(&mut GrantRecord) -> bool,
    ) -> Result<(), EscrowError> {
        'pages: for page in item.grants.chunks(PAGE) {
            for _ in 0..ROUNDS {
                let mut batch = Batch::new();
                for id in page {
                    let row = self.store.get(grant::TABLE, id.as_bytes()).await?;
                    let Some(row) = row else { continue };
                    let mut record = GrantRecord::from_row(&row)?;
                    if change(&mut record) {
                        batch.push(replace(&row, record.to_row()?));
                        let event = EscrowEvent::new(kind, self.clock.now(), &record);
                        batch.extend(self.recorder.record(&event));
                    }
                }
                match self.store.commit(batch).await {
                    Ok(_) => continue 'pages,
                    Err(StoreError::Conflict { .. }) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            return Err(EscrowError::Busy);
        }
        Ok(())
    }

    /// Adds the deletion of all parts, those too that the record does not count.
    async fn delete_parts(&self, item: &ItemRecord, batch: &mut Batch) -> Result<(), EscrowError> {
        for part in 0..item.parts {
            batch.push(delete(Table::Part, part_key(item.id, part)));
        }
        let last = item
            .parts
            .checked_sub(1)
            .map(|part| part_key(item.id, part));
        let mut after = last;
        loop {
            let rows = self
                .store
                .range(Table::Part, item.id.as_bytes(), after.as_deref(), 1)
                .await?;
            let Some(row) = rows.into_iter().next() else {
                return Ok(());
            };
            batch.push(delete(Table::Part, row.key.clone()));
            after = Some(row.key);
        }
    }

    async fn delete(&self, table: Table, key: Vec<u8>) -> Result<(), EscrowError> {
        let batch = [delete(table, key)].into_iter().collect();
        self.store.commit(batch).await?;
        Ok(())
    }
}

fn replace_item(old: &Row, new: Row) -> Op {
    Op::Replace {
        table: Table::Item,
        expected: old.value.clone(),
        row: new,
    }
}

pub(super) fn delete(table: Table, key: Vec<u8>) -> Op {
    Op::Delete { table, key }
}

fn item_status(record: ItemRecord) -> ItemStatus {
    ItemStatus {
        item: record.id,
        message: record.message,
        created: record.created,
        expires: record.expires,
        has_content: record.parts > 0,
        held: record.held,
        archived: record.archive.is_some(),
        grants: record.grants,
    }
}
