//! From a message to what is stored and what is sent. Pure but for randomness.

use unicode_normalization::UnicodeNormalization;

use super::contact::Contacts;
use super::factor::{self, PASSPHRASE, PasscodePlan};
use super::grant::{self, GrantRecord};
use super::item::{self, ItemRecord, MAX_GRANTS, MAX_MESSAGE, Manifest};
use super::keys::RootKeys;
use super::method::Method;
use super::record::VERSION;
use super::{Escrow, EscrowError, Link, keys, letter};
use crate::base::crypto::{self, Key};
use crate::base::{
    Address, FactorLevel, GrantId, ItemId, Language, MessageId, Passkey, Phi, RecipientId, Secret,
    Timestamp,
};
use crate::storage::{Op, Row, Table};

/// One recipient's grant, to be made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GrantDraft {
    /// Whose grant.
    pub recipient: RecipientId,
    /// The least that must be shown beside the link.
    pub factor_floor: FactorLevel,
    /// A passphrase agreed with the recipient: it becomes a key share.
    pub passphrase: Option<Secret<String>>,
    /// Whether a passcode is made.
    pub passcode: PasscodePlan,
    /// The audit log's keyed tag of the recipient; events carry it.
    pub audit_tag: Option<[u8; 32]>,
    /// Where codes by e-mail go (P1).
    pub email: Option<Address>,
    /// Where codes by SMS go (P2).
    pub phone: Option<Phi<String>>,
    /// The seed of the recipient's authenticator app (P3).
    pub totp: Option<Secret<Vec<u8>>>,
    /// The recipient's passkeys (P4).
    pub passkeys: Vec<Passkey>,
    /// The recipient's subject in the host's single sign-on (P3).
    pub single_sign_on: Option<Phi<String>>,
    /// The language of codes and page.
    pub language: Language,
    /// How often the content may be released; `None` for as often as one likes.
    pub max_views: Option<u32>,
}

impl GrantDraft {
    /// A grant with neither passcode nor passphrase yet.
    pub fn new(recipient: RecipientId, factor_floor: FactorLevel) -> Self {
        Self {
            recipient,
            factor_floor,
            passphrase: None,
            passcode: PasscodePlan::None,
            audit_tag: None,
            email: None,
            phone: None,
            totp: None,
            passkeys: Vec::new(),
            single_sign_on: None,
            language: Language::default(),
            max_views: None,
        }
    }

    /// With the passphrase agreed with the recipient.
    #[must_use]
    pub fn passphrase(mut self, passphrase: Secret<String>) -> Self {
        self.passphrase = Some(passphrase);
        self
    }

    /// With or without a passcode.
    #[must_use]
    pub fn passcode(mut self, plan: PasscodePlan) -> Self {
        self.passcode = plan;
        self
    }

    /// With the audit log's keyed tag of the recipient.
    #[must_use]
    pub fn audit_tag(mut self, tag: [u8; 32]) -> Self {
        self.audit_tag = Some(tag);
        self
    }

    /// With the address that codes by e-mail go to.
    #[must_use]
    pub fn email(mut self, address: Address) -> Self {
        self.email = Some(address);
        self
    }

    /// With the number that codes by SMS go to, as the sender got it from the
    /// recipient.
    #[must_use]
    pub fn phone(mut self, phone: Phi<String>) -> Self {
        self.phone = Some(phone);
        self
    }

    /// With the seed of the recipient's authenticator app, at least 16 bytes.
    #[must_use]
    pub fn totp(mut self, seed: Secret<Vec<u8>>) -> Self {
        self.totp = Some(seed);
        self
    }

    /// With the passkeys that the recipient registered, at most 16.
    #[must_use]
    pub fn passkeys(mut self, passkeys: Vec<Passkey>) -> Self {
        self.passkeys = passkeys;
        self
    }

    /// With the recipient's subject in the host's single sign-on.
    #[must_use]
    pub fn single_sign_on(mut self, subject: Phi<String>) -> Self {
        self.single_sign_on = Some(subject);
        self
    }

    /// In this language.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Released at most so many times, [`Escrow::open`] included. A session of
    /// the pickup page counts once. With 0 nobody can pick it up.
    #[must_use]
    pub fn max_views(mut self, views: u32) -> Self {
        self.max_views = Some(views);
        self
    }

    /// What the visitor will be able to show: the methods for which all is
    /// given and that reach the floor, from weak to strong.
    pub(super) fn methods(&self) -> Vec<Method> {
        let is_given = |method: &Method| match method {
            Method::EmailCode => self.email.is_some(),
            Method::Passcode => self.passcode == PasscodePlan::Make,
            Method::Passphrase => self.passphrase.is_some(),
            Method::SmsCode => self.phone.is_some(),
            Method::Totp => self.totp.is_some(),
            Method::SingleSignOn => self.single_sign_on.is_some(),
            Method::Passkey => !self.passkeys.is_empty(),
        };
        let all = Method::ALL.iter().copied();
        all.filter(|m| m.level() >= self.factor_floor && is_given(m))
            .collect()
    }

    /// The methods, and the passphrase also where it is a key share only.
    fn asked(&self) -> Vec<Method> {
        let mut asked = self.methods();
        if self.passphrase.is_some() && !asked.contains(&Method::Passphrase) {
            asked.push(Method::Passphrase);
        }
        asked
    }

    /// Whether nothing at all is given beside the link.
    fn is_bare(&self) -> bool {
        let any = Self {
            factor_floor: FactorLevel::P0,
            ..self.clone()
        };
        any.methods().is_empty()
    }
}

/// A message to be escrowed.
#[non_exhaustive]
pub struct Draft<'a> {
    /// The message, RFC 5322.
    pub message: &'a [u8],
    /// When the grants end.
    pub expires: Timestamp,
    /// Who may pick it up.
    pub grants: Vec<GrantDraft>,
    /// The message's id; events and status carry it.
    pub message_id: Option<MessageId>,
}

impl<'a> Draft<'a> {
    /// A message, until when, and for whom.
    pub fn new(message: &'a [u8], expires: Timestamp, grants: Vec<GrantDraft>) -> Self {
        Self {
            message,
            expires,
            grants,
            message_id: None,
        }
    }

    /// With the message's id.
    #[must_use]
    pub fn message_id(mut self, id: MessageId) -> Self {
        self.message_id = Some(id);
        self
    }
}

impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("message", &"***")
            .field("expires", &self.expires)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

/// A grant as it was made. The link goes into the notice and nowhere else; the
/// passcode goes to the sender.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PreparedGrant {
    /// The grant.
    pub grant: GrantId,
    /// Whose it is.
    pub recipient: RecipientId,
    /// Where to go, with the link share.
    pub link: Link,
    /// The passcode, where one was made, like `7KQ2-9MXA`.
    pub passcode: Option<Secret<String>>,
    /// A code shown in notice and portal, by which people can speak of it.
    pub reference: String,
    /// What will be asked for beside the link: one of these, and the passphrase
    /// in any case where it is among them.
    pub methods: Vec<Method>,
    /// The recipient's language.
    pub language: Language,
}

/// What is to be committed and sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct Prepared {
    /// The item.
    pub item: ItemId,
    /// The rows; the caller commits them with its audit entry. None of them
    /// exists yet.
    pub ops: Vec<Op>,
    /// The grants, in the order of the draft.
    pub grants: Vec<PreparedGrant>,
}

impl Escrow {
    /// Encrypts the message and makes the grants. Writes nothing. A grant with
    /// a passphrase takes about 0.2 s of computing. Beside the message its
    /// encrypted rows are held, which are as large, and text and HTML decoded.
    ///
    /// # Errors
    /// [`EscrowError`] where size, expiry, number of grants or a grant's factor
    /// is not acceptable; [`EscrowError::KeyProvider`].
    pub async fn prepare(&self, draft: Draft<'_>) -> Result<Prepared, EscrowError> {
        let now = self.clock.now();
        check(&draft, now)?;
        let item = ItemId::make_random();
        let dek: Key = Secret::new(crypto::make_random());
        let letter = letter::write(draft.message)?;
        let (parts, mut ops) = item::seal_parts(&dek, item, &[draft.message, &letter])?;
        let mut manifest = Manifest::new(draft.message, &letter, now);
        manifest.reply = Some(self.reply_key());
        drop(letter);
        let mut record = ItemRecord {
            v: VERSION,
            id: item,
            message: draft.message_id,
            created: now,
            expires: draft.expires,
            parts,
            manifest: manifest.seal(&dek, item)?,
            grants: Vec::with_capacity(draft.grants.len()),
            archive: None,
            held: false,
        };
        if let Some(key) = &self.archive {
            record.archive = Some(key.wrap(item, record.message, now, &dek)?);
        }
        let mut grants = Vec::with_capacity(draft.grants.len());
        for grant in &draft.grants {
            let (made, row) = self.make_grant(&record, grant, &dek).await?;
            record.grants.push(made.grant);
            ops.push(Op::Insert {
                table: grant::TABLE,
                row: row.to_row()?,
            });
            grants.push(made);
        }
        ops.push(Op::Insert {
            table: Table::Item,
            row: record.to_row()?,
        });
        Ok(Prepared { item, ops, grants })
    }

    async fn make_grant(
        &self,
        item: &ItemRecord,
        draft: &GrantDraft,
        dek: &Key,
    ) -> Result<(PreparedGrant, GrantRecord), EscrowError> {
        let id = GrantId::make_random();
        let link = Link::make(&self.base_url, id);
        let share: Key = Secret::new(crypto::make_random());
        let mut record = GrantRecord::new(id, item, draft);
        let mut passcode = None;
        // One that does not reach the floor would be of no use.
        if record.methods().contains(&Method::Passcode) {
            let (code, verifier) = factor::make_passcode(&self.root, id);
            passcode = Some(code);
            record.passcode = Some(verifier);
        }
        let mut f = None;
        if let Some(text) = &draft.passphrase {
            let (share, kept) = factor::make_passphrase(&self.root, &link, text)
                .ok_or(passphrase_length(draft.recipient))?;
            f = Some(share);
            record.passphrase = Some(kept);
        }
        let kek = keys::derive_kek(id, &share, link.share(), f.as_ref());
        record.auth = self.root.seal_auth(id, link.share());
        record.dek = Some(keys::wrap_dek(&kek, item.id, dek));
        let contacts = Contacts::of(draft).encode()?;
        record.contacts = Some(self.root.seal_contacts(id, &contacts));
        self.wrap_share(&mut record, &share).await?;
        let made = PreparedGrant {
            grant: id,
            recipient: draft.recipient,
            link,
            passcode,
            reference: grant::reference(id),
            methods: draft.asked(),
            language: draft.language,
        };
        Ok((made, record))
    }
}

/// A grant that nobody holds. It is looked at in the place of one that is not
/// there, and is as large as a usual one.
pub(super) fn decoy(root: &RootKeys) -> Result<Row, EscrowError> {
    let id = GrantId::make_random();
    let address = "nobody@mail.example".parse().ok();
    let draft = GrantDraft {
        email: address,
        passcode: PasscodePlan::Make,
        ..GrantDraft::new(RecipientId::new(0), FactorLevel::P2)
    };
    let item = ItemRecord {
        v: VERSION,
        id: ItemId::make_random(),
        message: None,
        created: Timestamp::from_unix_ms(0),
        expires: Timestamp::from_unix_ms(0),
        parts: 0,
        manifest: Vec::new(),
        grants: Vec::new(),
        archive: None,
        held: false,
    };
    let mut record = GrantRecord::new(id, &item, &draft);
    record.auth = root.seal_auth(id, &crypto::make_random());
    record.share = Some(crypto::make_random::<60>().to_vec());
    record.dek = Some(crypto::make_random::<60>().to_vec());
    record.passcode = Some(crypto::make_random::<32>().to_vec());
    let contacts = Contacts::of(&draft).encode()?;
    record.contacts = Some(root.seal_contacts(id, &contacts));
    record.to_row()
}

fn check(draft: &Draft<'_>, now: Timestamp) -> Result<(), EscrowError> {
    if draft.message.len() > MAX_MESSAGE {
        return Err(EscrowError::TooLarge {
            size: draft.message.len(),
            limit: MAX_MESSAGE,
        });
    }
    if draft.grants.is_empty() || draft.grants.len() > MAX_GRANTS {
        return Err(EscrowError::Grants {
            count: draft.grants.len(),
            limit: MAX_GRANTS,
        });
    }
    if draft.expires <= now {
        return Err(EscrowError::ExpiryPassed);
    }
    for grant in &draft.grants {
        let (recipient, level) = (grant.recipient, grant.factor_floor);
        if level > FactorLevel::P0 && grant.methods().is_empty() {
            return Err(match grant.is_bare() {
                true => EscrowError::NoFactor { recipient, level },
                false => EscrowError::UnsupportedFactor { recipient, level },
            });
        }
        Contacts::check(grant)?;
        if let Some(passphrase) = &grant.passphrase {
            // More than four times the limit in bytes is too long in any script.
            let text = passphrase.expose();
            if text.len() > 4 * PASSPHRASE.end() || !PASSPHRASE.contains(&text.nfc().count()) {
                return Err(passphrase_length(recipient));
            }
        }
    }
    Ok(())
}

fn passphrase_length(recipient: RecipientId) -> EscrowError {
    EscrowError::PassphraseLength {
        recipient,
        min: *PASSPHRASE.start(),
        max: *PASSPHRASE.end(),
    }
}
