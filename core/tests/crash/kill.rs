//! Runs a part of this test binary as a process of its own and kills it with
//! SIGKILL.
//!
//! The part is a test function that returns at once where [`folder`] is `None`
//! and otherwise works in that folder and says by [`announce`] what it has
//! done. The parent kills it after a given number of announcements and a
//! given while, and gets all announcements that were made.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FOLDER: &str = "MAILSEAL_CRASH_FOLDER";
const MARK: &str = "announced: ";

/// Where the victim works; `None` where this process is no victim.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Tells the parent.
pub(crate) fn announce(what: &str) {
    println!("{MARK}{what}");
}

/// A process to be killed.
#[derive(Debug)]
pub(crate) struct Victim {
    command: Command,
}

impl Victim {
    /// Will run the test function `part` (its full path) in `folder`.
    pub(crate) fn new(part: &str, folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("it runs"));
        command
            .args(["--exact", part, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        Self { command }
    }

    /// Kills it `longer` after its `count`th announcement, or lets it end by
    /// itself where it makes fewer. Returns all announcements.
    pub(crate) fn kill_after(mut self, count: u32, longer: Duration) -> Vec<String> {
        let mut child = self.command.spawn().expect("the test binary starts");
        let output = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.split_once(MARK).map(|(_, what)| what.to_owned()));
        let mut announced: Vec<String> = lines.by_ref().take(count as usize).collect();
        // A sleep is too coarse to hit different points of one commit.
        let reached = Instant::now();
        while reached.elapsed() < longer {
            std::hint::spin_loop();
        }
        // It may have ended by itself.
        drop(child.kill());
        announced.extend(lines);
        child.wait().expect("it was started");
        announced
    }
}
