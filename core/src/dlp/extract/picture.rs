//! Pictures within documents: whether one could carry a page of text.
//!
//! No text in pictures is read. A logo, an icon or a signature beside text is
//! passed over; a scan or a screenshot is as unread as one that is attached by
//! itself. Which of the two a picture is, is told by its pixels. A page that
//! was cut into strips is told by their sum.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use super::inflate::inflate;
use super::metafile;
use super::sniff::{self, Kind};
use super::walk::Walk;
use super::zip::{u16_at, u32_at};

/// A picture with both sides as long as this may be a page, or a window of a
/// program: sixty letters in twenty-five lines.
const SIDE: u64 = 400;
/// So may one of as many pixels in any shape: above most logos and below a
/// list cut out of a screen,
const AREA: u64 = 200_000;
/// and as many in all the pictures of a document.
const AREAS: u64 = 400_000;
/// Sides of a square picture that is an icon: what is cut out of a screen is no
/// square.
const ICON: u64 = 512;
/// Bytes of a picture whose pixels nobody can tell.
const BYTES: usize = 20_000;
/// A picture has at most so many bytes more than its pixels need: profiles,
/// previews. What is longer brings something else along.
const BESIDE: u64 = 1 << 18;
/// Pictures of a document that are told from one another.
const MAX_SEEN: usize = 100_000;
/// Pictures of one TIFF file.
const MAX_PAGES: usize = 64;

/// What the pictures of a document are.
#[derive(Default)]
pub(super) struct Pictures {
    /// Sizes and lengths, or bytes: the same picture on each page is one.
    seen: HashSet<(u64, u64, u64)>,
    /// Whether an icon was seen. A document's logo is one, a page in squares more.
    icon: bool,
    hasher: RandomState,
    area: u64,
    unread: bool,
}

impl Pictures {
    /// Tells the walk where text may stand in them that was not read.
    pub(super) fn tell(&self, walk: &mut Walk<'_>) {
        if self.unread {
            walk.fail("unsupported_type");
        }
    }

    /// Counts a picture of so many pixels.
    pub(super) fn add(&mut self, size: (u64, u64), length: usize) {
        self.one(size, length, length as u64);
    }

    /// The same of one that is told from others by `key`.
    fn one(&mut self, (width, height): (u64, u64), length: usize, key: u64) {
        if self.seen.len() < MAX_SEEN && !self.seen.insert((width, height, key)) {
            return;
        }
        let area = width.saturating_mul(height);
        self.area = self.area.saturating_add(area);
        let needed = area.saturating_mul(8).saturating_add(BESIDE);
        let large = width >= SIDE && height >= SIDE || area >= AREA;
        let icon = large && width == height && width <= ICON;
        let first = icon && !std::mem::replace(&mut self.icon, true);
        self.unread |= large && !first
            || self.area >= AREAS
            || u64::try_from(length).is_ok_and(|n| n > needed);
    }

    /// Counts a picture whose pixels are not known.
    pub(super) fn unknown(&mut self, length: usize) {
        self.unread |= length > BYTES;
    }

    /// Counts what is text and cannot be read.
    pub(super) fn unreadable(&mut self) {
        self.unread = true;
    }

    /// Looks at a file that stands where pictures do. Whatever it is instead
    /// is walked.
    pub(super) fn file(&mut self, walk: &mut Walk<'_>, name: &str, bytes: &[u8]) {
        if walk.budget.knows(bytes) {
            return;
        }
        if metafile::is_one(bytes) {
            return metafile::read(walk, self, name, bytes);
        }
        if is_raster(bytes) {
            let sizes = sizes(bytes);
            if sizes.is_empty() {
                self.unknown(bytes.len());
            }
            let key = self.hasher.hash_one(bytes);
            for (n, size) in sizes.into_iter().enumerate() {
                self.one(size, bytes.len(), key.wrapping_add(n as u64));
            }
            // One file may be both.
            if super::zip::has_directory(bytes) {
                walk.child(name, bytes, "");
            }
            return;
        }
        match sniff::kind(bytes, "", name) {
            Kind::Gzip => self.packed(walk, name, bytes),
            Kind::Unknown => self.unknown(bytes.len()),
            _ => walk.child(name, bytes, ""),
        }
    }

    /// A metafile that is compressed.
    fn packed(&mut self, walk: &mut Walk<'_>, name: &str, bytes: &[u8]) {
        let Some((body, _)) = super::tar::member(bytes) else {
            walk.fail("malformed");
            return;
        };
        let out = inflate(body, false, walk.budget);
        if !metafile::is_one(&out.bytes) {
            return walk.child(name, bytes, "");
        }
        if let Some(why) = out.end.code() {
            walk.fail(why);
        }
        metafile::read(walk, self, name, &out.bytes);
    }
}

/// Whether a file is a picture of pixels, by how it begins.
pub(super) fn is_raster(bytes: &[u8]) -> bool {
    const BEGINNINGS: &[&[u8]] = &[
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF87a",
        b"GIF89a",
        b"II*\0",
        b"MM\0*",
        b"II\xbc",
    ];
    BEGINNINGS.iter().any(|b| bytes.starts_with(b)) || is_bitmap(bytes) || is_webp(bytes)
}

/// A BMP file: its second header has one of a few lengths.
fn is_bitmap(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM")
        && matches!(
            u32_at(bytes, 14),
            Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
        )
}

fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// Width and height of each picture of a file, none where it does not tell.
pub(super) fn sizes(bytes: &[u8]) -> Vec<(u64, u64)> {
    let one = match bytes {
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        [0xff, 0xd8, ..] => jpeg(bytes),
        [b'G', b'I', b'F', b'8', ..] => small(u16_at(bytes, 6), u16_at(bytes, 8)),
        [b'B', b'M', ..] => dib(bytes.get(14..).unwrap_or_default()),
        [b'R', b'I', b'F', b'F', ..] => webp(bytes),
        [b'I', b'I', ..] | [b'M', b'M', ..] => return tiff(bytes),
        // JPEG 2000: the header is the first box of the second one.
        [0, 0, 0, 12, b'j', b'P', ..] => {
            let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
            sniff::find(head, b"ihdr", 0).and_then(|at| {
                let (height, width) = (be32(bytes, at + 4)?, be32(bytes, at + 8)?);
                Some((width, height))
            })
        }
        [0xff, 0x4f, 0xff, 0x51, ..] => be32(bytes, 8).zip(be32(bytes, 12)),
        _ => None,
    };
    Vec::from_iter(one)
}

fn small(width: Option<u16>, height: Option<u16>) -> Option<(u64, u64)> {
    Some((u64::from(width?), u64::from(height?)))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    u16_at(bytes, at).map(u16::swap_bytes)
}

fn be32(bytes: &[u8], at: usize) -> Option<u64> {
    u32_at(bytes, at).map(|n| u64::from(n.swap_bytes()))
}

fn png(bytes: &[u8]) -> Option<(u64, u64)> {
    be32(bytes, 16).zip(be32(bytes, 20))
}

/// The size in the frame header (ITU-T T.81 section B.2.2). What stands
/// before it may hold a preview, which is passed over with its segment.
fn jpeg(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut at = 2;
    loop {
        match *bytes.get(at..at + 2)? {
            [0xff, 0xff] => at += 1,
            [0xff, 0x01 | 0xd0..=0xd8] => at += 2,
            [0xff, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf] => {
                let size = small(be16(bytes, at + 7), be16(bytes, at + 5))?;
                // The height may stand behind the picture.
                return (size.1 > 0).then_some(size);
            }
            [0xff, 0xd9 | 0xda] => return None,
            [0xff, _] => at += 2 + usize::from(be16(bytes, at + 2)?),
            _ => return None,
        }
    }
}

/// A bitmap without the header of a file, as metafiles hold it.
pub(super) fn dib(bytes: &[u8]) -> Option<(u64, u64)> {
    if u32_at(bytes, 0)? == 12 {
        return small(u16_at(bytes, 4), u16_at(bytes, 6));
    }
    // A height below zero is that of one that begins at its top.
    let side = |at| {
        u32_at(bytes, at).map(|n| u64::from(i32::from_le_bytes(n.to_le_bytes()).unsigned_abs()))
    };
    side(4).zip(side(8))
}

fn webp(bytes: &[u8]) -> Option<(u64, u64)> {
    match bytes.get(12..16)? {
        b"VP8 " => {
            let side = |at| u16_at(bytes, at).map(|n| n & 0x3fff);
            small(side(26), side(28))
        }
        b"VP8L" => {
            let bits = u32_at(bytes, 21)?;
            Some((
                u64::from(bits & 0x3fff) + 1,
                u64::from(bits >> 14 & 0x3fff) + 1,
            ))
        }
        b"VP8X" => {
            // Three bytes each, less one.
            let (width, height) = (u32_at(bytes, 24)? & 0x00ff_ffff, u32_at(bytes, 26)? >> 8);
            Some((u64::from(width) + 1, u64::from(height) + 1))
        }
        _ => None,
    }
}

/// Each page of a TIFF file (TIFF 6.0 section 2). JPEG XR goes by other
/// numbers and the same tables.
fn tiff(bytes: &[u8]) -> Vec<(u64, u64)> {
    let little = bytes.starts_with(b"II");
    let two = |at| match little {
        true => u16_at(bytes, at),
        false => be16(bytes, at),
    };
    let four = |at| match little {
        true => u32_at(bytes, at),
        false => u32_at(bytes, at).map(u32::swap_bytes),
    };
    let place = |at| four(at).and_then(|n| usize::try_from(n).ok());
    let mut out = Vec::new();
    let mut next = place(4);
    while let Some(table) = next.filter(|n| *n > 0)
        && let Some(count) = two(table)
        && out.len() < MAX_PAGES
    {
        let (mut width, mut height) = (0, 0);
        for n in 0..usize::from(count) {
            let Some(at) = table.checked_add(2 + n * 12) else {
                break;
            };
            let value = match two(at + 2) {
                Some(3) => two(at + 8).map(u64::from),
                _ => four(at + 8).map(u64::from),
            };
            match two(at) {
                Some(256 | 0xbc80) => width = value.unwrap_or(0),
                Some(257 | 0xbc81) => height = value.unwrap_or(0),
                None => break,
                _ => {}
            }
        }
        out.push((width, height));
        next = table
            .checked_add(2 + usize::from(count) * 12)
            .and_then(place);
    }
    out.retain(|(width, height)| *width > 0 && *height > 0);
    out
}
