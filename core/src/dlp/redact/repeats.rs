//! Values that go wherever they stand, however they are written there.

use std::collections::BTreeMap;
use std::ops::Bound;

/// A value of fewer letters and digits says little, and stands everywhere.
const SHORTEST: usize = 3;
/// One of fewer is not looked for where its words are cut or joined otherwise:
/// `101` is not `10 1`.
const SHORTEST_JOINED: usize = 6;
/// Longer values are not looked for a second time.
const MOST_WORDS: usize = 12;
/// Of a name of more words nobody puts the last one first.
const MOST_OF_A_NAME: usize = 4;

/// Values and their labels.
#[derive(Default)]
pub(super) struct Repeats {
    /// By their words, whatever stands between them.
    words: BTreeMap<String, String>,
    /// By their letters and digits alone.
    joined: BTreeMap<String, String>,
}

impl Repeats {
    /// Remembers a value by its words. Those of a name may stand with the last
    /// one first.
    pub(super) fn add(&mut self, words: &[String], is_name: bool, label: impl FnOnce() -> String) {
        let length: usize = words.iter().map(|word| word.chars().count()).sum();
        if length < SHORTEST || words.len() > MOST_WORDS {
            return;
        }
        let mut ways = vec![words.to_vec()];
        if is_name && (2..=MOST_OF_A_NAME).contains(&words.len()) {
            let mut turned = words.to_vec();
            turned.rotate_right(1);
            ways.push(turned);
        }
        let label = label();
        for way in ways {
            let joined = way.concat();
            self.words.entry(way.join(" ")).or_insert(label.clone());
            if length >= SHORTEST_JOINED {
                self.joined.entry(joined).or_insert(label.clone());
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The longest value that begins with the first of these words: how many of
    /// them it has, and its label.
    pub(super) fn at(&self, words: &[String]) -> Option<(usize, &str)> {
        let (mut parted, mut joined) = (String::new(), String::new());
        let mut found = None;
        for (length, word) in (1..).zip(words.iter().take(MOST_WORDS)) {
            if length > 1 {
                parted.push(' ');
            }
            parted.push_str(word);
            joined.push_str(word);
            let label = self.words.get(&parted).or_else(|| self.joined.get(&joined));
            found = label.map(|label| (length, label.as_str())).or(found);
            if !begins(&self.words, &parted) && !begins(&self.joined, &joined) {
                break;
            }
        }
        found
    }
}

/// Whether a value begins so.
fn begins(values: &BTreeMap<String, String>, start: &str) -> bool {
    let from = (Bound::Included(start), Bound::Unbounded);
    let next = values.range::<str, _>(from).next();
    next.is_some_and(|(value, _)| value.starts_with(start))
}
