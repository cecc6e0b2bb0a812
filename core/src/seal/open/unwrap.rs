//! The cryptographic envelope (RFC 9787 section 4), layer by layer.

use zeroize::Zeroizing;

use super::report::{EncryptionReport, SignatureReport, Verdict};
use super::{Keyring, backend, within};
use crate::base::{Address, Route, Timestamp};
use crate::compose::sole_address;
use crate::seal::OpenError;
use crate::seal::entity::{ContentType, Entity};

/// Most layers of one envelope: triple wrapping (RFC 2634) has three.
const MAX_LAYERS: usize = 8;

/// What one layer did.
#[derive(Debug)]
pub(super) enum Layer {
    Encrypted(EncryptionReport),
    Signed(Vec<SignatureReport>),
}

/// A message without its envelope.
pub(super) struct Unwrapped {
    /// From the outermost inwards.
    pub(super) layers: Vec<Layer>,
    /// The innermost entity: the cryptographic payload.
    pub(super) payload: Zeroizing<Vec<u8>>,
}

/// How an entity is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sealing {
    PgpEncrypted,
    PgpSigned,
    CmsSigned,
    Cms,
    /// A multipart/signed of a protocol that is not known here.
    Unknown,
}

/// Whether and how an entity is sealed, by its Content-Type alone.
pub(super) fn sealing(kind: &ContentType) -> Option<Sealing> {
    let protocol = kind.parameter("protocol").map(str::to_ascii_lowercase);
    match (kind.media_type.as_str(), protocol.as_deref()) {
        ("multipart/encrypted", _) => Some(Sealing::PgpEncrypted),
        ("multipart/signed", Some("application/pgp-signature")) => Some(Sealing::PgpSigned),
        (
            "multipart/signed",
            Some("application/pkcs7-signature" | "application/x-pkcs7-signature"),
        ) => Some(Sealing::CmsSigned),
        ("multipart/signed", _) => Some(Sealing::Unknown),
        ("application/pkcs7-mime" | "application/x-pkcs7-mime", _) => Some(Sealing::Cms),
        _ => None,
    }
}

impl Unwrapped {
    /// The error to give: behind a layer that anybody may have changed only
    /// the one of decryption. Which octets came out well, of a padding as of a
    /// header, would tell of what stands there.
    fn veil(layers: &[Layer], error: OpenError) -> OpenError {
        let open = |l: &Layer| matches!(l, Layer::Encrypted(e) if !e.integrity);
        if layers.iter().any(open) {
            OpenError::Decrypt
        } else {
            error
        }
    }

    /// Goes on with what was found.
    pub(super) fn then<T>(
        self,
        go: impl FnOnce(&Self) -> Result<T, OpenError>,
    ) -> Result<T, OpenError> {
        go(&self).map_err(|error| Self::veil(&self.layers, error))
    }
}

/// Takes the envelope off.
pub(super) fn unwrap(raw: &[u8], keys: &Keyring, now: Timestamp) -> Result<Unwrapped, OpenError> {
    let mut layers = Vec::new();
    let payload = peel(raw, keys, now, &mut layers);
    settle(&mut layers);
    match payload {
        Ok(payload) => Ok(Unwrapped { layers, payload }),
        Err(error) => Err(Unwrapped::veil(&layers, error)),
    }
}

fn peel(
    raw: &[u8],
    keys: &Keyring,
    now: Timestamp,
    layers: &mut Vec<Layer>,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let author = author(&Entity::read(raw)?);
    let mut current = Zeroizing::new(raw.to_vec());
    loop {
        let entity = Entity::read(&current)?;
        let kind = entity.content_type()?;
        let Some(sealing) = sealing(&kind) else { break };
        if layers.len() == MAX_LAYERS {
            return Err(OpenError::Limit {
                what: "sealed layers",
                limit: MAX_LAYERS,
            });
        }
        let inner = match sealing {
            Sealing::PgpEncrypted => {
                let message = pgp_message(&entity, &kind)?;
                let opened = backend::pgp_decrypt(&message, keys, author.as_ref(), now)?;
                layers.push(Layer::Encrypted(EncryptionReport {
                    route: Route::Pgp,
                    form: opened.form,
                    integrity: opened.integrity,
                }));
                if !opened.signatures.is_empty() {
                    layers.push(Layer::Signed(opened.signatures));
                }
                opened.content
            }
            Sealing::Cms => {
                let der = Zeroizing::new(entity.decoded_body()?);
                match backend::cms_kind(&der)? {
                    backend::CmsKind::Enveloped => {
                        let opened = backend::cms_decrypt(&der, keys)?;
                        layers.push(Layer::Encrypted(EncryptionReport {
                            route: Route::Smime,
                            form: opened.form,
                            integrity: opened.integrity,
                        }));
                        opened.content
                    }
                    backend::CmsKind::Signed => {
                        let (content, reports) =
                            backend::cms_verify(&der, None, keys, author.as_ref(), now)?;
                        let Some(content) = content else {
                            // Certificates only, or a signature without its part.
                            layers.push(Layer::Signed(reports));
                            break;
                        };
                        layers.push(Layer::Signed(reports));
                        content
                    }
                }
            }
            Sealing::PgpSigned | Sealing::CmsSigned | Sealing::Unknown => {
                let (content, reports) =
                    signed_part(&entity, &kind, sealing, keys, author.as_ref(), now)?;
                layers.push(Layer::Signed(reports));
                match content {
                    Some(content) => content,
                    None => break,
                }
            }
        };
        within(inner.len())?;
        current = inner;
    }
    Ok(current)
}

/// Verifies a multipart/signed (RFC 1847 section 2.1). The content is `None`
/// where the structure is not the RFC's, and then nothing of it counts as
/// signed: a third part, or another protocol in the second, could be what a
/// reader shows.
pub(super) fn signed_part(
    entity: &Entity<'_>,
    kind: &ContentType,
    sealing: Sealing,
    keys: &Keyring,
    author: Option<&Address>,
    now: Timestamp,
) -> Result<backend::Content, OpenError> {
    let broken = |code| Ok((None, vec![backend::unread(code)]));
    let parts = entity.parts(kind)?;
    let [content, signature] = parts.as_slice() else {
        return broken("signature.structure");
    };
    let signature = Entity::read(signature)?;
    let signed_as = signature.content_type()?.media_type;
    let data = canonical(content);
    let reports = match sealing {
        Sealing::PgpSigned if signed_as == "application/pgp-signature" => {
            let armour = signature.decoded_body()?;
            backend::pgp_verify(&data, &armour, keys, author, now)?
        }
        Sealing::CmsSigned
            if [
                "application/pkcs7-signature",
                "application/x-pkcs7-signature",
            ]
            .contains(&signed_as.as_str()) =>
        {
            let der = signature.decoded_body()?;
            backend::cms_verify(&der, Some(&data), keys, author, now)?.1
        }
        Sealing::Unknown => return broken("signature.protocol"),
        _ => return broken("signature.structure"),
    };
    Ok((Some(data), reports))
}

/// The OpenPGP message of a multipart/encrypted (RFC 3156 section 4): exactly
/// the version part and the message.
fn pgp_message(entity: &Entity<'_>, kind: &ContentType) -> Result<Vec<u8>, OpenError> {
    const STRUCTURE: OpenError =
        OpenError::Malformed("a multipart/encrypted is not the one of RFC 3156");
    if !kind.says("protocol", "application/pgp-encrypted") {
        return Err(STRUCTURE);
    }
    let parts = entity.parts(kind)?;
    let [version, message] = parts.as_slice() else {
        return Err(STRUCTURE);
    };
    let version = Entity::read(version)?;
    if !version.content_type()?.is("application/pgp-encrypted") {
        return Err(STRUCTURE);
    }
    let message = Entity::read(message)?;
    if !message.content_type()?.is("application/octet-stream") {
        return Err(STRUCTURE);
    }
    message.decoded_body()
}

/// CBC shows nothing by itself: a right signature directly inside does.
fn settle(layers: &mut [Layer]) {
    for at in 0..layers.len() {
        let signed_inside = match layers.get(at + 1) {
            Some(Layer::Signed(reports)) => reports
                .iter()
                .any(|r| !matches!(r.verdict, Verdict::Invalid(_))),
            _ => false,
        };
        if let Some(Layer::Encrypted(report)) = layers.get_mut(at) {
            report.integrity |= signed_inside;
        }
    }
}

/// The author whom an entity names, if it is one.
pub(super) fn author(entity: &Entity<'_>) -> Option<Address> {
    let mut from = entity.named("From");
    let one = from.next()?;
    if from.next().is_some() {
        return None;
    }
    sole_address(&one.unfolded())
}

/// A part as it was signed: with CRLF (RFC 3156 section 5, RFC 8551 section
/// 3.1.1), whatever the line ends of the file it stood in.
fn canonical(part: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(with_crlf(part))
}

/// The same text with every line end as CRLF.
pub(super) fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    let mut last = 0;
    for &byte in text {
        if byte == b'\n' && last != b'\r' {
            out.push(b'\r');
        }
        out.push(byte);
        last = byte;
    }
    out
}
