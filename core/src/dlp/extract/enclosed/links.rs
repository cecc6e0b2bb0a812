//! What links carry: the fields of their queries, `?lastName=Lindqvist&dob=1958-03-14`,
//! and what is written as `%20`, as whoever serves them reads it (URL Standard, section
//! 5.1). As one word, as which a link is told, none of it is understood.

use std::fmt::Write;
use std::ops::Range;

use memchr::memmem;
use url::form_urlencoded;

use crate::dlp::extract::loose;
use crate::dlp::extract::walk::Walk;
use crate::dlp::extract::{Form, Piece};
use crate::dlp::records;

/// Where the findings in what the links of a part carry are said to stand.
pub(in crate::dlp) const LINKS: &str = "encoded links";
/// Links of one text that are looked at: more than a page has.
const MOST: usize = 10_000;
/// Bytes of what they carry in all.
const MUCH: usize = 4 << 20;
/// Bytes of a link that programs follow.
const LONGEST: usize = 8 * 1024;
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
    links(text)
        .take(MOST)
        .any(|link| !fields(text.get(link).unwrap_or_default()).is_empty())
}

/// What links carry, and whether all were looked at.
pub(super) fn carried(text: &str) -> (String, bool) {
    let mut out = String::new();
    let mut links = links(text);
    for link in links.by_ref().take(MOST) {
        if out.len() > MUCH {
            return (out, false);
        }
        let fields = fields(text.get(link).unwrap_or_default());
        for (n, (name, value)) in fields.iter().enumerate() {
            let before = if n == 0 { "{" } else { "," };
            let _ = write!(out, "{before}{}: {}", quoted(name), quoted(value));
        }
        if !fields.is_empty() {
            out.push_str("}\n");
        }
    }
    (out, links.next().is_none())
}

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

/// Where the links of a text stand that may carry something, behind the names of their
/// schemes. A link in another is of that.
fn links(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let ends = |b: &u8| b.is_ascii_whitespace() || b.is_ascii_control() || b"\"'<>|`".contains(b);
    let behind = move |scheme: &'static str| {
        let finder = memmem::Finder::new(scheme);
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at + finder.find(bytes.get(at..)?)? + scheme.len();
            let rest = bytes.get(start..).unwrap_or_default();
            let rest = rest.get(..LONGEST).unwrap_or(rest);
            let mut end = start + rest.iter().position(ends).unwrap_or(rest.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            at = end;
            Some(start..end)
        })
    };
    let carries = move |link: &Range<usize>| {
        let link = bytes.get(link.clone()).unwrap_or_default();
        link.iter().any(|b| b"?#%-".contains(b))
    };
    behind("://").chain(behind("mailto:")).filter(carries)
}

/// The fields of a link that may tell something.
fn fields(link: &str) -> Vec<(String, String)> {
    // Pages write `&` so.
    let link = link.replace("&amp;", "&");
    let (path, query) = link.split_once(['?', '#']).unwrap_or((&link, ""));
    let mut fields: Vec<(String, String)> = Vec::new();
    let host = path.find('/').unwrap_or(path.len());
    for part in path.get(host..).unwrap_or_default().split('/') {
        let written = part.contains('%');
        if written || tells(part) {
            let part = loose::percent(part.as_bytes());
            let words = String::from_utf8_lossy(&part).replace(['-', '_', '+'], " ");
            fields.push(("path".to_owned(), words));
        }
    }
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = value.trim();
        let campaign = name.starts_with("utm_");
        if !campaign && (value.contains(' ') || !value.is_empty() && records::is_field(&name)) {
            fields.push((name.into_owned(), value.to_owned()));
        }
    }
    fields
}

/// Whether a part of a path is of words with a number: `Lindqvist-MRN-00482913`.
fn tells(part: &str) -> bool {
    let mut words = part.split(['-', '_', '+']);
    let mut letters = 0;
    let mut number = false;
    for word in words.by_ref() {
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
        let many = "http://x.example/?a=b+c\n".repeat(MOST + 1);
        assert!(!carried(&many).1);
        // A link in another is read once, and what is looked at is bounded.
        let nested = "x://a-".repeat(1 << 20);
        assert_eq!(carried(&nested), (String::new(), true));
        assert!(links(&nested).count() <= nested.len() / (LONGEST / 2));
        let much = format!("x://a?{}", "q=%01+%02&".repeat(LONGEST / 10 - 1));
        let (told, whole) = carried(&format!("{much} ").repeat(2_000));
        assert!(!whole && told.len() < MUCH + 8 * LONGEST);
        let long = format!("http://x.example/?q=é{}", "é+".repeat(LONGEST));
        assert!(carried(&long).0.len() <= 2 * LONGEST);
    }
}
