//! SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed 64-bit hash of short
//! texts, some twenty times faster than HMAC. The library has none.

/// The hash of `parts`, one behind the other.
pub(crate) fn sip24(key: &[u64; 2], parts: &[&[u8]]) -> u64 {
    let mut v = [
        key[0] ^ 0x736f_6d65_7073_6575,
        key[1] ^ 0x646f_7261_6e64_6f6d,
        key[0] ^ 0x6c79_6765_6e65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ];
    let mut block = 0u64;
    let mut length = 0u32;
    for &byte in parts.iter().copied().flatten() {
        block |= u64::from(byte) << (8 * (length % 8));
        length = length.wrapping_add(1);
        if length.is_multiple_of(8) {
            absorb(&mut v, block);
            block = 0;
        }
    }
    absorb(&mut v, block | u64::from(length) << 56);
    v[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn absorb(v: &mut [u64; 4], block: u64) {
    v[3] ^= block;
    round(v);
    round(v);
    v[0] ^= block;
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix A of the paper, and the first of the reference vectors.
    #[test]
    fn reference_vectors() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let message: Vec<u8> = (0..15).collect();
        assert_eq!(sip24(&key, &[&message]), 0xa129_ca61_49be_45e5);
        assert_eq!(sip24(&key, &[]), 0x726f_db47_dd0e_0e31);
        for cut in 0..15 {
            let (a, b) = message.split_at(cut);
            assert_eq!(sip24(&key, &[a, b]), 0xa129_ca61_49be_45e5);
        }
    }
}
