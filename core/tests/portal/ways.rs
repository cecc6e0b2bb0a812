//! The ways that lead to the message.

use aws_lc_rs::aead;
use data_encoding::BASE64URL_NOPAD;
use mailseal::base::{FactorLevel, Secret};
use mailseal::portal::{CodeKind, PortalEventKind};
use serde_json::json;

use crate::support::*;

pub(crate) fn bytes(value: &serde_json::Value) -> Vec<u8> {
    BASE64URL_NOPAD
        .decode(value.as_str().unwrap().as_bytes())
        .unwrap()
}

/// The key of the content as the page finds it.
pub(crate) fn unwrap_dek(given: &Given, released: &serde_json::Value) -> Option<Vec<u8>> {
    let put = |part: &[u8]| [&(part.len() as u64).to_be_bytes()[..], part].concat();
    let share = bytes(&released["share"]);
    let ikm = [put(&share), put(&given.share()), put(b"")].concat();
    let kek = hkdf(&ikm, given.grant.as_bytes(), b"mailseal/1/escrow/kek");
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, &kek).unwrap();
    let mut wrapped = bytes(&released["dek"]);
    let mut body = wrapped.split_off(12);
    let nonce = aead::Nonce::try_assume_unique_for_key(&wrapped).unwrap();
    let opened = aead::LessSafeKey::new(key).open_in_place(
        nonce,
        aead::Aad::from(given.item.as_bytes()),
        &mut body,
    );
    opened.ok().map(|dek| dek.to_vec())
}

#[tokio::test]
async fn passcode_opens_and_the_page_can_unwrap_the_key() {
    let bench = Bench::default();
    let given = bench.grant_of(passcode(), &vec![b'x'; 3 << 20]).await;
    let visitor = bench.visitor(&given);
    let knocked = visitor.knock().await.json();
    assert_eq!(knocked["reference"], given.reference);
    assert_eq!(knocked["methods"], json!([{"id": "passcode"}]));
    assert_eq!(knocked["complete"], false);
    assert_eq!(knocked["passphrase"], json!(null));
    let shown = visitor.verify("passcode", given.passcode()).await;
    assert_eq!(shown.json(), json!({"complete": true}));
    let released = visitor.release().await.json();
    assert_eq!(released["item"], given.item.to_string());
    assert_eq!(unwrap_dek(&given, &released).unwrap().len(), 32);

    let parts = released["parts"].as_u64().unwrap();
    assert!(parts > 3);
    let first = visitor.get("/parts/0").await;
    assert_eq!(first.body.len(), 1 << 20);
    assert_eq!(first.headers["content-type"], "application/octet-stream");
    let request = visitor.builder(axum::http::Method::GET, "/parts/0");
    let request = request.header("range", "bytes=56-16455");
    let piece = visitor
        .request(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(piece.status, 206);
    assert_eq!(piece.headers["content-range"], "bytes 56-16455/1048576");
    assert_eq!(piece.body, first.body[56..16456]);
    assert_eq!(visitor.get(&format!("/parts/{parts}")).await.status, 404);

    let kinds = bench.host.kinds();
    let level = FactorLevel::P2;
    assert_eq!(kinds, [PortalEventKind::Opened { first: true, level }]);
    // The same session is not a second reader; another one is.
    visitor.release().await;
    assert_eq!(bench.host.kinds().len(), 1);
    let again = bench.inside(&given).await;
    again.verify("passcode", given.passcode()).await;
    assert_eq!(again.release().await.status, 200);
    let last = bench.host.kinds().pop();
    assert_eq!(
        last,
        Some(PortalEventKind::Opened {
            first: false,
            level
        })
    );
}

#[tokio::test]
async fn codes_by_mail_and_sms_go_to_the_recipient_and_open() {
    let bench = Bench::default();
    for (draft, method, target, to) in [
        (by_mail(), "email", "p•••@m•••.example", ADDRESS),
        (by_sms(), "sms", "•••• 42", PHONE),
    ] {
        let given = bench.grant(draft).await;
        let visitor = bench.visitor(&given);
        let knocked = visitor.knock().await.json();
        assert_eq!(
            knocked["methods"],
            json!([{"id": method, "target": target}])
        );
        let sent = visitor.start(method).await.json();
        assert_eq!(sent, json!({"sent": true, "again_in": 60, "valid": 600}));
        assert_eq!(bench.host.heard().codes.last().unwrap().1, to);
        let code = bench.host.code();
        let spaced = format!("{} {}", &code[..4], &code[4..]);
        let shown = visitor.verify(method, &spaced).await;
        assert_eq!(shown.json(), json!({"complete": true}));
        assert_eq!(visitor.release().await.status, 200);
    }
    let kinds = bench.host.kinds();
    assert!(kinds.contains(&PortalEventKind::CodeSent(CodeKind::Sms)));
}

#[tokio::test]
async fn totp_opens_once_a_step() {
    let bench = Bench::default();
    let draft = at_floor(FactorLevel::P3).totp(Secret::new(SEED.to_vec()));
    let given = bench.grant(draft).await;
    let code = totp(&bench);
    let visitor = bench.inside(&given).await;
    assert_eq!(visitor.verify("totp", &code).await.json()["complete"], true);
    assert_eq!(visitor.release().await.status, 200);
    let second = bench.inside(&given).await;
    assert!(second.verify("totp", &code).await.is(403, "wrong"));
    bench.advance(30);
    assert_eq!(second.verify("totp", &totp(&bench)).await.status, 200);
}

/// RFC 6238 section 5.2: a code is taken once. A person has one authenticator
/// and as many grants as messages.
#[tokio::test]
async fn t09_a_code_of_an_authenticator_is_good_once_whatever_the_grant() {
    let bench = Bench::default();
    let draft = || at_floor(FactorLevel::P3).totp(Secret::new(SEED.to_vec()));
    let (a, b) = (bench.grant(draft()).await, bench.grant(draft()).await);
    let (one, two) = (bench.inside(&a).await, bench.inside(&b).await);
    let code = totp(&bench);
    assert_eq!(one.verify("totp", &code).await.status, 200);
    assert!(two.verify("totp", &code).await.is(403, "wrong"));
    // At the same time at both.
    bench.advance(30);
    let code = totp(&bench);
    let (three, four) = (bench.inside(&a).await, bench.inside(&b).await);
    let both = futures_util::future::join(three.verify("totp", &code), four.verify("totp", &code));
    let both = both.await;
    assert_eq!(
        [both.0, both.1].iter().filter(|a| a.status == 200).count(),
        1
    );
    bench.advance(30);
    assert_eq!(two.verify("totp", &totp(&bench)).await.status, 200);
    // Another seed is another authenticator.
    let other = at_floor(FactorLevel::P3).totp(Secret::new(vec![7; 20]));
    let other = bench.grant(other).await;
    let five = bench.inside(&other).await;
    assert!(five.verify("totp", &totp(&bench)).await.is(403, "wrong"));
}

/// Six digits of which three are right at a time: five guesses in 15 minutes,
/// at each of a person's grants, would find one within weeks.
#[tokio::test]
async fn t08_guesses_at_an_authenticator_are_bounded_over_days_and_grants() {
    let bench = Bench::default();
    let draft = || at_floor(FactorLevel::P3).totp(Secret::new(SEED.to_vec()));
    let mut grants = Vec::new();
    for _ in 0..4 {
        grants.push(bench.grant(draft()).await);
    }
    let mut judged = 0;
    for _ in 0..8 {
        for given in &grants {
            let thief = bench.inside(given).await;
            for _ in 0..5 {
                let tried = thief.verify("totp", &other_code(&totp(&bench))).await;
                judged += usize::from(tried.is(403, "wrong"));
            }
        }
        bench.advance(15 * 60);
    }
    // 30, and two more in two hours.
    assert!(judged <= 32, "{judged} were judged");
    // The owner waits, and not for long.
    let owner = bench.inside(&grants[0]).await;
    let wait = owner.verify("totp", &totp(&bench)).await;
    let seconds = wait.json()["seconds"].as_u64().unwrap();
    assert!(
        wait.is(429, "wait") && seconds <= 48 * 60,
        "{}",
        wait.text()
    );
    bench.advance(seconds);
    let owner = bench.inside(&grants[0]).await;
    assert_eq!(owner.verify("totp", &totp(&bench)).await.status, 200);
}

/// RFC 6238 with SHA-1, written down once more.
fn totp(bench: &Bench) -> String {
    use aws_lc_rs::hmac;
    use mailseal::base::Clock as _;
    let step = bench.clock.now().unix_ms() as u64 / 30_000;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SEED);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let word = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

#[tokio::test]
async fn single_sign_on_is_the_hosts_word() {
    let bench = Bench::default();
    let draft = at_floor(FactorLevel::P3).single_sign_on("subject-7".into());
    let given = bench.grant(draft).await;
    let visitor = bench.visitor(&given);
    let knocked = visitor.knock().await.json();
    let url = "https://id.harbor.example/sign-on";
    assert_eq!(knocked["methods"], json!([{"id": "sso", "url": url}]));
    let ask = |as_: &'static str| {
        let visitor = visitor.clone();
        async move {
            let request = visitor
                .builder(axum::http::Method::POST, "/factor/sso/verify")
                .header("origin", ORIGIN)
                .header("x-mailseal", "1")
                .header("content-type", "application/json")
                .header("x-signed-on", as_);
            visitor.request(request.body("{}".into()).unwrap()).await
        }
    };
    assert!(ask("subject-8").await.is(403, "wrong"));
    assert_eq!(ask("subject-7").await.json()["complete"], true);
}

/// What shows that the visitor knows the passphrase.
fn proof(given: &Given, knocked: &serde_json::Value, phrase: &str) -> Vec<u8> {
    let salt = bytes(&knocked["passphrase"]["salt"]);
    let rounds = knocked["passphrase"]["iterations"].as_u64().unwrap();
    let rounds = std::num::NonZeroU32::new(u32::try_from(rounds).unwrap()).unwrap();
    let mut f = [0; 32];
    let algorithm = aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256;
    aws_lc_rs::pbkdf2::derive(algorithm, rounds, &salt, phrase.as_bytes(), &mut f);
    let put = |part: &[u8]| [&(part.len() as u64).to_be_bytes()[..], part].concat();
    let ikm = [put(&given.share()), put(&f)].concat();
    let info = b"mailseal/1/escrow/passphrase proof";
    hkdf(&ikm, given.grant.as_bytes(), info).to_vec()
}

#[tokio::test]
async fn a_passphrase_is_asked_for_whatever_else_is_shown() {
    let bench = Bench::default();
    let phrase = "a tall ship and a star";
    let given = bench.grant(passcode().passphrase(phrase.into())).await;
    let visitor = bench.visitor(&given);
    let knocked = visitor.knock().await.json();
    let shown = visitor.verify("passcode", given.passcode()).await;
    assert_eq!(shown.json(), json!({"complete": false}));
    assert!(visitor.release().await.is(403, "factor_required"));

    let path = "/factor/passphrase/verify";
    let wrong = visitor.post(path, &json!({"proof": b64(&[1; 32])})).await;
    assert!(wrong.is(403, "wrong"), "{}", wrong.text());
    let proof = proof(&given, &knocked, phrase);
    let right = visitor.post(path, &json!({"proof": b64(&proof)})).await;
    assert_eq!(right.json(), json!({"complete": true}));
    assert_eq!(visitor.release().await.status, 200);
}

#[tokio::test]
async fn a_misdirected_message_is_revoked_and_the_host_hears() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    visitor.verify("passcode", given.passcode()).await;
    let answer = visitor.post("/report-misdirected", &json!({})).await;
    assert_eq!(answer.json(), json!({"locked": true}));
    assert_eq!(bench.host.kinds(), [PortalEventKind::Misdirected]);
    assert!(visitor.cookies().is_empty());
    assert!(visitor.knock().await.is(410, "revoked"));
}

/// Where the link alone opens a message it still does not lock it: nothing was
/// shown. A passphrase is something.
#[tokio::test]
async fn t11_at_p0_the_link_alone_locks_nothing() {
    let bench = Bench::default();
    let given = bench.grant(at_floor(FactorLevel::P0)).await;
    for released in [false, true] {
        let scanner = bench.inside(&given).await;
        if released {
            assert_eq!(scanner.release().await.status, 200);
        }
        let answer = scanner.post("/report-misdirected", &json!({})).await;
        assert_eq!(answer.json(), json!({"locked": false}));
    }
    assert_eq!(bench.claims().await, 2);
    assert!(!bench.host.kinds().contains(&PortalEventKind::Misdirected));
    let person = bench.inside(&given).await;
    assert_eq!(person.release().await.status, 200);

    let phrase = "a tall ship and a star";
    let draft = at_floor(FactorLevel::P0).passphrase(Secret::from(phrase));
    let given = bench.grant(draft).await;
    let early = bench.inside(&given).await;
    let answer = early.post("/report-misdirected", &json!({})).await;
    assert_eq!(answer.json(), json!({"locked": false}));
    let visitor = bench.visitor(&given);
    let knocked = visitor.knock().await.json();
    let body = json!({"proof": b64(&proof(&given, &knocked, phrase))});
    let shown = visitor.post("/factor/passphrase/verify", &body).await;
    assert_eq!(shown.json(), json!({"complete": true}));
    let answer = visitor.post("/report-misdirected", &json!({})).await;
    assert_eq!(answer.json(), json!({"locked": true}));
    assert!(visitor.knock().await.is(410, "revoked"));
}

/// Who has the mailbox, or the link alone, cannot take the message away.
#[tokio::test]
async fn t11_who_holds_the_link_alone_is_on_record_told_once_a_day_and_locks_nothing() {
    let bench = Bench::default();
    let given = bench.grant(passcode()).await;
    for _ in 0..3 {
        let thief = bench.inside(&given).await;
        let answer = thief.post("/report-misdirected", &json!({})).await;
        assert_eq!(answer.json(), json!({"locked": false}));
        assert!(thief.cookies().is_empty());
    }
    assert_eq!(bench.host.kinds(), [PortalEventKind::MisdirectedClaim]);
    assert_eq!(
        bench.claims().await,
        3,
        "nobody silences who comes after them"
    );
    bench.advance(25 * 3600);
    let again = bench.inside(&given).await;
    again.post("/report-misdirected", &json!({})).await;
    assert_eq!(bench.host.kinds().len(), 2);
    assert_eq!(bench.claims().await, 4);
    // Without a session, nothing at all.
    let stranger = bench.visitor(&given);
    let none = stranger.post("/report-misdirected", &json!({})).await;
    assert!(none.is(403, "no_session"));
    let person = bench.inside(&given).await;
    person.verify("passcode", given.passcode()).await;
    assert_eq!(person.release().await.status, 200);
}

#[tokio::test]
async fn t18_a_grant_gives_neither_parts_nor_keys_of_another() {
    let bench = Bench::default();
    let (a, b) = (bench.grant(passcode()).await, bench.grant(passcode()).await);
    let one = bench.inside(&a).await;
    one.verify("passcode", a.passcode()).await;
    let released = one.release().await.json();
    assert!(unwrap_dek(&a, &released).is_some());
    assert!(unwrap_dek(&b, &released).is_none(), "S of A, L of B");

    // The session of A asks for the parts of B, under either name.
    let (name, value) = one.cookies().into_iter().next().unwrap();
    let other = bench.visitor(&b);
    let own_name = format!("__Host-ms-{}", &b.grant.to_string()[..16]);
    for name in [name, own_name] {
        other.jar.lock().unwrap().insert(name, value.clone());
        assert!(other.get("/parts/0").await.is(403, "no_session"));
        assert!(other.release().await.is(403, "no_session"));
    }
}

#[tokio::test]
async fn views_are_counted_by_session() {
    let bench = Bench::default();
    let given = bench.grant(passcode().max_views(1)).await;
    let visitor = bench.visitor(&given);
    assert_eq!(visitor.knock().await.json()["views_left"], 1);
    visitor.verify("passcode", given.passcode()).await;
    for _ in 0..3 {
        assert_eq!(visitor.release().await.json()["views_left"], 0);
    }
    assert_eq!(visitor.knock().await.json()["complete"], true);
    assert!(bench.visitor(&given).knock().await.is(410, "views"));
}
