//! `gpg` and `openssl`, one process or two for each message.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use super::{Contender, Family, Role};

/// What is installed here, with keys of its own in a folder that goes when
/// this is dropped.
pub(crate) struct Processes {
    folder: Arc<TempDir>,
    gpg: bool,
    openssl: bool,
}

impl Processes {
    /// Makes the keys, and says what is left out and why.
    pub(crate) fn start() -> (Self, Vec<String>) {
        let mut absent = Vec::new();
        let folder = match tempfile::tempdir() {
            Ok(folder) => Arc::new(folder),
            Err(error) => {
                eprintln!("seal: no folder for keys: {error}");
                std::process::exit(1);
            }
        };
        let mut present = |result: Result<(), String>| match result {
            Ok(()) => true,
            Err(why) => {
                absent.push(why);
                false
            }
        };
        let gpg = present(gpg_keys(folder.path()));
        let openssl = present(openssl_keys(folder.path()));
        let this = Self {
            folder,
            gpg,
            openssl,
        };
        (this, absent)
    }

    pub(crate) fn contenders(&self) -> Vec<Contender> {
        let mut all = Vec::new();
        if self.gpg {
            for (name, role, options) in [
                ("gpg process", Role::Gpg, &[][..]),
                ("gpg process, no compression", Role::Rival, &["-z", "0"][..]),
            ] {
                let folder = Arc::clone(&self.folder);
                all.push(Contender {
                    name,
                    family: Family::Cfb,
                    role,
                    work: Box::new(move |message| {
                        let mut command = gpg(folder.path());
                        command.args(options).args([
                            "--trust-model",
                            "always",
                            "--armor",
                            "--sign",
                            "--encrypt",
                            "--local-user",
                            "clinic@harbor.example",
                            "--recipient",
                            "pat@mail.example",
                        ]);
                        piped(command, message).map(|out| out.len())
                    }),
                });
            }
        }
        if self.openssl {
            for (name, recipient) in [
                ("openssl cms processes, rsa-oaep", "rsa"),
                ("openssl cms processes, ecdh", "ec"),
            ] {
                let folder = Arc::clone(&self.folder);
                all.push(Contender {
                    name,
                    family: Family::Cbc,
                    role: Role::Rival,
                    work: Box::new(move |message| openssl(folder.path(), recipient, message)),
                });
            }
        }
        all
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        if self.gpg {
            let home = self.folder.path().join("gnupg");
            // Only the agent of this folder.
            let _ = Command::new("gpgconf")
                .args(["--kill", "all"])
                .env("GNUPGHOME", home)
                .status();
        }
    }
}

fn gpg(folder: &Path) -> Command {
    let mut command = Command::new("gpg");
    command
        .env("GNUPGHOME", folder.join("gnupg"))
        .args(["--batch", "--quiet", "--no-tty"]);
    command
}

fn gpg_keys(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(folder.join("gnupg"))
        .map_err(|error| error.to_string())?;
    for address in ["clinic@harbor.example", "pat@mail.example"] {
        let mut command = gpg(folder);
        command.args(["--passphrase", "", "--quick-generate-key", address]);
        piped(command.args(["future-default", "default", "never"]), b"")?;
    }
    Ok(())
}

fn openssl_keys(folder: &Path) -> Result<(), String> {
    for (name, kind) in [
        ("clinic", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        ("ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        ("rsa", &["rsa:2048"][..]),
    ] {
        let mut command = Command::new("openssl");
        command
            .args(["req", "-x509", "-nodes", "-days", "3650", "-newkey"])
            .args(kind)
            .args(["-subj", "/CN=bench", "-keyout"])
            .arg(folder.join(format!("{name}.key")))
            .arg("-out")
            .arg(folder.join(format!("{name}.pem")));
        piped(&mut command, b"")?;
    }
    Ok(())
}

/// Signs in one process and encrypts in the next, as a pipe in a shell would.
fn openssl(folder: &Path, recipient: &str, message: &[u8]) -> Result<usize, String> {
    let path = |name: &str| -> PathBuf { folder.join(name) };
    let mut sign = Command::new("openssl");
    sign.args(["cms", "-sign", "-binary", "-nodetach", "-md", "sha256"])
        .arg("-signer")
        .arg(path("clinic.pem"))
        .arg("-inkey")
        .arg(path("clinic.key"));
    let mut encrypt = Command::new("openssl");
    encrypt
        .args(["cms", "-encrypt", "-binary", "-aes-256-cbc", "-recip"])
        .arg(path(&format!("{recipient}.pem")));
    if recipient == "rsa" {
        encrypt.args(["-keyopt", "rsa_padding_mode:oaep"]);
    }
    let mut first = start(&mut sign)?;
    let signed = first.stdout.take().ok_or("no pipe")?;
    encrypt.stdin(Stdio::from(signed));
    let second = encrypt
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start openssl: {error}"))?;
    feed(&mut first, message)?;
    let out = second
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    let status = first.wait().map_err(|error| error.to_string())?;
    if status.success() && out.status.success() {
        Ok(out.stdout.len())
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

fn start(command: &mut Command) -> Result<std::process::Child, String> {
    let program = OsStr::to_string_lossy(command.get_program()).into_owned();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))
}

/// Writes the message beside the reading of what comes out.
fn feed(child: &mut std::process::Child, message: &[u8]) -> Result<(), String> {
    let mut pipe = child.stdin.take().ok_or("no pipe")?;
    pipe.write_all(message).map_err(|error| error.to_string())
}

/// What the command makes of the message.
fn piped(
    mut command: impl std::borrow::BorrowMut<Command>,
    message: &[u8],
) -> Result<Vec<u8>, String> {
    let mut child = start(command.borrow_mut())?;
    let mut pipe = child.stdin.take().ok_or("no pipe")?;
    let out = std::thread::scope(|scope| {
        // A program may end before it has read everything: its status tells.
        scope.spawn(move || drop(pipe.write_all(message)));
        child.wait_with_output()
    })
    .map_err(|error| error.to_string())?;
    if out.status.success() {
        Ok(out.stdout)
    } else {
        Err(String::from_utf8_lossy(&out.stderr).into_owned())
    }
}
