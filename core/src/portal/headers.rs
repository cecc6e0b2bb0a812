//! What every answer carries, and what every request must show.
//!
//! Headers: a Content Security Policy (CSP level 3) that lets nothing in but
//! the portal's own files, Trusted Types, no referrer, no store, isolation
//! (COOP, COEP, CORP), HSTS (RFC 6797), no index. They stand on errors too.
//!
//! Requests that change something must come from the portal's own page
//! (`Origin`, RFC 6454, or `Sec-Fetch-Site`) and carry `X-Mailseal: 1`, which a
//! form on another site cannot send. What is "own" comes from the escrow's
//! address, never from `Host` or `X-Forwarded-*`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::Inner;
use super::error::Refusal;

/// Longer paths lead nowhere; a link with its code takes about 80 characters.
const MAX_PATH: usize = 1024;
/// The longest that any request may take, the upload of a part included.
const REQUEST: Duration = Duration::from_secs(120);

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob:; connect-src 'self'; worker-src 'self'; form-action 'none'; \
    frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
    trusted-types mailseal";

const FIXED: &[(&str, &str)] = &[
    ("content-security-policy", CSP),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("strict-transport-security", "max-age=63072000"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex, nofollow, noarchive"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), \
         publickey-credentials-get=(self), publickey-credentials-create=(self)",
    ),
];

/// The grant's reference code, for the log.
#[derive(Clone)]
pub(super) struct Reference(pub(super) String);

/// Stands around every route.
pub(super) async fn guard(
    State(portal): State<Arc<Inner>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    // The pattern, never the path: a link that a gateway rewrote has L in it.
    let route = path.map_or_else(|| "none".to_owned(), |p| p.as_str().to_owned());
    let method = request.method().clone();
    let mut response = match admit(&portal, &request) {
        Err(refusal) => refusal.into_response(),
        Ok(()) => {
            let run = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind();
            match tokio::time::timeout(REQUEST, run).await {
                Ok(Ok(response)) => response,
                Ok(Err(_)) => Refusal::Failed("portal.panic").into_response(),
                Err(_) => Refusal::Slow.into_response(),
            }
        }
    };
    let grant = response.extensions_mut().remove::<Reference>();
    tracing::info!(
        target: "mailseal::portal",
        %method,
        route,
        status = response.status().as_u16(),
        grant = grant.as_ref().map(|g| g.0.as_str()),
        "request"
    );
    harden(response.headers_mut());
    response
}

fn harden(headers: &mut HeaderMap) {
    // The page's files say otherwise of themselves in two of them.
    for (name, value) in FIXED {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
}

fn admit(portal: &Inner, request: &Request) -> Result<(), Refusal> {
    if request.uri().path().len() > MAX_PATH {
        return Err(Refusal::NotFound);
    }
    match *request.method() {
        Method::GET | Method::HEAD => Ok(()),
        Method::POST | Method::PUT => own_page(request.headers(), &portal.origin),
        _ => Err(Refusal::MethodNotAllowed),
    }
}

/// Every sign that is there must be right, and one of the two must be there.
fn own_page(headers: &HeaderMap, own: &str) -> Result<(), Refusal> {
    let is = |name: &HeaderName, expected: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => None,
            (Some(value), None) => Some(value.as_bytes() == expected.as_bytes()),
            (Some(_), Some(_)) => Some(false),
        }
    };
    let origin = is(&header::ORIGIN, own);
    let site = is(&HeaderName::from_static("sec-fetch-site"), "same-origin");
    let marked = is(&HeaderName::from_static("x-mailseal"), "1");
    let signs = [origin, site];
    if marked == Some(true) && signs.contains(&Some(true)) && !signs.contains(&Some(false)) {
        Ok(())
    } else {
        Err(Refusal::Origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        own_page(&headers, "https://p.example").is_ok()
    }

    #[test]
    fn only_the_own_page_may_change_something() {
        let mark = ("x-mailseal", "1");
        let own = ("origin", "https://p.example");
        assert!(asked(&[mark, own]));
        assert!(asked(&[mark, ("sec-fetch-site", "same-origin")]));
        assert!(asked(&[mark, own, ("sec-fetch-site", "same-origin")]));
        for wrong in [
            &[own][..],
            &[mark],
            &[("x-mailseal", "0"), own],
            &[mark, ("origin", "https://p.example.evil.example")],
            &[mark, ("origin", "http://p.example")],
            &[mark, ("origin", "https://p.example:8443")],
            &[mark, ("origin", "null")],
            &[mark, own, ("origin", "https://evil.example")],
            &[mark, own, ("sec-fetch-site", "same-site")],
            &[
                mark,
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            assert!(!asked(wrong), "{wrong:?}");
        }
    }
}
