//! Base64 in lines of 76 characters (RFC 2045 section 6.8), written as it
//! comes.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Octets and characters of a line.
const LINE: usize = 57;
const CHARACTERS: usize = 76;
/// How many lines are encoded at a time.
const LINES: usize = 128;

/// The length of `octets` octets encoded, the last line's CRLF included.
pub(crate) const fn encoded_length(octets: usize) -> usize {
    octets.div_ceil(3) * 4 + octets.div_ceil(LINE) * 2
}

/// Encodes what is written to it. Call [`Self::finish`] in the end.
pub(crate) struct Base64Lines<W> {
    out: W,
    pending: Vec<u8>,
    encoded: Vec<u8>,
    lines: Vec<u8>,
}

impl<W: Write> Base64Lines<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            pending: Vec::with_capacity(LINE * LINES),
            encoded: vec![0; CHARACTERS * LINES],
            lines: Vec::with_capacity((CHARACTERS + 2) * LINES),
        }
    }

    /// Writes the last line.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.block(&pending)
    }

    /// Whole lines, or the last ones; at most `LINE * LINES` octets.
    fn block(&mut self, octets: &[u8]) -> io::Result<()> {
        let length = STANDARD
            .encode_slice(octets, &mut self.encoded)
            .map_err(|_| io::ErrorKind::InvalidInput)?;
        self.lines.clear();
        for line in self.encoded[..length].chunks(CHARACTERS) {
            self.lines.extend_from_slice(line);
            self.lines.extend_from_slice(b"\r\n");
        }
        self.out.write_all(&self.lines)
    }
}

impl<W: Write> Write for Base64Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        if !self.pending.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(LINE * LINES - self.pending.len()));
            self.pending.extend_from_slice(now);
            rest = later;
            if self.pending.len() < LINE * LINES {
                return Ok(bytes.len());
            }
            let mut pending = std::mem::take(&mut self.pending);
            self.block(&pending)?;
            pending.clear();
            self.pending = pending;
        }
        let mut blocks = rest.chunks_exact(LINE * LINES);
        for block in &mut blocks {
            self.block(block)?;
        }
        self.pending.extend_from_slice(blocks.remainder());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64_MIME;

    use super::*;

    #[test]
    fn lines_are_as_mime_wants_them() -> io::Result<()> {
        for length in [
            0,
            1,
            56,
            57,
            58,
            114,
            LINE * LINES,
            LINE * LINES + 1,
            40_000,
        ] {
            let octets: Vec<u8> = (0..length).map(|i| (i * 7).to_le_bytes()[0]).collect();
            for piece in [1, 13, 57, LINE * LINES, 100_000] {
                let mut out = Vec::new();
                let mut lines = Base64Lines::new(&mut out);
                for chunk in octets.chunks(piece) {
                    lines.write_all(chunk)?;
                }
                lines.finish()?;
                assert!(
                    out == BASE64_MIME.encode(&octets).as_bytes(),
                    "{length} {piece}"
                );
                assert_eq!(out.len(), encoded_length(length));
            }
        }
        Ok(())
    }
}
