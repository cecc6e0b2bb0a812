//! The HTTPS client alone.

use std::time::Duration;

use mailseal::testing::dns::TestDns;
use mailseal::testing::sts::{StsReply, TestSts};
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::https::{self, Limits};

use super::support::{Table, domain, network, resolver};

const PATH: &str = "/.well-known/mta-sts.txt";

async fn outcome(network: &Network, limits: Limits) -> String {
    match https::fetch(network, &domain("mta-sts.d.example"), PATH, limits).await {
        Ok(response) => format!("{} bytes", response.body.len()),
        Err(error) => error.code().to_owned(),
    }
}

fn quick() -> Limits {
    Limits {
        total: Duration::from_secs(3),
        ..Limits::default()
    }
}

#[tokio::test]
async fn faults_of_the_https_client() {
    let mut table = Table::new("HTTPS: one GET");
    let policy = StsReply::policy("enforce", &["a.example"], 1);
    for (fault, reply, expected) in [
        ("a plain answer", policy, "54 bytes"),
        ("redirect", StsReply::Redirect, "https.redirect"),
        ("404", StsReply::Status(404), "https.status"),
        ("503", StsReply::Status(503), "https.status"),
        ("204", StsReply::Status(204), "https.status"),
        ("oversize, announced", StsReply::Oversize, "https.too_large"),
        ("endless, unannounced", StsReply::Endless, "https.too_large"),
        ("cut within the body", StsReply::Cut, "https.protocol"),
        ("no answer", StsReply::Silent, "https.timeout"),
        (
            "certificate: wrong name",
            StsReply::WrongName,
            "https.certificate",
        ),
        (
            "certificate: expired",
            StsReply::Expired,
            "https.certificate",
        ),
        (
            "certificate: unknown issuer",
            StsReply::UnknownIssuer,
            "https.certificate",
        ),
        ("handshake refused", StsReply::NoTls, "https.tls"),
    ] {
        let dns = TestDns::start().await.unwrap();
        let sts = TestSts::start().await.unwrap();
        dns.a("mta-sts.d.example", "127.0.0.1".parse().unwrap());
        sts.set("d.example", reply);
        let network = network(&dns).roots(sts.roots()).ports(25, sts.port());
        table.row(fault, expected, outcome(&network, quick()).await);
    }

    let sts = TestSts::start().await.unwrap();
    sts.set("d.example", StsReply::policy("enforce", &["a.example"], 1));
    for (fault, addresses, guard, expected) in [
        (
            "no such host",
            &[][..],
            Guard::allow_internal(),
            "https.no_address",
        ),
        (
            "internal address",
            &["127.0.0.1"],
            Guard::public_only(),
            "https.forbidden",
        ),
        (
            "AAAA leads nowhere, A answers",
            &["::1", "127.0.0.1"],
            Guard::allow_internal(),
            "54 bytes",
        ),
        (
            "A leads nowhere, AAAA too",
            &["::1", "127.0.0.9"],
            Guard::allow_internal(),
            "https.connect",
        ),
    ] {
        let dns = TestDns::start().await.unwrap();
        for address in addresses {
            dns.a("mta-sts.d.example", address.parse().unwrap());
        }
        let network = Network::new(resolver(&dns))
            .guard(guard)
            .roots(sts.roots())
            .ports(25, sts.port());
        table.row(fault, expected, outcome(&network, quick()).await);
    }
    let dns = TestDns::start().await.unwrap();
    dns.servfail("mta-sts.d.example");
    table.row(
        "SERVFAIL",
        "https.resolve",
        outcome(&network(&dns), quick()).await,
    );
    table.judge();
}

#[tokio::test]
async fn a_policy_host_of_another_root_is_not_trusted() {
    let dns = TestDns::start().await.unwrap();
    let sts = TestSts::start().await.unwrap();
    dns.a("mta-sts.d.example", "127.0.0.1".parse().unwrap());
    sts.set("d.example", StsReply::policy("enforce", &["a.example"], 1));
    let webpki = network(&dns).ports(25, sts.port());
    assert_eq!(outcome(&webpki, quick()).await, "https.certificate");
    assert_eq!(sts.requests("d.example"), 0, "nothing was asked of it");
}
