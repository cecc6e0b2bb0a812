//! From tokens to units: what is read of each, and which may be codes.
//!
//! Most tokens are words that stand alone and start nothing, which a short way
//! reads; what it does not know the long way does.

use super::common::{self, Common, CommonWord};
use super::lexicon::{Class, Lexicon, Marks};
use super::passage::Item;
use super::token::{Gap, Shape, Token, join};
use super::unit::{Span, UnitKind, Units};

/// How much further away from a label a unit is than the one before it, by the
/// gap between them.
const FAR: [u32; 5] = {
    let mut far = [1; 5];
    far[Gap::Line as usize] = 4;
    far[Gap::Paragraph as usize] = 256;
    far
};

/// Labels that are further away are none, and no distance is greater.
const FARTHEST: u32 = 16;

/// A label, and how far away it is.
#[derive(Clone, Copy)]
struct Cue {
    label: u8,
    away: u32,
}

impl Cue {
    const NONE: Self = Self {
        label: 0,
        away: FARTHEST + 1,
    };

    /// A label where it stands.
    fn at(label: u8) -> Self {
        Self { label, away: 0 }
    }

    /// A step further.
    #[inline]
    fn past(self, gap: Gap) -> Self {
        // No text has so many units that this runs over.
        let away = self.away.wrapping_add(FAR[gap as usize]);
        Self { away, ..self }
    }

    /// As an item has it: the label, and how far away it is.
    #[inline]
    fn of_item(self) -> (u8, u8) {
        let distance = self.away.min(FARTHEST) as u8;
        let near = self.away <= FARTHEST;
        (if near { self.label } else { 0 }, distance)
    }
}

/// The longest term of several words that covers a token.
#[derive(Clone, Copy, Default)]
struct Term {
    /// Tokens of it that are not read yet; 0 where there is no term.
    left: usize,
    class: Class,
    marks: Marks,
}

impl Term {
    /// Reads the term that starts at the first of some tokens; whether one does.
    #[inline]
    fn start(&mut self, lexicon: &Lexicon, text: &[u8], tokens: &[Token]) -> bool {
        let Some((left, class)) = lexicon.phrase(text, tokens) else {
            return false;
        };
        let marks = lexicon.marks(class);
        *self = Self { left, class, marks };
        true
    }

    /// Goes on behind some tokens.
    fn past(&mut self, tokens: usize) {
        match self.left > tokens {
            true => self.left -= tokens,
            false => *self = Self::default(),
        }
    }

    /// Whether a health term starts at a token: the term, or else its word,
    /// which inside a term is none by itself.
    fn listed(&self, word: Marks, starts: bool) -> bool {
        match self.left {
            0 => word.listed(),
            _ => starts && self.marks.listed(),
        }
    }

    /// The label that a token is: the first of its own and its term's.
    fn label(&self, word: Marks) -> u8 {
        match (word.cue(), self.marks.cue()) {
            (0, one) | (one, 0) => one,
            (one, other) => one.min(other),
        }
    }
}

/// Makes units of a passage's tokens, and what is read of each.
pub(super) struct Reader<'r, 't> {
    text: &'t [u8],
    tokens: &'r [Token],
    /// The same with two of [`Token::END`] behind the last.
    padded: &'r [Token],
    units: Units<'r>,
    lexicon: &'static Lexicon,
    common: &'static Common,
    /// Room for as many units as there are tokens, and how many were read.
    spans: &'r mut [Span],
    items: &'r mut [Item],
    many: usize,
    notable: &'r mut Vec<usize>,
    term: Term,
    /// The label before.
    cue: Cue,
}

impl<'r, 't> Reader<'r, 't> {
    /// A reader of tokens that have [`BEHIND`] of [`Token::END`] behind the
    /// last, and of room for as many units.
    pub(super) fn new(
        text: &'t [u8],
        padded: &'r [Token],
        spans: &'r mut [Span],
        items: &'r mut [Item],
        notable: &'r mut Vec<usize>,
    ) -> Self
    where
        't: 'r,
    {
        let many = padded.len().saturating_sub(BEHIND);
        let tokens = padded.get(..many).unwrap_or_default();
        Self {
            text,
            tokens,
            padded,
            units: Units::new(text, tokens),
            lexicon: Lexicon::get(),
            common: Common::get(),
            spans,
            items,
            many: 0,
            notable,
            term: Term::default(),
            cue: Cue::NONE,
        }
    }

    /// Reads all; how many units there are.
    pub(super) fn read(mut self) -> usize {
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.alone(at);
            if at < self.tokens.len() {
                at = self.unit(at);
            }
        }
        self.many
    }

    /// Reads words and signs that stand alone, as most do, up to what may be a
    /// term, a date, a code: where that stands.
    #[inline(never)]
    fn alone(&mut self, from: usize) -> usize {
        let (text, lexicon, common) = (self.text, self.lexicon, self.common);
        let (mut cue, mut term) = (self.cue, self.term);
        let tokens = self.tokens.get(from..).unwrap_or_default();
        let padded = self.padded.get(from..).unwrap_or_default();
        let many = self.many;
        let spans = self.spans.get_mut(many..).unwrap_or_default();
        let items = self.items.get_mut(many..).unwrap_or_default();
        let mut read = 0;
        let room = spans.iter_mut().zip(items);
        for ([token, next, further], (span, item)) in padded.array_windows().zip(room) {
            let looked_up;
            let word = match token.common {
                common::NONE if token.is_word() => {
                    looked_up = CommonWord::look_up(lexicon, text, token);
                    &looked_up
                }
                common::NONE => break,
                number => common.word(number),
            };
            let marks = word.marks;
            let mut starts = false;
            if token.shape != Shape::Sign {
                // More than a sign hangs on it.
                let hangs = (next.gap == Gap::None) & (further.gap == Gap::None);
                if hangs | word.starts {
                    break;
                }
                // A group of a code, or all of one.
                if token.shape == Shape::Upper && (word.class.is_empty() | next.has_digit()) {
                    break;
                }
                if term.left == 0 && word.may_start_term(next) {
                    let behind = tokens.get(read..).unwrap_or_default();
                    starts = term.start(lexicon, text, behind);
                }
            }
            cue = cue.past(token.gap);
            *span = Span {
                start: token.start,
                end: token.end,
            };
            let (label, distance) = cue.of_item();
            *item = Item {
                hash: token.hash,
                word: word.class,
                plain: token.number_if_small(),
                shape: token.shape,
                kind: match token.shape {
                    Shape::Sign => UnitKind::Sign,
                    _ => UnitKind::Word,
                },
                gap: token.gap,
                cue: label,
                cue_distance: distance,
                ..Item::NOTHING
            };
            if !marks.is_plain() || term.left > 0 {
                item.phrase = term.class;
                item.phrase_first = starts;
                if !term.class.is_empty() | starts {
                    item.plain = common::NONE;
                }
                if term.listed(marks, starts) {
                    self.notable.push(many + read);
                }
                let label = term.label(marks);
                if label != 0 && token.shape != Shape::Sign {
                    cue = Cue::at(label);
                }
                term.past(1);
            }
            read += 1;
        }
        (self.cue, self.term) = (cue, term);
        self.many += read;
        from + read
    }

    /// Reads the unit that starts with a token; where it ends.
    #[inline(never)]
    fn unit(&mut self, at: usize) -> usize {
        let Some(token) = self.tokens.get(at) else {
            return at + 1;
        };
        let (lexicon, text) = (self.lexicon, self.text);
        let unit = self.units.read(at, token);
        let single = unit.last == at + 1;
        let mut word = Class::default();
        let mut marks = Marks::default();
        let mut plain = common::NONE;
        if single && token.shape != Shape::Sign {
            word = match token.common {
                common::NONE => CommonWord::look_up(lexicon, text, token).class,
                number => self.common.word(number).class,
            };
            marks = lexicon.marks(word);
            plain = token.number_if_small();
        }
        let starts = self.term.left == 0 && marks.continues() && {
            let behind = self.tokens.get(at..).unwrap_or_default();
            self.term.start(lexicon, text, behind)
        };
        self.cue = self.cue.past(token.gap);
        let (cue, cue_distance) = self.cue.of_item();
        let item = Item {
            hash: match unit.kind {
                UnitKind::Word | UnitKind::Sign => token.hash,
                kind => pattern(text.get(unit.span.range()).unwrap_or_default(), kind),
            },
            facts: unit.facts,
            word,
            phrase: self.term.class,
            plain: match self.term.class.is_empty() & !starts {
                true => plain,
                false => common::NONE,
            },
            phrase_first: starts,
            shape: token.shape,
            kind: unit.kind,
            gap: token.gap,
            cue,
            cue_distance,
        };
        let label = self.term.label(marks);
        if label != 0 && unit.kind != UnitKind::Sign {
            self.cue = Cue::at(label);
        }
        if self.term.listed(marks, starts) | item.is_notable() {
            self.notable.push(self.many);
        }
        if let (Some(span), Some(room)) =
            (self.spans.get_mut(self.many), self.items.get_mut(self.many))
        {
            (*span, *room) = (unit.span, item);
            self.many += 1;
        }
        self.term.past(unit.last - at);
        unit.last
    }
}

/// Tokens of nothing behind the last.
pub(super) const BEHIND: usize = 2;

/// What a byte is in a pattern: a digit, a capital, another letter, or itself.
const PATTERN: [u8; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "n is below 256")]
        let byte = n as u8;
        table[n] = match byte {
            b'0'..=b'9' => 1,
            b'A'..=b'Z' => 2,
            b'a'..=b'z' | 0x80.. => 3,
            sign => sign,
        };
        n += 1;
    }
    table
};

/// A code's pattern: runs of letters and digits with their lengths, signs as
/// they are.
#[inline(never)]
fn pattern(bytes: &[u8], kind: UnitKind) -> u32 {
    let mut out = kind as u32;
    let mut run = (0u8, 0u32);
    for &b in bytes.iter().take(64) {
        let class = PATTERN[usize::from(b)];
        if class == run.0 && class <= 3 {
            run.1 += 1;
        } else {
            out = join(out, u32::from(run.0) << 8 | run.1.min(12));
            run = (class, 1);
        }
    }
    join(out, u32::from(run.0) << 8 | run.1.min(12))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::token::tokens;

    #[test]
    fn patterns_tell_runs_and_signs() {
        let of = |text: &[u8]| pattern(text, UnitKind::Code);
        assert_eq!(of(b"AB-12"), of(b"QZ-90"));
        assert_eq!(of(b"ab1"), of(b"z\xe97"));
        let different: std::collections::BTreeSet<u32> =
            ["AB-12", "AB/12", "AB-123", "Ab-12", "AB-1Z", "12-AB"]
                .map(|t| of(t.as_bytes()))
                .into();
        assert_eq!(different.len(), 6);
    }

    /// What a text's units are, and where the notable ones are; by the long way
    /// alone, or by both.
    fn read(text: &str, long: bool) -> (Vec<String>, Vec<usize>) {
        let text = text.as_bytes();
        let mut all = Vec::new();
        tokens(text, 0, text.len(), &mut all);
        let mut spans = vec![Span { start: 0, end: 0 }; all.len()];
        let mut items = vec![Item::NOTHING; all.len()];
        let mut notable = Vec::new();
        all.extend([Token::END; BEHIND]);
        let mut reader = Reader::new(text, &all, &mut spans, &mut items, &mut notable);
        let many = match long {
            true => {
                let mut at = 0;
                while at < reader.tokens.len() {
                    at = reader.unit(at);
                }
                reader.many
            }
            false => reader.read(),
        };
        let units = spans.iter().zip(&items).take(many);
        let told = units.map(|unit| format!("{unit:?}")).collect();
        (told, notable)
    }

    #[test]
    fn the_short_way_leads_where_the_long_one_does() {
        // Labels, terms of one word and several, common words that start some,
        // names, dates, codes, near misses of drugs, signs.
        const WORDS: &[&str] = &[
            "the",
            "a",
            "in",
            "for",
            "Patient",
            "MRN",
            "DOB",
            "date",
            "of",
            "birth",
            "blood",
            "pressure",
            "high",
            "type",
            "2",
            "diabetes",
            "mellitus",
            "heart",
            "attack",
            "stress",
            "test",
            "elder",
            "abuse",
            "metformin",
            "metfromin",
            "HbA1c",
            "x",
            "ray",
            "front",
            "desk",
            "your",
            "appointment",
            "March",
            "may",
            "Mon",
            "14",
            "2026",
            "03/04/1961",
            "00482913",
            "E11.9",
            "Lindqvist",
            "O'Brien",
            "ALPHA",
            "Zyx",
            "phone",
            "fax",
            "IBAN",
            "www",
            "https",
            "Dr",
            "I",
            "HIV",
            "positive",
            "chest",
            "pain",
            "c",
            "diff",
            "s",
            "p",
            "follow",
            "up",
            "HTTPS",
            "AB",
            "12AB",
            "don't",
            "kidney",
            "Center",
        ];
        const BETWEEN: &[&str] = &[
            " ", " ", " ", " ", " ", " ", "  ", "\n", "\n\n", "\t", ", ", ". ", ".", "-", "/",
            ": ", ":", " (", ") ", "'", " - ", "@", "://", "#", "; ",
        ];
        let mut state = 3u32;
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let (mut units, mut notables) = (0, 0);
        for _ in 0..6_000 {
            let text: String = (0..next(40))
                .flat_map(|_| [WORDS[next(WORDS.len())], BETWEEN[next(BETWEEN.len())]])
                .collect();
            let (short, long) = (read(&text, false), read(&text, true));
            assert_eq!(short, long, "{text:?}");
            units += long.0.len();
            notables += long.1.len();
        }
        assert!(units > 100_000 && notables > 10_000, "{units} {notables}");
    }
}
