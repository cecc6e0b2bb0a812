//! What a recipient's domain can receive, with evidence and expiry.

mod capabilities;

pub use capabilities::{Capabilities, HostCapability, MxHost, StsMode, StsPolicy, TlsSeen};

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
