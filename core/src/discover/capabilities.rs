//! The records that discovery produces.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::{Domain, Fact, Timestamp};
use crate::wire::tls::TlsSeen;

/// A mail host of a domain, as DNS names it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MxHost {
    /// The host's name.
    pub host: Domain,
    /// Lower is tried first.
    pub preference: u16,
}

impl MxHost {
    /// A mail host.
    pub fn new(host: Domain, preference: u16) -> Self {
        Self { host, preference }
    }
}

/// What one mail host was seen to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostCapability {
    /// The host.
    pub mx: MxHost,
    /// TLS: `Proven` after a finished handshake, `Refuted` where the host does
    /// not offer it or fails it, `Unknown` where it could not be reached.
    pub tls: Fact<TlsSeen>,
    /// Whether the host offers `REQUIRETLS` (RFC 8689) after TLS.
    pub requiretls: bool,
}

impl HostCapability {
    /// What was seen of a host.
    pub fn new(mx: MxHost, tls: Fact<TlsSeen>) -> Self {
        Self {
            mx,
            tls,
            requiretls: false,
        }
    }
}

/// An MTA-STS policy's mode (RFC 8461 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StsMode {
    /// Mail must not go to a host that fails.
    Enforce,
    /// Failures are reported only.
    Testing,
    /// The domain has no active policy.
    None,
}

/// An MTA-STS policy (RFC 8461 section 3.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StsPolicy {
    /// Its mode.
    pub mode: StsMode,
    /// Host names or `*.` patterns, lower case.
    pub mx: Vec<String>,
    /// How long it holds, in seconds, at most 31,557,600.
    pub max_age: u32,
}

impl StsPolicy {
    /// A policy.
    pub fn new(mode: StsMode, mx: Vec<String>, max_age: u32) -> Self {
        Self { mode, mx, max_age }
    }

    /// Whether a host's name matches (RFC 8461 section 4.1): a wildcard stands
    /// for exactly one label, the leftmost.
    pub fn matches(&self, host: &Domain) -> bool {
        let host = host.as_str();
        self.mx
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(parent) => host
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
                None => host == pattern,
            })
    }
}

impl fmt::Debug for StsPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StsPolicy")
            .field("mode", &self.mode)
            .field("mx", &self.mx.len())
            .field("max_age", &self.max_age)
            .finish()
    }
}

/// What is known of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The domain.
    pub domain: Domain,
    /// Its mail hosts in the order to try them, with what each offers.
    /// `Refuted`: it takes no mail (null MX, NXDOMAIN). `Unknown`: DNS failed.
    pub hosts: Fact<Vec<HostCapability>>,
    /// Its MTA-STS policy. `Refuted`: it publishes none.
    pub sts: Fact<StsPolicy>,
    /// When this stops being worth anything.
    pub expires: Timestamp,
}

impl Capabilities {
    /// What is known of a domain.
    pub fn new(
        domain: Domain,
        hosts: Fact<Vec<HostCapability>>,
        sts: Fact<StsPolicy>,
        expires: Timestamp,
    ) -> Self {
        Self {
            domain,
            hosts,
            sts,
            expires,
        }
    }
}
