//! What is hidden within a word: `Al<i hidden>x</i>varez` shows `Alvarez`.
//!
//! Nobody can be certain what a page hides, so that all of it is read where it stands;
//! a page that has such a word is read once more, without what is hidden in it.

use std::ops::Range;

use super::Layout;
use crate::dlp::view::style::hides;
use crate::dlp::view::tags::{Edge, Tag};

/// Signs that are hidden in a word, at the most.
const LONGEST: usize = 64;

/// Elements that nothing stands in.
pub(super) const VOID: &[&str] = &["img", "br", "hr", "input", "embed", "wbr", "area", "col"];

/// What of a page is hidden within words.
#[derive(Default)]
pub(super) struct Within {
    words: Vec<Range<usize>>,
    /// How many of these a word goes on behind; of the others it is not known yet.
    known: usize,
    /// The hidden element that is open.
    open: Option<Open>,
}

/// A hidden element.
struct Open {
    name: Range<usize>,
    /// How often one of its name is open.
    depth: usize,
    /// Where it starts, in the source and in the view.
    start: usize,
    view: usize,
}

impl Within {
    /// A sign is seen, or white space.
    pub(super) fn goes_on(&mut self, next: u8) {
        if self.open.is_none() && self.known < self.words.len() {
            if is_sign(next) {
                self.known = self.words.len();
            }
            self.words.truncate(self.known);
        }
    }

    /// What is known in the end.
    pub(super) fn words(mut self) -> Vec<Range<usize>> {
        self.words.truncate(self.known);
        self.words
    }
}

/// Whether a sign may stand in a word, a number or an address.
fn is_sign(byte: u8) -> bool {
    byte >= 0x80
        || byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'/' | b'@' | b'_' | b'\'')
}

impl Layout<'_> {
    /// Whether a tag stands right behind a sign, but for what is hidden.
    pub(super) fn is_in_word(&self) -> bool {
        self.within.open.is_none()
            && (self.within.known < self.within.words.len()
                || self.lines == 0
                    && self.blank.is_none()
                    && self.pen.text.last().copied().is_some_and(is_sign))
    }

    /// Takes a tag: one that hides in a word, that ends what is hidden, or that parts.
    pub(super) fn hide(&mut self, tag: &Tag<'_>, at: usize, in_word: bool) {
        let source = self.source.as_bytes();
        let name = &source[tag.name.clone()];
        let within = &mut self.within;
        if let Some(open) = &mut within.open {
            if source[open.name.clone()].eq_ignore_ascii_case(name) {
                match tag.closes {
                    true => open.depth -= 1,
                    false => open.depth += 1,
                }
            }
            let text = self.pen.text.get(open.view..).unwrap_or_default();
            // A line or a cell of its own is in no word.
            let parts = self.lines > 0 || self.blank == Some(b'\t') || text.len() > LONGEST;
            if !parts && open.depth > 0 {
                return;
            }
            match parts || text.iter().any(|b| matches!(b, b'\n' | b'\t')) {
                true => within.words.truncate(within.known),
                false => within.words.push(open.start..tag.end),
            }
            within.open = None;
            return;
        }
        let void = VOID.iter().any(|v| name.eq_ignore_ascii_case(v.as_bytes()));
        let parts = matches!(tag.edge, Edge::Break | Edge::Block(_) | Edge::Cell);
        let may = in_word && !tag.closes && !name.is_empty() && (!parts || void);
        if may && tag.raw_text.is_none() && hides(name, tag.attributes, self.sheets) {
            match void {
                true => within.words.push(at..tag.end),
                false => {
                    within.open = Some(Open {
                        name: tag.name.clone(),
                        depth: 1,
                        start: at,
                        view: self.pen.text.len(),
                    });
                }
            }
        } else if parts {
            within.words.truncate(within.known);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::dlp::view::View;

    /// What is read in its line, and what is read behind it.
    fn read(source: &str) -> [String; 2] {
        let view = View::html(source);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        [
            &view.text[..view.hidden],
            &view.text[view.hidden..view.code],
        ]
        .map(text)
    }

    #[test]
    fn what_is_hidden_in_a_word_is_read_with_it_and_without_it() {
        for hides in [
            "style='display:none'",
            "style='color:red;DISPLAY : none !important'",
            "style='display:/**/none'",
            "style='d\\69splay:none'",
            "style='display&colon;none'",
            "style='visibility:hidden'",
            "style='font-size:0'",
            "style='font-size:0.0em'",
            "style='font:0/0 a'",
            "style='opacity:0'",
            "style='display:inline-block;max-height:0;overflow:hidden'",
            "style='position:relative;left:-9999px'",
            "style='clip:rect(0 0 0 0)'",
            "hidden",
            "HIDDEN=hidden",
            "class='x h'",
            "class=k",
            "class=n",
            "id=i",
        ] {
            let page = format!(
                "<style>.h,p b.k:not(.x){{display:none}} @media print{{.n{{opacity:0}}}}\
                 #i{{font-size:0}}</style>Maria Alv<span {hides}>x <b>yz</b></span>arez"
            );
            let [seen, behind] = read(&page);
            assert_eq!(seen, "Maria Alvx yzarez", "{hides}");
            assert!(behind.ends_with("\nMaria Alvarez"), "{hides}: {behind}");
        }
        for (page, seen, without) in [
            ("Al<template>x</template>varez", "Alxvarez", "Alvarez"),
            ("Al<rt>x</rt><i hidden>y</i>varez", "Alxyvarez", "Alvarez"),
            ("Al<br style='display:none'>varez", "Al\nvarez", "Alvarez"),
            ("Al<hr hidden>v<br hidden>arez", "Al\nv\narez", "Alvarez"),
            ("28<i hidden><i>9</i>9</i>-15-98", "2899-15-98", "28-15-98"),
            (
                "<style>.h{opacity:0} b{}</style><p>\u{e9}<i class=h>x</i>\u{e9}",
                "exe",
                "ee",
            ),
        ] {
            let [line, behind] = read(page);
            assert_eq!(line, seen, "{page}");
            assert_eq!(behind.trim_ascii(), without, "{page}");
        }
        let comment = "<!--[if mso]>Al<i hidden>x</i>varez<![endif]-->";
        assert!(read(comment)[1].contains("\nAlvarez"));
    }

    #[test]
    fn what_is_hidden_beside_words_is_read_once() {
        for page in [
            "Maria Alvarez<br>HIV",
            "<div style='font-size:0'><span style='font-size:14px'>Maria</span><br>HIV</div>",
            "<td style='font-size:0px'><a style='font-size:13px'>a</a></td><td style='font-size:0'>b",
            "Maria<p style='visibility:hidden'>.</p>HIV",
            "Maria<div style='font-size:1px;line-height:1px'>&nbsp;</div>HIV",
            "<span class=sr-only hidden>MRN: </span>4711882",
            "<table><thead style='display:none'><tr><th>MRN</thead><tr><td>4711882",
            "Al <i hidden>x</i>v",
            "Al<i hidden>x</i> v",
            "Al<i hidden>x<p>y</i>v",
            "Al<i hidden>x<br></i>v",
            "Al<i hidden>x</i></div>v",
            "Al<i hidden>x</b>v",
            "Al<i style='mso-hide:all;font-size:0.9em;opacity:0.5' data-x=hidden>x</i>v",
        ] {
            let [_, behind] = read(page);
            assert!(
                !behind.contains('\n') || behind == "\nhidden",
                "{page}: {behind:?}"
            );
        }
    }
}
