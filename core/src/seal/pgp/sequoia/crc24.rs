//! The checksum of ASCII armour (RFC 9580 section 6.1.1). The RFC no longer
//! wants it; gpg 2.2 takes the closing line for content where it is missing
//! behind a last line without padding.

use std::io::{self, Write};

/// Tables for eight octets at a time: one table alone is slower than AES.
static TABLES: [[u32; 256]; 8] = tables();

/// The polynomial, at the upper end of 32 bits.
const POLYNOMIAL: u32 = 0x86_4c_fb << 8;
const START: u32 = 0xb7_04_ce << 8;

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            let carry = value >> 31;
            value = (value << 1) ^ (carry * POLYNOMIAL);
            bit += 1;
        }
        tables[0][byte] = value;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before << 8) ^ tables[0][(before >> 24) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// Writes on to `out` what is written to it.
pub(super) struct Checked<W> {
    out: W,
    value: u32,
}

impl<W: Write> Checked<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, value: START }
    }

    /// The writer and the checksum.
    pub(super) fn finish(self) -> (W, [u8; 3]) {
        let [a, b, c, _] = self.value.to_be_bytes();
        (self.out, [a, b, c])
    }
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        let mut value = self.value;
        let (blocks, rest) = bytes.as_chunks::<8>();
        for &[a, b, c, d, e, f, g, h] in blocks {
            let [a, b, c, d] = (value ^ u32::from_be_bytes([a, b, c, d])).to_be_bytes();
            value = [a, b, c, d, e, f, g, h]
                .iter()
                .zip(TABLES.iter().rev())
                .fold(0, |sum, (&octet, table)| sum ^ table[usize::from(octet)]);
        }
        for &octet in rest {
            let [top, ..] = value.to_be_bytes();
            value = (value << 8) ^ TABLES[0][usize::from(top ^ octet)];
        }
        self.value = value;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum(pieces: &[&[u8]]) -> [u8; 3] {
        let mut checked = Checked::new(io::sink());
        for piece in pieces {
            checked.write_all(piece).unwrap();
        }
        checked.finish().1
    }

    /// The check value of CRC-24/OPENPGP in the catalogue of parametrised CRC
    /// algorithms, and the value of nothing.
    #[test]
    fn published_values() {
        assert_eq!(checksum(&[b"123456789"]), [0x21, 0xcf, 0x02]);
        assert_eq!(checksum(&[b""]), [0xb7, 0x04, 0xce]);
    }

    #[test]
    fn pieces_make_no_difference() {
        let octets: Vec<u8> = (0..1000u32)
            .map(|i| ((i * i) >> 3).to_le_bytes()[0])
            .collect();
        let slow: Vec<&[u8]> = octets.chunks(1).collect();
        for size in [7, 8, 9, 64, 1000] {
            let pieces: Vec<&[u8]> = octets.chunks(size).collect();
            assert_eq!(checksum(&pieces), checksum(&slow), "{size}");
        }
    }
}
