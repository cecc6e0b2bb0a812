//! ZIP (APPNOTE 6.3): the directory checked against what it points at.
//!
//! Readers of ZIP disagree where an archive contradicts itself: two entries
//! over the same bytes, a name that the local header does not have, content
//! that no directory lists. Such an archive is read as far as it goes and is
//! `malformed`. Without a directory (an archive cut off) the entries are found
//! by their local headers.

use std::borrow::Cow;

use super::inflate::{End, crc32, inflate};
use super::sniff::find;
use super::walk::Walk;
use super::{odf, ooxml};

const END: &[u8] = b"PK\x05\x06";
const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";

/// One file of an archive.
pub(super) struct Entry {
    pub(super) name: String,
    method: u16,
    encrypted: bool,
    /// Where its local header stands.
    local: usize,
    /// Whether its sizes stand behind its content.
    late: bool,
    /// Where its compressed bytes stand.
    start: usize,
    end: usize,
    /// Size and checksum of its content; `None` where only the end of the
    /// compressed stream tells.
    check: Option<(u64, u32)>,
}

/// An archive whose entries are known.
pub(super) struct Archive<'a> {
    data: &'a [u8],
    pub(super) entries: Vec<Entry>,
}

impl Entry {
    /// Whether it is a folder, by its name and by holding nothing.
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/') && self.start == self.end
    }
}

/// Reads an archive, or the document that it is.
pub(super) fn read(walk: &mut Walk<'_>, data: &[u8]) {
    let archive = Archive::open(walk, data);
    let has = |name: &str| archive.entries.iter().any(|e| e.name == name);
    if has("[Content_Types].xml") {
        return ooxml::read(walk, &archive);
    }
    if has("content.xml") && (has("mimetype") || has("META-INF/manifest.xml")) {
        return odf::read(walk, &archive);
    }
    let names: Vec<&str> = archive.entries.iter().map(|e| e.name.as_str()).collect();
    walk.inside("file names", names.join("\n"));
    for entry in &archive.entries {
        if entry.is_folder() {
            continue;
        }
        let Some(bytes) = archive.content(walk, entry) else {
            continue;
        };
        match bytes {
            Cow::Borrowed(bytes) => walk.child(&entry.name, bytes, ""),
            Cow::Owned(bytes) => walk.decoded_child(&entry.name, &bytes, ""),
        }
    }
}

/// Whether an archive's directory stands at the end of `data`.
pub(super) fn has_directory(data: &[u8]) -> bool {
    Directory::find(data).is_some_and(|d| {
        d.start < d.end
            && data
                .get(d.start..)
                .is_some_and(|at| at.starts_with(CENTRAL))
    })
}

impl<'a> Archive<'a> {
    /// Lists the entries and reports what contradicts.
    fn open(walk: &mut Walk<'_>, data: &'a [u8]) -> Self {
        let mut archive = Self {
            data,
            entries: Vec::new(),
        };
        match Directory::find(data).and_then(|d| archive.list(walk, &d)) {
            Some(until) => archive.refuse_overlaps(walk, until),
            None => {
                walk.fail("malformed");
                if archive.entries.is_empty() {
                    archive.recover(walk);
                }
                archive.refuse_overlaps(walk, None);
            }
        }
        archive
    }

    /// Reads the central directory. `None` where it breaks off, else how far
    /// the entries reach, where all of them are listed.
    fn list(&mut self, walk: &mut Walk<'_>, directory: &Directory) -> Option<Option<usize>> {
        let data = self.data;
        if directory.gap {
            walk.fail("malformed");
        }
        if let Some(comment) = data.get(directory.comment.clone())
            && !comment.is_empty()
        {
            walk.inside("comment", super::text::decode(comment).0);
        }
        let mut at = directory.start;
        let mut count = 0u64;
        while at < directory.end {
            if !data.get(at..)?.starts_with(CENTRAL) {
                return None;
            }
            if !walk.entry() {
                return Some(None);
            }
            let (name_len, extra_len, comment_len) = (
                u16_at(data, at + 28)?,
                u16_at(data, at + 30)?,
                u16_at(data, at + 32)?,
            );
            let name = data.get(at + 46..at + 46 + usize::from(name_len))?;
            let extra_at = at + 46 + usize::from(name_len);
            let extra = data.get(extra_at..extra_at + usize::from(extra_len))?;
            let comment_at = extra_at + usize::from(extra_len);
            let comment = data.get(comment_at..comment_at + usize::from(comment_len))?;
            if !comment.is_empty() {
                walk.inside("comment", super::text::decode(comment).0);
            }
            let mut large = Large::new(extra);
            let size = large.or(u32_at(data, at + 24)?);
            let packed = large.or(u32_at(data, at + 20)?);
            let offset = large.or(u32_at(data, at + 42)?);
            let central = Central {
                name,
                flags: u16_at(data, at + 8)?,
                method: u16_at(data, at + 10)?,
                crc: u32_at(data, at + 16)?,
                size,
                packed,
            };
            let local = usize::try_from(offset)
                .ok()
                .and_then(|o| o.checked_add(directory.shift));
            match local.and_then(|local| self.entry(walk, &central, local)) {
                Some(entry) => self.entries.push(entry),
                None => walk.fail("malformed"),
            }
            at = comment_at + usize::from(comment_len);
            count += 1;
        }
        if count != directory.count {
            walk.fail("malformed");
        }
        Some(Some(directory.start))
    }

    /// An entry of the directory, where its local header agrees.
    fn entry(&self, walk: &mut Walk<'_>, central: &Central<'_>, local: usize) -> Option<Entry> {
        let data = self.data;
        if !data.get(local..)?.starts_with(LOCAL) {
            return None;
        }
        let flags = u16_at(data, local + 6)?;
        let name_len = usize::from(u16_at(data, local + 26)?);
        let extra_len = usize::from(u16_at(data, local + 28)?);
        let name = data.get(local + 30..local + 30 + name_len)?;
        let start = local + 30 + name_len + extra_len;
        let end = start.checked_add(usize::try_from(central.packed).ok()?)?;
        let sizes_differ = flags & 8 == 0 && {
            let size = u32_at(data, local + 22)?;
            size != u32::MAX && u64::from(size) != central.size
        };
        if name != central.name
            || u16_at(data, local + 8)? != central.method
            || (flags ^ central.flags) & 1 != 0
            || sizes_differ
        {
            walk.fail("malformed");
        }
        let end = if end > data.len() {
            walk.fail("malformed");
            data.len()
        } else {
            end
        };
        Some(Entry {
            name: name_of(central.name),
            method: central.method,
            encrypted: (flags | central.flags) & 1 != 0,
            local,
            late: flags & 8 != 0,
            start: start.min(end),
            end,
            check: Some((central.size, central.crc)),
        })
    }

    /// Finds entries by their local headers.
    fn recover(&mut self, walk: &mut Walk<'_>) {
        let data = self.data;
        let mut from = 0;
        while let Some(at) = find(data, LOCAL, from) {
            from = at + 4;
            let read = || {
                let name_len = usize::from(u16_at(data, at + 26)?);
                let extra_len = usize::from(u16_at(data, at + 28)?);
                let name = data.get(at + 30..at + 30 + name_len)?;
                let start = at + 30 + name_len + extra_len;
                let flags = u16_at(data, at + 6)?;
                let packed = usize::try_from(u32_at(data, at + 18)?).ok()?;
                (start <= data.len()).then_some((name, start, flags, packed))
            };
            let Some((name, start, flags, packed)) = read() else {
                break;
            };
            if !walk.entry() {
                break;
            }
            // With a descriptor behind it the size is not known before.
            let end = match flags & 8 == 0 {
                true => start.saturating_add(packed).min(data.len()),
                false => find(data, b"PK", start)
                    .filter(|_| u16_at(data, at + 8) == Some(0))
                    .or_else(|| find(data, LOCAL, start))
                    .unwrap_or(data.len()),
            };
            self.entries.push(Entry {
                name: name_of(name),
                method: u16_at(data, at + 8).unwrap_or(u16::MAX),
                encrypted: flags & 1 != 0,
                local: at,
                late: flags & 8 != 0,
                start,
                end,
                check: None,
            });
            from = end.max(from);
        }
    }

    /// Takes away entries over bytes of an earlier one. Where the entries are
    /// to fill the archive `until` its directory, bytes of none are reported.
    fn refuse_overlaps(&mut self, walk: &mut Walk<'_>, until: Option<usize>) {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|n| self.entries.get(*n).map(|e| e.local));
        let mut keep = vec![true; self.entries.len()];
        let (mut reached, mut late) = (0, false);
        // Signature, checksum and two sizes, which zip64 makes longer.
        let gap = |from: usize, to: usize, late| to - from > if late { 24 } else { 0 };
        let mut hidden = false;
        for n in order {
            let (Some(entry), Some(keep)) = (self.entries.get(n), keep.get_mut(n)) else {
                continue;
            };
            if entry.local < reached {
                walk.fail("malformed");
                *keep = false;
                continue;
            }
            hidden |= gap(reached, entry.local, late);
            reached = entry.end;
            late = entry.late;
        }
        if let Some(until) = until
            && (hidden || until < reached || gap(reached, until, late))
        {
            walk.fail("malformed");
        }
        let mut keep = keep.into_iter();
        self.entries.retain(|_| keep.next().unwrap_or(true));
        let mut names: Vec<&str> = self.entries.iter().map(|e| e.name.as_str()).collect();
        names.sort_unstable();
        if names
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
        {
            walk.fail("malformed");
        }
    }

    /// The content of an entry; `None`, and a code, where it cannot be read.
    pub(super) fn content(&self, walk: &mut Walk<'_>, entry: &Entry) -> Option<Cow<'a, [u8]>> {
        if entry.encrypted {
            walk.fail("encrypted");
            return None;
        }
        let packed = self.data.get(entry.start..entry.end)?;
        let mut whole = true;
        let content = match entry.method {
            0 => {
                if !walk.budget.spend(packed.len()) {
                    walk.fail("too_large");
                    return None;
                }
                Cow::Borrowed(packed)
            }
            8 => {
                let out = inflate(packed, false, walk.budget);
                if let Some(why) = out.end.code() {
                    walk.fail(why);
                }
                if out.end == End::Ratio {
                    return None;
                }
                whole = out.end == End::Done;
                // Bytes behind the stream are content that nobody unpacks.
                if whole && entry.check.is_some() && out.used < packed.len() {
                    walk.fail("malformed");
                }
                Cow::Owned(out.bytes)
            }
            _ => {
                walk.fail("unsupported_type");
                return None;
            }
        };
        if let Some((size, crc)) = entry.check
            && whole
            && (u64::try_from(content.len()) != Ok(size) || crc32(&content) != crc)
        {
            walk.fail("malformed");
        }
        Some(content)
    }
}

/// What the directory says of an entry.
struct Central<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    crc: u32,
    size: u64,
    packed: u64,
}

/// Where the central directory stands.
struct Directory {
    start: usize,
    end: usize,
    count: u64,
    /// What to add to every offset: bytes before the archive.
    shift: usize,
    comment: std::ops::Range<usize>,
    /// Whether there are bytes before or behind the archive.
    gap: bool,
}

impl Directory {
    fn find(data: &[u8]) -> Option<Self> {
        let last = data.len().checked_sub(22)?;
        let first = last.saturating_sub(usize::from(u16::MAX));
        let mut loose = None;
        for at in (first..=last).rev() {
            if !data.get(at..)?.starts_with(END) {
                continue;
            }
            let comment = usize::from(u16_at(data, at + 20)?);
            match (at + 22 + comment).cmp(&data.len()) {
                std::cmp::Ordering::Equal => return Self::read(data, at, comment, false),
                std::cmp::Ordering::Less if loose.is_none() => loose = Some((at, comment)),
                _ => {}
            }
        }
        let (at, comment) = loose?;
        Self::read(data, at, comment, true)
    }

    fn read(data: &[u8], at: usize, comment: usize, trailing: bool) -> Option<Self> {
        let mut count = u64::from(u16_at(data, at + 10)?);
        let mut size = u64::from(u32_at(data, at + 12)?);
        let mut offset = u64::from(u32_at(data, at + 16)?);
        let mut end = at;
        if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
            let locator = at.checked_sub(20)?;
            if data.get(locator..)?.starts_with(b"PK\x06\x07") {
                // Its place as written, or, behind other bytes, right before.
                let written = usize::try_from(u64_at(data, locator + 8)?).ok()?;
                let is = |at: usize| data.get(at..).is_some_and(|d| d.starts_with(b"PK\x06\x06"));
                let place = [Some(written), locator.checked_sub(56)]
                    .into_iter()
                    .flatten()
                    .find(|&at| is(at))?;
                count = u64_at(data, place.checked_add(32)?)?;
                size = u64_at(data, place.checked_add(40)?)?;
                offset = u64_at(data, place.checked_add(48)?)?;
                end = place;
            }
        }
        let start = end.checked_sub(usize::try_from(size).ok()?)?;
        let shift = start.checked_sub(usize::try_from(offset).ok()?)?;
        let before = !data.starts_with(LOCAL) && count > 0;
        Some(Self {
            start,
            end,
            count,
            shift,
            comment: at + 22..at + 22 + comment,
            gap: trailing || shift > 0 || before,
        })
    }
}

/// The sizes of the zip64 extra field, taken in order where the field of the
/// header is full.
struct Large<'a>(&'a [u8]);

impl<'a> Large<'a> {
    fn new(extra: &'a [u8]) -> Self {
        let mut at = 0;
        while let (Some(id), Some(size)) = (u16_at(extra, at), u16_at(extra, at + 2)) {
            let end = at + 4 + usize::from(size);
            if id == 1 {
                return Self(extra.get(at + 4..end).unwrap_or_default());
            }
            at = end;
        }
        Self(&[])
    }

    fn or(&mut self, field: u32) -> u64 {
        if field != u32::MAX {
            return u64::from(field);
        }
        let value = u64_at(self.0, 0);
        self.0 = self.0.get(8..).unwrap_or_default();
        value.unwrap_or(u64::from(field))
    }
}

/// A name in UTF-8, or else in a charset that nothing tells.
fn name_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.replace('\\', "/"),
        Err(_) => super::text::latin(bytes).replace('\\', "/"),
    }
}

pub(super) fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?
        .first_chunk()
        .map(|b| u16::from_le_bytes(*b))
}

pub(super) fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?
        .first_chunk()
        .map(|b| u32::from_le_bytes(*b))
}

fn u64_at(data: &[u8], at: usize) -> Option<u64> {
    data.get(at..)?
        .first_chunk()
        .map(|b| u64::from_le_bytes(*b))
}
