//! Handing a sealed message to the next host, on a connection that keeps what
//! the decision promised.

mod records;

pub use records::{Attempt, Cause, Delivery, EnhancedCode, Envelope, Hop, Requirement, Stage};

use std::fmt;

use async_trait::async_trait;

use crate::base::NextHop;

/// Called once per attempt, after the message's content has been transmitted
/// and before the final dot. From the final dot on the receiver may have
/// accepted; so the caller makes that durable first. If it fails, the
/// transport drops the connection without the final dot and nothing is
/// delivered.
#[async_trait]
pub trait Barrier: Send + Sync {
    /// Records that the point of no return is about to be passed.
    async fn before_final_dot(&self) -> Result<(), BarrierError>;
}

/// The barrier could not be recorded: nothing may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the point of no return could not be recorded; nothing was sent")]
pub struct BarrierError;

/// One message for one or more recipients behind one next hop.
#[derive(Debug)]
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

/// Hands messages over.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// What the transport sees of the way to the recipient.
    fn next_hop(&self) -> NextHop;

    /// Tries once, and says for each recipient of the envelope, in order, what
    /// became of it. It never returns fewer or more.
    async fn deliver(&self, job: Job<'_>, barrier: &dyn Barrier) -> Vec<Attempt>;
}
