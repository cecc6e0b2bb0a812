//! What is signed (CMS, RFC 5652, as S/MIME and signed documents have it), and
//! certificates (RFC 5280): the content, and every text that stands beside it.
//!
//! No signature is checked here. What is encrypted is told apart by its type.

use super::Piece;
use super::inflate::{End, inflate};
use super::walk::Walk;
use crate::base::ber::{CONSTRUCTED, DEPTH, Element, Elements, OCTET_STRING, OID, SEQUENCE, SET};
use crate::base::ber::{Malformed, explicit};

/// A BIT STRING, and the strings of X.680 whose characters are not of one byte.
const BIT_STRING: u8 = 0x03;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;
/// UTF8String, and those of one byte for each character: NumericString,
/// PrintableString, TeletexString, IA5String, VisibleString, GeneralString.
const STRINGS: [u8; 7] = [0x0c, 0x12, 0x13, 0x14, 0x16, 0x1a, 0x1b];

/// The types of content (RFC 5652 section 14, RFC 5083, RFC 3274), as DER has
/// them behind tag and length.
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const SIGNED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const DIGESTED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x05";
const ENCRYPTED: [&[u8]; 3] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17",
];
const COMPRESSED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09";

/// What the outermost element is.
enum Outer<'a> {
    Data(Element<'a>),
    Signed(Element<'a>),
    Digested(Element<'a>),
    Compressed(Element<'a>),
    Encrypted,
    /// A certificate, a list of revoked ones, or a request for one.
    Certificate(Element<'a>),
}

/// Whether bytes begin as one of these, of which the end may be elsewhere.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let Some((&SEQUENCE, rest)) = bytes.split_first() else {
        return false;
    };
    let Some(inside) = content(rest) else {
        return false;
    };
    let types = [DATA, SIGNED, DIGESTED, COMPRESSED];
    let of_type = |kind: &&[u8]| {
        let oid = inside.strip_prefix(&[OID]).and_then(<[u8]>::split_first);
        oid.is_some_and(|(length, oid)| usize::from(*length) == kind.len() && oid.starts_with(kind))
    };
    // A certificate's version is 2 or 3 (RFC 5280 section 4.1.2.1).
    let of_certificate = || {
        let (tag, inner) = inside.split_first()?;
        let version = content(inner)?;
        Some(*tag == SEQUENCE && version.starts_with(b"\xa0\x03\x02\x01"))
    };
    types.iter().chain(&ENCRYPTED).any(of_type) || of_certificate().unwrap_or(false)
}

/// What stands behind a length, which is a long one or told by an end mark.
fn content(behind_tag: &[u8]) -> Option<&[u8]> {
    let skip = match *behind_tag.first()? {
        0x80 => 1,
        length @ 0x82..=0x84 => 1 + usize::from(length & 0x7f),
        _ => return None,
    };
    behind_tag.get(skip..)
}

/// Whether bytes are one of these.
pub(super) fn is_any(bytes: &[u8]) -> bool {
    bytes.first() == Some(&SEQUENCE) && outer(bytes).is_ok()
}

fn outer(bytes: &[u8]) -> Result<Outer<'_>, Malformed> {
    let element = next(&mut Elements(bytes), SEQUENCE)?;
    let mut inside = element.inside();
    let first = inside.next().ok_or(Malformed)??;
    if first.tag != OID {
        let is_algorithm = next(&mut inside, SEQUENCE)?.inside().next();
        let is_algorithm = is_algorithm.ok_or(Malformed)??.tag == OID;
        next(&mut inside, BIT_STRING)?;
        return match first.tag == SEQUENCE && is_algorithm && inside.0.is_empty() {
            true => Ok(Outer::Certificate(element)),
            false => Err(Malformed),
        };
    }
    if ENCRYPTED.contains(&first.value) {
        return Ok(Outer::Encrypted);
    }
    let content = next(&mut inside, explicit(0))?;
    let content = content.inside().next().ok_or(Malformed)??;
    match (first.value, content.tag) {
        (DATA, _) => Ok(Outer::Data(content)),
        (SIGNED, SEQUENCE) => Ok(Outer::Signed(content)),
        (DIGESTED, SEQUENCE) => Ok(Outer::Digested(content)),
        (COMPRESSED, SEQUENCE) => Ok(Outer::Compressed(content)),
        _ => Err(Malformed),
    }
}

/// The next element, which must be of this tag.
fn next<'a>(elements: &mut Elements<'a>, tag: u8) -> Result<Element<'a>, Malformed> {
    match elements.next() {
        Some(Ok(element)) if element.tag == tag => Ok(element),
        _ => Err(Malformed),
    }
}

/// Reads one of these.
pub(super) fn read(walk: &mut Walk<'_>, bytes: &[u8]) {
    let read = match outer(bytes) {
        Ok(Outer::Data(data)) => content_of(walk, "content", data),
        Ok(Outer::Signed(signed)) => signed_data(walk, signed),
        Ok(Outer::Digested(digested)) => digested_data(walk, digested),
        Ok(Outer::Compressed(compressed)) => compressed_data(walk, compressed),
        Ok(Outer::Certificate(certificate)) => texts(walk, certificate.inside()),
        Ok(Outer::Encrypted) => {
            walk.fail("encrypted");
            Ok(())
        }
        Err(why) => Err(why),
    };
    // What stands behind it is read by nobody; some write zeros or a line end.
    let mut all = Elements(bytes);
    let ends = all.next().is_some_and(|first| first.is_ok())
        && all.0.iter().all(|b| matches!(b, 0 | b'\r' | b'\n'));
    if read.is_err() || !ends {
        walk.fail("malformed");
    }
}

/// SignedData (RFC 5652 section 5.1): the content, which a detached signature
/// has elsewhere, and then what the certificates and signers say.
fn signed_data(walk: &mut Walk<'_>, signed: Element<'_>) -> Result<(), Malformed> {
    let mut fields = signed.inside();
    let _version = fields.next().ok_or(Malformed)??;
    let _digests = next(&mut fields, SET)?;
    if let Some(content) = encapsulated(&mut fields)? {
        content_of(walk, "signed", content)?;
    }
    texts(walk, fields)
}

/// DigestedData (RFC 5652 section 7).
fn digested_data(walk: &mut Walk<'_>, digested: Element<'_>) -> Result<(), Malformed> {
    let mut fields = digested.inside();
    let _version = fields.next().ok_or(Malformed)??;
    next(&mut fields, SEQUENCE)?;
    match encapsulated(&mut fields)? {
        Some(content) => content_of(walk, "content", content),
        None => Ok(()),
    }
}

/// CompressedData (RFC 3274): by zlib, the one algorithm that there is.
fn compressed_data(walk: &mut Walk<'_>, compressed: Element<'_>) -> Result<(), Malformed> {
    let mut fields = compressed.inside();
    let _version = fields.next().ok_or(Malformed)??;
    next(&mut fields, SEQUENCE)?;
    let content = encapsulated(&mut fields)?.ok_or(Malformed)?;
    let Some(octets) = octets_of(walk, content)? else {
        return Ok(());
    };
    let out = inflate(&octets, true, walk.budget);
    if let Some(why) = out.end.code() {
        walk.fail(why);
    }
    if out.end != End::Ratio {
        walk.decoded_child("compressed", &out.bytes, "");
    }
    Ok(())
}

/// The content of an EncapsulatedContentInfo, where it is not elsewhere.
fn encapsulated<'a>(fields: &mut Elements<'a>) -> Result<Option<Element<'a>>, Malformed> {
    let mut inside = next(fields, SEQUENCE)?.inside();
    next(&mut inside, OID)?;
    match inside.next() {
        Some(content) => content?.inside().next().ok_or(Malformed)?.map(Some),
        None => Ok(None),
    }
}

fn content_of(walk: &mut Walk<'_>, name: &str, content: Element<'_>) -> Result<(), Malformed> {
    if content.tag & !CONSTRUCTED != OCTET_STRING {
        // Of before CMS: whatever it is.
        walk.child(name, content.whole, "");
    } else if let Some(octets) = octets_of(walk, content)? {
        walk.decoded_child(name, &octets, "");
    }
    Ok(())
}

/// The octets of a content, unless they are too many.
fn octets_of(walk: &mut Walk<'_>, content: Element<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    let many = content.value.len();
    if many > walk.budget.room() || !walk.budget.spend(many) {
        walk.fail("too_large");
        return Ok(None);
    }
    let mut octets = Vec::new();
    content.append_octets(&mut octets)?;
    Ok(Some(octets))
}

/// Gives out every text in elements: names, addresses, policies. Never are all
/// elements held, since one takes twenty times the bytes that it may have.
fn texts(walk: &mut Walk<'_>, mut elements: Elements<'_>) -> Result<(), Malformed> {
    if !walk.budget.spend(elements.0.len()) {
        walk.fail("too_large");
        return Ok(());
    }
    let mut out = String::new();
    let read = elements.try_for_each(|element| add_texts(element?, 0, &mut out));
    if !out.is_empty() {
        walk.piece(Piece {
            text: out,
            inside: Some("certificates".to_owned()),
            aside: true,
            ..Piece::default()
        });
    }
    read
}

fn add_texts(element: Element<'_>, depth: usize, out: &mut String) -> Result<(), Malformed> {
    if depth > DEPTH {
        return Err(Malformed);
    }
    if element.tag & CONSTRUCTED != 0 {
        for inner in element.inside() {
            add_texts(inner?, depth + 1, out)?;
        }
        return Ok(());
    }
    let value = element.value;
    let text = match element.tag {
        UNIVERSAL_STRING => wide::<4>(value, |unit| char::from_u32(u32::from_be_bytes(unit))),
        BMP_STRING => wide::<2>(value, |unit| {
            char::from_u32(u16::from_be_bytes(unit).into())
        }),
        tag if STRINGS.contains(&tag) => Some(super::text::decode(value).0),
        // Of an implicit tag one cannot tell what it is, and an extension is
        // an octet string with elements inside.
        tag if tag == OCTET_STRING || tag & 0xc0 == 0x80 => printable(value).or_else(|| {
            let mut more = String::new();
            let read =
                Elements(value).try_for_each(|inner| add_texts(inner?, depth + 1, &mut more));
            read.ok()?;
            Some(more)
        }),
        _ => None,
    };
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        out.push_str(text.trim_end());
        out.push('\n');
    }
    Ok(())
}

/// A text of units of several bytes; what is none is left out.
fn wide<const N: usize>(value: &[u8], read: impl Fn([u8; N]) -> Option<char>) -> Option<String> {
    let (units, _) = value.as_chunks::<N>();
    Some(units.iter().filter_map(|unit| read(*unit)).collect())
}

/// Octets that are a text and nothing else.
fn printable(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let is_text = !text.chars().any(|c| c.is_control() && !c.is_whitespace());
    is_text.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::test_support::*;
    use super::*;

    /// An element of DER.
    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let value = parts.concat();
        let length = u16::try_from(value.len()).expect("short").to_be_bytes();
        match value.len() {
            ..128 => [&[tag, length[1]], &value[..]].concat(),
            _ => [&[tag, 0x82], &length[..], &value].concat(),
        }
    }

    fn certificate() -> Vec<u8> {
        let name = |tag, value: &[u8]| {
            let attribute = tlv(
                SEQUENCE,
                &[&tlv(OID, &[b"\x55\x04\x03"]), &tlv(tag, &[value])],
            );
            tlv(SET, &[&attribute])
        };
        let other = tlv(0x81, &[b"pat.l@mail.example"]);
        let extension = tlv(OCTET_STRING, &[&tlv(SEQUENCE, &[&other])]);
        let bmp: Vec<u8> = "Quill".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let body = tlv(
            SEQUENCE,
            &[
                &tlv(explicit(0), &[&tlv(0x02, &[&[2]])]),
                &name(0x0c, "Pat Lindqvist".as_bytes()),
                &name(BMP_STRING, &bmp),
                &extension,
            ],
        );
        let algorithm = tlv(SEQUENCE, &[&tlv(OID, &[b"\x2a\x03"])]);
        tlv(
            SEQUENCE,
            &[&body, &algorithm, &tlv(BIT_STRING, &[&[0; 64]])],
        )
    }

    /// SignedData with the content as these elements.
    fn signed(content: &[u8]) -> Vec<u8> {
        let data = tlv(OID, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"]);
        let fields = tlv(
            SEQUENCE,
            &[
                &tlv(0x02, &[&[1]]),
                &tlv(SET, &[]),
                &tlv(SEQUENCE, &[&data, content]),
                &tlv(explicit(0), &[&certificate()]),
                &tlv(SET, &[]),
            ],
        );
        tlv(
            SEQUENCE,
            &[&tlv(OID, &[SIGNED]), &tlv(explicit(0), &[&fields])],
        )
    }

    #[test]
    fn a_detached_signature_says_whose_it_is() {
        for bytes in [signed(&[]), certificate()] {
            let out = run(&bytes);
            assert_eq!(out.reasons, [""; 0]);
            assert_eq!(
                out.text(),
                "[certificates]\nPat Lindqvist\nQuill\npat.l@mail.example\n\n"
            );
        }
    }

    /// In one piece, and in chunks of unknown length as programs stream it.
    #[test]
    fn what_is_signed_is_read_by_what_it_is() {
        let entity = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n\
            TVJOIDQ0NzE5MjA=\r\n";
        let (first, second) = entity.split_at(20);
        let chunks = [
            &[0xa0, 0x80, 0x24, 0x80][..],
            &tlv(OCTET_STRING, &[first]),
            &tlv(OCTET_STRING, &[second]),
            &[0; 4],
        ];
        for content in [
            tlv(explicit(0), &[&tlv(OCTET_STRING, &[entity])]),
            chunks.concat(),
        ] {
            let out = run(&signed(&content));
            assert_eq!(out.reasons, [""; 0]);
            out.has("[signed/text]\nMRN 4471920");
            out.has("[certificates]\nPat Lindqvist");
        }
        let archive = tlv(
            explicit(0),
            &[&tlv(OCTET_STRING, &[b"\x7fELF\x02\x01\x01\0"])],
        );
        assert_eq!(run(&signed(&archive)).reasons, ["unsupported_type"]);
    }

    #[test]
    fn what_is_encrypted_is_told() {
        for (kind, why) in [(ENCRYPTED[0], "encrypted"), (ENCRYPTED[2], "encrypted")] {
            let secret = tlv(explicit(0), &[&[7; 200]]);
            let out = run(&tlv(SEQUENCE, &[&tlv(OID, &[kind]), &secret]));
            assert_eq!((out.reasons, out.pieces.len()), (vec![why], 0));
        }
    }

    #[test]
    fn data_and_what_is_digested_or_compressed_is_read() {
        let octets = |bytes: &[u8]| tlv(explicit(0), &[&tlv(OCTET_STRING, &[bytes])]);
        let text = b"Pat Lindqvist, MRN 4471920. ".repeat(9);
        let info = |kind: &[u8], bytes: &[u8]| {
            let algorithm = tlv(SEQUENCE, &[&tlv(OID, &[b"\x2a\x03"])]);
            let inside = tlv(SEQUENCE, &[&tlv(OID, &[DATA]), &octets(bytes)]);
            let fields = tlv(SEQUENCE, &[&tlv(0x02, &[&[0]]), &algorithm, &inside]);
            tlv(
                SEQUENCE,
                &[&tlv(OID, &[kind]), &tlv(explicit(0), &[&fields])],
            )
        };
        let data = tlv(SEQUENCE, &[&tlv(OID, &[DATA]), &octets(&text)]);
        for bytes in [data, info(DIGESTED, &text), info(COMPRESSED, &zlib(&text))] {
            let out = run(&bytes);
            assert_eq!(out.reasons, [""; 0]);
            out.has("Pat Lindqvist, MRN 4471920");
        }
        let cut = zlib(&text);
        let out = run(&info(COMPRESSED, &cut[..cut.len() - 9]));
        assert_eq!(out.reasons, ["malformed"]);
    }

    /// In one line, in lines, and in an armour whose label could hide it.
    #[test]
    fn what_is_pasted_as_base64_is_read_too() {
        let content = b"Pat Lindqvist, MRN 4471920, is better and comes again in May.".repeat(30);
        let bytes = signed(&tlv(explicit(0), &[&tlv(OCTET_STRING, &[&content])]));
        let line = data_encoding::BASE64.encode(&bytes);
        let lines = data_encoding::BASE64_MIME.encode(&bytes);
        let armour = format!("-----BEGIN PKCS7-----\r\n{lines}-----END PKCS7-----\r\n");
        let certificate = data_encoding::BASE64_MIME.encode(&certificate());
        for (text, wanted) in [
            (line, "MRN 4471920"),
            (lines, "MRN 4471920"),
            (armour, "MRN 4471920"),
            (certificate, "pat.l@mail.example"),
        ] {
            let out = run(format!("See\r\n{text}").as_bytes());
            assert_eq!(out.reasons, [""; 0], "{text}");
            out.has(wanted);
        }
    }

    #[test]
    fn what_is_cut_has_more_or_is_too_deep_is_reported() {
        let whole = signed(&[]);
        let more = [&whole[..], b"\0\r\n"].concat();
        assert_eq!(run(&more).reasons, [""; 0]);
        let hidden = [&whole[..], b"Pat"].concat();
        assert_eq!(run(&hidden).reasons, ["malformed"]);
        for end in 0..whole.len() {
            let out = run(&whole[..end]);
            assert!(end == 0 || !out.reasons.is_empty() || end < 8, "{end}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x11;
            run(&bytes);
        }
        let mut deep = tlv(0x0c, &[b"Pat"]);
        for _ in 0..60 {
            deep = tlv(SEQUENCE, &[&deep]);
        }
        let mut bytes = certificate();
        assert_eq!(run(&bytes).reasons, [""; 0]);
        let algorithm = tlv(SEQUENCE, &[&tlv(OID, &[b"\x2a\x03"])]);
        bytes = tlv(
            SEQUENCE,
            &[&deep, &algorithm, &tlv(BIT_STRING, &[&[0; 64]])],
        );
        assert_eq!(run(&bytes).reasons, ["malformed"]);
        // The same behind octets, where it may be no element at all.
        bytes = tlv(OCTET_STRING, &[&bytes]);
        bytes = tlv(
            SEQUENCE,
            &[&tlv(SEQUENCE, &[&bytes]), &algorithm, &tlv(BIT_STRING, &[])],
        );
        run(&bytes);
    }
}
