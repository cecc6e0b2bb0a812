//! What composing and parsing refuse.

use crate::base::{AddressError, RecipientId};

/// Why a message was not built, parsed or rendered.
///
/// Carries places, counts and limits; never the text that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// CR, LF, NUL or another control character where one header line stands.
    #[error("the {field} holds a line break, NUL or another control character: remove it")]
    HeaderInjection {
        /// Which value: `subject`, `header value`, `file name`, …
        field: &'static str,
    },
    /// Longer than any mail reader takes.
    #[error("the {field} is longer than {limit} bytes")]
    ValueTooLong {
        /// Which value.
        field: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// An extra header's name is no RFC 5322 field name.
    #[error("header {index}: the name is not a field name (RFC 5322 section 3.6.8)")]
    HeaderName {
        /// The header's place among those added, from 0.
        index: usize,
    },
    /// An extra header that mailseal writes itself.
    #[error("header {index}: this field is set by mailseal; use the builder's method for it")]
    ReservedHeader {
        /// The header's place among those added, from 0.
        index: usize,
    },
    /// Not `type/subtype` with simple parameters, or a type that cannot be attached.
    #[error(
        "attachment {index}: the media type is not type/subtype (RFC 2045 section 5.1), or it is multipart/* or message/*: use application/octet-stream for those"
    )]
    MediaType {
        /// The attachment's place, from 0.
        index: usize,
    },
    /// An image that cannot stand in the HTML.
    #[error("inline image {index}: {why}")]
    InlineImage {
        /// The image's place, from 0.
        index: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// `assert_no_phi` or a confirmed recipient without a reason.
    #[error("the host's word on a message needs a reason: it is recorded")]
    EmptyReason,
    /// A subject or file name is to be replaced in a message that holds a
    /// signature, or whose structure is broken.
    #[error("the message holds a signature, or its structure is broken: it cannot be changed")]
    MustStay,
    /// Nobody to send to.
    #[error("the message names no recipient in To, Cc or Bcc")]
    NoRecipients,
    /// More recipients than one message may have.
    #[error("{count} recipients are more than the limit of {limit}: split the message")]
    TooManyRecipients {
        /// How many there are.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The host's details are for an address the message does not name.
    #[error(
        "the message does not name this recipient; details and confirmations can be given for its recipients only"
    )]
    UnknownRecipient,
    /// A copy was asked for somebody the message does not have.
    #[error("the message has no recipient {id}")]
    NoSuchRecipient {
        /// The id asked for.
        id: RecipientId,
    },
    /// Larger than the limit, transfer encoding included.
    #[error("the message has {size} bytes (transfer-encoded), more than the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// NUL (RFC 5322 section 2.2, RFC 5321 section 4.5.2).
    #[error("line {line}: NUL is not allowed in a message; attach binary data base64-encoded")]
    Nul {
        /// The line, from 1.
        line: usize,
    },
    /// CR that is not followed by LF (RFC 5322 section 2.3).
    #[error("line {line}: a CR without LF; lines must end with CRLF (or all with LF)")]
    BareCr {
        /// The line, from 1.
        line: usize,
    },
    /// LF without CR in a message that has CRLF elsewhere.
    #[error(
        "line {line}: an LF without CR among CRLF line ends; lines must end with CRLF (or all with LF)"
    )]
    BareLf {
        /// The line, from 1.
        line: usize,
    },
    /// RFC 5322 section 2.1.1.
    #[error("line {line}: more than {limit} bytes; encode the part as quoted-printable or base64")]
    LineTooLong {
        /// The line, from 1.
        line: usize,
        /// The limit without CRLF.
        limit: usize,
    },
    /// No `name: value`, a fold of blanks only, or a fold with nothing before it.
    #[error(
        "line {line}: not a header field (RFC 5322 section 2.2); is a blank line missing before the body?"
    )]
    HeaderSyntax {
        /// The line, from 1.
        line: usize,
    },
    /// Raw bytes above 127 in a header that are not UTF-8.
    #[error("line {line}: raw 8-bit text in a header that is not UTF-8; encode it (RFC 2047)")]
    Raw8BitHeader {
        /// The line, from 1.
        line: usize,
    },
    /// The header block as a whole.
    #[error("the header block exceeds the limit of {limit} {unit}")]
    HeadersTooLarge {
        /// The limit.
        limit: usize,
        /// `bytes` or `fields`.
        unit: &'static str,
    },
    /// A field that may stand once stands more often (RFC 5322 section 3.6).
    #[error("the header {header} stands more than once")]
    DuplicateHeader {
        /// The field's name.
        header: &'static str,
    },
    /// A field that must stand is missing or empty.
    #[error("the header {header} is missing or empty")]
    MissingHeader {
        /// The field's name.
        header: &'static str,
    },
    /// Several authors: whose policy would apply?
    #[error("From names more than one author; mailseal sends for one")]
    MultipleFrom,
    /// The address list does not parse by RFC 5322 section 3.4.
    #[error("the header {header} is not an address list (RFC 5322 section 3.4)")]
    AddressSyntax {
        /// The field's name.
        header: &'static str,
    },
    /// One address of a list.
    #[error("the header {header}, address {index}: {why}")]
    Address {
        /// The field's name.
        header: &'static str,
        /// The address's place in the field, from 0.
        index: usize,
        /// What is wrong with it.
        why: AddressError,
    },
    /// A resent message names its recipients twice.
    #[error(
        "the message has Resent- headers (RFC 5322 section 3.6.6): remove them or send it anew"
    )]
    Resent,
    /// MIME parts nested too deep.
    #[error("MIME parts are nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Too many MIME parts.
    #[error("the message has more than {limit} MIME parts")]
    TooManyParts {
        /// The limit.
        limit: usize,
    },
    /// The supplied Message-ID is no `<left@right>`.
    #[error("the Message-ID is not <left@right> in ASCII (RFC 5322 section 3.6.4)")]
    MessageId,
}

impl ComposeError {
    /// A stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::HeaderInjection { .. } => "compose.header_injection",
            Self::ValueTooLong { .. } => "compose.value_too_long",
            Self::HeaderName { .. } => "compose.header_name",
            Self::ReservedHeader { .. } => "compose.reserved_header",
            Self::MediaType { .. } => "compose.media_type",
            Self::InlineImage { .. } => "compose.inline_image",
            Self::EmptyReason => "compose.empty_reason",
            Self::MustStay => "compose.must_stay",
            Self::NoRecipients => "compose.no_recipients",
            Self::TooManyRecipients { .. } => "compose.too_many_recipients",
            Self::UnknownRecipient => "compose.unknown_recipient",
            Self::NoSuchRecipient { .. } => "compose.no_such_recipient",
            Self::TooLarge { .. } => "compose.too_large",
            Self::Nul { .. } => "compose.nul",
            Self::BareCr { .. } => "compose.bare_cr",
            Self::BareLf { .. } => "compose.bare_lf",
            Self::LineTooLong { .. } => "compose.line_too_long",
            Self::HeaderSyntax { .. } => "compose.header_syntax",
            Self::Raw8BitHeader { .. } => "compose.raw_8bit_header",
            Self::HeadersTooLarge { .. } => "compose.headers_too_large",
            Self::DuplicateHeader { .. } => "compose.duplicate_header",
            Self::MissingHeader { .. } => "compose.missing_header",
            Self::MultipleFrom => "compose.multiple_from",
            Self::AddressSyntax { .. } => "compose.address_syntax",
            Self::Address { .. } => "compose.address",
            Self::Resent => "compose.resent",
            Self::TooDeep { .. } => "compose.too_deep",
            Self::TooManyParts { .. } => "compose.too_many_parts",
            Self::MessageId => "compose.message_id",
        }
    }

    /// Never: the same message is refused again.
    pub const fn is_retryable(&self) -> bool {
        false
    }
}
