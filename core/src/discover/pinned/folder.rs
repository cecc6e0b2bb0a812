//! The folder of certificates and its pin file.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Certificate, CertificateKind, KeyStoreError, MAX_CERTIFICATE, Slot, slot};
use crate::base::{Address, crypto};

/// Most files of a folder.
const MAX_FILES: usize = 10_000;
/// Most bytes of all files of a folder.
const MAX_TOTAL: usize = 256 * 1024 * 1024;
/// Largest pin file, in bytes.
const MAX_PIN_FILE: usize = 8 * 1024 * 1024;
const PIN_FILE: &str = "mailseal-pins.json";

/// What the files of a folder hold.
pub(super) type Files = HashMap<Slot, Result<Certificate, KeyStoreError>>;

pub(super) fn read_folder(
    folder: &Path,
) -> Result<(Files, Vec<(usize, KeyStoreError)>), KeyStoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        if names.len() == MAX_FILES {
            return Err(KeyStoreError::TooMany { limit: MAX_FILES });
        }
        names.push(entry.map_err(io)?.file_name());
    }
    names.sort();
    let mut files = Files::new();
    let mut problems = Vec::new();
    let mut total = 0usize;
    for (index, name) in names.iter().enumerate() {
        let path = folder.join(name);
        let kind = match path.extension().and_then(|e| e.to_str()) {
            Some(e) if ["asc", "pgp"].iter().any(|k| e.eq_ignore_ascii_case(k)) => {
                CertificateKind::OpenPgp
            }
            Some(e)
                if ["pem", "crt", "cer"]
                    .iter()
                    .any(|k| e.eq_ignore_ascii_case(k)) =>
            {
                CertificateKind::Smime
            }
            _ => continue,
        };
        let address = path.file_stem().and_then(|s| s.to_str());
        let Some(address) = address.and_then(|s| s.parse::<Address>().ok()) else {
            problems.push((index, KeyStoreError::FileName));
            continue;
        };
        let read = read_bounded(&path, MAX_CERTIFICATE);
        total = total.saturating_add(read.as_ref().map_or(0, Vec::len));
        if total > MAX_TOTAL {
            return Err(KeyStoreError::TooLarge { limit: MAX_TOTAL });
        }
        let slot = slot(&address, kind);
        let found = if files.contains_key(&slot) {
            Err(KeyStoreError::Twice)
        } else {
            read.and_then(|bytes| Certificate::pinned(kind, bytes))
        };
        if let Err(error) = &found {
            problems.push((index, *error));
        }
        files.insert(slot, found);
    }
    Ok((files, problems))
}

fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, KeyStoreError> {
    // Asked first, since opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(KeyStoreError::Format);
    }
    let file = fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() > limit {
        return Err(KeyStoreError::TooLarge { limit });
    }
    Ok(bytes)
}

#[derive(Serialize, Deserialize)]
struct PinFile {
    format: u32,
    pins: BTreeMap<String, String>,
}

pub(super) fn read_pins(folder: &Path) -> Result<BTreeMap<Slot, [u8; 32]>, KeyStoreError> {
    let bytes = match read_bounded(&folder.join(PIN_FILE), MAX_PIN_FILE) {
        Ok(bytes) => bytes,
        Err(KeyStoreError::Io(ErrorKind::NotFound)) => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let file: PinFile = serde_json::from_slice(&bytes).map_err(|_| KeyStoreError::PinFile)?;
    if file.format != 1 {
        return Err(KeyStoreError::PinFile);
    }
    file.pins
        .iter()
        .map(|(slot, hex)| {
            let (kind, address) = slot.split_once(' ')?;
            let kind = [CertificateKind::OpenPgp, CertificateKind::Smime]
                .into_iter()
                .find(|k| k.word() == kind)?;
            let sha256 = HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()?;
            Some(((kind, address.to_owned()), sha256))
        })
        .collect::<Option<_>>()
        .ok_or(KeyStoreError::PinFile)
}

/// Written whole under another name and renamed: a crash leaves the old file
/// or the new one.
pub(super) fn write_pins(
    folder: &Path,
    pins: &BTreeMap<Slot, [u8; 32]>,
) -> Result<(), KeyStoreError> {
    let file = PinFile {
        format: 1,
        pins: pins
            .iter()
            .map(|((kind, address), sha256)| {
                (
                    format!("{} {address}", kind.word()),
                    HEXLOWER.encode(sha256),
                )
            })
            .collect(),
    };
    let json = serde_json::to_vec_pretty(&file).map_err(|_| KeyStoreError::PinFile)?;
    let random = HEXLOWER.encode(&crypto::make_random::<8>());
    let temporary = folder.join(format!(".{PIN_FILE}.{random}"));
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create_new(&temporary)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(PIN_FILE))
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        io(error)
    })
}

fn io(error: std::io::Error) -> KeyStoreError {
    KeyStoreError::Io(error.kind())
}
