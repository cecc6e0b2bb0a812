//! By a relay.

use mailseal::base::TlsAssurance;
use mailseal::testing::pki::CertKind;
use mailseal::testing::smtp::{Act, PeerBuilder, When};

use super::scene::{SECRET, Scene, cert, clear, faults, tls};

fn auth(mechanisms: &str) -> PeerBuilder {
    tls().auth(mechanisms, "clinic", SECRET)
}

fn by(peer: PeerBuilder) -> Scene {
    Scene::of(peer).authenticated().relay(Some(SECRET))
}

fn open(peer: PeerBuilder) -> Scene {
    Scene::of(peer).authenticated().relay(None)
}

faults! { "Relay":
    plain, "AUTH PLAIN" => "accepted over TLSv1.3 web_pki", by(auth("PLAIN LOGIN"));
    login, "AUTH LOGIN" => "accepted over TLSv1.3 web_pki", by(auth("LOGIN"));
    xoauth2, "AUTH XOAUTH2" => "accepted over TLSv1.3 web_pki",
        by(auth("XOAUTH2 PLAIN")).with_relay(|r| r.token = true);
    xoauth2_refused, "AUTH XOAUTH2, token refused" => "deferred auth_refused @auth 535",
        by(tls().auth("XOAUTH2", "clinic", "another")).with_relay(|r| r.token = true);
    implicit, "TLS from the first octet" => "accepted over TLSv1.3 web_pki",
        by(clear().implicit_tls(cert(CertKind::Valid)).auth("PLAIN", "clinic", SECRET)).with_relay(|r| r.implicit = true);
    no_auth, "no user, no AUTH" => "accepted over TLSv1.3 web_pki", open(tls());
    wrong_password, "wrong password" => "deferred auth_refused @auth 535",
        by(tls().auth("PLAIN LOGIN", "clinic", "another"));
    auth_454, "AUTH answered 454" => "deferred transient_reply @auth 454",
        by(auth("PLAIN").on(When::Command("AUTH"), vec![Act::say("454 4.7.0 later\r\n")]));
    no_mechanism, "no mechanism in common" => "deferred auth_unavailable @auth",
        by(auth("CRAM-MD5 GSSAPI"));
    auth_before_tls, "AUTH offered before TLS, no STARTTLS" => "deferred no_tls @tls",
        by(clear().offer_in_clear("AUTH PLAIN"));
    wrong_name, "the relay's certificate is for another name" => "deferred tls_certificate @tls wrong_name",
        by(clear().starttls(cert(CertKind::WrongName)).auth("PLAIN", "clinic", SECRET));
    wrong_name_opportunistic, "the same, floor opportunistic" => "deferred tls_certificate @tls wrong_name",
        by(clear().starttls(cert(CertKind::WrongName)).auth("PLAIN", "clinic", SECRET)).opportunistic();
    requiretls_missing, "REQUIRETLS missing on the relay" => "floor_unmet extension_missing @mail_from",
        open(tls()).with_relay(|r| r.onward = TlsAssurance::Opportunistic);
    requiretls, "REQUIRETLS offered by the relay" => "accepted over TLSv1.3 web_pki",
        open(tls().offer("REQUIRETLS")).with_relay(|r| r.onward = TlsAssurance::Opportunistic);
    onward, "the declared onward assurance is below the floor" => "floor_unmet extension_missing @mail_from",
        open(tls()).floor(TlsAssurance::Anchored);
}

#[tokio::test]
async fn requiretls_is_said_only_where_it_is_needed() {
    for (onward, said) in [
        (TlsAssurance::Opportunistic, true),
        (TlsAssurance::Authenticated, false),
    ] {
        let scene = open(tls().offer("REQUIRETLS")).with_relay(|r| r.onward = onward);
        let outcome = scene.run().await;
        let sender = &outcome.peers[0].messages()[0].sender;
        assert_eq!(sender.contains(" REQUIRETLS"), said);
    }
}
