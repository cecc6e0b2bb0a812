use super::super::headers::{Names, classify};
use crate::dlp::FindingKind as K;

fn of(name: &str) -> Option<(K, bool)> {
    classify("", name).map(|field| (field.kind, field.weak))
}

#[test]
fn headers_of_the_field_are_known() {
    let mut wrong = Vec::new();
    for (name, kind) in [
        ("pt_name", K::Name),
        ("patientName", K::Name),
        ("PtName", K::Name),
        ("ptname", K::Name),
        ("Patient", K::Name),
        ("Last Name", K::Name),
        ("firstName", K::Name),
        ("apellidos", K::Name),
        ("subscriber_last", K::Name),
        ("Nombre del paciente", K::Name),
        ("MOTHERS MAIDEN NAME", K::Name),
        ("DOB", K::Date),
        ("date_of_birth", K::Date),
        ("dateofbirth", K::Date),
        ("birthDate", K::Date),
        ("Fecha de Nacimiento", K::Date),
        ("service date", K::Date),
        ("DOS", K::Date),
        ("admit_dt", K::Date),
        ("dischargeDate", K::Date),
        ("Next Appointment", K::Date),
        ("last_visit", K::Date),
        ("date of death", K::Date),
        ("Member ID", K::HealthPlanId),
        ("memberId", K::HealthPlanId),
        ("plan_id", K::HealthPlanId),
        ("Policy #", K::HealthPlanId),
        ("MBI", K::HealthPlanId),
        ("Medicaid No.", K::HealthPlanId),
        ("group number", K::HealthPlanId),
        ("subscriberid", K::HealthPlanId),
        ("MRN", K::Mrn),
        ("medical record number", K::Mrn),
        ("medicalRecordNo", K::Mrn),
        ("patient record no", K::Mrn),
        ("patient_id", K::Mrn),
        ("Chart #", K::Mrn),
        ("número de expediente", K::Mrn),
        ("mr_number", K::Mrn),
        ("patientid", K::Mrn),
        ("ssn", K::Ssn),
        ("ssn4", K::Ssn),
        ("Social Security Number", K::Ssn),
        ("seguro social", K::Ssn),
        ("phone", K::Phone),
        ("Cell Phone", K::Phone),
        ("phone1", K::Phone),
        ("teléfono", K::Phone),
        ("homePhone", K::Phone),
        ("fax", K::Fax),
        ("email", K::Email),
        ("E-mail address", K::Email),
        ("correo electrónico", K::Email),
        ("address", K::Address),
        ("Street", K::Address),
        ("Address Line 1", K::Address),
        ("zip", K::Address),
        ("ZIP Code", K::Address),
        ("city", K::Address),
        ("dirección", K::Address),
        ("postalCode", K::Address),
        ("dx", K::Condition),
        ("Diagnosis", K::Condition),
        ("chief complaint", K::Condition),
        ("diagnóstico", K::Condition),
        ("icd10", K::Icd10),
        ("ICD-10 code", K::Icd10),
        ("dx_code", K::Icd10),
        ("diagnosisCode", K::Icd10),
        ("drug", K::Medication),
        ("Medication Name", K::Medication),
        ("medicamento", K::Medication),
        ("drug_name", K::Medication),
        ("NDC", K::Ndc),
        ("ndc code", K::Ndc),
        ("cpt", K::Cpt),
        ("procedure code", K::Cpt),
        ("HCPCS", K::Cpt),
        ("loinc", K::Loinc),
        ("test_name", K::Lab),
        ("analyte", K::Lab),
        ("procedure name", K::Procedure),
        ("npi", K::Npi),
        ("Provider NPI", K::Npi),
        ("dea #", K::Dea),
        ("provider", K::Provider),
        ("Attending Physician", K::Provider),
        ("referring_dr", K::Provider),
        ("provider first name", K::Provider),
        ("facility name", K::Facility),
        ("claim #", K::Account),
        ("claimNumber", K::Account),
        ("acct_no", K::Account),
        ("Account Number", K::Account),
        ("Rx Number", K::OtherId),
        ("accession", K::OtherId),
        ("encounter_id", K::OtherId),
        ("auth number", K::OtherId),
        ("driver's license", K::License),
        ("passport no", K::License),
        ("VIN", K::Vehicle),
        ("license plate", K::Vehicle),
        ("device serial number", K::Device),
        ("udi", K::Device),
        ("IBAN", K::BankAccount),
        ("credit card number", K::CreditCard),
        ("bank account", K::BankAccount),
        ("age", K::AgeOver89),
        ("Edad", K::AgeOver89),
    ] {
        if of(name).map(|f| f.0) != Some(kind) {
            wrong.push((name, kind, of(name)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn headers_that_mean_nothing_personal_give_nothing() {
    for name in [
        "quantity",
        "sku",
        "price",
        "qty",
        "total",
        "status",
        "notes",
        "product name",
        "file name",
        "username",
        "host",
        "plan name",
        "payer",
        "group",
        "code",
        "description",
        "patient_status",
        "provider_type",
        "office phone",
        "clinic address",
        "provider email",
        "last_login",
        "last modified",
        "version",
        "item no",
        "order total",
        "",
        "class name",
        "lot",
        "strength",
        "dose",
        "company",
        "id",
        "state",
        "country",
        "insurance phone",
        "a very long header that goes on and on and is a sentence",
    ] {
        assert_eq!(of(name), None, "{name}");
    }
}

#[test]
fn some_headers_need_company() {
    for (name, kind) in [
        ("name", K::Name),
        ("last", K::Name),
        ("date", K::Date),
        ("joined date", K::Date),
        ("serial", K::Device),
        ("order id", K::OtherId),
        ("record no", K::Mrn),
        ("ip", K::Ip),
        ("contact", K::Name),
        ("service", K::Procedure),
    ] {
        assert_eq!(of(name), Some((kind, true)), "{name}");
    }
}

#[test]
fn what_a_name_stands_in_counts() {
    let name = |under| classify(under, "name").map(|f| (f.kind, f.weak));
    assert_eq!(name("patient"), Some((K::Name, false)));
    assert_eq!(name("provider"), Some((K::Provider, false)));
    assert_eq!(name("hospital"), Some((K::Facility, false)));
    assert_eq!(name("product"), None);
    assert_eq!(classify("clinic", "phone"), None);
    for number in ["id", "recordNumber"] {
        let field = classify("patient", number).unwrap();
        assert_eq!((field.kind, field.weak), (K::Mrn, false), "{number}");
    }
}

#[test]
fn names_are_looked_at_up_to_a_bound() {
    let text: Vec<String> = (0..20_000).map(|n| format!("k{n}")).collect();
    let mut names = Names::default();
    for name in &text {
        names.field("", name);
    }
    assert_eq!(names.field("", "mrn"), None);
}
