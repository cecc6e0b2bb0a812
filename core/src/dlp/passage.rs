//! A stretch of text made ready for the detectors: its tokens, units, and what
//! the word lists say of each.

use std::hint::black_box;

use super::lexicon::{Class, Flags, Lexicon, Marks};
use super::token::{Gap, Shape, Token, join, tokens};
use super::unit::{Facts, Span, UnitKind, Units};

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
    /// Scripts and style sheets.
    Code,
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
    const NOTHING: Self = Self {
        hash: 0,
        facts: Facts(0),
        word: Class::NONE,
        phrase: Class::NONE,
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
            false => self.word.flags().and(self.phrase.flags()),
        }
    }

    /// Whether it may be a code: any that is no word or sign, and few words.
    #[inline]
    fn is_notable(&self) -> bool {
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
    slots: Vec<[u32; 2]>,
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
        self.slots.fill([0; 2]);
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
    slots: Vec<[u32; 2]>,
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
            mut slots,
            mut notable,
        } = buffers;
        all.clear();
        spans.clear();
        items.clear();
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
            all.retain(|t| t.shape != Shape::Sign);
        }
        spans.reserve(all.len());
        items.reserve(all.len());
        let lexicon = Lexicon::get();
        slots.clear();
        slots.extend(all.iter().map(|t| lexicon.fetch(t.hash)));
        read_items(text, &all, &slots, &mut spans, &mut items, &mut notable);
        Self {
            text,
            region,
            spans,
            items,
            notable,
            tokens: all,
            slots,
        }
    }

    /// Its room, for the next passage.
    pub(crate) fn into_buffers(self) -> Buffers {
        Buffers {
            tokens: self.tokens,
            spans: self.spans,
            items: self.items,
            slots: self.slots,
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
}

/// How much further away from a label a unit is than the one before it, by the
/// gap between them.
const FAR: [u8; 5] = {
    let mut far = [1; 5];
    far[Gap::Line as usize] = 4;
    far[Gap::Paragraph as usize] = u8::MAX;
    far
};

/// What a passage's tokens say: units, and what is read of each.
///
/// What is asked of a unit is asked without branches, and what is rare takes
/// one: a compiler that made several of it, as it would without
/// [`black_box`], would have most of them guessed wrong.
fn read_items(
    text: &[u8],
    tokens: &[Token],
    slots: &[[u32; 2]],
    spans: &mut Vec<Span>,
    items: &mut Vec<Item>,
    notable: &mut Vec<usize>,
) {
    let lexicon = Lexicon::get();
    let mut reader = Units::new(text, tokens);
    // The term that covers the tokens up to there, and its label.
    let (mut covered, mut term, mut term_cue) = (0, Class::default(), 0);
    // The label before, and how far away.
    let (mut cue, mut away) = (0u8, u8::MAX);
    let mut at = 0;
    while let (Some(token), Some(&slot)) = (tokens.get(at), slots.get(at)) {
        let unit = reader.read(at, token);
        let single = unit.last == at + 1;
        let mut word = Class::default();
        let mut marks = Marks::default();
        if single && token.shape != Shape::Sign {
            word = lexicon.fetched(token.hash, slot);
            if !word.is_empty() {
                marks = lexicon.marks(word);
            } else if token.is_word()
                && token.end - token.start >= 7
                && lexicon.near_medication(text.get(token.range()).unwrap_or_default())
            {
                word = lexicon.near_class();
            }
        }
        let mut phrase_first = false;
        let mut listed = marks.listed() && at >= covered;
        if at >= covered {
            (term, term_cue) = (Class::default(), 0);
            let next = tokens.get(at + 1).unwrap_or(&Token::END);
            let starts = marks.continues() & lexicon.may_be_phrase(token, next);
            if black_box(starts)
                && let Some((length, class)) =
                    lexicon.phrase(text, tokens.get(at..).unwrap_or_default())
            {
                (covered, term) = (at + length, class);
                let marks = lexicon.marks(class);
                term_cue = marks.cue();
                listed = marks.listed();
                phrase_first = true;
            }
        }
        away = away.saturating_add(FAR[token.gap as usize]);
        let item = Item {
            hash: match unit.kind {
                UnitKind::Word | UnitKind::Sign => token.hash,
                kind => pattern(text.get(unit.span.range()).unwrap_or_default(), kind),
            },
            facts: unit.facts,
            word,
            phrase: term,
            phrase_first,
            shape: token.shape,
            kind: unit.kind,
            gap: token.gap,
            cue: if away <= 16 { cue } else { 0 },
            cue_distance: away.min(16),
        };
        // The first label of both counts.
        let found = match (marks.cue(), term_cue) {
            (0, one) | (one, 0) => one,
            (one, other) => one.min(other),
        };
        if found != 0 && unit.kind != UnitKind::Sign {
            (cue, away) = (found, 0);
        }
        if black_box(listed | item.is_notable()) {
            notable.push(items.len());
        }
        at = unit.last;
        spans.push(unit.span);
        items.push(item);
    }
}

/// A code's pattern: runs of letters and digits with their lengths, signs as
/// they are.
#[inline(never)]
fn pattern(bytes: &[u8], kind: UnitKind) -> u32 {
    let mut out = kind as u32;
    let mut run = (0u8, 0u32);
    for &b in bytes.iter().take(64) {
        let class = match b {
            b'0'..=b'9' => 1,
            b'A'..=b'Z' => 2,
            b'a'..=b'z' | 0x80.. => 3,
            sign => sign,
        };
        if class == run.0 && class <= 3 {
            run.1 += 1;
        } else {
            out = join(out, u32::from(run.0) << 8 | run.1.min(12));
            run = (class, 1);
        }
    }
    join(out, u32::from(run.0) << 8 | run.1.min(12))
}
