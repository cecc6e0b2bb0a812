//! The PHI scanner over mail text of each size and in files of each kind, each
//! of its passes by itself, and the redacted copy.
//!
//! `cargo bench -p mailseal-benches --bench dlp`. The rates are of the text
//! that a person reads: of a DOCX or PDF not of the packed bytes. As a test
//! (`cargo test`) only what is small runs, once. `presidio/compare.py` runs the
//! scanner beside Presidio.
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

mod files;
mod mails;

use std::hint::black_box;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use mailseal::base::Address;
use mailseal::compose::{Attachment, Builder, HasRecipient, HasSender, Limits, Message};
use mailseal::dlp::passes::Passes;
use mailseal::dlp::redact::{Redaction, Style};
use mailseal::dlp::{Part, PhiScanner, RuleScanner, Scanner};

const KB: usize = 1_000;
const MB: usize = 1_000 * KB;

/// Whether this is a bench, and not a test that it still runs.
fn measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

fn sizes() -> &'static [usize] {
    match measured() {
        true => &[KB, 10 * KB, MB, 100 * MB],
        false => &[KB],
    }
}

fn mail() -> Builder<HasSender, HasRecipient> {
    Message::builder()
        .from("clinic@harbor.example".parse().expect("an address"))
        .to("pat@mail.example".parse::<Address>().expect("an address"))
        .subject("Your visit")
        .limits(Limits::default().message_bytes(512 << 20))
}

/// Of so many lines one is about a person.
const LINES: usize = 6;

/// A mail with so much text. What is longer than a person writes comes in
/// files of 1 MB, as it would, with less about persons: a scan of one text ends
/// at 10,000 findings, and that of a mail at 100,000.
fn with_text(size: usize) -> Message {
    if size <= MB {
        return mail()
            .text(mails::text(size, LINES))
            .build()
            .expect("a message");
    }
    let files = (0..size / MB).map(|n| {
        let text = mails::text(MB, 10 * LINES).into_bytes();
        Attachment::new(format!("{n}.txt"), "text/plain; charset=utf-8", text)
    });
    let builder = files.fold(mail().text("See the files."), Builder::attachment);
    builder.build().expect("a message")
}

fn with_file(media_type: &str, bytes: Vec<u8>) -> Message {
    let builder = mail().text("See the file.");
    let file = Attachment::new("file", media_type, bytes);
    builder.attachment(file).build().expect("a message")
}

fn scanners() -> [(&'static str, Box<dyn Scanner>); 3] {
    [
        ("rules", Box::new(RuleScanner::new())),
        ("without_names", Box::new(PhiScanner::new().without_names())),
        ("with_names", Box::new(PhiScanner::new())),
    ]
}

/// Nothing may be left out of what is measured.
fn check(scanner: &dyn Scanner, message: &Message, name: &str) {
    let findings = scanner.scan(message);
    assert!(findings.unscannable.is_empty(), "{name}: {findings:?}");
    assert!(!findings.items.is_empty(), "{name}: nothing was found");
}

fn text(c: &mut Criterion) {
    let mut group = c.benchmark_group("dlp/text");
    for &size in sizes() {
        let message = with_text(size);
        group.throughput(Throughput::Bytes(size as u64));
        if size > MB {
            group.sample_size(10).sampling_mode(SamplingMode::Flat);
        }
        for (name, scanner) in scanners() {
            if size > KB {
                check(scanner.as_ref(), &message, name);
            }
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| scanner.scan(black_box(&message)));
            });
        }
    }
    group.finish();
}

fn kinds(c: &mut Criterion) {
    let size = if measured() { MB } else { 2 * KB };
    let text = mails::text(size, LINES);
    let html = mail().html(files::html(&text)).build().expect("a message");
    let table = files::csv(size);
    let messages = [
        ("html", html),
        ("csv", with_file("text/csv", table.into_bytes())),
        (
            "docx",
            with_file("application/octet-stream", files::docx(&text)),
        ),
        ("pdf", with_file("application/pdf", files::pdf(&text))),
    ];
    let mut group = c.benchmark_group("dlp/kind");
    group.throughput(Throughput::Bytes(size as u64));
    group.sample_size(20);
    for (kind, message) in &messages {
        for (name, scanner) in scanners().iter().skip(1) {
            if *kind != "csv" {
                check(scanner.as_ref(), message, kind);
            }
            group.bench_function(BenchmarkId::new(*kind, name), |b| {
                b.iter(|| scanner.scan(black_box(message)));
            });
        }
    }
    group.finish();
}

/// Each pass over one passage: the whole is more than their sum by what the
/// message and its findings take.
fn passes(c: &mut Criterion) {
    let size = if measured() { 64 * KB } else { KB };
    let text = mails::text(size, LINES);
    let page = files::html(&text);
    let mut group = c.benchmark_group("dlp/pass");
    group.throughput(Throughput::Bytes(size as u64));
    let mut read = Passes::new(&text);
    group.bench_function("html", |b| b.iter(|| Passes::html(black_box(&page))));
    group.bench_function("view", |b| b.iter(|| read.view()));
    group.bench_function("tokens", |b| b.iter(|| read.tokens()));
    group.bench_function("tokens_and_units", |b| b.iter(|| read.units()));
    group.bench_function("codes", |b| b.iter(|| read.label(false)));
    group.bench_function("codes_and_words", |b| b.iter(|| read.label(true)));
    group.bench_function("rules", |b| b.iter(|| read.rules(true)));
    group.bench_function("people", |b| b.iter(|| read.people()));
    group.bench_function("count", |b| b.iter(|| read.count()));
    group.bench_function("verdict", |b| b.iter(|| read.judge()));
    group.finish();
}

fn redaction(c: &mut Criterion) {
    let size = if measured() { MB } else { 2 * KB };
    let text = mails::text(size, LINES);
    let page = files::html(&text);
    let message = mail().text(text).html(page).build().expect("a message");
    let findings = PhiScanner::new().scan(&message);
    let how = Redaction::new(Style::Pseudonym).health().context();
    let mut group = c.benchmark_group("dlp/redact");
    group.throughput(Throughput::Bytes(size as u64));
    group.sample_size(20);
    for (name, part) in [("text", Part::Text), ("html", Part::Html)] {
        group.bench_function(name, |b| {
            b.iter(|| findings.redacted(black_box(&message), part, &how));
        });
    }
    group.finish();
}

criterion_group!(dlp, text, kinds, passes, redaction);
criterion_main!(dlp);
