//! Messages: parsed, composed, and what the host says of them.

use std::sync::Arc;

use mailseal::Error;
use mailseal::base;
use mailseal::compose::{
    self, Builder, ComposeError, HasRecipient, HasSender, Limits, NoRecipient,
};

use crate::convert::{Phi, count};
use crate::error::Result;
use crate::types::{Confirmation, Recipient};
use crate::words::{Disclosure, Sensitivity};

/// The bytes of a file, wiped in the end.
struct Content(base::Phi<Vec<u8>>);

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// A file that goes with a message. Its bytes are copied once, from where the
/// host language has them, however many messages it goes with.
#[derive(Debug, uniffi::Object)]
pub(crate) struct NativeAttachment(compose::Attachment);

#[uniffi::export]
impl NativeAttachment {
    /// `name` should hold no PHI; `media_type` is `application/pdf`,
    /// `text/csv; charset=utf-8`.
    #[uniffi::constructor]
    fn new(name: Phi, media_type: String, content: &[u8]) -> Self {
        let content = Content(base::Phi::new(content.to_vec()));
        Self(compose::Attachment::shared(
            name.0,
            media_type,
            Arc::new(content),
        ))
    }
}

/// The fields of a message. Names, text and HTML may hold PHI; the subject
/// should not.
#[derive(Debug, uniffi::Record)]
pub(crate) struct NativeFields {
    /// The author's address.
    sender: Phi,
    /// Recipients.
    #[uniffi(default)]
    to: Vec<Phi>,
    /// Recipients of copies.
    #[uniffi(default)]
    cc: Vec<Phi>,
    /// Recipients whom nobody else sees.
    #[uniffi(default)]
    bcc: Vec<Phi>,
    /// The subject.
    #[uniffi(default = None)]
    subject: Option<Phi>,
    /// The text.
    #[uniffi(default = None)]
    text: Option<Phi>,
    /// The same as HTML.
    #[uniffi(default = None)]
    html: Option<Phi>,
    /// Files.
    #[uniffi(default)]
    attachments: Vec<Arc<NativeAttachment>>,
    /// More header fields.
    #[uniffi(default)]
    headers: Vec<NativeHeader>,
    /// The author's name.
    #[uniffi(default = None)]
    sender_name: Option<Phi>,
    /// Where answers go.
    #[uniffi(default = None)]
    reply_to: Option<Phi>,
}

/// A header field.
#[derive(Debug, uniffi::Record)]
pub(crate) struct NativeHeader {
    /// Its name.
    name: String,
    /// Its value.
    value: Phi,
}

/// What the host says of a message beside its content.
#[derive(Debug, Default, uniffi::Record)]
pub(crate) struct NativeMarks {
    /// It is at least so sensitive.
    #[uniffi(default = None)]
    declare: Option<Sensitivity>,
    /// The host knows that it holds no PHI, and why; this is recorded.
    #[uniffi(default = None)]
    assert_no_phi: Option<Phi>,
    /// Whom it goes to: the policy's rules may ask.
    #[uniffi(default = None)]
    audience: Option<String>,
    /// The sender asked for protection.
    #[uniffi(default = false)]
    secure: bool,
    /// Whether recipients see each other.
    #[uniffi(default = None)]
    disclosure: Option<Disclosure>,
    /// Recipients who look like the wrong ones, and are not.
    #[uniffi(default)]
    confirm: Vec<Confirmation>,
    /// What is known of recipients.
    #[uniffi(default)]
    recipients: Vec<Recipient>,
    /// A second message with the same key is not sent: the first one's receipt
    /// is given again.
    #[uniffi(default = None)]
    idempotency_key: Option<String>,
}

/// A message ready to be scanned or planned. Immutable.
#[derive(uniffi::Object)]
pub(crate) struct NativeMessage(pub(crate) compose::Message);

fn limits(max_bytes: Option<i64>) -> Limits {
    let limit = max_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    limit.map_or_else(Limits::default, |bytes| {
        Limits::default().message_bytes(bytes)
    })
}

#[uniffi::export]
impl NativeMessage {
    /// Reads RFC 5322. `max_bytes` is 160 MiB where it is left out.
    #[uniffi::constructor(default(max_bytes = None))]
    fn parse(raw: &[u8], max_bytes: Option<i64>) -> Result<Self> {
        Ok(Self(compose::Message::parse_with(raw, &limits(max_bytes))?))
    }

    /// A text alone, to be scanned: it goes from nobody to nobody.
    #[uniffi::constructor]
    fn from_text(text: Phi) -> Result<Self> {
        Ok(Self(compose::Message::from_text(text)?))
    }

    /// Builds a message. `max_bytes` is 160 MiB where it is left out.
    #[uniffi::constructor(default(max_bytes = None))]
    fn compose(fields: NativeFields, max_bytes: Option<i64>) -> Result<Self> {
        let mut builder = compose::Message::builder()
            .from(fields.sender.address()?)
            .limits(limits(max_bytes));
        if let Some(name) = fields.sender_name {
            builder = builder.sender_name(name.0);
        }
        if let Some(address) = fields.reply_to {
            builder = builder.reply_to(address.address()?);
        }
        if let Some(subject) = fields.subject {
            builder = builder.subject(subject.0);
        }
        if let Some(text) = fields.text {
            builder = builder.text(text);
        }
        if let Some(html) = fields.html {
            builder = builder.html(html);
        }
        for header in fields.headers {
            builder = builder.header(header.name, header.value.0);
        }
        for attachment in fields.attachments {
            builder = builder.attachment(attachment.0.clone());
        }
        let mut recipients = Vec::new();
        for (role, list) in [
            (base::Role::To, fields.to),
            (base::Role::Cc, fields.cc),
            (base::Role::Bcc, fields.bcc),
        ] {
            for address in list {
                recipients.push((role, base::Recipient::new(address.address()?)));
            }
        }
        Ok(Self(addressed(builder, recipients)?.build()?))
    }

    /// The same message with what the host says of it.
    fn marked(&self, marks: NativeMarks) -> Result<Self> {
        Ok(Self(marks.apply(self.0.clone())?))
    }

    /// Bytes as parsed or built, all headers included.
    fn size(&self) -> i64 {
        count(self.0.size())
    }

    /// The author's address.
    fn sender(&self) -> Phi {
        self.0.sender().into()
    }

    /// The addresses in the order To, Cc, Bcc, each once. A recipient's id is
    /// an index into it.
    fn recipients(&self) -> Vec<Phi> {
        self.0
            .recipients()
            .iter()
            .map(|(_, r)| r.address().into())
            .collect()
    }

    /// The subject, decoded; empty where there is none.
    fn subject(&self) -> Phi {
        Phi(self.0.subject().to_owned())
    }
}

/// The builder asks for a recipient before it builds.
fn addressed(
    builder: Builder<HasSender, NoRecipient>,
    recipients: Vec<(base::Role, base::Recipient)>,
) -> std::result::Result<Builder<HasSender, HasRecipient>, Error> {
    use base::Role;
    let mut rest = recipients.into_iter();
    let mut builder = match rest.next() {
        Some((Role::To, first)) => builder.to(first),
        Some((Role::Cc, first)) => builder.cc(first),
        Some((Role::Bcc, first)) => builder.bcc(first),
        None => return Err(ComposeError::NoRecipients.into()),
    };
    for (role, recipient) in rest {
        builder = match role {
            Role::To => builder.to(recipient),
            Role::Cc => builder.cc(recipient),
            Role::Bcc => builder.bcc(recipient),
        };
    }
    Ok(builder)
}

impl NativeMarks {
    pub(crate) fn apply(self, mut message: compose::Message) -> Result<compose::Message> {
        for details in self.recipients {
            let mut recipient = base::Recipient::new(details.address.address()?);
            if let Some(name) = details.name {
                recipient = recipient.name(name.0);
            }
            if let Some(phone) = details.phone {
                recipient = recipient.phone(phone.0);
            }
            if let Some(passphrase) = details.passphrase {
                recipient = recipient.passphrase(base::Secret::from(passphrase));
            }
            message = message.with_recipient_details(recipient)?;
        }
        if let Some(sensitivity) = self.declare {
            message = message.declare(sensitivity.into());
        }
        if let Some(reason) = self.assert_no_phi {
            message = message.assert_no_phi(reason.0)?;
        }
        if let Some(audience) = self.audience {
            message = message.with_audience(audience);
        }
        if let Some(disclosure) = self.disclosure {
            message = message.with_disclosure(disclosure.into());
        }
        for confirmation in self.confirm {
            let address = confirmation.address.address()?;
            message = message.confirm_recipient(&address, confirmation.reason.0)?;
        }
        if let Some(key) = self.idempotency_key {
            message = message.with_idempotency_key(key);
        }
        // What was asked for before stays asked for.
        let secure = self.secure || message.secure_requested();
        Ok(message.marker_secure(secure))
    }
}
