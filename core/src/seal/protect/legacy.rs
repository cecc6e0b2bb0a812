//! Legacy display elements (RFC 9788 section 5.2.2): a hidden subject repeated
//! in the main text, for readers that do not know protected headers.
//!
//! Text is only ever inserted, so that a large message is not copied: in
//! base64 the inserted text has a length that three divides.

use base64::Engine as _;
use zeroize::Zeroizing;

use crate::seal::entity::{ContentType, Entity};

/// Text to be inserted into a body.
#[derive(Clone)]
pub(super) struct Insertion {
    /// Where, in octets from the body's start.
    pub(super) at: usize,
    pub(super) text: Zeroizing<Vec<u8>>,
}

/// How deep main text parts are looked for.
const DEPTH: usize = 6;
/// The part of an HTML text that is searched for its body element.
const HTML_HEAD: usize = 64 * 1024;

/// What to insert into `entity`'s body so that its main text parts show the
/// subject. Where the entity itself is the text, its head, already written to
/// `head`, gets the mark.
pub(super) fn insertions(
    entity: &Entity<'_>,
    kind: &ContentType,
    subject: &str,
    head: &mut Vec<u8>,
) -> Vec<Insertion> {
    let mut found = Vec::new();
    if kind.media_type.starts_with("multipart/") {
        walk(entity, kind, entity.body, subject, DEPTH, &mut found);
    } else if let Some(insertion) = display(entity, kind, entity.body, subject) {
        // Behind the last parameter of the Content-Type that was just written.
        let mark = b"hp=\"cipher\"";
        let place = head.windows(mark.len()).rposition(|w| w == mark);
        if let Some(place) = place {
            let at = place + mark.len();
            head.splice(at..at, b"; hp-legacy-display=\"1\"".iter().copied());
            found.push(insertion);
        }
    }
    found
}

/// The main parts of a multipart: the first of mixed, related and signed, all
/// of alternative.
fn walk(
    entity: &Entity<'_>,
    kind: &ContentType,
    body: &[u8],
    subject: &str,
    depth: usize,
    found: &mut Vec<Insertion>,
) {
    // A signature's octets must stay, and what stands deeper is no main text.
    if depth == 0 || kind.is("multipart/signed") || kind.is("multipart/encrypted") {
        return;
    }
    let Ok(parts) = entity.parts(kind) else {
        return;
    };
    let many = kind.is("multipart/alternative");
    for part in parts.into_iter().take(if many { 8 } else { 1 }) {
        let Ok(inner) = Entity::read(part) else {
            continue;
        };
        let Ok(inner_kind) = inner.content_type() else {
            continue;
        };
        let attached = inner.named("Content-Disposition").any(|f| {
            let value = f.unfolded().to_ascii_lowercase();
            value.starts_with("attachment")
        });
        if attached {
            continue;
        }
        if inner_kind.media_type.starts_with("multipart/") {
            walk(&inner, &inner_kind, body, subject, depth - 1, found);
            continue;
        }
        let typed = inner.named("Content-Type").next();
        let shown = display(&inner, &inner_kind, body, subject);
        if let (Some(typed), Some(shown)) = (typed, shown) {
            let value = typed.value().trim_ascii_end();
            found.push(Insertion {
                at: offset(body, value) + value.len(),
                text: Zeroizing::new(b";\r\n hp-legacy-display=\"1\"".to_vec()),
            });
            found.push(shown);
        }
    }
}

/// What shows the subject in one text part; `None` where it has no place or
/// the part's charset cannot write it.
fn display(
    entity: &Entity<'_>,
    kind: &ContentType,
    body: &[u8],
    subject: &str,
) -> Option<Insertion> {
    let charset = kind.parameter("charset").unwrap_or("us-ascii");
    let utf8 = charset.eq_ignore_ascii_case("utf-8");
    let ascii = ["us-ascii", "iso-8859-1", "windows-1252", "iso-8859-15"];
    let subject = decoded(subject);
    if !(utf8 || subject.is_ascii() && ascii.iter().any(|a| charset.eq_ignore_ascii_case(a))) {
        return None;
    }
    let base = offset(body, entity.body);
    let encoding = entity.transfer_encoding().ok()?;
    if kind.is("text/plain") {
        let text = format!("Subject: {subject}\r\n\r\n");
        return Some(Insertion {
            at: base,
            text: encode(&text, &encoding)?,
        });
    }
    if kind.is("text/html") && encoding != "base64" {
        let text = format!(
            "<div class=\"header-protection-legacy-display\"><pre>Subject: {}</pre></div>",
            escape(&subject)
        );
        let at = behind_body_tag(entity.body)?;
        return Some(Insertion {
            at: base + at,
            text: encode(&text, &encoding)?,
        });
    }
    None
}

/// Where the HTML body's content begins: behind `<body …>`, or at the start of
/// a fragment.
fn behind_body_tag(html: &[u8]) -> Option<usize> {
    let head = html[..html.len().min(HTML_HEAD)].to_ascii_lowercase();
    let find = |what: &[u8]| head.windows(what.len()).position(|w| w == what);
    match find(b"<body") {
        Some(tag) => head[tag..]
            .iter()
            .position(|&b| b == b'>')
            .map(|end| tag + end + 1),
        None if find(b"<html").is_none() && find(b"<!doctype").is_none() => Some(0),
        None => None,
    }
}

fn encode(text: &str, encoding: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::new());
    match encoding {
        "7bit" if !text.is_ascii() => return None,
        "7bit" | "8bit" | "binary" if text.lines().all(|l| l.len() <= 900) => {
            out.extend_from_slice(text.as_bytes());
        }
        "quoted-printable" => {
            let mut column = 0;
            for &byte in text.as_bytes() {
                let soft = column >= 70;
                match byte {
                    b'\r' => continue,
                    b'\n' => {
                        out.extend_from_slice(b"\r\n");
                        column = 0;
                        continue;
                    }
                    _ if soft => {
                        out.extend_from_slice(b"=\r\n");
                        column = 0;
                    }
                    _ => {}
                }
                if (33..=126).contains(&byte) && byte != b'=' || byte == b' ' && column < 69 {
                    out.push(byte);
                    column += 1;
                } else {
                    out.extend_from_slice(format!("={byte:02X}").as_bytes());
                    column += 3;
                }
            }
        }
        "base64" => {
            // Blanks behind the subject make the length one that three
            // divides: then the encoded text behind it can follow.
            let line = text.strip_suffix("\r\n\r\n")?;
            let blanks = (3 - text.len() % 3) % 3;
            let padded = Zeroizing::new(format!("{line}{}\r\n\r\n", " ".repeat(blanks)));
            let engine = base64::engine::general_purpose::STANDARD;
            let encoded = Zeroizing::new(engine.encode(padded.as_bytes()));
            for line in encoded.as_bytes().chunks(76) {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
        }
        _ => return None,
    }
    Some(out)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The subject as a person reads it, on one line.
fn decoded(subject: &str) -> String {
    crate::compose::decoded_text(subject)
}

/// Where `piece`, a slice of `whole`, begins in it.
fn offset(whole: &[u8], piece: &[u8]) -> usize {
    (piece.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}
