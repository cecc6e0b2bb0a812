//! The canary: marked words that must never be seen where they do not belong.
//!
//! A test takes a [`Canary::mark`] for each thing that is protected, sends it
//! through everything, and then asks of every log line, error, `Debug` text and
//! database file whether a mark is in it, in clear or in one of the encodings
//! in which text likes to hide: base64, hexadecimal, quoted-printable,
//! percent-encoding, UTF-16, and the lists of numbers that a derived `Debug`
//! makes of octets.
//!
//! Texts that mailseal makes itself (a pickup code, a link) are watched as they
//! are, with [`Canary::watch`].
//!
//! ```
//! use mailseal::testing::canary::Canary;
//! let mut canary = Canary::new();
//! let subject = canary.mark("subject");
//! assert!(canary.find(b"nothing of note").is_empty());
//! let seen = canary.find(format!("sent: {subject}").as_bytes());
//! assert_eq!((seen[0].what, seen[0].form), ("subject", "plain"));
//! ```

use std::fmt::Write as _;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64, HEXLOWER};

use crate::base::crypto;

/// The shortest text that can be told from chance.
const SHORTEST: usize = 8;

/// A mark that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sighting {
    /// What the mark stood for.
    pub what: &'static str,
    /// How it was written.
    pub form: &'static str,
}

struct Needle {
    what: &'static str,
    form: &'static str,
    text: String,
}

/// Marked words and how they would look.
pub struct Canary {
    run: String,
    marks: usize,
    needles: Vec<Needle>,
    /// All needles at once, made when they are first looked for.
    search: OnceLock<Option<AhoCorasick>>,
}

impl std::fmt::Debug for Canary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Canary({} marks)", self.marks)
    }
}

impl Default for Canary {
    fn default() -> Self {
        Self::new()
    }
}

impl Canary {
    /// No marks yet.
    pub fn new() -> Self {
        Self {
            run: HEXLOWER.encode(&crypto::make_random::<5>()),
            marks: 0,
            needles: Vec::new(),
            search: OnceLock::new(),
        }
    }

    /// A new word for something protected: lower-case letters and digits, so
    /// that it can stand in an address, a domain or a header.
    pub fn mark(&mut self, what: &'static str) -> String {
        let number = self.marks;
        let word = format!("kanari{}x{number}z", self.run);
        self.watch(what, &word);
        word
    }

    /// Watches for a text that was made elsewhere. Texts under eight octets
    /// turn up by chance, and are not watched.
    pub fn watch(&mut self, what: &'static str, text: &str) {
        if text.len() < SHORTEST {
            return;
        }
        self.marks += 1;
        self.search = OnceLock::new();
        for (form, text) in forms(text) {
            self.needles.push(Needle { what, form, text });
        }
    }

    /// The marks that stand in `octets`, each once, without regard to case.
    pub fn find(&self, octets: &[u8]) -> Vec<Sighting> {
        let search = self.search.get_or_init(|| {
            let texts = self.needles.iter().map(|needle| &needle.text);
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(texts)
                .ok()
        });
        let mut seen = Vec::new();
        // It fails for more needles than memory holds.
        let Some(search) = search else { return seen };
        // As it is, and without the breaks and blanks with which
        // quoted-printable, base64 and lists are folded.
        let mut folded = Vec::with_capacity(octets.len());
        for line in octets.split_inclusive(|&octet| octet == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            folded.extend_from_slice(line.strip_suffix(b"=").unwrap_or(line));
        }
        folded.retain(|octet| !octet.is_ascii_whitespace());
        for octets in [octets, &folded] {
            for found in search.find_overlapping_iter(octets) {
                let Some(needle) = self.needles.get(found.pattern().as_usize()) else {
                    continue;
                };
                let sighting = Sighting {
                    what: needle.what,
                    form: needle.form,
                };
                if !seen.contains(&sighting) {
                    seen.push(sighting);
                }
            }
        }
        seen
    }
}

/// The text in every form.
fn forms(text: &str) -> Vec<(&'static str, String)> {
    let octets = text.as_bytes();
    let each = |before: &str, upper: bool| {
        octets.iter().fold(String::new(), |mut all, octet| {
            // Writing to a String does not fail.
            let _ = if upper {
                write!(all, "{before}{octet:02X}")
            } else {
                write!(all, "{octet}{before}")
            };
            all
        })
    };
    let utf16 = |big: bool| {
        let (first, second) = if big { ("\0", "") } else { ("", "\0") };
        let all: String = text
            .chars()
            .map(|c| format!("{first}{c}{second}"))
            .collect();
        all.trim_matches('\0').to_owned()
    };
    let mut forms = vec![
        ("plain", text.to_owned()),
        ("hex", each("", true)),
        ("quoted-printable", each("=", true)),
        ("percent-encoded", each("%", true)),
        ("utf-16", utf16(false)),
        ("utf-16", utf16(true)),
        (
            "octet list",
            each(",", false).trim_end_matches(',').to_owned(),
        ),
    ];
    // Within longer base64 a text begins at any of three places.
    for before in 0..3 {
        let padded = [&b"   "[..before], octets].concat();
        let encoded = BASE64.encode(&padded);
        let whole = encoded.trim_end_matches('=');
        // What is shared with the neighbours says nothing.
        let start = (before * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        let inner = whole.get(start..end.min(whole.len())).unwrap_or_default();
        forms.push(("base64", inner.to_owned()));
        forms.push(("base64url", inner.replace('+', "-").replace('/', "_")));
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_in_the_midst_of_other_text() {
        let mut canary = Canary::new();
        let word = canary.mark("word");
        for before in ["", "a", "bc", "def", "ghij"] {
            let text = format!("{before}{word}, and more");
            let list = format!("{:?}", text.as_bytes());
            let pretty = format!("{:#?}", text.as_bytes());
            let hex = HEXLOWER.encode(text.as_bytes());
            let wide =
                |to: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(to).collect() };
            let octets = |before: &str| -> String {
                text.bytes().map(|b| format!("{before}{b:02X}")).collect()
            };
            let base64 = BASE64.encode(text.as_bytes());
            let (left, right) = base64.split_at(base64.len() / 2);
            for (form, hiding) in [
                ("plain", text.clone().into_bytes()),
                ("plain", text.to_uppercase().into_bytes()),
                ("plain", text.replace("x", "x=\r\n").into_bytes()),
                ("hex", hex.into_bytes()),
                ("octet list", list.into_bytes()),
                ("octet list", pretty.into_bytes()),
                ("utf-16", wide(u16::to_le_bytes)),
                ("utf-16", wide(u16::to_be_bytes)),
                ("percent-encoded", octets("%").into_bytes()),
                ("quoted-printable", octets("=").into_bytes()),
                ("base64", base64.clone().into_bytes()),
                ("base64", format!("{left}\r\n{right}").into_bytes()),
                ("plain", [b"\xff\xfe", text.as_bytes(), b"\xc3"].concat()),
            ] {
                let forms: Vec<_> = canary.find(&hiding).iter().map(|s| s.form).collect();
                assert!(forms.contains(&form), "{form} after {before:?}: {forms:?}");
            }
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let mut canary = Canary::new();
        canary.mark("one");
        let other = Canary::new().mark("other");
        assert_eq!(canary.find(other.as_bytes()), []);
        assert_eq!(canary.find(&crypto::make_random::<4096>()), []);
    }
}
