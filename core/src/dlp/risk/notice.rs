//! Notices of confidentiality, as lawyers put them behind mails of every kind:
//! that a mail might be about HIV does not make it specially protected. No other
//! word of them is passed over, and a text that names somebody is none.

use std::ops::Range;

use memchr::memrchr;
use zeroize::Zeroizing;

use super::few::Few;
use crate::dlp::lexicon::{Flag, NAMES};
use crate::dlp::passage::Passage;
use crate::dlp::token::hash;

/// What a notice says of itself.
const TO: [&str; 11] = [
    "intended recipient",
    "the addressee",
    "sole use of",
    "redisclosure",
    "received this e-mail in error",
    "received this email in error",
    "received this message in error",
    "received this communication in error",
    "received this transmission in error",
    "received it in error",
    "received it by mistake",
];
/// What it speaks of besides.
const OF: [&str; 15] = [
    "confidential",
    "privileged",
    "prohibited",
    "unauthorized",
    "disseminat",
    "forbidden",
    "delete",
    "destroy",
    "copies",
    "copying",
    "hipaa",
    "protected health information",
    "45 cfr",
    "42 cfr",
    "may contain",
];
/// Of both together.
const FEWEST: usize = 3;
/// Bytes of the longest.
const LONGEST: usize = 4 * 1024;

/// A word of each of [`TO`]: only a paragraph with one is read closer.
const SIGNS: [u32; 7] = [
    hash(b"intended"),
    hash(b"addressee"),
    hash(b"addressees"),
    hash(b"sole"),
    hash(b"redisclosure"),
    hash(b"error"),
    hash(b"mistake"),
];
const MAY_BE_SIGN: Few = Few::of(&[&SIGNS]);

/// Whether a place is in one of some ranges, which are in order.
pub(crate) fn is_in(ranges: &[Range<usize>], at: u32) -> bool {
    let at = at as usize;
    let next = ranges.partition_point(|range| range.end <= at);
    ranges.get(next).is_some_and(|range| range.contains(&at))
}

/// The notices in a passage, as bytes of its text.
pub(crate) fn notices(passage: &Passage<'_>) -> Vec<Range<usize>> {
    let start = passage.spans.first().map_or(0, |span| span.start as usize);
    let end = passage.spans.last().map_or(0, |span| span.end as usize);
    let text = passage.text.get(start..end).unwrap_or_default();
    let items = passage.items.iter().zip(&passage.spans);
    let signs = items.filter(|(item, _)| MAY_BE_SIGN.may_have(item.hash));
    let signs = signs.filter(|(item, _)| SIGNS.contains(&item.hash));
    let mut out = Vec::new();
    let mut at = 0;
    for (_, span) in signs {
        let sign = (span.start as usize).saturating_sub(start);
        if sign < at {
            continue;
        }
        let first = paragraph_start(text, at, sign);
        let behind = sign + paragraph(text.get(sign..).unwrap_or_default());
        let inside = first.and_then(|first| {
            let range = text.get(first..behind).and_then(notice)?;
            Some(start + first + range.start..start + first + range.end)
        });
        out.extend(inside.filter(|range| !names_somebody(passage, range)));
        at = behind;
    }
    out
}

/// Where the paragraph of a place starts, not before another. `None` where it is
/// too long for a notice.
fn paragraph_start(text: &[u8], from: usize, place: usize) -> Option<usize> {
    let mut at = place;
    while let Some(end) = memrchr(b'\n', text.get(from..at).unwrap_or_default()) {
        let line = from + end + 1;
        if place - line > LONGEST {
            return None;
        }
        if is_blank(text.get(line..).unwrap_or_default()) {
            return Some(line);
        }
        at = line - 1;
    }
    (place - from <= LONGEST).then_some(from)
}

/// Whether a text has nothing in its first line.
fn is_blank(text: &[u8]) -> bool {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\r');
    matches!(text.iter().find(|b| !blank(b)), None | Some(b'\n'))
}

/// The length of a paragraph with the empty line behind it.
fn paragraph(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', text.get(at..).unwrap_or_default()) {
        at += end + 1;
        if is_blank(text.get(at..).unwrap_or_default()) {
            return at;
        }
    }
    text.len()
}

/// Whether a word that is a name and no other word stands in a range.
fn names_somebody(passage: &Passage<'_>, range: &Range<usize>) -> bool {
    let first = passage
        .spans
        .partition_point(|span| (span.start as usize) < range.start);
    let behind = passage
        .spans
        .partition_point(|span| (span.start as usize) < range.end);
    let items = passage.items.get(first..behind).unwrap_or_default();
    items.iter().any(|item| {
        let flags = item.word.flags();
        flags.any(NAMES) && !flags.has(Flag::English)
    })
}

/// The lines of a paragraph that are one: from the first to the last that
/// speaks so, where at most every second is silent.
fn notice(paragraph: &[u8]) -> Option<Range<usize>> {
    if paragraph.len() > LONGEST {
        return None;
    }
    let text = Zeroizing::new(String::from_utf8_lossy(paragraph).to_ascii_lowercase());
    // Lines are wrapped anywhere.
    let whole = Zeroizing::new(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    let count = |words: &[&str]| words.iter().filter(|word| whole.contains(**word)).count();
    let to = count(&TO);
    if to == 0 || to + count(&OF) < FEWEST {
        return None;
    }
    let mut at = 0;
    let (mut range, mut lines, mut speaking, mut last) = (None, 0usize, 0usize, 0);
    for line in paragraph.split_inclusive(|b| *b == b'\n') {
        let lower = Zeroizing::new(String::from_utf8_lossy(line).to_ascii_lowercase());
        let speaks = TO.iter().chain(&OF).any(|word| lower.contains(word));
        let end = at + line.len();
        lines += usize::from(range.is_some() || speaks);
        if speaks {
            let start = range.map_or(at, |r: (usize, usize)| r.0);
            range = Some((start, end));
            speaking += 1;
            last = lines;
        }
        at = end;
    }
    let (start, end) = range?;
    (speaking * 2 >= last).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    fn found(text: &str) -> Vec<String> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let ranges = notices(&passage).into_iter();
        ranges.map(|range| text[range].trim().to_owned()).collect()
    }

    #[test]
    fn notices_are_found_among_paragraphs() {
        for notice in [
            "CONFIDENTIALITY NOTICE: This e-mail is for the sole use of the intended recipient.",
            "This message may contain information about HIV/AIDS that is protected by 42 CFR Part 2.\n\
             Redisclosure without consent is prohibited.",
            "If you are not the addressee, please delete it and all\ncopies.",
        ] {
            for gap in ["\n \n", "\n"] {
                let mail =
                    format!("Dear Pat,{gap}your HIV test is back.{gap}{notice}{gap}Pat Lindqvist");
                assert_eq!(found(&mail), [notice]);
            }
            assert_eq!(found(notice), [notice]);
        }
        // What stands between is none of it.
        let mail = "This is privileged, for the addressee only.\nYour HIV test is back.\n\
            Please call.\nCome in soon.\nDelete all copies.";
        assert_eq!(found(mail), [] as [String; 0]);
    }

    #[test]
    fn what_tells_of_a_breach_or_a_record_is_none() {
        for text in [
            "Your protected health information was disclosed in error to an unauthorized person.",
            "Please delete my HIV result from the portal; it was confidential.",
            "The sender of the specimen was notified.",
            "Please do not redisclose, it is confidential under HIPAA: Maria Lopez has HIV.",
            "Maria Lopez, who received this HIV diagnosis, wants it kept confidential; delete my mail.",
            "Confidential, for the addressee only: Maria Lopez has HIV.\nPlease delete all copies.",
            "It is for the intended recipient, confidential, delete it: Lopez is pregnant.",
            "",
        ] {
            assert_eq!(found(text), [] as [String; 0], "{text}");
        }
    }
}
