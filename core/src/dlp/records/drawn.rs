//! Tables whose lines are drawn, as terminals print them, read as those whose cells
//! bars part.
//!
//! ```text
//! ┌───────┬──────┐
//! │ Name  │ MRN  │
//! ├───────┼──────┤
//! │ Okafor│ 4711 │
//! └───────┴──────┘
//! ```

use memchr::memchr_iter;
use zeroize::Zeroizing;

use crate::dlp::view::fold;

/// Whether a character of Unicode's block of lines begins at a byte. All have three.
fn is_drawn(text: &[u8], at: usize) -> bool {
    matches!(text.get(at..), Some([0xe2, 0x94 | 0x95, ..]))
}

/// A text with bars and hyphens of ASCII in the place of drawn lines, each byte where
/// it was; `None` of one without.
pub(super) fn as_signs(text: &str) -> Option<Zeroizing<String>> {
    let bytes = text.as_bytes();
    if !memchr_iter(0xe2, bytes).any(|at| is_drawn(bytes, at)) {
        return None;
    }
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    for letter in text.chars() {
        match (letter, fold(letter)) {
            // With what stands between rows: `├───┼───┤`.
            ('\u{2500}'..='\u{257f}', Some(b'|')) => out.push_str("  |"),
            ('\u{2500}'..='\u{257f}', Some(b'-')) => out.push_str("---"),
            // Above and below a table.
            ('\u{2500}'..='\u{257f}', _) => out.push_str("   "),
            _ => out.push(letter),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::super::tests::{all, has, hints};
    use super::*;
    use crate::dlp::FindingKind as K;
    use crate::dlp::view::View;

    #[test]
    fn drawn_lines_are_signs_of_as_many_bytes() {
        for (text, signs) in [
            ("┌──┬╖", "   ------      "),
            ("│a║b", "  |a  |b"),
            ("├─┼╪╣ é", "  |---  |  |  | é"),
        ] {
            assert_eq!(*as_signs(text).unwrap(), signs);
            assert_eq!(signs.len(), text.len());
        }
        assert_eq!(as_signs("plain — é"), None);
    }

    #[test]
    fn a_drawn_table_is_read() {
        let table = "┌──────────────┬────────┐\n│ Name         │ MRN    │\n├──────────────┼────────┤\n\
            │ Okafor, Ada  │ 482913 │\n│ Stone, Lee   │ 482914 │\n└──────────────┴────────┘\n";
        for before in ["", "Please see:\n\n"] {
            for table in [table.to_owned(), table.replace('│', "║").replace('─', "═")] {
                let found = hints(&format!("{before}{table}\nBest\n"), "text/plain");
                has(&found, K::Mrn, "482913");
                has(&found, K::Mrn, "482914");
                has(&found, K::Name, "Stone, Lee");
                // As a page shows it.
                let page = format!("<p>{before}</p><pre>{table}</pre>");
                let view = View::html(&page);
                let record = shown(&view.text, false).unwrap();
                let text = String::from_utf8_lossy(&view.text);
                has(&all(&text, &record), K::Mrn, "482914");
            }
        }
    }
}
