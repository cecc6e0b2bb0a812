//! What a subject and file names tell, and where they are shown.

use mailseal::base::{Address, Form, FormReason, KeyTrust, Route, Sensitivity, Timestamp};
use mailseal::compose::{Attachment, Message, PartContent};
use mailseal::dlp::{Confidence, Finding, FindingKind, Findings, Risk, Scanner};
use mailseal::policy::{Guard, Policy, Show};
use mailseal::seal::{KeyStatus, SealError, SealJob, Sealer};
use mailseal::testing::SandboxDomain;
use mailseal::testing::smtp::{Act, When};
use mailseal::{Client, Status};

use super::scene::{
    MINUTE, Scene, VALID, address, at, contains, entries, header, is_message, is_notice, only,
    pick_up, read, send,
};

const NAME: &str = "Lindqvist";
const SUBJECT: &str = "Biopsy of Pat Lindqvist";
const FILE: &str = "lindqvist biopsy.pdf";

/// Finds one name, wherever it stands, and says PHI where it does.
#[derive(Debug)]
struct OneName;

impl Scanner for OneName {
    fn scan(&self, message: &Message) -> Findings {
        let mut findings = Findings::default();
        for part in message.parts() {
            if let PartContent::Text(text) = part.content()
                && let Some(at) = text.expose().to_lowercase().find("lindqvist")
            {
                let span = at..at + NAME.len();
                let found = Finding::new(
                    FindingKind::Name,
                    part.part(),
                    span,
                    Confidence::High,
                    NAME.to_owned(),
                );
                findings.items.push(found);
            }
        }
        let sensitivity = match findings.items.is_empty() {
            true => Sensitivity::None,
            false => Sensitivity::Phi,
        };
        findings.risk = Some(Risk::new(sensitivity, Vec::new(), 0, Vec::new()));
        findings
    }
}

async fn client(scene: &Scene, policy: Policy) -> Client {
    let builder = scene.builder().policy(policy).scanner(OneName);
    builder.build().await.unwrap()
}

fn telling(to: &Address, sender_name: &str) -> Message {
    Message::builder()
        .from(address("office@harbor.example"))
        .sender_name(sender_name)
        .to(to.clone())
        .subject(SUBJECT)
        .text(format!("See the file. {}", super::scene::CANARY))
        .attachment(Attachment::new(FILE, "application/pdf", vec![1u8, 2]))
        .build()
        .unwrap()
}

/// What anybody sees who carries the message, or its notification.
fn outside(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content).into_owned();
    let lines = text
        .lines()
        .filter(|l| l.contains(": ") || l.contains("name="));
    lines.collect::<Vec<_>>().join("\n").to_lowercase()
}

#[tokio::test]
async fn by_tls_a_neutral_subject_and_neutral_names_are_shown() {
    for (sender_name, subject) in [
        ("Harbor Office", "A message from Harbor Office"),
        ("Harbor Kidney Center", "A secure message"),
    ] {
        let scene = Scene::new(&[VALID]).await;
        let client = client(&scene, Policy::hipaa()).await;
        let plan = client.plan(telling(&at(VALID), sender_name)).await.unwrap();
        assert_eq!(plan.neutral_subject().as_deref(), Some(subject));
        assert_eq!(plan.neutral_file_names(), ["attachment-1.pdf"]);
        let told = plan.explain(Show::Index);
        assert!(
            told.contains("  shown        a neutral one in place of the subject"),
            "{told}"
        );
        assert!(told.contains("  shown        attachment-1.pdf in place of"));
        assert!(told.contains("TLS: the subject holds PHI; a neutral one is shown"));
        assert!(!told.contains("Harbor") && !told.contains(NAME), "{told}");
        assert!(plan.explain(Show::Clear).contains(subject));

        let receipt = client.send(plan).await.unwrap();
        assert_eq!(only(&receipt).status, Status::Delivered);
        assert_eq!(only(&receipt).route, Some(Route::Tls));
        let arrived = &scene.messages(VALID)[0];
        assert!(is_message(arrived));
        assert_eq!(header(&arrived.content, "Subject").unwrap(), subject);
        assert!(!outside(&arrived.content).contains("lindqvist"));
        let inside = read(&arrived.content);
        assert!(
            inside.contains(&format!("Subject: {SUBJECT}\n")),
            "{inside}"
        );
        assert!(inside.contains(&format!("attachment-1.pdf: {FILE}\n")));
        let reasons = &entries(&client).await[0].record.reasons;
        for reason in ["policy.subject_replaced", "policy.file_names_replaced"] {
            assert!(reasons.iter().any(|r| r == reason), "{reasons:?}");
        }
    }
}

#[tokio::test]
async fn what_tells_nothing_or_needs_no_protection_stays_as_it_is() {
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, Policy::hipaa()).await;
    let plain = Message::builder()
        .from(address("office@harbor.example"))
        .to(at(VALID))
        .subject("Your visit")
        .text(format!("Dear {NAME}, {}", super::scene::CANARY))
        .build()
        .unwrap();
    let plan = client.plan(plain).await.unwrap();
    assert_eq!(plan.sensitivity(), Sensitivity::Phi);
    assert!(plan.neutral_subject().is_none() && plan.neutral_file_names().is_empty());
    client.send(plan).await.unwrap();
    let arrived = &scene.messages(VALID)[0].content;
    assert_eq!(header(arrived, "Subject").unwrap(), "Your visit");
    assert!(!contains(arrived, "multipart/mixed"));

    // The policy may leave them.
    let policy = Policy::hipaa()
        .subject(Guard::Protect)
        .file_names(Guard::Protect);
    let client = self::client(&scene, policy).await;
    send(&client, telling(&at(VALID), "x")).await.unwrap();
    let arrived = &scene.messages(VALID)[1].content;
    assert_eq!(header(arrived, "Subject").unwrap(), SUBJECT);
    assert!(contains(arrived, FILE));
}

#[tokio::test]
async fn a_policy_that_refuses_sends_it_by_a_route_that_shows_nothing() {
    for (policy, reason) in [
        (
            Policy::hipaa().subject(Guard::Refuse),
            "TLS: it would show the subject",
        ),
        (
            Policy::hipaa().file_names(Guard::Refuse),
            "TLS: it would show a file name",
        ),
    ] {
        let scene = Scene::new(&[VALID]).await;
        let client = client(&scene, policy).await;
        let plan = client.plan(telling(&at(VALID), "x")).await.unwrap();
        let told = plan.explain(Show::Index);
        assert!(told.contains(reason), "{told}");
        let receipt = client.send(plan).await.unwrap();
        assert_eq!(only(&receipt).route, Some(Route::Escrow));
        let notice = &scene.messages(VALID)[0];
        assert!(is_notice(notice) && !contains(&notice.content, NAME));
        let code = only(&receipt).passcode();
        if let Some(code) = code {
            // Who picks it up reads its own subject.
            let opened = pick_up(&client, notice, code).await.unwrap();
            let original = opened.message.expose();
            assert_eq!(header(original, "Subject").unwrap(), SUBJECT);
        }
    }
    // Where there is no such route, it is refused.
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, Policy::tls_exclusive().subject(Guard::Refuse)).await;
    let plan = client.plan(telling(&at(VALID), "x")).await.unwrap();
    assert_eq!(plan.refused().len(), 1);
    assert!(!scene.heard_mail(VALID));
}

#[tokio::test]
async fn a_signed_message_is_not_rewritten() {
    let raw = format!(
        "From: office@harbor.example\r\nTo: pat@{VALID}\r\nSubject: {SUBJECT}\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@harbor.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"\r\n\r\n--b\r\n\r\n{}\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n",
        super::scene::CANARY
    );
    let message = Message::parse(raw.as_bytes()).unwrap();
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, Policy::hipaa()).await;
    let plan = client.plan(message.clone()).await.unwrap();
    assert!(
        plan.explain(Show::Index)
            .contains("the message is signed or broken")
    );
    assert!(plan.neutral_subject().is_none());
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));

    let exclusive = self::client(&scene, Policy::tls_exclusive()).await;
    let plan = exclusive.plan(message).await.unwrap();
    assert_eq!(plan.refused().len(), 1);
    assert_eq!(scene.messages(VALID).len(), 1);
}

/// A message with these fields of its own, and this as its second part.
fn with(fields: &str, part: &str) -> Message {
    let raw = format!(
        "From: office@harbor.example\r\nTo: pat@{VALID}\r\nSubject: Visit\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@harbor.example>\r\n{fields}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{}\r\n--b\r\n{part}\r\n--b--\r\n",
        super::scene::CANARY
    );
    Message::parse(raw.as_bytes()).unwrap()
}

#[tokio::test]
async fn what_repeats_a_subject_or_describes_a_file_tells_as_much() {
    for (fields, part, of_subject) in [
        ("Thread-Topic: Lindqvist biopsy\r\n", "\r\nx", true),
        ("Keywords: Lindqvist\r\n", "\r\nx", true),
        ("X-Other: y\r\nComments: Lindqvist\r\n", "\r\nx", true),
        ("Content-Description: Lindqvist\r\n", "\r\nx", false),
        ("", "Content-Description: Lindqvist\r\n\r\nx", false),
        (
            "",
            "Content-Type: text/plain; name=a.txt\r\nContent-Description: Lindqvist\r\n\r\nx",
            false,
        ),
        // The second of two names.
        (
            "",
            "Content-Type: text/plain; name=Lindqvist.txt\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx",
            false,
        ),
    ] {
        let scene = Scene::new(&[VALID]).await;
        let client = client(&scene, Policy::hipaa()).await;
        let plan = client.plan(with(fields, part)).await.unwrap();
        assert_eq!(
            plan.neutral_subject().is_some(),
            of_subject,
            "{fields}{part}"
        );
        let told = plan.explain(Show::Index);
        let reason = "TLS: a file name holds PHI";
        assert_eq!(told.contains(reason), !of_subject, "{told}");
        client.send(plan).await.unwrap();
        let arrived = &scene.messages(VALID)[0].content;
        assert!(is_message(&scene.messages(VALID)[0]));
        assert!(!outside(arrived).contains("lindqvist"), "{fields}{part}");
        // Who reads it has it still.
        assert!(read(arrived).contains("Lindqvist"), "{fields}{part}");
    }
}

/// Of a part that two readers take differently nothing is replaced.
#[tokio::test]
async fn what_describes_a_broken_part_is_not_said_to_be_replaced() {
    for twice in [
        "Content-Type: text/plain\r\nContent-Type: text/html",
        "Content-Type: multipart/mixed; boundary=c; boundary=d",
    ] {
        let scene = Scene::new(&[VALID]).await;
        let client = client(&scene, Policy::hipaa()).await;
        let part = format!("{twice}\r\nContent-Description: Lindqvist\r\n\r\nx");
        let plan = client.plan(with("", &part)).await.unwrap();
        let told = plan.explain(Show::Index);
        assert!(told.contains("the message is signed or broken"), "{told}");
        let receipt = client.send(plan).await.unwrap();
        assert_eq!(only(&receipt).route, Some(Route::Escrow));
        let arrived = &scene.messages(VALID)[0].content;
        assert!(!outside(arrived).contains("lindqvist"));
    }
}

/// A name that stays bars only those for whom names matter.
#[tokio::test]
async fn a_name_that_stays_holds_no_subject_back() {
    let part = "Content-Type: message/rfc822\r\n\r\nFrom: a@x.example\r\nSubject: s\r\nContent-Type: text/plain; name=Lindqvist.txt\r\n\r\nx";
    let scene = Scene::new(&[VALID]).await;
    let policy = Policy::hipaa().file_names(Guard::Protect);
    let client = client(&scene, policy).await;
    let message = with("Keywords: Lindqvist\r\n", part);
    let plan = client.plan(message).await.unwrap();
    assert!(plan.neutral_subject().is_some());
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Tls));
    let arrived = &scene.messages(VALID)[0].content;
    assert!(!contains(arrived, "Keywords: Lindqvist"));
    let inside = read(arrived);
    assert!(inside.contains("Keywords: Lindqvist\n"), "{inside}");
}

#[tokio::test]
async fn a_file_of_a_message_within_keeps_its_name_and_shows_it_nowhere() {
    let inner = |name: &str| {
        format!(
            "Content-Type: message/rfc822\r\n\r\nFrom: a@x.example\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary=c; name=z\r\n\r\n--c\r\nContent-Type: text/plain; name=\"{name}\"\r\n\r\nx\r\n--c--\r\n\r\n--b\r\nContent-Type: text/plain; name=\"Lindqvist.txt\"\r\n\r\nx"
        )
    };
    for (name, route) in [("Lindqvist.txt", Route::Escrow), ("a.txt", Route::Tls)] {
        let scene = Scene::new(&[VALID]).await;
        let client = client(&scene, Policy::hipaa()).await;
        let plan = client.plan(with("", &inner(name))).await.unwrap();
        let told = plan.explain(Show::Index);
        let stays = told.contains("the message is signed or broken");
        assert_eq!(stays, route == Route::Escrow, "{told}");
        assert_eq!(plan.neutral_file_names().is_empty(), stays);
        let receipt = client.send(plan).await.unwrap();
        assert_eq!(only(&receipt).route, Some(route));
        let arrived = &scene.messages(VALID)[0].content;
        assert!(!outside(arrived).contains("lindqvist"));
    }
}

#[tokio::test]
async fn a_copy_that_waited_is_neutral_too_and_the_escrowed_one_is_whole() {
    let scene = Scene::new(&[VALID]).await;
    let first = client(&scene, Policy::hipaa()).await;
    let wait = vec![Act::say("450 4.2.0 later\r\n")];
    scene.script(VALID, When::Command("RCPT"), wait);
    let receipt = send(&first, telling(&at(VALID), "Harbor Office")).await;
    assert_eq!(only(&receipt.unwrap()).status, Status::Deferred);
    scene.heal(VALID);
    scene.advance(10 * MINUTE);
    // A restart in between.
    let second = client(&scene, Policy::hipaa()).await;
    let report = second.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    let arrived = &scene.messages(VALID)[0].content;
    assert_eq!(
        header(arrived, "Subject").unwrap(),
        "A message from Harbor Office"
    );
    assert!(!outside(arrived).contains("lindqvist"));

    // TLS was planned, and escrow took its place on the wire.
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, Policy::hipaa()).await;
    let plan = client.plan(telling(&at(VALID), "x")).await.unwrap();
    assert!(plan.neutral_subject().is_some());
    scene.becomes(&SandboxDomain::new(VALID));
    let receipt = client.send(plan).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.route, Some(Route::Escrow), "{outcome:?}");
    let notice = &scene.messages(VALID)[0];
    assert!(is_notice(notice));
    let opened = pick_up(&client, notice, outcome.passcode().unwrap()).await;
    let opened = opened.unwrap();
    let original = opened.message.expose();
    assert_eq!(header(original, "Subject").unwrap(), SUBJECT);
    assert!(contains(original, FILE));
}

#[tokio::test]
async fn a_copy_for_the_hosts_own_mailer_is_neutral_too() {
    let scene = Scene::new(&[VALID]).await;
    let client = client(&scene, Policy::hipaa()).await;
    let plan = client.plan(telling(&at(VALID), "x")).await.unwrap();
    let assured = Some(mailseal::base::TlsAssurance::Authenticated);
    let (_, sealed) = client.seal(plan, assured).await.unwrap();
    assert!(is_plain(&sealed[0].bytes));
    assert_eq!(
        header(&sealed[0].bytes, "Subject").unwrap(),
        "A message from x"
    );
    assert!(!outside(&sealed[0].bytes).contains("lindqvist"));
}

fn is_plain(bytes: &[u8]) -> bool {
    contains(bytes, super::scene::CANARY)
}

/// A sealer whose outer header shows the subject, or not; it "seals" nothing,
/// so that the test sees what it was given.
#[derive(Debug)]
struct Glass(bool);

impl Sealer for Glass {
    fn route(&self) -> Route {
        Route::Pgp
    }

    fn assess(&self, _: &Address, _: &Address, _: Timestamp) -> KeyStatus {
        KeyStatus::usable(KeyTrust::Pinned, Form::SeipdV1, FormReason::Default)
    }

    fn shows_subject(&self) -> bool {
        self.0
    }

    fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
        Ok(job.message.to_vec())
    }
}

#[tokio::test]
async fn a_seal_that_shows_the_subject_is_given_a_neutral_one() {
    for (shows, subject) in [(true, "A message from x"), (false, SUBJECT)] {
        let scene = Scene::new(&[VALID]).await;
        // TLS behind it would need a neutral one in any case.
        let policy = Policy::hipaa().ladder([Route::Pgp, Route::Tls]);
        let builder = scene.builder().policy(policy).scanner(OneName);
        let client = builder.sealer(Glass(shows)).build().await.unwrap();
        let receipt = send(&client, telling(&at(VALID), "x")).await.unwrap();
        assert_eq!(only(&receipt).route, Some(Route::Pgp));
        let arrived = &scene.messages(VALID)[0].content;
        assert_eq!(header(arrived, "Subject").unwrap(), subject);
        // File names lie inside what is sealed.
        assert!(contains(arrived, FILE));
    }
}
