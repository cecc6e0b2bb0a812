//! Legacy display elements (RFC 9788 section 5.2.2) in what is opened: text
//! that repeats hidden header fields for older readers is left out again.
//!
//! So are the parameters that say how the payload was protected. They hold
//! for what was sealed: who took them at their word later would leave out a
//! second paragraph, and sealing such a message again would write them twice.
//!
//! In HTML the element stays: it carries the class
//! `header-protection-legacy-display`, by which whoever shows it can hide it.

use base64::Engine as _;

use crate::compose::decode_quoted_printable;
use crate::seal::entity::{Entity, offset};

const DEPTH: usize = 6;
/// An element is looked for in so much of a base64 body.
const ELEMENT: usize = 64 * 1024;
/// What stands in the Content-Type of a part that holds an element, and of a
/// payload (RFC 9788 sections 2.1 and 2.1.2; the last is older than it).
const PARAMETERS: [&str; 3] = ["hp-legacy-display", "hp", "protected-headers"];

/// `head`, which ends with a blank line, and `body`, without the parameters
/// and without the elements in plain text.
pub(super) fn remove(head: &[u8], body: &[u8]) -> Vec<u8> {
    let mut cuts = Vec::new();
    let whole = [head, body].concat();
    find(&whole, &whole, DEPTH, &mut cuts);
    if cuts.is_empty() {
        return whole;
    }
    let mut out = Vec::with_capacity(whole.len());
    let mut at = 0;
    for (start, end, instead) in cuts {
        out.extend_from_slice(&whole[at..start]);
        out.extend_from_slice(&instead);
        at = end;
    }
    out.extend_from_slice(&whole[at..]);
    out
}

fn find(raw: &[u8], whole: &[u8], depth: usize, cuts: &mut Vec<(usize, usize, Vec<u8>)>) {
    let Ok(entity) = Entity::read(raw) else {
        return;
    };
    let Ok(kind) = entity.content_type() else {
        return;
    };
    // The others say something of a payload only, and a part may be a payload
    // that somebody else protected.
    let names = if depth == DEPTH {
        &PARAMETERS[..]
    } else {
        &PARAMETERS[..1]
    };
    forget(&entity, names, whole, cuts);
    if kind.media_type.starts_with("multipart/") {
        // The octets under a signature stay.
        if depth > 0 && !kind.is("multipart/signed") {
            for part in entity.parts(&kind).unwrap_or_default() {
                find(part, whole, depth - 1, cuts);
            }
        }
        return;
    }
    if !kind.is("text/plain") || !kind.says("hp-legacy-display", "1") {
        return;
    }
    let start = offset(whole, entity.body);
    match entity.transfer_encoding().as_deref() {
        Ok("base64") => {
            if let Some(lines) = encoded_element(entity.body) {
                cuts.push((start, start + lines, Vec::new()));
                return;
            }
            let Ok(text) = entity.decoded_body() else {
                return;
            };
            if let Some(blank) = blank_line(&text) {
                let rest = base64::engine::general_purpose::STANDARD.encode(&text[blank..]);
                let mut instead = Vec::with_capacity(rest.len() + rest.len() / 38);
                for line in rest.as_bytes().chunks(76) {
                    instead.extend_from_slice(line);
                    instead.extend_from_slice(b"\r\n");
                }
                cuts.push((start, start + entity.body.len(), instead));
            }
        }
        Ok("7bit" | "8bit" | "binary" | "quoted-printable") => {
            if let Some(blank) = blank_line(entity.body) {
                cuts.push((start, start + blank, Vec::new()));
            }
        }
        _ => {}
    }
}

/// Cuts the parameters out of an entity's Content-Type.
fn forget(
    entity: &Entity<'_>,
    names: &[&str],
    whole: &[u8],
    cuts: &mut Vec<(usize, usize, Vec<u8>)>,
) {
    let Some(field) = entity.named("Content-Type").next() else {
        return;
    };
    let value = field.value();
    let base = offset(whole, value);
    let mut quoted = false;
    let mut escaped = false;
    let mut start = None;
    // From one semicolon to the next one that stands in no quotes. In comments
    // none of this is ours to find.
    for (at, &byte) in value.iter().chain(b";").enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'(' if !quoted => return,
            b';' if !quoted => {
                if let Some(start) = start.filter(|&start| is_one(&value[start..at], names)) {
                    cuts.push((base + start, base + at, Vec::new()));
                }
                start = Some(at);
            }
            _ => {}
        }
    }
}

/// Whether a piece, its semicolon first, is one of these parameters.
fn is_one(piece: &[u8], names: &[&str]) -> bool {
    let text = String::from_utf8_lossy(piece);
    text.trim_start_matches(';')
        .split_once('=')
        .is_some_and(|(name, _)| {
            let name = name.trim();
            names.iter().any(|p| name.eq_ignore_ascii_case(p))
        })
}

/// The length of an element that fills whole lines of base64, as this library
/// writes it: then what follows stays as it is encoded.
fn encoded_element(body: &[u8]) -> Option<usize> {
    let mut text = Vec::new();
    let mut at = 0;
    while at < body.len().min(ELEMENT) {
        let line = crate::seal::entity::line_length(&body[at..]);
        let encoded = body[at..at + line].trim_ascii();
        base64::engine::general_purpose::STANDARD
            .decode_vec(encoded, &mut text)
            .ok()?;
        at += line;
        match blank_line(&text) {
            Some(end) if end == text.len() => return Some(at),
            // It ends within a line, or with a padded one.
            Some(_) => return None,
            None if encoded.ends_with(b"=") => return None,
            None => {}
        }
    }
    None
}

/// Where the text behind the first blank line begins.
fn blank_line(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let line = crate::seal::entity::line_length(&text[at..]);
        if text[at..at + line].trim_ascii().is_empty() {
            return Some(at + line);
        }
        at += line;
    }
    None
}

/// A leaf's content, its transfer encoding undone.
pub(super) fn decoded(entity: &Entity<'_>) -> Option<Vec<u8>> {
    if entity.transfer_encoding().ok()? == "quoted-printable" {
        return decode_quoted_printable(entity.body);
    }
    entity.decoded_body().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(head: &str, body: &str) -> String {
        String::from_utf8(remove(head.as_bytes(), body.as_bytes())).unwrap_or_default()
    }

    #[test]
    fn parameters_of_protection_go_and_others_stay() {
        assert_eq!(
            removed(
                "Content-Type: multipart/mixed; name=\"a; hp=\\\"x\\\"\"; HP=\"cipher\"; x=1;\r\n \
                 protected-headers=\"v1\"; boundary=b; hp-legacy-display=1\r\n\r\n",
                "--b\r\nContent-Type: text/html;\r\n hp-legacy-display=\"1\"; hp=clear\r\n\r\n<p>\r\n--b--\r\n"
            ),
            "Content-Type: multipart/mixed; name=\"a; hp=\\\"x\\\"\"; x=1; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/html; hp=clear\r\n\r\n<p>\r\n--b--\r\n"
        );
        let plain = "Content-Type: text/plain (hp=1; hp=2)\r\n\r\n";
        assert_eq!(removed(plain, "x"), format!("{plain}x"));
    }

    #[test]
    fn base64_behind_an_element_of_whole_lines_stays_as_it_is() {
        let head = "Content-Type: text/plain; hp-legacy-display=\"1\"\r\n\
                    Content-Transfer-Encoding: base64\r\n\r\n";
        let kept = "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        // "Subject: [...]", a blank line; and what follows is cut off.
        assert_eq!(
            removed(head, "U3ViamVjdDogWy4uLl0NCg0K\r\naGVsb\r\n"),
            format!("{kept}aGVsb\r\n")
        );
        // The same in one line with "hello".
        assert_eq!(
            removed(head, "U3ViamVjdDogWy4uLl0NCg0KaGVsbG8=\r\n"),
            format!("{kept}aGVsbG8=\r\n")
        );
    }
}
