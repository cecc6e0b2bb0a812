//! When a patient's wish for plain e-mail counts.

use mailseal::base::{Fact, Phi, Route, Sensitivity, Timestamp, TlsAssurance};
use mailseal::policy::{
    Disclosure, Facts, Policy, Reason, Rule, TransportFacts, Waiver, WaiverFact, WaiverVoid, decide,
};

use super::enumeration::{blank, rungs};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

#[test]
fn it_counts_for_one_address_one_patient_and_a_time() {
    let waiver = Waiver::new("pat@mail.example".parse().unwrap(), "p-17", at(10), at(20));
    let patient: Phi<String> = "p-17".into();
    let other: Phi<String> = "p-18".into();
    let check = |address: &str, patient: &Phi<String>, now| {
        waiver.check(&address.parse().unwrap(), patient, at(now))
    };
    assert_eq!(check("Pat@mail.example", &patient, 10), Ok(()));
    assert_eq!(check("pat@mail.example", &patient, 19), Ok(()));
    for (address, patient, now, cause) in [
        ("kim@mail.example", &patient, 15, WaiverVoid::OtherAddress),
        ("pat@mail.example", &other, 15, WaiverVoid::OtherPatient),
        ("pat@mail.example", &patient, 9, WaiverVoid::NotYetGiven),
        ("pat@mail.example", &patient, 20, WaiverVoid::Expired),
    ] {
        assert_eq!(check(address, patient, now), Err(cause));
        assert_eq!(WaiverFact::from(Err(cause)), WaiverFact::Void(cause));
    }
    assert_eq!(WaiverFact::from(Ok(())), WaiverFact::Valid);
    assert_eq!(WaiverFact::default(), WaiverFact::Absent);
    let debug = format!("{waiver:?}");
    assert!(!debug.contains("p-17") && !debug.contains("mail.example"));
}

fn phi() -> Facts {
    let mut facts = blank();
    facts.content.declared = Some(Sensitivity::Phi);
    facts.recipient.waiver = WaiverFact::Valid;
    facts.recipient.transport = TransportFacts::exactly(TlsAssurance::Opportunistic);
    facts
}

#[test]
fn clear_text_is_the_last_of_the_tls_rungs() {
    use TlsAssurance::{Authenticated, Encrypted, Opportunistic};
    let tls = |floors: &[TlsAssurance]| {
        floors
            .iter()
            .map(|f| (Route::Tls, *f, None))
            .collect::<Vec<_>>()
    };
    let policy = Policy::hipaa();
    let mut facts = phi();
    assert_eq!(rungs(&decide(&policy, &facts)), tls(&[Opportunistic]));
    facts.recipient.transport = TransportFacts::UNKNOWN;
    assert_eq!(
        rungs(&decide(&policy, &facts)),
        tls(&[Authenticated, Encrypted, Opportunistic])
    );
    // A rule's floor stands.
    let raised = policy
        .clone()
        .rule(Rule::new("").raise_transport(Encrypted));
    assert_eq!(
        rungs(&decide(&raised, &facts)),
        tls(&[Authenticated, Encrypted])
    );
    let sealed = policy.rule(Rule::new("").end_to_end());
    assert!(!decide(&sealed, &facts).is_send());
}

#[test]
fn it_is_void_where_others_or_more_are_at_stake() {
    type Case = (fn(&mut Facts), WaiverVoid);
    let cases: [Case; 6] = [
        (
            |f| f.recipient.other_recipients = true,
            WaiverVoid::OtherRecipients,
        ),
        (
            |f| f.content.other_people = Fact::Proven(()),
            WaiverVoid::OtherPeople,
        ),
        (
            |f| f.content.other_people = Fact::Unknown,
            WaiverVoid::OtherPeople,
        ),
        (
            |f| f.content.declared = Some(Sensitivity::Sensitive),
            WaiverVoid::Sensitive,
        ),
        (|f| f.content.unscannable = true, WaiverVoid::Unscannable),
        (
            |f| f.recipient.waiver = WaiverFact::Void(WaiverVoid::OtherPatient),
            WaiverVoid::OtherPatient,
        ),
    ];
    for (change, cause) in cases {
        let mut facts = phi();
        change(&mut facts);
        let decision = decide(&Policy::hipaa(), &facts);
        assert!(
            decision.why().contains(&Reason::WaiverVoid { cause }),
            "{cause}"
        );
        assert!(!decision.is_send(), "{cause}");
    }
    let decision = decide(&Policy::hipaa().waivers(false), &phi());
    let cause = WaiverVoid::Policy;
    assert!(decision.why().contains(&Reason::WaiverVoid { cause }));
    assert!(!decision.is_send());
}

#[test]
fn a_copy_of_ones_own_is_the_default() {
    assert_eq!(Disclosure::default(), Disclosure::Individual);
    assert_eq!(Disclosure::Individual.to_string(), "individual");
    assert_eq!(Disclosure::Shared.to_string(), "shared");
}
