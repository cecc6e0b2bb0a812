//! Numbers as they stand in a text: groups of digits and letters, with signs or
//! a blank between.
//!
//! The roster's own numbers are read by the same rules, so that none is taken
//! that could never be found.

use super::find::LABELS;
use super::normal::Key;
use crate::dlp::token::{Gap, Shape, Token, tokens};
use crate::dlp::view::View;

/// The characters of a number behind its leading zeros.
const LENGTH: std::ops::RangeInclusive<usize> = 4..=24;
/// Groups of one number: `+33 1 23 45 67 89`.
const MAX_GROUPS: usize = 6;

/// What may be a number.
pub(super) struct Reading {
    /// Its last token.
    pub(super) last: usize,
    pub(super) key: Key,
    /// All its digits, where it has no letters.
    pub(super) digits: Option<Key>,
    pub(super) groups: usize,
    pub(super) hyphens: usize,
}

/// A text in which numbers are looked for.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'t> {
    pub(super) text: &'t [u8],
    pub(super) tokens: &'t [Token],
}

impl<'t> Numbers<'t> {
    fn bytes(&self, at: usize) -> &'t [u8] {
        self.tokens
            .get(at)
            .and_then(|t| self.text.get(t.range()))
            .unwrap_or_default()
    }

    fn is(&self, at: usize, of: impl Fn(&Token) -> bool) -> bool {
        self.tokens.get(at).is_some_and(of)
    }

    /// Whether a sign joins what stands before it and behind it.
    fn joins(&self, sign: usize, signs: &[u8]) -> bool {
        let tight = |t: &Token| t.gap == Gap::None;
        matches!(self.bytes(sign), [one] if signs.contains(one))
            && self.is(sign, tight)
            && self.is(sign + 1, tight)
    }

    /// Whether a number may start at a token: at a digit, or at letters that
    /// stand before one, as in `HK-00412`, `HK 00412`, `AB-CD-00412`.
    pub(super) fn starts(&self, at: usize) -> bool {
        let over = |n: usize| self.joins(n, b"-./_");
        let letters = || {
            self.is(at + 1, |t| t.has_digit() && t.gap == Gap::Space)
                || over(at + 1)
                    && (self.is(at + 2, Token::has_digit)
                        || over(at + 3)
                            && self.is(at + 2, Token::is_word)
                            && self.is(at + 4, Token::has_digit))
        };
        (self.is(at, Token::has_digit) || self.is(at, Token::is_word) && letters())
            && !at.checked_sub(2).is_some_and(|n| self.hangs(n + 1, n))
    }

    /// Whether a number goes on over a sign, in digits that stand at `next`:
    /// `24-1-0617`. A label before it, an ending or a path behind it
    /// (`MRN-00412`, `00412.pdf`) is another thing.
    fn hangs(&self, sign: usize, next: usize) -> bool {
        self.joins(sign, b"-.") && self.is(next, |t| t.shape == Shape::Digits)
    }

    /// Calls `each` with what may be the number that starts at a token, the
    /// shortest first.
    pub(super) fn read(&self, at: usize, mut each: impl FnMut(Reading)) {
        let (mut key, mut digits) = (Key::new(), Key::new());
        let (mut next, mut hyphens) = (at, 0);
        let (mut only_digits, mut any_digit) = (true, false);
        for groups in 1..=MAX_GROUPS {
            let group = self.bytes(next);
            key.number(group);
            digits.extend(group);
            only_digits &= self.is(next, |t| t.shape == Shape::Digits);
            any_digit |= self.is(next, Token::has_digit);
            let ends = any_digit && !self.hangs(next + 1, next + 2);
            if ends && LENGTH.contains(&key.len()) {
                each(Reading {
                    last: next,
                    key,
                    digits: only_digits.then_some(digits),
                    groups,
                    hyphens,
                });
            }
            // On to the next group, over one sign or one blank.
            let behind = next + 1;
            let signed = matches!(self.bytes(behind), b"-" | b"." | b"/" | b"_" | b")")
                && self.is(behind, |t| t.gap == Gap::None);
            let over = behind + usize::from(signed);
            let goes_on = self.is(over, |t| {
                t.has_digit() && t.gap <= Gap::Space || signed && t.is_word() && t.gap == Gap::None
            });
            if !goes_on || key.len() > *LENGTH.end() {
                return;
            }
            hyphens += usize::from(signed && self.bytes(behind) == b"-");
            next = over;
        }
    }
}

/// Whether a text is one number, whole, as it would be found, or as it would be
/// in its plain spelling: `HK-00412` for `HK#00412`, `HK - 00412`. A label
/// before a number (`MRN: 00412`) is no part of it.
pub(super) fn is_found(text: &str, key: &[u8]) -> bool {
    let view = View::plain(text);
    let found = |text: &[u8]| {
        let mut all = Vec::new();
        tokens(text, 0, text.len(), &mut all);
        let numbers = Numbers { text, tokens: &all };
        (0..all.len()).any(|at| {
            let mut same = false;
            if numbers.starts(at) {
                numbers.read(at, |one| same |= one.key.get() == Some(key));
            }
            same
        })
    };
    found(&view.text) || plain(&view.text).is_some_and(|text| found(&text))
}

/// The groups of a number, with one hyphen where signs stand between them.
fn plain(text: &[u8]) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut signs = false;
    let mut blank = false;
    for &byte in text {
        if !byte.is_ascii_alphanumeric() {
            blank |= byte.is_ascii_whitespace();
            signs |= !byte.is_ascii_whitespace();
            continue;
        }
        if (signs || blank) && !out.is_empty() {
            if signs && LABELS.contains(&out.to_ascii_lowercase().as_slice()) {
                return None;
            }
            out.push(if signs { b'-' } else { b' ' });
        }
        (signs, blank) = (false, false);
        out.push(byte);
    }
    Some(out)
}
