//! A stretch of text made ready for the detectors: its tokens, units, and what
//! the word lists say of each.

use std::ops::Range;

use super::common;
use super::lexicon::{Class, Flags};
use super::reader::{BEHIND, Reader};
use super::token::{Gap, Shape, Token, tokens};
use super::unit::{Facts, Span, UnitKind};

/// Where a passage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Region {
    Subject,
    Body,
    Attachment,
    FileName,
    /// Other header text.
    Header,
    /// Comments and attribute values of HTML.
    Hidden,
    /// Scripts.
    Code,
    /// Style sheets.
    Style,
}

/// What the detectors read of one unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    /// Of the word; of the pattern of a code (`AA-99`).
    pub(crate) hash: u32,
    /// What is known of it besides, as bits.
    pub(crate) facts: Facts,
    /// What the lists say of the word.
    pub(crate) word: Class,
    /// What they say of the longest term that covers it.
    pub(crate) phrase: Class,
    /// Its number among the commonest words, where it is in small letters and in
    /// no term; else [`common::NONE`]. Of such a word nothing else that it is by
    /// itself hangs on where it stands.
    pub(crate) plain: u16,
    /// Whether that term starts here.
    pub(crate) phrase_first: bool,
    pub(crate) shape: Shape,
    pub(crate) kind: UnitKind,
    pub(crate) gap: Gap,
    /// The nearest label before it and how far away it is; 0 for none.
    pub(crate) cue: u8,
    pub(crate) cue_distance: u8,
}

impl Item {
    pub(super) const NOTHING: Self = Self {
        hash: 0,
        facts: Facts(0),
        word: Class::NONE,
        phrase: Class::NONE,
        plain: common::NONE,
        phrase_first: false,
        shape: Shape::Sign,
        kind: UnitKind::Sign,
        gap: Gap::None,
        cue: 0,
        cue_distance: 0,
    };

    /// Flags of the word and of the term that covers it.
    pub(crate) fn flags(&self) -> Flags {
        match self.phrase.is_empty() {
            true => self.word.flags(),
            false => self.word.flags().union(self.phrase.flags()),
        }
    }

    /// Whether it may be a code: any that is no word or sign, and few words.
    #[inline]
    pub(super) fn is_notable(&self) -> bool {
        let word = self.kind == UnitKind::Word;
        let sign = self.kind == UnitKind::Sign;
        let known = self.facts != Facts::default();
        (!word & !sign) | (word & (known | self.may_be_code()))
    }

    /// Whether a word may be a code: one may be all letters where a label
    /// stands right before it.
    pub(crate) fn may_be_code(&self) -> bool {
        (self.cue != 0)
            & (self.cue_distance <= 3)
            & (self.shape == Shape::Upper)
            & self.word.is_empty()
    }
}

/// What one passage leaves to the next: room for as many tokens.
#[derive(Default)]
pub(crate) struct Buffers {
    tokens: Vec<Token>,
    spans: Vec<Span>,
    items: Vec<Item>,
    notable: Vec<usize>,
}

impl Buffers {
    /// Tokens of a text as a person writes it.
    const SMALL: usize = 2_048;

    /// Whether it may be kept from one message to the next: it has room for no
    /// more than a short text.
    pub(crate) fn is_small(&self) -> bool {
        self.tokens.capacity() <= Self::SMALL
    }

    /// Whether a word's hash is still in it.
    #[cfg(test)]
    pub(crate) fn holds(&self, hash: u32) -> bool {
        self.tokens.iter().any(|t| t.hash == hash) || self.items.iter().any(|i| i.hash == hash)
    }

    /// Writes over what was read: the words of a text can be told by their
    /// hashes.
    pub(crate) fn wipe(&mut self) {
        self.tokens.fill(Token::END);
        self.spans.fill(Span { start: 0, end: 0 });
        self.items.fill(Item::NOTHING);
        self.notable.fill(0);
    }
}

/// A stretch of text with its units.
pub(crate) struct Passage<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) region: Region,
    /// Where the units stand.
    pub(crate) spans: Vec<Span>,
    pub(crate) items: Vec<Item>,
    /// Where among them those are that may be codes (dates, numbers and the
    /// like), and where health terms start.
    pub(crate) notable: Vec<usize>,
    tokens: Vec<Token>,
}

impl<'a> Passage<'a> {
    /// Reads `text[from..to]`.
    pub(crate) fn read(text: &'a [u8], from: usize, to: usize, region: Region) -> Self {
        Self::read_into(Buffers::default(), text, from, to, region)
    }

    /// The same with room that is there already.
    pub(crate) fn read_into(
        buffers: Buffers,
        text: &'a [u8],
        from: usize,
        to: usize,
        region: Region,
    ) -> Self {
        let Buffers {
            tokens: mut all,
            mut spans,
            mut items,
            mut notable,
        } = buffers;
        all.clear();
        notable.clear();
        all.reserve((to - from) / 4);
        tokens(text, from, to, &mut all);
        if region == Region::FileName {
            // `okpara_results.pdf`: signs are blanks there.
            for token in &mut all {
                if token.gap == Gap::None {
                    token.gap = Gap::Space;
                }
            }
            // What is taken out is not left behind the last either.
            let words: Vec<Token> = (all.iter().copied())
                .filter(|t| t.shape != Shape::Sign)
                .collect();
            all.fill(Token::END);
            all.clear();
            all.extend(words);
        }
        // As many as there may be: so none is asked for room. What stands there of
        // another passage is written over, or cut off.
        spans.resize(all.len(), Span { start: 0, end: 0 });
        items.resize(all.len(), Item::NOTHING);
        all.extend([Token::END; BEHIND]);
        let reader = Reader::new(text, &all, &mut spans, &mut items, &mut notable);
        let units = reader.read();
        spans.truncate(units);
        items.truncate(units);
        Self {
            text,
            region,
            spans,
            items,
            notable,
            tokens: all,
        }
    }

    /// Its room, for the next passage.
    pub(crate) fn into_buffers(self) -> Buffers {
        Buffers {
            tokens: self.tokens,
            spans: self.spans,
            items: self.items,
            notable: self.notable,
        }
    }

    /// The bytes of one unit.
    pub(crate) fn bytes(&self, at: usize) -> &'a [u8] {
        self.spans
            .get(at)
            .and_then(|span| self.text.get(span.range()))
            .unwrap_or_default()
    }

    /// The bytes from the first of some units to the end of the last.
    pub(crate) fn bytes_of(&self, units: Range<usize>) -> &'a [u8] {
        let spans = self.spans.get(units).unwrap_or_default();
        let text = match (spans.first(), spans.last()) {
            (Some(first), Some(last)) => self.text.get(first.start as usize..last.end as usize),
            _ => None,
        };
        text.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::lexicon::Flag;

    /// The words of each term that a text is told to have.
    fn terms(text: &str, region: Region) -> Vec<String> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), region);
        let mut out: Vec<String> = Vec::new();
        for (at, item) in passage.items.iter().enumerate() {
            let word = String::from_utf8_lossy(passage.bytes(at)).to_lowercase();
            match out.last_mut() {
                _ if item.phrase.is_empty() => {}
                Some(term) if !item.phrase_first => *term = format!("{term} {word}"),
                _ => out.push(word),
            }
        }
        out
    }

    /// Each is a term that a longer one starts with; "blood", "heart" and "side"
    /// are common words, which a short way reads.
    #[test]
    fn terms_are_told_wherever_a_text_ends() {
        for term in [
            "elder abuse",
            "blood pressure",
            "heart attack",
            "side effects",
        ] {
            let wanted = [term.to_owned()];
            for text in [
                format!("We spoke of {term}"),
                format!("We spoke of {term}."),
                format!("We spoke of {term} ."),
                format!("We spoke of {term}!\n"),
                format!("{term}\n\nThe next paragraph."),
                format!("id,problem\n4711,{term}\n"),
                format!("| {term} |"),
                term.to_owned(),
            ] {
                for region in [Region::Subject, Region::Body, Region::Attachment] {
                    assert_eq!(terms(&text, region), wanted, "{text:?} {region:?}");
                }
            }
            for name in [
                format!("{term}.pdf"),
                term.replace(' ', "_"),
                term.replace(' ', "-"),
            ] {
                assert_eq!(terms(&name, Region::FileName), wanted, "{name:?}");
            }
        }
    }

    #[test]
    fn the_longer_term_is_told_where_it_is_there() {
        for text in [
            "elder abuse screening",
            "elder abuse screening.",
            "after elder abuse screening, and",
        ] {
            assert_eq!(
                terms(text, Region::Body),
                ["elder abuse screening"],
                "{text:?}"
            );
        }
        let text = "an elder abuse screening";
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let last = passage.items.last().unwrap();
        assert!(last.phrase.flags().has(Flag::Procedure));
    }
}
