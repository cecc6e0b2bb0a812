//! What comes out: the decision, its rungs, and a reason for each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::{
    FactorLevel, Form, FormReason, KeyFault, KeyTrust, Route, Sensitivity, TlsAssurance,
};

use super::waiver::WaiverVoid;
use crate::dlp::MisaddressedWhy;

/// One acceptable way to send, with what must hold before anything leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rung {
    /// How the message travels.
    pub route: Route,
    /// The least assurance of the connection: for `Tls` of the message, for
    /// the sealed routes of the sealed message, for `Escrow` of the notice.
    pub transport_floor: TlsAssurance,
    /// The least factor of the pickup; only for `Escrow`.
    pub factor_floor: Option<FactorLevel>,
    /// Whether the facts already show that the floor will be met. Where not,
    /// the wire decides: the rung defers or the next one is tried.
    pub proven: bool,
    /// Whether the message must be handed over with REQUIRETLS (RFC 8689),
    /// because the relay's declared assurance alone is below the floor.
    pub requiretls: bool,
}

impl Rung {
    /// A rung whose floor the facts show to be met.
    pub const fn new(
        route: Route,
        transport_floor: TlsAssurance,
        factor_floor: Option<FactorLevel>,
    ) -> Self {
        Self {
            route,
            transport_floor,
            factor_floor,
            proven: true,
            requiretls: false,
        }
    }

    /// Whether only the recipient can open what travels: PGP, S/MIME, and
    /// escrow from P2 on.
    pub fn is_end_to_end(&self) -> bool {
        match self.route {
            Route::Tls => false,
            Route::Pgp | Route::Smime => true,
            Route::Escrow => self.factor_floor >= Some(FactorLevel::P2),
        }
    }

    /// Whether this rung protects at least as well as `other`: end-to-end
    /// before anything that only the transport protects, and that by its floor.
    pub fn is_no_weaker_than(&self, other: &Self) -> bool {
        self.worth() >= other.worth()
    }

    pub(super) fn worth(&self) -> Worth {
        if self.is_end_to_end() {
            Worth::EndToEnd
        } else {
            Worth::Transport(self.transport_floor)
        }
    }
}

/// What a rung is worth, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    Transport(TlsAssurance),
    EndToEnd,
}

/// How a message is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The policy drops what it cannot protect.
    Dropped,
    /// A person must look at it first: a rule says so, or the recipient looks
    /// like the wrong one.
    Held,
    /// It is refused, and the sender is told.
    Refused,
}

impl Refusal {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Dropped, Self::Held, Self::Refused];

    /// `dropped`, `held` or `refused`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Held => "held",
            Self::Refused => "refused",
        }
    }
}

/// What is to be done with a message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// Send it by `chosen`, else by the fallbacks in their order. Each meets
    /// what the sensitivity requires.
    Send {
        /// The first rung to try.
        chosen: Rung,
        /// What may be tried after a failure before `MAIL FROM`.
        fallbacks: Vec<Rung>,
        /// What the message was taken for.
        sensitivity: Sensitivity,
        /// Why.
        why: Vec<Reason>,
    },
    /// Send nothing.
    Refuse {
        /// Whether it is dropped, held for review or refused.
        kind: Refusal,
        /// What the message was taken for.
        sensitivity: Sensitivity,
        /// Why.
        why: Vec<Reason>,
    },
}

impl Decision {
    /// The rungs in the order to try them; none where nothing is sent.
    pub fn rungs(&self) -> impl Iterator<Item = &Rung> {
        let (first, rest): (Option<&Rung>, &[Rung]) = match self {
            Self::Send {
                chosen, fallbacks, ..
            } => (Some(chosen), fallbacks),
            Self::Refuse { .. } => (None, &[]),
        };
        first.into_iter().chain(rest)
    }

    /// What the message was taken for.
    pub fn sensitivity(&self) -> Sensitivity {
        match self {
            Self::Send { sensitivity, .. } | Self::Refuse { sensitivity, .. } => *sensitivity,
        }
    }

    /// Why, in the order of the steps.
    pub fn why(&self) -> &[Reason] {
        match self {
            Self::Send { why, .. } | Self::Refuse { why, .. } => why,
        }
    }

    /// Whether something is sent.
    pub fn is_send(&self) -> bool {
        matches!(self, Self::Send { .. })
    }
}

/// Why a decision is as it is. Names no address, domain or content; rules are
/// counted from 1 in the order of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs)] // the fields say what the variants' texts say
pub enum Reason {
    /// The scanner found something.
    Found { sensitivity: Sensitivity },
    /// The host declared it.
    Declared { sensitivity: Sensitivity },
    /// A part could not be scanned.
    Unscannable,
    /// A part has more findings than are read.
    TooManyFindings,
    /// The scanner judged the message and found nothing, and the policy says
    /// what that means.
    NothingFound { sensitivity: Sensitivity },
    /// Nothing was found by a scanner that does not judge messages, which
    /// shows nothing.
    NotJudged { sensitivity: Sensitivity },
    /// The host asserted that there is no PHI.
    NoPhiAsserted,
    /// The host's assertion did not count: there is evidence against it.
    AssertionOverruled,
    /// A rule matched and raised what is required.
    RuleRaised { rule: u32 },
    /// A rule sends it by one route.
    RuleRedirected { rule: u32, route: Route },
    /// A rule holds it for review.
    RuleHeld { rule: u32 },
    /// A rule would hold it, and a person approved it.
    HoldApproved { rule: u32 },
    /// A rule refuses it.
    RuleRefused { rule: u32 },
    /// The recipient looks like the wrong one: it is held.
    Misaddressed { because: MisaddressedWhy },
    /// The recipient looks like the wrong one, and the host vouches for it.
    RecipientConfirmed { because: MisaddressedWhy },
    /// The domain takes no mail.
    NoMailHost,
    /// The recipient's waiver allows clear text.
    WaiverApplies,
    /// The recipient's waiver does not count here.
    WaiverVoid { cause: WaiverVoid },
    /// The domain publishes a floor of its own.
    PublishedFloor { floor: TlsAssurance },
    /// The domain is a partner with an agreed TLS identity.
    Partner,
    /// The rung is acceptable.
    Accepted { rung: Rung },
    /// The rung is acceptable, and whether the connection meets the floor
    /// is not known: the wire will show it, and it defers where it does not.
    Defers { rung: Rung },
    /// The domain's own floor is not met now: the rung defers until it is.
    PublishedUnmet { rung: Rung },
    /// The better variant is known not to work.
    PreferredUnmet { rung: Rung },
    /// The policy does not accept this route for this sensitivity.
    NotAccepted { route: Route },
    /// The route is not in the policy's ladder.
    NotInLadder { route: Route },
    /// This host or build does not have the route.
    NotBuilt { route: Route },
    /// A rule sends the message by another route.
    RedirectedElsewhere { route: Route },
    /// A rule asks for end-to-end protection.
    NotEndToEnd { route: Route },
    /// The connection is known not to meet the floor.
    TransportUnmet { rung: Rung },
    /// It is not known whether the connection meets the floor, and a stronger
    /// variant of the same route does not need it.
    TransportUnknown { rung: Rung },
    /// The subject holds PHI: on this route a neutral one is shown, and the own
    /// one stands inside.
    SubjectReplaced { route: Route },
    /// The same for the names of attachments.
    FileNamesReplaced { route: Route },
    /// The route would show a subject that holds PHI.
    SubjectShown { route: Route },
    /// The route would show the name of an attachment that holds PHI.
    FileNamesShown { route: Route },
    /// The route would show a subject or file name that holds PHI and cannot be
    /// replaced: the message is signed, or the name stands in one within it.
    MustStay { route: Route },
    /// The host's own mailer has no declared assurance.
    MailerUndeclared { route: Route },
    /// The certificate that is there must not be used, or not without a key of
    /// the sender's.
    KeyUnusable { route: Route, fault: KeyFault },
    /// The form in which a sealed route writes the message, and why.
    FormChosen {
        route: Route,
        form: Form,
        because: FormReason,
    },
    /// The recipient has no key.
    NoKey { route: Route },
    /// Whether the recipient has a key could not be found out.
    KeyUnknown { route: Route },
    /// The key is less trusted than required.
    KeyTooWeak { route: Route, trust: KeyTrust },
    /// The key differs from the pinned one and waits to be pinned anew.
    KeyChanged { route: Route },
    /// A key before it in the ladder changed: nothing weaker takes its place.
    AfterChangedKey { route: Route },
    /// The host cannot ask this recipient for such a factor.
    FactorUnavailable { factor: FactorLevel },
    /// The passcode is made here and told to the recipient by the sender.
    PasscodeBySender,
    /// No rung is left.
    NothingAcceptable,
}

impl Reason {
    /// A stable code for programs and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Found { .. } => "policy.found",
            Self::Declared { .. } => "policy.declared",
            Self::Unscannable => "policy.unscannable",
            Self::TooManyFindings => "policy.too_many_findings",
            Self::NothingFound { .. } => "policy.nothing_found",
            Self::NotJudged { .. } => "policy.not_judged",
            Self::NoPhiAsserted => "policy.no_phi_asserted",
            Self::AssertionOverruled => "policy.assertion_overruled",
            Self::RuleRaised { .. } => "policy.rule_raised",
            Self::RuleRedirected { .. } => "policy.rule_redirected",
            Self::RuleHeld { .. } => "policy.rule_held",
            Self::HoldApproved { .. } => "policy.hold_approved",
            Self::RuleRefused { .. } => "policy.rule_refused",
            Self::Misaddressed { .. } => "policy.misaddressed",
            Self::RecipientConfirmed { .. } => "policy.recipient_confirmed",
            Self::NoMailHost => "policy.no_mail_host",
            Self::WaiverApplies => "policy.waiver_applies",
            Self::WaiverVoid { .. } => "policy.waiver_void",
            Self::PublishedFloor { .. } => "policy.published_floor",
            Self::Partner => "policy.partner",
            Self::Accepted { .. } => "policy.accepted",
            Self::Defers { .. } => "policy.defers",
            Self::PublishedUnmet { .. } => "policy.published_unmet",
            Self::PreferredUnmet { .. } => "policy.preferred_unmet",
            Self::NotAccepted { .. } => "policy.not_accepted",
            Self::NotInLadder { .. } => "policy.not_in_ladder",
            Self::NotBuilt { .. } => "policy.not_built",
            Self::RedirectedElsewhere { .. } => "policy.redirected_elsewhere",
            Self::NotEndToEnd { .. } => "policy.not_end_to_end",
            Self::TransportUnmet { .. } => "policy.transport_unmet",
            Self::TransportUnknown { .. } => "policy.transport_unknown",
            Self::SubjectReplaced { .. } => "policy.subject_replaced",
            Self::FileNamesReplaced { .. } => "policy.file_names_replaced",
            Self::SubjectShown { .. } => "policy.subject_shown",
            Self::FileNamesShown { .. } => "policy.file_names_shown",
            Self::MustStay { .. } => "policy.must_stay",
            Self::MailerUndeclared { .. } => "policy.mailer_undeclared",
            Self::KeyUnusable { .. } => "policy.key_unusable",
            Self::FormChosen { .. } => "policy.form_chosen",
            Self::NoKey { .. } => "policy.no_key",
            Self::KeyUnknown { .. } => "policy.key_unknown",
            Self::KeyTooWeak { .. } => "policy.key_too_weak",
            Self::KeyChanged { .. } => "policy.key_changed",
            Self::AfterChangedKey { .. } => "policy.after_changed_key",
            Self::FactorUnavailable { .. } => "policy.factor_unavailable",
            Self::PasscodeBySender => "policy.passcode_by_sender",
            Self::NothingAcceptable => "policy.nothing_acceptable",
        }
    }
}

fn name(route: Route) -> &'static str {
    match route {
        Route::Tls => "TLS",
        Route::Pgp => "PGP",
        Route::Smime => "S/MIME",
        Route::Escrow => "escrow",
    }
}

fn suspicion(because: MisaddressedWhy) -> &'static str {
    match because {
        MisaddressedWhy::OtherPatient => {
            "it names a patient, and the address belongs to another one"
        }
        MisaddressedWhy::LookAlike => {
            "the address is not the named patient's, but looks much like it"
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", name(self.route))?;
        if let Some(factor) = self.factor_floor {
            write!(f, " at {}", factor.word().to_uppercase())?;
        }
        match self.route {
            Route::Tls => write!(f, " at least {}", self.transport_floor)?,
            Route::Pgp | Route::Smime => {
                write!(f, " over a connection at least {}", self.transport_floor)?;
            }
            Route::Escrow => {
                write!(
                    f,
                    ", its notice over a connection at least {}",
                    self.transport_floor
                )?;
            }
        }
        if self.requiretls {
            f.write_str(", with REQUIRETLS")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { sensitivity } => write!(f, "the scanner found content that is {sensitivity}"),
            Self::Declared { sensitivity } => write!(f, "the host declared it {sensitivity}"),
            Self::Unscannable => f.write_str("a part could not be scanned and counts as phi"),
            Self::TooManyFindings => f.write_str(
                "a part has more findings than are read: the rest may be anything and counts as sensitive",
            ),
            Self::NothingFound { sensitivity } => {
                write!(f, "the scanner judged it and found nothing, which this policy takes for {sensitivity}")
            }
            Self::NotJudged { sensitivity } => write!(
                f,
                "nothing was found by a scanner that does not judge messages; it is presumed {sensitivity}"
            ),
            Self::NoPhiAsserted => f.write_str("the host asserted that it holds no PHI"),
            Self::AssertionOverruled => {
                f.write_str("the host asserted that it holds no PHI, which the evidence overrules")
            }
            Self::RuleRaised { rule } => write!(f, "rule {rule} matched and raised what is required"),
            Self::RuleRedirected { rule, route } => {
                write!(f, "rule {rule} sends it by {} only", name(*route))
            }
            Self::RuleHeld { rule } => write!(f, "rule {rule} holds it for review"),
            Self::HoldApproved { rule } => {
                write!(f, "rule {rule} would hold it, and it was approved")
            }
            Self::RuleRefused { rule } => write!(f, "rule {rule} refuses it"),
            Self::Misaddressed { because } => write!(
                f,
                "it may be for somebody else: {}; it is held until the host confirms this recipient",
                suspicion(*because)
            ),
            Self::RecipientConfirmed { because } => write!(
                f,
                "the host confirmed this recipient, although {}",
                suspicion(*because)
            ),
            Self::NoMailHost => f.write_str("the domain takes no mail"),
            Self::WaiverApplies => {
                f.write_str("the recipient prefers plain e-mail; TLS is tried all the same")
            }
            Self::WaiverVoid { cause } => write!(f, "the waiver does not count: {cause}"),
            Self::PublishedFloor { floor } => {
                write!(f, "the domain itself asks for connections at least {floor}")
            }
            Self::Partner => f.write_str("the domain is a partner with an agreed TLS identity"),
            Self::Accepted { rung } => write!(f, "{rung}: acceptable"),
            Self::Defers { rung } => write!(
                f,
                "{rung}: acceptable, but not known to work; it waits until the connection shows it"
            ),
            Self::PublishedUnmet { rung } => write!(
                f,
                "{rung}: waits, because the domain does not meet what it publishes itself"
            ),
            Self::PreferredUnmet { rung } => write!(f, "{rung}: preferred, but known not to work"),
            Self::NotAccepted { route } => write!(
                f,
                "{}: this policy does not accept it for this sensitivity",
                name(*route)
            ),
            Self::NotInLadder { route } => {
                write!(f, "{}: not in this policy's ladder", name(*route))
            }
            Self::NotBuilt { route } => {
                write!(f, "{}: not available in this build or host", name(*route))
            }
            Self::RedirectedElsewhere { route } => {
                write!(f, "{}: a rule sends it by another route", name(*route))
            }
            Self::NotEndToEnd { route } => {
                write!(f, "{}: a rule asks for end-to-end protection", name(*route))
            }
            Self::TransportUnmet { rung } => write!(f, "{rung}: the connection cannot meet this"),
            Self::TransportUnknown { rung } => write!(
                f,
                "{rung}: it is not known whether the connection meets this"
            ),
            Self::SubjectReplaced { route } => write!(
                f,
                "{}: the subject holds PHI; a neutral one is shown, and the own one stands inside",
                name(*route)
            ),
            Self::FileNamesReplaced { route } => write!(
                f,
                "{}: a file name holds PHI; neutral ones are shown, and the own ones stand inside",
                name(*route)
            ),
            Self::SubjectShown { route } => {
                write!(f, "{}: it would show the subject, which holds PHI", name(*route))
            }
            Self::FileNamesShown { route } => {
                write!(f, "{}: it would show a file name that holds PHI", name(*route))
            }
            Self::MustStay { route } => write!(
                f,
                "{}: it would show a subject or file name that holds PHI and cannot be replaced: the message is signed or broken, or the name stands in a message within it",
                name(*route)
            ),
            Self::MailerUndeclared { route } => write!(
                f,
                "{}: the host's own mailer has no declared assurance",
                name(*route)
            ),
            Self::KeyUnusable {
                route,
                fault: fault @ KeyFault::NoSigningKey,
            } => write!(f, "{}: {fault}", name(*route)),
            Self::KeyUnusable { route, fault } => write!(
                f,
                "{}: the recipient's certificate must not be used: {fault}",
                name(*route)
            ),
            Self::FormChosen {
                route,
                form,
                because,
            } => write!(f, "{} in the form {form}: {because}", name(*route)),
            Self::NoKey { route } => write!(f, "{}: the recipient has no key", name(*route)),
            Self::KeyUnknown { route } => write!(
                f,
                "{}: whether the recipient has a key could not be found out",
                name(*route)
            ),
            Self::KeyTooWeak { route, trust } => write!(
                f,
                "{}: the key is only {trust}, less than required",
                name(*route)
            ),
            Self::KeyChanged { route } => write!(
                f,
                "{}: the key is not the pinned one; pin the new key or remove the old one",
                name(*route)
            ),
            Self::AfterChangedKey { route } => write!(
                f,
                "{}: weaker than the route whose pinned key changed",
                name(*route)
            ),
            Self::FactorUnavailable { factor } => write!(
                f,
                "escrow at {}: the host cannot ask this recipient for such a factor",
                factor.word().to_uppercase()
            ),
            Self::PasscodeBySender => f.write_str(
                "no phone, passphrase or passkey is on file: the sender tells the recipient a passcode by telephone or in person",
            ),
            Self::NothingAcceptable => f.write_str("no acceptable way to send it is left"),
        }
    }
}
