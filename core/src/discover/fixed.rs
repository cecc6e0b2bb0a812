//! Capabilities that the host names itself.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{Capabilities, Discovery};
use crate::base::{Domain, Fact, Timestamp};

/// A [`Discovery`] that asks nobody: for hosts that know what their partners
/// can receive, for hosts without a network, and for tests.
///
/// A domain that was not named is [`Fact::Unknown`] in everything. What was
/// named holds until its own expiry and is unknown from then on.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mailseal::base::{Fact, Timestamp};
/// use mailseal::discover::{Capabilities, Discovery, Fixed};
/// let end = Timestamp::from_unix_ms(2_000_000_000_000);
/// let none = Capabilities::new("closed.example".parse()?, Fact::Refuted, Fact::Refuted, end);
/// let fixed = Fixed::new().with(none);
/// let now = Timestamp::from_unix_ms(1_800_000_000_000);
/// assert_eq!(fixed.discover(&"closed.example".parse()?, now).await.hosts, Fact::Refuted);
/// assert_eq!(fixed.discover(&"other.example".parse()?, now).await.hosts, Fact::Unknown);
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct Fixed {
    known: HashMap<Domain, Capabilities>,
}

impl Fixed {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Knows the capabilities of one more domain; a later word about the same
    /// domain takes the place of the earlier.
    #[must_use]
    pub fn with(mut self, capabilities: Capabilities) -> Self {
        self.known.insert(capabilities.domain.clone(), capabilities);
        self
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fixed({})", self.known.len())
    }
}

#[async_trait]
impl Discovery for Fixed {
    async fn discover(&self, domain: &Domain, now: Timestamp) -> Capabilities {
        match self.known.get(domain) {
            Some(known) if now < known.expires => known.clone(),
            _ => Capabilities::new(
                domain.clone(),
                Fact::Unknown,
                Fact::Unknown,
                now.plus(Duration::from_secs(60)),
            ),
        }
    }
}
