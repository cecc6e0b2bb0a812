//! The portal of a client's escrow.

use std::sync::Arc;

use super::Client;
use super::code_sender::ClientCodes;
use crate::base::Sensitivity;
use crate::compose::{Attachment, Message};
use crate::dlp::Scanner;
use crate::error::Error;
use crate::escrow::Reply;
use crate::portal::{CodeKind, CodeSender as _, LogoType, Portal, PortalBuilder};

impl Client {
    /// The pickup page of this client's escrow, with the organisation's name,
    /// contact and logo; replies are read by the client's scanner. `None` where
    /// the client was built without an escrow.
    ///
    /// Unless the host gives a sender of its own
    /// ([`PortalBuilder::code_sender`]), codes are sent by the client: by mail
    /// over its transport, from [`EscrowOptions::notice_from`], and by SMS
    /// through its [`CodeChannel`]. What of the two is not there is not offered.
    /// A page needs a contact: where [`EscrowOptions::contact`] gives none, the
    /// builder is to be given one.
    ///
    /// [`EscrowOptions::contact`]: super::EscrowOptions::contact
    /// [`EscrowOptions::notice_from`]: super::EscrowOptions::notice_from
    /// [`CodeChannel`]: super::CodeChannel
    pub fn portal(&self) -> Option<PortalBuilder> {
        let (escrow, options) = self.engine.escrow.as_ref()?;
        let scanner = Arc::clone(&self.engine.scanner);
        let scan = move |reply: &Reply| scan(&*scanner, reply).unwrap_or(Sensitivity::Phi);
        let codes = ClientCodes(Arc::clone(&self.engine));
        if !codes.sends(CodeKind::Email) {
            tracing::debug!("no notice_from: the client sends no codes by e-mail");
        }
        let mut builder = Portal::builder(escrow.clone())
            .organisation(&options.organisation)
            .code_sender(codes);
        if let Some(contact) = &options.contact {
            builder = builder.contact(contact);
        }
        if let Some(logo) = &options.logo {
            let kind = match logo.media_type() {
                "image/png" => LogoType::Png,
                "image/jpeg" => LogoType::Jpeg,
                _ => LogoType::Gif,
            };
            builder = builder.logo(kind, logo.bytes());
        }
        Some(builder.scan(Arc::new(scan)))
    }
}

/// What the scanner makes of a reply; where it does not judge, and where the
/// reply is no message, it is taken for protected.
fn scan(scanner: &dyn Scanner, reply: &Reply) -> Result<Sensitivity, Error> {
    let mut message = Message::builder()
        .from("visitor@portal.invalid".parse()?)
        .to("host@portal.invalid".parse::<crate::base::Address>()?)
        .subject(reply.subject.expose().as_str())
        .text(reply.text.expose().as_str());
    for file in &reply.attachments {
        // The scanner tells files by their content.
        let whole = ["multipart/", "message/"];
        let kind = match whole.iter().any(|kind| file.media_type.starts_with(kind)) {
            true => "application/octet-stream",
            false => &file.media_type,
        };
        let name = file.name.expose().as_str();
        message = message.attachment(Attachment::new(name, kind, file.bytes.clone()));
    }
    let findings = scanner.scan(&message.build()?);
    Ok(findings.sensitivity().unwrap_or(Sensitivity::Phi))
}
