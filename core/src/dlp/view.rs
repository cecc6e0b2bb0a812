//! Text as the detectors read it, with the way back to the part's own bytes.
//!
//! One byte of the view per character, three for `…`: ASCII as it is; digits,
//! letters, signs and blanks of other blocks folded to ASCII; invisible characters
//! gone; any other character one byte above 127. HTML is rendered: inline tags joined
//! (`123-<b>45</b>-6789`), white space collapsed, blocks broken, entities
//! decoded; comments and the insides of tags with attributes follow as lines of
//! their own, since they travel too, and a page with text hidden in its words once
//! more without it. XML keeps its white space.

mod apart;
mod fold;
mod html;
mod runs;
mod sheets;
mod style;
mod tags;
mod turns;
mod written;
mod xml;

use std::borrow::Cow;
use std::ops::Range;

pub(super) use fold::fold;
use fold::{is_control, is_narrow};
use htmlize::ENTITIES;
use memchr::{memchr, memmem};
use runs::Runs;
use style::Sheets;
pub(super) use tags::parts;
use turns::Turns;
pub(super) use written::{Written, as_read};

/// A normalised text with an offset map.
#[derive(Default)]
pub(super) struct View<'a> {
    pub(super) text: Cow<'a, [u8]>,
    /// Empty where the view is the source.
    runs: Runs,
    /// Where text starts that a reader of HTML does not see.
    pub(super) hidden: usize,
    /// Where the insides of `script` start.
    pub(super) code: usize,
    /// Where those of `style` do.
    pub(super) style: usize,
    /// Whether the source is HTML or XML.
    pub(super) markup: bool,
    /// Whether its markup shows letters in another order, or hides some that are read.
    pub(super) turned: bool,
    /// What of plain text is written otherwise than it is read.
    written: Vec<Written>,
}

impl<'a> View<'a> {
    /// Plain text. The caller bounds the length below 4 GiB.
    pub(super) fn plain(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        if ascii(bytes) == bytes.len() && !apart::is_in(text) {
            return Self {
                text: Cow::Borrowed(bytes),
                hidden: text.len(),
                code: text.len(),
                style: text.len(),
                ..Self::default()
            };
        }
        let mut pen = Pen::with_capacity(text.len());
        pen.push_str(text, 0..text.len(), false);
        pen.finish(text, None)
    }

    /// Markup that is no mail's HTML part: HTML or XML, by its type or by how it
    /// begins.
    pub(super) fn markup(source: &str, media_type: &str) -> View<'static> {
        let head: String = source.chars().take(1024).collect();
        let head = head.trim_start().to_ascii_lowercase();
        let html = head.starts_with("<!doctype html") || head.contains("<html");
        let xml = head.starts_with("<?xml") || media_type.ends_with("xml");
        match xml && !html {
            true => Self::xml(source),
            false => Self::html(source),
        }
    }

    /// The bytes of the source that `range` of the view stands for.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        if self.runs.is_empty() || range.is_empty() {
            return range;
        }
        self.runs.between(range.start, range.end - 1)
    }

    /// A range of the view and the bytes of the source that it stands for. One that
    /// goes over into what is read once more, which stands before it in the source, ends
    /// with its line.
    pub(super) fn place(&self, mut range: Range<usize>) -> (Range<usize>, Range<usize>) {
        let mut span = self.source(range.clone());
        if span.is_empty() && !range.is_empty() {
            let stretch = self.text.get(range.clone()).unwrap_or_default();
            let line = stretch.iter().position(|b| *b == b'\n');
            range.end = range.start + line.unwrap_or(stretch.len());
            span = self.source(range.clone());
        }
        (range, span)
    }

    /// What a reader sees of a range of the view of `source`: entities decoded,
    /// tags away, letters as they are.
    pub(super) fn seen(&self, source: &str, range: Range<usize>) -> String {
        let bytes = self.text.get(range.clone()).unwrap_or_default();
        if bytes.is_ascii() {
            return String::from_utf8(bytes.to_vec()).unwrap_or_default();
        }
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
        let start = first(&|at| at.end > range.start);
        // What Outlook shows of comments runs in an order of its own.
        start..first(&|at| at.start >= range.end).max(start)
    }

    /// The bytes of the source that one byte stands for.
    pub(super) fn at(&self, view: usize) -> Range<usize> {
        self.runs.at(view)
    }
}

/// Writes a view.
struct Pen {
    text: Vec<u8>,
    runs: Runs,
    /// Where the source goes on if the run does.
    next: usize,
    /// How many bytes of the source each byte of the run stands for.
    width: usize,
    /// Whether the source is one whose fields signs for machines part, once that
    /// was asked.
    parted: Option<bool>,
    /// Whether narrow blanks were written.
    narrow: bool,
    /// What markup says of the order of letters.
    turns: Turns,
    /// Whether letters are hidden in words of a page that is too long to be read twice.
    unread: bool,
}

impl Pen {
    fn with_capacity(bytes: usize) -> Self {
        Self {
            text: Vec::with_capacity(bytes),
            runs: Runs::default(),
            next: 0,
            width: 1,
            parted: None,
            narrow: false,
            turns: Turns::default(),
            unread: false,
        }
    }

    fn finish(mut self, source: &str, mut ends: Option<[usize; 3]>) -> View<'static> {
        self.join(source, ends.as_mut());
        let [hidden, code, style] = ends.unwrap_or([self.text.len(); 3]);
        View {
            hidden,
            code,
            style,
            markup: ends.is_some(),
            turned: self.unread || self.turns.is_told(),
            text: Cow::Owned(self.text),
            runs: self.runs,
            written: Vec::new(),
        }
    }

    /// Makes words of letters that stand apart, outside of scripts and sheets.
    fn join(&mut self, source: &str, ends: Option<&mut [usize; 3]>) {
        let words = ends.as_ref().map_or(self.text.len(), |ends| ends[1]);
        let words = self.text.get(..words).unwrap_or_default();
        if !self.narrow && !apart::may_be(words) {
            return;
        }
        let written = |at: usize| source.get(self.runs.at(at)).unwrap_or_default();
        let narrow = |blank: &str| match entity(blank.as_bytes()) {
            Some((c, _)) if blank.starts_with('&') => is_narrow(c),
            _ => blank.chars().next().is_some_and(is_narrow),
        };
        let gone = apart::joints(words, &written, &narrow);
        if gone.is_empty() {
            return;
        }
        let place = |text: &[u8], at: &u32| usize::try_from(*at).map(|at| apart::blanks(text, at));
        let places = || gone.iter().filter_map(|at| place(&self.text, at).ok());
        self.runs = self.runs.without(places());
        for end in ends.into_iter().flatten() {
            let before = places().take_while(|range| range.end <= *end);
            *end -= before.map(|range| range.len()).sum::<usize>();
        }
        let (mut kept, mut less) = (0, 0);
        for at in &gone {
            // What is moved lies before it.
            let Ok(range) = place(&self.text, at) else {
                continue;
            };
            self.text.copy_within(kept..range.start, kept - less);
            (kept, less) = (range.end, less + range.len());
        }
        self.text.copy_within(kept.., kept - less);
        self.text.truncate(self.text.len() - less);
    }

    /// Goes on at a place of the source.
    fn go(&mut self, source: usize, width: usize) {
        if self.next != source || self.width != width {
            self.runs.push(self.text.len(), source, width);
            self.width = width;
        }
    }

    /// A byte for some of the source; one that was not there stands for that
    /// behind which it comes.
    fn push(&mut self, byte: u8, start: usize, end: usize) {
        let width = (end - start).max(1);
        self.go(start, width);
        self.text.push(byte);
        self.next = start + width;
    }

    /// Bytes that stand for themselves.
    fn copy(&mut self, bytes: &[u8], start: usize) {
        if bytes.is_empty() {
            return;
        }
        self.go(start, 1);
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
            match fold(decoded) {
                Some(byte) => self.push_folded(decoded, byte, at..at + length),
                None if matches!(c, '\u{1c}'..='\u{1f}') && self.is_parted(source) => {
                    self.copy(&bytes[at..at + length], at);
                }
                None => {}
            }
            at += length;
        }
    }

    fn is_parted(&mut self, source: &str) -> bool {
        *self.parted.get_or_insert_with(|| is_interchange(source))
    }

    /// Writes what a character is folded to. A raised figure behind a word is the
    /// number of a note; behind a unit of measure it is a power.
    fn push_folded(&mut self, c: char, byte: u8, place: Range<usize>) {
        self.narrow |= is_narrow(c);
        let raised = matches!(c, '²' | '³' | '¹' | '⁰' | '⁴'..='⁹');
        if raised && ends_in_word(&self.text) {
            self.push(b' ', place.start, place.end);
        }
        let times = if c == '…' { 3 } else { 1 };
        for _ in 0..times {
            self.push(byte, place.start, place.end);
        }
    }
}

/// Whether a text ends in a word that is no unit of measure.
fn ends_in_word(text: &[u8]) -> bool {
    const WORD: usize = 4;
    let letters = text.iter().rev().take_while(|b| b.is_ascii_alphabetic());
    letters.take(WORD).count() == WORD
}

/// How many bytes of ASCII that is seen a text starts with.
fn ascii(text: &[u8]) -> usize {
    let seen = |b: u8| b.is_ascii() & !is_control(b);
    // Compilers have instructions for many bytes, where none asks for the one before.
    let whole = |many: &&[u8; 32]| many.iter().fold(0, |any, b| any | u8::from(!seen(*b))) == 0;
    let (many, _) = text.as_chunks();
    let from = many.iter().take_while(whole).count() * 32;
    let rest = text[from..].iter().take_while(|b| seen(**b)).count();
    from + rest
}

/// Whether a text has a message of X12 or EDIFACT, whose fields may be parted by the
/// separators of ASCII.
fn is_interchange(text: &str) -> bool {
    const NAMES: [&[u8]; 5] = [b"ISA", b"GS", b"ST", b"UNA", b"UNB"];
    let begins = |text: &[u8], name: &[u8]| {
        let behind = text.strip_prefix(name).and_then(<[u8]>::first);
        behind.is_some_and(|b| b.is_ascii_punctuation() || is_control(*b))
    };
    let start = text.trim_start().as_bytes();
    let text = text.as_bytes();
    NAMES.iter().any(|name| begins(start, name))
        || memmem::find_iter(text, NAMES[0]).any(|at| begins(&text[at..], NAMES[0]))
}

/// What browsers read at the numbers of signs for machines (HTML, 13.2.5.80).
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The longest name of an entity: `CounterClockwiseContourIntegral`.
const LONGEST_NAME: usize = 31;

/// The longest that browsers read without its semicolon: `frac12`, `Agrave`.
const LONGEST_OPEN: usize = 6;

/// Markup with its entities decoded, for what looks into the values of
/// attributes.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(n) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..n]);
        let (c, length) = entity(&rest.as_bytes()[n..]).unwrap_or(('&', 1));
        out.push(c);
        rest = rest.get(n + length..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of an entity at the start of `text`, and its length.
pub(super) fn entity(text: &[u8]) -> Option<(char, usize)> {
    let rest = text.get(1..)?;
    if let Some(number) = rest.strip_prefix(b"#") {
        let hex = matches!(number.first(), Some(b'x' | b'X'));
        let radix = if hex { 16 } else { 10 };
        let digits = &number[usize::from(hex)..];
        let mut value = 0u32;
        // Any number of them may stand in front.
        let zeros = digits.iter().take_while(|b| **b == b'0').count();
        let mut length = zeros;
        while let Some(d) = digits
            .get(length)
            .and_then(|&b| char::from(b).to_digit(radix))
        {
            value = value.saturating_mul(radix).saturating_add(d);
            length += 1;
            if length - zeros > 10 {
                return None;
            }
        }
        if length == 0 {
            return None;
        }
        let semicolon = usize::from(digits.get(length) == Some(&b';'));
        let named = value
            .checked_sub(0x80)
            .and_then(|n| usize::try_from(n).ok());
        let named = named.and_then(|n| WINDOWS_1252.get(n).copied());
        let c = named.or(char::from_u32(value)).unwrap_or('\u{fffd}');
        return Some((c, 2 + usize::from(hex) + length + semicolon));
    }
    let length = rest
        .iter()
        .take(LONGEST_NAME + 1)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let known = |name: &[u8]| -> Option<char> {
        let letters = std::str::from_utf8(ENTITIES.get(name)?).ok()?;
        letters.chars().next()
    };
    // What has no such name stands as it is written.
    if rest.get(length) == Some(&b';')
        && let Some(c) = known(text.get(..length + 2)?)
    {
        return Some((c, length + 2));
    }
    // Some are known without a semicolon, whatever stands behind them, but for fields
    // of links (`&copy=2`); the longest counts.
    let longest = match rest.get(length) {
        Some(b'=') => 0,
        _ => length.min(LONGEST_OPEN),
    };
    (2..=longest)
        .rev()
        .find_map(|length| Some((known(text.get(..length + 1)?)?, length + 1)))
}

/// The name of an element whose content is not markup, and its content.
type RawText = (&'static str, Range<usize>);

/// A page as it is written: what is seen, what hides in its tags, its scripts and
/// sheets, and what is hidden within words of what is seen.
struct Page {
    pen: Pen,
    hidden: Vec<Range<usize>>,
    code: Vec<RawText>,
    words: Vec<Range<usize>>,
}

/// Puts behind what is seen what a reader does not see.
fn finish(page: Page, source: &str, styles: &Sheets<'_>) -> View<'static> {
    let Page {
        mut pen, mut code, ..
    } = page;
    let seen = pen.text.len();
    for range in page.hidden {
        let before = range.start.saturating_sub(1);
        pen.push(b'\n', before, before);
        match html::conditional(source, &range) {
            Some(inside) => {
                let behind = inside.end..range.end;
                pen.push_str(source, range.start..inside.start, true);
                pen.push(b'\n', inside.start - 1, inside.start - 1);
                pen = html::inside(pen, source, inside, &mut code, styles);
                pen.push_str(source, behind, true);
            }
            None => pen.push_str(source, range, true),
        }
    }
    pen = html::without(pen, source, 0..source.len(), &page.words, styles);
    let prose = pen.text.len();
    for (_, range) in code.iter().filter(|(name, _)| *name == "style") {
        let sheet = source.as_bytes().get(range.clone()).unwrap_or_default();
        pen.turns.sheet(sheet);
    }
    // Style sheets behind the scripts.
    let is_sheet =
        |(name, range): &RawText| *name == "style" && sheets::is_style_sheet(source, range);
    let (styles, scripts): (Vec<_>, Vec<_>) = code.into_iter().partition(is_sheet);
    let mut push = |elements: Vec<RawText>| {
        for (_, range) in elements {
            let before = range.start.saturating_sub(1);
            pen.push(b'\n', before, before);
            pen.push_str(source, range, false);
        }
        pen.text.len()
    };
    let code = push(scripts);
    push(styles);
    pen.finish(source, Some([seen, prose, code]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        shown(&View::html(source))
    }

    fn shown(view: &View<'_>) -> String {
        view.text
            .iter()
            .map(|&b| if b < 0x80 { char::from(b) } else { '?' })
            .collect()
    }

    #[test]
    fn inline_tags_join_and_blocks_break() {
        assert_eq!(html("123-<b>45</b>-6789"), "123-45-6789");
        assert_eq!(html("577<!-- -->-96-<wbr>4121"), "577-96-4121\n ");
        assert_eq!(html("<td>SSN:</td><td>1</td>"), "SSN:\t1");
        assert_eq!(html("a<br>b<p>c"), "a\nb\n\nc");
        assert_eq!(html("a < b & c > d"), "a < b & c > d");
        assert_eq!(
            html("gout<sup>1</sup> March 3<sup>rd</sup> 12<sup>34</sup>"),
            "gout 1 March 3rd 1234"
        );
    }

    #[test]
    fn ascii_ends_where_something_else_stands() {
        for other in ["\u{7f}", "\u{1}", "\u{8}", "\u{e}", "\u{1f}", "\u{e9}"] {
            for before in 0..100 {
                for behind in [0, 5, 100] {
                    let text = "\t\n".repeat(before) + other + &"a".repeat(behind);
                    assert_eq!(ascii(text.as_bytes()), 2 * before, "{text:?}");
                }
            }
        }
        let seen: Vec<u8> = (0x20..0x7f).chain([0, 9, 10, 11, 12, 13]).collect();
        assert_eq!(ascii(&seen.repeat(2)), 2 * seen.len());
    }

    #[test]
    fn entities_and_look_alikes_are_folded() {
        assert_eq!(html("2W81&#8209;AD9&#x2011KT66"), "2W81-AD9-KT66");
        assert_eq!(
            html("28&#0000000000000049;-15&#x000000000002D;98"),
            "281-15-98"
        );
        assert_eq!(html("124&thinsp;12&nbsp;81&shy;00&zwnj;"), "124 12 8100");
        assert_eq!(
            html("&eacute;&Omega;&bogus &bogus; &"),
            "e?&bogus &bogus; &"
        );
        assert_eq!(
            html("MRN&nbsp00482913; Mu&ntildeoz &ampx &lt;"),
            "MRN 00482913; Munoz &x <"
        );
        assert_eq!(html("Mu&ntilde;oz&hellip;&rarr;&lsaquo;"), "Munoz...*\"");
        assert_eq!(
            View::plain("Siobhán Łukasz Раtient Æsa 李").text.as_ref(),
            b"Siobhan Lukasz Patient Asa \x80"
        );
        assert_eq!(View::plain("gout¹, 12²³").text.as_ref(), b"gout 1, 1223");
        assert_eq!(View::plain("1.73 m² kg/m²").text.as_ref(), b"1.73 m2 kg/m2");
        assert_eq!(
            View::plain("(Pat… \"off…\" X® 8 °C)").text.as_ref(),
            b"(Pat... \"off...\" X 8 C)"
        );
        let view = View::plain("１２\u{200b}٣–４");
        assert_eq!(view.text.as_ref(), b"123-4");
    }

    #[test]
    fn signs_for_machines_part_the_fields_of_records_alone() {
        let claim = "ISA\u{1d}00\u{1e}\nNM1\u{1d}IL\u{1}\u{1d}ALVAREZ\u{1e}";
        let view = View::plain(claim);
        assert_eq!(view.text.as_ref(), claim.replace('\u{1}', "").as_bytes());
        assert_eq!(View::plain("Alv\u{1d}arez").text.as_ref(), b"Alvarez");
        // As browsers read their numbers.
        assert_eq!(html("O&#146;Hara &#138;imek&#x85;"), "O'Hara Simek...");
        assert_eq!(html("Alv&#127;a&#1;rez \u{84}x"), "Alvarez x");
    }

    #[test]
    fn what_is_hidden_in_tags_is_read_too() {
        let text = html("<img alt=\"SSN 1 > 2\"><!-- x -->end");
        assert_eq!(text, "end\nSSN 1 > 2\n x ");
        assert_eq!(html("<a title='open"), "<a title='open");
        assert_eq!(html("<a title='b>c"), "c\nb");
        assert_eq!(html("<p class=x data-mrn = 17 hidden>y"), "y\n17");
        // Style sheets behind the scripts.
        let view = View::html("<style>p{}</style>z<script>q");
        assert_eq!(shown(&view), "z\nq\np{}");
        assert_eq!((view.hidden, view.code, view.style), (1, 1, 3));
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
        assert_eq!(view.seen(source, 0..view.text.len()), "L李明&");
    }

    #[test]
    fn text_of_xml_in_cdata_is_text() {
        assert_eq!(html("<a><![CDATA[1 > 0]]></a>"), "1 > 0]]>");
        let xml = View::xml("<a><![CDATA[1 > 0]]></a>");
        assert_eq!(shown(&xml), "1 > 0]]>");
    }

    #[test]
    fn the_white_space_of_xml_stays() {
        let source = "<?xml version='1.0'?>\n<a>1</a>\n  <b>2</b>";
        let seen = |view: &View<'_>| shown(view).starts_with("\n1\n  2");
        assert!(seen(&View::markup(source, "")));
        assert!(!seen(&View::markup("<a>1</a>\n  <b>2</b>", "")));
        assert!(shown(&View::markup("<a>1</a>\n  <b>2</b>", "text/xml")).starts_with("1\n  2"));
        let page = "<?xml version='1.0'?>\n<html>\n1\n 2</html>";
        assert!(shown(&View::markup(page, "application/xhtml+xml")).starts_with("1 2"));
    }

    #[test]
    fn ranges_lead_to_the_bytes_of_their_ends() {
        let source = "a é12<b>81</b>&thinsp;–<i title='é'>x\n\n é…</i>zoom²<sup>3</sup>";
        for view in [View::html(source), View::plain(source)] {
            for start in 0..view.text.len() {
                for end in start + 1..=view.text.len() {
                    let (first, last) = (view.at(start), view.at(end - 1));
                    let wanted = first.start..last.end.max(first.start);
                    assert_eq!(view.source(start..end), wanted);
                }
            }
        }
    }

    #[test]
    fn the_map_leads_back() {
        let source = "é 124&thinsp;12<b>81</b> x";
        let view = View::html(source);
        let at = view.text.windows(8).position(|w| w == b"124 1281").unwrap();
        assert_eq!(&source[view.source(at..at + 8)], "124&thinsp;12<b>81");
        let source = "é… MRN…47, gout¹ x";
        let (plain, page) = (View::plain(source), "é gout<sup>1</sup> x");
        let html = View::html(page);
        for (view, source, found, wanted) in [
            (&plain, source, "47", "47"),
            (&plain, source, "MRN...", "MRN…"),
            (&plain, source, "gout", "gout"),
            (&plain, source, "gout 1", "gout¹"),
            (&plain, source, "x", "x"),
            (&html, page, "gout", "gout"),
            (&html, page, "1", "1"),
        ] {
            let mut places = view.text.windows(found.len());
            let at = places.position(|w| w == found.as_bytes()).unwrap();
            let range = view.source(at..at + found.len());
            assert_eq!(&source[range], wanted, "{found}");
        }
    }
}
