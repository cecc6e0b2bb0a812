//! Words, numbers and signs of a view, found in one pass.

use super::common::{self, Common};
use super::lanes::{BLOCK, chunk, mask};
use super::lexicon::COMMON;

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
    /// Its number among the commonest words and signs, or [`common::NONE`].
    pub(super) common: u16,
    pub(super) shape: Shape,
    pub(super) gap: Gap,
}

impl Token {
    /// What stands behind the last.
    pub(super) const END: Self = Self {
        start: u32::MAX,
        end: u32::MAX,
        hash: 0,
        common: common::NONE,
        shape: Shape::Lower,
        gap: Gap::Paragraph,
    };

    /// A sign.
    #[inline]
    fn sign(sign: u8, at: usize, gap: Gap) -> Self {
        Self {
            start: offset(at),
            end: offset(at + 1),
            hash: SIGNS[usize::from(sign & 0x7f)],
            common: common::sign(sign),
            shape: Shape::Sign,
            gap,
        }
    }

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

    /// Its number among the commonest words, where it is in small letters.
    #[inline]
    pub(super) fn number_if_small(&self) -> u16 {
        // Not a choice, which would become a branch.
        self.common & u16::from(self.shape == Shape::Lower).wrapping_neg()
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
    let to = to.min(text.len()).min(u32::MAX as usize);
    let text = text.get(..to).unwrap_or_default();
    let common = Common::get();
    let mut gap = Gap::Paragraph;
    let mut start = from;
    while start < text.len() {
        let window = Window::read(text, start);
        // Where to read on in the window.
        let mut at = 0;
        while at < window.last {
            let first = window.bytes[at];
            match CLASS[usize::from(first)] {
                BLANK => {
                    at += 1;
                    let wide = first == b'\t' || matches!(text.get(start + at), Some(b' ' | b'\t'));
                    gap = gap.max(if wide { Gap::Column } else { Gap::Space });
                }
                LINE => {
                    at += 1;
                    gap = match gap >= Gap::Line {
                        true => Gap::Paragraph,
                        false => Gap::Line,
                    };
                }
                SIGN => {
                    out.push(Token::sign(first, start + at, gap));
                    at += 1;
                    gap = Gap::None;
                }
                _ => loop {
                    let token = window.word(common, at, gap);
                    let token = token.unwrap_or_else(|| Word::read(text, start + at).token(gap));
                    out.push(token);
                    at = token.end as usize - start;
                    gap = Gap::None;
                    // Behind most words stand a blank and a word.
                    if at + 1 >= window.last || !window.goes_on(at) {
                        break;
                    }
                    gap = Gap::Space;
                    at += 1;
                },
            }
        }
        start += at;
    }
}

/// Some text, and which of its bytes belong to words.
struct Window {
    start: u32,
    /// Where the last token may start: a common word that starts before stands
    /// in the window with what is behind it.
    last: usize,
    /// With zeros, which belong to no word, behind the text's end.
    bytes: [u8; BLOCK],
    words: u64,
}

impl Window {
    #[inline]
    fn read(text: &[u8], at: usize) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        let bytes = chunk(rest);
        let inside = |b: u8| {
            ((b | 0x20).wrapping_sub(b'a') < 26) | (b.wrapping_sub(b'0') < 10) | (b >= 0x80)
        };
        Self {
            start: offset(at),
            last: rest.len().min(BLOCK - COMMON),
            bytes,
            words: mask(&bytes, inside),
        }
    }

    /// Whether a blank and a word stand there.
    #[inline]
    fn goes_on(&self, at: usize) -> bool {
        self.bytes[at] == b' ' && self.words_from(at) & 2 != 0
    }

    /// Which bytes belong to words, from one on.
    #[inline]
    fn words_from(&self, at: usize) -> u64 {
        // It is below 64: no shift runs over.
        self.words.wrapping_shr(at as u32)
    }

    /// The word that starts at a byte, where it is short and of letters alone, as
    /// most are.
    #[inline]
    fn word(&self, common: &Common, at: usize, gap: Gap) -> Option<Token> {
        let eight = self.bytes.get(at..)?.first_chunk()?;
        let length = (!self.words_from(at)).trailing_zeros();
        // An apostrophe may go on with the word.
        if length > 8 || *self.bytes.get(at.wrapping_add(length as usize))? == b'\'' {
            return None;
        }
        // The shift is by 64 less eight for each letter.
        let within = u64::MAX.wrapping_shr(8u32.wrapping_mul(length).wrapping_neg());
        let letters = u64::from_le_bytes(*eight) & within;
        // Small letters, where all are letters; else something that is no word.
        let small = letters | CASE & within;
        let (hash, number) = match common.find(small) {
            Some((number, word)) => (word.hash, number),
            // Digits stand below letters, and other letters than ASCII's above.
            None if letters & KIND == LETTER & within => {
                let hash = letters_hash(SEED, small, length as usize);
                (finish(hash), common::NONE)
            }
            None => return None,
        };
        let capitals = letters ^ small;
        // Which shape it is is chance: no branch asks for it.
        let shape = usize::from(capitals == CASE & 0xff)
            | usize::from(capitals == CASE & within) << 1
            | usize::from(capitals == 0) << 2;
        let shape = SHORT_SHAPES[shape & 7];
        let start = self.start.wrapping_add(at as u32);
        Some(Token {
            start,
            end: start.wrapping_add(length),
            hash,
            common: number,
            shape,
            gap,
        })
    }
}

/// The shapes of words of letters: by bits, whether the first alone is a
/// capital, whether all are, whether none is.
const SHORT_SHAPES: [Shape; 8] = {
    let mut shapes = [Shape::Lower; 8];
    shapes[0] = Shape::Mixed;
    shapes[1] = Shape::Title;
    // One capital letter is both.
    (shapes[2], shapes[3]) = (Shape::Upper, Shape::Upper);
    shapes
};

/// The two bits that tell letters of ASCII from all else that stands in words,
/// and what letters have there, in each of eight.
const KIND: u64 = 0xc0c0_c0c0_c0c0_c0c0;
const LETTER: u64 = 0x4040_4040_4040_4040;

/// What parts a small letter from a capital, in each of eight.
const CASE: u64 = 0x2020_2020_2020_2020;

/// A word that is read, eight bytes at a time.
struct Word {
    start: usize,
    end: usize,
    hash: u32,
    /// Of which classes its first character is, and the others: a bit for
    /// small, capital, digit.
    head: usize,
    rest: usize,
}

impl Word {
    #[inline]
    fn read(text: &[u8], start: usize) -> Self {
        let eight = Eight::read(text, start);
        let mut word = Self {
            start,
            end: start + eight.count,
            hash: eight.hash(SEED),
            head: eight.classes(0xff),
            rest: eight.classes(!0xff),
        };
        if eight.count == 8 || text.get(word.end) == Some(&b'\'') {
            word.go_on(text, eight.count);
        }
        word
    }

    /// Reads what is left of a long word, or one with an apostrophe, behind
    /// `count` bytes of eight.
    #[inline(never)]
    fn go_on(&mut self, text: &[u8], mut count: usize) {
        loop {
            if count < 8 {
                let inside = text.get(self.end) == Some(&b'\'')
                    && (self.head | self.rest) & 4 == 0
                    && joins(text.get(self.end + 1..).unwrap_or_default());
                if !inside {
                    return;
                }
                self.hash = letter(self.hash, b'\'');
                self.end += 1;
            }
            let eight = Eight::read(text, self.end);
            self.end += eight.count;
            self.hash = eight.hash(self.hash);
            self.rest |= eight.classes(u64::MAX);
            count = eight.count;
        }
    }

    fn shape(&self) -> Shape {
        SHAPES[self.head & 7][self.rest & 7]
    }

    fn token(&self, gap: Gap) -> Token {
        Token {
            start: offset(self.start),
            end: offset(self.end),
            hash: finish(self.hash),
            common: common::NONE,
            shape: self.shape(),
            gap,
        }
    }
}

/// Eight bytes, of which the first `count` belong to a word. What is told of a
/// byte is told by its top bit.
struct Eight {
    count: usize,
    /// In small letters.
    small: u64,
    lower: u64,
    upper: u64,
    digit: u64,
}

impl Eight {
    /// Goes on with a hash.
    #[inline]
    fn hash(&self, hash: u32) -> u32 {
        letters_hash(hash, self.small, self.count)
    }

    /// The classes of some of the bytes: a bit for small, capital, digit.
    #[inline]
    fn classes(&self, of: u64) -> usize {
        usize::from(self.lower & of != 0)
            | usize::from(self.upper & of != 0) << 1
            | usize::from(self.digit & of != 0) << 2
    }

    /// Those from `at` on, with zeros, which belong to no word, behind the end.
    #[inline]
    fn read(text: &[u8], at: usize) -> Self {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const TOPS: u64 = ONES << 7;
        let bytes = text.get(at..).unwrap_or_default();
        let all = match bytes.first_chunk::<8>() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => (bytes.iter().rev()).fold(0, |all, byte| all << 8 | u64::from(*byte)),
        };
        // No sum of these runs over into the next byte.
        let low = all & !TOPS;
        let from = |byte: u8| low + ONES * u64::from(0x80 - byte);
        let ascii = TOPS & !all;
        let upper = from(b'A') & !from(b'Z' + 1) & ascii;
        let digit = from(b'0') & !from(b'9' + 1) & ascii;
        let lower = from(b'a') & !from(b'z' + 1) & ascii | all & TOPS;
        let end = TOPS & !(upper | lower | digit);
        // Everything below the first byte that belongs to no word.
        let inside = end.wrapping_sub(1) & !end;
        Self {
            count: end.trailing_zeros() as usize / 8,
            small: all | upper >> 2,
            lower: lower & inside,
            upper: upper & inside,
            digit: digit & inside,
        }
    }
}

/// Goes on with a hash by the first `count` of eight small letters.
///
/// All eight are read, whether they count or not: how long a word is cannot be
/// guessed, and a wrong guess costs more than its letters.
#[inline]
fn letters_hash(mut hash: u32, letters: u64, count: usize) -> u32 {
    for (n, small) in letters.to_le_bytes().into_iter().enumerate() {
        let longer = letter(hash, small);
        hash = if n < count { longer } else { hash };
    }
    hash
}

/// One more letter of a word, which is small.
fn letter(h: u32, small: u8) -> u32 {
    (h ^ u32::from(small)).wrapping_mul(PRIME)
}

/// By the classes of the first character and of the others.
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

#[expect(
    clippy::cast_possible_truncation,
    reason = "`tokens` reads no text of 4 GiB"
)]
fn offset(at: usize) -> u32 {
    at as u32
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

    /// A word, byte by byte: where it ends, and its shape.
    fn word_at(text: &[u8], start: usize) -> (usize, Shape) {
        let class = |at: usize| text.get(at).map(|b| CLASS[usize::from(*b)]);
        let inside = |at| matches!(class(at), Some(LOWER | UPPER | DIGIT));
        let mut end = start;
        while inside(end)
            || text.get(end) == Some(&b'\'')
                && (start..end).all(|at| class(at) != Some(DIGIT))
                && joins(&text[end + 1..])
        {
            end += 1;
        }
        let bit = |at: usize| match class(at) {
            Some(LOWER) => 1,
            Some(UPPER) => 2,
            Some(DIGIT) => 4,
            _ => 0,
        };
        let rest = (start + 1..end).fold(0, |all, at| all | bit(at));
        (end, SHAPES[bit(start)][rest])
    }

    #[test]
    fn words_are_those_that_are_read_byte_by_byte() {
        const LETTERS: &[u8] = b"aazZ09'' -\n\t.@\x80\xff\x00bcdefghMNOPQ/`[{:";
        const WORDS: &[&str] = &[
            " the ",
            " The ",
            "THE",
            "it's",
            "a",
            "I",
            " tHis",
            "patient",
            "possible ",
            "I ",
            " of the ",
        ];
        let mut state = 7u32;
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let (mut words, mut common) = (0, 0);
        for _ in 0..6_000 {
            // Some with few signs, so that there are long words too, and some of
            // words that are common.
            let most = [8, LETTERS.len()][next(2)];
            let mut text: Vec<u8> = Vec::new();
            for _ in 0..next(60) {
                match next(4) {
                    0 => text.extend(WORDS[next(WORDS.len())].bytes()),
                    _ => text.push(LETTERS[next(most)]),
                }
            }
            let from = next(text.len() + 1);
            let mut out = Vec::new();
            tokens(&text, from, text.len(), &mut out);
            let blank = |at: usize| matches!(CLASS[usize::from(text[at])], BLANK | LINE);
            let (mut at, mut last) = (from, None);
            for token in &out {
                while blank(at) {
                    at += 1;
                }
                assert_eq!(token.start as usize, at, "{text:?}");
                let (end, shape) = match CLASS[usize::from(text[at])] {
                    SIGN => (at + 1, Shape::Sign),
                    _ => word_at(&text, at),
                };
                let told = (token.end as usize, token.shape, token.hash);
                assert_eq!(told, (end, shape, hash(&text[at..end])), "{text:?}");
                let before = last.map_or(&text[from..at], |last: usize| &text[last..at]);
                assert_eq!(token.gap, gap_of(before, last.is_none()), "{text:?}");
                if shape != Shape::Sign {
                    words += 1;
                    if token.common != common::NONE {
                        common += 1;
                        assert_eq!(Common::get().word(token.common).hash, token.hash);
                    }
                }
                (at, last) = (end, Some(end));
            }
            assert!((at..text.len()).all(blank));
        }
        assert!(words > 10_000 && common > 10_000, "{words} {common}");
    }

    /// What the bytes between two tokens are, or those before the first.
    fn gap_of(between: &[u8], first: bool) -> Gap {
        let lines = between.iter().filter(|b| **b == b'\n').count();
        match (lines, between) {
            _ if first => Gap::Paragraph,
            (0, []) => Gap::None,
            (0, [b'\t'] | [_, _, ..]) => Gap::Column,
            (0, _) => Gap::Space,
            (1, _) => Gap::Line,
            _ => Gap::Paragraph,
        }
    }

    #[test]
    fn case_does_not_change_the_hash() {
        let mut out = Vec::new();
        tokens(b"Rose ROSE rose", 0, 14, &mut out);
        assert!(out.iter().all(|t| t.hash == hash(b"rose")));
        assert_ne!(hash(b"rose"), hash(b"roses"));
    }
}
