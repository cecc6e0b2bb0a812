//! The real peers that some tests speak to, and what to do without them.

use std::path::{Path, PathBuf};

/// A program, or a file by its whole path, and the Debian package it comes from.
type Peer = (&'static str, &'static str);

/// Who takes mail.
const HOSTS: [Peer; 3] = [
    ("postfix", "postfix"),
    ("smtp-sink", "postfix"),
    ("openssl", "openssl"),
];

/// Who reads and writes sealed mail.
const READERS: [Peer; 7] = [
    ("openssl", "openssl"),
    ("gpg", "gnupg"),
    ("gpgsm", "gpgsm"),
    ("javac", "default-jdk-headless"),
    ("/usr/share/java/bcpkix.jar", "libbcpkix-java"),
    ("/usr/share/java/bcpg.jar", "libbcpg-java"),
    ("thunderbird", "thunderbird"),
];

/// What shows the pickup page.
const BROWSER: [Peer; 3] = [("chromium", "chromium"), ("node", "nodejs"), ("npm", "npm")];

/// What `MAILSEAL_PEERS` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Skip what cannot run.
    Auto,
    /// A missing peer is a failure.
    Require,
    /// Start no peer.
    Off,
}

impl Demand {
    /// Reads the environment.
    pub(crate) fn from_env() -> Result<Self, String> {
        match std::env::var("MAILSEAL_PEERS").as_deref() {
            Err(_) | Ok("" | "auto") => Ok(Self::Auto),
            Ok("require") => Ok(Self::Require),
            Ok("off") => Ok(Self::Off),
            Ok(_) => Err("MAILSEAL_PEERS must be `auto`, `require` or `off`".to_owned()),
        }
    }
}

/// Why no mail host can run here, in words that say what to do; `None` where
/// it can.
pub(crate) fn hosts_obstacle() -> Option<String> {
    missing(&HOSTS)
        .or_else(|| (!is_root()).then(|| "Postfix can be started by root only".to_owned()))
}

/// The same of the readers of sealed mail.
pub(crate) fn readers_obstacle() -> Option<String> {
    missing(&READERS)
}

/// The same of what shows the pickup page.
pub(crate) fn browser_obstacle() -> Option<String> {
    missing(&BROWSER)
}

/// Which packages are missing.
fn missing(peers: &[Peer]) -> Option<String> {
    let mut packages: Vec<&str> = peers
        .iter()
        .filter(|(program, _)| find(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    packages.dedup();
    if packages.is_empty() {
        return None;
    }
    let list = packages.join(" ");
    Some(format!(
        "missing Debian packages: {list} (apt-get install {list})"
    ))
}

/// Where `program` lies: on the path, or where Debian keeps what root runs.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // The entry of a process belongs to its effective user.
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|entry| entry.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
