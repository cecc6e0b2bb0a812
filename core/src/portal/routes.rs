//! The routes, and those that are not about factors, replies or files.
//!
//! ```text
//! GET  /p/{id}                 the page; also with the code in the path, where a gateway put it
//! POST /p/{id}/challenge       shows by MAC that the visitor holds the link; begins a session
//! POST /p/{id}/factor/{m}/start | verify
//! POST /p/{id}/release         what the page opens the content with; on record first
//! GET  /p/{id}/parts/{n}       the encrypted content, row by row; Range
//! POST /p/{id}/replies ; PUT …/{r}/parts/{n} ; POST …/{r}/commit
//! POST /p/{id}/passkey/start | finish
//! POST /p/{id}/report-misdirected | /logout
//! ```
//!
//! GET and HEAD change nothing, so mail scanners that open links burn nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Inner;
use super::error::{Refusal, json_response};
use super::factor::{self, Nothing};
use super::headers::{Reference, guard};
use super::host::PortalEventKind;
use super::request::{self, Place};
use super::session::{self, Session};
use super::{assets, reply};
use crate::base::{FactorLevel, Phi};
use crate::escrow::{Method, Visit};

pub(super) fn router(portal: &Arc<Inner>) -> Router {
    let routes = Router::new()
        .route("/p/{id}", get(assets::page))
        // What a gateway made of the `#`: the page reads it from the path.
        .route("/p/{id}/", get(assets::page))
        .route("/p/{id}/{*rest}", get(assets::page).fallback(nothing))
        .route("/assets/{version}/{file}", get(assets::file))
        .route("/logo", get(assets::logo))
        .route("/sw.js", get(assets::worker))
        .route("/p/{id}/challenge", post(challenge))
        .route("/p/{id}/factor/{m}/start", post(factor::start))
        .route("/p/{id}/factor/{m}/verify", post(factor::verify))
        .route("/p/{id}/release", post(release))
        .route("/p/{id}/parts/{n}", get(part))
        .route("/p/{id}/replies", post(reply::begin))
        .route(
            "/p/{id}/replies/{r}/parts/{n}",
            axum::routing::put(reply::part),
        )
        .route("/p/{id}/replies/{r}/commit", post(reply::commit))
        .route("/p/{id}/passkey/start", post(factor::passkey_start))
        .route("/p/{id}/passkey/finish", post(factor::passkey_finish))
        .route("/p/{id}/report-misdirected", post(misdirected))
        .route("/p/{id}/logout", post(logout))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        // Bodies are bounded where they are read.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(portal), guard))
        .with_state(Arc::clone(portal));
    match portal.base_path.as_str() {
        "" => routes,
        base => Router::new().nest(base, routes),
    }
}

async fn nothing() -> Refusal {
    Refusal::NotFound
}

async fn other_method() -> Refusal {
    Refusal::MethodNotAllowed
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Knock {
    nonce: String,
    mac: String,
}

async fn challenge(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let grant = place.grant()?;
    let (parts, body) = request.into_parts();
    let given: Knock = request::json(&parts.headers, body).await?;
    let (nonce, mac) = (request::bytes(&given.nonce)?, request::bytes(&given.mac)?);
    let visit = portal.escrow.knock(grant, &nonce, &mac).await?;
    let session = match portal.active_session(grant, &parts.headers).await {
        Ok(session) => session,
        Err(Refusal::NoSession) => {
            if visit.views_left == Some(0) {
                return Err(Refusal::ViewsUsedUp);
            }
            portal.begin_session(grant).await?
        }
        Err(other) => return Err(other),
    };
    if visit.views_left == Some(0) && !session.is_released() {
        return Err(Refusal::ViewsUsedUp);
    }
    let answer = portal.describe(&visit, &session);
    let mut response = portal.answer(StatusCode::OK, &answer, &visit);
    portal.give(&session, response.headers_mut());
    Ok(response)
}

async fn release(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let grant = place.grant()?;
    let (parts, body) = request.into_parts();
    let _: Nothing = request::json(&parts.headers, body).await?;
    let mut session = portal.active_session(grant, &parts.headers).await?;
    let visit = portal.escrow.visit(grant).await?;
    if !session.is_complete(&visit) {
        return Err(Refusal::FactorRequired);
    }
    let level = session.level(&visit);
    let counted = session.is_released();
    let release = portal
        .escrow
        .release_to(grant, session.visit(), level)
        .await?;
    portal.note_released(&mut session).await?;
    if !counted {
        let first = release.first;
        let kind = PortalEventKind::Opened { first, level };
        portal.tell(&visit, kind).await;
    }
    let share = Zeroizing::new(request::encode(release.share.expose()));
    let answer = json!({
        "share": share.as_str(),
        "dek": request::encode(&release.dek),
        "item": release.item.to_string(),
        "manifest": request::encode(&release.manifest),
        "parts": release.parts,
        "views_left": release.views_left,
    });
    Ok(portal.answer(StatusCode::OK, &answer, &visit))
}

async fn part(
    State(portal): State<Arc<Inner>>,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (grant, n) = (place.grant()?, place.number("n")?);
    let session = portal.session(grant, &headers).await?;
    let part = portal.escrow.part(grant, session.visit(), n).await?;
    let part = part.ok_or(Refusal::NotFound)?;
    let size = part.len();
    let kind = HeaderValue::from_static("application/octet-stream");
    let mut response = match range(&headers, size)? {
        None => part.into_response(),
        Some((from, to)) => {
            let piece = part.get(from..=to).ok_or(Refusal::Range { size })?;
            let mut response = (StatusCode::PARTIAL_CONTENT, piece.to_vec()).into_response();
            let place = HeaderValue::try_from(format!("bytes {from}-{to}/{size}"));
            let place = place.map_err(|_| Refusal::Range { size })?;
            response.headers_mut().insert(header::CONTENT_RANGE, place);
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(response)
}

/// One range of bytes (RFC 9110 section 14.1.2), first and last. More than one,
/// or another unit, is answered with the whole.
fn range(headers: &HeaderMap, size: usize) -> Result<Option<(usize, usize)>, Refusal> {
    let Some(value) = headers.get(header::RANGE) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let Some((from, to)) = text.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Ok(None);
    };
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse::<usize>().ok(),
        false => None,
    };
    let last = size.saturating_sub(1);
    let found = match (number(from), number(to)) {
        (Some(from), Some(to)) if from <= to => (from, to.min(last)),
        (Some(from), None) if to.is_empty() => (from, last),
        (None, Some(length)) if from.is_empty() && length > 0 => {
            (size.saturating_sub(length), last)
        }
        _ => return Ok(None),
    };
    match found.0 < size {
        true => Ok(Some(found)),
        false => Err(Refusal::Range { size }),
    }
}

async fn misdirected(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let grant = place.grant()?;
    let (parts, body) = request.into_parts();
    let _: Nothing = request::json(&parts.headers, body).await?;
    let session = portal.active_session(grant, &parts.headers).await?;
    let visit = portal.escrow.visit(grant).await?;
    // The link alone locks nothing: scanners click, and mailboxes are read by
    // others than their owners. Where it opens the message nothing was shown.
    let shown = session.level(&visit) > FactorLevel::P0;
    let locked = shown && session.is_complete(&visit);
    let said = match locked {
        true => {
            portal.escrow.report_misdirected(grant).await?;
            Some(PortalEventKind::Misdirected)
        }
        false => {
            let tell = portal.escrow.claim_misdirected(grant).await?;
            tell.then_some(PortalEventKind::MisdirectedClaim)
        }
    };
    portal.end_session(&session).await?;
    if let Some(kind) = said {
        portal.tell(&visit, kind).await;
    }
    let mut response = portal.answer(StatusCode::OK, &json!({"locked": locked}), &visit);
    session::forget(grant, response.headers_mut());
    Ok(response)
}

async fn logout(
    State(portal): State<Arc<Inner>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let grant = place.grant()?;
    let (parts, body) = request.into_parts();
    let _: Nothing = request::json(&parts.headers, body).await?;
    match portal.session(grant, &parts.headers).await {
        Ok(session) => portal.end_session(&session).await?,
        Err(Refusal::NoSession) => {}
        Err(other) => return Err(other),
    }
    let mut response = json_response(StatusCode::OK, &json!({}));
    session::forget(grant, response.headers_mut());
    Ok(response)
}

impl Inner {
    /// An answer that goes to the log under the grant's reference code.
    pub(super) fn answer(&self, status: StatusCode, body: &Value, visit: &Visit) -> Response {
        let mut response = json_response(status, body);
        let reference = Reference(visit.reference.clone());
        response.extensions_mut().insert(reference);
        response
    }

    /// What the visitor may know before they showed a factor.
    fn describe(&self, visit: &Visit, session: &Session) -> Value {
        let mut methods = Vec::new();
        for &method in &visit.methods {
            if method == Method::Passphrase || self.offers(visit, method).is_err() {
                continue;
            }
            let mut entry = json!({"id": factor::word(method)});
            let target = match method {
                Method::EmailCode => visit.contacts.email.as_ref().map(mask_address),
                Method::SmsCode => visit.contacts.phone.as_ref().map(mask_number),
                _ => None,
            };
            if let Some(target) = target {
                entry["target"] = target.into();
            }
            if method == Method::SingleSignOn {
                entry["url"] = self.host.sign_on_url().into();
            }
            methods.push(entry);
        }
        if methods.is_empty() && visit.passphrase.is_none() && !session.is_complete(visit) {
            let grant = visit.reference.as_str();
            tracing::warn!(
                target: "mailseal::portal",
                grant,
                "the grant offers nothing that this portal can serve"
            );
        }
        let passphrase = visit.passphrase.as_ref().map(
            |(salt, iterations)| json!({"salt": request::encode(salt), "iterations": iterations}),
        );
        json!({
            "reference": visit.reference,
            "language": visit.language.word(),
            "floor": visit.floor.word(),
            "expires": visit.expires.unix_ms(),
            "methods": methods,
            "passphrase": passphrase,
            "views_left": visit.views_left,
            "complete": session.is_complete(visit),
            "replies": self.replies,
        })
    }
}

/// `pat@mail.example` as `p•••@m•••.example`: enough to know one's own.
fn mask_address(address: &Phi<String>) -> String {
    let text = address.expose();
    let (local, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    let first = |part: &str| part.chars().take(1).collect::<String>();
    let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
    format!("{}•••@{}•••.{top}", first(local), first(domain))
}

/// `+1 555 0100` as `•••• 00`.
fn mask_number(number: &Phi<String>) -> String {
    let digits: Vec<char> = number
        .expose()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let last = digits.get(digits.len().saturating_sub(2)..);
    format!(
        "•••• {}",
        last.unwrap_or_default().iter().collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_show_little() {
        let address = |text: &str| mask_address(&Phi::from(text));
        assert_eq!(address("pat@mail.example"), "p•••@m•••.example");
        assert_eq!(address("a@b"), "a•••@b•••.");
        assert_eq!(mask_number(&Phi::from("+1 555 0142")), "•••• 42");
        assert_eq!(mask_number(&Phi::from("7")), "•••• 7");
    }

    #[test]
    fn ranges_are_those_of_rfc_9110() {
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_str(text).unwrap());
            range(&headers, 10)
        };
        assert_eq!(asked("bytes=0-3"), Ok(Some((0, 3))));
        assert_eq!(asked("bytes=4-"), Ok(Some((4, 9))));
        assert_eq!(asked("bytes=-3"), Ok(Some((7, 9))));
        assert_eq!(asked("bytes=-99"), Ok(Some((0, 9))));
        assert_eq!(asked("bytes=9-99"), Ok(Some((9, 9))));
        assert_eq!(asked("bytes=10-"), Err(Refusal::Range { size: 10 }));
        for whole in [
            "bytes=3-2",
            "bytes=+1-2",
            "lines=0-1",
            "bytes=0-1,3-4",
            "bytes=-0",
            "x",
        ] {
            assert_eq!(asked(whole), Ok(None), "{whole}");
        }
    }
}
