//! What the program that makes the scanner's word lists and models needs.
//!
//! Not for hosts, and not stable.
