//! The library as one more reader and writer, against everybody.
//!
//! Not part of the build yet: when the library seals and opens, fill in the
//! four functions of [`Ours`], and add `mod ours;` to `main.rs`.

use std::rc::Rc;

use crate::forms::{self, Form};
use crate::matrix::{Matrix, conclude};
use crate::mime::Letter;
use crate::peers::bouncy_castle::BouncyCastle;
use crate::peers::gnupg::GnuPg;
use crate::peers::gpgsm::GpgSm;
use crate::peers::openssl::OpenSsl;
use crate::peers::thunderbird::{Side, Thunderbird};
use crate::peers::{Reader, Shown, Writer, cms, openpgp, takes_part};
use crate::people::{People, address};

/// mailseal with everybody's keys.
#[derive(Debug)]
struct Ours {
    people: Rc<People>,
}

impl Ours {
    /// Seals `message`, rendered and in clear, from `form.sender()` to
    /// `form.recipient()`.
    ///
    /// The keys: `people.read("clinic-rsa.key")` (PEM, PKCS#8),
    /// `people.read("patient-p256.pem")`, `people.read("root.pem")`. The time
    /// must be now: Thunderbird compares the time of signing with the date.
    fn seal_smime(&self, form: &Form, message: &[u8]) -> Result<Vec<u8>, String> {
        let _ = (&self.people, form, message);
        Err("not linked yet".to_owned())
    }

    /// The same with OpenPGP: `people.read("clinic-pgp.sec")` (armoured, under
    /// [`PASSPHRASE`](crate::people::PASSPHRASE)), `people.read("patient-pgp.pub")`.
    fn seal_pgp(&self, form: &Form, message: &[u8]) -> Result<Vec<u8>, String> {
        let _ = (&self.people, form, message);
        Err("not linked yet".to_owned())
    }

    /// Opens `message` with the key of `form.recipient()`, trusting `root.pem`.
    fn open_smime(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        let _ = (&self.people, form, message);
        Err("not linked yet".to_owned())
    }

    /// Opens `message` with the key of `form.recipient()`, knowing the
    /// certificate of `form.sender()`.
    fn open_pgp(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        let _ = (&self.people, form, message);
        Err("not linked yet".to_owned())
    }
}

impl Reader for Ours {
    fn name(&self) -> &'static str {
        "mailseal"
    }

    fn limit(&self, _form: &Form) -> Option<&'static str> {
        None
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
        let (from, to) = (address(form.sender()), address(form.recipient()));
        let entity = format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
            letter.text
        );
        let message = crate::mime::message(&from, &to, &letter.subject, entity.as_bytes());
        match form {
            Form::Cms { .. } => self.seal_smime(form, &message),
            Form::Pgp { .. } => self.seal_pgp(form, &message),
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
