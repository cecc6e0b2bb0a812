//! What links carry: the fields of their queries, `?lastName=Lindqvist&dob=1958-03-14`,
//! and what is written as `%20`, as whoever serves them reads it (URL Standard, section
//! 5.1). As one word, as which a link is told, none of it is understood.

use std::fmt::Write;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use url::form_urlencoded;

use crate::dlp::extract::loose;
use crate::dlp::extract::walk::Walk;
use crate::dlp::extract::{Form, Piece};
use crate::dlp::records;

/// Where the findings in what the links of a part carry are said to stand.
pub(in crate::dlp) const LINKS: &str = "encoded links";
/// Bytes of what they carry in all.
const MUCH: usize = 4 << 20;
/// Bytes of a link that programs follow.
const LONGEST: usize = 64 * 1024;
/// Links in links: what guards mail against bad ones, what counts clicks.
const DEEPEST: usize = 4;
/// Figures in a row that a part of a path has where it may tell of a person.
const FIGURES: usize = 6;

/// Gives out what the links of a text carry, as JSON with a line for each, since the
/// names of fields say what their values are.
pub(super) fn read(walk: &mut Walk<'_>, text: &str) {
    let (carried, whole) = carried(text);
    if !whole {
        walk.fail("too_large");
    }
    if carried.is_empty() || !walk.entry() {
        return;
    }
    if carried.len() > walk.budget.room() || !walk.budget.spend(carried.len()) {
        return walk.fail("too_large");
    }
    walk.piece(Piece {
        text: carried,
        form: Form::Plain,
        inside: Some(LINKS.to_owned()),
        // A link is no part of what people read.
        aside: true,
        ..Piece::default()
    });
}

/// Whether links of a text carry anything.
pub(super) fn is_in(text: &str) -> bool {
    let carries = |link: Link| !fields(text.get(link.range).unwrap_or_default(), 0).is_empty();
    links(text).any(carries)
}

/// What links carry, and whether it is all.
fn carried(text: &str) -> (String, bool) {
    let mut out = String::new();
    for link in links(text) {
        let fields = fields(text.get(link.range).unwrap_or_default(), 0);
        for (n, (name, value)) in fields.iter().enumerate() {
            let before = if n == 0 { "{" } else { "," };
            let _ = write!(out, "{before}{}: {}", quoted(name), quoted(value));
        }
        if !fields.is_empty() {
            out.push_str("}\n");
        }
        if link.cut && !fields.is_empty() || out.len() > MUCH {
            return (out, false);
        }
    }
    (out, true)
}

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

/// A link, behind the name of its scheme.
struct Link {
    range: Range<usize>,
    /// Whether it is longer than what is read of it.
    cut: bool,
}

/// The links of a text that may carry something. A link in another is of that.
fn links(text: &str) -> impl Iterator<Item = Link> {
    static SCHEMES: LazyLock<[Finder<'static>; 3]> =
        LazyLock::new(|| ["://", "mailto:", "MAILTO:"].map(Finder::new));
    let bytes = text.as_bytes();
    let ends = |b: &u8| b.is_ascii_whitespace() || b.is_ascii_control() || b"\"'<>|`".contains(b);
    let behind = move |scheme: &'static Finder<'_>| {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at + scheme.find(bytes.get(at..)?)? + scheme.needle().len();
            let rest = bytes.get(start..).unwrap_or_default();
            let read = rest.get(..LONGEST).unwrap_or(rest);
            let end = read.iter().position(ends);
            let cut = end.is_none() && rest.len() > LONGEST;
            let end = text.floor_char_boundary(start + end.unwrap_or(read.len()));
            at = end;
            Some(Link {
                range: start..end,
                cut,
            })
        })
    };
    let carries = move |link: &Link| {
        let link = bytes.get(link.range.clone()).unwrap_or_default();
        link.iter().any(|b| b"?#%-".contains(b))
    };
    SCHEMES.iter().flat_map(behind).filter(carries)
}

/// The fields of a link that may tell something, and of links in them.
fn fields(link: &str, depth: usize) -> Vec<(String, String)> {
    // Pages write `&` so.
    let link = link.replace("&amp;", "&");
    // In Markdown an address stands behind the text, which may be one too.
    let mut fields = Vec::new();
    for link in link.split("](") {
        // What ends a sentence or a bracket is none of it.
        let link = link.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}']);
        let (link, fragment) = link.split_once('#').unwrap_or((link, ""));
        let (path, query) = link.split_once('?').unwrap_or((link, ""));
        of_path(path, &mut fields);
        for query in [query, fragment] {
            of_query(query, depth, &mut fields);
        }
    }
    fields
}

fn of_path(path: &str, fields: &mut Vec<(String, String)>) {
    let host = path.find('/').unwrap_or(path.len());
    for part in path.get(host..).unwrap_or_default().split('/') {
        if part.contains('%') || tells(part) {
            let part = loose::percent(part.as_bytes());
            let words = String::from_utf8_lossy(&part).replace(['-', '_', '+'], " ");
            fields.push(("path".to_owned(), words));
        }
    }
}

fn of_query(query: &str, depth: usize, fields: &mut Vec<(String, String)>) {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = value.trim();
        if let Some((_, inner)) = value.split_once("://")
            && depth < DEEPEST
        {
            fields.extend(self::fields(inner, depth + 1));
        }
        let campaign = name.starts_with("utm_");
        if !campaign && (value.contains(' ') || !value.is_empty() && records::is_field(&name)) {
            fields.push((name.into_owned(), value.to_owned()));
        }
    }
}

/// Whether a part of a path is of words with a number: `Lindqvist-MRN-00482913`.
fn tells(part: &str) -> bool {
    let (mut letters, mut number) = (0, false);
    for word in part.split(['-', '_', '+']) {
        letters += usize::from(word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic()));
        number |= word.len() >= FIGURES && word.bytes().all(|b| b.is_ascii_digit());
    }
    letters >= 2 && number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_links_are_read() {
        for (text, told) in [
            (
                "see https://ehr.example/p?lastName=Lindqvist&dob=1958-03-14&utm_source=a%20b now",
                "{\"lastName\": \"Lindqvist\",\"dob\": \"1958-03-14\"}\n",
            ),
            (
                "<a href=\"http://x.example/?q=MRN%2000482913+asthma&amp;diagnosis=B20\">",
                "{\"q\": \"MRN 00482913 asthma\",\"diagnosis\": \"B20\"}\n",
            ),
            (
                "mailto:desk@x.example?subject=Pat%20Lindqvist%20B20",
                "{\"subject\": \"Pat Lindqvist B20\"}\n",
            ),
            (
                "https://x.example/d/Pat-Lindqvist-MRN-00482913 https://x.example/a%20b",
                "{\"path\": \"Pat Lindqvist MRN 00482913\"}\n{\"path\": \"a b\"}\n",
            ),
            (
                "[q](https://x.example/?page=1#lastName=Lindqvist). MAILTO:a@b.example?body=Pat+B20",
                "{\"lastName\": \"Lindqvist\"}\n{\"body\": \"Pat B20\"}\n",
            ),
            (
                "https://safe.example/?url=https%3A%2F%2Fehr.example%2Fp%3Fmrn%3D00482913%26dob%3D3%252F4%252F61%23top&data=x",
                "{\"mrn\": \"00482913\",\"dob\": \"3/4/61\"}\n",
            ),
            (
                "https://a.example/r?u=https://ehr.example/p?lastName=Lindqvist&x=1",
                "{\"lastName\": \"Lindqvist\"}\n",
            ),
            (
                "[https://a.example/?page=1](https://ehr.example/p?lastName=Lindqvist)",
                "{\"lastName\": \"Lindqvist\"}\n",
            ),
            (
                "http://x.example/#mrn=00482913&x=\"1\"",
                "{\"mrn\": \"00482913\"}\n",
            ),
        ] {
            assert_eq!(carried(text), (told.to_owned(), true), "{text}");
        }
    }

    #[test]
    fn most_links_carry_nothing() {
        for text in [
            "",
            "https://x.example/news/heart-failure-in-2025",
            "https://u.example/ls/click?upn=u001.fosUBtkDvJE3&utm_campaign=spring%20sale",
            "https://x.example/?page=2&ref=4711",
            "://",
            "https://x.example/?mrn=",
        ] {
            assert_eq!(carried(text).0, "", "{text}");
        }
        // A link in another is read once, and what is looked at is bounded.
        let nested = "x://a-".repeat(1 << 20);
        assert_eq!(carried(&nested), (String::new(), true));
        assert!(links(&nested).count() <= nested.len() / (LONGEST / 2));
        let cut = format!("x://a?q=b+c{} ", "d".repeat(LONGEST));
        assert!(!carried(&cut).1);
        let plain = format!("x://a-{} ", "d".repeat(LONGEST));
        assert!(carried(&plain).1);
        let much = format!("x://a?{}", "q=%01+%02&".repeat(800));
        let (told, whole) = carried(&format!("{much} ").repeat(2_000));
        assert!(!whole && told.len() < MUCH + LONGEST);
        let long = format!("http://x.example/?q=é{}", "é+".repeat(LONGEST));
        assert!(carried(&long).0.len() <= 2 * LONGEST && !carried(&long).1);
    }
}
