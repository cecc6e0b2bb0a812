//! The portal over HTTP, in process. Tests are named after the numbers of the
//! design's list of attacks; those that need a browser are elsewhere.
#![cfg(all(feature = "portal", feature = "testing"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod authenticator;
mod codes;
mod doors;
mod factors;
mod logs;
mod passkeys;
mod replies;
mod scanners;
mod sessions;
mod ways;
