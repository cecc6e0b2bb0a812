//! The command line, without a library: a few commands and a few options.

/// What `--help` prints.
pub(crate) const HELP: &str = "\
cargo xtask COMMAND

Commands:
  test      Format check, clippy, all tests, doctests, documentation, the
            clinic example, the scanner's models made again, revocation
            racing release 10,000 times, the pickup page in chromium, the
            package for Python (pytest, mypy, pyright, stubtest), tests
            against real peers.
            Prints each step's time and ends with a line
            `N passed, N failed, N skipped` that counts the steps.
            --quick         only fmt, clippy and test
            --only STEP     only this step; may be repeated
                            (fmt, clippy, test, doctest, doc, clinic, races,
                            models, browser, python, interop, sealing, kotlin,
                            swift)
  interop   The tests against real peers alone; a missing peer is an error.
  wheel     The wheel for Python 3.10 and later, in target/python/wheels,
            installed into a new environment to see that it works.
  kotlin    The jar for Kotlin and the JVM, with the release library in it:
            bindings-kotlin/target/mailseal-*.jar. Needs Maven and a JDK.
  swift     Writes the generated files of bindings-swift again.
  bench     All benches, or those whose name contains FILTER:
            cargo xtask bench [FILTER]
  fuzz      Fuzzes one target, or all in turn, for N seconds each (default 60):
            cargo xtask fuzz TARGET [--seconds N]
            cargo xtask fuzz --all [--seconds N]
            Ends with a table of runs, peak memory and faults, and fails if
            there was a fault. Needs cargo-fuzz and a C++ compiler.
  help      This text.

Environment:
  MAILSEAL_PEERS   What happens where a real peer (postfix, openssl, gpg,
                   gpgsm, Bouncy Castle, thunderbird, chromium with node)
                   or Maven is not installed:
                   `auto` (default) skips the tests that need it and says so,
                   `require` fails, `off` never starts a peer.
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Test(Choice),
    Interop,
    Kotlin,
    Swift,
    Wheel,
    Bench(Option<String>),
    Fuzz {
        /// None for all of them.
        target: Option<String>,
        seconds: u64,
    },
}

/// Which steps of `test` to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    All,
    Quick,
    Only(Vec<String>),
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: &[String]) -> Result<Command, String> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err("which command?".to_owned());
    };
    if rest.iter().any(|a| a == "--help" || a == "-h") {
        return Ok(Command::Help);
    }
    match name.as_str() {
        "help" | "--help" | "-h" => Ok(Command::Help),
        "test" => parse_test(rest).map(Command::Test),
        "interop" => match rest.first() {
            None => Ok(Command::Interop),
            Some(other) => Err(format!("interop takes no argument, but got `{other}`")),
        },
        "kotlin" if rest.is_empty() => Ok(Command::Kotlin),
        "swift" if rest.is_empty() => Ok(Command::Swift),
        name @ ("kotlin" | "swift") => Err(format!("{name} takes no argument")),
        "wheel" => match rest.first() {
            None => Ok(Command::Wheel),
            Some(other) => Err(format!("wheel takes no argument, but got `{other}`")),
        },
        "bench" => match rest {
            [] => Ok(Command::Bench(None)),
            [filter] => Ok(Command::Bench(Some(filter.clone()))),
            _ => Err("bench takes one filter at most".to_owned()),
        },
        "fuzz" => parse_fuzz(rest),
        other => Err(format!("there is no command `{other}`")),
    }
}

fn parse_test(rest: &[String]) -> Result<Choice, String> {
    let mut quick = false;
    let mut only = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => quick = true,
            "--only" => match words.next() {
                Some(step) => only.push(step.clone()),
                None => return Err("--only needs the name of a step".to_owned()),
            },
            other => return Err(format!("test does not know `{other}`")),
        }
    }
    match (quick, only.is_empty()) {
        (true, false) => Err("--quick and --only exclude each other".to_owned()),
        (true, true) => Ok(Choice::Quick),
        (false, true) => Ok(Choice::All),
        (false, false) => Ok(Choice::Only(only)),
    }
}

fn parse_fuzz(rest: &[String]) -> Result<Command, String> {
    let mut target = None;
    let mut all = false;
    let mut seconds = 60;
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => {
                seconds = words
                    .next()
                    .and_then(|n| n.parse().ok())
                    .filter(|n| *n > 0)
                    .ok_or("--seconds needs a whole number above zero")?;
            }
            "--all" => all = true,
            option if option.starts_with('-') => {
                return Err(format!("fuzz does not know `{option}`"));
            }
            name if target.is_none() => target = Some(name.to_owned()),
            _ => return Err("fuzz takes one target at most".to_owned()),
        }
    }
    match (&target, all) {
        (None, false) => Err("fuzz needs a target, or --all".to_owned()),
        (Some(_), true) => Err("a target and --all exclude each other".to_owned()),
        _ => Ok(Command::Fuzz { target, seconds }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words)
    }

    #[test]
    fn reads_every_command() {
        assert_eq!(parsed("test"), Ok(Command::Test(Choice::All)));
        assert_eq!(parsed("test --quick"), Ok(Command::Test(Choice::Quick)));
        assert_eq!(
            parsed("test --only fmt --only doc"),
            Ok(Command::Test(Choice::Only(vec![
                "fmt".to_owned(),
                "doc".to_owned()
            ])))
        );
        assert_eq!(parsed("interop"), Ok(Command::Interop));
        assert_eq!(parsed("wheel"), Ok(Command::Wheel));
        assert_eq!(
            parsed("fuzz reply --seconds 600"),
            Ok(Command::Fuzz {
                target: Some("reply".to_owned()),
                seconds: 600
            })
        );
        assert_eq!(
            parsed("fuzz --seconds 30 --all"),
            Ok(Command::Fuzz {
                target: None,
                seconds: 30
            })
        );
        assert_eq!(
            parsed("bench seal"),
            Ok(Command::Bench(Some("seal".to_owned())))
        );
        assert_eq!(parsed("fuzz --help"), Ok(Command::Help));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in [
            "",
            "tests",
            "test --only",
            "test --fast",
            "test --quick --only fmt",
            "fuzz",
            "fuzz --seconds 30",
            "fuzz reply --all",
            "fuzz reply --seconds",
            "fuzz reply --seconds 0",
            "fuzz reply --seconds x",
            "fuzz a b",
            "fuzz --release",
            "bench a b",
            "interop now",
            "wheel now",
        ] {
            assert!(parsed(line).is_err(), "{line:?} was accepted");
        }
    }
}
