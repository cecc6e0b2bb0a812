//! XML as its programs show it: white space as it is, elements apart.
//!
//! What stands in two elements is no one word, but where they are runs of a
//! paragraph: `w:r` and `w:t`, `text:span`, `b`. Rows and paragraphs end lines
//! and cells have tabs before them, whatever the prefix of their names.

use std::ops::Range;

use super::style::Sheets;
use super::tags::{Edge, Tags, edge};
use super::turns::Turns;
use super::{Page, Pen, RawText, View};

/// What stands between two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Blank,
    Tab,
    Line,
}

/// Prefixes of vocabularies whose elements stand in a line unless they are
/// paragraphs, tables and their like.
const INLINE_PREFIXES: &[&[u8]] = &[
    b"w", b"w14", b"w15", b"a", b"a14", b"m", b"mc", b"aml", b"st1", b"st2", b"text",
];

/// Local names of elements that stand in a line.
const INLINE: &[&[u8]] = &[
    b"r",
    b"t",
    b"rPr",
    b"rFonts",
    b"proofErr",
    b"sz",
    b"szCs",
    b"lang",
    b"color",
    b"b",
    b"i",
    b"u",
    b"s",
    b"a",
    b"em",
    b"strong",
    b"span",
    b"sub",
    b"sup",
    b"small",
    b"big",
    b"font",
    b"tspan",
    b"tt",
    b"code",
    b"abbr",
    b"cite",
    b"mark",
    b"content",
    b"wbr",
];

/// What tells that white space between elements is none of the text's.
const OFFICE: &[&str] = &[
    "urn:oasis:names:tc:opendocument",
    "schemas.microsoft.com/office/word/2003",
    "urn:schemas-microsoft-com:office:spreadsheet",
    "schemas.microsoft.com/office/2006/xmlPackage",
];

/// What an element puts between the texts around it; its name with its prefix.
fn gap(name: &[u8], closes: bool) -> Gap {
    let colon = name.iter().position(|&b| b == b':');
    let (prefix, local) = match colon {
        Some(n) => (&name[..n], &name[n + 1..]),
        None => (&name[..0], name),
    };
    let line = [
        "row",
        "table-row",
        "line-break",
        "list-item",
        "cr",
        "h",
        "tbl",
        "patient",
        "entry",
    ];
    let cell = [
        "tc",
        "cell",
        "table-cell",
        "covered-table-cell",
        "tab",
        "ptab",
    ];
    let is = |names: &[&str]| {
        let same = |n: &&str| local.eq_ignore_ascii_case(n.as_bytes());
        names.iter().any(same)
    };
    match edge(local) {
        Edge::Break | Edge::Block(_) => Gap::Line,
        Edge::Cell if closes => Gap::None,
        Edge::Cell => Gap::Tab,
        _ if local.is_empty() => Gap::None,
        _ if is(&line) => Gap::Line,
        _ if is(&cell) && closes => Gap::Blank,
        _ if is(&cell) => Gap::Tab,
        _ if prefix == b"text" && local == b"s" => Gap::Blank,
        _ if INLINE_PREFIXES.contains(&prefix) || INLINE.contains(&local) => Gap::None,
        _ => Gap::Blank,
    }
}

/// What is due before the next text.
struct Due {
    gap: Gap,
    place: Range<usize>,
    /// Whether a cell of a table is open and no row has ended since.
    in_cell: bool,
    /// Whether nothing is seen yet of the cell that is open.
    cell_starts: bool,
    /// Whether the line that ends is a paragraph's in a cell.
    in_paragraph: bool,
    /// Whether the tag before closed an element.
    closed: bool,
}

impl Due {
    fn tag(&mut self, name: &[u8], closes: bool, place: Range<usize>) {
        let mut gap = gap(name, closes);
        // What holds several ends: a record.
        if gap == Gap::Blank && closes && self.closed {
            gap = Gap::Line;
        }
        self.closed = closes && gap != Gap::None;
        let local = name.rsplit(|&b| b == b':').next().unwrap_or_default();
        let cell = gap == Gap::Tab && !local.ends_with(b"tab");
        let row = local.eq_ignore_ascii_case(b"tr") || local.to_ascii_lowercase().ends_with(b"row");
        if cell {
            if self.in_paragraph && self.gap == Gap::Line {
                self.gap = Gap::None;
            }
            (self.in_cell, self.cell_starts, self.in_paragraph) = (true, true, false);
        } else if gap == Gap::Line {
            if row {
                self.in_cell = false;
            }
            if self.in_cell && self.cell_starts {
                return;
            }
            self.in_paragraph = self.in_cell && (self.gap != Gap::Line || self.in_paragraph);
        }
        if gap > self.gap {
            if self.gap == Gap::None {
                self.place = place;
            }
            self.gap = gap;
        }
    }

    /// Writes it before a text.
    fn write(&mut self, pen: &mut Pen, text: &str) {
        let lead = &text[..text.len() - text.trim_start().len()];
        let white = |b: Option<&u8>| b.is_some_and(u8::is_ascii_whitespace);
        let byte = match self.gap {
            Gap::Line if !lead.contains('\n') && pen.text.last() != Some(&b'\n') => Some(b'\n'),
            Gap::Tab => Some(b'\t'),
            Gap::Blank if lead.is_empty() && !white(pen.text.last()) => Some(b' '),
            _ => None,
        };
        if let Some(byte) = byte.filter(|_| !pen.text.is_empty()) {
            pen.push(byte, self.place.start, self.place.end);
        }
        self.gap = Gap::None;
        self.closed = false;
        if lead.len() < text.len() {
            self.cell_starts = false;
        }
    }
}

impl View<'_> {
    /// XML.
    pub(in crate::dlp) fn xml(source: &str) -> View<'static> {
        let head: String = source.chars().take(4096).collect();
        let office = OFFICE.iter().any(|o| head.contains(o));
        let mut pen = Pen::with_capacity(source.len());
        pen.turns = Turns::new(source);
        let mut hidden: Vec<Range<usize>> = Vec::new();
        let mut code: Vec<RawText> = Vec::new();
        let mut tags = Tags::new(source);
        let mut due = Due {
            gap: Gap::None,
            place: 0..0,
            in_cell: false,
            cell_starts: false,
            in_paragraph: false,
            closed: false,
        };
        let mut at = 0;
        while at < source.len() {
            let next = source[at..].find('<').map_or(source.len(), |n| at + n);
            let text = &source[at..next];
            let layout = office && text.contains('\n') && text.trim().is_empty();
            if !text.is_empty() && !layout {
                due.write(&mut pen, text);
                pen.push_str(source, at..next, true);
            }
            at = next;
            if at == source.len() {
                break;
            }
            match tags.tag(at) {
                Some(tag) => {
                    let name = &source.as_bytes()[tag.name.start..tag.end];
                    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
                    let length = name.iter().position(ends).unwrap_or(name.len());
                    if !tag.name.is_empty() {
                        due.tag(&name[..length], tag.closes, at..tag.end);
                    }
                    pen.turns
                        .tag(&source.as_bytes()[tag.name.clone()], tag.attributes);
                    hidden.extend(tag.hidden);
                    at = tag.end;
                    if let Some(name) = tag.raw_text {
                        let end = tags.raw_text_end(at, name);
                        code.push((name, at..end));
                        at = end;
                    }
                }
                None => {
                    due.write(&mut pen, "<");
                    pen.push(b'<', at, at + 1);
                    at += 1;
                }
            }
        }
        let page = Page {
            pen,
            hidden,
            code,
            words: Vec::new(),
        };
        super::finish(page, source, &Sheets::new(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_apart_and_runs_do_not() {
        let fodt = "<x xmlns:office='urn:oasis:names:tc:opendocument:o'><table:table-row>\n <table:table-cell>\n \
                    <text:p>a</text:p>\n </table:table-cell>\n <table:table-cell><text:p>b</text:p></table:table-cell>\
                    </table:table-row>\n<text:p>DOB<text:tab/>3<text:s/>4</text:p><text:p>Al<text:span>v</text:span></text:p></x>";
        for (source, seen) in [
            (
                "<Row><Cell><Data>Maria Alvarez</Data></Cell><Cell><Data>03/14</Data></Cell></Row>\
                 <Row><Cell><Data>Jo</Data></Cell><Cell/><Cell><Data>5</Data></Cell></Row>",
                "Maria Alvarez\t03/14\nJo\t5",
            ),
            (
                "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Al</w:t></w:r><w:r><w:t>varez</w:t></w:r></w:p>\
                 <w:p><w:r><w:t>MRN</w:t></w:r></w:p>",
                "Alvarez\nMRN",
            ),
            (
                "<w:tr><w:tc><w:p><w:t>Name</w:t></w:p></w:tc><w:tc><w:p><w:t>Jo</w:t></w:p></w:tc></w:tr>\
                 <w:tr><w:tc><w:p><w:t>MRN</w:t></w:p></w:tc><w:tc><w:p><w:t>7</w:t></w:p></w:tc></w:tr>",
                "Name\tJo\nMRN\t7",
            ),
            (
                "<rows><e><c1>Maria</c1><c2>03/14</c2></e><e><c1>Jo</c1><c2>HIV</c2></e></rows>",
                "Maria 03/14\nJo HIV",
            ),
            ("<d>Al<b>va</b>rez</d> <d>x</d>", "Alvarez x"),
            (fodt, "a\tb\nDOB\t3 4\nAlv"),
        ] {
            let view = View::xml(source);
            let text = String::from_utf8_lossy(&view.text[..view.hidden]);
            assert_eq!(text, seen, "{source:?}");
        }
    }
}
