//! mailseal sends e-mail for software that handles health information: it
//! finds out what each recipient's mail host can receive, decides by policy
//! how the message must be protected for each, delivers it over verified TLS or
//! keeps it sealed for pickup, and records what it did in a log that nobody can
//! quietly change.
//!
//! [`Client`] is the front door. The rooms behind it can be used alone:
//!
//! | room | enters → leaves |
//! |---|---|
//! | [`compose`] | fields or raw RFC 5322 → [`compose::Message`] |
//! | [`dlp`] | message → [`dlp::Findings`] |
//! | [`discover`] | domain → [`discover::Capabilities`] with expiry |
//! | [`policy`] | [`policy::Facts`] → [`policy::Decision`] with reasons; pure |
//! | [`seal`] | message → message that only the recipient reads, and back |
//! | [`escrow`] | message + grant → sealed item + notice; link + factor → message |
//! | `portal` | HTTP → the page where a recipient picks a message up; feature `portal` |
//! | [`deliver`] | message + envelope → [`deliver::Attempt`] with TLS evidence |
//! | [`outbox`] | copies on their way, encrypted, and when they are tried again |
//! | [`audit`] | events → Merkle log, signed checkpoints, proofs, exports |
//! | [`storage`] | batches of all these records; SQLite and memory |
//! | [`wire`] | resolver, guard, TLS, HTTPS and SMTP sessions |
//! | [`base`] | addresses, redacting wrappers, time, ids, words |
//!
//! What cannot be decided, scanned or verified is treated as PHI and not sent
//! in clear. Errors, logs and `Debug` texts hold no PHI, address or secret.
//!
//! # Features
//!
//! - `pgp` (default): OpenPGP by sequoia-openpgp, which is LGPL-2.0-or-later.
//! - `smime` (default): S/MIME.
//! - `sqlite` (default): [`storage`] in one SQLite file, bundled.
//! - `portal`: the pickup page, as an axum `Router`.
//! - `training`: what the program in `training/` needs to make the scanner's word
//!   lists and models; not for hosts.
//! - `testing`: the `testing` module: a small internet on loopback, scripted
//!   mail hosts, a clock that the test moves; and the scanner's passes one by
//!   one ([`dlp`]`::passes`), for benches.
//!
//! # Public dependencies
//!
//! No type of a foreign crate stands in the API, but those of the standard
//! library, and the traits of `serde` on records. The feature `portal` adds
//! `axum::Router` and `axum::http::HeaderMap` (axum 0.8, http 1).
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
#[cfg(feature = "portal")]
pub mod portal;
pub mod seal;
pub mod storage;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use base::Keys;
pub use client::{
    Builder, Certificate, Client, CodeChannel, CodeChannelError, DueReport, EscrowOptions, Outcome,
    Plan, PlanOptions, Planned, Receipt, Resolution, SealedMessage, Status, Storage, Unresolved,
    Unset,
};
pub use error::{Error, ErrorKind, PlanError};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
