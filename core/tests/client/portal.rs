//! The client's own portal: codes that it sends itself, its name and its logo.

use std::sync::Arc;

use axum::Router;
use mailseal::base::{FactorLevel, Recipient, Route, Sensitivity, TlsAssurance};
use mailseal::compose::{Message, PartContent};
use mailseal::escrow::{Link, Logo};
use mailseal::policy::{Policy, Requirement};
use mailseal::storage::{Store, Table};
use mailseal::testing::SandboxDomain;
use mailseal::testing::smtp::{Act, Received, When};
use mailseal::{Client, EscrowOptions, Status};
use serde_json::json;

use super::escrow::Telephone;
use super::scene::{CANARY, MINUTE, Scene, VALID, address, at, contains, header, only, read, send};
use crate::support::{ORIGIN, Visitor, crockford, get, other_code};

const FROM: &str = "no-reply@harbor.example";

fn png() -> Vec<u8> {
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR....\0\0\0\0IEND\xaeB`\x82".to_vec()
}

fn options() -> EscrowOptions {
    EscrowOptions::new(ORIGIN, "Harbor Clinic")
        .contact("+1 555 0100")
        .notice_from(address(FROM))
        .logo(Logo::new(png()).unwrap())
}

/// Everything waits at the pickup page, for a code by mail.
fn policy() -> Policy {
    let p1 = Requirement::NOTHING
        .tls(TlsAssurance::Encrypted)
        .escrow(FactorLevel::P1, TlsAssurance::Encrypted);
    Policy::custom("pickup")
        .require(Sensitivity::None, p1)
        .require(Sensitivity::Phi, p1)
        .ladder([Route::Escrow])
}

async fn start(scene: &Scene, options: EscrowOptions, telephone: Option<&Telephone>) -> Client {
    let mut builder = scene.builder().policy(policy()).escrow(options);
    if let Some(telephone) = telephone {
        builder = builder.code_channel(telephone.clone());
    }
    builder.build().await.unwrap()
}

/// What a host mounts, without a word more.
fn router(client: &Client) -> Router {
    client.portal().unwrap().build().unwrap().router()
}

/// Sends a message; its recipient follows the link in the notice, to a client
/// that was started since.
async fn arrive(
    scene: &Scene,
    pat: Recipient,
    options: EscrowOptions,
    telephone: Option<&Telephone>,
) -> (Client, Visitor) {
    let sender = start(scene, options.clone(), telephone).await;
    let message = Message::builder()
        .from(address("clinic@harbor.example"))
        .to(pat)
        .subject("Your visit")
        .text(format!("We open at nine. {CANARY}"))
        .build()
        .unwrap();
    let receipt = send(&sender, message).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.status, Status::Delivered);
    assert_eq!(outcome.factor_floor, Some(FactorLevel::P1));
    let notice = read(&scene.messages(VALID)[0].content);
    let url = notice.split_whitespace().find(|w| w.starts_with(ORIGIN));
    let link = Link::parse(url.unwrap()).unwrap();
    drop(sender);
    let client = start(scene, options, telephone).await;
    let visitor = Visitor {
        router: router(&client),
        grant: outcome.grant.unwrap(),
        share: crockford(link.code().expose()),
        jar: Arc::default(),
    };
    (client, visitor)
}

/// The methods that the page offers.
async fn offered(visitor: &Visitor) -> Vec<String> {
    let answer = visitor.knock().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let methods = answer.json()["methods"].as_array().unwrap().clone();
    let ids = methods.iter().map(|m| m["id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// The code in a mail, as people read it: two groups of four digits.
fn code(mail: &Received) -> String {
    let text = read(&mail.content);
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_group = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    let pair = words.windows(2).find(|w| w.iter().all(|w| is_group(w)));
    pair.unwrap().concat()
}

fn images(mail: &Received) -> Vec<Vec<u8>> {
    let message = Message::parse(&mail.content).unwrap();
    let parts = message.parts();
    let images = parts.iter().filter_map(|part| match part.content() {
        PartContent::Binary(bytes) if part.media_type() == "image/png" => Some(bytes.into_inner()),
        _ => None,
    });
    images.collect()
}

#[tokio::test]
async fn a_code_by_mail_arrives_at_the_recipients_host_and_opens_the_page() {
    let scene = Scene::new(&[VALID]).await;
    let pat = Recipient::new(at(VALID));
    let (client, visitor) = arrive(&scene, pat, options(), None).await;
    assert!(offered(&visitor).await.contains(&"email".to_owned()));
    assert!(visitor.release().await.is(403, "factor_required"));
    let started = visitor.start("email").await;
    assert_eq!(started.status, 200, "{}", started.text());

    let mails = scene.messages(VALID);
    let [notice, mail] = &mails[..] else {
        panic!("{} mails", mails.len());
    };
    assert!(mail.tls, "the code went in clear");
    assert!(header(&mail.content, "From").unwrap().contains(FROM));
    let auto = header(&mail.content, "Auto-Submitted");
    assert_eq!(auto.as_deref(), Some("auto-generated"));
    let text = read(&mail.content);
    assert!(text.contains("Harbor Clinic") && text.contains("+1 555 0100"));
    for not in [CANARY, "Your visit", "clinic@harbor.example", "http"] {
        assert!(
            !text.contains(not) && !contains(&mail.content, not),
            "{not}"
        );
    }
    let logo = options().logo.unwrap();
    for mail in [notice, mail] {
        assert_eq!(images(mail), [png()]);
        assert!(read(&mail.content).contains(&format!("cid:{}", logo.content_id())));
        let id = format!("Content-ID: <{}>", logo.content_id());
        assert!(contains(&mail.content, &id));
        assert!(contains(&mail.content, "Content-Disposition: inline"));
    }

    let code = code(mail);
    let wrong = visitor.verify("email", &other_code(&code)).await;
    assert!(wrong.is(403, "wrong"), "{}", wrong.text());
    // Nothing of it is kept, and nothing of it waits to be sent.
    for &table in Table::ALL {
        for row in scene.store.range(table, b"", None, 10_000).await.unwrap() {
            assert!(!contains(&row.value, &code), "{}", table.name());
        }
    }
    assert!(client.unresolved().await.unwrap().is_empty());
    let shown = visitor.verify("email", &code).await;
    assert_eq!(shown.json(), json!({"complete": true}));
    assert_eq!(visitor.release().await.status, 200);
}

#[tokio::test]
async fn a_code_by_sms_goes_through_the_hosts_channel() {
    let scene = Scene::new(&[VALID]).await;
    let telephone = Telephone::default();
    let pat = Recipient::new(at(VALID)).phone("+1 555 0142");
    let (_, visitor) = arrive(&scene, pat, options(), Some(&telephone)).await;
    let before = telephone.sent().len();
    assert!(offered(&visitor).await.contains(&"sms".to_owned()));
    assert_eq!(visitor.start("sms").await.status, 200);
    let sent = telephone.sent();
    assert_eq!(sent.len(), before + 1);
    let (phone, code) = &sent[before];
    assert_eq!(phone, "+1 555 0142");
    let shown = visitor.verify("sms", code.expose()).await;
    assert_eq!(shown.json(), json!({"complete": true}));
    assert_eq!(scene.messages(VALID).len(), 1, "only the notice is a mail");
}

#[tokio::test]
async fn what_the_client_cannot_send_is_not_offered() {
    let scene = Scene::new(&[VALID]).await;
    let telephone = Telephone::default();
    let pat = Recipient::new(at(VALID)).phone("+1 555 0142");
    let (client, mut visitor) = arrive(&scene, pat, options(), Some(&telephone)).await;
    assert_eq!(offered(&visitor).await, ["email", "passcode", "sms"]);
    drop(client);
    // The same grant, at a host that has neither any more.
    let mut options = options();
    options.notice_from = None;
    visitor.router = router(&start(&scene, options, None).await);
    assert_eq!(offered(&visitor).await, ["passcode"]);
    for method in ["sms", "email"] {
        assert_eq!(visitor.start(method).await.status, 404);
    }
}

#[tokio::test]
async fn where_the_mail_host_fails_the_visitor_is_told_and_may_ask_again() {
    let scene = Scene::new(&[VALID]).await;
    let pat = Recipient::new(at(VALID));
    let (client, visitor) = arrive(&scene, pat, options(), None).await;
    offered(&visitor).await;
    for reply in ["450 4.2.0 later\r\n", "550 5.1.1 nobody\r\n"] {
        scene.script(VALID, When::Command("RCPT"), vec![Act::say(reply)]);
        let failed = visitor.start("email").await;
        assert!(failed.is(502, "channel"), "{}", failed.text());
        scene.advance(MINUTE);
    }
    scene.heal(VALID);
    // Nobody tries again but the visitor.
    client.deliver_due().await.unwrap();
    assert_eq!(scene.messages(VALID).len(), 1);
    assert_eq!(visitor.start("email").await.status, 200);
    let code = code(&scene.messages(VALID)[1]);
    let shown = visitor.verify("email", &code).await;
    assert_eq!(shown.json(), json!({"complete": true}));
}

#[tokio::test]
async fn a_telephone_that_fails_is_told_too() {
    let scene = Scene::new(&[VALID]).await;
    let telephone = Telephone::broken();
    let pat = Recipient::new(at(VALID)).phone("+1 555 0142");
    let (_, visitor) = arrive(&scene, pat, options(), Some(&telephone)).await;
    offered(&visitor).await;
    let failed = visitor.start("sms").await;
    assert!(failed.is(502, "channel"), "{}", failed.text());
}

#[tokio::test]
async fn a_code_does_not_go_below_the_floor_that_the_policy_has_for_it() {
    let scene = Scene::new(&[VALID]).await;
    let pat = Recipient::new(at(VALID));
    let (_client, visitor) = arrive(&scene, pat, options(), None).await;
    offered(&visitor).await;
    // The host lost its TLS.
    scene.becomes(&SandboxDomain::new(VALID));
    let failed = visitor.start("email").await;
    assert!(failed.is(502, "channel"), "{}", failed.text());
    assert_eq!(scene.messages(VALID).len(), 1);
    assert!(!contains(&scene.sandbox.overheard(VALID), "MAIL FROM"));
}

#[tokio::test]
async fn the_page_has_the_logo_of_the_mails() {
    let scene = Scene::new(&[VALID]).await;
    let client = start(&scene, options(), None).await;
    let answer = get(&router(&client), "/logo").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "image/png");
    assert_eq!(answer.body, png());
    let page = get(&router(&client), "/p/00000000000000000000000000000000").await;
    assert!(page.text().contains("Harbor Clinic") && page.text().contains("+1 555 0100"));
    for (bytes, kind) in [
        (&b"GIF89a....;"[..], "image/gif"),
        (b"\xff\xd8\xff\xe0JFIF\xff\xd9", "image/jpeg"),
    ] {
        let options = options().logo(Logo::new(bytes).unwrap());
        let client = start(&scene, options, None).await;
        let answer = get(&router(&client), "/logo").await;
        assert_eq!(answer.headers["content-type"], kind);
        assert_eq!(answer.body, bytes);
    }
}
