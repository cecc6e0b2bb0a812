//! Text in which some stretches are written otherwise than they are read: the
//! escapes of a format, the folds of its lines.

use std::ops::Range;

use super::fold::fold;
use super::{Pen, View};

/// A stretch of a text and the character that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dlp) struct Written {
    start: u32,
    length: u32,
    reads: Option<char>,
}

impl Written {
    /// `None` as the character for what stands for nothing. Texts are shorter
    /// than 4 GiB.
    pub(in crate::dlp) fn new(range: Range<usize>, reads: Option<char>) -> Self {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            start: offset(range.start),
            length: offset(range.len()),
            reads,
        }
    }

    /// Where it stands.
    pub(in crate::dlp) fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}

impl<'a> View<'a> {
    /// Plain text of which some is written otherwise than it is read: stretches
    /// in order, none overlapping.
    pub(in crate::dlp) fn written(source: &'a str, written: Vec<Written>) -> Self {
        if written.is_empty() {
            return Self::plain(source);
        }
        let mut pen = Pen::with_capacity(source.len());
        let mut at = 0;
        for stretch in &written {
            let range = stretch.range();
            pen.push_str(source, at..range.start, false);
            if let Some(c) = stretch.reads
                && let Some(byte) = fold(c)
            {
                pen.push_folded(c, byte, range.clone());
            }
            at = range.end;
        }
        pen.push_str(source, at..source.len(), false);
        Self {
            written,
            ..pen.finish(source, None)
        }
    }

    /// Plain text with a blank before each of some places, which are in order and
    /// have ASCII before them: the blank stands for that character as well.
    pub(in crate::dlp) fn spaced(source: &'a str, places: &[usize]) -> Self {
        if places.is_empty() {
            return Self::plain(source);
        }
        let mut pen = Pen::with_capacity(source.len() + places.len());
        let mut at = 0;
        for &place in places {
            pen.push_str(source, at..place, false);
            pen.push(b' ', place.saturating_sub(1), place);
            at = place;
        }
        pen.push_str(source, at..source.len(), false);
        pen.finish(source, None)
    }

    /// Whether some of a range of the source is written otherwise than it is
    /// read.
    pub(in crate::dlp) fn rewrites(&self, source: &Range<usize>) -> bool {
        let from = self
            .written
            .partition_point(|w| w.range().end <= source.start);
        let next = self.written.get(from);
        next.is_some_and(|w| w.range().start < source.end)
    }

    /// A range of the source as it is read.
    pub(in crate::dlp) fn as_read(&self, source: &str, range: Range<usize>) -> String {
        as_read(source, range, &self.written)
    }
}

/// A range of a text as it is read.
pub(in crate::dlp) fn as_read(source: &str, range: Range<usize>, written: &[Written]) -> String {
    let mut out = String::with_capacity(range.len());
    let mut at = range.start;
    let from = written.partition_point(|w| w.range().start < range.start);
    let rest = written.get(from..).unwrap_or_default();
    for stretch in rest.iter().take_while(|w| w.range().end <= range.end) {
        out.push_str(source.get(at..stretch.range().start).unwrap_or_default());
        out.extend(stretch.reads);
        at = stretch.range().end;
    }
    out.push_str(source.get(at..range.end).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_leads_back_to_what_is_written() {
        let source = r"Jos\u00e9 é\n28\u0031 x";
        let at = |text: &str| {
            let start = source.find(text).unwrap();
            start..start + text.len()
        };
        let written = vec![
            Written::new(at(r"\u00e9"), Some('é')),
            Written::new(at(r"\n"), Some('\n')),
            Written::new(at(r"\u0031"), Some('1')),
            Written::new(at("x"), None),
        ];
        let view = View::written(source, written);
        assert_eq!(view.text.as_ref(), b"Jose e\n281 ");
        assert_eq!(view.as_read(source, 0..source.len()), "José é\n281 ");
        let number = view.back(at(r"28\u0031"));
        assert_eq!(&view.text[number.clone()], b"281");
        assert_eq!(&source[view.source(number)], r"28\u0031");
        assert!(!view.rewrites(&(0..3)));
        assert!(view.rewrites(&at(r"Jos\u00e9")) && view.rewrites(&at("x")));
    }
}
