//! Floors and ways around them.

use mailseal::base::FactorLevel;
use serde_json::json;

use crate::authenticator::Authenticator;
use crate::support::*;

#[tokio::test]
async fn t14_methods_below_the_floor_are_neither_offered_nor_taken() {
    let bench = Bench::default();
    let key = Authenticator::new();
    for (level, offered) in [
        (
            FactorLevel::P1,
            &["email", "passcode", "sms", "totp", "sso", "passkey"][..],
        ),
        (
            FactorLevel::P2,
            &["passcode", "sms", "totp", "sso", "passkey"],
        ),
        (FactorLevel::P3, &["totp", "sso", "passkey"]),
        (FactorLevel::P4, &["passkey"]),
    ] {
        let given = bench.grant(all_methods(level, vec![key.passkey()])).await;
        let visitor = bench.visitor(&given);
        let knocked = visitor.knock().await.json();
        let ids = knocked["methods"].as_array().unwrap().iter();
        let mut ids: Vec<_> = ids.map(|m| m["id"].as_str().unwrap()).collect();
        let mut expected = offered.to_vec();
        ids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(ids, expected);
        assert_eq!(knocked["floor"], level.word());
        for method in ["email", "passcode", "sms", "totp", "sso", "passkey"] {
            if offered.contains(&method) {
                continue;
            }
            let body = match method {
                "sso" => json!({}),
                "passkey" => json!({"credential": {}}),
                _ => json!({"code": given.passcode.as_deref().unwrap_or("00000000")}),
            };
            let path = format!("/factor/{method}/verify");
            assert!(
                visitor.post(&path, &body).await.is(404, "not_offered"),
                "{method}"
            );
            assert!(
                visitor.start(method).await.is(404, "not_offered"),
                "{method}"
            );
        }
        assert!(visitor.release().await.is(403, "factor_required"));
    }
    assert_eq!(bench.host.sent(), 0);
    // What is no method at all.
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    for word in ["none", "P0", "email_code", "question", "recovery", "%00"] {
        assert!(
            visitor.verify(word, "1").await.is(404, "not_offered"),
            "{word}"
        );
    }
}

#[tokio::test]
async fn t13_there_is_no_recovery_and_a_new_passkey_opens_nothing_now() {
    let bench = Bench::default();
    let key = Authenticator::new();
    // P1: not enough to register.
    let given = bench.grant(by_mail()).await;
    let visitor = bench.inside(&given).await;
    visitor.start("email").await;
    visitor.verify("email", &bench.host.code()).await;
    assert_eq!(visitor.release().await.status, 200);
    let start = visitor.post("/passkey/start", &json!({})).await;
    assert!(start.is(403, "factor_required"));

    // P2 and complete: registered, for later.
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    let start = visitor.post("/passkey/start", &json!({})).await;
    assert!(start.is(403, "factor_required"), "not complete yet");
    visitor.verify("passcode", given.passcode()).await;
    let options = visitor.post("/passkey/start", &json!({})).await.json();
    let credential = key.register(&options["publicKey"], ORIGIN);
    let body = json!({"credential": credential});
    let done = visitor.post("/passkey/finish", &body).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let made = bench.host.kinds().into_iter().find_map(|kind| match kind {
        mailseal::portal::PortalEventKind::PasskeyRegistered { passkey, level } => {
            assert_eq!(level, FactorLevel::P2);
            Some(passkey)
        }
        _ => None,
    });
    assert_eq!(made.unwrap().public_key, key.passkey().public_key);
    // The ceremony is over.
    assert!(
        visitor
            .post("/passkey/finish", &body)
            .await
            .is(409, "no_code")
    );
    // It is no way into this grant.
    let later = bench.inside(&given).await;
    assert!(later.start("passkey").await.is(404, "not_offered"));

    for path in [
        "/recover",
        "/reset",
        "/factor/passcode/reset",
        "/factor/email/address",
        "/extend",
        "/unlock",
    ] {
        assert_eq!(visitor.post(path, &json!({})).await.status, 404, "{path}");
    }
}
