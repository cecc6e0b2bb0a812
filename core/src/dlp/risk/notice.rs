//! Notices of confidentiality: what lawyers put behind mails of every kind says
//! nothing of what a mail is about, whatever it lists that it might contain.

use std::ops::Range;

use memchr::memmem;

use crate::dlp::passage::Passage;

/// What a notice speaks to.
const TO: [&str; 12] = [
    "intended recipient",
    "addressee",
    "intended only for",
    "sole use of",
    "received this",
    "received it in error",
    "received it by mistake",
    "redisclos",
    "notify the sender",
    "inform the sender",
    "contact the sender",
    "tell us by return",
];
/// What it speaks of besides.
const OF: [&str; 17] = [
    "confidential",
    "privileged",
    "prohibited",
    "unauthorized",
    "disclos",
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
    "attachments",
];
/// Of both together.
const FEWEST: usize = 3;
/// Bytes of the longest.
const LONGEST: usize = 4 * 1024;

/// The notices in a passage, as bytes of its text.
pub(super) fn notices(passage: &Passage<'_>) -> Vec<Range<usize>> {
    let start = passage.spans.first().map_or(0, |span| span.start as usize);
    let end = passage.spans.last().map_or(0, |span| span.end as usize);
    let text = passage.text.get(start..end).unwrap_or_default();
    // All have one of these, however they are written.
    let may_hold = [
        "onfidential",
        "ONFIDENTIAL",
        "ntended",
        "isclos",
        "ddressee",
        "ender",
    ]
    .iter()
    .any(|part| memmem::find(text, part.as_bytes()).is_some());
    if !may_hold {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = paragraph(text.get(at..).unwrap_or_default());
        let inside = text.get(at..at + length).and_then(notice);
        out.extend(inside.map(|range| start + at + range.start..start + at + range.end));
        at += length;
    }
    out
}

/// The length of a paragraph with the empty line behind it.
fn paragraph(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', text.get(at..).unwrap_or_default()) {
        at += end + 1;
        let rest = text.get(at..).unwrap_or_default();
        let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\r');
        let next = rest.iter().find(|b| !blank(b));
        if matches!(next, None | Some(b'\n')) {
            return at;
        }
    }
    text.len()
}

/// The lines of a paragraph that are one: from the first to the last that
/// speaks so, where hardly another stands between.
fn notice(paragraph: &[u8]) -> Option<Range<usize>> {
    if paragraph.len() > LONGEST {
        return None;
    }
    let text = String::from_utf8_lossy(paragraph).to_ascii_lowercase();
    // Lines are wrapped anywhere.
    let whole = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let count = |words: &[&str]| words.iter().filter(|word| whole.contains(**word)).count();
    let to = count(&TO);
    if to == 0 || to + count(&OF) < FEWEST {
        return None;
    }
    let mut at = 0;
    let (mut range, mut lines, mut speaking, mut last) = (None, 0usize, 0usize, 0);
    for line in paragraph.split_inclusive(|b| *b == b'\n') {
        let lower = String::from_utf8_lossy(line).to_ascii_lowercase();
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
        let mail = "This is privileged and for the addressee only.\nYour HIV test is back.\n\
            Please call.\nCome in soon.\nDelete all copies.";
        assert_eq!(found(mail), [] as [String; 0]);
    }

    #[test]
    fn what_tells_of_a_breach_or_a_record_is_none() {
        for text in [
            "Your protected health information was disclosed in error to an unauthorized person.",
            "Please delete my HIV result from the portal; it was confidential.",
            "The sender of the specimen was notified.",
            "",
        ] {
            assert_eq!(found(text), [] as [String; 0], "{text}");
        }
    }
}
