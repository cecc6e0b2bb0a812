//! One attempt: host by host, address by address, until every recipient has
//! an answer or there is nobody left to ask.

use std::collections::VecDeque;
use std::net::SocketAddr;

use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::pool::{Key, Pooled};
use super::route::{self, Route};
use super::smtp::Smtp;
use super::{Attempt, Barrier, BarrierError, Cause, Delivery, Job, Stage};
use crate::base::{Domain, TlsAssurance};
use crate::wire::smtp::{
    Connection, Fault, SessionConfig, Survey, TlsUse, Transaction, Verdict, is_too_many_recipients,
    survey,
};
use crate::wire::tls::{TlsEvidence, TlsPlan};

/// RFC 5321 section 4.5.3.1.8: every host takes so many at once.
const MAX_RECIPIENTS: usize = 100;

/// The caller's barrier, asked once however many transactions the attempt
/// takes: what is durable stays so.
struct Once<'a> {
    barrier: &'a dyn Barrier,
    passed: OnceCell<()>,
}

#[async_trait]
impl Barrier for Once<'_> {
    async fn before_final_dot(&self) -> Result<(), BarrierError> {
        self.passed
            .get_or_try_init(|| self.barrier.before_final_dot())
            .await
            .copied()
    }
}

type Settled = (Verdict, Option<TlsEvidence>);

/// How one address ended for those who have no answer yet.
struct Failure {
    verdict: Verdict,
    tls: Option<TlsEvidence>,
    /// No other host is asked.
    stop: bool,
}

pub(super) struct Run<'a> {
    smtp: &'a Smtp,
    job: &'a Job<'a>,
    route: Route,
    survey: Survey,
    deadline: Instant,
    settled: Vec<Option<Settled>>,
}

impl<'a> Run<'a> {
    pub(super) async fn deliver(
        smtp: &'a Smtp,
        job: &'a Job<'a>,
        barrier: &dyn Barrier,
    ) -> Vec<Attempt> {
        let count = job.envelope.recipients.len();
        if count == 0 {
            return Vec::new();
        }
        let all = |verdict: Verdict| vec![verdict.into_attempt(); count];
        let survey = match survey(job.message) {
            Ok(survey) => survey,
            Err(error) => {
                let fault = Fault::local(Stage::Data, Cause::Content, error.word());
                return all(Verdict::of_fault(fault));
            }
        };
        let route = match route::plan(smtp, job) {
            Ok(route) => route,
            Err(verdict) => return all(verdict),
        };
        let mut run = Run {
            smtp,
            job,
            route,
            survey,
            deadline: Instant::now() + smtp.timeouts.total,
            settled: vec![None; count],
        };
        let once = Once {
            barrier,
            passed: OnceCell::new(),
        };
        let failures = run.hosts(&once).await;
        run.finish(failures)
    }

    fn open_recipients(&self) -> Vec<usize> {
        (0..self.settled.len())
            .filter(|&i| self.settled.get(i).is_some_and(Option::is_none))
            .collect()
    }

    async fn hosts(&mut self, barrier: &dyn Barrier) -> Vec<Failure> {
        let mut failures = Vec::new();
        let mut hosts = VecDeque::from(self.route.hosts.clone());
        while let Some(host) = hosts.pop_front() {
            let addresses = match self.smtp.addresses(&host, self.deadline).await {
                Ok(addresses) => addresses,
                Err(fault) => {
                    failures.push(self.failure(fault, None));
                    continue;
                }
            };
            let mut addresses = VecDeque::from(addresses);
            while let Some(address) = addresses.pop_front() {
                let others = !(addresses.is_empty() && hosts.is_empty());
                let ready = self.ready_by(others);
                if let Err(failure) = self.address(&host, address, ready, barrier).await {
                    let stop = failure.stop;
                    failures.push(failure);
                    if stop || Instant::now() >= self.deadline {
                        return failures;
                    }
                }
                if self.open_recipients().is_empty() {
                    return failures;
                }
            }
        }
        failures
    }

    /// Until when an address must be ready for mail: where others are still to
    /// be asked, it leaves them half of the time, so that one that is silent, or
    /// has no free slot, does not use it all.
    fn ready_by(&self, others: bool) -> Instant {
        let now = Instant::now();
        let left = self.deadline.saturating_duration_since(now);
        if others {
            now + left / 2
        } else {
            self.deadline
        }
    }

    /// Asks one address for all who have no answer yet.
    async fn address(
        &mut self,
        host: &Domain,
        address: SocketAddr,
        ready: Instant,
        barrier: &dyn Barrier,
    ) -> Result<(), Failure> {
        let slots = self.smtp.pool.slots(host, self.smtp.per_host);
        let Ok(Ok(_slot)) = timeout_at(ready, slots.acquire_owned()).await else {
            let fault = Fault::local(Stage::Connect, Cause::Timeout, "no free slot in time");
            return Err(self.failure(fault, None));
        };
        let key = self.key(host, address, self.route.tls);
        if let Some(mut pooled) = self.smtp.pool.take(&key, self.smtp.idle) {
            pooled.connection.renew(self.deadline);
            match self.talk(host, key.clone(), pooled, barrier).await {
                // It had gone stale; a new one may do.
                Err(failure) if is_stale(&failure) => {}
                other => return other,
            }
        }
        let (key, connection) = match self.open(host, address, self.route.tls, ready).await {
            Ok(connection) => (key, connection),
            // RFC 7435: below `Encrypted`, failing TLS is worth no less than
            // none. Injected octets are an attack, and nothing is sent.
            Err(failure)
                if self.route.floor == TlsAssurance::Opportunistic
                    && failure.verdict.fault.stage == Stage::Tls
                    && failure.verdict.fault.cause != Cause::StartTlsInjection =>
            {
                let key = self.key(host, address, TlsUse::Never);
                (key, self.open(host, address, TlsUse::Never, ready).await?)
            }
            Err(failure) => return Err(failure),
        };
        let pooled = Pooled {
            connection,
            sent: 0,
        };
        self.talk(host, key, pooled, barrier).await
    }

    fn key(&self, host: &Domain, address: SocketAddr, tls: TlsUse) -> Key {
        Key {
            host: host.clone(),
            address,
            floor: self.route.floor,
            anchor: self.route.anchor.clone(),
            tls,
        }
    }

    async fn open(
        &self,
        host: &Domain,
        address: SocketAddr,
        tls: TlsUse,
        ready: Instant,
    ) -> Result<Connection, Failure> {
        let timeouts = self.smtp.timeouts;
        let fault = |cause, text: &str| Fault::local(Stage::Connect, cause, text);
        let until = ready.min(Instant::now() + timeouts.connect);
        let stream = match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(_)) => return Err(self.failure(fault(Cause::Connect, "no connection"), None)),
            Err(_) => {
                let fault = fault(Cause::Timeout, "no connection in time");
                return Err(self.failure(fault, None));
            }
        };
        // Commands are small and answered one by one.
        let _ = stream.set_nodelay(true);
        let config = SessionConfig {
            ehlo: self.smtp.ehlo_name.clone(),
            tls,
            credentials: self.route.credentials.clone(),
            pipelining: self.smtp.pool.trusts_pipelining(host),
        };
        let plan = TlsPlan {
            host: host.clone(),
            // TLS at all is never less than `Encrypted`.
            least: self.route.floor.max(TlsAssurance::Encrypted),
            anchor: self.route.anchor.clone(),
            roots: self.smtp.roots.clone(),
        };
        let (mut connection, result) =
            Connection::open(Box::new(stream), config, &plan, timeouts, ready).await;
        match result {
            Ok(()) => {
                connection.renew(self.deadline);
                Ok(connection)
            }
            Err(fault) => {
                let failure = self.failure(fault, connection.session().tls().cloned());
                if failure.verdict.fault.cause == Cause::NoTls {
                    connection.quit().await;
                }
                Err(failure)
            }
        }
    }

    /// Runs transactions until all are answered.
    async fn talk(
        &mut self,
        host: &Domain,
        key: Key,
        mut pooled: Pooled,
        barrier: &dyn Barrier,
    ) -> Result<(), Failure> {
        if self.route.requiretls && !pooled.connection.session().extensions().requiretls {
            let fault = Fault::local(
                Stage::MailFrom,
                Cause::ExtensionMissing,
                "REQUIRETLS is needed and not offered",
            );
            let mut failure = self.failure(fault, pooled.connection.session().tls().cloned());
            failure.verdict.delivery = Delivery::FloorUnmet;
            self.keep(key, pooled);
            return Err(failure);
        }
        let mut groups: VecDeque<Vec<usize>> = self
            .open_recipients()
            .chunks(MAX_RECIPIENTS)
            .map(<[usize]>::to_vec)
            .collect();
        while let Some(group) = groups.pop_front() {
            let connection = &mut pooled.connection;
            let ended = connection
                .transact(self.transaction(&group), self.job.message, barrier)
                .await;
            pooled.sent += 1;
            let tls = connection.session().tls().cloned();
            let took_some = ended
                .verdicts
                .iter()
                .flatten()
                .any(|v| v.delivery == Delivery::Accepted);
            let mut again = Vec::new();
            for (&index, verdict) in group.iter().zip(ended.verdicts) {
                match verdict {
                    // RFC 3207 section 4: it wants the TLS that failed just now,
                    // and has said nothing of the message.
                    Some(verdict)
                        if key.tls == TlsUse::Never && verdict.fault.code == Some(530) =>
                    {
                        self.settle(index, Verdict::new(Delivery::Deferred, verdict.fault), None);
                    }
                    // As long as each round gets somebody through.
                    Some(verdict) if took_some && is_too_many_recipients(&verdict) => {
                        again.push(index);
                        self.settle(index, verdict, tls.clone());
                    }
                    Some(verdict) => self.settle(index, verdict, tls.clone()),
                    None => {}
                }
            }
            if let Some(fault) = ended.fault {
                if matches!(fault.cause, Cause::Timeout | Cause::Protocol)
                    && matches!(fault.stage, Stage::MailFrom | Stage::RcptTo | Stage::Data)
                {
                    self.smtp.pool.distrust_pipelining(host);
                }
                if matches!(fault.cause, Cause::TooLarge | Cause::ExtensionMissing) {
                    let failure = self.failure(fault, tls);
                    self.keep(key, pooled);
                    return Err(failure);
                }
                return Err(self.failure(fault, tls));
            }
            if !again.is_empty() && pooled.connection.session().is_ready() {
                groups.push_back(again);
            }
        }
        self.keep(key, pooled);
        Ok(())
    }

    fn transaction(&self, group: &[usize]) -> Transaction {
        let envelope = self.job.envelope;
        let recipients = group
            .iter()
            .filter_map(|&i| envelope.recipients.get(i).cloned())
            .collect();
        Transaction::new(
            envelope.sender.clone(),
            recipients,
            self.survey,
            self.route.floor,
            self.route.requiretls,
        )
    }

    fn keep(&self, key: Key, pooled: Pooled) {
        if pooled.sent < self.smtp.per_connection && pooled.connection.session().is_ready() {
            self.smtp.pool.put(key, pooled, self.smtp.idle);
        } else {
            tokio::spawn(pooled.connection.quit());
        }
    }

    fn settle(&mut self, index: usize, verdict: Verdict, tls: Option<TlsEvidence>) {
        if let Some(slot) = self.settled.get_mut(index) {
            *slot = Some((verdict, tls));
        }
    }

    /// What a host's fault means for those without an answer.
    fn failure(&self, fault: Fault, tls: Option<TlsEvidence>) -> Failure {
        tracing::debug!(stage = ?fault.stage, cause = ?fault.cause, code = fault.code, "host failed");
        // A refusal of the content is for the message, whoever is asked.
        let stop = fault.cause == Cause::Barrier
            || (fault.cause == Cause::PermanentReply && fault.stage >= Stage::MailFrom);
        let verdict = match (fault.cause, fault.stage) {
            (Cause::NoTls | Cause::TlsHandshake | Cause::TlsCertificate | Cause::BelowFloor, _) => {
                Verdict::new(self.route.unmet, fault)
            }
            // A host that refuses everybody speaks for itself, not for the
            // domain; a reply to the content speaks for the message.
            (Cause::PermanentReply, stage) if stage < Stage::MailFrom => {
                Verdict::new(Delivery::Deferred, fault)
            }
            _ => Verdict::of_fault(fault),
        };
        Failure { verdict, tls, stop }
    }

    fn finish(self, failures: Vec<Failure>) -> Vec<Attempt> {
        // One host that might yet do it outweighs those that cannot; one below
        // the floor outweighs those that refuse.
        let rank = |failure: &Failure| match failure.verdict.delivery {
            Delivery::Deferred | Delivery::Unknown => 0,
            Delivery::FloorUnmet => 1,
            Delivery::Rejected | Delivery::Accepted => 2,
        };
        let worst = failures.into_iter().min_by_key(rank).map_or_else(
            || {
                let fault = Fault::local(Stage::Resolve, Cause::NoHost, "nobody was asked");
                (Verdict::new(Delivery::Deferred, fault), None)
            },
            |failure| (failure.verdict, failure.tls),
        );
        self.settled
            .into_iter()
            .map(|settled| {
                let (verdict, tls) = settled.unwrap_or_else(|| worst.clone());
                verdict.into_attempt().with_tls(tls)
            })
            .collect()
    }
}

/// Whether a kept connection turned out to be closed before it did anything.
fn is_stale(failure: &Failure) -> bool {
    let fault = &failure.verdict.fault;
    fault.stage == Stage::MailFrom
        && (fault.cause == Cause::Disconnected || fault.code == Some(421))
}
