//! What the portal shares with the escrow whose items it hands out: store,
//! clock, and a key of its own.

use std::sync::Arc;

use super::Escrow;
use crate::base::crypto::Key;
use crate::base::{Clock, GrantId, Secret};
use crate::storage::Store;

impl Escrow {
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The key that the portal's own keys are derived from.
    pub(crate) fn portal_key(&self) -> Key {
        let nobody = GrantId::from_bytes([0; 16]);
        Secret::new(self.root.verifier(nobody, "portal", b""))
    }
}
