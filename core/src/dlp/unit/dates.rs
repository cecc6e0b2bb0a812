//! Dates, times and ages.

use super::codes::SCHEMES;
use super::{Facts, Found, Tape, UnitKind};
use crate::dlp::token::{Gap, Shape, hash};

const MONTHS: &[&str] = &[
    "jan",
    "january",
    "feb",
    "february",
    "mar",
    "march",
    "apr",
    "april",
    "may",
    "jun",
    "june",
    "jul",
    "july",
    "aug",
    "august",
    "sep",
    "sept",
    "september",
    "oct",
    "october",
    "nov",
    "november",
    "dec",
    "december",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

const WEEKDAYS: &[&str] = &[
    "mon",
    "monday",
    "tue",
    "tues",
    "tuesday",
    "wed",
    "weds",
    "wednesday",
    "thu",
    "thur",
    "thurs",
    "thursday",
    "fri",
    "friday",
    "sat",
    "saturday",
    "sun",
    "sunday",
    "lunes",
    "martes",
    "miercoles",
    "jueves",
    "viernes",
    "sabado",
    "domingo",
];

/// Words by their hashes.
const fn hashes<const N: usize>(words: &[&str]) -> [u32; N] {
    let mut all = [0; N];
    let mut n = 0;
    while n < N {
        all[n] = hash(words[n].as_bytes());
        n += 1;
    }
    all
}

const MONTH_HASHES: [u32; MONTHS.len()] = hashes(MONTHS);
const WEEKDAY_HASHES: [u32; WEEKDAYS.len()] = hashes(WEEKDAYS);

/// One bit for 12 bits of each hash of a word that starts a date or a link.
const STARTS: [u64; 64] = {
    const fn add(mut bits: [u64; 64], hashes: &[u32]) -> [u64; 64] {
        let mut n = 0;
        while n < hashes.len() {
            bits[(hashes[n] >> 26) as usize] |= 1 << (hashes[n] >> 20 & 63);
            n += 1;
        }
        bits
    }
    add(add(add([0; 64], &MONTH_HASHES), &WEEKDAY_HASHES), &SCHEMES)
};

/// Whether a word may be a month, a day of the week or the start of a link:
/// almost all others are told by this alone.
#[inline]
pub(in crate::dlp) fn may_start(hash: u32) -> bool {
    STARTS[(hash >> 26) as usize] >> (hash >> 20 & 63) & 1 != 0
}

fn is_month(tape: &Tape<'_>, at: usize) -> bool {
    tape.get(at).is_some_and(|t| {
        may_start(t.hash) && t.is_word() && t.end - t.start <= 10 && MONTH_HASHES.contains(&t.hash)
    })
}

fn is_weekday(tape: &Tape<'_>, at: usize) -> bool {
    tape.get(at).is_some_and(|t| {
        may_start(t.hash) && t.is_word() && t.end - t.start <= 9 && WEEKDAY_HASHES.contains(&t.hash)
    })
}

fn year(tape: &Tape<'_>, at: usize) -> Option<u32> {
    let number = tape.number(at)?;
    match tape.digits(at)?.len() {
        4 if (1850..=2099).contains(&number) => Some(number),
        _ => None,
    }
}

fn short_year(tape: &Tape<'_>, at: usize) -> bool {
    tape.digits(at).is_some_and(|d| d.len() == 2) || year(tape, at).is_some()
}

fn day(tape: &Tape<'_>, at: usize) -> bool {
    tape.digits(at).is_some_and(|d| d.len() <= 2)
        && tape.number(at).is_some_and(|n| (1..=31).contains(&n))
}

fn month_number(tape: &Tape<'_>, at: usize) -> bool {
    day(tape, at) && tape.number(at).is_some_and(|n| n <= 12)
}

/// `3rd`, `14th`.
fn ordinal_day(tape: &Tape<'_>, at: usize) -> bool {
    let bytes = tape.bytes(at);
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    (1..=2).contains(&digits)
        && bytes.get(digits..).is_some_and(|s| {
            ["st", "nd", "rd", "th"]
                .iter()
                .any(|o| s.eq_ignore_ascii_case(o.as_bytes()))
        })
        && bytes[..digits]
            .iter()
            .fold(0u32, |n, d| n * 10 + u32::from(d - b'0'))
            <= 31
}

/// A date that starts with a number.
pub(super) fn date(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let token = tape.get(at)?;
    if token.shape == Shape::Alnum {
        return compact_time(tape, at)
            .or_else(|| fused(tape, at))
            .or_else(|| {
                if !ordinal_day(tape, at) {
                    return None;
                }
                day_then_month(tape, at)
            });
    }
    // Of other lengths is no day, month or year.
    match token.end - token.start {
        1 | 2 => numeric(tape, at)
            .or_else(|| day_then_month(tape, at))
            .or_else(|| time(tape, at)),
        4 => numeric(tape, at),
        8 | 12 | 14 => compact(tape, at),
        _ => None,
    }
}

/// The same without the look at how long the number is.
#[cfg(test)]
pub(super) fn date_whole(tape: &Tape<'_>, at: usize) -> Option<Found> {
    match tape.get(at)?.shape {
        Shape::Digits => numeric(tape, at)
            .or_else(|| day_then_month(tape, at))
            .or_else(|| compact(tape, at))
            .or_else(|| time(tape, at)),
        _ => date(tape, at),
    }
}

/// `3/14/1958`, `14.03.58`, `1958-03-14`, `2/26`.
fn numeric(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let sign = tape.sign(at + 1)?;
    // Behind another date, from which a dash parts it: `5/7/25-8/5/25`.
    let range = |at: usize| sign != b'-' && at >= 4 && tape.sign(at - 1) == Some(b'-');
    let behind = range(at) && tape.sign(at - 3) == Some(sign);
    if !matches!(sign, b'/' | b'-' | b'.') || !tape.tight(at + 2) || (preceded(tape, at) && !behind)
    {
        return None;
    }
    let third = tape.sign(at + 3) == Some(sign) && tape.tight(at + 4);
    let stop = |last: usize| {
        // A longer chain of numbers is something else.
        let more = matches!(tape.sign(last), Some(b'-' | b'/'))
            && tape.tight(last + 1)
            && tape.get(last + 1).is_some_and(|t| t.shape == Shape::Digits);
        !more || (range(last + 1) && tape.sign(last + 2) == Some(sign))
    };
    if third {
        let first_year =
            year(tape, at).is_some() && month_number(tape, at + 2) && day_part(tape, at + 4);
        let last_year = day(tape, at)
            && day(tape, at + 2)
            && (month_number(tape, at) || month_number(tape, at + 2))
            && short_year(tape, at + 4);
        if (first_year || last_year) && stop(at + 5) {
            let dummy = tape.bytes(at).len() + tape.bytes(at + 4).len() > 4
                && (tape.is(at + 4, "1900") || tape.is(at, "1900"));
            let mut found = with_time(tape, Found::new(at + 5, UnitKind::Date).with(Facts::YEAR));
            if dummy {
                found.facts.set(Facts::DUMMY_DATE);
            }
            return Some(found);
        }
        // `12-MAR-2025`
        return None;
    }
    if sign == b'-' || sign == b'/' {
        // `12-MAR` with a month's name is read by its own.
        let month_day = month_number(tape, at) && day(tape, at + 2);
        let month_year = sign == b'/' && month_number(tape, at) && year(tape, at + 2).is_some();
        if sign == b'/' && (month_day || month_year) && stop(at + 3) {
            let facts = if month_year {
                Facts::YEAR
            } else {
                Facts::default()
            };
            return Some(Found::new(at + 3, UnitKind::Date).with(facts));
        }
    }
    None
}

/// `14T10`: the day of an ISO time may carry its time.
fn day_part(tape: &Tape<'_>, at: usize) -> bool {
    day(tape, at) || {
        let bytes = tape.bytes(at);
        bytes.len() >= 5
            && bytes[..2].iter().all(u8::is_ascii_digit)
            && matches!(bytes[2], b'T' | b't')
            && bytes[3..].iter().all(u8::is_ascii_digit)
    }
}

/// An ISO time right behind a date belongs to it.
fn with_time(tape: &Tape<'_>, mut found: Found) -> Found {
    if tape.bytes(found.last - 1).len() >= 5
        && tape
            .get(found.last - 1)
            .is_some_and(|t| t.shape == Shape::Alnum)
    {
        let mut last = found.last;
        while matches!(tape.sign(last), Some(b':' | b'.' | b'+' | b'-'))
            && tape.tight(last + 1)
            && tape.get(last + 1).is_some_and(|t| t.has_digit())
            && last < found.last + 8
        {
            last += 2;
        }
        found.last = last;
    }
    found
}

/// Whether the number hangs on another by a sign, as in `24-1-0617`.
fn preceded(tape: &Tape<'_>, at: usize) -> bool {
    at >= 2
        && tape.tight(at)
        && matches!(tape.bytes(at - 1), b"-" | b"/" | b".")
        && tape.tight(at - 1)
        && tape.get(at - 2).is_some_and(|t| t.has_digit())
}

/// `19580314`.
fn compact(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let digits = tape.digits(at)?;
    if !matches!(digits.len(), 8 | 12 | 14) || preceded(tape, at) {
        return None;
    }
    // A number that goes on: `20250211-004417`, but not `20250211-20250228`.
    let more = digits.len() == 8
        && matches!(tape.sign(at + 1), Some(b'-' | b'_'))
        && tape.tight(at + 2)
        && tape.digits(at + 2).is_some()
        && !tape.digits(at + 2).is_some_and(valid_compact);
    if more {
        return None;
    }
    valid_compact(digits).then(|| Found::new(at + 1, UnitKind::Date).with(Facts::YEAR))
}

fn valid_compact(digits: &[u8]) -> bool {
    if digits.len() < 8 {
        return false;
    }
    let value = |r: std::ops::Range<usize>| {
        digits
            .get(r)
            .unwrap_or_default()
            .iter()
            .fold(0u32, |n, d| n * 10 + u32::from(d.wrapping_sub(b'0')))
    };
    (1900..=2099).contains(&value(0..4))
        && (1..=12).contains(&value(4..6))
        && (1..=31).contains(&value(6..8))
        && (digits.len() < 12 || value(8..10) < 24 && value(10..12) < 60)
}

/// `20260219T143000`, `20260219T143000Z`.
fn compact_time(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let bytes = tape.bytes(at);
    let fits = (13..=16).contains(&bytes.len())
        && bytes[..8].iter().all(u8::is_ascii_digit)
        && matches!(bytes[8], b'T' | b't')
        && valid_compact(&bytes[..8])
        && bytes[9..13].iter().all(u8::is_ascii_digit);
    fits.then(|| Found::new(at + 1, UnitKind::Date).with(Facts::YEAR))
}

/// `14SEP2021`, `05mar24`.
fn fused(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let bytes = tape.bytes(at);
    let day = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = bytes.get(day..)?;
    let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let year = rest.get(letters..)?;
    let month = rest.get(..letters)?;
    let fits = (1..=2).contains(&day)
        && (3..=9).contains(&letters)
        && matches!(year.len(), 2 | 4)
        && year.iter().all(u8::is_ascii_digit)
        && MONTHS
            .iter()
            .any(|m| month.eq_ignore_ascii_case(m.as_bytes()));
    fits.then(|| Found::new(at + 1, UnitKind::Date).with(Facts::YEAR))
}

/// `14 March 1958`, `8 Dec`, `3rd of May`, `12-MAR-2025`.
fn day_then_month(tape: &Tape<'_>, at: usize) -> Option<Found> {
    if !(day(tape, at) || ordinal_day(tape, at)) {
        return None;
    }
    let mut next = at + 1;
    if matches!(tape.sign(next), Some(b'-' | b'/' | b'.'))
        || tape.is_any(next, &["of", "de"]) && tape.close(next)
    {
        next += 1;
    }
    if !is_month(tape, next) || !tape.close(next) {
        return None;
    }
    // `may` and `mar` in lower case are words first.
    if tape.get(next)?.shape == Shape::Lower
        && tape.is_any(next, &["may", "mar"])
        && next == at + 1
        && !ordinal_day(tape, at)
    {
        return None;
    }
    let mut last = next + 1;
    if matches!(tape.sign(last), Some(b'.')) && tape.close(last + 1) {
        last += 1;
    }
    Some(year_behind(tape, last, next + 1, UnitKind::Date))
}

/// A year behind `from`, with a comma, sign or "de" between.
fn year_behind(tape: &Tape<'_>, from: usize, least: usize, kind: UnitKind) -> Found {
    let mut next = from;
    let mut comma = false;
    if matches!(tape.sign(next), Some(b',' | b'-' | b'/')) {
        comma = true;
        next += 1;
    } else if tape.is_any(next, &["de", "of"]) {
        next += 1;
    }
    let apostrophe = tape.bytes(next) == b"'";
    if apostrophe {
        next += 1;
    }
    let full = year(tape, next).is_some();
    let short = (apostrophe || comma && tape.tight(next))
        && tape.digits(next).is_some_and(|d| d.len() == 2);
    if (full || short && tape.sign(next + 1) != Some(b':')) && tape.gap(next) <= Gap::Line {
        return Found::new(next + 1, kind).with(Facts::YEAR);
    }
    Found::new(least, kind)
}

/// A date that starts with a word: a weekday or a month.
pub(super) fn worded(tape: &Tape<'_>, at: usize) -> Option<Found> {
    if is_weekday(tape, at) {
        let mut next = at + 1;
        for sign in [b'.', b','] {
            if tape.sign(next) == Some(sign) {
                next += 1;
            }
        }
        if tape.is(next, "the") && tape.close(next) {
            next += 1;
        }
        if tape.gap(next) <= Gap::Line {
            let behind = if is_month(tape, next) {
                month_then_day(tape, next)
            } else {
                numeric(tape, next)
                    .or_else(|| day_then_month(tape, next))
                    .or_else(|| {
                        ordinal_day(tape, next).then(|| Found::new(next + 1, UnitKind::Date))
                    })
            };
            if let Some(found) = behind.filter(|f| f.kind == UnitKind::Date) {
                return Some(found);
            }
        }
        let lower = tape.get(at)?.shape == Shape::Lower;
        if lower && tape.is_any(at, &["mon", "sun", "sat", "wed", "fri"]) {
            return None;
        }
        return Some(Found::new(at + 1, UnitKind::Weekday));
    }
    if is_month(tape, at) {
        return month_then_day(tape, at);
    }
    None
}

/// `March 14, 1958`, `Mar. 14`, `March 1958`, `March`.
fn month_then_day(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let mut next = at + 1;
    let lower = tape.get(at)?.shape == Shape::Lower;
    let ambiguous = tape.is_any(at, &["may", "mar", "march"]);
    if matches!(tape.sign(next), Some(b'.' | b'-' | b'/')) {
        next += 1;
    }
    if tape.is(next, "the") && tape.close(next) {
        next += 1;
    }
    let near = tape.gap(next) <= Gap::Line;
    if near
        && (day(tape, next) || ordinal_day(tape, next))
        && tape.sign(next + 1) != Some(b':')
        && !(tape.sign(next + 1) == Some(b'.')
            && tape.digits(next + 2).is_some()
            && tape.tight(next + 2))
        && !(lower && ambiguous && !ordinal_day(tape, next) && tape.is(at, "may"))
    {
        return Some(year_behind(tape, next + 1, next + 1, UnitKind::Date));
    }
    if near && year(tape, next).is_some() {
        return Some(Found::new(next + 1, UnitKind::Month).with(Facts::YEAR));
    }
    if tape.sign(at + 1) == Some(b',') && year(tape, at + 2).is_some() {
        return Some(Found::new(at + 3, UnitKind::Month).with(Facts::YEAR));
    }
    // A short form alone (`Mar`, `Jan`) is as often a name.
    let full = tape.bytes(at).len() > 3;
    (full && !lower || tape.is(at, "may") && tape.get(at)?.shape == Shape::Title)
        .then(|| Found::new(at + 1, UnitKind::Month))
}

/// `14:30`, `2:20 PM`, `8am`.
fn time(tape: &Tape<'_>, at: usize) -> Option<Found> {
    if tape.number(at)? >= 24 || tape.digits(at)?.len() > 2 {
        return None;
    }
    let mut last = at + 1;
    if tape.sign(last) == Some(b':')
        && tape.tight(last + 1)
        && tape.digits(last + 1).is_some_and(|d| d.len() == 2)
        && tape.number(last + 1).is_some_and(|n| n < 60)
    {
        last += 2;
        if tape.sign(last) == Some(b':')
            && tape.tight(last + 1)
            && tape.number(last + 1).is_some_and(|n| n < 60)
        {
            last += 2;
        }
    }
    let half = tape.close(last) && tape.is_any(last, &["am", "pm", "a", "p"]);
    if half && tape.is_any(last, &["am", "pm"]) {
        return Some(Found::new(last + 1, UnitKind::Time));
    }
    (last > at + 1).then(|| Found::new(last, UnitKind::Time))
}

/// `94-year-old`, `94 yo`, `94 years old`, `90th`, `94F`.
pub(super) fn age(tape: &Tape<'_>, at: usize) -> Option<Found> {
    let bytes = tape.bytes(at);
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=3).contains(&digits) || preceded(tape, at) {
        return None;
    }
    let value = bytes[..digits]
        .iter()
        .fold(0u32, |n, d| n * 10 + u32::from(d - b'0'));
    let facts = match value {
        90..=120 => Facts::OVER_89,
        0..=89 => Facts::default(),
        _ => return None,
    };
    let end = Some(tape.start(at) + digits);
    let found = |last| {
        Some(Found {
            last,
            kind: UnitKind::Age,
            facts,
            end,
        })
    };
    let suffix = &bytes[digits..];
    let is = |w: &[&str], b: &[u8]| w.iter().any(|w| b.eq_ignore_ascii_case(w.as_bytes()));
    if is(
        &[
            "yo", "yof", "yom", "yrs", "y", "th", "st", "nd", "rd", "s", "f", "m", "yr",
        ],
        suffix,
    ) && !suffix.is_empty()
    {
        let ordinal = is(&["th", "st", "nd", "rd", "s"], suffix);
        if ordinal {
            // Ordinals are ages where a person is 90 or more.
            let end = Some(tape.start(at) + bytes.len());
            return (value >= 90).then_some(Found {
                last: at + 1,
                kind: UnitKind::Age,
                facts,
                end,
            });
        }
        return found(at + 1);
    }
    if !suffix.is_empty() {
        return None;
    }
    let mut next = at + 1;
    if tape.sign(next) == Some(b'-') {
        next += 1;
    }
    if !tape.close(next) {
        return None;
    }
    if tape.is_any(next, &["yo", "y", "yof", "yom", "jahre"]) {
        return found(at + 1);
    }
    if tape.is_any(next, &["year", "years", "yr", "yrs", "anos"]) {
        let mut then = next + 1;
        if tape.sign(then) == Some(b'-') {
            then += 1;
        }
        if tape.is_any(then, &["old", "olds", "of"]) {
            return found(at + 1);
        }
    }
    (90..=112)
        .contains(&value)
        .then(|| Found {
            last: at + 1,
            kind: UnitKind::Number,
            facts,
            end: None,
        })
        .filter(|_| {
            !matches!(
                tape.sign(at + 1),
                Some(b'-' | b'/' | b'.' | b':' | b',' | b'%')
            ) || !tape.tight(at + 2)
        })
}
