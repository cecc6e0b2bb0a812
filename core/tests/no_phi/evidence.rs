//! Everything that a host could print, log, serialise or find on disk.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use mailseal::testing::canary::{Canary, Sighting};
use serde::Serialize;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Log lines of all threads, down to TRACE.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes every event and span of this process from here on.
    pub(crate) fn capture() -> Self {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    }

    pub(crate) fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

struct Exhibit {
    kind: &'static str,
    label: String,
    octets: Vec<u8>,
}

/// What was collected.
#[derive(Default)]
pub(crate) struct Evidence {
    exhibits: Vec<Exhibit>,
}

impl Evidence {
    fn add(&mut self, kind: &'static str, label: impl Into<String>, octets: impl Into<Vec<u8>>) {
        self.exhibits.push(Exhibit {
            kind,
            label: label.into(),
            octets: octets.into(),
        });
    }

    /// A value's `Debug`, short and long.
    pub(crate) fn debug<T: Debug + ?Sized>(&mut self, value: &T) {
        let label = std::any::type_name::<T>();
        self.add("Debug", label, format!("{value:?}\n{value:#?}"));
    }

    /// A value's JSON.
    pub(crate) fn json<T: Serialize>(&mut self, value: &T) {
        let label = std::any::type_name::<T>();
        self.add("JSON", label, serde_json::to_vec(value).unwrap());
    }

    /// A text that is meant to be shown or kept.
    pub(crate) fn text(&mut self, label: &str, text: impl Into<Vec<u8>>) {
        self.add("text", label, text);
    }

    /// An error in every form, with what it comes from.
    pub(crate) fn error<E: Error + 'static>(&mut self, label: &str, error: E) {
        let mut next: Option<&dyn Error> = Some(&error);
        while let Some(error) = next {
            self.add("error", label, format!("{error}\n{error:?}\n{error:#?}"));
            next = error.source();
        }
    }

    /// The error of what has to fail.
    #[track_caller]
    pub(crate) fn fails<T, E: Error + 'static>(&mut self, label: &str, result: Result<T, E>) {
        match result {
            Ok(_) => panic!("{label}: did not fail"),
            Err(error) => self.error(label, error),
        }
    }

    /// Every file of a folder, by its octets.
    pub(crate) fn files(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // The write-ahead log may go away meanwhile.
            if let Ok(octets) = std::fs::read(&path) {
                let label = path.to_string_lossy();
                let last = self.exhibits.iter().rfind(|e| e.label == label);
                if last.is_none_or(|last| last.octets != octets) {
                    self.add("file", label, octets);
                }
            }
        }
    }

    /// What crossed the wire in clear.
    pub(crate) fn wire(&mut self, label: &str, octets: Vec<u8>) {
        self.add("wire", label, octets);
    }

    pub(crate) fn log(&mut self, log: &Log) {
        self.add("log", "tracing", log.text());
    }

    /// How many exhibits of each kind there are, and their octets.
    pub(crate) fn table(&self) -> String {
        let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for exhibit in &self.exhibits {
            let (count, octets) = kinds.entry(exhibit.kind).or_default();
            *count += 1;
            *octets += exhibit.octets.len();
        }
        kinds
            .iter()
            .fold(String::new(), |table, (kind, (count, octets))| {
                format!("{table}no_phi: {kind:<6} {count:>5} looked at, {octets:>9} octets\n")
            })
    }

    /// Where something of `canary` is seen, of the kinds that `wanted` names.
    pub(crate) fn leaks(&self, canary: &Canary, wanted: &[&str]) -> Vec<String> {
        let mut leaks: Vec<String> = Vec::new();
        for exhibit in self.exhibits.iter().filter(|e| wanted.contains(&e.kind)) {
            for Sighting { what, form, .. } in canary.find(&exhibit.octets) {
                let leak = format!("{} {}: {what} ({form})", exhibit.kind, exhibit.label);
                if !leaks.contains(&leak) {
                    leaks.push(leak);
                }
            }
        }
        leaks
    }
}
