//! From a message to a plan: scan, discover, gather the facts, decide.

use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, HashMap, HashSet};

use super::engine::{Engine, blocking};
use super::notices::Usable;
use super::plan::{Plan, PlanOptions, Planned};
use crate::base::{
    Address, Domain, Fact, KeyFault, MessageId, Recipient, RecipientId, Role, Route, Sensitivity,
    Timestamp,
};
use crate::compose::{Message, Neutral};
use crate::discover::Capabilities;
use crate::dlp::{Findings, Part, subject};
use crate::error::Error;
use crate::policy::{
    ContentFacts, ContextFacts, Facts, Onward, RecipientFacts, TransportFacts, WaiverFact,
    WaiverVoid, decide, telling,
};
use crate::seal::KeyStatus;

/// The marker that `Message::secure` stands for, as if it stood in the subject.
const SECURE: &str = "[secure]";

/// How many domains are asked about at the same time.
const DISCOVERIES: usize = 16;

impl Engine {
    pub(super) async fn plan(&self, message: Message, options: PlanOptions) -> Result<Plan, Error> {
        let (findings, subject_fixed, file_names_fixed) = {
            let scanner = std::sync::Arc::clone(&self.scanner);
            let message = message.clone();
            let looking = blocking(move || {
                let findings = scanner.scan(&message);
                let (subject, file_names) = what_is_fixed(&message, &findings);
                (findings, subject, file_names)
            });
            looking.await?
        };
        let made = self.clock.now();
        let id = MessageId::make_random();
        let message_id = format!("<{id}@{}>", message.sender().domain().as_str());
        let marked = self.policy.take_markers(message.subject());
        let subject = (!marked.markers.is_empty()).then(|| marked.subject.expose().clone());
        let mut markers = marked.markers;
        if message.secure_requested() {
            markers.push(crate::policy::normal_marker(SECURE));
        }
        let mut plan = Plan {
            subject,
            markers,
            id,
            message_id,
            made,
            expires: made.plus(self.plan_lifetime),
            findings,
            subject_fixed,
            file_names_fixed,
            recipients: Vec::new(),
            options,
            message,
        };
        plan.recipients = self
            .decide_all(&plan, self.transport.next_hop().into())
            .await;
        plan.expires = self.expiry(&plan);
        Ok(plan)
    }

    /// A waiver that ends sooner ends the plan; one that has ended does not count.
    fn expiry(&self, plan: &Plan) -> Timestamp {
        let waivers = plan.options.waivers.iter().map(|w| w.expires);
        waivers
            .filter(|&ends| ends > plan.made)
            .fold(plan.made.plus(self.plan_lifetime), Timestamp::min)
    }

    /// The same plan with fresh facts, for another way.
    pub(super) async fn replan(&self, mut plan: Plan, onward: Onward) -> Result<Plan, Error> {
        let dropped: Vec<bool> = plan.recipients.iter().map(|r| r.dropped).collect();
        plan.recipients = self.decide_all(&plan, onward).await;
        for (planned, dropped) in plan.recipients.iter_mut().zip(dropped) {
            planned.dropped = dropped;
        }
        plan.made = self.clock.now();
        plan.expires = self.expiry(&plan);
        Ok(plan)
    }

    async fn decide_all(&self, plan: &Plan, onward: Onward) -> Vec<Planned> {
        let recipients = plan.message.recipients();
        let known = match onward {
            Onward::Mx => self.discover_all(recipients).await,
            // Behind a relay only what it declares counts.
            _ => BTreeMap::new(),
        };
        let content = self.content_facts(plan);
        let context = self.context_facts(plan, onward);
        recipients
            .iter()
            .enumerate()
            .map(|(index, (role, recipient))| {
                let id = RecipientId::new(u32::try_from(index).unwrap_or(u32::MAX));
                let mut about =
                    self.recipient_facts(plan, recipient, recipients.len(), &known, onward);
                let suspected = plan.findings.misaddressed.iter();
                about.misaddressed = suspected.filter(|m| m.recipient == id).map(|m| m.why).min();
                about.confirmed = plan.message.confirmation(recipient.address()).is_some();
                let facts = Facts::new(content.clone(), about, context.clone());
                Planned {
                    id,
                    role: *role,
                    recipient: recipient.clone(),
                    decision: decide(&self.policy, &facts),
                    dropped: false,
                }
            })
            .collect()
    }

    async fn discover_all(
        &self,
        recipients: &[(Role, Recipient)],
    ) -> BTreeMap<Domain, Capabilities> {
        let Some(discovery) = &self.discovery else {
            return BTreeMap::new();
        };
        let mut domains: Vec<Domain> = recipients
            .iter()
            .map(|(_, r)| r.address().domain().clone())
            .collect();
        domains.sort();
        domains.dedup();
        let now = self.clock.now();
        stream::iter(domains)
            .map(|domain| async move {
                let known = discovery.discover(&domain, now).await;
                (domain, known)
            })
            .buffer_unordered(DISCOVERIES)
            .collect()
            .await
    }

    fn content_facts(&self, plan: &Plan) -> ContentFacts {
        let mut facts = shown_facts(&plan.message, &plan.findings);
        facts.declared = plan.message.declared();
        // Who asks for protection gets it, also where no rule knows the marker.
        if plan.message.secure_requested() {
            facts.declared = facts.declared.max(Some(Sensitivity::Phi));
        }
        facts.no_phi_asserted = plan.message.no_phi_reason().is_some();
        if plan.options.names_patient_only {
            facts.other_people = Fact::Refuted;
        }
        facts.markers.clone_from(&plan.markers);
        facts.subject_fixed = plan.subject_fixed;
        facts.file_names_fixed = plan.file_names_fixed;
        facts
    }

    fn context_facts(&self, plan: &Plan, onward: Onward) -> ContextFacts {
        ContextFacts {
            onward,
            pgp_built: self.sealer(Route::Pgp).is_some(),
            smime_built: self.sealer(Route::Smime).is_some(),
            pgp_shows: self.shows_subject(Route::Pgp),
            smime_shows: self.shows_subject(Route::Smime),
            escrow_configured: self.escrow.is_some(),
            sender: Some(plan.message.sender().clone()),
            audience: plan.message.audience().map(str::to_owned),
            approved: plan.options.approved,
        }
    }

    fn shows_subject(&self, route: Route) -> bool {
        self.sealer(route).is_some_and(|s| s.shows_subject())
    }

    fn recipient_facts(
        &self,
        plan: &Plan,
        recipient: &Recipient,
        count: usize,
        known: &BTreeMap<Domain, Capabilities>,
        onward: Onward,
    ) -> RecipientFacts {
        let address = recipient.address();
        let mut facts = RecipientFacts::new(address.clone());
        match (onward, known.get(address.domain())) {
            (Onward::Mx, Some(capabilities)) => facts = facts.discovered(capabilities),
            (Onward::Mx, None) => {}
            _ => {
                facts.takes_mail = Fact::Proven(());
                facts.transport = TransportFacts::UNKNOWN;
            }
        }
        let status = |route| {
            self.sealer(route).map_or(KeyStatus::NONE, |sealer| {
                sealer.assess(plan.message().sender(), address, self.clock.now())
            })
        };
        let (pgp, smime) = (status(Route::Pgp), status(Route::Smime));
        facts.pgp = pgp.trust;
        facts.pgp_changed = pgp.fault == Some(KeyFault::Changed);
        facts.pgp_fault = pgp.fault;
        facts.pgp_form = pgp.form;
        facts.smime = smime.trust;
        facts.smime_changed = smime.fault == Some(KeyFault::Changed);
        facts.smime_fault = smime.fault;
        facts.smime_form = smime.form;
        facts.factor_available = Usable::of(recipient).best_factor();
        facts.other_recipients = count > 1;
        facts.waiver = self.waiver(plan, address);
        facts
    }

    /// The best that the waivers given say of this address.
    fn waiver(&self, plan: &Plan, address: &Address) -> WaiverFact {
        let patient = match &plan.options.patient {
            Some(patient) if !patient.expose().is_empty() => patient,
            // A waiver is one patient's, and nobody said whose message it is.
            _ if plan.options.waivers.is_empty() => return WaiverFact::Absent,
            _ => return WaiverFact::Void(WaiverVoid::OtherPatient),
        };
        let now = self.clock.now();
        let checks: Vec<_> = plan
            .options
            .waivers
            .iter()
            .map(|w| w.check(address, patient, now))
            .collect();
        match checks.iter().find(|c| c.is_ok()).or(checks.first()) {
            Some(check) => WaiverFact::from(*check),
            None => WaiverFact::Absent,
        }
    }
}

/// The facts of a message, of which fields beside the subject and the file names
/// may show as much.
fn shown_facts(message: &Message, findings: &Findings) -> ContentFacts {
    let shown: HashMap<Part, Part> = message.shown().collect();
    ContentFacts::shown(findings, |part| *shown.get(&part).unwrap_or(&part))
}

/// Whether the subject and the file names cannot be replaced where they tell
/// something. Tried out, not guessed.
fn what_is_fixed(message: &Message, findings: &Findings) -> (bool, bool) {
    let facts = shown_facts(message, findings);
    let subject = || Neutral::new().subject(neutral_subject(message));
    let subject_fixed = facts.subject_tells && !message.takes(&subject());
    // A part that is shown as a file's name, and is shown still where files are
    // renamed.
    let shown: HashMap<Part, Part> = message.shown().collect();
    let renamed: HashSet<Part> = message.renamed().collect();
    let stays = |part| {
        let shown = *shown.get(&part).unwrap_or(&part);
        matches!(shown, Part::AttachmentName(_)) && !renamed.contains(&part)
    };
    let file_names_fixed = facts.file_name_tells
        && (telling(findings, stays).next().is_some()
            || !message.takes(&Neutral::new().file_names()));
    (subject_fixed, file_names_fixed)
}

/// What stands in the subject's place where it must not be shown.
pub(super) fn neutral_subject(message: &Message) -> String {
    subject::neutral(message.sender_name().as_deref())
}
