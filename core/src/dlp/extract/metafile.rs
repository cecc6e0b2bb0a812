//! Drawings of Windows, EMF ([MS-EMF], [MS-EMFPLUS]) and WMF ([MS-WMF]): their
//! text, and the size of the pictures in them.
//!
//! Text is drawn string by string; strings of one height stand on one line.

use super::picture::{self, Pictures};
use super::walk::Walk;
use super::zip::{u16_at, u32_at};

/// Bytes of curves that may be drawn letters, enough for a page of them.
const CURVES: usize = 1 << 18;
/// Glyphs without codes that mean nothing yet.
const GLYPHS: usize = 3;

/// Whether a file is one.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    is_emf(bytes) || wmf_start(bytes).is_some()
}

fn is_emf(bytes: &[u8]) -> bool {
    bytes.starts_with(&[1, 0, 0, 0]) && bytes.get(40..44) == Some(b" EMF")
}

/// Where the records of a WMF file begin.
fn wmf_start(bytes: &[u8]) -> Option<usize> {
    let head = match bytes.starts_with(b"\xd7\xcd\xc6\x9a") {
        true => 22,
        false => 0,
    };
    let known = matches!(bytes.get(head..head + 6)?, [1 | 2, 0, 9, 0, 0, 1 | 3]);
    known.then_some(head + 18)
}

/// Reads one.
pub(super) fn read(walk: &mut Walk<'_>, pictures: &mut Pictures, name: &str, bytes: &[u8]) {
    let mut drawing = Drawing {
        pictures,
        text: String::new(),
        line: None,
        glyphs: 0,
        curves: 0,
    };
    let whole = match wmf_start(bytes) {
        Some(start) => drawing.wmf(bytes, start),
        None => drawing.emf(bytes),
    };
    let unread = drawing.glyphs > GLYPHS || drawing.curves > CURVES;
    let text = drawing.text;
    if unread {
        pictures.unreadable();
    }
    if !whole {
        walk.fail("malformed");
    }
    if !walk.budget.spend(text.len()) {
        walk.fail("too_large");
    }
    walk.inside(name, text);
}

struct Drawing<'a> {
    pictures: &'a mut Pictures,
    text: String,
    /// The height of the last string, and whether it was one character.
    line: Option<(i64, bool)>,
    /// Glyphs that are numbers of a font.
    glyphs: usize,
    /// Bytes that draw without text.
    curves: usize,
}

impl Drawing<'_> {
    fn put(&mut self, text: &str, y: i64) {
        let one = text.chars().nth(1).is_none();
        match self.line {
            // Letters that are drawn one by one.
            Some((last, true)) if last == y && one => {}
            Some((last, _)) if last == y => self.text.push(' '),
            Some(_) => self.text.push('\n'),
            None => {}
        }
        self.line = Some((y, one));
        self.text.push_str(text);
    }

    /// A bitmap, or the bytes of one that cannot be told.
    fn bitmap(&mut self, bytes: &[u8], length: usize) {
        match picture::dib(bytes) {
            Some(size) => self.pictures.add(size, length),
            None => self.pictures.unknown(length),
        }
    }

    /// `false` where the file breaks off.
    fn emf(&mut self, data: &[u8]) -> bool {
        let mut rest = data;
        loop {
            let Some((kind, size)) = u32_at(rest, 0).zip(place(rest, 4)) else {
                return false;
            };
            let Some(record) = rest.get(..size).filter(|_| size >= 8) else {
                return false;
            };
            rest = rest.get(size..).unwrap_or_default();
            match kind {
                // The end.
                14 => return true,
                83 | 84 => self.emf_text(record, kind == 84),
                96 | 97 => self.glyphs += record.len(),
                108 => self.emf_small_text(record),
                76..=78 | 114 | 116 => self.emf_bitmap(record, 84),
                80 | 81 => self.emf_bitmap(record, 48),
                79 | 93 | 94 => self.pictures.unknown(record.len()),
                70 if record.get(12..16) == Some(b"EMF+") => {
                    let end = place(record, 8).unwrap_or(0).saturating_add(12);
                    self.plus(record.get(16..end.min(record.len())).unwrap_or_default());
                }
                2..=8 | 70 | 85..=92 => self.curves += record.len(),
                _ => {}
            }
        }
    }

    fn emf_bitmap(&mut self, record: &[u8], at: usize) {
        // Without one the record fills a rectangle.
        if let Some(from) = place(record, at).filter(|n| *n > 0) {
            self.bitmap(record.get(from..).unwrap_or_default(), record.len());
        }
    }

    fn emf_text(&mut self, record: &[u8], wide: bool) {
        let (Some(count), Some(from)) = (place(record, 44), place(record, 48)) else {
            return;
        };
        let options = u32_at(record, 52).unwrap_or(0);
        let bytes = record.get(from..).unwrap_or_default();
        self.string(bytes, count, wide, options & 0x10 != 0, signed(record, 40));
    }

    fn emf_small_text(&mut self, record: &[u8]) {
        let (Some(count), Some(options)) = (place(record, 16), u32_at(record, 20)) else {
            return;
        };
        // The rectangle is left out where the options say so.
        let from = if options & 0x100 == 0 { 52 } else { 36 };
        let bytes = record.get(from..).unwrap_or_default();
        let wide = options & 0x200 == 0;
        self.string(bytes, count, wide, options & 0x10 != 0, signed(record, 12));
    }

    /// Characters, or numbers of glyphs.
    fn string(&mut self, bytes: &[u8], count: usize, wide: bool, glyphs: bool, y: i64) {
        let length = count.saturating_mul(if wide { 2 } else { 1 });
        let bytes = bytes.get(..length.min(bytes.len())).unwrap_or_default();
        if glyphs {
            self.glyphs = self.glyphs.saturating_add(count);
        } else if wide {
            let units = bytes.chunks_exact(2).map(|pair| match *pair {
                [a, b] => u16::from_le_bytes([a, b]),
                _ => 0,
            });
            let text: String = char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            self.put(&text, y);
        } else {
            self.put(&super::text::latin(bytes), y);
        }
    }

    /// Records of EMF+, in a comment of EMF.
    fn plus(&mut self, data: &[u8]) {
        let mut rest = data;
        while let (Some(kind), Some(flags), Some(size)) =
            (u16_at(rest, 0), u16_at(rest, 2), place(rest, 4))
        {
            let Some(record) = rest.get(..size.min(rest.len())).filter(|r| r.len() >= 12) else {
                return;
            };
            rest = rest.get(size..).unwrap_or_default();
            match kind {
                // A string.
                0x401c => {
                    let count = place(record, 20).unwrap_or(0);
                    let bytes = record.get(40..).unwrap_or_default();
                    self.string(bytes, count, true, false, signed(record, 28));
                }
                // Characters with their places, or glyphs.
                0x4036 => {
                    let count = place(record, 24).unwrap_or(0);
                    let codes = u32_at(record, 16).unwrap_or(0) & 1 != 0;
                    let bytes = record.get(28..).unwrap_or_default();
                    let y = signed(record, 32usize.saturating_add(count.saturating_mul(2)));
                    self.string(bytes, count, true, !codes, y);
                }
                // An object that is a picture.
                0x4008 if flags >> 8 & 0x7f == 5 => self.plus_picture(record),
                0x4008 => self.curves += record.len(),
                _ => {}
            }
        }
    }

    fn plus_picture(&mut self, record: &[u8]) {
        let pixels = (u32_at(record, 20), u32_at(record, 24));
        let coded = record.get(40..).unwrap_or_default();
        match (u32_at(record, 16), pixels) {
            (Some(1), (Some(width), Some(height))) if width > 0 && height > 0 => self
                .pictures
                .add((u64::from(width), u64::from(height)), record.len()),
            (Some(1), _) => match picture::sizes(coded).first() {
                Some(size) => self.pictures.add(*size, record.len()),
                None => self.pictures.unknown(record.len()),
            },
            _ => self.pictures.unknown(record.len()),
        }
    }

    /// `false` where the file breaks off.
    fn wmf(&mut self, data: &[u8], start: usize) -> bool {
        let mut rest = data.get(start..).unwrap_or_default();
        loop {
            let Some((size, kind)) = place(rest, 0).zip(u16_at(rest, 4)) else {
                return false;
            };
            let size = size.saturating_mul(2);
            let Some(record) = rest.get(..size).filter(|_| size >= 6) else {
                return false;
            };
            rest = rest.get(size..).unwrap_or_default();
            let short = |at| u16_at(record, at).map_or(0, i64::from);
            match kind {
                // The end.
                0 => return true,
                0x0521 => {
                    let count = usize::from(u16_at(record, 6).unwrap_or(0));
                    let bytes = record.get(8..).unwrap_or_default();
                    let y = short(8 + count.next_multiple_of(2));
                    self.string(bytes, count, false, false, y);
                }
                0x0a32 => {
                    let count = usize::from(u16_at(record, 10).unwrap_or(0));
                    let options = u16_at(record, 12).unwrap_or(0);
                    let from = if options & 6 == 0 { 14 } else { 22 };
                    let bytes = record.get(from..).unwrap_or_default();
                    self.string(bytes, count, false, options & 0x10 != 0, short(6));
                }
                0x0940 | 0x0b41 | 0x0f43 => {
                    let from = match kind {
                        0x0940 => 22,
                        0x0b41 => 26,
                        _ => 28,
                    };
                    if let Some(bytes) = record.get(from..).filter(|b| !b.is_empty()) {
                        self.bitmap(bytes, record.len());
                    }
                }
                0x0922 | 0x0b23 | 0x0d33 | 0x0142 | 0x01f9 => {
                    self.pictures.unknown(record.len());
                }
                // Curves, and what only some readers know.
                0x0324 | 0x0325 | 0x0538 | 0x0626 => self.curves += record.len(),
                _ => {}
            }
        }
    }
}

fn place(bytes: &[u8], at: usize) -> Option<usize> {
    u32_at(bytes, at).and_then(|n| usize::try_from(n).ok())
}

/// A height on the page.
fn signed(bytes: &[u8], at: usize) -> i64 {
    u32_at(bytes, at).map_or(0, i64::from)
}
