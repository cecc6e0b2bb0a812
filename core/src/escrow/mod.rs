//! Messages that cannot travel safely are kept sealed; the recipient is sent a
//! notice and picks them up.
//!
//! *Enters*: an RFC 5322 message and who may pick it up, by when, showing what
//! ([`Draft`], [`GrantDraft`]). *Leaves*: the rows to store ([`Prepared::ops`]),
//! a [`Link`] and perhaps a passcode for each grant, the [`Notice`] to send;
//! later, to who holds link and factor, the message ([`Escrow::open`]).
//!
//! *Refused*: a factor floor that nothing given reaches, expiry in the past,
//! messages above 160 MiB ([`MAX_MESSAGE`]).
//!
//! ## Who holds what
//!
//! The content lies under a key of its own (the DEK), which is wrapped once for
//! each grant under a key made of three shares: L in the notice's link, S in
//! the database (itself wrapped under [`Keys`]), and,
//! if agreed, F from a passphrase. So a stolen mailbox lacks S and the
//! passcode, a stolen database lacks L and the keys, database and keys
//! together still lack L. S is bound to the grant's factor floor, its methods
//! and the contacts that codes go to: a grant edited in the database is
//! useless.
//!
//! A grant offers the [`Method`]s for which all is given and that reach its
//! floor. [`Escrow::open`] knows passcode and passphrase; what else there is,
//! the pickup page asks for (feature `portal`).
//!
//! ## What is kept
//!
//! One ciphertext an item: the message, and behind it the *letter*, which is
//! what the page shows: subject, text, sanitised HTML, and where in the message
//! each file lies. HTML is sanitised when the message is sealed, so the page
//! runs no parser of mail; without the feature `portal` letters are text only.
//!
//! Without the right L an unknown, a revoked and an expired grant look alike.
//! Wrong passcodes are counted for each grant (5 in 15 minutes, then wait) and
//! slowly over all grants; nobody is locked out for good, and only who holds
//! the link can spend tries.
//!
//! ## What the host does with it
//!
//! It lists, extends, revokes, holds and shreds. Server shares can be wrapped by
//! a [`KeyProvider`] and moved from version to version ([`Escrow::rewrap`]);
//! content can be sealed for an offline archive, too ([`ArchiveKey`]). What
//! recipients answer comes back sealed ([`Reply`]).
//!
//! Not defended: the host process itself, and who can write to the database
//! can put the counters of tries and views back, and the memory of used codes.
//!
//! 45 CFR 164.312(a)(2)(iv), (c)(1), (e)(2)(ii): encryption and integrity at
//! rest and in transmission. NIST SP 800-38D (GCM), RFC 5869 (HKDF), RFC 8018
//! (PBKDF2), <https://c2sp.org/chunked-encryption>.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use mailseal::base::{Clock, FactorLevel, Keys, RecipientId, SystemClock};
//! use mailseal::escrow::{Draft, Escrow, Factor, GrantDraft, PasscodePlan};
//! use mailseal::storage::{MemoryStore, Store};
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let store = Arc::new(MemoryStore::new());
//! let keys = Keys::make_ephemeral();
//! let escrow = Escrow::new(store.clone(), &keys, Arc::new(SystemClock), "https://portal.example")?;
//!
//! let grant = GrantDraft::new(RecipientId::new(0), FactorLevel::P2).passcode(PasscodePlan::Make);
//! let expires = SystemClock.now().plus(Duration::from_secs(14 * 86_400));
//! let mut prepared = escrow.prepare(Draft::new(b"Subject: results\r\n\r\nHbA1c 5.4", expires, vec![grant])).await?;
//! store.commit(prepared.ops.drain(..).collect()).await?;
//!
//! let given = &prepared.grants[0];
//! let passcode = given.passcode.clone().ok_or("no passcode")?;
//! let opened = escrow.open(&given.link, &Factor::Passcode(passcode), None).await?;
//! assert!(opened.message.expose().ends_with(b"HbA1c 5.4"));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Clock, Keys};
use crate::storage::{Row, Store};

mod archive;
mod certificate;
mod chunk;
pub(crate) mod contact;
mod error;
mod event;
mod factor;
mod grant;
#[cfg(feature = "portal")]
mod html;
mod item;
mod keys;
mod letter;
mod link;
mod manage;
mod method;
mod notice;
mod pickup;
#[cfg(feature = "portal")]
mod portal;
mod prepare;
mod provider;
mod record;
mod reply;
mod rewrap;
mod typed;
#[cfg(feature = "portal")]
mod visit;
mod visitors;

#[cfg(all(test, feature = "testing"))]
mod remains;
#[cfg(all(test, feature = "testing"))]
mod thieves;

pub use archive::{ArchiveKey, ArchiveSecret, Archived};
pub use certificate::Destruction;
pub use error::EscrowError;
pub use event::{EscrowEvent, EscrowEventKind, NoRecorder, Recorder};
pub use factor::{Factor, PasscodePlan};
pub use grant::{GrantState, GrantStatus};
pub use item::{MAX_GRANTS, MAX_MESSAGE};
pub use link::Link;
pub use manage::{ItemStatus, Swept};
pub use method::Method;
pub use notice::{CodeDraft, CodeMail, Logo, Notice, NoticeDraft};
pub use pickup::Opened;
pub use prepare::{Draft, GrantDraft, Prepared, PreparedGrant};
pub use provider::{KeyProvider, KeyProviderError, LocalWrappingKeys, Wrapped};
#[cfg(feature = "testing")]
pub(crate) use reply::read_container as read_reply_container;
pub use reply::{Reply, ReplyAttachment};
pub use rewrap::Rewrapped;
#[cfg(feature = "portal")]
pub(crate) use visit::Visit;

/// For [`crate::testing::parsers`].
#[cfg(feature = "testing")]
pub(crate) fn letter_of(message: &[u8]) -> Result<Vec<u8>, EscrowError> {
    letter::write(message).map(|letter| letter.to_vec())
}

/// The escrow of one installation.
#[derive(Clone)]
pub struct Escrow {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    recorder: Arc<dyn Recorder>,
    root: Arc<keys::RootKeys>,
    reply: Arc<reply::ReplyKey>,
    provider: Option<Arc<dyn KeyProvider>>,
    archive: Option<ArchiveKey>,
    backup_lifetime: Option<Duration>,
    base_url: String,
    /// Checked in the place of what is not there, so that a grant that does
    /// not exist takes as long as one that does.
    decoy: Arc<Row>,
}

impl Escrow {
    /// An escrow over `store`, whose links lead to the portal at `base_url`.
    ///
    /// # Errors
    /// [`EscrowError::BaseUrl`] where the address cannot be used in links.
    pub fn new(
        store: Arc<dyn Store>,
        keys: &Keys,
        clock: Arc<dyn Clock>,
        base_url: &str,
    ) -> Result<Self, EscrowError> {
        let root = keys::RootKeys::new(keys);
        let decoy = prepare::decoy(&root)?;
        Ok(Self {
            store,
            clock,
            recorder: Arc::new(NoRecorder),
            root: Arc::new(root),
            reply: Arc::new(reply::ReplyKey::new(keys)),
            provider: None,
            archive: None,
            backup_lifetime: None,
            base_url: link::check_base_url(base_url)?,
            decoy: Arc::new(decoy),
        })
    }

    /// Has every change of state recorded, in the transaction of the change.
    #[must_use]
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// Has server shares wrapped by this provider, in place of a key of the
    /// installation's [`Keys`]. Shares wrapped before go on opening; see
    /// [`Escrow::rewrap`].
    #[must_use]
    pub fn key_provider(mut self, provider: Arc<dyn KeyProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Has what is escrowed from now on sealed for the holder of the archive
    /// key, too. Off by default.
    #[must_use]
    pub fn archive_key(mut self, key: ArchiveKey) -> Self {
        self.archive = Some(key);
        self
    }

    /// How long a backup of the store lives, or the key of the bucket that
    /// holds it: until then copies of what was shredded may lie there. Without
    /// it certificates of destruction say `unknown`.
    #[must_use]
    pub fn backup_lifetime(mut self, lifetime: Duration) -> Self {
        self.backup_lifetime = Some(lifetime);
        self
    }

    /// The portal's address, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl fmt::Debug for Escrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Escrow").finish_non_exhaustive()
    }
}
