//! File names in parameters, whole or in sections (RFC 2231).

use super::header;
use super::neutral::pieces;

/// A parameter that names the file, or a section of one.
struct Section<'a> {
    key: &'static str,
    /// `None` where the name is whole in it.
    number: Option<u32>,
    /// Whether its value is encoded, the first one's behind a charset.
    encoded: bool,
    value: &'a str,
}

impl<'a> Section<'a> {
    fn read(piece: &'a str) -> Option<Self> {
        let (key, value) = piece.split_once('=')?;
        let mut parts = key.split('*').map(str::trim);
        let key = parts.next()?;
        let key = ["name", "filename"]
            .into_iter()
            .find(|known| key.eq_ignore_ascii_case(known))?;
        let number = |text: &str| Some(text.parse().unwrap_or(0));
        let (number, encoded) = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => (None, false),
            (Some(""), None, _) => (None, true),
            (Some(at), None, _) => (number(at), false),
            (Some(at), ..) => (number(at), true),
        };
        Some(Self {
            key,
            number,
            encoded,
            value: value.trim(),
        })
    }

    /// What its value says by itself: the charset that stands in front of the
    /// first one, and the rest.
    fn parts(&self) -> (Option<String>, String) {
        let value = unquoted(self.value);
        if self.encoded && self.number.unwrap_or(0) == 0 {
            let mut parts = value.splitn(3, '\'');
            if let (Some(charset), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next())
            {
                return (Some(charset.trim().to_owned()), rest.to_owned());
            }
        }
        (None, value)
    }
}

/// Whether a parameter names a charset that is not known.
pub(super) fn hides(value: &str) -> bool {
    // One reader takes a quote within a word for the start of a text, another
    // for a letter.
    let pieces = pieces(value);
    let mut all = pieces.iter().map(String::as_str).chain(value.split(';'));
    all.any(|piece| {
        let charset = Section::read(piece).and_then(|section| section.parts().0);
        charset.is_some_and(|charset| !charset.is_empty() && !header::knows(&charset))
    })
}

/// The file names in a value, each with its sections joined before they are
/// decoded, since a letter may be cut between them. `None` where some bytes are
/// nothing in their charset, or where it is not clear what they are.
pub(super) fn file_names(value: &str) -> Option<Vec<String>> {
    let pieces = pieces(value);
    let sections = pieces.iter().filter_map(|piece| Section::read(piece));
    let mut sections: Vec<Section<'_>> = sections.collect();
    sections.sort_by_key(|section| (section.key, section.number));
    let is_one = |a: &Section<'_>, b: &Section<'_>| a.key == b.key && a.number.is_some();
    let mut names = Vec::new();
    for name in sections.chunk_by(is_one) {
        let mut charset = None;
        let mut bytes = Vec::new();
        for (section, number) in name.iter().zip(0..) {
            if section.number.is_some_and(|own| own != number) {
                return None;
            }
            let (own, value) = section.parts();
            charset = charset.or(own);
            match section.encoded {
                true => percent_decoded(&value, &mut bytes)?,
                false => bytes.extend_from_slice(value.as_bytes()),
            }
        }
        let charset = charset.filter(|charset| !charset.is_empty());
        let charset = charset.as_deref().unwrap_or("utf-8");
        if !header::knows(charset) || header::is_damaged(charset, &bytes) {
            return None;
        }
        let text = super::decode_charset(charset, &bytes)?;
        if header::hides(&text) {
            return None;
        }
        names.push(header::decode(&text));
    }
    Some(names)
}

fn percent_decoded(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut pieces = text.split('%');
    out.extend_from_slice(pieces.next()?.as_bytes());
    for piece in pieces {
        let (digits, behind) = piece.split_at_checked(2)?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
        out.extend_from_slice(behind.as_bytes());
    }
    Some(())
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.trim_matches('"').to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_is_looked_for_where_one_stands() {
        for (value, expected) in [
            ("attachment; filename*=x-own''a", true),
            ("attachment; filename* = \"utf-16be'en'a\"", true),
            ("attachment; FileName*0* =utf-7''a; filename*1*=b", true),
            ("text/plain; name*x*=utf-7''a", true),
            ("attachment; x=a\"b; filename*=utf-7''a", true),
            ("attachment; filename*=utf-8''Bob's%20and%20Jo's", false),
            (
                "attachment; filename*0*=utf-8''a; filename*1*=Bob's%20and%20Jo's",
                false,
            ),
            ("attachment; filename*=''a", false),
            ("attachment; filename=\"x*=a''b\"", false),
        ] {
            assert_eq!(hides(value), expected, "{value}");
        }
    }

    #[test]
    fn sections_are_joined_before_they_are_decoded() {
        let names = |value: &str| file_names(value).unwrap_or(vec!["?".to_owned()]);
        for (value, expected) in [
            ("a; filename*1*=%A4r; filename*0*=UTF-8''B%C3", vec!["Bär"]),
            (
                "a; filename*0*=gb2312''%D6; filename*1*=%D0; filename*2=\"; x\"",
                vec!["中; x"],
            ),
            (
                "a; name=\"a \\\"b\\\"\"; filename*=iso-8859-1''%E4",
                vec!["ä", "a \"b\""],
            ),
            ("a; filename=\"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=\"", vec!["ä"]),
            ("a; filename*=utf-8''%EF%BF%BD", vec!["\u{fffd}"]),
            ("a; filename*0*=utf-8''%C3; filename*1*=x", vec!["?"]),
            ("a; filename*0*=utf-8''a; filename*0*=b", vec!["?"]),
            ("a; filename*=utf-8''%C", vec!["?"]),
            ("a; x=y", vec![]),
        ] {
            assert_eq!(names(value), expected, "{value}");
        }
    }
}
