//! Carrying a plan out: the intent of all recipients in one batch, then each
//! copy on its own way.

use std::sync::Arc;

use futures_util::future::join_all;
use zeroize::Zeroizing;

use super::SealedMessage;
use super::engine::{Engine, Work, blocking, neutral, wait};
use super::notices::Usable;
use super::plan::{Plan, Planned};
use super::planning::neutral_subject;
use super::receipt::{Outcome, Receipt, Status};
use crate::audit::{Event, EventKind};
use crate::base::{Address, ReceiptId, Role, Route, Timestamp, TlsAssurance};
use crate::compose::{Copy, Visible};
use crate::deliver::Envelope;
use crate::error::{Error, PlanError};
use crate::outbox::{CopyId, CopyRecord};
use crate::policy::{Decision, Disclosure, Onward, Reason, Refusal, Rung};
use crate::storage::{Batch, Op, Row, StoreError, Table};

/// The most octets that the copies of one message may take together.
const MAX_COPIES: usize = 1 << 30;

impl Engine {
    /// Sends, or gives the receipt of the earlier call with the same
    /// idempotency key.
    pub(super) async fn send(self: Arc<Self>, plan: Plan) -> Result<Receipt, Error> {
        let digest = digest(&plan).await?;
        // First of all: what was sent was sent, whatever a plan says now.
        if plan.message().idempotency_key().is_some()
            && let Some(receipt) = self.earlier(&plan, &digest).await?
        {
            return Ok(receipt);
        }
        let (plan, replanned) = self.still_good(plan).await?;
        within_budget(&plan)?;
        let receipt = ReceiptId::make_random();
        let now = self.clock.now();
        let (engine, given) = (Arc::clone(&self), plan.clone());
        let intents = blocking(move || engine.intents(&given, receipt, now, replanned));
        let Intents {
            mut batch,
            works,
            mut outcomes,
        } = intents.await??;
        batch.push(self.once(&plan, receipt, &digest));
        match self.store.commit(batch).await {
            Ok(_) => {}
            // Another call with the same key, or the same plan, was faster.
            Err(StoreError::Conflict {
                table: Table::Idempotency,
            }) => {
                let earlier = self.earlier(&plan, &digest).await?;
                return earlier.ok_or_else(|| {
                    StoreError::Conflict {
                        table: Table::Idempotency,
                    }
                    .into()
                });
            }
            Err(error) => return Err(error.into()),
        }
        outcomes.extend(join_all(works.into_iter().map(|work| self.drive(work))).await);
        outcomes.sort_by_key(|o| o.recipient);
        Ok(Receipt::new(receipt, &plan, now, outcomes))
    }

    /// The change that lets a plan, or an idempotency key, be used once.
    fn once(&self, plan: &Plan, receipt: ReceiptId, digest: &[u8; 32]) -> Op {
        Op::Insert {
            table: Table::Idempotency,
            row: self.receipts.idempotency_row(&usage(plan), receipt, digest),
        }
    }

    /// All that is recorded before anything leaves. Rendering, encrypting and
    /// stretching passphrases: work for a processor, not for the reactor.
    fn intents(
        &self,
        plan: &Plan,
        receipt: ReceiptId,
        now: Timestamp,
        replanned: bool,
    ) -> Result<Intents, Error> {
        let mut intents = Intents {
            batch: Batch::new(),
            works: Vec::new(),
            outcomes: Vec::new(),
        };
        let batch = &mut intents.batch;
        batch.push(self.receipts.put_head(receipt, plan, now));
        self.record_claims(plan, receipt, batch)?;
        if replanned {
            batch.push(self.plan_event(EventKind::Replanned, plan, receipt));
        }
        for planned in plan.recipients() {
            match planned.rungs() {
                Some(rungs) if !planned.is_dropped() => {
                    let work = self.intend(plan, planned, rungs, receipt, batch)?;
                    intents.works.push(work);
                }
                _ => {
                    let outcome = self.refuse(plan, planned, receipt, now, batch)?;
                    intents.outcomes.push(outcome);
                }
            }
        }
        Ok(intents)
    }

    /// What the host said of the message, as far as the log holds it: the words
    /// of the reason, which may name somebody, lie encrypted with the receipt.
    fn record_claims(
        &self,
        plan: &Plan,
        receipt: ReceiptId,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        if plan.message().no_phi_reason().is_some() {
            batch.push(self.plan_event(EventKind::NoPhiAsserted, plan, receipt));
        }
        for planned in plan.recipients().iter().filter(|r| r.is_vouched_for()) {
            let record = self.record(plan, planned, Vec::new(), receipt);
            let event = self
                .event(EventKind::RecipientConfirmed, &record)?
                .reasons(planned.doubts().map(|r| r.code()));
            batch.push(self.audit.entry(&event));
        }
        Ok(())
    }

    fn plan_event(&self, kind: EventKind, plan: &Plan, receipt: ReceiptId) -> Op {
        let event = Event::new(kind).message(plan.id()).receipt(receipt);
        self.audit.entry(&event.policy(self.policy_fingerprint))
    }

    /// Hands sealed messages to the host's own mailer.
    pub(super) async fn hand_over(
        self: Arc<Self>,
        plan: Plan,
        assurance: Option<TlsAssurance>,
    ) -> Result<(Receipt, Vec<SealedMessage>), Error> {
        // The plan was made for this client's transport; the way is another.
        let plan = self
            .replan(
                plan,
                Onward::Mailer {
                    declared: assurance,
                },
            )
            .await?
            .refuse_unsendable()?;
        within_budget(&plan)?;
        let digest = digest(&plan).await?;
        let receipt = ReceiptId::make_random();
        let now = self.clock.now();
        let (engine, given) = (Arc::clone(&self), plan.clone());
        let handed = blocking(move || engine.hand_outs(&given, receipt, now));
        let HandOuts {
            mut batch,
            sealed,
            mut outcomes,
        } = handed.await??;
        batch.push(self.once(&plan, receipt, &digest));
        if let Err(error) = self.store.commit(batch).await {
            return Err(match (error, self.earlier(&plan, &digest).await) {
                (StoreError::Conflict { .. }, Ok(Some(earlier))) => PlanError::Used {
                    receipt: earlier.id,
                }
                .into(),
                (_, Err(conflict @ Error::Plan(_))) => conflict,
                (error, _) => error.into(),
            });
        }
        outcomes.sort_by_key(|o| o.recipient);
        Ok((Receipt::new(receipt, &plan, now, outcomes), sealed))
    }

    /// The messages for the host's mailer, and what is recorded of them. Work
    /// for a processor, not for the reactor.
    fn hand_outs(
        &self,
        plan: &Plan,
        receipt: ReceiptId,
        now: Timestamp,
    ) -> Result<HandOuts, Error> {
        let mut batch = Batch::new();
        batch.push(self.receipts.put_head(receipt, plan, now));
        self.record_claims(plan, receipt, &mut batch)?;
        let mut sealed = Vec::new();
        let mut outcomes = Vec::new();
        let mut impossible = Vec::new();
        for planned in plan.recipients() {
            let Some(rungs) = planned.rungs().filter(|_| !planned.is_dropped()) else {
                outcomes.push(self.refuse(plan, planned, receipt, now, &mut batch)?);
                continue;
            };
            // Nothing can be checked on the wire, so a rung counts only where
            // what is declared already meets its floor.
            let Some(rung) = rungs.iter().find(|r| r.proven) else {
                impossible.push(planned.id());
                continue;
            };
            let to = planned.address();
            let mut record = self.record(plan, planned, vec![*rung], receipt);
            let message = self.render(plan, planned)?;
            let made = wait(self.make(&mut record, &message))?;
            let bytes = match (made.body, rung.route) {
                (Some(body), _) => body.to_vec(),
                (None, Route::Pgp | Route::Smime) => self.seal(rung, &record, &message)?,
                (None, _) => match neutral(&record, true) {
                    Some(neutral) => neutral.apply(&message)?.into_inner(),
                    None => message.to_vec(),
                },
            };
            let outcome = self
                .outcome(&record, Status::HandedOver, None)
                .with_passcode(made.passcode);
            batch.push(self.receipts.put_outcome(receipt, &outcome));
            batch.push(self.audit.entry(&self.event(EventKind::Sealed, &record)?));
            batch.extend(made.ops);
            if record.waived_until.is_some() {
                batch.push(
                    self.audit
                        .entry(&self.event(EventKind::WaiverUsed, &record)?),
                );
            }
            outcomes.push(outcome);
            sealed.push(SealedMessage {
                recipient: planned.id(),
                envelope: Envelope::new(Some(plan.message().sender().clone()), vec![to.clone()]),
                bytes,
                transport_floor: rung.transport_floor,
            });
        }
        if !impossible.is_empty() {
            return Err(PlanError::Refused { ids: impossible }.into());
        }
        Ok(HandOuts {
            batch,
            sealed,
            outcomes,
        })
    }

    /// A plan that may be sent now: nobody refused who was not dropped, and if
    /// it expired, made again and not weaker. Whether it was and is another.
    async fn still_good(&self, plan: Plan) -> Result<(Plan, bool), Error> {
        let plan = plan.refuse_unsendable()?;
        if self.clock.now() < plan.expires() {
            return Ok((plan, false));
        }
        let old = plan.decisions();
        let fresh = self.replan(plan, self.transport.next_hop().into()).await?;
        let changed: Vec<_> = fresh
            .recipients()
            .iter()
            .zip(&old)
            .filter(|(new, old)| !new.is_dropped() && weaker(new.decision(), old))
            .map(|(new, _)| new.id())
            .collect();
        if changed.is_empty() {
            let replanned = fresh.decisions() != old;
            Ok((fresh.refuse_unsendable()?, replanned))
        } else {
            Err(PlanError::Changed { ids: changed }.into())
        }
    }

    /// What an earlier call with the same idempotency key, or plan, gave.
    async fn earlier(&self, plan: &Plan, digest: &[u8; 32]) -> Result<Option<Receipt>, Error> {
        let probe = self
            .receipts
            .idempotency_row(&usage(plan), ReceiptId::make_random(), digest);
        let Some(row) = self.store.get(Table::Idempotency, &probe.key).await? else {
            return Ok(None);
        };
        let (receipt, same) = self.receipts.read_idempotency(&row, digest)?;
        if !same {
            return Err(PlanError::IdempotencyConflict { receipt }.into());
        }
        self.receipt(receipt).await
    }

    pub(super) async fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, Error> {
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let after = rows.last().map(|row| row.key.clone());
            let page = self
                .store
                .range(Table::Receipt, id.as_bytes(), after.as_deref(), 256)
                .await?;
            let last = page.len() < 256;
            rows.extend(page);
            if last {
                return Ok(self.receipts.read(id, &rows)?);
            }
        }
    }

    /// Puts one recipient's intent into the batch: copy, receipt, audit entry.
    fn intend(
        &self,
        plan: &Plan,
        planned: &Planned,
        rungs: Vec<Rung>,
        receipt: ReceiptId,
        batch: &mut Batch,
    ) -> Result<Work, Error> {
        let mut record = self.record(plan, planned, rungs, receipt);
        let message = self.render(plan, planned)?;
        let made = wait(self.make(&mut record, &message))?;
        let body = made.body.unwrap_or(message);
        let (ops, held) = self.outbox.insert(&record, &body);
        batch.extend(ops);
        let outcome = self
            .outcome(&record, Status::Pending, None)
            .with_passcode(made.passcode.clone());
        batch.push(self.receipts.put_outcome(receipt, &outcome));
        let event = self
            .event(EventKind::Intent, &record)?
            .reasons(planned.decision().why().iter().map(|r| r.code()));
        batch.push(self.audit.entry(&event));
        batch.extend(made.ops);
        if record.waived_until.is_some() {
            batch.push(
                self.audit
                    .entry(&self.event(EventKind::WaiverUsed, &record)?),
            );
        }
        Ok(Work {
            record,
            held,
            body: Arc::new(body),
            passcode: made.passcode,
        })
    }

    /// A recipient who was dropped, because the policy refuses or the caller
    /// chose so: that, too, is recorded.
    fn refuse(
        &self,
        plan: &Plan,
        planned: &Planned,
        receipt: ReceiptId,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<Outcome, Error> {
        let outcome = Outcome::new(planned.id(), Status::Refused, now);
        batch.push(self.receipts.put_outcome(receipt, &outcome));
        let record = self.record(plan, planned, Vec::new(), receipt);
        let kind = match planned.decision() {
            Decision::Send { .. } => EventKind::Dropped,
            Decision::Refuse {
                kind: Refusal::Held,
                ..
            } => EventKind::Hold,
            Decision::Refuse { .. } => EventKind::Refused,
        };
        let event = self
            .event(kind, &record)?
            .reasons(planned.decision().why().iter().map(|r| r.code()));
        batch.push(self.audit.entry(&event));
        Ok(outcome)
    }

    fn record(
        &self,
        plan: &Plan,
        planned: &Planned,
        rungs: Vec<Rung>,
        receipt: ReceiptId,
    ) -> CopyRecord {
        let known = planned.recipient();
        let usable = Usable::of(known);
        CopyRecord {
            id: CopyId::make_random(),
            receipt,
            message: plan.id(),
            recipient: planned.id(),
            address: planned.address().as_str().to_owned(),
            sender: Some(plan.message().sender().as_str().to_owned()),
            shared_with: shared_with(plan, planned),
            passphrase: known.agreed_passphrase().map(|p| p.expose().clone()),
            phone: usable.phone.map(|p| p.expose().clone()),
            totp: usable.totp.map(|seed| seed.expose().clone()),
            passkeys: usable.passkeys.into_iter().cloned().collect(),
            single_sign_on: usable.single_sign_on.map(|s| s.expose().clone()),
            language: known.preferred_language().unwrap_or_default(),
            sensitivity: planned.decision().sensitivity(),
            rungs,
            rung: 0,
            waived_until: waived_until(plan, planned, self.clock.now()),
            neutral_subject: planned
                .hides_subject()
                .then(|| neutral_subject(plan.message())),
            neutral_names: planned.hides_file_names(),
            grant: None,
            attempts: 0,
            created: self.clock.now(),
            phase: self.sending(),
        }
    }

    /// The copy for one recipient, as it would leave in clear.
    fn render(&self, plan: &Plan, planned: &Planned) -> Result<Zeroizing<Vec<u8>>, Error> {
        let visible = match plan.disclosure() {
            Disclosure::Shared => Visible::All,
            Disclosure::Individual => Visible::Only(planned.id()),
        };
        let mut copy = Copy::new(visible, plan.made(), plan.message_id());
        if let Some(subject) = &plan.subject {
            copy = copy.subject(subject);
        }
        let rendered = plan.message().render(&copy)?;
        Ok(Zeroizing::new(rendered.into_bytes().into_inner()))
    }

    /// An audit event about a copy.
    pub(super) fn event(&self, kind: EventKind, record: &CopyRecord) -> Result<Event, Error> {
        let address: Address = record.address.parse()?;
        let rung = record.present_rung();
        Ok(Event::new(kind)
            .message(record.message)
            .receipt(record.receipt)
            .recipient(record.recipient)
            .address(&address)
            .route(rung.map(|r| r.route))
            .transport_floor(rung.map(|r| r.transport_floor))
            .factor_floor(rung.and_then(|r| r.factor_floor))
            .sensitivity(record.sensitivity)
            .grant(record.grant)
            .attempt((record.attempts > 0).then_some(record.attempts))
            .policy(self.policy_fingerprint))
    }
}

/// Whom a shared copy names beside its recipient. Who stands in Bcc is named by
/// nobody's copy, and his own is sealed to him alone. Who was dropped is not
/// meant to read it.
fn shared_with(plan: &Plan, planned: &Planned) -> Vec<String> {
    if plan.disclosure() == Disclosure::Individual || planned.role == Role::Bcc {
        return Vec::new();
    }
    let others = plan.recipients().iter();
    others
        .filter(|o| o.role != Role::Bcc && !o.is_dropped() && o.id() != planned.id())
        .map(|other| other.address().as_str().to_owned())
        .collect()
}

/// What may be sent once: the host's key, or else the plan.
fn usage(plan: &Plan) -> String {
    match plan.message().idempotency_key() {
        Some(key) => format!("key {key}"),
        None => format!("plan {}", plan.id()),
    }
}

/// Every recipient's copy is rendered before the first one leaves.
fn within_budget(plan: &Plan) -> Result<(), PlanError> {
    let copies = plan.recipients().iter().filter(|r| !r.is_dropped()).count();
    let bytes = copies.saturating_mul(plan.message().size());
    if bytes > MAX_COPIES {
        return Err(PlanError::TooLarge {
            bytes,
            limit: MAX_COPIES,
        });
    }
    Ok(())
}

/// What `send` writes down before anything leaves.
struct Intents {
    batch: Batch,
    works: Vec<Work>,
    outcomes: Vec<Outcome>,
}

/// What is given to the host's mailer, and what is written down of it.
struct HandOuts {
    batch: Batch,
    sealed: Vec<SealedMessage>,
    outcomes: Vec<Outcome>,
}

/// What tells two messages under one idempotency key apart. Without a key the
/// plan's id tells all.
async fn digest(plan: &Plan) -> Result<[u8; 32], Error> {
    if plan.message().idempotency_key().is_none() {
        return Ok([0; 32]);
    }
    let plan = plan.clone();
    blocking(move || plan.content_digest()).await
}

/// Until when the waiver holds that the decision rests on.
fn waived_until(plan: &Plan, planned: &Planned, now: Timestamp) -> Option<Timestamp> {
    if !planned.decision().why().contains(&Reason::WaiverApplies) {
        return None;
    }
    let patient = plan.options.patient.as_ref()?;
    let waivers = plan.options.waivers.iter();
    waivers
        .filter(|w| w.check(planned.address(), patient, now).is_ok())
        .map(|w| w.expires)
        .max()
}

/// Whether the new decision protects less than the old one, be it in its last
/// fallback, or sends nothing where something was sent: then the caller has to
/// look again.
fn weaker(new: &Decision, old: &Decision) -> bool {
    let first = match (new.rungs().next(), old.rungs().next()) {
        (Some(new), Some(old)) => !new.is_no_weaker_than(old),
        (None, None) => false,
        _ => true,
    };
    let below = |rung: &Rung| !old.rungs().any(|old| rung.is_no_weaker_than(old));
    first || new.rungs().any(below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Sensitivity;

    fn decision(rungs: &[(Route, TlsAssurance)]) -> Decision {
        let mut rungs = rungs.iter().map(|&(r, floor)| Rung::new(r, floor, None));
        match rungs.next() {
            Some(chosen) => Decision::Send {
                chosen,
                fallbacks: rungs.collect(),
                sensitivity: Sensitivity::Phi,
                why: Vec::new(),
            },
            None => Decision::Refuse {
                kind: Refusal::Refused,
                sensitivity: Sensitivity::Phi,
                why: Vec::new(),
            },
        }
    }

    #[test]
    fn a_weaker_first_rung_or_fallback_is_weaker_and_a_stronger_one_is_not() {
        use Route::{Pgp, Tls};
        use TlsAssurance::{Anchored, Authenticated, Opportunistic};
        let sealed = (Pgp, Opportunistic);
        let anchored = decision(&[sealed, (Tls, Anchored)]);
        let valid = decision(&[sealed, (Tls, Authenticated)]);
        let nothing = decision(&[]);
        assert!(weaker(&valid, &anchored));
        assert!(!weaker(&anchored, &valid));
        assert!(!weaker(&valid, &valid));
        assert!(weaker(&decision(&[(Tls, Authenticated)]), &valid));
        assert!(weaker(&nothing, &valid) && weaker(&valid, &nothing));
        assert!(!weaker(&nothing, &nothing));
    }
}
