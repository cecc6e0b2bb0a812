//! What the wire shows counts, not what the plan knew; partners and relays.

use mailseal::audit::EventKind;
use mailseal::base::{PartnerIdentity, Route, TlsAssurance};
use mailseal::deliver::{Cause, Smtp};
use mailseal::policy::{Partner, Policy};
use mailseal::testing::SandboxDomain;
use mailseal::testing::pki::{CertKind, TestCa};
use mailseal::testing::smtp::{Act, When};
use mailseal::testing::sts::StsReply;
use mailseal::wire::tls::Identity;
use mailseal::{Client, Status};

use super::scene::{
    ANCHORED, CLEAR, HOUR, SELF_SIGNED, Scene, VALID, at, domain, entries, harmless, header,
    is_message, is_notice, kinds, message, only, pick_up, send,
};

#[tokio::test]
async fn a_host_that_lost_tls_since_the_plan_gets_a_notice() {
    let worse = [
        SandboxDomain::new(VALID),
        SandboxDomain::new(VALID).certificate(CertKind::SelfSigned),
        SandboxDomain::new(VALID).certificate(CertKind::WrongName),
        SandboxDomain::new(VALID).certificate(CertKind::Expired),
    ];
    for worse in worse {
        let about = format!("{worse:?}");
        let scene = Scene::new(&[VALID]).await;
        let client = scene.hipaa().await;
        let plan = client.plan(message(&at(VALID))).await.unwrap();
        let chosen = *plan.recipients()[0].decision().rungs().next().unwrap();
        assert!(chosen.proven && chosen.route == Route::Tls);
        scene.becomes(&worse);
        let receipt = client.send(plan).await.unwrap();
        let outcome = only(&receipt);
        assert_eq!(outcome.status, Status::Delivered, "{about} {outcome:?}");
        assert_eq!(outcome.route, Some(Route::Escrow), "{about}");
        assert_eq!(outcome.attempts, 2);
        let arrived = scene.messages(VALID);
        assert_eq!(arrived.len(), 1, "{about}");
        assert!(is_notice(&arrived[0]), "{about}");
        scene.assert_never_in_clear(VALID);
        let opened = pick_up(&client, &arrived[0], outcome.passcode().unwrap()).await;
        assert!(super::scene::contains(
            opened.unwrap().message.expose(),
            super::scene::CANARY
        ));

        let entries = entries(&client).await;
        let kinds: Vec<_> = entries.iter().take(4).map(|e| e.record.kind).collect();
        use EventKind::{EscrowCreated, Fallback, Intent, Outcome};
        let expected = [Intent, Fallback, EscrowCreated, Outcome];
        assert_eq!(kinds, expected, "{about}");
        assert_eq!(entries[0].record.route, Some(Route::Tls));
        let fallback = &entries[1].record;
        assert_eq!(fallback.route, Some(Route::Escrow));
        assert!(
            matches!(fallback.cause, Some(Cause::NoTls | Cause::TlsCertificate)),
            "{about} {:?}",
            fallback.cause
        );
    }
}

#[tokio::test]
async fn a_domain_that_publishes_a_floor_is_waited_for() {
    // Under tls_exclusive too, which else drops what it cannot send.
    for policy in [Policy::hipaa(), Policy::tls_exclusive()] {
        let scene = Scene::new(&[ANCHORED]).await;
        let client = scene.client(policy).await;
        for before in [true, false] {
            // It fails between plan and send, or before the plan.
            let bad = SandboxDomain::new(ANCHORED).certificate(CertKind::WrongName);
            let receipt = if before {
                let plan = client.plan(message(&at(ANCHORED))).await.unwrap();
                scene.becomes(&bad);
                client.send(plan).await.unwrap()
            } else {
                scene.becomes(&bad);
                send(&client, message(&at(ANCHORED))).await.unwrap()
            };
            let outcome = only(&receipt);
            assert_eq!(outcome.status, Status::Deferred, "{outcome:?}");
            assert!(!scene.heard_mail(ANCHORED), "not even a notice");
            assert!(!kinds(&client).await.contains(&EventKind::Fallback));
            scene.advance(2 * HOUR);
        }
        scene.heal(ANCHORED);
        scene.advance(2 * HOUR);
        let report = client.deliver_due().await.unwrap();
        assert_eq!(report.outcomes.len(), 2);
        for (_, outcome) in &report.outcomes {
            assert_eq!(outcome.status, Status::Delivered);
            assert_eq!(outcome.tls.as_ref().unwrap().identity, Identity::MtaSts);
        }
        assert!(scene.messages(ANCHORED)[0].tls);
    }
}

#[tokio::test]
async fn a_promise_that_cannot_be_looked_up_is_waited_for() {
    let scene = Scene::new(&[ANCHORED]).await;
    let later = vec![Act::say("450 4.2.0 later\r\n")];
    scene.script(ANCHORED, When::Command("RCPT"), later);
    let client = scene.client(Policy::tls_exclusive()).await;
    let receipt = send(&client, message(&at(ANCHORED))).await.unwrap();
    assert_eq!(only(&receipt).transport_floor, Some(TlsAssurance::Anchored));
    scene.heal(ANCHORED);

    // A new process has not seen the policy, and its host is down.
    let sts = scene.sandbox.sts();
    sts.set(ANCHORED, StsReply::Status(503));
    scene.advance(HOUR);
    let client = scene.client(Policy::tls_exclusive()).await;
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Deferred);
    assert!(scene.messages(ANCHORED).is_empty());

    sts.set(
        ANCHORED,
        StsReply::policy("enforce", &["mx.anchored.example"], 86_400),
    );
    scene.advance(2 * HOUR);
    let report = client.deliver_due().await.unwrap();
    assert_eq!(report.outcomes[0].1.status, Status::Delivered);
}

#[tokio::test]
async fn what_the_policy_drops_is_rejected_where_the_wire_shows_less() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.client(Policy::tls_exclusive()).await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    scene.becomes(&SandboxDomain::new(VALID));
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Rejected);
    assert_eq!(only(&receipt).cause, Some(Cause::NoTls));
    assert!(!scene.heard_mail(VALID));
}

#[tokio::test]
async fn a_passing_fault_before_mail_from_defers_and_does_not_fall_back() {
    let scene = Scene::new(&[VALID]).await;
    let client = scene.hipaa().await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    let busy = vec![Act::say("454 4.7.0 TLS not available now\r\n")];
    scene.script(VALID, When::Command("STARTTLS"), busy);
    let receipt = client.send(plan).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert_eq!(only(&receipt).route, Some(Route::Tls));
    assert!(!scene.heard_mail(VALID));
    assert_eq!(
        kinds(&client).await,
        [EventKind::Intent, EventKind::Deferred]
    );
}

#[tokio::test]
async fn from_one_escrow_rung_to_the_next_the_message_stays_the_message() {
    // P1 where the notice travels authenticated, else P2.
    let scene = Scene::new(&[VALID]).await;
    let policy = Policy::hipaa().ladder([Route::Escrow]);
    let client = scene.client(policy).await;
    let plan = client.plan(message(&at(VALID))).await.unwrap();
    assert_eq!(plan.recipients()[0].rungs().unwrap().len(), 2);
    scene.becomes(&SandboxDomain::new(VALID));
    let receipt = client.send(plan).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.status, Status::Delivered, "{outcome:?}");
    assert_eq!(outcome.transport_floor, Some(TlsAssurance::Opportunistic));
    let notice = &scene.messages(VALID)[0];
    assert!(is_notice(notice));
    let opened = pick_up(&client, notice, outcome.passcode().unwrap())
        .await
        .unwrap();
    assert!(super::scene::contains(
        opened.message.expose(),
        super::scene::CANARY
    ));
    let grant = client
        .escrow()
        .unwrap()
        .status(outcome.grant.unwrap())
        .await
        .unwrap();
    assert_eq!(Some(grant.factor_floor), outcome.factor_floor);
}

async fn partner(scene: &Scene, name: &str, identity: PartnerIdentity) -> Client {
    let partner = Partner::new(name.parse().unwrap(), identity);
    scene.client(Policy::hipaa().partner(partner)).await
}

#[tokio::test]
async fn a_partners_pinned_key_is_worth_more_than_a_certificate() {
    let scene = Scene::new(&[SELF_SIGNED]).await;
    let pin = scene
        .sandbox
        .certificate(SELF_SIGNED)
        .unwrap()
        .spki_sha256();
    let client = partner(&scene, SELF_SIGNED, PartnerIdentity::SpkiSha256(pin)).await;
    let receipt = send(&client, message(&at(SELF_SIGNED))).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.status, Status::Delivered);
    assert_eq!(outcome.transport_floor, Some(TlsAssurance::Anchored));
    assert_eq!(outcome.tls.as_ref().unwrap().identity, Identity::PartnerPin);
    assert!(is_message(&scene.messages(SELF_SIGNED)[0]));

    // Another key, even with a certificate that all the world trusts.
    scene.becomes(&SandboxDomain::new(SELF_SIGNED).tls());
    let receipt = send(&client, message(&at(SELF_SIGNED))).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
    assert!(is_notice(&scene.messages(SELF_SIGNED)[1]));
    scene.assert_never_in_clear(SELF_SIGNED);
}

#[tokio::test]
async fn a_partners_own_authority_takes_the_place_of_the_public_ones() {
    let scene = Scene::new(&[VALID]).await;
    let own = PartnerIdentity::Ca(scene.sandbox.authority().der().to_vec());
    let client = partner(&scene, VALID, own).await;
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    let outcome = only(&receipt);
    assert_eq!(outcome.tls.as_ref().unwrap().identity, Identity::PartnerCa);

    let other = PartnerIdentity::Ca(TestCa::new().der().to_vec());
    let client = partner(&scene, VALID, other).await;
    let receipt = send(&client, message(&at(VALID))).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
    assert!(is_notice(&scene.messages(VALID)[1]));
}

const RELAY: &str = "relay.example";

async fn by_relay(scene: &Scene, onward: TlsAssurance, password: &str, policy: Policy) -> Client {
    let relay = domain(RELAY);
    scene.edit(&relay, |peer| {
        peer.auth("PLAIN LOGIN", "clinic", "open sesame")
    });
    let port = scene.sandbox.host(RELAY).unwrap().address().port();
    let smtp = Smtp::relay(&format!("smtp://clinic@mx.{RELAY}:{port}"))
        .unwrap()
        .network(scene.sandbox.network().unwrap())
        .credentials(password.to_owned().into())
        .onward(onward);
    Client::builder()
        .policy(policy)
        .storage(scene.storage())
        .keys(scene.keys.clone())
        .transport(smtp)
        // Given, and not asked: it is the relay that looks for hosts.
        .discovery(mailseal::discover::Fixed::new())
        .clock(scene.sandbox.clock().clone())
        .scanner(mailseal::dlp::RuleScanner::new())
        .escrow(mailseal::EscrowOptions::new(
            "https://pickup.sandbox.example",
            "Sandbox Clinic",
        ))
        .build()
        .await
        .unwrap()
}

#[tokio::test]
async fn behind_a_relay_the_declared_onward_assurance_counts() {
    use TlsAssurance::{Anchored, Authenticated, Encrypted, Opportunistic};
    for (onward, route) in [
        (Opportunistic, Route::Escrow),
        (Encrypted, Route::Escrow),
        (Authenticated, Route::Tls),
        (Anchored, Route::Tls),
    ] {
        let scene = Scene::new(&[RELAY, CLEAR]).await;
        let client = by_relay(&scene, onward, "open sesame", Policy::hipaa()).await;
        let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
        let outcome = only(&receipt);
        assert_eq!(outcome.status, Status::Delivered, "{outcome:?}");
        assert_eq!(outcome.route, Some(route), "{onward}");
        let relayed = scene.messages(RELAY);
        assert!(relayed[0].tls);
        assert_eq!(is_message(&relayed[0]), route == Route::Tls);
        assert_eq!(
            header(&relayed[0].content, "To").unwrap(),
            "<pat@clear.example>"
        );
        assert!(scene.sandbox.host(CLEAR).unwrap().connections().is_empty());
        // The password crossed the wire within TLS only.
        let heard = scene.sandbox.overheard(RELAY);
        assert!(!super::scene::contains(&heard, "AUTH PLAIN"));
    }
}

#[tokio::test]
async fn a_relay_gets_nothing_without_tls_or_with_a_wrong_password() {
    let scene = Scene::new(&[RELAY]).await;
    let client = by_relay(&scene, TlsAssurance::Anchored, "wrong", Policy::hipaa()).await;
    let receipt = send(&client, harmless(&at(CLEAR))).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert_eq!(only(&receipt).cause, Some(Cause::AuthRefused));

    let client = by_relay(
        &scene,
        TlsAssurance::Anchored,
        "open sesame",
        Policy::hipaa(),
    )
    .await;
    scene.becomes(&SandboxDomain::new(RELAY));
    let receipt = send(&client, harmless(&at(CLEAR))).await.unwrap();
    assert_eq!(only(&receipt).status, Status::Deferred);
    assert!(!scene.heard_mail(RELAY));
}

#[tokio::test]
async fn a_strict_policy_escrows_what_a_merely_authenticated_relay_cannot_carry() {
    let scene = Scene::new(&[RELAY]).await;
    let onward = TlsAssurance::Authenticated;
    let client = by_relay(&scene, onward, "open sesame", Policy::strict()).await;
    let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
    assert_eq!(only(&receipt).route, Some(Route::Escrow));
    assert!(is_notice(&scene.messages(RELAY)[0]));
}
