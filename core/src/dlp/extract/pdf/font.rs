//! Fonts: from character codes to text and widths (ISO 32000-1 section 9).

use std::collections::HashMap;

use super::super::budget::Budget;
use super::cmap::CMap;
use super::file::File;
use super::glyphs;
use super::object::{Dict, Object};
use super::program;

/// Widths that one font may set.
const MAX_WIDTHS: usize = 100_000;
/// Encodings that go by their names.
const KNOWN: &[&[u8]] = &[
    b"StandardEncoding",
    b"WinAnsiEncoding",
    b"MacRomanEncoding",
    b"MacExpertEncoding",
];

/// How the codes of a font read as text.
pub(super) struct Font {
    /// Code to text, where the file gives it.
    unicode: Option<CMap>,
    /// How codes are cut, for composite fonts.
    coding: Coding,
    /// Text of each code of a simple font.
    simple: Vec<Option<char>>,
    /// The letter of each that is drawn whatever the file says that it means: by a name
    /// that readers know, and not by what the font's own program makes of its codes.
    drawn: Vec<Option<char>>,
    widths: HashMap<u32, f32>,
    /// Widths set, the ones that replaced others counted again.
    made: usize,
    default_width: f32,
    /// A Type 3 font has units of its own.
    unit: f32,
}

#[derive(Debug, Clone, PartialEq)]
enum Coding {
    /// One byte a character.
    Byte,
    /// Two bytes a character, which mean nothing but through `ToUnicode`.
    Two,
    /// Two bytes a character that are UTF-16 themselves.
    Utf16,
    /// By the code spaces of a CMap in the file, or of a known one.
    Spaces(CMap),
}

/// A character as it is shown.
pub(super) struct Glyph {
    pub(super) text: Option<String>,
    /// The letter that is drawn, where that is another one.
    pub(super) drawn: Option<char>,
    pub(super) code: u32,
    /// In thousandths of the font's size.
    pub(super) width: f32,
    /// A single byte of 32, which word spacing widens.
    pub(super) space: bool,
}

impl Font {
    /// A font whose dictionary nobody has: Latin by its codes.
    pub(super) fn unknown() -> Self {
        Self {
            unicode: None,
            coding: Coding::Byte,
            simple: (0..=255u8).map(glyphs::standard).collect(),
            drawn: Vec::new(),
            widths: HashMap::new(),
            made: 0,
            default_width: 500.0,
            unit: 0.001,
        }
    }

    pub(super) fn read(file: &mut File<'_>, dict: &Dict, budget: &mut Budget) -> Self {
        let mut font = Self::unknown();
        if let Some(stream) = dict
            .get("ToUnicode")
            .cloned()
            .and_then(|s| file.stream(&s, budget))
            && let Some(bytes) = file.content(&stream, budget)
        {
            let map = CMap::read(&bytes);
            if !budget.spend(map.size()) || map.size() > budget.held {
                file.fail("too_large");
            } else {
                budget.held -= map.size();
                file.held += map.size();
                font.unicode = Some(map);
            }
        }
        if dict.name("Subtype") == Some(b"Type0") {
            font.composite(file, dict, budget);
        } else {
            font.single(file, dict, budget);
        }
        // Fonts are kept, and a width costs a few bytes of the file.
        let size = font.made * 24;
        if !budget.spend(size) || size > budget.held {
            file.fail("too_large");
            font.widths = HashMap::new();
        } else {
            budget.held -= size;
            file.held += size;
        }
        font
    }

    fn composite(&mut self, file: &mut File<'_>, dict: &Dict, budget: &mut Budget) {
        self.default_width = 1000.0;
        self.coding = match file.get(dict, "Encoding", budget) {
            Object::Name(name) => {
                let contains = |what: &[u8]| super::super::sniff::find(&name, what, 0).is_some();
                if contains(b"UCS2") || contains(b"UTF16") {
                    Coding::Utf16
                } else {
                    Coding::Two
                }
            }
            _ => match dict
                .get("Encoding")
                .cloned()
                .and_then(|s| file.stream(&s, budget))
            {
                Some(stream) => match file.content(&stream, budget) {
                    Some(bytes) => Coding::Spaces(CMap::read(&bytes)),
                    None => Coding::Two,
                },
                None => Coding::Two,
            },
        };
        let descendant = match file.get(dict, "DescendantFonts", budget) {
            Object::Array(items) => items.first().cloned().unwrap_or(Object::Null),
            other => other,
        };
        let Object::Dict(cid) = file.resolve(&descendant, budget) else {
            return;
        };
        if let Some(width) = file.get(&cid, "DW", budget).number() {
            self.default_width = single(width);
        }
        let Object::Array(widths) = file.get(&cid, "W", budget) else {
            return;
        };
        // `c [w w w]` or `first last w`.
        let mut items = widths.into_iter();
        while let Some(first) = items.next().and_then(|o| o.count()) {
            match items.next().map(|o| file.resolve(&o, budget)) {
                Some(Object::Array(list)) => {
                    for (n, width) in list.iter().enumerate() {
                        self.width(first + n, width.number());
                    }
                }
                Some(last) => {
                    let last = last
                        .count()
                        .unwrap_or(first)
                        .min(first.saturating_add(65_535));
                    let width = items.next().and_then(|o| o.number());
                    for code in first..=last {
                        if self.made >= MAX_WIDTHS {
                            return;
                        }
                        self.width(code, width);
                    }
                }
                None => break,
            }
        }
    }

    fn width(&mut self, code: usize, width: Option<f64>) {
        if let (Ok(code), Some(width)) = (u32::try_from(code), width)
            && code <= 0xffff
            && self.made < MAX_WIDTHS
        {
            self.made += 1;
            self.widths.insert(code, single(width));
        }
    }

    fn single(&mut self, file: &mut File<'_>, dict: &Dict, budget: &mut Budget) {
        let descriptor = file
            .dict(dict, "FontDescriptor", budget)
            .unwrap_or_default();
        if let Some(width) = file
            .get(&descriptor, "MissingWidth", budget)
            .number()
            .filter(|w| *w > 0.0)
        {
            self.default_width = single(width);
        }
        let first = file.get(dict, "FirstChar", budget).count().unwrap_or(0);
        let widths = file.get(dict, "Widths", budget);
        if widths == Object::Null {
            // The fourteen fonts that every reader has.
            let name = file
                .get(dict, "BaseFont", budget)
                .name()
                .unwrap_or_default()
                .to_vec();
            if name.starts_with(b"Courier") {
                self.default_width = 600.0;
            } else {
                self.widths = (32..127)
                    .zip(glyphs::HELVETICA.iter().copied().map(f32::from))
                    .collect();
            }
        }
        if let Object::Array(widths) = widths {
            for (n, width) in widths.iter().enumerate().take(256) {
                let width = file.resolve(width, budget).number();
                self.width(first.saturating_add(n), width);
            }
        }
        if dict.name("Subtype") == Some(b"Type3")
            && let Object::Array(matrix) = file.get(dict, "FontMatrix", budget)
            && let Some(unit) = matrix.first().and_then(Object::number)
        {
            self.unit = single(unit).abs();
        }
        let flags = file.get(&descriptor, "Flags", budget).count().unwrap_or(0);
        let symbolic = flags & 4 != 0;
        let name = file
            .get(dict, "BaseFont", budget)
            .name()
            .unwrap_or_default()
            .to_vec();
        // The codes of these mean signs, not letters.
        if matches!(&name[..], b"Symbol" | b"SymbolMT") || name.starts_with(b"Symbol,") {
            self.simple = (0..=255u8).map(|b| Some(glyphs::symbol(b))).collect();
        } else if name.ends_with(b"ZapfDingbats") {
            self.simple = (0..=255u8).map(|b| Some(glyphs::dingbat(b))).collect();
        }
        let encoding = file.get(dict, "Encoding", budget);
        let base = match &encoding {
            Object::Name(name) => Some(name.clone()),
            Object::Dict(dict) => dict.name("BaseEncoding").map(<[u8]>::to_vec),
            _ => None,
        };
        let base = base.filter(|b| KNOWN.contains(&&b[..]));
        match base.as_deref() {
            Some(b"WinAnsiEncoding") => self.simple = (0..=255u8).map(glyphs::win_ansi).collect(),
            Some(b"MacRomanEncoding") => self.simple = (0..=255u8).map(glyphs::mac_roman).collect(),
            Some(b"MacExpertEncoding") => self.simple = vec![None; 256],
            // TrueType without an encoding is mostly Windows' own.
            None if dict.name("Subtype") == Some(b"TrueType") && !symbolic => {
                self.simple = (0..=255u8).map(glyphs::win_ansi).collect();
            }
            _ => {}
        }
        if dict.name("Subtype") == Some(b"Type3") {
            self.simple = vec![None; 256];
        }
        // What does not begin as a program is none: a reader draws another font's letters.
        let has_program = program::is_any(file, &descriptor, budget);
        let is_drawn = match dict.name("Subtype") {
            Some(b"Type3") => false,
            _ => !has_program || (base.is_some() && !symbolic),
        };
        if is_drawn && self.unicode.is_some() {
            self.drawn = self.simple.clone();
        }
        // Without one that is named, codes mean what the font's own program
        // says. A part of a font may number its glyphs from 1, or from `A`.
        if base.is_none()
            && let Some(own) = program::encoding(file, &descriptor, budget)
        {
            let latin = flags & 32 != 0 && !symbolic;
            for (place, told) in self.simple.iter_mut().zip(own) {
                if told.is_some() || !latin {
                    *place = told;
                }
            }
        }
        let Object::Dict(encoding) = encoding else {
            return;
        };
        if let Object::Array(differences) = file.get(&encoding, "Differences", budget) {
            let mut code = 0usize;
            for item in differences {
                match item {
                    Object::Number(_) => code = item.count().unwrap_or(256),
                    Object::Name(name) => {
                        let named = glyphs::named(&name);
                        if let Some(place) = self.simple.get_mut(code) {
                            *place = named;
                        }
                        // A program may call its own glyphs so.
                        if let Some(drawn) = self.drawn.get_mut(code) {
                            *drawn = named.filter(|_| !has_program);
                        }
                        code = code.saturating_add(1);
                    }
                    _ => {}
                }
            }
        }
    }

    /// How wide a thousand units are in text space.
    pub(super) fn unit(&self) -> f32 {
        self.unit
    }

    /// Reads a shown string.
    pub(super) fn glyphs(&self, text: &[u8], each: &mut dyn FnMut(Glyph)) {
        let mut rest = text;
        while !rest.is_empty() {
            let length = match &self.coding {
                Coding::Byte => 1,
                Coding::Two | Coding::Utf16 => 2,
                Coding::Spaces(spaces) => spaces.length(rest),
            }
            .clamp(1, rest.len());
            let (bytes, after) = rest.split_at(length);
            rest = after;
            let code = bytes
                .iter()
                .fold(0u32, |n, b| n.wrapping_shl(8) | u32::from(*b));
            let mapped = self.unicode.as_ref().and_then(|map| map.text(code));
            let simple = match &self.coding {
                Coding::Byte => self.simple.get(code as usize).copied().flatten(),
                _ => None,
            };
            // A letter or figure that the map gives another meaning.
            let named = match &self.coding {
                Coding::Byte => self.drawn.get(code as usize).copied().flatten(),
                _ => None,
            };
            let drawn = named.filter(|letter| {
                let told = mapped.as_deref();
                letter.is_ascii_alphanumeric() && told.is_some_and(|told| !is_letter(told, *letter))
            });
            let text = mapped.or_else(|| match &self.coding {
                // Blanks and signs part words, whatever stands for a program.
                Coding::Byte => simple
                    .or(named.filter(|sign| !sign.is_alphanumeric()))
                    .map(String::from),
                Coding::Utf16 => char::from_u32(code).map(String::from),
                Coding::Two | Coding::Spaces(_) => None,
            });
            let cid = match &self.coding {
                Coding::Spaces(spaces) => spaces.cid(code).unwrap_or(code),
                _ => code,
            };
            each(Glyph {
                text,
                drawn,
                code,
                width: self.widths.get(&cid).copied().unwrap_or(self.default_width),
                space: length == 1 && code == 32,
            });
        }
    }
}

/// Whether a text is this letter, in either case.
fn is_letter(text: &str, letter: char) -> bool {
    text.eq_ignore_ascii_case(letter.encode_utf8(&mut [0; 4]))
}

/// As much of a number as a page needs.
#[expect(clippy::cast_possible_truncation, reason = "positions on a page")]
pub(super) fn single(n: f64) -> f32 {
    n as f32
}
