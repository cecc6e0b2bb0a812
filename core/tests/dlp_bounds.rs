//! Bounds of a scan that are told, and findings that overlap.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mailseal::compose::{Attachment, Message};
use mailseal::dlp::redact::{Redaction, Style};
use mailseal::dlp::{Confidence, FindingKind, HostKnowledge, Part, PhiScanner, Scanner};

fn message(text: &str) -> Message {
    Message::builder()
        .from("a@clinic.example".parse().unwrap())
        .to("b@mail.example".parse::<mailseal::base::Address>().unwrap())
        .text(text)
        .build()
        .unwrap()
}

#[test]
fn two_values_of_a_kind_that_overlap_are_both_redacted() {
    let host = HostKnowledge::new()
        .pattern(FindingKind::Mrn, Confidence::High, None, "HK [0-9]+ A")
        .and_then(|h| h.pattern(FindingKind::Mrn, Confidence::High, None, "A zulu [a-z]+"))
        .unwrap();
    let message = message("see HK 123 A zulu quebec there");
    let findings = PhiScanner::new().host(host).scan(&message);
    let copy = findings
        .redacted(&message, Part::Text, &Redaction::new(Style::Label))
        .unwrap();
    assert!(!copy.contains("quebec"), "{copy}");
}

#[test]
fn what_the_host_knows_more_of_than_is_counted_is_told() {
    let host = HostKnowledge::new()
        .pattern(FindingKind::Mrn, Confidence::High, None, "HK[0-9]+")
        .and_then(|h| h.allow(Some(FindingKind::Mrn), "HK0"))
        .unwrap();
    let message = message(&format!("{}HK4711", "HK0\n".repeat(10_001)));
    let findings = PhiScanner::new().host(host).scan(&message);
    let found = findings
        .items
        .iter()
        .any(|f| f.expose().expose() == "HK4711");
    assert!(found || !findings.unscannable.is_empty());
}

#[test]
fn many_small_parts_do_not_hold_more_findings_than_one_large() {
    let row = "281-15-9804, pat@mail.example, 270-555-0142, 2W81-AD9-KT66\n";
    let mut builder = Message::builder()
        .from("a@clinic.example".parse().unwrap())
        .to("b@mail.example".parse::<mailseal::base::Address>().unwrap())
        .text("x");
    for n in 0..60 {
        let name = format!("{n}.txt");
        builder = builder.attachment(Attachment::new(
            name,
            "text/plain",
            row.repeat(700).into_bytes(),
        ));
    }
    let findings = PhiScanner::new()
        .without_names()
        .scan(&builder.build().unwrap());
    assert!(findings.items.len() <= 120_000, "{}", findings.items.len());
    assert!(
        findings
            .unscannable
            .iter()
            .any(|u| u.why == "too_many_findings")
    );
}
