//! From facts to decision. Every step leaves its reason.

use crate::base::{Fact, FactorLevel, KeyTrust, Route, Sensitivity, TlsAssurance};

use super::decision::{Decision, Reason, Refusal, Rung, Worth};
use super::facts::{Facts, KeyFacts, Onward};
use super::model::{Guard, Policy, Requirement};
use super::rules::{self, Action, Raised};
use super::waiver::{WaiverFact, WaiverVoid};

/// Decides how a message must be protected for one recipient.
///
/// It is total (every combination of facts has a decision), deterministic,
/// and pure.
pub fn decide(policy: &Policy, facts: &Facts) -> Decision {
    let mut why = Vec::new();
    let raised = rules::join(&policy.rules, facts, &mut why);
    let sensitivity = sensitivity(policy, facts, &mut why).max(raised.sensitivity);
    let refuse = |kind, why| Decision::Refuse {
        kind,
        sensitivity,
        why,
    };

    // Whatever the content: a message for somebody else is a breach by itself.
    let wrong = misaddressed(facts, &mut why);
    match raised.action {
        Some(Action::Refuse) => return refuse(Refusal::Refused, why),
        Some(Action::Hold) => return refuse(Refusal::Held, why),
        None if wrong => return refuse(Refusal::Held, why),
        None => {}
    }
    if facts.recipient.takes_mail == Fact::Refuted {
        why.push(Reason::NoMailHost);
        return refuse(Refusal::Refused, why);
    }

    let waived = waived(policy, facts, sensitivity, &mut why);
    let requirement = policy.requirement(sensitivity);
    let mut climb = Climb {
        policy,
        facts,
        raised,
        requirement,
        sensitivity,
        waived,
        partner: facts.context.onward == Onward::Mx
            && policy
                .partner_identity(facts.recipient.address.domain())
                .is_some(),
        published: published(facts),
        after_changed_key: false,
        unsettled: None,
        first: Vec::new(),
        later: Vec::new(),
        why,
    };
    if climb.partner {
        climb.why.push(Reason::Partner);
    }
    if let Some(floor) = climb.published {
        climb.why.push(Reason::PublishedFloor { floor });
    }
    for &route in &policy.ladder {
        climb.rung(route);
    }
    for &route in Route::ALL {
        if !policy.ladder.contains(&route) {
            climb.why.push(Reason::NotInLadder { route });
        }
    }

    let Climb {
        first,
        later,
        mut why,
        ..
    } = climb;
    let mut rungs = first.into_iter().chain(later);
    let Some(chosen) = rungs.next() else {
        why.push(Reason::NothingAcceptable);
        return refuse(requirement.otherwise, why);
    };
    let fallbacks: Vec<Rung> = rungs.collect();
    let passcode = |rung: &Rung| {
        rung.factor_floor >= Some(FactorLevel::P2)
            && facts.recipient.factor_available < Some(FactorLevel::P2)
    };
    if passcode(&chosen) || fallbacks.iter().any(passcode) {
        why.push(Reason::PasscodeBySender);
    }
    Decision::Send {
        chosen,
        fallbacks,
        sensitivity,
        why,
    }
}

/// The maximum of what the scanner found, what the host declared and what
/// could not be scanned. Where the scanner judged the message and found
/// nothing, the policy says what that means; where it judges single findings
/// only, that there are none says nothing, and PHI is presumed.
fn sensitivity(policy: &Policy, facts: &Facts, why: &mut Vec<Reason>) -> Sensitivity {
    let content = &facts.content;
    let mut joined = Sensitivity::None;
    if let Some(sensitivity) = content.found.filter(|&found| found > Sensitivity::None) {
        why.push(Reason::Found { sensitivity });
        joined = joined.max(sensitivity);
    }
    if let Some(sensitivity) = content.declared {
        why.push(Reason::Declared { sensitivity });
        joined = joined.max(sensitivity);
    }
    if content.unscannable {
        why.push(Reason::Unscannable);
        joined = joined.max(Sensitivity::Phi);
    }
    // Longer lists must not be worth less than short ones: what was read shows
    // that more of the same follows, and what of it is protected nobody saw.
    if content.too_many_findings {
        why.push(Reason::TooManyFindings);
        joined = joined.max(Sensitivity::Sensitive);
    }
    if content.no_phi_asserted {
        why.push(if joined == Sensitivity::None {
            Reason::NoPhiAsserted
        } else {
            Reason::AssertionOverruled
        });
    } else if content.found == Some(Sensitivity::None) {
        let sensitivity = policy.no_findings;
        why.push(Reason::NothingFound { sensitivity });
        joined = joined.max(sensitivity);
    } else if content.found.is_none() {
        let sensitivity = policy.no_findings.max(Sensitivity::Phi);
        why.push(Reason::NotJudged { sensitivity });
        joined = joined.max(sensitivity);
    }
    joined
}

/// Whether the recipient looks like the wrong one. Only the host's word for
/// this recipient lifts it: who approves a message looks at its content.
fn misaddressed(facts: &Facts, why: &mut Vec<Reason>) -> bool {
    let Some(because) = facts.recipient.misaddressed else {
        return false;
    };
    let confirmed = facts.recipient.confirmed;
    why.push(match confirmed {
        true => Reason::RecipientConfirmed { because },
        false => Reason::Misaddressed { because },
    });
    !confirmed
}

/// Whether a waiver counts for this message.
fn waived(policy: &Policy, facts: &Facts, sensitivity: Sensitivity, why: &mut Vec<Reason>) -> bool {
    let void = match facts.recipient.waiver {
        WaiverFact::Absent => return false,
        WaiverFact::Void(cause) => Some(cause),
        WaiverFact::Valid if !policy.waivers => Some(WaiverVoid::Policy),
        WaiverFact::Valid if facts.recipient.other_recipients => Some(WaiverVoid::OtherRecipients),
        WaiverFact::Valid if facts.content.other_people != Fact::Refuted => {
            Some(WaiverVoid::OtherPeople)
        }
        WaiverFact::Valid if sensitivity == Sensitivity::Sensitive => Some(WaiverVoid::Sensitive),
        WaiverFact::Valid if facts.content.unscannable => Some(WaiverVoid::Unscannable),
        WaiverFact::Valid => None,
    };
    why.push(match void {
        Some(cause) => Reason::WaiverVoid { cause },
        None => Reason::WaiverApplies,
    });
    void.is_none()
}

/// The floor that the domain publishes, where our session speaks to its hosts.
/// Behind a relay it is the relay that meets them.
fn published(facts: &Facts) -> Option<TlsAssurance> {
    match facts.context.onward {
        Onward::Mx => facts.recipient.transport.published.proven().copied(),
        Onward::Relay { .. } | Onward::Mailer { .. } => None,
    }
}

/// What the facts say of a rung's connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Footing {
    /// It meets the floor.
    Firm,
    /// It may; the wire will show it.
    Unknown,
    /// It does not, because the domain fails its own promise: it waits.
    Promised,
    /// It does not.
    None,
}

struct Climb<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    raised: Raised,
    requirement: Requirement,
    sensitivity: Sensitivity,
    waived: bool,
    partner: bool,
    published: Option<TlsAssurance>,
    after_changed_key: bool,
    /// The worth of the best rung so far whose facts are not settled.
    unsettled: Option<Worth>,
    first: Vec<Rung>,
    later: Vec<Rung>,
    why: Vec<Reason>,
}

impl Climb<'_> {
    fn rung(&mut self, route: Route) {
        let context = &self.facts.context;
        let built = match route {
            Route::Tls => true,
            Route::Pgp => context.pgp_built,
            Route::Smime => context.smime_built,
            Route::Escrow => context.escrow_configured,
        };
        if !built {
            self.why.push(Reason::NotBuilt { route });
        } else if self.raised.redirect.is_some_and(|only| only != route) {
            self.why.push(Reason::RedirectedElsewhere { route });
        } else {
            match route {
                Route::Tls => self.tls(),
                Route::Pgp | Route::Smime => self.sealed(route),
                Route::Escrow => self.escrow(),
            }
        }
    }

    fn tls(&mut self) {
        let route = Route::Tls;
        if self.raised.end_to_end {
            self.why.push(Reason::NotEndToEnd { route });
            return;
        }
        if self.after_changed_key {
            self.why.push(Reason::AfterChangedKey { route });
            return;
        }
        if self.mailer_undeclared() {
            self.why.push(Reason::MailerUndeclared { route });
            return;
        }
        let mut floors = Vec::new();
        if let Some(floor) = self.requirement.tls {
            let preferred = self.requirement.tls_preferred;
            floors.extend([floor, floor.max(preferred.unwrap_or(floor))]);
        }
        if self.waived {
            floors.extend([TlsAssurance::Encrypted, TlsAssurance::Opportunistic]);
        }
        floors.sort();
        let mut rungs: Vec<Rung> = floors.iter().map(|&f| self.make(route, f, None)).collect();
        rungs.dedup();
        let Some((&least, better)) = rungs.split_first() else {
            self.why.push(Reason::NotAccepted { route });
            return;
        };
        let footing = self.footing(&least);
        if footing == Footing::None {
            self.why.push(Reason::TransportUnmet { rung: least });
            return;
        }
        if !self.hides(route, true, true) {
            return;
        }
        for &rung in better.iter().rev() {
            // The preferred floor lies above the least one, whose footing
            // says whether there is a fallback at once.
            if self.footing(&rung) == Footing::None {
                self.why.push(Reason::PreferredUnmet { rung });
            } else {
                self.place(rung, footing);
            }
        }
        self.place(least, footing);
    }

    fn sealed(&mut self, route: Route) {
        let KeyFacts {
            trust: key,
            changed,
            fault,
            form,
        } = self.facts.recipient.key(route);
        // Whatever the sensitivity accepts: else a lower one, which accepts more,
        // would be barred from what a higher one may use.
        if changed {
            self.why.push(Reason::KeyChanged { route });
            self.after_changed_key = true;
            return;
        }
        if self.requirement.sealed(KeyTrust::Pinned).is_none() {
            self.why.push(Reason::NotAccepted { route });
            return;
        }
        let trust = match key {
            Fact::Proven(trust) => trust,
            Fact::Refuted => {
                self.why.push(match fault {
                    Some(fault) => Reason::KeyUnusable { route, fault },
                    None => Reason::NoKey { route },
                });
                return;
            }
            Fact::Unknown => {
                self.why.push(Reason::KeyUnknown { route });
                self.unsettled = Some(Worth::EndToEnd);
                return;
            }
        };
        let Some(floor) = self.requirement.sealed(trust) else {
            self.why.push(Reason::KeyTooWeak { route, trust });
            // Anyone can plant a key that nobody vouches for: it says no more
            // than that no better one was found.
            if trust == KeyTrust::Discovered {
                self.unsettled = Some(Worth::EndToEnd);
            }
            return;
        };
        let rung = self.make(route, floor, None);
        let shows = match route {
            Route::Pgp => self.facts.context.pgp_shows,
            _ => self.facts.context.smime_shows,
        };
        match self.footing(&rung) {
            Footing::None => self.why.push(Reason::TransportUnmet { rung }),
            _ if !self.hides(route, shows, false) => {}
            footing => {
                self.place(rung, footing);
                if let Some((form, because)) = form {
                    self.why.push(Reason::FormChosen {
                        route,
                        form,
                        because,
                    });
                }
            }
        }
    }

    fn escrow(&mut self) {
        let route = Route::Escrow;
        let mut least = self.raised.factor;
        if self.sensitivity > Sensitivity::None {
            least = least.max(FactorLevel::P1);
        }
        if self.raised.end_to_end || self.after_changed_key || self.mailer_undeclared() {
            least = least.max(FactorLevel::P2);
        }
        let mut accepted = false;
        let mut waiting: Option<(Rung, Footing)> = None;
        let mut rejected: Vec<Reason> = Vec::new();
        let mut below: Option<TlsAssurance> = None;
        for &factor in FactorLevel::ALL.iter().filter(|&&level| level >= least) {
            let Some(floor) = self.notice(factor) else {
                continue;
            };
            let rung = self.make(route, floor, Some(factor));
            // A higher factor is of use only where it asks less of the notice.
            if below.is_some_and(|below| rung.transport_floor >= below) {
                continue;
            }
            below = Some(rung.transport_floor);
            if factor > FactorLevel::P2 && self.facts.recipient.factor_available < Some(factor) {
                rejected.push(Reason::FactorUnavailable { factor });
                continue;
            }
            match self.footing(&rung) {
                Footing::Firm => {
                    accepted = true;
                    self.place(rung, Footing::Firm);
                }
                Footing::None => rejected.push(Reason::TransportUnmet { rung }),
                footing => waiting = Some((rung, footing)),
            }
        }
        if below.is_none() {
            rejected.push(Reason::NotAccepted { route });
        }
        self.why.append(&mut rejected);
        match waiting {
            Some((rung, _)) if accepted => self.why.push(Reason::TransportUnknown { rung }),
            Some((rung, footing)) => self.place(rung, footing),
            None => {}
        }
    }

    fn notice(&self, factor: FactorLevel) -> Option<TlsAssurance> {
        self.requirement.notice_of(self.sensitivity, factor)
    }

    /// Whether nothing that the route shows tells what the message is about:
    /// because it does not, or because it is replaced. What needs no
    /// protection may be shown.
    fn hides(&mut self, route: Route, subject: bool, file_names: bool) -> bool {
        let content = &self.facts.content;
        let protected = self.sensitivity > Sensitivity::None;
        let subject = protected && subject && content.subject_tells;
        let file_names = protected && file_names && content.file_name_tells;
        let parts = [
            (
                subject,
                content.subject_fixed,
                self.policy.subject,
                Reason::SubjectReplaced { route },
                Reason::SubjectShown { route },
            ),
            (
                file_names,
                content.file_names_fixed,
                self.policy.file_names,
                Reason::FileNamesReplaced { route },
                Reason::FileNamesShown { route },
            ),
        ];
        let told = parts.into_iter().filter(|(tells, ..)| *tells);
        let mut replaced = Vec::new();
        for (_, fixed, guard, instead, shown) in told {
            match guard {
                Guard::Protect => {}
                Guard::Neutral if fixed => {
                    self.why.push(Reason::MustStay { route });
                    return false;
                }
                Guard::Neutral => replaced.push(instead),
                Guard::Refuse => {
                    self.why.push(shown);
                    return false;
                }
            }
        }
        self.why.append(&mut replaced);
        true
    }

    fn mailer_undeclared(&self) -> bool {
        self.facts.context.onward == Onward::Mailer { declared: None }
    }

    /// A rung with its floor raised to what rules, partner and domain ask.
    fn make(&self, route: Route, floor: TlsAssurance, factor: Option<FactorLevel>) -> Rung {
        let mut floor = floor.max(self.raised.transport);
        // Where identity is checked at all, a partner's is the agreed one.
        if self.partner && floor >= TlsAssurance::Authenticated {
            floor = TlsAssurance::Anchored;
        }
        floor = floor.max(self.published.unwrap_or(floor));
        let mut rung = Rung::new(route, floor, factor);
        rung.proven = self.meets(floor).is_proven();
        rung.requiretls = matches!(
            self.facts.context.onward,
            Onward::Relay { onward, requiretls: true } if onward < floor
        );
        rung
    }

    fn footing(&self, rung: &Rung) -> Footing {
        match self.meets(rung.transport_floor) {
            Fact::Proven(()) => Footing::Firm,
            Fact::Unknown => Footing::Unknown,
            Fact::Refuted if self.published >= Some(rung.transport_floor) => Footing::Promised,
            Fact::Refuted => Footing::None,
        }
    }

    /// Whether the way reaches a level, as far as the facts show.
    fn meets(&self, level: TlsAssurance) -> Fact<()> {
        let transport = &self.facts.recipient.transport;
        let declared = |onward| {
            if level <= onward {
                Fact::Proven(())
            } else {
                Fact::Refuted
            }
        };
        match self.facts.context.onward {
            // The agreed identity stands for the level wherever TLS is spoken;
            // the wire checks it.
            Onward::Mx if self.partner => transport.meets(level.min(TlsAssurance::Encrypted)),
            Onward::Mx => transport.meets(level),
            Onward::Relay { onward, requiretls } => declared(if requiretls {
                onward.max(TlsAssurance::Authenticated)
            } else {
                onward
            }),
            Onward::Mailer { declared: onward } => {
                declared(onward.unwrap_or(TlsAssurance::Opportunistic))
            }
        }
    }

    /// Puts a rung into its place: in the ladder's order, but behind those
    /// that are no weaker where something before it is not settled.
    fn place(&mut self, rung: Rung, footing: Footing) {
        self.why.push(match footing {
            Footing::Promised => Reason::PublishedUnmet { rung },
            Footing::Unknown => Reason::Defers { rung },
            Footing::Firm | Footing::None => Reason::Accepted { rung },
        });
        if footing == Footing::Firm {
            if Some(rung.worth()) >= self.unsettled {
                self.first.push(rung);
            } else {
                self.later.push(rung);
            }
        } else {
            self.unsettled = self.unsettled.max(Some(rung.worth()));
            self.later.push(rung);
        }
    }
}
