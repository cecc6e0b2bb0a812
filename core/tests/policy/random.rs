//! Random policies and facts: what must hold for all of them.

use proptest::prelude::*;
use proptest::sample::select;

use mailseal::base::{Fact, FactorLevel, KeyTrust, Route, Sensitivity, TlsAssurance};
use mailseal::policy::{
    Decision, Facts, Guard, Onward, Policy, Requirement, Rule, WaiverFact, decide,
};

use super::enumeration::blank;

const GUARDS: [Guard; 3] = [Guard::Protect, Guard::Neutral, Guard::Refuse];

fn level() -> impl Strategy<Value = TlsAssurance> {
    select(TlsAssurance::ALL)
}

fn floor() -> impl Strategy<Value = Option<TlsAssurance>> {
    prop::option::of(level())
}

fn requirement() -> impl Strategy<Value = Requirement> {
    (
        floor(),
        floor(),
        floor(),
        floor(),
        prop::array::uniform5(floor()),
        any::<bool>(),
    )
        .prop_map(|(tls, preferred, verified, pinned, escrow, drop)| {
            let mut row = Requirement::NOTHING;
            row.tls = tls;
            row.tls_preferred = preferred;
            row.verified_key = verified;
            row.pinned_key = pinned;
            row.escrow = escrow;
            if drop { row.or_drop() } else { row }
        })
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        prop::option::of(select(Sensitivity::ALL)),
        floor(),
        prop::option::of(select(FactorLevel::ALL)),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.2, select(Route::ALL)),
        prop::bool::weighted(0.5),
        prop::option::weighted(0.3, 1u32..4),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(sensitivity, transport, factor, end_to_end, redirect, marked, count, unscannable)| {
                let mut rule = Rule::new("r");
                rule.sensitivity = sensitivity;
                rule.count = count;
                rule.unscannable = unscannable;
                rule.transport = transport;
                rule.factor = factor;
                rule.end_to_end = end_to_end;
                rule.redirect = redirect.filter(|&r| r != Route::Tls);
                if marked { rule.marker("m") } else { rule }
            },
        )
}

fn policy() -> impl Strategy<Value = Policy> {
    (
        prop::array::uniform3(requirement()),
        prop::sample::subsequence(Route::ALL.to_vec(), 1..=4).prop_shuffle(),
        prop::collection::vec(rule(), 0..3),
        any::<bool>(),
        select(&Sensitivity::ALL[..2]),
        (select(&GUARDS[..]), select(&GUARDS[..])),
    )
        .prop_map(|(rows, ladder, rules, waivers, no_findings, guards)| {
            let mut policy = Policy::custom("random")
                .ladder(ladder)
                .waivers(waivers)
                .subject(guards.0)
                .file_names(guards.1)
                .no_findings(no_findings);
            for (&sensitivity, row) in Sensitivity::ALL.iter().zip(rows) {
                policy = policy.require(sensitivity, row);
            }
            rules.into_iter().fold(policy, Policy::rule)
        })
}

fn fact<T: Clone + std::fmt::Debug + 'static>(
    of: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![
        of.prop_map(Fact::Proven),
        Just(Fact::Refuted),
        Just(Fact::Unknown)
    ]
}

fn onward() -> impl Strategy<Value = Onward> {
    prop_oneof![
        3 => Just(Onward::Mx),
        1 => (level(), any::<bool>()).prop_map(|(onward, requiretls)| Onward::Relay { onward, requiretls }),
        1 => floor().prop_map(|declared| Onward::Mailer { declared }),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    let transport = (
        fact(Just(())),
        fact(Just(())),
        fact(Just(())),
        fact(Just(TlsAssurance::Anchored)),
    );
    let keys = (
        fact(select(KeyTrust::ALL)),
        fact(select(KeyTrust::ALL)),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    );
    let rest = (
        prop::option::of(select(FactorLevel::ALL)),
        fact(Just(())),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.1),
    );
    (
        transport,
        keys,
        onward(),
        rest,
        any::<[bool; 9]>(),
        prop::option::of(select(Sensitivity::ALL)),
    )
        .prop_map(|(t, k, onward, rest, built, found)| {
            let mut f = blank();
            f.recipient.transport.encrypted = t.0;
            f.recipient.transport.authenticated = t.1;
            f.recipient.transport.anchored = t.2;
            f.recipient.transport.published = t.3;
            f.recipient.pgp = k.0;
            f.recipient.smime = k.1;
            f.recipient.pgp_changed = k.2;
            f.recipient.smime_changed = k.3;
            f.context.onward = onward;
            f.recipient.factor_available = rest.0;
            f.recipient.takes_mail = rest.1;
            f.content.unscannable = rest.2;
            f.content.no_phi_asserted = rest.3;
            f.content.too_many_findings = rest.6;
            if rest.4 {
                f.recipient.waiver = WaiverFact::Valid;
            }
            if rest.5 {
                f.content.markers.push("m".into());
            }
            f.context.pgp_built = built[0];
            f.context.smime_built = built[1];
            f.context.escrow_configured = built[2];
            f.content.found = found;
            f.content.subject_tells = built[3];
            f.content.file_name_tells = built[4];
            f.content.subject_fixed = built[5];
            f.content.file_names_fixed = built[8];
            f.context.pgp_shows = built[6];
            f.context.smime_shows = built[7];
            f
        })
}

/// Makes one fact better.
fn improve(facts: &mut Facts, which: usize) {
    let proven = Fact::Proven(());
    let r = &mut facts.recipient;
    match which {
        0 => r.transport.encrypted = proven,
        1 => r.transport.authenticated = proven,
        2 => r.transport.anchored = proven,
        3 => r.takes_mail = proven,
        4 => {
            r.pgp = Fact::Proven(
                KeyTrust::Verified.max(r.pgp.proven().copied().unwrap_or(KeyTrust::Verified)),
            )
        }
        5 => r.smime = Fact::Proven(KeyTrust::Pinned),
        6 => r.factor_available = r.factor_available.max(Some(FactorLevel::P3)),
        7 => facts.context.escrow_configured = true,
        8 => {
            if let Onward::Relay { onward, .. } = facts.context.onward {
                facts.context.onward = Onward::Relay {
                    onward,
                    requiretls: true,
                };
            }
        }
        _ => {
            if let Onward::Relay { requiretls, .. } = facts.context.onward {
                facts.context.onward = Onward::Relay {
                    onward: TlsAssurance::Anchored,
                    requiretls,
                };
            }
        }
    }
}

/// Whether a requirement, without regard to rules, accepts a rung.
fn accepts(row: &Requirement, rung: &mailseal::policy::Rung, facts: &Facts) -> bool {
    let key = |fact: Fact<KeyTrust>| match fact {
        Fact::Proven(KeyTrust::Pinned) => [row.verified_key, row.pinned_key]
            .into_iter()
            .flatten()
            .min(),
        Fact::Proven(KeyTrust::Verified) => row.verified_key,
        _ => None,
    };
    let floor = match rung.route {
        Route::Tls => row.tls,
        Route::Pgp => key(facts.recipient.pgp),
        Route::Smime => key(facts.recipient.smime),
        Route::Escrow => row.escrow[..=rung.factor_floor.unwrap() as usize]
            .iter()
            .flatten()
            .copied()
            .min(),
    };
    floor.is_some_and(|floor| floor <= rung.transport_floor)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_rung_meets_every_requirement_up_to_its_sensitivity(policy in policy(), facts in facts()) {
        let decision = decide(&policy, &facts);
        let waived = facts.recipient.waiver == WaiverFact::Valid;
        for rung in decision.rungs() {
            if waived && rung.route == Route::Tls {
                continue;
            }
            for &lower in Sensitivity::ALL.iter().filter(|&&s| s <= decision.sensitivity()) {
                prop_assert!(accepts(&policy.requirement(lower), rung, &facts), "{lower}: {rung:?}");
            }
            if rung.route == Route::Escrow && decision.sensitivity() > Sensitivity::None {
                prop_assert!(rung.factor_floor >= Some(FactorLevel::P1));
                let tls = policy.requirement(decision.sensitivity()).tls;
                prop_assert!(rung.is_end_to_end() || tls.is_some_and(|f| f <= rung.transport_floor));
            }
            if let (Onward::Mx, Fact::Proven(published)) = (facts.context.onward, facts.recipient.transport.published) {
                prop_assert!(rung.transport_floor >= published);
            }
        }
    }

    #[test]
    fn it_is_deterministic_and_gives_every_route_a_reason(policy in policy(), facts in facts()) {
        let decision = decide(&policy, &facts);
        prop_assert_eq!(&decision, &decide(&policy.clone(), &facts.clone()));
        let json = serde_json::to_string(decision.why()).unwrap();
        if facts.recipient.takes_mail != Fact::Refuted {
            for route in Route::ALL {
                let word = format!("\"route\":\"{route}\"");
                let factor = *route == Route::Escrow && json.contains("factor_unavailable");
                prop_assert!(json.contains(&word) || factor, "{route}: {json}");
            }
        }
    }

    #[test]
    fn a_new_proven_capability_never_turns_a_send_into_a_refusal(policy in policy(), facts in facts(), which in 0usize..10) {
        let mut better = facts.clone();
        improve(&mut better, which);
        if decide(&policy, &facts).is_send() {
            prop_assert!(decide(&policy, &better).is_send(), "{which}");
        }
    }

    #[test]
    fn more_sensitive_is_never_sent_where_less_sensitive_is_not(policy in policy(), facts in facts()) {
        let at = |sensitivity| {
            let mut facts = facts.clone();
            facts.content.declared = Some(sensitivity);
            decide(&policy, &facts)
        };
        let decisions: Vec<Decision> = Sensitivity::ALL.iter().map(|s| at(*s)).collect();
        for pair in decisions.windows(2) {
            prop_assert!(pair[0].is_send() || !pair[1].is_send());
        }
    }

    #[test]
    fn a_key_that_nobody_vouches_for_changes_no_rung(policy in policy(), facts in facts()) {
        let with = |key| {
            let mut facts = facts.clone();
            facts.recipient.pgp = key;
            decide(&policy, &facts).rungs().copied().collect::<Vec<_>>()
        };
        prop_assert_eq!(with(Fact::Proven(KeyTrust::Discovered)), with(Fact::Unknown));
    }

    #[test]
    fn any_policy_survives_its_text(policy in policy()) {
        prop_assert_eq!(Policy::from_toml(&policy.to_toml()).unwrap(), policy);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(preset|name|tls|rule|require|phi|[=\\[\\]{}\"'.,# \n]|\\PC){0,60}") {
        let _ = Policy::from_toml(&text);
    }
}
