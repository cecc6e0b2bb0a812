//! The commands themselves.

use std::path::Path;
use std::time::Instant;

use crate::cli::Choice;
use crate::peers;
use crate::process;
use crate::report::{Line, Report, Verdict};
use crate::steps;

/// Runs the chosen steps, all of them even where one fails.
pub(crate) fn test(choice: &Choice) -> Result<bool, String> {
    let mut report = Report::default();
    for step in steps::chosen(choice)? {
        println!("==> {}", step.name);
        let started = Instant::now();
        let outcome = step.run();
        let took = started.elapsed();
        match &outcome.verdict {
            Verdict::Passed => {}
            Verdict::Failed(why) => println!("==> {} FAILED: {why}", step.name),
            Verdict::Skipped(why) => println!("==> {} skipped: {why}", step.name),
        }
        println!("==> {}: {:.1} s", step.name, took.as_secs_f64());
        report.add(Line {
            step: step.name,
            verdict: outcome.verdict,
            took,
            tally: outcome.tally,
        });
    }
    println!("\n{}", report.text());
    Ok(report.is_good())
}

/// The tests against real peers, which must be there.
pub(crate) fn interop() -> Result<bool, String> {
    if let Some(why) = peers::hosts_obstacle().or_else(peers::readers_obstacle) {
        return Err(why);
    }
    test(&Choice::Only(vec![
        "interop".to_owned(),
        "sealing".to_owned(),
    ]))
}

/// The benches, in the bench profile.
pub(crate) fn bench(filter: Option<&str>) -> Result<bool, String> {
    let mut command = process::cargo(["bench", "--benches"])?;
    command.args(steps::ALL);
    if let Some(filter) = filter {
        command.args(["--", filter]);
    }
    process::run(&mut command)
}

/// cargo-fuzz on each target, one after the other.
pub(crate) fn fuzz(target: Option<&str>, seconds: u64) -> Result<bool, String> {
    if peers::find("cargo-fuzz").is_none() {
        return Err("cargo-fuzz is not installed: cargo install cargo-fuzz --locked".to_owned());
    }
    let folder = process::root()?.join("fuzz");
    let known = targets(&folder)?;
    let chosen: Vec<&String> = match target {
        None => known.iter().collect(),
        Some(name) => vec![known.iter().find(|k| *k == name).ok_or_else(|| {
            format!(
                "there is no fuzz target `{name}`; they are {}",
                known.join(", ")
            )
        })?],
    };
    let mut report = Report::default();
    for name in chosen {
        println!("==> fuzz {name} for {seconds} s");
        let corpus = folder.join("corpus").join(name);
        std::fs::create_dir_all(&corpus)
            .map_err(|error| format!("cannot make the corpus folder of {name}: {error}"))?;
        let mut command = process::cargo(["fuzz", "run", "--fuzz-dir", "fuzz", name])?;
        command
            .arg(&corpus)
            .arg(folder.join("seeds").join(name))
            .args(["--", &format!("-max_total_time={seconds}"), "-timeout=10"])
            // The sanitizer flags are unstable; this lets the stable compiler
            // take them for this run only.
            .env("RUSTC_BOOTSTRAP", "1");
        let started = Instant::now();
        let verdict = match process::run(&mut command)? {
            true => Verdict::Passed,
            false => Verdict::Failed("see fuzz/artifacts".to_owned()),
        };
        report.add(Line {
            step: FUZZ_LINE,
            verdict: match verdict {
                Verdict::Failed(why) => Verdict::Failed(format!("{name}: {why}")),
                other => other,
            },
            took: started.elapsed(),
            tally: None,
        });
    }
    println!("\n{}", report.text());
    Ok(report.is_good())
}

const FUZZ_LINE: &str = "fuzz";

/// The names of the fuzz targets: one folder of seeds each.
fn targets(fuzz: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error: std::io::Error| format!("cannot read fuzz/seeds: {error}");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(fuzz.join("seeds")).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.path().is_dir()
            && let Some(name) = entry.file_name().to_str()
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
