//! Which stretches of a text go, and what stands in their place.

use std::collections::HashMap;
use std::ops::Range;

use super::repeats::{Repeats, Spelt};
use super::{Style, html};
use crate::base::crypto;
use crate::dlp::view::fold;
use crate::dlp::{Finding, FindingKind};

/// Stands for one character.
pub(super) const BOX: char = '█';
/// The number of each value among those of its kind.
pub(super) struct Values(HashMap<(FindingKind, [u8; 32]), usize>);

impl Values {
    /// In the order given.
    pub(super) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut numbers = HashMap::new();
        let mut counts: HashMap<FindingKind, usize> = HashMap::new();
        for finding in findings {
            numbers.entry(key(finding)).or_insert_with(|| {
                let count = counts.entry(finding.kind).or_default();
                *count += 1;
                *count
            });
        }
        Self(numbers)
    }
}

fn key(finding: &Finding) -> (FindingKind, [u8; 32]) {
    (finding.kind, digest(finding))
}

/// The same for one value, of whatever kind.
pub(super) fn digest(finding: &Finding) -> [u8; 32] {
    crypto::sha256(finding.bare().expose().as_bytes())
}

/// A stretch that goes, and its label.
#[derive(Clone)]
struct Mark {
    range: Range<usize>,
    label: String,
}

/// The stretches of one text that go: in order, none overlapping; and the
/// values that go wherever they stand.
pub(super) struct Marks {
    marks: Vec<Mark>,
    /// Where single findings begin and end, in order.
    starts: Vec<usize>,
    ends: Vec<usize>,
    style: Style,
    repeats: Repeats,
    markup: bool,
}

impl Marks {
    pub(super) fn new(
        text: &str,
        findings: &[&Finding],
        values: &Values,
        style: Style,
        markup: bool,
    ) -> Self {
        let label = |finding: &Finding| {
            let kind = finding.kind.word().to_uppercase();
            match (style, values.0.get(&key(finding))) {
                (Style::Pseudonym, Some(number)) => format!("[{kind}-{number}]"),
                _ => format!("[{kind}]"),
            }
        };
        let mut found: Vec<(Range<usize>, &Finding)> = findings
            .iter()
            .map(|f| (within(text, &f.span), *f))
            .filter(|(range, _)| !range.is_empty())
            .collect();
        let starts = found.iter().map(|(range, _)| range.start);
        let starts = sorted(starts);
        let ends = sorted(found.iter().map(|(range, _)| range.end));
        // The longest first among those that begin alike: its label stays.
        found.sort_by_key(|(range, f)| (range.start, usize::MAX - range.end, f.kind));
        let mut marks: Vec<(Mark, usize)> = Vec::new();
        for (range, finding) in found {
            let length = range.len();
            match marks.last_mut() {
                Some((last, longest)) if range.start < last.range.end => {
                    last.range.end = last.range.end.max(range.end);
                    if length > *longest {
                        *longest = length;
                        last.label = label(finding);
                    }
                }
                _ => {
                    let label = label(finding);
                    marks.push((Mark { range, label }, length));
                }
            }
        }
        let mut all = Self {
            marks: marks.into_iter().map(|(mark, _)| mark).collect(),
            starts,
            ends,
            style,
            repeats: Repeats::default(),
            markup,
        };
        for finding in findings {
            let is_name = matches!(finding.kind, FindingKind::Name | FindingKind::Provider);
            let mut repeat = |value: &str| {
                let words: Vec<&str> = words(value, characters)
                    .filter_map(|word| value.get(word))
                    .collect();
                let first = words.first().copied().unwrap_or_default();
                let spelt = Spelt {
                    words: &words.iter().map(|word| spelled(word)).collect::<Vec<_>>(),
                    is_name,
                    is_capital: is_capital(first, characters),
                };
                all.repeats.add(&spelt, || label(finding));
            };
            repeat(finding.expose().expose());
            // The scanner gives what a page shows: it is looked for as it stands
            // here, too.
            if markup {
                let source = text.get(within(text, &finding.span)).unwrap_or_default();
                repeat(&html::decoded(source));
            }
        }
        all
    }

    /// Where the text's characters end.
    fn end_of(&self) -> CharacterEnd {
        match self.markup {
            true => html::characters,
            false => characters,
        }
    }

    /// Writes texts that follow one another.
    pub(super) fn writer(&self) -> Writer<'_> {
        Writer {
            marks: self,
            next: 0,
            told: false,
        }
    }

    /// Whether a finding begins or ends within a range: so it is not only of
    /// what stands around.
    pub(super) fn begins_or_ends_in(&self, range: &Range<usize>) -> bool {
        let from = self.starts.partition_point(|&s| s < range.start);
        let begins = self.starts.get(from).is_some_and(|&s| s < range.end);
        let from = self.ends.partition_point(|&e| e <= range.start);
        let ends = self.ends.get(from).is_some_and(|&e| e <= range.end);
        begins || ends
    }

    /// The marks that touch a range.
    pub(super) fn touch(&self, range: &Range<usize>) -> impl Iterator<Item = &Range<usize>> {
        let from = self.marks.partition_point(|m| m.range.end <= range.start);
        let marks = self.marks.get(from..).unwrap_or_default().iter();
        let end = range.end;
        marks.map(|m| &m.range).take_while(move |m| m.start < end)
    }
}

/// Writes pieces of one text in their order. A mark that stretches over several
/// pieces is told once.
pub(super) struct Writer<'a> {
    marks: &'a Marks,
    next: usize,
    told: bool,
}

/// Finds where the character at a place ends: an entity is one character.
pub(super) type CharacterEnd = fn(&str, usize) -> usize;

/// Characters as they stand.
pub(super) fn characters(text: &str, at: usize) -> usize {
    let length = text.get(at..).and_then(|rest| rest.chars().next());
    at + length.map_or(1, char::len_utf8)
}

impl Writer<'_> {
    /// Writes `range` of `text`.
    pub(super) fn text(
        &mut self,
        out: &mut String,
        text: &str,
        range: Range<usize>,
        end_of: CharacterEnd,
    ) {
        let mut at = range.start;
        loop {
            // Pieces may be written that no mark is in, and tags skipped.
            while let Some(mark) = self.marks.marks.get(self.next)
                && mark.range.end <= at
            {
                self.next += 1;
                self.told = false;
            }
            let Some(mark) = self.marks.marks.get(self.next) else {
                break;
            };
            if mark.range.start >= range.end {
                break;
            }
            let start = mark.range.start.max(at);
            self.kept(out, text, at..start);
            let end = mark.range.end.min(range.end);
            match self.marks.style {
                Style::Box => boxes(out, text, start..end, end_of),
                Style::Label | Style::Pseudonym if self.told => {}
                Style::Label | Style::Pseudonym => out.push_str(&mark.label),
            }
            self.told = true;
            at = end;
            if at == range.end {
                return;
            }
        }
        self.kept(out, text, at..range.end);
    }

    /// Writes what no finding covers, without the values that go everywhere.
    pub(super) fn kept(&self, out: &mut String, text: &str, range: Range<usize>) {
        let piece = text.get(range.clone()).unwrap_or_default();
        if self.marks.repeats.is_empty() || piece.is_empty() {
            out.push_str(piece);
            return;
        }
        let end_of = self.marks.end_of();
        let places: Vec<Range<usize>> = words(piece, end_of).collect();
        let read = |word: &Range<usize>| piece.get(word.clone()).unwrap_or_default();
        let spell = |word: &Range<usize>, out: &mut String| spell(read(word), end_of, out);
        let mut window = self.marks.repeats.window();
        let (mut at, mut index) = (0, 0);
        while let Some(word) = places.get(index) {
            let behind = places.get(index..).unwrap_or_default();
            let is_capital = is_capital(read(word), end_of);
            let again = self
                .marks
                .repeats
                .at(&mut window, behind, is_capital, spell);
            let Some((length, label)) = again else {
                index += 1;
                continue;
            };
            // What parts columns, values and lines stays where it is.
            let words = behind.get(..length).unwrap_or_default();
            let is_one = |a: &Range<usize>, b: &Range<usize>| {
                let between = piece.get(a.end..b.start).unwrap_or_default();
                !parts(between, end_of)
            };
            for together in words.chunk_by(is_one) {
                let (Some(first), Some(last)) = (together.first(), together.last()) else {
                    continue;
                };
                out.push_str(&piece[at..first.start]);
                match self.marks.style {
                    Style::Box => boxes(out, piece, first.start..last.end, end_of),
                    Style::Label | Style::Pseudonym => out.push_str(label),
                }
                at = last.end;
            }
            index += length;
        }
        out.push_str(&piece[at..]);
    }
}

/// Whether what stands between two words parts more than the words of a name or
/// a number: quotes, brackets, tabs, line ends, the commas of a table.
fn parts(between: &str, end_of: CharacterEnd) -> bool {
    let mut after_comma = false;
    for sign in each(between, end_of) {
        if is_unseen(sign) {
            continue;
        }
        let blank = all_of(sign, |c| {
            c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
        });
        let joins = blank
            || all_of(sign, |c| {
                matches!(c, '.' | ',' | '-' | '_' | '\'' | '’' | '/' | '@')
                    || ('\u{2010}'..='\u{2015}').contains(&c)
            });
        if !joins || after_comma && !blank {
            return true;
        }
        after_comma = all_of(sign, |c| c == ',');
    }
    after_comma
}

fn boxes(out: &mut String, text: &str, range: Range<usize>, end_of: CharacterEnd) {
    let mut at = range.start;
    while at < range.end {
        let end = end_of(text, at).min(range.end);
        match text.get(at..end) {
            Some(line @ ("\n" | "\r")) => out.push_str(line),
            // No character, but a tag that stands for none.
            Some(tag) if tag.len() > 1 && tag.starts_with('<') => {}
            _ => out.push(BOX),
        }
        at = end;
    }
}

/// Runs of letters and digits. What nobody sees parts none.
fn words(text: &str, end_of: CharacterEnd) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let mut signs = each(text, end_of);
    std::iter::from_fn(move || {
        let mut word: Option<Range<usize>> = None;
        for sign in signs.by_ref() {
            let start = at;
            at += sign.len();
            match &mut word {
                Some(word) if is_word(sign) => word.end = at,
                Some(_) if is_unseen(sign) => {}
                Some(_) => break,
                None if is_word(sign) => word = Some(start..at),
                None => {}
            }
        }
        word
    })
}

/// A text's characters, an entity being one.
fn each(text: &str, end_of: CharacterEnd) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        at = end_of(text, at).min(text.len());
        text.get(start..at).filter(|sign| !sign.is_empty())
    })
}

/// Whether a character, which may be an entity, is a letter or a digit.
fn is_word(character: &str) -> bool {
    all_of(character, char::is_alphanumeric) && !is_unseen(character)
}

/// Whether a reader sees nothing of it: a soft hyphen, a place where a line may
/// break, an accent by itself.
fn is_unseen(character: &str) -> bool {
    character.len() > 1 && all_of(character, |c| fold(c).is_none())
}

/// Whether all characters are so that one stands for, which may be an entity.
fn all_of(character: &str, is: impl Fn(char) -> bool) -> bool {
    let mut chars = character.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => is(c),
        _ => html::decoded(character).chars().all(is),
    }
}

/// A word of a value as values are compared.
fn spelled(word: &str) -> String {
    // In small letters one may be longer, by little.
    let mut out = String::with_capacity(word.len() * 2);
    spell(word, characters, &mut out);
    out
}

/// The same of a word of a text; whether the room was enough.
fn spell(word: &str, end_of: CharacterEnd, out: &mut String) -> bool {
    let mut push = |c: char| {
        let has_room = out.len() + c.len_utf8() <= out.capacity();
        if has_room {
            out.push(c);
        }
        has_room
    };
    each(word, end_of).all(|sign| {
        let mut chars = sign.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) if c.is_ascii_alphanumeric() => push(c.to_ascii_lowercase()),
            (Some(c), None) => super::plain_letters(c).all(&mut push),
            _ => {
                let letters = html::decoded(sign);
                letters
                    .chars()
                    .flat_map(super::plain_letters)
                    .all(&mut push)
            }
        }
    })
}

/// Whether a word begins with a capital.
fn is_capital(word: &str, end_of: CharacterEnd) -> bool {
    let first = each(word, end_of).next();
    first.is_some_and(|sign| all_of(sign, char::is_uppercase))
}

fn sorted(places: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut places: Vec<usize> = places.collect();
    places.sort_unstable();
    places
}

/// A span within the text, widened to whole characters.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}
