//! What the peer does on one connection.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::tap::Tap;
use super::{Act, Log, PeerBuilder, Received, Seen, When, lock};

pub(super) struct Shared {
    pub(super) behaviour: PeerBuilder,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) log: Arc<Mutex<Log>>,
    pub(super) greylisted: Mutex<bool>,
}

impl Shared {
    pub(super) async fn connection(&self, stream: TcpStream) {
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
