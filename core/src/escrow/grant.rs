//! One recipient's right to pick up one item.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::EscrowError;
use super::keys::Binding;
use super::record::{VERSION, from_value, hex, hex_option, to_value};
use crate::base::crypto;
use crate::base::{FactorLevel, GrantId, ItemId, MessageId, RecipientId, Timestamp};
use crate::storage::{Row, Table};

/// Wrong tries before the next must wait.
pub(super) const TRIES: u32 = 5;
/// How long the budget lasts.
pub(super) const WINDOW: Duration = Duration::from_secs(15 * 60);

const KIND: &str = "grant";
pub(super) const TABLE: Table = Table::Grant;

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GrantState {
    /// The message can be picked up.
    Live,
    /// The host took it back; the server share is gone.
    Revoked,
    /// Its time is over; the server share is gone, or goes with the next
    /// [`expire_due`](super::Escrow::expire_due).
    Expired,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PassphraseRecord {
    #[serde(with = "hex")]
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
    #[serde(with = "hex")]
    pub(super) verifier: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Tries {
    pub(super) count: u32,
    pub(super) since: Option<Timestamp>,
}

impl Tries {
    /// Takes one try out of the budget, or says how long to wait.
    pub(super) fn take(&mut self, budget: u32, now: Timestamp) -> Result<(), Duration> {
        let elapsed = self.since.map_or(WINDOW, |since| now.since(since));
        if elapsed >= WINDOW {
            *self = Self {
                count: 0,
                since: Some(now),
            };
        } else if self.count >= budget {
            return Err(WINDOW - elapsed);
        }
        self.count += 1;
        Ok(())
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GrantRecord {
    pub(super) v: u8,
    pub(super) id: GrantId,
    pub(super) item: ItemId,
    pub(super) message: Option<MessageId>,
    pub(super) recipient: RecipientId,
    #[serde(with = "hex_option")]
    pub(super) tag: Option<Vec<u8>>,
    pub(super) factor_floor: FactorLevel,
    pub(super) state: GrantState,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
    /// A, sealed.
    #[serde(with = "hex")]
    pub(super) auth: Vec<u8>,
    /// S, wrapped. Gone with revocation and expiry.
    #[serde(with = "hex_option")]
    pub(super) share: Option<Vec<u8>>,
    /// The DEK, wrapped under the KEK.
    #[serde(with = "hex_option")]
    pub(super) dek: Option<Vec<u8>>,
    /// Keyed verifier of the passcode.
    #[serde(with = "hex_option")]
    pub(super) passcode: Option<Vec<u8>>,
    pub(super) passphrase: Option<PassphraseRecord>,
    pub(super) tries: Tries,
    pub(super) releases: u32,
    pub(super) first_release: Option<Timestamp>,
    pub(super) last_release: Option<Timestamp>,
}

impl GrantRecord {
    pub(super) fn from_row(row: &Row) -> Result<Self, EscrowError> {
        let record: Self = from_value(&row.value, KIND)?;
        if record.v != VERSION || row.key != record.id.as_bytes() {
            return Err(EscrowError::Damaged { record: KIND });
        }
        Ok(record)
    }

    pub(super) fn to_row(&self) -> Result<Row, EscrowError> {
        Ok(Row {
            key: self.id.as_bytes().to_vec(),
            value: to_value(self, KIND)?,
            due: (self.state == GrantState::Live).then_some(self.expires),
        })
    }

    pub(super) fn binding(&self) -> Binding {
        Binding {
            grant: self.id,
            item: self.item,
            factor_floor: self.factor_floor,
            passcode: self.passcode.is_some(),
            passphrase: self.passphrase.is_some(),
        }
    }

    /// Removes all that could open the content.
    pub(super) fn end(&mut self, state: GrantState) {
        self.state = state;
        self.share = None;
        self.dek = None;
        self.passcode = None;
        self.passphrase = None;
        self.tries = Tries::default();
    }

    /// Whether it can be picked up now; told to the holder of the link only.
    pub(super) fn check_live(&self, now: Timestamp) -> Result<(), EscrowError> {
        match self.state {
            GrantState::Revoked => Err(EscrowError::Revoked),
            GrantState::Expired => Err(EscrowError::Expired),
            GrantState::Live if self.expires <= now => Err(EscrowError::Expired),
            GrantState::Live => Ok(()),
        }
    }

    pub(super) fn audit_tag(&self) -> Option<[u8; 32]> {
        self.tag.as_deref()?.try_into().ok()
    }

    pub(super) fn status(&self, now: Timestamp) -> GrantStatus {
        let state = match self.check_live(now) {
            Err(EscrowError::Expired) => GrantState::Expired,
            _ => self.state,
        };
        GrantStatus {
            grant: self.id,
            item: self.item,
            message: self.message,
            recipient: self.recipient,
            reference: reference(self.id),
            factor_floor: self.factor_floor,
            state,
            created: self.created,
            expires: self.expires,
            releases: self.releases,
            first_release: self.first_release,
            last_release: self.last_release,
        }
    }
}

/// What the host can know of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantStatus {
    /// The grant.
    pub grant: GrantId,
    /// Its item.
    pub item: ItemId,
    /// The message, as the host called it.
    pub message: Option<MessageId>,
    /// Whose grant it is, as a place in the message.
    pub recipient: RecipientId,
    /// The code shown in notice and portal.
    pub reference: String,
    /// The least that must be shown beside the link.
    pub factor_floor: FactorLevel,
    /// Where it stands now.
    pub state: GrantState,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// How often the content was released.
    pub releases: u32,
    /// When for the first time.
    pub first_release: Option<Timestamp>,
    /// When for the last time.
    pub last_release: Option<Timestamp>,
}

/// A short code by which recipient and sender can speak of a grant. It opens
/// nothing.
pub(super) fn reference(grant: GrantId) -> String {
    let digest = crypto::sha256_parts(&[b"mailseal/1/escrow/reference", grant.as_bytes()]);
    let text = super::typed::encode(digest.get(..5).unwrap_or_default());
    format!("MS-{}", text.get(..6).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_refills_with_time_only() {
        let mut tries = Tries::default();
        let t0 = Timestamp::from_unix_ms(1_000_000);
        for _ in 0..TRIES {
            assert_eq!(tries.take(TRIES, t0), Ok(()));
        }
        assert_eq!(tries.take(TRIES, t0), Err(WINDOW));
        let later = t0.plus(WINDOW - Duration::from_secs(1));
        assert_eq!(tries.take(TRIES, later), Err(Duration::from_secs(1)));
        // A clock that goes backward gives nothing.
        assert!(tries.take(TRIES, Timestamp::from_unix_ms(0)).is_err());
        assert_eq!(tries.take(TRIES, t0.plus(WINDOW)), Ok(()));
    }
}
