//! Reading and writing PGP/MIME messages with a program that knows OpenPGP but
//! not mail: the MIME around it is the harness's.

use std::rc::Rc;

use super::cms::shown;
use super::{Reader, Shown, Writer};
use crate::forms::{Form, Packet};
use crate::mime::{self, Entity, Letter};
use crate::people::{People, address};

/// A program that knows OpenPGP. Everything is armoured; people are given by
/// name.
pub(crate) trait OpenPgp {
    fn name(&self) -> &'static str;
    fn cannot_read(&self, form: &Form) -> Option<&'static str>;

    /// With SEIPDv1, signed where `from` is given.
    fn encrypt(
        &self,
        people: &People,
        to: &str,
        from: Option<&str>,
        content: &[u8],
    ) -> Result<Vec<u8>, String>;
    /// Gives the content and whether `from` signed it.
    fn decrypt(
        &self,
        people: &People,
        to: &str,
        from: &str,
        message: &[u8],
    ) -> Result<(Vec<u8>, bool), String>;
    /// A detached signature over SHA-256.
    fn sign(&self, people: &People, from: &str, content: &[u8]) -> Result<Vec<u8>, String>;
    fn verify(
        &self,
        people: &People,
        from: &str,
        signature: &[u8],
        content: &[u8],
    ) -> Result<(), String>;
}

/// Such a program with everybody's keys, as reader and writer of messages.
#[derive(Debug)]
pub(crate) struct Mailer<P> {
    pub(crate) program: P,
    pub(crate) people: Rc<People>,
}

impl<P: OpenPgp> Mailer<P> {
    pub(crate) fn new(program: P, people: &Rc<People>) -> Self {
        Self {
            program,
            people: Rc::clone(people),
        }
    }

    /// The payload of a multipart/signed, or the entity itself.
    fn verified(&self, form: &Form, entity: &[u8]) -> Result<(Vec<u8>, bool), String> {
        let parsed = Entity::parse(entity)?;
        if parsed.kind() != "multipart/signed" {
            return Ok((entity.to_vec(), false));
        }
        let parts = parsed.parts()?;
        let [payload, signature] = parts[..] else {
            return Err("multipart/signed needs two parts".to_owned());
        };
        let signature = Entity::parse(signature)?.decoded()?;
        self.program
            .verify(&self.people, form.sender(), &signature, payload)?;
        Ok((payload.to_vec(), true))
    }
}

impl<P: OpenPgp> Reader for Mailer<P> {
    fn name(&self) -> &'static str {
        self.program.name()
    }

    fn limit(&self, form: &Form) -> Option<&'static str> {
        match form {
            Form::Pgp { .. } => self.program.cannot_read(form),
            Form::Cms { .. } => Some("it is no CMS program"),
        }
    }

    fn read(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        let parsed = Entity::parse(message)?;
        if parsed.kind() != "multipart/encrypted" {
            let (payload, signed) = self.verified(form, message)?;
            return shown(message, &payload, false, signed);
        }
        let parts = parsed.parts()?;
        let [_, encrypted] = parts[..] else {
            return Err("multipart/encrypted needs two parts".to_owned());
        };
        let armoured = Entity::parse(encrypted)?.decoded()?;
        let (inner, signed_in_packet) =
            self.program
                .decrypt(&self.people, form.recipient(), form.sender(), &armoured)?;
        let (payload, signed_inside) = self.verified(form, &inner)?;
        shown(message, &payload, true, signed_in_packet || signed_inside)
    }
}

impl<P: OpenPgp> Writer for Mailer<P> {
    fn name(&self) -> &'static str {
        self.program.name()
    }

    fn writes(&self, form: &Form) -> bool {
        matches!(
            form,
            Form::Pgp {
                packet: None | Some(Packet::Seipd1),
                ..
            }
        )
    }

    fn write(&self, form: &Form, letter: &Letter) -> Result<Vec<u8>, String> {
        let (from, to) = (address(form.sender()), address(form.recipient()));
        let payload = letter.payload(&from, &to, form.encrypted());
        let people = &self.people;
        if form.encrypted() {
            let signer = form.signed().then(|| form.sender());
            let armoured = self
                .program
                .encrypt(people, form.recipient(), signer, &payload)?;
            let entity = mime::multipart_encrypted(&armoured);
            return Ok(mime::message(&from, &to, mime::HIDDEN, &entity));
        }
        let signature = self.program.sign(people, form.sender(), &payload)?;
        let entity = mime::multipart_signed(&payload, "application/pgp-signature", &signature);
        Ok(mime::message(&from, &to, &letter.subject, &entity))
    }
}
