//! Sessions: what a visitor has shown since they knocked.
//!
//! The cookie holds 256 random bits and nothing else; the row lies under the
//! grant and a keyed hash of them, encrypted. A session begins when the
//! visitor shows by MAC that they hold the link, gets a new id with each factor
//! that they show (so that an id planted before is worth nothing after), ends
//! 15 minutes after the last request that changed something, and after 30
//! minutes whatever happens. NIST SP 800-63B sections 5.1 and 5.2 (revision 4).
//!
//! Downloads are GET requests and change nothing, so they do not prolong a
//! session; a released session may go on downloading to its end.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Inner;
use super::error::Refusal;
use super::request::{bytes, encode};
use super::vault::{swap, take};
use crate::base::crypto;
use crate::base::{FactorLevel, GrantId, Timestamp};
use crate::escrow::{Method, Visit};
use crate::storage::{Batch, Op, Row, StoreError, Table};

/// The end of a session.
pub(super) const LIFE: Duration = Duration::from_secs(30 * 60);
/// The end of one in which nothing happens.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// How old the mark of the last request may be before it is written anew.
const TOUCH: Duration = Duration::from_secs(60);
/// Sessions and codes that are over, removed with one that begins.
const SWEEP: usize = 32;
/// Sessions that one grant begins in the time that one lives: more than people
/// and scanners need, and few enough that a link cannot fill the disk.
const PER_GRANT: usize = 60;
/// How often a row that others change is tried.
const ROUNDS: usize = 8;

#[derive(Clone, Serialize, Deserialize)]
struct Record {
    grant: GrantId,
    /// Stays the same as the session gets new ids.
    visit: [u8; 16],
    created: Timestamp,
    seen: Timestamp,
    shown: Vec<Method>,
    released: bool,
}

/// When a grant's latest sessions began.
#[derive(Default, Serialize, Deserialize)]
struct Begun {
    at: Vec<Timestamp>,
}

impl Record {
    /// When it ends unless something happens in it.
    fn ends(&self) -> Timestamp {
        let end = self.created.plus(LIFE);
        match self.released {
            true => end,
            false => end.min(self.seen.plus(IDLE)),
        }
    }
}

/// A session that is alive, as it was read.
pub(super) struct Session {
    row: Row,
    record: Record,
    /// The new id, where it got one.
    id: Option<Zeroizing<[u8; 32]>>,
}

impl Session {
    pub(super) fn grant(&self) -> GrantId {
        self.record.grant
    }

    /// What the escrow knows the session by.
    pub(super) fn visit(&self) -> &[u8; 16] {
        &self.record.visit
    }

    pub(super) fn is_released(&self) -> bool {
        self.record.released
    }

    /// The strongest level shown, of the methods that this grant takes.
    pub(super) fn level(&self, visit: &Visit) -> FactorLevel {
        let counts = |m: &&Method| m.level() >= visit.floor && takes(visit, **m);
        let shown = self.record.shown.iter().filter(counts);
        shown.map(|m| m.level()).max().unwrap_or(FactorLevel::P0)
    }

    /// Whether all that the grant asks for was shown.
    pub(super) fn is_complete(&self, visit: &Visit) -> bool {
        let phrase = visit.passphrase.is_none() || self.record.shown.contains(&Method::Passphrase);
        phrase && self.level(visit) >= visit.floor
    }
}

/// Whether a grant takes a method. Those below its floor are neither offered
/// nor accepted; a passphrase is always asked for, as it is a key share.
pub(super) fn takes(visit: &Visit, method: Method) -> bool {
    match method {
        Method::Passphrase => visit.passphrase.is_some(),
        _ => method.level() >= visit.floor && visit.methods.contains(&method),
    }
}

impl Inner {
    /// Begins a session, and removes some that are over.
    pub(super) async fn begin_session(&self, grant: GrantId) -> Result<Session, Refusal> {
        let now = self.clock.now();
        let record = Record {
            grant,
            visit: crypto::make_random(),
            created: now,
            seen: now,
            shown: Vec::new(),
            released: false,
        };
        let (id, row) = self.new_row(&record)?;
        self.escrow.expire_visits(now, SWEEP).await?;
        let count = [grant.as_bytes().as_slice(), b"sessions"].concat();
        for _ in 0..ROUNDS {
            let old = self.store.get(Table::Code, &count).await?;
            let mut begun: Begun = self.read_budget(old.as_ref())?.unwrap_or_default();
            begun.at.retain(|&at| now.since(at) < LIFE);
            if let Some(&first) = begun.at.first().filter(|_| begun.at.len() >= PER_GRANT) {
                return Err(Refusal::Wait(LIFE.saturating_sub(now.since(first))));
            }
            begun.at.push(now);
            let new = self
                .vault
                .seal(Table::Code, &count, &begun, now.plus(LIFE))?;
            let mut batch = Batch::from_iter([swap(Table::Code, old.as_ref(), new)]);
            batch.push(swap(Table::Session, None, row.clone()));
            match self.store.commit(batch).await {
                Ok(_) => {
                    let id = Some(id);
                    return Ok(Session { row, record, id });
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(Refusal::Busy)
    }

    /// The live session of this grant that the request belongs to.
    pub(super) async fn session(
        &self,
        grant: GrantId,
        headers: &HeaderMap,
    ) -> Result<Session, Refusal> {
        let id = cookie(grant, headers).ok_or(Refusal::NoSession)?;
        let key = self.row_key(grant, id.as_slice());
        let row = self.store.get(Table::Session, &key).await?;
        let row = row.ok_or(Refusal::NoSession)?;
        let record: Record = self
            .vault
            .open(Table::Session, &row)
            .ok_or(Refusal::NoSession)?;
        if record.grant != grant || record.ends() <= self.clock.now() {
            return Err(Refusal::NoSession);
        }
        Ok(Session {
            row,
            record,
            id: None,
        })
    }

    /// The same for requests that change something: they keep a session alive.
    pub(super) async fn active_session(
        &self,
        grant: GrantId,
        headers: &HeaderMap,
    ) -> Result<Session, Refusal> {
        let mut session = self.session(grant, headers).await?;
        let now = self.clock.now();
        let since = now.since(session.record.seen);
        if since >= IDLE {
            return Err(Refusal::NoSession);
        }
        if since >= TOUCH {
            session.record.seen = now;
            match self.write(&mut session).await {
                // Another request of the same page was faster.
                Err(Refusal::Busy) => return self.session(grant, headers).await,
                other => other?,
            }
        }
        Ok(session)
    }

    /// Notes a factor as shown, with what else changes in the same moment, and
    /// gives the session a new id.
    pub(super) async fn note_shown(
        &self,
        session: Session,
        method: Method,
        with: Vec<Op>,
    ) -> Result<Session, Refusal> {
        let mut record = session.record;
        if !record.shown.contains(&method) {
            record.shown.push(method);
        }
        record.seen = self.clock.now();
        let (id, row) = self.new_row(&record)?;
        let mut batch: Batch = with.into_iter().collect();
        batch.extend(take(Table::Session, &session.row));
        batch.push(swap(Table::Session, None, row.clone()));
        self.store.commit(batch).await?;
        let id = Some(id);
        Ok(Session { row, record, id })
    }

    /// Notes that the message was released to this session.
    pub(super) async fn note_released(&self, session: &mut Session) -> Result<(), Refusal> {
        for _ in 0..ROUNDS {
            if session.record.released {
                return Ok(());
            }
            session.record.released = true;
            match self.write(session).await {
                // Another request of the same page was faster.
                Err(Refusal::Busy) => {
                    let row = self.store.get(Table::Session, &session.row.key).await?;
                    session.row = row.ok_or(Refusal::NoSession)?;
                    let record = self.vault.open(Table::Session, &session.row);
                    session.record = record.ok_or(Refusal::NoSession)?;
                }
                other => return other,
            }
        }
        Err(Refusal::Busy)
    }

    /// Ends a session.
    pub(super) async fn end_session(&self, session: &Session) -> Result<(), Refusal> {
        let key = session.row.key.clone();
        let table = Table::Session;
        self.store
            .commit(Batch::from_iter([Op::Delete { table, key }]))
            .await?;
        Ok(())
    }

    async fn write(&self, session: &mut Session) -> Result<(), Refusal> {
        let due = session.record.ends();
        let key = &session.row.key;
        let row = self.vault.seal(Table::Session, key, &session.record, due)?;
        let swap = swap(Table::Session, Some(&session.row), row.clone());
        self.store.commit(Batch::from_iter([swap])).await?;
        session.row = row;
        Ok(())
    }

    fn new_row(&self, record: &Record) -> Result<(Zeroizing<[u8; 32]>, Row), Refusal> {
        let id = Zeroizing::new(crypto::make_random::<32>());
        let key = self.row_key(record.grant, id.as_slice());
        let due = record.ends();
        let row = self.vault.seal(Table::Session, &key, record, due)?;
        Ok((id, row))
    }

    /// Begins with the grant, so that what belongs to one can be found.
    fn row_key(&self, grant: GrantId, id: &[u8]) -> Vec<u8> {
        [grant.as_bytes().as_slice(), &self.vault.name(id)].concat()
    }

    /// The header that gives the session's new id to the browser, if it has one.
    pub(super) fn give(&self, session: &Session, headers: &mut HeaderMap) {
        let Some(id) = &session.id else { return };
        let left = LIFE.saturating_sub(self.clock.now().since(session.record.created));
        let value = Zeroizing::new(encode(id.as_slice()));
        set_cookie(session.record.grant, &value, left, headers);
    }
}

/// Has the browser forget the session's id.
pub(super) fn forget(grant: GrantId, headers: &mut HeaderMap) {
    set_cookie(grant, "", Duration::ZERO, headers);
}

fn set_cookie(grant: GrantId, value: &str, life: Duration, headers: &mut HeaderMap) {
    let name = cookie_name(grant);
    let age = life.as_secs();
    let text = Zeroizing::new(format!(
        "{name}={value}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Strict"
    ));
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        headers.append(header::SET_COOKIE, value);
    }
}

/// One cookie a grant, so that two messages can be open side by side.
fn cookie_name(grant: GrantId) -> String {
    let id = grant.to_string();
    format!("__Host-ms-{}", id.get(..16).unwrap_or(&id))
}

fn cookie(grant: GrantId, headers: &HeaderMap) -> Option<Zeroizing<[u8; 32]>> {
    let name = cookie_name(grant);
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.as_bytes().split(|&byte| byte == b';') {
            // Other cookies of this host may hold what is no text.
            let pair = std::str::from_utf8(pair).unwrap_or_default();
            let Some((key, value)) = pair.trim().split_once('=') else {
                continue;
            };
            if key == name {
                // Two of one name: somebody else set one of them.
                if found.is_some() {
                    return None;
                }
                found = Some(Zeroizing::new(bytes::<32>(value).ok()?));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ItemId, Language, RecipientId};

    fn visit(floor: FactorLevel, methods: &[Method], passphrase: bool) -> Visit {
        Visit {
            grant: GrantId::from_bytes([1; 16]),
            item: ItemId::from_bytes([2; 16]),
            recipient: RecipientId::new(3),
            message: None,
            reference: String::new(),
            language: Language::English,
            floor,
            methods: methods.to_vec(),
            passphrase: passphrase.then(|| (Vec::new(), 1)),
            contacts: Default::default(),
            expires: Timestamp::from_unix_ms(2),
            views_left: None,
        }
    }

    fn shown(methods: &[Method]) -> Session {
        let row = Row {
            key: Vec::new(),
            value: Vec::new(),
            due: None,
        };
        let record = Record {
            grant: GrantId::from_bytes([1; 16]),
            visit: [0; 16],
            created: Timestamp::from_unix_ms(1),
            seen: Timestamp::from_unix_ms(1),
            shown: methods.to_vec(),
            released: false,
        };
        let id = None;
        Session { row, record, id }
    }

    #[test]
    fn only_what_the_grant_takes_and_what_reaches_its_floor_counts() {
        use FactorLevel::{P0, P2, P3};
        use Method::{Passcode, Passphrase, SmsCode, Totp};
        for (floor, takes, passphrase, has_shown, level) in [
            (P2, &[SmsCode][..], false, &[SmsCode][..], P2),
            // Strong enough, but not of this grant.
            (P2, &[SmsCode], false, &[Totp], P0),
            (P2, &[SmsCode], false, &[Passcode], P0),
            // Of this grant, but below its floor.
            (P3, &[SmsCode, Totp], false, &[SmsCode], P0),
            (P3, &[Totp], true, &[Passphrase], P0),
            (P3, &[Totp], true, &[Passphrase, Totp], P3),
        ] {
            let visit = visit(floor, takes, passphrase);
            let session = shown(has_shown);
            assert_eq!(session.level(&visit), level, "{takes:?} {has_shown:?}");
            assert_eq!(session.is_complete(&visit), level >= floor);
        }
        // The passphrase is asked for whatever else was shown.
        let visit = visit(P2, &[SmsCode], true);
        assert!(!shown(&[SmsCode]).is_complete(&visit));
        assert!(shown(&[SmsCode, Passphrase]).is_complete(&visit));
    }
}
