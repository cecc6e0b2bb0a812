//! Text as the detectors read it, with the way back to the part's own bytes.
//!
//! One byte of the view per character: ASCII as it is; digits, letters, dashes
//! and blanks of other blocks folded to ASCII; invisible characters gone; any
//! other character one byte above 127. HTML is rendered: inline tags joined
//! (`123-<b>45</b>-6789`), blocks broken, entities decoded; comments and the
//! insides of tags with attributes follow as lines of their own, since they
//! travel too.

mod fold;

use std::borrow::Cow;
use std::ops::Range;

use fold::fold;
use memchr::memchr;

/// A stretch of the view and what it stands for.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Where it starts in the view.
    view: u32,
    /// Where it starts in the source.
    source: u32,
    /// 0: byte for byte. Else one byte stands for so many of the source.
    width: u32,
}

/// A normalised text with an offset map.
#[derive(Default)]
pub(super) struct View<'a> {
    pub(super) text: Cow<'a, [u8]>,
    /// Sorted by both offsets; empty where the view is the source.
    runs: Vec<Run>,
    /// Where text starts that a reader of HTML does not see.
    pub(super) hidden: usize,
    /// Where the insides of `script` and `style` start.
    pub(super) code: usize,
    /// Whether the source is HTML or XML.
    pub(super) markup: bool,
}

impl<'a> View<'a> {
    /// Plain text. The caller bounds the length below 4 GiB.
    pub(super) fn plain(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self {
                text: Cow::Borrowed(text.as_bytes()),
                hidden: text.len(),
                code: text.len(),
                ..Self::default()
            };
        }
        let mut pen = Pen::with_capacity(text.len());
        pen.push_str(text, 0..text.len(), false);
        pen.finish(None)
    }

    /// HTML.
    pub(super) fn html(source: &str) -> View<'static> {
        let mut pen = Pen::with_capacity(source.len());
        let mut hidden: Vec<Range<usize>> = Vec::new();
        let mut code: Vec<Range<usize>> = Vec::new();
        let mut tags = Tags {
            source: source.as_bytes(),
            quotes: true,
            closers: true,
            comments: true,
        };
        let mut at = 0;
        while at < source.len() {
            let next = source[at..].find('<').map_or(source.len(), |n| at + n);
            pen.push_str(source, at..next, true);
            at = next;
            if at == source.len() {
                break;
            }
            match tags.tag(at) {
                Some(tag) => {
                    if let Some(byte) = tag.space {
                        pen.push(byte, at, tag.end);
                    }
                    hidden.extend(tag.hidden);
                    at = tag.end;
                    if let Some(name) = tag.raw_text {
                        let end = tags.raw_text_end(at, name);
                        code.push(at..end);
                        at = end;
                    }
                }
                None => {
                    pen.push(b'<', at, at + 1);
                    at += 1;
                }
            }
        }
        let seen = pen.text.len();
        for range in hidden {
            let before = range.start.saturating_sub(1);
            pen.push(b'\n', before, before);
            pen.push_str(source, range, true);
        }
        let prose = pen.text.len();
        for range in code {
            let before = range.start.saturating_sub(1);
            pen.push(b'\n', before, before);
            pen.push_str(source, range, false);
        }
        pen.finish(Some((seen, prose)))
    }

    /// The bytes of the source that `range` of the view stands for.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        if self.runs.is_empty() || range.is_empty() {
            return range;
        }
        let start = self.at(range.start);
        let end = self.at(range.end - 1);
        start.start..end.end.max(start.start)
    }

    /// What a reader sees of a range of the view of `source`: entities decoded,
    /// tags away, letters as they are.
    pub(super) fn seen(&self, source: &str, range: Range<usize>) -> String {
        let bytes = self.text.get(range.clone()).unwrap_or_default();
        let shown = |(n, &byte): (usize, &u8)| match byte {
            0..=0x7f => char::from(byte),
            _ => {
                let text = source.get(self.at(n)).unwrap_or_default();
                let decoded = entity(text.as_bytes()).map(|(c, _)| c);
                let decoded = decoded.filter(|_| text.starts_with('&'));
                decoded
                    .or_else(|| text.chars().next())
                    .unwrap_or('\u{fffd}')
            }
        };
        (range.start..).zip(bytes).map(shown).collect()
    }

    /// The bytes of the view that stand for `range` of the source: those that
    /// are seen, or where none is, those that stand hidden in a tag.
    pub(super) fn back(&self, range: Range<usize>) -> Range<usize> {
        if self.runs.is_empty() || range.is_empty() {
            return range;
        }
        let seen = self.back_in(&range, 0..self.hidden);
        match seen.is_empty() {
            true => self.back_in(&range, self.hidden..self.code),
            false => seen,
        }
    }

    /// The same within a stretch that runs in the source's order.
    fn back_in(&self, range: &Range<usize>, within: Range<usize>) -> Range<usize> {
        // The first byte of which so much holds.
        let first = |holds: &dyn Fn(Range<usize>) -> bool| {
            let (mut low, mut high) = (within.start, within.end);
            while low < high {
                let middle = low.midpoint(high);
                match holds(self.at(middle)) {
                    true => high = middle,
                    false => low = middle + 1,
                }
            }
            low
        };
        first(&|at| at.end > range.start)..first(&|at| at.start >= range.end)
    }

    /// The bytes of the source that one byte stands for.
    fn at(&self, view: usize) -> Range<usize> {
        let before = self.runs.partition_point(|r| r.view as usize <= view);
        let Some(run) = before.checked_sub(1).and_then(|n| self.runs.get(n)) else {
            return view..view + 1;
        };
        let start = run.source as usize + (view - run.view as usize);
        match run.width {
            0 => start..start + 1,
            width => run.source as usize..run.source as usize + width as usize,
        }
    }
}

/// Writes a view.
struct Pen {
    text: Vec<u8>,
    runs: Vec<Run>,
    /// Where the source goes on if the next byte stands for itself.
    next: usize,
}

impl Pen {
    fn with_capacity(bytes: usize) -> Self {
        Self {
            text: Vec::with_capacity(bytes),
            runs: Vec::new(),
            next: 0,
        }
    }

    fn finish(self, ends: Option<(usize, usize)>) -> View<'static> {
        let (hidden, code) = ends.unwrap_or((self.text.len(), self.text.len()));
        View {
            hidden,
            code,
            markup: ends.is_some(),
            text: Cow::Owned(self.text),
            runs: self.runs,
        }
    }

    fn run(&mut self, source: usize, width: usize) {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.runs.push(Run {
            view: offset(self.text.len()),
            source: offset(source),
            width: offset(width),
        });
    }

    fn push(&mut self, byte: u8, start: usize, end: usize) {
        if end - start == 1 {
            self.copy(&[byte], start);
            return;
        }
        self.run(start, end - start);
        self.text.push(byte);
        // Whatever comes next starts a run of its own.
        self.next = usize::MAX;
    }

    /// Bytes that stand for themselves.
    fn copy(&mut self, bytes: &[u8], start: usize) {
        if bytes.is_empty() {
            return;
        }
        if self.next != start {
            self.run(start, 0);
        }
        self.text.extend_from_slice(bytes);
        self.next = start + bytes.len();
    }

    fn push_str(&mut self, source: &str, range: Range<usize>, entities: bool) {
        let mut at = range.start;
        let text = source.get(..range.end).unwrap_or_default();
        let bytes = text.as_bytes();
        while at < bytes.len() {
            let mut plain = ascii(&bytes[at..]);
            if entities && let Some(entity) = memchr(b'&', &bytes[at..at + plain]) {
                plain = entity;
            }
            self.copy(&bytes[at..at + plain], at);
            at += plain;
            let Some(c) = text.get(at..).and_then(|t| t.chars().next()) else {
                break;
            };
            let (decoded, length) = match c {
                '&' => entity(&bytes[at..]).unwrap_or(('&', 1)),
                c => (c, c.len_utf8()),
            };
            if let Some(byte) = fold(decoded) {
                self.push(byte, at, at + length);
            }
            at += length;
        }
    }
}

/// How many bytes of ASCII a text starts with.
fn ascii(text: &[u8]) -> usize {
    let whole = text.chunks(16).take_while(|chunk| chunk.is_ascii()).count();
    let from = text.len().min(whole * 16);
    let rest = text[from..].iter().take_while(|b| b.is_ascii()).count();
    from + rest
}

/// Named entities that stand in numbers or around labels.
const NAMED: &[(&[u8], char)] = &[
    (b"nbsp", ' '),
    (b"amp", '&'),
    (b"lt", '<'),
    (b"gt", '>'),
    (b"quot", '"'),
    (b"apos", '\''),
    (b"ndash", '-'),
    (b"mdash", '-'),
    (b"minus", '-'),
    (b"hyphen", '-'),
    (b"dash", '-'),
    (b"horbar", '-'),
    (b"thinsp", ' '),
    (b"ensp", ' '),
    (b"emsp", ' '),
    (b"numsp", ' '),
    (b"hairsp", ' '),
    (b"puncsp", ' '),
    (b"shy", '\u{ad}'),
    (b"zwnj", '\u{200c}'),
    (b"zwj", '\u{200d}'),
    (b"ZeroWidthSpace", '\u{200b}'),
    (b"NoBreak", '\u{2060}'),
    (b"lrm", '\u{200e}'),
    (b"rlm", '\u{200f}'),
    (b"period", '.'),
    (b"colon", ':'),
    (b"num", '#'),
    (b"sol", '/'),
    (b"Tab", '\t'),
    (b"NewLine", '\n'),
    (b"lpar", '('),
    (b"rpar", ')'),
    (b"comma", ','),
    (b"commat", '@'),
    (b"lowbar", '_'),
    (b"plus", '+'),
    (b"lsquo", '\''),
    (b"rsquo", '\''),
    (b"ldquo", '"'),
    (b"rdquo", '"'),
    (b"bull", '*'),
    (b"middot", '*'),
];

/// Named entities that browsers read without their semicolon, whatever stands
/// behind them.
const OPEN: &[(&[u8], char)] = &[
    (b"nbsp", ' '),
    (b"shy", '\u{ad}'),
    (b"amp", '&'),
    (b"lt", '<'),
    (b"gt", '>'),
    (b"quot", '"'),
];

/// The character of an entity at the start of `text`, and its length.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    let rest = text.get(1..)?;
    if let Some(number) = rest.strip_prefix(b"#") {
        let hex = matches!(number.first(), Some(b'x' | b'X'));
        let radix = if hex { 16 } else { 10 };
        let digits = &number[usize::from(hex)..];
        let mut value = 0u32;
        let mut length = 0;
        while let Some(d) = digits
            .get(length)
            .and_then(|&b| char::from(b).to_digit(radix))
        {
            value = value.saturating_mul(radix).saturating_add(d);
            length += 1;
            if length > 10 {
                return None;
            }
        }
        if length == 0 {
            return None;
        }
        let semicolon = usize::from(digits.get(length) == Some(&b';'));
        let c = char::from_u32(value).unwrap_or('\u{fffd}');
        return Some((c, 2 + usize::from(hex) + length + semicolon));
    }
    let length = rest
        .iter()
        .take(16)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    if rest.get(length) != Some(&b';') {
        let open = OPEN.iter().find(|(name, _)| rest.starts_with(name))?;
        return Some((open.1, 1 + open.0.len()));
    }
    let name = &rest[..length];
    // `&eacute;` and its like: a letter and its accent.
    const ACCENTS: &[&[u8]] = &[
        b"acute", b"grave", b"circ", b"uml", b"tilde", b"ring", b"cedil", b"slash", b"caron",
    ];
    if let Some((&letter, accent)) = name.split_first()
        && ACCENTS.contains(&accent)
    {
        return Some((char::from(letter), length + 2));
    }
    // Any other named character is one that no detector reads.
    let c = NAMED
        .iter()
        .find(|(n, _)| *n == name)
        .map_or('\u{fffd}', |(_, c)| *c);
    Some((c, length + 2))
}

struct Tag {
    end: usize,
    space: Option<u8>,
    hidden: Vec<Range<usize>>,
    /// The name of an element whose content is not markup.
    raw_text: Option<&'static str>,
}

/// Finds the end of tags. A search that ran to the end of the text is not
/// repeated, which keeps the whole linear.
struct Tags<'a> {
    source: &'a [u8],
    quotes: bool,
    closers: bool,
    comments: bool,
}

impl Tags<'_> {
    fn tag(&mut self, at: usize) -> Option<Tag> {
        let rest = &self.source[at..];
        if rest.starts_with(b"<!--") {
            let comment = |length: usize, closer: usize| Tag {
                end: at + 4 + length + closer,
                space: None,
                hidden: std::iter::once(at + 4..at + 4 + length).collect(),
                raw_text: None,
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
                space: None,
                hidden: Vec::new(),
                raw_text: None,
            });
        }
        if !matches!(
            rest.get(1),
            Some(b'/' | b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z')
        ) {
            return None;
        }
        let end = at + self.length(rest)?;
        let inside = &self.source[at + 1..end - 1];
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
            .find(|raw| closes == 0 && whole && name.eq_ignore_ascii_case(raw.as_bytes()));
        let hidden = match inside.len() > closes + name.len() && !is_common(inside) {
            true => attributes(inside, closes + name.len(), at + 1),
            false => Vec::new(),
        };
        Some(Tag {
            end,
            space: space(name),
            hidden,
            raw_text,
        })
    }

    /// Where the content of a `script` or `style` element that opened before
    /// `at` ends.
    fn raw_text_end(&self, at: usize, name: &str) -> usize {
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
        if start < end
            && !LAYOUT
                .iter()
                .any(|l| name.eq_ignore_ascii_case(l.as_bytes()))
        {
            out.push(base + start..base + end);
        }
        at = (end + 1).min(inside.len());
    }
    bare(&mut out, at, inside.len());
    out
}

/// What a tag puts between the texts around it: nothing for inline ones.
fn space(name: &[u8]) -> Option<u8> {
    const BLOCKS: &[&str] = &[
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "script",
        "section",
        "select",
        "style",
        "summary",
        "table",
        "tbody",
        "textarea",
        "tfoot",
        "thead",
        "title",
        "tr",
        "ul",
    ];
    let is = |tag: &&str| name.eq_ignore_ascii_case(tag.as_bytes());
    if is(&"td") || is(&"th") {
        return Some(b'\t');
    }
    BLOCKS.iter().any(is).then_some(b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        View::html(source)
            .text
            .iter()
            .map(|&b| if b < 0x80 { char::from(b) } else { '?' })
            .collect()
    }

    #[test]
    fn inline_tags_join_and_blocks_break() {
        assert_eq!(html("123-<b>45</b>-6789"), "123-45-6789");
        assert_eq!(html("577<!-- -->-96-<wbr>4121"), "577-96-4121\n ");
        assert_eq!(html("<td>SSN:</td><td>1</td>"), "\tSSN:\t\t1\t");
        assert_eq!(html("a<br>b<p>c"), "a\nb\nc");
        assert_eq!(html("a < b & c > d"), "a < b & c > d");
    }

    #[test]
    fn entities_and_look_alikes_are_folded() {
        assert_eq!(html("2W81&#8209;AD9&#x2011KT66"), "2W81-AD9-KT66");
        assert_eq!(html("124&thinsp;12&nbsp;81&shy;00&zwnj;"), "124 12 8100");
        assert_eq!(html("&eacute;&Omega;&bogus &"), "e?&bogus &");
        assert_eq!(
            View::plain("Siobhán Łukasz Раtient Æsa 李").text.as_ref(),
            b"Siobhan Lukasz Patient Asa \x80"
        );
        let view = View::plain("１２\u{200b}٣–４");
        assert_eq!(view.text.as_ref(), b"123-4");
    }

    #[test]
    fn what_is_hidden_in_tags_is_read_too() {
        let text = html("<img alt=\"SSN 1 > 2\"><!-- x -->end");
        assert_eq!(text, "end\nSSN 1 > 2\n x ");
        assert_eq!(html("<a title='open"), "<a title='open");
        assert_eq!(html("<a title='b>c"), "c\nb");
        assert_eq!(html("<p class=x data-mrn = 17 hidden>y"), "\ny\n17");
        assert_eq!(html("<style>p{}</style>z<script>q"), "\n\nz\n\np{}\nq");
    }

    #[test]
    fn the_way_back_ends_in_tags_too() {
        let source = "<a title=\"1EG4\">é text</a><b title='2'>more</b>";
        let view = View::html(source);
        for wanted in ["1EG4", "text", "2", "more"] {
            let at = source.find(wanted).unwrap();
            let range = view.back(at..at + wanted.len());
            assert_eq!(&view.text[range], wanted.as_bytes());
        }
        let tag = source.find("</a>").unwrap();
        assert!(view.back(tag..tag + 4).is_empty());
    }

    #[test]
    fn what_is_seen_has_its_own_letters() {
        let source = "<p>Ł&#26446;<b>明</b>&amp;</p>";
        let view = View::html(source);
        assert_eq!(view.seen(source, 0..view.text.len()), "\nL李明&\n");
    }

    #[test]
    fn text_of_xml_in_cdata_is_text() {
        assert_eq!(html("<a><![CDATA[1 > 0]]></a>"), "1 > 0]]>");
    }

    #[test]
    fn the_map_leads_back() {
        let source = "é 124&thinsp;12<b>81</b> x";
        let view = View::html(source);
        let at = view.text.windows(8).position(|w| w == b"124 1281").unwrap();
        assert_eq!(&source[view.source(at..at + 8)], "124&thinsp;12<b>81");
    }
}
