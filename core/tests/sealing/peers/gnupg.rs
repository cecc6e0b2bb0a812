//! GnuPG 2.2 in a home of its own.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::openpgp::OpenPgp;
use super::{find, program, run, succeed};
use crate::forms::{Form, Packet};
use crate::people::{PASSPHRASE, PGP, People, address};

/// A `GNUPGHOME`, whose agent ends with it. Its path is short: sockets lie in
/// it, and their paths may have about a hundred characters.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("gh")
            .tempdir_in("/tmp")
            .map_err(|error| format!("no home for gpg: {error}"))?;
        let home = Self { folder };
        // The passphrases here need no protection from guessing, which would
        // take a tenth of a second for each use of a key, and more under load.
        home.write("gpg-agent.conf", "s2k-count 65536\n")?;
        Ok(home)
    }

    /// A file in it.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), String> {
        fs::write(self.folder.path().join(name), text).map_err(|error| error.to_string())
    }

    /// A program of GnuPG's that asks nobody.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = program(name);
        command
            .env("GNUPGHOME", self.folder.path())
            .env("LC_ALL", "C")
            .args(["--batch", "--no-tty", "--pinentry-mode", "loopback"]);
        command
    }

    /// gpg, with the passphrase of every key here. Who signed and to whom is
    /// encrypted is the test's affair, not the web of trust's.
    fn gpg(&self, passphrase: &str) -> Command {
        let mut command = self.command("gpg");
        command
            .args(["--yes", "--trust-model", "always"])
            .args(["--passphrase", passphrase]);
        command
    }

    /// Makes a key that signs, with a subkey that encrypts.
    pub(crate) fn generate(
        &self,
        address: &str,
        algorithm: &str,
        passphrase: &str,
    ) -> Result<(), String> {
        let sole = algorithm.starts_with("rsa");
        let mut command = self.gpg(passphrase);
        command.args(["--quick-gen-key", address, algorithm]);
        command.args([if sole { "sign" } else { "default" }, "1y"]);
        succeed(&mut command, b"")?;
        if sole {
            let mut listing = self.gpg(passphrase);
            listing.args(["--with-colons", "--list-keys", address]);
            let listing = String::from_utf8_lossy(&succeed(&mut listing, b"")?).into_owned();
            let fingerprint = listing
                .lines()
                .find_map(|line| line.strip_prefix("fpr:"))
                .map(|rest| rest.replace(':', ""))
                .ok_or("gpg lists no fingerprint")?;
            let mut command = self.gpg(passphrase);
            command.args(["--quick-add-key", &fingerprint, algorithm, "encrypt", "1y"]);
            succeed(&mut command, b"")?;
        }
        Ok(())
    }

    /// The certificate, armoured.
    pub(crate) fn export(&self, address: &str) -> Result<Vec<u8>, String> {
        let mut command = self.gpg("");
        command.args(["--armor", "--export", address]);
        succeed(&mut command, b"")
    }

    /// The secret key, armoured and under its passphrase.
    pub(crate) fn export_secret(&self, address: &str, passphrase: &str) -> Result<Vec<u8>, String> {
        let mut command = self.gpg(passphrase);
        command.args(["--armor", "--export-secret-keys", address]);
        succeed(&mut command, b"")
    }

    /// Takes up keys, public or secret.
    pub(crate) fn import(&self, armoured: &[u8], passphrase: &str) -> Result<(), String> {
        let mut command = self.gpg(passphrase);
        command.arg("--import");
        succeed(&mut command, armoured).map(drop)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let mut command = program("gpgconf");
        command
            .env("GNUPGHOME", self.folder.path())
            .args(["--kill", "all"]);
        let _ = run(&mut command, b"");
    }
}

/// gpg as everybody.
#[derive(Debug)]
pub(crate) struct GnuPg {
    home: Home,
}

impl GnuPg {
    /// Whether it is there.
    pub(crate) fn available() -> Result<(), &'static str> {
        let there = ["gpg", "gpgconf", "gpg-agent"]
            .iter()
            .all(|name| find(name).is_some());
        if there {
            Ok(())
        } else {
            Err("gpg is missing (apt-get install gnupg)")
        }
    }

    /// A gpg that has everybody's keys.
    pub(crate) fn new(people: &People) -> Result<Self, String> {
        let home = Home::new()?;
        for (name, _) in PGP {
            home.import(&people.read(&format!("{name}.sec")), PASSPHRASE)?;
        }
        Ok(Self { home })
    }
}

/// The lines of `--status-fd`, as keyword and rest.
fn statuses(text: &str) -> Vec<(&str, &str)> {
    text.lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] "))
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .collect()
}

/// Whether the signature is `from`'s; `None` where there is none.
pub(crate) fn signature(status: &str, from: &str) -> Result<Option<()>, String> {
    let wanted = address(from);
    let lines = statuses(status);
    let has = |keyword: &str| lines.iter().any(|(found, _)| *found == keyword);
    if has("BADSIG") || has("ERRSIG") {
        return Err("the signature is wrong".to_owned());
    }
    if !has("GOODSIG") {
        return Ok(None);
    }
    // VALIDSIG comes only where the whole signature was checked.
    let is_senders = lines
        .iter()
        .any(|(found, rest)| *found == "GOODSIG" && rest.split(' ').any(|word| word == wanted));
    if is_senders && has("VALIDSIG") {
        Ok(Some(()))
    } else {
        Err("somebody else signed".to_owned())
    }
}

impl OpenPgp for GnuPg {
    fn name(&self) -> &'static str {
        "gpg"
    }

    fn cannot_read(&self, form: &Form) -> Option<&'static str> {
        match form {
            Form::Pgp {
                packet: Some(Packet::Seipd2),
                ..
            } => Some("gpg 2.2 knows no SEIPDv2"),
            _ => None,
        }
    }

    fn encrypt(
        &self,
        _people: &People,
        to: &str,
        from: Option<&str>,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let mut command = self.home.gpg(PASSPHRASE);
        command.args(["--armor", "--encrypt", "--recipient", &address(to)]);
        if let Some(from) = from {
            command.args(["--sign", "--local-user", &address(from)]);
        }
        succeed(&mut command, content)
    }

    fn decrypt(
        &self,
        _people: &People,
        _to: &str,
        from: &str,
        message: &[u8],
    ) -> Result<(Vec<u8>, bool), String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let path = folder.path().join("content");
        let mut command = self.home.gpg(PASSPHRASE);
        command
            .args(["--status-fd", "1", "--output"])
            .arg(&path)
            .arg("--decrypt");
        let status = succeed(&mut command, message)?;
        let status = String::from_utf8_lossy(&status);
        let lines = statuses(&status);
        for needed in ["DECRYPTION_OKAY", "GOODMDC"] {
            if !lines.iter().any(|(found, _)| *found == needed) {
                return Err(format!("gpg does not say {needed}"));
            }
        }
        let signed = signature(&status, from)?.is_some();
        let content = fs::read(&path).map_err(|error| error.to_string())?;
        Ok((content, signed))
    }

    fn sign(&self, _people: &People, from: &str, content: &[u8]) -> Result<Vec<u8>, String> {
        let mut command = self.home.gpg(PASSPHRASE);
        command
            .args(["--armor", "--detach-sign", "--digest-algo", "SHA256"])
            .args(["--local-user", &address(from)]);
        succeed(&mut command, content)
    }

    fn verify(
        &self,
        _people: &People,
        from: &str,
        made: &[u8],
        content: &[u8],
    ) -> Result<(), String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let path = folder.path().join("signature");
        fs::write(&path, made).map_err(|error| error.to_string())?;
        let mut command = self.home.gpg(PASSPHRASE);
        command
            .args(["--status-fd", "1", "--verify"])
            .arg(&path)
            .arg("-");
        let status = succeed(&mut command, content)?;
        signature(&String::from_utf8_lossy(&status), from)?.ok_or("it is not signed")?;
        Ok(())
    }
}
