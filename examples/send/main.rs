//! Sends a message: plans, explains, delivers, and prints the receipt.

use std::process::ExitCode;

use mailseal_examples::print::Paint;
use mailseal_examples::{Streams, send};

#[tokio::main]
async fn main() -> ExitCode {
    let streams = Streams {
        input: &mut std::io::stdin(),
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
        paint: Paint::stdout(),
    };
    ExitCode::from(send::program(std::env::args_os(), streams).await)
}
