//! Against real peers: Debian's Postfix as mail host and as relay.
//!
//! ```text
//! apt-get install postfix openssl
//! cargo test -p mailseal --all-features --test interop -- --nocapture
//! ```
//!
//! Each area starts one Postfix with many listeners on loopback addresses of
//! its own (`world.rs`, `postfix.rs`), a DNS server and an MTA-STS host in the
//! test's process, and a real `Client`. The machine's own Postfix is neither
//! read nor touched. What was sent is compared with three witnesses: the
//! receipt, the Maildir, and Postfix' log, which says for every connection
//! whether there was a `MAIL FROM`. `--nocapture` shows the tables.
//!
//! - `certificates.rs`: expired, not yet valid, self-signed, wrong name,
//!   unknown issuer, missing intermediate; at planning and turning so
//!   afterwards; under `hipaa`, `tls_exclusive` and MTA-STS.
//! - `handshakes.rs`: no TLS, TLS 1.0 to 1.2, suites without forward secrecy or
//!   AES-GCM, groups. `openssl s_client` first shows that the host can do it.
//! - `contents.rs`: every octet from the renderer to the Maildir; unknown user,
//!   SIZE, SMTPUTF8, 421, greylisting by Postfix' policy protocol, reuse.
//! - `submission.rs`: implicit TLS and STARTTLS with AUTH PLAIN, LOGIN, XOAUTH2.
//! - `harness.rs`: the harness itself.
//!
//! Left to the scripted peers of `core/tests/deliver`, because Debian's OpenSSL
//! cannot serve it: 3DES and RC4, and a server that breaks the protocol. Where
//! OpenSSL is older than 3.5 it has no X25519MLKEM768, so that X25519 is
//! negotiated; the tests take Postfix' word for the group.
//!
//! Starting Postfix needs root. Where it cannot start the tests say so and
//! pass, unless `MAILSEAL_PEERS=require` (CI sets it) makes that a failure;
//! `MAILSEAL_PEERS=off` leaves them out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout)]

mod certificates;
mod contents;
mod handshakes;
mod harness;
mod postfix;
mod submission;
mod world;
