//! A table of 64-bit hashes that takes some ten bytes an entry, behind a filter that
//! answers "no" for most questions at the price of one cache line.

use std::ops::Range;

/// Bits of the filter for each key: with four of them set, one question in
/// sixty is let through though the key is not there.
const BITS_PER_KEY: u64 = 10;
const BLOCK_WORDS: usize = 8;
/// Entries in a bucket of the table, about.
const BUCKET: usize = 16;

/// A blocked Bloom filter: all bits of a key lie in one cache line.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) words: Vec<u64>,
}

impl Filter {
    pub(super) fn new(keys: &[u64]) -> Self {
        let blocks = (keys.len() as u64 * BITS_PER_KEY).div_ceil(512).max(1);
        let mut filter = Self {
            words: vec![0; usize::try_from(blocks).unwrap_or(1) * BLOCK_WORDS],
        };
        for &key in keys {
            let (start, bits) = filter.place(key);
            for bit in bits {
                if let Some(word) = filter.words.get_mut(start + bit / 64) {
                    *word |= 1 << (bit % 64);
                }
            }
        }
        filter
    }

    pub(super) fn may_hold(&self, key: u64) -> bool {
        let (start, bits) = self.place(key);
        bits.iter().all(|bit| {
            self.words
                .get(start + bit / 64)
                .is_some_and(|word| word >> (bit % 64) & 1 == 1)
        })
    }

    /// The first word of the block, and four bits in it. The upper half of the
    /// hash chooses the block, the lower half the bits.
    fn place(&self, key: u64) -> (usize, [usize; 4]) {
        let blocks = (self.words.len() / BLOCK_WORDS) as u64;
        let block = ((key >> 32) * blocks) >> 32;
        let bit = |n: u32| (key >> (9 * n) & 511) as usize;
        // 4 × 9 bits overlap the block's by four, which costs nothing to speak of.
        (
            block as usize * BLOCK_WORDS,
            [bit(0), bit(1), bit(2), bit(3)],
        )
    }
}

/// Hashes and the patients that they stand for, sorted. The upper bits of a
/// hash are its bucket, the next 32 are stored.
#[derive(Default)]
pub(super) struct Table {
    pub(super) bits: u32,
    pub(super) starts: Vec<u32>,
    pub(super) rest: Vec<u32>,
    pub(super) who: Vec<u32>,
}

impl Table {
    /// The number of bits that choose the bucket, for so many entries.
    pub(super) fn bits_for(entries: usize) -> u32 {
        (entries / BUCKET).max(1).ilog2()
    }

    pub(super) fn new(mut entries: Vec<(u64, u32)>) -> Self {
        let bits = Self::bits_for(entries.len());
        // What lies below the stored bits must not order the entries, so that
        // the patients of one value stand in their own order.
        for (hash, _) in &mut entries {
            *hash &= u64::MAX << (32 - bits.min(32));
        }
        entries.sort_unstable();
        entries.dedup();
        let mut table = Self {
            bits,
            starts: vec![0; (1 << bits) + 1],
            rest: Vec::with_capacity(entries.len()),
            who: Vec::with_capacity(entries.len()),
        };
        for &(hash, who) in &entries {
            let (bucket, rest) = table.place(hash);
            if let Some(count) = table.starts.get_mut(bucket + 1) {
                *count += 1;
            }
            table.rest.push(rest);
            table.who.push(who);
        }
        let mut sum = 0u32;
        for start in &mut table.starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        table
    }

    /// The patients of a hash.
    pub(super) fn get(&self, hash: u64) -> &[u32] {
        let (bucket, rest) = self.place(hash);
        let bounds = self.starts.get(bucket).zip(self.starts.get(bucket + 1));
        let Some((&from, &to)) = bounds else {
            return &[];
        };
        let bucket: Range<usize> = from as usize..to as usize;
        let Some(entries) = self.rest.get(bucket.clone()) else {
            return &[];
        };
        let first = entries.partition_point(|&r| r < rest);
        let count = entries[first..].iter().take_while(|r| **r == rest).count();
        let first = bucket.start + first;
        self.who.get(first..first + count).unwrap_or_default()
    }

    fn place(&self, hash: u64) -> (usize, u32) {
        let bucket = (u128::from(hash) << self.bits >> 64) as usize;
        (bucket, (hash << self.bits >> 32) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(n: u64) -> u64 {
        let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ n >> 31
    }

    #[test]
    fn the_table_gives_all_patients_of_a_value_and_no_others() {
        for size in [0u32, 1, 2, 7, 100, 10_000] {
            let entries = (0..size).map(|n| (mixed(u64::from(n / 3) + 1), n));
            let table = Table::new(entries.collect());
            for n in 0..size {
                let found = table.get(mixed(u64::from(n / 3) + 1));
                let first = n / 3 * 3;
                let all: Vec<u32> = (first..(first + 3).min(size)).collect();
                assert_eq!(found, all);
            }
            assert!((0..1000).all(|n| table.get(mixed(n + 1_000_000)).is_empty()));
        }
    }

    #[test]
    fn the_filter_never_denies_and_seldom_lets_through() {
        let keys: Vec<u64> = (1..20_000).map(mixed).collect();
        let filter = Filter::new(&keys);
        assert!(keys.iter().all(|k| filter.may_hold(*k)));
        let through = (1_000_000..1_100_000)
            .filter(|n| filter.may_hold(mixed(*n)))
            .count();
        assert!(through < 3_000, "{through} of 100,000");
        assert!(!Filter::new(&[]).may_hold(mixed(1)));
    }
}
