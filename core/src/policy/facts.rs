//! What goes in: what is known of the content, the recipient and the way.

use std::collections::HashMap;
use std::fmt;

use crate::base::{
    Address, Fact, FactorLevel, Form, FormReason, KeyFault, KeyTrust, NextHop, Route, Sensitivity,
    TlsAssurance, crypto,
};
use crate::discover::{Capabilities, HostCapability, StsMode};
use crate::dlp::{
    Category, Confidence, Finding, FindingClass, FindingKind, Findings, MisaddressedWhy, Part,
};

use super::waiver::WaiverFact;

/// All that a decision about one recipient rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// Of the message.
    pub content: ContentFacts,
    /// Of the recipient.
    pub recipient: RecipientFacts,
    /// Of the host and the way.
    pub context: ContextFacts,
}

impl Facts {
    /// Puts the three together.
    pub fn new(content: ContentFacts, recipient: RecipientFacts, context: ContextFacts) -> Self {
        Self {
            content,
            recipient,
            context,
        }
    }
}

/// One finding as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FindingFact {
    /// What it is.
    pub kind: FindingKind,
    /// The specially protected category it belongs to.
    pub category: Option<Category>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Findings with the same number are one value that stands in the message
    /// more than once; without a number it is a value of its own.
    pub value: Option<u32>,
}

impl FindingFact {
    /// A finding of a value of its own.
    pub const fn new(
        kind: FindingKind,
        category: Option<Category>,
        confidence: Confidence,
    ) -> Self {
        Self {
            kind,
            category,
            confidence,
            value: None,
        }
    }

    /// With the number of its value.
    #[must_use]
    pub const fn with_value(mut self, value: u32) -> Self {
        self.value = Some(value);
        self
    }
}

/// The findings with their values numbered. A text and its HTML say the same
/// twice: a value counts once, however it is written.
fn numbered(findings: &Findings) -> Vec<FindingFact> {
    let mut numbers: HashMap<(FindingKind, [u8; 32]), u32> = HashMap::new();
    let number = |finding: &Finding| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let digest = crypto::sha256(finding.bare().expose().as_bytes());
        let value = *numbers.entry((finding.kind, digest)).or_insert(next);
        FindingFact::new(finding.kind, finding.category, finding.confidence).with_value(value)
    };
    findings.items.iter().map(number).collect()
}

/// What is known of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContentFacts {
    /// The findings, for rules.
    pub findings: Vec<FindingFact>,
    /// The protected categories that the scanner's verdict names, whatever
    /// single findings say: a therapist's "see you Thursday" holds none.
    pub categories: Vec<Category>,
    /// The sensitivity that the scanner found: by its verdict on the message,
    /// or by its findings. `None` where it gives no verdict and there are none.
    pub found: Option<Sensitivity>,
    /// Whether a part could not be scanned.
    pub unscannable: bool,
    /// Whether a part has more findings than are read, so that nobody knows
    /// what else it holds.
    pub too_many_findings: bool,
    /// What the host declared.
    pub declared: Option<Sensitivity>,
    /// The host asserted that there is no PHI. It lifts what is presumed of a
    /// message without findings, and overrules no evidence.
    pub no_phi_asserted: bool,
    /// Whether other people than the recipient are named. Only a scanner that
    /// knows names, or the host, can refute it.
    pub other_people: Fact<()>,
    /// The markers on the message: subject keywords and flags of the API, in
    /// the form of [`normal_marker`](super::normal_marker).
    pub markers: Vec<String>,
    /// Whether the subject holds PHI, or hides what it holds.
    pub subject_tells: bool,
    /// Whether the name of an attachment does.
    pub file_name_tells: bool,
    /// Whether the subject cannot be replaced: the message is signed or broken.
    pub subject_fixed: bool,
    /// Whether a file name that tells something cannot be: for the same
    /// reasons, or because it is one in a message within.
    pub file_names_fixed: bool,
}

impl Default for ContentFacts {
    /// A message that nobody scanned and of which nothing is known.
    fn default() -> Self {
        Self {
            findings: Vec::new(),
            categories: Vec::new(),
            found: None,
            unscannable: false,
            too_many_findings: false,
            declared: None,
            no_phi_asserted: false,
            other_people: Fact::Unknown,
            markers: Vec::new(),
            subject_tells: false,
            file_name_tells: false,
            subject_fixed: false,
            file_names_fixed: false,
        }
    }
}

/// Those of the parts asked for that hold an identifier or health content, or
/// could not be read, once for each finding. Who cares for somebody says so too,
/// where the name shows it, or where the message is of a protected category.
pub(crate) fn telling<'f>(
    findings: &'f Findings,
    asked: impl Fn(Part) -> bool + Copy + 'f,
) -> impl Iterator<Item = Part> + 'f {
    let by_verdict = findings.risk.as_ref().map(|risk| &risk.categories);
    let protected = by_verdict.is_some_and(|categories| !categories.is_empty())
        || findings.items.iter().any(|f| f.category.is_some());
    let tells = move |f: &&Finding| match f.kind {
        FindingKind::Facility | FindingKind::Provider => protected || f.shows_care(),
        kind => kind.class() != FindingClass::Context,
    };
    let items = findings.items.iter().filter(move |f| asked(f.part));
    let unread = findings.unscannable.iter().map(|u| u.part);
    let found = items.filter(tells).map(|f| f.part);
    found.chain(unread.filter(move |part| asked(*part)))
}

impl ContentFacts {
    /// The facts of a message of which some parts are shown as the subject is,
    /// or a file's name: `shown` says as which part each is.
    pub(crate) fn shown(findings: &Findings, shown: impl Fn(Part) -> Part + Copy) -> Self {
        let is_name = |part| matches!(shown(part), Part::AttachmentName(_));
        Self {
            subject_tells: telling(findings, |part| shown(part) == Part::Subject)
                .next()
                .is_some(),
            file_name_tells: telling(findings, is_name).next().is_some(),
            ..Self::from_findings(findings)
        }
    }

    fn from_findings(findings: &Findings) -> Self {
        let names = findings.items.iter().any(|f| f.kind == FindingKind::Name);
        Self {
            findings: numbered(findings),
            categories: findings
                .risk
                .as_ref()
                .map_or_else(Vec::new, |risk| risk.categories.clone()),
            found: findings.sensitivity(),
            unscannable: !findings.unscannable.is_empty(),
            too_many_findings: findings
                .unscannable
                .iter()
                .any(|u| u.why == "too_many_findings"),
            // A name may be the recipient's own: only that no name at all was
            // found, by a scanner that looks for them, shows anything.
            other_people: if findings.knows_names && !names {
                Fact::Refuted
            } else {
                Fact::Unknown
            },
            ..Self::default()
        }
    }
}

impl From<&Findings> for ContentFacts {
    fn from(findings: &Findings) -> Self {
        Self::shown(findings, |part| part)
    }
}

/// What the facts say of the way to the recipient's mail hosts. Hints: each is
/// proved again on the wire before anything leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TransportFacts {
    /// TLS 1.2 or newer with any certificate.
    pub encrypted: Fact<()>,
    /// A certificate valid for the host's name.
    pub authenticated: Fact<()>,
    /// The domain itself vouches for the host.
    pub anchored: Fact<()>,
    /// The floor that the domain publishes (MTA-STS in enforce mode).
    pub published: Fact<TlsAssurance>,
}

impl TransportFacts {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        encrypted: Fact::Unknown,
        authenticated: Fact::Unknown,
        anchored: Fact::Unknown,
        published: Fact::Unknown,
    };

    /// Proven up to a level, refuted above it; nothing is published.
    pub const fn exactly(level: TlsAssurance) -> Self {
        const fn reaches(level: TlsAssurance, wanted: TlsAssurance) -> Fact<()> {
            if level as u8 >= wanted as u8 {
                Fact::Proven(())
            } else {
                Fact::Refuted
            }
        }
        Self {
            encrypted: reaches(level, TlsAssurance::Encrypted),
            authenticated: reaches(level, TlsAssurance::Authenticated),
            anchored: reaches(level, TlsAssurance::Anchored),
            published: Fact::Refuted,
        }
    }

    /// Whether a level is met: proven where it or a higher one is, refuted
    /// where it or a lower one is. `Opportunistic` always is.
    pub fn meets(&self, level: TlsAssurance) -> Fact<()> {
        let ladder = [
            (TlsAssurance::Encrypted, self.encrypted),
            (TlsAssurance::Authenticated, self.authenticated),
            (TlsAssurance::Anchored, self.anchored),
        ];
        let higher = |&(l, fact): &(TlsAssurance, Fact<()>)| l >= level && fact.is_proven();
        let lower = |&(l, fact): &(TlsAssurance, Fact<()>)| l <= level && fact == Fact::Refuted;
        if level == TlsAssurance::Opportunistic || ladder.iter().any(higher) {
            Fact::Proven(())
        } else if ladder.iter().any(lower) {
            Fact::Refuted
        } else {
            Fact::Unknown
        }
    }
}

impl From<&Capabilities> for TransportFacts {
    /// A level is proven where one host that may take the mail meets it, and
    /// refuted only where all of them fail it: the mail goes to any of them,
    /// and the session holds each to the floor.
    fn from(capabilities: &Capabilities) -> Self {
        let sts = &capabilities.sts;
        let enforced = sts.proven().filter(|p| p.mode == StsMode::Enforce);
        let published = match sts {
            Fact::Proven(p) if p.mode == StsMode::Enforce => Fact::Proven(TlsAssurance::Anchored),
            Fact::Proven(_) | Fact::Refuted => Fact::Refuted,
            Fact::Unknown => Fact::Unknown,
        };
        let Some(hosts) = capabilities.hosts.proven().filter(|h| !h.is_empty()) else {
            return Self {
                published,
                ..Self::UNKNOWN
            };
        };
        let eligible: Vec<&HostCapability> = hosts
            .iter()
            .filter(|h| enforced.is_none_or(|policy| policy.matches(&h.mx.host)))
            .collect();
        let level = |wanted: TlsAssurance| {
            let facts: Vec<Fact<()>> = eligible
                .iter()
                .map(|host| host_meets(host, wanted, enforced.is_some(), sts.is_unknown()))
                .collect();
            if facts.iter().any(Fact::is_proven) {
                Fact::Proven(())
            } else if facts.iter().any(Fact::is_unknown) {
                Fact::Unknown
            } else {
                Fact::Refuted
            }
        };
        Self {
            encrypted: level(TlsAssurance::Encrypted),
            authenticated: level(TlsAssurance::Authenticated),
            anchored: level(TlsAssurance::Anchored),
            published,
        }
    }
}

/// Whether one host, which the domain's policy allows, meets a level.
fn host_meets(
    host: &HostCapability,
    wanted: TlsAssurance,
    enforced: bool,
    sts_unknown: bool,
) -> Fact<()> {
    let seen = match &host.tls {
        Fact::Proven(seen) => seen.evidence.identity.assurance(),
        Fact::Refuted => return Fact::Refuted,
        Fact::Unknown => return Fact::Unknown,
    };
    let valid = seen >= TlsAssurance::Authenticated;
    // A valid certificate of a host that the enforced policy names is what
    // RFC 8461 section 4.1 asks for.
    let reached = if valid && enforced {
        TlsAssurance::Anchored
    } else {
        seen
    };
    if reached >= wanted {
        Fact::Proven(())
    } else if valid && sts_unknown {
        Fact::Unknown
    } else {
        Fact::Refuted
    }
}

/// What is known of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipientFacts {
    /// The address, for rules and partners. No reason repeats it.
    pub address: Address,
    /// Whether the domain takes mail at all (a null MX refutes it).
    pub takes_mail: Fact<()>,
    /// What the way to its hosts is worth.
    pub transport: TransportFacts,
    /// The best OpenPGP certificate. `Refuted`: there is none.
    pub pgp: Fact<KeyTrust>,
    /// A certificate other than the pinned one turned up.
    pub pgp_changed: bool,
    /// Why the certificate that is there must not be used, where none may.
    pub pgp_fault: Option<KeyFault>,
    /// The form in which a message would be sealed, and why in that one.
    pub pgp_form: Option<(Form, FormReason)>,
    /// The best S/MIME certificate. `Refuted`: there is none.
    pub smime: Fact<KeyTrust>,
    /// A certificate other than the pinned one turned up.
    pub smime_changed: bool,
    /// As [`Self::pgp_fault`].
    pub smime_fault: Option<KeyFault>,
    /// As [`Self::pgp_form`].
    pub smime_form: Option<(Form, FormReason)>,
    /// The highest factor that the host can ask this recipient for: phone or
    /// passphrase P2, TOTP or single sign-on P3, passkey P4. Without one a
    /// passcode told by the sender gives P2.
    pub factor_available: Option<FactorLevel>,
    /// Whether the message has other recipients too.
    pub other_recipients: bool,
    /// What is known of a waiver.
    pub waiver: WaiverFact,
    /// Why the recipient looks like the wrong one, if so.
    pub misaddressed: Option<MisaddressedWhy>,
    /// The host vouches that this recipient is meant.
    pub confirmed: bool,
}

/// What is known of a recipient's key for one route.
pub(super) struct KeyFacts {
    pub(super) trust: Fact<KeyTrust>,
    pub(super) changed: bool,
    pub(super) fault: Option<KeyFault>,
    pub(super) form: Option<(Form, FormReason)>,
}

impl RecipientFacts {
    /// The facts of the key for OpenPGP, or else S/MIME.
    pub(super) fn key(&self, route: Route) -> KeyFacts {
        let (trust, changed, fault, form) = match route {
            Route::Pgp => (self.pgp, self.pgp_changed, self.pgp_fault, self.pgp_form),
            _ => (
                self.smime,
                self.smime_changed,
                self.smime_fault,
                self.smime_form,
            ),
        };
        KeyFacts {
            trust,
            changed,
            fault,
            form,
        }
    }

    /// A recipient of whom nothing is known.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            takes_mail: Fact::Unknown,
            transport: TransportFacts::UNKNOWN,
            pgp: Fact::Unknown,
            pgp_changed: false,
            pgp_fault: None,
            pgp_form: None,
            smime: Fact::Unknown,
            smime_changed: false,
            smime_fault: None,
            smime_form: None,
            factor_available: None,
            other_recipients: false,
            waiver: WaiverFact::Absent,
            misaddressed: None,
            confirmed: false,
        }
    }

    /// With what discovery learnt of the domain.
    #[must_use]
    pub fn discovered(mut self, capabilities: &Capabilities) -> Self {
        self.takes_mail = capabilities.hosts.as_ref().map(|_| ());
        self.transport = TransportFacts::from(capabilities);
        self
    }
}

/// The way from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Onward {
    /// The session speaks to the recipient's own hosts.
    Mx,
    /// A relay takes the mail; what lies behind it is only declared.
    Relay {
        /// What the relay's operator declares.
        onward: TlsAssurance,
        /// Whether the relay offers REQUIRETLS (RFC 8689), under which it may
        /// hand the message on to authenticated hosts only.
        requiretls: bool,
    },
    /// The host's own mailer takes the sealed message.
    Mailer {
        /// What the host declares of it; without it only end-to-end routes
        /// are given out.
        declared: Option<TlsAssurance>,
    },
}

impl From<NextHop> for Onward {
    fn from(hop: NextHop) -> Self {
        match hop {
            NextHop::Mx => Self::Mx,
            NextHop::Relay { onward, requiretls } => Self::Relay { onward, requiretls },
        }
    }
}

/// What is known of the host and the way.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContextFacts {
    /// The way from here.
    pub onward: Onward,
    /// Whether the build has the OpenPGP seal.
    pub pgp_built: bool,
    /// Whether the build has the S/MIME seal.
    pub smime_built: bool,
    /// Whether the OpenPGP seal leaves the subject in clear.
    pub pgp_shows: bool,
    /// Whether the S/MIME seal does.
    pub smime_shows: bool,
    /// Whether the host runs a pickup portal.
    pub escrow_configured: bool,
    /// The sender, for rules.
    pub sender: Option<Address>,
    /// The host's word for whom the message addresses (`patient`, `payer`).
    pub audience: Option<String>,
    /// Whether a person released the message after a rule held it.
    pub approved: bool,
}

// The audience is the host's word, and may say more than it should.
impl fmt::Debug for ContextFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextFacts")
            .field("onward", &self.onward)
            .field("pgp_built", &self.pgp_built)
            .field("smime_built", &self.smime_built)
            .field("escrow_configured", &self.escrow_configured)
            .field("approved", &self.approved)
            .finish_non_exhaustive()
    }
}

impl Default for ContextFacts {
    /// Direct delivery, with nothing but TLS built.
    fn default() -> Self {
        Self {
            onward: Onward::Mx,
            pgp_built: false,
            smime_built: false,
            pgp_shows: false,
            smime_shows: false,
            escrow_configured: false,
            sender: None,
            audience: None,
            approved: false,
        }
    }
}
