//! What each preset does with each kind of host, told and done.

use mailseal::base::{Route, Sensitivity, TlsAssurance};
use mailseal::compose::Message;
use mailseal::dlp::{Findings, Risk, Scanner};
use mailseal::policy::{Decision, Policy, Refusal, Show};
use mailseal::{PlanError, Status};

use super::scene::{
    ANCHORED, CANARY, CLEAR, SELF_SIGNED, Scene, VALID, at, draft, harmless, is_message, is_notice,
    message, only, sensitive,
};

/// What is expected: the message over TLS, the message in clear, a notice, or
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Tls(TlsAssurance),
    Clear,
    Notice,
    Nothing(Refusal),
}
use Refusal::{Dropped, Refused};
use Seen::{Clear, Nothing, Notice, Tls};
use TlsAssurance::{Anchored, Authenticated, Encrypted};

const DOMAINS: [&str; 4] = [CLEAR, SELF_SIGNED, VALID, ANCHORED];

/// Plans and sends one message to each domain, and compares what was decided,
/// what arrived, and what crossed the wire.
async fn check(policy: Policy, sensitivity: Sensitivity, expected: [Seen; 4]) {
    let scene = Scene::new(&DOMAINS).await;
    let client = scene.client(policy).await;
    for (domain, expected) in DOMAINS.into_iter().zip(expected) {
        let to = at(domain);
        let message = match sensitivity {
            Sensitivity::None => harmless(&to),
            Sensitivity::Phi => message(&to),
            Sensitivity::Sensitive => sensitive(&to),
        };
        let plan = client.plan(message).await.unwrap();
        assert_eq!(plan.sensitivity(), sensitivity);
        let decision = plan.recipients()[0].decision().clone();
        let about = format!("{domain}: {decision:?}");
        let result = client.send(plan).await;
        let arrived = scene.messages(domain);
        if let Nothing(kind) = expected {
            assert!(
                matches!(decision, Decision::Refuse { kind: k, .. } if k == kind),
                "{about}"
            );
            let error = result.unwrap_err();
            assert!(
                matches!(error, mailseal::Error::Plan(PlanError::Refused { .. })),
                "{about}"
            );
            assert!(arrived.is_empty() && !scene.heard_mail(domain), "{about}");
            continue;
        }
        let receipt = result.unwrap();
        let outcome = only(&receipt);
        assert_eq!(outcome.status, Status::Delivered, "{about} {outcome:?}");
        assert_eq!(arrived.len(), 1, "{about}");
        match expected {
            Tls(floor) => {
                assert!(is_message(&arrived[0]) && arrived[0].tls, "{about}");
                assert_eq!(outcome.route, Some(Route::Tls));
                assert_eq!(outcome.transport_floor, Some(floor), "{about}");
                let identity = outcome.tls.as_ref().unwrap().identity;
                assert!(identity.assurance() >= floor, "{about}");
                scene.assert_never_in_clear(domain);
            }
            Clear => {
                assert!(is_message(&arrived[0]) && !arrived[0].tls, "{about}");
                assert!(outcome.tls.is_none(), "{about}");
            }
            _ => {
                assert!(is_notice(&arrived[0]), "{about}");
                assert_eq!(outcome.route, Some(Route::Escrow));
                assert!(outcome.grant.is_some() && outcome.passcode().is_some());
                scene.assert_never_in_clear(domain);
            }
        }
    }
}

#[tokio::test]
async fn hipaa_without_phi() {
    let expected = [Clear, Tls(Encrypted), Tls(Encrypted), Tls(Anchored)];
    check(Policy::hipaa(), Sensitivity::None, expected).await;
}

#[tokio::test]
async fn hipaa_with_phi() {
    let expected = [Notice, Notice, Tls(Authenticated), Tls(Anchored)];
    check(Policy::hipaa(), Sensitivity::Phi, expected).await;
}

#[tokio::test]
async fn hipaa_with_sensitive_content() {
    check(Policy::hipaa(), Sensitivity::Sensitive, [Notice; 4]).await;
}

#[tokio::test]
async fn strict_without_phi() {
    let expected = [Notice, Tls(Encrypted), Tls(Encrypted), Tls(Anchored)];
    check(Policy::strict(), Sensitivity::None, expected).await;
}

#[tokio::test]
async fn strict_with_phi() {
    let expected = [Notice, Notice, Notice, Tls(Anchored)];
    check(Policy::strict(), Sensitivity::Phi, expected).await;
}

#[tokio::test]
async fn strict_with_sensitive_content() {
    // Of nobody a factor of P3 is known, and nobody has a key.
    let expected = [Nothing(Refused); 4];
    check(Policy::strict(), Sensitivity::Sensitive, expected).await;
}

#[tokio::test]
async fn tls_exclusive_without_phi() {
    let none = Nothing(Dropped);
    let expected = [none, Tls(Encrypted), Tls(Encrypted), Tls(Anchored)];
    check(Policy::tls_exclusive(), Sensitivity::None, expected).await;
}

#[tokio::test]
async fn tls_exclusive_with_phi() {
    let none = Nothing(Dropped);
    let expected = [none, none, Tls(Authenticated), Tls(Anchored)];
    check(Policy::tls_exclusive(), Sensitivity::Phi, expected).await;
}

#[tokio::test]
async fn tls_exclusive_with_sensitive_content() {
    let expected = [Nothing(Refused); 4];
    check(Policy::tls_exclusive(), Sensitivity::Sensitive, expected).await;
}

#[tokio::test]
async fn an_explanation_names_recipients_only_as_it_is_asked_to() {
    let scene = Scene::new(&[VALID, CLEAR]).await;
    let client = scene.hipaa().await;
    let message = draft(&at(VALID), |m| m.cc(at(CLEAR)));
    let plan = client.plan(message).await.unwrap();

    let index = plan.explain(Show::Index);
    assert!(
        index.contains("r0: phi; send by TLS at least authenticated"),
        "{index}"
    );
    assert!(index.contains("r1: phi; send by escrow at P2"), "{index}");
    for secret in [
        "@",
        "pat",
        "valid",
        "clear.",
        "harbor",
        "Your visit",
        CANARY,
    ] {
        assert!(!index.contains(secret), "{secret} in {index}");
    }
    let masked = plan.explain(Show::Masked);
    assert!(masked.contains("r0 p***@v***.example"), "{masked}");
    assert!(
        !masked.contains("pat@") && !masked.contains(VALID),
        "{masked}"
    );
    let clear = plan.explain(Show::Clear);
    assert!(clear.contains("pat@valid.example") && clear.contains("pat@clear.example"));

    // Debug texts go into logs.
    let debug = format!("{plan:?} {:?}", plan.recipients());
    assert!(!debug.contains("pat@") && !debug.contains(VALID) && !debug.contains(CANARY));
}

#[tokio::test]
async fn nothing_is_sent_to_anybody_before_the_refused_are_dropped() {
    let scene = Scene::new(&[VALID, CLEAR]).await;
    let client = scene.client(Policy::tls_exclusive()).await;
    let message = draft(&at(VALID), |m| m.to(at(CLEAR)));
    let mut plan = client.plan(message).await.unwrap();
    let refused = plan.refused();
    assert_eq!(refused, [super::scene::id(1)]);

    let error = client.send(plan.clone()).await.unwrap_err();
    assert_eq!(error.code(), "plan.refused");
    assert!(!scene.heard_mail(VALID) && !scene.heard_mail(CLEAR));
    assert_eq!(client.audit().size().await.unwrap(), 0);

    assert!(plan.drop_recipient(refused[0]));
    assert!(!plan.drop_recipient(super::scene::id(7)));
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Delivered);
    assert_eq!(receipt.outcomes[1].status, Status::Refused);
    assert_eq!(scene.messages(VALID).len(), 1);
    assert!(!scene.heard_mail(CLEAR));

    let about = client.audit().about(&at(CLEAR)).await.unwrap();
    assert_eq!(about.len(), 1);
    assert_eq!(about[0].record.kind, mailseal::audit::EventKind::Refused);
    assert_eq!(about[0].record.receipt, Some(receipt.id));
    let reasons = &about[0].record.reasons;
    assert!(
        reasons.iter().any(|r| r == "policy.transport_unmet"),
        "{reasons:?}"
    );
    let kept = client.receipt(receipt.id).await.unwrap().unwrap();
    assert_eq!(kept.outcomes[1].status, Status::Refused);
}

#[tokio::test]
async fn tls_exclusive_refuses_sensitive_content_to_all_and_sends_to_none() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.client(Policy::tls_exclusive()).await;
    let mut plan = client.plan(sensitive(&at(VALID))).await.unwrap();
    plan.drop_recipient(super::scene::id(0));
    let error = client.send(plan).await.unwrap_err();
    assert_eq!(error.code(), "plan.empty");
    assert!(!scene.heard_mail(VALID));
}

#[tokio::test]
async fn who_is_dropped_though_allowed_gets_nothing_and_that_is_recorded_as_such() {
    let scene = Scene::new(&[VALID, ANCHORED]).await;
    let client = scene.hipaa().await;
    let message = draft(&at(VALID), |m| m.to(at(ANCHORED)));
    let mut plan = client.plan(message).await.unwrap();
    plan.drop_recipient(super::scene::id(1));
    assert!(plan.explain(Show::Index).contains("r1 (dropped)"));
    client.send(plan).await.unwrap();
    assert!(!scene.heard_mail(ANCHORED));
    let about = client.audit().about(&at(ANCHORED)).await.unwrap();
    assert_eq!(about.len(), 1);
    assert_eq!(about[0].record.kind, mailseal::audit::EventKind::Dropped);
}

/// A scanner that judges whole messages, and says what it is told to.
#[derive(Debug)]
struct Judge(Option<Sensitivity>);

impl Scanner for Judge {
    fn scan(&self, _: &Message) -> Findings {
        let mut findings = Findings::default();
        let judged = |sensitivity| Risk::new(sensitivity, Vec::new(), 0, Vec::new());
        findings.risk = self.0.map(judged);
        findings
    }
}

#[tokio::test]
async fn only_a_scanner_that_judges_messages_lowers_what_is_presumed() {
    use Sensitivity::{None as Harmless, Phi, Sensitive};
    for (verdict, taken_for) in [
        (None, Phi),
        (Some(Harmless), Harmless),
        (Some(Phi), Phi),
        (Some(Sensitive), Sensitive),
    ] {
        let scene = Scene::new(&[VALID]).await;
        let builder = scene.builder().policy(Policy::hipaa());
        let client = builder.scanner(Judge(verdict)).build().await.unwrap();
        let plan = client.plan(message(&at(VALID))).await.unwrap();
        assert_eq!(plan.sensitivity(), taken_for, "{verdict:?}");
        // What the host declares and asks for still raises.
        let declared = message(&at(VALID)).declare(Sensitivity::Sensitive);
        let plan = client.plan(declared).await.unwrap();
        assert_eq!(plan.sensitivity(), Sensitive, "{verdict:?}");
        let secure = message(&at(VALID)).marker_secure(true);
        let plan = client.plan(secure).await.unwrap();
        assert_eq!(plan.sensitivity(), taken_for.max(Phi), "{verdict:?}");
    }
    // The scanner of single findings gives no verdict; the scene has it.
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    assert_eq!(plan.sensitivity(), Phi);
}

/// A client that is told nothing of scanners has the one that judges: harmless
/// mail goes as it is, and results do not.
#[tokio::test]
async fn the_scanner_that_is_there_by_default_gives_a_verdict() {
    let scene = Scene::new(&[CLEAR]).await;
    let bare = scene.sandbox.builder(scene.storage(), scene.keys.clone());
    let client = bare.unwrap().policy(Policy::hipaa()).build().await.unwrap();
    for (subject, text, taken_for, route) in [
        (
            "Order of printer paper",
            "Please send us ten boxes of printer paper by Friday.\n\nThank you.\n",
            Sensitivity::None,
            Route::Tls,
        ),
        (
            "Your results",
            "Dear Marisol Quintero,\n\nyour potassium of February 27, 2026 was 5.9 mmol/L. \
             Dr. Okafor will see you for dialysis on March 3.\n\nMRN 7719402\n",
            Sensitivity::Phi,
            Route::Escrow,
        ),
    ] {
        let letter = draft(&at(CLEAR), |m| m.subject(subject).text(text));
        let plan = client.plan(letter).await.unwrap();
        assert_eq!(plan.sensitivity(), taken_for, "{subject}");
        let receipt = client.send(plan).await.unwrap();
        assert_eq!(only(&receipt).route, Some(route), "{subject}");
    }
}
