//! What one paragraph tells by itself.
//!
//! A verdict is of a message as a whole, and the one line about a patient in a
//! newsletter or in minutes is outweighed by all that is about nobody. So where
//! the whole is not PHI, the paragraphs that name somebody beside health content
//! are judged alone, between the same sender and recipients.

use std::ops::Range;

use super::Scan;
use crate::base::{Phi, Sensitivity};
use crate::dlp::passage::{Passage, Region};
use crate::dlp::risk::features::features;
use crate::dlp::risk::summary::Summary;
use crate::dlp::risk::verdict::{Verdict, Words};
use crate::dlp::source::Source;
use crate::dlp::tagger::{Tag, tag};
use crate::dlp::token::Gap;
use crate::dlp::unit::Span;
use crate::dlp::{FindingClass, FindingKind, Part, Risk, rules};

/// Units of a paragraph, which a longer one is cut to.
const LONGEST: usize = 200;
/// Paragraphs of a message that are kept: more than minutes have, and few enough
/// that nobody waits for them.
const MOST: usize = 1_024;
/// How far a paragraph alone must speak for PHI: it has less to speak against
/// than the whole.
const SURE: i32 = 100;
/// The same of an item of a list, which has less still.
const ITEM_SURE: i32 = 300;

/// Paragraphs that may tell of somebody by themselves.
#[derive(Default)]
pub(super) struct Telling {
    /// That name one who is not taken for staff: these go first.
    named: Vec<Phi<String>>,
    others: Vec<Phi<String>>,
    /// Items of lists within them, as far as there is room.
    items: Vec<Phi<String>>,
    /// Where one stands for which there was no room.
    refused: Option<Part>,
}

impl Telling {
    /// Whether one more has room, maybe that of one that names staff alone.
    fn has_room(&self) -> bool {
        self.named.len() < MOST
    }

    fn keep(&mut self, named: bool, part: Part, text: String) {
        let full = self.named.len() + self.others.len() >= MOST;
        match named {
            true => {
                if full && let Some(other) = self.others.pop() {
                    other.wipe();
                    self.refused.get_or_insert(part);
                }
                self.named.push(Phi::new(text));
            }
            false if full => {
                Phi::new(text).wipe();
                self.refused.get_or_insert(part);
            }
            false => self.others.push(Phi::new(text)),
        }
    }
}

impl Scan<'_> {
    /// Keeps the paragraphs of a passage that name somebody beside health
    /// content.
    pub(super) fn note_telling(
        &mut self,
        source: &Source<'_>,
        passage: &Passage<'_>,
        tags: &[Tag],
    ) {
        let in_prose = matches!(source.part, Part::Text | Part::Html | Part::Attachment(_))
            && source.hints.is_empty();
        if !in_prose {
            return;
        }
        self.note_items(passage, tags);
        let mut rest = tags;
        while self.telling.has_room()
            && let Some((units, here, more)) = paragraph(passage, rest, opens)
        {
            rest = more;
            // A patient may be taken for one who works there; whom nobody takes for
            // one goes first.
            let named = here.iter().any(|t| t.kind == FindingKind::Name);
            let somebody = here
                .iter()
                .any(|t| matches!(t.kind, FindingKind::Name | FindingKind::Provider));
            let health = here.iter().any(|t| t.kind.class() == FindingClass::Health);
            if !somebody || !health {
                continue;
            }
            let text = text_of(passage, units);
            self.telling.keep(named, source.part, text);
        }
        if !rest.is_empty() {
            self.telling.refused.get_or_insert(source.part);
        }
    }

    /// Keeps the items of lists that do so: among all the others of its list one
    /// is outweighed too.
    fn note_items(&mut self, passage: &Passage<'_>, tags: &[Tag]) {
        let mut rest = tags;
        while self.telling.items.len() < MOST
            && let Some((units, here, more)) = paragraph(passage, rest, opens_item)
        {
            rest = more;
            let named = here.iter().any(|t| t.kind == FindingKind::Name);
            let health = here.iter().any(|t| t.kind.class() == FindingClass::Health);
            if !named || !health {
                continue;
            }
            let listed = |span: &Span| is_listed(passage.text, span.start as usize);
            if passage.spans.get(units.start).is_some_and(listed) {
                let text = text_of(passage, units);
                self.telling.items.push(Phi::new(text));
            }
        }
    }

    /// What the most telling paragraph is by itself, where it is PHI.
    pub(super) fn telling(&mut self) -> Option<Risk> {
        let units = self.summary.units as usize;
        let mut most: Option<Risk> = None;
        let Telling {
            named,
            others,
            items,
            refused,
        } = std::mem::take(&mut self.telling);
        let paragraphs = named.into_iter().chain(others).map(|text| (text, SURE));
        let items = items.into_iter().map(|text| (text, ITEM_SURE));
        for (text, sure) in paragraphs.chain(items) {
            let risk = self.alone(text.expose(), units, sure);
            text.wipe();
            let more = |risk: &Risk| most.as_ref().is_none_or(|most| risk.score > most.score);
            if let Some(risk) = risk.filter(more) {
                most = Some(risk);
            }
        }
        if let (None, Some(part)) = (&most, refused) {
            self.unscannable(part, "too_large");
        }
        most
    }

    /// What a paragraph is by itself, where it is PHI and not most of a message of
    /// so many words.
    fn alone(&mut self, text: &str, units: usize, sure: i32) -> Option<Risk> {
        let passage = self.read(text.as_bytes(), 0, text.len(), Region::Body);
        let mut summary = Summary::default();
        summary.read(&passage, None);
        let is_part = summary.units as usize * 2 <= units;
        let risk = is_part.then(|| self.judged(summary, &passage));
        self.done(passage);
        risk.filter(|risk| risk.sensitivity > Sensitivity::None && risk.score >= sure)
    }

    /// The verdict on a passage as on a message of its own.
    fn judged(&mut self, mut summary: Summary, passage: &Passage<'_>) -> Risk {
        let verdict = Verdict::get();
        let mut context = self.context.clone();
        context.speech = summary.speech();
        let told = features(&summary, &context, &self.envelope);
        let mut words = Words::default();
        verdict.read(&told, &mut words);
        context.prior = verdict.step(&told, &words);
        let memos = self.memos.as_deref_mut();
        let mut tags = tag(passage, &context, self.model, memos, &mut self.codes);
        rules::apply(passage, &mut tags, true);
        summary.add(passage, &tags, &context);
        verdict.judge(&features(&summary, &context, &self.envelope), &words)
    }
}

/// The paragraph of the first of some tags: its units, the tags in it and those
/// behind it.
fn paragraph<'t>(
    passage: &Passage<'_>,
    tags: &'t [Tag],
    opens: Opens,
) -> Option<(Range<usize>, &'t [Tag], &'t [Tag])> {
    let at = tags.first()?.first;
    let end = end_of(passage, at, opens);
    let behind = tags.iter().position(|t| t.first >= end);
    let (here, more) = tags.split_at(behind.unwrap_or(tags.len()));
    Some((start_of(passage, at, opens)..end, here, more))
}

/// Some units as text.
fn text_of(passage: &Passage<'_>, units: Range<usize>) -> String {
    let spans = passage.spans.get(units).unwrap_or_default();
    let text = match (spans.first(), spans.last()) {
        (Some(first), Some(last)) => passage.text.get(first.start as usize..last.end as usize),
        _ => None,
    };
    String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
}

/// Whether a unit opens a paragraph, or none stands there.
fn opens(passage: &Passage<'_>, at: usize) -> bool {
    let item = passage.items.get(at);
    item.is_none_or(|item| item.gap >= Gap::Paragraph)
}

/// The same, where each item of a list is a paragraph too.
fn opens_item(passage: &Passage<'_>, at: usize) -> bool {
    let (Some(item), Some(span)) = (passage.items.get(at), passage.spans.get(at)) else {
        return true;
    };
    opens(passage, at) || item.gap == Gap::Line && is_listed(passage.text, span.start as usize)
}

/// Whether the line of its first unit is an item of a list: `- `, `* `, `3. `,
/// `b) `.
fn is_listed(text: &[u8], unit: usize) -> bool {
    let before = text.get(..unit).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let line = text.get(start..).unwrap_or_default();
    let line = line.get(..line.len().min(80)).unwrap_or_default();
    let line = line.trim_ascii_start();
    let count = |is: fn(&u8) -> bool| line.iter().take_while(|b| is(b)).count();
    let behind = match line.first() {
        // Of other signs a bullet is the only one that stands alone.
        Some(b'-' | b'*' | b'+' | b'o' | 0x80..) => 1,
        Some(b'0'..=b'9') => count(u8::is_ascii_digit).min(3) + 1,
        Some(b'a'..=b'h' | b'A'..=b'H') => 2,
        _ => return false,
    };
    let sign = line.get(behind - 1);
    let lettered = behind > 1;
    (!lettered || matches!(sign, Some(b'.' | b')' | b':')))
        && matches!(line.get(behind), Some(b' ' | b'\t'))
}

/// Whether something opens at a unit.
type Opens = fn(&Passage<'_>, usize) -> bool;

/// The first unit of the paragraph of a unit.
fn start_of(passage: &Passage<'_>, at: usize, opens: Opens) -> usize {
    let from = at.saturating_sub(LONGEST);
    let mut before = (from + 1..=at).rev();
    before.find(|n| opens(passage, *n)).unwrap_or(from)
}

/// Behind the last one.
fn end_of(passage: &Passage<'_>, at: usize, opens: Opens) -> usize {
    let mut behind = at + 1..at + LONGEST;
    let end = behind.find(|n| opens(passage, *n));
    end.unwrap_or(at + LONGEST).min(passage.items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_lists_are_paragraphs() {
        let listed = |before: &[u8], line: &[u8]| {
            let text = [before, b"\n", line].concat();
            is_listed(&text, text.len() - 1)
        };
        let items: [&[u8]; 9] = [
            b"- x", b"* x", b" + x", b"o x", b"\x95 x", b"1. x", b"12) x", b"b) x", b"C. x",
        ];
        for line in items {
            assert!(listed(b"before", line), "{line:?}");
        }
        let others: [&[u8]; 7] = [b"x", b"-x", b"of x", b"1 x", b"1234. x", b"a x", b"call. x"];
        for line in others {
            assert!(!listed(b"- before", line), "{line:?}");
        }
    }

    #[test]
    fn paragraphs_that_name_no_staff_go_first() {
        let mut telling = Telling::default();
        let mut told = |named, many| {
            for _ in 0..many {
                telling.keep(named, Part::Text, "told".to_owned());
            }
            (
                telling.named.len(),
                telling.others.len(),
                telling.has_room(),
            )
        };
        assert_eq!(told(true, 3), (3, 0, true));
        assert_eq!(told(false, 2 * MOST), (3, MOST - 3, true));
        assert_eq!(told(true, 7), (10, MOST - 10, true));
        assert_eq!(told(true, MOST - 10), (MOST, 0, false));
        assert_eq!(telling.refused, Some(Part::Text));
    }
}
