//! Looks into the audit log: shows it, asks it, checks it, exports it.

use std::process::ExitCode;

use mailseal_examples::print::Paint;
use mailseal_examples::{Streams, audit};

#[tokio::main]
async fn main() -> ExitCode {
    let streams = Streams {
        input: &mut std::io::stdin(),
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
        paint: Paint::stdout(),
    };
    ExitCode::from(audit::program(std::env::args_os(), streams).await)
}
