//! What happens to one copy from its recorded intent to its recorded outcome.
//!
//! Every step that changes what the world may know is one batch: the copy's
//! state, its receipt and its audit entry together. A step that cannot be
//! recorded is not taken.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use super::builder::EscrowOptions;
use super::codes::CodeChannel;
use super::receipt::{Outcome, Receipts, Status};
use crate::audit::{Audit, EventKind};
use crate::base::{
    Address, Clock, Fact, KeyFault, KeyTrust, NextHop, Phi, Route, Secret, Timestamp, TlsAssurance,
};
use crate::compose::Neutral;
use crate::deliver::{
    Attempt, Barrier, BarrierError, Cause, Delivery, Envelope, Hop, Job, Requirement, Stage,
    Transport,
};
use crate::discover::{Discovery, StsMode};
use crate::dlp::Scanner;
use crate::error::Error;
use crate::escrow::Escrow;
use crate::outbox::{CopyRecord, Outbox, Phase, Schedule};
use crate::policy::{Policy, Refusal, Rung};
use crate::seal::{SealError, SealJob, Sealer};
use crate::storage::{Batch, Op, Row, Store};

/// How long the host's channel may take to send a pickup code.
const CODE: Duration = Duration::from_secs(60);
/// How long sealing may take, a signing key elsewhere included. With the
/// transport's twelve minutes it lies within a lease.
const SEALING: Duration = Duration::from_secs(60);

/// Everything a client is made of.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) policy: Policy,
    pub(super) policy_fingerprint: [u8; 32],
    pub(super) store: Arc<dyn Store>,
    pub(super) audit: Arc<Audit>,
    pub(super) outbox: Outbox,
    pub(super) receipts: Receipts,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) discovery: Option<Arc<dyn Discovery>>,
    pub(super) scanner: Arc<dyn Scanner>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) escrow: Option<(Escrow, EscrowOptions)>,
    pub(super) sealers: Vec<Arc<dyn Sealer>>,
    pub(super) codes: Option<Arc<dyn CodeChannel>>,
    pub(super) schedule: Schedule,
    pub(super) plan_lifetime: Duration,
    pub(super) permits: Semaphore,
}

/// A copy in this process' hands.
pub(super) struct Work {
    /// Its state as this process last wrote it.
    pub(super) record: CopyRecord,
    /// The row of that state: the next change conflicts unless it is still there.
    pub(super) held: Row,
    /// The rendered message, or the notice where the present rung is escrow.
    /// Shared with who seals it, so that it is here whatever becomes of them.
    pub(super) body: Arc<Zeroizing<Vec<u8>>>,
    /// The pickup code, where one was made.
    pub(super) passcode: Option<Secret<String>>,
}

impl Engine {
    /// Waits for its turn, then goes on as [`Engine::run`].
    pub(super) async fn drive(&self, mut work: Work) -> Outcome {
        let _turn = self.turn().await;
        if self.renew(&mut work).await.is_err() {
            // Another process has it now, or nothing can be recorded: then
            // nothing is tried either.
            return self
                .outcome(&work.record, Status::Pending, None)
                .with_passcode(work.passcode);
        }
        self.run(work).await
    }

    /// One of the places for copies that are tried at the same time.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed; if it were, going on is still right.
        self.permits.acquire().await.ok()
    }

    /// Claims a copy anew that waited: an attempt needs nearly all of a lease.
    async fn renew(&self, work: &mut Work) -> Result<(), Error> {
        let Some(lease) = work.record.phase.due() else {
            return Ok(());
        };
        if lease.since(self.clock.now()) > self.schedule.lease / 10 * 9 {
            return Ok(());
        }
        let mut record = work.record.clone();
        record.phase = self.sending();
        let (replace, row) = self.outbox.replace(&work.held, &record);
        self.store.commit(Batch::from_iter([replace])).await?;
        work.record = record;
        work.held = row;
        Ok(())
    }

    /// Tries a copy, rung after rung, until it is delivered, refused, deferred
    /// or unknown; records which.
    pub(super) async fn run(&self, mut work: Work) -> Outcome {
        loop {
            let attempt = self.attempt(&mut work).await;
            work.record.attempts = work.record.attempts.saturating_add(1);
            tracing::debug!(
                receipt = %work.record.receipt,
                recipient = %work.record.recipient,
                delivery = ?attempt.delivery,
                stage = ?attempt.stage,
                cause = ?attempt.cause,
                "attempt",
            );
            let step = match attempt.delivery {
                Delivery::Accepted => Step::End(Status::Delivered),
                Delivery::Rejected => Step::End(Status::Rejected),
                Delivery::Unknown => Step::Unknown,
                Delivery::FloorUnmet if let Some(next) = next_rung(&work.record, &attempt) => {
                    match self.fall_back(&mut work, next, &attempt).await {
                        Ok(()) => continue,
                        Err(_) => Step::Defer,
                    }
                }
                // A policy that drops does not wait for better days.
                Delivery::FloorUnmet if self.drops(&work.record) => Step::End(Status::Rejected),
                Delivery::Deferred | Delivery::FloorUnmet => Step::Defer,
            };
            return self.settle(work, step, &attempt).await;
        }
    }

    fn drops(&self, record: &CopyRecord) -> bool {
        let requirement = self.policy.requirement(record.sensitivity);
        requirement.otherwise == Refusal::Dropped
    }

    /// One attempt on the present rung.
    async fn attempt(&self, work: &mut Work) -> Attempt {
        let fail = |delivery, stage, cause| Attempt::new(delivery, stage, cause, String::new());
        let Some(rung) = work.record.present_rung().copied() else {
            return fail(Delivery::Rejected, Stage::Resolve, Cause::BelowFloor);
        };
        if !self.is_allowed(&work.record, &rung) {
            // The waiver ended, or the policy became stricter, since the plan.
            return fail(Delivery::FloorUnmet, Stage::Resolve, Cause::WaiverEnded);
        }
        let (Ok(to), Ok(sender)) = (
            work.record.address.parse::<Address>(),
            work.record
                .sender
                .as_deref()
                .map(str::parse::<Address>)
                .transpose(),
        ) else {
            return fail(Delivery::Rejected, Stage::Resolve, Cause::Content);
        };
        let (hop, sts_unknown) = match self.hop(&to).await {
            Fact::Proven(found) => found,
            Fact::Refuted => return fail(Delivery::Rejected, Stage::Resolve, Cause::NoHost),
            Fact::Unknown => return fail(Delivery::Deferred, Stage::Resolve, Cause::Dns),
        };
        let (sealed, shown);
        let message: &[u8] = match rung.route {
            Route::Escrow => &work.body,
            Route::Tls => match neutral(&work.record, true) {
                None => &work.body,
                Some(neutral) => {
                    let body = Arc::clone(&work.body);
                    shown = match blocking(move || neutral.apply(&body)).await {
                        Ok(Ok(copy)) => copy,
                        // The plan tried it; another rung may need none.
                        Ok(Err(_)) => {
                            return fail(Delivery::FloorUnmet, Stage::Resolve, Cause::Content);
                        }
                        Err(_) => return fail(Delivery::Deferred, Stage::Resolve, Cause::Content),
                    };
                    shown.expose()
                }
            },
            Route::Pgp | Route::Smime => match self.seal_copy(work, &rung).await {
                Ok(bytes) => {
                    sealed = bytes;
                    &sealed
                }
                // Sealing did not come to an end: that says nothing of the key.
                Err(Error::Shutdown) => {
                    return fail(Delivery::Deferred, Stage::Resolve, Cause::Key);
                }
                // The key went since the plan: the next rung may do.
                Err(_) => return fail(Delivery::FloorUnmet, Stage::Resolve, Cause::Key),
            },
        };
        let envelope = Envelope::new(sender, vec![to]);
        let requirement = Requirement::at_least(rung.transport_floor);
        let barrier = RecordedBarrier {
            engine: self,
            state: Mutex::new((work.record.clone(), work.held.clone())),
        };
        let job = Job {
            envelope: &envelope,
            message,
            hop: &hop,
            requirement: &requirement,
        };
        let mut attempts = self.transport.deliver(job, &barrier).await;
        (work.record, work.held) = barrier.state.into_inner();
        match (attempts.pop(), attempts.is_empty()) {
            // A domain that fails its own promise is given time to keep it,
            // whatever the policy does with others below the floor; and where
            // its promise is what is missing, not knowing is not "no".
            (Some(mut attempt), true) => {
                let anchorless = sts_unknown
                    && hop.partner.is_none()
                    && rung.transport_floor == TlsAssurance::Anchored;
                if attempt.delivery == Delivery::FloorUnmet && (enforces(&hop) || anchorless) {
                    attempt.delivery = Delivery::Deferred;
                }
                attempt
            }
            // A transport that answers for nobody or for others may have sent.
            _ => fail(Delivery::Unknown, Stage::Final, Cause::Protocol),
        }
    }

    /// Whether the message itself may still leave by this rung: a copy may
    /// wait for days, longer than the waiver or the policy that allowed it.
    fn is_allowed(&self, record: &CopyRecord, rung: &Rung) -> bool {
        let floor = self.policy.requirement(record.sensitivity).tls;
        rung.route != Route::Tls
            || floor.is_some_and(|floor| rung.transport_floor >= floor)
            || record
                .waived_until
                .is_some_and(|until| self.clock.now() < until)
    }

    /// Where a recipient's domain takes mail now, and whether it could not be
    /// found out what the domain asks of connections.
    pub(super) async fn hop(&self, to: &Address) -> Fact<(Hop, bool)> {
        let partner = self.policy.partner_identity(to.domain()).cloned();
        // A relay finds the way itself.
        let direct = matches!(self.transport.next_hop(), NextHop::Mx);
        let Some(discovery) = self.discovery.as_ref().filter(|_| direct) else {
            let mut hop = Hop::new(to.domain().clone(), Vec::new(), None);
            hop.partner = partner;
            return Fact::Proven((hop, false));
        };
        let known = discovery.discover(to.domain(), self.clock.now()).await;
        let sts_unknown = known.sts.is_unknown();
        let sts = known.sts.proven().cloned();
        known.hosts.map(|hosts| {
            let mx = hosts.into_iter().map(|h| h.mx).collect();
            let mut hop = Hop::new(to.domain().clone(), mx, sts);
            hop.partner = partner;
            (hop, sts_unknown)
        })
    }

    pub(super) fn sealer(&self, route: Route) -> Option<&Arc<dyn Sealer>> {
        self.sealers.iter().find(|s| s.route() == route)
    }

    /// Seals a copy away from the reactor: it takes a processor's time, and a
    /// signing key elsewhere may take its own.
    async fn seal_copy(&self, work: &Work, rung: &Rung) -> Result<Vec<u8>, Error> {
        let sealer = Arc::clone(self.sealer(rung.route).ok_or(SealError::Unsupported)?);
        let (record, body) = (work.record.clone(), Arc::clone(&work.body));
        let now = self.clock.now();
        let least = self.least_trust(&record, rung)?;
        let sealing = blocking(move || seal(&*sealer, &record, &body, least, now));
        // A signing key that never answers must not hold a place for ever.
        match tokio::time::timeout(SEALING, sealing).await {
            Ok(sealed) => sealed?,
            Err(_) => Err(SealError::Sign("it took too long").into()),
        }
    }

    pub(super) fn seal(
        &self,
        rung: &Rung,
        record: &CopyRecord,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let sealer = self.sealer(rung.route).ok_or(SealError::Unsupported)?;
        let least = self.least_trust(record, rung)?;
        seal(&**sealer, record, message, least, self.clock.now())
    }

    /// How well a key must be known for this copy on this rung, as the policy
    /// is now: the certificate that is found may not be the one of the plan.
    fn least_trust(&self, record: &CopyRecord, rung: &Rung) -> Result<KeyTrust, SealError> {
        let requirement = self.policy.requirement(record.sensitivity);
        [KeyTrust::Discovered, KeyTrust::Verified, KeyTrust::Pinned]
            .into_iter()
            .find(|&trust| {
                let floor = requirement.sealed(trust);
                floor.is_some_and(|floor| rung.transport_floor >= floor)
            })
            .ok_or(SealError::Key(KeyFault::Untrusted))
    }

    /// Goes to the next rung: prepares it and records it before anything of it
    /// leaves.
    async fn fall_back(
        &self,
        work: &mut Work,
        next: usize,
        attempt: &Attempt,
    ) -> Result<(), Error> {
        let mut record = work.record.clone();
        record.rung = next;
        // What a failed key bars stays barred behind the rungs that follow.
        if let (Cause::Key, Some(failed)) = (attempt.cause, work.record.present_rung()) {
            bar_weaker(&mut record.rungs, next, failed);
        }
        record.phase = self.sending();
        let made = match record.grant {
            // The grant serves the later escrow rungs too, and what is here is
            // its notice, not the message any more.
            Some(_) => Made {
                passcode: work.passcode.clone(),
                ..Made::nothing()
            },
            None => self.make(&mut record, &work.body).await?,
        };
        let (replace, row) = self.outbox.replace(&work.held, &record);
        let mut batch = Batch::from_iter([replace]);
        if let Some(body) = &made.body {
            batch.push(self.outbox.put_body(&record.id, body));
        }
        let outcome = self
            .outcome(&record, Status::Pending, None)
            .with_attempt(attempt)
            .with_passcode(made.passcode.clone());
        batch.push(self.receipts.put_outcome(record.receipt, &outcome));
        batch.push(
            self.audit
                .entry(&self.event(EventKind::Fallback, &record)?.result(attempt)),
        );
        batch.extend(made.ops);
        self.store.commit(batch).await?;
        work.record = record;
        work.held = row;
        work.passcode = made.passcode;
        if let Some(body) = made.body {
            work.body = Arc::new(body);
        }
        Ok(())
    }

    /// Records how an attempt ended.
    async fn settle(&self, mut work: Work, step: Step, attempt: &Attempt) -> Outcome {
        let now = self.clock.now();
        let step = match step {
            Step::Defer if now.since(work.record.created) >= self.schedule.give_up_after => {
                Step::End(Status::GivenUp)
            }
            other => other,
        };
        let (status, kind) = match step {
            Step::End(Status::GivenUp) => (Status::GivenUp, EventKind::GaveUp),
            Step::End(status) => (status, EventKind::Outcome),
            Step::Defer => (Status::Deferred, EventKind::Deferred),
            Step::Unknown => (Status::Unknown, EventKind::Unknown),
        };
        let mut outcome = self
            .outcome(&work.record, status, Some(attempt))
            .with_passcode(work.passcode.clone());
        let mut batch = Batch::new();
        match step {
            Step::End(_) => batch.extend(self.outbox.remove(&work.held, &work.record)),
            Step::Defer => {
                let wait = self.schedule.backoff(work.record.attempts, &work.record.id);
                let due = now.plus(wait);
                outcome.next_try = Some(due);
                work.record.phase = Phase::Ready { due };
                batch.push(self.outbox.replace(&work.held, &work.record).0);
            }
            Step::Unknown => {
                work.record.phase = Phase::Unknown;
                batch.push(self.outbox.replace(&work.held, &work.record).0);
            }
        }
        batch.push(self.receipts.put_outcome(work.record.receipt, &outcome));
        let recorded = match self.event(kind, &work.record) {
            Ok(event) => {
                batch.push(self.audit.entry(&event.result(attempt)));
                self.store.commit(batch).await.map_err(Error::from)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = recorded {
            tracing::error!(
                receipt = %work.record.receipt,
                recipient = %work.record.recipient,
                code = error.code(),
                "the outcome could not be recorded",
            );
            // What was delivered is known to this process only; after the
            // lease the copy is found and reported by what the store holds.
            outcome.status = match work.record.phase {
                Phase::PastDot { .. } | Phase::Unknown => Status::Unknown,
                _ => Status::Pending,
            };
            outcome.next_try = None;
        } else if matches!(status, Status::Rejected | Status::GivenUp) {
            self.revoke_undelivered(&work.record).await;
        } else if status == Status::Delivered && self.send_code(&work).await {
            outcome = outcome.with_passcode(None);
            let forget = self.receipts.put_outcome(work.record.receipt, &outcome);
            if let Err(error) = self.store.commit(Batch::from_iter([forget])).await {
                // It stays with the receipt, which does no harm.
                tracing::warn!(code = error.code(), "a sent pickup code was kept");
            }
        }
        outcome
    }

    /// A notice that never arrived leaves no grant behind.
    async fn revoke_undelivered(&self, record: &CopyRecord) {
        if let (Some(grant), Some((escrow, _))) = (record.grant, &self.escrow)
            && let Err(error) = escrow.revoke(grant).await
        {
            tracing::warn!(code = error.code(), "a grant that nobody has was kept");
        }
    }

    /// Gives the pickup code to the host's channel, if there is one and a
    /// number; else it stays for the sender to tell. Whether it was sent.
    async fn send_code(&self, work: &Work) -> bool {
        let (Some(channel), Some(phone), Some(code)) =
            (&self.codes, &work.record.phone, &work.passcode)
        else {
            return false;
        };
        let phone = Phi::new(phone.clone());
        let sent = tokio::time::timeout(CODE, channel.send_code(&phone, code)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!(
                receipt = %work.record.receipt,
                recipient = %work.record.recipient,
                "the pickup code could not be sent; it is handed to the sender",
            );
            return false;
        }
        true
    }

    /// What the present rung of `record` sends, and the changes that come with
    /// it. `body` is `None` where the message itself is sent.
    pub(super) async fn make(
        &self,
        record: &mut CopyRecord,
        message: &[u8],
    ) -> Result<Made, Error> {
        match record.present_rung() {
            Some(rung) if rung.route == Route::Escrow => {
                let rung = *rung;
                super::notices::make(self, record, &rung, message).await
            }
            _ => Ok(Made::nothing()),
        }
    }

    pub(super) fn sending(&self) -> Phase {
        Phase::Sending {
            lease: self.clock.now().plus(self.schedule.lease),
        }
    }

    pub(super) fn outcome(
        &self,
        record: &CopyRecord,
        status: Status,
        attempt: Option<&Attempt>,
    ) -> Outcome {
        let mut outcome = Outcome::new(record.recipient, status, self.clock.now());
        if let Some(rung) = record.present_rung() {
            outcome.route = Some(rung.route);
            outcome.transport_floor = Some(rung.transport_floor);
            outcome.factor_floor = rung.factor_floor;
        }
        outcome.grant = record.grant;
        outcome.attempts = record.attempts;
        match attempt {
            Some(attempt) => outcome.with_attempt(attempt),
            None => outcome,
        }
    }
}

/// The next rung that can do better: over the same hosts one that asks less of
/// the connection; where the key failed, one that protects no less, since a
/// key that vanishes between plan and send is no proof that there is none.
/// Where the domain itself publishes a floor there is none.
fn next_rung(record: &CopyRecord, attempt: &Attempt) -> Option<usize> {
    let failed = record.present_rung()?;
    let unconnected = attempt.stage == Stage::Resolve;
    let helps = |rung: &Rung| match (attempt.cause, failed.route) {
        // The copy holds the notice now; no other route may take that for
        // the message.
        (_, Route::Escrow) if rung.route != Route::Escrow => false,
        (Cause::Key, _) => rung.is_no_weaker_than(failed),
        // Nothing was learnt of the hosts.
        _ if unconnected && rung.is_no_weaker_than(failed) => true,
        _ => rung.transport_floor < failed.transport_floor,
    };
    let mut rest = record.rungs.iter().enumerate().skip(record.rung + 1);
    rest.find(|(_, rung)| helps(rung)).map(|(index, _)| index)
}

/// Takes out what stands behind `next` and protects less than what failed.
fn bar_weaker(rungs: &mut Vec<Rung>, next: usize, failed: &Rung) {
    let mut index = 0;
    rungs.retain(|rung| {
        index += 1;
        index <= next + 1 || rung.is_no_weaker_than(failed)
    });
}

/// What of a copy is replaced on a route that shows the subject and, with
/// `file_names`, the names of attachments too.
pub(super) fn neutral(record: &CopyRecord, file_names: bool) -> Option<Neutral> {
    let mut neutral = Neutral::new();
    if let Some(subject) = &record.neutral_subject {
        neutral = neutral.subject(subject);
    }
    if file_names && record.neutral_names {
        neutral = neutral.file_names();
    }
    (neutral != Neutral::new()).then_some(neutral)
}

/// Seals a copy for its recipient and those who share it.
fn seal(
    sealer: &dyn Sealer,
    record: &CopyRecord,
    message: &[u8],
    least: KeyTrust,
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let recipient: Address = record.address.parse()?;
    // Without a sender nobody's key signs; only notices have none.
    let sender = record.sender.as_deref().ok_or(SealError::NoKey)?;
    let sender: Address = sender.parse()?;
    let shared = record.shared_with.iter().map(|a| a.parse());
    let shared: Vec<Address> = shared.collect::<Result<_, _>>()?;
    let shown = match neutral(record, false).filter(|_| sealer.shows_subject()) {
        Some(neutral) => Some(neutral.apply(message)?),
        None => None,
    };
    let message = shown.as_ref().map_or(message, |copy| copy.expose());
    let job = SealJob::new(message, &sender, &recipient, now)
        .shared_with(&shared)
        .least_trust(least);
    Ok(sealer.seal(&job)?)
}

fn enforces(hop: &Hop) -> bool {
    let mode = hop.sts.as_ref().map(|sts| sts.mode);
    mode == Some(StsMode::Enforce)
}

/// Does the work of a processor away from the reactor.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::Shutdown)
}

/// Waits for something within work that runs away from the reactor: a key
/// provider may have to ask a service.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}

/// What a rung sends in place of the message.
pub(super) struct Made {
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    pub(super) ops: Vec<Op>,
    pub(super) passcode: Option<Secret<String>>,
}

impl Made {
    /// What was there is sent as it is.
    fn nothing() -> Self {
        Self {
            body: None,
            ops: Vec::new(),
            passcode: None,
        }
    }
}

enum Step {
    End(Status),
    Defer,
    Unknown,
}

/// Makes the point of no return durable: from here on a copy whose process
/// dies is reported as unknown, not sent again.
struct RecordedBarrier<'a> {
    engine: &'a Engine,
    state: Mutex<(CopyRecord, Row)>,
}

#[async_trait]
impl Barrier for RecordedBarrier<'_> {
    async fn before_final_dot(&self) -> Result<(), BarrierError> {
        let mut state = self.state.lock().await;
        let mut record = state.0.clone();
        let lease = self.engine.clock.now().plus(self.engine.schedule.lease);
        record.phase = Phase::PastDot { lease };
        let (replace, row) = self.engine.outbox.replace(&state.1, &record);
        let batch = Batch::from_iter([replace]);
        match self.engine.store.commit(batch).await {
            Ok(_) => {
                *state = (record, row);
                Ok(())
            }
            Err(_) => Err(BarrierError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FactorLevel;

    #[test]
    fn a_failed_key_bars_weaker_rungs_behind_the_next_one_too() {
        let floor = TlsAssurance::Encrypted;
        let rung = |route, factor| Rung::new(route, floor, factor);
        let tls = Rung::new(Route::Tls, TlsAssurance::Opportunistic, None);
        let (pgp, smime) = (rung(Route::Pgp, None), rung(Route::Smime, None));
        let escrow = rung(Route::Escrow, Some(FactorLevel::P2));
        let mut rungs = vec![tls, pgp, smime, tls, escrow, tls];
        bar_weaker(&mut rungs, 2, &pgp);
        assert_eq!(rungs, [tls, pgp, smime, escrow]);
    }
}
