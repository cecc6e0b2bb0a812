//! Variants of mails: the same text about other people, in other places, with
//! other drugs and other numbers.
//!
//! What is exchanged keeps its form: a name in capitals stays so, a code keeps
//! its pattern. A word that stands for a person is exchanged wherever it stands
//! in a mail, its addresses included.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use mailseal::dlp::FindingKind;
use mailseal::dlp::training::{Mail, Text, known};

use crate::frame::Frames;
use crate::lists::{section, terms};
use crate::random::Random;

/// Variants of each mail besides itself.
const VARIANTS: u32 = 3;

/// Of a hundred of these so many get what stands before and behind mails.
const FRAMED: u64 = 30;

/// In so many of a hundred people have their mail elsewhere, and in so many they are
/// called by no name there.
const ELSEWHERE: u64 = 15;
const NAMELESS: u64 = 15;

/// Of a hundred words of names so many become one that stands in no list, and of a
/// hundred of these so many get a letter of another alphabet than English's.
const UNLISTED: u64 = 15;
const ACCENTED: u64 = 25;

/// What names and terms are drawn from.
pub(crate) struct Pools {
    given: Vec<Vec<String>>,
    family: Vec<Vec<String>>,
    places: Vec<String>,
    health: BTreeMap<&'static str, Vec<String>>,
    frames: Frames,
}

impl Pools {
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let lines = |file: &str, most: usize| -> io::Result<Vec<String>> {
            Ok(fs::read_to_string(root.join(file))?
                .lines()
                .filter(|l| !l.starts_with("# ") && !l.trim().is_empty())
                .take(most)
                .map(|l| l.trim().to_owned())
                .collect())
        };
        let ambiguous = lines("lists/ambiguous_names.txt", usize::MAX)?;
        let mut health = BTreeMap::new();
        for (kind, file) in [
            ("medication", "lists/medications.txt"),
            ("condition", "lists/conditions.txt"),
            ("procedure", "lists/procedures.txt"),
            ("lab", "lists/labs.txt"),
        ] {
            health.insert(
                kind,
                terms(&root.join(file))?
                    .into_iter()
                    .filter(|(term, marks)| !marks.contains(&"?".to_owned()) && term.len() > 3)
                    .map(|(term, _)| term)
                    .collect(),
            );
        }
        Ok(Self {
            given: vec![
                lines("data/census1990-female.first.txt", 1_500)?,
                lines("data/census1990-male.first.txt", 800)?,
                lines("lists/given_names.txt", usize::MAX)?,
                ambiguous.clone(),
            ],
            family: vec![
                lines("data/census1990-all.last.txt", 12_000)?,
                lines("lists/surnames.txt", usize::MAX)?,
                lines("lists/surnames.txt", usize::MAX)?,
                ambiguous,
            ],
            places: section(&root.join("lists/facility_parts.txt"), "prefix")?,
            health,
            frames: Frames::read(&root.join("lists/boilerplate.txt"))?,
        })
    }
}

/// Each mail and its variants.
pub(crate) fn with_variants(mails: &[Mail], pools: &Pools) -> Vec<Mail> {
    let mut out = Vec::with_capacity(mails.len() * (VARIANTS as usize + 1));
    for mail in mails {
        out.push(mail.clone());
        for n in 0..VARIANTS {
            let seed = u64::from(mail.id) << 8 | u64::from(n);
            out.push(variant(mail, pools, &mut Random::new(seed), n));
        }
    }
    out
}

fn variant(mail: &Mail, pools: &Pools, random: &mut Random, n: u32) -> Mail {
    let mut out = mail.clone();
    if random.percent(FRAMED) {
        pools.frames.put(&mut out, random);
    }
    let people = people(&out, pools, random);
    out.shuffled = n % 2 == 1;
    for text in &mut out.texts {
        *text = retold(text, &people, pools, random, n % 2 == 1);
    }
    let fold = |s: &str| exchange(s, &people);
    out.from = fold(&out.from);
    out.to = out.to.iter().map(|a| moved(&fold(a), random)).collect();
    out.audience = out.audience.as_deref().map(fold);
    // Some people never reach for the shift key.
    if random.percent(7) {
        for text in &mut out.texts {
            text.text = text.text.to_ascii_lowercase();
        }
    } else if random.percent(3) {
        for text in &mut out.texts {
            text.text = text.text.to_ascii_uppercase();
        }
    }
    out
}

/// Where people have their own mail, in the labelled ones.
const PRIVATE: [&str; 13] = [
    "aol.com",
    "gmail.com",
    "hotmail.com",
    "homemail.example",
    "icloud.com",
    "inbox.example",
    "inmail.example",
    "mail.example",
    "mailhome.example",
    "outlook.com",
    "post.example",
    "postbox.example",
    "yahoo.com",
];

/// How addresses end at work and at schools.
const ENDS: [&str; 5] = ["com", "edu", "net", "org", "us"];

/// A person's address, which at times becomes one at work or at a school: it says
/// nothing of whether they are written to as a patient.
fn moved(address: &str, random: &mut Random) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return address.to_owned();
    };
    let (elsewhere, nameless) = (random.percent(ELSEWHERE), random.percent(NAMELESS));
    // Behind a name it stands in brackets.
    let (name, local) = local.rsplit_once('<').unwrap_or(("", local));
    let (bracket, close) = match domain.strip_suffix('>') {
        Some(_) => ("<", ">"),
        None => ("", ""),
    };
    let domain = domain.trim_end_matches('>');
    if !PRIVATE.contains(&domain) {
        return address.to_owned();
    }
    let local = match nameless {
        true => made_up(1, random) + &random.below(1_000).to_string(),
        false => local.to_owned(),
    };
    let domain = match (elsewhere, random.pick(&ENDS)) {
        (true, Some(end)) => {
            let syllables = 2 + random.below(3);
            format!("{}.{end}", made_up(syllables, random))
        }
        _ => domain.to_owned(),
    };
    format!("{name}{bracket}{local}@{domain}{close}")
}

/// A word that means nothing.
fn made_up(syllables: usize, random: &mut Random) -> String {
    (0..syllables)
        .flat_map(|_| {
            let letter = |of: &[u8], random: &mut Random| {
                char::from(random.pick(of).copied().unwrap_or(b'x'))
            };
            [
                letter(b"bcdfghjklmnprstvwz", random),
                letter(b"aeiou", random),
                letter(b"lmnrst", random),
            ]
        })
        .collect()
}

/// For each word of a name another, in lower case.
fn people(mail: &Mail, pools: &Pools, random: &mut Random) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    for text in &mail.texts {
        for (span, kind) in &text.spans {
            let Some(value) = text.text.get(span.clone()) else {
                continue;
            };
            match kind {
                FindingKind::Name | FindingKind::Provider => {
                    let words: Vec<&str> = words(value).collect();
                    let comma = value.contains(',');
                    for (at, word) in words.iter().enumerate() {
                        let lower = word.to_lowercase();
                        if lower.chars().count() < 3 || is_title(&lower) || out.contains_key(&lower)
                        {
                            continue;
                        }
                        let (given, family, _, _) = known(&lower);
                        let first = match (words.len(), given, family) {
                            (1, true, false) => true,
                            (1, false, true) => false,
                            (1, _, _) => random.percent(50),
                            _ => (at == 0) != comma,
                        };
                        let pools = if first { &pools.given } else { &pools.family };
                        let pool = match random.below(20) {
                            0..=7 => &pools[0],
                            8..=11 => &pools[1],
                            12..=18 => &pools[2],
                            _ => &pools[3],
                        };
                        let new = match random.percent(UNLISTED) {
                            true => unlisted(pool, random),
                            false => random.pick_front(pool).cloned(),
                        };
                        if let Some(new) = new {
                            out.insert(lower, new.to_lowercase());
                        }
                    }
                }
                FindingKind::Facility => {
                    for word in words(value) {
                        let lower = word.to_lowercase();
                        if known(&lower).2
                            && !out.contains_key(&lower)
                            && random.percent(70)
                            && let Some(new) = random.pick(&pools.places)
                        {
                            out.insert(lower, new.to_lowercase());
                        }
                    }
                }
                _ => {}
            }
        }
    }
    out
}

/// A name that stands in no list: the front of one and the end of another. Lists
/// know most names of training mails, and fewer of those that people have.
fn unlisted(pool: &[String], random: &mut Random) -> Option<String> {
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let front: Vec<char> = random.pick(pool)?.to_lowercase().chars().collect();
    let end: Vec<char> = random.pick(pool)?.to_lowercase().chars().collect();
    // Up to a vowel in the middle of the one, from a consonant in that of the other.
    let cut = (front.len() / 2..front.len()).find(|at| vowel(front[*at]))?;
    let rest = (end.len().saturating_sub(1) / 2..end.len()).find(|at| !vowel(end[*at]))?;
    let mut name: String = front[..=cut].iter().chain(&end[rest..]).collect();
    let (given, family, _, english) = known(&name);
    if given || family || english {
        return None;
    }
    if random.percent(ACCENTED) {
        let accents = [
            ("a", "á"),
            ("a", "ä"),
            ("a", "å"),
            ("c", "ç"),
            ("c", "ć"),
            ("e", "é"),
            ("e", "ê"),
            ("e", "ë"),
            ("g", "ğ"),
            ("i", "í"),
            ("l", "ł"),
            ("n", "ñ"),
            ("n", "ń"),
            ("o", "ó"),
            ("o", "ö"),
            ("o", "ø"),
            ("s", "š"),
            ("s", "ş"),
            ("u", "ü"),
            ("u", "ú"),
            ("z", "ž"),
        ];
        let (plain, accented) = random.pick(&accents)?;
        name = name.replacen(plain, accented, 1);
    }
    Some(name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic() && c != '\'')
        .map(|w| w.trim_matches('\''))
        .filter(|w| !w.is_empty())
}

fn is_title(word: &str) -> bool {
    const TITLES: &[&str] = &[
        "dr",
        "doctor",
        "nurse",
        "prof",
        "professor",
        "sister",
        "brother",
        "pastor",
        "rev",
        "judge",
        "officer",
        "detective",
        "rn",
        "md",
        "do",
        "np",
        "pac",
        "lpn",
        "lcsw",
        "phd",
        "psyd",
        "dds",
        "dmd",
        "pharmd",
        "aprn",
        "crna",
        "cnm",
        "mft",
        "lmft",
        "lpc",
        "jr",
        "iii",
        "van",
        "von",
        "del",
        "der",
        "los",
        "las",
        "and",
        "the",
        "bin",
        "twins",
        "family",
        "baby",
        "boy",
        "girl",
    ];
    TITLES.contains(&word)
}

/// A text with words exchanged, and its spans moved with them.
fn retold(
    text: &Text,
    people: &BTreeMap<String, String>,
    pools: &Pools,
    random: &mut Random,
    terms: bool,
) -> Text {
    let mut spans = text.spans.clone();
    spans.sort_by_key(|(span, _)| span.start);
    let mut out = Text::new(
        text.place,
        String::with_capacity(text.text.len()),
        Vec::new(),
    );
    let mut at = 0;
    for (span, kind) in spans {
        if span.start < at {
            continue;
        }
        let between = text.text.get(at..span.start).unwrap_or_default();
        out.text.push_str(&exchange(between, people));
        let value = text.text.get(span.clone()).unwrap_or_default();
        let new = retold_value(value, kind, people, pools, random, terms);
        let start = out.text.len();
        out.text.push_str(&new);
        out.spans.push((start..out.text.len(), kind));
        at = span.end;
    }
    out.text
        .push_str(&exchange(text.text.get(at..).unwrap_or_default(), people));
    out
}

fn retold_value(
    value: &str,
    kind: FindingKind,
    people: &BTreeMap<String, String>,
    pools: &Pools,
    random: &mut Random,
    terms: bool,
) -> String {
    use FindingKind as K;
    match kind {
        K::Medication | K::Condition | K::Procedure | K::Lab if terms && random.percent(35) => {
            pools
                .health
                .get(kind.word())
                .and_then(|pool| random.pick(pool))
                .map_or_else(|| value.to_owned(), |new| in_case_of(new, value))
        }
        K::Medication if random.percent(6) => misspelt(value, random),
        K::Mrn
        | K::HealthPlanId
        | K::Account
        | K::Device
        | K::OtherId
        | K::License
        | K::Biometric => renumbered(value, random),
        K::Phone | K::Fax => digits_only(value, random),
        _ => exchange(value, people),
    }
}

/// One letter out, doubled or exchanged with the next.
fn misspelt(value: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = value.chars().collect();
    if chars.len() < 7 || !value.is_ascii() {
        return value.to_owned();
    }
    let at = 1 + random.below(chars.len() - 2);
    match random.below(3) {
        0 => {
            chars.remove(at);
        }
        1 => chars.insert(at, chars[at]),
        _ => chars.swap(at, at - 1),
    }
    chars.into_iter().collect()
}

/// Other digits, and at times another prefix, in the same pattern.
fn renumbered(value: &str, random: &mut Random) -> String {
    let prefix = random.percent(40);
    value
        .chars()
        .map(|c| match c {
            '0'..='9' => digit(random),
            'A'..='Z' if prefix => char::from(b'A' + u8::try_from(random.below(26)).unwrap_or(0)),
            c => c,
        })
        .collect()
}

fn digits_only(value: &str, random: &mut Random) -> String {
    let count = value.chars().filter(char::is_ascii_digit).count();
    let mut seen = 0;
    value
        .chars()
        .map(|c| {
            if !c.is_ascii_digit() {
                return c;
            }
            seen += 1;
            // The last four change; area and exchange keep their rules.
            if count - seen < 4 { digit(random) } else { c }
        })
        .collect()
}

fn digit(random: &mut Random) -> char {
    char::from(b'0' + u8::try_from(random.below(10)).unwrap_or(0))
}

/// Words exchanged as `people` says.
fn exchange(text: &str, people: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_alphabetic() || c == '\'' && !word.is_empty() {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            let (stem, tail) = match word.strip_suffix("'s") {
                Some(stem) => (stem, "'s"),
                None => (word.as_str(), ""),
            };
            match people.get(&stem.to_lowercase()) {
                Some(new) => {
                    out.push_str(&in_case_of(new, stem));
                    out.push_str(tail);
                }
                None => out.push_str(&word),
            }
            word.clear();
        }
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// A word or term in the letter case of another.
fn in_case_of(new: &str, old: &str) -> String {
    let letters: Vec<char> = old.chars().filter(|c| c.is_alphabetic()).collect();
    let upper = letters.len() > 1 && letters.iter().all(|c| c.is_uppercase());
    let title = letters.first().is_some_and(|c| c.is_uppercase());
    if upper {
        return new.to_uppercase();
    }
    if !title {
        return new.to_owned();
    }
    let mut out = String::new();
    let mut start = true;
    let many = old.contains(' ') && old.split(' ').all(|w| w.starts_with(char::is_uppercase));
    for c in new.chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        // Names are in capitals after hyphens too, terms only where the old was.
        start = matches!(c, '-' | '\'') && !new.contains(' ') || c == ' ' && many;
    }
    out
}
