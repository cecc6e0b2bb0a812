//! Words, numbers and signs of a view, found in one pass.

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Shape {
    /// One sign.
    Sign,
    /// `word`
    Lower,
    /// `Word`
    Title,
    /// `WORD`, or one capital letter.
    Upper,
    /// `McAllister`, `HbA1c` without its digit.
    Mixed,
    /// `1234`
    Digits,
    /// `A1c`, `88mg`
    Alnum,
}

/// What stands between a token and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Gap {
    /// Nothing.
    None,
    /// One blank.
    Space,
    /// Two blanks or more, or a tab: a column of a table.
    Column,
    /// A line's end.
    Line,
    /// An empty line, or the start of the text.
    Paragraph,
}

/// One token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// First byte in the view.
    pub(super) start: u32,
    /// Behind its last byte.
    pub(super) end: u32,
    /// Of its lower-case form.
    pub(super) hash: u32,
    pub(super) shape: Shape,
    pub(super) gap: Gap,
}

impl Token {
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether it starts with a letter or is made of letters.
    pub(super) fn is_word(&self) -> bool {
        matches!(
            self.shape,
            Shape::Lower | Shape::Title | Shape::Upper | Shape::Mixed
        )
    }

    pub(super) fn is_capital(&self) -> bool {
        matches!(self.shape, Shape::Title | Shape::Upper | Shape::Mixed)
    }

    pub(super) fn has_digit(&self) -> bool {
        matches!(self.shape, Shape::Digits | Shape::Alnum)
    }
}

const SIGN: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 3;
const BLANK: u8 = 4;
const LINE: u8 = 5;

const fn class_of(b: u8) -> u8 {
    match b {
        b'a'..=b'z' | 0x80..=0xff => LOWER,
        b'A'..=b'Z' => UPPER,
        b'0'..=b'9' => DIGIT,
        b'\n' => LINE,
        b' ' | b'\t' | b'\r' | 0x0b | 0x0c => BLANK,
        _ => SIGN,
    }
}

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "n is below 256")]
        let byte = n as u8;
        table[n] = class_of(byte);
        n += 1;
    }
    table
};

pub(super) const SEED: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// The hash of a word in lower case.
pub(super) const fn hash(word: &[u8]) -> u32 {
    let mut h = SEED;
    let mut n = 0;
    while n < word.len() {
        h = step(h, word[n]);
        n += 1;
    }
    finish(h)
}

/// One more letter; [`SEED`] is the hash of none, before [`finish`].
pub(super) const fn step(h: u32, b: u8) -> u32 {
    (h ^ b.to_ascii_lowercase() as u32).wrapping_mul(PRIME)
}

/// FNV leaves its high bits better mixed than its low ones.
pub(super) const fn finish(h: u32) -> u32 {
    let h = (h ^ (h >> 15)).wrapping_mul(0x85eb_ca6b);
    h ^ (h >> 13)
}

/// Joins the hashes of several words or features to one.
pub(super) const fn join(a: u32, b: u32) -> u32 {
    finish(
        (a.rotate_left(5) ^ b)
            .wrapping_mul(0x9e37_79b1)
            .wrapping_add(0x7f4a_7c15),
    )
}

/// Of each byte its small letter, and above that the bit of its class if it is
/// one of a word.
const FOLD: [u16; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "n is below 256")]
        let small = (n as u8).to_ascii_lowercase();
        table[n] = small as u16;
        if matches!(CLASS[n], LOWER | UPPER | DIGIT) {
            table[n] |= bit(CLASS[n]);
        }
        n += 1;
    }
    table
};

/// The bit of a class in [`FOLD`].
const fn bit(class: u8) -> u16 {
    1 << (8 + class)
}

/// The hashes of signs.
const SIGNS: [u32; 128] = {
    let mut table = [0; 128];
    let mut n = 0;
    while n < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "n is below 128")]
        let byte = n as u8;
        table[n] = hash(&[byte]);
        n += 1;
    }
    table
};

/// Appends the tokens of `text[from..to]` to `out`.
///
/// A word is a run of letters with single apostrophes inside; letters and
/// digits without a sign between them are one token; every other sign stands
/// alone.
pub(super) fn tokens(text: &[u8], from: usize, to: usize, out: &mut Vec<Token>) {
    let text = &text[..to.min(text.len())];
    let mut left = text.get(from..).unwrap_or_default();
    let mut gap = Gap::Paragraph;
    while let [first, behind @ ..] = left {
        let first = *first;
        match CLASS[usize::from(first)] {
            BLANK => {
                let wide = first == b'\t' || matches!(behind, [b' ' | b'\t', ..]);
                gap = gap.max(if wide { Gap::Column } else { Gap::Space });
                left = behind;
                continue;
            }
            LINE => {
                gap = if gap >= Gap::Line {
                    Gap::Paragraph
                } else {
                    Gap::Line
                };
                left = behind;
                continue;
            }
            SIGN => {
                let at = text.len() - left.len();
                let hash = SIGNS[usize::from(first & 0x7f)];
                push(out, at, at + 1, hash, Shape::Sign, gap);
                left = behind;
                gap = Gap::None;
                continue;
            }
            _ => {}
        }
        let start = text.len() - left.len();
        let head = FOLD[usize::from(first)];
        let mut h = letter(SEED, head);
        // The bits of the characters behind the first.
        let mut rest = 0;
        left = behind;
        loop {
            let mut letters = left.iter();
            let stop = letters.find(|byte| {
                let fold = FOLD[usize::from(**byte)];
                let more = fold > 0xff;
                if more {
                    rest |= fold;
                    h = letter(h, fold);
                }
                !more
            });
            let behind = letters.as_slice();
            if stop == Some(&b'\'') && (head | rest) & bit(DIGIT) == 0 && joins(behind) {
                h = letter(h, u16::from(b'\''));
                left = behind;
                continue;
            }
            let unread = behind.len() + usize::from(stop.is_some());
            left = left.get(left.len() - unread..).unwrap_or_default();
            break;
        }
        let end = text.len() - left.len();
        push(out, start, end, finish(h), shape(head, rest), gap);
        gap = Gap::None;
    }
}

/// One more letter of a word that is hashed, from [`FOLD`].
fn letter(h: u32, fold: u16) -> u32 {
    (h ^ u32::from(fold & 0xff)).wrapping_mul(PRIME)
}

/// The shape of a word, by the bits of its first character and of the others.
fn shape(head: u16, rest: u16) -> Shape {
    SHAPES[usize::from(head >> (8 + LOWER) & 7)][usize::from(rest >> (8 + LOWER) & 7)]
}

const SHAPES: [[Shape; 8]; 8] = {
    let mut table = [[Shape::Sign; 8]; 8];
    let mut n = 0;
    while n < 64 {
        let (head, rest) = (n / 8, n % 8);
        let all = head | rest;
        let (lower, upper, digit) = (1, 1 << (UPPER - LOWER), 1 << (DIGIT - LOWER));
        table[head][rest] = if all & digit != 0 {
            if all == digit {
                Shape::Digits
            } else {
                Shape::Alnum
            }
        } else if all & upper == 0 {
            Shape::Lower
        } else if all & lower == 0 {
            Shape::Upper
        } else if rest & upper != 0 {
            Shape::Mixed
        } else {
            Shape::Title
        };
        n += 1;
    }
    table
};

/// Whether an apostrophe before `rest` is inside a word: `O'Brien`, and not
/// `Brien's`.
fn joins(rest: &[u8]) -> bool {
    let letter =
        |b: Option<&u8>| b.is_some_and(|&b| matches!(CLASS[usize::from(b)], LOWER | UPPER));
    letter(rest.first()) && (!matches!(rest[0], b's' | b'S') || letter(rest.get(1)))
}

fn push(out: &mut Vec<Token>, start: usize, end: usize, hash: u32, shape: Shape, gap: Gap) {
    let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    out.push(Token {
        start: offset(start),
        end: offset(end),
        hash,
        shape,
        gap,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(&str, Shape, Gap)> {
        let mut out = Vec::new();
        tokens(text.as_bytes(), 0, text.len(), &mut out);
        out.iter()
            .map(|t| (&text[t.range()], t.shape, t.gap))
            .collect()
    }

    #[test]
    fn words_numbers_and_signs() {
        use Gap::{Column, Line, None, Paragraph, Space};
        use Shape::{Alnum, Digits, Lower, Mixed, Sign, Title, Upper};
        assert_eq!(
            split("Mr. O'Brien's A1c\t9.1\nMcAdam  MRN\n\nx'"),
            [
                ("Mr", Title, Paragraph),
                (".", Sign, None),
                ("O'Brien", Mixed, Space),
                ("'", Sign, None),
                ("s", Lower, None),
                ("A1c", Alnum, Space),
                ("9", Digits, Column),
                (".", Sign, None),
                ("1", Digits, None),
                ("McAdam", Mixed, Line),
                ("MRN", Upper, Column),
                ("x", Lower, Paragraph),
                ("'", Sign, None),
            ]
        );
    }

    #[test]
    fn case_does_not_change_the_hash() {
        let mut out = Vec::new();
        tokens(b"Rose ROSE rose", 0, 14, &mut out);
        assert!(out.iter().all(|t| t.hash == hash(b"rose")));
        assert_ne!(hash(b"rose"), hash(b"roses"));
    }
}
