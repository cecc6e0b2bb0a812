//! Sessions, and what ends them.

use futures_util::future::join;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn t15_a_session_id_that_was_planted_is_worth_nothing() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    // The attacker holds the link too, knocks, and plants his id.
    let attacker = bench.inside(&given).await;
    let victim = bench.visitor(&given);
    *victim.jar.lock().unwrap() = attacker.cookies();
    victim.knock().await;
    victim.verify("passcode", given.passcode()).await;
    assert_ne!(victim.cookies(), attacker.cookies(), "a new id");
    assert_eq!(victim.release().await.status, 200);
    assert!(attacker.release().await.is(403, "no_session"));
    assert!(attacker.get("/parts/0").await.is(403, "no_session"));

    // An id that nobody gave out.
    let name = victim.cookies().into_keys().next().unwrap();
    let inventor = bench.visitor(&given);
    for value in [b64(&[7; 32]), b64(&[7; 31]), "x".into(), String::new()] {
        inventor.jar.lock().unwrap().insert(name.clone(), value);
        assert!(inventor.release().await.is(403, "no_session"));
    }
    // Two of one name: one of them was planted.
    let request = victim
        .builder(axum::http::Method::GET, "/parts/0")
        .header("cookie", format!("{name}={}", b64(&[7; 32])));
    let answer = victim.request(request.body("".into()).unwrap()).await;
    assert!(answer.is(403, "no_session"));
}

#[tokio::test]
async fn the_cookie_is_for_this_host_https_and_no_script() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let answer = bench.visitor(&given).knock().await;
    let line = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    let (pair, attributes) = line.split_once("; ").unwrap();
    let name = format!("__Host-ms-{}=", &given.grant.to_string()[..16]);
    assert!(pair.starts_with(&name) && pair.len() == name.len() + 43);
    assert_eq!(
        attributes,
        "Path=/; Max-Age=1800; Secure; HttpOnly; SameSite=Strict"
    );
    // What lies in the store is neither the id nor anything readable.
    let id = pair.strip_prefix(&name).unwrap();
    for (table, key, value) in bench.store.content().await {
        if ["session", "code"].contains(&table) {
            for text in [id, "passcode", "released", &given.grant.to_string()] {
                let has = |b: &[u8]| b.windows(text.len()).any(|w| w == text.as_bytes());
                assert!(!has(&key) && !has(&value), "{table} shows {text}");
            }
        }
    }
}

#[tokio::test]
async fn sessions_end_when_idle_and_in_the_end() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let idle = bench.inside(&given).await;
    bench.advance(15 * 60);
    let late = idle.verify("passcode", given.passcode()).await;
    assert!(late.is(403, "no_session"));

    let busy = bench.inside(&given).await;
    busy.verify("passcode", given.passcode()).await;
    busy.release().await;
    bench.advance(14 * 60);
    assert_eq!(busy.release().await.status, 200);
    // A download goes on without prolonging anything.
    bench.advance(15 * 60);
    assert_eq!(busy.get("/parts/0").await.status, 200);
    assert!(busy.release().await.is(403, "no_session"));
    bench.advance(60);
    assert!(busy.get("/parts/0").await.is(403, "no_session"));
    // What is over is swept with the next session, what is idle too.
    let of = |t: &str, all: &[(&str, Vec<u8>, Vec<u8>)]| all.iter().filter(|r| r.0 == t).count();
    let one = bench.store.content().await;
    assert_eq!(of("session", &one), 1);
    bench.inside(&given).await;
    let other = bench.store.content().await;
    assert_eq!(of("session", &other), 1);
    let keys = |all: &[(&str, Vec<u8>, Vec<u8>)]| {
        let mut rows = all.iter().filter(|row| row.0 == "session");
        rows.next().map(|row| row.1.clone())
    };
    assert_ne!(keys(&one), keys(&other));
}

#[tokio::test]
async fn requests_of_one_page_at_the_same_time_do_not_hinder_each_other() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    // All of them find that the session's mark is old, and write it anew.
    bench.advance(120);
    let releases = (0..4).map(|_| visitor.release());
    for answer in futures_util::future::join_all(releases).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    bench.advance(14 * 60);
    assert_eq!(visitor.release().await.status, 200, "the mark was written");
    assert_eq!(bench.escrow.status(given.grant).await.unwrap().releases, 1);
}

#[tokio::test]
async fn logout_ends_the_session_on_the_server() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    visitor.release().await;
    let kept = visitor.cookies();
    assert_eq!(visitor.post("/logout", &json!({})).await.status, 200);
    assert!(visitor.cookies().is_empty());
    *visitor.jar.lock().unwrap() = kept;
    assert!(visitor.get("/parts/0").await.is(403, "no_session"));
    assert_eq!(visitor.post("/logout", &json!({})).await.status, 200);
}

#[tokio::test]
async fn t16_revoke_racing_release_leaves_no_way_in_afterwards() {
    let mut released = 0;
    for _ in 0..200 {
        let bench = Bench::default();
        let given = bench.grant(passcode()).await;
        let visitor = bench.inside(&given).await;
        visitor.verify("passcode", given.passcode()).await;
        let (answer, revoked) = join(visitor.release(), bench.escrow.revoke(given.grant)).await;
        revoked.unwrap();
        let won = answer.status == 200;
        released += usize::from(won);
        assert!(won || answer.is(410, "revoked"), "{}", answer.text());
        assert!(visitor.release().await.is(410, "revoked"));
        assert!(visitor.get("/parts/0").await.is(410, "revoked"));
    }
    assert!(released < 200, "revoke never came first");
}

#[tokio::test]
async fn t16_two_nodes_cannot_both_take_the_last_view() {
    for _ in 0..50 {
        let bench = Bench::default();
        let given = bench.grant(passcode().max_views(1)).await;
        let here = bench.inside(&given).await;
        let there = Visitor::new(bench.node(), &given);
        there.knock().await;
        for visitor in [&here, &there] {
            visitor.verify("passcode", given.passcode()).await;
        }
        let (a, b) = join(here.release(), there.release()).await;
        let mut both = [a.status.as_u16(), b.status.as_u16()];
        both.sort_unstable();
        assert_eq!(both, [200, 410]);
        let lost = if a.status == 200 { b } else { a };
        assert!(lost.is(410, "views"));
    }
}

#[tokio::test]
async fn t16_a_session_begun_on_one_node_goes_on_on_another() {
    let bench = Bench::default();
    let given = bench.grant(by_sms()).await;
    let mut visitor = bench.inside(&given).await;
    visitor.start("sms").await;
    visitor.router = bench.node();
    let shown = visitor.verify("sms", &bench.host.code()).await;
    assert_eq!(shown.json(), json!({"complete": true}));
    visitor.router = bench.node();
    assert_eq!(visitor.release().await.status, 200);
}

#[tokio::test]
async fn t17_what_was_revoked_comes_from_no_cache() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    let released = visitor.release().await;
    let part = visitor.get("/parts/0").await;
    for answer in [&released, &part] {
        assert_eq!(answer.headers["cache-control"], "no-store");
        for name in ["etag", "last-modified", "expires", "age"] {
            assert!(!answer.headers.contains_key(name), "{name}");
        }
    }
    bench.escrow.revoke(given.grant).await.unwrap();
    assert!(visitor.release().await.is(410, "revoked"));
    assert!(visitor.get("/parts/0").await.is(410, "revoked"));
    assert!(visitor.knock().await.is(410, "revoked"));
    let request = visitor
        .builder(axum::http::Method::GET, "/parts/0")
        .header("if-none-match", "*")
        .header("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT");
    let answer = visitor.request(request.body("".into()).unwrap()).await;
    assert!(answer.is(410, "revoked"));
}

#[tokio::test]
async fn one_link_begins_so_many_sessions_and_no_more() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let inside = bench.inside(&given).await;
    let knocks = (0..300).map(|_| async { bench.visitor(&given).knock().await });
    let mut refused = 0;
    for knock in knocks {
        let knock = knock.await;
        assert!(
            knock.status == 200 || knock.is(429, "wait"),
            "{}",
            knock.text()
        );
        refused += usize::from(knock.status != 200);
    }
    let rows = bench.store.content().await;
    let rows = rows.iter().filter(|row| row.0 == "session").count();
    assert!(rows <= 60, "{rows} sessions by one link");
    assert_eq!(refused + rows, 301);
    // Who is inside, and who has another link, does not notice.
    assert_eq!(inside.knock().await.status, 200);
    inside.verify("passcode", given.passcode()).await;
    assert_eq!(inside.release().await.status, 200);
    bench.inside(&bench.grant(passcode()).await).await;
    // It is for half an hour at most, again and again.
    for _ in 0..3 {
        bench.advance(30 * 60);
        bench.inside(&given).await;
    }
}

#[tokio::test]
async fn another_cookie_of_the_host_does_not_hide_the_session() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    for other in [
        &b"name=caf\xc3\xa9"[..],
        b"name=\xe9",
        b"; =;;x",
        b"\xff\xfe",
    ] {
        let value = axum::http::HeaderValue::from_bytes(other).unwrap();
        let request = visitor
            .builder(axum::http::Method::POST, "/release")
            .header("cookie", value)
            .header("origin", ORIGIN)
            .header("x-mailseal", "1")
            .header("content-type", "application/json");
        let answer = visitor.request(request.body("{}".into()).unwrap()).await;
        assert_eq!(answer.status, 200, "{other:?}: {}", answer.text());
    }
}
