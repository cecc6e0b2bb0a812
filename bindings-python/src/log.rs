//! The crate's events in Python's `logging`, under `mailseal.*`.

use std::fmt::Write as _;

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// Hands events to `logging`. Those of other crates do not exist for it: what
/// they say may hold names of hosts.
struct Logging;

/// Where nobody else took the events yet. A process has one interpreter here,
/// so that this happens once.
pub(crate) fn install() {
    let _ = tracing::subscriber::set_global_default(Logging);
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    metadata.is_event() && (target == "mailseal" || target.starts_with("mailseal::"))
}

impl Subscriber for Logging {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match is_ours(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        // Spans are not enabled; the id stands for all.
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            Level::ERROR => 40,
            Level::WARN => 30,
            Level::INFO => 20,
            _ => 10,
        };
        // `mailseal::client::engine` is `mailseal.client.engine`.
        let name = metadata.target().replace("::", ".");
        Python::try_attach(|py| {
            if let Err(error) = log(py, &name, level, event) {
                error.write_unraisable(py, None);
            }
        });
    }
}

fn log(py: Python<'_>, name: &str, level: u8, event: &Event<'_>) -> PyResult<()> {
    let logging = py.import("logging")?;
    let logger = logging.call_method1("getLogger", (name,))?;
    if !logger.call_method1("isEnabledFor", (level,))?.extract()? {
        return Ok(());
    }
    let mut text = Text::default();
    event.record(&mut text);
    logger.call_method1("log", (level, "%s", text.message + &text.fields))?;
    Ok(())
}

/// The message, and `name=value` behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name => write!(self.fields, " {name}={value}"),
        };
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
