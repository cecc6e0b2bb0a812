//! A clinic, two patients and a stranger, each with a key of both kinds.

use std::sync::Arc;

use mailseal::base::{Address, Clock as _, Phi, Route, Timestamp};
use mailseal::compose::{Copy, Message, Visible};
use mailseal::discover::{CertificateFormat, PinnedKeys};
use mailseal::seal::open::{Keyring, Opened, open};
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::{SmimeKey, SmimeSealer};
use mailseal::seal::{OpenError, SealJob, Sealer};
use mailseal::testing::clock::TestClock;
use mailseal::testing::mail_pki::MailKey;
use mailseal::testing::pki::TestCa;

pub(crate) const BODY: &str = "HbA1c 9.1 %, start insulin";
pub(crate) const SUBJECT: &str = "Your HbA1c result";

/// One who writes or reads.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) pgp: PgpKey,
    pub(crate) smime: SmimeKey,
}

/// Everybody, and the certificates that all of them know.
pub(crate) struct House {
    pub(crate) now: Timestamp,
    pub(crate) ca: TestCa,
    pub(crate) known: Arc<PinnedKeys>,
    pub(crate) clinic: Person,
    pub(crate) pat: Person,
    pub(crate) kim: Person,
    /// A stranger, with a certificate of the same authority.
    pub(crate) eve: Person,
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

impl House {
    pub(crate) fn new() -> Self {
        let now = TestClock::default().now();
        let ca = TestCa::new();
        let known = Arc::new(PinnedKeys::new());
        let person = |text: &str, kind| {
            let address = address(text);
            let pgp = PgpKey::make_random(&address, now).unwrap();
            let smime = ca.smime_key(&address, kind);
            known
                .pin(
                    &address,
                    CertificateFormat::OpenPgpBinary,
                    &pgp.certificate().unwrap(),
                )
                .unwrap();
            known
                .pin(
                    &address,
                    CertificateFormat::X509Der,
                    smime.certificate().der(),
                )
                .unwrap();
            Person {
                address,
                pgp,
                smime,
            }
        };
        Self {
            clinic: person("clinic@harbor.example", MailKey::Rsa2048),
            pat: person("pat@mail.example", MailKey::P256),
            kim: person("kim@other.example", MailKey::Rsa2048),
            eve: person("eve@evil.example", MailKey::P256),
            now,
            known,
            ca,
        }
    }

    pub(crate) fn pgp(&self) -> PgpSealer {
        PgpSealer::new(Arc::clone(&self.known))
            .identity(&self.clinic.address, self.clinic.pgp.clone())
            .identity(&self.eve.address, self.eve.pgp.clone())
    }

    pub(crate) fn smime(&self) -> SmimeSealer {
        SmimeSealer::new(Arc::clone(&self.known))
            .identity(&self.clinic.address, self.clinic.smime.clone())
            .identity(&self.eve.address, self.eve.smime.clone())
            .anchors(self.ca.smime_anchors())
    }

    pub(crate) fn sealer(&self, route: Route) -> Box<dyn Sealer> {
        match route {
            Route::Pgp => Box::new(self.pgp()),
            _ => Box::new(self.smime()),
        }
    }

    /// The clinic's message to Pat, as it would leave in clear.
    pub(crate) fn message(&self) -> Vec<u8> {
        rendered(&self.clinic.address, &self.pat.address)
    }

    pub(crate) fn seal(&self, route: Route, message: &[u8]) -> Vec<u8> {
        let job = SealJob::new(message, &self.clinic.address, &self.pat.address, self.now);
        self.sealer(route).seal(&job).unwrap()
    }

    /// Signed only.
    pub(crate) fn sign(&self, route: Route, message: &[u8], sender: &Address) -> Vec<u8> {
        match route {
            Route::Pgp => self.pgp().sign(message, sender, self.now).unwrap(),
            _ => self.smime().sign(message, sender, self.now).unwrap(),
        }
    }

    /// Who knows everybody's certificates and has this person's keys.
    pub(crate) fn keyring(&self, person: &Person) -> Keyring {
        Keyring::new()
            .pgp_key(person.pgp.clone())
            .smime_key(person.smime.clone())
            .anchors(self.ca.smime_anchors())
            .certificates(Arc::clone(&self.known))
    }

    pub(crate) fn open(&self, raw: &[u8]) -> Result<Opened, OpenError> {
        open(raw, &self.keyring(&self.pat), self.now)
    }
}

pub(crate) fn rendered(from: &Address, to: &Address) -> Vec<u8> {
    let message = Message::builder()
        .from(from.clone())
        .to(to.clone())
        .subject(SUBJECT)
        .text(Phi::new(BODY.to_owned()))
        .html(Phi::new(format!("<html><body><p>{BODY}</p></body></html>")))
        .build()
        .unwrap();
    let copy = Copy::new(
        Visible::All,
        Timestamp::from_unix_ms(1_795_000_000_000),
        "1@harbor.example",
    );
    message.render(&copy).unwrap().bytes().to_vec()
}

pub(crate) fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|w| w == needle.as_bytes())
}

/// The text with one occurrence of `old` as `new`; there must be one.
pub(crate) fn replaced(raw: &[u8], old: &str, new: &str) -> Vec<u8> {
    let at = raw
        .windows(old.len())
        .position(|w| w == old.as_bytes())
        .unwrap_or_else(|| panic!("no {old:?}"));
    [&raw[..at], new.as_bytes(), &raw[at + old.len()..]].concat()
}

/// Header block without the blank line, and body.
pub(crate) fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let at = raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    (&raw[..at + 2], &raw[at + 4..])
}

/// The MIME fields and body of a message: an entity that can be a part.
pub(crate) fn entity(raw: &[u8]) -> Vec<u8> {
    let (head, body) = split(raw);
    let mut out = Vec::new();
    let mut keep = false;
    for line in head.split_inclusive(|&b| b == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            keep = line.to_ascii_lowercase().starts_with(b"content-");
        }
        if keep {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

/// A multipart of these parts under the given header fields.
pub(crate) fn multipart(head: &str, kind: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut out =
        format!("{head}MIME-Version: 1.0\r\nContent-Type: {kind}; boundary=\"outer\"\r\n\r\n")
            .into_bytes();
    for part in parts {
        out.extend_from_slice(b"--outer\r\n");
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--outer--\r\n");
    out
}

pub(crate) const ROUTES: [Route; 2] = [Route::Pgp, Route::Smime];
