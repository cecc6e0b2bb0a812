//! The rule scanner: what it finds, where, how sure, and what it cannot read.

use mailseal::base::Sensitivity;
use mailseal::compose::{Attachment, Message, PartContent};
use mailseal::dlp::{Confidence, FindingKind, Findings, Part, RuleScanner, Scanner};
use proptest::prelude::*;

use super::scene::mail;

use Confidence::{High, Low, Medium};
use FindingKind::{BankAccount, CreditCard, Dea, HealthPlanId, Npi, Ssn, Vehicle};

fn scan(message: &Message) -> Findings {
    RuleScanner::new().scan(message)
}

fn in_text(text: &str) -> Vec<(FindingKind, String, Confidence)> {
    let message = mail().text(text).build().unwrap();
    scan(&message)
        .items
        .iter()
        .map(|f| (f.kind, text[f.span.clone()].to_owned(), f.confidence))
        .collect()
}

fn finds(text: &str, kind: FindingKind, value: &str, confidence: Confidence) {
    assert_eq!(
        in_text(text),
        [(kind, value.to_owned(), confidence)],
        "{text}"
    );
}

fn finds_nothing(text: &str) {
    assert_eq!(in_text(text), [], "{text}");
}

#[test]
fn social_security_numbers() {
    finds("SSN: 281-15-9804", Ssn, "281-15-9804", High);
    finds("ssn 124 12 8100 on file", Ssn, "124 12 8100", High);
    finds("281-15-9804 (SSN)", Ssn, "281-15-9804", High);
    finds("social security number 281159804", Ssn, "281159804", High);
    finds("Maria, 281-15-9804", Ssn, "281-15-9804", Medium);
    // An area that was never given out lowers, and never drops a labelled one.
    finds("SSN: 981-15-9804", Ssn, "981-15-9804", Medium);
    finds("SSN 000-15-9804", Ssn, "000-15-9804", Medium);
    finds("no. 666-15-9804", Ssn, "666-15-9804", Low);
    for fake in [
        "078-05-1120",
        "219-09-9999",
        "123-45-6789",
        "987-65-4321",
        "111-11-1111",
    ] {
        finds(&format!("SSN {fake}"), Ssn, fake, Low);
    }
    finds("his SSN ends 3719.", Ssn, "3719", Medium);
    finds("SSN ending in 2025", Ssn, "2025", Medium);
    for no in [
        "SSN lookups ending June 1, 2025",
        "order 281159804",
        "281-15-9804-2",
        "9-281-15-9804",
        "28-115-9804",
        "281-15 9804",
        "ends 3719",
    ] {
        finds_nothing(no);
    }
}

#[test]
fn obfuscated_numbers_are_read_as_a_person_reads_them() {
    let text = "SSN 5\u{200b}77\u{2011}96\u{2013}412\u{ff11}, thanks";
    assert_eq!(
        in_text(text),
        [(
            Ssn,
            "5\u{200b}77\u{2011}96\u{2013}412\u{ff11}".to_owned(),
            High
        )]
    );
}

#[test]
fn medicare_numbers() {
    finds(
        "Medicare 2W81-AD9-KT66",
        HealthPlanId,
        "2W81-AD9-KT66",
        High,
    );
    finds("2w81ad9kt66", HealthPlanId, "2w81ad9kt66", Medium);
    finds("MBI 1EG4-TE5-MK73", HealthPlanId, "1EG4-TE5-MK73", Low);
    finds_nothing("Medicare 2S81-AD9-KT66");
    finds_nothing("Medicare 2W81-AD9-KT667");
}

#[test]
fn cards() {
    finds(
        "Card: 4539 2423 7144 8309",
        CreditCard,
        "4539 2423 7144 8309",
        High,
    );
    finds(
        "Card 3751 533029 36459.",
        CreditCard,
        "3751 533029 36459",
        High,
    );
    finds("4539242371448309", CreditCard, "4539242371448309", Medium);
    finds(
        "tracking 4539242371448309",
        CreditCard,
        "4539242371448309",
        Low,
    );
    finds(
        "card 4111 1111 1111 1111",
        CreditCard,
        "4111 1111 1111 1111",
        Low,
    );
    finds("Card on file ending 8309", CreditCard, "8309", Medium);
    finds_nothing("Card: 4539 2423 7144 8308");
    finds_nothing("Card: 1539 2423 7144 8309");
}

#[test]
fn ibans() {
    finds(
        "IBAN DE38 3704 0044 8406 0581 76",
        BankAccount,
        "DE38 3704 0044 8406 0581 76",
        High,
    );
    finds(
        "GB23NWBK33677149143236",
        BankAccount,
        "GB23NWBK33677149143236",
        High,
    );
    finds(
        "IBAN DE39 3704 0044 8406 0581 76",
        BankAccount,
        "DE39 3704 0044 8406 0581 76",
        Medium,
    );
    finds(
        "the checking account ending 4406",
        BankAccount,
        "4406",
        Medium,
    );
    finds_nothing("DE39 3704 0044 8406 0581 76");
}

#[test]
fn an_npi_needs_its_label() {
    finds("Dr. Morozova, NPI 1210126193", Npi, "1210126193", High);
    finds("NPI: 1210126194", Npi, "1210126194", Low);
    finds_nothing("call 1210126193");
    assert_eq!(in_text("NPI 1210126193, phone 2145550123").len(), 1);
}

#[test]
fn dea_numbers() {
    finds("DEA BP6620187", Dea, "BP6620187", High);
    finds("Registration BB3109546", Dea, "BB3109546", Medium);
    finds("DEA BP6620188", Dea, "BP6620188", Low);
    finds_nothing("part BP6620188");
    finds_nothing("idea BP6620188");
}

#[test]
fn vehicles() {
    finds(
        "your van, VIN 2C4RDGCG4KR635292",
        Vehicle,
        "2C4RDGCG4KR635292",
        High,
    );
    finds("2C4RDGCG4KR635292", Vehicle, "2C4RDGCG4KR635292", Medium);
    finds(
        "VIN 2C4RDGCG5KR635292",
        Vehicle,
        "2C4RDGCG5KR635292",
        Medium,
    );
    finds_nothing("2C4RDGCG5KR635292");
}

#[test]
fn html_is_read_as_shown_and_spans_lead_to_the_source() {
    let html = "<p class=\"x\">SSN 577<!-- -->-96-<wbr>4121 and <b>281</b>-15-<b>9804</b></p>\n<img alt='SSN 332-19-4358'>";
    let message = mail().html(html).build().unwrap();
    let found: Vec<_> = scan(&message)
        .items
        .iter()
        .map(|f| &html[f.span.clone()])
        .collect();
    assert_eq!(
        found,
        [
            "577<!-- -->-96-<wbr>4121",
            "281</b>-15-<b>9804",
            "332-19-4358"
        ]
    );
}

#[test]
fn every_part_is_read_or_reported() {
    let file = |name: &str, media: &str, text: &str| {
        Attachment::new(name, media, text.as_bytes().to_vec())
    };
    let message = mail()
        .subject("SSN 281-15-9804")
        .text("clean")
        .attachment(file("SSN 281-15-9804.txt", "text/plain", "SSN 281-15-9804"))
        .attachment(file("a.html", "text/html", "SSN 281-15-<i>9804</i>"))
        .attachment(file("a.csv", "text/csv", "ssn\n281-15-9804\n"))
        .attachment(file("a.pdf", "application/pdf", "%PDF"))
        .header("X-Note", "SSN 281-15-9804")
        .build()
        .unwrap();
    let findings = scan(&message);
    let places: Vec<Part> = findings.items.iter().map(|f| f.part).collect();
    assert_eq!(
        places,
        [
            Part::Subject,
            Part::Other(0),
            Part::AttachmentName(0),
            Part::Attachment(0),
            Part::Attachment(1),
            Part::Attachment(2),
        ]
    );
    let unread: Vec<_> = findings
        .unscannable
        .iter()
        .map(|u| (u.part, u.why))
        .collect();
    assert_eq!(
        unread,
        [
            (Part::Attachment(2), "unsupported_type"),
            (Part::Attachment(3), "unsupported_type")
        ]
    );
    assert_eq!(findings.sensitivity(), Some(Sensitivity::Phi));
    assert!(!findings.knows_names);
    assert!(!format!("{findings:?}").contains("281"));
}

#[test]
fn what_is_unreadable_or_too_large_is_unscannable() {
    let raw =
        b"From: a@x.example\r\nTo: b@x.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!";
    let findings = scan(&Message::parse(raw).unwrap());
    assert_eq!(
        (findings.unscannable[0].part, findings.unscannable[0].why),
        (Part::Text, "malformed")
    );
    let findings = scan(&mail().text("a ".repeat(5 << 20)).build().unwrap());
    assert_eq!(
        (findings.unscannable[0].part, findings.unscannable[0].why),
        (Part::Text, "too_large")
    );
    let findings = scan(
        &mail()
            .text("SSN 281-15-9804\n".repeat(10_001))
            .build()
            .unwrap(),
    );
    assert_eq!(findings.unscannable[0].why, "too_many_findings");
    assert_eq!(
        scan(&mail().text("clean").build().unwrap()),
        Findings::default()
    );
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    // Each of these would take minutes were a search repeated for every piece.
    for piece in [
        "<a b=\"", "<a b='", "<!--", "<", "&#", "1-", "1 ", "A1 ", "SSN ", "ending ", "<a ", "9",
        "</",
    ] {
        let text = piece.repeat((256 << 10) / piece.len());
        scan(
            &mail()
                .text(text.as_str())
                .html(text.as_str())
                .build()
                .unwrap(),
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_read_and_spans_are_within_it(
        text in "(\\PC|[0-9 -]|<b>|</b>|&#8209;|&nbsp;|SSN |NPI |card |281-15-9804|<!--|-->|\"|'|=){0,80}",
    ) {
        let message = mail().subject("x").text(text.as_str()).html(text.as_str()).build().unwrap();
        let parts = message.parts();
        for finding in scan(&message).items {
            let part = parts.iter().find(|p| p.part() == finding.part).unwrap();
            let PartContent::Text(content) = part.content() else { panic!() };
            prop_assert!(content.expose().get(finding.span.clone()).is_some_and(|t| !t.is_empty()));
        }
    }
}
