//! An escrowed message: its record, its encrypted manifest and its parts.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::archive::ArchiveWrap;
use super::record::{VERSION, from_value, hex, to_value};
use super::{EscrowError, chunk};
use crate::base::crypto::Key;
use crate::base::{GrantId, ItemId, MessageId, Timestamp};
use crate::storage::{Op, Row, Table};

/// Ciphertext bytes in every part but the last.
pub(super) const PART: usize = 1 << 20;
/// The largest message that is taken, in bytes.
pub const MAX_MESSAGE: usize = 64 << 20;
/// The most grants that one item is given.
pub const MAX_GRANTS: usize = 10_000;

const KIND: &str = "item";

/// What the database holds of an item in clear. Subject and addresses are in
/// the content only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ItemRecord {
    pub(super) v: u8,
    pub(super) id: ItemId,
    pub(super) message: Option<MessageId>,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) parts: u32,
    /// Encrypted under the DEK; emptied with the content.
    #[serde(with = "hex")]
    pub(super) manifest: Vec<u8>,
    pub(super) grants: Vec<GrantId>,
    /// The DEK for the holder of the archive key; gone with the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) archive: Option<ArchiveWrap>,
    /// Whether it is on hold: neither shredded nor emptied.
    #[serde(default)]
    pub(super) held: bool,
}

impl ItemRecord {
    pub(super) fn from_row(row: &Row) -> Result<Self, EscrowError> {
        let record: Self = from_value(&row.value, KIND)?;
        if record.v != VERSION || row.key != record.id.as_bytes() {
            return Err(EscrowError::Damaged { record: KIND });
        }
        Ok(record)
    }

    /// It is due while there is content that must go.
    pub(super) fn to_row(&self) -> Result<Row, EscrowError> {
        let due = (self.parts > 0 && !self.held).then_some(self.expires);
        Ok(Row {
            key: self.id.as_bytes().to_vec(),
            value: to_value(self, KIND)?,
            due,
        })
    }
}

/// What the reader learns before the content, under the DEK.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) size: u64,
    pub(super) chunks: u64,
    pub(super) created: Timestamp,
}

impl Manifest {
    pub(super) fn seal(&self, dek: &Key, item: ItemId) -> Result<Vec<u8>, EscrowError> {
        let text = Zeroizing::new(to_value(self, "manifest")?);
        chunk::encrypt(dek, &context("manifest", item), &text)
            .map_err(|_| EscrowError::Damaged { record: "manifest" })
    }

    pub(super) fn open(dek: &Key, record: &ItemRecord) -> Result<Self, EscrowError> {
        Self::open_of(dek, record.id, &record.manifest)
    }

    pub(super) fn open_of(dek: &Key, item: ItemId, sealed: &[u8]) -> Result<Self, EscrowError> {
        let damaged = EscrowError::Damaged { record: "manifest" };
        let text = chunk::decrypt(dek, &context("manifest", item), sealed).map_err(|_| damaged)?;
        let manifest: Self = from_value(&text, "manifest")?;
        if manifest.size > MAX_MESSAGE as u64 {
            return Err(EscrowError::Damaged { record: "manifest" });
        }
        Ok(manifest)
    }

    /// How much of the content is the message.
    pub(super) fn message_len(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }
}

/// What binds a ciphertext to its place.
pub(super) fn context(what: &'static str, item: ItemId) -> Vec<u8> {
    let mut out = b"mailseal/1/escrow/".to_vec();
    out.extend_from_slice(what.as_bytes());
    out.push(0);
    out.extend_from_slice(item.as_bytes());
    out
}

pub(super) fn part_key(item: ItemId, part: u32) -> Vec<u8> {
    let mut key = item.as_bytes().to_vec();
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// Encrypts the content and cuts it into rows.
pub(super) fn seal_parts(
    dek: &Key,
    item: ItemId,
    message: &[u8],
) -> Result<(u32, Vec<Op>), EscrowError> {
    let damaged = |_| EscrowError::Damaged { record: "part" };
    let mut ops = Vec::with_capacity(message.len() / PART + 2);
    let mut out = Vec::with_capacity(PART + (PART >> 4));
    let mut encryptor = chunk::Encryptor::new(dek, &context("content", item), &mut out);
    let mut put = |value: Vec<u8>| {
        let part = u32::try_from(ops.len()).unwrap_or(u32::MAX);
        ops.push(Op::Insert {
            table: Table::Part,
            row: Row {
                key: part_key(item, part),
                value,
                due: None,
            },
        });
    };
    for piece in message.chunks(PART) {
        encryptor.push(piece, &mut out).map_err(damaged)?;
        while out.len() > PART {
            let rest = out.split_off(PART);
            put(std::mem::replace(&mut out, rest));
        }
    }
    encryptor.finish(&mut out).map_err(damaged)?;
    for piece in out.chunks(PART) {
        put(piece.to_vec());
    }
    Ok((u32::try_from(ops.len()).unwrap_or(u32::MAX), ops))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    /// Each item has a DEK of its own; the context holds even if that failed.
    #[test]
    fn a_ciphertext_opens_only_for_its_item_and_purpose() {
        let (dek, a) = (Secret::new([1; 32]), ItemId::from_bytes([1; 16]));
        let b = ItemId::from_bytes([2; 16]);
        let sealed = chunk::encrypt(&dek, &context("content", a), b"x").unwrap();
        assert!(chunk::decrypt(&dek, &context("content", a), &sealed).is_ok());
        assert!(chunk::decrypt(&dek, &context("content", b), &sealed).is_err());
        assert!(chunk::decrypt(&dek, &context("manifest", a), &sealed).is_err());
    }
}
