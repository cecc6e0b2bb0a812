//! The keys of the clinic and of the patients who have some.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use mailseal::base::{Address, Route, Timestamp};
use mailseal::discover::{CertificateFormat, PinnedKeys};
use mailseal::seal::open::Keyring;
use mailseal::seal::pgp::{PgpKey, PgpSealer};
use mailseal::seal::smime::{SmimeKey, SmimeSealer};
use mailseal::testing::mail_pki::MailKey;
use mailseal::testing::pki::TestCa;

/// Where a clinic would have key files of its own and certificates of its
/// patients, here all are made on the spot.
pub struct Cabinet {
    clinic: Address,
    pgp: PgpKey,
    smime: SmimeKey,
    ca: TestCa,
    /// What the clinic has checked in person.
    pinned: Arc<PinnedKeys>,
    /// What the patients open their mail with.
    patients: BTreeMap<&'static str, Keyring>,
    nobody: Keyring,
}

impl Cabinet {
    pub fn make(
        clinic: &str,
        holders: impl Iterator<Item = (&'static str, Route)>,
        now: Timestamp,
    ) -> Result<Self, Box<dyn Error>> {
        let clinic: Address = clinic.parse()?;
        let ca = TestCa::new();
        let pgp = PgpKey::make_random(&clinic, now)?;
        let smime = ca.smime_key(&clinic, MailKey::Rsa2048);
        let pinned = Arc::new(PinnedKeys::new());
        let mut patients = BTreeMap::new();
        for (name, route) in holders {
            let address: Address = name.parse()?;
            // Patients know the clinic's keys: pinned, or by an authority.
            let known = PinnedKeys::new();
            let keyring = if route == Route::Pgp {
                let key = PgpKey::make_random(&address, now)?;
                let format = CertificateFormat::OpenPgpBinary;
                pinned.pin(&address, format, &key.certificate()?)?;
                known.pin(&clinic, format, &pgp.certificate()?)?;
                Keyring::new().pgp_key(key)
            } else {
                let key = ca.smime_key(&address, MailKey::P256);
                let format = CertificateFormat::X509Der;
                pinned.pin(&address, format, key.certificate().der())?;
                Keyring::new().smime_key(key).anchors(ca.smime_anchors())
            };
            patients.insert(name, keyring.certificates(known));
        }
        Ok(Self {
            clinic,
            pgp,
            smime,
            ca,
            pinned,
            patients,
            nobody: Keyring::new(),
        })
    }

    pub fn pgp_sealer(&self) -> PgpSealer {
        PgpSealer::new(Arc::clone(&self.pinned)).identity(&self.clinic, self.pgp.clone())
    }

    pub fn smime_sealer(&self) -> SmimeSealer {
        SmimeSealer::new(Arc::clone(&self.pinned))
            .identity(&self.clinic, self.smime.clone())
            .anchors(self.ca.smime_anchors())
    }

    /// A patient's own keys.
    pub fn of(&self, patient: &str) -> &Keyring {
        self.patients.get(patient).unwrap_or(&self.nobody)
    }
}
