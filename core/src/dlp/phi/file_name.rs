//! What the name of a file tells: numbers and addresses that its signs take
//! apart.

use super::{Scan, bytes_of};
use crate::compose::is_extension;
use crate::dlp::passage::{Passage, Region};
use crate::dlp::source::{CHUNK, Source};
use crate::dlp::tagger::Tag;
use crate::dlp::unit::UnitKind;
use crate::dlp::{FindingKind, rules};

/// The margin of what a shape tells that nothing else has.
const SHAPE: i16 = 25;

impl Scan<'_> {
    /// In a file name signs count as blanks, which takes numbers apart: they
    /// are looked for where only `_` and the like do.
    pub(super) fn numbers_in_name(
        &mut self,
        source: &Source<'_>,
        tags: &mut Vec<Tag>,
        name: &Passage<'_>,
    ) {
        let blank = |&b: &u8| if matches!(b, b'_' | b'+') { b' ' } else { b };
        let mut text: Vec<u8> = source.view.text.iter().map(blank).collect();
        if let Some(dot) = text.iter_mut().rfind(|b| **b == b'.') {
            *dot = b' ';
        }
        let last = text.len().min(CHUNK);
        let passage = Passage::read(&text, 0, last, Region::Header);
        let mut found = Vec::new();
        rules::apply(&passage, &mut found, true);
        found.retain(|tag| {
            let (start, end) = bytes_of(&passage, tag);
            let value = text.get(start..end).unwrap_or_default();
            !self.known.allows(tag.kind, value)
        });
        // They stand in the place of what was made of their pieces.
        tags.retain(|tag| {
            let (start, end) = bytes_of(name, tag);
            !found.iter().any(|f| {
                let (from, to) = bytes_of(&passage, f);
                start < to && from < end
            })
        });
        self.found_in(source, &passage, found);
    }

    /// E-mail addresses hang together by the signs that are blanks there.
    pub(super) fn addresses_in_name(&mut self, source: &Source<'_>) {
        let name = &source.view.text;
        if !name.contains(&b'@') {
            return;
        }
        let mut text = name
            .get(..name.len().min(CHUNK))
            .unwrap_or_default()
            .to_vec();
        let dot = text.iter().rposition(|b| *b == b'.');
        let end = |dot: usize| std::str::from_utf8(name.get(dot + 1..).unwrap_or_default());
        if let Some(dot) = dot.filter(|dot| end(*dot).is_ok_and(is_extension)) {
            text[dot] = b' ';
        }
        let passage = Passage::read(&text, 0, text.len(), Region::Subject);
        let tags: Vec<Tag> = (0..passage.items.len())
            .filter(|n| passage.items[*n].kind == UnitKind::Email)
            .map(|first| Tag {
                first,
                last: first + 1,
                kind: FindingKind::Email,
                margin: SHAPE,
            })
            .filter(|tag| {
                let (start, end) = bytes_of(&passage, tag);
                let value = text.get(start..end).unwrap_or_default();
                !self.known.allows(tag.kind, value)
            })
            .collect();
        self.found_in(source, &passage, tags);
    }
}
