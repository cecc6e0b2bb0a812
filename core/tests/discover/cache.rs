//! Facts have an expiry, are kept per host, and are asked for once.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use mailseal::base::{Fact, Keys};
use mailseal::discover::{Capabilities, Discovery, Fixed};
use mailseal::storage::{MemoryStore, Store, Table as Rows};
use mailseal::testing::dns::TestDns;

use super::support::{FakeProber, at, domain, hosts_word, live, network};

fn loopback() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}

async fn two_domains_one_host() -> TestDns {
    let dns = TestDns::start().await.unwrap();
    dns.mx("d.example", 10, "a.example")
        .mx("e.example", 10, "a.example")
        .a("a.example", loopback());
    dns
}

#[tokio::test]
async fn facts_hold_until_they_expire() {
    let dns = two_domains_one_host().await;
    dns.ttl(600);
    let prober = FakeProber::new();
    let live = live(network(&dns), &prober);
    let d = domain("d.example");

    let first = live.discover(&d, at(0)).await;
    assert_eq!(first.expires, at(600), "the records' lifetime");
    let asked = dns.log().len();
    live.discover(&d, at(599)).await;
    assert_eq!(dns.log().len(), asked, "nothing is asked within it");

    dns.clear("d.example")
        .mx("d.example", 10, "b.example")
        .a("b.example", loopback());
    assert_eq!(hosts_word(&live.discover(&d, at(599)).await), "a/10/tls");
    assert_eq!(hosts_word(&live.discover(&d, at(600)).await), "b/10/tls");
    // What the clock cannot place is not believed.
    let asked = dns.log().len();
    live.discover(&d, at(-3600)).await;
    assert!(dns.log().len() > asked);
}

#[tokio::test]
async fn lifetimes_follow_what_was_seen() {
    for (tls, again_after, not_before) in [
        (super::support::seen(), 3600, 3599),
        (Fact::Refuted, 600, 599),
        (Fact::Unknown, 60, 59),
    ] {
        let dns = two_domains_one_host().await;
        let prober = FakeProber::new();
        prober.set("a.example", tls.clone());
        let live = live(network(&dns), &prober);
        let d = domain("d.example");
        live.discover(&d, at(0)).await;
        live.discover(&d, at(not_before)).await;
        assert_eq!(prober.calls().len(), 1, "{tls:?}");
        live.discover(&d, at(again_after)).await;
        assert_eq!(prober.calls().len(), 2, "{tls:?}");
    }
}

#[tokio::test]
async fn a_host_is_probed_once_for_all_who_ask_at_once() {
    let dns = two_domains_one_host().await;
    let prober = FakeProber::new();
    let live = live(network(&dns), &prober);
    let (d, e) = (domain("d.example"), domain("e.example"));
    let all = join_all((0..40).map(|i| {
        let target = if i % 2 == 0 { &d } else { &e };
        live.discover(target, at(0))
    }))
    .await;
    assert!(all.iter().all(|c| hosts_word(c) == "a/10/tls"));
    assert_eq!(prober.hosts(), ["a.example"]);
    let mx = dns.log().iter().filter(|q| q.ends_with(" MX")).count();
    assert_eq!(mx, 2, "one question for each domain");
}

#[tokio::test]
async fn probes_at_one_time_are_bounded() {
    let dns = TestDns::start().await.unwrap();
    let mut domains = Vec::new();
    for i in 0..60 {
        let (name, host) = (format!("d{i}.example"), format!("m{i}.example"));
        dns.mx(&name, 10, &host).a(&host, loopback());
        domains.push(domain(&name));
    }
    let prober = FakeProber::new();
    let live = live(network(&dns), &prober);
    join_all(domains.iter().map(|d| live.discover(d, at(0)))).await;
    let most = prober.most.load(Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most} at once");
    assert_eq!(prober.calls().len(), 60);
}

#[tokio::test]
async fn hosts_survive_a_restart_sealed() {
    let dns = two_domains_one_host().await;
    let store = Arc::new(MemoryStore::new());
    let keys = Keys::from_bytes([7; 32]);
    let d = domain("d.example");

    let prober = FakeProber::new();
    let before = live(network(&dns), &prober)
        .cache(store.clone(), &keys)
        .discover(&d, at(0))
        .await;
    let again = live(network(&dns), &prober)
        .cache(store.clone(), &keys)
        .discover(&d, at(60))
        .await;
    assert_eq!(prober.calls().len(), 1, "the second life reads the first's");
    assert_eq!(before.hosts, again.hosts);

    let rows = store.range(Rows::Cache, &[], None, 100).await.unwrap();
    assert_eq!(rows.len(), 1);
    for row in rows {
        assert_eq!(row.key.len(), 32);
        for clear in [&b"example"[..], b"TLS13", b"evidence"] {
            let found = |bytes: &[u8]| bytes.windows(clear.len()).any(|w| w == clear);
            assert!(!found(&row.key) && !found(&row.value));
        }
    }

    // Another key reads nothing, and a fact past its end is none.
    let other = live(network(&dns), &prober).cache(store.clone(), &Keys::from_bytes([8; 32]));
    other.discover(&d, at(60)).await;
    assert_eq!(prober.calls().len(), 2);
    let late = live(network(&dns), &prober).cache(store, &keys);
    late.discover(&d, at(3600)).await;
    assert_eq!(prober.calls().len(), 3);
}

#[tokio::test]
async fn what_is_unknown_is_not_written() {
    let dns = two_domains_one_host().await;
    let store = Arc::new(MemoryStore::new());
    let prober = FakeProber::new();
    prober.set("a.example", Fact::Unknown);
    live(network(&dns), &prober)
        .cache(store.clone(), &Keys::from_bytes([7; 32]))
        .discover(&domain("d.example"), at(0))
        .await;
    let rows = store.range(Rows::Cache, &[], None, 100).await.unwrap();
    assert!(rows.is_empty());
}

#[tokio::test]
async fn a_fixed_answer_ends_too() {
    let known = Capabilities::new(domain("d.example"), Fact::Refuted, Fact::Refuted, at(10));
    let fixed = Fixed::new().with(known);
    let hosts = async |name, t| fixed.discover(&domain(name), at(t)).await.hosts;
    assert_eq!(hosts("d.example", 9).await, Fact::Refuted);
    assert_eq!(hosts("d.example", 10).await, Fact::Unknown);
    assert_eq!(hosts("e.example", 9).await, Fact::Unknown);
}
