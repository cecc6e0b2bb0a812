//! Discovery over the network.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::cache::{Dated, Disk, Flights, Kind, Memory};
use super::prober::{Probed, Prober, SmtpProber};
use super::sts::{self, StsRecord};
use super::{Capabilities, Discovery, HostCapability, MxHost, StsPolicy, TlsSeen};
use crate::base::crypto::make_random;
use crate::base::{Domain, Fact, Keys, Timestamp};
use crate::storage::Store;
use crate::wire::Network;
use crate::wire::https::Limits;
use crate::wire::resolver::{Answer, Mx};
use crate::wire::tls::TlsEvidence;

/// Mail hosts of a domain that are kept.
const MAX_HOSTS: usize = 20;
/// Mail hosts of a domain that are probed, the preferred first.
const MAX_PROBED: usize = 4;
/// Addresses of a mail host that a probe may try.
const MAX_ADDRESSES: usize = 4;
/// Probes at one time, over all domains.
const PROBES: usize = 16;
/// One host, over all its addresses.
const PROBE: Duration = Duration::from_secs(40);

/// How long what DNS said is kept, whatever its TTL.
const DNS_LEAST: u32 = 60;
const DNS_MOST: u32 = 3_600;
/// How long a host's TLS is taken as seen.
const PROVEN_FOR: Duration = Duration::from_secs(3_600);
/// A host that offers none may be under attack or under repair: look again soon.
const REFUTED_FOR: Duration = Duration::from_secs(600);
/// What could not be found out is tried again after a minute.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// A policy that could not be fetched is not asked for again for five minutes
/// (RFC 8461 section 3.3).
const FETCH_AGAIN: Duration = Duration::from_secs(300);
/// A policy is fetched anew once this much of its life is over (RFC 8461
/// section 10.2: refresh well before the end).
const REFRESH_AFTER: Duration = Duration::from_secs(86_400);

/// A [`Discovery`] that asks DNS, the policy hosts and the mail hosts.
///
/// It finds the mail hosts (RFC 5321 section 5.1, RFC 7505), probes the first
/// four of them, and discovers the MTA-STS policy (RFC 8461). What it learnt
/// is kept until it expires: per domain what DNS said, per host what the probe
/// showed, per domain the policy. Questions that are asked at the same time
/// about the same thing go out once.
#[derive(Clone)]
pub struct Live {
    network: Network,
    prober: Arc<dyn Prober>,
    disk: Option<Disk>,
    fetch: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    routes: Memory<Mapped>,
    hosts: Memory<HostFact>,
    policies: Memory<PolicyFact>,
    checks: Memory<Check>,
    flights: Flights<(Flight, Domain)>,
    probes: Semaphore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Flight {
    Route,
    Host,
    Policy,
}

impl Live {
    /// Discovery over `network`, greeting mail hosts as `ehlo_name`.
    pub fn new(network: Network, ehlo_name: Domain) -> Self {
        let prober = Arc::new(SmtpProber::new(network.clone(), ehlo_name));
        Self {
            network,
            prober,
            disk: None,
            fetch: Limits::default().total,
            shared: Arc::new(Shared {
                routes: Memory::new(10_000),
                hosts: Memory::new(10_000),
                policies: Memory::new(10_000),
                checks: Memory::new(10_000),
                flights: Flights::new(),
                probes: Semaphore::new(PROBES),
            }),
        }
    }

    /// Keeps what was learnt of hosts and policies in `store` too, sealed
    /// under keys of `keys`, so that it survives a restart. Give it a store of
    /// its own, which can be thrown away.
    #[must_use]
    pub fn cache(mut self, store: Arc<dyn Store>, keys: &Keys) -> Self {
        self.disk = Some(Disk::new(store, keys));
        self
    }

    /// Probes mail hosts in another way.
    #[must_use]
    pub fn prober(mut self, prober: Arc<dyn Prober>) -> Self {
        self.prober = prober;
        self
    }

    /// Gives a policy host this long in place of 10 seconds.
    #[must_use]
    pub fn fetch_deadline(mut self, total: Duration) -> Self {
        self.fetch = total;
        self
    }

    async fn route(&self, domain: &Domain, now: Timestamp) -> Mapped {
        let name = domain.as_str();
        if let Some(known) = self.shared.routes.live(name, now) {
            return known;
        }
        let _flight = self
            .shared
            .flights
            .enter((Flight::Route, domain.clone()))
            .await;
        if let Some(known) = self.shared.routes.live(name, now) {
            return known;
        }
        let (hosts, ttl) = self.mail_hosts(domain).await;
        let keep = match hosts {
            Fact::Unknown => UNKNOWN_FOR,
            _ => dns_lifetime(ttl),
        };
        let mapped = Mapped {
            hosts,
            learnt: now,
            expires: now.plus(keep),
        };
        self.shared.routes.put(name, mapped.clone(), now);
        mapped
    }

    /// RFC 5321 section 5.1 with RFC 7505, and how long the answer holds.
    async fn mail_hosts(&self, domain: &Domain) -> (Fact<Vec<MxHost>>, u32) {
        let answer = match self.network.resolver.mx(domain).await {
            Ok(answer) => answer,
            Err(_) => return (Fact::Unknown, 0),
        };
        let ttl = answer.ttl;
        if answer.nxdomain {
            return (Fact::Refuted, ttl);
        }
        if !answer.records.is_empty() {
            return (in_order(answer), ttl);
        }
        // No MX at all: the domain itself is its mail host, if it is a host.
        match self.network.resolver.addresses(domain).await {
            Ok(found) if found.records.is_empty() => (Fact::Refuted, ttl.min(found.ttl)),
            Ok(found) => (
                Fact::Proven(vec![MxHost::new(domain.clone(), 0)]),
                ttl.min(found.ttl),
            ),
            Err(_) => (Fact::Unknown, 0),
        }
    }

    async fn hosts(
        &self,
        domain: &Domain,
        now: Timestamp,
    ) -> (Fact<Vec<HostCapability>>, Timestamp) {
        let mapped = self.route(domain, now).await;
        let hosts = match mapped.hosts {
            Fact::Proven(hosts) => hosts,
            Fact::Refuted => return (Fact::Refuted, mapped.expires),
            Fact::Unknown => return (Fact::Unknown, mapped.expires),
        };
        let probed = join_all(
            hosts
                .iter()
                .take(MAX_PROBED)
                .map(|mx| self.host(&mx.host, now)),
        )
        .await;
        let mut expires = mapped.expires;
        for fact in &probed {
            expires = expires.min(fact.expires);
        }
        let mut facts = probed.into_iter();
        let seen = hosts
            .into_iter()
            .map(|mx| match facts.next() {
                Some(fact) => fact.capability(mx),
                None => HostCapability::new(mx, Fact::Unknown),
            })
            .collect();
        (Fact::Proven(seen), expires)
    }

    async fn host(&self, host: &Domain, now: Timestamp) -> HostFact {
        let name = host.as_str();
        if let Some(known) = self.shared.hosts.live(name, now) {
            return known;
        }
        let _flight = self
            .shared
            .flights
            .enter((Flight::Host, host.clone()))
            .await;
        if let Some(known) = self.shared.hosts.live(name, now) {
            return known;
        }
        if let Some(disk) = &self.disk
            && let Some(known) = disk.live::<HostFact>(Kind::Host, name, now).await
        {
            self.shared.hosts.put(name, known.clone(), now);
            return known;
        }
        let probed = self.probe(host).await;
        let fact = HostFact::new(&probed, now);
        self.shared.hosts.put(name, fact.clone(), now);
        if let Some(disk) = &self.disk
            && !fact.tls.is_unknown()
        {
            disk.put(Kind::Host, name, &fact, now).await;
        }
        fact
    }

    async fn probe(&self, host: &Domain) -> Probed {
        let Ok(_permit) = self.shared.probes.acquire().await else {
            return Probed::unknown();
        };
        let Ok(answer) = self.network.resolver.addresses(host).await else {
            return Probed::unknown();
        };
        let addresses = self.network.guard.choose(answer.records, MAX_ADDRESSES);
        if addresses.is_empty() {
            tracing::debug!("a mail host has no address that may be connected to");
            return Probed::unknown();
        }
        timeout(PROBE, self.prober.probe(host, &addresses))
            .await
            .unwrap_or_else(|_| Probed::unknown())
    }

    async fn sts(&self, domain: &Domain, now: Timestamp) -> (Fact<StsPolicy>, Timestamp) {
        let name = domain.as_str();
        if let Some(check) = self.shared.checks.live(name, now) {
            return (check.policy, check.expires);
        }
        let _flight = self
            .shared
            .flights
            .enter((Flight::Policy, domain.clone()))
            .await;
        if let Some(check) = self.shared.checks.live(name, now) {
            return (check.policy, check.expires);
        }
        let (policy, keep) = self.check_sts(domain, now).await;
        let check = Check {
            policy,
            learnt: now,
            expires: now.plus(keep),
        };
        self.shared.checks.put(name, check.clone(), now);
        (check.policy, check.expires)
    }

    /// RFC 8461 sections 3.1, 3.3 and 5.1. A policy that is cached and has not
    /// expired holds whatever DNS and the policy host now say or fail to say.
    async fn check_sts(&self, domain: &Domain, now: Timestamp) -> (Fact<StsPolicy>, Duration) {
        let cached = self.cached_policy(domain, now).await;
        let keep = |fact: &Option<PolicyFact>, most: Duration| match fact {
            Some(fact) => fact.expires.since(now).min(most),
            None => most,
        };
        let record = self
            .network
            .resolver
            .txt(&format!("_mta-sts.{}", domain.as_str()))
            .await;
        let (record, ttl) = match record {
            Ok(answer) => (StsRecord::select(&answer.records), answer.ttl),
            Err(_) => {
                let held = keep(&cached, UNKNOWN_FOR);
                return (or(cached, Fact::Unknown), held);
            }
        };
        let lifetime = dns_lifetime(ttl);
        let Some(record) = record else {
            let held = keep(&cached, lifetime);
            return (or(cached, Fact::Refuted), held);
        };
        if let Some(cached) = &cached
            && cached.id == record.id
            && !cached.wants_refresh(now)
        {
            let held = cached.expires.since(now).min(lifetime);
            return (Fact::Proven(cached.policy.clone()), held);
        }
        match sts::fetch(&self.network, domain, self.fetch).await {
            Ok(policy) => {
                let fact = PolicyFact::new(record.id, policy, now);
                self.shared.policies.put(domain.as_str(), fact.clone(), now);
                if let Some(disk) = &self.disk {
                    disk.put(Kind::Sts, domain.as_str(), &fact, now).await;
                }
                let held = fact.expires.since(now).min(lifetime);
                (Fact::Proven(fact.policy), held)
            }
            Err(error) => {
                tracing::debug!(code = error.code(), "an MTA-STS policy cannot be fetched");
                let held = keep(&cached, FETCH_AGAIN);
                (or(cached, Fact::Unknown), held)
            }
        }
    }

    async fn cached_policy(&self, domain: &Domain, now: Timestamp) -> Option<PolicyFact> {
        let name = domain.as_str();
        if let Some(known) = self.shared.policies.live(name, now) {
            return Some(known);
        }
        let known: PolicyFact = self.disk.as_ref()?.live(Kind::Sts, name, now).await?;
        self.shared.policies.put(name, known.clone(), now);
        Some(known)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("prober", &self.prober)
            .field("persistent", &self.disk.is_some())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Discovery for Live {
    async fn discover(&self, domain: &Domain, now: Timestamp) -> Capabilities {
        let ((hosts, hosts_until), (sts, sts_until)) =
            tokio::join!(self.hosts(domain, now), self.sts(domain, now));
        Capabilities::new(domain.clone(), hosts, sts, hosts_until.min(sts_until))
    }
}

fn or(cached: Option<PolicyFact>, otherwise: Fact<StsPolicy>) -> Fact<StsPolicy> {
    match cached {
        Some(fact) => Fact::Proven(fact.policy),
        None => otherwise,
    }
}

fn dns_lifetime(ttl: u32) -> Duration {
    Duration::from_secs(u64::from(ttl.clamp(DNS_LEAST, DNS_MOST)))
}

/// The hosts in the order to try them: by preference, at random within one
/// preference (RFC 5321 section 5.1), each host once.
fn in_order(answer: Answer<Mx>) -> Fact<Vec<MxHost>> {
    let mut hosts: Vec<(u16, u32, Domain)> = answer
        .records
        .into_iter()
        // A null MX beside others is a mistake (RFC 7505 section 3): the
        // others are taken.
        .filter_map(|mx| {
            let shuffle = u32::from_be_bytes(make_random());
            mx.host.map(|host| (mx.preference, shuffle, host))
        })
        .collect();
    if hosts.is_empty() {
        return Fact::Refuted;
    }
    hosts.sort();
    let mut ordered: Vec<MxHost> = Vec::with_capacity(hosts.len().min(MAX_HOSTS));
    for (preference, _, host) in hosts {
        if ordered.len() == MAX_HOSTS {
            break;
        }
        if !ordered.iter().any(|known| known.host == host) {
            ordered.push(MxHost::new(host, preference));
        }
    }
    Fact::Proven(ordered)
}

/// What DNS said of a domain.
#[derive(Clone)]
struct Mapped {
    hosts: Fact<Vec<MxHost>>,
    learnt: Timestamp,
    expires: Timestamp,
}

/// What the last look for a policy came to.
#[derive(Clone)]
struct Check {
    policy: Fact<StsPolicy>,
    learnt: Timestamp,
    expires: Timestamp,
}

/// What a probe showed, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct HostFact {
    tls: Fact<Seen>,
    requiretls: bool,
    learnt: Timestamp,
    expires: Timestamp,
}

#[derive(Clone, Serialize, Deserialize)]
struct Seen {
    evidence: TlsEvidence,
    invalid: Option<String>,
}

impl HostFact {
    fn new(probed: &Probed, now: Timestamp) -> Self {
        let keep = match probed.tls {
            Fact::Proven(_) => PROVEN_FOR,
            Fact::Refuted => REFUTED_FOR,
            Fact::Unknown => UNKNOWN_FOR,
        };
        Self {
            tls: probed.tls.clone().map(|seen| Seen {
                evidence: seen.evidence,
                invalid: seen.invalid.map(str::to_owned),
            }),
            requiretls: probed.requiretls,
            learnt: now,
            expires: now.plus(keep),
        }
    }

    fn capability(self, mx: MxHost) -> HostCapability {
        let tls = self.tls.map(|seen| {
            let invalid = seen.invalid.as_deref().map(known_reason);
            TlsSeen::new(seen.evidence, invalid)
        });
        let mut capability = HostCapability::new(mx, tls);
        capability.requiretls = self.requiretls;
        capability
    }
}

/// The codes of [`TlsSeen::invalid`], so that one read from disk is a constant
/// again. One that a later version wrote is still a reason.
fn known_reason(code: &str) -> &'static str {
    const REASONS: &[&str] = &[
        "expired",
        "not_valid_yet",
        "wrong_name",
        "unknown_issuer",
        "ca_as_leaf",
        "leaf_as_ca",
        "wrong_purpose",
        "unsupported_version",
        "unknown_critical_extension",
        "weak_or_unknown_algorithm",
        "bad_signature",
        "constraint_violated",
        "invalid_validity",
        "malformed",
    ];
    REASONS
        .iter()
        .find(|known| **known == code)
        .copied()
        .unwrap_or("invalid")
}

/// A policy as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct PolicyFact {
    id: String,
    policy: StsPolicy,
    learnt: Timestamp,
    expires: Timestamp,
}

impl PolicyFact {
    fn new(id: String, policy: StsPolicy, now: Timestamp) -> Self {
        // A `max_age` of nothing still holds for the message at hand, and the
        // policy host is not asked more than once a minute.
        let age = policy.max_age.clamp(DNS_LEAST, sts::MAX_AGE);
        Self {
            id,
            policy,
            learnt: now,
            expires: now.plus(Duration::from_secs(u64::from(age))),
        }
    }

    fn wants_refresh(&self, now: Timestamp) -> bool {
        let half = self.expires.since(self.learnt) / 2;
        now.since(self.learnt) >= half.min(REFRESH_AFTER)
    }
}

macro_rules! dated {
    ($($name:ty),+) => {$(
        impl Dated for $name {
            fn learnt(&self) -> Timestamp {
                self.learnt
            }
            fn expires(&self) -> Timestamp {
                self.expires
            }
        }
    )+};
}
dated!(Mapped, Check, HostFact);

impl Dated for PolicyFact {
    fn learnt(&self) -> Timestamp {
        self.learnt
    }

    fn expires(&self) -> Timestamp {
        self.expires
    }

    /// A clock that was set back must not take a policy's protection away.
    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires
    }
}
