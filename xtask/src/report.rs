//! The table at the end: what each step came to, how long it took, and the names of
//! tests that failed where its output tells them (Maven's are counted alone): the end
//! of an output is what a reader always has.

use std::time::Duration;

use crate::process::Tally;

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed(String),
    Skipped(String),
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) step: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
    pub(crate) tally: Option<Tally>,
}

/// The table and its closing line.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

impl Report {
    pub(crate) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Whether no step failed.
    pub(crate) fn is_good(&self) -> bool {
        !self
            .lines
            .iter()
            .any(|line| matches!(line.verdict, Verdict::Failed(_)))
    }

    /// The table as text. Its last line counts the steps.
    pub(crate) fn text(&self) -> String {
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        let mut text = String::new();
        for line in &self.lines {
            let (word, remark) = match &line.verdict {
                Verdict::Passed => {
                    passed += 1;
                    ("passed", "")
                }
                Verdict::Failed(why) => {
                    failed += 1;
                    ("FAILED", why.as_str())
                }
                Verdict::Skipped(why) => {
                    skipped += 1;
                    ("skipped", why.as_str())
                }
            };
            let tests = line.tally.as_ref().map_or_else(String::new, |t| {
                format!(
                    "  tests: {} passed, {} failed, {} ignored",
                    t.passed, t.failed, t.ignored
                )
            });
            let row = format!(
                "{:<9}{word:<9}{:>7.1} s{tests}  {remark}",
                line.step,
                line.took.as_secs_f64()
            );
            text.push_str(row.trim_end());
            text.push('\n');
            for name in line.tally.iter().flat_map(|tally| &tally.failures) {
                text.push_str(&format!("         {name}\n"));
            }
        }
        text.push_str(&format!(
            "{passed} passed, {failed} failed, {skipped} skipped"
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: &'static str, verdict: Verdict) -> Line {
        Line {
            step,
            verdict,
            took: Duration::from_millis(1500),
            tally: None,
        }
    }

    #[test]
    fn the_last_line_counts_the_steps() {
        let mut report = Report::default();
        report.add(line("fmt", Verdict::Passed));
        report.add(line("interop", Verdict::Skipped("no postfix".to_owned())));
        assert!(report.is_good());
        report.add(line("test", Verdict::Failed("see above".to_owned())));
        assert!(!report.is_good());
        let text = report.text();
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed, 1 skipped"));
        assert!(
            text.contains("interop  skipped      1.5 s  no postfix"),
            "{text}"
        );
    }

    #[test]
    fn tests_that_failed_stand_below_their_step() {
        let mut report = Report::default();
        let mut failed = line("browser", Verdict::Failed("see above".to_owned()));
        failed.tally = Some(Tally {
            failed: 1,
            failures: vec!["t02 a scanner that clicks".to_owned()],
            ..Tally::default()
        });
        report.add(failed);
        let text = report.text();
        assert!(
            text.contains("see above\n         t02 a scanner that clicks\n"),
            "{text}"
        );
    }
}
