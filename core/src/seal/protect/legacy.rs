//! Legacy display elements (RFC 9788 section 5.2.2): a hidden subject repeated
//! in the main text, for readers that do not know protected headers.
//!
//! Text is only ever inserted, so that a large message is not copied: in
//! base64 the inserted text has a length that three divides.

use base64::Engine as _;
use zeroize::Zeroizing;

use crate::seal::entity::{ContentType, Entity, offset};

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
        if is_file(&inner) {
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
    // Marked twice it could not be read; and a file stays as it is.
    if is_file(entity) || kind.parameter("hp-legacy-display").is_some() {
        return None;
    }
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
        let at = behind_body_tag(entity.body, &encoding)?;
        return Some(Insertion {
            at: base + at,
            text: within_line(encode(&text, &encoding)?, &encoding),
        });
    }
    None
}

fn is_file(entity: &Entity<'_>) -> bool {
    entity.named("Content-Disposition").any(|field| {
        let value = field.unfolded().to_ascii_lowercase();
        value.starts_with("attachment") || value.contains("filename")
    })
}

/// Quoted-printable text on lines of its own, in the middle of one: lines have
/// 76 characters at most (RFC 2045 section 6.7).
fn within_line(text: Zeroizing<Vec<u8>>, encoding: &str) -> Zeroizing<Vec<u8>> {
    match encoding {
        "quoted-printable" => Zeroizing::new([b"=\r\n", text.as_slice(), b"=\r\n"].concat()),
        _ => text,
    }
}

/// Where the HTML body's content begins: behind `<body …>`, or at the start of
/// a fragment. What looks like the tag in a comment, a script or an attribute
/// is none.
fn behind_body_tag(html: &[u8], encoding: &str) -> Option<usize> {
    // Each decoded octet, and where its written form ends.
    let (text, ends) = head_of(html, encoding);
    let find = |from: usize, what: &[u8]| {
        let rest = text.get(from..)?;
        let at = rest.windows(what.len()).position(|w| w == what)?;
        Some(from + at)
    };
    let (mut at, mut is_document) = (0, false);
    while let Some(open) = find(at, b"<") {
        if text[open..].starts_with(b"<!--") {
            at = find(open + 2, b"-->")? + 3;
            continue;
        }
        let next = text.get(open + 1).copied().unwrap_or_default();
        if !next.is_ascii_alphabetic() && !b"/!?".contains(&next) {
            at = open + 1;
            continue;
        }
        let end = tag_end(&text, open)?;
        let name = &text[open + 1..end - 1];
        let length = name
            .iter()
            .position(|b| b.is_ascii_whitespace() || *b == b'/');
        let name = &name[..length.unwrap_or(name.len())];
        match name {
            b"body" => return ends.get(end - 1).copied(),
            b"html" | b"!doctype" => is_document = true,
            b"script" | b"style" | b"title" | b"textarea" | b"noscript" | b"template" => {
                at = find(end, &[b"</", name].concat())?;
                continue;
            }
            _ => {}
        }
        at = end;
    }
    (!is_document).then_some(0)
}

/// The octets that are searched, in lower case.
fn head_of(html: &[u8], encoding: &str) -> (Vec<u8>, Vec<usize>) {
    let html = &html[..html.len().min(HTML_HEAD)];
    let quoted = encoding == "quoted-printable";
    let (mut text, mut ends) = (Vec::with_capacity(html.len()), Vec::new());
    let mut at = 0;
    while let Some(&byte) = html.get(at) {
        let hex = |i: usize| html.get(at + i).and_then(|b| char::from(*b).to_digit(16));
        let (byte, length) = match (&html[at..], hex(1), hex(2)) {
            ([b'=', b'\r', b'\n', ..], ..) if quoted => {
                at += 3;
                continue;
            }
            ([b'=', ..], Some(a), Some(b)) if quoted => ((a << 4 | b) as u8, 3),
            _ => (byte, 1),
        };
        at += length;
        text.push(byte.to_ascii_lowercase());
        ends.push(at);
    }
    (text, ends)
}

/// Behind the `>` that ends the tag: one in a quoted value does not.
fn tag_end(text: &[u8], open: usize) -> Option<usize> {
    let (mut quote, mut last) = (None, b' ');
    for (at, &byte) in text.iter().enumerate().skip(open) {
        match (quote, byte) {
            (Some(q), _) if q == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') if last == b'=' => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
    }
    None
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
