//! How a pickup code reaches a recipient's telephone.

use std::fmt;

use async_trait::async_trait;

use crate::base::{Phi, Secret};

/// The code could not be sent; it is handed to the sender instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pickup code could not be sent")]
pub struct CodeChannelError;

/// Sends pickup codes by SMS or voice. The host implements it with the
/// provider it has; the number is the one that the sender got from the
/// recipient (`Recipient::phone`).
///
/// The text to send must hold nothing but the code and the organisation's name.
#[async_trait]
pub trait CodeChannel: fmt::Debug + Send + Sync + 'static {
    /// Sends `code` to `phone`. What takes longer than a minute counts as
    /// failed; half a minute where a visitor of the pickup page waits for it.
    async fn send_code(
        &self,
        phone: &Phi<String>,
        code: &Secret<String>,
    ) -> Result<(), CodeChannelError>;
}
