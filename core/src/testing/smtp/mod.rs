//! A scripted SMTP peer on loopback.
//!
//! Out of the box it is a well-behaved host: STARTTLS (with a certificate),
//! AUTH, PIPELINING, 8BITMIME, SMTPUTF8, SIZE, and it takes every message.
//! [`PeerBuilder::on`] replaces what it does at one point by a script, so that
//! it can be as wrong as a host can be. It keeps what went over the wire, both
//! ways, as an eavesdropper sees it, and what it understood.
//!
//! ```
//! use mailseal::testing::smtp::{Act, SmtpPeer, When};
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let peer = SmtpPeer::builder("mx.clinic.example")
//!     .on(When::Command("RCPT"), vec![Act::say("450 4.2.0 come back\r\n")])
//!     .bind("127.0.0.1:0".parse().unwrap())
//!     .await?;
//! assert!(peer.connections().is_empty());
//! # Ok::<(), std::io::Error>(()) }).unwrap();
//! ```

mod session;
mod tap;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::pki::{ServerCert, ServerOptions};
use session::Shared;

/// Where a script replaces what the peer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// In place of the greeting.
    Connect,
    /// In place of the answer to a command that starts so (in any case).
    Command(&'static str),
    /// The same, but only over TLS.
    TlsCommand(&'static str),
    /// Once so many octets of content have come.
    MidData(usize),
    /// In place of the answer to the final dot.
    FinalDot,
}

/// One act of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// Say these octets.
    Say(Vec<u8>),
    /// Wait for some octets, whatever they are.
    Hear,
    /// Close the connection.
    Close,
    /// Say nothing more, but go on reading.
    Silence,
    /// Neither say nor read anything more.
    Stall,
    /// Say these octets over and over, with a pause between.
    Repeat(Vec<u8>, Duration),
    /// Hand the connection over to this server.
    Pipe(SocketAddr),
    /// Shake hands now, and go on over TLS.
    Handshake,
    /// Take content up to the final dot.
    Content,
    /// Forget what was heard and not yet answered.
    Forget,
    /// Do what a well-behaved host does here.
    Behave,
}

impl Act {
    /// Say this text.
    pub fn say(text: &str) -> Self {
        Self::Say(text.as_bytes().to_vec())
    }
}

/// A message that the peer took.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// What stood in `MAIL FROM:`, with parameters.
    pub sender: String,
    /// What stood in each `RCPT TO:` that was taken.
    pub recipients: Vec<String>,
    /// The content, dots removed.
    pub content: Vec<u8>,
    /// Whether it came over TLS.
    pub tls: bool,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} octets)", self.content.len())
    }
}

/// What one connection was.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Seen {
    /// Octets from the client, as they were on the wire.
    pub heard: Vec<u8>,
    /// Octets to the client, as they were on the wire.
    pub said: Vec<u8>,
    /// The commands that were understood, over TLS too.
    pub commands: Vec<String>,
    /// Whether a handshake was finished.
    pub tls: bool,
    /// Whether `MAIL FROM` was said, over TLS or not.
    pub mail_from: bool,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seen({} commands)", self.commands.len())
    }
}

#[derive(Debug, Default)]
struct Log {
    connections: Vec<Seen>,
    messages: Vec<Received>,
}

/// Describes a peer.
#[derive(Debug, Clone)]
pub struct PeerBuilder {
    name: String,
    cert: Option<ServerCert>,
    implicit: bool,
    options: ServerOptions,
    clear: Vec<String>,
    over_tls: Vec<String>,
    login: Option<(String, String)>,
    greylist: bool,
    max_recipients: usize,
    rules: Vec<(When, Vec<Act>)>,
}

impl PeerBuilder {
    /// With STARTTLS and this certificate.
    #[must_use]
    pub fn starttls(mut self, cert: ServerCert) -> Self {
        self.cert = Some(cert);
        self.clear.push("STARTTLS".into());
        self
    }

    /// With TLS from the first octet.
    #[must_use]
    pub fn implicit_tls(mut self, cert: ServerCert) -> Self {
        self.cert = Some(cert);
        self.implicit = true;
        self
    }

    /// With TLS 1.2 and no newer.
    #[must_use]
    pub fn tls12_only(mut self) -> Self {
        self.options.tls12_only = true;
        self
    }

    /// Refuses every name in the handshake.
    #[must_use]
    pub fn refuse_sni(mut self) -> Self {
        self.options.refuse_sni = true;
        self
    }

    /// Asks for this user and password (or token) over TLS before mail, by
    /// `mechanisms`, e.g. `PLAIN LOGIN`.
    #[must_use]
    pub fn auth(mut self, mechanisms: &str, user: &str, secret: &str) -> Self {
        self.login = Some((user.into(), secret.into()));
        self.over_tls.push(format!("AUTH {mechanisms}"));
        self
    }

    /// Offers this as well, in clear and over TLS.
    #[must_use]
    pub fn offer(mut self, extension: &str) -> Self {
        self.clear.push(extension.into());
        self.over_tls.push(extension.into());
        self
    }

    /// Offers this as well, in clear only.
    #[must_use]
    pub fn offer_in_clear(mut self, extension: &str) -> Self {
        self.clear.push(extension.into());
        self
    }

    /// Does not offer this.
    #[must_use]
    pub fn withhold(mut self, extension: &str) -> Self {
        self.clear.retain(|e| !e.starts_with(extension));
        self.over_tls.retain(|e| !e.starts_with(extension));
        self
    }

    /// Puts off the first message.
    #[must_use]
    pub fn greylist(mut self) -> Self {
        self.greylist = true;
        self
    }

    /// Takes so many recipients at once, and answers 452 to the rest.
    #[must_use]
    pub fn max_recipients(mut self, count: usize) -> Self {
        self.max_recipients = count;
        self
    }

    /// Follows this script there. Later rules come first.
    #[must_use]
    pub fn on(mut self, when: When, script: Vec<Act>) -> Self {
        self.rules.insert(0, (when, script));
        self
    }

    /// Opens the port.
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub async fn bind(self, address: SocketAddr) -> io::Result<SmtpPeer> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let log = Arc::new(Mutex::new(Log::default()));
        let now = Arc::new(Mutex::new(Now {
            shared: self.shared(&log),
            tasks: JoinSet::new(),
        }));
        let accepting = Arc::clone(&now);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut now = lock(&accepting);
                let shared = Arc::clone(&now.shared);
                now.tasks
                    .spawn(async move { shared.connection(stream).await });
            }
        });
        Ok(SmtpPeer {
            address,
            log,
            now,
            task,
        })
    }

    fn shared(self, log: &Arc<Mutex<Log>>) -> Arc<Shared> {
        Arc::new(Shared {
            acceptor: self
                .cert
                .as_ref()
                .filter(|_| self.has_served_key())
                .map(|cert| TlsAcceptor::from(cert.server_config(self.options))),
            behaviour: self,
            log: Arc::clone(log),
            greylisted: Mutex::new(false),
        })
    }

    /// A piped handshake needs no key of ours.
    fn has_served_key(&self) -> bool {
        !self
            .rules
            .iter()
            .any(|(_, script)| script.iter().any(|act| matches!(act, Act::Pipe(_))))
    }
}

/// A peer that listens until it is dropped.
pub struct SmtpPeer {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
    now: Arc<Mutex<Now>>,
    task: JoinHandle<()>,
}

/// How the peer behaves now, and the connections that it has; their tasks end
/// with the peer.
struct Now {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl fmt::Debug for SmtpPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpPeer({})", self.address)
    }
}

impl Drop for SmtpPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpPeer {
    /// A peer of this name, with no TLS until it is given a certificate.
    pub fn builder(name: &str) -> PeerBuilder {
        let offers = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 52428800"];
        let offers: Vec<String> = offers.iter().map(ToString::to_string).collect();
        PeerBuilder {
            name: name.into(),
            cert: None,
            implicit: false,
            options: ServerOptions::default(),
            clear: offers.clone(),
            over_tls: offers,
            login: None,
            greylist: false,
            max_recipients: usize::MAX,
            rules: Vec::new(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the connections that it has, and behaves so from now on. What was
    /// seen so far stays.
    pub fn change(&self, behaviour: PeerBuilder) {
        let mut now = lock(&self.now);
        now.shared = behaviour.shared(&self.log);
        now.tasks.abort_all();
    }

    /// What each connection was, in order.
    pub fn connections(&self) -> Vec<Seen> {
        lock(&self.log).connections.clone()
    }

    /// The messages it took, in order.
    pub fn messages(&self) -> Vec<Received> {
        lock(&self.log).messages.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
