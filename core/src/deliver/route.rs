//! Which hosts to try, and what each must satisfy.

use super::smtp::{Mode, Smtp};
use super::{Cause, Delivery, Job, Stage};
use crate::base::{Domain, TlsAssurance, crypto};
use crate::discover::StsMode;
use crate::wire::smtp::{Credentials, Fault, TlsUse, Verdict};
use crate::wire::tls::Anchor;

/// The most hosts of one domain that are tried in one attempt.
const MAX_HOSTS: usize = 10;

/// The way of one job.
pub(super) struct Route {
    pub(super) hosts: Vec<Domain>,
    /// What the connection must reach.
    pub(super) floor: TlsAssurance,
    pub(super) anchor: Anchor,
    /// How TLS comes about; `Never` follows by itself where the floor allows.
    pub(super) tls: TlsUse,
    /// The relay must promise TLS onward (RFC 8689).
    pub(super) requiretls: bool,
    /// What a host below the floor means.
    pub(super) unmet: Delivery,
    pub(super) credentials: Option<Credentials>,
}

/// Plans the way, or says why there is none.
pub(super) fn plan(smtp: &Smtp, job: &Job<'_>) -> Result<Route, Verdict> {
    match &smtp.mode {
        Mode::Direct => direct(job),
        Mode::Relay {
            relay,
            onward,
            secret,
            ..
        } => {
            if relay.user.is_some() && secret.is_none() {
                return Err(no_way(
                    Delivery::Deferred,
                    Stage::Auth,
                    Cause::AuthUnavailable,
                    "the relay's URL names a user, and there are no credentials",
                ));
            }
            Ok(Route {
                hosts: vec![relay.host.clone()],
                // It gets our credentials and everybody's mail.
                floor: TlsAssurance::Authenticated,
                anchor: Anchor::None,
                tls: if relay.implicit {
                    TlsUse::Implicit
                } else {
                    TlsUse::Required
                },
                requiretls: job.requirement.floor > *onward,
                // Our relay's fault is no reason to protect a message otherwise.
                unmet: Delivery::Deferred,
                credentials: secret.clone(),
            })
        }
    }
}

fn direct(job: &Job<'_>) -> Result<Route, Verdict> {
    let mut hosts: Vec<_> = job
        .hop
        .mx
        .iter()
        .map(|mx| (mx.preference, crypto::make_random::<8>(), mx.host.clone()))
        .collect();
    if hosts.is_empty() {
        return Err(no_way(
            Delivery::Rejected,
            Stage::Resolve,
            Cause::NoHost,
            "the domain takes no mail",
        ));
    }
    // RFC 5321 section 5.1: by preference, equal ones in random order.
    hosts.sort();
    let mut hosts: Vec<_> = hosts.into_iter().map(|(.., host)| host).collect();

    let asked = job.requirement.floor;
    let mut floor = asked;
    let mut anchor = Anchor::None;
    if let Some(sts) = job.hop.sts.as_ref().filter(|s| s.mode == StsMode::Enforce) {
        hosts.retain(|host| sts.matches(host));
        if hosts.is_empty() {
            return Err(no_way(
                Delivery::Deferred,
                Stage::Resolve,
                Cause::StsNoMatch,
                "no host matches the domain's MTA-STS policy",
            ));
        }
        // RFC 8461 section 5: whatever the message asks, the domain asks this.
        floor = TlsAssurance::Anchored;
        anchor = Anchor::Sts;
    }
    if let Some(partner) = &job.hop.partner {
        anchor = Anchor::Partner(partner.clone());
    }
    if floor == TlsAssurance::Anchored && anchor == Anchor::None {
        return Err(no_way(
            Delivery::FloorUnmet,
            Stage::Tls,
            Cause::BelowFloor,
            "nothing vouches for the domain's hosts",
        ));
    }
    hosts.truncate(MAX_HOSTS);
    Ok(Route {
        hosts,
        floor,
        anchor,
        tls: if floor == TlsAssurance::Opportunistic {
            TlsUse::IfOffered
        } else {
            TlsUse::Required
        },
        requiretls: false,
        // Where the domain asks for more than the message did, no other rung
        // gets by the domain either: it waits.
        unmet: if floor > asked {
            Delivery::Deferred
        } else {
            Delivery::FloorUnmet
        },
        credentials: None,
    })
}

fn no_way(delivery: Delivery, stage: Stage, cause: Cause, text: &str) -> Verdict {
    Verdict::new(delivery, Fault::local(stage, cause, text))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::deliver::{Envelope, Hop, Requirement};
    use crate::discover::MxHost;

    fn hosts(mx: Vec<MxHost>) -> Vec<String> {
        let hop = Hop::new("clinic.example".parse().unwrap(), mx, None);
        let job = Job {
            envelope: &Envelope::new(None, vec![]),
            message: b"",
            hop: &hop,
            requirement: &Requirement::at_least(TlsAssurance::Encrypted),
        };
        let route = direct(&job).map_err(|v| v.fault.cause).unwrap();
        let names = route.hosts.iter().map(|h| h.as_str().to_owned());
        names.collect()
    }

    #[test]
    fn preference_orders_and_chance_orders_the_rest() {
        let mx = |name: &str, preference| MxHost::new(name.parse().unwrap(), preference);
        let mut seen = HashSet::new();
        for _ in 0..200 {
            let order = hosts(vec![
                mx("last.example", 20),
                mx("a.example", 10),
                mx("b.example", 10),
                mx("first.example", 0),
            ]);
            assert_eq!(order[0], "first.example");
            assert_eq!(order[3], "last.example");
            seen.insert(order);
        }
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn a_hundred_hosts_are_not_all_tried() {
        let mx = (0..100).map(|i| MxHost::new(format!("mx{i}.example").parse().unwrap(), i));
        assert_eq!(hosts(mx.collect()).len(), MAX_HOSTS);
    }
}
