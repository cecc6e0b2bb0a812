//! Keeps hickory's words to itself.
//!
//! hickory tells `tracing` every name that it asks for. For a mail host that
//! is the list of whom it writes to, in the logs of whoever turns on DEBUG. So
//! its code, and the tasks that it starts, run with no subscriber. What mailseal
//! says itself is not touched by that.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use hickory_resolver::net::runtime::{RuntimeProvider, Spawn, TokioRuntimeProvider};
use tracing::Dispatch;
use tracing::instrument::{WithDispatch, WithSubscriber as _};

/// The future, heard by no subscriber.
pub(super) fn quietly<F: Future>(future: F) -> WithDispatch<F> {
    future.with_subscriber(Dispatch::none())
}

/// tokio, with quiet tasks.
#[derive(Clone, Default)]
pub(super) struct QuietTokio(TokioRuntimeProvider);

/// Starts quiet tasks.
#[derive(Clone)]
pub(super) struct QuietSpawn(<TokioRuntimeProvider as RuntimeProvider>::Handle);

impl Spawn for QuietSpawn {
    fn spawn_bg(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn_bg(quietly(future));
    }
}

type Opening<T> = Pin<Box<dyn Send + Future<Output = io::Result<T>>>>;

impl RuntimeProvider for QuietTokio {
    type Handle = QuietSpawn;
    type Timer = <TokioRuntimeProvider as RuntimeProvider>::Timer;
    type Udp = <TokioRuntimeProvider as RuntimeProvider>::Udp;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> QuietSpawn {
        QuietSpawn(self.0.create_handle())
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        bind: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Opening<Self::Tcp> {
        self.0.connect_tcp(server, bind, timeout)
    }

    fn bind_udp(&self, local: SocketAddr, server: SocketAddr) -> Opening<Self::Udp> {
        self.0.bind_udp(local, server)
    }
}
