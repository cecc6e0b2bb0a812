//! Every combination of facts, for every preset.

use mailseal::base::{Fact, FactorLevel, KeyTrust, Sensitivity, TlsAssurance};
use mailseal::policy::{
    ContentFacts, ContextFacts, Decision, Facts, Onward, Policy, Reason, RecipientFacts, Refusal,
    TransportFacts, WaiverFact, WaiverVoid, decide,
};

use super::oracle::{Answer, answer, lines};

pub(crate) fn presets() -> [(&'static str, Policy); 3] {
    [
        ("hipaa", Policy::hipaa()),
        ("strict", Policy::strict()),
        ("tls_exclusive", Policy::tls_exclusive()),
    ]
}

pub(crate) const FACTS: [Fact<()>; 3] = [Fact::Proven(()), Fact::Refuted, Fact::Unknown];
const KEYS: [&str; 7] = [
    "not built",
    "none",
    "unknown",
    "discovered",
    "verified",
    "pinned",
    "changed",
];
const WAYS: usize = 81 + 8 + 5;
const AXES: [(&str, usize); 7] = [
    ("sensitivity (none, phi, sensitive)", 3),
    (
        "way: MX with encrypted x authenticated x anchored x published, each proven, refuted, unknown (81); relay with onward (4) x REQUIRETLS (2); mailer with declared assurance or none (5)",
        WAYS,
    ),
    (
        "PGP key (not built, none, unknown, discovered, verified, pinned, changed)",
        7,
    ),
    ("S/MIME key (as before)", 7),
    ("escrow (not configured, no factor, P0 to P4)", 7),
    ("takes mail (proven, refuted, unknown)", 3),
    ("waiver (absent, valid)", 2),
];

pub(crate) fn set_way(facts: &mut Facts, way: usize) {
    let relay = way.wrapping_sub(81);
    facts.context.onward = match way {
        0..81 => {
            let mut t = TransportFacts::UNKNOWN;
            t.encrypted = FACTS[way % 3];
            t.authenticated = FACTS[way / 3 % 3];
            t.anchored = FACTS[way / 9 % 3];
            t.published = FACTS[way / 27].map(|()| TlsAssurance::Anchored);
            facts.recipient.transport = t;
            Onward::Mx
        }
        81..89 => Onward::Relay {
            onward: TlsAssurance::ALL[relay / 2],
            requiretls: relay % 2 == 1,
        },
        _ => Onward::Mailer {
            declared: TlsAssurance::ALL.get(way - 89).copied(),
        },
    };
}

fn key(value: usize) -> (bool, Fact<KeyTrust>, bool) {
    let fact = match KEYS[value] {
        "not built" | "none" => Fact::Refuted,
        "unknown" => Fact::Unknown,
        "changed" => Fact::Proven(KeyTrust::Pinned),
        word => Fact::Proven(word.parse().unwrap()),
    };
    (value != 0, fact, KEYS[value] == "changed")
}

pub(crate) fn blank() -> Facts {
    let mut content = ContentFacts::default();
    content.no_phi_asserted = true;
    content.other_people = Fact::Refuted;
    Facts::new(
        content,
        RecipientFacts::new("pat@mail.example".parse().unwrap()),
        ContextFacts::default(),
    )
}

fn set(facts: &mut Facts, axis: usize, value: usize) {
    let recipient = &mut facts.recipient;
    match axis {
        0 => {
            let sensitivity = Sensitivity::ALL[value];
            facts.content.declared = Some(sensitivity);
        }
        1 => set_way(facts, value),
        2 => {
            (
                facts.context.pgp_built,
                recipient.pgp,
                recipient.pgp_changed,
            ) = key(value);
        }
        3 => {
            (
                facts.context.smime_built,
                recipient.smime,
                recipient.smime_changed,
            ) = key(value);
        }
        4 => {
            facts.context.escrow_configured = value > 0;
            recipient.factor_available = value.checked_sub(2).map(|i| FactorLevel::ALL[i]);
        }
        5 => recipient.takes_mail = FACTS[value],
        _ => {
            recipient.waiver = [WaiverFact::Absent, WaiverFact::Valid][value];
        }
    }
}

pub(crate) fn rungs(decision: &Decision) -> Answer {
    decision
        .rungs()
        .map(|r| (r.route, r.transport_floor, r.factor_floor))
        .collect()
}

/// Whether going from one value of an axis to another only proves something.
fn improves(axis: usize, from: usize, to: usize) -> bool {
    match axis {
        1 if from < 81 && to < 81 => (0..4).all(|digit| {
            let place = 3usize.pow(digit);
            let (a, b) = (from / place % 3, to / place % 3);
            a == b || b == 0
        }),
        1 if (81..89).contains(&from) && (81..89).contains(&to) => {
            let (a, b) = (from - 81, to - 81);
            a / 2 <= b / 2 && a % 2 <= b % 2
        }
        1 => from == 93 && to >= 89,
        2 | 3 => from < to && to < 6,
        4 => from < to,
        5 => from == 2 && to == 0,
        6 => from < to,
        _ => false,
    }
}

#[test]
fn every_combination_of_facts_obeys_the_table() {
    println!("axes of the enumeration:");
    for (name, size) in AXES {
        println!("  {size:>3}  {name}");
    }
    let size: usize = AXES.iter().map(|(_, size)| size).product();
    let mut count = 0usize;
    let mut violations: Vec<String> = Vec::new();
    for (preset, policy) in presets() {
        let tables = Sensitivity::ALL.iter().map(|s| lines(preset, *s));
        let tables: Vec<_> = tables.collect();
        let mut sent = vec![false; size];
        let mut facts = blank();
        let mut below: Option<Decision> = None;
        for index in 0..size {
            // The sensitivity turns fastest, so that the decision before is
            // the one for the next lower sensitivity.
            let mut rest = index;
            for (axis, (_, size)) in AXES.iter().enumerate() {
                let digit = rest % size;
                set(&mut facts, axis, digit);
                rest /= size;
                if digit != 0 {
                    // The higher axes did not change.
                    break;
                }
            }
            let sensitivity = Sensitivity::ALL[index % 3];
            let decision = decide(&policy, &facts);
            let expected = answer(&tables[index % 3], &facts, sensitivity);
            sent[index] = decision.is_send();
            count += 1;
            let mut fail = |what: &str| {
                violations.push(format!(
                    "{preset} #{index} {what}:\n  expected {expected:?}\n  decided  {decision:?}\n  facts {facts:?}"
                ));
            };
            if rungs(&decision) != expected {
                fail("other rungs than the table");
            }
            if decision.sensitivity() != sensitivity {
                fail("sensitivity");
            }
            if let Some(lower) = below.filter(|_| index % 3 != 0) {
                // Refusing is the strongest of all.
                match (lower.rungs().next(), decision.rungs().next()) {
                    (None, Some(_)) => fail("sent although less sensitive content is not"),
                    (Some(a), Some(b)) if !b.is_no_weaker_than(a) => {
                        fail("weaker though more sensitive")
                    }
                    _ => {}
                }
            }
            if let Decision::Refuse { kind, .. } = &decision {
                let dropped = preset == "tls_exclusive"
                    && sensitivity != Sensitivity::Sensitive
                    && facts.recipient.takes_mail != Fact::Refuted;
                if *kind
                    != if dropped {
                        Refusal::Dropped
                    } else {
                        Refusal::Refused
                    }
                {
                    fail("kind of refusal");
                }
            }
            below = Some(decision);
            if violations.len() > 5 {
                panic!("{}", violations.join("\n"));
            }
        }
        // A new proven capability never turns a send into a refusal.
        let mut weight = 1;
        for (axis, (_, axis_size)) in AXES.iter().enumerate() {
            for from in 0..*axis_size {
                for to in (0..*axis_size).filter(|&to| to != from && improves(axis, from, to)) {
                    for index in (0..size).filter(|i| i / weight % axis_size == from) {
                        let better = index - from * weight + to * weight;
                        if sent[index] && !sent[better] {
                            violations.push(format!("{preset} #{index} sends, #{better} refuses"));
                        }
                    }
                }
            }
            weight *= axis_size;
        }
    }
    println!(
        "3 presets x {size} combinations = {count} decisions, {} violations",
        violations.len()
    );
    assert_eq!(count, 3 * 3 * 94 * 7 * 7 * 7 * 3 * 2);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

const PRESUMED: [Sensitivity; 2] = [Sensitivity::None, Sensitivity::Phi];

/// All proven, all refuted, all unknown, a published floor that fails, a relay
/// and a mailer without declared assurance.
pub(crate) const SOME_WAYS: [usize; 6] = [0, 40, 80, 13, 85, 93];

/// What the table says of the sensitivity, over all facts of the content.
#[test]
fn every_combination_of_content_has_the_sensitivity_of_the_table() {
    let levels = [
        None,
        Some(Sensitivity::None),
        Some(Sensitivity::Phi),
        Some(Sensitivity::Sensitive),
    ];
    let waivers = [
        WaiverFact::Absent,
        WaiverFact::Valid,
        WaiverFact::Void(WaiverVoid::Expired),
    ];
    let axes = "found 4, declared 4, unscannable 2, too many findings 2, no PHI asserted 2, other people 3, other recipients 2, waiver 3, waivers honoured 2, no_findings 2, way 6";
    let mut count = 0;
    let mut violations = 0;
    for (preset, policy) in presets() {
        let tables = Sensitivity::ALL.iter().map(|s| lines(preset, *s));
        let tables: Vec<_> = tables.collect();
        let variants: Vec<Policy> = (0..4)
            .map(|i| {
                policy
                    .clone()
                    .waivers(i % 2 == 1)
                    .no_findings(PRESUMED[i / 2])
            })
            .collect();
        for index in 0..4 * 4 * 2 * 2 * 2 * 3 * 2 * 3 * 2 * 2 * SOME_WAYS.len() {
            let mut rest = index;
            let mut digit = |size: usize| {
                let value = rest % size;
                rest /= size;
                value
            };
            let mut facts = blank();
            facts.context.escrow_configured = true;
            facts.content.found = levels[digit(4)];
            facts.content.declared = levels[digit(4)];
            facts.content.unscannable = digit(2) == 1;
            facts.content.too_many_findings = digit(2) == 1;
            facts.content.no_phi_asserted = digit(2) == 1;
            facts.content.other_people = FACTS[digit(3)];
            facts.recipient.other_recipients = digit(2) == 1;
            facts.recipient.waiver = waivers[digit(3)];
            let honoured = digit(2) == 1;
            let no_findings = digit(2);
            let presumed = PRESUMED[no_findings];
            set_way(&mut facts, SOME_WAYS[digit(SOME_WAYS.len())]);
            let policy = &variants[usize::from(honoured) + 2 * no_findings];

            let content = &facts.content;
            // Without a verdict nothing found means nothing, whatever the policy.
            let presumed = match content.found {
                None => Sensitivity::Phi,
                Some(Sensitivity::None) => presumed,
                Some(_) => Sensitivity::None,
            };
            let expected = [
                content.found.unwrap_or(Sensitivity::None),
                content.declared.unwrap_or(Sensitivity::None),
                if content.unscannable {
                    Sensitivity::Phi
                } else {
                    Sensitivity::None
                },
                if content.too_many_findings {
                    Sensitivity::Sensitive
                } else {
                    Sensitivity::None
                },
                if !content.no_phi_asserted {
                    presumed
                } else {
                    Sensitivity::None
                },
            ]
            .into_iter()
            .max()
            .unwrap();
            let decision = decide(policy, &facts);
            let why = decision.why().to_vec();
            if !honoured {
                facts.recipient.waiver = WaiverFact::Absent;
            }
            let rungs_expected = answer(&tables[expected as usize], &facts, expected);
            let applies = why.contains(&Reason::WaiverApplies);
            let void = why.iter().any(|r| matches!(r, Reason::WaiverVoid { .. }));
            let had_waiver = index / (4 * 4 * 2 * 2 * 2 * 3 * 2) % 3 != 0;
            count += 1;
            if decision.sensitivity() != expected
                || rungs(&decision) != rungs_expected
                || (applies || void) != had_waiver
            {
                violations += 1;
                assert!(
                    violations < 5,
                    "{preset} #{index}: {expected}, {rungs_expected:?}, {decision:?}"
                );
            }
        }
    }
    println!("axes of the content: {axes}");
    println!("3 presets, {count} decisions, {violations} violations");
    assert_eq!(violations, 0);
}
