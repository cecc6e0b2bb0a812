//! Bouncy Castle, in one Java machine that answers many requests.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use tempfile::TempDir;

use super::cms::Cms;
use super::find;
use super::openpgp::OpenPgp;
use crate::forms::{Cipher, Form, Packet, Placing, Scheme, Transport};
use crate::people::{PASSPHRASE, People, address};

const PROGRAM: &str = include_str!("BcMail.java");

/// Where Debian puts them: libbcprov-java, libbcutil-java, libbcpkix-java,
/// libbcpg-java.
const JARS: [&str; 4] = [
    "/usr/share/java/bcprov.jar",
    "/usr/share/java/bcutil.jar",
    "/usr/share/java/bcpkix.jar",
    "/usr/share/java/bcpg.jar",
];

/// The machine with `BcMail.java` in it.
#[derive(Debug)]
pub(crate) struct BouncyCastle {
    machine: RefCell<Machine>,
    folder: TempDir,
}

#[derive(Debug)]
struct Machine {
    child: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Machine {
    fn reply(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.replies
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        match line.trim_end().split_once('\t') {
            Some(("ok", rest)) => Ok(rest.to_owned()),
            Some((_, rest)) => Err(rest.to_owned()),
            None => Err("the Java program ended".to_owned()),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It ends with its input.
        self.requests = None;
        let _ = self.child.wait();
    }
}

impl BouncyCastle {
    /// Whether it is there.
    pub(crate) fn available() -> Result<(), &'static str> {
        if find("java").is_none() || find("javac").is_none() {
            return Err("a JDK is missing (apt-get install default-jdk-headless)");
        }
        if JARS.iter().any(|jar| !Path::new(jar).is_file()) {
            return Err("Bouncy Castle is missing (apt-get install libbcpkix-java libbcpg-java)");
        }
        Ok(())
    }

    /// Starts the machine.
    pub(crate) fn start() -> Result<Rc<Self>, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let source = folder.path().join("BcMail.java");
        fs::write(&source, PROGRAM).map_err(|error| error.to_string())?;
        // Java compiles a program that is one file by itself. What the
        // compiler has to say must not mix with the tests' tables.
        let log = fs::File::create(folder.path().join("log")).map_err(|error| error.to_string())?;
        let mut child = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"])
            .arg(JARS.join(":"))
            .arg(&source)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("java does not start: {error}"))?;
        let requests = child.stdin.take();
        let replies = child.stdout.take().ok_or("no output")?;
        let mut machine = Machine {
            child,
            requests,
            replies: BufReader::new(replies),
        };
        machine.reply().map_err(|error| {
            let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            format!("{error}: {log}")
        })?;
        Ok(Rc::new(Self {
            machine: RefCell::new(machine),
            folder,
        }))
    }

    fn ask(&self, request: &[&str]) -> Result<String, String> {
        let mut machine = self.machine.borrow_mut();
        let line = format!("{}\n", request.join("\t"));
        let pipe = machine.requests.as_mut().ok_or("the input is closed")?;
        pipe.write_all(line.as_bytes())
            .and_then(|()| pipe.flush())
            .map_err(|error| error.to_string())?;
        machine.reply()
    }

    /// A file with these bytes for the next request.
    fn file(&self, name: &str, bytes: &[u8]) -> Result<String, String> {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).map_err(|error| error.to_string())?;
        Ok(text(&path))
    }

    /// Where the next request puts its result.
    fn out(&self) -> PathBuf {
        let path = self.folder.path().join("out");
        let _ = fs::remove_file(&path);
        path
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn taken(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| error.to_string())
}

impl Cms for Rc<BouncyCastle> {
    fn name(&self) -> &'static str {
        "Bouncy Castle"
    }

    fn cannot_read(&self, form: &Form) -> Option<&'static str> {
        match (form.cipher(), form.transport()) {
            (Some(Cipher::Gcm), Some(Transport::Ecdh(_))) => {
                Some("Bouncy Castle 1.72 has no ECDH for AuthEnvelopedData")
            }
            _ => None,
        }
    }

    fn can_write(&self, _form: &Form) -> bool {
        true
    }

    fn encrypt(
        &self,
        people: &People,
        cipher: Cipher,
        transport: Transport,
        to: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let out = self.out();
        self.ask(&[
            "encrypt",
            match cipher {
                Cipher::Cbc => "cbc",
                Cipher::Gcm => "gcm",
            },
            match transport {
                Transport::Oaep => "oaep",
                Transport::Pkcs1 => "pkcs1",
                Transport::Ecdh(_) => "ecdh",
            },
            &text(&people.path(&format!("{to}.pem"))),
            &self.file("in", content)?,
            &text(&out),
        ])?;
        taken(&out)
    }

    fn decrypt(&self, people: &People, to: &str, der: &[u8]) -> Result<Vec<u8>, String> {
        let out = self.out();
        self.ask(&[
            "decrypt",
            &text(&people.path(&format!("{to}.key"))),
            &self.file("in", der)?,
            &text(&out),
        ])?;
        taken(&out)
    }

    fn sign(
        &self,
        people: &People,
        scheme: Scheme,
        placing: Placing,
        from: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let out = self.out();
        self.ask(&[
            "sign",
            match scheme {
                Scheme::Rsa => "rsa",
                Scheme::Pss => "pss",
                Scheme::Ecdsa => "ecdsa",
            },
            match placing {
                Placing::Opaque => "opaque",
                Placing::Detached => "detached",
            },
            &text(&people.path(&format!("{from}.key"))),
            &text(&people.path(&format!("{from}.pem"))),
            &self.file("in", content)?,
            &text(&out),
        ])?;
        taken(&out)
    }

    fn verify(
        &self,
        people: &People,
        from: &str,
        der: &[u8],
        content: Option<&[u8]>,
    ) -> Result<Vec<u8>, String> {
        let out = self.out();
        let apart = match content {
            Some(content) => self.file("content", content)?,
            None => "-".to_owned(),
        };
        self.ask(&[
            "verify",
            &text(&people.path("root.pem")),
            &address(from),
            &self.file("in", der)?,
            &apart,
            &text(&out),
        ])?;
        match content {
            Some(content) => Ok(content.to_vec()),
            None => taken(&out),
        }
    }
}

impl OpenPgp for Rc<BouncyCastle> {
    fn name(&self) -> &'static str {
        "Bouncy Castle"
    }

    fn cannot_read(&self, form: &Form) -> Option<&'static str> {
        match form {
            Form::Pgp {
                packet: Some(Packet::Seipd2),
                ..
            } => Some("Bouncy Castle 1.72 knows no SEIPDv2"),
            _ => None,
        }
    }

    fn encrypt(
        &self,
        people: &People,
        to: &str,
        from: Option<&str>,
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let out = self.out();
        let signer = from.map_or_else(
            || "-".to_owned(),
            |from| text(&people.path(&format!("{from}.sec"))),
        );
        self.ask(&[
            "pgp-encrypt",
            &text(&people.path(&format!("{to}.pub"))),
            &signer,
            PASSPHRASE,
            &self.file("in", content)?,
            &text(&out),
        ])?;
        taken(&out)
    }

    fn decrypt(
        &self,
        people: &People,
        to: &str,
        from: &str,
        message: &[u8],
    ) -> Result<(Vec<u8>, bool), String> {
        let out = self.out();
        let verdict = self.ask(&[
            "pgp-decrypt",
            &text(&people.path(&format!("{to}.sec"))),
            PASSPHRASE,
            &text(&people.path(&format!("{from}.pub"))),
            &self.file("in", message)?,
            &text(&out),
        ])?;
        Ok((taken(&out)?, verdict == "valid"))
    }

    fn sign(&self, people: &People, from: &str, content: &[u8]) -> Result<Vec<u8>, String> {
        let out = self.out();
        self.ask(&[
            "pgp-sign",
            &text(&people.path(&format!("{from}.sec"))),
            PASSPHRASE,
            &self.file("in", content)?,
            &text(&out),
        ])?;
        taken(&out)
    }

    fn verify(
        &self,
        people: &People,
        from: &str,
        signature: &[u8],
        content: &[u8],
    ) -> Result<(), String> {
        self.ask(&[
            "pgp-verify",
            &text(&people.path(&format!("{from}.pub"))),
            &self.file("in", signature)?,
            &self.file("content", content)?,
        ])
        .map(drop)
    }
}
