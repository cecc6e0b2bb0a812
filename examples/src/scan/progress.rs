//! A line on the terminal while it takes long, and how long it took.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::print::{count, number};

/// Work that is done sooner needs no bar; more bytes than that take longer, maybe
/// all in one file, so that a bar is drawn before anything is done.
const QUIET: Duration = Duration::from_millis(400);
const MANY: u64 = 4_000_000;
const EVERY: Duration = Duration::from_millis(100);
const WIDTH: u64 = 24;

/// Where the work is.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    started: Instant,
    drawn: Option<Instant>,
    files: (usize, usize),
    bytes: (u64, u64),
}

impl Progress {
    /// On standard error, if that is a terminal.
    pub fn stderr() -> Self {
        Self::new(std::io::stderr().is_terminal())
    }

    /// Nowhere.
    pub fn none() -> Self {
        Self::new(false)
    }

    fn new(shown: bool) -> Self {
        Self {
            shown,
            started: Instant::now(),
            drawn: None,
            files: (0, 0),
            bytes: (0, 0),
        }
    }

    /// The work begins: so many files and bytes; 0 files where it is not known.
    pub fn begin(&mut self, err: &mut dyn Write, files: usize, bytes: u64) {
        self.started = Instant::now();
        self.files.1 = files;
        self.bytes.1 = bytes;
        if bytes > MANY {
            self.draw(err);
        }
    }

    /// Something is done.
    pub fn step(&mut self, err: &mut dyn Write, files: usize, bytes: u64) {
        self.files.0 += files;
        self.bytes.0 += bytes;
        let due = self.drawn.is_none_or(|at| at.elapsed() >= EVERY);
        if due && self.started.elapsed() >= QUIET {
            self.draw(err);
        }
    }

    fn draw(&mut self, err: &mut dyn Write) {
        if self.shown {
            self.drawn = Some(Instant::now());
            // Where nothing can be written there is nobody to tell.
            let _ = write!(err, "\r\x1b[K{}", self.line());
            let _ = err.flush();
        }
    }

    /// Makes room for other output.
    pub fn clear(&mut self, err: &mut dyn Write) {
        if self.drawn.take().is_some() {
            let _ = write!(err, "\r\x1b[K");
            let _ = err.flush();
        }
    }

    fn line(&self) -> String {
        let speed = rate(self.bytes.0, self.started.elapsed()) / 1e6;
        if self.bytes.1 == 0 {
            return format!("{}  {speed:.1} MB/s", count(self.files.0, "mail"));
        }
        let full = (self.bytes.0.saturating_mul(WIDTH) / self.bytes.1).min(WIDTH);
        let bar: String = (0..WIDTH)
            .map(|n| if n < full { '█' } else { '░' })
            .collect();
        match self.files.1 {
            0 => format!("{bar}  {}  {speed:.1} MB/s", count(self.files.0, "mail")),
            all => format!(
                "{bar}  {} of {}  {speed:.1} MB/s",
                number(self.files.0 as u64),
                count(all, "file")
            ),
        }
    }

    /// How long it took; `scanning` is the time in the scanner, of all threads.
    pub fn took(&self, what: &str, scanning: Duration) -> String {
        let all = self.started.elapsed();
        let (items, bytes) = (self.files.0, self.bytes.0);
        let line = |time: Duration| {
            format!(
                "{:>9.3} s  {:>10.1} {what}s/s  {:>8.2} MB/s",
                time.as_secs_f64(),
                rate(items as u64, time),
                rate(bytes, time) / 1e6
            )
        };
        format!(
            "{}, {} bytes\n  scanner {}\n  in all  {}\n",
            count(items, what),
            number(bytes),
            line(scanning),
            line(all)
        )
    }
}

#[allow(clippy::cast_precision_loss)]
fn rate(n: u64, time: Duration) -> f64 {
    n as f64 / time.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_drawn_where_somebody_looks_and_goes_away() {
        for (shown, drawn) in [(true, true), (false, false)] {
            let mut progress = Progress::new(shown);
            let mut err = Vec::new();
            progress.begin(&mut err, 4, 4_000);
            progress.step(&mut err, 1, 1_000);
            assert!(err.is_empty(), "too early");
            progress.started = progress
                .started
                .checked_sub(QUIET)
                .unwrap_or(progress.started);
            progress.step(&mut err, 1, 1_000);
            progress.step(&mut err, 1, 1_000);
            progress.clear(&mut err);
            let text = String::from_utf8_lossy(&err);
            let bar = format!("\r\x1b[K{}{}  2 of 4 files", "█".repeat(12), "░".repeat(12));
            assert_eq!(text.starts_with(&bar), drawn, "{text:?}");
            assert_eq!(text.matches('█').count(), if drawn { 12 } else { 0 });
            assert_eq!(text.ends_with("\r\x1b[K"), drawn);
        }
    }

    #[test]
    fn a_large_file_shows_a_bar_before_it_is_done() {
        for (shown, drawn) in [(true, true), (false, false)] {
            let mut progress = Progress::new(shown);
            let mut err = Vec::new();
            progress.begin(&mut err, 1, 200_000_000);
            let text = String::from_utf8_lossy(&err);
            assert_eq!(text.contains("  0 of 1 file "), drawn, "{text:?}");
        }
    }
}
