//! The MIME layers around CMS (RFC 8551 section 3).

use std::io::{self, Write};

use data_encoding::HEXLOWER;

use super::enveloped::write_error;
use super::key::SmimeKey;
use super::signed::{Signed, sign};
use crate::base::{Form, Timestamp, crypto};
use crate::seal::SealError;
use crate::seal::transfer::{Base64Lines, encoded_length};

const ENVELOPED: &[u8] = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n \
    name=\"smime.p7m\"\r\n\
    Content-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
const AUTH_ENVELOPED: &[u8] =
    b"Content-Type: application/pkcs7-mime; smime-type=authEnveloped-data;\r\n \
    name=\"smime.p7m\"\r\n\
    Content-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
const OPAQUE: &[u8] = b"Content-Type: application/pkcs7-mime; smime-type=signed-data;\r\n \
    name=\"smime.p7m\"\r\n\
    Content-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
const SIGNATURE: &str = "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
    Content-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n";

/// The header of an encrypted body, blank line included.
pub(super) const fn encrypted_header(form: Form) -> &'static [u8] {
    match form {
        Form::AuthEnveloped => AUTH_ENVELOPED,
        _ => ENVELOPED,
    }
}

/// How a payload is signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signing {
    /// SignedData around the payload in place of multipart/signed.
    pub(super) opaque: bool,
    pub(super) pss: bool,
}

/// A MIME entity that is written when its length is known and never copied:
/// the payload as it is, or signed.
pub(super) enum Entity<'a> {
    Plain(Vec<&'a [u8]>),
    Multipart {
        before: Vec<u8>,
        payload: Vec<&'a [u8]>,
        after: Vec<u8>,
    },
    Opaque {
        payload: Vec<&'a [u8]>,
        signed: Signed,
    },
}

impl<'a> Entity<'a> {
    /// Signs the payload.
    pub(super) fn sign(
        payload: Vec<&'a [u8]>,
        key: &SmimeKey,
        now: Timestamp,
        signing: Signing,
    ) -> Result<Self, SealError> {
        let signed = sign(&payload, key, now, !signing.opaque, signing.pss)?;
        if signing.opaque {
            return Ok(Self::Opaque { payload, signed });
        }
        // As in composing: 128 random bits that no content can hold.
        let boundary = format!("=_{}", HEXLOWER.encode(&crypto::make_random::<16>()));
        let before = format!(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n \
             micalg={}; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n",
            signed.micalg()
        )
        .into_bytes();
        let mut after = format!("\r\n--{boundary}\r\n{SIGNATURE}").into_bytes();
        let mut lines = Base64Lines::new(&mut after);
        signed.write(&[], &mut lines).map_err(write_error)?;
        lines.finish().map_err(write_error)?;
        after.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Ok(Self::Multipart {
            before,
            payload,
            after,
        })
    }

    pub(super) fn length(&self) -> usize {
        match self {
            Self::Plain(payload) => payload.concat_length(),
            Self::Multipart {
                before,
                payload,
                after,
            } => before.len() + payload.concat_length() + after.len(),
            Self::Opaque { payload, signed } => {
                OPAQUE.len() + encoded_length(signed.length(payload.concat_length()))
            }
        }
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Plain(payload) => payload.iter().try_for_each(|piece| out.write_all(piece)),
            Self::Multipart {
                before,
                payload,
                after,
            } => {
                out.write_all(before)?;
                payload.iter().try_for_each(|piece| out.write_all(piece))?;
                out.write_all(after)
            }
            Self::Opaque { payload, signed } => {
                out.write_all(OPAQUE)?;
                let mut lines = Base64Lines::new(out);
                signed.write(payload, &mut lines)?;
                lines.finish()
            }
        }
    }
}

trait ConcatLength {
    fn concat_length(&self) -> usize;
}

impl ConcatLength for [&[u8]] {
    fn concat_length(&self) -> usize {
        self.iter().map(|piece| piece.len()).sum()
    }
}

/// Whether a payload goes through mail as it is: multipart/signed asks for 7
/// bits and lines of at most 998 (RFC 8551 section 3.1.3).
pub(super) fn is_7bit(pieces: &[&[u8]]) -> bool {
    pieces.iter().all(|piece| {
        piece.is_ascii()
            && !piece.contains(&0)
            && piece.split(|&b| b == b'\n').all(|line| line.len() <= 999)
    })
}
