//! Who writes to whom: a clinic and its patients, each with one key. A name is
//! the local part of the address, the common name, and the files' stem.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::peers::{gnupg, openssl};

/// What opens every PKCS#12 file and every OpenPGP secret key here.
pub(crate) const PASSPHRASE: &str = "ferritin";

/// Everybody with a certificate of X.509, and their keys.
pub(crate) const CMS: [(&str, openssl::KeyKind); 6] = [
    ("clinic-rsa", openssl::KeyKind::Rsa),
    ("clinic-ec", openssl::KeyKind::Ec("P-256")),
    ("patient-rsa", openssl::KeyKind::Rsa),
    ("patient-p256", openssl::KeyKind::Ec("P-256")),
    ("patient-p384", openssl::KeyKind::Ec("P-384")),
    ("patient-p521", openssl::KeyKind::Ec("P-521")),
];

/// Everybody with a key of OpenPGP, and its algorithms for gpg.
pub(crate) const PGP: [(&str, &str); 4] = [
    ("clinic-pgp", "future-default"),
    ("clinic-pgp-rsa", "rsa3072"),
    ("patient-pgp", "future-default"),
    ("patient-pgp-rsa", "rsa3072"),
];

/// Somebody's address.
pub(crate) fn address(name: &str) -> String {
    let side = name.split('-').next().unwrap_or(name);
    let domain = if side == "clinic" { "harbor" } else { side };
    format!("{name}@{domain}.example")
}

/// The keys of everybody, as files.
///
/// - `root.pem`, and for each of [`CMS`] `NAME.pem` (certificate), `NAME.key`
///   (PKCS#8 in clear) and `NAME.p12`;
/// - for each of [`PGP`] `NAME.pub` and `NAME.sec`, armoured.
#[derive(Debug)]
pub(crate) struct People {
    folder: TempDir,
}

impl People {
    /// Makes keys for everybody with a certificate of X.509.
    pub(crate) fn with_certificates() -> Result<Self, String> {
        let people = Self::nobody()?;
        people.add_certificates()?;
        Ok(people)
    }

    /// Makes keys for everybody with a key of OpenPGP.
    pub(crate) fn with_pgp() -> Result<Self, String> {
        let people = Self::nobody()?;
        people.add_pgp()?;
        Ok(people)
    }

    /// Makes keys of both kinds.
    pub(crate) fn all() -> Result<Self, String> {
        let people = Self::nobody()?;
        people.add_certificates()?;
        people.add_pgp()?;
        Ok(people)
    }

    fn nobody() -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("sealing-")
            .tempdir()
            .map_err(|error| format!("no temporary folder: {error}"))?;
        Ok(Self { folder })
    }

    fn add_certificates(&self) -> Result<(), String> {
        openssl::make_root(self.folder())?;
        for (name, kind) in CMS {
            openssl::make_person(self.folder(), name, &address(name), kind, PASSPHRASE)?;
        }
        Ok(())
    }

    fn add_pgp(&self) -> Result<(), String> {
        let home = gnupg::Home::new()?;
        for (name, algorithm) in PGP {
            home.generate(&address(name), algorithm, PASSPHRASE)?;
            self.write(&format!("{name}.pub"), &home.export(&address(name))?);
            self.write(
                &format!("{name}.sec"),
                &home.export_secret(&address(name), PASSPHRASE)?,
            );
        }
        Ok(())
    }

    /// Where the files lie.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file: `patient-rsa.pem`.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder().join(file)
    }

    /// What is in a file.
    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.path(file), bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}
