//! The organisation's own way to what was escrowed: off unless the host gives
//! an [`ArchiveKey`].
//!
//! With it each item's DEK is sealed once more, by HPKE (RFC 9180) to the
//! archive's public key, and lies in the item's record. The private half,
//! [`ArchiveSecret`], belongs on a machine without a network: the server never
//! needs it. [`Escrow::archive_export`] gives a bundle that holds all that the
//! secret's holder needs; revoking or expiring a grant does not touch it,
//! shredding and the item's own expiry delete the wrap with the content.
//!
//! ```text
//! "mailseal-archive-1\n" ‖ length of the JSON (u32, big-endian) ‖ JSON ‖ content
//! {"v":1,"item","message","created","key","sealed","manifest"}
//! ```
//!
//! `key` is the first 16 bytes of SHA-256("mailseal/1/archive key" ‖ point),
//! `sealed` is `enc (65) ‖ ciphertext (48)` of the DEK with empty associated
//! data and info = "mailseal/1/escrow/archive" ‖ item ‖ key ‖ created (8 bytes) ‖
//! message (16 bytes, or none); `manifest` and the content are Cobblestone-256 ciphertexts under the DEK (C2SP chunked
//! encryption) for the contexts "mailseal/1/escrow/manifest\0" ‖ item and
//! "mailseal/1/escrow/content\0" ‖ item. Bytes stand in hexadecimal.
//!
//! A bundle shows what was sealed, not by whom: who has the public key can
//! make one. That an item was exported stands in the audit log.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::event::{EscrowEvent, EscrowEventKind};
use super::grant::{self, GrantRecord};
use super::item::{self, ItemRecord, Manifest};
use super::record::{from_value, hex, to_value};
use super::{Escrow, EscrowError, chunk};
use crate::base::crypto::Key;
use crate::base::crypto::hpke::{HpkePublic, HpkeSecret};
use crate::base::{ItemId, MessageId, Phi, Secret, Timestamp, crypto, make_private, read_private};
use crate::storage::{Batch, Table};

const MAGIC: &[u8] = b"mailseal-archive-1\n";
const KEY: &str = "mailseal-archive-key-1 ";
const SECRET: &str = "mailseal-archive-secret-1 ";
/// The JSON of a bundle is shorter.
const MAX_HEAD: usize = 1 << 16;
/// Parts read at a time.
const PARTS: usize = 4;

fn fault(reason: &'static str) -> EscrowError {
    EscrowError::Archive { reason }
}

/// The archive's public key: what a server needs. Its text is one line,
/// `mailseal-archive-key-1 ` and a point of P-256 in base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ArchiveKey(HpkePublic);

impl ArchiveKey {
    fn id(&self) -> [u8; 16] {
        let hash = crypto::sha256_parts(&[b"mailseal/1/archive key", self.0.as_bytes()]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        id
    }

    /// Seals an item's DEK for the holder of the secret.
    pub(super) fn wrap(
        &self,
        item: ItemId,
        message: Option<MessageId>,
        created: Timestamp,
        dek: &Key,
    ) -> Result<ArchiveWrap, EscrowError> {
        let id = self.id();
        let sealed = self
            .0
            .seal(&info(item, message, created, &id), dek.expose())
            .map_err(|_| fault("the key cannot be used"))?;
        Ok(ArchiveWrap {
            key: id.to_vec(),
            sealed,
        })
    }
}

/// What the wrap is bound to: all that a bundle says of the item.
fn info(item: ItemId, message: Option<MessageId>, created: Timestamp, key: &[u8]) -> Vec<u8> {
    let message = message.as_ref().map(|id| &id.as_bytes()[..]);
    [
        b"mailseal/1/escrow/archive",
        &item.as_bytes()[..],
        key,
        &created.unix_ms().to_be_bytes(),
        message.unwrap_or_default(),
    ]
    .concat()
}

impl fmt::Debug for ArchiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArchiveKey({})", HEXLOWER.encode(&self.id()))
    }
}

impl fmt::Display for ArchiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KEY}{}", BASE64URL_NOPAD.encode(self.0.as_bytes()))
    }
}

impl FromStr for ArchiveKey {
    type Err = EscrowError;

    fn from_str(s: &str) -> Result<Self, EscrowError> {
        let bad = || fault("the key is not one line of mailseal-archive-key-1 and a P-256 point");
        let text = s.trim().strip_prefix(KEY).ok_or_else(bad)?;
        let point = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| bad())?;
        HpkePublic::parse(&point).map(Self).map_err(|_| bad())
    }
}

/// An item's DEK as it lies in the item's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ArchiveWrap {
    #[serde(with = "hex")]
    key: Vec<u8>,
    #[serde(with = "hex")]
    sealed: Vec<u8>,
}

impl ArchiveWrap {
    /// The DEK, where this is the right secret for this item.
    #[cfg(test)]
    pub(super) fn unwrap(&self, secret: &ArchiveSecret, item: &ItemRecord) -> Option<Key> {
        let info = info(item.id, item.message, item.created, &self.key);
        let dek = secret.0.open_joined(&info, &self.sealed).ok()?;
        Some(Secret::new(dek.as_slice().try_into().ok()?))
    }
}

/// The archive's private key. Keep it offline.
#[derive(Clone)]
pub struct ArchiveSecret(HpkeSecret);

/// A message out of the archive.
#[derive(Debug)]
#[non_exhaustive]
pub struct Archived {
    /// The item.
    pub item: ItemId,
    /// The message, as the host called it.
    pub message_id: Option<MessageId>,
    /// When it was escrowed.
    pub created: Timestamp,
    /// The message, RFC 5322, as it was escrowed.
    pub message: Phi<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    v: u8,
    item: ItemId,
    message: Option<MessageId>,
    created: Timestamp,
    #[serde(with = "hex")]
    key: Vec<u8>,
    #[serde(with = "hex")]
    sealed: Vec<u8>,
    #[serde(with = "hex")]
    manifest: Vec<u8>,
}

impl ArchiveSecret {
    /// A new key, which must be kept: by [`ArchiveSecret::file`], or as the
    /// scalar that [`ArchiveSecret::to_bytes`] gives.
    pub fn make_random() -> Self {
        Self(HpkeSecret::make_random())
    }

    /// Reads the file at `path` (mode 0600), or makes one where there is none.
    ///
    /// # Errors
    /// [`EscrowError::Keys`] where it cannot be read or made;
    /// [`EscrowError::Archive`] where it is something else.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, EscrowError> {
        use crate::base::KeysError;
        use std::io::ErrorKind;
        let path = path.as_ref();
        let read = || -> Result<Self, EscrowError> {
            let bad = || fault("the file is not one line of mailseal-archive-secret-1 and a key");
            let text = read_private(path, 200)?;
            let digits = text.trim_end().strip_prefix(SECRET).ok_or_else(bad)?;
            let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(|_| bad())?;
            let bytes = Zeroizing::new(bytes);
            let bytes = bytes.as_slice().try_into().map_err(|_| bad())?;
            Self::from_bytes(bytes)
        };
        match read() {
            Err(EscrowError::Keys(KeysError::Io(ErrorKind::NotFound))) => {}
            other => return other,
        }
        let made = Self::make_random();
        let digits = Zeroizing::new(HEXLOWER.encode(made.0.scalar().expose()));
        let line = Zeroizing::new(format!("{SECRET}{}\n", digits.as_str()));
        match make_private(path, &line) {
            Ok(()) => Ok(made),
            // Another process was faster.
            Err(KeysError::Io(ErrorKind::AlreadyExists)) => read(),
            Err(e) => Err(e.into()),
        }
    }

    /// From the scalar, big-endian.
    ///
    /// # Errors
    /// [`EscrowError::Archive`] where it is no private key of P-256.
    pub fn from_bytes(scalar: [u8; 32]) -> Result<Self, EscrowError> {
        HpkeSecret::from_scalar(Secret::new(scalar))
            .map(Self)
            .map_err(|_| fault("the key is no private key of P-256"))
    }

    /// The scalar, big-endian.
    pub fn to_bytes(&self) -> Secret<[u8; 32]> {
        self.0.scalar().clone()
    }

    /// The public half, for the server.
    pub fn key(&self) -> ArchiveKey {
        ArchiveKey(self.0.public())
    }

    /// Opens a bundle. Needs no store and no network.
    ///
    /// # Errors
    /// [`EscrowError::Archive`] where the bytes are no bundle or were sealed to
    /// another archive key; [`EscrowError::Damaged`] where they were changed.
    pub fn open(&self, bundle: &[u8]) -> Result<Archived, EscrowError> {
        let no_bundle = || fault("the bytes are no archive bundle");
        let rest = bundle.strip_prefix(MAGIC).ok_or_else(no_bundle)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(no_bundle)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > MAX_HEAD {
            return Err(no_bundle());
        }
        let (head, content) = rest.split_at_checked(length).ok_or_else(no_bundle)?;
        let head: Head = from_value(head, "bundle")?;
        if head.v != 1 {
            return Err(fault("the bundle has another version"));
        }
        if head.key != self.key().id() {
            return Err(fault("the bundle was sealed to another archive key"));
        }
        let changed = |_| EscrowError::Damaged { record: "bundle" };
        let dek = self
            .0
            .open_joined(
                &info(head.item, head.message, head.created, &head.key),
                &head.sealed,
            )
            .map_err(changed)?;
        let dek: Key = Secret::new(
            dek.as_slice()
                .try_into()
                .map_err(|_| EscrowError::Damaged { record: "bundle" })?,
        );
        let manifest = Manifest::open_of(&dek, head.item, &head.manifest)?;
        let mut plain = chunk::decrypt(&dek, &item::context("content", head.item), content)
            .map_err(|_| EscrowError::Damaged { record: "bundle" })?;
        if plain.len() as u64 != manifest.size {
            return Err(EscrowError::Damaged { record: "bundle" });
        }
        plain.truncate(usize::try_from(manifest.message_len()).unwrap_or(usize::MAX));
        Ok(Archived {
            item: head.item,
            message_id: head.message,
            created: head.created,
            message: Phi::new(std::mem::take(&mut *plain)),
        })
    }
}

impl fmt::Debug for ArchiveSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArchiveSecret(***)")
    }
}

impl Escrow {
    /// The item as a bundle for the holder of the archive key. Recorded, once
    /// for each of its grants, before it is given out.
    ///
    /// # Errors
    /// [`EscrowError::NoArchive`] where the item was escrowed without an archive
    /// key or its content is gone; [`EscrowError::UnknownId`];
    /// [`EscrowError::Damaged`]; [`EscrowError::Store`].
    pub async fn archive_export(&self, item: ItemId) -> Result<Vec<u8>, EscrowError> {
        let record = self.item_record(item).await?;
        let wrap = record.archive.clone().ok_or(EscrowError::NoArchive)?;
        let head = Head {
            v: 1,
            item,
            message: record.message,
            created: record.created,
            key: wrap.key,
            sealed: wrap.sealed,
            manifest: record.manifest.clone(),
        };
        let head = to_value(&head, "bundle")?;
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut out = [MAGIC, &length, &head].concat();
        self.append_content(&record, &mut out).await?;
        let now = self.clock.now();
        let mut batch = Batch::new();
        for id in &record.grants {
            if let Some(row) = self.store.get(grant::TABLE, id.as_bytes()).await?
                && let Ok(grant) = GrantRecord::from_row(&row)
            {
                let event = EscrowEvent::new(EscrowEventKind::Exported, now, &grant);
                batch.extend(self.recorder.record(&event));
            }
        }
        self.store.commit(batch).await?;
        Ok(out)
    }

    async fn append_content(
        &self,
        record: &ItemRecord,
        out: &mut Vec<u8>,
    ) -> Result<(), EscrowError> {
        let mut after = None::<Vec<u8>>;
        for part in 0..record.parts.div_ceil(4).saturating_add(1) {
            let rows = self
                .store
                .range(Table::Part, record.id.as_bytes(), after.as_deref(), PARTS)
                .await?;
            let full = rows.len() == PARTS;
            for (i, row) in (0..).zip(rows) {
                let n = part * 4 + i;
                if row.key != item::part_key(record.id, n) {
                    return Err(EscrowError::Damaged { record: "part" });
                }
                out.extend_from_slice(&row.value);
                after = Some(row.key);
            }
            if !full {
                return Ok(());
            }
        }
        Err(EscrowError::Damaged { record: "part" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_their_text_and_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("archive.secret");
        let made = ArchiveSecret::file(&path).unwrap();
        let read = ArchiveSecret::file(&path).unwrap();
        assert_eq!(made.key(), read.key());
        let again = ArchiveSecret::from_bytes(*made.to_bytes().expose()).unwrap();
        let text = again.key().to_string();
        assert_eq!(text.parse::<ArchiveKey>().unwrap(), made.key());
        let digits = HEXLOWER.encode(made.to_bytes().expose());
        assert!(!format!("{made:?} {:?}", made.key()).contains(&digits));
        for bad in [
            "",
            KEY,
            &text[..text.len() - 2],
            &text.replace("key-1", "key-2"),
        ] {
            assert!(bad.parse::<ArchiveKey>().is_err(), "{bad}");
        }
        assert!(ArchiveSecret::from_bytes([0; 32]).is_err());
        std::fs::write(&path, format!("{SECRET}00\n")).unwrap();
        assert_eq!(
            ArchiveSecret::file(&path).unwrap_err().code(),
            "escrow.archive"
        );
    }

    #[test]
    fn a_wrap_opens_for_its_item_only() {
        let secret = ArchiveSecret::make_random();
        let (a, b) = (ItemId::from_bytes([1; 16]), ItemId::from_bytes([2; 16]));
        let dek: Key = Secret::new([7; 32]);
        let at = Timestamp::from_unix_ms(1);
        let message = Some(MessageId::from_bytes([3; 16]));
        let wrap = secret.key().wrap(a, message, at, &dek).unwrap();
        let open = |item, message, at| {
            let info = info(item, message, at, &wrap.key);
            secret.0.open_joined(&info, &wrap.sealed)
        };
        assert_eq!(open(a, message, at).unwrap().as_slice(), [7; 32]);
        assert!(open(b, message, at).is_err());
        assert!(open(a, None, at).is_err());
        assert!(open(a, message, Timestamp::from_unix_ms(2)).is_err());
        let other = ArchiveSecret::make_random();
        let info = info(a, message, at, &wrap.key);
        assert!(other.0.open_joined(&info, &wrap.sealed).is_err());
    }
}
