//! An MTA-STS policy host on loopback (RFC 8461 section 3.3).
//!
//! One HTTPS server stands for the policy hosts of all domains that the test
//! names. Each gets a certificate for `mta-sts.<domain>` from the server's own
//! root, and answers as the test says; that can be changed while it runs.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use mailseal::testing::sts::{StsReply, TestSts};
//! let sts = TestSts::start().await?;
//! sts.set("harbor.example", StsReply::policy("enforce", &["mx.harbor.example"], 86_400));
//! assert_eq!(sts.requests("harbor.example"), 0);
//! # Ok(()) }
//! ```

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::wire::tls::Roots;

/// How the policy host of a domain answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StsReply {
    /// 200, `text/plain`, this body.
    Text(String),
    /// 200, this media type, this body.
    Typed(String, String),
    /// 200, `text/plain`, bytes that are not UTF-8.
    Binary,
    /// 301 to another path of the same host, where the policy is.
    Redirect,
    /// This status with no body.
    Status(u16),
    /// 200 with 65,537 bytes, announced.
    Oversize,
    /// 200 with bytes that do not end, unannounced.
    Endless,
    /// A request is taken and never answered.
    Silent,
    /// The connection is closed within the body.
    Cut,
    /// A certificate for another name.
    WrongName,
    /// A certificate that has expired.
    Expired,
    /// A certificate of a root that nobody knows.
    UnknownIssuer,
    /// No TLS handshake at all.
    NoTls,
}

impl StsReply {
    /// A well-formed policy with LF line ends.
    pub fn policy(mode: &str, mx: &[&str], max_age: u64) -> Self {
        let mx: String = mx.iter().map(|host| format!("mx: {host}\n")).collect();
        Self::Text(format!(
            "version: STSv1\nmode: {mode}\n{mx}max_age: {max_age}\n"
        ))
    }
}

#[derive(Default)]
struct Hosts {
    replies: HashMap<String, StsReply>,
    certificates: HashMap<String, Arc<CertifiedKey>>,
    requests: HashMap<String, usize>,
}

/// The policy hosts. Clones share one server, which ends with the last.
#[derive(Clone)]
pub struct TestSts {
    address: SocketAddr,
    root: Arc<Authority>,
    hosts: Arc<Mutex<Hosts>>,
    _tasks: Arc<JoinSet<()>>,
}

impl fmt::Debug for TestSts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSts")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl TestSts {
    /// Starts on a free port of 127.0.0.1, with a root of its own.
    ///
    /// # Errors
    /// Where no port or no key can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let root = Arc::new(Authority::make().map_err(io::Error::other)?);
        let hosts = Arc::new(Mutex::new(Hosts::default()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ByName(Arc::clone(&hosts))));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            Arc::clone(&hosts),
        ));
        Ok(Self {
            address,
            root,
            hosts,
            _tasks: Arc::new(tasks),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on, for `Network::ports`.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its root certificate, DER, to be put beside others.
    pub fn root_der(&self) -> Vec<u8> {
        self.root.der.clone()
    }

    /// Its root alone.
    ///
    /// # Panics
    /// Never: the root was made here.
    #[allow(clippy::expect_used)]
    pub fn roots(&self) -> Roots {
        Roots::from_der([&self.root.der]).expect("the root was made here")
    }

    /// Lets the policy host of `domain` answer so from now on.
    ///
    /// # Panics
    /// Where `domain` is no host name.
    #[allow(clippy::expect_used)]
    pub fn set(&self, domain: &str, reply: StsReply) -> &Self {
        let host = format!("mta-sts.{}", domain.to_ascii_lowercase());
        let certificate = self
            .root
            .certificate(&host, &reply)
            .expect("a test gives a valid domain");
        let mut hosts = self.hosts();
        hosts.certificates.insert(host.clone(), certificate);
        hosts.replies.insert(host, reply);
        drop(hosts);
        self
    }

    /// How many requests for the policy of `domain` were read.
    pub fn requests(&self, domain: &str) -> usize {
        let host = format!("mta-sts.{}", domain.to_ascii_lowercase());
        self.hosts().requests.get(&host).copied().unwrap_or(0)
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A root and what it signs.
struct Authority {
    der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn make() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params
            .distinguished_name
            .push(DnType::CommonName, "mailseal test root (policy hosts)");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate()?;
        let der = params.self_signed(&key)?.der().to_vec();
        Ok(Self {
            der,
            issuer: Issuer::new(params, key),
        })
    }

    fn certificate(
        &self,
        host: &str,
        reply: &StsReply,
    ) -> Result<Arc<CertifiedKey>, Box<dyn std::error::Error>> {
        let name = match reply {
            StsReply::WrongName => "mta-sts.other.example",
            _ => host,
        };
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        if *reply == StsReply::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2020, 2, 1);
        }
        let key = KeyPair::generate()?;
        let signed = if *reply == StsReply::UnknownIssuer {
            params.signed_by(&key, &Self::make()?.issuer)?
        } else {
            params.signed_by(&key, &self.issuer)?
        };
        let chain = vec![CertificateDer::from(signed.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)?;
        Ok(Arc::new(CertifiedKey::new(chain, key)))
    }
}

/// Picks the certificate by the name that the client asks for.
struct ByName(Arc<Mutex<Hosts>>);

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByName")
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = hello.server_name()?;
        if hosts.replies.get(name) == Some(&StsReply::NoTls) {
            return None;
        }
        hosts.certificates.get(name).map(Arc::clone)
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, hosts: Arc<Mutex<Hosts>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.spawn(connection(stream, acceptor.clone(), Arc::clone(&hosts)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, hosts: Arc<Mutex<Hosts>>) {
    let Ok(tls) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(move |request| respond(request, Arc::clone(&hosts)));
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(tls), service)
        .await;
}

type Body = BoxBody<Bytes, io::Error>;

async fn respond<B>(
    request: Request<B>,
    hosts: Arc<Mutex<Hosts>>,
) -> Result<Response<Body>, Infallible> {
    let host = request
        .headers()
        .get(hyper::header::HOST)
        .and_then(|h| h.to_str().ok())
        .and_then(|h| h.split(':').next())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let reply = {
        let mut hosts = hosts.lock().unwrap_or_else(PoisonError::into_inner);
        *hosts.requests.entry(host.clone()).or_default() += 1;
        hosts.replies.get(&host).cloned()
    };
    let path = request.uri().path();
    Ok(match reply {
        Some(StsReply::Redirect) if path == "/policy.txt" => full(
            200,
            "text/plain",
            "version: STSv1\nmode: enforce\nmx: *.example\nmax_age: 86400\n",
        ),
        _ if path != "/.well-known/mta-sts.txt" => full(404, "text/plain", ""),
        Some(StsReply::Text(body)) => full(200, "text/plain; charset=utf-8", body),
        Some(StsReply::Typed(media_type, body)) => full(200, &media_type, body),
        Some(StsReply::Binary) => full(200, "text/plain", &b"version: STSv1\n\xff\xfe\n"[..]),
        Some(StsReply::Redirect) => {
            let mut response = full(301, "text/plain", "");
            let to = format!("https://{host}/policy.txt");
            if let Ok(to) = to.parse() {
                response.headers_mut().insert(hyper::header::LOCATION, to);
            }
            response
        }
        Some(StsReply::Status(status)) => full(status, "text/plain", ""),
        Some(StsReply::Oversize) => full(200, "text/plain", vec![b'\n'; 65_537]),
        Some(StsReply::Endless) => chunks(false),
        Some(StsReply::Cut) => chunks(true),
        Some(StsReply::Silent) => std::future::pending().await,
        _ => full(404, "text/plain", ""),
    })
}

fn full(status: u16, media_type: &str, body: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(body.into()).map_err(|never| match never {});
    let mut response = Response::new(body.boxed());
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    if let Ok(media_type) = media_type.parse() {
        response
            .headers_mut()
            .insert(hyper::header::CONTENT_TYPE, media_type);
    }
    response
}

/// Chunks without end, or one chunk and then a broken connection.
fn chunks(cut: bool) -> Response<Body> {
    let stream = futures_util::stream::unfold(0u32, move |sent| async move {
        let frame = if cut && sent == 1 {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        } else {
            Ok(hyper::body::Frame::data(Bytes::from_static(
                b"version: STSv1\nmode: enforce\nmx: *.example\nmax_age: 86400\n",
            )))
        };
        Some((frame, sent + 1))
    });
    let mut response = Response::new(http_body_util::StreamBody::new(stream).boxed());
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("text/plain"),
    );
    response
}
