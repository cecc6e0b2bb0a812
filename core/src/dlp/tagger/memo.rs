//! Sums of weights that come again and again.
//!
//! What the word model sees of a unit falls into groups that hang on little:
//! on the word alone, on a neighbour's word, on what the lists say of two
//! neighbours, on shapes. The sums of a group's weights are kept under all
//! that they hang on, so that they are the same whether they are kept or not.
//!
//! A memo outlives a message, so no more of a text goes into it than common
//! words of English (some are names too), signs, shapes, which sorts of lists a
//! word or its term is in (never the word or the term), the labels of the words
//! before, whether the word stands in an address of the mail, and how the mail
//! as a whole looks: where the word stands, whether it speaks of care, to how
//! many. None of it says whose text it was.

use super::labels::WORD_LABELS;

/// The sums of the weights of each label.
pub(crate) type Sums = [i16; WORD_LABELS];

/// Adds `more` to `sums`.
pub(crate) fn add(sums: &mut Sums, more: &Sums) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.wrapping_add(*more);
    }
}

/// What was made of each key, as many keys as there is room for: a later one
/// takes the place of an earlier.
pub(crate) struct Memo<K, T> {
    slots: Vec<(K, T)>,
    shift: u32,
}

/// What a memo keeps things under.
pub(crate) trait Key: Copy + Eq + Default {
    /// The key with its top bit set: no key is 0, which an empty slot has.
    fn set(self) -> Self;
    fn folded(self) -> u64;
}

impl Key for u128 {
    fn set(self) -> Self {
        self | 1 << 127
    }

    #[expect(clippy::cast_possible_truncation, reason = "the halves are wanted")]
    fn folded(self) -> u64 {
        self as u64 ^ (self >> 64) as u64
    }
}

impl Key for u64 {
    fn set(self) -> Self {
        self | 1 << 63
    }

    fn folded(self) -> u64 {
        self
    }
}

impl<K: Key, T: Clone + Default> Memo<K, T> {
    /// With room for `2^log` keys.
    pub(crate) fn new(log: u32) -> Self {
        Self {
            slots: vec![(K::default(), T::default()); 1 << log],
            shift: 64 - log,
        }
    }

    /// What was kept under a key, whose top bit is free, or else what `make`
    /// says.
    #[inline]
    pub(crate) fn get(&mut self, key: K, make: impl FnOnce() -> T) -> &T {
        let key = key.set();
        let mixed = key.folded().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = &mut self.slots[(mixed >> self.shift) as usize];
        if slot.0 != key {
            *slot = (key, make());
        }
        &slot.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_made_for_the_key() {
        let mut memo = Memo::<u128, [Sums; 1]>::new(4);
        let mut made = 0;
        for round in 0..3 {
            // More keys than there is room for, and 0.
            for key in (0..40u128).flat_map(|n| [n, n, n << 70]) {
                let value = i16::try_from(key % 1_000).unwrap();
                let sums = memo.get(key, || {
                    made += 1;
                    [[value; WORD_LABELS]]
                });
                assert_eq!(sums[0], [value; WORD_LABELS], "{key} in round {round}");
            }
        }
        assert!((40..360).contains(&made));
    }
}
