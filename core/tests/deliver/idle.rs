//! Connections that are kept: how they end, and what keeping them costs.

use std::sync::Arc;
use std::time::Duration;

use mailseal::base::{Domain, TlsAssurance};
use mailseal::deliver::{
    Barrier, BarrierError, Delivery, Envelope, Hop, Job, Requirement, Smtp, Transport,
};
use mailseal::discover::MxHost;
use mailseal::testing::dns::TestDns;
use mailseal::testing::smtp::SmtpPeer;
use mailseal::wire::Network;
use mailseal::wire::guard::Guard;

use crate::scene::{HOST, clear, message};

struct Passes;

#[async_trait::async_trait]
impl Barrier for Passes {
    async fn before_final_dot(&self) -> Result<(), BarrierError> {
        Ok(())
    }
}

async fn start(idle: Duration) -> (TestDns, SmtpPeer, Smtp) {
    let dns = TestDns::start().await.unwrap();
    let peer = clear().bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    dns.a(HOST, peer.address().ip());
    let network = Network::new(Arc::new(dns.resolver()))
        .guard(Guard::allow_internal())
        .ports(peer.address().port(), 443);
    let ehlo = "client.harbor.example".parse().unwrap();
    let smtp = Smtp::direct(network, ehlo).limits(10, 100, idle);
    (dns, peer, smtp)
}

async fn deliver(smtp: &Smtp) {
    let domain: Domain = "clinic.example".parse().unwrap();
    let envelope = Envelope::new(None, vec!["pat@clinic.example".parse().unwrap()]);
    let mx = vec![MxHost::new(HOST.parse().unwrap(), 10)];
    let job = Job {
        envelope: &envelope,
        message: &message(),
        hop: &Hop::new(domain, mx, None),
        requirement: &Requirement::at_least(TlsAssurance::Opportunistic),
    };
    let attempts = smtp.deliver(job, &Passes).await;
    assert_eq!(attempts[0].delivery, Delivery::Accepted);
}

#[tokio::test]
async fn messages_on_a_kept_connection_leave_no_tasks_behind() {
    let (_dns, peer, smtp) = start(Duration::from_secs(20)).await;
    deliver(&smtp).await;
    let alive = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = alive();
    for _ in 0..20 {
        deliver(&smtp).await;
    }
    // The resolver's tasks come and go.
    assert!(alive() < before + 10, "{} after {before}", alive());
    assert_eq!(peer.connections().len(), 1);
}

#[tokio::test]
async fn a_kept_connection_is_taken_leave_of_each_time() {
    let (_dns, peer, smtp) = start(Duration::from_millis(1)).await;
    for round in 1..=3 {
        deliver(&smtp).await;
        let quits = || {
            let connections = peer.connections();
            let said = connections.iter().flat_map(|c| &c.commands);
            said.filter(|line| *line == "QUIT").count()
        };
        // It waits for the peer, not for the time.
        while quits() < round {
            tokio::task::yield_now().await;
        }
    }
}
