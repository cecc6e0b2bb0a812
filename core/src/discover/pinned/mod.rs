//! OpenPGP and S/MIME certificates that the host vouches for.
//!
//! What enters is a file or bytes that the host says belong to an address;
//! what leaves is the same bytes with their SHA-256 and
//! [`KeyTrust::Pinned`](crate::base::KeyTrust::Pinned). **What is checked:** the size; that the bytes look
//! like the format that the file's ending promises (the armour's or PEM's
//! first line, the first octet otherwise); that no secret key is among them;
//! and that they are, octet for octet, the bytes that were pinned. **What is
//! not checked here:** that the certificate parses, whom it names, whether it
//! has expired or can encrypt. Whoever seals with it checks that.
//!
//! A pin is the SHA-256 of a certificate's bytes for one address and kind. The
//! first certificate seen is pinned; from then on a different one is refused
//! ([`KeyStoreError::Changed`]) until the host calls [`PinnedKeys::repin`] with
//! the new fingerprint, and a pinned one that is gone is an error too
//! ([`KeyStoreError::Missing`]), never "no certificate".
//!
//! A folder holds files named `<address>.asc` or `.pgp` (OpenPGP, armoured or
//! binary) and `<address>.pem`, `.crt` or `.cer` (X.509, PEM, or DER for the
//! last two), and the pins in `mailseal-pins.json` beside them. Keep the
//! folder writable to its owner only: who can write there can pin.
//!
//! ```
//! use mailseal::discover::{CertificateFormat, CertificateKind, KeyStoreError, PinnedKeys};
//! let keys = PinnedKeys::new();
//! let pat = "pat@mail.example".parse()?;
//! keys.pin(&pat, CertificateFormat::OpenPgpBinary, &[0x98, 1, 2, 3])?;
//! let other = keys.pin(&pat, CertificateFormat::OpenPgpBinary, &[0x98, 9, 9, 9]);
//! assert!(matches!(other, Err(KeyStoreError::Changed)));
//! assert!(keys.find(&pat, CertificateKind::OpenPgp)?.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::base::{Address, KeyTrust, crypto};

mod folder;

use folder::{read_folder, read_pins, write_pins};

/// Largest certificate, in bytes.
const MAX_CERTIFICATE: usize = 1024 * 1024;

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateKind {
    /// OpenPGP (RFC 9580).
    OpenPgp,
    /// S/MIME (RFC 8550): X.509.
    Smime,
}

impl CertificateKind {
    const fn word(self) -> &'static str {
        match self {
            Self::OpenPgp => "openpgp",
            Self::Smime => "smime",
        }
    }
}

/// How a certificate's bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateFormat {
    /// OpenPGP in ASCII armour.
    OpenPgpArmored,
    /// OpenPGP packets.
    OpenPgpBinary,
    /// X.509 in PEM; a chain starts with the end entity's.
    X509Pem,
    /// X.509 in DER.
    X509Der,
}

impl CertificateFormat {
    /// What certificates of this format are for.
    pub const fn kind(self) -> CertificateKind {
        match self {
            Self::OpenPgpArmored | Self::OpenPgpBinary => CertificateKind::OpenPgp,
            Self::X509Pem | Self::X509Der => CertificateKind::Smime,
        }
    }

    /// What the first bytes say, for a file of this kind.
    fn sniff(kind: CertificateKind, bytes: &[u8]) -> Option<Self> {
        let text = || contains(bytes, b"-----BEGIN CERTIFICATE-----");
        match kind {
            CertificateKind::OpenPgp if bytes.first().is_some_and(|b| b & 0x80 != 0) => {
                Some(Self::OpenPgpBinary)
            }
            CertificateKind::OpenPgp => contains(bytes, b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
                .then_some(Self::OpenPgpArmored),
            CertificateKind::Smime if bytes.first() == Some(&0x30) => Some(Self::X509Der),
            CertificateKind::Smime => text().then_some(Self::X509Pem),
        }
    }
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

/// Why there is no certificate to use. It names no address and no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// A file or the folder could not be read or written.
    #[error("a certificate, the folder or its pin file could not be read or written ({0})")]
    Io(ErrorKind),
    /// A file's name has a known ending and no address before it.
    #[error("the file's name is not <address>.asc, .pgp, .pem, .crt or .cer: rename it")]
    FileName,
    /// Two files hold certificates of one kind for one address.
    #[error("two files hold a certificate of one kind for one address: remove one")]
    Twice,
    /// The bytes do not begin as a certificate of that kind does.
    #[error("these bytes are no public certificate of the kind that was promised")]
    Format,
    /// The bytes hold a secret key.
    #[error("these bytes hold a secret key: give the public certificate only")]
    SecretKey,
    /// Too large.
    #[error("the certificate or the folder is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Too many files.
    #[error("the folder has more than {limit} files")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The certificate is not the one that was pinned for the address.
    #[error("the certificate is not the pinned one: compare its fingerprint, then pin it anew")]
    Changed,
    /// A certificate was pinned for the address and is not there any more.
    #[error("the pinned certificate is gone: put it back or forget the pin")]
    Missing,
    /// The pin file is damaged. It was not changed.
    #[error("mailseal-pins.json is damaged; it was not changed: restore it")]
    PinFile,
}

impl KeyStoreError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "keystore.io",
            Self::FileName => "keystore.file_name",
            Self::Twice => "keystore.twice",
            Self::Format => "keystore.format",
            Self::SecretKey => "keystore.secret_key",
            Self::TooLarge { .. } => "keystore.too_large",
            Self::TooMany { .. } => "keystore.too_many",
            Self::Changed => "keystore.changed",
            Self::Missing => "keystore.missing",
            Self::PinFile => "keystore.pin_file",
        }
    }
}

/// A certificate as opaque bytes, with how far it can be trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    format: CertificateFormat,
    bytes: Vec<u8>,
    sha256: [u8; 32],
    trust: KeyTrust,
}

impl Certificate {
    fn pinned(kind: CertificateKind, bytes: Vec<u8>) -> Result<Self, KeyStoreError> {
        if bytes.len() > MAX_CERTIFICATE {
            return Err(KeyStoreError::TooLarge {
                limit: MAX_CERTIFICATE,
            });
        }
        // `PRIVATE KEY-----` ends every PEM label of a secret key, and
        // `PRIVATE KEY BLOCK-----` OpenPGP's; tags 5 and 7 are its packets.
        let first = bytes.first().copied().unwrap_or(0);
        let tag = match first & 0xc0 {
            0xc0 => Some(first & 0x3f),
            0x80 => Some((first & 0x3c) >> 2),
            _ => None,
        };
        let secret = kind == CertificateKind::OpenPgp && matches!(tag, Some(5 | 7));
        if secret || contains(&bytes, b"PRIVATE KEY") {
            return Err(KeyStoreError::SecretKey);
        }
        let format = CertificateFormat::sniff(kind, &bytes).ok_or(KeyStoreError::Format)?;
        Ok(Self {
            format,
            sha256: crypto::sha256(&bytes),
            bytes,
            trust: KeyTrust::Pinned,
        })
    }

    /// How the bytes are written.
    pub fn format(&self) -> CertificateFormat {
        self.format
    }

    /// The bytes, unparsed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes. It is neither an OpenPGP fingerprint nor that of
    /// an X.509 certificate in PEM.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// How far it is known to be the recipient's.
    pub fn trust(&self) -> KeyTrust {
        self.trust
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("format", &self.format)
            .field("len", &self.bytes.len())
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// A source of recipients' certificates.
#[async_trait]
pub trait KeyStore: fmt::Debug + Send + Sync + 'static {
    /// The certificate of `kind` for `address`, if there is one.
    async fn certificate(
        &self,
        address: &Address,
        kind: CertificateKind,
    ) -> Result<Option<Certificate>, KeyStoreError>;
}

type Slot = (CertificateKind, String);

#[derive(Default)]
struct State {
    pins: BTreeMap<Slot, [u8; 32]>,
    given: HashMap<Slot, Certificate>,
    files: HashMap<Slot, Result<Certificate, KeyStoreError>>,
    problems: Vec<(usize, KeyStoreError)>,
}

/// Certificates that the host vouches for: given one by one, from a folder, or
/// both.
#[derive(Default)]
pub struct PinnedKeys {
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

impl PinnedKeys {
    /// Empty, in memory only.
    pub fn new() -> Self {
        Self::default()
    }

    /// The certificates of a folder. First ones are pinned in its pin file.
    ///
    /// A file that cannot be used does not stop the others; its address is
    /// refused, and [`problems`](Self::problems) tells of it.
    ///
    /// # Errors
    /// [`KeyStoreError`] where the folder cannot be read, holds too much, or
    /// its pin file is damaged or cannot be written.
    pub fn folder(path: impl Into<PathBuf>) -> Result<Self, KeyStoreError> {
        let keys = Self {
            folder: Some(path.into()),
            state: Mutex::default(),
        };
        keys.reload()?;
        Ok(keys)
    }

    /// Reads the folder again.
    ///
    /// # Errors
    /// As [`folder`](Self::folder); what was known before then stays.
    pub fn reload(&self) -> Result<(), KeyStoreError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let (files, problems) = read_folder(folder)?;
        let mut state = self.state();
        let mut pins = read_pins(folder)?;
        let before = pins.len();
        for (slot, certificate) in &files {
            if let Ok(certificate) = certificate {
                pins.entry(slot.clone()).or_insert(certificate.sha256);
            }
        }
        if pins.len() != before {
            write_pins(folder, &pins)?;
        }
        state.pins.extend(pins);
        state.files = files;
        state.problems = problems;
        Ok(())
    }

    /// The files that cannot be used: their place in the folder's order of
    /// names, counted from 0, and why.
    pub fn problems(&self) -> Vec<(usize, KeyStoreError)> {
        self.state().problems.clone()
    }

    /// Pins a certificate that the host has, and returns its SHA-256.
    ///
    /// # Errors
    /// [`KeyStoreError::Changed`] where another is pinned already; else where
    /// the bytes are too large, hold a secret key or are not of that format.
    pub fn pin(
        &self,
        address: &Address,
        format: CertificateFormat,
        bytes: &[u8],
    ) -> Result<[u8; 32], KeyStoreError> {
        let certificate = Certificate::pinned(format.kind(), bytes.to_vec())?;
        if certificate.format != format {
            return Err(KeyStoreError::Format);
        }
        let sha256 = certificate.sha256;
        let slot = slot(address, format.kind());
        if let Some(pinned) = self.state().pins.get(&slot)
            && !crypto::equal(pinned, &sha256)
        {
            return Err(KeyStoreError::Changed);
        }
        self.record(slot.clone(), Some(sha256))?;
        self.state().given.insert(slot, certificate);
        Ok(sha256)
    }

    /// Takes `sha256` as the fingerprint of the address's certificate from now
    /// on, whatever was pinned before. Call it once a person has compared the
    /// fingerprint, or with one that the host knows from elsewhere.
    ///
    /// # Errors
    /// Where the pin file cannot be written.
    pub fn repin(
        &self,
        address: &Address,
        kind: CertificateKind,
        sha256: [u8; 32],
    ) -> Result<(), KeyStoreError> {
        let slot = slot(address, kind);
        self.record(slot.clone(), Some(sha256))?;
        let mut state = self.state();
        if state.given.get(&slot).is_some_and(|c| c.sha256 != sha256) {
            state.given.remove(&slot);
        }
        Ok(())
    }

    /// Forgets the pin and the certificate of an address. A file that is still
    /// in the folder is pinned again when the folder is next read.
    ///
    /// # Errors
    /// Where the pin file cannot be written.
    pub fn forget(&self, address: &Address, kind: CertificateKind) -> Result<(), KeyStoreError> {
        let slot = slot(address, kind);
        self.record(slot.clone(), None)?;
        let mut state = self.state();
        state.given.remove(&slot);
        state.files.remove(&slot);
        Ok(())
    }

    /// The certificate of `kind` for `address`, if one is pinned.
    ///
    /// # Errors
    /// [`KeyStoreError`] where the address has a certificate that must not be
    /// used, or had one.
    pub fn find(
        &self,
        address: &Address,
        kind: CertificateKind,
    ) -> Result<Option<Certificate>, KeyStoreError> {
        let slot = slot(address, kind);
        let state = self.state();
        let certificate = match (state.given.get(&slot), state.files.get(&slot)) {
            (Some(given), _) => given,
            (None, Some(Ok(file))) => file,
            (None, Some(Err(error))) => return Err(*error),
            (None, None) if state.pins.contains_key(&slot) => return Err(KeyStoreError::Missing),
            (None, None) => return Ok(None),
        };
        match state.pins.get(&slot) {
            Some(pin) if crypto::equal(pin, &certificate.sha256) => Ok(Some(certificate.clone())),
            _ => Err(KeyStoreError::Changed),
        }
    }

    /// Writes the pin down, on disk first.
    fn record(&self, slot: Slot, sha256: Option<[u8; 32]>) -> Result<(), KeyStoreError> {
        let mut state = self.state();
        if let Some(folder) = &self.folder {
            let mut pins = read_pins(folder)?;
            let before = match sha256 {
                Some(new) => pins.insert(slot.clone(), new),
                None => pins.remove(&slot),
            };
            if before != sha256 {
                write_pins(folder, &pins)?;
            }
        }
        match sha256 {
            Some(new) => state.pins.insert(slot, new),
            None => state.pins.remove(&slot),
        };
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PinnedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinnedKeys({})", self.state().pins.len())
    }
}

#[async_trait]
impl KeyStore for PinnedKeys {
    async fn certificate(
        &self,
        address: &Address,
        kind: CertificateKind,
    ) -> Result<Option<Certificate>, KeyStoreError> {
        self.find(address, kind)
    }
}

fn slot(address: &Address, kind: CertificateKind) -> Slot {
    (kind, address.canonical())
}
