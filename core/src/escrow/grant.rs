//! One recipient's right to pick up one item.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::EscrowError;
use super::item::ItemRecord;
use super::keys::{Binding, Offer, RootKeys};
use super::method::Method;
use super::prepare::GrantDraft;
use super::record::{from_value, hex, hex_option, to_value};
use crate::base::crypto;
use crate::base::{FactorLevel, GrantId, ItemId, Language, MessageId, RecipientId, Timestamp};
use crate::storage::{Row, Table};

/// Wrong tries before the next must wait.
pub(super) const TRIES: u32 = 5;
/// How long the budget lasts.
pub(super) const WINDOW: Duration = Duration::from_secs(15 * 60);

const KIND: &str = "grant";
/// The version of the grants written here. Those of version 1, which had
/// passcode and passphrase only, are read, too.
pub(super) const VERSION: u8 = 2;
/// How long a session that was counted is remembered: longer than one lives.
const REMEMBERED: Duration = Duration::from_secs(2 * 60 * 60);
/// The most sessions that are remembered; beyond, the oldest is forgotten and
/// counts anew.
const MAX_SESSIONS: usize = 64;
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
    /// The key provider's version that S is wrapped under; `None` for the key
    /// of the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) share_key: Option<String>,
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
    /// What a visitor can show, from weak to strong; all reach the floor.
    #[serde(default)]
    methods: Vec<Method>,
    /// The contacts, encrypted. Gone with revocation and expiry.
    #[serde(default, with = "hex_option")]
    pub(super) contacts: Option<Vec<u8>>,
    #[serde(default)]
    pub(super) language: Language,
    /// How often the content may be released; `None` for as often as one likes.
    #[serde(default)]
    pub(super) max_views: Option<u32>,
    /// Whether the host holds the message back for now.
    #[serde(default)]
    pub(super) held: bool,
    /// The sessions that were counted of late.
    #[serde(default)]
    sessions: Vec<Counted>,
    /// The last step of an authenticator app that was used.
    #[serde(default)]
    pub(super) totp_step: Option<u64>,
    /// The counters of passkeys as last seen here.
    #[serde(default)]
    passkey_counts: Vec<PasskeyCount>,
}

/// A session to which the content was released.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Counted {
    #[serde(with = "hex")]
    session: Vec<u8>,
    at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct PasskeyCount {
    #[serde(with = "hex")]
    credential: Vec<u8>,
    count: u32,
}

/// What a release was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// The first one of the grant.
    pub(super) first: bool,
    /// The last one that the sender allows.
    pub(super) last: bool,
}

impl GrantRecord {
    pub(super) fn from_row(row: &Row) -> Result<Self, EscrowError> {
        let record: Self = from_value(&row.value, KIND)?;
        if !(1..=VERSION).contains(&record.v) || row.key != record.id.as_bytes() {
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

    /// A live grant of a key that is yet to be made.
    pub(super) fn new(id: GrantId, item: &ItemRecord, draft: &GrantDraft) -> Self {
        Self {
            v: VERSION,
            id,
            item: item.id,
            message: item.message,
            recipient: draft.recipient,
            tag: draft.audit_tag.map(|tag| tag.to_vec()),
            factor_floor: draft.factor_floor,
            state: GrantState::Live,
            created: item.created,
            expires: item.expires,
            auth: Vec::new(),
            share: None,
            share_key: None,
            dek: None,
            passcode: None,
            passphrase: None,
            tries: Tries::default(),
            releases: 0,
            first_release: None,
            last_release: None,
            methods: draft.methods(),
            contacts: None,
            language: draft.language,
            max_views: draft.max_views,
            held: false,
            sessions: Vec::new(),
            totp_step: None,
            passkey_counts: Vec::new(),
        }
    }

    /// What a visitor can show.
    pub(super) fn methods(&self) -> Vec<Method> {
        if self.v > 1 {
            return self.methods.clone();
        }
        let passcode = self.passcode.as_ref().map(|_| Method::Passcode);
        let passphrase = self.passphrase.as_ref().map(|_| Method::Passphrase);
        let both = passcode.into_iter().chain(passphrase);
        both.filter(|m| m.level() >= self.factor_floor).collect()
    }

    /// What S is bound to. It does not exist where the contacts were changed.
    pub(super) fn binding(&self, root: &RootKeys) -> Result<Binding, EscrowError> {
        let offer = match self.v {
            1 => None,
            _ => Some(Offer {
                methods: self.methods.clone(),
                contacts: crypto::sha256(&self.open_contacts(root)?),
            }),
        };
        Ok(Binding {
            grant: self.id,
            item: self.item,
            factor_floor: self.factor_floor,
            passcode: self.passcode.is_some(),
            passphrase: self.passphrase.is_some(),
            offer,
        })
    }

    /// The contacts' encoding.
    pub(super) fn open_contacts(&self, root: &RootKeys) -> Result<Zeroizing<Vec<u8>>, EscrowError> {
        let sealed = self.contacts.as_deref().unwrap_or_default();
        root.open_contacts(self.id, sealed)
            .map_err(|_| EscrowError::Damaged { record: KIND })
    }

    /// How often the content can still be released.
    pub(super) fn views_left(&self) -> Option<u32> {
        self.max_views.map(|max| max.saturating_sub(self.releases))
    }

    /// Counts a release.
    pub(super) fn count_release(
        &mut self,
        session: Option<&[u8; 16]>,
        now: Timestamp,
    ) -> Result<Taken, EscrowError> {
        if self.views_left() == Some(0) {
            return Err(EscrowError::ViewsUsedUp);
        }
        let first = self.releases == 0;
        self.releases = self.releases.saturating_add(1);
        self.first_release = self.first_release.or(Some(now));
        self.last_release = Some(now);
        self.tries = Tries::default();
        if let Some(session) = session {
            self.sessions.retain(|s| now.since(s.at) < REMEMBERED);
            let surplus = (self.sessions.len() + 1).saturating_sub(MAX_SESSIONS);
            self.sessions.drain(..surplus);
            self.sessions.push(Counted {
                session: self.session_mark(session),
                at: now,
            });
        }
        let last = self.views_left() == Some(0);
        Ok(Taken { first, last })
    }

    /// Whether the content was released to this session.
    #[cfg(feature = "portal")]
    pub(super) fn is_counted(&self, session: &[u8; 16], now: Timestamp) -> bool {
        let mark = self.session_mark(session);
        let mut live = self
            .sessions
            .iter()
            .filter(|s| now.since(s.at) < REMEMBERED);
        live.any(|s| crypto::equal(&s.session, &mark))
    }

    /// What is kept of a session: who reads the database cannot take it over.
    fn session_mark(&self, session: &[u8; 16]) -> Vec<u8> {
        let parts: [&[u8]; 3] = [b"mailseal/1/escrow/session", self.id.as_bytes(), session];
        crypto::sha256_parts(&parts)[..16].to_vec()
    }

    /// The counter of a passkey as last seen here.
    #[cfg(feature = "portal")]
    pub(super) fn passkey_count(&self, credential: &[u8]) -> Option<u32> {
        let mark = crypto::sha256(credential);
        let mut seen = self.passkey_counts.iter();
        seen.find(|c| c.credential == mark).map(|c| c.count)
    }

    #[cfg(feature = "portal")]
    pub(super) fn set_passkey_count(&mut self, credential: &[u8], count: u32) {
        let credential = crypto::sha256(credential).to_vec();
        self.passkey_counts.retain(|c| c.credential != credential);
        self.passkey_counts.push(PasskeyCount { credential, count });
    }

    /// Ends it and removes all that could open the content; under a hold the
    /// keys stay.
    pub(super) fn end(&mut self, state: GrantState) {
        self.state = state;
        if !self.held {
            self.wipe();
        }
    }

    /// Lifts the hold; a grant that ended meanwhile loses its keys now.
    pub(super) fn release_hold(&mut self) {
        self.held = false;
        if self.state != GrantState::Live {
            self.wipe();
        }
    }

    fn wipe(&mut self) {
        self.share = None;
        self.share_key = None;
        self.dek = None;
        self.passcode = None;
        self.passphrase = None;
        self.tries = Tries::default();
        self.contacts = None;
        self.sessions = Vec::new();
        self.totp_step = None;
        self.passkey_counts = Vec::new();
    }

    /// Whether it can be picked up now; told to the holder of the link only.
    pub(super) fn check_live(&self, now: Timestamp) -> Result<(), EscrowError> {
        match self.state {
            GrantState::Revoked => Err(EscrowError::Revoked),
            GrantState::Expired => Err(EscrowError::Expired),
            GrantState::Live if self.expires <= now => Err(EscrowError::Expired),
            GrantState::Live if self.held => Err(EscrowError::Held),
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
            methods: self.methods(),
            state,
            created: self.created,
            expires: self.expires,
            releases: self.releases,
            views_left: self.views_left(),
            first_release: self.first_release,
            last_release: self.last_release,
            held: self.held,
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
    /// What a visitor can show, from weak to strong.
    pub methods: Vec<Method>,
    /// Where it stands now.
    pub state: GrantState,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// How often the content was released.
    pub releases: u32,
    /// How often it still can be; `None` where the sender set no limit.
    pub views_left: Option<u32>,
    /// When for the first time.
    pub first_release: Option<Timestamp>,
    /// When for the last time.
    pub last_release: Option<Timestamp>,
    /// Whether it is on hold: pickups end, and the keys stay.
    pub held: bool,
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
