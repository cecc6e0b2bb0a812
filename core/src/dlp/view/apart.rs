//! Words whose letters stand apart: `M a r i a   A l v a r e z` reads `Maria Alvarez`.
//!
//! Five or more single letters with one and the same blank between them are one word;
//! other blanks in the row stand between words. A blank that is narrower than one
//! between words (a hair space) needs no five.

use std::ops::Range;

use crate::dlp::lanes::chunk;

/// Letters from which on a row of them is a word.
const LETTERS: usize = 5;

/// Blanks that stand in a row at the most between two words.
const WIDEST: usize = 8;

/// Places that are looked at together.
const PLACES: usize = 64;
/// From the first blank of a row of five to behind its last.
const REACH: usize = 7;

/// Whether a text may have such a row: a row of five has four blanks, every other byte.
pub(super) fn may_be(text: &[u8]) -> bool {
    // Compilers have instructions for many places, where none asks for the one before.
    let begins = |text: &[u8; PLACES + REACH - 1]| {
        let blank = |n: usize| u8::from(text[n] == b' ');
        let row = |n: usize| blank(n) & blank(n + 2) & blank(n + 4) & blank(n + 6);
        (0..PLACES).fold(0, |any, n| any | row(n)) != 0
    };
    let mut rest = text;
    while let Some(places) = rest.first_chunk() {
        if begins(places) {
            return true;
        }
        rest = rest.get(PLACES..).unwrap_or_default();
    }
    begins(&chunk(rest))
}

/// The same of plain text of ASCII.
pub(super) fn is_in(text: &str) -> bool {
    let bytes = text.as_bytes();
    let written = |at: usize| text.get(at..at + 1).unwrap_or_default();
    may_be(bytes) && rows(bytes).any(|row| joint(bytes, row, &written, &|_| false).is_some())
}

/// Where the blanks of a text start that are none, in order; each goes on to the next
/// sign. `written` is what a byte of the text stands for.
pub(super) fn joints<'s>(
    text: &[u8],
    written: &dyn Fn(usize) -> &'s str,
    narrow: &dyn Fn(&str) -> bool,
) -> Vec<u32> {
    let mut out = Vec::new();
    for row in rows(text) {
        let Some(joint) = joint(text, row.clone(), written, narrow) else {
            continue;
        };
        let gone = pairs(text, row).filter_map(|(one, other)| match other - one {
            2 => (written(one + 1) == joint).then_some(one + 1),
            // One stands between words.
            _ => Some(one + 2),
        });
        out.extend(gone.filter_map(|at| u32::try_from(at).ok()));
    }
    out
}

/// The blanks that start at a place.
pub(super) fn blanks(text: &[u8], at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    at..at + rest.iter().take_while(|b| **b == b' ').count()
}

/// Rows of two and more single signs: another word, a line's end or a wide gap ends one.
fn rows(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let mut row: Option<Range<usize>> = None;
        while at < text.len() {
            let end = at + word(text, at);
            let blanks = blanks(text, end).len();
            let single = end == at + 1;
            if single {
                row = Some(row.map_or(at, |row| row.start)..end);
            }
            at = (end + blanks).max(at + 1);
            if !single || !(1..=WIDEST).contains(&blanks) {
                let ended = row.take().filter(|row| row.len() > 1);
                if ended.is_some() {
                    return ended;
                }
            }
        }
        row.take().filter(|row| row.len() > 1)
    })
}

/// The signs of a row that stand next to each other.
fn pairs(text: &[u8], row: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let is_sign = |at: &usize| text.get(*at).is_some_and(|b| *b != b' ');
    let signs = row.filter(is_sign);
    signs.clone().zip(signs.skip(1))
}

/// How many bytes stand there without white space between them.
fn word(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().take_while(|b| !b.is_ascii_whitespace()).count()
}

/// The blank that joins a row: the first with letters enough on both sides.
fn joint<'s>(
    text: &[u8],
    row: Range<usize>,
    written: &dyn Fn(usize) -> &'s str,
    narrow: &dyn Fn(&str) -> bool,
) -> Option<&'s str> {
    let letter = |at: usize| text.get(at).copied().filter(u8::is_ascii_alphabetic);
    let (mut joint, mut letters) = ("", Vec::with_capacity(LETTERS));
    pairs(text, row).find_map(|(one, other)| {
        let (Some(first), Some(second)) = (letter(one), letter(other)) else {
            joint = "";
            return None;
        };
        let blank = match other - one == 2 {
            true => written(one + 1),
            false => "",
        };
        if blank != joint {
            joint = blank;
            letters.clear();
            letters.push(first);
        }
        if letters.len() == LETTERS {
            letters.remove(0);
        }
        letters.push(second);
        let words = || letters.len() == LETTERS && is_word(&letters);
        (!joint.is_empty() && (narrow(joint) || words())).then_some(joint)
    })
}

/// Whether letters are more than a list of choices: `A B C D E`, `Y N Y Y N`.
fn is_word(letters: &[u8]) -> bool {
    let counts = letters.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let mut kinds = letters.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    !counts && kinds.len() > 2
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;

    #[test]
    fn letters_set_apart_are_words() {
        for (text, read) in [
            (
                "M a r i a   A l v a r e z   i s   H I V +.",
                "Maria Alvarez is HIV +.",
            ),
            ("So: A l v a r e z  !", "So: Alvarez !"),
            (
                "M\u{a0}a\u{a0}r\u{a0}i\u{a0}a\u{a0}\u{a0} A\u{a0}l\u{a0}v",
                "Maria Alv",
            ),
            (
                "H\u{200a}I\u{200a}V\u{2003}p\u{200a}o\u{200a}s \u{e9}",
                "HIV pos e",
            ),
            // These are none.
            ("A B C D E F", "A B C D E F"),
            ("Y N Y Y N N Y", "Y N Y Y N N Y"),
            ("1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8"),
            ("J K Rowling, A B Yehoshua", "J K Rowling, A B Yehoshua"),
            ("5\u{2009}mg J.\u{2009}R.", "5 mg J. R."),
            ("a\nd\nc\nb\nf", "a\nd\nc\nb\nf"),
        ] {
            let view = View::plain(text);
            assert_eq!(String::from_utf8_lossy(&view.text), read, "{text}");
        }
        let page = "<p>M&nbsp;a&nbsp;r&nbsp;i&nbsp;a&nbsp;&nbsp; A&nbsp;l&nbsp;<i title=x>v</i>";
        let view = View::html(page);
        assert_eq!(&view.text[..view.hidden], b"Maria Alv");
        assert_eq!(&view.text[view.hidden..], b"\nx");
    }

    #[test]
    fn letters_set_apart_lead_back() {
        let text = "\u{e9}: M a r i a   A l v a r e z \u{e9} x";
        for source in [text, &text.replace('\u{e9}', "e")] {
            let view = View::plain(source);
            let at = |word: &str| {
                let found = view
                    .text
                    .windows(word.len())
                    .position(|w| w == word.as_bytes());
                found.map(|n| &source[view.source(n..n + word.len())])
            };
            assert_eq!(at("Maria"), Some("M a r i a"));
            assert_eq!(at("Alvarez"), Some("A l v a r e z"));
            assert_eq!(at("x"), Some("x"));
            let range = source.find("A l").map(|n| n..n + 13).unwrap();
            assert_eq!(&view.text[view.back(range)], b"Alvarez");
        }
    }

    /// At each place, in each of a few frames.
    #[test]
    fn no_row_is_passed_over() {
        for before in 0..2 * PLACES + 9 {
            for behind in [0, 1, 2, 3, 4, PLACES, 2 * PLACES] {
                let text = format!("{}\nX q z j k\n{}", "-".repeat(before), "-".repeat(behind));
                let view = View::plain(&text);
                assert!(view.text.windows(5).any(|w| w == b"Xqzjk"), "{text:?}");
            }
        }
    }
}
