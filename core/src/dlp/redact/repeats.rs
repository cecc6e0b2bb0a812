//! Values that go wherever they stand, however they are written there.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};

use zeroize::Zeroizing;

use crate::dlp::lexicon::{Flag, Lexicon};
use crate::dlp::token::hash;

/// A value of fewer letters and digits says little, and stands everywhere.
const SHORTEST: usize = 3;
/// One of fewer is not looked for where its words are cut or joined otherwise:
/// `101` is not `10 1`.
const SHORTEST_JOINED: usize = 6;
/// Longer values are not looked for a second time.
const MOST_WORDS: usize = 12;
/// Of a name of more words nobody puts the last one first.
const MOST_OF_A_NAME: usize = 4;

/// What is known of a value.
struct Value {
    label: String,
    /// Whether it is a common word too, which only a capital makes a name.
    in_capitals: bool,
}

/// Values and their labels.
#[derive(Default)]
pub(super) struct Repeats {
    /// By their words, whatever stands between them.
    words: BTreeMap<String, Value>,
    /// By their letters and digits alone.
    joined: BTreeMap<String, Value>,
    /// The length of the longest.
    longest: usize,
}

impl Repeats {
    /// Remembers a value by its words. Those of a name may stand with the last
    /// one first.
    pub(super) fn add(&mut self, value: &Spelt<'_>, label: impl FnOnce() -> String) {
        let words = value.words;
        let length: usize = words.iter().map(|word| word.chars().count()).sum();
        if length < SHORTEST || words.len() > MOST_WORDS {
            return;
        }
        let mut ways = vec![words.to_vec()];
        if value.is_name && (2..=MOST_OF_A_NAME).contains(&words.len()) {
            let mut turned = words.to_vec();
            turned.rotate_right(1);
            ways.push(turned);
        }
        let label = label();
        let in_capitals = match words {
            [word] => value.is_name && value.is_capital && is_common(word),
            _ => false,
        };
        for way in ways {
            let (parted, joined) = (way.join(" "), way.concat());
            self.longest = self.longest.max(parted.len());
            let mut values = vec![(&mut self.words, parted)];
            if length >= SHORTEST_JOINED {
                values.push((&mut self.joined, joined));
            }
            for (values, way) in values {
                let known = values.entry(way).or_insert_with(|| Value {
                    label: label.clone(),
                    in_capitals,
                });
                known.in_capitals &= in_capitals;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Room for the words of one value, which is never too little.
    pub(super) fn window(&self) -> Window {
        Window {
            parted: Zeroizing::new(String::with_capacity(self.longest)),
            joined: Zeroizing::new(String::with_capacity(self.longest)),
        }
    }

    /// The longest value that begins with the first of these words, which may
    /// have a capital: how many of them it has, and its label. `spell` writes a
    /// word where the room is enough.
    pub(super) fn at<'w>(
        &self,
        window: &mut Window,
        words: impl IntoIterator<Item = &'w Range<usize>>,
        is_capital: bool,
        spell: impl Fn(&Range<usize>, &mut String) -> bool,
    ) -> Option<(usize, &str)> {
        let (parted, joined) = (&mut window.parted, &mut window.joined);
        parted.clear();
        joined.clear();
        let mut found = None;
        for (length, word) in (1..).zip(words.into_iter().take(MOST_WORDS)) {
            if length > 1 && parted.len() < parted.capacity() {
                parted.push(' ');
            }
            let start = parted.len();
            if !spell(word, parted) {
                break;
            }
            joined.push_str(parted.get(start..).unwrap_or_default());
            let (parted, joined) = (parted.as_str(), joined.as_str());
            let value = self.words.get(parted).or_else(|| self.joined.get(joined));
            let value = value.filter(|value| is_capital || !value.in_capitals);
            found = value.map(|value| (length, value.label.as_str())).or(found);
            if !begins(&self.words, parted) && !begins(&self.joined, joined) {
                break;
            }
        }
        found
    }
}

/// A value by its words, as they are compared.
pub(super) struct Spelt<'a> {
    pub(super) words: &'a [String],
    pub(super) is_name: bool,
    /// Whether it was found with a capital.
    pub(super) is_capital: bool,
}

/// The words that are compared, overwritten when dropped.
pub(super) struct Window {
    parted: Zeroizing<String>,
    joined: Zeroizing<String>,
}

/// Whether a word in small letters is among the commonest ones.
fn is_common(word: &str) -> bool {
    let flags = Lexicon::get().word(hash(word.as_bytes()));
    flags.has(Flag::English)
}

/// Whether a value begins so.
fn begins(values: &BTreeMap<String, Value>, start: &str) -> bool {
    let from = (Bound::Included(start), Bound::Unbounded);
    let next = values.range::<str, _>(from).next();
    next.is_some_and(|(value, _)| value.starts_with(start))
}
