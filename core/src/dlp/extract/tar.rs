//! TAR (POSIX.1-2001 ustar, GNU long names) and GZIP (RFC 1952).

use super::inflate::{End, inflate};
use super::walk::Walk;

const BLOCK: usize = 512;

/// Whether `bytes` begin with a header whose checksum is right.
pub(super) fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(..BLOCK).is_some_and(|header| {
        header.get(257..262) == Some(b"ustar")
            || (checksum(header) == octal(header.get(148..156).unwrap_or_default())
                && header.first() != Some(&0))
    })
}

fn checksum(header: &[u8]) -> Option<usize> {
    let sum = |range: std::ops::Range<usize>| -> usize {
        header
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|b| usize::from(*b))
            .sum()
    };
    // Its own field counts as blanks.
    Some(sum(0..148) + 8 * usize::from(b' ') + sum(156..BLOCK))
}

/// A number in octal digits, or in GNU's binary form.
fn octal(field: &[u8]) -> Option<usize> {
    if field.first().is_some_and(|b| b & 0x80 != 0) {
        return field.iter().skip(1).try_fold(0usize, |n, b| {
            n.checked_mul(256)?.checked_add(usize::from(*b))
        });
    }
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(|c: char| c == '\0' || c == ' ');
    if text.is_empty() {
        return Some(0);
    }
    usize::from_str_radix(text, 8).ok()
}

/// Reads an archive.
pub(super) fn read(walk: &mut Walk<'_>, data: &[u8]) {
    let text = |field: &[u8]| {
        let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
        String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
    };
    let mut at = 0;
    let mut long = None;
    let mut ended = false;
    while let Some(header) = data.get(at..).and_then(|rest| rest.get(..BLOCK)) {
        if header.iter().all(|b| *b == 0) {
            ended = true;
            break;
        }
        let size = octal(header.get(124..136).unwrap_or_default());
        let (Some(size), true) = (
            size,
            checksum(header) == octal(header.get(148..156).unwrap_or_default()),
        ) else {
            walk.fail("malformed");
            return;
        };
        if !walk.entry() {
            return;
        }
        let kind = header.get(156).copied().unwrap_or(0);
        let start = at + BLOCK;
        let end = start.saturating_add(size).min(data.len());
        let content = data.get(start..end).unwrap_or_default();
        let name = long.take().unwrap_or_else(|| {
            let prefix = header.get(345..500).map(text).unwrap_or_default();
            let name = header.get(..100).map(text).unwrap_or_default();
            if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            }
        });
        match kind {
            // A name that is too long for its field, as content.
            b'L' => {
                walk.inside("file names", text(content));
                long = Some(text(content));
            }
            b'K' => walk.inside("file names", text(content)),
            b'x' | b'g' => {
                let (records, all) = records(content);
                if !all {
                    walk.fail("too_many_entries");
                }
                for (key, value) in records {
                    if key == "path" {
                        long = Some(value.clone());
                    }
                    if !key.ends_with("time") {
                        walk.inside("file names", value);
                    }
                }
            }
            _ => {
                let target = header.get(157..257).map(text).unwrap_or_default();
                let names = format!("{name}\n{target}");
                walk.inside("file names", names.trim_end().to_owned());
                // A sparse file is not what its bytes say.
                if kind == b'S' {
                    walk.fail("unsupported_type");
                }
                if !walk.budget.spend(content.len()) {
                    walk.fail("too_large");
                    return;
                }
                // Folders and links have no content; a type that is not known
                // is unpacked as a file by most programs.
                if !content.is_empty() || matches!(kind, 0 | b'0' | b'7' | b'S') {
                    walk.child(&name, content, "");
                }
            }
        }
        // Cut off, which is told at the end.
        if content.len() < size {
            break;
        }
        at = end.saturating_add(size.next_multiple_of(BLOCK) - size);
    }
    let rest = data.get(at..).unwrap_or_default();
    if !ended || rest.iter().any(|b| *b != 0) {
        walk.fail("malformed");
    }
}

/// The records of a pax header: `length key=value`, each ended by a line feed;
/// and whether these are all.
fn records(content: &[u8]) -> (Vec<(String, String)>, bool) {
    const MOST: usize = 1_000;
    let text = String::from_utf8_lossy(content);
    let records = text
        .lines()
        .take(MOST)
        .map(|line| {
            let line = line
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start();
            let (key, value) = line.split_once('=').unwrap_or(("", line));
            (key.to_owned(), value.to_owned())
        })
        .collect();
    (records, text.lines().nth(MOST).is_none())
}

/// Reads what GZIP holds; several members are one content.
pub(super) fn gunzip(walk: &mut Walk<'_>, data: &[u8], name: &str) {
    let mut rest = data;
    let mut all: Vec<u8> = Vec::new();
    while rest.starts_with(b"\x1f\x8b\x08") {
        if !walk.entry() {
            break;
        }
        let Some((body, names)) = member(rest) else {
            walk.fail("malformed");
            break;
        };
        for name in names {
            walk.inside("file names", super::text::latin(name));
        }
        let held = all.len().min(walk.budget.held);
        walk.budget.held -= held;
        let out = inflate(body, false, walk.budget);
        walk.budget.held += held;
        if let Some(why) = out.end.code() {
            walk.fail(why);
        }
        if out.end == End::Ratio {
            return;
        }
        let trailer = body.get(out.used..out.used.saturating_add(8));
        let crc = trailer
            .and_then(|t| t.first_chunk())
            .map(|b| u32::from_le_bytes(*b));
        if crc != Some(super::inflate::crc32(&out.bytes)) {
            walk.fail("malformed");
        }
        match all.is_empty() {
            true => all = out.bytes,
            false => all.extend(out.bytes),
        }
        rest = match out.end {
            End::Done => body.get(out.used.saturating_add(8)..).unwrap_or_default(),
            _ => &[],
        };
    }
    if rest.iter().any(|b| *b != 0) {
        walk.fail("malformed");
    }
    let inner = name.strip_suffix(".gz").unwrap_or("content");
    walk.decoded_child(if inner.is_empty() { "content" } else { inner }, &all, "");
}

/// The compressed bytes of a member, and the name and comment of its header.
pub(super) fn member(data: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let flags = *data.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        let length = data
            .get(at..)?
            .first_chunk()
            .map(|b| u16::from_le_bytes(*b))?;
        at += 2 + usize::from(length);
    }
    let mut names = Vec::new();
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = data.get(at..)?.iter().position(|b| *b == 0)?;
            names.push(data.get(at..at + end)?);
            at += end + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    Some((data.get(at..)?, names))
}
