//! Messages in files: RFC 5322, MIME, mbox.

use super::walk::Walk;
use super::{Form, Piece};
use crate::base::Part;
use crate::compose::{Embedded, PartContent};
use crate::dlp::view::View;

/// Header fields by which a message is told from other text.
const FIELDS: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "received",
    "return-path",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "delivered-to",
    "x-mailer",
    "user-agent",
    "dkim-signature",
    "sender",
    "in-reply-to",
    "references",
];

/// Without a mark of UTF-8 and blank lines, which mail readers pass over.
pub(super) fn start(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start()
}

/// Whether text begins with the header block of a message. A draft has no
/// `From:`, and a saved page hardly a field of mail: what is encoded is a
/// message by the field that says so, since nobody reads it otherwise.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    let bytes = start(bytes);
    let head = bytes.get(..bytes.len().min(64 * 1024)).unwrap_or_default();
    let (mut known, mut mail, mut encoded) = (0, false, false);
    let mut name = String::new();
    for line in head.split(|b| *b == b'\n').take(200) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if line.starts_with(b"From ") {
            continue;
        }
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if !folded {
            let Some(colon) = line.iter().position(|b| *b == b':') else {
                return false;
            };
            let field = line.get(..colon).unwrap_or_default().trim_ascii_end();
            let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            if !field.iter().all(is_name) {
                return false;
            }
            name = String::from_utf8_lossy(field).to_ascii_lowercase();
            known += usize::from(FIELDS.contains(&name.as_str()));
            mail |= matches!(
                name.as_str(),
                "mime-version" | "content-type" | "received" | "message-id"
            );
        }
        encoded |= FIELDS.contains(&name.as_str()) && is_encoded(&name, line);
    }
    encoded || known >= 3 && mail
}

/// Whether a line of a field says that something is not as it stands: of the
/// body, or of the field itself.
fn is_encoded(name: &str, line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    match name {
        "content-transfer-encoding" => has(&["base64", "quoted-printable", "uue"]),
        "content-type" => has(&["multipart/", "message/", "text/html"]),
        _ => has(&["=?"]) && has(&["?="]),
    }
}

/// Reads a message, or all of a mailbox.
pub(super) fn read(walk: &mut Walk<'_>, bytes: &[u8]) {
    let bytes = start(bytes);
    if !bytes.starts_with(b"From ") {
        return message(walk, bytes);
    }
    // mbox (RFC 4155): each message behind a line `From `.
    let mut starts: Vec<usize> = vec![0];
    let mut from = 0;
    while let Some(at) = super::sniff::find(bytes, b"\nFrom ", from) {
        starts.push(at + 1);
        from = at + 1;
        if starts.len() > walk.budget.entries {
            walk.fail("too_many_entries");
            break;
        }
    }
    starts.push(bytes.len());
    for (n, pair) in starts.windows(2).enumerate() {
        let [start, end] = *pair else { continue };
        if !walk.entry() {
            return;
        }
        let block = bytes.get(start..end).unwrap_or_default();
        let line = block
            .iter()
            .position(|b| *b == b'\n')
            .map_or(block.len(), |n| n + 1);
        let block = block.get(line..).unwrap_or_default();
        walk.inside(
            "senders",
            String::from_utf8_lossy(bytes.get(start..start + line).unwrap_or_default())
                .into_owned(),
        );
        walk.child(&format!("message {}", n + 1), block, "message/rfc822");
    }
}

fn message(walk: &mut Walk<'_>, bytes: &[u8]) {
    // Line ends may make it longer by half, and parts are decoded from it.
    let held = bytes.len();
    if held > walk.budget.held / 2 || !walk.budget.spend(held) {
        walk.fail("too_large");
        return;
    }
    let message = match Embedded::parse(bytes) {
        Ok(message) => message,
        Err(code) => {
            walk.fail(code);
            let (text, _) = super::text::decode(bytes);
            walk.whole(text, Form::Plain);
            return;
        }
    };
    walk.budget.held -= held;
    let mut name = String::new();
    for part in message.parts() {
        if !walk.entry() {
            break;
        }
        let place = match part.part() {
            Part::Subject => "subject",
            Part::Text => "text",
            Part::Html => "html",
            Part::AttachmentName(_) => "file names",
            Part::Attachment(_) => "attachment",
            _ => "other",
        };
        match part.content() {
            PartContent::Text(text) => {
                let text = text.into_inner();
                let joins_lines = part.joins_lines() && text.contains(" \n");
                if place == "file names" {
                    name.clone_from(&text);
                }
                if place == "attachment" {
                    if joins_lines {
                        joined(walk, if name.is_empty() { place } else { &name }, &text);
                    }
                    walk.child(
                        if name.is_empty() { place } else { &name },
                        text.as_bytes(),
                        part.media_type(),
                    );
                    name.clear();
                    continue;
                }
                if !walk.budget.spend(text.len()) {
                    walk.fail("too_large");
                    break;
                }
                match place {
                    "text" | "other" => super::files(walk, &text),
                    "html" => super::enclosed::read_page(walk, &View::html(&text)),
                    _ => {}
                }
                walk.piece(Piece {
                    form: match part.media_type() {
                        "text/html" => Form::Markup,
                        _ => Form::Plain,
                    },
                    text,
                    inside: Some(place.to_owned()),
                    joins_lines,
                    ..Piece::default()
                });
            }
            PartContent::Binary(content) => {
                let content = content.expose();
                if !walk.budget.spend(content.len()) {
                    walk.fail("too_large");
                    break;
                }
                walk.decoded_child(
                    if name.is_empty() { place } else { &name },
                    content,
                    part.media_type(),
                );
                name.clear();
            }
            PartContent::Unreadable(why) => walk.fail(match why {
                // Neither is a code of this room.
                "unsupported_encoding" => "malformed",
                why => why,
            }),
        }
    }
    walk.budget.held += held;
}

/// Gives out a text once more, for what goes over the ends of its lines.
fn joined(walk: &mut Walk<'_>, place: &str, text: &str) {
    if !walk.budget.spend(text.len()) {
        walk.fail("too_large");
        return;
    }
    walk.piece(Piece {
        text: text.to_owned(),
        inside: Some(place.to_owned()),
        aside: true,
        joins_lines: true,
        ..Piece::default()
    });
}
