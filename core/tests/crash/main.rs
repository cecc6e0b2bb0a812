//! What a process leaves behind that is killed at any point.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout)]

mod kill;

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use kill::{Victim, announce, folder};

/// The harness itself: what was announced was on disk before.
#[test]
fn a_killed_process_has_written_what_it_announced() {
    for point in 0..5 {
        let place = tempfile::tempdir().unwrap();
        let lines = Victim::new("appender", place.path())
            .kill_after(point * 7, Duration::from_micros(u64::from(point) * 150));
        let file = fs::read_to_string(place.path().join("numbers")).unwrap_or_default();
        let written: Vec<&str> = file.lines().collect();
        assert!(lines.len() >= point as usize * 7, "killed too early");
        assert!(lines.len() < APPENDED, "it was not killed");
        assert!(written.starts_with(&lines.iter().map(String::as_str).collect::<Vec<_>>()));
    }
}

/// More than it gets to write before it is killed.
const APPENDED: usize = 100_000;

/// Not a test by itself: the process that is killed.
#[test]
fn appender() {
    let Some(folder) = folder() else { return };
    let mut file = fs::File::create(folder.join("numbers")).unwrap();
    for number in 0..APPENDED {
        writeln!(file, "{number}").unwrap();
        file.sync_data().unwrap();
        announce(&number.to_string());
    }
}
