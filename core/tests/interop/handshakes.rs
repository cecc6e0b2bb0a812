//! What a host offers in place of TLS 1.3 with a good certificate: older
//! versions, other suites, other groups, no TLS. OpenSSL's own client shows
//! that the host can do what mailseal refuses to.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use mailseal::policy::Policy;
use mailseal::testing::pki::CertKind;

use super::postfix;
use super::world::{Case, Maker, Table, World, message};

const ONLY_12: &str = "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1, !TLSv1.3";
const ONLY_11: &str = "!SSLv2, !SSLv3, !TLSv1, !TLSv1.2, !TLSv1.3";
const ONLY_10: &str = "!SSLv2, !SSLv3, !TLSv1.1, !TLSv1.2, !TLSv1.3";

/// Below TLS the notice goes in clear: at P2 its link alone opens nothing.
const NOTICE: &str = "delivered escrow in clear, notice arrived";

/// Listener, its protocols, its suites, and how `openssl s_client` reaches it.
const REFUSED: [(&str, &str, &str, &[&str]); 6] = [
    (
        "rsa_kex",
        ONLY_12,
        "AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA",
        &["-tls1_2", "-cipher", "kRSA"],
    ),
    (
        "cbc",
        ONLY_12,
        "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256",
        &["-tls1_2"],
    ),
    (
        "chacha20",
        ONLY_12,
        "ECDHE-RSA-CHACHA20-POLY1305",
        &["-tls1_2"],
    ),
    ("p_521", ONLY_12, "ALL", &["-tls1_2", "-groups", "P-521"]),
    (
        "tls_1_1",
        ONLY_11,
        "ALL:@SECLEVEL=0",
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
    ),
    (
        "tls_1_0",
        ONLY_10,
        "ALL:@SECLEVEL=0",
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    ),
];

/// A self-signed certificate for an RSA key, and the key.
fn rsa() -> String {
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args(["-subj", "/CN=mx.mail.example", "-keyout", "-", "-out", "-"])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(made.status.success());
    String::from_utf8(made.stdout).unwrap()
}

/// Whether OpenSSL's client gets through a handshake with these options.
fn openssl_can(address: SocketAddr, options: &[&str]) -> bool {
    Command::new("openssl")
        .args(["s_client", "-starttls", "smtp", "-brief", "-connect"])
        .arg(address.to_string())
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

async fn world() -> World {
    let rsa = rsa();
    let mut maker = Maker::new(23, 1)
        .service("no_tls", &[("smtpd_tls_security_level", "none")])
        .tls("valid", CertKind::Valid, &[]);
    for (name, protocols, suites, _) in REFUSED {
        let curves = match name {
            "p_521" => "secp521r1",
            _ => "X25519, prime256v1",
        };
        let settings = [
            ("smtpd_tls_protocols", protocols),
            ("tls_eecdh_auto_curves", curves),
            ("smtpd_tls_ciphers", "high"),
            ("tls_high_cipherlist", suites),
        ];
        maker = maker.with_pem(name, &rsa, &settings);
    }
    maker.start().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_leads_to_the_next_rung() {
    if !postfix::available() {
        return;
    }
    let world = world().await;
    let mut table = Table::default();
    let planned = |service| Case::at(service, service, NOTICE, "probe no; yes");
    table.run(&world, planned("no_tls")).await;
    let mut served = Vec::new();
    for (service, _, _, options) in REFUSED {
        if openssl_can(world.address(service), options) {
            served.push(service);
        } else {
            println!("skipped: this OpenSSL cannot do `{service}`");
        }
    }
    for &service in &served {
        // The notice is tried with TLS first, and then without.
        let case = Case::at(service, service, NOTICE, "probe no; no, yes");
        table.run(&world, case).await;
    }
    for service in ["no_tls"].iter().chain(&served) {
        let expected = if *service == "no_tls" {
            "rejected tls NoTls"
        } else {
            "rejected tls TlsHandshake"
        };
        let case = Case::at(service, service, expected, "probe no; no");
        let case = case.planned("valid").policy(Policy::tls_exclusive());
        table.run(&world, case).await;
    }
    table.judge("What is not TLS 1.2 with AES-GCM and ECDHE (hipaa at planning, then tls_exclusive after it)");
}

/// Postfix logs what it negotiated; the receipt must say the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receipt_says_what_postfix_says() {
    if !postfix::available() {
        return;
    }
    let world = Maker::new(23, 2)
        .tls("valid", CertKind::Valid, &[])
        .tls(
            "tls_1_2",
            CertKind::Valid,
            &[("smtpd_tls_protocols", ONLY_12)],
        )
        .tls(
            "p_256",
            CertKind::Valid,
            &[("tls_eecdh_auto_curves", "prime256v1")],
        )
        .start()
        .await;
    let mut table = Table::default();
    for (service, version) in [
        ("valid", "TLSv1.3"),
        ("tls_1_2", "TLSv1.2"),
        ("p_256", "TLSv1.3"),
    ] {
        world.point(service);
        let client = world.client(Policy::hipaa()).await;
        let to = format!("{service}@mail.example");
        let plan = client.plan(message(&to)).await.unwrap();
        let receipt = client.send(plan).await.unwrap();
        let tls = receipt.outcomes[0].tls.clone().unwrap();
        assert_eq!(tls.version.word(), version);
        assert!(tls.suite.contains("_AES_") && tls.suite.contains("_GCM_"));
        let logged = world.sessions(service).pop().unwrap();
        assert!(logged.saw("MAIL FROM"));
        let group = tls.group.unwrap();
        let logged = by_iana(&logged.tls.unwrap());
        let seen = match logged.split(' ').count() {
            // Of TLS 1.2 Postfix does not log the group.
            2 => format!("{} {}", tls.version.word(), tls.suite),
            _ => format!("{} {} {group}", tls.version.word(), tls.suite),
        };
        table.row(service, &logged, &seen, ["yes", "yes"]);
    }
    table.judge("What Postfix logged, and what the receipt says");
}

/// Postfix' words in those of the IANA registries.
fn by_iana(logged: &str) -> String {
    let word_after = |name: &str| {
        let rest = logged.split_once(name).map_or("", |(_, rest)| rest);
        rest.split(' ').next().unwrap_or_default().to_owned()
    };
    let version = logged.split(' ').next().unwrap();
    let suite = match word_after("with cipher ").as_str() {
        // OpenSSL has names of its own for TLS 1.2's.
        "ECDHE-ECDSA-AES256-GCM-SHA384" => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384".to_owned(),
        "ECDHE-ECDSA-AES128-GCM-SHA256" => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256".to_owned(),
        other => other.to_owned(),
    };
    let group = match word_after("key-exchange ").as_str() {
        "X25519" => "x25519",
        "ECDHE" if logged.contains("(P-256)") => "secp256r1",
        "ECDHE" if logged.contains("(prime256v1)") => "secp256r1",
        "" => return format!("{version} {suite}"),
        other => return format!("{version} {suite} {other}"),
    };
    format!("{version} {suite} {group}")
}
