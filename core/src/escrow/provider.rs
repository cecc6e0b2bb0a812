//! Who wraps the server shares, and under which version of which key.
//!
//! Without a provider S is wrapped under a key of the installation's
//! [`Keys`](crate::base::Keys). A [`KeyProvider`] takes its place: a file with
//! several versions ([`LocalWrappingKeys`]), or the host's KMS or HSM. Shares
//! that were wrapped before go on opening; [`Escrow::rewrap`] brings them to the
//! present version, after which an old one can be dropped.
//!
//! A provider sees 32 random bytes and associated data of ids and fixed words;
//! neither content nor addresses. What it wraps opens for the same associated
//! data only, so that a grant edited in the database does not unwrap.

use std::fmt;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::keys::open_key;
use crate::base::crypto::{self, Key};
use crate::base::{KeysError, Secret, make_private, read_private, replace_private};

/// A wrapped key with the version of what it was wrapped under.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wrapped {
    /// The version, as the provider names it: 1 to 256 bytes, no secret.
    pub version: String,
    /// What the provider needs to unwrap it: at most 8 KiB.
    pub bytes: Vec<u8>,
}

impl Wrapped {
    /// Bytes wrapped under a version.
    pub fn new(version: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            version: version.into(),
            bytes: bytes.into(),
        }
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapped")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Why a key was not wrapped or unwrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProviderError {
    /// The version is not, or no more, at hand. Nothing is lost: with it back
    /// the same records open again.
    #[error(
        "the wrapping key {version} is not at hand: put it back (it may have been dropped before all shares were rewrapped)"
    )]
    UnknownVersion {
        /// The version asked for.
        version: String,
    },
    /// The wrapped key was changed, or belongs to another record.
    #[error("the wrapped key does not open: it was changed, or belongs to another record")]
    Rejected,
    /// The provider does not allow it.
    #[error("the key provider denies the use of the key")]
    Denied,
    /// The provider cannot be reached or failed in passing.
    #[error("the key provider is not available: try again")]
    Unavailable,
    /// The provider answered something that cannot be stored.
    #[error("the key provider's answer cannot be stored: its version or its bytes are too long")]
    Answer,
    /// The version in use cannot be dropped.
    #[error("the wrapping key is the current one: rotate and rewrap before it is dropped")]
    Current,
    /// The file with the keys could not be read or written.
    #[error("the file of wrapping keys could not be read or written ({0})")]
    Io(ErrorKind),
    /// The file is there and is no file of wrapping keys.
    #[error("the file of wrapping keys is damaged")]
    Damaged,
    /// Others than its owner can read the file.
    #[error("the file of wrapping keys can be read by others: set its mode to 0600")]
    Readable,
}

impl KeyProviderError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownVersion { .. } => "escrow.key.unknown_version",
            Self::Rejected => "escrow.key.rejected",
            Self::Denied => "escrow.key.denied",
            Self::Unavailable => "escrow.key.unavailable",
            Self::Answer => "escrow.key.answer",
            Self::Current => "escrow.key.current",
            Self::Io(_) => "escrow.key.io",
            Self::Damaged => "escrow.key.damaged",
            Self::Readable => "escrow.key.readable",
        }
    }

    /// Whether the same call may succeed later without anybody's help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable)
    }
}

impl From<KeysError> for KeyProviderError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Io(kind) => Self::Io(kind),
            KeysError::Readable => Self::Readable,
            KeysError::Damaged | KeysError::Mismatch => Self::Damaged,
        }
    }
}

/// Wraps and unwraps the escrow's server shares. A host writes one over its
/// KMS: `wrap` is *Encrypt* with the associated data as encryption context,
/// `unwrap` *Decrypt*. It should time out by itself.
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync + 'static {
    /// The version that [`KeyProvider::wrap`] uses now.
    async fn current(&self) -> Result<String, KeyProviderError>;

    /// Wraps a key under the current version.
    async fn wrap(&self, aad: &[u8], key: &Secret<[u8; 32]>) -> Result<Wrapped, KeyProviderError>;

    /// Unwraps what was wrapped for the same associated data.
    ///
    /// # Errors
    /// [`KeyProviderError::Rejected`] where it was wrapped for other associated
    /// data or changed since; [`KeyProviderError::UnknownVersion`] where its
    /// key is gone.
    async fn unwrap(
        &self,
        aad: &[u8],
        wrapped: &Wrapped,
    ) -> Result<Secret<[u8; 32]>, KeyProviderError>;

    /// Whether a version can be used, asked before a release is recorded and
    /// counted. The default says yes, and the fault is met when unwrapping.
    async fn knows(&self, _version: &str) -> Result<bool, KeyProviderError> {
        Ok(true)
    }
}

/// Whether an answer of a provider can be stored.
pub(super) fn check(wrapped: &Wrapped) -> Result<(), KeyProviderError> {
    let version = (1..=256).contains(&wrapped.version.len());
    let printable = wrapped.version.bytes().all(|b| b.is_ascii_graphic());
    if version && printable && (1..=8192).contains(&wrapped.bytes.len()) {
        Ok(())
    } else {
        Err(KeyProviderError::Answer)
    }
}

const HEAD: &str = "mailseal-wrapping-keys-1";
/// Longer files were not written here: some 700 versions.
const MAX_FILE: u64 = 1 << 16;

/// Wrapping keys in a file of the host's (mode 0600), in several versions: the
/// current one, and retired ones that still unwrap. Clones share one set.
///
/// ```text
/// mailseal-wrapping-keys-1
/// current 5f0c41d2a9b37e68 <64 hexadecimal digits>
/// retired 0b8de1c97a5f3342 <64 hexadecimal digits>
/// ```
///
/// A version's name is a fingerprint of its key. Processes that share the file
/// notice a rotation when they meet a version that they do not know. Keep the
/// file elsewhere than the database.
#[derive(Clone)]
pub struct LocalWrappingKeys {
    path: Arc<PathBuf>,
    set: Arc<RwLock<Set>>,
}

/// The current key first.
#[derive(Clone)]
struct Set(Vec<(String, Key)>);

impl LocalWrappingKeys {
    /// Reads the file at `path`, or makes one with a first key.
    ///
    /// # Errors
    /// [`KeyProviderError`] where it cannot be read or made, is damaged, or, on
    /// Unix, can be read by group or others.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, KeyProviderError> {
        let path = path.as_ref();
        let set = match Set::read(path) {
            Err(KeyProviderError::Io(ErrorKind::NotFound)) => {
                let first = Set(vec![make_version()]);
                match make_private(path, &first.text()) {
                    Ok(()) => first,
                    // Another process was faster.
                    Err(KeysError::Io(ErrorKind::AlreadyExists)) => Set::read(path)?,
                    Err(e) => return Err(e.into()),
                }
            }
            other => other?,
        };
        Ok(Self {
            path: Arc::new(path.to_path_buf()),
            set: Arc::new(RwLock::new(set)),
        })
    }

    /// Makes a new current key and retires the one before it, in the file and
    /// here. Shares are rewrapped by [`Escrow::rewrap`](super::Escrow::rewrap).
    ///
    /// # Errors
    /// As [`LocalWrappingKeys::file`]; then nothing has changed.
    pub fn rotate(&self) -> Result<String, KeyProviderError> {
        self.change(|set| {
            let made = make_version();
            let name = made.0.clone();
            set.0.insert(0, made);
            Ok(name)
        })
    }

    /// Drops a retired version for good. What is still wrapped under it cannot
    /// be opened any more: rewrap first, until
    /// [`Rewrapped::done`](super::Rewrapped) with nothing left over.
    ///
    /// # Errors
    /// [`KeyProviderError::Current`] for the current version,
    /// [`KeyProviderError::UnknownVersion`], and those of
    /// [`LocalWrappingKeys::file`].
    pub fn drop_version(&self, version: &str) -> Result<(), KeyProviderError> {
        self.change(|set| {
            let at = set.0.iter().position(|(name, _)| name == version);
            match at {
                Some(0) => Err(KeyProviderError::Current),
                Some(at) => {
                    set.0.remove(at);
                    Ok(())
                }
                None => Err(unknown(version)),
            }
        })
    }

    /// The versions, the current one first.
    pub fn versions(&self) -> Vec<String> {
        self.set().0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Changes the file and then what is in memory. Two that change it at the
    /// same time take turns: a key that one of them made must not vanish.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Set) -> Result<T, KeyProviderError>,
    ) -> Result<T, KeyProviderError> {
        let io = |e: std::io::Error| KeyProviderError::Io(e.kind());
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.with_extension("lock"))
            .map_err(io)?;
        lock.lock().map_err(io)?;
        let mut set = Set::read(&self.path)?;
        let done = change(&mut set)?;
        replace_private(&self.path, &set.text())?;
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = set;
        Ok(done)
    }

    fn set(&self) -> Set {
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        set.clone()
    }

    /// The key of a version. Another process may have rotated, so that a
    /// version which is not known is looked for in the file.
    async fn key(&self, version: &str) -> Result<Key, KeyProviderError> {
        if let Some(key) = self.set().key(version) {
            return Ok(key);
        }
        let path = Arc::clone(&self.path);
        let read = tokio::task::spawn_blocking(move || Set::read(&path)).await;
        let read = read.map_err(|_| KeyProviderError::Unavailable)??;
        let key = read.key(version);
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = read;
        key.ok_or_else(|| unknown(version))
    }
}

impl fmt::Debug for LocalWrappingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalWrappingKeys")
            .field("versions", &self.versions())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyProvider for LocalWrappingKeys {
    async fn current(&self) -> Result<String, KeyProviderError> {
        let set = self.set();
        let (name, _) = set.0.first().ok_or(KeyProviderError::Damaged)?;
        Ok(name.clone())
    }

    async fn wrap(&self, aad: &[u8], key: &Secret<[u8; 32]>) -> Result<Wrapped, KeyProviderError> {
        let set = self.set();
        let (name, under) = set.0.first().ok_or(KeyProviderError::Damaged)?;
        let bytes = crypto::seal(under, &bound(name, aad), key.expose());
        Ok(Wrapped::new(name, bytes))
    }

    async fn unwrap(
        &self,
        aad: &[u8],
        wrapped: &Wrapped,
    ) -> Result<Secret<[u8; 32]>, KeyProviderError> {
        let under = self.key(&wrapped.version).await?;
        open_key(&under, &bound(&wrapped.version, aad), &wrapped.bytes)
            .map_err(|_| KeyProviderError::Rejected)
    }

    async fn knows(&self, version: &str) -> Result<bool, KeyProviderError> {
        match self.key(version).await {
            Ok(_) => Ok(true),
            Err(KeyProviderError::UnknownVersion { .. }) => Ok(false),
            Err(e) => Err(e),
        }
    }
}

impl Set {
    fn read(path: &Path) -> Result<Self, KeyProviderError> {
        let text = read_private(path, MAX_FILE)?;
        Self::parse(&text).ok_or(KeyProviderError::Damaged)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next() != Some(HEAD) {
            return None;
        }
        let mut all = Vec::new();
        for line in lines {
            let mut words = line.split(' ');
            let state = if all.is_empty() { "current" } else { "retired" };
            let (Some(word), Some(name), Some(hex), None) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return None;
            };
            let bytes = Zeroizing::new(HEXLOWER.decode(hex.as_bytes()).ok()?);
            let key: Key = Secret::new(bytes.as_slice().try_into().ok()?);
            // A mistyped key would be found out only when nothing opens.
            if word != state || fingerprint(&key) != name || all.iter().any(|(n, _)| n == name) {
                return None;
            }
            all.push((name.to_owned(), key));
        }
        (!all.is_empty()).then_some(Self(all))
    }

    fn text(&self) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::with_capacity(64 + 96 * self.0.len()));
        out.push_str(HEAD);
        out.push('\n');
        for (i, (name, key)) in self.0.iter().enumerate() {
            let state = if i == 0 { "current" } else { "retired" };
            let hex = Zeroizing::new(HEXLOWER.encode(key.expose()));
            for word in [state, " ", name, " ", &hex, "\n"] {
                out.push_str(word);
            }
        }
        out
    }

    fn key(&self, version: &str) -> Option<Key> {
        let found = self.0.iter().find(|(name, _)| name == version);
        found.map(|(_, key)| key.clone())
    }
}

fn make_version() -> (String, Key) {
    let key: Key = Secret::new(crypto::make_random());
    (fingerprint(&key), key)
}

fn fingerprint(key: &Key) -> String {
    let hash = crypto::sha256_parts(&[b"mailseal/1/wrapping key", key.expose()]);
    HEXLOWER.encode(hash.get(..8).unwrap_or_default())
}

fn bound(version: &str, aad: &[u8]) -> Vec<u8> {
    [b"mailseal/1/wrapping\0", version.as_bytes(), b"\0", aad].concat()
}

fn unknown(version: &str) -> KeyProviderError {
    KeyProviderError::UnknownVersion {
        version: version.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Secret::new([5; 32])
    }

    #[tokio::test]
    async fn a_key_unwraps_for_its_place_under_every_version_that_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wrapping.keys");
        let keys = LocalWrappingKeys::file(&path).unwrap();
        let other_process = LocalWrappingKeys::file(&path).unwrap();
        let first = keys.wrap(b"here", &key()).await.unwrap();
        assert_eq!(first.version, keys.current().await.unwrap());
        let second_name = keys.rotate().unwrap();
        let second = keys.wrap(b"here", &key()).await.unwrap();
        assert_eq!(second.version, second_name);
        assert_ne!(first.version, second.version);
        for wrapped in [&first, &second] {
            for keys in [&keys, &other_process] {
                let back = keys.unwrap(b"here", wrapped).await.unwrap();
                assert_eq!(back.expose(), &[5; 32]);
            }
            let there = keys.unwrap(b"there", wrapped).await.unwrap_err();
            assert_eq!(there, KeyProviderError::Rejected);
        }
        // The one's bytes under the other's name.
        let mixed = Wrapped::new(&first.version, second.bytes.clone());
        let mixed = keys.unwrap(b"here", &mixed).await.unwrap_err();
        assert_eq!(mixed, KeyProviderError::Rejected);
        assert_eq!(
            keys.drop_version(&second_name).unwrap_err(),
            KeyProviderError::Current
        );
        keys.drop_version(&first.version).unwrap();
        let gone = keys.unwrap(b"here", &first).await.unwrap_err();
        assert_eq!(gone.code(), "escrow.key.unknown_version");
        assert!(!keys.knows(&first.version).await.unwrap());
        assert!(keys.knows(&second_name).await.unwrap());
        let shown = format!("{keys:?} {first:?}");
        assert!(!shown.contains(&HEXLOWER.encode(keys.set().0[0].1.expose())));
    }

    #[test]
    fn rotations_at_the_same_time_lose_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        LocalWrappingKeys::file(&path).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let keys = LocalWrappingKeys::file(&path).unwrap();
                    (0..8).for_each(|_| drop(keys.rotate().unwrap()));
                });
            }
        });
        let keys = LocalWrappingKeys::file(&path).unwrap();
        assert_eq!(keys.versions().len(), 33);
    }

    #[test]
    fn damaged_files_are_refused() {
        let good = Set(vec![make_version(), make_version()]).text().to_string();
        assert_eq!(Set::parse(&good).unwrap().0.len(), 2);
        let lines: Vec<&str> = good.lines().collect();
        for bad in [
            String::new(),
            format!("{HEAD}\n"),
            good.trim_end().to_owned(),
            good.replace("keys-1", "keys-2"),
            good.replace("retired", "current"),
            format!("{good}\n"),
            format!("{good}retired x 00\n"),
            format!("{good}{}\n", lines[2]),
            good.replace(&lines[1][8..10], "zz"),
        ] {
            assert!(Set::parse(&bad).is_none(), "{bad}");
        }
        let (name, key) = make_version();
        let mut typo = *key.expose();
        typo[31] ^= 1;
        let set = Set(vec![(name, Secret::new(typo))]);
        assert!(Set::parse(&set.text()).is_none());
    }
}
