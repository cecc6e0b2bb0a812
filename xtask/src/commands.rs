//! The commands themselves.

use std::time::{Duration, Instant};

use crate::cli::Choice;
use crate::peers;
use crate::process;
use crate::report::{Line, Report, Verdict};
use crate::steps::{self, Outcome};

/// Runs the chosen steps, all of them even where one fails.
pub(crate) fn test(choice: &Choice) -> Result<bool, String> {
    let mut report = Report::default();
    let mut beside = Vec::new();
    for step in steps::chosen(choice)? {
        println!("==> {}", step.name);
        let started = Instant::now();
        let outcome = step.run();
        if outcome.verdict == Verdict::Passed
            && let Some(rest) = step.start_beside()
        {
            println!("==> {} goes on beside the next steps", step.name);
            beside.push((step.name, started, rest));
            continue;
        }
        tell(&mut report, step.name, outcome, started.elapsed());
    }
    for (name, started, rest) in beside {
        let (told, ended) = rest
            .join()
            .unwrap_or_else(|_| (Err("it panicked".to_owned()), Instant::now()));
        println!("==> {name}, which went on beside the other steps");
        let outcome = match told {
            Ok((good, text)) => {
                print!("{text}");
                Outcome::plain(good)
            }
            Err(why) => Outcome::failed(why),
        };
        tell(&mut report, name, outcome, ended - started);
    }
    println!("\n{}", report.text());
    Ok(report.is_good())
}

/// Says what a step came to.
fn tell(report: &mut Report, step: &'static str, outcome: Outcome, took: Duration) {
    match &outcome.verdict {
        Verdict::Passed => {}
        Verdict::Failed(why) => println!("==> {step} FAILED: {why}"),
        Verdict::Skipped(why) => println!("==> {step} skipped: {why}"),
    }
    println!("==> {step}: {:.1} s", took.as_secs_f64());
    report.add(Line {
        step,
        verdict: outcome.verdict,
        took,
        tally: outcome.tally,
    });
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
