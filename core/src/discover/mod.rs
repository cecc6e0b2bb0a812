//! What a recipient's domain can receive, with evidence and expiry.
//!
//! A domain enters; its [`Capabilities`] leave: the mail hosts in the order to
//! try them (RFC 5321 section 5.1, RFC 7505), what a TLS handshake with each
//! showed, and the MTA-STS policy (RFC 8461). Each is a
//! [`Fact`](crate::base::Fact) with an expiry: what could not be found out is
//! `Unknown`, which is not `Refuted`.
//!
//! - [`Live`] asks DNS, policy hosts and mail hosts, and remembers, in memory
//!   and in a store of its own if it is given one.
//! - [`Fixed`] says what the host application told it.
//! - [`PinnedKeys`] holds the OpenPGP and S/MIME certificates that the host
//!   vouches for.
//!
//! Everything here was written by strangers: names, records, policies,
//! certificates. Answers are bounded in number, size and time, internal
//! addresses are not connected to, and a policy once fetched holds to its end
//! whatever DNS says later. What is seen here is a hint for planning; the
//! delivery session proves it again on the connection it really has.
//!
//! Not refused here, because it is the policy's to decide: domains without
//! TLS, with invalid certificates, or with nothing known.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use mailseal::base::{Clock, SystemClock};
//! use mailseal::discover::{Discovery, Live};
//! use mailseal::wire::{Network, resolver::SystemResolver};
//! let network = Network::new(Arc::new(SystemResolver::from_system()?));
//! let live = Live::new(network, "mail.harbor.example".parse()?);
//! let seen = live.discover(&"mail.example".parse()?, SystemClock.now()).await;
//! println!("policy published: {}", seen.sts.is_proven());
//! # Ok(()) }
//! ```

mod cache;
mod capabilities;
mod facts;
mod fixed;
mod fixed_json;
mod live;
mod pinned;
mod prober;
mod sts;

pub use crate::wire::tls::TlsSeen;
pub use capabilities::{Capabilities, HostCapability, MxHost, StsMode, StsPolicy};
pub use fixed::Fixed;
pub use fixed_json::FixedError;
pub use live::Live;
pub use pinned::{
    Certificate, CertificateFormat, CertificateKind, KeyStore, KeyStoreError, PinnedKeys,
};
pub use prober::{Probed, Prober, SmtpProber};
pub use sts::{StsError, StsRecord};

use std::fmt;

use async_trait::async_trait;

use crate::base::{Domain, Timestamp};

/// Finds out what a domain's mail hosts offer.
///
/// It never fails: what cannot be found out is [`Fact::Unknown`](crate::base::Fact::Unknown).
#[async_trait]
pub trait Discovery: fmt::Debug + Send + Sync + 'static {
    /// The capabilities of `domain` as known at `now`.
    async fn discover(&self, domain: &Domain, now: Timestamp) -> Capabilities;
}
