//! Full names, in the order and with the signs in which they usually stand.

use std::ops::Range;

use super::{Finder, NEAR};
use crate::dlp::roster::RosterField;
use crate::dlp::roster::keyed::Tag;
use crate::dlp::roster::normal::{self, Key};
use crate::dlp::token::{Gap, Shape, Token, hash};

/// Words of a name, initials among them.
const MAX_WORDS: usize = 7;
/// Tokens between two columns of a name: `","middleName":"`.
const MAX_BETWEEN: usize = 16;

/// Words of a name that are written small.
const PARTICLES: &[&[u8]] = &[
    b"de", b"la", b"del", b"van", b"von", b"der", b"den", b"dos", b"da", b"di", b"du", b"bin",
    b"al", b"el", b"le", b"ten", b"ter", b"y", b"st",
];

/// Words of which labels of names are made: `First name`, `given`, `lastName`.
const LABELS: &[u32] = &[
    hash(b"first"),
    hash(b"middle"),
    hash(b"last"),
    hash(b"given"),
    hash(b"family"),
    hash(b"name"),
    hash(b"names"),
    hash(b"initial"),
    hash(b"surname"),
    hash(b"forename"),
    hash(b"firstname"),
    hash(b"middlename"),
    hash(b"lastname"),
    hash(b"givenname"),
    hash(b"familyname"),
    hash(b"fname"),
    hash(b"lname"),
];

/// One word of what may be a name.
#[derive(Clone, Copy)]
struct Slot {
    token: usize,
    initial: bool,
}

/// What may be a name: words in one column, or in up to three.
struct Row {
    words: [Slot; MAX_WORDS],
    count: usize,
    /// How many words stand before the end of the first column, and of the
    /// second.
    edges: [Option<usize>; 2],
}

impl Row {
    fn push(&mut self, slot: Slot) {
        if let Some(place) = self.words.get_mut(self.count) {
            *place = slot;
            self.count += 1;
        }
    }

    /// Ends a column; false where a third one ends.
    fn edge(&mut self) -> bool {
        let free = self.edges.iter_mut().find(|e| e.is_none());
        free.map(|edge| *edge = Some(self.count)).is_some()
    }

    /// Whether a column ends here.
    fn is_edge(&self) -> bool {
        self.edges.contains(&Some(self.count))
    }

    fn columns(&self) -> [&[Slot]; 3] {
        let [first, second] = self.edges.map(|e| e.unwrap_or(self.count));
        [0..first, first..second, second..self.count]
            .map(|range| self.words.get(range).unwrap_or_default())
    }
}

impl Finder<'_> {
    /// A full name that starts at a word: the token behind it.
    pub(super) fn name(&mut self, at: usize) -> Option<usize> {
        let first = *self.tokens.get(at)?;
        // Names in lower case are words of the language too often.
        let counts = first.is_capital()
            || self.is_particle(at)
            || (self.is_joined(at) || self.near_any(&first.range())) && self.is_word_of_name(at);
        if !counts {
            return None;
        }
        let row = self.words_of(at, first);
        if row.count < 2 {
            return None;
        }
        let [first, second, third] = row.columns();
        // `Lindqvist Jr., Pat`
        let before = match first.split_last() {
            Some((last, rest)) if !rest.is_empty() && self.is_suffix(last.token) => rest,
            _ => first,
        };
        // `Last, First`, and columns in either order; the second may be of middle names.
        let third = if second.len() <= 2 { third } else { &[] };
        for behind in [second, third] {
            for length in (1..=behind.len().min(3)).rev() {
                let behind = behind.get(..length)?;
                let last = behind.last()?.token;
                let found = self.tried(at, last, &[behind, before])
                    || self.tried(at, last, &[before, behind]);
                if found {
                    return Some(last + 1);
                }
            }
        }
        // `Anna Berg, Peter Holm`: the first is whole by itself.
        self.in_a_row(at, first)
    }

    /// A name whose words stand one behind the other, the longest first.
    fn in_a_row(&mut self, at: usize, words: &[Slot]) -> Option<usize> {
        let known = words.len() > 1 && self.is_word_of_name(at);
        for length in (2..=words.len()).rev() {
            let words = words.get(..length)?;
            let last = *words.last()?;
            // `Pat Lindqvist I …` ends before; `Jin O` is whole.
            if last.initial && length > 2 {
                continue;
            }
            if self.tried(at, last.token, &[words])
                || known && self.tried_otherwise(at, last.token, words)
            {
                return Some(last.token + 1);
            }
        }
        None
    }

    /// The same words with middle names that the roster does not have, or with
    /// the family name first.
    fn tried_otherwise(&mut self, at: usize, last: usize, words: &[Slot]) -> bool {
        let Some((first, rest)) = words.split_first() else {
            return false;
        };
        let first = std::slice::from_ref(first);
        // Lines of a list are names of their own: two middle names are no guess across them.
        let lined = |slot: &Slot| self.gap(slot.token) >= Gap::Line;
        let most = if rest.iter().any(lined) { 1 } else { 2 };
        for middle in 1..=most {
            let family = rest.get(middle..).unwrap_or_default();
            if !family.is_empty() && self.tried(at, last, &[first, family]) {
                return true;
            }
        }
        // `LINDQVIST Pat`: in capitals the family name may stand first.
        let capitals = |slot: &Slot| {
            let token = self.tokens.get(slot.token);
            token.is_some_and(|t| t.shape == Shape::Upper)
        };
        match words.split_last() {
            Some((given, family)) if words.len() <= 4 && family.iter().all(capitals) => {
                self.tried(at, last, &[std::slice::from_ref(given), family])
            }
            _ => false,
        }
    }

    fn is_particle(&self, at: usize) -> bool {
        let word = self.bytes(at);
        matches!(word.len(), 2 | 3) && PARTICLES.contains(&word)
    }

    fn is_suffix(&self, at: usize) -> bool {
        normal::is_suffix(&self.bytes(at).to_ascii_lowercase())
    }

    /// Whether a sign joins a word with the one behind it, as in file names:
    /// `pat.lindqvist.txt`, `Pat_Lindqvist`. In an address of mail they are the
    /// address.
    fn is_joined(&self, at: usize) -> bool {
        matches!(self.bytes(at + 1), b"." | b"_")
            && self.gap(at + 1) == Gap::None
            && self.gap(at + 2) == Gap::None
            && self.tokens.get(at + 2).is_some_and(Token::is_word)
            && at.checked_sub(1).is_none_or(|n| self.bytes(n) != b"@")
            && !self.is_in_address(at)
    }

    fn is_in_address(&self, at: usize) -> bool {
        let end = self.range(at, at).end;
        let behind = self.text.get(end..).unwrap_or_default();
        let sign = behind
            .iter()
            .take(64)
            .find(|b| !(b.is_ascii_alphanumeric() || b"._+-'&=~".contains(b)));
        matches!(sign, Some(b'@' | b'%'))
    }

    /// The words from `at` on that may be one name, and the columns in which
    /// they stand.
    fn words_of(&self, at: usize, first: Token) -> Row {
        let slot = |at: usize, token: &Token| Slot {
            token: at,
            initial: token.end - token.start == 1,
        };
        let mut row = Row {
            words: [slot(at, &first); MAX_WORDS],
            count: 1,
            edges: [None; 2],
        };
        let capital = first.is_capital() || self.is_particle(at);
        let mut next = at + 1;
        while row.count < MAX_WORDS {
            let Some(token) = self.tokens.get(next) else {
                break;
            };
            let labelled = self.behind_label(next);
            if let Some(value) = labelled.filter(|_| row.edge()) {
                next = value;
            } else if token.gap == Gap::Paragraph {
                break;
            } else if token.shape == Shape::Sign {
                if !self.passes(next, &mut row) {
                    break;
                }
                next += 1;
                continue;
            } else if token.gap == Gap::Column && !row.is_edge() && !row.edge() {
                break;
            }
            let Some(token) = self.tokens.get(next).filter(|t| t.is_word()) else {
                break;
            };
            let goes_on = match capital {
                true => token.is_capital() || PARTICLES.contains(&self.bytes(next)),
                false => token.end - token.start == 1 || self.is_word_of_name(next),
            };
            if !goes_on {
                break;
            }
            row.push(slot(next, token));
            next += 1;
        }
        row
    }

    /// Whether a name may go on behind a sign.
    fn passes(&self, at: usize, row: &mut Row) -> bool {
        let last = row.words.get(row.count - 1);
        let short = last.is_some_and(|s| s.initial) || self.bytes(at - 1).len() <= 2;
        match self.bytes(at) {
            b"-" => self.gap(at) == Gap::None && self.gap(at + 1) == Gap::None,
            b"." if short => true,
            b"." | b"_" => self.is_joined(at - 1) && row.edge(),
            b"," | b";" | b"^" | b"|" | b"*" => row.edge(),
            // Quoted columns: `"Berg","Anna"`.
            b"\"" => row.is_edge() || matches!(self.bytes(at + 1), b"," | b";"),
            // A line of a reply: `> Lindqvist`. One with nothing else parts paragraphs.
            b">" => (self.gap(at) == Gap::Line) != (self.bytes(at - 1) == b">"),
            _ => false,
        }
    }

    /// The value behind a label of a name that starts at a token, with signs
    /// around it: `","lastName":"`, `Last name:`.
    fn behind_label(&self, at: usize) -> Option<usize> {
        let (mut named, mut open) = (false, false);
        for n in at..at + MAX_BETWEEN {
            let token = self.tokens.get(n)?;
            if token.shape != Shape::Sign {
                if !LABELS.contains(&token.hash) {
                    return (named && (open || token.gap >= Gap::Column)).then_some(n);
                }
                (named, open) = (true, false);
                continue;
            }
            match self.bytes(n) {
                b":" | b"=" | b"|" => open = named,
                b"\"" | b"'" | b"," | b";" | b"[" | b"]" | b"{" | b"}" | b"_" => {}
                _ => return None,
            }
        }
        None
    }

    /// Whether the words are somebody's name; then it is a hit.
    fn tried(&mut self, first: usize, last: usize, parts: &[&[Slot]]) -> bool {
        // Initials count for nothing, or they are a part of it: `Jin O`, `Kim O Connor`.
        let (mut without, mut with) = (Key::new(), Key::new());
        let (mut words, mut initials) = (0, 0);
        let mut begins = false;
        for slot in parts.iter().copied().flatten() {
            let word = self.bytes(slot.token);
            with.name(word);
            if slot.initial {
                initials += 1;
                begins |= slot.token == first;
            } else {
                without.name(word);
                words += 1;
            }
        }
        // `Pat Lindqvist, I think`: a letter alone is no part of a name.
        let whole = parts.iter().all(|part| part.iter().any(|s| !s.initial));
        words > 1 && !begins && whole && self.matched(first, last, without)
            || initials > 0 && words + initials > 1 && self.matched(first, last, with)
    }

    fn matched(&mut self, first: usize, last: usize, key: Key) -> bool {
        let roster = self.roster;
        let Some(bytes) = key.get() else {
            return false;
        };
        let filter = roster.hasher.filter(Tag::Name, bytes);
        if !roster.filter.may_hold(filter) {
            return false;
        }
        let named = roster.table.get(roster.hasher.exact(Tag::Name, bytes));
        if named.is_empty() {
            return false;
        }
        let range = self.range(first, last);
        if self.born(&range, key) {
            return true;
        }
        let capital = |n: usize| self.tokens.get(n).is_some_and(Token::is_capital);
        let begins = capital(first) || self.is_particle(first);
        let counts = begins && capital(last) || self.is_joined(first);
        if counts {
            self.push(range, RosterField::Name, false, named);
        }
        counts
    }

    /// Whether birth dates near a name are those of patients who have it.
    ///
    /// In a table of namesakes the date behind the name in its line is its own.
    /// Else it is all of theirs: each date is told with whose it is.
    fn born(&mut self, range: &Range<usize>, key: Key) -> bool {
        let roster = self.roster;
        let mut fits = Vec::new();
        for at in self.near(range) {
            let Some(date) = self.dates.get(at) else {
                continue;
            };
            // What may mean two days may be two patients' birth date.
            let mut who: Vec<u32> = Vec::new();
            for day in date.days.as_slice() {
                let mut key = key;
                key.extend(&day.to_le_bytes());
                let born = key.get().map(|key| roster.lookup(Tag::NameAndBirth, key));
                who.extend(born.unwrap_or_default());
            }
            if !who.is_empty() {
                fits.push((at, date.range.clone(), who));
            }
        }
        let behind = self.text.get(range.end..).unwrap_or_default();
        let line = behind.iter().take(NEAR).take_while(|b| **b != b'\n');
        let line = range.end..range.end + line.count();
        let own = fits.iter().find(|f| line.contains(&f.1.start));
        let who: Vec<u32> = match own {
            Some(own) => own.2.clone(),
            None => fits.iter().flat_map(|f| &f.2).copied().collect(),
        };
        self.push(range.clone(), RosterField::NameAndBirthDate, true, &who);
        for (at, born, who) in &fits {
            let date = self.dates.get_mut(*at);
            let told = date.is_none_or(|d| std::mem::replace(&mut d.reported, true));
            if !told {
                self.push(born.clone(), RosterField::BirthDate, true, who);
            }
        }
        !fits.is_empty()
    }
}
