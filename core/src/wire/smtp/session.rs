//! The SMTP session without its I/O (RFC 5321, 3207, 4954, 2920).
//!
//! Bytes from the network enter by [`Session::feed`]; [`Session::step`] says
//! what to do next: write, read, shake hands, write the content, await the
//! barrier. Nothing here waits or reads a clock, so every reply a host can
//! give can be tried without a network.
//!
//! A command is said only when nothing unread is left of the host: a reply
//! that nobody asked for ends the session. What was learnt before TLS is
//! forgotten. `MAIL FROM` is said in one place, [`Session::begin`], and there
//! the connection's own evidence is held against the floor.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use super::extensions::Extensions;
use super::fault::{Fault, Verdict};
use super::reply::{Reply, ReplyParser};
use super::transaction::{Command, Transaction};
use crate::base::{Domain, Secret, TlsAssurance};
use crate::wire::smtp::{Cause, Stage};
use crate::wire::tls::TlsEvidence;

/// How TLS comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TlsUse {
    /// Before the greeting.
    Implicit,
    /// By `STARTTLS`, or not at all.
    Required,
    /// By `STARTTLS` where it is offered.
    IfOffered,
    /// Not. Only where the floor is `Opportunistic`.
    Never,
}

/// What a relay is told about us (RFC 4954).
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) secret: Secret<String>,
    /// The secret is an OAuth 2.0 access token.
    pub(crate) token: bool,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

#[derive(Debug, Clone)]
pub(crate) struct SessionConfig {
    pub(crate) ehlo: Domain,
    pub(crate) tls: TlsUse,
    pub(crate) credentials: Option<Credentials>,
    /// Use PIPELINING where it is offered.
    pub(crate) pipelining: bool,
}

/// What the driver is to do next.
pub(crate) enum Step {
    /// Write these octets.
    Write(Vec<u8>),
    /// Read, and [`Session::feed`].
    Read(Stage),
    /// Shake hands, then [`Session::secured`].
    Handshake,
    /// The session can take a transaction.
    Ready,
    /// Write the content, dot-stuffed, then [`Session::content_written`].
    Content,
    /// Await the barrier, then [`Session::barrier_passed`].
    Barrier,
    /// The transaction is over; see [`Session::take_verdicts`].
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    AuthResult,
    AuthLoginUser,
    AuthLoginSecret,
    AuthTokenResult,
    Ready,
    Envelope,
    Content,
    Barrier,
    FinalDot,
    Over,
}

pub(crate) struct Session {
    config: SessionConfig,
    state: State,
    parser: ReplyParser,
    out: Vec<u8>,
    extensions: Extensions,
    tls: Option<TlsEvidence>,
    transaction: Option<Transaction>,
    /// A transaction was left open: `RSET` comes first.
    dirty: bool,
    reusable: bool,
    heard: u64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({:?})", self.state)
    }
}

impl Session {
    pub(crate) fn new(config: SessionConfig) -> Self {
        let state = match config.tls {
            TlsUse::Implicit => State::Handshake,
            _ => State::Greeting,
        };
        Self {
            config,
            state,
            parser: ReplyParser::new(),
            out: Vec::new(),
            extensions: Extensions::default(),
            tls: None,
            transaction: None,
            dirty: false,
            reusable: true,
            heard: 0,
        }
    }

    pub(crate) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    pub(crate) fn tls(&self) -> Option<&TlsEvidence> {
        self.tls.as_ref()
    }

    /// How many replies were read: a new one has a deadline of its own.
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// Whether another transaction may be begun.
    pub(crate) fn is_ready(&self) -> bool {
        self.state == State::Ready && self.reusable && !self.parser.has_input()
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.parser.push(bytes);
    }

    /// The handshake is done.
    pub(crate) fn secured(&mut self, evidence: TlsEvidence) {
        self.tls = Some(evidence);
        // RFC 3207 section 4.2: whatever was said before is forgotten.
        self.extensions = Extensions::default();
        self.parser = ReplyParser::new();
        if self.config.tls == TlsUse::Implicit {
            self.state = State::Greeting;
        } else {
            self.ehlo();
        }
    }

    /// The assurance of the connection as it stands.
    fn assurance(&self) -> TlsAssurance {
        self.tls
            .as_ref()
            .map_or(TlsAssurance::Opportunistic, TlsEvidence::assurance)
    }

    /// Begins a transaction: the one way to `MAIL FROM`.
    pub(crate) fn begin(&mut self, mut transaction: Transaction) -> Result<(), Fault> {
        if self.assurance() < transaction.floor {
            return Err(Fault::local(
                Stage::MailFrom,
                Cause::BelowFloor,
                "the connection is below the floor",
            ));
        }
        if self.state != State::Ready || !self.reusable {
            return Err(Fault::local(
                Stage::MailFrom,
                Cause::Protocol,
                "the session is not ready",
            ));
        }
        transaction.check(&self.extensions)?;
        transaction.queue_commands(self.dirty);
        self.dirty = true;
        self.transaction = Some(transaction);
        self.state = State::Envelope;
        Ok(())
    }

    /// What became of each recipient; `None` where nothing was decided.
    pub(crate) fn take_verdicts(&mut self) -> Vec<Option<Verdict>> {
        self.transaction
            .take()
            .map(|t| t.verdicts)
            .unwrap_or_default()
    }

    /// The content is on its way, all but the final dot.
    pub(crate) fn content_written(&mut self) {
        if self.state == State::Content {
            self.state = State::Barrier;
        }
    }

    /// Looks for a reply that came while the content was under way: no host
    /// may answer before the final dot, but many give up early.
    pub(crate) fn early_reply(&mut self) -> Result<(), Fault> {
        if !self.parser.has_input() {
            return Ok(());
        }
        match self.parser.next_reply() {
            Ok(Some(reply)) if reply.class() >= 4 => Err(Fault::reply(Stage::Data, &reply)),
            Ok(Some(reply)) => Err(Fault::unexpected(Stage::Data, &reply)),
            Ok(None) => Err(Fault::local(
                Stage::Data,
                Cause::Protocol,
                "octets before the final dot",
            )),
            Err(error) => Err(Fault::malformed(Stage::Data, error)),
        }
    }

    /// The final dot may go.
    pub(crate) fn barrier_passed(&mut self) {
        if self.state == State::Barrier {
            self.out.extend_from_slice(b".\r\n");
            self.state = State::FinalDot;
        }
    }

    pub(crate) fn step(&mut self) -> Result<Step, Fault> {
        loop {
            if !self.out.is_empty() {
                return Ok(Step::Write(std::mem::take(&mut self.out)));
            }
            let state = self.state;
            match state {
                State::Handshake => return Ok(Step::Handshake),
                State::Ready => return Ok(Step::Ready),
                State::Content => return Ok(Step::Content),
                State::Barrier => return Ok(Step::Barrier),
                State::Over => {
                    self.state = State::Ready;
                    return Ok(Step::Done);
                }
                State::Envelope if self.say_envelope()? => continue,
                _ => {}
            }
            let stage = self.stage();
            match self.parser.next_reply() {
                Ok(Some(reply)) => {
                    self.heard += 1;
                    self.take(stage, &reply)?;
                }
                Ok(None) => return Ok(Step::Read(stage)),
                Err(error) => return Err(Fault::malformed(stage, error)),
            }
        }
    }

    fn stage(&self) -> Stage {
        match self.state {
            State::Greeting => Stage::Greeting,
            State::Ehlo | State::Helo => Stage::Ehlo,
            State::StartTls | State::Handshake => Stage::Tls,
            State::AuthResult
            | State::AuthLoginUser
            | State::AuthLoginSecret
            | State::AuthTokenResult => Stage::Auth,
            State::Ready => Stage::MailFrom,
            State::Envelope => self
                .transaction
                .as_ref()
                .map_or(Stage::MailFrom, Transaction::stage),
            State::Content | State::Barrier => Stage::Data,
            State::FinalDot | State::Over => Stage::Final,
        }
    }

    fn say(&mut self, command: &str, next: State) -> Result<(), Fault> {
        self.nothing_unread()?;
        self.out.extend_from_slice(command.as_bytes());
        self.out.extend_from_slice(b"\r\n");
        self.state = next;
        Ok(())
    }

    /// Between replies and commands nothing may be left over.
    fn nothing_unread(&mut self) -> Result<(), Fault> {
        if !self.parser.has_input() {
            return Ok(());
        }
        let stage = self.stage();
        Err(match self.parser.next_reply() {
            Ok(Some(reply)) if reply.code() == 421 => Fault::reply(stage, &reply),
            Err(error) => Fault::malformed(stage, error),
            Ok(_) => Fault::local(stage, Cause::Protocol, "a reply that nobody asked for"),
        })
    }

    fn ehlo(&mut self) {
        self.out
            .extend_from_slice(format!("EHLO {}\r\n", self.config.ehlo.as_str()).as_bytes());
        self.state = State::Ehlo;
    }

    fn take(&mut self, stage: Stage, reply: &Reply) -> Result<(), Fault> {
        // RFC 5321 section 3.8: 421 may answer any command, and ends it all.
        if reply.code() == 421 {
            return Err(self.shutting_down(stage, reply));
        }
        let (class, code) = (reply.class(), reply.code());
        match self.state {
            State::Greeting => match code {
                220 => {
                    self.nothing_unread()?;
                    self.ehlo();
                    Ok(())
                }
                _ if class >= 4 => Err(Fault::reply(stage, reply)),
                _ => Err(Fault::unexpected(stage, reply)),
            },
            State::Ehlo => match code {
                250 => {
                    self.extensions = Extensions::read(reply);
                    self.after_ehlo()
                }
                // RFC 5321 section 3.2; only where nothing of ESMTP is needed.
                _ if class == 5 && self.may_fall_back_to_helo() => {
                    let helo = format!("HELO {}", self.config.ehlo.as_str());
                    self.say(&helo, State::Helo)
                }
                _ if class >= 4 => Err(Fault::reply(stage, reply)),
                _ => Err(Fault::unexpected(stage, reply)),
            },
            State::Helo => match code {
                250 => self.after_ehlo(),
                _ if class >= 4 => Err(Fault::reply(stage, reply)),
                _ => Err(Fault::unexpected(stage, reply)),
            },
            State::StartTls => self.take_starttls(reply),
            State::AuthLoginUser if code == 334 => {
                let user = self.credentials()?.user.clone();
                self.say(&BASE64.encode(user), State::AuthLoginSecret)
            }
            State::AuthLoginSecret if code == 334 => {
                let secret = Zeroizing::new(BASE64.encode(self.credentials()?.secret.expose()));
                self.say(&secret, State::AuthResult)
            }
            // The host explains its refusal first; an empty line hears it out.
            State::AuthTokenResult if code == 334 => self.say("", State::AuthResult),
            State::AuthResult
            | State::AuthTokenResult
            | State::AuthLoginUser
            | State::AuthLoginSecret => match code {
                235 if matches!(self.state, State::AuthResult | State::AuthTokenResult) => {
                    self.nothing_unread()?;
                    self.state = State::Ready;
                    Ok(())
                }
                _ if class == 4 => Err(Fault::reply(stage, reply)),
                _ if class == 5 => Err(Fault::reply(stage, reply).because(Cause::AuthRefused)),
                _ => Err(Fault::unexpected(stage, reply)),
            },
            State::Envelope => self.take_envelope(stage, reply),
            State::FinalDot => {
                let refused = class >= 4;
                if !refused && class != 2 {
                    return Err(Fault::unexpected(stage, reply));
                }
                if let Some(transaction) = &mut self.transaction {
                    transaction.settle(&Verdict::of_reply(stage, reply));
                }
                self.dirty = false;
                self.reusable &= !self.parser.has_input();
                self.state = State::Over;
                Ok(())
            }
            State::Handshake | State::Ready | State::Content | State::Barrier | State::Over => {
                Err(Fault::unexpected(stage, reply))
            }
        }
    }

    /// A 421 after the final dot still answers for the message.
    fn shutting_down(&mut self, stage: Stage, reply: &Reply) -> Fault {
        self.reusable = false;
        if self.state == State::FinalDot
            && let Some(transaction) = &mut self.transaction
        {
            transaction.settle(&Verdict::of_reply(stage, reply));
        }
        Fault::reply(stage, reply)
    }

    fn may_fall_back_to_helo(&self) -> bool {
        self.tls.is_none()
            && self.config.credentials.is_none()
            && matches!(self.config.tls, TlsUse::IfOffered | TlsUse::Never)
    }

    fn after_ehlo(&mut self) -> Result<(), Fault> {
        if self.tls.is_none() {
            let offered = self.extensions.starttls;
            match self.config.tls {
                TlsUse::Required | TlsUse::IfOffered if offered => {
                    return self.say("STARTTLS", State::StartTls);
                }
                TlsUse::Required | TlsUse::Implicit => {
                    return Err(Fault::local(
                        Stage::Tls,
                        Cause::NoTls,
                        "STARTTLS is not offered",
                    ));
                }
                TlsUse::IfOffered | TlsUse::Never => {}
            }
        }
        if self.config.credentials.is_some() {
            self.authenticate()
        } else {
            self.nothing_unread()?;
            self.state = State::Ready;
            Ok(())
        }
    }

    fn take_starttls(&mut self, reply: &Reply) -> Result<(), Fault> {
        match reply.code() {
            220 if self.parser.has_input() => Err(Fault::local(
                Stage::Tls,
                Cause::StartTlsInjection,
                "octets between the 220 and the handshake",
            )),
            220 => {
                self.state = State::Handshake;
                Ok(())
            }
            // 454 and its like: not now. That is no "no".
            _ if reply.class() == 4 => Err(Fault::reply(Stage::Tls, reply)),
            _ if reply.class() == 5 => Err(Fault::reply(Stage::Tls, reply).because(Cause::NoTls)),
            _ => Err(Fault::unexpected(Stage::Tls, reply)),
        }
    }

    fn credentials(&self) -> Result<&Credentials, Fault> {
        self.config
            .credentials
            .as_ref()
            .ok_or_else(|| Fault::local(Stage::Auth, Cause::AuthUnavailable, "no credentials"))
    }

    fn authenticate(&mut self) -> Result<(), Fault> {
        if self.tls.is_none() {
            return Err(Fault::local(
                Stage::Auth,
                Cause::AuthUnavailable,
                "credentials are said over TLS only",
            ));
        }
        let credentials = self.credentials()?;
        let (user, secret) = (credentials.user.as_str(), credentials.secret.expose());
        let (command, next) = if credentials.token {
            if !self.extensions.auth_xoauth2 {
                return Err(no_mechanism());
            }
            let response =
                Zeroizing::new(format!("user={user}\u{1}auth=Bearer {secret}\u{1}\u{1}"));
            (
                format!("AUTH XOAUTH2 {}", BASE64.encode(response.as_bytes())),
                State::AuthTokenResult,
            )
        } else if self.extensions.auth_plain {
            let response = Zeroizing::new(format!("\0{user}\0{secret}"));
            (
                format!("AUTH PLAIN {}", BASE64.encode(response.as_bytes())),
                State::AuthResult,
            )
        } else if self.extensions.auth_login {
            ("AUTH LOGIN".to_owned(), State::AuthLoginUser)
        } else {
            return Err(no_mechanism());
        };
        self.say(&Zeroizing::new(command), next)
    }

    /// Says the next commands of the envelope, all that may go together.
    fn say_envelope(&mut self) -> Result<bool, Fault> {
        let Some(transaction) = &self.transaction else {
            return Ok(false);
        };
        if !transaction.may_say() {
            return Ok(false);
        }
        self.nothing_unread()?;
        let together = self.config.pipelining && self.extensions.pipelining;
        if let Some(transaction) = &mut self.transaction {
            transaction.say(together, &self.extensions, &mut self.out);
        }
        Ok(true)
    }

    fn take_envelope(&mut self, stage: Stage, reply: &Reply) -> Result<(), Fault> {
        let Some(transaction) = &mut self.transaction else {
            return Err(Fault::unexpected(stage, reply));
        };
        let answered = transaction.take(stage, reply)?;
        if answered == Some(Command::Data) && reply.code() == 354 {
            if transaction.accepted() == 0 {
                // RFC 2920 section 3.1 has a lone dot sent here. A host that
                // wants content for nobody is better left.
                self.reusable = false;
                self.state = State::Over;
            } else {
                // A reply that is here already cannot be to what comes.
                self.nothing_unread()?;
                self.state = State::Content;
            }
        } else if transaction.is_over() {
            self.nothing_unread()?;
            self.state = State::Over;
        }
        Ok(())
    }
}

fn no_mechanism() -> Fault {
    Fault::local(
        Stage::Auth,
        Cause::AuthUnavailable,
        "no mechanism that the credentials fit",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::content::survey;
    use super::*;
    use crate::wire::tls::{Identity, TlsVersion};

    fn session(tls: TlsUse) -> Session {
        Session::new(SessionConfig {
            ehlo: "harbor.example".parse().unwrap(),
            tls,
            credentials: None,
            pipelining: true,
        })
    }

    fn evidence(identity: Identity) -> TlsEvidence {
        TlsEvidence {
            version: TlsVersion::Tls13,
            suite: String::new(),
            group: None,
            certificate_sha256: String::new(),
            identity,
        }
    }

    fn transaction(floor: TlsAssurance) -> Transaction {
        let to = vec!["pat@clinic.example".parse().unwrap()];
        Transaction::new(None, to, survey(b"").unwrap(), floor, false)
    }

    /// Feeds replies and returns what was written until the session waits.
    fn talk(session: &mut Session, replies: &str) -> Result<String, Fault> {
        session.feed(replies.as_bytes());
        let mut written = Vec::new();
        loop {
            match session.step()? {
                Step::Write(bytes) => written.extend_from_slice(&bytes),
                _ => return Ok(String::from_utf8(written).unwrap()),
            }
        }
    }

    /// Ready on a connection of this identity, or in clear.
    fn ready(identity: Option<Identity>) -> Session {
        let Some(identity) = identity else {
            let mut session = session(TlsUse::Never);
            talk(&mut session, "220 hi\r\n").unwrap();
            talk(&mut session, "250 mx\r\n").unwrap();
            return session;
        };
        let mut session = session(TlsUse::Required);
        talk(&mut session, "220 hi\r\n").unwrap();
        talk(&mut session, "250-mx\r\n250 STARTTLS\r\n").unwrap();
        talk(&mut session, "220 go\r\n").unwrap();
        session.secured(evidence(identity));
        talk(&mut session, "").unwrap();
        talk(&mut session, "250 mx\r\n").unwrap();
        session
    }

    /// The last line of defence: whatever the verifier and the planning did,
    /// `MAIL FROM` is not said below the floor.
    #[test]
    fn mail_from_is_said_at_or_above_the_floor_only() {
        let identities = [
            None,
            Some(Identity::Unverified),
            Some(Identity::WebPki),
            Some(Identity::MtaSts),
            Some(Identity::PartnerPin),
            Some(Identity::PartnerCa),
        ];
        for identity in identities {
            let reached = identity.map_or(TlsAssurance::Opportunistic, Identity::assurance);
            for &floor in TlsAssurance::ALL {
                let mut session = ready(identity);
                let begun = session.begin(transaction(floor));
                let written = talk(&mut session, "").unwrap();
                assert_eq!(written.contains("MAIL FROM"), reached >= floor);
                match begun {
                    Ok(()) => assert!(reached >= floor),
                    Err(fault) => assert_eq!(fault.cause, Cause::BelowFloor),
                }
            }
        }
    }

    #[test]
    fn what_was_offered_in_clear_is_forgotten_after_tls() {
        let mut session = session(TlsUse::Required);
        talk(&mut session, "220 hi\r\n").unwrap();
        talk(
            &mut session,
            "250-mx\r\n250-REQUIRETLS\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
        )
        .unwrap();
        assert!(session.extensions().requiretls);
        talk(&mut session, "220 go\r\n").unwrap();
        session.secured(evidence(Identity::WebPki));
        assert_eq!(*session.extensions(), Extensions::default());
        assert_eq!(talk(&mut session, "").unwrap(), "EHLO harbor.example\r\n");
    }

    #[test]
    fn credentials_are_not_said_in_clear() {
        let mut session = Session::new(SessionConfig {
            ehlo: "harbor.example".parse().unwrap(),
            tls: TlsUse::Never,
            credentials: Some(Credentials {
                user: "clinic".into(),
                secret: "correct horse".into(),
                token: false,
            }),
            pipelining: true,
        });
        assert!(!format!("{session:?}{:?}", session.config).contains("clinic"));
        talk(&mut session, "220 hi\r\n").unwrap();
        let fault = talk(&mut session, "250-mx\r\n250 AUTH PLAIN LOGIN\r\n").unwrap_err();
        assert_eq!(fault.cause, Cause::AuthUnavailable);
        assert!(session.out.is_empty());
    }

    fn host_says() -> impl Strategy<Value = Vec<u8>> {
        let lines = [
            "220 go\r\n",
            "250 mx\r\n",
            "250-mx\r\n250 STARTTLS\r\n",
            "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n",
            "334 \r\n",
            "235 ok\r\n",
            "354 go\r\n",
            "421 bye\r\n",
            "454 later\r\n",
            "502 what\r\n",
            "250-",
        ];
        prop_oneof![
            9 => proptest::sample::select(lines.to_vec()).prop_map(|l| l.as_bytes().to_vec()),
            1 => proptest::collection::vec(any::<u8>(), 0..20),
        ]
    }

    proptest! {
        /// Whatever a host says in clear, it hears no credentials, and no mail
        /// that asks for more.
        #[test]
        fn nothing_is_given_away_in_clear(
            replies in proptest::collection::vec(host_says(), 0..12),
            tls in proptest::sample::select(vec![TlsUse::Required, TlsUse::IfOffered, TlsUse::Never]),
            with_credentials: bool,
        ) {
            let mut session = session(tls);
            session.config.credentials = with_credentials.then(|| Credentials {
                user: "clinic".into(),
                secret: "correct horse".into(),
                token: false,
            });
            let mut written = Vec::new();
            'talk: for reply in replies {
                session.feed(&reply);
                loop {
                    match session.step() {
                        Ok(Step::Write(bytes)) => written.extend_from_slice(&bytes),
                        Ok(Step::Read(_)) => break,
                        Ok(Step::Ready) => {
                            prop_assert!(session.begin(transaction(TlsAssurance::Encrypted)).is_err());
                            break 'talk;
                        }
                        Ok(_) | Err(_) => break 'talk,
                    }
                }
            }
            let written = String::from_utf8(written).unwrap();
            prop_assert!(!written.contains("MAIL") && !written.contains("AUTH"));
        }
    }
}
