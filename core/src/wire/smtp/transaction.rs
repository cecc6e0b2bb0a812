//! One mail transaction: `MAIL`, `RCPT`, `DATA`, and what each recipient got.

use std::collections::VecDeque;

use super::content::Survey;
use super::extensions::Extensions;
use super::fault::{Fault, Verdict};
use super::reply::Reply;
use crate::base::{Address, TlsAssurance};
use crate::wire::smtp::{Cause, EnhancedCode, Stage};

/// The most commands that are said before a reply is awaited: little enough
/// for the buffers between here and any host, so that both never wait for
/// each other (RFC 2920 section 3.1).
const TOGETHER: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Rset,
    Mail,
    Rcpt(usize),
    Data,
}

#[derive(Debug)]
pub(crate) struct Transaction {
    sender: Option<Address>,
    recipients: Vec<Address>,
    survey: Survey,
    pub(crate) floor: TlsAssurance,
    requiretls: bool,
    to_say: VecDeque<Command>,
    awaited: VecDeque<Command>,
    /// Whether the host took the recipient, so far.
    taken: Vec<bool>,
    mail_refused: bool,
    pub(crate) verdicts: Vec<Option<Verdict>>,
}

impl Transaction {
    pub(crate) fn new(
        sender: Option<Address>,
        recipients: Vec<Address>,
        survey: Survey,
        floor: TlsAssurance,
        requiretls: bool,
    ) -> Self {
        let count = recipients.len();
        Self {
            sender,
            recipients,
            survey,
            floor,
            requiretls,
            to_say: VecDeque::new(),
            awaited: VecDeque::new(),
            taken: vec![false; count],
            mail_refused: false,
            verdicts: vec![None; count],
        }
    }

    fn needs_utf8(&self) -> bool {
        self.survey.utf8_header
            || self
                .sender
                .iter()
                .chain(&self.recipients)
                .any(Address::needs_smtputf8)
    }

    /// Whether the host has what the message needs. Nothing is converted on
    /// the way: that would break signatures.
    pub(crate) fn check(&self, extensions: &Extensions) -> Result<(), Fault> {
        let missing = |what| Fault::local(Stage::MailFrom, Cause::ExtensionMissing, what);
        if self.needs_utf8() && !extensions.smtputf8 {
            return Err(missing("SMTPUTF8 is needed and not offered"));
        }
        if self.survey.eight_bit && !extensions.eight_bit_mime {
            return Err(missing("8BITMIME is needed and not offered"));
        }
        if self.requiretls && !extensions.requiretls {
            return Err(missing("REQUIRETLS is needed and not offered"));
        }
        match extensions.size {
            Some(limit) if limit > 0 && self.survey.size as u64 > limit => Err(Fault::local(
                Stage::MailFrom,
                Cause::TooLarge,
                "the message is larger than the host's SIZE",
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn queue_commands(&mut self, reset_first: bool) {
        if reset_first {
            self.to_say.push_back(Command::Rset);
        }
        self.to_say.push_back(Command::Mail);
        self.to_say
            .extend((0..self.recipients.len()).map(Command::Rcpt));
        self.to_say.push_back(Command::Data);
    }

    /// Whether there is something to say, and nothing awaited before it.
    pub(crate) fn may_say(&self) -> bool {
        self.awaited.is_empty() && !self.to_say.is_empty()
    }

    /// Writes the next command, or the next group of them.
    pub(crate) fn say(&mut self, together: bool, extensions: &Extensions, out: &mut Vec<u8>) {
        let count = if together { TOGETHER } else { 1 };
        for _ in 0..count {
            let Some(command) = self.to_say.pop_front() else {
                break;
            };
            out.extend_from_slice(self.line(command, extensions).as_bytes());
            self.awaited.push_back(command);
        }
    }

    fn line(&self, command: Command, extensions: &Extensions) -> String {
        match command {
            Command::Rset => "RSET\r\n".into(),
            Command::Data => "DATA\r\n".into(),
            Command::Rcpt(index) => {
                let to = self.recipients.get(index).map_or("", Address::as_str);
                format!("RCPT TO:<{to}>\r\n")
            }
            Command::Mail => {
                let from = self.sender.as_ref().map_or("", Address::as_str);
                let mut line = format!("MAIL FROM:<{from}>");
                if extensions.size.is_some() {
                    line.push_str(&format!(" SIZE={}", self.survey.size));
                }
                if self.survey.eight_bit {
                    line.push_str(" BODY=8BITMIME");
                }
                if self.needs_utf8() {
                    line.push_str(" SMTPUTF8");
                }
                if self.requiretls {
                    line.push_str(" REQUIRETLS");
                }
                line.push_str("\r\n");
                line
            }
        }
    }

    /// Where the transaction stands.
    pub(crate) fn stage(&self) -> Stage {
        match self.awaited.front().or_else(|| self.to_say.front()) {
            Some(Command::Rset | Command::Mail) => Stage::MailFrom,
            Some(Command::Rcpt(_)) => Stage::RcptTo,
            Some(Command::Data) | None => Stage::Data,
        }
    }

    /// Takes the reply to the command that waits longest.
    pub(crate) fn take(&mut self, stage: Stage, reply: &Reply) -> Result<Option<Command>, Fault> {
        let command = self.awaited.pop_front();
        let class = reply.class();
        match command {
            None => return Err(Fault::unexpected(stage, reply)),
            Some(Command::Rset) if class == 2 => {}
            Some(Command::Rset) => return Err(Fault::unexpected(stage, reply)),
            Some(Command::Mail) => match class {
                2 => {}
                4 | 5 => {
                    self.mail_refused = true;
                    self.refuse_all(&Verdict::of_reply(stage, reply));
                    self.to_say.clear();
                }
                _ => return Err(Fault::unexpected(stage, reply)),
            },
            Some(Command::Rcpt(index)) => match class {
                2 => {
                    if let Some(taken) = self.taken.get_mut(index) {
                        *taken = !self.mail_refused;
                    }
                }
                4 | 5 => {
                    if let Some(slot @ None) = self.verdicts.get_mut(index) {
                        *slot = Some(refused_recipient(stage, reply));
                    }
                }
                _ => return Err(Fault::unexpected(stage, reply)),
            },
            Some(Command::Data) => match class {
                3 if reply.code() == 354 => {}
                4 | 5 => {
                    self.refuse_all(&Verdict::of_reply(stage, reply));
                }
                _ => return Err(Fault::unexpected(stage, reply)),
            },
        }
        // One command at a time: without a recipient there is no `DATA`.
        if self.awaited.is_empty()
            && self.to_say.front() == Some(&Command::Data)
            && self.accepted() == 0
        {
            self.to_say.clear();
        }
        Ok(command)
    }

    /// How many recipients the host took.
    pub(crate) fn accepted(&self) -> usize {
        self.taken.iter().filter(|taken| **taken).count()
    }

    /// Whether nothing is left to say or to hear before the content.
    pub(crate) fn is_over(&self) -> bool {
        self.awaited.is_empty() && self.to_say.is_empty()
    }

    /// The answer to the final dot.
    pub(crate) fn settle(&mut self, verdict: &Verdict) {
        for (slot, taken) in self.verdicts.iter_mut().zip(&self.taken) {
            if *taken && slot.is_none() {
                *slot = Some(verdict.clone());
            }
        }
    }

    fn refuse_all(&mut self, verdict: &Verdict) {
        for slot in self.verdicts.iter_mut().filter(|slot| slot.is_none()) {
            *slot = Some(verdict.clone());
        }
        self.taken.fill(false);
    }
}

/// RFC 5321 section 4.5.3.1.10: 552 to `RCPT` is an old way to say 452, "too
/// many recipients", unless its enhanced code says otherwise.
fn refused_recipient(stage: Stage, reply: &Reply) -> Verdict {
    let mut verdict = Verdict::of_reply(stage, reply);
    let too_many = matches!(reply.enhanced(), None | Some(EnhancedCode(_, 5, 3)));
    if reply.code() == 552 && too_many {
        verdict = Verdict::of_fault(verdict.fault.because(Cause::TransientReply));
    }
    verdict
}

/// Whether the host refused a recipient only because there were too many in
/// one transaction.
pub(crate) fn is_too_many_recipients(verdict: &Verdict) -> bool {
    let fault = &verdict.fault;
    fault.stage == Stage::RcptTo
        && fault.cause == Cause::TransientReply
        && (matches!(fault.code, Some(452 | 552))
            || matches!(fault.enhanced, Some(EnhancedCode(_, 5, 3))))
}
