//! On disk, as a host runs it: two processes on one file, and what a thief of
//! the file can read.

use std::collections::BTreeSet;
use std::path::Path;

use mailseal::base::{Keys, Recipient};
use mailseal::compose::Message;
use mailseal::dlp::RuleScanner;
use mailseal::policy::Policy;
use mailseal::testing::smtp::{Act, When};
use mailseal::{Client, Status, Storage};

use super::scene::{
    CANARY, CLEAR, HOUR, Scene, VALID, address, at, contains, draft, is_notice, only, pick_up, send,
};

async fn open(scene: &Scene, folder: &Path) -> Client {
    let storage = Storage::sqlite(folder.join("mailseal.db")).unwrap();
    let keys = Keys::file(folder.join("mailseal.key")).unwrap();
    let builder = scene.sandbox.builder(storage, keys).unwrap();
    let builder = builder.policy(Policy::hipaa()).scanner(RuleScanner::new());
    builder.build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_file_deliver_each_copy_once() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new(&[VALID]).await;
    let wait = vec![Act::say("450 4.2.0 later\r\n")];
    scene.script(VALID, When::Command("RCPT"), wait);
    let a = open(&scene, folder.path()).await;
    let b = open(&scene, folder.path()).await;
    let many = draft(&at(VALID), |mut m| {
        for n in 0..20 {
            m = m.to(address(&format!("p{n}@{VALID}")));
        }
        m
    });
    send(&a, many).await.unwrap();
    scene.heal(VALID);
    scene.advance(HOUR);
    let (one, two) = tokio::join!(a.deliver_due(), b.deliver_due());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.failed, two.failed), (0, 0));
    assert_eq!(one.outcomes.len() + two.outcomes.len(), 21);
    let messages = scene.messages(VALID);
    let to: BTreeSet<_> = messages.iter().map(|m| m.recipients.clone()).collect();
    assert_eq!((messages.len(), to.len()), (21, 21));
    let checkpoint = a.audit().checkpoint().await.unwrap();
    b.audit().verify(&checkpoint).await.unwrap();
}

#[tokio::test]
async fn the_files_tell_nothing_without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new(&[VALID, CLEAR]).await;
    let client = open(&scene, folder.path()).await;
    // One delivered, one escrowed, one waiting.
    let to = |domain: &str| {
        Message::builder()
            .from(address("clinic@harbor.example"))
            .to(Recipient::new(at(domain))
                .phone("+1 555 0100")
                .name("Pat Lindqvist"))
            .subject("Your visit")
            .text(format!("We open at nine. {CANARY}"))
            .idempotency_key("visit-17-of-pat")
    };
    let sent = |m: Message| send(&client, m);
    sent(to(VALID).build().unwrap()).await.unwrap();
    let keyed = to(CLEAR)
        .idempotency_key("visit-18-of-pat")
        .build()
        .unwrap();
    let escrowed = sent(keyed).await.unwrap();
    let code = only(&escrowed).passcode().unwrap().clone();
    let wait = vec![Act::say("450 4.2.0 pat@valid.example is away\r\n")];
    scene.script(VALID, When::Command("RCPT"), wait);
    let keyed = to(VALID)
        .idempotency_key("visit-19-of-pat")
        .build()
        .unwrap();
    let waiting = sent(keyed).await.unwrap();
    assert_eq!(only(&waiting).status, Status::Deferred);

    let mut octets = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e != "key") {
            octets.extend(std::fs::read(path).unwrap());
        }
    }
    assert!(octets.len() > 10_000);
    let notice = &scene.messages(CLEAR)[0];
    let share = super::scene::link(notice)
        .unwrap()
        .code()
        .expose()
        .replace('-', "");
    for secret in [
        CANARY,
        VALID,
        CLEAR,
        "Lindqvist",
        "Your visit",
        "555 0100",
        "of-pat",
        "is away",
        "harbor",
        code.expose(),
        &share,
    ] {
        assert!(!contains(&octets, secret), "{secret}");
    }

    // And all of it is there for who has the key.
    drop(client);
    scene.heal(VALID);
    scene.advance(HOUR);
    let client = open(&scene, folder.path()).await;
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
    assert!(is_notice(notice));
    pick_up(&client, notice, &code).await.unwrap();
    assert_eq!(client.audit().about(&at(VALID)).await.unwrap().len(), 6);
}
