//! The rules between rooms, checked on the source text: who may import whom,
//! where third-party libraries may stand, and how long a file may be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may import, the way of a message downwards.
/// `client` and `testing` see every room; `error` wraps every room's error.
const EDGES: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("storage", &["base"]),
    ("wire", &["base"]),
    ("compose", &["base"]),
    ("dlp", &["base", "compose"]),
    ("discover", &["base", "storage", "wire"]),
    ("policy", &["base", "dlp", "discover"]),
    ("seal", &["base", "compose"]),
    ("escrow", &["base", "compose", "storage"]),
    ("portal", &["base", "escrow", "storage"]),
    ("deliver", &["base", "discover", "wire"]),
    ("outbox", &["base", "policy", "storage"]),
    ("audit", &["base", "deliver", "policy", "storage", "wire"]),
];

/// Rooms that do no I/O and read no clock, and what must not stand in them.
const PURE: &[&str] = &["compose", "dlp", "policy", "seal"];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "tokio::",
    "SystemTime",
    "Instant::now",
    "SystemClock",
];

/// Third-party libraries and the only places that may name them.
const CONFINED: &[(&str, &[&str])] = &[
    ("ammonia", &["escrow/html.rs"]),
    (
        "aws_lc_rs",
        &["base/crypto/", "wire/tls/", "wire/https.rs", "testing/"],
    ),
    ("axum::", &["portal/"]),
    ("use cms::", &["seal/smime/"]),
    ("use der::", &["seal/smime/"]),
    ("hickory_", &["wire/resolver", "testing/"]),
    ("hyper::", &["wire/https.rs", "testing/"]),
    ("mail_builder", &["compose/"]),
    ("mail_parser", &["compose/"]),
    ("miniz_oxide", &["dlp/extract/inflate.rs"]),
    ("quick_xml", &["dlp/extract/xml.rs"]),
    ("rcgen", &["testing/"]),
    ("use pkcs8::", &["seal/smime/"]),
    ("regex::", &["dlp/host.rs"]),
    ("rusqlite", &["storage/sqlite"]),
    (
        "rustls::",
        &[
            "base/crypto/hpke.rs",
            "wire/tls/",
            "wire/https.rs",
            "testing/",
        ],
    ),
    ("webpki::", &["wire/tls/", "wire/https.rs", "testing/"]),
    ("sequoia_openpgp", &["seal/pgp/"]),
    ("tokio_rustls", &["wire/", "testing/"]),
    ("use toml::", &["base/toml.rs"]),
    ("totp_rs", &["portal/factor/totp.rs"]),
    ("webauthn_rp", &["portal/factor/passkey.rs"]),
    ("use x509_cert::", &["seal/smime/"]),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Whether a file is declared as unit tests, or lies in a folder that is: such
/// may use what they like.
fn is_test(file: &Path) -> bool {
    file.ancestors()
        .take_while(|path| *path != source())
        .any(|path| {
            let (Some(stem), Some(parent)) = (path.file_stem(), path.parent()) else {
                return false;
            };
            let stem = stem.to_string_lossy();
            [parent.join("mod.rs"), parent.with_extension("rs")]
                .iter()
                .filter_map(|declares| fs::read_to_string(declares).ok())
                .any(|text| {
                    ["test", "all(test, feature = \"testing\")"]
                        .iter()
                        .any(|cfg| text.contains(&format!("#[cfg({cfg})]\nmod {stem};")))
                })
        })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push(path);
        }
    }
    all.sort();
    all.retain(|file| !is_test(file));
    all
}

/// The code of a file without comments, doc tests and unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    // Unit tests stand last in a file, behind an attribute that names `test`.
    let text = [
        "\n#[cfg(test)]\nmod tests {",
        "\n#[cfg(all(test, feature = \"testing\"))]\nmod tests {",
    ]
    .iter()
    .fold(text.as_str(), |text, mark| text.split(mark).next().unwrap());
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn name(path: &Path) -> String {
    path.strip_prefix(source())
        .unwrap()
        .to_string_lossy()
        .replace('\\', "/")
}

/// The rooms that a text names as `crate::room`.
fn imports(code: &str) -> BTreeSet<String> {
    code.match_indices("crate::")
        .map(|(at, found)| {
            code[at + found.len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut faults = Vec::new();
    for (room, allowed) in EDGES {
        let folder = source().join(room);
        assert!(
            folder.is_dir(),
            "{room} is in the table and not in the source"
        );
        for file in &files(&folder) {
            for import in imports(&code(file)) {
                let is_room = EDGES.iter().any(|(r, _)| *r == import)
                    || ["client", "error", "testing"].contains(&import.as_str());
                if is_room && import != *room && !allowed.contains(&import.as_str()) {
                    faults.push(format!("{} imports {import}", name(file)));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_folder_is_a_room_of_the_table() {
    for entry in fs::read_dir(source()).unwrap() {
        let path = entry.unwrap().path();
        let room = name(&path);
        if path.is_dir() && !["client", "testing"].contains(&room.as_str()) {
            assert!(
                EDGES.iter().any(|(r, _)| *r == room),
                "{room} is in no table"
            );
        }
    }
}

#[test]
fn pure_rooms_do_no_input_output_and_read_no_clock() {
    let mut faults = Vec::new();
    for room in PURE {
        for file in files(&source().join(room)) {
            let code = code(&file);
            for word in IMPURE.iter().filter(|w| code.contains(**w)) {
                faults.push(format!("{} names {word}", name(&file)));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn third_party_libraries_stay_in_their_places() {
    let mut faults = Vec::new();
    for file in files(&source()) {
        let (code, name) = (code(&file), name(&file));
        for (library, places) in CONFINED {
            if code.contains(library) && !places.iter().any(|p| name.starts_with(p)) {
                faults.push(format!("{name} names {library}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_file_is_longer_than_800_lines_and_the_client_stays_under_400() {
    for file in files(&source()) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        let limit = if name(&file) == "client/mod.rs" {
            400
        } else {
            800
        };
        assert!(
            lines <= limit,
            "{} has {lines} lines, {limit} are allowed",
            name(&file)
        );
    }
}
