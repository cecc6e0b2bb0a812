//! Copies that show neither subject nor file names.

use mailseal::compose::{Attachment, ComposeError, Message, Neutral};
use mailseal::dlp::Part;

use super::{only, parts, to, visit};

fn neutral() -> Neutral {
    Neutral::new().subject("A secure message").file_names()
}

fn copy(message: &Message) -> Vec<u8> {
    message.render(&only(0)).unwrap().bytes().to_vec()
}

/// What stands in front of the content: everything of a copy but the texts
/// and files.
fn shown(copy: &[u8]) -> String {
    let text = String::from_utf8_lossy(copy).into_owned();
    let lines = text.lines().filter(|line| {
        let lower = line.trim_start().to_ascii_lowercase();
        !line.starts_with("To:") && (lower.contains(": ") || lower.contains("name"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn subject_and_file_names_give_way_and_stand_inside() {
    let message = visit()
        .subject("HIV test of Zoë Lindqvist")
        .text("See the files.")
        .html("<p>See the files.</p>")
        .attachment(Attachment::new(
            "Lindqvist HIV.PDF",
            "application/pdf",
            vec![1u8, 2, 3],
        ))
        .attachment(Attachment::new(
            "Zoë.lindqvist",
            "text/plain; charset=utf-8",
            "A\r\nB\n".as_bytes().to_vec(),
        ))
        .build()
        .unwrap();
    let copy = copy(&message);
    let out = neutral().apply(&copy).unwrap();
    let out = out.expose();
    assert!(!shown(out).contains("indqvist") && !shown(out).contains("HIV"));
    assert!(!shown(out).contains("=?"), "{}", shown(out));

    let again = Message::parse(out).unwrap();
    assert_eq!(again.subject(), "A secure message");
    let all = parts(&again);
    let own = "Subject: HIV test of Zoë Lindqvist\nattachment-1.pdf: Lindqvist HIV.PDF\nattachment-2: Zoë.lindqvist\n";
    assert_eq!(all[1], (Part::Text, own.to_owned()));
    assert!(all.contains(&(Part::AttachmentName(0), "attachment-1.pdf".into())));
    assert!(all.contains(&(Part::AttachmentName(1), "attachment-2".into())));
    assert!(all.contains(&(Part::Attachment(0), "<3 bytes>".into())));
    assert!(all.contains(&(Part::Attachment(1), "A\nB\n".into())));
    assert!(all.contains(&(Part::Html, "<p>See the files.</p>".into())));
    // The plan tells the same names.
    assert_eq!(
        message.neutral_file_names(),
        ["attachment-1.pdf", "attachment-2"]
    );
    // Twice the same, and nothing else in the head changed.
    assert_eq!(out, neutral().apply(&copy).unwrap().expose());
    for field in ["From: ", "To: ", "Date: ", "Message-ID: "] {
        let line = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let found = text.lines().find(|l| l.starts_with(field));
            found.unwrap().to_owned()
        };
        assert_eq!(line(out), line(&copy));
    }
}

#[test]
fn the_rest_of_the_content_stays_byte_for_byte() {
    let raw = "From: clinic@harbor.example\r\nTo: pat@mail.example\r\nSubject: =?utf-8?Q?Zo=C3=AB's_test?=\r\nThread-Topic: Zoe's test\r\nKeywords: HIV\r\nX-Kept: yes\r\nMIME-Version: 1.0\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@x.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>caf\u{e9}</p>\r\n--b\r\nContent-Type: application/pdf;\r\n name*0*=utf-8''Zoe;\r\n name*1*=%20test.pdf; x=\"a;name=b\"\r\nContent-Description: Zoe's file\r\nContent-ID: <c@x>\r\nContent-Disposition: inline (Zoe's);\r\n FileName=\"Zoe \\\"x\\\".pdf\"; size=3\r\n\r\nabc\r\n--b--\r\nafter\r\n";
    let message = Message::parse(raw.as_bytes()).unwrap();
    let copy = copy(&message);
    let out = neutral().apply(&copy).unwrap();
    let text = String::from_utf8_lossy(out.expose()).into_owned();
    assert!(!text.contains("Zoe") && !text.contains("HIV"), "{text}");
    assert!(text.contains("\r\nX-Kept: yes\r\n"));
    assert!(text.contains("\r\nContent-ID: <c@x>\r\n"));
    assert!(
        text.contains(
            "\r\nContent-Type: application/pdf;\r\n x=\"a;name=b\";\r\n name=\"attachment-1.pdf\"\r\n"
        ),
        "{text}"
    );
    assert!(text.contains(
        "\r\nContent-Disposition: inline;\r\n size=3;\r\n filename=\"attachment-1.pdf\"\r\n"
    ));
    let body = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>caf\u{e9}</p>\r\n--b\r\n";
    assert!(text.contains(body), "{text}");
    assert!(text.contains("\r\n\r\nabc\r\n--b--\r\nafter\r\n"));
    // 8-bit content says so one level up.
    assert!(text.contains("Content-Transfer-Encoding: 8bit\r\n\r\n--=_"));
    let again = Message::parse(out.expose()).unwrap();
    // Whatever was taken away stands inside.
    let note = "Subject: Zoë's test\nThread-Topic: Zoe's test\nKeywords: HIV\nattachment-1.pdf: Zoe \"x\".pdf\nattachment-1.pdf: Zoe test.pdf\nContent-Description: Zoe's file\n";
    assert!(parts(&again).contains(&(Part::Text, note.to_owned())));

    // Only what is asked for.
    let names = Neutral::new().file_names().apply(&copy).unwrap();
    let names = Message::parse(names.expose()).unwrap();
    assert_eq!(names.subject(), "Zoë's test");
    let subject = Neutral::new().subject("x").apply(&copy).unwrap();
    let text = String::from_utf8_lossy(subject.expose()).into_owned();
    assert!(text.contains("FileName=\"Zoe \\\"x\\\".pdf\"") && !text.contains("Thread-Topic"));
    assert_eq!(Neutral::new().apply(&copy).unwrap().expose(), &copy);
}

#[test]
fn a_bcc_copy_and_a_bare_file_can_be_neutral_too() {
    let message = visit().bcc(to("kim@mail.example")).build().unwrap();
    let copy = message.render(&only(1)).unwrap().bytes().to_vec();
    assert!(Message::parse(&copy).is_err());
    let out = neutral().apply(&copy).unwrap();
    assert!(String::from_utf8_lossy(out.expose()).contains("Subject: A secure message\r\n"));

    let raw = b"From: a@x.example\r\nTo: b@y.example\r\nSubject: s\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@x.example>\r\nContent-Type: text/csv; name=Pat.csv\r\n\r\n1,2\r\n";
    let out = neutral().apply(raw).unwrap();
    let again = Message::parse(out.expose()).unwrap();
    let names: Vec<_> = parts(&again).into_iter().map(|(_, text)| text).collect();
    assert!(names.contains(&"attachment-1.csv".to_owned()), "{names:?}");
    assert!(
        names.contains(&"Subject: s\nattachment-1.csv: Pat.csv\n".to_owned()),
        "{names:?}"
    );
}

#[test]
fn a_message_that_must_stay_is_refused() {
    let head = "From: a@x.example\r\nTo: b@y.example\r\nSubject: s\r\n";
    let signed = [
        "DKIM-Signature: v=1\r\n\r\nx",
        "ARC-Seal: i=1\r\n\r\nx",
        "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\ny\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--o--\r\n",
        "Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n",
        // Two readers see two messages.
        "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n",
        "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\nx",
        "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx\r\n--o--\r\n",
    ];
    // Of a broken part no name is looked for, and what describes it stays.
    for twice in ["Content-Type", "Content-Disposition"] {
        let raw = format!(
            "{head}Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n{twice}: text/plain\r\n{twice}: text/csv\r\nContent-Description: Pat\r\n\r\nx\r\n--o--\r\n"
        );
        let names = Neutral::new().file_names();
        assert_eq!(names.apply(raw.as_bytes()), Err(ComposeError::MustStay));
    }
    // Nor is it clear where a name ends.
    for disposition in [
        "x=a\"b; filename=\"Pat.csv\"",
        "x=\\;filename=Pat.csv",
        "x=a=\"; filename=Pat.csv; y=\"",
        "filename=\"a \"Pat\".csv\"",
    ] {
        let raw = format!(
            "{head}Content-Disposition: attachment; filename=b.csv; {disposition}\r\n\r\nx"
        );
        let names = Neutral::new().file_names();
        let out = names.apply(raw.as_bytes());
        assert_eq!(out, Err(ComposeError::MustStay), "{disposition}");
    }
    for rest in signed {
        let raw = format!("{head}{rest}");
        let error = neutral().apply(raw.as_bytes()).unwrap_err();
        assert_eq!(error, ComposeError::MustStay, "{rest}");
        assert_eq!(error.code(), "compose.must_stay");
        if let Ok(message) = Message::parse(raw.as_bytes()) {
            assert!(!message.takes(&neutral()), "{rest}");
        }
    }
    // A signed message that is attached is content like any other.
    let raw = format!(
        "{head}Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822; name=Pat.eml\r\n\r\nSubject: Pat\r\nContent-Type: application/pkcs7-mime; name=Pat.p7m\r\n\r\nAAAA\r\n--o--\r\n"
    );
    let message = Message::parse(raw.as_bytes()).unwrap();
    assert!(message.takes(&neutral()));
    let out = neutral().apply(raw.as_bytes()).unwrap();
    let text = String::from_utf8_lossy(out.expose()).into_owned();
    assert!(text.contains("name=Pat.p7m") && !text.contains("Pat.eml\r\n"));
}

#[test]
fn what_describes_a_part_without_a_name_goes_too() {
    let raw = b"From: a@x.example\r\nTo: b@y.example\r\nSubject: s\r\nContent-Description: Pat's files\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Description: Pat's test\r\nContent-ID: <c@x>\r\n\r\nx\r\n--o\r\nContent-Type: text/csv; name=Pat.csv\r\n\r\n1\r\n--o--\r\n";
    let message = Message::parse(raw).unwrap();
    assert_eq!(message.neutral_file_names(), ["attachment-1.csv"]);
    let out = Neutral::new().file_names().apply(raw).unwrap();
    let text = String::from_utf8_lossy(out.expose()).into_owned();
    assert!(
        !text.contains("Pat") && !text.contains("Description"),
        "{text}"
    );
    assert!(text.contains("\r\n--o\r\nContent-ID: <c@x>\r\n\r\nx\r\n"));
    assert!(text.contains("\r\n\r\n1\r\n--o--\r\n"));
    let again = Message::parse(out.expose()).unwrap();
    let note = "Content-Description: Pat's files\nContent-Description: Pat's test\nattachment-1.csv: Pat.csv\n";
    assert!(parts(&again).contains(&(Part::Text, note.to_owned())));
}

#[test]
fn where_nothing_was_taken_away_there_is_no_note() {
    let raw = b"From: a@x.example\r\nTo: b@y.example\r\nMIME-Version: 1.0\r\nContent-Description:\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n";
    let out = neutral().apply(raw).unwrap();
    let text = String::from_utf8_lossy(out.expose()).into_owned();
    assert_eq!(
        text,
        "From: a@x.example\r\nTo: b@y.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n"
    );
}

#[test]
fn the_sender_is_named_as_the_header_does() {
    assert_eq!(visit().build().unwrap().sender_name(), None);
    let named = visit().sender_name("Harbor, Büro").build().unwrap();
    assert_eq!(named.sender_name().as_deref(), Some("Harbor, Büro"));
}

#[test]
fn no_message_makes_it_panic() {
    let mut source = 7u32;
    let mut next = |below: usize| {
        source = source.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (source >> 8) as usize % below
    };
    let pieces = [
        "From: a@x.example\r\n",
        "To: b@y.example\r\n",
        "Subject: s\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n",
        "Content-Type: text/plain; name=\"a;\\\"(\r\n",
        "Content-Disposition: attachment; filename=(((\r\n",
        "Content-Disposition: ;;;filename*=utf-8''%\r\n",
        "\r\n",
        "--b\r\n",
        "--b--\r\n",
        "x",
        " y\r\n",
    ];
    let mut done = 0;
    for _ in 0..20_000 {
        let raw: String = (0..next(16)).map(|_| pieces[next(pieces.len())]).collect();
        if let Ok(out) = neutral().apply(raw.as_bytes()) {
            done += 1;
            let _ = neutral().apply(out.expose());
        }
    }
    assert!(done > 100, "{done}");
}
