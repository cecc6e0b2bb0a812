//! What stands within base64: chance.

use crate::dlp::passage::Passage;
use crate::dlp::tagger::Tag;

/// Signs of a stretch that is a key, a digest, or a line of a certificate. No
/// value that people write is as long without a blank or a sign.
const LONG: usize = 56;

/// Takes away what was found inside of long stretches of base64. What makes up
/// most of one is a value itself, as the template of a fingerprint is.
pub(in crate::dlp) fn encoded(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    tags.retain(|tag| {
        let spans = passage.spans.get(tag.first..tag.last).unwrap_or_default();
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
            return true;
        };
        !is_within(passage.text, first.start as usize, last.end as usize)
    });
}

fn is_within(text: &[u8], start: usize, end: usize) -> bool {
    let is_sign = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let inner = text.get(start..end).unwrap_or_default();
    let before = text.get(start.saturating_sub(LONG)..start);
    let before = before.unwrap_or_default().iter().rev();
    let behind = text.get(end..).unwrap_or_default().iter().take(LONG);
    let (before, behind) = (before.take_while(is_sign), behind.take_while(is_sign));
    let around = before.chain(behind);
    let (many, mixed) = around.fold((0, [false; 3]), |(many, [upper, lower, digit]), b| {
        let mixed = [
            upper | b.is_ascii_uppercase(),
            lower | b.is_ascii_lowercase(),
            digit | b.is_ascii_digit(),
        ];
        (many + 1, mixed)
    });
    inner.iter().all(|b| is_sign(&b))
        && many + inner.len() >= LONG
        && many > inner.len()
        && mixed == [true; 3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_part_of_a_key_is_no_value() {
        let line = "MIIDazCCAlOgAwIBAgIUW44719202cH3Zr0nQ8sV7x1LkYpTq5wDQYJKoZIhvcNA";
        let at = line.find("44719202").unwrap_or_default();
        for (text, within) in [
            (format!("{line}\n"), true),
            (format!("key={line}=="), true),
            (line.replace("44719202", " 44719202"), false),
            (line.replace("44719202", "44719202-"), false),
            (line[..LONG - 1].to_owned(), false),
            (line.to_lowercase(), false),
        ] {
            let start = text.find("44719202").unwrap_or_default();
            let found = is_within(text.as_bytes(), start, start + 8);
            assert_eq!(found, within, "{text}");
        }
        assert!(!is_within(line.as_bytes(), 0, line.len()));
        assert!(!is_within(line.as_bytes(), 0, at + 20));
        assert!(!is_within(b"", 3, 9));
    }
}
