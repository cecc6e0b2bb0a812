//! What can go wrong, without saying anything about anybody.

use std::time::Duration;

use super::provider::KeyProviderError;
use crate::base::{FactorLevel, KeysError, RecipientId};
use crate::storage::StoreError;

/// Why the escrow did not do what was asked.
///
/// To a caller without the right link secret an unknown, a revoked and an
/// expired grant all give [`EscrowError::NotFound`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EscrowError {
    /// No such message, or the link is not the right one. Which of them is not told.
    #[error(
        "there is no message under this link: check that the whole link or code was taken over"
    )]
    NotFound,
    /// The sender took the message back. Told to the holder of the link only.
    #[error("the sender took this message back: ask the sender")]
    Revoked,
    /// The time to pick the message up is over. Told to the holder of the link only.
    #[error("the time to pick up this message is over: ask the sender to send it anew")]
    Expired,
    /// The host holds the message back for now. Told to the holder of the link
    /// only.
    #[error("the sender holds this message back for now: ask the sender")]
    Held,
    /// The message was opened as often as the sender allowed.
    #[error("this message was opened as often as the sender allowed: ask the sender")]
    ViewsUsedUp,
    /// The content was not released to this session.
    #[error("the message was not released to this session")]
    NotReleased,
    /// Beside the link something is asked for that was not given.
    #[error("beside the link a factor of level {level} is asked for")]
    FactorRequired {
        /// The level asked for.
        level: FactorLevel,
    },
    /// Passcode or passphrase are wrong. Which of them is not told.
    #[error("the passcode or passphrase is wrong; {tries_left} tries are left for now")]
    FactorWrong {
        /// Tries left before the next must wait.
        tries_left: u32,
    },
    /// Too many wrong tries. The right link and factor work again after the wait.
    #[error("too many wrong tries: wait {} seconds", wait.as_secs())]
    Wait {
        /// How long.
        wait: Duration,
    },
    /// The text is no pickup link or code.
    #[error("this is no pickup link or code: {part} is not as expected")]
    MalformedLink {
        /// What is not as expected, in fixed words.
        part: &'static str,
    },
    /// The portal's address cannot be used in links.
    #[error("the portal address cannot be used: {reason}")]
    BaseUrl {
        /// Why, in fixed words.
        reason: &'static str,
    },
    /// The message is larger than the escrow takes.
    #[error("the message has {size} bytes, the escrow takes {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A message must have at least one grant and at most `limit`.
    #[error("{count} recipients: between 1 and {limit} can be given one message")]
    Grants {
        /// How many were asked for.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The message would expire before it could be picked up.
    #[error("the expiry lies in the past")]
    ExpiryPassed,
    /// The level needs a factor and nothing was given.
    #[error("{recipient}: level {level} needs a factor beside the link, and none was given")]
    NoFactor {
        /// Whose grant.
        recipient: RecipientId,
        /// The level asked for.
        level: FactorLevel,
    },
    /// None of the factors that were given reaches the level.
    #[error("{recipient}: none of the factors given reaches level {level}")]
    UnsupportedFactor {
        /// Whose grant.
        recipient: RecipientId,
        /// The level asked for.
        level: FactorLevel,
    },
    /// The agreed passphrase is too short or too long.
    #[error("{recipient}: a passphrase has {min} to {max} characters")]
    PassphraseLength {
        /// Whose grant.
        recipient: RecipientId,
        /// The least number of characters.
        min: usize,
        /// The greatest number of characters.
        max: usize,
    },
    /// A contact or factor of a recipient cannot be used.
    #[error("{recipient}: {part} is too short, too long or too many")]
    Contact {
        /// Whose grant.
        recipient: RecipientId,
        /// Which part, in fixed words.
        part: &'static str,
    },
    /// The notice cannot be written.
    #[error("the notice cannot be written: {part} is empty, too long or holds control characters")]
    Notice {
        /// Which part, in fixed words.
        part: &'static str,
    },
    /// A reply was not taken.
    #[error("the reply is refused: {reason}")]
    Reply {
        /// Why, in fixed words.
        reason: &'static str,
    },
    /// As many replies as a grant takes a day are there or on their way.
    #[error("no more replies to this message are taken today")]
    ReplyQuota,
    /// The item is on hold and must not be destroyed.
    #[error("the item is on hold: release the hold before it is shredded")]
    OnHold,
    /// The item was escrowed without an archive key, or its content is gone.
    #[error("the item cannot be exported: it has no archive wrap")]
    NoArchive,
    /// An archive key, secret or bundle cannot be used.
    #[error("{reason}")]
    Archive {
        /// Why, in fixed words.
        reason: &'static str,
    },
    /// A key file cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The server share cannot be wrapped or unwrapped.
    #[error(transparent)]
    KeyProvider(#[from] KeyProviderError),
    /// The logo cannot be used.
    #[error("the logo cannot be used: {reason}")]
    Logo {
        /// Why, in fixed words.
        reason: &'static str,
    },
    /// No grant or item has this id. Told to the host only.
    #[error("no grant, item or reply has this id")]
    UnknownId,
    /// A stored record or part was changed, is missing or belongs elsewhere.
    /// Nothing of the content was given out.
    #[error("a stored escrow record is damaged or was changed ({record}); nothing was given out")]
    Damaged {
        /// The kind of record, in fixed words.
        record: &'static str,
    },
    /// Others changed the record again and again meanwhile.
    #[error("the record is being changed by others: try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EscrowError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "escrow.not_found",
            Self::Revoked => "escrow.revoked",
            Self::Expired => "escrow.expired",
            Self::Held => "escrow.held",
            Self::ViewsUsedUp => "escrow.views_used_up",
            Self::NotReleased => "escrow.not_released",
            Self::FactorRequired { .. } => "escrow.factor_required",
            Self::FactorWrong { .. } => "escrow.factor_wrong",
            Self::Wait { .. } => "escrow.wait",
            Self::MalformedLink { .. } => "escrow.malformed_link",
            Self::BaseUrl { .. } => "escrow.base_url",
            Self::TooLarge { .. } => "escrow.too_large",
            Self::Grants { .. } => "escrow.grants",
            Self::ExpiryPassed => "escrow.expiry_passed",
            Self::NoFactor { .. } => "escrow.no_factor",
            Self::UnsupportedFactor { .. } => "escrow.unsupported_factor",
            Self::PassphraseLength { .. } => "escrow.passphrase_length",
            Self::Contact { .. } => "escrow.contact",
            Self::Notice { .. } => "escrow.notice",
            Self::Reply { .. } => "escrow.reply",
            Self::ReplyQuota => "escrow.reply_quota",
            Self::OnHold => "escrow.on_hold",
            Self::NoArchive => "escrow.no_archive",
            Self::Archive { .. } => "escrow.archive",
            Self::Keys(e) => e.code(),
            Self::KeyProvider(e) => e.code(),
            Self::Logo { .. } => "escrow.logo",
            Self::UnknownId => "escrow.unknown_id",
            Self::Damaged { .. } => "escrow.damaged",
            Self::Busy => "escrow.busy",
            Self::Store(_) => "escrow.store",
        }
    }

    /// Whether the same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Wait { .. } | Self::Busy => true,
            Self::KeyProvider(e) => e.is_retryable(),
            Self::Store(e) => e.is_retryable(),
            _ => false,
        }
    }
}
