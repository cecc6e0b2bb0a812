//! The encoding that a font program brings along: Type 1 (Adobe Type 1 Font
//! Format chapter 2) and CFF (Adobe Technical Note 5176).
//!
//! A TrueType program in a PDF has no names as a rule, and is not asked.

use super::super::budget::Budget;
use super::super::sniff::find;
use super::file::File;
use super::glyphs;
use super::object::{Dict, Object, Parser};

/// No program is as long.
const FAR: usize = 1 << 30;

/// How a program begins: Type 1 as text or in segments, CFF, TrueType, OpenType.
const STARTS: &[&[u8]] = &[
    b"%!",
    b"\x80\x01",
    b"\x01\0",
    b"\0\x01\0\0",
    b"true",
    b"OTTO",
];

/// Whether a font brings along what is a program by its start.
pub(super) fn is_any(file: &mut File<'_>, descriptor: &Dict, budget: &mut Budget) -> bool {
    ["FontFile", "FontFile2", "FontFile3"].iter().any(|key| {
        let program = descriptor.get(key).cloned();
        let stream = program.and_then(|program| file.stream(&program, budget));
        let start = stream.and_then(|stream| file.start(&stream, budget));
        start.is_some_and(|start| STARTS.iter().any(|mark| start.starts_with(mark)))
    })
}

/// Characters by their codes, where a program tells them.
pub(super) type Table = Vec<Option<char>>;

/// What the program of a font says of its codes; `None` where the font has no
/// program, and a table of nothing where it has one that does not tell.
pub(super) fn encoding(
    file: &mut File<'_>,
    descriptor: &Dict,
    budget: &mut Budget,
) -> Option<Table> {
    let key = ["FontFile", "FontFile2", "FontFile3"]
        .into_iter()
        .find(|k| matches!(descriptor.get(k), Some(Object::Ref(_))))?;
    let nothing = vec![None; 256];
    let told = descriptor.get(key).cloned().and_then(|program| {
        if key == "FontFile2" {
            return None;
        }
        let stream = file.stream(&program, budget)?;
        let bytes = file.content(&stream, budget)?;
        match key {
            "FontFile" => type_1(&bytes),
            _ => cff(&bytes),
        }
    });
    Some(told.unwrap_or(nothing))
}

fn standard() -> Table {
    (0..=255u8).map(glyphs::standard).collect()
}

/// `/Encoding StandardEncoding def`, or an array that is filled one by one:
/// `dup 65 /A put`. It stands before what is encrypted.
fn type_1(bytes: &[u8]) -> Option<Table> {
    let clear = find(bytes, b"eexec", 0).unwrap_or(bytes.len());
    let at = find(bytes.get(..clear)?, b"/Encoding", 0)? + b"/Encoding".len();
    let mut parser = Parser::new(bytes.get(..clear)?, at);
    if parser.next() == Some(Object::Word(b"StandardEncoding".to_vec())) {
        return Some(standard());
    }
    let mut table = vec![None; 256];
    let mut code = None;
    // The array is made in a loop that has names and numbers of its own.
    let mut begun = false;
    loop {
        match parser.next()? {
            Object::Word(word) => match &word[..] {
                b"dup" => begun = true,
                b"def" | b"readonly" if begun => return Some(table),
                _ => {}
            },
            number @ Object::Number(_) if begun => code = number.count(),
            Object::Name(name) if begun => {
                if let Some(place) = code.take().and_then(|c| table.get_mut(c)) {
                    *place = glyphs::named(&name);
                }
            }
            _ => {}
        }
    }
}

/// A font of names. One of numbers, as composite fonts have, tells nothing.
fn cff(bytes: &[u8]) -> Option<Table> {
    let names = Index::at(bytes, usize::from(*bytes.get(2)?))?;
    let tops = Index::at(bytes, names.end)?;
    let strings = Index::at(bytes, tops.end)?;
    let top = Top::read(tops.get(bytes, 0)?)?;
    let count = Index::at(bytes, top.glyphs)?.count.min(65_535);
    let of = |string: usize| match string {
        0 => None,
        1..=95 => glyphs::standard(u8::try_from(string + 31).ok()?),
        96..=228 => STRINGS.chars().nth(string - 96),
        229..=390 => None,
        _ => glyphs::named(strings.get(bytes, string - 391)?),
    };
    // The string of each glyph.
    let charset = match top.charset {
        0 => (0..229).collect(),
        1 | 2 => return None,
        at => charset(bytes, at, count)?,
    };
    let of_glyph = |glyph: usize| charset.get(glyph).and_then(|s| of(*s));
    let mut table = vec![None; 256];
    let mut put = |code: usize, c: Option<char>| {
        if let Some(place) = table.get_mut(code) {
            *place = c;
        }
    };
    let byte = |at: usize| bytes.get(at).copied().map(usize::from);
    let start = match top.encoding {
        0 => return Some(standard()),
        1 => return None,
        at => at,
    };
    let (form, count) = (byte(start)?, byte(start + 1)?);
    let mut at = start + 2;
    let mut glyph = 1;
    for _ in 0..count {
        let (first, more) = match form & 0x7f {
            0 => (byte(at)?, 0),
            _ => (byte(at)?, byte(at + 1)?),
        };
        at += 1 + (form & 0x7f).min(1);
        for code in first..=first + more {
            put(code, of_glyph(glyph));
            glyph += 1;
        }
    }
    if form & 0x80 != 0 {
        for n in 0..byte(at)? {
            let string = two(bytes, at + 2 + n * 3)?;
            put(byte(at + 1 + n * 3)?, of(string));
        }
    }
    Some(table)
}

/// Strings of all fonts, from 96.
const STRINGS: &str = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ–†‡·¶•‚„”»…‰¿`´ˆ˜¯˘˙¨˚¸˝˛ˇ—ÆªŁØŒºæıłøœß\
    ¹¬µ™Ð½±Þ¼÷¦°þ¾²®−ð×³©ÁÂÄÀÅÃÇÉÊËÈÍÎÏÌÑÓÔÖÒÕŠÚÛÜÙÝŸŽáâäàåãçéêëèíîïìñóôöòõšúûüùýÿž";

fn two(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_be_bytes(*pair)))
}

fn charset(bytes: &[u8], at: usize, glyphs: usize) -> Option<Vec<usize>> {
    let form = *bytes.get(at)?;
    let mut at = at + 1;
    let mut out = vec![0];
    while out.len() < glyphs {
        let first = two(bytes, at)?;
        let more = match form {
            0 => 0,
            1 => usize::from(*bytes.get(at + 2)?),
            _ => two(bytes, at + 2)?,
        };
        at += 2 + usize::from(form.min(2));
        let room = glyphs - out.len();
        out.extend((first..=first + more).take(room));
    }
    Some(out)
}

/// A list of stretches of bytes.
struct Index {
    count: usize,
    /// Bytes of an offset, and where the offsets stand.
    size: usize,
    offsets: usize,
    end: usize,
}

impl Index {
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let count = two(bytes, at)?;
        let mut index = Self {
            count,
            size: 1,
            offsets: at + 3,
            end: at + 2,
        };
        if count > 0 {
            index.size = usize::from(*bytes.get(at + 2)?).clamp(1, 4);
            index.end = index.place(bytes, count)?;
        }
        Some(index)
    }

    /// Where one begins, and the one before ends.
    fn place(&self, bytes: &[u8], n: usize) -> Option<usize> {
        let at = self.offsets + n * self.size;
        let offset = bytes
            .get(at..at + self.size)?
            .iter()
            .fold(0, |n, b| n << 8 | usize::from(*b));
        // Counted from the byte before the first.
        let first = self.offsets + (self.count + 1) * self.size;
        Some(first + offset.checked_sub(1)?.min(FAR))
    }

    fn get<'a>(&self, bytes: &'a [u8], n: usize) -> Option<&'a [u8]> {
        if n >= self.count {
            return None;
        }
        bytes.get(self.place(bytes, n)?..self.place(bytes, n + 1)?)
    }
}

/// Where the parts of a font stand.
struct Top {
    charset: usize,
    encoding: usize,
    glyphs: usize,
}

impl Top {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut top = Self {
            charset: 0,
            encoding: 0,
            glyphs: 0,
        };
        let mut number = 0;
        let mut at = 0;
        while let Some(&b) = bytes.get(at) {
            let next = |n: usize| bytes.get(at + n).copied().map(usize::from);
            at += match b {
                15 => {
                    top.charset = number;
                    1
                }
                16 => {
                    top.encoding = number;
                    1
                }
                17 => {
                    top.glyphs = number;
                    1
                }
                // Glyphs go by numbers.
                12 if next(1) == Some(30) => return None,
                12 => 2,
                28 => {
                    number = next(1)? << 8 | next(2)?;
                    3
                }
                29 => {
                    number = (1..5).try_fold(0, |n, i| Some(n << 8 | next(i)?))?;
                    number = number.min(FAR);
                    5
                }
                // A fraction, to the half byte that ends it.
                30 => {
                    let rest = bytes.get(at + 1..)?;
                    2 + rest.iter().position(|b| b & 15 == 15 || b >> 4 == 15)?
                }
                32..=246 => {
                    number = usize::from(b).saturating_sub(139);
                    1
                }
                247..=250 => {
                    number = usize::from(b - 247) * 256 + next(1)? + 108;
                    2
                }
                251..=254 => {
                    number = 0;
                    2
                }
                _ => 1,
            };
        }
        (top.glyphs > 0).then_some(top)
    }
}
