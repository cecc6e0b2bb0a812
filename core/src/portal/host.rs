//! What the host application gives to its portal and hears from it.

use std::fmt;

use async_trait::async_trait;
use axum::http::HeaderMap;

use crate::base::{
    FactorLevel, GrantId, ItemId, Language, MessageId, Passkey, Phi, RecipientId, Secret,
    Sensitivity, Timestamp,
};
use crate::escrow::Reply;

/// How a code travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeKind {
    /// To the recipient's mailbox.
    Email,
    /// As a text message, to the number that the sender gave.
    Sms,
}

/// The channel did not take the code. Why is for the host's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the channel did not take the code")]
pub struct CodeChannelError;

/// Sends the codes that the portal makes.
#[async_trait]
pub trait CodeSender: fmt::Debug + Send + Sync + 'static {
    /// Whether it sends codes of this kind: both, where nothing is said. What
    /// is not sent is not offered.
    fn sends(&self, kind: CodeKind) -> bool {
        let _ = kind;
        true
    }

    /// Sends `code` to `to`. The text that carries it names neither sender nor
    /// message, and says that nobody will ask for the code by telephone.
    ///
    /// # Errors
    /// [`CodeChannelError`] where the channel did not take it.
    async fn send(
        &self,
        kind: CodeKind,
        to: &Phi<String>,
        code: &Secret<String>,
        language: Language,
    ) -> Result<(), CodeChannelError>;
}

/// The visitor is not signed on as the subject that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the visitor is not signed on as this subject")]
pub struct NotSignedOn;

/// The host does not take the reply. Nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host does not take the reply")]
pub struct ReplyRefused;

/// What happened at the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortalEventKind {
    /// The message was released to the visitor: a read receipt. It says that
    /// the page got all that it needs to show the message, not that a person
    /// read it.
    Opened {
        /// Whether for the first time.
        first: bool,
        /// The level that was shown.
        level: FactorLevel,
    },
    /// The link was right, the factor was not.
    FactorFailed {
        /// Tries left before the next must wait.
        tries_left: u32,
    },
    /// A code was handed to the channel.
    CodeSent(CodeKind),
    /// A visitor who could open the message, and showed more than the link, said
    /// that it is not for them; the grant is revoked.
    Misdirected,
    /// A visitor who showed the link and no more said that the message is not
    /// for them. The grant stays, since a mail scanner or a thief of the mailbox
    /// can say so too. The audit log has every one; it is told at most once a
    /// day for a grant, and not told again that day where it was not heard.
    MisdirectedClaim,
    /// The visitor registered a passkey, to be given with later messages to
    /// the same person. It opens nothing now.
    PasskeyRegistered {
        /// The passkey.
        passkey: Passkey,
        /// The level that the session had shown, P2 at least. A passkey proves
        /// no more than what it was registered by: a host that asks for P4
        /// decides by this whether the passkey may count for it.
        level: FactorLevel,
    },
    /// A reply was taken by the host.
    Replied,
}

/// What happened, to whose grant, and when. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PortalEvent {
    /// What happened.
    pub kind: PortalEventKind,
    /// When.
    pub at: Timestamp,
    /// The grant.
    pub grant: GrantId,
    /// Its item.
    pub item: ItemId,
    /// The message, as the host called it.
    pub message: Option<MessageId>,
    /// Whose grant, as a place in the message.
    pub recipient: RecipientId,
}

/// The host application. Every method has a default that does nothing, or
/// refuses.
#[async_trait]
pub trait PortalHost: fmt::Debug + Send + Sync + 'static {
    /// Hears of an event, after what it speaks of is on disk. It is waited for
    /// at most five seconds; what must not be lost is in the audit log.
    async fn event(&self, event: PortalEvent) {
        let _ = event;
    }

    /// Takes a reply, which was opened and scanned: `found` is what the scanner
    /// made of it, [`Sensitivity::Phi`] where there is none. Once this returns
    /// `Ok` the portal keeps nothing of it. The same [`Reply::id`] may come
    /// twice. The visitor is given `R-` and the id's first eight digits as
    /// reference. It is waited for at most 50 seconds.
    ///
    /// What a reply holds is a stranger's: file names are neutralised, types
    /// are claims, and attachments may be hostile to who opens them.
    ///
    /// # Errors
    /// [`ReplyRefused`] where the host does not take it, which is the default.
    async fn reply(&self, reply: Reply, found: Sensitivity) -> Result<(), ReplyRefused> {
        let _ = (reply, found);
        Err(ReplyRefused)
    }

    /// The page where visitors sign on, where the host has single sign-on; from
    /// there the host leads them back to the page that they came from. `None`,
    /// and the method is not offered.
    fn sign_on_url(&self) -> Option<String> {
        None
    }

    /// Whether the request that these headers came with belongs to somebody
    /// who is signed on as `subject`.
    ///
    /// # Errors
    /// [`NotSignedOn`] where not.
    async fn single_sign_on(
        &self,
        subject: &Phi<String>,
        headers: &HeaderMap,
    ) -> Result<(), NotSignedOn> {
        let _ = (subject, headers);
        Err(NotSignedOn)
    }
}

/// A host that wants to hear nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NoHost;

impl PortalHost for NoHost {}
