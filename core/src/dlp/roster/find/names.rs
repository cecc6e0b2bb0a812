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

/// Words before a name that are no part of it.
const TITLES: &[&[u8]] = &[
    b"mr", b"mrs", b"ms", b"miss", b"dr", b"doctor", b"prof", b"rev", b"sir", b"nurse",
];

/// Which part of a name a label names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Given,
    Middle,
    Family,
}

/// Words of which labels of names are made, `First name`, `given`, `lastName`,
/// and what they name.
const LABELS: &[(u32, Option<Label>)] = &[
    (hash(b"name"), None),
    (hash(b"names"), None),
    (hash(b"first"), Some(Label::Given)),
    (hash(b"given"), Some(Label::Given)),
    (hash(b"forename"), Some(Label::Given)),
    (hash(b"firstname"), Some(Label::Given)),
    (hash(b"givenname"), Some(Label::Given)),
    (hash(b"fname"), Some(Label::Given)),
    (hash(b"middle"), Some(Label::Middle)),
    (hash(b"middlename"), Some(Label::Middle)),
    (hash(b"initial"), Some(Label::Middle)),
    (hash(b"last"), Some(Label::Family)),
    (hash(b"family"), Some(Label::Family)),
    (hash(b"surname"), Some(Label::Family)),
    (hash(b"lastname"), Some(Label::Family)),
    (hash(b"familyname"), Some(Label::Family)),
    (hash(b"lname"), Some(Label::Family)),
];

/// What a word of a label names; `Some(None)` for `name` alone.
fn label(token: &Token) -> Option<Option<Label>> {
    let known = LABELS.iter().find(|(hash, _)| *hash == token.hash);
    known.map(|(_, label)| *label)
}

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
    /// What the labels of the first column and of the last one say.
    labels: [Option<Label>; 2],
    /// The column with the other part of the name, where labels say so.
    pair: Option<usize>,
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

    /// Goes on behind a label, if it is of the same person: one given and one
    /// family name, each once.
    fn labelled(&mut self, label: Label) -> bool {
        let [own, before] = self.labels;
        let fits = match (own, label) {
            (Some(Label::Given | Label::Family), Label::Middle) => before == own,
            (Some(Label::Given), Label::Family) | (Some(Label::Family), Label::Given) => {
                before == own || before == Some(Label::Middle)
            }
            _ => false,
        };
        // A column that a sign ended has no label.
        let column = self.edges.iter().flatten().count() + 1;
        let fits = fits && (column == 1 || before == Some(Label::Middle)) && self.edge();
        if fits {
            self.labels = [own, Some(label)];
            self.pair = (label != Label::Middle).then_some(column);
        }
        fits
    }

    fn columns(&self) -> [&[Slot]; 3] {
        let [first, second] = self.edges.map(|e| e.unwrap_or(self.count));
        [0..first, first..second, second..self.count]
            .map(|range| self.words.get(range).unwrap_or_default())
    }
}

impl Finder<'_> {
    /// A full name that starts at a word: the token behind what it takes.
    pub(super) fn name(&mut self, at: usize) -> Option<usize> {
        let first = *self.tokens.get(at)?;
        if first.is_capital() || self.is_particle(at) {
            let found = self.name_of(at, true);
            if found.is_some() || first.is_capital() {
                return found;
            }
        }
        // Names in lower case are words of the language too often.
        let counts = (self.goes_on(at) || self.near_any(&first.range()))
            && self.is_word_of_name(at)
            && (self.is_joined(at) || self.near_any(&first.range()));
        counts.then(|| self.name_of(at, false)).flatten()
    }

    fn name_of(&mut self, at: usize, capital: bool) -> Option<usize> {
        let row = self.words_of(at, capital);
        if row.count < 2 {
            return None;
        }
        if let Some(column) = row.pair {
            let second = row.columns().get(column).and_then(|c| c.first()).copied();
            self.paired = second.map_or(self.paired, |s| s.token);
        }
        // A guess never stands above a name that is there as it is.
        self.whole(at, &row, true)
            .or_else(|| self.guessed(at, &row, capital))
    }

    /// A name as the roster has it: the token behind it. A hit, where it is to
    /// be told.
    fn whole(&mut self, at: usize, row: &Row, tell: bool) -> Option<usize> {
        let [first, second, third] = row.columns();
        let before = self.without_suffix(first);
        let behind = match row.pair {
            Some(2) => third,
            _ => second,
        };
        // `Last, First`, and columns in either order.
        for length in (1..=behind.len().min(3)).rev() {
            let behind = behind.get(..length)?;
            let last = behind.last()?.token;
            let own = row.pair.and(row.labels[0]);
            let found = own != Some(Label::Given) && self.tried(at, last, &[behind, before], tell)
                || own != Some(Label::Family) && self.tried(at, last, &[before, behind], tell);
            if found {
                return Some(last + 1);
            }
        }
        // A middle name between, which the roster has.
        if row.pair.is_none() && second.iter().any(|s| !s.initial) {
            for length in (1..=third.len().min(3)).rev() {
                let third = third.get(..length)?;
                let last = third.last()?.token;
                if self.in_one_line(at, last)
                    && self.tried(at, last, &[before, second, third], tell)
                {
                    return Some(last + 1);
                }
            }
        }
        // `Anna Berg, Peter Holm`: the first is whole by itself.
        for length in (2..=first.len()).rev() {
            let words = first.get(..length)?;
            let last = *words.last()?;
            // `Pat Lindqvist I …` ends before; `Jin O` is whole.
            if (!last.initial || length == 2) && self.tried(at, last.token, &[words], tell) {
                return Some(last.token + 1);
            }
        }
        None
    }

    /// A name with middle names that the roster does not have, or with the
    /// family name first. It takes no text in which another name stands as it
    /// is.
    fn guessed(&mut self, at: usize, row: &Row, capital: bool) -> Option<usize> {
        let [first, second, third] = row.columns();
        // `Pat,,Lindqvist`, `Pat,R.,Lindqvist`
        if row.pair.is_none() && second.iter().all(|s| s.initial) {
            for length in (1..=third.len().min(3)).rev() {
                let third = third.get(..length)?;
                let last = third.last()?.token;
                let alone = self.in_one_line(at, last);
                for parts in [[first, third], [third, first]] {
                    if alone
                        && self.tried(at, last, &parts, false)
                        && self.inner(third, capital).is_none()
                        && self.tried(at, last, &parts, true)
                    {
                        return Some(last + 1);
                    }
                }
            }
        }
        if first.len() < 2 || !self.is_word_of_name(at) {
            return None;
        }
        for length in (2..=first.len()).rev() {
            let words = first.get(..length)?;
            let (given, rest) = words.split_at_checked(1)?;
            let last = *words.last()?;
            if last.initial {
                continue;
            }
            // Lines of a list are names of their own: two middle names are no guess across them.
            let most = 1 + usize::from(self.in_one_line(at, last.token));
            for middle in 1..=most {
                let Some((between, family)) = rest.split_at_checked(middle) else {
                    continue;
                };
                let parts = [given, family];
                let fits = !family.is_empty()
                    && !between.iter().any(|s| self.is_title(s.token))
                    && self.tried(at, last.token, &parts, false);
                if !fits {
                    continue;
                }
                // `Anna Kim Patterson` may be Anna's name, and Kim's.
                let inner = self.inner(rest, capital);
                if (middle == 1 || inner.is_none()) && self.tried(at, last.token, &parts, true) {
                    return Some(inner.unwrap_or(last.token + 1));
                }
            }
            // `LINDQVIST Pat`: a family name in capitals may stand first.
            let upper = |slot: &Slot| {
                let token = self.tokens.get(slot.token);
                token.is_some_and(|t| t.shape == Shape::Upper)
            };
            let (family, given) = words.split_at_checked(length - 1)?;
            let parts = [given, family];
            if family.len() <= 3
                && family.iter().all(upper)
                && !given.iter().any(upper)
                && self.tried(at, last.token, &parts, false)
                && self.inner(rest, capital).is_none()
                && self.tried(at, last.token, &parts, true)
            {
                return Some(last.token + 1);
            }
        }
        None
    }

    /// The first of these words at which a name starts that stands there as it
    /// is.
    fn inner(&mut self, words: &[Slot], capital: bool) -> Option<usize> {
        let mut starts = words.iter().map(|slot| slot.token);
        starts.find(|at| {
            let row = self.words_of(*at, capital);
            self.whole(*at, &row, false).is_some()
        })
    }

    fn in_one_line(&self, first: usize, last: usize) -> bool {
        let text = self.text.get(self.range(first, last));
        !text.unwrap_or_default().contains(&b'\n')
    }

    /// `Lindqvist Jr., Pat`
    fn without_suffix<'s>(&self, words: &'s [Slot]) -> &'s [Slot] {
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() && self.is_suffix(last.token) => rest,
            _ => words,
        }
    }

    fn is_title(&self, at: usize) -> bool {
        TITLES.contains(&self.bytes(at).to_ascii_lowercase().as_slice()) || self.is_suffix(at)
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
        self.goes_on(at) && !self.is_in_address(at)
    }

    fn goes_on(&self, at: usize) -> bool {
        matches!(self.bytes(at + 1), b"." | b"_")
            && self.gap(at + 1) == Gap::None
            && self.gap(at + 2) == Gap::None
            && self.tokens.get(at + 2).is_some_and(Token::is_word)
    }

    fn is_in_address(&self, at: usize) -> bool {
        let range = self.range(at, at);
        let before = self.text.get(range.start.saturating_sub(256)..range.start);
        let before = before.unwrap_or_default();
        let domain = |b: &u8| b.is_ascii_alphanumeric() || b".-".contains(b);
        let start = before.iter().rposition(|b| !domain(b));
        let behind = self.text.get(range.end..).unwrap_or_default();
        let local = |b: &u8| b.is_ascii_alphanumeric() || b"._+-'&=~".contains(b);
        let end = behind.iter().take(64).position(|b| !local(b));
        let sign = end.and_then(|n| behind.get(n..)).unwrap_or_default();
        start.is_some_and(|n| before.get(n) == Some(&b'@'))
            || sign.starts_with(b"@")
            || sign.starts_with(b"%40")
    }

    /// The words from `at` on that may be one name, and the columns in which
    /// they stand.
    fn words_of(&self, at: usize, capital: bool) -> Row {
        let slot = |at: usize| Slot {
            token: at,
            initial: self.range(at, at).len() == 1,
        };
        // The second part of one person is not the first part of the next.
        let own = (self.paired != at).then(|| self.label_before(at)).flatten();
        let mut row = Row {
            words: [slot(at); MAX_WORDS],
            count: 1,
            edges: [None; 2],
            labels: [own; 2],
            pair: None,
        };
        let mut next = at + 1;
        while row.count < MAX_WORDS {
            let Some(token) = self.tokens.get(next) else {
                break;
            };
            let label = own.and_then(|_| self.behind_label(next));
            if let Some((value, _)) = label.filter(|(_, label)| row.labelled(*label)) {
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
            row.push(slot(next));
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

    /// The value behind a label of a part of a name that starts at a token, with
    /// signs around it, and the part: `","lastName":"`, `Last name:`. No label
    /// of the same person stands behind a `}` or an empty line.
    fn behind_label(&self, at: usize) -> Option<(usize, Label)> {
        let (mut named, mut open) = (None, false);
        for n in at..at + MAX_BETWEEN {
            let token = self.tokens.get(n).filter(|t| t.gap != Gap::Paragraph)?;
            if token.shape != Shape::Sign {
                match (label(token), named) {
                    (None, Some(part)) => {
                        let value = open || token.gap >= Gap::Column;
                        return value.then_some((n, part));
                    }
                    (Some(None), _) => {}
                    (Some(Some(part)), None) => named = Some(part),
                    _ => return None,
                }
                open = false;
                continue;
            }
            match self.bytes(n) {
                b":" | b"=" | b"|" => open = named.is_some(),
                b"\"" | b"'" | b"," | b";" | b"[" | b"]" | b"_" => {}
                _ => return None,
            }
        }
        None
    }

    /// What the label says that stands before a value.
    fn label_before(&self, at: usize) -> Option<Label> {
        let mut open = self.gap(at) >= Gap::Column;
        let mut named = false;
        for n in (at.saturating_sub(MAX_BETWEEN)..at).rev() {
            let token = self.tokens.get(n)?;
            if token.shape != Shape::Sign {
                match label(token) {
                    Some(None) if open => named = true,
                    part => return part.flatten().filter(|_| open),
                }
                continue;
            }
            match self.bytes(n) {
                b":" | b"=" | b"|" if !named => open = true,
                b"\"" | b"'" | b"[" if !named => {}
                b"_" if named => {}
                _ => return None,
            }
        }
        None
    }

    /// Whether the words are somebody's name, the given ones in the first part:
    /// a hit, if it is to be told, and else any that may be one.
    fn tried(&mut self, first: usize, last: usize, parts: &[&[Slot]], tell: bool) -> bool {
        // Initials count for nothing, or they are a part of it.
        let (mut without, mut with) = (Key::new(), Key::new());
        let (mut words, mut initials) = (0, 0);
        let (mut begins, mut sure) = (false, true);
        for (n, part) in parts.iter().enumerate() {
            let family = n + 1 == parts.len();
            for (m, slot) in part.iter().enumerate() {
                let word = self.bytes(slot.token);
                if !slot.initial {
                    without.name(word);
                    with.name(word);
                    words += 1;
                    continue;
                }
                let starts = slot.token == first;
                begins |= starts;
                // `Kim O Connor`
                let next = part.get(m + 1).filter(|s| !s.initial);
                let joined = family
                    && n + m > 0
                    && matches!(word, b"O" | b"o" | b"D" | b"d")
                    && next.is_some_and(|s| s.token == slot.token + 1);
                // `Jin O`; `O, Jin` and `Young, A`.
                let alone = match parts.len() {
                    1 => m > 0 && m + 1 == part.len(),
                    _ => part.len() == 1 && (family || !starts),
                };
                // `A Young woman`: a letter before a word is seldom a name.
                let given = starts && n + m == 0 && (parts.len() == 1 || part.len() == 1);
                if joined || alone || given {
                    with.name(word);
                    initials += 1;
                    sure &= joined || alone;
                }
            }
        }
        // `Pat Lindqvist, I think`: a letter alone is no part of a name.
        let whole = parts.iter().all(|part| part.iter().any(|s| !s.initial));
        // `et al. Green`: a word that is written small begins a family name alone.
        let family = match parts {
            [_, family] => family.first().is_some_and(|s| s.token == first),
            _ => false,
        };
        let capital = |n: usize| self.tokens.get(n).is_some_and(Token::is_capital);
        let begun = capital(first) || family && self.is_particle(first);
        let counts = begun && capital(last) || self.is_joined(first);
        words > 1 && !begins && whole && self.matched(first, last, without, counts, tell)
            || initials > 0
                && words + initials > 1
                && self.matched(first, last, with, counts && sure, tell)
    }

    /// Whether a key is a name's: by itself, if that counts, or with a birth
    /// date near it. It is a hit then, if it is to be told.
    fn matched(&mut self, first: usize, last: usize, key: Key, counts: bool, tell: bool) -> bool {
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
        if !tell {
            return true;
        }
        let range = self.range(first, last);
        if self.born(&range, key) {
            return true;
        }
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
