//! The key under which everything at rest is wrapped.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;

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
        let mut file = OpenOptions::new().read(true).open(path).map_err(io)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(io)?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(KeysError::Readable);
            }
        }
        // One short line; whatever is longer is no key file.
        let mut text = zeroize::Zeroizing::new(String::with_capacity(256));
        Read::by_ref(&mut file)
            .take(200)
            .read_to_string(&mut text)
            .map_err(|e| match e.kind() {
                ErrorKind::InvalidData => KeysError::Damaged,
                kind => KeysError::Io(kind),
            })?;
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
        let line = zeroize::Zeroizing::new(format!("mailseal-key-1 {}\n", HEXLOWER.encode(&root)));
        // Written whole under another name and then linked into place, so that
        // two processes that start together agree on one key and no crash
        // leaves half a file.
        let temporary = path.with_extension(format!(
            "tmp-{}",
            HEXLOWER.encode(&crypto::make_random::<8>())
        ));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&temporary).map_err(io)?;
        let written = file
            .write_all(line.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::hard_link(&temporary, path));
        let removed = std::fs::remove_file(&temporary);
        match written {
            Ok(()) => removed.map_err(io)?,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Self::read(path),
            Err(e) => return Err(io(e)),
        }
        Ok(Self::from_bytes(root))
    }
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
