//! Whether an address looks like one that is known by its hashes only.
//!
//! Of each address the roster keeps a hash of the local part, a hash of the
//! domain, and 16 bits of a hash of each text that the local part becomes when
//! one character is left out. Two texts that differ by one edit meet when a
//! character of each is left out; for two edits, the other one is tried out on
//! the recipient's address. What meets by its 16 bits is confirmed by putting
//! back each character at each place: so the address is known again, and the
//! distance is exact. A recipient costs some thousand hashes, and a roster that
//! was stolen without its key says nothing more than it did before.

use super::keyed::Hasher;
use super::normal;
use crate::base::Address;
use crate::dlp::view::View;

/// Characters that a local part is tried with.
const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789._-";

/// Local parts beyond this are compared by one edit only.
const LONG: usize = 32;

/// Where mailboxes of private persons are.
const PROVIDERS: &[&str] = &[
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "aol.com",
    "icloud.com",
    "live.com",
    "msn.com",
    "me.com",
    "mac.com",
    "comcast.net",
    "verizon.net",
    "att.net",
    "sbcglobal.net",
    "bellsouth.net",
    "cox.net",
    "charter.net",
    "earthlink.net",
    "optonline.net",
    "ymail.com",
    "rocketmail.com",
    "protonmail.com",
    "proton.me",
    "gmx.com",
    "mail.com",
    "zoho.com",
    "fastmail.com",
    "juno.com",
    "frontier.com",
    "centurylink.net",
];

const ENDINGS: &[&str] = &["com", "net", "org", "co", "us", "edu", "info", "cm", "om"];

/// How many edits make a look-alike of a local part of this length: in short
/// ones every other word is two edits away.
fn most(length: usize) -> usize {
    match length {
        0..=4 => 0,
        5..=7 => 1,
        8..=LONG => 2,
        _ => 1,
    }
}

fn local_hash(hasher: &Hasher, local: &[u8]) -> u32 {
    (hasher.near(local) >> 32) as u32
}

/// Of a text that lacks one character.
fn lacking_hash(hasher: &Hasher, text: &[u8]) -> u16 {
    // The lower half: it says nothing about the hash of a whole local part.
    hasher.near(text) as u16
}

fn folded(text: &str) -> Vec<u8> {
    View::plain(text).text.to_ascii_lowercase()
}

fn folded_domain(domain: &str) -> Vec<u8> {
    match domain.contains("xn--") {
        true => folded(&idna::domain_to_unicode(domain).0),
        false => domain.as_bytes().to_vec(),
    }
}

/// What a roster keeps of an address.
pub(super) struct Mark<'r> {
    length: usize,
    local: u32,
    domain: u32,
    lacking: &'r [u8],
}

impl<'r> Mark<'r> {
    pub(super) fn write(
        hasher: &Hasher,
        who: u32,
        (local, domain): &(String, String),
        out: &mut Vec<u8>,
    ) {
        let local = folded(local);
        let mut lacking: Vec<u16> = Vec::new();
        if most(local.len()) > 0 {
            without_one(&local, |text| {
                lacking.push(lacking_hash(hasher, text));
                false
            });
        }
        lacking.sort_unstable();
        lacking.dedup();
        out.push(u8::try_from(local.len()).unwrap_or(u8::MAX));
        out.extend(local_hash(hasher, &local).to_le_bytes());
        out.extend(hasher.salted(who, &folded_domain(domain)).to_le_bytes());
        out.push(u8::try_from(lacking.len()).unwrap_or(u8::MAX));
        for hash in lacking.iter().take(usize::from(u8::MAX)) {
            out.extend(hash.to_le_bytes());
        }
    }

    /// The first of several, and what is behind it.
    fn read(bytes: &'r [u8]) -> Option<(Self, &'r [u8])> {
        let (&[length, l0, l1, l2, l3, d0, d1, d2, d3, count], rest) =
            bytes.split_first_chunk::<10>()?;
        let (lacking, rest) = rest.split_at_checked(usize::from(count) * 2)?;
        let mark = Self {
            length: usize::from(length),
            local: u32::from_le_bytes([l0, l1, l2, l3]),
            domain: u32::from_le_bytes([d0, d1, d2, d3]),
            lacking,
        };
        Some((mark, rest))
    }

    fn lacks(&self, hasher: &Hasher, text: &[u8]) -> bool {
        let hash = lacking_hash(hasher, text).to_le_bytes();
        self.lacking.chunks_exact(2).any(|h| h == hash)
    }
}

/// Whether bytes are marks, whole.
pub(super) fn are_marks(mut bytes: &[u8]) -> bool {
    while let Some((_, rest)) = Mark::read(bytes) {
        bytes = rest;
    }
    bytes.is_empty()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Domains {
    Same,
    /// A typing error away.
    Near,
    /// Two well-known providers.
    Providers,
}

/// Letters that look like another one where they stand together.
const PAIRS: &[(&[u8], &[u8])] = &[(b"rn", b"m"), (b"vv", b"w"), (b"cl", b"d")];

/// An address that may look like another.
pub(super) struct Suspect<'h> {
    hasher: &'h Hasher,
    /// As it is written, and without the dots that its provider ignores.
    locals: [Vec<u8>; 2],
    domain: Vec<u8>,
}

impl<'h> Suspect<'h> {
    pub(super) fn new(hasher: &'h Hasher, address: &Address) -> Self {
        let (local, domain) = normal::mailbox_of(address);
        let written = normal::local_of(address);
        Self {
            hasher,
            locals: [folded(&written), folded(&local)],
            domain: folded_domain(&domain),
        }
    }

    /// Whether it looks like one of a patient's addresses, and is none.
    pub(super) fn looks_like(&self, who: u32, mut marks: &[u8]) -> bool {
        while let Some((mark, rest)) = Mark::read(marks) {
            if self.like(who, &mark) {
                return true;
            }
            marks = rest;
        }
        false
    }

    fn like(&self, who: u32, mark: &Mark<'_>) -> bool {
        let [written, plain] = &self.locals;
        self.local_like(written, who, mark) || plain != written && self.local_like(plain, who, mark)
    }

    fn local_like(&self, local: &[u8], who: u32, mark: &Mark<'_>) -> bool {
        if local.len().abs_diff(mark.length) > 2 {
            return false;
        }
        let most = most(mark.length);
        let near = |most| self.distance(local, mark, most).is_some();
        match self.providers(who, mark) {
            Some(Domains::Same) => near(most),
            Some(Domains::Near) => near(most.saturating_sub(1)),
            Some(Domains::Providers) => most > 0 && near(0),
            None => near(most.saturating_sub(1)) && self.domain_near(who, mark),
        }
    }

    fn is_domain(&self, who: u32, mark: &Mark<'_>, domain: &[u8]) -> bool {
        self.hasher.salted(who, domain) == mark.domain
    }

    fn providers(&self, who: u32, mark: &Mark<'_>) -> Option<Domains> {
        if self.is_domain(who, mark, &self.domain) {
            return Some(Domains::Same);
        }
        let known = PROVIDERS.iter().any(|p| p.as_bytes() == self.domain);
        let other = PROVIDERS
            .iter()
            .map(|p| p.as_bytes())
            .find(|p| (known || edits(&self.domain, p) <= 2) && self.is_domain(who, mark, p))?;
        if known {
            return Some(Domains::Providers);
        }
        (edits(&self.domain, other) <= 2).then_some(Domains::Near)
    }

    /// Whether one edit or another ending makes it the domain of the mark.
    fn domain_near(&self, who: u32, mark: &Mark<'_>) -> bool {
        let mut is = |text: &[u8]| self.is_domain(who, mark, text);
        if let Some(dot) = self.domain.iter().rposition(|b| *b == b'.') {
            for ending in ENDINGS {
                let text = [&self.domain[..=dot], ending.as_bytes()].concat();
                if is(&text) {
                    return true;
                }
            }
        }
        self.domain.len() <= 64
            && (paired(&self.domain, &mut is)
                || without_one(&self.domain, &mut is)
                || swapped(&self.domain, &mut is)
                || replaced(&self.domain, &mut is)
                || with_one(&self.domain, &mut is))
    }

    /// The number of edits to the mark's local part, if at most `most`.
    fn distance(&self, own: &[u8], mark: &Mark<'_>, most: usize) -> Option<usize> {
        let is = |text: &[u8]| local_hash(self.hasher, text) == mark.local;
        let dotless: Vec<u8> = own.iter().copied().filter(|b| *b != b'.').collect();
        if is(own) || is(&dotless) {
            return Some(0);
        }
        let lacks = |text: &[u8]| self.confirm(own, mark, text, most);
        let more = mark.length > own.len();
        let gap = mark.length.abs_diff(own.len());
        let one = match (gap, more) {
            (0, _) => without_one(own, lacks) || swapped(own, is),
            (1, true) => lacks(own),
            (1, false) => without_one(own, is),
            _ => false,
        };
        if most >= 1 && (one || paired(own, is)) {
            return Some(1);
        }
        if most < 2 {
            return None;
        }
        let two = match (gap, more) {
            (0, _) => {
                swapped(own, |t| without_one(t, lacks)) || replaced(own, |t| without_one(t, lacks))
            }
            (1, true) => swapped(own, lacks) || replaced(own, lacks),
            (1, false) => {
                without_one(own, |t| without_one(t, lacks)) || swapped(own, |t| without_one(t, is))
            }
            (2, true) => with_one(own, lacks),
            _ => without_one(own, |t| without_one(t, is)),
        };
        two.then_some(2)
    }

    /// Whether the mark's local part is `text` and one character more, and at
    /// most `most` edits away.
    fn confirm(&self, own: &[u8], mark: &Mark<'_>, text: &[u8], most: usize) -> bool {
        text.len() + 1 == mark.length
            && mark.lacks(self.hasher, text)
            && with_one(text, |whole| {
                local_hash(self.hasher, whole) == mark.local && edits(own, whole) <= most
            })
    }
}

/// Tries each text in which one letter stands for two that look like it, or two
/// for one.
fn paired(text: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> bool {
    let both = PAIRS.iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
    both.into_iter().any(|(from, to)| {
        (0..text.len()).any(|n| {
            let (before, rest) = text.split_at(n);
            let other = rest.strip_prefix(from);
            other.is_some_and(|behind| wanted(&[before, to, behind].concat()))
        })
    })
}

/// Tries each text that lacks one character, until one is wanted.
fn without_one(text: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> bool {
    let mut other = Vec::with_capacity(text.len());
    (0..text.len()).any(|n| {
        // Of a run of the same character only one is left out.
        if n > 0 && text.get(n) == text.get(n - 1) {
            return false;
        }
        other.clear();
        other.extend_from_slice(&text[..n]);
        other.extend_from_slice(&text[n + 1..]);
        wanted(&other)
    })
}

fn swapped(text: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> bool {
    let mut other = text.to_vec();
    (1..text.len()).any(|n| {
        if text[n] == text[n - 1] {
            return false;
        }
        other.swap(n - 1, n);
        let found = wanted(&other);
        other.swap(n - 1, n);
        found
    })
}

fn replaced(text: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> bool {
    let mut other = text.to_vec();
    for (n, &own) in text.iter().enumerate() {
        for &byte in ALPHABET.iter().filter(|b| **b != own) {
            other[n] = byte;
            if wanted(&other) {
                return true;
            }
        }
        other[n] = own;
    }
    false
}

fn with_one(text: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> bool {
    let mut other = Vec::with_capacity(text.len() + 1);
    (0..=text.len()).any(|n| {
        other.clear();
        other.extend_from_slice(&text[..n]);
        other.push(0);
        other.extend_from_slice(&text[n..]);
        ALPHABET.iter().any(|&byte| {
            other[n] = byte;
            wanted(&other)
        })
    })
}

/// Optimal string alignment distance: edits and swaps of neighbours. 99 where
/// it is above 2 by the lengths alone.
pub(super) fn edits(a: &[u8], b: &[u8]) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return 99;
    }
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; width];
        for j in 1..width {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(a.len())
}
