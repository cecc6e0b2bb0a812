//! A stretch of text made ready for the detectors: its tokens, units, and what
//! the word lists say of each.

use super::lexicon::{Class, Flag, Flags, Lexicon};
use super::source::CHUNK;
use super::token::{Gap, Shape, Token, join, tokens};
use super::unit::{Facts, Unit, UnitKind};

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
    /// Flags of the word and of the term that covers it.
    pub(crate) fn flags(&self) -> Flags {
        match self.phrase.is_empty() {
            true => self.word.flags(),
            false => self.word.flags().and(self.phrase.flags()),
        }
    }
}

/// What one passage leaves to the next: room for as many tokens.
#[derive(Default)]
pub(crate) struct Buffers {
    tokens: Vec<Token>,
    units: Vec<Unit>,
    items: Vec<Item>,
    slots: Vec<u32>,
}

impl Buffers {
    /// Whether there is no more of it than a chunk of text needs.
    pub(crate) fn is_small(&self) -> bool {
        self.tokens.capacity() <= CHUNK / 2
    }
}

/// A stretch of text with its units.
pub(crate) struct Passage<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) region: Region,
    pub(crate) units: Vec<Unit>,
    pub(crate) items: Vec<Item>,
    tokens: Vec<Token>,
    slots: Vec<u32>,
}

const FIRST_CUE: u8 = Flag::CueSsn as u8;
const LAST_CUE: u8 = Flag::CueNegative as u8;
const CUES: Flags = Flags(((1 << (LAST_CUE - FIRST_CUE + 1)) - 1) << FIRST_CUE);

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
            mut units,
            mut items,
            mut slots,
        } = buffers;
        all.clear();
        units.clear();
        items.clear();
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
        units.reserve(all.len());
        super::unit::units(text, &all, &mut units);
        items.reserve(units.len());
        let lexicon = Lexicon::get();
        slots.clear();
        slots.extend(all.iter().map(|t| lexicon.fetch(t.hash)));
        read_items(text, &all, &units, &slots, &mut items);
        Self {
            text,
            region,
            units,
            items,
            tokens: all,
            slots,
        }
    }

    /// Its room, for the next passage.
    pub(crate) fn into_buffers(self) -> Buffers {
        Buffers {
            tokens: self.tokens,
            units: self.units,
            items: self.items,
            slots: self.slots,
        }
    }

    /// The bytes of one unit.
    pub(crate) fn bytes(&self, at: usize) -> &'a [u8] {
        self.units
            .get(at)
            .and_then(|u| self.text.get(u.start as usize..u.end as usize))
            .unwrap_or_default()
    }
}

fn read_items(text: &[u8], tokens: &[Token], units: &[Unit], slots: &[u32], items: &mut Vec<Item>) {
    let lexicon = Lexicon::get();
    // The term that covers the tokens up to there.
    let mut covered: (usize, Class) = (0, Class::default());
    let mut cue = (0u8, u8::MAX);
    for unit in units {
        let first = unit.first as usize;
        let (Some(token), Some(&slot)) = (tokens.get(first), slots.get(first)) else {
            break;
        };
        let mut word = Class::default();
        let mut flags = Flags::default();
        if token.shape != Shape::Sign && unit.last == unit.first + 1 {
            word = lexicon.fetched(token.hash, slot);
            if !word.is_empty() {
                flags = lexicon.flags(word);
            } else if token.is_word()
                && token.end - token.start >= 7
                && lexicon.near_medication(text.get(token.range()).unwrap_or_default())
            {
                word = lexicon.near_class();
            }
        }
        let mut phrase_first = false;
        if first >= covered.0 {
            covered = (first, Class::default());
            if flags.has(Flag::Continues)
                && let Some((length, class)) = lexicon.phrase(text, &tokens[first..])
            {
                covered = (first + length, class);
                phrase_first = true;
            }
        }
        let mut phrase = Class::default();
        if first < covered.0 {
            phrase = covered.1;
            flags = flags.and(lexicon.flags(phrase));
        }
        let hash = match unit.kind {
            UnitKind::Word | UnitKind::Sign => token.hash,
            kind => pattern(
                text.get(unit.start as usize..unit.end as usize)
                    .unwrap_or_default(),
                kind,
            ),
        };
        match token.gap {
            Gap::Paragraph => cue = (0, u8::MAX),
            Gap::Line => cue.1 = cue.1.saturating_add(4),
            _ => cue.1 = cue.1.saturating_add(1),
        }
        items.push(Item {
            hash,
            facts: unit.facts,
            word,
            phrase,
            phrase_first,
            shape: token.shape,
            kind: unit.kind,
            gap: token.gap,
            cue: if cue.1 <= 16 { cue.0 } else { 0 },
            cue_distance: cue.1.min(16),
        });
        let cues = flags.0 & CUES.0;
        if cues != 0 && unit.kind != UnitKind::Sign {
            #[expect(clippy::cast_possible_truncation, reason = "below 128")]
            let found = cues.trailing_zeros() as u8 - FIRST_CUE + 1;
            cue = (found, 0);
        }
    }
}

/// A code's pattern: runs of letters and digits with their lengths, signs as
/// they are.
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
