//! Downgrade and TLS.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use mailseal::base::{PartnerIdentity, TlsAssurance};
use mailseal::testing::pki::{CertKind, FIXED_HOST, ServerCert};
use mailseal::testing::smtp::{Act, PeerBuilder, When};

use super::scene::{Scene, ca, cert, clear, faults, tls};

fn starttls(script: Vec<Act>) -> PeerBuilder {
    tls().on(When::Command("STARTTLS"), script)
}

/// Answers the client's hello with these octets.
fn answers_hello(octets: Vec<u8>) -> PeerBuilder {
    starttls(vec![
        Act::say("220 go\r\n"),
        Act::Hear,
        Act::Say(octets),
        Act::Silence,
    ])
}

/// What a server that knows no better says: a ServerHello of this version
/// (RFC 2246 section 7.4.1.3) that picks this suite.
fn server_hello(version: u8, suite: u16) -> Vec<u8> {
    let mut body = vec![3, version];
    body.extend_from_slice(&[7; 32]);
    body.push(0);
    body.extend_from_slice(&suite.to_be_bytes());
    body.push(0);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![22, 3, version, 0, length + 4, 2, 0, 0, length];
    record.extend_from_slice(&body);
    record
}

/// A fatal alert (RFC 8446 section 6).
fn alert(description: u8) -> Vec<u8> {
    vec![21, 3, 1, 0, 2, 2, description]
}

fn with(kind: CertKind) -> Scene {
    Scene::of(clear().starttls(cert(kind)))
}

fn fixed(kind: CertKind) -> Scene {
    let cert = ca().issue(FIXED_HOST, kind);
    Scene::of(clear().starttls(cert)).host(FIXED_HOST)
}

/// An `openssl s_server` for what rustls cannot serve, ended with the scene.
struct Openssl {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(cert: &ServerCert) -> Option<Openssl> {
    let folder = tempfile::tempdir().ok()?;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).ok()?;
        Some(path)
    };
    let leaf = write("leaf.der", &cert.chain()[0])?;
    let key = write("key.der", cert.key())?;
    let address = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?;
    let mut child = Command::new("openssl")
        .args(["s_server", "-accept", &address.to_string()])
        .args(["-certform", "DER", "-keyform", "DER", "-cert"])
        .arg(leaf)
        .arg("-key")
        .arg(key)
        .args(["-cipher", "ALL:@SECLEVEL=0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let said = child.stdout.take()?;
    let server = Openssl {
        child,
        address,
        _folder: folder,
    };
    // It says so once it listens; where it cannot serve the key, it ends.
    let listens = BufReader::new(said)
        .lines()
        .map_while(Result::ok)
        .any(|line| line.starts_with("ACCEPT"));
    listens.then_some(server)
}

fn rsa1024() -> Option<Scene> {
    let cert = ca().issue(FIXED_HOST, CertKind::Rsa1024);
    let server = openssl(&cert)?;
    let pipe = Act::Pipe(server.address);
    let peer = clear().starttls(cert);
    let peer = peer.on(
        When::Command("STARTTLS"),
        vec![Act::say("220 go\r\n"), pipe],
    );
    Some(
        Scene::of(peer)
            .host(FIXED_HOST)
            .authenticated()
            .keep(server),
    )
}

fn pin(kind: CertKind, right: bool) -> Scene {
    let cert = cert(kind);
    let mut pin = cert.spki_sha256();
    pin[0] ^= u8::from(!right);
    Scene::of(clear().starttls(cert))
        .floor(TlsAssurance::Anchored)
        .partner(PartnerIdentity::SpkiSha256(pin))
}

faults! { "Downgrade and TLS":
    starttls_missing, "STARTTLS missing" => "floor_unmet no_tls @tls",
        Scene::of(clear());
    starttls_missing_opportunistic, "STARTTLS missing, floor opportunistic" => "accepted in clear",
        Scene::of(clear()).opportunistic();
    starttls_454, "STARTTLS answered 454" => "deferred transient_reply @tls 454",
        Scene::of(starttls(vec![Act::say("454 4.7.0 not now\r\n")]));
    starttls_454_opportunistic, "STARTTLS answered 454, floor opportunistic" => "accepted in clear",
        Scene::of(starttls(vec![Act::say("454 4.7.0 not now\r\n")])).opportunistic();
    starttls_502, "STARTTLS answered 5xx" => "floor_unmet no_tls @tls 502",
        Scene::of(starttls(vec![Act::say("502 5.5.1 no\r\n")]));
    starttls_injection, "octets after the 220 to STARTTLS" => "deferred start_tls_injection @tls",
        Scene::of(starttls(vec![Act::say("220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n"), Act::Handshake]));
    starttls_injection_opportunistic, "the same, floor opportunistic: no retry in clear" => "deferred start_tls_injection @tls",
        Scene::of(starttls(vec![Act::say("220 go\r\n250 x\r\n"), Act::Handshake])).opportunistic().connections(1);
    capabilities_forgotten, "capabilities differ after TLS: AUTH was offered in clear only" => "deferred auth_unavailable @auth",
        Scene::of(tls().offer_in_clear("AUTH PLAIN")).relay(Some(super::scene::SECRET));
    handshake_eof, "EOF in the handshake" => "deferred disconnected @tls",
        Scene::of(starttls(vec![Act::say("220 go\r\n"), Act::Hear, Act::Close]));
    handshake_reset, "connection closed before the handshake" => "deferred disconnected @tls",
        Scene::of(starttls(vec![Act::say("220 go\r\n"), Act::Close]));
    handshake_eof_opportunistic, "EOF in the handshake, floor opportunistic" => "accepted in clear",
        Scene::of(starttls(vec![Act::say("220 go\r\n"), Act::Hear, Act::Close])).opportunistic().connections(2);
    handshake_stall, "stall in the handshake" => "deferred timeout @tls",
        Scene::of(starttls(vec![Act::say("220 go\r\n"), Act::Silence])).hurry(|t, d| t.handshake = d);
    handshake_garbage, "not TLS after the 220" => "floor_unmet tls_handshake @tls not_tls",
        Scene::of(answers_hello(b"250 hello there\r\n".to_vec()));
    tls_1_0, "TLS 1.0 only" => "floor_unmet tls_handshake @tls version_too_old",
        Scene::of(answers_hello(server_hello(1, 0xc013)));
    tls_1_1, "TLS 1.1 only" => "floor_unmet tls_handshake @tls version_too_old",
        Scene::of(answers_hello(server_hello(2, 0xc013)));
    tls_1_0_opportunistic, "TLS 1.0 only, floor opportunistic" => "accepted in clear",
        Scene::of(answers_hello(server_hello(1, 0xc013))).opportunistic();
    version_alert, "alert protocol_version" => "floor_unmet tls_handshake @tls alert",
        Scene::of(answers_hello(alert(70)));
    suite_alert, "alert handshake_failure (no common suite)" => "floor_unmet tls_handshake @tls alert",
        Scene::of(answers_hello(alert(40)));
    rsa_kex, "RSA key exchange only" => "floor_unmet tls_handshake @tls suite_not_offered",
        Scene::of(answers_hello(server_hello(3, 0x009c)));
    triple_des, "3DES only" => "floor_unmet tls_handshake @tls suite_not_offered",
        Scene::of(answers_hello(server_hello(3, 0x000a)));
    rc4, "RC4 only" => "floor_unmet tls_handshake @tls suite_not_offered",
        Scene::of(answers_hello(server_hello(3, 0x0005)));
    expired, "certificate expired" => "floor_unmet tls_certificate @tls expired",
        with(CertKind::Expired).authenticated();
    expired_encrypted, "certificate expired, floor encrypted" => "accepted over TLSv1.3 unverified",
        with(CertKind::Expired);
    not_yet_valid, "certificate not yet valid" => "floor_unmet tls_certificate @tls not_valid_yet",
        with(CertKind::NotYetValid).authenticated();
    wrong_name, "certificate for another name" => "floor_unmet tls_certificate @tls wrong_name",
        with(CertKind::WrongName).authenticated();
    self_signed, "certificate self-signed" => "floor_unmet tls_certificate @tls unknown_issuer",
        with(CertKind::SelfSigned).authenticated();
    unknown_issuer, "certificate of an unknown authority" => "floor_unmet tls_certificate @tls unknown_issuer",
        with(CertKind::UnknownIssuer).authenticated();
    missing_intermediate, "intermediate missing" => "floor_unmet tls_certificate @tls unknown_issuer",
        with(CertKind::MissingIntermediate).authenticated();
    intermediate, "intermediate sent" => "accepted over TLSv1.3 web_pki",
        with(CertKind::Intermediate).authenticated();
    x509_v1, "X.509 version 1" => "floor_unmet tls_certificate @tls unsupported_version",
        fixed(CertKind::X509V1).authenticated();
    x509_v1_encrypted, "X.509 version 1, floor encrypted" => "floor_unmet tls_certificate @tls unsupported_version",
        fixed(CertKind::X509V1);
    unknown_critical, "unknown critical extension" => "floor_unmet tls_certificate @tls unknown_critical_extension",
        fixed(CertKind::UnknownCritical).authenticated();
    rsa_1024, "RSA-1024" => "floor_unmet tls_certificate @tls",
        rsa1024();
    sha1, "certificate signed with SHA-1" => "floor_unmet tls_certificate @tls weak_or_unknown_algorithm",
        fixed(CertKind::Sha1).authenticated();
    ca_leaf, "CA certificate as the host's own" => "floor_unmet tls_certificate @tls ca_as_leaf",
        with(CertKind::CaLeaf).authenticated();
    wrong_purpose, "certificate for clients only" => "floor_unmet tls_certificate @tls wrong_purpose",
        with(CertKind::WrongPurpose).authenticated();
    wildcard, "wildcard for the host's label" => "accepted over TLSv1.3 web_pki",
        with(CertKind::Wildcard).authenticated();
    wildcard_too_high, "wildcard one label too high" => "floor_unmet tls_certificate @tls wrong_name",
        with(CertKind::WildcardTooHigh).authenticated();
    cn_only, "name in the CN only" => "floor_unmet tls_certificate @tls wrong_name",
        with(CertKind::CnOnly).authenticated();
    sni_refused, "SNI refused" => "floor_unmet tls_handshake @tls alert",
        Scene::of(tls().refuse_sni());
    tls_1_2, "TLS 1.2 only, ECDHE and AES-GCM" => "accepted over TLSv1.2 web_pki",
        Scene::of(tls().tls12_only()).authenticated();
    resumption, "session accepted under a laxer policy is not resumed" => "floor_unmet tls_certificate @tls unknown_issuer",
        with(CertKind::SelfSigned).before(TlsAssurance::Encrypted).authenticated().connections(2);
    pooled_stricter, "pooled connection is not reused under a stricter requirement" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls()).before(TlsAssurance::Encrypted).authenticated().connections(2);
    pooled_same, "pooled connection is reused under the same requirement" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls()).before(TlsAssurance::Authenticated).authenticated().connections(1);
    sts_no_plaintext, "no retry in clear under an enforced policy, floor opportunistic" => "deferred disconnected @tls",
        Scene::of(starttls(vec![Act::say("220 go\r\n"), Act::Hear, Act::Close])).opportunistic().sts("mx.clinic.example").connections(1);
    sts_no_tls, "STARTTLS missing under an enforced policy, floor opportunistic" => "deferred no_tls @tls",
        Scene::of(clear()).opportunistic().sts("mx.clinic.example");
    sts_wrong_name, "wrong name under an enforced policy, floor anchored" => "floor_unmet tls_certificate @tls wrong_name",
        with(CertKind::WrongName).floor(TlsAssurance::Anchored).sts("mx.clinic.example");
    sts_match, "host matches the enforced policy" => "accepted over TLSv1.3 mta_sts",
        Scene::of(tls()).floor(TlsAssurance::Anchored).sts("*.clinic.example");
    sts_no_match, "no host matches the enforced policy" => "deferred sts_no_match @resolve",
        Scene::of(tls()).opportunistic().sts("*.other.example").connections(0);
    anchored_by_nothing, "floor anchored, nothing vouches" => "floor_unmet below_floor @tls",
        Scene::of(tls()).floor(TlsAssurance::Anchored).connections(0);
    pin_right, "partner's pin matches, certificate expired" => "accepted over TLSv1.3 partner_pin",
        pin(CertKind::Expired, true);
    pin_wrong, "partner's pin does not match, certificate valid" => "floor_unmet tls_certificate @tls pin_mismatch",
        pin(CertKind::Valid, false);
    partner_ca, "partner's CA" => "accepted over TLSv1.3 partner_ca",
        Scene::of(tls()).floor(TlsAssurance::Anchored).partner(PartnerIdentity::Ca(ca().der().to_vec()));
    partner_ca_wrong, "another CA than the partner's" => "floor_unmet tls_certificate @tls unknown_issuer",
        with(CertKind::UnknownIssuer).floor(TlsAssurance::Anchored).partner(PartnerIdentity::Ca(ca().der().to_vec()));
    next_host, "first host without TLS, second with" => "accepted over TLSv1.3 unverified",
        Scene::of(clear()).and(tls());
    one_unreachable, "one host below the floor, the other unreachable" => "deferred disconnected @greeting",
        Scene::of(clear()).and(tls().on(When::Connect, vec![Act::Close]));
}
