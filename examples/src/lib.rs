//! What the example programs share: the configuration file, and output for
//! people.

pub mod config;
pub mod print;
