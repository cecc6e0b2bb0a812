//! An opened message and what is known of it.

use std::fmt;
use std::sync::Arc;

use super::headers::{self, HeaderReport};
use super::parts::{OpenedPart, Walk};
use super::report::{EncryptionReport, SignatureReport, Verdict};
use super::unwrap::{Layer, Unwrapped, author};
use super::{Keyring, OpenError, legacy};
use crate::base::{Address, KeyFault, KeyTrust, Phi, Timestamp};
use crate::seal::entity::Entity;

/// Whether the message is its author's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authenticity {
    /// A right signature covers all of it, and the key that made it is known,
    /// so far, to be that of the author whom the message names.
    Authentic(KeyTrust),
    /// It may be anybody's.
    Unproven(Unproven),
}

/// Why nothing shows whose word a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unproven {
    /// No signature covers the whole message.
    Unsigned,
    /// A signature stands outside the encryption only: whoever passed the
    /// message on may have made it.
    OutsideEncryption,
    /// The signature does not fit, or cannot be read: the code says which.
    Bad(&'static str),
    /// The signature is right, and its key is not known, or must not be used.
    Signer(KeyFault),
    /// The signature is right, and its key is somebody else's than the author
    /// that the message names.
    NotTheAuthor,
    /// The message names other authors outside and inside, or not exactly one.
    From,
}

/// A message as it was written, and a report.
pub struct Opened {
    message: Phi<Vec<u8>>,
    encryption: Vec<EncryptionReport>,
    signatures: Vec<SignatureReport>,
    outside: bool,
    author: Option<Address>,
    headers: HeaderReport,
    parts: Vec<OpenedPart>,
}

impl Opened {
    /// The message: header fields as they were written where these are
    /// protected, as they arrived elsewhere; the payload as it was sealed,
    /// without legacy display elements (RFC 9788 section 5.2.2).
    ///
    /// # Errors
    /// [`OpenError::Unauthenticated`] where nothing shows that what was
    /// decrypted is what was written. HTML from it must never be shown, nor a
    /// link followed; [`Self::unauthenticated_text`] gives what can be read.
    pub fn message(&self) -> Result<&[u8], OpenError> {
        if self.encryption.iter().all(|e| e.integrity) {
            Ok(self.message.expose())
        } else {
            Err(OpenError::Unauthenticated)
        }
    }

    /// The plain text parts, whatever shows their integrity. HTML, files and
    /// header fields are left out.
    pub fn unauthenticated_text(&self) -> Vec<Phi<String>> {
        let mut texts = Vec::new();
        collect_text(self.message.expose(), 0, &mut texts);
        texts
    }

    /// Whether the whole message was encrypted.
    pub fn is_encrypted(&self) -> bool {
        !self.encryption.is_empty()
    }

    /// The encrypted layers, from the outermost inwards.
    pub fn encryption(&self) -> &[EncryptionReport] {
        &self.encryption
    }

    /// The signatures that cover the whole message, those inside the
    /// encryption. One outside it is not here: it says who sealed the parcel,
    /// not who wrote the letter.
    pub fn signatures(&self) -> &[SignatureReport] {
        &self.signatures
    }

    /// What became of the header fields.
    pub fn headers(&self) -> &HeaderReport {
        &self.headers
    }

    /// The parts, each with what holds for it.
    pub fn parts(&self) -> &[OpenedPart] {
        &self.parts
    }

    /// The author whom the message names, where it is exactly one, and outside
    /// the same as inside.
    pub fn author(&self) -> Option<&Address> {
        self.author.as_ref()
    }

    /// Whether the message is its author's word. Of several signatures the
    /// best counts.
    pub fn authenticity(&self) -> Authenticity {
        let mut best = Authenticity::Unproven(if self.outside {
            Unproven::OutsideEncryption
        } else {
            Unproven::Unsigned
        });
        for (index, report) in self.signatures.iter().enumerate() {
            let worth = self.worth(report);
            match (worth, best) {
                (Authenticity::Authentic(a), Authenticity::Authentic(b)) if a <= b => {}
                (Authenticity::Authentic(_), _) => best = worth,
                // The first reason is as good as the next.
                (_, Authenticity::Unproven(_)) if index == 0 => best = worth,
                _ => {}
            }
        }
        best
    }

    /// Whether a signature is right, and the author's.
    #[cfg(feature = "smime")]
    pub(crate) fn is_authors(&self, report: &SignatureReport) -> bool {
        matches!(self.worth(report), Authenticity::Authentic(_))
    }

    fn worth(&self, report: &SignatureReport) -> Authenticity {
        if let Verdict::Invalid(code) = report.verdict {
            return Authenticity::Unproven(Unproven::Bad(code));
        }
        let Some(author) = &self.author else {
            return Authenticity::Unproven(Unproven::From);
        };
        let trust = match report.verdict {
            Verdict::Valid(trust) => trust,
            Verdict::Untrusted(fault) => return Authenticity::Unproven(Unproven::Signer(fault)),
            Verdict::Invalid(code) => return Authenticity::Unproven(Unproven::Bad(code)),
        };
        let own = author.canonical();
        let named = report.signer.addresses.expose().iter().any(|a| {
            a.parse::<Address>()
                .is_ok_and(|address| address.canonical() == own)
        });
        if !named && trust != KeyTrust::Pinned {
            return Authenticity::Unproven(Unproven::NotTheAuthor);
        }
        if trust == KeyTrust::Discovered {
            return Authenticity::Unproven(Unproven::Signer(KeyFault::Untrusted));
        }
        Authenticity::Authentic(trust)
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("size", &self.message.expose().len())
            .field("encryption", &self.encryption)
            .field("authenticity", &self.authenticity())
            .field("headers", &self.headers)
            .field("parts", &self.parts.len())
            .finish_non_exhaustive()
    }
}

/// Puts together what was found.
pub(super) fn assemble(
    raw: &[u8],
    unwrapped: &Unwrapped,
    keys: &Keyring,
    now: Timestamp,
) -> Result<Opened, OpenError> {
    let (mut head, report) = headers::restore(raw, unwrapped)?;
    let mut encryption = Vec::new();
    let mut signatures = Vec::new();
    let mut outside = false;
    for layer in &unwrapped.layers {
        match layer {
            Layer::Encrypted(e) => {
                // What was signed so far was ciphertext.
                outside |= !signatures.is_empty();
                signatures.clear();
                encryption.push(*e);
            }
            Layer::Signed(reports) => signatures.extend(reports.iter().cloned()),
        }
    }
    // Two authors, one outside and one inside, are none.
    let author = author(&Entity::read(&head)?).filter(|_| !report.from_differs);
    let mut walk = Walk {
        keys,
        author: author.as_ref(),
        now,
        encryption: &encryption,
        signed: signatures
            .iter()
            .any(|r| !matches!(r.verdict, Verdict::Invalid(_))),
        found: Vec::new(),
        own_parts: 0,
        own_octets: 0,
    };
    walk.entity(&unwrapped.payload, Vec::new(), &Arc::default())?;
    let parts = walk.found;

    let payload = Entity::read(&unwrapped.payload)?;
    let message = if unwrapped.layers.is_empty() {
        raw.to_vec()
    } else {
        head.extend_from_slice(b"MIME-Version: 1.0\r\n");
        for field in payload.fields.iter().filter(|f| f.is_structural()) {
            if !field.is("MIME-Version") {
                headers::write(&mut head, field);
            }
        }
        head.extend_from_slice(b"\r\n");
        // Elsewhere the mark would hide text that other readers show.
        if headers::are_hidden(&payload.content_type()?) {
            legacy::remove(&head, payload.body)
        } else {
            [head.as_slice(), payload.body].concat()
        }
    };
    Ok(Opened {
        message: Phi::new(message),
        encryption,
        signatures,
        outside,
        author,
        headers: report,
        parts,
    })
}

/// The plain text leaves, decoded as UTF-8.
fn collect_text(raw: &[u8], depth: usize, texts: &mut Vec<Phi<String>>) {
    let Ok(entity) = Entity::read(raw) else {
        return;
    };
    let Ok(kind) = entity.content_type() else {
        return;
    };
    if kind.media_type.starts_with("multipart/") && depth < 20 {
        for part in entity.parts(&kind).unwrap_or_default() {
            collect_text(part, depth + 1, texts);
        }
    } else if kind.is("text/plain")
        && let Some(bytes) = legacy::decoded(&entity)
    {
        texts.push(Phi::new(String::from_utf8_lossy(&bytes).into_owned()));
    }
}
