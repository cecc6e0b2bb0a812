//! What is said once the connection is good: content, limits, refusals,
//! greylisting, many messages on few connections.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use futures_util::future::join_all;
use mailseal::base::{Address, Recipient, RecipientId};
use mailseal::compose::{Attachment, Copy, Message, Visible};
use mailseal::policy::Policy;
use mailseal::testing::pki::CertKind;
use mailseal::{Client, Outcome, Status};

use super::postfix;
use super::world::{Maker, Table, World, has, message, tell};

async fn send(client: &Client, message: Message) -> Outcome {
    let plan = client.plan(message).await.unwrap();
    client.send(plan).await.unwrap().outcomes.remove(0)
}

async fn plain_world(y: u8) -> World {
    let world = Maker::new(24, y)
        .tls("valid", CertKind::Valid, &[])
        .start()
        .await;
    world.point("valid");
    world
}

/// What Postfix put on top is taken off, and its line ends of a file are made
/// those of the wire again.
fn as_sent(arrived: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(arrived.to_vec()).unwrap();
    let mut rest = text.as_str();
    let added = ["Return-Path:", "X-Original-To:", "Delivered-To:"];
    loop {
        let received = rest.starts_with("Received: from client.harbor.example");
        if !received && !added.iter().any(|name| rest.starts_with(name)) {
            return rest.replace('\n', "\r\n").into_bytes();
        }
        // A field goes on while lines begin with white space.
        let mut lines = rest.split_inclusive('\n');
        let mut length = lines.next().unwrap().len();
        length += lines
            .take_while(|line| line.starts_with([' ', '\t']))
            .map(str::len)
            .sum::<usize>();
        rest = &rest[length..];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_octet_arrives() {
    if !postfix::available() {
        return;
    }
    let world = plain_world(1).await;
    let client = world.client(Policy::hipaa()).await;
    let to = |local: &str| {
        let address: Address = format!("{local}@mail.example").parse().unwrap();
        Recipient::new(address).name("Zoë Ångström")
    };
    let builder = |local: &str| {
        Message::builder()
            .from("results@harbor.example".parse().unwrap())
            .to(to(local))
            .subject("Befund für Sie: žluťoučký kůň 馬")
    };
    let dots = ".\r\n..\r\n.start\r\n.\r\nend.\r\n\r\n.\r\n".to_owned();
    let long = format!("{}\r\nshort\r\n{}", "x".repeat(5_000), "é".repeat(3_000));
    let every: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let attached = builder("attached")
        .text("In the attachment.\r\n".to_owned())
        .html("<p>In the <b>attachment</b>: é</p>".to_owned())
        .attachment(Attachment::new(
            "scan.bin",
            "application/octet-stream",
            every,
        ))
        .attachment(Attachment::new(
            "bericht.txt",
            "text/plain; charset=utf-8",
            "grüße\r\n.\r\n".as_bytes().to_vec(),
        ));
    let raw = |local: &str, body: &str| {
        let text = format!(
            "From: results@harbor.example\r\nTo: {local}@mail.example\r\n\
             Date: Mon, 5 Jan 2026 09:00:00 +0000\r\nMessage-ID: <{local}@harbor.example>\r\n\
             Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\
             X-Odd:   kept \t as it is \r\n\r\n{body}"
        );
        Message::parse(text.as_bytes()).unwrap()
    };
    let cases = [
        ("dots", builder("dots").text(dots.clone()).build().unwrap()),
        ("long", builder("long").text(long).build().unwrap()),
        ("attached", attached.build().unwrap()),
        (
            "raw8bit",
            raw("raw8bit", "8 bit: grüße\r\nfrom here\r\nFrom here\r\n"),
        ),
        ("rawdots", raw("rawdots", &dots)),
        (
            "rawlong",
            raw("rawlong", &format!("{}\r\n", "y".repeat(998))),
        ),
    ];
    let mut table = Table::default();
    for (local, message) in cases {
        let plan = client.plan(message.clone()).await.unwrap();
        let id = format!("<{}@harbor.example>", plan.id());
        let copy = Copy::new(Visible::Only(RecipientId::new(0)), plan.made(), id);
        let rendered = message.render(&copy).unwrap();
        let outcome = client.send(plan).await.unwrap().outcomes.remove(0);
        assert_eq!(tell(&outcome), "delivered tls TLSv1.3 WebPki", "{local}");
        let arrived = as_sent(&world.arrived(&format!("{local}@mail.example")));
        let equal = if arrived == rendered.bytes() {
            "the octets that were rendered"
        } else {
            "other octets"
        };
        let expected = "the octets that were rendered";
        table.row(local, expected, equal, ["yes", "yes"]);
        // RFC 5321 section 4.5.3.1.6, without CRLF.
        let longest = arrived.split(|&b| b == b'\n').map(<[u8]>::len).max();
        assert!(longest <= Some(999), "{local}: {longest:?}");
    }
    table.judge("Content, from the renderer to the Maildir");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_limits() {
    if !postfix::available() {
        return;
    }
    let world = Maker::new(24, 2)
        .also(|postfix| {
            postfix
                .file("inboxes", "!/^nobody@/ inbox/\n")
                .set("virtual_mailbox_maps", "regexp:$config_directory/inboxes")
        })
        .tls("valid", CertKind::Valid, &[])
        .tls("small", CertKind::Valid, &[("message_size_limit", "20000")])
        .tls("ascii", CertKind::Valid, &[("smtputf8_enable", "no")])
        .tls(
            "busy",
            CertKind::Valid,
            &[("smtpd_client_restrictions", "static:{421 4.3.2 later}")],
        )
        .tls(
            "blocked",
            CertKind::Valid,
            &[("smtpd_sender_restrictions", "static:{554 5.7.1 blocked}")],
        )
        .start()
        .await;
    let large = |to: &str| {
        Message::builder()
            .from("results@harbor.example".parse().unwrap())
            .to(to.parse::<Address>().unwrap())
            .subject("large")
            .text("x".repeat(30_000))
            .build()
            .unwrap()
    };
    let mut table = Table::default();
    for (service, message, expected, mail_from) in [
        (
            "valid",
            message("nobody@mail.example"),
            "rejected tls TLSv1.3 WebPki PermanentReply 550 5.1.1",
            "yes",
        ),
        (
            "valid",
            message("päivi@mail.example"),
            "delivered tls TLSv1.3 WebPki",
            "yes",
        ),
        (
            "ascii",
            message("päivi@mail.example"),
            "rejected tls TLSv1.3 WebPki ExtensionMissing",
            "no",
        ),
        (
            "small",
            large("large@mail.example"),
            "rejected tls TLSv1.3 WebPki TooLarge",
            "no",
        ),
        (
            "small",
            message("small@mail.example"),
            "delivered tls TLSv1.3 WebPki",
            "yes",
        ),
        (
            "busy",
            message("busy@mail.example"),
            "deferred tls TLSv1.3 WebPki TransientReply 421 4.3.2",
            "yes",
        ),
        (
            "blocked",
            message("blocked@mail.example"),
            "rejected tls TLSv1.3 WebPki PermanentReply 554 5.7.1",
            "yes",
        ),
    ] {
        world.point(service);
        let client = world.client(Policy::hipaa()).await;
        let plan = client.plan(message).await.unwrap();
        let before = world.sessions(service).len();
        let outcome = client.send(plan).await.unwrap().outcomes.remove(0);
        let sessions = world.sessions(service).split_off(before);
        assert_eq!(sessions.len(), 1);
        let said = if sessions[0].saw("MAIL FROM") {
            "yes"
        } else {
            "no"
        };
        table.row(service, expected, &tell(&outcome), [mail_from, said]);
    }
    table.judge("Refusals and limits");
    let arrived = world.arrived("päivi@mail.example");
    assert!(has(&arrived, "with UTF8SMTPS id"), "RFC 6531 section 4.3");
}

/// Postfix' policy protocol (SMTPD_POLICY_README): puts off the first
/// question about each recipient, as greylisting does.
fn greylist() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the process: Postfix keeps its connections to it.
    std::thread::spawn(move || {
        let mut known = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
                if let Some(recipient) = line.strip_prefix("recipient=") {
                    let again = known.iter().any(|r| r == recipient);
                    known.push(recipient.to_owned());
                    let action = if again {
                        "dunno"
                    } else {
                        "451 4.7.1 greylisted"
                    };
                    let answer = format!("action={action}\n\n");
                    // The rest of the question is read before the answer.
                    while line != "\n" {
                        line.clear();
                        reader.read_line(&mut line).unwrap();
                    }
                    reader.get_mut().write_all(answer.as_bytes()).unwrap();
                }
                line.clear();
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greylisted_message_comes_later() {
    if !postfix::available() {
        return;
    }
    let check = format!("check_policy_service inet:{}", greylist());
    let world = Maker::new(24, 3)
        .tls(
            "grey",
            CertKind::Valid,
            &[("smtpd_recipient_restrictions", &check)],
        )
        .start()
        .await;
    world.point("grey");
    let client = world.client(Policy::hipaa()).await;
    let outcome = send(&client, message("grey@mail.example")).await;
    assert_eq!(
        tell(&outcome),
        "deferred tls TLSv1.3 WebPki TransientReply 451 4.7.1"
    );
    assert!(client.deliver_due().await.unwrap().outcomes.is_empty());
    world.clock.advance(Duration::from_secs(6 * 60));
    let report = client.deliver_due().await.unwrap();
    let [(_, outcome)] = report.outcomes.as_slice() else {
        panic!("one copy was due");
    };
    assert_eq!(tell(outcome), "delivered tls TLSv1.3 WebPki");
    assert_eq!(outcome.attempts, 2);
    world.arrived("grey@mail.example");
    assert!(client.unresolved().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_messages_share_a_few_connections() {
    if !postfix::available() {
        return;
    }
    let world = plain_world(4).await;
    let client = world.client(Policy::hipaa()).await;
    let outcomes = join_all((0..100).map(|i| {
        let client = &client;
        async move { send(client, message(&format!("many{i}@mail.example"))).await }
    }))
    .await;
    assert!(outcomes.iter().all(|o| o.status == Status::Delivered));
    world.postfix.wait_for_messages(100).unwrap();
    for i in 0..100 {
        world.arrived(&format!("many{i}@mail.example"));
    }
    assert_eq!(world.postfix.messages().len(), 100, "each arrived once");
    let sessions = world.sessions("valid");
    let used: Vec<usize> = sessions
        .iter()
        .map(|session| {
            let mails = session.commands.iter();
            mails.filter(|c| c.starts_with("MAIL FROM:")).count()
        })
        .filter(|count| *count > 0)
        .collect();
    assert_eq!(used.iter().sum::<usize>(), 100);
    assert!(used.len() <= 10, "{} connections", used.len());
    assert!(!world.postfix.log().contains("improper command pipelining"));
    println!("100 messages on {} connections: {used:?}", used.len());
}
