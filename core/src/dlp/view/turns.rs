//! Whether a page shows letters in another order than they stand in: it says that it
//! turns some, and that a line may run from right to left.

use memchr::{memchr2, memchr2_iter};

use super::sheets::pieces;
use super::style::{Attributes, read};

/// What a page says of the order of its letters.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether it may say anything.
    may: bool,
    overrides: bool,
    rtl: bool,
}

/// Whether a word stands in a text; `rare` is one of its letters, and where it stands.
fn has(text: &[u8], word: &[u8], rare: usize) -> bool {
    let Some(&letter) = word.get(rare) else {
        return false;
    };
    memchr2_iter(letter, letter.to_ascii_uppercase(), text).any(|at| {
        let start = at.checked_sub(rare);
        let found = start.and_then(|start| text.get(start..start + word.len()));
        found.is_some_and(|found| found.eq_ignore_ascii_case(word))
    })
}

fn says_override(text: &[u8]) -> bool {
    has(text, b"override", 1)
}

/// Whether letters of a text may be written by their numbers.
fn is_coded(text: &[u8]) -> bool {
    memchr2(b'\\', b'&', text).is_some()
}

impl Turns {
    pub(super) fn new(source: &str) -> Self {
        let text = source.as_bytes();
        Self {
            may: is_coded(text) || has(text, b"bdo", 0) || says_override(text),
            ..Self::default()
        }
    }

    /// Takes a tag that opens an element.
    pub(super) fn tag(&mut self, name: &[u8], attributes: &[u8]) {
        if !self.may || name.is_empty() {
            return;
        }
        self.overrides |= name.eq_ignore_ascii_case(b"bdo");
        if attributes.is_empty()
            || !is_coded(attributes) && !has(attributes, b"rtl", 2) && !says_override(attributes)
        {
            return;
        }
        for (name, value) in Attributes(attributes) {
            let value = read(value);
            if name.eq_ignore_ascii_case(b"style") {
                self.sheet(&value);
            } else if name.eq_ignore_ascii_case(b"srcdoc") {
                self.overrides |= has(&value, b"bdo", 0) || says_override(&value);
                self.rtl |= has(&value, b"rtl", 2);
            } else if name.eq_ignore_ascii_case(b"dir") {
                self.rtl |= value.trim_ascii().eq_ignore_ascii_case(b"rtl");
            } else {
                self.declare(name, &value);
            }
        }
    }

    /// Takes a style sheet, or the style of one element.
    pub(super) fn sheet(&mut self, sheet: &[u8]) {
        if self.may {
            pieces(sheet, &mut |piece| {
                if let Some((name, value)) = piece.declaration() {
                    self.declare(&name, &value);
                }
            });
        }
    }

    fn declare(&mut self, name: &[u8], value: &[u8]) {
        if name.eq_ignore_ascii_case(b"unicode-bidi") {
            self.overrides |= says_override(value);
        } else if name.eq_ignore_ascii_case(b"direction") {
            self.rtl |= has(value, b"rtl", 2) || has(value, b"var(", 0);
        }
    }

    /// Whether it does.
    pub(super) const fn is_told(&self) -> bool {
        self.overrides && self.rtl
    }
}

#[cfg(test)]
mod tests {
    use crate::dlp::view::View;

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
            (
                "<p style='direc\\74ion:&#114;tl'><i style='unicode-bidi&#58;isolate-override'>4",
                true,
            ),
            (
                "<style>b{unicode-bidi:BIDI\\-override;direction:rtl}</style>4",
                true,
            ),
            (
                "<style>.t{unicode-bidi:bidi-override;direction:ltr}</style>4 rtl",
                false,
            ),
            ("<bdo>4 <a href='x?dir=rtl'>", false),
            (
                "<svg><text unicode-bidi=bidi-override direction=rtl>4",
                true,
            ),
            ("<iframe srcdoc='&lt;bdo dir=rtl>4'>", true),
            ("<!--[if mso]><bdo dir=rtl>4</bdo><![endif]-->", true),
            ("<bdo dir=\"ltr\">4711</bdo> <bdoCode>rtl", false),
            ("<p dir=rtl>4 <a title='<bdo dir=ltr>'>", false),
            (
                "<style>.a::after{content:\"Browse\"} td:before{content:\"Item\"}</style>",
                false,
            ),
        ] {
            assert_eq!(View::html(source).turned, turned, "{source}");
        }
        assert!(View::xml("<p><bdo dir='rtl'>4</bdo></p>").turned);
    }
}
