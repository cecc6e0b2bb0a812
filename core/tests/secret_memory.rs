//! What a process's memory holds of keys: nothing that a core dump or a swapped
//! page could give away.
//!
//! A child process (this test binary, started again) reads encrypted key
//! files, seals a message in each form, opens each, and drops everything; after
//! each step it stands still.
//! This process knows the private keys, gets each content key out of what the
//! child sealed, and looks for pieces of 16 octets of all of them, in both
//! orders of octets, through every mapping of the child that can be written:
//! heap, stacks, freed memory and globals. So that a search that finds nothing
//! is known to search, the child holds one value on purpose and frees another
//! without wiping it; both must be found.
#![cfg(all(target_os = "linux", feature = "pgp", feature = "smime"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "secret_memory/child.rs"]
mod child;
#[path = "secret_memory/keys.rs"]
mod keys;
#[path = "secret_memory/scan.rs"]
mod scan;
#[path = "secret_memory/session.rs"]
mod session;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scan::{Needles, scan};

/// Does nothing unless it is the child process that the other test starts.
#[test]
fn child_process() {
    if let Some(folder) = std::env::var_os(child::FOLDER) {
        child::run(std::path::Path::new(&folder));
    }
}

#[test]
fn memory_holds_no_key_while_sealers_live_nor_after() {
    let folder = tempfile::tempdir().unwrap();
    let made = keys::make(folder.path());
    let mut needles = Needles::default();
    for key in &made {
        for (part, value) in &key.secrets {
            needles.add(&format!("{}: {part}", key.name), value);
        }
    }
    needles.add("passphrase", keys::PASSPHRASE.as_bytes());

    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "child_process",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(child::FOLDER, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    writeln!(stdin, "{}", keys::PASSPHRASE).unwrap();
    let mut stages = 0;
    let mut found = Vec::new();
    for line in &mut lines {
        let line = line.unwrap();
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["sealed", name, text] => {
                let message = STANDARD.decode(text).unwrap();
                let key = made.iter().find(|key| key.name == *name).unwrap();
                let content_keys = session::recover(&message, key);
                assert!(!content_keys.is_empty());
                for (part, value) in content_keys {
                    needles.add(&format!("{name}: {part}"), &value);
                }
            }
            ["stage", stage] => {
                let hits = scan(child.id(), &needles);
                let controls = scan(child.id(), &Needles::of("held", &keys::held()));
                assert!(!controls.is_empty(), "{stage}: the held value is there");
                let controls = scan(child.id(), &Needles::of("freed", &keys::freed()));
                assert!(!controls.is_empty(), "{stage}: what was freed is there");
                found.extend(hits.iter().map(|hit| format!("{stage}: {hit}")));
                stages += 1;
                writeln!(stdin, "on").unwrap();
            }
            _ => {}
        }
    }
    assert!(child.wait().unwrap().success());
    // Loaded, each sealed, each opened, dropped.
    assert_eq!(stages, 2 * made.len() + 2);
    assert!(found.is_empty(), "{found:#?}");
    println!(
        "secret_memory: {} pieces of keys, {stages} stages, nothing found",
        needles.pieces(),
    );
}
