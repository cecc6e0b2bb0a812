//! Public sample messages, where they are at hand, whole, cut off and damaged.

#![allow(clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{all, read};
use crate::dlp::FindingKind as K;
use crate::dlp::made_up;

/// The samples of a format; none, with a word on it, where they are absent.
fn samples(folder: &str) -> Vec<(PathBuf, String)> {
    let shared = std::env::var_os("MAILSEAL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let Ok(entries) = fs::read_dir(shared.join("samples").join(folder)) else {
        eprintln!("skipped: no samples/{folder}");
        return Vec::new();
    };
    let mut all: Vec<(PathBuf, String)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            (path, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect();
    all.sort();
    all
}

/// What stands behind `mark` up to one of `ends`.
fn between<'t>(text: &'t str, mark: &str, ends: &[char]) -> Option<&'t str> {
    let rest = text.get(text.find(mark)? + mark.len()..)?;
    rest.get(..rest.find(ends)?).map(str::trim)
}

#[track_caller]
/// Of what is nobody's, `Test^Test^A`, nothing is asked.
fn finds(path: &Path, text: &str, kinds: &[K], value: &str) {
    if kinds.iter().any(|kind| made_up::is(*kind, value)) {
        return;
    }
    let record = read(text, "").unwrap_or_else(|| panic!("{}: not read", path.display()));
    assert!(record.patient_record, "{}", path.display());
    assert!(
        all(text, &record)
            .iter()
            .any(|(kind, found)| kinds.contains(kind) && found == value),
        "{}: no {kinds:?} {value}",
        path.display()
    );
}

#[test]
fn patients_of_fhir_bundles_are_found() {
    for (path, text) in samples("fhir-r4") {
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let patient = json["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["resource"])
            .find(|resource| resource["resourceType"] == "Patient")
            .unwrap();
        let text_of = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        finds(
            &path,
            &text,
            &[K::Name],
            &text_of(&patient["name"][0]["family"]),
        );
        finds(
            &path,
            &text,
            &[K::Name],
            &text_of(&patient["name"][0]["given"][0]),
        );
        finds(&path, &text, &[K::Date], &text_of(&patient["birthDate"]));
        finds(&path, &text, &[K::OtherId], &text_of(&patient["id"]));
        finds(
            &path,
            &text,
            &[K::Mrn],
            &text_of(&patient["identifier"][1]["value"]),
        );
        finds(
            &path,
            &text,
            &[K::Ssn],
            &text_of(&patient["identifier"][2]["value"]),
        );
    }
}

#[test]
fn patients_of_hl7_messages_are_found() {
    for (path, text) in samples("hl7v2") {
        let Some(pid) = text
            .split(['\r', '\n'])
            .find(|line| line.starts_with("PID|"))
        else {
            continue;
        };
        let fields: Vec<&str> = pid.split('|').collect();
        let first = |n: usize| {
            fields
                .get(n)
                .and_then(|f| f.split('~').next())
                .unwrap_or_default()
        };
        let parts: Vec<&str> = first(5).split('^').take(3).collect();
        let name = parts.join("^");
        let name = name.trim_end_matches('^').trim();
        if !name.is_empty() {
            finds(&path, &text, &[K::Name], name);
        }
        let birth = first(7).trim();
        if birth.len() >= 6 {
            finds(&path, &text, &[K::Date], birth);
        }
        let id = first(3).split('^').next().unwrap().trim();
        if !id.is_empty() {
            finds(
                &path,
                &text,
                &[K::Mrn, K::Ssn, K::Account, K::HealthPlanId, K::OtherId],
                id,
            );
        }
    }
}

#[test]
fn patients_of_clinical_documents_are_found() {
    for (path, text) in samples("ccda") {
        let patient = text
            .get(text.find("<patientRole").unwrap_or_default()..)
            .unwrap();
        if let Some(birth) =
            between(patient, "<birthTime value=\"", &['"']).filter(|b| b.len() >= 6)
        {
            finds(&path, &text, &[K::Date], birth);
        }
        let person = patient
            .get(patient.find("<patient>").unwrap_or_default()..)
            .unwrap();
        if let Some(family) = between(person, "<family>", &['<']) {
            finds(&path, &text, &[K::Name], family);
        }
        let id = patient.get(patient.find("<id ").unwrap()..).unwrap();
        let id = id.get(..id.find('>').unwrap()).unwrap();
        if let Some(extension) = between(id, "extension=\"", &['"']) {
            finds(
                &path,
                &text,
                &[K::Mrn, K::Ssn, K::License, K::HealthPlanId],
                extension,
            );
        }
    }
}

/// Reads a text; the hints are stretches of it, in order.
fn check(text: &str) {
    let start = Instant::now();
    for media_type in ["", "text/csv"] {
        let Some(record) = read(text, media_type) else {
            continue;
        };
        let mut before = 0;
        for hint in &record.hints {
            assert!(text.get(hint.range.clone()).is_some_and(|t| !t.is_empty()));
            assert!(hint.range.start >= before);
            before = hint.range.start;
        }
    }
    // Far above what one pass takes even on a busy machine, far below two nested ones.
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?} for {} bytes of {:?}",
        start.elapsed(),
        text.len(),
        text.get(..40)
    );
}

#[test]
fn cut_off_and_damaged_samples_are_read() {
    for folder in ["hl7v2", "fhir-r4", "ccda"] {
        for (index, (_, text)) in samples(folder).into_iter().enumerate() {
            let rounds = if text.len() > 20_000 { 6 } else { 12 };
            for round in 0..rounds {
                let mut end = text.len() * (round * 97 + index * 13 + 1) / (rounds * 97 + 200);
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                check(text.get(..end).unwrap());
                let mut bytes = text.clone().into_bytes();
                for flip in 0..(bytes.len() / 400).clamp(1, 200) {
                    let at = (flip * 7919 + round * 104_729 + index * 31) % bytes.len();
                    bytes[at] ^= 1 << ((flip + round) % 8);
                }
                check(&String::from_utf8_lossy(&bytes));
            }
        }
    }
}

#[test]
fn texts_made_to_be_slow_are_not() {
    for unit in [
        "{",
        "[",
        "{\"a\":",
        "\"",
        "\"\\",
        "<",
        "<a",
        "<a b=\"",
        "<!--",
        "<![CDATA[",
        "</a",
        "a,b\n",
        "\",\"\n",
        "\"a,b\n",
        "mrn,name,dx\n",
        "MSH|^~\\&|\r",
        "PID|1|2|3|4|5|6\r",
        "|",
        "^|~&",
        "ISA*",
        "ST*837*1~",
        "NM1*IL*1*A*B~",
        "BEGIN:VCARD\n",
        "ATTENDEE;CN=\"",
        "FN:a\n b\n",
        "> ",
        ">",
        "a\tb\tc\n",
        "\n",
        "\u{feff}",
        "name|dob|mrn\n---|---|---\n",
        "patientName\": \"x\", \"",
    ] {
        check(&unit.repeat(300_000 / unit.len()));
        for start in [
            "<ClinicalDocument>",
            "{\"resourceType\":\"Patient\",",
            "MSH|^~\\&|",
            "ST*837*1~",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\n",
            "mrn,name\n",
        ] {
            check(&format!("{start}{}", unit.repeat(100_000 / unit.len())));
        }
    }
    let names: String = (0..30_000)
        .map(|n| format!("\"{n:x}ptname\": 1, "))
        .collect();
    check(&format!("{{{names}"));
    let columns: String = (0..30_000).map(|n| format!("name{n:x}z,")).collect();
    check(&format!("{columns}\n{columns}\n{columns}\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_breaks_a_reader(text in ".{0,400}") {
        check(&text);
    }

    #[test]
    fn no_soup_of_their_own_words_breaks_a_reader(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "MSH", "PID", "OBX", "OBR", "|", "^", "~", "&", "\\", "\r", "\n", "\"", ",", ";", "\t", ":", "{", "}", "[", "]",
                "resourceType", "Patient", "name", "birthDate", "identifier", "value", "coding", "<", ">", "/", "=", "'", "id",
                "ClinicalDocument", "patientRole", "<?xml ", "<!--", "-->", "ISA", "*", "ST*837*", "NM1*IL*1", "HI", "ABK:", "é", "𝄞",
                "BEGIN:VCARD", "BEGIN:VEVENT", "BEGIN:VCALENDAR", "ATTENDEE", "CN=", "mrn", "dob", "1961-03-04", "Ana Ruiz", " ", "E11.9",
            ]),
            0..120,
        ),
    ) {
        check(&words.concat());
        check(&words.join("|"));
        check(&words.join("\""));
    }
}
