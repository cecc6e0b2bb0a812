//! A ZIP archive (PKWARE APPNOTE) entry by entry, for inputs of tests, benches
//! and fuzz targets. Each includes this file by its path; heads may say other
//! than the truth.

/// CRC-32 as ZIP and GZIP have it (APPNOTE 4.4.7), bit by bit.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            0 => crc >> 1,
            _ => crc >> 1 ^ 0xedb8_8320,
        })
    })
}

/// A file of an archive: its bytes there, and what its heads say of it.
pub(crate) struct File {
    pub(crate) name: String,
    /// 0: stored; 8: deflated.
    pub(crate) method: u16,
    pub(crate) packed: Vec<u8>,
    pub(crate) packed_size: usize,
    pub(crate) size: usize,
    pub(crate) crc: u32,
}

impl File {
    pub(crate) fn stored(name: &str, bytes: &[u8]) -> Self {
        Self::packed(name, 0, bytes, bytes.to_vec())
    }

    /// `bytes`, as `packed` by a method.
    pub(crate) fn packed(name: &str, method: u16, bytes: &[u8], packed: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            method,
            packed_size: packed.len(),
            packed,
            size: bytes.len(),
            crc: crc32(bytes),
        }
    }

    fn head(&self) -> Vec<u8> {
        let mut out = vec![20, 0, 0, 0];
        out.extend(self.method.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.crc.to_le_bytes());
        out.extend(number(self.packed_size));
        out.extend(number(self.size));
        out.extend(&number(self.name.len())[..2]);
        out.extend([0, 0]);
        out
    }

    /// The head before the bytes.
    pub(crate) fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04", &self.head()[..], self.name.as_bytes()].concat()
    }

    /// The head in the directory, of a file that stands `at` there.
    pub(crate) fn central(&self, at: usize) -> Vec<u8> {
        let (head, rest, at) = (self.head(), [0; 10], number(at));
        let name = self.name.as_bytes();
        let parts: [&[u8]; 5] = [b"PK\x01\x02\x14\x00", &head, &rest, &at, name];
        parts.concat()
    }
}

/// The end of an archive, whose directory has so many bytes from `start` on.
pub(crate) fn end(entries: usize, directory: usize, start: usize) -> Vec<u8> {
    let entries = &number(entries)[..2];
    let (directory, start) = (number(directory), number(start));
    let parts: [&[u8]; 6] = [
        b"PK\x05\x06\0\0\0\0",
        entries,
        entries,
        &directory,
        &start,
        &[0, 0],
    ];
    parts.concat()
}

/// An archive of these files.
pub(crate) fn zip(files: &[File]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        directory.extend(file.central(out.len()));
        out.extend(file.local());
        out.extend(&file.packed);
    }
    let start = out.len();
    out.extend(&directory);
    out.extend(end(files.len(), directory.len(), start));
    out
}

fn number(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes()
}
