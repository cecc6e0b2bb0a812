//! The notice as it arrives: who it is from, where answers go, and that no
//! configuration and no message puts a field of its own into it.

use mailseal::base::Recipient;
use mailseal::compose::Message;
use mailseal::policy::Policy;
use mailseal::{Client, EscrowOptions};

use super::scene::{CANARY, CLEAR, Scene, address, at, contains, header, is_notice, only, read};

const BASE: &str = "https://pickup.sandbox.example";

async fn client(scene: &Scene, options: EscrowOptions) -> Client {
    let builder = scene.builder().policy(Policy::hipaa()).escrow(options);
    builder.build().await.unwrap()
}

/// A message with marks in all that its sender wrote.
fn marked() -> Message {
    let pat = Recipient::new(at(CLEAR)).name("Namemark Patient".to_owned());
    Message::builder()
        .from(address("clinic@harbor.example"))
        .sender_name("Sendermark")
        .to(pat)
        .subject("Subjectmark [secure] results")
        .text(format!("Bodymark {CANARY}"))
        .header("X-Thing", "Headermark")
        .build()
        .unwrap()
}

async fn notice(scene: &Scene, options: EscrowOptions) -> Vec<u8> {
    let client = client(scene, options).await;
    let receipt = super::scene::send(&client, marked()).await.unwrap();
    assert!(only(&receipt).grant.is_some());
    let received = scene.messages(CLEAR).pop().unwrap();
    assert!(is_notice(&received));
    received.content
}

/// The names of the header fields, in their order.
fn fields(content: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(content).into_owned();
    let head = text.split("\r\n\r\n").next().unwrap();
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap().to_ascii_lowercase())
        .filter(|name| name != "received" && name != "return-path")
        .collect()
}

#[tokio::test]
async fn a_notice_is_from_the_organisation_and_answers_go_to_the_page() {
    let scene = Scene::new(&[CLEAR]).await;
    let options = EscrowOptions::new(BASE, "Clínica del Puerto")
        .notice_from(address("no-reply@harbor.example"))
        .contact("+1 555 0100");
    let content = notice(&scene, options.clone()).await;
    let from = header(&content, "From").unwrap();
    assert!(from.ends_with("<no-reply@harbor.example>"), "{from}");
    let parsed = Message::parse(&content).unwrap();
    assert_eq!(parsed.sender(), &address("no-reply@harbor.example"));
    assert!(header(&content, "Reply-To").is_none());
    let auto = header(&content, "Auto-Submitted");
    assert_eq!(auto.as_deref(), Some("auto-generated"));
    let text = read(&content);
    for said in [
        "Clínica del Puerto",
        "+1 555 0100",
        "Please do not reply to this email",
        "You can answer on the page.",
    ] {
        assert!(text.contains(said), "{said}");
    }
    for mark in ["Subjectmark", "Bodymark", "Namemark", "Sendermark", "mark"] {
        assert!(!text.contains(mark) && !contains(&content, mark), "{mark}");
    }

    let options = options.notice_reply_to(address("desk@harbor.example"));
    let content = notice(&scene, options).await;
    let reply = header(&content, "Reply-To").unwrap();
    assert!(reply.contains("desk@harbor.example"));
}

/// The fields are the same whatever the organisation is called; with a
/// name that holds line ends there is no client.
#[tokio::test]
async fn a_name_adds_no_field() {
    let scene = Scene::new(&[CLEAR]).await;
    let from = address("no-reply@harbor.example");
    let named = |name: &str| {
        EscrowOptions::new(BASE, name)
            .notice_from(from.clone())
            .contact(name)
    };
    let usual = fields(&notice(&scene, named("Harbor Clinic")).await);
    assert!(usual.contains(&"from".to_owned()) && usual.len() > 6);
    let long = "x".repeat(200);
    for name in [
        "Harbor\" <evil@else.example>, \"x",
        "Harbor, Clinic; <a@b.example>",
        "=?utf-8?q?a=0d=0aBcc:_x@else.example?=",
        "Bcc: x@else.example",
        "Klinik Ünîcödé 診療所",
        &long,
    ] {
        let content = notice(&scene, named(name)).await;
        assert_eq!(fields(&content), usual, "{name}");
        let parsed = Message::parse(&content).unwrap();
        assert_eq!(parsed.sender(), &from, "{name}");
    }
    for name in ["Harbor\r\nBcc: x@else.example", "Harbor\nX: y", "a\rb"] {
        for options in [
            EscrowOptions::new(BASE, name),
            EscrowOptions::new(BASE, "Harbor Clinic").contact(name),
        ] {
            let builder = scene.builder().policy(Policy::hipaa()).escrow(options);
            let error = builder.build().await.unwrap_err();
            assert_eq!(error.code(), "escrow.notice");
        }
    }
}
