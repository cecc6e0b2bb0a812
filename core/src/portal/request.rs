//! Reading requests: the ids in the path, bodies with bounds, byte strings.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::Refusal;
use crate::base::GrantId;

/// The largest JSON body.
pub(super) const MAX_JSON: usize = 16 * 1024;
/// How long a JSON body may take.
const JSON_TIME: Duration = Duration::from_secs(10);
/// How long a part of a reply may take: 1 MiB at 10 KB a second.
const PART_TIME: Duration = Duration::from_secs(100);

/// The parameters of the path, as the pattern names them.
pub(super) struct Place(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let raw = RawPathParams::from_request_parts(parts, state).await;
        let raw = raw.map_err(|_| Refusal::NotFound)?;
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(Self(raw.iter().map(own).collect()))
    }
}

impl Place {
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value)
    }

    pub(super) fn grant(&self) -> Result<GrantId, Refusal> {
        self.get("id").parse().map_err(|_| Refusal::NotFound)
    }

    /// A number without sign or leading zeros.
    pub(super) fn number(&self, name: &str) -> Result<u32, Refusal> {
        let text = self.get(name);
        let number: u32 = text.parse().map_err(|_| Refusal::NotFound)?;
        if number.to_string() == text {
            Ok(number)
        } else {
            Err(Refusal::NotFound)
        }
    }
}

/// A JSON body of the type that the route takes, and nothing else.
pub(super) async fn json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Refusal> {
    let kind = content_type(headers)?;
    let (kind, parameter) = kind.split_once(';').unwrap_or((kind, "charset=utf-8"));
    let plain = kind.trim_end().eq_ignore_ascii_case("application/json");
    if !plain || !parameter.trim().eq_ignore_ascii_case("charset=utf-8") {
        return Err(Refusal::Media);
    }
    let bytes = read(headers, body, MAX_JSON, JSON_TIME).await?;
    // What `bytes` held of a code is not overwritten when it is dropped: the
    // server's own buffers hold it as well.
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)
}

/// The bytes of one part of a reply.
pub(super) async fn part(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Refusal> {
    if content_type(headers)? != "application/octet-stream" {
        return Err(Refusal::Media);
    }
    read(headers, body, limit, PART_TIME).await
}

fn content_type(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Refusal::Media),
        _ => Err(Refusal::Media),
    }
}

async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    time: Duration,
) -> Result<Bytes, Refusal> {
    let said = headers.get(header::CONTENT_LENGTH);
    let said = said.and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|length| length > limit as u64) {
        return Err(Refusal::TooLarge);
    }
    let read = axum::body::to_bytes(body, limit);
    match tokio::time::timeout(time, read).await {
        Err(_) => Err(Refusal::Slow),
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                if inner.is::<http_body_util::LengthLimitError>() {
                    return Err(Refusal::TooLarge);
                }
                cause = inner.source();
            }
            Err(Refusal::Malformed)
        }
    }
}

/// Base64url without padding, exactly `N` bytes.
pub(super) fn bytes<const N: usize>(text: &str) -> Result<[u8; N], Refusal> {
    let decoded = Zeroizing::new(decode(text, N)?);
    decoded
        .as_slice()
        .try_into()
        .map_err(|_| Refusal::Malformed)
}

/// Base64url without padding, at most `limit` bytes.
pub(super) fn decode(text: &str, limit: usize) -> Result<Vec<u8>, Refusal> {
    if text.len() > limit.div_ceil(3) * 4 {
        return Err(Refusal::Malformed);
    }
    let decoded = BASE64URL_NOPAD.decode(text.as_bytes());
    decoded.map_err(|_| Refusal::Malformed)
}

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
