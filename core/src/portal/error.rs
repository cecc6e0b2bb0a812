//! What a portal refuses: to be built, and to answer.
//!
//! A [`Refusal`] is a status and a word. It carries no text of the visitor's
//! and nothing of the message, and two refusals for the same reason are the
//! same byte for byte.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::escrow::EscrowError;
use crate::storage::StoreError;

/// Why a portal cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortalError {
    /// The organisation's name or contact is empty or too long, or holds
    /// control characters.
    #[error("{part} is empty, too long or holds control characters")]
    Text {
        /// Which, in fixed words.
        part: &'static str,
    },
    /// The logo is empty, larger than 256 KiB, or not of the type that was said.
    #[error("the logo is empty, larger than 256 KiB, or not of its type")]
    Logo,
    /// No language is left.
    #[error("at least one language must be offered")]
    Languages,
    /// The escrow's address is not one that a browser can be sent to.
    #[error("the escrow's address cannot be served")]
    BaseUrl,
}

impl PortalError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Text { .. } => "portal.text",
            Self::Logo => "portal.logo",
            Self::Languages => "portal.languages",
            Self::BaseUrl => "portal.base_url",
        }
    }
}

/// Why a request is not answered as it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such page, or no such grant, or no proof that the link is known.
    NotFound,
    /// The grant does not offer this method.
    NotOffered,
    MethodNotAllowed,
    /// The body is not what the route takes.
    Malformed,
    /// The request does not come from the portal's own page.
    Origin,
    /// Another content type than the route takes.
    Media,
    TooLarge,
    /// The body did not come in time.
    Slow,
    /// No session of this grant, or it ended.
    NoSession,
    FactorRequired,
    Wrong {
        tries_left: u32,
    },
    Wait(Duration),
    /// No code was sent to this session, or it ran out.
    NoCode,
    Revoked,
    Expired,
    ViewsUsedUp,
    Held,
    /// The host's channel did not take the code.
    Channel,
    /// The reply was refused.
    Refused,
    Range {
        size: usize,
    },
    Busy,
    /// Something failed here; the code is for the log.
    Failed(&'static str),
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::NotFound | Self::NotOffered => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Origin | Self::NoSession | Self::FactorRequired | Self::Wrong { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::Media => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoCode => StatusCode::CONFLICT,
            Self::Revoked | Self::Expired | Self::ViewsUsedUp => StatusCode::GONE,
            Self::Held => StatusCode::LOCKED,
            Self::Channel => StatusCode::BAD_GATEWAY,
            Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Range { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word in the answer.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotOffered => "not_offered",
            Self::MethodNotAllowed => "method",
            Self::Malformed => "malformed",
            Self::Origin => "origin",
            Self::Media => "media",
            Self::TooLarge => "too_large",
            Self::Slow => "slow",
            Self::NoSession => "no_session",
            Self::FactorRequired => "factor_required",
            Self::Wrong { .. } => "wrong",
            Self::Wait(_) => "wait",
            Self::NoCode => "no_code",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::ViewsUsedUp => "views",
            Self::Held => "held",
            Self::Channel => "channel",
            Self::Refused => "refused",
            Self::Range { .. } => "range",
            Self::Busy => "busy",
            Self::Failed(_) => "failed",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = match self {
            Self::Wrong { tries_left } => json!({"error": self.word(), "tries_left": tries_left}),
            Self::Wait(wait) => json!({"error": self.word(), "seconds": seconds(wait)}),
            _ => json!({"error": self.word()}),
        };
        let mut response = json_response(self.status(), &body);
        let headers = response.headers_mut();
        match self {
            Self::Wait(wait) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait)));
            }
            Self::Busy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
            }
            Self::Range { size } => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::Slow | Self::TooLarge => {
                // What is left of the body is not read.
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        if let Self::Failed(code) = self {
            tracing::error!(target: "mailseal::portal", code, "a request failed");
        }
        response
    }
}

/// Whole seconds, at least one.
pub(super) fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.is_zero()))
}

pub(super) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
}

impl From<EscrowError> for Refusal {
    fn from(error: EscrowError) -> Self {
        match error {
            EscrowError::NotFound | EscrowError::UnknownId => Self::NotFound,
            EscrowError::Revoked => Self::Revoked,
            EscrowError::Expired => Self::Expired,
            EscrowError::Held => Self::Held,
            EscrowError::ViewsUsedUp => Self::ViewsUsedUp,
            EscrowError::NotReleased | EscrowError::FactorRequired { .. } => Self::FactorRequired,
            EscrowError::FactorWrong { tries_left } => Self::Wrong { tries_left },
            EscrowError::Wait { wait } => Self::Wait(wait),
            EscrowError::Reply { .. } => Self::Refused,
            // A slot is free again within a day.
            EscrowError::ReplyQuota => Self::Wait(Duration::from_secs(60 * 60)),
            EscrowError::Busy => Self::Busy,
            EscrowError::Store(e) => e.into(),
            other => Self::Failed(other.code()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.is_retryable() {
            Self::Busy
        } else {
            Self::Failed(error.code())
        }
    }
}
