//! Rules, partners, the next hop, the ladder, and the other joints.

use mailseal::base::{
    Fact, FactorLevel, KeyTrust, PartnerIdentity, Route, Sensitivity, TlsAssurance,
};
use mailseal::dlp::{Category, Confidence, FindingKind};
use mailseal::policy::{
    Decision, Facts, FindingFact, Onward, Partner, Policy, Reason, Refusal, Requirement, Rule,
    TransportFacts, decide,
};

use super::enumeration::{blank, presets, rungs};

use TlsAssurance::{Anchored, Authenticated, Encrypted, Opportunistic};

/// PHI to a recipient with good TLS, a verified key of each kind, and escrow.
fn facts() -> Facts {
    let mut facts = blank();
    facts.content.declared = Some(Sensitivity::Phi);
    facts.content.findings = vec![
        FindingFact::new(FindingKind::Ssn, None, Confidence::High),
        FindingFact::new(
            FindingKind::Condition,
            Some(Category::SubstanceUse),
            Confidence::Low,
        ),
    ];
    // The verdict's own: no finding has it.
    facts.content.categories = vec![Category::Abuse];
    facts.content.markers = vec!["[secure]".into(), "urgent".into()];
    facts.recipient.transport = TransportFacts::exactly(Authenticated);
    facts.recipient.pgp = Fact::Proven(KeyTrust::Verified);
    facts.recipient.smime = Fact::Proven(KeyTrust::Pinned);
    facts.context.pgp_built = true;
    facts.context.smime_built = true;
    facts.context.escrow_configured = true;
    facts.context.sender = Some("hr@clinic.harbor.example".parse().unwrap());
    facts.context.audience = Some("patient".into());
    facts
}

fn routes(decision: &Decision) -> Vec<Route> {
    decision.rungs().map(|r| r.route).collect()
}

#[test]
fn each_condition_matches_what_it_says_and_all_must_hold() {
    let rule = || Rule::new("t").refuse();
    let a = |s: &str| s.parse().unwrap();
    let d = |s: &str| s.parse().unwrap();
    let hits = [
        rule(),
        rule().recipient(a("PAT@mail.example")),
        rule()
            .recipient(a("kim@mail.example"))
            .recipient(a("pat@mail.example")),
        rule().domain(d("mail.example")),
        rule().domain(d("example")),
        rule().sender(a("HR@clinic.harbor.example")),
        rule().sender_domain(d("harbor.example")),
        rule()
            .sender(a("x@y.example"))
            .sender_domain(d("harbor.example")),
        rule().audience("payer").audience("patient"),
        rule().kind(FindingKind::Ssn),
        rule().kind(FindingKind::Ssn).confidence(Confidence::High),
        rule().category(Category::SubstanceUse),
        rule()
            .category(Category::SubstanceUse)
            .kind(FindingKind::Condition)
            .confidence(Confidence::Low),
        rule().category(Category::Abuse),
        rule()
            .category(Category::Abuse)
            .confidence(Confidence::High),
        // No more than without a count.
        rule().category(Category::Abuse).at_least(1),
        rule().confidence(Confidence::Medium),
        rule().at_least(2),
        rule().at_least(0),
        rule()
            .kind(FindingKind::Mrn)
            .kind(FindingKind::Ssn)
            .kind(FindingKind::Condition)
            .at_least(2),
        rule().marker(" [SECURE] "),
        rule()
            .marker("urgent")
            .kind(FindingKind::Ssn)
            .audience("patient")
            .domain(d("mail.example")),
    ];
    let misses = [
        rule().recipient(a("kim@mail.example")),
        rule().domain(d("pat.mail.example")),
        rule().domain(d("ail.example")),
        rule().sender(a("it@clinic.harbor.example")),
        rule().sender_domain(d("mail.example")),
        rule().audience("payer"),
        rule().kind(FindingKind::Mrn),
        rule()
            .kind(FindingKind::Condition)
            .confidence(Confidence::Medium),
        // Kind and category must be of one finding.
        rule()
            .kind(FindingKind::Ssn)
            .category(Category::SubstanceUse),
        rule().category(Category::Genetic),
        // The verdict has a category and no kind.
        rule().category(Category::Abuse).kind(FindingKind::Ssn),
        rule().category(Category::Abuse).at_least(2),
        rule().at_least(3),
        rule().at_least(2).at_least(3).at_least(1),
        rule().confidence(Confidence::Medium).at_least(2),
        rule().marker("[phi]"),
        rule().unscannable(),
        rule().marker("urgent").audience("payer"),
        rule().domain(d("mail.example")).kind(FindingKind::Mrn),
        rule()
            .recipient(a("pat@mail.example"))
            .sender(a("it@harbor.example")),
    ];
    for (rules, hit) in [(&hits[..], true), (&misses[..], false)] {
        for (i, rule) in rules.iter().enumerate() {
            let decision = decide(&Policy::hipaa().rule(rule.clone()), &facts());
            assert_eq!(!decision.is_send(), hit, "{hit} {i}");
        }
    }
    // What is not known does not match.
    let mut unknown = facts();
    unknown.context.sender = None;
    unknown.context.audience = None;
    unknown.content.findings.clear();
    for rule in [
        rule().sender_domain(d("example")),
        rule().audience("patient"),
        rule().confidence(Confidence::Low),
        rule().at_least(1),
    ] {
        assert!(decide(&Policy::hipaa().rule(rule), &unknown).is_send());
    }
    // What nobody could read is asked for by its own condition.
    unknown.content.unscannable = true;
    let sent = |rule| decide(&Policy::hipaa().rule(rule), &unknown).is_send();
    assert!(!sent(rule().unscannable()));
    assert!(sent(rule().unscannable().kind(FindingKind::Ssn)));
    assert!(sent(rule().confidence(Confidence::Low)));
}

/// What a rule asks of findings that were left out cannot be told.
#[test]
fn where_findings_were_left_out_every_condition_on_them_holds() {
    let rule = || Rule::new("t").refuse();
    let genetic = || rule().category(Category::Genetic);
    let mut facts = facts();
    facts.content.too_many_findings = true;
    for rule in [
        genetic(),
        genetic().kind(FindingKind::Mrn).at_least(9_000),
        rule().confidence(Confidence::High).at_least(3),
    ] {
        let decision = decide(&Policy::hipaa().rule(rule), &facts);
        assert!(!decision.is_send());
        assert_eq!(decision.why()[0], Reason::RuleRefused { rule: 1 });
    }
    // Other conditions are asked as ever.
    for rule in [genetic().marker("[phi]"), genetic().audience("payer")] {
        assert!(decide(&Policy::hipaa().rule(rule), &facts).is_send());
    }
    // Nor is the rest worth less than what a shorter list shows.
    facts.content.declared = None;
    let decision = decide(&Policy::hipaa(), &facts);
    assert_eq!(decision.sensitivity(), Sensitivity::Sensitive);
    assert!(decision.why().contains(&Reason::TooManyFindings));
    assert!(!routes(&decision).contains(&Route::Tls));
}

#[test]
fn effects_raise_and_join_to_the_stronger() {
    let with = |rules: &[Rule]| {
        let policy = rules.iter().fold(Policy::hipaa(), |p, r| p.rule(r.clone()));
        decide(&policy, &facts())
    };
    let r = || Rule::new("t");
    let p2 = Some(FactorLevel::P2);
    assert_eq!(
        rungs(&with(&[])),
        [
            (Route::Tls, Authenticated, None),
            (Route::Pgp, Opportunistic, None),
            (Route::Smime, Opportunistic, None),
            (Route::Escrow, Authenticated, Some(FactorLevel::P1)),
            (Route::Escrow, Opportunistic, p2),
        ]
    );
    // Double encryption.
    assert_eq!(
        rungs(&with(&[
            r().end_to_end().raise_transport(Encrypted),
            r().raise_transport(Authenticated),
            r().raise_transport(Opportunistic)
        ])),
        [
            (Route::Pgp, Authenticated, None),
            (Route::Smime, Authenticated, None),
            (Route::Escrow, Authenticated, p2),
        ]
    );
    assert!(
        with(&[r().end_to_end()])
            .why()
            .contains(&Reason::NotEndToEnd { route: Route::Tls })
    );
    // A floor that cannot be met.
    let none = with(&[r().raise_transport(Anchored)]);
    assert!(!none.is_send());
    assert!(
        none.why()
            .iter()
            .any(|r| matches!(r, Reason::TransportUnmet { rung } if rung.route == Route::Escrow))
    );

    let sensitive = with(&[
        r().raise_sensitivity(Sensitivity::None),
        r().raise_sensitivity(Sensitivity::Sensitive),
        r().raise_sensitivity(Sensitivity::Phi),
    ]);
    assert_eq!(sensitive.sensitivity(), Sensitivity::Sensitive);
    assert_eq!(
        routes(&sensitive),
        [Route::Pgp, Route::Smime, Route::Escrow]
    );
    assert_eq!(
        sensitive.why()[..2],
        [2, 3].map(|rule| Reason::RuleRaised { rule }),
        "what asks for none raises nothing"
    );

    let factor = with(&[
        r().raise_factor(FactorLevel::P3),
        r().raise_factor(FactorLevel::P1),
    ]);
    assert_eq!(routes(&factor), [Route::Tls, Route::Pgp, Route::Smime]);
    let factor = FactorLevel::P3;
    assert!(
        with(&[r().raise_factor(factor)])
            .why()
            .contains(&Reason::FactorUnavailable { factor })
    );
    let mut known = facts();
    known.recipient.factor_available = Some(FactorLevel::P4);
    let policy = Policy::hipaa().rule(r().raise_factor(FactorLevel::P3));
    assert_eq!(
        rungs(&decide(&policy, &known))[3],
        (Route::Escrow, Opportunistic, Some(FactorLevel::P3))
    );

    // Redirects are end-to-end; the later scale wins; TLS is none.
    let to = |route| r().redirect(route);
    let escrow = with(&[to(Route::Escrow), to(Route::Pgp)]);
    assert_eq!(rungs(&escrow), [(Route::Escrow, Opportunistic, p2)]);
    assert!(escrow.why().contains(&Reason::RuleRedirected {
        rule: 2,
        route: Route::Pgp
    }));
    for route in [Route::Tls, Route::Pgp, Route::Smime] {
        assert!(
            escrow
                .why()
                .contains(&Reason::RedirectedElsewhere { route })
        );
    }
    assert_eq!(routes(&with(&[to(Route::Smime)])), [Route::Smime]);
    assert_eq!(with(&[to(Route::Tls)]), with(&[]));
    assert_eq!(
        with(&[r().redirect(Route::Escrow).redirect(Route::Pgp)])
            .rungs()
            .next()
            .unwrap()
            .route,
        Route::Escrow
    );
    // A rule that raises nothing leaves no reason.
    assert_eq!(with(&[r()]), with(&[]));
    let nothing = r()
        .raise_sensitivity(Sensitivity::None)
        .raise_transport(Opportunistic)
        .raise_factor(FactorLevel::P0);
    assert_eq!(with(&[nothing]), with(&[]));
}

#[test]
fn holding_waits_for_a_person_and_refusing_does_not() {
    let r = || Rule::new("t");
    let decide_with = |rules: &[Rule], approved: bool| {
        let mut facts = facts();
        facts.context.approved = approved;
        decide(
            &rules.iter().fold(Policy::hipaa(), |p, r| p.rule(r.clone())),
            &facts,
        )
    };
    let kind = |d: &Decision| match d {
        Decision::Refuse { kind, .. } => Some(*kind),
        _ => None,
    };
    let held = decide_with(&[r().hold()], false);
    assert_eq!(kind(&held), Some(Refusal::Held));
    assert_eq!(held.why()[0], Reason::RuleHeld { rule: 1 });
    let approved = decide_with(&[r(), r().hold()], true);
    assert!(approved.is_send());
    assert_eq!(approved.why()[0], Reason::HoldApproved { rule: 2 });
    for rules in [
        [r().hold(), r().refuse()],
        [r().refuse(), r().hold()],
        [r().refuse().hold(), r()],
    ] {
        for approved in [false, true] {
            let refused = decide_with(&rules, approved);
            assert_eq!(kind(&refused), Some(Refusal::Refused));
            assert!(
                refused
                    .why()
                    .iter()
                    .any(|r| matches!(r, Reason::RuleRefused { .. }))
            );
        }
    }
}

#[test]
fn markers_are_found_in_a_subject_and_taken_out() {
    let policy = Policy::hipaa().rule(Rule::new("").marker("[Secure]").marker("#phi"));
    assert_eq!(policy.markers().collect::<Vec<_>>(), ["[secure]", "#phi"]);
    let marked = policy.take_markers("[SECURE] Your  visit #phi today");
    assert_eq!(marked.markers, ["[secure]", "#phi"]);
    assert_eq!(marked.subject.expose(), "Your  visit today");
    // As people write them.
    for (subject, left) in [
        ("Re:[secure] lunch", "Re: lunch"),
        ("[secure]: lunch", "lunch"),
        ("[secure]lunch", "lunch"),
        ("[SECURE], lunch", "lunch"),
        ("Re: [Secure]; lunch", "Re: lunch"),
        ("lunch\t[secure]", "lunch"),
        ("lunch [secure] [secure]", "lunch"),
        ("İ[secure]İ", "İİ"),
    ] {
        let marked = policy.take_markers(subject);
        assert_eq!(marked.markers, ["[secure]"], "{subject}");
        assert_eq!(marked.subject.expose(), left, "{subject}");
    }
    // A word is one of its own; what holds several markers has all of them.
    let words = Policy::hipaa().rule(
        Rule::new("")
            .marker("[Send \t secure]")
            .marker("secure")
            .marker(" "),
    );
    for (subject, markers, left) in [
        (
            "Now: [send  SECURE], lunch",
            &["[send secure]", "secure"][..],
            "Now: lunch",
        ),
        ("Secure, lunch", &["secure"], "lunch"),
        (
            "insecure  securely secured",
            &[],
            "insecure  securely secured",
        ),
        ("insecure secure", &["secure"], "insecure"),
    ] {
        let marked = words.take_markers(subject);
        assert_eq!(marked.markers, markers, "{subject}");
        assert_eq!(marked.subject.expose(), left, "{subject}");
    }
    let plain = policy.take_markers("Secure your visit");
    assert_eq!(
        (plain.markers.len(), plain.subject.expose().as_str()),
        (0, "Secure your visit")
    );
}

#[test]
fn a_partner_is_held_to_the_agreed_identity() {
    let pin = PartnerIdentity::SpkiSha256([7; 32]);
    let domain = || "mail.example".parse().unwrap();
    let policy = Policy::strict().partner(Partner::new(domain(), pin.clone()));
    assert_eq!(policy.partner_identity(&domain()), Some(&pin));
    assert_eq!(
        policy.partner_identity(&"a.mail.example".parse().unwrap()),
        None
    );

    let mut facts = facts();
    facts.recipient.transport = TransportFacts::exactly(Encrypted);
    let decision = decide(&policy, &facts);
    assert_eq!(rungs(&decision)[0], (Route::Tls, Anchored, None));
    assert!(decision.rungs().next().unwrap().proven);
    assert!(decision.why().contains(&Reason::Partner));
    // Under hipaa() too: identity, where it is checked, is the agreed one.
    let hipaa = Policy::hipaa().partner(Partner::new(domain(), pin));
    assert_eq!(
        rungs(&decide(&hipaa, &facts))[0],
        (Route::Tls, Anchored, None)
    );
    assert_eq!(
        rungs(&decide(&hipaa, &facts))[1],
        (Route::Pgp, Opportunistic, None)
    );
    // No TLS, no partner.
    facts.recipient.transport = TransportFacts::exactly(Opportunistic);
    assert_eq!(routes(&decide(&hipaa, &facts))[0], Route::Pgp);
    // Behind a relay nobody sees the identity.
    facts.context.onward = Onward::Relay {
        onward: Authenticated,
        requiretls: false,
    };
    let relayed = decide(&hipaa, &facts);
    assert_eq!(rungs(&relayed)[0], (Route::Tls, Authenticated, None));
    assert!(!relayed.why().contains(&Reason::Partner));
}

#[test]
fn requiretls_is_asked_for_where_the_declaration_falls_short() {
    let mut facts = facts();
    let mut first = |onward, requiretls| {
        facts.context.onward = Onward::Relay { onward, requiretls };
        *decide(&Policy::hipaa(), &facts).rungs().next().unwrap()
    };
    let rung = first(Encrypted, true);
    assert_eq!(
        (rung.route, rung.requiretls, rung.proven),
        (Route::Tls, true, true)
    );
    assert!(!first(Authenticated, true).requiretls);
    let rung = first(Encrypted, false);
    assert_eq!((rung.route, rung.requiretls), (Route::Pgp, false));
}

#[test]
fn the_ladder_is_the_hosts_to_order() {
    let facts = facts();
    let policy = Policy::hipaa().ladder([Route::Escrow, Route::Tls, Route::Escrow]);
    let decision = decide(&policy, &facts);
    assert_eq!(
        routes(&decision),
        [Route::Escrow, Route::Escrow, Route::Tls]
    );
    for route in [Route::Pgp, Route::Smime] {
        assert!(decision.why().contains(&Reason::NotInLadder { route }));
    }
    assert!(
        !decision
            .why()
            .contains(&Reason::NotInLadder { route: Route::Tls })
    );
}

#[test]
fn an_unsettled_key_lets_nothing_weaker_go_first_and_a_changed_one_nothing_at_all() {
    let policy = Policy::hipaa().ladder([Route::Pgp, Route::Tls, Route::Escrow]);
    let mut facts = facts();
    assert_eq!(
        routes(&decide(&policy, &facts))[..2],
        [Route::Pgp, Route::Tls]
    );
    let p2_first = [Route::Escrow, Route::Tls, Route::Escrow];
    for key in [Fact::Unknown, Fact::Proven(KeyTrust::Discovered)] {
        facts.recipient.pgp = key;
        let decision = decide(&policy, &facts);
        assert_eq!(routes(&decision), p2_first);
        assert_eq!(rungs(&decision)[0].2, Some(FactorLevel::P2));
    }
    facts.recipient.pgp = Fact::Refuted;
    assert_eq!(routes(&decide(&policy, &facts))[0], Route::Tls);

    facts.recipient.pgp = Fact::Proven(KeyTrust::Pinned);
    facts.recipient.pgp_changed = true;
    let decision = decide(&policy, &facts);
    assert_eq!(
        rungs(&decision),
        [(Route::Escrow, Opportunistic, Some(FactorLevel::P2))]
    );
    assert!(
        decision
            .why()
            .contains(&Reason::AfterChangedKey { route: Route::Tls })
    );
    facts.context.escrow_configured = false;
    assert!(!decide(&policy, &facts).is_send());
    // Also where the sensitivity does not accept the route.
    let row = Requirement::NOTHING.tls(Opportunistic);
    let sealed = Policy::custom("t")
        .ladder([Route::Pgp, Route::Tls])
        .require(Sensitivity::None, row.verified_key(Opportunistic))
        .require(Sensitivity::Phi, row);
    for sensitivity in [Sensitivity::None, Sensitivity::Phi] {
        facts.content.declared = Some(sensitivity);
        assert!(!decide(&sealed, &facts).is_send());
    }
    facts.content.declared = Some(Sensitivity::Phi);
    // A key that is verified where a pinned one is asked for is settled.
    let pinned = Policy::custom("t")
        .ladder([Route::Pgp, Route::Tls])
        .require(
            Sensitivity::None,
            Requirement::NOTHING
                .tls(Opportunistic)
                .pinned_key(Opportunistic),
        )
        .require(
            Sensitivity::Phi,
            Requirement::NOTHING
                .tls(Opportunistic)
                .pinned_key(Opportunistic),
        );
    facts.recipient.pgp_changed = false;
    facts.recipient.pgp = Fact::Proven(KeyTrust::Verified);
    let decision = decide(&pinned, &facts);
    assert_eq!(routes(&decision), [Route::Tls]);
    let trust = KeyTrust::Verified;
    assert!(decision.why().contains(&Reason::KeyTooWeak {
        route: Route::Pgp,
        trust
    }));
}

#[test]
fn rows_join_so_that_more_sensitive_is_never_accepted_more_easily() {
    let policy = Policy::custom("upside down")
        .require(
            Sensitivity::None,
            Requirement::NOTHING
                .tls(Authenticated)
                .verified_key(Anchored)
                .pinned_key(Encrypted)
                .escrow(FactorLevel::P2, Encrypted)
                .or_drop(),
        )
        .require(
            Sensitivity::Phi,
            Requirement::NOTHING
                .tls(Encrypted)
                .tls_preferred(Anchored)
                .verified_key(Encrypted)
                .escrow(FactorLevel::P1, Opportunistic)
                .escrow(FactorLevel::P3, Opportunistic),
        );
    let joined = policy.requirement(Sensitivity::Phi);
    assert_eq!(joined.tls, Some(Authenticated));
    assert_eq!(joined.tls_preferred, Some(Anchored));
    assert_eq!(joined.verified_key, Some(Anchored));
    assert_eq!(joined.pinned_key, Some(Encrypted));
    assert_eq!(
        joined.escrow,
        [
            None,
            None,
            Some(Encrypted),
            Some(Encrypted),
            Some(Encrypted)
        ]
    );
    assert_eq!(joined.otherwise, Refusal::Refused);
    assert_eq!(
        policy.requirement(Sensitivity::None).otherwise,
        Refusal::Dropped
    );
    assert_eq!(policy.requirement(Sensitivity::Sensitive).tls, None);

    // A preference below the floor is none.
    let low = Policy::custom("t").require(
        Sensitivity::None,
        Requirement::NOTHING
            .tls(Authenticated)
            .tls_preferred(Encrypted),
    );
    let mut none = facts();
    none.content.declared = None;
    assert_eq!(
        rungs(&decide(&low, &none)),
        [(Route::Tls, Authenticated, None)]
    );
    // A preference that is known not to work is left out, one that may work is tried.
    let high = Policy::custom("t").require(
        Sensitivity::None,
        Requirement::NOTHING.tls(Encrypted).tls_preferred(Anchored),
    );
    let decision = decide(&high, &none);
    assert_eq!(rungs(&decision), [(Route::Tls, Encrypted, None)]);
    assert!(
        decision.why().iter().any(
            |r| matches!(r, Reason::PreferredUnmet { rung } if rung.transport_floor == Anchored)
        )
    );
    none.recipient.transport.anchored = Fact::Unknown;
    assert_eq!(
        rungs(&decide(&high, &none)),
        [(Route::Tls, Anchored, None), (Route::Tls, Encrypted, None)]
    );
}

#[test]
fn escrow_below_p2_is_worth_its_notice() {
    // P1 over any connection, where TLS itself would need Authenticated.
    let row = Requirement::NOTHING
        .tls(Authenticated)
        .escrow(FactorLevel::P0, Opportunistic);
    let policy = Policy::custom("t")
        .require(Sensitivity::None, row)
        .require(Sensitivity::Phi, row);
    let mut facts = facts();
    let escrow = |facts: &Facts| {
        let all = rungs(&decide(&policy, facts));
        all.into_iter()
            .filter(|r| r.0 == Route::Escrow)
            .collect::<Vec<_>>()
    };
    let p2 = (Route::Escrow, Opportunistic, Some(FactorLevel::P2));
    assert_eq!(
        escrow(&facts),
        [(Route::Escrow, Authenticated, Some(FactorLevel::P1)), p2]
    );
    facts.recipient.transport = TransportFacts::UNKNOWN;
    assert_eq!(escrow(&facts), [p2]);
    let decision = decide(&policy, &facts);
    assert!(decision.why().iter().any(|r| matches!(r, Reason::TransportUnknown { rung } if rung.factor_floor == Some(FactorLevel::P1))));
    assert_eq!(routes(&decision), [Route::Escrow, Route::Tls]);
    facts.content.declared = None;
    assert_eq!(
        escrow(&facts),
        [(Route::Escrow, Opportunistic, Some(FactorLevel::P0))]
    );
    // No TLS for PHI: no P1 either.
    let sealed = Requirement::NOTHING.escrow(FactorLevel::P1, Opportunistic);
    let policy = Policy::custom("t")
        .require(Sensitivity::None, sealed)
        .require(Sensitivity::Phi, sealed);
    facts.content.declared = Some(Sensitivity::Phi);
    assert_eq!(rungs(&decide(&policy, &facts)), [p2]);
}

#[test]
fn the_sender_tells_a_passcode_where_nothing_is_on_file() {
    let mut facts = facts();
    let mut told = |available, build: fn(Rule) -> Rule| {
        facts.recipient.factor_available = available;
        let policy = Policy::hipaa().rule(build(Rule::new("t")));
        decide(&policy, &facts)
            .why()
            .contains(&Reason::PasscodeBySender)
    };
    let chosen: fn(Rule) -> Rule = |r| r.redirect(Route::Escrow);
    let fallback: fn(Rule) -> Rule = |r| r;
    for build in [chosen, fallback] {
        for available in [None, Some(FactorLevel::P0), Some(FactorLevel::P1)] {
            assert!(told(available, build));
        }
        for available in [FactorLevel::P2, FactorLevel::P3, FactorLevel::P4] {
            assert!(!told(Some(available), build));
        }
    }
    assert!(!told(None, |r| r.redirect(Route::Pgp)));
}

#[test]
fn a_domain_without_mail_hosts_is_refused_at_once() {
    let mut facts = facts();
    facts.recipient.takes_mail = Fact::Refuted;
    let decision = decide(&Policy::hipaa(), &facts);
    assert!(!decision.is_send());
    assert!(decision.why().contains(&Reason::NoMailHost));
}

#[test]
fn the_factor_asked_for_may_be_the_highest_the_host_has() {
    let factor = FactorLevel::P3;
    let policy = Policy::hipaa().rule(Rule::new("t").raise_factor(factor).redirect(Route::Escrow));
    let mut facts = facts();
    facts.recipient.factor_available = Some(factor);
    assert_eq!(
        rungs(&decide(&policy, &facts)),
        [(Route::Escrow, Opportunistic, Some(factor))]
    );
    facts.recipient.factor_available = Some(FactorLevel::P2);
    assert!(!decide(&policy, &facts).is_send());
}

#[test]
fn only_a_verdict_makes_a_message_harmless() {
    let mut facts = facts();
    facts.content.declared = None;
    facts.content.no_phi_asserted = false;
    let policies = presets().map(|(_, policy)| policy);
    let careful = |p: &Policy| p.clone().no_findings(Sensitivity::Phi);
    let of = |policy: &Policy, facts: &Facts| decide(policy, facts).sensitivity();
    for policy in &policies {
        facts.content.found = Some(Sensitivity::None);
        assert_eq!(of(policy, &facts), Sensitivity::None);
        assert_eq!(of(&careful(policy), &facts), Sensitivity::Phi);
        // Nothing found by who judges nothing.
        facts.content.found = None;
        assert_eq!(of(policy, &facts), Sensitivity::Phi);
        assert_eq!(of(&careful(policy), &facts), Sensitivity::Phi);
        // Nor does a verdict hide what could not be read.
        facts.content.found = Some(Sensitivity::None);
        facts.content.unscannable = true;
        assert_eq!(of(policy, &facts), Sensitivity::Phi);
        facts.content.unscannable = false;
    }
    let custom = Policy::custom("x");
    assert_eq!(of(&custom, &facts), Sensitivity::Phi);
    facts.content.no_phi_asserted = true;
    for found in [None, Some(Sensitivity::None)] {
        facts.content.found = found;
        assert_eq!(of(&custom, &facts), Sensitivity::None);
    }
}

#[test]
fn each_effect_that_raises_leaves_its_reason() {
    let r = || Rule::new("t");
    for rule in [
        r().raise_sensitivity(Sensitivity::Phi),
        r().raise_transport(Encrypted),
        r().raise_factor(FactorLevel::P1),
        r().end_to_end(),
    ] {
        let decision = decide(&Policy::hipaa().rule(rule), &facts());
        assert!(decision.why().contains(&Reason::RuleRaised { rule: 1 }));
    }
}
