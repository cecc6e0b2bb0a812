//! An escrowed message: its record, its encrypted manifest and its parts.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::archive::ArchiveWrap;
use super::record::{VERSION, from_value, hex, to_value};
use super::reply::ReplyPublic;
use super::{EscrowError, chunk};
use crate::base::crypto::Key;
use crate::base::{GrantId, ItemId, MessageId, Timestamp};
use crate::storage::{Op, Row, Table};

/// Ciphertext bytes in every part but the last.
pub(super) const PART: usize = 1 << 20;
/// The largest message that is taken, in bytes: 160 MiB, which holds an
/// attachment of 100 MB in base64.
pub const MAX_MESSAGE: usize = 160 << 20;
/// The largest letter behind a message.
pub(super) const MAX_LETTER: usize = 64 << 20;
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
    /// 2; in manifests of version 1, whose content is the message alone, it is
    /// missing.
    #[serde(default = "first_version")]
    pub(super) v: u8,
    /// Bytes of the content.
    pub(super) size: u64,
    pub(super) chunks: u64,
    pub(super) created: Timestamp,
    /// Bytes of the message, with which the content begins.
    #[serde(default)]
    pub(super) message: Option<u64>,
    /// Where the letter stands, which the pickup page shows.
    #[serde(default)]
    pub(super) letter: Option<Span>,
    /// The key that a reply is encrypted to.
    #[serde(default)]
    pub(super) reply: Option<ReplyPublic>,
}

/// A stretch of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) length: u64,
}

const fn first_version() -> u8 {
    1
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
        match manifest.is_sound() {
            true => Ok(manifest),
            false => Err(EscrowError::Damaged { record: "manifest" }),
        }
    }

    /// What is to be encrypted: the message, then the letter.
    pub(super) fn new(message: &[u8], letter: &[u8], created: Timestamp) -> Self {
        let (message, letter) = (message.len() as u64, letter.len() as u64);
        let size = message + letter;
        Self {
            v: 2,
            size,
            chunks: size / chunk::CHUNK as u64 + 1,
            created,
            message: Some(message),
            letter: Some(Span {
                offset: message,
                length: letter,
            }),
            reply: None,
        }
    }

    /// Bytes of the message.
    pub(super) fn message_len(&self) -> u64 {
        self.message.unwrap_or(self.size)
    }

    fn is_sound(&self) -> bool {
        let message = self.message_len();
        let rest = match (self.v, self.message, &self.letter) {
            (1, None, None) => Some(0),
            (2, Some(_), Some(letter)) if letter.offset == message => Some(letter.length),
            _ => None,
        };
        rest.is_some_and(|rest| {
            message <= MAX_MESSAGE as u64
                && rest <= MAX_LETTER as u64
                && message + rest == self.size
        })
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

/// Encrypts the content, given in pieces, and cuts it into rows.
///
/// Beside the content's rows no more than one row is held.
pub(super) fn seal_parts(
    dek: &Key,
    item: ItemId,
    content: &[&[u8]],
) -> Result<(u32, Vec<Op>), EscrowError> {
    let damaged = |_| EscrowError::Damaged { record: "part" };
    let size: usize = content.iter().map(|piece| piece.len()).sum();
    let mut ops = Vec::with_capacity(size / PART + 64);
    // One piece and what the one before left, sealed.
    let mut out = Vec::with_capacity(2 * PART + (PART >> 3));
    let mut encryptor = chunk::Encryptor::new(dek, &context("content", item), &mut out);
    let mut put = |value: &[u8]| {
        let part = u32::try_from(ops.len()).unwrap_or(u32::MAX);
        ops.push(Op::Insert {
            table: Table::Part,
            row: Row {
                key: part_key(item, part),
                value: value.to_vec(),
                due: None,
            },
        });
    };
    for piece in content.iter().flat_map(|piece| piece.chunks(PART)) {
        encryptor.push(piece, &mut out).map_err(damaged)?;
        while out.len() > PART {
            put(&out[..PART]);
            out.drain(..PART);
        }
    }
    encryptor.finish(&mut out).map_err(damaged)?;
    for piece in out.chunks(PART) {
        put(piece);
    }
    Ok((u32::try_from(ops.len()).unwrap_or(u32::MAX), ops))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    #[test]
    fn a_manifest_that_contradicts_itself_is_damaged() {
        let manifest = || Manifest::new(b"message", b"{}", Timestamp::from_unix_ms(0));
        assert!(manifest().is_sound());
        assert_eq!((manifest().size, manifest().chunks), (9, 1));
        let edits: [fn(&mut Manifest); 7] = [
            |m| m.v = 1,
            |m| m.v = 3,
            |m| m.size = 8,
            |m| m.message = None,
            |m| m.letter = None,
            |m| m.message = Some(u64::MAX),
            |m| {
                m.letter = Some(Span {
                    offset: 7,
                    length: u64::MAX,
                })
            },
        ];
        for (i, edit) in edits.iter().enumerate() {
            let mut edited = manifest();
            edit(&mut edited);
            assert!(!edited.is_sound(), "{i}");
        }
        let old: Manifest = serde_json::from_str(r#"{"size":3,"chunks":1,"created":0}"#).unwrap();
        assert!(old.is_sound());
        assert_eq!(old.message_len(), 3);
    }

    /// The page reads these words.
    #[test]
    fn the_manifest_is_written_as_the_page_reads_it() {
        let manifest = Manifest::new(b"message", b"{}", Timestamp::from_unix_ms(5));
        assert_eq!(
            serde_json::to_string(&manifest).unwrap(),
            r#"{"v":2,"size":9,"chunks":1,"created":5,"message":7,"letter":{"offset":7,"length":2},"reply":null}"#
        );
    }

    #[test]
    fn rows_are_of_one_size_but_the_last_and_hold_no_slack() {
        let (dek, item) = (Secret::new([1; 32]), ItemId::from_bytes([1; 16]));
        for (message, letter) in [(0, 0), (5, 3), (3 * PART, 7), (PART - 100, 2 * PART)] {
            let (message, letter) = (vec![1; message], vec![2; letter]);
            let (count, ops) = seal_parts(&dek, item, &[&message, &letter]).unwrap();
            assert_eq!(count as usize, ops.len());
            let mut sealed = Vec::new();
            for (n, op) in ops.iter().enumerate() {
                let Op::Insert { row, .. } = op else {
                    panic!("only new rows");
                };
                let last = n + 1 == ops.len();
                assert!(row.value.len() == PART || last && (1..PART).contains(&row.value.len()));
                assert_eq!(row.value.capacity(), row.value.len());
                sealed.extend_from_slice(&row.value);
            }
            let plain = chunk::decrypt(&dek, &context("content", item), &sealed).unwrap();
            assert!(*plain == [message, letter].concat());
        }
    }

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
