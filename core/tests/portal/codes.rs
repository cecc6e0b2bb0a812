//! Guessing, replaying and pumping codes; locking victims out.

use mailseal::portal::PortalEventKind;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn t08_guessing_is_bounded_however_it_is_spread() {
    let bench = Bench::default();
    let given = bench.grant(by_sms()).await;
    // Ten browsers, each with a code of its own as far as the budget lets it.
    let mut sessions = Vec::new();
    for _ in 0..5 {
        let visitor = bench.inside(&given).await;
        assert_eq!(visitor.start("sms").await.status, 200);
        sessions.push((visitor, bench.host.code()));
        bench.advance(60);
    }
    // At the same time, from all of them.
    let tries = (0..200).map(|n| {
        let (visitor, code) = sessions[n % 5].clone();
        async move { visitor.verify("sms", &other_code(&code)).await }
    });
    let answers = futures_util::future::join_all(tries).await;
    let of = |status: u16, error: &str| answers.iter().filter(|a| a.is(status, error)).count();
    let (wrong, wait, busy) = (of(403, "wrong"), of(429, "wait"), of(503, "busy"));
    assert_eq!(wrong + wait + busy, 200);
    assert!(wrong <= 5, "{wrong} were judged");
    // Then the right one has to wait as well.
    for (visitor, code) in &sessions {
        let late = visitor.verify("sms", code).await;
        assert!(late.is(429, "wait"), "{}", late.text());
        assert!(late.json()["seconds"].as_u64().unwrap() <= 900);
        assert!(late.headers.contains_key("retry-after"));
        assert!(visitor.release().await.is(403, "factor_required"));
    }
    let failed = |k: &PortalEventKind| matches!(k, PortalEventKind::FactorFailed { .. });
    assert_eq!(
        bench.host.kinds().iter().filter(|k| failed(k)).count(),
        wrong
    );
}

#[tokio::test]
async fn t08_one_code_takes_five_tries_in_all() {
    let bench = Bench::default();
    let given = bench.grant(by_sms()).await;
    let visitor = bench.inside(&given).await;
    visitor.start("sms").await;
    let code = bench.host.code();
    for left in (0..5).rev() {
        let answer = visitor.verify("sms", &other_code(&code)).await;
        assert_eq!(answer.json(), json!({"error": "wrong", "tries_left": left}));
    }
    assert!(visitor.verify("sms", &code).await.is(409, "no_code"));
}

#[tokio::test]
async fn t09_a_code_is_good_once_in_its_session_for_its_grant_and_for_ten_minutes() {
    let bench = Bench::default();
    let (a, b) = (bench.grant(by_sms()).await, bench.grant(by_sms()).await);
    let one = bench.inside(&a).await;
    one.start("sms").await;
    let code = bench.host.code();
    // Another browser with the same link, without and with a code of its own.
    let two = bench.inside(&a).await;
    assert!(two.verify("sms", &code).await.is(409, "no_code"));
    bench.advance(60);
    two.start("sms").await;
    assert!(two.verify("sms", &code).await.is(403, "wrong"));
    // Another grant of the same person.
    let three = bench.inside(&b).await;
    three.start("sms").await;
    assert!(three.verify("sms", &code).await.is(403, "wrong"));
    // Another method of the same session.
    assert!(one.verify("email", &code).await.is(404, "not_offered"));
    // Once.
    assert_eq!(one.verify("sms", &code).await.status, 200);
    assert!(one.verify("sms", &code).await.is(409, "no_code"));
    // A new code takes the place of the old one; both end.
    bench.advance(60);
    let four = bench.inside(&a).await;
    four.start("sms").await;
    let first = bench.host.code();
    bench.advance(60);
    four.start("sms").await;
    assert!(four.verify("sms", &first).await.is(403, "wrong"));
    let second = bench.host.code();
    bench.advance(599);
    assert_eq!(four.verify("sms", &second).await.status, 200);
    bench.advance(3600);
    let five = bench.inside(&a).await;
    five.start("sms").await;
    bench.advance(600);
    let late = five.verify("sms", &bench.host.code()).await;
    assert!(late.is(409, "no_code"));
}

#[tokio::test]
async fn t09_of_two_who_type_the_right_code_at_once_one_goes_in() {
    let bench = Bench::default();
    let given = bench.grant(by_sms()).await;
    let visitor = bench.inside(&given).await;
    visitor.start("sms").await;
    let code = bench.host.code();
    let tries = (0..4).map(|_| visitor.verify("sms", &code));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
}

#[tokio::test]
async fn t10_text_messages_cannot_be_pumped() {
    let bench = Bench::default();
    let given = bench.grant(by_sms()).await;
    let visitor = bench.inside(&given).await;
    // At once, from one session and from many: one.
    let starts = (0..20).map(|_| visitor.start("sms"));
    let answers = futures_util::future::join_all(starts).await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
    assert_eq!(bench.host.sent(), 1);
    let wait = bench.inside(&given).await.start("sms").await;
    assert!(wait.is(429, "wait") && wait.json()["seconds"] == 60);
    // Five an hour for a grant.
    let mut sent = 1;
    for _ in 0..40 {
        bench.advance(61);
        let visitor = bench.inside(&given).await;
        sent += usize::from(visitor.start("sms").await.status == 200);
    }
    assert_eq!(sent, 5);
    // A number that the visitor gives is refused, not used.
    bench.advance(3600);
    let visitor = bench.inside(&given).await;
    let own = visitor
        .post("/factor/sms/start", &json!({"to": "+1 900 555 0199"}))
        .await;
    assert!(own.is(400, "malformed"));
    assert!(bench.host.heard().codes.iter().all(|c| c.1 == PHONE));
    // 20 an hour for the whole of this portal, whatever the grants.
    let before = bench.host.sent();
    for _ in 0..30 {
        let given = bench.grant(by_sms()).await;
        bench.inside(&given).await.start("sms").await;
    }
    assert_eq!(bench.host.sent() - before, 20);
}

#[tokio::test]
async fn t10_a_channel_that_fails_gives_nothing_back() {
    let bench = Bench::default();
    let given = bench.grant(by_sms()).await;
    let visitor = bench.inside(&given).await;
    bench.host.heard().channel_fails = true;
    assert!(visitor.start("sms").await.is(502, "channel"));
    bench.host.heard().channel_fails = false;
    assert!(visitor.start("sms").await.is(429, "wait"));
    assert_eq!(bench.host.sent(), 0);
}

#[tokio::test]
async fn t11_a_victim_is_not_locked_out() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    // Who lacks the code of the link spends nothing.
    let mut stranger = bench.visitor(&given);
    stranger.share = vec![0; 20];
    for _ in 0..50 {
        assert_eq!(stranger.knock().await.status, 404);
        let tried = stranger.verify("passcode", "0000-0000").await;
        assert!(tried.is(403, "no_session"));
    }
    let victim = bench.inside(&given).await;
    // Who has it can make others wait, not lock them out.
    let thief = bench.inside(&given).await;
    for _ in 0..5 {
        assert!(thief.verify("passcode", "0000-0000").await.is(403, "wrong"));
    }
    assert!(thief.verify("passcode", "0000-0000").await.is(429, "wait"));
    let now = victim.verify("passcode", given.passcode()).await;
    let seconds = now.json()["seconds"].as_u64().unwrap();
    assert!(now.is(429, "wait") && seconds <= 900);
    bench.advance(seconds);
    let victim = bench.inside(&given).await;
    assert_eq!(
        victim.verify("passcode", given.passcode()).await.status,
        200
    );
    assert_eq!(victim.release().await.status, 200);
}
