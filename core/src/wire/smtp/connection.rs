//! The session on a real connection: reads, writes, deadlines.
//!
//! Every wait has a deadline: one for the stage (RFC 5321 section 4.5.3.2) and
//! one for everything up to the final dot, so that a host that sends an octet
//! a second cannot hold a slot for longer. A stage's deadline covers the whole
//! reply, not the octet. After the final dot only the stage's own deadline
//! counts: giving up there leaves the outcome unknown.

use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::content::DotStuffer;
use super::fault::{Fault, Verdict};
use super::session::{Session, SessionConfig, Step};
use super::transaction::Transaction;
use crate::wire::smtp::{Barrier, Cause, Delivery, Stage};
use crate::wire::tls::TlsSeen;
use crate::wire::tls::{TlsFailure, TlsPlan, handshake};

/// How long each stage may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Finding the host's addresses.
    pub resolve: Duration,
    /// Opening the connection to one address.
    pub connect: Duration,
    /// The greeting.
    pub greeting: Duration,
    /// The reply to `EHLO`, `STARTTLS`, `AUTH`, `MAIL`, `RCPT`, each.
    pub command: Duration,
    /// The TLS handshake.
    pub handshake: Duration,
    /// The reply to `DATA`.
    pub data: Duration,
    /// Handing one block of content to the network.
    pub block: Duration,
    /// The reply to the final dot.
    pub final_reply: Duration,
    /// All hosts and stages together, up to the final dot.
    pub total: Duration,
}

impl Default for Timeouts {
    /// RFC 5321 section 4.5.3.2, with a minute for what no live host needs
    /// longer for, and twelve minutes in total: less than the
    /// lease of a copy in the outbox.
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            resolve: Duration::from_secs(30),
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            command: minutes(5),
            handshake: minutes(1),
            data: minutes(2),
            block: minutes(3),
            final_reply: minutes(10),
            total: minutes(12),
        }
    }
}

impl Timeouts {
    pub(crate) fn of(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Resolve => self.resolve,
            Stage::Connect => self.connect,
            Stage::Greeting => self.greeting,
            Stage::Data => self.data,
            Stage::Final => self.final_reply,
            _ => self.command,
        }
    }
}

/// A byte stream: TCP, TLS over TCP, or a pipe in tests.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// The octets of content that are handed over at once.
const BLOCK: usize = 32 * 1024;

/// What a transaction came to.
#[derive(Debug)]
pub(crate) struct Ended {
    /// For each recipient, where something was decided.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    /// What ended the connection, if something did.
    pub(crate) fault: Option<Fault>,
}

/// A connection whose session can take transactions.
pub(crate) struct Connection {
    io: Option<Box<dyn Io>>,
    session: Session,
    timeouts: Timeouts,
    /// All that must be over before the final dot.
    deadline: Instant,
    /// Which reply is awaited, and until when.
    reply: Option<(u64, Instant)>,
    seen: Option<TlsSeen>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection(***)")
    }
}

impl Connection {
    /// Goes from an open stream to a session that can take transactions.
    pub(crate) async fn open(
        io: Box<dyn Io>,
        config: SessionConfig,
        plan: &TlsPlan,
        timeouts: Timeouts,
        deadline: Instant,
    ) -> (Self, Result<(), Fault>) {
        let mut connection = Self {
            io: Some(io),
            session: Session::new(config),
            timeouts,
            deadline,
            reply: None,
            seen: None,
        };
        let result = connection.set_up(plan).await;
        (connection, result)
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// What the handshake showed.
    pub(crate) fn seen(&self) -> Option<&TlsSeen> {
        self.seen.as_ref()
    }

    /// The deadline of the next transaction.
    pub(crate) fn renew(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    async fn set_up(&mut self, plan: &TlsPlan) -> Result<(), Fault> {
        loop {
            match self.session.step()? {
                // It may hold credentials.
                Step::Write(bytes) => self.write(&Zeroizing::new(bytes), Stage::Ehlo).await?,
                Step::Read(stage) => self.read(stage).await?,
                Step::Handshake => self.secure(plan).await?,
                Step::Ready => return Ok(()),
                Step::Content | Step::Barrier | Step::Done => return Err(closed(Stage::MailFrom)),
            }
        }
    }

    async fn secure(&mut self, plan: &TlsPlan) -> Result<(), Fault> {
        let io = self.io.take().ok_or_else(|| closed(Stage::Tls))?;
        let until = self.until(self.timeouts.handshake);
        let fault = |cause, text| Fault::local(Stage::Tls, cause, text);
        match timeout_at(until, handshake(io, plan)).await {
            Ok(Ok((stream, seen))) => {
                self.session.secured(seen.evidence.clone());
                self.seen = Some(seen);
                self.io = Some(Box::new(stream));
                Ok(())
            }
            Ok(Err(TlsFailure::Handshake(word))) => Err(fault(Cause::TlsHandshake, word)),
            Ok(Err(TlsFailure::Certificate(word))) => Err(fault(Cause::TlsCertificate, word)),
            Ok(Err(TlsFailure::Disconnected)) => Err(closed(Stage::Tls)),
            Err(_) => Err(fault(Cause::Timeout, "no handshake in time")),
        }
    }

    /// Runs one transaction to its end.
    pub(crate) async fn transact(
        &mut self,
        transaction: Transaction,
        message: &[u8],
        barrier: &dyn Barrier,
    ) -> Ended {
        if let Err(fault) = self.session.begin(transaction) {
            return Ended {
                verdicts: Vec::new(),
                fault: Some(fault),
            };
        }
        let mut dotted = false;
        let fault = self.run(message, barrier, &mut dotted).await.err();
        if fault.is_some() {
            // Whatever it was, nothing more is said here; above all no dot.
            self.io = None;
        }
        let mut verdicts = self.session.take_verdicts();
        if let (true, Some(fault)) = (dotted, &fault) {
            for slot in verdicts.iter_mut().filter(|slot| slot.is_none()) {
                *slot = Some(Verdict::new(Delivery::Unknown, fault.clone()));
            }
        }
        Ended { verdicts, fault }
    }

    async fn run(
        &mut self,
        message: &[u8],
        barrier: &dyn Barrier,
        dotted: &mut bool,
    ) -> Result<(), Fault> {
        let mut stage = Stage::MailFrom;
        loop {
            match self.session.step()? {
                Step::Write(bytes) => self.write(&bytes, stage).await?,
                Step::Read(reading) => {
                    stage = reading;
                    self.read(reading).await?;
                }
                Step::Content => {
                    stage = Stage::Data;
                    self.content(message).await?;
                    self.session.content_written();
                }
                Step::Barrier => {
                    self.look_for_early_reply()?;
                    barrier.before_final_dot().await.map_err(|_| {
                        Fault::local(Stage::Data, Cause::Barrier, "the barrier failed")
                    })?;
                    stage = Stage::Final;
                    *dotted = true;
                    self.session.barrier_passed();
                }
                Step::Done => return Ok(()),
                Step::Handshake | Step::Ready => return Err(closed(stage)),
            }
        }
    }

    async fn content(&mut self, message: &[u8]) -> Result<(), Fault> {
        let mut stuffer = DotStuffer::new();
        let mut block = Vec::with_capacity(BLOCK + BLOCK / 16);
        for part in message.chunks(BLOCK) {
            block.clear();
            stuffer.push(part, &mut block);
            self.write_content(&block).await?;
        }
        block.clear();
        stuffer.finish(&mut block);
        self.write_content(&block).await
    }

    async fn write_content(&mut self, block: &[u8]) -> Result<(), Fault> {
        let Err(fault) = self.write(block, Stage::Data).await else {
            return Ok(());
        };
        // A host that gives up in the middle often says why before it closes.
        self.look_for_early_reply()?;
        Err(fault)
    }

    /// Takes what is there already, without waiting.
    fn look_for_early_reply(&mut self) -> Result<(), Fault> {
        let mut chunk = [0u8; 4096];
        if let Some(io) = &mut self.io {
            match io.read(&mut chunk).now_or_never() {
                Some(Ok(0)) => return Err(closed(Stage::Data)),
                Some(Ok(count)) => self.session.feed(chunk.get(..count).unwrap_or_default()),
                Some(Err(_)) | None => {}
            }
        }
        self.session.early_reply()
    }

    /// Whether a connection that lay idle can be used again: it is open, and
    /// the host said nothing meanwhile.
    pub(crate) fn is_usable(&mut self) -> bool {
        let mut chunk = [0u8; 1];
        self.session.is_ready()
            && self
                .io
                .as_mut()
                .is_some_and(|io| io.read(&mut chunk).now_or_never().is_none())
    }

    fn until(&self, limit: Duration) -> Instant {
        let stage = Instant::now() + limit;
        stage.min(self.deadline)
    }

    async fn write(&mut self, bytes: &[u8], stage: Stage) -> Result<(), Fault> {
        let until = match stage {
            Stage::Final => Instant::now() + self.timeouts.block,
            _ => self.until(self.timeouts.block),
        };
        let io = self.io.as_mut().ok_or_else(|| closed(stage))?;
        let written = timeout_at(until, async {
            io.write_all(bytes).await?;
            io.flush().await
        })
        .await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(closed(stage)),
            Err(_) => Err(late(stage)),
        }
    }

    async fn read(&mut self, stage: Stage) -> Result<(), Fault> {
        let heard = self.session.heard();
        let until = match self.reply {
            // The same reply still: an octet now and then buys no time.
            Some((awaited, until)) if awaited == heard => until,
            _ => match stage {
                Stage::Final => Instant::now() + self.timeouts.final_reply,
                _ => self.until(self.timeouts.of(stage)),
            },
        };
        self.reply = Some((heard, until));
        let io = self.io.as_mut().ok_or_else(|| closed(stage))?;
        let mut chunk = [0u8; 4096];
        match timeout_at(until, io.read(&mut chunk)).await {
            Ok(Ok(0) | Err(_)) => Err(closed(stage)),
            Ok(Ok(count)) => {
                self.session.feed(chunk.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(_) => Err(late(stage)),
        }
    }

    /// Takes leave, if the connection still stands.
    pub(crate) async fn quit(mut self) {
        if let Some(mut io) = self.io.take() {
            let until = Instant::now() + Duration::from_secs(2).min(self.timeouts.command);
            // Nothing depends on the answer.
            let _ = timeout_at(until, async {
                io.write_all(b"QUIT\r\n").await?;
                io.flush().await?;
                let mut chunk = [0u8; 512];
                let _goodbye = io.read(&mut chunk).await?;
                io.shutdown().await
            })
            .await;
        }
    }
}

fn closed(stage: Stage) -> Fault {
    Fault::local(stage, Cause::Disconnected, "the connection ended")
}

fn late(stage: Stage) -> Fault {
    Fault::local(stage, Cause::Timeout, "no answer in time")
}
