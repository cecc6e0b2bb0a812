//! The client: a handle on the crate's, with a runtime of its own.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailseal::audit::{self, Checkpoint, VerifierKey};
use mailseal::base::{RecipientId, Timestamp, TlsAssurance};
use mailseal::policy::Waiver;
use mailseal::{Error, EscrowOptions, PlanOptions, Resolution, Storage};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use tokio::runtime::Runtime;

use crate::codes::Function;
use crate::convert::{parse, parse_some, phi};
use crate::error::{OrRaise as _, exception, value_error};
use crate::message::{GivenMarks, LONG, Source};
use crate::parts::{Discovering, Discovery, Keys, Policy, Smtp};
use crate::plan::{Plan, due, receipt, sealed, unresolved};
use crate::runtime::{Early, Flights, Ground, compute, new_runtime, run, wait};
use crate::scanner::Scanner;
use crate::sealer::Sealer;

/// The handle behind ``mailseal.Client`` and ``mailseal.AsyncClient``: each call
/// waits, or, given a callback, starts and returns a ``Task``.
#[pyclass(frozen, module = "mailseal._native")]
pub(crate) struct Client {
    open: Mutex<Option<Open>>,
    process: u32,
}

struct Open {
    client: mailseal::Client,
    runtime: Runtime,
    flights: Flights,
}

impl Client {
    /// The client, unless it is closed or belongs to another process. The
    /// process is looked at first: after a fork the lock may never be freed.
    fn get(&self, py: Python<'_>) -> PyResult<(mailseal::Client, Ground)> {
        if self.process != std::process::id() {
            return Err(exception(py, &Error::Forked));
        }
        match &*self.lock() {
            Some(open) => {
                let ground = Ground {
                    handle: open.runtime.handle().clone(),
                    flights: open.flights.clone(),
                };
                Ok((open.client.clone(), ground))
            }
            None => Err(exception(py, &Error::Closed)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let open = self
            .open
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(open) = open else { return };
        if self.process == std::process::id() {
            // Without waiting: a task may be about to ask for the GIL.
            open.runtime.shutdown_background();
        } else {
            // Its threads are in the other process: whoever waited for them
            // here would wait for ever.
            std::mem::forget(open);
        }
    }
}

/// The portal's address, the organisation, the notices' sender, days in seconds.
type Escrow = (String, String, Option<PyBackedStr>, f64);

#[pymethods]
impl Client {
    /// Opens storage and builds the client.
    #[new]
    #[pyo3(signature = (
        *, policy, storage, keys, transport, discovery, scanner, escrow, sealers, code_channel,
        audit_origin, plan_lifetime, concurrency
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        policy: &Policy,
        storage: Option<PathBuf>,
        keys: &Keys,
        transport: &Smtp,
        discovery: Option<&Discovery>,
        scanner: Option<&Scanner>,
        escrow: Option<Escrow>,
        sealers: Vec<Py<Sealer>>,
        code_channel: Option<Py<PyAny>>,
        audit_origin: Option<String>,
        plan_lifetime: Option<f64>,
        concurrency: Option<usize>,
    ) -> PyResult<Self> {
        let runtime = new_runtime()?;
        let flights = Flights::default();
        let ground = Ground {
            handle: runtime.handle().clone(),
            flights: flights.clone(),
        };
        let keys = keys.0.clone();
        // Resolver and connections belong to the runtime.
        let entered = runtime.enter();
        let mut builder = mailseal::Client::builder()
            .policy(policy.0.clone())
            .transport(transport.open().or_raise(py)?);
        if let Some(discovery) = discovery {
            builder = match discovery.open(&keys).or_raise(py)? {
                Discovering::Fixed(fixed) => builder.discovery(fixed),
                Discovering::Live(live) => builder.discovery(live),
            };
        }
        drop(entered);
        if let Some(scanner) = scanner {
            builder = builder.scanner(scanner.inner().clone());
        }
        if let Some((base_url, organisation, from, seconds)) = escrow {
            let mut options =
                EscrowOptions::new(base_url, organisation).lifetime(duration(seconds)?);
            if let Some(from) = from {
                options = options.notice_from(from.parse().or_raise(py)?);
            }
            builder = builder.escrow(options);
        }
        for sealer in &sealers {
            builder = sealer.get().add(builder).or_raise(py)?;
        }
        if let Some(function) = code_channel {
            builder = builder.code_channel(Function::new(function));
        }
        if let Some(origin) = audit_origin {
            builder = builder.audit_origin(origin);
        }
        if let Some(seconds) = plan_lifetime {
            builder = builder.plan_lifetime(duration(seconds)?);
        }
        if let Some(copies) = concurrency {
            builder = builder.concurrency(copies);
        }
        let building = async move {
            let storage = match storage {
                Some(path) => tokio::task::spawn_blocking(move || Storage::sqlite(path))
                    .await
                    .map_err(|_| Error::Shutdown)??,
                None => Storage::memory(),
            };
            builder.storage(storage).keys(keys).build().await
        };
        let client = wait(py, &ground, Early::Abort, building)?;
        Ok(Self {
            open: Mutex::new(Some(Open {
                client,
                runtime,
                flights,
            })),
            process: std::process::id(),
        })
    }

    /// Plans a message.
    #[pyo3(signature = (message, marks, patient, waivers, names_patient_only, approved, done))]
    #[allow(clippy::too_many_arguments)]
    fn plan(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        marks: GivenMarks<'_>,
        patient: Option<&Bound<'_, PyAny>>,
        waivers: Vec<(PyBackedStr, Bound<'_, PyAny>, i64, i64)>,
        names_patient_only: bool,
        approved: bool,
        done: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let source = Source::take(message)?;
        let marks = marks.read(py)?;
        let mut options = PlanOptions::new();
        options.names_patient_only = names_patient_only;
        options.approved = approved;
        if let Some(patient) = patient {
            options = options.patient(phi(patient)?);
        }
        for (address, patient, given, expires) in &waivers {
            options = options.waiver(Waiver::new(
                address.parse().or_raise(py)?,
                phi(patient)?,
                Timestamp::from_unix_ms(*given),
                Timestamp::from_unix_ms(*expires),
            ));
        }
        let planning = async move {
            let read = move || marks.apply(source.read()?);
            let message = tokio::task::spawn_blocking(read)
                .await
                .map_err(|_| Error::Shutdown)??;
            client.plan_with(message, options).await
        };
        run(py, &ground, done, Early::Abort, planning, |py, plan| {
            Ok(Py::new(py, Plan::new(plan))?.into_any())
        })
    }

    /// Carries a plan out.
    #[pyo3(signature = (plan, done))]
    fn send(&self, py: Python<'_>, plan: &Plan, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let plan = plan.take().or_raise(py)?;
        let sending = async move { client.send(plan).await };
        run(py, &ground, done, Early::GoOn, sending, |py, sent| {
            Ok(receipt(py, &sent)?.unbind())
        })
    }

    /// Seals a plan's messages for a mailer of the host's own.
    #[pyo3(signature = (plan, assurance, done))]
    fn seal(
        &self,
        py: Python<'_>,
        plan: &Plan,
        assurance: Option<&str>,
        done: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let assurance: Option<TlsAssurance> = parse_some(assurance)?;
        let plan = plan.take().or_raise(py)?;
        let sealing = async move { client.seal(plan, assurance).await };
        run(
            py,
            &ground,
            done,
            Early::GoOn,
            sealing,
            |py, (sent, messages)| {
                let both = (receipt(py, &sent)?, sealed(py, &messages)?);
                Ok(both.into_pyobject(py)?.into_any().unbind())
            },
        )
    }

    /// The receipt of an earlier call, or `None`.
    #[pyo3(signature = (id, done))]
    fn receipt(&self, py: Python<'_>, id: &str, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let id = id.parse().map_err(value_error)?;
        let asking = async move { client.receipt(id).await };
        run(py, &ground, done, Early::Abort, asking, |py, found| {
            Ok(match found {
                Some(found) => receipt(py, &found)?.unbind(),
                None => py.None(),
            })
        })
    }

    /// Copies that are not at their end.
    #[pyo3(signature = (done))]
    fn unresolved(&self, py: Python<'_>, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let asking = async move { client.unresolved().await };
        run(py, &ground, done, Early::Abort, asking, |py, all| {
            Ok(unresolved(py, &all)?.into_any().unbind())
        })
    }

    /// Tries again what is due.
    #[pyo3(signature = (done))]
    fn deliver_due(&self, py: Python<'_>, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let trying = async move { client.deliver_due().await };
        run(py, &ground, done, Early::GoOn, trying, |py, report| {
            Ok(due(py, &report)?.unbind())
        })
    }

    /// Says what became of a copy whose outcome is unknown.
    #[pyo3(signature = (receipt, recipient, resolution, done))]
    fn resolve_unknown(
        &self,
        py: Python<'_>,
        receipt: &str,
        recipient: u32,
        resolution: &str,
        done: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let receipt = receipt.parse().map_err(value_error)?;
        let resolution: Resolution = parse(resolution)?;
        let recipient = RecipientId::new(recipient);
        let saying = async move { client.resolve_unknown(receipt, recipient, resolution).await };
        run(py, &ground, done, Early::GoOn, saying, |py, ()| {
            Ok(py.None())
        })
    }

    /// A signed checkpoint of the audit log, as text.
    #[pyo3(signature = (done))]
    fn checkpoint(&self, py: Python<'_>, done: Option<Py<PyAny>>) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let asking = async move { Ok(client.audit().checkpoint().await?.to_string()) };
        run(py, &ground, done, Early::Abort, asking, |py, text| {
            Ok(text.into_pyobject(py)?.into_any().unbind())
        })
    }

    /// Checks the audit log against a checkpoint that was kept elsewhere.
    #[pyo3(signature = (checkpoint, done))]
    fn verify(
        &self,
        py: Python<'_>,
        checkpoint: &str,
        done: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let checkpoint: Checkpoint = checkpoint.parse().or_raise(py)?;
        let asking = async move { Ok(client.audit().verify(&checkpoint).await?) };
        run(py, &ground, done, Early::Abort, asking, |py, verified| {
            let both = (verified.covered, verified.beyond);
            Ok(both.into_pyobject(py)?.into_any().unbind())
        })
    }

    /// Writes every entry of the audit log as a line of JSON into a new file.
    #[pyo3(signature = (path, done))]
    fn export(
        &self,
        py: Python<'_>,
        path: PathBuf,
        done: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let (client, ground) = self.get(py)?;
        let file = std::fs::File::create_new(path)?;
        let writing = async move {
            let mut out = std::io::BufWriter::new(file);
            Ok(client.audit().export(&mut out).await?)
        };
        run(py, &ground, done, Early::Abort, writing, |py, lines| {
            Ok(lines.into_pyobject(py)?.into_any().unbind())
        })
    }

    /// The public key that verifies checkpoints.
    fn verifier_key(&self, py: Python<'_>) -> PyResult<String> {
        let (client, _) = self.get(py)?;
        Ok(client.audit().verifier_key().to_string())
    }

    /// Waits for what is on its way, at most so long, and closes. A second time
    /// does nothing, and in a forked process it does nothing at all.
    fn close(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        if self.process != std::process::id() {
            return Ok(());
        }
        let Some(open) = self.lock().take() else {
            return Ok(());
        };
        let Open {
            client,
            runtime,
            flights,
        } = open;
        let waited = duration(timeout).and_then(|within| flights.wait(py, within));
        py.detach(|| {
            drop(client);
            runtime.shutdown_background();
        });
        waited
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.process == std::process::id() && self.lock().is_none()
    }

    fn __repr__(&self) -> &'static str {
        "Client(...)"
    }
}

fn duration(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(value_error)
}

/// Checks an exported audit log against a checkpoint and a public key.
#[pyfunction]
pub(crate) fn verify_export(
    py: Python<'_>,
    path: PathBuf,
    checkpoint: &str,
    key: &str,
) -> PyResult<(u64, u64)> {
    let checkpoint: Checkpoint = checkpoint.parse().or_raise(py)?;
    let key: VerifierKey = key.parse().or_raise(py)?;
    let file = std::fs::File::open(path)?;
    let size = file.metadata().map_or(0, |m| m.len());
    let long = size >= LONG as u64;
    let verified = compute(py, long, move || {
        audit::verify_export(std::io::BufReader::new(file), &checkpoint, &key)
    })?;
    let verified = verified.or_raise(py)?;
    Ok((verified.covered, verified.beyond))
}
