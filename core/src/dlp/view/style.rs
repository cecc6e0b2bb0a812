//! What hides an element: its own style, the attribute `hidden`, a rule for its class.
//!
//! In doubt it is hidden: a page whose words have such an element in them is read with
//! it and without it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

use memchr::{memchr, memchr_iter};

use super::decoded;
use super::sheets::{pieces, unescaped};
use super::tags::Tags;

/// What no browser shows, or above the letters (`rt`).
const UNSEEN: &[&str] = &[
    "template", "datalist", "noembed", "noframes", "rp", "rt", "rtc",
];

fn is(word: &[u8], names: &[&str]) -> bool {
    let same = |name: &&str| word.eq_ignore_ascii_case(name.as_bytes());
    names.iter().any(same)
}

/// Whether an element may be hidden, by its name and what stands behind it in its tag.
pub(super) fn hides(name: &[u8], attributes: &[u8], sheets: &Sheets<'_>) -> bool {
    let mut style = Style::default();
    let mut hidden = is(name, UNSEEN) || sheets.hide(b"", name);
    for (attribute, value) in Attributes(attributes) {
        match attribute.len() {
            2 if is(attribute, &["id"]) => hidden |= sheets.hide(b"#", &read(value)),
            5 if is(attribute, &["class"]) => {
                let classes = read(value);
                let mut classes = classes.split(u8::is_ascii_whitespace);
                hidden |= classes.any(|class| sheets.hide(b".", class));
            }
            5 if is(attribute, &["style"]) => pieces(&read(value), &mut |piece| {
                if let Some((name, value)) = piece.declaration() {
                    style.declare(&name, &value);
                }
            }),
            6 if is(attribute, &["hidden"]) => hidden = true,
            // Drawings say the same in attributes.
            _ => style.declare(attribute, &read(value)),
        }
    }
    hidden || style.hides()
}

/// What of a style hides its element.
#[derive(Debug, Clone, Copy, Default)]
struct Style {
    hidden: bool,
    /// Whether it has no height or width, and whether what does not fit is cut off.
    flat: bool,
    cut: bool,
    /// Whether it is placed, and far off.
    placed: bool,
    off: bool,
}

impl Style {
    /// Takes a declaration.
    fn declare(&mut self, name: &[u8], value: &[u8]) {
        let letter = |b: &u8| b.is_ascii_alphabetic() || *b == b'-';
        let ends = value.iter().position(|b| !letter(b));
        let word = value.get(..ends.unwrap_or(value.len())).unwrap_or_default();
        let any = |names: &[&str]| is(name, names);
        self.hidden |= match name.len() {
            7 if any(&["display"]) => is(word, &["none"]),
            10 if any(&["visibility"]) => is(word, &["hidden", "collapse"]),
            9 if any(&["font-size"]) => Length::of(value).is_nothing(),
            4 if any(&["font"]) => {
                let mut words = value.split(u8::is_ascii_whitespace).map(Length::of);
                words.any(|length| length.is_nothing())
            }
            7 if any(&["opacity"]) => Length::of(value).is_clear(),
            5 if any(&["color"]) => is(word, &["transparent"]),
            4 | 9 if any(&["clip", "clip-path"]) => {
                !is(word, &["none", "auto", "inherit", "initial", "unset"])
            }
            11 if any(&["margin-left", "text-indent"]) => Length::of(value).is_far(),
            _ => false,
        };
        match name.len() {
            8 if any(&["overflow"]) => self.cut |= is(word, &["hidden", "clip"]),
            8 if any(&["position"]) => self.placed |= !is(word, &["static"]),
            3..=6 if any(&["left", "top", "right", "bottom"]) => {
                self.off |= Length::of(value).is_far();
            }
            5..=10 if any(&["height", "max-height", "width", "max-width"]) => {
                self.flat |= Length::of(value).is_nothing();
            }
            _ => {}
        }
    }

    const fn hides(self) -> bool {
        self.hidden || self.flat && self.cut || self.off && self.placed
    }
}

/// The value of an attribute as it is read.
pub(super) fn read(value: &[u8]) -> Cow<'_, [u8]> {
    match memchr(b'&', value).and_then(|_| std::str::from_utf8(value).ok()) {
        Some(text) => Cow::Owned(decoded(text).into_owned().into_bytes()),
        None => Cow::Borrowed(value),
    }
}

/// A length as it begins: what stands before the point, and the figure behind it.
struct Length<'v> {
    known: bool,
    negative: bool,
    whole: u32,
    tenths: u8,
    unit: &'v [u8],
}

impl<'v> Length<'v> {
    fn of(value: &'v [u8]) -> Self {
        let negative = value.first() == Some(&b'-');
        let mut rest = value
            .strip_prefix(b"-")
            .or(value.strip_prefix(b"+"))
            .unwrap_or(value);
        let mut whole = 0u32;
        let mut known = false;
        while let [figure @ b'0'..=b'9', behind @ ..] = rest {
            whole = whole
                .saturating_mul(10)
                .saturating_add(u32::from(figure - b'0'));
            (known, rest) = (true, behind);
        }
        let mut tenths = 0;
        if let [b'.', figure @ b'0'..=b'9', behind @ ..] = rest {
            (known, tenths, rest) = (true, figure - b'0', behind);
            let figures = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            rest = &rest[figures..];
        }
        let unit = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        Self {
            known,
            negative,
            whole,
            tenths,
            unit: &rest[..unit.max(usize::from(rest.first() == Some(&b'%')))],
        }
    }

    /// Whether letters or a box of this size are not seen.
    fn is_nothing(&self) -> bool {
        let points = is(self.unit, &["", "px", "pt", "%"]);
        self.known
            && !self.negative
            && match self.whole {
                0 => points || self.tenths == 0,
                1 => points && self.tenths == 0 && !self.unit.is_empty(),
                _ => false,
            }
    }

    /// Whether what has so much of its colour is seen through.
    fn is_clear(&self) -> bool {
        let least = if self.unit == b"%" { 10 } else { 0 };
        self.known && self.whole <= least && (self.tenths == 0 || least > 0)
    }

    /// Whether it leads off the page.
    fn is_far(&self) -> bool {
        let points = is(self.unit, &["px", "pt"]);
        self.negative && self.whole >= if points { 500 } else { 50 }
    }
}

/// The attributes of a tag by name, as HTML reads them (13.2.5.32 on).
pub(super) struct Attributes<'t>(pub(super) &'t [u8]);

impl<'t> Iterator for Attributes<'t> {
    type Item = (&'t [u8], &'t [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let parts = |b: &u8| b.is_ascii_whitespace() || *b == b'/';
        let start = self.0.iter().position(|b| !parts(b))?;
        let rest = &self.0[start..];
        let ends = |b: &u8| parts(b) || *b == b'=';
        let length = rest.iter().skip(1).take_while(|b| !ends(b)).count() + 1;
        let (name, rest) = rest.split_at(length.min(rest.len()));
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else {
            self.0 = rest;
            return Some((name, b""));
        };
        let value = value.trim_ascii_start();
        let (value, rest) = match value {
            [quote @ (b'"' | b'\''), inside @ ..] => {
                let end = memchr(*quote, inside).unwrap_or(inside.len());
                (&inside[..end], inside.get(end + 1..).unwrap_or_default())
            }
            _ => {
                let end = value.iter().position(u8::is_ascii_whitespace);
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        self.0 = rest;
        Some((name, value))
    }
}

/// What the sheets of a page may hide: elements, classes and names. Most pages hide
/// nothing in words, so that it is read when it is asked for.
#[derive(Debug)]
pub(super) struct Sheets<'s> {
    source: &'s str,
    hidden: OnceCell<Hidden>,
}

impl<'s> Sheets<'s> {
    pub(super) const fn new(source: &'s str) -> Self {
        Self {
            source,
            hidden: OnceCell::new(),
        }
    }

    fn hide(&self, sign: &[u8], name: &[u8]) -> bool {
        let hidden = self.hidden.get_or_init(|| Hidden::of(self.source));
        !hidden.0.is_empty() && hidden.0.contains(&key(sign, name))
    }
}

/// What sheets hide, with the sign before its name.
#[derive(Debug, Default)]
struct Hidden(HashSet<Vec<u8>>);

/// How much of it is kept.
const MAX_HIDDEN: usize = 1024;

impl Hidden {
    /// Reads the sheets of a page.
    fn of(source: &str) -> Self {
        const NAME: &[u8] = b"<style";
        let bytes = source.as_bytes();
        let mut out = Self::default();
        let mut from = 0;
        for at in memchr_iter(b'<', bytes) {
            let name = bytes.get(at..at + NAME.len()).unwrap_or_default();
            if at < from || !name.eq_ignore_ascii_case(NAME) {
                continue;
            }
            let Some(start) = memchr(b'>', &bytes[at..]).map(|n| at + n + 1) else {
                break;
            };
            from = Tags::new(source).raw_text_end(start, "style");
            out.read(bytes.get(start..from).unwrap_or_default());
        }
        out
    }

    /// Reads a sheet.
    fn read(&mut self, sheet: &[u8]) {
        let (mut selector, mut style) = (Vec::new(), Style::default());
        pieces(sheet, &mut |piece| {
            if piece.end == b'{' {
                // A rule may stand in another.
                if style.hides() {
                    self.rule(&selector);
                }
                (selector, style) = (unescaped(piece.text), Style::default());
                return;
            }
            if let Some((name, value)) = piece.declaration() {
                style.declare(&name, &value);
            }
            if piece.end == b'}' && style.hides() {
                self.rule(&selector);
                style = Style::default();
            }
        });
        if style.hides() {
            self.rule(&selector);
        }
    }

    /// Takes the selectors of a rule that hides: what is said last of the element.
    fn rule(&mut self, selectors: &[u8]) {
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || *b >= 0x80;
        for selector in selectors.split(|b| *b == b',') {
            let parts = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'+' | b'~');
            let last = selector.trim_ascii().rsplit(parts).next();
            let last = last.unwrap_or_default();
            let end = last.iter().position(|b| matches!(b, b':' | b'['));
            let last = last.get(..end.unwrap_or(last.len())).unwrap_or_default();
            let sign = last.iter().rposition(|b| matches!(b, b'.' | b'#'));
            let (sign, name) = match sign {
                Some(at) => (&last[at..=at], &last[at + 1..]),
                None => (&b""[..], last),
            };
            if !name.is_empty() && name.iter().all(is_name) && self.0.len() < MAX_HIDDEN {
                self.0.insert(key(sign, name));
            }
        }
    }
}

/// Names of classes are the same in either case where a page is read as old ones are.
fn key(sign: &[u8], name: &[u8]) -> Vec<u8> {
    [sign, name].concat().to_ascii_lowercase()
}
