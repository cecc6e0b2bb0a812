//! Discovery against a DNS server, policy hosts and mail hosts of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "discover/cache.rs"]
mod cache;
#[path = "discover/https.rs"]
mod https;
#[path = "discover/mx.rs"]
mod mx;
#[path = "discover/parsers.rs"]
mod parsers;
#[path = "discover/pinned.rs"]
mod pinned;
#[path = "discover/probe.rs"]
mod probe;
#[path = "discover/sts.rs"]
mod sts;
#[path = "discover/support.rs"]
mod support;
