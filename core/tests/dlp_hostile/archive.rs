//! Archives that are made to hurt.

/// CRC-32 as ZIP and GZIP have it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            0 => crc >> 1,
            _ => crc >> 1 ^ 0xedb8_8320,
        })
    })
}

/// A file of an archive: its method, its bytes there, and what it says of itself.
pub(crate) struct File {
    name: String,
    method: u16,
    packed: Vec<u8>,
    /// As the head says; that of `packed`, if it is right.
    packed_size: usize,
    size: u32,
    crc: u32,
}

impl File {
    pub(crate) fn stored(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            method: 0,
            packed: bytes.to_vec(),
            packed_size: bytes.len(),
            size: u32::try_from(bytes.len()).unwrap(),
            crc: crc32(bytes),
        }
    }

    /// `size` times the same byte.
    pub(crate) fn bomb(name: &str, byte: u8, size: usize) -> Self {
        let packed = deflated(byte, size);
        Self {
            name: name.to_owned(),
            method: 8,
            packed_size: packed.len(),
            packed,
            size: u32::try_from(size).unwrap(),
            crc: 0,
        }
    }
}

impl File {
    /// Says another size than it has.
    pub(crate) fn claim(&mut self, size: u32) {
        self.size = size;
    }
}

fn head(file: &File) -> Vec<u8> {
    let mut out = vec![20, 0, 0, 0];
    out.extend(file.method.to_le_bytes());
    out.extend([0; 4]);
    out.extend(file.crc.to_le_bytes());
    out.extend(u32::try_from(file.packed_size).unwrap().to_le_bytes());
    out.extend(file.size.to_le_bytes());
    out.extend(u16::try_from(file.name.len()).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

fn local(file: &File) -> Vec<u8> {
    [b"PK\x03\x04", &head(file)[..], file.name.as_bytes()].concat()
}

fn central(file: &File, name: &str, at: usize) -> Vec<u8> {
    let at = u32::try_from(at).unwrap().to_le_bytes();
    let (head, rest) = (head(file), [0; 10]);
    let parts: [&[u8]; 5] = [b"PK\x01\x02\x14\x00", &head, &rest, &at, name.as_bytes()];
    parts.concat()
}

fn end(entries: usize, directory: usize, start: usize) -> Vec<u8> {
    let entries = u16::try_from(entries).unwrap().to_le_bytes();
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend(entries);
    out.extend(entries);
    out.extend(u32::try_from(directory).unwrap().to_le_bytes());
    out.extend(u32::try_from(start).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

pub(crate) fn zip(files: &[File]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        directory.extend(central(file, &file.name, out.len()));
        out.extend(local(file));
        out.extend(&file.packed);
    }
    let start = out.len();
    out.extend(&directory);
    out.extend(end(files.len(), directory.len(), start));
    out
}

/// One file that the directory lists `count` times, under as many names.
pub(crate) fn overlapping(file: &File, count: usize) -> Vec<u8> {
    let mut out = local(file);
    out.extend(&file.packed);
    let start = out.len();
    for number in 0..count {
        out.extend(central(file, &format!("{number:05}"), 0));
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
        size: u32::try_from(size(level)).unwrap(),
        ..File::stored(NAME, b"")
    };
    let (mut heads, mut tails) = (Vec::new(), Vec::new());
    for level in (0..levels).rev() {
        heads.extend(local(&file(level)));
    }
    for level in 0..levels {
        let directory = central(&file(level), NAME, 0);
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
