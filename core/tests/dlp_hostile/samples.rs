//! Public sample documents, where they are at hand, cut off and damaged.

use std::path::{Path, PathBuf};

use mailseal::dlp::{PhiScanner, Scanner};

use crate::cases::{file, typed};

/// Longer stretches are cut to this size. A build without optimisation reads
/// some thirty times slower.
const CUT: usize = if cfg!(debug_assertions) { 4 } else { 256 } * 1024;
/// Variants of each stretch that are cut off, and as many that are damaged.
const VARIANTS: usize = if cfg!(debug_assertions) { 1 } else { 8 };

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

fn samples() -> Vec<PathBuf> {
    let shared = std::env::var_os("MAILSEAL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let Ok(folders) = std::fs::read_dir(shared.join("samples")) else {
        return Vec::new();
    };
    let mut all: Vec<PathBuf> = folders
        .filter_map(|folder| std::fs::read_dir(folder.unwrap().path()).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    all.sort();
    all
}

#[test]
fn cut_off_and_damaged_samples_are_scanned() {
    let samples = samples();
    if samples.is_empty() {
        eprintln!("skipped: no samples beside the repository (MAILSEAL_SHARED names the folder)");
        return;
    }
    let scanner = PhiScanner::new();
    let mut scans = 0;
    for (number, path) in samples.iter().enumerate() {
        let whole = std::fs::read(path).unwrap();
        let mut random = Random(number as u64);
        // A stretch that begins anywhere: also the middle of a format.
        let from = random.below(whole.len().saturating_sub(CUT));
        let stretches = [
            &whole[..whole.len().min(CUT)],
            &whole[from..whole.len().min(from + CUT)],
        ];
        for (round, stretch) in stretches.into_iter().enumerate() {
            for _ in 0..VARIANTS {
                let cut = &stretch[..random.below(stretch.len() + 1)];
                let mut flipped = stretch.to_vec();
                for _ in 0..1 + random.below(40) {
                    let at = random.below(flipped.len());
                    flipped[at] ^= 1 << random.below(8);
                }
                for bytes in [cut.to_vec(), flipped] {
                    let message = match round {
                        0 => file(bytes),
                        _ => typed("text/plain", bytes),
                    };
                    let findings = scanner.scan(&message.unwrap());
                    for finding in &findings.items {
                        assert!(finding.span.start < finding.span.end);
                        assert!(!finding.expose().expose().is_empty());
                    }
                    scans += 1;
                }
            }
        }
    }
    println!("{scans} variants of {} samples", samples.len());
}
