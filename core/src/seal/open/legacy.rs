//! Legacy display elements (RFC 9788 section 5.2.2) in what is opened: text
//! that repeats hidden header fields for older readers is left out again.
//!
//! In HTML the element stays: it carries the class
//! `header-protection-legacy-display`, by which whoever shows it can hide it.

use base64::Engine as _;

use crate::compose::decode_quoted_printable;
use crate::seal::entity::Entity;

const DEPTH: usize = 6;

/// `head`, which ends with a blank line, and `body`, without the elements in
/// its main plain text.
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
    let start = (entity.body.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    match entity.transfer_encoding().as_deref() {
        Ok("base64") => {
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
