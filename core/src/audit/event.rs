//! What happened, and the record of it that goes into the log.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::jcs;
use crate::base::{
    Address, FactorLevel, GrantId, ItemId, MessageId, ReceiptId, RecipientId, Route, Sensitivity,
    Timestamp, TlsAssurance,
};
use crate::deliver::{Attempt, Cause, Delivery, Stage};
use crate::wire::tls::TlsEvidence;

/// A leaf is shorter than this (C2SP tlog-tiles).
pub(super) const MAX_LEAF: usize = 65_535;
const VERSION: u32 = 1;
const MAX_REASONS: usize = 64;
const MAX_WORD: usize = 64;

macro_rules! kinds {
    ($( $(#[$doc:meta])* $variant:ident = $word:literal ),+ $(,)?) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum EventKind {
            $( $(#[$doc])* #[serde(rename = $word)] $variant ),+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in entries and tables.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

kinds! {
    /// A copy is about to leave. On disk before its first byte does.
    Intent = "intent",
    /// An attempt ended for good: accepted or rejected.
    Outcome = "outcome",
    /// An attempt failed in passing; the copy is kept and tried again.
    Deferred = "deferred",
    /// A rung failed before `MAIL FROM`; the next one is taken.
    Fallback = "fallback",
    /// The connection ended after the final dot: taken or not, nobody knows.
    Unknown = "unknown",
    /// The policy refuses to send to this recipient.
    Refused = "refused",
    /// The policy holds the message until somebody looks at it.
    Hold = "hold",
    /// The caller dropped a recipient from a plan.
    Dropped = "dropped",
    /// A plan was made again and its decision changed.
    Replanned = "replanned",
    /// A sealed copy was handed to the host, which delivers it itself.
    Sealed = "sealed",
    /// The host said what became of a copy whose outcome was unknown.
    Resolved = "resolved",
    /// A try ended because nothing was delivered in the time allowed.
    GaveUp = "gave_up",
    /// The host declared that a message holds no PHI.
    NoPhiAsserted = "no_phi_asserted",
    /// The host vouched for a recipient who looks like the wrong one.
    RecipientConfirmed = "recipient_confirmed",
    /// A waiver was used: the patient was warned and prefers plain e-mail.
    WaiverUsed = "waiver_used",
    /// A message was put into escrow.
    EscrowCreated = "escrow_created",
    /// An escrowed message was picked up.
    PickedUp = "picked_up",
    /// A pickup failed: wrong link or factor.
    PickupFailed = "pickup_failed",
    /// A grant was locked after too many failures.
    GrantLocked = "grant_locked",
    /// A pickup took the last view that the sender allowed.
    ViewLimit = "view_limit",
    /// A recipient said that a message is not for them; the grant was revoked.
    Misdirected = "misdirected",
    /// Who holds a link and showed no factor said that the message is not for
    /// them; the grant stays.
    MisdirectedClaim = "misdirected_claim",
    /// A recipient's reply was handed to the host.
    Replied = "replied",
    /// A grant's expiry was put off.
    Extended = "extended",
    /// A grant's item was put on hold: its pickups end, its keys stay.
    Held = "held",
    /// The hold was lifted.
    HoldReleased = "hold_released",
    /// An escrowed message was exported for the holder of the archive key.
    Exported = "exported",
    /// A grant was revoked.
    Revoked = "revoked",
    /// An escrowed message's keys and content were destroyed.
    Shredded = "shredded",
    /// A grant or an item passed its expiry.
    Expired = "expired",
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What an entry says. Every part but time and kind may be absent.
///
/// There is no address in it, no domain, subject or other text of a person:
/// ids are random, and the recipient stands as a commitment under a key that
/// is not in the log, salted anew in each entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    #[serde(rename = "v")]
    version: u32,
    /// When, by the clock of the installation.
    #[serde(rename = "time_ms")]
    pub time: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Which message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Which call of `send`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptId>,
    /// Which recipient of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<RecipientId>,
    /// The commitment to the recipient's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<Commitment>,
    /// The rung of the ladder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// The least assurance that the connection must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport_floor: Option<TlsAssurance>,
    /// The least factor that a pickup must show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor_floor: Option<FactorLevel>,
    /// The factor that a pickup did show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<FactorLevel>,
    /// What the message holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// The codes of the reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What became of the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// Where the session stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The reply code (RFC 5321).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The enhanced status code (RFC 3463), such as `4.7.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<String>,
    /// Which attempt, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What the connection was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsEvidence>,
    /// The fingerprint of the policy that decided.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex32")]
    pub policy: Option<[u8; 32]>,
    /// SHA-256 of what was sent or stored, after sealing.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex32")]
    pub ciphertext: Option<[u8; 32]>,
    /// Which escrowed message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// Which grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
}

/// HMAC-SHA-256 over salt and address tag, both parts in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Commitment {
    pub(super) salt: String,
    pub(super) mac: String,
}

impl Record {
    /// The canonical leaf.
    #[allow(clippy::expect_used)]
    pub(super) fn to_leaf(&self) -> Vec<u8> {
        let value = serde_json::to_value(self).expect("a record has only names as keys");
        jcs::canonical(&value)
    }

    pub(super) fn from_leaf(leaf: &[u8]) -> Option<Self> {
        if leaf.len() >= MAX_LEAF {
            return None;
        }
        let record: Self = serde_json::from_slice(leaf).ok()?;
        (record.version == VERSION).then_some(record)
    }
}

/// Something that is to be recorded, put together before the clock is read.
///
/// ```
/// use mailseal::audit::{Event, EventKind};
/// use mailseal::base::{MessageId, RecipientId, Route};
/// let event = Event::new(EventKind::Intent)
///     .message(MessageId::make_random())
///     .recipient(RecipientId::new(0))
///     .address(&"pat@mail.example".parse()?)
///     .route(Route::Tls)
///     .reasons(["tls.authenticated"]);
/// assert!(!format!("{event:?}").contains("pat"));
/// # Ok::<(), mailseal::base::AddressError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "an event is recorded by committing `Audit::entry` of it"]
pub struct Event {
    pub(super) record: Record,
    pub(super) address: Option<Address>,
    pub(super) address_tag: Option<[u8; 32]>,
}

macro_rules! parts {
    ($( $(#[$doc:meta])* $name:ident: $kind:ty ),+ $(,)?) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $name: impl Into<Option<$kind>>) -> Self {
                self.record.$name = $name.into();
                self
            }
        )+
    };
}

impl Event {
    /// An event of which nothing is known yet.
    pub fn new(kind: EventKind) -> Self {
        let record = Record {
            version: VERSION,
            time: Timestamp::from_unix_ms(0),
            kind,
            message: None,
            receipt: None,
            recipient: None,
            to: None,
            route: None,
            transport_floor: None,
            factor_floor: None,
            factor: None,
            sensitivity: None,
            reasons: Vec::new(),
            delivery: None,
            stage: None,
            cause: None,
            code: None,
            enhanced: None,
            attempt: None,
            tls: None,
            policy: None,
            ciphertext: None,
            item: None,
            grant: None,
        };
        Self {
            record,
            address: None,
            address_tag: None,
        }
    }

    parts! {
        /// Which message.
        message: MessageId,
        /// Which call of `send`.
        receipt: ReceiptId,
        /// Which recipient of the message.
        recipient: RecipientId,
        /// The rung of the ladder.
        route: Route,
        /// The least assurance that the connection must have.
        transport_floor: TlsAssurance,
        /// The least factor that a pickup must show.
        factor_floor: FactorLevel,
        /// The factor that a pickup did show.
        factor: FactorLevel,
        /// What the message holds.
        sensitivity: Sensitivity,
        /// Which attempt, counted from 1.
        attempt: u32,
        /// The fingerprint of the policy that decided.
        policy: [u8; 32],
        /// SHA-256 of what is sent or stored, after sealing.
        ciphertext: [u8; 32],
        /// Which escrowed message.
        item: ItemId,
        /// Which grant.
        grant: GrantId,
    }

    /// Whom it is about. The address itself is not recorded: the entry gets a
    /// salted commitment and is found again through a keyed index.
    pub fn address(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    /// Whom it is about, by the tag that [`Audit::address_tag`](super::Audit::address_tag)
    /// gave for the address, for a room that does not keep addresses.
    pub fn address_tag(mut self, tag: [u8; 32]) -> Self {
        self.address_tag = Some(tag);
        self
    }

    /// The codes of the reasons, added to those that are there. At most 64 are
    /// kept; a code is lower-case letters, digits, `_`, `-` and `.`, at most 64
    /// of them, and anything else is recorded as `invalid`.
    pub fn reasons(mut self, codes: impl IntoIterator<Item = &'static str>) -> Self {
        let free = MAX_REASONS.saturating_sub(self.record.reasons.len());
        let is_code = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.');
        let codes = codes.into_iter().take(free);
        self.record
            .reasons
            .extend(codes.map(|code| word(code, is_code, "invalid")));
        self
    }

    /// What the connection was.
    pub fn tls(mut self, evidence: impl Into<Option<TlsEvidence>>) -> Self {
        // The names come from the TLS library and the digest from us; they
        // are checked all the same, so that no text can come in this way.
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        self.record.tls = evidence.into().map(|mut tls| {
            tls.suite = word(&tls.suite, is_name, "invalid");
            tls.group = tls.group.map(|group| word(&group, is_name, "invalid"));
            tls.certificate_sha256 = word(&tls.certificate_sha256, is_name, "invalid");
            tls
        });
        self
    }

    /// What one attempt of delivery did: result, stage, cause, codes and TLS
    /// evidence, never the host's reply text.
    pub fn result(self, attempt: &Attempt) -> Self {
        let mut event = self.tls(attempt.tls.clone());
        event.record.delivery = Some(attempt.delivery);
        event.record.stage = Some(attempt.stage);
        event.record.cause = Some(attempt.cause);
        event.record.code = attempt.code;
        event.record.enhanced = attempt.enhanced.map(|code| code.to_string());
        event
    }
}

fn word(text: &str, allowed: impl Fn(u8) -> bool, other: &str) -> String {
    let fits = (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(allowed);
    String::from(if fits { text } else { other })
}

/// 32 bytes as hexadecimal digits.
mod hex32 {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<[u8; 32]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_str(&HEXLOWER.encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 32]>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Some).ok_or(Error::custom("not 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::EnhancedCode;
    use crate::wire::tls::{Identity, TlsVersion};

    fn everything() -> Event {
        let long: &'static str = "a.reason_code-that-is-sixty-four-characters-long-and-not-one-m.";
        let attempt = Attempt::new(
            Delivery::FloorUnmet,
            Stage::MailFrom,
            Cause::TlsCertificate,
            "550 pat@mail.example has HIV",
        )
        .with_codes(Some(550), Some(EnhancedCode(5, 999, 999)))
        .with_tls(Some(TlsEvidence {
            version: TlsVersion::Tls13,
            suite: "TLS_AES_256_GCM_SHA384".into(),
            group: Some("X25519MLKEM768".into()),
            certificate_sha256: "ab".repeat(32),
            identity: Identity::PartnerPin,
        }));
        Event::new(EventKind::NoPhiAsserted)
            .message(MessageId::make_random())
            .receipt(ReceiptId::make_random())
            .recipient(RecipientId::new(u32::MAX))
            .route(Route::Escrow)
            .transport_floor(TlsAssurance::Opportunistic)
            .factor_floor(FactorLevel::P4)
            .factor(FactorLevel::P3)
            .sensitivity(Sensitivity::Sensitive)
            .attempt(u32::MAX)
            .policy([1; 32])
            .ciphertext([2; 32])
            .item(ItemId::make_random())
            .grant(GrantId::make_random())
            .reasons(std::iter::repeat_n(long, 1000))
            .result(&attempt)
    }

    #[test]
    fn the_largest_record_fits_and_reads_back() {
        let mut record = everything().record;
        record.time = Timestamp::from_unix_ms(1_767_603_600_123);
        let leaf = record.to_leaf();
        assert!(leaf.len() < MAX_LEAF / 8, "{}", leaf.len());
        assert_eq!(record.reasons.len(), 64);
        assert_eq!(Record::from_leaf(&leaf), Some(record));
        let text = String::from_utf8(leaf).unwrap();
        assert!(!text.contains("HIV") && !text.contains("mail.example"));
        assert!(!text.contains(' ') && !text.contains('\n'));
    }

    #[test]
    fn free_text_does_not_come_in_through_codes_or_names() {
        let tls = TlsEvidence {
            version: TlsVersion::Tls12,
            suite: "Pat Lindqvist".into(),
            group: Some("pat@mail.example".into()),
            certificate_sha256: "x".repeat(65),
            identity: Identity::WebPki,
        };
        let record = Event::new(EventKind::Intent)
            .reasons(["F32.1 depression", "pat@mail.example", "", "tls.ok"])
            .tls(tls)
            .record;
        assert_eq!(record.reasons, ["invalid", "invalid", "invalid", "tls.ok"]);
        let tls = record.tls.unwrap();
        assert_eq!(tls.suite, "invalid");
        assert_eq!(tls.group.as_deref(), Some("invalid"));
        assert_eq!(tls.certificate_sha256, "invalid");
    }

    #[test]
    fn every_kind_has_its_word() {
        for &kind in EventKind::ALL {
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.word());
        }
    }

    #[test]
    fn other_leaves_are_no_records() {
        let record = Event::new(EventKind::Intent).record;
        let leaf = String::from_utf8(record.to_leaf()).unwrap();
        assert_eq!(leaf, r#"{"kind":"intent","time_ms":0,"v":1}"#);
        assert_eq!(Record::from_leaf(leaf.as_bytes()), Some(record));
        for bad in [
            "",
            "{}",
            "[]",
            &leaf.replace(":1}", ":2}"),
            &leaf.replace("intent", "other"),
            &format!("{leaf}x"),
            &leaf.replace("0,", "0,\"policy\":\"00\","),
            &format!("{}{leaf}", " ".repeat(MAX_LEAF)),
        ] {
            assert_eq!(Record::from_leaf(bad.as_bytes()), None, "{bad:.80}");
        }
    }
}
