//! Properties of composing and parsing over generated input.

use mailseal::compose::{Attachment, ComposeError, Message};
use mailseal::dlp::Part;
use proptest::prelude::*;

use super::{HEAD, all, head, only, parts, text, to, visit};

fn line() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[ -~\t]{0,120}").unwrap()
}

fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "From: a@x.example\r\n",
        "To: b@x.example\r\n",
        "Bcc: c@x.example, d@x.example\r\n",
        "\r\n",
        "--b\r\n",
        "--b--\r\n",
        "--b",
        " ",
        "Content-Type: multipart/mixed; boundary=b\r\n",
        "Content-Type: text/html; charset=utf-7\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: multipart/digest; boundary=\"b\"\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Disposition: attachment; filename*0*=utf-8''%41; filename*1=b\r\n",
        "Subject: =?utf-8?B?w6k?= =?x?Q?=zz?=\r\n",
        "QUJD\r\n=E9=\r\n",
        "text\r\n",
        "=?",
    ])
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(message) = Message::parse(&raw) {
            parts(&message);
        }
    }

    #[test]
    fn mail_like_bytes_never_panic(pieces in proptest::collection::vec(piece(), 0..40)) {
        let begun = format!("From: a@x.example\r\nTo: b@x.example\r\n{}", pieces.concat());
        for raw in [begun, pieces.concat()] {
            if let Ok(message) = Message::parse(raw.as_bytes()) {
                parts(&message);
                let once = message.render(&all()).unwrap();
                // Without its Bcc a message may have no recipient left.
                if let Ok(again) = Message::parse(once.bytes()) {
                    let twice = again.render(&all()).unwrap();
                    prop_assert_eq!(twice.bytes(), once.bytes());
                }
            }
        }
    }

    #[test]
    fn parse_and_render_is_the_identity(
        folds in proptest::collection::vec(line().prop_filter("blank", |l| !l.trim().is_empty()), 0..5),
        lines in proptest::collection::vec(line(), 0..20),
    ) {
        let folds: String = folds.iter().map(|l| format!("X-Fold: a\r\n {l}\r\n")).collect();
        let raw = format!("{folds}{HEAD}\r\n{}", lines.join("\r\n"));
        let message = Message::parse(raw.as_bytes()).unwrap();
        prop_assert_eq!(text(&message, &only(0)), raw);
    }

    #[test]
    fn no_value_makes_a_header_line(
        subject in "\\PC{0,200}|[ -~\t]{0,2000}",
        name in "\\PC{0,40}",
        value in "\\PC{0,200}|[ -~\t]{0,2000}",
        file in "\\PC{0,60}",
        body in any::<String>(),
    ) {
        let built = visit()
            .subject(subject)
            .cc(to("kin@mail.example").name(name))
            .header("X-Extra", value)
            .text(body.clone())
            .attachment(Attachment::new(file, "text/plain", b"x".to_vec()))
            .build();
        let message = match built {
            Ok(message) => message,
            Err(ComposeError::Nul { .. } | ComposeError::ValueTooLong { .. }) => return Ok(()),
            Err(e) => return Err(TestCaseError::fail(e.to_string())),
        };
        let lines = head(&message, &all());
        let names: Vec<&str> = lines.iter().map(|l| l.split(':').next().unwrap()).collect();
        prop_assert_eq!(names, [
            "From", "To", "Cc", "Subject", "X-Extra", "Date", "Message-ID", "MIME-Version",
            "Content-Type",
        ]);
        let again = Message::parse(message.render(&all()).unwrap().bytes()).unwrap();
        prop_assert_eq!(again.recipients().len(), 2);
        let expected = body.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert!(parts(&again).contains(&(Part::Text, expected)));
    }
}
