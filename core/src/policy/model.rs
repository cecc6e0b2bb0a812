//! The policy: what each sensitivity requires, the ladder, rules, partners.

use std::fmt;

use crate::base::{
    Domain, FactorLevel, KeyTrust, PartnerIdentity, Phi, Route, Sensitivity, TlsAssurance, crypto,
};

use super::decision::Refusal;
use super::markers;
use super::rules::Rule;

/// The least that is accepted for one sensitivity. `None` means never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// The floor under the message itself.
    pub tls: Option<TlsAssurance>,
    /// What is tried first where it is above `tls`.
    pub tls_preferred: Option<TlsAssurance>,
    /// The floor under a message sealed to a `Verified` key. A `Discovered`
    /// key never counts: nobody vouches for it.
    pub verified_key: Option<TlsAssurance>,
    /// The floor under a message sealed to a `Pinned` key, where it is lower.
    pub pinned_key: Option<TlsAssurance>,
    /// The floor under the notice of an escrowed message by the least factor
    /// of its pickup, P0 to P4.
    pub escrow: [Option<TlsAssurance>; 5],
    /// What becomes of it where nothing is acceptable.
    pub otherwise: Refusal,
}

impl Requirement {
    /// Accepts nothing.
    pub const NOTHING: Self = Self {
        tls: None,
        tls_preferred: None,
        verified_key: None,
        pinned_key: None,
        escrow: [None; 5],
        otherwise: Refusal::Refused,
    };

    /// Accepts TLS from this floor on.
    #[must_use]
    pub const fn tls(mut self, floor: TlsAssurance) -> Self {
        self.tls = Some(floor);
        self
    }

    /// Tries this assurance first.
    #[must_use]
    pub const fn tls_preferred(mut self, assurance: TlsAssurance) -> Self {
        self.tls_preferred = Some(assurance);
        self
    }

    /// Accepts `Verified` and `Pinned` keys over this floor.
    #[must_use]
    pub const fn verified_key(mut self, floor: TlsAssurance) -> Self {
        self.verified_key = Some(floor);
        self
    }

    /// Accepts `Pinned` keys over this floor.
    #[must_use]
    pub const fn pinned_key(mut self, floor: TlsAssurance) -> Self {
        self.pinned_key = Some(floor);
        self
    }

    /// Accepts escrow at this factor or higher, its notice over this floor.
    #[must_use]
    pub const fn escrow(mut self, factor: FactorLevel, notice: TlsAssurance) -> Self {
        self.escrow[factor as usize] = Some(notice);
        self
    }

    /// Drops what cannot be sent, instead of refusing it.
    #[must_use]
    pub const fn or_drop(mut self) -> Self {
        self.otherwise = Refusal::Dropped;
        self
    }

    /// The floor under a message sealed to a key of this trust.
    pub(crate) fn sealed(&self, trust: KeyTrust) -> Option<TlsAssurance> {
        match trust {
            KeyTrust::Discovered => None,
            KeyTrust::Verified => self.verified_key,
            KeyTrust::Pinned => lower(self.verified_key, self.pinned_key),
        }
    }

    /// The floor under the notice of an escrowed message at this factor.
    pub(super) fn notice(&self, factor: FactorLevel) -> Option<TlsAssurance> {
        FactorLevel::ALL
            .iter()
            .zip(self.escrow)
            .filter(|(level, _)| **level <= factor)
            .fold(None, |least, (_, floor)| lower(least, floor))
    }

    /// The same for a message of this sensitivity. At P1 escrow is worth what
    /// its notice's transport is worth: for PHI that is what TLS itself would
    /// need.
    pub(super) fn notice_of(
        &self,
        sensitivity: Sensitivity,
        factor: FactorLevel,
    ) -> Option<TlsAssurance> {
        let floor = self.notice(factor)?;
        if factor < FactorLevel::P2 && sensitivity > Sensitivity::None {
            self.tls.map(|tls| tls.max(floor))
        } else {
            Some(floor)
        }
    }

    /// What both requirements accept.
    pub(super) fn join(&self, other: &Self) -> Self {
        let mut escrow = [None; 5];
        for (&level, floor) in FactorLevel::ALL.iter().zip(&mut escrow) {
            *floor = both(self.notice(level), other.notice(level));
        }
        Self {
            tls: both(self.tls, other.tls),
            tls_preferred: self.tls_preferred.max(other.tls_preferred),
            verified_key: both(self.verified_key, other.verified_key),
            pinned_key: both(
                self.sealed(KeyTrust::Pinned),
                other.sealed(KeyTrust::Pinned),
            ),
            escrow,
            otherwise: self.otherwise.max(other.otherwise),
        }
    }
}

/// The higher floor; never, where one of them says never.
fn both(a: Option<TlsAssurance>, b: Option<TlsAssurance>) -> Option<TlsAssurance> {
    a.zip(b).map(|(a, b)| a.max(b))
}

/// The lower floor; never, where both say never.
fn lower(a: Option<TlsAssurance>, b: Option<TlsAssurance>) -> Option<TlsAssurance> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A domain whose TLS identity is agreed. Wherever identity is asked for, from
/// `Authenticated` on, its hosts are held to that one, which is worth
/// `Anchored`; below that any certificate will do, as for others.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partner {
    /// The domain, not the names below it.
    pub domain: Domain,
    /// How its hosts are known.
    pub identity: PartnerIdentity,
}

impl Partner {
    /// A partner.
    pub fn new(domain: Domain, identity: PartnerIdentity) -> Self {
        Self { domain, identity }
    }
}

impl fmt::Debug for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Partner(***)")
    }
}

/// What becomes of PHI in a subject or a file name on a route that shows them
/// to who carries the message and to who sees a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Guard {
    /// They are as protected as the route is: hidden where it seals the
    /// message, shown where it does not.
    Protect,
    /// A neutral one is shown in their place, and the own ones stand inside.
    /// A message that must stay as it is does not take the route.
    Neutral,
    /// The message does not take the route.
    Refuse,
}

impl Guard {
    /// `protect`, `neutral` or `refuse`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Protect => "protect",
            Self::Neutral => "neutral",
            Self::Refuse => "refuse",
        }
    }
}

/// What is accepted, by sensitivity; in which order; and what raises it.
///
/// What a sensitivity requires is joined with what the lower ones require, so
/// that more sensitive content is never protected less.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    pub(super) name: String,
    pub(super) rows: [Requirement; 3],
    pub(super) no_findings: Sensitivity,
    pub(super) ladder: Vec<Route>,
    pub(super) waivers: bool,
    pub(super) subject: Guard,
    pub(super) file_names: Guard,
    pub(super) rules: Vec<Rule>,
    pub(super) partners: Vec<Partner>,
}

impl Policy {
    /// A policy that accepts nothing: the start for one of your own.
    pub fn custom(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            rows: [Requirement::NOTHING; 3],
            no_findings: Sensitivity::Phi,
            ladder: Route::ALL.to_vec(),
            waivers: true,
            subject: Guard::Neutral,
            file_names: Guard::Neutral,
            rules: Vec::new(),
            partners: Vec::new(),
        }
    }

    /// The default for those under HIPAA: PHI over authenticated TLS, sealed
    /// to a verified key, or escrowed.
    pub fn hipaa() -> Self {
        use TlsAssurance::{Authenticated, Encrypted, Opportunistic};
        let sealed = Requirement::NOTHING
            .verified_key(Opportunistic)
            .escrow(FactorLevel::P2, Opportunistic);
        Self::custom("hipaa")
            .no_findings(Sensitivity::None)
            .require(
                Sensitivity::None,
                sealed
                    .tls(Opportunistic)
                    .tls_preferred(Encrypted)
                    .escrow(FactorLevel::P1, Opportunistic),
            )
            .require(
                Sensitivity::Phi,
                sealed
                    .tls(Authenticated)
                    .escrow(FactorLevel::P1, Authenticated),
            )
            .require(Sensitivity::Sensitive, sealed)
    }

    /// Stricter than [`hipaa`](Self::hipaa): PHI over anchored TLS only, and
    /// sealed mail over encrypted connections only.
    pub fn strict() -> Self {
        use TlsAssurance::{Anchored, Authenticated, Encrypted, Opportunistic};
        Self::custom("strict")
            .no_findings(Sensitivity::None)
            .require(
                Sensitivity::None,
                Requirement::NOTHING
                    .tls(Encrypted)
                    .verified_key(Encrypted)
                    .escrow(FactorLevel::P1, Opportunistic),
            )
            .require(
                Sensitivity::Phi,
                Requirement::NOTHING
                    .tls(Anchored)
                    .verified_key(Encrypted)
                    .escrow(FactorLevel::P2, Opportunistic),
            )
            .require(
                Sensitivity::Sensitive,
                Requirement::NOTHING
                    .verified_key(Authenticated)
                    .pinned_key(Encrypted)
                    .escrow(FactorLevel::P3, Opportunistic),
            )
    }

    /// TLS or nothing: for senders without keys and without a portal.
    pub fn tls_exclusive() -> Self {
        Self::custom("tls_exclusive")
            .no_findings(Sensitivity::None)
            .require(
                Sensitivity::None,
                Requirement::NOTHING.tls(TlsAssurance::Encrypted).or_drop(),
            )
            .require(
                Sensitivity::Phi,
                Requirement::NOTHING
                    .tls(TlsAssurance::Authenticated)
                    .or_drop(),
            )
    }

    /// With another requirement for one sensitivity.
    #[must_use]
    pub fn require(mut self, sensitivity: Sensitivity, requirement: Requirement) -> Self {
        self.rows[sensitivity as usize] = requirement;
        self
    }

    /// With another order of the routes. Routes that are left out are never
    /// used; a route given twice keeps its first place.
    #[must_use]
    pub fn ladder(mut self, routes: impl IntoIterator<Item = Route>) -> Self {
        self.ladder.clear();
        for route in routes {
            if !self.ladder.contains(&route) {
                self.ladder.push(route);
            }
        }
        self
    }

    /// What a message is taken for that the scanner judged, and in which it
    /// found nothing. The presets say `None`, `custom` says `Phi`; `Sensitive`
    /// is taken as given. It counts only where the scanner gave a verdict
    /// ([`Findings::risk`](crate::dlp::Findings::risk)): that a scanner of
    /// single findings has none shows nothing, and PHI is presumed.
    #[must_use]
    pub fn no_findings(mut self, sensitivity: Sensitivity) -> Self {
        self.no_findings = sensitivity;
        self
    }

    /// Whether waivers are honoured.
    #[must_use]
    pub fn waivers(mut self, honoured: bool) -> Self {
        self.waivers = honoured;
        self
    }

    /// What becomes of PHI in the subject where a route would show it. The
    /// presets and `custom` say [`Guard::Neutral`].
    #[must_use]
    pub fn subject(mut self, guard: Guard) -> Self {
        self.subject = guard;
        self
    }

    /// What becomes of PHI in the names of attachments, likewise.
    #[must_use]
    pub fn file_names(mut self, guard: Guard) -> Self {
        self.file_names = guard;
        self
    }

    /// With one more rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// With one more partner. The first of a domain counts.
    #[must_use]
    pub fn partner(mut self, partner: Partner) -> Self {
        self.partners.push(partner);
        self
    }

    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules, in the order in which reasons count them from 1.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The TLS identity agreed with a domain, for the delivery to check.
    pub fn partner_identity(&self, domain: &Domain) -> Option<&PartnerIdentity> {
        self.partners
            .iter()
            .find(|partner| partner.domain == *domain)
            .map(|partner| &partner.identity)
    }

    /// What is accepted for a sensitivity, joined with the lower ones'.
    pub fn requirement(&self, sensitivity: Sensitivity) -> Requirement {
        let [first, rest @ ..] = &self.rows;
        rest.iter()
            .take(sensitivity as usize)
            .fold(*first, |joined, row| joined.join(row))
    }

    /// The floor under a mail with a pickup code. Such a code is P1, which is
    /// worth what its connection is: so it is what P1 asks of the notice, the
    /// highest of what the sensitivities ask, since a code is sent long after
    /// the message was judged. TLS where none of them knows P1.
    #[cfg_attr(not(feature = "portal"), allow(dead_code))]
    pub(crate) fn code_floor(&self) -> TlsAssurance {
        let all = [Sensitivity::None, Sensitivity::Phi, Sensitivity::Sensitive];
        all.into_iter()
            .filter_map(|s| self.requirement(s).notice_of(s, FactorLevel::P1))
            .max()
            .unwrap_or(TlsAssurance::Encrypted)
    }

    /// The markers that the rules know.
    pub fn markers(&self) -> impl Iterator<Item = &str> {
        self.rules
            .iter()
            .flat_map(|rule| rule.markers.iter().map(String::as_str))
    }

    /// Finds the rules' markers in a subject and takes them out of it, with the sign that parts one from what follows (`[secure]: lunch`).
    /// Small and capital letters are the same, and so are blanks. A marker that
    /// begins or ends with a letter or digit has none beside it. Where there are
    /// some, any other blank becomes a space; else the subject stays as it is.
    pub fn take_markers(&self, subject: &str) -> MarkedSubject {
        let (markers, subject) = markers::take(self.markers(), subject);
        MarkedSubject {
            subject: Phi::new(subject),
            markers,
        }
    }

    /// SHA-256 of the policy's canonical text ([`to_toml`](Self::to_toml)):
    /// two policies with the same fingerprint decide alike.
    pub fn fingerprint(&self) -> [u8; 32] {
        crypto::sha256_parts(&[b"mailseal policy 1\n", self.to_toml().as_bytes()])
    }
}

/// A subject without its markers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarkedSubject {
    /// The subject to send.
    pub subject: Phi<String>,
    /// The markers that stood in it, in normal form.
    pub markers: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_over_what_the_most_sensitive_p1_asks() {
        use TlsAssurance::{Anchored, Authenticated, Encrypted, Opportunistic};
        let p1 = |floor| Requirement::NOTHING.escrow(FactorLevel::P1, floor);
        let harmless = Policy::custom("x").require(Sensitivity::None, p1(Encrypted));
        let phi = |row| harmless.clone().require(Sensitivity::Phi, row);
        for (policy, floor) in [
            (Policy::hipaa(), Authenticated),
            // P1 is for what needs no protection there.
            (Policy::strict(), Opportunistic),
            (Policy::tls_exclusive(), Encrypted),
            (Policy::custom("nothing"), Encrypted),
            (harmless.clone(), Encrypted),
            (phi(p1(Anchored)), Encrypted),
            (
                harmless
                    .clone()
                    .require(Sensitivity::None, p1(Encrypted).tls(Opportunistic))
                    .require(Sensitivity::Phi, p1(Opportunistic).tls(Anchored)),
                Anchored,
            ),
        ] {
            assert_eq!(policy.code_floor(), floor, "{}", policy.name);
        }
    }
}
