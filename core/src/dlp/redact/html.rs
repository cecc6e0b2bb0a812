//! Redacted markup: tags stay, characters go.

use std::ops::Range;

use super::marks::{self, Marks, Writer};
use crate::dlp::view::entity;

/// A piece of markup. Pieces follow one another without gaps.
enum Piece {
    Text(Range<usize>),
    /// `<!-- … -->`, with what stands between.
    Comment(Range<usize>, Range<usize>),
    Tag(Tag),
}

struct Tag {
    range: Range<usize>,
    /// `b`, `/b`, `!DOCTYPE`.
    name: Range<usize>,
    /// Attributes' values without their quotes.
    values: Vec<Range<usize>>,
}

pub(super) fn redacted(html: &str, marks: &Marks) -> String {
    let mut out = String::with_capacity(html.len());
    let mut writer = marks.writer();
    let mut pieces = Pieces::new(html);
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(range) => writer.text(&mut out, html, range, characters),
            Piece::Comment(range, inner) => {
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
    let mut at = tag.range.start;
    for value in &tag.values {
        out.push_str(&html[at..value.start]);
        match covered {
            true => writer.kept(out, html, value.clone()),
            false => writer.text(out, html, value.clone(), characters),
        }
        at = value.end;
    }
    out.push_str(&html[at..tag.range.end]);
}

/// Where the character ends that begins at `at`, an entity being one where the
/// scanner reads it.
pub(super) fn characters(html: &str, at: usize) -> usize {
    match known(html, at) {
        Some((_, length)) => at + length,
        None => marks::characters(html, at),
    }
}

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
        if let Some(piece) = self.signs(start) {
            self.at = match &piece {
                Piece::Comment(range, _) | Piece::Text(range) => range.end,
                Piece::Tag(tag) => tag.range.end,
            };
            return Some(piece);
        }
        // Text up to the next thing that may be a tag.
        let rest = self.html.as_bytes().get(start + 1..).unwrap_or_default();
        let next = rest.iter().position(|&b| b == b'<');
        self.at = next.map_or(self.html.len(), |n| start + 1 + n);
        Some(Piece::Text(start..self.at))
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
        let found = self.html[at..].strip_prefix("<!--").and_then(|rest| {
            let end = at + 4 + rest.find("-->")?;
            Some(Piece::Comment(at..end + 3, at + 4..end))
        });
        let found = found.or_else(|| tag(bytes, at).map(Piece::Tag));
        if found.is_none() {
            self.patience = self.patience.saturating_sub(self.html.len() - at);
        }
        found
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
                end = close + usize::from(open > start);
            }
            // A quote where none is due: a word of a DOCTYPE.
            quote @ (b'"' | b'\'') => {
                let close = run(end + 1, &|b| b == quote)?;
                values.push(end + 1..close);
                end = close + 1;
            }
            _ => end += 1,
        }
    }
    Some(Tag {
        range: at..end,
        name,
        values,
    })
}
