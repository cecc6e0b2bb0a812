//! What people and programs are told.

use std::collections::BTreeSet;

use mailseal::base::{
    Fact, FactorLevel, Form, FormReason, KeyFault, KeyTrust, RecipientId, Route, Sensitivity,
    TlsAssurance,
};
use mailseal::dlp::MisaddressedWhy;
use mailseal::policy::{
    Decision, Onward, Policy, Reason, Refusal, Rule, Rung, Show, TransportFacts, WaiverFact,
    WaiverVoid, decide,
};

use super::enumeration::{blank, presets};

use TlsAssurance::{Anchored, Authenticated, Encrypted, Opportunistic};

fn rung() -> Rung {
    Rung::new(Route::Escrow, Authenticated, Some(FactorLevel::P2))
}

fn all() -> Vec<(Reason, &'static str, &'static str)> {
    let sensitivity = Sensitivity::Phi;
    let route = Route::Smime;
    let rung = rung();
    vec![
        (
            Reason::Found { sensitivity },
            "found",
            "the scanner found content that is phi",
        ),
        (
            Reason::Declared { sensitivity },
            "declared",
            "the host declared it phi",
        ),
        (
            Reason::Unscannable,
            "unscannable",
            "a part could not be scanned and counts as phi",
        ),
        (
            Reason::TooManyFindings,
            "too_many_findings",
            "a part has more findings than are read: the rest may be anything and counts as sensitive",
        ),
        (
            Reason::NothingFound { sensitivity },
            "nothing_found",
            "the scanner judged it and found nothing, which this policy takes for phi",
        ),
        (
            Reason::NotJudged { sensitivity },
            "not_judged",
            "nothing was found by a scanner that does not judge messages; it is presumed phi",
        ),
        (
            Reason::NoPhiAsserted,
            "no_phi_asserted",
            "the host asserted that it holds no PHI",
        ),
        (
            Reason::AssertionOverruled,
            "assertion_overruled",
            "the host asserted that it holds no PHI, which the evidence overrules",
        ),
        (
            Reason::RuleRaised { rule: 2 },
            "rule_raised",
            "rule 2 matched and raised what is required",
        ),
        (
            Reason::RuleRedirected { rule: 2, route },
            "rule_redirected",
            "rule 2 sends it by S/MIME only",
        ),
        (
            Reason::RuleHeld { rule: 2 },
            "rule_held",
            "rule 2 holds it for review",
        ),
        (
            Reason::HoldApproved { rule: 2 },
            "hold_approved",
            "rule 2 would hold it, and it was approved",
        ),
        (
            Reason::RuleRefused { rule: 2 },
            "rule_refused",
            "rule 2 refuses it",
        ),
        (
            Reason::Misaddressed {
                because: MisaddressedWhy::OtherPatient,
            },
            "misaddressed",
            "it may be for somebody else: it names a patient, and the address belongs to another one; it is held until the host confirms this recipient",
        ),
        (
            Reason::RecipientConfirmed {
                because: MisaddressedWhy::LookAlike,
            },
            "recipient_confirmed",
            "the host confirmed this recipient, although the address is not the named patient's, but looks much like it",
        ),
        (
            Reason::NoMailHost,
            "no_mail_host",
            "the domain takes no mail",
        ),
        (
            Reason::WaiverApplies,
            "waiver_applies",
            "the recipient prefers plain e-mail; TLS is tried all the same",
        ),
        (
            Reason::WaiverVoid {
                cause: WaiverVoid::Expired,
            },
            "waiver_void",
            "the waiver does not count: it has expired",
        ),
        (
            Reason::PublishedFloor { floor: Anchored },
            "published_floor",
            "the domain itself asks for connections at least anchored",
        ),
        (
            Reason::Partner,
            "partner",
            "the domain is a partner with an agreed TLS identity",
        ),
        (
            Reason::Accepted { rung },
            "accepted",
            "escrow at P2, its notice over a connection at least authenticated: acceptable",
        ),
        (
            Reason::Defers { rung },
            "defers",
            "escrow at P2, its notice over a connection at least authenticated: acceptable, but not known to work; it waits until the connection shows it",
        ),
        (
            Reason::PublishedUnmet { rung },
            "published_unmet",
            "escrow at P2, its notice over a connection at least authenticated: waits, because the domain does not meet what it publishes itself",
        ),
        (
            Reason::PreferredUnmet { rung },
            "preferred_unmet",
            "escrow at P2, its notice over a connection at least authenticated: preferred, but known not to work",
        ),
        (
            Reason::NotAccepted { route },
            "not_accepted",
            "S/MIME: this policy does not accept it for this sensitivity",
        ),
        (
            Reason::NotInLadder { route: Route::Tls },
            "not_in_ladder",
            "TLS: not in this policy's ladder",
        ),
        (
            Reason::NotBuilt { route: Route::Pgp },
            "not_built",
            "PGP: not available in this build or host",
        ),
        (
            Reason::RedirectedElsewhere {
                route: Route::Escrow,
            },
            "redirected_elsewhere",
            "escrow: a rule sends it by another route",
        ),
        (
            Reason::NotEndToEnd { route },
            "not_end_to_end",
            "S/MIME: a rule asks for end-to-end protection",
        ),
        (
            Reason::TransportUnmet { rung },
            "transport_unmet",
            "escrow at P2, its notice over a connection at least authenticated: the connection cannot meet this",
        ),
        (
            Reason::TransportUnknown { rung },
            "transport_unknown",
            "escrow at P2, its notice over a connection at least authenticated: it is not known whether the connection meets this",
        ),
        (
            Reason::SubjectReplaced { route: Route::Tls },
            "subject_replaced",
            "TLS: the subject holds PHI; a neutral one is shown, and the own one stands inside",
        ),
        (
            Reason::FileNamesReplaced { route: Route::Tls },
            "file_names_replaced",
            "TLS: a file name holds PHI; neutral ones are shown, and the own ones stand inside",
        ),
        (
            Reason::SubjectShown { route },
            "subject_shown",
            "S/MIME: it would show the subject, which holds PHI",
        ),
        (
            Reason::FileNamesShown { route: Route::Tls },
            "file_names_shown",
            "TLS: it would show a file name that holds PHI",
        ),
        (
            Reason::MustStay { route: Route::Tls },
            "must_stay",
            "TLS: it would show a subject or file name that holds PHI and cannot be replaced: the message is signed or broken, or the name stands in a message within it",
        ),
        (
            Reason::MailerUndeclared { route },
            "mailer_undeclared",
            "S/MIME: the host's own mailer has no declared assurance",
        ),
        (
            Reason::KeyUnusable {
                route,
                fault: KeyFault::Expired,
            },
            "key_unusable",
            "S/MIME: the recipient's certificate must not be used: it has expired",
        ),
        (
            Reason::KeyUnusable {
                route,
                fault: KeyFault::NoSigningKey,
            },
            "key_unusable",
            "S/MIME: the sender has no key to sign with",
        ),
        (
            Reason::FormChosen {
                route,
                form: Form::Enveloped,
                because: FormReason::Default,
            },
            "form_chosen",
            "S/MIME in the form EnvelopedData, AES-256-CBC: what every client reads",
        ),
        (
            Reason::NoKey { route },
            "no_key",
            "S/MIME: the recipient has no key",
        ),
        (
            Reason::KeyUnknown { route },
            "key_unknown",
            "S/MIME: whether the recipient has a key could not be found out",
        ),
        (
            Reason::KeyTooWeak {
                route,
                trust: KeyTrust::Discovered,
            },
            "key_too_weak",
            "S/MIME: the key is only discovered, less than required",
        ),
        (
            Reason::KeyChanged { route },
            "key_changed",
            "S/MIME: the key is not the pinned one; pin the new key or remove the old one",
        ),
        (
            Reason::AfterChangedKey { route },
            "after_changed_key",
            "S/MIME: weaker than the route whose pinned key changed",
        ),
        (
            Reason::FactorUnavailable {
                factor: FactorLevel::P3,
            },
            "factor_unavailable",
            "escrow at P3: the host cannot ask this recipient for such a factor",
        ),
        (
            Reason::PasscodeBySender,
            "passcode_by_sender",
            "no phone, passphrase or passkey is on file: the sender tells the recipient a passcode by telephone or in person",
        ),
        (
            Reason::NothingAcceptable,
            "nothing_acceptable",
            "no acceptable way to send it is left",
        ),
    ]
}

#[test]
fn every_reason_has_a_stable_code_and_plain_words() {
    let mut codes = BTreeSet::new();
    for (reason, code, text) in all() {
        assert_eq!(reason.code(), format!("policy.{code}"));
        assert_eq!(reason.to_string(), text);
        assert!(serde_json::to_string(&reason).unwrap().contains(code));
        codes.insert(code);
    }
    assert_eq!(codes.len(), 47);
}

#[test]
fn rungs_are_told_and_weighed() {
    let mut tls = Rung::new(Route::Tls, Encrypted, None);
    tls.requiretls = true;
    let pgp = Rung::new(Route::Pgp, Opportunistic, None);
    let p1 = Rung::new(Route::Escrow, Authenticated, Some(FactorLevel::P1));
    assert_eq!(tls.to_string(), "TLS at least encrypted, with REQUIRETLS");
    assert_eq!(
        pgp.to_string(),
        "PGP over a connection at least opportunistic"
    );
    for (rung, sealed) in [(tls, false), (pgp, true), (p1, false), (rung(), true)] {
        assert_eq!(rung.is_end_to_end(), sealed);
    }
    assert!(Rung::new(Route::Smime, Opportunistic, None).is_end_to_end());
    assert!(pgp.is_no_weaker_than(&p1) && !p1.is_no_weaker_than(&pgp));
    assert!(p1.is_no_weaker_than(&tls) && !tls.is_no_weaker_than(&p1));
    assert!(pgp.is_no_weaker_than(&rung()) && rung().is_no_weaker_than(&pgp));
    let words = [Refusal::Dropped, Refusal::Held, Refusal::Refused].map(Refusal::word);
    assert_eq!(words, ["dropped", "held", "refused"]);
}

#[test]
fn an_explanation_names_the_recipient_as_asked() {
    let address = "pat@mail.example".parse().unwrap();
    let id = RecipientId::new(3);
    for (word, show, text) in [
        ("index", Show::Index, "r3"),
        ("masked", Show::Masked, "r3 p***@m***.example"),
        ("clear", Show::Clear, "r3 pat@mail.example"),
    ] {
        assert_eq!(word.parse(), Ok(show));
        assert_eq!(show.recipient(id, &address), text);
    }
    assert!("all".parse::<Show>().is_err());
    assert_eq!(Show::default(), Show::Index);

    let mut facts = blank();
    facts.recipient.transport = TransportFacts::exactly(Encrypted);
    facts.recipient.pgp = Fact::Refuted;
    facts.context.pgp_built = true;
    assert_eq!(
        decide(&Policy::hipaa(), &facts).explain("r3"),
        "r3: none; send by TLS at least encrypted
    else by TLS at least opportunistic
    - the host asserted that it holds no PHI
    - TLS at least encrypted: acceptable
    - TLS at least opportunistic: acceptable
    - PGP: the recipient has no key
    - S/MIME: not available in this build or host
    - escrow: not available in this build or host
"
    );
    facts.recipient.takes_mail = Fact::Refuted;
    assert_eq!(
        decide(&Policy::hipaa(), &facts).explain("r3"),
        "r3: none; refused\n    - the host asserted that it holds no PHI\n    - the domain takes no mail\n"
    );
    facts.recipient.takes_mail = Fact::Proven(());
    let held = Policy::hipaa().rule(Rule::new("").hold());
    assert!(
        decide(&held, &facts)
            .explain("r3")
            .starts_with("r3: none; held for review\n")
    );
    facts.content.declared = Some(Sensitivity::Phi);
    assert!(
        decide(&Policy::tls_exclusive(), &facts)
            .explain("r3")
            .starts_with("r3: phi; dropped\n")
    );
}

/// Each route has a reason in each decision, and the reasons fit the facts.
#[test]
fn every_rung_accepted_or_rejected_has_its_reason() {
    let mut facts = blank();
    facts.context.pgp_built = true;
    facts.context.smime_built = true;
    facts.context.escrow_configured = true;
    let reasons = |facts: &_, policy: &Policy| {
        let decision = decide(policy, facts);
        decision
            .why()
            .iter()
            .map(|r| r.code().trim_start_matches("policy."))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let [(_, hipaa), (_, strict), (_, exclusive)] = presets();
    facts.content.no_phi_asserted = false;
    assert_eq!(
        reasons(&facts, &hipaa),
        "not_judged defers key_unknown key_unknown accepted transport_unknown passcode_by_sender"
    );
    facts.content.found = Some(Sensitivity::None);
    assert!(reasons(&facts, &hipaa).starts_with("nothing_found "));
    facts.content.found = Some(Sensitivity::Phi);
    facts.content.no_phi_asserted = true;
    facts.content.unscannable = true;
    facts.recipient.transport.authenticated = Fact::Refuted;
    facts.recipient.pgp = Fact::Proven(KeyTrust::Discovered);
    facts.recipient.smime_changed = true;
    assert_eq!(
        reasons(&facts, &hipaa),
        "found unscannable assertion_overruled transport_unmet key_too_weak key_changed accepted passcode_by_sender"
    );
    facts.recipient.transport.published = Fact::Proven(Anchored);
    facts.recipient.waiver = WaiverFact::Valid;
    assert_eq!(
        reasons(&facts, &hipaa),
        "found unscannable assertion_overruled waiver_void published_floor published_unmet key_too_weak key_changed published_unmet passcode_by_sender"
    );
    assert_eq!(
        reasons(&facts, &exclusive),
        "found unscannable assertion_overruled waiver_void published_floor published_unmet not_accepted key_changed not_accepted"
    );
    facts.content.declared = Some(Sensitivity::Sensitive);
    facts.recipient.pgp = Fact::Proven(KeyTrust::Verified);
    facts.context.onward = Onward::Relay {
        onward: Encrypted,
        requiretls: false,
    };
    facts.recipient.smime_changed = false;
    facts.recipient.smime = Fact::Refuted;
    assert_eq!(
        reasons(&facts, &strict),
        "found declared unscannable assertion_overruled waiver_void not_accepted transport_unmet no_key factor_unavailable nothing_acceptable"
    );
    facts.context.onward = Onward::Mailer { declared: None };
    assert!(reasons(&facts, &hipaa).contains("mailer_undeclared"));
    let decision = decide(&hipaa, &facts);
    assert_eq!(decision.sensitivity(), Sensitivity::Sensitive);
    let json = serde_json::to_string(&decision).unwrap();
    assert!(
        json.starts_with("{\"decision\":\"send\",\"chosen\":{\"route\":\"pgp\""),
        "{json}"
    );
    assert!(matches!(decision, Decision::Send { .. }));
}

#[test]
fn faults_and_forms_are_those_of_their_own_route() {
    let [(_, hipaa), ..] = presets();
    let mut facts = blank();
    facts.content.found = Some(Sensitivity::Sensitive);
    facts.context.pgp_built = true;
    facts.context.smime_built = true;
    facts.recipient.takes_mail = Fact::Proven(());
    facts.recipient.transport = TransportFacts::exactly(Encrypted);
    let has = |facts: &_, reason: Reason| decide(&hipaa, facts).why().contains(&reason);
    for (route, other) in [(Route::Pgp, Route::Smime), (Route::Smime, Route::Pgp)] {
        let mut facts = facts.clone();
        let fault = KeyFault::Revoked;
        let (form, because) = (Form::AuthEnveloped, FormReason::Certificate);
        facts.recipient.pgp = Fact::Refuted;
        facts.recipient.smime = Fact::Refuted;
        let (bad, good) = match route {
            Route::Pgp => (
                &mut facts.recipient.pgp_fault,
                &mut facts.recipient.smime_form,
            ),
            _ => (
                &mut facts.recipient.smime_fault,
                &mut facts.recipient.pgp_form,
            ),
        };
        (*bad, *good) = (Some(fault), Some((form, because)));
        match route {
            Route::Pgp => facts.recipient.smime = Fact::Proven(KeyTrust::Pinned),
            _ => facts.recipient.pgp = Fact::Proven(KeyTrust::Pinned),
        }
        assert!(has(&facts, Reason::KeyUnusable { route, fault }));
        let chosen = Reason::FormChosen {
            route: other,
            form,
            because,
        };
        assert!(has(&facts, chosen));
        // No fault, no certificate; no form, no word of it.
        facts.recipient.pgp_fault = None;
        facts.recipient.smime_fault = None;
        facts.recipient.pgp_form = None;
        facts.recipient.smime_form = None;
        assert!(has(&facts, Reason::NoKey { route }));
        assert!(!has(&facts, chosen));
    }
}
