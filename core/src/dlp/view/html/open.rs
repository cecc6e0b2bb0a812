//! Which elements of a page are open, and what of it is not shown.
//!
//! What an element's own style or a rule for its class hides is none of the line that
//! it stands in, and neither are its edges: `Al<i hidden>x</i>varez` shows `Alvarez`.
//! It is read apart, as what no browser shows may be seen in another.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::Layout;
use crate::dlp::view::style::{Attributes, Classes, Hidden, Shown, read};
use crate::dlp::view::tags::{Edge, Tag, Tags};
use crate::dlp::view::{Aside, MAX_UNSEEN};

/// Elements that are open within each other, as browsers have them.
const MAX_OPEN: usize = 512;

/// How far out the element stands that a tag closes.
const NEAR: usize = 64;

/// Elements that nothing stands in.
pub(super) const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "image", "input", "link", "meta", "param",
    "source", "track", "wbr",
];

/// Elements that go on behind the end of what they stand in (HTML, 13.2.4.3).
const FORMATTING: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// An element that is open.
#[derive(Clone)]
pub(super) struct Open {
    name: Range<usize>,
    hidden: Hidden,
    /// Whether it is hidden and what is around it is not.
    hides: bool,
    /// Whether it is a block that stands in the line.
    inline: bool,
}

/// What the sheets of a page hide for all who read it.
pub(super) fn classes(source: &str) -> Classes {
    let (bytes, tags) = (source.as_bytes(), Tags::new(source));
    let mut out = Classes::default();
    let (mut at, mut comments) = (0, true);
    while let Some(n) = bytes.get(at..).and_then(|rest| memchr(b'<', rest)) {
        let tag = at + n + 1;
        at = tag;
        let rest = &bytes[tag..];
        if comments && rest.starts_with(b"!--") {
            match memmem::find(rest, b"-->") {
                Some(n) => at += n,
                None => comments = false,
            }
        }
        let name = rest.get(..5).unwrap_or_default();
        if !name.eq_ignore_ascii_case(b"style") {
            continue;
        }
        let Some(length) = memchr(b'>', rest) else {
            break;
        };
        at = tag + length + 1;
        let end = tags.raw_text_end(at, "style");
        let media = |(name, value): (&[u8], &[u8])| {
            let all = |word: &&str| read(value).eq_ignore_ascii_case(word.as_bytes());
            name.eq_ignore_ascii_case(b"media") && !["", "all", "screen"].iter().any(all)
        };
        if !Attributes(&rest[5..length]).any(media) {
            out.read(bytes.get(at..end).unwrap_or_default());
        }
        at = end;
    }
    out
}

/// Whether anything but tags and white space stands in a stretch of a page.
pub(in crate::dlp::view) fn has_text(source: &str, range: &Range<usize>) -> bool {
    let mut rest = source.get(range.clone()).unwrap_or_default().as_bytes();
    while !rest.is_empty() {
        let (text, tag) = rest.split_at(memchr(b'<', rest).unwrap_or(rest.len()));
        if !text.trim_ascii().is_empty() {
            return true;
        }
        let end = memchr(b'>', tag).map_or(tag.len(), |n| n + 1);
        rest = tag.get(end..).unwrap_or_default();
    }
    false
}

impl Layout<'_> {
    /// What is hidden ends here.
    pub(super) fn seen_again(&mut self, at: usize, asides: &mut [Aside]) {
        if let Some((from, n)) = self.unseen.take()
            && let Some(aside) = asides.get_mut(n)
        {
            *aside = Aside::Unseen(from..at);
        }
    }

    /// What of the element that is open is hidden.
    pub(super) fn hidden(&self) -> Hidden {
        self.open.last().map(|open| open.hidden).unwrap_or_default()
    }

    /// Opens or closes an element. Whether its edges are seen.
    pub(super) fn element(&mut self, tag: &mut Tag<'_>) -> bool {
        let outer = self.hidden();
        let source = self.source.as_bytes();
        let is = |name: &Range<usize>, names: &[&str]| {
            let name = &source[name.clone()];
            names
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n.as_bytes()))
        };
        if tag.name.is_empty() {
            return !outer.is_any();
        }
        let near = self.open.len().saturating_sub(NEAR);
        let find = |open: &[Open], name: &[u8]| {
            let same = |open: &Open| source[open.name.clone()].eq_ignore_ascii_case(name);
            open[near..].iter().rposition(same).map(|n| near + n)
        };
        if tag.closes {
            // What stands behind the body is in it.
            let closes = !is(&tag.name, &["body", "html"]);
            let found = find(&self.open, &source[tag.name.clone()]).filter(|_| closes);
            let Some(n) = found else {
                return !outer.is_any();
            };
            let mut closed = self.open.drain(n..);
            let first = closed.next();
            let kept = closed.find(|open| open.hides && is(&open.name, FORMATTING));
            drop(closed);
            self.open.extend(kept);
            if first.as_ref().is_some_and(|open| open.inline) {
                tag.edge = Edge::None;
            }
            return first.is_none_or(|open| !open.hidden.is_any());
        }
        let block = matches!(tag.edge, Edge::Block(_));
        // A block ends a paragraph.
        if outer.is_any()
            && block
            && let Some(n) = find(&self.open, b"p")
            && !self.open[n..]
                .iter()
                .any(|open| is(&open.name, &["td", "th", "table", "button"]))
        {
            self.open.truncate(n);
        }
        let outer = self.hidden();
        let mut style = tag.style;
        if let Some(classes) = self.classes.of(tag.classes) {
            style.or(&classes);
        }
        let mut hidden = match self.depth < MAX_UNSEEN {
            true => style.hides(outer, block),
            false => Hidden::default(),
        };
        // A title in a page is none of its text.
        if is(&tag.name, &["title"]) && !self.pen.text.is_empty() && self.depth == 0 {
            hidden = Hidden::ALL;
        }
        let inline = block && style.inline && style.shown < Shown::Floats;
        if inline {
            tag.edge = Edge::None;
        }
        // What is drawn ends with its tag where that says so.
        let drawn = |open: &[Open]| {
            open[near.min(open.len())..]
                .iter()
                .any(|open| is(&open.name, &["svg", "math"]))
        };
        let void = tag.raw_text.is_some() || is(&tag.name, VOID) || tag.whole && drawn(&self.open);
        if !void && self.open.len() < MAX_OPEN {
            self.open.push(Open {
                name: tag.name.clone(),
                hidden,
                hides: hidden.is_any() && !outer.is_any(),
                inline,
            });
        }
        !hidden.is_any()
    }
}

#[cfg(test)]
mod tests {
    use crate::dlp::view::View;

    fn seen(source: &str) -> String {
        let view = View::html(source);
        String::from_utf8_lossy(&view.text[..view.hidden]).into_owned()
    }

    fn all(source: &str) -> String {
        String::from_utf8_lossy(&View::html(source).text).into_owned()
    }

    #[test]
    fn what_is_not_shown_is_none_of_the_line() {
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
            "style='position:absolute;left:-9999px'",
            "style='position:absolute;clip:rect(0 0 0 0)'",
            "hidden",
            "HIDDEN=hidden",
            "class='x h'",
        ] {
            let page = format!(
                "<style>.h,b.k{{display:none}}</style>Maria Alv<span {hides}>x<b>yz</b></span>arez"
            );
            assert_eq!(seen(&page), "Maria Alvarez", "{hides}");
            // It is read behind it.
            let behind = all(&page);
            assert!(behind.contains("\nxyz"), "{behind}");
        }
        for name in ["template", "datalist", "rp", "rt"] {
            assert_eq!(seen(&format!("Al<{name}>x<p>y</{name}>varez")), "Alvarez");
        }
        for hidden in [
            "<br style='display:none'>",
            "<hr hidden>",
            "<img hidden src=x>",
            "<div style='display:inline'>v</div>",
            "<p style='display:none'>x</p>",
        ] {
            let seen = seen(&format!("Al{hidden}arez")).replace("lv", "l");
            assert_eq!(seen, "Alarez", "{hidden}");
        }
    }

    #[test]
    fn what_may_be_seen_stays_in_its_line() {
        for shown in [
            "style='display:none;display:inline'",
            "style='display:block;display:inline'",
            "style='display:inline;display:nothing'",
            "style='font-family:\";display:none;\"'",
            "style='display:inline' hidden",
            "style='font-size:0.9em'",
            "style='mso-hide:all'",
            "style='opacity:0.5'",
            "style='max-height:0;overflow:hidden'",
            "style='x:(;display:none'",
            "class=m",
            "data-x=hidden",
            "aria-hidden=true",
        ] {
            let page = format!(
                "<style>.m{{display:none}} @media all{{.m{{display:block}}}} \
                 @media print{{.n{{display:none}}}}</style>Al<span {shown}>v</span>arez"
            );
            assert_eq!(seen(&page), "Alvarez", "{shown}");
        }
        // Letters without a size around those that have one, as many newsletters have it.
        let page =
            "<td style='font-size:0px'>\n<div style='font-size:13px'>Hello</div>\n<table><td>you";
        assert_eq!(all(page), "Hello\nyou");
        assert_eq!(
            seen("<i style='visibility:hidden'>x<b style='visibility:visible'>Al</b>y</i>v"),
            "Alv"
        );
        assert_eq!(
            seen("<style media=print>.h{display:none}</style><i class=h>Al</i>v"),
            "Alv"
        );
    }

    #[test]
    fn what_is_hidden_ends_with_what_it_stands_in() {
        for (source, wanted) in [
            ("<div>Al<span hidden>x</div>b", "Al\nb"),
            ("Al<span hidden>x</i>y</b></body></span>v", "Alv"),
            ("<p>Al<b hidden>x</p>y</b>v", "Al\n\nv"),
            ("<p hidden>x<p>Al<i hidden>y</i>v", "Alv"),
            ("<span hidden>x<span>y</span>z</span>Al", "Al"),
            ("<svg><g hidden/><text>Al</text></svg>", "Al"),
            ("a<title>x</title>b", "ab"),
            ("<title>a</title>b", "a\nb"),
        ] {
            assert_eq!(seen(source).trim(), wanted, "{source}");
        }
        // Hidden in what is hidden.
        let page = "<div hidden><p>Maria Alv<i hidden>x</i>arez<p>HIV</div>end";
        assert_eq!(all(page), "end\n\n\nMaria Alvarez\n\nHIV\nx");
        let deep = "<i hidden>a".repeat(20);
        assert_eq!(seen(&deep), "");
        assert_eq!(all(&deep).matches('a').count(), 20);
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
                "<text><tspan x=1>Maria</tspan><tspan x=70>has</tspan> <tspan dx=2>H</tspan><tspan dx=2>IV</tspan>",
                "Maria has HIV",
            ),
            (
                "<text>Name<tspan x=0 dy=14>Maria</tspan><tspan x=0 dy=14>HIV",
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
            assert_eq!(seen(source).trim(), wanted, "{source}");
        }
    }

    #[test]
    fn what_markup_turns_is_told() {
        for (source, turned) in [
            ("<BDO dir=rtl>31928400</bdo>", true),
            ("<bdo/dir=rtl>4", true),
            ("<bdo title='>' dir=rtl>4", true),
            ("<bdo dir='&#114;tl'>4", true),
            ("<p dir=rtl><bdo>4", true),
            ("<bdo dir=ltr style='direction:rtl'>4", true),
            (
                "<span style='direction:rtl;unicode-bidi:bidi-override'>4",
                true,
            ),
            ("<span style='unicode-bidi&#58;isolate-override'>4", true),
            ("<style>b{unicode-bidi:BIDI\\-override}</style>4", true),
            (
                "<svg><text unicode-bidi=bidi-override direction=rtl>4",
                true,
            ),
            ("<iframe srcdoc='&lt;bdo dir=rtl>4'>", true),
            ("<!--[if mso]><bdo dir=rtl>4</bdo><![endif]-->", true),
            (
                "<style>.a::after{content:\"varez\"}</style><p class=a>Al",
                true,
            ),
            ("<bdo dir=\"ltr\">4711</bdo> <bdoCode>rtl", false),
            ("<p dir=rtl>4 <a title='<bdo dir=ltr>'>", false),
            (
                "<style>.a::after{content:\"\\f101\"}</style><p class=a>Al",
                false,
            ),
        ] {
            assert_eq!(View::html(source).turned, turned, "{source}");
        }
        assert!(View::xml("<p><bdo dir='rtl'>4</bdo></p>").turned);
    }
}
