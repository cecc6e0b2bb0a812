//! Nothing that is protected stands in a log, a `Debug` text or an error.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use mailseal::base::{FactorLevel, Secret};
use serde_json::json;

use crate::authenticator::{Authenticator, Made};
use crate::scanners::Log;
use crate::support::*;

#[tokio::test]
async fn t26_logs_panics_and_debug_texts_show_no_secret_and_no_person() {
    let log = Log::listen();
    let bench = Bench::default();
    let key = Authenticator::new();
    let phrase = "a tall ship and a star";
    let given = bench
        .grant(all_methods(FactorLevel::P1, vec![key.passkey()]).passphrase(Secret::from(phrase)))
        .await;
    let visitor = bench.inside(&given).await;
    visitor.start("email").await;
    bench.advance(60);
    visitor.start("sms").await;
    let codes: Vec<String> = bench
        .host
        .heard()
        .codes
        .iter()
        .map(|c| c.2.clone())
        .collect();
    visitor.verify("email", &other_code(&codes[0])).await;
    visitor.verify("email", &codes[0]).await;
    visitor.verify("sms", &codes[1]).await;
    visitor.verify("passcode", given.passcode()).await;
    visitor.verify("totp", "123456").await;
    let request = visitor.start("passkey").await.json()["publicKey"].clone();
    let credential = key.assert(&request, &Made::default());
    let body = json!({"credential": credential});
    visitor.post("/factor/passkey/verify", &body).await;
    visitor
        .post(
            "/factor/passphrase/verify",
            &json!({"proof": b64(&[7; 32])}),
        )
        .await;
    let cookies: Vec<String> = visitor.cookies().into_values().collect();

    let other = bench.grant(passcode()).await;
    let reader = bench.inside(&other).await;
    reader.verify("passcode", other.passcode()).await;
    let released = reader.release().await.json();
    reader.get("/parts/0").await;
    reader
        .post("/nowhere?x=canary-query", &json!({"canary-field": 1}))
        .await;
    get(
        &bench.router,
        &format!("/p/{}%23{}", other.grant, other.link.code().expose()),
    )
    .await;
    // Broken inside, and panicking.
    bench.host.heard().panics = true;
    let broken = reader.post("/report-misdirected", &json!({})).await;
    assert!(broken.is(500, "failed"));
    bench.host.heard().panics = false;

    let mut seen = log.text();
    assert!(seen.matches("/p/{id}/release").count() == 1, "{seen}");
    assert!(
        seen.contains(&given.reference),
        "the grant by its reference"
    );
    assert!(seen.contains("portal.panic"));
    for event in &bench.host.heard().events {
        seen.push_str(&format!("{event:?}"));
    }
    seen.push_str(&format!("{:?}{:?}", bench.escrow, bench.store));
    let portal = mailseal::portal::Portal::builder(bench.escrow.clone())
        .organisation("x")
        .contact("y");
    seen.push_str(&format!("{portal:?}"));
    seen.push_str(&format!("{:?}", portal.build().unwrap()));

    let decoded = |field: &str| {
        let text = released[field].as_str().unwrap().as_bytes();
        BASE64URL_NOPAD.decode(text).unwrap()
    };
    let mut secrets: Vec<(&str, Vec<u8>)> = vec![
        ("L", given.share()),
        ("L of another", other.share()),
        ("S", decoded("share")),
        ("wrapped key", decoded("dek")),
        ("TOTP seed", SEED.to_vec()),
        ("address", ADDRESS.into()),
        ("number", PHONE.into()),
        ("subject of sign-on", b"subject-7".to_vec()),
        ("passphrase", phrase.into()),
        ("message", b"HbA1c".to_vec()),
        ("subject", b"Results".to_vec()),
        ("query", b"canary-query".to_vec()),
        ("field", b"canary-field".to_vec()),
    ];
    for link in [&given, &other] {
        let code = link.link.code().expose().clone();
        secrets.push(("typed L", code.replace('-', "").into()));
        secrets.push(("grouped L", code.into()));
        secrets.push(("passcode", link.passcode().into()));
    }
    for code in codes.iter().chain(&cookies) {
        secrets.push(("code or cookie", code.clone().into()));
    }
    for (what, secret) in &secrets {
        let text = String::from_utf8_lossy(secret).into_owned();
        let list = format!("{secret:?}");
        for form in [
            text,
            b64(secret),
            HEXLOWER.encode(secret),
            HEXLOWER.encode(secret).to_uppercase(),
            list[1..list.len() - 1].to_owned(),
        ] {
            assert!(!seen.contains(&form), "{what} is in the log as {form:?}");
        }
    }
    // Grants by reference code only; events name them to the host.
    assert!(!log.text().contains(&given.grant.to_string()));
}
