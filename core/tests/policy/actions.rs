//! Rules on findings, over every small message: by kind, category, confidence
//! and count, with each action.

use std::collections::BTreeSet;

use mailseal::base::{Fact, KeyTrust, Route, Sensitivity, TlsAssurance};
use mailseal::dlp::{Category, Confidence, FindingKind, MisaddressedWhy};
use mailseal::policy::{
    Decision, Facts, FindingFact, Policy, Reason, Refusal, Rule, TransportFacts, WaiverFact, decide,
};

use super::enumeration::{blank, presets};

/// Kind, category, confidence, and the number of the value.
type Found = (FindingKind, Option<Category>, Confidence, Option<u32>);

/// What may be found. The first and the second are one value, said twice.
const FOUND: [Found; 6] = [
    (FindingKind::Ssn, None, Confidence::High, Some(0)),
    (FindingKind::Ssn, None, Confidence::Low, Some(0)),
    (FindingKind::Ssn, None, Confidence::Medium, Some(1)),
    (FindingKind::Mrn, None, Confidence::Low, Some(2)),
    (
        FindingKind::Icd10,
        Some(Category::Genetic),
        Confidence::Medium,
        None,
    ),
    (
        FindingKind::Lab,
        Some(Category::StiHiv),
        Confidence::High,
        None,
    ),
];
const KINDS: [&[FindingKind]; 4] = [
    &[],
    &[FindingKind::Ssn],
    &[FindingKind::Ssn, FindingKind::Mrn],
    &[FindingKind::Icd10, FindingKind::Lab, FindingKind::Mrn],
];
const CATEGORIES: [&[Category]; 3] = [
    &[],
    &[Category::Genetic],
    &[Category::Genetic, Category::StiHiv],
];
const CONFIDENCES: [Option<Confidence>; 4] = [
    None,
    Some(Confidence::Low),
    Some(Confidence::Medium),
    Some(Confidence::High),
];
const COUNTS: [Option<u32>; 5] = [None, Some(1), Some(2), Some(3), Some(4)];
/// What was not read, and whether the rule asks for such a part.
const UNREAD: [(&str, bool); 6] = [
    ("nothing", false),
    ("nothing", true),
    ("a part", false),
    ("a part", true),
    ("findings", false),
    ("findings", true),
];
const ACTIONS: [&str; 5] = ["nothing", "end to end", "escrow", "hold", "refuse"];

/// PHI to somebody with TLS, a key and a portal.
fn facts() -> Facts {
    let mut facts = blank();
    facts.content.declared = Some(Sensitivity::Phi);
    facts.recipient.transport = TransportFacts::exactly(TlsAssurance::Authenticated);
    facts.recipient.pgp = Fact::Proven(KeyTrust::Verified);
    facts.context.pgp_built = true;
    facts.context.escrow_configured = true;
    facts
}

fn with_action(rule: Rule, action: &str) -> Rule {
    match action {
        "end to end" => rule.end_to_end(),
        "escrow" => rule.redirect(Route::Escrow),
        "hold" => rule.hold(),
        "refuse" => rule.refuse(),
        _ => rule,
    }
}

fn routes(decision: &Decision) -> BTreeSet<&'static str> {
    decision.rungs().map(|r| r.route.word()).collect()
}

#[test]
fn every_action_follows_what_was_found_and_what_was_not_read() {
    let (mut decisions, mut matched) = (0u32, 0u32);
    let all = (0..1usize << FOUND.len()).flat_map(|present| UNREAD.map(|unread| (present, unread)));
    for (present, (unread, asked)) in all {
        let here: Vec<&Found> = (0..FOUND.len())
            .filter(|bit| present >> bit & 1 == 1)
            .map(|bit| &FOUND[bit])
            .collect();
        let mut facts = facts();
        facts.content.findings = here
            .iter()
            .map(|(kind, category, confidence, value)| {
                let fact = FindingFact::new(*kind, *category, *confidence);
                value.map_or(fact, |value| fact.with_value(value))
            })
            .collect();
        facts.content.unscannable = unread != "nothing";
        facts.content.too_many_findings = unread == "findings";
        for (kinds, categories, confidence, count) in conditions() {
            // The judge: a set of the values that meet all three.
            let meets = |found: &Found| {
                (kinds.is_empty() || kinds.contains(&found.0))
                    && (categories.is_empty() || found.1.is_some_and(|c| categories.contains(&c)))
                    && confidence.is_none_or(|least| found.2 as u8 >= least as u8)
            };
            let values: BTreeSet<String> = here
                .iter()
                .enumerate()
                .filter(|(_, found)| meets(found))
                .map(|(place, found)| match found.3 {
                    Some(value) => format!("value {value}"),
                    None => format!("place {place}"),
                })
                .collect();
            let asks_nothing = kinds.is_empty()
                && categories.is_empty()
                && confidence.is_none()
                && count.is_none();
            let enough = values.len() >= count.unwrap_or(1) as usize;
            let hit =
                (asks_nothing || enough || unread == "findings") && (!asked || unread != "nothing");

            for action in ACTIONS {
                let mut rule = Rule::new("r");
                rule.kinds = kinds.to_vec();
                rule.categories = categories.to_vec();
                rule.confidence = confidence;
                rule.count = count;
                rule.unscannable = asked;
                let policy = Policy::hipaa().rule(with_action(rule, action));
                let decision = decide(&policy, &facts);
                let expected: (&[&str], Option<Refusal>) = match (action, hit) {
                    ("end to end", true) => (&["pgp", "escrow"], None),
                    ("escrow", true) => (&["escrow"], None),
                    ("hold", true) => (&[], Some(Refusal::Held)),
                    ("refuse", true) => (&[], Some(Refusal::Refused)),
                    _ if unread == "findings" => (&["pgp", "escrow"], None),
                    _ => (&["tls", "pgp", "escrow"], None),
                };
                let kind = match decision {
                    Decision::Refuse { kind, .. } => Some(kind),
                    _ => None,
                };
                let expected = (expected.0.iter().copied().collect(), expected.1);
                assert_eq!(
                    (routes(&decision), kind),
                    expected,
                    "{here:?} {unread} {asked} {action} {kinds:?} {categories:?} {confidence:?} {count:?}"
                );
                let told = decision.why().iter().any(|r| r.code().contains(".rule_"));
                assert_eq!(told, hit && action != "nothing");
                decisions += 1;
                matched += u32::from(hit);
            }
        }
    }
    println!(
        "axes: findings 64 (each of 6 there or not, two of one value), kinds 4, categories 3, \
         confidence 4, count 5, what was not read 3, whether it is asked for 2, action 5"
    );
    println!("{decisions} decisions, {matched} of them with a match, 0 violations");
    assert_eq!(decisions, 64 * 4 * 3 * 4 * 5 * 3 * 2 * 5);
}

type Condition = (
    &'static [FindingKind],
    &'static [Category],
    Option<Confidence>,
    Option<u32>,
);

fn conditions() -> Vec<Condition> {
    let mut all = Vec::new();
    for kinds in KINDS {
        for categories in CATEGORIES {
            for confidence in CONFIDENCES {
                for count in COUNTS {
                    all.push((kinds, categories, confidence, count));
                }
            }
        }
    }
    all
}

/// A recipient who looks like the wrong one is held whatever the rest says,
/// unless a rule refuses it outright or the host confirmed this recipient.
#[test]
fn a_wrong_looking_recipient_is_held_until_it_is_confirmed() {
    let doubts = [
        None,
        Some(MisaddressedWhy::OtherPatient),
        Some(MisaddressedWhy::LookAlike),
    ];
    let waivers = [WaiverFact::Absent, WaiverFact::Valid];
    let transports = [
        TransportFacts::exactly(TlsAssurance::Anchored),
        TransportFacts::exactly(TlsAssurance::Opportunistic),
        TransportFacts::UNKNOWN,
    ];
    let takes = [Fact::Proven(()), Fact::Refuted, Fact::Unknown];
    let (mut count, mut held) = (0u32, 0u32);
    for (preset, policy) in presets() {
        for index in 0..3 * 2 * 2 * 5 * 3 * 2 * 3 * 3 * 2 {
            let mut rest = index;
            let mut digit = |size: usize| {
                let value = rest % size;
                rest /= size;
                value
            };
            let mut facts = facts();
            facts.recipient.misaddressed = doubts[digit(3)];
            facts.recipient.confirmed = digit(2) == 1;
            facts.context.approved = digit(2) == 1;
            let action = ACTIONS[digit(5)];
            let sensitivity = Sensitivity::ALL[digit(3)];
            facts.content.declared = Some(sensitivity);
            facts.content.no_phi_asserted = true;
            facts.recipient.waiver = waivers[digit(2)];
            facts.recipient.transport = transports[digit(3)];
            facts.recipient.takes_mail = takes[digit(3)];
            facts.recipient.other_recipients = digit(2) == 1;
            let rule = with_action(Rule::new("r"), action);
            let policy = policy.clone().rule(rule);
            let decision = decide(&policy, &facts);
            // The judge: without the doubt it is as it always was.
            let (doubt, word) = (facts.recipient.misaddressed, facts.recipient.confirmed);
            let mut sure = facts.clone();
            sure.recipient.misaddressed = None;
            let without = decide(&policy, &sure);
            let kind = |d: &Decision| match d {
                Decision::Refuse { kind, .. } => Some(*kind),
                _ => None,
            };
            let at = format!("{preset} #{index} {decision:?}");
            assert_eq!(decision.sensitivity(), sensitivity, "{at}");
            if doubt.is_some() && !word {
                let expected = match action {
                    "refuse" => Refusal::Refused,
                    _ => Refusal::Held,
                };
                assert_eq!(kind(&decision), Some(expected), "{at}");
                held += u32::from(expected == Refusal::Held);
            } else {
                assert_eq!(kind(&decision), kind(&without), "{at}");
                assert!(decision.rungs().eq(without.rungs()), "{at}");
            }
            let told = decision.why().iter().find_map(|reason| match reason {
                Reason::Misaddressed { because } => Some((*because, false)),
                Reason::RecipientConfirmed { because } => Some((*because, true)),
                _ => None,
            });
            assert_eq!(told, doubt.map(|because| (because, word)), "{at}");
            count += 1;
        }
    }
    println!(
        "axes: doubt 3, confirmed 2, approved 2, rule's action 5, sensitivity 3, waiver 2, \
         way 3, takes mail 3, other recipients 2; 3 presets"
    );
    println!("{count} decisions, {held} held for the doubt alone, 0 violations");
    assert_eq!(count, 3 * 3 * 2 * 2 * 5 * 3 * 2 * 3 * 3 * 2);
}
