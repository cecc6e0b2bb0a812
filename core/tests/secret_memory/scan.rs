//! Looks for octets in another process.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

use aho_corasick::AhoCorasick;

/// How long a piece is. Part of a key helps an attacker too, and a freed
/// value's first octets are overwritten by the allocator.
const PIECE: usize = 16;

/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// What is looked for.
#[derive(Default)]
pub(crate) struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    pub(crate) fn of(name: &str, value: &[u8]) -> Self {
        let mut needles = Self::default();
        needles.add(name, value);
        needles
    }

    /// Each piece of a value as it is written, and turned around: big numbers
    /// lie in memory with their last octet first.
    pub(crate) fn add(&mut self, name: &str, value: &[u8]) {
        assert!(value.len() >= PIECE, "{name} is too short to look for");
        for (order, value) in [
            ("", value.to_vec()),
            (" reversed", value.iter().rev().copied().collect()),
        ] {
            for (index, piece) in value.chunks_exact(PIECE).enumerate() {
                let at = index * PIECE;
                self.0
                    .push((format!("{name}{order} at {at}"), piece.into()));
            }
        }
    }

    pub(crate) fn pieces(&self) -> usize {
        self.0.len()
    }
}

/// Where a piece was found.
pub(crate) struct Hit {
    needle: String,
    mapping: String,
    offset: u64,
    /// What stands before and behind, for whoever looks for the culprit.
    around: String,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} in {} + {:#x}",
            self.needle, self.mapping, self.offset
        )?;
        write!(f, " [{}]", self.around)
    }
}

/// Every place where a piece stands in memory that the process can write to.
pub(crate) fn scan(process: u32, needles: &Needles) -> Vec<Hit> {
    let automaton = AhoCorasick::new(needles.0.iter().map(|(_, piece)| piece)).unwrap();
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut hits = Vec::new();
    let mut searched = 0;
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
        let inode = fields.nth(2).unwrap();
        let name = fields.next().unwrap_or("anonymous");
        // What is mapped from a file and cannot be written is the file.
        if !rights.starts_with('r') || (inode != "0" && !rights.contains('w')) {
            continue;
        }
        // The kernel's own, which cannot be read this way and hold clocks.
        if name.starts_with("[v") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let parse = |text| u64::from_str_radix(text, 16).unwrap();
        let (start, end) = (parse(start), parse(end));
        let mut buffer = vec![0; CHUNK + PIECE];
        let mut at = start;
        while at < end {
            let length = (end - at).min(buffer.len() as u64);
            let window = &mut buffer[..usize::try_from(length).unwrap()];
            memory.read_exact_at(window, at).unwrap();
            searched += length;
            for found in automaton.find_iter(&*window) {
                hits.push(Hit {
                    needle: needles.0[found.pattern().as_usize()].0.clone(),
                    mapping: name.to_owned(),
                    offset: at - start + found.start() as u64,
                    around: shown(window, found.start()),
                });
            }
            if at + length == end {
                break;
            }
            // Pieces that lie across the cut are in the next window.
            at += CHUNK as u64;
        }
    }
    assert!(searched > CHUNK as u64, "hardly any memory was searched");
    hits
}

/// 32 octets before and 48 from the place on.
fn shown(window: &[u8], at: usize) -> String {
    let before = &window[at.saturating_sub(32)..at];
    let behind = &window[at..(at + 48).min(window.len())];
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    format!("{} | {}", hex(before), hex(behind))
}
