//! Going on with what was deferred or left behind.

use std::collections::HashSet;
use std::str::FromStr;

use futures_util::future::join_all;
use serde::Serialize;
use zeroize::Zeroizing;

use super::engine::{Engine, Work};
use super::receipt::{Outcome, Status};
use crate::audit::EventKind;
use crate::base::{ReceiptId, RecipientId, Timestamp, UnknownWord};
use crate::error::Error;
use crate::outbox::{CopyRecord, OutboxError, Phase};
use crate::storage::{Batch, Row, StoreError, Table};

/// How many copies are looked at in one go.
const PAGE: usize = 256;

/// What one call of `deliver_due` did.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct DueReport {
    /// The copies that were tried or found to be unknown, with their outcomes.
    pub outcomes: Vec<(ReceiptId, Outcome)>,
    /// Copies that could not be read or recorded; they stay where they are.
    pub failed: usize,
    /// Escrow grants that expired.
    pub expired: usize,
}

/// A copy that is not at its end.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Unresolved {
    /// The call of `send`.
    pub receipt: ReceiptId,
    /// The recipient.
    pub recipient: RecipientId,
    /// `Deferred`, `Pending` (in flight, or left behind by a process that
    /// died) or `Unknown`.
    pub status: Status,
    /// Attempts so far.
    pub attempts: u32,
    /// When something will be done about it.
    pub next: Option<Timestamp>,
}

/// What the host found out about a copy whose outcome was unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// It arrived.
    Delivered,
    /// It did not, or a second copy does no harm: send it again.
    SendAgain,
}

impl Resolution {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Delivered, Self::SendAgain];

    /// The word for it in other languages and scripts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::SendAgain => "send_again",
        }
    }
}

impl FromStr for Resolution {
    type Err = UnknownWord;

    fn from_str(s: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.iter().find(|r| r.word() == s);
        found.copied().ok_or(UnknownWord {
            expected: "delivered send_again",
        })
    }
}

impl Engine {
    /// Every row of a table.
    pub(super) async fn rows(&self, table: Table) -> Result<Vec<Row>, Error> {
        let mut all: Vec<Row> = Vec::new();
        loop {
            let after = all.last().map(|row| row.key.clone());
            let page = self.store.range(table, &[], after.as_deref(), PAGE).await?;
            let last = page.len() < PAGE;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    pub(super) async fn unresolved(&self) -> Result<Vec<Unresolved>, Error> {
        let mut all = Vec::new();
        for row in self.rows(Table::Outbox).await? {
            let record = self.outbox.open(&row)?;
            all.push(Unresolved {
                receipt: record.receipt,
                recipient: record.recipient,
                status: match record.phase {
                    Phase::Ready { .. } => Status::Deferred,
                    Phase::Unknown => Status::Unknown,
                    _ => Status::Pending,
                },
                attempts: record.attempts,
                next: record.phase.due(),
            });
        }
        Ok(all)
    }

    pub(super) async fn deliver_due(&self) -> Result<DueReport, Error> {
        let mut report = DueReport::default();
        let now = self.clock.now();
        // No copy is looked at twice in one call, whatever became of it: so the
        // call ends, and one that cannot be taken up hides none behind it.
        let mut seen: HashSet<Vec<u8>> = HashSet::new();
        loop {
            let mut rows = self
                .store
                .due(Table::Outbox, now, PAGE + seen.len())
                .await?;
            rows.retain(|row| seen.insert(row.key.clone()));
            if rows.is_empty() {
                break;
            }
            let tried = rows.into_iter().map(|row| self.take_up(row));
            for result in join_all(tried).await {
                match result {
                    Ok(Some(outcome)) => report.outcomes.push(outcome),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::error!(code = error.code(), "a due copy could not be taken up");
                        report.failed += 1;
                    }
                }
            }
        }
        // Last, so that a fault of the escrow's puts off no mail.
        if let Some((escrow, _)) = &self.escrow {
            match escrow.expire_due(now).await {
                Ok(swept) => report.expired = swept.grants,
                Err(error) => {
                    tracing::error!(code = error.code(), "expired grants could not be ended");
                    report.failed += 1;
                }
            }
        }
        Ok(report)
    }

    /// Takes a due copy into this process' hands and tries it. `None` where
    /// another process was faster.
    async fn take_up(&self, row: Row) -> Result<Option<(ReceiptId, Outcome)>, Error> {
        // Claimed and read when its turn has come: not all messages at once,
        // and no lease that runs while it waits.
        let _turn = self.turn().await;
        let mut record = self.outbox.open(&row)?;
        let receipt = record.receipt;
        if matches!(record.phase, Phase::PastDot { .. }) {
            let outcome = self.report_unknown(&row, &mut record).await;
            return conflict_is_none(outcome.map(|o| (receipt, o)));
        }
        let Some(body) = self.store.get(Table::Body, record.id.as_bytes()).await? else {
            // Another process was done with it; or it is lost.
            let present = self.store.get(Table::Outbox, &row.key).await?;
            return match present {
                Some(present) if present.value == row.value => Err(OutboxError::Form.into()),
                _ => Ok(None),
            };
        };
        let body: Zeroizing<Vec<u8>> = self.outbox.open_body(&body)?;
        record.phase = self.sending();
        let (replace, held) = self.outbox.replace(&row, &record);
        let entry = self.audit.entry(&self.event(EventKind::Intent, &record)?);
        let claimed = self.store.commit(Batch::from_iter([replace, entry])).await;
        if conflict_is_none(claimed.map_err(Error::from))?.is_none() {
            return Ok(None);
        }
        // The code, where one was made and not yet sent, rests with the receipt.
        let key = super::receipt::outcome_key(receipt, record.recipient);
        let passcode = match self.store.get(Table::Receipt, &key).await? {
            Some(row) => self.receipts.read_outcome(&row)?.passcode().cloned(),
            None => None,
        };
        let work = Work {
            record,
            held,
            body: std::sync::Arc::new(body),
            passcode,
        };
        Ok(Some((receipt, self.run(work).await)))
    }

    /// A process died, or lost its store, after the point of no return.
    async fn report_unknown(&self, row: &Row, record: &mut CopyRecord) -> Result<Outcome, Error> {
        record.phase = Phase::Unknown;
        self.record_status(row, record, Status::Unknown, EventKind::Unknown)
            .await
    }

    /// Writes a copy's new state, its receipt and the audit entry.
    async fn record_status(
        &self,
        row: &Row,
        record: &CopyRecord,
        status: Status,
        kind: EventKind,
    ) -> Result<Outcome, Error> {
        let mut batch = Batch::new();
        if status == Status::Delivered {
            batch.extend(self.outbox.remove(row, record));
        } else {
            batch.push(self.outbox.replace(row, record).0);
        }
        let mut outcome = self.outcome(record, status, None);
        outcome.next_try = record.phase.due();
        let key = super::receipt::outcome_key(record.receipt, record.recipient);
        if let Some(row) = self.store.get(Table::Receipt, &key).await? {
            let known = self.receipts.read_outcome(&row)?;
            outcome = outcome.with_passcode(known.passcode().cloned());
        }
        batch.push(self.receipts.put_outcome(record.receipt, &outcome));
        batch.push(self.audit.entry(&self.event(kind, record)?));
        self.store.commit(batch).await?;
        Ok(outcome)
    }

    /// Ends or renews a copy whose outcome was unknown.
    pub(super) async fn resolve(
        &self,
        row: &Row,
        record: &mut CopyRecord,
        resolution: Resolution,
        kind: EventKind,
    ) -> Result<(), Error> {
        let status = match resolution {
            Resolution::Delivered => Status::Delivered,
            Resolution::SendAgain => {
                record.phase = Phase::Ready {
                    due: self.clock.now(),
                };
                Status::Deferred
            }
        };
        self.record_status(row, record, status, kind).await?;
        Ok(())
    }
}

/// Another process changed the row first: that is no error.
fn conflict_is_none<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Store(StoreError::Conflict { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolution_is_read_by_its_word() {
        for &resolution in Resolution::ALL {
            assert_eq!(resolution.word().parse(), Ok(resolution));
        }
        assert!("lost".parse::<Resolution>().is_err());
    }
}
