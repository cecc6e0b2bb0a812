//! The words that names of columns, keys and elements are made of, English
//! and Spanish.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// Meanings of words, as bits.
pub(super) mod means {
    pub(in crate::dlp::records) const PATIENT: u64 = 1;
    pub(in crate::dlp::records) const PERSON: u64 = 1 << 1;
    pub(in crate::dlp::records) const PROVIDER: u64 = 1 << 2;
    pub(in crate::dlp::records) const FACILITY: u64 = 1 << 3;
    pub(in crate::dlp::records) const PLAN: u64 = 1 << 4;
    pub(in crate::dlp::records) const MEMBER: u64 = 1 << 5;
    pub(in crate::dlp::records) const GROUP: u64 = 1 << 6;
    pub(in crate::dlp::records) const THING: u64 = 1 << 7;
    pub(in crate::dlp::records) const NAME: u64 = 1 << 8;
    pub(in crate::dlp::records) const FIRST: u64 = 1 << 9;
    pub(in crate::dlp::records) const TEXT: u64 = 1 << 10;
    pub(in crate::dlp::records) const ID: u64 = 1 << 11;
    pub(in crate::dlp::records) const CODE: u64 = 1 << 12;
    pub(in crate::dlp::records) const DATE: u64 = 1 << 13;
    pub(in crate::dlp::records) const BIRTH: u64 = 1 << 14;
    pub(in crate::dlp::records) const DEATH: u64 = 1 << 15;
    pub(in crate::dlp::records) const VISIT: u64 = 1 << 16;
    pub(in crate::dlp::records) const PHONE: u64 = 1 << 17;
    pub(in crate::dlp::records) const FAX: u64 = 1 << 18;
    pub(in crate::dlp::records) const EMAIL: u64 = 1 << 19;
    pub(in crate::dlp::records) const ADDRESS: u64 = 1 << 20;
    pub(in crate::dlp::records) const IP: u64 = 1 << 21;
    pub(in crate::dlp::records) const SSN: u64 = 1 << 22;
    pub(in crate::dlp::records) const SOCIAL: u64 = 1 << 23;
    pub(in crate::dlp::records) const SECURITY: u64 = 1 << 24;
    pub(in crate::dlp::records) const MRN: u64 = 1 << 25;
    pub(in crate::dlp::records) const MEDICAL: u64 = 1 << 26;
    pub(in crate::dlp::records) const RECORD: u64 = 1 << 27;
    pub(in crate::dlp::records) const MEMBER_ID: u64 = 1 << 28;
    pub(in crate::dlp::records) const ACCOUNT: u64 = 1 << 29;
    pub(in crate::dlp::records) const CLAIM: u64 = 1 << 30;
    pub(in crate::dlp::records) const LICENSE: u64 = 1 << 31;
    pub(in crate::dlp::records) const VEHICLE: u64 = 1 << 32;
    pub(in crate::dlp::records) const DEVICE: u64 = 1 << 33;
    pub(in crate::dlp::records) const SERIAL: u64 = 1 << 34;
    pub(in crate::dlp::records) const UDI: u64 = 1 << 35;
    pub(in crate::dlp::records) const NPI: u64 = 1 << 36;
    pub(in crate::dlp::records) const DEA: u64 = 1 << 37;
    pub(in crate::dlp::records) const NDC: u64 = 1 << 38;
    pub(in crate::dlp::records) const LOINC: u64 = 1 << 39;
    pub(in crate::dlp::records) const ICD: u64 = 1 << 40;
    pub(in crate::dlp::records) const CPT: u64 = 1 << 41;
    pub(in crate::dlp::records) const DIAGNOSIS: u64 = 1 << 42;
    pub(in crate::dlp::records) const DRUG: u64 = 1 << 43;
    pub(in crate::dlp::records) const PROCEDURE: u64 = 1 << 44;
    pub(in crate::dlp::records) const LAB: u64 = 1 << 45;
    pub(in crate::dlp::records) const AGE: u64 = 1 << 46;
    pub(in crate::dlp::records) const CASE: u64 = 1 << 47;
    pub(in crate::dlp::records) const ORDER: u64 = 1 << 48;
    pub(in crate::dlp::records) const BANK: u64 = 1 << 49;
    pub(in crate::dlp::records) const IBAN: u64 = 1 << 50;
    pub(in crate::dlp::records) const CARD: u64 = 1 << 51;
    pub(in crate::dlp::records) const FILLER: u64 = 1 << 52;
    pub(in crate::dlp::records) const UNKNOWN: u64 = 1 << 53;
    pub(in crate::dlp::records) const STREET: u64 = 1 << 54;
    pub(in crate::dlp::records) const CHART: u64 = 1 << 55;
}

/// FNV-1a. The words in the map are our own: nobody can make them collide.
#[derive(Clone, Copy)]
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        // The map goes by the high bits too.
        self.0 ^ self.0 << 32
    }
}

/// Words with their meanings.
pub(super) struct Words {
    meanings: HashMap<&'static str, u64, BuildHasherDefault<Fnv>>,
    /// By the first two bytes of a word, how long those are that start so, as
    /// bits: most of what is asked for ends here.
    lengths: Vec<u16>,
}

impl Words {
    fn new(meanings: HashMap<&'static str, u64, BuildHasherDefault<Fnv>>) -> Self {
        let mut lengths = vec![0; 1 << 12];
        for word in meanings.keys() {
            lengths[start(word.as_bytes())] |= length_bit(word.len());
        }
        Self { meanings, lengths }
    }

    pub(super) fn get(&self, word: &str) -> Option<u64> {
        match self.lengths(word) & length_bit(word.len()) {
            0 => None,
            _ => self.meanings.get(word).copied(),
        }
    }

    /// The lengths of words that start as this text does, as bits: bit 14 for
    /// fourteen bytes, bit 15 for more.
    pub(super) fn lengths(&self, text: &str) -> u16 {
        let lengths = self.lengths.get(start(text.as_bytes()));
        // Those of one letter start as no two bytes do.
        lengths.copied().unwrap_or_default() | length_bit(1)
    }
}

/// The first two bytes as twelve bits; letters of the same case differ.
fn start(word: &[u8]) -> usize {
    let low = |n: usize| usize::from(word.get(n).copied().unwrap_or_default() & 0x3f);
    low(0) << 6 | low(1)
}

fn length_bit(length: usize) -> u16 {
    1 << length.min(15)
}

/// The words that names are made of.
#[rustfmt::skip]
pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
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
        (CHART, &["chart"]),
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
    let mut words = HashMap::default();
    for (bits, list) in groups {
        for word in *list {
            *words.entry(*word).or_insert(0) |= bits;
        }
    }
    Words::new(words)
});
