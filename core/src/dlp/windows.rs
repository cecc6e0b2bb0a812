//! A text of any length, read in windows of tokens.

use super::token::{Gap, Token, tokens};

/// Bytes that are read at a time, and how far is looked beyond them.
const WINDOW: usize = 64 * 1024;
const BEYOND: usize = 1024;

/// Calls `read` with the tokens of each window and where the window starts and
/// ends. Some tokens behind its end belong to the next one: they are there so
/// that what starts before the end can be read whole. `read` says whether to
/// go on.
pub(super) fn each(text: &[u8], mut read: impl FnMut(&[Token], usize, usize) -> bool) {
    let mut all = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let end = cut(text, from, WINDOW);
        let beyond = cut(text, end, BEYOND);
        all.clear();
        tokens(text, from, beyond, &mut all);
        if let Some(first) = all.first_mut() {
            first.gap = gap_before(text, first.start as usize);
        }
        if !read(&all, from, end) {
            return;
        }
        from = end;
    }
}

/// Where a window that starts at `from` ends: behind a blank, if it has one.
fn cut(text: &[u8], from: usize, length: usize) -> usize {
    if text.len() - from <= length {
        return text.len();
    }
    let window = text.get(from..from + length).unwrap_or_default();
    let blank = window.iter().rposition(u8::is_ascii_whitespace);
    from + blank.map_or(length, |n| n + 1)
}

fn gap_before(text: &[u8], start: usize) -> Gap {
    let before = text.get(..start).unwrap_or_default();
    let blanks = before
        .iter()
        .rev()
        .take(16)
        .take_while(|b| b.is_ascii_whitespace());
    let (lines, count) = blanks.fold((0, 0), |(lines, n), b| {
        (lines + usize::from(*b == b'\n'), n + 1)
    });
    match (lines, count) {
        _ if count == before.len() => Gap::Paragraph,
        (0, 0) => Gap::None,
        (0, 1) => Gap::Space,
        (0, _) => Gap::Column,
        (1, _) => Gap::Line,
        _ => Gap::Paragraph,
    }
}
