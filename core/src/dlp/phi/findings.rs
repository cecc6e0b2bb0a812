//! What a tag is in its part: a finding with its place and value.

use std::ops::Range;

use crate::base::Phi;
use crate::dlp::passage::Passage;
use crate::dlp::risk::summary::category_of;
use crate::dlp::source::Source;
use crate::dlp::tagger::Tag;
use crate::dlp::{Evidence, Finding, rules};

/// A tag as a finding.
pub(super) fn finding(source: &Source<'_>, passage: &Passage<'_>, tag: &Tag) -> Finding {
    let (start, end) = bytes_of(passage, tag);
    let (Range { start, end }, span) = source.view.place(start..end);
    let (confidence, mut evidence) = rules::evidence(passage, tag);
    let value = value(source, start..end, &span);
    let hidden = start >= source.view.hidden;
    // Characters that nobody sees stand inside it: fewer places are read.
    let places = || {
        let mut places: Vec<usize> = (start..end).map(|n| source.view.at(n).start).collect();
        places.dedup();
        places.len()
    };
    let split = !source.view.markup
        && !source.view.rewrites(&span)
        && span.len() != end - start
        && source
            .text
            .get(span.clone())
            .is_some_and(|text| text.chars().count() != places());
    if hidden || split {
        // The last of all.
        evidence.push(Evidence::Obfuscated);
    }
    let mut finding = Finding::new(tag.kind, source.part, span, confidence, value);
    finding.evidence = evidence;
    finding.category = category_of(passage, tag);
    finding.inside = source.inside.map(Phi::from);
    finding
}

/// The text of a range of the view: of plain text as it stands, of markup what
/// a reader sees. `span` is where it stands in the part.
pub(super) fn value(source: &Source<'_>, range: Range<usize>, span: &Range<usize>) -> Phi<String> {
    let text = match source.text.get(span.clone()) {
        Some(_) if source.view.rewrites(span) => source.view.as_read(source.text, span.clone()),
        Some(text) if !source.view.markup => text.to_owned(),
        _ => source.view.seen(source.text, range),
    };
    Phi::new(text)
}

pub(super) fn bytes_of(passage: &Passage<'_>, tag: &Tag) -> (usize, usize) {
    let start = passage.spans.get(tag.first).map_or(0, |u| u.start as usize);
    let end = passage
        .spans
        .get(tag.last - 1)
        .map_or(start, |u| u.end as usize);
    (start, end.max(start))
}
