//! Output for people: aligned, coloured where a terminal reads it.

use std::io::IsTerminal;

use mailseal::base::RecipientId;
use mailseal::deliver::{Cause, Stage};
use mailseal::{Outcome, Receipt, Status};

/// Colours, or none where the output goes to a file or `NO_COLOR` is set.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// For standard output.
    pub fn stdout() -> Self {
        Self(std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none())
    }

    /// None at all.
    pub fn none() -> Self {
        Self(false)
    }

    fn code(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    /// What is beside the point.
    pub fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.code("32", text)
    }

    /// What waits.
    pub fn wait(self, text: &str) -> String {
        self.code("33", text)
    }

    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.code("31", text)
    }

    /// What nobody can tell.
    pub fn unsure(self, text: &str) -> String {
        self.code("35", text)
    }

    /// A status in its colour, padded to `width`.
    pub fn status(self, status: Status, width: usize) -> String {
        let text = format!("{:width$}", status.word());
        match status {
            Status::Delivered | Status::HandedOver => self.good(&text),
            Status::Deferred | Status::Pending => self.wait(&text),
            _ => self.bad(&text),
        }
    }
}

/// The words of one outcome: route, connection, why.
pub fn outcome(outcome: &Outcome) -> String {
    let mut words = Vec::new();
    if let Some(route) = outcome.route {
        words.push(match outcome.factor_floor {
            Some(factor) => format!("{route} ({factor})"),
            None => route.to_string(),
        });
    }
    match &outcome.tls {
        Some(tls) => words.push(format!(
            "{} {} {}, {}",
            tls.version.word(),
            tls.suite,
            tls.group.as_deref().unwrap_or("-"),
            tls.assurance()
        )),
        None if outcome.status == Status::Delivered => words.push("no TLS".to_owned()),
        None => {}
    }
    if let (Some(cause), Some(stage)) = (outcome.cause, outcome.stage)
        && cause != Cause::Ok
    {
        words.push(format!("{} {}", self::cause(cause), self::stage(stage)));
    }
    if let Some(code) = outcome.code {
        words.push(match outcome.enhanced {
            Some(enhanced) => format!("{code} {enhanced}"),
            None => code.to_string(),
        });
    }
    if let Some(next) = outcome.next_try {
        words.push(format!("next try from {next}"));
    }
    words.join(" · ")
}

/// Why, for people.
fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::NoHost => "the domain has no mail host",
        Cause::StsNoMatch => "no host matches the domain's own MTA-STS policy",
        Cause::Dns => "DNS gave no answer",
        Cause::TargetForbidden => "the host's address is internal (network.allow_internal)",
        Cause::Connect => "no connection",
        Cause::Disconnected => "the host hung up",
        Cause::Timeout => "too slow",
        Cause::Protocol => "the host does not speak SMTP",
        Cause::NoTls => "no TLS is offered",
        Cause::StartTlsInjection => "somebody put octets before the TLS handshake",
        Cause::TlsHandshake => "the TLS handshake failed",
        Cause::TlsCertificate => "the certificate is not valid for this host",
        Cause::BelowFloor => "the connection is not good enough",
        Cause::AuthUnavailable => "no way to log in that both sides know",
        Cause::AuthRefused => "user or password refused",
        Cause::TransientReply => "put off",
        Cause::PermanentReply => "refused",
        Cause::TooLarge => "larger than the host takes",
        Cause::ExtensionMissing => "the host lacks what the address or message needs",
        Cause::Content => "the message cannot be sent as it is",
        Cause::Barrier => "it could not be recorded",
        _ => "failed",
    }
}

/// Where, for people.
fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "while looking it up",
        Stage::Connect => "while connecting",
        Stage::Greeting => "at the greeting",
        Stage::Ehlo => "at EHLO",
        Stage::Tls => "at TLS",
        Stage::Auth => "at AUTH",
        Stage::MailFrom => "at MAIL FROM",
        Stage::RcptTo => "at RCPT TO",
        Stage::Data => "at DATA",
        Stage::Final => "after the message",
        _ => "on the way",
    }
}

/// What an outcome asks of the person who reads it.
fn to_do(outcome: &Outcome) -> Option<String> {
    match outcome.status {
        // A notice that never went out needs no code yet, one that may have
        // gone out does.
        Status::Rejected | Status::GivenUp | Status::Refused => None,
        Status::Unknown if outcome.passcode().is_none() => {
            Some("ask the recipient whether it arrived; it is not sent again by itself".to_owned())
        }
        _ => outcome.passcode().map(|code| {
            format!(
                "tell the recipient this pickup code by telephone or in person, never by e-mail: {}",
                code.expose()
            )
        }),
    }
}

/// One outcome as lines; `who` names the recipient, `said` lets the host's own
/// words be shown, which may repeat the address.
pub fn line(who: &str, o: &Outcome, said: bool, paint: Paint) -> String {
    let words = outcome(o);
    let mut text = format!("  {who}  {} {words}", paint.status(o.status, 11));
    text.truncate(text.trim_end().len());
    text.push('\n');
    let reply = o.diagnostic().expose();
    if said && !reply.is_empty() && o.status != Status::Delivered {
        // A terminal obeys control characters.
        let reply: String = reply.chars().filter(|c| !c.is_control()).collect();
        text.push_str(&format!("        it said: {reply}\n"));
    }
    if let Some(to_do) = to_do(o) {
        text.push_str(&format!("        {} {to_do}\n", paint.wait("to do:")));
    }
    text
}

/// A receipt as lines; `who` names its recipients.
pub fn receipt(
    receipt: &Receipt,
    who: impl Fn(RecipientId) -> String,
    said: bool,
    paint: Paint,
) -> String {
    let mut text = format!("{} {}\n", paint.bold("Receipt"), receipt.id);
    let names: Vec<String> = receipt.outcomes.iter().map(|o| who(o.recipient)).collect();
    let width = names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
    for (name, o) in names.iter().zip(&receipt.outcomes) {
        text.push_str(&line(&format!("{name:width$}"), o, said, paint));
    }
    text
}

/// `1,234,567`.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2 files`.
pub fn count(n: usize, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {one}{s}", number(n as u64))
}
