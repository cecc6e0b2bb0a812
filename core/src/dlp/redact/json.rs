//! Redacted JSON is JSON still: what takes the place of a number is a string.

use serde::de::IgnoredAny;

use super::marks::BOX;

/// Whether a text is an object or an array.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// A redacted copy of JSON with quotes around every number of which something
/// was taken out.
pub(super) fn quoted(copy: &str) -> String {
    let mut out = String::with_capacity(copy.len() + 16);
    let (mut in_string, mut escaped) = (false, false);
    // Where a number or a word begins in the copy, and whether something was
    // taken out of it.
    let mut bare: Option<(usize, bool)> = None;
    let mut chars = copy.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if in_string {
            out.push(c);
            in_string = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        // No value of JSON begins with a capital letter.
        let opens_label = c == '[' && chars.peek().is_some_and(|(_, c)| c.is_ascii_uppercase());
        if opens_label {
            bare = Some((bare.map_or(at, |(start, _)| start), true));
            // Up to its end.
            while chars.next_if(|(_, c)| *c != ']').is_some() {}
            chars.next();
        } else if c.is_whitespace() || "{}[]:,\"".contains(c) {
            flush(&mut out, copy, &mut bare, at);
            out.push(c);
            in_string = c == '"';
        } else {
            let (start, taken) = bare.unwrap_or((at, false));
            bare = Some((start, taken || c == BOX));
        }
    }
    flush(&mut out, copy, &mut bare, copy.len());
    out
}

/// Writes the number or the word that ends at `end`.
fn flush(out: &mut String, copy: &str, bare: &mut Option<(usize, bool)>, end: usize) {
    let Some((start, taken)) = bare.take() else {
        return;
    };
    let quote = if taken { "\"" } else { "" };
    out.push_str(quote);
    out.push_str(copy.get(start..end).unwrap_or_default());
    out.push_str(quote);
}
