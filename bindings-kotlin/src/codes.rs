//! Pickup codes to telephones, by the host's own provider.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use mailseal::base;

use crate::convert::{Phi, Secret};

/// The code was not sent: the sender gets it instead.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub(crate) enum NativeCodeChannelError {
    /// It was not sent.
    #[error("the code was not sent")]
    NotSent,
}

// What the host's code threw may hold the number: nothing of it is kept.
impl From<uniffi::UnexpectedUniFFICallbackError> for NativeCodeChannelError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::NotSent
    }
}

/// Sends pickup codes by SMS or voice. The text must hold nothing but the code
/// and the organisation's name. What takes longer than a minute, or fails,
/// counts as not sent: the sender gets the code then.
#[uniffi::export(with_foreign)]
#[async_trait]
pub(crate) trait NativeCodeChannel: Send + Sync {
    /// Sends `code` to `phone`.
    async fn send_code(&self, phone: Phi, code: Secret) -> Result<(), NativeCodeChannelError>;
}

/// The host's channel, as the crate asks for it.
pub(crate) struct Foreign(pub(crate) Arc<dyn NativeCodeChannel>);

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign")
    }
}

#[async_trait]
impl mailseal::CodeChannel for Foreign {
    async fn send_code(
        &self,
        phone: &base::Phi<String>,
        code: &base::Secret<String>,
    ) -> Result<(), mailseal::CodeChannelError> {
        let sent = self.0.send_code(phone.into(), code.into()).await;
        sent.map_err(|_| mailseal::CodeChannelError)
    }
}
