//! Many bytes looked at together.

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// So many bytes of a text from a place on, with zeros behind its end.
#[inline(always)]
pub(super) fn chunk<const N: usize>(text: &[u8]) -> [u8; N] {
    text.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text);
        bytes
    })
}

/// A bit for each byte of a block that is of a kind, the first the lowest.
///
/// Each byte gets its bit in a byte of its own, and then eight of them are a sum:
/// compilers have instructions of many lanes for both, where `is` asks without a
/// branch.
#[inline(always)]
pub(super) fn mask(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let bits: [u8; BLOCK] = std::array::from_fn(|n| if is(block[n]) { 1 << (n & 7) } else { 0 });
    let mut bytes = [0; BLOCK / 8];
    for (byte, bits) in bytes.iter_mut().zip(bits.as_chunks::<8>().0) {
        *byte = bits.iter().fold(0u8, |sum, bit| sum.wrapping_add(*bit));
    }
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_bit() {
        for n in 0..BLOCK {
            let mut block = [b' '; BLOCK];
            block[n] = b'x';
            assert_eq!(mask(&block, |b| b == b'x'), 1 << n);
            assert_eq!(mask(&block, |b| b != b'x'), !(1 << n));
        }
    }
}
