//! DNS, behind a trait: answers carry how far they can be trusted.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;

use crate::base::Domain;

mod hickory;
mod quiet;

pub use hickory::{ResolverError, SystemResolver};

/// How an answer is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// DNSSEC-validated to a trust anchor.
    Secure,
    /// Not signed, or not validated.
    Insecure,
}

/// Records, or their proven absence, with the answer's lifetime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The records; empty where the name or type does not exist.
    pub records: Vec<T>,
    /// Whether the name itself does not exist (NXDOMAIN).
    pub nxdomain: bool,
    /// How the answer is protected.
    pub security: Security,
    /// Seconds for which it may be kept.
    pub ttl: u32,
}

/// An `MX` record (RFC 5321 section 5.1). A null MX (RFC 7505) has no host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// The mail host; `None` for the root name of a null MX.
    pub host: Option<Domain>,
}

/// Why a question got no answer. Each means *unknown*, never *absent*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// No answer in time.
    #[error("DNS: no answer in time")]
    Timeout,
    /// SERVFAIL, REFUSED and their like.
    #[error("DNS: the server failed")]
    ServerFailure,
    /// DNSSEC says that the answer is forged or broken.
    #[error("DNS: the answer does not validate (DNSSEC)")]
    Bogus,
    /// The answer cannot be understood.
    #[error("DNS: malformed answer")]
    Malformed,
}

/// Asks DNS.
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync + 'static {
    /// The `MX` records of a domain, CNAMEs followed.
    async fn mx(&self, domain: &Domain) -> Result<Answer<Mx>, ResolveError>;
    /// The `TXT` records of a name, each one's strings joined.
    async fn txt(&self, name: &str) -> Result<Answer<String>, ResolveError>;
    /// The `A` and `AAAA` records of a host, CNAMEs followed.
    async fn addresses(&self, host: &Domain) -> Result<Answer<IpAddr>, ResolveError>;
}
