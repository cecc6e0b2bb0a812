//! What stands in one sentence: a name beside a condition tells of somebody's
//! health, and the same two ten lines apart may not. So do "her" and "your", and
//! a sentence that speaks of figures or of software tells of nobody.

use std::ops::Range;

use super::few::Few;
use super::summary::{ME, YOU, index_of};
use crate::dlp::FindingKind;
use crate::dlp::lexicon::{Flag, Lexicon, SECTIONS};
use crate::dlp::passage::{Passage, Region};
use crate::dlp::sentence::{Piece, asks};
use crate::dlp::tagger::Tag;
use crate::dlp::token::hash;
use crate::dlp::unit::UnitKind;

/// Kinds of findings.
const KINDS: usize = FindingKind::ALL.len();

/// What else a sentence may have, numbered on behind the kinds: from
/// [`Self::Section`] on the sections of the lexicon.
#[derive(Clone, Copy)]
enum Has {
    You = KINDS as isize,
    Me,
    They,
    Relative,
    If,
    Asks,
    Section,
}

const _: () = assert!(Has::Section as usize + SECTIONS <= 64);

/// Margins from which on a label is counted with the surer ones.
const SURER: [i16; LEVELS - 1] = [24, 69];
const LEVELS: usize = 3;
/// Labels that are less sure are passed over.
const LEAST: i16 = -16;

/// Pairs of what stands in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Near {
    /// By how sure both are, and by the first of them: a bit for each second.
    pairs: [[u64; KINDS]; LEVELS],
    /// A bit for each first.
    firsts: u64,
}

impl Default for Near {
    fn default() -> Self {
        Self {
            pairs: [[0; KINDS]; LEVELS],
            firsts: 0,
        }
    }
}

impl Near {
    /// Takes in what stands in the sentences of findings, which are in order.
    pub(crate) fn read(&mut self, passage: &Passage<'_>, tags: &[Tag]) {
        // Header texts are no sentences.
        if passage.region == Region::Header {
            return;
        }
        let mut rest = tags;
        while let Some((units, here, more)) = Piece::Sentence.first(passage, rest) {
            self.sentence(passage, units, here);
            rest = more;
        }
    }

    fn sentence(&mut self, passage: &Passage<'_>, units: Range<usize>, tags: &[Tag]) {
        // By how sure they are: a bit for each kind.
        let mut all = [0u64; LEVELS];
        for tag in tags.iter().filter(|tag| tag.margin >= LEAST) {
            let surer = SURER.iter().filter(|least| tag.margin >= **least).count();
            // What a rule says has no margin.
            let level = if tag.margin == 0 { LEVELS - 1 } else { surer };
            for bits in all.iter_mut().take(level + 1) {
                *bits |= 1 << index_of(tag.kind);
            }
        }
        if all[0] == 0 {
            return;
        }
        let more = said(passage, units);
        self.firsts |= all[0];
        for (pairs, kinds) in self.pairs.iter_mut().zip(all) {
            for kind in bits(kinds) {
                if let Some(seconds) = pairs.get_mut(kind as usize) {
                    *seconds |= (kinds | more) & (u64::MAX - 1) << kind;
                }
            }
        }
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.firsts |= other.firsts;
        let both = self.pairs.iter_mut().zip(&other.pairs);
        for (a, b) in both.flat_map(|(a, b)| a.iter_mut().zip(b)) {
            *a |= b;
        }
    }

    /// A number for each pair and how sure it is.
    pub(crate) fn each(&self, mut found: impl FnMut(u32)) {
        for (level, pairs) in (0..).zip(&self.pairs) {
            for kind in bits(self.firsts) {
                let seconds = pairs.get(kind as usize).copied().unwrap_or_default();
                for second in bits(seconds) {
                    found(level << 12 | kind << 6 | second);
                }
            }
        }
    }
}

/// The places of the bits of a number.
fn bits(mut rest: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let next = (rest != 0).then(|| rest.trailing_zeros());
        rest &= rest.wrapping_sub(1);
        next
    })
}

const THEY: [u32; 8] = [
    hash(b"he"),
    hash(b"she"),
    hash(b"his"),
    hash(b"her"),
    hash(b"him"),
    hash(b"hers"),
    hash(b"he's"),
    hash(b"she's"),
];
const IF: [u32; 5] = [
    hash(b"if"),
    hash(b"any"),
    hash(b"anyone"),
    hash(b"whether"),
    hash(b"who"),
];
const LISTED: Few = Few::of(&[&YOU, &ME, &THEY, &IF]);

/// What a sentence says beside findings.
fn said(passage: &Passage<'_>, units: Range<usize>) -> u64 {
    let lexicon = Lexicon::get();
    let last = units.end.saturating_sub(1);
    let mut bits = u64::from(asks(passage, last)) << Has::Asks as u32;
    for item in passage.items.get(units).unwrap_or_default() {
        if item.kind != UnitKind::Word {
            continue;
        }
        let mut counted = lexicon.speech(item.word).counted();
        if item.phrase_first {
            counted |= lexicon.speech(item.phrase).counted();
        }
        bits |= u64::from(counted & ((1 << SECTIONS) - 1)) << Has::Section as u32;
        if LISTED.may_have(item.hash) {
            let has = |list: &[u32], what: Has| u64::from(list.contains(&item.hash)) << what as u32;
            bits |= has(&YOU, Has::You) | has(&ME, Has::Me);
            bits |= has(&THEY, Has::They) | has(&IF, Has::If);
        }
        bits |= u64::from(item.word.flags().has(Flag::Relative)) << Has::Relative as u32;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The pairs of a text in which these words are labelled.
    fn pairs(text: &str, labels: &[(&str, FindingKind, i16)]) -> BTreeSet<u32> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let tag = |(word, kind, margin): &(&str, FindingKind, i16)| {
            let first = (0..passage.items.len())
                .find(|n| passage.bytes(*n) == word.as_bytes())
                .unwrap();
            Tag {
                first,
                last: first + 1,
                kind: *kind,
                margin: *margin,
            }
        };
        let mut tags: Vec<Tag> = labels.iter().map(tag).collect();
        tags.sort_by_key(|tag| tag.first);
        let mut near = Near::default();
        near.read(&passage, &tags);
        let mut all = BTreeSet::new();
        near.each(|pair| assert!(all.insert(pair)));
        all
    }

    fn pair(level: u32, kind: FindingKind, second: usize) -> u32 {
        level << 12 | u32::try_from(index_of(kind) << 6 | second).unwrap()
    }

    const NAME: FindingKind = FindingKind::Name;
    const CONDITION: FindingKind = FindingKind::Condition;

    /// Whether Pat and asthma stand in one sentence of a text.
    fn together(text: &str) -> bool {
        let labels = [("Pat", NAME, 70), ("asthma", CONDITION, 70)];
        pairs(text, &labels).contains(&pair(2, NAME, index_of(CONDITION)))
    }

    #[test]
    fn what_stands_in_two_sentences_is_not_together() {
        for one in [
            "The pump for Pat, who has asthma.",
            "Yes. Pat has asthma. No.",
            "we saw Pat\nwho has asthma",
        ] {
            assert!(together(one), "{one}");
        }
        for two in [
            "Pat is off. We teach asthma.",
            "Pat\n\nasthma",
            "- tea for Pat\n- asthma",
        ] {
            assert!(!together(two), "{two}");
        }
    }

    #[test]
    fn what_is_surer_counts_more() {
        let with = |name, condition| {
            let labels = [("Pat", NAME, name), ("asthma", CONDITION, condition)];
            pairs("Pat has asthma", &labels)
        };
        let levels = |many| -> BTreeSet<u32> {
            (0..many)
                .map(|level| pair(level, NAME, index_of(CONDITION)))
                .collect()
        };
        for (name, condition, many) in [
            (69, 80, 3),
            (0, 70, 3),
            (68, 80, 2),
            (24, 0, 2),
            (80, 23, 1),
            (-16, 80, 1),
            (-17, 80, 0),
        ] {
            assert_eq!(with(name, condition), levels(many), "{name} {condition}");
        }
    }

    #[test]
    fn what_a_sentence_says_besides_is_told() {
        let said = |text: &str, has: usize| {
            let all = pairs(text, &[("asthma", CONDITION, 70)]);
            all.contains(&pair(2, CONDITION, has))
        };
        for (text, has) in [
            ("is your asthma better", Has::You),
            ("my asthma", Has::Me),
            ("her asthma", Has::They),
            ("his daughter has asthma", Has::Relative),
            ("if asthma", Has::If),
            ("asthma?", Has::Asks),
            ("(asthma?)", Has::Asks),
            ("\"asthma?\"", Has::Asks),
        ] {
            assert!(said(text, has as usize), "{text}");
            assert!(!said("all on asthma", has as usize), "{text}");
            let apart = text.replace("asthma", "it");
            assert!(
                !said(&format!("{apart}\n\nall on asthma"), has as usize),
                "{text}"
            );
        }
        let aggregate =
            Has::Section as usize + Flag::Aggregate as usize - Flag::PatientSpeech as usize;
        assert!(said("12 percent of patients with asthma", aggregate));
    }

    #[test]
    fn messages_are_joined() {
        let near = |text: &str, labels: &[(usize, FindingKind)]| {
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let tag = |(first, kind): &(usize, FindingKind)| Tag {
                first: *first,
                last: first + 1,
                kind: *kind,
                margin: 70,
            };
            let mut near = Near::default();
            near.read(&passage, &labels.iter().map(tag).collect::<Vec<_>>());
            near
        };
        let mut one = near("Pat asthma", &[(0, NAME), (1, CONDITION)]);
        let other = near("your MRI", &[(1, FindingKind::Procedure)]);
        one.join(&other);
        let mut all = Vec::new();
        one.each(|pair| all.push(pair));
        assert_eq!(all.len(), 9, "{all:?}");
        assert!(all.contains(&pair(0, FindingKind::Procedure, Has::You as usize)));
    }

    #[test]
    fn header_texts_are_no_sentences() {
        let text = "Pat asthma";
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Header);
        let tag = |first, kind| Tag {
            first,
            last: first + 1,
            kind,
            margin: 70,
        };
        let mut near = Near::default();
        near.read(&passage, &[tag(0, NAME), tag(1, CONDITION)]);
        assert_eq!(near, Near::default());
    }
}
