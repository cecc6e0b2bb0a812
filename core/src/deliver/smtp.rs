//! The transport over SMTP: straight to the recipient's mail hosts, or by a
//! relay.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::attempt::Run;
use super::pool::Pool;
use super::relay::{self, DeliverError, Relay};
use super::{Attempt, Barrier, Cause, Job, Stage, Transport};
use crate::base::{Domain, NextHop, Secret, TlsAssurance};
use crate::wire::Network;
use crate::wire::smtp::{Credentials, Fault, Timeouts};
use crate::wire::tls::Roots;

/// Who is handed the mail.
pub(super) enum Mode {
    Direct,
    Relay {
        relay: Relay,
        onward: TlsAssurance,
        requiretls: bool,
        secret: Option<Credentials>,
    },
}

/// Hands messages over by SMTP.
///
/// ```
/// use mailseal::base::{NextHop, TlsAssurance};
/// use mailseal::deliver::{Smtp, Transport};
/// let smtp = Smtp::relay("smtps://clinic@mail.harbor.example")?
///     .onward(TlsAssurance::Authenticated)
///     .credentials("correct horse".into());
/// assert_eq!(smtp.next_hop(), NextHop::Relay { onward: TlsAssurance::Authenticated, requiretls: false });
/// assert!(Smtp::relay("smtps://clinic:secret@mail.harbor.example").is_err());
/// # Ok::<(), mailseal::deliver::DeliverError>(())
/// ```
pub struct Smtp {
    pub(super) mode: Mode,
    pub(super) network: Option<Network>,
    pub(super) roots: Roots,
    pub(super) ehlo_name: Domain,
    pub(super) timeouts: Timeouts,
    pub(super) per_host: usize,
    pub(super) per_connection: u32,
    pub(super) idle: Duration,
    pub(super) pool: Arc<Pool>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.mode {
            Mode::Direct => "Smtp(direct)",
            Mode::Relay { .. } => "Smtp(relay)",
        })
    }
}

impl Smtp {
    /// Straight to the recipients' mail hosts. `ehlo_name` is this host's name
    /// as the world sees it (RFC 5321 section 4.1.4).
    pub fn direct(network: Network, ehlo_name: Domain) -> Self {
        let roots = network.roots.clone();
        Self::new(Mode::Direct, Some(network), roots, ehlo_name)
    }

    /// By a relay: `smtps://user@host[:465]` for TLS from the first octet,
    /// `smtp://user@host[:587]` for `STARTTLS`, without which nothing is sent.
    /// The relay's certificate must be valid for its name.
    ///
    /// # Errors
    /// [`DeliverError`] says what is wrong with the URL.
    pub fn relay(url: &str) -> Result<Self, DeliverError> {
        let relay = relay::parse(url)?;
        let ehlo_name = match &relay.user {
            Some(user) => user.rsplit_once('@').and_then(|(_, d)| d.parse().ok()),
            None => None,
        };
        let ehlo_name = match ehlo_name {
            Some(name) => name,
            None => "localhost".parse().map_err(|_| DeliverError::Host)?,
        };
        let mode = Mode::Relay {
            relay,
            onward: TlsAssurance::Opportunistic,
            requiretls: false,
            secret: None,
        };
        Ok(Self::new(mode, None, Roots::webpki(), ehlo_name))
    }

    fn new(mode: Mode, network: Option<Network>, roots: Roots, ehlo_name: Domain) -> Self {
        Self {
            mode,
            network,
            roots,
            ehlo_name,
            timeouts: Timeouts::default(),
            per_host: 10,
            per_connection: 100,
            idle: Duration::from_secs(20),
            pool: Arc::default(),
        }
    }

    /// What the relay's operator declares for the way onward. The default is
    /// `Opportunistic`: nothing. No effect without a relay.
    #[must_use]
    pub fn onward(mut self, assurance: TlsAssurance) -> Self {
        if let Mode::Relay { onward, .. } = &mut self.mode {
            *onward = assurance;
        }
        self
    }

    /// The relay offers `REQUIRETLS` (RFC 8689): what must travel better than
    /// it declares for all mail is handed over under that, and counts as
    /// `Authenticated`. If it does not offer it after all, nothing is handed
    /// over that way. No effect without a relay.
    #[must_use]
    pub fn requiretls(mut self) -> Self {
        if let Mode::Relay { requiretls, .. } = &mut self.mode {
            *requiretls = true;
        }
        self
    }

    /// The password of the user in the relay's URL (AUTH PLAIN or LOGIN).
    #[must_use]
    pub fn credentials(self, password: Secret<String>) -> Self {
        self.authenticate(password, false)
    }

    /// An OAuth 2.0 access token of the user in the relay's URL (AUTH XOAUTH2).
    #[must_use]
    pub fn token(self, token: Secret<String>) -> Self {
        self.authenticate(token, true)
    }

    fn authenticate(mut self, given: Secret<String>, token: bool) -> Self {
        if let Mode::Relay { relay, secret, .. } = &mut self.mode {
            *secret = Some(Credentials {
                user: relay.user.clone().unwrap_or_default(),
                secret: given,
                token,
            });
        }
        self
    }

    /// With this network's resolver and roots. Without it a relay's name is
    /// resolved by the operating system. The guard does not apply to a relay:
    /// the host application chose it.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.roots = network.roots.clone();
        self.network = Some(network);
        self
    }

    /// With these authorities.
    #[must_use]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// With this name in `EHLO`.
    #[must_use]
    pub fn ehlo_name(mut self, name: Domain) -> Self {
        self.ehlo_name = name;
        self
    }

    /// With these deadlines.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// At most so many connections to one host at a time (10), so many
    /// messages on each (100), and so long kept without work (20 s).
    #[must_use]
    pub fn limits(mut self, per_host: usize, per_connection: u32, idle: Duration) -> Self {
        self.per_host = per_host.max(1);
        self.per_connection = per_connection.max(1);
        self.idle = idle;
        self
    }

    /// The addresses of a mail host, or of the relay.
    pub(super) async fn addresses(
        &self,
        host: &Domain,
        until: Instant,
    ) -> Result<Vec<SocketAddr>, Fault> {
        let until = until.min(Instant::now() + self.timeouts.resolve);
        let found = async {
            match (&self.mode, &self.network) {
                (Mode::Direct, Some(network)) => crate::wire::smtp::addresses(network, host).await,
                (Mode::Relay { relay, .. }, Some(network)) => {
                    let answer = network.resolver.addresses(host).await;
                    let records = answer.map(|a| a.records).unwrap_or_default();
                    let port = relay.port;
                    Ok(records
                        .into_iter()
                        .map(|ip| SocketAddr::new(ip, port))
                        .collect())
                }
                (Mode::Relay { relay, .. }, None) => {
                    let found = tokio::net::lookup_host((host.as_str(), relay.port)).await;
                    Ok(found.map(Iterator::collect).unwrap_or_default())
                }
                (Mode::Direct, None) => Ok(Vec::new()),
            }
        };
        let fault = |cause, text: &str| Fault::local(Stage::Resolve, cause, text);
        match tokio::time::timeout_at(until, found).await {
            Ok(Ok(found)) if found.is_empty() => {
                Err(fault(Cause::Dns, "the host's address was not found"))
            }
            Ok(result) => result,
            Err(_) => Err(fault(
                Cause::Timeout,
                "the host's address was not found in time",
            )),
        }
    }
}

#[async_trait]
impl Transport for Smtp {
    fn next_hop(&self) -> NextHop {
        match self.mode {
            Mode::Direct => NextHop::Mx,
            Mode::Relay {
                onward, requiretls, ..
            } => NextHop::Relay { onward, requiretls },
        }
    }

    async fn deliver(&self, job: Job<'_>, barrier: &dyn Barrier) -> Vec<Attempt> {
        Run::deliver(self, &job, barrier).await
    }
}
