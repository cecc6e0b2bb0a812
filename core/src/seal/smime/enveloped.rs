//! EnvelopedData and AuthEnvelopedData (RFC 5652 section 6, RFC 5083).
//!
//! Written: AES-256-CBC, and AES-256-GCM where the recipient reads it. Read:
//! AES of all lengths in CBC, AES-128 and AES-256 in GCM; Triple DES, RC2 and
//! the rest are refused. Whatever goes wrong in opening is one error: what
//! differs would tell an attacker who sends variants.

use std::io::{self, Write};

use zeroize::Zeroizing;

use super::algorithms::{
    self as alg, AES_128_CBC, AES_128_GCM, AES_192_CBC, AES_256_CBC, AES_256_GCM,
    AUTH_ENVELOPED_DATA, Algorithm, CONTENT_TYPE, DATA, ENVELOPED_DATA,
};
use super::ber::{
    self, Element, Elements, INTEGER, Malformed, OCTET_STRING, OID, SEQUENCE, SET, explicit,
    implicit,
};
use super::key::SmimeKey;
pub(crate) use super::recipients::Recipient;
use super::recipients::{self, MAX_RECIPIENTS};
use crate::base::Form;
use crate::base::crypto::content::{CbcEncryptor, cbc_length, decrypt_cbc, decrypt_gcm};
use crate::base::crypto::{make_random, seal_in_place};
use crate::seal::open::Decrypted;
use crate::seal::{OpenError, SealError};

/// Larger messages are not read.
const MAX_MESSAGE: usize = 1 << 30;

/// AES-GCM's tag and nonce as S/MIME uses them (RFC 5084 section 3.2).
const TAG: usize = 16;
const NONCE: usize = 12;

/// Writes `content`, joined, as a DER ContentInfo for these recipients.
#[cfg(test)]
pub(crate) fn encrypt(
    content: &[&[u8]],
    recipients: &[Recipient<'_>],
    form: Form,
    out: &mut dyn Write,
) -> Result<(), SealError> {
    let length = content.iter().map(|c| c.len()).sum();
    encrypt_from(
        length,
        &mut |sink| content.iter().try_for_each(|piece| sink.write_all(piece)),
        recipients,
        form,
        out,
    )
}

/// Writes a DER ContentInfo for these recipients. The content, of `length`
/// octets, is what `feed` writes: under AES-CBC it is never held.
pub(crate) fn encrypt_from(
    length: usize,
    feed: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    recipients: &[Recipient<'_>],
    form: Form,
    out: &mut dyn Write,
) -> Result<(), SealError> {
    if recipients.is_empty() {
        return Err(SealError::NoKey);
    }
    if recipients.len() > MAX_RECIPIENTS {
        return Err(SealError::Message("it has too many recipients"));
    }
    let key = Zeroizing::new(make_random::<32>());
    let mut infos = Vec::with_capacity(recipients.len());
    let mut plain = true;
    for recipient in recipients {
        let (info, version_0) = recipients::write(recipient, &key)?;
        plain &= version_0;
        infos.push(info);
    }
    let infos = ber::set_of(SET, infos);
    match form {
        Form::Enveloped | Form::EnvelopedPkcs1 => {
            encrypt_cbc(&key, length, feed, &infos, plain, out)
        }
        Form::AuthEnveloped => encrypt_gcm(&key, length, feed, &infos, out),
        Form::SeipdV1 | Form::SeipdV2 => Err(SealError::Unsupported),
    }
}

const CHANGED: SealError = SealError::Message("its length changed while it was sealed");
const FAILED: SealError = SealError::Message("it could not be encrypted");

fn encrypt_cbc(
    key: &[u8; 32],
    length: usize,
    feed: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    infos: &[u8],
    plain: bool,
    out: &mut dyn Write,
) -> Result<(), SealError> {
    let iv = make_random::<16>();
    let algorithm = alg::algorithm(&AES_256_CBC, &ber::tlv(OCTET_STRING, &[&iv]));
    // Version 0 where all recipients are by key transport and issuer, else 2.
    let version = ber::tlv(INTEGER, &[&[if plain { 0 } else { 2 }]]);
    let prefix = prefix(
        &ENVELOPED_DATA,
        &[&version, infos],
        &algorithm,
        cbc_length(length),
        0,
    );
    out.write_all(&prefix).map_err(write_error)?;

    let mut sink = CbcSink {
        encryptor: CbcEncryptor::new(key, iv).map_err(|_| FAILED)?,
        out,
        left: length,
    };
    feed(&mut sink).map_err(write_error)?;
    if sink.left != 0 {
        return Err(CHANGED);
    }
    let last = sink.encryptor.finish().map_err(|_| FAILED)?;
    sink.out.write_all(&last).map_err(write_error)
}

struct CbcSink<'a> {
    encryptor: CbcEncryptor,
    out: &'a mut dyn Write,
    left: usize,
}

impl Write for CbcSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The lengths before it are already written.
        self.left = self
            .left
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::InvalidInput)?;
        let out = &mut *self.out;
        self.encryptor.update(bytes, |piece| out.write_all(piece))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn encrypt_gcm(
    key: &[u8; 32],
    length: usize,
    feed: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    infos: &[u8],
    out: &mut dyn Write,
) -> Result<(), SealError> {
    let nonce = make_random::<NONCE>();
    let parameters = ber::tlv(
        SEQUENCE,
        // The tag's length defaults to 12, so 16 is written.
        &[
            &ber::tlv(OCTET_STRING, &[&nonce]),
            &ber::tlv(INTEGER, &[&[16]]),
        ],
    );
    let algorithm = alg::algorithm(&AES_256_GCM, &parameters);
    let version = ber::tlv(INTEGER, &[&[0]]);
    let mut buffer = Zeroizing::new(Vec::with_capacity(length));
    feed(&mut *buffer).map_err(write_error)?;
    if buffer.len() != length {
        return Err(CHANGED);
    }
    let tag = seal_in_place(key, nonce, b"", &mut buffer);
    let tag = ber::tlv(OCTET_STRING, &[&tag]);
    let prefix = prefix(
        &AUTH_ENVELOPED_DATA,
        &[&version, infos],
        &algorithm,
        length,
        tag.len(),
    );
    [&prefix, buffer.as_slice(), &tag]
        .iter()
        .try_for_each(|piece| out.write_all(piece))
        .map_err(write_error)
}

/// ContentInfo up to the ciphertext, after which `tail` octets follow.
fn prefix(
    content_type: &der::asn1::ObjectIdentifier,
    before: &[&[u8]],
    algorithm: &[u8],
    ciphertext: usize,
    tail: usize,
) -> Vec<u8> {
    let data = ber::oid(&DATA);
    let content_head = ber::head(implicit(0), ciphertext);
    let info_length = data.len() + algorithm.len() + content_head.len() + ciphertext;
    let info_head = ber::head(SEQUENCE, info_length);
    let before_length: usize = before.iter().map(|b| b.len()).sum();
    let enveloped_length = before_length + info_head.len() + info_length + tail;
    let enveloped_head = ber::head(SEQUENCE, enveloped_length);
    let explicit_head = ber::head(explicit(0), enveloped_head.len() + enveloped_length);
    let oid = ber::oid(content_type);
    let outer_length = oid.len() + explicit_head.len() + enveloped_head.len() + enveloped_length;

    let mut out = ber::head(SEQUENCE, outer_length);
    out.extend_from_slice(&oid);
    out.extend_from_slice(&explicit_head);
    out.extend_from_slice(&enveloped_head);
    out.extend_from_slice(&before.concat());
    out.extend_from_slice(&info_head);
    out.extend_from_slice(&data);
    out.extend_from_slice(algorithm);
    out.extend_from_slice(&content_head);
    out
}

pub(super) fn write_error(error: io::Error) -> SealError {
    SealError::Write(error.kind())
}

/// Opens a ContentInfo of EnvelopedData or AuthEnvelopedData in BER.
pub(crate) fn decrypt(der: &[u8], keys: &[&SmimeKey]) -> Result<Decrypted, OpenError> {
    open(der, keys).map_err(|Malformed| OpenError::Decrypt)
}

enum Cipher {
    Cbc { iv: [u8; 16] },
    Gcm { nonce: [u8; NONCE] },
}

fn open(der: &[u8], keys: &[&SmimeKey]) -> Result<Decrypted, Malformed> {
    if der.len() > MAX_MESSAGE {
        return Err(Malformed);
    }
    let (content_type, mut content) = content_info(der)?;
    let authenticated = match content_type {
        ENVELOPED_DATA => false,
        AUTH_ENVELOPED_DATA => true,
        _ => return Err(Malformed),
    };
    let mut fields = content.expect(SEQUENCE)?.inside();
    content.end()?;
    fields.expect(INTEGER)?;
    fields.optional(explicit(0))?;
    let infos = fields.expect(SET)?;
    let mut info = fields.expect(SEQUENCE)?.inside();
    let attributes = fields.optional(explicit(1))?;
    let mut tag = [0; TAG];
    let mut aad = Vec::new();
    if authenticated {
        let mut octets = Vec::new();
        fields.string(OCTET_STRING)?.append_octets(&mut octets)?;
        tag = octets.as_slice().try_into().map_err(|_| Malformed)?;
        fields.optional(explicit(2))?;
        if let Some(attributes) = attributes {
            aad = authenticated_attributes(&attributes)?;
        }
    }
    fields.end()?;

    if alg::read_oid(&info.expect(OID)?)? != DATA {
        return Err(Malformed);
    }
    let (cipher, length) = read_cipher(&info.expect(SEQUENCE)?)?;
    if authenticated != matches!(cipher, Cipher::Gcm { .. }) {
        return Err(Malformed);
    }
    let ciphertext = info.string(implicit(0))?;
    info.end()?;

    let (content, form) = recipients::recover(&infos, keys, length, |recovered| {
        let mut buffer = Zeroizing::new(Vec::with_capacity(ciphertext.value.len()));
        ciphertext.append_octets(&mut buffer).ok()?;
        match cipher {
            Cipher::Cbc { iv } => decrypt_cbc(&recovered.key, iv, &mut buffer),
            Cipher::Gcm { nonce } => decrypt_gcm(&recovered.key, nonce, &aad, &tag, &mut buffer),
        }
        .ok()?;
        let form = match (authenticated, recovered.pkcs1) {
            (true, _) => Form::AuthEnveloped,
            (false, true) => Form::EnvelopedPkcs1,
            (false, false) => Form::Enveloped,
        };
        Some((buffer, form))
    })?;
    Ok(Decrypted {
        content,
        form,
        integrity: authenticated,
        signatures: Vec::new(),
    })
}

/// The content type and what stands in a ContentInfo (RFC 5652 section 3).
pub(super) fn content_info(
    ber: &[u8],
) -> Result<(der::asn1::ObjectIdentifier, Elements<'_>), Malformed> {
    let mut outer = Elements(ber);
    let mut info = outer.expect(SEQUENCE)?.inside();
    outer.end()?;
    let content_type = alg::read_oid(&info.expect(OID)?)?;
    let content = info.expect(explicit(0))?.inside();
    info.end()?;
    Ok((content_type, content))
}

fn read_cipher(element: &Element<'_>) -> Result<(Cipher, usize), Malformed> {
    let der = element.to_der()?;
    let element = Elements(&der).expect(SEQUENCE)?;
    let algorithm = Algorithm::read(&element)?;
    let parameters = algorithm.parameters.ok_or(Malformed)?;
    let cbc = |length| {
        if parameters.tag != OCTET_STRING {
            return Err(Malformed);
        }
        let iv = parameters.value.try_into().map_err(|_| Malformed)?;
        Ok((Cipher::Cbc { iv }, length))
    };
    let gcm = |length| {
        if parameters.tag != SEQUENCE {
            return Err(Malformed);
        }
        let mut inside = parameters.inside();
        let nonce = inside.expect(OCTET_STRING)?.value;
        let tag = alg::small_integer(&inside.expect(INTEGER)?).map(usize::from);
        inside.end()?;
        if tag != Some(TAG) {
            return Err(Malformed);
        }
        let nonce = nonce.try_into().map_err(|_| Malformed)?;
        Ok((Cipher::Gcm { nonce }, length))
    };
    match algorithm.oid {
        AES_128_CBC => cbc(16),
        AES_192_CBC => cbc(24),
        AES_256_CBC => cbc(32),
        AES_128_GCM => gcm(16),
        AES_256_GCM => gcm(32),
        _ => Err(Malformed),
    }
}

/// The authenticated attributes in the form that is authenticated: DER with
/// the tag of SET OF (RFC 5083 section 2.2).
fn authenticated_attributes(element: &Element<'_>) -> Result<Vec<u8>, Malformed> {
    let mut parts = Vec::new();
    for attribute in element.inside() {
        let attribute = attribute?;
        let mut inside = attribute.inside();
        if alg::read_oid(&inside.expect(OID)?)? == CONTENT_TYPE {
            let value = inside.expect(SET)?.inside().expect(OID)?;
            if alg::read_oid(&value)? != DATA {
                return Err(Malformed);
            }
        }
        parts.push(attribute.to_der()?);
    }
    if parts.is_empty() {
        return Err(Malformed);
    }
    Ok(ber::set_of(SET, parts))
}

#[cfg(test)]
mod tests;
