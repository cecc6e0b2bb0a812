//! The resolver on hickory: a stub that asks the configured servers.
//!
//! It keeps no cache: facts age in one place, in `discover`. It validates no
//! DNSSEC and says so: every answer is [`Security::Insecure`].

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::Resolver as HickoryResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::time::timeout;

use super::quiet::{QuietTokio, quietly};
use super::{Answer, Mx, ResolveError, Resolver, Security};
use crate::base::Domain;

/// Most records of one answer that are looked at. A DNS message can carry
/// thousands; what a domain needs is a handful.
const MAX_RECORDS: usize = 128;
/// Longest `TXT` record that is kept, in bytes.
const MAX_TXT: usize = 4096;
/// How long a denial without an SOA record may be kept.
const DEFAULT_NEGATIVE_TTL: u32 = 60;
/// One question to one server.
const ATTEMPT: Duration = Duration::from_secs(3);
/// One question, over all servers, tries and aliases.
const TOTAL: Duration = Duration::from_secs(8);

/// The system's DNS configuration could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolverError {
    /// `/etc/resolv.conf` (or the platform's like) is missing or broken.
    #[error("the system's DNS configuration cannot be read: name the DNS servers yourself")]
    SystemConfig,
    /// No server was named.
    #[error("no DNS server was named")]
    NoServers,
}

impl ResolverError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SystemConfig => "resolver.system_config",
            Self::NoServers => "resolver.no_servers",
        }
    }
}

/// Asks the system's DNS servers, or the ones that the host names.
///
/// UDP first, TCP where the answer is truncated; fully qualified names only
/// (no search list, no hosts file); aliases are followed to a bounded depth.
#[derive(Clone)]
pub struct SystemResolver {
    inner: HickoryResolver<QuietTokio>,
    total: Duration,
}

impl SystemResolver {
    /// The servers of `/etc/resolv.conf` or the platform's like.
    ///
    /// # Errors
    /// [`ResolverError`] where that cannot be read or names no server.
    pub fn from_system() -> Result<Self, ResolverError> {
        let (config, _) = hickory_resolver::system_conf::read_system_conf()
            .map_err(|_| ResolverError::SystemConfig)?;
        Self::build(config.name_servers)
    }

    /// Exactly these servers, each over UDP and TCP.
    ///
    /// # Errors
    /// [`ResolverError::NoServers`] where the list is empty.
    pub fn with_servers(servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        Self::build(servers.iter().map(|s| server(*s)).collect())
    }

    /// With another limit for one whole question in place of 8 seconds.
    #[must_use]
    pub fn deadline(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    fn build(servers: Vec<NameServerConfig>) -> Result<Self, ResolverError> {
        if servers.is_empty() {
            return Err(ResolverError::NoServers);
        }
        let mut options = ResolverOpts::default();
        options.timeout = ATTEMPT;
        options.attempts = 2;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.ndots = 0;
        options.edns0 = true;
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let inner = HickoryResolver::builder_with_config(config, QuietTokio::default())
            .with_options(options)
            .build()
            .map_err(|_| ResolverError::SystemConfig)?;
        Ok(Self {
            inner,
            total: TOTAL,
        })
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Found, ResolveError> {
        let mut name = Name::from_ascii(name).map_err(|_| ResolveError::Malformed)?;
        name.set_fqdn(true);
        let found = bounded(self.total, quietly(self.inner.lookup(name, kind))).await?;
        match found {
            Ok(lookup) => Ok(Found::records(&lookup, kind)),
            Err(error) => absent(&error),
        }
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn mx(&self, domain: &Domain) -> Result<Answer<Mx>, ResolveError> {
        let found = self.ask(domain.as_str(), RecordType::MX).await?;
        let seen = found.data.len();
        let mut records: Vec<Mx> = found
            .data
            .iter()
            .filter_map(|data| {
                let RData::MX(mx) = data else { return None };
                let host = if mx.exchange.is_root() {
                    None
                } else {
                    Some(mx.exchange.to_ascii().parse().ok()?)
                };
                Some(Mx {
                    preference: mx.preference,
                    host,
                })
            })
            .collect();
        // "No MX record" would mean "the domain is its own mail host": a set
        // of which nothing is usable must not turn into that.
        if records.is_empty() && seen > 0 {
            return Err(ResolveError::Malformed);
        }
        records.sort_by_key(|mx| mx.preference);
        records.truncate(MAX_RECORDS);
        Ok(found.answer(records))
    }

    async fn txt(&self, name: &str) -> Result<Answer<String>, ResolveError> {
        let found = self.ask(name, RecordType::TXT).await?;
        let records = found
            .data
            .iter()
            .take(MAX_RECORDS)
            .filter_map(|data| {
                let RData::TXT(txt) = data else { return None };
                let joined: Vec<u8> = txt
                    .txt_data
                    .iter()
                    .flat_map(|part| part.iter().copied())
                    .take(MAX_TXT)
                    .collect();
                Some(String::from_utf8_lossy(&joined).into_owned())
            })
            .collect();
        Ok(found.answer(records))
    }

    async fn addresses(&self, host: &Domain) -> Result<Answer<IpAddr>, ResolveError> {
        let name = host.as_str();
        let (v4, v6) = tokio::join!(
            self.ask(name, RecordType::A),
            self.ask(name, RecordType::AAAA)
        );
        let addresses = |found: &Found| {
            found
                .data
                .iter()
                .filter_map(|data| match data {
                    RData::A(a) => Some(IpAddr::V4(a.0)),
                    RData::AAAA(a) => Some(IpAddr::V6(a.0)),
                    _ => None,
                })
                .take(MAX_RECORDS)
                .collect::<Vec<_>>()
        };
        // One family that cannot be asked for does not hide the other; but
        // "there is none" needs both to have said so.
        match (v4, v6) {
            (Ok(v4), Ok(v6)) => {
                let mut records = addresses(&v4);
                records.extend(addresses(&v6));
                Ok(Answer {
                    nxdomain: records.is_empty() && (v4.nxdomain || v6.nxdomain),
                    records,
                    security: Security::Insecure,
                    ttl: v4.ttl.min(v6.ttl),
                })
            }
            (Ok(found), Err(error)) | (Err(error), Ok(found)) => {
                let records = addresses(&found);
                if records.is_empty() {
                    return Err(error);
                }
                Ok(found.answer(records))
            }
            (Err(error), Err(_)) => Err(error),
        }
    }
}

/// What one question brought, still in hickory's types.
struct Found {
    data: Vec<RData>,
    nxdomain: bool,
    ttl: u32,
}

impl Found {
    fn records(lookup: &Lookup, kind: RecordType) -> Self {
        let answers = lookup.answers();
        Self {
            ttl: answers.iter().map(|r| r.ttl).min().unwrap_or(0),
            data: answers
                .iter()
                .filter(|r| r.record_type() == kind)
                .map(|r| r.data.clone())
                .collect(),
            nxdomain: false,
        }
    }

    fn answer<T>(&self, records: Vec<T>) -> Answer<T> {
        Answer {
            records,
            nxdomain: self.nxdomain,
            security: Security::Insecure,
            ttl: self.ttl,
        }
    }
}

async fn bounded<T>(total: Duration, question: impl Future<Output = T>) -> Result<T, ResolveError> {
    timeout(total, question)
        .await
        .map_err(|_| ResolveError::Timeout)
}

/// A denial is an answer; everything else is no answer.
fn absent(error: &NetError) -> Result<Found, ResolveError> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => Ok(Found {
                data: Vec::new(),
                nxdomain: none.response_code == ResponseCode::NXDomain,
                ttl: none.negative_ttl.unwrap_or(DEFAULT_NEGATIVE_TTL),
            }),
            _ => Err(ResolveError::ServerFailure),
        },
        NetError::Dns(DnsError::DnssecBogus) => Err(ResolveError::Bogus),
        NetError::Timeout => Err(ResolveError::Timeout),
        NetError::Proto(_) => Err(ResolveError::Malformed),
        _ => Err(ResolveError::ServerFailure),
    }
}

fn server(at: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(at.ip());
    config.connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
        .into_iter()
        .map(|mut connection| {
            connection.port = at.port();
            connection
        })
        .collect();
    config
}
