//! The records that scanning produces.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::base::{Part, Phi, RecipientId, Sensitivity, UnknownWord};

/// Whether a kind identifies a person, is health content, or is context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingClass {
    /// An identifier of 45 CFR 164.514(b)(2).
    Identifier,
    /// Not personal by itself: a provider, a facility.
    Context,
    /// Content about health or care.
    Health,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $class:ident;)+) => {
        /// What a finding is. The words are those of the labelled corpus.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum FindingKind { $($(#[$doc])* #[serde(rename = $word)] $variant),+ }

        impl FindingKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word for it in configuration and JSON.
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// What the kind says of a message.
            pub const fn class(self) -> FindingClass {
                match self { $(Self::$variant => FindingClass::$class),+ }
            }
        }

        impl FromStr for FindingKind {
            type Err = UnknownWord;
            fn from_str(s: &str) -> Result<Self, UnknownWord> {
                match s { $($word => Ok(Self::$variant),)+ _ => Err(UnknownWord { expected: concat!($($word, " "),+) }) }
            }
        }
    };
}

kinds! {
    /// A private person's name.
    Name = "name", Identifier;
    /// Anything smaller than a state that locates a person.
    Address = "address", Identifier;
    /// A date more precise than a year that belongs to a person.
    Date = "date", Identifier;
    /// An age of 90 or more.
    AgeOver89 = "age_over_89", Identifier;
    /// A telephone number.
    Phone = "phone", Identifier;
    /// A fax number.
    Fax = "fax", Identifier;
    /// An e-mail address in the content.
    Email = "email", Identifier;
    /// A social security number.
    Ssn = "ssn", Identifier;
    /// A medical record number.
    Mrn = "mrn", Identifier;
    /// A health plan member number, the Medicare MBI among them.
    HealthPlanId = "health_plan_id", Identifier;
    /// A patient account, invoice or claim number.
    Account = "account", Identifier;
    /// A driver's licence, certificate or passport.
    License = "license", Identifier;
    /// A VIN or plate.
    Vehicle = "vehicle", Identifier;
    /// A device serial number or UDI.
    Device = "device", Identifier;
    /// A link that is unique to a person.
    Url = "url", Identifier;
    /// An IP address.
    Ip = "ip", Identifier;
    /// A biometric.
    Biometric = "biometric", Identifier;
    /// Any other unique code of a person.
    OtherId = "other_id", Identifier;
    /// A payment card number.
    CreditCard = "credit_card", Identifier;
    /// An IBAN or account number.
    BankAccount = "bank_account", Identifier;
    /// A clinician's or staff member's name.
    Provider = "provider", Context;
    /// A National Provider Identifier (45 CFR 162.406).
    Npi = "npi", Context;
    /// A DEA registration number (21 CFR 1301.13).
    Dea = "dea", Context;
    /// A named place of care.
    Facility = "facility", Context;
    /// A named diagnosis, symptom or state.
    Condition = "condition", Health;
    /// An ICD-10 code.
    Icd10 = "icd10", Health;
    /// A drug.
    Medication = "medication", Health;
    /// A National Drug Code.
    Ndc = "ndc", Health;
    /// A procedure or test.
    Procedure = "procedure", Health;
    /// A CPT or HCPCS code.
    Cpt = "cpt", Health;
    /// An analyte.
    Lab = "lab", Health;
    /// A LOINC code.
    Loinc = "loinc", Health;
}

macro_rules! categories {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)+) => {
        /// A specially protected kind of health content.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Category { $($(#[$doc])* #[serde(rename = $word)] $variant),+ }

        impl Category {
            /// Every category.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word for it in configuration and JSON.
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
        }

        impl FromStr for Category {
            type Err = UnknownWord;
            fn from_str(s: &str) -> Result<Self, UnknownWord> {
                match s { $($word => Ok(Self::$variant),)+ _ => Err(UnknownWord { expected: concat!($($word, " "),+) }) }
            }
        }
    };
}

categories! {
    /// Mental health, psychotherapy notes.
    MentalHealth = "mental_health";
    /// Substance use treatment (42 CFR Part 2).
    SubstanceUse = "substance_use";
    /// HIV and other sexually transmitted infections.
    StiHiv = "sti_hiv";
    /// Reproductive care.
    Reproductive = "reproductive";
    /// Genetic testing.
    Genetic = "genetic";
    /// Abuse or assault.
    Abuse = "abuse";
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The shape fits, or the model only leans towards the kind.
    Low,
    /// Shape and company fit.
    Medium,
    /// A checksum, a label or exact data says so, or the model is sure.
    High,
}

impl Confidence {
    /// Every one, from weak to strong.
    pub const ALL: &'static [Self] = &[Self::Low, Self::Medium, Self::High];

    /// The word for it in configuration and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl FromStr for Confidence {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, UnknownWord> {
        match s {
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            _ => Err(UnknownWord {
                expected: "low medium high",
            }),
        }
    }
}

/// What led to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// The characters have the shape of the kind.
    Shape,
    /// A check digit or check sum is right.
    Checksum,
    /// A label stands at it: "MRN", a column's header.
    Label,
    /// A word near it speaks for the kind.
    Cue,
    /// It stands in a code list, a dictionary or a list of names.
    Dictionary,
    /// The format says so: a field of HL7, FHIR, C-CDA, X12, CSV.
    Structure,
    /// The trained model says so.
    Model,
    /// The same value was found elsewhere in the message with better evidence.
    Repeated,
    /// It is a patient of the host's roster.
    Roster,
    /// It fits a pattern or a dictionary of the host's.
    Host,
    /// A word near it speaks against the kind.
    Against,
    /// It was hidden: zero-width characters, look-alike letters, split tags.
    Obfuscated,
}

impl Evidence {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Shape,
        Self::Checksum,
        Self::Label,
        Self::Cue,
        Self::Dictionary,
        Self::Structure,
        Self::Model,
        Self::Repeated,
        Self::Roster,
        Self::Host,
        Self::Against,
        Self::Obfuscated,
    ];

    /// The word for it in JSON and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Checksum => "checksum",
            Self::Label => "label",
            Self::Cue => "cue",
            Self::Dictionary => "dictionary",
            Self::Structure => "structure",
            Self::Model => "model",
            Self::Repeated => "repeated",
            Self::Roster => "roster",
            Self::Host => "host",
            Self::Against => "against",
            Self::Obfuscated => "obfuscated",
        }
    }
}

/// Something found. Serialised it has neither its value nor the name of the
/// entry: JSON may go into a log.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Where it is.
    #[serde(serialize_with = "as_text")]
    pub part: Part,
    /// Its bytes in the part's decoded text; where [`inside`](Self::inside)
    /// is set, in the text of that entry.
    #[serde(flatten)]
    pub span: Range<usize>,
    /// The entry of a container (`word/document.xml`, `page 3`, a file in an
    /// archive) that it stands in.
    #[serde(skip)]
    pub inside: Option<Phi<String>>,
    /// How sure it is.
    pub confidence: Confidence,
    /// The specially protected category it belongs to.
    pub category: Option<Category>,
    /// What led to it, in the order of [`Evidence`].
    pub evidence: Vec<Evidence>,
    #[serde(skip)]
    value: Phi<String>,
}

/// A part as it is named to people: `subject`, `attachment 0`.
fn as_text<S: Serializer>(part: &Part, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(part)
}

impl Finding {
    /// A finding and the text it stands for.
    pub fn new(
        kind: FindingKind,
        part: Part,
        span: Range<usize>,
        confidence: Confidence,
        value: impl Into<Phi<String>>,
    ) -> Self {
        Self {
            kind,
            part,
            span,
            inside: None,
            confidence,
            category: None,
            evidence: Vec::new(),
            value: value.into(),
        }
    }

    /// With the specially protected category it belongs to.
    #[must_use]
    pub fn with_category(mut self, category: Category) -> Self {
        self.category = Some(category);
        self
    }

    /// With the evidence that led to it.
    #[must_use]
    pub fn with_evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        if !self.evidence.is_sorted_by(|a, b| a < b) {
            self.evidence.sort_unstable();
            self.evidence.dedup();
        }
        self
    }

    /// With the entry of a container that it stands in.
    #[must_use]
    pub fn with_inside(mut self, entry: impl Into<Phi<String>>) -> Self {
        self.inside = Some(entry.into());
        self
    }

    /// The text that was found, for a caller that needs it.
    pub fn expose(&self) -> &Phi<String> {
        &self.value
    }

    /// Whether it is what a link of the part carries.
    pub(super) fn is_in_link(&self) -> bool {
        let inside = self.inside.as_ref().map(|inside| inside.expose().as_str());
        inside == Some(super::extract::LINKS)
    }

    /// Whether it stands in base64 of a text, or is what a link carries, of which no reader sees what it is
    /// about; its signs, read as words, say that it is about nothing.
    pub(super) fn is_encoded(&self) -> bool {
        let inside = self.inside.as_ref().map(|inside| inside.expose());
        let last = inside.and_then(|inside| inside.rsplit('/').next());
        last.is_some_and(|name| name.starts_with("encoded"))
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("kind", &self.kind)
            .field("part", &self.part)
            .field("span", &self.span)
            .field("confidence", &self.confidence)
            .field("category", &self.category)
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

/// A part that could not be scanned, which the policy treats as PHI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Unscannable {
    /// The part.
    #[serde(serialize_with = "as_text")]
    pub part: Part,
    /// Why, as a stable code: `unsupported_type`, `too_large`, `encrypted`, `malformed`, …
    pub why: &'static str,
}

impl Unscannable {
    /// A part that could not be scanned.
    pub fn new(part: Part, why: &'static str) -> Self {
        Self { part, why }
    }

    /// Why, for people: `a kind of file that is not read`.
    pub fn words(&self) -> &'static str {
        match self.why {
            "unsupported_type" => "a kind of file that is not read",
            "unsupported_encoding" => "an unknown transfer encoding",
            "unknown_charset" => "an unknown character set",
            "turned_text" => "with letters that are shown in another order, or not at all",
            "unknown_script" => "mostly in a script other than Latin, which is not understood",
            "too_large" => "too large",
            "too_deep" => "nested too deep",
            "too_many_entries" => "too many files in it",
            "too_many_findings" => "too many findings; the rest was not read in full",
            "encrypted" => "encrypted",
            "malformed" => "broken",
            "image_only" => "pictures alone",
            "ratio" => "packed too tightly",
            why => why,
        }
    }
}

/// One reason for or against a message's being PHI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct RiskReason {
    /// A stable code: `identifiers`, `audience`, `sender_speciality`, …
    pub code: &'static str,
    /// How much it speaks for PHI (above 0) or against it, in hundredths of a
    /// natural log-odds unit.
    pub weight: i32,
}

impl RiskReason {
    /// The weight of what leaves no doubt and decides by itself: more than any sum.
    pub const CERTAIN: i32 = 10_000;

    /// A reason with its weight.
    pub const fn new(code: &'static str, weight: i32) -> Self {
        Self { code, weight }
    }
}

/// What the message as a whole is, by all that the scanner knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Risk {
    /// How sensitive it is.
    pub sensitivity: Sensitivity,
    /// The specially protected categories that it touches.
    pub categories: Vec<Category>,
    /// How surely it is PHI: above 0 it is. In hundredths of log-odds.
    pub score: i32,
    /// Why, the weightiest first: against what an empty message would get.
    pub reasons: Vec<RiskReason>,
}

impl Risk {
    /// A verdict.
    pub fn new(
        sensitivity: Sensitivity,
        categories: Vec<Category>,
        score: i32,
        reasons: Vec<RiskReason>,
    ) -> Self {
        Self {
            sensitivity,
            categories,
            score,
            reasons,
        }
    }
}

/// Why a recipient looks like the wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MisaddressedWhy {
    /// The message names a patient of the roster, and the recipient's address
    /// belongs to another.
    OtherPatient,
    /// The recipient's address is not the named patient's, but looks like it.
    LookAlike,
}

impl MisaddressedWhy {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::OtherPatient, Self::LookAlike];

    /// The word for it in other languages and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OtherPatient => "other_patient",
            Self::LookAlike => "look_alike",
        }
    }
}

/// A recipient that looks like the wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Misaddressed {
    /// The recipient.
    pub recipient: RecipientId,
    /// Why.
    pub why: MisaddressedWhy,
}

impl Misaddressed {
    /// A recipient and why it looks wrong.
    pub const fn new(recipient: RecipientId, why: MisaddressedWhy) -> Self {
        Self { recipient, why }
    }
}

/// All that scanning a message showed.
///
/// Serialised it holds no text of the message: kinds, places and counts.
///
/// ```
/// use mailseal::dlp::{Confidence, Finding, FindingKind, Findings, Part};
/// let mut findings = Findings::default();
/// findings.items.push(Finding::new(FindingKind::Ssn, Part::Attachment(0), 5..16, Confidence::High, "219-09-9999"));
/// assert_eq!(
///     serde_json::to_string(&findings.items)?,
///     r#"[{"kind":"ssn","part":"attachment 0","start":5,"end":16,"confidence":"high","category":null,"evidence":[]}]"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Findings {
    /// What was found.
    pub items: Vec<Finding>,
    /// What could not be scanned.
    pub unscannable: Vec<Unscannable>,
    /// Whether the scanner looks for the names of persons; only then does the
    /// absence of a name mean anything.
    pub knows_names: bool,
    /// What the message as a whole is, where the scanner judges that.
    pub risk: Option<Risk>,
    /// Recipients that look like the wrong ones, by the host's roster.
    pub misaddressed: Vec<Misaddressed>,
}

impl Findings {
    /// The sensitivity that the scanner found, `None` where it judges single
    /// findings only and there are none: what that means is the policy's to
    /// say. What could not be scanned counts as PHI.
    pub fn sensitivity(&self) -> Option<Sensitivity> {
        if let Some(risk) = &self.risk {
            let unread = match self.unscannable.is_empty() {
                true => Sensitivity::None,
                false => Sensitivity::Phi,
            };
            return Some(risk.sensitivity.max(unread));
        }
        if self.items.iter().any(|f| f.category.is_some()) {
            return Some(Sensitivity::Sensitive);
        }
        let personal = |f: &Finding| f.kind.class() != FindingClass::Context;
        if self.items.iter().any(personal) || !self.unscannable.is_empty() {
            return Some(Sensitivity::Phi);
        }
        None
    }
}
