//! The decision, judged by a table of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "policy/actions.rs"]
mod actions;
#[path = "policy/enumeration.rs"]
mod enumeration;
#[path = "policy/facts.rs"]
mod facts;
#[path = "policy/guard.rs"]
mod guard;
#[path = "policy/oracle.rs"]
mod oracle;
#[path = "policy/random.rs"]
mod random;
#[path = "policy/reasons.rs"]
mod reasons;
#[path = "policy/rules.rs"]
mod rules;
#[path = "policy/toml.rs"]
mod toml;
#[path = "policy/waivers.rs"]
mod waivers;
