//! What a reply is made of, and the bounds it is held to.
//!
//! ```text
//! length of the JSON (u32, big-endian) ‖ JSON ‖ the attachments' bytes
//! {"v":1,"subject":"…","text":"…","attachments":[{"name","type","size"}]}
//! ```

use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use crate::base::Phi;
use crate::escrow::{EscrowError, letter};

/// The most attachments of a reply.
pub(super) const MAX_ATTACHMENTS: usize = 25;
/// The most bytes of a reply, container and all.
pub(super) const MAX_REPLY: usize = 64 << 20;
/// The most bytes of its text.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// The most bytes of its subject.
const MAX_SUBJECT: usize = 1000;
/// The JSON: a text of control characters is six times as long when escaped.
const MAX_JSON: usize = 6 * MAX_TEXT + (256 << 10);
/// Bytes of a file name that are looked at.
const MAX_NAME: usize = 8192;

/// A file that came with a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyAttachment {
    /// Its name: without control and bidirectional characters, path separators
    /// and names of devices; 1 to 120 characters.
    pub name: Phi<String>,
    /// Its media type as the browser said, `type/subtype` in lower case without
    /// parameters. It is a claim.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Phi<Vec<u8>>,
}

/// A container that was read.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) subject: Phi<String>,
    pub(crate) text: Phi<String>,
    pub(crate) attachments: Vec<ReplyAttachment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    v: u8,
    subject: String,
    text: String,
    attachments: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    media_type: String,
    size: u64,
}

impl Drop for Head {
    fn drop(&mut self) {
        self.subject.zeroize();
        self.text.zeroize();
        for entry in &mut self.attachments {
            entry.name.zeroize();
        }
    }
}

fn refused(reason: &'static str) -> EscrowError {
    EscrowError::Reply { reason }
}

/// Reads a container. The errors say what is wrong in fixed words.
pub(super) fn parse(plain: &Zeroizing<Vec<u8>>) -> Result<Content, EscrowError> {
    if plain.len() > MAX_REPLY {
        return Err(refused("it is larger than 64 MiB"));
    }
    let cut = refused("it is cut short");
    let (length, rest) = plain.split_first_chunk::<4>().ok_or(cut)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_JSON {
        return Err(refused("its description is too long"));
    }
    let (json, mut bytes) = rest
        .split_at_checked(length)
        .ok_or(refused("it is cut short"))?;
    let mut head: Head =
        serde_json::from_slice(json).map_err(|_| refused("its description cannot be read"))?;
    if head.v != 1 {
        return Err(refused("it has another version"));
    }
    if head.subject.len() > MAX_SUBJECT || head.subject.chars().any(char::is_control) {
        return Err(refused("its subject is too long or no single line"));
    }
    if head.text.len() > MAX_TEXT {
        return Err(refused("its text is longer than 1 MiB"));
    }
    if head.attachments.len() > MAX_ATTACHMENTS {
        return Err(refused("it has more than 25 attachments"));
    }
    let mut attachments = Vec::with_capacity(head.attachments.len());
    for (number, entry) in (1..).zip(&head.attachments) {
        let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
        let (own, rest) = bytes
            .split_at_checked(size)
            .ok_or(refused("an attachment is cut short"))?;
        bytes = rest;
        attachments.push(ReplyAttachment {
            name: Phi::new(name(&entry.name, number)),
            media_type: media_type(&entry.media_type),
            bytes: Phi::new(own.to_vec()),
        });
    }
    if !bytes.is_empty() {
        return Err(refused("it holds bytes that belong to no attachment"));
    }
    Ok(Content {
        subject: Phi::new(std::mem::take(&mut head.subject)),
        text: Phi::new(std::mem::take(&mut head.text)),
        attachments,
    })
}

/// `type/subtype` without parameters, or the type that says nothing.
fn media_type(given: &str) -> String {
    let essence = given.split(';').next().unwrap_or_default().trim();
    letter::media_type(essence).to_ascii_lowercase()
}

/// As in a letter; nobody's name is as long as what is not read.
fn name(given: &str, number: usize) -> String {
    let end = given.floor_char_boundary(MAX_NAME);
    letter::safe_name(&given[..end]).unwrap_or_else(|| format!("attachment-{number}"))
}

#[cfg(test)]
pub(super) fn write(json: &str, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = u32::try_from(json.len()).unwrap().to_be_bytes();
    Zeroizing::new([&length, json.as_bytes(), bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"v":1,"subject":"canary-s","text":"canary-t\n","attachments":[{"name":"../a.PDF","type":"Application/PDF; x=y","size":3},{"name":"","type":"<script>","size":0}]}"#;

    fn reason(plain: &Zeroizing<Vec<u8>>) -> String {
        parse(plain).unwrap_err().to_string()
    }

    #[test]
    fn a_container_is_read() {
        let content = parse(&write(JSON, b"abc")).unwrap();
        assert_eq!(content.subject.expose(), "canary-s");
        assert_eq!(content.text.expose(), "canary-t\n");
        let [a, b] = &content.attachments[..] else {
            panic!("two attachments")
        };
        assert_eq!(
            (a.name.expose().as_str(), a.media_type.as_str()),
            ("_a.PDF", "application/pdf")
        );
        assert_eq!(a.bytes.expose(), b"abc");
        assert_eq!(
            (b.name.expose().as_str(), b.media_type.as_str()),
            ("attachment-2", "application/octet-stream")
        );
        assert!(!format!("{content:?}").contains("canary"));
        let empty = r#"{"v":1,"subject":"","text":"","attachments":[]}"#;
        assert!(parse(&write(empty, b"")).is_ok());
    }

    /// Whatever one byte becomes: read or refused, and never more than is there.
    #[test]
    fn changed_containers_never_panic_and_give_no_more_than_is_there() {
        let whole = write(JSON, b"abc");
        let (mut read, mut refused) = (0, 0);
        for at in 0..whole.len() {
            for value in [0, 1, b'"', b'{', b'9', 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                match parse(&changed) {
                    Ok(content) => {
                        let sizes = content.attachments.iter().map(|a| a.bytes.expose().len());
                        assert_eq!(sizes.sum::<usize>(), 3);
                        read += 1;
                    }
                    Err(error) => {
                        assert!(!error.to_string().contains("canary"));
                        refused += 1;
                    }
                }
            }
        }
        assert!(read > 0 && refused > read);
    }

    #[test]
    fn every_malformed_form_is_refused_without_content() {
        let whole = write(JSON, b"abc");
        for cut in 0..whole.len() {
            let text = reason(&Zeroizing::new(whole[..cut].to_vec()));
            assert!(!text.contains("canary"));
        }
        let many = format!(
            r#"{{"v":1,"subject":"","text":"","attachments":[{}]}}"#,
            [r#"{"name":"a","type":"a/b","size":0}"#; 26].join(",")
        );
        let text = |n: usize| {
            let text = "x".repeat(n);
            format!(r#"{{"v":1,"subject":"","text":"{text}","attachments":[]}}"#)
        };
        assert!(parse(&write(&text(MAX_TEXT), b"")).is_ok());
        for (json, bytes, expected) in [
            (JSON.to_owned(), &b"ab"[..], "attachment is cut short"),
            (JSON.to_owned(), b"abcd", "belong to no attachment"),
            (
                JSON.replace("\"v\":1", "\"v\":2"),
                b"abc",
                "another version",
            ),
            (
                JSON.replace("\"size\":3", "\"size\":-3"),
                b"abc",
                "cannot be read",
            ),
            (
                JSON.replace("\"size\":3", "\"size\":18446744073709551615"),
                b"abc",
                "cut short",
            ),
            (
                JSON.replace("\"v\":1", "\"v\":1,\"w\":1"),
                b"abc",
                "cannot be read",
            ),
            (JSON.replace("canary-s", "a\\r\\nBcc: x"), b"abc", "subject"),
            (
                JSON.replace("canary-s", &"s".repeat(MAX_SUBJECT + 1)),
                b"abc",
                "subject",
            ),
            (many, b"", "25 attachments"),
            (text(MAX_TEXT + 1), b"", "1 MiB"),
            ("[".repeat(10_000), b"", "cannot be read"),
            ("{}".to_owned(), b"", "cannot be read"),
            (" ".repeat(MAX_JSON + 1), b"", "too long"),
        ] {
            let text = reason(&write(&json, bytes));
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("canary"));
        }
        let long = Zeroizing::new(vec![0xff; 8]);
        assert!(reason(&long).contains("too long"));
        let large = Zeroizing::new(vec![0; MAX_REPLY + 1]);
        assert!(reason(&large).contains("64 MiB"));
    }
}
