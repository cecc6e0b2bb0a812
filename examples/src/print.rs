//! Output for people: aligned, coloured where a terminal reads it.

use std::io::IsTerminal;

use mailseal::deliver::Cause;
use mailseal::{Outcome, Receipt, Status};
use serde::Serialize;

/// Colours, or none where the output goes to a file or `NO_COLOR` is set.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// For standard output.
    pub fn stdout() -> Self {
        Self(std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none())
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
    if let (Some(cause), Some(stage)) = (outcome.cause, outcome.stage) {
        if cause != Cause::Ok {
            words.push(format!("{} at {}", word(cause), word(stage)));
        }
    }
    if let Some(code) = outcome.code {
        words.push(match outcome.enhanced {
            Some(enhanced) => format!("{code} {enhanced}"),
            None => code.to_string(),
        });
    }
    if let Some(next) = outcome.next_try {
        words.push(format!("next try {next}"));
    }
    words.join(" · ")
}

/// The word under which a value stands in JSON.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "-".to_owned(),
    }
}

/// A receipt as lines.
pub fn receipt(receipt: &Receipt, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.bold("Receipt"), receipt.id);
    for o in &receipt.outcomes {
        text.push_str(&format!(
            "  {:<4} {} {}\n",
            o.recipient.to_string(),
            paint.status(o.status, 12),
            outcome(o)
        ));
    }
    text
}
