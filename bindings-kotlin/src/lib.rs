//! The native part of `mailseal` for Kotlin and Swift: conversion, and nothing
//! else.
//!
//! What is decided is decided in the crate `mailseal`. Here its values become
//! values that UniFFI can carry and back ([`words`], [`types`], [`message`],
//! [`parts`], [`plan`]), errors become exceptions ([`error`]), and calls run on
//! a runtime of the client's own ([`runtime`]).
//!
//! What Kotlin wraps once more, for exceptions and default arguments, is named
//! `Native…`; the wrappers have the plain names. In Swift these are aliases.
//! (Renaming by `uniffi.toml` misses the results of constructors in UniFFI 0.32.)

mod client;
mod codes;
mod convert;
mod error;
mod message;
mod parts;
mod plan;
mod runtime;
mod scanner;
mod sealer;
mod types;
mod words;

uniffi::setup_scaffolding!("mailseal");
