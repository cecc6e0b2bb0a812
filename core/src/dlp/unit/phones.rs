//! Telephone numbers: the North American plan, and `+` with a country's code.

use super::{Facts, Found, Tape, UnitKind};
use crate::dlp::token::Gap;

/// A number at `at`, which is a digit group, `(` or `+`.
pub(super) fn phone(tape: &Tape<'_>, at: usize) -> Option<Found> {
    match tape.bytes(at) {
        b"+" => plus(tape, at),
        b"(" => parenthesis(tape, at),
        _ => groups(tape, at),
    }
    .map(|found| extension(tape, found))
}

fn len(tape: &Tape<'_>, at: usize) -> usize {
    tape.digits(at).map_or(0, <[u8]>::len)
}

/// Whether `3` digits can be an area code or exchange of the plan.
fn plan(tape: &Tape<'_>, at: usize) -> bool {
    tape.digits(at)
        .and_then(|d| d.first())
        .is_some_and(|b| *b >= b'2')
}

fn found(tape: &Tape<'_>, last: usize, area: usize) -> Found {
    let found = Found::new(last, UnitKind::Phone);
    match plan(tape, area) {
        true => found.with(Facts::NANP),
        false => found,
    }
}

/// Past one `-`, `.`, `/` or blank, or nothing.
fn separator(tape: &Tape<'_>, at: usize) -> Option<usize> {
    match tape.sign(at) {
        Some(b'-' | b'.' | b'/') if tape.close(at + 1) => Some(at + 1),
        Some(_) => None,
        // ` - ` between groups.
        None if tape.bytes(at) == b"-" && tape.close(at) && tape.close(at + 1) => Some(at + 1),
        None => (tape.gap(at) <= Gap::Space).then_some(at),
    }
}

/// `ddd dddd` from `at` on: the token behind it.
fn local(tape: &Tape<'_>, at: usize) -> Option<usize> {
    if len(tape, at) == 7 {
        return Some(at + 1);
    }
    if len(tape, at) != 3 {
        return None;
    }
    let next = separator(tape, at + 1)?;
    (len(tape, next) == 4).then_some(next + 1)
}

/// `(270) 555-0100`.
fn parenthesis(tape: &Tape<'_>, at: usize) -> Option<Found> {
    if len(tape, at + 1) != 3 || tape.sign(at + 2) != Some(b')') {
        return None;
    }
    let next = separator(tape, at + 3).unwrap_or(at + 3);
    let last = local(tape, next)?;
    Some(found(tape, last, at + 1))
}

/// `+1 270 555 0100`, `+44 20 7946 0018`.
fn plus(tape: &Tape<'_>, at: usize) -> Option<Found> {
    if !tape.tight(at + 1) {
        return None;
    }
    if tape.bytes(at + 1) == b"1" {
        let next = separator(tape, at + 2)?;
        if let Some(f) = (tape.bytes(next) == b"(")
            .then(|| parenthesis(tape, next))
            .flatten()
        {
            return Some(f);
        }
        return groups(tape, next);
    }
    let mut total = len(tape, at + 1);
    if total == 0 {
        return None;
    }
    let mut last = at + 2;
    while let Some(next) = separator(tape, last) {
        let n = len(tape, next);
        if n == 0 || total + n > 15 {
            break;
        }
        total += n;
        last = next + 1;
    }
    (8..=15)
        .contains(&total)
        .then(|| Found::new(last, UnitKind::Phone).with(Facts::NANP))
}

/// Groups without a sign before them.
fn groups(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let hangs = at >= 2
        && tape.tight(at)
        && tape.tight(at - 1)
        && matches!(tape.bytes(at - 1), b"-" | b"." | b"/" | b"#" | b"_")
        && tape.get(at - 2).is_some_and(|t| t.has_digit());
    if hangs {
        return None;
    }
    let mut first = at;
    if tape.bytes(at) == b"1" {
        let next = separator(tape, at + 1)?;
        if tape.bytes(next) == b"(" {
            return parenthesis(tape, next);
        }
        if len(tape, next) == 3 {
            first = next;
        }
    }
    if len(tape, first) != 3 {
        return None;
    }
    let next = separator(tape, first + 1)?;
    if let Some(last) = local(tape, next).filter(|last| ends(tape, *last)) {
        return plan(tape, first).then(|| found(tape, last, first));
    }
    // `555-0142`: seven digits, with a hyphen or a point.
    let signed = matches!(tape.sign(first + 1), Some(b'-' | b'.'));
    (signed && first == at && len(tape, next) == 4 && plan(tape, first) && ends(tape, next + 1))
        .then(|| Found::new(next + 1, UnitKind::Phone))
}

/// Whether no digits hang on behind.
fn ends(tape: &Tape<'_>, last: usize) -> bool {
    let hangs = matches!(tape.sign(last), Some(b'-' | b'/' | b'.' | b'_'))
        && tape.tight(last + 1)
        && tape.get(last + 1).is_some_and(|t| t.has_digit());
    !hangs
}

/// `x123`, `ext. 123`.
fn extension(tape: &Tape<'_>, mut found: Found) -> Found {
    let at = found.last;
    if !tape.close(at) {
        return found;
    }
    let bytes = tape.bytes(at);
    let fused = matches!(bytes.first(), Some(b'x' | b'X'))
        && (2..=6).contains(&bytes.len())
        && bytes[1..].iter().all(u8::is_ascii_digit);
    if fused {
        found.last = at + 1;
    } else if tape.is_any(at, &["ext", "x", "extension"]) {
        let next = at + 1 + usize::from(tape.sign(at + 1) == Some(b'.'));
        if (1..=5).contains(&len(tape, next)) && tape.close(next) {
            found.last = next + 1;
        }
    }
    found
}
