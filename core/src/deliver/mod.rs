//! Handing a sealed message to the next host, on a connection that keeps what
//! the decision promised.
//!
//! A [`Job`] enters: the message, its [`Envelope`], where the domain takes mail
//! and what the connection must satisfy. One [`Attempt`] per recipient leaves,
//! with the reply's codes and the connection's TLS evidence.
//!
//! [`Smtp`] is the transport: [`Smtp::direct`] to the recipients' mail hosts,
//! [`Smtp::relay`] to a submission host. Hosts are tried in the order of
//! RFC 5321 section 5.1, each of their addresses in turn.
//!
//! What is refused, and how it is told:
//!
//! - a host below the floor: it never hears `MAIL FROM`. Where all are,
//!   [`Delivery::FloorUnmet`]; where one could not be reached, or gave a 4xx to
//!   `STARTTLS`, [`Delivery::Deferred`], because not knowing is not "no";
//! - a host outside the domain's enforced MTA-STS policy (RFC 8461), whatever
//!   the message asks for; where none is left, [`Cause::StsNoMatch`];
//! - bare CR, bare LF, NUL, lines over 998 octets: [`Cause::Content`], and no
//!   connection is opened;
//! - replies that are not SMTP, or that nobody asked for: [`Cause::Protocol`];
//! - octets between the `220` to `STARTTLS` and the handshake:
//!   [`Cause::StartTlsInjection`], even where the floor would allow clear text;
//! - an internal address, unless the guard allows it.
//!
//! Before the final dot nothing is delivered, and every fault is safe to try
//! again. Behind it, silence is [`Delivery::Unknown`].

mod attempt;
mod pool;
mod records;
mod relay;
mod route;
mod smtp;

pub use crate::wire::smtp::{
    Attempt, Barrier, BarrierError, Cause, Delivery, EnhancedCode, Stage, Timeouts,
};
pub use relay::DeliverError;
pub use smtp::Smtp;

pub use records::{Envelope, Hop, Requirement};

use std::fmt;

use async_trait::async_trait;

use crate::base::NextHop;

/// One message for one or more recipients behind one next hop.
///
/// `Debug` shows no message: it may be in clear.
pub struct Job<'a> {
    /// Sender and recipients.
    pub envelope: &'a Envelope,
    /// The message, RFC 5322, CRLF line ends, not dot-stuffed.
    pub message: &'a [u8],
    /// Where the recipients' domain takes mail (ignored by a relay).
    pub hop: &'a Hop,
    /// What the connection must satisfy before `MAIL FROM`.
    pub requirement: &'a Requirement,
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("recipients", &self.envelope.recipients.len())
            .field("size", &self.message.len())
            .field("requirement", self.requirement)
            .finish_non_exhaustive()
    }
}

/// Hands messages over.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// What the transport sees of the way to the recipient.
    fn next_hop(&self) -> NextHop;

    /// Tries once, and says for each recipient of the envelope, in order, what
    /// became of it. It never returns fewer or more.
    async fn deliver(&self, job: Job<'_>, barrier: &dyn Barrier) -> Vec<Attempt>;
}
