//! The native part of `mailseal` for Python: conversion, and nothing else.
//!
//! What is decided is decided in the crate `mailseal`. Here Python's values
//! become the crate's and back ([`convert`], [`message`], [`parts`], [`plan`],
//! [`findings`]), errors become exceptions ([`error`]), futures are waited for
//! without the GIL ([`runtime`]), and events go to `logging` ([`log`]).

mod client;
mod codes;
mod convert;
mod error;
mod findings;
mod log;
mod message;
mod parts;
mod plan;
mod runtime;
mod scanner;
mod sealer;

use pyo3::prelude::*;

/// The native part of the package `mailseal`.
#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use client::{Client, verify_export};
    #[pymodule_export]
    use convert::{Phi, Secret, words};
    #[pymodule_export]
    use findings::Findings;
    #[pymodule_export]
    use message::Message;
    #[pymodule_export]
    use parts::{Discovery, Keys, Network, Policy, Smtp};
    #[pymodule_export]
    use plan::Plan;
    #[pymodule_export]
    use runtime::Task;
    #[pymodule_export]
    use scanner::Scanner;
    #[pymodule_export]
    use sealer::Sealer;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        super::log::install();
        Ok(())
    }
}
