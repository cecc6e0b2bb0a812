//! Waiting for futures: with the GIL released, Ctrl-C seen and forks noticed.
//!
//! Each client has a runtime of its own. A blocking call spawns its future there
//! and waits; a call of asyncio spawns it and hands the result to a callback.

use std::future::Future;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mailseal::Error;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::error::exception;

/// How often a waiting call looks for signals.
const SIGNALS: Duration = Duration::from_millis(50);

/// The runtime of one client.
pub(crate) fn new_runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("mailseal")
        .enable_all()
        .build()
}

/// The calls that are not at their end.
#[derive(Clone, Default)]
pub(crate) struct Flights(Arc<(Mutex<usize>, Condvar)>);

/// One of them.
struct Flight(Flights);

impl Flights {
    fn begin(&self) -> Flight {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Flight(self.clone())
    }

    /// Waits until none is left, or until the time is over.
    fn end(&self, within: Duration) -> bool {
        let count = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .0
            .1
            .wait_timeout_while(count, within, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }

    /// The same, without the GIL and with an eye on signals.
    pub(crate) fn wait(&self, py: Python<'_>, within: Duration) -> PyResult<()> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if py.detach(|| self.end(left.min(SIGNALS))) || left.is_zero() {
                return Ok(());
            }
            py.check_signals()?;
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let flights = &self.0.0;
        *flights.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        flights.1.notify_all();
    }
}

/// What a call needs of its client.
pub(crate) struct Ground {
    pub(crate) handle: Handle,
    pub(crate) flights: Flights,
}

/// How a call ends early: a plan is given up, a `send` runs to its end.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Early {
    Abort,
    GoOn,
}

/// Waits for a future, or, where there is a callback, starts it and returns a
/// [`Task`]. The callback gets the result or the exception, on another thread.
pub(crate) fn run<T, F, C>(
    py: Python<'_>,
    ground: &Ground,
    done: Option<Py<PyAny>>,
    early: Early,
    future: F,
    convert: C,
) -> PyResult<Py<PyAny>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
    C: FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
{
    match done {
        None => convert(py, wait(py, ground, early, future)?),
        Some(done) => {
            let abort = start(ground, future, move |py, result| {
                let result = result
                    .map_err(|error| exception(py, &error))
                    .and_then(|value| convert(py, value));
                let called = match result {
                    Ok(value) => done.call1(py, (value, py.None())),
                    Err(error) => done.call1(py, (py.None(), error)),
                };
                if let Err(error) = called {
                    error.write_unraisable(py, Some(done.bind(py)));
                }
            });
            let task = Task {
                abort: (early == Early::Abort).then_some(abort),
            };
            Ok(Py::new(py, task)?.into_any())
        }
    }
}

/// Waits for a future.
pub(crate) fn wait<T, F>(py: Python<'_>, ground: &Ground, early: Early, future: F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let (send, mut receive) = sync_channel(1);
    let flight = ground.flights.begin();
    let task = ground.handle.spawn(async move {
        let _flight = flight;
        // Nobody listens any more after a Ctrl-C.
        let _ = send.send(future.await);
    });
    loop {
        let (back, got) = py.detach(move || {
            let got = receive.recv_timeout(SIGNALS);
            (receive, got)
        });
        receive = back;
        match got {
            Ok(result) => return result.map_err(|error| exception(py, &error)),
            Err(RecvTimeoutError::Disconnected) => return Err(exception(py, &Error::Shutdown)),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals() {
                    if early == Early::Abort {
                        task.abort();
                    }
                    return Err(interrupt);
                }
            }
        }
    }
}

fn start<T, F, D>(ground: &Ground, future: F, done: D) -> AbortHandle
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
    D: FnOnce(Python<'_>, Result<T, Error>) + Send + 'static,
{
    let flight = ground.flights.begin();
    let task = ground.handle.spawn(async move {
        let _flight = flight;
        let result = future.await;
        // Without an interpreter there is nobody to tell.
        Python::try_attach(|py| done(py, result));
    });
    task.abort_handle()
}

/// A call that goes on while asyncio waits.
#[pyclass(frozen, module = "mailseal._native")]
pub(crate) struct Task {
    abort: Option<AbortHandle>,
}

#[pymethods]
impl Task {
    /// Gives the call up, where it can be given up.
    fn cancel(&self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

/// Work on the processor, in a thread of its own where it may take long, so
/// that Ctrl-C is heard.
pub(crate) fn compute<T: Send + 'static>(
    py: Python<'_>,
    long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    if !long {
        return Ok(py.detach(work));
    }
    let (send, mut receive) = sync_channel(1);
    std::thread::spawn(move || {
        let _ = send.send(work());
    });
    loop {
        let (back, got) = py.detach(move || {
            let got = receive.recv_timeout(SIGNALS);
            (receive, got)
        });
        receive = back;
        match got {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Disconnected) => return Err(exception(py, &Error::Shutdown)),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
        }
    }
}
