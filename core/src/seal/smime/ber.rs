//! A bounded reader of BER and the few lines that write DER (X.690).
//!
//! The outer layers of CMS are read here, not by the `der` types: peers stream
//! with indefinite lengths and cut the content into chunks, and a content of
//! many megabytes must not be copied layer by layer. What is small (recipient
//! infos, signer infos, algorithms) is brought into DER and goes to the types.

use der::asn1::ObjectIdentifier;

/// How deep elements may lie in each other.
const DEPTH: usize = 32;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;

/// A context-specific, constructed tag.
pub(super) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// A context-specific, primitive tag.
pub(super) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

/// The bytes are no BER, or no such element stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

impl From<der::Error> for Malformed {
    fn from(_: der::Error) -> Self {
        Self
    }
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// With tag and length, and with the end mark of an indefinite length.
    pub(super) whole: &'a [u8],
    pub(super) value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(super) fn inside(&self) -> Elements<'a> {
        Elements(self.value)
    }

    /// Appends the octets of a string that may be cut into chunks (X.690
    /// section 8.7), whatever its own tag is.
    pub(super) fn append_octets(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        self.append_at(out, 0)
    }

    fn append_at(&self, out: &mut Vec<u8>, depth: usize) -> Result<(), Malformed> {
        if self.tag & CONSTRUCTED == 0 {
            out.extend_from_slice(self.value);
            return Ok(());
        }
        if depth >= DEPTH {
            return Err(Malformed);
        }
        for chunk in self.inside() {
            let chunk = chunk?;
            if chunk.tag & !CONSTRUCTED != OCTET_STRING {
                return Err(Malformed);
            }
            chunk.append_at(out, depth + 1)?;
        }
        Ok(())
    }

    /// The element in DER.
    pub(super) fn to_der(self) -> Result<Vec<u8>, Malformed> {
        self.der_at(0)
    }

    fn der_at(self, depth: usize) -> Result<Vec<u8>, Malformed> {
        if self.tag & CONSTRUCTED == 0 {
            return Ok(tlv(self.tag, &[self.value]));
        }
        if self.tag == OCTET_STRING | CONSTRUCTED {
            let mut octets = Vec::new();
            self.append_octets(&mut octets)?;
            return Ok(tlv(OCTET_STRING, &[&octets]));
        }
        if depth >= DEPTH {
            return Err(Malformed);
        }
        let mut parts = self
            .inside()
            .map(|part| part?.der_at(depth + 1))
            .collect::<Result<Vec<_>, _>>()?;
        if self.tag == SET {
            parts.sort_unstable();
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Ok(tlv(self.tag, &parts))
    }
}

/// Elements that stand one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element, which must be of this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        match self.next() {
            Some(Ok(element)) if element.tag == tag => Ok(element),
            _ => Err(Malformed),
        }
    }

    /// The next element, if it is of this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.0.first() == Some(&tag) {
            self.expect(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The next element, which must be this string in one piece or in chunks.
    pub(super) fn string(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        match self.next() {
            Some(Ok(element)) if element.tag & !CONSTRUCTED == tag => Ok(element),
            _ => Err(Malformed),
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = read(self.0);
        match read {
            Ok((element, rest)) => {
                self.0 = rest;
                Some(Ok(element))
            }
            Err(e) => {
                // An iterator that met an error has ended.
                self.0 = &[];
                Some(Err(e))
            }
        }
    }
}

fn read(input: &[u8]) -> Result<(Element<'_>, &[u8]), Malformed> {
    let (tag, head, length) = header(input)?;
    // The end mark of an indefinite length is no element.
    if tag == 0 {
        return Err(Malformed);
    }
    let (end, total) = match length {
        Some(length) => {
            let end = head.checked_add(length).ok_or(Malformed)?;
            (end, end)
        }
        None => find_end(input, head)?,
    };
    let whole = input.get(..total).ok_or(Malformed)?;
    let element = Element {
        tag,
        whole,
        value: &input[head..end],
    };
    Ok((element, &input[total..]))
}

/// Tag, length of tag and length octets, length of the value if it is definite.
fn header(input: &[u8]) -> Result<(u8, usize, Option<usize>), Malformed> {
    let (&tag, rest) = input.split_first().ok_or(Malformed)?;
    // CMS has no tag numbers above 30.
    if tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    let (&first, rest) = rest.split_first().ok_or(Malformed)?;
    match first {
        0..=0x7f => Ok((tag, 2, Some(usize::from(first)))),
        0x80 if tag & CONSTRUCTED != 0 => Ok((tag, 2, None)),
        0x81..=0x88 => {
            let count = usize::from(first & 0x7f);
            let mut length = 0usize;
            for &octet in rest.get(..count).ok_or(Malformed)? {
                length = length.checked_mul(256).ok_or(Malformed)? | usize::from(octet);
            }
            Ok((tag, 2 + count, Some(length)))
        }
        _ => Err(Malformed),
    }
}

/// Where the value of an indefinite length ends, and where its end mark does.
fn find_end(input: &[u8], start: usize) -> Result<(usize, usize), Malformed> {
    let (mut at, mut depth) = (start, 1usize);
    loop {
        let rest = input.get(at..).ok_or(Malformed)?;
        if rest.starts_with(&[0, 0]) {
            depth -= 1;
            if depth == 0 {
                return Ok((at, at + 2));
            }
            at += 2;
            continue;
        }
        let (_, head, length) = header(rest)?;
        let step = match length {
            Some(length) => head.checked_add(length).ok_or(Malformed)?,
            None => {
                depth += 1;
                if depth > DEPTH {
                    return Err(Malformed);
                }
                head
            }
        };
        at = at.checked_add(step).ok_or(Malformed)?;
    }
}

/// Tag and length octets of DER.
pub(super) fn head(tag: u8, length: usize) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let skip = octets.iter().take_while(|&&b| b == 0).count();
            let octets = &octets[skip..];
            // At most eight octets.
            out.push(0x80 | u8::try_from(octets.len()).unwrap_or(0));
            out.extend_from_slice(octets);
        }
    }
    out
}

/// An element of DER out of the parts of its value.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|p| p.len()).sum();
    let mut out = head(tag, length);
    out.reserve_exact(length);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A SET OF in DER: its parts in ascending order (X.690 section 11.6).
pub(super) fn set_of(tag: u8, mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort_unstable();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    tlv(tag, &parts)
}

/// An object identifier as DER.
pub(super) fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    tlv(OID, &[oid.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(input: &[u8]) -> Result<Element<'_>, Malformed> {
        Elements(input).next().ok_or(Malformed)?
    }

    #[test]
    fn indefinite_lengths_and_chunks_become_der() -> Result<(), Malformed> {
        let ber = [
            0x30, 0x80, 0x24, 0x80, 4, 1, b'a', 0x24, 3, 4, 1, b'b', 4, 0x81, 1, b'c', 0, 0, 0x31,
            6, 2, 1, 7, 2, 1, 5, 0, 0, 0xff,
        ];
        let mut elements = Elements(&ber);
        let element = elements.expect(SEQUENCE)?;
        assert_eq!(elements.0, [0xff]);
        assert_eq!(
            element.to_der()?,
            [0x30, 13, 4, 3, b'a', b'b', b'c', 0x31, 6, 2, 1, 5, 2, 1, 7]
        );
        let mut octets = Vec::new();
        element
            .inside()
            .string(OCTET_STRING)?
            .append_octets(&mut octets)?;
        assert_eq!(octets, b"abc");
        Ok(())
    }

    #[test]
    fn what_is_cut_or_too_deep_is_refused() {
        for bad in [
            &[0x30][..],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x30, 0x80, 0],
            &[0x04, 0x80, 0, 0],
            &[0x00, 0],
            &[0x1f, 1, 0],
            &[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0xff],
        ] {
            assert!(first(bad).is_err(), "{bad:x?}");
        }
        let deep: Vec<u8> = [0x30, 0x80].repeat(100_000);
        assert!(first(&deep).is_err());
        // Definite lengths, each around the one before.
        let mut nested = vec![5, 0];
        for _ in 0..40 {
            nested = tlv(SEQUENCE, &[&nested]);
        }
        assert_eq!(first(&nested).and_then(|e| e.to_der()), Err(Malformed));
    }

    #[test]
    fn lengths_are_minimal() {
        assert_eq!(head(4, 127), [4, 127]);
        assert_eq!(head(4, 128), [4, 0x81, 128]);
        assert_eq!(head(4, 65_536), [4, 0x83, 1, 0, 0]);
    }
}
