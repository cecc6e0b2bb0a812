//! What a large message takes beside itself, from its build to the copy that
//! leaves. One test alone in its program: the memory is that of the process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::fs;

use mailseal::base::{Address, Phi, RecipientId, Timestamp};
use mailseal::compose::{Attachment, Copy, Limits, Message, Visible};
use mailseal::dlp::{PhiScanner, Scanner};

/// A line of proc(5), `status`, in bytes.
fn status(key: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix(key)).unwrap();
    let number = line.trim_start_matches(':').trim();
    let number = number.strip_suffix(" kB").unwrap();
    number.parse::<usize>().unwrap() * 1024
}

/// What `work` makes, and how many bytes it took at the most beyond what was
/// there before.
fn taken<T>(work: impl FnOnce() -> T) -> (T, usize) {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");
    let made = work();
    (made, status("VmHWM").saturating_sub(before))
}

/// Bytes that are no text and no file of a known kind.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()
    };
    std::iter::repeat_with(next)
        .take(length / 8)
        .flatten()
        .collect()
}

const MIB: usize = 1024 * 1024;
const FILES: usize = 4;
const FILE: usize = 8 * MIB;

#[test]
fn a_large_message_is_not_held_many_times() {
    if fs::write("/proc/self/clear_refs", "5").is_err() {
        eprintln!("skipped: the peak cannot be measured here");
        return;
    }
    let builder = || {
        Message::builder()
            .from("a@clinic.example".parse().unwrap())
            .to("b@mail.example".parse::<Address>().unwrap())
    };
    // The models are loaded once.
    PhiScanner::new().scan(&builder().text("Dear Ms. Lindqvist").build().unwrap());

    let mut files = builder().text("See the files.");
    for n in 0..FILES {
        let content = noise(FILE, n as u64);
        files = files.attachment(Attachment::new(
            format!("{n}.bin"),
            "application/x-a",
            content,
        ));
    }
    // What is encoded goes into the message at once and gives its place free.
    let (message, build) = taken(|| files.build().unwrap());
    assert!(message.size() > FILES * FILE);
    assert!(build < message.size() + 2 * MIB, "build: {build}");
    // One file at a time is decoded.
    let (_, scan) = taken(|| PhiScanner::new().scan(&message));
    assert!(scan < FILE + 4 * MIB, "scan: {scan}");
    let copy = Copy::new(
        Visible::Only(RecipientId::new(0)),
        Timestamp::from_unix_ms(1_700_000_000_000),
        "1@clinic.example",
    );
    let (copy, render) = taken(|| message.render(&copy).unwrap());
    assert!(render < message.size() + 2 * MIB, "render: {render}");
    drop(message);
    // Bytes that are given away are the message.
    let bytes = copy.into_bytes();
    let (message, parse) = taken(|| Message::parse_owned(bytes, &Limits::default()).unwrap());
    assert!(parse < 2 * MIB, "parse: {parse}");
    drop(message);

    // A text is written from its own place where its lines end as in a mail.
    let text = "The room has moved to the second floor.\r\n".repeat(FILES * FILE / 42);
    let text = Phi::new(text);
    let size = text.expose().len();
    let (message, build) = taken(|| builder().text(text).build().unwrap());
    assert!(build < size + size / 8, "build of a text: {build}");
    let (_, read) = taken(|| {
        for part in message.parts() {
            std::hint::black_box(part.content());
        }
    });
    assert!(read < size + size / 8, "reading of a text: {read}");
}
