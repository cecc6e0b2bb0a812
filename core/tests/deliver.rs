//! Delivery against peers that do what hosts do wrong: each fault is a test of
//! its own with a stated outcome, and each area prints its table
//! (`cargo test --test deliver -- --nocapture table`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "deliver/content.rs"]
mod content;
#[path = "deliver/downgrade_tls.rs"]
mod downgrade_tls;
#[path = "deliver/evidence.rs"]
mod evidence;
#[path = "deliver/idle.rs"]
mod idle;
#[path = "deliver/protocol.rs"]
mod protocol;
#[path = "deliver/relay.rs"]
mod relay;
#[path = "deliver/scene.rs"]
mod scene;
