//! The commands themselves.

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
