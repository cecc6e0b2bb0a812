//! The commonest short words of English: what is known of them without a look
//! at the word lists. They are half of what stands in a mail.

use std::sync::LazyLock;

use super::lexicon::{Class, Lexicon, Marks, follower};
use super::token::{Shape, Token, hash};
use super::unit::{may_start_date, sign_may_start};

/// A common word.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommonWord {
    /// In small letters, the first in the lowest byte; 0 is free.
    pub(super) letters: u64,
    pub(super) hash: u32,
    pub(super) class: Class,
    pub(super) marks: Marks,
    /// Whether a date or a link may start with it.
    pub(super) starts: bool,
    /// A bit for each word that is the second of a term that starts so.
    followers: u64,
}

impl CommonWord {
    /// What is known of signs that start nothing, and of free places.
    const NOTHING: Self = Self {
        letters: 0,
        followers: 0,
        hash: 0,
        class: Class::NONE,
        marks: Marks::NONE,
        starts: false,
    };

    /// The same of a word that is none of them.
    #[inline]
    pub(super) fn look_up(lexicon: &Lexicon, text: &[u8], token: &Token) -> Self {
        let mut class = lexicon.class(token.hash);
        if class.is_empty() && token.is_word() {
            let word = text.get(token.range()).unwrap_or_default();
            if word.len() >= 7 && lexicon.near_medication(word) {
                class = lexicon.near_class();
            }
        }
        Self::new(lexicon, token.hash, class)
    }

    #[inline]
    fn new(lexicon: &Lexicon, hash: u32, class: Class) -> Self {
        let marks = lexicon.marks(class);
        Self {
            letters: 0,
            hash,
            class,
            marks,
            starts: may_start_date(hash),
            followers: match marks.continues() {
                true => u64::MAX,
                false => 0,
            },
        }
    }

    /// Whether a term may start with it, by the next token. Signs inside a term
    /// are none of its words.
    #[inline]
    pub(super) fn may_start_term(&self, next: &Token) -> bool {
        let sign = (next.shape == Shape::Sign) & (self.followers != 0);
        (self.followers & follower(next.hash) != 0) | sign
    }
}

/// The number of no common word.
pub(super) const NONE: u16 = 0;
/// The number of signs that start nothing.
const SIGN: u16 = 1;
/// Words have numbers from here on.
const FIRST: usize = 2;
/// Places for words, as a power of 2: three times as many as there are words.
const LOG: u32 = 14;
pub(super) const PLACES: usize = 1 << LOG;

/// Common words by their letters.
pub(super) struct Common {
    words: Box<[CommonWord; PLACES]>,
}

static COMMON: LazyLock<Common> = LazyLock::new(|| Common::new(Lexicon::get()));

/// The number of a sign.
#[inline]
pub(super) fn sign(sign: u8) -> u16 {
    SIGNS[usize::from(sign & 0x7f)]
}

const SIGNS: [u16; 128] = {
    let mut table = [SIGN; 128];
    let mut n = 0;
    while n < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "n is below 128")]
        let sign = n as u8;
        if sign_may_start(sign) {
            table[n] = NONE;
        }
        n += 1;
    }
    table
};

impl Common {
    pub(super) fn get() -> &'static Self {
        &COMMON
    }

    fn new(lexicon: &Lexicon) -> Self {
        let mut words = Box::new([CommonWord::NOTHING; PLACES]);
        for (word, followers) in lexicon.common() {
            let letters = u64::from_le_bytes(word);
            let length = word.iter().take_while(|b| **b != 0).count();
            let hash = hash(&word[..length]);
            let place = Self::place(letters);
            // Those that hold sentences together come first, and stay.
            if place >= FIRST && words[place].letters == 0 {
                let word = CommonWord::new(lexicon, hash, lexicon.class(hash));
                words[place] = CommonWord {
                    letters,
                    followers,
                    ..word
                };
            }
        }
        Self { words }
    }

    fn place(letters: u64) -> usize {
        (letters.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - LOG)) as usize
    }

    /// The word of these small letters, with its number.
    #[inline]
    pub(super) fn find(&self, letters: u64) -> Option<(u16, &CommonWord)> {
        let place = Self::place(letters);
        let word = &self.words[place % PLACES];
        #[expect(clippy::cast_possible_truncation, reason = "there are 2^14 places")]
        (word.letters == letters).then_some((place as u16, word))
    }

    /// What is known of the word of that number.
    #[inline]
    pub(super) fn word(&self, number: u16) -> &CommonWord {
        &self.words[usize::from(number) % PLACES]
    }
}
