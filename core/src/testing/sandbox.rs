//! A small internet in one process: DNS, mail hosts, an MTA-STS policy host,
//! and clients that know nothing else.
//!
//! A host tests its integration against it without a network: it names domains
//! with what they can receive, builds a client on it, and looks at what arrived
//! and at what an eavesdropper saw.
//!
//! ```
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mailseal::compose::Message;
//! use mailseal::policy::Policy;
//! use mailseal::testing::{Sandbox, SandboxDomain};
//! use mailseal::{Client, Status};
//!
//! let mut sandbox = Sandbox::new().await?;
//! sandbox.domain(SandboxDomain::new("mail.example").tls()).await?;
//! let client = sandbox.client(Policy::hipaa()).await?;
//!
//! let message = Message::builder()
//!     .from("clinic@harbor.example".parse()?)
//!     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
//!     .subject("Your visit")
//!     .text("HbA1c 5.4".to_owned())
//!     .build()?;
//! let receipt = client.send(client.plan(message).await?).await?;
//! assert_eq!(receipt.outcomes[0].status, Status::Delivered);
//! assert_eq!(sandbox.messages("mail.example").len(), 1);
//! assert!(!sandbox.overheard("mail.example").windows(5).any(|w| w == b"HbA1c"));
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use super::clock::TestClock;
use super::dns::TestDns;
use super::pki::{CertKind, ServerCert, TestCa};
use super::smtp::{PeerBuilder, Received, SmtpPeer};
use super::sts::{StsReply, TestSts};
use crate::base::{Domain, Keys, crypto};
use crate::client::{Builder, Client, EscrowOptions, Storage, Unset};
use crate::deliver::{Smtp, Transport};
use crate::discover::Live;
use crate::error::Error;
use crate::policy::Policy;
use crate::wire::Network;
use crate::wire::guard::Guard;
use crate::wire::tls::Roots;

/// A domain of the sandbox and what its mail host can do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SandboxDomain {
    name: String,
    cert: Option<CertKind>,
    sts_enforce: bool,
    greylist: bool,
}

impl SandboxDomain {
    /// A domain whose mail host offers no TLS.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            cert: None,
            sts_enforce: false,
            greylist: false,
        }
    }

    /// Offers TLS with a certificate that is valid for the mail host.
    #[must_use]
    pub fn tls(self) -> Self {
        self.certificate(CertKind::Valid)
    }

    /// Offers TLS with this certificate.
    #[must_use]
    pub fn certificate(mut self, kind: CertKind) -> Self {
        self.cert = Some(kind);
        self
    }

    /// Publishes an MTA-STS policy in enforce mode.
    #[must_use]
    pub fn mta_sts_enforce(mut self) -> Self {
        self.sts_enforce = true;
        self
    }

    /// Puts off the first message with a 451.
    #[must_use]
    pub fn greylist(mut self) -> Self {
        self.greylist = true;
        self
    }
}

/// The small internet. It ends when it is dropped.
pub struct Sandbox {
    dns: TestDns,
    sts: TestSts,
    ca: TestCa,
    clock: TestClock,
    hosts: BTreeMap<String, SmtpPeer>,
    certificates: Mutex<BTreeMap<String, ServerCert>>,
    /// Each sandbox has a loopback network of its own, its hosts one port.
    net: [u8; 2],
    port: u16,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("domains", &self.hosts.len())
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// An empty internet: DNS and a policy host, no domains.
    ///
    /// # Errors
    /// Where loopback sockets cannot be had.
    pub async fn new() -> io::Result<Self> {
        let [a, b] = crypto::make_random::<2>();
        Ok(Self {
            dns: TestDns::start().await?,
            sts: TestSts::start().await?,
            ca: TestCa::new(),
            clock: TestClock::default(),
            hosts: BTreeMap::new(),
            certificates: Mutex::default(),
            net: [a | 1, b],
            port: 0,
        })
    }

    /// Adds a domain and starts its mail host, `mx.<domain>`.
    ///
    /// # Errors
    /// Where its socket cannot be had.
    pub async fn domain(&mut self, domain: SandboxDomain) -> io::Result<()> {
        let host = format!("mx.{}", domain.name);
        let number = u8::try_from(self.hosts.len() + 1)
            .map_err(|_| io::Error::other("a sandbox holds 255 domains"))?;
        let ip = Ipv4Addr::new(127, self.net[0], self.net[1], number);
        let builder = self.behaviour(&domain);
        let peer = builder.bind(SocketAddr::new(ip.into(), self.port)).await?;
        self.port = peer.address().port();
        self.dns.mx(&domain.name, 10, &host);
        self.dns.a(&host, IpAddr::V4(ip));
        if domain.sts_enforce {
            let policy = StsReply::policy("enforce", &[&host], 86_400);
            self.sts.set(&domain.name, policy);
            self.dns
                .txt(&format!("_mta-sts.{}", domain.name), "v=STSv1; id=1");
            self.dns
                .a(&format!("mta-sts.{}", domain.name), self.sts.address().ip());
        }
        self.hosts.insert(domain.name, peer);
        Ok(())
    }

    /// Lets the mail host of a domain that is there behave like `domain` from
    /// now on, as `edit` has it: with a script, with AUTH, with another
    /// certificate. What DNS and the policy host say stays as it is.
    ///
    /// # Errors
    /// Where there is no such domain.
    pub fn change(
        &self,
        domain: &SandboxDomain,
        edit: impl FnOnce(PeerBuilder) -> PeerBuilder,
    ) -> io::Result<()> {
        let peer = self
            .hosts
            .get(&domain.name)
            .ok_or_else(|| io::Error::other("the sandbox has no such domain"))?;
        peer.change(edit(self.behaviour(domain)));
        Ok(())
    }

    fn behaviour(&self, domain: &SandboxDomain) -> PeerBuilder {
        let host = format!("mx.{}", domain.name);
        let mut builder = SmtpPeer::builder(&host);
        if let Some(kind) = domain.cert {
            let cert = self.ca.issue(&host, kind);
            self.certificates
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(domain.name.clone(), cert.clone());
            builder = builder.starttls(cert);
        }
        if domain.greylist {
            builder = builder.greylist();
        }
        builder
    }

    /// The certificate that a domain's host shows, if it ever had one.
    pub fn certificate(&self, domain: &str) -> Option<ServerCert> {
        let certificates = self.certificates.lock();
        certificates
            .unwrap_or_else(PoisonError::into_inner)
            .get(domain)
            .cloned()
    }

    /// The authority that its certificates come from.
    pub fn authority(&self) -> &TestCa {
        &self.ca
    }

    /// What the sandbox' network looks like to a client.
    ///
    /// # Errors
    /// Where the sandbox' own authorities do not parse, which they do.
    pub fn network(&self) -> Result<Network, Error> {
        let roots = Roots::from_der([self.ca.der().to_vec(), self.sts.root_der()])?;
        Ok(Network::new(Arc::new(self.dns.resolver()))
            .guard(Guard::allow_internal())
            .ports(self.port, self.sts.port())
            .roots(roots))
    }

    /// A builder with everything but the policy: memory storage, a key that is
    /// not kept, direct delivery and discovery on the sandbox, its clock.
    ///
    /// # Errors
    /// As [`Sandbox::network`].
    pub fn builder(
        &self,
        storage: Storage,
        keys: Keys,
    ) -> Result<Builder<Unset, Storage, Keys, Arc<dyn Transport>>, Error> {
        let ehlo: Domain = "client.sandbox.example".parse()?;
        let network = self.network()?;
        Ok(Client::builder()
            .storage(storage)
            .keys(keys)
            .transport(Smtp::direct(network.clone(), ehlo.clone()))
            .discovery(Live::new(network, ehlo))
            .clock(self.clock.clone())
            .escrow(EscrowOptions::new(
                "https://pickup.sandbox.example",
                "Sandbox Clinic",
            )))
    }

    /// A client of the sandbox that keeps everything in memory.
    ///
    /// # Errors
    /// As [`Sandbox::network`].
    pub async fn client(&self, policy: Policy) -> Result<Client, Error> {
        self.builder(Storage::memory(), Keys::make_ephemeral())?
            .policy(policy)
            .build()
            .await
    }

    /// The clock of its clients; it stands until it is moved.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Its DNS, to make it lie or fail.
    pub fn dns(&self) -> &TestDns {
        &self.dns
    }

    /// Its policy host, to make it lie or fail.
    pub fn sts(&self) -> &TestSts {
        &self.sts
    }

    /// The mail host of a domain.
    pub fn host(&self, domain: &str) -> Option<&SmtpPeer> {
        self.hosts.get(domain)
    }

    /// The messages that a domain's host took.
    pub fn messages(&self, domain: &str) -> Vec<Received> {
        self.host(domain)
            .map(SmtpPeer::messages)
            .unwrap_or_default()
    }

    /// All octets that crossed the wire to a domain's host, as an eavesdropper
    /// records them.
    pub fn overheard(&self, domain: &str) -> Vec<u8> {
        self.host(domain)
            .map(SmtpPeer::connections)
            .unwrap_or_default()
            .into_iter()
            .flat_map(|c| c.heard)
            .collect()
    }
}
