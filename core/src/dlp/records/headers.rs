//! What the name of a column, a JSON key or an XML element says of its values:
//! `pt_name`, `DOB`, `memberId`, `fecha de nacimiento`, `claim #`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::dlp::{FindingClass, FindingKind};

/// Distinct names that are looked at in one text. Later ones say nothing, so
/// that a text of random names costs no more than its length.
const MAX_NAMES: usize = 20_000;
/// A longer name is a sentence.
const MAX_NAME: usize = 48;
const LONGEST_WORD: usize = 14;

/// What a name says of the values under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Their kind.
    pub(super) kind: FindingKind,
    /// Whether the name alone is not enough: `name`, `date`, `serial` mean a
    /// person's only beside other fields of a person.
    pub(super) weak: bool,
    /// Whether it tells who somebody is.
    pub(super) person: bool,
    /// Whether it tells of care: a patient's number, a visit, a diagnosis.
    pub(super) health: bool,
}

/// Names that were looked at, each once.
#[derive(Default)]
pub(super) struct Names<'t> {
    seen: HashMap<(&'t str, &'t str), Option<Field>>,
}

impl<'t> Names<'t> {
    /// What a name says, `under` being the name of what it stands in.
    pub(super) fn field(&mut self, under: &'t str, name: &'t str) -> Option<Field> {
        if let Some(known) = self.seen.get(&(under, name)) {
            return *known;
        }
        if self.seen.len() >= MAX_NAMES {
            return None;
        }
        let field = classify(under, name);
        self.seen.insert((under, name), field);
        field
    }
}

/// Meanings of words, as bits.
mod means {
    pub(super) const PATIENT: u64 = 1;
    pub(super) const PERSON: u64 = 1 << 1;
    pub(super) const PROVIDER: u64 = 1 << 2;
    pub(super) const FACILITY: u64 = 1 << 3;
    pub(super) const PLAN: u64 = 1 << 4;
    pub(super) const MEMBER: u64 = 1 << 5;
    pub(super) const GROUP: u64 = 1 << 6;
    pub(super) const THING: u64 = 1 << 7;
    pub(super) const NAME: u64 = 1 << 8;
    pub(super) const FIRST: u64 = 1 << 9;
    pub(super) const TEXT: u64 = 1 << 10;
    pub(super) const ID: u64 = 1 << 11;
    pub(super) const CODE: u64 = 1 << 12;
    pub(super) const DATE: u64 = 1 << 13;
    pub(super) const BIRTH: u64 = 1 << 14;
    pub(super) const DEATH: u64 = 1 << 15;
    pub(super) const VISIT: u64 = 1 << 16;
    pub(super) const PHONE: u64 = 1 << 17;
    pub(super) const FAX: u64 = 1 << 18;
    pub(super) const EMAIL: u64 = 1 << 19;
    pub(super) const ADDRESS: u64 = 1 << 20;
    pub(super) const IP: u64 = 1 << 21;
    pub(super) const SSN: u64 = 1 << 22;
    pub(super) const SOCIAL: u64 = 1 << 23;
    pub(super) const SECURITY: u64 = 1 << 24;
    pub(super) const MRN: u64 = 1 << 25;
    pub(super) const MEDICAL: u64 = 1 << 26;
    pub(super) const RECORD: u64 = 1 << 27;
    pub(super) const MEMBER_ID: u64 = 1 << 28;
    pub(super) const ACCOUNT: u64 = 1 << 29;
    pub(super) const CLAIM: u64 = 1 << 30;
    pub(super) const LICENSE: u64 = 1 << 31;
    pub(super) const VEHICLE: u64 = 1 << 32;
    pub(super) const DEVICE: u64 = 1 << 33;
    pub(super) const SERIAL: u64 = 1 << 34;
    pub(super) const UDI: u64 = 1 << 35;
    pub(super) const NPI: u64 = 1 << 36;
    pub(super) const DEA: u64 = 1 << 37;
    pub(super) const NDC: u64 = 1 << 38;
    pub(super) const LOINC: u64 = 1 << 39;
    pub(super) const ICD: u64 = 1 << 40;
    pub(super) const CPT: u64 = 1 << 41;
    pub(super) const DIAGNOSIS: u64 = 1 << 42;
    pub(super) const DRUG: u64 = 1 << 43;
    pub(super) const PROCEDURE: u64 = 1 << 44;
    pub(super) const LAB: u64 = 1 << 45;
    pub(super) const AGE: u64 = 1 << 46;
    pub(super) const CASE: u64 = 1 << 47;
    pub(super) const ORDER: u64 = 1 << 48;
    pub(super) const BANK: u64 = 1 << 49;
    pub(super) const IBAN: u64 = 1 << 50;
    pub(super) const CARD: u64 = 1 << 51;
    pub(super) const FILLER: u64 = 1 << 52;
    pub(super) const UNKNOWN: u64 = 1 << 53;
    pub(super) const STREET: u64 = 1 << 54;
}

#[rustfmt::skip]
static WORDS: LazyLock<HashMap<&'static str, u64>> = LazyLock::new(|| {
    use means::*;
    let groups: &[(u64, &[&str])] = &[
        (PATIENT, &["patient", "patients", "pt", "pat", "paciente", "pacientes", "inpatient", "outpatient"]),
        (PERSON, &["client", "cliente", "resident", "guarantor", "guardian", "parent", "mother", "father", "madre",
            "padre", "spouse", "dependent", "child", "newborn", "contact", "contacto", "emergency", "emergencia",
            "nok", "kin", "relative", "donor", "participant", "applicant", "holder", "policyholder", "claimant",
            "veteran", "customer", "caregiver", "responsible", "person", "persona", "party"]),
        (MEMBER, &["member", "mbr", "miembro", "afiliado", "subscriber", "sub", "insured", "enrollee", "beneficiary",
            "bene", "asegurado"]),
        (PROVIDER, &["provider", "prov", "doctor", "dr", "physician", "phys", "attending", "referring", "ordering",
            "rendering", "prescriber", "prescribing", "surgeon", "nurse", "therapist", "clinician", "pcp",
            "counselor", "practitioner", "performer", "medico", "medica", "proveedor", "doctora", "supervising",
            "admitting", "consulting", "dentist", "pharmacist", "dispenser", "interpreter", "radiologist",
            "technician", "rn", "operator", "staff", "requester"]),
        (FACILITY, &["facility", "hospital", "clinic", "site", "practice", "pharmacy", "laboratory", "clinica",
            "centro", "farmacia", "organization", "location", "ward", "office", "department"]),
        (PLAN, &["plan", "policy", "poliza", "insurance", "ins", "payer", "payor", "insurer", "carrier", "seguro",
            "health", "medicaid", "medicare", "coverage", "benefit", "primary", "secondary", "hic"]),
        (GROUP, &["group", "grp", "grupo"]),
        (THING, &["product", "item", "sku", "part", "vendor", "supplier", "company", "file", "folder", "user",
            "username", "host", "hostname", "server", "asset", "manufacturer", "mfr", "event", "brand", "domain",
            "login", "modified", "updated", "created", "app", "project", "repo", "package", "module", "version",
            "branch", "commit", "table", "column", "field", "key", "quantity", "qty", "price", "cost", "amount",
            "amt", "total", "balance", "charge", "paid", "unit", "units", "count", "template", "build", "job",
            "error", "class", "function", "font", "color", "size", "country", "state", "city_code", "book",
            "course", "song", "author", "publisher", "invoice_total", "tracking", "shipment", "warehouse"]),
        (NAME, &["name", "nm", "nombre", "nombres", "fullname"]),
        (FIRST | NAME, &["fname", "lname", "mname", "surname", "apellido", "apellidos", "firstname", "lastname",
            "forename", "maiden", "alias", "aka"]),
        (FIRST, &["first", "last", "middle", "given", "family", "full", "preferred", "legal", "mi", "primer", "segundo"]),
        (TEXT, &["description", "desc", "text", "display", "descripcion", "title", "list"]),
        (ID, &["id", "ids", "number", "num", "no", "nbr", "nr", "numero", "identifier", "identificador", "#", "ref",
            "reference", "identificacion", "last4"]),
        (CODE, &["code", "codes", "cd", "codigo"]),
        (DATE, &["date", "dt", "fecha", "datetime", "timestamp", "day", "when"]),
        (BIRTH, &["dob", "birth", "birthdate", "born", "birthday", "bday", "nacimiento", "birthtime", "fdn"]),
        (DEATH, &["death", "deceased", "died", "dod", "fallecimiento", "defuncion"]),
        (VISIT, &["visit", "visita", "visits", "admit", "admitted", "admission", "adm", "ingreso", "discharge",
            "discharged", "disch", "alta", "appointment", "appt", "cita", "consulta", "encounter", "enc", "dos",
            "seen", "followup", "arrival", "checkin", "stay"]),
        (PHONE, &["phone", "tel", "telephone", "mobile", "cell", "cellphone", "telefono", "celular", "movil", "telecom"]),
        (FAX, &["fax"]),
        (EMAIL, &["email", "mail", "correo", "emails"]),
        (ADDRESS, &["address", "addr", "direccion", "domicilio", "residence", "zip", "zipcode", "postal", "postcode",
            "postalcode", "city", "town", "ciudad", "municipio", "county", "cp"]),
        (STREET, &["street", "calle", "apt"]),
        (IP, &["ip", "ipaddress", "ipv4", "ipv6"]),
        (SSN, &["ssn", "ssan", "ss", "nss", "socsec", "itin"]),
        (SOCIAL, &["social", "soc"]),
        (SECURITY, &["security", "sec"]),
        (MRN, &["mrn", "mrns", "emrn", "umrn", "empi", "mpi", "hrn", "expediente", "nhc"]),
        (MEDICAL, &["medical", "med", "health", "hospital", "historia", "mr", "emr", "ehr", "clinical", "unit"]),
        (RECORD, &["record", "rec", "chart", "clinica", "mr", "emr", "ehr"]),
        (MEMBER_ID, &["mbi", "hicn", "hcid", "medicaid", "cin", "subno"]),
        (ACCOUNT, &["account", "acct", "acc", "cuenta", "invoice", "factura", "har", "bill", "statement"]),
        (CLAIM, &["claim", "claims", "clm", "reclamo", "icn", "dcn"]),
        (LICENSE, &["license", "licence", "lic", "licencia", "driver", "drivers", "dl", "passport", "pasaporte",
            "certificate"]),
        (VEHICLE, &["vin", "plate", "matricula", "placa"]),
        (DEVICE, &["device", "implant", "pacemaker", "pump", "prosthesis", "dispositivo"]),
        (SERIAL, &["serial", "sn", "serie"]),
        (UDI, &["udi"]),
        (NPI, &["npi"]),
        (DEA, &["dea"]),
        (NDC, &["ndc"]),
        (LOINC, &["loinc"]),
        (ICD, &["icd", "icd10", "icd9", "icd10cm", "cie", "cie10"]),
        (CPT, &["cpt", "cpt4", "hcpcs"]),
        (DIAGNOSIS, &["dx", "dxs", "diag", "diagnosis", "diagnoses", "diagnostico", "diagnosticos", "condition",
            "conditions", "problem", "problems", "complaint", "cc", "symptom", "symptoms", "allergy", "allergies",
            "alergias", "indication", "disease", "enfermedad", "comorbidities", "principal"]),
        (DRUG, &["drug", "drugs", "medication", "medications", "med", "meds", "rx", "medicine", "prescription",
            "medicamento", "medicamentos", "vaccine", "immunization", "receta", "generic"]),
        (PROCEDURE, &["procedure", "procedures", "proc", "px", "surgery", "operation", "exam", "treatment", "therapy",
            "procedimiento", "cirugia", "tratamiento", "service", "servicio", "study", "modality", "svc"]),
        (LAB, &["lab", "labs", "analyte", "test", "assay", "component", "observation", "prueba", "analito", "result",
            "collection", "collected"]),
        (AGE, &["age", "edad"]),
        (CASE, &["accession", "specimen", "csn", "referral", "auth", "authorization", "encounter", "enc", "visit",
            "prescription", "rx", "sample", "requisition", "episode", "study", "subject", "muestra", "case"]),
        (ORDER, &["order", "orden", "confirmation", "ticket", "request"]),
        (BANK, &["bank", "banco", "checking", "routing"]),
        (IBAN, &["iban"]),
        (CARD, &["card", "credit", "tarjeta", "pan"]),
        (FILLER, &["of", "the", "de", "del", "la", "el", "y", "and", "for", "to", "home", "work", "day", "evening",
            "line", "main", "current", "next", "s", "x", "e", "in", "on", "at", "our", "his", "her", "new", "old",
            "resource", "info", "details", "value", "chief", "presenting", "electronico", "electronica", "start", "end", "from", "a", "b", "cm", "pcs"]),
    ];
    let mut words = HashMap::new();
    for (bits, list) in groups {
        for word in *list {
            *words.entry(*word).or_insert(0) |= bits;
        }
    }
    words
});

/// What `name` says, where it stands in something named `under` (or in
/// nothing, where that is empty).
pub(super) fn classify(under: &str, name: &str) -> Option<Field> {
    if name.trim().is_empty() || name.len() > MAX_NAME || under.len() > MAX_NAME {
        return None;
    }
    let own = meaning(name);
    let all = own
        | (meaning(under)
            & (means::PATIENT
                | means::PERSON
                | means::MEMBER
                | means::PROVIDER
                | means::FACILITY
                | means::PLAN
                | means::THING));
    let (kind, weak) = kind(all, own)?;
    let patient = all & (means::PATIENT | means::MEMBER) != 0;
    let birth = own & means::BIRTH != 0;
    Some(Field {
        kind,
        weak,
        person: !weak
            && (birth
                || matches!(
                    kind,
                    FindingKind::Name
                        | FindingKind::Mrn
                        | FindingKind::Ssn
                        | FindingKind::HealthPlanId
                        | FindingKind::Phone
                        | FindingKind::Email
                )),
        health: patient
            || own & means::VISIT != 0
            || kind.class() == FindingClass::Health
            || matches!(
                kind,
                FindingKind::Mrn
                    | FindingKind::HealthPlanId
                    | FindingKind::Npi
                    | FindingKind::Provider
            ),
    })
}

/// The kind that meanings together stand for, and whether weakly.
fn kind(all: u64, own: u64) -> Option<(FindingKind, bool)> {
    use FindingKind as K;
    use means::*;
    let any = |bits: u64| own & bits != 0;
    let known = !any(UNKNOWN);
    let number = any(ID | CODE);
    let private = all & (PROVIDER | FACILITY) == 0
        && (all & PLAN == 0 || all & (PATIENT | PERSON | MEMBER) != 0);
    let sure = |kind| Some((kind, false));
    let maybe = |kind| Some((kind, true));

    if all & THING != 0 {
        return None;
    }
    if any(SSN) || (any(SOCIAL) && any(SECURITY | PLAN)) {
        return sure(K::Ssn);
    }
    for (bits, kind) in [
        (NPI, K::Npi),
        (DEA, K::Dea),
        (NDC, K::Ndc),
        (LOINC, K::Loinc),
        (ICD, K::Icd10),
        (CPT, K::Cpt),
        (MRN, K::Mrn),
        (IBAN, K::BankAccount),
    ] {
        if any(bits) && !any(DATE | NAME | TEXT) {
            return sure(kind);
        }
    }
    if any(IP) && known {
        return maybe(K::Ip);
    }
    if any(EMAIL) {
        return private.then_some((K::Email, false));
    }
    if any(FAX) {
        return private.then_some((K::Fax, false));
    }
    if any(PHONE) {
        return private.then_some((K::Phone, false));
    }
    if any(ADDRESS | STREET) && !any(NAME) {
        return (private && known && !number || private && any(ADDRESS))
            .then_some((K::Address, false));
    }
    if any(BIRTH) && (known || any(DATE)) {
        return sure(K::Date);
    }
    if any(DEATH) && known {
        return sure(K::Date);
    }
    if any(AGE) && known {
        return sure(K::AgeOver89);
    }
    if any(DATE) && !any(NAME) {
        let of_care = any(VISIT | DIAGNOSIS | PROCEDURE | LAB | DRUG | PATIENT | CASE);
        return if of_care {
            sure(K::Date)
        } else {
            maybe(K::Date)
        };
    }
    if any(MEDICAL) && any(RECORD) && (number || known) || any(RECORD) && any(ID) {
        return sure(K::Mrn);
    }
    if any(DIAGNOSIS) && any(CODE) {
        return sure(K::Icd10);
    }
    if any(PROCEDURE) && any(CODE) {
        return sure(K::Cpt);
    }
    if any(VEHICLE) {
        return sure(K::Vehicle);
    }
    if any(BANK) && any(ACCOUNT) {
        return sure(K::BankAccount);
    }
    if any(CARD) && any(ID) && all & (MEMBER | PLAN) == 0 {
        return sure(K::CreditCard);
    }
    if any(UDI) || (any(DEVICE) && any(SERIAL)) {
        return sure(K::Device);
    }
    if any(SERIAL | DEVICE) && (number || any(SERIAL)) {
        return maybe(K::Device);
    }
    if any(LICENSE) && known && !any(NAME) {
        return private.then_some((K::License, false));
    }
    if any(ACCOUNT | CLAIM) && !any(NAME) && known {
        return if number || any(CLAIM) || all & PATIENT != 0 {
            sure(K::Account)
        } else {
            maybe(K::Account)
        };
    }
    if any(MEMBER_ID) && !any(NAME) || any(MEMBER | PLAN | GROUP) && any(ID) && all & PROVIDER == 0
    {
        return sure(K::HealthPlanId);
    }
    if any(CASE) && any(ID)
        || any(CASE) && known && own & !(CASE | FILLER) == 0 && !any(VISIT | DRUG)
    {
        return if any(PROCEDURE) && !any(ID) {
            maybe(K::Procedure)
        } else {
            sure(K::OtherId)
        };
    }
    if any(ORDER) && any(ID) {
        return maybe(K::OtherId);
    }
    if all & PATIENT != 0 && any(ID) {
        return sure(K::Mrn);
    }
    if all & PERSON != 0 && any(ID) {
        return maybe(K::OtherId);
    }
    if number {
        return None;
    }
    if any(VISIT) && known && !any(NAME) {
        return sure(K::Date);
    }
    if any(NAME | TEXT) {
        for (bits, kind) in [
            (PROVIDER, K::Provider),
            (DRUG, K::Medication),
            (LAB, K::Lab),
            (PROCEDURE, K::Procedure),
            (DIAGNOSIS, K::Condition),
        ] {
            if all & bits != 0 && !(any(FIRST) && bits != PROVIDER) {
                return sure(kind);
            }
        }
    }
    if any(NAME) {
        if all & (PATIENT | PERSON | MEMBER) != 0 || any(FIRST) {
            return sure(K::Name);
        }
        if all & FACILITY != 0 {
            return sure(K::Facility);
        }
        return (known && all & (PLAN | GROUP) == 0).then_some((K::Name, true));
    }
    if !known || any(TEXT) {
        return None;
    }
    if any(FIRST)
        && all & (PROVIDER | FACILITY) == 0
        && own & !(FIRST | FILLER | PATIENT | PERSON) == 0
    {
        return if all & (PATIENT | PERSON) != 0 {
            sure(K::Name)
        } else {
            maybe(K::Name)
        };
    }
    for (bits, kind) in [
        (DIAGNOSIS, K::Condition),
        (DRUG, K::Medication),
        (PROVIDER, K::Provider),
    ] {
        if any(bits) {
            return sure(kind);
        }
    }
    if any(PROCEDURE) {
        return maybe(K::Procedure);
    }
    if any(LAB) {
        return maybe(K::Lab);
    }
    if any(PATIENT) {
        return sure(K::Name);
    }
    if any(PERSON | MEMBER) {
        return maybe(K::Name);
    }
    if any(FACILITY) {
        return maybe(K::Facility);
    }
    None
}

/// The meanings of the words of a name, together.
fn meaning(name: &str) -> u64 {
    words(name)
        .iter()
        .fold(0, |all, word| all | word_meaning(word))
}

fn word_meaning(word: &str) -> u64 {
    if let Some(bits) = WORDS.get(word) {
        return *bits;
    }
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.is_empty() {
        return 0;
    }
    WORDS
        .get(stem)
        .copied()
        .or_else(|| together(stem))
        .unwrap_or(means::UNKNOWN)
}

/// The meanings of words that are written together: `ptname`, `dateofbirth`.
fn together(word: &str) -> Option<u64> {
    if word.len() > 28 || !word.is_ascii() {
        return None;
    }
    // By length of what was read: what it means, where it can be read at all.
    let mut read: Vec<Option<u64>> = vec![None; word.len() + 1];
    *read.first_mut()? = Some(0);
    for end in 2..=word.len() {
        for start in end.saturating_sub(LONGEST_WORD)..end - 1 {
            let (Some(Some(before)), Some(part)) = (read.get(start), word.get(start..end)) else {
                continue;
            };
            if let Some(bits) = WORDS.get(part) {
                let bits = Some(before | bits);
                *read.get_mut(end)? = bits;
                break;
            }
        }
    }
    read.last().copied().flatten()
}

/// The words of a name, in lower case and without accents.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    let mut chars = name.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(|n| n.is_lowercase());
        let starts = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || (before.is_uppercase() && next_is_lower));
        if (starts || !c.is_alphanumeric()) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            if c == '#' {
                word.push('#');
            } else if c.is_alphanumeric() {
                word.extend(plain(c).to_lowercase());
            }
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'ä' | 'â' | 'Á' => 'a',
        'é' | 'è' | 'ë' | 'ê' | 'É' => 'e',
        'í' | 'ï' | 'Í' => 'i',
        'ó' | 'ö' | 'ô' | 'Ó' => 'o',
        'ú' | 'ü' | 'Ú' => 'u',
        'ñ' | 'Ñ' => 'n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FindingKind as K;

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
        assert!(classify("patient", "id").is_some_and(|f| f.kind == K::Mrn));
    }

    #[test]
    fn names_are_looked_at_up_to_a_bound() {
        let text: Vec<String> = (0..MAX_NAMES).map(|n| format!("k{n}")).collect();
        let mut names = Names::default();
        for name in &text {
            names.field("", name);
        }
        assert_eq!(names.field("", "mrn"), None);
    }
}
