//! The narrative of a FHIR resource: XHTML in a string. Its words are read where
//! they stand; what only a browser shows as it is (entities, tags within a
//! word) is read as a page.

use std::sync::LazyLock;

use memchr::memchr_iter;
use memchr::memmem::Finder;

use crate::dlp::view::parts;

static DIV: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"div\""));

/// The pages, of a text whose escapes are undone.
pub(super) fn all(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut behind = 0;
    for at in DIV.find_iter(text.as_bytes()) {
        if at < behind {
            continue;
        }
        let rest = text.get(at + "\"div\"".len()..).unwrap_or_default();
        let value = rest.trim_ascii_start().strip_prefix(':');
        let value = value.and_then(|v| v.trim_ascii_start().strip_prefix('"'));
        let Some(value) = value.filter(|v| v.trim_ascii_start().starts_with('<')) else {
            continue;
        };
        // Quotes within are undone too: it ends with its element.
        let length = end(value);
        behind = text.len() - value.len() + length;
        let page = value.get(..length).unwrap_or_default();
        if needs_browser(page) {
            out.push(page.to_owned());
        }
    }
    out
}

/// Where a page ends: behind the last tag before a quote and what follows a
/// value of JSON.
fn end(value: &str) -> usize {
    let bytes = value.as_bytes();
    let ends = |at: usize| {
        let behind = bytes.get(at + 1..).unwrap_or_default();
        let before = bytes.get(..at).unwrap_or_default();
        let next = behind.iter().find(|b| !b.is_ascii_whitespace());
        before.ends_with(b">") && matches!(next, None | Some(b',' | b'}' | b']'))
    };
    memchr_iter(b'"', bytes)
        .find(|at| ends(*at))
        .unwrap_or(bytes.len())
}

fn needs_browser(page: &str) -> bool {
    let bytes = page.as_bytes();
    let entity = |at: usize| {
        let rest = page.get(at + 1..).unwrap_or_default();
        let plain = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        rest.starts_with(|c: char| c == '#' || c.is_ascii_alphabetic())
            && !plain.iter().any(|name| rest.starts_with(name))
    };
    if memchr_iter(b'&', bytes).any(entity) {
        return true;
    }
    // Tags between two signs of one word.
    let joins = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let mut open: Option<(usize, bool)> = None;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'<' {
            open = None;
            let rest = &bytes[at..];
            at += memchr::memchr(b'<', rest).unwrap_or(rest.len());
            continue;
        }
        let rest = &bytes[at..];
        let length = memchr::memchr(b'>', rest).map_or(rest.len(), |n| n + 1);
        let name = rest[1..length]
            .strip_prefix(b"/")
            .unwrap_or(&rest[1..length]);
        let (start, breaks) = open.unwrap_or((at, false));
        let name = name.split(|b| !b.is_ascii_alphanumeric()).next();
        let breaks = breaks || parts(name.unwrap_or_default());
        at += length;
        let before = start.checked_sub(1).and_then(|n| bytes.get(n));
        if !breaks && joins(before) && joins(bytes.get(at)) {
            return true;
        }
        open = Some((start, breaks));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_need_a_browser_are_given() {
        for (page, needs) in [
            ("<div>SSN 281&#45;15</div>", true),
            ("<div>281-<b>15</b>-9804</div>", true),
            ("<div>Al<b><i>va</i></b>rez</div>", true),
            ("<div>By <a href=\"x\">Synthea</a>.Version</div>", false),
            (
                "<div><table><tr><td>a</td><td>b</td></tr></table>R&amp;D</div>",
                false,
            ),
        ] {
            let text = format!("{{\"text\": {{\"div\" : \"{page}\"}}}}");
            let wanted: Vec<String> = needs.then(|| page.to_owned()).into_iter().collect();
            assert_eq!(all(&text), wanted, "{page}");
        }
    }
}
