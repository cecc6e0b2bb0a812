//! Rules: what they match, and what they raise.

use std::collections::HashSet;
use std::fmt;

use crate::base::{Address, Domain, FactorLevel, Route, Sensitivity, TlsAssurance};
use crate::dlp::{Category, Confidence, FindingKind};

use super::decision::Reason;
use super::facts::{ContentFacts, Facts};
use super::markers::normal_marker;

/// The scanner reads so many findings of a part: no count above it is one.
pub(super) const MAX_COUNT: u32 = 10_000;

/// What a rule with an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Keep it until a person approves.
    Hold,
    /// Never send it.
    Refuse,
}

/// One rule. Conditions of different kinds must all hold; within one kind any
/// value will do; a rule without conditions matches every message. Effects
/// only raise, and those of several rules join to the stronger.
///
/// ```
/// use mailseal::policy::{Policy, Rule};
/// let policy = Policy::hipaa().rule(Rule::new("asked for").marker("[secure]").end_to_end());
/// # assert_eq!(policy.markers().collect::<Vec<_>>(), ["[secure]"]);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rule {
    /// A name for people; never part of a reason.
    pub name: String,
    /// Recipients, compared without regard to case.
    pub recipients: Vec<Address>,
    /// Recipients' domains, with the names below them.
    pub domains: Vec<Domain>,
    /// Senders, compared without regard to case.
    pub senders: Vec<Address>,
    /// Senders' domains, with the names below them.
    pub sender_domains: Vec<Domain>,
    /// Audiences, as the host words them.
    pub audiences: Vec<String>,
    /// Kinds of finding.
    pub kinds: Vec<FindingKind>,
    /// Categories of finding.
    pub categories: Vec<Category>,
    /// The least confidence of a finding.
    pub confidence: Option<Confidence>,
    /// How many different findings must meet all three, at the least; at most
    /// 10,000.
    pub count: Option<u32>,
    /// Whether a part must be one that could not be scanned.
    pub unscannable: bool,
    /// Markers, in normal form.
    pub markers: Vec<String>,
    /// Raises the sensitivity to this.
    pub sensitivity: Option<Sensitivity>,
    /// Raises the transport floor of every rung to this.
    pub transport: Option<TlsAssurance>,
    /// Raises the factor floor of escrow to this.
    pub factor: Option<FactorLevel>,
    /// Accepts end-to-end rungs only.
    pub end_to_end: bool,
    /// Accepts this sealed route only; implies `end_to_end`. `Tls` has no
    /// effect: rules only raise.
    pub redirect: Option<Route>,
    /// Holds or refuses.
    pub action: Option<Action>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule(***)")
    }
}

impl Rule {
    /// A rule that matches everything and does nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Matches this recipient.
    #[must_use]
    pub fn recipient(mut self, address: Address) -> Self {
        self.recipients.push(address);
        self
    }

    /// Matches recipients of this domain and below.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domains.push(domain);
        self
    }

    /// Matches this sender.
    #[must_use]
    pub fn sender(mut self, address: Address) -> Self {
        self.senders.push(address);
        self
    }

    /// Matches senders of this domain and below.
    #[must_use]
    pub fn sender_domain(mut self, domain: Domain) -> Self {
        self.sender_domains.push(domain);
        self
    }

    /// Matches this audience.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Matches messages with a finding of this kind.
    #[must_use]
    pub fn kind(mut self, kind: FindingKind) -> Self {
        self.kinds.push(kind);
        self
    }

    /// Matches messages with a finding of this category.
    #[must_use]
    pub fn category(mut self, category: Category) -> Self {
        self.categories.push(category);
        self
    }

    /// Matches messages with a finding at least this sure.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = Some(confidence);
        self
    }

    /// Matches messages with at least this many findings of the kinds,
    /// categories and confidence that the rule names, or of any. A value that
    /// stands in the message twice counts once. 0 is taken for 1, and more than
    /// 10,000 for 10,000: no more are read of a part.
    ///
    /// Where a part has more, nobody knows what they are: all conditions on
    /// findings hold.
    ///
    /// ```
    /// use mailseal::base::Route;
    /// use mailseal::dlp::FindingKind;
    /// use mailseal::policy::Rule;
    /// // A list of patients leaves by the portal only.
    /// let list = Rule::new("lists")
    ///     .kind(FindingKind::Mrn)
    ///     .kind(FindingKind::Ssn)
    ///     .at_least(10)
    ///     .redirect(Route::Escrow);
    /// # assert_eq!(list.count, Some(10));
    /// ```
    #[must_use]
    pub fn at_least(mut self, findings: u32) -> Self {
        self.count = self.count.max(Some(findings.clamp(1, MAX_COUNT)));
        self
    }

    /// Matches messages with a part that could not be scanned, in which no rule
    /// on findings sees anything.
    #[must_use]
    pub fn unscannable(mut self) -> Self {
        self.unscannable = true;
        self
    }

    /// Matches messages with this marker: a keyword in the subject, with no
    /// letter or digit beside its own, or an API flag.
    #[must_use]
    pub fn marker(mut self, marker: &str) -> Self {
        self.markers.push(normal_marker(marker));
        self
    }

    /// Raises the sensitivity.
    #[must_use]
    pub fn raise_sensitivity(mut self, to: Sensitivity) -> Self {
        self.sensitivity = self.sensitivity.max(Some(to));
        self
    }

    /// Raises the transport floor of every rung: with a sealed route this is
    /// double encryption.
    #[must_use]
    pub fn raise_transport(mut self, to: TlsAssurance) -> Self {
        self.transport = self.transport.max(Some(to));
        self
    }

    /// Raises the factor floor of escrow.
    #[must_use]
    pub fn raise_factor(mut self, to: FactorLevel) -> Self {
        self.factor = self.factor.max(Some(to));
        self
    }

    /// Accepts end-to-end rungs only.
    #[must_use]
    pub fn end_to_end(mut self) -> Self {
        self.end_to_end = true;
        self
    }

    /// Sends by this sealed route only.
    #[must_use]
    pub fn redirect(mut self, route: Route) -> Self {
        self.redirect = self.redirect.max(Some(route));
        self
    }

    /// Holds for review.
    #[must_use]
    pub fn hold(mut self) -> Self {
        self.action = self.action.max(Some(Action::Hold));
        self
    }

    /// Refuses.
    #[must_use]
    pub fn refuse(mut self) -> Self {
        self.action = Some(Action::Refuse);
        self
    }

    fn matches(&self, facts: &Facts) -> bool {
        let recipient = &facts.recipient.address;
        let sender = facts.context.sender.as_ref();
        any_or_empty(&self.recipients, |a| a.canonical() == recipient.canonical())
            && any_or_empty(&self.domains, |d| recipient.domain().is_within(d))
            && self.matches_sender(sender)
            && any_or_empty(&self.audiences, |a| {
                facts.context.audience.as_ref() == Some(a)
            })
            && any_or_empty(&self.markers, |m| facts.content.markers.contains(m))
            && (!self.unscannable || facts.content.unscannable)
            && self.matches_findings(&facts.content)
    }

    /// Senders and senders' domains are one kind of condition.
    fn matches_sender(&self, sender: Option<&Address>) -> bool {
        if self.senders.is_empty() && self.sender_domains.is_empty() {
            return true;
        }
        sender.is_some_and(|sender| {
            self.senders
                .iter()
                .any(|a| a.canonical() == sender.canonical())
                || self
                    .sender_domains
                    .iter()
                    .any(|d| sender.domain().is_within(d))
        })
    }

    /// One and the same finding must meet kind, category and confidence, and
    /// there must be enough of such findings. A category that the verdict names
    /// meets a rule that asks for no more than a category, once. Where findings
    /// were left out it cannot be told, and effects only raise.
    fn matches_findings(&self, content: &ContentFacts) -> bool {
        if self.kinds.is_empty()
            && self.categories.is_empty()
            && self.confidence.is_none()
            && self.count.is_none()
        {
            return true;
        }
        let count = self.count.unwrap_or(1).clamp(1, MAX_COUNT);
        let of_message = |c: &Category| content.categories.contains(c);
        let by_message = self.kinds.is_empty() && count == 1;
        if content.too_many_findings || by_message && self.categories.iter().any(of_message) {
            return true;
        }
        let mut seen = HashSet::new();
        let matching = content
            .findings
            .iter()
            .filter(|finding| {
                any_or_empty(&self.kinds, |&kind| kind == finding.kind)
                    && any_or_empty(&self.categories, |&c| Some(c) == finding.category)
                    && Some(finding.confidence) >= self.confidence
            })
            // The same value once more counts no more.
            .filter(|finding| finding.value.is_none_or(|value| seen.insert(value)))
            .count();
        u32::try_from(matching).unwrap_or(u32::MAX) >= count
    }

    fn raises(&self) -> bool {
        self.sensitivity > Some(Sensitivity::None)
            || self.transport > Some(TlsAssurance::Opportunistic)
            || self.factor > Some(FactorLevel::P0)
            || self.end_to_end
    }
}

fn any_or_empty<T>(list: &[T], matches: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(matches)
}

/// What all matching rules ask together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raised {
    pub(super) sensitivity: Sensitivity,
    pub(super) transport: TlsAssurance,
    pub(super) factor: FactorLevel,
    pub(super) end_to_end: bool,
    pub(super) redirect: Option<Route>,
    pub(super) action: Option<Action>,
}

/// Joins the matching rules to the stronger of each effect.
pub(super) fn join(rules: &[Rule], facts: &Facts, why: &mut Vec<Reason>) -> Raised {
    let mut raised = Raised {
        sensitivity: Sensitivity::None,
        transport: TlsAssurance::Opportunistic,
        factor: FactorLevel::P0,
        end_to_end: false,
        redirect: None,
        action: None,
    };
    for (number, rule) in (1..).zip(rules).filter(|(_, rule)| rule.matches(facts)) {
        if rule.raises() {
            why.push(Reason::RuleRaised { rule: number });
        }
        raised.sensitivity = raised
            .sensitivity
            .max(rule.sensitivity.unwrap_or(Sensitivity::None));
        raised.transport = raised
            .transport
            .max(rule.transport.unwrap_or(TlsAssurance::Opportunistic));
        raised.factor = raised.factor.max(rule.factor.unwrap_or(FactorLevel::P0));
        raised.end_to_end |= rule.end_to_end;
        if let Some(route) = rule.redirect.filter(|&route| route != Route::Tls) {
            why.push(Reason::RuleRedirected {
                rule: number,
                route,
            });
            raised.redirect = raised.redirect.max(Some(route));
            raised.end_to_end = true;
        }
        match rule.action {
            None => continue,
            Some(Action::Hold) if facts.context.approved => {
                why.push(Reason::HoldApproved { rule: number });
                continue;
            }
            Some(Action::Hold) => why.push(Reason::RuleHeld { rule: number }),
            Some(Action::Refuse) => why.push(Reason::RuleRefused { rule: number }),
        }
        raised.action = raised.action.max(rule.action);
    }
    raised
}
