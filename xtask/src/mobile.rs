//! The bindings for Kotlin and Swift: building the library, writing their
//! sources out of it, and running their tests.

use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};

use crate::peers;
use crate::process::{self, Tally};
use crate::steps::ALL;

const LIBRARY: &str = "mailseal_kotlin";

/// The library's file name here: `libmailseal_kotlin.so`.
fn file_name() -> String {
    format!("{DLL_PREFIX}{LIBRARY}{DLL_SUFFIX}")
}

/// The folder in which JNA looks for this platform's library.
fn platform() -> Result<&'static str, String> {
    match (OS, ARCH) {
        ("linux", "x86_64") => Ok("linux-x86-64"),
        ("linux", "aarch64") => Ok("linux-aarch64"),
        ("macos", "x86_64") => Ok("darwin-x86-64"),
        ("macos", "aarch64") => Ok("darwin-aarch64"),
        ("windows", "x86_64") => Ok("win32-x86-64"),
        (os, arch) => Err(format!("the jar is not made for {os} on {arch}")),
    }
}

/// Builds library and generator in the dev profile, as the tests' dependencies
/// are. The examples are in it since they ask for the same features as the
/// tests; without them cargo would build some dependencies again.
fn build_dev() -> Result<PathBuf, String> {
    let mut build = process::cargo(["build", "--lib", "--bins", "--examples"])?;
    build.args(ALL);
    done(process::run(&mut build)?, "the library does not build")?;
    Ok(process::dev_folder()?.join(file_name()))
}

fn done(good: bool, otherwise: &str) -> Result<(), String> {
    if good {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}

/// Writes the sources for a language out of a library.
fn generate(language: &str, library: &Path, folder: &Path) -> Result<(), String> {
    let bindgen = process::dev_folder()?.join("mailseal-bindgen");
    let mut command = process::program(bindgen.as_os_str())?;
    command.arg(language).arg(library).arg(folder);
    done(process::run(&mut command)?, "the sources were not written")
}

/// Puts generated sources and library where the Maven project looks for them.
fn lay_out(library: &Path) -> Result<PathBuf, String> {
    let target = process::root()?.join("bindings-kotlin").join("target");
    let sources = target.join("bindgen");
    let native = target.join("native");
    for folder in [&sources, &native] {
        // What an earlier interface had must not stay behind.
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(|e| unusable(folder, &e))?;
        }
    }
    let native = native.join(platform()?);
    fs::create_dir_all(&native).map_err(|e| unusable(&native, &e))?;
    generate("kotlin", library, &sources)?;
    let copy = native.join(file_name());
    fs::copy(library, &copy).map_err(|e| unusable(&copy, &e))?;
    Ok(copy)
}

fn unusable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot use {}: {error}", path.display())
}

/// Why Maven cannot run here; `None` where it can.
pub(crate) fn maven_obstacle() -> Option<String> {
    let missing: Vec<&str> = [("mvn", "maven"), ("javac", "default-jdk-headless")]
        .into_iter()
        .filter(|(program, _)| peers::find(program).is_none())
        .map(|(_, package)| package)
        .collect();
    (!missing.is_empty()).then(|| {
        let list = missing.join(" ");
        format!("missing Debian packages: {list} (apt-get install {list})")
    })
}

fn maven(goals: &[&str]) -> Result<bool, String> {
    let mut command = process::program("mvn".as_ref())?;
    command
        .args(["-q", "-B", "-f", "bindings-kotlin/pom.xml"])
        .args(goals);
    process::run(&mut command)
}

/// The JUnit tests, over the library as the dev profile has it.
pub(crate) fn test_kotlin() -> Result<(bool, Tally), String> {
    lay_out(&build_dev()?)?;
    let reports = process::root()?.join("bindings-kotlin/target/surefire-reports");
    if reports.exists() {
        fs::remove_dir_all(&reports).map_err(|e| unusable(&reports, &e))?;
    }
    let good = maven(&["test"])?;
    let tally = read_reports(&reports)?;
    println!(
        "Maven: {} passed; {} failed; {} ignored",
        tally.passed, tally.failed, tally.ignored
    );
    Ok((good, tally))
}

/// Adds up what Surefire wrote.
fn read_reports(folder: &Path) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let Ok(entries) = fs::read_dir(folder) else {
        // It did not come so far.
        return Ok(tally);
    };
    for entry in entries {
        let path = entry.map_err(|e| unusable(folder, &e))?.path();
        if path.extension().is_some_and(|e| e == "txt") {
            let text = fs::read_to_string(&path).map_err(|e| unusable(&path, &e))?;
            text.lines().for_each(|line| read_report(line, &mut tally));
        }
    }
    Ok(tally)
}

/// `Tests run: 15, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: …`
fn read_report(line: &str, tally: &mut Tally) {
    let Some(rest) = line.strip_prefix("Tests run: ") else {
        return;
    };
    let mut numbers = rest.split(", ").map(|part| {
        let digits = part.rsplit(' ').next().unwrap_or_default();
        digits.parse::<u64>().unwrap_or_default()
    });
    let mut next = || numbers.next().unwrap_or_default();
    let (ran, failures, errors, skipped) = (next(), next(), next(), next());
    tally.failed += failures + errors;
    tally.ignored += skipped;
    tally.passed += ran.saturating_sub(failures + errors + skipped);
}

/// Makes the jar: the library in the release profile, without symbols.
pub(crate) fn jar() -> Result<bool, String> {
    if let Some(why) = maven_obstacle() {
        return Err(why);
    }
    let mut bindgen = process::cargo(["build", "--bin", "mailseal-bindgen"])?;
    bindgen.args(ALL);
    done(process::run(&mut bindgen)?, "the generator does not build")?;
    let mut build = process::cargo(["build", "--release", "-p", "mailseal-kotlin"])?;
    done(process::run(&mut build)?, "the library does not build")?;
    let target = process::dev_folder()?;
    let release = target
        .parent()
        .unwrap_or(&target)
        .join("release")
        .join(file_name());
    let copy = lay_out(&release)?;
    if peers::find("strip").is_some() {
        let mut strip = process::program("strip".as_ref())?;
        strip.arg("--strip-unneeded").arg(&copy);
        done(process::run(&mut strip)?, "strip failed")?;
    }
    if !maven(&["package", "-DskipTests"])? {
        return Ok(false);
    }
    let jars = process::root()?.join("bindings-kotlin/target");
    for entry in fs::read_dir(&jars).map_err(|e| unusable(&jars, &e))? {
        let path = entry.map_err(|e| unusable(&jars, &e))?.path();
        if path.extension().is_some_and(|e| e == "jar") {
            let bytes = fs::metadata(&path).map_err(|e| unusable(&path, &e))?.len();
            println!("{} ({bytes} bytes)", path.display());
        }
    }
    Ok(true)
}

/// Where Swift's generated files stand in the repository, by their names.
const SWIFT: [(&str, &str); 3] = [
    ("Mailseal.swift", "Sources/Mailseal/Mailseal.swift"),
    ("MailsealFFI.h", "Sources/MailsealFFI/MailsealFFI.h"),
    (
        "MailsealFFI.modulemap",
        "Sources/MailsealFFI/module.modulemap",
    ),
];

/// Swift's generated files, made anew: what they are, and where they belong.
fn swift_files(library: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let made = process::dev_folder()?.join("swift");
    fs::create_dir_all(&made).map_err(|e| unusable(&made, &e))?;
    generate("swift", library, &made)?;
    let package = process::root()?.join("bindings-swift");
    SWIFT
        .iter()
        .map(|(name, place)| {
            let path = made.join(name);
            let text = fs::read_to_string(&path).map_err(|e| unusable(&path, &e))?;
            // The generator leaves blanks at line ends.
            let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
            Ok((lines.join("\n") + "\n", package.join(place)))
        })
        .collect()
}

/// Writes Swift's files again.
pub(crate) fn write_swift() -> Result<bool, String> {
    for (text, place) in swift_files(&build_dev()?)? {
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(|e| unusable(folder, &e))?;
        }
        fs::write(&place, text).map_err(|e| unusable(&place, &e))?;
        println!("{}", place.display());
    }
    Ok(true)
}

/// Whether Swift's files in the repository are those of the library, and, where
/// there is a Swift toolchain, whether their tests pass. `Err` says what is
/// wrong; `Ok` says what was done.
pub(crate) fn check_swift() -> Result<&'static str, String> {
    for (text, place) in swift_files(&build_dev()?)? {
        let there = fs::read_to_string(&place).map_err(|e| unusable(&place, &e))?;
        if there != text {
            return Err(format!(
                "{} is not what the library says: run `cargo xtask swift`",
                place.display()
            ));
        }
    }
    if peers::find("swift").is_none() {
        return Ok("the sources are the library's; no Swift toolchain: they were not compiled");
    }
    let mut command = process::program("swift".as_ref())?;
    let target = process::dev_folder()?;
    command
        .args(["test", "--package-path", "bindings-swift", "-Xlinker"])
        .arg(format!("-L{}", target.display()))
        .env("LD_LIBRARY_PATH", &target);
    done(process::run(&mut command)?, "swift test failed")?;
    Ok("the sources are the library's, and their tests pass")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_surefire_reports() {
        let mut tally = Tally::default();
        read_report(
            "Tests run: 15, Failures: 1, Errors: 2, Skipped: 3, Time elapsed: 1.5 s",
            &mut tally,
        );
        read_report("Test set: org.mailseal.ClientTest", &mut tally);
        read_report(
            "Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0 s",
            &mut tally,
        );
        assert_eq!(
            tally,
            Tally {
                passed: 11,
                failed: 3,
                ignored: 3,
                failures: Vec::new(),
            }
        );
    }
}
