//! A small HTTPS client for MTA-STS policies (RFC 8461 section 3.3).
//!
//! One GET on one connection. What enters is a host name and a path; what
//! leaves is a body of bounded size with its media type. The name is resolved
//! through [`Network::resolver`](super::Network), every address must pass the
//! guard, the certificate must be valid for the name under the network's
//! roots, and everything ends by one deadline.
//!
//! Refused: redirects (RFC 8461 section 3.3 forbids to follow them), every
//! status but 200, bodies beyond the limit, compressed bodies, certificates
//! that do not verify, addresses that the guard forbids. No proxy is used and
//! no cookie, cache or connection is kept.
//!
//! ```
//! use mailseal::wire::https::{HttpsError, Limits};
//! assert_eq!(Limits::default().body, 65_536);
//! assert_eq!(HttpsError::Redirect.code(), "https.redirect");
//! ```

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::header::{
    ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT,
};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Network;
use super::resolver::ResolveError;
use crate::base::Domain;

/// Most addresses of a host that are tried.
const MAX_ADDRESSES: usize = 4;
/// One connection attempt: an address family that leads nowhere must not eat
/// the whole deadline.
const CONNECT: Duration = Duration::from_secs(3);

/// How much and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest body, in bytes.
    pub body: usize,
    /// From the DNS question to the last byte.
    pub total: Duration,
}

impl Default for Limits {
    /// 64 KiB and 10 seconds (RFC 8461 section 3.3 suggests at most a minute).
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            total: Duration::from_secs(10),
        }
    }
}

/// Why there is no body. It names no host and repeats nothing of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpsError {
    /// The host's name could not be resolved.
    #[error("HTTPS: the host's name could not be resolved ({0})")]
    Resolve(ResolveError),
    /// The host's name has no address.
    #[error("HTTPS: the host has no address")]
    NoAddress,
    /// Every address is loopback, private or otherwise internal.
    #[error("HTTPS: every address of the host is internal and forbidden by the guard")]
    Forbidden,
    /// No connection could be opened.
    #[error("HTTPS: no connection to the host could be opened")]
    Connect,
    /// The certificate does not verify for the host's name.
    #[error("HTTPS: the host's certificate does not verify")]
    Certificate,
    /// The TLS handshake failed otherwise.
    #[error("HTTPS: the TLS handshake failed")]
    Tls,
    /// What came is no HTTP response, or it broke off.
    #[error("HTTPS: the response is broken or incomplete")]
    Protocol,
    /// The host redirects.
    #[error("HTTPS: the host redirects, which is refused")]
    Redirect,
    /// A status other than 200.
    #[error("HTTPS: status {0} in place of 200")]
    Status(u16),
    /// The body is compressed.
    #[error("HTTPS: the body is encoded, which was not asked for")]
    Encoded,
    /// The body is longer than the limit.
    #[error("HTTPS: the body is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not finished in time.
    #[error("HTTPS: not finished in time")]
    Timeout,
}

impl HttpsError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Resolve(_) => "https.resolve",
            Self::NoAddress => "https.no_address",
            Self::Forbidden => "https.forbidden",
            Self::Connect => "https.connect",
            Self::Certificate => "https.certificate",
            Self::Tls => "https.tls",
            Self::Protocol => "https.protocol",
            Self::Redirect => "https.redirect",
            Self::Status(_) => "https.status",
            Self::Encoded => "https.encoded",
            Self::TooLarge { .. } => "https.too_large",
            Self::Timeout => "https.timeout",
        }
    }

    /// Whether the same request may succeed later without anybody's help.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Resolve(_) | Self::Connect | Self::Tls | Self::Protocol | Self::Timeout => true,
            Self::Status(status) => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}

/// A body with its media type.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The media type in lower case, without parameters.
    pub media_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Gets `https://host/path`. `path` starts with a slash.
///
/// # Errors
/// [`HttpsError`] for everything but a complete response with status 200.
pub async fn fetch(
    network: &Network,
    host: &Domain,
    path: &str,
    limits: Limits,
) -> Result<Response, HttpsError> {
    timeout(limits.total, fetch_unbounded(network, host, path, limits))
        .await
        .unwrap_or(Err(HttpsError::Timeout))
}

async fn fetch_unbounded(
    network: &Network,
    host: &Domain,
    path: &str,
    limits: Limits,
) -> Result<Response, HttpsError> {
    let addresses = network
        .resolver
        .addresses(host)
        .await
        .map_err(HttpsError::Resolve)?
        .records;
    if addresses.is_empty() {
        return Err(HttpsError::NoAddress);
    }
    let permitted = network.guard.choose(addresses, MAX_ADDRESSES);
    if permitted.is_empty() {
        return Err(HttpsError::Forbidden);
    }
    let tcp = connect(&permitted, network.https_port).await?;
    let tls = handshake(network, host, tcp).await?;

    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(32 * 1024)
        .handshake(TokioIo::new(tls))
        .await
        .map_err(|_| HttpsError::Protocol)?;
    // The set ends the connection's task with this call, however it ends.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);

    let authority = if network.https_port == 443 {
        host.as_str().to_owned()
    } else {
        format!("{}:{}", host.as_str(), network.https_port)
    };
    let request = Request::get(path)
        .header(HOST, authority)
        .header(USER_AGENT, "mailseal")
        .header(ACCEPT, "text/plain")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| HttpsError::Protocol)?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|_| HttpsError::Protocol)?;
    read(response, limits.body).await
}

async fn read(
    response: hyper::Response<hyper::body::Incoming>,
    limit: usize,
) -> Result<Response, HttpsError> {
    match response.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => return Err(HttpsError::Redirect),
        status => return Err(HttpsError::Status(status.as_u16())),
    }
    let headers = response.headers();
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    if text(CONTENT_ENCODING).is_some_and(|e| !e.eq_ignore_ascii_case("identity")) {
        return Err(HttpsError::Encoded);
    }
    let declared = text(CONTENT_LENGTH).and_then(|l| l.parse::<u64>().ok());
    if declared.is_some_and(|l| l > limit as u64) {
        return Err(HttpsError::TooLarge { limit });
    }
    let media_type = text(CONTENT_TYPE)
        .and_then(|t| t.split(';').next())
        .map(|t| t.trim().to_ascii_lowercase());
    let body = Limited::new(response.into_body(), limit)
        .collect()
        .await
        .map_err(|e| {
            if e.is::<LengthLimitError>() {
                HttpsError::TooLarge { limit }
            } else {
                HttpsError::Protocol
            }
        })?
        .to_bytes()
        .to_vec();
    Ok(Response { media_type, body })
}

async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, HttpsError> {
    for address in addresses {
        let target = SocketAddr::new(*address, port);
        if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(target)).await {
            return Ok(stream);
        }
    }
    Err(HttpsError::Connect)
}

async fn handshake(
    network: &Network,
    host: &Domain,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, HttpsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| HttpsError::Tls)?
        .with_root_certificates(network.roots.store())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    let name = ServerName::try_from(host.as_str().to_owned()).map_err(|_| HttpsError::Tls)?;
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .map_err(|error| {
            let inner = error
                .get_ref()
                .and_then(|e| e.downcast_ref::<rustls::Error>());
            match inner {
                Some(rustls::Error::InvalidCertificate(_)) => HttpsError::Certificate,
                _ => HttpsError::Tls,
            }
        })
}
