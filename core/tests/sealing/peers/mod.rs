//! The programs that the library must understand, and that must understand it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::forms::Form;
use crate::mime::Letter;

pub(crate) mod bouncy_castle;
pub(crate) mod cms;
pub(crate) mod gnupg;
pub(crate) mod gpgsm;
mod marionette;
pub(crate) mod openpgp;
pub(crate) mod openssl;
pub(crate) mod thunderbird;

/// What a reader showed of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    /// The protected subject where the reader minds it, else the outer one.
    pub(crate) subject: String,
    /// It came encrypted.
    pub(crate) encrypted: bool,
    /// It came signed, and the signature is the sender's. A signature that is
    /// wrong is an error.
    pub(crate) signed: bool,
}

/// Who reads messages.
pub(crate) trait Reader {
    /// The column's name.
    fn name(&self) -> &'static str;

    /// Why it cannot read a form; the tests see to it that it cannot.
    fn limit(&self, form: &Form) -> Option<&'static str>;

    /// Whether it shows the protected subject of an encrypted message.
    fn shows_protected_subject(&self, _form: &Form) -> bool {
        true
    }

    /// Reads a message as the form's recipient.
    fn read(&self, form: &Form, message: &[u8]) -> Result<Shown, String>;
}

/// Who writes messages.
pub(crate) trait Writer {
    fn name(&self) -> &'static str;

    /// Whether it can write a form.
    fn writes(&self, form: &Form) -> bool;

    /// Writes a message from the form's sender to its recipient.
    fn write(&self, form: &Form, letter: &Letter) -> Result<Vec<u8>, String>;
}

/// Whether a peer takes part: says so where it does not, and fails where
/// `MAILSEAL_PEERS` requires it.
pub(crate) fn takes_part(available: Result<(), &'static str>) -> bool {
    let demand = std::env::var("MAILSEAL_PEERS").unwrap_or_default();
    let available = if demand == "off" {
        Err("MAILSEAL_PEERS is `off`")
    } else {
        available
    };
    match available {
        Ok(()) => true,
        Err(why) if demand == "require" => panic!("the peers are required: {why}"),
        Err(why) => {
            println!("skipped: {why}");
            false
        }
    }
}

/// Where `program` lies on the path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A program that is ended when it takes far too long.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["60", name]);
    command
}

/// Runs a program to its end, with `input`.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Result<Output, String> {
    let name = command
        .get_args()
        .nth(1)
        .unwrap_or(OsStr::new("?"))
        .to_string_lossy()
        .into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name} does not start: {error}"))?;
    let mut stdin = child.stdin.take();
    std::thread::scope(|scope| {
        let feed = scope.spawn(move || {
            // It may end before it has read everything.
            stdin.take().map(|mut pipe| pipe.write_all(input))
        });
        let output = child.wait_with_output();
        let _ = feed.join();
        output.map_err(|error| format!("{name}: {error}"))
    })
}

/// The same, where all but success is an error; gives its standard output.
pub(crate) fn succeed(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let output = run(command, input)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    Err(format!("{}: {}", output.status, said.join(" | ")))
}
