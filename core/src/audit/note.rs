//! Signed notes and their keys (<https://c2sp.org/signed-note>): a text, an
//! empty line, and lines of signatures. Only Ed25519 (type 1) is signed and
//! verified; other signatures are carried along.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};

use super::AuditError;
use crate::base::crypto::{self, SigningKey};

const ED25519: u8 = 1;
/// Far more than 16 post-quantum signatures need.
const MAX_NOTE: usize = 1 << 20;
const MAX_SIGNATURES: usize = 64;
const MAX_NAME: usize = 200;

fn bad_note(detail: &'static str) -> AuditError {
    AuditError::Format {
        format: "signed-note",
        detail,
    }
}

/// Whether a key may have this name.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(fits)
}

/// The public key that verifies a log's checkpoints.
///
/// Its text is the *vkey* of the signed-note tools: name, key id and key,
/// joined by `+`. Keep it with the checkpoints, outside the database.
///
/// ```
/// use mailseal::audit::VerifierKey;
/// let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// let key: VerifierKey = vkey.parse()?;
/// assert_eq!(key.name(), "PeterNeumann");
/// assert_eq!(key.to_string(), vkey);
/// # Ok::<(), mailseal::audit::AuditError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    pub(super) fn new(name: &str, key: &SigningKey) -> Self {
        Self {
            name: name.to_owned(),
            public: key.public(),
        }
    }

    /// The key's name; a log's own is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let typed = [&[b'\n', ED25519], &self.public[..]].concat();
        let hash = crypto::sha256_parts(&[self.name.as_bytes(), &typed]);
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519], &self.public[..]].concat();
        let (id, key) = (HEXLOWER.encode(&self.id()), BASE64.encode(&typed));
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = AuditError;

    fn from_str(s: &str) -> Result<Self, AuditError> {
        let bad = |detail| AuditError::Format {
            format: "vkey",
            detail,
        };
        let mut parts = s.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("expected name+id+key"));
        };
        if !is_name(name) {
            return Err(bad("the name is empty, too long or holds a space"));
        }
        let key = BASE64
            .decode(key.as_bytes())
            .map_err(|_| bad("the key is not base64"))?;
        let public = match key.split_first() {
            Some((&ED25519, public)) => public.try_into().ok(),
            _ => None,
        };
        let public = public.ok_or(bad("the key is not an Ed25519 key (type 1, 32 bytes)"))?;
        let name = name.to_owned();
        let key = Self { name, public };
        if HEXLOWER.encode(&key.id()) != id {
            return Err(bad("the id does not belong to name and key"));
        }
        Ok(key)
    }
}

/// A text with its signatures, none of them verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Note {
    /// Signs `text`, which ends with a newline.
    pub(super) fn sign(text: String, name: &str, key: &SigningKey) -> Self {
        let signature = Signature {
            name: name.to_owned(),
            id: VerifierKey::new(name, key).id(),
            bytes: key.sign(text.as_bytes()).to_vec(),
        };
        Self {
            text,
            signatures: vec![signature],
        }
    }

    /// The text. Nothing of it may be believed before it was verified.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn parse(s: &str) -> Result<Self, AuditError> {
        if s.len() > MAX_NOTE {
            return Err(bad_note("it is larger than 1 MiB"));
        }
        if s.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(bad_note("it holds a control character"));
        }
        let split = s
            .rfind("\n\n")
            .ok_or(bad_note("no empty line before the signatures"))?;
        let (text, lines) = (&s[..=split], &s[split + 2..]);
        let lines = lines
            .strip_suffix('\n')
            .ok_or(bad_note("it does not end with a signature line"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(bad_note("more than 64 signatures"));
            }
            signatures
                .push(Signature::parse(line).ok_or(bad_note("a signature line is malformed"))?);
        }
        let text = text.to_owned();
        Ok(Self { text, signatures })
    }

    /// Checks that `key` signed this text. Signatures of other keys count
    /// neither for nor against it.
    ///
    /// # Errors
    /// [`AuditError::Signature`] where it did not.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), AuditError> {
        let mut verified = false;
        for signature in &self.signatures {
            if signature.name == key.name && signature.id == key.id() {
                crypto::verify_ed25519(&key.public, self.text.as_bytes(), &signature.bytes)
                    .map_err(|_| AuditError::Signature)?;
                verified = true;
            }
        }
        if verified {
            Ok(())
        } else {
            Err(AuditError::Signature)
        }
    }
}

/// Reads a note. The signatures are not verified by that.
impl FromStr for Note {
    type Err = AuditError;

    fn from_str(s: &str) -> Result<Self, AuditError> {
        Self::parse(s)
    }
}

impl Signature {
    fn parse(line: &str) -> Option<Self> {
        let (name, code) = line.strip_prefix("— ")?.split_once(' ')?;
        let code = BASE64.decode(code.as_bytes()).ok()?;
        let (id, bytes) = code.split_first_chunk::<4>()?;
        if !is_name(name) || bytes.is_empty() {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

/// The signed note, as it is to be kept.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signature { name, id, bytes } in &self.signatures {
            let code = BASE64.encode(&[&id[..], bytes].concat());
            writeln!(f, "— {name} {code}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    /// Key and note of golang.org/x/mod/sumdb/note `note_test.go` (BSD-3).
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_reference_note_is_made_byte_for_byte() {
        let seed = BASE64.decode(SEED.as_bytes()).unwrap();
        let key = SigningKey::from_seed(&Secret::new(seed[1..].try_into().unwrap()));
        assert_eq!(VerifierKey::new("PeterNeumann", &key).to_string(), VKEY);
        let note = Note::sign(TEXT.into(), "PeterNeumann", &key);
        assert_eq!(note.to_string(), format!("{TEXT}\n{LINE}"));
    }

    #[test]
    fn the_reference_note_verifies_and_no_changed_one() {
        let whole = format!("{TEXT}\n{LINE}");
        let key: VerifierKey = VKEY.parse().unwrap();
        let note = Note::parse(&whole).unwrap();
        assert_eq!(note.verify(&key), Ok(()));
        assert_eq!(note.to_string(), whole);
        for at in 0..whole.len() {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let verdict = Note::parse(&changed).and_then(|note| note.verify(&key));
            assert!(verdict.is_err(), "byte {at}");
        }
    }

    #[test]
    fn only_a_known_keys_signature_counts() {
        let key: VerifierKey = VKEY.parse().unwrap();
        let other = "— PeterNeumann AAAAAAAA\n— x.example/w x08goAAA\n";
        let both = Note::parse(&format!("{TEXT}\n{other}{LINE}")).unwrap();
        assert_eq!(both.verify(&key), Ok(()));
        let none = Note::parse(&format!("{TEXT}\n{other}")).unwrap();
        assert_eq!(none.verify(&key), Err(AuditError::Signature));
        // One good signature does not excuse a bad one of the same key.
        let bad = LINE.replace("nAM=", "nAQ=");
        let mixed = Note::parse(&format!("{TEXT}\n{LINE}{bad}")).unwrap();
        assert_eq!(mixed.verify(&key), Err(AuditError::Signature));
    }

    #[test]
    fn malformed_notes_and_keys_are_refused() {
        let many = format!("{TEXT}\n{}", LINE.repeat(65));
        for bad in [
            "",
            "\n\n",
            TEXT,
            &format!("{TEXT}\n"),
            &format!("{TEXT}{LINE}"),
            &format!("{TEXT}\n{}", LINE.trim_end()),
            &format!("{TEXT}\n{LINE}\n"),
            &format!("{TEXT}\n{LINE}x\n"),
            &format!("{TEXT}\r\n\n{LINE}"),
            &format!("{TEXT}\n— a+b x08goAAA\n"),
            &format!("{TEXT}\n— a x08g\n"),
            &format!("{TEXT}\n-- a x08goAAA\n"),
            &many,
        ] {
            assert!(Note::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Note::parse(&"x".repeat(MAX_NOTE + 1)).is_err());
        for cut in 0..VKEY.len() {
            assert!(VKEY[..cut].parse::<VerifierKey>().is_err());
            let mut bytes = VKEY.as_bytes().to_vec();
            bytes[cut] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(changed.parse::<VerifierKey>().is_err(), "{changed}");
        }
    }
}
