//! Makes the files of the scanner in `core/src/dlp/`: `lexicon.bin`,
//! `tagger/model.bin`, `roles/roles.bin`, `risk/prior.bin`, `risk/risk.bin` and
//! `risk/sentence.bin`.
//!
//! ```text
//! cargo run --release -p mailseal-training -- lexicon   # lists → lexicon.bin
//! cargo run --release -p mailseal-training -- models    # mails → the others
//! cargo run --release -p mailseal-training -- check     # both again: the same bytes?
//! cargo run --release -p mailseal-training -- cross     # how well it does on mails not seen
//! ```
//!
//! `models` reads the lists that are compiled in: run `lexicon` first, and
//! `models` again after each change of a list, of the features or of a mail.
//! Everything is seeded, and counted in whole numbers or by operations that IEEE 754
//! rounds the same everywhere: the same sources give the same bytes on every machine.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod frame;
mod lists;
mod mails;
mod random;
mod vary;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use mailseal::dlp::training::{self, FOLDS, Made, Mail, fold_of, joined};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn dlp() -> PathBuf {
    root().join("../core/src/dlp")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.first().map(String::as_str) {
        Some("lexicon") => lexicon().and_then(|blob| put(&dlp().join("lexicon.bin"), &blob)),
        Some("models") => models(),
        Some("check") => check(),
        Some("cross") => cross(),
        _ => {
            eprintln!("usage: training lexicon | models | check | cross");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("training: {error}");
            ExitCode::FAILURE
        }
    }
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    println!("{}: {} bytes", path.display(), bytes.len());
    Ok(())
}

fn lexicon() -> io::Result<Vec<u8>> {
    lists::lexicon(&root())
}

/// The mails and their variants.
fn corpus() -> io::Result<Vec<Mail>> {
    let mails = mails::read(&root().join("mails"))?;
    let pools = vary::Pools::read(&root())?;
    Ok(vary::with_variants(&mails, &pools))
}

/// Orders in which the taggers are learnt. Those that label for the verdict's
/// training are learnt in one.
const ORDERS: u32 = 4;

/// Trains all. What a later model learns from is labelled by earlier ones
/// that have not seen the mail, as new mails will be.
fn make(corpus: &[Mail]) -> Made {
    let honest: Vec<&Mail> = corpus.iter().filter(|m| !m.shuffled).collect();
    let fold = |n: u32| move |m: &&Mail| fold_of(m.id) == n;
    let (prior, priors) = training::train_prior(&honest);
    let with_priors = |keep: &dyn Fn(&Mail) -> bool| -> Vec<(Vec<u8>, Vec<&Mail>)> {
        (0..FOLDS)
            .map(|n| {
                let mails = corpus
                    .iter()
                    .filter(|m| fold_of(m.id) == n && keep(m))
                    .collect();
                (priors[n as usize].clone(), mails)
            })
            .collect()
    };
    let (halves, tagger) = std::thread::scope(|scope| {
        let halves: Vec<_> = (0..2)
            .map(|half| {
                let folds = with_priors(&|m| m.id % 2 != half);
                scope.spawn(move || training::train_tagger(&folds, 1, |_| {}))
            })
            .collect();
        println!("all {} mails", corpus.len());
        let print = |line: &str| println!("  {line}");
        let tagger = training::train_tagger(&with_priors(&|_| true), ORDERS, print);
        let halves: Vec<Vec<u8>> = halves.into_iter().map(joined).collect();
        (halves, tagger)
    });
    let folds: Vec<_> = (0..FOLDS)
        .map(|n| {
            let mails = honest.iter().copied().filter(fold(n)).collect();
            let (prior, tagger) = (&priors[n as usize], &halves[n as usize % 2]);
            (prior.clone(), tagger.clone(), mails)
        })
        .collect();
    let roles = training::train_roles(&folds);
    let (verdict, sentence) = training::train_verdict(&folds);
    Made {
        prior,
        tagger,
        roles,
        verdict,
        sentence,
    }
}

fn models() -> io::Result<()> {
    let made = make(&corpus()?);
    put(&dlp().join("risk/prior.bin"), &made.prior)?;
    put(&dlp().join("tagger/model.bin"), &made.tagger)?;
    put(&dlp().join("roles/roles.bin"), &made.roles)?;
    put(&dlp().join("risk/risk.bin"), &made.verdict)?;
    put(&dlp().join("risk/sentence.bin"), &made.sentence)
}

fn check() -> io::Result<()> {
    let same = |path: PathBuf, made: &[u8]| -> io::Result<()> {
        if fs::read(&path)? == made {
            println!("{}: the same", path.display());
            return Ok(());
        }
        Err(io::Error::other(format!("{} is another", path.display())))
    };
    same(dlp().join("lexicon.bin"), &lexicon()?)?;
    let made = make(&corpus()?);
    same(dlp().join("risk/prior.bin"), &made.prior)?;
    same(dlp().join("tagger/model.bin"), &made.tagger)?;
    same(dlp().join("roles/roles.bin"), &made.roles)?;
    same(dlp().join("risk/risk.bin"), &made.verdict)?;
    same(dlp().join("risk/sentence.bin"), &made.sentence)
}

/// Verdicts on each fifth of the mails by what was learnt from the others.
fn cross() -> io::Result<()> {
    let corpus = corpus()?;
    let mut sums = [(0u32, 0u32, 0u32); 7];
    for fold in 0..5 {
        let seen: Vec<Mail> = corpus
            .iter()
            .filter(|m| m.id % 5 != fold)
            .cloned()
            .collect();
        let held: Vec<&Mail> = corpus
            .iter()
            .filter(|m| m.id % 5 == fold && !m.shuffled)
            .collect();
        let got = training::judge(&held, &make(&seen));
        for (sum, one) in sums.iter_mut().zip(got) {
            *sum = (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2);
        }
    }
    let names = [
        "phi",
        "mental_health",
        "substance_use",
        "sti_hiv",
        "reproductive",
        "genetic",
        "abuse",
    ];
    for (name, (right, alarms, misses)) in names.iter().zip(sums) {
        let share = |a: u32, b: u32| 100.0 * f64::from(a) / f64::from((a + b).max(1));
        println!(
            "{name:14} precision {:5.1}  recall {:5.1}  ({right} right, {alarms} false alarms, {misses} missed)",
            share(right, alarms),
            share(right, misses)
        );
    }
    Ok(())
}
