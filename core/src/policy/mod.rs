//! How a message must be protected for one recipient.
//!
//! **In** go a [`Policy`] and [`Facts`]: what the scanner found, what the host
//! declared, what discovery learnt of the recipient, what this host can do.
//! **Out** comes a [`Decision`]: the rungs that may be used, each with the
//! floor that must hold on the wire, or a refusal; and a [`Reason`] for every
//! rung accepted or rejected. [`decide`] is total, deterministic and pure: no
//! I/O, no clock, no randomness.
//!
//! Facts are `Proven`, `Refuted` or `Unknown`. An unknown fact never lowers a
//! floor: the rung waits behind the stronger ones, and the wire decides. Four
//! things hold for every policy and all facts, and are tested over every
//! combination:
//!
//! 1. Every rung meets what the policy requires for the sensitivity, except
//!    for clear text under a [`Waiver`].
//! 2. More sensitive content is never protected less: what a sensitivity
//!    requires is joined with what the lower ones require.
//! 3. A new proven capability never turns a send into a refusal.
//! 4. A fact that nobody vouches for lowers nothing: a `Discovered` key never
//!    counts.
//!
//! Choices that the table of the presets leaves open:
//!
//! - A key `Verified` or better is accepted for content without PHI too, and
//!   `strict()` asks `Encrypted` under a pinned key for sensitive content.
//! - Where a domain publishes a floor and fails it, every rung waits
//!   (RFC 8461 section 5: "MUST NOT deliver"). Behind a relay or a mailer of
//!   the host, meeting what a domain publishes is theirs to do; only what is
//!   declared of them counts. REQUIRETLS (RFC 8689) counts as `Authenticated`.
//! - A pinned key that changed bars every rung after it in the ladder that is
//!   not end-to-end.
//! - The presets take a message in which nothing was found for `None`, but
//!   only where the scanner judged the message. A scanner of single findings,
//!   such as [`RuleScanner`](crate::dlp::RuleScanner), lowers nothing.
//! - The subject and file names of a message that needs protection are shown
//!   by TLS: where they hold PHI, neutral ones take their place there
//!   ([`Guard`]), and the own ones stand inside.
//! - `assert_no_phi` lifts what is presumed where nothing was found; it
//!   overrules no finding and no unscannable part.
//! - A part with more findings than are read counts as `Sensitive`, and meets
//!   every rule on findings: else a longer list would be worth less than a
//!   short one.
//! - Escrow is offered at the lowest factor that is acceptable; the next
//!   factor follows where it asks less of the notice's connection.
//!
//! A policy is built in code or read from TOML ([`Policy::from_toml`]), where
//! a file that names a preset can raise it but not lower it.
//!
//! The rules behind it: 45 CFR 164.312(e) (transmission security), 45 CFR
//! 164.522(b) and 78 FR 5634 (a patient's preference for plain e-mail), 42 CFR
//! Part 2 (specially protected content), RFC 8461 (MTA-STS), RFC 8689.
//!
//! ```
//! use mailseal::base::{Route, Sensitivity, TlsAssurance};
//! use mailseal::policy::{
//!     ContentFacts, ContextFacts, Decision, Facts, Policy, RecipientFacts, TransportFacts, decide,
//! };
//!
//! let mut content = ContentFacts::default();
//! content.found = Some(Sensitivity::Phi);
//! let mut pat = RecipientFacts::new("pat@mail.example".parse()?);
//! pat.transport = TransportFacts::exactly(TlsAssurance::Authenticated);
//!
//! let facts = Facts::new(content, pat, ContextFacts::default());
//! let Decision::Send { chosen, .. } = decide(&Policy::hipaa(), &facts) else {
//!     panic!("refused");
//! };
//! assert_eq!(chosen.route, Route::Tls);
//! assert_eq!(chosen.transport_floor, TlsAssurance::Authenticated);
//! assert!(!decide(&Policy::strict(), &facts).is_send());
//! # Ok::<(), mailseal::base::AddressError>(())
//! ```

mod canonical;
mod config;
mod decide;
mod decision;
mod explain;
mod facts;
mod markers;
mod model;
mod rules;
mod waiver;

pub use crate::base::Disclosure;
pub use config::PolicyError;
pub use decide::decide;
pub use decision::{Decision, Reason, Refusal, Rung};
pub use explain::Show;
pub(crate) use facts::telling;
pub use facts::{
    ContentFacts, ContextFacts, Facts, FindingFact, Onward, RecipientFacts, TransportFacts,
};
pub use markers::normal_marker;
pub use model::{Guard, MarkedSubject, Partner, Policy, Requirement};
pub use rules::{Action, Rule};
pub use waiver::{Waiver, WaiverFact, WaiverVoid};
