//! The records of delivery: what goes in, what is known afterwards.

use serde::{Deserialize, Serialize};

use crate::base::{Address, Domain, PartnerIdentity, TlsAssurance};
use crate::discover::{MxHost, StsPolicy};

/// An SMTP envelope (RFC 5321 section 2.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// `MAIL FROM`; `None` is the null reverse-path `<>`.
    pub sender: Option<Address>,
    /// `RCPT TO`, at least one.
    pub recipients: Vec<Address>,
}

impl Envelope {
    /// An envelope.
    pub fn new(sender: Option<Address>, recipients: Vec<Address>) -> Self {
        Self { sender, recipients }
    }
}

/// Where a domain takes mail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// The recipients' domain.
    pub domain: Domain,
    /// Its mail hosts in the order to try them.
    pub mx: Vec<MxHost>,
    /// Its MTA-STS policy, if one is known and live.
    pub sts: Option<StsPolicy>,
    /// The TLS identity agreed with this domain, if it is a partner's.
    pub partner: Option<PartnerIdentity>,
}

impl Hop {
    /// A hop.
    pub fn new(domain: Domain, mx: Vec<MxHost>, sts: Option<StsPolicy>) -> Self {
        Self {
            domain,
            mx,
            sts,
            partner: None,
        }
    }
}

/// What a connection must satisfy before `MAIL FROM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Requirement {
    /// The least assurance.
    pub floor: TlsAssurance,
}

impl Requirement {
    /// At least `floor`.
    pub const fn at_least(floor: TlsAssurance) -> Self {
        Self { floor }
    }
}
