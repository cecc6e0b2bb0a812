//! Certificate authorities that are trusted to name hosts.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Why a set of roots is no set of roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The text is not PEM, or holds no certificate.
    #[error("no certificate found: expected PEM with at least one CERTIFICATE block")]
    Empty,
    /// A certificate cannot be parsed.
    #[error("certificate {index} cannot be parsed")]
    Malformed {
        /// Which, counted from 0.
        index: usize,
    },
}

impl RootsError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "roots.empty",
            Self::Malformed { .. } => "roots.malformed",
        }
    }
}

/// Certificate authorities that are trusted to name hosts.
#[derive(Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// Mozilla's root programme, as compiled into the `webpki-roots` crate.
    pub fn webpki() -> Self {
        Self(Arc::new(RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        }))
    }

    /// Exactly these certificates, DER.
    ///
    /// # Errors
    /// [`RootsError`] where there is none, or one cannot be parsed.
    pub fn from_der<C: AsRef<[u8]>>(
        certificates: impl IntoIterator<Item = C>,
    ) -> Result<Self, RootsError> {
        let mut store = RootCertStore::empty();
        for (index, certificate) in certificates.into_iter().enumerate() {
            store
                .add(CertificateDer::from(certificate.as_ref().to_vec()))
                .map_err(|_| RootsError::Malformed { index })?;
        }
        if store.is_empty() {
            return Err(RootsError::Empty);
        }
        Ok(Self(Arc::new(store)))
    }

    /// Exactly the certificates of a PEM text.
    ///
    /// # Errors
    /// [`RootsError`] where there is none, or one cannot be parsed.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsError> {
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| RootsError::Empty)?;
        Self::from_der(certificates.iter().map(|c| c.as_ref()))
    }

    pub(crate) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}
