//! Sealing and opening, both formats, by the public API alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod copies;
mod house;
mod properties;
mod round_trip;
