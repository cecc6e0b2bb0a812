//! Where calls run: on the client's own runtime, in tasks of their own.
//!
//! UniFFI polls a call's future from the host language's threads and drops it
//! when the caller gives up. So what must not stop with its caller runs in a
//! task, and the future that UniFFI has only waits for it.

use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use mailseal::Error;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::error::Result;

/// The runtime of one client.
pub(crate) fn new_runtime() -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("mailseal")
        .enable_all()
        .build()
        .map_err(|_| Error::Config("the system gives no threads").into())
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
    pub(crate) fn end(&self, within: Duration) {
        let count = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.0
                .1
                .wait_timeout_while(count, within, |count| *count > 0),
        );
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

/// Stops a task whose caller is gone.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Ground {
    /// Runs to its end, whether or not anybody waits for it.
    pub(crate) async fn go_on<T: Send + 'static>(
        &self,
        work: impl Future<Output = std::result::Result<T, Error>> + Send + 'static,
    ) -> Result<T> {
        let flight = self.flights.begin();
        let task = self.handle.spawn(async move {
            let _flight = flight;
            work.await
        });
        Ok(task.await.map_err(|_| Error::Shutdown)??)
    }

    /// Is given up with its caller.
    pub(crate) async fn give_up<T: Send + 'static>(
        &self,
        work: impl Future<Output = std::result::Result<T, Error>> + Send + 'static,
    ) -> Result<T> {
        let flight = self.flights.begin();
        let task = self.handle.spawn(async move {
            let _flight = flight;
            work.await
        });
        let _abort = AbortOnDrop(task.abort_handle());
        Ok(task.await.map_err(|_| Error::Shutdown)??)
    }
}
