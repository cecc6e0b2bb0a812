//! Rows of weights by hash, each in a place of its own.

/// Rows by the hashes of features. Each hash has one place, so that no branch
/// asks where it is: hashes with the same first bits share a number, by which
/// they were given places of their own.
pub(super) struct Places<const N: usize> {
    seeds: Vec<u32>,
    slots: Vec<(u32, [i16; N])>,
    shift: u32,
}

/// The first bits of a hash, which choose its seed.
const BITS: u32 = 13;

impl<const N: usize> Places<N> {
    /// Of rows in the order of their hashes.
    pub(super) fn new(rows: &[(u32, [i16; N])]) -> Self {
        let log = (rows.len() * 4 / 3)
            .max(16)
            .next_power_of_two()
            .trailing_zeros();
        let mut out = Self {
            seeds: vec![0; 1 << BITS],
            slots: vec![(0, [0; N]); 1 << log],
            shift: 32 - log,
        };
        // Those that have many hashes choose first.
        let mut buckets: Vec<&[(u32, [i16; N])]> = rows
            .chunk_by(|a, b| a.0 >> (32 - BITS) == b.0 >> (32 - BITS))
            .collect();
        buckets.sort_by_key(|bucket| std::cmp::Reverse(bucket.len()));
        let mut taken = vec![false; out.slots.len()];
        let mut places = Vec::new();
        for bucket in buckets {
            let fits = (0..u32::MAX)
                .map(|n| n.wrapping_mul(0x85eb_ca6b))
                .find(|seed| {
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
                out.seeds[(hash >> (32 - BITS)) as usize] = seed;
            }
        }
        out
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
        let seed = self.seeds.get((hash >> (32 - BITS)) as usize);
        let place = self.place(hash, seed.copied().unwrap_or_default());
        let Some((kept, row)) = self.slots.get(place) else {
            return [0; N];
        };
        // Whether it has any is chance: no branch asks for it.
        let all = i16::from(*kept == hash).wrapping_neg();
        row.map(|weight| weight & all)
    }
}
