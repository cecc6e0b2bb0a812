//! A cheap look whether a word may be one of a few.

/// A bit for each of some words, by the low bits of its hash: few others have
/// one.
pub(super) struct Few([u64; 16]);

impl Few {
    /// Those of some lists of hashes.
    pub(super) const fn of(lists: &[&[u32]]) -> Self {
        let mut bits = [0; 16];
        let mut list = 0;
        while list < lists.len() {
            let mut n = 0;
            while n < lists[list].len() {
                let hash = lists[list][n];
                bits[hash as usize >> 6 & 15] |= 1 << (hash & 63);
                n += 1;
            }
            list += 1;
        }
        Self(bits)
    }

    /// `false` where it is none of them.
    #[inline]
    pub(super) fn may_have(&self, hash: u32) -> bool {
        self.0[hash as usize >> 6 & 15] >> (hash & 63) & 1 != 0
    }
}
