//! The bounds of one message.

/// How large and how deep a message may be. The defaults suit mail; a host
/// that knows its relay's `SIZE` can lower them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the whole message as it travels, transfer encoding included:
    /// 160 MiB. An attachment of 100 MB is 137 MB in base64 (RFC 2045: 78
    /// bytes for each 57); one of 116 MiB is the largest that goes in. Many a
    /// relay takes 25 MB: the `SIZE` of its EHLO answer says what.
    pub message_bytes: usize,
    /// Recipients of one message: 1,000. More are a mailing, not a message:
    /// each gets a decision, a copy and audit entries of its own.
    pub recipients: usize,
    /// Levels of MIME nesting, embedded messages counted: 20.
    pub mime_depth: usize,
    /// MIME parts in all: 1,000.
    pub mime_parts: usize,
    /// Header fields of one block: 1,000.
    pub header_fields: usize,
    /// Bytes of one header block: 1 MiB.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 160 * 1024 * 1024,
            recipients: 1_000,
            mime_depth: 20,
            mime_parts: 1_000,
            header_fields: 1_000,
            header_bytes: 1024 * 1024,
        }
    }
}

impl Limits {
    /// With another limit for the whole message.
    #[must_use]
    pub const fn message_bytes(mut self, bytes: usize) -> Self {
        self.message_bytes = bytes;
        self
    }

    /// With another limit for the number of recipients.
    #[must_use]
    pub const fn recipients(mut self, count: usize) -> Self {
        self.recipients = count;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn an_attachment_of_100_megabytes_goes_into_a_message() {
        let encoded = data_encoding::BASE64_MIME.encode_len(100_000_000);
        assert_eq!(encoded / 1_000_000, 136);
        assert!(encoded + 1024 * 1024 < Limits::default().message_bytes);
        let largest = data_encoding::BASE64_MIME.encode_len(116 * 1024 * 1024);
        assert!(largest + 1024 * 1024 < Limits::default().message_bytes);
    }
}
