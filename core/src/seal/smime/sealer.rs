//! The S/MIME sealer.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::capabilities;
use super::certificate::Certificate;
use super::compose::{Entity, Signing, encrypted_header, is_7bit};
use super::enveloped::{Recipient, encrypt_from, write_error};
use super::key::SmimeKey;
use super::path::{self, Purpose, RevocationLists, TrustAnchors};
use crate::base::crypto::private::KeyKind;
use crate::base::crypto::stack::cleaned;
use crate::base::{Address, Form, FormReason, KeyFault, KeyTrust, Route, Timestamp, crypto};
use crate::seal::open::Opened;
use crate::seal::protect::{HeaderPolicy, Layer, protect};
use crate::seal::transfer::Base64Lines;
use crate::seal::{Certificates, KeyStatus, SealError, SealJob, Sealer};

/// How many addresses' capabilities are remembered, and how many parsed
/// certificates.
const MAX_LEARNED: usize = 10_000;
const MAX_PARSED: usize = 1_000;

/// Seals messages under S/MIME (RFC 8551).
///
/// The message is signed, and the signed message encrypted, to the recipient
/// and to the sender: EnvelopedData with AES-256-CBC, which every client
/// reads, or AuthEnvelopedData with AES-256-GCM where the recipient's
/// certificate, earlier signed mail or the host says that it is read.
pub struct SmimeSealer {
    certificates: Box<dyn Certificates>,
    // Under the address's canonical form, as `forms` and `learned`.
    identities: HashMap<String, SmimeKey>,
    anchors: Option<TrustAnchors>,
    lists: RevocationLists,
    headers: HeaderPolicy,
    copy_to_self: bool,
    forms: HashMap<String, Form>,
    opaque: bool,
    pss: bool,
    allow_unsigned: bool,
    learned: Mutex<Bounded<String, bool>>,
    parsed: Mutex<Bounded<[u8; 32], Arc<[Certificate]>>>,
}

impl SmimeSealer {
    /// A sealer for recipients whose certificates are found here.
    pub fn new(certificates: impl Certificates) -> Self {
        Self {
            certificates: Box::new(certificates),
            identities: HashMap::new(),
            anchors: None,
            lists: RevocationLists::default(),
            headers: HeaderPolicy::default(),
            copy_to_self: true,
            forms: HashMap::new(),
            opaque: false,
            pss: false,
            allow_unsigned: false,
            learned: Mutex::new(Bounded::new(MAX_LEARNED)),
            parsed: Mutex::new(Bounded::new(MAX_PARSED)),
        }
    }

    /// The key that signs mail from `address`, and that can read it.
    #[must_use]
    pub fn identity(mut self, address: &Address, key: SmimeKey) -> Self {
        self.identities.insert(address.canonical(), key);
        self
    }

    /// The certification authorities that the host trusts. A certificate that
    /// is not pinned must lead to one of them and is `Verified` then; without
    /// anchors it is worth what its source says.
    #[must_use]
    pub fn anchors(mut self, anchors: TrustAnchors) -> Self {
        self.anchors = Some(anchors);
        self
    }

    /// Revocation lists: a certificate on one of them is refused, even a
    /// pinned one.
    #[must_use]
    pub fn revocation(mut self, lists: RevocationLists) -> Self {
        self.lists = lists;
        self
    }

    /// Which headers stay in clear outside.
    #[must_use]
    pub fn headers(mut self, policy: HeaderPolicy) -> Self {
        self.headers = policy;
        self
    }

    /// Whether the sender can read what was sent; by default yes.
    #[must_use]
    pub fn copy_to_self(mut self, copy: bool) -> Self {
        self.copy_to_self = copy;
        self
    }

    /// The form for one recipient. The only way to [`Form::EnvelopedPkcs1`],
    /// which SP 800-131A disallows and some clients (gpgsm) need. The forms of
    /// OpenPGP are passed over.
    #[must_use]
    pub fn form_for(mut self, address: &Address, form: Form) -> Self {
        if matches!(
            form,
            Form::Enveloped | Form::EnvelopedPkcs1 | Form::AuthEnveloped
        ) {
            self.forms.insert(address.canonical(), form);
        }
        self
    }

    /// Signs with SignedData around the content in place of multipart/signed.
    /// It costs a second base64 layer and survives gateways that change text.
    #[must_use]
    pub fn opaque(mut self, opaque: bool) -> Self {
        self.opaque = opaque;
        self
    }

    /// Whether RSA keys sign with PSS in place of PKCS#1 v1.5.
    #[must_use]
    pub fn pss(mut self, pss: bool) -> Self {
        self.pss = pss;
        self
    }

    /// Whether AES-CBC may go unsigned: whoever carries such a message can
    /// change it, and by the reader's client learn from it (EFAIL).
    #[must_use]
    pub fn allow_unsigned(mut self, allow: bool) -> Self {
        self.allow_unsigned = allow;
        self
    }

    /// Remembers what a correspondent's client reads: the SMIMECapabilities of
    /// a signature that was found good and trusted. The last 10,000 addresses
    /// are kept, in memory.
    pub fn learn_capabilities(&self, address: &Address, capabilities_der: &[u8]) {
        if let Some(gcm) = capabilities::prefers_gcm(capabilities_der) {
            lock(&self.learned).insert(address.canonical(), gcm);
        }
    }

    /// Signs a message without encrypting it.
    ///
    /// # Errors
    /// [`SealError`]: there is no usable key for `sender`, or the message
    /// cannot be split.
    pub fn sign(
        &self,
        message: &[u8],
        sender: &Address,
        now: Timestamp,
    ) -> Result<Vec<u8>, SealError> {
        let key = self
            .signer(sender, now)
            .map_err(SealError::Key)?
            .ok_or(SealError::Key(KeyFault::NoSigningKey))?;
        let payload = protect(message, self.headers, Layer::Signed)?;
        // What the way may change is not left in clear.
        let signing = Signing {
            opaque: self.opaque || !is_7bit(&payload.pieces()),
            pss: self.pss,
        };
        let entity = cleaned(|| Entity::sign(payload.pieces(), key, now, signing))?;
        let mut out = Vec::with_capacity(payload.outer.len() + entity.length() + VERSION.len());
        out.extend_from_slice(&payload.outer);
        out.extend_from_slice(VERSION);
        entity.write(&mut out).map_err(write_error)?;
        Ok(out)
    }

    /// Seals a message to a writer: beside the message itself, little memory
    /// is needed under AES-CBC, and one copy of it under AES-GCM.
    ///
    /// # Errors
    /// [`SealError`]; what was written until then is no message.
    pub fn seal_to(&self, job: &SealJob<'_>, out: &mut dyn Write) -> Result<(), SealError> {
        cleaned(|| self.write_sealed(job, out))
    }

    fn write_sealed(&self, job: &SealJob<'_>, out: &mut dyn Write) -> Result<(), SealError> {
        let signer = self.signer(job.sender, job.now).map_err(SealError::Key)?;
        let chosen = self.recipients(job)?;
        let form = chosen.form();
        if signer.is_none() && !self.may_go_unsigned(form) {
            return Err(SealError::Key(KeyFault::NoSigningKey));
        }
        let payload = protect(job.message, self.headers, Layer::Encrypted)?;
        let entity = match signer {
            Some(key) => {
                let signing = Signing {
                    opaque: self.opaque,
                    pss: self.pss,
                };
                Entity::sign(payload.pieces(), key, job.now, signing)?
            }
            None => Entity::Plain(payload.pieces()),
        };

        for piece in [&payload.outer, VERSION, encrypted_header(form)] {
            out.write_all(piece).map_err(write_error)?;
        }
        let recipients: Vec<Recipient<'_>> = chosen.0.iter().map(Chosen::recipient).collect();
        let mut lines = Base64Lines::new(out);
        encrypt_from(
            entity.length(),
            &mut |sink| entity.write(sink),
            &recipients,
            form,
            &mut lines,
        )?;
        lines.finish().map_err(write_error)
    }

    fn may_go_unsigned(&self, form: Form) -> bool {
        self.allow_unsigned || form == Form::AuthEnveloped
    }

    /// The key that signs for the sender, if the host gave one.
    fn signer(&self, sender: &Address, now: Timestamp) -> Result<Option<&SmimeKey>, KeyFault> {
        let Some(key) = self.identities.get(&sender.canonical()) else {
            return Ok(None);
        };
        // For which address it signs, the host has said.
        path::check_leaf(key.certificate(), Purpose::Sign, None, now)?;
        if key.certificate().kind()? == KeyKind::Ed25519 {
            return Err(KeyFault::UnsupportedAlgorithm);
        }
        Ok(Some(key))
    }

    /// All whom a copy is encrypted to, each once.
    fn recipients(&self, job: &SealJob<'_>) -> Result<Recipients, SealError> {
        let first = self
            .choose(job.recipient, job.now)
            .map_err(SealError::Key)?
            .ok_or(SealError::NoKey)?;
        if !job.trusts(first.trust) {
            return Err(SealError::Key(KeyFault::Untrusted));
        }
        let mut all = Recipients(vec![first]);
        for address in job.shared_with {
            // Who has no usable certificate gets a copy by another route.
            if let Ok(Some(chosen)) = self.choose(address, job.now)
                && job.trusts(chosen.trust)
            {
                all.add(chosen);
            }
        }
        if self.copy_to_self
            && let Some(key) = self.identities.get(&job.sender.canonical())
        {
            // The sender's own copy does not lower the form: what is sealed
            // here is opened here.
            if let Some(own) = self.own(key, job) {
                all.add(own);
            }
        }
        Ok(all)
    }

    /// What the sender reads with: the identity's certificate, or where that
    /// one only signs, the one that the source has.
    fn own(&self, key: &SmimeKey, job: &SealJob<'_>) -> Option<Chosen> {
        let certificate = key.certificate();
        let usable = path::check_leaf(certificate, Purpose::Encrypt, None, job.now).is_ok()
            && certificate.kind().is_ok_and(|k| k != KeyKind::Ed25519);
        let mut own = if usable {
            Chosen {
                certificate: certificate.clone(),
                trust: KeyTrust::Pinned,
                form: Form::AuthEnveloped,
                reason: FormReason::Default,
            }
        } else {
            self.choose(job.sender, job.now).ok()??
        };
        let said = self.forms.get(&job.sender.canonical()).copied();
        own.form = said.unwrap_or(Form::AuthEnveloped);
        Some(own)
    }

    /// The recipient's certificate and what is done with it. None: there is no
    /// certificate.
    fn choose(&self, address: &Address, now: Timestamp) -> Result<Option<Chosen>, KeyFault> {
        let Some(known) = self.certificates.certificate(Route::Smime, address)? else {
            return Ok(None);
        };
        let chain = self.parse(&known.bytes)?;
        let (certificate, intermediates) = chain.split_first().ok_or(KeyFault::Malformed)?;
        let pinned = known.trust == KeyTrust::Pinned;
        // Whose a pinned one is, the host has said.
        let named = (!pinned).then_some(address);
        path::check_leaf(certificate, Purpose::Encrypt, named, now)?;
        if certificate.kind()? == KeyKind::Ed25519 {
            return Err(KeyFault::NotForEncryption);
        }
        let trust = match &self.anchors {
            Some(anchors) if !pinned => {
                path::validate(
                    certificate,
                    intermediates,
                    anchors,
                    &self.lists,
                    Purpose::Encrypt,
                    named,
                    now,
                )?;
                known.trust.max(KeyTrust::Verified)
            }
            _ => {
                let anchors = self.anchors.as_ref().map(TrustAnchors::certificates);
                let issuers = [anchors.unwrap_or_default(), intermediates].concat();
                path::revoked(certificate, &issuers, &self.lists, now)?;
                known.trust
            }
        };
        let (form, reason) = self.form(address, certificate);
        Ok(Some(Chosen {
            certificate: certificate.clone(),
            trust,
            form,
            reason,
        }))
    }

    fn form(&self, address: &Address, certificate: &Certificate) -> (Form, FormReason) {
        if let Some(&form) = self.forms.get(&address.canonical()) {
            // Only RSA has key transport.
            let rsa = matches!(certificate.kind(), Ok(KeyKind::Rsa { .. }));
            let form = match form {
                Form::EnvelopedPkcs1 if !rsa => Form::Enveloped,
                form => form,
            };
            return (form, FormReason::Host);
        }
        let by = |gcm| {
            if gcm {
                Form::AuthEnveloped
            } else {
                Form::Enveloped
            }
        };
        if let Some(gcm) = certificate
            .capabilities()
            .and_then(capabilities::prefers_gcm)
        {
            return (by(gcm), FormReason::Certificate);
        }
        if let Some(gcm) = lock(&self.learned).find(&address.canonical()) {
            return (by(gcm), FormReason::EarlierMail);
        }
        (Form::Enveloped, FormReason::Default)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Arc<[Certificate]>, KeyFault> {
        let hash = crypto::sha256(bytes);
        if let Some(chain) = lock(&self.parsed).find(&hash) {
            return Ok(chain);
        }
        let chain: Arc<[Certificate]> = Certificate::parse_chain(bytes)?.into();
        lock(&self.parsed).insert(hash, Arc::clone(&chain));
        Ok(chain)
    }
}

const VERSION: &[u8] = b"MIME-Version: 1.0\r\n";

impl Sealer for SmimeSealer {
    fn route(&self) -> Route {
        Route::Smime
    }

    fn shows_subject(&self) -> bool {
        self.headers == HeaderPolicy::Clear
    }

    fn assess(&self, sender: &Address, recipient: &Address, now: Timestamp) -> KeyStatus {
        let chosen = match self.choose(recipient, now) {
            Ok(Some(chosen)) => chosen,
            Ok(None) => return KeyStatus::NONE,
            Err(fault) => return KeyStatus::refused(fault),
        };
        match self.signer(sender, now) {
            Err(fault) => KeyStatus::refused(fault),
            Ok(None) if !self.may_go_unsigned(chosen.form) => {
                KeyStatus::refused(KeyFault::NoSigningKey)
            }
            Ok(_) => KeyStatus::usable(chosen.trust, chosen.form, chosen.reason),
        }
    }

    fn learn(&self, opened: &Opened) {
        let Some(author) = opened.author() else {
            return;
        };
        // Others may have signed too: they do not speak for the author.
        let own = opened
            .signatures()
            .iter()
            .filter(|report| report.signer.route == Route::Smime && opened.is_authors(report));
        for capabilities in own.filter_map(|report| report.capabilities.as_deref()) {
            self.learn_capabilities(author, capabilities);
        }
    }

    fn seal(&self, job: &SealJob<'_>) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::with_capacity(job.message.len() / 57 * 78 + 16 * 1024);
        self.seal_to(job, &mut out)?;
        Ok(out)
    }
}

impl fmt::Debug for SmimeSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmimeSealer")
            .field("identities", &self.identities.len())
            .field("anchors", &self.anchors.is_some())
            .field("headers", &self.headers)
            .field("copy_to_self", &self.copy_to_self)
            .field("forms", &self.forms.len())
            .field("opaque", &self.opaque)
            .field("pss", &self.pss)
            .field("allow_unsigned", &self.allow_unsigned)
            .finish_non_exhaustive()
    }
}

/// A recipient's certificate, checked.
struct Chosen {
    certificate: Certificate,
    trust: KeyTrust,
    form: Form,
    reason: FormReason,
}

impl Chosen {
    fn recipient(&self) -> Recipient<'_> {
        Recipient {
            certificate: &self.certificate,
            pkcs1: self.form == Form::EnvelopedPkcs1,
        }
    }
}

/// The recipients of one copy, the one whom it is for first.
struct Recipients(Vec<Chosen>);

impl Recipients {
    fn add(&mut self, chosen: Chosen) {
        let hash = chosen.certificate.sha256();
        if self.0.iter().all(|c| c.certificate.sha256() != hash) {
            self.0.push(chosen);
        }
    }

    /// The form that all of them read.
    fn form(&self) -> Form {
        if self.0.iter().all(|c| c.form == Form::AuthEnveloped) {
            Form::AuthEnveloped
        } else if self.0.iter().any(|c| c.form == Form::EnvelopedPkcs1) {
            Form::EnvelopedPkcs1
        } else {
            Form::Enveloped
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A map that forgets the oldest entry when it is full.
struct Bounded<K, V> {
    entries: HashMap<K, (u64, V)>,
    next: u64,
    limit: usize,
}

impl<K: Clone + Eq + std::hash::Hash, V: Clone> Bounded<K, V> {
    fn new(limit: usize) -> Self {
        Self {
            entries: HashMap::new(),
            next: 0,
            limit,
        }
    }

    fn find(&self, key: &K) -> Option<V> {
        self.entries.get(key).map(|(_, value)| value.clone())
    }

    fn insert(&mut self, key: K, value: V) {
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, (age, _))| *age)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(key, (self.next, value));
        self.next += 1;
    }
}

#[cfg(test)]
mod tests;
