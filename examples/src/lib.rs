//! What the example programs are made of: the configuration file, output for
//! people, and `send`, `audit`, `scan` and `roster` themselves, so that a test can run them in its
//! own process.

use std::io::{Read, Write};

pub mod audit;
pub mod config;
pub mod print;
pub mod roster;
pub mod scan;
pub mod send;

/// Where a program reads and writes.
pub struct Streams<'a> {
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// The colours of standard output.
    pub paint: print::Paint,
}

/// Prints what clap has to say, which may be the help that was asked for.
fn usage(help: &clap::Error, io: &mut Streams<'_>) -> u8 {
    let text = help.render();
    // Where nothing can be written there is nobody to tell.
    let _ = if help.use_stderr() {
        write!(io.err, "{text}")
    } else {
        write!(io.out, "{text}")
    };
    u8::try_from(help.exit_code()).unwrap_or(2)
}

/// Prints what went wrong; a script that asked for JSON gets it on standard
/// output.
fn complain(program: &str, trouble: &config::Trouble, json: bool, io: &mut Streams<'_>) -> u8 {
    if trouble.code == config::CLOSED {
        return 1;
    }
    let _ = if json {
        let error = serde_json::json!({"code": trouble.code, "message": trouble.message});
        writeln!(io.out, "{}", serde_json::json!({ "error": error }))
    } else {
        writeln!(io.err, "{program}: {trouble}")
    };
    1
}
