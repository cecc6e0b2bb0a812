//! Which stretches of a text go, and what stands in their place.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::{Style, html};
use crate::base::crypto;
use crate::dlp::{Finding, FindingKind};

/// Stands for one character.
const BOX: char = '█';
/// A value of fewer letters and digits says little, and stands everywhere.
const SHORTEST: usize = 3;
/// Longer values are not looked for a second time.
const MOST_WORDS: usize = 12;

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
    let bare = finding.bare();
    (finding.kind, crypto::sha256(bare.expose().as_bytes()))
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
    repeats: HashMap<String, String>,
    first_words: HashSet<String>,
    lengths: BTreeSet<usize>,
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
            repeats: HashMap::new(),
            first_words: HashSet::new(),
            lengths: BTreeSet::new(),
            markup,
        };
        for finding in findings {
            all.repeat(finding.expose().expose(), || label(finding));
            // The scanner gives what a page shows, without accents that were
            // written as entities: it is looked for as it stands here, too.
            if markup {
                let source = text.get(within(text, &finding.span)).unwrap_or_default();
                all.repeat(&html::decoded(source), || label(finding));
            }
        }
        all
    }

    /// Remembers a value that is to go wherever it stands.
    fn repeat(&mut self, value: &str, label: impl FnOnce() -> String) {
        let words: Vec<Range<usize>> = words(value, characters).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return;
        };
        let core = &value[first.start..last.end];
        let long = core.chars().filter(|c| c.is_alphanumeric()).count() >= SHORTEST;
        if long && words.len() <= MOST_WORDS {
            self.first_words.insert(value[first.clone()].to_owned());
            self.lengths.insert(words.len());
            self.repeats.entry(core.to_owned()).or_insert_with(label);
        }
    }

    /// Where the text's characters end.
    fn end_of(&self) -> CharacterEnd {
        match self.markup {
            true => html::characters,
            false => characters,
        }
    }

    /// A stretch of the text as values are remembered.
    fn read<'t>(&self, stretch: &'t str) -> Cow<'t, str> {
        match self.markup && stretch.contains('&') {
            true => Cow::Owned(html::decoded(stretch)),
            false => Cow::Borrowed(stretch),
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
        let all: Vec<Range<usize>> = words(piece, self.marks.end_of()).collect();
        let (mut at, mut index) = (0, 0);
        while let Some(word) = all.get(index) {
            let again = self.again(piece, &all, index);
            let Some((length, end, label)) = again else {
                index += 1;
                continue;
            };
            out.push_str(&piece[at..word.start]);
            match self.marks.style {
                Style::Box => boxes(out, piece, word.start..end, self.marks.end_of()),
                Style::Label | Style::Pseudonym => out.push_str(label),
            }
            at = end;
            index += length;
        }
        out.push_str(&piece[at..]);
    }

    /// The longest value that begins with this word: its words, its end and
    /// its label.
    fn again(
        &self,
        piece: &str,
        all: &[Range<usize>],
        index: usize,
    ) -> Option<(usize, usize, &str)> {
        let first = all.get(index)?;
        let word = self.marks.read(&piece[first.clone()]);
        if !self.marks.first_words.contains(&*word) {
            return None;
        }
        self.marks.lengths.iter().rev().find_map(|&length| {
            let end = all.get(index + length - 1)?.end;
            let stretch = self.marks.read(&piece[first.start..end]);
            let label = self.marks.repeats.get(&*stretch)?;
            Some((length, end, label.as_str()))
        })
    }
}

fn boxes(out: &mut String, text: &str, range: Range<usize>, end_of: CharacterEnd) {
    let mut at = range.start;
    while at < range.end {
        let end = end_of(text, at).min(range.end);
        match text.get(at..end) {
            Some(line @ ("\n" | "\r")) => out.push_str(line),
            _ => out.push(BOX),
        }
        at = end;
    }
}

/// Runs of letters and digits.
fn words(text: &str, end_of: CharacterEnd) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let mut signs = each(text, end_of);
    std::iter::from_fn(move || {
        let mut word: Option<Range<usize>> = None;
        for sign in signs.by_ref() {
            let start = at;
            at += sign.len();
            match &mut word {
                Some(_) if !is_word(sign) => break,
                Some(word) => word.end = at,
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
    let mut chars = character.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => c.is_alphanumeric(),
        _ => html::decoded(character).chars().all(char::is_alphanumeric),
    }
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
