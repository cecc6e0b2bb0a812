//! Numbers that a mail program broke at one of their hyphens, at the end of a
//! line.

use super::{GUESSED, cue, label_of};
use crate::dlp::FindingKind;
use crate::dlp::check;
use crate::dlp::passage::Passage;
use crate::dlp::tagger::Tag;

/// Signs of the longest, without the line's end.
const LONGEST: usize = 12;

/// Finds security numbers and telephones that go on in the next line, quoted or
/// not: `281-15-` and `9804`.
pub(in crate::dlp) fn wrapped(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    let (Some(first), Some(last)) = (passage.spans.first(), passage.spans.last()) else {
        return;
    };
    let (from, to) = (first.start as usize, last.end as usize);
    let text = passage.text.get(..to).unwrap_or_default();
    let mut found = false;
    // Lines are many, hyphens few.
    for at in memchr::memchr_iter(b'-', text.get(from..).unwrap_or_default()) {
        if let Some(mut tag) = number(text, from + at).and_then(|n| tag(passage, n)) {
            let apart = |other: &Tag| other.last <= tag.first || tag.last <= other.first;
            // What a label or a column says of a half is true of the whole.
            let told = |other: &Tag| is_number(other.kind) && is_called(passage, other);
            let told = tags.iter().find(|other| !apart(other) && told(other));
            if let Some(told) = told {
                (tag.kind, tag.margin) = (told.kind, told.margin);
            }
            tags.retain(apart);
            tags.push(tag);
            found = true;
        }
    }
    if found {
        tags.sort_by_key(|tag| (tag.first, std::cmp::Reverse(tag.last)));
    }
}

/// Whether a label names the kind of a number, or its column.
fn is_called(passage: &Passage<'_>, tag: &Tag) -> bool {
    let item = passage.items.get(tag.first);
    let label = label_of(tag.kind).zip(item);
    tag.margin >= GUESSED || label.is_some_and(|(flag, item)| cue(item, flag))
}

/// Kinds of numbers that have such shapes too.
fn is_number(kind: FindingKind) -> bool {
    use FindingKind as K;
    matches!(
        kind,
        K::Mrn | K::HealthPlanId | K::Account | K::License | K::Device | K::BankAccount | K::Fax
    )
}

/// The number around a hyphen, where that stands before a line's end: its kind, its
/// first byte and the one behind it.
fn number(text: &[u8], hyphen: usize) -> Option<(FindingKind, usize, usize)> {
    let blanks = text.get(hyphen + 1..)?.iter().take(2);
    let blanks = blanks
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
        .count();
    let end = hyphen + 1 + blanks;
    if text.get(end) != Some(&b'\n') {
        return None;
    }
    let is_sign = |b: &u8| b.is_ascii_digit() || *b == b'-';
    let before = text.get(..hyphen)?;
    let signs = before.iter().rev().take(LONGEST).take_while(|b| is_sign(b));
    let start = hyphen - signs.count();
    let line = end + 1;
    let marks = text.get(line..)?.iter().take(LONGEST);
    let next = line
        + marks
            .take_while(|b| matches!(b, b'>' | b'|' | b' ' | b'\t'))
            .count();
    let rest = text.get(next..)?;
    let behind = next + rest.iter().take(LONGEST).take_while(|b| is_sign(b)).count();
    let parts = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 128);
    if parts(text.get(start.wrapping_sub(1))) || parts(text.get(behind)) {
        return None;
    }
    let (head, tail) = (text.get(start..hyphen)?, text.get(next..behind)?);
    let whole = [head, b"-", tail].concat();
    let groups: Vec<&[u8]> = whole.split(|b| *b == b'-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let kind = match *lengths {
        [3, 2, 4]
            if check::ssn(&groups.concat().iter().map(|b| b - b'0').collect::<Vec<_>>()).0 =>
        {
            FindingKind::Ssn
        }
        [3, 3, 4] if matches!(groups[0], [b'2'..=b'9', ..]) => FindingKind::Phone,
        [1, 3, 3, 4] if groups[0] == b"1" => FindingKind::Phone,
        _ => return None,
    };
    Some((kind, start, behind))
}

/// A tag over whole units from one byte to another.
fn tag(passage: &Passage<'_>, (kind, start, end): (FindingKind, usize, usize)) -> Option<Tag> {
    let spans = &passage.spans;
    let first = spans.partition_point(|span| (span.end as usize) <= start);
    let last = spans.partition_point(|span| (span.start as usize) < end);
    let whole = spans.get(first)?.start as usize == start
        && spans.get(last.checked_sub(1)?)?.end as usize == end;
    whole.then_some(Tag {
        first,
        last,
        kind,
        margin: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlp::passage::Region;

    fn found(text: &str) -> Vec<(FindingKind, &str)> {
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let mut tags = Vec::new();
        wrapped(&passage, &mut tags);
        let value = |tag: &Tag| {
            let (first, last) = (passage.spans[tag.first], passage.spans[tag.last - 1]);
            (tag.kind, &text[first.start as usize..last.end as usize])
        };
        tags.iter().map(value).collect()
    }

    #[test]
    fn numbers_go_over_a_lines_end() {
        use FindingKind as K;
        for (text, kind, value) in [
            ("SSN 281-15-\n9804, asthma", K::Ssn, "281-15-\n9804"),
            ("SSN 281-\n15-9804", K::Ssn, "281-\n15-9804"),
            ("> SSN 281-15-\n> 9804.", K::Ssn, "281-15-\n> 9804"),
            ("call 270-555-\n0142.", K::Phone, "270-555-\n0142"),
            ("SSN 281-15- \n9804", K::Ssn, "281-15- \n9804"),
            ("SSN 281-15-\n\t9804", K::Ssn, "281-15-\n\t9804"),
            ("call 1-270-555-\n0142", K::Phone, "1-270-555-\n0142"),
        ] {
            assert_eq!(found(text), [(kind, value)], "{text}");
        }
    }

    #[test]
    fn what_a_half_is_called_the_whole_is() {
        let text = "MRN: 270-555-\n0142";
        let passage = Passage::read(text.as_bytes(), 0, text.len(), Region::Body);
        let at = passage
            .spans
            .iter()
            .position(|s| s.start == 5)
            .unwrap_or_default();
        let half = |kind| Tag {
            first: at,
            last: at + 1,
            kind,
            margin: 60,
        };
        for (told, kind) in [
            (FindingKind::Mrn, FindingKind::Mrn),
            (FindingKind::OtherId, FindingKind::Phone),
        ] {
            let mut tags = vec![half(told)];
            wrapped(&passage, &mut tags);
            assert_eq!(tags.len(), 1);
            assert_eq!((tags[0].kind, tags[0].last), (kind, passage.items.len()));
        }
    }

    #[test]
    fn other_lines_end_in_hyphens_too() {
        for text in [
            "pages 281-15-\n98",
            "x281-15-\n9804",
            "281-15-\n9804a",
            "000-15-\n9804",
            "- 281\n-\n- 9804",
            "well-\nknown",
            "12-281-15-\n9804",
            "-\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
