//! Rows of weights by hash, each in a place of its own.

/// Rows by the hashes of features. Each hash has one place, so that no branch
/// asks where it is: hashes with the same first bits share a number, by which
/// they were given places of their own.
pub(super) struct Places<const N: usize> {
    seeds: Vec<u32>,
    slots: Vec<(u32, [i16; N])>,
    /// How far a hash is shifted for its seed, and for its place.
    shift_of_seed: u32,
    shift: u32,
}

/// Rows that share a seed: among more, one that suits all is long in coming.
const SHARE: usize = 8;

/// Spreads the numbers of seeds over all bits.
const SPREAD: u32 = 0x85eb_ca6b;

impl<const N: usize> Places<N> {
    /// Of rows in the order of their hashes.
    pub(super) fn new(rows: &[(u32, [i16; N])]) -> Self {
        let log = (rows.len() * 4 / 3)
            .max(16)
            .next_power_of_two()
            .trailing_zeros();
        let bits = (rows.len() / SHARE)
            .max(2)
            .next_power_of_two()
            .trailing_zeros();
        let mut out = Self {
            seeds: vec![0; 1 << bits],
            slots: vec![(0, [0; N]); 1 << log],
            shift_of_seed: 32 - bits,
            shift: 32 - log,
        };
        // Those that have many hashes choose first.
        let mut buckets: Vec<&[(u32, [i16; N])]> = rows
            .chunk_by(|a, b| out.seed_of(a.0) == out.seed_of(b.0))
            .collect();
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.len()));
        let mut taken = vec![false; out.slots.len()];
        let mut places = Vec::new();
        for bucket in buckets {
            let fits = (0..u32::MAX).map(|n| n.wrapping_mul(SPREAD)).find(|seed| {
                places.clear();
                bucket.iter().all(|(hash, _)| {
                    let place = out.place(*hash, *seed);
                    let free = !taken[place] && !places.contains(&place);
                    places.push(place);
                    free
                })
            });
            let Some(seed) = fits else { continue };
            for ((hash, row), place) in bucket.iter().zip(&places) {
                taken[*place] = true;
                out.slots[*place] = (*hash, *row);
                let shared = out.seed_of(*hash);
                out.seeds[shared] = seed;
            }
        }
        out
    }

    /// Which seed is a hash's.
    #[inline]
    fn seed_of(&self, hash: u32) -> usize {
        hash.wrapping_shr(self.shift_of_seed) as usize
    }

    #[inline]
    fn place(&self, hash: u32, seed: u32) -> usize {
        (hash ^ seed)
            .wrapping_mul(0x9e37_79b1)
            .wrapping_shr(self.shift) as usize
    }

    /// The weights of a feature; zeros where it has none.
    #[inline]
    pub(super) fn row(&self, hash: u32) -> [i16; N] {
        let seed = self.seeds.get(self.seed_of(hash));
        let place = self.place(hash, seed.copied().unwrap_or_default());
        let Some((kept, row)) = self.slots.get(place) else {
            return [0; N];
        };
        // Whether it has any is chance: no branch asks for it.
        let all = i16::from(*kept == hash).wrapping_neg();
        row.map(|weight| weight & all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of so many hashes, in order.
    fn rows(many: u32) -> Vec<(u32, [i16; 1])> {
        let row = |n: u32| (n.wrapping_mul(0x9e37_79b1), [(n % 1_000) as i16 + 1]);
        let mut rows: Vec<_> = (1..=many).map(row).collect();
        rows.sort_unstable();
        rows
    }

    #[test]
    fn each_has_its_own_row_and_others_have_none() {
        for many in [0, 1, 2, 15, 1_000, 50_000] {
            let rows = rows(many);
            let places = Places::new(&rows);
            for (hash, row) in &rows {
                assert_eq!(places.row(*hash), *row);
            }
            let others = (many + 1..many + 1_000).map(|n| n.wrapping_mul(0x9e37_79b1));
            for hash in others {
                assert_eq!(places.row(hash), [0]);
            }
        }
    }

    /// Whoever starts a program waits for it. With as many rows as the places allow,
    /// one more and there are twice as many places.
    #[test]
    fn seeds_are_found_in_few_tries() {
        // The inverse of what spreads them.
        let inverse = (0..5).fold(SPREAD, |x: u32, _| {
            x.wrapping_mul(2u32.wrapping_sub(SPREAD.wrapping_mul(x)))
        });
        for many in [60_000, 98_304, 110_000, 196_608] {
            let places = Places::new(&rows(many));
            let tries = places.seeds.iter().map(|seed| seed.wrapping_mul(inverse));
            let all: u64 = tries.clone().map(u64::from).sum();
            assert!(all < 40 * u64::from(many), "{many}: {all}");
        }
    }
}
