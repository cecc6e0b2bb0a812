//! The chores of the workspace: `cargo xtask test` and its siblings.
//!
//! It depends on nothing but the standard library, so that it is built in a
//! second before the workspace itself is. Every step hands cargo the same
//! package selection and the same features (`--workspace --all-features`):
//! another selection would make cargo build the dependencies a second time.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod browser;
mod cli;
mod commands;
mod fuzz;
mod mobile;
mod peers;
mod process;
mod python;
mod report;
mod steps;

use std::process::ExitCode;

use cli::Command;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = match cli::parse(&arguments) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("xtask: {message}\n\n{}", cli::HELP);
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => {
            println!("{}", cli::HELP);
            Ok(true)
        }
        Command::Test(choice) => commands::test(&choice),
        Command::Interop => commands::interop(),
        Command::Kotlin => mobile::jar(),
        Command::Swift => mobile::write_swift(),
        Command::Wheel => python::wheel(),
        Command::Bench(filter) => commands::bench(filter.as_deref()),
        Command::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
