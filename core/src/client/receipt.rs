//! What `send` did, for each recipient.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::base::crypto::{self, Key};
use crate::base::{
    FactorLevel, GrantId, Keys, MessageId, Phi, ReceiptId, RecipientId, Route, Secret, Timestamp,
    TlsAssurance,
};
use crate::deliver::{Attempt, Cause, EnhancedCode, Stage};
use crate::outbox::OutboxError;
use crate::storage::{Op, Row, Table};
use crate::wire::tls::TlsEvidence;

/// How one recipient's copy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// Recorded; the first attempt is not over.
    Pending,
    /// The next host took responsibility for the message or the notice.
    Delivered,
    /// Kept encrypted and tried again at `next_try`.
    Deferred,
    /// The next host refused for good. The recipient has nothing.
    Rejected,
    /// Tried until the schedule's end. The recipient has nothing.
    GivenUp,
    /// The next host may or may not have taken it; it is not sent again unless
    /// the host application says so.
    Unknown,
    /// The caller dropped the recipient, whom the policy mostly refused.
    Refused,
    /// Given to the host application, which delivers it itself.
    HandedOver,
}

impl Status {
    /// Every status.
    pub const ALL: &'static [Self] = &[
        Self::Pending,
        Self::Delivered,
        Self::Deferred,
        Self::Rejected,
        Self::GivenUp,
        Self::Unknown,
        Self::Refused,
        Self::HandedOver,
    ];

    /// Whether nothing more will happen by itself.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Deferred)
    }

    /// The word for it in JSON and tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Rejected => "rejected",
            Self::GivenUp => "given_up",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::HandedOver => "handed_over",
        }
    }
}

/// What became of one recipient's copy so far, with the evidence.
///
/// Serialising it gives what may go into a log or a script: no address, no
/// reply text, no passcode.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The recipient; `plan.address(id)` gives the address.
    pub recipient: RecipientId,
    /// How the copy stands.
    pub status: Status,
    /// The route of the last attempt.
    pub route: Option<Route>,
    /// The least assurance that was asked of the connection.
    pub transport_floor: Option<TlsAssurance>,
    /// What the recipient must show at pickup, where the route is escrow.
    pub factor_floor: Option<FactorLevel>,
    /// What the connection really was.
    pub tls: Option<TlsEvidence>,
    /// Where the last attempt stood.
    pub stage: Option<Stage>,
    /// Why.
    pub cause: Option<Cause>,
    /// The SMTP reply code.
    pub code: Option<u16>,
    /// The enhanced status code (RFC 3463).
    pub enhanced: Option<EnhancedCode>,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next_try: Option<Timestamp>,
    /// The pickup grant, where the route is escrow.
    pub grant: Option<GrantId>,
    /// When this was recorded.
    pub at: Timestamp,
    #[serde(skip)]
    passcode: Option<Secret<String>>,
    #[serde(skip)]
    diagnostic: Phi<String>,
}

impl Outcome {
    pub(super) fn new(recipient: RecipientId, status: Status, at: Timestamp) -> Self {
        Self {
            recipient,
            status,
            route: None,
            transport_floor: None,
            factor_floor: None,
            tls: None,
            stage: None,
            cause: None,
            code: None,
            enhanced: None,
            attempts: 0,
            next_try: None,
            grant: None,
            at,
            passcode: None,
            diagnostic: Phi::default(),
        }
    }

    pub(super) fn with_attempt(mut self, attempt: &Attempt) -> Self {
        self.stage = Some(attempt.stage);
        self.cause = Some(attempt.cause);
        self.code = attempt.code;
        self.enhanced = attempt.enhanced;
        self.tls.clone_from(&attempt.tls);
        self.diagnostic = attempt.diagnostic().clone();
        self
    }

    pub(super) fn with_passcode(mut self, passcode: Option<Secret<String>>) -> Self {
        self.passcode = passcode;
        self
    }

    /// The pickup code that the sender tells the recipient by telephone or in
    /// person, where the host gave no other factor. Never send it by e-mail.
    pub fn passcode(&self) -> Option<&Secret<String>> {
        self.passcode.as_ref()
    }

    /// The receiving host's reply text. It may repeat the address or more.
    pub fn diagnostic(&self) -> &Phi<String> {
        &self.diagnostic
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("recipient", &self.recipient)
            .field("status", &self.status)
            .field("route", &self.route)
            .field("stage", &self.stage)
            .field("cause", &self.cause)
            .field("code", &self.code)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// What one call of `send` did.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Its id: keep it to ask again with `client.receipt(id)`.
    pub id: ReceiptId,
    /// The message as the audit log names it.
    pub message: MessageId,
    /// When `send` was called.
    pub created: Timestamp,
    /// One outcome a recipient, in the order of their ids.
    pub outcomes: Vec<Outcome>,
    #[serde(skip)]
    pub(super) no_phi_reason: Option<Phi<String>>,
    #[serde(skip)]
    pub(super) confirmed: Vec<(RecipientId, Phi<String>)>,
}

impl Receipt {
    pub(super) fn new(
        id: ReceiptId,
        plan: &Plan,
        created: Timestamp,
        outcomes: Vec<Outcome>,
    ) -> Self {
        let confirmed = plan.confirmed().into_iter();
        Self {
            id,
            message: plan.id(),
            created,
            outcomes,
            no_phi_reason: plan.message().no_phi_reason().map(Phi::from),
            confirmed: confirmed.map(|(id, why)| (id, Phi::new(why))).collect(),
        }
    }

    /// Why the host asserted that the message holds no PHI, if it did.
    pub fn no_phi_reason(&self) -> Option<&Phi<String>> {
        self.no_phi_reason.as_ref()
    }

    /// Why the host vouched for a recipient who looked like the wrong one, if
    /// it did.
    pub fn confirmation(&self, id: RecipientId) -> Option<&Phi<String>> {
        let found = self.confirmed.iter().find(|(of, _)| *of == id);
        found.map(|(_, reason)| reason)
    }

    /// The outcome for one recipient.
    pub fn outcome(&self, id: RecipientId) -> Option<&Outcome> {
        self.outcomes.iter().find(|o| o.recipient == id)
    }
}

/// Encodes receipts for the store: one row for the call, one a recipient, so
/// that copies that finish at the same time do not wait for each other.
#[derive(Debug)]
pub(super) struct Receipts {
    key: Key,
    index: Key,
}

#[derive(Serialize, Deserialize)]
struct Head {
    message: MessageId,
    created: Timestamp,
    #[serde(default)]
    no_phi_reason: Option<String>,
    #[serde(default)]
    confirmed: Vec<(RecipientId, String)>,
}

/// An outcome with the two fields that its `Serialize` leaves out.
#[derive(Serialize, Deserialize)]
struct Stored {
    outcome: Outcome,
    passcode: Option<String>,
    diagnostic: String,
}

impl Receipts {
    pub(super) fn new(keys: &Keys) -> Self {
        Self {
            key: keys.derive("mailseal/1/receipt"),
            index: keys.derive("mailseal/1/idempotency"),
        }
    }

    pub(super) fn put_head(&self, id: ReceiptId, plan: &Plan, created: Timestamp) -> Op {
        let head = Head {
            message: plan.id(),
            created,
            no_phi_reason: plan.message().no_phi_reason().map(str::to_owned),
            confirmed: plan.confirmed(),
        };
        self.put(id.as_bytes().to_vec(), &head)
    }

    pub(super) fn put_outcome(&self, id: ReceiptId, outcome: &Outcome) -> Op {
        let stored = Stored {
            outcome: outcome.clone(),
            passcode: outcome.passcode.as_ref().map(|p| p.expose().clone()),
            diagnostic: outcome.diagnostic.expose().clone(),
        };
        self.put(outcome_key(id, outcome.recipient), &stored)
    }

    fn put(&self, key: Vec<u8>, value: &impl Serialize) -> Op {
        // Strings, numbers and lists only, which always encode.
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(value).unwrap_or_default());
        Op::Put {
            table: Table::Receipt,
            row: Row {
                value: crypto::seal(&self.key, &aad(&key), &plain),
                key,
                due: None,
            },
        }
    }

    fn open<T: for<'de> Deserialize<'de>>(&self, row: &Row) -> Result<T, OutboxError> {
        let plain =
            crypto::open(&self.key, &aad(&row.key), &row.value).map_err(|_| OutboxError::Sealed)?;
        serde_json::from_slice(&plain).map_err(|_| OutboxError::Form)
    }

    /// The receipt whose rows these are; `None` where there are none.
    pub(super) fn read(&self, id: ReceiptId, rows: &[Row]) -> Result<Option<Receipt>, OutboxError> {
        let Some((head, rest)) = rows.split_first() else {
            return Ok(None);
        };
        let head: Head = self.open(head)?;
        let outcomes = rest
            .iter()
            .map(|row| self.read_outcome(row))
            .collect::<Result<_, _>>()?;
        Ok(Some(Receipt {
            id,
            message: head.message,
            created: head.created,
            outcomes,
            no_phi_reason: head.no_phi_reason.map(Phi::new),
            confirmed: head
                .confirmed
                .into_iter()
                .map(|(id, reason)| (id, Phi::new(reason)))
                .collect(),
        }))
    }

    pub(super) fn read_outcome(&self, row: &Row) -> Result<Outcome, OutboxError> {
        let stored: Stored = self.open(row)?;
        Ok(Outcome {
            passcode: stored.passcode.map(Secret::new),
            diagnostic: Phi::new(stored.diagnostic),
            ..stored.outcome
        })
    }

    /// The key under which an idempotency key is kept: it may hold anything.
    pub(super) fn idempotency_row(&self, key: &str, receipt: ReceiptId, content: &[u8; 32]) -> Row {
        let index = crypto::hmac_sha256(self.index.expose(), key.as_bytes()).to_vec();
        let value = [receipt.as_bytes().as_slice(), &self.content_tag(content)].concat();
        Row {
            key: index,
            value,
            due: None,
        }
    }

    /// What an idempotency row says: the receipt, and whether the message is
    /// the same.
    pub(super) fn read_idempotency(
        &self,
        row: &Row,
        content: &[u8; 32],
    ) -> Result<(ReceiptId, bool), OutboxError> {
        let (id, tag) = row.value.split_at_checked(16).ok_or(OutboxError::Form)?;
        let id: [u8; 16] = id.try_into().map_err(|_| OutboxError::Form)?;
        let same = crypto::equal(tag, &self.content_tag(content));
        Ok((ReceiptId::from_bytes(id), same))
    }

    // Keyed, so that the row does not say which of two known messages it was.
    fn content_tag(&self, content: &[u8; 32]) -> [u8; 32] {
        crypto::hmac_sha256(self.index.expose(), content)
    }
}

pub(super) fn outcome_key(id: ReceiptId, recipient: RecipientId) -> Vec<u8> {
    let index = u32::try_from(recipient.index()).unwrap_or(u32::MAX);
    [id.as_bytes().as_slice(), &index.to_be_bytes()].concat()
}

fn aad(key: &[u8]) -> Vec<u8> {
    [b"mailseal receipt 1 ", key].concat()
}
