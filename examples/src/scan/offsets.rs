//! From bytes of a text as the scanner saw it to code points of the text as it
//! was given.
//!
//! On its way into a message a text may change: line ends become one kind, a
//! line end is added at the end, outer blanks of a subject go, a folded header
//! gets other blanks. Nothing else changes. So the two texts are read side by
//! side, and blanks that only one of them has are passed over.

use std::ops::Range;

/// The way back for one text.
#[derive(Debug)]
pub struct Offsets {
    /// For each byte of the text that was seen, the code point that was given;
    /// `None` where both are the same and ASCII.
    map: Option<Vec<u32>>,
}

impl Offsets {
    /// Reads both texts once.
    pub fn new(given: &str, seen: &str) -> Self {
        if given == seen && given.is_ascii() {
            return Self { map: None };
        }
        let mut map = Vec::with_capacity(seen.len());
        let mut given = given.chars().zip(0u32..).peekable();
        let mut last = 0;
        for c in seen.chars() {
            let mut at = None;
            while let Some(&(g, n)) = given.peek() {
                if g == c || (g.is_control() && c == ' ' && g != '\r') {
                    at = Some(n);
                    given.next();
                    break;
                }
                if g.is_whitespace() || g.is_control() {
                    given.next();
                    continue;
                }
                if !c.is_whitespace() {
                    // Not the same character: it was replaced.
                    at = Some(n);
                    given.next();
                }
                break;
            }
            // A blank that was added stands where the next character does.
            let next = given.peek().map_or(last + 1, |&(_, n)| n);
            let at = at.unwrap_or(next);
            last = at;
            map.extend(std::iter::repeat_n(at, c.len_utf8()));
        }
        Self { map: Some(map) }
    }

    /// Bytes as seen to code points as given.
    pub fn span(&self, bytes: &Range<usize>) -> Option<Range<usize>> {
        let Some(map) = &self.map else {
            return Some(bytes.clone());
        };
        let last = bytes.end.checked_sub(1)?;
        let start = *map.get(bytes.start)? as usize;
        let end = *map.get(last)? as usize + 1;
        (start < end).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Every word of `given` is found at its own place through `seen`.
    fn check(given: &str, seen: &str) {
        let offsets = Offsets::new(given, seen);
        let chars: Vec<char> = given.chars().collect();
        for word in seen.split_whitespace() {
            let at = word.as_ptr() as usize - seen.as_ptr() as usize;
            let span = offsets.span(&(at..at + word.len())).unwrap();
            let found: String = chars[span].iter().collect();
            assert_eq!(found, word, "in {given:?} seen as {seen:?}");
        }
    }

    #[test]
    fn words_are_found_where_they_were() {
        check("one two", "one two");
        check("Zoë has 😀 one\nline", "Zoë has 😀 one\nline");
        check("a\r\nb\r\n\r\nc d", "a\nb\n\nc d\n");
        check("a\rb\r\r\nc", "a\nb\n\nc\n");
        check("  héllo   wörld  ", "héllo wörld");
        check("trailing  \nblanks\t\nhere", "trailing\nblanks\nhere\n");
        check("é\tfolded subject", "é folded\n subject");
        check("\u{feff}BOM stays", "\u{feff}BOM stays");
    }

    #[test]
    fn a_replaced_character_shifts_nothing() {
        let offsets = Offsets::new("a\0é b", "a é b");
        assert_eq!(offsets.span(&(2..4)), Some(2..3));
        assert_eq!(offsets.span(&(5..6)), Some(4..5));
        assert_eq!(offsets.span(&(5..60)), None);
    }
}
