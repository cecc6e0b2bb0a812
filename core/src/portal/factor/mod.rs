//! Factors over HTTP: starting one, judging what was shown.
//!
//! Every try is counted in the escrow before it is judged (5 in 15 minutes for
//! a grant, and slowly over all), and only a session that knocked can spend
//! one. What a grant does not offer, or offers below its floor, is not there.
//! There is no way around a factor: no reset, no question, no second address.
//! A passkey can be registered in a session that showed P2 or more, and is for
//! later messages only.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::codes::{self, slot};
use super::error::{Refusal, json_response, seconds};
use super::host::{CodeKind, PortalEventKind};
use super::request::{self, Place};
use super::session::{Session, takes};
use super::vault::{swap, take};
use crate::base::{FactorLevel, Phi, Secret, Timestamp};
use crate::escrow::{Method, Visit};
use crate::storage::{Batch, Op, StoreError, Table};

pub(super) mod passkey;
mod totp;

/// How long an answer to a passkey's challenge may take.
const CEREMONY: Duration = Duration::from_secs(5 * 60);
/// How long the host may take to say whether somebody is signed on.
const SIGN_ON: Duration = Duration::from_secs(10);
/// How long the counter of a passkey is remembered after its last use.
const COUNTER: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How often a row that others change is tried.
const ROUNDS: usize = 8;
/// The longest passcode or code as typed.
const MAX_TYPED: usize = 256;

/// The word of a method in addresses and bodies.
pub(super) fn word(method: Method) -> &'static str {
    match method {
        Method::EmailCode => "email",
        Method::SmsCode => "sms",
        Method::SingleSignOn => "sso",
        other => other.word(),
    }
}

fn method(word_: &str) -> Result<Method, Refusal> {
    let mut all = Method::ALL.iter().copied();
    all.find(|m| word(*m) == word_).ok_or(Refusal::NotOffered)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    code: Secret_,
}

/// A secret in a body: read, and overwritten when dropped.
struct Secret_(Secret<String>);

impl<'de> Deserialize<'de> for Secret_ {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(|text| Self(Secret::new(text)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    proof: Secret_,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    credential: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A ceremony that a session has begun.
#[derive(Serialize, Deserialize)]
struct Ceremony {
    state: Vec<u8>,
    ends: Timestamp,
}

/// `POST /p/{id}/factor/{m}/start`
pub(super) async fn start(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (grant, method) = (place.grant()?, method(place.get("m"))?);
    let (parts, body) = request.into_parts();
    let _: Nothing = request::json(&parts.headers, body).await?;
    let session = portal.active_session(grant, &parts.headers).await?;
    let visit = portal.escrow.visit(grant).await?;
    portal.offers(&visit, method)?;
    let answer = match method {
        Method::EmailCode | Method::SmsCode => {
            let contacts = &visit.contacts;
            let to = match method {
                Method::EmailCode => contacts.email.as_ref(),
                _ => contacts.phone.as_ref(),
            };
            let to = to.ok_or(Refusal::NotOffered)?;
            portal
                .send_code(&session, method, to, visit.language)
                .await?;
            if let Some(kind) = codes::kind(method) {
                portal.tell(&visit, PortalEventKind::CodeSent(kind)).await;
            }
            json!({
                "sent": true,
                "again_in": seconds(codes::PAUSE),
                "valid": seconds(codes::VALID),
            })
        }
        Method::Passkey => {
            let party = portal.party.as_ref().ok_or(Refusal::NotOffered)?;
            let asked = party.ask(&visit.contacts.passkeys);
            let (state, request) = asked.ok_or(Refusal::NotOffered)?;
            portal.keep_ceremony("passkey", &session, state).await?;
            json!({"publicKey": request})
        }
        _ => return Err(Refusal::NotOffered),
    };
    Ok(portal.answer(StatusCode::OK, &answer, &visit))
}

/// `POST /p/{id}/factor/{m}/verify`
pub(super) async fn verify(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (grant, method) = (place.grant()?, method(place.get("m"))?);
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let given = Given::read(method, &headers, body).await?;
    let session = portal.active_session(grant, &headers).await?;
    let visit = portal.escrow.visit(grant).await?;
    portal.offers(&visit, method)?;
    let judged = portal
        .judge(&session, &visit, method, given, &headers)
        .await;
    let with = match judged {
        Err(Refusal::Wrong { tries_left }) => {
            let kind = PortalEventKind::FactorFailed { tries_left };
            portal.tell(&visit, kind).await;
            return Err(Refusal::Wrong { tries_left });
        }
        other => other?,
    };
    let session = portal.note_shown(session, method, with).await?;
    let answer = json!({"complete": session.is_complete(&visit)});
    let mut response = portal.answer(StatusCode::OK, &answer, &visit);
    portal.give(&session, response.headers_mut());
    Ok(response)
}

/// What came in a body, by method.
enum Given {
    Text(Secret<String>),
    Proof([u8; 32]),
    Credential(Value),
    Nothing,
}

impl Given {
    async fn read(method: Method, headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        Ok(match method {
            Method::Passphrase => {
                let Proof { proof } = request::json(headers, body).await?;
                Self::Proof(request::bytes(proof.0.expose())?)
            }
            Method::Passkey => {
                let Credential { credential } = request::json(headers, body).await?;
                Self::Credential(credential)
            }
            Method::SingleSignOn => {
                let _: Nothing = request::json(headers, body).await?;
                Self::Nothing
            }
            _ => {
                let Typed { code } = request::json(headers, body).await?;
                if code.0.expose().len() > MAX_TYPED {
                    return Err(Refusal::Malformed);
                }
                Self::Text(code.0)
            }
        })
    }
}

impl Inner {
    /// What a grant offers, and this portal can serve.
    pub(super) fn offers(&self, visit: &Visit, method: Method) -> Result<(), Refusal> {
        let contacts = &visit.contacts;
        let can = match method {
            Method::EmailCode => self.sends(CodeKind::Email) && contacts.email.is_some(),
            Method::SmsCode => self.sends(CodeKind::Sms) && contacts.phone.is_some(),
            Method::Totp => contacts.totp.is_some(),
            Method::Passkey => self.party.is_some() && !contacts.passkeys.is_empty(),
            Method::SingleSignOn => contacts.sso.is_some() && self.host.sign_on_url().is_some(),
            Method::Passcode | Method::Passphrase => true,
        };
        match can && takes(visit, method) {
            true => Ok(()),
            false => Err(Refusal::NotOffered),
        }
    }

    fn sends(&self, kind: CodeKind) -> bool {
        self.codes.as_ref().is_some_and(|codes| codes.sends(kind))
    }

    /// The changes that go with a factor that was shown.
    async fn judge(
        &self,
        session: &Session,
        visit: &Visit,
        method: Method,
        given: Given,
        headers: &HeaderMap,
    ) -> Result<Vec<Op>, Refusal> {
        let grant = visit.grant;
        match (method, given) {
            (Method::Passcode, Given::Text(typed)) => {
                self.escrow.check_passcode(grant, &typed).await?;
                Ok(Vec::new())
            }
            (Method::Passphrase, Given::Proof(proof)) => {
                self.escrow.check_passphrase(grant, &proof).await?;
                Ok(Vec::new())
            }
            (Method::EmailCode | Method::SmsCode, Given::Text(typed)) => {
                let typed = codes::code_digits(typed.expose()).ok_or(Refusal::Malformed)?;
                match self.judge_code(session, method, &typed).await? {
                    Some(ops) => Ok(ops),
                    None => Err(self.escrow.refuse(grant).await?.into()),
                }
            }
            (Method::Totp, Given::Text(typed)) => {
                let typed = codes::digits(typed.expose(), totp::DIGITS);
                let typed = typed.ok_or(Refusal::Malformed)?;
                let seed = visit.contacts.totp.as_ref().ok_or(Refusal::NotOffered)?;
                self.escrow.take_try(grant).await?;
                match self.take_step(seed, &typed).await? {
                    Some(step) => self.escrow.use_totp_step(grant, step).await?,
                    None => return Err(self.escrow.refuse(grant).await?.into()),
                }
                Ok(Vec::new())
            }
            (Method::Passkey, Given::Credential(credential)) => {
                self.judge_passkey(session, visit, &credential).await
            }
            (Method::SingleSignOn, Given::Nothing) => {
                let subject = visit.contacts.sso.as_ref().ok_or(Refusal::NotOffered)?;
                self.escrow.take_try(grant).await?;
                match self.is_signed_on(subject, headers).await {
                    true => Ok(Vec::new()),
                    false => Err(self.escrow.refuse(grant).await?.into()),
                }
            }
            _ => Err(Refusal::NotOffered),
        }
    }

    async fn is_signed_on(&self, subject: &Phi<String>, headers: &HeaderMap) -> bool {
        let asked = self.host.single_sign_on(subject, headers);
        matches!(tokio::time::timeout(SIGN_ON, asked).await, Ok(Ok(())))
    }

    async fn judge_passkey(
        &self,
        session: &Session,
        visit: &Visit,
        credential: &Value,
    ) -> Result<Vec<Op>, Refusal> {
        let party = self.party.as_ref().ok_or(Refusal::NotOffered)?;
        // The challenge is gone whatever comes of it: each is answered once.
        let state = self.take_ceremony("passkey", session).await?;
        self.escrow.take_try(visit.grant).await?;
        match party.judge(&state, credential, &visit.contacts.passkeys) {
            Ok((passkey, count)) => {
                let id = &passkey.credential_id;
                self.escrow
                    .use_passkey_count(visit.grant, id, count)
                    .await?;
                match self.take_count(id, count).await? {
                    true => Ok(Vec::new()),
                    false => Err(self.escrow.refuse(visit.grant).await?.into()),
                }
            }
            Err(passkey::NotShown) => Err(self.escrow.refuse(visit.grant).await?.into()),
        }
    }

    /// Remembers the signature counter of a passkey, whatever the grant: a
    /// clone would be used at another one. False where it did not grow.
    async fn take_count(&self, credential: &[u8], count: u32) -> Result<bool, Refusal> {
        let key = self.vault.verifier(&[b"passkey", credential]);
        let due = self.clock.now().plus(COUNTER);
        for _ in 0..ROUNDS {
            let old = self.store.get(Table::Code, &key).await?;
            let last: u32 = self.read_budget(old.as_ref())?.unwrap_or_default();
            // Authenticators without a counter always say 0.
            if count <= last {
                return Ok(count == 0 && last == 0);
            }
            let new = self.vault.seal(Table::Code, &key, &count, due)?;
            let batch = Batch::from_iter([swap(Table::Code, old.as_ref(), new)]);
            match self.store.commit(batch).await {
                Ok(_) => return Ok(true),
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(Refusal::Busy)
    }

    async fn keep_ceremony(
        &self,
        what: &str,
        session: &Session,
        state: Vec<u8>,
    ) -> Result<(), Refusal> {
        let ends = self.clock.now().plus(CEREMONY);
        let (table, key) = (Table::Code, slot(what, session));
        let row = self
            .vault
            .seal(table, &key, &Ceremony { state, ends }, ends)?;
        let put = Op::Put { table, row };
        self.store.commit(Batch::from_iter([put])).await?;
        Ok(())
    }

    async fn take_ceremony(&self, what: &str, session: &Session) -> Result<Vec<u8>, Refusal> {
        let (table, key) = (Table::Code, slot(what, session));
        let row = self.store.get(table, &key).await?.ok_or(Refusal::NoCode)?;
        let kept: Ceremony = self.vault.open(table, &row).ok_or(Refusal::NoCode)?;
        self.store
            .commit(Batch::from_iter(take(table, &row)))
            .await?;
        if kept.ends <= self.clock.now() {
            return Err(Refusal::NoCode);
        }
        Ok(kept.state)
    }

    /// A session that may register a passkey.
    async fn registering(
        &self,
        place: &Place,
        headers: &HeaderMap,
    ) -> Result<(Session, Visit), Refusal> {
        let session = self.active_session(place.grant()?, headers).await?;
        let visit = self.escrow.visit(session.grant()).await?;
        match session.is_complete(&visit) && session.level(&visit) >= FactorLevel::P2 {
            true => Ok((session, visit)),
            false => Err(Refusal::FactorRequired),
        }
    }
}

/// `POST /p/{id}/passkey/start`
pub(super) async fn passkey_start(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let _: Nothing = request::json(&parts.headers, body).await?;
    let (session, visit) = portal.registering(&place, &parts.headers).await?;
    let party = portal.party.as_ref().ok_or(Refusal::NotOffered)?;
    let asked = party.ask_new(&portal.organisation, &visit.contacts.passkeys);
    let (state, request) = asked.ok_or(Refusal::Failed("portal.passkey"))?;
    portal.keep_ceremony("register", &session, state).await?;
    let answer = json!({"publicKey": request});
    Ok(portal.answer(StatusCode::OK, &answer, &visit))
}

/// `POST /p/{id}/passkey/finish`
pub(super) async fn passkey_finish(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let Credential { credential } = request::json(&parts.headers, body).await?;
    let (session, visit) = portal.registering(&place, &parts.headers).await?;
    let party = portal.party.as_ref().ok_or(Refusal::NotOffered)?;
    let state = portal.take_ceremony("register", &session).await?;
    let made = party.take_new(&state, &credential);
    let made = made.map_err(|_| Refusal::Malformed)?;
    let existing = visit.contacts.passkeys.iter();
    if existing
        .clone()
        .any(|p| p.credential_id == made.credential_id)
    {
        return Err(Refusal::Malformed);
    }
    let kind = PortalEventKind::PasskeyRegistered {
        passkey: made,
        level: session.level(&visit),
    };
    portal.tell(&visit, kind).await;
    Ok(json_response(StatusCode::OK, &json!({})))
}
