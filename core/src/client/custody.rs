//! What becomes of an escrowed message at its end, and what the log says of it.

use std::fmt;
use std::str::FromStr;

use super::Client;
use crate::audit::{Entry, Note, VerifierKey};
use crate::base::ItemId;
use crate::error::{Error, PlanError};
use crate::escrow::Destruction;

/// The first line of a certificate's text: nothing else that the log's key
/// signs begins like it.
const HEAD: &str = "mailseal certificate of destruction v1\n";

/// A certificate of destruction: a [`Destruction`] in a signed note
/// (<https://c2sp.org/signed-note>), under the key that signs the audit log's
/// checkpoints.
///
/// Its text is what is to be kept. It holds no protected information, and who
/// has the log's [`VerifierKey`] checks it without a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    destruction: Destruction,
    note: Note,
}

impl Certificate {
    /// Checks the signature and gives what it is under.
    ///
    /// # Errors
    /// [`AuditError::Signature`](crate::audit::AuditError::Signature) where this
    /// key did not sign it.
    pub fn verify(&self, key: &VerifierKey) -> Result<&Destruction, Error> {
        self.note.verify(key)?;
        Ok(&self.destruction)
    }
}

/// The signed note, as it is to be kept.
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// Reads a certificate. The signature is not verified by that.
impl FromStr for Certificate {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let note: Note = s.parse()?;
        let body = note.text().strip_prefix(HEAD);
        let json = body
            .and_then(|body| body.strip_suffix('\n'))
            .unwrap_or_default();
        let destruction = Destruction::from_json(json)?;
        Ok(Self { destruction, note })
    }
}

impl Client {
    /// Shreds an escrowed message ([`Escrow::shred`]) and certifies it.
    ///
    /// # Errors
    /// Those of [`Escrow::shred`]; [`PlanError::NoEscrow`] where the client was
    /// built without one.
    ///
    /// [`Escrow::shred`]: crate::escrow::Escrow::shred
    pub async fn shred(&self, item: ItemId) -> Result<Certificate, Error> {
        let escrow = self.escrow().ok_or(PlanError::NoEscrow)?;
        let destruction = escrow.shred(item).await?;
        let text = format!("{HEAD}{}\n", destruction.to_json());
        let note = self.audit().sign(text);
        Ok(Certificate { destruction, note })
    }

    /// What the audit log says of an escrowed message, in order: how it was
    /// made, picked up, extended, held, answered, revoked, shredded. It can be
    /// asked after the item is gone, too.
    ///
    /// # Errors
    /// [`Error::Audit`].
    pub async fn trail(&self, item: ItemId) -> Result<Vec<Entry>, Error> {
        Ok(self.audit().of_item(item).await?)
    }
}
