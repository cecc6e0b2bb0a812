//! What a session did for a recipient: how far it came, why it ended there, and
//! on what connection.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::base::Phi;
use crate::wire::tls::TlsEvidence;

/// A stage of an SMTP session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Finding the host's address.
    Resolve,
    /// Opening the connection.
    Connect,
    /// The greeting.
    Greeting,
    /// `EHLO`.
    Ehlo,
    /// `STARTTLS` and the handshake.
    Tls,
    /// `AUTH`.
    Auth,
    /// `MAIL FROM`.
    MailFrom,
    /// `RCPT TO`.
    RcptTo,
    /// `DATA` up to the final dot.
    Data,
    /// The answer to the final dot.
    Final,
}

/// What became of one recipient in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delivery {
    /// The next host took responsibility (2xx to the final dot).
    Accepted,
    /// A passing fault; nothing was delivered. To be tried again.
    Deferred,
    /// No host met the requirement; `MAIL FROM` was never said. The next rung
    /// may be tried at once.
    FloorUnmet,
    /// The host refused for good (5xx). Nothing was delivered.
    Rejected,
    /// The connection ended after the final dot without an answer: the host
    /// may or may not have taken it.
    Unknown,
}

/// Why, as a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// It went well.
    Ok,
    /// The domain has no host that takes mail.
    NoHost,
    /// No host matches the domain's enforced MTA-STS policy.
    StsNoMatch,
    /// DNS gave no answer.
    Dns,
    /// The target's address is internal and not allowed.
    TargetForbidden,
    /// The connection could not be opened.
    Connect,
    /// The connection ended early.
    Disconnected,
    /// A deadline passed.
    Timeout,
    /// The reply was not SMTP: malformed, oversized, or unasked for.
    Protocol,
    /// `STARTTLS` is not offered, or was refused.
    NoTls,
    /// Bytes were injected between the `220` and the handshake.
    StartTlsInjection,
    /// The handshake failed (version, suite, alert).
    TlsHandshake,
    /// The certificate is not valid for this host.
    TlsCertificate,
    /// The connection reached less than the requirement.
    BelowFloor,
    /// The relay offers no mechanism that we have credentials for.
    AuthUnavailable,
    /// The relay refused the credentials.
    AuthRefused,
    /// The host gave a 4xx reply.
    TransientReply,
    /// The host gave a 5xx reply.
    PermanentReply,
    /// The message is larger than the host's `SIZE`.
    TooLarge,
    /// The host lacks an extension that the message needs (`SMTPUTF8`).
    ExtensionMissing,
    /// The message cannot be sent over SMTP as it is (bare CR or LF, NUL).
    Content,
    /// The point of no return could not be recorded.
    Barrier,
    /// The message could not be sealed to the recipient's key.
    Key,
    /// The waiver, or the policy, under which it would have gone so has ended.
    WaiverEnded,
}

/// An enhanced status code (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnhancedCode(pub u8, pub u16, pub u16);

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What one attempt did for one recipient.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// What became of the recipient.
    pub delivery: Delivery,
    /// Where the session stood.
    pub stage: Stage,
    /// Why.
    pub cause: Cause,
    /// The reply code, if there was a reply.
    pub code: Option<u16>,
    /// The enhanced status code, if the reply had one.
    pub enhanced: Option<EnhancedCode>,
    /// What the connection was, if TLS was established.
    pub tls: Option<TlsEvidence>,
    diagnostic: Phi<String>,
}

impl Attempt {
    /// What one attempt did. `diagnostic` is the host's reply text, which may
    /// repeat an address or more, and so is never printed.
    pub fn new(
        delivery: Delivery,
        stage: Stage,
        cause: Cause,
        diagnostic: impl Into<Phi<String>>,
    ) -> Self {
        Self {
            delivery,
            stage,
            cause,
            code: None,
            enhanced: None,
            tls: None,
            diagnostic: diagnostic.into(),
        }
    }

    /// With the reply's codes.
    #[must_use]
    pub fn with_codes(mut self, code: Option<u16>, enhanced: Option<EnhancedCode>) -> Self {
        self.code = code;
        self.enhanced = enhanced;
        self
    }

    /// With what the connection was.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<TlsEvidence>) -> Self {
        self.tls = tls;
        self
    }

    /// The host's reply text, for a caller that needs it.
    pub fn diagnostic(&self) -> &Phi<String> {
        &self.diagnostic
    }
}

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
