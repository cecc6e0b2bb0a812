//! The harness itself, tried with a dialogue by hand and with OpenSSL: tests
//! that rely on what it says about a connection must be able to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::postfix::{self, Postfix, Session};

/// A connection that speaks SMTP a line at a time.
struct Dialogue {
    stream: BufReader<TcpStream>,
}

impl Dialogue {
    /// Connects and takes the greeting.
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut dialogue = Self {
            stream: BufReader::new(stream),
        };
        assert_eq!(dialogue.reply(), "220");
        dialogue
    }

    /// Sends `text` as it is and returns the code of the reply.
    fn say(&mut self, text: &str) -> String {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
        self.reply()
    }

    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            assert!(line.len() > 3, "the connection ended");
            if line.as_bytes().get(3) == Some(&b' ') {
                return line.chars().take(3).collect();
            }
        }
    }
}

/// A key and a self-signed certificate for `host`, both PEM.
fn self_signed(host: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (folder.path().join("key"), folder.path().join("cert"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", &format!("/CN={host}")])
        .args(["-addext", &format!("subjectAltName=DNS:{host}")])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    let read = |path| std::fs::read_to_string(path).unwrap();
    (read(&certificate), read(&key))
}

#[test]
fn a_message_arrives_and_the_log_tells_each_connection() {
    if !postfix::available() {
        return;
    }
    let mx = Postfix::mx("mx.harbor.example")
        .address([127, 0, 21, 1])
        .start()
        .unwrap();

    let mut first = Dialogue::open(mx.address());
    assert_eq!(first.say("EHLO client.example\r\n"), "250");
    assert_eq!(first.say("QUIT\r\n"), "221");
    drop(first);
    mx.wait_for_sessions(1).unwrap();

    let mut second = Dialogue::open(mx.address());
    assert_eq!(second.say("ehlo client.example\r\n"), "250");
    assert_eq!(second.say("mail from:<clinic@harbor.example>\r\n"), "250");
    assert_eq!(second.say("rcpt to:<pat@mail.example>\r\n"), "250");
    assert_eq!(second.say("data\r\n"), "354");
    assert_eq!(
        second.say("Subject: one\r\n\r\nthe body of it\r\n.\r\n"),
        "250"
    );
    assert_eq!(second.say("QUIT\r\n"), "221");
    drop(second);

    let sessions = mx.wait_for_sessions(2).unwrap();
    assert!(sessions[0].saw("EHLO") && !sessions[0].saw("MAIL FROM"));
    assert!(sessions[1].saw("MAIL FROM:<clinic@") && sessions[1].saw("RCPT TO"));
    assert!(sessions.iter().all(|session| session.tls.is_none()));
    let messages = mx.wait_for_messages(1).unwrap();
    let text = String::from_utf8(messages[0].clone()).unwrap();
    assert!(text.contains("Delivered-To: pat@mail.example"), "{text}");
    assert!(text.contains("the body of it"), "{text}");
    // A message is in the Maildir a moment before the log says so.
    mx.wait_for("a line of delivery", || (mx.sent() > 0).then_some(()))
        .unwrap();
    assert_eq!(mx.sent(), 1);
}

#[test]
fn starttls_is_offered_with_the_certificate_given() {
    if !postfix::available() {
        return;
    }
    let (chain, key) = self_signed("mx.harbor.example");
    let mx = Postfix::mx("mx.harbor.example")
        .address([127, 0, 21, 2])
        .certificate(&chain, &key)
        .start()
        .unwrap();

    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), &chain).unwrap();
    // With its input at an end, s_client closes after the handshake.
    let shaken = Command::new("openssl")
        .args(["s_client", "-starttls", "smtp", "-brief"])
        .args(["-connect", &mx.address().to_string()])
        .args(["-verify_return_error", "-verify_hostname"])
        .args(["mx.harbor.example", "-CAfile"])
        .arg(authority.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(shaken.success());

    let sessions = mx.wait_for_sessions(1).unwrap();
    assert!(sessions[0].saw("STARTTLS") && !sessions[0].saw("MAIL FROM"));
    let tls = sessions[0].tls.as_deref().unwrap();
    assert!(tls.starts_with("TLSv1.3 with cipher "), "{tls}");
}

#[test]
fn a_relay_hands_on_to_the_next_host() {
    if !postfix::available() {
        return;
    }
    let mx = Postfix::mx("mx.harbor.example")
        .address([127, 0, 21, 3])
        .start()
        .unwrap();
    let relay = Postfix::relay("relay.harbor.example", mx.address())
        .address([127, 0, 21, 4])
        .quiet()
        .start()
        .unwrap();

    let mut client = Dialogue::open(relay.address());
    for (line, code) in [
        ("EHLO client.example\r\n", "250"),
        ("MAIL FROM:<>\r\n", "250"),
        ("RCPT TO:<pat@mail.example>\r\n", "250"),
        ("DATA\r\n", "354"),
        ("Subject: two\r\n\r\nthrough the relay\r\n.\r\n", "250"),
    ] {
        assert_eq!(client.say(line), code, "{line}");
    }
    let messages = mx.wait_for_messages(1).unwrap();
    assert!(String::from_utf8_lossy(&messages[0]).contains("through the relay"));
    // The quiet one logs no commands; the other does. Their connections are
    // ended before the logs are read, for these are written by a process of
    // their own.
    assert_eq!(client.say("QUIT\r\n"), "221");
    let (quiet, told) = (relay.wait_for_sessions(1), mx.wait_for_sessions(1));
    assert_eq!(quiet.unwrap()[0].commands, Vec::<String>::new());
    assert!(told.unwrap()[0].saw("MAIL FROM"));
}

#[test]
fn what_cannot_start_says_why() {
    if !postfix::available() {
        return;
    }
    let taken = std::net::TcpListener::bind("127.0.21.5:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let message = Postfix::mx("mx.harbor.example")
        .address([127, 0, 21, 5])
        .port(port)
        .start()
        .unwrap_err();
    assert!(message.contains("did not start"), "{message}");
}

#[test]
fn a_session_knows_commands_by_their_start() {
    let session = Session {
        commands: vec!["mail FROM:<a@b.example>".to_owned()],
        ..Session::default()
    };
    assert!(session.saw("MAIL FROM"));
    assert!(!session.saw("RCPT TO"));
    assert!(!session.saw("MAIL FROM:<a@b.example> BODY=8BITMIME"));
}
