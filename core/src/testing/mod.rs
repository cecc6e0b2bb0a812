//! Fakes, scripted peers and test-suites for hosts and for mailseal itself.

pub mod canary;
pub mod clock;
pub mod dns;
pub mod faulty_store;
#[cfg(feature = "smime")]
pub mod mail_pki;
pub mod parsers;
pub mod pki;
mod sandbox;
pub mod smtp;
pub mod store_suite;
pub mod sts;

pub use sandbox::{Sandbox, SandboxDomain};
