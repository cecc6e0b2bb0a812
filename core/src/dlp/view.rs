//! Text as the detectors read it, with the way back to the part's own bytes.
//!
//! One byte of the view per character: ASCII as it is; digits, letters, dashes
//! and blanks of other blocks folded to ASCII; invisible characters gone; any
//! other character one byte above 127. HTML is rendered: inline tags joined
//! (`123-<b>45</b>-6789`), blocks broken, entities decoded; comments and the
//! insides of tags with attributes follow as lines of their own, since they
//! travel too.

use std::ops::Range;

/// Any character that is not folded.
const OTHER: u8 = 0x80;

/// A normalised text with an offset map.
#[derive(Default)]
pub(super) struct View {
    pub(super) text: Vec<u8>,
    spans: Vec<(u32, u32)>,
}

impl View {
    /// Plain text. The caller bounds the length below 4 GiB.
    pub(super) fn plain(text: &str) -> Self {
        let mut view = Self::with_capacity(text.len());
        view.push_str(text, 0..text.len(), false);
        view
    }

    /// HTML.
    pub(super) fn html(source: &str) -> Self {
        let mut view = Self::with_capacity(source.len());
        let mut hidden: Vec<Range<usize>> = Vec::new();
        let mut tags = Tags { source: source.as_bytes(), quotes: true, closers: true, comments: true };
        let mut at = 0;
        while at < source.len() {
            let next = source[at..].find('<').map_or(source.len(), |n| at + n);
            view.push_str(source, at..next, true);
            at = next;
            if at == source.len() {
                break;
            }
            match tags.tag(at) {
                Some(tag) => {
                    if let Some(byte) = tag.space {
                        view.push(byte, at, tag.end);
                    }
                    hidden.extend(tag.hidden);
                    at = tag.end;
                }
                None => {
                    view.push(b'<', at, at + 1);
                    at += 1;
                }
            }
        }
        for range in hidden {
            view.push(b'\n', range.start, range.start);
            view.push_str(source, range, true);
        }
        view
    }

    fn with_capacity(bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), spans: Vec::with_capacity(bytes) }
    }

    /// The bytes of the source that `range` of the view stands for.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let part = self.spans.get(range).unwrap_or_default();
        let start = part.first().map_or(0, |s| s.0);
        let end = part.last().map_or(start, |s| s.1);
        start as usize..end as usize
    }

    fn push(&mut self, byte: u8, start: usize, end: usize) {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.text.push(byte);
        self.spans.push((offset(start), offset(end)));
    }

    fn push_str(&mut self, source: &str, range: Range<usize>, entities: bool) {
        let base = range.start;
        let text = source.get(range).unwrap_or_default();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            let start = base + at;
            let mut end = start + c.len_utf8();
            let mut folded = fold(c);
            if entities
                && c == '&'
                && let Some((decoded, length)) = entity(&text.as_bytes()[at..])
            {
                end = start + length;
                folded = fold(decoded);
                // An entity is ASCII: one character a byte.
                chars.nth(length.saturating_sub(2));
            }
            if let Some(byte) = folded {
                self.push(byte, start, end);
            }
        }
    }
}

/// One byte for a character; `None` for what is not seen.
fn fold(c: char) -> Option<u8> {
    let n = c as u32;
    let digit = |zero: u32| Some(b'0' + u8::try_from(n - zero).unwrap_or(0));
    match n {
        0..=0x7f => u8::try_from(n).ok(),
        0xad | 0x34f | 0x61c | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069
        | 0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe007f => None,
        0xa0 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Some(b' '),
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0xfe58 | 0xfe63 => Some(b'-'),
        0x2028 | 0x2029 | 0x85 => Some(b'\n'),
        0x660..=0x669 => digit(0x660),
        0x6f0..=0x6f9 => digit(0x6f0),
        0x966..=0x96f => digit(0x966),
        0x1d7ce..=0x1d7ff => Some(b'0' + u8::try_from((n - 0x1d7ce) % 10).unwrap_or(0)),
        0xff01..=0xff5e => u8::try_from(n - 0xff01 + 0x21).ok(),
        _ => Some(OTHER),
    }
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
        while let Some(d) = digits.get(length).and_then(|&b| char::from(b).to_digit(radix)) {
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
    let length = rest.iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
    if rest.get(length) != Some(&b';') {
        return None;
    }
    let name = &rest[..length];
    // Any other named character is one that no detector reads.
    let c = NAMED.iter().find(|(n, _)| *n == name).map_or('\u{fffd}', |(_, c)| *c);
    Some((c, length + 2))
}

struct Tag {
    end: usize,
    space: Option<u8>,
    hidden: Option<Range<usize>>,
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
            if self.comments
                && let Some(n) = rest[4..].windows(3).position(|w| w == b"-->")
            {
                let hidden = Some(at + 4..at + 4 + n);
                return Some(Tag { end: at + n + 7, space: None, hidden });
            }
            self.comments = false;
            return None;
        }
        if !matches!(rest.get(1), Some(b'/' | b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z')) {
            return None;
        }
        let end = at + self.length(rest)?;
        let inside = &self.source[at + 1..end - 1];
        let name = inside.strip_prefix(b"/").unwrap_or(inside);
        let name = &name[..name.iter().take_while(|b| b.is_ascii_alphanumeric()).count()];
        let hidden = inside.contains(&b'=').then_some(at + 1..end - 1);
        Some(Tag { end, space: space(name), hidden })
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

/// What a tag puts between the texts around it: nothing for inline ones.
fn space(name: &[u8]) -> Option<u8> {
    const BLOCKS: &[&str] = &[
        "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd",
        "details", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3",
        "h4", "h5", "h6", "head", "header", "hr", "html", "legend", "li", "main", "nav", "ol",
        "option", "p", "pre", "script", "section", "select", "style", "summary", "table", "tbody",
        "textarea", "tfoot", "thead", "title", "tr", "ul",
    ];
    let is = |tag: &&str| name.eq_ignore_ascii_case(tag.as_bytes());
    if is(&"td") || is(&"th") {
        return Some(b'\t');
    }
    BLOCKS.iter().any(|tag| is(tag)).then_some(b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        View::html(source).text.iter().map(|&b| if b < 0x80 { char::from(b) } else { '?' }).collect()
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
        assert_eq!(html("&eacute;&bogus &"), "?&bogus &");
        let view = View::plain("１２\u{200b}٣–４");
        assert_eq!(view.text, b"123-4");
    }

    #[test]
    fn what_is_hidden_in_tags_is_read_too() {
        let text = html("<img alt=\"SSN 1 > 2\"><!-- x -->end");
        assert_eq!(text, "end\nimg alt=\"SSN 1 > 2\"\n x ");
        assert_eq!(html("<a title='open"), "<a title='open");
        assert_eq!(html("<a title='b>c"), "c\na title='b");
    }

    #[test]
    fn the_map_leads_back() {
        let source = "é 124&thinsp;12<b>81</b> x";
        let view = View::html(source);
        let at = view.text.windows(8).position(|w| w == b"124 1281").unwrap();
        assert_eq!(&source[view.source(at..at + 8)], "124&thinsp;12<b>81");
    }
}
