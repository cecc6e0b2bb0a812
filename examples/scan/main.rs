//! Scans mails and files for PHI, and shows what was found, where, and why.

use std::process::ExitCode;

use mailseal_examples::print::Paint;
use mailseal_examples::scan::{self, Progress};
use mailseal_examples::{Streams, scan::scanner};

fn main() -> ExitCode {
    let streams = Streams {
        input: &mut std::io::stdin(),
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
        paint: Paint::stdout(),
    };
    let arguments = std::env::args_os();
    ExitCode::from(scan::program(
        arguments,
        &scanner,
        streams,
        Progress::stderr(),
    ))
}
