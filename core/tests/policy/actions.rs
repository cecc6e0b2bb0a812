//! Rules on findings, over every small message: by kind, category, confidence
//! and count, with each action.

use std::collections::BTreeSet;

use mailseal::base::{Fact, KeyTrust, Route, Sensitivity, TlsAssurance};
use mailseal::dlp::{Category, Confidence, FindingKind};
use mailseal::policy::{Decision, Facts, FindingFact, Policy, Refusal, Rule, TransportFacts, decide};

use super::enumeration::blank;

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

fn routes(decision: &Decision) -> BTreeSet<&'static str> {
    decision.rungs().map(|r| r.route.word()).collect()
}

#[test]
fn every_action_follows_kind_category_confidence_and_count() {
    let (mut decisions, mut matched) = (0u32, 0u32);
    for present in 0..1usize << FOUND.len() {
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
            let hit = asks_nothing || values.len() >= count.unwrap_or(1) as usize;

            for action in ACTIONS {
                let mut rule = Rule::new("r");
                rule.kinds = kinds.to_vec();
                rule.categories = categories.to_vec();
                rule.confidence = confidence;
                rule.count = count;
                rule = match action {
                    "end to end" => rule.end_to_end(),
                    "escrow" => rule.redirect(Route::Escrow),
                    "hold" => rule.hold(),
                    "refuse" => rule.refuse(),
                    _ => rule,
                };
                let policy = Policy::hipaa().rule(rule);
                let decision = decide(&policy, &facts);
                let expected: (&[&str], Option<Refusal>) = match (action, hit) {
                    ("end to end", true) => (&["pgp", "escrow"], None),
                    ("escrow", true) => (&["escrow"], None),
                    ("hold", true) => (&[], Some(Refusal::Held)),
                    ("refuse", true) => (&[], Some(Refusal::Refused)),
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
                    "{here:?} {action} {kinds:?} {categories:?} {confidence:?} {count:?}"
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
         confidence 4, count 5, action 5"
    );
    println!("{decisions} decisions, {matched} of them with a match, 0 violations");
    assert_eq!(decisions, 64 * 4 * 3 * 4 * 5 * 5);
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
