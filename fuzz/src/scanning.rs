//! What must hold of the PHI scanner for any bytes: it ends, its spans are
//! text, every finding has a value, and a redacted copy has none of them.
//!
//! The readers of formats are reached as mail reaches them: by a message with
//! one attachment.

use std::sync::OnceLock;

use mailseal::base::{Address, Keys};
use mailseal::compose::{Attachment, Message, PartContent};
use mailseal::dlp::redact::{self as copies, Redaction, Style};
use mailseal::dlp::{
    Finding, Findings, HostKnowledge, Part, PatientId, PatientRecord, PhiScanner, Roster,
    RosterBuilder, RuleScanner, Scanner,
};

use crate::archive;

/// What the scanner knows besides: invented, and the same in every run.
struct Clinic {
    keys: Keys,
    full: PhiScanner,
    quick: PhiScanner,
    rules: RuleScanner,
    from: Address,
    to: Address,
}

fn clinic() -> &'static Clinic {
    static CLINIC: OnceLock<Clinic> = OnceLock::new();
    CLINIC.get_or_init(|| {
        let keys = Keys::from_bytes([7; 32]);
        let to: Address = "pat.lindqvist@mail.example".parse().expect("an address");
        let mut builder = RosterBuilder::new(&keys);
        builder
            .patient(
                &PatientRecord::new(PatientId(7))
                    .name("Pat", "Lindqvist")
                    .birth_date("1958-03-14")
                    .mrn("00482913")
                    .email(&to),
            )
            .expect("a record");
        let roster = std::sync::Arc::new(builder.build());
        let host = HostKnowledge::from_toml(HOST).expect("knowledge");
        let full = PhiScanner::new().host(host).roster(roster);
        Clinic {
            keys,
            quick: full.clone().without_names(),
            full,
            rules: RuleScanner::new(),
            from: "clinic@harbor.example".parse().expect("an address"),
            to,
        }
    })
}

const HOST: &str = "[[pattern]]\nkind = \"mrn\"\nregex = \"HK[0-9]{7}\"\n\
    [[dictionary]]\nkind = \"facility\"\nterms = [\"Harbor Kidney Center\"]\n\
    [[allow]]\nvalues = [\"(270) 555-0100\"]\n";

/// What a message's only content is.
enum Content<'a> {
    Text(&'a str),
    Html(&'a str),
    Both(&'a str, &'a str),
    File(&'a str, &'a str, &'a [u8]),
}

fn message(content: &Content<'_>) -> Option<Message> {
    let clinic = clinic();
    let builder = Message::builder()
        .from(clinic.from.clone())
        .to(clinic.to.clone())
        .subject("Your visit");
    let builder = match *content {
        Content::Text(text) => builder.text(text.to_owned()),
        Content::Html(html) => builder.html(html.to_owned()),
        Content::Both(text, html) => builder.text(text.to_owned()).html(html.to_owned()),
        Content::File(name, media_type, bytes) => builder
            .text("Please see the file.".to_owned())
            .attachment(Attachment::new(name, media_type, bytes.to_vec())),
    };
    builder.build().ok()
}

/// Scans in each way, and says what the whole scanner found.
fn scan(message: &Message) -> Findings {
    let clinic = clinic();
    for findings in [clinic.quick.scan(message), clinic.rules.scan(message)] {
        check(message, &findings);
        assert!(findings.risk.is_none(), "a verdict without names");
    }
    let findings = clinic.full.scan(message);
    check(message, &findings);
    assert!(findings.risk.is_some(), "no verdict");
    assert!(
        findings.unscannable.is_empty() || findings.sensitivity() >= Some(PHI),
        "what was not read counts as PHI"
    );
    findings
}

const PHI: mailseal::base::Sensitivity = mailseal::base::Sensitivity::Phi;

fn check(message: &Message, findings: &Findings) {
    let parts = message.parts();
    for finding in &findings.items {
        assert!(finding.span.start < finding.span.end, "{finding:?}");
        assert!(!finding.expose().expose().is_empty(), "{finding:?}");
        let part = parts.iter().find(|p| p.part() == finding.part);
        let part = part.expect("a finding stands in a part of the message");
        if finding.inside.is_some() {
            continue;
        }
        if let PartContent::Text(text) = part.content() {
            let text = text.expose();
            // The text of a document that calls itself text is another one.
            if !text.trim_start().starts_with(['{', '%', '\u{feff}', 'P']) {
                let found = text.get(finding.span.clone());
                assert!(found.is_some_and(|t| !t.is_empty()), "{finding:?}");
            }
        }
    }
    for unread in &findings.unscannable {
        assert!(!unread.why.is_empty());
        assert!(parts.iter().any(|p| p.part() == unread.part));
    }
}

fn file(name: &str, media_type: &str, bytes: &[u8]) {
    if let Some(message) = message(&Content::File(name, media_type, bytes)) {
        scan(&message);
    }
}

/// Whole messages, as RFC 5322 text.
pub fn scan_message(data: &[u8]) {
    let Ok(message) = Message::parse(data) else {
        return;
    };
    let findings = scan(&message);
    for part in message.parts() {
        let _ = findings.redacted(&message, part.part(), &Redaction::default());
    }
}

/// Plain text: what is found does not depend on when.
pub fn scan_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(message) = message(&Content::Text(&text)) {
        let (first, again) = (scan(&message), scan(&message));
        assert!(first.items == again.items, "two scans of one message");
    }
}

/// HTML, alone and beside the same as text.
pub fn html_view(data: &[u8]) {
    let html = String::from_utf8_lossy(data);
    for content in [Content::Html(&html), Content::Both(&html, &html)] {
        if let Some(message) = message(&content) {
            scan(&message);
        }
    }
}

/// Attachments that say nothing of themselves.
pub fn extract(data: &[u8]) {
    file("file", "application/octet-stream", data);
}

/// PDF files.
pub fn pdf(data: &[u8]) {
    file("report.pdf", "application/pdf", data);
}

/// Packages of Office and OpenDocument. The first byte picks the entry that
/// the rest is the content of, since a fuzzer makes few archives.
pub fn zip_office(data: &[u8]) {
    if data.starts_with(b"PK") {
        return file("file.docx", "application/zip", data);
    }
    if let Some((pick, content)) = data.split_first() {
        file(
            "file",
            "application/octet-stream",
            &archive::office(*pick, content),
        );
    }
}

/// Rich Text Format.
pub fn rtf(data: &[u8]) {
    file("letter.rtf", "application/rtf", data);
}

/// DICOM files.
pub fn dicom(data: &[u8]) {
    file("image.dcm", "application/dicom", data);
}

/// HL7 version 2.
pub fn hl7(data: &[u8]) {
    file("adt.hl7", "application/hl7-v2", data);
}

/// FHIR as JSON.
pub fn fhir_json(data: &[u8]) {
    file("bundle.json", "application/fhir+json", data);
}

/// C-CDA and other XML.
pub fn ccda_xml(data: &[u8]) {
    file("ccd.xml", "text/xml", data);
}

/// X12 interchanges.
pub fn x12(data: &[u8]) {
    file("claim.edi", "application/edi-x12", data);
}

/// Tables.
pub fn csv(data: &[u8]) {
    file("list.csv", "text/csv", data);
}

/// Calendars and cards.
pub fn ics_vcf(data: &[u8]) {
    file("visit.ics", "text/calendar", data);
}

/// A host's knowledge, which is then asked about its own text.
pub fn host_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match HostKnowledge::from_toml(text) {
        Ok(host) => {
            let scanner = PhiScanner::new().host(host).without_names();
            if let Some(message) = message(&Content::Text(text)) {
                check(&message, &scanner.scan(&message));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Files of rosters. Their code is keyed, so that what is read at all is what
/// was written; the records of one are made of the bytes, too.
pub fn roster_file(data: &[u8]) {
    let keys = &clinic().keys;
    if let Ok(roster) = Roster::from_bytes(data, keys) {
        assert!(roster.to_bytes() == data, "read, and written otherwise");
    }
    let text = String::from_utf8_lossy(data);
    let mut builder = RosterBuilder::new(keys);
    for (number, line) in (0..).zip(text.lines().take(64)) {
        let mut record = PatientRecord::new(PatientId(number));
        for (place, value) in line.split(',').take(8).enumerate() {
            record = match place {
                0 => {
                    let (given, family) = value.split_once(' ').unwrap_or((value, value));
                    record.name(given, family)
                }
                1 => record.birth_date(value),
                2 => record.mrn(value),
                3 => record.ssn(value),
                4 => record.plan_id(value),
                5 => record.phone(value),
                6 => record.street(value),
                _ => match value.parse::<Address>() {
                    Ok(address) => record.email(&address),
                    Err(_) => record,
                },
            };
        }
        // Values that no roster takes are refused with a word on why.
        if let Err(error) = builder.patient(&record) {
            assert!(!error.code().is_empty());
        }
    }
    let roster = builder.build();
    let hits = roster.find(&text);
    for hit in &hits {
        assert!(text.get(hit.range.clone()).is_some_and(|t| !t.is_empty()));
        assert!(!hit.patients.is_empty() && hit.patients.len() <= 8);
    }
    let again = Roster::from_bytes(&roster.to_bytes(), keys).expect("what was just written");
    assert!(again.find(&text) == hits, "read again, it finds otherwise");
}

/// Redacted copies.
pub fn redact(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // As a part holds it.
    let text = text.replace("\r\n", "\n").replace(['\r', '\0'], "\n");
    let Some(whole) = message(&Content::Both(&text, &text)) else {
        return;
    };
    let findings = scan(&whole);
    let of = |part| findings.items.iter().filter(move |f| f.part == part);
    let plain: Vec<&Finding> = of(Part::Text).collect();
    let content = whole
        .parts()
        .iter()
        .find(|p| p.part() == Part::Text)
        .map(|p| p.content());
    if let Some(PartContent::Text(text)) = content {
        let text = text.expose();
        let copy = copies::redact(text, &plain, Style::Box);
        assert_eq!(copy.chars().count(), text.chars().count(), "a box each");
        for (((at, was), is), number) in text.char_indices().zip(copy.chars()).zip(0usize..) {
            assert!(is == was || is == '█', "character {number} was changed");
            let covered = plain.iter().any(|f| f.span.contains(&at));
            assert!(
                !covered || is == '█' || was == '\n' || was == '\r',
                "character {number} was found and still stands"
            );
        }
    }
    let html: Vec<&Finding> = of(Part::Html).collect();
    for style in [Style::Label, Style::Box, Style::Pseudonym] {
        let _ = copies::redact(&text, &plain, style);
        let _ = copies::redact_html(&text, &html, style);
    }
    for part in whole.parts() {
        let all = Redaction::new(Style::Pseudonym).health().context();
        let copy = findings.redacted(&whole, part.part(), &all);
        if matches!(part.content(), PartContent::Text(_)) {
            // Of what could not be read whole there is none, nor of what a file
            // within was found in.
            let unread = findings.unscannable.iter().any(|u| u.part == part.part());
            let within = of(part.part()).any(|f| f.inside.is_some());
            assert!(copy.is_ok() || unread || within, "text has a copy");
        }
    }
}
