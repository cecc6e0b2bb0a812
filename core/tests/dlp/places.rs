//! Where findings stand: spans lead back to the source through all that hides
//! a value from a naive reader, and nothing of a message goes unread.

use mailseal::base::{Sensitivity, Timestamp};
use mailseal::compose::{Copy, Message, Visible};
use mailseal::dlp::redact::{Redaction, Style};
use mailseal::dlp::{Evidence, FindingKind, Findings, Part, PhiScanner, Scanner};
use proptest::prelude::*;

use super::scene::{Scanned, file, from_to, mail, scan};

use FindingKind as K;

/// `format=flowed; delsp=yes`, as Apple Mail sends it.
#[test]
fn what_goes_over_the_end_of_a_flowed_line_is_found() {
    let scanned = |kind: &str, text: &str| {
        let raw = format!(
            "From: clinic@harbor.example\r\nTo: pat@mail.example\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; {kind}\r\n\r\n{text}\r\n"
        );
        let message = Message::parse(raw.as_bytes()).unwrap();
        let findings = PhiScanner::new().scan(&message);
        Scanned { message, findings }
    };
    let flowed = "format=Flowed; DelSp=YES";
    let text = "Her SSN is 281-1 \r\n5-9804, and again 281- \r\n15-9805.";
    let found = scanned(flowed, text);
    let value = found.has(K::Ssn, Part::Text, "281-1 \n5-9804");
    assert_eq!(value.expose().expose(), "281-15-9804");
    found.has(K::Ssn, Part::Text, "281- \n15-9805");
    let quoted = scanned(flowed, "> Her SSN is 281-1 \r\n> 5-9804.");
    quoted.has_value(K::Ssn, Part::Text, "281-15-9804");
    // One of several parameters is enough.
    let twice = scanned(
        "format=flowed; delsp=no; delsp=yes",
        "Her SSN is 281-1 \r\n5-9804.",
    );
    twice.has_value(K::Ssn, Part::Text, "281-15-9804");
    // A second text, and one of a message within.
    let text = "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nHer SSN is 281-1 \r\n5-9804.\r\n";
    for inner in [
        text.to_owned(),
        format!(
            "Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nMIME-Version: 1.0\r\n{text}"
        ),
    ] {
        let raw = format!(
            "From: clinic@harbor.example\r\nTo: pat@mail.example\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello.\r\n--b\r\n{inner}\r\n--b--\r\n"
        );
        let message = Message::parse(raw.as_bytes()).unwrap();
        let findings = PhiScanner::new().scan(&message);
        let told = findings.items.iter().map(|f| f.expose().expose());
        assert!(told.clone().any(|v| v == "281-15-9804"), "{inner}");
    }
    // A message in a file, and a text attached to it.
    for (part, kind) in [("", ""), ("--c\r\n", "; name=a.txt")] {
        let mixed = match part.is_empty() {
            true => "",
            false => "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nHello.\r\n",
        };
        let eml = format!(
            "From: a@b.example\r\nTo: c@d.example\r\nSubject: e\r\nMIME-Version: 1.0\r\n{mixed}{part}\
             Content-Type: text/plain; format=flowed; delsp=yes{kind}\r\n\r\n\
             Her SSN is 281-1 \r\n5-9804, the other 281-15-9805.\r\n"
        );
        let scanned = scan(
            mail()
                .subject("Hi")
                .text("Hi")
                .attachment(file("forwarded.eml", eml)),
        );
        let many = |value: &str| {
            let all = scanned.findings.items.iter();
            let same = |f: &&mailseal::dlp::Finding| f.expose().expose() == value;
            let told = all.filter(|f| f.kind == K::Ssn && f.inside.is_some());
            told.filter(same).count()
        };
        assert_eq!(
            (many("281-15-9804"), many("281-15-9805")),
            (1, 1),
            "{:?}",
            scanned.findings
        );
    }
    // Where nobody joins the lines nothing goes over them.
    for kind in ["format=flowed", "format=fixed; delsp=yes", "charset=utf-8"] {
        let found = scanned(kind, "Her SSN is 281-1 \r\n5-9804.");
        found.lacks(K::Ssn, "281-15-9804");
    }
    // Other readers show the lines as they stand, and nothing is told twice.
    let text = "Write to maria.lopez@mail.example \r\nSSN 281-15-9804 \r\nand MRN 00482913.";
    let (plain, found) = (scanned("charset=utf-8", text), scanned(flowed, text));
    for finding in &plain.findings.items {
        let span = &finding.span;
        let covers = |f: &mailseal::dlp::Finding| {
            f.kind == finding.kind && f.span.start <= span.start && span.end <= f.span.end
        };
        assert!(found.findings.items.iter().any(covers), "{finding:?}");
    }
    let many = |s: &Scanned, kind| s.findings.items.iter().filter(|f| f.kind == kind).count();
    assert_eq!(many(&found, K::Mrn), many(&plain, K::Mrn));
    let risk = |s: &Scanned| s.findings.risk.as_ref().unwrap().score;
    assert_eq!(risk(&found), risk(&plain));
}

/// What is copied out of a PDF lacks blanks.
#[test]
fn what_stands_right_at_its_label_is_found() {
    let text = "Ana: DOB15/03/1962SSN281-15-9804MRN00482913\nand SSN281159805.";
    let scanned = scan(mail().subject("Hi").text(text));
    scanned.has(K::Date, Part::Text, "15/03/1962");
    scanned.has(K::Ssn, Part::Text, "281-15-9804");
    scanned.has(K::Mrn, Part::Text, "00482913");
    let found = scanned.has(K::Ssn, Part::Text, "281159805");
    assert_eq!(&text[found.span.clone()], "281159805");
}

/// Mail programs break lines at hyphens.
#[test]
fn what_was_broken_at_a_hyphen_is_found() {
    let scanned =
        scan(mail().subject("Hi").text(
            "Please note the SSN of your mother, it is 281-15-\n9804, or call 270-\n555-0142.",
        ));
    scanned.has(K::Ssn, Part::Text, "281-15-\n9804");
    scanned.has(K::Phone, Part::Text, "270-\n555-0142");
    let scanned = scan(mail().subject("Hi").html("<p>SSN<br>281-15-<br>9804</p>"));
    scanned.has(K::Ssn, Part::Html, "281-15-<br>9804");
}

#[test]
fn html_is_read_as_shown_and_spans_lead_to_the_source() {
    for (html, source) in [
        (
            "<p>SSN: <b>281</b>-15-<i>9804</i></p>",
            "281</b>-15-<i>9804",
        ),
        ("<p>SSN: 281&#45;15&#x2d;9804</p>", "281&#45;15&#x2d;9804"),
        (
            "<p>SSN: 281&#8209;15&#8209;9804</p>",
            "281&#8209;15&#8209;9804",
        ),
        (
            "<p>SSN: 281<!-- -->-15-<wbr>9804</p>",
            "281<!-- -->-15-<wbr>9804",
        ),
        ("<p>SSN:&nbsp;281-15-9804</p>", "281-15-9804"),
        (
            "<table><tr><td>SSN</td><td>281-15-9804</td></tr></table>",
            "281-15-9804",
        ),
    ] {
        let scanned = scan(mail().html(html));
        let found = scanned.has(K::Ssn, Part::Html, source);
        // The value is what a reader sees.
        let digits: String = found
            .expose()
            .expose()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        assert_eq!(digits, "281159804", "{html}");
    }
}

#[test]
fn what_a_link_carries_goes_or_nothing_does() {
    // Not found as links, or not as they are written.
    for href in [
        "https://ehr.example/p?patient=Pat+Núñez&amp;q=Pat+Núñez+heart+failure",
        "https://ehr.example/p?q=Pat&#x2B;Lindqvist&#x2B;heart&#x2B;failure",
        "https:&#x2F;&#x2F;ehr.example/p?q=Pat+Lindqvist+heart+failure",
    ] {
        let page = format!("<p>Please <a href=\"{href}\">look</a></p>");
        let scanned = scan(from_to("desk@office.example", "bob@partner.example").html(page));
        let names = scanned.findings.items.iter().filter(|f| f.kind == K::Name);
        assert!(names.count() > 0, "{href}");
        let how = Redaction::new(Style::Label);
        match scanned
            .findings
            .redacted(&scanned.message, Part::Html, &how)
        {
            Ok(copy) => assert!(
                !copy.contains("Lindqvist") && !copy.contains("Núñez"),
                "{copy}"
            ),
            Err(why) => assert_eq!(why.code(), "redact.link"),
        }
    }
}

/// As the fields and words that whoever serves it reads.
#[test]
fn what_a_link_carries_is_found_and_goes_with_it() {
    let link = "https://ehr.example/p?lastName=Lindqvist&amp;dob=1958-03-14&amp;mrn=00482913&amp;dx=heart%20failure";
    let plain = link.replace("&amp;", "&");
    let from = || from_to("desk@office.example", "bob@partner.example").subject("A link");
    for (message, part) in [
        (
            from().text(format!("Please look: {plain}\nBob")),
            Part::Text,
        ),
        (
            from().html(format!("<p>Please <a href=\"{link}\">look</a></p>")),
            Part::Html,
        ),
    ] {
        let scanned = scan(message);
        let items = &scanned.findings.items;
        for (kind, value) in [
            (K::Name, "Lindqvist"),
            (K::Date, "1958-03-14"),
            (K::Mrn, "00482913"),
            (K::Condition, "heart failure"),
        ] {
            let is = |f: &mailseal::dlp::Finding| {
                f.kind == kind && f.part == part && f.expose().expose() == value
            };
            assert!(items.iter().any(is), "{kind:?} {items:?}");
        }
        let risk = scanned.findings.risk.as_ref().unwrap();
        assert_eq!(risk.sensitivity, Sensitivity::Phi);
        let redacted =
            scanned
                .findings
                .redacted(&scanned.message, part, &Redaction::new(Style::Label));
        let redacted = redacted.unwrap();
        assert!(!redacted.contains("Lindqvist"), "{redacted}");
    }
}

/// "Elder abuse screening" is a term too.
#[test]
fn a_term_that_ends_a_text_is_found() {
    for text in [
        "Ms. Lindqvist was seen on Monday. The nurse's note says elder abuse.",
        "Ms. Lindqvist was seen on Monday. The nurse's note says elder abuse",
        "Ms. Lindqvist was seen on Monday.\nDiagnosis: elder abuse.\n\nPlease call.",
        "Ms. Lindqvist was seen on Monday.\nDiagnosis: elder abuse\n",
    ] {
        scan(mail().text(text)).has(K::Condition, Part::Text, "elder abuse");
        scan(mail().html(format!("<p>{text}</p>"))).has(K::Condition, Part::Html, "elder abuse");
    }
    let scanned = scan(mail().subject("Suspected elder abuse").text("Call me."));
    scanned.has(K::Condition, Part::Subject, "elder abuse");
    let table = "name,diagnosis\nAnn Lindqvist,heart failure\nBo Berg,elder abuse";
    let scanned = scan(mail().attachment(file("patients.csv", table)));
    scanned.has_value(K::Condition, Part::Attachment(0), "elder abuse");
}

#[test]
fn hidden_characters_and_full_width_digits_hide_nothing() {
    for (text, value) in [
        (
            "SSN: 2\u{200b}81-15-9\u{200d}804.",
            "2\u{200b}81-15-9\u{200d}804",
        ),
        (
            "SSN: 281\u{2011}15\u{2013}9804.",
            "281\u{2011}15\u{2013}9804",
        ),
        (
            "SSN: \u{ff12}\u{ff18}\u{ff11}-\u{ff11}\u{ff15}-\u{ff19}\u{ff18}\u{ff10}\u{ff14}.",
            "\u{ff12}\u{ff18}\u{ff11}-\u{ff11}\u{ff15}-\u{ff19}\u{ff18}\u{ff10}\u{ff14}",
        ),
        ("SSN: 281-15-\u{ad}9804.", "281-15-\u{ad}9804"),
    ] {
        let scanned = scan(mail().text(text));
        let found = scanned.has(K::Ssn, Part::Text, value);
        assert_eq!(found.expose().expose(), value);
    }
    let scanned = scan(mail().text("SSN: 2\u{200b}81-15-9804."));
    let found = scanned.has(K::Ssn, Part::Text, "2\u{200b}81-15-9804");
    assert!(found.evidence.contains(&Evidence::Obfuscated));
    let plain = scan(mail().text("SSN: 281-15-9804."));
    let found = plain.has(K::Ssn, Part::Text, "281-15-9804");
    assert!(!found.evidence.contains(&Evidence::Obfuscated));
}

/// Text and HTML that say the same give the same kinds and values.
#[test]
fn html_finds_what_plain_text_finds() {
    let lines = [
        "MRN: 7719402",
        "DOB: 03/14/1958",
        "Medicare number: 8HP9-D88-VG43",
        "NPI 1210126193",
    ];
    let html: String = lines
        .iter()
        .map(|line| {
            let split: String = line.chars().map(|c| format!("<span>{c}</span>")).collect();
            format!("<p>{split}</p>\n")
        })
        .collect();
    let text = scan(mail().text(lines.join("\n\n")));
    let markup = scan(mail().html(html));
    for (kind, value) in [
        (K::Mrn, "7719402"),
        (K::Date, "03/14/1958"),
        (K::HealthPlanId, "8HP9-D88-VG43"),
        (K::Npi, "1210126193"),
    ] {
        let plain = text.has_value(kind, Part::Text, value);
        let shown = markup.has_value(kind, Part::Html, value);
        assert_eq!(plain.confidence, shown.confidence, "{value}");
    }
}

#[test]
fn what_html_does_not_show_is_found_and_marked() {
    for html in [
        "<p>Thank you.</p><!-- SSN: 281-15-9804 -->",
        "<p>Thank you.</p><img src=\"a.png\" alt=\"SSN: 281-15-9804\">",
        "<p title=\"SSN: 281-15-9804\">Thank you.</p>",
    ] {
        let scanned = scan(mail().html(html));
        let found = scanned.has(K::Ssn, Part::Html, "281-15-9804");
        assert!(found.evidence.contains(&Evidence::Obfuscated), "{html}");
    }
}

#[test]
fn debug_and_errors_show_no_value() {
    let scanned = scan(
        mail()
            .subject("MRN 7719402")
            .text("Patient name: Marisol Quintero\nSSN: 281-15-9804\nDiagnosis: lupus")
            .attachment(file("quintero.csv", "name,mrn\nMarisol Quintero,7719402\n")),
    );
    assert!(scanned.findings.items.len() > 3);
    let shown = format!(
        "{:?} {:#?}",
        scanned.findings,
        scanned.findings.items[0].expose()
    );
    for value in [
        "7719402", "281-15", "Marisol", "Quintero", "quintero", "lupus",
    ] {
        assert!(!shown.contains(value), "{value} in {shown}");
    }
}

#[test]
fn a_redacted_copy_holds_no_identifier_that_was_found() {
    let scanned =
        scan(mail().text("Patient name: Marisol Quintero\nSSN: 281-15-9804\nOpen at nine."));
    let copy = scanned
        .findings
        .redacted(&scanned.message, Part::Text, &Redaction::new(Style::Label))
        .unwrap();
    assert_eq!(copy, "Patient name: [NAME]\nSSN: [SSN]\nOpen at nine.");
}

#[test]
fn the_same_message_gives_the_same_findings_from_every_thread() {
    let message = mail()
        .subject("Your visit on March 3, 2026")
        .text(
            "Patient name: Marisol Quintero\nMRN: 7719402\nDiagnosis: type 2 diabetes, metformin.",
        )
        .html("<p>Patient name: <b>Marisol</b> Quintero</p><p>MRN: 7719402</p>")
        .attachment(file(
            "a.csv",
            "name,dob,mrn\nMarisol Quintero,1958-03-14,7719402\n",
        ))
        .build()
        .unwrap();
    let scanner = PhiScanner::new();
    let first = scanner.scan(&message);
    assert!(!first.items.is_empty() && first.risk.is_some());
    assert_eq!(PhiScanner::new().scan(&message), first);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..5).map(|_| scanner.scan(&message)).collect::<Vec<_>>()))
            .collect();
        for thread in threads {
            assert!(thread.join().unwrap().iter().all(|f| *f == first));
        }
    });
    // Nor does it matter that the message was written out and read again.
    let now = Timestamp::from_unix_ms(0);
    let copy = Copy::new(Visible::All, now, "x@harbor.example");
    let raw = message.render(&copy).unwrap();
    let read = scanner.scan(&Message::parse(raw.bytes()).unwrap());
    let kinds = |f: &Findings| -> Vec<_> { f.items.iter().map(|f| (f.kind, f.part)).collect() };
    assert_eq!(kinds(&read), kinds(&first));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_read_and_spans_are_within_it(
        text in "(\\PC|[0-9 -]|<b>|</b>|&#8209;|&nbsp;|SSN |MRN: |Dr\\. |DOB |281-15-9804|<!--|-->|\"|'|=|\\{|\\}|\\|){0,80}",
    ) {
        let scanned = scan(mail().subject("x").text(text.as_str()).html(text.as_str()));
        for finding in &scanned.findings.items {
            let source = scanned.source(finding.part);
            prop_assert!(source.get(finding.span.clone()).is_some_and(|t| !t.is_empty()));
        }
    }
}

/// The findings in what address fields say beside addresses.
fn in_names(draft: super::scene::Draft) -> (Vec<(K, String)>, mailseal::base::Sensitivity) {
    let scanned = scan(draft);
    let found = scanned.findings.items.iter();
    let names = found.filter(|f| matches!(f.part, Part::Other(_)));
    let names = names.map(|f| {
        assert_eq!(scanned.at(f), *f.expose().expose());
        (f.kind, f.expose().expose().clone())
    });
    (names.collect(), scanned.findings.sensitivity().unwrap())
}

fn to(name: &str) -> super::scene::Draft {
    let recipient = mailseal::base::Recipient::new("jsmith@mail.example".parse().unwrap());
    Message::builder()
        .from("office@harbor.example".parse().unwrap())
        .to(recipient.name(name))
        .subject("Parking")
        .text("The car park is closed on Friday. Please use the one behind the station.")
}

#[test]
fn a_display_name_that_tells_more_than_a_name_is_found() {
    use mailseal::base::Sensitivity;
    let (found, verdict) = in_names(to("John Smith - HIV results"));
    assert!(found.iter().any(|(kind, text)| {
        kind.class() == mailseal::dlp::FindingClass::Health && text.contains("HIV")
    }));
    assert!(
        found
            .iter()
            .any(|(kind, text)| *kind == K::Name && text.contains("Smith"))
    );
    assert!(verdict >= Sensitivity::Phi, "{verdict}");

    let (found, verdict) = in_names(to("MRN 00482913"));
    assert_eq!(found, [(K::Mrn, "00482913".to_owned())]);
    // A number of a person, and nothing of health: as in a subject.
    assert_eq!(
        verdict,
        scan(to("x").subject("MRN 00482913"))
            .findings
            .sensitivity()
            .unwrap()
    );
}

#[test]
fn a_display_name_that_is_a_name_is_the_envelopes() {
    for name in [
        "John Smith",
        "Smith, John",
        "Dr. Jane Okafor",
        "jsmith@mail.example",
        "Harbor Kidney Center",
    ] {
        let (found, verdict) = in_names(to(name).sender_name("Dr. Amara Okafor"));
        assert_eq!(found, [], "{name}");
        assert_eq!(verdict, mailseal::base::Sensitivity::None, "{name}");
    }
    // The sender's speciality is no finding; a patient's number is one.
    let (found, _) = in_names(to("x").sender_name("Harbor HIV Clinic, 270-555-0142"));
    assert_eq!(found, []);
    let (found, _) = in_names(to("x").sender_name("Harbor Clinic, SSN 281-15-9804"));
    assert_eq!(found, [(K::Ssn, "281-15-9804".to_owned())]);
}

#[test]
fn a_patient_in_a_name_on_the_senders_side_is_one() {
    use mailseal::base::Sensitivity;
    let scanned = |field: &str, name: &str| {
        let raw = format!(
            "From: a@harbor.example\r\nTo: b@mail.example\r\n\
             {field}: \"{name}\" <x@y.example>\r\nSubject: x\r\n\r\nok\r\n"
        );
        let findings = PhiScanner::new().scan(&Message::parse(raw.as_bytes()).unwrap());
        let verdict = findings.risk.as_ref().unwrap().sensitivity;
        (findings.items.len(), verdict)
    };
    for field in ["Reply-To", "Sender"] {
        for name in [
            "Maria Alvarez HIV positive Biktarvy MRN 00482913",
            "Maria Alvarez, HIV positive",
            "HIV positive, MRN 00482913",
            "Maria Alvarez, MRN 00482913, Harbor Clinic, HIV positive",
            "Karen Ellis - HIV results",
            "Karen Ellis, abortion appt",
            "Karen Ellis, IVF cycle",
            "Karen Ellis detox admission",
            "Karen Ellis, methadone",
            "Ann Lee BRCA test",
        ] {
            let (found, verdict) = scanned(field, name);
            assert!(found > 1, "{field}: {name}");
            assert_eq!(verdict, Sensitivity::Sensitive, "{field}: {name}");
        }
        for name in [
            "Karen Ellis, type 2 diabetes",
            "Karen Ellis diabetes",
            "Karen Ellis, colonoscopy appt",
            "Karen Ellis - A1c 9.2",
        ] {
            let (found, verdict) = scanned(field, name);
            assert_eq!((found, verdict), (2, Sensitivity::Phi), "{field}: {name}");
        }
        for name in [
            "Harbor HIV Clinic",
            "Harbor HIV Clinic Desk",
            "HIV Care Harbor",
            "Lund Allergy & Asthma",
            "Smith Physical Therapy",
            "Anna Lund, MD, Oncology",
            "Dr. Anna Lund Diabetes Care",
            "Anna Lund Dermatology",
            "Karen Ellis, Physical Therapy",
            "Karen Ellis, Psychotherapy",
            "Karen Ellis, Genetic Counseling",
            "Stephen Grant, Diabetes UK",
            "Karen Ellis from Alzheimer's Association",
            "Sarah Reed - JDRF Type 1 Diabetes",
            "Sarah Reed | Diabetes Research Fund",
            "Karen Ellis | Migraine Blog",
            "Mary Lee Diabetes Podcast",
            "Karen Ellis for Diabetes Walk 2026",
            "Karen Ellis, Crohn's & Colitis",
            "Beth Israel Diabetes",
            "Arthur Ashe HIV Gala",
            "Maria Alvarez",
        ] {
            assert_eq!(scanned(field, name), (0, Sensitivity::None), "{name}");
        }
    }
}

#[test]
fn names_of_groups_comments_and_details_are_read_too() {
    let raw = "From: a@harbor.example\r\nTo: HIV results of John Smith: b@mail.example;\r\n\
               Cc: c@mail.example (MRN 00482913)\r\nSubject: x\r\n\r\nHello\r\n";
    let message = Message::parse(raw.as_bytes()).unwrap();
    let kinds = |message: &Message| -> Vec<K> {
        let findings = PhiScanner::new().scan(message);
        findings.items.iter().map(|f| f.kind).collect()
    };
    let found = kinds(&message);
    assert!(found.contains(&K::Mrn), "{found:?}");
    assert!(
        found
            .iter()
            .any(|k| k.class() == mailseal::dlp::FindingClass::Health)
    );

    let plain = to("John Smith").build().unwrap();
    assert!(!kinds(&plain).contains(&K::Mrn));
    let details = mailseal::base::Recipient::new("jsmith@mail.example".parse().unwrap());
    let renamed = plain.with_recipient_details(details.name("John Smith, MRN 00482913"));
    assert!(kinds(&renamed.unwrap()).contains(&K::Mrn));
}

#[test]
fn a_name_in_an_encoding_that_is_not_known_is_told() {
    let raw = "From: a@harbor.example\r\nTo: =?x-own?Q?Pat?= <b@mail.example>\r\n\r\nHello\r\n";
    let findings = PhiScanner::new().scan(&Message::parse(raw.as_bytes()).unwrap());
    assert_eq!(findings.unscannable.len(), 1);
}

#[test]
fn the_hosts_own_numbers_are_found_in_display_names() {
    let host = mailseal::dlp::HostKnowledge::new()
        .pattern(
            K::OtherId,
            mailseal::dlp::Confidence::High,
            None,
            "HK[A-Z]+",
        )
        .unwrap();
    let message = to("John Smith HKABC").build().unwrap();
    let findings = PhiScanner::new().host(host).scan(&message);
    let found = findings
        .items
        .iter()
        .any(|f| f.evidence.contains(&Evidence::Host));
    assert!(found);
}

#[test]
fn an_address_in_a_file_name_is_found() {
    for (name, address) in [
        (
            "results pat.lindqvist@mail.example.pdf",
            "pat.lindqvist@mail.example",
        ),
        ("pat.lindqvist@mail.example", "pat.lindqvist@mail.example"),
        ("(pat_l@mail.example) letter.docx", "pat_l@mail.example"),
    ] {
        let scanned = scan(mail().text("See the file.").attachment(file(name, "x")));
        let found = scanned.has_value(K::Email, Part::AttachmentName(0), address);
        assert_eq!(scanned.at(found), address);
    }
    let host = mailseal::dlp::HostKnowledge::new()
        .allow(Some(K::Email), "desk@harbor.example")
        .unwrap();
    let draft = mail().attachment(file("desk@harbor.example.txt", "x"));
    let scanned = super::scene::scan_with(&PhiScanner::new().host(host), draft);
    scanned.lacks(K::Email, "desk");
}
