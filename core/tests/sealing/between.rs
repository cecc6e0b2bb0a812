//! The peers among themselves.

use std::rc::Rc;

use crate::forms::{self, Form, Placing, Scheme};
use crate::matrix::{Matrix, conclude};
use crate::mime::Letter;
use crate::peers::bouncy_castle::BouncyCastle;
use crate::peers::gnupg::GnuPg;
use crate::peers::gpgsm::GpgSm;
use crate::peers::openssl::OpenSsl;
use crate::peers::thunderbird::{Side, Thunderbird};
use crate::peers::{Reader, Writer, cms, openpgp, takes_part};
use crate::people::People;

#[test]
fn smime_among_openssl_bouncy_castle_and_gpgsm() {
    let available = OpenSsl::available()
        .and(BouncyCastle::available())
        .and(GnuPg::available())
        .and(GpgSm::available());
    if !takes_part(available) {
        return;
    }
    let people = Rc::new(People::with_certificates().unwrap());
    let openssl = cms::Mailer::new(OpenSsl, &people);
    let castle = cms::Mailer::new(BouncyCastle::start().unwrap(), &people);
    let gpgsm = cms::Mailer::new(GpgSm::new(&people).unwrap(), &people);
    let readers: [&dyn Reader; 3] = [&openssl, &castle, &gpgsm];
    conclude(&[
        Matrix::of(&openssl, &readers, &forms::CMS),
        // gpgsm's parser fails at some of Bouncy Castle's BER, depending on the
        // lengths in it.
        Matrix::of(&castle, &readers[..2], &forms::CMS),
        Matrix::of(&gpgsm, &readers, &forms::CMS),
    ]);

    let form = Form::Cms {
        envelope: None,
        signature: Some((Scheme::Rsa, Placing::Detached)),
    };
    a_change_is_noticed(&openssl, &readers, &form);
}

#[test]
fn openpgp_between_gpg_and_bouncy_castle() {
    let available = GnuPg::available().and(BouncyCastle::available());
    if !takes_part(available) {
        return;
    }
    let people = Rc::new(People::with_pgp().unwrap());
    let gpg = openpgp::Mailer::new(GnuPg::new(&people).unwrap(), &people);
    let castle = openpgp::Mailer::new(BouncyCastle::start().unwrap(), &people);
    let readers: [&dyn Reader; 2] = [&gpg, &castle];
    conclude(&[
        Matrix::of(&gpg, &readers, &forms::PGP),
        Matrix::of(&castle, &readers, &forms::PGP),
    ]);

    let form = Form::Pgp {
        key: forms::PgpKey::Rsa,
        packet: None,
        signed: true,
    };
    a_change_is_noticed(&gpg, &readers, &form);
}

#[test]
fn thunderbird_with_openssl_and_gpg() {
    let available = Thunderbird::available()
        .and(OpenSsl::available())
        .and(GnuPg::available());
    if !takes_part(available) {
        return;
    }
    let people = Rc::new(People::all().unwrap());
    let openssl = cms::Mailer::new(OpenSsl, &people);
    let gpg = openpgp::Mailer::new(GnuPg::new(&people).unwrap(), &people);
    let patient = Thunderbird::start(&people, Side::Patient).unwrap();
    let clinic = Thunderbird::start(&people, Side::Clinic).unwrap();
    conclude(&[
        Matrix::of(&openssl, &[&patient], &forms::CMS),
        Matrix::of(&gpg, &[&patient], &forms::PGP),
        Matrix::of(&clinic, &[&openssl], &forms::CMS),
        Matrix::of(&clinic, &[&gpg], &forms::PGP),
    ]);

    let form = Form::Cms {
        envelope: None,
        signature: Some((Scheme::Rsa, Placing::Detached)),
    };
    a_change_is_noticed(&openssl, &[&patient], &form);
}

/// A table that cannot fail would say nothing: of a signed message with
/// another text, no reader may say that it is signed.
fn a_change_is_noticed(writer: &dyn Writer, readers: &[&dyn Reader], form: &Form) {
    let message = writer.write(form, &Letter::about("change")).unwrap();
    let at = message
        .windows(8)
        .position(|text| text == b"Ferritin")
        .unwrap();
    let mut changed = message.clone();
    changed[at] = b'G';
    for reader in readers {
        assert!(reader.read(form, &message).unwrap().signed);
        let signed = reader.read(form, &changed).is_ok_and(|shown| shown.signed);
        assert!(!signed, "{} did not notice", reader.name());
    }
}
