//! Finding the mail hosts: RFC 5321 section 5.1, RFC 7505.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use mailseal::base::Fact;
use mailseal::discover::Discovery;
use mailseal::testing::dns::TestDns;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;

use super::support::{FakeProber, Table, at, domain, hosts_word, live, network, resolver};

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

fn loopback() -> IpAddr {
    IpAddr::from(LOOPBACK)
}

/// Each row: the fault, what DNS says, the outcome.
type Case = (&'static str, fn(&TestDns), &'static str);

const CASES: &[Case] = &[
    (
        "two hosts, the preferred last in the answer",
        |d| {
            d.mx("d.example", 20, "b.example")
                .mx("d.example", 10, "a.example")
                .a("a.example", loopback())
                .a("b.example", loopback());
        },
        "a/10/tls b/20/tls",
    ),
    (
        "one host named twice",
        |d| {
            d.mx("d.example", 20, "a.example")
                .mx("d.example", 10, "A.example")
                .a("a.example", loopback());
        },
        "a/10/tls",
    ),
    (
        "null MX",
        |d| {
            d.mx("d.example", 0, ".").a("d.example", loopback());
        },
        "refuted",
    ),
    (
        "null MX mixed with another",
        |d| {
            d.mx("d.example", 0, ".")
                .mx("d.example", 10, "a.example")
                .a("a.example", loopback());
        },
        "a/10/tls",
    ),
    (
        "no MX, address there (implicit MX)",
        |d| {
            d.a("d.example", loopback());
        },
        "d/0/tls",
    ),
    (
        "no MX, IPv6 address only (implicit MX)",
        |d| {
            d.a("d.example", "::1".parse().unwrap());
        },
        "d/0/tls",
    ),
    (
        "no MX, no address",
        |d| {
            d.txt("d.example", "v=spf1 -all");
        },
        "refuted",
    ),
    (
        "no MX, denied without SOA (implicit MX)",
        |d| {
            d.bare_denials().a("d.example", loopback());
        },
        "d/0/tls",
    ),
    (
        "NXDOMAIN without SOA",
        |d| {
            d.bare_denials();
        },
        "refuted",
    ),
    (
        "no MX, addresses fail",
        |d| {
            // The name exists, its MX is denied, its addresses are not told.
            d.txt("d.example", "x").cname("d.example", "e.example");
            d.txt("e.example", "x")
                .servfail_a("e.example")
                .servfail_aaaa("e.example");
        },
        "unknown",
    ),
    (
        "NXDOMAIN",
        |d| {
            d.nxdomain("d.example");
        },
        "refuted",
    ),
    (
        "SERVFAIL",
        |d| {
            d.servfail("d.example");
        },
        "unknown",
    ),
    (
        "REFUSED",
        |d| {
            d.refused("d.example");
        },
        "unknown",
    ),
    (
        "no answer",
        |d| {
            d.timeout("d.example");
        },
        "unknown",
    ),
    (
        "an answer that is no DNS message",
        |d| {
            d.garbage("d.example");
        },
        "unknown",
    ),
    (
        "MX names an address literal",
        |d| {
            d.mx("d.example", 10, "192.0.2.1")
                .a("d.example", loopback());
        },
        "unknown",
    ),
    (
        "MX names no host name, another does",
        |d| {
            d.mx("d.example", 10, "under_score.example")
                .mx("d.example", 20, "b.example")
                .a("b.example", loopback());
        },
        "b/20/tls",
    ),
    (
        "MX to self",
        |d| {
            d.mx("d.example", 10, "d.example")
                .a("d.example", loopback());
        },
        "d/10/tls",
    ),
    (
        "MX to the sender's own EHLO name",
        |d| {
            d.mx("d.example", 10, "mail.harbor.example")
                .a("mail.harbor.example", loopback());
        },
        "mail.harbor/10/tls",
    ),
    (
        "MX host does not exist",
        |d| {
            d.mx("d.example", 10, "gone.example")
                .mx("d.example", 20, "b.example")
                .a("b.example", loopback());
        },
        "gone/10/? b/20/tls",
    ),
    (
        "MX host's addresses fail",
        |d| {
            d.mx("d.example", 10, "a.example").servfail("a.example");
        },
        "a/10/?",
    ),
    (
        "AAAA fails, A is there",
        |d| {
            d.mx("d.example", 10, "a.example")
                .a("a.example", loopback())
                .servfail_aaaa("a.example");
        },
        "a/10/tls",
    ),
    (
        "domain is an alias",
        |d| {
            d.cname("d.example", "e.example")
                .mx("e.example", 10, "a.example")
                .a("a.example", loopback());
        },
        "a/10/tls",
    ),
    (
        "MX host is an alias (keeps its name)",
        |d| {
            d.mx("d.example", 10, "a.example")
                .cname("a.example", "b.example")
                .a("b.example", loopback());
        },
        "a/10/tls",
    ),
    (
        "alias to nothing",
        |d| {
            d.cname("d.example", "gone.example");
        },
        "refuted",
    ),
    (
        "alias loop",
        |d| {
            d.cname("d.example", "e.example")
                .cname("e.example", "d.example");
        },
        "unknown",
    ),
    (
        "answer truncated over UDP",
        |d| {
            d.mx("d.example", 10, "a.example")
                .truncated("d.example")
                .a("a.example", loopback());
        },
        "a/10/tls",
    ),
];

#[tokio::test]
async fn faults_of_mx_and_address_lookup() {
    let mut table = Table::new("DNS: finding the mail hosts");
    for (fault, zone, expected) in CASES {
        let dns = TestDns::start().await.unwrap();
        zone(&dns);
        let prober = FakeProber::new();
        let live = live(network(&dns), &prober);
        let seen = live.discover(&domain("d.example"), at(0)).await;
        table.row(fault, expected, hosts_word(&seen));
        let sts = &seen.sts;
        assert!(!sts.is_proven(), "{fault}: {sts:?}");
        if *fault == "answer truncated over UDP" {
            assert!(dns.tcp_queries() > 0, "asked over TCP");
        }
    }
    table.judge();
}

/// Internal addresses are not probed, whoever names them, and one that is
/// public beside them is.
#[tokio::test]
async fn faults_of_internal_targets() {
    let mut table = Table::new("DNS: internal targets under the default guard");
    for (fault, addresses, expected, probed) in [
        ("MX to loopback", &["127.0.0.1"][..], "a/10/?", 0),
        ("MX to IPv6 loopback", &["::1"], "a/10/?", 0),
        ("MX to a private network", &["10.0.0.1"], "a/10/?", 0),
        (
            "MX to the metadata service",
            &["169.254.169.254"],
            "a/10/?",
            0,
        ),
        ("MX to a unique local address", &["fd00::1"], "a/10/?", 0),
        ("MX to mapped loopback", &["::ffff:127.0.0.1"], "a/10/?", 0),
        (
            "MX to loopback and a public address",
            &["127.0.0.1", "8.8.8.8"],
            "a/10/tls",
            1,
        ),
    ] {
        let dns = TestDns::start().await.unwrap();
        dns.mx("d.example", 10, "a.example");
        for address in addresses {
            dns.a("a.example", address.parse().unwrap());
        }
        let prober = FakeProber::new();
        let network = Network::new(resolver(&dns)).guard(Guard::public_only());
        let seen = live(network, &prober)
            .discover(&domain("d.example"), at(0))
            .await;
        table.row(fault, expected, hosts_word(&seen));
        let calls = prober.calls();
        assert_eq!(calls.len(), probed, "{fault}");
        for (_, addresses) in calls {
            assert_eq!(addresses, ["8.8.8.8".parse::<IpAddr>().unwrap()]);
        }
    }
    table.judge();
}

#[tokio::test]
async fn a_hundred_hosts_are_kept_to_twenty_and_probed_to_four() {
    let dns = TestDns::start().await.unwrap();
    for i in 0..100u16 {
        let host = format!("m{i}.example");
        dns.mx("d.example", 1000 - i, &host).a(&host, loopback());
    }
    let prober = FakeProber::new();
    let seen = live(network(&dns), &prober)
        .discover(&domain("d.example"), at(0))
        .await;
    let hosts = seen.hosts.proven().unwrap();
    let proven = hosts.iter().filter(|h| h.tls.is_proven()).count();
    let unknown = hosts.iter().filter(|h| h.tls.is_unknown()).count();
    let mut table = Table::new("DNS: many hosts");
    table.row(
        "100 MXs",
        "20 kept, 4 probed, 16 unknown, m99 first",
        format!(
            "{} kept, {proven} probed, {unknown} unknown, {} first",
            hosts.len(),
            hosts[0].mx.host.as_str().trim_end_matches(".example")
        ),
    );
    table.judge();
    assert_eq!(prober.calls().len(), 4);
    let preferences: Vec<u16> = hosts.iter().map(|h| h.mx.preference).collect();
    assert!(preferences.is_sorted());
    assert!(dns.tcp_queries() > 0, "so many do not fit a UDP answer");
}

/// RFC 5321 section 5.1: hosts of one preference are tried in random order.
#[tokio::test]
async fn equal_preference_is_shuffled() {
    let dns = TestDns::start().await.unwrap();
    dns.mx("d.example", 10, "a.example")
        .mx("d.example", 10, "b.example")
        .mx("d.example", 5, "c.example");
    let mut orders = HashSet::new();
    for _ in 0..48 {
        let seen = live(network(&dns), &FakeProber::new())
            .discover(&domain("d.example"), at(0))
            .await;
        orders.insert(hosts_word(&seen));
    }
    let mut orders: Vec<String> = orders.into_iter().collect();
    orders.sort();
    let mut table = Table::new("DNS: equal preference");
    table.row(
        "equal preference",
        "c/5/? a/10/? b/10/? or c/5/? b/10/? a/10/?",
        orders.join(" or "),
    );
    table.judge();
}

#[tokio::test]
async fn a_probe_is_given_both_address_families() {
    let dns = TestDns::start().await.unwrap();
    dns.mx("d.example", 10, "a.example");
    for last in 1..=6u8 {
        dns.a("a.example", IpAddr::from([192, 0, 2, last]));
    }
    dns.a("a.example", "2001:db8::1".parse().unwrap());
    let prober = FakeProber::new();
    let seen = live(network(&dns), &prober)
        .discover(&domain("d.example"), at(0))
        .await;
    assert_eq!(hosts_word(&seen), "a/10/tls");
    let addresses = prober.calls()[0].1.clone();
    assert_eq!(addresses.len(), 4);
    assert_eq!(addresses.iter().filter(|a| a.is_ipv6()).count(), 1);
}

#[tokio::test]
async fn international_names_are_asked_for_as_a_labels() {
    let dns = TestDns::start().await.unwrap();
    dns.mx("xn--bcher-kva.example", 10, "a.example")
        .a("a.example", loopback());
    let prober = FakeProber::new();
    let seen = live(network(&dns), &prober)
        .discover(&domain("BÜCHER.example"), at(0))
        .await;
    assert_eq!(hosts_word(&seen), "a/10/tls");
    let debug = format!("{seen:?} {:?}", Arc::new(prober));
    assert!(!format!("{seen:?}").contains("example"), "{debug}");
}

#[tokio::test]
async fn what_the_probe_saw_is_told() {
    let dns = TestDns::start().await.unwrap();
    dns.mx("d.example", 10, "a.example")
        .mx("d.example", 20, "b.example")
        .mx("d.example", 30, "c.example");
    for host in ["a.example", "b.example", "c.example"] {
        dns.a(host, loopback());
    }
    let prober = FakeProber::new();
    prober.set("a.example", Fact::Refuted);
    prober.set("b.example", Fact::Unknown);
    let seen = live(network(&dns), &prober)
        .discover(&domain("d.example"), at(0))
        .await;
    assert_eq!(hosts_word(&seen), "a/10/no-tls b/20/? c/30/tls");
}
