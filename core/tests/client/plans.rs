//! Plans that grow old, markers, waivers, and what a person must look at first.

use mailseal::audit::EventKind;
use mailseal::base::{Recipient, Route, Sensitivity, TlsAssurance};
use mailseal::compose::{Attachment, Message};
use mailseal::deliver::Cause;
use mailseal::policy::{Policy, Rule, Show, Waiver};
use mailseal::testing::SandboxDomain;
use mailseal::testing::smtp::{Act, When};
use mailseal::{Error, PlanError, PlanOptions, Status};

use super::scene::{
    CLEAR, DAY, HOUR, MINUTE, SELF_SIGNED, Scene, VALID, address, at, contains, draft, entries,
    harmless, header, id, is_message, is_notice, kinds, message, only, pick_up, send, send_with,
    sensitive,
};

fn changed(error: &Error) -> bool {
    matches!(error, Error::Plan(PlanError::Changed { ids }) if *ids == [id(0)])
}

#[tokio::test]
async fn an_expired_plan_goes_on_where_nothing_changed() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    assert_eq!(plan.expires().since(plan.made()), 15 * MINUTE);
    scene.advance(2 * HOUR);
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Delivered);
    assert_eq!(only(&receipt).route, Some(Route::Tls));
}

#[tokio::test]
async fn an_expired_plan_that_got_weaker_is_not_sent() {
    // From encrypted to clear, and from TLS to nothing.
    for (policy, harmless_content) in [(Policy::hipaa(), true), (Policy::tls_exclusive(), false)] {
        let scene = Scene::new(&[VALID]).await;
        let client = scene.client(policy).await;
        let to = at(VALID);
        let message = if harmless_content {
            harmless(&to)
        } else {
            message(&to)
        };
        let plan = client.plan(message).await.unwrap();
        scene.becomes(&SandboxDomain::new(VALID));
        scene.advance(2 * HOUR);
        let error = client.send(plan).await.unwrap_err();
        assert!(changed(&error), "{error:?}");
        assert_eq!(error.code(), "plan.changed");
        assert!(!scene.heard_mail(VALID));
        assert_eq!(client.audit().size().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn an_expired_plan_that_got_stronger_goes_on() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    scene.becomes(&SandboxDomain::new(VALID));
    scene.advance(2 * HOUR);
    let receipt = client.send(plan).await.unwrap();
    // End-to-end in place of TLS, known before anything was tried.
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
    assert!(!kinds(&client).await.contains(&EventKind::Fallback));
    assert!(is_notice(&scene.messages(VALID)[0]));
}

#[tokio::test]
async fn who_was_dropped_stays_dropped_when_an_expired_plan_is_made_again() {
    let scene = Scene::new(&[VALID, CLEAR]).await;
    let client = scene.client(Policy::tls_exclusive()).await;
    let two = draft(&at(VALID), |m| m.to(at(CLEAR)));
    let mut plan = client.plan(two).await.unwrap();
    plan.drop_recipient(id(1));
    scene.advance(2 * HOUR);
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Delivered);
    assert_eq!(receipt.outcomes[1].status, Status::Refused);
}

fn options(scene: &Scene, to: &str) -> PlanOptions {
    let now = mailseal::base::Clock::now(scene.sandbox.clock());
    let waiver = Waiver::new(at(to), "patient-1".to_owned(), now, now.plus(10 * MINUTE));
    PlanOptions::new()
        .patient("patient-1")
        .waiver(waiver)
        .names_patient_only()
}

#[tokio::test]
async fn a_waiver_allows_clear_text_after_tls_was_tried() {
    for (domain, tls, floor) in [
        (VALID, true, TlsAssurance::Authenticated),
        (SELF_SIGNED, true, TlsAssurance::Encrypted),
        (CLEAR, false, TlsAssurance::Opportunistic),
    ] {
        let scene = Scene::new(&[domain]).await;
        let client = scene.hipaa().await;
        let options = options(&scene, domain);
        let receipt = send_with(&client, message(&at(domain)), options)
            .await
            .unwrap();
        let outcome = only(&receipt);
        assert_eq!(outcome.status, Status::Delivered);
        assert_eq!(outcome.transport_floor, Some(floor), "{domain}");
        let arrived = scene.messages(domain);
        assert!(is_message(&arrived[0]));
        assert_eq!(arrived[0].tls, tls, "{domain}");
        let reasons = entries(&client).await.remove(0).record.reasons;
        assert!(
            reasons.iter().any(|r| r == "policy.waiver_applies"),
            "{reasons:?}"
        );
    }
}

/// Sends to a host without TLS and expects a notice, not the message.
async fn is_void(
    about: &str,
    policy: Policy,
    message: Message,
    edit: fn(PlanOptions) -> PlanOptions,
) {
    let scene = Scene::new(&[CLEAR, VALID]).await;
    let client = scene.client(policy).await;
    let options = edit(options(&scene, CLEAR));
    send_with(&client, message, options).await.unwrap();
    let arrived = scene.messages(CLEAR);
    assert!(arrived.iter().all(is_notice), "{about}");
    assert_eq!(arrived.len(), 1, "{about}");
    scene.assert_never_in_clear(CLEAR);
    let entries = client.audit().about(&at(CLEAR)).await.unwrap();
    let reasons = &entries[0].record.reasons;
    assert!(
        reasons.iter().any(|r| r == "policy.waiver_void"),
        "{about}: {reasons:?}"
    );
}

#[tokio::test]
async fn a_waiver_is_void_wherever_it_was_not_meant() {
    let hipaa = Policy::hipaa;
    let to = at(CLEAR);
    let same: fn(PlanOptions) -> PlanOptions = |o| o;
    let two = draft(&to, |m| m.cc(at(VALID)));
    is_void("other recipients", hipaa(), two, same).await;
    is_void("names unknown", hipaa(), message(&to), |mut o| {
        o.names_patient_only = false;
        o
    })
    .await;
    is_void("another patient", hipaa(), message(&to), |o| {
        o.patient("patient-2")
    })
    .await;
    is_void("sensitive", hipaa(), sensitive(&to), same).await;
    let scan = Attachment::new(
        "scan.bin",
        "application/octet-stream",
        vec![0u8, 159, 146, 150],
    );
    let unscannable = draft(&to, |m| m.attachment(scan));
    is_void("unscannable", hipaa(), unscannable, same).await;
    is_void("policy", hipaa().waivers(false), message(&to), same).await;
    is_void("expired", hipaa(), message(&to), |mut o| {
        o.waivers[0].expires = o.waivers[0].given;
        o
    })
    .await;
    is_void("another address", hipaa(), message(&to), |mut o| {
        o.waivers[0].address = address("kim@clear.example");
        o
    })
    .await;
}

#[tokio::test]
async fn a_waivers_end_ends_the_plan() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene.hipaa().await;
    let options = options(&scene, CLEAR);
    let plan = client
        .plan_with(message(&at(CLEAR)), options)
        .await
        .unwrap();
    assert_eq!(plan.expires().since(plan.made()), 10 * MINUTE);
    scene.advance(10 * MINUTE);
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
    assert!(is_notice(&scene.messages(CLEAR)[0]));
    scene.assert_never_in_clear(CLEAR);
}

#[tokio::test]
async fn a_waiver_that_ended_long_ago_does_not_end_the_plan() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene.hipaa().await;
    let options = options(&scene, CLEAR);
    scene.advance(DAY);
    let plan = client
        .plan_with(message(&at(CLEAR)), options)
        .await
        .unwrap();
    assert_eq!(plan.expires().since(plan.made()), 15 * MINUTE);
}

fn subject(to: &str, subject: &str) -> Message {
    draft(&at(to), |m| m.subject(subject))
}

#[tokio::test]
async fn a_marker_raises_and_is_stripped_from_what_leaves() {
    let rule = Rule::new("asked for").marker("[secure]").end_to_end();
    let scene = Scene::new(&[VALID]).await;
    let client = scene.client(Policy::hipaa().rule(rule)).await;
    let receipt = send(&client, subject(VALID, "[Secure] Your visit"))
        .await
        .unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
    let notice = &scene.messages(VALID)[0];
    assert!(is_notice(notice));
    assert!(!contains(&notice.content, "ecure]") && !contains(&notice.content, "Your visit"));
    let code = only(&receipt).passcode().unwrap();
    let opened = pick_up(&client, notice, code).await.unwrap();
    let original = opened.message.expose();
    assert_eq!(header(original, "Subject").unwrap(), "Your visit");
    assert!(!contains(original, "ecure]"));

    // Without the marker nothing is raised.
    let receipt = send(&client, subject(VALID, "Your visit")).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Tls));
}

#[tokio::test]
async fn a_marker_is_stripped_from_what_goes_by_tls_too() {
    let rule = Rule::new("asked for")
        .marker("[secure]")
        .raise_sensitivity(Sensitivity::Phi);
    let scene = Scene::new(&[VALID]).await;
    let client = scene.client(Policy::hipaa().rule(rule)).await;
    let marked = subject(VALID, "Your [secure] visit")
        .assert_no_phi("opening hours")
        .unwrap();
    let receipt = send(&client, marked).await.unwrap();
    assert_eq!(
        only(&receipt).transport_floor,
        Some(TlsAssurance::Authenticated)
    );
    let arrived = scene.messages(VALID);
    assert_eq!(
        header(&arrived[0].content, "Subject").unwrap(),
        "Your visit"
    );
}

#[tokio::test]
async fn the_secure_flag_raises_with_a_rule_and_without_one() {
    let rule = Rule::new("asked for").marker("[secure]").end_to_end();
    let scene = Scene::new(&[VALID, CLEAR]).await;
    let client = scene.client(Policy::hipaa().rule(rule)).await;
    let flagged = message(&at(VALID)).marker_secure(true);
    let receipt = send(&client, flagged).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));

    // No rule knows it: it is PHI at least, though the host found nothing.
    let client = scene.hipaa().await;
    let flagged = harmless(&at(CLEAR)).marker_secure(true);
    let plan = client.plan(flagged).await.unwrap();
    assert_eq!(plan.sensitivity(), Sensitivity::Phi);
    client.send(plan).await.unwrap();
    assert!(is_notice(&scene.messages(CLEAR)[0]));
    scene.assert_never_in_clear(CLEAR);
}

#[tokio::test]
async fn what_a_rule_holds_is_sent_only_once_approved() {
    let rule = Rule::new("partners are looked at")
        .domain(VALID.parse().unwrap())
        .hold();
    let scene = Scene::new(&[VALID, CLEAR]).await;
    let client = scene.client(Policy::hipaa().rule(rule)).await;
    let two = || draft(&at(VALID), |m| m.to(Recipient::new(at(CLEAR))));
    let mut held = client.plan(two()).await.unwrap();
    assert_eq!(held.refused(), [id(0)]);
    assert!(
        held.explain(Show::Index)
            .contains("r0: phi; held for review")
    );
    let error = client.send(held.clone()).await.unwrap_err();
    assert_eq!(error.code(), "plan.refused");
    assert!(!scene.heard_mail(VALID) && !scene.heard_mail(CLEAR));

    // Sent to the others only, it is recorded as held.
    held.drop_recipient(id(0));
    client.send(held).await.unwrap();
    let about = client.audit().about(&at(VALID)).await.unwrap();
    assert_eq!(about[0].record.kind, EventKind::Hold);
    assert!(!scene.heard_mail(VALID));

    let approved = PlanOptions::new().approved();
    let receipt = send_with(&client, two(), approved).await.unwrap();
    assert_eq!(receipt.outcomes[0].status, Status::Delivered);
    assert!(is_message(&scene.messages(VALID)[0]));
    let about = client.audit().about(&at(VALID)).await.unwrap();
    let reasons = &about[1].record.reasons;
    assert!(
        reasons.iter().any(|r| r == "policy.hold_approved"),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_copy_that_waits_longer_than_its_waiver_does_not_go_in_clear() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = scene.hipaa().await;
    let wait = vec![Act::say("450 4.2.0 later\r\n")];
    scene.script(CLEAR, When::Command("RCPT"), wait);
    for _ in 0..2 {
        let options = options(&scene, CLEAR);
        let receipt = send_with(&client, message(&at(CLEAR)), options).await;
        let receipt = receipt.unwrap();
        assert_eq!(only(&receipt).status, Status::Deferred);
        assert_eq!(only(&receipt).route, Some(Route::Tls));
    }
    scene.heal(CLEAR);
    // Within the waiver's time it goes as agreed.
    scene.advance(6 * MINUTE);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes.len(), 2);
    assert!(scene.messages(CLEAR).iter().all(is_message));

    let wait = vec![Act::say("450 4.2.0 later\r\n")];
    scene.script(CLEAR, When::Command("RCPT"), wait);
    let options = options(&scene, CLEAR);
    let plan = client
        .plan_with(message(&at(CLEAR)), options)
        .await
        .unwrap();
    client.send(plan).await.unwrap();
    scene.heal(CLEAR);
    scene.advance(10 * MINUTE);
    let client = scene.hipaa().await;
    let report = client.deliver_due().await.unwrap();
    let outcome = &report.outcomes[0].1;
    assert_eq!(outcome.status, Status::Delivered);
    assert_eq!(outcome.route, Some(Route::Escrow));
    let arrived = scene.messages(CLEAR);
    assert_eq!(arrived.len(), 3);
    assert!(is_notice(&arrived[2]));
    let entries = entries(&client).await;
    let fallback = entries
        .iter()
        .find(|e| e.record.kind == EventKind::Fallback);
    assert_eq!(fallback.unwrap().record.cause, Some(Cause::WaiverEnded));
}
