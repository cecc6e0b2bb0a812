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
#![allow(clippy::expect_used)] // a fixture that breaks is a broken test

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::pki::{ServerCert, ServerOptions};

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

struct Shared {
    behaviour: PeerBuilder,
    acceptor: Option<TlsAcceptor>,
    log: Arc<Mutex<Log>>,
    greylisted: Mutex<bool>,
}

impl Shared {
    async fn connection(&self, stream: TcpStream) {
        let index = {
            let mut log = lock(&self.log);
            log.connections.push(Seen::default());
            log.connections.len() - 1
        };
        // A peer's end is no error: clients go away as they like.
        let _ = stream.set_nodelay(true);
        let mut session = PeerSession {
            shared: self,
            io: Some(Box::new(Tap {
                stream,
                log: Arc::clone(&self.log),
                index,
            })),
            index,
            buffer: Vec::new(),
            tls: false,
            authenticated: false,
            sender: None,
            recipients: Vec::new(),
        };
        let _ = session.run().await;
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// What a script stands in place of.
enum Instead<'a> {
    Greeting,
    Command(&'a str, &'a str),
    Nothing,
    Taking(Vec<u8>),
}

struct PeerSession<'a> {
    shared: &'a Shared,
    io: Option<Box<dyn Io>>,
    index: usize,
    buffer: Vec<u8>,
    tls: bool,
    authenticated: bool,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl PeerSession<'_> {
    fn io(&mut self) -> io::Result<&mut Box<dyn Io>> {
        self.io.as_mut().ok_or_else(gone)
    }

    fn seen(&self, f: impl FnOnce(&mut Seen)) {
        if let Some(seen) = lock(&self.shared.log).connections.get_mut(self.index) {
            f(seen);
        }
    }

    async fn run(&mut self) -> io::Result<()> {
        if self.shared.behaviour.implicit {
            self.handshake().await?;
        }
        match self.script(|when| when == When::Connect) {
            Some(script) => self.play(script, Instead::Greeting).await?,
            None => self.behave(Instead::Greeting).await?,
        }
        loop {
            let line = self.line().await?;
            let upper = line.to_ascii_uppercase();
            self.seen(|seen| {
                seen.mail_from |= upper.starts_with("MAIL");
                seen.commands.push(line.clone());
            });
            let tls = self.tls;
            let script = self.script(|when| match when {
                When::Command(prefix) => upper.starts_with(&prefix.to_ascii_uppercase()),
                When::TlsCommand(prefix) => tls && upper.starts_with(&prefix.to_ascii_uppercase()),
                _ => false,
            });
            let instead = Instead::Command(&line, &upper);
            match script {
                Some(script) => self.play(script, instead).await?,
                None => self.behave(instead).await?,
            }
        }
    }

    fn script(&self, matches: impl Fn(When) -> bool) -> Option<Vec<Act>> {
        self.shared
            .behaviour
            .rules
            .iter()
            .find(|(when, _)| matches(*when))
            .map(|(_, script)| script.clone())
    }

    /// What a well-behaved host does.
    async fn behave(&mut self, instead: Instead<'_>) -> io::Result<()> {
        match instead {
            Instead::Greeting => {
                let greeting = format!("220 {} ESMTP\r\n", self.shared.behaviour.name);
                self.say(&greeting).await
            }
            Instead::Command(line, upper) => self.command(line, upper).await,
            Instead::Nothing => Ok(()),
            Instead::Taking(content) => {
                lock(&self.shared.log).messages.push(Received {
                    sender: self.sender.take().unwrap_or_default(),
                    recipients: std::mem::take(&mut self.recipients),
                    content,
                    tls: self.tls,
                });
                self.say("250 2.0.0 queued\r\n").await
            }
        }
    }

    async fn play(&mut self, script: Vec<Act>, instead: Instead<'_>) -> io::Result<()> {
        let mut instead = Some(instead);
        for act in script {
            match act {
                Act::Say(octets) => self.say_octets(&octets).await?,
                Act::Hear => self.fill().await?,
                Act::Close => return Err(gone()),
                Act::Silence => loop {
                    self.buffer.clear();
                    self.fill().await?;
                },
                Act::Stall => std::future::pending::<()>().await,
                Act::Repeat(octets, pause) => {
                    let mut ticks = tokio::time::interval(pause.max(Duration::from_millis(1)));
                    loop {
                        ticks.tick().await;
                        self.say_octets(&octets).await?;
                    }
                }
                Act::Pipe(address) => {
                    let mut other = TcpStream::connect(address).await?;
                    let io = self.io()?;
                    tokio::io::copy_bidirectional(io, &mut other).await?;
                    return Err(gone());
                }
                Act::Handshake => self.handshake().await?,
                Act::Content => Box::pin(self.content()).await?,
                Act::Forget => self.buffer.clear(),
                Act::Behave => {
                    if let Some(instead) = instead.take() {
                        Box::pin(self.behave(instead)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn handshake(&mut self) -> io::Result<()> {
        let acceptor = self.shared.acceptor.clone().ok_or_else(gone)?;
        let io = self.io.take().ok_or_else(gone)?;
        let stream = acceptor.accept(io).await?;
        self.io = Some(Box::new(stream));
        self.buffer.clear();
        self.tls = true;
        self.seen(|seen| seen.tls = true);
        Ok(())
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.say_octets(text.as_bytes()).await
    }

    async fn say_octets(&mut self, octets: &[u8]) -> io::Result<()> {
        let io = self.io()?;
        io.write_all(octets).await?;
        io.flush().await
    }

    async fn fill(&mut self) -> io::Result<()> {
        let mut chunk = vec![0u8; 64 * 1024];
        let count = self.io()?.read(&mut chunk).await?;
        if count == 0 {
            return Err(gone());
        }
        self.buffer
            .extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(())
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect::<Vec<_>>();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            if self.buffer.len() > 64 * 1024 {
                return Err(gone());
            }
            self.fill().await?;
        }
    }

    async fn command(&mut self, line: &str, upper: &str) -> io::Result<()> {
        let behaviour = &self.shared.behaviour;
        match upper.split(' ').next().unwrap_or_default() {
            "EHLO" => {
                let offers = if self.tls {
                    &behaviour.over_tls
                } else {
                    &behaviour.clear
                };
                let mut lines = vec![behaviour.name.clone()];
                lines.extend(offers.iter().cloned());
                let last = lines.len() - 1;
                let reply: String = lines
                    .iter()
                    .enumerate()
                    .map(|(i, line)| format!("250{}{line}\r\n", if i == last { ' ' } else { '-' }))
                    .collect();
                self.say(&reply).await
            }
            "HELO" | "NOOP" => self.say("250 2.0.0 ok\r\n").await,
            "STARTTLS" if self.shared.acceptor.is_some() && !self.tls => {
                self.say("220 2.0.0 go ahead\r\n").await?;
                self.handshake().await
            }
            "AUTH" if self.tls => self.authenticate(line).await,
            "MAIL" if behaviour.login.is_some() && !self.authenticated => {
                self.say("530 5.7.0 who are you\r\n").await
            }
            "MAIL" => {
                self.sender = Some(line.get(10..).unwrap_or_default().to_owned());
                self.recipients.clear();
                self.say("250 2.1.0 ok\r\n").await
            }
            "RCPT" if self.sender.is_none() => self.say("503 5.5.1 MAIL first\r\n").await,
            "RCPT" => {
                if behaviour.greylist
                    && !std::mem::replace(&mut *lock(&self.shared.greylisted), true)
                {
                    return self.say("450 4.2.0 greylisted, try again\r\n").await;
                }
                if self.recipients.len() >= behaviour.max_recipients {
                    return self.say("452 4.5.3 too many recipients\r\n").await;
                }
                let to = line.get(8..).unwrap_or_default();
                self.recipients.push(to.to_owned());
                self.say("250 2.1.5 ok\r\n").await
            }
            "DATA" if self.recipients.is_empty() => self.say("503 5.5.1 RCPT first\r\n").await,
            "DATA" => {
                self.say("354 go ahead\r\n").await?;
                Box::pin(self.content()).await
            }
            "RSET" => {
                self.sender = None;
                self.recipients.clear();
                self.say("250 2.0.0 ok\r\n").await
            }
            "QUIT" => {
                self.say("221 2.0.0 bye\r\n").await?;
                Err(gone())
            }
            _ => self.say("502 5.5.1 what\r\n").await,
        }
    }

    async fn authenticate(&mut self, line: &str) -> io::Result<()> {
        let Some((user, secret)) = self.shared.behaviour.login.clone() else {
            return self.say("503 5.5.1 no\r\n").await;
        };
        let words: Vec<_> = line.split(' ').collect();
        let good = match words.as_slice() {
            [_, "PLAIN", response] => *response == BASE64.encode(format!("\0{user}\0{secret}")),
            [_, "XOAUTH2", response] => {
                let expected = format!("user={user}\u{1}auth=Bearer {secret}\u{1}\u{1}");
                let good = *response == BASE64.encode(expected);
                if !good {
                    self.say("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n").await?;
                    self.line().await?;
                }
                good
            }
            [_, "LOGIN"] => {
                self.say("334 VXNlcm5hbWU6\r\n").await?;
                let given_user = self.line().await?;
                self.say("334 UGFzc3dvcmQ6\r\n").await?;
                let given_secret = self.line().await?;
                given_user == BASE64.encode(user) && given_secret == BASE64.encode(secret)
            }
            _ => return self.say("504 5.5.4 unknown mechanism\r\n").await,
        };
        self.authenticated = good;
        if good {
            self.say("235 2.7.0 welcome\r\n").await
        } else {
            self.say("535 5.7.8 no\r\n").await
        }
    }

    async fn content(&mut self) -> io::Result<()> {
        let mid = self
            .shared
            .behaviour
            .rules
            .iter()
            .find_map(|(when, s)| match when {
                When::MidData(count) => Some((*count, s.clone())),
                _ => None,
            });
        let mut searched = 0;
        let end = loop {
            if self.buffer.starts_with(b".\r\n") {
                break 0;
            }
            let from = self.buffer.get(searched..).unwrap_or_default();
            if let Some(at) = from.windows(5).position(|w| w == b"\r\n.\r\n") {
                break searched + at + 2;
            }
            searched = self.buffer.len().saturating_sub(4);
            if let Some((count, script)) = &mid
                && self.buffer.len() >= *count
            {
                self.play(script.clone(), Instead::Nothing).await?;
            }
            self.fill().await?;
        };
        let stuffed: Vec<u8> = self.buffer.drain(..end + 3).take(end).collect();
        let mut content = Vec::with_capacity(stuffed.len());
        for line in stuffed.split_inclusive(|&b| b == b'\n') {
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        let taking = Instead::Taking(content);
        match self.script(|when| when == When::FinalDot) {
            Some(script) => self.play(script, taking).await,
            None => self.behave(taking).await,
        }
    }
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// Keeps what goes over the wire.
struct Tap {
    stream: TcpStream,
    log: Arc<Mutex<Log>>,
    index: usize,
}

impl Tap {
    fn seen(&self, f: impl FnOnce(&mut Seen)) {
        if let Some(seen) = lock(&self.log).connections.get_mut(self.index) {
            f(seen);
        }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        let new = buf.filled().get(before..).unwrap_or_default();
        self.seen(|seen| seen.heard.extend_from_slice(new));
        result
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = &result {
            let new = buf.get(..*count).unwrap_or_default();
            self.seen(|seen| seen.said.extend_from_slice(new));
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
