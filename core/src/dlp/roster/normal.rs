//! One form for all the ways in which a value is written.
//!
//! The roster's values and the text go through the same functions, so that what
//! is meant to match has the same bytes.

use unicode_normalization::UnicodeNormalization as _;

use crate::base::Address;
use crate::dlp::token::{Gap, Shape, Token};
use crate::dlp::view::View;

/// The longest key: whatever is longer is no name, number or street.
const LONGEST: usize = 96;

/// A key that is put together from pieces, without an allocation.
#[derive(Clone, Copy)]
pub(super) struct Key {
    bytes: [u8; LONGEST],
    length: usize,
    whole: bool,
}

impl Key {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            length: 0,
            whole: true,
        }
    }

    pub(super) fn push(&mut self, byte: u8) {
        match self.bytes.get_mut(self.length) {
            Some(slot) => {
                *slot = byte;
                self.length += 1;
            }
            None => self.whole = false,
        }
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(byte);
        }
    }

    /// The letters of a word of a name: `O'Brien` and `OBrien` are one. A letter
    /// that has no ASCII form makes the key useless, since all of them look
    /// the same in a view.
    pub(super) fn name(&mut self, word: &[u8]) {
        for &byte in word {
            match byte {
                b'\'' => {}
                b if b.is_ascii_alphanumeric() => self.push(b.to_ascii_lowercase()),
                _ => self.whole = false,
            }
        }
    }

    /// The characters of a number: upper case, without leading zeros.
    pub(super) fn number(&mut self, group: &[u8]) {
        for &byte in group {
            if byte.is_ascii_alphanumeric() && !(byte == b'0' && self.length == 0) {
                self.push(byte.to_ascii_uppercase());
            }
        }
    }

    /// The bytes, if all of them fitted.
    pub(super) fn get(&self) -> Option<&[u8]> {
        self.bytes.get(..self.length).filter(|_| self.whole)
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }
}

/// Whether a word, in small letters, may stand behind a family name.
pub(super) fn is_suffix(word: &[u8]) -> bool {
    const SUFFIXES: &[&[u8]] = &[b"jr", b"sr", b"ii", b"iii", b"iv", b"md", b"phd"];
    SUFFIXES.contains(&word)
}

/// The words of a given name as they are compared: without initials, where
/// there is more.
pub(super) fn given_words(text: &str) -> Vec<Vec<u8>> {
    let mut words = words(text);
    if words.iter().any(|word| word.len() > 1) {
        words.retain(|word| word.len() > 1);
    }
    words
}

/// The words of a family name: without the suffixes at its end and without
/// initials, where there is more. A letter that it begins with belongs to the
/// next word: `O Connor` is `O'Connor`.
pub(super) fn family_words(text: &str) -> Vec<Vec<u8>> {
    let mut words = words(text);
    while words.len() > 1 && words.last().is_some_and(|word| is_suffix(word)) {
        words.pop();
    }
    if let [first, second, ..] = words.as_mut_slice()
        && first.len() == 1
    {
        second.splice(0..0, std::mem::take(first));
    }
    if words.len() > 1 {
        words.retain(|word| word.len() > 1);
    }
    words
}

fn words(text: &str) -> Vec<Vec<u8>> {
    View::plain(text)
        .text
        .split(|&b| !(b.is_ascii_alphanumeric() || b == b'\'' || b >= 0x80))
        .map(|word| {
            let letters = word.iter().filter(|b| **b != b'\'');
            letters.map(u8::to_ascii_lowercase).collect::<Vec<u8>>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// A name as it is written without letters of its own language: `Mueller` for
/// `Müller`.
pub(super) fn in_plain_letters(text: &str) -> String {
    let plain = |c: char| match c {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' | 'œ' => "oe",
        'ü' => "ue",
        'å' => "aa",
        'ß' => "ss",
        'þ' => "th",
        _ => "",
    };
    let mut out = String::with_capacity(text.len());
    for c in text.nfc().flat_map(char::to_lowercase) {
        match plain(c) {
            "" => out.push(c),
            two => out.push_str(two),
        }
    }
    out
}

/// The same back, as far as it can be told: `Müller` may stand as `Mueller` in
/// a roster. The view has no dots.
pub(super) fn without_second_vowels(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    for (n, &byte) in word.iter().enumerate() {
        let before = |back: usize| n.checked_sub(back).and_then(|n| word.get(n));
        let vowel = |b: Option<&u8>| b.is_some_and(|b| b"aeiouy".contains(b));
        let second = byte == b'e'
            && matches!(before(1), Some(b'a' | b'o' | b'u'))
            && !vowel(before(2))
            && word.get(n + 1).is_some_and(|b| !vowel(Some(b)));
        if !second {
            out.push(byte);
        }
    }
    out
}

/// The key of a number: a record number, a plan's, a social security number.
pub(super) fn number(text: &str) -> Key {
    let mut key = Key::new();
    key.number(&View::plain(text).text);
    key
}

/// The digits of a text.
pub(super) fn digits(text: &str) -> Vec<u8> {
    let view = View::plain(text);
    view.text
        .iter()
        .copied()
        .filter(u8::is_ascii_digit)
        .collect()
}

/// The digits of a telephone number, without those of an extension or a label:
/// `x12`, `ext. 12`, `;12`, `1st:`. They are the first that are enough for one.
pub(super) fn phone_digits(text: &str) -> Option<Vec<u8>> {
    let view = View::plain(text);
    let mut parts = view
        .text
        .split(|b| b.is_ascii_alphabetic() || b"#;,*".contains(b))
        .map(|part| {
            let digits = part.iter().copied().filter(u8::is_ascii_digit);
            digits.collect::<Vec<u8>>()
        });
    parts.find(|digits| (10..=15).contains(&digits.len()))
}

/// The last ten digits of a telephone number.
pub(super) fn phone(digits: &[u8]) -> &[u8] {
    digits
        .get(digits.len().saturating_sub(10)..)
        .unwrap_or(digits)
}

/// A local part in lower case, without a tag behind `+`.
fn without_tag(local: &str) -> String {
    let mut local = local.to_lowercase();
    if let Some(plus) = local.find('+').filter(|n| *n > 0) {
        local.truncate(plus);
    }
    local
}

/// A mailbox: lower case, without a tag behind `+`; for the providers that
/// ignore dots, without dots.
pub(super) fn mailbox(local: &str, domain: &str) -> (String, String) {
    let mut local = without_tag(local);
    let mut domain = domain.to_ascii_lowercase();
    if domain == "googlemail.com" {
        domain = "gmail.com".to_owned();
    }
    if domain == "gmail.com" {
        local.retain(|c| c != '.');
    }
    (local, domain)
}

/// The mailbox of an address.
pub(super) fn mailbox_of(address: &Address) -> (String, String) {
    let canonical = address.canonical();
    let (local, domain) = canonical.rsplit_once('@').unwrap_or((&canonical, ""));
    mailbox(local, domain)
}

/// Its local part as it is written, without a tag.
pub(super) fn local_of(address: &Address) -> String {
    let canonical = address.canonical();
    without_tag(
        canonical
            .rsplit_once('@')
            .map_or(&canonical, |(local, _)| local),
    )
}

/// The key of a mailbox.
pub(super) fn mailbox_key((local, domain): &(String, String)) -> String {
    format!("{local}@{domain}")
}

/// The street lines that start at a token, shortest first: the key, the token
/// behind it, and whether it ends like a street.
pub(super) fn streets(
    text: &[u8],
    tokens: &[Token],
    at: usize,
    mut each: impl FnMut(&Key, usize, bool) -> bool,
) {
    let word = |n: usize| tokens.get(n).and_then(|t| text.get(t.range()));
    let Some(number) = tokens.get(at).filter(|t| t.has_digit()).and(word(at)) else {
        return;
    };
    if number.len() > 6 {
        return;
    }
    let mut key = Key::new();
    key.number(number);
    key.push(b' ');
    let mut words = 0;
    let mut next = at + 1;
    while let (Some(token), Some(bytes)) = (tokens.get(next), word(next)) {
        let fits = token.shape != Shape::Sign && token.gap <= Gap::Column && words < 5;
        if !fits || matches(bytes, UNITS) {
            return;
        }
        let suffix = short(bytes, SUFFIXES);
        match suffix.or_else(|| short(bytes, DIRECTIONS)) {
            Some(short) => key.extend(short.as_bytes()),
            None => key.name(bytes),
        }
        next += 1;
        words += 1;
        // `N. Main`, `St.`
        let dot = bytes.len() <= 4 && word(next) == Some(b".");
        let ends = suffix.is_some() && words > 1;
        if each(&key, next, ends || key.len() >= 12) || ends {
            return;
        }
        next += usize::from(dot);
    }
}

fn matches(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
}

fn short(word: &[u8], list: &[(&str, &'static str)]) -> Option<&'static str> {
    list.iter()
        .find(|(long, short)| matches(word, &[long, short]))
        .map(|(_, short)| *short)
}

const UNITS: &[&str] = &[
    "apt",
    "apartment",
    "unit",
    "suite",
    "ste",
    "floor",
    "rm",
    "room",
    "lot",
];

const DIRECTIONS: &[(&str, &str)] = &[
    ("north", "n"),
    ("south", "s"),
    ("east", "e"),
    ("west", "w"),
    ("northeast", "ne"),
    ("northwest", "nw"),
    ("southeast", "se"),
    ("southwest", "sw"),
];

/// The usual ones of USPS Publication 28, appendix C1.
const SUFFIXES: &[(&str, &str)] = &[
    ("street", "st"),
    ("avenue", "ave"),
    ("av", "ave"),
    ("road", "rd"),
    ("drive", "dr"),
    ("lane", "ln"),
    ("court", "ct"),
    ("boulevard", "blvd"),
    ("place", "pl"),
    ("terrace", "ter"),
    ("circle", "cir"),
    ("parkway", "pkwy"),
    ("highway", "hwy"),
    ("trail", "trl"),
    ("square", "sq"),
    ("way", "way"),
    ("loop", "loop"),
    ("alley", "aly"),
    ("crossing", "xing"),
    ("point", "pt"),
    ("ridge", "rdg"),
    ("run", "run"),
    ("path", "path"),
    ("pike", "pike"),
];
