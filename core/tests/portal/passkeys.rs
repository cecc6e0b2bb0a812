//! Passkeys that are right, and all the ways to be wrong.

use std::sync::atomic::Ordering;

use mailseal::base::FactorLevel;
use serde_json::{Value, json};

use crate::authenticator::{Authenticator, Made};
use crate::support::*;

async fn verify(visitor: &Visitor, credential: &Value) -> Answer {
    let body = json!({"credential": credential});
    visitor.post("/factor/passkey/verify", &body).await
}

/// A fresh grant at P4 for this key, a visitor inside, and the request.
async fn asked(bench: &Bench, key: &Authenticator) -> (Given, Visitor, Value) {
    let draft = at_floor(FactorLevel::P4).passkeys(vec![key.passkey()]);
    let given = bench.grant(draft).await;
    let visitor = bench.inside(&given).await;
    let request = visitor.start("passkey").await.json()["publicKey"].clone();
    (given, visitor, request)
}

#[tokio::test]
async fn t30_a_right_passkey_opens() {
    let (bench, key) = (Bench::default(), Authenticator::new());
    let (_, visitor, request) = asked(&bench, &key).await;
    assert_eq!(request["rpId"], "portal.example");
    assert_eq!(request["userVerification"], "required");
    assert_eq!(request["allowCredentials"].as_array().unwrap().len(), 1);
    let credential = key.assert(&request, &Made::default());
    let shown = verify(&visitor, &credential).await;
    assert_eq!(shown.json(), json!({"complete": true}), "{}", shown.text());
    assert_eq!(visitor.release().await.status, 200);
    // The same answer again: its challenge is gone.
    assert!(verify(&visitor, &credential).await.is(409, "no_code"));
    visitor.start("passkey").await;
    assert!(verify(&visitor, &credential).await.is(403, "wrong"));
}

#[tokio::test]
async fn t30_wrong_origin_rp_flags_challenge_type_and_signature_are_refused() {
    let wrong: Vec<(&str, Made<'_>)> = vec![
        (
            "origin",
            Made {
                origin: "https://portal.example.evil.example",
                ..Made::default()
            },
        ),
        (
            "origin's scheme",
            Made {
                origin: "http://portal.example",
                ..Made::default()
            },
        ),
        (
            "origin's port",
            Made {
                origin: "https://portal.example:8443",
                ..Made::default()
            },
        ),
        (
            "frame",
            Made {
                cross_origin: true,
                ..Made::default()
            },
        ),
        (
            "rp id",
            Made {
                rp: "example",
                ..Made::default()
            },
        ),
        (
            "UV",
            Made {
                flags: 1,
                ..Made::default()
            },
        ),
        (
            "UP",
            Made {
                flags: 4,
                ..Made::default()
            },
        ),
        (
            "challenge",
            Made {
                challenge: Some(b64(&[1; 16])),
                ..Made::default()
            },
        ),
        (
            "type",
            Made {
                kind: "webauthn.create",
                ..Made::default()
            },
        ),
        (
            "signature",
            Made {
                break_signature: true,
                ..Made::default()
            },
        ),
    ];
    for (what, made) in &wrong {
        let (bench, key) = (Bench::default(), Authenticator::new());
        let (_, visitor, request) = asked(&bench, &key).await;
        let credential = key.assert(&request, made);
        let answer = verify(&visitor, &credential).await;
        assert!(answer.is(403, "wrong"), "{what}: {}", answer.text());
        assert!(visitor.release().await.is(403, "factor_required"));
        // And the challenge cannot be tried again.
        let right = key.assert(&request, &Made::default());
        assert!(verify(&visitor, &right).await.is(409, "no_code"), "{what}");
    }
}

#[tokio::test]
async fn t30_of_an_authenticator_and_its_clone_one_is_refused() {
    let (bench, key) = (Bench::default(), Authenticator::new());
    key.count.store(10, Ordering::SeqCst);
    let (given, visitor, request) = asked(&bench, &key).await;
    let credential = key.assert(&request, &Made::default());
    assert_eq!(verify(&visitor, &credential).await.status, 200);
    // The clone is behind, or level.
    for count in [5, 10] {
        key.count.store(count, Ordering::SeqCst);
        let clone = bench.inside(&given).await;
        let request = clone.start("passkey").await.json()["publicKey"].clone();
        let credential = key.assert(&request, &Made::default());
        assert!(
            verify(&clone, &credential).await.is(403, "wrong"),
            "{count}"
        );
    }
    key.count.store(11, Ordering::SeqCst);
    let own = bench.inside(&given).await;
    let request = own.start("passkey").await.json()["publicKey"].clone();
    let credential = key.assert(&request, &Made::default());
    assert_eq!(verify(&own, &credential).await.status, 200);
}

/// The clone does its work at another of the person's grants.
#[tokio::test]
async fn t30_a_clone_is_refused_at_every_grant_of_its_passkey() {
    let (bench, key) = (Bench::default(), Authenticator::new());
    key.count.store(10, Ordering::SeqCst);
    let (_, visitor, request) = asked(&bench, &key).await;
    let credential = key.assert(&request, &Made::default());
    assert_eq!(verify(&visitor, &credential).await.status, 200);
    for (count, opens) in [(5, false), (10, false), (11, true), (11, false)] {
        key.count.store(count, Ordering::SeqCst);
        let (_, other, request) = asked(&bench, &key).await;
        let credential = key.assert(&request, &Made::default());
        let shown = verify(&other, &credential).await;
        assert_eq!(shown.status == 200, opens, "{count}: {}", shown.text());
        assert!(opens || shown.is(403, "wrong"));
    }
    // One that does not count goes on as it did.
    let draft = || {
        let passkey =
            mailseal::base::Passkey::new(key.passkey().credential_id, key.passkey().public_key, 0);
        at_floor(FactorLevel::P4).passkeys(vec![passkey])
    };
    let bench = Bench::default();
    for _ in 0..2 {
        key.count.store(u32::MAX, Ordering::SeqCst);
        let visitor = bench.inside(&bench.grant(draft()).await).await;
        let request = visitor.start("passkey").await.json()["publicKey"].clone();
        let credential = key.assert(&request, &Made::default());
        assert_eq!(verify(&visitor, &credential).await.status, 200);
    }
}

#[tokio::test]
async fn t30_another_key_another_session_and_nonsense_are_refused() {
    let (bench, key, other) = (Bench::default(), Authenticator::new(), Authenticator::new());
    let (given, visitor, request) = asked(&bench, &key).await;
    // Same credential id, another key.
    let credential = other.assert(&request, &Made::default());
    assert!(verify(&visitor, &credential).await.is(403, "wrong"));
    // The challenge of one session in another.
    let request = visitor.start("passkey").await.json()["publicKey"].clone();
    let second = bench.inside(&given).await;
    second.start("passkey").await;
    let credential = key.assert(&request, &Made::default());
    assert!(verify(&second, &credential).await.is(403, "wrong"));
    // It is for five minutes.
    bench.advance(300);
    let credential = key.assert(&request, &Made::default());
    assert!(verify(&visitor, &credential).await.is(409, "no_code"));
    for nonsense in [json!({}), json!(null), json!([1]), json!({"rawId": "!"})] {
        bench.advance(900);
        let visitor = bench.inside(&given).await;
        visitor.start("passkey").await;
        assert!(verify(&visitor, &nonsense).await.is(403, "wrong"));
    }
}

#[tokio::test]
async fn t30_registration_checks_origin_and_challenge() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    let key = Authenticator::new();
    let begin = || async { visitor.post("/passkey/start", &json!({})).await.json() };
    let finish = |credential: Value| {
        let visitor = visitor.clone();
        async move {
            let body = json!({"credential": credential});
            visitor.post("/passkey/finish", &body).await
        }
    };
    let options = begin().await["publicKey"].clone();
    assert_eq!(options["attestation"], "none");
    assert_eq!(
        options["authenticatorSelection"]["userVerification"],
        "required"
    );
    let elsewhere = key.register(&options, "https://evil.example");
    assert!(finish(elsewhere).await.is(400, "malformed"));
    // Neither without user verification nor without anybody present.
    for flags in [1, 4, 0] {
        let options = begin().await["publicKey"].clone();
        let careless = key.register_flagged(&options, ORIGIN, flags);
        assert!(finish(careless).await.is(400, "malformed"), "{flags}");
    }
    let options = begin().await["publicKey"].clone();
    let old = key.register(&options, ORIGIN);
    begin().await;
    assert!(finish(old).await.is(400, "malformed"));
    let options = begin().await["publicKey"].clone();
    assert_eq!(finish(key.register(&options, ORIGIN)).await.status, 200);
    // What was registered serves for the next message.
    let kinds = bench.host.kinds();
    let made = kinds.into_iter().find_map(|kind| match kind {
        mailseal::portal::PortalEventKind::PasskeyRegistered { passkey, level } => {
            assert_eq!(level, FactorLevel::P2);
            Some(passkey)
        }
        _ => None,
    });
    let made = made.unwrap();
    assert_eq!(made.transports, ["internal", "hybrid"]);
    let given = bench
        .grant(at_floor(FactorLevel::P4).passkeys(vec![made]))
        .await;
    let visitor = bench.inside(&given).await;
    let request = visitor.start("passkey").await.json()["publicKey"].clone();
    let credential = key.assert(&request, &Made::default());
    assert_eq!(verify(&visitor, &credential).await.status, 200);
}
