//! Finding PHI: what identifies a person, what is about health, and what the
//! message as a whole is.
//!
//! **In**: a [`Message`](crate::compose::Message), read part by part through
//! [`parts`](crate::compose::Message::parts): subject, text, HTML, attachments
//! and their names, other header text; its sender, recipients and audience.
//! **Out**: [`Findings`]: what was found, where (the bytes of the part's
//! decoded text), how sure and by what evidence; which parts could not be read;
//! and a verdict, [`Risk`]. They carry the found text as
//! [`Phi`](crate::base::Phi) for a host that wants to show it; `Debug` does not
//! show it.
//!
//! A [`Scanner`] is pure and bounded. Content that cannot be read (an
//! encrypted, broken, oversized or unknown attachment) is [`Unscannable`] and
//! never clean: policies treat it as PHI.
//!
//! [`PhiScanner`] finds every [`FindingKind`]: the identifiers of 45 CFR
//! 164.514(b)(2), providers and facilities, and health content. It reads
//! attachments by content, judges the message, and asks what the host knows:
//! patterns, terms and allowed values ([`HostKnowledge`]), and its patients
//! ([`Roster`]). Its models are compiled in; nothing is downloaded. It misses
//! things: a verdict is an estimate, and a text in a picture is not read.
//!
//! [`RuleScanner`] knows the identifiers that have a rule or a checksum only:
//! social security numbers, Medicare Beneficiary Identifiers, payment cards
//! (ISO/IEC 7812), IBANs (ISO 13616), NPIs (45 CFR 162.406), DEA numbers (21
//! CFR 1301.13) and VINs (49 CFR 565). It gives no verdict
//! ([`Findings::risk`]), and without one policies presume PHI.
//!
//! ```
//! use mailseal::base::{Address, Sensitivity};
//! use mailseal::compose::Message;
//! use mailseal::dlp::{Evidence, FindingKind, PhiScanner, Scanner};
//!
//! let message = Message::builder()
//!     .from("nurse@harborkidney.example".parse()?)
//!     .to("pat.lindqvist@mail.example".parse::<Address>()?)
//!     .subject("Your dialysis")
//!     .html("<p>Medicare number: <b>8HP9</b>&#8209;D88&#8209;VG43. Your potassium was high.</p>")
//!     .build()?;
//! let findings = PhiScanner::new().scan(&message);
//! let number = findings.items.iter().find(|f| f.kind == FindingKind::HealthPlanId);
//! let number = number.ok_or("not found")?;
//! assert!(number.evidence.contains(&Evidence::Checksum));
//! assert_eq!(number.expose().expose(), "8HP9-D88-VG43");
//! assert!(!format!("{findings:?}").contains("8HP9"));
//! assert_eq!(findings.sensitivity(), Some(Sensitivity::Phi));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How the scanner works
//!
//! ```text
//! part ── extract: documents and archives to text, bounded by one budget
//!   │       └─ records: what HL7, FHIR, C-CDA, X12, CSV say of their fields
//!   ▼
//! view     one byte a character, hidden ones gone, with the way back
//!   ▼
//! tokens   words, numbers, signs
//!   ▼
//! units    dates, telephone numbers, codes: shapes and check digits
//!   ▼
//! lexicon  names, places, health terms, labels, by hash
//!   ▼
//! taggers  two linear models: which words, which codes, are what
//!   ▼
//! rules    what format, label and check digit make certain; the evidence
//!   ▼
//! roles    who of the people is a patient, and who is staff: a linear model
//!   ▼
//! risk     a linear model over what was counted: the verdict, its reasons
//! ```
//!
//! Each step is one pass over the text, so that time is linear in it, and texts
//! are read a passage at a time, so that memory does not grow with them beyond
//! the view.

mod check;
mod common;
mod envelope;
mod extract;
mod findings;
mod host;
mod known;
mod lanes;
mod lexicon;
mod made_up;
mod names;
mod neighbours;
mod passage;
#[cfg(feature = "testing")]
pub mod passes;
mod phi;
mod reader;
mod records;
pub mod redact;
mod risk;
mod roles;
mod roster;
mod rule_scanner;
mod rules;
mod scanner;
mod sentence;
mod source;
pub mod subject;
mod tagger;
mod texts;
mod token;
#[cfg(feature = "training")]
pub mod training;
mod unit;
mod view;
mod windows;

pub use crate::base::Part;
pub use findings::{
    Category, Confidence, Evidence, Finding, FindingClass, FindingKind, Findings, Misaddressed,
    MisaddressedWhy, Risk, RiskReason, Unscannable,
};
pub use host::{HostError, HostKnowledge};
pub use phi::PhiScanner;
pub use roster::{
    PatientId, PatientRecord, Roster, RosterBuilder, RosterError, RosterField, RosterHit,
};
pub use rule_scanner::RuleScanner;
pub use scanner::Scanner;
pub use texts::{ScannedText, texts};
