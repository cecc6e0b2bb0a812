//! The native part of `mailseal` for Kotlin and Swift: conversion, and nothing
//! else.
//!
//! What is decided is decided in the crate `mailseal`. Here its values become
//! values that UniFFI can carry and back ([`words`], [`types`], [`message`],
//! [`parts`], [`plan`]), errors become exceptions ([`error`]), and calls run on
//! a runtime of the client's own ([`runtime`]).

mod client;
mod codes;
mod convert;
mod error;
mod message;
mod parts;
mod plan;
mod runtime;
mod scanner;
mod types;
mod words;

uniffi::setup_scaffolding!("mailseal");
