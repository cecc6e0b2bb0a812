//! The library as one more reader and writer, against everybody.

use std::rc::Rc;

use mailseal::base::{self, Address, Clock as _, Part, Secret, SystemClock};
use mailseal::compose::{Copy, Message, PartContent, Visible};
use mailseal::discover::{CertificateFormat, PinnedKeys};
use mailseal::seal::open::{Authenticity, Keyring, Unproven, open};
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::{SmimeKey, SmimeSealer, TrustAnchors};
use mailseal::seal::{OpenError, SealJob, Sealer as _};

use crate::forms::{self, Cipher, Form, Packet, Placing, Scheme, Transport};
use crate::matrix::{Matrix, conclude};
use crate::mime::Letter;
use crate::peers::bouncy_castle::BouncyCastle;
use crate::peers::gnupg::GnuPg;
use crate::peers::gpgsm::GpgSm;
use crate::peers::openssl::OpenSsl;
use crate::peers::thunderbird::{Side, Thunderbird};
use crate::peers::{Reader, Shown, Writer, cms, openpgp, program, succeed, takes_part};
use crate::people::{PASSPHRASE, People, address};

/// mailseal with everybody's keys.
#[derive(Debug)]
struct Ours {
    people: Rc<People>,
}

impl Ours {
    fn passphrase() -> Secret<String> {
        Secret::from(PASSPHRASE)
    }

    /// The PKCS#12 file is as old as gpgsm wants it, which we do not read.
    fn smime_key(&self, name: &str) -> Result<SmimeKey, String> {
        let mut openssl = program("openssl");
        let key = self.people.path(&format!("{name}.key"));
        openssl.args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in"]);
        openssl
            .arg(key)
            .args(["-passout", &format!("pass:{PASSPHRASE}")]);
        let encrypted = succeed(&mut openssl, b"")?;
        let chain = self.people.read(&format!("{name}.pem"));
        SmimeKey::from_pkcs8(&encrypted, &chain, &Self::passphrase())
            .map_err(|e| format!("{name}: {e}"))
    }

    fn pgp_key(&self, name: &str) -> Result<PgpKey, String> {
        let file = self.people.read(&format!("{name}.sec"));
        PgpKey::read(&file, &Self::passphrase()).map_err(|e| format!("{name}: {e}"))
    }

    /// What is known of one: the recipient where we write, the sender where we
    /// read.
    fn known(&self, name: &str, pgp: bool) -> PinnedKeys {
        let (format, ending) = match pgp {
            true => (CertificateFormat::OpenPgpArmored, "pub"),
            false => (CertificateFormat::X509Pem, "pem"),
        };
        let keys = PinnedKeys::new();
        let bytes = self.people.read(&format!("{name}.{ending}"));
        keys.pin(&mailbox(name), format, &bytes).unwrap();
        keys
    }

    fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_pem(&self.people.read("root.pem")).unwrap()
    }

    fn seal_smime(&self, form: &Form, message: &[u8]) -> Result<Vec<u8>, String> {
        let Form::Cms {
            envelope,
            signature,
        } = form
        else {
            return Err("no form of S/MIME".to_owned());
        };
        let (from, to) = (mailbox(form.sender()), mailbox(form.recipient()));
        let mut sealer = SmimeSealer::new(self.known(form.recipient(), false))
            .anchors(self.anchors())
            .allow_unsigned(true);
        if let Some((scheme, placing)) = signature {
            sealer = sealer
                .identity(&from, self.smime_key(form.sender())?)
                .pss(*scheme == Scheme::Pss)
                .opaque(*placing == Placing::Opaque);
        }
        let now = SystemClock.now();
        let sealed = match envelope {
            None => sealer.sign(message, &from, now),
            Some((cipher, transport)) => {
                let form = match (cipher, transport) {
                    (Cipher::Gcm, _) => base::Form::AuthEnveloped,
                    (Cipher::Cbc, Transport::Pkcs1) => base::Form::EnvelopedPkcs1,
                    (Cipher::Cbc, _) => base::Form::Enveloped,
                };
                let job = SealJob::new(message, &from, &to, now);
                sealer.form_for(&to, form).seal(&job)
            }
        };
        sealed.map_err(|e| e.to_string())
    }

    fn seal_pgp(&self, form: &Form, message: &[u8]) -> Result<Vec<u8>, String> {
        let Form::Pgp { packet, signed, .. } = form else {
            return Err("no form of OpenPGP".to_owned());
        };
        let (from, to) = (mailbox(form.sender()), mailbox(form.recipient()));
        let mut sealer = PgpSealer::new(self.known(form.recipient(), true));
        if *signed {
            sealer = sealer.identity(&from, self.pgp_key(form.sender())?);
        }
        let now = SystemClock.now();
        let sealed = match packet {
            None => sealer.sign(message, &from, now),
            Some(packet) => {
                let form = match packet {
                    Packet::Seipd1 => base::Form::SeipdV1,
                    Packet::Seipd2 => base::Form::SeipdV2,
                };
                sealer
                    .form_for(&to, form)
                    .seal(&SealJob::new(message, &from, &to, now))
            }
        };
        sealed.map_err(|e| e.to_string())
    }

    /// As the form's recipient, who knows nobody but the authority.
    fn open_smime(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        let keys = Keyring::new()
            .smime_key(self.smime_key(form.recipient())?)
            .anchors(self.anchors());
        show(message, &keys)
    }

    /// As the form's recipient, who has pinned the sender.
    fn open_pgp(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        let keys = Keyring::new()
            .pgp_key(self.pgp_key(form.recipient())?)
            .certificates(self.known(form.sender(), true));
        show(message, &keys)
    }
}

fn mailbox(name: &str) -> Address {
    address(name).parse().unwrap()
}

/// What a program built on the library would show.
fn show(message: &[u8], keys: &Keyring) -> Result<Shown, String> {
    let opened = open(message, keys, SystemClock.now()).map_err(|e| e.to_string())?;
    let signed = match opened.authenticity() {
        Authenticity::Authentic(_) => true,
        Authenticity::Unproven(Unproven::Unsigned) => false,
        other => return Err(format!("{other:?}")),
    };
    let (subject, text) = match opened.message() {
        Ok(message) => {
            let message = Message::parse(message).map_err(|e| e.to_string())?;
            let text = message
                .parts()
                .iter()
                .find_map(|part| match part.content() {
                    PartContent::Text(text) if part.part() != Part::Subject => {
                        (part.media_type() == "text/plain" && part.part() == Part::Text)
                            .then(|| text.expose().clone())
                    }
                    _ => None,
                });
            (message.subject().to_owned(), text.ok_or("no text")?)
        }
        // CBC without a signature: plain text is all there is, and the subject
        // that everybody sees.
        Err(OpenError::Unauthenticated) => {
            let texts = opened.unauthenticated_text();
            let text = texts.first().ok_or("no text")?.expose().clone();
            let outer = crate::mime::Entity::parse(message)?;
            (outer.header("subject").unwrap_or_default().to_owned(), text)
        }
        Err(error) => return Err(error.to_string()),
    };
    Ok(Shown {
        text: text.replace("\r\n", "\n").trim_end().to_owned(),
        subject,
        encrypted: opened.is_encrypted(),
        signed,
    })
}

impl Reader for Ours {
    fn name(&self) -> &'static str {
        "mailseal"
    }

    fn limit(&self, _form: &Form) -> Option<&'static str> {
        None
    }

    /// What CBC without a signature holds is given out as plain text alone.
    fn shows_protected_subject(&self, form: &Form) -> bool {
        form.signed() || form.cipher() != Some(Cipher::Cbc)
    }

    fn read(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        match form {
            Form::Cms { .. } => self.open_smime(form, message),
            Form::Pgp { .. } => self.open_pgp(form, message),
        }
    }
}

impl Writer for Ours {
    fn name(&self) -> &'static str {
        "mailseal"
    }

    /// All but what it does not write: narrow this to what is there.
    fn writes(&self, _form: &Form) -> bool {
        true
    }

    fn write(&self, form: &Form, letter: &Letter) -> Result<Vec<u8>, String> {
        let message = Message::builder()
            .from(mailbox(form.sender()))
            .to(mailbox(form.recipient()))
            .subject(letter.subject.as_str())
            .text(letter.text.as_str())
            .build()
            .map_err(|e| e.to_string())?;
        let copy = Copy::new(Visible::All, SystemClock.now(), "1@harbor.example");
        let message = message.render(&copy).map_err(|e| e.to_string())?;
        let message = message.bytes();
        match form {
            Form::Cms { .. } => self.seal_smime(form, message),
            Form::Pgp { .. } => self.seal_pgp(form, message),
        }
    }
}

#[test]
fn smime_with_everybody() {
    let available = OpenSsl::available()
        .and(BouncyCastle::available())
        .and(GnuPg::available())
        .and(GpgSm::available())
        .and(Thunderbird::available());
    if !takes_part(available) {
        return;
    }
    let people = Rc::new(People::all().unwrap());
    let ours = Ours {
        people: Rc::clone(&people),
    };
    let openssl = cms::Mailer::new(OpenSsl, &people);
    let castle = cms::Mailer::new(BouncyCastle::start().unwrap(), &people);
    let gpgsm = cms::Mailer::new(GpgSm::new(&people).unwrap(), &people);
    let patient = Thunderbird::start(&people, Side::Patient).unwrap();
    let clinic = Thunderbird::start(&people, Side::Clinic).unwrap();
    conclude(&[
        Matrix::of(
            &ours,
            &[&ours, &openssl, &castle, &gpgsm, &patient],
            &forms::CMS,
        ),
        Matrix::of(&openssl, &[&ours], &forms::CMS),
        Matrix::of(&castle, &[&ours], &forms::CMS),
        Matrix::of(&gpgsm, &[&ours], &forms::CMS),
        Matrix::of(&clinic, &[&ours], &forms::CMS),
    ]);
}

#[test]
fn openpgp_with_everybody() {
    let available = GnuPg::available()
        .and(BouncyCastle::available())
        .and(Thunderbird::available());
    if !takes_part(available) {
        return;
    }
    let people = Rc::new(People::all().unwrap());
    let ours = Ours {
        people: Rc::clone(&people),
    };
    let gpg = openpgp::Mailer::new(GnuPg::new(&people).unwrap(), &people);
    let castle = openpgp::Mailer::new(BouncyCastle::start().unwrap(), &people);
    let patient = Thunderbird::start(&people, Side::Patient).unwrap();
    let clinic = Thunderbird::start(&people, Side::Clinic).unwrap();
    conclude(&[
        Matrix::of(&ours, &[&ours, &gpg, &castle, &patient], &forms::PGP),
        Matrix::of(&gpg, &[&ours], &forms::PGP),
        Matrix::of(&castle, &[&ours], &forms::PGP),
        Matrix::of(&clinic, &[&ours], &forms::PGP),
    ]);
}
