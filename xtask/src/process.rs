//! Running cargo and what it built, and counting the tests that it reports.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the workspace.
pub(crate) fn root() -> Result<PathBuf, String> {
    let own = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent()
        .filter(|root| root.join("Cargo.toml").is_file())
        .map(Path::to_owned)
        .ok_or_else(|| "run it as `cargo xtask` inside the workspace".to_owned())
}

/// Where cargo puts what it builds in the dev profile: beside this program.
pub(crate) fn dev_folder() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|e| format!("cannot find itself: {e}"))?;
    own.parent()
        .map(Path::to_owned)
        .ok_or_else(|| "cannot find the target folder".to_owned())
}

/// A command of `cargo`, to be run at the root.
pub(crate) fn cargo<I, S>(arguments: I) -> Result<Command, String>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = program(&std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))?;
    command.args(arguments);
    Ok(command)
}

/// A command to be run at the root.
pub(crate) fn program(path: &OsStr) -> Result<Command, String> {
    let mut command = Command::new(path);
    command.current_dir(root()?);
    // `cargo run` tells this program about its own package. Handed on, those
    // variables would make cargo think that build scripts are out of date.
    for (name, _) in std::env::vars_os() {
        let inherited = name
            .to_str()
            .is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_"));
        if inherited {
            command.env_remove(&name);
        }
    }
    Ok(command)
}

/// The tests that a run reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// Which ones failed, as the line names them that says so.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    /// Adds what another run reported.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.failures.extend(other.failures);
    }
}

/// An output that is being read, line by line.
#[derive(Debug, Default)]
struct Reading {
    tally: Tally,
    /// Names that count if nothing but counts stands behind them: what a test
    /// logs may begin as such a line does.
    named: Vec<String>,
}

impl Reading {
    /// Adds what a line `test result: ok. 3 passed; 0 failed; 1 ignored; …` says,
    /// or the last one of pytest and of the page's tests, `3 passed, 1 skipped in
    /// 2.50s`; and the name of a test that a line says has failed: `test NAME ...
    /// FAILED`, or, right before that last one, `FAILED NAME`, or `ERROR NAME`
    /// where it could not begin.
    fn read(&mut self, line: &str) {
        let failure =
            (line.strip_prefix("test ")).and_then(|rest| rest.strip_suffix(" ... FAILED"));
        self.tally.failures.extend(failure.map(str::to_owned));
        let named = (line.strip_prefix("FAILED ")).or_else(|| line.strip_prefix("ERROR "));
        if let Some(name) = named {
            self.named.push(name.to_owned());
            return;
        }
        let libtest = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "));
        let pytest = line.rsplit_once(" in ").filter(|(counts, time)| {
            time.ends_with(['s', ')']) && counts.starts_with(|c: char| c.is_ascii_digit())
        });
        let (counts, between) = match (libtest, pytest) {
            (Some((_, counts)), _) => (counts, "; "),
            (None, Some((counts, _))) => {
                self.tally.failures.append(&mut self.named);
                (counts, ", ")
            }
            (None, None) => {
                // pytest says between them why it went no further.
                if !line.starts_with('!') {
                    self.named.clear();
                }
                return;
            }
        };
        for part in counts.split(between) {
            let Some((number, word)) = part.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match word {
                "passed" => self.tally.passed += number,
                "failed" | "error" | "errors" => self.tally.failed += number,
                "ignored" | "skipped" => self.tally.ignored += number,
                _ => {}
            }
        }
    }
}

/// Runs `command`, lets its output through, and says whether it succeeded.
pub(crate) fn run(command: &mut Command) -> Result<bool, String> {
    command
        .status()
        .map(|status| status.success())
        .map_err(|error| unstartable(command, &error))
}

/// As [`run`], and counts the tests that its output reports.
pub(crate) fn run_counted(command: &mut Command) -> Result<(bool, Tally), String> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| unstartable(command, &error))?;
    let mut reading = Reading::default();
    if let Some(output) = child.stdout.take() {
        // Lines are cut as bytes: a test may print what is not UTF-8.
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|error| format!("lost the output of a step: {error}"))?;
            let line = String::from_utf8_lossy(&line);
            reading.read(&line);
            println!("{line}");
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("lost a step: {error}"))?;
    Ok((status.success(), reading.tally))
}

/// Whether a command succeeded, and what it printed.
pub(crate) type Told = (bool, String);

/// As [`run`], and keeps what is printed, the errors last, so that it does not
/// stand between the lines of what runs meanwhile.
pub(crate) fn run_aside(command: &mut Command) -> Result<Told, String> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| unstartable(command, &error))?;
    let text = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok((done.status.success(), text.concat()))
}

fn unstartable(command: &Command, error: &std::io::Error) -> String {
    format!(
        "cannot start `{}`: {error}",
        command.get_program().to_string_lossy()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_libtest_reports() {
        let mut reading = Reading::default();
        reading.read("running 4 tests");
        reading.read("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        reading.read("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; finished");
        reading.read("note: test result: ok. 9 passed; 9 failed");
        reading.read("9 passed by a hair");
        assert_eq!(
            reading.tally,
            Tally {
                passed: 4,
                failed: 2,
                ignored: 1,
                failures: Vec::new(),
            }
        );
    }

    #[test]
    fn counts_what_pytest_reports() {
        let mut reading = Reading::default();
        reading.read("..................F.s [100%]");
        reading.read("1 failed, 20 passed, 2 skipped, 1 warning in 61.20s (0:01:01)");
        assert_eq!(
            reading.tally,
            Tally {
                passed: 20,
                failed: 1,
                ignored: 2,
                failures: Vec::new(),
            }
        );
    }

    #[test]
    fn names_what_failed() {
        let mut reading = Reading::default();
        for line in [
            "test dlp::names ... ok",
            "test dlp::dates ... FAILED",
            "FAILED tests/test_pack.py::test_it - assert 1 == 2",
            "ERROR tests/test_key.py::test_key - no such file",
            "1 failed, 1 error in 0.02s",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored",
        ] {
            reading.read(line);
        }
        let mut sum = Tally::default();
        sum.add(reading.tally);
        assert_eq!(
            sum.failures,
            [
                "dlp::dates",
                "tests/test_pack.py::test_it - assert 1 == 2",
                "tests/test_key.py::test_key - no such file"
            ]
        );
        assert_eq!((sum.passed, sum.failed), (1, 3));
    }

    #[test]
    fn what_a_test_logs_is_no_test_that_failed() {
        let mut reading = Reading::default();
        for line in [
            "------------------------------ Captured log call ------------------------------",
            "ERROR    mailseal:log.py:7 the relay hung up",
            "FAILED to connect",
            "=========================== short test summary info ===========================",
            "FAILED tests/test_pack.py::test_it - assert 1 == 2",
            "!!!!!!!!!!!!!!!!!!!!!!!!! stopping after 1 failures !!!!!!!!!!!!!!!!!!!!!!!!!!",
            "1 failed in 0.02s",
            "ERROR after the end",
        ] {
            reading.read(line);
        }
        assert_eq!(
            reading.tally.failures,
            ["tests/test_pack.py::test_it - assert 1 == 2"]
        );
    }

    #[test]
    fn what_runs_aside_tells_all_that_it_printed() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo wrong >&2; exit 3"]);
        let told = run_aside(&mut command).unwrap();
        assert_eq!(told, (false, "out\nwrong\n".to_owned()));
        assert!(run_aside(&mut Command::new("true")).unwrap().0);
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_with_its_name() {
        let mut command = Command::new("mailseal-no-such-program");
        let message = run(&mut command).unwrap_err();
        assert!(message.contains("mailseal-no-such-program"), "{message}");
    }
}
