//! Against real peers: Debian's Postfix as mail host and relay.
//!
//! Postfix is started by the test itself, in a folder and on loopback
//! addresses of its own; the machine's own instance is neither read nor
//! touched. That needs root. Where the peers are missing the tests say so and
//! pass, unless `MAILSEAL_PEERS=require` (CI sets it) makes that a failure;
//! `MAILSEAL_PEERS=off` leaves them out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout)]

mod certificates;
mod contents;
mod handshakes;
mod harness;
mod postfix;
mod world;
