//! What stands within base64: chance.

use memchr::{memmem, memrchr};

use crate::dlp::FindingKind;
use crate::dlp::passage::{Passage, Region};
use crate::dlp::tagger::Tag;

/// Signs of a stretch that is a key, a digest, or a line of a certificate. No
/// value that people write is as long without a blank or a sign.
const LONG: usize = 56;

/// A field is looked through for its name so far back.
const MAX_FIELD: usize = 8 * 1024;
/// A shorter one, of large and small letters and figures, that may be a value of its
/// own where its label says so.
const CHANCE: usize = 24;
/// Bytes before it in which the label stands, or that of the lines before.
const LABEL: usize = 512;
/// What a template of a body's trait is called, as words begin.
const LABELS: [&[u8]; 15] = [
    b"biometric",
    b"face id",
    b"face print",
    b"faceprint",
    b"facial",
    b"finger print",
    b"fingerprint",
    b"iris ",
    b"minutia",
    b"palm print",
    b"retina",
    b"template",
    b"thumbprint",
    b"voice print",
    b"voiceprint",
];

/// Takes away what was found inside of long stretches of base64. What makes up
/// most of one is a value itself where its label says so, as the template of a
/// fingerprint is; without one it is of a key, a signature or a picture, and so is what
/// a mail server notes for itself.
pub(in crate::dlp) fn encoded(passage: &Passage<'_>, tags: &mut Vec<Tag>) {
    let text = passage.text;
    tags.retain(|tag| {
        let spans = passage.spans.get(tag.first..tag.last).unwrap_or_default();
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else {
            return true;
        };
        let (start, end) = (first.start as usize, last.end as usize);
        let header = passage.region == Region::Header;
        // What a rule, a format or a label says is so.
        let guessed = tag.margin != 0 && passage.items.get(tag.first).is_some_and(|i| i.cue == 0);
        let chance = may_be_chance(tag.kind)
            && (guessed && is_chance(text, start, end) || header && is_servers(text, start));
        !chance && !is_within(text, start, end)
    });
}

/// Whether a kind has values of letters and figures that follow no rule.
fn may_be_chance(kind: FindingKind) -> bool {
    use FindingKind as K;
    matches!(
        kind,
        K::Biometric | K::Device | K::License | K::Account | K::OtherId | K::Vehicle
    )
}

/// Whether a value is a stretch of base64 that no label gives a meaning.
fn is_chance(text: &[u8], start: usize, end: usize) -> bool {
    let inner = text.get(start..end).unwrap_or_default();
    let is_sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    if inner.len() < CHANCE || !inner.iter().all(is_sign) {
        return false;
    }
    let has = |of: fn(&u8) -> bool| inner.iter().any(of);
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let before = text.get(start.saturating_sub(LABEL)..start);
    let before = before.unwrap_or_default().to_ascii_lowercase();
    let before_it = |at: usize| at.checked_sub(1).and_then(|n| before.get(n));
    let labelled = LABELS.iter().any(|label| {
        memmem::find_iter(&before, label)
            .any(|at| !before_it(at).is_some_and(u8::is_ascii_alphabetic))
    });
    mixed && has(u8::is_ascii_digit) && !labelled
}

/// Header fields of signatures and of servers' notes (RFC 6376, RFC 8601, RFC 8617),
/// by how their names begin.
const SERVERS: [&[u8]; 13] = [
    b"arc-authentication-results:",
    b"arc-message-signature:",
    b"arc-seal:",
    b"authentication-results:",
    b"dkim-signature:",
    b"domainkey-signature:",
    b"x-forefront-",
    b"x-gm-message-state:",
    b"x-google-dkim-signature:",
    b"x-microsoft-antispam",
    b"x-ms-exchange-",
    b"x-sg-eid:",
    b"x-sg-id:",
];

/// Whether a place is in a header field of servers alone.
fn is_servers(text: &[u8], at: usize) -> bool {
    let mut line = at;
    // Back over folded lines to the one that names the field.
    loop {
        let before = text.get(..line).unwrap_or_default();
        line = memrchr(b'\n', before).map_or(0, |n| n + 1);
        let folded = text.get(line).is_some_and(|b| matches!(b, b' ' | b'\t'));
        if line == 0 || !folded || at - line > MAX_FIELD {
            break;
        }
        line -= 1;
    }
    let field = text.get(line..at).unwrap_or_default();
    SERVERS.iter().any(|name| {
        field
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
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

    #[test]
    fn base64_is_a_value_where_a_label_says_so() {
        let line = "wa8HycCJPlrszR3U1ftE5Pb9nQdZ5EZzi2TjN1YjVjz2";
        for (text, chance) in [
            (format!("iQIzBAEB\n{line}\n"), true),
            (format!("url(data:image/png;base64,{line})"), true),
            (format!("Iris template: {line}"), false),
            (format!("Fingerprint, right thumb\n{line}"), false),
            (format!("Voice print: {line}"), false),
            (format!("West Palm Beach\n{line}"), true),
            (line.to_lowercase(), false),
        ] {
            let start = text
                .to_lowercase()
                .find(&line.to_lowercase())
                .unwrap_or_default();
            let found = is_chance(text.as_bytes(), start, start + line.len());
            assert_eq!(found, chance, "{text}");
        }
        let short = &line[..CHANCE - 1];
        assert!(!is_chance(short.as_bytes(), 0, short.len()));
        assert!(may_be_chance(FindingKind::Device) && !may_be_chance(FindingKind::Ssn));
    }

    #[test]
    fn what_servers_note_is_told_by_the_name_of_its_field() {
        let head =
            "X-MRN: 1\nDKIM-Signature: v=1; a=rsa-sha256;\n\tb=2nnaXQsjT428cT\n 1RpgiA\nX-Ward: 4";
        for (value, servers) in [
            ("1\nDKIM", false),
            ("rsa", true),
            ("2nna", true),
            ("1Rpg", true),
            ("4", false),
            ("X-MRN", false),
        ] {
            let at = head.rfind(value).unwrap_or_default();
            assert_eq!(is_servers(head.as_bytes(), at), servers, "{value}");
        }
        assert!(!is_servers(b"", 0));
    }
}
