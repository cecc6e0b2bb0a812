//! What is counted over a message while it is scanned.

use std::collections::BTreeSet;

use super::Filter;
use super::around;
use super::codes::category_of_code;
use super::features::{around_feature, pair_feature, start_feature, word_feature};
use super::few::Few;
use super::near::Near;
use super::notice::{is_in, notices};
use crate::dlp::lexicon::{CATEGORIES, Flag, Flags, Lexicon, SECTIONS};
use crate::dlp::made_up;
use crate::dlp::passage::{Passage, Region};
use crate::dlp::rules::cue;
use crate::dlp::tagger::Tag;
use crate::dlp::tagger::context::Context;
use crate::dlp::token::{Gap, hash, join as pair};
use crate::dlp::unit::UnitKind;
use crate::dlp::{Category, FindingClass, FindingKind};

/// More different words add nothing to a verdict.
pub(crate) const MAX_WORDS: usize = 2_048;

/// Counts over a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    /// Findings by kind, in the order of [`FindingKind::ALL`].
    pub(crate) kinds: [u32; FindingKind::ALL.len()],
    /// Terms that speak for or against, by section, from
    /// [`Flag::PatientSpeech`] on.
    pub(crate) sections: [u32; SECTIONS],
    /// Health findings of each category.
    pub(crate) categories: [u32; CATEGORIES],
    /// Listed terms of each category, found or not.
    pub(crate) mentions: [u32; CATEGORIES],
    /// "you", "your" and "I", "my".
    pub(crate) you: u32,
    pub(crate) me: u32,
    /// Lines where a person and health stand together.
    pub(crate) together: u32,
    /// Paragraphs with a name, health, and a number that only care gives out; or
    /// with two names and two such numbers: a list of patients.
    pub(crate) cases: u32,
    /// What stands in one sentence.
    pub(crate) near: Near,
    /// Names that are a recipient's own, and others.
    pub(crate) own_names: u32,
    pub(crate) other_names: u32,
    /// Different names.
    pub(crate) people: BTreeSet<u32>,
    pub(crate) subject_names: u32,
    pub(crate) subject_health: u32,
    pub(crate) words: Hashes,
    /// Neighbouring words.
    pub(crate) pairs: Hashes,
    /// How the longer words start, which tells more of one that is rare.
    pub(crate) starts: Hashes,
    /// What stands around findings.
    pub(crate) around: Hashes,
    pub(crate) units: u32,
    /// A part that is a patient's record by its format.
    pub(crate) records: u32,
    pub(crate) attachments: u32,
}

pub(crate) const CATEGORY_FLAGS: [(Flag, Category); CATEGORIES] = [
    (Flag::MentalHealth, Category::MentalHealth),
    (Flag::SubstanceUse, Category::SubstanceUse),
    (Flag::StiHiv, Category::StiHiv),
    (Flag::Reproductive, Category::Reproductive),
    (Flag::Genetic, Category::Genetic),
    (Flag::Abuse, Category::Abuse),
];

/// What the lists say of the words of a tag.
fn flags_of(passage: &Passage<'_>, tag: &Tag) -> Flags {
    (tag.first..tag.last)
        .filter_map(|n| passage.items.get(n))
        .fold(Flags::default(), |all, item| all.union(item.flags()))
}

/// The category of a health finding: that of a term, or of a code.
pub(crate) fn category_of(passage: &Passage<'_>, tag: &Tag) -> Option<Category> {
    if tag.kind.class() != FindingClass::Health {
        return None;
    }
    let flags = flags_of(passage, tag);
    let listed = CATEGORY_FLAGS.iter().find(|(flag, _)| flags.has(*flag));
    match listed {
        Some((_, category)) => Some(*category),
        None => category_of_code(passage, tag),
    }
}

/// The place of a kind in [`FindingKind::ALL`], which is in the order in which
/// they are declared.
pub(crate) const fn index_of(kind: FindingKind) -> usize {
    kind as usize
}

impl Summary {
    /// Counts the words of a passage, before its units are labelled. With a
    /// filter only the words and pairs are kept that may have weights, since the
    /// others change no score; but then the passages of a message may have
    /// [`MAX_WORDS`] units at most.
    pub(crate) fn read(&mut self, passage: &Passage<'_>, filter: Option<&Filter>) {
        let mut before = 0;
        let notices = notices(passage);
        let lexicon = Lexicon::get();
        // Most words come more than once.
        let more = passage.items.len().min(MAX_WORDS) / 4;
        self.words.reserve(more);
        self.pairs.reserve(more);
        self.starts.reserve(more / 2);
        let chunks = passage.items.chunks(CHUNK);
        for (items, spans) in chunks.zip(passage.spans.chunks(CHUNK)) {
            let (mut words, mut pairs) = (Chunk::default(), Chunk::default());
            let mut starts = Chunk::default();
            for (item, span) in items.iter().zip(spans) {
                if item.kind != UnitKind::Word {
                    continue;
                }
                self.units = self.units.saturating_add(1);
                let word = lexicon.speech(item.word);
                let mut counted = word.counted();
                if item.phrase_first {
                    counted |= lexicon.speech(item.phrase).counted();
                }
                if counted != 0 {
                    let counts = self.sections.iter_mut().chain(&mut self.mentions);
                    // What a notice might be about it names.
                    let many = match is_in(&notices, span.start) {
                        true => SECTIONS,
                        false => SECTIONS + CATEGORIES,
                    };
                    for (n, count) in counts.enumerate().take(many) {
                        *count += u32::from(counted >> n & 1);
                    }
                }
                if PERSONS.may_have(item.hash) {
                    self.you += u32::from(YOU.contains(&item.hash));
                    self.me += u32::from(ME.contains(&item.hash));
                }
                // Everybody has a date of birth.
                let label = !item.phrase.is_empty() && item.phrase.flags().has(Flag::CueBirth);
                let alone = !word.is_function() & !label;
                let pair = pair(before, item.hash);
                let start = match word.is_function() {
                    true => None,
                    false => start_of(passage.text.get(span.range()).unwrap_or_default()),
                };
                if let Some(filter) = filter {
                    // Which words are wanted is chance: no branch asks for it.
                    let wanted = filter.may_have(word_feature(item.hash));
                    words.push(item.hash, alone & wanted);
                    pairs.push(pair, filter.may_have(pair_feature(pair)));
                    if let Some(start) = start {
                        starts.push(start, filter.may_have(start_feature(start)));
                    }
                } else {
                    if alone && self.words.len() < MAX_WORDS {
                        self.words.insert(item.hash);
                    }
                    if self.pairs.len() < MAX_WORDS {
                        self.pairs.insert(pair);
                    }
                    if let Some(start) = start
                        && self.starts.len() < MAX_WORDS
                    {
                        self.starts.insert(start);
                    }
                }
                before = item.hash;
            }
            words.into_set(&mut self.words);
            pairs.into_set(&mut self.pairs);
            starts.into_set(&mut self.starts);
        }
    }

    /// Puts the words in the order that training asks for.
    #[cfg(feature = "training")]
    pub(crate) fn sort(&mut self) {
        self.words.sort();
        self.pairs.sort();
        self.starts.sort();
        self.around.sort();
    }

    /// How many terms of a section stand in it.
    pub(crate) fn count(&self, section: Flag) -> u32 {
        let place = (section as usize).checked_sub(Flag::PatientSpeech as usize);
        place
            .and_then(|n| self.sections.get(n))
            .copied()
            .unwrap_or_default()
    }

    /// The larger of each count: text and HTML say the same.
    pub(crate) fn join(&mut self, other: &Self) {
        for (a, b) in self.kinds.iter_mut().zip(other.kinds) {
            *a = (*a).max(b);
        }
        for (a, b) in self.sections.iter_mut().zip(other.sections) {
            *a = (*a).max(b);
        }
        for (a, b) in self.categories.iter_mut().zip(other.categories) {
            *a = (*a).max(b);
        }
        for (a, b) in self.mentions.iter_mut().zip(other.mentions) {
            *a = (*a).max(b);
        }
        self.you = self.you.max(other.you);
        self.me = self.me.max(other.me);
        self.together = self.together.max(other.together);
        self.cases = self.cases.max(other.cases);
        self.near.join(&other.near);
        self.own_names = self.own_names.max(other.own_names);
        self.other_names = self.other_names.max(other.other_names);
        self.people.extend(&other.people);
        self.units = self.units.max(other.units);
        self.words.extend(&other.words);
        self.pairs.extend(&other.pairs);
        self.starts.extend(&other.starts);
        self.around.extend(&other.around);
    }

    /// How much the words so far speak to a patient.
    pub(crate) fn speech(&self) -> i32 {
        let count = |n: usize| i32::try_from(self.sections[n].min(20)).unwrap_or(20);
        2 * count(0) + 2 * count(1) - 2 * count(2) - 2 * count(3) - count(4) - count(5) - count(7)
    }

    /// Counts the findings of a passage. Of what stands around them only that is kept
    /// that may have weights, if there is a filter.
    pub(crate) fn add(
        &mut self,
        passage: &Passage<'_>,
        tags: &[Tag],
        context: &Context,
        filter: Option<&Filter>,
    ) {
        self.near.read(passage, tags);
        let before = self.kinds.iter().sum();
        around::each(passage, tags, before, |one| {
            if filter.is_none_or(|filter| filter.may_have(around_feature(one))) {
                self.around.insert(one);
            }
        });
        // The units of the line that a tag stands in.
        let mut line = (0, 0, false, false);
        let is_health = |tag: &Tag| tag.kind.class() == FindingClass::Health;
        let notices = match tags.iter().any(is_health) {
            true => notices(passage),
            false => Vec::new(),
        };
        let mut case = Case::default();
        for tag in tags {
            let class = tag.kind.class();
            let health = class == FindingClass::Health;
            let at = passage.spans.get(tag.first).map_or(0, |span| span.start);
            self.kinds[index_of(tag.kind)] += 1;
            if health && !is_in(&notices, at) {
                let flags = flags_of(passage, tag);
                let code = category_of_code(passage, tag);
                for (count, (flag, category)) in self.categories.iter_mut().zip(CATEGORY_FLAGS) {
                    *count += u32::from(flags.has(flag) | (code == Some(category)));
                }
            }
            if tag.kind == FindingKind::Name {
                let own = (tag.first..tag.last).any(|n| {
                    passage
                        .items
                        .get(n)
                        .is_some_and(|i| context.own_recipient(i.hash))
                });
                self.own_names += u32::from(own);
                self.other_names += u32::from(!own);
                if self.people.len() < 1_000
                    && let Some(last) = passage.items.get(tag.last - 1)
                {
                    self.people.insert(last.hash);
                }
            }
            if passage.region == Region::Subject {
                self.subject_names += u32::from(class == FindingClass::Identifier);
                self.subject_health += u32::from(health);
            }
            if tag.first >= line.1 {
                let start = tag.first;
                let mut end = start + 1;
                // A paragraph's lines count together.
                while passage
                    .items
                    .get(end)
                    .is_some_and(|i| i.gap < Gap::Paragraph)
                    && end < start + 200
                {
                    end += 1;
                }
                line = (start, end, false, false);
                case = Case::default();
            }
            case.add(passage, tag, health);
            self.cases += u32::from(case.is_new());
            line.2 |= class == FindingClass::Identifier && tag.kind != FindingKind::Date;
            line.3 |= health;
            if line.2 && line.3 {
                self.together += 1;
                (line.2, line.3) = (false, false);
            }
        }
    }
}

/// What a paragraph has of a patient's case so far.
#[derive(Default)]
struct Case {
    /// Whoever it is: a patient may be taken for one who works there.
    people: u32,
    numbers: u32,
    /// Whether a label calls a number a record's, and a date one of birth.
    record: bool,
    birth: bool,
    security_number: bool,
    health: bool,
    told: bool,
}

impl Case {
    fn add(&mut self, passage: &Passage<'_>, tag: &Tag, health: bool) {
        use FindingKind::{HealthPlanId, Mrn, Ssn};
        let (kind, item) = (tag.kind, passage.items.get(tag.first));
        let person = matches!(kind, FindingKind::Name | FindingKind::Provider);
        self.people += u32::from(person && !is_test_person(passage, tag));
        let text = passage.bytes_of(tag.first..tag.last);
        let number = matches!(kind, Mrn | HealthPlanId | Ssn) && !made_up::may_be_number(text);
        self.numbers += u32::from(number && kind != Ssn);
        let called = |flag| item.is_some_and(|item| cue(item, flag));
        self.record |= number && kind == Mrn && called(Flag::CueMrn);
        self.birth |= kind == FindingKind::Date && called(Flag::CueBirth);
        // Payrolls have these too.
        self.security_number |= number && kind == Ssn;
        self.health |= health;
    }

    /// Whether it has become one.
    fn is_new(&mut self) -> bool {
        let number = self.numbers > 0 || self.security_number;
        let one = self.health && self.people > 0 && number;
        let several = self.people.min(self.numbers) > 1;
        // Whoever asks for these together keeps a patient's or member's record; the
        // second says whose.
        let numbered = self.numbers > 0 && self.security_number;
        let record = numbered || (self.people > 0 && self.record && self.birth);
        let new = !self.told && (one || several || record);
        self.told |= new;
        new
    }
}

/// Whether a name says that it is none, or a part of it that was not taken for one:
/// `ZZTEST, Pat`, not `Ms. Testa`.
pub(crate) fn is_test_person(passage: &Passage<'_>, tag: &Tag) -> bool {
    let words = |n: usize| passage.bytes(n).split(|b| !b.is_ascii_alphabetic());
    let is = |word: &[u8], test: &[u8]| word.eq_ignore_ascii_case(test);
    let marked = |word: &[u8]| {
        let small = word.to_ascii_lowercase();
        small.starts_with(b"z") && small.ends_with(b"test") || is(word, b"testpatient")
    };
    let beside = |n: usize| passage.items.get(n).is_some_and(|i| i.gap == Gap::Space);
    let before = tag.first.checked_sub(1).filter(|_| beside(tag.first));
    let behind = Some(tag.last).filter(|n| beside(*n));
    (tag.first..tag.last).any(|n| words(n).any(|word| marked(word) || is(word, b"test")))
        || before
            .into_iter()
            .chain(behind)
            .any(|n| words(n).any(marked))
}

pub(super) const YOU: [u32; 4] = [hash(b"you"), hash(b"your"), hash(b"yours"), hash(b"usted")];
pub(super) const ME: [u32; 5] = [
    hash(b"i"),
    hash(b"my"),
    hash(b"me"),
    hash(b"mine"),
    hash(b"we"),
];

const PERSONS: Few = Few::of(&[&YOU, &ME]);

/// The hash of the first five letters of a word that has more: as many as tell
/// `strangled` and `strangulation` from other words, and are alike in both.
#[inline]
fn start_of(word: &[u8]) -> Option<u32> {
    let [a, b, c, d, e, _, ..] = *word else {
        return None;
    };
    // Capitals are as small letters.
    let letters = u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]) | 0x20_2020_2020;
    // The upper half.
    Some((letters.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32)
}

/// Items whose words are taken at a time.
const CHUNK: usize = 64;

/// The hashes of a chunk that are wanted.
struct Chunk {
    hashes: [u32; CHUNK],
    many: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Self {
            hashes: [0; CHUNK],
            many: 0,
        }
    }
}

impl Chunk {
    #[inline(always)]
    fn push(&mut self, hash: u32, wanted: bool) {
        if let Some(next) = self.hashes.get_mut(self.many) {
            *next = hash;
            self.many += usize::from(wanted);
        }
    }

    #[inline]
    fn into_set(self, set: &mut Hashes) {
        for hash in self.hashes.iter().take(self.many) {
            if set.len() < MAX_WORDS {
                set.insert(*hash);
            }
        }
    }
}

/// A set of hashes, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hashes {
    list: Vec<u32>,
    /// Open addressing; 0 is free. At most half is taken.
    slots: Vec<u32>,
    zero: bool,
}

impl Hashes {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn list(&self) -> &[u32] {
        &self.list
    }

    #[inline]
    pub(crate) fn insert(&mut self, hash: u32) {
        // Most are there, and where they are looked for first.
        let first = hash as usize & self.slots.len().wrapping_sub(1);
        if hash == 0 || self.slots.get(first) != Some(&hash) {
            self.insert_anew(hash);
        }
    }

    #[inline(never)]
    fn insert_anew(&mut self, hash: u32) {
        if hash == 0 {
            if !self.zero {
                self.zero = true;
                self.list.push(0);
            }
            return;
        }
        if self.list.len() * 2 >= self.slots.len() {
            self.grow(self.slots.len() * 2);
        }
        if put(&mut self.slots, hash) {
            self.list.push(hash);
        }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        for &hash in &other.list {
            self.insert(hash);
        }
    }

    /// Puts them in the order of their numbers, which training asks for: the
    /// sums of its fractions hang on the order.
    #[cfg(feature = "training")]
    pub(crate) fn sort(&mut self) {
        self.list.sort_unstable();
    }

    /// Makes room for some more.
    fn reserve(&mut self, more: usize) {
        let room = (self.list.len() + more) * 2;
        if room > self.slots.len() {
            self.grow(room.next_power_of_two());
        }
    }

    fn grow(&mut self, room: usize) {
        let mut slots = vec![0; room.max(128)];
        self.list.reserve(slots.len() / 2);
        for &hash in self.list.iter().filter(|hash| **hash != 0) {
            put(&mut slots, hash);
        }
        self.slots = slots;
    }
}

/// Puts a hash other than 0 into a table with room; whether it was not there.
fn put(slots: &mut [u32], hash: u32) -> bool {
    let mask = slots.len() - 1;
    let mut at = hash as usize & mask;
    loop {
        match slots[at] {
            0 => {
                slots[at] = hash;
                return true;
            }
            found if found == hash => return false,
            _ => at = (at + 1) & mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use super::super::features::{Envelope, features};
    use super::*;

    #[test]
    fn kinds_are_in_the_order_in_which_they_are_declared() {
        for (n, kind) in FindingKind::ALL.iter().enumerate() {
            assert_eq!(index_of(*kind), n);
        }
    }

    #[test]
    fn hashes_are_kept_once_and_in_order() {
        let mut set = Hashes::default();
        // Many of the same low bits, and 0.
        let all: Vec<u32> = (0..3_000).map(|n| n % 1_000 * 4_096).collect();
        for &hash in &all {
            set.insert(hash);
        }
        assert_eq!(set.list(), &all[..1_000]);
        let mut other = Hashes::default();
        other.insert(9);
        other.insert(4_096);
        other.extend(&set);
        assert_eq!(other.len(), 1_001);
        assert_eq!(other.list()[..3], [9, 4_096, 0]);
    }

    #[test]
    fn words_without_weights_change_no_score() {
        let weights = Weights::prior();
        let filter = weights.filter();
        let text = b"Your appointment with the kidney clinic is confirmed, Pat. \
            Zyxwvut qqqq vvzxkjjq jjkwvzzx xqzztkkv wwqjjxxz your labs; your appointment with the clinic, and I am qqqq.";
        let passage = Passage::read(text, 0, text.len(), Region::Body);
        let (mut all, mut some) = (Summary::default(), Summary::default());
        all.read(&passage, None);
        some.read(&passage, Some(filter));
        assert!(!some.words.list().is_empty() && some.words.len() < all.words.len());
        assert!(some.pairs.len() < all.pairs.len());
        assert!(!some.starts.list().is_empty() && some.starts.len() < all.starts.len());
        let score = |summary: &Summary| {
            let (context, envelope) = (Context::default(), Envelope::default());
            weights.score(features(summary, &context, &envelope).list())
        };
        assert_eq!(score(&some), score(&all));
        assert_ne!(score(&some), score(&Summary::default()));
    }

    /// What is no finding too; of words and terms that say the same each.
    #[test]
    fn terms_of_a_category_are_counted_wherever_they_stand() {
        let text =
            b"The order of protection is signed, says the victim advocate. Lunch is at noon.";
        let passage = Passage::read(text, 0, text.len(), Region::Body);
        let mut summary = Summary::default();
        summary.read(&passage, None);
        let abuse = Category::ALL.iter().position(|c| *c == Category::Abuse);
        for (n, count) in summary.mentions.iter().enumerate() {
            let wanted = if Some(n) == abuse { 2 } else { 0 };
            assert_eq!(*count, wanted, "{n}");
        }
        assert_eq!(summary.categories, [0; CATEGORIES]);
    }

    #[test]
    fn a_code_counts_for_its_category_as_a_term_does() {
        let text = b"F43.10 I10 methadone 4711";
        let passage = Passage::read(text, 0, text.len(), Region::Body);
        let kinds = [
            FindingKind::Icd10,
            FindingKind::Icd10,
            FindingKind::Medication,
            FindingKind::Account,
        ];
        let tags: Vec<Tag> = (0..)
            .zip(kinds)
            .map(|(at, kind)| Tag {
                first: at,
                last: at + 1,
                kind,
                margin: 1,
            })
            .collect();
        let found: Vec<_> = tags.iter().map(|tag| category_of(&passage, tag)).collect();
        let (mind, drugs) = (Category::MentalHealth, Category::SubstanceUse);
        assert_eq!(found, [Some(mind), None, Some(drugs), None]);
        let mut summary = Summary::default();
        summary.add(&passage, &tags, &Context::default(), None);
        assert_eq!(summary.categories, [1, 1, 0, 0, 0, 0]);
        // As text and HTML, which say the same.
        let both = summary.clone();
        summary.join(&both);
        assert_eq!(summary.categories, [1, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn longer_words_are_kept_by_how_they_start_too() {
        let starts = |text: &str| {
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let mut summary = Summary::default();
            summary.read(&passage, None);
            summary.starts
        };
        assert_eq!(starts("strangled"), starts("STRANGULATION"));
        assert_ne!(starts("strangled"), starts("struggled"));
        assert_eq!(starts("strangled, then a strangling").len(), 1);
        // Five letters are the word itself; "because" says nothing.
        assert_eq!(starts("knees hurt because 123456").len(), 0);
    }

    /// It would speak of birth.
    #[test]
    fn the_label_of_a_date_of_birth_is_no_word() {
        let words = |text: &str| {
            let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
            let mut summary = Summary::default();
            summary.read(&passage, None);
            summary.words
        };
        let birth = hash(b"birth");
        assert!(words("her birth plan").list().contains(&birth));
        for label in ["Date of birth: 4/12/1961", "birth date 4/12/1961"] {
            assert!(!words(label).list().contains(&birth), "{label}");
        }
    }

    /// In more than one chunk.
    #[test]
    fn persons_are_counted_and_words_kept_over_all_chunks() {
        let text = "You and I: my clinic told us yours. We filled yourself in. ".repeat(9);
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        assert!(passage.items.len() > 2 * CHUNK);
        let mut summary = Summary::default();
        summary.read(&passage, None);
        assert_eq!((summary.you, summary.me), (18, 27));
        let kept = summary.words.list();
        let wanted = ["clinic", "told", "filled"].map(|word| hash(word.as_bytes()));
        assert!(wanted.iter().all(|word| kept.contains(word)), "{kept:?}");
        assert!(
            summary
                .pairs
                .list()
                .contains(&pair(hash(b"my"), hash(b"clinic")))
        );
    }
}
