//! MTA-STS (RFC 8461): discovery, fetching, and the cache that outlives failures.

use std::sync::Arc;

use mailseal::base::{Fact, Keys};
use mailseal::discover::{Capabilities, Discovery, Live};
use mailseal::storage::{MemoryStore, Store, Table as Rows};
use mailseal::testing::dns::TestDns;
use mailseal::testing::sts::{StsReply, TestSts};

use super::support::{FakeProber, Table, at, domain, live, network, sts_word};

const DAY: i64 = 86_400;
const RECORD: &str = "v=STSv1; id=20260105;";

struct World {
    dns: TestDns,
    sts: TestSts,
}

impl World {
    async fn new() -> Self {
        let dns = TestDns::start().await.unwrap();
        let sts = TestSts::start().await.unwrap();
        dns.a("mta-sts.d.example", "127.0.0.1".parse().unwrap());
        Self { dns, sts }
    }

    /// One that publishes a good policy of ten days.
    async fn good() -> Self {
        let world = Self::new().await;
        world.record(&[RECORD]);
        world.reply(enforce(10 * DAY as u64));
        world
    }

    fn record(&self, records: &[&str]) {
        self.dns.clear("_mta-sts.d.example");
        for record in records {
            self.dns.txt("_mta-sts.d.example", record);
        }
    }

    fn reply(&self, reply: StsReply) {
        self.sts.set("d.example", reply);
    }

    fn live(&self) -> Live {
        let network = network(&self.dns)
            .roots(self.sts.roots())
            .ports(25, self.sts.port());
        live(network, &FakeProber::new())
    }

    async fn look(&self, live: &Live, seconds: i64) -> Capabilities {
        live.discover(&domain("d.example"), at(seconds)).await
    }
}

fn enforce(max_age: u64) -> StsReply {
    StsReply::policy("enforce", &["mx.d.example"], max_age)
}

fn text(text: &str) -> StsReply {
    StsReply::Text(text.to_owned())
}

#[tokio::test]
async fn faults_of_a_policy_seen_for_the_first_time() {
    let mut table = Table::new("MTA-STS: nothing cached");
    let crlf = "version: STSv1\r\nmode: enforce\r\nmx: mx.d.example\r\nmax_age: 86400\r\n";
    let html = StsReply::Typed("text/html".into(), crlf.into());
    let upper = StsReply::Typed("Text/Plain; charset=us-ascii".into(), crlf.into());
    let cases: &[(&str, &[&str], StsReply, &str)] = &[
        ("enforce, CRLF", &[RECORD], text(crlf), "enforce"),
        ("enforce, LF only", &[RECORD], enforce(86_400), "enforce"),
        (
            "media type in capitals, with charset",
            &[RECORD],
            upper,
            "enforce",
        ),
        (
            "testing",
            &[RECORD],
            StsReply::policy("testing", &["mx.d.example"], 86_400),
            "testing",
        ),
        (
            "none",
            &[RECORD],
            StsReply::policy("none", &[], 86_400),
            "none",
        ),
        ("no TXT record", &[], enforce(86_400), "refuted"),
        (
            "TXT of another purpose",
            &["v=spf1 -all"],
            enforce(86_400),
            "refuted",
        ),
        (
            "one STS record beside another TXT",
            &["v=spf1 -all", RECORD],
            enforce(86_400),
            "enforce",
        ),
        (
            "two STS records",
            &[RECORD, "v=STSv1; id=2;"],
            enforce(86_400),
            "refuted",
        ),
        (
            "two equal STS records",
            &[RECORD, RECORD],
            enforce(86_400),
            "refuted",
        ),
        (
            "malformed STS record",
            &["v=STSv1; id=a b;"],
            enforce(86_400),
            "refuted",
        ),
        (
            "policy host: redirect",
            &[RECORD],
            StsReply::Redirect,
            "unknown",
        ),
        (
            "policy host: 404",
            &[RECORD],
            StsReply::Status(404),
            "unknown",
        ),
        (
            "policy host: 500",
            &[RECORD],
            StsReply::Status(500),
            "unknown",
        ),
        (
            "policy host: content type text/html",
            &[RECORD],
            html,
            "unknown",
        ),
        (
            "policy host: oversize",
            &[RECORD],
            StsReply::Oversize,
            "unknown",
        ),
        (
            "policy host: endless",
            &[RECORD],
            StsReply::Endless,
            "unknown",
        ),
        (
            "policy host: slow (never answers)",
            &[RECORD],
            StsReply::Silent,
            "unknown",
        ),
        ("policy host: cut off", &[RECORD], StsReply::Cut, "unknown"),
        (
            "policy host: certificate of a wrong name",
            &[RECORD],
            StsReply::WrongName,
            "unknown",
        ),
        (
            "policy host: expired certificate",
            &[RECORD],
            StsReply::Expired,
            "unknown",
        ),
        (
            "policy host: unknown issuer",
            &[RECORD],
            StsReply::UnknownIssuer,
            "unknown",
        ),
        ("policy host: no TLS", &[RECORD], StsReply::NoTls, "unknown"),
        ("policy: not UTF-8", &[RECORD], StsReply::Binary, "unknown"),
        (
            "policy: malformed",
            &[RECORD],
            text("<html>hello</html>"),
            "unknown",
        ),
        ("policy: empty", &[RECORD], text(""), "unknown"),
        (
            "policy: other version",
            &[RECORD],
            text(&crlf.replace("STSv1", "STSv2")),
            "unknown",
        ),
        (
            "policy: no mx in enforce",
            &[RECORD],
            StsReply::policy("enforce", &[], 86_400),
            "unknown",
        ),
        (
            "policy: wildcard within a name",
            &[RECORD],
            StsReply::policy("enforce", &["a.*.example"], 1),
            "unknown",
        ),
        (
            "policy: negative max_age",
            &[RECORD],
            text(&crlf.replace("86400", "-1")),
            "unknown",
        ),
    ];
    for (fault, records, reply, expected) in cases {
        let world = World::new().await;
        world.record(records);
        world.reply(reply.clone());
        let seen = world.look(&world.live(), 0).await;
        table.row(fault, expected, sts_word(&seen));
    }

    for (fault, break_dns, expected) in [
        (
            "TXT: SERVFAIL",
            (|d| _ = d.servfail("_mta-sts.d.example")) as fn(&TestDns),
            "unknown",
        ),
        (
            "TXT: no answer",
            |d| _ = d.timeout("_mta-sts.d.example"),
            "unknown",
        ),
        (
            "TXT: truncated over UDP",
            |d| _ = d.truncated("_mta-sts.d.example"),
            "enforce",
        ),
        (
            "TXT by an alias",
            |d| {
                d.clear("_mta-sts.d.example")
                    .cname("_mta-sts.d.example", "sts.provider.example")
                    .txt("sts.provider.example", RECORD);
            },
            "enforce",
        ),
        (
            "policy host does not exist",
            |d| _ = d.nxdomain("mta-sts.d.example"),
            "unknown",
        ),
        (
            "policy host: SERVFAIL",
            |d| _ = d.servfail("mta-sts.d.example"),
            "unknown",
        ),
    ] {
        let world = World::good().await;
        break_dns(&world.dns);
        let seen = world.look(&world.live(), 0).await;
        table.row(fault, expected, sts_word(&seen));
    }
    table.judge();
}

/// A good policy is learnt; then something breaks. Seen after two hours and
/// after eleven days, when the policy of ten days has ended.
#[tokio::test]
async fn faults_while_a_policy_is_cached() {
    let mut table = Table::new("MTA-STS: a policy of ten days is cached");
    /// The fault, how to make it, what is expected.
    type Case = (&'static str, fn(&World), &'static str);
    let cases: &[Case] = &[
        ("nothing changes", |_| {}, "enforce, enforce"),
        ("TXT gone", |w| w.record(&[]), "enforce, refuted"),
        (
            "TXT: NXDOMAIN",
            |w| _ = w.dns.nxdomain("_mta-sts.d.example"),
            "enforce, refuted",
        ),
        (
            "TXT: SERVFAIL",
            |w| _ = w.dns.servfail("_mta-sts.d.example"),
            "enforce, unknown",
        ),
        (
            "TXT: no answer",
            |w| _ = w.dns.timeout("_mta-sts.d.example"),
            "enforce, unknown",
        ),
        (
            "TXT: two records",
            |w| w.record(&[RECORD, "v=STSv1; id=2;"]),
            "enforce, refuted",
        ),
        (
            "TXT: malformed",
            |w| w.record(&["v=STSv1; id="]),
            "enforce, refuted",
        ),
        (
            "HTTPS fails, id unchanged",
            |w| w.reply(StsReply::Status(500)),
            "enforce, unknown",
        ),
        (
            "new id and the fetch fails",
            |w| {
                w.record(&["v=STSv1; id=new;"]);
                w.reply(StsReply::Status(500));
            },
            "enforce, unknown",
        ),
        (
            "new id and a redirect",
            |w| {
                w.record(&["v=STSv1; id=new;"]);
                w.reply(StsReply::Redirect);
            },
            "enforce, unknown",
        ),
        (
            "new id and a bad certificate",
            |w| {
                w.record(&["v=STSv1; id=new;"]);
                w.reply(StsReply::UnknownIssuer);
            },
            "enforce, unknown",
        ),
        (
            "new id and a malformed policy",
            |w| {
                w.record(&["v=STSv1; id=new;"]);
                w.reply(text("mode: none"));
            },
            "enforce, unknown",
        ),
        (
            "new id and a new policy",
            |w| {
                w.record(&["v=STSv1; id=new;"]);
                w.reply(StsReply::policy("testing", &["mx.d.example"], 86_400));
            },
            "testing, testing",
        ),
        (
            "new id and mode none",
            |w| {
                w.record(&["v=STSv1; id=new;"]);
                w.reply(StsReply::policy("none", &[], 86_400));
            },
            "none, none",
        ),
        (
            "policy host does not exist any more",
            |w| _ = w.dns.nxdomain("mta-sts.d.example"),
            "enforce, unknown",
        ),
    ];
    for (fault, change, expected) in cases {
        let world = World::good().await;
        let live = world.live();
        assert_eq!(sts_word(&world.look(&live, 0).await), "enforce");
        change(&world);
        let soon = world.look(&live, 7_200).await;
        let late = world.look(&live, 11 * DAY).await;
        let seen = format!("{}, {}", sts_word(&soon), sts_word(&late));
        table.row(fault, expected, seen);
    }
    table.judge();
}

#[tokio::test]
async fn faults_of_max_age() {
    let mut table = Table::new("MTA-STS: max_age");
    for (fault, max_age, expected) in [
        (
            "max_age zero: for the mail at hand only",
            0,
            "enforce 0, after 2 min unknown",
        ),
        ("max_age 60", 60, "enforce 60, after 2 min unknown"),
        (
            "max_age a year and a second",
            31_557_601,
            "enforce 31557600, after 2 min enforce",
        ),
        (
            "max_age beyond 32 bits",
            u64::MAX,
            "enforce 31557600, after 2 min enforce",
        ),
    ] {
        let world = World::good().await;
        world.reply(enforce(max_age));
        let live = world.live();
        let first = world.look(&live, 0).await;
        let age = first.sts.proven().map_or(0, |p| p.max_age);
        world.reply(StsReply::Status(500));
        let later = world.look(&live, 120).await;
        table.row(
            fault,
            expected,
            format!(
                "{} {age}, after 2 min {}",
                sts_word(&first),
                sts_word(&later)
            ),
        );
    }
    let world = World::good().await;
    world.reply(enforce(u64::MAX));
    let live = world.live();
    world.look(&live, 0).await;
    world.record(&[]);
    let year = 31_557_600;
    table.row(
        "a year is the end, whatever it said",
        "enforce, refuted",
        format!(
            "{}, {}",
            sts_word(&world.look(&live, year - 1).await),
            sts_word(&world.look(&live, year + 3_600).await)
        ),
    );
    table.judge();
}

#[tokio::test]
async fn hosts_are_matched_against_the_policy() {
    let mut table = Table::new("MTA-STS: which hosts the policy names");
    for (fault, patterns, host, expected) in [
        (
            "the named host",
            &["mx.d.example"][..],
            "mx.d.example",
            "matches",
        ),
        (
            "no MX matches",
            &["mx.d.example"],
            "mx.evil.example",
            "does not",
        ),
        (
            "wildcard, one label",
            &["*.d.example"],
            "mx.d.example",
            "matches",
        ),
        (
            "wildcard, two labels",
            &["*.d.example"],
            "a.mx.d.example",
            "does not",
        ),
        (
            "wildcard, no label",
            &["*.d.example"],
            "d.example",
            "does not",
        ),
        (
            "second of two patterns",
            &["a.example", "*.d.example"],
            "mx.d.example",
            "matches",
        ),
        (
            "pattern in capitals",
            &["MX.D.Example"],
            "mx.d.example",
            "matches",
        ),
    ] {
        let world = World::good().await;
        world.reply(StsReply::policy("enforce", patterns, 86_400));
        let seen = world.look(&world.live(), 0).await;
        let policy = seen.sts.proven().unwrap();
        let word = if policy.matches(&domain(host)) {
            "matches"
        } else {
            "does not"
        };
        table.row(fault, expected, word);
    }
    table.judge();
}

#[tokio::test]
async fn a_policy_is_fetched_no_more_often_than_needed() {
    let world = World::good().await;
    let live = world.live();
    for t in [0, 1, 3_600, 7_200, 3 * 3_600] {
        world.look(&live, t).await;
    }
    assert_eq!(world.sts.requests("d.example"), 1, "one id, one fetch");
    world.look(&live, DAY).await;
    assert_eq!(world.sts.requests("d.example"), 2, "refreshed after a day");

    // Refreshing goes on before the end, so that a policy that is kept up
    // never lapses; the refresh counts from its own time.
    world.look(&live, 9 * DAY).await;
    world.record(&[]);
    assert_eq!(sts_word(&world.look(&live, 18 * DAY).await), "enforce");

    // A fetch that fails is not tried again for five minutes.
    let world = World::good().await;
    world.reply(StsReply::Status(500));
    let live = world.live();
    for t in [0, 60, 299] {
        assert_eq!(sts_word(&world.look(&live, t).await), "unknown");
    }
    assert_eq!(world.sts.requests("d.example"), 1);
    world.reply(enforce(86_400));
    assert_eq!(sts_word(&world.look(&live, 300).await), "enforce");
}

#[tokio::test]
async fn a_policy_survives_a_restart_and_a_clock_set_back() {
    let world = World::good().await;
    let store = Arc::new(MemoryStore::new());
    let keys = Keys::from_bytes([7; 32]);
    world
        .look(&world.live().cache(store.clone(), &keys), DAY)
        .await;
    world.record(&[]);

    let restarted = world.live().cache(store.clone(), &keys);
    assert_eq!(sts_word(&world.look(&restarted, 10 * DAY).await), "enforce");
    assert_eq!(sts_word(&world.look(&restarted, 0).await), "enforce");
    let restarted = world.live().cache(store.clone(), &keys);
    assert_eq!(sts_word(&world.look(&restarted, 12 * DAY).await), "refuted");
    assert_eq!(
        sts_word(&world.look(&world.live(), 0).await),
        "refuted",
        "no store"
    );

    // A damaged row is no row.
    let mut batch = mailseal::storage::Batch::new();
    for mut row in store.range(Rows::Cache, &[], None, 10).await.unwrap() {
        assert!(!row.value.windows(7).any(|w| w == b"example"));
        row.value[20] ^= 1;
        batch.push(mailseal::storage::Op::Put {
            table: Rows::Cache,
            row,
        });
    }
    store.commit(batch).await.unwrap();
    let restarted = world.live().cache(store, &keys);
    assert_eq!(world.look(&restarted, DAY).await.sts, Fact::Refuted);
}

#[tokio::test]
async fn the_policy_host_is_guarded() {
    let world = World::good().await;
    let network = network(&world.dns)
        .roots(world.sts.roots())
        .ports(25, world.sts.port())
        .guard(mailseal::wire::guard::Guard::public_only());
    let live = live(network, &FakeProber::new());
    assert_eq!(sts_word(&world.look(&live, 0).await), "unknown");
    assert_eq!(world.sts.requests("d.example"), 0);
}
