//! The organisation's logo, as mails and the portal show it.
//!
//! In a mail it travels with the HTML, as a part of its own: nothing is
//! fetched, so that reading a mail tells nobody.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::base::crypto;
use crate::escrow::EscrowError;

/// A small image of the organisation's own: PNG, JPEG or GIF, by its content.
/// SVG is refused, for it can hold scripts.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    bytes: Arc<[u8]>,
    media_type: &'static str,
    content_id: String,
}

impl Logo {
    /// The most bytes that a logo may have.
    pub const MAX: usize = 64 * 1024;

    /// Takes an image.
    ///
    /// # Errors
    /// [`EscrowError::Logo`] where it is larger than [`Self::MAX`] or none of
    /// the three formats.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, EscrowError> {
        let bytes = bytes.into();
        if bytes.len() > Self::MAX {
            return Err(EscrowError::Logo {
                reason: "it has more than 64 KiB",
            });
        }
        let media_type = media_type(&bytes).ok_or(EscrowError::Logo {
            reason: "it is no whole PNG, JPEG or GIF",
        })?;
        let digest = crypto::sha256_parts(&[&bytes]);
        let name = HEXLOWER.encode(digest.get(..16).unwrap_or(&digest));
        Ok(Self {
            bytes: bytes.into(),
            media_type,
            content_id: format!("logo.{name}@mailseal.invalid"),
        })
    }

    /// The image.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `image/png`, `image/jpeg` or `image/gif`.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// What a mail's HTML names it by, for
    /// [`Builder::inline_image`](crate::compose::Builder::inline_image): the
    /// same for the same image.
    pub fn content_id(&self) -> &str {
        &self.content_id
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logo")
            .field("media_type", &self.media_type)
            .field("size", &self.bytes.len())
            .finish()
    }
}

/// By how the formats begin and end: what was cut off is refused too, and what
/// has something else behind its end.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    const FORMATS: [(&[u8], &[u8], &str); 4] = [
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"\0\0\0\0IEND\xaeB`\x82",
            "image/png",
        ),
        (b"\xff\xd8\xff", b"\xff\xd9", "image/jpeg"),
        (b"GIF87a", b";", "image/gif"),
        (b"GIF89a", b";", "image/gif"),
    ];
    FORMATS
        .iter()
        .find(|(start, end, _)| {
            bytes.len() > start.len() + end.len()
                && bytes.starts_with(start)
                && bytes.ends_with(end)
        })
        .map(|(_, _, media_type)| *media_type)
}
