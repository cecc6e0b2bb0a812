//! Certificates and MTA-STS: where the floor fails there is no `MAIL FROM`.

use mailseal::policy::Policy;
use mailseal::testing::pki::CertKind;
use mailseal::testing::sts::StsReply;

use super::postfix;
use super::world::{Case, DOMAIN, HOST, Maker, Table, World};

const TLS: &str = "delivered tls TLSv1.3 WebPki, message arrived";
/// The notice at P2 may go over any connection.
const NOTICE: &str = "delivered escrow TLSv1.3 Unverified, notice arrived";
const REJECTED: &str = "rejected tls TlsCertificate";
const DEFERRED: &str = "deferred tls TlsCertificate";
const ENFORCED: &str = "enforced.example";
const ELSEWHERE: &str = "elsewhere.example";
const TESTING: &str = "testing.example";

const BAD: [(&str, CertKind); 6] = [
    ("expired", CertKind::Expired),
    ("not_yet_valid", CertKind::NotYetValid),
    ("self_signed", CertKind::SelfSigned),
    ("wrong_name", CertKind::WrongName),
    ("unknown_issuer", CertKind::UnknownIssuer),
    ("no_intermediate", CertKind::MissingIntermediate),
];

async fn world(y: u8) -> World {
    let mut maker = Maker::new(22, y)
        .tls("valid", CertKind::Valid, &[])
        .tls("wildcard", CertKind::Wildcard, &[])
        .tls("intermediate", CertKind::Intermediate, &[]);
    for (name, kind) in BAD {
        maker = maker.tls(name, kind, &[]);
    }
    let world = maker.start().await;
    for (domain, mode, mx) in [
        (ENFORCED, "enforce", HOST),
        (ELSEWHERE, "enforce", "mx.another.example"),
        (TESTING, "testing", HOST),
    ] {
        world.dns.mx(domain, 10, HOST);
        world
            .dns
            .txt(&format!("_mta-sts.{domain}"), "v=STSv1; id=1");
        world
            .dns
            .a(&format!("mta-sts.{domain}"), world.sts.address().ip());
        world.sts.set(domain, StsReply::policy(mode, &[mx], 86_400));
    }
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn found_at_planning() {
    if !postfix::available() {
        return;
    }
    let world = world(1).await;
    let mut table = Table::default();
    for service in ["valid", "wildcard", "intermediate"] {
        table
            .run(&world, Case::at(service, service, TLS, "probe no; yes"))
            .await;
    }
    for (service, _) in BAD {
        table
            .run(&world, Case::at(service, service, NOTICE, "probe no; yes"))
            .await;
    }
    for (service, _) in BAD {
        let case = Case::at(service, service, "plan.refused", "probe no; -");
        table
            .run(&world, case.policy(Policy::tls_exclusive()))
            .await;
    }
    table.judge("Certificates that are bad when the plan is made (hipaa, then tls_exclusive)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_after_planning() {
    if !postfix::available() {
        return;
    }
    let world = world(2).await;
    let mut table = Table::default();
    for (service, _) in BAD {
        let case = Case::at(service, service, NOTICE, "probe no; no, yes");
        table.run(&world, case.planned("valid")).await;
    }
    for (service, _) in BAD {
        let case = Case::at(service, service, REJECTED, "probe no; no");
        let case = case.planned("valid").policy(Policy::tls_exclusive());
        table.run(&world, case).await;
    }
    table.judge("Certificates that turn bad after planning (hipaa, then tls_exclusive)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mta_sts() {
    if !postfix::available() {
        return;
    }
    let world = world(3).await;
    let mut table = Table::default();
    let anchored = "delivered tls TLSv1.3 MtaSts, message arrived";
    let strict = || Case::at("enforce, strict policy", "valid", anchored, "probe no; yes");
    table
        .run(&world, strict().policy(Policy::strict()).domain(ENFORCED))
        .await;
    for (service, _) in BAD {
        let case = Case::at(service, service, DEFERRED, "probe no; no");
        table.run(&world, case.domain(ENFORCED)).await;
    }
    for (service, _) in BAD {
        let case = Case::at(service, service, DEFERRED, "probe no; no");
        let case = case.planned("valid").domain(ENFORCED);
        table.run(&world, case).await;
    }
    table
        .run(
            &world,
            Case::at(
                "enforce, another host is named",
                "valid",
                "deferred tls StsNoMatch",
                "probe no; -",
            )
            .domain(ELSEWHERE),
        )
        .await;
    table
        .run(
            &world,
            Case::at("testing, expired", "expired", NOTICE, "probe no; yes").domain(TESTING),
        )
        .await;
    table
        .run(
            &world,
            Case::at("no policy, expired", "expired", NOTICE, "probe no; yes").domain(DOMAIN),
        )
        .await;
    table.judge("MTA-STS enforce: bad at planning, then turning bad; what is not enforced");
}
