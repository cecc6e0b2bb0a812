//! HTML of a message made fit for the pickup page.
//!
//! Read and written anew by ammonia, over the parser of a browser: what is not
//! on the list below is gone. No script, style sheet, form, frame, SVG or
//! MathML; no image, whose alternative text takes its place; links to http,
//! https, mailto and tel only.
//!
//! The page's Content-Security-Policy allows no inline styles. Of those, a few
//! become classes, for which the page has rules:
//!
//! | class | of |
//! |---|---|
//! | `ms-b`, `ms-i`, `ms-u`, `ms-s` | bold, italic, underlined, struck through |
//! | `ms-left`, `ms-center`, `ms-right`, `ms-justify` | `text-align` |
//! | `ms-cell` | a border |
//! | `ms-alt` | a `span` with the alternative text of an image |
//!
//! Colours and sizes are dropped: text must not be white on white, or too
//! small to be seen.

use std::borrow::Cow;
use std::collections::HashSet;

use ammonia::{Builder, UrlRelative};
use data_encoding::HEXLOWER;

use crate::base::crypto;

/// More than mail programs write. The parser is a browser's, whose time grows
/// with the square of these.
const MAX_INPUT: usize = 1 << 20;
const MAX_TAGS: usize = 10_000;
const MAX_REFERENCES: usize = 10_000;
/// In one tag, and what could part attributes without a blank.
const MAX_ATTRIBUTES: usize = 2_000;
const MAX_SLASHES: usize = 20_000;
/// Elements within elements, those aside that need no end tag.
const MAX_DEPTH: usize = 250;
/// Open elements that a browser opens again in every paragraph that follows.
const MAX_FORMATTING: usize = 40;
/// A larger result is not shown.
const MAX_OUTPUT: usize = 8 << 20;

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Whose content goes with them: it is no text, or none that was to be seen.
const WITH_CONTENT: &[&str] = &[
    "applet", "audio", "canvas", "datalist", "embed", "frameset", "iframe", "math", "noembed",
    "noframes", "object", "script", "select", "style", "svg", "template", "title", "video",
];

/// HTML that may be shown; `None` where it is too much.
pub(super) fn sanitise(html: &str) -> Option<String> {
    if !is_bounded(html) {
        return None;
    }
    // Nobody who writes a message can know it, so what begins with it was put
    // there by the filter.
    let mark = HEXLOWER.encode(&crypto::make_random::<16>());
    let filter_mark = mark.clone();
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(WITH_CONTENT.iter().copied().collect())
        .strip_comments(true)
        .generic_attributes(["dir", "lang", "style", "align"].into())
        .tag_attributes(
            [
                ("a", HashSet::from(["href"])),
                ("img", HashSet::from(["alt"])),
                ("ol", HashSet::from(["start"])),
                ("td", HashSet::from(["colspan", "rowspan"])),
                ("th", HashSet::from(["colspan", "rowspan"])),
            ]
            .into(),
        )
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .set_tag_attribute_values([("a", [("target", "_blank")].into())].into())
        .attribute_filter(move |_, attribute, value| filter(&filter_mark, attribute, value));
    let clean = builder.clean(html).to_string();
    let clean = with_classes(&clean, &mark);
    (clean.len() <= MAX_OUTPUT).then_some(clean)
}

/// Whether the parser will be done soon.
fn is_bounded(html: &str) -> bool {
    let count = |byte| html.bytes().filter(|&b| b == byte).count();
    if html.len() > MAX_INPUT || count(b'<') > MAX_TAGS || count(b'&') > MAX_REFERENCES {
        return false;
    }
    if count(b'/') > MAX_SLASHES {
        return false;
    }
    let (mut depth, mut formatting) = (0usize, 0usize);
    for tag in html.split('<').skip(1) {
        // Without quotes the first `>` ends a tag; else nothing is certain.
        let end = tag
            .find('>')
            .filter(|&end| !tag[..end].contains(['"', '\'']));
        let attributes = &tag[..end.unwrap_or(tag.len())];
        let blanks = attributes.bytes().filter(u8::is_ascii_whitespace).count();
        if blanks > MAX_ATTRIBUTES {
            return false;
        }
        let (closes, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric());
        let name = tag[..end.unwrap_or(tag.len())].to_ascii_lowercase();
        if name.is_empty() || ENDLESS.contains(&name.as_str()) {
            continue;
        }
        let counted = match FORMATTING.contains(&name.as_str()) {
            true => &mut formatting,
            false => &mut depth,
        };
        *counted = match closes {
            true => counted.saturating_sub(1),
            false => *counted + 1,
        };
        if depth > MAX_DEPTH || formatting > MAX_FORMATTING {
            return false;
        }
    }
    true
}

/// Elements without an end tag, or with one that may be left out.
const ENDLESS: &[&str] = &[
    "area", "base", "body", "br", "col", "dd", "dt", "embed", "head", "hr", "html", "img", "input",
    "li", "link", "meta", "p", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "wbr",
];

/// The HTML standard's formatting elements.
const FORMATTING: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// What of an attribute stays.
fn filter<'v>(mark: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let kept = || Some(Cow::Borrowed(value));
    let is_one_of = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    match attribute {
        "href" | "rel" | "target" => kept(),
        "alt" => Some(Cow::Owned(format!("{mark}{value}"))),
        "style" => {
            let classes = classes(value);
            (!classes.is_empty()).then(|| Cow::Owned(format!("{mark}{}", classes.join(" "))))
        }
        "align" if is_one_of(&["left", "center", "right", "justify"]) => kept(),
        "dir" if is_one_of(&["ltr", "rtl", "auto"]) => kept(),
        "lang" if is_short(value, |b| b.is_ascii_alphanumeric() || b == b'-') => kept(),
        "colspan" | "rowspan" | "start" => match value.trim().parse::<u16>() {
            Ok(1..=1000) => kept(),
            _ => None,
        },
        _ => None,
    }
}

fn is_short(value: &str, allowed: fn(u8) -> bool) -> bool {
    (1..=35).contains(&value.len()) && value.bytes().all(allowed)
}

/// The classes that stand for inline declarations.
fn classes(style: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    for declaration in style.split(';').take(100) {
        let Some((property, value)) = declaration.split_once(':') else {
            continue;
        };
        let value = value.trim().to_ascii_lowercase();
        let value = value.trim_end_matches("!important").trim();
        let property = property.trim().to_ascii_lowercase();
        let class = match (property.as_str(), value) {
            ("font-weight", "bold" | "bolder" | "600" | "700" | "800" | "900") => "ms-b",
            ("font-style", "italic" | "oblique") => "ms-i",
            ("text-decoration" | "text-decoration-line", v) if has(v, "underline") => "ms-u",
            ("text-decoration" | "text-decoration-line", v) if has(v, "line-through") => "ms-s",
            ("text-align", "left" | "start") => "ms-left",
            ("text-align", "center") => "ms-center",
            ("text-align", "right" | "end") => "ms-right",
            ("text-align", "justify") => "ms-justify",
            ("border", v) if has(v, "solid") || has(v, "double") => "ms-cell",
            _ => continue,
        };
        if !found.contains(&class) {
            found.push(class);
        }
    }
    found
}

fn has(value: &str, word: &str) -> bool {
    value.split_ascii_whitespace().any(|w| w == word)
}

/// Turns marked styles into classes and marked images into their text. In what
/// ammonia wrote no `<` stands but before a tag, and no `"` in an attribute's
/// value.
fn with_classes(clean: &str, mark: &str) -> String {
    let style = format!("style=\"{mark}");
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean;
    let image = format!("<img alt=\"{mark}");
    while let Some(at) = rest.find("<img") {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let end = tag_end(tag);
        let (tag, after) = tag.split_at(end);
        let alt = tag
            .find(&image[4..])
            .and_then(|at| tag.get(at + image.len() - 4..))
            .and_then(|value| value.split('"').next())
            .filter(|alt| !alt.trim().is_empty());
        if let Some(alt) = alt {
            // As a text is written, not as a value.
            let alt = alt.replace('<', "&lt;").replace('>', "&gt;");
            let alt = alt.replace("&quot;", "\"");
            out.push_str("<span class=\"ms-alt\">");
            out.push_str(&alt);
            out.push_str("</span>");
        }
        rest = after;
    }
    out.push_str(rest);
    out.replace(&style, "class=\"")
}

/// Where a tag ends: at the first `>` outside of quotes.
fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in tag.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

#[cfg(test)]
mod tests;
