//! Messages a second into one and the same local sink, each contender in turn.
//!
//! The sink is `smtp-sink` of the postfix package, which takes everything in
//! clear text and keeps nothing. Postfix relays what `smtp-source` hands it;
//! its time runs from the first message offered to the last one handed on, and
//! it syncs every message to disk, as mailseal does with SQLite.
//!
//! `cargo bench -p mailseal-benches --bench throughput -- [MESSAGES]`, 1,000 by
//! default. As a test (`cargo test`) it does nothing: it needs root and
//! Postfix, and a time is no verdict.
#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod contenders;
mod outbox;
#[path = "../../core/tests/interop/postfix.rs"]
mod postfix;
mod sink;

use std::process::ExitCode;

use contenders::{CONTENDERS, Load};
use sink::Sink;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Cargo passes `--bench` when it benches, and not when it tests.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("throughput: not a test; run it by `cargo xtask bench`");
        return ExitCode::SUCCESS;
    }
    if let Some(why) = postfix::obstacle() {
        println!("throughput: skipped: {why}");
        return ExitCode::SUCCESS;
    }
    let load = Load {
        messages: arguments
            .iter()
            .find_map(|argument| argument.parse().ok())
            .unwrap_or(1_000),
        octets: 4096,
    };
    println!(
        "throughput: {} messages of {} octets",
        load.messages, load.octets
    );
    let mut good = true;
    for (name, contender) in CONTENDERS {
        let result = Sink::start().and_then(|sink| contender(&sink, load));
        match result {
            Ok(took) => {
                let seconds = took.time.as_secs_f64();
                let rate = f64::from(load.messages) / seconds;
                let commits = match took.commits {
                    Some(commits) => format!(", {commits} commits"),
                    None => String::new(),
                };
                println!("{name:<32}{rate:>8.0} messages/s  ({seconds:.2} s{commits})");
            }
            Err(why) => {
                eprintln!("{name}: {why}");
                good = false;
            }
        }
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
