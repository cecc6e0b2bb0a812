use super::super::shown;
use super::{all, has, hints, lacks, read};
use crate::dlp::extract::Form;
use crate::dlp::{Confidence, FindingKind as K};

const BUNDLE: &str = r#"{
  "resourceType": "Bundle", "type": "transaction", "id": "b-1",
  "entry": [
    {"resource": {
      "resourceType": "Patient", "id": "vh-pt-5520",
      "meta": {"lastUpdated": "2025-01-02T10:00:00Z"},
      "text": {"status": "generated", "div": "<div>2020-01-01</div>"},
      "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Elsa Grau"}],
      "identifier": [{"value": "VH.55-209", "type": {"text": "MRN"}},
        {"type": {"coding": [{"code": "SS"}]}, "value": "123-45-6780"},
        {"system": "http://hl7.org/fhir/sid/us-mbi", "value": "2XX0XX0XX00"}, {"value": "U-77"}],
      "name": [{"use": "official", "family": "Ñañez Corral", "given": ["María", "Luz"], "prefix": ["Sra."]}],
      "telecom": [{"system": "phone", "value": "+1 505 555 0173"}, {"value": "m@mail.example", "system": "email"}],
      "gender": "female", "birthDate": "1974-09-27",
      "contact": [{"name": {"text": "Pablo Ñañez"}, "telecom": [{"system": "phone", "value": "505-555-0174"}]}],
      "address": [{"line": ["212 Calle Sauce"], "city": "Taos", "state": "NM", "postalCode": "87532"}]}},
    {"resource": {"resourceType": "Practitioner", "id": "dr-1",
      "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
      "name": [{"family": "Okon", "given": ["Ife"]}], "telecom": [{"system": "phone", "value": "505-555-0100"}]}},
    {"resource": {"resourceType": "Organization", "id": "o-1", "name": "Dune Clinic"}},
    {"resource": {"resourceType": "Observation", "id": "obs-1",
      "code": {"coding": [{"code": "2345-7", "display": "Glucose", "system": "urn:oid:2.16.840.1.113883.6.1"}]},
      "subject": {"reference": "Patient/vh-pt-5520", "display": "María Ñañez"},
      "performer": [{"display": "Beacon Clinic"}, {"reference": "Practitioner/dr-1", "display": "Ife Okon"}],
      "effectiveDateTime": "2025-05-06T07:42:00-06:00"}},
    {"resource": {"resourceType": "Condition", "code": {"coding": [
      {"system": "http://snomed.info/sct", "code": "38341003", "display": "Hypertension"},
      {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10", "display": "Essential hypertension"}], "text": "High pressure"}}},
    {"resource": {"resourceType": "MedicationRequest", "authoredOn": "2025-05-07",
      "medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "316049", "display": "Hydrochlorothiazide 25 MG"}]}}},
    {"resource": {"resourceType": "Coverage", "subscriberId": "SUB-88"}},
    {"resource": {"resourceType": "Device", "serialNumber": "SN-4410", "udiCarrier": [{"carrierHRF": "(01)0088"}]}},
    {"resource": {"resourceType": "Claim", "identifier": [{"value": "CL-9"}]}},
    {"resource": {"resourceType": "DocumentReference", "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9", "display": "Summary of episode"}]}}},
    {"resource": {"resourceType": "Procedure", "code": {"text": "Appendectomy"}, "performedPeriod": {"start": "2024-02-03"}}}
  ]}"#;

#[test]
fn resources_say_what_their_elements_are() {
    let record = read(BUNDLE, "application/json").unwrap();
    assert!(record.patient_record);
    let found = all(BUNDLE, &record);
    for (kind, value) in [
        (K::OtherId, "vh-pt-5520"),
        (K::Mrn, "VH.55-209"),
        (K::Ssn, "123-45-6780"),
        (K::HealthPlanId, "2XX0XX0XX00"),
        (K::Mrn, "U-77"),
        (K::Name, "Ñañez Corral"),
        (K::Name, "María"),
        (K::Name, "Luz"),
        (K::Name, "Elsa Grau"),
        (K::Phone, "+1 505 555 0173"),
        (K::Email, "m@mail.example"),
        (K::Date, "1974-09-27"),
        (K::Name, "Pablo Ñañez"),
        (K::Phone, "505-555-0174"),
        (K::Address, "212 Calle Sauce"),
        (K::Address, "Taos"),
        (K::Address, "87532"),
        (K::Npi, "1234567893"),
        (K::Provider, "Okon"),
        (K::Provider, "Ife"),
        (K::Facility, "Dune Clinic"),
        (K::OtherId, "obs-1"),
        (K::Loinc, "2345-7"),
        (K::Lab, "Glucose"),
        (K::Name, "María Ñañez"),
        (K::Facility, "Beacon Clinic"),
        (K::Provider, "Ife Okon"),
        (K::Date, "2025-05-06T07:42:00-06:00"),
        (K::Condition, "Hypertension"),
        (K::Icd10, "I10"),
        (K::Condition, "Essential hypertension"),
        (K::Condition, "High pressure"),
        (K::Medication, "Hydrochlorothiazide"),
        (K::Date, "2025-05-07"),
        (K::HealthPlanId, "SUB-88"),
        (K::Device, "SN-4410"),
        (K::Device, "(01)0088"),
        (K::Account, "CL-9"),
        (K::Procedure, "Appendectomy"),
        (K::Date, "2024-02-03"),
    ] {
        has(&found, kind, value);
    }
    for value in [
        "2025-01-02",
        "2020-01-01",
        "505-555-0100",
        "o-1",
        "Summary",
        "b-1",
        "Sra.",
    ] {
        lacks(&found, value);
    }
    let untyped = record
        .hints
        .iter()
        .find(|h| &BUNDLE[h.range.clone()] == "U-77")
        .unwrap();
    assert_eq!(untyped.confidence, Confidence::Medium);
}

#[test]
fn resources_line_by_line_and_pasted_into_mail() {
    let line = r#"{"resourceType":"Patient","name":[{"family":"Lind","given":["Bo"]}],"birthDate":"1960-01-02"}"#;
    for text in [
        format!("{line}\n{}\n", line.replace("Lind", "Poe")),
        format!(
            "Hi,\n\nthis [one] fails:\n\n{line}\n{}\n\nBye {{x}}\n",
            line.replace("Lind", "Poe")
        ),
        format!(
            "> {}",
            format!("{line}\n{}", line.replace("Lind", "Poe")).replace(',', ",\n> ")
        ),
    ] {
        let found = hints(&text, "text/plain");
        has(&found, K::Name, "Lind");
        has(&found, K::Name, "Poe");
        has(&found, K::Date, "1960-01-02");
        assert_eq!(found.len(), 6, "{found:?}");
    }
}

#[test]
fn other_json_goes_by_its_keys() {
    let text = r#"{"visits": [{"patient": {"name": "Ana Ruiz", "dob": "1961-03-04", "id": 88012}, "provider": {"name": "Ife Okon"},
        "memberId": "W-1", "diagnosisCode": "E11.9", "note": "well", "joined": "2024-01-01", "drug": "warfarin 5 mg"}]}"#;
    let record = read(text, "application/json").unwrap();
    assert!(record.patient_record);
    let found = all(text, &record);
    for (kind, value) in [
        (K::Name, "Ana Ruiz"),
        (K::Date, "1961-03-04"),
        (K::Mrn, "88012"),
        (K::Provider, "Ife Okon"),
        (K::HealthPlanId, "W-1"),
        (K::Icd10, "E11.9"),
        (K::Medication, "warfarin"),
    ] {
        has(&found, kind, value);
    }
    assert_eq!(found.len(), 7, "{found:?}");
}

#[test]
fn json_among_prose_is_read_wherever_it_begins() {
    let keys = r#"{"patientName": "Ana Ruiz", "dob": "1961-03-04", "mrn": "88012"}"#;
    let lines = keys.replace(", ", ",\n  ");
    let resource = r#"{
  "resourceType": "Patient",
  "name": [{"family": "Ruiz", "given": ["Ana"]}],
  "birthDate": "1961-03-04",
  "identifier": [{"value": "88012"}]
}"#;
    for json in [keys, &lines, resource] {
        for (before, behind) in [
            ("With this: ", "\nit fails."),
            ("Hello,\n2026-01-02T10:00:00Z ERROR body=", ""),
            ("curl -d '", "' {host}/v1"),
            ("the {name} and {\"so called\"} of [", ", {}], as sent"),
            ("{{greeting}} all,\n\n- ", "."),
        ] {
            let text = format!("{before}{json}{behind}");
            let record = read(&text, "text/plain").unwrap();
            assert!(record.patient_record && record.in_prose, "{text}");
            let found = all(&text, &record);
            has(&found, K::Date, "1961-03-04");
            has(&found, K::Mrn, "88012");
            let name = if json == resource { "Ruiz" } else { "Ana Ruiz" };
            has(&found, K::Name, name);
            assert_eq!(
                found.len(),
                if json == resource { 4 } else { 3 },
                "{found:?}"
            );
        }
    }
}

#[test]
fn json_in_a_line_hides_no_table_and_no_other_json() {
    let text = "Sent as {\"memberId\": \"W-1\", \"patientName\": \"Ana Ruiz\"} and \
                {\"patientName\": \"Eve Lind\"}; the rest is:\n\n\
                patient,mrn,dob\nIfe Okon,88012,1961-03-04\nBo Park,88013,1962-03-04\n";
    let record = read(text, "text/plain").unwrap();
    assert!(record.patient_record);
    let found = all(text, &record);
    for (kind, value) in [
        (K::HealthPlanId, "W-1"),
        (K::Name, "Ana Ruiz"),
        (K::Name, "Eve Lind"),
        (K::Name, "Ife Okon"),
        (K::Mrn, "88013"),
    ] {
        has(&found, kind, value);
    }
}

#[test]
fn json_that_a_page_shows_is_read() {
    let text = "Fails with\u{a0}{\n\u{a0}\u{a0}\"patientName\":\u{a0}\"Ana Ruiz\",\n\
                \u{a0}\u{a0}\"mrn\": \"88012\"\n}";
    for text in [text.to_owned(), text.replace('\u{a0}', "")] {
        let record = shown(text.as_bytes(), false).unwrap();
        assert!(record.patient_record);
        has(&all(&text, &record), K::Name, "Ana Ruiz");
        has(&all(&text, &record), K::Mrn, "88012");
    }
}

#[test]
fn keys_with_values_of_tests_are_nobodys() {
    for (text, is_record) in [
        (
            r#"{"patientName": "Test Patient", "mrn": "TEST-0001"}"#,
            false,
        ),
        (r#"{"patientName": "Test Patient", "mrn": "88012"}"#, true),
    ] {
        let record = read(text, "application/json").unwrap();
        assert_eq!(record.patient_record, is_record, "{text}");
    }
}

#[test]
fn json_of_things_gives_nothing() {
    for text in [
        r#"{"name": "left-pad", "version": "1.0.0", "description": "pads", "author": {"name": "Ana Ruiz"}, "license": "MIT"}"#,
        r#"{"date": "2025-01-01", "host": {"name": "db1", "ip": "10.0.0.1"}}"#,
        "[not json at all]",
        "{",
    ] {
        assert!(
            read(text, "application/json").is_none(),
            "{:?}",
            hints(text, "application/json")
        );
    }
}

#[test]
fn definitions_are_nobodys() {
    let text = r#"{"resourceType": "StructureDefinition", "id": "x-1", "date": "2020-01-01", "name": "MyPatient", "contact": [{"telecom": [{"system": "email", "value": "a@b.example"}]}]}"#;
    let record = read(text, "application/json").unwrap();
    assert!(!record.patient_record && record.hints.is_empty());
}

#[test]
fn what_stands_before_a_value_hides_it_from_nobody() {
    let value = r#"{"resourceType":"Patient","birthDate":"1989-06-12"}"#;
    for value in [
        value.to_owned(),
        format!("[{value}]"),
        r#"["a"]"#.to_owned(),
    ] {
        let whole = read(&value, "text/plain").map(|record| record.hints.len());
        for before in [" ", "\t", "\r\n", "\n\n", "\u{feff}", "> ", "\u{feff}\n> "] {
            let behind = read(&format!("{before}{value}"), "text/plain");
            assert_eq!(behind.map(|record| record.hints.len()), whole, "{before:?}");
        }
    }
    assert_eq!(hints(value, "text/plain").len(), 1);
}

const PATIENT: &str = r#"<Patient xmlns="http://hl7.org/fhir">
  <id value="p1"/><meta><lastUpdated value="2020-01-01T10:00:00Z"/></meta>
  <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p title="2020-01-01">Seen<br></p></div></text>
  <extension url="http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"><valueString value="Elsa Grau"/></extension>
  <identifier><type><coding><code value="MR"/></coding></type><value value="00482913"><extension url="x"/></value></identifier>
  <identifier><type><coding><code value="SS"/></coding></type><value value="123-45-6780"/></identifier>
  <name><family value="Alvarez"/><given value="Maria"/><given value="Luz"/></name>
  <telecom><system value="phone"/><value value="505-555-0173"/></telecom>
  <birthDate value="1958-03-14"/>
  <contact><name><text value="Pablo Ruiz"/></name></contact>
</Patient>"#;

#[test]
fn xml_says_what_json_does() {
    let prefixed = PATIENT
        .replace("</", "</f:")
        .replace('<', "<f:")
        .replace("<f:/f:", "</f:")
        .replacen("xmlns=", "xmlns:f=", 1);
    let envelope = format!("<Envelope xmlns=\"urn:x\"><Body>{PATIENT}</Body></Envelope>");
    let late = prefixed.replacen(" xmlns:f=\"http://hl7.org/fhir\"", "", 1);
    let late = format!("<a xmlns:f='http://hl7.org/fhir'>{late}</a>");
    for text in [PATIENT, &prefixed, &envelope, &late] {
        let record = read(text, "application/fhir+xml").unwrap();
        assert!(record.patient_record && record.clinical && record.form == Form::Markup);
        let found = all(text, &record);
        for (kind, value) in [
            (K::OtherId, "p1"),
            (K::Name, "Elsa Grau"),
            (K::Mrn, "00482913"),
            (K::Ssn, "123-45-6780"),
            (K::Name, "Alvarez"),
            (K::Name, "Maria"),
            (K::Name, "Luz"),
            (K::Phone, "505-555-0173"),
            (K::Date, "1958-03-14"),
            (K::Name, "Pablo Ruiz"),
        ] {
            has(&found, kind, value);
        }
        assert_eq!(found.len(), 10, "{found:#?}");
    }
    let pasted = format!("See below.\n\n{PATIENT}\n\nBest");
    let record = read(&pasted, "text/plain").unwrap();
    assert!(record.patient_record && record.form == Form::Plain);
    assert_eq!(all(&pasted, &record).len(), 10);
}

#[test]
fn a_bundle_of_xml_is_walked() {
    let text = r#"<Bundle xmlns="http://hl7.org/fhir"><entry><resource><Condition>
        <code><coding><system value="http://hl7.org/fhir/sid/icd-10-cm"/><code value="B20"/></coding><text value="HIV disease"/></code>
        <subject><reference value="Patient/p1"/><display value="Maria Alvarez"/></subject></Condition></resource></entry>
        <entry><resource><Practitioner><name><family value="Okon"/></name></Practitioner></resource></entry></Bundle>"#;
    let record = read(text, "application/xml").unwrap();
    assert!(record.patient_record);
    let found = all(text, &record);
    for (kind, value) in [
        (K::Icd10, "B20"),
        (K::Condition, "HIV disease"),
        (K::OtherId, "p1"),
        (K::Name, "Maria Alvarez"),
        (K::Provider, "Okon"),
    ] {
        has(&found, kind, value);
    }
    let definition = "<ValueSet xmlns='http://hl7.org/fhir'><name value='Ana'/><date value='2020-01-02'/></ValueSet>";
    let record = read(definition, "text/xml").unwrap();
    assert!(!record.patient_record && record.hints.is_empty());
    // A link to the format is none of it.
    assert!(read("See <http://hl7.org/fhir> for it.", "text/plain").is_none());
}

#[test]
fn xml_that_is_deep_or_cut_off_is_read_on() {
    let deep = "<a>".repeat(300_000);
    let text = PATIENT.replacen("<name>", &format!("{deep}<name>"), 1);
    assert!(read(&text, "text/xml").unwrap().patient_record);
    for end in (0..PATIENT.len()).filter(|end| PATIENT.is_char_boundary(*end)) {
        read(&PATIENT[..end], "text/xml");
    }
    // Elements of others, whose fields all go to what is around them.
    let nested = format!(
        "{}{}",
        "<x:a>".repeat(120),
        "<b value='1'/>".repeat(200_000)
    );
    let text = format!("<b xmlns='http://hl7.org/fhir'>{nested}");
    assert!(read(&text, "text/plain").is_none_or(|r| !r.patient_record));
}

#[test]
fn an_element_of_xml_hides_no_other_format() {
    let own = "<Basic xmlns=\"http://hl7.org/fhir\"/>";
    for (text, media_type) in [
        (
            "Patient,SSN,MRN\nPat Lindqvist,281159804,00482913\n",
            "text/csv",
        ),
        (
            "MSH|^~\\&|ADT1|X|Y|Z|20200101||ADT^A01|M1|P|2.3\rPID|1||00482913^^^H^MR||Alvarez^Maria||19580314|F\r",
            "text/plain",
        ),
        (
            "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Alvarez\"}],\"birthDate\":\"1958-03-14\"}\n",
            "text/plain",
        ),
    ] {
        let alone = read(text, media_type).unwrap();
        let with = read(&format!("{text}{own}"), media_type).unwrap();
        assert!(!alone.hints.is_empty(), "{text}");
        assert!(with.hints == alone.hints, "{text}");
        assert_eq!(
            (with.patient_record, with.clinical, with.form),
            (alone.patient_record, alone.clinical, alone.form)
        );
        // A patient beside it is read too.
        let both = read(&format!("{text}{PATIENT}"), media_type).unwrap();
        assert!(both.patient_record && both.clinical);
        assert_eq!(both.hints.len(), alone.hints.len() + 10, "{text}");
    }
}

#[test]
fn a_namespace_holds_in_its_element() {
    let bare = PATIENT.replacen(" xmlns=\"http://hl7.org/fhir\"", "", 1);
    let written = |uri: &str| format!("<Bundle xmlns=\"{uri}\">{bare}</Bundle>");
    for uri in [
        "http://hl7.org/fhir",
        "http&#58;//hl7.org/fhir",
        "&#x68;ttp&#x3A;//hl7.org/fhir",
    ] {
        let text = written(uri);
        let record = read(&text, "text/xml").unwrap();
        assert!(record.patient_record && record.clinical, "{uri}");
    }
    for text in [
        format!("<config><schema xmlns=\"http://hl7.org/fhir\"/>{bare}</config>"),
        format!("<a><b xmlns=\"http://hl7.org/fhir\"></b>{bare}</a>"),
        format!("<a xmlns=\"http://hl7.org/fhir\"><b xmlns=\"urn:x\">{bare}</b></a>"),
        written("http&#58;//hl7.org/fhir/x"),
        bare.clone(),
    ] {
        let record = read(&text, "text/xml");
        assert!(record.is_none_or(|record| !record.clinical), "{text}");
    }
    // One that is declared again holds on behind that.
    let text = format!("<a xmlns=\"http://hl7.org/fhir\"><b xmlns=\"urn:x\"/>{bare}</a>");
    assert!(read(&text, "text/xml").unwrap().clinical);
}

#[test]
fn a_skeleton_and_a_sample_are_nobodys() {
    let of_patient = |text: &str| read(text, "").is_some_and(|record| record.patient_record);
    for text in [
        r#"{"resourceType":"Patient","id":"example","gender":"female"}"#,
        r#"{"resourceType":"Patient","id":"example","managingOrganization":{"display":"Harbor"}}"#,
        r#"{"resourceType":"Patient","id":"example","identifier":[{"value":"TEST-12345"}],
            "name":[{"family":"Testfamily","given":["Testgiven"]}],"birthDate":"1980-04-01"}"#,
        r#"{"resourceType":"Patient","name":[{"family":"Patient","given":["Test"]}],"birthDate":"1980-04-01"}"#,
        r#"{"resourceType":"Encounter","id":"example","subject":{"reference":"Patient/example"}}"#,
        r#"{"resourceType":"Encounter","subject":{"reference":"Patient/test-patient-1"}}"#,
        r#"{"resourceType":"MeasureReport","subject":{"type":"Organization","identifier":{"value":"4471920"}}}"#,
        r#"{"resourceType":"Observation","subject":{"reference":"Device/pump-42"}}"#,
    ] {
        assert!(!of_patient(text), "{text}");
    }
    for text in [
        r#"{"resourceType":"Patient","id":"vh-5520","gender":"female"}"#,
        r#"{"resourceType":"Patient","id":"example","name":[{"family":"Lind"}]}"#,
        r#"{"resourceType":"Patient","id":"example","birthDate":"1980-04-01"}"#,
        r#"{"resourceType":"Patient","name":[],"birthDate":"1980-04-01"}"#,
        r#"{"resourceType":"Patient","name":[{"text":"Bo Lind","family":"Patient","given":["Test"]}]}"#,
        r#"{"resourceType":"Patient","birthDate":"1980-04-01","contact":[{"name":{"text":"Test Person"}}]}"#,
        r#"{"resourceType":"Encounter","subject":{"identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"4471920"}]}}"#,
        r#"{"resourceType":"Consent","provision":{"actor":[{"reference":{"reference":"Patient/5520"}}]}}"#,
        r#"{"resourceType":"Encounter","subject":{"reference":"Patient/5520/_history/1"}}"#,
        r#"{"resourceType":"Patient","name":[{"extension":[{"valueCode":"masked"}]}],"birthDate":"1980-04-01"}"#,
        r#"{"resourceType":"Patient","name":[{"family":"Patient","given":["Test"]},{"family":"Lind"}]}"#,
        r#"{"resourceType":"Patient","text":{"status":"generated","div":"<div>Bo Lind</div>"}}"#,
        r#"{"resourceType":"Encounter","subject":{"reference":"Patient/5520"}}"#,
        r#"{"resourceType":"Encounter","subject":{"reference":"Patient/hiv-test-204"}}"#,
        r#"{"resourceType":"Encounter","subject":{"reference":"Patient/example","display":"Bo Lind"}}"#,
        r#"{"resourceType":"Encounter","subject":{"identifier":{"value":"4471920"}}}"#,
        r#"{"resourceType":"Encounter","basedOn":{"type":"Patient","identifier":{"value":"4471920"}}}"#,
        r#"{"resourceType":"Coverage","beneficiary":{"reference":"Patient/example"},"subscriberId":"XKV884201937"}"#,
        r#"{"resourceType":"Encounter","subject":{"reference":"Patient/example",
            "identifier":{"type":{"coding":[{"code":"MR"}]},"value":"4471920"}}}"#,
    ] {
        assert!(of_patient(text), "{text}");
    }
    let text = r#"{"resourceType":"Condition","subject":{"reference":"Patient/5520",
        "identifier":{"type":{"coding":[{"code":"MR"}]},"value":"4471920"}}}"#;
    has(&hints(text, ""), K::Mrn, "4471920");
}

#[test]
fn a_resource_takes_nothing_from_the_other_objects_of_a_text() {
    let keys = "{\"patientName\": \"Ana Ruiz\", \"dob\": \"1961-03-04\", \"mrn\": \"88012\"}";
    let text = format!(
        "The server says {{\"resourceType\": \"OperationOutcome\", \"issue\": []}} for\n{keys}"
    );
    let record = read(&text, "text/plain").unwrap();
    assert!(record.patient_record);
    let found = all(&text, &record);
    has(&found, K::Name, "Ana Ruiz");
    has(&found, K::Mrn, "88012");
}

#[test]
fn what_begins_with_a_bracket_is_no_page_yet() {
    let keys = "{\"patientName\": \"Ana Ruiz\", \"dob\": \"1961-03-04\", \"mrn\": \"88012\"}";
    for before in [
        "<ana@mail.example> wrote:",
        "<34>1 2026-01-02 api -",
        "<https://x.example/y>",
    ] {
        let text = format!("{before}\n{keys}");
        let record = read(&text, "text/plain").unwrap();
        has(&all(&text, &record), K::Mrn, "88012");
        assert!(record.patient_record, "{before}");
    }
    // Of a page `shown` tells, but for a resource, which is one in a script too.
    let page = format!("<p>Hi</p><script>\nlet x = {keys}\n</script>");
    assert!(read(&page, "text/plain").is_none());
    let resource = "{\"resourceType\": \"Patient\", \"name\": [{\"family\": \"Ruiz\"}], \
                    \"birthDate\": \"1961-03-04\", \"identifier\": [{\"value\": \"88012\"}]}";
    let page = format!("<p>Hi</p><script type=\"application/json\">\n{resource}\n</script>");
    let record = read(&page, "text/plain").unwrap();
    has(&all(&page, &record), K::Name, "Ruiz");
    assert!(record.patient_record && record.clinical);
}
