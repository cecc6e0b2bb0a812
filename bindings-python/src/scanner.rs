//! Scanning without a client, one message or many.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mailseal::dlp::{self, HostKnowledge, PatientId, PatientRecord, PhiScanner, Scanner as _};
use mailseal::{Error, base};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyList;

use crate::error::{OrRaise as _, build};
use crate::findings::Findings;
use crate::message::{LONG, Source};
use crate::parts::Keys;
use crate::runtime::compute;

/// Finds identifiers and health content, and judges messages as a whole.
///
/// Immutable; may be used from any thread, and in a process that was forked.
#[pyclass(frozen, module = "mailseal")]
pub(crate) struct Scanner(PhiScanner);

impl Scanner {
    pub(crate) fn inner(&self) -> &PhiScanner {
        &self.0
    }
}

/// A patient as Python gives them: id, names, birth date, numbers by their kind,
/// addresses, proxies' addresses.
type Patient = (
    u64,
    Vec<(PyBackedStr, PyBackedStr)>,
    Option<PyBackedStr>,
    Vec<(PyBackedStr, PyBackedStr)>,
    Vec<PyBackedStr>,
    Vec<PyBackedStr>,
);

fn record(py: Python<'_>, given: &Patient) -> PyResult<PatientRecord> {
    let (id, names, birth_date, values, emails, proxies) = given;
    let mut record = PatientRecord::new(PatientId(*id));
    for (given, family) in names {
        record = record.name(given, family);
    }
    if let Some(date) = birth_date {
        record = record.birth_date(date);
    }
    for (field, value) in values {
        record = match &**field {
            "mrn" => record.mrn(value),
            "ssn" => record.ssn(value),
            "plan_id" => record.plan_id(value),
            "phone" => record.phone(value),
            "street" => record.street(value),
            _ => return Err(crate::error::value_error("unknown field of a patient")),
        };
    }
    for address in emails {
        record = record.email(&address.parse().or_raise(py)?);
    }
    for address in proxies {
        record = record.proxy(&address.parse().or_raise(py)?);
    }
    Ok(record)
}

#[pymethods]
impl Scanner {
    /// ``host`` is the host's own knowledge as TOML (patterns, terms, allowed
    /// values), ``roster`` bytes of a roster with the ``keys`` that it was built
    /// with. ``names=False`` leaves the model for names out: faster, and without
    /// a verdict.
    #[new]
    #[pyo3(signature = (*, host=None, roster=None, keys=None, names=true))]
    fn new(
        py: Python<'_>,
        host: Option<&str>,
        roster: Option<PyBackedBytes>,
        keys: Option<Py<Keys>>,
        names: bool,
    ) -> PyResult<Self> {
        let mut scanner = PhiScanner::new();
        if let Some(text) = host {
            scanner = scanner.host(HostKnowledge::from_toml(text).or_raise(py)?);
        }
        if let Some(bytes) = roster {
            let keys = keys.ok_or(Error::Config("a roster needs the keys it was built with"));
            let keys = keys.or_raise(py)?;
            let keys: &base::Keys = &keys.get().0;
            scanner = scanner.roster(dlp::Roster::from_bytes(&bytes, keys).or_raise(py)?);
        }
        if !names {
            scanner = scanner.without_names();
        }
        Ok(Self(scanner))
    }

    /// Builds the bytes of a roster; the values are keyed hashes in it.
    #[staticmethod]
    fn build_roster(py: Python<'_>, patients: Vec<Patient>, keys: &Keys) -> PyResult<Vec<u8>> {
        let mut builder = dlp::RosterBuilder::new(&keys.0);
        for patient in &patients {
            builder.patient(&record(py, patient)?).or_raise(py)?;
        }
        Ok(py.detach(|| builder.build().to_bytes()))
    }

    /// Scans one message.
    fn scan(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<Findings> {
        let source = Source::take(message)?;
        let scanner = self.0.clone();
        let long = source.len() >= LONG;
        let found = compute(py, long, move || scan(&scanner, source))?;
        found.map(Findings::new).or_raise(py)
    }

    /// Scans many messages on several threads, in their order. Where a message
    /// cannot be read, the exception stands in its place, or is raised.
    #[pyo3(signature = (messages, threads, return_errors))]
    fn scan_many<'py>(
        &self,
        py: Python<'py>,
        messages: Vec<Bound<'py, PyAny>>,
        threads: Option<usize>,
        return_errors: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let sources = messages
            .iter()
            .map(Source::take)
            .collect::<PyResult<Vec<_>>>()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (scanner, stopping) = (self.0.clone(), Arc::clone(&stop));
        let work = move || many(&scanner, sources, threads, &stopping);
        let all = match compute(py, true, work) {
            Ok(all) => all,
            Err(interrupt) => {
                stop.store(true, Ordering::Relaxed);
                return Err(interrupt);
            }
        };
        let list = PyList::empty(py);
        for found in all {
            match found {
                Ok(found) => list.append(Findings::new(found))?,
                Err(error) if return_errors => list.append(build(py, &error)?)?,
                Err(error) => return Err(crate::error::exception(py, &error)),
            }
        }
        Ok(list)
    }

    fn __repr__(&self) -> &'static str {
        "Scanner(...)"
    }
}

/// More than any machine has use for.
const MAX_THREADS: usize = 256;

type Found = Result<dlp::Findings, Error>;

fn scan(scanner: &PhiScanner, source: Source) -> Found {
    Ok(scanner.scan(&source.read()?))
}

/// Each thread takes the next message; what it makes stands at its place.
fn many(
    scanner: &PhiScanner,
    sources: Vec<Source>,
    threads: Option<usize>,
    stop: &AtomicBool,
) -> Vec<Found> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = sources.len().clamp(1, MAX_THREADS);
    let threads = threads.unwrap_or(cores).clamp(1, most);
    let count = sources.len();
    let sources: Vec<_> = sources.into_iter().map(|s| Mutex::new(Some(s))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(source) = sources.get(at) else { break };
            let source = source.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(source) = source {
                made.push((at, scan(scanner, source)));
            }
        }
        made
    };
    let mut all: Vec<(usize, Found)> = Vec::with_capacity(count);
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        all.extend(work());
        for other in others {
            // A thread that panicked leaves its messages out, which is told below.
            all.extend(other.join().unwrap_or_default());
        }
    });
    all.sort_by_key(|(at, _)| *at);
    let mut found: Vec<Found> = all.into_iter().map(|(_, found)| found).collect();
    found.resize_with(count, || Err(Error::Shutdown));
    found
}
