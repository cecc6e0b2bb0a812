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

use super::labels::WORD_KINDS;

/// The sums of the weights of the labels of first words, and with two halves of
/// those of further words. Eight at a time they stay in vector registers.
pub(crate) type Sums<const HALVES: usize> = [[i16; WORD_KINDS.len()]; HALVES];

/// Adds to sums, whose numbers may be smaller.
#[inline(always)]
pub(crate) fn add<const HALVES: usize, T: Copy + Into<i16>>(
    sums: &mut Sums<HALVES>,
    more: &[[T; WORD_KINDS.len()]],
) {
    for (sums, more) in sums.iter_mut().zip(more) {
        *sums = std::array::from_fn(|n| sums[n].wrapping_add(more[n].into()));
    }
}

/// What was made of each key, as many keys as there is room for, which are
/// `2^LOG`: a later one takes the place of an earlier.
pub(crate) struct Memo<K, T, const LOG: u32> {
    slots: Vec<(K, T)>,
}

/// Odd, with bits everywhere (2^64 by the golden ratio).
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

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
        (self as u64).wrapping_mul(MIX) ^ (self >> 64) as u64
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

impl<K: Key, T: Copy + Default, const LOG: u32> Default for Memo<K, T, LOG> {
    fn default() -> Self {
        Self {
            slots: vec![(K::default(), T::default()); 1 << LOG],
        }
    }
}

impl<K: Key, T: Copy + Default, const LOG: u32> Memo<K, T, LOG> {
    /// What was kept under a key, whose top bit is free, or else what `make`
    /// says.
    #[inline(always)]
    pub(crate) fn get(&mut self, key: K, make: impl FnOnce() -> T) -> &T {
        let key = key.set();
        let mixed = key.folded().wrapping_mul(MIX);
        let slot = &mut self.slots[(mixed >> (64 - LOG)) as usize];
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
        let mut memo = Memo::<u128, Sums<1>, 4>::default();
        let mut made = 0;
        for round in 0..3 {
            // More keys than there is room for, and 0.
            for key in (0..40u128).flat_map(|n| [n, n, n << 70]) {
                let value = i16::try_from(key % 1_000).unwrap();
                let sums = memo.get(key, || {
                    made += 1;
                    [[value; WORD_KINDS.len()]]
                });
                assert_eq!(*sums, [[value; WORD_KINDS.len()]], "{key} in round {round}");
            }
        }
        assert!((40..360).contains(&made));
    }
}
