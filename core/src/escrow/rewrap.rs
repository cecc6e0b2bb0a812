//! Bringing the server shares to the key provider's present version.

use serde::{Deserialize, Serialize};

use super::grant::{self, GrantRecord};
use super::pickup::replace;
use super::provider::{self, KeyProviderError, Wrapped};
use super::record::{VERSION, from_value, hex_option, to_value};
use super::{Escrow, EscrowError};
use crate::base::crypto::Key;
use crate::storage::{Batch, Op, Row, StoreError, Table};

/// How far the pass went that is under way.
const CURSOR: &[u8] = b"escrow/rewrap";
const PAGE: usize = 100;
const KIND: &str = "rewrap";

/// What [`Escrow::rewrap`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewrapped {
    /// The version in use; `None` where no key provider is configured.
    pub version: Option<String>,
    /// Grants looked at.
    pub seen: usize,
    /// Shares that were wrapped anew.
    pub rewrapped: usize,
    /// Shares that were under the present version already.
    pub current: usize,
    /// Grants without a share: revoked or expired.
    pub ended: usize,
    /// Shares whose version is not at hand, and that stayed as they were.
    pub unknown_version: usize,
    /// Records that cannot be read or do not unwrap, and that stayed as they
    /// were.
    pub damaged: usize,
    /// Whether the pass has reached the last grant. The next call begins a new
    /// one.
    pub done: bool,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    v: u8,
    version: Option<String>,
    #[serde(with = "hex_option")]
    after: Option<Vec<u8>>,
}

enum Step {
    Rewrapped,
    Current,
    Ended,
    Unknown,
    Damaged,
}

impl Escrow {
    /// Wraps the server shares of up to `limit` grants anew under the key
    /// provider's present version, going on where the last call stopped, also
    /// after a restart. Pickups go on meanwhile.
    ///
    /// Call it until [`Rewrapped::done`]. A retired version can be dropped after
    /// a pass over all grants that rewrapped nothing and left nothing over; a
    /// pass that begins before every process knows the new version may leave
    /// shares behind that such a process wrapped meanwhile, which is why the
    /// last pass must find nothing to do.
    ///
    /// # Errors
    /// [`EscrowError::KeyProvider`] where the provider fails; what was done
    /// stays done. [`EscrowError::Store`].
    pub async fn rewrap(&self, limit: usize) -> Result<Rewrapped, EscrowError> {
        let version = match &self.provider {
            Some(provider) => Some(provider.current().await?),
            None => None,
        };
        let mut report = Rewrapped {
            version: version.clone(),
            ..Rewrapped::default()
        };
        let kept = self.store.get(Table::Meta, CURSOR).await?;
        let mut after = kept
            .and_then(|row| from_value::<Cursor>(&row.value, KIND).ok())
            .filter(|cursor| cursor.v == VERSION && cursor.version == version)
            .and_then(|cursor| cursor.after);
        while report.seen < limit {
            let page = PAGE.min(limit - report.seen);
            let rows = self
                .store
                .range(grant::TABLE, &[], after.as_deref(), page)
                .await?;
            report.done = rows.len() < page;
            let mut result = Ok(());
            for row in rows {
                let key = row.key.clone();
                match self.rewrap_one(row, version.as_deref()).await {
                    Ok(Step::Rewrapped) => report.rewrapped += 1,
                    Ok(Step::Current) => report.current += 1,
                    Ok(Step::Ended) => report.ended += 1,
                    Ok(Step::Unknown) => report.unknown_version += 1,
                    Ok(Step::Damaged) => report.damaged += 1,
                    Err(e) => {
                        result = Err(e);
                        break;
                    }
                }
                report.seen += 1;
                after = Some(key);
            }
            let next = after.clone().filter(|_| !report.done || result.is_err());
            self.keep_cursor(version.clone(), next).await?;
            result?;
            if report.done {
                break;
            }
        }
        Ok(report)
    }

    async fn keep_cursor(
        &self,
        version: Option<String>,
        after: Option<Vec<u8>>,
    ) -> Result<(), EscrowError> {
        let op = match after {
            None => Op::Delete {
                table: Table::Meta,
                key: CURSOR.to_vec(),
            },
            after => {
                let cursor = Cursor {
                    v: VERSION,
                    version,
                    after,
                };
                Op::Put {
                    table: Table::Meta,
                    row: Row::new(CURSOR, to_value(&cursor, KIND)?),
                }
            }
        };
        self.store.commit(Batch::from_iter([op])).await?;
        Ok(())
    }

    async fn rewrap_one(&self, mut row: Row, version: Option<&str>) -> Result<Step, EscrowError> {
        for _ in 0..super::pickup::ROUNDS {
            let Ok(mut record) = GrantRecord::from_row(&row) else {
                return Ok(Step::Damaged);
            };
            if record.share.is_none() {
                return Ok(Step::Ended);
            }
            if record.share_key.as_deref() == version {
                return Ok(Step::Current);
            }
            let share = match self.unwrap_share(&record).await {
                Ok(share) => share,
                Err(EscrowError::Damaged { .. }) => return Ok(Step::Damaged),
                Err(EscrowError::KeyProvider(KeyProviderError::UnknownVersion { .. })) => {
                    return Ok(Step::Unknown);
                }
                Err(e) => return Err(e),
            };
            self.wrap_share(&mut record, &share).await?;
            let batch = Batch::from_iter([replace(&row, record.to_row()?)]);
            match self.store.commit(batch).await {
                Ok(_) => return Ok(Step::Rewrapped),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
            // A pickup, a revocation: look again.
            match self.store.get(grant::TABLE, &row.key).await? {
                Some(now) => row = now,
                None => return Ok(Step::Ended),
            }
        }
        Err(EscrowError::Busy)
    }

    /// Wraps S into the record, which is otherwise as it will be stored.
    pub(super) async fn wrap_share(
        &self,
        record: &mut GrantRecord,
        share: &Key,
    ) -> Result<(), EscrowError> {
        let binding = record.binding(&self.root)?;
        let Some(provider) = &self.provider else {
            record.share = Some(self.root.wrap_share(&binding, share));
            record.share_key = None;
            return Ok(());
        };
        let wrapped = provider.wrap(&binding.bytes(), share).await?;
        provider::check(&wrapped)?;
        record.share = Some(wrapped.bytes);
        record.share_key = Some(wrapped.version);
        Ok(())
    }

    pub(super) async fn unwrap_share(&self, record: &GrantRecord) -> Result<Key, EscrowError> {
        let damaged = EscrowError::Damaged { record: "grant" };
        let wrapped = record.share.clone().unwrap_or_default();
        let binding = record.binding(&self.root)?;
        let Some(version) = &record.share_key else {
            return self
                .root
                .unwrap_share(&binding, &wrapped)
                .map_err(|_| damaged);
        };
        let unknown = || KeyProviderError::UnknownVersion {
            version: version.clone(),
        };
        let provider = self.provider.as_ref().ok_or_else(unknown)?;
        match provider
            .unwrap(&binding.bytes(), &Wrapped::new(version, wrapped))
            .await
        {
            Ok(share) => Ok(share),
            Err(KeyProviderError::Rejected) => Err(damaged),
            Err(e) => Err(e.into()),
        }
    }

    /// Whether S can be unwrapped later, as far as that is known without doing
    /// it: asked before a release is recorded and counted.
    #[cfg(feature = "portal")]
    pub(super) async fn check_share_key(&self, record: &GrantRecord) -> Result<(), EscrowError> {
        let Some(version) = &record.share_key else {
            return Ok(());
        };
        let known = match &self.provider {
            Some(provider) => provider.knows(version).await?,
            None => false,
        };
        if known {
            return Ok(());
        }
        let version = version.clone();
        Err(KeyProviderError::UnknownVersion { version }.into())
    }
}
