//! How a mail host is looked at.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::TlsSeen;
use crate::base::{Domain, Fact};
use crate::wire::Network;
use crate::wire::resolver::{Answer, Mx, ResolveError, Resolver, Security};
use crate::wire::smtp;

/// What a probe showed of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probed {
    /// TLS: `Proven` after a finished handshake, `Refuted` where the host does
    /// not offer it or fails it, `Unknown` where it could not be reached.
    pub tls: Fact<TlsSeen>,
    /// Whether the host offers `REQUIRETLS` (RFC 8689) after TLS.
    pub requiretls: bool,
}

impl Probed {
    /// What was seen of TLS, without `REQUIRETLS`.
    pub fn new(tls: Fact<TlsSeen>) -> Self {
        Self {
            tls,
            requiretls: false,
        }
    }

    /// The host could not be reached.
    pub fn unknown() -> Self {
        Self::new(Fact::Unknown)
    }
}

/// Looks at one mail host. It sends no mail and names no recipient.
#[async_trait]
pub trait Prober: fmt::Debug + Send + Sync + 'static {
    /// Looks at `host`, which is at one of `addresses`; the guard has passed
    /// them, and they are in the order to try them.
    async fn probe(&self, host: &Domain, addresses: &[IpAddr]) -> Probed;
}

/// How long one address may take. Hosts that hold their greeting back to find
/// out spammers do so for some seconds.
const ONE_ADDRESS: Duration = Duration::from_secs(15);

/// Looks by an SMTP session that ends after `STARTTLS` and `EHLO`.
pub struct SmtpProber {
    network: Network,
    ehlo_name: Domain,
}

impl SmtpProber {
    /// Probes through `network`, greeting as `ehlo_name`.
    pub fn new(network: Network, ehlo_name: Domain) -> Self {
        Self { network, ehlo_name }
    }
}

impl fmt::Debug for SmtpProber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpProber")
    }
}

#[async_trait]
impl Prober for SmtpProber {
    async fn probe(&self, host: &Domain, addresses: &[IpAddr]) -> Probed {
        // One address after the other, each with a time of its own: one that
        // swallows packets must not use up what the next could answer in.
        for address in addresses {
            let mut network = self.network.clone();
            network.resolver = Arc::new(Known(*address));
            let probe = smtp::probe(&network, host, &self.ehlo_name, ONE_ADDRESS).await;
            tracing::debug!(cause = ?probe.cause, "a mail host was probed");
            if !probe.tls.is_unknown() {
                return Probed {
                    tls: probe.tls,
                    requiretls: probe.requiretls,
                };
            }
        }
        Probed::unknown()
    }
}

/// Says of every host that it is at one address, which discovery has looked up
/// and the guard has passed.
#[derive(Debug)]
struct Known(IpAddr);

#[async_trait]
impl Resolver for Known {
    async fn mx(&self, _: &Domain) -> Result<Answer<Mx>, ResolveError> {
        Err(ResolveError::ServerFailure)
    }

    async fn txt(&self, _: &str) -> Result<Answer<String>, ResolveError> {
        Err(ResolveError::ServerFailure)
    }

    async fn addresses(&self, _: &Domain) -> Result<Answer<IpAddr>, ResolveError> {
        Ok(Answer {
            records: vec![self.0],
            nxdomain: false,
            security: Security::Insecure,
            ttl: 0,
        })
    }
}
