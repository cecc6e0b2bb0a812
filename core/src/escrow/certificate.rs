//! What is left of a shredded item: the statement that it is gone.

use serde::{Deserialize, Serialize};

use super::EscrowError;
use crate::base::{GrantId, ItemId, MessageId, Timestamp};

const KIND: &str = "mailseal certificate of destruction";
const VERSION: u8 = 1;
/// A statement of the most grants that an item has is shorter.
const MAX: usize = 1 << 20;

/// That an item's keys and content were destroyed, and until when copies of
/// them may still lie in backups. It holds ids and times only.
///
/// [`Client::shred`](crate::Client::shred) signs it with the audit log's key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destruction {
    /// The item.
    pub item: ItemId,
    /// The message, as the host called it.
    pub message: Option<MessageId>,
    /// Its grants.
    pub grants: Vec<GrantId>,
    /// When keys and content were deleted from the store.
    pub at: Timestamp,
    /// When the last backup, or the key of the bucket that holds them, dies;
    /// `None` where the host did not say how long backups live.
    pub backups_until: Option<Timestamp>,
}

/// The members in the order of RFC 8785.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    at_ms: Timestamp,
    backups_until_ms: Until,
    grants: Vec<GrantId>,
    item: ItemId,
    kind: String,
    message: Option<MessageId>,
    v: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Until {
    Known(Timestamp),
    Unknown(Unknown),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unknown {
    Unknown,
}

impl Destruction {
    /// As canonical JSON (RFC 8785): whole numbers and plain ASCII only.
    pub fn to_json(&self) -> String {
        let form = Form {
            at_ms: self.at,
            backups_until_ms: self
                .backups_until
                .map_or(Until::Unknown(Unknown::Unknown), Until::Known),
            grants: self.grants.clone(),
            item: self.item,
            kind: KIND.to_owned(),
            message: self.message,
            v: VERSION,
        };
        serde_json::to_string(&form).unwrap_or_default()
    }

    /// Reads a statement. It says nothing of who made it.
    ///
    /// # Errors
    /// [`EscrowError::Damaged`] where the text is none, or is not canonical.
    pub fn from_json(text: &str) -> Result<Self, EscrowError> {
        let damaged = EscrowError::Damaged {
            record: "certificate",
        };
        if text.len() > MAX {
            return Err(damaged);
        }
        let Ok(form) = serde_json::from_str::<Form>(text) else {
            return Err(damaged);
        };
        if form.kind != KIND || form.v != VERSION {
            return Err(damaged);
        }
        let read = Self {
            item: form.item,
            message: form.message,
            grants: form.grants,
            at: form.at_ms,
            backups_until: match form.backups_until_ms {
                Until::Known(at) => Some(at),
                Until::Unknown(_) => None,
            },
        };
        // Two texts for one statement would be two things to sign.
        if read.to_json() != text {
            return Err(damaged);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_one_text() {
        let statement = Destruction {
            item: ItemId::from_bytes([1; 16]),
            message: None,
            grants: vec![GrantId::from_bytes([2; 16])],
            at: Timestamp::from_unix_ms(1_767_603_600_000),
            backups_until: None,
        };
        let text = statement.to_json();
        assert_eq!(
            text,
            r#"{"at_ms":1767603600000,"backups_until_ms":"unknown","grants":["02020202020202020202020202020202"],"item":"01010101010101010101010101010101","kind":"mailseal certificate of destruction","message":null,"v":1}"#
        );
        assert_eq!(Destruction::from_json(&text).unwrap(), statement);
        let known = Destruction {
            backups_until: Some(Timestamp::from_unix_ms(1_767_603_600_001)),
            message: Some(MessageId::from_bytes([3; 16])),
            ..statement
        };
        assert_eq!(Destruction::from_json(&known.to_json()).unwrap(), known);
        for bad in [
            String::new(),
            text.replace("\"v\":1", "\"v\":2"),
            text.replace(",", ", "),
            text.replace("unknown", "never"),
            text.replace("destruction", "storage"),
            text.replace("\"v\":1", "\"v\":1,\"w\":1"),
        ] {
            assert!(Destruction::from_json(&bad).is_err(), "{bad}");
        }
    }
}
