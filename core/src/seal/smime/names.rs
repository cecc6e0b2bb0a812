//! Comparing names (RFC 5280 section 7).

use der::asn1::{BmpString, Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use der::{Encode as _, Tag, Tagged as _};
use unicode_normalization::UnicodeNormalization as _;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RelativeDistinguishedName};

/// One attribute in a comparable form: strings of every type without regard to
/// case and repeated blanks (RFC 5280 section 7.1), all else as encoded.
fn attribute(a: &AttributeTypeAndValue) -> Vec<u8> {
    let value = &a.value;
    let text = match value.tag() {
        Tag::Utf8String => value
            .decode_as::<Utf8StringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::PrintableString => value
            .decode_as::<PrintableStringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::Ia5String => value
            .decode_as::<Ia5StringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::TeletexString => value
            .decode_as::<TeletexStringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::BmpString => value
            .decode_as::<BmpString>()
            .ok()
            .map(|s| s.chars().collect()),
        _ => None,
    };
    let mut out = a.oid.as_bytes().to_vec();
    out.push(0);
    match text {
        Some(text) => {
            let folded: String = text.nfkc().collect::<String>().to_lowercase();
            let words: Vec<&str> = folded.split_whitespace().collect();
            out.push(b's');
            out.extend_from_slice(words.join(" ").as_bytes());
        }
        None => {
            out.push(b'x');
            out.extend(value.to_der().unwrap_or_default());
        }
    }
    out
}

fn comparable(rdn: &RelativeDistinguishedName) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = rdn.iter().map(attribute).collect();
    out.sort();
    out
}

/// Whether two names are the same.
pub(crate) fn same(a: &Name, b: &Name) -> bool {
    a == b || (a.len() == b.len() && within(a, b))
}

/// Whether `name` stands at or below `base` in the directory.
pub(crate) fn within(name: &Name, base: &Name) -> bool {
    name.len() >= base.len()
        && name
            .iter_rdn()
            .zip(base.iter_rdn())
            .all(|(a, b)| a == b || comparable(a) == comparable(b))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    #[test]
    fn names_compare_without_case_and_blanks_and_in_order() -> Result<(), der::Error> {
        let name = Name::from_str("CN=Harbor  Clinic CA,O=Harbor,C=US")?;
        assert!(same(
            &name,
            &Name::from_str("CN=harbor clinic ca,O=HARBOR,C=US")?
        ));
        assert!(!same(
            &name,
            &Name::from_str("CN=Harbour Clinic CA,O=Harbor,C=US")?
        ));
        assert!(!same(
            &name,
            &Name::from_str("O=Harbor,CN=Harbor Clinic CA,C=US")?
        ));
        assert!(within(&name, &Name::from_str("O=Harbor,C=US")?));
        assert!(!within(&name, &Name::from_str("CN=Harbor Clinic CA")?));
        Ok(())
    }
}
