//! The package for Python: its tests over the native part that the other steps
//! built, and its wheel.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::peers::Demand;
use crate::process;
use crate::report::Verdict;
use crate::steps::{ALL, Outcome, judged};

/// The oldest Python that the package is for.
const OLDEST: (u32, u32) = (3, 10);

/// A Python that is new enough and can make virtual environments; otherwise
/// what to install.
fn python() -> Result<OsString, String> {
    let probe = format!(
        "import sys, venv, ensurepip; sys.exit(sys.version_info < ({}, {}))",
        OLDEST.0, OLDEST.1
    );
    for name in [
        "python3",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
    ] {
        let mut command = Command::new(name);
        command
            .args(["-c", &probe])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if command.status().is_ok_and(|status| status.success()) {
            return Ok(name.into());
        }
    }
    Err(format!(
        "no Python {}.{} or newer with venv (apt-get install python3-venv)",
        OLDEST.0, OLDEST.1
    ))
}

fn folder() -> Result<PathBuf, String> {
    let target = process::dev_folder()?;
    let target = target.parent().ok_or("cannot find the target folder")?;
    Ok(target.join("python"))
}

fn io(what: &str) -> impl FnOnce(std::io::Error) -> String + '_ {
    move |error| format!("{what}: {error}")
}

/// A virtual environment with what the tests need, made once.
fn environment(python: &OsString) -> Result<PathBuf, String> {
    let root = process::root()?;
    let wanted = fs::read_to_string(root.join("bindings-python/requirements-dev.txt"))
        .map_err(io("requirements-dev.txt"))?;
    let (venv, mark) = (folder()?.join("venv"), folder()?.join("installed.txt"));
    let bin = venv.join("bin");
    if fs::read_to_string(&mark).is_ok_and(|there| there == wanted) && bin.is_dir() {
        return Ok(bin);
    }
    let mut make = process::program(python)?;
    make.args(["-m", "venv"]).arg(&venv);
    let mut install = process::program(bin.join("pip").as_os_str())?;
    install.args([
        "install",
        "--quiet",
        "--requirement",
        "bindings-python/requirements-dev.txt",
    ]);
    for command in [&mut make, &mut install] {
        if !process::run(command)? {
            return Err("the virtual environment cannot be made".to_owned());
        }
    }
    fs::write(&mark, wanted).map_err(io("installed.txt"))?;
    Ok(bin)
}

/// Puts the package together: its Python beside the library that cargo built,
/// where the environment finds it.
fn stage(bin: &Path) -> Result<(), String> {
    let site = folder()?.join("site");
    if site.exists() {
        fs::remove_dir_all(&site).map_err(io("the old package"))?;
    }
    let package = site.join("mailseal");
    fs::create_dir_all(&package).map_err(io("the package"))?;
    let source = process::root()?.join("bindings-python/python/mailseal");
    for entry in fs::read_dir(source).map_err(io("the package's source"))? {
        let path = entry.map_err(io("the package's source"))?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            fs::copy(&path, package.join(name)).map_err(io("the package"))?;
        }
    }
    let built = process::dev_folder()?.join(library());
    fs::copy(&built, package.join("_native.abi3.so")).map_err(io("the native part"))?;
    let mut ask = process::program(bin.join("python").as_os_str())?;
    ask.args([
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]);
    let said = ask.output().map_err(io("python"))?;
    let purelib = PathBuf::from(String::from_utf8_lossy(&said.stdout).trim());
    let line = site
        .to_str()
        .ok_or("the target folder's name is not UTF-8")?;
    fs::write(purelib.join("mailseal-dev.pth"), line).map_err(io("mailseal-dev.pth"))
}

const fn library() -> &'static str {
    if cfg!(target_os = "macos") {
        "libmailseal_python.dylib"
    } else {
        "libmailseal_python.so"
    }
}

/// pytest, mypy, pyright and stubtest, over the package as it is in the tree.
pub(crate) fn test() -> Result<Outcome, String> {
    let demand = Demand::from_env()?;
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            let verdict = match demand {
                Demand::Require => Verdict::Failed(why),
                Demand::Auto | Demand::Off => Verdict::Skipped(why),
            };
            return Ok(Outcome {
                verdict,
                tally: None,
            });
        }
    };
    let bin = environment(&python)?;
    // The selection of every step, so that nothing is built a second time; with
    // the examples, whose dependencies have the features of the tests.
    let mut build = process::cargo(["build", "--lib", "--examples"])?;
    build.args(ALL);
    if !process::run(&mut build)? {
        return Ok(Outcome::plain(false));
    }
    stage(&bin)?;
    let mut pytest = tool(&bin, "python")?;
    pytest.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]);
    let (mut good, tally) = process::run_counted(&mut pytest)?;
    for (name, arguments) in CHECKS {
        println!("--> {name} {}", arguments.join(" "));
        good &= process::run(tool(&bin, name)?.args(*arguments))?;
    }
    Ok(judged((good, tally)))
}

/// The checks of types, each in a run of its own.
const CHECKS: &[(&str, &[&str])] = &[
    (
        "mypy",
        &["--strict", "python/mailseal", "tests", "bench.py"],
    ),
    (
        "mypy",
        &[
            "--strict",
            "../examples/python/appointment_reminder.py",
            "../examples/python/django_app/manage.py",
            "../examples/python/django_app/clinic",
        ],
    ),
    ("pyright", &["python/mailseal", "../examples/python"]),
    ("stubtest", &["mailseal"]),
];

/// A program of the environment, run beside the package's `pyproject.toml`.
fn tool(bin: &Path, name: &str) -> Result<Command, String> {
    let mut command = process::program(bin.join(name).as_os_str())?;
    let mut path = OsString::from(bin);
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    let app = process::root()?.join("examples/python/django_app");
    command
        .current_dir(process::root()?.join("bindings-python"))
        .env("PATH", path)
        .env("VIRTUAL_ENV", bin.parent().unwrap_or(bin))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // stubtest imports the Django backend, which asks for settings.
        .env("DJANGO_SETTINGS_MODULE", "clinic.settings")
        .env("PYTHONPATH", &app)
        .env("MYPYPATH", &app)
        .env("MYPY_CACHE_DIR", folder()?.join("mypy"));
    Ok(command)
}

/// Builds the wheel, and looks whether it works in an environment of its own.
pub(crate) fn wheel() -> Result<bool, String> {
    let python = python()?;
    let bin = environment(&python)?;
    let (wheels, clean) = (folder()?.join("wheels"), folder()?.join("clean"));
    for old in [&wheels, &clean] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(io("the old wheel"))?;
        }
    }
    let mut build = tool(&bin, "maturin")?;
    build.args(["build", "--release", "--out"]).arg(&wheels);
    if !process::run(&mut build)? {
        return Ok(false);
    }
    let mut found = fs::read_dir(&wheels).map_err(io("the wheel"))?;
    let made = found.next().ok_or("maturin made no wheel")?;
    let wheel = made.map_err(io("the wheel"))?;
    let size = wheel.metadata().map_err(io("the wheel"))?.len();
    let mut venv = process::program(&python)?;
    venv.args(["-m", "venv"]).arg(&clean);
    let mut install = process::program(clean.join("bin/pip").as_os_str())?;
    install.args(["install", "--quiet"]).arg(wheel.path());
    let mut try_it = process::program(clean.join("bin/python").as_os_str())?;
    try_it.args(["-m", "mailseal", "--version"]);
    for command in [&mut venv, &mut install, &mut try_it] {
        if !process::run(command)? {
            return Ok(false);
        }
    }
    println!(
        "{} ({:.1} MB) installs and runs in a new environment",
        wheel.path().display(),
        size as f64 / 1e6
    );
    Ok(true)
}
