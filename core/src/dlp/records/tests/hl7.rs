use super::{all, has, hints, lacks, read};
use crate::dlp::{Confidence, FindingKind as K};

const RESULT: &str = "MSH|^~\\&|LAB|QUARRY LAB|EHR|DUNE CLINIC|20250304153012||ORU^R01|Q0417|P|2.5.1\r\
PID|1||QS7730418^^^QS^MR~123456780^^^USSSA^SS||HALVOR^INGRID^M||19610304|F|||17 ELM CT^^DULUTH^MN^55811^US||(218)555-0136^PRN^PH~^NET^Internet^i.h@mail.example|^WPN^PH^^1^218^5550137||||A0092|332-19-4358|D7712^MN||||||||20250301\r\
NK1|1|HALVOR^OLE|SPO|17 ELM CT^^DULUTH^MN^55811|2185550138\r\
PV1|1|I|W^101^1^DUNE HOSPITAL||||1234567893^OKON^IFE^^^DR||||||||||||V8817|||||||||||||||||||||||||20250301|20250304\r\
IN1|1|PPO1|7|QUARRY HEALTH||||GR5512||||||||HALVOR^OLE|SPO|19600102|17 ELM CT^^DULUTH^MN^55811|||||||||||||||||POL-771\r\
DG1|1||E11.9^TYPE 2 DIABETES^I10||20250301\r\
AL1|1|DA|7980^PENICILLIN^RX\r\
OBR|1|ORD558|LH25-0091|24323-8^COMPREHENSIVE METABOLIC PANEL^LN|||20250303081500|||||||||1234567893^OKON^IFE\r\
OBX|1|NM|2160-0^CREATININE^LN||2.31|mg/dL|0.5-1.1|H|||F\r\
OBX|2|DT|11368-8^Onset^LN||20250115||||||F\r\
RXE||00093-1048-01^METFORMIN 500 MG^NDC|1\r\
PR1|1||47562^CHOLECYSTECTOMY^C4\r\
ZPD|1|^secret\r";

#[test]
fn fields_are_told_by_their_place() {
    let record = read(RESULT, "text/plain").unwrap();
    assert!(record.patient_record);
    assert!(
        record
            .hints
            .iter()
            .all(|h| h.confidence == Confidence::High)
    );
    let found = all(RESULT, &record);
    for (kind, value) in [
        (K::Facility, "QUARRY LAB"),
        (K::Facility, "DUNE CLINIC"),
        (K::Date, "20250304153012"),
        (K::Mrn, "QS7730418"),
        (K::Ssn, "123456780"),
        (K::Name, "HALVOR^INGRID^M"),
        (K::Date, "19610304"),
        (K::Address, "17 ELM CT^^DULUTH^MN^55811"),
        (K::Phone, "(218)555-0136"),
        (K::Email, "i.h@mail.example"),
        (K::Phone, "218^5550137"),
        (K::Account, "A0092"),
        (K::Ssn, "332-19-4358"),
        (K::License, "D7712"),
        (K::Date, "20250301"),
        (K::Name, "HALVOR^OLE"),
        (K::Phone, "2185550138"),
        (K::Facility, "DUNE HOSPITAL"),
        (K::Npi, "1234567893"),
        (K::Provider, "OKON^IFE"),
        (K::OtherId, "V8817"),
        (K::HealthPlanId, "GR5512"),
        (K::HealthPlanId, "POL-771"),
        (K::Date, "19600102"),
        (K::Icd10, "E11.9"),
        (K::Condition, "TYPE 2 DIABETES"),
        (K::Medication, "PENICILLIN"),
        (K::OtherId, "ORD558"),
        (K::OtherId, "LH25-0091"),
        (K::Loinc, "24323-8"),
        (K::Procedure, "COMPREHENSIVE METABOLIC PANEL"),
        (K::Loinc, "2160-0"),
        (K::Lab, "CREATININE"),
        (K::Date, "20250115"),
        (K::Ndc, "00093-1048-01"),
        (K::Medication, "METFORMIN"),
        (K::Cpt, "47562"),
        (K::Procedure, "CHOLECYSTECTOMY"),
    ] {
        has(&found, kind, value);
    }
    for value in ["secret", "PPO1", "QUARRY HEALTH", "Q0417", "2.31"] {
        lacks(&found, value);
    }
}

#[test]
fn line_ends_frames_and_quoting_do_not_matter() {
    for text in [
        RESULT.replace('\r', "\n"),
        RESULT.replace('\r', "\r\n"),
        format!("\u{b}{RESULT}\u{1c}\r"),
        format!("\u{feff}{RESULT}"),
        format!(
            "Hi Kim,\n\nthis one fails:\n\n> {}\nBye, Lee\n",
            RESULT.replace('\r', "\n> ")
        ),
        format!("See:\n    {}", RESULT.replace('\r', "\n    ")),
    ] {
        let found = hints(&text, "text/plain");
        has(&found, K::Name, "HALVOR^INGRID^M");
        has(&found, K::Procedure, "CHOLECYSTECTOMY");
        assert_eq!(found.len(), hints(RESULT, "").len());
    }
}

#[test]
fn a_message_has_its_own_delimiters() {
    let text = RESULT.replace('|', "#").replace('^', "*").replace('~', "!");
    let found = hints(&text, "text/plain");
    has(&found, K::Name, "HALVOR*INGRID*M");
    has(&found, K::Ssn, "123456780");
}

#[test]
fn a_segment_alone_counts_for_less_and_a_template_for_nothing() {
    let lone = "see PID below\nPID|1||7730418^^^QS^MR||LIND^BO||19610304|M\n";
    let record = read(lone, "text/plain").unwrap();
    assert!(
        record.patient_record
            && record
                .hints
                .iter()
                .all(|h| h.confidence == Confidence::Medium)
    );
    let template = "PID|1||<mrn>^^^<facility>^MR||<last>^<first>||<dob>|<sex>";
    assert!(read(template, "text/plain").is_none());
}

#[test]
fn a_message_without_a_patient_is_no_patient_record() {
    let text = "MSH|^~\\&|LAB|QUARRY LAB|EHR|DUNE|20250304153012||ACK|1|P|2.5\rMSA|AA|1\r";
    let record = read(text, "").unwrap();
    assert!(!record.patient_record);
}

/// What tells who somebody is is all of a test; one real value, and it is somebody's.
#[test]
fn a_test_message_is_nobodys() {
    let of_patient = |rest: &str| {
        let text = format!("MSH|^~\\&|LAB|X|EHR|Y|20250304153012||ORU^R01|1|P|2.5\r{rest}\r");
        read(&text, "").unwrap().patient_record
    };
    for test in [
        "PID|1||0000000^^^QS^MR||ZZTEST^PATIENT^ONE||19000101|F",
        "PID|1||TEST0001||TEST^PATIENT||19800304|F|||1 TEST ST^^ANYTOWN||0000000000",
        "PID|1||TEST-12345~000000||Test^Test^A||19000101|F",
        "PID|1||||ZZTEST^PATIENT",
        "PID|1||TEST000001||TEST^PATIENT||19800304|F|||||555-555-5555^^^qa@example.com|||||TEST0002",
        "PID|1||||||19800101|F|||1 TEST ST^^ANYTOWN^ME^00000",
        "PID|1||000000||UNKNOWN||19000101000000|F",
    ] {
        assert!(!of_patient(test), "{test}");
    }
    for real in [
        // Hospitals' unknown patients, newborns, half of a real message.
        "PID|1||000000^^^HARB^MR||DOE^JOHN||19000101|M",
        "PID|1||TEST123^^^QS^MR||DOE^JANE||19000101|F",
        "PID|1||||FAKE^BABY||20261101|M",
        "PID|1||000000||LOPEZ^MARIA^E||19000101|F",
        "PID|1||000000^^^HARB^MR||||19610304|F",
        "PID|1||123456^^^HARB^MR||||19000101|F",
        "PID|1||HIV-TEST-20417^^^HARB^MR||||19000101|F",
        "PID|1||0000000~7730418||ZZTEST^PATIENT||19000101|F",
        "PID|1||0000000||ZZTEST^PATIENT||19000101|F||||||(541) 555-0142",
        "PID|1||0000000||ZZTEST^PATIENT||19000101|F\rNK1|1|LOPEZ^MARIA",
        "PID|1||0000000||ZZTEST^PATIENT||19000101|F\rPID|2||7730418||LIND^BO",
        "PID|1||0000000||ZZTEST^PATIENT||19000101|F\rPID|2||000000||\"\"||19610304|F",
        "PID|1||||||19610304|F|||412 ELM CT^^DULUTH^MN",
        "PID|1||||||19000101|F||||||||||||332-19-4358",
        "PID|1||||||19000101|F|||412 ELM CT^^DULUTH^MN",
        "PID|1||||||19610304|F\rNK1|1|LOPEZ^MARIA",
        "NK1|1|LOPEZ^MARIA\rPID|1||||||19000101|F|||||||||||||D7712^MN",
        "NK1|1|LOPEZ^MARIA\rPID|1||0000000||ZZTEST^PATIENT||19000101|F",
        "PID|1||||||19000101|F|||||||||||||D7712^MN",
    ] {
        assert!(of_patient(real), "{real}");
    }
}
