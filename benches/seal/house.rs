//! This library as a contender: a clinic that writes to patients with each
//! kind of key.

use std::io::Write;
use std::sync::Arc;

use mailseal::base::{Address, Form, Timestamp};
use mailseal::discover::{CertificateFormat, PinnedKeys};
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::SmimeSealer;
use mailseal::seal::{SealError, SealJob};
use mailseal::testing::mail_pki::MailKey;
use mailseal::testing::pki::TestCa;

use super::{Contender, Family, Role};

/// The name, the family, and how it is sealed.
pub(crate) const FORMS: [(&str, Family); 5] = [
    ("pgp v4 SEIPDv1", Family::Cfb),
    ("pgp v6 SEIPDv2", Family::Ocb),
    ("smime cbc rsa-oaep", Family::Cbc),
    ("smime cbc ecdh", Family::Cbc),
    ("smime gcm ecdh", Family::Gcm),
];

/// The time on every message.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

/// A sender, a recipient, and what seals between them.
pub(crate) enum House {
    Pgp(PgpSealer, [Address; 2]),
    Smime(SmimeSealer, [Address; 2]),
}

impl House {
    pub(crate) fn new(form: &str) -> Result<Self, String> {
        Self::build(form).map_err(|error| format!("{form}: {error}"))
    }

    fn build(form: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let clinic: Address = "clinic@harbor.example".parse()?;
        let pat: Address = "pat@mail.example".parse()?;
        let known = Arc::new(PinnedKeys::new());
        if form.starts_with("pgp") {
            let [own, key] = if form.contains("v6") {
                [&clinic, &pat].map(|a| PgpKey::make_random_v6(a, NOW))
            } else {
                [&clinic, &pat].map(|a| PgpKey::make_random(a, NOW))
            };
            known.pin(&pat, CertificateFormat::OpenPgpBinary, &key?.certificate()?)?;
            let sealer = PgpSealer::new(known)
                .identity(&clinic, own?)
                .copy_to_self(false);
            return Ok(Self::Pgp(sealer, [clinic, pat]));
        }
        let ca = TestCa::new();
        let kind = if form.contains("rsa") {
            MailKey::Rsa2048
        } else {
            MailKey::P256
        };
        let key = ca.smime_key(&pat, kind);
        known.pin(&pat, CertificateFormat::X509Der, key.certificate().der())?;
        let chosen = if form.contains("gcm") {
            Form::AuthEnveloped
        } else {
            Form::Enveloped
        };
        let sealer = SmimeSealer::new(known)
            .identity(&clinic, ca.smime_key(&clinic, MailKey::P256))
            .form_for(&pat, chosen)
            .copy_to_self(false);
        Ok(Self::Smime(sealer, [clinic, pat]))
    }

    pub(crate) fn seal_to(&self, message: &[u8], out: &mut dyn Write) -> Result<(), SealError> {
        match self {
            Self::Pgp(sealer, [from, to]) => {
                sealer.seal_to(&SealJob::new(message, from, to, NOW), out)
            }
            Self::Smime(sealer, [from, to]) => {
                sealer.seal_to(&SealJob::new(message, from, to, NOW), out)
            }
        }
    }
}

pub(crate) fn contenders() -> Result<Vec<Contender>, String> {
    FORMS
        .into_iter()
        .map(|(name, family)| {
            let house = House::new(name)?;
            Ok(Contender {
                name,
                family,
                role: Role::Ours,
                work: Box::new(move |message| {
                    let mut out = Vec::with_capacity(message.len() * 2 + 16_384);
                    house
                        .seal_to(message, &mut out)
                        .map_err(|error| error.to_string())?;
                    Ok(out.len())
                }),
            })
        })
        .collect()
}

/// A rendered message of so many octets, most of them a file in base64, as in
/// most messages of that size.
pub(crate) fn message(octets: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(octets);
    out.extend_from_slice(
        b"From: clinic@harbor.example\r\nTo: pat@mail.example\r\n\
          Date: Mon, 16 Nov 2026 09:06:40 +0000\r\nSubject: Your result\r\n\
          Message-ID: <1@harbor.example>\r\nMIME-Version: 1.0\r\n\
          Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    );
    // splitmix64: does not compress, and is the same in each run.
    let mut state = 0_u64;
    while out.len() + 2 < octets {
        let line = 76.min(octets - 2 - out.len());
        for _ in 0..line {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            out.push(LETTERS[usize::from((z ^ (z >> 31)).to_le_bytes()[0] & 63)]);
        }
        out.extend_from_slice(b"\r\n");
        if octets - out.len() < 3 {
            break;
        }
    }
    out
}
