//! The scanners through their public face: what is found, where and why, what
//! the verdict is, what the host's knowledge changes, and how well it does on
//! labelled mail.
//!
//! The models are trained again now and then. So what is asserted here follows
//! from labels, checksums, formats and clear-cut messages, which every model
//! gets right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "dlp/attachments.rs"]
mod attachments;
#[path = "dlp/corpus.rs"]
mod corpus;
#[path = "dlp/kinds.rs"]
mod kinds;
#[path = "dlp/known.rs"]
mod known;
#[path = "dlp/places.rs"]
mod places;
#[path = "dlp/rule_scanner.rs"]
mod rule_scanner;
#[path = "dlp/scene.rs"]
mod scene;
#[path = "dlp/telling.rs"]
mod telling;
#[path = "dlp/verdicts.rs"]
mod verdicts;
