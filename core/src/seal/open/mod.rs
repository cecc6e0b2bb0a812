//! Opening what comes back.

mod report;

pub(crate) use report::Decrypted;
pub use report::{SignatureReport, Signer, Verdict};
