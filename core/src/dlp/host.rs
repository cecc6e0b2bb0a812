//! What the host knows beyond the scanner: patterns of its own numbers, terms,
//! files, and what is nobody's.
//!
//! **In**: patterns, dictionaries, allowed values and digests of files, in code
//! or as TOML ([`HostKnowledge::from_toml`]). **Out**: findings of their kinds,
//! and the word on whether a value or a file counts.
//!
//! A pattern is a regular expression of the `regex` crate, on ASCII: its
//! automata have no backtracking, so that one search takes time linear in the
//! text whatever the pattern is, and their sizes are bounded here. A smaller
//! language of our own would have to be learnt, and would soon want the rest.
//! A match counts where no letter or digit stands at either end; if the pattern
//! has a group, the first group is the value, where it stands alone so, and else
//! the whole match. What it may match has some 1024 bytes.
//!
//! ```
//! use mailseal::dlp::{Confidence, FindingKind, HostKnowledge};
//!
//! let host = HostKnowledge::new()
//!     .pattern(FindingKind::Mrn, Confidence::High, None, "HK[0-9]{7}")?
//!     .terms(FindingKind::Facility, Confidence::Medium, None, ["Harbor Kidney Center"])?
//!     .allow(Some(FindingKind::Phone), "(270) 555-0100")?;
//! let error = HostKnowledge::from_toml("[[pattern]]\nkind = \"mrm\"").unwrap_err();
//! assert!(error.to_string().starts_with("line 2: `pattern[1].kind` must be"));
//! # Ok::<(), mailseal::dlp::HostError>(())
//! ```

mod config;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

pub use config::HostError;

use super::known::MAX_HITS;
use super::token::{Token, join, tokens};
use super::view::View;
use super::{Category, Confidence, FindingKind, windows};
use crate::base::crypto;

const MAX_PATTERNS: usize = 64;
const MAX_PATTERN: usize = 1024;
/// Bytes of one compiled pattern, and of the states that a search makes.
const MAX_AUTOMATON: usize = 1 << 20;
const MAX_NESTING: u32 = 32;
/// Bytes that a match has at most: so far each search for one reads on.
const MAX_MATCH: usize = 1024;
/// Matches of one pattern in a window, those that do not count among them.
const MAX_MATCHES: usize = 8 * 1024;
const MAX_TERMS: usize = 200_000;
const MAX_TERM: usize = 256;
const MAX_TERM_WORDS: usize = 12;
const MAX_ALLOWED: usize = 200_000;
const MAX_FILES: usize = 10_000;

/// What is allowed without saying as what never hides these.
const SHIELDED: &[FindingKind] = &[
    FindingKind::Ssn,
    FindingKind::HealthPlanId,
    FindingKind::CreditCard,
    FindingKind::BankAccount,
];

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meaning {
    kind: FindingKind,
    confidence: Confidence,
    category: Option<Category>,
}

/// Something that the host's patterns or terms found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) struct HostHit {
    pub(crate) range: Range<usize>,
    pub(crate) kind: FindingKind,
    pub(crate) confidence: Confidence,
    pub(crate) category: Option<Category>,
}

#[derive(Clone, PartialEq, Eq)]
struct Term {
    words: Vec<Vec<u8>>,
    meaning: Meaning,
}

/// The host's patterns, terms, allowed values and files.
#[derive(Clone, Default)]
pub struct HostKnowledge {
    patterns: Vec<(Regex, Meaning)>,
    terms: Vec<Term>,
    /// The hashes of the beginnings of terms, and the term that ends there.
    paths: HashMap<u32, Vec<u32>>,
    allowed: HashSet<(Option<FindingKind>, Vec<u8>)>,
    /// Digests of known files.
    files: HashSet<[u8; 32]>,
}

impl fmt::Debug for HostKnowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostKnowledge")
            .field("patterns", &self.patterns.len())
            .field("terms", &self.terms.len())
            .field("allowed", &self.allowed.len())
            .field("files", &self.files.len())
            .finish()
    }
}

impl HostKnowledge {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pattern of a kind.
    ///
    /// # Errors
    /// [`HostError::Rule`] where it is no regular expression, has letters beyond
    /// ASCII, matches the empty text, or is too large.
    pub fn pattern(
        mut self,
        kind: FindingKind,
        confidence: Confidence,
        category: Option<Category>,
        pattern: &str,
    ) -> Result<Self, HostError> {
        let bad = |what| Err(HostError::Rule { what });
        if self.patterns.len() >= MAX_PATTERNS {
            return bad("one of 64 patterns at most");
        }
        if pattern.is_empty() || pattern.len() > MAX_PATTERN {
            return bad("a regular expression of 1 to 1024 bytes");
        }
        if !pattern.is_ascii() {
            return bad(
                "a regular expression in ASCII: write it without accents, as the text is read",
            );
        }
        let regex = RegexBuilder::new(pattern)
            .unicode(false)
            .size_limit(MAX_AUTOMATON)
            .dfa_size_limit(MAX_AUTOMATON)
            .nest_limit(MAX_NESTING)
            .build();
        let Ok(regex) = regex else {
            return bad("a regular expression of the regex crate, on ASCII and small");
        };
        if regex.is_match(b"") {
            return bad("a regular expression that does not match the empty text");
        }
        let meaning = Meaning {
            kind,
            confidence,
            category,
        };
        self.patterns.push((regex, meaning));
        Ok(self)
    }

    /// Adds terms of a kind. Case, accents and the width of blanks do not
    /// matter.
    ///
    /// # Errors
    /// [`HostError::Rule`] where a term is empty or too long, or its letters have
    /// no Latin form, or there are too many.
    pub fn terms<'t>(
        mut self,
        kind: FindingKind,
        confidence: Confidence,
        category: Option<Category>,
        terms: impl IntoIterator<Item = &'t str>,
    ) -> Result<Self, HostError> {
        let meaning = Meaning {
            kind,
            confidence,
            category,
        };
        for term in terms {
            self.term(term, meaning)?;
        }
        Ok(self)
    }

    fn term(&mut self, term: &str, meaning: Meaning) -> Result<(), HostError> {
        let what = "a term of 1 to 256 bytes and 12 words at most, one of 200000 at most";
        let view = View::plain(term);
        let mut all = Vec::new();
        tokens(&view.text, 0, view.text.len(), &mut all);
        let fits = (1..=MAX_TERM_WORDS).contains(&all.len())
            && term.len() <= MAX_TERM
            && self.terms.len() < MAX_TERMS;
        if !fits {
            return Err(HostError::Rule { what });
        }
        // Those without one all look the same.
        if !view.text.is_ascii() {
            let what = "a term whose letters have a Latin form";
            return Err(HostError::Rule { what });
        }
        let word = |t: &Token| {
            let bytes = view.text.get(t.range()).unwrap_or_default();
            bytes.to_ascii_lowercase()
        };
        let words = all.iter().map(word).collect();
        let number = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        let mut path = 0;
        for token in &all {
            path = join(path, token.hash);
            self.paths.entry(path).or_default();
        }
        let term = Term { words, meaning };
        let numbers = self.paths.entry(path).or_default();
        let known = |n: &u32| self.terms.get(*n as usize) == Some(&term);
        // A list may have the same more than once.
        if !numbers.iter().any(known) {
            numbers.push(number);
            self.terms.push(term);
        }
        Ok(())
    }

    /// Allows a value: the clinic's own telephone, an address, a name of its
    /// staff, a number that stands in every form. What has exactly this value
    /// is no finding. Numbers are compared by their digits, other values
    /// without case and blanks.
    ///
    /// With a kind, it is allowed as that kind only. Without one it is allowed
    /// as any, but never as a social security, plan, card or account number.
    ///
    /// # Errors
    /// [`HostError::Rule`] where the value is empty or too long, or its letters
    /// have no Latin form, or there are too many.
    pub fn allow(mut self, kind: Option<FindingKind>, value: &str) -> Result<Self, HostError> {
        let plain = plain(&View::plain(value).text);
        if plain.is_empty() || value.len() > MAX_TERM || self.allowed.len() >= MAX_ALLOWED {
            let what = "a value of 1 to 256 bytes, one of 200000 at most";
            return Err(HostError::Rule { what });
        }
        // Those without one all look the same: one name would allow the rest.
        if !plain.is_ascii() {
            let what = "a value whose letters have a Latin form";
            return Err(HostError::Rule { what });
        }
        self.allowed.insert((kind, plain));
        Ok(self)
    }

    /// Names a file by the SHA-256 of its bytes: the logo of a signature, a
    /// leaflet. What is exactly this file is not read: it holds no finding, and
    /// nothing in it counts as unread. Its name is read as any other, and so is
    /// a file that is text.
    ///
    /// # Errors
    /// [`HostError::Rule`] where there are too many.
    pub fn known_file(mut self, sha256: [u8; 32]) -> Result<Self, HostError> {
        if self.files.len() >= MAX_FILES {
            let what = "one of 10000 known files at most";
            return Err(HostError::Rule { what });
        }
        self.files.insert(sha256);
        Ok(self)
    }

    /// Whether any file is known: digests are made for nobody else.
    pub(crate) fn knows_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether these are the bytes of a known file.
    pub(crate) fn knows_file(&self, bytes: &[u8]) -> bool {
        self.knows_files() && self.files.contains(&crypto::sha256(bytes))
    }

    /// What the patterns and terms find in a normalised text, and whether there
    /// may be more.
    pub(crate) fn find(&self, text: &[u8]) -> (Vec<HostHit>, bool) {
        let mut hits = Vec::new();
        let mut more = false;
        windows::each(text, |tokens, from, end| {
            for (regex, meaning) in &self.patterns {
                more |= !self.matches(regex, *meaning, text, from..end, &mut hits);
            }
            self.read_terms(text, tokens, end, &mut hits);
            hits.len() < MAX_HITS
        });
        more |= hits.len() >= MAX_HITS;
        hits.truncate(MAX_HITS);
        hits.sort_by_key(|h: &HostHit| (h.range.start, h.range.end));
        hits.dedup();
        (hits, more)
    }

    /// Whether a value is allowed as a kind.
    pub(crate) fn allows(&self, kind: FindingKind, value: &[u8]) -> bool {
        if self.allowed.is_empty() {
            return false;
        }
        let plain = plain(value);
        self.allowed.contains(&(Some(kind), plain.clone()))
            || !SHIELDED.contains(&kind) && self.allowed.contains(&(None, plain))
    }

    /// The matches that start in a window; false where some were not looked for.
    fn matches(
        &self,
        regex: &Regex,
        meaning: Meaning,
        text: &[u8],
        window: Range<usize>,
        hits: &mut Vec<HostHit>,
    ) -> bool {
        // What starts in the window may end a little behind it.
        let stop = (window.end + MAX_MATCH).min(text.len());
        let seen = text.get(window.start..stop).unwrap_or_default();
        let mut at = 0;
        let mut looked = 0;
        while window.start + at < window.end && hits.len() < MAX_HITS {
            // A search may read to the end of what it sees, for each match anew.
            let near = seen.get(..at + 2 * MAX_MATCH).unwrap_or(seen);
            let Some(found) = regex.find_at(near, at) else {
                if near.len() == seen.len() {
                    break;
                }
                at += MAX_MATCH;
                continue;
            };
            if near.len() < seen.len() && found.start() >= at + MAX_MATCH {
                // Read again: what starts before it may end behind what was seen.
                at += MAX_MATCH;
                continue;
            }
            if window.start + found.start() >= window.end {
                break;
            }
            looked += 1;
            if looked > MAX_MATCHES {
                return false;
            }
            at = found.end().max(found.start() + 1);
            let group = (regex.captures_len() > 1)
                .then(|| regex.captures_at(near, found.start())?.get(1))
                .flatten();
            let values = [group.map(|g| g.range()), Some(found.range())];
            let value = values
                .into_iter()
                .flatten()
                .map(|r| window.start + r.start..window.start + r.end)
                .find(|range| !range.is_empty() && stands_alone(text, range));
            if value.is_none() && regex.captures_len() == 1 {
                // Nothing that starts within a run of letters and digits stands alone.
                let begins = |n: &usize| stands_alone(text, &(window.start + n..text.len()));
                at = (at..seen.len()).find(begins).unwrap_or(seen.len());
            }
            hits.extend(value.map(|range| meaning.at(range)));
        }
        true
    }

    fn read_terms(&self, text: &[u8], tokens: &[Token], end: usize, hits: &mut Vec<HostHit>) {
        if self.terms.is_empty() {
            return;
        }
        let mut at = 0;
        while hits.len() < MAX_HITS
            && let Some(first) = tokens.get(at).filter(|t| (t.start as usize) < end)
        {
            let mut path = 0;
            let mut read = 0;
            let mut longest = None;
            for token in tokens[at..].iter().take(MAX_TERM_WORDS) {
                path = join(path, token.hash);
                let Some(numbers) = self.paths.get(&path) else {
                    break;
                };
                read += 1;
                // Hashes of two terms may be the same, and a term may be of two kinds.
                let words = &tokens[at..at + read];
                let terms = numbers.iter().filter_map(|n| self.terms.get(*n as usize));
                let mut same = terms.filter(|term| term.is(words, text)).peekable();
                if same.peek().is_some() {
                    longest = Some((words.len(), token.end, same.collect::<Vec<_>>()));
                }
            }
            at += 1;
            if let Some((length, last, terms)) = longest {
                let range = first.start as usize..last as usize;
                hits.extend(terms.iter().map(|term| term.meaning.at(range.clone())));
                at += length - 1;
            }
        }
    }
}

impl Term {
    /// Whether these are its words.
    fn is(&self, words: &[Token], text: &[u8]) -> bool {
        let same = |(token, word): (&Token, &Vec<u8>)| {
            let bytes = text.get(token.range()).unwrap_or_default();
            bytes.eq_ignore_ascii_case(word)
        };
        words.len() == self.words.len() && words.iter().zip(&self.words).all(same)
    }
}

impl Meaning {
    fn at(self, range: Range<usize>) -> HostHit {
        HostHit {
            range,
            kind: self.kind,
            confidence: self.confidence,
            category: self.category,
        }
    }
}

/// Whether no letter or digit stands at either end.
fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let joined = |outer: Option<&u8>, inner: Option<&u8>| word(outer) && word(inner);
    let before = range.start.checked_sub(1).and_then(|n| text.get(n));
    let last = range.end.checked_sub(1).and_then(|n| text.get(n));
    !joined(before, text.get(range.start)) && !joined(text.get(range.end), last)
}

/// The form in which values are compared: the digits of a number, anything else
/// in lower case without blanks.
fn plain(value: &[u8]) -> Vec<u8> {
    let letters = value.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_digit).collect();
    if !letters && digits.len() >= 4 {
        return match digits.as_slice() {
            [b'1', ten @ ..] if ten.len() == 10 => ten.to_vec(),
            _ => digits,
        };
    }
    let visible = value.iter().filter(|b| !b.is_ascii_whitespace());
    visible.map(u8::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> HostKnowledge {
        HostKnowledge::from_toml(
            "[[pattern]]\nkind = \"mrn\"\nregex = \"HK[0-9]{7}\"\n\
             [[pattern]]\nkind = \"account\"\nregex = \"(?i)bill no[.] ([0-9]+)\"\nconfidence = \"medium\"\n\
             [[dictionary]]\nkind = \"facility\"\nterms = [\"Harbor Kidney Center\", \"Harbor\"]\n\
             [[dictionary]]\nkind = \"procedure\"\ncategory = \"reproductive\"\nterms = [\"D&C\"]\n\
             [[allow]]\nkinds = [\"phone\", \"fax\"]\nvalues = [\"(270) 555-0100\"]\n\
             [[allow]]\nvalues = [\"Dr. Ada Berg\", \"078-05-1120\"]\n\
             [[allow]]\nkinds = [\"ssn\"]\nvalues = [\"219-09-9999\"]\n",
        )
        .unwrap()
    }

    fn found(text: &str) -> Vec<(&str, FindingKind)> {
        let (hits, _) = host().find(text.as_bytes());
        hits.iter()
            .map(|h| (&text[h.range.clone()], h.kind))
            .collect()
    }

    #[test]
    fn patterns_and_terms_are_found_whole() {
        use FindingKind::{Account, Facility, Mrn, Procedure};
        assert_eq!(
            found("HK1234567, XHK1234567, HK12345678"),
            [("HK1234567", Mrn)]
        );
        assert_eq!(found("Bill No. 4711."), [("4711", Account)]);
        assert_eq!(
            found("at HARBOR  kidney\ncenter; harbor d&c, harbors"),
            [
                ("HARBOR  kidney\ncenter", Facility),
                ("harbor", Facility),
                ("d&c", Procedure)
            ]
        );
        let (hits, _) = host().find(b"d&c");
        assert_eq!(hits[0].category, Some(Category::Reproductive));
        assert_eq!(hits[0].confidence, Confidence::High);
    }

    #[test]
    fn a_term_of_two_kinds_is_both_and_the_longest_that_is_there_counts() {
        let host = HostKnowledge::new()
            .terms(
                FindingKind::Facility,
                Confidence::High,
                None,
                ["Harbor North"],
            )
            .and_then(|h| {
                h.terms(
                    FindingKind::Provider,
                    Confidence::High,
                    None,
                    ["Harbor North"],
                )
            })
            .and_then(|h| {
                h.terms(
                    FindingKind::Name,
                    Confidence::High,
                    None,
                    ["harbor", "Harbor"],
                )
            })
            .unwrap();
        let kinds = |text: &[u8]| -> Vec<_> { host.find(text).0.iter().map(|h| h.kind).collect() };
        assert_eq!(
            kinds(b"to Harbor North today"),
            [FindingKind::Facility, FindingKind::Provider]
        );
        assert_eq!(kinds(b"to Harbor South today"), [FindingKind::Name]);
    }

    fn one(pattern: &str) -> HostKnowledge {
        HostKnowledge::new()
            .pattern(FindingKind::Mrn, Confidence::High, None, pattern)
            .unwrap()
    }

    #[test]
    fn a_group_that_is_a_part_of_the_number_is_not_the_value() {
        for (pattern, text, value) in [
            ("(HK|HC)[0-9]{7}", "the HK1234567 patient", "HK1234567"),
            ("(?:ID |MRN )([0-9]{7})", "MRN 1234567 and", "1234567"),
            ("no[.] ([0-9]+)", "Bill no. 4711", "4711"),
            ("(HK)?[0-9]{7}", "a 1234567", "1234567"),
        ] {
            let (hits, _) = one(pattern).find(text.as_bytes());
            let found: Vec<_> = hits.iter().map(|h| &text[h.range.clone()]).collect();
            assert_eq!(found.first(), Some(&value), "{pattern}");
        }
        assert_eq!(one("(HK|HC)[0-9]{7}").find(b"XHK1234567").0, []);
    }

    #[test]
    fn what_a_match_reads_is_bounded_and_what_is_left_is_told() {
        // Each search would read to the end of what it sees.
        let greedy = one("(?s)a.*Q|a");
        let (hits, more) = greedy.find("aab ".repeat(64 * 1024).as_bytes());
        assert!(hits.is_empty() && more);
        let (hits, more) = greedy.find("a b ".repeat(1_000).as_bytes());
        assert!(hits.len() == 1_000 && !more);
        // As far as that, and wherever it starts.
        for pad in (0..4_000).step_by(97) {
            for (length, whole) in [(500, true), (1_000, true), (3_000, false)] {
                let text = format!("{}a{}Q end", ". ".repeat(pad), "-".repeat(length));
                let (hits, more) = one("a-*Q").find(text.as_bytes());
                assert!(hits.len() == usize::from(whole) && !more, "{pad} {length}");
            }
        }
        // What starts first is found first, though it ends behind what was seen.
        for pad in (0..4_000).step_by(97) {
            let text = format!("{} a{}Q", ". ".repeat(pad), "-b".repeat(400));
            let (hits, _) = one("a[-b]*Q|b").find(text.as_bytes());
            assert_eq!(hits.len(), 1, "{pad}");
        }
        // A long run of digits has no match, and what stands behind it is found.
        let text = format!("{} 1234567", "7".repeat(70_000));
        let (hits, more) = one("[0-9]{7}").find(text.as_bytes());
        assert!(hits.len() == 1 && !more);
        // The edge of what a search sees is no end of the text.
        for pad in 1_000..1_100 {
            let text = format!("{}HK1234567 .", ". ".repeat(pad));
            assert_eq!(one("HK[0-9]+$").find(text.as_bytes()).0, []);
            assert_eq!(one("HK[0-9]+").find(text.as_bytes()).0.len(), 1);
        }
    }

    #[test]
    fn letters_that_no_text_has_are_refused_with_the_reason() {
        let why = |result: Result<HostKnowledge, HostError>| result.unwrap_err().to_string();
        for pattern in ["M\u{fc}nch[0-9]+", "Zo\u{eb}-[0-9]+", "王小明"] {
            let host = HostKnowledge::new();
            let error = why(host.pattern(FindingKind::Mrn, Confidence::High, None, pattern));
            assert!(error.contains("write it without accents"), "{error}");
        }
        let host = HostKnowledge::new();
        let error = why(host.terms(FindingKind::Name, Confidence::High, None, ["王小明"]));
        assert!(error.contains("have a Latin form"), "{error}");
        let host = HostKnowledge::new();
        let host = host.terms(FindingKind::Name, Confidence::High, None, ["M\u{fc}nch"]);
        assert_eq!(host.unwrap().find(b"see Munch").0.len(), 1);
    }

    #[test]
    fn long_texts_have_no_seams() {
        let one = "aa HK1234567 Harbor Kidney Center\n";
        let text = one.repeat(20_000 / 4);
        assert_eq!(found(&text).len(), 10_000);
        let text = one.repeat(4_000);
        assert_eq!(found(&text).len(), 8_000);
    }

    #[test]
    fn allowed_is_what_is_listed_and_nothing_else() {
        use FindingKind::{Fax, Mrn, Name, Phone, Provider, Ssn};
        let host = host();
        for (kind, value, allowed) in [
            (Phone, "270-555-0100", true),
            (Phone, "+1 (270) 555 0100", true),
            (Fax, "2705550100", true),
            (Mrn, "2705550100", false),
            (Phone, "270-555-0101", false),
            (Name, "dr.  ada\nBERG", true),
            (Provider, "Dr. Ada Berg", true),
            (Name, "Ada Berg", false),
            // A fake that is listed without its kind hides no number of the state.
            (Mrn, "078-05-1120", true),
            (Ssn, "078-05-1120", false),
            (Ssn, "219 09 9999", true),
        ] {
            assert_eq!(
                host.allows(kind, value.as_bytes()),
                allowed,
                "{kind:?} {value}"
            );
        }
    }

    #[test]
    fn files_are_known_by_all_their_bytes_and_bounded() {
        let host = HostKnowledge::new();
        assert!(!host.knows_files() && !host.knows_file(b""));
        let mut host = host.known_file(crypto::sha256(b"logo")).unwrap();
        assert!(host.knows_file(b"logo"));
        assert!(!host.knows_file(b"logo ") && !host.knows_file(b""));
        for n in 1..MAX_FILES {
            host = host.known_file(crypto::sha256(&n.to_le_bytes())).unwrap();
        }
        assert!(host.known_file([0; 32]).is_err());
    }

    #[test]
    fn patterns_are_bounded() {
        let try_one =
            |p: &str| HostKnowledge::new().pattern(FindingKind::Mrn, Confidence::High, None, p);
        for pattern in [
            "",
            "(",
            "a*",
            "[a-z]{1000}{1000}",
            &"a".repeat(1025),
            &"(".repeat(40),
        ] {
            assert!(try_one(pattern).is_err(), "{pattern:.20}");
        }
        let mut host = HostKnowledge::new();
        for n in 0..64 {
            host = host
                .pattern(FindingKind::Mrn, Confidence::High, None, &format!("a{n}"))
                .unwrap();
        }
        assert!(
            host.pattern(FindingKind::Mrn, Confidence::High, None, "b")
                .is_err()
        );
    }
}
