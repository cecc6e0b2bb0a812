//! A message with its recipients and what the host said of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::header::{self, Head};
use super::mailbox::{self, ListError};
use super::mime::Structure;
use super::{Builder, ComposeError, Limits, NoRecipient, NoSender, ScanPart, guard};
use crate::base::{Address, Disclosure, Phi, Recipient, Role, Sensitivity};

/// What the host says of a message, beside its content.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    pub(super) declared: Option<Sensitivity>,
    pub(super) no_phi_reason: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) secure: bool,
    pub(super) disclosure: Disclosure,
    pub(super) idempotency_key: Option<String>,
    /// Recipients whom the host vouches for, and why.
    pub(super) confirmed: Vec<(Address, String)>,
}

/// A message ready to be planned: built, or parsed from RFC 5322.
///
/// `Debug` shows sizes only. A clone shares the content.
#[derive(Clone)]
pub struct Message {
    pub(super) raw: Arc<Phi<Vec<u8>>>,
    pub(super) head: Arc<Head>,
    pub(super) structure: Arc<Structure>,
    pub(super) eight_bit: bool,
    sender: Address,
    recipients: Vec<(Role, Recipient)>,
    subject: String,
    pub(super) marks: Marks,
}

impl Message {
    /// Begins a new message.
    pub fn builder() -> Builder<NoSender, NoRecipient> {
        Builder::new()
    }

    /// Reads RFC 5322 within the default [`Limits`].
    ///
    /// The recipients are those of To, Cc and Bcc. All lines must end with
    /// CRLF, or all with LF (as files on disk do; they are converted).
    pub fn parse(raw: &[u8]) -> Result<Self, ComposeError> {
        Self::parse_with(raw, &Limits::default())
    }

    /// Reads RFC 5322 within limits of one's own.
    pub fn parse_with(raw: &[u8], limits: &Limits) -> Result<Self, ComposeError> {
        too_large(raw.len(), limits)?;
        Self::read(Phi::new(guard::lines(raw)?.into_owned()), limits)
    }

    /// The same of bytes that are given away: they are not copied where their
    /// lines end with CRLF.
    pub fn parse_owned(
        raw: impl Into<Phi<Vec<u8>>>,
        limits: &Limits,
    ) -> Result<Self, ComposeError> {
        let raw = raw.into();
        too_large(raw.expose().len(), limits)?;
        let converted = match guard::lines(raw.expose())? {
            Cow::Borrowed(_) => None,
            Cow::Owned(crlf) => Some(Phi::new(crlf)),
        };
        Self::read(converted.unwrap_or(raw), limits)
    }

    /// Reads lines that were looked at.
    fn read(raw: Phi<Vec<u8>>, limits: &Limits) -> Result<Self, ComposeError> {
        too_large(raw.expose().len(), limits)?;
        let head = Head::index(raw.expose(), limits)?;
        head.check_utf8(raw.expose(), 0)?;
        check_fields(&head, raw.expose())?;

        let sender = match addresses(&head, raw.expose(), "From")?.as_slice() {
            [] => return Err(ComposeError::MissingHeader { header: "From" }),
            [one] => one.address.clone(),
            _ => return Err(ComposeError::MultipleFrom),
        };
        for header in ["Sender", "Reply-To"] {
            addresses(&head, raw.expose(), header)?;
        }
        let mut recipients = Vec::new();
        for (role, header) in [(Role::To, "To"), (Role::Cc, "Cc"), (Role::Bcc, "Bcc")] {
            for mailbox in addresses(&head, raw.expose(), header)? {
                let mut recipient = Recipient::new(mailbox.address);
                if let Some(name) = mailbox.name {
                    recipient = recipient.name(name);
                }
                recipients.push((role, recipient));
            }
        }
        Self::assemble(raw, head, sender, recipients, Marks::default(), limits)
    }

    /// A text alone, to be scanned: it goes from nobody to nobody, under
    /// addresses of two reserved domains (RFC 6761).
    ///
    /// # Errors
    /// [`ComposeError::Nul`], [`ComposeError::TooLarge`].
    pub fn from_text(text: impl Into<Phi<String>>) -> Result<Self, ComposeError> {
        let nobody = |header, text: &str| {
            let why = |why| ComposeError::Address {
                header,
                index: 0,
                why,
            };
            text.parse::<Address>().map_err(why)
        };
        Self::builder()
            .from(nobody("From", "sender@from.invalid")?)
            .to(nobody("To", "recipient@to.invalid")?)
            .text(text)
            .build()
    }

    /// The common end of building and parsing.
    pub(super) fn assemble(
        raw: Phi<Vec<u8>>,
        head: Head,
        sender: Address,
        recipients: Vec<(Role, Recipient)>,
        marks: Marks,
        limits: &Limits,
    ) -> Result<Self, ComposeError> {
        let recipients = unique(recipients);
        if recipients.is_empty() {
            return Err(ComposeError::NoRecipients);
        }
        if recipients.len() > limits.recipients {
            return Err(ComposeError::TooManyRecipients {
                count: recipients.len(),
                limit: limits.recipients,
            });
        }
        for (address, _) in &marks.confirmed {
            let known = |(_, r): &(Role, Recipient)| r.address().canonical() == address.canonical();
            if !recipients.iter().any(known) {
                return Err(ComposeError::UnknownRecipient);
            }
        }
        let structure = Structure::walk(raw.expose(), &head, limits)?;
        let subject = head
            .value(raw.expose(), "Subject")
            .map(|s| header::decode(&s))
            .unwrap_or_default();
        Ok(Self {
            eight_bit: !raw.expose()[head.body..].is_ascii(),
            raw: Arc::new(raw),
            head: Arc::new(head),
            structure: Arc::new(structure),
            sender,
            recipients,
            subject,
            marks,
        })
    }

    /// The author: the one address of From.
    pub fn sender(&self) -> &Address {
        &self.sender
    }

    /// The text of From, display name and all, decoded.
    pub(crate) fn sender_text(&self) -> String {
        self.head
            .value(self.raw.expose(), "From")
            .map(|s| header::decode(&s))
            .unwrap_or_default()
    }

    /// The recipients in the order To, Cc, Bcc, each address once. A
    /// [`RecipientId`](crate::base::RecipientId) is an index into it.
    pub fn recipients(&self) -> &[(Role, Recipient)] {
        &self.recipients
    }

    /// The addresses for `RCPT TO`, in the order of [`Self::recipients`].
    pub fn envelope_recipients(&self) -> impl Iterator<Item = &Address> {
        self.recipients.iter().map(|(_, r)| r.address())
    }

    /// The subject, decoded; empty where there is none.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether the subject holds `marker`, such as `[secure]`, in any case.
    pub fn subject_marker(&self, marker: &str) -> bool {
        find_marker(&self.subject, marker).is_some()
    }

    /// The subject without `marker`, for [`Copy::subject`](super::Copy::subject);
    /// `None` where it does not hold it.
    pub fn subject_without(&self, marker: &str) -> Option<String> {
        let mut rest = self.subject.clone();
        while let Some(at) = find_marker(&rest, marker) {
            rest.replace_range(at..at + marker.len(), " ");
        }
        (rest != self.subject).then(|| rest.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// What a scanner reads: subject, text, HTML, attachments with their
    /// names, free header fields, what stands around MIME parts, and last what
    /// address fields say beside addresses, a line a name. Not read are
    /// addresses and fields of programs, such as Message-ID, References and
    /// Received: their numbers are nobody's.
    pub fn parts(&self) -> Vec<ScanPart<'_>> {
        self.structure.parts(self.raw.expose())
    }

    /// Bytes as parsed or built, all headers included.
    pub fn size(&self) -> usize {
        self.raw.expose().len()
    }

    /// The sensitivity that the host declared.
    pub fn declared(&self) -> Option<Sensitivity> {
        self.marks.declared
    }

    /// Why the host asserts that the message holds no PHI, if it does.
    pub fn no_phi_reason(&self) -> Option<&str> {
        self.marks.no_phi_reason.as_deref()
    }

    /// Why the host vouches that the message is meant for this recipient, if
    /// it does.
    pub fn confirmation(&self, recipient: &Address) -> Option<&str> {
        let of = |(address, _): &&(Address, String)| address.canonical() == recipient.canonical();
        let found = self.marks.confirmed.iter().find(of);
        found.map(|(_, reason)| reason.as_str())
    }

    /// What the host knows of the list or segment the message goes to.
    pub fn audience(&self) -> Option<&str> {
        self.marks.audience.as_deref()
    }

    /// Whether the host asked for protection whatever the content.
    pub fn secure_requested(&self) -> bool {
        self.marks.secure
    }

    /// Whether the recipients may see each other.
    pub fn disclosure(&self) -> Disclosure {
        self.marks.disclosure
    }

    /// The key under which a second `send` of this message is recognised.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.marks.idempotency_key.as_deref()
    }

    /// Adds what the host knows (phone, passphrase, name) to the recipient of
    /// the same address.
    pub fn with_recipient_details(mut self, details: Recipient) -> Result<Self, ComposeError> {
        let known = self
            .recipients
            .iter_mut()
            .find(|(_, r)| r.address().canonical() == details.address().canonical())
            .ok_or(ComposeError::UnknownRecipient)?;
        let mut merged = details;
        if merged.display_name().is_none()
            && let Some(name) = known.1.display_name()
        {
            merged = merged.name(name.expose().clone());
        }
        if let Some(name) = merged.display_name() {
            guard::single_line("display name", name.expose(), guard::MAX_VALUE)?;
        }
        if let Some(name) = merged.display_name()
            && known.1.display_name() != Some(name)
            && known.0 != Role::Bcc
        {
            Arc::make_mut(&mut self.structure).recipient_named(name.expose());
        }
        // The address stays as the message spells it.
        let mut recipient = Recipient::new(known.1.address().clone());
        if let Some(name) = merged.display_name() {
            recipient = recipient.name(name.expose().clone());
        }
        if let Some(phone) = merged.phone_number() {
            recipient = recipient.phone(phone.expose().clone());
        }
        if let Some(passphrase) = merged.agreed_passphrase() {
            recipient = recipient.passphrase(passphrase.clone());
        }
        known.1 = recipient;
        Ok(self)
    }

    /// Declares the sensitivity; it only raises what the scanner finds.
    #[must_use]
    pub fn declare(mut self, sensitivity: Sensitivity) -> Self {
        self.marks.declared = Some(sensitivity);
        self
    }

    /// Asserts that the message holds no PHI. The reason is recorded.
    pub fn assert_no_phi(mut self, reason: impl Into<String>) -> Result<Self, ComposeError> {
        self.marks.no_phi_reason = Some(checked_reason(reason.into())?);
        Ok(self)
    }

    /// Vouches that the message is meant for this recipient, although the
    /// address looks like the wrong one. The reason is recorded.
    ///
    /// # Errors
    /// [`ComposeError::UnknownRecipient`], [`ComposeError::EmptyReason`].
    pub fn confirm_recipient(
        mut self,
        recipient: &Address,
        reason: impl Into<String>,
    ) -> Result<Self, ComposeError> {
        let reason = checked_reason(reason.into())?;
        let known = |(_, r): &(Role, Recipient)| r.address().canonical() == recipient.canonical();
        if !self.recipients.iter().any(known) {
            return Err(ComposeError::UnknownRecipient);
        }
        self.marks.confirmed.push((recipient.clone(), reason));
        Ok(self)
    }

    /// Says what the list or segment is that the message goes to.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.marks.audience = Some(audience.into());
        self
    }

    /// Asks for protection whatever the content, like `[secure]` in a subject.
    #[must_use]
    pub fn marker_secure(mut self, secure: bool) -> Self {
        self.marks.secure = secure;
        self
    }

    /// Says whether the recipients may see each other.
    #[must_use]
    pub fn with_disclosure(mut self, disclosure: Disclosure) -> Self {
        self.marks.disclosure = disclosure;
        self
    }

    /// Sets the key under which a second `send` is recognised.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.marks.idempotency_key = Some(key.into());
        self
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("size", &self.size())
            .field("recipients", &self.recipients.len())
            .finish_non_exhaustive()
    }
}

pub(super) fn checked_reason(reason: String) -> Result<String, ComposeError> {
    if reason.trim().is_empty() {
        return Err(ComposeError::EmptyReason);
    }
    Ok(reason)
}

pub(super) fn too_large(size: usize, limits: &Limits) -> Result<(), ComposeError> {
    if size > limits.message_bytes {
        return Err(ComposeError::TooLarge {
            size,
            limit: limits.message_bytes,
        });
    }
    Ok(())
}

/// To before Cc before Bcc; an address that stands twice counts where it stands first.
fn unique(mut recipients: Vec<(Role, Recipient)>) -> Vec<(Role, Recipient)> {
    recipients.sort_by_key(|(role, _)| match role {
        Role::To => 0,
        Role::Cc => 1,
        Role::Bcc => 2,
    });
    let mut seen = std::collections::HashSet::new();
    recipients.retain(|(_, r)| seen.insert(r.address().clone()));
    recipients
}

fn find_marker(subject: &str, marker: &str) -> Option<usize> {
    // A blank one would be found again in what replaces it.
    if marker.trim().is_empty() {
        return None;
    }
    let (text, marker) = (subject.as_bytes(), marker.as_bytes());
    // A match on bytes of UTF-8 begins at a character: the marker's first byte does.
    text.windows(marker.len())
        .position(|w| w.eq_ignore_ascii_case(marker))
}

/// Fields that may stand once (RFC 5322 section 3.6, RFC 2045).
const SINGLE: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "Date",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
    "Content-Description",
];

fn check_fields(head: &Head, raw: &[u8]) -> Result<(), ComposeError> {
    for header in SINGLE {
        if head.named(raw, header).count() > 1 {
            return Err(ComposeError::DuplicateHeader { header });
        }
    }
    let resent = |name: &[u8]| {
        name.get(..7)
            .is_some_and(|p| p.eq_ignore_ascii_case(b"resent-"))
    };
    if head.fields.iter().any(|f| resent(f.name(raw))) {
        return Err(ComposeError::Resent);
    }
    Ok(())
}

fn addresses(
    head: &Head,
    raw: &[u8],
    header: &'static str,
) -> Result<Vec<mailbox::Mailbox>, ComposeError> {
    let Some(value) = head.value(raw, header) else {
        return Ok(Vec::new());
    };
    mailbox::parse_list(&value).map_err(|e| match e {
        ListError::Syntax => ComposeError::AddressSyntax { header },
        ListError::Address(index, why) => ComposeError::Address { header, index, why },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "From: a@x.example\r\nTo: b@x.example\r\n\r\nHello\r\n";

    #[test]
    fn bytes_that_are_given_away_are_not_copied() {
        let given = Phi::new(MAIL.as_bytes().to_vec());
        let at = given.expose().as_ptr();
        let message = Message::parse_owned(given, &Limits::default()).unwrap();
        assert_eq!(message.raw.expose().as_ptr(), at);
        // Those of a file on disk are converted, as by `parse`.
        let file = MAIL.replace("\r\n", "\n").into_bytes();
        let message = Message::parse_owned(file, &Limits::default()).unwrap();
        assert_eq!(message.raw.expose(), MAIL.as_bytes());
        let small = Limits::default().message_bytes(MAIL.len() - 1);
        let refused = Message::parse_owned(MAIL.as_bytes().to_vec(), &small).unwrap_err();
        assert_eq!(refused.code(), "compose.too_large");
    }
}
