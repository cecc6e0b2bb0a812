//! TLS and HTTP/1.1 around a router: bounded in connections and in the time
//! for handshake and headers, ended gracefully.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::Trouble;

const CONNECTIONS: usize = 512;
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEADERS: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(10);

/// A certificate for `localhost`, made anew.
pub(crate) struct Tls {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Tls {
    pub(crate) fn make() -> Result<Self, Trouble> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
        Ok(Self {
            certificate: cert.der().clone(),
            key: signing_key.serialize_der(),
        })
    }

    /// What trusts this certificate alone.
    pub(crate) fn roots(&self) -> Result<RootCertStore, Trouble> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        Ok(roots)
    }

    fn server(&self) -> Result<ServerConfig, Trouble> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

pub(crate) async fn listen(at: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(at).await
}

/// A server that runs until it is told to finish.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Takes no more, lets what runs come to its end, at most ten seconds.
    pub(crate) async fn finish(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

pub(crate) fn spawn(listener: TcpListener, router: Router, tls: &Tls) -> Result<Running, Trouble> {
    let acceptor = TlsAcceptor::from(Arc::new(tls.server()?));
    let (stop, mut stopped) = watch::channel(false);
    let task = tokio::spawn(async move {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                break;
            };
            let stream = tokio::select! {
                taken = listener.accept() => match taken {
                    Ok((stream, _)) => stream,
                    // Out of file descriptors, or gone already.
                    Err(_) => {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                _ = stopped.changed() => break,
            };
            let _ = stream.set_nodelay(true);
            let (acceptor, watcher) = (acceptor.clone(), graceful.watcher());
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let _place = place;
                let shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream));
                let Ok(Ok(stream)) = shaken.await else { return };
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
                let connection = http.serve_connection(TokioIo::new(stream), service);
                // What a visitor does to the connection is not ours to report.
                let _ = watcher.watch(connection).await;
            });
        }
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    });
    Ok(Running { stop, task })
}
