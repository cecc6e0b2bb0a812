//! Scanning without a client.

use std::fmt;
use std::sync::Arc;

use mailseal::Error;
use mailseal::dlp::{
    self, HostKnowledge, PatientId, PatientRecord, PhiScanner, RosterBuilder, Scanner as _,
};

use crate::error::Result;
use crate::message::NativeMessage;
use crate::parts::NativeKeys;
use crate::types::{Findings, Patient};

/// Finds identifiers and health content, and judges messages as a whole.
///
/// Immutable; may be used from any thread.
#[derive(uniffi::Object)]
pub(crate) struct NativeScanner(pub(crate) PhiScanner);

impl fmt::Debug for NativeScanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NativeScanner")
    }
}

#[uniffi::export]
impl NativeScanner {
    /// `host` is the host's own knowledge as TOML (patterns, terms, allowed
    /// values), `roster` bytes of a roster with the `keys` that it was built
    /// with. Without `names` the model for names is left out: faster, and
    /// without a verdict.
    #[uniffi::constructor(default(host = None, roster = None, keys = None, names = true))]
    fn new(
        host: Option<String>,
        roster: Option<Vec<u8>>,
        keys: Option<Arc<NativeKeys>>,
        names: bool,
    ) -> Result<Self> {
        let mut scanner = PhiScanner::new();
        if let Some(text) = host {
            scanner = scanner.host(HostKnowledge::from_toml(&text)?);
        }
        if let Some(bytes) = roster {
            let keys = keys.ok_or(Error::Config("a roster needs the keys it was built with"))?;
            scanner = scanner.roster(dlp::Roster::from_bytes(&bytes, &keys.0)?);
        }
        if !names {
            scanner = scanner.without_names();
        }
        Ok(Self(scanner))
    }

    /// Scans one message, on the caller's thread.
    fn scan(&self, message: &NativeMessage) -> Result<Findings> {
        Findings::of(&self.0.scan(&message.0))
    }
}

/// Builds the bytes of a roster; the values are keyed hashes in it.
#[uniffi::export]
pub(crate) fn build_roster(patients: Vec<Patient>, keys: &NativeKeys) -> Result<Vec<u8>> {
    let mut builder = RosterBuilder::new(&keys.0);
    for patient in &patients {
        builder.patient(&record(patient)?)?;
    }
    Ok(builder.build().to_bytes())
}

fn record(patient: &Patient) -> Result<PatientRecord> {
    let mut record = PatientRecord::new(PatientId(patient.id.cast_unsigned()));
    for name in &patient.names {
        record = record.name(&name.given.0, &name.family.0);
    }
    if let Some(date) = &patient.birth_date {
        record = record.birth_date(&date.0);
    }
    for number in &patient.mrn {
        record = record.mrn(&number.0);
    }
    for number in &patient.ssn {
        record = record.ssn(&number.0);
    }
    for number in &patient.plan_id {
        record = record.plan_id(&number.0);
    }
    for number in &patient.phone {
        record = record.phone(&number.0);
    }
    for line in &patient.street {
        record = record.street(&line.0);
    }
    for address in &patient.emails {
        record = record.email(&address.address()?);
    }
    for address in &patient.proxies {
        record = record.proxy(&address.address()?);
    }
    Ok(record)
}
