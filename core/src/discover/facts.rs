//! What is remembered: of a domain's DNS, of a host, of a policy.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cache::Dated;
use super::prober::Probed;
use super::{HostCapability, MxHost, StsPolicy, TlsSeen, sts};
use crate::base::{Fact, Timestamp};
use crate::wire::tls::TlsEvidence;

/// Least time for which anything learnt from DNS or a policy host is kept.
pub(super) const LEAST: u32 = 60;
/// What could not be found out is tried again after a minute.
pub(super) const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// How long a host's TLS is taken as seen.
const PROVEN_FOR: Duration = Duration::from_secs(3_600);
/// A host that offers none may be under attack or under repair: look again soon.
const REFUTED_FOR: Duration = Duration::from_secs(600);
/// A policy is fetched anew once this much of its life is over (RFC 8461
/// section 10.2: refresh well before the end).
const REFRESH_AFTER: Duration = Duration::from_secs(86_400);

/// What DNS said of a domain.
#[derive(Clone)]
pub(super) struct Mapped {
    pub(super) hosts: Fact<Vec<MxHost>>,
    pub(super) learnt: Timestamp,
    pub(super) expires: Timestamp,
}

/// What the last look for a policy came to.
#[derive(Clone)]
pub(super) struct Check {
    pub(super) policy: Fact<StsPolicy>,
    pub(super) learnt: Timestamp,
    pub(super) expires: Timestamp,
}

/// What a probe showed, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct HostFact {
    pub(super) tls: Fact<Seen>,
    requiretls: bool,
    pub(super) learnt: Timestamp,
    pub(super) expires: Timestamp,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Seen {
    evidence: TlsEvidence,
    invalid: Option<String>,
}

impl HostFact {
    pub(super) fn new(probed: &Probed, now: Timestamp) -> Self {
        let keep = match probed.tls {
            Fact::Proven(_) => PROVEN_FOR,
            Fact::Refuted => REFUTED_FOR,
            Fact::Unknown => UNKNOWN_FOR,
        };
        Self {
            tls: probed.tls.clone().map(|seen| Seen {
                evidence: seen.evidence,
                invalid: seen.invalid.map(str::to_owned),
            }),
            requiretls: probed.requiretls,
            learnt: now,
            expires: now.plus(keep),
        }
    }

    pub(super) fn capability(self, mx: MxHost) -> HostCapability {
        let tls = self.tls.map(|seen| {
            let invalid = seen.invalid.as_deref().map(known_reason);
            TlsSeen::new(seen.evidence, invalid)
        });
        let mut capability = HostCapability::new(mx, tls);
        capability.requiretls = self.requiretls;
        capability
    }
}

/// The codes of [`TlsSeen::invalid`], so that one read from disk is a constant
/// again. One that a later version wrote is still a reason.
fn known_reason(code: &str) -> &'static str {
    const REASONS: &[&str] = &[
        "expired",
        "not_valid_yet",
        "wrong_name",
        "unknown_issuer",
        "ca_as_leaf",
        "leaf_as_ca",
        "wrong_purpose",
        "unsupported_version",
        "unknown_critical_extension",
        "weak_or_unknown_algorithm",
        "bad_signature",
        "constraint_violated",
        "invalid_validity",
        "malformed",
    ];
    REASONS
        .iter()
        .find(|known| **known == code)
        .copied()
        .unwrap_or("invalid")
}

/// A policy as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PolicyFact {
    pub(super) id: String,
    pub(super) policy: StsPolicy,
    pub(super) learnt: Timestamp,
    pub(super) expires: Timestamp,
}

impl PolicyFact {
    pub(super) fn new(id: String, policy: StsPolicy, now: Timestamp) -> Self {
        // A `max_age` of nothing still holds for the message at hand, and the
        // policy host is not asked more than once a minute.
        let age = policy.max_age.clamp(LEAST, sts::MAX_AGE);
        Self {
            id,
            policy,
            learnt: now,
            expires: now.plus(Duration::from_secs(u64::from(age))),
        }
    }

    pub(super) fn wants_refresh(&self, now: Timestamp) -> bool {
        let half = self.expires.since(self.learnt) / 2;
        now.since(self.learnt) >= half.min(REFRESH_AFTER)
    }
}

macro_rules! dated {
    ($($name:ty),+) => {$(
        impl Dated for $name {
            fn learnt(&self) -> Timestamp {
                self.learnt
            }
            fn expires(&self) -> Timestamp {
                self.expires
            }
        }
    )+};
}
dated!(Mapped, Check, HostFact);

impl Dated for PolicyFact {
    fn learnt(&self) -> Timestamp {
        self.learnt
    }

    fn expires(&self) -> Timestamp {
        self.expires
    }

    /// A clock that was set back must not take a policy's protection away.
    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires
    }
}
