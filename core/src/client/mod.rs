//! The front door: [`Client`] wires the rooms and decides nothing itself.
//!
//! [`Client::plan`] composes, scans, discovers and decides, and sends nothing.
//! [`Client::send`] records, seals, delivers and records again;
//! [`Client::seal`] stops before delivery, for hosts with a mailer of their
//! own. [`Client::deliver_due`] goes on with what was deferred, also after a
//! restart; call it every minute or so.
//!
//! Nothing of a message leaves before its audit intent is on disk. A copy that
//! the receiver may have taken, but did not confirm, is reported as unknown and
//! not sent again unless the host says so ([`Client::resolve_unknown`]).
//!
//! ```
//! # async fn run() -> Result<(), mailseal::Error> {
//! use mailseal::base::TlsAssurance;
//! use mailseal::compose::Message;
//! use mailseal::deliver::Smtp;
//! use mailseal::policy::{Policy, Show};
//! use mailseal::{Client, Keys, Storage};
//!
//! let client = Client::builder()
//!     .policy(Policy::hipaa())
//!     .storage(Storage::sqlite("mailseal.db")?)
//!     .keys(Keys::file("mailseal.key")?)
//!     .transport(Smtp::relay("smtps://user@mail.harbor.example")?.onward(TlsAssurance::Authenticated))
//!     .build()
//!     .await?;
//! let message = Message::builder()
//!     .from("clinic@harbor.example".parse()?)
//!     .to("pat@mail.example".parse::<mailseal::base::Address>()?)
//!     .subject("Your visit")
//!     .text("Your results are in.")
//!     .build()?;
//! let plan = client.plan(message).await?;
//! println!("{}", plan.explain(Show::Masked));
//! let receipt = client.send(plan).await?;
//! # Ok(()) }
//! ```

use std::fmt;
use std::sync::Arc;

use crate::audit::{Audit, EventKind};
use crate::base::{ReceiptId, RecipientId, TlsAssurance};
use crate::compose::Message;
use crate::deliver::Envelope;
use crate::error::{Error, PlanError};
use crate::escrow::Escrow;
use crate::outbox::Phase;
use crate::storage::Table;

mod builder;
#[cfg(feature = "portal")]
mod code_sender;
mod codes;
mod custody;
mod due;
mod engine;
mod notices;
mod opening;
mod plan;
mod planning;
#[cfg(feature = "portal")]
mod portal;
mod receipt;
mod recorder;
mod sending;

pub use builder::{Builder, EscrowOptions, Storage, Unset};
pub use codes::{CodeChannel, CodeChannelError};
pub use custody::Certificate;
pub use due::{DueReport, Resolution, Unresolved};
pub use plan::{Plan, PlanOptions, Planned};
pub use receipt::{Outcome, Receipt, Status};

use engine::Engine;

/// Plans, sends, and answers for what was sent. Cheap to clone; clones share
/// everything.
#[derive(Debug, Clone)]
pub struct Client {
    engine: Arc<Engine>,
}

/// A sealed message with its envelope, for a host that has a mailer of its own.
///
/// `Debug` shows no message: under `Tls` its bytes are in clear.
#[non_exhaustive]
pub struct SealedMessage {
    /// The recipient.
    pub recipient: RecipientId,
    /// The SMTP envelope.
    pub envelope: Envelope,
    /// The message, RFC 5322.
    pub bytes: Vec<u8>,
    /// What the mailer must guarantee for the whole way.
    pub transport_floor: TlsAssurance,
}

impl fmt::Debug for SealedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedMessage")
            .field("recipient", &self.recipient)
            .field("size", &self.bytes.len())
            .field("transport_floor", &self.transport_floor)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Starts building a client.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn from_engine(engine: Engine) -> Self {
        Self {
            engine: Arc::new(engine),
        }
    }

    /// Scans a message, finds out what its recipients can receive, and decides
    /// for each how the message must be protected. Sends nothing.
    ///
    /// # Errors
    /// [`Error::Compose`] where the message cannot be rendered.
    pub async fn plan(&self, message: Message) -> Result<Plan, Error> {
        self.plan_with(message, PlanOptions::default()).await
    }

    /// As [`Client::plan`], with what the host knows beside the message.
    ///
    /// # Errors
    /// As [`Client::plan`].
    pub async fn plan_with(&self, message: Message, options: PlanOptions) -> Result<Plan, Error> {
        self.engine.plan(message, options).await
    }

    /// Carries a plan out. It runs to its end even if the caller goes away, and
    /// gives one outcome a recipient.
    ///
    /// A plan that expired is made again; if nothing got weaker it goes on.
    ///
    /// # Errors
    /// [`PlanError`] where the plan may not be sent, [`Error::Store`] or
    /// [`Error::Audit`] where the intent could not be recorded. In each case
    /// nothing was sent to anybody. After [`StoreError::Failed`] it is not known
    /// whether the intent is on disk, and [`Error::Shutdown`] comes at any time:
    /// then `deliver_due` may send it later. Call `send` again with the same
    /// idempotency key only.
    ///
    /// [`StoreError::Failed`]: crate::storage::StoreError::Failed
    pub async fn send(&self, plan: Plan) -> Result<Receipt, Error> {
        let engine = Arc::clone(&self.engine);
        tokio::spawn(async move { engine.send(plan).await })
            .await
            .map_err(|_| Error::Shutdown)?
    }

    /// Seals a plan's messages for a mailer of the host's own, which guarantees
    /// `assurance` for the whole way to the recipient's mailbox; `None`
    /// guarantees nothing, and then only sealed routes are given out.
    ///
    /// It cannot fall back. The audit log says that the messages were handed
    /// over, not that they arrived.
    ///
    /// # Errors
    /// [`PlanError::Refused`] where the policy allows no route over such a
    /// mailer for some recipient; then nothing is given out.
    pub async fn seal(
        &self,
        plan: Plan,
        assurance: Option<TlsAssurance>,
    ) -> Result<(Receipt, Vec<SealedMessage>), Error> {
        Arc::clone(&self.engine).hand_over(plan, assurance).await
    }

    /// The receipt of an earlier `send`, as it stands now.
    ///
    /// # Errors
    /// [`Error::Store`], or [`Error::Outbox`] where it was written under
    /// another key file.
    pub async fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, Error> {
        self.engine.receipt(id).await
    }

    /// Copies that are not at their end: deferred, in flight, or unknown.
    ///
    /// # Errors
    /// As [`Client::receipt`].
    pub async fn unresolved(&self) -> Result<Vec<Unresolved>, Error> {
        self.engine.unresolved().await
    }

    /// Tries again what is due, takes over what a process that died left
    /// behind, and lets expired escrow items go.
    ///
    /// # Errors
    /// [`Error::Store`] where the store cannot be read. What fails for one copy
    /// is in the report.
    pub async fn deliver_due(&self) -> Result<DueReport, Error> {
        let engine = Arc::clone(&self.engine);
        tokio::spawn(async move { engine.deliver_due().await })
            .await
            .map_err(|_| Error::Shutdown)?
    }

    /// Says what became of a copy whose outcome is unknown, from what the host
    /// found out: it arrived, or it is to be sent again.
    ///
    /// # Errors
    /// [`PlanError::NotUnknown`] where there is no such copy, [`Error::Outbox`]
    /// where there is none among those that can be read.
    pub async fn resolve_unknown(
        &self,
        receipt: ReceiptId,
        recipient: RecipientId,
        resolution: Resolution,
    ) -> Result<(), Error> {
        let engine = &self.engine;
        let mut otherwise = PlanError::NotUnknown.into();
        for row in engine.rows(Table::Outbox).await? {
            let mut record = match engine.outbox.open(&row) {
                Ok(record) => record,
                // It may be the one, and does not bar the others.
                Err(error) => {
                    otherwise = error.into();
                    continue;
                }
            };
            if (record.receipt, record.recipient) != (receipt, recipient)
                || record.phase != Phase::Unknown
            {
                continue;
            }
            return engine
                .resolve(&row, &mut record, resolution, EventKind::Resolved)
                .await;
        }
        Err(otherwise)
    }

    /// The audit log.
    pub fn audit(&self) -> &Audit {
        &self.engine.audit
    }

    /// The escrow, where the client was built with one.
    pub fn escrow(&self) -> Option<&Escrow> {
        self.engine.escrow.as_ref().map(|(escrow, _)| escrow)
    }
}
