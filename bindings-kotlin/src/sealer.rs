//! The sealed routes: OpenPGP and S/MIME.

use std::path::PathBuf;

use mailseal::base::{self, Address};
use mailseal::discover::PinnedKeys;
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::{SmimeKey, SmimeSealer, TrustAnchors};
use mailseal::{Builder, Error};

use crate::convert::{Phi, PhiBytes, Secret};
use crate::error::Result;

enum Kind {
    Pgp(Vec<(Address, PgpKey)>),
    Smime(Vec<(Address, SmimeKey)>, Option<TrustAnchors>),
}

/// Who signs: a sender's address, its key file, and the passphrase of that.
#[derive(Debug, uniffi::Record)]
pub(crate) struct SigningKey {
    /// The sender's address.
    address: Phi,
    /// An encrypted OpenPGP secret key, or a PKCS#12 file.
    file: PhiBytes,
    /// Its passphrase.
    passphrase: Secret,
}

/// A sealed route: recipients' certificates, and the keys that sign.
#[derive(uniffi::Object)]
pub(crate) struct NativeSealer {
    kind: Kind,
    certificates: PathBuf,
}

fn read<K, E: Into<Error>>(
    keys: Vec<SigningKey>,
    read: fn(&[u8], &base::Secret<String>) -> std::result::Result<K, E>,
) -> Result<Vec<(Address, K)>> {
    let one = |key: SigningKey| -> Result<(Address, K)> {
        let file = base::Phi::new(key.file.0);
        let opened = read(file.expose(), &key.passphrase.into()).map_err(Into::into)?;
        Ok((key.address.address()?, opened))
    };
    keys.into_iter().map(one).collect()
}

#[uniffi::export]
impl NativeSealer {
    /// OpenPGP. `certificates` is a folder of files named `<address>.asc` or
    /// `.pgp`; first ones are pinned there.
    #[uniffi::constructor(default(identities = []))]
    fn pgp(certificates: String, identities: Vec<SigningKey>) -> Result<Self> {
        Ok(Self {
            kind: Kind::Pgp(read(identities, PgpKey::read)?),
            certificates: certificates.into(),
        })
    }

    /// S/MIME. `certificates` is a folder of files named `<address>.pem`, `.crt`
    /// or `.cer`; first ones are pinned there. `anchors` is PEM of the
    /// authorities that vouch for certificates.
    #[uniffi::constructor(default(identities = [], anchors = None))]
    fn smime(
        certificates: String,
        identities: Vec<SigningKey>,
        anchors: Option<String>,
    ) -> Result<Self> {
        let keys = read(identities, SmimeKey::from_pkcs12)?;
        let anchors = anchors
            .map(|pem| TrustAnchors::from_pem(pem.as_bytes()))
            .transpose()?;
        Ok(Self {
            kind: Kind::Smime(keys, anchors),
            certificates: certificates.into(),
        })
    }
}

impl NativeSealer {
    /// Gives the builder this route, with certificates as the folder has them now.
    pub(crate) fn add<P, S, K, T>(
        &self,
        builder: Builder<P, S, K, T>,
    ) -> Result<Builder<P, S, K, T>> {
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
