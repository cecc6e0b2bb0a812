//! Header protection (RFC 9788): the sealed payload carries the message's
//! header fields, and the copy that travels shows only what the policy lets.
//!
//! **In**: a rendered message and a [`HeaderPolicy`]. **Out**: the outer fields
//! and the payload, whose Content-Type says `hp="cipher"` (it is encrypted) or
//! `hp="clear"` (signed only), and which repeats every outer field as
//! `HP-Outer` (section 2.2), so that the reader sees what was hidden. Beside
//! it stands `protected-headers="v1"`, which Thunderbird and others have read
//! since before the RFC.
//!
//! Readers that know neither show no subject: where the subject is hidden, it
//! is repeated as the first line of the main text ("legacy display element",
//! section 5.2.2), marked so that newer readers leave it out.
//!
//! **Refused**: a message whose Content-Type already says `hp`.
//!
//! ```
//! use mailseal::seal::protect::HeaderPolicy;
//! assert_eq!(HeaderPolicy::default(), HeaderPolicy::Baseline);
//! ```

mod legacy;

use super::SealError;
use super::entity::{ContentType, Entity, Field};
use legacy::Insertion;

/// Which headers an encrypted copy shows to who carries it (RFC 9788 section
/// 3, Header Confidentiality Policy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum HeaderPolicy {
    /// The subject reads `[...]`; of the rest only fields that carry and
    /// thread the message stay, To and Cc without display names. RFC 9788
    /// section 3.2.1 hides Keywords and Comments only; this one also hides
    /// fields that it does not know, since a host's `X-Patient-Id` is PHI, as
    /// is a patient's name.
    #[default]
    Baseline,
    /// As baseline; From and Reply-To lose their display names too, Date its zone
    /// (section 3.2.2).
    Shy,
    /// All headers stay in clear; they are protected against change only
    /// (section 3.2.3).
    Clear,
}

/// Fields that carry or thread a message.
const CARRYING: &[&str] = &[
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "Precedence",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Received",
    "Return-Path",
    "DKIM-Signature",
    "Disposition-Notification-To",
    "Autocrypt",
];

/// What stands in the place of a hidden subject.
const HIDDEN_SUBJECT: &[u8] = b"Subject: [...]\r\n";

impl HeaderPolicy {
    /// What the outer header shows of a field; `None` where nothing.
    fn outer(self, field: &Field<'_>) -> Option<Vec<u8>> {
        if self == Self::Clear {
            return Some(field.whole.to_vec());
        }
        if field.is("Subject") {
            return Some(HIDDEN_SUBJECT.to_vec());
        }
        if !CARRYING.iter().any(|name| field.is(name)) {
            return None;
        }
        let is_any = |names: &[&str]| names.iter().any(|name| field.is(name));
        let shy = self == Self::Shy;
        if is_any(&["To", "Cc"]) || shy && is_any(&["From", "Sender", "Reply-To"]) {
            return Some(shy_addresses(field));
        }
        if shy && field.is("Date") {
            return Some(shy_date(field));
        }
        Some(field.whole.to_vec())
    }
}

/// Whether the payload will be encrypted or signed only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Encrypted,
    Signed,
}

/// A message split for sealing.
#[derive(Clone)]
pub(crate) struct Payload<'a> {
    /// The outer header fields, each with CRLF, without MIME fields and
    /// without the blank line: the sealed body's own follow.
    pub(crate) outer: Vec<u8>,
    /// The payload's header block, blank line included.
    head: zeroize::Zeroizing<Vec<u8>>,
    /// The payload's body.
    body: &'a [u8],
    /// What is inserted into the body, in order.
    insertions: Vec<Insertion>,
}

impl Payload<'_> {
    /// The payload as it is signed and encrypted: a MIME entity with CRLF, in
    /// pieces that are one after the other, so that nothing is copied.
    pub(crate) fn pieces(&self) -> Vec<&[u8]> {
        let mut pieces: Vec<&[u8]> = vec![&self.head];
        let mut at = 0;
        for insertion in &self.insertions {
            pieces.push(&self.body[at..insertion.at]);
            pieces.push(&insertion.text);
            at = insertion.at;
        }
        pieces.push(&self.body[at..]);
        pieces
    }
}

/// Splits a rendered message and protects its headers.
///
/// # Errors
/// [`SealError::Message`] where the message cannot carry protection.
pub(crate) fn protect<'a>(
    message: &'a [u8],
    policy: HeaderPolicy,
    layer: Layer,
) -> Result<Payload<'a>, SealError> {
    let broken = |_| SealError::Message("its MIME structure cannot be read");
    let entity = Entity::read(message).map_err(broken)?;
    let kind = entity.content_type().map_err(broken)?;
    if kind.parameter("hp").is_some() {
        return Err(SealError::Message("its headers are protected already"));
    }
    let (mut outer, mut repeated) = (Vec::new(), Vec::new());
    let mut head =
        zeroize::Zeroizing::new(Vec::with_capacity(message.len() - entity.body.len() + 4096));
    for field in entity.fields.iter().filter(|f| !f.is_structural()) {
        // What an earlier protection said of an earlier outer header.
        if field.is("HP-Outer") {
            continue;
        }
        head.extend_from_slice(field.whole);
        let shown = match layer {
            Layer::Encrypted => policy.outer(field),
            Layer::Signed => Some(field.whole.to_vec()),
        };
        if let Some(shown) = shown {
            if layer == Layer::Encrypted {
                repeated.extend_from_slice(b"HP-Outer: ");
                repeated.extend_from_slice(&shown);
            }
            outer.extend_from_slice(&shown);
        }
    }
    head.extend_from_slice(&repeated);
    structural(&mut head, &entity, &kind, layer);
    head.extend_from_slice(b"\r\n");
    let hides = layer == Layer::Encrypted && policy != HeaderPolicy::Clear;
    let subject = entity.named("Subject").next().filter(|_| hides);
    let insertions = match subject {
        // The root's own Content-Type was written above.
        Some(subject) => legacy::insertions(&entity, &kind, &subject.unfolded(), &mut head),
        None => Vec::new(),
    };
    Ok(Payload {
        outer,
        head,
        body: entity.body,
        insertions,
    })
}

/// The fields that say how the payload is to be read, with the parameters
/// that say that its headers are protected.
fn structural(head: &mut Vec<u8>, entity: &Entity<'_>, kind: &ContentType, layer: Layer) {
    let hp = match layer {
        Layer::Encrypted => "cipher",
        Layer::Signed => "clear",
    };
    let v1 = match kind.parameter("protected-headers") {
        Some(_) => "",
        None => " protected-headers=\"v1\";",
    };
    let parameters = format!(";\r\n{v1} hp=\"{hp}\"\r\n");
    let mut typed = false;
    for field in entity.fields.iter().filter(|f| f.is_structural()) {
        if field.is("Content-Type") {
            head.extend_from_slice(b"Content-Type:");
            let value = field.value().trim_ascii_end();
            head.extend_from_slice(value.strip_suffix(b";").unwrap_or(value));
            head.extend_from_slice(parameters.as_bytes());
            typed = true;
        } else if !field.is("MIME-Version") {
            head.extend_from_slice(field.whole);
        }
    }
    if !typed {
        head.extend_from_slice(b"Content-Type: text/plain; charset=us-ascii");
        head.extend_from_slice(parameters.as_bytes());
    }
}

/// The addresses alone. What is no plain list of mailboxes stays as it is.
fn shy_addresses(field: &Field<'_>) -> Vec<u8> {
    let value = field.unfolded();
    let mut addresses = Vec::new();
    for mailbox in split_mailboxes(&value) {
        let address = match (mailbox.rfind('<'), mailbox.rfind('>')) {
            (Some(from), Some(to)) if from < to => &mailbox[from + 1..to],
            _ => mailbox.trim(),
        };
        if address.contains(char::is_whitespace) || !address.contains('@') {
            return field.whole.to_vec();
        }
        addresses.push(format!("<{address}>"));
    }
    let mut out = field.name.to_vec();
    out.extend_from_slice(b": ");
    out.extend_from_slice(addresses.join(",\r\n ").as_bytes());
    out.extend_from_slice(b"\r\n");
    out
}

fn split_mailboxes(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    let mut pieces = Vec::new();
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                pieces.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&value[start..]);
    pieces
}

/// The same time in UTC: the zone tells where somebody is.
fn shy_date(field: &Field<'_>) -> Vec<u8> {
    let parsed = time::OffsetDateTime::parse(
        &field.unfolded(),
        &time::format_description::well_known::Rfc2822,
    );
    let text = parsed.ok().and_then(|date| {
        date.to_offset(time::UtcOffset::UTC)
            .format(&time::format_description::well_known::Rfc2822)
            .ok()
    });
    match text {
        Some(text) => format!("Date: {text}\r\n").into_bytes(),
        None => field.whole.to_vec(),
    }
}

#[cfg(test)]
mod tests;
