//! Fuzzing: one target or all of them, each for a while, and a table at the end.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers;
use crate::process;

/// Seconds after which one input counts as a hang.
const HANG: &str = "-timeout=10";

/// The targets with their seeds (`seeds/<target>`). Beside these may lie inputs
/// that libFuzzer found worth keeping (`corpus`) and those that fail
/// (`artifacts`).
const FOLDER: &str = "fuzz";

/// A folder of its own: the variable that lets the stable compiler take the
/// sanitizer's flags makes build scripts run again, and with them all else.
const BUILT: &str = "fuzz/target";

/// cargo-fuzz on one target or on all, one after the other. True where none
/// had a fault.
pub(crate) fn run(target: Option<&str>, seconds: u64) -> Result<bool, String> {
    if peers::find("cargo-fuzz").is_none() {
        return Err("cargo-fuzz is not installed: cargo install cargo-fuzz --locked".to_owned());
    }
    let folder = process::root()?.join(FOLDER);
    let known = targets(&folder)?;
    if let Some(name) = target.filter(|name| !known.iter().any(|k| k == name)) {
        let known = known.join(", ");
        return Err(format!(
            "there is no fuzz target `{name}`; they are {known}"
        ));
    }
    // At first, so that what is built takes nothing from a target's seconds.
    println!("==> cargo fuzz build");
    let mut build = cargo_fuzz("build")?;
    build.args(target);
    if !process::run(&mut build)? {
        return Err("the fuzz targets do not build".to_owned());
    }
    let chosen = known
        .iter()
        .filter(|name| target.is_none_or(|one| one == *name));
    let mut rows = Vec::new();
    for name in chosen {
        println!("==> fuzz {name} for {seconds} s");
        rows.push(one(&folder, name, seconds)?);
    }
    println!("\n{}", table(&rows));
    Ok(rows.iter().all(|row| row.faults == 0))
}

fn one(folder: &Path, name: &str, seconds: u64) -> Result<Row, String> {
    let corpus = folder.join("corpus").join(name);
    std::fs::create_dir_all(&corpus)
        .map_err(|error| format!("cannot make the corpus folder of {name}: {error}"))?;
    let artifacts = folder.join("artifacts").join(name);
    let before = faulty(&artifacts);
    let mut command = cargo_fuzz("run")?;
    command
        .arg(name)
        .arg(&corpus)
        .arg(folder.join("seeds").join(name))
        .args(["--", HANG, "-print_final_stats=1"])
        .arg(format!("-max_total_time={seconds}"));
    let started = Instant::now();
    let (good, stats) = watched(&mut command)?;
    let took = started.elapsed();
    let new = faulty(&artifacts).difference(&before).count();
    Ok(Row {
        name: name.to_owned(),
        took,
        stats,
        // One that fails with an input that failed before, or without any,
        // failed all the same.
        faults: new.max(usize::from(!good)),
    })
}

fn cargo_fuzz(what: &str) -> Result<Command, String> {
    let mut command = process::cargo(["fuzz", what, "--fuzz-dir", FOLDER, "--target-dir", BUILT])?;
    command.env("RUSTC_BOOTSTRAP", "1");
    Ok(command)
}

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

/// The names of the inputs that a target failed with.
fn faulty(artifacts: &Path) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(artifacts) else {
        return BTreeSet::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_fault(name))
        .collect()
}

/// Whether libFuzzer keeps an input of this name for a crash, a hang or too
/// much memory, and not for being slow.
fn is_fault(name: &str) -> bool {
    !name.starts_with("slow-unit-")
}

/// What libFuzzer says at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Stats {
    runs: u64,
    /// MiB, the sanitizer's share included.
    peak: u64,
}

impl Stats {
    fn read(&mut self, line: &str) {
        let number = |rest: &str| rest.trim().parse().unwrap_or_default();
        if let Some(rest) = line.strip_prefix("stat::number_of_executed_units:") {
            self.runs = number(rest);
        } else if let Some(rest) = line.strip_prefix("stat::peak_rss_mb:") {
            self.peak = number(rest);
        }
    }
}

/// Runs `command`, lets its errors through and reads libFuzzer's stats in them.
fn watched(command: &mut Command) -> Result<(bool, Stats), String> {
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start cargo fuzz: {error}"))?;
    let mut stats = Stats::default();
    if let Some(output) = child.stderr.take() {
        let mut shown = std::io::stderr().lock();
        // Lines are cut as bytes: an input that fails is printed as it is.
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|error| format!("lost the output of a target: {error}"))?;
            stats.read(&String::from_utf8_lossy(&line));
            let _ = shown.write_all(&line).and_then(|()| shown.write_all(b"\n"));
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("lost a target: {error}"))?;
    Ok((status.success(), stats))
}

/// What came of a target.
#[derive(Debug)]
struct Row {
    name: String,
    took: Duration,
    stats: Stats,
    faults: usize,
}

/// The table as text. Its last line counts the targets.
fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<18}{:>12}{:>8}{:>10}{:>9}{:>8}\n",
        "target", "runs", "a s", "peak MiB", "seconds", "faults"
    );
    for row in rows {
        let Stats { runs, peak } = row.stats;
        let seconds = row.took.as_secs();
        let remark = match row.faults {
            0 => String::new(),
            _ => format!("  see fuzz/artifacts/{}", row.name),
        };
        text.push_str(&format!(
            "{:<18}{runs:>12}{:>8}{peak:>10}{seconds:>9}{:>8}{remark}\n",
            row.name,
            runs / seconds.max(1),
            row.faults
        ));
    }
    let runs: u64 = rows.iter().map(|row| row.stats.runs).sum();
    let peak = rows.iter().map(|row| row.stats.peak).max().unwrap_or(0);
    let faults: usize = rows.iter().map(|row| row.faults).sum();
    let seconds: u64 = rows.iter().map(|row| row.took.as_secs()).sum();
    text.push_str(&format!(
        "{:<18}{runs:>12}{:>8}{peak:>10}{seconds:>9}{faults:>8}\n",
        "all",
        runs / seconds.max(1)
    ));
    let failed = rows.iter().filter(|row| row.faults > 0).count();
    text.push_str(&format!("{} passed, {failed} failed", rows.len() - failed));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libfuzzer_says_at_its_end() {
        let mut stats = Stats::default();
        for line in [
            "#8192\tpulse  cov: 412 ft: 901 corp: 77/3210b exec/s: 4096 rss: 61Mb",
            "stat::number_of_executed_units: 123456",
            "stat::average_exec_per_sec:     4115",
            "stat::peak_rss_mb:              98",
        ] {
            stats.read(line);
        }
        let expected = Stats {
            runs: 123_456,
            peak: 98,
        };
        assert_eq!(stats, expected);
    }

    #[test]
    fn the_table_names_what_failed_and_counts() {
        let row = |name: &str, faults| Row {
            name: name.to_owned(),
            took: Duration::from_secs(30),
            stats: Stats {
                runs: 3_000,
                peak: 90 + faults as u64,
            },
            faults,
        };
        let text = table(&[row("csv", 0), row("pdf", 2)]);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[1], ["csv", "3000", "100", "90", "30", "0"]);
        assert_eq!(
            lines[2],
            [
                "pdf",
                "3000",
                "100",
                "92",
                "30",
                "2",
                "see",
                "fuzz/artifacts/pdf"
            ]
        );
        assert_eq!(lines[3], ["all", "6000", "100", "92", "60", "2"]);
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed"));
    }

    #[test]
    fn slow_inputs_are_no_faults() {
        assert!(is_fault("crash-0a4d55a8d778e5022fab701977c5d840bbc486d0"));
        assert!(is_fault("timeout-0a4d55a8d778e5022fab701977c5d840bbc486d0"));
        assert!(!is_fault(
            "slow-unit-0a4d55a8d778e5022fab701977c5d840bbc486d0"
        ));
    }

    #[test]
    fn every_target_has_seeds_and_a_program() {
        let folder = process::root().unwrap().join(FOLDER);
        let names = targets(&folder).unwrap();
        assert!(names.len() > 20);
        for name in names {
            assert!(folder.join(format!("bins/{name}.rs")).is_file(), "{name}");
        }
    }
}
