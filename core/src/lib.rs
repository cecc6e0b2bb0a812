//! mailseal: secure e-mail for software that handles health information.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod audit;
pub mod base;
mod client;
pub mod compose;
pub mod deliver;
pub mod discover;
pub mod dlp;
mod error;
pub mod escrow;
pub mod outbox;
pub mod policy;
pub mod seal;
pub mod storage;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use base::Keys;
pub use client::*;
pub use error::{Error, ErrorKind, PlanError};
