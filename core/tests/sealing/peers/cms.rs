//! Reading and writing S/MIME messages with a program that knows CMS but not
//! mail: the MIME around it is the harness's.

use std::rc::Rc;

use super::{Reader, Shown, Writer};
use crate::forms::{Cipher, Form, Placing, Scheme, Transport};
use crate::mime::{self, Entity, Letter};
use crate::people::{People, address};

/// A program that knows CMS. Everything is DER; people are given by name.
pub(crate) trait Cms {
    fn name(&self) -> &'static str;
    fn cannot_read(&self, form: &Form) -> Option<&'static str>;
    fn can_write(&self, form: &Form) -> bool;

    fn encrypt(
        &self,
        people: &People,
        cipher: Cipher,
        transport: Transport,
        to: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String>;
    fn decrypt(&self, people: &People, to: &str, der: &[u8]) -> Result<Vec<u8>, String>;
    fn sign(
        &self,
        people: &People,
        scheme: Scheme,
        placing: Placing,
        from: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String>;
    /// Gives the content that `from` signed. `content` stands apart, or inside.
    fn verify(
        &self,
        people: &People,
        from: &str,
        der: &[u8],
        content: Option<&[u8]>,
    ) -> Result<Vec<u8>, String>;
}

/// Such a program with everybody's keys, as reader and writer of messages.
#[derive(Debug)]
pub(crate) struct Mailer<P> {
    pub(crate) program: P,
    pub(crate) people: Rc<People>,
}

impl<P: Cms> Mailer<P> {
    pub(crate) fn new(program: P, people: &Rc<People>) -> Self {
        Self {
            program,
            people: Rc::clone(people),
        }
    }

    /// The payload inside an entity, and whether it was encrypted and signed.
    fn open(&self, form: &Form, entity: &[u8]) -> Result<(Vec<u8>, bool, bool), String> {
        let parsed = Entity::parse(entity)?;
        let kind = parsed.kind();
        if kind == "multipart/signed" {
            let parts = parsed.parts()?;
            let [payload, signature] = parts[..] else {
                return Err("multipart/signed needs two parts".to_owned());
            };
            let der = Entity::parse(signature)?.decoded()?;
            self.program
                .verify(&self.people, form.sender(), &der, Some(payload))?;
            return Ok((payload.to_vec(), false, true));
        }
        if kind != "application/pkcs7-mime" {
            return Ok((entity.to_vec(), false, false));
        }
        let der = parsed.decoded()?;
        if parsed.parameter("smime-type").as_deref() == Some("signed-data") {
            let payload = self
                .program
                .verify(&self.people, form.sender(), &der, None)?;
            return Ok((payload, false, true));
        }
        let inner = self.program.decrypt(&self.people, form.recipient(), &der)?;
        let (payload, encrypted, signed) = self.open(form, &inner)?;
        if encrypted {
            return Err("encrypted twice".to_owned());
        }
        Ok((payload, true, signed))
    }
}

impl<P: Cms> Reader for Mailer<P> {
    fn name(&self) -> &'static str {
        self.program.name()
    }

    fn limit(&self, form: &Form) -> Option<&'static str> {
        match form {
            Form::Cms { .. } => self.program.cannot_read(form),
            Form::Pgp { .. } => Some("it is no OpenPGP program"),
        }
    }

    fn read(&self, form: &Form, message: &[u8]) -> Result<Shown, String> {
        let (payload, encrypted, signed) = self.open(form, message)?;
        shown(message, &payload, encrypted, signed)
    }
}

impl<P: Cms> Writer for Mailer<P> {
    fn name(&self) -> &'static str {
        self.program.name()
    }

    fn writes(&self, form: &Form) -> bool {
        matches!(form, Form::Cms { .. }) && self.program.can_write(form)
    }

    fn write(&self, form: &Form, letter: &Letter) -> Result<Vec<u8>, String> {
        let Form::Cms {
            envelope,
            signature,
        } = form
        else {
            return Err("not CMS".to_owned());
        };
        let (from, to) = (address(form.sender()), address(form.recipient()));
        let mut entity = letter.payload(&from, &to, form.encrypted());
        if let Some((scheme, placing)) = signature {
            let der = self
                .program
                .sign(&self.people, *scheme, *placing, form.sender(), &entity)?;
            entity = match placing {
                Placing::Opaque => mime::pkcs7("signed-data", &der),
                Placing::Detached => {
                    mime::multipart_signed(&entity, "application/pkcs7-signature", &der)
                }
            };
        }
        if let Some((cipher, transport)) = envelope {
            let der = self.program.encrypt(
                &self.people,
                *cipher,
                *transport,
                form.recipient(),
                &entity,
            )?;
            let kind = match cipher {
                Cipher::Cbc => "enveloped-data",
                Cipher::Gcm => "authEnveloped-data",
            };
            entity = mime::pkcs7(kind, &der);
        }
        let subject = if form.encrypted() {
            mime::HIDDEN
        } else {
            &letter.subject
        };
        Ok(mime::message(&from, &to, subject, &entity))
    }
}

/// What a program that knows no mail shows: the harness reads the payload.
pub(crate) fn shown(
    message: &[u8],
    payload: &[u8],
    encrypted: bool,
    signed: bool,
) -> Result<Shown, String> {
    let inside = Entity::parse(payload)?;
    let outside = Entity::parse(message)?;
    let subject = inside
        .header("subject")
        .or(outside.header("subject"))
        .unwrap_or_default()
        .to_owned();
    Ok(Shown {
        text: inside.text()?.trim().to_owned(),
        subject,
        encrypted,
        signed,
    })
}
