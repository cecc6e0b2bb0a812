//! What the pickup page needs of a grant: who knocks, what they must show, the
//! release, the content's rows.
//!
//! Nobody learns anything of a grant before [`Escrow::knock`] saw a MAC that
//! only the holder of L can make. L itself never comes here: the page derives
//! the content's key from what [`Escrow::release_to`] gives and from L.

use super::contact::Contacts;
use std::time::Duration;

use super::event::{EscrowEvent, EscrowEventKind};
use super::grant::{self, GrantRecord, GrantState, TRIES};
use super::item::{ItemRecord, part_key};
use super::method::Method;
use super::pickup::Known;
use super::{Escrow, EscrowError, factor};
use crate::base::crypto::Key;
use crate::base::{
    FactorLevel, GrantId, ItemId, Language, MessageId, RecipientId, Secret, Timestamp,
};
use crate::storage::{Batch, Op, Row, StoreError, Table};

/// Tries at a change that another may make at the same time.
const ROUNDS: usize = 32;
/// How often the host is told that somebody with the link calls it misdirected.
const CLAIMS: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(all(test, feature = "testing"))]
mod tests;

/// A grant as its holder may know it.
#[derive(Debug)]
#[cfg_attr(not(feature = "portal"), allow(dead_code))]
pub(crate) struct Visit {
    pub(crate) grant: GrantId,
    pub(crate) item: ItemId,
    pub(crate) recipient: RecipientId,
    pub(crate) message: Option<MessageId>,
    /// The code shown in the notice.
    pub(crate) reference: String,
    pub(crate) language: Language,
    /// The least that must be shown beside the link.
    pub(crate) floor: FactorLevel,
    /// What can be shown; all of it reaches the floor.
    pub(crate) methods: Vec<Method>,
    /// Salt and iterations, where the grant has a passphrase: its proof is
    /// asked for whatever else is shown.
    pub(crate) passphrase: Option<(Vec<u8>, u32)>,
    pub(crate) contacts: Contacts,
    pub(crate) expires: Timestamp,
    pub(crate) views_left: Option<u32>,
}

/// What the page opens the content with, beside L and the passphrase.
#[derive(Debug)]
#[cfg_attr(not(feature = "portal"), allow(dead_code))]
pub(crate) struct Release {
    /// S.
    pub(crate) share: Key,
    /// The content's key, wrapped under S, L and F.
    pub(crate) dek: Vec<u8>,
    pub(crate) item: ItemId,
    /// Encrypted under the content's key.
    pub(crate) manifest: Vec<u8>,
    pub(crate) parts: u32,
    /// Whether this grant was never released before.
    pub(crate) first: bool,
    pub(crate) views_left: Option<u32>,
}

#[cfg_attr(not(feature = "portal"), allow(dead_code))]
impl Escrow {
    /// Lets in who shows by MAC that they hold L. An unknown grant, and any
    /// grant without the right MAC, take the same steps.
    ///
    /// # Errors
    /// [`EscrowError::NotFound`] without the right MAC, whatever the grant;
    /// with it [`EscrowError::Revoked`], [`EscrowError::Expired`],
    /// [`EscrowError::Held`]. Used up views are no error here: a session that
    /// was counted goes on.
    pub(crate) async fn knock(
        &self,
        grant: GrantId,
        nonce: &[u8; 16],
        mac: &[u8; 32],
    ) -> Result<Visit, EscrowError> {
        let (known, is_there) = self.known_or_decoy(grant).await?;
        let auth = &known.record.auth;
        match self.root.check_challenge(grant, nonce, mac, auth) {
            Ok(()) if is_there => self.visit_of(&known.record),
            _ => Err(EscrowError::NotFound),
        }
    }

    /// The grant as it stands, for a session that knocked before.
    ///
    /// # Errors
    /// As [`Escrow::knock`] with the right MAC; [`EscrowError::NotFound`] once
    /// it was shredded.
    pub(crate) async fn visit(&self, grant: GrantId) -> Result<Visit, EscrowError> {
        self.visit_of(&self.known(grant).await?.record)
    }

    fn visit_of(&self, record: &GrantRecord) -> Result<Visit, EscrowError> {
        record.check_live(self.clock.now())?;
        let contacts = match record.v {
            1 => Contacts::default(),
            _ => Contacts::decode(&record.open_contacts(&self.root)?)?,
        };
        let passphrase = record.passphrase.as_ref();
        Ok(Visit {
            grant: record.id,
            item: record.item,
            recipient: record.recipient,
            message: record.message,
            reference: grant::reference(record.id),
            language: record.language,
            floor: record.factor_floor,
            methods: record.methods(),
            passphrase: passphrase.map(|p| (p.salt.clone(), p.iterations)),
            contacts,
            expires: record.expires,
            views_left: record.views_left(),
        })
    }

    /// Judges a passcode.
    ///
    /// # Errors
    /// [`EscrowError::FactorWrong`], recorded; [`EscrowError::Wait`] where the
    /// budget is spent, without a look at the passcode;
    /// [`EscrowError::FactorRequired`] where the grant offers no passcode; and
    /// those of [`Escrow::visit`].
    pub(crate) async fn check_passcode(
        &self,
        grant: GrantId,
        typed: &Secret<String>,
    ) -> Result<(), EscrowError> {
        let known = self.known(grant).await?;
        let offers = known.record.methods().contains(&Method::Passcode);
        let judge = |r: &GrantRecord| factor::is_passcode(&self.root, r, typed);
        self.judge(known, offers, judge).await
    }

    /// Judges a proof of the passphrase.
    ///
    /// # Errors
    /// As [`Escrow::check_passcode`].
    pub(crate) async fn check_passphrase(
        &self,
        grant: GrantId,
        proof: &[u8; 32],
    ) -> Result<(), EscrowError> {
        let known = self.known(grant).await?;
        // It is a key share: asked for even where it does not reach the floor.
        let offers = known.record.passphrase.is_some();
        let judge = |r: &GrantRecord| factor::is_passphrase(&self.root, r, proof);
        self.judge(known, offers, judge).await
    }

    async fn judge(
        &self,
        known: Known,
        offers: bool,
        is_right: impl FnOnce(&GrantRecord) -> bool,
    ) -> Result<(), EscrowError> {
        known.record.check_live(self.clock.now())?;
        if !offers {
            let level = known.record.factor_floor;
            return Err(EscrowError::FactorRequired { level });
        }
        let known = self.count_try(known).await?;
        match is_right(&known.record) {
            true => Ok(()),
            false => Err(self.refuse_factor(&known.record).await?),
        }
    }

    /// Counts a try at a method that the portal judges itself, before it does:
    /// a code by mail or SMS, an authenticator app, a passkey.
    ///
    /// # Errors
    /// [`EscrowError::Wait`] where the budget is spent; and those of
    /// [`Escrow::visit`].
    pub(crate) async fn take_try(&self, grant: GrantId) -> Result<(), EscrowError> {
        let known = self.known(grant).await?;
        self.count_try(known).await.map(drop)
    }

    /// Records that what [`Escrow::take_try`] counted was wrong, and gives the
    /// error to answer with.
    ///
    /// # Errors
    /// [`EscrowError::NotFound`], [`EscrowError::Store`], [`EscrowError::Busy`].
    pub(crate) async fn refuse(&self, grant: GrantId) -> Result<EscrowError, EscrowError> {
        let known = self.known(grant).await?;
        self.refuse_factor(&known.record).await
    }

    /// Remembers the step of an authenticator app's right code as used, so that
    /// the code opens once.
    ///
    /// # Errors
    /// [`EscrowError::FactorWrong`], recorded, where this step or a later one
    /// was used before; and those of [`Escrow::visit`].
    pub(crate) async fn use_totp_step(&self, grant: GrantId, step: u64) -> Result<(), EscrowError> {
        self.remember(grant, |record| {
            let fresh = record.totp_step.is_none_or(|used| used < step);
            record.totp_step = Some(step);
            fresh
        })
        .await
    }

    /// Remembers the signature counter of a passkey (WebAuthn section 6.1.1).
    ///
    /// # Errors
    /// [`EscrowError::FactorWrong`], recorded, where the counter did not grow
    /// (the authenticator may have been cloned) or the passkey is not one of
    /// the grant's; and those of [`Escrow::visit`].
    pub(crate) async fn use_passkey_count(
        &self,
        grant: GrantId,
        credential: &[u8],
        count: u32,
    ) -> Result<(), EscrowError> {
        let contacts = self.visit(grant).await?.contacts;
        let mut own = contacts.passkeys.iter();
        let known = own.find(|key| key.credential_id == credential);
        let Some(known) = known.map(|key| key.sign_count) else {
            return Err(self.refuse(grant).await?);
        };
        self.remember(grant, |record| {
            let last = record
                .passkey_count(credential)
                .map_or(known, |c| c.max(known));
            record.set_passkey_count(credential, count);
            // Authenticators without a counter always say 0.
            count > last || (count == 0 && last == 0)
        })
        .await
    }

    /// Makes `change` unless it says that what is shown was used before.
    async fn remember(
        &self,
        grant: GrantId,
        mut change: impl FnMut(&mut GrantRecord) -> bool,
    ) -> Result<(), EscrowError> {
        let known = self.known(grant).await?;
        let changed = self.change_live(known, |record, _| match change(record) {
            true => Ok(((), Vec::new())),
            false => Err(EscrowError::FactorWrong {
                tries_left: TRIES.saturating_sub(record.tries.count),
            }),
        });
        match changed.await {
            Ok(_) => Ok(()),
            Err(EscrowError::FactorWrong { .. }) => Err(self.refuse(grant).await?),
            Err(e) => Err(e),
        }
    }

    /// Releases the content to a session that showed a factor of level `shown`
    /// and, where there is one, the passphrase. The release is on record before
    /// S is unwrapped. The same session is counted once.
    ///
    /// # Errors
    /// [`EscrowError::FactorRequired`] below the grant's floor;
    /// [`EscrowError::ViewsUsedUp`]; [`EscrowError::Damaged`] where stored
    /// records were changed; and those of [`Escrow::visit`].
    pub(crate) async fn release_to(
        &self,
        grant: GrantId,
        session: &[u8; 16],
        shown: FactorLevel,
    ) -> Result<Release, EscrowError> {
        let known = self.known(grant).await?;
        let now = self.clock.now();
        known.record.check_live(now)?;
        if shown < known.record.factor_floor {
            let level = known.record.factor_floor;
            return Err(EscrowError::FactorRequired { level });
        }
        // What is not there, or cannot be unwrapped, is not counted.
        self.check_share_key(&known.record).await?;
        let item = self.content_of(&known.record).await?;
        let (record, first) = match known.record.is_counted(session, now) {
            true => (known.record, false),
            false => {
                let (record, taken) = self.release(known, Some((session, shown))).await?;
                (record, taken.first)
            }
        };
        Ok(Release {
            share: self.unwrap_share(&record).await?,
            dek: record.dek.clone().unwrap_or_default(),
            item: item.id,
            manifest: item.manifest,
            parts: item.parts,
            first,
            views_left: record.views_left(),
        })
    }

    async fn content_of(&self, record: &GrantRecord) -> Result<ItemRecord, EscrowError> {
        let damaged = EscrowError::Damaged { record: "item" };
        let row = self.store.get(Table::Item, record.item.as_bytes()).await?;
        let item = ItemRecord::from_row(&row.ok_or(damaged)?)?;
        match item.parts {
            0 => Err(EscrowError::Damaged { record: "item" }),
            _ => Ok(item),
        }
    }

    /// Row `n` of the content, counted from 0, for a session that it was
    /// released to; `None` behind the last.
    ///
    /// # Errors
    /// [`EscrowError::NotReleased`]; and those of [`Escrow::visit`].
    pub(crate) async fn part(
        &self,
        grant: GrantId,
        session: &[u8; 16],
        n: u32,
    ) -> Result<Option<Vec<u8>>, EscrowError> {
        let record = self.known(grant).await?.record;
        let now = self.clock.now();
        record.check_live(now)?;
        if !record.is_counted(session, now) {
            return Err(EscrowError::NotReleased);
        }
        let key = part_key(record.item, n);
        let row = self.store.get(Table::Part, &key).await?;
        Ok(row.map(|row| row.value))
    }

    /// The recipient says that the message is not for them: the grant is
    /// revoked. One that ended already stays as it is.
    ///
    /// # Errors
    /// [`EscrowError::NotFound`], [`EscrowError::Store`], [`EscrowError::Busy`].
    pub(crate) async fn report_misdirected(&self, grant: GrantId) -> Result<(), EscrowError> {
        let kind = EscrowEventKind::Misdirected;
        let ended = self.end_grant(grant, GrantState::Revoked, kind, |_| true);
        match ended.await {
            Err(EscrowError::UnknownId) => Err(EscrowError::NotFound),
            other => other.map(drop),
        }
    }

    /// Who holds the link, and showed no more, says that the message is not for
    /// them. It is recorded each time and changes nothing: a mail scanner that
    /// clicks, or a thief of the mailbox, must not take the message from its
    /// addressee, nor silence who says so after them. Gives whether the host is
    /// to be told: false where that was so within a day.
    ///
    /// # Errors
    /// Those of [`Escrow::visit`]; [`EscrowError::Store`], [`EscrowError::Busy`].
    pub(crate) async fn claim_misdirected(&self, grant: GrantId) -> Result<bool, EscrowError> {
        let record = self.known(grant).await?.record;
        let now = self.clock.now();
        record.check_live(now)?;
        let key = [&grant.as_bytes()[..], b"misdirected"].concat();
        let event = EscrowEvent::new(EscrowEventKind::MisdirectedClaim, now, &record);
        for _ in 0..ROUNDS {
            let old = self.store.get(Table::Code, &key).await?;
            let due = old.as_ref().and_then(|row| row.due);
            let tell = due.is_none_or(|due| due <= now);
            let mut batch: Batch = self.recorder.record(&event).into_iter().collect();
            if tell {
                let said = now.unix_ms().to_be_bytes();
                let row = Row::new(key.clone(), said).due_at(now.plus(CLAIMS));
                batch.extend([match old {
                    None => Op::Insert {
                        table: Table::Code,
                        row,
                    },
                    Some(old) => Op::Replace {
                        table: Table::Code,
                        expected: old.value,
                        row,
                    },
                }]);
            }
            match self.store.commit(batch).await {
                Ok(_) => return Ok(tell),
                // Said at the same time by another.
                Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(EscrowError::Busy)
    }
}
