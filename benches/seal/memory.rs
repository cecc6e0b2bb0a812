//! How much memory a message of 100 MB takes, in a process of its own.

use std::io::Write;
use std::process::Command;
use std::time::Instant;

use super::house::{self, FORMS, House};

const OCTETS: usize = 100_000_000;
/// The message itself included.
const TIMES: f64 = 2.0;

/// Counts what is written and keeps nothing.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Seals one message and says what that took: the most memory in kB before
/// and after, and the seconds.
pub(crate) fn child(form: &str) -> Result<(), String> {
    let house = House::new(form)?;
    let message = house::message(OCTETS);
    let before = high_water()?;
    let (started, mut out) = (Instant::now(), Count(0));
    house
        .seal_to(&message, &mut out)
        .map_err(|error| error.to_string())?;
    let seconds = started.elapsed().as_secs_f64();
    println!("{before} {} {seconds} {}", high_water()?, out.0);
    Ok(())
}

/// proc(5), `status`: VmHWM, the peak of the resident set, in kB.
fn high_water() -> Result<u64, String> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|e| e.to_string())?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| "no VmHWM in /proc/self/status".to_owned())
}

pub(crate) fn print() -> Result<(), String> {
    println!();
    println!(
        "{:<34}{:>11}{:>10}{:>14}{:>14}{:>8}  goal",
        format!("{OCTETS} octets, seal_to"),
        "seconds",
        "MB/s",
        "MB before",
        "MB at most",
        "times"
    );
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    for (name, _) in FORMS {
        let out = Command::new(&program)
            .arg(format!("child={name}"))
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&out.stdout);
        let numbers: Vec<f64> = text
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [before, peak, seconds, _] = numbers.as_slice() else {
            let why = String::from_utf8_lossy(&out.stderr);
            return Err(format!("{name}: no measurement: {why}"));
        };
        let octets = f64::from(u32::try_from(OCTETS).unwrap_or(u32::MAX));
        let times = peak * 1024.0 / octets;
        let met = if times <= TIMES { "met" } else { "MISSED" };
        println!(
            "{name:<34}{seconds:>11.2}{:>10.1}{:>14.1}{:>14.1}{times:>8.2}  {met}",
            octets / seconds / 1e6,
            before * 1024.0 / 1e6,
            peak * 1024.0 / 1e6,
        );
    }
    Ok(())
}
