//! The steps of `cargo xtask test`, in the order in which they start.

use std::process::Command;
use std::thread::JoinHandle;
use std::time::Instant;

use crate::browser;
use crate::cli::Choice;
use crate::mobile;
use crate::peers::{self, Demand};
use crate::process::{self, Tally, Told};
use crate::python;
use crate::report::Verdict;

/// The packages and features of every step: one selection, so that cargo
/// builds each dependency once.
pub(crate) const ALL: [&str; 2] = ["--workspace", "--all-features"];

/// A step by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    quick: bool,
    work: fn() -> Result<Outcome, String>,
    /// What goes on beside the steps that follow, once the work is done.
    beside: Option<fn() -> Result<Told, String>>,
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) tally: Option<Tally>,
}

impl Outcome {
    pub(crate) fn plain(good: bool) -> Self {
        Self {
            verdict: verdict(good),
            tally: None,
        }
    }

    pub(crate) fn failed(why: String) -> Self {
        Self {
            verdict: Verdict::Failed(why),
            tally: None,
        }
    }
}

fn verdict(good: bool) -> Verdict {
    if good {
        Verdict::Passed
    } else {
        Verdict::Failed("see its output above".to_owned())
    }
}

/// Every step.
pub(crate) const STEPS: [Step; 14] = [
    Step {
        name: "fmt",
        quick: true,
        work: fmt,
        beside: None,
    },
    Step {
        name: "clippy",
        quick: true,
        work: clippy,
        beside: None,
    },
    Step {
        name: "test",
        quick: true,
        work: test,
        beside: None,
    },
    Step {
        name: "doctest",
        quick: false,
        work: doctest,
        beside: None,
    },
    Step {
        name: "doc",
        quick: false,
        work: doc,
        beside: None,
    },
    Step {
        name: "clinic",
        quick: false,
        work: clinic,
        beside: None,
    },
    Step {
        name: "races",
        quick: false,
        work: races,
        beside: None,
    },
    Step {
        name: "models",
        quick: false,
        work: build_training,
        beside: Some(models),
    },
    Step {
        name: "browser",
        quick: false,
        work: browser::test,
        beside: None,
    },
    Step {
        name: "python",
        quick: false,
        work: python::test,
        beside: None,
    },
    Step {
        name: "interop",
        quick: false,
        work: interop,
        beside: None,
    },
    Step {
        name: "sealing",
        quick: false,
        work: sealing,
        beside: None,
    },
    Step {
        name: "kotlin",
        quick: false,
        work: kotlin,
        beside: None,
    },
    Step {
        name: "swift",
        quick: false,
        work: swift,
        beside: None,
    },
];

impl Step {
    /// Does the work. What could not even start counts as failed.
    pub(crate) fn run(self) -> Outcome {
        (self.work)().unwrap_or_else(Outcome::failed)
    }

    /// Starts what goes on beside the steps that follow. It tells when it ended,
    /// too.
    pub(crate) fn start_beside(self) -> Option<JoinHandle<(Result<Told, String>, Instant)>> {
        let work = self.beside?;
        Some(std::thread::spawn(move || (work(), Instant::now())))
    }
}

/// The steps of a choice.
pub(crate) fn chosen(choice: &Choice) -> Result<Vec<Step>, String> {
    match choice {
        Choice::All => Ok(STEPS.to_vec()),
        Choice::Quick => Ok(STEPS.into_iter().filter(|step| step.quick).collect()),
        Choice::Only(names) => {
            if let Some(unknown) = names
                .iter()
                .find(|name| STEPS.iter().all(|step| step.name != name.as_str()))
            {
                let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                return Err(format!(
                    "there is no step `{unknown}`; the steps are {}",
                    known.join(", ")
                ));
            }
            Ok(STEPS
                .into_iter()
                .filter(|step| names.iter().any(|name| name == step.name))
                .collect())
        }
    }
}

fn fmt() -> Result<Outcome, String> {
    let mut command = process::cargo(["fmt", "--all", "--check"])?;
    process::run(&mut command).map(Outcome::plain)
}

fn clippy() -> Result<Outcome, String> {
    let mut command = process::cargo(["clippy", "--all-targets"])?;
    command.args(ALL).args(["--", "-D", "warnings"]);
    process::run(&mut command).map(Outcome::plain)
}

/// Unit and integration tests, the fuzz targets' seeds, and each bench once.
fn test() -> Result<Outcome, String> {
    let mut command = process::cargo(["test", "--all-targets", "--no-fail-fast"])?;
    // The peers have a step of their own, so that skipping them shows.
    command.args(ALL).env("MAILSEAL_PEERS", "off");
    // The tables of what was tried, and what came of it, are part of the result.
    command.args(["--", "--show-output"]);
    counted(&mut command)
}

fn doctest() -> Result<Outcome, String> {
    let mut command = process::cargo(["test", "--doc"])?;
    command.args(ALL);
    counted(&mut command)
}

fn doc() -> Result<Outcome, String> {
    let mut command = process::cargo(["doc", "--no-deps"])?;
    command.args(ALL).env("RUSTDOCFLAGS", "-D warnings");
    process::run(&mut command).map(Outcome::plain)
}

/// Runs the example as `test` built it. Asking cargo to run it would select
/// one package, and so other features of the dependencies.
fn clinic() -> Result<Outcome, String> {
    let mut build = process::cargo(["build", "--examples"])?;
    build.args(ALL);
    if !process::run(&mut build)? {
        return Ok(Outcome::plain(false));
    }
    let example = process::dev_folder()?.join("examples").join("clinic");
    let mut command = process::program(example.as_os_str())?;
    process::run(&mut command).map(Outcome::plain)
}

/// The program that makes the scanner's lists and models. It trains for minutes,
/// so it is optimised; one package and its features are built that way, not the
/// workspace.
const TRAINING: [&str; 3] = ["--release", "-p", "mailseal-training"];

fn build_training() -> Result<Outcome, String> {
    let mut command = process::cargo(["build"])?;
    command.args(TRAINING);
    process::run(&mut command).map(Outcome::plain)
}

/// Makes the scanner's lists and models again from what lies in the repository,
/// and compares every byte. The steps that follow leave much of two processors
/// free (a browser is waited for), and go first: this is as nice as can be.
fn models() -> Result<Told, String> {
    let cargo = process::cargo(["run", "--quiet"])?;
    let mut command = process::program("nice".as_ref())?;
    command.args(["-n", "19"]).arg(cargo.get_program());
    command.args(cargo.get_args()).args(TRAINING);
    command.args(["--", "check"]);
    process::run_aside(&mut command)
}

/// Revocation racing release 10,000 times over each store; `test` runs some
/// hundred.
fn races() -> Result<Outcome, String> {
    let mut command = process::cargo(["test", "--test", "escrow"])?;
    command.args(ALL).env("MAILSEAL_RACES", "10000");
    command.args(["--", "--show-output", "race::"]);
    counted(&mut command)
}

/// Against Postfix.
fn interop() -> Result<Outcome, String> {
    against_peers("interop", peers::hosts_obstacle)
}

/// Against the programs that read and write sealed mail.
fn sealing() -> Result<Outcome, String> {
    against_peers("sealing", peers::readers_obstacle)
}

/// The bindings for Kotlin, by Maven, unless it cannot run here.
fn kotlin() -> Result<Outcome, String> {
    let refusal = mobile::maven_obstacle();
    if let Some(why) = refusal {
        let verdict = match Demand::from_env()? {
            Demand::Require => Verdict::Failed(why),
            Demand::Auto | Demand::Off => Verdict::Skipped(why),
        };
        return Ok(Outcome {
            verdict,
            tally: None,
        });
    }
    Ok(judged(mobile::test_kotlin()?))
}

/// The bindings for Swift: whether their generated files are up to date.
fn swift() -> Result<Outcome, String> {
    println!("{}", mobile::check_swift()?);
    Ok(Outcome::plain(true))
}

/// An integration test that needs real peers, unless they cannot run here.
fn against_peers(test: &str, obstacle: fn() -> Option<String>) -> Result<Outcome, String> {
    let demand = Demand::from_env()?;
    let refusal = match demand {
        Demand::Off => Some("MAILSEAL_PEERS is `off`".to_owned()),
        Demand::Auto | Demand::Require => obstacle(),
    };
    if let Some(why) = refusal {
        let verdict = if demand == Demand::Require {
            Verdict::Failed(why)
        } else {
            Verdict::Skipped(why)
        };
        return Ok(Outcome {
            verdict,
            tally: None,
        });
    }
    let mut command = process::cargo(["test", "--test", test])?;
    // The peers can run, so from here on one that does not is a failure.
    command.args(ALL).env("MAILSEAL_PEERS", "require");
    command.args(["--", "--show-output"]);
    counted(&mut command)
}

fn counted(command: &mut Command) -> Result<Outcome, String> {
    process::run_counted(command).map(judged)
}

/// A run of tests, which fails where it ran none: a filter or a name that
/// matches nothing must not pass for success.
pub(crate) fn judged((good, tally): (bool, Tally)) -> Outcome {
    let verdict = if good && tally.passed == 0 {
        Verdict::Failed("it ran no test".to_owned())
    } else {
        verdict(good)
    };
    Outcome {
        verdict,
        tally: Some(tally),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(choice: &Choice) -> Vec<&'static str> {
        chosen(choice)
            .unwrap()
            .into_iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn chooses_steps() {
        assert_eq!(names(&Choice::All).len(), STEPS.len());
        assert_eq!(names(&Choice::Quick), ["fmt", "clippy", "test"]);
        let only = Choice::Only(vec!["doc".to_owned(), "fmt".to_owned()]);
        assert_eq!(names(&only), ["fmt", "doc"]);
    }

    #[test]
    fn a_run_of_no_test_is_no_success() {
        let run = |good, passed, ignored| {
            let tally = Tally {
                passed,
                ignored,
                ..Tally::default()
            };
            judged((good, tally)).verdict
        };
        assert_eq!(run(true, 1, 3), Verdict::Passed);
        for ignored in [0, 7] {
            let none = Verdict::Failed("it ran no test".to_owned());
            assert_eq!(run(true, 0, ignored), none);
        }
        assert_eq!(run(false, 1, 0), verdict(false));
    }

    #[test]
    fn an_unknown_step_is_named_with_the_known_ones() {
        let message = chosen(&Choice::Only(vec!["lint".to_owned()])).unwrap_err();
        assert!(
            message.contains("`lint`") && message.contains("clippy"),
            "{message}"
        );
    }

    /// One that is left out would be optimised as a dependency is, and its
    /// panics would tell no line.
    #[test]
    fn every_member_has_a_profile_of_its_own() {
        let root = include_str!("../../Cargo.toml");
        let (_, members) = root.split_once("members = [").unwrap();
        let (members, _) = members.split_once(']').unwrap();
        let own = root
            .split("[profile.dev.package.")
            .skip(1)
            .filter(|profile| profile.contains("debug = \"line-tables-only\""));
        assert_eq!(own.count(), members.split(',').count());
    }

    #[test]
    fn the_help_names_every_step() {
        for step in STEPS {
            assert!(crate::cli::HELP.contains(step.name), "{}", step.name);
        }
    }
}
