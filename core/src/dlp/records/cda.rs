//! C-CDA documents, and other XML by the names of its elements.

use std::ops::Range;

use super::Record;
use super::codes::{self, System};
use super::headers::{Named, Names};
use super::hints::{self, Hints, says_nothing};
use super::xml::{Event, Scanner, Tag};
use crate::dlp::FindingKind;
use crate::dlp::extract::Form;

/// Deeper elements are counted and not looked at.
const MAX_DEPTH: usize = 128;

/// What the XML of a text tells.
pub(super) fn read(text: &str, media_type: &str) -> Option<Record> {
    // Most texts start with a letter.
    let &(b'<' | b' ' | b'\t' | b'\r' | b'\n' | 0x80..) = text.as_bytes().first()? else {
        return None;
    };
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if !start.starts_with('<') {
        return None;
    }
    let root = Scanner::new(text).take(8).find_map(|event| match event {
        Event::Start(tag) => Some(tag),
        _ => None,
    })?;
    let name = text.get(root.name.clone())?;
    let declared = start.starts_with("<?xml")
        || media_type.contains("xml")
        || root
            .attributes
            .iter()
            .any(|(name, _)| text.get(name.clone()) == Some("xmlns"))
        || text.trim_end().ends_with(&format!("{name}>"));
    if name == "ClinicalDocument" {
        return Some(document(text));
    }
    (declared && !is_html(name) && !media_type.contains("html")).then(|| by_names(text))
}

fn is_html(root: &str) -> bool {
    const TAGS: &[&str] = &[
        "html",
        "head",
        "body",
        "div",
        "p",
        "span",
        "table",
        "meta",
        "style",
        "br",
        "b",
        "i",
        "a",
        "center",
        "font",
        "h1",
        "h2",
        "h3",
        "ul",
        "ol",
        "img",
        "title",
        "strong",
        "em",
        "pre",
        "section",
        "article",
        "blockquote",
        "svg",
    ];
    TAGS.iter().any(|tag| root.eq_ignore_ascii_case(tag))
}

/// The names of the elements around the place that is read.
#[derive(Default)]
struct Path<'t> {
    names: Vec<&'t str>,
    /// Open elements below the deepest one that is kept.
    below: usize,
}

impl<'t> Path<'t> {
    fn push(&mut self, name: &'t str) {
        if self.names.len() < MAX_DEPTH {
            self.names.push(name);
        } else {
            self.below += 1;
        }
    }

    fn pop(&mut self, name: &str) {
        if self.below > 0 {
            self.below -= 1;
        } else if let Some(at) = self.names.iter().rposition(|open| *open == name) {
            self.names.truncate(at);
        }
    }

    /// The name this many elements further out than the innermost.
    fn up(&self, n: usize) -> &'t str {
        self.names.iter().rev().nth(n).copied().unwrap_or_default()
    }

    /// The innermost of `names` that is open.
    fn nearest(&self, names: &[&str]) -> &'t str {
        self.names
            .iter()
            .rev()
            .find(|open| names.contains(open))
            .copied()
            .unwrap_or_default()
    }
}

/// Any XML: elements and attributes by their names.
fn by_names(text: &str) -> Record {
    let mut hints = Hints::new(text);
    let (mut path, mut names, mut named) = (Path::default(), Names::default(), Named::default());
    for event in Scanner::new(text) {
        match event {
            Event::Start(tag) => {
                let name = text.get(tag.name.clone()).unwrap_or_default();
                for (attribute, value) in &tag.attributes {
                    // `<birthDate value="1974-09-27"/>` as FHIR writes it.
                    let field = match text.get(attribute.clone()).unwrap_or_default() {
                        "value" => names.field(path.up(0), name),
                        attribute => names.field(name, attribute),
                    };
                    named.add(text, value.clone(), field);
                }
                if !tag.empty {
                    path.push(name);
                }
            }
            Event::End(name) => path.pop(text.get(name).unwrap_or_default()),
            Event::Text(range) => {
                if path.below == 0 {
                    let field = names.field(path.up(1), path.up(0));
                    named.add(text, range, field);
                }
            }
        }
    }
    let patient_record = named.give(&mut hints);
    Record {
        hints: hints.finish(),
        patient_record,
        form: Form::Markup,
        ..Record::default()
    }
}

/// A C-CDA document.
fn document(text: &str) -> Record {
    let mut reader = Document {
        hints: Hints::new(text),
        path: Path::default(),
        patient: false,
    };
    for event in Scanner::new(text) {
        match event {
            Event::Start(tag) => reader.start(&tag),
            Event::End(name) => reader.path.pop(text.get(name).unwrap_or_default()),
            Event::Text(range) => reader.text(range),
        }
    }
    let patient_record = reader.patient;
    Record {
        hints: reader.hints.finish(),
        patient_record,
        clinical: true,
        form: Form::Markup,
        ..Record::default()
    }
}

/// Whom an element speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Person,
    Staff,
    Organization,
    Nobody,
}

struct Document<'t> {
    hints: Hints<'t>,
    path: Path<'t>,
    patient: bool,
}

/// The kinds of entries, whose codes say something of the patient.
const ENTRIES: &[&str] = &[
    "observation",
    "procedure",
    "act",
    "encounter",
    "substanceAdministration",
    "supply",
    "organizer",
    "manufacturedMaterial",
    "playingEntity",
    "encompassingEncounter",
    "serviceEvent",
    "section",
];

impl Document<'_> {
    fn who(&self) -> Who {
        for name in self.path.names.iter().rev() {
            return match *name {
                "patient" | "patientRole" | "guardian" | "guardianPerson" | "relatedEntity"
                | "relatedPerson" | "associatedEntity" | "associatedPerson" | "relatedSubject"
                | "subject" => Who::Person,
                "assignedPerson"
                | "assignedEntity"
                | "assignedAuthor"
                | "legalAuthenticator"
                | "authenticator"
                | "dataEnterer"
                | "responsibleParty"
                | "intendedRecipient"
                | "informationRecipient" => Who::Staff,
                "providerOrganization"
                | "representedOrganization"
                | "representedCustodianOrganization"
                | "serviceProviderOrganization"
                | "healthCareFacility"
                | "scopingOrganization"
                | "location"
                | "receivedOrganization"
                | "custodian" => Who::Organization,
                "manufacturedMaterial"
                | "manufacturerOrganization"
                | "playingDevice"
                | "playingEntity"
                | "assignedAuthoringDevice"
                | "section"
                | "observation" => Who::Nobody,
                _ => continue,
            };
        }
        Who::Nobody
    }

    fn start(&mut self, tag: &Tag) {
        use FindingKind as K;
        let text = self.hints.text();
        let name = text.get(tag.name.clone()).unwrap_or_default();
        match name {
            "id" => self.id(tag),
            "telecom" => self.telecom(tag),
            "birthTime" | "deceasedTime" | "effectiveTime" | "time" | "low" | "high" | "center"
            | "availabilityTime" => {
                if let Some(value) = tag.attribute(text, "value")
                    && is_time(text.get(value.clone()).unwrap_or_default())
                {
                    self.hints.sure(value, K::Date);
                }
            }
            "code" | "value" | "translation" => self.code(name, tag),
            _ => {}
        }
        if !tag.empty {
            self.path.push(name);
        }
    }

    fn text(&mut self, range: Range<usize>) {
        use FindingKind as K;
        if self.path.below > 0 {
            return;
        }
        let kind = match (self.path.up(0), self.who()) {
            ("given" | "family" | "name", Who::Person) => {
                let value = self.hints.text().get(range.clone()).unwrap_or_default();
                self.patient |=
                    self.path.nearest(&["patient", "section"]) == "patient" && !says_nothing(value);
                K::Name
            }
            ("given" | "family" | "name", Who::Staff) => K::Provider,
            ("name", Who::Organization) => K::Facility,
            (
                "streetAddressLine" | "city" | "postalCode" | "county" | "houseNumber"
                | "streetName" | "addr",
                Who::Person,
            ) => K::Address,
            _ => return,
        };
        self.hints.sure(range, kind);
    }

    fn id(&mut self, id: &Tag) {
        use FindingKind as K;
        let text = self.hints.text();
        let root = id.str(text, "root");
        let known = if root == "2.16.840.1.113883.3.3719" {
            Some(K::Device)
        } else {
            codes::identifier_system(root)
        };
        let kind = match (self.path.up(0), self.who(), known) {
            (_, _, Some(kind)) => kind,
            ("patientRole", _, None) => {
                self.patient = true;
                K::Mrn
            }
            (_, Who::Staff | Who::Organization, None) => return,
            _ => K::OtherId,
        };
        match id.attribute(text, "extension") {
            Some(extension) => self.hints.sure(extension, kind),
            // A number of one's own as the root, not that of a registry.
            None if kind == K::Mrn && root.contains('-') => {
                if let Some(root) = id.attribute(text, "root") {
                    self.hints.sure(root, kind);
                }
            }
            None => {}
        }
    }

    fn telecom(&mut self, telecom: &Tag) {
        let text = self.hints.text();
        let Some(value) = telecom.attribute(text, "value") else {
            return;
        };
        if self.who() != Who::Person {
            return;
        }
        let shown = text.get(value.clone()).unwrap_or_default();
        let (scheme, rest) = shown.split_once(':').unwrap_or(("", shown));
        let kind = match scheme.trim() {
            "tel" | "" => FindingKind::Phone,
            "fax" => FindingKind::Fax,
            "mailto" | "email" => FindingKind::Email,
            "http" | "https" => FindingKind::Url,
            _ => return,
        };
        let start = if kind == FindingKind::Url {
            value.start
        } else {
            value.end - rest.len()
        };
        self.hints.sure(start..value.end, kind);
    }

    fn code(&mut self, element: &str, tag: &Tag) {
        use FindingKind as K;
        let text = self.hints.text();
        let Some(system) = codes::system(tag.str(text, "codeSystem")) else {
            return;
        };
        let entry = self.path.nearest(ENTRIES);
        let parent = self.path.up(0);
        // The headings of documents and sections, and what a participant is.
        if entry.is_empty()
            || entry == "section"
            || !(ENTRIES.contains(&parent) || matches!(parent, "code" | "value"))
        {
            return;
        }
        if let (Some(kind), Some(code)) = (system.code(), tag.attribute(text, "code")) {
            self.hints.sure(code, kind);
        }
        let Some(words) = tag.attribute(text, "displayName") else {
            return;
        };
        let shown = text.get(words.clone()).unwrap_or_default();
        if is_generic(shown) {
            return;
        }
        // A translation is of the element around it.
        let element = if element == "translation" {
            parent
        } else {
            element
        };
        let kind = match (system, entry, element) {
            (System::Loinc, "observation" | "organizer" | "procedure", "code") => {
                if entry == "procedure" || hints::is_ordered_test(shown) {
                    K::Procedure
                } else {
                    K::Lab
                }
            }
            (System::Loinc, ..) => return,
            (System::Snomed, "observation", "value") => K::Condition,
            (System::Snomed, "procedure" | "encounter" | "act", "code") => K::Procedure,
            (System::Snomed, "manufacturedMaterial" | "playingEntity", "code") => K::Medication,
            (System::Snomed, ..) => return,
            (system, ..) => match system.words() {
                Some(kind) => kind,
                None => return,
            },
        };
        let words = if kind == K::Medication {
            hints::drug(text, words)
        } else {
            words
        };
        self.hints.sure(words, kind);
    }
}

/// Words for what an entry is, which say nothing of the patient.
fn is_generic(words: &str) -> bool {
    const WORDS: &[&str] = &[
        "problem",
        "condition",
        "diagnosis",
        "finding",
        "complaint",
        "symptom",
        "clinical finding",
        "assertion",
        "status",
        "severity",
        "cognitive function finding",
        "functional limitation",
        "history of medication use",
        "age at onset",
        "health status",
        "disease",
        "imm",
        "instructions",
        "comment",
        "annotation comment",
    ];
    WORDS
        .iter()
        .any(|word| words.trim().eq_ignore_ascii_case(word))
}

/// Whether a value is a time of HL7 that is more precise than a year.
fn is_time(value: &str) -> bool {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    digits >= 6
        && ["18", "19", "20"]
            .iter()
            .any(|century| value.starts_with(century))
}
