//! The scanner's place.

use std::fmt;

use super::Findings;
use crate::compose::Message;

/// Looks for PHI in a message.
///
/// A scanner is pure: no network, no files, no clock; the same message gives
/// the same findings. It is bounded in time and memory whatever the message
/// holds, and it never panics. A part that it cannot read is reported as
/// unscannable, which the policy treats as PHI; silence means "read, and
/// nothing found".
pub trait Scanner: fmt::Debug + Send + Sync + 'static {
    /// Reads every part of the message.
    fn scan(&self, message: &Message) -> Findings;
}
