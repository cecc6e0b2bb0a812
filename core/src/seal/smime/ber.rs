//! What only CMS asks of BER, and the few lines that write DER (X.690).
//!
//! The outer layers of CMS are read by [`base::ber`](crate::base::ber), not by
//! the `der` types. What is small (recipient infos, signer infos, algorithms) is
//! brought into DER and goes to the types.

use der::asn1::ObjectIdentifier;

use crate::base::ber::{CONSTRUCTED, DEPTH};
pub(super) use crate::base::ber::{
    Element, Elements, Malformed, OCTET_STRING, OID, SEQUENCE, SET, explicit,
};

pub(super) const INTEGER: u8 = 0x02;

/// A context-specific, primitive tag.
pub(super) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

impl From<der::Error> for Malformed {
    fn from(_: der::Error) -> Self {
        Self
    }
}

impl Element<'_> {
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
    fn what_lies_too_deep_is_not_written() {
        // Definite lengths, each around the one before.
        let mut nested = vec![5, 0];
        for _ in 0..40 {
            nested = tlv(SEQUENCE, &[&nested]);
        }
        let outermost = Elements(&nested).expect(SEQUENCE);
        assert_eq!(outermost.and_then(|e| e.to_der()), Err(Malformed));
    }

    #[test]
    fn lengths_are_minimal() {
        assert_eq!(head(4, 127), [4, 127]);
        assert_eq!(head(4, 128), [4, 0x81, 128]);
        assert_eq!(head(4, 65_536), [4, 0x83, 1, 0, 0]);
    }
}
