//! gpgsm 2.2: CMS as it was before OAEP and AuthEnvelopedData.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::cms::Cms;
use super::gnupg::{self, Home};
use super::{find, openssl, program, succeed};
use crate::forms::{Cipher, Form, Placing, Scheme, Transport};
use crate::people::{CMS, PASSPHRASE, People, address};

/// gpgsm as everybody.
#[derive(Debug)]
pub(crate) struct GpgSm {
    home: Home,
}

impl GpgSm {
    /// Whether it is there.
    pub(crate) fn available() -> Result<(), &'static str> {
        find("gpgsm")
            .map(drop)
            .ok_or("gpgsm is missing (apt-get install gpgsm)")
    }

    /// A gpgsm that has everybody's certificates and trusts the root. Of the
    /// secret keys it takes RSA alone: at one on a curve it crashes.
    pub(crate) fn new(people: &People) -> Result<Self, String> {
        let home = Home::new()?;
        let mut root = program("openssl");
        root.args(["x509", "-noout", "-fingerprint", "-sha1", "-in"])
            .arg(people.path("root.pem"));
        let root = String::from_utf8_lossy(&succeed(&mut root, b"")?).into_owned();
        let fingerprint = root.trim().rsplit('=').next().unwrap_or_default();
        home.write("trustlist.txt", &format!("{fingerprint} S relax\n"))?;
        home.write("gpgsm.conf", "disable-crl-checks\ndisable-dirmngr\n")?;
        let made = Self { home };
        succeed(
            made.gpgsm().arg("--import").arg(people.path("root.pem")),
            b"",
        )?;
        for (name, _) in CMS {
            if name.ends_with("-rsa") {
                made.import_secret(people, name)?;
            } else {
                let mut command = made.gpgsm();
                command
                    .arg("--import")
                    .arg(people.path(&format!("{name}.pem")));
                succeed(&mut command, b"")?;
            }
        }
        Ok(made)
    }

    /// Takes up a secret key. One bundle in some sixty, by its salts, gpgsm 2.2
    /// cannot read: what decrypts to nothing may look to it like the start of
    /// something. The same key with other salts it can.
    fn import_secret(&self, people: &People, name: &str) -> Result<(), String> {
        const TRIES: usize = 5;
        let mut refused = String::new();
        for _ in 0..TRIES {
            let mut command = self.gpgsm();
            command
                .arg("--import")
                .arg(people.path(&format!("{name}.p12")));
            match succeed(&mut command, PASSPHRASE.as_bytes()) {
                Ok(_) => return Ok(()),
                Err(why) => refused = why,
            }
            openssl::make_bundle(people.folder(), name, PASSPHRASE)?;
        }
        Err(format!("{TRIES} bundles were refused, the last: {refused}"))
    }

    /// It reads a passphrase from its input.
    fn gpgsm(&self) -> Command {
        let mut command = self.home.command("gpgsm");
        command.args(["--yes", "--passphrase-fd", "0"]);
        command
    }

    /// Gives the output and what was said of it.
    fn work(
        &self,
        arguments: &[&str],
        input: &[u8],
        further: Option<&[u8]>,
    ) -> Result<(Vec<u8>, String), String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let (file, other, out) = (
            folder.path().join("in"),
            folder.path().join("other"),
            folder.path().join("out"),
        );
        fs::write(&file, input).map_err(|error| error.to_string())?;
        let mut command = self.gpgsm();
        command
            .args(["--status-fd", "1", "--output"])
            .arg(&out)
            .args(arguments)
            .arg(&file);
        if let Some(further) = further {
            fs::write(&other, further).map_err(|error| error.to_string())?;
            command.arg(&other);
        }
        let status = succeed(&mut command, PASSPHRASE.as_bytes())?;
        let status = String::from_utf8_lossy(&status).into_owned();
        Ok((fs::read(&out).unwrap_or_default(), status))
    }
}

impl Cms for GpgSm {
    fn name(&self) -> &'static str {
        "gpgsm"
    }

    fn cannot_read(&self, form: &Form) -> Option<&'static str> {
        if form.cipher() == Some(Cipher::Gcm) {
            return Some("gpgsm 2.2 knows no AuthEnvelopedData");
        }
        match form.transport() {
            Some(Transport::Oaep) => return Some("gpgsm 2.2 knows no OAEP"),
            Some(Transport::Ecdh(_)) => return Some("gpgsm 2.2 imports no secret key on a curve"),
            Some(Transport::Pkcs1) | None => {}
        }
        None
    }

    fn can_write(&self, form: &Form) -> bool {
        let Form::Cms {
            envelope,
            signature,
        } = form
        else {
            return false;
        };
        matches!(envelope, None | Some((Cipher::Cbc, Transport::Pkcs1)))
            && matches!(signature, None | Some((Scheme::Rsa, _)))
    }

    fn encrypt(
        &self,
        _people: &People,
        _cipher: Cipher,
        _transport: Transport,
        to: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let to = address(to);
        let arguments = [
            "--cipher-algo",
            "AES256",
            "--encrypt",
            "--recipient",
            to.as_str(),
        ];
        self.work(&arguments, content, None).map(|(der, _)| der)
    }

    fn decrypt(&self, _people: &People, _to: &str, der: &[u8]) -> Result<Vec<u8>, String> {
        let (content, status) = self.work(&["--decrypt"], der, None)?;
        if status.contains("[GNUPG:] DECRYPTION_OKAY") {
            Ok(content)
        } else {
            Err("gpgsm does not say DECRYPTION_OKAY".to_owned())
        }
    }

    fn sign(
        &self,
        _people: &People,
        _scheme: Scheme,
        placing: Placing,
        from: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let from = address(from);
        let mut arguments = vec!["--local-user", from.as_str(), "--sign"];
        if placing == Placing::Detached {
            arguments.push("--detach-sign");
        }
        self.work(&arguments, content, None).map(|(der, _)| der)
    }

    fn verify(
        &self,
        _people: &People,
        from: &str,
        der: &[u8],
        content: Option<&[u8]>,
    ) -> Result<Vec<u8>, String> {
        let (inside, status) = self.work(&["--verify"], der, content)?;
        // It names the signer by the subject alone.
        let named = status
            .replace(&format!("/CN={from}"), &format!(" {} ", address(from)))
            .lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n");
        gnupg::signature(&named, from)?.ok_or("it is not signed")?;
        Ok(content.map_or(inside, <[u8]>::to_vec))
    }
}
