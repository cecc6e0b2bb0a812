//! What an outcome tells of its connection and its codes.

use data_encoding::HEXLOWER;
use mailseal::base::TlsAssurance;
use mailseal::deliver::{Delivery, EnhancedCode};
use mailseal::testing::pki::CertKind;
use mailseal::testing::smtp::{Act, When};
use mailseal::wire::tls::{Identity, TlsVersion};

use super::scene::{Scene, cert, clear, tls};

#[tokio::test]
async fn the_outcome_carries_what_was_negotiated() {
    let outcome = Scene::of(tls()).authenticated().run().await;
    let attempt = &outcome.attempts[0];
    assert_eq!(attempt.delivery, Delivery::Accepted);
    assert_eq!(attempt.code, Some(250));
    assert_eq!(attempt.enhanced, Some(EnhancedCode(2, 0, 0)));
    let tls = attempt.tls.as_ref().unwrap();
    assert_eq!(tls.version, TlsVersion::Tls13);
    assert_eq!(tls.suite, "TLS_AES_256_GCM_SHA384");
    assert_eq!(tls.group.as_deref(), Some("X25519MLKEM768"));
    assert_eq!(tls.identity, Identity::WebPki);
    assert_eq!(outcome.barriers, 1);
}

#[tokio::test]
async fn the_fingerprint_is_the_certificates() {
    let shown = cert(CertKind::SelfSigned);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &shown.chain()[0]);
    let outcome = Scene::of(clear().starttls(shown).tls12_only()).run().await;
    let tls = outcome.attempts[0].tls.clone().unwrap();
    assert_eq!(tls.certificate_sha256, HEXLOWER.encode(digest.as_ref()));
    assert_eq!(tls.version, TlsVersion::Tls12);
    assert!(tls.suite.starts_with("TLS_ECDHE_") && tls.suite.contains("AES"));
    assert_eq!(tls.identity, Identity::Unverified);
}

#[tokio::test]
async fn the_reply_text_is_there_for_who_asks_and_in_no_debug_text() {
    let text = "550 5.1.1 <pat@clinic.example> unknown\r\n";
    let peer = tls().on(When::Command("RCPT"), vec![Act::say(text)]);
    let outcome = Scene::of(peer).run().await;
    let attempt = &outcome.attempts[0];
    assert_eq!(attempt.enhanced, Some(EnhancedCode(5, 1, 1)));
    assert!(attempt.diagnostic().expose().contains("pat@clinic.example"));
    assert!(!format!("{attempt:?}").contains("pat@"));
}

#[tokio::test]
async fn a_split_asks_the_barrier_once() {
    let peer = tls().max_recipients(2);
    let to = ["a@clinic.example", "b@clinic.example", "c@clinic.example"];
    let outcome = Scene::of(peer).to(&to).run().await;
    assert_eq!(outcome.barriers, 1);
    assert_eq!(outcome.peers[0].messages().len(), 2);
}

/// Forty messages at once, three connections: the slots hold, and what is free
/// is used again.
#[tokio::test]
async fn a_host_sees_no_more_connections_than_allowed() {
    let outcome = Scene::of(tls()).at_once(40, 3).run().await;
    assert_eq!(outcome.peers[0].messages().len(), 40);
    assert!(outcome.peers[0].connections().len() <= 3);
}

#[tokio::test]
async fn a_connection_carries_no_more_messages_than_allowed() {
    let scene = Scene::of(tls()).per_connection(2);
    let scene = (0..4).fold(scene, |s, _| s.before(TlsAssurance::Encrypted));
    scene.connections(3).run().await;
}
