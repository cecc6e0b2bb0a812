//! A bounded reader of BER (X.690), for what signs, encrypts and certifies.
//!
//! Peers stream with indefinite lengths and cut a content into chunks, and a
//! content of many megabytes must not be copied layer by layer.

/// How deep elements may lie in each other.
pub(crate) const DEPTH: usize = 32;

pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const CONSTRUCTED: u8 = 0x20;

/// A context-specific, constructed tag.
pub(crate) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// The bytes are no BER, or no such element stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// With tag and length, and with the end mark of an indefinite length.
    pub(crate) whole: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(crate) fn inside(&self) -> Elements<'a> {
        Elements(self.value)
    }

    /// Appends the octets of a string that may be cut into chunks (X.690
    /// section 8.7), whatever its own tag is.
    pub(crate) fn append_octets(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
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
}

/// Elements that stand one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elements<'a>(pub(crate) &'a [u8]);

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

#[cfg(test)]
mod tests {
    use super::*;

    fn first(input: &[u8]) -> Result<Element<'_>, Malformed> {
        Elements(input).next().ok_or(Malformed)?
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
    }

    #[test]
    fn elements_of_any_length_are_read_one_after_another() -> Result<(), Malformed> {
        let bytes = [0x30, 0x80, 2, 1, 7, 0, 0, 4, 0x81, 1, b'a', 5, 0];
        let all: Vec<_> = Elements(&bytes)
            .map(|e| e.map(|e| (e.tag, e.value)))
            .collect::<Result<_, _>>()?;
        assert_eq!(all, [(SEQUENCE, &[2, 1, 7][..]), (4, b"a"), (5, b"")]);
        Ok(())
    }

    #[test]
    fn octets_in_chunks_become_one_and_those_too_deep_are_refused() -> Result<(), Malformed> {
        let mut out = Vec::new();
        let chunks = [
            0x24, 0x80, 4, 1, b'a', 0x24, 3, 4, 1, b'b', 4, 1, b'c', 0, 0,
        ];
        first(&chunks)?.append_octets(&mut out)?;
        assert_eq!(out, b"abc");
        // A chunk that is no octet string.
        assert!(first(&[0x24, 2, 5, 0])?.append_octets(&mut out).is_err());
        let mut nested = vec![4, 0];
        for _ in 0..=DEPTH {
            let length = u8::try_from(nested.len()).map_err(|_| Malformed)?;
            nested.splice(0..0, [0x24, length]);
        }
        assert!(first(&nested)?.append_octets(&mut out).is_err());
        // One less is read.
        let inner = first(&nested)?.inside().next().ok_or(Malformed)??;
        inner.append_octets(&mut out)
    }
}
