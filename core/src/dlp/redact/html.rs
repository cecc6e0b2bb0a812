//! Redacted markup: tags stay, characters go.

use std::ops::Range;

use super::marks::{self, Marks, Writer};
use crate::dlp::view::entity;

/// A piece of markup. Pieces follow one another without gaps.
enum Piece {
    /// With `<wbr>`, which parts no word.
    Text(Range<usize>),
    /// `<!-- … -->` or `<![CDATA[ … ]]>`, with what stands between.
    Enclosed(Range<usize>, Range<usize>),
    Tag(Tag),
}

struct Tag {
    range: Range<usize>,
    /// `b`, `/b`, `!DOCTYPE`.
    name: Range<usize>,
    /// Attributes' values without their quotes.
    values: Vec<Range<usize>>,
    /// Attributes whole, each with its name.
    attributes: Vec<(Range<usize>, Range<usize>)>,
}

/// Attributes that say how something looks and nothing else. They alone stay on
/// a tag inside of what goes: any other may say the same in words of its own.
const LOOKS: [&str; 17] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "class",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "lang",
    "rowspan",
    "size",
    "style",
    "valign",
    "width",
];

pub(super) fn redacted(html: &str, marks: &Marks) -> String {
    let mut out = String::with_capacity(html.len());
    let mut writer = marks.writer();
    let mut pieces = Pieces::new(html);
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(range) => writer.text(&mut out, html, range, characters),
            Piece::Enclosed(range, inner) => {
                out.push_str(&html[range.start..inner.start]);
                writer.text(&mut out, html, inner.clone(), marks::characters);
                out.push_str(&html[inner.end..range.end]);
            }
            Piece::Tag(tag) => write_tag(&mut out, html, &tag, marks, &mut writer),
        }
    }
    out
}

fn write_tag(out: &mut String, html: &str, tag: &Tag, marks: &Marks, writer: &mut Writer<'_>) {
    let mut spoilt = false;
    let mut covered = false;
    for mark in marks.touch(&tag.range) {
        // A span over the whole tag is of the text around it.
        if mark.start <= tag.range.start && mark.end >= tag.range.end {
            covered = true;
            spoilt |= marks.begins_or_ends_in(&tag.range);
            continue;
        }
        let start = mark.start.max(tag.range.start);
        let end = mark.end.min(tag.range.end);
        let in_value = |v: &Range<usize>| v.start <= start && end <= v.end;
        spoilt |= !tag.values.iter().any(in_value);
    }
    if spoilt {
        // Something was found across the tag's own signs: its name alone stays,
        // where nothing was found in that.
        if !marks.begins_or_ends_in(&tag.name) {
            out.push('<');
            out.push_str(&html[tag.name.clone()]);
            out.push('>');
        }
        return;
    }
    let values = tag.values.iter().cloned();
    if !covered {
        let mut at = tag.range.start;
        for value in values {
            out.push_str(&html[at..value.start]);
            writer.text(out, html, value.clone(), characters);
            at = value.end;
        }
        out.push_str(&html[at..tag.range.end]);
        return;
    }
    // As it stands, where it is nothing but looks.
    let parts = |c: char| c == '/' || c.is_ascii_whitespace();
    let mut at = tag.name.end;
    let mut bare = true;
    let mut kept = String::new();
    for (whole, name) in &tag.attributes {
        let between = &html[at..whole.start];
        bare &= between.chars().all(parts);
        at = whole.end;
        if !is_looks(&html[name.clone()], &html[name.end..whole.end]) {
            bare = false;
            continue;
        }
        kept.push_str(if between.is_empty() { " " } else { between });
        writer.kept(&mut kept, html, whole.clone());
    }
    let end = &html[at..tag.range.end];
    bare &= end.trim_end_matches('>').chars().all(parts);
    out.push_str(&html[tag.range.start..tag.name.end]);
    match bare {
        true => {
            out.push_str(&kept);
            out.push_str(end);
        }
        false => {
            let kept = kept.trim_end_matches('/');
            out.push_str(kept);
            out.push_str(if end.ends_with("/>") { "/>" } else { ">" });
        }
    }
}

/// Whether an attribute says how something looks: no style that names a picture
/// or a text. Its value begins with the sign behind the name.
fn is_looks(name: &str, value: &str) -> bool {
    let known = LOOKS.iter().any(|looks| name.eq_ignore_ascii_case(looks));
    let value = value.trim_start_matches(|c: char| c == '=' || c.is_ascii_whitespace());
    let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    let says = name.eq_ignore_ascii_case("style") && value.contains(['(', '\\', '&', '"', '\'']);
    known && !says
}

/// Where the character ends that begins at `at`, an entity being one where the
/// scanner reads it.
pub(super) fn characters(html: &str, at: usize) -> usize {
    let end = match html.as_bytes().get(at) {
        Some(b'&') => known(html, at).map(|(_, length)| at + length),
        Some(b'<') => wbr(html, at),
        _ => None,
    };
    end.unwrap_or_else(|| marks::characters(html, at))
}

/// Where a `<wbr>` ends: a place where a line may, which nobody sees.
fn wbr(html: &str, at: usize) -> Option<usize> {
    let bytes = html.as_bytes();
    let name = bytes.get(at..at + 4)?;
    let behind = bytes.get(at + 4..)?;
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == b'/';
    let more = behind.iter().take(MOST_BLANKS).take_while(|b| blank(b));
    let more = more.count();
    let ends = behind.get(more) == Some(&b'>');
    (name.eq_ignore_ascii_case(b"<wbr") && ends).then_some(at + 5 + more)
}

/// In a `<wbr>`.
const MOST_BLANKS: usize = 8;

/// The text of markup, its entities decoded where the scanner reads them.
pub(super) fn decoded(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut pieces = Pieces::new(html);
    while let Some(piece) = pieces.next() {
        let Piece::Text(range) = piece else { continue };
        let mut at = range.start;
        while at < range.end {
            let end = characters(html, at).min(range.end);
            match known(html, at) {
                Some((c, _)) => out.push(c),
                None if wbr(html, at).is_some() => {}
                None => out.push_str(html.get(at..end).unwrap_or_default()),
            }
            at = end;
        }
    }
    out
}

/// The entity at `at` and its length.
fn known(html: &str, at: usize) -> Option<(char, usize)> {
    let rest = html.as_bytes().get(at..)?;
    let entity = rest.starts_with(b"&").then(|| entity(rest))?;
    entity.filter(|(c, _)| *c != char::REPLACEMENT_CHARACTER)
}

/// Cuts markup into pieces. Whatever is no tag is text.
struct Pieces<'a> {
    html: &'a str,
    at: usize,
    /// Signs that searches may still read in vain: so the whole stays linear.
    patience: usize,
}

impl<'a> Pieces<'a> {
    fn new(html: &'a str) -> Self {
        Self {
            html,
            at: 0,
            patience: html.len().saturating_mul(4),
        }
    }

    fn next(&mut self) -> Option<Piece> {
        let start = self.at;
        if start >= self.html.len() {
            return None;
        }
        if wbr(self.html, start).is_none()
            && let Some(piece) = self.signs(start)
        {
            self.at = match &piece {
                Piece::Enclosed(range, _) | Piece::Text(range) => range.end,
                Piece::Tag(tag) => tag.range.end,
            };
            return Some(piece);
        }
        // Text up to the next thing that may be a tag.
        let mut end = start + 1;
        loop {
            let rest = self.html.as_bytes().get(end..).unwrap_or_default();
            let next = rest.iter().position(|&b| b == b'<');
            self.at = next.map_or(self.html.len(), |n| end + n);
            match wbr(self.html, self.at) {
                Some(behind) => end = behind,
                None => return Some(Piece::Text(start..self.at)),
            }
        }
    }

    /// The comment or tag at `at`.
    fn signs(&mut self, at: usize) -> Option<Piece> {
        let bytes = self.html.as_bytes();
        let begins = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'?');
        if bytes.get(at) != Some(&b'<') || !bytes.get(at + 1).is_some_and(begins) {
            return None;
        }
        if self.patience == 0 {
            return None;
        }
        let found = self.enclosed(at, "<!--", "-->");
        let found = found.or_else(|| self.enclosed(at, "<![CDATA[", "]]>"));
        let found = found.or_else(|| tag(bytes, at).map(Piece::Tag));
        if found.is_none() {
            self.search_failed(at);
        }
        found
    }

    fn enclosed(&mut self, at: usize, open: &str, close: &str) -> Option<Piece> {
        let rest = self.html.get(at..)?.strip_prefix(open)?;
        let start = at + open.len();
        let Some(length) = rest.find(close) else {
            self.search_failed(at);
            return None;
        };
        let end = start + length;
        Some(Piece::Enclosed(at..end + close.len(), start..end))
    }

    fn search_failed(&mut self, at: usize) {
        self.patience = self.patience.saturating_sub(self.html.len() - at);
    }
}

/// A tag with its closing `>`.
fn tag(bytes: &[u8], at: usize) -> Option<Tag> {
    // The sign that begins it may be one that ends it.
    let mut end = at + 2;
    let stops = |b: u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<');
    let run = |from: usize, stop: &dyn Fn(u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().position(|&b| stop(b)).map(|n| from + n)
    };
    end = run(end, &stops)?;
    let name = at + 1..end;
    let mut values = Vec::new();
    let mut attributes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    loop {
        match *bytes.get(end)? {
            b'>' => {
                end += 1;
                break;
            }
            b'=' => {
                let start = run(end + 1, &|b| !b.is_ascii_whitespace())?;
                let (open, close) = match *bytes.get(start)? {
                    quote @ (b'"' | b'\'') => (start + 1, run(start + 1, &|b| b == quote)?),
                    _ => (
                        start,
                        run(start, &|b| b.is_ascii_whitespace() || b == b'>')?,
                    ),
                };
                values.push(open..close);
                let equals = end;
                end = close + usize::from(open > start);
                // Without a name it is one of its own, that nobody knows.
                match attributes.last_mut() {
                    Some((whole, name)) if whole == name => whole.end = end,
                    _ => attributes.push((equals..end, equals..equals)),
                }
            }
            // A quote where none is due: a word of a DOCTYPE.
            quote @ (b'"' | b'\'') => {
                let close = run(end + 1, &|b| b == quote)?;
                values.push(end + 1..close);
                attributes.push((end..close + 1, end..end));
                end = close + 1;
            }
            b if b.is_ascii_whitespace() || b == b'/' => end += 1,
            _ => {
                let start = end;
                let stops = |b: u8| b.is_ascii_whitespace() || b"=>/\"'".contains(&b);
                end = run(end + 1, &stops)?;
                attributes.push((start..end, start..end));
            }
        }
    }
    Some(Tag {
        range: at..end,
        name,
        values,
        attributes,
    })
}
