//! The client end to end: from a message to what a host took, what crossed the
//! wire, what the receipt and the audit log say, over faults, restarts and time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "client/copies.rs"]
mod copies;
#[path = "client/custody.rs"]
mod custody;
#[path = "client/decisions.rs"]
mod decisions;
#[path = "client/escrow.rs"]
mod escrow;
#[path = "client/faults.rs"]
mod faults;
#[cfg(feature = "sqlite")]
#[path = "client/files.rs"]
mod files;
#[path = "client/notices.rs"]
mod notices;
#[path = "client/plans.rs"]
mod plans;
#[cfg(feature = "portal")]
#[path = "client/portal.rs"]
mod portal;
#[path = "client/restart.rs"]
mod restart;
#[path = "client/scene.rs"]
mod scene;
#[path = "client/sealing.rs"]
mod sealing;
#[path = "client/shown.rs"]
mod shown;
#[cfg(feature = "portal")]
#[allow(dead_code)] // what the portal's own tests need
#[path = "portal/support.rs"]
mod support;
#[path = "client/way.rs"]
mod way;
#[path = "client/wrong.rs"]
mod wrong;
