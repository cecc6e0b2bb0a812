//! Word lists, frozen into hash tables: names, places, health terms, labels.
//!
//! `lexicon.bin` is made by the program in `training/` from lists in the
//! repository; its layout is this file's, that of `table.rs` and that of
//! `pieces.rs`. A word or a term of several words leads to a set of [`Flag`]s.
//! Only hashes are kept: a word that is in no list is taken for one that is in
//! about one of 100,000 cases, which costs a false alarm and never a miss.

mod pieces;
mod table;

use std::sync::LazyLock;

use self::pieces::Pieces;
pub(crate) use self::table::{Bytes, Table};
use super::token::{Gap, SEED, Shape, Token, finish, join, step};

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What the lists say of a word.
        #[cfg_attr(
            not(feature = "training"),
            expect(dead_code, reason = "those that no code names are bits of the file")
        )]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(crate) enum Flag { $($(#[$doc])* $name),+ }

        impl Flag {
            /// Every flag, in the order of its number.
            #[cfg(feature = "training")]
            pub(crate) const ALL: &'static [(&'static str, Self)] =
                &[$((stringify!($name), Self::$name)),+];
        }
    };
}

flags! {
    /// Among the 300 commonest given names of each sex.
    GivenTop, Given, GivenWorld,
    /// Among the 1,000 commonest family names.
    SurnameTop, SurnameMid, SurnameRare, SurnameWorld,
    /// A name that is an ordinary word too.
    NameAmbiguous,
    /// Among the commonest words of English.
    English,
    /// Of these, one that only holds sentences together.
    Function,
    Medication, MedicationUnsure,
    /// One letter away from a drug's name.
    MedicationNear,
    Condition, ConditionUnsure, Procedure, ProcedureUnsure, Lab, LabUnsure,
    MentalHealth, SubstanceUse, StiHiv, Reproductive, Genetic, Abuse,
    Month, Weekday, State, City, Street, StreetSuffix, UnitWord,
    FacilityPrefix, FacilityField, FacilitySuffix,
    TitleBefore, TitleAfter, Role, PersonalTitle, Relative,
    /// How surely a sender or audience of this name speaks of care.
    Speciality1, Speciality2, Speciality3,
    CueSsn, CueMrn, CuePlan, CueAccount, CueLicense, CueVehicle, CueDevice, CueOther, CuePhone,
    CueFax, CueEmail, CueBirth, CueVisit, CueCard, CueBank, CueIp, CueBiometric, CueNpi, CueDea,
    CueNdc, CueLoinc, CueIcd, CueCpt, CueName, CueProvider, CueAddress, CueUrl, CueNegative,
    PatientSpeech, CareEvent, Aggregate, Dummy, Software, Marketing, Veterinary, Staff,
    /// Speaks of a category, and is no health term.
    SaysMentalHealth, SaysSubstanceUse, SaysStiHiv, SaysReproductive, SaysGenetic, SaysAbuse,
    /// A longer term starts so.
    Continues,
    /// A word inside terms of several words.
    ConditionWord, ProcedureWord, MedicationWord, LabWord,
    /// What an organisation is called that cares for nobody's health.
    Trade,
}

/// A set of [`Flag`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub(crate) struct Flags(pub(crate) u128);

impl Flags {
    pub(crate) const fn of(flags: &[Flag]) -> Self {
        let mut bits = 0;
        let mut n = 0;
        while n < flags.len() {
            bits |= 1 << (flags[n] as u8);
            n += 1;
        }
        Self(bits)
    }

    pub(crate) const fn has(self, flag: Flag) -> bool {
        self.0 >> (flag as u8) & 1 != 0
    }

    pub(crate) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The number of a set of [`Flags`] that some word or term has; 0 is that of
/// words that are in no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Class(u16);

impl Class {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn flags(self) -> Flags {
        Lexicon::get().flags(self)
    }
}

/// What a scan asks of every word, in less room than [`Flags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks(u8);

const FIRST_CUE: u8 = Flag::CueSsn as u8;
const LAST_CUE: u8 = Flag::CueNegative as u8;
const CUES: Flags = Flags(((1 << (LAST_CUE - FIRST_CUE + 1)) - 1) << FIRST_CUE);

/// Health terms, and those of them that are other words too.
pub(crate) const HEALTH: Flags = Flags::of(&[
    Flag::Medication,
    Flag::Condition,
    Flag::Procedure,
    Flag::Lab,
]);
/// What is of a specially protected kind.
pub(crate) const PROTECTED: Flags = Flags::of(&[
    Flag::MentalHealth,
    Flag::SubstanceUse,
    Flag::StiHiv,
    Flag::Reproductive,
    Flag::Genetic,
    Flag::Abuse,
]);
const UNSURE: Flags = Flags::of(&[
    Flag::MedicationUnsure,
    Flag::ConditionUnsure,
    Flag::ProcedureUnsure,
    Flag::LabUnsure,
]);

impl Marks {
    pub(crate) const NONE: Self = Self(0);
    const CONTINUES: u8 = 1 << 7;
    const LISTED: u8 = 1 << 6;
    const CUE: u8 = (1 << 6) - 1;

    fn of(flags: Flags) -> Self {
        let cues = flags.0 & CUES.0;
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        let mut bits = match cues {
            0 => 0,
            cues => cues.trailing_zeros() as u8 - FIRST_CUE + 1,
        };
        if flags.has(Flag::Continues) {
            bits |= Self::CONTINUES;
        }
        if flags.any(HEALTH) && !flags.any(UNSURE) {
            bits |= Self::LISTED;
        }
        Self(bits)
    }

    /// Whether it is a health term and nothing else.
    pub(crate) fn listed(self) -> bool {
        self.0 & Self::LISTED != 0
    }

    /// Whether a longer term starts so.
    pub(crate) fn continues(self) -> bool {
        self.0 & Self::CONTINUES != 0
    }

    /// Whether it is neither a health term nor a label.
    pub(crate) fn is_plain(self) -> bool {
        self.0 & !Self::CONTINUES == 0
    }

    /// The first label that it is, from 1 on; 0 for none.
    pub(crate) fn cue(self) -> u8 {
        self.0 & Self::CUE
    }
}

/// What the words of a message are counted by, in less room than [`Flags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Speech(u16);

impl Speech {
    const FUNCTION: u16 = 1 << 15;

    fn of(flags: Flags) -> Self {
        let bits = flags.0 >> Flag::PatientSpeech as u8;
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
        let sections = bits as u16 & ((1 << SECTIONS) - 1);
        let bits = flags.0 >> Flag::MentalHealth as u8 | flags.0 >> Flag::SaysMentalHealth as u8;
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
        let categories = bits as u16 & ((1 << CATEGORIES) - 1);
        Self(match flags.has(Flag::Function) {
            true => sections | categories << SECTIONS | Self::FUNCTION,
            false => sections | categories << SECTIONS,
        })
    }

    /// Whether it only holds sentences together.
    pub(crate) fn is_function(self) -> bool {
        self.0 & Self::FUNCTION != 0
    }

    /// The flags from [`Flag::PatientSpeech`] on, a bit each, and behind them
    /// those from [`Flag::MentalHealth`] on, or from [`Flag::SaysMentalHealth`].
    pub(crate) fn counted(self) -> u16 {
        self.0 & !Self::FUNCTION
    }
}

/// The flags from [`Flag::PatientSpeech`] on that a message is counted by.
pub(crate) const SECTIONS: usize = 8;
/// The same from [`Flag::MentalHealth`] on.
pub(crate) const CATEGORIES: usize = 6;

/// All lists.
pub(crate) struct Lexicon {
    /// The flags of each class. The last is that of near misses of drugs.
    classes: Vec<Flags>,
    /// What is asked most of each class.
    marks: Vec<Marks>,
    speech: Vec<Speech>,
    words: Table,
    phrases: Table,
    codes: Table,
    pieces: Pieces,
    /// The commonest words of English, those first that hold sentences
    /// together: letters, and which words follow in terms.
    common: &'static [[u8; COMMON + 8]],
}

/// The bit of a word among those that follow another.
pub(crate) const fn follower(hash: u32) -> u64 {
    1 << (hash >> 26)
}

/// Letters of a common word; behind fewer stand zeros.
pub(crate) const COMMON: usize = 8;

/// Given names, common ones and rare, of all countries.
pub(crate) const GIVEN: Flags = Flags::of(&[Flag::GivenTop, Flag::Given, Flag::GivenWorld]);

/// Family names, likewise.
pub(crate) const SURNAME: Flags = Flags::of(&[
    Flag::SurnameTop,
    Flag::SurnameMid,
    Flag::SurnameRare,
    Flag::SurnameWorld,
]);

/// Names of persons.
pub(crate) const NAMES: Flags = GIVEN.union(SURNAME);

/// How surely a sender's or an audience's word speaks of care.
pub(crate) const SPECIALITIES: Flags =
    Flags::of(&[Flag::Speciality1, Flag::Speciality2, Flag::Speciality3]);
/// What says what an organisation does.
pub(crate) const FIELDS: Flags = SPECIALITIES.union(Flags::of(&[Flag::Trade]));

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_bytes!("lexicon.bin")));

/// Keys of the code lists in their common table.
const ICD: u32 = 0x1cd1_0000;
const HCPCS: u32 = 0xc9c5_0000;
/// Keys of words with one letter taken out.
const NEAR: u32 = 0x0ea4_0000;
/// Near misses of longer words are not told.
const LONGEST_DRUG: usize = 24;
/// Terms have so many words at most.
pub(crate) const LONGEST: usize = 8;

impl Lexicon {
    pub(crate) fn get() -> &'static Self {
        &LEXICON
    }

    fn read(blob: &'static [u8]) -> Self {
        let mut bytes = Bytes(blob);
        let count = bytes.u32();
        let classes: Vec<Flags> = (0..count)
            .map(|_| Flags(u128::from_le_bytes(bytes.take())))
            .chain([Flags::of(&[Flag::MedicationNear])])
            .collect();
        Self {
            marks: classes.iter().copied().map(Marks::of).collect(),
            speech: classes.iter().copied().map(Speech::of).collect(),
            classes,
            words: Table::read(&mut bytes),
            phrases: Table::read(&mut bytes),
            codes: Table::read(&mut bytes),
            common: {
                let count = bytes.u32() as usize;
                bytes.all(count)
            },
            pieces: Pieces::read(&mut bytes),
        }
    }

    /// The commonest short words, each with a [`follower`] for every second
    /// word of a term that it starts.
    pub(crate) fn common(&self) -> impl Iterator<Item = ([u8; COMMON], u64)> + use<> {
        self.common.iter().map(|word| {
            let mut bytes = Bytes(word);
            (bytes.take(), u64::from_le_bytes(bytes.take()))
        })
    }

    /// The flags of a class.
    pub(crate) fn flags(&self, class: Class) -> Flags {
        self.classes.get(class.index()).copied().unwrap_or_default()
    }

    /// What is asked most of a class.
    pub(crate) fn marks(&self, class: Class) -> Marks {
        self.marks.get(class.index()).copied().unwrap_or_default()
    }

    /// What a message is counted by, of a class.
    pub(crate) fn speech(&self, class: Class) -> Speech {
        let speech = self.speech.get(class.index());
        speech.copied().unwrap_or_default()
    }

    /// The flags of all classes, in the order of their numbers.
    pub(crate) fn classes(&self) -> &[Flags] {
        &self.classes
    }

    /// The class of words that look like a drug's name.
    pub(crate) fn near_class(&self) -> Class {
        Class(u16::try_from(self.classes.len() - 1).unwrap_or_default())
    }

    /// What the lists say of a single word.
    pub(crate) fn word(&self, hash: u32) -> Flags {
        self.flags(self.class(hash))
    }

    /// The class of a single word.
    #[inline]
    pub(crate) fn class(&self, hash: u32) -> Class {
        Class(self.words.find_in(hash, self.words.two(hash)))
    }

    /// The longest term of several words that starts at the first of `tokens`:
    /// how many tokens it has and what it is. Hyphens, slashes and points
    /// inside it are passed over.
    ///
    /// Most words that start a term start none where they stand, which the next
    /// tells.
    #[inline]
    pub(crate) fn phrase(&self, text: &[u8], tokens: &[Token]) -> Option<(usize, Class)> {
        let next = word_behind(text, tokens, 1)?;
        let key = join(tokens.first()?.hash, tokens.get(next)?.hash);
        match self.phrases.filter.may_have(key) {
            true => self.phrase_from(text, tokens, next),
            false => None,
        }
    }

    /// The same where the second word is at `at`.
    #[inline(never)]
    fn phrase_from(&self, text: &[u8], tokens: &[Token], mut at: usize) -> Option<(usize, Class)> {
        let mut key = tokens.first()?.hash;
        let mut best = None;
        for _ in 1..LONGEST {
            let Some(next) = tokens.get(at).filter(|t| t.gap <= Gap::Line) else {
                break;
            };
            key = join(key, next.hash);
            let class = Class(self.phrases.find(key));
            if class.is_empty() {
                break;
            }
            at += 1;
            let flags = self.flags(class);
            if flags.0 & !Flags::of(&[Flag::Continues]).0 != 0 {
                best = Some((at, class));
            }
            if !flags.has(Flag::Continues) {
                break;
            }
            let Some(next) = word_behind(text, tokens, at) else {
                break;
            };
            at = next;
        }
        best
    }

    /// Whether a word is a drug's name with one letter wrong, missing, too
    /// much, or two exchanged. Small and capital letters are the same.
    pub(crate) fn near_medication(&self, word: &[u8]) -> bool {
        if !(7..=LONGEST_DRUG).contains(&word.len()) {
            return false;
        }
        // The hashes of the word without its first letter, without its second,
        // and so on; all go on side by side.
        let mut without = [SEED; LONGEST_DRUG];
        let mut whole = SEED;
        for (n, &letter) in word.iter().enumerate() {
            let (before, here) = without.split_at_mut(n);
            for hash in before {
                *hash = step(*hash, letter);
            }
            if let Some(hash) = here.first_mut() {
                *hash = whole;
            }
            whole = step(whole, letter);
        }
        if self.phrases.find(join(NEAR, finish(whole))) != 0 {
            return true;
        }
        without[..word.len()].iter().any(|&hash| {
            let hash = finish(hash);
            self.phrases.find(join(NEAR, hash)) != 0 || word.len() > 7 && self.is_drug(hash)
        })
    }

    /// Whether an ICD-10-CM code, upper or lower case and without its point, is
    /// in the list.
    pub(crate) fn is_icd10(&self, code: &[u8]) -> bool {
        self.codes.find(join(ICD, super::token::hash(code))) != 0
    }

    /// Whether a HCPCS level II code is in the list.
    pub(crate) fn is_hcpcs(&self, code: &[u8]) -> bool {
        self.codes.find(join(HCPCS, super::token::hash(code))) != 0
    }
}

/// A sign that stands inside a term without blanks: `x-ray`, `s/p`, `c. diff`.
pub(crate) fn inner_sign(text: &[u8], token: &Token) -> bool {
    token.gap == Gap::None
        && matches!(
            text.get(token.start as usize),
            Some(b'-' | b'/' | b'.' | b'\'')
        )
}

/// The first token from one on that is no sign inside a term.
#[inline]
fn word_behind(text: &[u8], tokens: &[Token], from: usize) -> Option<usize> {
    match tokens.get(from)?.shape {
        Shape::Sign => signs_behind(text, tokens, from),
        _ => Some(from),
    }
}

#[inline(never)]
fn signs_behind(text: &[u8], tokens: &[Token], from: usize) -> Option<usize> {
    let behind = tokens.get(from..)?.iter();
    let signs = behind.take_while(|token| inner_sign(text, token)).count();
    tokens.get(from + signs).map(|_| from + signs)
}

/// What the program in `training/` needs to write the blob.
#[cfg(feature = "training")]
pub(crate) mod build {
    use super::*;
    use std::collections::BTreeMap;

    /// Lists on their way into a blob.
    #[derive(Default)]
    pub(crate) struct Builder {
        words: BTreeMap<u32, Flags>,
        phrases: BTreeMap<u32, Flags>,
        codes: BTreeMap<u32, u16>,
        common: Vec<[u8; COMMON]>,
        /// The second words of terms by the first.
        followers: BTreeMap<u32, u64>,
    }

    impl Builder {
        /// Adds a common word: those that come first are the commonest. Long
        /// ones, and what is not in small letters of ASCII, are left out.
        pub(crate) fn common(&mut self, word: &str) {
            let mut letters = [0; COMMON];
            if let Some(room) = letters.get_mut(..word.len())
                && word.bytes().all(|b| b.is_ascii_lowercase())
            {
                room.copy_from_slice(word.as_bytes());
                if !self.common.contains(&letters) {
                    self.common.push(letters);
                }
            }
        }

        /// Adds what is said of a term of one word or several.
        pub(crate) fn term(&mut self, term: &str, flags: Flags) {
            let view = crate::dlp::view::View::plain(term);
            let mut all = Vec::new();
            crate::dlp::token::tokens(&view.text, 0, view.text.len(), &mut all);
            let words: Vec<u32> = all
                .iter()
                .enumerate()
                .filter(|(n, t)| *n == 0 || !inner_sign(&view.text, t))
                .map(|(_, t)| t.hash)
                .take(LONGEST)
                .collect();
            let add = |map: &mut BTreeMap<u32, Flags>, key, flags: Flags| {
                let old = map.entry(key).or_default();
                *old = old.union(flags);
            };
            let Some((&first, rest)) = words.split_first() else {
                return;
            };
            if rest.is_empty() {
                add(&mut self.words, first, flags);
                return;
            }
            let continues = Flags::of(&[Flag::Continues]);
            add(&mut self.words, first, continues);
            *self.followers.entry(first).or_default() |= follower(rest[0]);
            let mut key = first;
            for (n, &word) in rest.iter().enumerate() {
                key = join(key, word);
                let last = n + 1 == rest.len();
                add(&mut self.phrases, key, if last { flags } else { continues });
            }
            let inner = [
                (Flag::Condition, Flag::ConditionWord),
                (Flag::Procedure, Flag::ProcedureWord),
                (Flag::Medication, Flag::MedicationWord),
                (Flag::Lab, Flag::LabWord),
            ];
            for word in words {
                for (whole, part) in inner {
                    if flags.has(whole) {
                        add(&mut self.words, word, Flags::of(&[part]));
                    }
                }
            }
        }

        /// Adds the near misses of a drug's name.
        pub(crate) fn near(&mut self, word: &str) {
            let word = word.as_bytes();
            if !(7..=24).contains(&word.len()) || !word.iter().all(u8::is_ascii_lowercase) {
                return;
            }
            for out in 0..word.len() {
                let shorter = [&word[..out], &word[out + 1..]].concat();
                let key = join(NEAR, crate::dlp::token::hash(&shorter));
                self.phrases.insert(key, Flags::of(&[Flag::MedicationNear]));
            }
        }

        pub(crate) fn icd10(&mut self, code: &str) {
            let hash = crate::dlp::token::hash(code.as_bytes());
            self.codes.insert(join(ICD, hash), 1);
        }

        pub(crate) fn hcpcs(&mut self, code: &str) {
            let hash = crate::dlp::token::hash(code.as_bytes());
            self.codes.insert(join(HCPCS, hash), 1);
        }

        /// The blob.
        #[expect(clippy::expect_used, reason = "a mistake in the lists")]
        pub(crate) fn write(&self) -> Vec<u8> {
            let mut classes = vec![Flags::default()];
            let mut number: BTreeMap<u128, u16> = BTreeMap::new();
            let mut tables = Vec::new();
            for map in [&self.words, &self.phrases] {
                let entries = map
                    .iter()
                    .map(|(&hash, &flags)| {
                        let class = *number.entry(flags.0).or_insert_with(|| {
                            classes.push(flags);
                            u16::try_from(classes.len() - 1).expect("below 8,192 classes")
                        });
                        (hash, class)
                    })
                    .collect();
                Table::write(&entries, &mut tables);
            }
            Table::write(&self.codes, &mut tables);
            let mut out = u32::try_from(classes.len())
                .expect("few")
                .to_le_bytes()
                .to_vec();
            out.extend(classes.iter().flat_map(|c| c.0.to_le_bytes()));
            out.extend(tables);
            let count = u32::try_from(self.common.len()).expect("few");
            out.extend(count.to_le_bytes());
            for word in &self.common {
                let length = word.iter().take_while(|b| **b != 0).count();
                let hash = crate::dlp::token::hash(&word[..length]);
                let follow = self.followers.get(&hash).copied().unwrap_or_default();
                out.extend(word);
                out.extend(follow.to_le_bytes());
            }
            Pieces::write(&self.words, &mut out);
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::table::{CLASS_BITS, Filter};
    use super::*;

    #[test]
    fn near_misses_of_drugs_in_small_letters_and_capitals() {
        let lexicon = Lexicon::get();
        for near in [
            "metformn",
            "METFORMN",
            "metfromin",
            "mettformin",
            "lisinoprik",
            "atorvastain",
        ] {
            assert!(lexicon.near_medication(near.as_bytes()), "{near}");
        }
        for other in ["calendar", "metf", "meetings", "abcdefghijklmnopqrstuvwxyz"] {
            assert!(!lexicon.near_medication(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_term_ends_where_its_words_do() {
        let length = |text: &str| {
            let (mut all, text) = (Vec::new(), text.as_bytes());
            crate::dlp::token::tokens(text, 0, text.len(), &mut all);
            Lexicon::get().phrase(text, &all).map(|(length, _)| length)
        };
        assert_eq!(length("elder abuse screening"), Some(3));
        assert_eq!(length("elder abuse x"), Some(2));
        assert_eq!(length("type 2 diabetes, and"), Some(3));
        assert_eq!(length("x-ray, then"), Some(3));
        assert_eq!(length("elder"), None);
        assert_eq!(length("elder\n\nabuse"), None);
    }

    /// "Elder abuse screening" and "child abuse reporting" are terms too.
    #[test]
    fn a_term_that_longer_ones_start_with_is_told_where_the_text_ends() {
        let lexicon = Lexicon::get();
        let told = |text: &str| {
            let (mut all, text) = (Vec::new(), text.as_bytes());
            crate::dlp::token::tokens(text, 0, text.len(), &mut all);
            lexicon.phrase(text, &all)
        };
        let (_, long) = told("elder abuse screening").unwrap_or_default();
        let (_, short) = told("elder abuse x").unwrap_or_default();
        assert!(short.flags().has(Flag::Continues) && short != long);
        for text in [
            "elder abuse",
            "elder abuse.",
            "elder abuse. ",
            "elder abuse\n",
            "elder abuse...",
            "elder abuse-",
            "Elder\nAbuse",
            "elder abuse\n\nscreening",
            "elder abuse.\n\nscreening",
            "elder abuse, screening",
            "elder-abuse",
        ] {
            let words = if text == "elder-abuse" { 3 } else { 2 };
            assert_eq!(told(text), Some((words, short)), "{text:?}");
        }
        for text in [
            "elder abuse screening",
            "ELDER ABUSE SCREENING.",
            "elder abuse-screening",
        ] {
            let words = if text.contains('-') { 4 } else { 3 };
            assert_eq!(told(text), Some((words, long)), "{text:?}");
        }
        // Only a beginning of terms is none.
        for text in ["irritable", "iron", "post traumatic", "post-"] {
            assert_eq!(told(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_filter_lets_all_through_that_is_there() {
        let hashes = [
            0x0000_0001,
            0x0000_0fff,
            0x0003_ffff,
            0xffff_0001,
            0xffff_ffff,
        ];
        for log in [1, 2, 4] {
            let mut bytes = Vec::new();
            Filter::write(hashes, log, &mut bytes);
            let filter = Filter::read(&mut Bytes(bytes.leak()), log);
            for hash in hashes {
                assert!(filter.may_have(hash), "{hash:x} of 2^{log}");
            }
            assert!(!filter.may_have(0x8000_0555));
        }
    }

    /// The filters of the file are those of its tables.
    #[test]
    fn the_files_filters_let_all_through_that_is_there() {
        let lexicon = Lexicon::get();
        let words = [
            "metformin",
            "the",
            "clinic",
            "rose",
            "kidney",
            "patient",
            "smith",
            "boston",
        ];
        for word in words {
            let hash = super::super::token::hash(word.as_bytes());
            let class = lexicon.class(hash);
            assert!(!class.is_empty(), "{word}");
            assert_eq!(lexicon.words.find(hash), class.0, "{word}");
        }
        assert!(lexicon.is_icd10(b"E1165"));
        let bits = |filter: &Filter| -> u32 {
            let words = filter.words.iter().map(|w| u64::from_le_bytes(*w));
            words.map(u64::count_ones).sum()
        };
        for table in [&lexicon.words, &lexicon.phrases, &lexicon.codes] {
            assert_eq!(table.filter.words.len() * 16, table.slots.len());
            assert!(bits(&table.filter) > 1_000);
        }
    }

    #[test]
    fn what_is_fetched_first_is_what_is_found() {
        let words = &Lexicon::get().words;
        let mut state = 1u32;
        let mut found = 0;
        // Hashes at random, what every slot keeps, and the last slots.
        for (at, slot) in (0u32..).zip(words.slots) {
            let slot = u32::from_le_bytes(*slot);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let high = (at << words.shift) & !(u32::MAX >> CLASS_BITS);
            for hash in [state, high | slot >> CLASS_BITS, at | !(u32::MAX >> 10)] {
                let class = words.find_from(hash, words.first(hash));
                assert_eq!(words.find_in(hash, words.two(hash)), class, "{hash:x}");
                found += usize::from(class != 0);
            }
        }
        assert!(found > 50_000, "{found}");
    }

    #[test]
    fn a_words_class_says_what_its_flags_are() {
        let lexicon = Lexicon::get();
        let mut known = 0;
        for n in 0..200_000u32 {
            let hash = n.wrapping_mul(0x9e37_79b1);
            let flags = lexicon.word(hash);
            known += u32::from(!flags.is_empty());
            let class = lexicon.words.find(hash);
            assert_eq!(flags, lexicon.flags(Class(class)));
        }
        for word in ["metformin", "the", "clinic", "rose"] {
            let hash = super::super::token::hash(word.as_bytes());
            assert!(!lexicon.class(hash).is_empty());
        }
        assert!(known < 2_000);
    }
}
