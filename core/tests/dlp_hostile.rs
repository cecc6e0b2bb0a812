//! Inputs that are made to hurt a scanner: each scan ends, finds what there is
//! or says that it could not read it, and never panics, in 256 MiB of memory.
//!
//! Each case runs in a process of its own (this test binary, started again), so
//! that its memory is its own, a stack that overflows ends one case, and a case
//! that hangs is ended.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

#[path = "dlp_hostile/archive.rs"]
mod archive;
#[path = "dlp_hostile/cases.rs"]
mod cases;
#[path = "dlp_hostile/samples.rs"]
mod samples;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cases::{CASES, Case, Then};
use mailseal::dlp::{Finding, PhiScanner, Scanner};

const NAME: &str = "MAILSEAL_HOSTILE_CASE";
/// Bytes that a scan may take at its most, the message and the program
/// included.
const MEMORY: u64 = 256 << 20;
/// Far above what any case takes, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does nothing unless it is the process that the other tests start.
#[test]
fn child_process() {
    let Some(name) = std::env::var_os(NAME) else {
        return;
    };
    let case = CASES.iter().find(|c| c.name == name).unwrap();
    run(case);
    println!("{}: ended, {}", case.name, peak().unwrap_or_default());
}

fn run(case: &Case) {
    let message = match (case.message(), case.then) {
        (Err(_), Then::Refused) => return,
        (Err(error), _) => panic!("refused: {}", error.code()),
        (Ok(_), Then::Refused) => panic!("not refused"),
        (Ok(message), _) => message,
    };
    let findings = PhiScanner::new().scan(&message);
    let codes: Vec<&str> = findings.unscannable.iter().map(|u| u.why).collect();
    let found = findings.items.iter().any(|f| digits(f) == "281159804");
    match case.then {
        Then::Unscannable(expected) => assert!(
            codes.iter().any(|code| expected.contains(code)),
            "reported {codes:?}"
        ),
        Then::Found => assert!(found || !codes.is_empty(), "neither found nor reported"),
        Then::Refused | Then::Ends => {}
    }
}

/// The digits of what was found. A field of a format may give the number
/// another kind than it would have in a text.
fn digits(finding: &Finding) -> String {
    let value = finding.expose().expose();
    value.chars().filter(char::is_ascii_digit).collect()
}

/// proc(5), `status`: VmHWM, the peak of the resident set, in kB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let number: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

#[test]
fn every_case_ends_in_bounded_memory() {
    let queue = std::sync::Mutex::new(CASES.iter());
    let faults = std::sync::Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(8) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(case) = next else { break };
                    if let Err(fault) = watch(case) {
                        faults
                            .lock()
                            .unwrap()
                            .push(format!("{}: {fault}", case.name));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn watch(case: &Case) -> Result<(), String> {
    let started = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_process", "--exact", "--nocapture"])
        .env(NAME, case.name)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Either says little: neither pipe can fill.
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("not at its end after {PATIENCE:?}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let mark = format!("{}: ended, ", case.name);
    let bytes = told
        .lines()
        .find_map(|line| line.split_once(&mark)?.1.parse::<u64>().ok());
    let Some(bytes) = bytes.filter(|_| status.success()) else {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{status}: {}", why.trim()));
    };
    println!(
        "{:<40}{:>8.2} s{:>8} MiB",
        case.name,
        started.elapsed().as_secs_f64(),
        bytes >> 20
    );
    match bytes <= MEMORY {
        true => Ok(()),
        false => Err(format!("{} MiB of memory", bytes >> 20)),
    }
}
