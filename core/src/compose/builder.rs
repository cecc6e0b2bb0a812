//! Building a message from fields, over mail-builder.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use data_encoding::{BASE64_MIME, HEXLOWER};
use mail_builder::headers::Header as _;
use mail_builder::headers::address::Address as MailAddress;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use mail_builder::writer::Writer;

use super::header::Head;
use super::inline::{self, InlineImage};
use super::message::{Marks, Message, checked_reason, too_large};
use super::{ComposeError, Limits, guard};
use crate::base::{Address, Disclosure, Phi, Recipient, Role, Sensitivity, crypto};

/// The builder has no sender yet.
#[derive(Debug, Clone, Copy)]
pub struct NoSender;
/// The builder has its sender.
#[derive(Debug, Clone, Copy)]
pub struct HasSender;
/// The builder has no recipient yet.
#[derive(Debug, Clone, Copy)]
pub struct NoRecipient;
/// The builder has at least one recipient.
#[derive(Debug, Clone, Copy)]
pub struct HasRecipient;

/// A file that goes with a message. Its content may be PHI; its name travels
/// in clear under some routes and should not be.
#[derive(Clone)]
pub struct Attachment {
    name: String,
    media_type: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Owned(Phi<Vec<u8>>),
    Shared(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes.expose(),
            Self::Shared(bytes) => (**bytes).as_ref(),
        }
    }
}

impl Attachment {
    /// A file of this name and media type (`application/pdf`,
    /// `text/csv; charset=utf-8`). `multipart/*` and `message/*` are refused.
    pub fn new(
        name: impl Into<String>,
        media_type: impl Into<String>,
        content: impl Into<Phi<Vec<u8>>>,
    ) -> Self {
        Self {
            name: name.into(),
            media_type: media_type.into(),
            content: Content::Owned(content.into()),
        }
    }

    /// The same over bytes that somebody else holds and wipes, a host language's
    /// runtime or a mapped file: they are read once, when the message is built,
    /// and not copied before.
    pub fn shared(
        name: impl Into<String>,
        media_type: impl Into<String>,
        content: Arc<dyn AsRef<[u8]> + Send + Sync>,
    ) -> Self {
        Self {
            name: name.into(),
            media_type: media_type.into(),
            content: Content::Shared(content),
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("size", &self.content.bytes().len())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Default)]
struct Fields {
    from: Option<Address>,
    sender_name: Option<String>,
    reply_to: Option<Address>,
    recipients: Vec<(Role, Recipient)>,
    subject: Option<String>,
    headers: Vec<(String, String)>,
    text: Option<Phi<String>>,
    html: Option<Phi<String>>,
    images: Vec<InlineImage>,
    attachments: Vec<Attachment>,
    marks: Marks,
    limits: Limits,
}

/// Gathers a message. `build` exists once there is a sender and a recipient:
///
/// ```compile_fail
/// use mailseal::compose::Message;
/// let _ = Message::builder().subject("Your visit").build(); // from whom, to whom?
/// ```
pub struct Builder<S, R> {
    fields: Box<Fields>,
    state: PhantomData<(S, R)>,
}

impl Builder<NoSender, NoRecipient> {
    pub(super) fn new() -> Self {
        Self {
            fields: Box::default(),
            state: PhantomData,
        }
    }
}

impl<R> Builder<NoSender, R> {
    /// The author, in whose name and under whose policy the message goes.
    #[must_use]
    pub fn from(self, address: Address) -> Builder<HasSender, R> {
        self.with(|f| f.from = Some(address))
    }
}

impl<S, R> Builder<S, R> {
    fn with<S2, R2>(mut self, change: impl FnOnce(&mut Fields)) -> Builder<S2, R2> {
        change(&mut self.fields);
        Builder {
            fields: self.fields,
            state: PhantomData,
        }
    }

    /// The author's display name.
    #[must_use]
    pub fn sender_name(self, name: impl Into<String>) -> Self {
        self.with(|f| f.sender_name = Some(name.into()))
    }

    /// A recipient in `To:`.
    #[must_use]
    pub fn to(self, recipient: impl Into<Recipient>) -> Builder<S, HasRecipient> {
        self.with(|f| f.recipients.push((Role::To, recipient.into())))
    }

    /// A recipient in `Cc:`.
    #[must_use]
    pub fn cc(self, recipient: impl Into<Recipient>) -> Builder<S, HasRecipient> {
        self.with(|f| f.recipients.push((Role::Cc, recipient.into())))
    }

    /// A recipient whom no copy names.
    #[must_use]
    pub fn bcc(self, recipient: impl Into<Recipient>) -> Builder<S, HasRecipient> {
        self.with(|f| f.recipients.push((Role::Bcc, recipient.into())))
    }

    /// Where answers go.
    #[must_use]
    pub fn reply_to(self, address: Address) -> Self {
        self.with(|f| f.reply_to = Some(address))
    }

    /// The subject. It travels in clear under most routes: no PHI here, and a
    /// `Phi<String>` does not go in. Where the scanner finds some all the same,
    /// the policy's [`Guard`](crate::policy::Guard) says what is shown.
    #[must_use]
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.with(|f| f.subject = Some(subject.into()))
    }

    /// The plain text body.
    #[must_use]
    pub fn text(self, text: impl Into<Phi<String>>) -> Self {
        self.with(|f| f.text = Some(text.into()))
    }

    /// The HTML body. With a text beside it, both say the same.
    #[must_use]
    pub fn html(self, html: impl Into<Phi<String>>) -> Self {
        self.with(|f| f.html = Some(html.into()))
    }

    /// An image that the HTML shows as `cid:` and `content_id`, as in
    /// `<img src="cid:logo@harbor.example" alt="…">`. It travels with the HTML,
    /// so that nothing is fetched. The id is `left@right` in letters, digits,
    /// `.`, `-` and `_`; the media type `image/…`, SVG excepted. `build` refuses
    /// others, and images without HTML.
    #[must_use]
    pub fn inline_image(
        self,
        content_id: impl Into<String>,
        media_type: impl Into<String>,
        content: impl Into<Phi<Vec<u8>>>,
    ) -> Self {
        let image = InlineImage {
            content_id: content_id.into(),
            media_type: media_type.into(),
            content: content.into(),
        };
        self.with(|f| f.images.push(image))
    }

    /// A file.
    #[must_use]
    pub fn attachment(self, attachment: Attachment) -> Self {
        self.with(|f| f.attachments.push(attachment))
    }

    /// An extra header such as `List-Unsubscribe`. Fields that mailseal writes
    /// itself (addresses, Date, Message-ID, Content-*, trace and signature
    /// fields) are refused by `build`.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|f| f.headers.push((name.into(), value.into())))
    }

    /// Declares the sensitivity; it only raises what the scanner finds.
    #[must_use]
    pub fn declare(self, sensitivity: Sensitivity) -> Self {
        self.with(|f| f.marks.declared = Some(sensitivity))
    }

    /// Asserts that the message holds no PHI. The reason is recorded.
    #[must_use]
    pub fn assert_no_phi(self, reason: impl Into<String>) -> Self {
        self.with(|f| f.marks.no_phi_reason = Some(reason.into()))
    }

    /// Vouches that the message is meant for this recipient, although the
    /// address looks like the wrong one. The reason is recorded.
    #[must_use]
    pub fn recipient_confirmed(self, recipient: Address, reason: impl Into<String>) -> Self {
        self.with(|f| f.marks.confirmed.push((recipient, reason.into())))
    }

    /// Says what the list or segment is that the message goes to.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.with(|f| f.marks.audience = Some(audience.into()))
    }

    /// Asks for protection whatever the content, like `[secure]` in a subject.
    #[must_use]
    pub fn marker_secure(self, secure: bool) -> Self {
        self.with(|f| f.marks.secure = secure)
    }

    /// [`Self::marker_secure`] with `true`.
    #[must_use]
    pub fn secure(self) -> Self {
        self.marker_secure(true)
    }

    /// Says whether the recipients may see each other; by default they do not.
    #[must_use]
    pub fn disclosure(self, disclosure: Disclosure) -> Self {
        self.with(|f| f.marks.disclosure = disclosure)
    }

    /// Sets the key under which a second `send` of this message is recognised.
    #[must_use]
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        self.with(|f| f.marks.idempotency_key = Some(key.into()))
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        self.with(|f| f.limits = limits)
    }
}

impl Builder<HasSender, HasRecipient> {
    /// Checks everything and composes the message.
    pub fn build(self) -> Result<Message, ComposeError> {
        self.fields.build()
    }
}

impl<S, R> fmt::Debug for Builder<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("recipients", &self.fields.recipients.len())
            .field("attachments", &self.fields.attachments.len())
            .finish_non_exhaustive()
    }
}

/// Fields an extra header may not be: they have methods of their own, belong
/// to the transfer, or name people.
const RESERVED: &[&str] = &[
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "apparently-to",
    "dkim-signature",
    "authentication-results",
    "autocrypt",
];
const RESERVED_PREFIXES: &[&str] = &["content-", "resent-", "arc-"];

impl Fields {
    fn build(mut self) -> Result<Message, ComposeError> {
        self.check()?;
        let sender = self
            .from
            .take()
            .ok_or(ComposeError::MissingHeader { header: "From" })?;
        let limits = self.limits;
        let raw = Phi::new(self.write(&sender));
        too_large(raw.expose().len(), &limits)?;
        guard::lines(raw.expose())?;
        let head = Head::index(raw.expose(), &limits)?;
        let recipients = std::mem::take(&mut self.recipients);
        let marks = std::mem::take(&mut self.marks);
        Message::assemble(raw, head, sender, recipients, marks, &limits)
    }

    fn check(&mut self) -> Result<(), ComposeError> {
        // Before anything is written: a million recipients make no million lines.
        if self.recipients.len() > self.limits.recipients {
            return Err(ComposeError::TooManyRecipients {
                count: self.recipients.len(),
                limit: self.limits.recipients,
            });
        }
        let names = self.recipients.iter().filter_map(|(_, r)| r.display_name());
        for name in names.map(|n| n.expose()).chain(self.sender_name.as_ref()) {
            guard::single_line("display name", name, guard::MAX_VALUE)?;
        }
        if let Some(subject) = &self.subject {
            guard::single_line("subject", subject, guard::MAX_VALUE)?;
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            if name.chars().any(char::is_control) {
                return Err(ComposeError::HeaderInjection {
                    field: "header name",
                });
            }
            if !guard::is_field_name(name.as_bytes()) {
                return Err(ComposeError::HeaderName { index });
            }
            let lower = name.to_ascii_lowercase();
            if RESERVED.contains(&lower.as_str())
                || RESERVED_PREFIXES.iter().any(|p| lower.starts_with(p))
            {
                return Err(ComposeError::ReservedHeader { index });
            }
            guard::single_line("header value", value, guard::MAX_VALUE)?;
        }
        let fields = self.headers.len() + self.images.len() + self.attachments.len();
        if fields > self.limits.header_fields {
            return Err(ComposeError::HeadersTooLarge {
                limit: self.limits.header_fields,
                unit: "fields",
            });
        }
        inline::check(&self.images, self.html.is_some())?;
        for (index, attachment) in self.attachments.iter().enumerate() {
            guard::single_line("file name", &attachment.name, guard::MAX_FILE_NAME)?;
            guard::single_line("media type", &attachment.media_type, guard::MAX_FILE_NAME)?;
            media_type(&attachment.media_type).ok_or(ComposeError::MediaType { index })?;
        }
        for text in [&self.text, &self.html].into_iter().flatten() {
            if let Some(at) = text.expose().find('\0') {
                let line = 1 + text.expose()[..at].matches('\n').count();
                return Err(ComposeError::Nul { line });
            }
        }
        if let Some(reason) = self.marks.no_phi_reason.take() {
            self.marks.no_phi_reason = Some(checked_reason(reason)?);
        }
        for (_, reason) in &mut self.marks.confirmed {
            *reason = checked_reason(std::mem::take(reason))?;
        }
        let files = self.attachments.iter().map(|a| a.content.bytes().len());
        let images = self.images.iter().map(|i| i.content.expose().len());
        too_large(files.chain(images).sum(), &self.limits)
    }

    fn headers(&self, out: &mut Vec<u8>, sender: &Address) {
        let from = [(self.sender_name.as_deref(), sender)];
        write_addresses(out, "From", &from);
        if let Some(address) = &self.reply_to {
            write_addresses(out, "Reply-To", &[(None, address)]);
        }
        let mut named = false;
        for (role, header) in [(Role::To, "To"), (Role::Cc, "Cc")] {
            let list: Vec<_> = self
                .recipients
                .iter()
                .filter(|(r, _)| *r == role)
                .map(|(_, r)| (r.display_name().map(|n| n.expose().as_str()), r.address()))
                .collect();
            if !list.is_empty() {
                write_addresses(out, header, &list);
                named = true;
            }
        }
        if !named {
            out.extend_from_slice(UNDISCLOSED);
        }
        if let Some(subject) = &self.subject {
            write_text(out, "Subject", subject);
        }
        for (name, value) in &self.headers {
            write_text(out, name, value);
        }
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    }

    /// The whole message. What was written into it is let go of at once: beside
    /// the message stands at most what is not yet in it.
    fn write(&mut self, sender: &Address) -> Vec<u8> {
        let text = self.text.take().map(guard::to_crlf);
        let html = self.html.take().map(guard::to_crlf);
        let bodies = [text.as_ref(), html.as_ref()];
        let images = std::mem::take(&mut self.images);
        let encoded: Vec<_> = images.iter().map(inline::encode).collect();
        let html_part = || {
            let html = body("text/html", bodies[1])?;
            let images = images.iter().zip(&encoded);
            Some(with_images(
                html,
                images.map(|(i, e)| inline::part(i, e)).collect(),
            ))
        };
        let main = || match (body("text/plain", bodies[0]), html_part()) {
            (Some(text), Some(html)) => Some(multipart("multipart/alternative", vec![text, html])),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) => None,
        };
        let length: usize = bodies.iter().flatten().map(|t| t.expose().len()).sum();
        let written = match length {
            // Quoted-printable makes three bytes of one at the most, and a soft
            // line break of three every 75.
            0..LARGE => {
                let images = encoded.iter().map(|e| e.expose().len() + 1024);
                length * 13 / 4 + 1024 + images.sum::<usize>()
            }
            _ => main().map_or(0, |part| {
                let mut count = Count(0);
                part.write_part(&mut count);
                count.0
            }),
        };
        let files = self
            .attachments
            .iter()
            .map(|a| BASE64_MIME.encode_len(a.content.bytes().len()) + a.name.len() * 3 + 512);
        let mut out = Vec::with_capacity(1024);
        self.headers(&mut out, sender);
        // One buffer that is wiped in the end: no growing copies stay behind.
        out.reserve_exact(512 + written + files.sum::<usize>());
        if self.attachments.is_empty() {
            let main =
                main().unwrap_or_else(|| MimePart::new("text/plain", BodyPart::Text("".into())));
            main.write_part(&mut out);
            return out;
        }
        let boundary = make_boundary();
        out.extend_from_slice(b"Content-Type: ");
        ContentType::new("multipart/mixed")
            .attribute("boundary", boundary.as_str())
            .write_header(&mut out, 14);
        if let Some(main) = main() {
            delimiter(&mut out, &boundary, b"\r\n");
            main.write_part(&mut out);
        }
        drop((text, html, encoded));
        for attachment in std::mem::take(&mut self.attachments) {
            delimiter(&mut out, &boundary, b"\r\n");
            attachment.write(&mut out);
        }
        delimiter(&mut out, &boundary, b"--\r\n");
        out
    }
}

fn body<'t>(media: &'static str, text: Option<&'t Phi<String>>) -> Option<MimePart<'t>> {
    let text = text?.expose().as_str();
    Some(MimePart::new(media, BodyPart::Text(text.into())))
}

/// The HTML with the images that it shows: alone where there is none.
fn with_images<'x>(html: MimePart<'x>, images: Vec<MimePart<'x>>) -> MimePart<'x> {
    if images.is_empty() {
        return html;
    }
    let related = ContentType::new("multipart/related")
        .attribute("type", "text/html")
        .attribute("boundary", make_boundary());
    let parts = std::iter::once(html).chain(images).collect();
    MimePart::new(related, BodyPart::Multipart(parts))
}

/// From here on what a text becomes is counted, not guessed.
const LARGE: usize = 64 * 1024;

fn delimiter(out: &mut Vec<u8>, boundary: &str, end: &[u8]) {
    out.extend_from_slice(b"\r\n--");
    out.extend_from_slice(boundary.as_bytes());
    out.extend_from_slice(end);
}

/// Writes nothing and counts.
struct Count(usize);

impl Writer for Count {
    fn write(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}

impl Attachment {
    fn write(self, out: &mut Vec<u8>) {
        // Checked before; the fallback is never taken.
        let (name, parameters) = media_type(&self.media_type)
            .unwrap_or_else(|| ("application/octet-stream".into(), Vec::new()));
        let typed = parameters
            .into_iter()
            .fold(ContentType::new(name), |t, (key, value)| {
                t.attribute(key, value)
            });
        MimePart::new(typed, BodyPart::Binary(Cow::Borrowed(&[])))
            .attachment(self.name.as_str())
            .transfer_encoding("base64")
            .write_part(out);
        // Encoded here, not by mail-builder, which rewrites the line ends of
        // text files; and in its place, without a copy.
        let content = self.content.bytes();
        let start = out.len();
        out.resize(start + BASE64_MIME.encode_len(content.len()), 0);
        BASE64_MIME.encode_mut(content, out.get_mut(start..).unwrap_or_default());
    }
}

/// A boundary that no content can hold: 128 random bits, and `=_`, which
/// neither quoted-printable nor base64 contains.
fn make_boundary() -> String {
    format!("=_{}", HEXLOWER.encode(&crypto::make_random::<16>()))
}

fn multipart<'x>(media: &'static str, parts: Vec<MimePart<'x>>) -> MimePart<'x> {
    MimePart::new(
        ContentType::new(media).attribute("boundary", make_boundary()),
        BodyPart::Multipart(parts),
    )
}

/// `To:` of a copy that names nobody (RFC 5322 section 3.4, an empty group).
pub(super) const UNDISCLOSED: &[u8] = b"To: undisclosed-recipients:;\r\n";

/// One address field, folded, display names encoded where needed.
pub(super) fn write_addresses(out: &mut Vec<u8>, header: &str, list: &[(Option<&str>, &Address)]) {
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(b": ");
    MailAddress::new_list(
        list.iter()
            .map(|(name, address)| {
                let name = name.map(str::trim).filter(|n| !n.is_empty());
                MailAddress::new_address(name, address.as_str())
            })
            .collect(),
    )
    .write_header(out, header.len() + 2);
}

/// One unstructured field, folded, encoded where needed.
pub(super) fn write_text(out: &mut Vec<u8>, header: &str, value: &str) {
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(b": ");
    // Outer blanks mean nothing in a header, and a line of blanks alone is no fold.
    Text::new(value.trim()).write_header(out, header.len() + 2);
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
}

/// `type/subtype` in lower case and its parameters.
fn media_type(text: &str) -> Option<(String, Vec<(String, String)>)> {
    let mut pieces = text.split(';').map(str::trim);
    let name = pieces.next()?.to_ascii_lowercase();
    let (kind, subtype) = name.split_once('/')?;
    if !is_token(kind) || !is_token(subtype) || matches!(kind, "multipart" | "message") {
        return None;
    }
    let mut parameters = Vec::new();
    for piece in pieces {
        let (key, value) = piece.split_once('=')?;
        let value = value
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'))
            .unwrap_or(value);
        let clean = !value.is_empty()
            && value
                .bytes()
                .all(|b| (b' '..0x7f).contains(&b) && !b"\"\\".contains(&b));
        let named = matches!(key.to_ascii_lowercase().as_str(), "name" | "boundary");
        if !is_token(key) || key.contains('*') || !clean || named {
            return None;
        }
        parameters.push((key.to_ascii_lowercase(), value.to_owned()));
    }
    Some((name, parameters))
}
