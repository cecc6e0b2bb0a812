//! From a message to what is stored and what is sent. Pure but for randomness.

use unicode_normalization::UnicodeNormalization;

use super::factor::{self, PASSPHRASE, PasscodePlan};
use super::grant::{self, GrantRecord, GrantState, Tries};
use super::item::{self, ItemRecord, MAX_GRANTS, MAX_MESSAGE, Manifest};
use super::record::VERSION;
use super::{Escrow, EscrowError, Link, chunk, keys};
use crate::base::crypto::{self, Key};
use crate::base::{FactorLevel, GrantId, ItemId, MessageId, RecipientId, Secret, Timestamp};
use crate::storage::{Op, Table};

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
    /// a passphrase takes about 0.2 s of computing.
    ///
    /// # Errors
    /// [`EscrowError`] where size, expiry, number of grants or a grant's factor
    /// is not acceptable.
    pub fn prepare(&self, draft: Draft<'_>) -> Result<Prepared, EscrowError> {
        let now = self.clock.now();
        check(&draft, now)?;
        let item = ItemId::make_random();
        let dek: Key = Secret::new(crypto::make_random());
        let (parts, mut ops) = item::seal_parts(&dek, item, draft.message)?;
        let manifest = Manifest {
            size: draft.message.len() as u64,
            chunks: chunk::chunk_count(draft.message.len()) as u64,
            created: now,
        };
        let mut record = ItemRecord {
            v: VERSION,
            id: item,
            message: draft.message_id,
            created: now,
            expires: draft.expires,
            parts,
            manifest: manifest.seal(&dek, item)?,
            grants: Vec::with_capacity(draft.grants.len()),
        };
        let mut grants = Vec::with_capacity(draft.grants.len());
        for grant in &draft.grants {
            let (made, row) = self.make_grant(&record, grant, &dek)?;
            record.grants.push(made.grant);
            ops.push(Op::Insert {
                table: grant::TABLE,
                row: row.to_row()?,
            });
            grants.push(made);
        }
        ops.push(Op::Insert {
            table: Table::Item,
            row: record.to_row(Some(draft.expires))?,
        });
        Ok(Prepared { item, ops, grants })
    }

    fn make_grant(
        &self,
        item: &ItemRecord,
        draft: &GrantDraft,
        dek: &Key,
    ) -> Result<(PreparedGrant, GrantRecord), EscrowError> {
        let id = GrantId::make_random();
        let link = Link::make(&self.base_url, id);
        let share: Key = Secret::new(crypto::make_random());
        let (passcode, passcode_verifier) = match draft.passcode {
            PasscodePlan::Make => {
                let (code, verifier) = factor::make_passcode(&self.root, id);
                (Some(code), Some(verifier))
            }
            PasscodePlan::None => (None, None),
        };
        let (f, passphrase) = match &draft.passphrase {
            None => (None, None),
            Some(text) => factor::make_passphrase(&self.root, &link, text)
                .map(|(f, record)| (Some(f), Some(record)))
                .ok_or(passphrase_length(draft.recipient))?,
        };
        let kek = keys::derive_kek(id, &share, link.share(), f.as_ref());
        let mut record = GrantRecord {
            v: VERSION,
            id,
            item: item.id,
            message: item.message,
            recipient: draft.recipient,
            tag: draft.audit_tag.map(|tag| tag.to_vec()),
            factor_floor: draft.factor_floor,
            state: GrantState::Live,
            created: item.created,
            expires: item.expires,
            auth: self.root.seal_auth(id, link.share()),
            share: None,
            dek: Some(keys::wrap_dek(&kek, item.id, dek)),
            passcode: passcode_verifier,
            passphrase,
            tries: Tries::default(),
            releases: 0,
            first_release: None,
            last_release: None,
        };
        record.share = Some(self.root.wrap_share(&record.binding(), &share));
        let made = PreparedGrant {
            grant: id,
            recipient: draft.recipient,
            link,
            passcode,
            reference: grant::reference(id),
        };
        Ok((made, record))
    }
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
        if level > FactorLevel::P2 {
            return Err(EscrowError::UnsupportedFactor { recipient, level });
        }
        let none = grant.passphrase.is_none() && grant.passcode == PasscodePlan::None;
        if level > FactorLevel::P0 && none {
            return Err(EscrowError::NoFactor { recipient, level });
        }
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
