//! What holds for each part of the payload.

use std::sync::Arc;

use super::report::{EncryptionReport, SignatureReport};
use super::unwrap::{Sealing, sealing, signed_part};
use super::{Keyring, OpenError, within};
use crate::base::{Address, Timestamp};
use crate::seal::entity::Entity;

/// Deepest multipart.
const MAX_DEPTH: usize = 20;
/// Most parts.
const MAX_PARTS: usize = 1_000;
/// Most parts with a signature of their own: each may ask for hundreds of
/// verifications.
const MAX_SIGNED: usize = 16;

/// One leaf of the payload's MIME tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedPart {
    /// Its place: `[]` is the payload itself, `[0, 2]` the third part of the
    /// first part.
    pub path: Vec<usize>,
    /// Its media type in lower case.
    pub media_type: String,
    /// Whether it was encrypted: with the whole message, never by itself.
    pub encrypted: bool,
    /// Whether a right signature of the envelope covers it. By whom, and what
    /// that is worth, stands in
    /// [`Opened::signatures`](super::Opened::signatures).
    pub signed: bool,
    /// Signatures that cover this part and not the message. They say nothing
    /// of what stands beside it.
    pub own_signatures: Arc<[SignatureReport]>,
    /// It is itself sealed, deeper than the envelope, and was left closed.
    pub closed: bool,
}

pub(super) struct Walk<'a> {
    pub(super) keys: &'a Keyring,
    pub(super) author: Option<&'a Address>,
    pub(super) now: Timestamp,
    pub(super) encryption: &'a [EncryptionReport],
    pub(super) signed: bool,
    pub(super) found: Vec<OpenedPart>,
    /// How many parts with a signature of their own were verified, and their
    /// octets: parts lie in each other, and each is copied and hashed.
    pub(super) own_parts: usize,
    pub(super) own_octets: usize,
}

impl Walk<'_> {
    pub(super) fn entity(
        &mut self,
        raw: &[u8],
        path: Vec<usize>,
        own: &Arc<[SignatureReport]>,
    ) -> Result<(), OpenError> {
        if path.len() > MAX_DEPTH {
            return Err(OpenError::Limit {
                what: "levels of parts",
                limit: MAX_DEPTH,
            });
        }
        // A part that cannot be read is a leaf: nothing is said of what it holds.
        let read = Entity::read(raw).and_then(|e| e.content_type().map(|kind| (e, kind)));
        let Ok((entity, kind)) = read else {
            return self.leaf(path, "application/octet-stream", own, false);
        };
        // The payload itself is sealed where its envelope could not be followed.
        match sealing(&kind) {
            Some(how @ (Sealing::PgpSigned | Sealing::CmsSigned)) if !path.is_empty() => {
                self.own_parts += 1;
                self.own_octets += raw.len();
                within(self.own_octets)?;
                if self.own_parts > MAX_SIGNED {
                    return Err(OpenError::Limit {
                        what: "signed parts",
                        limit: MAX_SIGNED,
                    });
                }
                let signed = signed_part(&entity, &kind, how, self.keys, self.author, self.now);
                if let Ok((Some(content), reports)) = signed {
                    let all = own.iter().cloned().chain(reports).collect();
                    let inner = [path.as_slice(), &[0]].concat();
                    return self.entity(&content, inner, &all);
                }
            }
            Some(Sealing::PgpEncrypted | Sealing::Cms) => {
                return self.leaf(path, &kind.media_type, own, true);
            }
            _ => {}
        }
        let parts = match kind.media_type.strip_prefix("multipart/") {
            Some(_) => entity.parts(&kind).ok(),
            None => None,
        };
        let Some(parts) = parts else {
            return self.leaf(path, &kind.media_type, own, false);
        };
        for (index, part) in parts.into_iter().enumerate() {
            self.entity(part, [path.as_slice(), &[index]].concat(), own)?;
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        path: Vec<usize>,
        media_type: &str,
        own: &Arc<[SignatureReport]>,
        closed: bool,
    ) -> Result<(), OpenError> {
        if self.found.len() == MAX_PARTS {
            return Err(OpenError::Limit {
                what: "parts",
                limit: MAX_PARTS,
            });
        }
        self.found.push(OpenedPart {
            path,
            media_type: media_type.to_owned(),
            encrypted: !self.encryption.is_empty(),
            signed: self.signed,
            own_signatures: Arc::clone(own),
            closed,
        });
        Ok(())
    }
}
