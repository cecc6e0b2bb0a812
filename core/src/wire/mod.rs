//! What speaks to the network on behalf of `discover` and `deliver`: the
//! resolver, the guard against internal targets, TLS, a small HTTPS client and
//! the SMTP session.

use std::sync::Arc;

pub mod guard;
pub mod https;
pub mod resolver;
pub mod smtp;
pub mod tls;

use guard::Guard;
use resolver::Resolver;
use tls::Roots;

/// What the network looks like from here. The defaults are the internet's;
/// a trial on one machine names its own resolver, ports, roots and guard.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Network {
    /// Asks DNS.
    pub resolver: Arc<dyn Resolver>,
    /// Which targets may be connected to.
    pub guard: Guard,
    /// The certificate authorities that vouch for mail and policy hosts.
    pub roots: Roots,
    /// The port of MX hosts: 25.
    pub smtp_port: u16,
    /// The port of MTA-STS policy hosts: 443.
    pub https_port: u16,
}

impl Network {
    /// The internet: ports 25 and 443, public targets only, the WebPKI's roots.
    pub fn new(resolver: Arc<dyn Resolver>) -> Self {
        Self {
            resolver,
            guard: Guard::public_only(),
            roots: Roots::webpki(),
            smtp_port: 25,
            https_port: 443,
        }
    }

    /// With these roots in place of the WebPKI's.
    #[must_use]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// With these ports in place of 25 and 443.
    #[must_use]
    pub fn ports(mut self, smtp: u16, https: u16) -> Self {
        self.smtp_port = smtp;
        self.https_port = https;
        self
    }

    /// With this guard.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }
}
