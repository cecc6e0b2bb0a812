//! Fakes, scripted peers and test-suites for hosts and for mailseal itself.

pub mod clock;
pub mod dns;
pub mod faulty_store;
pub mod pki;
pub mod smtp;
pub mod store_suite;
