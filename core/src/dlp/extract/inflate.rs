//! DEFLATE (RFC 1951), raw or in zlib's frame (RFC 1950), within bounds.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::budget::{Budget, RATIO_FROM};

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At its end.
    Done,
    /// Cut off or damaged.
    Damaged,
    /// At the bound for its size.
    TooLarge,
    /// It became too many times as large as it was.
    Ratio,
}

impl End {
    /// The code, where the stream was not read to its end.
    pub(super) fn code(self) -> Option<&'static str> {
        match self {
            Self::Done => None,
            Self::Damaged => Some("malformed"),
            Self::TooLarge => Some("too_large"),
            Self::Ratio => Some("ratio"),
        }
    }
}

/// What came out of a stream.
pub(super) struct Inflated {
    pub(super) bytes: Vec<u8>,
    /// Bytes of the input that the stream took.
    pub(super) used: usize,
    pub(super) end: End,
}

/// Inflates at most as much as the budget has room for, and counts it.
pub(super) fn inflate(input: &[u8], zlib: bool, budget: &mut Budget) -> Inflated {
    let limit = budget.room();
    let mut flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    if zlib {
        flags |=
            inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER | inflate_flags::TINFL_FLAG_IGNORE_ADLER32;
    }
    let mut state = Box::<DecompressorOxide>::default();
    let mut bytes = vec![0; input.len().saturating_mul(4).clamp(512, 1 << 20).min(limit)];
    let (mut used, mut written) = (0, 0);
    let end = loop {
        let rest = input.get(used..).unwrap_or_default();
        let (status, read, wrote) = decompress(&mut state, rest, &mut bytes, written, flags);
        used = used.saturating_add(read).min(input.len());
        written = written.saturating_add(wrote).min(bytes.len());
        match status {
            TINFLStatus::Done => break End::Done,
            TINFLStatus::HasMoreOutput if written >= limit => break End::TooLarge,
            TINFLStatus::HasMoreOutput => {
                if written > RATIO_FROM && written / used.max(1) > budget.ratio {
                    break End::Ratio;
                }
                let size = bytes.len().saturating_mul(2).clamp(512, limit);
                bytes.resize(size, 0);
            }
            _ => break End::Damaged,
        }
    };
    let ratio = written > RATIO_FROM && written / used.max(1) > budget.ratio;
    bytes.truncate(written);
    bytes.shrink_to_fit();
    budget.spend(written);
    Inflated {
        bytes,
        used,
        end: if ratio { End::Ratio } else { end },
    }
}

/// The CRC-32 of ZIP and GZIP (ISO 3309).
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(!0, |crc: u32, &b| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8) ^ TABLE.get(usize::from(low ^ b)).copied().unwrap_or(0)
    })
}

const fn table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut n = 0;
    while n < 256 {
        let mut c = n as u32;
        let mut bit = 0;
        while bit < 8 {
            c = if c & 1 == 1 {
                0xedb8_8320 ^ (c >> 1)
            } else {
                c >> 1
            };
            bit += 1;
        }
        table[n] = c;
        n += 1;
    }
    table
}
