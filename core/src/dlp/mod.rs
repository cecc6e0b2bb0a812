//! Finding PHI: the scanner's place, its findings, and the first scanner.
//!
//! **In**: a [`Message`](crate::compose::Message), read part by part through
//! [`parts`](crate::compose::Message::parts): subject, text, HTML, attachments
//! and their names, other header text.
//! **Out**: [`Findings`]: what was found, where (the bytes of the part's
//! decoded text), how sure, and which parts could not be read. They carry the
//! found text as [`Phi`](crate::base::Phi) for a host that wants to show it;
//! `Debug` does not show it.
//!
//! A [`Scanner`] is pure and bounded. Content that cannot be read (an
//! encrypted, broken, oversized or unknown attachment) is [`Unscannable`] and
//! never clean: policies treat it as PHI.
//!
//! [`RuleScanner`] knows the identifiers that have a rule or a checksum: social
//! security numbers, Medicare Beneficiary Identifiers, payment cards (ISO/IEC
//! 7812), IBANs (ISO 13616), NPIs (45 CFR 162.406), DEA numbers (21 CFR
//! 1301.13) and VINs (49 CFR 565). The kinds are those of 45 CFR
//! 164.514(b)(2). It knows no names and no health content, so the absence of
//! findings means little: it gives no verdict ([`Findings::risk`]), and without
//! one policies presume PHI.
//!
//! ```
//! use mailseal::compose::Message;
//! use mailseal::dlp::{Confidence, RuleScanner, Scanner};
//!
//! let message = Message::builder()
//!     .from("clinic@harbor.example".parse()?)
//!     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
//!     .html("<p>Medicare: <b>8HP9</b>&#8209;D88&#8209;VG43</p>")
//!     .build()?;
//! let findings = RuleScanner::new().scan(&message);
//! assert_eq!(findings.items[0].confidence, Confidence::High);
//! assert_eq!(findings.items[0].expose().expose(), "8HP9-D88-VG43");
//! assert!(!format!("{findings:?}").contains("8HP9"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod extract;
mod findings;
mod host;
mod known;
mod lexicon;
mod passage;
mod phi;
mod records;
pub mod redact;
mod risk;
mod roster;
mod rule_scanner;
mod rules;
mod scanner;
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
