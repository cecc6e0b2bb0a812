//! What went wrong in a session, and what that means for a recipient.

use super::reply::{Reply, ReplyError};
use crate::base::Phi;
use crate::wire::smtp::{Attempt, Cause, Delivery, EnhancedCode, Stage};

/// Why a session cannot go on.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) stage: Stage,
    pub(crate) cause: Cause,
    pub(crate) code: Option<u16>,
    pub(crate) enhanced: Option<EnhancedCode>,
    pub(crate) text: Phi<String>,
}

impl Fault {
    /// A fault that no reply tells of.
    pub(crate) fn local(stage: Stage, cause: Cause, text: &str) -> Self {
        Self {
            stage,
            cause,
            code: None,
            enhanced: None,
            text: text.into(),
        }
    }

    /// A 4xx or 5xx reply.
    pub(crate) fn reply(stage: Stage, reply: &Reply) -> Self {
        Self {
            stage,
            cause: if is_transient(reply) {
                Cause::TransientReply
            } else {
                Cause::PermanentReply
            },
            code: Some(reply.code()),
            enhanced: reply.enhanced(),
            text: reply.text().into(),
        }
    }

    /// A reply that answers nothing that was said.
    pub(crate) fn unexpected(stage: Stage, reply: &Reply) -> Self {
        Self::reply(stage, reply).because(Cause::Protocol)
    }

    /// Octets that are no reply.
    pub(crate) fn malformed(stage: Stage, error: ReplyError) -> Self {
        Self::local(stage, Cause::Protocol, &error.to_string())
    }

    #[must_use]
    pub(crate) fn because(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }
}

/// What became of a recipient.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) delivery: Delivery,
    pub(crate) fault: Fault,
}

impl Verdict {
    /// What a reply says.
    pub(crate) fn of_reply(stage: Stage, reply: &Reply) -> Self {
        if reply.class() == 2 {
            return Self {
                delivery: Delivery::Accepted,
                fault: Fault::reply(stage, reply).because(Cause::Ok),
            };
        }
        Self::of_fault(Fault::reply(stage, reply))
    }

    /// What a fault means where nothing was delivered.
    pub(crate) fn of_fault(fault: Fault) -> Self {
        let delivery = match fault.cause {
            Cause::PermanentReply
            | Cause::TooLarge
            | Cause::ExtensionMissing
            | Cause::Content
            | Cause::NoHost => Delivery::Rejected,
            _ => Delivery::Deferred,
        };
        Self { delivery, fault }
    }

    pub(crate) fn new(delivery: Delivery, fault: Fault) -> Self {
        Self { delivery, fault }
    }

    pub(crate) fn into_attempt(self) -> Attempt {
        let Fault {
            stage,
            cause,
            code,
            enhanced,
            text,
        } = self.fault;
        Attempt::new(self.delivery, stage, cause, text).with_codes(code, enhanced)
    }
}

/// Whether a refusal passes: 4xx, and the 5xx by which hosts that mean "slow
/// down" say so. A try too many costs little; a lost message costs much.
fn is_transient(reply: &Reply) -> bool {
    if reply.class() != 5 {
        return true;
    }
    // Class 4 contradicts the code; X.3.2 is "not accepting now", X.4.5 is
    // "congestion" (RFC 3463 section 3).
    if matches!(
        reply.enhanced(),
        Some(EnhancedCode(4, ..) | EnhancedCode(5, 3, 2) | EnhancedCode(5, 4, 5))
    ) {
        return true;
    }
    let text = reply.text().to_ascii_lowercase();
    [
        "try again later",
        "temporarily",
        "throttl",
        "rate limit",
        "too many connections",
        "too many messages",
    ]
    .iter()
    .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::reply::ReplyParser;
    use super::*;

    fn delivery(line: &str) -> Delivery {
        let mut parser = ReplyParser::new();
        parser.push(line.as_bytes());
        parser.push(b"\r\n");
        Verdict::of_reply(Stage::RcptTo, &parser.next_reply().unwrap().unwrap()).delivery
    }

    #[test]
    fn a_5xx_that_means_slow_down_is_tried_again() {
        for (line, expected) in [
            ("250 ok", Delivery::Accepted),
            ("450 4.2.0 greylisted", Delivery::Deferred),
            ("550 5.1.1 no such user", Delivery::Rejected),
            ("550 4.7.28 rate", Delivery::Deferred),
            ("550 5.4.5 daily quota", Delivery::Deferred),
            ("554 Too many connections from you", Delivery::Deferred),
            ("554 5.7.1 Rate limit exceeded", Delivery::Deferred),
            ("554 no", Delivery::Rejected),
        ] {
            assert_eq!(delivery(line), expected, "{line}");
        }
    }
}
