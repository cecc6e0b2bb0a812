//! Every kind in a mail that leaves no doubt of it: where it stands, and what
//! led to it.

use mailseal::compose::Attachment;
use mailseal::dlp::{Confidence, Evidence, FindingKind, Part};

use super::scene::{from_to, mail, scan};

use Evidence::{Checksum, Dictionary, Label, Shape};
use FindingKind as K;

/// A kind, a line, the value in it, and evidence that must be among what led to
/// it.
type Case = (FindingKind, &'static str, &'static str, &'static [Evidence]);

const CASES: &[Case] = &[
    (
        K::Name,
        "Patient name: Marisol Quintero",
        "Marisol Quintero",
        &[Label],
    ),
    (
        K::Address,
        "Home address: 418 Alder Creek Road, Bend, OR 97702",
        "418 Alder Creek Road, Bend, OR 97702",
        &[],
    ),
    (K::Date, "DOB: 03/14/1958", "03/14/1958", &[Label]),
    (
        K::Date,
        "Date of birth: March 14, 1958",
        "March 14, 1958",
        &[Label],
    ),
    (K::AgeOver89, "She is 94 years old.", "94", &[]),
    (
        K::Phone,
        "Patient phone: (541) 555-0142",
        "(541) 555-0142",
        &[Label],
    ),
    (K::Fax, "Fax: 541-555-0143", "541-555-0143", &[Label]),
    (
        K::Email,
        "Patient e-mail: m.quintero@mail.example",
        "m.quintero@mail.example",
        &[],
    ),
    (K::Ssn, "SSN: 281-15-9804", "281-15-9804", &[Label]),
    (K::Mrn, "MRN: 7719402", "7719402", &[Label]),
    (
        K::HealthPlanId,
        "Medicare number: 8HP9-D88-VG43",
        "8HP9-D88-VG43",
        &[Label],
    ),
    (
        K::HealthPlanId,
        "Member ID: XKV884201937",
        "XKV884201937",
        &[Label],
    ),
    (
        K::Account,
        "Statement balance 88.10, patient acct. no. A7741-20033",
        "A7741-20033",
        &[Label],
    ),
    (
        K::License,
        "Driver's license: D4471902",
        "D4471902",
        &[Label],
    ),
    (
        K::Vehicle,
        "VIN 2C4RDGCG4KR635292",
        "2C4RDGCG4KR635292",
        &[Checksum],
    ),
    (
        K::Device,
        "Pacemaker serial number: PJN482113",
        "PJN482113",
        &[Label],
    ),
    (
        K::Url,
        "Your results: https://portal.harbor.example/r/8842a1c9f03be7d1",
        "https://portal.harbor.example/r/8842a1c9f03be7d1",
        &[],
    ),
    (
        K::Ip,
        "Last portal login from IP address 203.0.113.77",
        "203.0.113.77",
        &[],
    ),
    (
        K::Biometric,
        "Fingerprint ID: FP-88213-A9",
        "FP-88213-A9",
        &[Label],
    ),
    (
        K::OtherId,
        "Accession number: A24-00913",
        "A24-00913",
        &[Label],
    ),
    (
        K::CreditCard,
        "Card: 4539 2423 7144 8309",
        "4539 2423 7144 8309",
        &[Checksum],
    ),
    (
        K::BankAccount,
        "IBAN: DE38370400448406058176",
        "DE38370400448406058176",
        &[Checksum],
    ),
    (
        K::Provider,
        "Attending: Dr. Adaeze Okafor",
        "Dr. Adaeze Okafor",
        &[],
    ),
    (K::Npi, "NPI 1210126193", "1210126193", &[Checksum]),
    (K::Dea, "DEA BP6620187", "BP6620187", &[Checksum]),
    (
        K::Facility,
        "She was seen at Harbor Kidney Center.",
        "Harbor Kidney Center",
        &[],
    ),
    (
        K::Condition,
        "Diagnosis: type 2 diabetes",
        "type 2 diabetes",
        &[],
    ),
    (K::Icd10, "ICD-10: E11.9", "E11.9", &[Dictionary]),
    (
        K::Medication,
        "She takes metformin twice a day.",
        "metformin",
        &[Dictionary],
    ),
    (K::Ndc, "NDC 0002-8215-01", "0002-8215-01", &[Label]),
    (K::Procedure, "We did a colonoscopy.", "colonoscopy", &[]),
    (K::Cpt, "CPT 99213", "99213", &[Label]),
    (K::Lab, "Potassium 5.9 mmol/L", "Potassium", &[]),
    (K::Loinc, "LOINC 2823-3", "2823-3", &[Label]),
    (
        K::Date,
        "Date of service 2026-02-27",
        "2026-02-27",
        &[Shape],
    ),
];

/// What surrounds a line, so that it is one of a mail about a patient.
fn letter(line: &str) -> String {
    format!(
        "Patient Tadeo Brandvold was seen for dialysis.\n\n{line}\n\nPlease call with questions.\n"
    )
}

#[test]
fn fields_of_hl7_are_nobodys_numbers() {
    let scanned = scan(
        mail()
            .subject("HL7 mapping")
            .text("Map MRN to PID-3 and the MRN of PV1-19 too."),
    );
    assert_eq!(scanned.all(), []);
}

#[test]
fn a_plate_that_blanks_part_is_told_whole() {
    let text = "Patient Maria Delgado, plate: 7 ABC 123, asthma.";
    let scanned = scan(mail().text(text));
    scanned.has(K::Vehicle, Part::Text, "7 ABC 123");
}

#[test]
fn every_kind_is_found_where_it_stands_and_why() {
    for (kind, line, value, evidence) in CASES {
        let text = letter(line);
        let scanned = scan(mail().subject("Dialysis notes").text(text.as_str()));
        let found = scanned.has(*kind, Part::Text, value);
        // The value does not stand twice: this is the place.
        assert_eq!(found.span.start, text.find(value).unwrap(), "{line}");
        assert_eq!(found.expose().expose(), value);
        assert!(found.inside.is_none());
        assert!(!found.evidence.is_empty(), "{line}");
        assert!(found.evidence.is_sorted(), "{line}");
        for one in *evidence {
            assert!(found.evidence.contains(one), "{line}: {:?}", found.evidence);
        }
        if evidence.iter().any(|e| matches!(e, Checksum)) {
            assert_eq!(found.confidence, Confidence::High, "{line}");
        }
    }
}

/// Whatever the rest of the mail is about, and whatever the figures are.
#[test]
fn what_its_label_proves_is_found_in_any_mail() {
    let cases = [
        (K::Date, "DOB", "02/12/1938"),
        (K::Date, "DOB", "03/25/2005"),
        (K::Date, "Date of birth", "07/13/1952"),
        (K::Mrn, "MRN", "20250507"),
        (K::Mrn, "MRN", "7719402"),
    ];
    for (kind, label, value) in cases {
        let draft = from_to("sales@brightware.example", "partners@lists.example")
            .subject("Team lunch")
            .text(format!(
                "The invoice for the office party is attached. See you on Friday!\n\n{label}: {value}\n"
            ));
        scan(draft).has(kind, Part::Text, value);
    }
}

/// Mails hold few, so the models have not seen what all stands around them.
#[test]
fn addresses_of_persons_are_found_whatever_stands_around_them() {
    let letters: [fn(&str) -> String; 3] = [
        letter,
        |line| {
            format!(
                "Dear Ms. Lindqvist,\n\nthank you for your visit. {line}\n\nHarbor Kidney Center\n"
            )
        },
        str::to_owned,
    ];
    for (before, address) in [
        ("reach her at ", "rosa77@post.example"),
        ("she writes from ", "tadeo.b@gmail.com"),
        ("cc ", "m.quintero@mail.example"),
        ("", "anh.tran@mail.example"),
    ] {
        for letter in letters {
            let text = letter(&format!("{before}{address}"));
            let scanned = scan(mail().subject("Dialysis notes").text(text.as_str()));
            scanned.has(K::Email, Part::Text, address);
        }
    }
}

/// The table above has each kind: a new one needs its case.
#[test]
fn no_kind_is_left_out() {
    for kind in FindingKind::ALL {
        let has = CASES.iter().any(|(k, ..)| k == kind);
        assert!(has, "{} has no case", kind.word());
        assert_eq!(kind.word().parse::<FindingKind>().unwrap(), *kind);
    }
}

/// In the subject, in an attachment and in its name too.
#[test]
fn identifiers_are_found_in_every_place() {
    let line = "Patient: Marisol Quintero, MRN: 7719402";
    let draft = mail()
        .subject("Dialysis on March 3, 2026 (MRN 7719402)")
        .text("Patient Marisol Quintero, see her chart.")
        .attachment(Attachment::new(
            "chart MRN 7719402.txt",
            "text/plain",
            letter(line).into_bytes(),
        ));
    let scanned = scan(draft);
    for part in [Part::Subject, Part::Attachment(0), Part::AttachmentName(0)] {
        scanned.has(K::Mrn, part, "7719402");
    }
}

#[test]
fn a_wrong_check_digit_is_no_checksum() {
    for (kind, line, value) in [
        (K::Npi, "NPI 1210126194", "1210126194"),
        (K::Vehicle, "VIN 2C4RDGCG5KR635292", "2C4RDGCG5KR635292"),
    ] {
        let scanned = scan(mail().text(letter(line)));
        let found = scanned.has(kind, Part::Text, value);
        assert!(!found.evidence.contains(&Checksum), "{line}");
    }
}

/// But where a label says whose it is.
#[test]
fn base64_is_nobodys() {
    let lines = "wa8HycCJPlrszR3U1ftE5Pb9nQdZ5EZzi2TjN1YjVjz2\n\
        hYGWWcd2uaU5pm6XYSWbw/3/7gibjHylXvqFtEkx4PMpQ1z8\n";
    for text in [
        format!(
            "The minutes are below.\n\n-----BEGIN PGP SIGNATURE-----\n\n{lines}-----END PGP SIGNATURE-----\n"
        ),
        format!(
            "A picture: data:image/gif;base64,{}\n",
            lines.replace('\n', "")
        ),
    ] {
        let scanned = scan(mail().text(text));
        let own = |f: &&mailseal::dlp::Finding| {
            matches!(
                f.kind,
                K::Biometric | K::Device | K::Account | K::OtherId | K::License
            )
        };
        assert!(
            !scanned.findings.items.iter().any(|f| own(&f)),
            "{:?}",
            scanned.findings.items
        );
    }
    let desk = from_to("desk@harborclinic.example", "pat.lindqvist@mail.example");
    let scanned = scan(desk.text("Patient account number: aB3dE5fG7hJ9kL1mN3pQ5rS7\n"));
    let value = |f: &mailseal::dlp::Finding| f.expose().expose() == "aB3dE5fG7hJ9kL1mN3pQ5rS7";
    assert!(scanned.findings.items.iter().any(value));
}

/// Whoever is called the same: by their titles, and by who is greeted.
#[test]
fn a_patient_and_staff_of_the_same_name_are_two() {
    let text = "Dr. Lee saw Mr. Lee this morning for chest pain and started metoprolol.";
    let scanned =
        scan(from_to("ward@harborclinic.example", "team@harborclinic.example").text(text));
    scanned.has(K::Provider, Part::Text, "Dr. Lee");
    scanned.has(K::Name, Part::Text, "Lee");
    let text = "Dear Maria,\nyour refill of metformin is ready.\n\nThanks,\nMaria Pell, RN\n";
    let scanned = scan(from_to("desk@lakemed.example", "maria.osei@mail.example").text(text));
    scanned.has(K::Name, Part::Text, "Maria");
    let staff = scanned
        .findings
        .items
        .iter()
        .filter(|f| f.kind == K::Provider);
    assert_eq!(staff.count(), 1);
}

/// What no real person has is nobody's, beside what labels say of real ones.
#[test]
fn values_of_nobody_are_not_told() {
    for (kind, nobodys, real) in [
        (K::Mrn, "MRN 0000000", "MRN 4471920"),
        (K::Mrn, "MRN TEST-12345", "MRN KR-12345"),
        (K::Mrn, "MRN 0000000", "MRN 123456"),
        (K::Date, "DOB: 01/01/1900", "DOB: 01/02/1940"),
        (
            K::Name,
            "Patient name: ZZTEST, ALPHA",
            "Patient name: Okafor, Alpha",
        ),
    ] {
        let has = |line: &str| {
            let found = scan(mail().text(format!("{line}\n"))).findings;
            found.items.iter().any(|f| f.kind == kind)
        };
        assert!(!has(nobodys), "{nobodys}");
        assert!(has(real), "{real}");
    }
}
