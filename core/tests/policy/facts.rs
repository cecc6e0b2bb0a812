//! From findings and capabilities to facts.

use mailseal::base::{Fact, NextHop, Sensitivity, Timestamp, TlsAssurance};
use mailseal::discover::{Capabilities, HostCapability, MxHost, StsMode, StsPolicy, TlsSeen};
use mailseal::dlp::{
    Category, Confidence, Finding, FindingKind, Findings, Part, Risk, Unscannable,
};
use mailseal::policy::{ContentFacts, FindingFact, Onward, RecipientFacts, TransportFacts};

const P: Fact<()> = Fact::Proven(());
const R: Fact<()> = Fact::Refuted;
const U: Fact<()> = Fact::Unknown;

/// What was seen of a host: `-` no TLS, `?` not reached, else the identity.
fn host(name: &str, seen: &str) -> HostCapability {
    let tls = match seen {
        "-" => Fact::Refuted,
        "?" => Fact::Unknown,
        identity => {
            let json = format!(
                r#"{{"version":"TLSv1.3","suite":"TLS13_AES_256_GCM_SHA384","group":null,"certificate_sha256":"00","identity":"{identity}"}}"#
            );
            Fact::Proven(TlsSeen::new(serde_json::from_str(&json).unwrap(), None))
        }
    };
    HostCapability::new(MxHost::new(name.parse().unwrap(), 10), tls)
}

fn capabilities(hosts: &[(&str, &str)], sts: Fact<StsMode>) -> Capabilities {
    Capabilities::new(
        "mail.example".parse().unwrap(),
        Fact::Proven(hosts.iter().map(|(name, seen)| host(name, seen)).collect()),
        sts.map(|mode| StsPolicy::new(mode, vec!["*.mail.example".into()], 86_400)),
        Timestamp::from_unix_ms(0),
    )
}

#[test]
fn the_way_is_worth_what_any_host_that_may_take_the_mail_shows() {
    let enforce = Fact::Proven(StsMode::Enforce);
    let testing = Fact::Proven(StsMode::Testing);
    let anchored = Fact::Proven(TlsAssurance::Anchored);
    type Case = (
        &'static [(&'static str, &'static str)],
        Fact<StsMode>,
        [Fact<()>; 3],
        Fact<TlsAssurance>,
    );
    let cases: &[Case] = &[
        (
            &[("a.mail.example", "web_pki")],
            Fact::Refuted,
            [P, P, R],
            Fact::Refuted,
        ),
        (
            &[("a.mail.example", "web_pki")],
            Fact::Unknown,
            [P, P, U],
            Fact::Unknown,
        ),
        (
            &[("a.mail.example", "web_pki")],
            testing,
            [P, P, R],
            Fact::Refuted,
        ),
        (
            &[("a.mail.example", "web_pki")],
            enforce,
            [P, P, P],
            anchored,
        ),
        (
            &[("a.mail.example", "unverified")],
            enforce,
            [P, R, R],
            anchored,
        ),
        (
            &[("a.mail.example", "unverified")],
            Fact::Unknown,
            [P, R, R],
            Fact::Unknown,
        ),
        (
            &[("a.mail.example", "-")],
            Fact::Unknown,
            [R, R, R],
            Fact::Unknown,
        ),
        (
            &[("a.mail.example", "?")],
            Fact::Refuted,
            [U, U, U],
            Fact::Refuted,
        ),
        (
            &[("a.mail.example", "partner_pin")],
            Fact::Refuted,
            [P, P, P],
            Fact::Refuted,
        ),
        // One of several is enough to prove, all are needed to refute.
        (
            &[("a.mail.example", "-"), ("b.mail.example", "web_pki")],
            Fact::Refuted,
            [P, P, R],
            Fact::Refuted,
        ),
        (
            &[("a.mail.example", "-"), ("b.mail.example", "?")],
            Fact::Refuted,
            [U, U, U],
            Fact::Refuted,
        ),
        (
            &[("a.mail.example", "unverified"), ("b.mail.example", "?")],
            Fact::Refuted,
            [P, U, U],
            Fact::Refuted,
        ),
        // A host that the enforced policy does not name takes no mail.
        (
            &[("a.other.example", "web_pki")],
            enforce,
            [R, R, R],
            anchored,
        ),
        (
            &[("a.other.example", "web_pki"), ("b.mail.example", "?")],
            enforce,
            [U, U, U],
            anchored,
        ),
        (
            &[("a.other.example", "web_pki")],
            testing,
            [P, P, R],
            Fact::Refuted,
        ),
        (&[], Fact::Refuted, [U, U, U], Fact::Refuted),
    ];
    for (hosts, sts, levels, published) in cases {
        let facts = TransportFacts::from(&capabilities(hosts, *sts));
        assert_eq!(
            [facts.encrypted, facts.authenticated, facts.anchored],
            *levels,
            "{hosts:?} {sts:?}"
        );
        assert_eq!(facts.published, *published, "{hosts:?} {sts:?}");
    }
}

#[test]
fn what_discovery_learnt_becomes_facts_of_the_recipient() {
    let pat = || RecipientFacts::new("pat@mail.example".parse().unwrap());
    assert_eq!(pat().takes_mail, Fact::Unknown);
    let mut c = capabilities(&[("a.mail.example", "web_pki")], Fact::Refuted);
    let known = pat().discovered(&c);
    assert_eq!((known.takes_mail, known.transport.authenticated), (P, P));
    c.hosts = Fact::Refuted;
    let known = pat().discovered(&c);
    assert_eq!((known.takes_mail, known.transport.encrypted), (R, U));
    c.hosts = Fact::Unknown;
    assert_eq!(pat().discovered(&c).takes_mail, U);
}

#[test]
fn a_level_is_met_where_it_or_a_higher_one_is() {
    for (i, &level) in TlsAssurance::ALL.iter().enumerate() {
        let facts = TransportFacts::exactly(level);
        for (j, &wanted) in TlsAssurance::ALL.iter().enumerate() {
            assert_eq!(facts.meets(wanted), if j <= i { P } else { R });
        }
        assert_eq!(facts.published, Fact::Refuted);
        assert_eq!(
            TransportFacts::UNKNOWN.meets(level),
            if i == 0 { P } else { U }
        );
    }
}

#[test]
fn findings_become_facts_of_the_content() {
    let finding = |kind| Finding::new(kind, Part::Text, 0..3, Confidence::High, "x");
    let mut findings = Findings::default();
    let facts = ContentFacts::from(&findings);
    assert_eq!(
        (facts.found, facts.unscannable, facts.other_people),
        (None, false, U)
    );

    // A verdict that there is nothing is something else than no verdict.
    findings.risk = Some(Risk::new(Sensitivity::None, Vec::new(), 0, Vec::new()));
    assert_eq!(ContentFacts::from(&findings).found, Some(Sensitivity::None));
    findings.unscannable = vec![Unscannable::new(Part::Attachment(0), "encrypted")];
    assert_eq!(ContentFacts::from(&findings).found, Some(Sensitivity::Phi));
    findings.risk = None;
    findings.unscannable.clear();

    findings.knows_names = true;
    findings.items = vec![finding(FindingKind::Ssn).with_category(Category::Genetic)];
    let facts = ContentFacts::from(&findings);
    assert_eq!(facts.other_people, R);
    assert_eq!(facts.found, Some(Sensitivity::Sensitive));
    assert_eq!(
        facts.findings,
        [
            FindingFact::new(FindingKind::Ssn, Some(Category::Genetic), Confidence::High)
                .with_value(0)
        ]
    );

    // One value, however it is written, has one number; of another kind or
    // another value it has another.
    let of =
        |kind, value: &str| Finding::new(kind, Part::Html, 0..3, Confidence::Low, value.to_owned());
    findings.items = vec![
        of(FindingKind::Mrn, "AB-10 22"),
        of(FindingKind::Mrn, "AB-1023"),
        of(FindingKind::Mrn, "ab1022"),
        of(FindingKind::Account, "AB1022"),
        // As a text and a page with entities have it.
        of(FindingKind::Name, "José Müller"),
        of(FindingKind::Name, "Jose Muller"),
    ];
    let numbers: Vec<_> = ContentFacts::from(&findings)
        .findings
        .iter()
        .map(|f| f.value)
        .collect();
    assert_eq!(numbers, [0, 1, 0, 2, 3, 3].map(Some));

    findings.items = vec![finding(FindingKind::Name)];
    assert_eq!(ContentFacts::from(&findings).other_people, U);

    findings.items.clear();
    for (why, many) in [("encrypted", false), ("too_many_findings", true)] {
        findings.unscannable = vec![Unscannable::new(Part::Attachment(0), why)];
        let facts = ContentFacts::from(&findings);
        assert_eq!(
            (facts.found, facts.unscannable, facts.too_many_findings),
            (Some(Sensitivity::Phi), true, many)
        );
    }
}

#[test]
fn a_relay_offers_requiretls_where_it_is_declared() {
    assert_eq!(Onward::from(NextHop::Mx), Onward::Mx);
    let onward = TlsAssurance::Opportunistic;
    for requiretls in [false, true] {
        assert_eq!(
            Onward::from(NextHop::Relay { onward, requiretls }),
            Onward::Relay { onward, requiretls }
        );
    }
}

#[test]
fn a_context_shows_the_way_and_not_the_hosts_words() {
    let mut context = mailseal::policy::ContextFacts::default();
    context.audience = Some("patients of Dr. Okafor".to_owned());
    context.approved = true;
    let text = format!("{context:?}");
    assert!(text.contains("onward: Mx") && text.contains("approved: true"));
    assert!(!text.contains("Okafor"));
}

#[test]
fn what_subject_and_file_names_tell_is_seen_in_their_own_parts() {
    let told = |findings: &Findings| {
        let facts = ContentFacts::from(findings);
        let fixed = facts.subject_fixed || facts.file_names_fixed;
        (facts.subject_tells, facts.file_name_tells, fixed)
    };
    let name = Part::AttachmentName(1);
    for (part, kind, expected) in [
        (Part::Subject, FindingKind::Name, (true, false)),
        (Part::Subject, FindingKind::Condition, (true, false)),
        (Part::Subject, FindingKind::Facility, (false, false)),
        (name, FindingKind::Mrn, (false, true)),
        (name, FindingKind::Provider, (false, false)),
        (Part::Text, FindingKind::Name, (false, false)),
        (Part::Attachment(1), FindingKind::Name, (false, false)),
    ] {
        let mut findings = Findings::default();
        findings.items = vec![Finding::new(kind, part, 0..3, Confidence::Low, "x")];
        let expected = (expected.0, expected.1, false);
        assert_eq!(told(&findings), expected, "{part} {kind:?}");
    }
    // Who cares for somebody tells it by the name, or where it is known what for.
    for kind in [FindingKind::Facility, FindingKind::Provider] {
        for (value, category, expected) in [
            ("Harbor Dialysis Center", None, true),
            ("Harbor Office", None, false),
            ("Harbor Office", Some(Category::MentalHealth), true),
        ] {
            for part in [Part::Subject, name] {
                let found = |kind, part, value: &str| {
                    Finding::new(kind, part, 0..3, Confidence::Low, value.to_owned())
                };
                let mut findings = Findings::default();
                findings.items = vec![found(kind, part, value)];
                findings.items.extend(category.map(|category| {
                    found(FindingKind::Condition, Part::Text, "x").with_category(category)
                }));
                let wanted = (part == Part::Subject, part == name);
                let wanted = (wanted.0 && expected, wanted.1 && expected, false);
                assert_eq!(told(&findings), wanted, "{part} {kind:?} {value}");
                // The verdict's own is as good.
                findings.items.truncate(1);
                let verdict = Risk::new(
                    Sensitivity::Sensitive,
                    category.into_iter().collect(),
                    0,
                    Vec::new(),
                );
                findings.risk = Some(verdict);
                assert_eq!(told(&findings), wanted, "{part} {kind:?} {value}");
            }
        }
    }
    // What they hide may be anything.
    for (part, expected) in [(Part::Subject, (true, false)), (name, (false, true))] {
        let mut findings = Findings::default();
        findings.unscannable = vec![Unscannable::new(part, "malformed")];
        assert_eq!(told(&findings), (expected.0, expected.1, false), "{part}");
    }
}
