//! The escrow rung: the message is sealed away, and a notice takes its place.

use zeroize::Zeroizing;

use super::builder::EscrowOptions;
use super::engine::{Engine, Made};
use crate::audit::EventKind;
use crate::base::{Address, FactorLevel, MessageId, Recipient, RecipientId, Route, Secret};
use crate::compose::{Copy, Message, Visible};
use crate::error::{Error, PlanError};
use crate::escrow::{Draft, GrantDraft, Notice, NoticeDraft, PasscodePlan};
use crate::outbox::CopyRecord;
use crate::policy::Rung;

/// Seals `message` for the recipient of `record` and writes the notice. What
/// only this step needed leaves the record.
pub(super) fn make(
    engine: &Engine,
    record: &mut CopyRecord,
    rung: &Rung,
    message: &[u8],
) -> Result<Made, Error> {
    let Some((escrow, options)) = &engine.escrow else {
        return Err(PlanError::NoEscrow.into());
    };
    let to: Address = record.address.parse()?;
    // One grant serves the escrow rungs behind this one too.
    let later = record.rungs.iter().skip(record.rung);
    let floor = later
        .filter(|later| later.route == Route::Escrow)
        .filter_map(|later| later.factor_floor)
        .chain(rung.factor_floor)
        .max()
        .unwrap_or(FactorLevel::P2);
    let mut grant =
        GrantDraft::new(record.recipient, floor).audit_tag(engine.audit.address_tag(&to));
    grant = match record.passphrase.take() {
        Some(passphrase) => grant.passphrase(Secret::new(passphrase)),
        // Nothing else was agreed: a code that the sender tells, or the host's
        // channel sends.
        None => grant.passcode(PasscodePlan::Make),
    };
    let expires = engine.clock.now().plus(options.lifetime);
    let draft = Draft::new(message, expires, vec![grant]).message_id(record.message);
    let mut prepared = escrow.prepare(draft)?;
    let Some(made) = prepared.grants.pop() else {
        return Err(PlanError::NoEscrow.into());
    };
    record.grant = Some(made.grant);
    let mut notice = NoticeDraft::new(&options.organisation, &made, expires);
    notice.contact = options.contact.clone();
    let notice = Notice::render(&notice)?;
    let from = match (&options.notice_from, record.sender.as_deref()) {
        (Some(address), _) => address.clone(),
        (None, Some(sender)) => sender.parse()?,
        (None, None) => return Err(Error::Config("notices need a sender address")),
    };
    let body = render(engine, options, notice, from, to)?;
    let mut ops = std::mem::take(&mut prepared.ops);
    let created = engine.event(EventKind::EscrowCreated, record)?;
    ops.push(engine.audit.entry(&created.item(prepared.item)));
    Ok(Made {
        body: Some(body),
        ops,
        passcode: made.passcode.clone(),
    })
}

fn render(
    engine: &Engine,
    options: &EscrowOptions,
    notice: Notice,
    from: Address,
    to: Address,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let domain = from.domain().as_str().to_owned();
    let mut message = Message::builder()
        .from(from)
        .sender_name(&options.organisation)
        .to(Recipient::new(to))
        .subject(notice.subject)
        .text(notice.text)
        .html(notice.html)
        // RFC 3834: no out-of-office reply to a machine's mail.
        .header("Auto-Submitted", "auto-generated")
        // The same for Exchange, which asks for this one.
        .header("X-Auto-Response-Suppress", "All");
    if let Some(address) = &options.notice_reply_to {
        message = message.reply_to(address.clone());
    }
    let message = message.build()?;
    let id = format!("{}@{domain}", MessageId::make_random());
    let copy = Copy::new(Visible::Only(RecipientId::new(0)), engine.clock.now(), id);
    let rendered = message.render(&copy)?;
    Ok(Zeroizing::new(rendered.into_bytes().into_inner()))
}
