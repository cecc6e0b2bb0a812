//! Mail scanners and link rewriters.

use std::cell::RefCell;
use std::sync::Once;

use axum::body::Body;
use axum::http::{Method, Request};
use mailseal::portal::PortalEventKind;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn t01_get_and_head_change_nothing() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    visitor.release().await;
    let before = (bench.store.content().await, bench.store.counts().1);
    let shell = visitor.get("").await.text();
    let file = shell.split("/assets/").nth(1).unwrap();
    let file = format!("/assets/{}", file.split('"').next().unwrap());
    let id = given.grant;
    let mut paths: Vec<String> = ["/", "/logo", "/sw.js", "/robots.txt", &file]
        .map(str::to_owned)
        .into();
    for end in [
        "",
        "/",
        "%23ABCD",
        "/challenge",
        "/factor/email/start",
        "/factor/passcode/verify",
        "/release",
        "/parts/0",
        "/parts/99",
        "/replies",
        "/passkey/start",
        "/report-misdirected",
        "/logout",
    ] {
        paths.push(format!("/p/{id}{end}"));
    }
    let cookie = visitor
        .builder(Method::GET, "")
        .body(Body::empty())
        .unwrap();
    let cookie = cookie.headers()["cookie"].clone();
    let mut asked = 0;
    for _ in 0..30 {
        bench.advance(7);
        for path in &paths {
            for method in [Method::GET, Method::HEAD] {
                let request = Request::builder()
                    .method(method.clone())
                    .uri(path)
                    .header("cookie", &cookie)
                    .header("x-mailseal", "1")
                    .header("origin", ORIGIN);
                let answer = ask(&bench.router, request.body(Body::empty()).unwrap()).await;
                assert!(answer.status.as_u16() < 500, "{path}");
                assert!(method == Method::GET || answer.body.is_empty());
                assert!(!answer.headers.contains_key("set-cookie"));
                asked += 1;
            }
        }
    }
    assert!(asked > 1000);
    let after = (bench.store.content().await, bench.store.counts().1);
    assert!(before == after, "a GET or HEAD changed something");
}

#[tokio::test]
async fn t02_a_scanner_that_clicks_everything_burns_nothing() {
    let bench = Bench::default();
    let given = bench.grant(by_mail().max_views(1)).await;
    for _ in 0..20 {
        // Each time with a fresh browser and the whole link.
        let scanner = bench.inside(&given).await;
        for _ in 0..3 {
            scanner.start("email").await;
        }
        assert!(scanner.release().await.is(403, "factor_required"));
        assert!(scanner.verify("email", "").await.is(400, "malformed"));
        scanner.get("/parts/0").await;
        let said = scanner.post("/report-misdirected", &json!({})).await;
        assert_eq!(said.json(), json!({"locked": false}));
        assert!(scanner.release().await.is(403, "no_session"));
        scanner.post("/logout", &json!({})).await;
    }
    assert_eq!(bench.host.sent(), 1, "one code a window");
    let kinds = bench.host.kinds();
    let said = kinds
        .iter()
        .filter(|k| **k == PortalEventKind::MisdirectedClaim);
    assert_eq!(said.count(), 1, "one a day");
    assert_eq!(bench.claims().await, 20, "and each on record");
    assert!(!kinds.contains(&PortalEventKind::Misdirected));
    bench.advance(60);
    let person = bench.inside(&given).await;
    person.start("email").await;
    let shown = person.verify("email", &bench.host.code()).await;
    assert_eq!(shown.json(), json!({"complete": true}));
    assert_eq!(person.release().await.json()["views_left"], 0);
}

#[tokio::test]
async fn t03_encoded_links_get_the_page_and_are_redacted_in_the_log() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let code = given.link.code().expose().replace('-', "");
    let log = Log::listen();
    let plain = get(&bench.router, &format!("/p/{}", given.grant)).await;
    assert_eq!(plain.status, 200);
    assert_eq!(plain.headers["content-type"], "text/html; charset=utf-8");
    for mark in ["%23", "%2523", "%252523", "/%23"] {
        let answer = get(&bench.router, &format!("/p/{}{mark}{code}", given.grant)).await;
        assert_eq!(answer.body, plain.body, "{mark}");
        assert_eq!(answer.headers, plain.headers);
    }
    let text = log.text();
    assert!(text.contains("/p/{id}"), "{text}");
    assert!(!text.contains(&code) && !text.contains(&given.grant.to_string()));
}

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Everything that is traced on this thread. One subscriber serves all tests:
/// those that come and go leave call sites switched off for others.
pub(crate) struct Log;

impl Log {
    pub(crate) fn listen() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(|| Log)
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        LINES.with_borrow_mut(Vec::clear);
        Self
    }

    pub(crate) fn text(&self) -> String {
        LINES.with_borrow(|lines| String::from_utf8_lossy(lines).into_owned())
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
