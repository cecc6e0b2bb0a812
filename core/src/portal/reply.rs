//! Replies over HTTP: begin, upload in parts, commit.
//!
//! A reply is sealed in the browser to the organisation's reply key, which is
//! inside the encrypted manifest, so only a session that the message was
//! released to can make one. The escrow bounds how many and how large; here
//! each part has a time to arrive in, and few replies are open at a time, since
//! an open one is in memory whole.
//!
//! A commit opens the reply, has it scanned, hands it to the host, records it
//! and deletes its rows, in this order, and goes on when the visitor goes away.
//! What does not open, or the host refuses, is deleted at once (422) and counts
//! among the replies of a day. If the process dies between the host's word and
//! the record, the host is handed the same [`Reply::id`] again when the page
//! repeats the commit.
//!
//! [`Commits`] bounds what goes on without a visitor: one commit a grant, few in
//! all, and the rest are told to come again (503). The page does so for two
//! minutes with growing waits and says so; after that, or where no answer came,
//! it keeps the reply's id, and when the visitor sends the same again it commits
//! that id: a reply that the host has is answered as sent and not handed over
//! again. Nothing of a reply that waits is in memory, and only a reply that the
//! host has, or refused, is ever said to be sent or not: one that was turned away
//! or cut off lies in the store as it was uploaded, until an hour after it was
//! begun. A visitor who closes the page before it says that the reply was sent
//! may lose it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Inner;
use super::error::{Refusal, json_response};
use super::host::PortalEventKind;
use super::request::{self, Place};
use super::session::Session;
use crate::base::{GrantId, ReplyId, Sensitivity};
use crate::escrow::{Escrow, EscrowError, Reply, Visit};

/// What a scanner makes of a reply.
pub(crate) type Scan = Arc<dyn Fn(&Reply) -> Sensitivity + Send + Sync>;

/// The largest part.
const PART: usize = 1 << 20;
/// How long the host may take; a second commit is let in after a minute.
const HOST: Duration = Duration::from_secs(50);
/// Replies that are open at a time in this process.
const OPEN: usize = 2;
/// Commits that are taken at a time, those that are open among them.
const TAKEN: u32 = 32;

/// The commits that this process took and has not ended.
pub(super) struct Commits {
    places: Arc<Semaphore>,
    grants: Mutex<HashSet<GrantId>>,
    open: Semaphore,
}

impl Commits {
    pub(super) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(TAKEN as usize)),
            grants: Mutex::default(),
            open: Semaphore::new(OPEN),
        }
    }

    /// A place for a commit, if there is one and the grant has none yet.
    fn take(portal: &Arc<Inner>, grant: GrantId) -> Result<Taken, Refusal> {
        let commits = &portal.commits;
        if commits.open.is_closed() {
            return Err(Refusal::Busy);
        }
        let place = Arc::clone(&commits.places).try_acquire_owned();
        let place = place.map_err(|_| Refusal::Busy)?;
        if !commits.grants().insert(grant) {
            return Err(Refusal::Busy);
        }
        Ok(Taken {
            portal: Arc::clone(portal),
            grant,
            _place: place,
        })
    }

    /// Takes and opens no more, also where the caller does not wait; those that
    /// wait to be opened are turned away. Then waits for those that are open.
    pub(super) async fn close(&self) {
        self.open.close();
        let _all = self.places.acquire_many(TAKEN).await;
    }

    fn grants(&self) -> std::sync::MutexGuard<'_, HashSet<GrantId>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the commits, given back when it is dropped.
struct Taken {
    portal: Arc<Inner>,
    grant: GrantId,
    _place: OwnedSemaphorePermit,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.portal.commits.grants().remove(&self.grant);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    sealed_key: String,
    wrapped: String,
    size: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    parts: u32,
}

fn reply_id(place: &Place) -> Result<ReplyId, Refusal> {
    place.get("r").parse().map_err(|_| Refusal::NotFound)
}

impl Inner {
    /// A session that may reply, and its grant.
    async fn replying(
        &self,
        place: &Place,
        headers: &axum::http::HeaderMap,
    ) -> Result<(Session, Visit), Refusal> {
        let grant = place.grant()?;
        if !self.replies {
            return Err(Refusal::NotOffered);
        }
        let session = self.active_session(grant, headers).await?;
        if !session.is_released() {
            return Err(Refusal::FactorRequired);
        }
        Ok((session, self.escrow.visit(grant).await?))
    }

    /// Scans, hands over, records.
    async fn hand_over(&self, visit: &Visit, reply: Reply) -> Result<(), Refusal> {
        let (grant, id) = (visit.grant, reply.id);
        let (reply, sensitivity) = match self.scan.clone() {
            // What nobody looked at is taken for protected.
            None => (reply, Sensitivity::Phi),
            Some(scan) => tokio::task::spawn_blocking(move || {
                let found = scan(&reply);
                (reply, found)
            })
            .await
            .map_err(|_| Refusal::Failed("portal.scan"))?,
        };
        let taken = self.host.reply(reply, sensitivity);
        match tokio::time::timeout(HOST, taken).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                self.escrow.drop_reply(grant, id).await?;
                return Err(Refusal::Refused);
            }
            // Whether the host has it is not known: it stays until the page
            // commits again.
            Err(_) => return Err(Refusal::Busy),
        }
        self.escrow.finish_reply(grant, id).await?;
        self.tell(visit, PortalEventKind::Replied).await;
        Ok(())
    }
}

/// `POST /p/{id}/replies`
pub(super) async fn begin(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let given: Begin = request::json(&parts.headers, body).await?;
    let (_, visit) = portal.replying(&place, &parts.headers).await?;
    if given.size > Escrow::REPLY_LIMIT as u64 {
        return Err(Refusal::TooLarge);
    }
    let enc = request::decode(&given.sealed_key, 128)?;
    let wrapped = request::decode(&given.wrapped, 128)?;
    let begun = portal
        .escrow
        .begin_reply(visit.grant, &enc, &wrapped, given.size)
        .await?;
    let answer = json!({
        "reply": begun.reply.to_string(),
        "parts": begun.parts,
        "part_bytes": begun.part_bytes,
        "until": begun.until.unix_ms(),
        "limit": Escrow::REPLY_LIMIT,
    });
    Ok(portal.answer(StatusCode::OK, &answer, &visit))
}

/// `PUT /p/{id}/replies/{r}/parts/{n}`
pub(super) async fn part(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (reply, n) = (reply_id(&place)?, place.number("n")?);
    let (parts, body) = request.into_parts();
    // Who may not reply does not get to send the body.
    let (_, visit) = portal.replying(&place, &parts.headers).await?;
    let bytes = request::part(&parts.headers, body, PART).await?;
    let put = portal
        .escrow
        .put_reply_part(visit.grant, reply, n, &bytes)
        .await;
    match put {
        Ok(()) => Ok(json_response(StatusCode::OK, &json!({}))),
        // A part of another length, or one too many.
        Err(EscrowError::Reply { .. }) => Err(Refusal::Malformed),
        Err(e) => Err(e.into()),
    }
}

/// `POST /p/{id}/replies/{r}/commit`
pub(super) async fn commit(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let reply = reply_id(&place)?;
    let (parts, body) = request.into_parts();
    let given: Commit = request::json(&parts.headers, body).await?;
    let (_, visit) = portal.replying(&place, &parts.headers).await?;
    let taken = Commits::take(&portal, visit.grant)?;
    let task = tokio::spawn(async move {
        let portal = &taken.portal;
        let open = portal.commits.open.acquire().await;
        let _open = open.map_err(|_| Refusal::Busy)?;
        let opened = portal.escrow.commit_reply(visit.grant, reply, given.parts);
        match opened.await {
            Ok(Some(reply)) => portal.hand_over(&visit, reply).await?,
            // The host has it.
            Ok(None) => {}
            Err(EscrowError::Reply { .. }) => {
                portal.escrow.drop_reply(visit.grant, reply).await?;
                return Err(Refusal::Refused);
            }
            Err(e) => return Err(e.into()),
        }
        let answer = json!({"reference": reference(reply)});
        Ok(portal.answer(StatusCode::OK, &answer, &visit))
    });
    task.await.unwrap_or(Err(Refusal::Failed("portal.reply")))
}

/// What the visitor can name the reply by: the beginning of its id.
fn reference(reply: ReplyId) -> String {
    let id = reply.to_string().to_ascii_uppercase();
    format!("R-{}", id.get(..8).unwrap_or(&id))
}
