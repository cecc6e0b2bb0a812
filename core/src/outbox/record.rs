//! The record of a copy, and its encoding.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::crypto::{self, Key};
use crate::base::{
    GrantId, Keys, Language, MessageId, Passkey, ReceiptId, RecipientId, Sensitivity, Timestamp,
};
use crate::policy::Rung;
use crate::storage::{Op, Row, Table};

/// Why a copy's record could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// It does not open: another key file, or changed data.
    #[error(
        "a copy in the outbox does not open: it was written under another key file, or changed"
    )]
    Sealed,
    /// It opens and is not understood.
    #[error("a copy in the outbox is of an unknown form")]
    Form,
}

impl OutboxError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sealed => "outbox.sealed",
            Self::Form => "outbox.form",
        }
    }
}

/// One copy of one message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CopyId([u8; 16]);

impl CopyId {
    /// A new random id.
    pub fn make_random() -> Self {
        Self(crypto::make_random())
    }

    /// From its 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for its time.
    Ready {
        /// When it is tried next.
        due: Timestamp,
    },
    /// In the hands of a process; nothing was delivered so far.
    Sending {
        /// When another process may take it over.
        lease: Timestamp,
    },
    /// In the hands of a process that was about to send the final dot.
    PastDot {
        /// When it is to be reported as unknown.
        lease: Timestamp,
    },
    /// The next host may or may not have taken it.
    Unknown,
}

impl Phase {
    /// When something is to be done about a copy in this phase.
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Ready { due } => Some(*due),
            Self::Sending { lease } | Self::PastDot { lease } => Some(*lease),
            Self::Unknown => None,
        }
    }
}

/// The state of a copy, without the message.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CopyRecord {
    /// Its id.
    pub id: CopyId,
    /// The call of `send` that it belongs to.
    pub receipt: ReceiptId,
    /// The message.
    pub message: MessageId,
    /// The recipient.
    pub recipient: RecipientId,
    /// The recipient's address.
    pub(crate) address: String,
    /// The reverse-path.
    pub(crate) sender: Option<String>,
    /// Whom the copy names beside the recipient, under shared disclosure: a
    /// sealed copy is sealed to them too.
    #[serde(default)]
    pub(crate) shared_with: Vec<String>,
    /// What an escrow made later would need of the recipient; taken out once
    /// it is made.
    pub(crate) passphrase: Option<String>,
    /// Where the host's channel sends a pickup code.
    pub(crate) phone: Option<String>,
    /// As the passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) totp: Option<Vec<u8>>,
    /// As the passphrase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) passkeys: Vec<Passkey>,
    /// As the passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) single_sign_on: Option<String>,
    /// The language of notice and pickup page.
    #[serde(default)]
    pub(crate) language: Language,
    /// How sensitive the message is.
    pub sensitivity: Sensitivity,
    /// The rungs that the decision allows, from the chosen one on.
    pub rungs: Vec<Rung>,
    /// Which rung is tried now.
    pub rung: usize,
    /// Until when a waiver allows what the policy alone does not.
    #[serde(default)]
    pub(crate) waived_until: Option<Timestamp>,
    /// What stands in the subject's place on routes that show it.
    #[serde(default)]
    pub(crate) neutral_subject: Option<String>,
    /// Whether attachments have neutral names on routes that show them.
    #[serde(default)]
    pub(crate) neutral_names: bool,
    /// The grant, where the present rung is escrow.
    pub grant: Option<GrantId>,
    /// Tries so far.
    pub attempts: u32,
    /// When the copy was made.
    pub created: Timestamp,
    /// How far it has come.
    pub phase: Phase,
}

impl fmt::Debug for CopyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyRecord")
            .field("receipt", &self.receipt)
            .field("recipient", &self.recipient)
            .field("rung", &self.rung)
            .field("attempts", &self.attempts)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl CopyRecord {
    /// The rung that is tried now.
    pub fn present_rung(&self) -> Option<&Rung> {
        self.rungs.get(self.rung)
    }
}

/// Encodes and decodes copies.
#[derive(Debug)]
pub struct Outbox {
    key: Key,
}

const STATE: &[u8] = b"mailseal outbox state 1 ";
const BODY: &[u8] = b"mailseal outbox body 1 ";

impl Outbox {
    /// The outbox of an installation.
    pub fn new(keys: &Keys) -> Self {
        Self {
            key: keys.derive("mailseal/1/outbox"),
        }
    }

    /// The changes that put a new copy into the store, and its row.
    pub fn insert(&self, record: &CopyRecord, body: &[u8]) -> ([Op; 2], Row) {
        let row = self.seal(record);
        let insert = Op::Insert {
            table: Table::Outbox,
            row: row.clone(),
        };
        ([insert, self.put_body(&record.id, body)], row)
    }

    /// The change that writes a copy's body over the former one.
    pub fn put_body(&self, id: &CopyId, body: &[u8]) -> Op {
        Op::Put {
            table: Table::Body,
            row: Row {
                key: id.as_bytes().to_vec(),
                value: crypto::seal(&self.key, &aad(BODY, id.as_bytes()), body),
                due: None,
            },
        }
    }

    /// The change from the row that was read to a new state, and the new row.
    /// It conflicts if another process changed the copy meanwhile.
    pub fn replace(&self, held: &Row, record: &CopyRecord) -> (Op, Row) {
        let row = self.seal(record);
        let op = Op::Replace {
            table: Table::Outbox,
            expected: held.value.clone(),
            row: row.clone(),
        };
        (op, row)
    }

    /// The changes that take a copy out: it is done. They conflict if another
    /// process changed the copy meanwhile.
    pub fn remove(&self, held: &Row, record: &CopyRecord) -> Vec<Op> {
        let (replace, _) = self.replace(held, record);
        let key = record.id.as_bytes().to_vec();
        vec![
            replace,
            Op::Delete {
                table: Table::Outbox,
                key: key.clone(),
            },
            Op::Delete {
                table: Table::Body,
                key,
            },
        ]
    }

    /// Reads a copy's state.
    ///
    /// # Errors
    /// [`OutboxError`] where the row does not open or is not understood.
    pub fn open(&self, row: &Row) -> Result<CopyRecord, OutboxError> {
        let plain = crypto::open(&self.key, &aad(STATE, &row.key), &row.value)
            .map_err(|_| OutboxError::Sealed)?;
        let record: CopyRecord = serde_json::from_slice(&plain).map_err(|_| OutboxError::Form)?;
        if record.id.as_bytes().as_slice() != row.key {
            return Err(OutboxError::Form);
        }
        Ok(record)
    }

    /// Reads a copy's body.
    ///
    /// # Errors
    /// [`OutboxError`] where the row does not open.
    pub fn open_body(&self, row: &Row) -> Result<Zeroizing<Vec<u8>>, OutboxError> {
        crypto::open(&self.key, &aad(BODY, &row.key), &row.value).map_err(|_| OutboxError::Sealed)
    }

    fn seal(&self, record: &CopyRecord) -> Row {
        // The record holds strings, numbers and lists only, which always encode.
        let plain = Zeroizing::new(serde_json::to_vec(record).unwrap_or_default());
        Row {
            key: record.id.as_bytes().to_vec(),
            value: crypto::seal(&self.key, &aad(STATE, record.id.as_bytes()), &plain),
            due: record.phase.due(),
        }
    }
}

fn aad(prefix: &[u8], key: &[u8]) -> Vec<u8> {
    [prefix, key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Route, TlsAssurance};

    fn record() -> CopyRecord {
        CopyRecord {
            id: CopyId::make_random(),
            receipt: ReceiptId::make_random(),
            message: MessageId::make_random(),
            recipient: RecipientId::new(0),
            address: "pat@mail.example".into(),
            sender: None,
            shared_with: Vec::new(),
            passphrase: None,
            phone: None,
            totp: Some(b"canary-seed-of-20-by".to_vec()),
            passkeys: vec![Passkey::new(*b"canary-id", *b"key", 0)],
            single_sign_on: Some("canary-subject".into()),
            language: Language::Spanish,
            sensitivity: Sensitivity::Phi,
            rungs: vec![Rung::new(Route::Tls, TlsAssurance::Authenticated, None)],
            rung: 0,
            waived_until: None,
            neutral_subject: None,
            neutral_names: false,
            grant: None,
            attempts: 0,
            created: Timestamp::from_unix_ms(0),
            phase: Phase::Unknown,
        }
    }

    #[test]
    fn a_copy_opens_only_under_its_key_and_in_its_place() {
        let outbox = Outbox::new(&Keys::make_ephemeral());
        let record = record();
        let row = outbox.seal(&record);
        assert_eq!(outbox.open(&row).unwrap().address, record.address);
        assert!(!row.value.windows(3).any(|w| w == b"pat"));
        assert!(!row.value.windows(6).any(|w| w == b"canary"));
        let other = Outbox::new(&Keys::make_ephemeral());
        assert_eq!(other.open(&row).unwrap_err(), OutboxError::Sealed);
        let moved = Row {
            key: CopyId::make_random().as_bytes().to_vec(),
            ..row
        };
        assert_eq!(outbox.open(&moved).unwrap_err(), OutboxError::Sealed);
    }

    #[test]
    fn a_copy_of_an_earlier_version_is_read() {
        let outbox = Outbox::new(&Keys::make_ephemeral());
        let record = record();
        let mut json = serde_json::to_value(&record).unwrap();
        for new in ["totp", "passkeys", "single_sign_on", "language"] {
            json.as_object_mut().unwrap().remove(new).unwrap();
        }
        let plain = serde_json::to_vec(&json).unwrap();
        let row = Row {
            key: record.id.as_bytes().to_vec(),
            value: crypto::seal(&outbox.key, &aad(STATE, record.id.as_bytes()), &plain),
            due: None,
        };
        let read = outbox.open(&row).unwrap();
        assert_eq!(read.language, Language::English);
        assert!(read.totp.is_none() && read.passkeys.is_empty());
    }

    #[test]
    fn state_and_body_are_not_interchangeable() {
        let outbox = Outbox::new(&Keys::make_ephemeral());
        let row = outbox.seal(&record());
        assert_eq!(outbox.open_body(&row).unwrap_err(), OutboxError::Sealed);
    }

    #[test]
    fn debug_shows_no_address() {
        let shown = format!("{:?}", record());
        assert!(
            !shown.contains("pat") && !shown.contains("canary"),
            "{shown}"
        );
    }
}
