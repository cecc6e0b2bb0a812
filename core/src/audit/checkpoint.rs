//! Checkpoints (<https://c2sp.org/tlog-checkpoint>) and proofs that stand
//! alone (<https://c2sp.org/tlog-proof>).

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;

use super::AuditError;
use super::merkle::{Hash, verify_inclusion};
use super::note::{Note, VerifierKey};
use crate::base::crypto::SigningKey;

fn bad(detail: &'static str) -> AuditError {
    AuditError::Format {
        format: "tlog-checkpoint",
        detail,
    }
}

/// How long the log was and what its root was then, signed.
///
/// Keep its text where whoever can change the database cannot change it:
/// another machine, a ticket, a mail to the auditor, paper. It holds no
/// protected information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    note: Note,
}

impl Checkpoint {
    pub(super) fn sign(origin: &str, size: u64, root: Hash, key: &SigningKey) -> Self {
        let text = format!("{origin}\n{size}\n{}\n", BASE64.encode(&root));
        Self {
            origin: origin.to_owned(),
            size,
            root,
            note: Note::sign(text, origin, key),
        }
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the log had.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the Merkle tree over them.
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// Checks the signature. Nothing of a checkpoint may be believed before.
    ///
    /// # Errors
    /// [`AuditError::Signature`] where this key did not sign it.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), AuditError> {
        self.note.verify(key)
    }
}

/// The signed note, as it is to be kept.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

/// Reads a signed note. The signature is not verified by that.
impl FromStr for Checkpoint {
    type Err = AuditError;

    fn from_str(s: &str) -> Result<Self, AuditError> {
        let note = Note::parse(s)?;
        let text = note
            .text()
            .strip_suffix('\n')
            .ok_or(bad("the text does not end with a newline"))?;
        let mut lines = text.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty());
        let origin = line().ok_or(bad("the origin is missing"))?.to_owned();
        let size = number(line().ok_or(bad("the size is missing"))?)
            .ok_or(bad("the size is no decimal number"))?;
        let root = hash(line().ok_or(bad("the root is missing"))?)
            .ok_or(bad("the root is not 32 bytes in base64"))?;
        if lines.any(str::is_empty) {
            return Err(bad("an extension line is empty"));
        }
        Ok(Self {
            origin,
            size,
            root,
            note,
        })
    }
}

/// A decimal number without signs and leading zeros.
fn number(s: &str) -> Option<u64> {
    let plain = s.bytes().all(|b| b.is_ascii_digit()) && (s == "0" || !s.starts_with('0'));
    s.parse().ok().filter(|_| plain)
}

fn hash(s: &str) -> Option<Hash> {
    BASE64.decode(s.as_bytes()).ok()?.try_into().ok()
}

/// Proof that one entry is in the log of a checkpoint, to be checked by
/// anybody who has the entry and the log's [`VerifierKey`], without the
/// database. Its text is a `.tlog-proof` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub(super) index: u64,
    pub(super) hashes: Vec<Hash>,
    pub(super) checkpoint: Checkpoint,
}

const PROOF: &str = "c2sp.org/tlog-proof@v1";

impl Proof {
    /// The entry's number.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The hashes of RFC 6962's audit path.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint that it refers to.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Checks that `leaf` (one line of an export, without the newline) stands
    /// in the log which `key` signed.
    ///
    /// # Errors
    /// [`AuditError::Signature`], [`AuditError::OtherLog`] or
    /// [`AuditError::Proof`].
    pub fn verify(&self, leaf: &[u8], key: &VerifierKey) -> Result<(), AuditError> {
        self.checkpoint.verify(key)?;
        if self.checkpoint.origin != key.name() {
            return Err(AuditError::OtherLog);
        }
        let Checkpoint { size, root, .. } = &self.checkpoint;
        verify_inclusion(leaf, self.index, *size, &self.hashes, root)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = AuditError;

    fn from_str(s: &str) -> Result<Self, AuditError> {
        let bad = |detail| AuditError::Format {
            format: "tlog-proof",
            detail,
        };
        let rest = s
            .strip_prefix(PROOF)
            .and_then(|rest| rest.strip_prefix('\n'))
            .ok_or(bad("the first line is not c2sp.org/tlog-proof@v1"))?;
        let (head, checkpoint) = rest
            .split_once("\n\n")
            .ok_or(bad("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        // Extra data is not authenticated and means nothing here.
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(number)
            .ok_or(bad("the index is missing or no decimal number"))?;
        let mut hashes = Vec::new();
        for line in lines {
            // A path is no longer than the tree is high.
            if hashes.len() == 64 {
                return Err(bad("more than 64 hashes"));
            }
            hashes.push(hash(line).ok_or(bad("a hash is not 32 bytes in base64"))?);
        }
        Ok(Self {
            index,
            hashes,
            checkpoint: checkpoint.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkpoint of the Go checksum database, as sum.golang.org served it,
    /// and the key that every Go toolchain carries.
    const GO: &str = "go.sum database tree\n63096908\n8lHrQPRYe4KT4WQ9/Qk8/taKnD6IRHbFgfN7vQE2Y54=\n\n— sum.golang.org Az3gri/oVBN1jAhNZ/iS+W31psFAWRT20/GyrhpU6taFwulQGetBkH5S7wpGXdS935jiIGiUUAXBVHzT/P6fYhqAmAk=\n";
    const GO_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

    #[test]
    fn a_checkpoint_of_another_log_is_read_and_verified() {
        let checkpoint: Checkpoint = GO.parse().unwrap();
        assert_eq!(checkpoint.origin(), "go.sum database tree");
        assert_eq!(checkpoint.size(), 63_096_908);
        assert_eq!(checkpoint.to_string(), GO);
        checkpoint.verify(&GO_KEY.parse().unwrap()).unwrap();
        let changed: Checkpoint = GO.replace("63096908", "63096909").parse().unwrap();
        let verdict = changed.verify(&GO_KEY.parse().unwrap());
        assert_eq!(verdict, Err(AuditError::Signature));
    }

    #[test]
    fn malformed_checkpoints_and_proofs_are_refused() {
        for (from, to) in [
            ("63096908", "063096908"),
            ("63096908", "+63096908"),
            ("63096908", "-1"),
            ("63096908", "18446744073709551616"),
            ("63096908", ""),
            ("8lHrQPRYe4KT", "8lHrQPRY"),
            ("54=\n", "54\n"),
            ("go.sum database tree\n", ""),
            ("go.sum database tree\n", "\n"),
            ("54=\n", "54=\n\n\n"),
        ] {
            assert!(
                GO.replacen(from, to, 1).parse::<Checkpoint>().is_err(),
                "{from} {to}"
            );
        }
        let zero = GO.replace("63096908", "0");
        assert_eq!(zero.parse::<Checkpoint>().unwrap().size(), 0);
        let extended = GO.replace("54=\n", "54=\nextension\n");
        assert!(extended.parse::<Checkpoint>().is_ok());
        let proof = |head: &str| format!("{head}\n\n{GO}").parse::<Proof>();
        let whole = proof("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 7").unwrap();
        assert_eq!(whole.index(), 7);
        for head in [
            "",
            "c2sp.org/tlog-proof@v1",
            "c2sp.org/tlog-proof@v2\nindex 7",
            "c2sp.org/tlog-proof@v1\nindex 07",
            "c2sp.org/tlog-proof@v1\nindex 7\nAAAA",
            "c2sp.org/tlog-proof@v1\nindex 7\nextra AAAA",
        ] {
            assert!(proof(head).is_err(), "{head}");
        }
    }
}
