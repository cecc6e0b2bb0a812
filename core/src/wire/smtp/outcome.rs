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

impl Stage {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Resolve,
        Self::Connect,
        Self::Greeting,
        Self::Ehlo,
        Self::Tls,
        Self::Auth,
        Self::MailFrom,
        Self::RcptTo,
        Self::Data,
        Self::Final,
    ];

    /// The word for it in JSON and other languages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::MailFrom => "mail_from",
            Self::RcptTo => "rcpt_to",
            Self::Data => "data",
            Self::Final => "final",
        }
    }
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

impl Cause {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Ok,
        Self::NoHost,
        Self::StsNoMatch,
        Self::Dns,
        Self::TargetForbidden,
        Self::Connect,
        Self::Disconnected,
        Self::Timeout,
        Self::Protocol,
        Self::NoTls,
        Self::StartTlsInjection,
        Self::TlsHandshake,
        Self::TlsCertificate,
        Self::BelowFloor,
        Self::AuthUnavailable,
        Self::AuthRefused,
        Self::TransientReply,
        Self::PermanentReply,
        Self::TooLarge,
        Self::ExtensionMissing,
        Self::Content,
        Self::Barrier,
        Self::Key,
        Self::WaiverEnded,
    ];

    /// The word for it in JSON and other languages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoHost => "no_host",
            Self::StsNoMatch => "sts_no_match",
            Self::Dns => "dns",
            Self::TargetForbidden => "target_forbidden",
            Self::Connect => "connect",
            Self::Disconnected => "disconnected",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::NoTls => "no_tls",
            Self::StartTlsInjection => "start_tls_injection",
            Self::TlsHandshake => "tls_handshake",
            Self::TlsCertificate => "tls_certificate",
            Self::BelowFloor => "below_floor",
            Self::AuthUnavailable => "auth_unavailable",
            Self::AuthRefused => "auth_refused",
            Self::TransientReply => "transient_reply",
            Self::PermanentReply => "permanent_reply",
            Self::TooLarge => "too_large",
            Self::ExtensionMissing => "extension_missing",
            Self::Content => "content",
            Self::Barrier => "barrier",
            Self::Key => "key",
            Self::WaiverEnded => "waiver_ended",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tls::Identity;

    #[test]
    fn words_are_those_of_json() {
        fn json<T: Serialize>(value: &T) -> String {
            serde_json::to_string(value).unwrap()
        }
        for stage in Stage::ALL {
            assert_eq!(json(stage), format!("\"{}\"", stage.word()));
        }
        for cause in Cause::ALL {
            assert_eq!(json(cause), format!("\"{}\"", cause.word()));
        }
        for identity in Identity::ALL {
            assert_eq!(json(identity), format!("\"{}\"", identity.word()));
        }
    }
}
