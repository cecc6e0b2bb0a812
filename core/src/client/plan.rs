//! What `plan` gives: a decision for each recipient, with every reason.

use std::fmt;
use std::fmt::Write as _;

use crate::base::crypto;
use crate::base::{Address, MessageId, Phi, Recipient, RecipientId, Role, Sensitivity, Timestamp};
use crate::compose::{Message, PartContent};
use crate::dlp::Findings;
use crate::error::{Error, PlanError};
use crate::policy::{Decision, Disclosure, Reason, Rung, Show, Waiver};

/// What the host knows beside the message.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// Patients' recorded wishes for plain e-mail.
    pub waivers: Vec<Waiver>,
    /// The host's id of the patient whom the message concerns: a waiver counts
    /// for its own patient only.
    pub patient: Option<Phi<String>>,
    /// Whether the host vouches that nobody else is named in the message. The
    /// built-in scanner does not know names.
    pub names_patient_only: bool,
    /// A reviewer has looked at a message that a rule holds, and released it.
    pub approved: bool,
}

impl PlanOptions {
    /// Nothing known beside the message.
    pub fn new() -> Self {
        Self::default()
    }

    /// The patient whom the message concerns, by the host's id.
    #[must_use]
    pub fn patient(mut self, id: impl Into<Phi<String>>) -> Self {
        self.patient = Some(id.into());
        self
    }

    /// A recorded wish for plain e-mail.
    #[must_use]
    pub fn waiver(mut self, waiver: Waiver) -> Self {
        self.waivers.push(waiver);
        self
    }

    /// The host vouches that nobody but the patient is named.
    #[must_use]
    pub fn names_patient_only(mut self) -> Self {
        self.names_patient_only = true;
        self
    }

    /// A reviewer released the message.
    #[must_use]
    pub fn approved(mut self) -> Self {
        self.approved = true;
        self
    }
}

/// One recipient's part of a plan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Planned {
    pub(super) id: RecipientId,
    pub(super) role: Role,
    pub(super) recipient: Recipient,
    pub(super) decision: Decision,
    pub(super) dropped: bool,
}

impl Planned {
    /// The recipient's id.
    pub fn id(&self) -> RecipientId {
        self.id
    }

    /// What was decided, with the reasons.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Whether the caller dropped the recipient.
    pub fn is_dropped(&self) -> bool {
        self.dropped
    }

    /// The address.
    pub fn address(&self) -> &Address {
        self.recipient.address()
    }

    /// Whether the message goes to a recipient who looks like the wrong one,
    /// on the host's word.
    pub(super) fn is_vouched_for(&self) -> bool {
        !self.dropped && self.decision.is_send() && self.doubts().next().is_some()
    }

    /// The doubts about the recipient that the host's word lifted.
    pub(super) fn doubts(&self) -> impl Iterator<Item = &Reason> {
        let why = self.decision.why().iter();
        why.filter(|r| matches!(r, Reason::RecipientConfirmed { .. }))
    }

    /// Whether the copy has a neutral subject where the route shows one.
    pub(super) fn hides_subject(&self) -> bool {
        let mut why = self.decision.why().iter();
        why.any(|r| matches!(r, Reason::SubjectReplaced { .. }))
    }

    /// Whether its files have neutral names there.
    pub(super) fn hides_file_names(&self) -> bool {
        let mut why = self.decision.why().iter();
        why.any(|r| matches!(r, Reason::FileNamesReplaced { .. }))
    }

    pub(super) fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The chosen rung and the fallbacks; `None` where the policy refuses.
    pub fn rungs(&self) -> Option<Vec<Rung>> {
        self.decision
            .is_send()
            .then(|| self.decision.rungs().copied().collect())
    }
}

/// A message with a decision for each recipient. Nothing has been sent.
#[derive(Clone)]
pub struct Plan {
    pub(super) id: MessageId,
    pub(super) message: Message,
    pub(super) message_id: String,
    /// The subject without the policy's markers, where there were some.
    pub(super) subject: Option<String>,
    pub(super) markers: Vec<String>,
    pub(super) made: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) findings: Findings,
    /// Whether the subject must stay as it is.
    pub(super) subject_fixed: bool,
    /// Whether the file names must.
    pub(super) file_names_fixed: bool,
    pub(super) recipients: Vec<Planned>,
    pub(super) options: PlanOptions,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("id", &self.id)
            .field("made", &self.made)
            .field("recipients", &self.recipients.len())
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// The message's id in receipts and in the audit log.
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// When it was made.
    pub fn made(&self) -> Timestamp {
        self.made
    }

    /// Until when it can be sent without planning again.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// One entry a recipient, in the order of their ids.
    pub fn recipients(&self) -> &[Planned] {
        &self.recipients
    }

    /// The clear address behind an id.
    pub fn address(&self, id: RecipientId) -> Option<&Address> {
        self.recipients.get(id.index()).map(Planned::address)
    }

    /// What the scanner found.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// The subject that some recipient's copy shows by TLS in place of its own,
    /// which stands inside; `None` where none is replaced.
    pub fn neutral_subject(&self) -> Option<String> {
        let replaced = self.recipients.iter().any(Planned::hides_subject);
        replaced.then(|| super::planning::neutral_subject(&self.message))
    }

    /// What the files are called in some recipient's copy by TLS; empty where
    /// they keep their names.
    pub fn neutral_file_names(&self) -> Vec<String> {
        match self.recipients.iter().any(Planned::hides_file_names) {
            true => self.message.neutral_file_names(),
            false => Vec::new(),
        }
    }

    /// Takes a recipient out: they get nothing, and the receipt says so.
    ///
    /// Returns whether there is such a recipient.
    pub fn drop_recipient(&mut self, id: RecipientId) -> bool {
        match self.recipients.get_mut(id.index()) {
            Some(planned) => {
                planned.dropped = true;
                true
            }
            None => false,
        }
    }

    /// The recipients whom the policy refuses and who are not dropped.
    pub fn refused(&self) -> Vec<RecipientId> {
        self.recipients
            .iter()
            .filter(|r| !r.dropped && r.rungs().is_none())
            .map(|r| r.id)
            .collect()
    }

    /// The highest sensitivity over the recipients.
    pub fn sensitivity(&self) -> Sensitivity {
        self.recipients
            .iter()
            .map(|r| r.decision.sensitivity())
            .max()
            .unwrap_or(Sensitivity::Phi)
    }

    /// The plan in words: for each recipient the choice, the fallbacks, and
    /// why each rung was taken or not.
    pub fn explain(&self, show: Show) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "Message {}: {}, {} recipient(s); plan good until {}",
            self.id,
            self.sensitivity(),
            self.recipients.len(),
            self.expires
        );
        for finding in summary(&self.findings) {
            let _ = writeln!(text, "  found        {finding}");
        }
        if let Some(subject) = self.neutral_subject() {
            // It may hold the sender's name.
            let subject = match show {
                Show::Clear => format!("\"{subject}\""),
                _ => "a neutral one".to_owned(),
            };
            let _ = writeln!(
                text,
                "  shown        {subject} in place of the subject, which stands inside"
            );
        }
        let names = self.neutral_file_names();
        if !names.is_empty() {
            let names = names.join(", ");
            let _ = writeln!(
                text,
                "  shown        {names} in place of the file names, which stand inside"
            );
        }
        for planned in &self.recipients {
            let mut who = show.recipient(planned.id, planned.address());
            if planned.dropped {
                who.push_str(" (dropped)");
            }
            text.push_str(&planned.decision.explain(&who));
        }
        text
    }

    pub(super) fn message(&self) -> &Message {
        &self.message
    }

    pub(super) fn message_id(&self) -> &str {
        &self.message_id
    }

    pub(super) fn disclosure(&self) -> Disclosure {
        self.message.disclosure()
    }

    /// The recipients whom the host vouched for where that counted, and why.
    pub(super) fn confirmed(&self) -> Vec<(RecipientId, String)> {
        let vouched = self.recipients.iter().filter(|r| r.is_vouched_for());
        vouched
            .filter_map(|r| Some((r.id, self.message.confirmation(r.address())?.to_owned())))
            .collect()
    }

    pub(super) fn decisions(&self) -> Vec<Decision> {
        self.recipients.iter().map(|r| r.decision.clone()).collect()
    }

    /// The plan itself, if there is somebody to send to and nobody is refused.
    pub(super) fn refuse_unsendable(self) -> Result<Self, Error> {
        let refused = self.refused();
        if !refused.is_empty() {
            return Err(PlanError::Refused { ids: refused }.into());
        }
        if self.recipients.iter().all(|r| r.dropped) {
            return Err(PlanError::Empty.into());
        }
        Ok(self)
    }

    /// A digest of what the caller gave, the same for the same message, to
    /// know an idempotency key used twice for two messages.
    pub(super) fn content_digest(&self) -> [u8; 32] {
        // Each field by its own digest, so that none runs into the next.
        let mut digests: Vec<[u8; 32]> = vec![
            crypto::sha256(self.message.sender().as_str().as_bytes()),
            crypto::sha256(self.message.subject().as_bytes()),
        ];
        for planned in &self.recipients {
            let recipient = format!("{:?} {}", planned.role, planned.address().as_str());
            digests.push(crypto::sha256(recipient.as_bytes()));
        }
        for part in self.message.parts() {
            digests.push(match part.content() {
                PartContent::Text(text) => crypto::sha256(text.expose().as_bytes()),
                PartContent::Binary(bytes) => crypto::sha256(bytes.expose()),
                _ => crypto::sha256(&self.message.size().to_be_bytes()),
            });
        }
        let slices: Vec<&[u8]> = digests.iter().map(<[u8; 32]>::as_slice).collect();
        crypto::sha256_parts(&slices)
    }
}

/// `health plan id × 2 in subject, text` and the like, and what could not be
/// scanned.
fn summary(findings: &Findings) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut kinds: Vec<_> = findings.items.iter().map(|f| f.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let of_kind: Vec<_> = findings.items.iter().filter(|f| f.kind == kind).collect();
        let mut parts: Vec<String> = of_kind.iter().map(|f| f.part.to_string()).collect();
        parts.dedup();
        lines.push(format!(
            "{} × {} in {}",
            kind.word().replace('_', " "),
            of_kind.len(),
            parts.join(", ")
        ));
    }
    for part in &findings.unscannable {
        lines.push(format!(
            "{} could not be scanned: {}",
            part.part,
            part.words()
        ));
    }
    lines
}
