//! The key under which everything at rest is wrapped.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::Secret;
use super::crypto::{self, Key};

/// Why the wrapping key could not be had. The path is not repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file could not be read or written.
    #[error("the key file could not be read or written ({0})")]
    Io(ErrorKind),
    /// The file is there and is not a key file.
    #[error("the key file is damaged: expected one line `mailseal-key-1 <64 hexadecimal digits>`")]
    Damaged,
    /// Others than its owner can read the file.
    #[error("the key file can be read by others: set its mode to 0600")]
    Readable,
    /// The store was written under other keys.
    #[error(
        "the store was written under other keys: use the key file that it was made with (nothing was changed)"
    )]
    Mismatch,
}

impl KeysError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "keys.io",
            Self::Damaged => "keys.damaged",
            Self::Readable => "keys.readable",
            Self::Mismatch => "keys.mismatch",
        }
    }
}

/// The root key of one installation: what is at rest is wrapped under keys
/// derived from it. Keep it elsewhere than the database; without it nothing in
/// the database can be read.
#[derive(Clone)]
pub struct Keys {
    root: Secret<[u8; 32]>,
}

impl Keys {
    /// Reads the key file at `path`, or makes one (mode 0600) where there is none.
    ///
    /// # Errors
    /// [`KeysError`] where the file cannot be read or made, is damaged, or, on
    /// Unix, can be read by group or others.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, KeysError> {
        let path = path.as_ref();
        match Self::read(path) {
            Err(KeysError::Io(ErrorKind::NotFound)) => Self::make(path),
            other => other,
        }
    }

    /// From 32 bytes that the host keeps (a KMS, a secret manager).
    pub fn from_bytes(root: [u8; 32]) -> Self {
        Self {
            root: Secret::new(root),
        }
    }

    /// A new random key that lives as long as this value: what is wrapped with
    /// it cannot be read after a restart. For tests and trials.
    pub fn make_ephemeral() -> Self {
        Self::from_bytes(crypto::make_random())
    }

    /// The key for one purpose. Purposes are versioned texts like
    /// `"mailseal/1/outbox"`; two purposes never share a key.
    pub(crate) fn derive(&self, purpose: &'static str) -> Key {
        crypto::derive_key(self.root.expose(), b"mailseal keys", purpose.as_bytes())
    }

    fn read(path: &Path) -> Result<Self, KeysError> {
        // One short line; whatever is longer is no key file.
        let text = read_private(path, 200)?;
        let hex = text
            .trim_end()
            .strip_prefix("mailseal-key-1 ")
            .ok_or(KeysError::Damaged)?;
        let bytes = zeroize::Zeroizing::new(
            HEXLOWER
                .decode(hex.as_bytes())
                .map_err(|_| KeysError::Damaged)?,
        );
        let root: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| KeysError::Damaged)?;
        Ok(Self::from_bytes(root))
    }

    fn make(path: &Path) -> Result<Self, KeysError> {
        let root: [u8; 32] = crypto::make_random();
        let line = Zeroizing::new(format!("mailseal-key-1 {}\n", HEXLOWER.encode(&root)));
        match make_private(path, &line) {
            Ok(()) => Ok(Self::from_bytes(root)),
            Err(KeysError::Io(ErrorKind::AlreadyExists)) => Self::read(path),
            Err(e) => Err(e),
        }
    }
}

/// Reads a key file of at most `limit` bytes; what lies behind them is not read.
pub(crate) fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<String>, KeysError> {
    let mut file = OpenOptions::new().read(true).open(path).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(io)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeysError::Readable);
        }
    }
    let capacity = usize::try_from(limit).unwrap_or(usize::MAX).min(1 << 16);
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    Read::by_ref(&mut file)
        .take(limit)
        .read_to_string(&mut text)
        .map_err(|e| match e.kind() {
            ErrorKind::InvalidData => KeysError::Damaged,
            kind => KeysError::Io(kind),
        })?;
    Ok(text)
}

/// Makes a key file (mode 0600) that must not be there yet. It is written whole
/// under another name and then linked into place, so that two processes that
/// start together agree on one key and no crash leaves half a file.
pub(crate) fn make_private(path: &Path, text: &str) -> Result<(), KeysError> {
    let temporary = write_beside(path, text)?;
    let linked = std::fs::hard_link(&temporary, path);
    let removed = std::fs::remove_file(&temporary);
    linked.and(removed).map_err(io)
}

/// Puts a key file (mode 0600) in the place of the one that is there: a crash
/// leaves the old one or the new one.
pub(crate) fn replace_private(path: &Path, text: &str) -> Result<(), KeysError> {
    let temporary = write_beside(path, text)?;
    std::fs::rename(&temporary, path).map_err(|e| {
        let _ = std::fs::remove_file(&temporary);
        io(e)
    })?;
    // The name itself must outlive a power cut, too.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io)?;
    }
    Ok(())
}

fn write_beside(path: &Path, text: &str) -> Result<std::path::PathBuf, KeysError> {
    let random = HEXLOWER.encode(&crypto::make_random::<8>());
    let temporary = path.with_extension(format!("tmp-{random}"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary).map_err(io)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if let Err(e) = written {
        let _ = std::fs::remove_file(&temporary);
        return Err(io(e));
    }
    Ok(temporary)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

fn io(e: std::io::Error) -> KeysError {
    KeysError::Io(e.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_read_again() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("mailseal.key");
        let made = Keys::file(&path)?;
        let read = Keys::file(&path)?;
        assert_eq!(made.root.expose(), read.root.expose());
        assert_ne!(made.derive("a").expose(), made.derive("b").expose());
        assert_eq!(
            std::fs::read_dir(dir.path())?.count(),
            1,
            "no temporary file stays"
        );
        Ok(())
    }

    #[test]
    fn damaged_or_readable_files_are_refused() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("k");
        for text in [&b""[..], b"mailseal-key-1 00", b"\xff\xfe", &[b'0'; 4096]] {
            std::fs::write(&path, text)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            }
            assert!(matches!(Keys::file(&path), Err(KeysError::Damaged)));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
            assert!(matches!(Keys::file(&path), Err(KeysError::Readable)));
        }
        Ok(())
    }
}
