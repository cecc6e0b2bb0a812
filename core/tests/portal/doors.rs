//! Who is let in, what every answer carries, what requests must look like.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use mailseal::base::GrantId;
use serde_json::json;

use crate::support::*;

/// One knock, and how much the store was asked for it.
async fn knocked(
    bench: &Bench,
    grant: GrantId,
    share: &[u8],
) -> (u16, HeaderMap, Vec<u8>, (usize, usize)) {
    let request = Request::post(format!("/p/{grant}/challenge"))
        .header("origin", ORIGIN)
        .header("x-mailseal", "1")
        .header("content-type", "application/json");
    let body = knock_body(grant, share).to_string();
    let before = bench.store.counts();
    let answer = ask(&bench.router, request.body(Body::from(body)).unwrap()).await;
    let after = bench.store.counts();
    let work = (after.0 - before.0, after.1 - before.1);
    (answer.status.as_u16(), answer.headers, answer.body, work)
}

#[tokio::test]
async fn t06_the_right_id_with_a_wrong_code_looks_like_an_unknown_id() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let unknown = knocked(&bench, GrantId::make_random(), &[1; 20]).await;
    assert_eq!(unknown.0, 404);
    assert_eq!(unknown.2, br#"{"error":"not_found"}"#);
    assert_eq!(unknown.3.1, 0, "nothing is written");
    let wrong = knocked(&bench, given.grant, &[1; 20]).await;
    assert_eq!(wrong, unknown);
    let right = knocked(&bench, given.grant, &given.share()).await;
    assert_eq!(right.0, 200);
    // Tries without the code cost the holder of the link nothing.
    for _ in 0..100 {
        assert_eq!(knocked(&bench, given.grant, &[2; 20]).await, unknown);
    }
    assert_eq!(knocked(&bench, given.grant, &given.share()).await.0, 200);
}

#[tokio::test]
async fn t07_only_the_holder_of_the_link_is_told_what_became_of_it() {
    let bench = Bench::default();
    let mut grants = Vec::new();
    for _ in 0..4 {
        grants.push(bench.grant(passcode()).await);
    }
    let [live, revoked, expired, shredded] = &grants[..] else {
        unreachable!()
    };
    bench.escrow.revoke(revoked.grant).await.unwrap();
    bench.escrow.shred(shredded.item).await.unwrap();
    let unknown = knocked(&bench, GrantId::make_random(), &[1; 20]).await;
    for given in [live, revoked, shredded] {
        assert_eq!(knocked(&bench, given.grant, &[1; 20]).await, unknown);
    }
    bench.advance(15 * 86_400);
    assert_eq!(knocked(&bench, expired.grant, &[1; 20]).await, unknown);
    for (given, status, word) in [
        (revoked, 410, "revoked"),
        (expired, 410, "expired"),
        (shredded, 404, "not_found"),
    ] {
        let told = knocked(&bench, given.grant, &given.share()).await;
        assert_eq!(told.0, status);
        assert_eq!(told.2, format!(r#"{{"error":"{word}"}}"#).as_bytes());
    }
}

#[tokio::test]
async fn t12_without_a_session_or_a_factor_there_is_nothing() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let stranger = bench.visitor(&given);
    for path in [
        "/release",
        "/report-misdirected",
        "/passkey/start",
        "/factor/passcode/start",
    ] {
        let answer = stranger.post(path, &json!({})).await;
        assert!(answer.is(403, "no_session"), "{path}: {}", answer.text());
    }
    let tried = stranger.verify("passcode", given.passcode()).await;
    assert!(tried.is(403, "no_session"));
    assert!(stranger.get("/parts/0").await.is(403, "no_session"));

    let visitor = bench.inside(&given).await;
    assert!(visitor.release().await.is(403, "factor_required"));
    assert!(visitor.get("/parts/0").await.is(403, "factor_required"));
    let start = visitor.post("/passkey/start", &json!({})).await;
    assert!(start.is(403, "factor_required"));
    // Shown, and not yet released: no parts before it is on record.
    visitor.verify("passcode", given.passcode()).await;
    assert!(visitor.get("/parts/0").await.is(403, "factor_required"));
    assert_eq!(visitor.release().await.status, 200);
    assert_eq!(visitor.get("/parts/0").await.status, 200);
    // Not for another browser with the same link.
    let other = bench.inside(&given).await;
    assert!(other.get("/parts/0").await.is(403, "factor_required"));
    assert!(other.release().await.is(403, "factor_required"));
}

#[tokio::test]
async fn t15_requests_of_other_sites_change_nothing() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    let before = bench.store.content().await;
    let right = [
        ("origin", ORIGIN),
        ("x-mailseal", "1"),
        ("content-type", "application/json"),
    ];
    let wrong: &[(&str, Option<&str>, u16)] = &[
        ("origin", None, 403),
        ("origin", Some("https://evil.example"), 403),
        ("origin", Some("null"), 403),
        ("origin", Some("http://portal.example"), 403),
        ("x-mailseal", None, 403),
        ("content-type", Some("text/plain"), 415),
        (
            "content-type",
            Some("application/x-www-form-urlencoded"),
            415,
        ),
        ("content-type", Some("application/json; charset=utf-7"), 415),
        ("content-type", None, 415),
    ];
    for (name, value, status) in wrong {
        let mut request = visitor.builder(Method::POST, "/release");
        for (n, v) in right.iter().filter(|(n, _)| n != name) {
            request = request.header(*n, *v);
        }
        if let Some(value) = value {
            request = request.header(*name, *value);
        }
        let answer = visitor.request(request.body("{}".into()).unwrap()).await;
        assert_eq!(answer.status, *status, "{name}: {value:?}");
    }
    for site in ["cross-site", "same-site", "none"] {
        let mut request = visitor.builder(Method::POST, "/release");
        for (n, v) in right {
            request = request.header(n, v);
        }
        let request = request.header("sec-fetch-site", site);
        let answer = visitor.request(request.body("{}".into()).unwrap()).await;
        assert!(answer.is(403, "origin"), "{site}");
    }
    assert!(bench.store.content().await == before);
}

#[tokio::test]
async fn t25_host_and_forwarded_headers_are_not_believed() {
    let bench = Bench::at("https://portal.example/mail");
    let given = bench.grant(passcode()).await;
    assert!(
        given
            .link
            .page()
            .starts_with("https://portal.example/mail/p/")
    );
    let path = format!("/mail/p/{}", given.grant);
    let plain = get(&bench.router, &path).await;
    assert_eq!(plain.status, 200);
    assert!(plain.text().contains("\"/mail/assets/"));
    let poison = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
        ("x-forwarded-prefix", "/evil"),
        ("x-original-url", "/evil"),
    ];
    let mut request = Request::get(&path);
    for (name, value) in poison {
        request = request.header(name, value);
    }
    let answer = ask(&bench.router, request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.body, answer.headers), (plain.body, plain.headers));

    // The poisoned host's own origin is no more welcome for it.
    let mut request = Request::post(format!("{path}/challenge"))
        .header("origin", "https://evil.example")
        .header("x-mailseal", "1")
        .header("content-type", "application/json");
    for (name, value) in poison {
        request = request.header(name, value);
    }
    let body = knock_body(given.grant, &given.share()).to_string();
    let answer = ask(&bench.router, request.body(Body::from(body)).unwrap()).await;
    assert!(answer.is(403, "origin"));
    // Nothing is served beside the path.
    let root = get(&bench.router, &format!("/p/{}", given.grant)).await;
    assert_eq!(root.status, 404);
}

const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; worker-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types mailseal",
    ),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("strict-transport-security", "max-age=63072000"),
    ("x-robots-tag", "noindex, nofollow, noarchive"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    let mut answers = vec![
        visitor.get("").await,
        visitor.knock().await,
        visitor.release().await,
        visitor.get("/parts/0").await,
        visitor.get("/parts/77").await,
        visitor.get("/release").await,
        visitor.post("/nowhere", &json!({})).await,
        visitor.verify("passcode", "0000-0000").await,
        visitor.post("/logout", &json!({})).await,
        get(&bench.router, "/").await,
        get(&bench.router, "/p/%ff").await,
        get(&bench.router, &format!("/p/{}", "x".repeat(2000))).await,
    ];
    for method in ["DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "PUT"] {
        let request = Request::builder()
            .method(method)
            .uri(format!("/p/{}", given.grant));
        answers.push(ask(&bench.router, request.body(Body::empty()).unwrap()).await);
    }
    // One that panics within.
    bench.host.heard().panics = true;
    let other = bench.inside(&given).await;
    let panicked = other.post("/report-misdirected", &json!({})).await;
    assert!(panicked.is(500, "failed"), "{}", panicked.text());
    answers.push(panicked);
    for answer in &answers {
        for (name, value) in HEADERS {
            let all: Vec<_> = answer.headers.get_all(*name).iter().collect();
            assert_eq!(all, [value], "{name} of {}", answer.status);
        }
        if answer.status.as_u16() >= 400 {
            assert_eq!(answer.headers["content-type"], "application/json");
        }
    }
    let wrong = get(&bench.router, &format!("/p/{}/release", given.grant)).await;
    assert!(wrong.is(405, "method"));
    assert_eq!(wrong.headers["allow"], "POST");
}

#[tokio::test]
async fn files_are_kept_for_good_under_their_version_only() {
    let bench = Bench::default();
    let shell = get(&bench.router, "/p/0123456789abcdef0123456789abcdef").await;
    let shell = shell.text();
    assert!(shell.contains("Harbor &lt;Clinic&gt;") && !shell.contains("<Clinic>"));
    let mut seen = 0;
    for piece in shell.split('"').filter(|p| p.contains("/assets/")) {
        let file = get(&bench.router, piece).await;
        assert_eq!(file.status, 200, "{piece}");
        let cache = &file.headers["cache-control"];
        assert_eq!(cache, "public, max-age=31536000, immutable");
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        // The frame of an HTML message has an opaque origin.
        assert_eq!(file.headers["cross-origin-resource-policy"], "cross-origin");
        let (_, name) = piece.rsplit_once('/').unwrap();
        let other = get(&bench.router, &format!("/assets/0000000000000000/{name}")).await;
        assert!(other.is(404, "not_found"));
        assert_eq!(other.headers["cache-control"], "no-store");
        seen += 1;
    }
    assert!(seen >= 8);
    let worker = get(&bench.router, "/sw.js").await;
    assert_eq!(worker.headers["service-worker-allowed"], "/");
    assert_eq!(worker.headers["cache-control"], "no-store");
    for path in [
        "/assets/../../mod.rs",
        "/assets/x/..%2f..%2fmod.rs",
        "/logo",
    ] {
        assert_eq!(get(&bench.router, path).await.status, 404);
    }
}

#[tokio::test]
async fn bodies_are_strict_and_bounded() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    let json = "application/json";
    for (path, body) in [
        ("/challenge", "{}"),
        ("/challenge", r#"{"nonce":"AA","mac":"AA"}"#),
        ("/challenge", "[]"),
        ("/challenge", ""),
        ("/release", r#"{"grant":"x"}"#),
        ("/release", "{} {}"),
        ("/release", "null"),
        ("/factor/passcode/verify", r#"{"code":1}"#),
        ("/factor/passcode/verify", r#"{"code":"a","code":"b"}"#),
        ("/factor/passcode/verify", r#"{"code":"a","phone":"+1"}"#),
        ("/factor/passcode/verify", "{\"code\":\"\u{0}"),
        ("/factor/passphrase/verify", r#"{"proof":"AA"}"#),
        ("/factor/sms/start", r#"{"to":"+15550199"}"#),
    ] {
        let answer = visitor.send(Method::POST, path, json, body.into()).await;
        assert!(
            answer.is(400, "malformed"),
            "{path} {body}: {}",
            answer.text()
        );
    }
    let deep = "[".repeat(16_000);
    let answer = visitor
        .send(Method::POST, "/release", json, deep.into())
        .await;
    assert!(answer.is(400, "malformed"));
    let long = format!("{{\"code\":\"{}\"}}", "9".repeat(300));
    let path = "/factor/passcode/verify";
    let answer = visitor.send(Method::POST, path, json, long.into()).await;
    assert!(answer.is(400, "malformed"));
    // Too large whether it says so or not.
    let large = vec![b' '; 17 * 1024];
    let answer = visitor
        .send(Method::POST, path, json, large.clone().into())
        .await;
    assert!(answer.is(413, "too_large"));
    let chunks = futures_util::stream::iter(
        large
            .chunks(1000)
            .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
            .collect::<Vec<_>>(),
    );
    let answer = visitor
        .send(Method::POST, path, json, Body::from_stream(chunks))
        .await;
    assert!(answer.is(413, "too_large"));
    // No try was spent on any of it.
    let shown = visitor.verify("passcode", given.passcode()).await;
    assert_eq!(shown.status, 200);
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_are_cut_off() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let body = Body::from_stream(never);
    let answer = visitor
        .send(Method::POST, "/release", "application/json", body)
        .await;
    assert!(answer.is(408, "slow"));
    assert_eq!(answer.headers["connection"], "close");
}
