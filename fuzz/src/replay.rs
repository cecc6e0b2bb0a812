//! Every seed, and mutations of it, through its target. The mutations come
//! from a fixed seed, so a failure comes again.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::{TARGETS, Target};

/// Mutations of each seed.
const MUTATIONS: usize = 500;

/// The same where each is scanned several times.
const SCANNED: usize = 80;

/// Targets that do not scan.
const QUICK: [&str; 13] = [
    "archive_bundle",
    "certificate",
    "cms",
    "host_toml",
    "link",
    "message",
    "openpgp",
    "pkcs12",
    "policy_toml",
    "protected_headers",
    "reply",
    "reply_container",
    "sts_policy",
];

/// Seeds longer than this are run as they are and not mutated.
const LONGEST_MUTATED: usize = 8 * 1024;

/// What the formats are made of.
const WORDS: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"-",
    b" ",
    b":",
    b"#",
    b"%23",
    b"\"",
    b"[",
    b"]",
    b"250 ",
    b"=?",
    b"\xff",
    b"<",
    b">",
    b"&#",
    b"|",
    b"~",
    b",",
    b"{",
    b"555-12-3456",
    "\u{202e}".as_bytes(),
];

/// splitmix64: small, known, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end.max(1) as u64).unwrap()
    }
}

fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len() + 1);
        let to = (at + random.below(16)).min(data.len());
        match random.below(6) {
            0 => data.truncate(at),
            1 => drop(data.drain(at..to)),
            2 => {
                let word = WORDS[random.below(WORDS.len())];
                data.splice(at..at, word.iter().copied());
            }
            3 => {
                let again: Vec<u8> = data[at..to].repeat(random.below(64));
                data.splice(at..at, again);
            }
            4 => {
                let digit = b'0' + u8::try_from(random.below(10)).unwrap();
                data.splice(at..to.min(at + 1), [digit]);
            }
            _ => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    data
}

fn replay(name: &str, target: Target) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mutations = match QUICK.contains(&name) {
        true => MUTATIONS,
        false => SCANNED,
    };
    assert!(files.len() >= 3, "{name} has too few seeds");
    for file in files {
        let seed = std::fs::read(&file).unwrap();
        target(&seed);
        if seed.len() > LONGEST_MUTATED {
            continue;
        }
        let mut random = Random(seed.len() as u64);
        for _ in 0..mutations {
            target(&mutate(&seed, &mut random));
        }
    }
}

macro_rules! replays {
    ($($name:ident),+) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name), super::$name);
            }
        )+

        #[test]
        fn every_target_is_replayed() {
            let replayed = [$(stringify!($name)),+];
            let named: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(replayed.as_slice(), named.as_slice());
        }
    };
}

replays!(
    archive_bundle,
    ccda_xml,
    certificate,
    cms,
    csv,
    dicom,
    extract,
    fhir_json,
    hl7,
    host_toml,
    html_view,
    ics_vcf,
    letter,
    link,
    message,
    openpgp,
    pdf,
    pkcs12,
    policy_toml,
    portal_request,
    protected_headers,
    redact,
    reply,
    reply_container,
    roster_file,
    rtf,
    scan_message,
    scan_text,
    sts_policy,
    x12,
    zip_office
);
