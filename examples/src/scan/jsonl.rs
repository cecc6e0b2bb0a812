//! Labelled mails in, predictions out: one line of JSON for each.

use std::io::{BufRead, Read as _};
use std::time::{Duration, Instant};

use mailseal::base::{Part, Sensitivity};
use mailseal::compose::{Attachment, ComposeError, Limits, Message, PartContent};
use mailseal::dlp::{FindingKind, Findings, Scanner, Unscannable};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Progress;
use super::envelope::{Envelope, Mailbox, RECIPIENT, SENDER, one_line};
use super::offsets::Offsets;
use super::report::where_word;
use super::words;
use crate::Streams;
use crate::config::Trouble;

/// Bytes of one line.
const MAX_LINE: u64 = 512 * 1024 * 1024;
/// Lines that are held at a time with what was found in them, and bytes after
/// which no more are taken.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct Mail {
    id: Value,
    from: Option<String>,
    #[serde(default)]
    to: Option<Vec<String>>,
    audience: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    attachments: Option<Vec<File>>,
}

#[derive(Deserialize)]
struct File {
    name: String,
    media_type: Option<String>,
    text: Option<String>,
}

#[derive(Serialize)]
struct Prediction<'m> {
    id: &'m Value,
    sensitivity: &'static str,
    findings: Vec<Span>,
}

#[derive(Serialize)]
struct Span {
    kind: FindingKind,
    #[serde(rename = "where")]
    place: String,
    start: usize,
    end: usize,
}

/// A mail that was read, and its message where one can be made of it.
struct Read {
    mail: Mail,
    message: Result<Message, ComposeError>,
    /// The fields that name somebody by no address.
    no_address: Vec<&'static str>,
}

/// What became of a number of lines.
struct Scanned {
    /// Of a line that is no mail, why.
    lines: Vec<Result<Told, Trouble>>,
    /// The time in the scanner, of each round.
    took: Vec<Duration>,
    /// Why the rest was not.
    trouble: Option<Trouble>,
}

/// What is said of one line.
struct Told {
    prediction: String,
    bytes: u64,
    /// The fields that name somebody by no address, which counts as PHI.
    no_address: Vec<&'static str>,
    /// What of the mail could not be scanned, and why; this counts as PHI.
    unread: Vec<(String, String)>,
    /// Why the mail was not scanned, which counts as PHI.
    refused: Option<ComposeError>,
}

/// Scans every line, in order; the time is that in the scanner, of the fastest
/// of some rounds. A line that is no mail is told, and the others are scanned.
pub fn run(
    mut input: &mut dyn BufRead,
    scanner: &dyn Scanner,
    threads: usize,
    rounds: u16,
    io: &mut Streams<'_>,
    progress: &mut Progress,
) -> Result<Duration, Trouble> {
    let mut took = vec![Duration::ZERO; rounds.max(1).into()];
    let (mut number, mut more, mut wrong) = (0, true, 0);
    while more {
        let (mut lines, mut held) = (Vec::new(), 0);
        while more && lines.len() < BATCH && held < BATCH_BYTES {
            let mut line = Vec::new();
            let read = (&mut input).take(MAX_LINE).read_until(b'\n', &mut line);
            more = read
                .map_err(|e| Trouble::new("scan.jsonl", format!("line {}: {e}", number + 1)))?
                > 0;
            if line.len() as u64 == MAX_LINE {
                let message = format!("line {}: longer than {MAX_LINE} bytes", number + 1);
                return Err(Trouble::new("scan.jsonl", message));
            }
            number += usize::from(more);
            // As Windows begins a file.
            if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            if !line.trim_ascii().is_empty() {
                held += line.len();
                lines.push((number, line));
            }
        }
        let each = lines.len().div_ceil(threads.max(1)).max(1);
        let scanned: Vec<Scanned> = match threads {
            0 | 1 => vec![scan(&lines, scanner, rounds)],
            _ => std::thread::scope(|scope| {
                let work: Vec<_> = lines
                    .chunks(each)
                    .map(|chunk| scope.spawn(move || scan(chunk, scanner, rounds)))
                    .collect();
                work.into_iter()
                    .map(|w| w.join().unwrap_or_else(|_| Scanned::ended_early()))
                    .collect()
            }),
        };
        let mut numbers = lines.iter().map(|(number, _)| number);
        for scanned in scanned {
            for (total, took) in took.iter_mut().zip(scanned.took) {
                *total += took;
            }
            for (told, number) in scanned.lines.into_iter().zip(&mut numbers) {
                progress.clear(io.err);
                let told = match told {
                    Ok(told) => told,
                    Err(trouble) => {
                        let _ = writeln!(io.err, "scan: {trouble}; it has no line of its own");
                        wrong += 1;
                        continue;
                    }
                };
                writeln!(io.out, "{}", told.prediction)?;
                for field in told.no_address {
                    let _ = writeln!(
                        io.err,
                        "scan: line {number}: {field} is no address: its words were scanned, \
                         and the mail counts as PHI"
                    );
                }
                for (part, why) in told.unread {
                    let _ = writeln!(io.err, "scan: line {number}: {part}: {why}");
                }
                if let Some(error) = told.refused {
                    wrong += 1;
                    let code = error.code();
                    let _ = writeln!(
                        io.err,
                        "scan: line {number}: not scanned, so PHI: {error} [{code}]"
                    );
                }
                progress.step(io.err, 1, told.bytes);
            }
            if let Some(trouble) = scanned.trouble {
                return Err(trouble);
            }
        }
    }
    progress.clear(io.err);
    io.out.flush()?;
    if wrong > 0 {
        let message = format!(
            "{wrong} of {number} lines could not be scanned: take them for PHI, those too that \
             have no line of their own"
        );
        return Err(Trouble::new("scan.jsonl", message));
    }
    Ok(took.into_iter().min().unwrap_or_default())
}

/// Scans some lines. All are read before the first
/// is scanned: a program that has mails to send has them as messages already,
/// and what reads and writes JSON would take the scanner's place in the
/// processor's caches each time.
fn scan(lines: &[(usize, Vec<u8>)], scanner: &dyn Scanner, rounds: u16) -> Scanned {
    let mut trouble = None;
    let read: Vec<Result<Read, Trouble>> = lines.iter().map(Read::new).collect();
    let scanned = |read: &Result<Read, Trouble>| {
        let message = read.as_ref().ok()?.message.as_ref().ok()?;
        Some(scanner.scan(message))
    };
    let mut took = Vec::new();
    for _ in 1..rounds {
        let start = Instant::now();
        for read in &read {
            drop(std::hint::black_box(scanned(read)));
        }
        took.push(start.elapsed());
    }
    let start = Instant::now();
    let found: Vec<_> = read.iter().map(scanned).collect();
    took.push(start.elapsed());
    let mut told = Vec::with_capacity(read.len());
    for (read, found) in read.into_iter().zip(found) {
        match read.map(|read| read.told(found.as_ref())) {
            Ok(Ok(line)) => told.push(Ok(line)),
            Ok(Err(error)) => {
                trouble = Some(std::io::Error::from(error).into());
                break;
            }
            Err(wrong) => told.push(Err(wrong)),
        }
    }
    Scanned {
        lines: told,
        took,
        trouble,
    }
}

impl Scanned {
    fn ended_early() -> Self {
        Self {
            lines: Vec::new(),
            took: Vec::new(),
            trouble: Some(Trouble::new("scan.jsonl", "a thread ended early")),
        }
    }
}

impl Read {
    fn new((number, line): &(usize, Vec<u8>)) -> Result<Self, Trouble> {
        // Serde's own words may repeat the text.
        let mail: Mail = serde_json::from_slice(line).map_err(|e| {
            let what = match e.is_data() {
                true => "a field is missing or of another type",
                false => "not JSON",
            };
            let message = format!("line {number}, column {}: {what}", e.column());
            Trouble::new("scan.jsonl", message)
        })?;
        let (envelope, no_address) = mail.envelope();
        let message = mail.message(&envelope);
        Ok(Self {
            mail,
            message,
            no_address,
        })
    }

    fn told(self, found: Option<&Findings>) -> serde_json::Result<Told> {
        let least = match self.no_address.is_empty() {
            true => Sensitivity::None,
            false => Sensitivity::Phi,
        };
        let mut unread = Vec::new();
        let prediction = match (&self.message, found) {
            (Ok(message), Some(found)) => {
                let told = |u: &Unscannable| (where_word(u.part), words::unscannable(u.why));
                unread = found.unscannable.iter().map(told).collect();
                self.mail.prediction(message, found, least)
            }
            _ => Prediction {
                id: &self.mail.id,
                sensitivity: Sensitivity::Phi.word(),
                findings: Vec::new(),
            },
        };
        Ok(Told {
            prediction: serde_json::to_string(&prediction)?,
            bytes: self.mail.places().map(|(_, t)| t.len() as u64).sum(),
            no_address: self.no_address,
            unread,
            refused: self.message.err(),
        })
    }
}

impl Mail {
    /// Whose mail it is, and which fields name somebody by no address: those keep
    /// their words, which may tell of a person.
    fn envelope(&self) -> (Envelope, Vec<&'static str>) {
        let mut no_address = Vec::new();
        let mut mailbox = |field, text: &str, instead| {
            text.parse().unwrap_or_else(|_| {
                no_address.push(field);
                Mailbox::of_words(text, instead)
            })
        };
        let there = |text: &&String| !text.trim().is_empty();
        let from = self.from.as_ref().filter(there);
        let from = from.map(|from| mailbox("from", from, SENDER));
        let to = self.to.iter().flatten().filter(there);
        let to = to.map(|to| mailbox("to", to, RECIPIENT)).collect();
        no_address.dedup();
        (Envelope::new(from, to, self.audience.clone()), no_address)
    }

    fn message(&self, envelope: &Envelope) -> Result<Message, ComposeError> {
        let mut builder = envelope
            .builder()
            .limits(Limits::default().message_bytes(1024 * 1024 * 1024));
        if let Some(subject) = given(&self.subject) {
            builder = builder.subject(one_line(subject));
        }
        if let Some(text) = given(&self.text) {
            builder = builder.text(whole(text));
        }
        if let Some(html) = given(&self.html) {
            builder = builder.html(whole(html));
        }
        for file in self.attachments.iter().flatten() {
            let text = whole(file.text.as_deref().unwrap_or_default());
            builder = builder.attachment(Attachment::new(
                one_line(&file.name),
                file.as_text(),
                text.into_bytes(),
            ));
        }
        builder.build()
    }

    /// The texts that a span can be in.
    fn places(&self) -> impl Iterator<Item = (Part, &str)> {
        let body = [
            (Part::Subject, given(&self.subject)),
            (Part::Text, given(&self.text)),
            (Part::Html, given(&self.html)),
        ];
        let files = self.attachments.iter().flatten().zip(0u32..);
        body.into_iter()
            .filter_map(|(part, text)| Some((part, text?)))
            .chain(files.flat_map(|(file, n)| {
                let text = file.text.as_deref().unwrap_or_default();
                [
                    (Part::Attachment(n), text),
                    (Part::AttachmentName(n), file.name.as_str()),
                ]
            }))
    }

    fn prediction(
        &self,
        message: &Message,
        findings: &Findings,
        least: Sensitivity,
    ) -> Prediction<'_> {
        let mut spans = Vec::with_capacity(findings.items.len());
        let places: Vec<(Part, &str)> = self.places().collect();
        for scanned in message.parts() {
            let part = scanned.part();
            let Some((_, given)) = places.iter().find(|(p, _)| *p == part) else {
                continue;
            };
            let mut found = findings.items.iter().filter(|f| f.part == part).peekable();
            if found.peek().is_none() {
                continue;
            }
            let PartContent::Text(seen) = scanned.content() else {
                continue;
            };
            let offsets = Offsets::new(given, seen.expose());
            for finding in found {
                let span = match &finding.inside {
                    None => offsets.span(&finding.span),
                    // In the text of an entry: it stands in the whole as well,
                    // if the entry was not packed.
                    Some(_) => find(given, finding.expose().expose()),
                };
                if let Some(span) = span {
                    spans.push(Span {
                        kind: finding.kind,
                        place: where_word(part),
                        start: span.start,
                        end: span.end,
                    });
                }
            }
        }
        Prediction {
            id: &self.id,
            sensitivity: findings.sensitivity().unwrap_or(least).max(least).word(),
            findings: spans,
        }
    }
}

impl File {
    /// The text was taken out of the file already: only the types of text that
    /// tell how to read it are kept.
    fn as_text(&self) -> &'static str {
        let name = self.media_type.as_deref().unwrap_or_default();
        let name = name.split(';').next().unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            "text/html" => "text/html; charset=utf-8",
            "text/csv" => "text/csv; charset=utf-8",
            "text/calendar" => "text/calendar; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// A text that is there and not empty.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|t| !t.is_empty())
}

/// Without NUL, which no mail has; a blank stands for it.
fn whole(text: &str) -> String {
    text.replace('\0', " ")
}

/// The code points of the first place where a value stands.
fn find(text: &str, value: &str) -> Option<std::ops::Range<usize>> {
    let at = text.find(value).filter(|_| !value.is_empty())?;
    let start = text.get(..at)?.chars().count();
    Some(start..start + value.chars().count())
}
