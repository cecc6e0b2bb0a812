//! Sums of weights that come again and again.
//!
//! What the word model sees of a unit falls into groups that hang on little:
//! on the word alone, on a neighbour's word, on what the lists say of two
//! neighbours, on shapes. The sums of a group's weights are kept under all
//! that they hang on, so that they are the same whether they are kept or not.
//!
//! A memo outlives a message, so no more of a text goes into it than common
//! words of English, signs and shapes.

use super::labels::WORD_LABELS;

/// The sums of the weights of each label.
pub(crate) type Sums = [i16; WORD_LABELS];

/// Adds `more` to `sums`.
pub(crate) fn add(sums: &mut Sums, more: &Sums) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.wrapping_add(*more);
    }
}

/// `V` sums for each key, as many keys as there is room for: a later one takes
/// the place of an earlier.
pub(crate) struct Memo<const V: usize> {
    slots: Vec<(u128, [Sums; V])>,
    shift: u32,
}

impl<const V: usize> Memo<V> {
    /// With room for `2^log` keys.
    pub(crate) fn new(log: u32) -> Self {
        Self {
            slots: vec![(0, [[0; WORD_LABELS]; V]); 1 << log],
            shift: 64 - log,
        }
    }

    /// The sums of a key, which is below `2^127`: those that were kept, or else
    /// what `make` says.
    pub(crate) fn get(&mut self, key: u128, make: impl FnOnce() -> [Sums; V]) -> &[Sums; V] {
        // No key is 0, which an empty slot has.
        let key = key | 1 << 127;
        #[expect(clippy::cast_possible_truncation, reason = "the halves are wanted")]
        let folded = key as u64 ^ (key >> 64) as u64;
        let at = (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize;
        let slot = &mut self.slots[at];
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
        let mut memo = Memo::<1>::new(4);
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
