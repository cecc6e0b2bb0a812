//! Ways to get an identifier past the scanner: each must be found, or be told
//! as unreadable.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mailseal::base::Sensitivity;
use mailseal::compose::Message;
use mailseal::dlp::{Evidence, FindingKind, Findings, Part, PhiScanner, Scanner};

const SSN: &str = "281-15-9804";

fn scan_raw(raw: &[u8]) -> Findings {
    PhiScanner::new().scan(&Message::parse(raw).unwrap())
}

/// A message with these fields of its own and this body.
fn mail(fields: &str, body: &[u8]) -> Vec<u8> {
    let head =
        "From: a@clinic.example\r\nTo: b@mail.example\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n";
    let mut raw = format!("{head}{fields}\r\n\r\n").into_bytes();
    raw.extend_from_slice(body);
    raw
}

fn html(body: &str) -> Findings {
    scan_raw(&mail(
        "Content-Type: text/html; charset=utf-8",
        body.as_bytes(),
    ))
}

fn has(findings: &Findings, kind: FindingKind) -> bool {
    findings.items.iter().any(|f| f.kind == kind)
}

/// Found, or said to be unreadable.
fn told(findings: &Findings) -> bool {
    has(findings, FindingKind::Ssn) || !findings.unscannable.is_empty()
}

#[test]
fn characters_that_browsers_read_as_dashes_and_blanks_join_numbers() {
    for source in [
        "SSN 281&#150;15&#150;9804",
        "SSN 281&#x96;15&#x97;9804",
        "SSN 281\u{96}15\u{96}9804",
        "SSN 281&shy-15-98&shy04",
        "SSN 281-15-98\u{206a}04",
        "SSN 281-15-98\u{e0101}04",
        "SSN 281-15-98\u{3164}04",
        "SSN 281-15-98\u{20dd}04",
        "SSN 281\u{2e3a}15\u{58a}9804",
        "SSN 281\u{2796}15\u{2d7}9804",
        "SSN \u{b2}81-15-980\u{2074}",
        "SSN \u{e52}\u{e58}\u{e51}-15-9804",
    ] {
        let found = html(&format!("<p>{source}</p>"));
        assert!(has(&found, FindingKind::Ssn), "{source:?}");
    }
}

/// Bullets, arrows, pictures and lines of other blocks, and what HTML names so, are no
/// letters of the words that they stand at.
#[test]
fn signs_of_other_blocks_hide_no_value() {
    for sign in [
        "\u{2192}",
        "\u{25a0}",
        "\u{27a2}",
        "\u{2502}",
        "\u{2610}",
        "\u{1f449}",
        "\u{30fb}",
        "\u{203a}",
        "&rarr;",
        "&rsaquo;",
        "&bull;",
        "&check;",
        "&boxv;",
    ] {
        for (kind, before, value) in [
            (FindingKind::Mrn, "MRN", "00482913"),
            (FindingKind::Phone, "Telephone", "317-555-0148"),
            (FindingKind::Email, "mail", "pat.lindqvist@mail.example"),
            (FindingKind::Medication, "takes", "metformin"),
        ] {
            let text = format!("{before}{sign}{value}{sign}daily");
            let is_whole = |findings: Findings| {
                let mut items = findings.items.into_iter();
                items.any(|f| {
                    let seen = !f.evidence.contains(&Evidence::Obfuscated);
                    f.kind == kind && f.expose().expose() == value && seen
                })
            };
            assert!(is_whole(html(&format!("<p>{text}</p>"))), "{text:?}");
            if !sign.starts_with('&') {
                let plain = mail("Content-Type: text/plain; charset=utf-8", text.as_bytes());
                assert!(is_whole(scan_raw(&plain)), "{text:?}");
            }
        }
    }
}

#[test]
fn comments_end_where_browsers_end_them() {
    for source in [
        "281<!-->-15-<!-- -->9804",
        "281<!--->-15-<!-- -->9804",
        "281<!-- --!>-15-<!-- -->9804",
    ] {
        let found = html(&format!("<p>SSN {source}</p>"));
        assert!(has(&found, FindingKind::Ssn), "{source:?}");
    }
}

#[test]
fn what_stands_in_a_tag_and_is_no_attribute_is_read_too() {
    for source in [
        "<p x==\">SSN 281-15-9804</p><p x=\">",
        "<SSN 281-15-9804>",
        "<p x=1 SSN 281-15-9804 y=2>",
        "<!x SSN 281-15-9804>",
        "<?x SSN 281-15-9804?>",
        "</p SSN 281-15-9804>",
        "<style-x>SSN 281-15-9804</style-x>",
    ] {
        assert!(has(&html(source), FindingKind::Ssn), "{source:?}");
    }
}

#[test]
fn an_image_in_the_html_is_unreadable_like_an_attached_one() {
    let png = format!(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ{}",
        "AA7v".repeat(100)
    );
    let found = html(&format!(
        "<p>Hi</p><img src=\"data:image/png;base64,{png}\">"
    ));
    assert!(!found.unscannable.is_empty());
    // A dot that counts readers shows nothing.
    assert!(
        html("<p>Hi</p><img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\">")
            .unscannable
            .is_empty()
    );
    let attached = scan_raw(&mail(
        "Content-Type: image/png\r\nContent-Transfer-Encoding: base64",
        png.as_bytes(),
    ));
    assert!(!attached.unscannable.is_empty());
}

#[test]
fn every_name_of_a_file_is_read() {
    for fields in [
        "Content-Type: application/octet-stream; name=\"SSN 281-15-9804.txt\"\r\nContent-Disposition: attachment; filename=\"a.txt\"",
        "Content-Type: text/plain; x-note=\"SSN 281-15-9804\"",
        "Content-Type: text/plain (SSN 281-15-9804)",
        "Content-Disposition: attachment; filename=a.txt; filename*=utf-8''SSN%20281-15-9804.txt",
        "Content-Disposition: attachment; filename=\"SSN 281-15-9804.txt\"; filename*=utf-8''a.txt",
    ] {
        let whole = scan_raw(&mail(fields, b"Hello"));
        assert!(told(&whole), "{fields:?}");
        let part = format!("--b\r\n{fields}\r\n\r\nHello\r\n--b--\r\n");
        let inner = scan_raw(&mail(
            "Content-Type: multipart/mixed; boundary=b",
            part.as_bytes(),
        ));
        assert!(told(&inner), "inner {fields:?}");
    }
}

#[test]
fn a_mark_of_utf_16_before_other_text_hides_nothing() {
    let mut body = b"\xff\xfe".to_vec();
    body.extend_from_slice(b"SSN 281-15-9804 ");
    for fields in [
        "Content-Type: text/plain; charset=iso-8859-1",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/plain",
        "Content-Type: application/octet-stream",
        "Content-Type: text/plain; charset=utf-16",
    ] {
        let fields = format!("{fields}\r\nContent-Transfer-Encoding: 8bit");
        assert!(told(&scan_raw(&mail(&fields, &body))), "{fields}");
    }
    // Without a mark: the first part decides.
    let mut body: Vec<u8> = "plain text "
        .repeat(400)
        .bytes()
        .flat_map(|b| [b, 0])
        .collect();
    body.extend_from_slice(b"SSN 281-15-9804 ");
    let encoded = data_encoding::BASE64_MIME.encode(&body);
    let fields = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64";
    assert!(told(&scan_raw(&mail(fields, encoded.as_bytes()))));
}

#[test]
fn a_body_that_begins_like_a_document_is_read_as_it_is_shown() {
    for body in [
        "{\\rtf1 Hello.}\r\nSSN 281-15-9804\r\n",
        "{\\rtf1 Hello {\\*\\x SSN 281-15-9804}}\r\n",
        "%PDF-1.4\r\nSSN 281-15-9804\r\n",
    ] {
        let found = scan_raw(&mail("Content-Type: text/plain", body.as_bytes()));
        assert!(told(&found), "{body:?}");
    }
}

#[test]
fn an_attached_text_is_what_its_content_is() {
    for body in [
        "<html><body><p>SSN 281-<b>15</b>-9804</p></body></html>",
        "From: x@a.example\r\nTo: y@a.example\r\nSubject: z\r\nMessage-ID: <1@a.example>\r\nContent-Transfer-Encoding: base64\r\n\r\nU1NOIDI4MS0xNS05ODA0\r\n",
    ] {
        let fields = "Content-Type: text/plain; name=x.txt\r\nContent-Disposition: attachment; filename=x.txt";
        assert!(told(&scan_raw(&mail(fields, body.as_bytes()))), "{body:?}");
    }
}

/// What no text has in it, and what a printer takes, is doubtful under any type.
#[test]
fn an_attached_text_that_is_none_is_told() {
    let harmless = "The lift is out of order until Friday, so please use the stairs. ".repeat(4);
    for content in [
        format!("The l\u{1}ift. {harmless}"),
        format!("%!PS-Adobe-3.0\n({harmless}) show\n"),
        format!("\u{1b}E\u{1b}&l0O{harmless}"),
    ] {
        let [untold, text] = file(&content).map(|f| f.unscannable.first().map(|u| u.why));
        assert!(
            text.is_some() && text == untold,
            "{content:?}: {text:?} {untold:?}"
        );
    }
    for found in file(&harmless) {
        assert!(found.unscannable.is_empty());
    }
}

#[test]
fn nothing_is_lost_where_a_long_text_is_cut() {
    for value in ["2W81 AD9 KT66", "4539 1488 0343 6467"] {
        for at in (0..value.len()).step_by(3) {
            // No line ends, so that the text is cut at a blank.
            let filler = "a ".repeat(32 * 1024 - 16);
            let mut text = filler[..64 * 1024 - 40].to_owned();
            while text.len() + at < 64 * 1024 {
                text.push_str("b ");
            }
            text.truncate(64 * 1024 - at);
            if !text.ends_with(' ') {
                text.pop();
                text.push(' ');
            }
            text.push_str(value);
            text.push_str(" and more of it.");
            let encoded = data_encoding::BASE64_MIME.encode(text.as_bytes());
            let found = scan_raw(&mail(
                "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64",
                encoded.as_bytes(),
            ));
            // Whatever it is taken for.
            let from = text.find(value).unwrap();
            let whole = from..from + value.len();
            assert!(
                found.items.iter().any(|f| f.span == whole),
                "{value} at {at}"
            );
        }
    }
    // Nor where there is no blank at all.
    for at in (0..SSN.len()).step_by(3) {
        // It ends with a comma.
        let filler = ",x".repeat(32 * 1024);
        let filler = &filler[usize::from(at % 2 == 0)..][..64 * 1024 - at - 1];
        let text = format!("{filler},{SSN},{}", "y,".repeat(100));
        let encoded = data_encoding::BASE64_MIME.encode(text.as_bytes());
        let found = scan_raw(&mail(
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64",
            encoded.as_bytes(),
        ));
        assert!(has(&found, FindingKind::Ssn), "without blanks, at {at}");
    }
}

#[test]
fn values_in_html_are_those_that_stand_there() {
    let host = mailseal::dlp::HostKnowledge::new()
        .pattern(
            FindingKind::Name,
            mailseal::dlp::Confidence::High,
            None,
            "N:([^ <]+)",
        )
        .unwrap();
    let raw = mail(
        "Content-Type: text/html; charset=utf-8",
        "<p>N:李明 x N:王芳 y N:Łu&eacute;x</p>".as_bytes(),
    );
    let found = PhiScanner::new()
        .host(host)
        .scan(&Message::parse(&raw).unwrap());
    let values: Vec<&str> = found
        .items
        .iter()
        .filter(|f| f.part == Part::Html)
        .map(|f| f.expose().expose().as_str())
        .collect();
    for value in ["李明", "王芳"] {
        assert!(values.contains(&value), "{values:?}");
    }
}

#[test]
fn an_allowed_name_in_other_letters_allows_no_other_name() {
    let host = mailseal::dlp::HostKnowledge::new()
        .pattern(
            FindingKind::Name,
            mailseal::dlp::Confidence::High,
            None,
            "N:([^ <]+)",
        )
        .unwrap();
    // All such letters look the same to the scanner.
    let refused = host.clone().allow(Some(FindingKind::Name), "李明");
    assert_eq!(refused.unwrap_err().code(), "host.rule");
    // Letters that have a Latin form are allowed in it, and no others.
    let host = host.allow(Some(FindingKind::Name), "Łukasz").unwrap();
    let raw = mail(
        "Content-Type: text/plain; charset=utf-8",
        "N:Łukasz x N:王芳 y".as_bytes(),
    );
    let found = PhiScanner::new()
        .host(host)
        .scan(&Message::parse(&raw).unwrap());
    let names = found.items.iter().filter(|f| f.kind == FindingKind::Name);
    let names: Vec<&str> = names.map(|f| f.expose().expose().as_str()).collect();
    assert!(
        names.contains(&"王芳") && !names.contains(&"Łukasz"),
        "{names:?}"
    );
}

#[test]
fn identifiers_in_file_names_are_found() {
    for (name, kind) in [
        ("281-15-9804.pdf", FindingKind::Ssn),
        ("SSN_281-15-9804.pdf", FindingKind::Ssn),
        ("scan 281-15-9804 final.pdf", FindingKind::Ssn),
        ("2W81-AD9-KT66.pdf", FindingKind::HealthPlanId),
        ("2W81AD9KT66_claim.pdf", FindingKind::HealthPlanId),
        ("4539-1488-0343-6467.pdf", FindingKind::CreditCard),
    ] {
        let fields = format!(
            "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=\"{name}\""
        );
        let found = scan_raw(&mail(&fields, b"Hello"));
        let named = found
            .items
            .iter()
            .any(|f| f.kind == kind && matches!(f.part, Part::AttachmentName(_)));
        assert!(named, "{name}: {:?}", found.items);
    }
}

#[test]
fn the_name_of_a_field_is_nobodys() {
    let found = scan_raw(&mail(
        "X-Mailgun-Sid: WyI0NTY3OCIs\r\nX-Google-Smtp-Source: AA6agR5x2w8kTt\r\nX-Patient: Pat Lindqvist",
        b"Hello",
    ));
    let names: Vec<&str> = found
        .items
        .iter()
        .filter(|f| f.kind == FindingKind::Name)
        .map(|f| f.expose().expose().as_str())
        .collect();
    assert_eq!(names, ["Pat Lindqvist"]);
}

/// A file of these bytes, by a type that tells nothing, and as text.
fn file(content: &str) -> [Findings; 2] {
    let encoded = data_encoding::BASE64_MIME.encode(content.as_bytes());
    ["application/octet-stream", "text/plain"].map(|media_type| {
        let fields = format!(
            "Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=x"
        );
        scan_raw(&mail(&fields, encoded.as_bytes()))
    })
}

#[track_caller]
fn file_has(content: &str) {
    for found in file(content) {
        assert!(has(&found, FindingKind::Ssn), "{content:?}");
    }
}

/// [`SSN`] behind its label.
const ENCODED: &str = "U1NOIDI4MS0xNS05ODA0";

#[test]
fn a_message_without_a_sender_is_one() {
    let related = format!(
        "Content-Type: multipart/related;\r\n\tboundary=b; type=\"text/html\"\r\n\r\nA page.\r\n\
         --b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Location: file:///C:/x.htm\r\n\r\n{ENCODED}\r\n--b--\r\n"
    );
    for head in [
        format!(
            "To: b@mail.example\r\nSubject: x\r\nX-Unsent: 1\r\nContent-Transfer-Encoding: base64\r\n\r\n{ENCODED}\r\n"
        ),
        format!(
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: BASE64\r\n\r\n{ENCODED}\r\n"
        ),
        format!("\u{feff}\r\n\r\nContent-Transfer-Encoding:\r\n base64\r\n\r\n{ENCODED}\r\n"),
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nSSN 28=31=2D15=\r\n-9804\r\n"
            .to_owned(),
        format!("Subject: =?utf-8?B?{ENCODED}?=\r\nTo: b@mail.example\r\n\r\nx\r\n"),
        format!("MIME-Version: 1.0\r\n{related}"),
        format!("From: <Saved by Blink>\r\nSubject: x\r\nMIME-Version: 1.0\r\n{related}"),
        // No reader of mail takes the first line for a field.
        format!("as it was\r\nContent-Transfer-Encoding: base64\r\n\r\n{ENCODED}\r\n"),
    ] {
        file_has(&head);
    }
}

#[test]
fn an_attached_message_needs_no_sender() {
    for body in [
        format!("Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n{ENCODED}\r\n"),
        format!("Content-Transfer-Encoding: base64\r\n\r\n{ENCODED}\r\n"),
    ] {
        let found = scan_raw(&mail("Content-Type: message/rfc822", body.as_bytes()));
        assert!(has(&found, FindingKind::Ssn), "{body:?}");
    }
}

#[test]
fn text_with_a_colon_in_each_line_is_no_message() {
    for text in [
        "name: x\nsubject: y\nto: z\n\nfor them\n",
        "Content-Type: application/json\nAccept: */*\n\nfor them\n",
    ] {
        for found in file(text) {
            assert!(found.unscannable.is_empty() && found.items.iter().all(|f| f.inside.is_none()));
        }
    }
}

#[test]
fn folded_and_escaped_lines_of_calendars_and_cards_are_read_as_shown() {
    for line in [
        "DESCRIPTION:SSN 281-1\r\n 5-98\r\n\t04",
        "DESCRIPTION:of\\nSSN\\, 281-15-9804",
        "X-NOTE:SS\r\n N\\; 281-15-9804",
    ] {
        file_has(&format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        ));
    }
    for line in [
        "NOTE;ENCODING=QUOTED-PRINTABLE:SSN 281=2D15=2D9=\r\n804",
        "NOTE;QUOTED-PRINTABLE;CHARSET=UTF-8:=53=53=4E=20=32=38=31=2D15-9804",
    ] {
        file_has(&format!(
            "BEGIN:VCARD\r\nVERSION:2.1\r\n{line}\r\nEND:VCARD\r\n"
        ));
    }
    let found = file(
        "BEGIN:VCARD\r\nNOTE;CHARSET=UTF-7;ENCODING=QUOTED-PRINTABLE:SSN 281=2D15-9804\r\nEND:VCARD\r\n",
    );
    assert!(found.iter().all(|f| !f.unscannable.is_empty()));
}

#[test]
fn escapes_of_json_are_read_as_its_readers_read_them() {
    for text in [
        r#"{"note": "SSN\u0020281-15\u002d98\u00304"}"#,
        r#"{"note": "Seen.\nSSN\t281-15-9804"}"#,
        r#"{"a": "{\"note\": \"SSN 281\\u002d15-9804\"}"}"#,
        r#"{"resourceType": "Observation", "note": [{"text": "Seen.\r\nSSN 281\u201115-9804"}]}"#,
        r#"Sent: {"resourceType": "Basic", "a": "SSN 28\u0031-15-9804"}"#,
        r#"[1, {"note" "SSN 281\u002d15\u002d9804"}]"#,
    ] {
        file_has(text);
    }
}

#[test]
fn a_page_with_escapes_in_its_script_is_a_page() {
    file_has(
        r#"<html><script>var a = {"b": "\u003c"};</script><p>SSN 281-<b>15</b>-9804</p></html>"#,
    );
}

#[test]
fn escapes_of_hl7_are_read_as_its_readers_read_them() {
    for value in [
        r"SSN 281\X2D\15-98\X3034\",
        r"Seen.\.br\SSN 281-15-9804",
        r"SSN \H\281-15\N\-9804",
    ] {
        file_has(&format!(
            "MSH|^~\\&|A|B|C|D|20260227101500||ORU^R01|7|P|2.5\rOBX|1|TX|N^Note||{value}||||||F\r"
        ));
        // Another escape, as declared.
        file_has(&format!(
            "MSH|^~!&|A|B|C|D|20260227101500||ORU^R01|7|P|2.5\rOBX|1|TX|N^Note||{}||||||F\r",
            value.replace('\\', "!")
        ));
    }
}

#[test]
fn what_escapes_write_stands_where_it_is_written() {
    let text = r#"{"resourceType": "Patient", "name": [{"family": "Mu\u00f1oz"}], "x": "SSN 281\u002d15-9804"}"#;
    let fields = "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=x";
    let message = Message::parse(&mail(fields, text.as_bytes())).unwrap();
    let findings = PhiScanner::new().scan(&message);
    let at = |kind| findings.items.iter().find(|f| f.kind == kind).unwrap();
    for (kind, written, value) in [
        (FindingKind::Name, r"Mu\u00f1oz", "Muñoz"),
        (FindingKind::Ssn, r"281\u002d15-9804", "281-15-9804"),
    ] {
        let found = at(kind);
        assert_eq!(&text[found.span.clone()], written);
        assert_eq!(found.expose().expose(), value);
        assert!(!found.evidence.contains(&Evidence::Obfuscated));
    }
}

/// Records with a file in each of them, given as base64.
fn records_with(file: &str) -> Vec<String> {
    let lines = file.as_bytes().chunks(16).collect::<Vec<_>>();
    let joined = |with: &[u8]| String::from_utf8(lines.join(with)).unwrap();
    vec![
        format!(
            r#"{{"resourceType":"DocumentReference","content":[{{"attachment":{{"contentType":"text/plain","data":"{}"}}}}]}}"#,
            file.replace('/', r"\/")
        ),
        format!(
            r#"{{"resourceType":"Binary","data": "{}"}}"#,
            joined(br"\r\n")
        ),
        format!(
            "MSH|^~\\&|A|B|C|D|2026||MDM^T02|7|P|2.5\rOBX|1|ED|PDF^Report||X^application^pdf^Base64^{file}||||||F\rNTE|1\r"
        ),
        format!(
            "MSH|^~\\&|A|B|C|D|2026||MDM^T02|7|P|2.5\rOBX|1|ED|PDF^Report||^TEXT^^BASE64^{}\rNTE|1\r",
            joined(br"\.br\")
        ),
        format!(
            "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><component><nonXMLBody><text mediaType=\"text/plain\" representation=\"B64\">\n  {}\n</text></nonXMLBody></component></ClinicalDocument>",
            joined(b"\n  ")
        ),
        format!(
            "<?xml version='1.0'?><x><value representation = 'B64' mediaType='a/b'><![CDATA[{file}]]></value></x>"
        ),
        format!(
            "<?xml version='1.0'?><text representation=\"B64\">{}</text>",
            joined(b"&#13;\n")
        ),
        format!("<Binary xmlns=\"http://hl7.org/fhir\"><data value=\"{file}\"/></Binary>"),
        format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            joined(b"\r\n ")
        ),
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE;ENCODING=b:{file}\r\nEND:VCARD\r\n"),
        format!(
            "BEGIN:VCARD\r\nVERSION:2.1\r\nX-NOTE;BASE64:\r\n{}\r\n\r\nEND:VCARD\r\n",
            joined(b"\r\n")
        ),
        format!(
            "BEGIN:VCARD\r\nVERSION:4.0\r\nSOUND:data:text/plain;base64,{file}\r\nEND:VCARD\r\n"
        ),
    ]
}

#[test]
fn files_in_the_values_of_records_and_in_texts_are_read() {
    for record in records_with(ENCODED) {
        file_has(&record);
    }
    let long = data_encoding::BASE64.encode(b"Seen today, of the patient: SSN 281-15-9804");
    for record in [
        format!(r#"{{"file": "{long}"}}"#),
        format!(r#"{{"url": "data:application/pdf;base64,{long}"}}"#),
        format!("MSH|^~\\&|A|B|C|D|2026||ORU^R01|7|P|2.5\rOBX|1|ST|N||{long}||||||F\r"),
        format!("<?xml version='1.0'?><file>{long}</file>"),
        format!(r#"{{"url": "https://harbor.example/open?file={long}&by=7"}}"#),
        r#"{"note": "U1NOOiAyODEtMTUtOTgwNA=="}"#.to_owned(),
        format!("<?xml version='1.0'?><file>{}</file>", long.replacen("bnQ6", "bnQ6&#13;\n", 1)),
        format!("id,title,file\r\n4711,scan,{long}\r\n4712,none,\r\n"),
        format!("ST*275*0001~BGN*02*7~BIN*{}*{long}~SE*4*0001~", long.len()),
        format!("This is what came out of the export:\n\n{long}\n\nCan you read it?\n"),
        format!("It is in here: {}.\n", long.replace('+', "-").replace('/', "_")),
        format!("<!doctype html><p>Hello,<p>{long}"),
        format!("<html><body><a data-of='{long}'>Hello</a></body></html>"),
        "MSH|^~\\&|A|B|C|D|2026||ORU^R01|7|P|2.5\rOBX|1|ED|N||^TEXT^^Hex^53534E203238312D31352D39383034||||||F\r".to_owned(),
        "BEGIN:VCARD\r\nNOTE:data:text/plain,SSN%20281%2D15%2d98%304\r\nEND:VCARD\r\n".to_owned(),
        r#"{"resourceType":"Basic","text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">SSN 281&#45;15-<b>98</b>04</div>"}}"#.to_owned(),
    ] {
        file_has(&record);
    }
}

#[test]
fn a_file_that_was_pasted_into_a_body_is_read() {
    let text = b"Seen today, of the patient: SSN 281-15-9804. A second visit is not needed.";
    let pasted = data_encoding::BASE64_MIME.encode(text);
    let inside = |found: &Findings| -> Vec<String> {
        let ssns = found.items.iter().filter(|f| f.kind == FindingKind::Ssn);
        ssns.map(|f| f.inside.as_ref().unwrap().expose().clone())
            .collect()
    };
    let attached =
        "Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=a.eml";
    for body in [
        format!("Hello,\r\n\r\n{pasted}\r\nRegards\r\n"),
        format!(
            "Hello,\r\n> {}\r\nRegards\r\n",
            pasted.replacen('\n', "\n> ", 1)
        ),
    ] {
        let found = scan_raw(&mail("Content-Type: text/plain", body.as_bytes()));
        assert_eq!(inside(&found), ["encoded"], "{body}");
        let forwarded = mail("Content-Type: text/plain", body.as_bytes());
        let found = scan_raw(&mail(attached, &forwarded));
        assert_eq!(inside(&found), ["encoded"], "{body}");
    }
    let page = format!("<p>Hello,</p><pre>{pasted}</pre><p>Regards</p>");
    assert_eq!(inside(&html(&page)), ["encoded"]);
    let fields = "Content-Type: text/html\r\nContent-Disposition: attachment; filename=x.html";
    assert_eq!(
        inside(&scan_raw(&mail(fields, page.as_bytes()))),
        ["encoded"]
    );
    let forwarded = mail("Content-Type: text/html", page.as_bytes());
    let found = scan_raw(&mail(attached, &forwarded));
    assert_eq!(inside(&found), ["encoded"]);
}

#[test]
fn what_is_encoded_and_told_so_is_read_once() {
    let text = b"Seen today, of the patient: SSN 281-15-9804. A second visit is not needed.";
    let lines = data_encoding::BASE64_MIME.encode(text);
    let places = |body: &str| -> Vec<String> {
        let found = scan_raw(&mail("Content-Type: text/plain", body.as_bytes()));
        let ssns = found.items.iter().filter(|f| f.kind == FindingKind::Ssn);
        ssns.map(|f| f.inside.as_ref().unwrap().expose().clone())
            .collect()
    };
    for before in ["Here:", "<pat@mail.example> wrote:"] {
        let block = format!("{before}\r\nbegin-base64 644 a.txt\r\n{lines}====\r\n");
        assert_eq!(places(&block), ["a.txt"], "{block}");
        let part = format!(
            "{before}\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\n{lines}\r\n\r\nThanks\r\n"
        );
        assert_eq!(places(&part), ["encoded"], "{part}");
    }
}

#[test]
fn each_of_several_files_in_a_text_is_told() {
    let rows = (0..4).map(|n| {
        data_encoding::BASE64.encode(format!("Patient {n}, SSN 281-15-980{n} ok").as_bytes())
    });
    let rows: Vec<String> = rows.collect();
    let found = scan_raw(&mail(
        "Content-Type: text/plain",
        rows.join("\r\n\r\nand\r\n\r\n").as_bytes(),
    ));
    let ssns = found.items.iter().filter(|f| f.kind == FindingKind::Ssn);
    let ssns: Vec<_> = ssns.map(|f| f.expose().expose().clone()).collect();
    let wanted: Vec<String> = (0..4).map(|n| format!("281-15-980{n}")).collect();
    assert_eq!(ssns, wanted);
    let record = format!(
        r#"{{"resourceType":"Bundle","files":["{}"]}}"#,
        rows.join("\",\"")
    );
    for found in file(&record) {
        let ssns = found.items.iter().filter(|f| f.kind == FindingKind::Ssn);
        assert_eq!(ssns.count(), 4);
    }
}

/// From a sender of whom nothing says that it gives care.
#[test]
fn a_patients_number_in_base64_is_phi() {
    let note =
        data_encoding::BASE64.encode(b"Patient Maria Alvarez, SSN 281-15-9804, MRN 00482913");
    for body in [note.clone(), format!("id,note\r\n1,{note}\r\n")] {
        let found = scan_raw(&mail("Content-Type: text/plain", body.as_bytes()));
        assert_eq!(found.sensitivity(), Some(Sensitivity::Phi), "{body}");
    }
}

#[test]
fn tokens_in_links_are_no_texts() {
    let token = data_encoding::BASE64URL_NOPAD.encode(
        br#"{"sub":"48213377","iat":1516239022,"exp":1516242622,"aud":"portal","jti":"8b1f"}"#,
    );
    for body in [
        format!(
            "To set a new password: https://portal.harbor.example/r/eyJhbGciOiJIUzI1NiJ9.{token}.c2ln"
        ),
        format!("Your token is eyJhbGciOiJIUzI1NiJ9.{token}.c2ln"),
    ] {
        let found = scan_raw(&mail("Content-Type: text/plain", body.as_bytes()));
        assert!(found.items.iter().all(|f| f.inside.is_none()), "{body}");
        let found = html(&format!("<p>Hello, <a href='{0}'>{0}</a></p>", body));
        assert!(found.items.iter().all(|f| f.inside.is_none()), "{body}");
    }
}

#[test]
fn a_file_in_a_record_that_cannot_be_read_is_told() {
    let noise: Vec<u8> = (0..600_u32)
        .map(|n| ((n * n * 31 + n * 7) >> 3) as u8)
        .collect();
    let picture = [&b"\x89PNG\r\n\x1a\n"[..], &noise].concat();
    for bytes in [&noise, &picture] {
        for record in records_with(&data_encoding::BASE64.encode(bytes)) {
            for found in file(&record) {
                assert!(!found.unscannable.is_empty(), "{record}");
            }
        }
    }
    for record in records_with("U1NOIDI4MS0x!*U1NOIDI4MS0xNS05ODA0") {
        if record.contains("base64,") {
            continue;
        }
        for found in file(&record) {
            assert!(!found.unscannable.is_empty(), "{record}");
        }
    }
}

#[test]
fn what_stands_between_stretches_of_a_file_does_not_hide_it() {
    let (first, rest) = ENCODED.split_at(8);
    for between in ["<!-- -->", "<b/>", "&#65;"] {
        let record = format!(
            "<?xml version='1.0'?><text representation=\"B64\">{first}{between}{rest}</text>"
        );
        for found in file(&record) {
            assert!(told(&found), "{record}");
        }
    }
}

#[test]
fn digests_keys_and_samples_are_no_files() {
    let noise: Vec<u8> = (0..64_u32).map(|n| (n * n * 31 + 160) as u8).collect();
    let digest = data_encoding::BASE64.encode(&noise);
    for record in [
        format!(r#"{{"integrity": "sha512-{digest}", "hash": "{digest}"}}"#),
        format!(r#"{{"resourceType":"Attachment","hash":"{digest}"}}"#),
        r#"{"resourceType":"Observation","valueSampledData":{"data":"2041 2043 2037 2047 2060 2062 2051"}}"#.to_owned(),
        format!("<?xml version='1.0'?><X509Certificate>{digest}\n{digest}</X509Certificate>"),
        "<?xml version='1.0'?><text representation='B64'><reference value='x.pdf'/></text>".to_owned(),
        "BEGIN:VCARD\r\nPHOTO;ENCODING=b;TYPE=GIF:R0lGODlhAQABAAAAACw=\r\nEND:VCARD\r\n".to_owned(),
        r#"{"pathOfTheHandler": "/services/records/handlers/patients/index"}"#.to_owned(),
        r#"{"home": "https://5starhomehealthservices.example/locations"}"#.to_owned(),
        "See https://5starhomehealthservices.example/locations for more.\n".to_owned(),
        "<html><a href='https://5starhomehealthservices.example/x'>https://5starhomehealthservices.example/x</a></html>".to_owned(),
        format!("The key is {digest}, and the file's digest\n{digest}\n{digest}\n"),
        format!("id,sha512\r\n4711,{digest}\r\n"),
        format!("Terms\n{}\n{}\n{}\n", "=".repeat(70), "-".repeat(70), "_".repeat(70)),
    ] {
        for found in file(&record) {
            assert!(found.unscannable.is_empty(), "{record}");
            assert!(found.items.iter().all(|f| f.inside.is_none()), "{record}");
        }
    }
}
