//! Writing the copy that one recipient, or all, receive.

use std::fmt;

use super::builder::{UNDISCLOSED, write_addresses, write_text};
use super::{ComposeError, Message, guard};
use crate::base::{Phi, RecipientId, Role, Timestamp};

/// Whom a copy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visible {
    /// To and Cc as written: for `Disclosure::Shared`.
    All,
    /// Only this recipient: for `Disclosure::Individual`.
    Only(RecipientId),
}

/// What one copy of a message shall look like.
#[derive(Clone)]
#[non_exhaustive]
pub struct Copy {
    /// Whom it names.
    pub visible: Visible,
    /// For the Date header, where the message has none.
    pub date: Timestamp,
    /// For the Message-ID header, where the message has none; with or without
    /// angle brackets.
    pub message_id: String,
    subject: Option<Phi<String>>,
}

// A Message-ID ends in the sender's domain.
impl fmt::Debug for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copy")
            .field("visible", &self.visible)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

impl Copy {
    /// A copy with the message's own subject.
    pub fn new(visible: Visible, date: Timestamp, message_id: impl Into<String>) -> Self {
        Self {
            visible,
            date,
            message_id: message_id.into(),
            subject: None,
        }
    }

    /// A copy with another subject: the marker stripped, or a neutral one.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(Phi::new(subject.into()));
        self
    }
}

/// A copy as it travels: RFC 5322 with CRLF, not yet dot-stuffed.
#[derive(Clone)]
pub struct Rendered {
    bytes: Phi<Vec<u8>>,
    body: usize,
    message_id: String,
    smtputf8: bool,
    eight_bit: bool,
}

impl Rendered {
    /// The message.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The message, given away.
    pub fn into_bytes(self) -> Phi<Vec<u8>> {
        self.bytes
    }

    /// Where the body begins in [`Self::bytes`].
    pub fn body_offset(&self) -> usize {
        self.body
    }

    /// The Message-ID header's value, with angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// Whether a header holds raw UTF-8, so that `MAIL FROM` needs SMTPUTF8
    /// (RFC 6531). The envelope's addresses are asked separately.
    pub fn needs_smtputf8(&self) -> bool {
        self.smtputf8
    }

    /// Whether `MAIL FROM` needs `BODY=8BITMIME` (RFC 6152).
    pub fn needs_8bitmime(&self) -> bool {
        self.eight_bit
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered")
            .field("size", &self.bytes().len())
            .field("needs_smtputf8", &self.smtputf8)
            .field("needs_8bitmime", &self.eight_bit)
            .finish_non_exhaustive()
    }
}

/// Fields that name recipients beside To and Cc, left by other mailers.
const TRACES: &[&str] = &[
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "Apparently-To",
];

impl Message {
    /// Writes a copy.
    ///
    /// Bcc never stays. With [`Visible::Only`] and several recipients To and
    /// Cc give way to that recipient's own address in the field where they
    /// stood, or to `To: undisclosed-recipients:;` for a Bcc recipient, and
    /// traces such as `Delivered-To` go. Date and Message-ID are added where
    /// they are missing. Every other byte stays as it is.
    pub fn render(&self, copy: &Copy) -> Result<Rendered, ComposeError> {
        let raw = self.raw.expose().as_slice();
        let only = match copy.visible {
            Visible::All => None,
            Visible::Only(id) => {
                let of = self.recipients().get(id.index());
                let (role, recipient) = of.ok_or(ComposeError::NoSuchRecipient { id })?;
                // A sole recipient's headers name nobody else.
                (self.recipients().len() > 1).then_some((*role, recipient))
            }
        };
        let (id_line, message_id) = self.message_id(copy)?;
        let subject = match &copy.subject {
            Some(subject) => {
                guard::single_line("subject", subject.expose(), guard::MAX_VALUE)?;
                let mut line = Vec::new();
                write_text(&mut line, "Subject", subject.expose());
                Some(line)
            }
            None => None,
        };
        let mut missing = Vec::new();
        if subject.is_some() && self.head.named(raw, "Subject").next().is_none() {
            missing.extend_from_slice(subject.as_deref().unwrap_or_default());
        }
        if self.head.named(raw, "Date").next().is_none() {
            write_text(&mut missing, "Date", &copy.date.to_rfc2822());
        }
        missing.extend_from_slice(&id_line);

        let mut out = Vec::with_capacity(raw.len() + missing.len() + 1024);
        let mut named = false;
        let mut inserted = false;
        for field in &self.head.fields {
            let is = |name: &str| field.is(raw, name);
            let name = field.name(raw);
            let mime = is("MIME-Version")
                || name
                    .get(..8)
                    .is_some_and(|p| p.eq_ignore_ascii_case(b"content-"));
            if mime && !inserted {
                out.extend_from_slice(&missing);
                inserted = true;
            }
            if is("Bcc") {
                continue;
            }
            if let Some((role, recipient)) = only {
                if is("To") || is("Cc") {
                    if !named {
                        let own = [(
                            recipient.display_name().map(|n| n.expose().as_str()),
                            recipient.address(),
                        )];
                        match role {
                            Role::To => write_addresses(&mut out, "To", &own),
                            Role::Cc => write_addresses(&mut out, "Cc", &own),
                            Role::Bcc => out.extend_from_slice(UNDISCLOSED),
                        }
                        named = true;
                    }
                    continue;
                }
                if TRACES.iter().any(|t| is(t)) {
                    continue;
                }
            }
            match &subject {
                Some(line) if is("Subject") => out.extend_from_slice(line),
                _ => out.extend_from_slice(&raw[field.whole.clone()]),
            }
        }
        if !inserted {
            out.extend_from_slice(&missing);
        }
        guard::lines(&out)?;
        let smtputf8 = !out.is_ascii() || self.structure.utf8_headers;
        out.extend_from_slice(b"\r\n");
        let body = out.len();
        out.extend_from_slice(&raw[self.head.body..]);
        Ok(Rendered {
            bytes: Phi::new(out),
            body,
            message_id,
            smtputf8,
            eight_bit: self.eight_bit,
        })
    }

    /// The line to add, if any, and the value that counts.
    fn message_id(&self, copy: &Copy) -> Result<(Vec<u8>, String), ComposeError> {
        if let Some(own) = self.head.value(self.raw.expose(), "Message-ID") {
            return Ok((Vec::new(), own));
        }
        let given = copy.message_id.as_str();
        let bare = given
            .strip_prefix('<')
            .and_then(|g| g.strip_suffix('>'))
            .unwrap_or(given);
        let part = |p: &str| {
            !p.is_empty()
                && p.bytes()
                    .all(|b| b.is_ascii_graphic() && !b"<>()[]\\,;:\"@".contains(&b))
        };
        match bare.split_once('@') {
            Some((left, right)) if part(left) && part(right) && bare.len() <= 250 => {
                let value = format!("<{bare}>");
                Ok((format!("Message-ID: {value}\r\n").into_bytes(), value))
            }
            _ => Err(ComposeError::MessageId),
        }
    }
}
