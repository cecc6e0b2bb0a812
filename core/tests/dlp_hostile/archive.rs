//! Archives that are made to hurt.

#[path = "../support/zip.rs"]
mod writer;

use writer::end;
pub(crate) use writer::{File, zip};

impl File {
    /// `size` times the same byte.
    pub(crate) fn bomb(name: &str, byte: u8, size: usize) -> Self {
        let packed = deflated(byte, size);
        Self {
            name: name.to_owned(),
            method: 8,
            packed_size: packed.len(),
            packed,
            size,
            crc: 0,
        }
    }
}

impl File {
    /// Says another size than it has.
    pub(crate) fn claim(&mut self, size: usize) {
        self.size = size;
    }
}

/// One file that the directory lists `count` times, under as many names.
pub(crate) fn overlapping(mut file: File, count: usize) -> Vec<u8> {
    let mut out = file.local();
    out.extend(&file.packed);
    let start = out.len();
    for number in 0..count {
        file.name = format!("{number:05}");
        out.extend(file.central(0));
    }
    let directory = out.len() - start;
    out.extend(end(count, directory, start));
    out
}

/// An archive in an archive in an archive, `levels` deep. Heads first, then
/// the directories from the inside out, so that it is made in one pass.
pub(crate) fn nested(levels: usize, text: &[u8]) -> Vec<u8> {
    const NAME: &str = "a.zip";
    let around = 30 + 46 + 22 + 2 * NAME.len();
    let size = |level: usize| text.len() + around * level;
    // A head needs the number of bytes and not the bytes.
    let file = |level: usize| File {
        packed_size: size(level),
        size: size(level),
        ..File::stored(NAME, b"")
    };
    let (mut heads, mut tails) = (Vec::new(), Vec::new());
    for level in (0..levels).rev() {
        heads.extend(file(level).local());
    }
    for level in 0..levels {
        let directory = file(level).central(0);
        tails.extend(&directory);
        tails.extend(end(1, directory.len(), 30 + NAME.len() + size(level)));
    }
    [&heads[..], text, &tails].concat()
}

/// DEFLATE (RFC 1951) of `size` times `byte`: the byte once, then copies of
/// 258 from one before, 13 bits each. Nothing packs tighter.
pub(crate) fn deflated(byte: u8, size: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, fixed codes.
    bits.put(0b011, 3);
    // Codes are written from their highest bit (section 3.1.1); those of
    // 0 to 143 have eight bits and begin at 0x30 (section 3.2.6).
    assert!(byte < 144);
    bits.put_code(u32::from(byte) + 0x30, 8);
    for _ in 0..size.saturating_sub(1) / 258 {
        // Length 258 is 285, whose code is 1100_0101; distance 1 is five zeros.
        bits.put_code(0b1100_0101, 8);
        bits.put(0, 5);
    }
    // The end of the block: 256 is seven zeros.
    bits.put(0, 7);
    bits.finish()
}

pub(crate) fn gzip(byte: u8, size: usize) -> Vec<u8> {
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    [&head[..], &deflated(byte, size), &[0; 8]].concat()
}

pub(crate) fn zlib(byte: u8, size: usize) -> Vec<u8> {
    [&[0x78, 0x9c][..], &deflated(byte, size), &[0; 4]].concat()
}

#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(u8::try_from(self.held & 0xff).unwrap());
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn put_code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn finish(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.out
    }
}
