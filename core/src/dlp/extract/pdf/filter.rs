//! The filters of streams (ISO 32000-1 section 7.4) that hold text.

use super::super::budget::Budget;
use super::super::inflate::{End, inflate};
use super::object::{Dict, Object, hex_digit, is_blank};

/// What a stream is once its filters are undone.
pub(super) enum Decoded {
    Bytes(Vec<u8>, Option<&'static str>),
    /// Coded as a picture.
    Picture,
    /// A filter that is not known.
    Unknown,
}

/// Undoes the filters of a stream, which are direct objects here.
pub(super) fn decode(
    raw: &[u8],
    filters: &[Vec<u8>],
    parms: &[Dict],
    budget: &mut Budget,
) -> Decoded {
    let mut bytes: Option<Vec<u8>> = None;
    let mut fault = None;
    for (n, filter) in filters.iter().enumerate().take(8) {
        let input = bytes.as_deref().unwrap_or(raw);
        let limit = budget.room();
        let out = match &filter[..] {
            b"FlateDecode" | b"Fl" => {
                let mut out = inflate(input, true, budget);
                if out.bytes.is_empty() && out.end == End::Damaged {
                    // Some writers leave the frame out.
                    out = inflate(input, false, budget);
                }
                fault = fault.or(out.end.code());
                if out.end == End::Ratio {
                    return Decoded::Bytes(Vec::new(), fault);
                }
                out.bytes
            }
            b"LZWDecode" | b"LZW" => {
                let early = parms
                    .get(n)
                    .and_then(|p| p.get("EarlyChange"))
                    .and_then(Object::count);
                lzw(input, early != Some(0), limit, &mut fault)
            }
            b"ASCIIHexDecode" | b"AHx" => ascii_hex(input),
            b"ASCII85Decode" | b"A85" => ascii85(input, limit, &mut fault),
            b"RunLengthDecode" | b"RL" => run_length(input, limit, &mut fault),
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => {
                return Decoded::Picture;
            }
            _ => return Decoded::Unknown,
        };
        if !matches!(&filter[..], b"FlateDecode" | b"Fl") && !budget.spend(out.len()) {
            return Decoded::Bytes(Vec::new(), Some("too_large"));
        }
        bytes = Some(match parms.get(n) {
            Some(parms) => predicted(out, parms, &mut fault),
            None => out,
        });
    }
    let bytes = match bytes {
        Some(bytes) => bytes,
        None if budget.spend(raw.len()) => raw.to_vec(),
        None => return Decoded::Bytes(Vec::new(), Some("too_large")),
    };
    Decoded::Bytes(bytes, fault)
}

fn ascii_hex(input: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = input
        .iter()
        .take_while(|b| **b != b'>')
        .filter_map(|b| hex_digit(*b))
        .collect();
    digits
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => high << 4 | low,
            [high] => high << 4,
            _ => 0,
        })
        .collect()
}

fn ascii85(input: &[u8], limit: usize, fault: &mut Option<&'static str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len() / 5 * 4);
    let (mut group, mut count) = (0u32, 0usize);
    let input = input.strip_prefix(b"<~").unwrap_or(input);
    for &b in input {
        // A `z` is four bytes.
        if out.len() >= limit {
            *fault = Some("too_large");
            return out;
        }
        match b {
            b'z' if count == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(b - b'!'));
                count += 1;
                if count == 5 {
                    out.extend(group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            b'~' => break,
            b if is_blank(b) => {}
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        out.extend(group.to_be_bytes().iter().take(count - 1));
    }
    out
}

fn run_length(input: &[u8], limit: usize, fault: &mut Option<&'static str>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&length) = input.get(at) {
        let length = usize::from(length);
        match length {
            128 => return out,
            0..=127 => {
                let end = (at + 2 + length).min(input.len());
                out.extend(input.get(at + 1..end).unwrap_or_default());
                at += 2 + length;
            }
            _ => {
                let byte = input.get(at + 1).copied().unwrap_or(0);
                out.resize(out.len() + 257 - length, byte);
                at += 2;
            }
        }
        if out.len() > limit {
            *fault = fault.or(Some("too_large"));
            return out;
        }
    }
    out
}

/// LZW (section 7.4.4) with codes of 9 to 12 bits.
fn lzw(input: &[u8], early: bool, limit: usize, fault: &mut Option<&'static str>) -> Vec<u8> {
    // Each entry is a stretch of the output that was written before.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let mut out: Vec<u8> = Vec::new();
    let (mut bits, mut held, mut width) = (0u32, 0u32, 9u32);
    let mut last: Option<(usize, usize)> = None;
    for &byte in input {
        bits = (bits << 8 | u32::from(byte)) & 0x00ff_ffff;
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held & ((1 << width) - 1)) as usize;
        let start = out.len();
        match code {
            256 => {
                table.clear();
                width = 9;
                last = None;
                continue;
            }
            257 => return out,
            0..=255 => out.push(u8::try_from(code).unwrap_or(0)),
            _ => {
                let (from, length) = match (table.get(code - 258), last) {
                    (Some(entry), _) => *entry,
                    // The entry that is being made: the last one and its first byte.
                    (None, Some((from, length))) if code - 258 == table.len() => (from, length + 1),
                    _ => {
                        *fault = fault.or(Some("malformed"));
                        return out;
                    }
                };
                for n in from..from + length {
                    let byte = out.get(n).copied().unwrap_or(0);
                    out.push(byte);
                }
            }
        }
        if let Some((from, length)) = last
            && table.len() < 4096 - 258
        {
            // It goes one byte on into what was written now.
            table.push((from, length + 1));
        }
        last = Some((start, out.len() - start));
        let next = table.len() + 258 + usize::from(early);
        width = match next {
            0..=511 => 9,
            512..=1023 => 10,
            1024..=2047 => 11,
            _ => 12,
        };
        if out.len() > limit {
            *fault = fault.or(Some("too_large"));
            return out;
        }
    }
    out
}

/// Undoes the prediction of PNG (RFC 2083 section 6) or TIFF.
fn predicted(bytes: Vec<u8>, parms: &Dict, fault: &mut Option<&'static str>) -> Vec<u8> {
    let number = |key: &str, or: usize| parms.get(key).and_then(Object::count).unwrap_or(or);
    let predictor = number("Predictor", 1);
    if predictor < 2 {
        return bytes;
    }
    let (colors, depth) = (
        number("Colors", 1).clamp(1, 32),
        number("BitsPerComponent", 8).clamp(1, 16),
    );
    let columns = number("Columns", 1).clamp(1, 1 << 20);
    let pixel = (colors * depth).div_ceil(8);
    let row = (colors * depth * columns)
        .div_ceil(8)
        .min(bytes.len().max(1));
    if predictor == 2 {
        let mut bytes = bytes;
        if depth == 8 {
            for line in bytes.chunks_mut(row) {
                for n in pixel..line.len() {
                    let left = line.get(n - pixel).copied().unwrap_or(0);
                    if let Some(b) = line.get_mut(n) {
                        *b = b.wrapping_add(left);
                    }
                }
            }
        }
        return bytes;
    }
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut above = vec![0u8; row];
    for line in bytes.chunks(row + 1) {
        let Some((&kind, line)) = line.split_first() else {
            break;
        };
        let mut now = vec![0u8; row];
        for (n, &raw) in line.iter().enumerate() {
            let at =
                |line: &[u8], n: Option<usize>| n.and_then(|n| line.get(n)).copied().unwrap_or(0);
            let left = at(&now, n.checked_sub(pixel));
            let up = at(&above, Some(n));
            let corner = at(&above, n.checked_sub(pixel));
            let predicted = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => u8::midpoint(left, up),
                4 => paeth(left, up, corner),
                _ => {
                    *fault = fault.or(Some("malformed"));
                    0
                }
            };
            if let Some(b) = now.get_mut(n) {
                *b = raw.wrapping_add(predicted);
            }
        }
        out.extend(now.iter().take(line.len()));
        above = now;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let off = |b: u8| (guess - i16::from(b)).abs();
    if off(left) <= off(up) && off(left) <= off(corner) {
        left
    } else if off(up) <= off(corner) {
        up
    } else {
        corner
    }
}
