//! The pickup page in Debian's chromium: the types of its scripts, then what it
//! must do, against the example server and, where that holds no such message,
//! against a mock of it.

use std::path::PathBuf;
use std::process::Command;

use crate::peers::{self, Demand};
use crate::process::{self, Tally};
use crate::report::Verdict;
use crate::steps::{ALL, Outcome, judged};

/// Words of the names of those tests that only the mock has links for.
const MOCK_ONLY: [&str; 4] = [
    "t18 the rows",
    "t19 exactly",
    "t19 a file that is shorter",
    "t22 file names",
];

/// Types, behaviour against the mock, behaviour against the real server.
pub(crate) fn test() -> Result<Outcome, String> {
    if let Some(verdict) = refusal()? {
        return Ok(Outcome {
            verdict,
            tally: None,
        });
    }
    let mut build = process::cargo(["build", "--lib", "--examples"])?;
    build.args(ALL);
    let steps = [
        build,
        npm(&["ci", "--no-audit", "--no-fund"])?,
        npm(&["run", "types"])?,
    ];
    for mut command in steps {
        if !process::run(&mut command)? {
            return Ok(Outcome::plain(false));
        }
    }
    let server = process::dev_folder()?.join("examples").join("portal");
    let mut real = node("run.mjs")?;
    real.arg("--server").arg(server);
    // What needs messages that an honest server does not hold.
    let mut mock = node("run.mjs")?;
    mock.arg("--only").arg(MOCK_ONLY.join(","));
    let (mut verdict, mut sum) = (Verdict::Passed, Tally::default());
    for command in [&mut mock, &mut real] {
        // One that came to no test is no success beside another that did.
        let one = judged(process::run_counted(command)?);
        if verdict == Verdict::Passed {
            verdict = one.verdict;
        }
        sum.add(one.tally.unwrap_or_default());
    }
    Ok(Outcome {
        verdict,
        tally: Some(sum),
    })
}

/// What keeps the step from running, if anything does.
fn refusal() -> Result<Option<Verdict>, String> {
    let demand = Demand::from_env()?;
    let why = match demand {
        Demand::Off => Some("MAILSEAL_PEERS is `off`".to_owned()),
        Demand::Auto | Demand::Require => peers::browser_obstacle(),
    };
    Ok(why.map(|why| match demand {
        Demand::Require => Verdict::Failed(why),
        Demand::Auto | Demand::Off => Verdict::Skipped(why),
    }))
}

fn folder() -> Result<PathBuf, String> {
    Ok(process::root()?.join("core/tests/browser"))
}

fn npm(arguments: &[&str]) -> Result<Command, String> {
    let npm = peers::find("npm").ok_or("npm is missing")?;
    let mut command = process::program(npm.as_os_str())?;
    command.args(arguments).current_dir(folder()?);
    Ok(command)
}

fn node(script: &str) -> Result<Command, String> {
    let node = peers::find("node").ok_or("node is missing")?;
    let mut command = process::program(node.as_os_str())?;
    command.arg(script).current_dir(folder()?);
    Ok(command)
}
