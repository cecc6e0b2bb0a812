//! Composing, parsing and rendering messages, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mailseal::base::{Address, AddressError, Phi, Recipient, RecipientId, Role, Timestamp};
use mailseal::compose::{
    Attachment, Builder, ComposeError, Copy, Disclosure, HasRecipient, HasSender, Limits, Message,
    PartContent, Visible,
};
use mailseal::dlp::Part;

mod charsets;
mod inline;
mod neutral;
mod properties;
mod shown;

fn to(s: &str) -> Recipient {
    Recipient::new(s.parse().unwrap())
}

fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_700_000_000_000)
}

fn only(index: u32) -> Copy {
    let visible = Visible::Only(RecipientId::new(index));
    Copy::new(visible, now(), "<m1@harbor.example>")
}

fn all() -> Copy {
    Copy::new(Visible::All, now(), "<m1@harbor.example>")
}

fn text(message: &Message, copy: &Copy) -> String {
    String::from_utf8(message.render(copy).unwrap().bytes().to_vec()).unwrap()
}

/// The header lines of a copy, unfolded.
fn head(message: &Message, copy: &Copy) -> Vec<String> {
    let text = text(message, copy);
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let flat = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    flat.split("\r\n").map(str::to_owned).collect()
}

fn parts(message: &Message) -> Vec<(Part, String)> {
    let shown = |content| match content {
        PartContent::Text(t) => t.expose().clone(),
        PartContent::Binary(b) => format!("<{} bytes>", b.expose().len()),
        PartContent::Unreadable(why) => format!("<{why}>"),
        _ => unreachable!(),
    };
    message
        .parts()
        .iter()
        .map(|p| (p.part(), shown(p.content())))
        .collect()
}

fn visit() -> Builder<HasSender, HasRecipient> {
    Message::builder()
        .from("clinic@harbor.example".parse::<Address>().unwrap())
        .to(to("pat@mail.example").name("Pat Lindqvist"))
        .subject("Your visit")
}

const HEAD: &str = "From: clinic@harbor.example\r\nTo: pat@mail.example\r\nSubject: Your visit\r\n\
Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@harbor.example>\r\n";

fn plain() -> String {
    format!("{HEAD}\r\nHello\r\n.\r\n..\r\nno final line end")
}

fn refused(raw: impl AsRef<[u8]>) -> ComposeError {
    Message::parse(raw.as_ref()).unwrap_err()
}

// ---- building

#[test]
fn a_built_message_has_the_headers_asked_for_and_no_other() {
    let message = visit()
        .sender_name("Harbor Clinic")
        .reply_to("desk@harbor.example".parse().unwrap())
        .cc(to("kin@mail.example"))
        .header("List-Unsubscribe", "<https://harbor.example/u>")
        .text("Hello")
        .build()
        .unwrap();
    assert_eq!(
        head(&message, &all()),
        [
            "From: \"Harbor Clinic\" <clinic@harbor.example>",
            "Reply-To: <desk@harbor.example>",
            "To: \"Pat Lindqvist\" <pat@mail.example>",
            "Cc: <kin@mail.example>",
            "Subject: Your visit",
            "List-Unsubscribe: <https://harbor.example/u>",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Message-ID: <m1@harbor.example>",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=\"utf-8\"",
            "Content-Transfer-Encoding: 7bit",
        ]
    );
}

#[test]
fn header_injection_is_refused_wherever_a_header_is_made() {
    for bad in [
        "a\r\nBcc: x@y.example",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u{85}b",
        "a\u{1b}b",
    ] {
        let file = |name: &str, media: &str| Attachment::new(name, media, b"x".to_vec());
        for (field, built) in [
            ("subject", visit().subject(bad).build()),
            (
                "display name",
                visit().cc(to("a@x.example").name(bad)).build(),
            ),
            ("display name", visit().sender_name(bad).build()),
            ("header value", visit().header("X-A", bad).build()),
            ("header name", visit().header(bad, "x").build()),
            (
                "file name",
                visit().attachment(file(bad, "text/plain")).build(),
            ),
            ("media type", visit().attachment(file("a", bad)).build()),
        ] {
            let error = ComposeError::HeaderInjection { field };
            assert_eq!(built.unwrap_err(), error, "{bad:?}");
        }
        let message = visit().build().unwrap();
        assert_eq!(
            message.render(&all().subject(bad)).unwrap_err(),
            ComposeError::HeaderInjection { field: "subject" }
        );
        let copy = Copy::new(Visible::All, now(), format!("<{bad}@x.example>"));
        assert_eq!(message.render(&copy).unwrap_err(), ComposeError::MessageId);
    }
}

#[test]
fn fields_that_mailseal_writes_cannot_be_added() {
    for name in [
        "Bcc",
        "to",
        "Date",
        "Message-ID",
        "Content-Type",
        "Resent-To",
        "MIME-Version",
        "ARC-Seal",
    ] {
        let built = visit().header("X-A", "1").header(name, "x").build();
        assert_eq!(
            built.unwrap_err(),
            ComposeError::ReservedHeader { index: 1 },
            "{name}"
        );
    }
    for name in ["", "a b", "a:b", "ä"] {
        let built = visit().header(name, "x").build();
        assert_eq!(built.unwrap_err(), ComposeError::HeaderName { index: 0 });
    }
}

#[test]
fn media_types_are_checked() {
    for media in [
        "text",
        "text/",
        "/x",
        "te xt/plain",
        "multipart/mixed",
        "message/rfc822",
        "text/plain; a",
        "text/plain; name=x",
    ] {
        let built = visit()
            .attachment(Attachment::new("a", media, b"x".to_vec()))
            .build();
        assert_eq!(
            built.unwrap_err(),
            ComposeError::MediaType { index: 0 },
            "{media}"
        );
    }
    let latin = Attachment::new("a", "Text/CSV; charset=iso-8859-1", b"caf\xe9".to_vec());
    let message = visit().attachment(latin).build().unwrap();
    assert!(parts(&message).contains(&(Part::Attachment(0), "café".into())));
}

#[test]
fn text_html_and_attachments_come_back_as_given() {
    let message = visit()
        .text("Zeile eins\r\nü\n\nlast")
        .html("<p>ü</p>\n")
        .attachment(Attachment::new(
            "Befünd, 2.csv",
            "text/csv",
            b"a,b\n1,2\n".to_vec(),
        ))
        .attachment(Attachment::new(
            "s.bin",
            "application/octet-stream",
            vec![0, 255, 13, 10],
        ))
        .build()
        .unwrap();
    assert_eq!(
        parts(&message),
        [
            (Part::Subject, "Your visit".to_owned()),
            (Part::Text, "Zeile eins\nü\n\nlast".into()),
            (Part::Html, "<p>ü</p>\n".into()),
            (Part::AttachmentName(0), "Befünd, 2.csv".into()),
            (Part::Attachment(0), "a,b\n1,2\n".into()),
            (Part::AttachmentName(1), "s.bin".into()),
            (Part::Attachment(1), "<4 bytes>".into()),
            // What the To field says beside addresses.
            (Part::Other(0), "Pat Lindqvist\n".into()),
        ]
    );
    let rendered = message.render(&only(0)).unwrap();
    assert!(rendered.bytes().is_ascii());
    assert!(!rendered.needs_8bitmime() && !rendered.needs_smtputf8());
    assert_eq!(
        parts(&Message::parse(rendered.bytes()).unwrap()),
        parts(&message)
    );
}

#[test]
fn long_lines_and_odd_text_are_encoded() {
    let umlauts = format!("{}\n.\n..\nFrom here\n \t\n", "ü".repeat(2000));
    for body in ["x".repeat(5000), umlauts, "a\rb\u{1}\n".into()] {
        let long = "w".repeat(3000);
        let message = visit()
            .subject(long.as_str())
            .text(body.as_str())
            .build()
            .unwrap();
        let rendered = message.render(&only(0)).unwrap();
        assert!(
            rendered
                .bytes()
                .split(|&b| b == b'\n')
                .all(|l| l.len() <= 999)
        );
        let again = Message::parse(rendered.bytes()).unwrap();
        assert_eq!(again.subject(), long);
        assert_eq!(parts(&again)[1], (Part::Text, body.replace('\r', "\n")));
    }
    assert_eq!(
        visit().text("a\nb\0").build().unwrap_err(),
        ComposeError::Nul { line: 2 }
    );
}

#[test]
fn boundaries_are_random_and_ours() {
    let boundary = || {
        let text = text(&visit().text("a").html("b").build().unwrap(), &only(0));
        let rest = text.split("boundary=\"").nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (one, two) = (boundary(), boundary());
    assert!(
        one.starts_with("=_") && one.len() == 34 && one != two,
        "{one} {two}"
    );
}

#[test]
fn an_attachment_of_50_mb_works_and_a_larger_message_is_refused() {
    let scan = Attachment::new("s.bin", "application/octet-stream", vec![7u8; 50 << 20]);
    let message = visit().attachment(scan).build().unwrap();
    assert!(message.render(&only(0)).unwrap().bytes().len() > 70_000_000);
    let limits = Limits::default().message_bytes(10_000);
    let png = Attachment::new("s", "image/png", vec![7u8; 9_000]);
    let error = visit().limits(limits).attachment(png).build().unwrap_err();
    assert!(matches!(error, ComposeError::TooLarge { limit: 10_000, size } if size > 12_000));
    assert_eq!(
        Message::parse_with(&vec![b'a'; 10_001], &limits).unwrap_err(),
        ComposeError::TooLarge {
            size: 10_001,
            limit: 10_000
        }
    );
}

#[test]
fn ten_thousand_recipients_are_refused_and_a_thousand_work() {
    let many = |n: usize| {
        let one = |b: Builder<_, _>, i| b.bcc(to(&format!("p{i}@mail.example")));
        (1..n).fold(visit(), one).build()
    };
    assert_eq!(many(1_000).unwrap().recipients().len(), 1_000);
    let error = ComposeError::TooManyRecipients {
        count: 10_000,
        limit: 1_000,
    };
    assert_eq!(many(10_000).unwrap_err(), error);
    let list: Vec<_> = (0..10_000).map(|i| format!("p{i}@mail.example")).collect();
    assert_eq!(
        refused(format!(
            "From: a@x.example\r\nTo: {}\r\n\r\n",
            list.join(",\r\n ")
        )),
        error
    );
}

// ---- parsing

#[test]
fn a_parsed_message_leaves_byte_identical() {
    let plain = plain();
    for raw in [
        plain.clone(),
        plain.replace(
            "To: pat@mail.example",
            "tO:\tPat  (x) <pat@mail.example>,\r\n  (y)",
        ),
        format!("{HEAD}\r\n"),
        format!("X-Odd:\t a\r\n\tb \r\n{plain}"),
    ] {
        let message = Message::parse(raw.as_bytes()).unwrap();
        assert_eq!(text(&message, &only(0)), raw);
        assert_eq!(text(&message, &all()), raw);
    }
}

#[test]
fn bcc_is_removed_and_nothing_else() {
    let raw = format!(
        "bCC: audit@harbor.example,\r\n kin@mail.example\r\n{}",
        plain()
    );
    let message = Message::parse(raw.as_bytes()).unwrap();
    assert_eq!(message.recipients().len(), 3);
    assert_eq!(text(&message, &all()), plain());
}

#[test]
fn an_individual_copy_names_its_own_recipient_only() {
    let raw = plain().replace(
        "To: pat@mail.example\r\n",
        "To: Pat <pat@mail.example>,\r\n Kim <kim@mail.example>\r\nCc: \"Lind, B.\" <b@mail.example>\r\n\
         Bcc: audit@harbor.example\r\nDelivered-To: kim@mail.example\r\n",
    );
    let message = Message::parse(raw.as_bytes()).unwrap();
    let roles: Vec<Role> = message.recipients().iter().map(|r| r.0).collect();
    assert_eq!(roles, [Role::To, Role::To, Role::Cc, Role::Bcc]);
    for (id, own) in [
        (0, "To: \"Pat\" <pat@mail.example>"),
        (1, "To: \"Kim\" <kim@mail.example>"),
        (2, "Cc: \"Lind, B.\" <b@mail.example>"),
        (3, "To: undisclosed-recipients:;"),
    ] {
        assert_eq!(
            text(&message, &only(id)),
            plain().replace("To: pat@mail.example", own)
        );
    }
    let id = RecipientId::new(4);
    assert_eq!(
        message.render(&only(4)).unwrap_err(),
        ComposeError::NoSuchRecipient { id }
    );
}

#[test]
fn date_and_message_id_are_added_where_absent_only() {
    let raw = "From: a@x.example\r\nTo: b@x.example\r\nMIME-Version: 1.0\r\n\r\nHi";
    let message = Message::parse(raw.as_bytes()).unwrap();
    assert_eq!(
        text(&message, &only(0)),
        "From: a@x.example\r\nTo: b@x.example\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\
         Message-ID: <m1@harbor.example>\r\nMIME-Version: 1.0\r\n\r\nHi"
    );
    let own = Message::parse(plain().as_bytes())
        .unwrap()
        .render(&only(0))
        .unwrap();
    assert_eq!(own.message_id(), "<1@harbor.example>");
    for bad in ["", "a", "<a@b", "a b@c", "a@b@c", "å@b"] {
        let copy = Copy::new(Visible::All, now(), bad);
        assert_eq!(
            message.render(&copy).unwrap_err(),
            ComposeError::MessageId,
            "{bad}"
        );
    }
}

#[test]
fn a_message_without_a_body_gets_its_blank_line() {
    let message = Message::parse(b"From: a@x.example\r\nTo: b@x.example\r\n").unwrap();
    assert!(text(&message, &only(0)).ends_with("Message-ID: <m1@harbor.example>\r\n\r\n"));
}

#[test]
fn files_with_lf_are_converted_and_mixed_ones_refused() {
    let message = Message::parse(plain().replace("\r\n", "\n").as_bytes()).unwrap();
    assert_eq!(text(&message, &only(0)), plain());
    for (tail, error) in [
        ("\n.\nMAIL FROM:<x>\r\n", ComposeError::BareLf { line: 7 }),
        ("\r\n\n.\r\n", ComposeError::BareLf { line: 8 }),
        ("\r.\r\n", ComposeError::BareCr { line: 7 }),
        ("\r\n.\r", ComposeError::BareCr { line: 8 }),
        ("a\0b", ComposeError::Nul { line: 7 }),
    ] {
        assert_eq!(refused(format!("{HEAD}\r\nend{tail}")), error, "{tail:?}");
    }
}

#[test]
fn lines_over_998_bytes_are_refused_with_their_number() {
    let long = |n| format!("{HEAD}\r\nHello\r\n{}\r\n", "x".repeat(n));
    assert_eq!(
        refused(long(999)),
        ComposeError::LineTooLong {
            line: 8,
            limit: 998
        }
    );
    assert!(Message::parse(long(998).as_bytes()).is_ok());
}

#[test]
fn raw_8_bit_headers_must_be_utf8_and_then_need_smtputf8() {
    let mut raw = format!("{HEAD}X-Clinic: caf?\r\n\r\n").into_bytes();
    let at = raw.iter().position(|&b| b == b'?').unwrap();
    raw[at] = 0xe9;
    assert_eq!(refused(&raw), ComposeError::Raw8BitHeader { line: 6 });
    let rendered = |raw: String| {
        Message::parse(raw.as_bytes())
            .unwrap()
            .render(&only(0))
            .unwrap()
    };
    assert!(rendered(format!("{HEAD}X-Clinic: café\r\n\r\n")).needs_smtputf8());
    let body = rendered(format!("{HEAD}\r\nü"));
    assert!(body.needs_8bitmime() && !body.needs_smtputf8());
    let inner =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Description: ü\r\n\r\nx";
    assert!(rendered(format!("{HEAD}{inner}")).needs_smtputf8());
    let mut raw = format!("{HEAD}{inner}").into_bytes();
    let at = raw.iter().position(|&b| b >= 0x80).unwrap();
    raw[at] = b'?';
    assert_eq!(refused(&raw), ComposeError::Raw8BitHeader { line: 9 });
}

#[test]
fn headers_that_readers_disagree_on_are_refused() {
    let plain = plain();
    for (raw, error) in [
        (
            "Subject: x\r\n\r\n".to_owned(),
            ComposeError::MissingHeader { header: "From" },
        ),
        (
            "From: a@x.example\r\n\r\n".into(),
            ComposeError::NoRecipients,
        ),
        (
            "From: a@x.example\r\nTo: undisclosed:;\r\n\r\n".into(),
            ComposeError::NoRecipients,
        ),
        (
            format!("From: b@x.example\r\n{plain}"),
            ComposeError::DuplicateHeader { header: "From" },
        ),
        (
            format!("to: b@x.example\r\n{plain}"),
            ComposeError::DuplicateHeader { header: "To" },
        ),
        (
            format!("SUBJECT: b\r\n{plain}"),
            ComposeError::DuplicateHeader { header: "Subject" },
        ),
        (
            format!("Resent-To: b@x.example\r\n{plain}"),
            ComposeError::Resent,
        ),
        (
            format!("From pat@x.example\r\n{plain}"),
            ComposeError::HeaderSyntax { line: 1 },
        ),
        (
            plain.replace("clinic@harbor.example", "a@x.example, b@x.example"),
            ComposeError::MultipleFrom,
        ),
        (
            plain.replace("To: pat", "To: pat@x.example kim"),
            ComposeError::AddressSyntax { header: "To" },
        ),
        (
            plain.replace("To: pat@mail.example", "To: b@x.example, a@[192.0.2.1]"),
            ComposeError::Address {
                header: "To",
                index: 1,
                why: AddressError::Literal,
            },
        ),
    ] {
        assert_eq!(refused(&raw), error, "{raw}");
    }
    let fields = format!("{}{plain}", "X-A: 1\r\n".repeat(1_000));
    let error = ComposeError::HeadersTooLarge {
        limit: 1_000,
        unit: "fields",
    };
    assert_eq!(refused(fields), error);
    let fold = format!(
        "X-A: 1\r\n{}{plain}",
        format!(" {}\r\n", "a".repeat(990)).repeat(1_100)
    );
    let error = ComposeError::HeadersTooLarge {
        limit: 1 << 20,
        unit: "bytes",
    };
    assert_eq!(refused(fold), error);
}

#[test]
fn mime_is_read_20_levels_deep_and_refused_at_100() {
    let nested = |levels: usize| {
        let level =
            |l| format!("Content-Type: multipart/mixed; boundary=\"b{l}.\"\r\n\r\n--b{l}.\r\n");
        let open: String = (0..levels).map(level).collect();
        format!("{HEAD}{open}Content-Type: text/plain\r\n\r\nSSN 219-09-9999\r\n")
    };
    let message = Message::parse(nested(20).as_bytes()).unwrap();
    assert!(parts(&message).iter().any(|p| p.1.contains("219-09-9999")));
    for levels in [21, 100, 5_000] {
        assert_eq!(refused(nested(levels)), ComposeError::TooDeep { limit: 20 });
    }
    let embedded = |levels: usize| {
        let open = "Content-Type: message/rfc822\r\n\r\nFrom: a@x.example\r\n".repeat(levels);
        format!("{HEAD}{open}\r\nend")
    };
    assert!(Message::parse(embedded(20).as_bytes()).is_ok());
    assert_eq!(
        refused(embedded(100_000)),
        ComposeError::TooDeep { limit: 20 }
    );
    let many = "--b\r\n\r\nx\r\n".repeat(1_000);
    let wide = format!("{HEAD}Content-Type: multipart/mixed; boundary=b\r\n\r\n{many}--b--\r\n");
    assert_eq!(refused(wide), ComposeError::TooManyParts { limit: 1_000 });
}

#[test]
fn the_host_adds_to_a_parsed_message() {
    let details = to("PAT@mail.example")
        .phone("+1 555 0100")
        .passphrase("tide");
    let message = Message::parse(plain().as_bytes())
        .unwrap()
        .with_recipient_details(details)
        .unwrap()
        .with_disclosure(Disclosure::Shared)
        .with_audience("dialysis")
        .assert_no_phi("template 7")
        .unwrap();
    let (role, pat) = &message.recipients()[0];
    assert_eq!(
        (*role, pat.address().as_str()),
        (Role::To, "pat@mail.example")
    );
    assert_eq!(pat.phone_number().unwrap().expose(), "+1 555 0100");
    assert_eq!(message.audience(), Some("dialysis"));
    assert_eq!(
        text(&message, &only(0)),
        plain(),
        "what the host knows does not travel"
    );
    let stranger = message.clone().with_recipient_details(to("x@x.example"));
    assert_eq!(stranger.unwrap_err(), ComposeError::UnknownRecipient);
    assert_eq!(
        message.assert_no_phi(" ").unwrap_err(),
        ComposeError::EmptyReason
    );
    assert_eq!(
        visit().assert_no_phi("").build().unwrap_err(),
        ComposeError::EmptyReason
    );
}

#[test]
fn the_subject_marker_is_found_and_stripped() {
    let message = visit()
        .subject("[SECURE] Your visit [secure]")
        .build()
        .unwrap();
    assert!(message.subject_marker("[secure]") && !message.subject_marker("[pgp]"));
    let subject = message.subject_without("[secure]").unwrap();
    assert_eq!(subject, "Your visit");
    let lines = head(&message, &only(0).subject(subject));
    assert!(lines.contains(&"Subject: Your visit".to_owned()));
    assert_eq!(message.subject_without("[pgp]"), None);
    assert_eq!(message.subject_without(" "), None);
}

#[test]
fn debug_shows_nothing() {
    let message = visit().text(Phi::new("F32.1".to_owned())).build().unwrap();
    let rendered = message.render(&only(0)).unwrap();
    let parts = message.parts();
    let shown = format!(
        "{message:?} {rendered:?} {parts:?} {:?} {:?} {:?}",
        visit(),
        parts[1].content(),
        all().subject("Your visit"),
    );
    for word in ["pat", "Lind", "mail.example", "visit", "F32"] {
        assert!(!shown.contains(word), "{word} in {shown}");
    }
}

/// Bytes that somebody else holds make the same message as bytes that are given.
#[test]
fn a_shared_attachment_is_the_same_file() {
    let content: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let build = |attachment| {
        let message = Message::builder()
            .from("clinic@harbor.example".parse().unwrap())
            .to("pat@mail.example"
                .parse::<mailseal::base::Address>()
                .unwrap())
            .attachment(attachment)
            .build()
            .unwrap();
        let parts = message.parts();
        let file = parts
            .iter()
            .find(|p| p.part() == mailseal::base::Part::Attachment(0))
            .unwrap();
        match file.content() {
            mailseal::compose::PartContent::Binary(bytes) => bytes.expose().clone(),
            _ => panic!("not binary"),
        }
    };
    let media = "application/octet-stream";
    let shared = std::sync::Arc::new(content.clone());
    assert_eq!(build(Attachment::shared("a.bin", media, shared)), content);
    assert_eq!(
        build(Attachment::new("a.bin", media, content.clone())),
        content
    );
}

/// A text alone can be scanned; it is nobody's mail.
#[test]
fn a_text_alone_is_a_message() {
    let message = Message::from_text("MRN 44871023").unwrap();
    let parts = message.parts();
    let text = parts
        .iter()
        .find(|p| p.part() == mailseal::base::Part::Text);
    match text.unwrap().content() {
        mailseal::compose::PartContent::Text(text) => assert_eq!(text.expose(), "MRN 44871023"),
        _ => panic!("not text"),
    }
    assert!(message.sender().domain().as_str().ends_with(".invalid"));
    assert_eq!(
        Message::from_text("a\0b").unwrap_err().code(),
        "compose.nul"
    );
}
