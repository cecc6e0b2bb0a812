//! Builds a roster of patients, looks somebody up in it, says what it holds.

use std::process::ExitCode;

use mailseal_examples::print::Paint;
use mailseal_examples::{Streams, roster};

fn main() -> ExitCode {
    let streams = Streams {
        input: &mut std::io::stdin(),
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
        paint: Paint::stdout(),
    };
    ExitCode::from(roster::program(std::env::args_os(), streams))
}
