//! The keys and certificates with which messages are opened.

use std::fmt;
use std::sync::Arc;

use crate::seal::Certificates;
#[cfg(feature = "pgp")]
use crate::seal::pgp::PgpKey;
#[cfg(feature = "smime")]
use crate::seal::smime::{Certificate, RevocationLists, SmimeKey, TrustAnchors};

/// Secret keys that decrypt, and what tells whose signature is whose. A clone
/// shares everything.
#[derive(Clone, Default)]
pub struct Keyring {
    #[cfg(feature = "pgp")]
    pub(super) pgp_keys: Vec<PgpKey>,
    #[cfg(feature = "smime")]
    pub(super) smime_keys: Vec<SmimeKey>,
    #[cfg(feature = "smime")]
    pub(super) anchors: TrustAnchors,
    #[cfg(feature = "smime")]
    pub(super) lists: RevocationLists,
    #[cfg(feature = "smime")]
    pub(super) intermediates: Vec<Certificate>,
    pub(super) certificates: Vec<Arc<dyn Certificates>>,
}

impl Keyring {
    /// Empty: nothing decrypts, and nobody's signature is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// An OpenPGP key that decrypts.
    #[cfg(feature = "pgp")]
    #[must_use]
    pub fn pgp_key(mut self, key: PgpKey) -> Self {
        self.pgp_keys.push(key);
        self
    }

    /// An S/MIME key that decrypts.
    #[cfg(feature = "smime")]
    #[must_use]
    pub fn smime_key(mut self, key: SmimeKey) -> Self {
        self.smime_keys.push(key);
        self
    }

    /// The authorities under which S/MIME signers are known.
    #[cfg(feature = "smime")]
    #[must_use]
    pub fn anchors(mut self, anchors: TrustAnchors) -> Self {
        self.anchors = anchors;
        self
    }

    /// Revocation lists for S/MIME signers.
    #[cfg(feature = "smime")]
    #[must_use]
    pub fn revocation(mut self, lists: RevocationLists) -> Self {
        self.lists = lists;
        self
    }

    /// A certificate that may stand between a signer's and an anchor.
    #[cfg(feature = "smime")]
    #[must_use]
    pub fn intermediate(mut self, certificate: Certificate) -> Self {
        self.intermediates.push(certificate);
        self
    }

    /// Where senders' certificates are looked up by their address:
    /// [`PinnedKeys`](crate::discover::PinnedKeys), for one.
    #[must_use]
    pub fn certificates(mut self, source: impl Certificates) -> Self {
        self.certificates.push(Arc::new(source));
        self
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(***)")
    }
}
