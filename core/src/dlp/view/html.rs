//! HTML as a browser shows it: white space collapsed, blocks broken.
//!
//! White space outside of `pre`, `textarea` and elements whose own style says
//! `white-space: pre…` is that of CSS Text, section 4.1 (`normal`): a run of it
//! is one blank, and none beside a line's start or end. Blocks and `br` break
//! lines as HTML's rendering rules have it (15.3.3), so that a `div` in a `div`
//! is one line and a paragraph has an empty line around it. What stands in a
//! style sheet is not asked but for what it hides in words (`within.rs`).

mod within;

use std::ops::Range;

use memchr::memchr;
use within::{VOID, Within};

use super::fold::{fold, is_control};
use super::style::Sheets;
use super::tags::{Edge, Shown, Tag, Tags};
use super::turns::Turns;
use super::{Page, Pen, RawText, View, ends_in_word, entity};

/// More empty lines say nothing more.
const MAX_LINES: u8 = 2;

/// Elements that are open within each other and whose style is kept.
const MAX_STYLED: usize = 64;

/// Letters in elements of their own that are shorter are parts of words.
const WORD: usize = 3;

/// Elements that are words in the line, but for those of drawings and formulas.
const DRAWN: &[&str] = &["tspan", "textpath", "mi", "mn", "mo", "ms", "mtext"];

/// What stands between two texts in one line, if they need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// Two elements of a class or style: a blank where one word cannot go on so.
    Classed,
    /// A raised number behind a word is that of a note.
    Raised,
    /// Room or something drawn: a blank unless it is in a number.
    Spaced,
}

impl Joint {
    /// Whether a blank stands between what was written and `next`.
    fn parts(self, before: &[u8], next: u8) -> bool {
        /// A number's groups are shorter.
        const NUMBER: usize = 5;
        let Some(&last) = before.last() else {
            return false;
        };
        let letter = |b: u8| b.is_ascii_alphabetic() || b >= 0x80;
        match self {
            _ if is_white(last) => false,
            Self::Classed => {
                letter(last) && next.is_ascii_digit()
                    || last.is_ascii_digit() && letter(next)
                    || letter(last) && !last.is_ascii_uppercase() && next.is_ascii_uppercase()
            }
            Self::Raised => ends_in_word(before) && next.is_ascii_digit(),
            Self::Spaced if last.is_ascii_digit() && next.is_ascii_digit() => {
                let digits = before.iter().rev().take_while(|b| b.is_ascii_digit());
                digits.take(NUMBER).count() == NUMBER
            }
            Self::Spaced => true,
        }
    }
}

/// Text on its way into the view, and what stands before the next character.
struct Layout<'s> {
    pen: Pen,
    source: &'s str,
    /// Line ends that are due, and the tag that asked for the first.
    lines: u8,
    /// A blank or tab that is due where no line ends.
    blank: Option<u8>,
    /// Whether a cell of a table is open and no row has ended since.
    in_cell: bool,
    /// Whether nothing is seen yet of the cell that is open.
    cell_starts: bool,
    /// Whether all line ends that are due are those of paragraphs in a cell.
    in_paragraphs: bool,
    /// Where in the source what is due comes from.
    place: Range<usize>,
    /// What may stand before the next character, and the tag that says so.
    joint: Option<(Joint, Range<usize>)>,
    /// Where the tag ends that closed an element, if nothing stood since.
    closed: usize,
    /// Where in the view the text of the last element that opened starts, and
    /// how long that of the last is that closed.
    opened: usize,
    length: usize,
    /// The elements that are open whose style sets them apart: name, how often
    /// that is open, and how they are shown.
    styled: Vec<(Range<usize>, usize, Shown)>,
    /// The element whose white space stays, and how often it is open.
    keeps: Option<(Range<usize>, usize)>,
    /// Whether a drawing or a formula is open.
    drawing: bool,
    sheets: &'s Sheets<'s>,
    /// What is hidden within a word.
    within: Within,
    /// What is passed over, in order.
    gone: &'s [Range<usize>],
}

impl View<'_> {
    /// HTML.
    pub(in crate::dlp) fn html(source: &str) -> View<'static> {
        let sheets = Sheets::new(source);
        let mut pen = Pen::with_capacity(source.len());
        pen.turns = Turns::new(source);
        let page = page(pen, source, 0..source.len(), &[], &sheets);
        super::finish(page, source, &sheets)
    }
}

/// What a conditional comment of Outlook's shows: `[if mso]>…<![endif]`.
pub(super) fn conditional(source: &str, comment: &Range<usize>) -> Option<Range<usize>> {
    let text = source.get(comment.clone())?;
    let rest = text.strip_prefix("[if")?;
    let start = rest.find("]>")?;
    let start = "[if".len() + start + "]>".len();
    let end = text.rfind("<![endif]").unwrap_or(text.len()).max(start);
    // `<!--[if !mso]><!-->` hides nothing.
    (text.get(start..end)? != "<!").then_some(comment.start + start..comment.start + end)
}

/// Writes a stretch of HTML as it is shown, without what is gone.
fn page(
    pen: Pen,
    source: &str,
    range: Range<usize>,
    gone: &[Range<usize>],
    sheets: &Sheets<'_>,
) -> Page {
    let source = source.get(..range.end).unwrap_or_default();
    let mut layout = Layout::new(pen, source, gone, sheets);
    let (mut hidden, mut code) = (Vec::new(), Vec::new());
    layout.page(range.start, &mut hidden, &mut code);
    Page {
        words: layout.within.words(),
        pen: layout.pen,
        hidden,
        code,
    }
}

/// Writes the HTML in a comment as it is shown.
pub(super) fn inside(
    pen: Pen,
    source: &str,
    range: Range<usize>,
    code: &mut Vec<RawText>,
    sheets: &Sheets<'_>,
) -> Pen {
    let page = page(pen, source, range.clone(), &[], sheets);
    let mut pen = page.pen;
    code.extend(page.code);
    for range in page.hidden {
        let before = range.start.saturating_sub(1);
        pen.push(b'\n', before, before);
        pen.push_str(source, range, true);
    }
    without(pen, source, range, &page.words, sheets)
}

/// Bytes of a page that is read once more.
const MAX_TWICE: usize = 16 * 1024 * 1024;

/// Writes a stretch of HTML once more, without what is hidden in its words.
pub(super) fn without(
    mut pen: Pen,
    source: &str,
    range: Range<usize>,
    words: &[Range<usize>],
    sheets: &Sheets<'_>,
) -> Pen {
    if words.is_empty() {
        return pen;
    }
    if range.len() > MAX_TWICE {
        pen.unread = true;
        return pen;
    }
    let before = range.start.saturating_sub(1);
    pen.push(b'\n', before, before);
    page(pen, source, range, words, sheets).pen
}

impl<'s> Layout<'s> {
    fn new(pen: Pen, source: &'s str, gone: &'s [Range<usize>], sheets: &'s Sheets<'s>) -> Self {
        Self {
            pen,
            source,
            lines: 0,
            blank: None,
            in_cell: false,
            cell_starts: false,
            in_paragraphs: false,
            joint: None,
            closed: usize::MAX,
            opened: 0,
            length: 0,
            styled: Vec::new(),
            place: 0..0,
            keeps: None,
            drawing: false,
            sheets,
            within: Within::default(),
            gone,
        }
    }

    /// Writes what is shown of the source from `at` on.
    fn page(&mut self, mut at: usize, hidden: &mut Vec<Range<usize>>, code: &mut Vec<RawText>) {
        let source = self.source;
        let mut tags = Tags::new(source);
        while at < source.len() {
            let next = memchr(b'<', &source.as_bytes()[at..]).map_or(source.len(), |n| at + n);
            self.text(at..next);
            at = next;
            if at == source.len() {
                break;
            }
            if let [gone, behind @ ..] = self.gone
                && gone.start <= at
            {
                self.gone = behind;
                at = at.max(gone.end);
                continue;
            }
            match tags.tag(at) {
                Some(tag) => {
                    let in_word = self.is_in_word();
                    self.tag(&tag, at);
                    self.hide(&tag, at, in_word);
                    let name = &source.as_bytes()[tag.name.clone()];
                    self.pen.turns.tag(name, tag.attributes);
                    at = tag.end;
                    // An element's first line end is none (HTML, 13.2.6.4.7).
                    if tag.keeps_white_space && matches!(tag.edge, Edge::Block(_)) {
                        let rest = &source[at..];
                        at += usize::from(rest.starts_with('\n'));
                        at += 2 * usize::from(rest.starts_with("\r\n"));
                    }
                    hidden.extend(tag.hidden);
                    if let Some(name) = tag.raw_text {
                        let end = tags.raw_text_end(at, name);
                        code.push((name, at..end));
                        at = end;
                    }
                }
                None => {
                    self.due(b'<');
                    self.pen.push(b'<', at, at + 1);
                    at += 1;
                }
            }
        }
    }
}

impl Layout<'_> {
    /// Writes what is due before a character that is seen.
    fn due(&mut self, next: u8) {
        self.within.goes_on(next);
        self.cell_starts = false;
        let joint = self.joint.take();
        if self.lines == 0 && self.blank.is_none() {
            if let Some((joint, tag)) = joint
                && joint.parts(&self.pen.text, next)
            {
                self.pen.push(b' ', tag.start, tag.end);
            }
            return;
        }
        let place = std::mem::take(&mut self.place);
        // Nothing stands before the first line.
        if !self.pen.text.is_empty() {
            match self.blank {
                Some(byte) if self.lines == 0 => self.pen.push(byte, place.start, place.end),
                _ => {
                    for _ in 0..self.lines {
                        self.pen.push(b'\n', place.start, place.end);
                    }
                }
            }
        }
        self.lines = 0;
        self.blank = None;
    }

    fn blank(&mut self, byte: u8, place: Range<usize>) {
        self.within.goes_on(byte);
        if self.lines == 0 && self.blank.is_none() {
            self.place = place;
            self.blank = Some(byte);
        }
    }

    /// What a tag does by its name or, where that is nothing, by its style.
    fn edge(&mut self, tag: &Tag<'_>, at: usize) -> Edge {
        let source = self.source.as_bytes();
        let name = &source[tag.name.clone()];
        let named = |names: &[&str]| {
            names
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
        };
        if named(&["svg", "math"]) {
            self.drawing = !tag.closes;
        }
        let mut shown = match self.drawing || !named(DRAWN) {
            true => tag.shown,
            false => Shown::Plain,
        };
        if let Some((open, depth, style)) = self.styled.last_mut()
            && source[open.clone()].eq_ignore_ascii_case(name)
        {
            match tag.closes {
                true => *depth -= 1,
                false => *depth += 1,
            }
            if *depth == 0 {
                shown = *style;
                self.styled.pop();
            }
        }
        let inline = matches!(tag.edge, Edge::None | Edge::Replaced);
        let apart = inline && shown >= Shown::Floats || shown == Shown::Items;
        let is_void = || VOID.iter().any(|v| name.eq_ignore_ascii_case(v.as_bytes()));
        if !tag.closes && apart && self.styled.len() < MAX_STYLED && !is_void() {
            self.styled.push((tag.name.clone(), 1, shown));
        }
        if tag.edge != Edge::None && !(inline && shown >= Shown::Block) {
            if tag.edge == Edge::Replaced {
                self.joint = Some((Joint::Spaced, at..tag.end));
            }
            return tag.edge;
        }
        let siblings = self.closed == at && !tag.closes;
        let length = self.length;
        if !name.is_empty() {
            self.closed = if tag.closes { tag.end } else { usize::MAX };
            match tag.closes {
                true => self.length = self.pen.text.len() - self.opened,
                false => self.opened = self.pen.text.len(),
            }
        }
        let in_items = matches!(self.styled.last(), Some((_, _, Shown::Items)));
        let words = match tag.closes {
            true => self.length >= WORD,
            false => !siblings || length >= WORD,
        };
        let joint = match shown {
            // A label on a drawing, or a letter of one.
            _ if self.drawing && named(&["text"]) && !tag.closes && words => {
                return Edge::Block(1);
            }
            Shown::Placed if siblings && words => Joint::Spaced,
            Shown::Floats if words => Joint::Spaced,
            Shown::Block | Shown::Items => return Edge::Block(1),
            Shown::Cell if !tag.closes => return Edge::Cell,
            Shown::Cell | Shown::Spaced => Joint::Spaced,
            _ if in_items && siblings => Joint::Spaced,
            Shown::Classed | Shown::Placed | Shown::Floats if siblings && length >= WORD => {
                Joint::Classed
            }
            _ if !tag.closes && named(&["sup"]) => Joint::Raised,
            _ => return Edge::None,
        };
        let weaker = |(before, _): &(Joint, _)| match joint {
            Joint::Raised => false,
            _ => *before != Joint::Spaced,
        };
        if self.joint.as_ref().is_none_or(weaker) {
            self.joint = Some((joint, at..tag.end));
        }
        Edge::None
    }

    fn tag(&mut self, tag: &Tag<'_>, at: usize) {
        let in_cell = self.in_cell && tag.paragraph;
        let edge = self.edge(tag, at);
        let lines = match edge {
            Edge::None | Edge::Replaced => self.lines,
            // A paragraph around the text of a cell breaks no row.
            Edge::Break | Edge::Block(_) if in_cell && self.cell_starts => self.lines,
            Edge::Cell if tag.closes && self.in_paragraphs => self.lines.min(1),
            Edge::Cell if tag.closes => self.lines,
            Edge::Cell => {
                if self.in_paragraphs {
                    self.lines = 0;
                }
                (self.in_cell, self.cell_starts) = (true, true);
                // Before the blank between two cells in the source.
                self.blank = None;
                self.blank(b'\t', at..tag.end);
                self.lines
            }
            Edge::Break => (self.lines + 1).min(MAX_LINES),
            Edge::Block(lines) => self.lines.max(lines),
        };
        if let Edge::Break | Edge::Block(_) = edge {
            self.in_cell &= tag.paragraph;
            self.in_paragraphs = in_cell && (self.lines == 0 || self.in_paragraphs);
        }
        if lines > 0 && self.lines == 0 {
            self.place = at..tag.end;
            self.blank = None;
        }
        self.lines = lines;
        let source = self.source.as_bytes();
        let name = &source[tag.name.clone()];
        match &mut self.keeps {
            Some((kept, depth)) if source[kept.clone()].eq_ignore_ascii_case(name) => {
                match tag.closes {
                    true => *depth -= 1,
                    false => *depth += 1,
                }
                if *depth == 0 {
                    self.keeps = None;
                }
            }
            None if tag.keeps_white_space => self.keeps = Some((tag.name.clone(), 1)),
            _ => {}
        }
    }

    fn text(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        if self.keeps.is_some() {
            self.due(self.source.as_bytes()[range.start]);
            self.pen.push_str(self.source, range, true);
            return;
        }
        let text = self.source.get(..range.end).unwrap_or_default();
        let bytes = text.as_bytes();
        let mut at = range.start;
        while at < bytes.len() {
            let plain = plain(&bytes[at..]);
            if plain > 0 {
                self.due(bytes[at]);
                self.pen.copy(&bytes[at..at + plain], at);
                at += plain;
            }
            let white = bytes[at..].iter().take_while(|b| is_white(**b)).count();
            if white > 0 {
                self.blank(b' ', at..at + white);
                at += white;
            }
            let Some(&first) = bytes.get(at).filter(|b| !STAYS[usize::from(**b)]) else {
                continue;
            };
            let Some(c) = text.get(at..).and_then(|t| t.chars().next()) else {
                break;
            };
            let (decoded, length) = match first {
                b'&' => entity(&bytes[at..]).unwrap_or(('&', 1)),
                _ => (c, c.len_utf8()),
            };
            let white = u8::try_from(decoded).is_ok_and(is_white);
            match fold(decoded) {
                // `&#10;` is white space like any other.
                Some(_) if white => self.blank(b' ', at..at + length),
                Some(byte) => {
                    self.due(byte);
                    self.pen.push_folded(decoded, byte, at..at + length);
                }
                None => {}
            }
            at += length;
        }
    }
}

/// White space that collapses; a blank that does not break does not.
const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

/// Whether a byte stands as it is wherever it is.
const STAYS: [bool; 256] = {
    let mut stays = [true; 256];
    let mut n = 0;
    while n < stays.len() {
        let byte = n as u8;
        stays[n] = byte < 0x80 && byte != b'&' && !is_white(byte) && !is_control(byte);
        n += 1;
    }
    stays
};

/// How many of the first bytes stand as they are: single blanks between
/// others do.
fn plain(bytes: &[u8]) -> usize {
    let stays = |b: &u8| STAYS[usize::from(*b)];
    let mut rest = bytes;
    loop {
        match rest {
            [first, behind @ ..] if stays(first) => rest = behind,
            [b' ', next, behind @ ..] if rest.len() < bytes.len() && stays(next) => rest = behind,
            _ => return bytes.len() - rest.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        let view = View::html(source);
        view.seen(source, 0..view.text.len())
    }

    #[test]
    fn white_space_collapses() {
        for (source, seen) in [
            ("a\r\n   b \t c ", "a b c"),
            ("<p>\n  a\n</p>\n\n  <p> b </p>\n", "a\n\nb"),
            ("<b>a</b>\n<b>b</b> <i> c</i>", "a b c"),
            ("123-<b>45</b>\n<b>-6789</b>", "123-45 -6789"),
            ("a&#10;&#32; b&nbsp;&nbsp; c", "a b   c"),
            ("a <!-- --> b<wbr>c", "a bc\n "),
            ("é \n é", "e e"),
        ] {
            assert_eq!(html(source), seen, "{source:?}");
        }
    }

    #[test]
    fn single_blanks_between_words_stand_as_they_are() {
        // How far single blanks between other plain bytes reach.
        let by_byte = |bytes: &[u8]| {
            let stays = |at: usize| {
                bytes
                    .get(at)
                    .is_some_and(|b| *b < 0x80 && *b != b'&' && !is_white(*b) && !is_control(*b))
            };
            let blank = |at: usize| at > 0 && bytes.get(at) == Some(&b' ') && stays(at + 1);
            (0..)
                .find(|at| !stays(*at) && !blank(*at))
                .unwrap_or_default()
        };
        // Each sign at each place of words with blanks between, alone or doubled.
        for sign in 0..=255_u8 {
            for at in 0..50 {
                let mut bytes = b"abc de f ghij k lmno pqrstu v wx yz ABC D EF GHIJ".to_vec();
                for doubled in 0..2 {
                    bytes.insert(at, sign);
                    let wanted = by_byte(&bytes);
                    assert_eq!(plain(&bytes), wanted, "{sign} {at} {doubled}");
                    assert_eq!(plain(&bytes[..at]), by_byte(&bytes[..at]));
                }
            }
        }
    }

    #[test]
    fn lines_break_as_a_browser_breaks_them() {
        for (source, seen) in [
            ("a<br>\nb<br/>  c", "a\nb\nc"),
            ("a<br>\n<br>\nb", "a\n\nb"),
            (
                "<div><div>a</div></div>\n<div>b<br></div><div>c</div>",
                "a\nb\nc",
            ),
            ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
            ("<p>a</p><p>b</p><div>c", "a\n\nb\n\nc"),
            ("<ul>\n<li>a\n<li> b\n</ul>c", "a\nb\nc"),
            (
                "<table>\n<tr> <td>a</td>\n <td>b</td> </tr>\n<tr><th>c<td>d</table>",
                "a\tb\nc\td",
            ),
            ("<td><p>a</p></td><td><p>b</p></td>", "a\tb"),
            (
                "<table>\n<tr>\n<td>\n<p class=x><b>a</b></p>\n</td>\n<td><div>b<br></div></td></tr>\n\
                 <tr><td><p>c</p><p>d</p></td><td><p></p><h3>e</h3><td>f</tr></table><p>g",
                "a\tb\nc\n\nd\te\tf\n\ng",
            ),
            (
                "<tr><td><div>a<table><tr><td>b</td></tr></table></td><td>c</td></tr>",
                "a\nb\nc",
            ),
            ("<td><p>a</p></td>b", "a\nb"),
            ("12<script></script>3", "123"),
        ] {
            let view = View::html(source);
            let text = String::from_utf8_lossy(&view.text[..view.hidden]);
            assert_eq!(text, seen, "{source:?}");
        }
    }

    #[test]
    fn what_is_shown_apart_is_read_apart() {
        let block = "<span style='display:block'>Maria Alvarez</span>DOB\
                     <span style=\"color:red;display : flex\">03</span>";
        let classes = "<i class=k>Patient</i><i class=v>Maria Alvarez</i><i class=k>MRN</i>\
                       <i class=v>00482913</i><i class=k>DOB</i>";
        for (source, seen) in [
            (block, "Maria Alvarez\nDOB\n03"),
            (classes, "Patient Maria Alvarez MRN 00482913 DOB"),
            (
                "<div style='display:flex'><span>HIV</span><span>positive</span></div><b>Al</b><b>v</b>",
                "HIV positive\nAlv",
            ),
            (
                "Maria<img>Alvarez<img src=x>004<img>829",
                "Maria Alvarez 004829",
            ),
            (
                "<button>HIV</button><button>Biktarvy</button>",
                "HIV Biktarvy",
            ),
            (
                "<span style='padding:4px'>00482913</span><span style='padding:4px'>03/14</span>",
                "00482913 03/14",
            ),
            (
                "<div><i style='display:inline-block;width:9px'>MRN</i><i>abc</i></div>",
                "MRN abc",
            ),
            (
                "<i style='display:table-cell'>a</i><i style='display:table-cell'>b</i>",
                "a\tb",
            ),
            (
                "a<figcaption>b</figcaption><dialog>c</dialog><menu>d",
                "a\nb\nc\nd",
            ),
            // One word, in elements or in none.
            (
                "<b class=x>Al</b>varez <b>004</b><b>829</b>",
                "Alvarez 004829",
            ),
            (
                "<i class=x>004</i><i class=x>829</i><i class=x>13</i>",
                "00482913",
            ),
            (
                "<i style='padding:0;margin: 0 auto'>Al</i><i style='padding:0'>varez</i>",
                "Alvarez",
            ),
            (
                "<i style='padding:1px'>0</i><i style='padding:1px'>04</i>",
                "004",
            ),
        ] {
            let view = View::html(source);
            let text = String::from_utf8_lossy(&view.text[..view.hidden]);
            assert_eq!(text, seen, "{source:?}");
        }
    }

    #[test]
    fn what_is_placed_apart_is_read_apart() {
        for (source, wanted) in [
            (
                "<svg><text>Maria Alvarez</text><text>HIV positive</text></svg>",
                "Maria Alvarez\nHIV positive",
            ),
            ("<svg><text>M</text><text>a</text><text>ria</text>", "Maria"),
            (
                "<svg><text><tspan x=1>Maria</tspan><tspan x=70>has</tspan> <tspan dx=2>H</tspan><tspan dx=2>IV</tspan>",
                "Maria has HIV",
            ),
            (
                "<svg><text>Name<tspan x=0 dy=14>Maria</tspan><tspan x=0 dy=14>HIV",
                "Name Maria HIV",
            ),
            (
                "<span style='float:left'>Patient</span><span style='float:left'>Maria</span>Alvarez",
                "Patient Maria Alvarez",
            ),
            (
                "<i style='position:absolute;left:9px'>MRN</i><i style='position:absolute;left:99px'>abc</i>",
                "MRN abc",
            ),
            (
                "<b style='float:left'>M</b><b style='float:left'>a</b><b style='float:none'>r</b>",
                "Mar",
            ),
            // Outside of drawings, and beside the place where they would stand, these are
            // words in the line.
            (
                "Alv<text>a</text>rez <mi>Alv</mi><mi>arez</mi>",
                "Alvarez Alvarez",
            ),
            ("Alv<tspan dy=1>a</tspan>rez", "Alvarez"),
            (
                "Alv<i style='position:relative;top:-2px'>a</i>rez",
                "Alvarez",
            ),
            ("Alv<i style='position:absolute'>arez</i>", "Alvarez"),
            ("<marquee>Maria</marquee>HIV", "Maria\nHIV"),
            (
                "<label>Patient</label><label>Maria</label>",
                "Patient Maria",
            ),
            (
                "<x-cell>Patient</x-cell><x-cell>Maria</x-cell>",
                "Patient Maria",
            ),
            (
                "<math><mi>Maria</mi><mi>has</mi><mi>H</mi><mi>I</mi><mi>V</mi>",
                "Maria has HIV",
            ),
        ] {
            let view = View::html(source);
            let text = String::from_utf8_lossy(&view.text[..view.hidden]);
            assert_eq!(text.trim(), wanted, "{source}");
        }
    }

    #[test]
    fn what_outlook_shows_of_a_comment_is_read_as_shown() {
        let source = "12<!--[if mso]><td>Al<b>va</b>rez</td><td title=MRN>0048<i>29</i></td>\
                      <style>x</style><![endif]-->3";
        assert_eq!(
            html(source),
            "123\n[if mso]>\n\tAlvarez\t004829\nMRN<![endif]\nx"
        );
        assert_eq!(
            html("a<!--[if !mso]><!-->b<!--<![endif]-->"),
            "ab\n[if !mso]><!\n<![endif]"
        );
    }

    #[test]
    fn white_space_stays_where_it_is_shown() {
        for (source, seen) in [
            ("a <pre>\n b\n  c\n</pre> d\n e", "a\n b\n  c\n\nd e"),
            (
                "<div style=\"white-space: pre-wrap\">a\n<div>b </div>c\n\nd</div> e\n f",
                "a\n\nb \nc\n\nd\ne f",
            ),
            ("<span style='WHITE-SPACE:pre'>a\tb</span>\n c", "a\tb c"),
            ("<p style='white-space: normal; x: pre'>a\nb", "a b"),
        ] {
            let view = View::html(source);
            let text = String::from_utf8_lossy(&view.text[..view.hidden]);
            assert_eq!(text, seen, "{source:?}");
        }
    }

    #[test]
    fn the_way_back_leads_over_what_was_collapsed() {
        let source = "<p>\n MRN:\r\n  4711 </p>\n\n<p>\n é\n  12<br>\n 13</p>";
        let view = View::html(source);
        assert_eq!(view.text.as_ref(), b"MRN: 4711\n\ne 12\n13");
        for wanted in ["MRN:\r\n  4711", "4711", "é\n  12", "12<br>\n 13"] {
            let at = source.find(wanted).unwrap();
            let range = view.back(at..at + wanted.len());
            assert_eq!(view.source(range), at..at + wanted.len(), "{wanted:?}");
        }
        // Never backwards.
        let mut last = 0;
        for n in 0..view.text.len() {
            let at = view.source(n..n + 1);
            assert!(at.start >= last && at.end <= source.len());
            last = at.start;
        }
    }
}
