//! What is refused, of every kind: no error repeats what it was given.

use std::path::Path;

use mailseal::audit::{Checkpoint, VerifierKey, verify_export};
use mailseal::base::{Address, Domain, Keys, Recipient};
use mailseal::compose::{Attachment, Copy, Limits, Message, Visible};
use mailseal::deliver::Smtp;
use mailseal::discover::{CertificateFormat, PinnedKeys, StsPolicy};
use mailseal::escrow::Link;
use mailseal::policy::{Policy, Show};
use mailseal::storage::SqliteStore;
use mailseal::testing::{Sandbox, SandboxDomain};
use mailseal::wire::tls::Roots;
use mailseal::{Client, EscrowOptions, Storage};

use super::evidence::Evidence;
use super::marks::Marks;

pub(crate) async fn all_kinds(folder: &Path, marks: &Marks, seen: &mut Evidence) {
    addresses(marks, seen);
    building(marks, seen);
    parsing(marks, seen);
    policies(marks, seen);
    relays_links_and_logs(marks, seen).await;
    files(folder, marks, seen);
    config(marks, seen).await;
}

fn addresses(marks: &Marks, seen: &mut Evidence) {
    let (local, domain) = (&marks.local, &marks.domain);
    for text in [
        local.clone(),
        format!("{local}@"),
        format!("{local} {local}@{domain}.example"),
        format!("{local}@-{domain}.example"),
        format!("{local}@{domain}..example"),
        format!("{local}@[192.0.2.1]"),
        format!("{local}\r\nBcc: {local}@{domain}.example"),
        format!("{}@{domain}.example", local.repeat(10)),
        format!("\"{local}@{domain}.example"),
    ] {
        seen.fails("address", text.parse::<Address>());
    }
    seen.fails("domain", format!("{domain} {domain}").parse::<Domain>());
    seen.fails("show", marks.subject.parse::<Show>());
    seen.fails("id", marks.local.parse::<mailseal::base::ReceiptId>());
}

fn building(marks: &Marks, seen: &mut Evidence) {
    let base = || {
        Message::builder()
            .from(marks.sender())
            .to(marks.recipient("tls"))
    };
    let file =
        |name: &str, kind: &str| Attachment::new(name, kind, marks.content.clone().into_bytes());
    let (subject, text) = (&marks.subject, &marks.text);
    seen.debug(&base().subject(subject).text(text.clone()));
    for (label, built) in [
        (
            "subject",
            base().subject(format!("{subject}\r\nBcc: x")).build(),
        ),
        ("long", base().subject(subject.repeat(100_000)).build()),
        ("nul", base().subject("x").text(format!("{text}\0")).build()),
        (
            "header name",
            base().header(format!("{subject} x"), "v").build(),
        ),
        (
            "header value",
            base().header("X-A", format!("{subject}\n{text}")).build(),
        ),
        ("reserved", base().header("Subject", subject).build()),
        (
            "file name",
            base()
                .attachment(file(&format!("{}\r\n", marks.file), "a/b"))
                .build(),
        ),
        (
            "media type",
            base()
                .attachment(file("a", &format!("{} x", marks.file)))
                .build(),
        ),
        (
            "multipart",
            base()
                .attachment(file("a", &format!("multipart/{}", marks.file)))
                .build(),
        ),
        (
            "sender name",
            base().sender_name(format!("{}\0", marks.name)).build(),
        ),
        (
            "name",
            base()
                .cc(marks.recipient("tls").name(format!("{}\r", marks.name)))
                .build(),
        ),
        (
            "reason",
            base()
                .assert_no_phi(format!("{}\r\n", marks.reason))
                .build(),
        ),
        (
            "no reason",
            base().subject(subject).assert_no_phi(" ").build(),
        ),
    ] {
        match built {
            Ok(message) => seen.debug(&message),
            Err(error) => seen.error(label, error),
        }
    }
    let mut limits = Limits::default();
    limits.message_bytes = 100;
    seen.fails(
        "too large",
        base().text(text.repeat(100)).limits(limits).build(),
    );
    let message = base().subject(subject).text(text.clone()).build().unwrap();
    let other = Recipient::new(marks.address("other")).phone(&marks.phone);
    seen.fails("details", message.clone().with_recipient_details(other));
    let now = mailseal::base::Timestamp::from_unix_ms(0);
    let copy = Copy::new(Visible::All, now, format!("{subject} x")).subject(subject);
    seen.debug(&copy);
    seen.fails("message id", message.render(&copy));
    let id = format!("id@{}.example", marks.domain);
    let copy = Copy::new(Visible::All, now, id);
    seen.debug(&copy);
    seen.debug(&message.render(&copy).unwrap());
}

fn parsing(marks: &Marks, seen: &mut Evidence) {
    let (local, domain, text) = (&marks.local, &marks.domain, &marks.text);
    let from = format!("From: {local}@{domain}.example\r\n");
    let to = format!("To: {} <{local}@{domain}.example>\r\n", marks.name);
    let whole = |more: &str, body: &str| format!("{from}{to}{more}\r\n{body}\r\n").into_bytes();
    let good = Message::parse(&whole(&format!("Subject: {}\r\n", marks.subject), text)).unwrap();
    seen.debug(&good);
    for (label, raw) in [
        ("no from", format!("{to}\r\n{text}\r\n").into_bytes()),
        ("no to", format!("{from}\r\n{text}\r\n").into_bytes()),
        ("two from", whole(&from, text)),
        (
            "authors",
            whole("", "")
                .iter()
                .map(|&b| if b == b'<' { b',' } else { b })
                .collect(),
        ),
        ("no header", whole(&format!("{text} {text}\r\n"), "")),
        ("nul", whole(&format!("X-A: {text}\0\r\n"), "")),
        ("bare cr", whole("", &format!("{text}\r{text}"))),
        ("bare lf", whole("", &format!("{text}\n{text}"))),
        (
            "8 bit",
            [whole("", ""), b"X: \xff\r\n".to_vec()]
                .concat()
                .split_off(0),
        ),
        ("long line", whole("", &text.repeat(100))),
        (
            "long header",
            whole(&format!("X-A: {}\r\n", text.repeat(100_000)), ""),
        ),
        (
            "cc",
            whole(&format!("Cc: {local}@{domain}.example {local}\r\n"), ""),
        ),
        (
            "cc address",
            whole(&format!("Cc: {local}@{domain}..example\r\n"), ""),
        ),
        (
            "resent",
            whole(&format!("Resent-To: {local}@{domain}.example\r\n"), ""),
        ),
        (
            "latin",
            [
                format!("X-{text}: ").as_bytes(),
                b"\xff\r\n",
                &whole("", text),
            ]
            .concat(),
        ),
        ("deep", deep(&whole("", ""), marks)),
    ] {
        match Message::parse(&raw) {
            Ok(message) => seen.debug(&message),
            Err(error) => seen.error(label, error),
        }
    }
}

/// Parts in parts, each boundary a mark.
fn deep(headers: &[u8], marks: &Marks) -> Vec<u8> {
    let mut raw = headers
        .strip_suffix(b"\r\n\r\n")
        .unwrap_or(headers)
        .to_vec();
    for level in 0..120 {
        let boundary = format!("{}{level}", marks.text);
        raw.extend_from_slice(
            format!("Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n")
                .as_bytes(),
        );
    }
    raw
}

fn policies(marks: &Marks, seen: &mut Evidence) {
    let (local, domain, rule) = (&marks.local, &marks.domain, &marks.rule);
    for text in [
        format!("preset = \"{local}\""),
        format!("preset = \"hipaa\"\n{local} = \"{local}"),
        format!("preset = \"hipaa\"\n\"{local}@{domain}.example\" = 1"),
        format!("preset = \"hipaa\"\n[[rule]]\nname = \"{rule}\"\nrecipients = [\"{local} x\"]"),
        format!("preset = \"hipaa\"\n[[rule]]\nname = \"{rule}\"\ndomains = [\"{domain}..x\"]"),
        format!("preset = \"hipaa\"\n[[rule]]\nname = \"{rule}\"\nkinds = [\"{local}\"]"),
        format!("preset = \"hipaa\"\n[[partner]]\ndomain = \"{domain}\"\nspki = \"{local}\""),
        format!("preset = \"hipaa\"\nladder = [\"{local}\"]"),
        format!("preset = \"hipaa\"\n[phi]\ntls = \"{local}\""),
        format!("# {local}\n").repeat(100_000),
    ] {
        seen.fails("policy", Policy::from_toml(&text));
    }
}

async fn relays_links_and_logs(marks: &Marks, seen: &mut Evidence) {
    let (user, password, domain) = (&marks.user, &marks.password, &marks.domain);
    for url in [
        user.clone(),
        format!("https://{user}@{domain}.example"),
        format!("smtps://{user}:{password}@{domain}.example"),
        format!("smtps://{user}@{domain}.example/{password}"),
        format!("smtps://{user}@{domain}.example?{password}"),
        format!("smtps://{user}%0a@{domain}.example"),
        format!("smtps://{user}@192.0.2.1"),
    ] {
        seen.fails("relay", Smtp::relay(&url));
    }
    let word = &marks.text;
    for text in [
        word.clone(),
        format!("https://{domain}.example/{word}#{word}"),
        format!("https://{domain}.example/p/{word}#{word}"),
        format!("https://{user}@{domain}.example/#{word}"),
    ] {
        seen.fails("link", Link::parse(&text));
    }
    seen.fails("typed", Link::from_typed("https://x.example", word, word));
    for text in [
        word.clone(),
        format!("{word}\n1\n{word}\n\n— {word} {word}\n"),
        format!("x.example\n{word}\nAAAA\n\n— x.example AAAA\n"),
    ] {
        seen.fails("checkpoint", text.parse::<Checkpoint>());
        seen.fails("verifier key", text.parse::<VerifierKey>());
    }
    let sandbox = Sandbox::new().await.unwrap();
    let client = sandbox.client(Policy::hipaa()).await.unwrap();
    let checkpoint = client.audit().checkpoint().await.unwrap();
    let key = client.audit().verifier_key();
    let long = word.repeat(1_000_000);
    for export in [word.as_bytes(), long.as_bytes()] {
        if let Err(error) = verify_export(export, &checkpoint, key) {
            seen.error("export", error);
        }
    }
    for text in [
        format!("version: {word}"),
        format!("version: STSv1\nmode: {word}\nmx: {domain}.example\nmax_age: 1"),
        format!("version: STSv1\nmode: enforce\nmx: {domain} x\nmax_age: 86400"),
        format!("version: STSv1\nmode: enforce\nmx: {domain}.example\nmax_age: {word}"),
    ] {
        seen.fails("sts", StsPolicy::parse(&text));
    }
}

fn files(folder: &Path, marks: &Marks, seen: &mut Evidence) {
    let elsewhere = tempfile::tempdir_in(folder.parent().unwrap()).unwrap();
    let path = elsewhere.path().join(&marks.local);
    seen.fails("no such folder", Keys::file(path.join("x").join("y")));
    seen.fails(
        "no such folder",
        SqliteStore::open(path.join("x").join("y")),
    );
    seen.fails("no such folder", Storage::sqlite(path.join("x").join("y")));
    std::fs::write(&path, format!("mailseal-key-1 {}", marks.password)).unwrap();
    std::os::unix::fs::PermissionsExt::set_mode(
        &mut std::fs::metadata(&path).unwrap().permissions(),
        0o600,
    );
    seen.fails("no key", Keys::file(&path));
    seen.fails("no database", SqliteStore::open(&path));
    seen.fails("no pem", Roots::from_pem(marks.text.as_bytes()));
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        marks.text
    );
    seen.fails("bad pem", Roots::from_pem(pem.as_bytes()));
    seen.fails("bad der", Roots::from_der([marks.text.as_bytes()]));
    seen.fails("no certificates", PinnedKeys::folder(&path));
    let pinned = PinnedKeys::new();
    for kind in [
        CertificateFormat::OpenPgpArmored,
        CertificateFormat::OpenPgpBinary,
        CertificateFormat::X509Pem,
        CertificateFormat::X509Der,
    ] {
        let bytes = marks.text.as_bytes();
        if let Err(error) = pinned.pin(&marks.address("tls"), kind, bytes) {
            seen.error("certificate", error);
        }
    }
    seen.debug(&pinned);
}

async fn config(marks: &Marks, seen: &mut Evidence) {
    let mut sandbox = Sandbox::new().await.unwrap();
    let builder = || {
        sandbox
            .builder(Storage::memory(), Keys::make_ephemeral())
            .unwrap()
    };
    seen.debug(&builder());
    let url = format!("http://{}.example/{}?#", marks.domain, marks.text);
    let escrow = EscrowOptions::new(url, &marks.name);
    let built = builder()
        .policy(Policy::hipaa())
        .escrow(escrow)
        .build()
        .await;
    seen.fails("escrow url", built);
    let origin = format!("{} {}", marks.domain, marks.text);
    let built = builder()
        .policy(Policy::hipaa())
        .audit_origin(origin)
        .build()
        .await;
    seen.fails("origin", built);
    let network = sandbox.network().unwrap();
    let smtp = Smtp::direct(network, marks.domain("me").parse().unwrap());
    seen.debug(&smtp);
    let built = Client::builder()
        .policy(Policy::hipaa())
        .storage(Storage::memory())
        .keys(Keys::make_ephemeral())
        .transport(smtp)
        .build()
        .await;
    seen.fails("no discovery", built);
    // Escrow is the only way, and there is none.
    sandbox
        .domain(SandboxDomain::new(marks.domain("none")))
        .await
        .unwrap();
    let client = Client::builder()
        .policy(Policy::hipaa())
        .storage(Storage::memory())
        .keys(Keys::make_ephemeral())
        .transport(Smtp::direct(
            sandbox.network().unwrap(),
            "me.sandbox.example".parse().unwrap(),
        ))
        .discovery(mailseal::discover::Fixed::new())
        .build()
        .await
        .unwrap();
    let plan = client
        .plan(marks.message(marks.recipient("none")))
        .await
        .unwrap();
    seen.debug(&plan);
    match client.send(plan).await {
        Ok(receipt) => seen.debug(&receipt),
        Err(error) => seen.error("no escrow", error),
    }
}
