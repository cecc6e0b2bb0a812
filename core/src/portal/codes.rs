//! Codes by e-mail and SMS: making, sending, judging.
//!
//! Eight digits, ten minutes, five tries, kept as a keyed hash, bound to the
//! session, the grant and the method. At most one code a minute and five an
//! hour for a grant, and a number an hour for the whole portal, spent before
//! the code is sent: a channel that fails gives nothing back, so that it cannot
//! be pumped. The address and the number are the sender's; a visitor gives
//! none. Only who holds the link has a session, so only they can cause a code.
//!
//! NIST SP 800-63B does not take e-mail as a second channel: a code by e-mail
//! shows that the mailbox is alive, no more (P1).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Inner;
use super::error::Refusal;
use super::host::CodeKind;
use super::session::Session;
use super::vault::{swap, take};
use crate::base::crypto;
use crate::base::{GrantId, Language, Phi, Secret, Timestamp};
use crate::escrow::Method;
use crate::storage::{Batch, Op, Row, StoreError, Table};

/// How long a code is good.
pub(super) const VALID: Duration = Duration::from_secs(10 * 60);
/// The least time between two codes of one grant.
pub(super) const PAUSE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Codes an hour for one grant.
const PER_GRANT: usize = 5;
/// Wrong tries for one code.
const TRIES: u32 = 5;
const DIGITS: usize = 8;
/// How long the host's channel may take.
const CHANNEL: Duration = Duration::from_secs(30);
/// How often a row that others change is tried.
const ROUNDS: usize = 8;
const TABLE: Table = Table::Code;

#[derive(Clone, Serialize, Deserialize)]
struct Code {
    verifier: [u8; 32],
    ends: Timestamp,
    tries: u32,
}

#[derive(Default, Serialize, Deserialize)]
struct GrantBudget {
    sent: Vec<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct WholeBudget {
    since: Timestamp,
    sent: u32,
}

/// The row of something that a session waits for. As every row of a grant it
/// begins with the grant, so that it can be found and deleted with it.
pub(super) fn slot(what: &str, session: &Session) -> Vec<u8> {
    let grant = session.grant();
    [grant.as_bytes(), what.as_bytes(), b"\0", session.visit()].concat()
}

impl Inner {
    /// Sends a code to the recipient by `method`.
    pub(super) async fn send_code(
        &self,
        session: &Session,
        method: Method,
        to: &Phi<String>,
        language: Language,
    ) -> Result<(), Refusal> {
        let (Some(sender), Some(kind)) = (&self.codes, kind(method)) else {
            return Err(Refusal::NotOffered);
        };
        let code = make_code();
        let now = self.clock.now();
        let record = Code {
            verifier: self.code_verifier(session, method, &code),
            ends: now.plus(VALID),
            tries: 0,
        };
        let key = slot(method.word(), session);
        let row = self.vault.seal(TABLE, &key, &record, record.ends)?;
        self.spend(session.grant(), now, row).await?;
        let code = Secret::new(std::mem::take(&mut *Zeroizing::new(code.to_string())));
        let sent = sender.send(kind, to, &code, language);
        match tokio::time::timeout(CHANNEL, sent).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Refusal::Channel),
        }
    }

    /// Takes one code out of both budgets and writes its row, or says how long
    /// to wait.
    async fn spend(&self, grant: GrantId, now: Timestamp, code: Row) -> Result<(), Refusal> {
        let own_key = [grant.as_bytes().as_slice(), b"budget"].concat();
        let all_key = b"budget".to_vec();
        for _ in 0..ROUNDS {
            let own_row = self.store.get(TABLE, &own_key).await?;
            let all_row = self.store.get(TABLE, &all_key).await?;
            let mut own: GrantBudget = self.read_budget(own_row.as_ref())?.unwrap_or_default();
            let fresh = WholeBudget {
                since: now,
                sent: 0,
            };
            let mut all: WholeBudget = self.read_budget(all_row.as_ref())?.unwrap_or(fresh);
            own.take(now).map_err(Refusal::Wait)?;
            all.take(self.codes_per_hour, now).map_err(Refusal::Wait)?;
            let due = now.plus(HOUR);
            let own = self.vault.seal(TABLE, &own_key, &own, due)?;
            let all = self.vault.seal(TABLE, &all_key, &all, due)?;
            let mut batch = Batch::new();
            batch.push(swap(TABLE, own_row.as_ref(), own));
            batch.push(swap(TABLE, all_row.as_ref(), all));
            batch.push(Op::Put {
                table: TABLE,
                row: code.clone(),
            });
            match self.store.commit(batch).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(Refusal::Busy)
    }

    /// A budget that does not open was edited: nothing is sent on it.
    pub(super) fn read_budget<T: serde::de::DeserializeOwned>(
        &self,
        row: Option<&Row>,
    ) -> Result<Option<T>, Refusal> {
        let Some(row) = row else { return Ok(None) };
        let budget = self.vault.open(TABLE, row);
        budget.map(Some).ok_or(Refusal::Failed("portal.budget"))
    }

    /// The changes that use a code up, if the one typed is the one sent to
    /// this session; `None` if it is another. A try of the grant's is spent
    /// only where there is a code to try.
    pub(super) async fn judge_code(
        &self,
        session: &Session,
        method: Method,
        typed: &str,
    ) -> Result<Option<Vec<Op>>, Refusal> {
        let key = slot(method.word(), session);
        let row = self.store.get(TABLE, &key).await?.ok_or(Refusal::NoCode)?;
        let mut record: Code = self.vault.open(TABLE, &row).ok_or(Refusal::NoCode)?;
        if record.ends <= self.clock.now() || record.tries >= TRIES {
            return Err(Refusal::NoCode);
        }
        self.escrow.take_try(session.grant()).await?;
        // Counted before it is judged, so that tries at the same time cannot
        // outrun the limit.
        record.tries += 1;
        let counted = self.vault.seal(TABLE, &key, &record, record.ends)?;
        let swap = swap(TABLE, Some(&row), counted.clone());
        self.store.commit(Batch::from_iter([swap])).await?;
        let given = self.code_verifier(session, method, typed);
        Ok(crypto::equal(&record.verifier, &given).then(|| take(TABLE, &counted).into()))
    }

    fn code_verifier(&self, session: &Session, method: Method, code: &str) -> [u8; 32] {
        self.vault.verifier(&[
            method.word().as_bytes(),
            session.grant().as_bytes(),
            session.visit(),
            code.as_bytes(),
        ])
    }
}

pub(super) fn kind(method: Method) -> Option<CodeKind> {
    match method {
        Method::EmailCode => Some(CodeKind::Email),
        Method::SmsCode => Some(CodeKind::Sms),
        _ => None,
    }
}

impl GrantBudget {
    fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        self.sent.retain(|&at| now.since(at) < HOUR);
        if let Some(&last) = self.sent.last() {
            // A clock that goes backward gives nothing.
            let since = now.since(last);
            if since < PAUSE {
                return Err(PAUSE - since);
            }
        }
        if let Some(&first) = self.sent.first().filter(|_| self.sent.len() >= PER_GRANT) {
            return Err(HOUR - now.since(first));
        }
        self.sent.push(now);
        Ok(())
    }
}

impl WholeBudget {
    fn take(&mut self, limit: u32, now: Timestamp) -> Result<(), Duration> {
        let elapsed = now.since(self.since);
        if elapsed >= HOUR {
            *self = Self {
                since: now,
                sent: 0,
            };
        } else if self.sent >= limit {
            return Err(HOUR - elapsed);
        }
        self.sent += 1;
        Ok(())
    }
}

/// The digits of a code as typed: blanks and hyphens do not count. `None` for
/// what cannot be a code.
pub(super) fn digits(typed: &str, length: usize) -> Option<Zeroizing<String>> {
    let mut out = Zeroizing::new(String::with_capacity(length));
    for c in typed.chars() {
        match c {
            '0'..='9' if out.len() < length => out.push(c),
            ' ' | '-' | '\u{a0}' => {}
            _ => return None,
        }
    }
    (out.len() == length).then_some(out)
}

pub(super) fn code_digits(typed: &str) -> Option<Zeroizing<String>> {
    digits(typed, DIGITS)
}

/// Eight digits, each code as likely as any other.
fn make_code() -> Zeroizing<String> {
    const LIMIT: u64 = u64::MAX - u64::MAX % 100_000_000;
    loop {
        let number = u64::from_be_bytes(crypto::make_random());
        if number < LIMIT {
            return Zeroizing::new(format!("{:08}", number % 100_000_000));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_ms(1_000_000_000 + seconds * 1000)
    }

    #[test]
    fn a_grant_gets_one_code_a_minute_and_five_an_hour() {
        let mut budget = GrantBudget::default();
        assert_eq!(budget.take(at(0)), Ok(()));
        assert_eq!(budget.take(at(59)), Err(Duration::from_secs(1)));
        assert_eq!(budget.take(at(-500)), Err(PAUSE));
        for minute in 1..5 {
            assert_eq!(budget.take(at(minute * 60)), Ok(()));
        }
        assert_eq!(budget.take(at(600)), Err(Duration::from_secs(3000)));
        assert_eq!(budget.take(at(3600)), Ok(()));
        assert!(budget.take(at(3659)).is_err());
    }

    #[test]
    fn the_whole_portal_has_a_limit_an_hour() {
        let mut budget = WholeBudget {
            since: at(0),
            sent: 0,
        };
        assert_eq!(budget.take(2, at(0)), Ok(()));
        assert_eq!(budget.take(2, at(1)), Ok(()));
        assert_eq!(budget.take(2, at(2)), Err(Duration::from_secs(3598)));
        assert_eq!(budget.take(2, at(3600)), Ok(()));
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(code_digits("1234 5678").unwrap().as_str(), "12345678");
        assert_eq!(code_digits("1234-56\u{a0}78").unwrap().as_str(), "12345678");
        for bad in ["", "1234567", "123456789", "1234567a", "１２３４５６７８"] {
            assert!(code_digits(bad).is_none(), "{bad}");
        }
        assert_eq!(make_code().len(), 8);
    }
}
