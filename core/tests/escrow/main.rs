//! Escrow as a host sees it, over the memory store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod at_rest;
mod custody;
mod factor;
mod grants;
mod house;
mod link;
mod notice;
mod pickup;
mod prepare;
mod race;
mod release;
mod rotation;
