//! The portal's own rows: sessions, codes, budgets, replies on their way in.
//!
//! Each is JSON encrypted under a key of the installation and bound to its
//! table and key, so that a copy of the database shows nothing and an edited or
//! moved row does not open.

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::error::Refusal;
use crate::base::Timestamp;
use crate::base::crypto::{self, Key};
use crate::storage::{Op, Row, Table};

pub(super) struct Vault {
    rows: Key,
    names: Key,
    pepper: Key,
}

impl Vault {
    /// With keys derived from one that only this installation has.
    pub(super) fn new(root: &Key) -> Self {
        let derive = |info: &[u8]| crypto::derive_key(root.expose(), b"mailseal/1/portal", info);
        Self {
            rows: derive(b"rows"),
            names: derive(b"names"),
            pepper: derive(b"pepper"),
        }
    }

    /// The key of the row that belongs to a secret name.
    pub(super) fn name(&self, secret: &[u8]) -> [u8; 32] {
        crypto::hmac_sha256(self.names.expose(), secret)
    }

    /// What is kept of a short code: without the pepper it cannot be guessed.
    pub(super) fn verifier(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut data = Zeroizing::new(Vec::with_capacity(128));
        for part in parts {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        crypto::hmac_sha256(self.pepper.expose(), &data)
    }

    pub(super) fn seal<T: Serialize>(
        &self,
        table: Table,
        key: &[u8],
        record: &T,
        due: Timestamp,
    ) -> Result<Row, Refusal> {
        let text = Zeroizing::new(
            serde_json::to_vec(record).map_err(|_| Refusal::Failed("portal.record"))?,
        );
        let value = crypto::seal(&self.rows, &place(table, key), &text);
        Ok(Row::new(key, value).due_at(due))
    }

    /// `None` where the row was not written here, or for another place.
    pub(super) fn open<T: DeserializeOwned>(&self, table: Table, row: &Row) -> Option<T> {
        let text = crypto::open(&self.rows, &place(table, &row.key), &row.value).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

fn place(table: Table, key: &[u8]) -> Vec<u8> {
    [table.name().as_bytes(), b"\0", key].concat()
}

/// Writes `new` where `old` was read, unless somebody else did meanwhile.
pub(super) fn swap(table: Table, old: Option<&Row>, new: Row) -> Op {
    match old {
        None => Op::Insert { table, row: new },
        Some(old) => Op::Replace {
            table,
            expected: old.value.clone(),
            row: new,
        },
    }
}

/// Removes a row that is still as it was read: of two who try, one succeeds.
pub(super) fn take(table: Table, old: &Row) -> [Op; 2] {
    let gone = Row::new(old.key.clone(), Vec::new());
    let key = old.key.clone();
    [swap(table, Some(old), gone), Op::Delete { table, key }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    #[test]
    fn a_row_opens_in_its_place_only() {
        let vault = Vault::new(&Secret::new([7; 32]));
        let due = Timestamp::from_unix_ms(1);
        let row = vault.seal(Table::Session, b"k", &42u32, due).unwrap();
        assert_eq!(vault.open::<u32>(Table::Session, &row), Some(42));
        assert_eq!(vault.open::<u32>(Table::Code, &row), None);
        let moved = Row {
            key: b"l".to_vec(),
            ..row.clone()
        };
        assert_eq!(vault.open::<u32>(Table::Session, &moved), None);
        let mut edited = row.clone();
        edited.value[20] ^= 1;
        assert_eq!(vault.open::<u32>(Table::Session, &edited), None);
        let other = Vault::new(&Secret::new([8; 32]));
        assert_eq!(other.open::<u32>(Table::Session, &row), None);
    }

    #[test]
    fn verifiers_keep_their_parts_apart() {
        let vault = Vault::new(&Secret::new([7; 32]));
        assert_ne!(
            vault.verifier(&[b"ab", b"c"]),
            vault.verifier(&[b"a", b"bc"])
        );
    }
}
