//! Units: the tokens again, with what has a shape of its own (a date, a
//! telephone number, a code) joined to one.
//!
//! One pass, no regular expressions: at each token the readers below are asked
//! in turn, the most specific first, and each looks ahead a bounded way.

mod codes;
mod dates;
mod phones;

pub(super) use dates::may_start as may_start_date;

use super::token::{Gap, Shape, Token};

/// What a unit is by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum UnitKind {
    /// A word.
    Word,
    /// A sign.
    Sign,
    /// Digits that are nothing more special.
    Number,
    /// Letters and digits, or groups of them joined by signs.
    Code,
    /// A calendar date with day and month, or month and year in figures.
    Date,
    /// A month's name alone or with a year.
    Month,
    /// A day of the week alone.
    Weekday,
    /// A time of day.
    Time,
    /// Figures with a currency sign.
    Money,
    Phone,
    Email,
    Url,
    Ip,
    /// An age, or what looks like one: `94-year-old`, `90th`.
    Age,
}

/// What is known of a unit besides, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts(pub(crate) u32);

macro_rules! facts {
    ($($name:ident = $bit:literal,)+) => {
        impl Facts { $(pub(crate) const $name: Self = Self(1 << $bit);)+ }
    };
}

facts! {
    CARD = 0, IBAN = 1, IBAN_SHAPE = 2, VIN = 3, VIN_SHAPE = 4, MBI = 5, SSN_SHAPE = 6,
    SSN_VALID = 7, NPI = 8, DEA = 9, DEA_SHAPE = 10, ICD = 11, ICD_DOTTED = 12, HCPCS = 13,
    CPT_SHAPE = 14, LOINC = 15, NDC_SHAPE = 16, NANP = 17, LETTERS = 18, FAKE = 19, UNIQUE = 20,
    YEAR = 21, OVER_89 = 22, MASKED = 23, UDI = 24, DUMMY_DATE = 25, ROUTING = 26, LONG = 27,
    GROUPED = 28,
}

impl Facts {
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn set(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// One unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// Behind its last token.
    pub(super) last: usize,
    pub(super) kind: UnitKind,
    pub(super) facts: Facts,
    pub(super) span: Span,
}

/// The bytes of a unit in the view. It may end before its last token does
/// (`88mg`, a trailing sign).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A view's tokens with a cursor's tools.
#[derive(Clone, Copy)]
pub(super) struct Tape<'a> {
    pub(super) text: &'a [u8],
    pub(super) tokens: &'a [Token],
}

impl<'a> Tape<'a> {
    pub(super) fn get(&self, at: usize) -> Option<&'a Token> {
        self.tokens.get(at)
    }

    pub(super) fn bytes(&self, at: usize) -> &'a [u8] {
        self.tokens
            .get(at)
            .and_then(|t| self.text.get(t.range()))
            .unwrap_or_default()
    }

    /// Digits only, not longer than a number that is read whole.
    pub(super) fn digits(&self, at: usize) -> Option<&'a [u8]> {
        let token = self.tokens.get(at)?;
        (token.shape == Shape::Digits).then(|| self.bytes(at))
    }

    /// The value of up to nine digits.
    pub(super) fn number(&self, at: usize) -> Option<u32> {
        let digits = self.digits(at)?;
        (digits.len() <= 9).then(|| {
            digits
                .iter()
                .fold(0, |n, d| n * 10 + u32::from(d.wrapping_sub(b'0')))
        })
    }

    /// A sign, standing at the token before it.
    pub(super) fn sign(&self, at: usize) -> Option<u8> {
        let token = self.tokens.get(at)?;
        (token.shape == Shape::Sign && token.gap == Gap::None)
            .then(|| self.text.get(token.start as usize).copied())
            .flatten()
    }

    pub(super) fn gap(&self, at: usize) -> Gap {
        self.tokens.get(at).map_or(Gap::Paragraph, |t| t.gap)
    }

    /// Whether nothing stands between a token and the one before it.
    pub(super) fn tight(&self, at: usize) -> bool {
        self.gap(at) == Gap::None
    }

    /// Same line, one blank at most.
    pub(super) fn close(&self, at: usize) -> bool {
        self.gap(at) <= Gap::Space
    }

    pub(super) fn start(&self, at: usize) -> usize {
        self.tokens
            .get(at)
            .map_or(self.text.len(), |t| t.start as usize)
    }

    pub(super) fn end(&self, at: usize) -> usize {
        self.tokens
            .get(at)
            .map_or(self.text.len(), |t| t.end as usize)
    }

    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.bytes(at).eq_ignore_ascii_case(word.as_bytes())
    }

    pub(super) fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(at, w))
    }
}

/// What a reader found: so many tokens, up to that byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) last: usize,
    pub(super) kind: UnitKind,
    pub(super) facts: Facts,
    /// Where it ends if not with its last token.
    pub(super) end: Option<usize>,
}

impl Found {
    pub(super) fn new(last: usize, kind: UnitKind) -> Self {
        Self {
            last,
            kind,
            facts: Facts::default(),
            end: None,
        }
    }

    pub(super) fn with(mut self, facts: Facts) -> Self {
        self.facts.set(facts);
        self
    }
}

/// Tokens without blanks between them.
#[derive(Clone, Copy, Default)]
struct Run {
    /// Behind its last token.
    end: usize,
    /// Whether an `@` stands in it.
    at_sign: bool,
    /// Whether anything stands in it that makes words a code, a link or an
    /// address: a digit, or one of `@ / :`.
    rich: bool,
}

impl Run {
    fn of(tape: &Tape<'_>, at: usize) -> Self {
        let mut run = Self {
            end: at,
            ..Self::default()
        };
        for token in tape.tokens.get(at..).unwrap_or_default() {
            if token.gap != Gap::None && run.end > at {
                break;
            }
            run.end += 1;
            match token.shape {
                Shape::Digits | Shape::Alnum => run.rich = true,
                Shape::Sign => match tape.text.get(token.start as usize) {
                    Some(b'@') => (run.at_sign, run.rich) = (true, true),
                    Some(b'/' | b':') => run.rich = true,
                    _ => {}
                },
                _ => {}
            }
        }
        run
    }
}

/// Reads units one after another.
pub(super) struct Units<'a> {
    tape: Tape<'a>,
    run: Run,
}

impl<'a> Units<'a> {
    pub(super) fn new(text: &'a [u8], tokens: &'a [Token]) -> Self {
        Self {
            tape: Tape { text, tokens },
            run: Run::default(),
        }
    }

    /// The unit that starts with a token, which stands at `at`.
    #[inline]
    pub(super) fn read(&mut self, at: usize, token: &Token) -> Unit {
        let mut unit = Unit {
            last: at + 1,
            kind: match token.shape {
                Shape::Sign => UnitKind::Sign,
                Shape::Digits => UnitKind::Number,
                Shape::Alnum => UnitKind::Code,
                _ => UnitKind::Word,
            },
            facts: Facts::default(),
            span: Span {
                start: token.start,
                end: token.end,
            },
        };
        if !plain(&self.tape, token, at)
            && let Some(found) = self.find(at, token)
        {
            unit.last = found.last.max(at + 1);
            unit.kind = found.kind;
            unit.facts = found.facts;
            let end = || self.tape.end(found.last.saturating_sub(1));
            let end = found.end.unwrap_or_else(end);
            unit.span.end = u32::try_from(end).unwrap_or(u32::MAX);
        }
        unit
    }

    #[inline(never)]
    fn find(&mut self, at: usize, token: &Token) -> Option<Found> {
        if at >= self.run.end {
            self.run = Run::of(&self.tape, at);
        }
        let words = token.is_word() && !self.run.rich && !dates::may_start(token.hash);
        match words && self.tape.tight(at + 1) {
            true => None,
            false => read(&self.tape, at, &self.run),
        }
    }
}

/// Whether a token is one that no reader would take, which most are: a word
/// that stands alone or has one sign behind it and starts no date and no link,
/// or a sign that starts nothing.
///
/// What is asked of a word is asked without branches: which of it holds changes
/// from word to word.
#[inline]
fn plain(tape: &Tape<'_>, token: &Token, at: usize) -> bool {
    let next = tape.get(at + 1).unwrap_or(&Token::END);
    if token.shape == Shape::Sign {
        let sign = tape.text.get(token.start as usize).copied();
        return !sign.is_some_and(|sign| sign_starts(tape, sign, next));
    }
    let tight = next.gap == Gap::None;
    let hangs = tight & tape.tight(at + 2);
    // Capitals of this length may start a code in groups.
    let short = (token.end.wrapping_sub(token.start)).wrapping_sub(2) <= 2;
    let groups = (token.shape == Shape::Upper) & short & !tight & next.has_digit();
    !(token.has_digit() | dates::may_start(token.hash) | hangs | groups)
}

/// Whether a sign may start a telephone number, an amount and the like.
fn sign_starts(tape: &Tape<'_>, sign: u8, next: &Token) -> bool {
    match sign {
        _ if !sign_may_start(sign) => false,
        b'(' | b'+' | b'$' => next.shape == Shape::Digits,
        b'*' | b'#' => {
            let behind = tape.text.get(next.start as usize);
            next.shape == Shape::Sign && matches!(behind, Some(b'*' | b'#' | b'-'))
        }
        _ => next.gap == Gap::None,
    }
}

/// Whether a sign starts anything at all.
pub(super) const fn sign_may_start(sign: u8) -> bool {
    matches!(sign, b'(' | b'+' | b'$' | b'*' | b'#' | b':')
}

fn read(tape: &Tape<'_>, at: usize, run: &Run) -> Option<Found> {
    let token = tape.get(at)?;
    match token.shape {
        Shape::Digits | Shape::Alnum => number(tape, at, token, run),
        Shape::Sign => match tape.text.get(token.start as usize) {
            Some(b'(') => codes::udi(tape, at).or_else(|| phones::phone(tape, at)),
            Some(b'+') => phones::phone(tape, at),
            Some(b'$') => codes::money(tape, at),
            Some(b'*' | b'#') => codes::masked(tape, at),
            Some(b':') => codes::ip(tape, at),
            _ => None,
        },
        _ => {
            let tight = run.end > at + 1;
            tight
                .then(|| {
                    codes::url(tape, at, run.end)
                        .or_else(|| codes::email(tape, at, run.end))
                        .or_else(|| codes::ip(tape, at))
                })
                .flatten()
                .or_else(|| codes::checked_word(tape, at))
                .or_else(|| codes::spaced(tape, at))
                .or_else(|| dates::worded(tape, at))
                .or_else(|| tight.then(|| codes::code(tape, at, run.end)).flatten())
        }
    }
}

/// What starts with a digit, or with letters and digits. A reader is asked only
/// where what it asks for first is there.
fn number(tape: &Tape<'_>, at: usize, token: &Token, run: &Run) -> Option<Found> {
    let ask = |ask: bool, read: &dyn Fn() -> Option<Found>| if ask { read() } else { None };
    let sign = tape.sign(at + 1);
    let grouped = tape
        .get(at + 1)
        .is_some_and(|next| next.gap == Gap::Space && next.has_digit());
    let phone = token.shape == Shape::Digits && matches!(token.end - token.start, 1 | 3);
    ask(matches!(sign, Some(b'.' | b':')), &|| codes::ip(tape, at))
        .or_else(|| ask(run.at_sign, &|| codes::email(tape, at, run.end)))
        .or_else(|| codes::checked(tape, at))
        .or_else(|| dates::date(tape, at))
        .or_else(|| dates::age(tape, at))
        .or_else(|| ask(phone, &|| phones::phone(tape, at)))
        .or_else(|| ask(grouped, &|| codes::spaced(tape, at)))
        .or_else(|| codes::code(tape, at, run.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::token::tokens;

    /// Every reader, in the order of [`read`] and [`number`], whatever it asks
    /// for first.
    fn everything(tape: &Tape<'_>, at: usize, run_end: usize) -> Option<Found> {
        let token = tape.get(at)?;
        match token.shape {
            Shape::Digits | Shape::Alnum => codes::ip(tape, at)
                .or_else(|| codes::email(tape, at, run_end))
                .or_else(|| codes::checked_whole(tape, at))
                .or_else(|| dates::date_whole(tape, at))
                .or_else(|| dates::age(tape, at))
                .or_else(|| phones::phone(tape, at))
                .or_else(|| codes::spaced(tape, at))
                .or_else(|| codes::code(tape, at, run_end)),
            Shape::Sign => read(tape, at, &Run::of(tape, at)),
            _ => {
                let tight = run_end > at + 1;
                tight
                    .then(|| {
                        codes::url(tape, at, run_end)
                            .or_else(|| codes::email(tape, at, run_end))
                            .or_else(|| codes::ip(tape, at))
                    })
                    .flatten()
                    .or_else(|| codes::checked_word(tape, at))
                    .or_else(|| codes::spaced(tape, at))
                    .or_else(|| dates::worded(tape, at))
                    .or_else(|| tight.then(|| codes::code(tape, at, run_end)).flatten())
            }
        }
    }

    /// What is passed straight through is nothing to any reader, and what is not
    /// is what the first reader in their order says.
    #[test]
    fn short_ways_lead_where_asking_every_reader_does() {
        let words = [
            "the",
            "I",
            "MRN",
            "Ann",
            "GB",
            "HTTPS",
            "www",
            "March",
            "may",
            "Fri",
            "fe",
            "A1c",
            "12",
            "2024",
            "O'Brien",
            "270",
            "1",
            "E11",
            "DE38",
            "1EG4",
            "94",
            "8am",
            "281",
            "4111",
            "281159804",
            "4111111111111111",
            "1M8GDM9AXKP042788",
            "19580314",
            "1EG4TE5MK72",
            "AB1234563",
        ];
        let between = [
            " ", "  ", "\n", "", ".", ",", ":", ": ", "-", "/", "@", "://", " (", "'", "::", "#",
            "$", "+", "**", "#-",
        ];
        let tails = ["b.example 14", "9804", "1111 1111 1111", "TE5-MK72"];
        let (mut nothing, mut kinds) = (0, std::collections::BTreeMap::new());
        for (first, one, second) in words
            .iter()
            .flat_map(|a| between.iter().map(move |b| (a, b)))
            .flat_map(|(a, b)| words.iter().map(move |c| (a, b, c)))
        {
            for (two, tail) in ["", " ", "-", "/"]
                .iter()
                .flat_map(|a| tails.iter().map(move |b| (a, b)))
            {
                let text = format!("{first}{one}{second}{two}{tail}");
                let text = text.as_bytes();
                let mut all = Vec::new();
                tokens(text, 0, text.len(), &mut all);
                let tape = Tape { text, tokens: &all };
                let mut units = Units::new(text, &all);
                for (at, token) in all.iter().enumerate() {
                    let found = match plain(&tape, token, at) {
                        true => None,
                        false => units.find(at, token),
                    };
                    let wanted = everything(&tape, at, Run::of(&tape, at).end);
                    assert_eq!(found, wanted, "{:?} at {at}", std::str::from_utf8(text));
                    match found {
                        None => nothing += 1,
                        Some(found) => *kinds.entry(found.kind as u8).or_insert(0) += 1,
                    }
                }
            }
        }
        assert!(nothing > 100_000, "{nothing}");
        assert!(kinds.len() >= 9, "{kinds:?}");
    }
}
