//! Pickup codes to telephones, by a function of the host's.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use mailseal::base;
use mailseal::{CodeChannel, CodeChannelError};
use pyo3::prelude::*;

use crate::convert::{Phi, Secret};

/// Calls `function(phone, code)` on a thread of its own.
///
/// Whatever it raises counts as "not sent": the crate hands the code to the
/// sender instead. The log has the exception's type and no more of it, since
/// its text may hold the number.
pub(crate) struct Function(Arc<Py<PyAny>>);

impl Function {
    pub(crate) fn new(function: Py<PyAny>) -> Self {
        Self(Arc::new(function))
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

#[async_trait]
impl CodeChannel for Function {
    async fn send_code(
        &self,
        phone: &base::Phi<String>,
        code: &base::Secret<String>,
    ) -> Result<(), CodeChannelError> {
        let (function, phone, code) = (Arc::clone(&self.0), phone.clone(), code.clone());
        let call = move || {
            Python::try_attach(|py| {
                function
                    .call1(py, (Phi(phone), Secret(code)))
                    .map(drop)
                    .map_err(|error| {
                        let kind = error.get_type(py).name().map(|n| n.to_string());
                        tracing::warn!(
                            target: "mailseal::codes",
                            exception = kind.as_deref().unwrap_or("unknown"),
                            "the code channel failed; the sender gets the code",
                        );
                    })
            })
        };
        match tokio::task::spawn_blocking(call).await {
            Ok(Some(Ok(()))) => Ok(()),
            _ => Err(CodeChannelError),
        }
    }
}
