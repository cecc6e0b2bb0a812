//! What the discovery tests share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use mailseal::base::{Domain, Fact, Timestamp};
use mailseal::discover::{Capabilities, Live, Probed, Prober, StsMode, TlsSeen};
use mailseal::testing::dns::TestDns;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;
use mailseal::wire::resolver::SystemResolver;
use mailseal::wire::tls::{Identity, TlsEvidence};

/// 2026-01-05T09:00:00Z and some seconds later.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_767_603_600_000 + seconds * 1000)
}

pub(crate) fn domain(text: &str) -> Domain {
    text.parse().unwrap()
}

pub(crate) fn resolver(dns: &TestDns) -> Arc<SystemResolver> {
    Arc::new(dns.resolver().deadline(Duration::from_millis(1_500)))
}

/// The test's DNS and any target.
pub(crate) fn network(dns: &TestDns) -> Network {
    Network::new(resolver(dns)).guard(Guard::allow_internal())
}

pub(crate) fn live(network: Network, prober: &Arc<FakeProber>) -> Live {
    Live::new(network, domain("mail.harbor.example"))
        .prober(Arc::clone(prober) as Arc<dyn Prober>)
        .fetch_deadline(Duration::from_secs(3))
}

/// A finished handshake with a valid certificate.
pub(crate) fn seen() -> Fact<TlsSeen> {
    let evidence: TlsEvidence = serde_json::from_value(serde_json::json!({
        "version": "TLSv1.3",
        "suite": "TLS13_AES_256_GCM_SHA384",
        "group": "X25519MLKEM768",
        "certificate_sha256": "00",
        "identity": "web_pki",
    }))
    .unwrap();
    assert_eq!(evidence.identity, Identity::WebPki);
    Fact::Proven(TlsSeen::new(evidence, None))
}

/// Answers as told and remembers what it was asked.
#[derive(Debug, Default)]
pub(crate) struct FakeProber {
    answers: Mutex<HashMap<String, Probed>>,
    calls: Mutex<Vec<(String, Vec<IpAddr>)>>,
    running: AtomicUsize,
    pub most: AtomicUsize,
}

impl FakeProber {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn set(&self, host: &str, tls: Fact<TlsSeen>) {
        let answer = Probed::new(tls);
        self.answers.lock().unwrap().insert(host.to_owned(), answer);
    }

    pub(crate) fn calls(&self) -> Vec<(String, Vec<IpAddr>)> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn hosts(&self) -> Vec<String> {
        self.calls().into_iter().map(|(host, _)| host).collect()
    }
}

#[async_trait]
impl Prober for FakeProber {
    async fn probe(&self, host: &Domain, addresses: &[IpAddr]) -> Probed {
        self.calls
            .lock()
            .unwrap()
            .push((host.as_str().to_owned(), addresses.to_vec()));
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        // Let the others come in, so that what is not held back is seen.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        let answers = self.answers.lock().unwrap();
        answers
            .get(host.as_str())
            .cloned()
            .unwrap_or_else(|| Probed::new(seen()))
    }
}

/// Rows of what was expected and what was seen; all are shown, then judged.
pub(crate) struct Table {
    title: &'static str,
    rows: Vec<[String; 3]>,
}

impl Table {
    pub(crate) fn new(title: &'static str) -> Self {
        Self {
            title,
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, fault: &str, expected: &str, seen: impl Into<String>) {
        self.rows
            .push([fault.to_owned(), expected.to_owned(), seen.into()]);
    }

    pub(crate) fn judge(self) {
        println!("{}", self.title);
        println!("{:<52} | {:<44} | seen", "fault", "expected");
        for [fault, expected, seen] in &self.rows {
            let mark = if expected == seen {
                ""
            } else {
                "  <-- differs"
            };
            println!("{fault:<52} | {expected:<44} | {seen}{mark}");
        }
        println!("{} rows", self.rows.len());
        for [fault, expected, seen] in self.rows {
            assert_eq!(expected, seen, "{fault}");
        }
    }
}

fn tls_word(tls: &Fact<TlsSeen>) -> &'static str {
    match tls {
        Fact::Proven(seen) => seen.invalid.unwrap_or("tls"),
        Fact::Refuted => "no-tls",
        Fact::Unknown => "?",
    }
}

/// `refuted`, `unknown`, or `host/preference/tls` for each host.
pub(crate) fn hosts_word(capabilities: &Capabilities) -> String {
    match &capabilities.hosts {
        Fact::Refuted => "refuted".into(),
        Fact::Unknown => "unknown".into(),
        Fact::Proven(hosts) => hosts
            .iter()
            .map(|h| {
                let name = h.mx.host.as_str().trim_end_matches(".example");
                format!("{name}/{}/{}", h.mx.preference, tls_word(&h.tls))
            })
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// `refuted`, `unknown`, or the policy's mode.
pub(crate) fn sts_word(capabilities: &Capabilities) -> &'static str {
    match &capabilities.sts {
        Fact::Refuted => "refuted",
        Fact::Unknown => "unknown",
        Fact::Proven(policy) => match policy.mode {
            StsMode::Enforce => "enforce",
            StsMode::Testing => "testing",
            StsMode::None => "none",
        },
    }
}
