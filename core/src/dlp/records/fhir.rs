//! FHIR: a resource, a bundle, resources line by line, or one pasted into a
//! mail. Other JSON goes by its keys. (XML is read into the same values by
//! `fhir_xml`.)

use std::ops::Range;

use memchr::memchr;

use super::hints::{self, Hints};
use super::json::{self, Json, Parser};
use super::{Record, codes, escapes, hl7, shape};
use crate::dlp::{Confidence, FindingKind, made_up};

/// What the JSON in a text tells, which may stand among what people wrote.
pub(super) fn read(text: &str) -> Option<Record> {
    // Without an object nothing has a name.
    memchr(b'{', text.as_bytes())?;
    let in_prose = !escapes::begins_json(text);
    let mut parser = Parser::new(text);
    let values: Vec<Json> = std::iter::from_fn(|| parser.next()).collect();
    let mut walk = Walk::new(text, false);
    // What has no resource in it goes by its keys, whatever else stands in the text.
    let mut others = Vec::new();
    for value in &values {
        let before = walk.resources;
        walk.value(value, "", Place::default());
        if walk.resources == before {
            others.push(value);
        }
    }
    walk.patient_record |= json::by_keys(others, &mut walk.hints);
    let patient_record = walk.patient_record;
    let (resources, hints) = (walk.resources, walk.hints.finish());
    (resources > 0 || !hints.is_empty()).then_some(Record {
        hints,
        patient_record,
        clinical: resources > 0,
        in_prose,
        ..Record::default()
    })
}

/// What the resources tell that stand in a text as XML.
pub(super) fn of_xml(text: &str, resources: &Json) -> Option<Record> {
    let mut walk = Walk::new(text, true);
    walk.value(resources, "", Place::default());
    (walk.resources > 0).then(|| Record {
        patient_record: walk.patient_record,
        hints: walk.hints.finish(),
        clinical: true,
        ..Record::default()
    })
}

/// Whom the fields around a value speak of.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Who {
    /// A patient, a relative.
    Person,
    /// A member of the staff.
    Staff,
    /// A hospital, a payer.
    Organization,
    /// Something that befalls a patient: a visit, a result.
    Event,
    /// A product, a terminology, a form: nobody.
    #[default]
    Nobody,
}

/// Where a value stands.
#[derive(Clone, Copy, Default)]
struct Place<'t> {
    /// The type of the resource around it.
    resource: &'t str,
    who: Who,
    /// The key of the object around it.
    under: &'t str,
    /// Whether the object around it is the resource itself.
    top: bool,
}

fn who(resource: &str) -> Who {
    match resource {
        "Patient" | "RelatedPerson" | "Person" => Who::Person,
        "Practitioner" | "PractitionerRole" => Who::Staff,
        "Organization" | "Location" | "HealthcareService" | "Endpoint" | "InsurancePlan" => {
            Who::Organization
        }
        "ValueSet"
        | "CodeSystem"
        | "ConceptMap"
        | "StructureDefinition"
        | "CapabilityStatement"
        | "SearchParameter"
        | "OperationDefinition"
        | "ImplementationGuide"
        | "NamingSystem"
        | "Questionnaire"
        | "PlanDefinition"
        | "ActivityDefinition"
        | "Library"
        | "Measure"
        | "Medication"
        | "Substance"
        | "Bundle"
        | "OperationOutcome"
        | "Parameters"
        | "Subscription"
        | "MedicationKnowledge"
        | "Provenance"
        | "GraphDefinition"
        | "TestScript" => Who::Nobody,
        _ => Who::Event,
    }
}

/// Whether what a resource is of is no person under care.
fn is_other(resource: &str) -> bool {
    matches!(who(resource), Who::Staff | Who::Organization)
        || matches!(resource, "Device" | "Group" | "Medication" | "Substance")
}

/// Whether an element says whom a resource is of.
fn of_patient(key: &str) -> bool {
    matches!(
        key,
        "subject" | "patient" | "beneficiary" | "subscriber" | "for"
    )
}

struct Walk<'t> {
    hints: Hints<'t>,
    patient_record: bool,
    /// How many values tell who somebody is, those of tests left out, and how many days
    /// of a birth or a death stand beside them.
    told: usize,
    births: usize,
    /// How many names of a resource itself are of a test.
    tests: usize,
    resources: usize,
    /// Whether the name of a resource's element is its type, as in XML.
    is_xml: bool,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str, is_xml: bool) -> Self {
        Self {
            hints: Hints::new(text),
            patient_record: false,
            told: 0,
            births: 0,
            tests: 0,
            resources: 0,
            is_xml,
        }
    }

    fn str(&self, range: &Range<usize>) -> &'t str {
        self.hints.text().get(range.clone()).unwrap_or_default()
    }

    fn value(&mut self, value: &Json, key: &'t str, place: Place<'t>) {
        match value {
            Json::Array(values) => {
                for value in values {
                    self.value(value, key, place);
                }
            }
            Json::Object(fields) => self.object(value, fields, key, place),
            Json::Text(range) => self.text(range.clone(), key, place),
            Json::Other(_) => {}
        }
    }

    fn object(
        &mut self,
        value: &Json,
        fields: &[(Range<usize>, Json)],
        key: &'t str,
        place: Place<'t>,
    ) {
        let text = self.hints.text();
        let direct = place.top;
        let mut place = Place {
            under: key,
            top: false,
            ..place
        };
        let resource = match self.is_xml {
            // Names of types begin with a capital, those of elements do not.
            true if key.starts_with(|c: char| c.is_ascii_uppercase()) => key,
            true => "",
            false => value.str(text, "resourceType"),
        };
        if !resource.is_empty() {
            self.resources += 1;
            place = Place {
                resource,
                who: who(resource),
                under: "",
                top: true,
            };
        }
        match key {
            // Server's data and narrative, which the detectors read.
            "meta" => return,
            "text" if value.get(text, "div").is_some() => return,
            "contact" if place.resource == "Patient" => place.who = Who::Person,
            "identifier" => return self.identifier(value, place),
            "telecom" => return self.telecom(value, place),
            _ => {}
        }
        // What says whom it is of by a number alone is a reference too.
        let is_numbered = resource.is_empty()
            && matches!(value.get(text, "identifier"), Some(Json::Object(_)))
            && (of_patient(key) || value.str(text, "type") == "Patient");
        if matches!(value.get(text, "reference"), Some(Json::Text(_)))
            || value.get(text, "display").is_some() && value.get(text, "code").is_none()
            || is_numbered
        {
            self.reference(value, key, place);
            return;
        }
        if value.get(text, "coding").is_some() {
            self.concept(value, key, place);
            return;
        }
        if key.ends_with("Coding") || key == "coding" {
            self.coding(value, key, place);
            return;
        }
        if value.str(text, "url").ends_with("mothersMaidenName")
            && let Some(Json::Text(name)) = value.get(text, "valueString")
        {
            self.sure(name.clone(), FindingKind::Name);
        }
        let is_of_test = key == "name" && place.who == Who::Person && self.is_of_test(value);
        self.tests += usize::from(is_of_test && direct);
        let before = (self.told, self.births, self.tests);
        for (name, value) in fields {
            let name = self.str(name);
            // Apart they do not say it.
            if !(is_of_test && matches!(name, "family" | "given")) {
                self.value(value, name, place);
            }
        }
        if resource == "Patient" {
            // One that tells nothing of anybody is a skeleton, or of a test. A birth
            // beside the name of a test is nobody's; what a narrative says is not known.
            let narrative = value.get(text, "text").is_some();
            let birth = self.births > before.1 && self.tests == before.2;
            self.patient_record |= self.told > before.0 || birth || narrative;
        }
    }

    /// Takes a stretch in.
    fn add(&mut self, range: Range<usize>, kind: FindingKind, confidence: Confidence) {
        use FindingKind as K;
        let value = self.str(&range);
        if hints::is_somebodys(kind, value) {
            let who = hints::tells_who(kind) || matches!(kind, K::Address | K::OtherId);
            self.told += usize::from(who);
            // Whatever resource gives a patient's or a member's number.
            self.patient_record |= matches!(kind, K::Mrn | K::Ssn | K::HealthPlanId);
        }
        self.hints.add(range, kind, confidence);
    }

    /// Whether the parts of a name say together that it is of a test (`Test`, `Patient`),
    /// or where it has none the whole.
    fn is_of_test(&self, name: &Json) -> bool {
        let text = self.hints.text();
        let parts = ["family", "given"].map(|key| name.get(text, key));
        let mut whole = String::new();
        for part in parts.into_iter().flatten().flat_map(Json::each) {
            if let Json::Text(range) = part {
                whole.push(' ');
                whole.push_str(self.str(range));
            }
        }
        if whole.is_empty() {
            whole.push_str(name.str(text, "text"));
        }
        made_up::is(FindingKind::Name, &whole)
    }

    fn sure(&mut self, range: Range<usize>, kind: FindingKind) {
        self.add(range, kind, Confidence::High);
    }

    /// A string that stands under `key`.
    fn text(&mut self, range: Range<usize>, key: &'t str, place: Place<'t>) {
        use FindingKind as K;
        let value = self.str(&range);
        let person = match place.who {
            Who::Person => Some(K::Name),
            Who::Staff => Some(K::Provider),
            _ => None,
        };
        let kind = match (place.under, key) {
            ("name", "family" | "given" | "text") => person,
            ("", "name") if place.who == Who::Organization => Some(K::Facility),
            ("address" | "valueAddress", "line" | "city" | "postalCode" | "district" | "text") => {
                (place.who == Who::Person).then_some(K::Address)
            }
            ("", "id") if place.top => match place.who {
                Who::Person => (!made_up::is_called_test(value)).then_some(K::OtherId),
                Who::Event => Some(K::OtherId),
                _ => None,
            },
            ("", "subscriberId" | "policyHolderId") => Some(K::HealthPlanId),
            ("class", "value") if place.resource == "Coverage" => Some(K::HealthPlanId),
            (_, "serialNumber" | "distinctIdentifier" | "carrierHRF" | "deviceIdentifier")
                if place.resource == "Device" =>
            {
                Some(K::Device)
            }
            (_, "udi") => Some(K::Device),
            ("code", "text") | ("medicationCodeableConcept", "text") | ("reasonCode", "text") => {
                words_kind(place.resource, place.under, value)
            }
            _ if matches!(place.who, Who::Person | Who::Event)
                && key != "lastUpdated"
                && is_iso_date(value) =>
            {
                Some(K::Date)
            }
            _ => None,
        };
        if let Some(kind) = kind {
            let lived = matches!(key, "birthDate" | "deceasedDateTime");
            self.births += usize::from(kind == K::Date && lived && !made_up::is(kind, value));
            let range = if kind == K::Medication {
                hints::drug(self.hints.text(), range)
            } else {
                range
            };
            self.sure(range, kind);
        }
    }

    fn identifier(&mut self, identifier: &Json, place: Place<'t>) {
        use FindingKind as K;
        let text = self.hints.text();
        let Some(Json::Text(value)) = identifier.get(text, "value") else {
            return;
        };
        let system = identifier.str(text, "system");
        let sort = identifier.get(text, "type");
        let code = sort
            .and_then(|sort| sort.get(text, "coding"))
            .and_then(|coding| coding.each().first())
            .map_or("", |coding| coding.str(text, "code"));
        let words = sort.map_or("", |sort| sort.str(text, "text"));
        let told = codes::identifier_system(system)
            .or_else(|| hl7::id_kind(code, ""))
            .or_else(|| super::headers::classify("", words).map(|field| field.kind))
            .filter(|kind| !matches!(kind, K::Name | K::Date));
        let (kind, confidence) = match (place.who, told) {
            (Who::Nobody, _) => return,
            (Who::Staff | Who::Organization, told) => match told {
                Some(kind @ (K::Npi | K::Dea)) => (kind, Confidence::High),
                _ => return,
            },
            (_, Some(kind)) => (kind, Confidence::High),
            (Who::Person, None) if place.resource == "Patient" => (K::Mrn, Confidence::Medium),
            (_, None) => match place.resource {
                "Claim" | "ClaimResponse" | "ExplanationOfBenefit" | "Account" | "Invoice" => {
                    (K::Account, Confidence::High)
                }
                "Coverage" => (K::HealthPlanId, Confidence::High),
                "Device" => (K::Device, Confidence::High),
                _ => (K::OtherId, Confidence::High),
            },
        };
        self.add(value.clone(), kind, confidence);
    }

    fn telecom(&mut self, telecom: &Json, place: Place<'t>) {
        let text = self.hints.text();
        // An organisation's numbers are public.
        if place.who != Who::Person {
            return;
        }
        let kind = match telecom.str(text, "system") {
            "phone" | "sms" | "pager" | "" => FindingKind::Phone,
            "fax" => FindingKind::Fax,
            "email" => FindingKind::Email,
            "url" => FindingKind::Url,
            _ => return,
        };
        if let Some(Json::Text(value)) = telecom.get(text, "value") {
            self.sure(value.clone(), kind);
        }
    }

    /// `{"reference": "Patient/1", "display": "Ana Ruiz"}`
    fn reference(&mut self, value: &Json, key: &str, place: Place<'t>) {
        use FindingKind as K;
        let text = self.hints.text();
        if place.who == Who::Nobody {
            return;
        }
        let target = match value.get(text, "reference") {
            Some(Json::Text(range)) => range.clone(),
            _ => 0..0,
        };
        let (sort, id) = match self.str(&target).rsplit_once('/') {
            Some((sort, id)) => (
                sort.rsplit('/').next().unwrap_or_default(),
                target.end - id.len()..target.end,
            ),
            None => ("", target.clone()),
        };
        let stated = value.str(text, "type");
        let patient = sort == "Patient"
            || stated == "Patient"
            || of_patient(key) && !is_other(sort) && !is_other(stated);
        let called = value.str(text, "display");
        let named = hints::is_somebodys(K::Name, called);
        let number = self.str(&id);
        let numbered = !hints::says_nothing(number) && !made_up::is_called_test(number);
        self.patient_record |= patient && (named || numbered);
        if patient && let Some(identifier) = value.get(text, "identifier") {
            let patients = Place {
                resource: "Patient",
                who: Who::Person,
                ..place
            };
            self.identifier(identifier, patients);
        }
        if !sort.is_empty()
            && matches!(who(sort), Who::Person | Who::Event)
            && sort.starts_with(|c: char| c.is_ascii_uppercase())
            || patient && self.str(&target).starts_with("urn:uuid:")
        {
            let id = if sort.is_empty() {
                target.start + "urn:uuid:".len()..target.end
            } else {
                id
            };
            self.sure(id, K::OtherId);
        }
        let Some(Json::Text(display)) = value.get(text, "display") else {
            return;
        };
        let shown = self.str(display);
        let kind = if patient {
            K::Name
        } else {
            match key {
                "serviceProvider"
                | "managingOrganization"
                | "custodian"
                | "location"
                | "facility" => K::Facility,
                "performer"
                | "requester"
                | "individual"
                | "author"
                | "recorder"
                | "asserter"
                | "provider"
                | "prescriber"
                | "attester"
                | "participant"
                | "actor"
                | "practitioner"
                | "generalPractitioner"
                | "resultsInterpreter"
                | "responsible"
                | "enterer"
                | "source"
                | "sender" => {
                    if is_place(shown) || matches!(sort, "Organization" | "Location") {
                        K::Facility
                    } else {
                        K::Provider
                    }
                }
                "medicationReference" => K::Medication,
                "reasonReference" | "diagnosisReference" | "condition" => K::Condition,
                "result" => K::Lab,
                _ => return,
            }
        };
        let range = if kind == K::Medication {
            hints::drug(text, display.clone())
        } else {
            display.clone()
        };
        self.sure(range, kind);
    }

    /// A CodeableConcept: its codings, and its words.
    fn concept(&mut self, value: &Json, key: &'t str, place: Place<'t>) {
        let text = self.hints.text();
        let place = Place {
            under: key,
            ..place
        };
        if let Some(codings) = value.get(text, "coding") {
            for coding in codings.each() {
                self.coding(coding, key, place);
            }
        }
        if place.who != Who::Event {
            return;
        }
        if let Some(Json::Text(words)) = value.get(text, "text")
            && let Some(kind) = words_kind(place.resource, key, self.str(words))
        {
            self.word(words.clone(), kind);
        }
    }

    fn word(&mut self, range: Range<usize>, kind: FindingKind) {
        let range = if kind == FindingKind::Medication {
            hints::drug(self.hints.text(), range)
        } else {
            range
        };
        self.sure(range, kind);
    }

    fn coding(&mut self, coding: &Json, key: &str, place: Place<'t>) {
        use FindingKind as K;
        let text = self.hints.text();
        if !matches!(place.who, Who::Event | Who::Nobody)
            || place.who == Who::Nobody && place.resource != "Medication"
        {
            return;
        }
        let system = codes::system(coding.str(text, "system"));
        if let (Some(Json::Text(code)), Some(kind)) = (
            coding.get(text, "code"),
            system.and_then(codes::System::code),
        ) {
            self.sure(code.clone(), kind);
        }
        let Some(Json::Text(display)) = coding.get(text, "display") else {
            return;
        };
        let words = self.str(display);
        let by_field = words_kind(place.resource, key, words);
        let kind = match system {
            Some(codes::System::Loinc) => match by_field {
                // Kinds of documents and sections are no findings.
                None if place.resource != "Observation" => None,
                Some(K::Procedure) => Some(K::Procedure),
                _ if hints::is_ordered_test(words) => Some(K::Procedure),
                _ => Some(K::Lab),
            },
            Some(codes::System::Snomed) => by_field,
            Some(system) => system.words().or(by_field),
            None if coding.str(text, "system").contains("hl7.org") => None,
            None => by_field,
        };
        if let Some(kind) = kind {
            self.word(display.clone(), kind);
        }
    }
}

/// What the words of a concept are by the resource and the field it stands in.
fn words_kind(resource: &str, key: &str, words: &str) -> Option<FindingKind> {
    use FindingKind as K;
    Some(match (resource, key) {
        ("Medication", "code")
        | (_, "medicationCodeableConcept" | "medication" | "vaccineCode") => K::Medication,
        ("AllergyIntolerance", "code" | "substance") => {
            if words.to_ascii_lowercase().contains("allergy") {
                K::Condition
            } else {
                K::Medication
            }
        }
        (
            _,
            "reasonCode"
            | "reason"
            | "diagnosisCodeableConcept"
            | "manifestation"
            | "complication"
            | "indication",
        ) => K::Condition,
        (
            "Condition" | "ClinicalImpression" | "FamilyMemberHistory" | "DetectedIssue" | "Flag",
            "code",
        ) => K::Condition,
        ("Observation", "code") => {
            if hints::is_ordered_test(words) {
                K::Procedure
            } else {
                K::Lab
            }
        }
        ("Observation", "valueCodeableConcept") => return None,
        (
            "Procedure" | "ServiceRequest" | "ProcedureRequest" | "DiagnosticReport"
            | "DiagnosticOrder" | "CarePlan" | "ImagingStudy" | "Encounter" | "Appointment",
            "code" | "procedureCode" | "serviceType" | "procedure" | "description",
        )
        | ("Encounter", "type")
        | (_, "productOrService" | "procedureCodeableConcept") => K::Procedure,
        _ => return None,
    })
}

fn is_iso_date(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() >= 7
        && bytes.get(4) == Some(&b'-')
        && bytes.iter().take(4).all(u8::is_ascii_digit)
        && (shape::is_full_date(value) || shape::is_date(value))
}

/// Whether a name is a place's and not a person's.
fn is_place(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "clinic",
        "hospital",
        "center",
        "centre",
        "lab",
        "labs",
        "laboratory",
        "health",
        "medical",
        "pharmacy",
        "group",
        "practice",
        "pediatrics",
        "associates",
        "care",
        "institute",
        "imaging",
        "services",
        "department",
    ];
    name.split(|c: char| !c.is_alphanumeric())
        .any(|word| WORDS.iter().any(|w| word.eq_ignore_ascii_case(w)))
}
