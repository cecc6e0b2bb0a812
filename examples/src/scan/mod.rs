//! Scans mails and files for PHI, and shows what was found, where, and why.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use clap::Parser;
use mailseal::dlp::{HostKnowledge, PhiScanner, Scanner};

mod args;
mod envelope;
mod html;
mod input;
mod json;
mod jsonl;
mod mask;
mod offsets;
mod progress;
mod report;
mod table;
mod words;

pub use args::Arguments;
pub use progress::Progress;

use self::envelope::Envelope;
use self::html::Page;
use self::input::{Source, Sources};
use self::report::Report;
use self::table::{Style, Totals};
use crate::Streams;
use crate::config::Trouble;

/// A scanner, or why there is none.
pub type Made = Result<Box<dyn Scanner>, Trouble>;

/// The library's scanner, as the arguments ask for it.
///
/// # Errors
/// Where the file of what the host knows, or of its patients, cannot be read, or
/// says what it cannot.
pub fn scanner(arguments: &Arguments) -> Made {
    let mut scanner = PhiScanner::new();
    if let Some(path) = &arguments.host {
        let text = std::fs::read_to_string(path).map_err(|e| input::trouble(path, &e))?;
        let host = HostKnowledge::from_toml(&text)
            .map_err(|e| Trouble::new(e.code(), format!("{}: {e}", input::shown(path))))?;
        scanner = scanner.host(host);
    }
    if let (Some(path), Some(key)) = (&arguments.roster, &arguments.roster_key) {
        scanner = scanner.roster(crate::roster::read(path, key)?);
    }
    Ok(match arguments.without_names {
        true => Box::new(scanner.without_names()),
        false => Box::new(scanner),
    })
}

/// The program: takes its arguments, its own name first, and returns its exit
/// code.
pub fn program(
    arguments: impl Iterator<Item = OsString>,
    scanner: &dyn Fn(&Arguments) -> Made,
    mut io: Streams<'_>,
    mut progress: Progress,
) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(help) => return crate::usage(&help, &mut io),
    };
    let done = scanner(&arguments).and_then(|scanner| match &arguments.jsonl {
        Some(path) => lines(path, &arguments, &*scanner, &mut io, &mut progress),
        None => files(&arguments, &*scanner, &mut io, &mut progress),
    });
    match done {
        Ok(code) => code,
        Err(trouble) => {
            progress.clear(io.err);
            crate::complain("scan", &trouble, arguments.json, &mut io)
        }
    }
}

fn lines(
    path: &Path,
    arguments: &Arguments,
    scanner: &dyn Scanner,
    io: &mut Streams<'_>,
    progress: &mut Progress,
) -> Result<u8, Trouble> {
    let mut given: Box<dyn BufRead> = if path == Path::new("-") {
        let mut all = Vec::new();
        io.input
            .read_to_end(&mut all)
            .map_err(|e| input::trouble(path, &e))?;
        Box::new(std::io::Cursor::new(all))
    } else {
        Box::new(BufReader::new(
            File::open(path).map_err(|e| input::trouble(path, &e))?,
        ))
    };
    warm(scanner);
    progress.begin(io.err, 0, 0);
    let took = jsonl::run(
        &mut given,
        scanner,
        arguments.threads(),
        arguments.rounds,
        io,
        progress,
    )?;
    if arguments.time {
        let _ = write!(io.err, "{}", progress.took("mail", took));
    }
    Ok(0)
}

/// The first message makes the scanner read its models; that is not the time
/// that a message takes.
fn warm(scanner: &dyn Scanner) {
    let empty = Envelope::new(None, Vec::new(), None)
        .builder()
        .text("Pat Lindqvist, 270-555-0142, pat@mail.example".to_owned());
    if let Ok(message) = empty.build() {
        scanner.scan(&message);
    }
}

fn files(
    arguments: &Arguments,
    scanner: &dyn Scanner,
    io: &mut Streams<'_>,
    progress: &mut Progress,
) -> Result<u8, Trouble> {
    let sources = Sources::find(&arguments.paths, io.input)?;
    // Before the work: a report that cannot be written is found out now.
    let clear = arguments.show_values;
    let mut page = match &arguments.html {
        Some(path) => Some(Page::create(path, clear, arguments.all)?),
        None => None,
    };
    let envelope = Envelope::new(
        arguments.from.clone(),
        arguments.to.clone(),
        arguments.audience.clone(),
    );
    let style = Style {
        paint: io.paint,
        clear,
        all: arguments.all,
    };
    let texts = page.is_some() && clear;
    let mut totals = Totals::default();
    let mut documents = Vec::new();
    let mut closed = false;
    let mut scanning = Duration::ZERO;
    warm(scanner);
    progress.begin(
        io.err,
        sources.files.len(),
        sources.files.iter().map(|f| f.size).sum(),
    );
    let work = |source: &Source| scan(source, scanner, &envelope, texts);
    each(
        &sources.files,
        arguments.threads(),
        work,
        |(report, took)| {
            scanning += took;
            totals.add(&report);
            if let Some(page) = &mut page {
                page.add(&report);
            }
            if arguments.json {
                documents.push(json::file(&report, documents.len() + 1, clear));
            } else {
                progress.clear(io.err);
                if !closed {
                    let told = table::file(io.out, &report, style);
                    closed = unless_closed(told, page.is_some())?;
                }
            }
            progress.step(io.err, 1, report.bytes);
            Ok(())
        },
    )?;
    progress.clear(io.err);
    let paged = page.is_some();
    if let Some(page) = page {
        page.finish(&totals)?;
    }
    if !closed {
        let told = match arguments.json {
            true => writeln!(io.out, "{:#}", json::document(documents, &totals)),
            false => totals.print(io.out, style).and_then(|()| {
                let Some(path) = &arguments.html else {
                    return Ok(());
                };
                writeln!(io.out, "The report is in {}", input::shown(path))
            }),
        };
        unless_closed(told, paged)?;
    }
    for trouble in &sources.missing {
        let _ = writeln!(io.err, "scan: {trouble}");
    }
    if arguments.time {
        let _ = write!(io.err, "{}", progress.took("file", scanning));
    }
    Ok(totals.exit_code(!sources.missing.is_empty()))
}

/// Whether the output was closed by its reader, as `head` does. That ends the work
/// unless a page was asked for, which somebody else reads.
fn unless_closed(told: io::Result<()>, paged: bool) -> Result<bool, Trouble> {
    match told {
        Err(error) if paged && error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        told => Ok(told.map(|()| false)?),
    }
}

/// Reads and scans one file; the time is that in the scanner.
fn scan(
    source: &Source,
    scanner: &dyn Scanner,
    envelope: &Envelope,
    texts: bool,
) -> (Report, Duration) {
    let read = source.read(envelope);
    let Some(message) = &read.message else {
        let why = read.why.unwrap_or("unreadable");
        let report = Report::unreadable(&source.name, read.bytes, why);
        // Its name tells what it tells, read or not.
        let named = source.found_in_name(scanner, envelope);
        return (report.with_named(named), Duration::ZERO);
    };
    let start = Instant::now();
    let findings = scanner.scan(message);
    let took = start.elapsed();
    let report = Report::new(
        &source.name,
        read.bytes,
        Some(message),
        &findings,
        read.why,
        texts,
    );
    let named = source.found_in_name(scanner, envelope);
    (report.with_named(named), took)
}

/// Does the work on every item, on several threads, and hands the results over
/// in the order of the items.
fn each<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(R) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    if threads <= 1 || items.len() <= 1 {
        return items.iter().try_for_each(|item| done(work(item)));
    }
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::sync_channel(threads * 4);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            let (next, work, send) = (&next, &work, send.clone());
            scope.spawn(move || {
                while let Some((n, item)) = {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    items.get(n).map(|item| (n, item))
                } {
                    // Nobody listens any more once the output is closed.
                    if send.send((n, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        // Taken into the scope, so that it is closed when this fails.
        let receive = receive;
        for (n, result) in receive.iter() {
            waiting.insert(n, result);
            while let Some(result) = waiting.remove(&turn) {
                done(result)?;
                turn += 1;
            }
        }
        Ok(())
    })
}
