//! The rows that the pickup page keeps of those who visit: sessions and codes.
//!
//! What they hold is the portal's own. Here they are deleted: those of a grant
//! with the grant, and those whose time is over. So every key begins with its
//! grant; a key that is shorter than a grant's id belongs to all of them.

use super::manage::{PAGE, delete};
use super::pickup::ROUNDS;
use super::{Escrow, EscrowError};
use crate::base::{GrantId, Timestamp};
use crate::storage::{Batch, Op, StoreError, Table};

const TABLES: [Table; 2] = [Table::Session, Table::Code];

impl Escrow {
    /// Adds the deletion of all that visitors left at a grant.
    pub(super) async fn delete_visits(
        &self,
        grant: GrantId,
        batch: &mut Batch,
    ) -> Result<(), EscrowError> {
        for table in TABLES {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let rows = self
                    .store
                    .range(table, grant.as_bytes(), after.as_deref(), PAGE)
                    .await?;
                let full = rows.len() == PAGE;
                after = rows.last().map(|row| row.key.clone());
                batch.extend(rows.into_iter().map(|row| delete(table, row.key)));
                if !full {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Deletes sessions and codes that are over, at most `limit` of each, and
    /// gives their number.
    pub(crate) async fn expire_visits(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, EscrowError> {
        let mut deleted = 0;
        for table in TABLES {
            let (mut left, mut rounds) = (limit, ROUNDS);
            while left > 0 && rounds > 0 {
                let rows = self.store.due(table, now, left.min(PAGE)).await?;
                let found = rows.len();
                if found == 0 {
                    break;
                }
                let mut batch = Batch::new();
                for row in rows {
                    let (expected, key) = (row.value.clone(), row.key.clone());
                    // A code that is sent anew takes the row of the one before.
                    batch.push(Op::Replace {
                        table,
                        expected,
                        row,
                    });
                    batch.push(delete(table, key));
                }
                match self.store.commit(batch).await {
                    Ok(_) => {
                        deleted += found;
                        left -= found;
                    }
                    Err(StoreError::Conflict { .. }) => rounds -= 1,
                    Err(e) => return Err(e.into()),
                }
            }
        }
        Ok(deleted)
    }
}
