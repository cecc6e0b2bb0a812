//! What of a message the scanner is shown, as which part, and what of it is unreadable.

use super::*;

fn with_body(headers: &str, body: &str) -> Message {
    let raw = format!("From: a@x.example\r\nTo: b@x.example\r\n{headers}\r\n\r\n{body}");
    Message::parse(raw.as_bytes()).unwrap()
}

#[test]
fn what_cannot_be_read_for_sure_is_unreadable_and_still_shown() {
    for (headers, text, why) in [
        ("Content-Transfer-Encoding: base64", "!!!!", "<malformed>"),
        (
            "Content-Transfer-Encoding: base64",
            "QUJD\u{ff}hidden",
            "<malformed>",
        ),
        (
            "Content-Type: text/plain; charset=utf-16",
            "abc",
            "<unknown_charset>",
        ),
        (
            "Content-Type: text/plain; charset=utf-7",
            "abc",
            "<unknown_charset>",
        ),
        ("Subject: =?x-unknown?B?U1NO?=", "abc", "<malformed>"),
        ("Subject: =?utf-8?X?U1NO?=", "abc", "<malformed>"),
        ("Subject: =?iso-2022-kr?Q?SSN?=", "abc", "<malformed>"),
        ("Subject: =?utf-16?Q?SSN?=", "abc", "<malformed>"),
        ("Subject: =?utf-8?Q?SSN_=CF=E0?=", "abc", "<malformed>"),
        ("X-Note: =?x-unknown?Q?abc?=", "abc", "<malformed>"),
        (
            "Content-Disposition: attachment; filename=\"=?x-unknown?Q?abc?=\"",
            "abc",
            "<malformed>",
        ),
        (
            "Content-Disposition: attachment; filename*=hz-gb-2312''abc",
            "abc",
            "<malformed>",
        ),
        (
            "Content-Disposition: attachment; filename*=utf-8''%CF%E0",
            "abc",
            "<malformed>",
        ),
        (
            "Content-Transfer-Encoding: x-uue",
            "begin",
            "<unsupported_encoding>",
        ),
        (
            "Content-Transfer-Encoding: quoted-printable",
            "=ZZ",
            "<malformed>",
        ),
        (
            "Content-Type: text/plain; charset=ebcdic-x",
            "abc",
            "<unknown_charset>",
        ),
        ("Content-Type: multipart/mixed", "visible", "<malformed>"),
        (
            "Content-Type: multipart/mixed; boundary=b",
            "visible",
            "<malformed>",
        ),
        (
            "Content-Type: multipart/mixed; boundary=b",
            "--b\r\n\r\nvisible\r\n--bX\r\n--b--",
            "<malformed>",
        ),
        (
            "Content-Type: multipart/mixed; boundary=b",
            "--b\r\nA: 1\r\nvisible",
            "<malformed>",
        ),
    ] {
        let parts = parts(&with_body(headers, text));
        let has = |what: &str| parts.iter().any(|p| p.1.contains(what));
        assert!(has(why), "{headers}: {parts:?}");
        assert_eq!(
            has("visible"),
            text.contains("visible"),
            "{headers}: {parts:?}"
        );
    }
}

#[test]
fn everything_that_travels_is_shown_to_the_scanner() {
    let message = with_body(
        "Subject: =?utf-8?Q?Lab_for_P=C3=A5t?=\r\nComments: MRN 1\r\nContent-Type: multipart/mixed; boundary=b",
        "before\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9=\r\n!\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n\
         --b\r\nContent-Description: about\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\nafter\r\n",
    );
    assert_eq!(
        parts(&message),
        [
            (Part::Subject, "Lab for Påt".to_owned()),
            (Part::Other(0), "Comments: MRN 1\n".into()),
            (Part::Html, "café!".into()),
            (Part::Other(1), "Subject: inner\n".into()),
            (Part::Text, "inner text".into()),
            (Part::Other(2), "Content-Description: about\n".into()),
            (Part::AttachmentName(0), "a.pdf".into()),
            (Part::Attachment(0), "<3 bytes>".into()),
            (Part::Other(3), "before\n".into()),
            (Part::Other(4), "after\n".into()),
        ]
    );
}

#[test]
fn a_name_in_the_other_field_is_one() {
    for fields in [
        "Content-Disposition: attachment; name=\"a.txt\"",
        "Content-Type: text/plain; filename=a.txt",
    ] {
        let name = (Part::AttachmentName(0), "a.txt".to_owned());
        assert!(parts(&with_body(fields, "x")).contains(&name), "{fields}");
    }
}

#[test]
fn a_letter_that_is_cut_in_two_is_read_whole() {
    let message = with_body(
        "Subject: =?utf-8?B?UMOldCDD?= =?utf-8?B?pQ==?=\r\nContent-Disposition: attachment; filename*0*=UTF-8''P%C3;\r\n filename*1*=%A5t's%20EF.txt",
        "x",
    );
    assert_eq!(
        parts(&message),
        [
            (Part::Subject, "Påt å".to_owned()),
            (Part::AttachmentName(0), "Påt's EF.txt".into()),
            (Part::Attachment(0), "x".into()),
        ]
    );
    let damaged = with_body(
        "Subject: s\r\nContent-Disposition: attachment; filename*0*=UTF-8''P%C3;\r\n filename*1*=t.txt",
        "x",
    );
    let malformed = (Part::AttachmentName(0), "<malformed>".to_owned());
    assert!(parts(&damaged).contains(&malformed));
}

/// Each name has one part of its own, a line each where an entity has two.
#[test]
fn no_two_names_have_one_part() {
    let message = with_body(
        "Content-Type: multipart/mixed; boundary=b; name=all",
        "--b\r\nContent-Type: text/csv; name=\"Pat.csv\"\r\n\
         Content-Disposition: attachment; filename=\"a.csv\"\r\n\r\n1\r\n\
         --b\r\nContent-Type: text/csv; name=\"b.csv\"\r\n\r\n2\r\n--b--\r\n",
    );
    let names: Vec<_> = parts(&message)
        .into_iter()
        .filter(|(part, _)| matches!(part, Part::AttachmentName(_)))
        .collect();
    assert_eq!(
        names,
        [
            (Part::AttachmentName(0), "all".to_owned()),
            (Part::AttachmentName(1), "a.csv\nPat.csv".into()),
            (Part::AttachmentName(2), "b.csv".into()),
        ]
    );
}

// ---- what the host says
