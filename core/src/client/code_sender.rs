//! The codes of the pickup page, where the host has no sender of its own: by
//! mail over the client's transport, by SMS through the host's channel.
//!
//! A code is sent once, while the visitor waits: it goes into no outbox, is not
//! tried again and not recorded, and nothing of the mail is kept. The page lets
//! the visitor ask for another.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::builder::EscrowOptions;
use super::engine::Engine;
use super::notices::{Mail, render};
use crate::base::{Address, Language, Phi, Secret};
use crate::deliver::{Barrier, BarrierError, Delivery, Envelope, Job, Requirement};
use crate::error::Error;
use crate::escrow::{CodeDraft, CodeMail};
use crate::portal::{CodeChannelError, CodeKind, CodeSender};

/// Sends codes as the client is configured to.
pub(super) struct ClientCodes(pub(super) Arc<Engine>);

impl fmt::Debug for ClientCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCodes")
    }
}

#[async_trait]
impl CodeSender for ClientCodes {
    fn sends(&self, kind: CodeKind) -> bool {
        match kind {
            CodeKind::Email => self.from().is_some(),
            CodeKind::Sms => self.0.codes.is_some(),
        }
    }

    async fn send(
        &self,
        kind: CodeKind,
        to: &Phi<String>,
        code: &Secret<String>,
        language: Language,
    ) -> Result<(), CodeChannelError> {
        match (kind, &self.0.codes) {
            (CodeKind::Email, _) => match self.mail(to, code, language).await {
                Ok(Delivery::Accepted) => Ok(()),
                Ok(_) => Err(CodeChannelError),
                Err(error) => {
                    tracing::warn!(code = error.code(), "a mail with a code could not be made");
                    Err(CodeChannelError)
                }
            },
            (CodeKind::Sms, Some(channel)) => {
                let sent = channel.send_code(to, code).await;
                sent.map_err(|_| CodeChannelError)
            }
            (CodeKind::Sms, None) => Err(CodeChannelError),
        }
    }
}

impl ClientCodes {
    /// What mails with codes are made of, and whom they are from.
    fn from(&self) -> Option<(&EscrowOptions, &Address)> {
        let (_, options) = self.0.escrow.as_ref()?;
        Some((options, options.notice_from.as_ref()?))
    }

    /// Makes the mail and tries once to deliver it.
    async fn mail(
        &self,
        to: &Phi<String>,
        code: &Secret<String>,
        language: Language,
    ) -> Result<Delivery, Error> {
        let engine = &*self.0;
        let (options, from) = self.from().ok_or(Error::Config(
            "mails with codes need EscrowOptions::notice_from",
        ))?;
        let to: Address = to.expose().parse()?;
        let mut draft = CodeDraft::new(&options.organisation, code.clone(), language);
        draft.contact = options.contact.clone();
        draft.logo = options.logo.clone();
        let mail = CodeMail::render(&draft)?;
        let mail = Mail {
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
        };
        let body = render(engine, options, mail, from.clone(), to.clone())?;
        let Some((hop, _)) = engine.hop(&to).await.proven().cloned() else {
            return Ok(Delivery::Deferred);
        };
        let envelope = Envelope::new(Some(from.clone()), vec![to]);
        let requirement = Requirement::at_least(engine.policy.code_floor());
        let job = Job {
            envelope: &envelope,
            message: &body,
            hop: &hop,
            requirement: &requirement,
        };
        let attempt = engine.transport.deliver(job, &Unrecorded).await.pop();
        // A transport that answers for nobody has not said that it has it.
        Ok(attempt.map_or(Delivery::Unknown, |attempt| attempt.delivery))
    }
}

/// A mail that is never sent again needs no record of how far it came.
struct Unrecorded;

#[async_trait]
impl Barrier for Unrecorded {
    async fn before_final_dot(&self) -> Result<(), BarrierError> {
        Ok(())
    }
}
