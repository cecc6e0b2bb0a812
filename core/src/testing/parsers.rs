//! Parsers that are given nothing but what was decrypted or is being sealed, so
//! that no public call reaches them with bytes of its caller's choosing: for
//! fuzzing.

use crate::base::Phi;
use crate::escrow::{self, EscrowError, ReplyAttachment};

/// What the pickup page shows of a message (RFC 5322), as JSON.
///
/// # Errors
/// [`EscrowError::TooLarge`] where it is too much to be shown.
pub fn letter(message: &[u8]) -> Result<Vec<u8>, EscrowError> {
    escrow::letter_of(message)
}

/// A reply that was decrypted.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReplyContent {
    /// Its subject.
    pub subject: Phi<String>,
    /// Its text.
    pub text: Phi<String>,
    /// Its files.
    pub attachments: Vec<ReplyAttachment>,
}

/// Reads the container of a reply.
///
/// # Errors
/// [`EscrowError::Reply`] where it is none, or over a bound.
pub fn reply_container(plain: &[u8]) -> Result<ReplyContent, EscrowError> {
    let read = escrow::read_reply_container(plain)?;
    Ok(ReplyContent {
        subject: read.subject,
        text: read.text,
        attachments: read.attachments,
    })
}
