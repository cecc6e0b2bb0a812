//! Tags of HTML and XML: where they end, what they break, what hides in them.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::sheets::shows_text;
use super::style::{Attributes, read};

/// What a tag, comment or declaration is.
#[derive(Default)]
pub(super) struct Tag<'a> {
    pub(super) end: usize,
    /// Its name, in the source.
    pub(super) name: Range<usize>,
    pub(super) closes: bool,
    pub(super) edge: Edge,
    /// Whether it is a paragraph or its like, whose edge is none at that of a
    /// table's cell.
    pub(super) paragraph: bool,
    /// What its name, style and class say of its place.
    pub(super) shown: Shown,
    /// What stands in it behind its name, where it opens an element.
    pub(super) attributes: &'a [u8],
    /// Text in it that is not seen.
    pub(super) hidden: Vec<Range<usize>>,
    /// The name of an element whose content is not markup.
    pub(super) raw_text: Option<&'static str>,
    /// Whether it opens an element whose white space is shown as it is.
    pub(super) keeps_white_space: bool,
}

/// How the style of a tag that opens an element sets it apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// It has none.
    #[default]
    Plain,
    /// A style or class, whatever it says.
    Classed,
    /// Placed for itself in the line, as each sign of a formula is: words stand apart,
    /// and letters may be one word.
    Placed,
    /// Placed for itself on a drawing, or out of the line: the same, with what stands
    /// around it.
    Floats,
    /// Room around the text.
    Spaced,
    /// `display: table-cell`.
    Cell,
    /// A block.
    Block,
    /// A block whose children are set apart: `flex` and `grid`.
    Items,
}

/// What a tag puts between the texts around it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Edge {
    /// Nothing: it stands in a line.
    #[default]
    None,
    /// A cell of a table.
    Cell,
    /// `br`.
    Break,
    /// Something that stands in the line and is no text: a picture, a button.
    Replaced,
    /// A block, and how many line ends stand around it at the least.
    Block(u8),
}

/// Finds the end of tags. A search that ran to the end of the text is not
/// repeated, which keeps the whole linear.
pub(super) struct Tags<'a> {
    source: &'a [u8],
    quotes: bool,
    closers: bool,
    comments: bool,
}

impl<'a> Tags<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self {
            source: source.as_bytes(),
            quotes: true,
            closers: true,
            comments: true,
        }
    }

    /// The tag at `at`, where there is a `<`.
    pub(super) fn tag(&mut self, at: usize) -> Option<Tag<'a>> {
        let source = self.source;
        let rest = &source[at..];
        if rest.starts_with(b"<!--") {
            let comment = |length: usize, closer: usize| Tag {
                end: at + 4 + length + closer,
                hidden: std::iter::once(at + 4..at + 4 + length).collect(),
                ..Tag::default()
            };
            // HTML, 13.2.5.43 on: these are whole, and `--!>` ends one too.
            for whole in [&b">"[..], b"->"] {
                if rest[4..].starts_with(whole) {
                    return Some(comment(0, whole.len()));
                }
            }
            if self.comments {
                let ends = |w: &[u8]| w.starts_with(b"-->") || w == b"--!>";
                let text = &rest[4..];
                if let Some(n) = text.windows(4).position(ends) {
                    let closer = if text[n + 2] == b'>' { 3 } else { 4 };
                    return Some(comment(n, closer));
                }
                if let Some(text) = text.strip_suffix(b"-->") {
                    return Some(comment(text.len(), 3));
                }
            }
            self.comments = false;
            return None;
        }
        // Text in XML, a comment in HTML: read as it stands.
        const CDATA: &[u8] = b"<![CDATA[";
        if rest.starts_with(CDATA) {
            return Some(Tag {
                end: at + CDATA.len(),
                ..Tag::default()
            });
        }
        if !matches!(
            rest.get(1),
            Some(b'/' | b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z')
        ) {
            return None;
        }
        let end = at + self.length(rest)?;
        let inside = &source[at + 1..end - 1];
        let name = inside.strip_prefix(b"/").unwrap_or(inside);
        let name = &name[..name
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric())
            .count()];
        let closes = usize::from(inside.first() == Some(&b'/'));
        let behind = inside.get(closes + name.len());
        // `<style-x>` is another element.
        let whole = behind.is_none_or(|b| b.is_ascii_whitespace() || *b == b'/');
        let raw_text = ["script", "style"]
            .into_iter()
            .find(|raw| closes == 0 && whole && name.eq_ignore_ascii_case(raw.as_bytes()))
            // In XML, and in drawings within HTML, nothing is inside of `<style/>`.
            .filter(|_| !inside.ends_with(b"/"));
        let hidden = match inside.len() > closes + name.len() && !is_common(inside) {
            true => self::attributes(inside, closes + name.len(), at + 1),
            false => Vec::new(),
        };
        let keeps = closes == 0
            && (matches!(name.len(), 3 | 7 | 8)
                && ["pre", "textarea", "listing", "xmp"]
                    .iter()
                    .any(|keeps| name.eq_ignore_ascii_case(keeps.as_bytes()))
                || inside.len() > name.len() && keeps_white_space(inside));
        let attributes = match closes == 0 {
            true => &inside[name.len()..],
            false => &[],
        };
        Some(Tag {
            end,
            name: at + 1 + closes..at + 1 + closes + name.len(),
            closes: closes == 1,
            edge: edge(name),
            paragraph: PARAGRAPHS
                .iter()
                .any(|p| name.eq_ignore_ascii_case(p.as_bytes())),
            shown: match closes == 0 {
                true => shown(name, attributes),
                false => Shown::Plain,
            },
            attributes,
            hidden,
            raw_text,
            keeps_white_space: keeps,
        })
    }

    /// Where the content of a `script` or `style` element that opened before
    /// `at` ends.
    pub(super) fn raw_text_end(&self, at: usize, name: &str) -> usize {
        let rest = self.source.get(at..).unwrap_or_default();
        let closes = |w: &[u8]| {
            w.starts_with(b"</")
                && w.get(2..)
                    .is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
        };
        rest.windows(name.len() + 2)
            .position(closes)
            .map_or(self.source.len(), |n| at + n)
    }

    fn length(&mut self, rest: &[u8]) -> Option<usize> {
        if self.quotes {
            let mut at = 0;
            while let Some(n) = rest
                .get(at..)?
                .iter()
                .position(|b| matches!(b, b'=' | b'>'))
            {
                at += n + 1;
                if rest[at - 1] == b'>' {
                    return Some(at);
                }
                // What is quoted stands behind `=`, and is passed over.
                let value = rest[at..].trim_ascii_start();
                if let [quote @ (b'"' | b'\''), inside @ ..] = value {
                    let Some(end) = memchr(*quote, inside) else {
                        break;
                    };
                    at = rest.len() - inside.len() + end + 1;
                }
            }
            self.quotes = false;
        }
        if self.closers {
            if let Some(n) = rest.iter().position(|&b| b == b'>') {
                return Some(n + 1);
            }
            self.closers = false;
        }
        None
    }
}

/// What programs put around the text of a table's cell.
const PARAGRAPHS: &[&str] = &[
    "p", "div", "br", "h1", "h2", "h3", "h4", "h5", "h6", "center", "section", "article",
];

/// Attributes whose values are layout, not content.
const LAYOUT: &[&str] = &[
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "charset",
    "class",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "http-equiv",
    "lang",
    "rel",
    "role",
    "rowspan",
    "size",
    "style",
    "target",
    "type",
    "valign",
    "width",
    "xmlns",
];

/// What many a document has and says nothing: `<![endif]>`, the `DOCTYPE`s of
/// the W3C.
fn is_common(inside: &[u8]) -> bool {
    const PUBLIC: &[u8] = b"!doctype html public \"-//w3c//dtd";
    let head = inside.get(..PUBLIC.len());
    inside.eq_ignore_ascii_case(b"!doctype html")
        || inside.starts_with(b"![") && inside.len() < 32
        || inside.len() < 128 && head.is_some_and(|h| h.eq_ignore_ascii_case(PUBLIC))
}

/// Words in a tag that are no attribute's value are read from this length on:
/// shorter ones are `hidden` and `nowrap`.
const BARE: usize = 8;

/// The values of the attributes of a tag that may hold text, and what else
/// stands in it behind its name, in the source.
fn attributes(inside: &[u8], name_end: usize, base: usize) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let bare = |out: &mut Vec<Range<usize>>, from: usize, to: usize| {
        let text = inside.get(from..to).unwrap_or_default();
        let start = from + text.len() - text.trim_ascii_start().len();
        if text.trim_ascii().len() >= BARE {
            out.push(base + start..base + to);
        }
    };
    let mut at = name_end;
    while let Some(equals) = inside
        .get(at..)
        .and_then(|rest| rest.iter().position(|&b| b == b'='))
    {
        let equals = at + equals;
        let before = inside[at..equals].trim_ascii_end();
        let name_start = before
            .iter()
            .rposition(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'/'))
            .map_or(0, |n| n + 1);
        let name = &before[name_start..];
        bare(&mut out, at, at + name_start);
        let value = equals
            + 1
            + inside[equals + 1..]
                .iter()
                .take_while(|b| b.is_ascii_whitespace())
                .count();
        let (start, end) = match inside.get(value) {
            Some(&quote @ (b'"' | b'\'')) => {
                let length = inside[value + 1..]
                    .iter()
                    .position(|&b| b == quote)
                    .unwrap_or(inside.len() - value - 1);
                (value + 1, value + 1 + length)
            }
            _ => {
                let length = inside[value..]
                    .iter()
                    .position(u8::is_ascii_whitespace)
                    .unwrap_or(inside.len() - value);
                (value, value + length)
            }
        };
        let said = &inside[start..end];
        let told = name.eq_ignore_ascii_case(b"style")
            && (shows_text(said) || said.contains(&b'&') && shows_text(&read(said)));
        let layout = !told && is_layout(name) || is_colour(name, said) || is_cell_type(name, said);
        if start < end && !layout {
            out.push(base + start..base + end);
        }
        at = (end + 1).min(inside.len());
    }
    bare(&mut out, at, inside.len());
    out
}

fn is_layout(name: &[u8]) -> bool {
    let head = name.get(..b"xmlns:".len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(b"xmlns:"))
        || LAYOUT
            .iter()
            .any(|l| name.eq_ignore_ascii_case(l.as_bytes()))
}

/// Attributes that are colours where they look like one: a number in the value
/// of a field looks so too.
const COLOURS: &[&str] = &[
    "alink",
    "bordercolor",
    "fill",
    "fillcolor",
    "link",
    "stroke",
    "strokecolor",
    "text",
    "vlink",
];

/// Whether an attribute is a colour, as those of links are: `#0563C1`.
fn is_colour(name: &[u8], value: &[u8]) -> bool {
    let named = COLOURS
        .iter()
        .any(|c| name.eq_ignore_ascii_case(c.as_bytes()));
    let figures = value.strip_prefix(b"#").unwrap_or_default();
    named && matches!(figures.len(), 3 | 4 | 6 | 8) && figures.iter().all(u8::is_ascii_hexdigit)
}

/// Whether an attribute is the type of a cell, in a sheet of Excel's as XML.
fn is_cell_type(name: &[u8], value: &[u8]) -> bool {
    let types: [&[u8]; 5] = [b"String", b"Number", b"DateTime", b"Boolean", b"Error"];
    name == b"ss:Type" && types.contains(&value)
}

/// Whether a tag's own style says that white space is shown as it is.
fn keeps_white_space(inside: &[u8]) -> bool {
    const PROPERTY: &[u8] = b"white-space";
    let declares = |n: usize| {
        let rest = inside.get(n..).unwrap_or_default();
        let head = rest.get(..PROPERTY.len());
        let value = rest.get(PROPERTY.len()..).unwrap_or_default();
        let value = value.trim_ascii_start().strip_prefix(b":");
        let value = value.unwrap_or_default().trim_ascii_start();
        let starts = |word: &[u8]| {
            let head = value.get(..word.len());
            head.is_some_and(|h| h.eq_ignore_ascii_case(word))
        };
        head.is_some_and(|h| h.eq_ignore_ascii_case(PROPERTY))
            && (starts(b"pre") || starts(b"break-spaces"))
    };
    let dashes = inside.iter().enumerate().filter(|(_, b)| **b == b'-');
    dashes.into_iter().any(|(n, _)| n >= 5 && declares(n - 5))
}

/// How the style of a tag sets its element apart.
fn shown(name: &[u8], attributes: &[u8]) -> Shown {
    let is = |word: &[u8], names: &[&str]| {
        let same = |name: &&str| word.eq_ignore_ascii_case(name.as_bytes());
        names.iter().any(same)
    };
    let letter = |b: &u8| b.is_ascii_alphabetic() || *b == b'-';
    let own = is(name, &["label"]) || attributes.first() == Some(&b'-');
    let mut out = match () {
        () if is(name, &["tspan", "textpath"]) => of_drawing(attributes),
        () if is(name, FORMULA) => Shown::Placed,
        () if own => Shown::Classed,
        () => Shown::Plain,
    };
    if attributes.is_empty() {
        return out;
    }
    match attributes.windows(6).any(|w| is(w, &["class=", "style="])) {
        true => out = out.max(Shown::Classed),
        false => return out,
    }
    let (mut placed, mut moved) = (false, false);
    for colon in memchr_iter(b':', attributes) {
        let before = attributes[..colon].trim_ascii_end();
        let start = before.iter().rposition(|b| !letter(b)).map_or(0, |n| n + 1);
        let property = &before[start..];
        let value = attributes[colon + 1..].trim_ascii_start();
        let word = value.iter().take_while(|b| letter(b)).count();
        let word = &value[..word];
        let said = if is(property, &["display"]) {
            match () {
                () if is(word, &["flex", "grid"]) => Shown::Items,
                () if is(word, &["table-cell"]) => Shown::Cell,
                () if is(word, BLOCKS) => Shown::Block,
                () if is(word, &["inline-flex", "inline-grid"]) => Shown::Spaced,
                () => Shown::Classed,
            }
        } else if is(property, &["float"]) && !is(word, &["none"]) {
            Shown::Floats
        } else if is(property, &["position"]) {
            placed = is(word, &["absolute", "fixed"]);
            Shown::Classed
        } else if is(property, &["left", "top", "right", "bottom"]) {
            moved = true;
            Shown::Classed
        } else if is(property, ROOM) {
            let ends = |b: &&u8| !matches!(b, b';' | b'"' | b'\'');
            let mut value = value.iter().take_while(ends).take(64);
            match value.any(|b| matches!(b, b'1'..=b'9')) {
                true => Shown::Spaced,
                false => Shown::Classed,
            }
        } else {
            Shown::Classed
        };
        out = out.max(said);
    }
    match placed && moved {
        true => out.max(Shown::Floats),
        false => out,
    }
}

/// How a stretch of a text on a drawing is set apart.
fn of_drawing(attributes: &[u8]) -> Shown {
    let said = Attributes(attributes).map(|(name, value)| {
        match value.iter().any(|b| matches!(b, b'1'..=b'9')) {
            true if matches!(name, b"x" | b"dx") => Shown::Placed,
            true if matches!(name, b"y" | b"dy") => Shown::Floats,
            _ => Shown::Plain,
        }
    });
    said.max().unwrap_or_default()
}

/// Signs of formulas.
const FORMULA: &[&str] = &["mi", "mn", "mo", "ms", "mtext"];

/// What `display` says of blocks.
const BLOCKS: &[&str] = &[
    "block",
    "flow-root",
    "list-item",
    "table",
    "table-row",
    "table-caption",
];

/// Properties that put room beside a text.
const ROOM: &[&str] = &[
    "padding",
    "padding-left",
    "padding-right",
    "margin",
    "margin-left",
    "margin-right",
    "width",
    "min-width",
];

/// What a tag puts between the texts around it: nothing for inline ones, and
/// for scripts and styles, which are not shown. As in `innerText`, a paragraph
/// has an empty line around it; so has a heading.
pub(super) fn edge(name: &[u8]) -> Edge {
    const LONGEST: usize = 10;
    let mut small = [0; LONGEST];
    let Some(small) = small.get_mut(..name.len()) else {
        return Edge::None;
    };
    small.copy_from_slice(name);
    small.make_ascii_lowercase();
    match &*small {
        b"br" => Edge::Break,
        b"td" | b"th" => Edge::Cell,
        b"img" | b"image" | b"input" | b"button" | b"video" | b"audio" | b"canvas" | b"object"
        | b"iframe" | b"embed" | b"svg" | b"meter" | b"progress" => Edge::Replaced,
        b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Edge::Block(2),
        b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"caption" | b"center"
        | b"dd" | b"details" | b"dialog" | b"dir" | b"div" | b"dl" | b"dt" | b"fieldset"
        | b"figcaption" | b"figure" | b"footer" | b"form" | b"head" | b"header" | b"hgroup"
        | b"hr" | b"html" | b"legend" | b"li" | b"listing" | b"main" | b"marquee" | b"menu"
        | b"nav" | b"ol" | b"optgroup" | b"option" | b"pre" | b"search" | b"section"
        | b"select" | b"summary" | b"table" | b"tbody" | b"textarea" | b"tfoot" | b"thead"
        | b"title" | b"tr" | b"ul" | b"xmp" => Edge::Block(1),
        _ => Edge::None,
    }
}

/// Whether a tag of this name parts the texts around it.
pub(in crate::dlp) fn parts(name: &[u8]) -> bool {
    matches!(edge(name), Edge::Cell | Edge::Break | Edge::Block(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a tag ends, a byte at a time.
    fn slowly(rest: &[u8]) -> Option<usize> {
        let mut quote = None;
        let mut before = 0;
        for (n, &byte) in rest.iter().enumerate() {
            match (quote, byte) {
                (Some(q), b) if q == b => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
                (None, b'>') => return Some(n + 1),
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                before = byte;
            }
        }
        rest.iter().position(|&b| b == b'>').map(|n| n + 1)
    }

    /// All tags of seven bytes that mean something there.
    #[test]
    fn tags_end_where_they_do_byte_by_byte() {
        let signs = b"=>\"' a";
        for n in 0..signs.len().pow(7) {
            let pick = |k: u32| signs[n / signs.len().pow(k) % signs.len()];
            let rest = [0, 1, 2, 3, 4, 5, 6].map(pick);
            assert_eq!(Tags::new("").length(&rest), slowly(&rest), "{rest:?}");
        }
    }
}
