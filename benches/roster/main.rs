//! A roster of a million invented patients: how long it takes to build and to
//! read, how much memory it takes, how fast a text is read for patients, what
//! the guard costs, and how often a stranger's address looks like a patient's.
//!
//! `cargo bench -p mailseal-benches --bench roster`; `patients=N` behind `--`
//! for another size. As a test (`cargo test`) it does nothing: a time is no
//! verdict.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::Instant;

use mailseal::base::{Address, Keys, RecipientId};
use mailseal::dlp::{PatientId, PatientRecord, Roster, RosterBuilder};

const MB: f64 = 1_000_000.0;

/// A small generator of numbers: the same run always makes the same patients.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let n = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ n >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Small numbers more often, as common names are.
    fn skewed(&mut self, n: usize) -> usize {
        let unit = self.next() as f64 / u64::MAX as f64;
        ((unit * unit * unit * n as f64) as usize).min(n - 1)
    }

    fn pick<'a>(&mut self, all: &'a [String]) -> &'a str {
        let at = self.skewed(all.len());
        &all[at]
    }
}

/// Invented words of two to four syllables.
fn words(count: usize, seed: u64) -> Vec<String> {
    const ONSETS: &[&str] = &[
        "b", "br", "c", "ch", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s",
        "st", "t", "tr", "v", "w",
    ];
    const RHYMES: &[&str] = &[
        "a", "e", "i", "o", "u", "an", "en", "er", "el", "in", "is", "on", "or", "as", "ia",
    ];
    let mut chance = Chance(seed);
    let mut all = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    while out.len() < count {
        let mut word = String::new();
        for _ in 0..2 + chance.below(2) {
            word.push_str(ONSETS[chance.below(ONSETS.len())]);
            word.push_str(RHYMES[chance.below(RHYMES.len())]);
        }
        if all.insert(word.clone()) {
            out.push(word);
        }
    }
    out
}

fn title(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

struct People {
    given: Vec<String>,
    family: Vec<String>,
    street: Vec<String>,
}

struct Person {
    given: String,
    family: String,
    born: String,
    mrn: String,
    email: String,
}

impl People {
    fn new() -> Self {
        Self {
            given: words(3_000, 1),
            family: words(60_000, 2),
            street: words(5_000, 3),
        }
    }

    fn email(&self, chance: &mut Chance, given: &str, family: &str) -> String {
        const HOSTS: &[(&str, usize)] = &[
            ("gmail.com", 50),
            ("yahoo.com", 18),
            ("hotmail.com", 10),
            ("outlook.com", 8),
            ("icloud.com", 6),
            ("aol.com", 5),
            ("comcast.net", 3),
        ];
        let mut at = chance.below(100);
        let host = HOSTS.iter().find(|(_, share)| {
            let found = at < *share;
            at = at.saturating_sub(*share);
            found
        });
        let host = host.map_or("gmail.com", |h| h.0);
        let number = match chance.below(3) {
            0 => String::new(),
            1 => (10 + chance.below(90)).to_string(),
            _ => (1940 + chance.below(70)).to_string(),
        };
        let local = match chance.below(4) {
            0 => format!("{given}.{family}"),
            1 => format!("{}{family}", &given[..1]),
            2 => format!("{given}{family}"),
            _ => format!("{family}{}", &given[..1]),
        };
        format!("{local}{number}@{host}")
    }

    fn person(&self, chance: &mut Chance, n: usize) -> Person {
        let (given, family) = (chance.pick(&self.given), chance.pick(&self.family));
        Person {
            email: self.email(chance, given, family),
            given: title(given),
            family: title(family),
            born: format!(
                "{}-{:02}-{:02}",
                1935 + chance.below(88),
                1 + chance.below(12),
                1 + chance.below(28)
            ),
            mrn: format!("{:08}", 10_000_000 + n * 7),
        }
    }

    /// With every value that a record may have, or with name, birth date, MRN,
    /// telephone and mail.
    fn record(&self, chance: &mut Chance, n: usize, whole: bool) -> (Person, PatientRecord) {
        let person = self.person(chance, n);
        let number = |chance: &mut Chance, from: u64, to: u64| {
            (from + chance.next() % (to - from)).to_string()
        };
        let mut record = PatientRecord::new(PatientId(n as u64))
            .name(&person.given, &person.family)
            .birth_date(&person.born)
            .mrn(&person.mrn)
            .phone(&number(chance, 2_000_000_000, 9_999_999_999))
            .email(&person.email.parse::<Address>().unwrap());
        if whole {
            let street = title(chance.pick(&self.street));
            record = record
                .ssn(&number(chance, 100_000_000, 899_999_999))
                .plan_id(&format!("XQH{}", number(chance, 100_000_000, 999_999_999)))
                .street(&format!("{} {street} St", 1 + chance.below(9_999)));
        }
        (person, record)
    }
}

fn build(people: &People, count: usize, whole: bool, keys: &Keys) -> (Roster, f64) {
    let mut chance = Chance(11);
    let mut builder = RosterBuilder::new(keys);
    let start = Instant::now();
    for n in 0..count {
        let (_, record) = people.record(&mut chance, n, whole);
        builder.patient(&record).unwrap();
    }
    let roster = builder.build();
    (roster, start.elapsed().as_secs_f64())
}

/// Prose with capitals, numbers and dates, and a patient in every so many words.
fn prose(people: &People, bytes: usize, patient_every: usize, count: usize) -> String {
    let filler = words(20_000, 9);
    let mut chance = Chance(5);
    let mut out = String::with_capacity(bytes + 200);
    let mut word = 0;
    while out.len() < bytes {
        word += 1;
        if patient_every > 0 && word % patient_every == 0 {
            let person = people.person(&mut chance, word % count);
            let _ = write!(
                out,
                "{} {} (DOB {}, MRN {}) ",
                person.given, person.family, person.born, person.mrn
            );
            continue;
        }
        match chance.below(40) {
            0 => {
                let _ = write!(out, "{}. ", chance.below(100_000));
            }
            1 => out.push_str("03/14/2026 "),
            2..=6 => {
                out.push_str(&title(chance.pick(&filler)));
                out.push(' ');
            }
            7 => {
                // Two capitals in a row, as in the name of a company.
                out.push_str(&title(chance.pick(&filler)));
                out.push(' ');
                out.push_str(&title(chance.pick(&filler)));
                out.push_str(",\n");
            }
            _ => {
                out.push_str(chance.pick(&filler));
                out.push(' ');
            }
        }
    }
    out
}

fn table(people: &People, bytes: usize, count: usize) -> String {
    let mut chance = Chance(11);
    let mut out = String::from("last,first,dob,mrn,email\n");
    let mut n = 0;
    while out.len() < bytes {
        // The generator of the roster, so that the rows are its patients.
        let (p, _) = people.record(&mut chance, n % count, true);
        let _ = writeln!(
            out,
            "{},{},{},{},{}",
            p.family, p.given, p.born, p.mrn, p.email
        );
        n += 1;
    }
    out
}

fn scan(name: &str, roster: &Roster, text: &str) {
    let mut best = f64::MAX;
    let mut hits = 0;
    for _ in 0..3 {
        let start = Instant::now();
        // Parts of a megabyte: a text's hits are bounded.
        hits = text
            .as_bytes()
            .chunks(1 << 20)
            .filter_map(|part| std::str::from_utf8(part).ok())
            .map(|part| roster.find(part).len())
            .sum();
        best = best.min(start.elapsed().as_secs_f64());
    }
    let speed = text.len() as f64 / best / MB;
    println!("{name:<46}{speed:>10.1} MB/s {hits:>9} hits");
}

fn guard(people: &People, roster: &Roster, patients: usize) {
    const PATIENTS: usize = 1_000;
    const STRANGERS: usize = 200;
    let mut chance = Chance(77);
    let mut of_roster = Chance(11);
    let strangers = |chance: &mut Chance, family: Option<&str>| -> Vec<Address> {
        (0..STRANGERS)
            .map(|_| {
                let given = chance.pick(&people.given);
                let family = family.unwrap_or_else(|| chance.pick(&people.family));
                people.email(chance, given, family).parse().unwrap()
            })
            .collect()
    };
    let mut results = [
        ("strangers", 0usize, 0usize, 0.0f64),
        ("strangers of the same family name", 0, 0, 0.0),
    ];
    for n in 0..PATIENTS.min(patients) {
        let (person, _) = people.record(&mut of_roster, n, true);
        let text = format!("{} {}, born {}", person.given, person.family, person.born);
        let hits = roster.find(&text);
        assert!(!hits.is_empty());
        let family = person.family.to_lowercase();
        for (result, family) in results.iter_mut().zip([None, Some(family.as_str())]) {
            let strangers = strangers(&mut chance, family);
            let to: Vec<_> = (0..).map(RecipientId::new).zip(&strangers).collect();
            let start = Instant::now();
            let wrong = roster.misaddressed(&to, &hits);
            result.3 += start.elapsed().as_secs_f64();
            result.1 += wrong
                .iter()
                .filter(|m| m.why == mailseal::dlp::MisaddressedWhy::LookAlike)
                .count();
            result.2 += strangers.len();
        }
    }
    for (who, held, all, time) in results {
        let rate = 100.0 * held as f64 / all as f64;
        let each = time / all as f64 * 1e6;
        println!("look-alikes among {who:<36}{rate:>8.4} % ({held} of {all}), {each:.1} us each");
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|a| a == "--bench") {
        return;
    }
    let patients = arguments
        .iter()
        .find_map(|a| a.strip_prefix("patients=")?.parse().ok())
        .unwrap_or(1_000_000);
    let keys = Keys::make_ephemeral();
    let people = People::new();
    for whole in [false, true] {
        let (roster, seconds) = build(&people, patients, whole, &keys);
        let bytes = roster.to_bytes();
        let start = Instant::now();
        let again = Roster::from_bytes(&bytes, &keys).unwrap();
        let read = start.elapsed().as_secs_f64();
        println!(
            "{patients} patients, {:.1} values each: built in {seconds:.1} s, file {:.1} MB, \
             memory {:.1} bytes a patient, read in {read:.2} s",
            roster.values() as f64 / patients as f64,
            bytes.len() as f64 / MB,
            again.memory() as f64 / patients as f64,
        );
        if whole {
            scan(
                "prose without patients",
                &again,
                &prose(&people, 24_000_000, 0, patients),
            );
            scan(
                "prose, a person in every 100 words",
                &again,
                &prose(&people, 24_000_000, 100, patients),
            );
            scan(
                "table of patients",
                &again,
                &table(&people, 8_000_000, patients),
            );
            guard(&people, &again, patients);
        }
    }
}
