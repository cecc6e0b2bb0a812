//! The sealer of the OpenPGP route.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use crate::base::crypto::stack::cleaned;
use crate::base::{Address, Form, FormReason, KeyFault, KeyTrust, Route, Timestamp};
use crate::seal::protect::{HeaderPolicy, Layer, protect};
use crate::seal::{Certificates, KeyStatus, SealError, SealJob, Sealer};

use super::backend::{Order, PgpBackend};
use super::sequoia::SequoiaBackend;
use super::{PgpKey, mime};

/// Seals messages as PGP/MIME (RFC 3156): signed by the sender's identity
/// where there is one, and encrypted to the recipient.
///
/// A version 4 certificate gets SEIPDv1, which every client reads, a version 6
/// certificate SEIPDv2; [`form_for`](Self::form_for) overrides that for one
/// recipient. What a version 4 certificate advertises does not count: gpg 2.2
/// and Thunderbird hold certificates that advertise what they cannot read.
pub struct PgpSealer {
    certificates: Box<dyn Certificates>,
    identities: HashMap<String, PgpKey>,
    forms: HashMap<String, Form>,
    headers: HeaderPolicy,
    copy_to_self: bool,
    backend: Arc<dyn PgpBackend>,
}

impl fmt::Debug for PgpSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgpSealer")
            .field("identities", &self.identities.len())
            .field("headers", &self.headers)
            .field("copy_to_self", &self.copy_to_self)
            .finish_non_exhaustive()
    }
}

/// A certificate that a copy is sealed to.
struct Usable {
    bytes: Vec<u8>,
    trust: KeyTrust,
    form: Form,
    reason: FormReason,
}

impl PgpSealer {
    /// A sealer that finds recipients' certificates in this source.
    pub fn new(certificates: impl Certificates) -> Self {
        Self {
            certificates: Box::new(certificates),
            identities: HashMap::new(),
            forms: HashMap::new(),
            headers: HeaderPolicy::default(),
            copy_to_self: true,
            backend: Arc::new(SequoiaBackend::default()),
        }
    }

    /// Mail from this address is signed by this key.
    #[must_use]
    pub fn identity(mut self, address: &Address, key: PgpKey) -> Self {
        self.identities.insert(address.canonical(), key);
        self
    }

    /// Which headers a copy shows to who carries it.
    #[must_use]
    pub fn headers(mut self, policy: HeaderPolicy) -> Self {
        self.headers = policy;
        self
    }

    /// Whether copies are encrypted to the sender's identity too, so that they
    /// stay readable in the sender's archive. They are unless said otherwise.
    /// A sender's certificate that cannot encrypt is left out.
    #[must_use]
    pub fn copy_to_self(mut self, yes: bool) -> Self {
        self.copy_to_self = yes;
        self
    }

    /// The form for this recipient: [`Form::SeipdV2`] where the host knows that
    /// its client reads it. Forms of other routes change nothing.
    #[must_use]
    pub fn form_for(mut self, address: &Address, form: Form) -> Self {
        if matches!(form, Form::SeipdV1 | Form::SeipdV2) {
            self.forms.insert(address.canonical(), form);
        }
        self
    }

    /// Seals a message and writes it as it is made: beside the message itself
    /// little memory is needed.
    ///
    /// # Errors
    /// [`SealError`]; what was written so far must be thrown away.
    pub fn seal_to(&self, job: &SealJob<'_>, out: &mut dyn Write) -> Result<(), SealError> {
        cleaned(|| self.write_sealed(job, out))
    }

    fn write_sealed(&self, job: &SealJob<'_>, out: &mut dyn Write) -> Result<(), SealError> {
        let recipient = self.usable(job.recipient, job.now)?;
        if !job.trusts(recipient.trust) {
            return Err(SealError::Key(KeyFault::Untrusted));
        }
        let identity = self.identities.get(&job.sender.canonical());
        if let Some(key) = identity {
            key.signing(job.now)
                .map_err(|_| SealError::Key(KeyFault::NoSigningKey))?;
        }
        let mut form = recipient.form;
        let mut recipients = vec![recipient.bytes];
        for other in job.shared_with {
            if let Ok(usable) = self.usable(other, job.now)
                && job.trusts(usable.trust)
            {
                if usable.form == Form::SeipdV1 {
                    form = Form::SeipdV1;
                }
                recipients.push(usable.bytes);
            }
        }
        // The sender's copy does not narrow the form: this library opens both.
        if let Some(key) = identity.filter(|_| self.copy_to_self) {
            let own = key.certificate().map_err(SealError::Key)?;
            if self.backend.check(&own, job.now).is_ok() {
                recipients.push(own);
            }
        }
        let payload = protect(job.message, self.headers, Layer::Encrypted)?;
        let boundary = mime::make_boundary();
        write(out, &payload.outer)?;
        write(out, mime::encrypted_head(&boundary).as_bytes())?;
        let order = Order {
            payload: &payload.pieces(),
            recipients: &recipients,
            signer: identity,
            form,
            now: job.now,
        };
        self.backend.encrypt(&order, out)?;
        write(out, mime::tail(&boundary).as_bytes())
    }

    /// Signs a rendered message without encrypting it: multipart/signed
    /// (RFC 3156 section 5).
    ///
    /// # Errors
    /// [`SealError::Key`] with [`KeyFault::NoSigningKey`] where the sender has
    /// no identity that can sign; [`SealError::Message`] where the message is
    /// not 7-bit with CRLF, which relays may change.
    pub fn sign(
        &self,
        message: &[u8],
        sender: &Address,
        now: Timestamp,
    ) -> Result<Vec<u8>, SealError> {
        let refused = SealError::Key(KeyFault::NoSigningKey);
        let key = self.identities.get(&sender.canonical()).ok_or(refused)?;
        let digest = key.signing(now).map_err(|_| refused)?;
        let payload = protect(message, self.headers, Layer::Signed)?;
        let pieces = payload.pieces();
        if !mime::is_canonical(&pieces) {
            return Err(SealError::Message(
                "what is signed only must be 7-bit with CRLF: encode it as quoted-printable or base64",
            ));
        }
        let signature = cleaned(|| self.backend.sign_detached(key, &pieces, now))?;
        let boundary = mime::make_boundary();
        let mut out = Vec::with_capacity(message.len() + signature.len() + 2048);
        write(&mut out, &payload.outer)?;
        write(&mut out, mime::signed_head(&boundary, digest).as_bytes())?;
        for piece in pieces {
            write(&mut out, piece)?;
        }
        write(&mut out, mime::signature_head(&boundary).as_bytes())?;
        write(&mut mime::Crlf(&mut out), &signature)?;
        write(&mut out, mime::tail(&boundary).as_bytes())?;
        Ok(out)
    }

    fn usable(&self, address: &Address, now: Timestamp) -> Result<Usable, SealError> {
        let known = self
            .certificates
            .certificate(Route::Pgp, address)
            .map_err(SealError::Key)?
            .ok_or(SealError::NoKey)?;
        let checked = self
            .backend
            .check(&known.bytes, now)
            .map_err(SealError::Key)?;
        let canonical = address.canonical();
        // Its owner gave the address up, whoever vouches for it.
        if checked.revoked.contains(&canonical) {
            return Err(SealError::Key(KeyFault::Revoked));
        }
        // Where the host pinned it, the host vouches for whose it is.
        if known.trust < KeyTrust::Pinned && !checked.addresses.contains(&canonical) {
            return Err(SealError::Key(KeyFault::OtherAddress));
        }
        let (form, reason) = match self.forms.get(&canonical) {
            Some(&form) => (form, FormReason::Host),
            None if checked.version >= 6 => (Form::SeipdV2, FormReason::Certificate),
            None => (Form::SeipdV1, FormReason::Default),
        };
        Ok(Usable {
            bytes: known.bytes,
            trust: known.trust,
            form,
            reason,
        })
    }
}

fn write(out: &mut dyn Write, bytes: &[u8]) -> Result<(), SealError> {
    out.write_all(bytes).map_err(|e| SealError::Write(e.kind()))
}

impl Sealer for PgpSealer {
    fn route(&self) -> Route {
        Route::Pgp
    }

    fn shows_subject(&self) -> bool {
        self.headers == HeaderPolicy::Clear
    }

    fn assess(&self, sender: &Address, recipient: &Address, now: Timestamp) -> KeyStatus {
        match self.usable(recipient, now) {
            Ok(usable) => {
                let identity = self.identities.get(&sender.canonical());
                if identity.is_some_and(|key| key.signing(now).is_err()) {
                    return KeyStatus::refused(KeyFault::NoSigningKey);
                }
                KeyStatus::usable(usable.trust, usable.form, usable.reason)
            }
            Err(SealError::Key(fault)) => KeyStatus::refused(fault),
            Err(_) => KeyStatus::NONE,
        }
    }

    fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
        // Base64 makes four octets of three.
        let mut out = Vec::with_capacity(job.message.len() / 2 * 3 + 8192);
        self.seal_to(job, &mut out)?;
        Ok(out)
    }
}
