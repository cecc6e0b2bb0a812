//! The tables of the word lists, read where they lie in the file: hashes to
//! classes, and filters that tell most of what is not there.

use std::hint::black_box;

/// Bits of a slot that hold the class; the others hold what is left of the hash.
pub(super) const CLASS_BITS: u32 = 13;

/// An open-addressing table from hashes to classes, read where it lies in the
/// file: a process that looks up a few words touches a few pages of it.
pub(crate) struct Table {
    /// Each a number with its low byte first.
    pub(super) slots: &'static [[u8; 4]],
    pub(super) shift: u32,
    pub(super) filter: Filter,
}

/// Two bits for each of some hashes: most of what is asked for is not there,
/// and this stays in the cache.
pub(super) struct Filter {
    /// Each a number with its low byte first.
    pub(super) words: &'static [[u8; 8]],
    pub(super) shift: u32,
}

impl Filter {
    /// One of `2^log` words.
    pub(super) fn read(bytes: &mut Bytes<'static>, log: u32) -> Self {
        Self {
            words: bytes.all(1 << log),
            shift: 32 - log,
        }
    }

    /// The bytes of one of `2^log` words with these hashes.
    #[cfg(any(test, feature = "training"))]
    pub(super) fn write(hashes: impl IntoIterator<Item = u32>, log: u32, out: &mut Vec<u8>) {
        let mut words = vec![0u64; 1 << log];
        for hash in hashes {
            words[(hash >> (32 - log)) as usize] |= Self::bits(hash);
        }
        out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }

    #[inline]
    pub(super) fn bits(hash: u32) -> u64 {
        1 << (hash & 63) | 1 << (hash >> 6 & 63)
    }

    #[inline]
    pub(super) fn may_have(&self, hash: u32) -> bool {
        let bits = Self::bits(hash);
        let word = self.words.get((hash >> self.shift) as usize);
        word.is_some_and(|word| u64::from_le_bytes(*word) & bits == bits)
    }
}

/// The words of a table's filter, as a power of 2: one for sixteen slots, which
/// are half taken.
pub(super) fn filter_log(log: u32) -> u32 {
    log.saturating_sub(4).max(1)
}

#[inline]
pub(super) fn class_of(slot: u32) -> u16 {
    (slot & ((1 << CLASS_BITS) - 1)) as u16
}

impl Table {
    /// The class of a hash; 0 where it is not in the table.
    #[inline]
    pub(crate) fn find(&self, hash: u32) -> u16 {
        match self.filter.may_have(hash) {
            true => self.find_from(hash, self.first(hash)),
            false => 0,
        }
    }

    /// The slot where a hash would be, for [`find_from`](Self::find_from).
    #[inline]
    pub(super) fn first(&self, hash: u32) -> u32 {
        let slot = self.slots.get((hash >> self.shift) as usize);
        slot.map_or(0, |slot| u32::from_le_bytes(*slot))
    }

    /// That slot and the next.
    #[inline]
    pub(super) fn two(&self, hash: u32) -> [u32; 2] {
        let at = (hash >> self.shift) as usize;
        let mask = self.slots.len().wrapping_sub(1);
        [at, (at + 1) & mask].map(|at| {
            let slot = self.slots.get(at);
            slot.map_or(0, |slot| u32::from_le_bytes(*slot))
        })
    }

    /// The class of a hash whose first two slots have been fetched. Which of
    /// them it has is not guessed: most words are in one or in none.
    #[inline]
    pub(super) fn find_in(&self, hash: u32, [one, two]: [u32; 2]) -> u16 {
        let tag = hash & (u32::MAX >> CLASS_BITS);
        let here = |slot: u32| slot >> CLASS_BITS == tag;
        // 0 is free: nothing that is asked for stands behind it.
        let slot = if here(one) { one } else { two };
        let found = (here(one) & (one != 0)) | (here(two) & (one != 0) & (two != 0));
        let far = !found & (one != 0) & (two != 0);
        // One branch, which is almost never taken, and not three that are
        // guessed wrong every other time.
        if black_box(far) {
            return self.find_from(hash, one);
        }
        class_of(slot) & u16::from(found).wrapping_neg()
    }

    /// The class of a hash whose first slot has been fetched.
    #[inline(never)]
    pub(super) fn find_from(&self, hash: u32, first: u32) -> u16 {
        let mask = self.slots.len() - 1;
        let tag = hash & (u32::MAX >> CLASS_BITS);
        let mut at = (hash >> self.shift) as usize;
        let mut slot = first;
        // A full table cannot be made: see `training`.
        loop {
            if slot == 0 {
                return 0;
            }
            if slot >> CLASS_BITS == tag {
                return class_of(slot);
            }
            at = (at + 1) & mask;
            slot = u32::from_le_bytes(self.slots[at]);
        }
    }

    pub(super) fn read(bytes: &mut Bytes<'static>) -> Self {
        let log = bytes.u32();
        Self {
            slots: bytes.all(1 << log),
            shift: 32 - log,
            filter: Filter::read(bytes, filter_log(log)),
        }
    }

    /// The bytes of a table with these entries.
    #[cfg(feature = "training")]
    pub(crate) fn write(entries: &std::collections::BTreeMap<u32, u16>, out: &mut Vec<u8>) {
        let mut log = 4u32;
        while entries.len() * 2 > 1 << log {
            log += 1;
        }
        let mask = (1usize << log) - 1;
        let mut slots = vec![0u32; 1 << log];
        for (&hash, &class) in entries {
            assert!(class > 0 && u32::from(class) < 1 << CLASS_BITS);
            let mut at = (hash >> (32 - log)) as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = (hash & (u32::MAX >> CLASS_BITS)) << CLASS_BITS | u32::from(class);
        }
        out.extend_from_slice(&log.to_le_bytes());
        out.extend(slots.iter().flat_map(|s| s.to_le_bytes()));
        Filter::write(entries.keys().copied(), filter_log(log), out);
    }
}

/// Reads the parts of a blob that was checked when it was made.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `count` groups of bytes as they lie there.
    pub(super) fn all<const N: usize>(&mut self, count: usize) -> &'a [[u8; N]] {
        let (groups, rest) = self.0.split_at_checked(count * N).unwrap_or_default();
        self.0 = rest;
        groups.as_chunks().0
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => [0; N],
        }
    }
}
