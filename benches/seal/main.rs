//! Encrypting and signing, beside what one would use instead: a `gpg` process
//! for each message, `openssl cms` processes, the libraries underneath without
//! this one, and the bare primitives that any implementation must run.
//!
//! `cargo bench -p mailseal-benches --bench seal` prints one table from one
//! run. Each contender gets a turn in each round, so that a busy moment of the
//! machine hits all of them; what is shown is the median of the rounds. Then
//! each form seals a message of 100 MB in a process of its own, which says how
//! much memory it took at most.
//!
//! Options after `--`: a word that names contenders must hold, and
//! `profile=NAME:OCTETS`, which seals with one contender for ten seconds and
//! prints nothing, for a profiler. As a test (`cargo test`) it does nothing: a
//! time is no verdict.
#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod house;
mod memory;
mod primitives;
mod processes;
mod sequoia;
mod table;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What encrypts, or does a part of that; a message in, how much came out.
pub(crate) type Work = Box<dyn Fn(&[u8]) -> Result<usize, String>>;

/// Who is timed.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    pub(crate) role: Role,
    pub(crate) work: Work,
}

/// What it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// OpenPGP with the MDC.
    Cfb,
    /// OpenPGP with AES-OCB.
    Ocb,
    /// CMS with AES-CBC.
    Cbc,
    /// CMS with AES-GCM.
    Gcm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// This library.
    Ours,
    /// Somebody else's.
    Rival,
    /// The process that messages a second are compared with.
    Gpg,
    /// The cipher alone, the yardstick of its family.
    Cipher,
    /// The least that any implementation must run over the octets.
    Floor,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(form) = arguments.iter().find_map(|a| a.strip_prefix("child=")) {
        return finish(memory::child(form));
    }
    // Cargo passes `--bench` when it benches, and not when it tests.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("seal: not a test; run it by `cargo bench -p mailseal-benches --bench seal`");
        return ExitCode::SUCCESS;
    }
    if let Some(what) = arguments.iter().find_map(|a| a.strip_prefix("profile=")) {
        return finish(profile(what));
    }
    let word = arguments.iter().find(|a| !a.starts_with('-'));
    finish(run(word.map_or("", String::as_str)))
}

fn finish(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("seal: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(word: &str) -> Result<(), String> {
    let (processes, absent) = processes::Processes::start();
    for why in absent {
        println!("seal: left out: {why}");
    }
    let mut contenders = house::contenders()?;
    contenders.extend(sequoia::contenders()?);
    contenders.extend(primitives::contenders());
    contenders.extend(processes.contenders());
    contenders.retain(|c| c.name.contains(word) || c.role == Role::Gpg);
    for octets in [10_000, 5_000_000] {
        table::print(octets, &timed(&contenders, octets)?);
    }
    memory::print()
}

/// The median rate of each contender.
fn timed<'a>(
    contenders: &'a [Contender],
    octets: usize,
) -> Result<Vec<(&'a Contender, f64)>, String> {
    const ROUNDS: usize = 7;
    const TURN: Duration = Duration::from_millis(400);
    let message = house::message(octets);
    let mut rates = vec![Vec::new(); contenders.len()];
    for round in 0..ROUNDS {
        for (contender, rates) in contenders.iter().zip(&mut rates) {
            let failed = |why| format!("{}: {why}", contender.name);
            if round == 0 {
                (contender.work)(&message).map_err(failed)?;
            }
            let (started, mut done) = (Instant::now(), 0_u32);
            while started.elapsed() < TURN || done < 2 {
                std::hint::black_box((contender.work)(&message).map_err(failed)?);
                done += 1;
            }
            rates.push(f64::from(done) / started.elapsed().as_secs_f64());
        }
    }
    let median = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates.get(ROUNDS / 2).copied().unwrap_or_default()
    };
    Ok(contenders
        .iter()
        .zip(rates.into_iter().map(median))
        .collect())
}

fn profile(what: &str) -> Result<(), String> {
    let (name, octets) = what.split_once(':').ok_or("profile=NAME:OCTETS")?;
    let message = house::message(octets.parse().map_err(|_| "OCTETS is no number")?);
    let mut contenders = house::contenders()?;
    contenders.extend(sequoia::contenders()?);
    contenders.extend(primitives::contenders());
    let contender = contenders
        .iter()
        .find(|c| c.name == name)
        .ok_or("nobody has that name")?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        std::hint::black_box((contender.work)(&message)?);
    }
    Ok(())
}
