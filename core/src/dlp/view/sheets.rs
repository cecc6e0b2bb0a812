//! Style sheets: whether one is sizes and colours alone, or shows text.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

/// Whether the content of a `style` element is sizes and colours alone. What has
/// no end may be text that another reader shows; the element itself may be
/// shown, and `content` of a sheet is.
pub(super) fn is_style_sheet(source: &str, content: &Range<usize>) -> bool {
    let (Some(before), Some(inside), Some(behind)) = (
        source.as_bytes().get(..content.start),
        source.as_bytes().get(content.clone()),
        source.as_bytes().get(content.end..),
    ) else {
        return false;
    };
    let tag = before.iter().rposition(|b| *b == b'<').unwrap_or_default();
    let tag = before.get(tag..).unwrap_or_default();
    let has = |text: &[u8], word: &[u8]| {
        text.windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word))
    };
    behind.starts_with(b"</")
        && has(tag, b"<style")
        && !has(tag.get(6..).unwrap_or_default(), b"style")
        && !shows_text(inside)
}

/// Properties whose strings are shown (CSS Generated Content, Lists, Overflow,
/// Text Decoration, Text).
const SHOWN: &[&str] = &[
    "list-style",
    "list-style-type",
    "text-overflow",
    "text-emphasis",
    "text-emphasis-style",
    "hyphenate-character",
    "quotes",
];
/// What shows text wherever it stands: a picture that is text itself, counters
/// that are made of words.
const TELLING: &[&[u8]] = &[
    b"data:image/svg",
    b"data:text",
    b"data:,",
    b"@counter-style",
];

/// Whether a style sheet, or the style of one element, shows text, however its
/// letters are written: `c\6fntent`. What is in doubt does.
pub(super) fn shows_text(sheet: &[u8]) -> bool {
    // Without one of these nothing is more than words of CSS.
    let is_sign = |b: &u8| matches!(b, b'"' | b'\'' | b'(' | b'&' | b'\\' | b'<' | b'@');
    let escaped = || sheet.contains(&b'\\') && (tells(&words(sheet)) || draws(&unescaped(sheet)));
    sheet.iter().any(is_sign) && (tells(sheet) || draws(sheet) || escaped())
}

fn tells(sheet: &[u8]) -> bool {
    const PROPERTY: &[u8] = b"content";
    let has = |text: &[u8], part: &[u8]| memmem::find(text, part).is_some();
    // In SVG a sheet may be written with references, and be cut by comments.
    // Elsewhere it may begin with one.
    let inner = sheet.trim_ascii_start().get(1..).unwrap_or_default();
    if has(sheet, b"&#") || has(inner, b"<!--") || has(inner, b"<![") {
        return true;
    }
    let named = sheet.windows(PROPERTY.len()).enumerate().any(|(at, part)| {
        let behind = sheet.get(at + PROPERTY.len()..).unwrap_or_default();
        part.eq_ignore_ascii_case(PROPERTY)
            && matches!(behind.trim_ascii_start(), [b':' | b'/' | b'&', ..])
    });
    named || declares_text(sheet)
}

fn draws(sheet: &[u8]) -> bool {
    // Blanks in an address are none.
    let small = sheet.iter().filter(|b| !b.is_ascii_whitespace());
    let small: Vec<u8> = small.map(u8::to_ascii_lowercase).collect();
    TELLING
        .iter()
        .any(|part| memmem::find(&small, part).is_some())
}

/// A stretch of a sheet between two of `;`, `{` and `}`, without its comments: a
/// selector or a declaration.
pub(super) struct Piece<'p> {
    pub(super) text: &'p [u8],
    /// Where its first colon stands.
    pub(super) colon: Option<usize>,
    /// What ends it; `;` also at the sheet's end.
    pub(super) end: u8,
}

/// A property and its value.
type Declaration<'p> = (Cow<'p, [u8]>, Cow<'p, [u8]>);

impl Piece<'_> {
    /// What is declared, and what of it, escapes undone.
    pub(super) fn declaration(&self) -> Option<Declaration<'_>> {
        let (name, value) = self.text.split_at_checked(self.colon?)?;
        let read = |text| match memchr(b'\\', text) {
            Some(_) => Cow::Owned(unescaped(text)),
            None => Cow::Borrowed(text),
        };
        Some((read(name.trim_ascii()), read(value.get(1..)?.trim_ascii())))
    }
}

/// Hands out the pieces of a sheet, or of the style of one element.
pub(super) fn pieces(sheet: &[u8], each: &mut dyn FnMut(&Piece<'_>)) {
    let (mut text, mut colon, mut depth) = (Vec::new(), None, 0usize);
    let mut at = 0;
    while let Some(&byte) = sheet.get(at) {
        let next = at + 1;
        let behind = match byte {
            b'/' if sheet.get(next) == Some(&b'*') => {
                at = closed(sheet, next + 1, b"*/");
                text.push(b' ');
                continue;
            }
            b'"' | b'\'' => closed(sheet, next, &[byte]),
            b'\\' => (next + 1).min(sheet.len()),
            b'(' if is_address(&text) && !is_quoted(sheet, next) => closed(sheet, next, b")"),
            _ => next,
        };
        match byte {
            b'(' if behind == next => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b':' if colon.is_none() => colon = Some(text.len()),
            b'{' | b'}' | b';' if depth == 0 => {
                each(&Piece {
                    text: &text,
                    colon,
                    end: byte,
                });
                text.clear();
                colon = None;
                at = behind;
                continue;
            }
            _ => {}
        }
        text.extend_from_slice(sheet.get(at..behind).unwrap_or_default());
        at = behind;
    }
    each(&Piece {
        text: &text,
        colon,
        end: b';',
    });
}

fn is_address(text: &[u8]) -> bool {
    text.last_chunk::<3>()
        .is_some_and(|name| name.eq_ignore_ascii_case(b"url"))
}

/// Whether one of the other properties has a string, or what may stand for one.
/// Comments, strings, escapes and addresses are read as CSS Syntax has them; what
/// never closes hides the rest.
fn declares_text(sheet: &[u8]) -> bool {
    let (mut name, mut word): (Option<Range<usize>>, Range<usize>) = (None, 0..0);
    // A string or what may stand for one, and a string.
    let (mut string, mut quoted, mut depth) = (false, false, 0usize);
    let mut at = 0;
    while let Some(&byte) = sheet.get(at) {
        let spelt = |word: &Range<usize>| sheet.get(word.clone()).unwrap_or_default();
        let is = |words: &[&str]| {
            let same = |w: &&str| spelt(&word).eq_ignore_ascii_case(w.as_bytes());
            words.iter().any(same)
        };
        let next = at + 1;
        at = match byte {
            b'/' if sheet.get(next) == Some(&b'*') => closed(sheet, next + 1, b"*/"),
            b'"' | b'\'' => {
                (string, quoted) = (true, true);
                closed(sheet, next, &[byte])
            }
            b'\\' => next + 1,
            b'(' if is(&["url"]) && !is_quoted(sheet, next) => closed(sheet, next, b")"),
            _ => next,
        };
        match byte {
            b'(' if at == next => {
                string |= is(&["var", "attr", "env"]);
                depth += 1;
            }
            b')' => depth = depth.saturating_sub(1),
            // A reference in an attribute may be a quote.
            b'&' => (string, quoted) = (true, true),
            b':' if name.is_none() => name = Some(word.clone()),
            b'{' | b'}' | b';' if depth == 0 => {
                let shown =
                    |name: &Range<usize>| is_shown(spelt(name)) || quoted && is_custom(spelt(name));
                if string && name.as_ref().is_some_and(shown) {
                    return true;
                }
                (name, string, quoted) = (None, false, false);
            }
            b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                word = match word.end == next - 1 {
                    true => word.start..next,
                    false => next - 1..next,
                };
            }
            _ => {}
        }
    }
    let last = name.and_then(|name| sheet.get(name));
    let shown = |name: &[u8]| is_shown(name) || quoted && is_custom(name);
    depth > 0 || string && last.is_some_and(shown)
}

/// Behind the end of a string, a comment or an address. A string ends with its line,
/// unless the line's end is escaped (CSS Syntax, section 4.3.5).
fn closed(sheet: &[u8], from: usize, end: &[u8]) -> usize {
    let mut at = from;
    while let Some(rest) = sheet.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(end) {
            return at + end.len();
        }
        at += match rest {
            _ if end == b"*/" => 1,
            [b'\\', b'\r', b'\n', ..] => 3,
            [b'\\', ..] => 2,
            [b'\n' | b'\r' | b'\x0c', ..] if end != b")" => return at + 1,
            _ => 1,
        };
    }
    sheet.len()
}

fn is_quoted(sheet: &[u8], at: usize) -> bool {
    let rest = sheet.get(at..).unwrap_or_default().trim_ascii_start();
    matches!(rest, [b'"' | b'\'', ..])
}

/// Whether a property is the page's own, which `content` may show.
fn is_custom(name: &[u8]) -> bool {
    name.starts_with(b"--")
}

/// Whether a property is one of them, maybe with a maker's prefix.
fn is_shown(name: &[u8]) -> bool {
    let is = |word: &&str| {
        let start = name.len().checked_sub(word.len());
        start.is_some_and(|n| name[n..].eq_ignore_ascii_case(word.as_bytes()))
    };
    SHOWN.iter().any(is)
}

/// Whether a byte may stand in a name.
const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A style sheet whose names are without escapes. An escaped sign divides nothing: it
/// becomes `?`.
fn words(sheet: &[u8]) -> Vec<u8> {
    read(sheet, |letter| match is_name(letter) {
        true => letter,
        false => b'?',
    })
}

/// A style sheet without its escapes. What is no sign of ASCII becomes `?`.
pub(super) fn unescaped(sheet: &[u8]) -> Vec<u8> {
    read(sheet, |letter| letter)
}

/// Reads the escapes of a style sheet (CSS Syntax, section 4.3.7).
fn read(sheet: &[u8], sign: impl Fn(u8) -> u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'\\' {
            out.push(first);
            continue;
        }
        let is_digit = |b: &&u8| b.is_ascii_hexdigit();
        let digits = behind.iter().take(6).take_while(is_digit).count();
        let (number, behind) = behind.split_at(digits);
        if number.is_empty() {
            // Any other sign stands for itself, but for the end of a line.
            rest = match behind {
                [b'\r', b'\n', rest @ ..] | [b'\n' | b'\r' | b'\x0c', rest @ ..] => rest,
                [letter, rest @ ..] => {
                    out.push(sign(*letter));
                    rest
                }
                [] => behind,
            };
            continue;
        }
        let value = number.iter().fold(0u32, |value, digit| {
            value << 4 | char::from(*digit).to_digit(16).unwrap_or_default()
        });
        let letter = u8::try_from(value).ok().filter(u8::is_ascii);
        out.push(letter.map_or(b'?', &sign));
        // One blank ends a number, so that a figure may follow.
        rest = match behind {
            [b'\r', b'\n', rest @ ..] | [b' ' | b'\t' | b'\n' | b'\r' | b'\x0c', rest @ ..] => rest,
            _ => behind,
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_text_is_told_from_sizes_and_colours() {
        for sheet in [
            "font-family:\"/*\"} ul{list-style-type:\"a\"} p{font-family:\"*/\"",
            "p{background:url(x/*.png)} ul{list-style-type:'a'} b{background:url(*/.png)}",
            "a\\/*b{} ul{list-style-type:'a'} /* */",
            "ul{list-style:url(a;b) \"a\"}",
            "ul { LIST-STYLE-TYPE : /*;*/ \"a\" }",
            "@counter-style x{symbols:\\32 81-15-9804}",
            "p{background:url(\"data: image/svg+xml,<svg>\")}",
            "p{background:url(data:\timage/svg+xml)}",
            "p{-webkit-hyphenate-character:'a'}",
            "p{color:red;x:(} ul{list-style-type:'a'}",
            "con<!--x-->tent:'a'",
            "p{content:'a'}",
            "list-style-type:&quot;a&quot;",
            "list-style-type:'a'",
            "ul{list-style-type:var(--x)}",
            // A string ends with its line.
            "p{font-family:\"x\n} ul{list-style-type:\"a\"}",
            "p{font-family:'x\r\n} ul{list-style-type:'a'}",
            "p{font-family:\"a\\\nb\"} ul{list-style-type:\"a\"}",
            // An escaped quote opens and closes none.
            "p{font-family:\"\\\"\"} ul{list-style-t\\79pe:\"a\"}",
            "p{font-family:\"\\22 \"} ul{list-style-t\\79pe:\"a\"}",
            "p{background:url(\"d\\61ta\\3a image\\2f svg+xml,<svg>\")}",
            "--t:'a'",
        ] {
            assert!(shows_text(sheet.as_bytes()), "{sheet}");
        }
        for sheet in [
            "<!-- p{margin:0} -->",
            "@font-face{font-family:\"Cambria Math\";src:url(a;b.woff)}",
            "ul{list-style-type:disc;font-family:'Segoe UI'}",
            "a:hover{color:#fff} a[href=\"x\"]{color:red} @media (max-width:480px){p{padding:0}}",
            "/* content \"a\" */ p{background:url(data:image/png;base64,AAAA)}",
            "font-family:&quot;Segoe UI&quot;;list-style:none",
            ".md\\:flex{--gap:var(--x);font-family:\"\\22 \"} ul{list-style:none}",
            "",
        ] {
            assert!(!shows_text(sheet.as_bytes()), "{sheet}");
        }
    }
}
