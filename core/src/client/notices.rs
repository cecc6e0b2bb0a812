//! The escrow rung: the message is sealed away, and a notice takes its place.

use zeroize::Zeroizing;

use super::builder::EscrowOptions;
use super::engine::{Engine, Made};
use crate::audit::EventKind;
use crate::base::{
    Address, FactorLevel, MessageId, Passkey, Phi, Recipient, RecipientId, Route, Secret,
};
use crate::compose::{Copy, Message, Visible};
use crate::error::{Error, PlanError};
use crate::escrow::contact;
use crate::escrow::{Draft, GrantDraft, Notice, NoticeDraft, PasscodePlan};
use crate::outbox::CopyRecord;
use crate::policy::Rung;

/// What of the known of a recipient can be asked for at a pickup. What cannot
/// be such a thing, like a blank number out of a form, counts as not known.
pub(super) struct Usable<'a> {
    pub(super) phone: Option<&'a Phi<String>>,
    pub(super) totp: Option<&'a Secret<Vec<u8>>>,
    pub(super) passkeys: Vec<&'a Passkey>,
    pub(super) single_sign_on: Option<&'a Phi<String>>,
    passphrase: bool,
}

impl<'a> Usable<'a> {
    pub(super) fn of(recipient: &'a Recipient) -> Self {
        let is_text = |text: &&Phi<String>| contact::is_text(text.expose());
        let seed = recipient.totp_seed();
        let keys = recipient.passkeys().iter();
        let subject = recipient.single_sign_on_subject();
        Self {
            phone: recipient.phone_number().filter(is_text),
            totp: seed.filter(|seed| contact::is_seed(seed.expose())),
            passkeys: keys
                .filter(|key| contact::is_passkey(key))
                .take(contact::MAX_PASSKEYS)
                .collect(),
            single_sign_on: subject.filter(is_text),
            passphrase: recipient.agreed_passphrase().is_some(),
        }
    }

    /// The highest level among them.
    pub(super) fn best_factor(&self) -> Option<FactorLevel> {
        let known = [
            (FactorLevel::P4, !self.passkeys.is_empty()),
            (FactorLevel::P3, self.totp.is_some()),
            (FactorLevel::P3, self.single_sign_on.is_some()),
            (FactorLevel::P2, self.phone.is_some()),
            (FactorLevel::P2, self.passphrase),
        ];
        let best = known.iter().find(|(_, is_known)| *is_known);
        best.map(|(level, _)| *level)
    }
}

/// Seals `message` for the recipient of `record` and writes the notice. What
/// only this step needed leaves the record.
pub(super) async fn make(
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
    let grant = grant(engine, record, floor, &to);
    let expires = engine.clock.now().plus(options.lifetime);
    let draft = Draft::new(message, expires, vec![grant]).message_id(record.message);
    let mut prepared = escrow.prepare(draft).await?;
    let Some(made) = prepared.grants.pop() else {
        return Err(PlanError::NoEscrow.into());
    };
    record.grant = Some(made.grant);
    let mut notice = NoticeDraft::new(&options.organisation, &made, expires);
    notice.contact = options.contact.clone();
    notice.logo = options.logo.clone();
    let notice = Notice::render(&notice)?;
    let from = match (&options.notice_from, record.sender.as_deref()) {
        (Some(address), _) => address.clone(),
        (None, Some(sender)) => sender.parse()?,
        (None, None) => return Err(Error::Config("notices need a sender address")),
    };
    let mail = Mail {
        subject: notice.subject,
        text: notice.text,
        html: notice.html,
    };
    let body = render(engine, options, mail, from, to)?;
    let mut ops = std::mem::take(&mut prepared.ops);
    let created = engine.event(EventKind::EscrowCreated, record)?;
    ops.push(engine.audit.entry(&created.item(prepared.item)));
    Ok(Made {
        body: Some(body),
        ops,
        passcode: made.passcode.clone(),
    })
}

/// The grant, with all that the recipient can be asked for.
fn grant(engine: &Engine, record: &mut CopyRecord, floor: FactorLevel, to: &Address) -> GrantDraft {
    let mut grant = GrantDraft::new(record.recipient, floor)
        .audit_tag(engine.audit.address_tag(to))
        .email(to.clone())
        .language(record.language)
        .passkeys(std::mem::take(&mut record.passkeys));
    grant.totp = record.totp.take().map(Secret::new);
    grant.single_sign_on = record.single_sign_on.take().map(Phi::new);
    // Without a channel nobody sends a code there.
    grant.phone = match engine.codes {
        Some(_) => record.phone.clone().map(Phi::new),
        None => None,
    };
    let has_more =
        grant.totp.is_some() || grant.single_sign_on.is_some() || !grant.passkeys.is_empty();
    match record.passphrase.take() {
        Some(passphrase) => grant.passphrase(Secret::new(passphrase)),
        None if has_more => grant,
        // Nothing else was agreed: a code that the sender tells, or the host's
        // channel sends.
        None => grant.passcode(PasscodePlan::Make),
    }
}

/// What the client itself writes to a recipient.
pub(super) struct Mail {
    pub(super) subject: String,
    pub(super) text: Phi<String>,
    pub(super) html: Phi<String>,
}

/// A mail in the organisation's name, as it travels.
pub(super) fn render(
    engine: &Engine,
    options: &EscrowOptions,
    mail: Mail,
    from: Address,
    to: Address,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let domain = from.domain().as_str().to_owned();
    let mut message = Message::builder()
        .from(from)
        .sender_name(&options.organisation)
        .to(Recipient::new(to))
        .subject(mail.subject)
        .text(mail.text)
        .html(mail.html)
        // RFC 3834: no out-of-office reply to a machine's mail.
        .header("Auto-Submitted", "auto-generated")
        // The same for Exchange, which asks for this one.
        .header("X-Auto-Response-Suppress", "All");
    if let Some(address) = &options.notice_reply_to {
        message = message.reply_to(address.clone());
    }
    if let Some(logo) = &options.logo {
        message = message.inline_image(logo.content_id(), logo.media_type(), logo.bytes().to_vec());
    }
    let message = message.build()?;
    let id = format!("{}@{domain}", MessageId::make_random());
    let copy = Copy::new(Visible::Only(RecipientId::new(0)), engine.clock.now(), id);
    let rendered = message.render(&copy)?;
    Ok(Zeroizing::new(rendered.into_bytes().into_inner()))
}
