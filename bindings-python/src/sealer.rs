//! The sealed routes: OpenPGP and S/MIME.

use std::path::PathBuf;

use mailseal::base::Address;
use mailseal::discover::PinnedKeys;
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::{SmimeKey, SmimeSealer, TrustAnchors};
use mailseal::{Builder, Error};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};

use crate::convert::secret;
use crate::error::OrRaise as _;
use crate::runtime::compute;

enum Kind {
    Pgp(Vec<(Address, PgpKey)>),
    Smime(Vec<(Address, SmimeKey)>, Option<TrustAnchors>),
}

/// A sealed route: recipients' certificates, and the keys that sign.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Sealer {
    kind: Kind,
    certificates: PathBuf,
}

/// An address, its key file, and the passphrase of that.
type Identity<'py> = (PyBackedStr, PyBackedBytes, Bound<'py, PyAny>);

fn read<K: Send + 'static, E: Into<Error> + Send + 'static>(
    py: Python<'_>,
    identities: &[Identity<'_>],
    key: fn(&[u8], &mailseal::base::Secret<String>) -> Result<K, E>,
) -> PyResult<Vec<(Address, K)>> {
    let mut keys = Vec::new();
    for (address, file, passphrase) in identities {
        let address = address.parse().or_raise(py)?;
        let (file, passphrase) = (file.to_vec(), secret(passphrase)?);
        // A passphrase is stretched for a while.
        let read = compute(py, true, move || key(&file, &passphrase))?;
        keys.push((address, read.or_raise(py)?));
    }
    Ok(keys)
}

#[pymethods]
impl Sealer {
    /// OpenPGP. ``certificates`` is a folder of files named ``<address>.asc`` or
    /// ``.pgp``; first ones are pinned there. ``identities`` are triples of a
    /// sender's address, its encrypted secret key and the passphrase of that.
    #[staticmethod]
    #[pyo3(signature = (certificates, *, identities=Vec::new()))]
    fn pgp(py: Python<'_>, certificates: PathBuf, identities: Vec<Identity<'_>>) -> PyResult<Self> {
        let keys = read(py, &identities, PgpKey::read)?;
        Ok(Self {
            kind: Kind::Pgp(keys),
            certificates,
        })
    }

    /// S/MIME. ``certificates`` is a folder of files named ``<address>.pem``,
    /// ``.crt`` or ``.cer``; first ones are pinned there. ``identities`` are
    /// triples of a sender's address, a PKCS#12 file and its passphrase.
    /// ``anchors`` is PEM of the authorities that vouch for certificates.
    #[staticmethod]
    #[pyo3(signature = (certificates, *, identities=Vec::new(), anchors=None))]
    fn smime(
        py: Python<'_>,
        certificates: PathBuf,
        identities: Vec<Identity<'_>>,
        anchors: Option<PyBackedBytes>,
    ) -> PyResult<Self> {
        let keys = read(py, &identities, SmimeKey::from_pkcs12)?;
        let anchors = anchors
            .map(|pem| TrustAnchors::from_pem(&pem).or_raise(py))
            .transpose()?;
        Ok(Self {
            kind: Kind::Smime(keys, anchors),
            certificates,
        })
    }

    fn __repr__(&self) -> &'static str {
        match self.kind {
            Kind::Pgp(_) => "Sealer(pgp)",
            Kind::Smime(..) => "Sealer(smime)",
        }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a sealer holds keys and cannot be pickled",
        ))
    }
}

impl Sealer {
    /// Gives the builder this route, with certificates as the folder has them now.
    pub(crate) fn add<P, S, K, T>(
        &self,
        builder: Builder<P, S, K, T>,
    ) -> Result<Builder<P, S, K, T>, Error> {
        let certificates = PinnedKeys::folder(&self.certificates)?;
        Ok(match &self.kind {
            Kind::Pgp(keys) => {
                let with = |sealer: PgpSealer, (address, key): &(Address, PgpKey)| {
                    sealer.identity(address, key.clone())
                };
                builder.sealer(keys.iter().fold(PgpSealer::new(certificates), with))
            }
            Kind::Smime(keys, anchors) => {
                let mut sealer = SmimeSealer::new(certificates);
                for (address, key) in keys {
                    sealer = sealer.identity(address, key.clone());
                }
                if let Some(anchors) = anchors {
                    sealer = sealer.anchors(anchors.clone());
                }
                builder.sealer(sealer)
            }
        })
    }
}
