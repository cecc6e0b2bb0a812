//! `send` and `audit` as a person runs them, against a small internet in the
//! test's process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsString;
use std::path::PathBuf;

use mailseal::testing::pki::CertKind;
use mailseal::testing::smtp::{Act, SmtpPeer, When};
use mailseal::testing::{Sandbox, SandboxDomain};
use mailseal_examples::print::Paint;
use mailseal_examples::{Streams, audit, send};
use serde_json::Value;

/// What a program said and its exit code.
#[derive(Debug)]
struct Ran {
    code: u8,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn expect(&self, code: u8, words: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            let said = self.out.contains(word) || self.err.contains(word);
            assert!(said, "`{word}` in {self:?}");
        }
        self
    }

    #[track_caller]
    fn without(&self, words: &[&str]) -> &Self {
        for word in words {
            let said = self.out.contains(word) || self.err.contains(word);
            assert!(!said, "`{word}` in {self:?}");
        }
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("one JSON value")
    }
}

/// A folder with `mailseal.toml`, and the internet that it describes.
struct Desk {
    folder: tempfile::TempDir,
    sandbox: Sandbox,
}

impl Desk {
    async fn new(domains: Vec<SandboxDomain>) -> Self {
        let mut sandbox = Sandbox::new().await.unwrap();
        for domain in domains {
            sandbox.domain(domain).await.unwrap();
        }
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            sandbox,
        };
        desk.write("roots.pem", &desk.sandbox.authority().pem());
        desk.configure("[transport]\ndirect = true\nehlo = \"client.harbor.example\"\n");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// With this `[transport]` table.
    fn configure(&self, transport: &str) {
        let port = self
            .sandbox
            .host("mail.example")
            .map_or(25, |host| host.address().port());
        let text = format!(
            "database = \"mailseal.db\"\nkeys = \"mailseal.key\"\n\
             audit_origin = \"harbor.example/audit\"\n{transport}\
             [escrow]\nbase_url = \"https://pickup.harbor.example\"\n\
             organisation = \"Harbor Clinic\"\n\
             [network]\nresolver = \"{}\"\nsmtp_port = {port}\nroots = \"roots.pem\"\n\
             allow_internal = true\n",
            self.sandbox.dns().address(),
        );
        self.write("mailseal.toml", &text);
    }

    fn message(&self, to: &str) {
        self.write(
            "message.eml",
            &format!(
                "From: clinic@harbor.example\nTo: {to}\nSubject: Your visit\n\n\
                 Medicare 1EG4-TE5-MK73, HbA1c 9.1 %\n"
            ),
        );
    }

    fn arguments(&self, program: &str, words: &str) -> std::vec::IntoIter<OsString> {
        let config = self.path("mailseal.toml");
        let mut all = vec![program.into()];
        // A word that names a file of the folder stands for its path.
        all.extend(words.split_whitespace().map(|word| {
            let file = self.path(word);
            match word.contains('.') && !word.contains('@') {
                true => file.into_os_string(),
                false => word.into(),
            }
        }));
        all.extend(["--config".into(), config.into_os_string()]);
        all.into_iter()
    }

    async fn send(&self, words: &str) -> Ran {
        self.send_with(words, "").await
    }

    async fn send_with(&self, words: &str, input: &str) -> Ran {
        let mut input = input.as_bytes();
        let arguments = self.arguments("send", words);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams {
            input: &mut input,
            out: &mut out,
            err: &mut err,
            paint: Paint::none(),
        };
        let code = send::program(arguments, streams).await;
        ran(code, out, err)
    }

    async fn audit(&self, words: &str) -> Ran {
        let arguments = self.arguments("audit", words);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams {
            input: &mut std::io::empty(),
            out: &mut out,
            err: &mut err,
            paint: Paint::none(),
        };
        let code = audit::program(arguments, streams).await;
        ran(code, out, err)
    }
}

fn ran(code: u8, out: Vec<u8>, err: Vec<u8>) -> Ran {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        code,
        out: text(out),
        err: text(err),
    }
}

fn tls(domain: &str) -> SandboxDomain {
    SandboxDomain::new(domain).tls()
}

#[tokio::test]
async fn a_message_is_planned_sent_and_found_in_the_log() {
    let desk = Desk::new(vec![
        tls("mail.example"),
        SandboxDomain::new("clear.example"),
    ])
    .await;
    desk.message("pat@mail.example, kim@clear.example");

    let plan = desk.send("--dry-run message.eml").await;
    plan.expect(
        0,
        &[
            "found        health plan id × 1 in text",
            "r0 p***@m***.example: phi; send by TLS",
            "Nothing was sent",
        ],
    )
    .without(&["pat@mail.example", "1EG4"]);
    let picture = "From: clinic@harbor.example\nTo: pat@mail.example\nSubject: Hi\n\
                   MIME-Version: 1.0\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n\
                   iVBORw0KGgoAAAAN\n";
    let plan = desk.send_with("--dry-run -", picture).await;
    plan.expect(
        0,
        &["could not be scanned: a kind of file that is not read"],
    )
    .without(&["unsupported_type"]);
    assert!(desk.sandbox.messages("mail.example").is_empty());

    let sent = desk.send("message.eml").await;
    sent.expect(
        0,
        &[
            "r0 p***@m***.example  delivered   tls · TLSv1.3",
            "r1 k***@c***.example  delivered   escrow (p2) · no TLS",
            "to do: tell the recipient this pickup code by telephone",
        ],
    )
    .without(&["pat@mail.example", "1EG4"]);
    assert_eq!(desk.sandbox.messages("mail.example").len(), 1);
    assert_eq!(desk.sandbox.messages("clear.example").len(), 1);

    let receipt = sent.out.split("Receipt ").nth(1).unwrap();
    let receipt = receipt.split_whitespace().next().unwrap();
    desk.audit("show")
        .await
        .expect(
            0,
            &[
                "intent",
                "outcome",
                "found accepted not_built",
                "5 of 5 entries",
            ],
        )
        .without(&["pat@", "policy."]);
    desk.audit("query --address pat@mail.example")
        .await
        .expect(0, &["outcome", "TLSv1.3"])
        .without(&["clear"]);
    desk.audit(&format!("query --receipt {receipt}"))
        .await
        .expect(0, &["r0", "r1"]);
    desk.audit("query --address nobody@mail.example")
        .await
        .expect(0, &["Nothing is recorded about it."]);
    desk.audit("query")
        .await
        .expect(2, &["--address", "--receipt"]);

    let checkpoint = desk.audit("checkpoint").await;
    desk.write(
        "kept.txt",
        &checkpoint.expect(0, &["harbor.example/audit\n5\n"]).out,
    );
    let key = desk.audit("key").await.out;
    desk.send("message.eml").await.expect(0, &[]);
    desk.audit("verify kept.txt")
        .await
        .expect(0, &["verified 5 entries", "5 came after it"]);
    desk.audit("export log.jsonl")
        .await
        .expect(0, &["10 entries written"]);
    desk.audit("export log.jsonl")
        .await
        .expect(1, &["is there already", "[audit.file]"]);
    // With other keys nothing in the database could be read.
    let config = std::fs::read_to_string(desk.path("mailseal.toml")).unwrap();
    desk.write(
        "mailseal.toml",
        &config.replace("mailseal.key", "other.key"),
    );
    desk.send("message.eml")
        .await
        .expect(1, &["other keys", "[keys.mismatch]"]);
    desk.write("mailseal.toml", &config);

    let key = key.trim().to_owned();
    let mut arguments: Vec<OsString> = ["audit", "verify-export"].map(OsString::from).into();
    arguments.extend([desk.path("log.jsonl"), desk.path("kept.txt")].map(OsString::from));
    arguments.push(key.into());
    let verify = async || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams {
            input: &mut std::io::empty(),
            out: &mut out,
            err: &mut err,
            paint: Paint::none(),
        };
        let code = audit::program(arguments.clone().into_iter(), streams).await;
        ran(code, out, err)
    };
    verify().await.expect(0, &["verified 5 entries"]);
    let log = std::fs::read_to_string(desk.path("log.jsonl")).unwrap();
    desk.write("log.jsonl", &log.replacen("accepted", "rejected", 1));
    verify().await.expect(1, &["audit: ", "[audit."]);
}

#[tokio::test]
async fn json_is_one_object_with_what_a_script_needs() {
    let desk = Desk::new(vec![
        tls("mail.example"),
        SandboxDomain::new("clear.example"),
    ])
    .await;
    desk.message("pat@mail.example, kim@clear.example");
    let sent = desk.send("--json --show clear message.eml").await;
    let json = sent.expect(0, &[]).json();
    assert_eq!(json["plan"]["recipients"][0]["address"], "pat@mail.example");
    let outcomes = &json["receipt"]["outcomes"];
    assert_eq!(outcomes[0]["status"], "delivered");
    assert_eq!(outcomes[0]["tls"]["version"], "TLSv1.3");
    assert!(outcomes[0].get("passcode").is_none());
    assert_eq!(outcomes[1]["route"], "escrow");
    assert!(outcomes[1]["passcode"].is_string());
    let at = outcomes[0]["at"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.contains('T'), "{at}");

    let planned = desk.send("--json --dry-run --show index message.eml").await;
    let json = planned.expect(0, &[]).json();
    assert!(json["receipt"].is_null());
    assert!(json["plan"]["recipients"][0]["address"].is_null());

    let wrong = desk.send_with("--json -", "To: pat\n\nhello\n").await;
    let json = wrong.expect(1, &[]).json();
    assert!(
        json["error"]["code"]
            .as_str()
            .unwrap()
            .starts_with("compose.")
    );
    assert!(wrong.err.is_empty());
    let shown = desk.audit("show --json").await;
    assert_eq!(shown.json().as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn who_is_refused_is_dropped_or_nothing_is_sent() {
    let desk = Desk::new(vec![tls("mail.example")]).await;
    desk.message("x@nowhere.example, pat@mail.example");
    desk.send("message.eml")
        .await
        .expect(3, &["r0 x***@n***.example: phi; refused", "--drop r0"]);
    assert!(desk.sandbox.messages("mail.example").is_empty());
    desk.send("--drop r7 message.eml")
        .await
        .expect(1, &["no recipient r7", "[send.drop]"]);
    desk.send("--drop seven message.eml")
        .await
        .expect(2, &["expected r0"]);
    let sent = desk.send("--drop r0 message.eml").await;
    sent.expect(0, &["r0 x***@n***.example  refused\n", "delivered"]);
    assert_eq!(desk.sandbox.messages("mail.example").len(), 1);
    // Where everybody is refused there is nobody to send to.
    desk.message("x@nowhere.example");
    desk.send("message.eml")
        .await
        .expect(3, &[])
        .without(&["--drop"]);
}

#[tokio::test]
async fn what_waits_is_told() {
    let desk = Desk::new(vec![tls("mail.example").greylist()]).await;
    desk.message("pat@mail.example");
    desk.send("--due").await.expect(0, &["Nothing is due."]);
    desk.send("message.eml").await.expect(
        4,
        &[
            "deferred",
            "put off",
            "450 4.2.0",
            "next try from 20",
            "again with --due",
        ],
    );
    desk.send("--due")
        .await
        .expect(0, &["Nothing is due.", "Not at an end yet:", "deferred"]);
    let json = desk.send("--due --json").await.json();
    assert_eq!(json["waiting"][0]["status"], "deferred");
    assert_eq!(json["tried"].as_array().map(Vec::len), Some(0));
    desk.send("--due message.eml")
        .await
        .expect(2, &["cannot be used with"]);
}

#[tokio::test]
async fn the_hosts_own_words_are_shown_in_clear_only() {
    let desk = Desk::new(vec![tls("mail.example")]).await;
    let ip = "127.0.0.1:0".parse().unwrap();
    let cert = desk
        .sandbox
        .authority()
        .issue("mx.mail.example", CertKind::Valid);
    let refuse = Act::say("550 5.1.1 <pat@mail.example> is \x1b[31munknown\r\n");
    let peer = SmtpPeer::builder("mx.mail.example")
        .starttls(cert)
        .on(When::Command("RCPT"), vec![refuse])
        .bind(ip)
        .await
        .unwrap();
    desk.sandbox.dns().clear("mx.mail.example");
    desk.sandbox.dns().a("mx.mail.example", peer.address().ip());
    let text = std::fs::read_to_string(desk.path("mailseal.toml")).unwrap();
    let old = desk.sandbox.host("mail.example").unwrap().address().port();
    let new = peer.address().port();
    desk.write(
        "mailseal.toml",
        &text.replace(&format!("smtp_port = {old}"), &format!("smtp_port = {new}")),
    );
    desk.message("pat@mail.example");
    desk.send("message.eml")
        .await
        .expect(5, &["rejected", "refused at RCPT TO", "550 5.1.1"])
        .without(&["unknown"]);
    desk.send("--show clear message.eml")
        .await
        .expect(5, &["it said: ", "[31munknown"])
        .without(&["\x1b"]);
}

#[tokio::test]
async fn a_relay_needs_no_dns_for_the_recipients() {
    let desk = Desk::new(vec![]).await;
    let cert = desk
        .sandbox
        .authority()
        .issue("relay.harbor.example", CertKind::Valid);
    let relay = SmtpPeer::builder("relay.harbor.example")
        .implicit_tls(cert)
        .auth("PLAIN", "clinic", "correct horse")
        .bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let dns = desk.sandbox.dns();
    dns.a("relay.harbor.example", relay.address().ip());
    dns.servfail("far.example");
    let transport = format!(
        "[transport]\nrelay = \"smtps://clinic@relay.harbor.example:{}\"\n",
        relay.address().port()
    );
    // A variable that is set in every process; the peer knows its value as
    // little as that of one which is not.
    let declared = format!("{transport}onward = \"authenticated\"\n");
    desk.configure(&format!(
        "{declared}password_env = \"MAILSEAL_TEST_UNSET\"\n"
    ));
    desk.message("pat@far.example");
    desk.send("message.eml").await.expect(
        1,
        &["transport.password_env", "MAILSEAL_TEST_UNSET is not set"],
    );
    desk.configure(&format!("{declared}password_env = \"PATH\"\n"));
    desk.send("message.eml")
        .await
        .expect(4, &["deferred", "user or password refused at AUTH", "535"]);
    // Looking things up needs no password.
    desk.configure(&format!(
        "{declared}password_env = \"MAILSEAL_TEST_UNSET\"\n"
    ));
    desk.audit("show").await.expect(0, &["auth_refused"]);
    desk.configure(&declared);
    desk.send("message.eml")
        .await
        .expect(1, &["transport.password_env", "names a user"]);
    assert!(relay.messages().is_empty());
    assert!(dns.log().iter().all(|asked| !asked.contains("far.example")));
}

#[tokio::test]
async fn a_refusal_hints_at_what_is_not_configured() {
    let desk = Desk::new(vec![]).await;
    desk.message("pat@far.example");
    let text = "database = \"a.db\"\nkeys = \"a.key\"\n\
                [transport]\nrelay = \"smtps://relay.harbor.example\"\n";
    desk.write("mailseal.toml", text);
    desk.send("message.eml")
        .await
        .expect(3, &["transport.onward is not set"]);
}

#[tokio::test]
async fn complaints_name_the_key_and_make_no_files() {
    let desk = Desk::new(vec![]).await;
    desk.message("pat@mail.example");
    let head = "database = \"a.db\"\nkeys = \"a.key\"\n";
    let direct = "[transport]\ndirect = true\nehlo = \"a.example\"\n";
    for (text, words) in [
        (String::new(), ["missing field `database`", "[config.form]"]),
        (
            head.to_owned(),
            ["missing field `transport`", "[config.form]"],
        ),
        (
            format!("{head}[transport]\n"),
            ["either", "[config.transport]"],
        ),
        (
            format!("{head}[transport]\ndirect = true\n"),
            ["transport.ehlo", "[config.transport]"],
        ),
        (
            format!("{head}{direct}relay = \"smtps://a.example\"\n"),
            ["not both", "[config.transport]"],
        ),
        (
            format!("{head}[transport]\ndirekt = true\n"),
            ["unknown field `direkt`", "line 4"],
        ),
        (
            format!("{head}[transport]\nrelay = \"https://a.example\"\n"),
            ["transport.relay", "smtps"],
        ),
        (
            format!("{head}[transport]\nrelay = \"smtps://u:secret@a.example\"\n"),
            ["transport.password_env", "[deliver.relay_password_in_url]"],
        ),
        (
            format!("{head}[transport]\ndirect = true\nehlo = \"no name\"\n"),
            ["transport.ehlo", "[address.domain]"],
        ),
        (
            format!("policy = \"hippa\"\n{head}{direct}"),
            ["policy: `hippa`", "[config.policy]"],
        ),
        (
            format!("policy = \"message.eml\"\n{head}{direct}"),
            ["message.eml", "[policy."],
        ),
        (
            format!("{head}{direct}[network]\nroots = \"none.pem\"\n"),
            ["network.roots", "[config.roots]"],
        ),
        (
            format!("{head}{direct}[network]\nroots = \"message.eml\"\n"),
            ["network.roots", "[roots."],
        ),
    ] {
        desk.write("mailseal.toml", &text);
        let ran = desk.send("message.eml").await;
        ran.expect(1, &words).without(&["secret", "--help"]);
    }
    desk.write("mailseal.toml", &format!("{head}{direct}"));
    for (message, code) in [
        ("no header", "[compose."),
        ("", "[compose.missing_header]"),
        (
            "From: a@b.example\nTo: nobody\n\nx\n",
            "[compose.address_syntax]",
        ),
        (
            "From: a@b.example\nTo: c@d.example\n\n\0\n",
            "[compose.nul]",
        ),
    ] {
        desk.send_with("-", message)
            .await
            .expect(1, &["send: ", code]);
    }
    desk.send("none.eml")
        .await
        .expect(1, &["none.eml", "[send.read]"]);
    assert!(!desk.path("a.db").exists() && !desk.path("a.key").exists());
    desk.audit("show")
        .await
        .expect(1, &["nothing was sent", "[config.nothing_yet]"]);
    assert!(!desk.path("a.db").exists() && !desk.path("a.key").exists());

    std::fs::remove_file(desk.path("mailseal.toml")).unwrap();
    desk.send("message.eml")
        .await
        .expect(1, &["there is no ", "--help", "[config.read]"]);
    desk.send("--help").await.expect(
        0,
        &["Exit codes", "What mailseal.toml holds", "password_env"],
    );
}

/// The sample of `--help` is one that can be read.
#[tokio::test]
async fn the_sample_is_a_configuration() {
    let desk = Desk::new(vec![]).await;
    desk.write("mailseal.toml", mailseal_examples::config::SAMPLE);
    desk.message("pat@mail.example");
    desk.send("message.eml")
        .await
        .expect(1, &["CLINIC_PASSWORD is not set"]);
    let bare = mailseal_examples::config::SAMPLE.replace("# [n", "[n");
    let all: String = bare
        .lines()
        .map(|line| {
            let known = [
                "resolver",
                "smtp_port",
                "https_port",
                "roots",
                "allow_internal",
            ];
            let rest = line.trim_start_matches("# ");
            let line = if known.iter().any(|k| rest.starts_with(k)) {
                rest
            } else {
                line
            };
            format!("{line}\n")
        })
        .collect();
    desk.write("mailseal.toml", &all);
    desk.send("message.eml")
        .await
        .expect(1, &["CLINIC_PASSWORD is not set"]);
}
